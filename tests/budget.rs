//! How many statements the two queries that everybody runs may cost: however many rows there are, each kind of thing is
//! read once. The numbers include the one that reads the caller's organization.
//!
//! - The inbox, 50 referrals with claimant, identity, service, its organization and the source: 9 statements.
//! - One referral with claimant, service, both organizations and the last 20 entries of its history: 8 statements.
use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::merged,
    on_both_databases,
};

const INBOX: &str = "{ referrals(box: INBOX, filter: { status: [REQUESTED, ACCEPTED, IN_PROGRESS] }, first: 50) {
    edges { cursor node { id reference status priority dueAt version
        claimant { id region { code } municipality language officialLanguage interpreterNeeded ageBand
                   identityAccess identity { fullName birthDate } }
        service { name categories organization { name } }
        source { name } } }
    pageInfo { hasNextPage endCursor } } }";

const ONE: &str = "query($id: ID!) { referral(id: $id) { id status version summary
    claimant { id language ageBand identityAccess identity { fullName } }
    service { name status } source { name } owner { name }
    history(last: 20) { edges { node { kind at version fromStatus toStatus organization { name } } } } } }";

/// The lists in a statement count for nothing: `IN (?, ?, ?)` is `IN (…)`.
fn without_lists(statement: &str) -> String {
    let mut rest = statement;
    let mut text = String::new();
    while let Some(at) = rest.find(" IN (") {
        let (before, list) = rest.split_at(at + 5);
        text += before;
        let end = list.find([')', '(']).unwrap_or(list.len());
        let is_values = !list.starts_with("SELECT");
        text += if is_values { "…" } else { &list[..end] };
        rest = &list[end..];
    }
    text + rest
}

/// Runs a query once to warm what is remembered of documents, and then counts.
async fn statements(client: &Client<'_>, query: &str, variables: &Value) -> (Value, Vec<String>) {
    client.ask(query, variables.clone()).await;
    client.app().statements();
    let answer = client.ask(query, variables.clone()).await;
    let texts = client.app().statement_texts();
    assert_eq!(client.app().statements(), texts.len());
    for text in &texts {
        let bound = text.contains(" LIMIT ") || text.contains(" IN (");
        assert!(bound, "a statement without a bound: {text}");
    }
    let kinds: BTreeSet<String> = texts.iter().map(|text| without_lists(text)).collect();
    assert_eq!(
        kinds.len(),
        texts.len(),
        "something is read twice: {texts:#?}"
    );
    (answer.data().clone(), texts)
}

/// Sends referrals to the provider from both agencies, to two services, in three states.
async fn fill(app: &TestApp, count: usize) {
    let provider = app.as_provider();
    let second = json!({ "nameEn": "Second", "categories": ["EMPLOYMENT"] });
    let second =
        provider.done("serviceSave", second, "service { id }").await["service"]["id"].clone();
    for number in 0..count {
        let agency = app.client(if number % 2 == 0 {
            "agency"
        } else {
            "other-agency"
        });
        let service = if number % 3 == 0 {
            second.clone()
        } else {
            app.service()
        };
        let claimant = agency.registers_with_consent("Testa").await;
        let sent = agency.sends(&claimant, &service).await;
        if number % 3 > 0 {
            let accepted = provider.does("referralAccept", &sent, Value::Null).await;
            if number % 3 > 1 {
                provider.does("referralStart", &accepted, Value::Null).await;
            }
        }
    }
}

on_both_databases! {
    async fn the_inbox_costs_the_same_for_five_rows_and_for_fifty(app: TestApp) {
        let provider = app.as_provider();
        fill(&app, 5).await;
        let (few, few_statements) = statements(&provider, INBOX, &Value::Null).await;
        assert_eq!(few["referrals"]["edges"].as_array().map(Vec::len), Some(5));
        fill(&app, 45).await;
        let (many, many_statements) = statements(&provider, INBOX, &Value::Null).await;
        let edges = many["referrals"]["edges"].as_array().expect("edges").clone();
        assert_eq!(edges.len(), 50);
        let opened = edges.iter().filter(|edge| edge["node"]["claimant"]["identity"]["fullName"] == "Testa Specimen");
        assert_eq!(opened.count(), 33, "everything asked for is there");
        assert!(edges.iter().all(|edge| edge["node"]["service"]["organization"]["name"] == "Test provider"));
        assert_eq!(few_statements.len(), many_statements.len());
        assert_eq!(many_statements.len(), 9, "{many_statements:#?}");
    }

    async fn one_referral_costs_the_same_with_a_short_history_and_a_long_one(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let mut referral = provider.does("referralAccept", &sent, Value::Null).await;
        let id = json!({ "id": referral.id });
        let (_, short) = statements(&provider, ONE, &id).await;
        for number in 0..30 {
            let note = json!({ "subStatus": "CONTACT_ATTEMPTED", "note": format!("Attempt {number}.") });
            referral = provider.does("referralSetSubStatus", &referral, note).await;
        }
        app.settle().await;
        let (whole, long) = statements(&provider, ONE, &id).await;
        let referral = &whole["referral"];
        assert_eq!(referral["claimant"]["identity"]["fullName"], "Testa Specimen");
        let history = referral["history"]["edges"].as_array().expect("a history").clone();
        assert_eq!(history.len(), 20);
        assert_eq!(history[19]["node"]["version"], 32, "the last of them");
        assert_eq!(short.len(), long.len());
        assert_eq!(long.len(), 8, "{long:#?}");
    }

    async fn a_list_of_what_is_not_visible_costs_no_more_than_an_empty_one(app: TestApp) {
        fill(&app, 5).await;
        let sent = app.as_agency().refers().await;
        let stranger = app.client("far-provider");
        let (nothing, inbox) = statements(&stranger, INBOX, &Value::Null).await;
        assert_eq!(nothing["referrals"]["edges"], json!([]));
        assert_eq!(inbox.len(), 2, "{inbox:#?}");
        let there = statements(&stranger, ONE, &json!({ "id": sent.id })).await;
        let missing = app.missing(claimant_gateway::opaque::NodeType::Referral);
        let missing = statements(&stranger, ONE, &merged(json!({}), json!({ "id": missing }))).await;
        assert_eq!(there, missing, "what runs tells nothing either");
    }
}
