//! Who comes to own a request: by claiming an open one, or because it is addressed anew.
use std::slice::from_ref;

use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{because, merged},
    on_both_databases,
};

const HISTORY: &str = "history { edges { node { kind fromStatus toStatus reason note organization { name } version } } }";

/// A new service of the caller's organization; its id.
async fn opens_service(client: &Client<'_>, more: Value) -> Value {
    let usual = json!({ "nameEn": "Another", "nameFr": "Autre", "categories": ["EMPLOYMENT"] });
    client
        .done("serviceSave", merged(usual, more), "service { id }")
        .await["service"]["id"]
        .clone()
}

on_both_databases! {
    async fn an_open_referral_is_offered_to_whoever_fits_and_says_nothing_of_the_person(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let openly = json!({ "claimantId": claimant, "send": true, "summary": "A cook.", "partySize": 3 });
        let sent = agency.creates(openly).await;
        let selection = "status phase category summary claimantAccess claimant { id } need { id } language
            interpreterNeeded ageBand partySize region { code } source { name } owner { name } availableActions";
        let seen = app.as_provider().sees(&sent, selection).await;
        insta::assert_json_snapshot!("an_open_referral_as_an_eligible_provider_sees_it", seen);
        for eligible in ["provider", "other-provider"] {
            assert_eq!(app.client(eligible).box_of("OPEN").await, from_ref(&sent.id), "{eligible}");
        }
        for (other, why) in [("far-provider", "another region"), ("other-agency", "no service"), ("agency", "its own")] {
            assert_eq!(app.client(other).box_of("OPEN").await, [] as [Value; 0], "{why}");
        }
        assert_eq!(
            app.as_provider().sees_claimant(&claimant, "id").await,
            Value::Null,
            "whoever might claim does not know for whom"
        );
    }

    async fn an_eligible_provider_claims_with_a_service_of_its_own_that_fits(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let sent = agency.creates(json!({ "claimantId": claimant, "send": true })).await;
        let elsewhere = opens_service(&provider, json!({ "categories": ["LEGAL"] })).await;
        let in_other_language = opens_service(&provider, json!({ "languages": ["ukr"] })).await;
        let missing = app.missing(NodeType::Service);
        for (service, why) in [
            (elsewhere, "another need"),
            (app.closed_service(), "not active"),
            (app.other_service(), "of another organization"),
            (missing, "there is none"),
        ] {
            let refusal = provider.user_error("referralClaim", sent.step(json!({ "serviceId": service }))).await;
            assert_eq!(refusal["code"], "SERVICE_REQUIRED", "{why}");
            assert_eq!(refusal["field"], json!(["input", "serviceId"]));
        }
        // An interpreter bridges what a service does not speak.
        let claimed = provider.does("referralClaim", &sent, json!({ "serviceId": in_other_language })).await;
        assert_eq!(claimed.status, "REQUESTED");
        let seen = agency.sees(&claimed, "owner { name } service { name }").await;
        assert_eq!(seen, json!({ "owner": { "name": "Test provider" }, "service": { "name": "Another" } }));
        assert_eq!(provider.box_of("INBOX").await, from_ref(&sent.id));
        assert_eq!(app.client("other-provider").sees(&sent, "id").await, Value::Null, "it is open no more");
        provider.does("referralAccept", &claimed, Value::Null).await;
    }

    async fn a_service_for_another_region_or_language_claims_nothing(app: TestApp) {
        let (agency, far) = (app.as_agency(), app.client("far-provider"));
        let facts = json!({ "send": true, "regionId": app.northern(), "language": "ukr", "interpreterNeeded": false });
        let open = agency.creates(merged(app.five_facts(), facts)).await;
        assert_eq!(far.box_of("OPEN").await, [] as [Value; 0], "it speaks English and French");
        let speaking = opens_service(&far, json!({ "languages": ["ukr"] })).await;
        assert_eq!(far.box_of("OPEN").await, from_ref(&open.id));
        let northern = json!({ "serviceId": app.northern_service() });
        assert_eq!(far.may_not("referralClaim", &open, northern).await, "SERVICE_REQUIRED", "another service fits, this does not");
        far.does("referralClaim", &open, json!({ "serviceId": speaking })).await;
    }

    async fn the_service_that_claims_is_found_where_none_is_named(app: TestApp) {
        let provider = app.as_provider();
        let sent = app.as_agency().asks_openly().await;
        let claimed = provider.does("referralClaim", &sent, Value::Null).await;
        assert_eq!(provider.sees(&claimed, "service { name }").await["service"]["name"], "Job search");
    }

    async fn without_consent_a_claim_is_answered_as_one_that_came_too_late(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        agency.consents(&claimant, json!({ "anyParty": false, "recipientKinds": ["HOUSING"] })).await;
        let sent = agency.creates(json!({ "claimantId": claimant, "send": true })).await;
        let provider = app.as_provider();
        let without_consent = provider.mutate("referralClaim", sent.step(Value::Null), "referral { id }").await;
        assert_eq!(without_consent["data"]["referralClaim"]["userErrors"][0]["code"], "CLAIM_TOO_LATE");
        app.client("other-provider").does("referralClaim", &sent, Value::Null).await;
        let too_late = provider.mutate("referralClaim", sent.step(Value::Null), "referral { id }").await;
        let missing = json!({ "id": app.missing(NodeType::Referral), "expectedVersion": 1 });
        let missing = provider.mutate("referralClaim", missing, "referral { id }").await;
        assert_eq!(without_consent.data(), too_late.data());
        assert_eq!(without_consent.data(), missing.data());
    }

    async fn whoever_is_not_eligible_claims_nothing(app: TestApp) {
        let sent = app.as_agency().asks_openly().await;
        for (who, code) in [
            ("far-provider", "CLAIM_TOO_LATE"), ("other-agency", "CLAIM_TOO_LATE"), ("agency", "CLAIM_TOO_LATE"),
        ] {
            assert_eq!(app.client(who).may_not("referralClaim", &sent, Value::Null).await, code, "{who}");
        }
        let ministry = app.as_ministry().mutate("referralClaim", sent.step(Value::Null), "").await;
        assert_eq!(ministry.error_code(), "FORBIDDEN");
        assert_eq!(app.as_agency().rereads(&sent).await.version, 1);
    }

    async fn the_source_addresses_a_request_anew_and_the_old_owner_loses_access(app: TestApp) {
        let agency = app.as_agency();
        let (provider, other) = (app.as_provider(), app.client("other-provider"));
        let claimant = agency.registers_with_consent("Testa").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let assigned = provider.does("referralAssign", &sent, json!({ "assignee": "worker-7" })).await;
        let moved = agency
            .does("referralReroute", &assigned, json!({
                "serviceId": app.other_service(), "reason": "WRONG_SERVICE", "note": "Nearer.",
            }))
            .await;
        assert_eq!(moved.status, "REQUESTED");
        assert_eq!(provider.sees(&moved, "id").await, Value::Null);
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        let seen = other.sees(&moved, &format!("assignee {HISTORY}")).await;
        insta::assert_json_snapshot!("history_as_the_new_owner_sees_it", seen);
        assert_eq!(other.sees_claimant(&claimant, "identityAccess").await["identityAccess"], "SEALED_UNTIL_ACCEPTED");
        app.settle().await;
        let told = provider.query("{ changes(first: 100) { edges { node { kind version subject { id } } } } }").await;
        let told = told.data()["changes"]["edges"].clone();
        let last = &told[told.as_array().expect("a feed").len() - 1]["node"];
        assert_eq!(last, &json!({ "kind": "ACCESS_ENDED", "version": 3, "subject": null }));
        other.does("referralAccept", &moved, Value::Null).await;
    }

    async fn a_new_address_needs_consent_a_reason_and_an_active_service(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        agency.consents(&claimant, json!({ "anyParty": false, "recipientKinds": ["EMPLOYMENT_SERVICE"] })).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        for (more, code) in [
            (json!({ "serviceId": app.other_service(), "reason": "OTHER" }), "CONSENT_REQUIRED"),
            (json!({ "serviceId": app.northern_service(), "reason": "DUPLICATE" }), "REASON_NOT_ALLOWED"),
            (json!({ "serviceId": app.northern_service(), "reason": "CONSENT_WITHDRAWN" }), "REASON_NOT_ALLOWED"),
            (json!({ "serviceId": app.closed_service(), "reason": "OTHER" }), "SERVICE_NOT_ACTIVE"),
            (json!({ "serviceId": app.missing(NodeType::Service), "reason": "OTHER" }), "NOT_FOUND"),
        ] {
            assert_eq!(agency.may_not("referralReroute", &sent, more).await, code);
        }
        assert_eq!(app.as_provider().rereads(&sent).await.version, 1, "the owner has lost nothing");
        let open = agency.does("referralReroute", &sent, json!({ "reason": "OUT_OF_AREA" })).await;
        assert_eq!(agency.sees(&open, "owner { name } service { name }").await, json!({ "owner": null, "service": null }));
        let north = json!({ "serviceId": app.northern_service(), "reason": "OUT_OF_AREA" });
        let north = agency.does("referralReroute", &open, north).await;
        let accepted = app.client("far-provider").does("referralAccept", &north, Value::Null).await;
        let late = agency.may_not("referralReroute", &accepted, because("OTHER")).await;
        assert_eq!(late, "ACTION_NOT_ALLOWED");
        assert_eq!(
            app.client("far-provider").may_not("referralReroute", &accepted, because("OTHER")).await,
            "ACTION_NOT_ALLOWED"
        );
    }

    async fn the_ministry_asks_the_source_and_learns_nothing_from_the_answer(app: TestApp) {
        let (agency, ministry) = (app.as_agency(), app.as_ministry());
        let covered = agency.registers_with_consent("Testa").await;
        let uncovered = agency.registers("Testo").await;
        agency.consents(&uncovered, json!({ "anyParty": false, "recipientKinds": ["EMPLOYMENT_SERVICE"] })).await;
        let ask = json!({ "serviceId": app.other_service(), "reason": "AT_CAPACITY", "note": "There is room." });
        let mut answers = Vec::new();
        for claimant in [&covered, &uncovered] {
            let sent = agency.sends(claimant, &app.service()).await;
            let answer = ministry
                .mutate("referralReroute", sent.step(ask.clone()), "referral { status version owner { name } availableActions }")
                .await;
            answers.push(answer.data()["referralReroute"].clone());
            let seen = agency.sees(&sent, HISTORY).await;
            let asked = &seen["history"]["edges"][1]["node"];
            assert_eq!(asked["kind"], "REROUTE_REQUESTED");
            assert_eq!(asked["note"], "There is room.");
            assert_eq!(app.as_provider().rereads(&sent).await.version, 1, "nothing changes");
            agency.does("referralCancel", &sent, because("OTHER")).await;
        }
        assert_eq!(answers[0], answers[1], "whatever the consents");
        insta::assert_json_snapshot!("the_ministry_asks_for_another_address", answers[0]);
        let sent = agency.refers().await;
        let north = app.client("ministry-north").may_not("referralReroute", &sent, ask.clone()).await;
        assert_eq!(north, "NOT_FOUND", "it is bound to another region");
        let accepted = app.as_provider().does("referralAccept", &sent, Value::Null).await;
        assert_eq!(ministry.may_not("referralReroute", &accepted, ask).await, "ACTION_NOT_ALLOWED");
    }
}
