//! Timers: what comes due is told once, in order, to those who may know; what nobody answers ends. The clock stands still
//! but where a test moves it.
use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::{
    clock::Clock,
    config::{Config, Whole},
    opaque::Keys,
    store::{Settings, Store},
};
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::common::{
    Engine, Fresh,
    app::{self, Client, SECRET, TestApp, monday},
    journey::{Referral, because, merged},
    on_both_databases,
};

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// What the timers told a caller, in order: the kind, or the status that a referral came to, and of what.
async fn told(client: &Client<'_>) -> Vec<(String, Value)> {
    let (mut entries, mut after) = (Vec::new(), Value::Null);
    loop {
        let query = "query($after: Cursor) { changes(first: 100, after: $after) { pageInfo { hasNextPage endCursor }
            edges { node { kind subjectId reason organization { name } } } } }";
        let answer = client.ask(query, json!({ "after": after })).await;
        let page = &answer.data()["changes"];
        for entry in page["edges"]
            .as_array()
            .expect("edges")
            .iter()
            .map(|edge| &edge["node"])
        {
            let kind = entry["kind"].as_str().expect("a kind");
            let due = [
                "REFERRAL_OVERDUE",
                "REVIEW_DUE",
                "FOLLOW_UP_DUE",
                "NEED_DUE",
            ];
            if due.contains(&kind) || entry["reason"] == "REFERRAL_EXPIRED" {
                assert_eq!(entry["organization"], Value::Null, "the system's doing");
                entries.push((kind.to_owned(), entry["subjectId"].clone()));
            }
        }
        if page["pageInfo"]["hasNextPage"] == false {
            return entries;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

fn entry(kind: &str, subject: &Value) -> (String, Value) {
    (kind.to_owned(), subject.clone())
}

/// A need of the claimant from a day on; its id.
async fn needs_from(client: &Client<'_>, claimant: &Value, category: &str, from: &str) -> Value {
    let need = client.needs(claimant, category).await;
    let input =
        json!({ "claimantId": claimant, "id": need, "category": category, "wantedFrom": from });
    client.done("needRecord", input, "claimant { id }").await;
    need
}

/// A referral that was accepted and is on hold until a moment.
async fn holds(app: &TestApp, until: &str) -> Referral {
    let provider = app.as_provider();
    let accepted = provider
        .does(
            "referralAccept",
            &app.as_agency().refers().await,
            Value::Null,
        )
        .await;
    provider
        .does(
            "referralHold",
            &accepted,
            json!({ "reason": "AT_CAPACITY", "reviewAt": until }),
        )
        .await
}

/// A referral that was completed, with a day to ask how it went.
async fn completes(app: &TestApp, follow_up_on: &str) -> Referral {
    let provider = app.as_provider();
    let accepted = provider
        .does(
            "referralAccept",
            &app.as_agency().refers().await,
            Value::Null,
        )
        .await;
    let outcomes = json!([{ "kind": "HOUSED", "date": "2026-06-01", "followUpOn": follow_up_on }]);
    provider
        .does(
            "referralComplete",
            &accepted,
            json!({ "outcomes": outcomes }),
        )
        .await
}

/// The database of a gateway with more gateways on it.
struct Several(TestApp);

impl Fresh for Several {
    async fn fresh(engine: Engine) -> Option<Self> {
        TestApp::fresh(engine).await.map(Self)
    }
}

impl Several {
    /// The store of another process at the same time of day.
    async fn other(&self, now: DateTime<Utc>) -> Store {
        let database = app::open(&self.0.database.url).await;
        let (clock, _) = Clock::fixed(now);
        Store::new(
            database,
            clock,
            Keys::derive(SECRET),
            Settings::from(&Config::default()),
        )
    }
}

on_both_databases! {
    async fn a_request_is_overdue_once_and_those_concerned_are_told(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let open = agency.asks_openly().await;
        let overdue = async || app.as_agency().sees(&sent, "overdue").await["overdue"].clone();
        app.clock.set(moment("2026-06-08T14:00:00Z"));
        assert_eq!((app.fires().await, overdue().await), ((0, 0), json!(false)), "due now, and not late yet");
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!((app.fires().await, overdue().await), ((2, 0), json!(true)));
        assert_eq!(app.fires().await, (0, 0), "told once");
        let both = [entry("REFERRAL_OVERDUE", &sent.id), entry("REFERRAL_OVERDUE", &open.id)];
        assert_eq!(told(&agency).await, both);
        assert_eq!(told(&provider).await, both[..1], "its owner");
        for outsider in ["other-provider", "other-agency", "ministry"] {
            assert_eq!(told(&app.client(outsider)).await, []);
        }
        let seen = agency.sees(&sent, "version history(last: 1) { edges { node { kind version } } }").await;
        assert_eq!(seen["version"], 1, "whoever acts on it is not held up");
        assert_eq!(seen["history"]["edges"][0]["node"], json!({ "kind": "REFERRAL_OVERDUE", "version": 1 }));
        let filtered = agency.query("{ referrals(box: OUTBOX, filter: { overdue: true }) { edges { node { id } } } }").await;
        assert_eq!(filtered.data()["referrals"]["edges"].as_array().map(Vec::len), Some(2));
    }

    async fn whatever_was_answered_in_time_never_becomes_overdue(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        for answer in ["referralAccept", "referralDecline", "referralCancel"] {
            let sent = agency.refers().await;
            let (who, more) = match answer {
                "referralAccept" => (&provider, Value::Null),
                "referralDecline" => (&provider, because("OTHER")),
                _ => (&agency, because("OTHER")),
            };
            who.does(answer, &sent, more).await;
        }
        let claimant = agency.registers_with_consent("Testb").await;
        let open = agency.creates(json!({ "claimantId": claimant, "send": true })).await;
        let claimed = provider.does("referralClaim", &open, Value::Null).await;
        app.clock.advance(TimeDelta::days(365));
        provider.does("referralAccept", &claimed, Value::Null).await;
        assert_eq!(app.fires().await, (0, 0));
        assert_eq!(told(&app.as_agency()).await, []);
    }

    async fn what_moves_is_armed_again(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let held = holds(&app, "2026-06-10T14:00:00Z").await;
        let need = needs_from(&agency, &agency.registers("Testc").await, "EMPLOYMENT", "2026-06-10").await;
        app.clock.set(moment("2026-06-10T14:00:00Z"));
        assert_eq!(app.fires().await, (3, 0));
        let resumed = provider.does("referralResume", &held, Value::Null).await;
        let until = json!({ "reason": "AT_CAPACITY", "reviewAt": "2026-06-20T14:00:00Z" });
        provider.does("referralHold", &resumed, until).await;
        agency.does("referralReroute", &sent, json!({ "serviceId": app.other_service(), "reason": "OTHER" })).await;
        let claimant = agency.query("{ changes(first: 100) { edges { node { kind subject { ... on Need { id } } } } } }").await;
        assert!(claimant.text.contains(need.as_str().expect("an id")), "the entry is about the need");
        assert_eq!(app.fires().await, (0, 0), "each of them lies ahead");
        app.clock.set(moment("2026-06-20T14:00:00Z"));
        assert_eq!(app.fires().await, (2, 0));
        let again = [entry("REFERRAL_OVERDUE", &sent.id), entry("REVIEW_DUE", &held.id)];
        assert_eq!(told(&agency).await[3..], again);
        assert_eq!(told(&app.client("other-provider")).await, again[..1], "the owner since");
        assert_eq!(told(&provider).await.len(), 3, "its own review, and what was overdue in its tenure: {sent:?}");
    }

    async fn a_review_in_the_past_is_refused(app: TestApp) {
        let provider = app.as_provider();
        let accepted = provider.does("referralAccept", &app.as_agency().refers().await, Value::Null).await;
        let hold = accepted.step(json!({ "reason": "AT_CAPACITY", "reviewAt": monday() }));
        let refusal = provider.user_error("referralHold", hold).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("IN_PAST"), &json!(["input", "reviewAt"])));
    }

    async fn a_follow_up_comes_due_unless_somebody_has_said_how_it_went(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let waiting = completes(&app, "2026-06-11").await;
        let answered = completes(&app, "2026-06-11").await;
        let voided = completes(&app, "2026-06-11").await;
        let late = completes(&app, "2026-06-11").await;
        app.clock.advance(TimeDelta::days(1));
        let outcome = json!({ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-02", "followUpOn": "2026-06-12" });
        provider.done("outcomeRecord", json!({ "referralId": answered.id, "outcome": outcome }), "referral { id }").await;
        agency.does("referralVoid", &voided, because("OTHER")).await;
        app.clock.set(moment("2026-06-11T03:59:59Z"));
        assert_eq!(app.fires().await, (0, 0));
        app.clock.set(moment("2026-06-11T04:00:00Z"));
        assert_eq!(app.fires().await, (2, 0), "the day has come in Toronto");
        let due = async || {
            let mut ids = Vec::new();
            for filter in ["true", "false"] {
                let query = format!("{{ referrals(box: INBOX, filter: {{ followUpDue: {filter} }}) {{ edges {{ node {{ id }} }} }} }}");
                ids.push(crate::common::journey::ids(&app.as_provider().query(&query).await.data()["referrals"]));
            }
            ids
        };
        let [yes, no] = <[Vec<Value>; 2]>::try_from(due().await).expect("two");
        assert_eq!((yes.len(), no.len()), (2, 2));
        assert!(yes.contains(&waiting.id) && yes.contains(&late.id));
        let outcome = json!({ "kind": "HOUSED", "date": "2026-06-11" });
        provider.done("outcomeRecord", json!({ "referralId": late.id, "outcome": outcome }), "referral { id }").await;
        assert_eq!(due().await[0], std::slice::from_ref(&waiting.id));
        app.clock.set(moment("2026-06-12T04:00:00Z"));
        assert_eq!(app.fires().await, (1, 0), "the next one, of the outcome that answered");
        let expected = [&waiting, &late, &answered].map(|referral| entry("FOLLOW_UP_DUE", &referral.id));
        for party in [&agency, &provider] {
            assert_eq!(told(party).await, expected);
        }
        assert_eq!(told(&app.client("other-provider")).await, []);
    }

    async fn a_need_comes_due_for_its_registering_organization_alone(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let housing = needs_from(&agency, &claimant, "HOUSING", "2026-06-05").await;
        let work = needs_from(&agency, &claimant, "EMPLOYMENT", "2026-07-31").await;
        let met = needs_from(&agency, &claimant, "HEALTH", "2026-06-05").await;
        let input = json!({ "claimantId": claimant, "id": met, "category": "HEALTH", "status": "MET" });
        agency.done("needRecord", input, "claimant { id }").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        app.clock.set(moment("2026-06-05T04:00:00Z"));
        assert_eq!(app.fires().await, (1, 0));
        provider.does("referralAccept", &sent, Value::Null).await;
        app.clock.set(moment("2026-07-31T04:00:00Z"));
        assert_eq!(app.fires().await, (0, 0), "somebody is at it");
        let failed = json!({ "outcomes": [{ "kind": "UNRESOLVED_OTHER", "date": "2026-07-30" }], "reason": "OTHER" });
        provider.does("referralFail", &provider.rereads(&sent).await, failed).await;
        assert_eq!(app.fires().await, (1, 0), "open again, and wanted by now");
        assert_eq!(told(&agency).await, [entry("NEED_DUE", &housing), entry("NEED_DUE", &work)]);
        for other in ["provider", "other-agency"] {
            assert_eq!(told(&app.client(other)).await, []);
        }
    }

    async fn nothing_comes_due_of_a_person_who_was_erased(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        needs_from(&agency, &claimant, "HEALTH", "2026-06-05").await;
        let accepted = app.as_provider().does("referralAccept", &agency.sends(&claimant, &app.service()).await, Value::Null).await;
        let outcomes = json!({ "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01", "followUpOn": "2026-06-05" }] });
        app.as_provider().does("referralComplete", &accepted, outcomes).await;
        agency.done("claimantErase", json!({ "id": claimant, "expectedVersion": 1 }), "claimant { id }").await;
        app.clock.advance(TimeDelta::days(10));
        assert_eq!(app.fires().await, (0, 0));
        for party in [&agency, &app.as_provider()] {
            assert_eq!(told(party).await, []);
        }
    }

    async fn what_nobody_answers_expires_and_closes_what_it_opened(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        assert_eq!(agency.need_status(&claimant).await, "REFERRED");
        assert_ne!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        app.clock.set(moment("2026-07-08T13:59:59Z"));
        assert_eq!(app.fires().await, (1, 0), "overdue, and alive to the last second");
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(app.fires().await, (0, 1));
        assert_eq!(app.fires().await, (0, 0));
        assert_eq!(agency.sees(&sent, "status statusReason decidedBy overdue version").await, json!({ "status": "CANCELLED",
            "statusReason": "REFERRAL_EXPIRED", "decidedBy": "SYSTEM", "overdue": false, "version": 2 }));
        assert_eq!(agency.need_status(&claimant).await, "OPEN");
        assert_eq!(told(&agency).await, [entry("REFERRAL_OVERDUE", &sent.id), entry("REFERRAL_CANCELLED", &sent.id)]);
        assert_eq!(provider.sees(&sent, "id").await, Value::Null);
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        let changes = provider.query("{ changes(first: 100) { edges { node { kind subjectId subject { __typename } } } } }").await;
        let last = changes.data()["changes"]["edges"].as_array().expect("edges").last().expect("an entry")["node"].clone();
        assert_eq!(last, json!({ "kind": "ACCESS_ENDED", "subjectId": sent.id, "subject": null }));
        assert_eq!(provider.may_not("referralAccept", &sent, Value::Null).await, "NOT_FOUND");
        let again = agency.done("referralResubmit", json!({ "id": sent.id }), "referral { id version status }").await;
        assert_eq!(Referral::of(&again).status, "REQUESTED");
        let grants = app.store.unscoped_verify_grants(None, false).await.expect("grants are compared");
        assert_eq!(grants.differences.len(), 0);
    }

    async fn after_a_long_stop_nothing_is_lost_and_all_comes_in_order(app: TestApp) {
        let agency = app.as_agency();
        let mut expected: Vec<(DateTime<Utc>, (String, Value))> = Vec::new();
        for day in 8..14 {
            let due = format!("2026-06-{day:02}T15:00:00Z");
            let to = merged(app.five_facts(), json!({ "send": true, "dueAt": due }));
            let sent = agency.creates(to).await;
            expected.push((moment(&due), entry("REFERRAL_OVERDUE", &sent.id)));
            expected.push((moment(&due) + TimeDelta::days(30), entry("REFERRAL_CANCELLED", &sent.id)));
            let until = format!("2026-06-{day:02}T16:00:00Z");
            expected.push((moment(&until), entry("REVIEW_DUE", &holds(&app, &until).await.id)));
            let on = format!("2026-06-{day:02}");
            let midnight = moment(&format!("{on}T04:00:00Z"));
            expected.push((midnight, entry("FOLLOW_UP_DUE", &completes(&app, &on).await.id)));
            let claimant = agency.registers("Testa").await;
            let from = format!("2026-07-{day:02}");
            let need = needs_from(&agency, &claimant, "HEALTH", &from).await;
            expected.push((moment(&format!("{from}T04:00:00Z")), entry("NEED_DUE", &need)));
        }
        app.clock.advance(TimeDelta::days(300));
        let mut batches = 0;
        let few = few_at_a_time(&app, monday() + TimeDelta::days(300)).await;
        while few.unscoped_fire("test").await.expect("timers fire").more {
            batches += 1;
        }
        app.settle().await;
        assert!(batches >= 30 / 4, "in bounded turns: {batches}");
        expected.sort_by_key(|(at, _)| *at);
        let expected: Vec<_> = expected.into_iter().map(|(_, entry)| entry).collect();
        assert_eq!(told(&app.as_agency()).await, expected);
        assert_eq!(app.fires().await, (0, 0));
    }

    async fn of_many_processes_at_once_exactly_one_fires(several: Several) {
        let app = &several.0;
        let agency = app.as_agency();
        let mut late = Vec::new();
        for _ in 0..4 {
            late.push(agency.refers().await);
        }
        holds(app, "2026-06-10T14:00:00Z").await;
        completes(app, "2026-06-10").await;
        let now = moment("2026-12-01T14:00:00Z");
        app.clock.set(now);
        let stores = join_all((0..4).map(|_| several.other(now))).await;
        let fired = join_all(stores.iter().enumerate().map(|(number, store)| async move {
            let holder = format!("process {number}");
            store.unscoped_fire(&holder).await.expect("timers fire")
        }))
        .await;
        let by_all = fired.iter().fold((0, 0), |sum, fired| (sum.0 + fired.told, sum.1 + fired.expired));
        assert_eq!(by_all, (6, 4), "{fired:?}");
        assert_eq!(fired.iter().filter(|fired| fired.told > 0).count(), 1, "{fired:?}");
        app.settle().await;
        assert_eq!(told(&app.as_agency()).await.len(), 10);
        for store in stores {
            store.close().await.expect("the database closes");
        }
    }

    async fn when_a_process_dies_another_goes_on(several: Several) {
        let app = &several.0;
        app.as_agency().refers().await;
        let due = moment("2026-06-08T14:00:01Z");
        app.clock.set(due);
        assert_eq!(several.other(due).await.unscoped_fire("dead").await.expect("timers fire").told, 1);
        let to = json!({ "send": true, "dueAt": "2026-06-08T14:00:30Z" });
        app.as_agency().creates(merged(app.five_facts(), to)).await;
        app.clock.advance(TimeDelta::seconds(60));
        assert_eq!(app.fires().await, (0, 0), "the other may be at it still");
        app.clock.advance(TimeDelta::seconds(1));
        assert_eq!(app.fires().await, (1, 0));
    }

    async fn no_turn_reads_a_whole_table(app: TestApp) {
        app.statements();
        app.store.unscoped_fire("test").await.expect("timers fire");
        let statements = app.statement_texts();
        assert_eq!(statements.len(), 5, "one for each timer, and no write: {statements:?}");
        app.store.unscoped_retain("test").await.expect("nothing is past its time");
        let drafts = app.statement_texts().into_iter().find(|text| text.contains("status = 'DRAFT'")).expect("drafts");
        let indexes = ["referral_overdue", "referral_review", "referral_unanswered", "outcome_follow_up", "need_wanted", "referral_draft"];
        for (statement, index) in statements.into_iter().chain([drafts]).zip(indexes) {
            let plan = plan(&app, &statement).await;
            assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{statement}: {plan}");
        }
    }
}

