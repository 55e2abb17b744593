//! Finding a person again: among the caller's own claimants, and without a word about anybody else's.
use claimant_gateway::config::Ring;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    on_both_databases,
};

const ASK: &str = "matches { claimant { id } score likeness evidence }";
const PAIRS: &str =
    "query($status: DuplicateStatus) { duplicateCandidates(status: $status) { edges { node {
    id status likeness version decidedBy first { id } second { id } } } } }";

/// A description, as a form gives it.
fn named(given: &str, family: &str, birth: &str) -> Value {
    json!({ "givenName": given, "familyName": family, "birthDate": birth, "gender": "woman" })
}

async fn registers(client: &Client<'_>, identity: Value) -> Value {
    let input = json!({ "identity": identity, "language": "ara" });
    client
        .done("claimantRegister", input, "claimant { id }")
        .await["claimant"]["id"]
        .clone()
}

/// Who is like somebody, and how sure that is.
async fn found(client: &Client<'_>, identity: Value) -> Vec<(Value, Value)> {
    let payload = client
        .done("claimantMatch", json!({ "identity": identity }), ASK)
        .await;
    let matches = payload["matches"].as_array().expect("matches");
    let pair = |found: &Value| (found["claimant"]["id"].clone(), found["likeness"].clone());
    matches.iter().map(pair).collect()
}

/// Looks for whoever was described, as the gateway does in the background.
async fn look(app: &TestApp) {
    while app
        .store
        .unscoped_match("test")
        .await
        .expect("everybody is looked for")
    {}
    app.settle().await;
}

/// The kinds of entries that a feed tells of a subject.
async fn told(client: &Client<'_>, subject: &Value) -> Vec<String> {
    let feed = "{ changes(first: 100) { edges { node { kind subjectId organization { id } } } } }";
    let answer = client.query(feed).await;
    let edges = answer.data()["changes"]["edges"].as_array().expect("edges");
    let nodes = edges.iter().map(|edge| &edge["node"]);
    nodes
        .filter(|entry| entry["subjectId"] == *subject && entry["kind"] != "CLAIMANT_REGISTERED")
        .map(|entry| format!("{} {}", entry["kind"], entry["organization"]))
        .collect()
}

async fn pairs(client: &Client<'_>, status: Value) -> Vec<Value> {
    let answer = client.ask(PAIRS, json!({ "status": status })).await;
    let edges = answer.data()["duplicateCandidates"]["edges"]
        .as_array()
        .expect("edges")
        .clone();
    edges.into_iter().map(|edge| edge["node"].clone()).collect()
}

async fn decide(client: &Client<'_>, pair: &Value, decision: &str) -> Value {
    let input =
        json!({ "id": pair["id"], "expectedVersion": pair["version"], "decision": decision });
    let selection = "duplicateCandidate { id status version decidedBy first { id } second { id } }";
    client.done("duplicateDecide", input, selection).await["duplicateCandidate"].clone()
}

/// Two registrations of one person, the first and the second, and the pair that was found.
async fn registered_twice(app: &TestApp) -> (Value, Value, Value) {
    let agency = app.as_agency();
    let first = registers(&agency, named("Testara", "Specimenova", "1990-03-14")).await;
    let second = registers(&agency, named("Testara", "Specimenova", "1990-03-14")).await;
    look(app).await;
    let pair = pairs(&agency, json!("OPEN")).await.pop().expect("a pair");
    (first, second, pair)
}

