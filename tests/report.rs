//! Counts of referrals: exact for an organization's own, protected for the ministry.
use claimant_gateway::auth::{demo::TokenRequest, scope::Scope};
use serde_json::{Value, json};

use crate::common::{
    app::{Answer, Client, TestApp},
    journey::{because, merged, outcome},
    on_both_databases,
};

const REPORT: &str =
    "query($input: ReferralReportInput!) { referralReport(input: $input) { asOf suppressed total
    rows { count suppressed keys { dimension value label } } } }";

async fn asks(client: &Client<'_>, input: Value) -> Answer {
    let june = json!({ "period": { "from": "2026-06-01", "to": "2026-06-30" } });
    client
        .ask(REPORT, json!({ "input": merged(june, input) }))
        .await
}

async fn report(client: &Client<'_>, input: Value) -> Value {
    asks(client, input).await.data()["referralReport"].clone()
}

/// The cells, short: `CENTRAL=5`.
fn cells(report: &Value) -> Vec<String> {
    let rows = report["rows"].as_array().expect("rows");
    rows.iter()
        .map(|row| {
            let keys: Vec<&str> = row["keys"]
                .as_array()
                .expect("keys")
                .iter()
                .map(|key| key["value"].as_str().expect("a value"))
                .collect();
            assert_eq!(row["suppressed"], false, "what is withheld is not listed");
            format!(
                "{}={}",
                keys.join(" "),
                row["count"].as_i64().expect("a count")
            )
        })
        .collect()
}

/// Open referrals of somebody who is not named.
async fn sends(client: &Client<'_>, count: usize, more: Value) {
    for _ in 0..count {
        let facts = merged(client.app().five_facts(), json!({ "send": true }));
        client.creates(merged(facts, more.clone())).await;
    }
}

/// The ministry is told of each of these cells, and of no other, about so many.
fn about(report: &Value, expected: &[(&str, i64)]) {
    let told = cells(report);
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (cell, (name, count)) in told.iter().zip(expected) {
        let (named, counted) = cell.rsplit_once('=').expect("a cell");
        assert_eq!(named, *name);
        let counted: i64 = counted.parse().expect("a count");
        assert!((counted - count).abs() <= 2, "{cell} is about {count}");
    }
}

/// What the ministry is told where there is nothing, or too little.
fn nothing(app: &TestApp) -> Value {
    json!({ "asOf": scalar(app.now()), "suppressed": 0, "total": null, "rows": [] })
}

