//! Somebody who will not say who it is yet: referred by five facts, claimed, taken on, and named on the third day, once
//! the person consents.
use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use super::{knows_nobody, nobody_else_learns};
use crate::common::{
    app::TestApp,
    journey::{Referral, merged, outcome},
    on_both_databases,
    software::{Software, told},
};

const WHO: &str = "claimantAccess claimant { id identityAccess identity { givenName } } need { category } language ageBand partySize summary";

on_both_databases! {
    async fn somebody_unnamed_is_helped_from_the_first_day_and_named_on_the_third(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (mut owner, mut late) = (Software::of(app.client("other-provider")), Software::of(app.as_provider()));
        let open = json!({ "category": "HOUSING", "summary": "Sleeps outside; will not say a name yet." });
        let undescribed = merged(open.clone(), json!({ "send": true }));
        assert_eq!(agency.refused("referralCreate", undescribed).await, "FACTS_REQUIRED");
        let sent = agency.refers(merged(app.five_facts(), open)).await;
        for eligible in [&mut owner, &mut late] {
            assert_eq!(eligible.reads().await, [told("REFERRAL_CREATED", &sent.id)]);
            let seen = eligible.sees(&sent, WHO).await;
            assert_eq!((&seen["claimant"], &seen["summary"], &seen["language"]), (&Value::Null, &Value::Null, &json!("spa")));
        }
        let claimed = owner.does("referralClaim", &sent, Value::Null).await;
        assert_eq!(late.may_not("referralClaim", &sent, Value::Null).await, "CLAIM_TOO_LATE");
        assert_eq!(owner.reads().await, [told("ACCESS_ENDED", &sent.id), told("REFERRAL_CLAIMED", &sent.id)]);
        assert_eq!(late.reads().await, [told("ACCESS_ENDED", &sent.id)]);
        assert!(owner.keeps_copy_of(&sent) && !late.keeps_copy_of(&sent));

        app.clock.advance(TimeDelta::days(1));
        let accepted = owner.does("referralAccept", &claimed, Value::Null).await;
        let seen = owner.sees(&accepted, WHO).await;
        assert_eq!((&seen["claimantAccess"], &seen["claimant"]), (&json!("ANONYMOUS"), &Value::Null));
        nobody_else_learns_but_late(&app, &accepted, &[]).await;

        app.clock.advance(TimeDelta::days(2));
        let person = json!({ "regionId": app.central(), "language": "spa", "identity": { "givenName": "Third", "familyName": "Specimen" } });
        let claimant = agency.registers(person).await;
        agency.needs(&claimant, "HOUSING", Value::Null).await;
        let link = json!({ "claimantId": claimant });
        assert_eq!(agency.may_not("referralLinkClaimant", &accepted, link.clone()).await, "CONSENT_REQUIRED");
        agency.consents(&claimant, json!({ "recipientKinds": ["HEALTH"] })).await;
        assert_eq!(agency.may_not("referralLinkClaimant", &accepted, link.clone()).await, "CONSENT_REQUIRED", "to others");
        agency.consents(&claimant, json!({ "recipientKinds": ["HOUSING"] })).await;
        let foreign = app.client("other-agency").registers_with_consent("Other").await;
        for nobody in [foreign, app.missing(NodeType::Claimant)] {
            let nobody = json!({ "claimantId": nobody });
            assert_eq!(agency.may_not("referralLinkClaimant", &accepted, nobody).await, "NOT_FOUND");
        }
        assert_eq!(owner.may_not("referralLinkClaimant", &accepted, link.clone()).await, "ACTION_NOT_ALLOWED");
        assert_eq!(owner.sees_claimant(&claimant, "id").await, Value::Null, "not known before it is linked");
        let linked = agency.does("referralLinkClaimant", &accepted, link.clone()).await;
        assert_eq!(agency.may_not("referralLinkClaimant", &linked, link).await, "NOT_ANONYMOUS");
        assert_eq!(owner.reads().await.last(), Some(&told("REFERRAL_LINKED", &sent.id)));
        let seen = owner.sees(&linked, WHO).await;
        assert_eq!(seen["claimant"], json!({ "id": claimant, "identityAccess": "GRANTED", "identity": { "givenName": "Third" } }));
        assert_eq!(seen["need"], json!({ "category": "HOUSING" }));
        nobody_else_learns_but_late(&app, &linked, &[&claimant]).await;
        knows_nobody(late.client(), &[&claimant]).await;

        owner.does("referralComplete", &linked, outcome("HOUSED")).await;
        assert_eq!(agency.sees_claimant(&claimant, "needs { status }").await["needs"], json!([{ "status": "MET" }]));
        assert_eq!(late.reads().await, [], "who came too late is told nothing more");
        late.never_heard(&["Third", "Sleeps outside"]);
        agency.reads().await;
        owner.reads().await;
    }
}

/// Nobody but the parties learns anything; whoever came too late once saw it in OPEN, and its feed says so.
async fn nobody_else_learns_but_late(app: &TestApp, referral: &Referral, people: &[&Value]) {
    nobody_else_learns(
        app,
        &["agency", "other-provider", "provider"],
        referral,
        people,
    )
    .await;
    assert!(app.as_provider().sees(referral, "id").await.is_null());
}
