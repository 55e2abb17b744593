//! Claimants and their needs, as the organization that registered them keeps them.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{assert_same_answer, ids, merged},
    on_both_databases,
};

const WHOLE: &str = "region { code } municipality locationProtected language officialLanguage interpreterNeeded ageBand
    identity { fullName givenName familyName preferredName birthDate birthDatePrecision gender } identityAccess
    contact { permission points { kind value safety shared mayLeaveMessage note } } contactAccess contactVia { name }
    identifiers { kind last4 expiresOn } identifiersAccess
    claimStatus { stage since rpcdExpiresOn workPermitExpiresOn sinSeries9 sinExpiresOn ifhpProof } claimStatusAccess
    workAuthorization { state expiresOn } workAuthorizationAccess needs { category } consents { status } version";

fn everything(app: &TestApp) -> Value {
    json!({
        "regionId": app.central(), "municipality": "Exampleton", "locationProtected": true, "language": "spa",
        "officialLanguage": "FR", "interpreterNeeded": true, "ageBand": "FROM_25_TO_54",
        "identity": { "givenName": "Testa-Lina", "familyName": "Spécimen", "preferredName": "Tess",
                      "birthDate": "1990-02-03", "birthDatePrecision": "MONTH", "gender": "woman" },
        "contact": { "points": [{ "kind": "PHONE", "value": "+1 555-0100", "safety": "SAFE", "shared": true,
                                  "mayLeaveMessage": true, "note": "After six." }] },
        "identifiers": [{ "kind": "UCI", "value": "12 3456 7890" }, { "kind": "RPCD", "value": "TEST-004217", "expiresOn": "2028-01-01" }],
        "claimStatus": { "stage": "REFERRED_TO_IRB", "since": "2026-03-01", "rpcdExpiresOn": "2028-01-01",
                         "workPermitExpiresOn": "2027-12-31", "sinSeries9": true, "sinExpiresOn": "2027-12-31", "ifhpProof": true },
    })
}

/// The names of those whom a search finds, by given name.
async fn found(app: &TestApp, who: &str, filter: Value) -> Vec<String> {
    let query = "query($filter: ClaimantFilter) { claimants(filter: $filter) { edges { node { identity { givenName } } } } }";
    let answer = app
        .client(who)
        .ask(query, json!({ "filter": filter }))
        .await;
    let edges = answer.data()["claimants"]["edges"]
        .as_array()
        .expect("edges")
        .clone();
    edges
        .iter()
        .map(|edge| {
            edge["node"]["identity"]["givenName"]
                .as_str()
                .unwrap_or("nobody")
                .to_owned()
        })
        .collect()
}

