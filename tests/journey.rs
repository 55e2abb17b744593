//! Journeys: what people go through from the first meeting to what came of it, each walked as the software of both sides
//! walks it (every call repeated under its key, every copy kept by the feed). Beside each goes its forbidden twin:
//! whoever has no part in it is answered at every turn as if nothing of it had ever been.
mod anonymous;
mod family;
mod monday;
mod rerouted;
mod split;
mod walked;
mod withdrawn;

use claimant_gateway::{auth::scope::Scope, opaque::NodeType};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, assert_same_answer, because, merged, outcome},
};

/// Every organization of the world that might have a part in a referral.
const ORGANIZATIONS: [&str; 5] = [
    "agency",
    "other-agency",
    "provider",
    "other-provider",
    "far-provider",
];

/// Asserts that nobody but the parties learns anything of a referral and its people, by any door.
async fn nobody_else_learns(
    app: &TestApp,
    parties: &[&str],
    referral: &Referral,
    people: &[&Value],
) {
    for organization in ORGANIZATIONS {
        if !parties.contains(&organization) {
            learns_nothing(&app.client(organization), referral, people).await;
        }
    }
    let counting = Scope::ALL.iter().copied();
    let counting = counting.filter(|scope| *scope != Scope::ReferralOversight);
    learns_nothing(
        &app.client_with("ministry", counting.collect()),
        referral,
        people,
    )
    .await;
    learns_nothing(&app.anonymous(), referral, people).await;
}

/// Asserts that somebody is answered about a referral and its people as about what never was.
async fn learns_nothing(stranger: &Client<'_>, referral: &Referral, people: &[&Value]) {
    let app = stranger.app();
    let missing = Referral {
        id: app.missing(NodeType::Referral),
        ..referral.clone()
    };
    let look = "query($id: ID!) { referral(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }";
    let there = stranger.ask(look, json!({ "id": referral.id })).await;
    let never = stranger.ask(look, json!({ "id": missing.id })).await;
    assert_same_answer(&there, &never, "a referral");
    for (mutation, more) in [
        ("referralAccept", Value::Null),
        ("referralDecline", because("OTHER")),
        ("referralCancel", because("OTHER")),
        ("referralReroute", because("OTHER")),
        ("referralSetPriority", json!({ "priority": "URGENT" })),
        ("referralAssign", json!({ "assignee": "somebody" })),
        ("referralComplete", outcome("HOUSED")),
        ("referralSplit", json!({ "category": "HEALTH" })),
        ("referralVoid", because("OTHER")),
    ] {
        let there = stranger
            .mutate(mutation, referral.step(more.clone()), "referral { id }")
            .await;
        let never = stranger
            .mutate(mutation, missing.step(more), "referral { id }")
            .await;
        assert_same_answer(&there, &never, mutation);
        assert_ne!(
            there.body["data"][mutation]["userErrors"],
            json!([]),
            "{mutation}"
        );
    }
    for (mutation, more) in [
        (
            "outcomeRecord",
            json!({ "outcome": { "kind": "HOUSED", "date": "2026-06-01" } }),
        ),
        ("messageSend", json!({ "body": "Who is it?" })),
    ] {
        let of = |referral: &Referral| merged(json!({ "referralId": referral.id }), more.clone());
        let there = stranger
            .mutate(mutation, of(referral), "referral { id }")
            .await;
        let never = stranger
            .mutate(mutation, of(&missing), "referral { id }")
            .await;
        assert_same_answer(&there, &never, mutation);
        assert_ne!(
            there.body["data"][mutation]["userErrors"],
            json!([]),
            "{mutation}"
        );
    }
    knows_nobody(stranger, people).await;
    app.settle().await;
    let feed = stranger
        .query("{ changes(first: 100) { edges { node { subjectId } } } }")
        .await;
    for id in people.iter().copied().chain([&referral.id]) {
        assert!(
            !feed.text.contains(id.as_str().expect("an id")),
            "the feed tells of {id}"
        );
    }
}

/// Asserts that somebody is answered about people as about nobody, and was never shown anything of them.
async fn knows_nobody(stranger: &Client<'_>, people: &[&Value]) {
    let look = "query($id: ID!) { disclosures(claimantId: $id) { edges { node { id } } } }";
    for person in people {
        let there = stranger.ask(look, json!({ "id": person })).await;
        let nobody = stranger.app().missing(NodeType::Claimant);
        let never = stranger.ask(look, json!({ "id": nobody })).await;
        assert_same_answer(&there, &never, "what was shown of a person");
    }
    sees_nobody(stranger, people).await;
}

/// Asserts that somebody is answered about people as about nobody. What it was shown before stays on its record.
async fn sees_nobody(stranger: &Client<'_>, people: &[&Value]) {
    let look = "query($id: ID!) { claimant(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id } }";
    for person in people {
        let there = stranger.ask(look, json!({ "id": person })).await;
        let nobody = stranger.app().missing(NodeType::Claimant);
        let never = stranger.ask(look, json!({ "id": nobody })).await;
        assert_same_answer(&there, &never, "a person");
    }
}
