//! Two at once: exactly one wins, whoever loses is told so, and nothing is doubled.
use claimant_gateway::opaque::NodeType;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, DbBackend, Statement, TransactionTrait};
use serde_json::{Value, json};

use crate::common::{
    Engine,
    app::{Answer, Client, TestApp},
    journey::{LEFT, Referral, because, merged, outcome},
    on_both_databases,
};

const HISTORY: &str =
    "version status history(first: 100) { edges { node { kind version fromStatus toStatus } } }";

/// The code with which a call was refused; none where it was done.
fn refused(answer: &Answer, mutation: &str) -> Option<String> {
    let errors = &answer.data()[mutation]["userErrors"];
    errors[0]["code"].as_str().map(str::to_owned)
}

/// Asserts that the history tells each version once, and that each state follows from the one before.
fn assert_whole(seen: &Value) {
    let entries = seen["history"]["edges"]
        .as_array()
        .expect("a history")
        .clone();
    let mut status = Value::Null;
    let mut version = 0;
    for entry in entries.iter().map(|edge| &edge["node"]) {
        assert_eq!(
            entry["version"].as_i64(),
            Some(version + 1),
            "no gap and no repeat: {seen}"
        );
        assert_eq!(entry["fromStatus"], status, "{seen}");
        version += 1;
        status = entry["toStatus"].clone();
    }
    assert_eq!(
        (seen["version"].as_i64(), &seen["status"]),
        (Some(version), &status),
        "{seen}"
    );
}