/// A moment, as answers give it.
fn scalar(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// Refers as many people as this, each of whom then withdraws consent.
async fn refers_and_withdraws(agency: &Client<'_>, count: usize) {
    for _ in 0..count {
        let person = agency.registers("Testa").await;
        let consent = agency.consents(&person, Value::Null).await;
        agency.sends(&person, &agency.app().service()).await;
        agency
            .done(
                "consentWithdraw",
                json!({ "id": consent }),
                "consent { id }",
            )
            .await;
    }
}

fn by(dimension: &str) -> Value {
    json!({ "groupBy": [dimension] })
}

on_both_databases! {
    async fn an_organization_counts_its_own_referrals_exactly(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        sends(&agency, 2, Value::Null).await;
        sends(&agency, 1, json!({ "category": "HOUSING", "regionId": app.northern(), "priority": "URGENT" })).await;
        let accepted = provider.does("referralAccept", &agency.refers().await, Value::Null).await;
        provider.does("referralComplete", &accepted, outcome("HOUSED")).await;
        provider.does("referralDecline", &agency.refers().await, because("AT_CAPACITY")).await;
        sends(&app.client("other-agency"), 3, Value::Null).await;
        for (dimension, expected) in [
            ("STATUS", vec!["COMPLETED=1", "REJECTED=1", "REQUESTED=3"]),
            ("CATEGORY", vec!["EMPLOYMENT=4", "HOUSING=1"]),
            ("REGION", vec!["CENTRAL=4", "NORTHERN=1"]),
            ("PRIORITY", vec!["ROUTINE=4", "URGENT=1"]),
            ("SOURCE_KIND", vec!["SETTLEMENT_AGENCY=5"]),
            ("MONTH", vec!["2026-06=5"]),
            ("LANGUAGE", vec!["spa=5"]),
        ] {
            let report = report(&agency, by(dimension)).await;
            assert_eq!(cells(&report), expected);
            assert_eq!((&report["total"], &report["suppressed"]), (&json!(5), &json!(0)), "{dimension}");
        }
        let both = json!({ "groupBy": ["REGION", "STATUS"], "category": ["EMPLOYMENT"], "status": ["REQUESTED", "COMPLETED"] });
        assert_eq!(cells(&report(&agency, both).await), ["CENTRAL COMPLETED=1", "CENTRAL REQUESTED=2"]);
        let north = json!({ "groupBy": ["STATUS"], "regionId": app.northern() });
        assert_eq!(cells(&report(&agency, north).await), ["REQUESTED=1"]);
        assert_eq!(cells(&report(&provider, by("STATUS")).await), ["COMPLETED=1", "REJECTED=1"], "what came to it");
        assert_eq!(cells(&report(&app.client("far-provider"), by("STATUS")).await), [] as [String; 0]);
        let people = json!({ "groupBy": ["CATEGORY"], "measure": "CLAIMANTS" });
        assert_eq!(cells(&report(&agency, people).await), ["EMPLOYMENT=2", "HOUSING=0"]);
    }

    async fn small_cells_are_withheld_from_the_ministry_and_the_others_are_moved(app: TestApp) {
        let (agency, ministry) = (app.as_agency(), app.as_ministry());
        let category = |category: &str| json!({ "category": category });
        sends(&agency, 4, category("HOUSING")).await;
        assert_eq!(report(&ministry, by("CATEGORY")).await, nothing(&app), "as where there is none at all");
        sends(&agency, 20, category("EMPLOYMENT")).await;
        let told = report(&ministry, by("CATEGORY")).await;
        about(&told, &[("EMPLOYMENT", 20)]);
        assert!((22..=26).contains(&told["total"].as_i64().expect("a total")), "{told}");
        assert_eq!(told["suppressed"], 0, "not even how many are withheld is told");
        assert_eq!(report(&agency, by("CATEGORY")).await["total"], 24, "an organization's own numbers are exact");
        // The same people by another question give the same number.
        let again = json!({ "groupBy": ["CATEGORY", "STATUS"], "category": ["EMPLOYMENT"], "status": ["REQUESTED", "ACCEPTED"] });
        let again = report(&ministry, again).await;
        assert_eq!(again["rows"][0]["count"], told["rows"][0]["count"]);
        assert_eq!(again["total"], told["rows"][0]["count"]);
    }

    async fn a_part_is_told_the_same_whatever_it_is_asked_with(app: TestApp) {
        let (agency, ministry) = (app.as_agency(), app.as_ministry());
        let others = ["HOUSING", "HEALTH", "LEGAL"];
        for category in ["EMPLOYMENT", "HOUSING", "HEALTH", "LEGAL"] {
            sends(&agency, 8, json!({ "category": category })).await;
        }
        sends(&agency, 2, json!({ "category": "FOOD" })).await;
        let total = async |categories: Vec<&str>, period: Value| {
            let asked = json!({ "groupBy": ["REGION"], "category": categories, "status": ["REQUESTED", "ACCEPTED"] });
            let told = report(&ministry, merged(asked, period)).await;
            assert!(told["total"].is_null() || told["rows"][0]["count"] == told["total"], "{told}");
            told["total"].as_i64().unwrap_or_default()
        };
        let employment = total(vec!["EMPLOYMENT"], Value::Null).await;
        let mut few = Vec::new();
        for subset in 1..1 << others.len() {
            let chosen: Vec<&str> = (0..others.len()).filter(|place| subset >> place & 1 == 1).map(|place| others[place]).collect();
            let without = total(chosen.clone(), Value::Null).await;
            let with = async |more: &'static str| total([chosen.clone(), vec![more]].concat(), Value::Null).await;
            assert_eq!(with("EMPLOYMENT").await - without, employment, "{chosen:?}");
            few.push(with("FOOD").await - without);
        }
        assert!(few.iter().all(|told| *told == few[0] && [0, 5].contains(told)), "two are told as {few:?}");
        // A month is a part as well.
        app.clock.advance(chrono::TimeDelta::days(30));
        sends(&agency, 8, Value::Null).await;
        let july = json!({ "period": { "from": "2026-07-01", "to": "2026-07-31" } });
        let both = json!({ "period": { "from": "2026-06-01", "to": "2026-07-31" } });
        let july = total(vec!["EMPLOYMENT"], july).await;
        assert_eq!(total(vec!["EMPLOYMENT"], both).await, employment + july);
    }

    async fn a_named_referral_tells_the_ministry_neither_language_nor_reason(app: TestApp) {
        let (agency, ministry) = (app.as_agency(), app.as_ministry());
        let day = json!({ "from": "2026-06-01", "to": "2026-06-01" });
        let asked = |category: &str, group_by: &[&str]| json!({
            "period": day, "regionId": app.central(), "category": [category], "status": ["CANCELLED"], "groupBy": group_by,
        });
        refers_and_withdraws(&agency, 1).await;
        let own = report(&agency, asked("EMPLOYMENT", &["LANGUAGE", "REASON"])).await;
        assert_eq!(cells(&own), ["spa CONSENT_WITHDRAWN=1"]);
        assert_eq!(report(&ministry, asked("EMPLOYMENT", &["REASON"])).await, nothing(&app));
        app.clock.advance(chrono::TimeDelta::days(1));
        let one = report(&ministry, asked("EMPLOYMENT", &["LANGUAGE", "REASON"])).await;
        let none = report(&ministry, asked("HOUSING", &["LANGUAGE", "REASON"])).await;
        assert_eq!((cells(&one), &one["total"], &one["suppressed"]), (vec![], &Value::Null, &json!(0)));
        assert_eq!(one, none, "one is told as none");
        refers_and_withdraws(&agency, 8).await;
        let withdrawn = report(&ministry, asked("EMPLOYMENT", &["REASON"])).await;
        about(&withdrawn, &[("OTHER", 9)]);
        // Eight of the nine are of the second day.
        for (from, to) in [("2026-06-01", "2026-06-01"), ("2026-06-02", "2026-06-02"), ("2026-06-17", "2026-06-30")] {
            let days = merged(asked("EMPLOYMENT", &["REASON"]), json!({ "period": { "from": from, "to": to } }));
            assert_eq!(report(&ministry, days).await, withdrawn, "{from} to {to} is June");
        }
        let may = json!({ "period": { "from": "2026-05-01", "to": "2026-05-31" }, "groupBy": ["STATUS"] });
        assert_eq!(report(&ministry, may).await, nothing(&app));
    }

    async fn what_is_counted_by_facts_of_claimants_is_as_of_the_last_midnight(app: TestApp) {
        sends(&app.as_agency(), 20, Value::Null).await;
        let today = report(&app.as_ministry(), by("LANGUAGE")).await;
        assert_eq!((cells(&today), &today["total"], &today["asOf"]), (vec![], &Value::Null, &json!("2026-06-01T04:00:00Z")));
        app.clock.advance(chrono::TimeDelta::days(1));
        about(&report(&app.as_ministry(), by("LANGUAGE")).await, &[("spa", 20)]);
        let own = json!({ "groupBy": ["LANGUAGE"], "measure": "CLAIMANTS" });
        assert_eq!(cells(&report(&app.as_agency(), own).await), ["spa=0"], "nobody is named in them");
    }

    async fn what_becomes_of_a_referral_in_a_day_shows_by_no_fact_of_claimants(app: TestApp) {
        let (agency, provider, ministry) = (app.as_agency(), app.as_provider(), app.as_ministry());
        let (mut held, mut asked, mut unnamed, mut unsent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for _ in 0..8 {
            let accepted = provider.does("referralAccept", &agency.refers().await, Value::Null).await;
            let waits = provider.does("referralHold", &accepted, because("AT_CAPACITY")).await;
            held.push(provider.does("referralAssign", &waits, json!({ "assignee": "worker-1" })).await);
            asked.push(agency.refers().await);
            unnamed.push(agency.asks_openly().await);
            unsent.push(agency.creates(app.five_facts()).await);
        }
        app.clock.advance(chrono::TimeDelta::days(1));
        let questions = [
            json!({ "groupBy": ["LANGUAGE", "STATUS", "REASON"] }),
            json!({ "groupBy": ["LANGUAGE"], "status": ["REQUESTED", "IN_PROGRESS", "CANCELLED"] }),
            json!({ "groupBy": ["STATUS"], "measure": "CLAIMANTS" }), json!({ "groupBy": ["REASON"], "measure": "NEEDS" }),
        ];
        let all = async || {
            let mut told = Vec::new();
            for question in &questions {
                told.push(report(&ministry, question.clone()).await);
            }
            told
        };
        let before = all().await;
        about(&before[0], &[("spa ON_HOLD AT_CAPACITY", 8), ("spa REQUESTED ", 16)]);
        about(&before[2], &[("ON_HOLD", 8), ("REQUESTED", 8)]);
        for referral in &held {
            provider.does("referralResume", referral, Value::Null).await;
        }
        for referral in &asked {
            agency.does("referralCancel", referral, because("CLAIMANT_MOVED")).await;
        }
        for referral in &unnamed {
            let person = agency.registers_with_consent("Latecomer").await;
            agency.does("referralLinkClaimant", referral, json!({ "claimantId": person })).await;
        }
        for referral in &unsent {
            agency.does("referralSend", referral, Value::Null).await;
        }
        assert_eq!(all().await, before, "nothing has happened until midnight");
        let live = report(&ministry, by("STATUS")).await;
        about(&live, &[("CANCELLED", 8), ("IN_PROGRESS", 8), ("REQUESTED", 16)]);
        app.clock.advance(chrono::TimeDelta::days(1));
        let after = all().await;
        about(&after[0], &[("spa CANCELLED CLAIMANT_MOVED", 8), ("spa IN_PROGRESS ", 8), ("spa REQUESTED ", 16)]);
        about(&after[2], &[("CANCELLED", 8), ("IN_PROGRESS", 8), ("REQUESTED", 8)]);
        for dimension in ["OWNER_KIND", "PRIORITY"] {
            let beside_language = json!({ "groupBy": [dimension, "LANGUAGE"] });
            let of_claimants = json!({ "groupBy": [dimension], "measure": "CLAIMANTS" });
            for refused in [beside_language, of_claimants] {
                assert_eq!(asks(&ministry, refused.clone()).await.error_code(), "BAD_USER_INPUT", "{refused}");
                assert!(!cells(&report(&agency, refused).await).is_empty(), "an organization may");
            }
            assert!(!cells(&report(&ministry, by(dimension)).await).is_empty());
        }
    }

    async fn a_person_in_two_cells_is_one_person_in_the_total(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Twice").await;
        for category in ["EMPLOYMENT", "HOUSING"] {
            agency.creates(json!({ "claimantId": claimant, "category": category })).await;
        }
        let people = report(&agency, json!({ "groupBy": ["CATEGORY"], "measure": "CLAIMANTS" })).await;
        assert_eq!((cells(&people), &people["total"]), (vec!["EMPLOYMENT=1".to_owned(), "HOUSING=1".to_owned()], &json!(1)));
    }

    async fn drafts_and_errors_are_not_counted_for_the_ministry(app: TestApp) {
        let agency = app.as_agency();
        sends(&agency, 8, Value::Null).await;
        for _ in 0..8 {
            agency.creates(app.five_facts()).await;
            agency.does("referralVoid", &agency.asks_openly().await, because("DUPLICATE")).await;
        }
        let told = report(&app.as_ministry(), by("STATUS")).await;
        about(&told, &[("REQUESTED", 8)]);
        assert_eq!(told["total"], told["rows"][0]["count"]);
        let own = report(&agency, by("STATUS")).await;
        assert_eq!(cells(&own), ["DRAFT=8", "ENTERED_IN_ERROR=8", "REQUESTED=8"], "its own work it sees whole");
        app.client("other-agency").creates(app.five_facts()).await;
        assert_eq!(cells(&report(&app.as_provider(), by("STATUS")).await), [] as [String; 0]);
    }

    async fn what_became_of_a_referral_after_access_ended_is_not_counted(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let person = agency.registers("Testa").await;
        let consent = agency.consents(&person, Value::Null).await;
        let taken = agency.sends(&person, &app.service()).await;
        provider.does("referralAccept", &taken, Value::Null).await;
        let declined = agency.refers().await;
        provider.does("referralDecline", &declined, because("NOT_ELIGIBLE")).await;
        let asked = agency.refers().await;
        let question = || json!({ "groupBy": ["STATUS", "REASON"] });
        assert_eq!(cells(&report(&provider, question()).await), ["ACCEPTED =1", "REJECTED NOT_ELIGIBLE=1", "REQUESTED =1"]);
        agency.done("consentWithdraw", json!({ "id": consent }), "consent { id }").await;
        agency.does("referralCancel", &asked, because("CLAIMANT_MOVED")).await;
        let left = report(&provider, question()).await;
        assert_eq!(cells(&left), ["REJECTED NOT_ELIGIBLE=1"], "its own answer alone");
    }

    async fn a_month_is_one_of_toronto(app: TestApp) {
        let agency = app.as_agency();
        // Ten to midnight on the last of June in Toronto; and ten minutes past it.
        for at in ["2026-07-01T03:50:00Z", "2026-07-01T04:10:00Z"] {
            app.clock.set(at.parse().expect("a time"));
            sends(&agency, 1, Value::Null).await;
        }
        let both = json!({ "period": { "from": "2026-06-01", "to": "2026-07-31" }, "groupBy": ["MONTH"] });
        assert_eq!(cells(&report(&agency, both).await), ["2026-06=1", "2026-07=1"]);
        for (from, to, expected) in [
            ("2026-06-30", "2026-06-30", vec!["REQUESTED=1"]), ("2026-07-01", "2026-07-01", vec!["REQUESTED=1"]),
            ("2026-06-01", "2026-06-29", vec![]), ("2026-07-02", "2026-07-31", vec![]),
        ] {
            let days = json!({ "period": { "from": from, "to": to }, "groupBy": ["STATUS"] });
            assert_eq!(cells(&report(&agency, days).await), expected, "{from} to {to}");
        }
    }

    async fn a_ministry_that_is_bound_to_a_region_counts_there_alone(app: TestApp) {
        sends(&app.as_agency(), 10, Value::Null).await;
        sends(&app.as_agency(), 20, json!({ "regionId": app.northern() })).await;
        about(&report(&app.as_ministry(), by("REGION")).await, &[("CENTRAL", 10), ("NORTHERN", 20)]);
        let north = app.client("ministry-north");
        about(&report(&north, by("REGION")).await, &[("NORTHERN", 20)]);
        let elsewhere = json!({ "groupBy": ["REGION"], "regionId": app.central() });
        assert_eq!(cells(&report(&north, elsewhere).await), [] as [String; 0]);
        let bound_by_token = app.client_by(&TokenRequest {
            organization: "ministry".to_owned(),
            scopes: Scope::ALL.iter().copied().collect(),
            subject: "regional-worker".to_owned(),
            region: Some("CENTRAL".to_owned()),
            lifetime: chrono::TimeDelta::hours(1),
        });
        about(&report(&bound_by_token, by("REGION")).await, &[("CENTRAL", 10)]);
    }

    async fn a_report_is_labelled_in_either_language(app: TestApp) {
        sends(&app.as_agency(), 5, Value::Null).await;
        let question = json!({ "groupBy": ["REGION", "CATEGORY", "STATUS", "MONTH"] });
        insta::assert_json_snapshot!("a_report", json!({
            "english": report(&app.as_agency(), question.clone()).await,
            "french": report(&app.as_agency().in_french(), question).await,
        }));
    }

    async fn a_question_that_cannot_be_counted_is_refused(app: TestApp) {
        for input in [
            json!({ "groupBy": [] }), json!({ "groupBy": ["STATUS", "STATUS"] }),
            json!({ "groupBy": ["STATUS", "CATEGORY", "REGION", "MONTH", "PRIORITY"] }), json!({ "groupBy": ["WEEK"] }),
            json!({ "groupBy": ["STATUS"], "period": { "from": "2026-06-02", "to": "2026-06-01" } }),
            json!({ "groupBy": ["STATUS"], "period": { "from": "2010-01-01", "to": "2026-06-01" } }),
        ] {
            assert_eq!(asks(&app.as_ministry(), input.clone()).await.error_code(), "BAD_USER_INPUT", "{input}");
        }
        let without = app.client_with("ministry", [Scope::ReferralOversight].into_iter().collect());
        assert_eq!(asks(&without, by("STATUS")).await.error_code(), "FORBIDDEN");
        assert_eq!(asks(&app.anonymous(), by("STATUS")).await.error_code(), "UNAUTHENTICATED");
    }

    async fn oversight_tells_the_day_and_not_the_moment(app: TestApp) {
        let (agency, provider, ministry) = (app.as_agency(), app.as_provider(), app.as_ministry());
        let times = "createdAt updatedAt dueAt overdue history { edges { node { at } } }";
        let at = |node: &Value| ["createdAt", "updatedAt", "dueAt"].map(|field| node[field].as_str().expect("a time").to_owned());
        let noon = |day: u32| format!("2026-06-{day:02}T17:01:02.345678Z");
        let begin = |day: u32| format!("2026-06-{day:02}T04:00:00Z");
        app.clock.set(noon(1).parse().expect("a time"));
        let sent = agency.refers().await;
        app.clock.set(noon(2).parse().expect("a time"));
        agency.does("referralSetPriority", &sent, json!({ "priority": "ROUTINE" })).await;
        let (exact, told) = (agency.sees(&sent, times).await, ministry.sees(&sent, times).await);
        assert_eq!(at(&exact), [noon(1), noon(2), noon(8)]);
        assert_eq!(at(&told), [begin(1), begin(2), begin(8)]);
        let history = |of: &Value| {
            let edges = of["history"]["edges"].as_array().expect("edges").clone();
            edges.iter().map(|edge| edge["node"]["at"].as_str().expect("a time").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(history(&exact), [noon(1), noon(2)]);
        assert_eq!(history(&told), [begin(1), begin(2)]);
        let list = async |client: &Client<'_>, filter: Value| {
            let query = "query($filter: ReferralFilter) { referrals(box: ALL, filter: $filter) { edges { node { id createdAt updatedAt dueAt overdue } } } }";
            let found = client.ask(query, json!({ "filter": filter })).await.data()["referrals"]["edges"].clone();
            found.as_array().expect("edges").iter().map(|edge| edge["node"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(at(&list(&ministry, Value::Null).await[0]), at(&told), "a list is told as one is");
        let since = |moment: String| json!({ "updatedSince": moment });
        for (moment, found) in [(begin(2), 1), ("2026-06-03T03:59:59Z".to_owned(), 1), (begin(3), 0)] {
            assert_eq!(list(&ministry, since(moment.clone())).await.len(), found, "{moment}");
        }
        assert_eq!(list(&provider, since("2026-06-02T17:01:03Z".to_owned())).await.len(), 0);
        // Due on the eighth at noon: overdue to its owner from then on, to the ministry from the ninth on.
        for (now, late, known) in [("2026-06-08T17:01:02Z", false, false), ("2026-06-08T17:01:03Z", true, false), (begin(9).as_str(), true, true)] {
            app.clock.set(now.parse().expect("a time"));
            for (client, overdue) in [(&provider, late), (&ministry, known)] {
                assert_eq!(client.sees(&sent, "overdue").await["overdue"], overdue, "{now}");
                let listed = list(client, json!({ "overdue": true })).await;
                assert_eq!(listed.len(), usize::from(overdue), "{now}");
                assert!(listed.iter().all(|node| node["overdue"] == true), "{now}");
            }
        }
    }
}
