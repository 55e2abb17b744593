//! What a service asks of whoever is referred to it: who may write it, what the sender is told beforehand, and that whoever
//! receives referrals learns no sealed fact by asking.
use claimant_gateway::{
    auth::scope::{Scope, ScopeSet},
    opaque::NodeType,
};
use serde_json::{Value, json};

use crate::common::{
    app::{Answer, Client, TestApp},
    journey::{assert_same_answer, because, merged},
    on_both_databases,
};

const RULES: &str = "service { eligibilityRules { id fact sealed stages validForDays ageFrom ageTo language languageLevel
    ageBands regions { code } languages reason french: reason(language: FR) sourceUrl validFrom validTo
    writtenBy { name } version } }";

const PREVIEW: &str = "query($input: ReferralPreviewInput!) { referralPreview(input: $input) { canSend consent
    capacity { status } duplicates { id } eligibility { eligible failed { code message sourceUrl } unknown { code } } } }";

/// A rule of the provider's service.
fn rule(app: &TestApp, more: Value) -> Value {
    let usual = json!({ "serviceId": app.service(), "reasonEn": "Why.", "reasonFr": "Pourquoi." });
    merged(usual, more)
}

/// Has the ministry write a rule of the provider's service.
async fn asks(app: &TestApp, more: Value) {
    app.as_ministry()
        .done("eligibilityRuleSave", rule(app, more), "service { id }")
        .await;
}

/// The rules of the provider's service.
async fn rules(app: &TestApp) -> Vec<Value> {
    let query = format!(
        "query($id: ID!) {{ {} }}",
        RULES.replacen("service", "service(id: $id)", 1)
    );
    let answer = app
        .as_agency()
        .ask(&query, json!({ "id": app.service() }))
        .await;
    let rules = answer.data()["service"]["eligibilityRules"].as_array();
    rules.expect("rules").clone()
}

/// What is told beforehand of a referral for employment to the provider's service.
async fn preview(client: &Client<'_>, more: Value) -> Answer {
    let input = json!({ "category": "EMPLOYMENT", "serviceId": client.app().service() });
    client
        .ask(PREVIEW, json!({ "input": merged(input, more) }))
        .await
}

async fn previewed(client: &Client<'_>, more: Value) -> Value {
    preview(client, more).await.data()["referralPreview"].clone()
}

/// Whether the person is eligible, and what speaks against it and what is not known.
async fn verdict(client: &Client<'_>, more: Value) -> Value {
    let eligibility = previewed(client, more).await["eligibility"].clone();
    let codes = |part: &str| {
        let reasons = eligibility[part].as_array().expect("reasons").iter();
        reasons
            .map(|reason| reason["code"].clone())
            .collect::<Vec<_>>()
    };
    json!([eligibility["eligible"], codes("failed"), codes("unknown")])
}

/// Registers somebody who consents, with these facts.
async fn registered(app: &TestApp, more: Value) -> Value {
    let agency = app.as_agency();
    let usual = json!({ "regionId": app.central(), "language": "spa", "interpreterNeeded": true,
        "ageBand": "FROM_25_TO_54", "identity": { "givenName": "Testa", "familyName": "Specimen" } });
    let mut person = merged(usual, more);
    person["identity"]["givenName"] = json!("Testa");
    let claimant = agency
        .done("claimantRegister", person, "claimant { id }")
        .await;
    let claimant = claimant["claimant"]["id"].clone();
    agency.consents(&claimant, Value::Null).await;
    claimant
}

