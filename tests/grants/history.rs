//! A history as it is carried out, through the API as whoever may do each thing.
use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use entity::OrganizationId;
use serde_json::{Value, json};

use super::{
    doing::{CATEGORIES, Doing, PARTIES, Recipient, Step, Word},
    model::{Excluded, Model, Person, Said, birthday},
};
use crate::common::{
    app::{TestApp, monday},
    journey::{because, merged, outcome},
};

/// Two people of the agency, and what the test itself knows to have happened.
pub struct History<'a> {
    pub app: &'a TestApp,
    pub model: Model,
    referrals: Vec<Value>,
}

/// A referral as whoever keeps or sent it sees it.
struct Seen {
    id: Value,
    version: Value,
    owner: Option<String>,
    source: String,
}

/// The code of an organization of the tests, by its name.
pub fn code(name: &Value) -> Option<String> {
    let name = name["name"].as_str()?.strip_prefix("Test ")?;
    Some(name.to_owned())
}

fn pick<T: Clone>(of: &[T], which: usize) -> Option<T> {
    (!of.is_empty()).then(|| of[which % of.len()].clone())
}

async fn registered(app: &TestApp, given_name: &str, minor: bool) -> Person {
    let (band, born) = match minor {
        true => ("FROM_12_TO_15", "2010-07-01"),
        false => ("FROM_25_TO_54", "1985-01-01"),
    };
    let input = json!({ "regionId": app.central(), "language": "spa", "interpreterNeeded": true, "ageBand": band,
        "identity": { "givenName": given_name, "familyName": "Specimen", "birthDate": born } });
    let payload = app
        .as_agency()
        .done("claimantRegister", input, "claimant { id }")
        .await;
    Person {
        id: payload["claimant"]["id"].clone(),
        keeper: "agency",
        minor,
        said: Vec::new(),
        excluded: Vec::new(),
        held: false,
        to_be_erased: false,
        erased: false,
    }
}

impl<'a> History<'a> {
    /// A minor who has consented to a good deal, also by a guardian, and would have the other agency keep the file; the sibling is of the household.
    pub async fn begin(app: &'a TestApp) -> Self {
        let people = [
            registered(app, "Testa", true).await,
            registered(app, "Testb", false).await,
        ];
        let mut history = Self {
            app,
            model: Model {
                people,
                together: BTreeSet::new(),
                completed: BTreeMap::new(),
                at_home: false,
                closed: false,
                now: monday(),
            },
            referrals: Vec::new(),
        };
        for (to, category, by_guardian) in [
            (Recipient::AnyParty, 0, true),
            (Recipient::AnyParty, 1, false),
            (Recipient::Party(4), 1, false),
        ] {
            let word = Word {
                to,
                category,
                identity: by_guardian || matches!(to, Recipient::Party(_)),
                days: None,
                refused: false,
                by_guardian,
            };
            history.go(&Doing::Consent { of: 0, word }).await;
        }
        history.go(&Doing::Join).await;
        history
    }

    fn organization(&self, party: usize) -> Value {
        let world = &self.app.world;
        let id: OrganizationId = [
            world.provider,
            world.other_provider,
            world.far_provider,
            world.agency,
            world.other_agency,
        ][party];
        self.app.public_id(NodeType::Organization, id)
    }

    fn service(&self, which: usize) -> Value {
        [
            self.app.service(),
            self.app.other_service(),
            self.app.northern_service(),
        ][which]
            .clone()
    }

    /// Does something if it can be done; the object that came of it.
    async fn attempt(
        &self,
        who: &str,
        mutation: &str,
        object: &str,
        input: Value,
    ) -> Option<Value> {
        if who == "agency" && self.model.closed {
            return None;
        }
        let selection = format!("{object} {{ id }}");
        let client = self.app.client(who);
        let answer = client.mutate(mutation, input, &selection).await;
        let payload = &answer.data()[mutation];
        (payload["userErrors"] == json!([])).then(|| payload[object]["id"].clone())
    }

