//! PostgreSQL as the second lock: the grid of who sees what, drawn with row security on, and once more with the rules of
//! the store left out.
mod alone;
mod answers;

use claimant_gateway::store::{RowSecurity, Store};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;

use crate::{
    common::{
        Engine,
        app::{MIGRATED, TestApp, open, open_secured},
        database::{self, TestDatabase},
        golden::assert_golden,
        postgres,
        story::{Plot, Story},
    },
    visibility::draw_all,
};

#[tokio::test]
async fn with_row_security_everybody_sees_what_the_golden_says() {
    let Some(app) = TestApp::secured(|store| store).await else {
        return;
    };
    assert_golden("tests/golden/visibility.txt", &draw_all(&app).await);
}

#[tokio::test]
async fn the_database_alone_refuses_what_the_rules_of_the_store_would_refuse() {
    let Some(app) = TestApp::secured(Store::leaving_rules_to_the_database).await else {
        return;
    };
    assert_golden("tests/golden/visibility.txt", &draw_all(&app).await);
}

#[tokio::test]
async fn without_either_lock_a_stranger_would_read_what_is_not_its_own() {
    let unlocked = TestApp::fresh_with(Engine::Sqlite, Store::leaving_rules_to_the_database).await;
    let app = unlocked.expect("SQLite is always there");
    let story = Story::sent(&app, Plot::open("Unlocked")).await;
    let ask = "query($id: ID!) { referral(id: $id) { id } }";
    let answer = app
        .client("far-provider")
        .ask(ask, json!({ "id": story.referral }))
        .await;
    assert_eq!(answer.data()["referral"]["id"], story.referral);
}

#[tokio::test]
async fn a_preview_reads_all_that_stands_against_sending_under_row_security() {
    let Some(app) = TestApp::secured(|store| store).await else {
        return;
    };
    let story = Story::sent(&app, Plot::open("Previewed")).await;
    let ask = "query($claimant: ID!, $service: ID!) { referralPreview(input: { claimantId: $claimant, serviceId: $service,
        category: EMPLOYMENT }) { canSend consent eligibility { eligible } duplicates { id } } }";
    let input = json!({ "claimant": story.claimant, "service": app.service() });
    let answer = app.as_agency().ask(ask, input.clone()).await;
    let expected = json!({ "canSend": false, "consent": "GRANTED", "eligibility": { "eligible": "YES" },
        "duplicates": [{ "id": story.referral }] });
    assert_eq!(answer.data()["referralPreview"], expected);
    let foreign = app.client("other-agency").ask(ask, input).await;
    assert_eq!(foreign.error_code(), "BAD_USER_INPUT");
}

/// The number of rows that a connection reads of a table.
async fn rows(connection: &impl ConnectionTrait, table: &str) -> i64 {
    connection
        .query_one_raw(Statement::from_string(
            DbBackend::Postgres,
            format!("SELECT count(*) FROM {table}"),
        ))
        .await
        .expect("the table can be asked")
        .expect("a count")
        .try_get_by_index(0)
        .expect("a number")
}

#[tokio::test]
async fn a_connection_that_says_nobodys_name_reads_nobodys_rows() {
    let Some(app) = TestApp::secured(|store| store).await else {
        return;
    };
    Story::accepted(&app, Plot::open("Bound")).await;
    app.settle().await;
    let owner = app.database.connect().await;
    let bound = database::connect(&app.database.bound_url().await).await;
    for table in [
        "claimant",
        "claimant_identity",
        "claimant_name_token",
        "need",
        "consent",
        "referral",
        "access_grant",
        "journal_entry",
        "journal_audience",
    ] {
        assert!(rows(&owner, table).await > 0, "{table} holds something");
        assert_eq!(rows(&bound, table).await, 0, "{table}");
    }
    let written = bound
        .execute_unprepared("UPDATE referral SET summary = 'changed'")
        .await
        .expect("the statement runs");
    assert_eq!(written.rows_affected(), 0);
    assert!(rows(&bound, "service").await > 0, "the directory is public");
}

#[tokio::test]
async fn row_security_that_would_bind_nobody_is_noticed() {
    let Some(fresh) = TestDatabase::fresh(Engine::Postgres, &MIGRATED).await else {
        return;
    };
    let state = async |database: claimant_gateway::store::Database| {
        let state = database
            .row_security()
            .await
            .expect("the catalogue answers");
        database.close().await.expect("the database closes");
        state
    };
    let bound = fresh.bound_url().await;
    assert_eq!(state(open(&bound).await).await, RowSecurity::AsConfigured);
    assert_eq!(
        state(open_secured(&bound).await).await,
        RowSecurity::Incomplete
    );
    assert_eq!(
        state(open_secured(&fresh.url).await).await,
        RowSecurity::Bypassed
    );
    open_secured(&fresh.url)
        .await
        .migrate_up()
        .await
        .expect("the policies are laid");
    assert_eq!(
        state(open_secured(&bound).await).await,
        RowSecurity::AsConfigured
    );
    assert_eq!(state(open(&bound).await).await, RowSecurity::LeftOn);
    let looking = open_secured(&bound).await;
    let migrations = looking.migrations().await;
    let migrations = migrations.expect("who may create no table looks whether all are there");
    assert!(migrations.iter().all(|migration| migration.applied));
    looking.close().await.expect("the database closes");
    let plain = open(&fresh.url).await;
    plain
        .migrate_up()
        .await
        .expect("the policies are taken off");
    assert_eq!(state(plain).await, RowSecurity::AsConfigured);
}

#[tokio::test]
async fn an_owner_that_is_no_superuser_lays_the_policies_once_it_was_given_the_right() {
    let Some(server) = postgres::server().await else {
        return;
    };
    let refused = open_secured(&server.create_owned_database(false).await).await;
    let error = refused
        .migrate_up()
        .await
        .expect_err("the right is missing");
    assert!(
        format!("{error:?}").contains("GRANT SET ON PARAMETER claimant_gateway.viewer"),
        "{error:?}"
    );
    let owner = open_secured(&server.create_owned_database(true).await).await;
    owner.migrate_up().await.expect("the policies are laid");
    assert_eq!(
        owner.row_security().await.expect("the catalogue answers"),
        RowSecurity::AsConfigured,
        "forced, they bind the owner as well"
    );
    owner.close().await.expect("the database closes");
}

#[tokio::test]
async fn a_table_of_which_nobody_said_who_reads_it_is_refused() {
    let Some(fresh) = TestDatabase::fresh(Engine::Postgres, &MIGRATED).await else {
        return;
    };
    let owner = fresh.connect().await;
    owner
        .execute_unprepared("CREATE TABLE diary (line text)")
        .await
        .expect("a table");
    let refused = open_secured(&fresh.url).await.migrate_up().await;
    let error = refused.expect_err("a table without a policy");
    assert!(format!("{error:?}").contains("diary has no row policy"));
}
