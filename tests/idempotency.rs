//! The same call twice: with a key it is done once, however often and however late it is repeated.
use chrono::TimeDelta;
use sea_orm::prelude::Uuid;
use serde_json::{Value, json};

use crate::common::{
    app::{Answer, Client, TestApp},
    journey::{LEFT, because, merged},
    on_both_databases,
};

fn key() -> Value {
    json!({ "idempotencyKey": Uuid::now_v7() })
}

/// The payload of a mutation that may be repeated.
async fn calls(client: &Client<'_>, mutation: &str, input: &Value) -> Value {
    let answer = client.mutate(mutation, input.clone(), LEFT).await;
    answer.data()[mutation].clone()
}

fn code(answer: &Answer, mutation: &str) -> Value {
    answer["data"][mutation]["userErrors"][0]["code"].clone()
}

on_both_databases! {
    async fn the_same_key_twice_gives_the_same_referral_once(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let to = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": app.service(), "send": true });
        let input = merged(to.clone(), key());
        let first = calls(&agency, "referralCreate", &input).await;
        assert_eq!(first["userErrors"], json!([]));
        for _ in 0..3 {
            assert_eq!(calls(&agency, "referralCreate", &input).await, first);
        }
        assert_eq!(agency.box_of("OUTBOX").await.len(), 1);
        let twice = merged(to, json!({ "acknowledgeDuplicate": true }));
        agency.done("referralCreate", twice.clone(), LEFT).await;
        agency.done("referralCreate", twice, LEFT).await;
        assert_eq!(agency.box_of("OUTBOX").await.len(), 3, "without a key each call counts");
    }

    async fn every_step_is_done_once_and_its_replay_tells_where_the_referral_is_now(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let accept = sent.step(key());
        let accepted = calls(&provider, "referralAccept", &accept).await;
        assert_eq!(accepted["referral"]["status"], "ACCEPTED");
        assert_eq!(calls(&provider, "referralAccept", &accept).await, accepted, "and not STALE_VERSION");
        let start = json!({ "id": sent.id, "expectedVersion": accepted["referral"]["version"] });
        provider.done("referralStart", start, LEFT).await;
        let replayed = calls(&provider, "referralAccept", &accept).await;
        assert_eq!(replayed["referral"]["status"], "IN_PROGRESS", "what it reads is of today");
        assert_eq!(replayed["userErrors"], json!([]));
        let history = agency.sees(&sent, "history { edges { node { kind } } }").await;
        assert_eq!(history["history"]["edges"].as_array().map(Vec::len), Some(3));
    }

    async fn other_input_under_the_same_key_is_refused(app: TestApp) {
        let agency = app.as_agency();
        let key = key();
        let create = merged(json!({ "category": "EMPLOYMENT" }), key.clone());
        let draft = agency.creates(create).await;
        for (mutation, input) in [
            ("referralCreate", merged(json!({ "category": "HOUSING" }), key.clone())),
            ("referralCreate", merged(json!({ "category": "EMPLOYMENT", "summary": "A cook." }), key.clone())),
            ("referralVoid", merged(draft.step(because("OTHER")), key.clone())),
            ("claimantRegister", key.clone()),
        ] {
            let answer = agency.mutate(mutation, input, "").await;
            let refusal = &answer["data"][mutation]["userErrors"][0];
            assert_eq!(refusal["code"], "IDEMPOTENCY_KEY_REUSED", "{mutation}");
            assert_eq!(refusal["field"], json!(["input", "idempotencyKey"]));
        }
        assert_eq!(agency.box_of("OUTBOX").await, [draft.id]);
    }

    async fn a_refusal_does_not_use_the_key_up(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let input = merged(
            json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": app.service(), "send": true }),
            key(),
        );
        let refused = agency.mutate("referralCreate", input.clone(), LEFT).await;
        assert_eq!(code(&refused, "referralCreate"), "CONSENT_REQUIRED");
        agency.consents(&claimant, Value::Null).await;
        let done = calls(&agency, "referralCreate", &input).await;
        assert_eq!(done["referral"]["status"], "REQUESTED");
        let other = merged(input, json!({ "category": "HOUSING" }));
        let reused = agency.mutate("referralCreate", other, LEFT).await;
        assert_eq!(code(&reused, "referralCreate"), "IDEMPOTENCY_KEY_REUSED");
    }

    async fn a_key_belongs_to_one_client_of_one_organization(app: TestApp) {
        let agency = app.as_agency();
        let input = merged(json!({ "category": "EMPLOYMENT" }), key());
        let first = agency.creates(input.clone()).await;
        let colleague = app.client_as("agency", "another-client").creates(input.clone()).await;
        let elsewhere = app.client("other-agency").creates(input.clone()).await;
        assert_ne!(first.id, colleague.id);
        assert_ne!(first.id, elsewhere.id);
        assert_eq!(agency.creates(input).await.id, first.id);
        assert_eq!(agency.box_of("OUTBOX").await.len(), 2);
    }

    async fn a_replay_reads_under_the_rights_of_today(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        let consent = agency.consents(&claimant, Value::Null).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let accept = sent.step(key());
        let selection = "referral { status claimant { identity { fullName } } }";
        let then = provider.done("referralAccept", accept.clone(), selection).await;
        assert_eq!(then["referral"]["claimant"]["identity"]["fullName"], "Testa Specimen");
        agency.done("consentWithdraw", json!({ "id": consent }), "consent { status }").await;
        let now = provider.done("referralAccept", accept, selection).await;
        assert_eq!(now["referral"], Value::Null);
        let record = merged(
            json!({ "claimantId": claimant, "purposes": ["HOUSING"], "fieldGroups": [], "anyParty": true, "method": "VERBAL" }),
            key(),
        );
        let first = agency.done("consentRecord", record.clone(), "consent { id }").await;
        assert_eq!(agency.done("consentRecord", record, "consent { id }").await, first);
    }

    async fn two_calls_with_one_key_at_the_same_time_make_one_referral(app: TestApp) {
        let agency = app.as_agency();
        for round in 1..=8 {
            let input = merged(json!({ "category": "EMPLOYMENT" }), key());
            let answers = futures_util::future::join_all(
                (0..4).map(|_| agency.mutate("referralCreate", input.clone(), "referral { id }")),
            )
            .await;
            let mut made = Vec::new();
            for answer in &answers {
                match code(answer, "referralCreate").as_str() {
                    None => made.push(answer.data()["referralCreate"]["referral"]["id"].to_string()),
                    Some(told) => assert_eq!(told, "IDEMPOTENCY_IN_PROGRESS", "it may be told to try again"),
                }
            }
            made.dedup();
            assert_eq!(made.len(), 1, "one referral for whoever was answered");
            assert_eq!(agency.box_of("OUTBOX").await.len(), round);
        }
    }

    async fn a_key_is_still_known_after_six_days(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let create = merged(json!({ "category": "EMPLOYMENT" }), key());
        let draft = agency.creates(create.clone()).await;
        let sent = agency.refers().await;
        let accept = sent.step(key());
        provider.done("referralAccept", accept.clone(), LEFT).await;
        app.clock.advance(TimeDelta::days(6));
        assert_eq!(agency.creates(create).await.id, draft.id);
        assert_eq!(calls(&provider, "referralAccept", &accept).await["userErrors"], json!([]));
        assert_eq!(agency.box_of("OUTBOX").await.len(), 2);
    }

    async fn claimants_needs_services_and_outcomes_are_made_once_as_well(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let register = merged(json!({ "identity": { "givenName": "Testa" } }), key());
        let first = agency.done("claimantRegister", register.clone(), "claimant { id }").await;
        assert_eq!(agency.done("claimantRegister", register, "claimant { id }").await, first);
        let claimant = first["claimant"]["id"].clone();
        let need = merged(json!({ "claimantId": claimant, "category": "EMPLOYMENT" }), key());
        for _ in 0..2 {
            let needs = agency.done("needRecord", need.clone(), "claimant { needs { id } }").await;
            assert_eq!(needs["claimant"]["needs"].as_array().map(Vec::len), Some(1));
        }
        let service = merged(json!({ "nameEn": "Mentoring" }), key());
        let first = provider.done("serviceSave", service.clone(), "service { id version }").await;
        assert_eq!(provider.done("serviceSave", service, "service { id version }").await, first);
        let accepted = provider.does("referralAccept", &agency.refers().await, Value::Null).await;
        let completed = provider.does("referralComplete", &accepted, crate::common::journey::outcome("HOUSED")).await;
        let later = json!({ "referralId": completed.id, "outcome": { "kind": "HOUSED", "date": "2026-06-01" } });
        let later = merged(later, key());
        for _ in 0..2 {
            let recorded = provider.done("outcomeRecord", later.clone(), "referral { outcomes { id } }").await;
            assert_eq!(recorded["referral"]["outcomes"].as_array().map(Vec::len), Some(2));
        }
    }
}