    /// Does something with a person as whoever keeps the file.
    async fn keep(&self, of: usize, mutation: &str, object: &str, more: Value) -> Option<Value> {
        self.attempt(self.model.people[of].keeper, mutation, object, more)
            .await
    }

    /// The same, where the version of the person's record counts.
    async fn change(&self, of: usize, mutation: &str, more: Value) -> bool {
        let person = &self.model.people[of];
        let keeper = self.app.client(person.keeper);
        let version = keeper.sees_claimant(&person.id, "version").await["version"].clone();
        let input = merged(json!({ "id": person.id, "expectedVersion": version }), more);
        self.keep(of, mutation, "claimant", input).await.is_some()
    }

    async fn look(&self, which: usize) -> Option<Seen> {
        let id = pick(&self.referrals, which)?;
        for agency in ["agency", "other-agency"] {
            if agency == "agency" && self.model.closed {
                continue;
            }
            let client = self.app.client(agency);
            let seen = client
                .sees_id(&id, "version owner { name } source { name }")
                .await;
            if let Some(source) = code(&seen["source"]) {
                return Some(Seen {
                    id,
                    version: seen["version"].clone(),
                    owner: code(&seen["owner"]),
                    source,
                });
            }
        }
        None
    }

    pub async fn go(&mut self, doing: &Doing) {
        match doing {
            Doing::Consent { of, word } => self.consent(*of, word).await,
            Doing::WithdrawConsent(which) => self.withdraw(*which).await,
            Doing::Exclude { of, from } => self.exclude(*of, *from).await,
            Doing::EndExclusion(which) => self.end_exclusion(*which).await,
            Doing::Send {
                to,
                category,
                together,
            } => self.send(*to, *category, *together).await,
            Doing::SendUnnamed { to, category } => self.send_unnamed(*to, *category).await,
            Doing::Work { which, step } => self.work(*which, step).await,
            Doing::Move(of) => self.hand_over(*of).await,
            Doing::CloseAgency => self.close_agency().await,
            Doing::Join => {
                let to = json!({ "householdOf": self.model.people[0].id });
                self.model.at_home |= self.change(1, "claimantUpdate", to).await;
            }
            Doing::Leave(of) => {
                let input = json!({ "claimantId": self.model.people[*of].id });
                let left = self.keep(*of, "householdLeave", "claimant", input).await;
                self.model.at_home &= left.is_none();
            }
            Doing::Erase { of, held } => {
                if *held {
                    self.hold(*of, true).await;
                }
                self.erase(*of).await;
            }
            Doing::Hold { of, held } => self.hold(*of, *held).await,
            Doing::Wait(days) => self.model.now += TimeDelta::days(*days),
            Doing::Birthday => self.model.now = self.model.now.max(birthday()),
        }
        // Nothing happens twice at one moment; what has come at its very moment is looked at there.
        if !matches!(doing, Doing::Birthday) {
            self.model.now += TimeDelta::seconds(1);
        }
        self.app.clock.set(self.model.now);
    }

    async fn consent(&mut self, of: usize, word: &Word) {
        let now = self.model.now;
        let until = word.days.map(|days| now + TimeDelta::days(days));
        let named =
            matches!(word.to, Recipient::Party(party) if PARTIES[party].ends_with("agency"));
        let groups = match (word.identity, named) {
            (true, true) => json!(["IDENTITY", "CONTACT"]),
            (true, false) => json!(["IDENTITY"]),
            (false, _) => json!([]),
        };
        let mut input = json!({ "claimantId": self.model.people[of].id, "purposes": [CATEGORIES[word.category]], "fieldGroups": groups,
            "method": "VERBAL", "refused": word.refused, "givenBy": if word.by_guardian { "GUARDIAN" } else { "SELF" },
            "expiresAt": until.map(|until| until.to_rfc3339()) });
        match word.to {
            Recipient::AnyParty => input["anyParty"] = json!(true),
            Recipient::EmploymentServices => {
                input["recipientKinds"] = json!(["EMPLOYMENT_SERVICE"])
            }
            Recipient::Party(party) => input["recipientIds"] = json!([self.organization(party)]),
        }
        let Some(id) = self.keep(of, "consentRecord", "consent", input).await else {
            return;
        };
        let own = !self.model.people[of].minor || now >= birthday();
        assert!(
            !(own && word.by_guardian),
            "only the person speaks: {word:?}"
        );
        self.model.people[of].said.push(Said {
            id,
            word: word.clone(),
            at: now,
            until,
            withdrawn: false,
        });
    }

