//! The feed of changes: by position, told to those concerned and to nobody else, each entry under the rights of the
//! moment at which it is read.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    on_both_databases,
    story::{Plot, Story, service},
};

const ENTRY: &str = "cursor at kind subjectId subject { __typename } organization { name } fromStatus toStatus reason \
                     note version";

/// One page of the feed.
async fn page(client: &Client<'_>, after: &Value, first: i64) -> Value {
    let query = format!(
        "query($after: Cursor, $first: Int) {{ changes(after: $after, first: $first) {{ \
         pageInfo {{ hasNextPage endCursor }} edges {{ cursor node {{ {ENTRY} }} }} }} }}"
    );
    let answer = client
        .ask(&query, json!({ "after": after, "first": first }))
        .await;
    answer.data()["changes"].clone()
}

/// The whole feed, page by page.
async fn feed_by(client: &Client<'_>, first: i64) -> Vec<Value> {
    let (mut entries, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = page(client, &after, first).await;
        let edges = page["edges"].as_array().expect("edges");
        for edge in edges {
            assert_eq!(edge["cursor"], edge["node"]["cursor"]);
            entries.push(edge["node"].clone());
        }
        if page["pageInfo"]["hasNextPage"] == false {
            return entries;
        }
        assert_eq!(
            i64::try_from(edges.len()),
            Ok(first),
            "a page that is not the last is full"
        );
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// What a caller's feed says of a thing, one line for each entry: the kind, the status, and whatever of subject,
/// organization, reason and note is told.
async fn told(app: &TestApp, client: &Client<'_>, subject: &Value) -> Vec<String> {
    app.settle().await;
    let entries = feed_by(client, 100).await;
    entries
        .iter()
        .filter(|entry| entry["subjectId"] == *subject)
        .map(|entry| {
            let mut line = entry["kind"].as_str().expect("a kind").to_owned();
            for field in ["toStatus", "reason", "note"] {
                if let Some(text) = entry[field].as_str() {
                    line.push_str(&format!(" {text}"));
                }
            }
            if let Some(name) = entry["organization"]["name"].as_str() {
                line.push_str(&format!(" by {name}"));
            }
            if entry["subject"].is_null() {
                line.push_str(", gone");
            }
            line
        })
        .collect()
}

/// The kinds of entries in a caller's feed about a thing.
async fn kinds(app: &TestApp, client: &Client<'_>, subject: &Value) -> Vec<String> {
    app.settle().await;
    let entries = feed_by(client, 100).await;
    let about = entries
        .iter()
        .filter(|entry| entry["subjectId"] == *subject);
    about
        .filter_map(|entry| entry["kind"].as_str().map(str::to_owned))
        .collect()
}

on_both_databases! {
    async fn the_feed_is_the_same_whatever_the_size_of_its_pages(app: TestApp) {
        let first = Story::accepted(&app, Plot::open("First")).await;
        app.settle().await;
        let mut second = Story::accepted(&app, Plot::open("Second")).await;
        second.act(&app.as_provider(), "referralStart", json!({})).await;
        app.settle().await;
        for client in [app.as_agency(), app.as_provider()] {
            let whole = feed_by(&client, 100).await;
            let mut cursors: Vec<&str> = whole.iter().filter_map(|entry| entry["cursor"].as_str()).collect();
            cursors.sort_unstable();
            cursors.dedup();
            assert_eq!(cursors.len(), whole.len(), "no entry comes twice");
            for size in [1, 2, 3] {
                assert_eq!(feed_by(&client, size).await, whole);
            }
            let about = |id: &Value| -> Vec<i64> {
                whole.iter().filter(|entry| entry["subjectId"] == *id).filter_map(|entry| entry["version"].as_i64())
                    .collect()
            };
            assert_eq!(about(&first.referral), [1, 2]);
            assert_eq!(about(&second.referral), [1, 2, 3]);
        }
    }

    async fn what_is_committed_later_comes_later_and_from_any_position_nothing_is_missed(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Later")).await;
        app.settle().await;
        let provider = app.as_provider();
        let before = feed_by(&provider, 100).await;
        let last = &before.last().expect("an entry")["cursor"];
        assert_eq!(page(&provider, last, 10).await["edges"], json!([]), "nothing is new");
        story.act(&provider, "referralStart", json!({})).await;
        assert_eq!(page(&provider, last, 10).await["edges"], json!([]), "what has no position is not told yet");
        app.settle().await;
        let after = page(&provider, last, 10).await;
        let kinds: Vec<&Value> = after["edges"].as_array().expect("edges").iter().map(|edge| &edge["node"]["kind"])
            .collect();
        assert_eq!(kinds, ["REFERRAL_STARTED"]);
        for (place, entry) in before.iter().enumerate() {
            let rest = page(&provider, &entry["cursor"], 100).await;
            assert_eq!(rest["edges"].as_array().map(Vec::len), Some(before.len() - place));
        }
    }

    async fn what_has_no_position_yet_points_at_what_its_reader_was_last_told(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Unplaced")).await;
        let provider = app.as_provider();
        story.act(&provider, "referralStart", json!({})).await;
        app.settle().await;
        let last = feed_by(&provider, 100).await.last().expect("an entry")["cursor"].clone();
        // What happens elsewhere moves the end of the journal, and nothing that the provider is told.
        app.client("other-agency").registers("Testa").await;
        app.settle().await;
        story.act(&provider, "referralAssign", json!({ "assignee": "worker-7" })).await;
        let question = "query($id: ID!) { referral(id: $id) { history(first: 50) { edges { node { kind cursor } } } } }";
        let answer = provider.ask(question, json!({ "id": story.referral })).await;
        let edges = answer.data()["referral"]["history"]["edges"].as_array().expect("edges").clone();
        let entry = &edges.last().expect("an entry")["node"];
        assert_eq!(*entry, json!({ "kind": "REFERRAL_ASSIGNED", "cursor": last }));
        app.settle().await;
        let next = page(&provider, &entry["cursor"], 10).await;
        assert_eq!(next["edges"][0]["node"]["kind"], "REFERRAL_ASSIGNED", "and nothing is missed");
    }

    async fn an_entry_is_told_to_source_owner_and_registering_organization_and_to_nobody_else(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Told")).await;
        let input = json!({ "id": story.referral, "expectedVersion": story.version, "category": "HOUSING",
            "serviceId": service(&app, app.world.other_service) });
        let parent = story.referral.clone();
        let split = app.as_provider().done("referralSplit", input, "referral { id version }").await;
        story.take(&split["referral"]);
        let owner = app.client("other-provider");
        story.act(&owner, "referralAccept", json!({})).await;
        let expected = ["REFERRAL_CREATED", "REFERRAL_ACCEPTED"];
        for party in [app.as_agency(), app.as_provider(), app.client("other-provider")] {
            assert_eq!(kinds(&app, &party, &story.referral).await, expected);
        }
        assert_eq!(kinds(&app, &owner, &parent).await, [""; 0]);
        for other in ["far-provider", "other-agency", "ministry", "ministry-north"] {
            assert_eq!(feed_by(&app.client(other), 100).await, [Value::Null; 0], "{other}");
        }
    }

    async fn a_draft_is_told_to_its_source_alone(app: TestApp) {
        let mut story = Story::begin(&app, Plot::open("Draft")).await;
        story.create(&app, Some(service(&app, app.world.service)), false).await;
        let update = json!({ "summary": "Another." });
        story.act(&app.as_agency(), "referralUpdate", update).await;
        assert_eq!(kinds(&app, &app.as_agency(), &story.referral).await, ["REFERRAL_CREATED", "REFERRAL_UPDATED"]);
        assert_eq!(kinds(&app, &app.as_provider(), &story.referral).await, [""; 0]);
        story.act(&app.as_agency(), "referralSend", json!({})).await;
        assert_eq!(kinds(&app, &app.as_provider(), &story.referral).await, ["REFERRAL_SENT"]);
    }

    async fn an_open_referral_is_told_to_providers_whose_services_fit_by_category_and_region(app: TestApp) {
        let mut story = Story::begin(&app, Plot::open("Open")).await;
        story.create(&app, None, true).await;
        let (winner, loser) = (app.as_provider(), app.client("other-provider"));
        for eligible in [&winner, &loser] {
            assert_eq!(told(&app, eligible, &story.referral).await, ["REFERRAL_CREATED REQUESTED"]);
        }
        for other in ["far-provider", "other-agency", "ministry"] {
            assert_eq!(feed_by(&app.client(other), 100).await, [Value::Null; 0], "{other}");
        }
        story.act(&winner, "referralClaim", json!({})).await;
        // Whoever deletes its copy at ACCESS_ENDED has it again with the entry that follows.
        assert_eq!(told(&app, &winner, &story.referral).await, [
            "REFERRAL_CREATED REQUESTED",
            "ACCESS_ENDED by Test provider",
            "REFERRAL_CLAIMED REQUESTED by Test provider",
        ]);
        assert_eq!(told(&app, &loser, &story.referral).await, [
            "REFERRAL_CREATED REQUESTED, gone",
            "ACCESS_ENDED, gone",
        ]);
        story.act(&winner, "referralAccept", json!({})).await;
        assert_eq!(kinds(&app, &loser, &story.referral).await.len(), 2, "nothing more is told to those who lost");
    }

    async fn an_open_referral_is_told_in_its_own_region(app: TestApp) {
        let north = app.store.keys().id(NodeType::Region, app.world.northern);
        let input = json!({ "category": "HOUSING", "regionId": north, "language": "eng", "interpreterNeeded": false,
            "ageBand": "FROM_25_TO_54", "partySize": 2, "send": true });
        let created = app.as_agency().done("referralCreate", input, "referral { id version }").await;
        let (id, far) = (&created["referral"]["id"], app.client("far-provider"));
        assert_eq!(told(&app, &far, id).await, ["REFERRAL_CREATED REQUESTED"]);
        for other in ["provider", "other-provider"] {
            assert_eq!(told(&app, &app.client(other), id).await, [""; 0], "{other}");
        }
        let claim = json!({ "id": id, "expectedVersion": created["referral"]["version"],
            "serviceId": service(&app, app.world.northern_service) });
        far.done("referralClaim", claim, "referral { id }").await;
        assert_eq!(kinds(&app, &far, id).await, ["REFERRAL_CREATED", "ACCESS_ENDED", "REFERRAL_CLAIMED"]);
    }

    async fn providers_are_told_when_an_open_referral_becomes_one_for_another_need(app: TestApp) {
        let save = json!({ "nameEn": "Work only", "nameFr": "Emploi seulement", "categories": ["EMPLOYMENT"],
            "languages": ["spa"] });
        app.client("other-agency").done("serviceSave", save, "service { id }").await;
        let mut story = Story::begin(&app, Plot::open("Moved")).await;
        story.create(&app, None, true).await;
        let update = json!({ "category": "HOUSING" });
        story.act(&app.as_agency(), "referralUpdate", update).await;
        assert_eq!(told(&app, &app.client("other-agency"), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED, gone",
            "ACCESS_ENDED, gone",
        ]);
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED",
            "ACCESS_ENDED",
            "REFERRAL_UPDATED REQUESTED",
        ]);
    }

    async fn the_owner_that_declines_is_told_that_its_access_ended(app: TestApp) {
        let mut story = Story::sent(&app, Plot::open("Declined")).await;
        let why = json!({ "reason": "NOT_ELIGIBLE", "note": "No place." });
        story.act(&app.as_provider(), "referralDecline", why).await;
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED, gone",
            "ACCESS_ENDED by Test provider, gone",
        ]);
        assert_eq!(told(&app, &app.as_agency(), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED by Test agency",
            "REFERRAL_DECLINED REJECTED NOT_ELIGIBLE No place. by Test provider",
        ]);
    }

    async fn the_owner_before_a_reroute_is_told_that_its_access_ended_and_not_where_it_went(app: TestApp) {
        let mut story = Story::sent(&app, Plot::open("Rerouted")).await;
        let other = json!({ "serviceId": service(&app, app.world.other_service), "reason": "WRONG_SERVICE" });
        story.act(&app.as_agency(), "referralReroute", other).await;
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED, gone",
            "ACCESS_ENDED, gone",
        ]);
        let owner = app.client("other-provider");
        assert_eq!(told(&app, &owner, &story.referral).await, [
            "REFERRAL_REROUTED REQUESTED WRONG_SERVICE by Test agency",
        ]);
        // Open again, it is told to the owner before among all who could claim it.
        story.act(&app.as_agency(), "referralReroute", json!({ "reason": "OTHER" })).await;
        assert_eq!(told(&app, &owner, &story.referral).await, [
            "REFERRAL_REROUTED REQUESTED",
            "ACCESS_ENDED",
            "REFERRAL_REROUTED REQUESTED",
        ]);
    }

    async fn the_owner_of_a_cancelled_referral_is_told_that_its_access_ended(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Cancelled")).await;
        let why = json!({ "reason": "CLAIMANT_MOVED", "note": "Moved on." });
        story.act(&app.as_agency(), "referralCancel", why).await;
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED, gone",
            "REFERRAL_ACCEPTED ACCEPTED by Test provider, gone",
            "ACCESS_ENDED, gone",
        ]);
    }

    async fn a_withdrawal_is_told_to_the_registering_organization_alone(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Withdrawn")).await;
        story.withdraw(&app).await;
        assert_eq!(told(&app, &app.as_agency(), &story.consent).await, [
            "CONSENT_RECORDED by Test agency",
            "CONSENT_WITHDRAWN WithdrawnWithdrawn by Test agency",
        ]);
        assert_eq!(told(&app, &app.as_agency(), &story.referral).await.last().map(String::as_str),
            Some("REFERRAL_CANCELLED CANCELLED CONSENT_WITHDRAWN by Test agency"));
        assert_eq!(told(&app, &app.as_provider(), &story.consent).await, [""; 0]);
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED, gone",
            "REFERRAL_ACCEPTED ACCEPTED by Test provider, gone",
            "ACCESS_ENDED, gone",
        ]);
    }

    async fn a_source_that_did_not_register_the_claimant_is_not_told_of_a_withdrawal(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Split")).await;
        let input = json!({ "id": story.referral, "expectedVersion": story.version, "category": "HOUSING",
            "serviceId": service(&app, app.world.other_service) });
        let split = app.as_provider().done("referralSplit", input, "referral { id version }").await;
        story.take(&split["referral"]);
        story.withdraw(&app).await;
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED by Test provider",
            "REFERRAL_CANCELLED CANCELLED",
        ]);
        assert_eq!(told(&app, &app.client("other-provider"), &story.referral).await, [
            "REFERRAL_CREATED REQUESTED, gone",
            "ACCESS_ENDED, gone",
        ]);
    }

    async fn who_works_on_a_referral_is_told_inside_the_owning_organization_only(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Assigned")).await;
        let assignee = json!({ "assignee": "worker-7" });
        story.act(&app.as_provider(), "referralAssign", assignee).await;
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await.last().map(String::as_str),
            Some("REFERRAL_ASSIGNED worker-7 by Test provider"));
        assert_eq!(kinds(&app, &app.as_agency(), &story.referral).await, ["REFERRAL_CREATED", "REFERRAL_ACCEPTED"]);
        let history = app.as_agency().ask(
            "query($id: ID!) { referral(id: $id) { history { edges { node { kind note } } } } }",
            json!({ "id": story.referral }),
        ).await;
        assert!(!history.text.contains("worker-7") && !history.text.contains("REFERRAL_ASSIGNED"), "{}", history.text);
    }

    async fn what_was_before_the_owners_tenure_tells_no_organization_reason_or_note(app: TestApp) {
        let mut story = Story::begin(&app, Plot::open("Tenure")).await;
        story.create(&app, None, true).await;
        let (agency, owner) = (app.as_agency(), app.client("other-provider"));
        let urgent = json!({ "priority": "URGENT", "note": "Sleeps outside." });
        story.act(&agency, "referralSetPriority", urgent).await;
        story.act(&owner, "referralClaim", json!({})).await;
        let routine = json!({ "priority": "ROUTINE", "note": "Has a room now." });
        story.act(&agency, "referralSetPriority", routine).await;
        assert_eq!(told(&app, &owner, &story.referral).await, [
            "REFERRAL_CREATED REQUESTED",
            "REFERRAL_PRIORITY_CHANGED REQUESTED",
            "ACCESS_ENDED by Test other-provider",
            "REFERRAL_CLAIMED REQUESTED by Test other-provider",
            "REFERRAL_PRIORITY_CHANGED REQUESTED Has a room now. by Test agency",
        ]);
    }

    async fn a_cursor_is_good_for_its_own_organization_and_list_only(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Cursor")).await;
        app.settle().await;
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let own = &feed_by(&agency, 100).await[0]["cursor"];
        let query = "query($after: Cursor) { changes(after: $after) { edges { cursor } } }";
        let list = agency.query("{ referrals(box: OUTBOX) { edges { cursor } } }").await;
        let of_list = &list.data()["referrals"]["edges"][0]["cursor"];
        for (client, cursor) in [(&provider, own), (&agency, of_list), (&agency, &json!("broken")), (&agency, &story.referral)] {
            let answer = client.ask(query, json!({ "after": cursor })).await;
            assert_eq!(answer.error_code(), "BAD_CURSOR");
            assert!(answer["data"].is_null());
        }
        assert!(agency.ask(query, json!({ "after": own })).await.data().is_object());
    }

    async fn a_page_of_the_feed_has_one_to_a_hundred_entries(app: TestApp) {
        let agency = app.as_agency();
        for (first, code) in [(0, "BAD_USER_INPUT"), (-1, "BAD_USER_INPUT"), (101, "LIMIT_EXCEEDED")] {
            let answer = agency.query(&format!("{{ changes(first: {first}) {{ edges {{ cursor }} }} }}")).await;
            assert_eq!(answer.error_code(), code, "{first}");
        }
    }

    async fn what_the_ministry_reads_does_not_come_back_in_its_feed(app: TestApp) {
        let mut story = Story::sent(&app, Plot::open("Overseen")).await;
        let ministry = app.as_ministry();
        let reroute = json!({ "reason": "AT_CAPACITY", "note": "Full." });
        story.act(&ministry, "referralReroute", reroute).await;
        let expected = ["REROUTE_REQUESTED AT_CAPACITY Full. by Test ministry"];
        for _ in 0..3 {
            // Reading the subject is itself journalled.
            assert_eq!(told(&app, &ministry, &story.referral).await, expected);
        }
        assert!(told(&app, &app.as_agency(), &story.referral).await.contains(&expected[0].to_owned()));
        assert_eq!(told(&app, &app.as_provider(), &story.referral).await, ["REFERRAL_CREATED REQUESTED by Test agency"]);
    }
}
