//! What the database gives out by itself to whoever names a viewer: plain SQL as the role that serves, with no rule of
//! the store before it.
use chrono::{DateTime, SecondsFormat, Utc};
use entity::OrganizationId;
use sea_orm::{ConnectionTrait, DatabaseConnection, TransactionTrait};
use serde_json::json;

use super::rows;
use crate::common::{
    app::TestApp,
    database,
    journey::{because, merged},
    story::{Plot, Story},
};

/// What nobody reads, whoever asks.
const NOBODYS: [&str; 4] = [
    "audit_link",
    "claimant_link",
    "disclosure_answer",
    "match_request",
];
/// What the agency alone reads of what there is here.
const OF_THE_AGENCY: [&str; 19] = [
    "appointment",
    "claimant_claim_status",
    "claimant_contact",
    "claimant_identifiers",
    "claimant_identity",
    "claimant_key",
    "claimant_language_abilities",
    "claimant_match_token",
    "claimant_name_token",
    "claimant_qualifications",
    "consent_recipient",
    "disclosure",
    "duplicate_candidate",
    "exclusion",
    "household",
    "household_member",
    "idempotency",
    "message",
    "referral_also_for",
];
/// What is left of the tables that are not public.
const OF_PEOPLE: [&str; 8] = [
    "access_grant",
    "claimant",
    "consent",
    "journal_audience",
    "journal_entry",
    "need",
    "outcome",
    "referral",
];

/// Begins to read as somebody: role, organization, kind.
async fn read_as(
    connection: &impl ConnectionTrait,
    (role, organization, kind): (&str, OrganizationId, &str),
    now: DateTime<Utc>,
) {
    let settings = [
        ("viewer", role.to_owned()),
        ("organization", organization.0.to_string()),
        ("kind", kind.to_owned()),
        ("region", String::new()),
        ("now", now.to_rfc3339_opts(SecondsFormat::Micros, true)),
    ];
    for (name, value) in settings {
        let set = format!("SELECT set_config('claimant_gateway.{name}', '{value}', true)");
        connection
            .execute_unprepared(&set)
            .await
            .expect("it is set");
    }
}

