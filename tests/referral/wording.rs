//! What a caller can mend is said in its language; the code and the path stay the same.
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    journey::{because, merged},
    on_both_databases,
};

on_both_databases! {
    async fn a_refusal_is_told_in_english_and_in_french_under_one_code(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let (agency_fr, provider_fr) = (app.as_agency().in_french(), app.as_provider().in_french());
        let claimant = agency.registers("Testa").await;
        let sent = agency.refers().await;
        let to = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "send": true });
        let long = json!({ "category": "EMPLOYMENT", "summary": "x".repeat(4_001) });
        let crowd = merged(app.five_facts(), json!({ "category": "EMPLOYMENT", "partySize": 101 }));
        let mut told = Vec::new();
        for (english, french, mutation, input) in [
            (&agency, &agency_fr, "referralCreate", to),
            (&agency, &agency_fr, "referralCreate", long),
            (&agency, &agency_fr, "referralCreate", crowd),
            (&provider, &provider_fr, "referralStart", sent.step(Value::Null)),
            (&provider, &provider_fr, "referralDecline", sent.step(because("REFERRAL_EXPIRED"))),
            (&agency, &agency_fr, "referralAccept", json!({ "id": "none", "expectedVersion": 1 })),
        ] {
            let english = english.user_error(mutation, input.clone()).await;
            let french = french.user_error(mutation, input).await;
            assert_eq!((&english["code"], &english["field"]), (&french["code"], &french["field"]));
            assert_ne!(english["message"], french["message"]);
            told.push(json!({
                "code": english["code"], "field": english["field"], "english": english["message"], "french": french["message"],
            }));
        }
        insta::assert_json_snapshot!("refusals_in_both_languages", told);
    }

    async fn the_language_of_the_answer_is_that_of_the_request(app: TestApp) {
        let agency = app.as_agency().in_french();
        let sent = agency.refers().await;
        let seen = agency.sees(&sent, "status source { name french: name(language: FR) english: name(language: EN) }").await;
        assert_eq!(seen, json!({
            "status": "REQUESTED",
            "source": { "name": "Essai agency", "french": "Essai agency", "english": "Test agency" },
        }));
    }
}
