//! The inbox: its order by urgency, page by page and by one index, and its counts, each of the list it stands for.
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, because, ids, merged},
    on_both_databases,
};

const LIST: &str = "query($filter: ReferralFilter, $orderBy: ReferralOrder, $first: Int, $after: String, $last: Int, $before: String) {
    referrals(box: INBOX, filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        edges { node { id } } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }";

const SUMMARY: &str =
    "{ inboxSummary { waiting overdue mine unassigned waitlisted followUpDue countedTo } }";

fn by_urgency(direction: &str) -> Value {
    json!({ "orderBy": { "field": "URGENCY", "direction": direction } })
}

async fn inbox(client: &Client<'_>, arguments: Value) -> Value {
    client.ask(LIST, arguments).await.data()["referrals"].clone()
}

/// A request of the agency to the provider, with this priority and due date.
async fn request(app: &TestApp, priority: &str, due_at: &str) -> Referral {
    let more = merged(
        app.five_facts(),
        json!({ "serviceId": app.service(), "priority": priority, "dueAt": due_at, "send": true }),
    );
    app.as_agency().creates(more).await
}

/// What the provider's inbox holds, in the order of urgency.
async fn a_mixed_inbox(app: &TestApp) -> Vec<Value> {
    let provider = app.as_provider();
    let mut expected = Vec::new();
    for (priority, due) in [
        ("URGENT", "02"),
        ("URGENT", "02"),
        ("URGENT", "20"),
        ("ROUTINE", "02"),
        ("ROUTINE", "09"),
    ] {
        expected.push(request(app, priority, &format!("2026-06-{due}T12:00:00Z")).await);
    }
    for (priority, due) in [("URGENT", "03"), ("URGENT", "04"), ("ROUTINE", "02")] {
        let sent = request(app, priority, &format!("2026-06-{due}T12:00:00Z")).await;
        expected.push(
            app.as_provider()
                .does("referralAccept", &sent, Value::Null)
                .await,
        );
    }
    let sent = request(app, "URGENT", "2026-06-01T18:00:00Z").await;
    let accepted = provider.does("referralAccept", &sent, Value::Null).await;
    let outcome = json!({ "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01" }] });
    expected.push(provider.does("referralComplete", &accepted, outcome).await);
    expected.into_iter().map(|referral| referral.id).collect()
}

/// The counts of the caller's inbox, and the filter of the list behind each.
fn tabs(worker: &str) -> [(&'static str, Value); 6] {
    let open = json!(["WAITING", "ACTIVE", "PAUSED"]);
    [
        ("waiting", json!({ "status": ["REQUESTED"] })),
        ("overdue", json!({ "overdue": true })),
        ("mine", json!({ "assignee": worker, "phase": open })),
        ("unassigned", json!({ "unassigned": true, "phase": open })),
        ("waitlisted", json!({ "subStatus": ["WAITLISTED"] })),
        ("followUpDue", json!({ "followUpDue": true })),
    ]
}

/// The counts, each compared with the list that it stands for.
async fn summary(client: &Client<'_>, worker: &str) -> Value {
    let counts = client.query(SUMMARY).await.data()["inboxSummary"].clone();
    for (tab, filter) in tabs(worker) {
        let list = inbox(client, json!({ "filter": filter, "first": 100 })).await;
        assert_eq!(counts[tab], json!(ids(&list).len()), "{tab}");
    }
    counts
}

/// Many rows of many owners beside the one referral that there is: as many as make a plan worth choosing.
async fn crowd(app: &TestApp, statement: fn(DbBackend) -> &'static str) {
    let connection = app.database.connect().await;
    let backend = connection.get_database_backend();
    for statement in [statement(backend), "ANALYZE"] {
        connection
            .execute_unprepared(statement)
            .await
            .expect("the statement runs");
    }
    connection.close().await.expect("the connection closes");
}

/// Copies of every referral under ids of their own, three thousand each.
fn copies(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres {
        "INSERT INTO referral SELECT (jsonb_populate_record(referral, jsonb_build_object('id', overlay(gen_random_uuid()::text placing '7' from 15), \
            'reference', gen_random_uuid(), 'due_at', due_at + number * interval '1 minute'))).* \
         FROM referral, generate_series(1, 3000) AS number"
    } else {
        // A UUIDv7 has its version in the seventh byte, and its variant in the ninth.
        "CREATE TEMP TABLE copies AS WITH RECURSIVE numbers (number) AS \
            (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 3000) \
         SELECT referral.* FROM referral, numbers; \
         UPDATE copies SET id = unhex(hex(randomblob(6)) || '70' || hex(randomblob(1)) || '80' || hex(randomblob(7))), reference = hex(randomblob(16)); \
         INSERT INTO referral SELECT * FROM copies"
    }
}

/// The plan of a statement that the gateway ran, whatever its parameters.
async fn plan(app: &TestApp, statement: &str) -> String {
    let connection = app.database.connect().await;
    let backend = connection.get_database_backend();
    let explain = if backend == DbBackend::Postgres {
        let parameters = statement.matches('$').count();
        connection
            .execute_unprepared("SET plan_cache_mode = force_generic_plan")
            .await
            .expect("a setting");
        connection
            .execute_unprepared(&format!("PREPARE it AS {statement}"))
            .await
            .expect("the statement");
        format!("EXPLAIN EXECUTE it({})", vec!["NULL"; parameters].join(","))
    } else {
        format!("EXPLAIN QUERY PLAN {statement}")
    };
    let rows = connection
        .query_all_raw(Statement::from_string(backend, explain))
        .await
        .expect("a plan");
    let column = if backend == DbBackend::Postgres {
        "QUERY PLAN"
    } else {
        "detail"
    };
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get("", column).expect("a line"))
        .collect();
    lines.join("\n")
}