/// Both calls at once; who won, 0 or 1.
async fn duel(referral: &Referral, calls: [(&Client<'_>, &str, Value); 2]) -> usize {
    let [(one, first, with), (other, second, against)] = calls;
    let (a, b) = tokio::join!(
        one.mutate(first, referral.step(with), LEFT),
        other.mutate(second, referral.step(against), LEFT),
    );
    let told = [refused(&a, first), refused(&b, second)];
    match &told {
        [None, Some(code)] | [Some(code), None] => {
            // Whose access ended with the other's call does not even see the referral any more.
            assert!(
                matches!(code.as_str(), "STALE_VERSION" | "NOT_FOUND"),
                "{code}"
            );
        }
        _ => panic!("{first} and {second}: {told:?}"),
    }
    usize::from(told[0].is_some())
}

/// What a transfer of every file to the other agency does to the rows of people.
const TRANSFERRED: [&str; 1] = [
    "UPDATE claimant SET registering_organization_id = (SELECT id FROM organization WHERE code = 'other-agency')",
];
/// What a withdrawal of every consent does to the rows of people and of consents.
const WITHDRAWN: [&str; 2] = [
    "UPDATE claimant SET record_version = record_version",
    "UPDATE consent SET withdrawn_at = given_at",
];

/// Calls while another transaction has changed rows and is not done; it ends once the call waits for it. On the embedded
/// database no call begins to write before the other is done.
async fn beside(
    client: &Client<'_>,
    changes: impl IntoIterator<Item = &str>,
    mutation: &str,
    input: Value,
) -> Answer {
    let app = client.app();
    let (connection, watching) = (app.database.connect().await, app.database.connect().await);
    let other = connection.begin().await.expect("a transaction");
    for change in changes {
        other.execute_unprepared(change).await.expect("a change");
    }
    if app.database.engine == Engine::Sqlite {
        other.commit().await.expect("the other is done");
        return client.mutate(mutation, input, "").await;
    }
    let mut call = Box::pin(client.mutate(mutation, input, ""));
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let waiting = async || {
        let waiting = watching.query_all_raw(Statement::from_string(DbBackend::Postgres, waits));
        !waiting.await.expect("who waits").is_empty()
    };
    loop {
        tokio::select! {
            answer = &mut call => {
                other.commit().await.expect("the other is done");
                return answer;
            }
            waits = waiting() => if waits { break },
        }
    }
    other.commit().await.expect("the other is done");
    call.await
}

on_both_databases! {
    async fn of_two_who_act_on_one_version_one_wins(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let colleague = app.client_as("provider", "colleague");
        for _ in 0..8 {
            let sent = agency.refers().await;
            duel(&sent, [(&provider, "referralAccept", json!({})), (&agency, "referralCancel", because("OTHER"))]).await;
            assert_whole(&agency.sees(&sent, HISTORY).await);
            let sent = agency.refers().await;
            duel(&sent, [(&provider, "referralAccept", json!({})), (&colleague, "referralDecline", because("OTHER"))]).await;
            assert_whole(&agency.sees(&sent, HISTORY).await);
            let sent = agency.refers().await;
            let reroute = json!({ "serviceId": app.other_service(), "reason": "OTHER" });
            duel(&sent, [(&provider, "referralAccept", json!({})), (&agency, "referralReroute", reroute)]).await;
            assert_whole(&agency.sees(&sent, HISTORY).await);
        }
    }

    async fn many_who_accept_one_referral_accept_it_once(app: TestApp) {
        let agency = app.as_agency();
        let workers: Vec<_> = (0..10).map(|number| app.client_as("provider", &format!("worker-{number}"))).collect();
        for _ in 0..5 {
            let sent = agency.refers().await;
            let answers = join_all(workers.iter().map(|worker| worker.mutate("referralAccept", sent.step(Value::Null), LEFT))).await;
            let told: Vec<Option<String>> = answers.iter().map(|answer| refused(answer, "referralAccept")).collect();
            assert_eq!(told.iter().filter(|code| code.is_none()).count(), 1, "{told:?}");
            assert!(told.iter().flatten().all(|code| code == "STALE_VERSION"), "{told:?}");
            let seen = agency.sees(&sent, HISTORY).await;
            assert_eq!(seen["version"], 2);
            assert_whole(&seen);
        }
    }

    async fn many_eligible_providers_claim_one_open_referral_and_one_has_it(app: TestApp) {
        let agency = app.as_agency();
        let rivals = ["provider", "other-provider", "far-provider"];
        app.client("far-provider")
            .done("serviceSave", json!({ "nameEn": "Everywhere", "categories": ["EMPLOYMENT"] }), "service { id }")
            .await;
        let clients: Vec<_> = (0..12)
            .map(|number| app.client_as(rivals[number % 3], &format!("worker-{number}")))
            .collect();
        for round in 0..5 {
            let claimant = agency.registers_with_consent("Testa").await;
            let open = if round % 2 == 0 {
                agency.creates(json!({ "claimantId": claimant, "send": true })).await
            } else {
                agency.asks_openly().await
            };
            let answers = join_all(clients.iter().map(|client| client.mutate("referralClaim", open.step(Value::Null), LEFT))).await;
            let told: Vec<Option<String>> = answers.iter().map(|answer| refused(answer, "referralClaim")).collect();
            assert_eq!(told.iter().filter(|code| code.is_none()).count(), 1, "{told:?}");
            assert!(told.iter().flatten().all(|code| code == "CLAIM_TOO_LATE" || code == "STALE_VERSION"), "{told:?}");
            let winner = told.iter().position(Option::is_none).expect("one won");
            let seen = agency.sees(&open, &format!("owner {{ name }} {HISTORY}")).await;
            assert_eq!(seen["owner"]["name"], format!("Test {}", rivals[winner % 3]));
            assert_whole(&seen);
        }
        let owned: usize = {
            let mut owned = 0;
            for rival in rivals {
                owned += app.client(rival).box_of("INBOX").await.len();
            }
            owned
        };
        assert_eq!(owned, 5);
    }

    async fn a_withdrawal_beside_an_acceptance_leaves_nothing_open(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        for _ in 0..12 {
            let claimant = agency.registers("Testa").await;
            let consent = agency.consents(&claimant, Value::Null).await;
            let sent = agency.sends(&claimant, &app.service()).await;
            let (accepted, withdrawn) = tokio::join!(
                provider.mutate("referralAccept", sent.step(Value::Null), LEFT),
                agency.mutate("consentWithdraw", json!({ "id": consent }), "consent { status }"),
            );
            assert_eq!(refused(&withdrawn, "consentWithdraw"), None);
            let told = refused(&accepted, "referralAccept");
            assert!(matches!(told.as_deref(), None | Some("STALE_VERSION" | "NOT_FOUND")), "{told:?}");
            let seen = agency.sees(&sent, HISTORY).await;
            assert_eq!(seen["status"], "CANCELLED");
            assert_whole(&seen);
            assert_eq!(provider.sees_claimant(&claimant, "id").await, Value::Null);
        }
    }

    async fn a_withdrawal_beside_a_new_referral_lets_none_through(app: TestApp) {
        let agency = app.as_agency();
        let colleague = app.client_as("agency", "colleague");
        for _ in 0..12 {
            let claimant = agency.registers("Testa").await;
            let consent = agency.consents(&claimant, Value::Null).await;
            let to = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": app.service(), "send": true });
            let (created, withdrawn) = tokio::join!(
                colleague.mutate("referralCreate", to, LEFT),
                agency.mutate("consentWithdraw", json!({ "id": consent }), "consent { status }"),
            );
            assert_eq!(refused(&withdrawn, "consentWithdraw"), None);
            let told = refused(&created, "referralCreate");
            assert!(matches!(told.as_deref(), None | Some("CONSENT_REQUIRED")), "{told:?}");
            assert_eq!(app.as_provider().box_of("INBOX").await, [] as [Value; 0]);
        }
    }

    async fn a_child_split_off_beside_a_completion_is_never_left_open_under_a_closed_parent(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let colleague = app.client_as("provider", "colleague");
        for round in 0..12 {
            let to = merged(app.five_facts(), json!({ "send": true, "serviceId": app.service() }));
            let sent = if round % 2 == 0 { agency.creates(to).await } else { agency.refers().await };
            let accepted = provider.does("referralAccept", &sent, Value::Null).await;
            let split = json!({ "category": "HOUSING", "serviceId": app.other_service() });
            let (split, completed) = tokio::join!(
                provider.mutate("referralSplit", accepted.step(split), LEFT),
                colleague.mutate("referralComplete", accepted.step(outcome("HOUSED")), LEFT),
            );
            let told = [refused(&split, "referralSplit"), refused(&completed, "referralComplete")];
            assert_eq!(told.iter().filter(|code| code.is_none()).count(), 1, "{told:?}");
        }
    }

    async fn two_who_send_again_or_say_the_same_do_so_once(app: TestApp) {
        let agency = app.as_agency();
        let colleague = app.client_as("agency", "colleague");
        for _ in 0..6 {
            let sent = agency.refers().await;
            agency.does("referralCancel", &sent, because("OTHER")).await;
            let again = json!({ "id": sent.id });
            let (one, other) = tokio::join!(
                agency.mutate("referralResubmit", again.clone(), LEFT),
                colleague.mutate("referralResubmit", again, LEFT),
            );
            let told = [refused(&one, "referralResubmit"), refused(&other, "referralResubmit")];
            assert_eq!(told.iter().filter(|code| code.is_none()).count(), 1, "{told:?}");
            assert!(
                told.iter().flatten().all(|code| code == "ALREADY_REPLACED" || code == "DUPLICATE"),
                "{told:?}"
            );
            let claimant = agency.registers("Testa").await;
            let consent = json!({ "id": agency.consents(&claimant, Value::Null).await });
            let (one, other) = tokio::join!(
                agency.mutate("consentWithdraw", consent.clone(), ""),
                colleague.mutate("consentWithdraw", consent, ""),
            );
            let told = [refused(&one, "consentWithdraw"), refused(&other, "consentWithdraw")];
            assert_eq!(told.iter().filter(|code| code.is_none()).count(), 1, "{told:?}");
        }
    }

    async fn whoever_waits_for_a_person_meets_the_person_as_the_file_is_then(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let open = agency.asks_openly().await;
        let with = |more: Value| merged(json!({ "claimantId": claimant }), more);
        let consent = json!({ "purposes": ["FOOD"], "fieldGroups": [], "anyParty": true, "method": "VERBAL" });
        for (mutation, input) in [
            ("referralCreate", with(json!({ "category": "EMPLOYMENT" }))),
            ("referralCreate", with(json!({ "category": "EMPLOYMENT", "serviceId": app.service(), "send": true }))),
            ("referralLinkClaimant", open.step(with(json!({})))),
            ("needRecord", with(json!({ "category": "FOOD" }))),
            ("consentRecord", with(consent)),
            ("qualificationSave", with(json!({ "title": "Baker" }))),
            ("claimantTransfer", json!({ "id": claimant, "expectedVersion": 1, "organizationId": app.public_id(NodeType::Organization, app.world.other_provider) })),
        ] {
            let answer = beside(&agency, TRANSFERRED, mutation, input.clone()).await;
            assert_eq!(refused(&answer, mutation).as_deref(), Some("NOT_FOUND"), "{mutation} {input}");
            app.tamper("UPDATE claimant SET registering_organization_id = (SELECT id FROM organization WHERE code = 'agency')").await;
        }
        assert_eq!(agency.box_of("OUTBOX").await, [open.id], "nothing names the person whose file went");
    }

    async fn whoever_waits_to_withdraw_a_consent_is_not_told_that_another_did(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        let consent = agency.consents(&claimant, Value::Null).await;
        agency.sends(&claimant, &app.service()).await;
        let input = json!({ "id": consent });
        let answer = beside(&provider, WITHDRAWN, "consentWithdraw", input.clone()).await;
        assert_eq!(refused(&answer, "consentWithdraw").as_deref(), Some("NOT_FOUND"));
        assert_eq!(agency.refused("consentWithdraw", input).await, "ALREADY_WITHDRAWN");
    }

    async fn two_duplicates_at_once_are_still_noticed(app: TestApp) {
        let agency = app.as_agency();
        let colleague = app.client_as("agency", "colleague");
        for _ in 0..6 {
            let claimant = agency.registers_with_consent("Testa").await;
            let to = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": app.service(), "send": true });
            let (one, other) = tokio::join!(
                agency.mutate("referralCreate", to.clone(), LEFT),
                colleague.mutate("referralCreate", to, LEFT),
            );
            let mut told = [refused(&one, "referralCreate"), refused(&other, "referralCreate")];
            told.sort();
            assert_eq!(told, [None, Some("DUPLICATE".to_owned())]);
        }
    }
}