    async fn withdraw(&mut self, which: usize) {
        let all: Vec<(usize, usize)> = (0..2)
            .flat_map(|of| (0..self.model.people[of].said.len()).map(move |said| (of, said)))
            .collect();
        let Some((of, said)) = pick(&all, which) else {
            return;
        };
        let input = json!({ "id": self.model.people[of].said[said].id });
        let done = self.keep(of, "consentWithdraw", "consent", input).await;
        self.model.people[of].said[said].withdrawn |= done.is_some();
    }

    async fn exclude(&mut self, of: usize, from: usize) {
        let input = json!({ "claimantId": self.model.people[of].id, "organizationId": self.organization(from) });
        let id = self.keep(of, "exclusionRecord", "exclusion", input).await;
        self.model.people[of].excluded.extend(id.map(|id| Excluded {
            id,
            from,
            ended: false,
        }));
    }

    async fn end_exclusion(&mut self, which: usize) {
        let all: Vec<(usize, usize)> = (0..2)
            .flat_map(|of| (0..self.model.people[of].excluded.len()).map(move |each| (of, each)))
            .collect();
        let Some((of, each)) = pick(&all, which) else {
            return;
        };
        let input = json!({ "id": self.model.people[of].excluded[each].id });
        let done = self.keep(of, "exclusionEnd", "exclusion", input).await;
        self.model.people[of].excluded[each].ended |= done.is_some();
    }

    async fn hand_over(&mut self, of: usize) {
        let (person, now) = (&self.model.people[of], self.model.now);
        let (to, party) = match person.keeper {
            "agency" => ("other-agency", 4),
            _ => ("agency", 3),
        };
        let may = person.lets_keep(to, now) && !(self.model.closed && to == "agency");
        let input = json!({ "organizationId": self.organization(party) });
        let done = self.change(of, "claimantTransfer", input).await;
        assert_eq!(done, may, "the file of {person:?} goes to {to} at {now}");
        if done {
            self.model.moved(of, to);
        }
    }

    /// Whoever never wants to be known to the other agency would stay with nobody, so then nothing is done.
    async fn close_agency(&mut self) {
        let kept = |person: &&Person| person.keeper == "agency";
        let people = &self.model.people;
        let stays = people
            .iter()
            .filter(kept)
            .any(|person| person.excludes("other-agency"));
        if self.model.closed || stays {
            return;
        }
        let store = &self.app.store;
        let closed = store.unscoped_disable_organization("agency", |_| {}).await;
        closed.expect("it is disabled");
        let handed = store
            .unscoped_transfer_claimants("agency", "other-agency", |_| {})
            .await;
        let kept = people.iter().filter(kept).count() as u64;
        assert_eq!(handed.expect("files are handed on").done, kept);
        self.model.closed = true;
        for of in 0..2 {
            if self.model.people[of].keeper == "agency" {
                self.model.moved(of, "other-agency");
            }
        }
    }

    async fn erase(&mut self, of: usize) {
        if self.change(of, "claimantErase", Value::Null).await {
            match self.model.people[of].held {
                true => self.model.people[of].to_be_erased = true,
                false => self.model.erased(of),
            }
        }
    }

