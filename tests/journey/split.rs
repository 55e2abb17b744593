//! A housing service sees that somebody needs care as well, and splits that off for a health service: each works on its
//! own part, and the agency that met the person first sees both.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use super::{knows_nobody, learns_nothing, nobody_else_learns};
use crate::common::{
    app::TestApp,
    journey::{LEFT, Referral, merged, outcome},
    on_both_databases,
    software::{Software, told},
};

on_both_databases! {
    async fn housing_and_health_each_end_their_part_and_the_agency_sees_both(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (mut housing, mut health) = (Software::of(app.client("other-provider")), Software::of(app.as_provider()));
        let clinic = json!({ "nameEn": "Clinic", "nameFr": "Clinique", "categories": ["HEALTH"] });
        let clinic = health.done("serviceSave", clinic, "service { id }").await["service"]["id"].clone();
        health.reads().await;
        let person = json!({ "regionId": app.central(), "language": "spa", "interpreterNeeded": true,
            "identity": { "givenName": "Testa", "familyName": "Specimen" } });
        let claimant = agency.registers(person).await;
        for category in ["HOUSING", "HEALTH"] {
            agency.needs(&claimant, category, Value::Null).await;
        }
        agency.consents(&claimant, json!({ "recipientKinds": ["HOUSING"] })).await;
        let to = json!({ "claimantId": claimant, "category": "HOUSING", "serviceId": app.other_service() });
        let sent = agency.refers(to).await;
        let accepted = housing.does("referralAccept", &sent, Value::Null).await;
        let part = json!({ "category": "HEALTH", "serviceId": clinic, "summary": "A cough for three weeks." });
        assert_eq!(housing.may_not("referralSplit", &accepted, part.clone()).await, "CONSENT_REQUIRED");
        knows_nothing_yet(&app, &mut health, &sent, &claimant).await;
        // The housing service asks the agency, and the agency asks the person: the clinic may know of the one need, and the
        // housing service of both.
        let [clinics, ours] = [app.world.provider, app.world.other_provider].map(|id| json!([app.public_id(NodeType::Organization, id)]));
        agency.consents(&claimant, json!({ "purposes": ["HEALTH"], "recipientIds": clinics })).await;
        agency.consents(&claimant, json!({ "purposes": ["HOUSING", "HEALTH"], "recipientIds": ours })).await;
        let child = Referral::of(&housing.done("referralSplit", accepted.step(part), LEFT).await);
        assert_eq!(health.reads().await, [told("REFERRAL_CREATED", &child.id)]);
        let seen = agency.sees(&child, "status category source { name } owner { name } partOf { id }").await;
        assert_eq!(seen, json!({ "status": "REQUESTED", "category": "HEALTH", "source": { "name": "Test other-provider" },
            "owner": { "name": "Test provider" }, "partOf": { "id": sent.id } }));
        let parent = housing.rereads(&accepted).await;
        assert_eq!(housing.may_not("referralComplete", &parent, outcome("HOUSED")).await, "OPEN_CHILDREN");

        let needs = "needs { category status }";
        let stands = |category: &str, status: &str| json!({ "category": category, "status": status });
        assert_eq!(agency.sees_claimant(&claimant, needs).await["needs"], json!([stands("HOUSING", "REFERRED"), stands("HEALTH", "REFERRED")]));
        let taken = health.does("referralAccept", &child, Value::Null).await;
        let seen = health.sees(&child, "partOf { id } claimant { identity { givenName } needs { category } referrals { edges { node { id } } } }").await;
        assert_eq!(seen, json!({ "partOf": null, "claimant": { "identity": { "givenName": "Testa" },
            "needs": [{ "category": "HEALTH" }], "referrals": { "edges": [{ "node": { "id": child.id } }] } } }));
        learns_nothing(health.client(), &parent, &[]).await;
        nobody_else_learns(&app, &["agency", "provider", "other-provider"], &child, &[&claimant]).await;
        health.does("referralComplete", &taken, outcome("HEALTH_CONNECTED")).await;
        let parent = housing.rereads(&parent).await;
        housing.does("referralComplete", &parent, outcome("HOUSED")).await;
        assert_eq!(agency.sees_claimant(&claimant, needs).await["needs"], json!([stands("HOUSING", "MET"), stands("HEALTH", "MET")]));
        for (part, kind) in [(&sent, "HOUSED"), (&child, "HEALTH_CONNECTED")] {
            let ended = agency.sees(part, "status outcomes { kind }").await;
            assert_eq!(ended, json!({ "status": "COMPLETED", "outcomes": [{ "kind": kind }] }));
        }
        // Whoever split it off learns what became of it; the other way nothing is told.
        assert_eq!(housing.sees(&child, "status outcomes { kind }").await["outcomes"], json!([{ "kind": "HEALTH_CONNECTED" }]));
        learns_nothing(health.client(), &parent, &[]).await;
        health.never_heard(&["HOUSED", sent.id.as_str().expect("an id")]);
        for software in [&mut agency, &mut housing, &mut health] {
            software.reads().await;
        }
    }

    async fn what_a_clinic_declines_leaves_the_home_as_it_is(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (mut housing, mut health) = (Software::of(app.client("other-provider")), Software::of(app.as_provider()));
        let clinic = json!({ "nameEn": "Clinic", "nameFr": "Clinique", "categories": ["HEALTH"] });
        let clinic = health.done("serviceSave", clinic, "service { id }").await["service"]["id"].clone();
        let claimant = agency.registers(json!({ "regionId": app.central(), "identity": { "givenName": "Testa" } })).await;
        agency.consents(&claimant, json!({ "purposes": ["HOUSING", "HEALTH"], "anyParty": true })).await;
        let to = json!({ "claimantId": claimant, "category": "HOUSING", "serviceId": app.other_service() });
        let accepted = housing.does("referralAccept", &agency.refers(to).await, Value::Null).await;
        let part = accepted.step(json!({ "category": "HEALTH", "serviceId": clinic }));
        let child = Referral::of(&housing.done("referralSplit", part, LEFT).await);
        let why = json!({ "reason": "AT_CAPACITY", "note": "Full until July." });
        health.does("referralDecline", &child, why).await;
        assert!(housing.reads().await.contains(&told("REFERRAL_DECLINED", &child.id)));
        assert!(health.reads().await.contains(&told("ACCESS_ENDED", &child.id)));
        assert!(!health.keeps_copy_of(&child));
        knows_nobody(health.client(), &[&claimant]).await;
        // The source may send its part again; the agency, which only met the person first, may not.
        let elsewhere = merged(json!({ "id": child.id }), json!({ "serviceId": clinic }));
        assert_eq!(agency.refused("referralResubmit", elsewhere).await, "ACTION_NOT_ALLOWED");
        let parent = housing.rereads(&accepted).await;
        assert_eq!(housing.does("referralComplete", &parent, outcome("HOUSED")).await.status, "COMPLETED");
        agency.reads().await;
    }
}

/// Before the split the clinic is as anybody else.
async fn knows_nothing_yet(
    app: &TestApp,
    health: &mut Software<'_>,
    sent: &Referral,
    claimant: &Value,
) {
    assert_eq!(health.reads().await, []);
    nobody_else_learns(app, &["agency", "other-provider"], sent, &[claimant]).await;
}
