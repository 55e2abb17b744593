//! Every mutation that takes an id, asked about what the caller does not see and about what never was: the same answer
//! from the same statements. A mutation that takes another id belongs in the table.
use std::collections::BTreeSet;

use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use super::never;
use crate::common::{
    app::{Client, TestApp},
    journey::because,
    on_both_databases,
    story::{Plot, Story},
};

/// What an id in an input names, where others than the caller have such things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Claimant,
    Need,
    Consent,
    Exclusion,
    Pair,
    Qualification,
    Appointment,
    Referral,
}

impl Named {
    const fn node(self) -> NodeType {
        match self {
            Self::Claimant => NodeType::Claimant,
            Self::Need => NodeType::Need,
            Self::Consent => NodeType::Consent,
            Self::Exclusion => NodeType::Exclusion,
            Self::Pair => NodeType::DuplicateCandidate,
            Self::Qualification => NodeType::Qualification,
            Self::Appointment => NodeType::Appointment,
            Self::Referral => NodeType::Referral,
        }
    }
}

/// A mutation, the field of its input that takes the id, and what else it needs. `$claimant`, `$draft`, `$taken` and
/// `$done` are the caller's own: somebody, an unnamed draft, a referral that it owns, one that it has completed.
struct Row {
    mutation: &'static str,
    field: &'static str,
    named: Named,
    more: &'static str,
}

const fn row(mutation: &'static str, field: &'static str, named: Named, more: &'static str) -> Row {
    Row {
        mutation,
        field,
        named,
        more,
    }
}

const AT_ONE: &str = r#"{ "expectedVersion": 1 }"#;
const WITH_REASON: &str = r#"{ "expectedVersion": 1, "reason": "OTHER" }"#;

