//! What of the directory is answered from memory: it costs no statement, and a change of it is seen.
use entity::{CatchmentId, catchment};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, prelude::Uuid};
use serde_json::{Value, json};

use crate::{
    budget::{INBOX, ONE, fill, statements, tables},
    common::{app::TestApp, on_both_databases},
};

const SERVICE: &str =
    "query($id: ID!) { service(id: $id) { name categories organization { name } } }";

on_both_databases! {
    async fn an_inbox_asks_for_referrals_and_people_alone(app: TestApp) {
        let provider = app.as_provider();
        fill(&app, 12).await;
        let (asked, _) = statements(&provider, INBOX, &Value::Null).await;
        app.follow(None).await;
        let (remembered, texts) = statements(&provider, INBOX, &Value::Null).await;
        assert_eq!(asked, remembered);
        assert_eq!(tables(&texts), ["access_grant", "claimant", "referral"]);
    }

    async fn one_referral_asks_for_no_organization(app: TestApp) {
        let sent = app.as_agency().refers().await;
        let provider = app.as_provider();
        provider.does("referralAccept", &sent, Value::Null).await;
        app.settle().await;
        app.follow(None).await;
        let (_, texts) = statements(&provider, ONE, &json!({ "id": sent.id })).await;
        assert_eq!(tables(&texts), ["claimant", "journal_entry", "referral"]);
    }

    async fn a_change_made_here_is_seen_at_once(app: TestApp) {
        app.follow(None).await;
        let (provider, id) = (app.as_provider(), json!({ "id": app.service() }));
        let before = provider.ask(SERVICE, id.clone()).await.data()["service"].clone();
        let input = json!({ "id": app.service(), "expectedVersion": 1, "nameEn": "Renamed", "categories": ["HEALTH"] });
        provider.done("serviceSave", input, "service { id }").await;
        let after = provider.ask(SERVICE, id).await.data()["service"].clone();
        assert_ne!(before["name"], "Renamed");
        assert_eq!(after, json!({ "name": "Renamed", "categories": ["HEALTH"], "organization": { "name": "Test provider" } }));
    }

    async fn a_change_of_another_process_is_seen_once_the_journal_was_read(app: TestApp) {
        let position = app.follow(None).await;
        let provider = app.as_provider();
        assert_eq!(provider.query("{ viewer { role } }").await.status, 200);
        let other = app.other_process().await;
        other.unscoped_disable_organization("provider", |_| {}).await.expect("it is disabled");
        app.settle().await;
        app.follow(Some(position)).await;
        assert_eq!(provider.query("{ viewer { role } }").await.error_code(), "UNAUTHENTICATED");
    }

    async fn what_a_service_asks_is_remembered_until_it_asks_something_else(app: TestApp) {
        let asks = "query($id: ID!) { service(id: $id) { eligibilityRules { fact } } }";
        let (provider, id) = (app.as_provider(), json!({ "id": app.service() }));
        app.follow(None).await;
        let (nothing, _) = statements(&provider, asks, &id).await;
        let (_, texts) = statements(&provider, asks, &id).await;
        assert_eq!(nothing["service"]["eligibilityRules"], json!([]));
        assert!(texts.iter().all(|text| !text.contains("eligibility_rule")), "{texts:#?}");
        let rule = json!({ "serviceId": app.service(), "fact": "LANGUAGE", "languages": ["eng"], "reasonEn": "Why.",
            "reasonFr": "Pourquoi." });
        provider.done("eligibilityRuleSave", rule, "service { id }").await;
        let (something, _) = statements(&provider, asks, &id).await;
        assert_eq!(something["service"]["eligibilityRules"], json!([{ "fact": "LANGUAGE" }]));
    }

    async fn lists_of_reference_are_told_whole_from_memory(app: TestApp) {
        let connection = app.database.connect().await;
        for (code, region) in [("SECOND", app.world.northern), ("FIRST", app.world.central)] {
            let row = catchment::ActiveModel {
                id: Set(CatchmentId(Uuid::now_v7())),
                code: Set(code.to_owned()),
                name_en: Set(format!("Catchment {code}")),
                name_fr: Set(format!("Circonscription {code}")),
                region_id: Set(Some(region)),
                manager_id: Set(Some(app.world.provider)),
                valid_from: Set("2025-01-01".parse().expect("a date")),
                valid_to: Set(None),
                sourced: Set(false),
            };
            row.insert(&connection).await.expect("a catchment");
        }
        connection.close().await.expect("the connection closes");
        let query = "query($region: ID!) { regions { code name } catchments { code region { code } manager { name } }
            northern: catchments(regionId: $region) { code } none: catchments(regionId: \"nothing\") { code } }";
        let region = json!({ "region": app.northern() });
        let (asked, texts) = statements(&app.as_agency(), query, &region).await;
        assert!(!texts.is_empty());
        assert_eq!(asked, json!({
            "regions": [{ "code": "CENTRAL", "name": "Central" }, { "code": "NORTHERN", "name": "Northern" }],
            "catchments": [
                { "code": "FIRST", "region": { "code": "CENTRAL" }, "manager": { "name": "Test provider" } },
                { "code": "SECOND", "region": { "code": "NORTHERN" }, "manager": { "name": "Test provider" } },
            ],
            "northern": [{ "code": "SECOND" }],
            "none": [],
        }));
        app.follow(None).await;
        for caller in ["agency", "provider", "ministry"] {
            let remembered = statements(&app.client(caller), query, &region).await;
            assert_eq!(remembered, (asked.clone(), Vec::new()), "{caller}");
        }
        let french = statements(&app.as_agency().in_french(), "{ regions { name } }", &Value::Null).await;
        assert_eq!(french.0["regions"][1], json!({ "name": "Northern (fr)" }));
        // What changes without an entry of the journal is seen with the next that is read anew.
        app.tamper("UPDATE region SET name_en = 'Renamed' WHERE code = 'CENTRAL'").await;
        let names = async || app.as_agency().query("{ regions { name } }").await.data()["regions"][0]["name"].clone();
        assert_eq!(names().await, "Central");
        app.follow(None).await;
        assert_eq!(names().await, "Renamed");
    }

    async fn who_does_not_follow_the_journal_remembers_nothing(app: TestApp) {
        let provider = app.as_provider();
        let first = statements(&provider, "{ viewer { organization { name } } }", &Value::Null).await;
        assert!(!first.1.is_empty());
        app.follow(None).await;
        let (_, texts) = statements(&provider, "{ viewer { organization { name } } }", &Value::Null).await;
        assert_eq!(texts, [""; 0]);
    }
}
