//! What bounds what can be written and asked for: nothing that a caller sends makes the gateway think for long, or means one
//! thing on one database and another on the other.
use chrono::{DateTime, Utc};
use claimant_gateway::opaque::NodeType;
use entity::{
    ClaimantId, ConsentGiver, ConsentId, ConsentMethod, ExclusionId, FieldGroups, InterpreterKind,
    NeedCategories, NeedCategory, NeedId, NeedStatus, OrganizationId, OutcomeId, OutcomeKind,
    ReferralId, consent, exclusion, need, outcome,
};
use sea_orm::{EntityTrait, IntoActiveModel, prelude::Uuid};
use serde_json::{Value, json};

use crate::common::{
    app::{Answer, TestApp, monday},
    journey::{Referral, outcome as one_outcome},
    on_both_databases,
};

/// As many as one person has, at most.
const MOST: usize = 200;
/// As many as there ever are.
const MOST_EVER: usize = 1_000;

fn row_of(app: &TestApp, node: NodeType, id: &Value) -> Uuid {
    let id = id.as_str().expect("an id");
    app.store.keys().uuid(node, id).expect("an id of ours")
}

/// Writes rows past the gateway.
async fn put<E: EntityTrait>(app: &TestApp, rows: Vec<E::Model>)
where
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let connection = app.database.connect().await;
    let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
    E::insert_many(rows)
        .exec_without_returning(&connection)
        .await
        .expect("the rows are written");
    connection.close().await.expect("the connection closes");
}

fn consent_of(
    claimant: ClaimantId,
    by: OrganizationId,
    withdrawn_at: Option<DateTime<Utc>>,
) -> consent::Model {
    consent::Model {
        id: ConsentId(Uuid::now_v7()),
        claimant_id: claimant,
        recorded_by_id: by,
        purposes: NeedCategories(vec![NeedCategory::Food]),
        field_groups: FieldGroups(Vec::new()),
        any_party: true,
        method: ConsentMethod::Verbal,
        language: None,
        interpreter: InterpreterKind::None,
        given_by: ConsentGiver::Oneself,
        authority: None,
        refused: false,
        given_at: monday(),
        expires_at: None,
        guardian_ends_at: None,
        withdrawn_at,
    }
}

fn assert_bad_input(answer: &Answer, what: &str) {
    assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{what}");
}

