//! Finding a person again among one's own, whatever another organization holds; and deciding who is one person.
mod rotation;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use claimant_gateway::{auth::scope::Scope, opaque::NodeType};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{assert_same_answer, merged},
    on_both_databases,
};

const MATCHES: &str = "matches { claimant { id } score band }";

/// A description of somebody; a birth date of ten characters is known to the day.
fn named(given: &str, family: Option<&str>, birth: &str) -> Value {
    let birth = (!birth.is_empty()).then_some(birth);
    json!({ "identity": { "givenName": given, "familyName": family, "birthDate": birth } })
}

fn testamira() -> Value {
    named("Testamira", Some("Specimenova"), "1985-07-23")
}

async fn registers(client: &Client<'_>, described: Value) -> Value {
    let payload = client.done("claimantRegister", described, "claimant { id }");
    payload.await["claimant"]["id"].clone()
}

/// Whom the caller finds, each with the band, the likeliest first.
async fn finds(client: &Client<'_>, sought: Value) -> Vec<(Value, String)> {
    let payload = client.done("claimantMatch", sought, MATCHES).await;
    let matches = payload["matches"].as_array().expect("matches");
    let told = matches.iter().map(|found| {
        let band = found["band"].as_str().expect("a band").to_owned();
        (found["claimant"]["id"].clone(), band)
    });
    told.collect()
}

/// What the feed tells of such a kind: the subjects.
async fn told(client: &Client<'_>, kind: &str) -> Vec<Value> {
    let query =
        "{ changes(first: 100) { edges { node { kind subjectId note organization { name } } } } }";
    let answer = client.query(query).await;
    let edges = answer.data()["changes"]["edges"]
        .as_array()
        .expect("edges")
        .clone();
    let entries = edges.iter().map(|edge| &edge["node"]);
    let entries = entries.filter(|entry| entry["kind"] == kind);
    let subjects = entries.map(|entry| {
        if kind == "CLAIMANT_SOUGHT" {
            let nobody = (&entry["organization"], &entry["note"]);
            assert_eq!(nobody, (&Value::Null, &Value::Null), "not by whom");
        }
        entry["subjectId"].clone()
    });
    subjects.collect()
}

async fn count(app: &TestApp, what: &str) -> i64 {
    let connection = app.database.connect().await;
    let backend = connection.get_database_backend();
    let query = Statement::from_string(backend, format!("SELECT count(*) AS count FROM {what}"));
    let row = connection
        .query_one_raw(query)
        .await
        .expect("the query runs");
    let count = row.expect("a row").try_get("", "count").expect("a count");
    connection.close().await.expect("the connection closes");
    count
}

const PAIRS: &str =
    "query($status: DuplicateStatus) { duplicateCandidates(status: $status) { edges { node {
    id claimant { id } other { id } band status survivor { id } decidedAt version } } } }";

async fn pairs(client: &Client<'_>, status: Option<&str>) -> Vec<Value> {
    let answer = client.ask(PAIRS, json!({ "status": status })).await;
    let edges = answer.data()["duplicateCandidates"]["edges"]
        .as_array()
        .expect("edges")
        .clone();
    edges.iter().map(|edge| edge["node"].clone()).collect()
}

fn decide(pair: &Value, decision: &str) -> Value {
    json!({ "id": pair["id"], "expectedVersion": pair["version"], "decision": decision })
}

fn reverse(pair: &Value) -> Value {
    json!({ "id": pair["id"], "expectedVersion": pair["version"] })
}

const LEFT: &str = "duplicateCandidate { id status survivor { id } version }";

async fn decides(client: &Client<'_>, pair: &Value, decision: &str) -> Value {
    let payload = client.done("duplicateDecide", decide(pair, decision), LEFT);
    payload.await["duplicateCandidate"].clone()
}

/// A person whom the agency registered twice, and the one open pair.
async fn registered_twice(app: &TestApp) -> (Value, Value, Value) {
    let agency = app.as_agency();
    let first = registers(&agency, testamira()).await;
    let second = registers(
        &agency,
        named("Specimenova", Some("Testamyra"), "1985-07-23"),
    )
    .await;
    app.compares().await;
    let open = pairs(&agency, Some("OPEN")).await;
    assert_eq!(open.len(), 1, "{open:?}");
    (first, second, open[0].clone())
}

