//! Lists in lists: what stands in a list of many is what is told of each alone, for every caller, from both ends and after a
//! cursor; and it is read in as many statements for many as for two.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::{
    budget::{statements, tables},
    common::{
        app::{Client, TestApp},
        journey::{Referral, because, ids, merged},
        on_both_databases,
        story::{Plot, Story},
    },
};

const INFO: &str = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }";

/// What is told of a page of each kind; the parts of a referral stand in it once straight and once left to resolvers.
fn page(of: &str, arguments: &str) -> String {
    let node = match of {
        "referrals" => {
            "id status version claimantAccess claimant { id identity { fullName } } availableActions source { name }
             history(first: 2) { edges { cursor node { kind at reason note organization { name } } } pageInfo { hasNextPage } }
             messages(last: 1) { edges { cursor node { body } } pageInfo { hasPreviousPage } }"
        }
        "history" => "cursor at kind fromStatus toStatus reason note version organization { name }",
        "messages" => "id body sentAt from { name }",
        _ => "id name categories languages status",
    };
    format!("{of}({arguments}) {{ edges {{ cursor node {{ {node} }} }} {INFO} }}")
}

/// Asserts that each row of a list shows the page that it shows alone; the rows.
async fn assert_alike(
    client: &Client<'_>,
    list: &str,
    (parent, of): (&str, &str),
    arguments: &str,
) -> Vec<Value> {
    let page = page(of, arguments);
    let whole = format!("{{ {list} {{ edges {{ node {{ id {page} }} }} }} }}");
    let whole = client.query(&whole).await;
    let list = list.split('(').next().expect("a name");
    let rows = whole.data()[list]["edges"].as_array().expect("edges");
    let rows: Vec<Value> = rows.iter().map(|edge| edge["node"].clone()).collect();
    let alone =
        format!("query($id: ID!) {{ node(id: $id) {{ id ... on {parent} {{ {page} }} }} }}");
    for row in &rows {
        let one = client.ask(&alone, json!({ "id": row["id"] })).await;
        assert_eq!(one.data()["node"], *row, "{list}: {of}({arguments})");
    }
    // By their ids, in any order, and one of them twice.
    let mut wanted: Vec<&Value> = rows.iter().map(|row| &row["id"]).rev().take(20).collect();
    wanted.extend(wanted.first().copied());
    let many =
        format!("query($ids: [ID!]!) {{ nodes(ids: $ids) {{ id ... on {parent} {{ {page} }} }} }}");
    let many = client.ask(&many, json!({ "ids": wanted })).await;
    for node in many.data()["nodes"].as_array().expect("nodes") {
        let same = rows.iter().find(|row| row["id"] == node["id"]);
        assert_eq!(Some(node), same, "{list}: {of}({arguments}) by ids");
    }
    rows
}

/// People with one to four referrals each, in several states, with messages, notes, somebody beside, consents withdrawn
/// and an exclusion.
async fn people(app: &TestApp, count: usize) {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    for number in 0..count {
        let claimant = agency.registers_with_consent("Testa").await;
        let beside = agency.registers_with_consent("Testb").await;
        for turn in 0..=number % 4 {
            app.clock.advance(chrono::TimeDelta::minutes(1));
            let category = if turn % 2 == 0 {
                "EMPLOYMENT"
            } else {
                "HOUSING"
            };
            let to = if turn == 2 {
                app.other_service()
            } else {
                app.service()
            };
            let also = if turn == 1 {
                json!([beside])
            } else {
                json!([])
            };
            let sent = agency
                .creates(json!({ "claimantId": claimant, "serviceId": to, "send": true, "category": category,
                    "alsoForClaimantIds": also, "acknowledgeDuplicate": true }))
                .await;
            if turn == 2 {
                continue;
            }
            for body in ["One.", "Two."] {
                let said = json!({ "referralId": sent.id, "body": body });
                agency.done("messageSend", said, "referral { id }").await;
            }
            work(&provider, &agency, sent, number + turn).await;
        }
    }
}

/// What becomes of a referral.
async fn work(provider: &Client<'_>, agency: &Client<'_>, sent: Referral, turn: usize) {
    let note = json!({ "subStatus": "CONTACT_ATTEMPTED", "note": "Attempted." });
    match turn % 4 {
        0 => {
            let accepted = provider.does("referralAccept", &sent, Value::Null).await;
            provider.does("referralSetSubStatus", &accepted, note).await;
        }
        1 => drop(
            provider
                .does("referralDecline", &sent, because("OTHER"))
                .await,
        ),
        2 => drop(agency.does("referralVoid", &sent, because("OTHER")).await),
        _ => {}
    }
}

const CALLERS: [&str; 5] = [
    "agency",
    "other-agency",
    "provider",
    "other-provider",
    "far-provider",
];