const TABLE: &[Row] = &[
    row("claimantRegister", "householdOf", Named::Claimant, "{}"),
    row("claimantErase", "id", Named::Claimant, AT_ONE),
    row(
        "claimantHold",
        "id",
        Named::Claimant,
        r#"{ "held": true, "note": "Asked for." }"#,
    ),
    row(
        "claimantUpdate",
        "id",
        Named::Claimant,
        r#"{ "expectedVersion": 1, "language": "spa" }"#,
    ),
    row(
        "claimantUpdate",
        "householdOf",
        Named::Claimant,
        r#"{ "id": "$claimant", "expectedVersion": 1 }"#,
    ),
    row(
        "claimantTransfer",
        "id",
        Named::Claimant,
        r#"{ "expectedVersion": 1, "organizationId": "$organization" }"#,
    ),
    row("householdLeave", "claimantId", Named::Claimant, "{}"),
    row(
        "needRecord",
        "claimantId",
        Named::Claimant,
        r#"{ "category": "HOUSING" }"#,
    ),
    row(
        "needRecord",
        "id",
        Named::Need,
        r#"{ "claimantId": "$claimant", "category": "EMPLOYMENT" }"#,
    ),
    row(
        "consentRecord",
        "claimantId",
        Named::Claimant,
        r#"{ "purposes": ["HOUSING"], "fieldGroups": [], "refused": true, "method": "VERBAL" }"#,
    ),
    row("consentWithdraw", "id", Named::Consent, "{}"),
    row(
        "exclusionRecord",
        "claimantId",
        Named::Claimant,
        r#"{ "organizationId": "$organization" }"#,
    ),
    row("exclusionEnd", "id", Named::Exclusion, "{}"),
    row(
        "duplicateDecide",
        "id",
        Named::Pair,
        r#"{ "expectedVersion": 1, "decision": "SAME" }"#,
    ),
    row("duplicateReverse", "id", Named::Pair, AT_ONE),
    row(
        "messageSend",
        "referralId",
        Named::Referral,
        r#"{ "body": "Good morning." }"#,
    ),
    row(
        "appointmentSave",
        "referralId",
        Named::Referral,
        r#"{ "status": "BOOKED", "startsAt": "2026-06-02T15:00:00Z" }"#,
    ),
    row(
        "appointmentSave",
        "id",
        Named::Appointment,
        r#"{ "referralId": "$taken", "status": "CANCELLED", "startsAt": "2026-06-02T15:00:00Z" }"#,
    ),
    row(
        "qualificationSave",
        "claimantId",
        Named::Claimant,
        r#"{ "title": "Cook" }"#,
    ),
    row(
        "qualificationSave",
        "id",
        Named::Qualification,
        r#"{ "claimantId": "$claimant", "title": "Cook" }"#,
    ),
    row(
        "languageAbilitySave",
        "claimantId",
        Named::Claimant,
        r#"{ "language": "eng", "speaking": 5 }"#,
    ),
    row(
        "referralCreate",
        "claimantId",
        Named::Claimant,
        r#"{ "category": "HOUSING" }"#,
    ),
    row(
        "referralCreate",
        "alsoForClaimantIds",
        Named::Claimant,
        r#"{ "claimantId": "$claimant", "category": "HOUSING" }"#,
    ),
    row(
        "referralCreate",
        "needId",
        Named::Need,
        r#"{ "claimantId": "$claimant", "category": "EMPLOYMENT" }"#,
    ),
    row(
        "referralUpdate",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "priority": "URGENT" }"#,
    ),
    row(
        "referralLinkClaimant",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "claimantId": "$claimant" }"#,
    ),
    row(
        "referralLinkClaimant",
        "claimantId",
        Named::Claimant,
        r#"{ "id": "$draft", "expectedVersion": 1 }"#,
    ),
    row("referralSend", "id", Named::Referral, AT_ONE),
    row("referralReroute", "id", Named::Referral, WITH_REASON),
    row(
        "referralSetPriority",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "priority": "URGENT" }"#,
    ),
    row(
        "referralAssign",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "assignee": "a-worker" }"#,
    ),
    row(
        "referralSetSubStatus",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "subStatus": "CONTACT_ATTEMPTED" }"#,
    ),
    row("referralClaim", "id", Named::Referral, AT_ONE),
    row("referralAccept", "id", Named::Referral, AT_ONE),
    row("referralDecline", "id", Named::Referral, WITH_REASON),
    row("referralCancel", "id", Named::Referral, WITH_REASON),
    row("referralStart", "id", Named::Referral, AT_ONE),
    row("referralHold", "id", Named::Referral, WITH_REASON),
    row("referralResume", "id", Named::Referral, AT_ONE),
    row("referralVoid", "id", Named::Referral, WITH_REASON),
    row(
        "referralComplete",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01" }] }"#,
    ),
    row(
        "referralComplete",
        "outcomes.claimantId",
        Named::Claimant,
        r#"{ "id": "$taken", "expectedVersion": 2, "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01" }] }"#,
    ),
    row(
        "referralFail",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "reason": "OTHER", "outcomes": [{ "kind": "UNRESOLVED_CAPACITY", "date": "2026-06-01" }] }"#,
    ),
    row(
        "referralFail",
        "outcomes.claimantId",
        Named::Claimant,
        r#"{ "id": "$taken", "expectedVersion": 2, "reason": "OTHER", "outcomes": [{ "kind": "UNRESOLVED_CAPACITY", "date": "2026-06-01" }] }"#,
    ),
    row("referralResubmit", "id", Named::Referral, "{}"),
    row(
        "referralSplit",
        "id",
        Named::Referral,
        r#"{ "expectedVersion": 1, "category": "HOUSING" }"#,
    ),
    row(
        "referralBulkAct",
        "items.id",
        Named::Referral,
        r#"{ "action": "ACCEPT", "items": [{ "expectedVersion": 1 }] }"#,
    ),
    row(
        "outcomeRecord",
        "referralId",
        Named::Referral,
        r#"{ "outcome": { "kind": "HOUSED", "date": "2026-06-01" } }"#,
    ),
    row(
        "outcomeRecord",
        "outcome.claimantId",
        Named::Claimant,
        r#"{ "referralId": "$done", "outcome": { "kind": "HOUSED", "date": "2026-06-01" } }"#,
    ),
];

