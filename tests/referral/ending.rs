//! Endings that are not the work's own, and what may follow one: cancel, void, resubmit, split, later outcomes.
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{LEFT, because, merged, outcome},
    on_both_databases,
};

on_both_databases! {
    async fn source_and_owner_cancel_and_the_owner_loses_access(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        assert_eq!(provider.may_not("referralCancel", &sent, because("OTHER")).await, "ACTION_NOT_ALLOWED", "it declines");
        assert_eq!(agency.may_not("referralCancel", &sent, because("CONSENT_WITHDRAWN")).await, "REASON_NOT_ALLOWED");
        agency.does("referralCancel", &sent, because("DUPLICATE")).await;
        assert_eq!(provider.sees(&sent, "id").await, Value::Null);
        for canceller in [&agency, &provider] {
            let sent = agency.refers().await;
            let accepted = provider.does("referralAccept", &sent, Value::Null).await;
            let cancelled = canceller.does("referralCancel", &accepted, because("CLAIMANT_MOVED")).await;
            assert_eq!(cancelled.status, "CANCELLED");
            assert_eq!(provider.sees(&sent, "id").await, Value::Null);
            assert_eq!(agency.sees(&sent, "statusReason decidedBy").await, json!({
                "statusReason": "CLAIMANT_MOVED", "decidedBy": "CLAIMANT",
            }));
            assert_eq!(agency.may_not("referralCancel", &cancelled, because("OTHER")).await, "ACTION_NOT_ALLOWED");
        }
    }

    async fn a_void_masks_the_content_and_keeps_the_history(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency
            .creates(json!({ "claimantId": claimant, "serviceId": app.service(), "send": true, "summary": "A cook." }))
            .await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(provider.may_not("referralVoid", &accepted, because("OTHER")).await, "ACTION_NOT_ALLOWED");
        assert_eq!(agency.may_not("referralVoid", &accepted, because("AT_CAPACITY")).await, "REASON_NOT_ALLOWED");
        let voided = agency.does("referralVoid", &accepted, because("DUPLICATE")).await;
        assert_eq!(voided.status, "ENTERED_IN_ERROR");
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        let selection = "status summary claimant { id } claimantAccess availableActions
            history { edges { node { kind version } } }";
        let seen = json!({
            "source": agency.sees(&voided, selection).await, "owner": provider.sees(&voided, selection).await,
        });
        insta::assert_json_snapshot!("a_voided_referral", seen, { ".source.claimant.id" => "[id]" });
        assert_eq!(agency.need_status(&claimant).await, "OPEN");
        assert_eq!(agency.may_not("referralVoid", &voided, because("DUPLICATE")).await, "ACTION_NOT_ALLOWED");
        let draft = agency.creates(json!({})).await;
        agency.does("referralVoid", &draft, because("OTHER")).await;
        assert_eq!(agency.box_of("OUTBOX").await.len(), 2, "history stays");
    }

    async fn what_ended_without_success_is_sent_again_once(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency
            .creates(json!({ "claimantId": claimant, "serviceId": app.service(), "send": true, "summary": "A cook." }))
            .await;
        let again = json!({ "id": sent.id, "serviceId": app.other_service() });
        assert_eq!(agency.refused("referralResubmit", again.clone()).await, "ACTION_NOT_ALLOWED");
        provider.does("referralDecline", &sent, because("NOT_ELIGIBLE")).await;
        assert_eq!(provider.refused("referralResubmit", again.clone()).await, "NOT_FOUND");
        let selection = "referral { id version status summary replaces { id status } owner { name } }";
        let new = agency.done("referralResubmit", again.clone(), selection).await["referral"].clone();
        assert_ne!(new["id"], sent.id);
        assert_eq!(new["replaces"], json!({ "id": sent.id, "status": "REJECTED" }));
        assert_eq!((&new["status"], &new["version"]), (&json!("REQUESTED"), &json!(1)));
        assert_eq!((&new["summary"], &new["owner"]["name"]), (&json!("A cook."), &json!("Test other-provider")));
        assert_eq!(agency.need_status(&claimant).await, "REFERRED");
        let twice = agency.user_error("referralResubmit", again).await;
        assert_eq!(twice["code"], "ALREADY_REPLACED");
        assert_eq!(agency.sees(&sent, "availableActions").await["availableActions"], json!(["VOID"]));
        assert_eq!(app.client("other-provider").sees_id(&new["id"], "replaces { id }").await["replaces"], Value::Null,
            "whoever had no part in the old one does not meet it");
    }

    async fn sending_again_needs_what_sending_needs(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        let consent = agency.consents(&claimant, json!({ "anyParty": false, "recipientKinds": ["EMPLOYMENT_SERVICE"] })).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        provider.does("referralDecline", &sent, because("NOT_ELIGIBLE")).await;
        for (more, code) in [
            (json!({ "serviceId": app.other_service() }), "CONSENT_REQUIRED"),
            (json!({ "serviceId": app.closed_service() }), "SERVICE_NOT_ACTIVE"),
            (json!({ "summary": "Ask for Testa." }), "SUMMARY_IDENTIFIES"),
        ] {
            assert_eq!(agency.refused("referralResubmit", merged(json!({ "id": sent.id }), more)).await, code);
        }
        let beside = agency.sends(&claimant, &app.service()).await;
        assert_eq!(agency.refused("referralResubmit", json!({ "id": sent.id })).await, "DUPLICATE");
        agency.does("referralCancel", &beside, because("OTHER")).await;
        agency.done("consentWithdraw", json!({ "id": consent }), "consent { status }").await;
        assert_eq!(agency.refused("referralResubmit", json!({ "id": sent.id })).await, "CONSENT_REQUIRED");
        agency.consents(&claimant, Value::Null).await;
        agency.done("referralResubmit", json!({ "id": sent.id }), LEFT).await;
    }

    async fn the_owner_refers_the_same_person_on_and_cannot_complete_before_the_child_is_closed(app: TestApp) {
        let (agency, provider, other) = (app.as_agency(), app.as_provider(), app.client("other-provider"));
        let claimant = agency.registers("Testa").await;
        agency.consents(&claimant, json!({ "purposes": ["EMPLOYMENT"] })).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let child = json!({ "category": "HOUSING", "serviceId": app.other_service() });
        assert_eq!(provider.may_not("referralSplit", &sent, child.clone()).await, "ACTION_NOT_ALLOWED");
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(agency.may_not("referralSplit", &accepted, child.clone()).await, "ACTION_NOT_ALLOWED");
        assert_eq!(provider.may_not("referralSplit", &accepted, child.clone()).await, "CONSENT_REQUIRED");
        agency.consents(&claimant, json!({ "purposes": ["HOUSING"], "anyParty": false, "recipientKinds": ["HOUSING"] })).await;
        let selection = "referral { id version status partOf { id } source { name } owner { name } claimant { id } }";
        let split = provider.done("referralSplit", accepted.step(child), selection).await["referral"].clone();
        assert_eq!(split["partOf"]["id"], sent.id);
        assert_eq!(split["claimant"]["id"], claimant);
        assert_eq!((&split["source"]["name"], &split["owner"]["name"]),
            (&json!("Test provider"), &json!("Test other-provider")));
        let parent = provider.rereads(&accepted).await;
        let refusal = provider.user_error("referralComplete", parent.step(outcome("EMPLOYED_FULL_TIME"))).await;
        assert_eq!(refusal["code"], "OPEN_CHILDREN");
        let actions = provider.sees(&parent, "availableActions").await["availableActions"].clone();
        assert!(!actions.as_array().expect("actions").contains(&json!("COMPLETE")), "{actions}");
        let status = agency.sees_id(&split["id"], "status").await;
        assert_eq!(status["status"], "REQUESTED", "the registering organization sees what becomes of its claimant");
        let child = crate::common::journey::Referral::of(&json!({ "referral": split }));
        other.does("referralDecline", &child, because("AT_CAPACITY")).await;
        provider.does("referralComplete", &parent, outcome("EMPLOYED_FULL_TIME")).await;
    }

    async fn a_split_summary_is_held_against_what_the_owner_knows(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let child = json!({ "category": "HOUSING", "serviceId": app.other_service(), "summary": "Ask for Testa." });
        assert_eq!(provider.may_not("referralSplit", &accepted, child).await, "SUMMARY_IDENTIFIES");
    }

    async fn an_outcome_recorded_later_adds_and_never_replaces(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let record = |kind: &str, date: &str| json!({ "referralId": sent.id, "outcome": { "kind": kind, "date": date } });
        assert_eq!(provider.refused("outcomeRecord", record("EMPLOYED_FULL_TIME", "2026-06-01")).await, "ACTION_NOT_ALLOWED");
        provider.does("referralComplete", &accepted, outcome("TRAINING_ENROLLED")).await;
        assert_eq!(agency.refused("outcomeRecord", record("HOUSED", "2026-06-01")).await, "ACTION_NOT_ALLOWED");
        let refusal = provider.user_error("outcomeRecord", record("HOUSED", "2026-06-02")).await;
        assert_eq!(refusal["field"], json!(["input", "outcome", "date"]));
        app.clock.advance(chrono::TimeDelta::days(60));
        let recorded = provider
            .done("outcomeRecord", record("EMPLOYED_FULL_TIME", "2026-07-15"), "referral { status version outcomes { kind } }")
            .await;
        assert_eq!(recorded["referral"], json!({ "status": "COMPLETED", "version": 4, "outcomes": [
            { "kind": "TRAINING_ENROLLED" }, { "kind": "EMPLOYED_FULL_TIME" },
        ] }));
        assert_eq!(agency.sees(&sent, "outcomes { kind }").await["outcomes"].as_array().map(Vec::len), Some(2));
    }
}
