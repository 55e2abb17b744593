//! With row security on, everybody is answered as without it.
use claimant_gateway::store::Store;
use serde_json::{Value, json};

use crate::{
    common::{
        app::{Client, TestApp},
        golden::assert_golden,
        journey::because,
        story::{Plot, Story},
    },
    fields,
};

const QUESTIONS: [&str; 6] = [
    "{ changes(first: 100) { pageInfo { hasNextPage endCursor } edges { cursor node { cursor at kind subjectId
        subject { __typename ... on Referral { claimantAccess claimant { id } } } organization { name } fromStatus toStatus reason note version } } } }",
    "{ referrals(box: ALL) { edges { cursor node { id status summary source { name } owner { name } claimant { id identity { fullName } }
        alsoFor { id } outcomes { kind } messages { edges { node { body } } } appointments { id } history { edges { node { kind note } } } } } } }",
    "{ claimants { edges { cursor node { id identityAccess identity { fullName } needs { category status } consents { id } household { id } } } } }",
    "{ inboxSummary { __typename } duplicateCandidates { edges { cursor node { id band } } } }",
    "{ referralReport(input: { period: { from: \"2026-06-01\", to: \"2026-06-30\" }, groupBy: [STATUS] }) { asOf suppressed total
        rows { count suppressed keys { dimension value } } } }",
    "{ referralReport(input: { period: { from: \"2026-06-01\", to: \"2026-06-30\" }, groupBy: [REGION, LANGUAGE] }) { asOf suppressed total
        rows { count suppressed keys { dimension value } } } }",
];
const CALLERS: [&str; 7] = [
    "agency",
    "provider",
    "other-provider",
    "far-provider",
    "other-agency",
    "ministry",
    "ministry-north",
];
const ENTRIES: &str =
    "subscription($after: Cursor) { changes(after: $after) { cursor kind subjectId
    subject { __typename ... on Referral { claimant { identity { givenName } } } } version } }";

/// Enough happens for everybody to be told of something.
async fn live(app: &TestApp) {
    let agency = app.as_agency();
    let mut story = Story::begin(app, Plot::open("Same"))
        .await
        .with_kin(app)
        .await;
    story.create(app, Some(app.service()), true).await;
    story
        .act(
            &app.as_provider(),
            "referralAccept",
            json!({ "note": "On it." }),
        )
        .await;
    story.spoken(app, "provider").await;
    let withdrawn = Story::accepted(app, Plot::open("Gone")).await;
    withdrawn.withdraw(app).await;
    let declined = agency.refers().await;
    app.as_provider()
        .does("referralDecline", &declined, because("NOT_ELIGIBLE"))
        .await;
    for _ in 0..8 {
        agency.asks_openly().await;
    }
    let twice = json!({ "identity": { "givenName": "Testamira", "familyName": "Specimenova", "birthDate": "1985-07-23" } });
    for client in [&agency, &agency, &app.client("other-agency")] {
        client
            .done("claimantRegister", twice.clone(), "claimant { id }")
            .await;
    }
    app.compares().await;
}

/// What a subscription tells of everything after the first entry of the feed.
async fn subscribed(client: &Client<'_>) -> Vec<Value> {
    let feed = client
        .query("{ changes(first: 100) { edges { cursor } } }")
        .await;
    let cursors = feed.data()["changes"]["edges"]
        .as_array()
        .expect("edges")
        .clone();
    let after = json!({ "after": cursors[0]["cursor"] });
    let mut events = client.subscribes(ENTRIES, after).await;
    let mut told = Vec::new();
    for _ in 1..cursors.len() {
        told.push(events.entry().await);
    }
    told
}

async fn answers(app: &TestApp) -> Vec<(&'static str, usize, String)> {
    let mut answers = Vec::new();
    for caller in CALLERS {
        let client = app.client(caller);
        for (place, question) in QUESTIONS.iter().enumerate() {
            let answer = client.query(question).await;
            answers.push((caller, place, answer.text));
        }
    }
    for caller in ["agency", "provider"] {
        let told = subscribed(&app.client(caller)).await;
        assert!(told.len() > 5, "{caller} is told of something");
        answers.push((caller, QUESTIONS.len(), json!(told).to_string()));
    }
    answers
}

#[tokio::test]
async fn feed_lists_reports_and_subscriptions_are_the_same_without_row_security() {
    for leave in [false, true] {
        let with = |store: Store| match leave {
            true => store.leaving_rules_to_the_database(),
            false => store,
        };
        let Some(app) = TestApp::secured(with).await else {
            return;
        };
        live(&app).await;
        let kept = answers(&app).await;
        assert!(
            kept.iter()
                .any(|(_, _, text)| text.contains("GivenSame FamilySame"))
        );
        let refused = kept
            .iter()
            .filter(|(_, _, text)| text.contains("\"errors\""))
            .count();
        assert!(refused < kept.len() / 2, "most are answered: {kept:#?}");
        let app = app.past_row_security().await;
        assert_eq!(
            answers(&app).await,
            kept,
            "rules left to the database: {leave}"
        );
    }
}

#[tokio::test]
async fn the_database_alone_tells_every_field_to_those_whom_the_golden_names() {
    let Some(app) = TestApp::secured(Store::leaving_rules_to_the_database).await else {
        return;
    };
    assert_golden("tests/golden/fields.txt", &fields::draw(&app).await.0);
}
