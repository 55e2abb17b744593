//! The software of an organization, as a careful vendor writes it: whatever it sends it sends again under the same key,
//! as after a time-out; it keeps copies by the feed alone and deletes one at ACCESS_ENDED; and it holds on to every
//! answer, so that a test can say of the whole journey what was never told. It must not know what any journey is about.
use std::collections::BTreeMap;

use sea_orm::prelude::Uuid;
use serde_json::{Value, json};

use super::{
    app::Client,
    journey::{LEFT, Referral, merged},
};

const FEED: &str = "query($after: Cursor) { changes(after: $after, first: 25) { pageInfo { hasNextPage }
    edges { cursor node { kind subjectId fromStatus toStatus reason note version organization { name }
                          subject { ... on Referral { id status } } } } } }";

/// What the feed told: the kind, and of what.
pub type Told = (String, Value);

/// An entry of this kind about a thing.
pub fn told(kind: &str, subject: &Value) -> Told {
    (kind.to_owned(), subject.clone())
}

pub struct Software<'a> {
    client: Client<'a>,
    /// Where it goes on reading the feed.
    after: Value,
    /// The status of every referral that it keeps a copy of, by the id.
    copies: BTreeMap<String, String>,
    heard: String,
}

/// Whether a call was only told again: the same, but that a replay reads under the rights of its own moment, and whoever
/// declines has none left.
fn is_replay(first: &Value, again: &Value) -> bool {
    let gone = |name: &str, first: &Value, again: &Value| {
        name == "referral" && first["status"] == "REJECTED" && again.is_null()
    };
    match (first, again) {
        (Value::Object(first), Value::Object(again)) => {
            first.len() == again.len()
                && first.iter().all(|(name, value)| {
                    let told = again.get(name);
                    told.is_some_and(|told| is_replay(value, told) || gone(name, value, told))
                })
        }
        (Value::Array(first), Value::Array(again)) => {
            first.len() == again.len()
                && first
                    .iter()
                    .zip(again)
                    .all(|(first, again)| is_replay(first, again))
        }
        (first, again) => first == again,
    }
}

impl<'a> Software<'a> {
    pub fn of(client: Client<'a>) -> Self {
        Self {
            client,
            after: Value::Null,
            copies: BTreeMap::new(),
            heard: String::new(),
        }
    }