/// Something of the agency in every table that is not public.
async fn fill(app: &TestApp) {
    let agency = app.as_agency();
    let mut story = Story::begin(app, Plot::open("Alone"))
        .await
        .with_kin(app)
        .await;
    story.create(app, Some(app.service()), true).await;
    story
        .act(&app.as_provider(), "referralAccept", json!({}))
        .await;
    let mut story = story.spoken(app, "provider").await;
    let outcomes = json!({ "outcomes": [{ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01" }] });
    story
        .act(&app.as_provider(), "referralComplete", outcomes)
        .await;
    let named = json!({ "anyParty": false, "recipientKinds": ["HEALTH"] });
    agency.consents(&story.claimant, named).await;
    story
        .exclude(
            app,
            &app.public_id(
                claimant_gateway::opaque::NodeType::Organization,
                app.world.other_provider,
            ),
        )
        .await;
    let person = json!({ "identity": { "givenName": "Testamira", "familyName": "Specimenova", "birthDate": "1985-07-23" } });
    let other = app.client("other-agency");
    for client in [&agency, &agency, &other] {
        client
            .done("claimantRegister", person.clone(), "claimant { id }")
            .await;
    }
    let open = agency.refers().await;
    app.as_ministry()
        .done(
            "referralReroute",
            open.step(because("AT_CAPACITY")),
            "referral { version }",
        )
        .await;
    agency
        .sees_claimant(&story.claimant, "identity { fullName }")
        .await;
    app.compares().await;
    // What waits for the work behind requests.
    agency
        .sees_claimant(&story.claimant, "identity { fullName }")
        .await;
    let key = json!({ "idempotencyKey": "00000000-0000-4000-8000-000000000003" });
    agency
        .done("claimantMatch", merged(person, key), "__typename")
        .await;
}

/// So many rows of each table are read by a viewer.
async fn read(
    bound: &DatabaseConnection,
    viewer: (&str, OrganizationId, &str),
    now: DateTime<Utc>,
    tables: &[&'static str],
) -> Vec<(&'static str, i64)> {
    let transaction = bound.begin().await.expect("a transaction");
    read_as(&transaction, viewer, now).await;
    let mut read = Vec::new();
    for table in tables {
        read.push((*table, rows(&transaction, table).await));
    }
    transaction.rollback().await.expect("it ends");
    read
}

#[tokio::test]
async fn the_database_gives_a_stranger_no_row_of_anybody() {
    let Some(app) = TestApp::secured(|store| store).await else {
        return;
    };
    fill(&app).await;
    let (owner, world, now) = (app.database.connect().await, &app.world, app.now());
    let bound = database::connect(&app.database.bound_url().await).await;
    let tables = [&NOBODYS[..], &OF_THE_AGENCY[..], &OF_PEOPLE[..]].concat();
    for table in &tables {
        assert!(rows(&owner, table).await > 0, "{table} holds something");
    }
    let stranger = ("provider", world.far_provider, "EMPLOYMENT_SERVICE");
    for (table, count) in read(&bound, stranger, now, &tables).await {
        assert_eq!(count, 0, "{table}");
    }
    // Of people the ministry reads nothing, whether it oversees referrals or not.
    for role in ["ministry", "oversight"] {
        let tables = [
            &NOBODYS[..],
            &OF_THE_AGENCY[..],
            &["claimant", "consent", "need", "outcome"],
        ]
        .concat();
        for (table, count) in read(&bound, (role, world.ministry, "MINISTRY"), now, &tables).await {
            assert_eq!(count, 0, "{role}: {table}");
        }
    }
    // Somebody whom the person excludes is a stranger.
    let excluded = ("provider", world.other_provider, "HOUSING");
    for (table, count) in read(&bound, excluded, now, &tables).await {
        assert_eq!(count, 0, "excluded: {table}");
    }
    let agency = ("settlement agency", world.agency, "SETTLEMENT_AGENCY");
    for (table, count) in read(&bound, agency, now, &OF_THE_AGENCY).await {
        assert!(count > 0, "the agency reads its own of {table}");
    }
    for (table, count) in read(&bound, agency, now, &NOBODYS).await {
        assert_eq!(count, 0, "{table} is the gateway's own");
    }
    // What the other agency has of the same person is as much its own.
    let other = ("settlement agency", world.other_agency, "SETTLEMENT_AGENCY");
    for (table, count) in read(
        &bound,
        other,
        now,
        &["claimant_match_token", "claimant_name_token", "claimant"],
    )
    .await
    {
        let all = rows(&owner, table).await;
        assert!(0 < count && count < all, "{table}: {count} of {all}");
    }
    for (table, count) in read(
        &bound,
        other,
        now,
        &["duplicate_candidate", "disclosure", "idempotency"],
    )
    .await
    {
        assert_eq!(count, 0, "{table}");
    }
}

#[tokio::test]
async fn a_request_reads_from_one_transaction_that_can_only_read() {
    let Some(app) = TestApp::secured(|store| store).await else {
        return;
    };
    let story = Story::accepted(&app, Plot::open("Reading"))
        .await
        .spoken(&app, "provider")
        .await;
    app.settle().await;
    // Whoever names a viewer in a transaction that could write is told off by the database.
    app.tamper(
        "CREATE OR REPLACE FUNCTION viewer() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN
         IF coalesce(current_setting('claimant_gateway.viewer', true), '') NOT IN ('', 'work')
             AND current_setting('transaction_read_only') <> 'on' THEN RAISE EXCEPTION 'it could write'; END IF;
         RETURN current_setting('claimant_gateway.viewer', true); END $$",
    )
    .await;
    let bound = database::connect(&app.database.bound_url().await).await;
    let writing = bound.begin().await.expect("a transaction");
    read_as(
        &writing,
        ("provider", app.world.provider, "EMPLOYMENT_SERVICE"),
        app.now(),
    )
    .await;
    let refused = writing.execute_unprepared("SELECT * FROM referral").await;
    assert!(
        format!("{refused:?}").contains("it could write"),
        "{refused:?}"
    );
    drop(writing);

    let everything = "query($claimant: ID!, $referral: ID!) {
        claimant(id: $claimant) { identity { fullName } contact { permission } needs { id } consents { id } household { id } }
        referral(id: $referral) { summary messages { edges { node { body } } } appointments { id } history { edges { cursor } } }
        referrals(box: ALL) { edges { node { id claimant { languageAbilities { language } } } } }
        changes { edges { cursor } } disclosures { edges { cursor } } inboxSummary { __typename } }";
    for name in ["agency", "provider", "far-provider"] {
        app.statements();
        let variables = json!({ "claimant": story.claimant, "referral": story.referral });
        let answer = app.client(name).ask(everything, variables).await;
        assert_eq!(answer.data()["referral"].is_null(), name == "far-provider");
        let texts = app.statement_texts();
        let named = texts
            .iter()
            .filter(|text| text.contains("set_config('claimant_gateway.viewer'"))
            .count();
        assert_eq!(named, 1, "{name}: {texts:#?}");
        // The settings end with the transaction: had there been another, it would have read nothing.
        assert!(texts.len() > 5, "{name}: {texts:#?}");
    }
}
