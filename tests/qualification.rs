//! Qualifications, language abilities, claim status and the right to work: saved by the registering organization, opened
//! to a party step by step.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{assert_same_answer, merged, outcome},
    on_both_databases,
};

const SKILLS: &str = "qualifications { nocCode title years country level recognition regulator }
    languageAbilities { language listening speaking reading writing assessedOn } qualificationsAccess";
const STATUS: &str = "claimStatus { stage workPermitExpiresOn } claimStatusAccess
    workAuthorization { state expiresOn } workAuthorizationAccess identifiers { last4 } identifiersAccess";

/// Somebody with a trade, two languages and a work permit.
async fn registered(app: &TestApp) -> Value {
    let agency = app.as_agency();
    let claimant = agency.registers("Testa").await;
    let status = json!({ "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": "2027-03-01" });
    let identifiers = json!([{ "kind": "UCI", "value": "0000-1234" }]);
    let input = json!({ "id": claimant, "expectedVersion": 1, "claimStatus": status, "identifiers": identifiers });
    agency
        .done("claimantUpdate", input, "claimant { id }")
        .await;
    let trade = json!({ "claimantId": claimant, "nocCode": "72310", "title": "Carpenter", "years": 8, "country": "Colombia",
        "level": "Trade certificate", "recognition": "IN_ASSESSMENT", "regulator": "Skilled Trades Ontario" });
    agency
        .done("qualificationSave", trade, "claimant { id }")
        .await;
    for (language, level) in [("eng", 4), ("fra", 2)] {
        let ability = json!({ "claimantId": claimant, "language": language, "listening": level, "speaking": level,
            "assessedOn": "2026-05-01" });
        agency
            .done("languageAbilitySave", ability, "claimant { id }")
            .await;
    }
    claimant
}

