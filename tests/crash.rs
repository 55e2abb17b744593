//! A process that is killed in the middle of its work: whatever it acknowledged is there afterwards, whatever it did not
//! is done once when it is asked for again, and the journal tells of every row what the row says.
use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::TimeDelta;
use claimant_gateway::{
    clock::Clock,
    opaque::Keys,
    store::{Settings, Store},
};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement, prelude::Uuid};
use serde_json::{Value, json};

use crate::common::{
    app::open,
    database::TestDatabase,
    on_both_databases,
    process::{Ground, SECRET},
};

const WRITES: usize = 200;
const BEFORE_THE_END: usize = 60;

/// Partner software: it remembers its keys, and what it was answered.
struct Client {
    http: reqwest::Client,
    endpoint: String,
    token: String,
}

/// What was acknowledged of a referral.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    id: String,
    version: i64,
    status: String,
}

impl Client {
    /// The answer; none where the process died before it gave one.
    async fn ask(&self, query: &str, variables: Value) -> Option<Value> {
        let answer = self
            .http
            .post(&self.endpoint)
            .bearer_auth(&self.token)
            .json(&json!({ "query": query, "variables": variables }))
            .send()
            .await
            .ok()?;
        answer.json().await.ok()
    }

    async fn mutate(&self, mutation: &str, kind: &str, input: Value) -> Option<Told> {
        let query = format!(
            "mutation($input: {kind}!) {{ {mutation}(input: $input) {{
                referral {{ id version status }} userErrors {{ code }} }} }}"
        );
        let answer = self.ask(&query, json!({ "input": input })).await?;
        if answer["errors"][0]["extensions"]["code"] == "TIMEOUT" {
            // It was under way for too long: as good as no answer.
            return None;
        }
        let payload = &answer["data"][mutation];
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {answer}");
        let referral = &payload["referral"];
        Some(Told {
            id: referral["id"].as_str().expect("an id").to_owned(),
            version: referral["version"].as_i64().expect("a version"),
            status: referral["status"].as_str().expect("a status").to_owned(),
        })
    }

    /// Creates a referral, and sends it: two writes.
    async fn creates_and_sends(
        &self,
        region: &Value,
        number: usize,
        keys: (Uuid, Uuid),
        done: &AtomicUsize,
    ) -> Vec<Told> {
        let mut told = Vec::new();
        let create = json!({
            "category": "EMPLOYMENT", "regionId": region, "language": "spa", "interpreterNeeded": true,
            "ageBand": "FROM_25_TO_54", "partySize": 1, "summary": format!("Number {number}."), "idempotencyKey": keys.0,
        });
        let Some(created) = self
            .mutate("referralCreate", "ReferralCreateInput", create)
            .await
        else {
            return told;
        };
        done.fetch_add(1, Ordering::SeqCst);
        told.push(created.clone());
        let send = json!({ "id": created.id, "expectedVersion": 1, "idempotencyKey": keys.1 });
        if let Some(sent) = self
            .mutate("referralSend", "ReferralActionInput", send)
            .await
        {
            done.fetch_add(1, Ordering::SeqCst);
            told.push(sent);
        }
        told
    }

    async fn region(&self) -> Value {
        let answer = self
            .ask("{ regions { id code } }", json!({}))
            .await
            .expect("an answer");
        answer["data"]["regions"][0]["id"].clone()
    }

    /// Where every referral of the caller stands.
    async fn outbox(&self) -> HashMap<String, Told> {
        let query = "query($after: String) { referrals(box: OUTBOX, first: 100, after: $after) {
            edges { node { id version status } } pageInfo { hasNextPage endCursor } } }";
        let (mut all, mut after) = (HashMap::new(), Value::Null);
        loop {
            let answer = self
                .ask(query, json!({ "after": after }))
                .await
                .expect("an answer");
            let page = &answer["data"]["referrals"];
            for edge in page["edges"].as_array().expect("edges") {
                let node = &edge["node"];
                let told = Told {
                    id: node["id"].as_str().expect("an id").to_owned(),
                    version: node["version"].as_i64().expect("a version"),
                    status: node["status"].as_str().expect("a status").to_owned(),
                };
                assert!(
                    all.insert(told.id.clone(), told).is_none(),
                    "no referral is listed twice"
                );
            }
            if page["pageInfo"]["hasNextPage"] == false {
                return all;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }
}

async fn rows(connection: &DatabaseConnection, query: &str) -> Vec<QueryResult> {
    connection
        .query_all_raw(Statement::from_string(
            connection.get_database_backend(),
            query,
        ))
        .await
        .expect("the tables can be read")
}

