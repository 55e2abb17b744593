//! Many referrals at once: each row for itself, each with the answer that it would have had alone, all in as many
//! statements as two.
use futures_util::future::join_all;
use sea_orm::prelude::Uuid;
use serde_json::{Value, json};

use claimant_gateway::opaque::NodeType;

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, because, merged, outcome},
    on_both_databases,
};

const ACT: &str = "mutation($input: ReferralBulkActInput!) { referralBulkAct(input: $input) {
    results { referral { id version status assignee claimant { id } claimantAccess }
              userErrors { code message field currentVersion } }
    userErrors { code message field } } }";

/// The input of one action on some referrals, as they were last seen.
fn acting(action: &str, on: &[&Referral], more: Value) -> Value {
    let items: Vec<Value> = on
        .iter()
        .map(|referral| referral.step(Value::Null))
        .collect();
    merged(json!({ "action": action, "items": items }), more)
}

/// The payload of an action on many.
async fn payload(client: &Client<'_>, input: Value) -> Value {
    let answer = client.ask(ACT, json!({ "input": input })).await;
    answer.data()["referralBulkAct"].clone()
}

/// The results of an action that was not refused as a whole.
async fn results(client: &Client<'_>, input: Value) -> Vec<Value> {
    let payload = payload(client, input).await;
    assert_eq!(payload["userErrors"], json!([]), "{payload}");
    payload["results"].as_array().expect("results").clone()
}

/// What each row was refused with; null where it was done.
fn codes(results: &[Value]) -> Vec<Value> {
    results
        .iter()
        .map(|row| row["userErrors"][0]["code"].clone())
        .collect()
}

async fn refers(client: &Client<'_>, count: usize) -> Vec<Referral> {
    let mut sent = Vec::new();
    for _ in 0..count {
        sent.push(client.refers().await);
    }
    sent
}

/// Open referrals, in turn of somebody who consents and of somebody who is not named.
async fn asks(client: &Client<'_>, count: usize) -> Vec<Referral> {
    let mut open = Vec::new();
    for number in 0..count {
        open.push(if number % 2 == 0 {
            let claimant = client.registers_with_consent("Testa").await;
            client
                .creates(json!({ "claimantId": claimant, "send": true }))
                .await
        } else {
            client.asks_openly().await
        });
    }
    open
}

fn all(referrals: &[Referral]) -> Vec<&Referral> {
    referrals.iter().collect()
}

/// The statements of an action on many, which must be done to all.
async fn statements(client: &Client<'_>, input: Value) -> Vec<String> {
    client.app().statements();
    let results = results(client, input).await;
    let texts = client.app().statement_texts();
    let done = results.iter().all(|row| row["userErrors"] == json!([]));
    assert!(done, "{results:?}");
    texts
        .into_iter()
        .filter(|text| !text.starts_with("INSERT INTO \"disclosure"))
        .collect()
}