/// Ids of the directory, which every token reads.
const PUBLIC: [&str; 7] = [
    "serviceId",
    "regionId",
    "organizationId",
    "recipientIds",
    "regionIds",
    "serviceSave.id",
    "eligibilityRuleSave.id",
];

/// Puts an id where a row wants it.
fn put(input: &mut Value, field: &str, id: &Value) {
    match field.split_once('.') {
        None if field.ends_with("Ids") => input[field] = json!([id]),
        None => input[field] = id.clone(),
        Some((list, rest)) if input[list].is_array() => put(&mut input[list][0], rest, id),
        Some((object, rest)) => put(&mut input[object], rest, id),
    }
}

/// What a caller has itself, and what the agency has.
struct Ids {
    own: [(&'static str, Value); 5],
    foreign: [(Named, Value); 8],
}

impl Ids {
    fn input(&self, row: &Row, id: &Value) -> Value {
        let mut text = row.more.to_owned();
        for (name, own) in &self.own {
            text = text.replace(&format!("\"{name}\""), &own.to_string());
        }
        let mut input = serde_json::from_str(&text).expect("an input");
        put(&mut input, row.field, id);
        input
    }

    fn foreign(&self, named: Named) -> &Value {
        let found = self.foreign.iter().find(|(other, _)| *other == named);
        &found.expect("one of each").1
    }
}

/// A referral of the agency with everything about it, each of which another organization may name.
async fn foreign(app: &TestApp) -> [(Named, Value); 8] {
    let agency = app.as_agency();
    let story = Story::accepted(app, Plot::open("Foreign"))
        .await
        .spoken(app, "provider")
        .await;
    let exclusion = story
        .exclude(
            app,
            &app.public_id(NodeType::Organization, app.world.far_provider),
        )
        .await;
    for _ in 0..2 {
        agency.registers("Testtwin").await;
    }
    app.compares().await;
    let pairs = agency
        .query("{ duplicateCandidates { edges { node { id } } } }")
        .await;
    let every = "qualifications { id } referrals { edges { node { appointments { id } } } }";
    let seen = agency.sees_claimant(&story.claimant, every).await;
    let all = [
        (Named::Claimant, story.claimant),
        (Named::Need, story.need),
        (Named::Consent, story.consent),
        (Named::Exclusion, exclusion),
        (
            Named::Pair,
            pairs.data()["duplicateCandidates"]["edges"][0]["node"]["id"].clone(),
        ),
        (
            Named::Qualification,
            seen["qualifications"][0]["id"].clone(),
        ),
        (
            Named::Appointment,
            seen["referrals"]["edges"][0]["node"]["appointments"][0]["id"].clone(),
        ),
        (Named::Referral, story.referral),
    ];
    for (named, id) in &all {
        assert!(id.is_string(), "{named:?}");
    }
    all
}

/// A provider's own: it registers people and works on what others sent to it.
async fn own(client: &Client<'_>, service: &Value) -> [(&'static str, Value); 5] {
    let app = client.app();
    let sender = app.client("other-agency");
    let taken = sender
        .sends(&sender.registers_with_consent("Testa").await, service)
        .await;
    client.does("referralAccept", &taken, Value::Null).await;
    let done = sender
        .sends(&sender.registers_with_consent("Testb").await, service)
        .await;
    let done = client.does("referralAccept", &done, Value::Null).await;
    let outcomes = json!({ "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01" }] });
    client.does("referralComplete", &done, outcomes).await;
    [
        ("$claimant", client.registers("Testc").await),
        ("$draft", client.creates(app.five_facts()).await.id),
        ("$taken", taken.id),
        ("$done", done.id),
        (
            "$organization",
            app.public_id(NodeType::Organization, app.world.other_agency),
        ),
    ]
}