on_both_databases! {
    async fn a_list_in_a_list_shows_each_what_it_shows_alone(app: TestApp) {
        people(&app, 6).await;
        let withdrawn = Story::accepted(&app, Plot::open("Withdrawn")).await;
        withdrawn.withdraw(&app).await;
        let excluding = Story::accepted(&app, Plot::open("Excluding")).await;
        let provider = app.public_id(NodeType::Organization, app.world.provider);
        excluding.exclude(&app, &provider).await;
        app.settle().await;
        for remembered in [false, true] {
            if remembered {
                app.follow(None).await;
            }
            for caller in CALLERS {
                let client = app.client(caller);
                for (arguments, all) in [("first: 2", "first: 3"), ("last: 1", "last: 4"), ("first: 4", "first: 20")] {
                    let rows = assert_alike(&client, "claimants(first: 20)", ("Claimant", "referrals"), arguments).await;
                    assert_eq!(rows.is_empty(), matches!(caller, "other-agency" | "far-provider"), "{caller}");
                    assert_alike(&client, "referrals(box: ALL, first: 20)", ("Referral", "history"), all).await;
                    assert_alike(&client, "referrals(box: ALL, first: 20)", ("Referral", "messages"), all).await;
                }
            }
            let ministry = app.as_ministry();
            let rows = assert_alike(&ministry, "referrals(box: ALL, first: 20)", ("Referral", "history"), "first: 3").await;
            assert!(rows.len() > 10);
        }
    }

    async fn services_of_many_organizations_go_on_after_one_cursor(app: TestApp) {
        for number in 0..5 {
            for caller in ["provider", "other-provider", "far-provider"] {
                let named = json!({ "nameEn": format!("{caller} {number}"), "categories": ["LEGAL"] });
                app.client(caller).done("serviceSave", named, "service { id }").await;
            }
        }
        let agency = app.as_agency();
        let list = "organizations(first: 20)";
        for arguments in ["first: 2", "last: 2", "first: 20"] {
            let rows = assert_alike(&agency, list, ("Organization", "services"), arguments).await;
            assert_eq!(rows.len(), 8);
        }
        let services = agency.query("{ services(first: 100) { edges { cursor } } }").await;
        let cursors = services.data()["services"]["edges"].as_array().expect("edges").clone();
        for edge in cursors.iter().step_by(4) {
            for arguments in ["first: 2, after", "last: 2, before", "first: 1, before"] {
                assert_alike(&agency, list, ("Organization", "services"), &format!("{arguments}: {}", edge["cursor"])).await;
            }
        }
    }

    async fn a_cursor_is_good_for_its_own_parent_among_many(app: TestApp) {
        people(&app, 4).await;
        let agency = app.as_agency();
        let rows = assert_alike(&agency, "claimants(first: 20)", ("Claimant", "referrals"), "first: 1").await;
        let with_more: Vec<&Value> = rows.iter().filter(|row| row["referrals"]["pageInfo"]["hasNextPage"] == true).collect();
        let [one, other, ..] = with_more[..] else { panic!("two with more") };
        let page = "... on Claimant { referrals(first: 1, after: $after) { edges { node { id } } pageInfo { hasPreviousPage } } }";
        let after = &one["referrals"]["pageInfo"]["endCursor"];
        let both = agency.ask(&format!("query($ids: [ID!]!, $after: String) {{ nodes(ids: $ids) {{ {page} }} }}"),
            json!({ "ids": [one["id"], other["id"]], "after": after })).await;
        let alone = agency.ask(&format!("query($id: ID!, $after: String) {{ node(id: $id) {{ {page} }} }}"),
            json!({ "id": one["id"], "after": after })).await;
        assert_eq!(both.body["data"]["nodes"][0], alone.data()["node"]);
        assert_eq!(both.body["data"]["nodes"][1], Value::Null);
        assert_eq!(both.error_code(), "BAD_CURSOR");
        assert_eq!(alone.data()["node"]["referrals"]["pageInfo"]["hasPreviousPage"], true);
        assert_ne!(ids(&alone.data()["node"]["referrals"]), ids(&one["referrals"]));
    }

    async fn what_a_change_left_is_read_anew_by_the_next_in_the_same_answer(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let input = json!({ "category": "EMPLOYMENT", "claimantId": claimant, "serviceId": app.service() });
        let left = "referral { claimant { referrals(first: 5) { edges { node { id history(first: 5) { edges { node { kind } } } } } } } } userErrors { code }";
        let query = format!("mutation($a: ReferralCreateInput!, $b: ReferralCreateInput!) {{
            a: referralCreate(input: $a) {{ {left} }} b: referralCreate(input: $b) {{ {left} }} }}");
        let other = merged(input.clone(), json!({ "category": "HOUSING" }));
        let done = agency.ask(&query, json!({ "a": input, "b": other })).await;
        let counted = ["a", "b"].map(|name| {
            let referrals = &done.data()[name]["referral"]["claimant"]["referrals"];
            referrals["edges"].as_array().map(Vec::len)
        });
        assert_eq!(counted, [Some(1), Some(2)]);
    }

    async fn what_is_asked_for_by_ids_is_read_once_for_each_type(app: TestApp) {
        people(&app, 6).await;
        app.settle().await;
        app.follow(None).await;
        let agency = app.as_agency();
        let asked = "{ referrals(box: ALL, first: 50) { edges { node { messages(first: 2) { edges { node { id } } } } } } }";
        let asked = agency.query(asked).await;
        let referrals = asked.data()["referrals"]["edges"].as_array().expect("edges").clone();
        let messages: Vec<Value> = referrals.iter().flat_map(|edge| ids(&edge["node"]["messages"])).collect();
        assert!(messages.len() > 10);
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Message { body from { name } } } }";
        let mut costs = Vec::new();
        for count in [2, messages.len()] {
            let (answer, texts) = statements(&agency, query, &json!({ "ids": messages[..count] })).await;
            assert!(answer["nodes"].as_array().expect("nodes").iter().all(|node| node["body"].is_string()));
            costs.push(tables(&texts).join(" "));
        }
        assert_eq!(costs, ["message referral", "message referral"]);
    }
}
