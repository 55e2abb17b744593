//! A referral from registration to outcome, as each organization meets it; below, each mutation with its guards.
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    on_both_databases,
};

mod available;
mod changing;
mod elsewhere;
mod ending;
mod outsiders;
mod routing;
mod sending;
mod wording;
mod working;

/// The public ids that tests need, read through the API as a client would.
async fn service_id(client: &Client<'_>, name: &str) -> Value {
    let answer = client
        .ask(
            "query($text: String) { services(filter: { text: $text }) { edges { node { id } } } }",
            json!({ "text": name }),
        )
        .await;
    answer.data()["services"]["edges"][0]["node"]["id"].clone()
}

on_both_databases! {
    async fn a_referral_goes_from_registration_to_outcome(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency
            .done(
                "claimantRegister",
                json!({ "language": "spa", "interpreterNeeded": true, "ageBand": "FROM_25_TO_54",
                        "identity": { "givenName": "Testa", "familyName": "Specimen" } }),
                "claimant { id version identity { fullName } }",
            )
            .await["claimant"]
            .clone();
        assert_eq!(claimant["identity"]["fullName"], "Testa Specimen");
        let id = &claimant["id"];
        agency
            .done("needRecord", json!({ "claimantId": id, "category": "EMPLOYMENT" }), "claimant { needs { status } }")
            .await;
        agency
            .done(
                "consentRecord",
                json!({ "claimantId": id, "purposes": ["EMPLOYMENT"], "fieldGroups": ["IDENTITY"],
                        "anyParty": true, "method": "VERBAL" }),
                "consent { id status }",
            )
            .await;
        let service = service_id(&agency, "Job search").await;
        let sent = agency
            .done(
                "referralCreate",
                json!({ "claimantId": id, "category": "EMPLOYMENT", "serviceId": service, "send": true,
                        "summary": "Looks for work in a kitchen." }),
                "referral { id status version owner { name } availableActions }",
            )
            .await["referral"]
            .clone();
        assert_eq!(sent["status"], "REQUESTED");

        let inbox = provider
            .query("{ referrals(box: INBOX) { edges { node { id version summary claimantAccess claimant {
                identityAccess identity { fullName } language } availableActions } } } }")
            .await;
        let seen = &inbox.data()["referrals"]["edges"][0]["node"];
        assert_eq!(seen["claimant"]["identityAccess"], "SEALED_UNTIL_ACCEPTED");
        assert_eq!(seen["claimant"]["identity"], Value::Null);
        let step = |version: &Value| json!({ "id": sent["id"], "expectedVersion": version });
        let accepted = provider
            .done(
                "referralAccept",
                step(&seen["version"]),
                "referral { version status claimant { identityAccess identity { fullName } } }",
            )
            .await["referral"]
            .clone();
        assert_eq!(accepted["claimant"]["identity"]["fullName"], "Testa Specimen");
        let started = provider
            .done("referralStart", step(&accepted["version"]), "referral { version status }")
            .await["referral"]
            .clone();
        let mut complete = step(&started["version"]);
        complete["outcomes"] = json!([{ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01" }]);
        provider.done("referralComplete", complete, "referral { status }").await;

        let seen = agency
            .ask(
                "query($id: ID!) { referral(id: $id) { status outcomes { kind } need { status } history { edges { node {
                    kind fromStatus toStatus organization { name } version } } } } }",
                json!({ "id": sent["id"] }),
            )
            .await;
        insta::assert_json_snapshot!("the_agency_sees_what_became_of_its_referral", seen.data());
    }
}
