//! How a person may be reached: by whom, at which points, and through whom instead. Nobody but the registering
//! organization is ever given an unsafe point, and no answer tells that there is one.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, assert_same_answer},
    on_both_databases,
};
use crate::message::{reads, says, told};

const CONTACT: &str =
    "contactAccess contact { permission points { kind value safety shared mayLeaveMessage note } }
    contactVia { name email phone website }";

fn point(kind: &str, value: &str, safety: &str) -> Value {
    json!({ "kind": kind, "value": value, "safety": safety })
}

/// Registers somebody who is reached like this, with consent to these groups, and has the provider accept the person.
async fn accepted(app: &TestApp, contact: Value, groups: &[&str]) -> (Value, Referral) {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let (claimant, sent) = sent(&agency, contact, groups).await;
    let accepted = provider.does("referralAccept", &sent, Value::Null).await;
    (claimant, accepted)
}

async fn sent(agency: &Client<'_>, contact: Value, groups: &[&str]) -> (Value, Referral) {
    let person = json!({ "identity": { "givenName": "Testa" }, "contact": contact });
    let claimant = agency
        .done("claimantRegister", person, "claimant { id }")
        .await;
    let claimant = claimant["claimant"]["id"].clone();
    agency
        .consents(&claimant, json!({ "fieldGroups": groups }))
        .await;
    let sent = agency.sends(&claimant, &agency.app().service()).await;
    (claimant, sent)
}

fn through_the_agency() -> Value {
    json!({ "contactAccess": "CONSENT_REQUIRED", "contact": null,
        "contactVia": { "name": "Test agency", "email": "desk@example.org", "phone": "416-555-0199",
            "website": "https://agency.example.org" } })
}

/// The agency tells in the directory how it is reached.
async fn with_a_desk(app: &TestApp) {
    app.tamper("UPDATE organization SET email = 'desk@example.org', phone = '416-555-0199' WHERE code = 'agency'").await;
}

