//! Who keeps a claimant's file: handed on with consent, or by the operator when its keeper is no more; and what such an
//! organization owned goes back.
use claimant_gateway::{
    opaque::NodeType,
    store::custody::{CustodyError, HandedOn},
};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{merged, outcome},
    on_both_databases,
};

const FEED: &str = "{ changes(first: 100) { edges { node { kind subjectId subject { id } } } } }";

async fn organization(app: &TestApp, code: &str) -> Value {
    let found = app
        .store
        .unscoped_organization_by_code(code)
        .await
        .expect("the database answers")
        .expect("an organization of the tests");
    app.public_id(NodeType::Organization, found.id)
}

/// What the feed tells of a subject, and whether it can still be seen.
async fn told(client: &Client<'_>, subject: &Value) -> Vec<(String, bool)> {
    client.app().settle().await;
    let answer = client.query(FEED).await;
    let edges = answer.data()["changes"]["edges"].as_array().expect("edges");
    edges
        .iter()
        .map(|edge| &edge["node"])
        .filter(|entry| entry["subjectId"] == *subject)
        .map(|entry| {
            let kind = entry["kind"].as_str().expect("a kind").to_owned();
            (kind, !entry["subject"].is_null())
        })
        .collect()
}

/// A claimant of the agency who agrees that the other agency keeps the file.
async fn moving(app: &TestApp) -> Value {
    let claimant = app.as_agency().registers_with_consent("Moving").await;
    let named = json!({ "anyParty": false, "recipientIds": [organization(app, "other-agency").await],
        "fieldGroups": ["IDENTITY", "CONTACT"] });
    app.as_agency().consents(&claimant, named).await;
    claimant
}

async fn transfer(app: &TestApp, claimant: &Value, version: i64, to: &str) -> Value {
    json!({ "id": claimant, "expectedVersion": version, "organizationId": organization(app, to).await })
}

