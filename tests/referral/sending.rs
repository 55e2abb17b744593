//! Drafts, and what it takes to send one.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{LEFT, merged},
    on_both_databases,
};

fn addressed(claimant: &Value, service: &Value) -> Value {
    json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": service, "send": true })
}

on_both_databases! {
    async fn a_draft_is_seen_by_its_source_alone(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let draft = agency.creates(json!({ "claimantId": claimant, "serviceId": app.service() })).await;
        assert_eq!(draft.status, "DRAFT");
        assert_eq!(agency.sees(&draft, "phase").await["phase"], "DRAFT");
        assert_eq!(agency.need_status(&claimant).await, "OPEN", "a draft says nothing about the need");
        for other in ["provider", "other-provider", "other-agency", "ministry"] {
            assert_eq!(app.client(other).sees(&draft, "id").await, Value::Null, "{other}");
        }
        assert_eq!(app.as_provider().box_of("ALL").await, [] as [Value; 0]);
        assert_eq!(
            app.as_provider().sees_claimant(&claimant, "id").await,
            Value::Null,
            "a draft discloses nothing"
        );
        let sent = agency.does("referralSend", &draft, Value::Null).await;
        assert_eq!((sent.status.as_str(), sent.version), ("REQUESTED", 2));
        assert_eq!(agency.need_status(&claimant).await, "REFERRED");
        assert_eq!(app.as_provider().box_of("INBOX").await, [sent.id]);
    }

    async fn nothing_is_sent_without_a_consent_that_covers_the_recipient_and_the_need(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let provider = app.public_id(NodeType::Organization, app.world.provider);
        let to = addressed(&claimant, &app.service());
        let refusal = agency.user_error("referralCreate", to.clone()).await;
        assert_eq!(refusal["code"], "CONSENT_REQUIRED");
        assert_eq!(refusal["field"], json!(["input", "claimantId"]));
        let draft = agency.creates(merged(to.clone(), json!({ "send": false }))).await;
        for beside in [
            json!({ "purposes": ["HOUSING"] }),
            json!({ "anyParty": false, "recipientKinds": ["LEGAL", "SETTLEMENT_AGENCY"] }),
            json!({ "anyParty": false, "recipientIds": [app.public_id(NodeType::Organization, app.world.agency)] }),
        ] {
            agency.consents(&claimant, beside).await;
            assert_eq!(agency.may_not("referralSend", &draft, Value::Null).await, "CONSENT_REQUIRED");
        }
        agency.consents(&claimant, json!({ "anyParty": false, "recipientIds": [provider] })).await;
        let sent = agency.does("referralSend", &draft, Value::Null).await;
        assert_eq!(sent.status, "REQUESTED");
        let elsewhere = addressed(&claimant, &app.other_service());
        let elsewhere = merged(elsewhere, json!({ "acknowledgeDuplicate": true }));
        assert_eq!(agency.refused("referralCreate", elsewhere.clone()).await, "CONSENT_REQUIRED");
        agency.consents(&claimant, json!({ "anyParty": false, "recipientKinds": ["HOUSING"] })).await;
        agency.done("referralCreate", elsewhere, LEFT).await;
    }

    async fn an_open_referral_needs_a_consent_that_somebody_could_use(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let openly = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "send": true });
        assert_eq!(agency.refused("referralCreate", openly.clone()).await, "CONSENT_REQUIRED");
        agency.consents(&claimant, Value::Null).await;
        app.clock.advance(chrono::TimeDelta::minutes(1));
        let refusal = agency.consents(&claimant, json!({ "refused": true })).await;
        assert_eq!(
            agency.refused("referralCreate", openly.clone()).await,
            "CONSENT_REQUIRED",
            "whoever could claim it is refused"
        );
        agency.done("consentWithdraw", json!({ "id": refusal }), "consent { status }").await;
        agency.done("referralCreate", openly, LEFT).await;
    }

    async fn an_expired_consent_sends_nothing(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        agency.consents(&claimant, json!({ "expiresAt": "2026-06-02T00:00:00Z" })).await;
        let draft = agency
            .creates(json!({ "claimantId": claimant, "serviceId": app.service() }))
            .await;
        app.clock.advance(chrono::TimeDelta::days(1));
        assert_eq!(agency.may_not("referralSend", &draft, Value::Null).await, "CONSENT_EXPIRED");
        assert_eq!(
            agency.refused("referralCreate", addressed(&claimant, &app.service())).await,
            "CONSENT_EXPIRED"
        );
        assert_eq!(agency.rereads(&draft).await.version, 1, "a refusal changes nothing");
    }

    async fn only_an_active_service_receives_referrals(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let refusal = agency.user_error("referralCreate", addressed(&claimant, &app.closed_service())).await;
        assert_eq!(refusal["code"], "SERVICE_NOT_ACTIVE");
        assert_eq!(refusal["field"], json!(["input", "serviceId"]));
        let draft = agency
            .creates(json!({ "claimantId": claimant, "serviceId": app.closed_service() }))
            .await;
        assert_eq!(agency.may_not("referralSend", &draft, Value::Null).await, "SERVICE_NOT_ACTIVE");
        let missing = app.missing(NodeType::Service);
        assert_eq!(agency.refused("referralCreate", addressed(&claimant, &missing)).await, "NOT_FOUND");
    }

    async fn a_duplicate_among_the_callers_own_rows_must_be_acknowledged(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let to = addressed(&claimant, &app.service());
        let first = agency.creates(merged(to.clone(), json!({ "send": false }))).await;
        let second = agency.creates(to.clone()).await;
        assert_eq!(second.status, "REQUESTED", "a draft is no duplicate");
        let refusal = agency.user_error("referralSend", first.step(Value::Null)).await;
        assert_eq!(refusal["code"], "DUPLICATE");
        assert_eq!(refusal["field"], json!(["input", "acknowledgeDuplicate"]));
        let elsewhere = merged(to.clone(), json!({ "category": "HOUSING" }));
        agency.done("referralCreate", elsewhere, LEFT).await;
        agency.does("referralSend", &first, json!({ "acknowledgeDuplicate": true })).await;
        agency.does("referralCancel", &second, json!({ "reason": "OTHER" })).await;
        agency.done("referralCreate", merged(to, json!({ "acknowledgeDuplicate": true })), LEFT).await;
    }

    async fn somebody_who_is_not_named_is_described_by_five_facts(app: TestApp) {
        let agency = app.as_agency();
        for fact in ["regionId", "language", "interpreterNeeded", "ageBand", "partySize"] {
            let mut facts = app.five_facts();
            facts.as_object_mut().expect("an object").remove(fact);
            let draft = agency.creates(facts.clone()).await;
            assert_eq!(draft.status, "DRAFT", "a draft may lack them");
            let refusal = agency.user_error("referralSend", draft.step(Value::Null)).await;
            assert_eq!(refusal["code"], "FACTS_REQUIRED");
            assert_eq!(refusal["field"], json!(["input", fact]));
            let at_once = merged(facts, json!({ "category": "EMPLOYMENT", "send": true }));
            assert_eq!(agency.refused("referralCreate", at_once).await, "FACTS_REQUIRED");
        }
        let sent = agency.asks_openly().await;
        let seen = app.as_provider().sees(&sent, "claimantAccess claimant { id } partySize language").await;
        assert_eq!(seen, json!({
            "claimantAccess": "SEALED_UNTIL_ACCEPTED", "claimant": null, "partySize": 2, "language": "spa",
        }));
        let seen = agency.sees(&sent, "claimantAccess claimant { id }").await;
        assert_eq!(seen, json!({ "claimantAccess": "ANONYMOUS", "claimant": null }));
    }

    async fn a_summary_that_tells_who_the_claimant_is_goes_nowhere(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.done("claimantRegister", json!({
            "identity": { "givenName": "Testa-Lina", "familyName": "Specimen", "birthDate": "1990-02-03" },
            "contact": { "points": [{ "kind": "PHONE", "value": "+1 555-0100", "safety": "SAFE" }] },
            "identifiers": [{ "kind": "UCI", "value": "1234-5678" }],
        }), "claimant { id }").await["claimant"]["id"].clone();
        agency.consents(&claimant, Value::Null).await;
        let to = addressed(&claimant, &app.service());
        let plain = agency.creates(merged(to.clone(), json!({ "send": false, "summary": "A cook." }))).await;
        for (summary, code) in [
            ("Ms SPECIMEN looks for work", "SUMMARY_IDENTIFIES"),
            ("ask for testa lina", "SUMMARY_IDENTIFIES"),
            ("call 1 555 0100", "SUMMARY_IDENTIFIES"),
            ("born 3 February 1990", "SUMMARY_IDENTIFIES"),
            ("UCI 12345678", "SUMMARY_IDENTIFIES"),
            ("SIN 046 454 286", "SIN_NOT_STORED"),
        ] {
            for send in [true, false] {
                let input = merged(to.clone(), json!({ "summary": summary, "send": send }));
                let refusal = agency.user_error("referralCreate", input).await;
                assert_eq!(refusal["code"], code, "{summary}");
                assert_eq!(refusal["field"], json!(["input", "summary"]));
                let told = refusal["message"].as_str().expect("a message");
                assert!(!told.contains("Testa") && !told.contains("046"), "no message repeats it");
            }
            let code_of_update = agency.may_not("referralUpdate", &plain, json!({ "summary": summary })).await;
            assert_eq!(code_of_update, code, "{summary}");
        }
        let sin_in_note = agency.may_not("referralSend", &plain, json!({ "note": "046454286" })).await;
        assert_eq!(sin_in_note, "SIN_NOT_STORED");
        // The name became known after the draft was written.
        let other = agency.registers_with_consent("Somebody").await;
        let early = agency
            .creates(json!({ "claimantId": other, "serviceId": app.service(), "summary": "Ask for Newname." }))
            .await;
        let input = json!({ "id": other, "expectedVersion": 1, "identity": { "givenName": "Newname" } });
        agency.done("claimantUpdate", input, "claimant { version }").await;
        assert_eq!(agency.may_not("referralSend", &early, Value::Null).await, "SUMMARY_IDENTIFIES");
    }

    async fn the_first_answer_is_due_by_business_days_and_priority(app: TestApp) {
        let agency = app.as_agency();
        let due = async |more: Value| {
            let sent = agency.creates(merged(app.five_facts(), merged(json!({ "send": true }), more))).await;
            agency.sees(&sent, "dueAt overdue").await
        };
        let routine = due(json!({ "priority": "ROUTINE" })).await;
        assert_eq!(routine, due(Value::Null).await, "routine unless said otherwise");
        let urgent = due(json!({ "priority": "URGENT" })).await;
        let named = due(json!({ "dueAt": "2026-06-05T12:00:00Z" })).await;
        insta::assert_json_snapshot!("due_dates", json!({ "routine": routine, "urgent": urgent, "named": named }));
        let past = merged(app.five_facts(), json!({ "category": "EMPLOYMENT", "dueAt": "2026-05-31T12:00:00Z" }));
        assert_eq!(agency.user_error("referralCreate", past).await["field"], json!(["input", "dueAt"]));
    }

    async fn a_referral_names_only_a_claimant_that_its_source_registered(app: TestApp) {
        let claimant = app.as_agency().registers_with_consent("Testa").await;
        let provider = app.as_provider();
        let theirs = addressed(&claimant, &app.other_service());
        let missing = addressed(&app.missing(NodeType::Claimant), &app.other_service());
        let theirs = provider.user_error("referralCreate", theirs).await;
        assert_eq!(theirs, provider.user_error("referralCreate", missing).await);
        assert_eq!(theirs["code"], "NOT_FOUND");
        assert_eq!(theirs["field"], json!(["input", "claimantId"]));
        // Not even once the person is known here.
        let referred = app.as_agency().sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &referred, Value::Null).await;
        assert_eq!(
            provider.refused("referralCreate", addressed(&claimant, &app.other_service())).await,
            "NOT_FOUND"
        );
    }
}
