//! Consent: recorded, refused, withdrawn, expired by the clock; and what opens to whom because of it.
use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, because, merged},
    on_both_databases,
    story::{Plot, Story},
};

const CONSENT: &str = "status purposes fieldGroups recipients { name } recipientKinds anyParty method language interpreter
    givenBy givenAt expiresAt withdrawnAt";
const SEALED: &str = "identityAccess identity { fullName } contactAccess contact { permission points { value safety note } }
    contactVia { name } consents { status }";

/// A claimant with a contact that anybody may use, sent to the provider under this consent.
async fn referred(app: &TestApp, consent: Value) -> (Value, Referral) {
    let agency = app.as_agency();
    let claimant = agency
        .done(
            "claimantRegister",
            json!({
                "identity": { "givenName": "Testa", "familyName": "Specimen" },
                "contact": { "permission": "ANY", "points": [
                    { "kind": "PHONE", "value": "+1 555-0100", "safety": "SAFE", "note": "After six." },
                    { "kind": "EMAIL", "value": "testa@example.org", "safety": "UNSAFE" },
                    { "kind": "POSTAL", "value": "1 Example Street", "safety": "UNKNOWN" },
                ] },
            }),
            "claimant { id }",
        )
        .await["claimant"]["id"]
        .clone();
    agency.consents(&claimant, consent).await;
    let sent = agency.sends(&claimant, &app.service()).await;
    (claimant, sent)
}