on_both_databases! {
    async fn urgency_puts_what_waits_first_and_the_urgent_before_the_rest(app: TestApp) {
        let expected = a_mixed_inbox(&app).await;
        let provider = app.as_provider();
        let whole = ids(&inbox(&provider, merged(by_urgency("ASC"), json!({ "first": 50 }))).await);
        assert_eq!(whole, expected);
        let mut reversed = ids(&inbox(&provider, merged(by_urgency("DESC"), json!({ "first": 50 }))).await);
        reversed.reverse();
        assert_eq!(reversed, expected);
        for size in 1..=5 {
            let (mut read, mut after) = (Vec::new(), Value::Null);
            loop {
                let page = inbox(&provider, merged(by_urgency("ASC"), json!({ "first": size, "after": after }))).await;
                read.extend(ids(&page));
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(read, expected, "in pages of {size}");
            let (mut read, mut before) = (Vec::new(), Value::Null);
            loop {
                let page = inbox(&provider, merged(by_urgency("ASC"), json!({ "last": size, "before": before }))).await;
                read.splice(0..0, ids(&page));
                before = page["pageInfo"]["startCursor"].clone();
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
            }
            assert_eq!(read, expected, "from the end, in pages of {size}");
        }
        let usual = ids(&inbox(&provider, json!({ "first": 50 })).await);
        assert_ne!(usual, expected);
        let newest = json!({ "orderBy": { "field": "CREATED_AT", "direction": "DESC" }, "first": 50 });
        assert_eq!(usual, ids(&inbox(&provider, newest).await), "the newest first where nothing is said");
    }

    async fn a_page_goes_on_where_it_ended_while_others_are_answered(app: TestApp) {
        let expected = a_mixed_inbox(&app).await;
        let provider = app.as_provider();
        let page = inbox(&provider, merged(by_urgency("ASC"), json!({ "first": 3 }))).await;
        let first = Referral { id: expected[0].clone(), version: 1, status: "REQUESTED".to_owned() };
        provider.does("referralAccept", &first, Value::Null).await;
        request(&app, "URGENT", "2026-06-01T15:00:00Z").await;
        let after = page["pageInfo"]["endCursor"].clone();
        let rest = ids(&inbox(&provider, merged(by_urgency("ASC"), json!({ "first": 50, "after": after }))).await);
        // What was accepted stands among what is worked on by now.
        let mut waiting = rest.clone();
        waiting.retain(|id| *id != expected[0]);
        assert_eq!(waiting, expected[3..]);
        assert_eq!(rest.len(), waiting.len() + 1);
        let cursor = json!({ "first": 3, "after": page["pageInfo"]["endCursor"] });
        let other = provider.ask(LIST, merged(json!({ "orderBy": { "field": "DUE_AT", "direction": "ASC" } }), cursor)).await;
        assert_eq!(other.error_code(), "BAD_CURSOR", "a cursor is of its own order");
    }

    async fn one_index_serves_every_page_of_the_inbox_by_urgency(app: TestApp) {
        for (priority, due) in [("URGENT", "2026-06-02T12:00:00Z"), ("ROUTINE", "2026-06-05T12:00:00Z")] {
            request(&app, priority, due).await;
            let to = merged(app.five_facts(), json!({ "serviceId": app.other_service(), "priority": priority, "dueAt": due, "send": true }));
            app.as_agency().creates(to).await;
        }
        crowd(&app, copies).await;
        let provider = app.as_provider();
        for direction in ["ASC", "DESC"] {
            let mut after = Value::Null;
            for _ in 0..3 {
                app.statements();
                let page = inbox(&provider, merged(by_urgency(direction), json!({ "first": 20, "after": after }))).await;
                assert_eq!(ids(&page).len(), 20);
                after = page["pageInfo"]["endCursor"].clone();
                let texts = app.statement_texts();
                let list = texts.iter().find(|text| text.contains("ORDER BY")).expect("the list");
                let plan = plan(&app, list).await;
                assert!(plan.contains("referral_inbox_by_urgency"), "{plan}");
                let sorts = plan.contains("Sort") || plan.contains("TEMP B-TREE");
                assert!(!sorts, "{plan}");
            }
        }
    }

    async fn each_count_is_the_length_of_the_list_it_stands_for(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let nothing = json!({ "waiting": 0, "overdue": 0, "mine": 0, "unassigned": 0, "waitlisted": 0, "followUpDue": 0, "countedTo": 10_000 });
        assert_eq!(summary(&provider, "worker-of-provider").await, nothing);
        a_mixed_inbox(&app).await;
        agency.creates(json!({})).await;
        let held = provider.does("referralAccept", &agency.refers().await, Value::Null).await;
        provider.does("referralHold", &held, because("AT_CAPACITY")).await;
        for (name, closed) in [("worker-of-provider", false), ("worker-of-provider", true), ("colleague", false)] {
            let accepted = provider.does("referralAccept", &agency.refers().await, Value::Null).await;
            let assigned = provider.does("referralAssign", &accepted, json!({ "assignee": name })).await;
            if closed {
                let outcome = json!({ "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01", "followUpOn": "2026-06-05" }] });
                provider.does("referralComplete", &assigned, outcome).await;
            }
        }
        let declined = agency.refers().await;
        provider.does("referralDecline", &declined, because("NOT_ELIGIBLE")).await;
        app.clock.advance(TimeDelta::days(4));
        let counts = summary(&provider, "worker-of-provider").await;
        assert_eq!(
            counts,
            json!({ "waiting": 5, "overdue": 3, "mine": 1, "unassigned": 9, "waitlisted": 1, "followUpDue": 1, "countedTo": 10_000 })
        );
        let colleague = app.client_as("provider", "colleague");
        assert_eq!(summary(&colleague, "colleague").await["mine"], 1);
        let machine = app.client_as("provider", "machine").acting_for("worker-of-provider");
        assert_eq!(summary(&machine, "worker-of-provider").await["mine"], 1, "whoever the machine acts for");
        for other in ["agency", "other-agency", "other-provider", "far-provider"] {
            let worker = format!("worker-of-{other}");
            assert_eq!(summary(&app.client(other), &worker).await, nothing, "{other}");
        }
        assert_eq!(app.as_ministry().query(SUMMARY).await.error_code(), "FORBIDDEN");
        assert_eq!(app.anonymous().query(SUMMARY).await.error_code(), "UNAUTHENTICATED");
    }

    async fn the_counts_are_one_statement_however_much_there_is(app: TestApp) {
        let provider = app.as_provider();
        let mut counts = Vec::new();
        for _ in 0..2 {
            provider.query(SUMMARY).await;
            app.statements();
            provider.query(SUMMARY).await;
            let texts = app.statement_texts();
            counts.push(texts.len());
            let reading: Vec<&String> = texts.iter().filter(|text| text.contains("\"referral\"")).collect();
            assert_eq!(reading.len(), 1, "{texts:#?}");
            assert_eq!(reading[0].matches("LIMIT").count(), 6, "each count is bounded");
            a_mixed_inbox(&app).await;
        }
        assert_eq!(counts[0], counts[1]);
    }

    async fn what_a_referral_waits_for_is_asked_by_its_parties_alone(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let accepted = provider.does("referralAccept", &agency.refers().await, Value::Null).await;
        let held = provider.does("referralHold", &accepted, because("AT_CAPACITY")).await;
        let waitlisted = "{ referrals(box: ALL, filter: { subStatus: [WAITLISTED] }) { edges { node { id subStatus } } } }";
        for party in [&agency, &provider] {
            let found = party.query(waitlisted).await.data()["referrals"]["edges"].clone();
            assert_eq!(found, json!([{ "node": { "id": held.id, "subStatus": "WAITLISTED" } }]));
        }
        for other in ["other-agency", "far-provider", "ministry"] {
            let found = app.client(other).query(waitlisted).await;
            assert_eq!(found.data()["referrals"]["edges"], json!([]), "{other}");
        }
    }
}