on_both_databases! {
    async fn a_person_is_found_again_whatever_the_order_the_script_and_the_spelling(app: TestApp) {
        let agency = app.as_agency();
        let claimant = registers(&agency, testamira()).await;
        registers(&agency, named("Exemplina", Some("Specimenova"), "1988-02-11")).await;
        for (given, family) in [
            ("Testamira", Some("Specimenova")), ("Specimenova", Some("Testamira")), ("Тестамира", Some("Спесименова")),
            ("TESTAMYRA", Some("Spesimenova")), ("Testamira Specimenova", None), ("Testamira bint", Some("Specimenova")),
        ] {
            let found = finds(&agency, named(given, family, "1985-07-23")).await;
            assert_eq!(found, [(claimant.clone(), "LIKELY".to_owned())], "{given} {family:?}");
        }
        assert_eq!(finds(&agency, named("Exemplina", Some("Unheardof"), "1970-01-02")).await, []);
    }

    async fn a_single_name_and_an_uncertain_birth_date_find_a_person(app: TestApp) {
        let agency = app.as_agency();
        let single = registers(&agency, json!({ "identity": { "familyName": "Testamira", "birthDate": "1985-07-23" } })).await;
        let found = finds(&agency, named("Testamira", None, "1985-07-23")).await;
        assert_eq!(found, [(single, "LIKELY".to_owned())]);
        let year = json!({ "identity": { "givenName": "Probanda", "familyName": "Exemplina", "birthDate": "1971-01-01",
            "birthDatePrecision": "YEAR" } });
        let claimant = registers(&agency, year).await;
        for birth in ["1971-09-30", "1971-01-01", ""] {
            let found = finds(&agency, named("Probanda", Some("Exemplina"), birth)).await;
            assert_eq!(found.first().map(|(id, _)| id), Some(&claimant), "{birth}");
        }
        assert_eq!(finds(&agency, named("Probanda", Some("Exemplina"), "1950-09-30")).await, [], "too far off");
    }

    async fn an_identifier_finds_a_person_under_another_name_but_not_an_agencys_own_number(app: TestApp) {
        let agency = app.as_agency();
        let with = |kind: &str, value: &str| json!({ "identifiers": [{ "kind": kind, "value": value }] });
        let claimant = registers(&agency, merged(testamira(), with("UCI", "1122-3344"))).await;
        registers(&agency, merged(named("Numbered", Some("Otherwise"), ""), with("AGENCY_ID", "A-17"))).await;
        let found = finds(&agency, with("UCI", "11223344")).await;
        assert_eq!(found, [(claimant, "LIKELY".to_owned())]);
        assert_eq!(agency.refused("claimantMatch", with("AGENCY_ID", "A-17")).await, "REQUIRED");
        assert_eq!(agency.refused("claimantMatch", json!({})).await, "REQUIRED");
    }

    async fn what_is_found_is_disclosed_and_what_is_not_leaves_nothing(app: TestApp) {
        let agency = app.as_agency();
        let claimant = registers(&agency, testamira()).await;
        finds(&agency, named("Unheardof", Some("Nobodyknown"), "1901-05-06")).await;
        app.settle().await;
        let disclosed = "{ disclosures { edges { node { groups } } } }";
        assert_eq!(agency.query(disclosed).await.data()["disclosures"]["edges"], json!([]));
        assert_eq!(finds(&agency, testamira()).await[0].0, claimant);
        app.settle().await;
        let groups = json!([{ "node": { "groups": ["IDENTITY"] } }]);
        assert_eq!(agency.query(disclosed).await.data()["disclosures"]["edges"], groups);
    }

    async fn a_match_elsewhere_answers_as_none_and_only_the_holder_is_told(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let claimant = registers(&agency, testamira()).await;
        app.compares().await;
        let feed = "{ changes(first: 100) { edges { cursor node { kind } } } }";
        let before = other.query(feed).await.text;
        let seek = async |sought: Value| {
            app.statements();
            let answer = other.mutate("claimantMatch", sought, MATCHES).await;
            let texts = app.statement_texts();
            app.settle().await;
            let disclosed = other.query("{ disclosures { edges { node { id } } } }").await.text;
            (answer, texts, disclosed)
        };
        let held = seek(testamira()).await;
        let unheard = seek(named("Testemora", Some("Unheardofna"), "1985-11-23")).await;
        assert_same_answer(&held.0, &unheard.0, "elsewhere or nowhere");
        assert_eq!(held.0.data()["claimantMatch"]["matches"], json!([]));
        assert_eq!((&held.1, &held.2), (&unheard.1, &unheard.2), "the same statements, and nothing disclosed");
        assert_eq!(count(&app, "match_request").await, 2, "both leave the same rows");
        assert_eq!(told(&agency, "CLAIMANT_SOUGHT").await, [] as [Value; 0]);

        app.compares().await;
        assert_eq!(told(&agency, "CLAIMANT_SOUGHT").await, [claimant]);
        assert_eq!(count(&app, "match_request").await, 0, "what was asked is not kept");
        assert_eq!(other.query(feed).await.text, before, "whoever asked learns nothing afterwards");
        for stranger in ["other-agency", "provider", "other-provider"] {
            assert_eq!(told(&app.client(stranger), "CLAIMANT_SOUGHT").await, [] as [Value; 0]);
        }
        // Who asks again and again cannot fill the holder's feed.
        finds(&other, testamira()).await;
        app.compares().await;
        assert_eq!(told(&agency, "CLAIMANT_SOUGHT").await.len(), 1);
        app.clock.advance(TimeDelta::days(2));
        finds(&other, testamira()).await;
        app.compares().await;
        assert_eq!(told(&agency, "CLAIMANT_SOUGHT").await.len(), 2);
    }

    async fn nobody_is_told_that_an_excluded_organization_asked(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let claimant = registers(&agency, testamira()).await;
        let exclusion = json!({ "claimantId": claimant,
            "organizationId": app.public_id(NodeType::Organization, app.world.other_agency) });
        agency.done("exclusionRecord", exclusion, "exclusion { id }").await;
        assert_eq!(finds(&other, testamira()).await, []);
        app.compares().await;
        assert_eq!(told(&agency, "CLAIMANT_SOUGHT").await, [] as [Value; 0]);
        assert_eq!(count(&app, "match_request").await, 0);
        finds(&app.as_provider(), testamira()).await;
        app.compares().await;
        assert_eq!(told(&agency, "CLAIMANT_SOUGHT").await, [claimant], "of anybody else the holder is told");
    }

    async fn no_holder_is_told_whom_the_person_keeps_out_elsewhere(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        registers(&other, testamira()).await;
        let own = registers(&agency, testamira()).await;
        let exclusion = json!({ "claimantId": own,
            "organizationId": app.public_id(NodeType::Organization, app.world.other_agency) });
        agency.done("exclusionRecord", exclusion, "exclusion { id }").await;
        finds(&agency, testamira()).await;
        finds(&app.as_provider(), testamira()).await;
        app.compares().await;
        assert_eq!(told(&other, "CLAIMANT_SOUGHT").await, [] as [Value; 0]);
    }

    async fn whatever_others_hold_ones_own_pairs_are_found(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let first = registers(&agency, named("Testamira", Some("Specimenova"), "1985-07-23")).await;
        // More of them than are ever compared, and all more alike.
        let whole = json!({ "identity": { "givenName": "Testamira", "familyName": "Specimenova", "birthDate": "1985-07-24" },
            "identifiers": [{ "kind": "UCI", "value": "1122-3344" }] });
        for _ in 0..105 {
            registers(&other, whole.clone()).await;
        }
        let second = registers(&agency, whole).await;
        app.compares().await;
        app.compares().await;
        let open = pairs(&agency, Some("OPEN")).await;
        assert_eq!(open.len(), 1);
        assert_eq!((&open[0]["claimant"]["id"], &open[0]["other"]["id"]), (&first, &second));
    }

    async fn being_sought_keeps_nobody_from_being_forgotten(app: TestApp) {
        let claimant = registers(&app.as_agency(), testamira()).await;
        app.clock.advance(TimeDelta::days(2_557));
        finds(&app.client("other-agency"), testamira()).await;
        app.compares().await;
        app.clock.advance(TimeDelta::seconds(1));
        app.store.unscoped_retain("test").await.expect("what is past its time goes");
        let seen = app.as_agency().sees_claimant(&claimant, "erasedAt").await;
        assert!(seen["erasedAt"].is_string());
    }

    async fn a_request_repeated_with_its_key_finds_the_same_and_asks_once(app: TestApp) {
        let agency = app.as_agency();
        let claimant = registers(&agency, testamira()).await;
        let keyed = merged(testamira(), json!({ "idempotencyKey": "00000000-0000-4000-8000-000000000031" }));
        for _ in 0..2 {
            assert_eq!(finds(&agency, keyed.clone()).await[0].0, claimant);
        }
        assert_eq!(count(&app, "match_request").await, 1);
    }

    async fn without_its_scope_or_role_nobody_is_looked_for_or_decided_on(app: TestApp) {
        let (_, _, pair) = registered_twice(&app).await;
        let reader = app.client_with("agency", [Scope::ClaimantRead].into_iter().collect());
        let ministry = app.as_ministry();
        for client in [&reader, &ministry] {
            for (mutation, input) in [
                ("claimantMatch", testamira()), ("duplicateDecide", decide(&pair, "SAME")), ("duplicateReverse", reverse(&pair)),
            ] {
                let answer = client.mutate(mutation, input, "__typename").await;
                assert_eq!(answer.error_code(), "FORBIDDEN", "{mutation}");
            }
        }
        assert_eq!(ministry.ask(PAIRS, json!({})).await.error_code(), "FORBIDDEN");
        assert_eq!(app.anonymous().ask(PAIRS, json!({})).await.error_code(), "UNAUTHENTICATED");
        assert_eq!(count(&app, "match_request").await, 0);
    }

    async fn a_pair_of_another_organization_is_as_one_that_never_was(app: TestApp) {
        let (first, _, pair) = registered_twice(&app).await;
        let consent = json!({ "fieldGroups": ["IDENTITY"] });
        app.as_agency().consents(&first, consent).await;
        let sent = app.as_agency().sends(&first, &app.service()).await;
        app.as_provider().does("referralAccept", &sent, Value::Null).await;
        let missing = json!({ "id": app.missing(NodeType::DuplicateCandidate), "version": 1 });
        let node = "query($id: ID!) { node(id: $id) { id } }";
        for stranger in ["other-agency", "provider"] {
            let stranger = app.client(stranger);
            for (mutation, there, none) in [
                ("duplicateDecide", decide(&pair, "SAME"), decide(&missing, "SAME")),
                ("duplicateReverse", reverse(&pair), reverse(&missing)),
            ] {
                app.statements();
                let there = stranger.mutate(mutation, there, LEFT).await;
                let statements = app.statements();
                let none = stranger.mutate(mutation, none, LEFT).await;
                assert_same_answer(&there, &none, mutation);
                assert_eq!(statements, app.statements(), "{mutation}");
            }
            let there = stranger.ask(node, json!({ "id": pair["id"] })).await;
            assert_same_answer(&there, &stranger.ask(node, json!({ "id": missing["id"] })).await, "node");
            assert_eq!(pairs(&stranger, None).await, [] as [Value; 0]);
        }
        assert_eq!(pairs(&app.as_agency(), Some("OPEN")).await.len(), 1);
    }

    async fn two_who_are_the_same_keep_their_ids_and_what_each_is_told_to(app: TestApp) {
        let (first, second, pair) = registered_twice(&app).await;
        let (agency, provider) = (app.as_agency(), app.as_provider());
        assert_eq!((&pair["claimant"]["id"], &pair["other"]["id"], &pair["band"]), (&first, &second, &json!("LIKELY")));
        agency.consents(&second, Value::Null).await;
        let sent = agency.sends(&second, &app.service()).await;
        let sent = provider.does("referralAccept", &sent, Value::Null).await;
        let whole = "id version identity { givenName familyName } mergedInto { id } merged { id } consents { id }
            referrals { edges { node { id } } }";
        let before = provider.sees_claimant(&second, whole).await;
        assert_eq!(before["identity"]["givenName"], "Specimenova");

        let decided = decides(&agency, &pair, "SAME").await;
        assert_eq!(decided["survivor"]["id"], first);
        let one = agency.sees_claimant(&first, whole).await;
        assert_eq!((&one["mergedInto"], &one["merged"]), (&Value::Null, &json!([{ "id": second }])));
        let other = agency.sees_claimant(&second, whole).await;
        assert_eq!((&other["id"], &other["mergedInto"]["id"], &other["merged"]), (&second, &first, &json!([])));
        assert_eq!(other["referrals"]["edges"][0]["node"]["id"], sent.id, "each id answers for its own record");
        let through = "merged { id referrals { edges { node { id } } } consents { id } }";
        let through = agency.sees_claimant(&first, through).await;
        assert_eq!(through["merged"][0]["referrals"]["edges"][0]["node"]["id"], sent.id);

        assert_eq!(provider.sees_claimant(&second, whole).await, before, "a party of one learns nothing of the other");
        assert_eq!(provider.sees_claimant(&first, whole).await, Value::Null);
        provider.does("referralStart", &sent, Value::Null).await;
        let found = finds(&agency, named("Specimenova", Some("Testamyra"), "1985-07-23")).await;
        assert_eq!(found, [(first.clone(), "LIKELY".to_owned())], "the one that stands for both, once");

        let reversed = agency.done("duplicateReverse", reverse(&decided), LEFT).await["duplicateCandidate"].clone();
        assert_eq!((&reversed["status"], &reversed["survivor"]), (&json!("OPEN"), &Value::Null));
        let one = agency.sees_claimant(&first, whole).await;
        assert_eq!((&one["mergedInto"], &one["merged"]), (&Value::Null, &json!([])));
        assert_eq!(finds(&agency, testamira()).await.len(), 2);
        app.compares().await;
        assert_eq!(told(&agency, "DUPLICATE_FOUND").await.len(), 1, "nobody is asked twice");
        for kind in ["DUPLICATE_DECIDED_SAME", "DUPLICATE_REVERSED"] {
            assert_eq!(told(&agency, kind).await, [pair["id"].clone()], "{kind}");
        }
    }

    async fn two_who_are_different_are_not_asked_of_again_and_may_be_decided_otherwise(app: TestApp) {
        let (first, _, pair) = registered_twice(&app).await;
        let agency = app.as_agency();
        assert_eq!(agency.refused("duplicateReverse", reverse(&pair)).await, "NOT_DECIDED");
        let different = decides(&agency, &pair, "DIFFERENT").await;
        assert_eq!((&different["status"], &different["survivor"]), (&json!("DIFFERENT"), &Value::Null));
        let stale = agency.user_error("duplicateDecide", decide(&pair, "SAME")).await;
        assert_eq!(stale["code"], "STALE_VERSION");
        let renamed = json!({ "id": first, "expectedVersion": 1, "identity": testamira()["identity"] });
        agency.done("claimantUpdate", renamed, "claimant { id }").await;
        app.compares().await;
        assert_eq!(pairs(&agency, Some("OPEN")).await, [] as [Value; 0]);
        assert_eq!(pairs(&agency, None).await.len(), 1);
        let same = decides(&agency, &different, "SAME").await;
        assert_eq!(same["survivor"]["id"], first);
    }

    async fn whoever_stands_for_somebody_is_merged_into_nobody_who_is_merged(app: TestApp) {
        let agency = app.as_agency();
        let mut people = Vec::new();
        for _ in 0..3 {
            people.push(registers(&agency, testamira()).await);
            app.compares().await;
        }
        let open = pairs(&agency, Some("OPEN")).await;
        assert_eq!(open.len(), 3);
        let of = |one: usize, other: usize| {
            let both = BTreeSet::from([people[one].to_string(), people[other].to_string()]);
            let found = open.iter().find(|pair| both == BTreeSet::from([pair["claimant"]["id"].to_string(), pair["other"]["id"].to_string()]));
            found.expect("a pair").clone()
        };
        // The last two are one, for whom the second stands; and so it goes on standing when the first is merged.
        let later = decides(&agency, &of(1, 2), "SAME").await;
        assert_eq!(later["survivor"]["id"], people[1]);
        assert_eq!(pairs(&agency, Some("OPEN")).await.len(), 1, "nothing is asked of who is merged");
        assert_eq!(agency.refused("duplicateDecide", decide(&of(0, 2), "SAME")).await, "ALREADY_MERGED");
        assert_eq!(decides(&agency, &of(0, 1), "SAME").await["survivor"]["id"], people[1]);
        let merged = agency.sees_claimant(&people[1], "merged { id }").await;
        assert_eq!(merged["merged"].as_array().map(Vec::len), Some(2));
    }

    async fn what_is_written_of_a_person_moves_how_the_person_is_found(app: TestApp) {
        let agency = app.as_agency();
        let claimant = registers(&agency, testamira()).await;
        let changed = named("Probanda", Some("Exemplina"), "1971-09-30");
        let update = merged(changed.clone(), json!({ "id": claimant, "expectedVersion": 1,
            "identifiers": [{ "kind": "UCI", "value": "1122-3344" }] }));
        agency.done("claimantUpdate", update, "claimant { id }").await;
        assert_eq!(finds(&agency, testamira()).await, []);
        assert_eq!(finds(&agency, changed.clone()).await[0].0, claimant);
        let cleared = json!({ "id": claimant, "expectedVersion": 2, "identity": null });
        agency.done("claimantUpdate", cleared, "claimant { id }").await;
        assert_eq!(finds(&agency, changed).await, []);
        let uci = json!({ "identifiers": [{ "kind": "UCI", "value": "1122-3344" }] });
        assert_eq!(finds(&agency, uci).await[0].0, claimant);
    }

    async fn erasure_leaves_no_token_no_pair_and_no_link(app: TestApp) {
        let (first, second, pair) = registered_twice(&app).await;
        let agency = app.as_agency();
        decides(&agency, &pair, "SAME").await;
        app.compares().await;
        assert_eq!(count(&app, "claimant_link WHERE link_id IS NOT NULL").await, 2);
        let erase = json!({ "id": first, "expectedVersion": 1 });
        agency.done("claimantErase", erase, "claimant { id }").await;
        app.compares().await;
        assert_eq!(count(&app, "duplicate_candidate").await, 0);
        assert_eq!(count(&app, "claimant_link").await, 1);
        let of_tokens = "(SELECT DISTINCT claimant_id FROM claimant_match_token) AS known";
        assert_eq!(count(&app, of_tokens).await, 1);
        let alone = agency.sees_claimant(&second, "mergedInto { id } identity { givenName }").await;
        assert_eq!(alone, json!({ "mergedInto": null, "identity": { "givenName": "Specimenova" } }));
        assert_eq!(finds(&agency, testamira()).await, [(second, "LIKELY".to_owned())]);
    }

    async fn a_file_that_is_handed_on_is_found_and_compared_where_it_is(app: TestApp) {
        let (first, second, pair) = registered_twice(&app).await;
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        decides(&agency, &pair, "SAME").await;
        let there = registers(&other, testamira()).await;
        app.compares().await;
        assert_eq!(pairs(&other, None).await, [] as [Value; 0], "nobody is compared aloud across organizations");
        let to = app.public_id(NodeType::Organization, app.world.other_agency);
        let consent = json!({ "anyParty": false, "recipientIds": [to], "fieldGroups": ["IDENTITY", "CONTACT"] });
        agency.consents(&first, consent).await;
        let transfer = json!({ "id": first, "expectedVersion": 1, "organizationId": to });
        agency.done("claimantTransfer", transfer, "claimant { id }").await;
        app.compares().await;
        let found = pairs(&other, Some("OPEN")).await;
        assert_eq!((&found[0]["claimant"]["id"], &found[0]["other"]["id"]), (&first, &there));
        assert_eq!(pairs(&agency, None).await, [] as [Value; 0]);
        assert_eq!(agency.sees_claimant(&second, "mergedInto { id }").await["mergedInto"], Value::Null);
        assert_eq!(finds(&agency, testamira()).await, [(second, "LIKELY".to_owned())]);
    }

    async fn the_ministry_counts_a_person_whom_two_organizations_registered_once(app: TestApp) {
        let people = ["Testamira", "Probanda", "Exemplina", "Unheardofa"];
        for (place, given) in people.iter().enumerate() {
            for organization in ["agency", "other-agency"] {
                let client = app.client(organization);
                let birth = format!("19{}0-07-23", 5 + place);
                let claimant = registers(&client, named(given, Some("Specimenova"), &birth)).await;
                client.consents(&claimant, Value::Null).await;
                client.sends(&claimant, &app.service()).await;
            }
        }
        app.clock.advance(TimeDelta::days(1));
        let total = async |client: &Client<'_>| {
            let query = "{ referralReport(input: { period: { from: \"2026-06-01\", to: \"2026-06-30\" },
                groupBy: [CATEGORY], measure: CLAIMANTS }) { total } }";
            client.query(query).await.data()["referralReport"]["total"].clone()
        };
        let own = total(&app.as_agency()).await;
        assert!(total(&app.as_ministry()).await.is_i64(), "eight records");
        app.compares().await;
        assert!(total(&app.as_ministry()).await.is_i64(), "until midnight");
        app.clock.advance(TimeDelta::days(1));
        assert_eq!(total(&app.as_ministry()).await, Value::Null, "four people are too few to be told of");
        assert_eq!(total(&app.as_agency()).await, own, "an organization counts its own");
    }
}