on_both_databases! {
    async fn a_party_is_given_the_safe_points_alone_and_told_which_are_shared(app: TestApp) {
        let mut shared = point("PHONE", "416-555-0101", "SAFE");
        shared["shared"] = json!(true);
        shared["note"] = json!("Her sister answers.");
        let mut dangerous = point("PHONE", "416-555-0102", "UNSAFE");
        dangerous["shared"] = json!(true);
        let points = json!([shared, dangerous, point("EMAIL", "unknown@example.org", "UNKNOWN"), point("MESSAGING", "safe-handle", "SAFE")]);
        let contact = json!({ "permission": "ANY", "points": points });
        let (claimant, _) = accepted(&app, contact, &["CONTACT"]).await;
        let seen = app.as_provider().sees_claimant(&claimant, CONTACT).await;
        assert_eq!(seen, json!({ "contactAccess": "GRANTED", "contactVia": null, "contact": { "permission": "ANY", "points": [
            { "kind": "PHONE", "value": "416-555-0101", "safety": "SAFE", "shared": true, "mayLeaveMessage": false, "note": null },
            { "kind": "MESSAGING", "value": "safe-handle", "safety": "SAFE", "shared": false, "mayLeaveMessage": false, "note": null },
        ] } }));
        let own = app.as_agency().sees_claimant(&claimant, CONTACT).await;
        assert_eq!(own["contact"]["points"].as_array().map(Vec::len), Some(4), "whoever registered the person sees all");
        for stranger in ["other-provider", "other-agency"] {
            assert!(app.client(stranger).sees_claimant(&claimant, "id").await.is_null());
        }
        let ministry = app.as_ministry().ask("query($id: ID!) { claimant(id: $id) { contactAccess } }", json!({ "id": claimant })).await;
        assert_eq!(ministry.error_code(), "FORBIDDEN");
    }

    async fn whoever_may_not_be_contacted_is_reached_through_the_registering_organization_for_whatever_reason(app: TestApp) {
        with_a_desk(&app).await;
        let safe = json!([point("PHONE", "416-555-0101", "SAFE")]);
        let dangerous = json!([point("PHONE", "416-555-0102", "UNSAFE"), point("EMAIL", "unknown@example.org", "UNKNOWN")]);
        let with = |permission: &str, points: &Value| json!({ "permission": permission, "points": points });
        // Permission is not given, or refused, or there is no point that is safe, or no consent: one answer.
        for (contact, groups) in [
            (with("VIA_AGENCY_ONLY", &safe), &["CONTACT"][..]),
            (with("PROHIBITED", &safe), &["CONTACT"]),
            (with("ANY", &dangerous), &["CONTACT"]),
            (with("ANY", &json!([])), &["CONTACT"]),
            (json!({ "points": safe }), &["CONTACT"]),
            (with("ANY", &safe), &["IDENTITY"]),
        ] {
            let (claimant, _) = accepted(&app, contact.clone(), groups).await;
            let answer = app.as_provider().ask(&format!("query($id: ID!) {{ claimant(id: $id) {{ {CONTACT} }} }}"), json!({ "id": claimant })).await;
            assert_eq!(answer.data()["claimant"], through_the_agency(), "{contact}");
            assert!(!answer.text.contains("0102") && !answer.text.contains("UNSAFE"));
        }
    }

    async fn before_acceptance_nobody_is_reached_at_all(app: TestApp) {
        let contact = json!({ "permission": "ANY", "points": [point("PHONE", "416-555-0101", "SAFE")] });
        let (claimant, referral) = sent(&app.as_agency(), contact, &["CONTACT"]).await;
        let provider = app.as_provider();
        let seen = provider.sees_claimant(&claimant, CONTACT).await;
        assert_eq!(seen, json!({ "contactAccess": "SEALED_UNTIL_ACCEPTED", "contact": null, "contactVia": null }));
        provider.does("referralAccept", &referral, Value::Null).await;
        assert_eq!(provider.sees_claimant(&claimant, "contactAccess").await["contactAccess"], "GRANTED");
    }

    async fn a_first_contact_through_the_registering_organization_begins_the_work(app: TestApp) {
        with_a_desk(&app).await;
        let contact = json!({ "permission": "PROHIBITED", "points": [point("PHONE", "416-555-0101", "SAFE")] });
        let (claimant, accepted) = accepted(&app, contact, &["CONTACT"]).await;
        let (agency, provider) = (app.as_agency(), app.as_provider());
        assert_eq!(provider.sees_claimant(&claimant, CONTACT).await, through_the_agency());
        says(&provider, &accepted.id, "Please ask whether Tuesday suits.").await;
        assert_eq!(reads(&agency, &accepted.id).await, ["Please ask whether Tuesday suits."]);
        says(&agency, &accepted.id, "It does.").await;
        let started = provider.does("referralStart", &accepted, json!({ "note": "Through the agency." })).await;
        assert_eq!(started.status, "IN_PROGRESS");
        for client in [&agency, &provider] {
            let told = told(client, &accepted.id).await;
            let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
            assert_eq!(kinds[kinds.len() - 3..], ["MESSAGE_SENT", "MESSAGE_SENT", "REFERRAL_STARTED"]);
        }
        let seen = provider.sees_claimant(&claimant, CONTACT).await;
        assert_eq!(seen, through_the_agency(), "it opened nothing");
        // Nobody but the owner begins it, and to a stranger it is not there.
        assert_eq!(agency.may_not("referralStart", &accepted, Value::Null).await, "STALE_VERSION");
        let start = async |id: &Value| {
            let input = json!({ "id": id, "expectedVersion": 1 });
            app.client("other-provider").mutate("referralStart", input, "referral { id }").await
        };
        assert_same_answer(&start(&accepted.id).await, &start(&app.missing(NodeType::Referral)).await, "start");
    }

    async fn a_permission_that_is_taken_back_closes_the_contact_at_once(app: TestApp) {
        with_a_desk(&app).await;
        let contact = json!({ "permission": "ANY", "points": [point("PHONE", "416-555-0101", "SAFE")] });
        let (claimant, _) = accepted(&app, contact, &["CONTACT"]).await;
        let provider = app.as_provider();
        assert_eq!(provider.sees_claimant(&claimant, CONTACT).await["contactAccess"], "GRANTED");
        let unsafe_now = json!({ "id": claimant, "expectedVersion": 1, "contact": { "points": [point("PHONE", "416-555-0101", "UNSAFE")] } });
        app.as_agency().done("claimantUpdate", unsafe_now, "claimant { id }").await;
        assert_eq!(provider.sees_claimant(&claimant, CONTACT).await, through_the_agency());
    }
}
