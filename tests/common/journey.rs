//! Steps that many journeys share, each through the API: a person is registered, consents, is sent on, is worked with.
//! It must not assert what any one feature promises beyond that each step is done.
use claimant_gateway::opaque::NodeType;
use sea_orm::prelude::Uuid;
use serde_json::{Map, Value, json};

use super::app::{Answer, Client, TestApp};

/// What a step leaves of a referral: enough for the next one.
pub const LEFT: &str = "referral { id version status }";

/// A referral as its last step left it.
#[derive(Clone, Debug)]
pub struct Referral {
    pub id: Value,
    pub version: i64,
    pub status: String,
}

impl Referral {
    /// What the payload of a mutation says of it.
    pub fn of(payload: &Value) -> Self {
        let referral = &payload["referral"];
        Self {
            id: referral["id"].clone(),
            version: referral["version"].as_i64().expect("a version"),
            status: referral["status"].as_str().expect("a status").to_owned(),
        }
    }

    /// The input of a step, with what the step needs besides.
    pub fn step(&self, more: Value) -> Value {
        let id = json!({ "id": self.id, "expectedVersion": self.version });
        merged(id, more)
    }
}

/// One object with the members of both; the second wins, and may be null.
pub fn merged(mut into: Value, more: Value) -> Value {
    let target = into.as_object_mut().expect("an object");
    if !more.is_null() {
        target.extend(serde_json::from_value::<Map<String, Value>>(more).expect("an object"));
    }
    into
}

