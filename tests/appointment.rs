//! The appointments of a referral: who brings one from where to where, what the referral waits for then, who reads of it,
//! and where it must not be said to be.
use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use entity::service_at_location;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, prelude::Uuid};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, assert_same_answer, because, merged, outcome},
    on_both_databases,
    story::{Plot, Story},
};
use crate::message::{location, says, told};

const ALL: &str = "appointments { id status startsAt endsAt place note }";
const TUESDAY: &str = "2026-06-02T15:00:00Z";

fn input(referral: &Value, status: &str, more: Value) -> Value {
    let usual = json!({ "referralId": referral, "status": status, "startsAt": TUESDAY });
    merged(usual, more)
}

/// Saves an appointment; what it left of the referral.
async fn saves(client: &Client<'_>, referral: &Value, status: &str, more: Value) -> Value {
    let left = format!("referral {{ id version status subStatus {ALL} }}");
    let input = input(referral, status, more);
    client.done("appointmentSave", input, &left).await["referral"].clone()
}

/// A new appointment; its id.
async fn makes(client: &Client<'_>, referral: &Value, status: &str) -> Value {
    let before = appointments(client, referral).await;
    saves(client, referral, status, Value::Null).await;
    let after = appointments(client, referral).await;
    let new = after.iter().find(|each| !before.contains(each));
    new.expect("a new one")["id"].clone()
}

async fn appointments(client: &Client<'_>, referral: &Value) -> Vec<Value> {
    let seen = client.sees_id(referral, ALL).await;
    seen["appointments"].as_array().cloned().unwrap_or_default()
}

async fn refused(
    client: &Client<'_>,
    referral: &Value,
    status: &str,
    more: Value,
) -> (Value, Value) {
    let error = client
        .user_error("appointmentSave", input(referral, status, more))
        .await;
    (error["code"].clone(), error["field"][1].clone())
}

fn at(code: &str, field: &str) -> (Value, Value) {
    (json!(code), json!(field))
}

async fn accepted(app: &TestApp) -> Referral {
    let sent = app.as_agency().refers().await;
    let provider = app.as_provider();
    provider.does("referralAccept", &sent, Value::Null).await
}

