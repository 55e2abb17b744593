//! The directory: found in either language by every token, saved by its own organizations alone.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{assert_same_answer, merged},
    on_both_databases,
};

/// The names of what a filter finds, in order.
async fn names(app: &TestApp, list: &str, filter: Value) -> Vec<String> {
    let kind = if list == "services" {
        "ServiceFilter"
    } else {
        "OrganizationFilter"
    };
    let query = format!(
        "query($filter: {kind}) {{ {list}(filter: $filter) {{ edges {{ node {{ name }} }} }} }}"
    );
    let answer = app
        .as_agency()
        .ask(&query, json!({ "filter": filter }))
        .await;
    let edges = answer.data()[list]["edges"]
        .as_array()
        .expect("edges")
        .clone();
    edges
        .iter()
        .map(|edge| edge["node"]["name"].as_str().expect("a name").to_owned())
        .collect()
}

async fn with_catchment(app: &TestApp) -> Value {
    let db = app.database.connect().await;
    let id = app.world.catchment(&db, "TEST-1", None).await;
    app.public_id(NodeType::Catchment, id)
}

on_both_databases! {
    async fn services_are_found_by_every_filter_and_all_at_once(app: TestApp) {
        let catchment = with_catchment(&app).await;
        let provider = app.public_id(NodeType::Organization, app.world.provider);
        let save = json!({
            "nameEn": "Evening classes", "nameFr": "Cours du soir", "descriptionEn": "English for work.",
            "descriptionFr": "Anglais au travail, à Québec.", "categories": ["LANGUAGE"], "languages": ["ukr"], "offeredInFrench": false,
            "status": "TEMPORARILY_CLOSED",
        });
        app.client("other-provider").done("serviceSave", save, "service { id }").await;
        let capacity = json!({ "serviceId": app.service(), "status": "CAPACITY" });
        app.as_provider().done("capacitySave", capacity, "service { id }").await;
        let every = ["Closed", "Evening classes", "Job search", "Northern jobs", "Rooms and jobs"];
        for (filter, expected) in [
            (Value::Null, every.to_vec()),
            (json!({ "text": "job" }), vec!["Job search", "Northern jobs", "Rooms and jobs"]),
            (json!({ "text": "ROOMS  jobs" }), vec!["Rooms and jobs"]),
            (json!({ "text": "cours soir" }), vec!["Evening classes"]),
            (json!({ "text": "quebec anglais" }), vec!["Evening classes"]),
            (json!({ "text": "%" }), every.to_vec()),
            (json!({ "text": "_ob" }), vec!["Job search", "Northern jobs", "Rooms and jobs"]),
            (json!({ "category": ["LANGUAGE", "LEGAL"] }), vec!["Evening classes"]),
            (json!({ "regionId": app.northern() }), vec!["Evening classes", "Northern jobs"]),
            (json!({ "catchmentId": catchment }), vec!["Closed", "Job search"]),
            (json!({ "language": "ukr" }), vec!["Evening classes"]),
            (json!({ "offeredInFrench": false }), vec!["Evening classes"]),
            (json!({ "hasCapacity": true }), vec!["Job search"]),
            (json!({ "hasCapacity": false, "organizationId": provider }), vec!["Closed"]),
            (json!({ "status": ["DEFUNCT", "TEMPORARILY_CLOSED"] }), vec!["Closed", "Evening classes"]),
            (json!({ "organizationId": provider }), vec!["Closed", "Job search"]),
            (json!({ "organizationId": provider, "status": ["ACTIVE"], "text": "jobs" }), vec![]),
            (json!({ "organizationId": app.missing(NodeType::Organization) }), vec![]),
        ] {
            assert_eq!(names(&app, "services", filter.clone()).await, expected, "{filter}");
        }
    }

    async fn organizations_are_found_by_every_filter(app: TestApp) {
        let providers = ["Test closed", "Test far-provider", "Test other-provider", "Test provider"];
        for (filter, expected) in [
            (json!({ "kind": ["MINISTRY"] }), vec!["Test ministry", "Test ministry-north"]),
            (json!({ "role": "PROVIDER" }), providers.to_vec()),
            (json!({ "role": "SETTLEMENT_AGENCY" }), vec!["Test agency", "Test other-agency"]),
            (json!({ "role": "PROVIDER", "active": true, "regionId": app.northern() }), vec!["Test far-provider"]),
            (json!({ "active": false }), vec!["Test closed"]),
            (json!({ "text": "ESSAI far" }), vec!["Test far-provider"]),
            (json!({ "kind": [] }), vec![]),
        ] {
            assert_eq!(names(&app, "organizations", filter.clone()).await, expected, "{filter}");
        }
    }

    async fn the_directory_is_read_in_either_language(app: TestApp) {
        with_catchment(&app).await;
        let query = "{ regions { code name french: name(language: FR) office { email } }
            catchments { code name french: name(language: FR) region { code } manager { name } validFrom validTo }
            services(filter: { text: \"search\" }) { edges { node { name french: name(language: FR) organization { name } } } } }";
        let english = app.as_agency().query(query).await;
        let french = app.as_agency().in_french().query(query).await;
        insta::assert_json_snapshot!("the_directory", json!({ "english": english.data(), "french": french.data() }));
        let of_region = "query($id: ID) { catchments(regionId: $id) { code } }";
        let none = app.as_agency().ask(of_region, json!({ "id": app.northern() })).await;
        assert_eq!(none.data()["catchments"], json!([]));
    }

    async fn every_code_has_a_label_in_both_languages(app: TestApp) {
        let sets = [
            "NEED_CATEGORY", "ORGANIZATION_KIND", "REFERRAL_STATUS", "REFERRAL_PHASE", "REFERRAL_SUB_STATUS",
            "REFERRAL_STATUS_REASON", "OUTCOME_KIND", "CLAIM_STAGE", "SERVICE_STATUS", "CAPACITY_STATUS", "AGE_BAND",
            "FEEDBACK_TOPIC", "ACCESS",
        ];
        for set in sets {
            let query = format!("{{ codes(set: {set}) {{ value label french: label(language: FR) }} }}");
            let english = app.as_agency().query(&query).await;
            let french = app.as_agency().in_french().query(&query).await;
            let codes = english.data()["codes"].as_array().expect("codes").clone();
            assert!(!codes.is_empty(), "{set}");
            for (code, in_french) in codes.iter().zip(french.data()["codes"].as_array().expect("codes")) {
                assert_eq!(code["value"], in_french["value"], "a code never changes");
                assert_eq!(code["french"], in_french["label"]);
                assert!(!code["label"].as_str().expect("a label").is_empty(), "{set} {code}");
                assert!(!code["french"].as_str().expect("a label").is_empty(), "{set} {code}");
                assert_ne!(code["label"], code["value"], "{set}: a label is for people");
            }
        }
        let one = app.as_agency().query("{ codes(set: NEED_CATEGORY) { value label french: label(language: FR) } }").await;
        insta::assert_json_snapshot!("need_categories", one.data()["codes"]);
    }

    async fn an_organization_saves_its_services_and_what_is_absent_stays(app: TestApp) {
        let provider = app.as_provider();
        let selection = "service { id name french: name(language: FR) description categories status languages offeredInFrench version }";
        let new = json!({ "nameEn": "Mentoring", "categories": ["TRAINING", "EMPLOYMENT", "TRAINING"], "languages": ["fra", "eng"] });
        let saved = provider.done("serviceSave", new, selection).await["service"].clone();
        assert_eq!(merged(saved.clone(), json!({ "id": null })), json!({
            "id": null, "name": "Mentoring", "french": "Mentoring", "description": null, "categories": ["EMPLOYMENT", "TRAINING"],
            "status": "ACTIVE", "languages": ["eng", "fra"], "offeredInFrench": false, "version": 1,
        }));
        let change = json!({ "id": saved["id"], "expectedVersion": 1, "nameFr": "Mentorat", "descriptionEn": "One to one." });
        let changed = provider.done("serviceSave", change.clone(), selection).await["service"].clone();
        assert_eq!(changed, merged(saved.clone(), json!({ "french": "Mentorat", "description": "One to one.", "version": 2 })));
        assert_eq!(names(&app, "services", json!({ "text": "mentorat" })).await, ["Mentoring"]);
        let refusal = provider.user_error("serviceSave", change).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("STALE_VERSION"), &json!(["input", "expectedVersion"])));
        let clear = json!({ "id": saved["id"], "expectedVersion": 2, "descriptionEn": null, "categories": [] });
        let cleared = provider.done("serviceSave", clear, selection).await["service"].clone();
        assert_eq!((&cleared["description"], &cleared["categories"]), (&Value::Null, &json!([])));
        for (more, code, field) in [
            (json!({ "nameEn": null }), "REQUIRED", "nameEn"),
            (json!({ "nameEn": " " }), "REQUIRED", "nameEn"),
            (json!({ "nameEn": "x".repeat(301) }), "TOO_LONG", "nameEn"),
            (json!({ "nameEn": "New", "languages": ["English"] }), "INVALID", "languages"),
        ] {
            let refusal = provider.user_error("serviceSave", more).await;
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &json!(["input", field])));
        }
    }

    async fn capacity_is_told_and_grows_stale(app: TestApp) {
        let provider = app.as_provider();
        let selection = "service { capacity { status unit available maximum waitlisted updatedAt stale } }";
        let told = json!({ "serviceId": app.service(), "status": "CAPACITY", "unit": "beds", "available": 3, "maximum": 10 });
        let told = provider.done("capacitySave", told, selection).await;
        insta::assert_json_snapshot!("capacity", told["service"]["capacity"]);
        app.clock.advance(chrono::TimeDelta::days(14));
        let query = "query($id: ID!) { service(id: $id) { capacity { stale } } }";
        let stale = async || {
            let answer = app.as_agency().ask(query, json!({ "id": app.service() })).await;
            answer.data()["service"]["capacity"]["stale"].clone()
        };
        assert_eq!(stale().await, false);
        app.clock.advance(chrono::TimeDelta::seconds(1));
        assert_eq!(stale().await, true);
        let again = json!({ "serviceId": app.service(), "status": "NO_CAPACITY" });
        let again = provider.done("capacitySave", again, selection).await["service"]["capacity"].clone();
        assert_eq!(
            (&again["status"], &again["unit"], &again["maximum"], &again["available"]),
            (&json!("NO_CAPACITY"), &json!("beds"), &json!(10), &Value::Null)
        );
        for (field, value) in [("available", json!(-1)), ("maximum", json!(100_001))] {
            let mut input = json!({ "serviceId": app.service(), "status": "CAPACITY" });
            input[field] = value;
            let refusal = provider.user_error("capacitySave", input).await;
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!("OUT_OF_RANGE"), &json!(["input", field])));
        }
    }

    async fn nobody_saves_what_belongs_to_another(app: TestApp) {
        let missing = app.missing(NodeType::Service);
        for who in ["other-provider", "agency", "ministry", ""] {
            let client = if who.is_empty() { app.anonymous() } else { app.client(who) };
            for (mutation, there, none) in [
                ("serviceSave", json!({ "id": app.service(), "expectedVersion": 1, "nameEn": "Mine" }),
                 json!({ "id": missing, "expectedVersion": 1, "nameEn": "Mine" })),
                ("capacitySave", json!({ "serviceId": app.service(), "status": "NO_CAPACITY" }),
                 json!({ "serviceId": missing, "status": "NO_CAPACITY" })),
            ] {
                let there = client.mutate(mutation, there, "service { id }").await;
                let none = client.mutate(mutation, none, "service { id }").await;
                assert_same_answer(&there, &none, &format!("{mutation} by {who}"));
                if who.is_empty() {
                    assert_eq!(there.error_code(), "UNAUTHENTICATED");
                } else {
                    assert_eq!(there["data"][mutation]["userErrors"][0]["code"], "NOT_FOUND");
                }
            }
        }
        assert_eq!(names(&app, "services", json!({ "text": "search" })).await, ["Job search"]);
        let query = "query($id: ID!) { service(id: $id) { capacity { status } } }";
        let answer = app.as_agency().ask(query, json!({ "id": app.service() })).await;
        assert_eq!(answer.data()["service"]["capacity"], Value::Null);
    }

    async fn a_node_is_whatever_its_id_names_as_far_as_it_is_seen(app: TestApp) {
        let agency = app.as_agency();
        let catchment = with_catchment(&app).await;
        let claimant = agency.registers("Testa").await;
        let need = agency.needs(&claimant, "EMPLOYMENT").await;
        let consent = agency.consents(&claimant, Value::Null).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let accepted = app.as_provider().does("referralAccept", &sent, Value::Null).await;
        let complete = accepted.step(crate::common::journey::outcome("HOUSED"));
        let outcome = app.as_provider().done("referralComplete", complete, "referral { outcomes { id } }").await;
        let outcome = outcome["referral"]["outcomes"][0]["id"].clone();
        let public = [
            ("Organization", app.public_id(NodeType::Organization, app.world.provider)), ("Region", app.central()),
            ("Catchment", catchment), ("Service", app.service()),
        ];
        let private = [
            ("Claimant", claimant), ("Need", need), ("Consent", consent), ("Referral", sent.id), ("Outcome", outcome),
        ];
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";
        let ids: Vec<Value> = public.iter().chain(&private).map(|(_, id)| id.clone()).collect();
        let seen = agency.ask(query, json!({ "ids": ids })).await;
        let expected: Vec<Value> =
            public.iter().chain(&private).map(|(name, id)| json!({ "__typename": name, "id": id })).collect();
        assert_eq!(seen.data()["nodes"], json!(expected));
        for stranger in ["other-agency", "ministry-north"] {
            let seen = app.client(stranger).ask(query, json!({ "ids": ids })).await;
            let expected: Vec<Value> = public
                .iter()
                .map(|(name, id)| json!({ "__typename": name, "id": id }))
                .chain(private.iter().map(|_| Value::Null))
                .collect();
            assert_eq!(seen.data()["nodes"], json!(expected), "{stranger}");
        }
        for none in [app.missing(NodeType::Referral), json!("no id"), json!("")] {
            let answer = agency.ask("query($id: ID!) { node(id: $id) { id } }", json!({ "id": none })).await;
            assert_eq!(answer.data()["node"], Value::Null);
        }
        let many: Vec<Value> = (0..101).map(|_| app.service()).collect();
        let answer = agency.ask(query, json!({ "ids": many })).await;
        assert_eq!(answer.error_code(), "BAD_USER_INPUT");
        assert_eq!(app.anonymous().ask(query, json!({ "ids": ids })).await.error_code(), "UNAUTHENTICATED");
    }
}
