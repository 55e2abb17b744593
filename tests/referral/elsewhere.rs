//! People whom another organization registered: what a party may not ask about them, and how long, and to whom, it may go
//! on naming them.
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{LEFT, Referral, because, merged, outcome},
    on_both_databases,
    story::{Plot, Story},
};

/// The code with which a step is refused; null where it is done.
async fn code(client: &Client<'_>, mutation: &str, input: Value) -> Value {
    let answer = client.mutate(mutation, input, "").await;
    answer.data()[mutation]["userErrors"][0]["code"].clone()
}

/// A referral that the provider has accepted, of somebody who consents to everything that tests do.
async fn accepted(app: &TestApp) -> Referral {
    let sent = app.as_agency().refers().await;
    app.as_provider()
        .does("referralAccept", &sent, Value::Null)
        .await
}

/// What the provider splits off an accepted referral, for the other provider.
async fn split(app: &TestApp, accepted: &Referral) -> Referral {
    let child = json!({ "category": "HOUSING", "serviceId": app.other_service() });
    app.as_provider()
        .does("referralSplit", accepted, child)
        .await
}

on_both_databases! {
    async fn a_summary_answers_a_party_nothing_that_it_may_not_read(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        for (permission, safe) in [("ANY", json!("SUMMARY_IDENTIFIES")), ("VIA_AGENCY_ONLY", Value::Null), ("PROHIBITED", Value::Null)] {
            let plot = Plot { permission, ..Plot::open("Asked") };
            let story = Story::accepted(&app, plot).await;
            let whole = Referral { id: story.referral.clone(), version: story.version, status: String::new() };
            for (text, told) in [("UnsafeAsked", &Value::Null), ("SafeAsked", &safe), ("Number Asked-7788", &Value::Null), ("GivenAsked", &json!("SUMMARY_IDENTIFIES"))] {
                let parent = provider.rereads(&whole).await;
                let child = |service: Value| parent.step(json!({ "category": "HOUSING", "serviceId": service, "summary": format!("Ask {text}.") }));
                // What the text says is looked at last.
                assert_eq!(code(&provider, "referralSplit", child(json!("none"))).await, "NOT_FOUND", "{permission} {text}");
                assert_eq!(code(&provider, "referralSplit", child(app.closed_service())).await, "SERVICE_NOT_ACTIVE", "{permission} {text}");
                assert_eq!(&code(&provider, "referralSplit", child(app.other_service())).await, told, "{permission} {text}");
            }
            let child = split(&app, &provider.rereads(&whole).await).await;
            for (text, told) in [("SafeAsked", &safe), ("UnsafeAsked", &Value::Null)] {
                let update = provider.rereads(&child).await.step(json!({ "summary": format!("Ask {text}.") }));
                assert_eq!(&code(&provider, "referralUpdate", update).await, told, "{permission} {text}");
            }
            // Whoever registered the person knows all of it.
            for text in ["UnsafeAsked", "SafeAsked", "NumberAsked-7788"] {
                let own = json!({ "claimantId": story.claimant, "category": "EMPLOYMENT", "summary": format!("Ask {text}.") });
                assert_eq!(code(&agency, "referralCreate", own).await, "SUMMARY_IDENTIFIES", "{permission} {text}");
            }
        }
    }

    async fn where_no_point_is_safe_the_agency_is_named_instead(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Unsafe")).await;
        let points = json!([{ "kind": "PHONE", "value": "UnsafeUnsafe", "safety": "UNSAFE" }, { "kind": "EMAIL", "value": "UnknownUnsafe", "safety": "UNKNOWN" }]);
        let contact = json!({ "id": story.claimant, "expectedVersion": 1, "contact": { "permission": "ANY", "points": points } });
        app.as_agency().done("claimantUpdate", contact, "claimant { id }").await;
        let seen = app.as_provider().sees_claimant(&story.claimant, "contact { points { value } } contactAccess contactVia { name }").await;
        assert_eq!(seen, json!({ "contact": null, "contactAccess": "CONSENT_REQUIRED", "contactVia": { "name": "Test agency" } }));
    }

    async fn what_was_split_off_is_sent_again_only_while_its_parent_is_worked_on(app: TestApp) {
        let (provider, other) = (app.as_provider(), app.client("other-provider"));
        let parent = accepted(&app).await;
        let mut child = split(&app, &parent).await;
        let actions = async |of: &Referral| provider.sees(of, "availableActions partOf { id }").await;
        for _ in 0..2 {
            let declined = other.does("referralDecline", &child, because("NOT_ELIGIBLE")).await;
            let seen = actions(&declined).await;
            assert!(seen["availableActions"].as_array().expect("actions").contains(&json!("RESUBMIT")), "{seen}");
            let again = provider.done("referralResubmit", json!({ "id": declined.id }), LEFT).await;
            child = Referral::of(&again);
            assert_eq!(actions(&child).await["partOf"]["id"], parent.id, "it goes on being a part");
        }
        let parent = provider.rereads(&parent).await;
        assert_eq!(provider.may_not("referralComplete", &parent, outcome("HOUSED")).await, "OPEN_CHILDREN");
        let declined = other.does("referralDecline", &child, because("NOT_ELIGIBLE")).await;
        provider.does("referralComplete", &parent, outcome("HOUSED")).await;
        let seen = actions(&declined).await;
        assert!(!seen["availableActions"].as_array().expect("actions").contains(&json!("RESUBMIT")), "{seen}");
        assert_eq!(provider.refused("referralResubmit", json!({ "id": declined.id })).await, "ACTION_NOT_ALLOWED");
    }

    async fn nobody_splits_sends_or_reroutes_a_person_to_itself_whom_another_registered(app: TestApp) {
        let (provider, other) = (app.as_provider(), app.client("other-provider"));
        let parent = accepted(&app).await;
        let own = json!({ "category": "HOUSING", "serviceId": app.service() });
        let refusal = provider.user_error("referralSplit", parent.step(own.clone())).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("RECIPIENT_IS_SELF"), &json!(["input", "serviceId"])));
        let in_french = app.as_provider().in_french().user_error("referralSplit", parent.step(own)).await;
        assert_ne!(in_french["message"], refusal["message"]);
        let child = split(&app, &parent).await;
        let back = json!({ "serviceId": app.service(), "reason": "OTHER" });
        assert_eq!(provider.may_not("referralReroute", &child, back).await, "RECIPIENT_IS_SELF");
        let declined = other.does("referralDecline", &child, because("NOT_ELIGIBLE")).await;
        let again = json!({ "id": declined.id, "serviceId": app.service() });
        assert_eq!(provider.refused("referralResubmit", again).await, "RECIPIENT_IS_SELF");
        // Of nobody named, or of a person of its own, it may.
        let nobody = merged(app.five_facts(), json!({ "send": true, "serviceId": app.service() }));
        let nobody = app.as_agency().creates(nobody).await;
        let nobody = provider.does("referralAccept", &nobody, Value::Null).await;
        provider.does("referralSplit", &nobody, json!({ "category": "HOUSING", "serviceId": app.service() })).await;
        let walked_in = provider.registers("Testb").await;
        provider.sends(&walked_in, &app.service()).await;
    }

    async fn that_a_consent_expired_is_told_to_the_organization_that_keeps_it(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        agency.consents(&claimant, json!({ "purposes": ["EMPLOYMENT"] })).await;
        agency.consents(&claimant, json!({ "purposes": ["HOUSING"], "expiresAt": "2026-06-02T00:00:00Z" })).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        app.clock.advance(chrono::TimeDelta::days(2));
        for service in [app.other_service(), Value::Null] {
            let split = |category: &str| accepted.step(json!({ "category": category, "serviceId": service }));
            let expired = provider.user_error("referralSplit", split("HOUSING")).await;
            let never = provider.user_error("referralSplit", split("HEALTH")).await;
            assert_eq!(expired["code"], "CONSENT_REQUIRED");
            assert_eq!(expired, never);
            let own = json!({ "claimantId": claimant, "category": "HOUSING", "serviceId": service, "send": true });
            assert_eq!(agency.refused("referralCreate", own).await, "CONSENT_EXPIRED");
        }
    }

    async fn what_should_never_have_been_is_listed_under_its_person_for_its_source_alone(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let wrong = agency.sends(&claimant, &app.service()).await;
        let wrong = agency.does("referralVoid", &provider.does("referralAccept", &wrong, Value::Null).await, because("OTHER")).await;
        let right = agency.sends(&claimant, &app.service()).await;
        let listed = async |client: &Client<'_>| {
            let seen = client.sees_claimant(&claimant, "referrals { edges { node { id } } }").await;
            let edges = seen["referrals"]["edges"].as_array().expect("edges").clone();
            edges.into_iter().map(|edge| edge["node"]["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(provider.sees(&wrong, "claimant { id }").await, json!({ "claimant": null }));
        assert_eq!(listed(&provider).await, std::slice::from_ref(&right.id));
        assert_eq!(listed(&agency).await, [right.id, wrong.id]);
    }
}
