//! How many statements the two queries that everybody runs may cost, however many rows there are. Each table is read
//! once, but organizations: that of the caller's token first, then those that the referrals name, then those that are
//! named by what was read for them.
//!
//! - The inbox, 50 referrals with claimant, identity, service, its organization and the source: 9 statements; 3 once the
//!   directory is remembered.
//! - One referral with claimant, service, both organizations and the last 20 entries of its history: 6 statements, or 7
//!   where organizations are asked for once more; 3 once the directory is remembered.
//! - Queries as partners, pages and dashboards write them, lists in lists among them: `golden/budget.txt`.
//!
//! An answer that shows anything sealed costs one more, shared with the answers that end beside it: the record of that.
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    golden::assert_golden,
    journey::{ids, merged},
    on_both_databases,
};

pub const INBOX: &str = "{ referrals(box: INBOX, filter: { status: [REQUESTED, ACCEPTED, IN_PROGRESS] }, first: 50) {
    edges { cursor node { id reference status priority dueAt version
        claimant { id region { code } municipality language officialLanguage interpreterNeeded ageBand
                   identityAccess identity { fullName birthDate } }
        service { name categories organization { name } }
        source { name } } }
    pageInfo { hasNextPage endCursor } } }";

pub const ONE: &str = "query($id: ID!) { referral(id: $id) { id status version summary
    claimant { id language ageBand identityAccess identity { fullName } }
    service { name status } source { name } owner { name }
    history(last: 20) { edges { node { kind at version fromStatus toStatus organization { name } } } } } }";

const BETWEEN: &str = "{ referrals(box: INBOX, first: 20) { edges { node { id
    messages(last: 2) { edges { node { body from { name } } } pageInfo { hasPreviousPage } }
    appointments { status startsAt place } } } } }";

/// The tables from which the statements read, each as often as it is read from.
pub fn tables(statements: &[String]) -> Vec<&str> {
    let mut tables: Vec<&str> = statements
        .iter()
        .filter_map(|text| {
            // One list for each of many: SQLite joins the table to their ids.
            let of_each = text.split_once(" AS \"one\" CROSS JOIN \"");
            let rest = of_each.or_else(|| text.split_once(" FROM \""))?.1;
            rest.split('"').next()
        })
        .collect();
    tables.sort_unstable();
    tables
}

/// Runs a query once to warm what is remembered of documents, and then counts.
pub async fn statements(
    client: &Client<'_>,
    query: &str,
    variables: &Value,
) -> (Value, Vec<String>) {
    let warm = client.ask(query, variables.clone()).await;
    assert!(warm.body.get("errors").is_none(), "{query}: {}", warm.body);
    client.app().statements();
    let answer = client.ask(query, variables.clone()).await;
    let texts = client.app().statement_texts();
    assert_eq!(client.app().statements(), texts.len());
    let (recorded, texts): (Vec<String>, Vec<String>) = texts
        .into_iter()
        .partition(|text| text.starts_with("INSERT INTO \"disclosure_answer\""));
    assert!(
        recorded.len() <= 1,
        "whatever an answer shows is recorded at once"
    );
    (answer.data().clone(), texts)
}

/// Each statement must say how much it reads at most.
fn assert_bounded(texts: &[String]) {
    for text in texts {
        let bound = [" LIMIT ", " IN (", " = ANY("]
            .iter()
            .any(|bound| text.contains(bound));
        assert!(bound, "a statement without a bound: {text}");
    }
}

