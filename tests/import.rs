//! A directory in HSDS, imported by the operator: found by agencies, and a referral goes to a service that came from it.
use std::path::Path;

use claimant_gateway::{exchange::hsds, store::import::Options};
use serde_json::json;

use crate::common::{app::TestApp, on_both_databases};

async fn import(app: &TestApp, path: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let mut directory = hsds::read(&path, &mut |_| {}).expect("the fixture can be read");
    let options = Options {
        categories: vec![entity::NeedCategory::Health],
        ..Options::default()
    };
    app.store
        .unscoped_import(&mut directory, &options, &mut |_| {})
        .await
        .expect("the fixture is imported");
}

on_both_databases! {
    async fn a_referral_is_sent_to_a_service_that_was_imported(app: TestApp) {
        for path in ["tests/fixtures/hsds/json/service.json", "tests/fixtures/hsds/package"] {
            import(&app, path).await;
        }
        let agency = app.as_agency();
        let answer = agency
            .query("{ services(first: 100, filter: { status: [ACTIVE] }) { edges { node { id categories organization { id kind active } } } } }")
            .await;
        let before = ["Job search", "Rooms and jobs", "Northern jobs"].len();
        let services = answer.data()["services"]["edges"].as_array().expect("services").clone();
        assert!(services.len() > before, "{services:?}");
        let known = app.world_services();
        let imported: Vec<_> = services
            .iter()
            .map(|edge| &edge["node"])
            .filter(|node| !known.iter().any(|id| *id == node["id"]))
            .collect();
        for service in imported {
            let claimant = agency.done("claimantRegister", json!({}), "claimant { id }").await;
            let id = &claimant["claimant"]["id"];
            let category = &service["categories"][0];
            let consent = json!({ "claimantId": id, "purposes": [category], "fieldGroups": [], "method": "VERBAL",
                                  "recipientIds": [service["organization"]["id"]] });
            agency.done("consentRecord", consent, "consent { id }").await;
            let sent = agency
                .done(
                    "referralCreate",
                    json!({ "claimantId": id, "category": category, "serviceId": service["id"], "send": true }),
                    "referral { status service { id } owner { id } }",
                )
                .await;
            assert_eq!(sent["referral"]["status"], "REQUESTED");
            assert_eq!(sent["referral"]["owner"]["id"], service["organization"]["id"]);
        }
    }
}
