//! What the parties of a referral write to each other: who may, who reads it and for how long, what it answers, and what
//! no text may tell.
use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::opaque::NodeType;
use entity::{LocationId, location};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, prelude::Uuid};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, assert_same_answer, because, ids, merged, outcome},
    on_both_databases,
    story::{Plot, Story, service},
};

pub const SAID: &str = "messages(first: 50) { edges { node { id body from { name } sentAt } } }";

/// Writes a message; what it left of the referral.
pub async fn says(client: &Client<'_>, referral: &Value, body: &str) -> Value {
    let input = json!({ "referralId": referral, "body": body });
    let left = "referral { id version status subStatus }";
    client.done("messageSend", input, left).await["referral"].clone()
}

/// What somebody reads of the messages of a referral, in their order.
pub async fn reads(client: &Client<'_>, referral: &Value) -> Vec<Value> {
    let seen = client.sees_id(referral, SAID).await;
    let edges = seen["messages"]["edges"].as_array().cloned();
    let edges = edges.unwrap_or_default().into_iter();
    edges.map(|edge| edge["node"]["body"].clone()).collect()
}

/// What the feed tells of a referral after a number of entries: the kind and the version.
pub async fn told(client: &Client<'_>, referral: &Value) -> Vec<(String, i64)> {
    client.app().settle().await;
    let feed = "{ changes(first: 100) { edges { node { kind subjectId version } } } }";
    let answer = client.query(feed).await;
    let edges = answer.data()["changes"]["edges"].as_array().cloned();
    let nodes = edges
        .expect("edges")
        .into_iter()
        .map(|edge| edge["node"].clone());
    nodes
        .filter(|node| node["subjectId"] == *referral)
        .map(|node| {
            let kind = node["kind"].as_str().expect("a kind").to_owned();
            (kind, node["version"].as_i64().expect("a version"))
        })
        .collect()
}

/// A place of the provider, confidential or not.
pub async fn location(app: &TestApp, confidential: bool, street: &str, city: &str) -> LocationId {
    let id = LocationId(Uuid::now_v7());
    let at: DateTime<Utc> = "2026-01-01T12:00:00Z".parse().expect("a time");
    let connection = app.database.connect().await;
    location::ActiveModel {
        id: Set(id),
        organization_id: Set(Some(app.world.provider)),
        name: Set(None),
        description: Set(None),
        transportation: Set(None),
        address_line_1: Set(Some(street.to_owned())),
        address_line_2: Set(None),
        city: Set(Some(city.to_owned())),
        province: Set(Some("ON".to_owned())),
        postal_code: Set(Some(
            if confidential { "K9Z 9Z9" } else { "K8Z 8Z8" }.to_owned(),
        )),
        country: Set(Some("CA".to_owned())),
        latitude: Set(None),
        longitude: Set(None),
        confidential: Set(confidential),
        hsds_id: Set(None),
        created_at: Set(at),
        updated_at: Set(at),
    }
    .insert(&connection)
    .await
    .expect("a location");
    connection.close().await.expect("the connection closes");
    id
}

async fn refused(client: &Client<'_>, referral: &Value, body: &str) -> Value {
    let input = json!({ "referralId": referral, "body": body });
    client.user_error("messageSend", input).await
}