on_both_databases! {
    async fn a_consent_says_what_it_is_for_and_to_whom(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.done("claimantRegister", json!({ "ageBand": "UNDER_12" }), "claimant { id }").await["claimant"]["id"].clone();
        let provider = app.public_id(NodeType::Organization, app.world.provider);
        let input = json!({
            "claimantId": claimant, "purposes": ["EMPLOYMENT", "TRAINING"], "fieldGroups": ["IDENTITY", "CONTACT"],
            "recipientIds": [provider], "recipientKinds": ["HOUSING"], "method": "WRITTEN", "language": "spa",
            "interpreter": "PROFESSIONAL", "givenBy": "REPRESENTATIVE", "authority": "A power of attorney.",
            "givenAt": "2026-05-30T12:00:00Z", "expiresAt": "2027-05-30T12:00:00Z",
        });
        let recorded = agency.done("consentRecord", input, &format!("consent {{ {CONSENT} }}")).await;
        insta::assert_json_snapshot!("a_consent", recorded["consent"]);
    }

    async fn a_consent_that_says_too_little_or_too_much_is_refused(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let usual = json!({
            "claimantId": claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": ["IDENTITY"], "anyParty": true, "method": "VERBAL",
        });
        for (more, code, field) in [
            (json!({ "purposes": [] }), "NOTHING_CONSENTED", "purposes"),
            (json!({ "anyParty": false }), "NOTHING_CONSENTED", "purposes"),
            (json!({ "recipientIds": [app.missing(NodeType::Organization)] }), "NOT_FOUND", "recipientIds"),
            (json!({ "givenAt": "2026-06-01T14:00:01Z" }), "IN_FUTURE", "givenAt"),
            (json!({ "expiresAt": "2026-06-01T14:00:00Z" }), "IN_PAST", "expiresAt"),
            (json!({ "language": "Spanish" }), "INVALID", "language"),
            (json!({ "givenBy": "REPRESENTATIVE" }), "AUTHORITY_REQUIRED", "authority"),
            (json!({ "givenBy": "REPRESENTATIVE", "authority": "SIN 046454286" }), "SIN_NOT_STORED", "authority"),
            (json!({ "claimantId": app.missing(NodeType::Claimant) }), "NOT_FOUND", "claimantId"),
        ] {
            let refusal = agency.user_error("consentRecord", merged(usual.clone(), more)).await;
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &json!(["input", field])));
        }
        assert_eq!(agency.sees_claimant(&claimant, "consents { id }").await["consents"], json!([]));
    }

    async fn from_the_age_of_consent_only_the_person_speaks(app: TestApp) {
        let agency = app.as_agency();
        for (age_band, allowed) in [
            (json!("UNDER_12"), true), (json!("FROM_12_TO_15"), true), (json!("FROM_16_TO_17"), false),
            (json!("AGE_18"), false), (json!("FROM_65"), false),
        ] {
            let claimant = agency.done("claimantRegister", json!({ "ageBand": age_band }), "claimant { id }").await;
            let input = json!({
                "claimantId": claimant["claimant"]["id"], "purposes": ["EMPLOYMENT"], "fieldGroups": [], "anyParty": true,
                "method": "VERBAL", "givenBy": "GUARDIAN",
            });
            let by_another = merged(input.clone(), json!({ "givenBy": "REPRESENTATIVE", "authority": "A power of attorney." }));
            if allowed {
                agency.done("consentRecord", by_another, "consent { givenBy }").await;
                agency.done("consentRecord", input, "consent { givenBy }").await;
            } else {
                for input in [&input, &by_another] {
                    let refusal = agency.user_error("consentRecord", input.clone()).await;
                    assert_eq!(refusal["code"], "CONSENT_OWN_REQUIRED", "{age_band}");
                    assert_eq!(refusal["field"], json!(["input", "givenBy"]));
                }
                agency.done("consentRecord", merged(input, json!({ "givenBy": "SELF" })), "consent { givenBy }").await;
            }
        }
    }

    async fn identity_opens_after_acceptance_with_consent(app: TestApp) {
        let provider = app.as_provider();
        let (claimant, sent) = referred(&app, json!({ "fieldGroups": ["IDENTITY"] })).await;
        let before = provider.sees_claimant(&claimant, SEALED).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let after = provider.sees_claimant(&claimant, SEALED).await;
        insta::assert_json_snapshot!("identity_by_consent", json!({ "before": before, "after": after }));
        for stranger in ["other-provider", "other-agency", "ministry"] {
            let client = app.client(stranger);
            if stranger == "ministry" {
                let answer = client.ask("query($id: ID!) { claimant(id: $id) { id } }", json!({ "id": claimant })).await;
                assert_eq!(answer.error_code(), "FORBIDDEN");
            } else {
                assert_eq!(client.sees_claimant(&claimant, "id").await, Value::Null, "{stranger}");
            }
        }
    }

    async fn contact_opens_with_the_persons_permission_and_at_safe_points_only(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, json!({ "fieldGroups": ["CONTACT"] })).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let open = provider.sees_claimant(&claimant, SEALED).await;
        let mut by_permission = Vec::new();
        for (version, permission) in [(1, "VIA_AGENCY_ONLY"), (2, "PROHIBITED")] {
            let contact = json!({ "permission": permission, "points": [{ "kind": "PHONE", "value": "+1 555-0100", "safety": "SAFE" }] });
            agency.done("claimantUpdate", json!({ "id": claimant, "expectedVersion": version, "contact": contact }), "claimant { id }").await;
            by_permission.push(provider.sees_claimant(&claimant, SEALED).await);
        }
        insta::assert_json_snapshot!("contact_by_permission", json!({ "any": open, "otherwise": by_permission }));
        let own = agency.sees_claimant(&claimant, "contactAccess contact { permission } contactVia { name }").await;
        assert_eq!(own, json!({ "contactAccess": "GRANTED", "contact": { "permission": "PROHIBITED" }, "contactVia": null }));
    }

    async fn a_consent_recorded_while_the_work_goes_on_opens_at_once(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, json!({ "fieldGroups": [] })).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let access = async || provider.sees_claimant(&claimant, "identityAccess").await["identityAccess"].clone();
        assert_eq!(access().await, "CONSENT_REQUIRED");
        agency.consents(&claimant, json!({ "purposes": ["HOUSING"] })).await;
        assert_eq!(access().await, "CONSENT_REQUIRED", "for another need");
        agency.consents(&claimant, json!({ "anyParty": false, "recipientKinds": ["HOUSING"] })).await;
        assert_eq!(access().await, "CONSENT_REQUIRED", "for others");
        agency.consents(&claimant, Value::Null).await;
        assert_eq!(access().await, "GRANTED");
    }

    async fn needs_open_in_the_categories_that_consent_covers(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        for category in ["EMPLOYMENT", "HOUSING", "HEALTH"] {
            agency.needs(&claimant, category).await;
        }
        agency.consents(&claimant, Value::Null).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let needs = async || provider.sees_claimant(&claimant, "needs { category }").await["needs"].clone();
        assert_eq!(needs().await, json!([{ "category": "EMPLOYMENT" }]), "this referral's");
        provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(needs().await, json!([{ "category": "HOUSING" }, { "category": "EMPLOYMENT" }]));
    }

    async fn a_need_of_which_the_person_says_no_closes_whatever_else_is_worked_on(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        for category in ["EMPLOYMENT", "HOUSING"] {
            agency.needs(&claimant, category).await;
        }
        agency.consents(&claimant, Value::Null).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let needs = async || provider.sees_claimant(&claimant, "needs { category }").await["needs"].clone();
        assert_eq!(needs().await.as_array().map(Vec::len), Some(2));
        app.clock.advance(TimeDelta::minutes(1));
        agency.consents(&claimant, json!({ "refused": true, "purposes": ["HOUSING"] })).await;
        assert_eq!(needs().await, json!([{ "category": "EMPLOYMENT" }]));
        let found = "{ claimants(filter: { needCategory: HOUSING, needStatus: OPEN }) { edges { node { id } } } }";
        assert_eq!(provider.query(found).await.data()["claimants"]["edges"], json!([]));
        assert_eq!(agency.rereads(&sent).await.status, "ACCEPTED");
    }

    async fn whoever_passed_a_person_on_reads_nothing_of_it_that_the_person_wishes_no_more(app: TestApp) {
        let (agency, provider, other) = (app.as_agency(), app.as_provider(), app.client("other-provider"));
        let mut story = Story::accepted(&app, Plot::open("Passed")).await;
        let input = json!({ "id": story.referral, "expectedVersion": story.version, "category": "HOUSING",
            "serviceId": app.other_service() });
        let split = provider.done("referralSplit", input, "referral { id version }").await;
        story.take(&split["referral"]);
        story.act(&other, "referralAccept", json!({})).await;
        let story = story.spoken_between(&app, "provider", "other-provider").await;
        let between = "claimant { id } messages { edges { node { body } } } appointments { place } outcomes { note }";
        let read = async |client: &Client<'_>| client.sees_id(&story.referral, between).await.to_string();
        for client in [&provider, &other, &agency] {
            assert!(read(client).await.contains("SaidPassed"));
        }
        app.clock.advance(TimeDelta::minutes(1));
        let provider_alone = json!({ "claimantId": story.claimant, "purposes": ["EMPLOYMENT", "HOUSING"], "fieldGroups": ["IDENTITY"], "refused": true,
            "anyParty": false, "recipientIds": [app.public_id(NodeType::Organization, app.world.provider)], "method": "VERBAL" });
        agency.done("consentRecord", provider_alone, "consent { id }").await;
        let kept = provider.sees_id(&story.referral, &format!("status {between}")).await;
        assert_eq!(kept["status"], "ACCEPTED", "what it sent it follows");
        for told in ["SaidPassed", "PlacePassed", story.claimant.as_str().expect("an id")] {
            assert!(!kept.to_string().contains(told), "{told}: {kept}");
        }
        for client in [&other, &agency] {
            assert!(read(client).await.contains("SaidPassed"));
        }
    }

    async fn what_consent_opened_closes_when_it_expires(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, json!({ "expiresAt": "2026-06-03T00:00:00Z" })).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let selection = "identityAccess identity { fullName }";
        assert_eq!(provider.sees_claimant(&claimant, selection).await["identity"]["fullName"], "Testa Specimen");
        app.clock.set("2026-06-02T23:59:59Z".parse().expect("a time"));
        assert_eq!(provider.sees_claimant(&claimant, selection).await["identityAccess"], "GRANTED");
        app.clock.set("2026-06-03T00:00:00Z".parse().expect("a time"));
        let lapsed = json!({ "identityAccess": "CONSENT_EXPIRED", "identity": null });
        assert_eq!(provider.sees_claimant(&claimant, selection).await, lapsed);
        assert_eq!(agency.sees_claimant(&claimant, "consents { status }").await["consents"], json!([{ "status": "EXPIRED" }]));
        let started = provider.does("referralStart", &accepted, Value::Null).await;
        assert_eq!(started.status, "IN_PROGRESS", "the referral goes on");
    }

    async fn a_party_keeps_what_it_saw_for_a_while_after_completion(app: TestApp) {
        let provider = app.as_provider();
        let (claimant, sent) = referred(&app, Value::Null).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        provider.does("referralComplete", &accepted, crate::common::journey::outcome("HOUSED")).await;
        let access = async || provider.sees_claimant(&claimant, "identityAccess").await;
        app.clock.advance(TimeDelta::days(90) - TimeDelta::seconds(1));
        assert_eq!(access().await["identityAccess"], "GRANTED");
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(access().await, Value::Null);
    }

    async fn withdrawal_hides_at_once_and_cancels_what_depended_on_it(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let consent = agency.consents(&claimant, json!({ "purposes": ["EMPLOYMENT"] })).await;
        agency.consents(&claimant, json!({ "purposes": ["HOUSING"] })).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let other = json!({ "category": "HOUSING", "claimantId": claimant, "serviceId": app.other_service(), "send": true });
        let other = agency.creates(other).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let withdrawn = agency
            .done("consentWithdraw", json!({ "id": consent, "note": "By telephone." }), "consent { status withdrawnAt }")
            .await;
        assert_eq!(withdrawn["consent"], json!({ "status": "WITHDRAWN", "withdrawnAt": "2026-06-01T14:00:00Z" }));
        assert_eq!(provider.sees(&sent, "id").await, Value::Null);
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        let selection = "status statusReason decidedBy history { edges { node { kind reason organization { name } } } }";
        insta::assert_json_snapshot!("the_registering_organization_sees_a_withdrawal", agency.sees(&sent, selection).await);
        assert_eq!(agency.need_status(&claimant).await, "OPEN");
        assert_eq!(agency.rereads(&other).await.status, "REQUESTED", "this one another consent covers");
        assert_eq!(agency.refused("consentWithdraw", json!({ "id": consent })).await, "ALREADY_WITHDRAWN");
        app.settle().await;
        let told = provider.query("{ changes(first: 100) { edges { node { kind reason note subject { id } } } } }").await;
        insta::assert_json_snapshot!("the_feed_of_a_party_after_a_withdrawal", told.data()["changes"]["edges"]);
    }

    async fn a_source_that_did_not_register_the_person_is_told_of_a_cancellation_without_reason(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        agency.consents(&claimant, json!({ "purposes": ["EMPLOYMENT"] })).await;
        let housing = agency.consents(&claimant, json!({ "purposes": ["HOUSING"] })).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let child = accepted.step(json!({ "category": "HOUSING", "serviceId": app.other_service() }));
        let child = Referral::of(&provider.done("referralSplit", child, crate::common::journey::LEFT).await);
        agency.done("consentWithdraw", json!({ "id": housing }), "consent { status }").await;
        let selection = "status statusReason decidedBy history { edges { node { kind reason note organization { name } } } }";
        insta::assert_json_snapshot!("a_cancellation_without_reason", provider.sees(&child, selection).await);
        assert_eq!(agency.sees(&child, "statusReason").await["statusReason"], "CONSENT_WITHDRAWN");
        assert_eq!(provider.rereads(&accepted).await.status, "ACCEPTED");
    }

    async fn an_open_referral_ends_with_the_last_consent_that_carried_it(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let consent = agency.consents(&claimant, Value::Null).await;
        let open = agency.creates(json!({ "claimantId": claimant, "send": true })).await;
        assert_eq!(app.as_provider().box_of("OPEN").await.len(), 1);
        agency.done("consentWithdraw", json!({ "id": consent }), "consent { status }").await;
        assert_eq!(app.as_provider().box_of("OPEN").await, [] as [Value; 0]);
        assert_eq!(agency.rereads(&open).await.status, "CANCELLED");
    }

    async fn a_refusal_ends_what_a_consent_began_and_a_later_consent_begins_anew(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, Value::Null).await;
        app.clock.advance(TimeDelta::minutes(1));
        let housing = json!({ "refused": true, "purposes": ["HOUSING"] });
        agency.consents(&claimant, housing).await;
        assert_eq!(agency.rereads(&sent).await.status, "REQUESTED", "it refuses something else");
        let refusal = json!({ "refused": true, "fieldGroups": [], "anyParty": false });
        agency.consents(&claimant, refusal).await;
        assert_eq!(agency.rereads(&sent).await.status, "CANCELLED", "a refusal that names nobody is meant for everybody");
        let statuses = agency.sees_claimant(&claimant, "consents { status }").await;
        assert_eq!(statuses["consents"], json!([{ "status": "ACTIVE" }, { "status": "REFUSED" }, { "status": "REFUSED" }]));
        let to = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": app.service(), "send": true });
        assert_eq!(agency.refused("referralCreate", to.clone()).await, "CONSENT_REQUIRED");
        app.clock.advance(TimeDelta::minutes(1));
        agency.consents(&claimant, Value::Null).await;
        let again = agency.creates(to).await;
        provider.does("referralAccept", &again, Value::Null).await;
        assert_eq!(provider.sees_claimant(&claimant, "identityAccess").await["identityAccess"], "GRANTED");
    }

    async fn a_party_opens_nothing_to_itself_but_records_that_the_person_refuses(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, Value::Null).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let more = json!({
            "claimantId": claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": ["CONTACT"], "anyParty": true, "method": "VERBAL",
        });
        let refusal = provider.user_error("consentRecord", more.clone()).await;
        assert_eq!(refusal["code"], "CONSENT_WIDENS_SELF");
        assert_eq!(provider.sees_claimant(&claimant, "contactAccess").await["contactAccess"], "CONSENT_REQUIRED");
        app.clock.advance(TimeDelta::minutes(1));
        let recorded = provider.done("consentRecord", merged(more, json!({ "refused": true })), "consent { id }").await;
        assert_eq!(recorded["consent"], Value::Null, "its own access has ended with it");
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        let seen = agency.sees_claimant(&claimant, "consents { status } referrals { edges { node { status } } }").await;
        assert_eq!(seen["consents"][1]["status"], "REFUSED");
        assert_eq!(seen["referrals"]["edges"][0]["node"]["status"], "CANCELLED");
    }

    async fn a_party_withdraws_the_consent_that_covers_it_and_sees_no_other(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, json!({ "anyParty": false, "recipientKinds": ["EMPLOYMENT_SERVICE", "HEALTH"] })).await;
        let beside = agency.consents(&claimant, json!({ "anyParty": false, "recipientKinds": ["HEALTH"] })).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let seen = provider.sees_claimant(&claimant, "consents { id recipientKinds }").await["consents"].clone();
        assert_eq!(seen.as_array().map(Vec::len), Some(1), "those that name or cover it");
        assert_eq!(seen[0]["recipientKinds"], json!(["EMPLOYMENT_SERVICE"]), "and in them itself alone");
        for none in [&beside, &app.missing(NodeType::Consent)] {
            assert_eq!(provider.refused("consentWithdraw", json!({ "id": none })).await, "NOT_FOUND");
        }
        provider.done("consentWithdraw", json!({ "id": seen[0]["id"] }), "consent { id }").await;
        assert_eq!(agency.rereads(&sent).await.status, "CANCELLED");
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
    }

    async fn whoever_does_not_know_the_person_records_and_withdraws_nothing(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let consent = agency.consents(&claimant, Value::Null).await;
        let record = |claimant: &Value| json!({
            "claimantId": claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": [], "anyParty": true, "method": "VERBAL",
            "refused": true,
        });
        for (who, code) in [
            ("provider", "NOT_FOUND"), ("other-agency", "NOT_FOUND"), ("ministry", "FORBIDDEN"), ("", "UNAUTHENTICATED"),
        ] {
            let client = if who.is_empty() { app.anonymous() } else { app.client(who) };
            for (mutation, there, missing) in [
                ("consentRecord", record(&claimant), record(&app.missing(NodeType::Claimant))),
                ("consentWithdraw", json!({ "id": consent }), json!({ "id": app.missing(NodeType::Consent) })),
            ] {
                let there = client.mutate(mutation, there, "consent { id }").await;
                let missing = client.mutate(mutation, missing, "consent { id }").await;
                crate::common::journey::assert_same_answer(&there, &missing, mutation);
                if code == "NOT_FOUND" {
                    assert_eq!(there["data"][mutation]["userErrors"][0]["code"], code, "{who}");
                } else {
                    assert_eq!(there.error_code(), code, "{who}");
                }
            }
        }
        assert_eq!(agency.sees_claimant(&claimant, "consents { status }").await["consents"], json!([{ "status": "ACTIVE" }]));
    }

    async fn declining_and_cancelling_close_what_was_open(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, Value::Null).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(provider.sees_claimant(&claimant, "identityAccess").await["identityAccess"], "GRANTED");
        let second = json!({ "claimantId": claimant, "serviceId": app.service(), "send": true, "acknowledgeDuplicate": true });
        let second = agency.creates(second).await;
        provider.does("referralDecline", &second, because("DUPLICATE")).await;
        assert_eq!(provider.sees_claimant(&claimant, "identityAccess").await["identityAccess"], "GRANTED", "the first goes on");
        agency.does("referralCancel", &accepted, because("CLAIMANT_MOVED")).await;
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
    }

    async fn a_guardians_consent_ends_on_the_birthday_by_the_clock(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let born = |date: &str, precision: &str| {
            json!({ "givenName": "Testa", "birthDate": date, "birthDatePrecision": precision })
        };
        let child = json!({ "ageBand": "FROM_12_TO_15", "identity": born("2010-06-20", "DAY") });
        let child = agency.done("claimantRegister", child, "claimant { id }").await["claimant"]["id"].clone();
        agency.consents(&child, json!({ "givenBy": "GUARDIAN", "authority": "Parent" })).await;
        let sent = agency.sends(&child, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let access = async || provider.sees_claimant(&child, "identityAccess").await["identityAccess"].clone();
        let status = async || agency.sees_claimant(&child, "consents { status }").await["consents"][0]["status"].clone();
        app.clock.set("2026-06-20T03:59:59Z".parse().expect("a time"));
        assert_eq!((access().await, status().await), (json!("GRANTED"), json!("ACTIVE")));
        app.clock.set("2026-06-20T04:00:00Z".parse().expect("a time"));
        assert_eq!((access().await, status().await), (json!("CONSENT_EXPIRED"), json!("EXPIRED")), "midnight in Toronto");
        let seen = provider.sees_claimant(&child, "consents { status expiresAt }").await;
        assert_eq!(seen["consents"], json!([{ "status": "EXPIRED", "expiresAt": null }]), "the day is not told");

        // An earlier day that the date may mean is taken; a later one opens again.
        for (version, birth, expected) in [
            (1, born("2010-07-20", "DAY"), "GRANTED"),
            (2, born("2010-06-25", "MONTH"), "CONSENT_EXPIRED"),
            (3, born("2011-12-31", "YEAR"), "GRANTED"),
        ] {
            let input = json!({ "id": child, "expectedVersion": version, "identity": birth });
            agency.done("claimantUpdate", input, "claimant { id }").await;
            assert_eq!(access().await, expected, "{version}");
        }
        // Without a birth date the age band is all there is.
        let older = json!({ "id": child, "expectedVersion": 4, "identity": { "givenName": "Testa" }, "ageBand": "FROM_16_TO_17" });
        agency.done("claimantUpdate", older, "claimant { id }").await;
        assert_eq!(access().await, "CONSENT_EXPIRED");
    }

    async fn a_birth_date_says_more_of_the_age_than_a_band(app: TestApp) {
        let agency = app.as_agency();
        for (birth_date, age_band, allowed) in [
            ("2010-06-01", "FROM_12_TO_15", false), ("2010-06-02", "FROM_16_TO_17", true), ("2014-01-01", "FROM_25_TO_54", true),
        ] {
            let input = json!({ "ageBand": age_band, "identity": { "givenName": "Testa", "birthDate": birth_date } });
            let claimant = agency.done("claimantRegister", input, "claimant { id }").await["claimant"]["id"].clone();
            let input = json!({ "claimantId": claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": [], "anyParty": true,
                "method": "VERBAL", "givenBy": "GUARDIAN" });
            if allowed {
                agency.done("consentRecord", input, "consent { id }").await;
            } else {
                assert_eq!(agency.refused("consentRecord", input).await, "CONSENT_OWN_REQUIRED", "sixteen today");
            }
        }
    }

    async fn a_relative_who_interprets_draws_a_warning(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let input = |interpreter: &str| json!({ "claimantId": claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": [],
            "anyParty": true, "method": "VERBAL", "interpreter": interpreter });
        let selection = "consent { status } warnings { code message }";
        let warned = agency.done("consentRecord", input("FAMILY"), selection).await;
        let french = app.as_agency().in_french().done("consentRecord", input("FAMILY"), selection).await;
        insta::assert_json_snapshot!("a_relative_interprets", json!({ "english": warned, "french": french }));
        let professional = agency.done("consentRecord", input("PROFESSIONAL"), selection).await;
        assert_eq!(professional["warnings"], json!([]));
    }

    async fn a_party_records_a_refusal_and_cannot_take_it_back(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (claimant, sent) = referred(&app, Value::Null).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let refusal = json!({ "claimantId": claimant, "purposes": ["HOUSING"], "fieldGroups": [], "method": "VERBAL", "refused": true });
        provider.done("consentRecord", refusal, "consent { id }").await;
        let refused = agency.sees_claimant(&claimant, "consents { id status }").await["consents"][1].clone();
        assert_eq!(refused["status"], "REFUSED");
        let take_back = json!({ "id": refused["id"] });
        let mine = provider.mutate("consentWithdraw", take_back.clone(), "consent { id }").await;
        let never = json!({ "id": app.missing(NodeType::Consent) });
        let never = provider.mutate("consentWithdraw", never, "consent { id }").await;
        crate::common::journey::assert_same_answer(&mine, &never, "it would open more to itself");
        agency.done("consentWithdraw", take_back, "consent { id }").await;
    }

    async fn a_party_reads_nothing_that_was_written_once_its_tenure_is_over(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let noted = json!({ "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01", "note": "Outcome." }], "note": "Done." });
        let finished = async || {
            let claimant = agency.registers_with_consent("Testa").await;
            let input = json!({ "claimantId": claimant, "serviceId": app.service(), "send": true, "summary": "Summary." });
            let sent = agency.creates(input).await;
            let accepted = provider.does("referralAccept", &sent, Value::Null).await;
            provider.does("referralComplete", &accepted, noted.clone()).await
        };
        let (long_ago, voided) = (finished().await, finished().await);
        agency.does("referralVoid", &voided, json!({ "reason": "DUPLICATE", "note": "Twice." })).await;
        app.settle().await;
        let selection = "summary statusReason decidedBy outcomes { note } history { edges { node { note reason } } }";
        let feed = "{ changes(first: 100) { edges { node { note reason } } } }";
        let texts = async |of: &Referral| provider.sees(of, selection).await.to_string();
        let before = texts(&long_ago).await;
        assert!(["Summary.", "Outcome.", "Done."].iter().all(|text| before.contains(text)), "{before}");
        for told in [texts(&voided).await, provider.sees(&voided, "statusReason").await.to_string()] {
            assert!(!["Summary.", "Outcome.", "Done.", "Twice.", "DUPLICATE"].iter().any(|text| told.contains(text)), "{told}");
        }
        app.clock.advance(TimeDelta::days(90) - TimeDelta::seconds(1));
        assert_eq!(texts(&long_ago).await, before);
        app.clock.advance(TimeDelta::seconds(1));
        for told in [texts(&long_ago).await, provider.query(feed).await.text] {
            assert!(!["Summary.", "Outcome.", "Done.", "Twice."].iter().any(|text| told.contains(text)), "{told}");
        }
        let own = agency.sees(&long_ago, selection).await.to_string();
        assert!(["Summary.", "Outcome.", "Done."].iter().all(|text| own.contains(text)), "{own}");
        let own = agency.sees(&voided, selection).await.to_string();
        assert!(own.contains("Twice.") && own.contains("DUPLICATE") && !own.contains("Summary."), "{own}");
    }
}