on_both_databases! {
    async fn an_appointment_is_proposed_booked_and_kept_and_the_referral_says_so(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let referral = accepted(&app).await;
        let details = json!({ "endsAt": "2026-06-02T16:00:00Z", "place": "Room 2, 5 Plain Street", "note": "Bring the letter." });
        let left = saves(&provider, &referral.id, "PROPOSED", details).await;
        assert_eq!((&left["subStatus"], left["version"].as_i64()), (&json!("APPOINTMENT_OFFERED"), Some(referral.version + 1)));
        let id = left["appointments"][0]["id"].clone();
        let told_of = |status: &str| json!({ "id": id, "status": status, "startsAt": TUESDAY,
            "endsAt": "2026-06-02T16:00:00Z", "place": "Room 2, 5 Plain Street", "note": "Bring the letter." });
        assert_eq!(appointments(&agency, &referral.id).await, [told_of("PROPOSED")]);
        // The source speaks with the person, and says yes.
        let left = saves(&agency, &referral.id, "BOOKED", json!({ "id": id })).await;
        assert_eq!(left["subStatus"], "APPOINTMENT_CONFIRMED");
        assert_eq!(appointments(&provider, &referral.id).await, [told_of("BOOKED")]);
        app.clock.advance(TimeDelta::days(2));
        let left = saves(&provider, &referral.id, "FULFILLED", json!({ "id": id })).await;
        assert_eq!(left["subStatus"], Value::Null);
        assert_eq!(appointments(&agency, &referral.id).await, [told_of("FULFILLED")]);
        for client in [&agency, &provider] {
            let told = told(client, &referral.id).await;
            let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
            assert_eq!(kinds[kinds.len() - 6..], [
                "APPOINTMENT_PROPOSED", "REFERRAL_SUB_STATUS_CHANGED", "APPOINTMENT_BOOKED", "REFERRAL_SUB_STATUS_CHANGED",
                "APPOINTMENT_FULFILLED", "REFERRAL_SUB_STATUS_CHANGED",
            ]);
            let feed = client.query("{ changes(first: 100) { edges { node { kind note } } } }").await;
            assert!(!feed.text.contains("Plain Street") && !feed.text.contains("Bring the letter"));
        }
    }

    async fn whoever_does_not_come_is_said_not_to_have_come_and_may_be_offered_another(app: TestApp) {
        let provider = app.as_provider();
        let referral = accepted(&app).await;
        let id = makes(&provider, &referral.id, "BOOKED").await;
        let missed = json!({ "id": id });
        assert_eq!(refused(&provider, &referral.id, "NO_SHOW", missed.clone()).await, at("IN_FUTURE", "startsAt"));
        app.clock.advance(TimeDelta::days(2));
        assert_eq!(saves(&provider, &referral.id, "NO_SHOW", missed.clone()).await["subStatus"], "NO_SHOW");
        let again = json!({ "startsAt": "2026-06-09T15:00:00Z" });
        assert_eq!(saves(&provider, &referral.id, "PROPOSED", again).await["subStatus"], "APPOINTMENT_OFFERED");
        // Who came late did come; the other is offered still.
        assert_eq!(saves(&provider, &referral.id, "FULFILLED", missed).await["subStatus"], "APPOINTMENT_OFFERED");
    }

    async fn a_cancelled_appointment_leaves_what_the_others_say_and_what_was_asked_stays_asked(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let referral = accepted(&app).await;
        let first = makes(&provider, &referral.id, "PROPOSED").await;
        let second = makes(&provider, &referral.id, "BOOKED").await;
        let left = saves(&agency, &referral.id, "CANCELLED", json!({ "id": second })).await;
        assert_eq!(left["subStatus"], "APPOINTMENT_OFFERED");
        let asks = json!({ "subStatus": "NEEDS_INFORMATION" });
        provider.does("referralSetSubStatus", &agency.rereads(&referral).await, asks).await;
        let left = saves(&agency, &referral.id, "BOOKED", json!({ "id": first })).await;
        assert_eq!(left["subStatus"], "NEEDS_INFORMATION", "to confirm is not to answer");
        assert_eq!(says(&agency, &referral.id, "Here it is.").await["subStatus"], "APPOINTMENT_CONFIRMED");
        assert_eq!(saves(&provider, &referral.id, "CANCELLED", json!({ "id": first })).await["subStatus"], Value::Null);
        let enrolled = json!({ "subStatus": "ENROLLED" });
        let third = makes(&provider, &referral.id, "BOOKED").await;
        provider.does("referralSetSubStatus", &agency.rereads(&referral).await, enrolled).await;
        let noted = json!({ "id": third, "note": "The side door." });
        assert_eq!(saves(&provider, &referral.id, "BOOKED", noted).await["subStatus"], "ENROLLED", "nothing but a note");
        assert_eq!(saves(&agency, &referral.id, "CANCELLED", json!({ "id": third })).await["subStatus"], "ENROLLED");
    }

    async fn the_source_confirms_and_cancels_and_changes_nothing_else(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let referral = accepted(&app).await;
        for status in ["PROPOSED", "BOOKED", "FULFILLED", "NO_SHOW", "CANCELLED"] {
            assert_eq!(refused(&agency, &referral.id, status, Value::Null).await.0, "APPOINTMENT_NOT_ALLOWED", "a new one, {status}");
        }
        let id = makes(&provider, &referral.id, "PROPOSED").await;
        for (more, field) in [
            (json!({ "startsAt": "2026-06-03T15:00:00Z" }), "startsAt"),
            (json!({ "endsAt": "2026-06-02T15:30:00Z" }), "endsAt"),
            (json!({ "place": "Elsewhere" }), "place"),
            (json!({ "note": "Told." }), "note"),
        ] {
            let more = merged(more, json!({ "id": id }));
            assert_eq!(refused(&agency, &referral.id, "BOOKED", more).await, at("APPOINTMENT_FIXED", field));
        }
        assert_eq!(refused(&agency, &referral.id, "PROPOSED", json!({ "id": id })).await, at("APPOINTMENT_NOT_ALLOWED", "status"));
        let whole = json!({ "id": id, "endsAt": null, "place": null, "note": null });
        saves(&agency, &referral.id, "BOOKED", whole).await;
        assert_eq!(refused(&agency, &referral.id, "NO_SHOW", json!({ "id": id })).await, at("APPOINTMENT_NOT_ALLOWED", "status"));
        saves(&agency, &referral.id, "CANCELLED", json!({ "id": id })).await;
        for client in [&agency, &provider] {
            assert_eq!(refused(client, &referral.id, "BOOKED", json!({ "id": id })).await, at("APPOINTMENT_NOT_ALLOWED", "status"));
        }
    }

    async fn the_times_of_an_appointment_are_possible_ones(app: TestApp) {
        let provider = app.as_provider();
        let referral = accepted(&app).await;
        for (more, code, field) in [
            (json!({ "startsAt": "2026-06-01T13:00:00Z" }), "IN_PAST", "startsAt"),
            (json!({ "startsAt": "2027-07-01T13:00:00Z" }), "TOO_FAR_AHEAD", "startsAt"),
            (json!({ "endsAt": TUESDAY }), "END_OUT_OF_RANGE", "endsAt"),
            (json!({ "endsAt": "2026-06-04T15:00:00Z" }), "END_OUT_OF_RANGE", "endsAt"),
            (json!({ "place": "a".repeat(301) }), "TOO_LONG", "place"),
            (json!({ "note": "a".repeat(4_001) }), "TOO_LONG", "note"),
            (json!({ "note": "Ask for Testa." }), "TEXT_IDENTIFIES", "note"),
        ] {
            assert_eq!(refused(&provider, &referral.id, "PROPOSED", more).await, at(code, field));
        }
        let id = makes(&provider, &referral.id, "BOOKED").await;
        let moved = json!({ "id": id, "startsAt": "2026-06-05T15:00:00Z" });
        saves(&provider, &referral.id, "BOOKED", moved).await;
        let told = told(&provider, &referral.id).await;
        assert_eq!(told.last().map(|(kind, _)| kind.as_str()), Some("APPOINTMENT_CHANGED"));
        assert_eq!(appointments(&provider, &referral.id).await[0]["startsAt"], "2026-06-05T15:00:00Z");
        for number in 1..50 {
            saves(&provider, &referral.id, "PROPOSED", json!({ "endsAt": format!("2026-06-02T15:{number:02}:00Z") })).await;
        }
        assert_eq!(refused(&provider, &referral.id, "PROPOSED", Value::Null).await, at("TOO_MANY", "referralId"));
    }

    async fn before_acceptance_somebody_can_be_asked_to_come_and_nobody_has_come(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let id = makes(&provider, &sent.id, "PROPOSED").await;
        app.clock.advance(TimeDelta::days(2));
        let kept = json!({ "id": id });
        assert_eq!(refused(&provider, &sent.id, "FULFILLED", kept.clone()).await, at("APPOINTMENT_NOT_ALLOWED", "status"));
        let accepted = provider.does("referralAccept", &agency.rereads(&sent).await, Value::Null).await;
        saves(&provider, &accepted.id, "FULFILLED", kept).await;
    }

    async fn what_was_to_come_does_not_take_place_once_the_referral_is_over_or_goes_on(app: TestApp) {
        let (agency, provider, other) = (app.as_agency(), app.as_provider(), app.client("other-provider"));
        let referral = accepted(&app).await;
        makes(&provider, &referral.id, "BOOKED").await;
        provider.does("referralComplete", &agency.rereads(&referral).await, outcome("HOUSED")).await;
        assert_eq!(appointments(&agency, &referral.id).await[0]["status"], "CANCELLED");
        assert_eq!(refused(&provider, &referral.id, "BOOKED", Value::Null).await, at("ACTION_NOT_ALLOWED", "referralId"));
        let sent = agency.refers().await;
        let id = makes(&provider, &sent.id, "PROPOSED").await;
        let elsewhere = merged(because("WRONG_SERVICE"), json!({ "serviceId": app.other_service() }));
        agency.does("referralReroute", &agency.rereads(&sent).await, elsewhere).await;
        assert_eq!(appointments(&agency, &sent.id).await[0]["status"], "CANCELLED");
        assert_eq!(appointments(&other, &sent.id).await, [] as [Value; 0], "it was not its own");
        let there = input(&sent.id, "CANCELLED", json!({ "id": id }));
        let never = input(&sent.id, "CANCELLED", json!({ "id": app.missing(NodeType::Appointment) }));
        let (there, never) = (other.mutate("appointmentSave", there, "referral { id }").await, other.mutate("appointmentSave", never, "referral { id }").await);
        assert_same_answer(&there, &never, "of another tenure");
        assert_eq!(refused(&agency, &sent.id, "BOOKED", json!({ "id": id })).await, at("APPOINTMENT_NOT_ALLOWED", "status"));
    }

    async fn nobody_else_reads_or_makes_appointments(app: TestApp) {
        let provider = app.as_provider();
        let referral = accepted(&app).await;
        let id = makes(&provider, &referral.id, "BOOKED").await;
        let node = "query($id: ID!) { node(id: $id) { __typename ... on Appointment { status place } } }";
        let found = app.as_agency().ask(node, json!({ "id": id })).await;
        assert_eq!(found.data()["node"]["status"], "BOOKED");
        let (absent, missing) = (app.missing(NodeType::Referral), app.missing(NodeType::Appointment));
        for caller in ["other-provider", "far-provider", "other-agency", "ministry"] {
            let client = app.client(caller);
            app.statements();
            let there = client.ask(node, json!({ "id": id })).await;
            let statements = app.statement_texts();
            app.statements();
            assert_same_answer(&there, &client.ask(node, json!({ "id": missing })).await, caller);
            assert_eq!(statements, app.statement_texts());
            let save = async |referral: &Value| client.mutate("appointmentSave", input(referral, "BOOKED", Value::Null), "referral { id }").await;
            assert_same_answer(&save(&referral.id).await, &save(&absent).await, caller);
        }
        // An appointment of another referral is as little there as one that never was.
        let other = accepted(&app).await;
        let save = async |id: &Value| provider.mutate("appointmentSave", input(&other.id, "CANCELLED", json!({ "id": id })), "referral { id }").await;
        let there = save(&id).await;
        assert_eq!(there.data()["appointmentSave"]["userErrors"][0]["code"], "NOT_FOUND");
        assert_same_answer(&there, &save(&missing).await, "of another referral");
    }

    async fn an_appointment_closes_with_the_access_to_it_and_goes_with_the_person(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut voided = Story::accepted(&app, Plot::open("Voided")).await;
        let mut completed = Story::accepted(&app, Plot::open("Completed")).await;
        let erased = Story::accepted(&app, Plot::open("Erased")).await;
        for story in [&mut voided, &mut completed] {
            let left = saves(&provider, &story.referral, "BOOKED", json!({ "place": "Room 2" })).await;
            story.take(&left);
        }
        saves(&provider, &erased.referral, "BOOKED", json!({ "place": "Room 2" })).await;
        voided.act(&agency, "referralVoid", because("OTHER")).await;
        app.clock.advance(TimeDelta::days(2));
        completed.act(&provider, "referralComplete", outcome("HOUSED")).await;
        let erase = json!({ "id": erased.claimant, "expectedVersion": 1 });
        agency.done("claimantErase", erase, "claimant { id }").await;
        for client in [&agency, &provider] {
            assert_eq!(appointments(client, &voided.referral).await, [] as [Value; 0]);
            assert_eq!(appointments(client, &erased.referral).await, [] as [Value; 0]);
            assert_eq!(appointments(client, &completed.referral).await[0]["place"], "Room 2");
        }
        app.clock.advance(TimeDelta::days(100));
        assert_eq!(appointments(&provider, &completed.referral).await, [] as [Value; 0]);
        assert_eq!(appointments(&agency, &completed.referral).await.len(), 1);
    }

    async fn the_place_of_a_service_that_is_given_in_hiding_is_not_said(app: TestApp) {
        let provider = app.as_provider();
        let referral = accepted(&app).await;
        let hidden = location(&app, true, "99 Hidden Way", "Secretville").await;
        let said = json!({ "place": "99 Hidden Way" });
        assert_eq!(refused(&provider, &referral.id, "BOOKED", said).await, at("PLACE_CONFIDENTIAL", "place"));
        saves(&provider, &referral.id, "BOOKED", json!({ "place": "The library" })).await;
        let give = async |place| {
            let connection = app.database.connect().await;
            service_at_location::ActiveModel {
                id: Set(Uuid::now_v7().into()),
                service_id: Set(app.world.service),
                location_id: Set(place),
                ..service_at()
            }.insert(&connection).await.expect("a place of a service");
            connection.close().await.expect("the connection closes");
        };
        give(hidden).await;
        let said = json!({ "place": "Another library" });
        assert_eq!(refused(&provider, &referral.id, "BOOKED", said.clone()).await, at("PLACE_CONFIDENTIAL", "place"));
        saves(&provider, &referral.id, "BOOKED", json!({ "note": "We meet you." })).await;
        give(location(&app, false, "1 Open Street", "Plainville").await).await;
        saves(&provider, &referral.id, "BOOKED", said).await;
    }
}

fn service_at() -> service_at_location::ActiveModel {
    service_at_location::ActiveModel {
        hsds_id: Set(None),
        ..Default::default()
    }
}
