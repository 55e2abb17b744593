//! A Monday at a provider's intake desk: sixty requests of two agencies wait, some since a week ago, some urgent. Forty
//! are accepted in two calls, twelve declined with reasons, five put on a waiting list, and of three more is asked.
use std::collections::BTreeMap;

use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{LEFT, Referral, because, merged},
    on_both_databases,
    software::Software,
};

const SAID: &str = "subStatus messages(first: 10) { edges { node { body } } }";
const SUMMARY: &str = "{ inboxSummary { waiting overdue mine unassigned waitlisted followUpDue } }";

/// One request of somebody who consents.
async fn request(agency: &Client<'_>, priority: &str) -> Referral {
    let claimant = agency.registers_with_consent("Testa").await;
    let to = json!({ "claimantId": claimant, "serviceId": agency.app().service(), "priority": priority, "send": true });
    agency.creates(to).await
}

/// Twenty of the Monday before, then forty of Friday, in turn of both agencies; it is Monday morning then.
async fn sixty(app: &TestApp) {
    let agencies = [app.as_agency(), app.client("other-agency")];
    for (count, urgent) in [(20, 4), (40, 6)] {
        for number in 0..count {
            let priority = if number < urgent { "URGENT" } else { "ROUTINE" };
            request(&agencies[number % 2], priority).await;
        }
        app.clock
            .set("2026-06-05T18:00:00Z".parse().expect("a time"));
    }
    app.clock
        .set("2026-06-08T14:30:00Z".parse().expect("a time"));
}

/// What waits in the caller's inbox, the urgent first; and of each whether it is urgent, and overdue.
async fn waiting(desk: &mut Software<'_>) -> Vec<(Referral, (bool, bool))> {
    let query = "{ referrals(box: INBOX, filter: { status: [REQUESTED] }, orderBy: { field: URGENCY, direction: ASC }, first: 100) {
        edges { node { id version status priority overdue } } } }";
    let data = desk.ask(query, json!({})).await;
    let edges = data["referrals"]["edges"].as_array().expect("edges");
    let row = |node: &Value| {
        let sorts = (node["priority"] == "URGENT", node["overdue"] == true);
        (Referral::of(&json!({ "referral": node })), sorts)
    };
    edges.iter().map(|edge| row(&edge["node"])).collect()
}

async fn counts(desk: &mut Software<'_>) -> Value {
    desk.ask(SUMMARY, json!({})).await["inboxSummary"].clone()
}