/// Each referral's row against its entries: every version has one, and the last says what the row says.
async fn assert_journal_agrees(connection: &DatabaseConnection) -> usize {
    let mut entries: BTreeMap<Uuid, Vec<(i32, String)>> = BTreeMap::new();
    let query = "SELECT subject_id, subject_version, to_status FROM journal_entry
        WHERE subject_type = 'REFERRAL' AND to_status IS NOT NULL ORDER BY subject_version";
    for row in rows(connection, query).await {
        let subject: Uuid = row.try_get("", "subject_id").expect("a subject");
        let version = row.try_get("", "subject_version").expect("a version");
        let status = row.try_get("", "to_status").expect("a status");
        entries.entry(subject).or_default().push((version, status));
    }
    let referrals = rows(connection, "SELECT id, version, status FROM referral").await;
    for row in &referrals {
        let id: Uuid = row.try_get("", "id").expect("an id");
        let version: i32 = row.try_get("", "version").expect("a version");
        let status: String = row.try_get("", "status").expect("a status");
        let told = entries.remove(&id).unwrap_or_default();
        let versions: Vec<i32> = told.iter().map(|(version, _)| *version).collect();
        assert_eq!(
            versions,
            (1..=version).collect::<Vec<_>>(),
            "one entry for each version"
        );
        assert_eq!(
            told.last(),
            Some(&(version, status)),
            "the last says what the row says"
        );
    }
    assert_eq!(entries.len(), 0, "no entry without its row");
    referrals.len()
}

/// The numbers of the entries: from one on, without gap or repeat, up to the head.
async fn assert_numbered_without_gap(connection: &DatabaseConnection) {
    let positions: Vec<i64> = rows(
        connection,
        "SELECT position FROM journal_entry ORDER BY position",
    )
    .await
    .iter()
    .map(|row| {
        row.try_get("", "position")
            .expect("every entry has a position")
    })
    .collect();
    let last = i64::try_from(positions.len()).expect("a number");
    assert_eq!(positions, (1..=last).collect::<Vec<_>>());
    let head = rows(connection, "SELECT position FROM journal_head").await;
    assert_eq!(
        head[0].try_get::<i64>("", "position").expect("a head"),
        last
    );
}

/// Numbers what is committed, as whichever process comes next does. The lease of the one that was killed has run out.
async fn number_the_rest(database: &TestDatabase) {
    let (clock, _) = Clock::fixed(Clock::system().now() + TimeDelta::hours(1));
    let store = Store::new(
        open(&database.url).await,
        clock,
        Keys::derive(&SECRET),
        Settings::default(),
    );
    while store
        .unscoped_number_entries("next")
        .await
        .expect("entries are numbered")
        > 0
    {}
}

on_both_databases! {
    async fn nothing_that_was_acknowledged_is_lost_and_nothing_is_done_twice(ground: Ground) {
        let mut gateway = ground.start("info");
        let mut client = Client {
            http: reqwest::Client::new(), endpoint: gateway.endpoint.clone(), token: ground.token("agency"),
        };
        let region = client.region().await;
        let keys: Vec<(Uuid, Uuid)> = (0..WRITES).map(|_| (Uuid::now_v7(), Uuid::now_v7())).collect();
        let done = Arc::new(AtomicUsize::new(0));
        let writes = join_all(keys.iter().enumerate().map(|(number, keys)| {
            let (client, region, done) = (&client, &region, &done);
            async move {
                let told = client.creates_and_sends(region, number, *keys, done).await;
                (number, told)
            }
        }));
        let kill = async {
            // In the middle: some are answered, many are under way.
            while done.load(Ordering::SeqCst) < BEFORE_THE_END {
                tokio::task::yield_now().await;
            }
            gateway.kill();
        };
        let (told, ()) = tokio::join!(writes, kill);
        drop(gateway);
        let acknowledged: usize = told.iter().map(|(_, told)| told.len()).sum();
        assert!(acknowledged >= BEFORE_THE_END, "{acknowledged}");
        assert!(acknowledged < 2 * WRITES, "the kill came before the end");

        let gateway = ground.start("info");
        client.endpoint.clone_from(&gateway.endpoint);
        client.http = reqwest::Client::new();
        let outbox = client.outbox().await;
        for last in told.iter().filter_map(|(_, told)| told.last()) {
            let found = outbox.get(&last.id).expect("what was acknowledged is there");
            // The next write may have been carried out and not answered.
            assert!(found == last || found.version == last.version + 1, "{found:?} after {last:?}");
        }
        let again = join_all(keys.iter().enumerate().map(|(number, keys)| {
            let (client, region, done) = (&client, &region, &done);
            async move { client.creates_and_sends(region, number, *keys, done).await }
        }))
        .await;
        for ((_, before), now) in told.iter().zip(&again) {
            assert_eq!(now.len(), 2, "asked for again, everything is done");
            assert_eq!((now[1].version, now[1].status.as_str()), (2, "REQUESTED"));
            assert!(before.iter().all(|told| told.id == now[0].id), "and is the same");
        }
        assert_eq!(client.outbox().await.len(), WRITES);
        drop(gateway);

        number_the_rest(&ground.database).await;
        let connection = ground.database.connect().await;
        assert_eq!(assert_journal_agrees(&connection).await, WRITES);
        assert_numbered_without_gap(&connection).await;
        connection.close().await.expect("the connection closes");
    }
}