/// Every field of the inputs of mutations that takes an id: `claimantTransfer.id`.
async fn fields_that_take_an_id(app: &TestApp) -> BTreeSet<String> {
    let query = "{ __schema { mutationType { fields { name args { name type { ofType { name } } } } }
        types { name inputFields { name type { name ofType { name ofType { name ofType { name } } } } } } } }";
    let answer = app.as_agency().query(query).await;
    let schema = answer.data()["__schema"].clone();
    let fields_of = |name: &str| {
        let types = schema["types"].as_array().expect("types");
        let found = types.iter().find(|each| each["name"] == name);
        found
            .and_then(|each| each["inputFields"].as_array())
            .cloned()
            .unwrap_or_default()
    };
    let mut found = BTreeSet::new();
    for mutation in schema["mutationType"]["fields"]
        .as_array()
        .expect("mutations")
    {
        let name = mutation["name"].as_str().expect("a name");
        let input = mutation["args"][0]["type"]["ofType"]["name"]
            .as_str()
            .expect("an input");
        let mut waiting = vec![(name.to_owned(), input.to_owned())];
        while let Some((path, input)) = waiting.pop() {
            for field in fields_of(&input) {
                let mut kind = &field["type"];
                while kind["name"].is_null() {
                    kind = &kind["ofType"];
                }
                let kind = kind["name"].as_str().expect("a type");
                let path = format!("{path}.{}", field["name"].as_str().expect("a name"));
                match kind {
                    "ID" => drop(found.insert(path)),
                    _ => waiting.push((path, kind.to_owned())),
                }
            }
        }
    }
    found
}

on_both_databases! {
    async fn no_mutation_tells_what_another_has_from_what_never_was(app: TestApp) {
        let foreign = foreign(&app).await;
        for (name, service) in [("far-provider", app.northern_service()), ("other-provider", app.other_service())] {
            let client = app.client(name);
            let ids = Ids { own: own(&client, &service).await, foreign: foreign.clone() };
            app.settle().await;
            let mut wrong = Vec::new();
            for row in TABLE {
                let mut runs = Vec::new();
                for id in [ids.foreign(row.named), &never(&app, row.named.node())] {
                    let input = ids.input(row, id);
                    app.statements();
                    let selection = if row.mutation == "referralBulkAct" { "results { userErrors { code field message } }" } else { "" };
                    let answer = client.mutate(row.mutation, input, selection).await;
                    runs.push((answer.status, answer.text, app.statement_texts(), app.statements()));
                }
                // An open referral that is not seen is one that somebody else has claimed.
                let refusal = if row.mutation == "referralClaim" { "\"CLAIM_TOO_LATE\"" } else { "\"NOT_FOUND\"" };
                if runs[0] != runs[1] || !runs[0].1.contains(refusal) || runs[0].3 == 0 {
                    wrong.push((row.mutation, row.field, runs));
                }
            }
            assert!(wrong.is_empty(), "{name}: {wrong:#?}");
        }
    }

    async fn the_ministry_acts_on_no_referral_of_another_region(app: TestApp) {
        let story = Story::sent(&app, Plot::open("Foreign")).await;
        let client = app.client("ministry-north");
        for (mutation, more) in [("referralReroute", because("OTHER")), ("referralSetPriority", json!({ "priority": "URGENT" }))] {
            let mut runs = Vec::new();
            for id in [&story.referral, &never(&app, NodeType::Referral)] {
                let mut input = json!({ "id": id, "expectedVersion": story.version });
                input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
                app.statements();
                let answer = client.mutate(mutation, input, "").await;
                runs.push((answer.status, answer.text, app.statement_texts()));
            }
            assert_eq!(runs[0], runs[1], "{mutation}");
            assert!(runs[0].1.contains("\"NOT_FOUND\""), "{mutation}: {}", runs[0].1);
        }
    }

    async fn every_mutation_that_takes_an_id_is_in_the_table(app: TestApp) {
        let mut fields = fields_that_take_an_id(&app).await;
        fields.retain(|field| {
            let last = field.rsplit('.').next().expect("a field");
            !PUBLIC.contains(&last) && !PUBLIC.contains(&field.as_str())
        });
        let asked: BTreeSet<String> = TABLE.iter().map(|row| format!("{}.{}", row.mutation, row.field)).collect();
        assert_eq!(asked.len(), TABLE.len(), "each once");
        assert_eq!(fields, asked);
    }
}