on_both_databases! {
    async fn a_file_goes_with_the_person_and_with_what_is_still_open(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let claimant = moving(&app).await;
        let closed = agency.sends(&claimant, &app.service()).await;
        app.as_provider().does("referralDecline", &closed, json!({ "reason": "NOT_ELIGIBLE" })).await;
        let open = agency.sends(&claimant, &app.service()).await;
        let name = "identity { givenName } referrals { edges { node { id } } }";
        assert!(other.sees_claimant(&claimant, name).await.is_null());

        let input = transfer(&app, &claimant, 1, "other-agency").await;
        let payload = agency.done("claimantTransfer", input, "claimant { id }").await;
assert!(payload["claimant"].is_null(), "nothing that is still open is the former keeper's");

        let seen = other.sees_claimant(&claimant, name).await;
        assert_eq!(seen["identity"]["givenName"], "Moving");
        assert_eq!(seen["referrals"]["edges"].as_array().map(Vec::len), Some(2));
        let found = "query { claimants(filter: { text: \"moving\" }) { edges { node { id } } } }";
        assert_eq!(other.query(found).await.data()["claimants"]["edges"][0]["node"]["id"], claimant);
        assert_eq!(agency.query(found).await.data()["claimants"]["edges"], json!([]));
        // The new keeper follows what is open; the former keeps what it sent and is closed.
        assert_eq!(other.box_of("OUTBOX").await, std::slice::from_ref(&open.id));
        assert_eq!(agency.box_of("OUTBOX").await, std::slice::from_ref(&closed.id));
        let source = "source { name } claimant { identity { givenName } contactVia { name } }";
        assert_eq!(app.as_provider().sees(&open, source).await["source"]["name"], "Test other-agency");
        assert!(agency.sees(&open, "id").await.is_null());
        assert!(agency.sees(&closed, "claimant { id }").await["claimant"].is_null());
        let moved = other.rereads(&open).await;
        app.as_provider().does("referralAccept", &moved, Value::Null).await;

        // It may not name the person anew: the file is another's now.
        let actions = agency.sees(&closed, "availableActions").await["availableActions"].clone();
        assert!(!actions.as_array().expect("actions").contains(&json!("RESUBMIT")), "{actions}");
        let own = agency.done("serviceSave", json!({ "nameEn": "Help here", "categories": ["EMPLOYMENT"] }), "service { id }").await;
        for service in [own["service"]["id"].clone(), app.other_service()] {
            let again = json!({ "id": closed.id, "serviceId": service });
            assert_eq!(agency.refused("referralResubmit", again).await, "ACTION_NOT_ALLOWED");
        }

        assert!(told(&agency, &claimant).await.contains(&("ACCESS_ENDED".to_owned(), false)));
        assert!(told(&agency, &open.id).await.contains(&("ACCESS_ENDED".to_owned(), false)));
        assert!(told(&other, &claimant).await.contains(&("CLAIMANT_TRANSFERRED".to_owned(), true)));
        assert!(told(&app.as_provider(), &open.id).await.contains(&("REFERRAL_SOURCE_CHANGED".to_owned(), true)));
    }

    async fn a_former_keeper_keeps_nothing_of_what_it_took_on_itself_without_consent(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let claimant = agency.registers("Moving").await;
        let named = json!({ "anyParty": false, "recipientIds": [organization(&app, "other-agency").await],
            "fieldGroups": ["IDENTITY", "CONTACT"] });
        agency.consents(&claimant, named).await;
        let own = agency.done("serviceSave", json!({ "nameEn": "Help here", "categories": ["EMPLOYMENT"] }), "service { id }").await;
        let own = own["service"]["id"].clone();
        let done = agency.sends(&claimant, &own).await;
        let done = agency.does("referralAccept", &done, Value::Null).await;
        let done = agency.does("referralStart", &done, Value::Null).await;
        let done = agency.does("referralComplete", &done, outcome("HOUSED")).await;
        let open = agency.sends(&claimant, &own).await;
        let open = agency.does("referralAccept", &open, Value::Null).await;
        let version = agency.sees_claimant(&claimant, "version").await["version"].as_i64().expect("a version");
        agency.done("claimantTransfer", transfer(&app, &claimant, version, "other-agency").await, "claimant { id }").await;
        assert!(agency.sees_claimant(&claimant, "id municipality needs { id }").await.is_null());
        for kept in [&done, &open] {
            let seen = agency.sees(kept, "claimant { id } outcomes { kind }").await;
            assert!(seen.is_null() || (seen["claimant"].is_null() && seen["outcomes"] == json!([])), "{seen}");
        }
        assert_eq!(other.rereads(&open).await.status, "CANCELLED", "no consent lets the former keeper go on");
        let grants = app.store.unscoped_verify_grants(None, false).await.expect("the grants are compared");
        assert_eq!(grants.differences, []);
    }

    async fn a_former_keeper_reads_no_note_of_the_file(app: TestApp) {
        let agency = app.as_agency();
        let claimant = moving(&app).await;
        let exclusion = json!({ "claimantId": claimant, "organizationId": organization(&app, "far-provider").await,
            "note": "Told in confidence" });
        agency.done("exclusionRecord", exclusion, "exclusion { id }").await;
        let notes = async |client: &Client<'_>| {
            app.settle().await;
            let answer = client.query("{ changes(first: 100) { edges { node { kind note } } } }").await;
            answer.text.matches("Told in confidence").count()
        };
        assert_eq!(notes(&agency).await, 1);
        let version = agency.sees_claimant(&claimant, "version").await["version"].as_i64().expect("a version");
        let input = transfer(&app, &claimant, version, "other-agency").await;
        agency.done("claimantTransfer", input, "claimant { id }").await;
        assert_eq!(notes(&agency).await, 0);
    }

    async fn without_consent_that_names_the_new_keeper_no_file_moves(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Staying").await;
        let to_other = transfer(&app, &claimant, 1, "other-agency").await;
        assert_eq!(agency.refused("claimantTransfer", to_other.clone()).await, "CONSENT_REQUIRED", "a consent for any party is not one for a keeper");
        let named = json!({ "anyParty": false, "recipientIds": [organization(&app, "other-agency").await] });
        agency.consents(&claimant, named.clone()).await;
        assert_eq!(agency.refused("claimantTransfer", to_other.clone()).await, "CONSENT_REQUIRED", "to identity alone");
        let both = merged(named.clone(), json!({ "fieldGroups": ["IDENTITY", "CONTACT"], "expiresAt": "2026-06-02T00:00:00Z" }));
        agency.consents(&claimant, both).await;
        app.clock.advance(chrono::TimeDelta::days(1));
        assert_eq!(agency.refused("claimantTransfer", to_other.clone()).await, "CONSENT_EXPIRED");
        let both = merged(named.clone(), json!({ "fieldGroups": ["IDENTITY", "CONTACT"] }));
        agency.consents(&claimant, both).await;
        app.clock.advance(chrono::TimeDelta::hours(1));
        agency.consents(&claimant, merged(named, json!({ "refused": true, "fieldGroups": [] }))).await;
        assert_eq!(agency.refused("claimantTransfer", to_other).await, "CONSENT_REQUIRED", "a later refusal counts");
        assert_eq!(agency.sees_claimant(&claimant, "version").await["version"], 1, "nothing moved");
    }

    async fn a_file_goes_to_no_ministry_no_closed_organization_and_not_to_its_keeper(app: TestApp) {
        let claimant = moving(&app).await;
        for to in ["ministry", "closed", "agency"] {
            let input = transfer(&app, &claimant, 1, to).await;
            assert_eq!(app.as_agency().refused("claimantTransfer", input).await, "NOT_FOUND", "{to}");
        }
        let stale = transfer(&app, &claimant, 7, "other-agency").await;
        assert_eq!(app.as_agency().refused("claimantTransfer", stale).await, "STALE_VERSION");
    }

    async fn a_party_may_not_hand_a_file_on_and_a_stranger_learns_nothing_of_it(app: TestApp) {
        let claimant = moving(&app).await;
        app.as_agency().sends(&claimant, &app.service()).await;
        let input = transfer(&app, &claimant, 1, "other-provider").await;
        assert_eq!(app.as_provider().refused("claimantTransfer", input.clone()).await, "ROLE_NOT_ALLOWED");
        let stranger = app.client("far-provider");
        let never = merged(input.clone(), json!({ "id": app.missing(NodeType::Claimant) }));
        let (known, unknown) = (stranger.user_error("claimantTransfer", input).await, stranger.user_error("claimantTransfer", never).await);
        assert_eq!(known, unknown);
    }

    async fn a_transfer_that_is_sent_again_is_done_once(app: TestApp) {
        let claimant = moving(&app).await;
        let key = json!({ "idempotencyKey": "00000000-0000-4000-8000-000000000001" });
        let input = merged(transfer(&app, &claimant, 1, "other-agency").await, key);
        for _ in 0..2 {
            let payload = app.as_agency().done("claimantTransfer", input.clone(), "claimant { id }").await;
            assert!(payload["claimant"].is_null());
        }
        assert_eq!(app.client("other-agency").sees_claimant(&claimant, "version").await["version"], 2);
    }

    async fn what_a_disabled_organization_owned_goes_back_to_its_sources_with_a_reason(app: TestApp) {
        let agency = app.as_agency();
        let (requested, taken) = (agency.refers().await, agency.refers().await);
        let taken = app.as_provider().does("referralAccept", &taken, Value::Null).await;
        let elsewhere = agency.sends(&agency.registers_with_consent("Else").await, &app.other_service()).await;
        let mut batches = Vec::new();
        let given_back = app.store.unscoped_disable_organization("provider", |progress| batches.push(progress)).await;
        assert_eq!(given_back.expect("it is disabled"), 2);
        assert_eq!(batches.last().map(|progress| (progress.done, progress.left)), Some((2, 0)));
        for referral in [&requested, &taken] {
            let seen = agency.sees(referral, "status statusReason decidedBy availableActions").await;
            assert_eq!(seen["status"], "CANCELLED");
            assert_eq!(seen["statusReason"], "PROVIDER_CLOSED");
            assert_eq!(seen["decidedBy"], "SYSTEM");
            assert!(seen["availableActions"].as_array().expect("actions").contains(&json!("RESUBMIT")));
        }
        assert_eq!(agency.sees(&elsewhere, "status").await["status"], "REQUESTED");
        assert_eq!(app.as_provider().query("{ viewer { role } }").await.error_code(), "UNAUTHENTICATED");
        let to_it = json!({ "claimantId": agency.registers_with_consent("Late").await, "category": "EMPLOYMENT",
            "serviceId": app.service(), "send": true });
        assert_eq!(agency.refused("referralCreate", to_it).await, "SERVICE_NOT_ACTIVE");
        let again = app.store.unscoped_disable_organization("provider", |_| {}).await;
        assert_eq!(again.expect("a second time changes nothing"), 0);
    }

    async fn the_files_of_an_organization_that_is_no_more_go_to_another(app: TestApp) {
        let agency = app.as_agency();
        let referral = agency.refers().await;
        let alone = agency.registers("Alone").await;
        let never = json!({ "claimantId": alone, "organizationId": organization(&app, "other-agency").await });
        agency.done("exclusionRecord", never, "exclusion { id }").await;
        let to_other = || app.store.unscoped_transfer_claimants("agency", "other-agency", |_| {});
        assert!(matches!(to_other().await, Err(CustodyError::Active(_))), "only consent moves a file of an active keeper");
        app.store.unscoped_disable_organization("agency", |_| {}).await.expect("it is disabled");
        assert_eq!(to_other().await.expect("they are handed on"), HandedOn { done: 1, stay: 1 });
        let other = app.client("other-agency");
        let found = other.query("{ claimants { edges { node { identity { givenName } } } } }").await;
        assert_eq!(found.data()["claimants"]["edges"].as_array().map(Vec::len), Some(1), "whoever excludes it stays");
        assert_eq!(other.box_of("OUTBOX").await, std::slice::from_ref(&referral.id));
        assert_eq!(to_other().await.expect("a second time changes nothing"), HandedOn { done: 0, stay: 1 });
        for (from, to) in [("agency", "agency"), ("agency", "ministry"), ("agency", "closed"), ("nobody", "agency"), ("ministry", "agency")] {
            assert!(app.store.unscoped_transfer_claimants(from, to, |_| {}).await.is_err(), "{from} to {to}");
        }
    }

    async fn a_file_goes_to_nobody_whom_the_person_excludes(app: TestApp) {
        let agency = app.as_agency();
        let (shy, open) = (moving(&app).await, moving(&app).await);
        let exclusion = json!({ "claimantId": shy, "organizationId": organization(&app, "other-agency").await });
        agency.done("exclusionRecord", exclusion, "exclusion { id }").await;
        let input = transfer(&app, &shy, 1, "other-agency").await;
        assert_eq!(agency.refused("claimantTransfer", input).await, "ORGANIZATION_EXCLUDED");
        app.store.unscoped_disable_organization("agency", |_| {}).await.expect("it is disabled");
        let moved = app.store.unscoped_transfer_claimants("agency", "other-agency", |_| {}).await;
        assert_eq!(moved.expect("files are handed on"), HandedOn { done: 1, stay: 1 });
        let other = app.client("other-agency");
        assert_eq!(other.sees_claimant(&shy, "id").await, Value::Null);
        assert_eq!(other.sees_claimant(&open, "id").await["id"], open);
    }
}