/// How the database would run a statement, if it had many rows to read.
async fn plan(app: &TestApp, statement: &str) -> String {
    let connection = app.database.connect().await;
    let explain = match app.database.engine {
        Engine::Sqlite => format!("EXPLAIN QUERY PLAN {statement}"),
        Engine::Postgres => {
            connection
                .execute_unprepared("SET enable_seqscan = off; SET enable_bitmapscan = off")
                .await
                .expect("the setting is there");
            let given = statement
                .replace("$1", "'2026-06-01'")
                .replace("$2", "'10'");
            format!("EXPLAIN {given}")
        }
    };
    let column = match app.database.engine {
        Engine::Sqlite => "detail",
        Engine::Postgres => "QUERY PLAN",
    };
    let rows = connection
        .query_all_raw(Statement::from_string(
            connection.get_database_backend(),
            explain,
        ))
        .await
        .expect("the plan is told");
    connection.close().await.expect("the connection closes");
    let lines = rows
        .iter()
        .map(|row| row.try_get::<String>("", column).expect("a line"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The same gateway, with turns of four.
async fn few_at_a_time(app: &TestApp, now: DateTime<Utc>) -> Store {
    let mut config = Config::default();
    config.timers.batch = Whole::of::<4>();
    let (clock, _) = Clock::fixed(now);
    let database = app::open(&app.database.url).await;
    Store::new(
        database,
        clock,
        Keys::derive(SECRET),
        Settings::from(&config),
    )
}

#[tokio::test]
async fn timers_fire_where_the_database_itself_keeps_the_rows() {
    let Some(app) = Box::pin(TestApp::secured(|store| store)).await else {
        return;
    };
    let sent = Box::pin(app.as_agency().refers()).await;
    app.clock.advance(TimeDelta::days(60));
    assert_eq!(Box::pin(app.fires()).await, (1, 1));
    let expected = [
        entry("REFERRAL_OVERDUE", &sent.id),
        entry("REFERRAL_CANCELLED", &sent.id),
    ];
    assert_eq!(told(&app.as_agency()).await, expected);
    assert_eq!(told(&app.client("other-agency")).await, []);
}