on_both_databases! {
    async fn one_person_has_so_many_consents_and_to_withdraw_one_makes_room(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        let consent = agency.consents(&claimant, Value::Null).await;
        agency.sends(&claimant, &app.service()).await;
        let id = ClaimantId(row_of(&app, NodeType::Claimant, &claimant));
        put::<consent::Entity>(&app, (1..MOST).map(|_| consent_of(id, app.world.agency, None)).collect()).await;
        let more = json!({ "claimantId": claimant, "purposes": ["FOOD"], "fieldGroups": [], "anyParty": true, "method": "VERBAL" });
        let refusal = agency.user_error("consentRecord", more.clone()).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("TOO_MANY"), &json!(["input", "claimantId"])));
        assert_eq!(refusal["message"], "At most 200 are allowed.");
        assert_eq!(app.as_agency().in_french().user_error("consentRecord", more.clone()).await["message"], "Au plus 200 éléments sont permis.");
        // Whoever else deals with the person has room of its own: a refusal is not kept out.
        let mut refused = more.clone();
        refused["refused"] = json!(true);
        provider.done("consentRecord", refused, "consent { id }").await;
        agency.done("consentWithdraw", json!({ "id": consent }), "consent { id }").await;
        agency.done("consentRecord", more.clone(), "consent { id }").await;
        let withdrawn = MOST + 1..MOST_EVER;
        put::<consent::Entity>(&app, withdrawn.map(|_| consent_of(id, app.world.agency, Some(monday()))).collect()).await;
        assert_eq!(agency.user_error("consentRecord", more).await["message"], "At most 1000 are allowed.");
    }

    async fn one_person_has_so_many_needs_and_ever_so_many_exclusions(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let id = ClaimantId(row_of(&app, NodeType::Claimant, &claimant));
        let need = agency.needs(&claimant, "FOOD").await;
        let needs = (1..MOST).map(|_| need::Model {
            id: NeedId(Uuid::now_v7()), claimant_id: id, category: NeedCategory::Food, priority: 1, status: NeedStatus::Met,
            wanted_from: None, created_at: monday(), updated_at: monday(), told_wanted_from: None,
        });
        put::<need::Entity>(&app, needs.collect()).await;
        let more = json!({ "claimantId": claimant, "category": "FOOD" });
        let refusal = agency.user_error("needRecord", more).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("TOO_MANY"), &json!(["input", "category"])));
        let changed = json!({ "claimantId": claimant, "id": need, "category": "FOOD", "status": "MET" });
        agency.done("needRecord", changed, "claimant { id }").await;
        let ended = (0..MOST_EVER).map(|_| exclusion::Model {
            id: ExclusionId(Uuid::now_v7()), claimant_id: id, organization_id: app.world.far_provider, recorded_at: monday(), ended_at: Some(monday()),
        });
        put::<exclusion::Entity>(&app, ended.collect()).await;
        let more = json!({ "claimantId": claimant, "organizationId": app.public_id(NodeType::Organization, app.world.far_provider) });
        let refusal = agency.user_error("exclusionRecord", more).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("TOO_MANY"), &json!(["input", "organizationId"])));
    }

    async fn one_referral_has_so_many_outcomes(app: TestApp) {
        let provider = app.as_provider();
        let sent = app.as_agency().refers().await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let id = ReferralId(row_of(&app, NodeType::Referral, &sent.id));
        let outcomes = |count: usize| (0..count).map(|_| outcome::Model {
            id: OutcomeId(Uuid::now_v7()), referral_id: id, claimant_id: None, recorded_by_id: app.world.provider, kind: OutcomeKind::Housed,
            date: monday().date_naive(), note: None, follow_up_on: None, created_at: monday(), told_follow_up_on: None,
        }).collect::<Vec<_>>();
        put::<outcome::Entity>(&app, outcomes(MOST - 1)).await;
        let two = json!({ "outcomes": [one_outcome("HOUSED")["outcomes"][0], one_outcome("HOUSED")["outcomes"][0]] });
        let refusal = provider.user_error("referralComplete", accepted.step(two)).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("TOO_MANY"), &json!(["input", "outcomes"])));
        provider.does("referralComplete", &accepted, one_outcome("HOUSED")).await;
        let later = json!({ "referralId": sent.id, "outcome": { "kind": "HOUSED", "date": "2026-06-01" } });
        assert_eq!(provider.refused("outcomeRecord", later).await, "TOO_MANY");
    }

    async fn letters_that_stand_for_many_are_counted_as_many(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        // One sign for a phrase of eighteen letters in four words.
        let phrase = "\u{fdfa}";
        let summary = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "summary": phrase.repeat(4_000) });
        assert_eq!(agency.refused("referralCreate", summary).await, "TOO_LONG");
        for (kind, place) in [("PHONE", "contact"), ("AGENCY_ID", "identifiers")] {
            let value = phrase.repeat(99);
            let input = match place {
                "contact" => json!({ "contact": { "points": [{ "kind": kind, "value": value, "safety": "SAFE" }] } }),
                _ => json!({ "identifiers": [{ "kind": kind, "value": value }] }),
            };
            assert_eq!(agency.refused("claimantRegister", input).await, "TOO_LONG", "{kind}");
        }
    }

    async fn a_text_to_look_for_is_no_longer_than_what_is_found(app: TestApp) {
        for list in ["claimants", "organizations", "services"] {
            let query = format!("query($text: String) {{ {list}(filter: {{ text: $text }}) {{ edges {{ node {{ id }} }} }} }}");
            for text in ["a".repeat(201), "\u{fdfa}".repeat(200)] {
                let answer = app.as_agency().ask(&query, json!({ "text": text })).await;
                assert_bad_input(&answer, list);
                assert_eq!(answer["errors"][0]["message"], "A text to look for has at most 200 characters.");
                let answer = app.as_agency().in_french().ask(&query, json!({ "text": text })).await;
                assert_eq!(answer["errors"][0]["message"], "Un texte à chercher compte au plus 200 caractères.");
            }
            let answer = app.as_agency().ask(&query, json!({ "text": "a".repeat(200) })).await;
            assert_eq!(answer.data()[list]["edges"], json!([]), "{list}");
        }
    }

    async fn days_and_times_that_the_databases_order_otherwise_are_refused_by_both(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let due = |time: &str| json!({ "category": "EMPLOYMENT", "claimantId": claimant, "dueAt": time });
        for time in ["9999-12-31T23:59:59-23:59", "2200-01-01T00:00:00Z", "0001-01-01T00:00:00Z"] {
            assert_bad_input(&agency.mutate("referralCreate", due(time), "").await, time);
        }
        let need = |day: &str| json!({ "claimantId": claimant, "category": "EMPLOYMENT", "wantedFrom": day });
        for day in ["+99999-1-1", "-999-01-01", "9999-12-31", "2200-01-01", "0001-01-01"] {
            assert_bad_input(&agency.mutate("needRecord", need(day), "").await, day);
        }
        let written = format!("mutation {{ needRecord(input: {{ claimantId: {claimant}, category: EMPLOYMENT, wantedFrom: \"+99999-1-1\" }}) {{ userErrors {{ code }} }} }}");
        assert_eq!(agency.query(&written).await.error_code(), "GRAPHQL_VALIDATION_FAILED");
        let seen = agency.sees_claimant(&claimant, "needs { id } referrals { edges { node { id } } }").await;
        assert_eq!(seen, json!({ "needs": [], "referrals": { "edges": [] } }));
        agency.done("needRecord", need("2199-12-31"), "claimant { id }").await;
        agency.creates(due("2199-12-31T23:59:59Z")).await;
    }

    async fn a_text_that_one_database_could_not_keep_is_refused_by_both(app: TestApp) {
        let agency = app.as_agency();
        let sent = agency.refers().await;
        let asked = |text: &str| format!("query($text: String{text}) {{ claimants(filter: {{ text: $text }}) {{ edges {{ node {{ id }} }} }} }}");
        let given = agency.ask(&asked(""), json!({ "text": "a\0b" })).await;
        assert_bad_input(&given, "a variable");
        let default = agency.query(&asked(" = \"a\\u0000b\"")).await;
        assert_eq!(default.error_code(), "GRAPHQL_VALIDATION_FAILED");
        let written = "{ organizations(filter: { text: \"a\\u0000b\" }) { edges { node { id } } } }";
        assert_eq!(agency.query(written).await.error_code(), "GRAPHQL_VALIDATION_FAILED");
        assert_bad_input(&agency.mutate("claimantRegister", json!({ "municipality": "Test\0ville" }), "").await, "a text");
        let assign = sent.step(json!({ "assignee": "worker\0" }));
        assert_bad_input(&app.as_provider().mutate("referralAssign", assign, "").await, "an assignee");
        let nobody = Referral { id: json!("\0"), ..sent };
        assert_bad_input(&app.as_provider().mutate("referralAccept", nobody.step(Value::Null), "").await, "an id");
        assert_eq!(agency.query("{ referral(reference: \"\\u0000\") { id } }").await.error_code(), "GRAPHQL_VALIDATION_FAILED");
    }
}