on_both_databases! {
    async fn a_party_sees_skills_and_the_right_to_work_step_by_step(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let selection = format!("{SKILLS} {STATUS}");
        let claimant = registered(&app).await;
        let groups = json!({ "fieldGroups": ["QUALIFICATIONS", "WORK_AUTHORIZATION", "CLAIM_STATUS", "IDENTIFIERS"] });
        let consent = agency.consents(&claimant, groups).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let asked = provider.sees_claimant(&claimant, &selection).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let accepted = provider.sees_claimant(&claimant, &selection).await;
        agency.consents(&claimant, json!({ "fieldGroups": [] })).await;
        agency.done("consentWithdraw", json!({ "id": consent }), "consent { id }").await;
        let withdrawn = provider.sees_claimant(&claimant, &selection).await;
        let own = agency.sees_claimant(&claimant, &selection).await;
        insta::assert_json_snapshot!("skills_step_by_step",
            json!({ "own": own, "asked": asked, "accepted": accepted, "withdrawn": withdrawn }));
        assert_eq!(app.client("other-provider").sees_claimant(&claimant, &selection).await, Value::Null);
    }

    async fn only_a_settlement_agency_with_consent_sees_the_claim_status(app: TestApp) {
        let (agency, outside) = (app.as_agency(), app.client("other-agency"));
        let claimant = registered(&app).await;
        agency.consents(&claimant, json!({ "fieldGroups": ["IDENTITY"] })).await;
        let intake = json!({ "nameEn": "Intake", "categories": ["EMPLOYMENT"], "languages": ["eng"] });
        let intake = outside.done("serviceSave", intake, "service { id }").await["service"]["id"].clone();
        let sent = agency.sends(&claimant, &intake).await;
        let access = async || outside.sees_claimant(&claimant, "claimStatus { stage } claimStatusAccess").await;
        assert_eq!(access().await, json!({ "claimStatus": null, "claimStatusAccess": "SEALED_UNTIL_ACCEPTED" }));
        outside.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(access().await, json!({ "claimStatus": null, "claimStatusAccess": "CONSENT_REQUIRED" }));
        agency.consents(&claimant, json!({ "fieldGroups": ["CLAIM_STATUS"] })).await;
        let open = json!({ "claimStatus": { "stage": "REFERRED_TO_IRB" }, "claimStatusAccess": "GRANTED" });
        assert_eq!(access().await, open);
    }

    async fn work_is_allowed_until_the_permit_ends(app: TestApp) {
        let agency = app.as_agency();
        let claimant = registered(&app).await;
        let state = async || {
            agency.sees_claimant(&claimant, "workAuthorization { state }").await["workAuthorization"]["state"].clone()
        };
        assert_eq!(state().await, "YES");
        app.clock.set("2027-03-02T04:59:59Z".parse().expect("a time"));
        assert_eq!(state().await, "YES", "it is still the last day in Toronto");
        app.clock.set("2027-03-02T05:00:00Z".parse().expect("a time"));
        assert_eq!(state().await, "NO");
        let nothing_known = agency.registers("Testb").await;
        let seen = agency.sees_claimant(&nothing_known, "workAuthorization { state expiresOn }").await;
        assert_eq!(seen["workAuthorization"], json!({ "state": "UNKNOWN", "expiresOn": null }));
    }

    async fn a_qualification_changes_by_its_id_and_a_language_by_its_code(app: TestApp) {
        let agency = app.as_agency();
        let claimant = registered(&app).await;
        let selection = format!("claimant {{ qualifications {{ id }} {SKILLS} }}");
        let id = agency.sees_claimant(&claimant, "qualifications { id }").await["qualifications"][0]["id"].clone();
        let change = json!({ "claimantId": claimant, "id": id, "title": "Cabinet maker", "years": null, "recognition": "RECOGNIZED" });
        agency.done("qualificationSave", change, &selection).await;
        let change = json!({ "claimantId": claimant, "language": "eng", "speaking": 7, "assessedOn": null });
        let done = agency.done("languageAbilitySave", change, &format!("claimant {{ {SKILLS} }}")).await;
        insta::assert_json_snapshot!("skills_changed", done["claimant"]);
    }

    async fn what_no_register_has_is_refused(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let trade = json!({ "claimantId": claimant, "title": "Carpenter" });
        for (more, code, field) in [
            (json!({ "nocCode": "2123" }), "INVALID", "nocCode"),
            (json!({ "nocCode": "29231" }), "INVALID", "nocCode"),
            (json!({ "nocCode": "61010" }), "INVALID", "nocCode"),
            (json!({ "title": " " }), "REQUIRED", "title"),
            (json!({ "years": 81 }), "OUT_OF_RANGE", "years"),
            (json!({ "country": "x".repeat(101) }), "TOO_LONG", "country"),
            (json!({ "id": app.missing(NodeType::Qualification) }), "NOT_FOUND", "id"),
        ] {
            let refusal = agency.user_error("qualificationSave", merged(trade.clone(), more)).await;
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &json!(["input", field])));
        }
        let ability = json!({ "claimantId": claimant, "language": "eng" });
        for (more, code, field) in [
            (json!({ "language": "English" }), "INVALID", "language"),
            (json!({ "reading": 0 }), "OUT_OF_RANGE", "reading"),
            (json!({ "writing": 13 }), "OUT_OF_RANGE", "writing"),
            (json!({ "assessedOn": "2026-06-02" }), "IN_FUTURE", "assessedOn"),
        ] {
            let refusal = agency.user_error("languageAbilitySave", merged(ability.clone(), more)).await;
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &json!(["input", field])));
        }
        let seen = agency.sees_claimant(&claimant, "qualifications { id } languageAbilities { language }").await;
        assert_eq!(seen, json!({ "qualifications": [], "languageAbilities": [] }));
    }

    async fn the_recognition_of_a_qualification_follows_its_outcomes(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        agency.consents(&claimant, json!({ "purposes": ["CREDENTIAL_RECOGNITION", "EMPLOYMENT"] })).await;
        for (title, recognition) in [("Nurse", "NOT_STARTED"), ("Carpenter", "RECOGNIZED")] {
            let input = json!({ "claimantId": claimant, "title": title, "recognition": recognition });
            agency.done("qualificationSave", input, "claimant { id }").await;
        }
        let known = async || {
            let seen = app.as_agency().sees_claimant(&claimant, "qualifications { recognition }").await;
            seen["qualifications"].as_array().expect("qualifications").iter()
                .map(|each| each["recognition"].as_str().expect("a status").to_owned()).collect::<Vec<_>>().join(" ")
        };
        let assessor = json!({ "nameEn": "Assessment", "categories": ["CREDENTIAL_RECOGNITION"] });
        let assessor = provider.done("serviceSave", assessor, "service { id }").await["service"]["id"].clone();
        let refers = async |category: &str, service: &Value| {
            let to = json!({ "claimantId": claimant, "category": category, "serviceId": service, "send": true });
            provider.does("referralAccept", &agency.creates(to).await, Value::Null).await
        };
        let work = refers("EMPLOYMENT", &app.service()).await;
        provider.does("referralComplete", &work, outcome("CREDENTIAL_RECOGNIZED")).await;
        assert_eq!(known().await, "NOT_STARTED RECOGNIZED", "hearsay: the referral is about something else");
        let assessed = refers("CREDENTIAL_RECOGNITION", &assessor).await;
        let done = provider.does("referralComplete", &assessed, outcome("CREDENTIAL_STARTED")).await;
        assert_eq!(known().await, "IN_ASSESSMENT RECOGNIZED");
        let later = json!({ "referralId": done.id, "outcome": { "kind": "CREDENTIAL_RECOGNIZED", "date": "2026-06-01" } });
        provider.done("outcomeRecord", later.clone(), "referral { id }").await;
        assert_eq!(known().await, "RECOGNIZED RECOGNIZED");
        for title in ["Baker", "Cook"] {
            agency.done("qualificationSave", json!({ "claimantId": claimant, "title": title }), "claimant { id }").await;
        }
        provider.done("outcomeRecord", later, "referral { id }").await;
        assert_eq!(known().await, "RECOGNIZED RECOGNIZED NOT_STARTED NOT_STARTED", "either could be meant");
        app.settle().await;
        let feed = "{ changes(first: 100) { edges { node { kind organization { name } } } } }";
        let moved = agency.query(feed).await.data()["changes"]["edges"].as_array().expect("edges").iter()
            .filter(|edge| edge["node"] == json!({ "kind": "QUALIFICATION_SAVED", "organization": { "name": "Test provider" } }))
            .count();
        assert_eq!(moved, 2, "whose outcome it was");
        assert!(!provider.query(feed).await.text.contains("QUALIFICATION_SAVED"), "and nobody else learns what it changed");
    }

    async fn nobody_else_saves_them(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        for (mutation, more) in [
            ("qualificationSave", json!({ "title": "Carpenter" })),
            ("languageAbilitySave", json!({ "language": "eng" })),
        ] {
            let of = |claimant: &Value| merged(json!({ "claimantId": claimant }), more.clone());
            assert_eq!(provider.refused(mutation, of(&claimant)).await, "ROLE_NOT_ALLOWED");
            let stranger = app.client("other-agency");
            let theirs = stranger.mutate(mutation, of(&claimant), "claimant { id }").await;
            let never = stranger.mutate(mutation, of(&app.missing(NodeType::Claimant)), "claimant { id }").await;
            assert_same_answer(&theirs, &never, mutation);
        }
    }
}