/// Sends referrals to the provider from both agencies, to two services, in three states.
pub async fn fill(app: &TestApp, count: usize) {
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

/// Who asks for what; `$ids` are referrals of the inbox, `$id` is a claimant.
const REAL: [(&str, &str, &str); 28] = [
    ("provider", "inbox page", INBOX),
    ("provider", "inbox with actions", "{ referrals(box: INBOX, orderBy: { field: URGENCY, direction: ASC }, first: 50) { edges { node { reference status
        priority overdue summary availableActions claimant { identityAccess identity { fullName } } } } pageInfo { hasNextPage endCursor } } }"),
    ("provider", "inbox with contacts", "{ referrals(box: INBOX, first: 50) { edges { node { id claimant { contactAccess contact { points { kind value } }
        contactVia { name } needs { category status } } } } } }"),
    ("provider", "inbox with needs, family and outcomes", "{ referrals(box: INBOX, first: 50) { edges { node { id need { category priority }
        alsoFor { id ageBand } outcomes { kind date note } partOf { id } } } } }"),
    ("provider", "tabs of the inbox", "{ inboxSummary { waiting overdue mine unassigned waitlisted followUpDue countedTo } viewer { organization { name } } }"),
    ("agency", "outbox, what changed", "{ referrals(box: OUTBOX, filter: { updatedSince: \"2026-01-01T00:00:00Z\" },
        orderBy: { field: UPDATED_AT, direction: ASC }, first: 50) { edges { cursor node { id reference version status subStatus statusReason decidedBy
        updatedAt claimant { id } owner { id name } service { name } outcomes { kind date followUpOn } } } pageInfo { hasNextPage endCursor } } }"),
    ("far-provider", "open referrals", "{ referrals(box: OPEN, first: 50) { edges { node { id version category region { code } language ageBand dueAt } } } }"),
    ("agency", "everything of the agency", "{ referrals(box: ALL, first: 50) { edges { node { id status owner { name } claimantAccess } } } }"),
    ("provider", "one referral", ONE),
    ("provider", "referrals by their ids", "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Referral { status version service { name } claimant { id language } } } }"),
    ("provider", "feed", "{ changes(first: 50) { edges { cursor node { kind subjectId version at organization { name } fromStatus toStatus reason } }
        pageInfo { hasNextPage endCursor } } }"),
    ("agency", "feed with subjects", "{ changes(first: 50) { edges { node { kind subject { id ... on Referral { status owner { name } } ... on Claimant { language } } } } } }"),
    ("agency", "claimant card", "query($id: ID!) { claimant(id: $id) { id language region { code } identity { fullName birthDate } contact { points { kind value } }
        identifiers { kind last4 } claimStatus { stage } workAuthorization { state } needs { category status } qualifications { title } languageAbilities { language }
        consents { purposes fieldGroups status recipients { name } } exclusions { organization { name } }
        referrals(first: 20) { edges { node { id status service { name organization { name } } } } } } }"),
    ("agency", "claimants", "{ claimants(first: 50) { edges { node { id language region { code } identity { fullName } needs { category status } } } pageInfo { endCursor } } }"),
    ("agency", "claimants found by a name", "{ claimants(filter: { text: \"testa\" }, first: 50) { edges { node { id identity { fullName } } } } }"),
    ("agency", "households and consents", "{ claimants(first: 50) { edges { node { id household { id identity { fullName } } consents { purposes status } } } } }"),
    ("agency", "claimants that changed, to be synchronized", "{ claimants(filter: { updatedSince: \"2026-01-01T00:00:00Z\" }, first: 50) { edges { cursor node { id version
        contact { permission points { value } } claimStatus { stage } languageAbilities { language } mergedInto { id } } } pageInfo { hasNextPage } } }"),
    ("agency", "disclosures", "{ disclosures(first: 50) { edges { node { at groups client organization { name } referral { reference } consent { givenAt } } } } }"),
    ("agency", "directory search", "{ services(filter: { category: [EMPLOYMENT] }, first: 50) { edges { node { name status categories languages
        organization { name region { code } } capacity { status available } } } } regions { code name } codes(set: NEED_CATEGORY) { value label } }"),
    ("provider", "inbox with histories", "{ referrals(box: INBOX, first: 50) { edges { node { reference status
        history(last: 5) { edges { node { kind at reason organization { name } } } pageInfo { hasPreviousPage } } } } } }"),
    ("provider", "referrals by their ids, with what was said and done", "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Referral { status
        history(first: 3) { edges { node { kind version } } } messages(last: 2) { edges { node { body } } }
        appointments { status startsAt } outcomes { kind } partOf { id } replaces { id } need { category } } } }"),
    ("agency", "claimants with their referrals", "{ claimants(first: 50) { edges { node { id identity { fullName } referrals(first: 3) { edges { node {
        reference status dueAt overdue claimantAccess availableActions service { name organization { name } } owner { name } } }
        pageInfo { hasNextPage endCursor } } } } } }"),
    ("agency", "claimants, their referrals and what became of them", "{ claimants(first: 15) { edges { node { id needs { category status } referrals(first: 3) {
        edges { node { status claimant { identity { fullName } } outcomes { kind date } messages(last: 2) { edges { node { body } } }
        history(last: 3) { edges { node { kind at organization { name } } } } } } } } } } }"),
    ("agency", "organizations with their services", "{ organizations(first: 25) { edges { node { name kind region { name } services(first: 5) { edges { node {
        name status categories languages capacity { status available } eligibilityRules { fact } } } pageInfo { hasNextPage } } } } } }"),
    ("agency", "lists of reference", "{ regions { id code name office { email } } catchments { code name sourced region { code } }
        codes(set: NEED_CATEGORY) { value label } referralStatuses: codes(set: REFERRAL_STATUS) { value label } viewer { role language } }"),
    ("ministry", "referrals under oversight", "{ referrals(box: ALL, first: 50) { edges { node { reference status category region { code } source { name }
        owner { name } dueAt overdue history(first: 3) { edges { node { kind at } } } } } } }"),
    ("ministry", "directory of a dashboard", "{ organizations(filter: { role: PROVIDER }, first: 50) { edges { node { id name kind active region { code } } } }
        catchments { code name manager { name } } regions { code name } }"),
    ("ministry", "report", "{ referralReport(input: { period: { from: \"2026-01-01\", to: \"2026-12-31\" }, groupBy: [STATUS, MONTH] }) { rows { count suppressed } total } }"),
];