/// How many referrals stand in which state.
fn standing<const N: usize>(of: [(&'static str, usize); N]) -> BTreeMap<&'static str, usize> {
    of.into_iter().collect()
}

/// How often the feed told each kind of thing.
fn kinds(feed: &[(String, Value)]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for (kind, _) in feed {
        *counts.entry(kind.as_str()).or_default() += 1;
    }
    counts
}

/// Whoever else tries the same with the same list is answered as for sixty that never were, and has an empty inbox.
async fn the_same_elsewhere(app: &TestApp, rows: &[Referral]) {
    let never: Vec<Referral> = rows
        .iter()
        .map(|row| Referral {
            id: app.missing(NodeType::Referral),
            ..row.clone()
        })
        .collect();
    for organization in ["other-provider", "far-provider", "other-agency", "agency"] {
        let client = app.client(organization);
        let nothing = json!({ "waiting": 0, "overdue": 0, "mine": 0, "unassigned": 0, "waitlisted": 0, "followUpDue": 0 });
        assert_eq!(
            client.query(SUMMARY).await.data()["inboxSummary"],
            nothing,
            "{organization}"
        );
        // An agency sees its own among them, and is not their owner.
        if organization.ends_with("agency") {
            continue;
        }
        for (action, more) in [
            ("ACCEPT", Value::Null),
            ("DECLINE", because("OTHER")),
            ("ASSIGN", json!({ "assignee": "somebody" })),
        ] {
            let mut answers = Vec::new();
            for rows in [rows, &never] {
                let items: Vec<Value> = rows.iter().map(|row| row.step(Value::Null)).collect();
                let input = merged(json!({ "action": action, "items": items }), more.clone());
                let answer = client
                    .mutate(
                        "referralBulkAct",
                        input,
                        "results { referral { id } userErrors { code message field } }",
                    )
                    .await;
                answers.push(answer.data().clone());
            }
            assert_eq!(answers[0], answers[1], "{organization} {action}");
            assert_eq!(
                answers[0]["referralBulkAct"]["results"][59]["userErrors"][0]["code"],
                "NOT_FOUND"
            );
        }
    }
}

on_both_databases! {
    async fn sixty_of_a_monday_are_answered_and_both_sides_know_of_each(app: TestApp) {
        sixty(&app).await;
        let mut desk = Software::of(app.as_provider());
        let mut agencies = [Software::of(app.as_agency()), Software::of(app.client("other-agency"))];
        assert_eq!(app.fires().await, (20, 0), "of each that is overdue once");
        let morning = desk.reads().await;
        assert_eq!(kinds(&morning), standing([("REFERRAL_CREATED", 60), ("REFERRAL_OVERDUE", 20)]));
        assert_eq!(counts(&mut desk).await,
            json!({ "waiting": 60, "overdue": 20, "mine": 0, "unassigned": 60, "waitlisted": 0, "followUpDue": 0 }));
        let rows = waiting(&mut desk).await;
        let sorts: Vec<(bool, bool)> = rows.iter().map(|(_, sorts)| *sorts).collect();
        let expected = [((true, true), 4), ((true, false), 6), ((false, true), 16), ((false, false), 34)];
        let expected: Vec<(bool, bool)> = expected.iter().flat_map(|(sorts, count)| std::iter::repeat_n(*sorts, *count)).collect();
        assert_eq!(sorts, expected, "urgent and overdue first");
        let rows: Vec<Referral> = rows.into_iter().map(|(row, _)| row).collect();
        the_same_elsewhere(&app, &rows).await;

        let mut accepted = desk.does_to_many("ACCEPT", &rows[..20], Value::Null).await;
        accepted.extend(desk.does_to_many("ACCEPT", &rows[20..40], Value::Null).await);
        assert!(accepted.iter().all(|row| row.status == "ACCEPTED"));
        for (rows, reason) in [(&rows[40..45], "NOT_ELIGIBLE"), (&rows[45..49], "OUT_OF_AREA"), (&rows[49..52], "LANGUAGE_UNAVAILABLE")] {
            let declined = desk.does_to_many("DECLINE", rows, because(reason)).await;
            assert!(declined.iter().all(|row| row.status == "REJECTED"));
        }
        for row in &rows[52..57] {
            let taken = desk.does("referralAccept", row, Value::Null).await;
            let full = json!({ "reason": "AT_CAPACITY", "reviewAt": "2026-06-22T13:00:00Z" });
            assert_eq!(desk.does("referralHold", &taken, full).await.status, "ON_HOLD");
        }
        for row in &rows[57..] {
            asks(&mut desk, row).await;
        }
        for (part, worker) in [(&accepted[..20], "worker-of-provider"), (&accepted[20..], "colleague")] {
            desk.does_to_many("ASSIGN", part, json!({ "assignee": worker })).await;
        }
        assert_eq!(counts(&mut desk).await,
            json!({ "waiting": 3, "overdue": 0, "mine": 20, "unassigned": 8, "waitlisted": 5, "followUpDue": 0 }));

        let evening = kinds(&desk.reads().await).get("ACCESS_ENDED").copied();
        assert_eq!(evening, Some(12), "whose copies go");
        assert_eq!(desk.keeps_by_status(), standing([("ACCEPTED", 40), ("ON_HOLD", 5), ("REQUESTED", 3)]));
        for declined in &rows[40..52] {
            assert!(!desk.keeps_copy_of(declined));
            assert_eq!(desk.sees(declined, "id").await, Value::Null);
        }
        let mut together: BTreeMap<&str, usize> = BTreeMap::new();
        for agency in &mut agencies {
            agency.reads().await;
        }
        for agency in &agencies {
            for (status, count) in agency.keeps_by_status() {
                *together.entry(status).or_default() += count;
            }
        }
        assert_eq!(together, standing([("ACCEPTED", 40), ("REJECTED", 12), ("ON_HOLD", 5), ("REQUESTED", 3)]));
        the_reasons_are_told_to_who_sent_it(&mut agencies, &rows).await;
        answers(&app, &mut desk, &mut agencies, &rows[57..]).await;
        app.clock.set("2026-06-22T13:00:00Z".parse().expect("a time"));
        assert_eq!(app.fires().await, (5, 0), "those on the waiting list are to be looked at again");
    }
}

/// Each agency learns why its own were declined, and who works on what it learns of none.
async fn the_reasons_are_told_to_who_sent_it(agencies: &mut [Software<'_>; 2], rows: &[Referral]) {
    let look = "statusReason decidedBy assignee history { edges { node { kind } } }";
    for (row, reason) in rows[40..45]
        .iter()
        .map(|row| (row, "NOT_ELIGIBLE"))
        .chain([(&rows[45], "OUT_OF_AREA")])
    {
        let mut seen = Vec::new();
        for agency in agencies.iter_mut() {
            seen.push(agency.sees(row, look).await);
        }
        let [sent, other] = <[Value; 2]>::try_from(seen).expect("two");
        let (own, other) = if sent.is_null() {
            (other, sent)
        } else {
            (sent, other)
        };
        assert_eq!(own["statusReason"], reason);
        assert_eq!(other, Value::Null, "the other agency's is not there");
    }
    for agency in agencies {
        agency.never_heard(&["REFERRAL_ASSIGNED", "worker-of-provider", "colleague"]);
    }
}

/// What the desk must know before it can answer.
async fn asks(desk: &mut Software<'_>, row: &Referral) {
    desk.does(
        "referralSetSubStatus",
        row,
        json!({ "subStatus": "NEEDS_INFORMATION" }),
    )
    .await;
    let question =
        json!({ "referralId": row.id, "body": "Since when does the person look for work?" });
    desk.done("messageSend", question, LEFT).await;
}

/// The agencies see that something is asked, each of its own, and one of them answers.
async fn answers(
    app: &TestApp,
    desk: &mut Software<'_>,
    agencies: &mut [Software<'_>; 2],
    rows: &[Referral],
) {
    for row in rows {
        let mut asked = 0;
        for agency in agencies.iter_mut() {
            let seen = agency.sees(row, SAID).await;
            if seen.is_null() {
                continue;
            }
            asked += 1;
            assert_eq!(
                (
                    &seen["subStatus"],
                    seen["messages"]["edges"].as_array().map(Vec::len)
                ),
                (&json!("NEEDS_INFORMATION"), Some(1))
            );
            let answer = json!({ "referralId": row.id, "body": "Since last week." });
            agency.done("messageSend", answer, LEFT).await;
        }
        assert_eq!(asked, 1, "whoever sent it");
        let seen = desk.sees(row, SAID).await;
        assert_eq!(
            (
                &seen["subStatus"],
                seen["messages"]["edges"].as_array().map(Vec::len)
            ),
            (&Value::Null, Some(2)),
            "answered, and set back"
        );
        let accepted = desk.rereads(row).await;
        desk.does("referralAccept", &accepted, Value::Null).await;
    }
    let other = app.client("other-provider");
    assert!(other.sees(&rows[0], SAID).await.is_null());
}
