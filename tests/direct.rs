//! What is written straight is what the resolvers tell. A field that stands twice under one key is left to the resolvers,
//! and so is the object around it: each query is asked for once as it is, and once so that nothing of it is written.
use serde_json::{Value, json};

use crate::{
    budget::fill,
    common::{
        app::{Client, TestApp},
        on_both_databases,
        story::{Plot, Story},
    },
};

const REFERRAL: &str = "__typename id reference status phase subStatus statusReason decidedBy priority category summary
    claimantAccess language interpreterNeeded ageBand partySize assignee dueAt reviewAt overdue createdAt updatedAt version
    availableActions region { __typename id code name }
    service { __typename id name categories status offeredInFrench version organization { id name kind role active region { code } } }
    source { __typename id name kind role active } owner { id name }
    claimant { ...Person }";

const PERSON: &str = "fragment Person on Claimant { __typename id municipality language officialLanguage interpreterNeeded ageBand
    identityAccess identifiersAccess claimStatusAccess workAuthorizationAccess qualificationsAccess version region { code name }
    identity { fullName givenName familyName preferredName birthDate birthDatePrecision gender } }";

const HISTORY: &str = "history(last: 5) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { cursor at kind fromStatus toStatus reason version organization { name } } } }";

/// Asks both ways, and gives what was answered to both.
async fn both_ways(client: &Client<'_>, query: impl Fn(&str) -> String, variables: Value) -> Value {
    let straight = client.ask(&query(""), variables.clone()).await;
    let resolved = client.ask(&query("id id"), variables).await;
    assert_eq!(straight.data(), resolved.data());
    straight.data().clone()
}

async fn look_at_everything(app: &TestApp, stories: &[&Story]) {
    for caller in [
        "agency",
        "other-agency",
        "provider",
        "far-provider",
        "ministry",
    ] {
        for client in [app.client(caller), app.client(caller).in_french()] {
            for which in ["INBOX", "OUTBOX", "OPEN", "ALL"] {
                let page = |twice: &str| {
                    format!(
                        "{{ referrals(box: {which}, first: 50) {{ edges {{ cursor node {{ {twice} {REFERRAL} }} }}
                            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }} {PERSON}"
                    )
                };
                both_ways(&client, page, Value::Null).await;
            }
            for story in stories {
                let one = |twice: &str| {
                    format!(
                        "query($id: ID!) {{ referral(id: $id) {{ {twice} {REFERRAL} {HISTORY} }} }} {PERSON}"
                    )
                };
                both_ways(&client, one, json!({ "id": story.referral })).await;
            }
        }
    }
}

on_both_databases! {
    async fn what_is_written_straight_is_what_the_resolvers_tell(app: TestApp) {
        fill(&app, 6).await;
        let sent = Story::sent(&app, Plot::open("Sent")).await;
        let accepted = Story::accepted(&app, Plot::open("Accepted")).await;
        let withdrawn = Story::accepted(&app, Plot::open("Withdrawn")).await;
        withdrawn.withdraw(&app).await;
        app.as_agency().asks_openly().await;
        app.settle().await;
        for remembered in [false, true] {
            if remembered {
                app.follow(None).await;
            }
            look_at_everything(&app, &[&sent, &accepted, &withdrawn]).await;
        }
    }

    async fn what_is_written_straight_is_disclosed_all_the_same(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Told")).await;
        app.settle().await;
        app.follow(None).await;
        let provider = app.as_provider();
        let query = format!("query($id: ID!) {{ referral(id: $id) {{ {REFERRAL} }} }} {PERSON}");
        // Once to remember the directory, and once straight.
        provider.ask(&query, json!({ "id": story.referral })).await;
        app.settle().await;
        let told = async || {
            let query = "query($id: ID!) { disclosures(claimantId: $id, first: 100) { edges { node { groups organization { name } } } } }";
            let answer = app.as_agency().ask(query, json!({ "id": story.claimant })).await;
            let edges = answer.data()["disclosures"]["edges"].as_array().expect("edges").clone();
            edges.into_iter().filter(|edge| edge["node"]["organization"]["name"] == "Test provider").collect::<Vec<_>>()
        };
        let before = told().await;
        let answer = provider.ask(&query, json!({ "id": story.referral })).await;
        assert_eq!(answer.data()["referral"]["claimant"]["identity"]["givenName"], "GivenTold");
        app.settle().await;
        let after = told().await;
        assert_eq!(after.len(), before.len() + 1);
        assert_eq!(after.last().expect("one")["node"]["groups"], json!(["IDENTITY", "FREE_TEXT"]));
    }
}
