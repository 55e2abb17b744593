//! Whatever happens, in whatever order: the stored grants are what a recomputation says, and a party sees of a person what
//! an independent reading of relations and wishes says. And what went wrong in a database is found, named and mended.
mod compare;
mod doing;
mod history;
mod model;

use claimant_gateway::store::grant::verify::{Difference, Fault};
use entity::AccessGroup;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::ConnectionTrait;
use serde_json::Value;

use crate::common::{Engine, Fresh, app::TestApp, on_both_databases};

#[test]
fn random_histories_leave_the_grants_that_they_should() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config {
        cases: 32,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&proptest::collection::vec(doing::doing(), 8..36), |steps| {
            runtime.block_on(async {
                let app = TestApp::fresh(Engine::Sqlite)
                    .await
                    .expect("SQLite is always there");
                let mut history = history::History::begin(&app).await;
                for step in &steps {
                    history.go(step).await;
                    history.check().await?;
                }
                Ok(())
            })
        })
        .expect("every history is as it should be");
}

on_both_databases! {
    async fn what_is_missing_and_what_is_surplus_is_named_and_mended(app: TestApp) {
        let agency = app.as_agency();
        let sent = agency.refers().await;
        let accepted = app.as_provider().does("referralAccept", &sent, Value::Null).await;
        let identity = async || app.as_provider().sees(&accepted, "claimant { id identityAccess }").await["claimant"].clone();
        let claimant = identity().await["id"].as_str().expect("an id").to_owned();
        let database = app.database.connect().await;
        database.execute_unprepared("DELETE FROM access_grant WHERE access_group = 'IDENTITY'").await.expect("SQL");
        database.execute_unprepared("UPDATE access_grant SET access_group = 'CLAIM_STATUS' WHERE access_group = 'OPEN_PART'").await.expect("SQL");
        let difference = |fault, group| Difference {
            fault,
            claimant: claimant.clone(),
            organization: "provider".to_owned(),
            group,
            category: None,
            referral: accepted.id.as_str().expect("an id").to_owned(),
        };
        let mut expected = vec![
            difference(Fault::Missing, AccessGroup::OpenPart),
            difference(Fault::Missing, AccessGroup::Identity),
            difference(Fault::Surplus, AccessGroup::ClaimStatus),
        ];
        expected.sort_by_key(|difference| difference.group);
        for repair in [false, true] {
            let batch = app.store.unscoped_verify_grants(None, repair).await.expect("grants are compared");
            assert_eq!((batch.claimants, &batch.differences), (1, &expected));
        }
        let batch = app.store.unscoped_verify_grants(None, false).await.expect("grants are compared");
        assert_eq!(batch.differences, []);
        assert_eq!(identity().await["identityAccess"], "GRANTED");
    }
}