/// The public ids of everything that a connection holds, in its order.
pub fn ids(connection: &Value) -> Vec<Value> {
    connection["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| edge["node"]["id"].clone())
        .collect()
}

/// One outcome, today.
pub fn outcome(kind: &str) -> Value {
    json!({ "outcomes": [{ "kind": kind, "date": "2026-06-01" }] })
}

/// A reason and nothing else.
pub fn because(reason: &str) -> Value {
    json!({ "reason": reason })
}

impl TestApp {
    /// A public id of this type that no row has.
    pub fn missing(&self, node: NodeType) -> Value {
        Value::from(self.store.keys().id(node, Uuid::now_v7()))
    }

    /// The public id of a row that the test has made itself.
    pub fn public_id(&self, node: NodeType, id: impl Into<Uuid>) -> Value {
        Value::from(self.store.keys().id(node, id))
    }

    pub fn central(&self) -> Value {
        self.public_id(NodeType::Region, self.world.central)
    }

    pub fn northern(&self) -> Value {
        self.public_id(NodeType::Region, self.world.northern)
    }

    pub fn service(&self) -> Value {
        self.public_id(NodeType::Service, self.world.service)
    }

    pub fn other_service(&self) -> Value {
        self.public_id(NodeType::Service, self.world.other_service)
    }

    pub fn northern_service(&self) -> Value {
        self.public_id(NodeType::Service, self.world.northern_service)
    }

    pub fn closed_service(&self) -> Value {
        self.public_id(NodeType::Service, self.world.closed_service)
    }

    /// The five facts of somebody who is not named.
    pub fn five_facts(&self) -> Value {
        json!({ "regionId": self.central(), "language": "spa", "interpreterNeeded": true,
                "ageBand": "FROM_25_TO_54", "partySize": 2 })
    }
}

impl Client<'_> {
    /// Registers a person in the Central region with this given name; the id.
    pub async fn registers(&self, given_name: &str) -> Value {
        let region = self.app().central();
        let input = json!({
            "regionId": region, "language": "spa", "interpreterNeeded": true, "ageBand": "FROM_25_TO_54",
            "identity": { "givenName": given_name, "familyName": "Specimen" },
        });
        self.done("claimantRegister", input, "claimant { id }")
            .await["claimant"]["id"]
            .clone()
    }

    /// Records a need; its id.
    pub async fn needs(&self, claimant: &Value, category: &str) -> Value {
        let input = json!({ "claimantId": claimant, "category": category });
        let payload = self
            .done("needRecord", input, "claimant { needs { id category } }")
            .await;
        let needs = payload["claimant"]["needs"].as_array().expect("needs");
        needs
            .iter()
            .find(|need| need["category"] == category)
            .expect("the need")["id"]
            .clone()
    }

    /// Records a consent to employment and housing for any party, opening the identity, changed by `more`; its id.
    pub async fn consents(&self, claimant: &Value, more: Value) -> Value {
        let usual = json!({
            "claimantId": claimant, "purposes": ["EMPLOYMENT", "HOUSING"], "fieldGroups": ["IDENTITY"],
            "anyParty": true, "method": "VERBAL",
        });
        self.done("consentRecord", merged(usual, more), "consent { id }")
            .await["consent"]["id"]
            .clone()
    }

    /// Registers somebody who consents to everything that tests do; the id.
    pub async fn registers_with_consent(&self, given_name: &str) -> Value {
        let claimant = self.registers(given_name).await;
        self.consents(&claimant, Value::Null).await;
        claimant
    }

    /// Creates a referral for employment.
    pub async fn creates(&self, more: Value) -> Referral {
        let input = merged(json!({ "category": "EMPLOYMENT" }), more);
        Referral::of(&self.done("referralCreate", input, LEFT).await)
    }

    /// Sends a claimant to a service for employment.
    pub async fn sends(&self, claimant: &Value, service: &Value) -> Referral {
        let to = json!({ "claimantId": claimant, "serviceId": service, "send": true });
        self.creates(to).await
    }

    /// Registers somebody with consent and sends the person to the provider's service.
    pub async fn refers(&self) -> Referral {
        let claimant = self.registers_with_consent("Testa").await;
        self.sends(&claimant, &self.app().service()).await
    }

    /// Sends an open referral of somebody who is not named.
    pub async fn asks_openly(&self) -> Referral {
        let open = merged(self.app().five_facts(), json!({ "send": true }));
        self.creates(open).await
    }

    /// Carries a step out.
    pub async fn does(&self, mutation: &str, referral: &Referral, more: Value) -> Referral {
        Referral::of(&self.done(mutation, referral.step(more), LEFT).await)
    }

    /// A step that must be refused; the code.
    pub async fn may_not(&self, mutation: &str, referral: &Referral, more: Value) -> String {
        self.refused(mutation, referral.step(more)).await
    }

    /// The first thing that the caller could mend, whole.
    pub async fn user_error(&self, mutation: &str, input: Value) -> Value {
        let answer = self.mutate(mutation, input, "").await;
        let errors = &answer.data()[mutation]["userErrors"];
        assert_eq!(
            errors.as_array().map(Vec::len),
            Some(1),
            "{mutation}: {}",
            answer.body
        );
        errors[0].clone()
    }

    /// The referral as the caller sees it; null where it does not.
    pub async fn sees(&self, referral: &Referral, selection: &str) -> Value {
        self.sees_id(&referral.id, selection).await
    }

    /// The referral with this id as the caller sees it; null where it does not.
    pub async fn sees_id(&self, id: &Value, selection: &str) -> Value {
        let query = format!("query($id: ID!) {{ referral(id: $id) {{ {selection} }} }}");
        let answer = self.ask(&query, json!({ "id": id })).await;
        answer.data()["referral"].clone()
    }

    /// The referral as it stands, for the next step.
    pub async fn rereads(&self, referral: &Referral) -> Referral {
        let seen = self.sees(referral, "id version status").await;
        Referral::of(&json!({ "referral": seen }))
    }

    /// The claimant as the caller sees the person; null where it does not.
    pub async fn sees_claimant(&self, id: &Value, selection: &str) -> Value {
        let query = format!("query($id: ID!) {{ claimant(id: $id) {{ {selection} }} }}");
        let answer = self.ask(&query, json!({ "id": id })).await;
        answer.data()["claimant"].clone()
    }

    /// The status of the claimant's first need.
    pub async fn need_status(&self, claimant: &Value) -> String {
        let seen = self.sees_claimant(claimant, "needs { status }").await;
        seen["needs"][0]["status"]
            .as_str()
            .expect("a need")
            .to_owned()
    }

    /// The ids of the referrals of a box, in order.
    pub async fn box_of(&self, name: &str) -> Vec<Value> {
        let answer = self
            .query(&format!(
                "{{ referrals(box: {name}) {{ edges {{ node {{ id }} }} }} }}"
            ))
            .await;
        ids(&answer.data()["referrals"])
    }
}

/// Asserts that an answer says that there is no such thing, exactly as for an id that no row has.
pub fn assert_same_answer(existing: &Answer, missing: &Answer, what: &str) {
    assert_eq!(existing.status, missing.status, "{what}");
    assert_eq!(
        without_request(existing),
        without_request(missing),
        "{what}"
    );
}

/// The body without what differs in every answer.
fn without_request(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    if let Some(extensions) = body.get_mut("extensions").and_then(Value::as_object_mut) {
        extensions.remove("requestId");
    }
    body
}
