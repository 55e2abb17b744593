//! What changes in a referral while its state stays: content, claimant, priority, assignee, sub-status.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{app::TestApp, journey::because, on_both_databases};

on_both_databases! {
    async fn the_source_changes_a_draft_and_a_request_but_no_recipient_once_it_is_sent(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let draft = agency.creates(json!({ "claimantId": claimant, "serviceId": app.service(), "summary": "A cook." })).await;
        let draft = agency
            .does("referralUpdate", &draft, json!({ "serviceId": app.other_service(), "priority": "URGENT" }))
            .await;
        let seen = agency.sees(&draft, "summary priority owner { name } service { name }").await;
        assert_eq!(seen, json!({
            "summary": "A cook.", "priority": "URGENT",
            "owner": { "name": "Test other-provider" }, "service": { "name": "Rooms and jobs" },
        }));
        let sent = agency.does("referralSend", &draft, Value::Null).await;
        let refusal = agency.user_error("referralUpdate", sent.step(json!({ "serviceId": app.service() }))).await;
        assert_eq!(refusal["code"], "RECIPIENT_FIXED");
        assert_eq!(refusal["field"], json!(["input", "serviceId"]));
        assert_eq!(agency.may_not("referralUpdate", &sent, json!({ "serviceId": null })).await, "RECIPIENT_FIXED");
        let changed = agency.does("referralUpdate", &sent, json!({ "summary": null, "dueAt": null })).await;
        let seen = app.client("other-provider").sees(&changed, "summary dueAt").await;
        assert_eq!(seen, json!({ "summary": null, "dueAt": null }), "null clears");
        let unchanged = agency.does("referralUpdate", &changed, json!({ "summary": "A baker." })).await;
        assert_eq!(agency.sees(&unchanged, "priority").await["priority"], "URGENT", "what is absent stays");
        let accepted = app.client("other-provider").does("referralAccept", &unchanged, Value::Null).await;
        assert_eq!(
            agency.may_not("referralUpdate", &accepted, json!({ "summary": "Late." })).await,
            "ACTION_NOT_ALLOWED"
        );
    }

    async fn another_category_needs_its_own_consent_and_the_needs_follow(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        agency.needs(&claimant, "HOUSING").await;
        agency.consents(&claimant, json!({ "purposes": ["EMPLOYMENT"] })).await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let needs = async || {
            let seen = agency.sees_claimant(&claimant, "needs { category status }").await;
            seen["needs"].clone()
        };
        let both = |housing: &str, employment: &str| json!([
            { "category": "HOUSING", "status": housing }, { "category": "EMPLOYMENT", "status": employment },
        ]);
        assert_eq!(needs().await, both("OPEN", "REFERRED"));
        assert_eq!(
            agency.may_not("referralUpdate", &sent, json!({ "category": "HOUSING" })).await,
            "CONSENT_REQUIRED"
        );
        agency.consents(&claimant, json!({ "purposes": ["HOUSING"] })).await;
        let changed = agency.does("referralUpdate", &sent, json!({ "category": "HOUSING" })).await;
        assert_eq!(needs().await, both("REFERRED", "OPEN"));
        let seen = app.as_provider().sees(&changed, "category need { category }").await;
        assert_eq!(seen, json!({ "category": "HOUSING", "need": { "category": "HOUSING" } }));
    }

    async fn an_anonymous_referral_is_linked_once_with_consent_to_an_own_claimant(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency.asks_openly().await;
        let link = json!({ "claimantId": claimant });
        assert_eq!(agency.may_not("referralLinkClaimant", &sent, link.clone()).await, "CONSENT_REQUIRED");
        agency.consents(&claimant, Value::Null).await;
        let foreign = app.client("other-agency").registers_with_consent("Other").await;
        for none in [foreign, app.missing(NodeType::Claimant)] {
            let refusal = agency.user_error("referralLinkClaimant", sent.step(json!({ "claimantId": none }))).await;
            assert_eq!(refusal["code"], "NOT_FOUND");
            assert_eq!(refusal["field"], json!(["input", "claimantId"]));
        }
        let linked = agency.does("referralLinkClaimant", &sent, link.clone()).await;
        assert_eq!(linked.status, "REQUESTED");
        assert_eq!(agency.need_status(&claimant).await, "REFERRED", "the referral is for the need from now on");
        let again = agency.may_not("referralLinkClaimant", &linked, link).await;
        assert_eq!(again, "NOT_ANONYMOUS");
        assert_eq!(agency.sees(&linked, "claimant { id }").await["claimant"]["id"], claimant);
    }

    async fn an_anonymous_referral_is_claimed_and_accepted_and_linked_on_the_third_day(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.asks_openly().await;
        let claimed = provider.does("referralClaim", &sent, Value::Null).await;
        let accepted = provider.does("referralAccept", &claimed, Value::Null).await;
        let looks = "claimantAccess claimant { identity { givenName } } availableActions";
        let seen = provider.sees(&accepted, looks).await;
        assert_eq!((&seen["claimantAccess"], &seen["claimant"]), (&json!("ANONYMOUS"), &Value::Null));
        assert!(!seen["availableActions"].as_array().expect("actions").contains(&json!("LINK_CLAIMANT")));
        app.clock.advance(chrono::TimeDelta::days(2));
        let claimant = agency.registers("Third").await;
        let link = json!({ "claimantId": claimant });
        let elsewhere = json!({ "anyParty": false, "recipientKinds": ["HEALTH"] });
        agency.consents(&claimant, elsewhere).await;
        assert_eq!(agency.may_not("referralLinkClaimant", &accepted, link.clone()).await, "CONSENT_REQUIRED");
        assert_eq!(provider.may_not("referralLinkClaimant", &accepted, link.clone()).await, "ACTION_NOT_ALLOWED");
        agency.consents(&claimant, Value::Null).await;
        let linked = agency.does("referralLinkClaimant", &accepted, link).await;
        assert_eq!(linked.status, "ACCEPTED");
        let seen = provider.sees(&linked, looks).await;
        assert_eq!((&seen["claimantAccess"], &seen["claimant"]["identity"]["givenName"]), (&json!("GRANTED"), &json!("Third")));
    }

    async fn linking_a_claimant_who_the_summary_names_is_refused(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let draft = agency.creates(json!({ "summary": "Ask for Testa." })).await;
        let link = json!({ "claimantId": claimant });
        assert_eq!(agency.may_not("referralLinkClaimant", &draft, link).await, "SUMMARY_IDENTIFIES");
    }

    async fn source_and_ministry_set_the_priority_and_nobody_else(app: TestApp) {
        let (agency, ministry) = (app.as_agency(), app.as_ministry());
        let sent = agency.refers().await;
        let due = agency.sees(&sent, "dueAt").await;
        let urgent = agency.does("referralSetPriority", &sent, json!({ "priority": "URGENT" })).await;
        let sooner = agency.sees(&urgent, "dueAt").await;
        assert!(sooner["dueAt"].as_str() < due["dueAt"].as_str(), "urgent is due sooner: {sooner}");
        let routine = ministry.does("referralSetPriority", &urgent, json!({ "priority": "ROUTINE" })).await;
        assert_eq!(agency.sees(&routine, "priority dueAt").await, json!({ "priority": "ROUTINE", "dueAt": sooner["dueAt"] }));
        for (who, code) in [("provider", "ACTION_NOT_ALLOWED"), ("other-provider", "NOT_FOUND"), ("ministry-north", "NOT_FOUND")] {
            let refused = app.client(who).may_not("referralSetPriority", &routine, json!({ "priority": "URGENT" })).await;
            assert_eq!(refused, code, "{who}");
        }
        let declined = app.as_provider().does("referralDecline", &routine, because("OTHER")).await;
        for client in [&agency, &ministry] {
            let late = client.may_not("referralSetPriority", &agency.rereads(&declined).await, json!({ "priority": "URGENT" })).await;
            assert_eq!(late, "ACTION_NOT_ALLOWED");
        }
        let draft = agency.creates(json!({})).await;
        agency.does("referralSetPriority", &draft, json!({ "priority": "URGENT" })).await;
        assert_eq!(
            ministry.may_not("referralSetPriority", &draft, json!({ "priority": "URGENT" })).await,
            "NOT_FOUND"
        );
    }

    async fn the_assignee_is_seen_inside_the_owning_organization_only(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let assign = json!({ "assignee": "worker-7" });
        assert_eq!(agency.may_not("referralAssign", &sent, assign.clone()).await, "ACTION_NOT_ALLOWED");
        let assigned = provider.does("referralAssign", &sent, assign).await;
        let selection = "assignee history { edges { node { kind note } } }";
        let inside = provider.sees(&assigned, selection).await;
        assert_eq!(inside["assignee"], "worker-7");
        assert_eq!(inside["history"]["edges"][1]["node"], json!({ "kind": "REFERRAL_ASSIGNED", "note": "worker-7" }));
        for other in [agency, app.as_ministry()] {
            let outside = other.sees(&assigned, "assignee").await;
            assert_eq!(outside, json!({ "assignee": null }));
        }
        let outside = app.as_agency().sees(&assigned, selection).await;
        assert_eq!(outside["history"]["edges"].as_array().map(Vec::len), Some(1));
        let free = provider.does("referralAssign", &assigned, json!({ "assignee": null })).await;
        assert_eq!(provider.sees(&free, "assignee").await["assignee"], Value::Null);
        let long = json!({ "assignee": "x".repeat(201) });
        assert_eq!(provider.may_not("referralAssign", &free, long).await, "TOO_LONG");
    }

    async fn the_owner_says_what_a_referral_waits_for_as_far_as_its_state_allows(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let sub_status = |code: &str| json!({ "subStatus": code });
        assert_eq!(
            agency.may_not("referralSetSubStatus", &sent, sub_status("AWAITING_REVIEW")).await,
            "ACTION_NOT_ALLOWED"
        );
        let refusal = provider.user_error("referralSetSubStatus", sent.step(sub_status("ENROLLED"))).await;
        assert_eq!(refusal["code"], "SUB_STATUS_NOT_ALLOWED");
        assert_eq!(refusal["field"], json!(["input", "subStatus"]));
        let waiting = provider.does("referralSetSubStatus", &sent, sub_status("NEEDS_INFORMATION")).await;
        assert_eq!(agency.sees(&waiting, "status subStatus").await, json!({ "status": "REQUESTED", "subStatus": "NEEDS_INFORMATION" }));
        let cleared = provider.does("referralSetSubStatus", &waiting, json!({ "subStatus": null })).await;
        assert_eq!(agency.sees(&cleared, "subStatus").await["subStatus"], Value::Null);
        let accepted = provider.does("referralAccept", &cleared, Value::Null).await;
        let enrolled = provider.does("referralSetSubStatus", &accepted, sub_status("ENROLLED")).await;
        let started = provider.does("referralStart", &enrolled, Value::Null).await;
        assert_eq!(agency.sees(&started, "subStatus").await["subStatus"], Value::Null, "a new state waits for nothing");
    }

    async fn a_stale_version_changes_nothing_and_tells_the_current_one(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        let assigned = provider.does("referralAssign", &sent, json!({ "assignee": "worker-7" })).await;
        let query = "mutation($input: ReferralActionInput!) { referralAccept(input: $input) {
            referral { id } userErrors { code field currentVersion } } }";
        let answer = provider.ask(query, json!({ "input": sent.step(Value::Null) })).await;
        assert_eq!(answer.data()["referralAccept"], json!({
            "referral": null,
            "userErrors": [{ "code": "STALE_VERSION", "field": ["input", "expectedVersion"], "currentVersion": 2 }],
        }));
        assert_eq!(provider.rereads(&assigned).await.status, "REQUESTED");
    }
}
