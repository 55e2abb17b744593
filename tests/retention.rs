//! What the passing of time takes away: drafts that nobody touches, people of whom nothing was written for years.
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    on_both_databases,
};

async fn retain(app: &TestApp) {
    let more = app.store.unscoped_retain("test").await;
    assert!(
        !more.expect("what is past its time goes"),
        "one turn is enough"
    );
    app.settle().await;
}

async fn erased(client: &Client<'_>, claimant: &Value) -> bool {
    let seen = client
        .sees_claimant(claimant, "erasedAt identity { givenName }")
        .await;
    assert_eq!(seen["erasedAt"].is_null(), !seen["identity"].is_null());
    !seen["erasedAt"].is_null()
}

on_both_databases! {
    async fn a_draft_untouched_for_14_days_is_discarded_and_the_source_is_told(app: TestApp) {
        let agency = app.as_agency();
        let draft = agency.creates(json!({ "summary": "A cook." })).await;
        let touched = agency.creates(json!({ "summary": "A baker." })).await;
        let sent = agency.asks_openly().await;
        app.clock.advance(TimeDelta::days(10));
        agency.does("referralUpdate", &touched, json!({ "summary": "A cook." })).await;
        app.clock.advance(TimeDelta::days(4));
        retain(&app).await;
        assert_eq!(agency.sees(&draft, "status").await["status"], "DRAFT", "14 days to the second");
        app.clock.advance(TimeDelta::seconds(1));
        retain(&app).await;
        let seen = agency.ask("query($id: ID!) { referral(id: $id) { id } node(id: $id) { id } }", json!({ "id": draft.id })).await;
        assert_eq!(seen.data(), &json!({ "referral": null, "node": null }));
        assert_eq!(agency.may_not("referralSend", &draft, Value::Null).await, "NOT_FOUND");
        for kept in [&touched, &sent] {
            assert_eq!(agency.sees(kept, "status").await["status"], kept.status.as_str());
        }
        let query = "{ changes(first: 100) { edges { node { kind subjectId organization { name } version } } } }";
        let changes = agency.query(query).await;
        let told = changes.data()["changes"]["edges"].as_array().expect("edges").last().expect("an entry")["node"].clone();
        assert_eq!(told, json!({ "kind": "REFERRAL_DISCARDED", "subjectId": draft.id, "organization": null,
            "version": 2 }));
        let others = app.as_provider().query(query).await;
        assert!(!others.text.contains("REFERRAL_DISCARDED"), "nobody else ever knew of it");
    }

    async fn a_person_of_whom_nothing_is_written_for_seven_years_is_erased_unless_held(app: TestApp) {
        let agency = app.as_agency();
        let forgotten = agency.registers_with_consent("Forgotten").await;
        let held = agency.registers("Held").await;
        let [named, needing, consenting, referred] = [
            agency.registers("Named").await, agency.registers("Needing").await,
            agency.registers("Consenting").await, agency.registers_with_consent("Referred").await,
        ];
        let sent = agency.sends(&referred, &app.service()).await;
        app.clock.advance(TimeDelta::days(2_000));
        let agency = app.as_agency();
        let hold = json!({ "id": held, "held": true, "note": "An inquiry." });
        agency.done("claimantHold", hold, "claimant { id }").await;
        let rename = json!({ "id": named, "expectedVersion": 1, "identity": { "givenName": "Renamed" } });
        agency.done("claimantUpdate", rename, "claimant { id }").await;
        agency.needs(&needing, "HOUSING").await;
        agency.consents(&consenting, json!({ "givenAt": "2026-06-02T00:00:00Z" })).await;
        app.as_provider().does("referralAccept", &sent, Value::Null).await;
        app.clock.advance(TimeDelta::days(557));
        let agency = app.as_agency();
        retain(&app).await;
        assert!(!erased(&agency, &forgotten).await, "seven years to the second");
        app.clock.advance(TimeDelta::seconds(1));
        retain(&app).await;
        assert!(erased(&agency, &forgotten).await);
        for kept in [&held, &named, &needing, &consenting, &referred] {
            assert!(!erased(&agency, kept).await);
        }
        let changes = agency.query("{ changes(first: 100) { edges { node { kind organization { name } } } } }").await;
        let last = changes.data()["changes"]["edges"].as_array().expect("edges").last().expect("an entry")["node"].clone();
        assert_eq!(last, json!({ "kind": "CLAIMANT_ERASED", "organization": null }), "the system's doing");
        app.clock.advance(TimeDelta::days(2_557));
        retain(&app).await;
        let agency = app.as_agency();
        for (claimant, gone) in [(&held, false), (&named, true), (&needing, true), (&consenting, true), (&referred, true)] {
            assert_eq!(erased(&agency, claimant).await, gone);
        }
        let cancelled = agency.sees(&sent, "status claimant { erasedAt }").await;
        assert_eq!(cancelled["status"], "CANCELLED");
    }

    async fn one_process_at_a_time_takes_away_what_must_go(app: TestApp) {
        let agency = app.as_agency();
        let drafts = async || {
            let answer = app.as_agency().query("{ referrals(box: OUTBOX) { edges { node { id } } } }").await;
            answer.data()["referrals"]["edges"].as_array().expect("edges").len()
        };
        agency.creates(json!({ "summary": "A cook." })).await;
        app.clock.advance(TimeDelta::minutes(1));
        agency.creates(json!({ "summary": "A baker." })).await;
        app.clock.advance(TimeDelta::days(14));
        app.store.unscoped_retain("first").await.expect("the lease is free");
        assert_eq!(drafts().await, 1);
        app.clock.advance(TimeDelta::minutes(2));
        app.store.unscoped_retain("second").await.expect("another holds the lease");
        assert_eq!(drafts().await, 1, "the first is at it");
        app.clock.advance(TimeDelta::minutes(4));
        app.store.unscoped_retain("second").await.expect("the lease has run out");
        assert_eq!(drafts().await, 0);
    }
}
