//! What the owner does with a referral: accept, decline, start, hold, resume, complete, fail.
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{because, outcome},
    on_both_databases,
};

const CAPACITY: &str = "capacity { status unit available maximum }";

on_both_databases! {
    async fn a_decline_gives_a_reason_and_ends_the_owners_access(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        for reason in ["CONSENT_WITHDRAWN", "REFERRAL_EXPIRED"] {
            let refusal = provider.user_error("referralDecline", sent.step(because(reason))).await;
            assert_eq!(refusal["code"], "REASON_NOT_ALLOWED", "only the system says {reason}");
            assert_eq!(refusal["field"], json!(["input", "reason"]));
        }
        let mutation = "referralDecline";
        let input = sent.step(json!({ "reason": "NOT_ELIGIBLE", "note": "Too early." }));
        let selection = "referral { id version status statusReason summary claimant { id } claimantAccess availableActions }";
        let left = provider.done(mutation, input, selection).await["referral"].clone();
        insta::assert_json_snapshot!("what_a_decline_leaves_to_the_owner", left, { ".id" => "[id]" });
        assert_eq!(provider.sees_id(&left["id"], "id").await, Value::Null);
        assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        let seen = agency.sees(&sent, "status phase statusReason decidedBy availableActions").await;
        assert_eq!(seen, json!({
            "status": "REJECTED", "phase": "CLOSED", "statusReason": "NOT_ELIGIBLE", "decidedBy": "PROVIDER",
            "availableActions": ["VOID", "RESUBMIT"],
        }));
        assert_eq!(agency.need_status(&claimant).await, "OPEN");
        assert_eq!(provider.may_not("referralAccept", &sent, Value::Null).await, "NOT_FOUND");
    }

    async fn a_decline_at_capacity_says_so_of_the_service_and_keeps_what_it_counts(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let capacity = json!({ "serviceId": app.service(), "status": "CAPACITY", "unit": "beds", "available": 3, "maximum": 10 });
        provider.done("capacitySave", capacity, "service { id }").await;
        let of_service = async || {
            let query = format!("query($id: ID!) {{ service(id: $id) {{ {CAPACITY} }} }}");
            let answer = agency.ask(&query, json!({ "id": app.service() })).await;
            answer.data()["service"]["capacity"].clone()
        };
        let sent = agency.refers().await;
        provider.does("referralDecline", &sent, because("NOT_ELIGIBLE")).await;
        assert_eq!(of_service().await["status"], "CAPACITY");
        let sent = agency.refers().await;
        provider.does("referralDecline", &sent, because("AT_CAPACITY")).await;
        assert_eq!(of_service().await, json!({
            "status": "NO_CAPACITY", "unit": "beds", "available": null, "maximum": 10,
        }));
        let sent = agency.refers().await;
        let waitlist = json!({ "reason": "AT_CAPACITY", "capacity": "WAITLIST" });
        provider.does("referralDecline", &sent, waitlist).await;
        assert_eq!(of_service().await["status"], "WAITLIST");
    }

    async fn who_decided_is_told_or_follows_from_the_reason(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        for (more, decided_by) in [
            (json!({ "reason": "CLAIMANT_DECLINED" }), "CLAIMANT"),
            (json!({ "reason": "AT_CAPACITY" }), "PROVIDER"),
            (json!({ "reason": "OTHER", "decidedBy": "SOURCE" }), "SOURCE"),
        ] {
            let sent = agency.refers().await;
            provider.does("referralDecline", &sent, more).await;
            assert_eq!(agency.sees(&sent, "decidedBy").await["decidedBy"], decided_by);
        }
    }

    async fn the_first_contact_starts_the_work_and_lies_in_the_past(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        assert_eq!(provider.may_not("referralStart", &sent, Value::Null).await, "ACTION_NOT_ALLOWED");
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let refusal = provider
            .user_error("referralStart", accepted.step(json!({ "contactedAt": "2026-06-01T14:00:01Z" })))
            .await;
        assert_eq!(refusal["code"], "IN_FUTURE");
        assert_eq!(refusal["field"], json!(["input", "contactedAt"]));
        let started = provider
            .does("referralStart", &accepted, json!({ "contactedAt": "2026-06-01T13:00:00Z" }))
            .await;
        assert_eq!(started.status, "IN_PROGRESS");
        assert_eq!(agency.sees(&started, "phase").await["phase"], "ACTIVE");
        assert_eq!(provider.may_not("referralStart", &started, Value::Null).await, "ACTION_NOT_ALLOWED");
    }

    async fn a_hold_says_why_and_for_what_it_waits_until_it_is_resumed(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let sent = agency.refers().await;
        assert_eq!(provider.may_not("referralHold", &sent, because("AT_CAPACITY")).await, "ACTION_NOT_ALLOWED");
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        for reason in ["DUPLICATE", "WRONG_SERVICE", "OUT_OF_AREA"] {
            assert_eq!(provider.may_not("referralHold", &accepted, because(reason)).await, "REASON_NOT_ALLOWED", "{reason}");
        }
        let held = provider
            .does("referralHold", &accepted, json!({
                "reason": "AT_CAPACITY", "reviewAt": "2026-07-01T12:00:00Z", "capacity": "WAITLIST",
            }))
            .await;
        let selection = "status phase subStatus statusReason reviewAt service { capacity { status } }";
        assert_eq!(agency.sees(&held, selection).await, json!({
            "status": "ON_HOLD", "phase": "PAUSED", "subStatus": "WAITLISTED", "statusReason": "AT_CAPACITY",
            "reviewAt": "2026-07-01T12:00:00Z", "service": { "capacity": { "status": "WAITLIST" } },
        }));
        assert_eq!(provider.may_not("referralHold", &held, because("OTHER")).await, "ACTION_NOT_ALLOWED");
        let resumed = provider.does("referralResume", &held, Value::Null).await;
        assert_eq!(agency.sees(&resumed, "status subStatus statusReason reviewAt").await, json!({
            "status": "IN_PROGRESS", "subStatus": null, "statusReason": null, "reviewAt": null,
        }));
        assert_eq!(provider.may_not("referralResume", &resumed, Value::Null).await, "ACTION_NOT_ALLOWED");
        let booked = json!({ "reason": "MISSING_DOCUMENT", "subStatus": "NEEDS_CLAIMANT_ACTION" });
        let held = provider.does("referralHold", &resumed, booked).await;
        assert_eq!(agency.sees(&held, "subStatus").await["subStatus"], "NEEDS_CLAIMANT_ACTION");
    }

    async fn completing_takes_an_outcome_that_has_happened(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let foreign = app.client("other-agency").registers("Other").await;
        for (outcomes, code, field) in [
            (json!([]), "OUTCOME_REQUIRED", json!(["input", "outcomes"])),
            (json!([{ "kind": "HOUSED", "date": "2026-06-02" }]), "IN_FUTURE", json!(["input", "outcomes", "0", "date"])),
            (json!([{ "kind": "HOUSED", "date": "2026-06-01", "followUpOn": "2026-05-31" }]), "IN_PAST",
             json!(["input", "outcomes", "0", "followUpOn"])),
            (json!([{ "kind": "HOUSED", "date": "2026-06-01" }, { "kind": "HOUSED", "date": "2026-06-01", "note": "SIN 046454286" }]),
             "SIN_NOT_STORED", json!(["input", "outcomes", "1", "note"])),
            (json!([{ "kind": "HOUSED", "date": "2026-06-01", "claimantId": foreign }]), "NOT_FOUND",
             json!(["input", "outcomes", "0", "claimantId"])),
        ] {
            let refusal = provider.user_error("referralComplete", accepted.step(json!({ "outcomes": outcomes }))).await;
            assert_eq!((&refusal["code"], &refusal["field"]), (&json!(code), &field));
        }
        let selection = "status outcomes { kind date note followUpOn }";
        assert_eq!(provider.sees(&accepted, selection).await, json!({ "status": "ACCEPTED", "outcomes": [] }), "nothing was left");
        let two = json!({ "outcomes": [
            { "kind": "EMPLOYED_PART_TIME", "date": "2026-06-01", "note": "Twenty hours.", "followUpOn": "2026-09-01" },
            { "kind": "UNRESOLVED_OTHER", "date": "2026-05-31" },
        ] });
        provider.does("referralComplete", &accepted, two).await;
        assert_eq!(agency.sees(&sent, selection).await, json!({ "status": "COMPLETED", "outcomes": [
            { "kind": "EMPLOYED_PART_TIME", "date": "2026-06-01", "note": "Twenty hours.", "followUpOn": "2026-09-01" },
            { "kind": "UNRESOLVED_OTHER", "date": "2026-05-31", "note": null, "followUpOn": null },
        ] }));
        assert_eq!(agency.need_status(&claimant).await, "MET");
        assert_eq!(agency.sees(&sent, "availableActions").await["availableActions"], json!(["VOID"]));
    }

    async fn a_completion_that_resolved_nothing_opens_the_need_again(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(agency.need_status(&claimant).await, "REFERRED");
        provider.does("referralComplete", &accepted, outcome("UNRESOLVED_CONTACT")).await;
        assert_eq!(agency.need_status(&claimant).await, "OPEN");
    }

    async fn failing_takes_a_reason_and_an_outcome_that_says_what_stays_unresolved(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let unresolved = json!([{ "kind": "UNRESOLVED_CONTACT", "date": "2026-06-01" }]);
        for (more, code) in [
            (json!({ "outcomes": unresolved }), "REASON_REQUIRED"),
            (json!({ "outcomes": unresolved, "reason": "REFERRAL_EXPIRED" }), "REASON_NOT_ALLOWED"),
            (json!({ "outcomes": [], "reason": "CANNOT_CONTACT" }), "OUTCOME_REQUIRED"),
            (json!({ "outcomes": [{ "kind": "HOUSED", "date": "2026-06-01" }], "reason": "CANNOT_CONTACT" }),
             "UNRESOLVED_OUTCOME_REQUIRED"),
        ] {
            assert_eq!(provider.may_not("referralFail", &accepted, more).await, code);
        }
        let failed = json!({ "outcomes": unresolved, "reason": "CANNOT_CONTACT" });
        let failed = provider.does("referralFail", &accepted, failed).await;
        assert_eq!(agency.sees(&failed, "status statusReason decidedBy").await, json!({
            "status": "FAILED", "statusReason": "CANNOT_CONTACT", "decidedBy": "PROVIDER",
        }));
        assert_eq!(agency.need_status(&claimant).await, "OPEN");
    }

    async fn a_need_that_another_referral_still_serves_stays_referred(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let first = agency.sends(&claimant, &app.service()).await;
        let second = json!({ "claimantId": claimant, "serviceId": app.other_service(), "send": true, "acknowledgeDuplicate": true });
        let second = agency.creates(second).await;
        app.as_provider().does("referralDecline", &first, because("OTHER")).await;
        assert_eq!(agency.need_status(&claimant).await, "REFERRED");
        agency.does("referralCancel", &second, because("OTHER")).await;
        assert_eq!(agency.need_status(&claimant).await, "OPEN");
    }
}
