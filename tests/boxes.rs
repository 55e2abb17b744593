//! A box that is made of several lists reads as one: whatever the order, the direction and the size of pages, it holds what
//! its reader may see one by one, each once.
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, because, ids},
    on_both_databases,
};

const BOX: &str = "query($box: ReferralBox!, $filter: ReferralFilter, $orderBy: ReferralOrder, $first: Int, $after: String,
    $last: Int, $before: String) {
    referrals(box: $box, filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { id source { name } status owner { name } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";

/// Every id, in pages of two, from the beginning or from the end.
async fn in_pages(client: &Client<'_>, mut arguments: Value, from_the_end: bool) -> Vec<Value> {
    let (size, bound, more, edge) = if from_the_end {
        ("last", "before", "hasPreviousPage", "startCursor")
    } else {
        ("first", "after", "hasNextPage", "endCursor")
    };
    arguments[size] = json!(2);
    let mut all = Vec::new();
    loop {
        let answer = client.ask(BOX, arguments.clone()).await;
        let page = &answer.data()["referrals"];
        let mut found = ids(page);
        if from_the_end {
            found.append(&mut all);
            all = found;
        } else {
            all.append(&mut found);
        }
        if page["pageInfo"][more] == false {
            return all;
        }
        arguments[bound] = page["pageInfo"][edge].clone();
    }
}

/// Referrals in which the organizations stand to one another in every way.
async fn many(app: &TestApp) -> Vec<Referral> {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let mut all = Vec::new();
    for round in 0..2 {
        app.clock.advance(TimeDelta::seconds(1));
        let due = json!({ "dueAt": format!("2026-07-{:02}T12:00:00Z", 20 - round) });
        all.push(agency.creates(due).await);
        let sent = agency.refers().await;
        all.push(provider.does("referralAccept", &sent, Value::Null).await);
        // Of the agency's claimant, by the provider.
        let accepted = all[all.len() - 1].clone();
        let part = json!({ "category": "HOUSING", "serviceId": app.other_service() });
        let split = provider
            .mutate(
                "referralSplit",
                accepted.step(part),
                "referral { id version status }",
            )
            .await;
        all.push(Referral::of(&split.data()["referralSplit"]));
        all.push(agency.asks_openly().await);
        all.push(provider.asks_openly().await);
        let declined = agency.refers().await;
        all.push(
            provider
                .does("referralDecline", &declined, because("OTHER"))
                .await,
        );
    }
    all
}

on_both_databases! {
    async fn a_box_of_several_lists_reads_as_one(app: TestApp) {
        let all = many(&app).await;
        for code in ["agency", "provider", "other-provider", "far-provider", "other-agency", "ministry", "ministry-north"] {
            let client = app.client(code);
            let mut visible = Vec::new();
            for referral in &all {
                if client.sees(referral, "id").await != Value::Null {
                    visible.push(referral.id.clone());
                }
            }
            let sorted = |mut ids: Vec<Value>| {
                ids.sort_by_key(Value::to_string);
                ids
            };
            for which in ["ALL", "OPEN"] {
                for field in ["CREATED_AT", "UPDATED_AT", "DUE_AT", "URGENCY"] {
                    let arguments = |direction: &str| json!({ "box": which, "orderBy": { "field": field, "direction": direction } });
                    let rising = in_pages(&client, arguments("ASC"), false).await;
                    let what = format!("{code} {which} {field}");
                    assert_eq!(in_pages(&client, arguments("ASC"), true).await, rising, "{what}");
                    let mut falling = in_pages(&client, arguments("DESC"), false).await;
                    falling.reverse();
                    assert_eq!(falling, rising, "{what}");
                    if which == "ALL" {
                        assert_eq!(sorted(rising), sorted(visible.clone()), "{what}");
                    } else {
                        assert!(rising.iter().all(|id| visible.contains(id)), "{what}");
                    }
                }
            }
        }
        // What is open to it, and not its own.
        let open = in_pages(&app.as_provider(), json!({ "box": "OPEN" }), false).await;
        assert_eq!(open, [all[9].id.clone(), all[3].id.clone()]);
        let none = json!({ "box": "OPEN", "filter": { "category": ["LEGAL"] } });
        assert_eq!(in_pages(&app.as_provider(), none, false).await, [] as [Value; 0]);
        let ended = json!({ "box": "ALL", "filter": { "status": ["REJECTED"] } });
        assert_eq!(in_pages(&app.as_agency(), ended, false).await, [all[11].id.clone(), all[5].id.clone()]);
    }
}
