//! `availableActions` never lies: in every state, for every party, what it lists succeeds and what it leaves out is
//! refused.
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, because, merged, outcome},
    on_both_databases,
};

const ACTIONS: [&str; 20] = [
    "UPDATE",
    "LINK_CLAIMANT",
    "SET_PRIORITY",
    "ASSIGN",
    "SEND",
    "CLAIM",
    "REROUTE",
    "ACCEPT",
    "DECLINE",
    "CANCEL",
    "START",
    "HOLD",
    "RESUME",
    "COMPLETE",
    "FAIL",
    "VOID",
    "RESUBMIT",
    "SPLIT",
    "SET_SUB_STATUS",
    "RECORD_OUTCOME",
];

/// Every state in which a referral can be met.
#[derive(Clone, Copy, Debug)]
enum State {
    Draft,
    Anonymous,
    Open,
    Requested,
    Accepted,
    Started,
    Held,
    WithOpenChild,
    Completed,
    Failed,
    Declined,
    Cancelled,
    Replaced,
    Voided,
}

const STATES: [State; 14] = [
    State::Draft,
    State::Anonymous,
    State::Open,
    State::Requested,
    State::Accepted,
    State::Started,
    State::Held,
    State::WithOpenChild,
    State::Completed,
    State::Failed,
    State::Declined,
    State::Cancelled,
    State::Replaced,
    State::Voided,
];

const PARTIES: [&str; 5] = [
    "agency",
    "provider",
    "other-provider",
    "other-agency",
    "ministry",
];

/// A referral of the agency to the provider in a state.
async fn in_state(app: &TestApp, claimant: &Value, state: State) -> Referral {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let to = json!({ "claimantId": claimant, "serviceId": app.service(), "send": true, "acknowledgeDuplicate": true });
    match state {
        State::Draft => return agency.creates(merged(to, json!({ "send": false }))).await,
        State::Anonymous => {
            let facts = json!({ "serviceId": app.service(), "send": true });
            return agency.creates(merged(app.five_facts(), facts)).await;
        }
        State::Open => {
            return agency
                .creates(merged(to, json!({ "serviceId": null })))
                .await;
        }
        State::Requested
        | State::Declined
        | State::Replaced
        | State::Voided
        | State::Accepted
        | State::Started
        | State::Held
        | State::WithOpenChild
        | State::Completed
        | State::Failed
        | State::Cancelled => {}
    }
    let requested = agency.creates(to).await;
    match state {
        State::Draft | State::Anonymous | State::Open | State::Requested => requested,
        State::Declined => {
            provider
                .does("referralDecline", &requested, because("OTHER"))
                .await
        }
        State::Voided => {
            agency
                .does("referralVoid", &requested, because("OTHER"))
                .await
        }
        State::Replaced => {
            let old = agency
                .does("referralCancel", &requested, because("OTHER"))
                .await;
            let again = json!({ "id": old.id, "acknowledgeDuplicate": true });
            agency
                .done("referralResubmit", again, "referral { id }")
                .await;
            old
        }
        State::Accepted
        | State::Started
        | State::Held
        | State::WithOpenChild
        | State::Completed
        | State::Failed
        | State::Cancelled => {
            let accepted = provider
                .does("referralAccept", &requested, Value::Null)
                .await;
            worked_on(app, accepted, state).await
        }
    }
}

/// An accepted referral, brought on to a state.
async fn worked_on(app: &TestApp, accepted: Referral, state: State) -> Referral {
    let provider = app.as_provider();
    let (mutation, more) = match state {
        State::Started => ("referralStart", Value::Null),
        State::Held => ("referralHold", because("OTHER")),
        State::Completed => ("referralComplete", outcome("HOUSED")),
        State::Failed => (
            "referralFail",
            merged(outcome("UNRESOLVED_OTHER"), because("OTHER")),
        ),
        State::Cancelled => ("referralCancel", because("OTHER")),
        State::WithOpenChild => {
            let child = json!({ "category": "HOUSING", "serviceId": app.other_service() });
            provider.does("referralSplit", &accepted, child).await;
            return provider.rereads(&accepted).await;
        }
        State::Draft
        | State::Anonymous
        | State::Open
        | State::Requested
        | State::Accepted
        | State::Declined
        | State::Replaced
        | State::Voided => return accepted,
    };
    provider.does(mutation, &accepted, more).await
}