/// The statements of each of these, by what they read from.
async fn real(app: &TestApp) -> Vec<String> {
    let inbox = app
        .as_provider()
        .query("{ referrals(box: INBOX, first: 50) { edges { node { id } } } }")
        .await;
    let referrals = ids(&inbox.data()["referrals"]);
    let claimants = app
        .as_agency()
        .query("{ claimants(first: 1) { edges { node { id } } } }")
        .await;
    let claimant = ids(&claimants.data()["claimants"])[0].clone();
    let mut lines = Vec::new();
    for (caller, name, query) in REAL {
        let id = if caller == "agency" {
            &claimant
        } else {
            &referrals[0]
        };
        let mut variables = json!({});
        if query.contains("$ids") {
            variables["ids"] = json!(referrals);
        } else if query.contains("$id") {
            variables["id"] = id.clone();
        }
        app.settle().await;
        let (_, statements) = statements(&app.client(caller), query, &variables).await;
        let tables = tables(&statements);
        lines.push(format!(
            "{name}: {}: {}",
            statements.len(),
            tables.join(" ")
        ));
    }
    lines
}

on_both_databases! {
    async fn real_queries_cost_the_same_for_a_few_rows_and_for_fifty(app: TestApp) {
        // Of each agency half of them: two, and then fifty.
        fill(&app, 4).await;
        app.follow(None).await;
        let few = real(&app).await;
        fill(&app, 96).await;
        app.follow(None).await;
        let many = real(&app).await;
        assert_eq!(few, many);
        assert_golden("tests/golden/budget.txt", &(many.join("\n") + "\n"));
    }

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
        assert_bounded(&many_statements);
        assert_eq!(
            tables(&many_statements),
            [
                "access_grant", "claimant", "organization", "organization", "organization", "referral",
                "region", "service", "service_category",
            ]
        );
    }

    async fn one_referral_costs_the_same_with_a_short_history_and_a_long_one(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let mut referral = provider.does("referralAccept", &sent, Value::Null).await;
        let id = json!({ "id": referral.id });
        app.settle().await;
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
        for statements in [&short, &long] {
            assert_bounded(statements);
            let (organizations, others): (Vec<&str>, Vec<&str>) =
                tables(statements).into_iter().partition(|table| *table == "organization");
            assert_eq!(
                others,
                ["claimant", "journal_entry", "referral", "service"]
            );
            assert!((2..=3).contains(&organizations.len()), "{statements:#?}");
        }
    }

    async fn what_stands_between_the_parties_costs_a_statement_each_for_five_referrals_and_for_twenty(app: TestApp) {
        let provider = app.as_provider();
        let mut runs = Vec::new();
        for count in [5, 15] {
            fill(&app, count).await;
            let all = provider.query("{ referrals(box: INBOX, first: 50) { edges { node { id } } } }").await;
            for (number, referral) in crate::common::journey::ids(&all.data()["referrals"]).iter().enumerate() {
                for body in ["One.", "Two.", "Three."] {
                    let input = json!({ "referralId": referral, "body": body });
                    provider.done("messageSend", input, "referral { id }").await;
                }
                let soon = json!({ "referralId": referral, "status": "PROPOSED", "startsAt": format!("2026-07-01T15:{number:02}:00Z") });
                provider.done("appointmentSave", soon, "referral { id }").await;
            }
            runs.push(statements(&provider, BETWEEN, &Value::Null).await);
        }
        for (answer, texts) in &runs {
            let edges = answer["referrals"]["edges"].as_array().expect("edges");
            for edge in edges {
                let messages = edge["node"]["messages"]["edges"].as_array().expect("edges");
                let bodies: Vec<_> = messages.iter().map(|edge| &edge["node"]["body"]).collect();
                assert_eq!(bodies, ["Two.", "Three."]);
                assert_eq!(edge["node"]["messages"]["pageInfo"]["hasPreviousPage"], true);
                assert!(!edge["node"]["appointments"].as_array().expect("a list").is_empty());
            }
            assert_eq!(tables(texts), ["appointment", "message", "organization", "organization", "referral"]);
        }
        assert_eq!(runs[1].0["referrals"]["edges"].as_array().map(Vec::len), Some(20));
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