on_both_databases! {
    async fn a_person_is_found_in_another_script_order_and_with_an_uncertain_date(app: TestApp) {
        let agency = app.as_agency();
        let id = registers(&agency, named("Testara", "Specimenova", "1990-03-14")).await;
        registers(&agency, named("Otherman", "Nobodysky", "1971-11-30")).await;
        let likely = [(id.clone(), json!("LIKELY"))];
        for (given, family, birth) in [
            ("Testara", "Specimenova", "1990-03-14"),
            ("Specimenova", "Testara", "1990-03-14"),
            ("Тестара", "Спесименова", "1990-03-14"),
            ("Testara", "Specimenova", "1990-01-01"),
        ] {
            assert_eq!(found(&agency, named(given, family, birth)).await, likely, "{given} {family} {birth}");
        }
        let single = json!({ "givenName": "Testara", "birthDate": "1990-03-14" });
        assert_eq!(found(&agency, single).await, likely);
        assert_eq!(found(&agency, named("Quite", "Different", "1950-05-05")).await, []);
    }

    async fn what_another_organization_knows_changes_nothing_that_can_be_seen(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let held = registers(&other, named("Testara", "Specimenova", "1990-03-14")).await;
        look(&app).await;
        let ask = async |identity: Value| {
            app.statements();
            let payload = agency.done("claimantMatch", json!({ "identity": identity }), ASK).await;
            (payload, app.statement_texts())
        };
        // The same length, so that nothing but what is known elsewhere differs.
        ask(named("Warming", "Everythingup", "1980-02-02")).await;
        let nobody = ask(named("Nobodyo", "Unheardofia", "1990-03-15")).await;
        let somebody = ask(named("Testara", "Specimenova", "1990-03-14")).await;
        assert_eq!(somebody, nobody);
        assert_eq!(somebody.0["matches"], json!([]));
        app.settle().await;
        let disclosures = "{ disclosures { edges { node { id } } } }";
        assert_eq!(agency.query(disclosures).await.data()["disclosures"]["edges"], json!([]));
        assert_eq!(told(&agency, &held).await, [""; 0]);
    }

    async fn whoever_keeps_the_file_is_told_that_and_not_by_whom_a_person_was_sought(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let held = registers(&other, named("Testara", "Specimenova", "1990-03-14")).await;
        look(&app).await;
        let position = app.journal_length().await;
        found(&agency, named("Testara", "Specimenova", "1990-03-14")).await;
        look(&app).await;
        assert_eq!(told(&other, &held).await, ["\"CLAIMANT_SOUGHT\" null"]);
        assert_eq!(told(&agency, &held).await, [""; 0]);
        assert_eq!(app.journal_length().await - position, 2, "the question, and that it found somebody");
        look(&app).await;
        assert_eq!(told(&other, &held).await.len(), 1, "once");
    }

    async fn one_person_registered_twice_is_put_forward_once_and_to_its_keeper_alone(app: TestApp) {
        let (first, second, pair) = registered_twice(&app).await;
        assert_eq!((&pair["first"]["id"], &pair["second"]["id"]), (&first, &second));
        assert_eq!(pair["likeness"], "LIKELY");
        let again = json!({ "id": second, "expectedVersion": 1, "identity": named("Testara", "Specimenova", "1990-03-14") });
        app.as_agency().done("claimantUpdate", again, "claimant { id }").await;
        look(&app).await;
        assert_eq!(pairs(&app.as_agency(), Value::Null).await.len(), 1);
        for stranger in ["other-agency", "provider"] {
            let stranger = app.client(stranger);
            assert_eq!(pairs(&stranger, Value::Null).await, [Value::Null; 0]);
            let input = |id: &Value| json!({ "id": id, "expectedVersion": 1, "decision": "SAME" });
            let missing = app.missing(claimant_gateway::opaque::NodeType::DuplicateCandidate);
            assert_eq!(stranger.refused("duplicateDecide", input(&pair["id"])).await, "NOT_FOUND");
            assert_eq!(stranger.refused("duplicateDecide", input(&missing)).await, "NOT_FOUND");
            let node = "query($id: ID!) { node(id: $id) { id } }";
            assert!(stranger.ask(node, json!({ "id": pair["id"] })).await.data()["node"].is_null());
        }
        let ministry = app.as_ministry().query("{ duplicateCandidates { edges { node { id } } } }").await;
        assert_eq!(ministry.error_code(), "FORBIDDEN");
        let ministry = app.as_ministry().mutate("claimantMatch", json!({ "identity": {} }), ASK).await;
        assert_eq!(ministry.error_code(), "FORBIDDEN");
    }

    async fn a_merge_keeps_both_ids_and_is_taken_back(app: TestApp) {
        let agency = app.as_agency();
        let (first, second, pair) = registered_twice(&app).await;
        agency.consents(&second, Value::Null).await;
        let sent = agency.sends(&second, &app.service()).await;
        let same = decide(&agency, &pair, "SAME").await;
        assert_eq!(same["decidedBy"], "worker-of-agency");
        let merged = "mergedInto { id } mergedFrom { id } referrals { edges { node { id } } }";
        let survivor = agency.sees_claimant(&first, merged).await;
        assert_eq!(survivor["mergedFrom"], json!([{ "id": second }]));
        assert_eq!(survivor["referrals"]["edges"], json!([{ "node": { "id": sent.id } }]));
        assert_eq!(agency.sees_claimant(&second, merged).await["mergedInto"]["id"], first);
        let listed = "{ claimants(filter: { text: \"testara\" }) { edges { node { id } } } }";
        let edges = agency.query(listed).await.data()["claimants"]["edges"].clone();
        assert_eq!(edges, json!([{ "node": { "id": first } }]));
        assert_eq!(found(&agency, named("Testara", "Specimenova", "1990-03-14")).await[0].0, first);
        // A party knows the person by the id that it was sent, and by no other.
        let party = app.as_provider().sees(&sent, "claimant { id mergedInto { id } mergedFrom { id } }").await;
        assert_eq!(party["claimant"], json!({ "id": second, "mergedInto": null, "mergedFrom": [] }));
        assert!(app.as_provider().sees_claimant(&first, "id").await.is_null());

        let open = decide(&agency, &same, "OPEN").await;
        assert_eq!((&open["status"], &open["decidedBy"]), (&json!("OPEN"), &Value::Null));
        assert!(agency.sees_claimant(&second, merged).await["mergedInto"].is_null());
        let different = decide(&agency, &open, "DIFFERENT").await;
        assert_eq!(pairs(&agency, json!("DIFFERENT")).await[0]["id"], different["id"]);
        let stale = json!({ "id": pair["id"], "expectedVersion": 1, "decision": "SAME" });
        assert_eq!(agency.refused("duplicateDecide", stale).await, "STALE_VERSION");
    }

    async fn a_person_of_two_organizations_counts_once_and_neither_knows(app: TestApp) {
        let ministry = app.as_ministry();
        let mut people = Vec::new();
        for client in [app.as_agency(), app.client("other-agency")] {
            let claimant = registers(&client, named("Testara", "Specimenova", "1990-03-14")).await;
            client.consents(&claimant, Value::Null).await;
            client.sends(&claimant, &app.service()).await;
            people.push(claimant);
        }
        look(&app).await;
        assert_eq!(app.linked_people().await, [2], "two claimants are one person");
        for (client, own) in [(app.as_agency(), &people[0]), (app.client("other-agency"), &people[1])] {
            assert_eq!(pairs(&client, Value::Null).await, [Value::Null; 0]);
            assert_eq!(told(&client, own).await, [""; 0]);
        }
        let erased = json!({ "id": people[0], "expectedVersion": 1 });
        app.as_agency().done("claimantErase", erased, "userErrors { code }").await;
        assert_eq!(app.linked_people().await, [1]);
        let report = "{ referralReport(input: { period: { from: \"2026-01-01\", to: \"2026-12-31\" }, groupBy: [STATUS],
            measure: CLAIMANTS }) { total } }";
        assert!(ministry.query(report).await.data()["referralReport"].is_object());
    }

    async fn tokens_of_an_erased_person_and_of_an_old_key_are_gone(app: TestApp) {
        let agency = app.as_agency();
        let erased = registers(&agency, named("Testara", "Specimenova", "1990-03-14")).await;
        let kept = registers(&agency, named("Keptova", "Specimenski", "1985-07-21")).await;
        let input = json!({ "id": erased, "expectedVersion": 1 });
        agency.done("claimantErase", input, "userErrors { code }").await;
        assert_eq!(found(&agency, named("Testara", "Specimenova", "1990-03-14")).await, []);
        drop(agency);
        let tokens = Ring { current: "new".to_owned(), keys: [("new".to_owned(), [9; 32])].into() };
        let app = app.sealed_by(Ring::default(), tokens);
        let identity = named("Keptova", "Specimenski", "1985-07-21");
        assert_eq!(found(&app.as_agency(), identity.clone()).await[0].0, kept, "before its rotation");
        let rotated = app.store.unscoped_retoken(&mut |_| {}).await.expect("tokens are made anew");
        assert_eq!(rotated.failed, 0);
        assert_eq!(found(&app.as_agency(), identity).await[0].0, kept, "after it");
    }
}