on_both_databases! {
    async fn forty_of_a_monday_are_accepted_in_two_calls_and_twelve_declined(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = refers(&agency, 52).await;
        for part in [&sent[..20], &sent[20..40]] {
            let done = results(&provider, acting("ACCEPT", &all(part), Value::Null)).await;
            for (row, sent) in done.iter().zip(part) {
                assert_eq!(row["referral"]["id"], sent.id, "in the order of the input");
                assert_eq!(row["referral"]["status"], "ACCEPTED");
                assert_eq!(row["referral"]["version"], 2);
                assert_eq!(row["userErrors"], json!([]));
            }
        }
        let seen = provider.sees(&sent[0], "claimant { identity { fullName } }").await;
        assert_eq!(seen["claimant"]["identity"]["fullName"], "Testa Specimen", "what consent allows unseals");
        let declining = acting("DECLINE", &all(&sent[40..]), json!({ "reason": "AT_CAPACITY", "note": "Full until July." }));
        let declined = results(&provider, declining).await;
        for row in &declined {
            assert_eq!(row["referral"]["status"], "REJECTED");
            assert_eq!(row["referral"]["claimant"], Value::Null, "access ends with the decline");
        }
        let capacity = agency.ask("query($id: ID!) { service(id: $id) { capacity { status } } }", json!({ "id": app.service() })).await;
        assert_eq!(capacity.data()["service"]["capacity"]["status"], "NO_CAPACITY");
        let history = "status statusReason decidedBy history { edges { node { kind note } } } need { status }";
        let told = agency.sees(&sent[40], history).await;
        assert_eq!(told["statusReason"], "AT_CAPACITY");
        assert_eq!(told["history"]["edges"][1]["node"], json!({ "kind": "REFERRAL_DECLINED", "note": "Full until July." }));
        app.settle().await;
        let (mut kinds, mut after) = (Vec::new(), Value::Null);
        loop {
            let feed = "query($after: Cursor) { changes(first: 100, after: $after) { edges { cursor node { kind } } } }";
            let page = provider.ask(feed, json!({ "after": after })).await.data()["changes"]["edges"].clone();
            let Some(last) = page.as_array().and_then(|edges| edges.last()) else { break };
            after = last["cursor"].clone();
            for edge in page.as_array().expect("edges") {
                kinds.push(edge["node"]["kind"].as_str().expect("a kind").to_owned());
            }
        }
        let count = |kind: &str| kinds.iter().filter(|each| *each == kind).count();
        assert_eq!((count("REFERRAL_ACCEPTED"), count("ACCESS_ENDED"), count("CAPACITY_CHANGED")), (40, 12, 1));
        let batch = app.store.unscoped_verify_grants(None, false).await.expect("the grants are compared");
        assert!(batch.differences.is_empty(), "{:?}", batch.differences);
    }

    async fn each_row_is_refused_for_itself_as_it_would_be_alone(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = refers(&agency, 3).await;
        let accepted = provider.does("referralAccept", &sent[2], Value::Null).await;
        let foreign = agency.sends(&agency.registers_with_consent("Testb").await, &app.other_service()).await;
        let stale = Referral { version: 7, ..sent[1].clone() };
        let missing = Referral { id: app.missing(NodeType::Referral), ..sent[0].clone() };
        let nonsense = Referral { id: json!("no id"), ..sent[0].clone() };
        let rows = [&sent[0], &stale, &accepted, &foreign, &missing, &nonsense, &nonsense, &sent[0]];
        let done = results(&provider, acting("ACCEPT", &rows, Value::Null)).await;
        assert_eq!(
            json!(codes(&done)),
            json!([null, "STALE_VERSION", "ACTION_NOT_ALLOWED", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "NOT_FOUND", "REPEATED"])
        );
        assert_eq!(done[0]["referral"]["status"], "ACCEPTED", "the refusals of others change nothing");
        assert_eq!(done[1]["userErrors"][0]["currentVersion"], 1);
        assert_eq!(done[1]["userErrors"][0]["field"], json!(["input", "items", "1", "expectedVersion"]));
        assert_eq!(done[3]["userErrors"][0]["field"], json!(["input", "items", "3", "id"]));
        assert_eq!(done[3]["userErrors"][0]["message"], done[4]["userErrors"][0]["message"]);
        let alone = provider.user_error("referralAccept", accepted.step(Value::Null)).await;
        assert_eq!(alone["message"], done[2]["userErrors"][0]["message"]);
        assert_eq!(agency.rereads(&foreign).await.version, 1);
        let in_french = provider_in_french(&app, acting("ACCEPT", &[&sent[0], &sent[0]], Value::Null)).await;
        assert_eq!(in_french, "Cet aiguillage figure déjà plus haut dans la liste.");
    }

    async fn what_is_not_visible_answers_as_what_never_was_in_as_many_statements(app: TestApp) {
        let sent = refers(&app.as_agency(), 3).await;
        let missing: Vec<Referral> = sent
            .iter()
            .map(|sent| Referral { id: app.missing(NodeType::Referral), ..sent.clone() })
            .collect();
        for organization in ["far-provider", "other-agency"] {
            let stranger = app.client(organization);
            for (action, more) in [
                ("ACCEPT", Value::Null),
                ("DECLINE", because("OTHER")),
                ("CLAIM", Value::Null),
                ("ASSIGN", json!({ "assignee": "somebody" })),
            ] {
                let mut told = Vec::new();
                for rows in [&sent, &missing] {
                    let input = acting(action, &all(rows), more.clone());
                    app.statements();
                    let payload = payload(&stranger, input).await;
                    told.push((payload, app.statement_texts()));
                }
                assert_eq!(told[0], told[1], "{organization} {action}");
                let code = if action == "CLAIM" { "CLAIM_TOO_LATE" } else { "NOT_FOUND" };
                assert_eq!(codes(told[0].0["results"].as_array().expect("results")), [code, code, code]);
            }
        }
        let ministry = app.as_ministry().ask(ACT, json!({ "input": acting("ACCEPT", &all(&sent), Value::Null) })).await;
        assert_eq!(ministry.error_code(), "FORBIDDEN");
        assert!(app.anonymous().ask(ACT, json!({ "input": acting("ACCEPT", &all(&sent), Value::Null) })).await.status.is_client_error());
    }

    async fn a_call_that_cannot_be_done_is_refused_as_a_whole(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let one = [&sent];
        let many: Vec<&Referral> = std::iter::repeat_n(&sent, 101).collect();
        for (input, code, field) in [
            (acting("ACCEPT", &many, Value::Null), "TOO_MANY", "items"),
            (acting("ACCEPT", &[], Value::Null), "REQUIRED", "items"),
            (acting("COMPLETE", &one, Value::Null), "NOT_IN_BULK", "action"),
            (acting("CANCEL", &one, because("OTHER")), "NOT_IN_BULK", "action"),
            (acting("DECLINE", &one, Value::Null), "REASON_REQUIRED", "reason"),
            (acting("DECLINE", &one, because("CONSENT_WITHDRAWN")), "REASON_NOT_ALLOWED", "reason"),
            (acting("ACCEPT", &one, because("OTHER")), "REASON_NOT_ALLOWED", "reason"),
            (acting("ACCEPT", &one, json!({ "assignee": "somebody" })), "INVALID", "assignee"),
            (acting("ASSIGN", &one, json!({ "note": "Hello." })), "INVALID", "note"),
        ] {
            let refused = payload(&provider, input).await;
            assert_eq!(refused["results"], json!([]));
            assert_eq!(refused["userErrors"][0]["code"], code, "{refused}");
            assert_eq!(refused["userErrors"][0]["field"], json!(["input", field]));
        }
        let refused = payload(&provider, acting("ACCEPT", &many, Value::Null)).await;
        assert_eq!(refused["userErrors"][0]["message"], "At most 100 are allowed.");
        assert_eq!(agency.rereads(&sent).await.version, 1);
    }

    async fn a_call_is_counted_by_the_length_of_its_list(app: TestApp) {
        let missing = Referral { id: app.missing(NodeType::Referral), version: 1, status: String::new() };
        for (rows, cost) in [(1, 16), (5, 16), (100, 320)] {
            let rows: Vec<&Referral> = std::iter::repeat_n(&missing, rows).collect();
            let answer = app.as_provider().ask(ACT, json!({ "input": acting("ACCEPT", &rows, Value::Null) })).await;
            assert_eq!(answer["extensions"]["cost"]["requested"], cost);
        }
    }

    async fn a_hundred_rows_cost_as_many_statements_as_two(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let second = json!({ "nameEn": "Second", "categories": ["HOUSING"] });
        provider.done("serviceSave", second, "service { id }").await;
        for (action, more, from) in [
            ("CLAIM", Value::Null, None),
            ("ACCEPT", Value::Null, Some("CLAIM")),
            ("ASSIGN", json!({ "assignee": "worker-of-provider" }), Some("ACCEPT")),
            ("DECLINE", json!({ "reason": "AT_CAPACITY", "note": "Full." }), Some("REQUESTED")),
        ] {
            let mut counts = Vec::new();
            for count in [2, 100] {
                let mut rows = match from {
                    None => asks(&agency, count).await,
                    Some(_) => refers(&agency, count).await,
                };
                if from == Some("ACCEPT") {
                    results(&provider, acting("ACCEPT", &all(&rows), Value::Null)).await;
                    rows.iter_mut().for_each(|row| row.version += 1);
                }
                counts.push(statements(&provider, acting(action, &all(&rows), more.clone())).await);
            }
            assert_eq!(counts[0].len(), counts[1].len(), "{action}: {:#?}", counts[0]);
            assert!(counts[0].len() < 30, "{action}: {:#?}", counts[0]);
        }
    }

    async fn a_claim_is_for_the_only_service_that_fits_and_by_consent(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let named = agency.registers_with_consent("Testa").await;
        let open = agency.creates(json!({ "claimantId": named, "send": true })).await;
        let unnamed = agency.asks_openly().await;
        let elsewhere = agency.registers("Testb").await;
        let only = json!({ "anyParty": false, "recipientIds": [app.public_id(NodeType::Organization, app.world.other_provider)] });
        agency.consents(&elsewhere, only).await;
        let without = agency.creates(json!({ "claimantId": elsewhere, "send": true })).await;
        let addressed = agency.refers().await;
        let rows = [&open, &without, &unnamed, &addressed];
        let done = results(&provider, acting("CLAIM", &rows, Value::Null)).await;
        assert_eq!(json!(codes(&done)), json!([null, "CLAIM_TOO_LATE", null, "CLAIM_TOO_LATE"]));
        assert_eq!(done[1]["userErrors"][0]["message"], done[3]["userErrors"][0]["message"]);
        for referral in [&open, &unnamed] {
            let seen = agency.sees(referral, "owner { name } service { id }").await;
            assert_eq!(seen, json!({ "owner": { "name": "Test provider" }, "service": { "id": app.service() } }));
        }
        let again = results(&app.client("other-provider"), acting("CLAIM", &rows, Value::Null)).await;
        assert_eq!(json!(codes(&again)), json!(["CLAIM_TOO_LATE", null, "CLAIM_TOO_LATE", "CLAIM_TOO_LATE"]));

        provider.done("serviceSave", json!({ "nameEn": "Second", "categories": ["EMPLOYMENT"] }), "service { id }").await;
        let open = agency.asks_openly().await;
        let ambiguous = results(&provider, acting("CLAIM", &[&open], Value::Null)).await;
        assert_eq!(codes(&ambiguous), ["SERVICE_REQUIRED"]);
        assert_eq!(ambiguous[0]["userErrors"][0]["field"], json!(["input", "items", "0", "id"]));
        let stale = Referral { version: 4, ..open };
        assert_eq!(codes(&results(&provider, acting("CLAIM", &[&stale], Value::Null)).await), ["STALE_VERSION"]);
    }

    async fn two_who_claim_the_same_many_share_them_without_a_loss(app: TestApp) {
        let agency = app.as_agency();
        let (one, other) = (app.as_provider(), app.client("other-provider"));
        for _ in 0..4 {
            let open = asks(&agency, 12).await;
            let backwards: Vec<&Referral> = open.iter().rev().collect();
            let (first, mut second) = tokio::join!(
                results(&one, acting("CLAIM", &all(&open), Value::Null)),
                results(&other, acting("CLAIM", &backwards, Value::Null)),
            );
            second.reverse();
            for (place, open) in open.iter().enumerate() {
                let won = [&first[place], &second[place]].map(|row| row["userErrors"] == json!([]));
                assert_eq!(won.iter().filter(|won| **won).count(), 1, "{} {}", first[place], second[place]);
                let lost = if won[0] { &second[place] } else { &first[place] };
                assert_eq!(lost["userErrors"][0]["code"], "CLAIM_TOO_LATE");
                let owner = agency.sees(open, "version owner { name }").await;
                let name = if won[0] { "Test provider" } else { "Test other-provider" };
                assert_eq!(owner, json!({ "version": 2, "owner": { "name": name } }));
            }
        }
    }

    async fn many_who_accept_the_same_many_accept_each_once(app: TestApp) {
        let agency = app.as_agency();
        let workers: Vec<_> = (0..6).map(|number| app.client_as("provider", &format!("worker-{number}"))).collect();
        let sent = refers(&agency, 8).await;
        let calls = workers.iter().enumerate().map(|(number, worker)| {
            let mut rows = all(&sent);
            rows.rotate_left(number);
            results(worker, acting("ACCEPT", &rows, Value::Null))
        });
        let told = join_all(calls).await;
        let done = told.iter().flatten().filter(|row| row["userErrors"] == json!([])).count();
        assert_eq!(done, 8);
        let codes: Vec<Value> = told.iter().flat_map(|results| codes(results)).filter(|code| !code.is_null()).collect();
        assert!(codes.iter().all(|code| code == "STALE_VERSION"), "{codes:?}");
        for sent in &sent {
            assert_eq!(agency.rereads(sent).await.version, 2);
        }
    }

    async fn the_same_key_does_the_call_once_and_tells_each_row_under_the_rights_of_its_day(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = refers(&agency, 4).await;
        let stale = Referral { version: 9, ..sent[2].clone() };
        let key = json!({ "idempotencyKey": Uuid::now_v7() });
        let input = acting("ACCEPT", &[&sent[0], &sent[1], &stale, &sent[0]], key.clone());
        let first = results(&provider, input.clone()).await;
        assert_eq!(json!(codes(&first)), json!([null, null, "STALE_VERSION", "REPEATED"]));
        assert_eq!(results(&provider, input.clone()).await, first, "done once, told again");

        let accepted = provider.rereads(&sent[0]).await;
        provider.does("referralStart", &accepted, Value::Null).await;
        let cancelled = agency.rereads(&sent[1]).await;
        agency.does("referralCancel", &cancelled, because("OTHER")).await;
        agency.does("referralCancel", &sent[2], because("OTHER")).await;
        let replayed = results(&provider, input.clone()).await;
        assert_eq!(replayed[0]["referral"]["status"], "IN_PROGRESS", "what it reads is of today");
        assert_eq!(replayed[1], json!({ "referral": null, "userErrors": [] }), "its access has ended");
        assert_eq!(replayed[2]["userErrors"][0]["code"], "NOT_FOUND");
        assert_eq!(replayed[2]["userErrors"][0]["currentVersion"], Value::Null);
        assert_eq!(replayed[3]["userErrors"][0]["code"], "REPEATED");

        for other in [
            acting("ACCEPT", &[&sent[0], &sent[1]], key.clone()),
            acting("ASSIGN", &[&sent[0], &sent[1], &stale, &sent[0]], key.clone()),
        ] {
            let refused = payload(&provider, other).await;
            assert_eq!(refused["userErrors"][0]["code"], "IDEMPOTENCY_KEY_REUSED");
        }
        let single = merged(sent[3].step(Value::Null), key);
        assert_eq!(provider.refused("referralAccept", single).await, "IDEMPOTENCY_KEY_REUSED");
    }

    async fn a_call_of_which_every_row_is_refused_does_not_use_its_key_up(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let key = json!({ "idempotencyKey": Uuid::now_v7() });
        let stale = Referral { version: 3, ..sent.clone() };
        assert_eq!(codes(&results(&provider, acting("ACCEPT", &[&stale], key.clone())).await), ["STALE_VERSION"]);
        let done = results(&provider, acting("ACCEPT", &[&sent], key)).await;
        assert_eq!(done[0]["referral"]["status"], "ACCEPTED");
    }

    async fn one_call_at_once_under_one_key_is_done_once(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        for _ in 0..4 {
            let sent = refers(&agency, 3).await;
            let input = acting("ACCEPT", &all(&sent), json!({ "idempotencyKey": Uuid::now_v7() }));
            let told = join_all((0..4).map(|_| results(&provider, input.clone()))).await;
            assert!(told.iter().all(|results| *results == told[0]), "{told:?}");
            assert_eq!(json!(codes(&told[0])), json!([null, null, null]));
        }
    }

    async fn a_decline_of_many_opens_a_need_that_no_other_referral_serves(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut rows = Vec::new();
        let mut claimants = Vec::new();
        for beside in [false, true] {
            let claimant = agency.registers_with_consent("Testa").await;
            agency.needs(&claimant, "EMPLOYMENT").await;
            rows.push(agency.sends(&claimant, &app.service()).await);
            if beside {
                let again = json!({ "claimantId": claimant, "serviceId": app.other_service(), "send": true, "acknowledgeDuplicate": true });
                agency.creates(again).await;
            }
            assert_eq!(agency.need_status(&claimant).await, "REFERRED");
            claimants.push(claimant);
        }
        results(&provider, acting("DECLINE", &all(&rows), because("NOT_ELIGIBLE"))).await;
        assert_eq!(agency.need_status(&claimants[0]).await, "OPEN");
        assert_eq!(agency.need_status(&claimants[1]).await, "REFERRED", "somebody else may still help");
        for claimant in &claimants {
            assert_eq!(provider.sees_claimant(claimant, "id").await, Value::Null);
        }
    }

    async fn an_assignment_stays_inside_the_organization_that_made_it(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = refers(&agency, 2).await;
        let mut rows = sent.clone();
        for name in ["first-worker", "second-worker"] {
            let done = results(&provider, acting("ASSIGN", &all(&rows), json!({ "assignee": name }))).await;
            assert!(done.iter().all(|row| row["referral"]["assignee"] == name), "{done:?}");
            rows.iter_mut().for_each(|row| row.version += 1);
        }
        let history = "assignee history { edges { node { kind note } } }";
        let inside = provider.sees(&sent[0], history).await;
        let named: Vec<&Value> = inside["history"]["edges"].as_array().expect("edges").iter()
            .map(|edge| &edge["node"])
            .filter(|node| node["kind"] == "REFERRAL_ASSIGNED")
            .map(|node| &node["note"])
            .collect();
        assert_eq!(named, ["first-worker", "second-worker"], "who had it before stays in its own history");
        let outside = agency.sees(&sent[0], history).await;
        assert!(!outside.to_string().contains("worker"), "{outside}");
        assert!(!outside.to_string().contains("REFERRAL_ASSIGNED"), "{outside}");
        app.settle().await;
        let feed = agency.query("{ changes(first: 100) { edges { node { kind note } } } }").await;
        assert!(!feed.text.contains("REFERRAL_ASSIGNED"), "{}", feed.text);

        let nobody = results(&provider, acting("ASSIGN", &all(&rows), Value::Null)).await;
        assert!(nobody.iter().all(|row| row["referral"]["assignee"].is_null()));
        let completed = provider.does("referralAccept", &provider.rereads(&sent[0]).await, Value::Null).await;
        let completed = provider.does("referralComplete", &completed, outcome("HOUSED")).await;
        let closed = results(&provider, acting("ASSIGN", &[&completed], Value::Null)).await;
        assert_eq!(codes(&closed), ["ACTION_NOT_ALLOWED"]);
    }
}

/// The text of the last row's refusal, in French.
async fn provider_in_french(app: &TestApp, input: Value) -> Value {
    let results = results(&app.as_provider().in_french(), input).await;
    results.last().expect("a row")["userErrors"][0]["message"].clone()
}
