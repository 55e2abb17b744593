//! A request that comes to the wrong door: declined there and sent again elsewhere, or addressed anew while it waits.
use serde_json::{Value, json};

use super::{knows_nobody, learns_nothing, nobody_else_learns};
use crate::common::{
    app::TestApp,
    journey::{LEFT, Referral, because, outcome},
    on_both_databases,
    software::{Software, told},
};

const HISTORY: &str =
    "replaces { id } history { edges { node { kind reason note organization { name } } } }";

/// Somebody who looks for a home, and consents to whoever may help with it.
async fn registered(agency: &mut Software<'_>) -> Value {
    let person = json!({ "regionId": agency.client().app().central(), "language": "spa", "interpreterNeeded": true,
        "identity": { "givenName": "Testa", "familyName": "Specimen" } });
    let claimant = agency.registers(person).await;
    agency.needs(&claimant, "HOUSING", Value::Null).await;
    agency
        .consents(&claimant, json!({ "anyParty": true }))
        .await;
    claimant
}

on_both_databases! {
    async fn what_one_declines_is_sent_again_to_another_who_learns_nothing_of_the_first(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (mut first, mut second) = (Software::of(app.as_provider()), Software::of(app.client("other-provider")));
        let claimant = registered(&mut agency).await;
        let to = json!({ "claimantId": claimant, "category": "HOUSING", "serviceId": app.service(), "summary": "Needs a room." });
        let sent = agency.refers(to).await;
        assert_eq!(first.reads().await, [told("REFERRAL_CREATED", &sent.id)]);
        let why = json!({ "reason": "OUT_OF_AREA", "note": "We only house people in the north." });
        first.does("referralDecline", &sent, why).await;
        assert_eq!(first.reads().await, [told("ACCESS_ENDED", &sent.id)]);
        assert!(!first.keeps_copy_of(&sent), "its copy is deleted");
        learns_nothing_more(&app, &sent, &claimant).await;

        let known = agency.sees(&sent, "status statusReason need { status }").await;
        assert_eq!(known, json!({ "status": "REJECTED", "statusReason": "OUT_OF_AREA", "need": { "status": "OPEN" } }));
        assert_eq!(first.refused("referralResubmit", json!({ "id": sent.id })).await, "NOT_FOUND");
        let again = json!({ "id": sent.id, "serviceId": app.other_service(), "summary": "Needs a room in town." });
        let again = Referral::of(&agency.done("referralResubmit", again, LEFT).await);
        let twice = json!({ "id": sent.id, "serviceId": app.other_service(), "acknowledgeDuplicate": true });
        assert_eq!(agency.refused("referralResubmit", twice).await, "ALREADY_REPLACED");
        assert_eq!(agency.sees(&again, "replaces { id }").await, json!({ "replaces": { "id": sent.id } }));
        assert_eq!(second.reads().await, [told("REFERRAL_CREATED", &again.id)]);
        let accepted = second.does("referralAccept", &again, Value::Null).await;
        let seen = second.sees(&again, HISTORY).await;
        assert_eq!(seen["replaces"], Value::Null, "where it was before is not told");
        second.never_heard(&["OUT_OF_AREA", "people in the north", "Test provider", sent.id.as_str().expect("an id")]);
        nobody_else_learns(&app, &["agency", "other-provider"], &again, &[&claimant]).await;
        second.does("referralComplete", &accepted, outcome("HOUSED")).await;
        assert_eq!(agency.sees_claimant(&claimant, "needs { status }").await["needs"], json!([{ "status": "MET" }]));
        assert_eq!(first.reads().await, [], "nothing of what came of it is told to whoever declined");
        agency.reads().await;
        second.reads().await;
    }

    async fn what_waits_is_addressed_anew_and_the_first_to_have_it_deletes_its_copy(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (mut first, mut second) = (Software::of(app.as_provider()), Software::of(app.client("other-provider")));
        let claimant = registered(&mut agency).await;
        let to = json!({ "claimantId": claimant, "category": "HOUSING", "serviceId": app.service() });
        let sent = agency.refers(to).await;
        first.reads().await;
        let noted = first.does("referralAssign", &sent, json!({ "assignee": "worker-7" })).await;
        assert_eq!(first.reads().await, [told("REFERRAL_ASSIGNED", &sent.id)]);
        // The ministry asks for it, and is answered the same whatever becomes of that.
        let ask = json!({ "serviceId": app.other_service(), "reason": "AT_CAPACITY", "note": "There is room." });
        app.as_ministry().does("referralReroute", &noted, ask).await;
        assert_eq!(second.reads().await, []);
        let moved = json!({ "serviceId": app.other_service(), "reason": "AT_CAPACITY", "note": "Room there." });
        let moved = agency.does("referralReroute", &noted, moved).await;
        assert_eq!(moved.status, "REQUESTED");
        assert_eq!(first.reads().await, [told("ACCESS_ENDED", &sent.id)]);
        assert!(!first.keeps_copy_of(&sent));
        // It crossed the answer of the first, which comes to nothing.
        learns_nothing_more(&app, &moved, &claimant).await;
        assert_eq!(first.may_not("referralAccept", &noted, Value::Null).await, "NOT_FOUND");
        assert_eq!(second.reads().await, [told("REFERRAL_REROUTED", &sent.id)]);
        second.does("referralAccept", &moved, Value::Null).await;
        let seen = second.sees(&moved, HISTORY).await;
        let created = json!({ "node": { "kind": "REFERRAL_CREATED", "reason": null, "note": null, "organization": null } });
        assert_eq!(seen["history"]["edges"][0], created, "before its own time it is told no more");
        second.never_heard(&["worker-7", "REFERRAL_ASSIGNED", "Test provider", "There is room."]);
        nobody_else_learns(&app, &["agency", "other-provider", "provider"], &moved, &[&claimant]).await;
        let accepted = agency.rereads(&moved).await;
        assert_eq!(agency.may_not("referralReroute", &accepted, because("OTHER")).await, "ACTION_NOT_ALLOWED");
    }
}

/// Whoever had it first is answered as whoever never did, but for the feed, which tells that its access ended.
async fn learns_nothing_more(app: &TestApp, referral: &Referral, claimant: &Value) {
    knows_nobody(&app.as_provider(), &[claimant]).await;
    for organization in ["other-agency", "far-provider"] {
        learns_nothing(&app.client(organization), referral, &[claimant]).await;
    }
    let provider = app.as_provider();
    for (mutation, more) in [
        ("referralAccept", Value::Null),
        ("referralDecline", because("OTHER")),
        ("referralAssign", json!({ "assignee": "somebody" })),
    ] {
        assert_eq!(
            provider.may_not(mutation, referral, more).await,
            "NOT_FOUND"
        );
    }
}