on_both_databases! {
    async fn a_rule_is_read_with_its_service_in_both_languages_and_changes_by_its_version(app: TestApp) {
        let ministry = app.as_ministry();
        let stage = json!({ "fact": "STAGE", "stages": ["REFERRED_TO_IRB", "ACCEPTED_PROTECTED"], "validTo": "2026-12-31",
            "sourceUrl": "https://www.example.org/who" });
        let saved = ministry.done("eligibilityRuleSave", rule(&app, stage), RULES).await;
        let first = saved["service"]["eligibilityRules"][0].clone();
        assert_eq!(merged(first.clone(), json!({ "id": null })), json!({
            "id": null, "fact": "STAGE", "sealed": true, "stages": ["REFERRED_TO_IRB", "ACCEPTED_PROTECTED"],
            "validForDays": null, "ageFrom": null, "ageTo": null, "language": null, "languageLevel": null,
            "ageBands": null, "regions": null, "languages": null, "reason": "Why.", "french": "Pourquoi.",
            "sourceUrl": "https://www.example.org/who", "validFrom": "2026-06-01", "validTo": "2026-12-31",
            "writtenBy": { "name": "Test ministry" }, "version": 1,
        }));
        let change = json!({ "serviceId": app.service(), "id": first["id"], "expectedVersion": 1, "fact": "AGE", "ageFrom": 16,
            "ageTo": 29, "reasonEn": "Young.", "sourceUrl": null, "validTo": null });
        let changed = ministry.done("eligibilityRuleSave", change.clone(), RULES).await;
        let changed = &changed["service"]["eligibilityRules"][0];
        assert_eq!(*changed, merged(first, json!({ "fact": "AGE", "stages": null, "ageFrom": 16, "ageTo": 29, "reason": "Young.",
            "sourceUrl": null, "validTo": null, "version": 2 })));
        let stale = ministry.mutate("eligibilityRuleSave", change.clone(), "service { id }").await;
        assert_eq!(stale.data()["eligibilityRuleSave"]["userErrors"][0]["code"], "STALE_VERSION");
        let over = merged(change, json!({ "expectedVersion": 2, "validTo": "2026-06-01" }));
        ministry.done("eligibilityRuleSave", over, "service { id }").await;
        assert_eq!(rules(&app).await.len(), 1, "until the day is over");
        app.clock.advance(chrono::TimeDelta::days(1));
        assert_eq!(rules(&app).await, [] as [Value; 0]);
    }

    async fn a_rule_is_saved_once_for_a_key_and_told_to_whoever_it_concerns(app: TestApp) {
        let key = json!({ "fact": "LANGUAGE", "languages": ["fra", "eng", "fra"],
            "idempotencyKey": "00000000-0000-4000-8000-00000000000e" });
        for _ in 0..2 {
            asks(&app, key.clone()).await;
        }
        let saved = rules(&app).await;
        assert_eq!(saved.len(), 1);
        assert_eq!(saved[0]["languages"], json!(["eng", "fra"]));
        let other = rule(&app, merged(key, json!({ "languages": ["eng"] })));
        assert_eq!(app.as_ministry().refused("eligibilityRuleSave", other).await, "IDEMPOTENCY_KEY_REUSED");
        app.settle().await;
        let feed = "{ changes { edges { node { kind subjectId organization { name } } } } }";
        for (who, told) in [("provider", 1), ("agency", 0), ("other-provider", 0)] {
            let answer = app.client(who).query(feed).await;
            let kinds = answer.data()["changes"]["edges"].as_array().expect("edges").iter();
            let rules = kinds.filter(|edge| edge["node"]["kind"] == "ELIGIBILITY_RULE_SAVED");
            assert_eq!(rules.count(), told, "{who}");
        }
    }

    async fn whoever_receives_referrals_asks_nothing_that_is_sealed(app: TestApp) {
        let provider = app.as_provider();
        for sealed in [
            json!({ "fact": "STAGE", "stages": ["REJECTED"] }),
            json!({ "fact": "WORK_AUTHORIZATION" }),
            json!({ "fact": "SOCIAL_INSURANCE", "validForDays": 1 }),
            json!({ "fact": "AGE", "ageFrom": 30, "ageTo": 30 }),
            json!({ "fact": "LANGUAGE_LEVEL", "language": "eng", "languageLevel": 5 }),
        ] {
            let refused = provider.user_error("eligibilityRuleSave", rule(&app, sealed.clone())).await;
            assert_eq!((&refused["code"], &refused["field"]), (&json!("SEALED_FACT"), &json!(["input", "fact"])));
            asks(&app, sealed).await;
        }
        let of_ministry = rules(&app).await;
        assert_eq!(of_ministry.len(), 5);
        for of_its_own in [
            json!({ "fact": "AGE_BAND", "ageBands": ["FROM_65", "FROM_55_TO_64"] }),
            json!({ "fact": "REGION", "regionIds": [app.central()] }),
            json!({ "fact": "LANGUAGE", "languages": ["eng"] }),
        ] {
            provider.done("eligibilityRuleSave", rule(&app, of_its_own), "service { id }").await;
        }
        let own = rules(&app).await[5].clone();
        assert_eq!((&own["sealed"], &own["ageBands"]), (&json!(false), &json!(["FROM_55_TO_64", "FROM_65"])));
        let turned = json!({ "id": own["id"], "expectedVersion": 1, "fact": "STAGE", "stages": ["REJECTED"] });
        assert_eq!(provider.refused("eligibilityRuleSave", rule(&app, turned)).await, "SEALED_FACT");
        let ended = json!({ "id": of_ministry[0]["id"], "expectedVersion": 1, "validTo": "2026-06-01" });
        assert_eq!(provider.refused("eligibilityRuleSave", rule(&app, ended)).await, "SEALED_FACT");
        let theirs = json!({ "fact": "LANGUAGE", "languages": ["spa"] });
        asks(&app, theirs).await;
        let theirs = json!({ "id": rules(&app).await[8]["id"], "expectedVersion": 1, "languages": ["eng"], "fact": "LANGUAGE" });
        assert_eq!(provider.refused("eligibilityRuleSave", rule(&app, theirs)).await, "ROLE_NOT_ALLOWED");
        assert_eq!(rules(&app).await.len(), 9);
    }

    async fn nobody_writes_rules_of_another_and_a_region_of_the_ministry_its_own(app: TestApp) {
        let asked = json!({ "fact": "LANGUAGE", "languages": ["eng"] });
        for (who, service) in [
            ("other-provider", app.service()),
            ("agency", app.service()),
            ("ministry-north", app.service()),
        ] {
            let client = app.client(who);
            let there = merged(rule(&app, asked.clone()), json!({ "serviceId": service }));
            let never = merged(there.clone(), json!({ "serviceId": app.missing(NodeType::Service) }));
            let there = client.mutate("eligibilityRuleSave", there, "service { id }").await;
            let never = client.mutate("eligibilityRuleSave", never, "service { id }").await;
            assert_same_answer(&there, &never, who);
            assert_eq!(there["data"]["eligibilityRuleSave"]["userErrors"][0]["code"], "NOT_FOUND", "{who}");
        }
        let northern = merged(rule(&app, asked.clone()), json!({ "serviceId": app.northern_service() }));
        app.client("ministry-north").done("eligibilityRuleSave", northern, "service { id }").await;
        let readers: ScopeSet = [Scope::DirectoryRead].into_iter().collect();
        let reader = app.client_with("provider", readers);
        let answer = reader.mutate("eligibilityRuleSave", rule(&app, asked.clone()), "service { id }").await;
        assert_eq!(answer.error_code(), "FORBIDDEN");
        asks(&app, asked).await;
        let id = rules(&app).await[0]["id"].clone();
        let of_another = json!({ "serviceId": app.closed_service(), "id": id, "reasonEn": "Other." });
        assert_eq!(app.as_ministry().refused("eligibilityRuleSave", of_another).await, "NOT_FOUND");
    }

    async fn a_rule_says_what_goes_with_its_fact_and_nothing_else(app: TestApp) {
        let many: Vec<String> = (0..51_u8).map(|each| format!("{}{}a", char::from(97 + each / 26), char::from(97 + each % 26))).collect();
        for (more, code, field) in [
            (json!({}), "REQUIRED", "fact"),
            (json!({ "stages": ["REJECTED"] }), "REQUIRED", "fact"),
            (json!({ "fact": "STAGE" }), "REQUIRED", "stages"),
            (json!({ "fact": "STAGE", "stages": [] }), "REQUIRED", "stages"),
            (json!({ "fact": "STAGE", "stages": ["REJECTED"], "ageFrom": 3 }), "INVALID", "ageFrom"),
            (json!({ "fact": "AGE" }), "REQUIRED", "ageFrom"),
            (json!({ "fact": "AGE", "ageFrom": -1 }), "OUT_OF_RANGE", "ageFrom"),
            (json!({ "fact": "AGE", "ageFrom": 30, "ageTo": 20 }), "INVALID", "ageTo"),
            (json!({ "fact": "WORK_AUTHORIZATION", "validForDays": 3651 }), "OUT_OF_RANGE", "validForDays"),
            (json!({ "fact": "LANGUAGE_LEVEL", "languageLevel": 4 }), "REQUIRED", "language"),
            (json!({ "fact": "LANGUAGE_LEVEL", "language": "eng" }), "REQUIRED", "languageLevel"),
            (json!({ "fact": "LANGUAGE_LEVEL", "language": "eng", "languageLevel": 13 }), "OUT_OF_RANGE", "languageLevel"),
            (json!({ "fact": "LANGUAGE", "languages": ["English"] }), "INVALID", "languages"),
            (json!({ "fact": "LANGUAGE", "languages": many }), "TOO_MANY", "languages"),
            (json!({ "fact": "REGION", "regionIds": [app.service()] }), "NOT_FOUND", "regionIds"),
            (json!({ "fact": "AGE", "ageFrom": 1, "reasonFr": null }), "REQUIRED", "reasonFr"),
            (json!({ "fact": "AGE", "ageFrom": 1, "reasonEn": "x".repeat(501) }), "TOO_LONG", "reasonEn"),
            (json!({ "fact": "AGE", "ageFrom": 1, "sourceUrl": "javascript:alert(1)" }), "INVALID", "sourceUrl"),
            (json!({ "fact": "AGE", "ageFrom": 1, "validTo": "2026-05-31" }), "INVALID", "validTo"),
        ] {
            let refused = app.as_ministry().user_error("eligibilityRuleSave", rule(&app, more.clone())).await;
            assert_eq!((&refused["code"], &refused["field"]), (&json!(code), &json!(["input", field])), "{more}");
        }
        for _ in 0..50 {
            asks(&app, json!({ "fact": "LANGUAGE", "languages": ["eng"] })).await;
        }
        let more = rule(&app, json!({ "fact": "LANGUAGE", "languages": ["eng"] }));
        assert_eq!(app.as_ministry().refused("eligibilityRuleSave", more).await, "TOO_MANY");
        let over = rule(&app, json!({ "fact": "AGE", "ageFrom": 1, "validFrom": "2026-01-01", "validTo": "2026-05-31" }));
        app.as_ministry().done("eligibilityRuleSave", over, "service { id }").await;
        assert_eq!(rules(&app).await.len(), 50, "what is over is not counted");
    }

    async fn a_claimant_and_the_same_facts_of_nobody_get_the_same_verdict(app: TestApp) {
        for asked in [
            json!({ "fact": "STAGE", "stages": ["REFERRED_TO_IRB"] }),
            json!({ "fact": "WORK_AUTHORIZATION", "validForDays": 30 }),
            json!({ "fact": "SOCIAL_INSURANCE" }),
            json!({ "fact": "AGE", "ageFrom": 18, "ageTo": 29 }),
            json!({ "fact": "LANGUAGE_LEVEL", "language": "eng", "languageLevel": 4 }),
            json!({ "fact": "AGE_BAND", "ageBands": ["FROM_19_TO_24"] }),
            json!({ "fact": "REGION", "regionIds": [app.central()] }),
            json!({ "fact": "LANGUAGE", "languages": ["eng"] }),
        ] {
            asks(&app, asked).await;
        }
        let agency = app.as_agency();
        let fits = registered(&app, json!({ "language": "eng", "ageBand": "FROM_19_TO_24",
            "identity": { "birthDate": "2003-02-01" },
            "claimStatus": { "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": "2026-07-01", "sinSeries9": true,
                "sinExpiresOn": "2026-06-01" } })).await;
        let english = json!({ "claimantId": fits, "language": "eng", "listening": 4, "speaking": 6, "reading": 4, "writing": 5 });
        agency.done("languageAbilitySave", english, "claimant { id }").await;
        let alike = json!({ "facts": { "stage": "REFERRED_TO_IRB", "workAuthorized": "YES", "age": 23,
            "workAuthorizationExpiresOn": "2026-07-01", "sinSeries9": true, "sinExpiresOn": "2026-06-01",
            "language": "eng", "languageLevel": 4, "regionId": app.central() } });
        for person in [json!({ "claimantId": fits }), alike] {
            assert_eq!(verdict(&agency, person).await, json!(["YES", [], []]));
        }
        let fails = registered(&app, json!({ "regionId": app.northern(), "ageBand": "FROM_65",
            "identity": { "birthDate": "1950-01-01" },
            "claimStatus": { "stage": "REJECTED", "workPermitExpiresOn": "2026-06-30", "sinSeries9": true,
                "sinExpiresOn": "2026-05-31" } })).await;
        let little = json!({ "claimantId": fails, "language": "eng", "speaking": 3 });
        agency.done("languageAbilitySave", little, "claimant { id }").await;
        let all = json!(["STAGE", "WORK_AUTHORIZATION", "SOCIAL_INSURANCE", "AGE", "LANGUAGE_LEVEL", "AGE_BAND", "REGION", "LANGUAGE"]);
        assert_eq!(verdict(&agency, json!({ "claimantId": fails })).await, json!(["NO", all, []]));
        let nobody = registered(&app, json!({ "regionId": null, "language": null, "ageBand": null })).await;
        for person in [json!({ "claimantId": nobody }), json!({ "facts": {} }), json!({})] {
            assert_eq!(verdict(&agency, person).await, json!(["UNKNOWN", [], all]));
        }
    }

    async fn a_permit_ends_with_its_day_in_toronto(app: TestApp) {
        asks(&app, json!({ "fact": "WORK_AUTHORIZATION" })).await;
        let status = json!({ "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": "2026-06-01" });
        let claimant = registered(&app, json!({ "claimStatus": status })).await;
        let agency = app.as_agency();
        let facts = json!({ "facts": { "workAuthorizationExpiresOn": "2026-06-01" } });
        for person in [json!({ "claimantId": claimant }), facts.clone()] {
            assert_eq!(verdict(&agency, person).await[0], "YES");
        }
        // One minute before midnight in Toronto, and midnight.
        app.clock.advance(chrono::TimeDelta::minutes(13 * 60 + 59));
        assert_eq!(verdict(&agency, json!({ "claimantId": claimant })).await[0], "YES");
        app.clock.advance(chrono::TimeDelta::minutes(1));
        for person in [json!({ "claimantId": claimant }), facts] {
            assert_eq!(verdict(&agency, person).await, json!(["NO", ["WORK_AUTHORIZATION"], []]));
        }
    }

    async fn a_rule_counts_on_its_days_and_its_reason_is_told_in_either_language(app: TestApp) {
        let period = json!({ "fact": "LANGUAGE", "languages": ["eng"], "validFrom": "2026-06-02", "validTo": "2026-06-02",
            "sourceUrl": "https://www.example.org/who" });
        asks(&app, period).await;
        let person = json!({ "facts": { "language": "spa" } });
        let agency = app.as_agency();
        assert_eq!(verdict(&agency, person.clone()).await, json!(["YES", [], []]), "it is to come");
        app.clock.advance(chrono::TimeDelta::days(1));
        let reason = |message: &str| json!({ "eligible": "NO", "unknown": [],
            "failed": [{ "code": "LANGUAGE", "message": message, "sourceUrl": "https://www.example.org/who" }] });
        assert_eq!(previewed(&agency, person.clone()).await["eligibility"], reason("Why."));
        assert_eq!(previewed(&app.as_agency().in_french(), person.clone()).await["eligibility"], reason("Pourquoi."));
        app.clock.advance(chrono::TimeDelta::days(1));
        assert_eq!(verdict(&agency, person).await, json!(["YES", [], []]), "it is over");
    }

    async fn a_preview_says_whether_the_referral_would_be_sent(app: TestApp) {
        let agency = app.as_agency();
        let provider = app.public_id(NodeType::Organization, app.world.provider);
        let own = agency.done("serviceSave", json!({ "nameEn": "Intake", "categories": ["EMPLOYMENT"] }), "service { id }").await;
        let mut cases = Vec::new();
        for (name, service) in [("active", app.service()), ("closed", app.closed_service()), ("own", own["service"]["id"].clone())] {
            let without = agency.registers("Testa").await;
            let with = agency.registers_with_consent("Testa").await;
            let elsewhere = agency.registers("Testa").await;
            agency.consents(&elsewhere, json!({ "purposes": ["HOUSING"] })).await;
            let over = agency.registers("Testa").await;
            agency.consents(&over, json!({ "expiresAt": "2026-06-01T14:00:01Z" })).await;
            let excluding = agency.registers_with_consent("Testa").await;
            agency.done("exclusionRecord", json!({ "claimantId": excluding, "organizationId": provider }), "exclusion { id }").await;
            let doubled = agency.registers_with_consent("Testa").await;
            agency.sends(&doubled, &app.other_service()).await;
            for (who, claimant) in [("without", without), ("with", with), ("elsewhere", elsewhere), ("over", over),
                ("excluding", excluding), ("doubled", doubled)] {
                for acknowledged in [false, true] {
                    let input = json!({ "claimantId": claimant, "serviceId": service, "acknowledgeDuplicate": acknowledged });
                    cases.push((format!("{name} {who} {acknowledged}"), input));
                }
            }
        }
        app.clock.advance(chrono::TimeDelta::seconds(2));
        let (mut sent, mut refused) = (0, 0);
        for (name, input) in cases {
            let told = previewed(&agency, input.clone()).await;
            let create = merged(input, json!({ "category": "EMPLOYMENT", "send": true }));
            let answer = agency.mutate("referralCreate", create, "referral { id }").await;
            let created = &answer.data()["referralCreate"];
            assert_eq!(told["canSend"], json!(created["userErrors"] == json!([])), "{name}: {told} {created}");
            let code = &created["userErrors"][0]["code"];
            let withheld = ["CONSENT_REQUIRED", "CONSENT_EXPIRED", "ORGANIZATION_EXCLUDED"];
            if withheld.iter().any(|each| code == each) {
                let consent = if code == "CONSENT_EXPIRED" { "CONSENT_EXPIRED" } else { "CONSENT_REQUIRED" };
                assert_eq!(told["consent"], consent, "{name}");
            } else if code != "SERVICE_NOT_ACTIVE" {
                assert_eq!(told["consent"], "GRANTED", "{name}");
            }
            if code == "DUPLICATE" {
                assert_eq!(told["duplicates"].as_array().map(Vec::len), Some(1), "{name}");
            }
            *(if told["canSend"] == true { &mut sent } else { &mut refused }) += 1;
        }
        assert!(sent > 8 && refused > 16, "{sent} and {refused}");
    }

    async fn a_preview_of_nobody_tells_of_the_service_and_asks_for_nobodys_rows(app: TestApp) {
        let capacity = json!({ "serviceId": app.service(), "status": "WAITLIST" });
        app.as_provider().done("capacitySave", capacity, "service { id }").await;
        asks(&app, json!({ "fact": "STAGE", "stages": ["REJECTED"] })).await;
        app.as_agency().refers().await;
        let agency = app.as_agency();
        app.statements();
        let told = previewed(&agency, json!({ "facts": { "stage": "REJECTED" } })).await;
        let texts = app.statement_texts();
        assert_eq!(told, json!({ "canSend": true, "consent": "ANONYMOUS", "capacity": { "status": "WAITLIST" }, "duplicates": [],
            "eligibility": { "eligible": "YES", "failed": [], "unknown": [] } }));
        for table in ["claimant", "referral", "consent", "exclusion", "need"] {
            let asked = texts.iter().find(|text| text.contains(&format!("FROM \"{table}")));
            assert_eq!(asked, None, "{table}");
        }
        let closed = previewed(&agency, json!({ "serviceId": app.closed_service() })).await;
        assert_eq!(closed["canSend"], false);
    }

    async fn a_preview_changes_nothing(app: TestApp) {
        asks(&app, json!({ "fact": "STAGE", "stages": ["REJECTED"] })).await;
        let claimant = registered(&app, json!({ "claimStatus": { "stage": "REFERRED_TO_IRB" } })).await;
        let sent = app.as_agency().sends(&claimant, &app.service()).await;
        let look = async || {
            app.settle().await;
            let mut seen = Vec::new();
            for who in ["agency", "provider", "other-provider"] {
                let client = app.client(who);
                let lists = "{ referrals(box: ALL) { edges { node { id version updatedAt status availableActions } } }
                    changes { edges { cursor node { kind version } } } }";
                seen.push(client.query(lists).await.text);
            }
            seen
        };
        let before = look().await;
        app.statements();
        let told = previewed(&app.as_agency(), json!({ "claimantId": claimant })).await;
        let written = app.statement_texts().into_iter().filter(|text| !text.starts_with("SELECT"));
        let written: Vec<String> = written.filter(|text| !text.starts_with("INSERT INTO \"disclosure_answer\"")).collect();
        assert_eq!(written, [""; 0]);
        assert_eq!(told["duplicates"], json!([{ "id": sent.id }]));
        assert_eq!(look().await, before);
    }

    async fn a_claimant_of_another_is_previewed_as_one_that_never_was(app: TestApp) {
        let claimant = app.as_agency().registers_with_consent("Testa").await;
        let sent = app.as_agency().sends(&claimant, &app.service()).await;
        app.as_provider().does("referralAccept", &sent, Value::Null).await;
        asks(&app, json!({ "fact": "STAGE", "stages": ["REJECTED"] })).await;
        let missing = app.missing(NodeType::Claimant);
        for who in ["provider", "other-provider", "other-agency"] {
            let client = app.client(who);
            let mut runs = Vec::new();
            for claimant in [&claimant, &missing] {
                app.statements();
                let answer = preview(&client, json!({ "claimantId": claimant })).await;
                assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{who}");
                runs.push((answer.status, answer.text, app.statement_texts(), app.statements()));
            }
            assert_eq!(runs[0], runs[1], "{who}");
        }
        let agency = app.as_agency();
        let both = preview(&agency, json!({ "claimantId": claimant, "facts": {} })).await;
        assert_eq!(both.error_code(), "BAD_USER_INPUT");
        for (more, what) in [
            (json!({ "claimantId": claimant, "serviceId": app.missing(NodeType::Service) }), "a service"),
            (json!({ "facts": { "regionId": app.missing(NodeType::Region) } }), "a region"),
        ] {
            assert_eq!(preview(&agency, more).await.error_code(), "BAD_USER_INPUT", "{what}");
        }
        let scopes: ScopeSet = [Scope::ReferralRead, Scope::ReferralWrite, Scope::DirectoryRead].into_iter().collect();
        let without = app.client_with("agency", scopes);
        assert_eq!(preview(&without, json!({ "claimantId": claimant })).await.error_code(), "FORBIDDEN");
        assert_eq!(preview(&app.as_ministry(), json!({ "facts": {} })).await.error_code(), "FORBIDDEN");
        assert_eq!(preview(&app.anonymous(), json!({ "facts": {} })).await.error_code(), "UNAUTHENTICATED");
    }

    async fn what_a_verdict_rests_on_is_disclosed_and_nothing_else(app: TestApp) {
        let status = json!({ "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": "2029-01-01" });
        let claimant = registered(&app, json!({ "claimStatus": status, "identity": { "birthDate": "1990-04-01" } })).await;
        let agency = app.as_agency();
        let told = async || {
            app.settle().await;
            let list = "query($id: ID) { disclosures(claimantId: $id, first: 50) { edges { node { groups organization { name }
                referral { id } } } } }";
            let answer = agency.ask(list, json!({ "id": claimant })).await;
            let edges = answer.data()["disclosures"]["edges"].as_array().expect("edges").iter();
            edges.map(|edge| edge["node"].clone()).collect::<Vec<_>>()
        };
        let person = json!({ "claimantId": claimant });
        asks(&app, json!({ "fact": "LANGUAGE", "languages": ["eng"] })).await;
        asks(&app, json!({ "fact": "STAGE", "stages": ["REJECTED"], "validFrom": "2026-06-02" })).await;
        previewed(&agency, person.clone()).await;
        assert_eq!(told().await, [] as [Value; 0], "nothing sealed is asked today");
        asks(&app, json!({ "fact": "WORK_AUTHORIZATION" })).await;
        let only = "query($input: ReferralPreviewInput!) { referralPreview(input: $input) { canSend consent } }";
        let input = merged(person.clone(), json!({ "category": "EMPLOYMENT", "serviceId": app.service() }));
        assert_eq!(agency.ask(only, json!({ "input": input })).await.data()["referralPreview"]["canSend"], true);
        assert_eq!(told().await, [] as [Value; 0], "the verdict was not asked for");
        let disclosed = |groups: Value| json!({ "groups": groups, "organization": { "name": "Test agency" }, "referral": null });
        previewed(&agency, person.clone()).await;
        assert_eq!(told().await, [disclosed(json!(["WORK_AUTHORIZATION"]))]);
        asks(&app, json!({ "fact": "AGE", "ageFrom": 18 })).await;
        app.clock.advance(chrono::TimeDelta::days(1));
        previewed(&agency, person).await;
        assert_eq!(told().await[1], disclosed(json!(["IDENTITY", "CLAIM_STATUS", "WORK_AUTHORIZATION"])));
    }

    async fn a_rule_tells_whoever_receives_referrals_nothing_of_a_person(app: TestApp) {
        asks(&app, json!({ "fact": "STAGE", "stages": ["REFERRED_TO_IRB"] })).await;
        asks(&app, json!({ "fact": "WORK_AUTHORIZATION" })).await;
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut people = Vec::new();
        for status in [
            json!({ "stage": "REFERRED_TO_IRB", "workPermitExpiresOn": "2029-01-01" }),
            json!({ "stage": "REJECTED", "workPermitExpiresOn": "2026-01-01" }),
        ] {
            people.push(registered(&app, json!({ "claimStatus": status })).await);
        }
        let mut verdicts = Vec::new();
        for person in &people {
            verdicts.push(verdict(&agency, json!({ "claimantId": person })).await[0].clone());
        }
        assert_eq!(verdicts, ["YES", "NO"], "the sender is told");
        let look = "status subStatus statusReason summary region { code } language interpreterNeeded ageBand partySize priority
            overdue dueAt version availableActions claimantAccess service { eligibilityRules { fact reason } } source { name }
            history { edges { node { kind note reason version } } }";
        let mut seen = Vec::new();
        for person in &people {
            // Not being eligible stops nobody.
            let open = agency.creates(json!({ "claimantId": person, "send": true })).await;
            let asked = json!({ "claimantId": person, "serviceId": app.service(), "send": true, "acknowledgeDuplicate": true });
            let addressed = agency.creates(asked).await;
            let in_open = provider.box_of("OPEN").await.contains(&open.id);
            let before = (provider.sees(&open, look).await, provider.sees(&addressed, look).await);
            let claimed = provider.does("referralClaim", &open, Value::Null).await;
            let accepted = provider.does("referralAccept", &claimed, Value::Null).await;
            let declined = provider.does("referralDecline", &addressed, because("NOT_ELIGIBLE")).await;
            let after = (provider.sees(&accepted, look).await, agency.sees(&declined, "status statusReason decidedBy").await);
            let person = provider.sees_claimant(person, "claimStatus { stage } claimStatusAccess workAuthorization { state }
                workAuthorizationAccess version").await;
            seen.push(json!([in_open, before.0, before.1, after.0, after.1, person]));
        }
        assert_eq!(seen[0], seen[1]);
        assert_eq!(seen[0][0], true);
        assert_eq!(seen[0][4]["statusReason"], "NOT_ELIGIBLE");
        app.settle().await;
        let feed = provider.query("{ changes(first: 100) { edges { node { kind reason note version } } } }").await;
        let edges = feed.data()["changes"]["edges"].as_array().expect("edges").clone();
        let of_referrals: Vec<&Value> = edges.iter().filter(|edge| edge["node"]["kind"] != "ELIGIBILITY_RULE_SAVED").collect();
        let (first, second) = of_referrals.split_at(of_referrals.len() / 2);
        assert!(!first.is_empty());
        assert_eq!(first, second, "what the feed tells of both");
    }
}
