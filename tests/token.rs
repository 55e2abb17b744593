//! Who may ask at all: tokens, organizations, scopes, and the region of the ministry's staff, as they are met over HTTP.
use axum::http::{StatusCode, header};
use chrono::TimeDelta;
use claimant_gateway::auth::{
    demo::TokenRequest,
    scope::{Scope, ScopeSet},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::common::{
    app::{Answer, Client, TestApp},
    on_both_databases,
    story::{Plot, Story},
};

const WHO: &str = "{ viewer { role organization { name } scopes subject } }";

fn request(organization: &str) -> TokenRequest {
    TokenRequest {
        organization: organization.to_owned(),
        scopes: Scope::ALL.iter().copied().collect(),
        subject: "worker".to_owned(),
        region: None,
        lifetime: TimeDelta::minutes(10),
    }
}

/// A 401 that says nothing but that a token is needed, or that this one is no good.
fn assert_unauthenticated(answer: &Answer, challenge: &str, message: &str) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    assert_eq!(answer.headers[header::WWW_AUTHENTICATE], challenge);
    let expected =
        json!({ "errors": [{ "message": message, "extensions": { "code": "UNAUTHENTICATED" } }] });
    assert_eq!(answer.body, expected);
}

fn assert_refused(answer: &Answer) {
    let challenge = r#"Bearer realm="claimant-gateway", error="invalid_token""#;
    assert_unauthenticated(answer, challenge, "The token is not valid.");
}

async fn visible_in_all(client: &Client<'_>) -> usize {
    let answer = client
        .query("{ referrals(box: ALL) { edges { node { id } } } }")
        .await;
    let edges = answer.data()["referrals"]["edges"].as_array();
    edges.map_or(0, Vec::len)
}

