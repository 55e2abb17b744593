//! Steps that change one referral and nothing else but its journal: told once and done once, whoever comes beside them, and
//! answered as they are read afterwards.
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::common::{
    Engine,
    app::{Client, TestApp},
    journey::{Referral, because, merged},
    on_both_databases,
};

/// All that a party may be told of the row itself.
const WHOLE: &str = "id reference version status subStatus statusReason decidedBy priority dueAt reviewAt \
    createdAt updatedAt summary assignee availableActions claimantAccess claimant { id } service { id } owner { id } \
    history(first: 20) { edges { node { kind version fromStatus toStatus reason note } } }";

const ENTRIES: &str = "version history(first: 100) { edges { node { version } } }";

async fn accepted(app: &TestApp) -> Referral {
    let sent = app.as_agency().refers().await;
    app.as_provider()
        .does("referralAccept", &sent, Value::Null)
        .await
}

/// What a step answers, and what its author reads right after it.
async fn told_and_read(
    client: &Client<'_>,
    mutation: &str,
    referral: &Referral,
    more: Value,
) -> (Value, Referral) {
    let selection = format!("referral {{ {WHOLE} }}");
    let told = client.done(mutation, referral.step(more), &selection).await["referral"].clone();
    let version = told["version"].as_i64().expect("a version");
    let after = Referral {
        version,
        ..referral.clone()
    };
    assert_eq!(told, client.sees(&after, WHOLE).await, "{mutation}");
    (told, after)
}

fn key(number: u8) -> Value {
    json!({ "idempotencyKey": format!("0197a0b0-0000-7000-8000-0000000000{number:02}") })
}

on_both_databases! {
    async fn what_a_light_step_answers_is_what_is_read_after_it(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let (told, sent) = told_and_read(&agency, "referralSetPriority", &sent, json!({ "priority": "URGENT" })).await;
        assert_eq!(told["priority"], "URGENT");
        let taken = provider.does("referralAccept", &sent, Value::Null).await;
        let note = json!({ "note": "Seen on Tuesday" });
        let (_, taken) = told_and_read(&provider, "referralStart", &taken, note.clone()).await;
        let (told, taken) = told_and_read(&provider, "referralHold", &taken, merged(because("AT_CAPACITY"), note)).await;
        assert_eq!([&told["status"], &told["subStatus"]], ["ON_HOLD", "WAITLISTED"]);
        let (told, taken) = told_and_read(&provider, "referralResume", &taken, Value::Null).await;
        assert_eq!((&told["status"], &told["subStatus"]), (&json!("IN_PROGRESS"), &Value::Null));
        let (told, _) = told_and_read(&provider, "referralSetSubStatus", &taken, json!({ "subStatus": "ENROLLED" })).await;
        assert_eq!(told["history"]["edges"].as_array().map(Vec::len), Some(7), "{told}");
    }

    async fn many_who_hold_one_version_hold_it_once(app: TestApp) {
        let taken = accepted(&app).await;
        let workers: Vec<_> = (0..8).map(|number| app.client_as("provider", &format!("worker-{number}"))).collect();
        let answers = join_all(workers.iter().zip(0..).map(|(worker, number)| {
            let key = if number % 2 == 0 { key(number) } else { Value::Null };
            worker.mutate("referralHold", taken.step(merged(because("OTHER"), key)), "")
        }))
        .await;
        let told = answers.iter().map(|answer| &answer.data()["referralHold"]["userErrors"]);
        let lost: Vec<&Value> = told.filter(|errors| **errors != json!([])).collect();
        assert_eq!(lost.len(), 7, "{lost:?}");
        assert!(lost.iter().all(|errors| errors[0]["code"] == "STALE_VERSION"), "{lost:?}");
        let seen = app.as_provider().sees(&taken, ENTRIES).await;
        assert_eq!(seen["version"], taken.version + 1);
        assert_eq!(seen["history"]["edges"].as_array().map(Vec::len), Some(3), "one entry: {seen}");
        // The keys of those who lost remember nothing.
        let held = Referral { version: taken.version + 1, ..taken };
        let resumed = app.as_provider().does("referralResume", &held, key(2)).await;
        assert_eq!(resumed.status, "IN_PROGRESS");
    }

    async fn one_key_holds_once_and_tells_everybody(app: TestApp) {
        let provider = app.as_provider();
        let taken = accepted(&app).await;
        let hold = taken.step(merged(because("OTHER"), key(1)));
        let selection = "referral { version status }";
        let answers = join_all((0..6).map(|_| provider.mutate("referralHold", hold.clone(), selection))).await;
        for answer in &answers {
            let payload = &answer.data()["referralHold"];
            let in_progress = payload["userErrors"][0]["code"] == "IDEMPOTENCY_IN_PROGRESS";
            assert!(in_progress || payload["referral"]["version"] == taken.version + 1, "{payload}");
        }
        let again = provider.done("referralHold", hold, selection).await;
        assert_eq!(again["referral"], json!({ "version": taken.version + 1, "status": "ON_HOLD" }));
        let held = Referral { version: taken.version + 1, ..taken };
        let other = held.step(merged(because("OTHER"), key(1)));
        assert_eq!(provider.refused("referralHold", other).await, "IDEMPOTENCY_KEY_REUSED");
        let seen = provider.sees(&held, ENTRIES).await;
        assert_eq!(seen["history"]["edges"].as_array().map(Vec::len), Some(3), "{seen}");
    }

    async fn a_light_step_reads_once_and_writes_once(app: TestApp) {
        let provider = app.as_provider();
        let taken = accepted(&app).await;
        let held = provider.does("referralHold", &taken, because("OTHER")).await;
        app.statements();
        let resumed = provider.does("referralResume", &held, key(1)).await;
        // Whoever asks is found by name first, in what is remembered of the directory where that is followed.
        let mut texts = app.statement_texts();
        texts.retain(|text| !text.contains("FROM \"organization\""));
        if app.database.engine == Engine::Postgres {
            assert_eq!(texts.len(), 2, "{texts:#?}");
        }
        app.statements();
        // A place that a service has no more is a row of its own, and a transaction holds the two together.
        let full = merged(because("AT_CAPACITY"), json!({ "capacity": "WAITLIST" }));
        let held = provider.does("referralHold", &resumed, full).await;
        assert!(app.statement_texts().len() > 2);
        let capacity = "service { capacity { status } }";
        assert_eq!(provider.sees(&held, capacity).await["service"]["capacity"]["status"], "WAITLIST");
    }
}