    async fn hold(&mut self, of: usize, held: bool) {
        let input = json!({ "id": self.model.people[of].id, "held": held, "note": "An inquiry." });
        if self
            .keep(of, "claimantHold", "claimant", input)
            .await
            .is_none()
        {
            return;
        }
        self.model.people[of].held = held;
        if !held && self.model.people[of].to_be_erased {
            self.model.erased(of);
        }
    }

    async fn send(&mut self, to: Option<usize>, category: usize, together: bool) {
        let [claimant, sibling] = &self.model.people;
        let input = json!({ "claimantId": claimant.id, "category": CATEGORIES[category], "send": true,
            "alsoForClaimantIds": together.then_some([&sibling.id]),
            "serviceId": to.map(|to| self.service(to)), "acknowledgeDuplicate": true });
        let sent = self.keep(0, "referralCreate", "referral", input).await;
        let together = sent.iter().filter(|_| together).map(Value::to_string);
        self.model.together.extend(together);
        self.referrals.extend(sent);
    }

    async fn send_unnamed(&mut self, to: Option<usize>, category: usize) {
        let input = json!({ "category": CATEGORIES[category], "send": true, "serviceId": to.map(|to| self.service(to)) });
        let input = merged(self.app.five_facts(), input);
        let sent = self.keep(0, "referralCreate", "referral", input).await;
        self.referrals.extend(sent);
    }

    async fn work(&mut self, which: usize, step: &Step) {
        let Some(seen) = self.look(which).await else {
            return;
        };
        let (source, owner) = (Some(seen.source.as_str()), seen.owner.as_deref());
        let (mutation, who, more) = match step {
            Step::Split { to, category } => return self.split(&seen, *to, *category).await,
            Step::Resubmit { to } => return self.resubmit(&seen, *to).await,
            Step::Claim { by } => ("referralClaim", Some(PARTIES[*by]), json!({})),
            Step::Link { to } => {
                let more = json!({ "claimantId": self.model.people[*to].id });
                ("referralLinkClaimant", source, more)
            }
            Step::Accept => ("referralAccept", owner, json!({})),
            Step::Decline => ("referralDecline", owner, because("NOT_ELIGIBLE")),
            Step::Complete => ("referralComplete", owner, outcome("HOUSED")),
            Step::Cancel => ("referralCancel", source, because("OTHER")),
            Step::Void => ("referralVoid", source, because("OTHER")),
            Step::Reroute { to } => {
                let more = json!({ "serviceId": self.service(*to), "reason": "WRONG_SERVICE" });
                ("referralReroute", source, more)
            }
        };
        let Some(who) = who else {
            return;
        };
        let input = merged(
            json!({ "id": seen.id, "expectedVersion": seen.version }),
            more,
        );
        let done = self.attempt(who, mutation, "referral", input).await;
        if done.is_some() && matches!(step, Step::Complete) {
            let (id, now) = (seen.id.to_string(), self.model.now);
            self.model.completed.insert(id, now);
        }
    }

    /// It is for the same people, as far as the source registered them.
    async fn resubmit(&mut self, old: &Seen, to: usize) {
        let input =
            json!({ "id": old.id, "serviceId": self.service(to), "acknowledgeDuplicate": true });
        let new = self
            .attempt(&old.source, "referralResubmit", "referral", input)
            .await;
        let Some(new) = new else {
            return;
        };
        let sibling = &self.model.people[1];
        let beside = sibling.keeper == old.source && !sibling.erased;
        if beside && self.model.together.contains(&old.id.to_string()) {
            self.model.together.insert(new.to_string());
        }
        self.referrals.push(new);
    }

    async fn split(&mut self, parent: &Seen, to: usize, category: usize) {
        let Some(owner) = &parent.owner else {
            return;
        };
        let input = json!({ "id": parent.id, "expectedVersion": parent.version, "category": CATEGORIES[category], "serviceId": self.service(to) });
        let split = self
            .attempt(owner, "referralSplit", "referral", input)
            .await;
        self.referrals.extend(split);
    }
}