on_both_databases! {
    async fn without_a_token_nothing_is_told(app: TestApp) {
        let challenge = r#"Bearer realm="claimant-gateway""#;
        for query in [WHO, "{ __schema { types { name } } }", "{", "{ nothing }"] {
            let answer = app.anonymous().query(query).await;
            assert_unauthenticated(&answer, challenge, "This needs a bearer token.");
        }
        let french = app.anonymous().in_french().query(WHO).await;
        assert_unauthenticated(&french, challenge, "Un jeton porteur est nécessaire.");
    }

    async fn a_token_that_is_no_good_is_refused_and_not_why(app: TestApp) {
        let good = app.client_by(&request("agency")).token().to_owned();
        let tampered = format!("{}A", &good[..good.len() - 1]);
        let tampered = if tampered == good { format!("{}B", &good[..good.len() - 1]) } else { tampered };
        for token in ["", "x", "a.b.c", &tampered, &good[..good.len() / 2]] {
            let answer = app.client_with_token(token.to_owned()).query(WHO).await;
            assert!(answer.status == StatusCode::UNAUTHORIZED && answer["data"].is_null(), "{token}");
            assert_eq!(answer.error_code(), "UNAUTHENTICATED");
        }
        assert_refused(&app.client_with_token(tampered).query(WHO).await);
        assert_refused(&app.client_by(&request("nobody")).query(WHO).await);
    }

    async fn a_token_ends_by_the_clock(app: TestApp) {
        let client = app.client_by(&request("agency"));
        assert_eq!(client.query(WHO).await.status, StatusCode::OK);
        app.clock.advance(TimeDelta::minutes(9));
        assert_eq!(client.query(WHO).await.status, StatusCode::OK, "remembered, it is still good");
        app.clock.advance(TimeDelta::minutes(10));
        assert_refused(&client.query(WHO).await);
    }

    async fn the_people_of_an_organization_that_is_not_active_are_refused(app: TestApp) {
        assert_refused(&app.client("closed").query(WHO).await);
        let client = app.as_provider();
        assert_eq!(client.query(WHO).await.status, StatusCode::OK);
        let database = app.database.connect().await;
        database
            .execute_unprepared("UPDATE organization SET active = false WHERE code = 'provider'")
            .await
            .expect("an operator can");
        database.close().await.expect("the connection closes");
        // The token was good a moment ago, and would be for a year.
        assert_refused(&client.query(WHO).await);
        assert_eq!(app.as_agency().query(WHO).await.status, StatusCode::OK);
    }

    async fn a_missing_scope_refuses_the_whole_request_and_is_named(app: TestApp) {
        let scopes: ScopeSet = [Scope::DirectoryRead, Scope::ReferralRead].into_iter().collect();
        let client = app.client_with("agency", scopes);
        let viewer = client.query(WHO).await;
        assert_eq!(viewer.data()["viewer"]["scopes"], json!(["directory:read", "referral:read"]));
        for (query, missing) in [
            ("{ viewer { role } claimants { edges { node { id } } } }", json!(["claimant:read"])),
            ("{ referrals(box: ALL) { edges { node { id claimant { id } } } } }", json!(["claimant:read"])),
            ("{ claimants @skip(if: true) { edges { cursor } } }", json!(["claimant:read"])),
            ("{ node(id: \"x\") { id ... on Consent { id } } }", json!(["claimant:read"])),
            ("{ a: claimant(id: \"x\") { id } b: referralReport(input: { period: { from: \"2026-01-01\", \
               to: \"2026-02-01\" }, groupBy: [STATUS] }) { total } }", json!(["claimant:read", "report:read"])),
            ("mutation { claimantRegister(input: {}) { claimant { id } } }", json!(["claimant:read", "claimant:write"])),
        ] {
            let answer = client.query(query).await;
            assert_eq!(answer.error_code(), "FORBIDDEN", "{query}");
            assert_eq!(answer["errors"][0]["extensions"]["missingScopes"], missing, "{query}");
            assert!(answer.body.get("data").is_none(), "nothing of it ran: {query}");
        }
    }

    async fn a_role_lacks_scopes_whatever_the_token_says(app: TestApp) {
        let ministry = app.as_ministry();
        let answer = ministry.query("{ claimants { edges { node { id } } } }").await;
        assert_eq!(answer.error_code(), "FORBIDDEN");
        assert_eq!(answer["errors"][0]["extensions"]["missingScopes"], json!(["claimant:read"]));
        let write = ministry.query("mutation { referralCreate(input: { category: HOUSING }) { referral { id } } }").await;
        assert_eq!(write.error_code(), "FORBIDDEN");
        let viewer = app.as_agency().query(WHO).await;
        let scopes = viewer.data()["viewer"]["scopes"].as_array().expect("scopes").clone();
        assert!(!scopes.contains(&json!("referral:oversight")) && !scopes.contains(&json!("notice:write")));
    }

    async fn the_ministry_is_told_the_scope_that_it_could_have(app: TestApp) {
        let reports = app.client_with("ministry", [Scope::ReportRead].into_iter().collect());
        let answer = reports.query("{ referrals(box: ALL) { edges { node { id } } } }").await;
        assert_eq!(answer.error_code(), "FORBIDDEN");
        assert_eq!(answer["errors"][0]["extensions"]["missingScopes"], json!(["referral:oversight"]));
    }

    async fn the_ministrys_staff_sees_the_region_that_it_is_bound_to(app: TestApp) {
        Story::sent(&app, Plot::open("Central")).await;
        let bound = |organization: &str, region: Option<&str>| {
            app.client_by(&TokenRequest { region: region.map(str::to_owned), ..request(organization) })
        };
        assert_eq!(visible_in_all(&bound("ministry", None)).await, 1);
        assert_eq!(visible_in_all(&bound("ministry", Some("CENTRAL"))).await, 1);
        assert_eq!(visible_in_all(&bound("ministry", Some("NORTHERN"))).await, 0);
        assert_eq!(visible_in_all(&bound("ministry-north", None)).await, 0);
        assert_eq!(visible_in_all(&bound("ministry-north", Some("NORTHERN"))).await, 0);
        // A token narrows what the organization's own row says; it does not move it.
        assert_refused(&bound("ministry-north", Some("CENTRAL")).query(WHO).await);
        assert_refused(&bound("ministry", Some("NOWHERE")).query(WHO).await);
    }

    async fn the_worker_behind_a_machine_client_is_kept(app: TestApp) {
        let machine = app.as_agency().acting_for("worker-7");
        machine.done("claimantRegister", json!({}), "claimant { id }").await;
        app.as_agency().done("claimantRegister", json!({}), "claimant { id }").await;
        let database = app.database.connect().await;
        let rows = database
            .query_all_raw(Statement::from_string(
                database.get_database_backend(),
                "SELECT acting_subject FROM journal_entry WHERE actor = 'worker-of-agency' ORDER BY id",
            ))
            .await
            .expect("the journal can be read");
        let kept: Vec<Option<String>> = rows
            .iter()
            .map(|row| row.try_get("", "acting_subject").expect("a column"))
            .collect();
        database.close().await.expect("the connection closes");
        assert_eq!(kept, [Some("worker-7".to_owned()), None]);
    }

    async fn a_worker_that_cannot_be_written_down_is_a_fault_of_the_request(app: TestApp) {
        let long: &'static str = Box::leak("x".repeat(201).into_boxed_str());
        for worker in ["", long] {
            let answer = app.as_agency().acting_for(worker).query(WHO).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
            assert!(!answer.headers.contains_key(header::WWW_AUTHENTICATE));
            assert_eq!(answer.error_code(), "BAD_USER_INPUT");
            assert_eq!(answer["data"], Value::Null);
        }
    }
}