    /// Who calls, for what is said of all callers.
    pub const fn client(&self) -> &Client<'a> {
        &self.client
    }

    pub async fn ask(&mut self, query: &str, variables: Value) -> Value {
        let answer = self.client.ask(query, variables).await;
        self.heard.push_str(&answer.text);
        answer.data().clone()
    }

    /// Sends a mutation, hears nothing, and sends it again; the payload, which is the same both times.
    async fn calls(&mut self, mutation: &str, input: Value, selection: &str) -> Value {
        let input = merged(input, json!({ "idempotencyKey": Uuid::now_v7() }));
        let lost = self.client.mutate(mutation, input.clone(), selection).await;
        let answer = self.client.mutate(mutation, input, selection).await;
        let same = is_replay(lost.data(), answer.data());
        assert!(
            same,
            "{mutation} is done once: {} {}",
            lost.body, answer.body
        );
        self.heard.push_str(&lost.text);
        lost.data()[mutation].clone()
    }

    /// A mutation that must succeed; its payload.
    pub async fn done(&mut self, mutation: &str, input: Value, selection: &str) -> Value {
        let payload = self.calls(mutation, input, selection).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload}");
        payload
    }

    /// A mutation that must be refused; the code.
    pub async fn refused(&mut self, mutation: &str, input: Value) -> String {
        let payload = self.calls(mutation, input, "").await;
        let code = payload["userErrors"][0]["code"].as_str();
        code.unwrap_or_else(|| panic!("{mutation} was not refused"))
            .to_owned()
    }

    /// Registers somebody, perhaps of a household; the id.
    pub async fn registers(&mut self, input: Value) -> Value {
        self.done("claimantRegister", input, "claimant { id }")
            .await["claimant"]["id"]
            .clone()
    }

    /// Records a need; its id.
    pub async fn needs(&mut self, claimant: &Value, category: &str, more: Value) -> Value {
        let input = merged(
            json!({ "claimantId": claimant, "category": category }),
            more,
        );
        let payload = self
            .done("needRecord", input, "claimant { needs { id category } }")
            .await;
        let needs = payload["claimant"]["needs"].as_array().expect("needs");
        let need = needs.iter().find(|need| need["category"] == category);
        need.expect("the need")["id"].clone()
    }

    /// Records a consent of somebody, with the identity opened unless `more` says otherwise; its id.
    pub async fn consents(&mut self, claimant: &Value, more: Value) -> Value {
        let usual = json!({ "claimantId": claimant, "purposes": ["HOUSING"], "fieldGroups": ["IDENTITY"], "method": "VERBAL" });
        self.done("consentRecord", merged(usual, more), "consent { id }")
            .await["consent"]["id"]
            .clone()
    }

    /// Creates a referral and sends it.
    pub async fn refers(&mut self, more: Value) -> Referral {
        let input = merged(json!({ "send": true }), more);
        Referral::of(&self.done("referralCreate", input, LEFT).await)
    }

    /// Carries a step out.
    pub async fn does(&mut self, mutation: &str, referral: &Referral, more: Value) -> Referral {
        Referral::of(&self.done(mutation, referral.step(more), LEFT).await)
    }

    /// A step that must be refused; the code.
    pub async fn may_not(&mut self, mutation: &str, referral: &Referral, more: Value) -> String {
        self.refused(mutation, referral.step(more)).await
    }

    /// Does one thing to many; what became of each, none refused.
    pub async fn does_to_many(
        &mut self,
        action: &str,
        items: &[Referral],
        more: Value,
    ) -> Vec<Referral> {
        let items: Vec<Value> = items.iter().map(|item| item.step(Value::Null)).collect();
        let input = merged(json!({ "action": action, "items": items }), more);
        let selection = format!("results {{ {LEFT} userErrors {{ code }} }}");
        let payload = self.done("referralBulkAct", input, &selection).await;
        let results = payload["results"].as_array().expect("results");
        assert_eq!(results.len(), items.len());
        results
            .iter()
            .map(|result| {
                assert_eq!(result["userErrors"], json!([]), "{action}: {result}");
                Referral::of(result)
            })
            .collect()
    }

    /// The referral as the organization sees it; null where it does not.
    pub async fn sees(&mut self, referral: &Referral, selection: &str) -> Value {
        let query = format!("query($id: ID!) {{ referral(id: $id) {{ {selection} }} }}");
        let data = self.ask(&query, json!({ "id": referral.id })).await;
        data["referral"].clone()
    }

    /// The claimant as the organization sees the person; null where it does not.
    pub async fn sees_claimant(&mut self, id: &Value, selection: &str) -> Value {
        let query = format!("query($id: ID!) {{ claimant(id: $id) {{ {selection} }} }}");
        let data = self.ask(&query, json!({ "id": id })).await;
        data["claimant"].clone()
    }

    /// The referral as it stands, for the next step.
    pub async fn rereads(&mut self, referral: &Referral) -> Referral {
        let seen = self.sees(referral, "id version status").await;
        Referral::of(&json!({ "referral": seen }))
    }

    /// Reads on in the feed to its end and brings the copies up to it, which are then just what the organization may
    /// see; what the feed told.
    pub async fn reads(&mut self) -> Vec<Told> {
        self.client.app().settle().await;
        let mut told = Vec::new();
        loop {
            let after = self.after.clone();
            let page = self.ask(FEED, json!({ "after": after })).await["changes"].clone();
            for edge in page["edges"].as_array().expect("edges") {
                let node = &edge["node"];
                let kind = node["kind"].as_str().expect("a kind");
                self.keeps(kind, &node["subjectId"], &node["subject"]);
                self.after = edge["cursor"].clone();
                told.push((kind.to_owned(), node["subjectId"].clone()));
            }
            if page["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        self.compares().await;
        told
    }

    fn keeps(&mut self, kind: &str, subject_id: &Value, subject: &Value) {
        if kind == "ACCESS_ENDED" {
            self.copies.remove(subject_id.as_str().expect("an id"));
        } else if let (Some(id), Some(status)) =
            (subject["id"].as_str(), subject["status"].as_str())
        {
            self.copies.insert(id.to_owned(), status.to_owned());
        }
    }

    /// Whatever it keeps it may see, and stands as it keeps it; and of what its boxes hold it lacks nothing.
    async fn compares(&mut self) {
        let ids: Vec<&String> = self.copies.keys().collect();
        for ids in ids.chunks(100) {
            let look = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Referral { id status } } }";
            let answer = self.client.ask(look, json!({ "ids": ids })).await;
            for (id, node) in ids
                .iter()
                .zip(answer.data()["nodes"].as_array().expect("nodes"))
            {
                let kept = json!({ "id": id, "status": self.copies[*id] });
                assert_eq!(
                    *node, kept,
                    "a copy that should have been deleted or renewed"
                );
            }
        }
        for name in ["INBOX", "OUTBOX", "OPEN"] {
            let look = format!(
                "{{ referrals(box: {name}, first: 100) {{ pageInfo {{ hasNextPage }} edges {{ node {{ id }} }} }} }}"
            );
            let answer = self.client.query(&look).await;
            let list = &answer.data()["referrals"];
            assert_eq!(
                list["pageInfo"]["hasNextPage"], false,
                "one page holds it all"
            );
            for edge in list["edges"].as_array().expect("edges") {
                let id = edge["node"]["id"].as_str().expect("an id");
                assert!(
                    self.copies.contains_key(id),
                    "{name} holds what the feed never told"
                );
            }
        }
    }

    /// Of how many referrals it keeps a copy, by status.
    pub fn keeps_by_status(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for status in self.copies.values() {
            *counts.entry(status.as_str()).or_default() += 1;
        }
        counts
    }

    /// Whether it keeps a copy of a referral.
    pub fn keeps_copy_of(&self, referral: &Referral) -> bool {
        self.copies
            .contains_key(referral.id.as_str().expect("an id"))
    }

    /// Asserts that none of these texts stood in any answer that it ever got.
    pub fn never_heard(&self, texts: &[&str]) {
        for text in texts {
            assert!(!self.heard.contains(text), "{text} was told");
        }
    }
}