/// Does an action with an input that is right in itself; the code of the refusal, or of the error, if there is one.
async fn attempt(
    client: &Client<'_>,
    claimant: &Value,
    action: &str,
    referral: &Referral,
) -> Option<String> {
    let app = client.app();
    let (mutation, more) = match action {
        "UPDATE" => ("referralUpdate", json!({ "summary": "Changed." })),
        "LINK_CLAIMANT" => ("referralLinkClaimant", json!({ "claimantId": claimant })),
        "SET_PRIORITY" => ("referralSetPriority", json!({ "priority": "URGENT" })),
        "ASSIGN" => ("referralAssign", json!({ "assignee": "worker-7" })),
        "SEND" => ("referralSend", json!({ "acknowledgeDuplicate": true })),
        "CLAIM" => ("referralClaim", json!({})),
        "REROUTE" => (
            "referralReroute",
            json!({ "serviceId": app.other_service(), "reason": "OTHER" }),
        ),
        "ACCEPT" => ("referralAccept", json!({})),
        "DECLINE" => ("referralDecline", because("OTHER")),
        "CANCEL" => ("referralCancel", because("OTHER")),
        "START" => ("referralStart", json!({})),
        "HOLD" => ("referralHold", because("OTHER")),
        "RESUME" => ("referralResume", json!({})),
        "COMPLETE" => ("referralComplete", outcome("HOUSED")),
        "FAIL" => (
            "referralFail",
            merged(outcome("UNRESOLVED_OTHER"), because("OTHER")),
        ),
        "VOID" => ("referralVoid", because("OTHER")),
        "RESUBMIT" => ("referralResubmit", json!({ "acknowledgeDuplicate": true })),
        "SPLIT" => (
            "referralSplit",
            json!({ "category": "HOUSING", "serviceId": app.other_service() }),
        ),
        "SET_SUB_STATUS" => (
            "referralSetSubStatus",
            json!({ "subStatus": "AWAITING_REVIEW" }),
        ),
        "RECORD_OUTCOME" => (
            "outcomeRecord",
            json!({ "outcome": { "kind": "HOUSED", "date": "2026-06-01" } }),
        ),
        other => panic!("no action: {other}"),
    };
    let input = match action {
        "RESUBMIT" => merged(json!({ "id": referral.id }), more),
        "RECORD_OUTCOME" => merged(json!({ "referralId": referral.id }), more),
        _ => referral.step(more),
    };
    let answer = client.mutate(mutation, input, "").await;
    if answer.body.get("errors").is_some() {
        return Some(answer.error_code().to_owned());
    }
    answer.data()[mutation]["userErrors"][0]["code"]
        .as_str()
        .map(str::to_owned)
}

on_both_databases! {
    async fn what_is_available_succeeds_and_everything_else_is_refused(app: TestApp) {
        let mut table = String::new();
        for state in STATES {
            for who in PARTIES {
                let claimant = app.as_agency().registers_with_consent("Testa").await;
                let client = app.client(who);
                let referral = in_state(&app, &claimant, state).await;
                let seen = client.sees(&referral, "availableActions").await;
                let available: Vec<&str> = seen["availableActions"]
                    .as_array()
                    .map(|actions| actions.iter().filter_map(Value::as_str).collect())
                    .unwrap_or_default();
                let shown = if seen.is_null() { "sees nothing".to_owned() } else { available.join(" ") };
                table += &format!("{state:?} {who}: {shown}\n");
                if seen.is_null() {
                    // What they are answered is the business of `outsiders`.
                    continue;
                }
                for action in ACTIONS.iter().filter(|action| !available.contains(action)) {
                    let refused = attempt(&client, &claimant, action, &referral).await;
                    let expected = match refused.as_deref() {
                        Some("FORBIDDEN") => who == "ministry",
                        Some(
                            "ACTION_NOT_ALLOWED" | "CLAIM_TOO_LATE" | "OPEN_CHILDREN" | "ALREADY_REPLACED" | "NOT_ANONYMOUS",
                        ) => true,
                        _ => false,
                    };
                    assert!(expected, "{action} in {state:?} by {who}: {refused:?}");
                }
                for action in available {
                    let fresh = in_state(&app, &claimant, state).await;
                    let refused = attempt(&client, &claimant, action, &fresh).await;
                    assert_eq!(refused, None, "{action} in {state:?} by {who}");
                }
            }
        }
        insta::assert_snapshot!("available_actions", table);
    }
}
