//! A person who takes everything back in the middle of everything: one service at work, another asked, a third part
//! split off, an open request out. All of it ends at once, and nobody but the agency learns that it was the person's wish.
use chrono::TimeDelta;
use futures_util::future::join;
use serde_json::{Value, json};

use super::{nobody_else_learns, sees_nobody};
use crate::common::{
    app::{Client, TestApp},
    journey::{LEFT, Referral, because, merged},
    on_both_databases,
    software::{Software, told},
};

/// A person, the consent that everything rests on, and what was begun for the person.
struct Begun {
    claimant: Value,
    consent: Value,
    /// At work with the other provider, asked of the provider, and open.
    referrals: [Referral; 3],
}

/// What is begun for somebody of this name.
async fn begins(app: &TestApp, name: &str) -> Begun {
    let mut agency = Software::of(app.as_agency());
    let mut housing = Software::of(app.client("other-provider"));
    let person = json!({ "regionId": app.central(), "language": "spa", "interpreterNeeded": true, "ageBand": "FROM_25_TO_54",
        "identity": { "givenName": name, "familyName": "Specimen" },
        "contact": { "permission": "ANY", "points": [{ "kind": "PHONE", "value": "+1 555 0100", "safety": "SAFE" }] } });
    let claimant = agency.registers(person).await;
    for category in ["HOUSING", "EMPLOYMENT"] {
        agency.needs(&claimant, category, Value::Null).await;
    }
    let everything = json!({ "purposes": ["HOUSING", "EMPLOYMENT"], "fieldGroups": ["IDENTITY", "CONTACT"], "anyParty": true });
    let consent = agency.consents(&claimant, everything).await;
    let to = |more: Value| {
        merged(
            json!({ "claimantId": claimant, "acknowledgeDuplicate": true }),
            more,
        )
    };
    let home = agency
        .refers(to(
            json!({ "category": "HOUSING", "serviceId": app.other_service() }),
        ))
        .await;
    let home = housing.does("referralAccept", &home, Value::Null).await;
    let home = housing.does("referralStart", &home, Value::Null).await;
    let said = json!({ "referralId": home.id, "body": "A room will be free tomorrow." });
    housing.done("messageSend", said, LEFT).await;
    let visit =
        json!({ "referralId": home.id, "status": "BOOKED", "startsAt": "2026-06-02T15:00:00Z" });
    housing.done("appointmentSave", visit, LEFT).await;
    let home = housing.rereads(&home).await;
    let asked = agency
        .refers(to(
            json!({ "category": "EMPLOYMENT", "serviceId": app.service() }),
        ))
        .await;
    let open = agency.refers(to(json!({ "category": "EMPLOYMENT" }))).await;
    Begun {
        claimant,
        consent,
        referrals: [home, asked, open],
    }
}

async fn withdraws(agency: &mut Software<'_>, begun: &Begun) {
    let input = json!({ "id": begun.consent, "note": "She is afraid of being found." });
    let payload = agency
        .done("consentWithdraw", input, "consent { status }")
        .await;
    assert_eq!(payload["consent"]["status"], "WITHDRAWN");
}

/// All that a caller is told of what was begun, its ids put in words so that two of them can be compared.
async fn all_that_is_told(client: &Client<'_>, begun: &Begun) -> Value {
    let app = client.app();
    app.settle().await;
    let feed = "{ changes(first: 100) { edges { node { at kind subjectId fromStatus toStatus reason note version
        organization { name } subject { __typename } } } } }";
    let feed = client.query(feed).await;
    let about: Vec<&Value> = begun
        .referrals
        .iter()
        .map(|referral| &referral.id)
        .chain([&begun.claimant, &begun.consent])
        .collect();
    let entries: Vec<Value> = about
        .iter()
        .map(|id| {
            let edges = feed.data()["changes"]["edges"].as_array().expect("edges");
            let of_it = edges
                .iter()
                .filter(|edge| edge["node"]["subjectId"] == **id);
            of_it
                .map(|edge| merged(edge["node"].clone(), json!({ "subjectId": null })))
                .collect()
        })
        .collect();
    let mut answers = Vec::new();
    for id in about {
        let look = "query($id: ID!) { node(id: $id) { id } referral(id: $id) { id } claimant(id: $id) { id } }";
        answers.push(client.ask(look, json!({ "id": id })).await.data().clone());
    }
    for referral in &begun.referrals {
        for (mutation, more) in [
            ("referralAccept", Value::Null),
            ("referralClaim", Value::Null),
            ("referralComplete", because("OTHER")),
        ] {
            let more = if mutation == "referralComplete" {
                crate::common::journey::outcome("HOUSED")
            } else {
                more
            };
            let answer = client
                .mutate(mutation, referral.step(more), "referral { id }")
                .await;
            answers.push(answer.data().clone());
        }
    }
    json!({ "feed": entries, "answers": answers })
}

