//! The forbidden twin of every mutation: another organization, another role, nobody. Whoever does not see a referral gets
//! the answer for one that is not there, to the letter.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{assert_same_answer, because, merged, outcome},
    on_both_databases,
};

/// Every mutation of one referral, with an input that would do if the caller and the state were right.
fn mutations(app: &TestApp) -> Vec<(&'static str, Value)> {
    let service = app.other_service();
    vec![
        ("referralUpdate", json!({ "summary": "Changed." })),
        (
            "referralLinkClaimant",
            json!({ "claimantId": app.missing(NodeType::Claimant) }),
        ),
        ("referralSend", json!({})),
        ("referralClaim", json!({})),
        (
            "referralReroute",
            json!({ "serviceId": service, "reason": "OTHER" }),
        ),
        ("referralSetPriority", json!({ "priority": "URGENT" })),
        ("referralAssign", json!({ "assignee": "worker-7" })),
        (
            "referralSetSubStatus",
            json!({ "subStatus": "AWAITING_REVIEW" }),
        ),
        ("referralAccept", json!({})),
        ("referralDecline", because("OTHER")),
        ("referralCancel", because("OTHER")),
        ("referralStart", json!({})),
        ("referralHold", because("OTHER")),
        ("referralResume", json!({})),
        ("referralComplete", outcome("HOUSED")),
        (
            "referralFail",
            merged(outcome("UNRESOLVED_OTHER"), because("OTHER")),
        ),
        ("referralVoid", because("OTHER")),
        (
            "referralSplit",
            json!({ "category": "HOUSING", "serviceId": service }),
        ),
    ]
}

/// The input of a mutation for a referral with this id.
fn aimed(mutation: &str, id: &Value, version: i64, more: Value) -> Value {
    let at = match mutation {
        "outcomeRecord" => json!({ "referralId": id }),
        "referralResubmit" => json!({ "id": id }),
        _ => json!({ "id": id, "expectedVersion": version }),
    };
    merged(at, more)
}

on_both_databases! {
    async fn whoever_does_not_see_a_referral_is_answered_as_if_it_were_not_there(app: TestApp) {
        let agency = app.as_agency();
        let draft = agency.creates(json!({ "serviceId": app.service() })).await;
        let sent = agency.refers().await;
        let accepted = app.as_provider().does("referralAccept", &agency.refers().await, Value::Null).await;
        let missing = app.missing(NodeType::Referral);
        let mut all = mutations(&app);
        all.push(("referralResubmit", json!({})));
        all.push(("outcomeRecord", json!({ "outcome": { "kind": "HOUSED", "date": "2026-06-01" } })));
        for (mutation, more) in all {
            for who in ["other-agency", "other-provider", "far-provider", "ministry-north"] {
                let outsider = app.client(who);
                let none = aimed(mutation, &missing, 1, more.clone());
                let none = outsider.mutate(mutation, none, "referral { id }").await;
                for referral in [&draft, &sent, &accepted] {
                    let there = aimed(mutation, &referral.id, referral.version, more.clone());
                    let there = outsider.mutate(mutation, there, "referral { id }").await;
                    assert_same_answer(&there, &none, &format!("{mutation} by {who}"));
                }
                let code = none["data"][mutation]["userErrors"][0]["code"].as_str();
                match (who, mutation) {
                    ("ministry-north", "referralReroute" | "referralSetPriority") => assert_eq!(code, Some("NOT_FOUND")),
                    ("ministry-north", _) => assert_eq!(none.error_code(), "FORBIDDEN", "{mutation}"),
                    (_, "referralClaim") => assert_eq!(code, Some("CLAIM_TOO_LATE")),
                    _ => assert_eq!(code, Some("NOT_FOUND"), "{mutation} by {who}"),
                }
            }
            let nobody = app.anonymous();
            let there = nobody.mutate(mutation, aimed(mutation, &sent.id, 1, more.clone()), "").await;
            let none = nobody.mutate(mutation, aimed(mutation, &missing, 1, more), "").await;
            assert_same_answer(&there, &none, mutation);
            assert_eq!(there.error_code(), "UNAUTHENTICATED");
        }
        for (referral, version) in [(&draft, 1), (&sent, 1), (&accepted, 2)] {
            assert_eq!(agency.rereads(referral).await.version, version, "nothing was changed");
        }
    }

    async fn an_id_of_another_type_is_as_good_as_none(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        for id in [claimant, app.service(), json!("no id"), json!("")] {
            let refusal = agency.user_error("referralAccept", json!({ "id": id, "expectedVersion": 1 })).await;
            assert_eq!(refusal["code"], "NOT_FOUND");
            assert_eq!(agency.sees_id(&id, "id").await, Value::Null);
        }
    }

    async fn a_token_without_the_scope_may_not_and_is_told_which(app: TestApp) {
        use claimant_gateway::auth::scope::{Scope, ScopeSet};
        let sent = app.as_agency().refers().await;
        let reading: ScopeSet = [Scope::ReferralRead, Scope::ClaimantRead].into_iter().collect();
        let reader = app.client_with("provider", reading);
        let answer = reader.mutate("referralAccept", sent.step(Value::Null), "").await;
        assert_eq!(answer.error_code(), "FORBIDDEN");
        assert!(answer.body.to_string().contains("referral:write"), "{}", answer.body);
        assert_eq!(reader.rereads(&sent).await.status, "REQUESTED");
    }

    async fn an_organization_that_is_not_active_may_nothing(app: TestApp) {
        let answer = app.client("closed").query("{ referrals(box: ALL) { edges { node { id } } } }").await;
        assert_eq!(answer.error_code(), "UNAUTHENTICATED");
    }
}