on_both_databases! {
    async fn the_parties_write_to_each_other_and_nobody_else_reads_or_writes(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        says(&provider, &sent.id, "Is it urgent?").await;
        let left = says(&agency, &sent.id, "It is.").await;
        assert_eq!((&left["version"], &left["subStatus"]), (&json!(sent.version), &Value::Null), "it moves nothing");
        for client in [&agency, &provider] {
            assert_eq!(reads(client, &sent.id).await, ["Is it urgent?", "It is."]);
        }
        let seen = agency.sees(&sent, SAID).await;
        let last = &seen["messages"]["edges"][1]["node"];
        assert_eq!((&last["from"]["name"], &last["sentAt"]), (&json!("Test agency"), &json!("2026-06-01T14:00:00Z")));
        let id = json!({ "id": last["id"] });
        let node = "query($id: ID!) { node(id: $id) { __typename ... on Message { body } } }";
        let found = provider.ask(node, id.clone()).await;
        assert_eq!(found.data()["node"], json!({ "__typename": "Message", "body": "It is." }));
        let missing = json!({ "id": app.missing(NodeType::Message) });
        let absent = app.missing(NodeType::Referral);
        for caller in ["other-provider", "far-provider", "other-agency", "ministry", "ministry-north"] {
            let client = app.client(caller);
            for (question, there, never) in [
                (node, &id, &missing),
                ("query($id: ID!) { referral(id: $id) { id } }", &json!({ "id": sent.id }), &json!({ "id": absent })),
            ] {
                if caller == "ministry" && question.contains("referral(") {
                    continue; // It sees the row under oversight, and no text.
                }
                app.statements();
                let seen = client.ask(question, there.clone()).await;
                let statements = app.statement_texts();
                app.statements();
                let none = client.ask(question, never.clone()).await;
                assert_same_answer(&seen, &none, caller);
                assert_eq!(statements, app.statement_texts(), "{caller}");
            }
            let write = async |referral: &Value| {
                let input = json!({ "referralId": referral, "body": "Told." });
                client.mutate("messageSend", input, "referral { id }").await
            };
            if !caller.starts_with("ministry") {
                assert_same_answer(&write(&sent.id).await, &write(&absent).await, caller);
            }
        }
        let oversight = "query($id: ID!) { referral(id: $id) { messages { edges { cursor } } } }";
        let refused = app.as_ministry().ask(oversight, json!({ "id": sent.id })).await;
        assert_eq!(refused.error_code(), "FORBIDDEN");
        let input = json!({ "referralId": sent.id, "body": "Told." });
        let refused = app.as_ministry().mutate("messageSend", input, "referral { id }").await;
        assert_eq!(refused.error_code(), "FORBIDDEN");
        assert_eq!(reads(&agency, &sent.id).await.len(), 2);
    }

    async fn a_message_of_the_source_answers_what_the_owner_asked(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let waits = json!({ "subStatus": "CONTACT_ATTEMPTED" });
        let waiting = provider.does("referralSetSubStatus", &sent, waits).await;
        let asks = json!({ "subStatus": "NEEDS_INFORMATION" });
        let asked = provider.does("referralSetSubStatus", &waiting, asks.clone()).await;
        let left = says(&provider, &sent.id, "Which days?").await;
        assert_eq!((&left["subStatus"], left["version"].as_i64()), (&json!("NEEDS_INFORMATION"), Some(asked.version)));
        let left = says(&agency, &sent.id, "Any day.").await;
        assert_eq!((&left["subStatus"], left["version"].as_i64()), (&json!("CONTACT_ATTEMPTED"), Some(asked.version + 1)));
        let left = says(&agency, &sent.id, "But Friday.").await;
        assert_eq!(left["version"].as_i64(), Some(asked.version + 1), "it is answered");
        // Once it was accepted nothing is left of what was there before.
        let accepted = provider.does("referralAccept", &agency.rereads(&sent).await, Value::Null).await;
        provider.does("referralSetSubStatus", &accepted, asks).await;
        assert_eq!(says(&agency, &sent.id, "Yes.").await["subStatus"], Value::Null);
        let told = told(&provider, &sent.id).await;
        let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds[kinds.len() - 10..], [
            "REFERRAL_SUB_STATUS_CHANGED", "REFERRAL_SUB_STATUS_CHANGED", "MESSAGE_SENT", "MESSAGE_SENT",
            "REFERRAL_SUB_STATUS_CHANGED", "MESSAGE_SENT", "REFERRAL_ACCEPTED", "REFERRAL_SUB_STATUS_CHANGED", "MESSAGE_SENT",
            "REFERRAL_SUB_STATUS_CHANGED",
        ]);
    }

    async fn the_journal_tells_both_parties_that_something_was_written_and_never_what(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        says(&provider, &sent.id, "Xylophone.").await;
        for client in [&agency, &provider] {
            let last = told(client, &sent.id).await.pop();
            assert_eq!(last, Some(("MESSAGE_SENT".to_owned(), sent.version)));
            let everything = client.query("{ changes(first: 100) { edges { node { kind note } } } }").await;
            assert!(!everything.text.contains("Xylophone"));
            let history = client.sees(&sent, "history(first: 50) { edges { node { kind note organization { name } } } }").await;
            let last = history["history"]["edges"].as_array().expect("edges").last().cloned().expect("an entry");
            assert_eq!(last["node"], json!({ "kind": "MESSAGE_SENT", "note": null, "organization": { "name": "Test provider" } }));
        }
        for stranger in ["other-provider", "other-agency", "ministry"] {
            assert_eq!(told(&app.client(stranger), &sent.id).await, [], "{stranger}");
        }
    }

    async fn an_owner_reads_nothing_of_those_before_it(app: TestApp) {
        let (agency, provider, other) = (app.as_agency(), app.as_provider(), app.client("other-provider"));
        let sent = agency.refers().await;
        says(&provider, &sent.id, "Not ours.").await;
        let elsewhere = merged(because("WRONG_SERVICE"), json!({ "serviceId": app.other_service() }));
        agency.does("referralReroute", &sent, elsewhere).await;
        says(&agency, &sent.id, "Yours?").await;
        says(&other, &sent.id, "Ours.").await;
        assert_eq!(reads(&agency, &sent.id).await, ["Not ours.", "Yours?", "Ours."]);
        assert_eq!(reads(&other, &sent.id).await, ["Yours?", "Ours."]);
        assert!(provider.sees(&sent, "id").await.is_null());
        let seen = agency.sees(&sent, SAID).await;
        let earlier = json!({ "id": seen["messages"]["edges"][0]["node"]["id"] });
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let missing = json!({ "id": app.missing(NodeType::Message) });
        for client in [&other, &provider] {
            let (there, never) = (client.ask(node, earlier.clone()).await, client.ask(node, missing.clone()).await);
            assert_same_answer(&there, &never, "of another tenure");
        }
    }

    async fn nothing_is_written_of_a_draft_an_open_or_a_closed_referral(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let draft = agency.creates(json!({ "claimantId": claimant, "serviceId": app.service() })).await;
        let open = agency.asks_openly().await;
        let sent = agency.refers().await;
        let declined = provider.does("referralDecline", &sent, because("NOT_ELIGIBLE")).await;
        let sent = agency.refers().await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        says(&provider, &accepted.id, "Begun.").await;
        let completed = provider.does("referralComplete", &accepted, outcome("HOUSED")).await;
        for referral in [&draft, &open, &declined, &completed] {
            let error = refused(&agency, &referral.id, "Told.").await;
            assert_eq!((&error["code"], &error["field"]), (&json!("ACTION_NOT_ALLOWED"), &json!(["input", "referralId"])));
        }
        assert_eq!(refused(&provider, &open.id, "Told.").await["code"], "ACTION_NOT_ALLOWED", "it sees it and is no party");
        assert_eq!(refused(&provider, &draft.id, "Told.").await["code"], "NOT_FOUND");
        assert_eq!(provider.sees(&open, SAID).await["messages"]["edges"], json!([]));
        for client in [&agency, &provider] {
            assert_eq!(reads(client, &completed.id).await, ["Begun."]);
        }
    }

    async fn of_somebody_not_named_the_parties_write_as_of_anybody(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let open = agency.asks_openly().await;
        let claimed = provider.does("referralClaim", &open, Value::Null).await;
        says(&provider, &claimed.id, "Who comes?").await;
        says(&agency, &claimed.id, "Two people.").await;
        assert_eq!(reads(&provider, &claimed.id).await, ["Who comes?", "Two people."]);
        assert!(app.client("other-provider").sees(&claimed, "id").await.is_null(), "it is open no more");
    }

    async fn what_was_written_closes_with_the_access_to_it(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut voided = Story::accepted(&app, Plot::open("Voided")).await;
        let mut completed = Story::accepted(&app, Plot::open("Completed")).await;
        let withdrawn = Story::accepted(&app, Plot::open("Withdrawn")).await;
        for story in [&voided, &completed, &withdrawn] {
            says(&provider, &story.referral, "Said.").await;
        }
        voided.act(&agency, "referralVoid", because("OTHER")).await;
        withdrawn.withdraw(&app).await;
        completed.act(&provider, "referralComplete", outcome("HOUSED")).await;
        for client in [&agency, &provider] {
            assert_eq!(reads(client, &voided.referral).await, [] as [Value; 0], "nobody reads it any more");
            assert_eq!(reads(client, &completed.referral).await, ["Said."]);
        }
        assert_eq!(reads(&agency, &withdrawn.referral).await, ["Said."]);
        assert!(provider.sees_id(&withdrawn.referral, "id").await.is_null());
        let seen = agency.sees_id(&completed.referral, SAID).await;
        let id = json!({ "id": seen["messages"]["edges"][0]["node"]["id"] });
        app.clock.advance(TimeDelta::days(100));
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(reads(&provider, &completed.referral).await, [] as [Value; 0], "its time is over");
        assert_eq!(provider.ask(node, id.clone()).await.data()["node"], Value::Null);
        assert_eq!(reads(&agency, &completed.referral).await, ["Said."], "it registered the person");
        assert!(!agency.ask(node, id).await.data()["node"].is_null());
    }

    async fn what_was_written_is_gone_with_the_person(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let story = Story::accepted(&app, Plot::open("Erased")).await;
        says(&provider, &story.referral, "Said.").await;
        let other = Story::accepted(&app, Plot::open("Other")).await;
        says(&provider, &other.referral, "Stays.").await;
        let erase = json!({ "id": story.claimant, "expectedVersion": 1 });
        agency.done("claimantErase", erase, "claimant { id }").await;
        assert_eq!(reads(&agency, &story.referral).await, [] as [Value; 0]);
        assert_eq!(refused(&agency, &story.referral, "Told.").await["code"], "ACTION_NOT_ALLOWED", "as of whatever is over");
        assert_eq!(reads(&agency, &other.referral).await, ["Stays."]);
    }

    async fn whoever_keeps_the_file_next_reads_and_writes_on(app: TestApp) {
        let (agency, provider, next) = (app.as_agency(), app.as_provider(), app.client("other-agency"));
        let story = Story::accepted(&app, Plot::open("Moved")).await;
        says(&agency, &story.referral, "Ours.").await;
        let to = app.public_id(NodeType::Organization, app.world.other_agency);
        let consent = json!({ "claimantId": story.claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": ["IDENTITY", "CONTACT"],
            "recipientIds": [to], "method": "VERBAL" });
        agency.done("consentRecord", consent, "consent { id }").await;
        let transfer = json!({ "id": story.claimant, "expectedVersion": 1, "organizationId": to });
        let moved = agency.mutate("claimantTransfer", transfer, "claimant { id }").await;
        assert_eq!(moved.data()["claimantTransfer"]["userErrors"], json!([]));
        says(&next, &story.referral, "Mine now.").await;
        for client in [&next, &provider] {
            assert_eq!(reads(client, &story.referral).await, ["Ours.", "Mine now."]);
        }
        assert!(agency.sees_id(&story.referral, "id").await.is_null());
    }

    async fn no_text_between_the_parties_says_who_or_where_somebody_is(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        location(&app, true, "99 Hidden Way", "Secretville").await;
        let protected = Plot { location_protected: true, ..Plot::open("Hid") };
        let story = Story::accepted(&app, protected).await;
        let sealed = Story::accepted(&app, Plot { field_groups: &[], ..Plot::open("Shut") }).await;
        let long = "a".repeat(4_001);
        for (client, referral, body, code) in [
            (&agency, &story.referral, "  ", "REQUIRED"),
            (&agency, &story.referral, long.as_str(), "TOO_LONG"),
            (&agency, &story.referral, "046 454 286", "SIN_NOT_STORED"),
            (&agency, &story.referral, "Ask for givenhid!", "TEXT_IDENTIFIES"),
            (&agency, &story.referral, "Call unsafehid", "TEXT_IDENTIFIES"),
            (&agency, &story.referral, "Numberhid 7788", "TEXT_IDENTIFIES"),
            (&agency, &story.referral, "born 1990-04-01", "TEXT_IDENTIFIES"),
            (&agency, &story.referral, "At home in TownHid.", "PLACE_CONFIDENTIAL"),
            (&provider, &story.referral, "FamilyHid came.", "TEXT_IDENTIFIES"),
            (&provider, &story.referral, "Come to 99 hidden way", "PLACE_CONFIDENTIAL"),
            (&provider, &sealed.referral, "It is at K9Z9Z9.", "PLACE_CONFIDENTIAL"),
            (&provider, &sealed.referral, "It is in Secretville.", "PLACE_CONFIDENTIAL"),
        ] {
            let error = refused(client, referral, body).await;
            assert_eq!((&error["code"], &error["field"]), (&json!(code), &json!(["input", "body"])), "{body}");
        }
        // Nobody is checked against what it may not know: a refusal would tell it.
        for (client, referral, body) in [
            (&provider, &sealed.referral, "Is it GivenShut?"),
            (&provider, &story.referral, "Is it UnsafeHid?"),
            (&provider, &story.referral, "Is it TownHid?"),
            (&agency, &story.referral, "Is it 99 Hidden Way?"),
            (&agency, &sealed.referral, "From TownShut, which is not protected."),
        ] {
            says(client, referral, body).await;
        }
        // A municipality where everybody finds the organization tells nothing.
        location(&app, false, "1 Open Street", "Secretville").await;
        says(&provider, &sealed.referral, "It is in Secretville.").await;
        assert_eq!(refused(&provider, &sealed.referral, "99 Hidden Way, Secretville").await["code"], "PLACE_CONFIDENTIAL");
    }

    async fn no_summary_says_where_a_protected_person_lives(app: TestApp) {
        let agency = app.as_agency();
        let protected = Plot { location_protected: true, ..Plot::open("Kept") };
        let (kept, known) = (Story::begin(&app, protected).await, Story::begin(&app, Plot::open("Known")).await);
        let creates = |story: &Story, summary: &str| json!({ "claimantId": story.claimant, "category": "EMPLOYMENT",
            "serviceId": app.service(), "summary": summary });
        let error = agency.user_error("referralCreate", creates(&kept, "Lives in townkept.")).await;
        assert_eq!((&error["code"], &error["field"]), (&json!("PLACE_CONFIDENTIAL"), &json!(["input", "summary"])));
        agency.done("referralCreate", creates(&kept, "Lives in TownKnown."), "referral { id }").await;
        agency.done("referralCreate", creates(&known, "Lives in TownKnown."), "referral { id }").await;
    }

    async fn a_summary_is_not_compared_with_what_its_writer_may_not_know(app: TestApp) {
        let provider = app.as_provider();
        let story = Story::accepted(&app, Plot::open("Guess")).await;
        let split = |summary: &str| json!({ "id": story.referral, "expectedVersion": story.version, "category": "HOUSING",
            "serviceId": app.other_service(), "summary": summary });
        assert_eq!(provider.refused("referralSplit", split("SafeGuess")).await, "SUMMARY_IDENTIFIES");
        provider.done("referralSplit", split("UnsafeGuess"), "referral { id }").await;
    }

    async fn whoever_registered_the_person_is_written_to_when_another_refers_on(app: TestApp) {
        let (agency, provider, other) = (app.as_agency(), app.as_provider(), app.client("other-provider"));
        let story = Story::accepted(&app, Plot::open("Split")).await;
        let split = json!({ "id": story.referral, "expectedVersion": story.version, "category": "HOUSING",
            "serviceId": service(&app, app.world.other_service) });
        let child = provider.done("referralSplit", split, "referral { id version status }").await;
        let child = Referral::of(&child);
        let accepted = other.does("referralAccept", &child, Value::Null).await;
        other.does("referralSetSubStatus", &accepted, json!({ "subStatus": "NEEDS_INFORMATION" })).await;
        let left = says(&agency, &child.id, "Ask us.").await;
        assert_eq!(left["subStatus"], "NEEDS_INFORMATION", "it was the source that was asked");
        assert_eq!(says(&provider, &child.id, "Answered.").await["subStatus"], Value::Null);
        for client in [&agency, &provider, &other] {
            assert_eq!(reads(client, &child.id).await, ["Ask us.", "Answered."]);
        }
    }

    async fn the_same_key_writes_once(app: TestApp) {
        let agency = app.as_agency();
        let sent = agency.refers().await;
        let key = json!({ "idempotencyKey": "0197a1b0-0000-7000-8000-000000000009" });
        let input = merged(json!({ "referralId": sent.id, "body": "Once." }), key);
        for _ in 0..2 {
            agency.done("messageSend", input.clone(), "referral { id }").await;
        }
        assert_eq!(reads(&agency, &sent.id).await, ["Once."]);
        let other = merged(input, json!({ "body": "Twice." }));
        assert_eq!(agency.refused("messageSend", other).await, "IDEMPOTENCY_KEY_REUSED");
    }

    async fn parties_that_write_at_once_are_both_heard(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        provider.does("referralSetSubStatus", &sent, json!({ "subStatus": "NEEDS_INFORMATION" })).await;
        let of_agency = async {
            for number in 0..5 {
                says(&agency, &sent.id, &format!("Source {number}.")).await;
            }
        };
        let of_provider = async {
            for number in 0..5 {
                says(&provider, &sent.id, &format!("Owner {number}.")).await;
            }
        };
        tokio::join!(of_agency, of_provider);
        assert_eq!(reads(&agency, &sent.id).await.len(), 10);
        let seen = agency.sees(&sent, "subStatus version").await;
        assert_eq!(seen, json!({ "subStatus": null, "version": sent.version + 2 }));
    }

    async fn messages_are_paged_as_other_lists(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (sent, other) = (agency.refers().await, agency.refers().await);
        for number in 0..5 {
            says(&provider, &sent.id, &format!("{number}")).await;
            says(&agency, &other.id, &format!("other {number}")).await;
        }
        let page = async |arguments: &str| {
            let selection = format!("messages({arguments}) {{ edges {{ cursor node {{ id body }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}");
            agency.sees(&sent, &selection).await["messages"].clone()
        };
        let bodies = |page: &Value| -> String {
            let edges = page["edges"].as_array().expect("edges").clone();
            edges.iter().map(|edge| edge["node"]["body"].as_str().expect("a body").to_owned()).collect()
        };
        let all = ids(&page("first: 50").await);
        assert_eq!(all.len(), 5);
        let first = page("first: 2").await;
        assert_eq!((bodies(&first).as_str(), &first["pageInfo"]["hasNextPage"], &first["pageInfo"]["hasPreviousPage"]), ("01", &json!(true), &json!(false)));
        let next = page(&format!("first: 2, after: {}", first["pageInfo"]["endCursor"])).await;
        assert_eq!(bodies(&next), "23");
        let last = page(&format!("first: 2, after: {}", next["pageInfo"]["endCursor"])).await;
        assert_eq!((bodies(&last).as_str(), &last["pageInfo"]["hasNextPage"], &last["pageInfo"]["hasPreviousPage"]), ("4", &json!(false), &json!(true)));
        let end = page("last: 2").await;
        assert_eq!((bodies(&end).as_str(), &end["pageInfo"]["hasPreviousPage"], &end["pageInfo"]["hasNextPage"]), ("34", &json!(true), &json!(false)));
        let back = page(&format!("last: 2, before: {}", end["pageInfo"]["startCursor"])).await;
        assert_eq!((bodies(&back).as_str(), &back["pageInfo"]["hasNextPage"]), ("12", &json!(true)));
        // A cursor opens for its own list, and for its own organization.
        let foreign = format!("query($id: ID!) {{ referral(id: $id) {{ messages(after: {}) {{ edges {{ cursor }} }} }} }}", first["pageInfo"]["endCursor"]);
        assert_eq!(agency.ask(&foreign, json!({ "id": other.id })).await.error_code(), "BAD_CURSOR");
        assert_eq!(provider.ask(&foreign, json!({ "id": sent.id })).await.error_code(), "BAD_CURSOR");
    }

    async fn whoever_reads_what_was_written_of_a_person_leaves_a_disclosure(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let story = Story::accepted(&app, Plot::open("Shown")).await;
        says(&agency, &story.referral, "Said.").await;
        let disclosed = async || {
            app.settle().await;
            let list = "query($id: ID!) { disclosures(claimantId: $id, first: 50) { edges { node { organization { name } groups referral { id } } } } }";
            let answer = agency.ask(list, json!({ "id": story.claimant })).await;
            let edges = answer.data()["disclosures"]["edges"].as_array().cloned().expect("edges");
            let of_provider = |edge: &&Value| edge["node"]["organization"]["name"] == "Test provider";
            edges.iter().filter(of_provider).map(|edge| edge["node"].clone()).collect::<Vec<_>>()
        };
        provider.sees_id(&story.referral, "messages { edges { node { id sentAt } } }").await;
        assert_eq!(disclosed().await, [] as [Value; 0], "that there is one says nothing of the person");
        reads(&provider, &story.referral).await;
        let told = disclosed().await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["groups"], &told[0]["referral"]["id"]), (&json!(["FREE_TEXT"]), &story.referral));
    }
}