on_both_databases! {
    async fn everything_ends_at_once_and_others_learn_nothing_of_why(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (mut housing, mut asked) = (Software::of(app.client("other-provider")), Software::of(app.as_provider()));
        let begun = begins(&app, "Testa").await;
        let [home, request, open] = &begun.referrals;
        for software in [&mut agency, &mut housing, &mut asked] {
            software.reads().await;
        }
        assert_eq!(housing.sees(home, "claimant { identity { givenName } contact { points { value } } }").await["claimant"],
            json!({ "identity": { "givenName": "Testa" }, "contact": { "points": [{ "value": "+1 555 0100" }] } }));
        withdraws(&mut agency, &begun).await;
        let ended = |referral: &Referral| told("ACCESS_ENDED", &referral.id);
        for (software, had) in [(&mut housing, [home, open]), (&mut asked, [request, open])] {
            let mut feed = software.reads().await;
            feed.sort_by_key(|(_, id)| id.to_string());
            let mut expected = had.map(ended);
            expected.sort_by_key(|(_, id)| id.to_string());
            assert_eq!(feed, expected);
            assert_eq!(software.keeps_by_status().len(), 0, "no copy is left");
            for referral in had {
                assert_eq!(software.sees(referral, "id").await, Value::Null);
                assert_eq!(software.may_not("referralSetSubStatus", referral, json!({ "subStatus": null })).await, "NOT_FOUND");
            }
            sees_nobody(software.client(), &[&begun.claimant]).await;
            software.never_heard(&["CONSENT_WITHDRAWN", "afraid", "REFERRAL_CANCELLED"]);
        }
        nobody_else_learns(&app, &["agency", "provider", "other-provider"], home, &[&begun.claimant]).await;
        for referral in &begun.referrals {
            let known = agency.sees(referral, "status statusReason need { status }").await;
            assert_eq!(known, json!({ "status": "CANCELLED", "statusReason": "CONSENT_WITHDRAWN", "need": { "status": "OPEN" } }));
        }
        let kept = agency.sees(home, "history { edges { node { kind } } } messages { edges { node { body } } } appointments { status }").await;
        let kinds: Vec<&Value> = kept["history"]["edges"].as_array().expect("edges").iter().map(|edge| &edge["node"]["kind"]).collect();
        assert_eq!((kinds[0], kinds[1], kinds[2]), (&json!("REFERRAL_CREATED"), &json!("REFERRAL_ACCEPTED"), &json!("REFERRAL_STARTED")));
        assert!(kinds.contains(&&json!("REFERRAL_CANCELLED")), "no history is deleted: {kinds:?}");
        assert_eq!(kept["appointments"], json!([{ "status": "CANCELLED" }]));
        assert_eq!(kept["messages"]["edges"][0]["node"]["body"], "A room will be free tomorrow.");
        agency.reads().await;
        app.clock.advance(TimeDelta::days(60));
        assert_eq!(app.fires().await, (0, 0), "and nothing of it comes due");

        // She thinks better of it: what is sent then is new to whoever had it before.
        agency.consents(&begun.claimant, json!({ "purposes": ["EMPLOYMENT"], "anyParty": true })).await;
        let again = json!({ "id": request.id, "acknowledgeDuplicate": true });
        let again = Referral::of(&agency.done("referralResubmit", again, LEFT).await);
        assert_eq!(asked.reads().await, [told("REFERRAL_CREATED", &again.id)]);
        let seen = asked.sees(&again, "status replaces { id } claimant { id }").await;
        assert_eq!(seen, json!({ "status": "REQUESTED", "replaces": null, "claimant": { "id": begun.claimant } }));
        assert_eq!(housing.reads().await, []);
    }

    async fn a_withdrawal_looks_to_others_as_a_cancellation_for_any_other_reason(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (withdrawn, cancelled) = (begins(&app, "Testa").await, begins(&app, "Testb").await);
        withdraws(&mut agency, &withdrawn).await;
        for referral in &cancelled.referrals {
            agency.does("referralCancel", referral, because("CLAIMANT_MOVED")).await;
        }
        for other in ["provider", "other-provider", "far-provider", "other-agency"] {
            let client = app.client(other);
            let [one, another] = [all_that_is_told(&client, &withdrawn).await, all_that_is_told(&client, &cancelled).await];
            assert_eq!(one, another, "{other}");
        }
        let own = [all_that_is_told(agency.client(), &withdrawn).await, all_that_is_told(agency.client(), &cancelled).await];
        assert_ne!(own[0], own[1], "the comparison would see a difference");
    }

    async fn whoever_split_a_part_off_reads_a_cancellation_without_a_reason(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let (mut housing, mut asked) = (Software::of(app.client("other-provider")), Software::of(app.as_provider()));
        let begun = begins(&app, "Testa").await;
        let part = json!({ "category": "EMPLOYMENT", "serviceId": app.service(), "summary": "Looks for work in a kitchen." });
        let part = begun.referrals[0].step(part);
        let part = Referral::of(&housing.done("referralSplit", part, LEFT).await);
        for software in [&mut housing, &mut asked] {
            software.reads().await;
        }
        // The provider answers at the very moment at which the person takes everything back.
        let provider = app.as_provider();
        let accepting = provider.mutate("referralAccept", part.step(Value::Null), LEFT);
        let (_, crossed) = join(withdraws(&mut agency, &begun), accepting).await;
        let crossed = &crossed.data()["referralAccept"];
        let refused = crossed["userErrors"][0]["code"] == "NOT_FOUND";
        assert!(refused || crossed["referral"]["status"] == "ACCEPTED", "{crossed}");
        assert_eq!(asked.sees(&part, "id").await, Value::Null, "whichever came first");
        assert!(asked.reads().await.contains(&told("ACCESS_ENDED", &part.id)));
        assert!(!asked.keeps_copy_of(&part));
        housing.reads().await;
        let seen = housing.sees(&part, "status statusReason decidedBy claimant { id } history(last: 1) { edges { node { kind reason note organization { name } } } }").await;
        assert_eq!(seen, json!({ "status": "CANCELLED", "statusReason": null, "decidedBy": null, "claimant": null, "history": { "edges": [
            { "node": { "kind": "REFERRAL_CANCELLED", "reason": null, "note": null, "organization": null } }] } }));
        housing.never_heard(&["CONSENT_WITHDRAWN", "afraid"]);
        asked.never_heard(&["CONSENT_WITHDRAWN", "afraid"]);
        agency.reads().await;
        let grants = app.store.unscoped_verify_grants(None, false).await.expect("grants are compared");
        assert_eq!(grants.differences, []);
    }
}
