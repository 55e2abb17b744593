//! Lists, page by page: every order, both directions, while rows come and go; and every filter of referrals.
use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::{Answer, Client, TestApp},
    journey::{Referral, because, ids, merged},
    on_both_databases,
};

const LIST: &str = "query($box: ReferralBox!, $filter: ReferralFilter, $orderBy: ReferralOrder, $first: Int, $after: String,
    $last: Int, $before: String) {
    referrals(box: $box, filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

async fn list(client: &Client<'_>, arguments: Value) -> Answer {
    client
        .ask(LIST, merged(json!({ "box": "OUTBOX" }), arguments))
        .await
}

/// Every id of a list, read forwards in pages of this size.
async fn forwards(client: &Client<'_>, arguments: &Value, size: usize) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = list(
            client,
            merged(arguments.clone(), json!({ "first": size, "after": after })),
        )
        .await;
        let page = &page.data()["referrals"];
        assert_eq!(page["pageInfo"]["hasPreviousPage"], !all.is_empty());
        all.extend(ids(page));
        if page["pageInfo"]["hasNextPage"] == false {
            return all;
        }
        assert_eq!(ids(page).len(), size);
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// The same, read from the end.
async fn backwards(client: &Client<'_>, arguments: &Value, size: usize) -> Vec<Value> {
    let (mut all, mut before) = (Vec::new(), Value::Null);
    loop {
        let page = list(
            client,
            merged(arguments.clone(), json!({ "last": size, "before": before })),
        )
        .await;
        let page = &page.data()["referrals"];
        assert_eq!(page["pageInfo"]["hasNextPage"], !all.is_empty());
        let mut earlier = ids(page);
        earlier.append(&mut all);
        all = earlier;
        if page["pageInfo"]["hasPreviousPage"] == false {
            return all;
        }
        before = page["pageInfo"]["startCursor"].clone();
    }
}

/// Drafts of the agency: two at each moment, one in three without a due date.
async fn drafts(app: &TestApp, count: usize) -> Vec<Referral> {
    let agency = app.as_agency();
    let mut drafts = Vec::new();
    for number in 0..count {
        if number % 2 == 0 {
            app.clock.advance(TimeDelta::milliseconds(1));
        }
        let due = (number % 3 != 0).then(|| format!("2026-07-{:02}T12:00:00Z", 28 - number));
        drafts.push(agency.creates(json!({ "dueAt": due })).await);
    }
    drafts
}

/// The ids of what the caller's box holds under a filter.
async fn filtered(client: &Client<'_>, which: &str, filter: Value) -> Vec<Value> {
    let answer = list(client, json!({ "box": which, "filter": filter })).await;
    ids(&answer.data()["referrals"])
}

fn assert_holds(found: &[Value], expected: &[&Referral], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found:?}");
    for referral in expected {
        assert!(found.contains(&referral.id), "{what}");
    }
}

on_both_databases! {
    async fn a_list_reads_the_same_in_both_directions_in_every_order_and_page_size(app: TestApp) {
        let agency = app.as_agency();
        let mut drafts = drafts(&app, 11).await;
        for place in [3, 8] {
            app.clock.advance(TimeDelta::seconds(1));
            drafts[place] = agency.does("referralUpdate", &drafts[place], json!({ "summary": "Changed." })).await;
        }
        let mut orders = Vec::new();
        for field in ["CREATED_AT", "UPDATED_AT", "DUE_AT"] {
            let mut of_field = Vec::new();
            for direction in ["ASC", "DESC"] {
                let arguments = json!({ "orderBy": { "field": field, "direction": direction } });
                let whole = list(&agency, merged(arguments.clone(), json!({ "first": 100 }))).await;
                let whole = ids(&whole.data()["referrals"]);
                for size in [1, 3, 10, 11] {
                    assert_eq!(forwards(&agency, &arguments, size).await, whole, "{field} {direction} {size}");
                    assert_eq!(backwards(&agency, &arguments, size).await, whole, "{field} {direction} {size}");
                }
                of_field.push(whole);
            }
            let mut reversed = of_field[1].clone();
            reversed.reverse();
            assert_eq!(of_field[0], reversed, "{field}");
            let places = |order: &[Value]| -> Vec<Option<usize>> {
                order.iter().map(|id| drafts.iter().position(|draft| draft.id == *id)).collect()
            };
            orders.push(json!({ field: places(&of_field[0]) }));
        }
        insta::assert_json_snapshot!("orders", orders);
    }

    async fn newest_come_first_and_twenty_at_once_unless_more_are_asked_for(app: TestApp) {
        let agency = app.as_agency();
        for _ in 0..21 {
            agency.creates(json!({})).await;
        }
        let usual = list(&agency, json!({})).await;
        let page = &usual.data()["referrals"];
        assert_eq!(ids(page).len(), 20);
        assert_eq!(page["pageInfo"]["hasNextPage"], true);
        assert_eq!(page["pageInfo"]["startCursor"], page["edges"][0]["cursor"]);
        assert_eq!(page["pageInfo"]["endCursor"], page["edges"][19]["cursor"]);
        let all = forwards(&agency, &json!({}), 100).await;
        let newest = json!({ "orderBy": { "field": "CREATED_AT", "direction": "DESC" } });
        assert_eq!(forwards(&agency, &newest, 100).await, all);
        let empty = list(&app.as_provider(), json!({})).await;
        assert_eq!(empty.data()["referrals"], json!({ "edges": [], "pageInfo": {
            "hasNextPage": false, "hasPreviousPage": false, "startCursor": null, "endCursor": null,
        } }));
    }

    async fn pages_stay_in_step_while_rows_come_and_go(app: TestApp) {
        let agency = app.as_agency();
        let before = drafts(&app, 6).await;
        let first = list(&agency, json!({ "first": 3 })).await;
        let first = first.data()["referrals"].clone();
        // New ones come in before the page that is read next; one that has been read is changed.
        app.clock.advance(TimeDelta::seconds(1));
        for _ in 0..3 {
            agency.creates(json!({})).await;
        }
        agency.does("referralUpdate", &before[5], json!({ "summary": "Changed." })).await;
        let after = first["pageInfo"]["endCursor"].clone();
        let second = list(&agency, json!({ "first": 3, "after": after })).await;
        let mut seen = ids(&first);
        seen.extend(ids(&second.data()["referrals"]));
        let mut expected: Vec<Value> = before.iter().map(|draft| draft.id.clone()).collect();
        expected.reverse();
        assert_eq!(seen, expected, "nothing twice, nothing left out");
        assert_eq!(second.data()["referrals"]["pageInfo"]["hasNextPage"], false);
    }

    async fn a_cursor_is_good_for_its_own_list_order_and_organization_alone(app: TestApp) {
        let agency = app.as_agency();
        drafts(&app, 3).await;
        let page = list(&agency, json!({ "first": 1 })).await;
        let cursor = page.data()["referrals"]["pageInfo"]["endCursor"].clone();
        let others = [
            (&agency, json!({ "after": cursor, "box": "INBOX" })),
            (&agency, json!({ "after": cursor, "orderBy": { "field": "CREATED_AT", "direction": "ASC" } })),
            (&agency, json!({ "after": cursor, "orderBy": { "field": "UPDATED_AT", "direction": "DESC" } })),
            (&agency, json!({ "after": "nonsense" })),
            (&agency, json!({ "before": "" })),
            (&agency, json!({ "after": cursor.as_str().map(|cursor| format!("{cursor}A")) })),
            (&app.client("other-agency"), json!({ "after": cursor })),
        ];
        for (client, arguments) in others {
            let answer = list(client, arguments.clone()).await;
            assert_eq!(answer.error_code(), "BAD_CURSOR", "{arguments}");
        }
        for (query, what) in [
            ("query($after: String) { claimants(after: $after) { edges { cursor } } }", "claimants"),
            ("query($after: String) { services(after: $after) { edges { cursor } } }", "services"),
            ("query($after: Cursor) { changes(after: $after) { edges { cursor } } }", "changes"),
        ] {
            assert_eq!(agency.ask(query, json!({ "after": cursor })).await.error_code(), "BAD_CURSOR", "{what}");
        }
        // A worker of the same organization may go on where another stopped.
        let on = list(&app.as_agency(), json!({ "after": cursor })).await;
        assert_eq!(ids(&on.data()["referrals"]).len(), 2);
    }

    async fn a_page_holds_one_to_a_hundred_in_one_direction(app: TestApp) {
        let agency = app.as_agency();
        for (arguments, code) in [
            (json!({ "first": 0 }), "BAD_USER_INPUT"), (json!({ "first": -1 }), "BAD_USER_INPUT"),
            (json!({ "last": 0 }), "BAD_USER_INPUT"), (json!({ "first": 1, "last": 1 }), "BAD_USER_INPUT"),
            (json!({ "first": 101 }), "LIMIT_EXCEEDED"), (json!({ "last": 101 }), "LIMIT_EXCEEDED"),
        ] {
            let answer = list(&agency, arguments.clone()).await;
            assert_eq!(answer.error_code(), code, "{arguments}");
            assert_eq!(answer["data"], Value::Null);
        }
        for list in ["services", "organizations", "claimants"] {
            let answer = agency.query(&format!("{{ {list}(first: 101) {{ edges {{ cursor }} }} }}")).await;
            assert_eq!(answer.error_code(), "LIMIT_EXCEEDED", "{list}");
            let answer = agency.query(&format!("{{ {list}(first: 0) {{ edges {{ cursor }} }} }}")).await;
            assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{list}");
        }
    }

    async fn other_lists_are_paged_the_same_way(app: TestApp) {
        let agency = app.as_agency();
        for number in 0..5 {
            agency.registers(&format!("Testa{number}")).await;
        }
        for list in ["services", "organizations", "claimants"] {
            let query = format!(
                "query($first: Int, $after: String, $last: Int, $before: String) {{
                    {list}(first: $first, after: $after, last: $last, before: $before) {{
                        edges {{ node {{ id }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"
            );
            let whole = agency.ask(&query, json!({ "first": 100 })).await;
            let whole = ids(&whole.data()[list]);
            let (mut seen, mut after) = (Vec::new(), Value::Null);
            while after != json!("end") {
                let page = agency.ask(&query, json!({ "first": 2, "after": after })).await;
                seen.extend(ids(&page.data()[list]));
                let info = &page.data()[list]["pageInfo"];
                after = if info["hasNextPage"] == true { info["endCursor"].clone() } else { json!("end") };
            }
            assert_eq!(seen, whole, "{list}");
            let last = agency.ask(&query, json!({ "last": 2 })).await;
            assert_eq!(ids(&last.data()[list]), whole[whole.len() - 2..], "{list}");
        }
    }

    async fn referrals_are_filtered_by_state_phase_priority_category_place_and_service(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let facts = || merged(app.five_facts(), json!({ "send": true, "serviceId": app.service() }));
        let plain = agency.creates(facts()).await;
        let urgent = agency.creates(merged(facts(), json!({ "priority": "URGENT", "category": "HOUSING" }))).await;
        let north = agency.creates(merged(facts(), json!({ "regionId": app.northern(), "serviceId": app.other_service() }))).await;
        let accepted = provider.does("referralAccept", &agency.creates(facts()).await, Value::Null).await;
        let declined = provider.does("referralDecline", &agency.creates(facts()).await, because("OTHER")).await;
        let draft = agency.creates(json!({})).await;
        for (filter, expected) in [
            (json!({ "status": ["DRAFT", "ACCEPTED"] }), vec![&draft, &accepted]),
            (json!({ "status": [] }), vec![]),
            (json!({ "phase": ["WAITING"] }), vec![&plain, &urgent, &north]),
            (json!({ "phase": ["ACTIVE", "CLOSED"] }), vec![&accepted, &declined]),
            (json!({ "phase": ["CLOSED"], "status": ["ACCEPTED", "REJECTED"] }), vec![&declined]),
            (json!({ "priority": "URGENT" }), vec![&urgent]),
            (json!({ "category": ["HOUSING", "LEGAL"] }), vec![&urgent]),
            (json!({ "regionId": app.northern() }), vec![&north]),
            (json!({ "serviceId": app.other_service() }), vec![&north]),
            (json!({ "serviceId": app.missing(NodeType::Service) }), vec![]),
        ] {
            assert_holds(&filtered(&agency, "OUTBOX", filter.clone()).await, &expected, &filter.to_string());
        }
        assert_holds(&filtered(&provider, "INBOX", json!({})).await, &[&plain, &urgent, &accepted], "what it declined is gone");
        let ministry = app.as_ministry();
        assert_holds(&filtered(&ministry, "ALL", json!({ "regionId": app.central() })).await,
            &[&plain, &urgent, &accepted, &declined], "everything sent, no draft");
        assert_holds(&filtered(&app.client("ministry-north"), "ALL", json!({})).await, &[&north], "its region");
    }

    async fn referrals_are_filtered_by_time_and_by_who_works_on_them(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let facts = || merged(app.five_facts(), json!({ "send": true, "serviceId": app.service() }));
        let late = agency.creates(merged(facts(), json!({ "dueAt": "2026-06-01T15:00:00Z" }))).await;
        let answered = agency.creates(merged(facts(), json!({ "dueAt": "2026-06-01T15:00:00Z" }))).await;
        let answered = provider.does("referralAccept", &answered, Value::Null).await;
        let timeless = agency.creates(facts()).await;
        let timeless = agency.does("referralUpdate", &timeless, json!({ "dueAt": null })).await;
        app.clock.set("2026-06-01T15:00:00Z".parse().expect("a time"));
        assert_holds(&filtered(&provider, "INBOX", json!({ "overdue": true })).await, &[], "due now is not late");
        app.clock.advance(TimeDelta::microseconds(1));
        let assigned = provider.does("referralAssign", &answered, json!({ "assignee": "worker-7" })).await;
        for (filter, expected) in [
            (json!({ "overdue": true }), vec![&late]),
            (json!({ "overdue": false }), vec![&assigned, &timeless]),
            (json!({ "unassigned": true }), vec![&late, &timeless]),
            (json!({ "unassigned": false }), vec![&assigned]),
            (json!({ "assignee": "worker-7" }), vec![&assigned]),
            (json!({ "assignee": "worker-8" }), vec![]),
            (json!({ "updatedSince": "2026-06-01T15:00:00.000001Z" }), vec![&assigned]),
            (json!({ "updatedSince": "2026-06-01T15:00:00.000002Z" }), vec![]),
        ] {
            assert_holds(&filtered(&provider, "INBOX", filter.clone()).await, &expected, &filter.to_string());
        }
        assert_eq!(provider.sees(&late, "overdue").await["overdue"], true);
        for filter in [json!({ "assignee": "worker-7" }), json!({ "unassigned": false }), json!({ "unassigned": true })] {
            assert_eq!(filtered(&agency, "OUTBOX", filter).await, [] as [Value; 0], "who works on it is no question for others");
        }
    }

    async fn a_follow_up_that_is_due_is_found(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut completed = Vec::new();
        for follow_up in [json!("2026-06-03"), Value::Null] {
            let accepted = provider.does("referralAccept", &agency.refers().await, Value::Null).await;
            let outcomes = json!({ "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01", "followUpOn": follow_up }] });
            completed.push(provider.does("referralComplete", &accepted, outcomes).await);
        }
        let due = json!({ "followUpDue": true });
        assert_holds(&filtered(&provider, "INBOX", due.clone()).await, &[], "not yet");
        app.clock.set("2026-06-03T04:00:00Z".parse().expect("midnight in Toronto"));
        assert_holds(&filtered(&provider, "INBOX", due).await, &[&completed[0]], "from that day on");
        assert_holds(&filtered(&provider, "INBOX", json!({ "followUpDue": false })).await, &[&completed[1]], "the other");
    }

    async fn a_referral_is_found_by_exactly_one_of_id_and_reference(app: TestApp) {
        let agency = app.as_agency();
        let sent = agency.refers().await;
        let reference = agency.sees(&sent, "reference").await["reference"].clone();
        let query = "query($id: ID, $reference: String) { referral(id: $id, reference: $reference) { id } }";
        for client in [&agency, &app.as_provider()] {
            let found = client.ask(query, json!({ "reference": reference })).await;
            assert_eq!(found.data()["referral"]["id"], sent.id);
        }
        for reference in [reference.clone(), json!("0000-0000-0000")] {
            let found = app.client("other-agency").ask(query, json!({ "reference": reference })).await;
            assert_eq!(found.data()["referral"], Value::Null);
        }
        for arguments in [json!({}), json!({ "id": sent.id, "reference": reference })] {
            assert_eq!(agency.ask(query, arguments).await.error_code(), "BAD_USER_INPUT");
        }
    }
}