on_both_databases! {
    async fn whoever_registers_a_person_sees_all_but_the_identifiers(app: TestApp) {
        let payload = app.as_agency().done("claimantRegister", everything(&app), &format!("claimant {{ {WHOLE} }}")).await;
        insta::assert_json_snapshot!("a_claimant", payload["claimant"]);
    }

    async fn a_provider_registers_people_who_walk_in(app: TestApp) {
        let provider = app.as_provider();
        let claimant = provider.registers("Walkin").await;
        assert_eq!(provider.sees_claimant(&claimant, "identityAccess").await["identityAccess"], "GRANTED");
        for other in ["agency", "other-provider"] {
            assert_eq!(app.client(other).sees_claimant(&claimant, "id").await, Value::Null, "{other}");
        }
        let nothing = provider.done("claimantRegister", json!({}), &format!("claimant {{ {WHOLE} }}")).await;
        insta::assert_json_snapshot!("a_claimant_of_whom_nothing_is_known", nothing["claimant"]);
    }

    async fn an_update_leaves_what_is_absent_and_clears_what_is_null(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.done("claimantRegister", everything(&app), "claimant { id }").await["claimant"]["id"].clone();
        let at = |version: i32, more: Value| merged(json!({ "id": claimant, "expectedVersion": version }), more);
        let selection = "claimant { municipality language ageBand officialLanguage region { code } interpreterNeeded
            identity { fullName } contact { permission } identifiers { last4 } claimStatus { stage } version }";
        let whole = json!({
            "municipality": "Exampleton", "language": "ukr", "ageBand": "FROM_25_TO_54", "officialLanguage": "FR",
            "region": { "code": "CENTRAL" }, "interpreterNeeded": true, "identity": { "fullName": "Testa-Lina Spécimen" },
            "contact": { "permission": "VIA_AGENCY_ONLY" }, "identifiers": [{ "last4": "7890" }, { "last4": "4217" }],
            "claimStatus": { "stage": "REFERRED_TO_IRB" }, "version": 2,
        });
        let one = agency.done("claimantUpdate", at(1, json!({ "language": "ukr" })), selection).await;
        assert_eq!(one["claimant"], whole);
        let cleared = json!({ "municipality": null, "language": null, "ageBand": null, "officialLanguage": null, "regionId": null });
        let open = agency.done("claimantUpdate", at(2, cleared), selection).await;
        assert_eq!(open["claimant"], merged(whole, json!({
            "municipality": null, "language": null, "ageBand": null, "officialLanguage": null, "region": null, "version": 3,
        })));
        let sealed = json!({ "identity": null, "contact": null, "claimStatus": null, "identifiers": null });
        let sealed = agency.done("claimantUpdate", at(3, sealed), selection).await;
        for group in ["identity", "contact", "claimStatus", "identifiers"] {
            assert_eq!(sealed["claimant"][group], Value::Null, "{group}");
        }
        assert_eq!(found(&app, "agency", json!({ "text": "Testa" })).await, [] as [String; 0], "a name that is gone finds nobody");
    }

    async fn a_stale_update_changes_nothing_and_tells_the_current_version(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let update = |version: i32, name: &str| json!({ "id": claimant, "expectedVersion": version, "identity": { "givenName": name } });
        agency.done("claimantUpdate", update(1, "Teste"), "claimant { version }").await;
        let query = "mutation($input: ClaimantUpdateInput!) { claimantUpdate(input: $input) {
            claimant { id } userErrors { code field currentVersion } } }";
        let answer = agency.ask(query, json!({ "input": update(1, "Testo") })).await;
        assert_eq!(answer.data()["claimantUpdate"], json!({ "claimant": null, "userErrors": [
            { "code": "STALE_VERSION", "field": ["input", "expectedVersion"], "currentVersion": 2 },
        ] }));
        assert_eq!(agency.sees_claimant(&claimant, "identity { givenName }").await["identity"]["givenName"], "Teste");
    }

    async fn an_edit_of_a_name_moves_nothing_that_a_party_sees(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let version = async || provider.sees_claimant(&claimant, "version").await["version"].clone();
        assert_eq!(version().await, 1);
        let named = json!({ "id": claimant, "expectedVersion": 1, "identity": { "givenName": "Teste" } });
        let named = agency.done("claimantUpdate", named, "claimant { version }").await;
        assert_eq!(named["claimant"]["version"], 2);
        assert_eq!(version().await, 1);
        let updated = json!({ "id": claimant, "expectedVersion": 2, "language": "ukr" });
        let updated = agency.done("claimantUpdate", updated, "claimant { version }").await;
        assert_eq!(updated["claimant"]["version"], 3);
        assert_eq!(version().await, 2, "the open part has changed once");
        let moved = json!({ "id": claimant, "expectedVersion": 3, "municipality": "Elsewhere", "locationProtected": true });
        agency.done("claimantUpdate", moved, "claimant { version }").await;
        assert_eq!(version().await, 2, "that the person moved is not told");
        let since = "{ claimants(filter: { updatedSince: \"2026-06-01T15:00:00Z\" }) { edges { node { id } } } }";
        app.clock.advance(chrono::TimeDelta::hours(2));
        let french = json!({ "id": claimant, "expectedVersion": 4, "officialLanguage": "FR" });
        agency.done("claimantUpdate", french, "claimant { version }").await;
        assert_eq!(provider.query(since).await.data()["claimants"]["edges"], json!([]));
    }

    async fn only_the_registering_organization_updates_a_person(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let update = |id: &Value| json!({ "id": id, "expectedVersion": 1, "language": "ukr" });
        let need = |id: &Value| json!({ "claimantId": id, "category": "HOUSING" });
        let missing = app.missing(NodeType::Claimant);
        for who in ["provider", "other-agency", "ministry", ""] {
            let client = if who.is_empty() { app.anonymous() } else { app.client(who) };
            for (mutation, there, none) in [
                ("claimantUpdate", update(&claimant), update(&missing)),
                ("needRecord", need(&claimant), need(&missing)),
            ] {
                let there = client.mutate(mutation, there, "claimant { id }").await;
                let none = client.mutate(mutation, none, "claimant { id }").await;
                assert_same_answer(&there, &none, &format!("{mutation} by {who}"));
            }
        }
        let sent = agency.sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(provider.refused("claimantUpdate", update(&claimant)).await, "ROLE_NOT_ALLOWED");
        assert_eq!(provider.refused("needRecord", need(&claimant)).await, "ROLE_NOT_ALLOWED");
        assert_eq!(agency.sees_claimant(&claimant, "version language").await, json!({ "version": 1, "language": "spa" }));
    }

    async fn people_are_found_by_the_beginnings_of_their_names_by_their_own_organization_alone(app: TestApp) {
        let agency = app.as_agency();
        agency.done("claimantRegister", everything(&app), "claimant { id }").await;
        agency.registers("Other").await;
        app.client("other-agency").registers("Testa").await;
        for (text, expected) in [
            ("testa", vec!["Testa-Lina"]), ("LINA specimen", vec!["Testa-Lina"]), ("tes", vec!["Testa-Lina"]),
            ("Tess", vec!["Testa-Lina"]), ("te", vec![]), ("specimen", vec!["Other", "Testa-Lina"]),
            ("other testa", vec![]), ("1990", vec![]), ("555", vec![]), ("%", vec!["Other", "Testa-Lina"]),
        ] {
            assert_eq!(found(&app, "agency", json!({ "text": text })).await, expected, "{text}");
        }
        assert_eq!(found(&app, "provider", json!({ "text": "testa" })).await, [] as [String; 0]);
        // Not even a party finds by name those whom it may see.
        let claimant = agency.registers_with_consent("Partner").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        app.as_provider().does("referralAccept", &sent, Value::Null).await;
        assert_eq!(found(&app, "provider", json!({})).await, ["Partner"]);
        assert_eq!(found(&app, "provider", json!({ "text": "partner" })).await, [] as [String; 0]);
        // What was edited is found by its new name only.
        let renamed = json!({ "id": claimant, "expectedVersion": 1, "identity": { "givenName": "Renamed" } });
        agency.done("claimantUpdate", renamed, "claimant { id }").await;
        assert_eq!(found(&app, "agency", json!({ "text": "partner" })).await, [] as [String; 0]);
        assert_eq!(found(&app, "agency", json!({ "text": "renamed" })).await, ["Renamed"]);
    }

    async fn people_are_found_by_region_language_need_and_change(app: TestApp) {
        let agency = app.as_agency();
        let first = agency.registers("First").await;
        agency.needs(&first, "HOUSING").await;
        app.clock.advance(chrono::TimeDelta::hours(1));
        let second = json!({ "regionId": app.northern(), "language": "ukr", "identity": { "givenName": "Second" } });
        let second = agency.done("claimantRegister", second, "claimant { id }").await["claimant"]["id"].clone();
        let need = json!({ "claimantId": second, "category": "HOUSING", "status": "MET" });
        agency.done("needRecord", need, "claimant { id }").await;
        for (filter, expected) in [
            (json!({ "regionId": app.central() }), vec!["First"]),
            (json!({ "regionId": app.northern() }), vec!["Second"]),
            (json!({ "language": "spa" }), vec!["First"]),
            (json!({ "needCategory": "HOUSING" }), vec!["Second", "First"]),
            (json!({ "needCategory": "HEALTH" }), vec![]),
            (json!({ "needStatus": "OPEN" }), vec!["First"]),
            (json!({ "needCategory": "HOUSING", "needStatus": "MET" }), vec!["Second"]),
            (json!({ "updatedSince": "2026-06-01T15:00:00Z" }), vec!["Second"]),
            (json!({ "updatedSince": "2026-06-01T15:00:01Z" }), vec![]),
        ] {
            assert_eq!(found(&app, "agency", filter.clone()).await, expected, "{filter}");
        }
        let every = agency.query("{ claimants { edges { node { id } } } }").await;
        assert_eq!(ids(&every.data()["claimants"]), [second, first], "last registered first");
        let ministry = app.as_ministry().query("{ claimants { edges { node { id } } } }").await;
        assert_eq!(ministry.error_code(), "FORBIDDEN");
    }

    async fn a_uci_is_written_in_one_of_two_ways_and_told_by_its_end(app: TestApp) {
        let agency = app.as_agency();
        let with = |value: &str| json!({ "identifiers": [{ "kind": "UCI", "value": value }] });
        for (value, last4) in [("12345678", "5678"), ("1234-5678", "5678"), ("12-3456-7890", "7890"), ("1234567890", "7890")] {
            let payload = agency.done("claimantRegister", with(value), "claimant { identifiers { last4 } }").await;
            assert_eq!(payload["claimant"]["identifiers"], json!([{ "last4": last4 }]));
        }
        for value in ["123456789", "1234567", "123456789012", "ABCD-1234", "", "１２３４５６７８"] {
            let refusal = agency.user_error("claimantRegister", with(value)).await;
            assert_eq!(refusal["code"], "INVALID", "{value}");
            assert_eq!(refusal["field"], json!(["input", "identifiers", "0", "value"]));
        }
    }

    async fn a_social_insurance_number_is_taken_nowhere(app: TestApp) {
        let agency = app.as_agency();
        let sin = "046 454 286";
        for (input, field) in [
            (json!({ "municipality": sin }), json!(["input", "municipality"])),
            (json!({ "identity": { "givenName": sin } }), json!(["input", "identity", "givenName"])),
            (json!({ "identity": { "givenName": "Testa", "gender": sin } }), json!(["input", "identity", "gender"])),
            (json!({ "contact": { "points": [{ "kind": "PHONE", "value": sin, "safety": "SAFE" }] } }),
             json!(["input", "contact", "points", "0", "value"])),
            (json!({ "contact": { "points": [{ "kind": "PHONE", "value": "1", "safety": "SAFE", "note": "SIN 046454286" }] } }),
             json!(["input", "contact", "points", "0", "note"])),
            (json!({ "identifiers": [{ "kind": "WORK_PERMIT", "value": sin }] }), json!(["input", "identifiers", "0", "value"])),
        ] {
            let refusal = agency.user_error("claimantRegister", input).await;
            assert_eq!(refusal["code"], "SIN_NOT_STORED");
            assert_eq!(refusal["field"], field);
            assert!(!refusal["message"].as_str().expect("a message").contains("046"), "it is not even repeated");
        }
        assert_eq!(found(&app, "agency", json!({})).await, [] as [String; 0]);
    }

    async fn what_cannot_be_is_refused_with_its_place(app: TestApp) {
        let agency = app.as_agency();
        for (input, code, field) in [
            (json!({ "language": "Spanish" }), "INVALID", json!(["input", "language"])),
            (json!({ "regionId": app.missing(NodeType::Region) }), "NOT_FOUND", json!(["input", "regionId"])),
            (json!({ "municipality": " " }), "REQUIRED", json!(["input", "municipality"])),
            (json!({ "identity": { "gender": "woman" } }), "REQUIRED", json!(["input", "identity", "givenName"])),
            (json!({ "identity": { "familyName": "x".repeat(201) } }), "TOO_LONG", json!(["input", "identity", "familyName"])),
            (json!({ "identity": { "givenName": "Testa", "birthDate": "2026-06-02" } }), "IN_FUTURE", json!(["input", "identity", "birthDate"])),
            (json!({ "identity": { "givenName": "Testa", "birthDate": "1850-01-01" } }), "INVALID", json!(["input", "identity", "birthDate"])),
            (json!({ "claimStatus": { "stage": "UNKNOWN", "since": "2026-06-02" } }), "IN_FUTURE", json!(["input", "claimStatus", "since"])),
        ] {
            let refusal = agency.user_error("claimantRegister", input).await;
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &field));
        }
    }

    async fn whether_a_person_may_work_follows_from_the_permit(app: TestApp) {
        let agency = app.as_agency();
        for (status, expected) in [
            (json!(null), json!({ "state": "UNKNOWN", "expiresOn": null })),
            (json!({ "stage": "REFERRED_TO_IRB" }), json!({ "state": "UNKNOWN", "expiresOn": null })),
            (json!({ "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": "2026-06-01" }), json!({ "state": "YES", "expiresOn": "2026-06-01" })),
            (json!({ "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": "2026-05-31" }), json!({ "state": "NO", "expiresOn": "2026-05-31" })),
        ] {
            let payload = agency
                .done("claimantRegister", json!({ "claimStatus": status }), "claimant { workAuthorization { state expiresOn } }")
                .await;
            assert_eq!(payload["claimant"]["workAuthorization"], expected);
        }
    }

    async fn needs_come_in_order_of_urgency_and_change_as_they_are_met(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        for (category, more) in [
            ("EMPLOYMENT", json!({ "wantedFrom": "2026-09-01" })), ("HOUSING", json!({})), ("INCOME", json!({ "priority": 1 })),
            ("LEGAL", json!({})),
        ] {
            let input = merged(json!({ "claimantId": claimant, "category": category }), more);
            agency.done("needRecord", input, "claimant { id }").await;
        }
        let needs = async || agency.sees_claimant(&claimant, "needs { id category priority status wantedFrom }").await["needs"].clone();
        let before = needs().await;
        insta::assert_json_snapshot!("needs_in_order", before, { "[].id" => "[id]" });
        let change = json!({ "claimantId": claimant, "id": before[3]["id"], "category": "EMPLOYMENT", "status": "UNMET", "wantedFrom": null });
        agency.done("needRecord", change, "claimant { id }").await;
        let after = needs().await;
        assert_eq!((&after[3]["status"], &after[3]["wantedFrom"]), (&json!("UNMET"), &Value::Null));
        for priority in [0, 10] {
            let input = json!({ "claimantId": claimant, "category": "FOOD", "priority": priority });
            assert_eq!(agency.user_error("needRecord", input).await["code"], "OUT_OF_RANGE");
        }
        let other = agency.registers("Other").await;
        let input = json!({ "claimantId": other, "id": before[0]["id"], "category": "HOUSING" });
        assert_eq!(agency.refused("needRecord", input).await, "NOT_FOUND", "a need of somebody else");
    }

    async fn a_party_says_that_a_need_is_met_and_nothing_else_of_it(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let need = agency.needs(&claimant, "EMPLOYMENT").await;
        let hidden = agency.needs(&claimant, "LEGAL").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let met = json!({ "claimantId": claimant, "id": need, "category": "EMPLOYMENT", "status": "MET" });
        for more in [
            json!({ "status": "UNMET" }), json!({ "priority": 1 }), json!({ "category": "HOUSING" }), json!({ "wantedFrom": "2026-09-01" }),
        ] {
            assert_eq!(provider.refused("needRecord", merged(met.clone(), more)).await, "ROLE_NOT_ALLOWED");
        }
        let unseen = merged(met.clone(), json!({ "id": hidden, "category": "LEGAL" }));
        assert_eq!(provider.refused("needRecord", unseen).await, "NOT_FOUND");
        provider.done("needRecord", met, "claimant { id }").await;
        let needs = agency.sees_claimant(&claimant, "needs { id status }").await["needs"].clone();
        assert!(needs.as_array().expect("needs").contains(&json!({ "id": need, "status": "MET" })), "{needs}");
    }
}
