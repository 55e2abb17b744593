//! What is sealed: a copy of the database tells nothing of a person, keys rotate while requests are answered, and what
//! is erased is gone. Here the database is looked at past the gateway, as whoever copied it would.
use claimant_gateway::{config::Ring, opaque::NodeType, store::rotate::Rotated};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};
use serde_json::{Value, json};

use crate::common::{
    Engine,
    app::{Client, TestApp},
    journey::{assert_same_answer, merged},
    on_both_databases,
    story::{Plot, Story},
};

/// Keys of one purpose; each is one byte many times.
fn ring(current: &str, keys: &[(&str, u8)]) -> Ring {
    Ring {
        current: current.to_owned(),
        keys: keys
            .iter()
            .map(|(id, byte)| ((*id).to_owned(), [*byte; 32]))
            .collect(),
    }
}

async fn rows(connection: &DatabaseConnection, query: &str) -> Vec<QueryResult> {
    let backend = connection.get_database_backend();
    connection
        .query_all_raw(Statement::from_string(backend, query))
        .await
        .expect("the query runs")
}

/// Everything that a copy of the database holds: the files of SQLite, every row of PostgreSQL.
async fn copy_of(app: &TestApp) -> Vec<u8> {
    match app.database.engine {
        Engine::Sqlite => {
            let path = app.database.url.trim_start_matches("sqlite://");
            let path = path.split('?').next().expect("a path");
            let mut bytes = std::fs::read(path).expect("the file can be read");
            bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
            bytes
        }
        Engine::Postgres => {
            let connection = app.database.connect().await;
            let tables = "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'";
            let mut text = String::new();
            for table in rows(&connection, tables).await {
                let table: String = table.try_get("", "name").expect("a name");
                let query = format!("SELECT t::text AS line FROM \"{table}\" t");
                for row in rows(&connection, &query).await {
                    text.push_str(&row.try_get::<String>("", "line").expect("a line"));
                    text.push('\n');
                }
            }
            text.into_bytes()
        }
    }
}

/// Whether a copy holds a text, as itself or in hexadecimal, as PostgreSQL prints bytes.
fn holds(copy: &[u8], text: &[u8]) -> bool {
    let found = |text: &[u8]| copy.windows(text.len()).any(|part| part == text);
    let hexadecimal: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
    found(text) || found(hexadecimal.as_bytes())
}

/// Writes whatever can be written of a person: every text of it begins with Q and ends with the label.
async fn written(app: &TestApp) -> Story {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let mut story = Story::sent(app, Plot::open("Qwert")).await;
    let authorized = json!({ "claimantId": story.claimant, "purposes": ["HEALTH"], "fieldGroups": [], "anyParty": true,
        "method": "VERBAL", "authority": "AuthorityQwert" });
    agency
        .done("consentRecord", authorized, "consent { id }")
        .await;
    let identifiers =
        json!([{ "kind": "UCI", "value": "1122-3344" }, { "kind": "RPCD", "value": "RpcdQwert" }]);
    let update = json!({ "id": story.claimant, "expectedVersion": 1, "identifiers": identifiers });
    agency
        .done("claimantUpdate", update, "claimant { id }")
        .await;
    story
        .act(&provider, "referralAccept", json!({ "note": "NoteQwert" }))
        .await;
    story.act(&provider, "referralStart", json!({})).await;
    let said = json!({ "referralId": story.referral, "body": "SaidQwert" });
    agency.done("messageSend", said, "referral { id }").await;
    let booked = json!({ "referralId": story.referral, "status": "BOOKED", "startsAt": "2026-06-02T15:00:00Z",
        "place": "PlaceQwert", "note": "BringQwert" });
    let left = provider
        .done("appointmentSave", booked, "referral { id version }")
        .await;
    story.take(&left["referral"]);
    let outcomes =
        json!([{ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01", "note": "OutcomeQwert" }]);
    story
        .act(
            &provider,
            "referralComplete",
            json!({ "outcomes": outcomes, "note": "EndQwert" }),
        )
        .await;
    let hold = json!({ "id": story.claimant, "held": true, "note": "HoldQwert" });
    agency.done("claimantHold", hold, "claimant { id }").await;
    let sought = json!({ "identity": { "givenName": "SoughtQwert" } });
    agency.done("claimantMatch", sought, "__typename").await;
    story.withdraw(app).await;
    story
}

const SECRETS: [&str; 21] = [
    "GivenQwert",
    "FamilyQwert",
    "GenderQwert",
    "1990-04-01",
    "SafeQwert",
    "AsideQwert",
    "UnsafeQwert",
    "2029-01-01",
    "REFERRED_TO_IRB",
    "1122-3344",
    "RpcdQwert",
    "ToldQwert",
    "AuthorityQwert",
    "NoteQwert",
    "OutcomeQwert",
    "HoldQwert",
    "WithdrawnQwert",
    "SoughtQwert",
    "SaidQwert",
    "PlaceQwert",
    "BringQwert",
];

const EVERYTHING: &str = "query($id: ID!, $referral: ID!) {
    claimant(id: $id) { identity { fullName gender birthDate } contact { points { value note } }
        identifiers { last4 } claimStatus { stage workPermitExpiresOn } }
    referral(id: $referral) { summary outcomes { note } messages { edges { node { body } } } appointments { place note } history { edges { node { note } } } }
    changes(first: 100) { edges { node { kind note } } } }";

async fn everything(client: &Client<'_>, story: &Story) -> Value {
    client.app().settle().await;
    let ids = json!({ "id": story.claimant, "referral": story.referral });
    client.ask(EVERYTHING, ids).await.data().clone()
}

/// The answer to a question about a claimant whose facts do not open.
async fn broken(client: &Client<'_>, claimant: &Value) {
    let query = "query($id: ID!) { claimant(id: $id) { identity { fullName } } }";
    let answer = client.ask(query, json!({ "id": claimant })).await;
    assert_eq!(answer.error_code(), "INTERNAL");
    let told = answer.text.to_lowercase();
    for word in ["specimen", "testa", "other", "key", "seal"] {
        assert!(!told.contains(word), "{told}");
    }
}

async fn run(app: &TestApp, statement: &str) {
    let connection = app.database.connect().await;
    connection
        .execute_unprepared(statement)
        .await
        .expect("the statement runs");
    connection.close().await.expect("the connection closes");
}

/// The whole number that a query gives.
async fn count(app: &TestApp, query: &str) -> i64 {
    let connection = app.database.connect().await;
    let found = rows(&connection, query).await;
    connection.close().await.expect("the connection closes");
    found[0].try_get("", "n").expect("a number")
}

async fn full_name(client: &Client<'_>, claimant: &Value) -> Value {
    client
        .sees_claimant(claimant, "identity { fullName }")
        .await["identity"]["fullName"]
        .clone()
}

async fn found(client: &Client<'_>, text: &str) -> usize {
    let query =
        "query($text: String!) { claimants(filter: { text: $text }) { edges { node { id } } } }";
    let answer = client.ask(query, json!({ "text": text })).await;
    answer.data()["claimants"]["edges"]
        .as_array()
        .expect("edges")
        .len()
}

on_both_databases! {
    async fn a_copy_of_the_database_tells_nothing_that_was_written_of_a_person(app: TestApp) {
        let story = written(&app).await;
        let told = everything(&app.as_agency(), &story).await.to_string();
        for secret in SECRETS {
            let shown = !matches!(secret, "AuthorityQwert" | "1122-3344" | "RpcdQwert" | "SoughtQwert");
            assert_eq!(told.contains(secret), shown, "{secret} in {told}");
        }
        let copy = copy_of(&app).await;
        assert!(holds(&copy, b"TownQwert"), "the open part is plain: what is there is found");
        for secret in SECRETS {
            assert!(!holds(&copy, secret.as_bytes()), "{secret} is in the database");
        }
    }

    async fn what_is_sealed_opens_for_its_own_claimant_and_nobody_else(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        assert_eq!(full_name(&agency, &claimant).await, "Testa Specimen");
        agency.registers("Other").await;
        // There are two: each gets what belongs to the other.
        let swapped = |table: &str, column: &str| format!(
            "UPDATE {table} SET {column} = other.{column} FROM (SELECT * FROM {table}) other
                WHERE other.claimant_id <> {table}.claimant_id"
        );
        run(&app, &swapped("claimant_identity", "content")).await;
        broken(&agency, &claimant).await;
        // Not even with the other's key: a content is bound to its claimant.
        run(&app, &swapped("claimant_key", "wrapped")).await;
        broken(&agency, &claimant).await;
        run(&app, &swapped("claimant_identity", "content")).await;
        broken(&agency, &claimant).await;
        run(&app, &swapped("claimant_key", "wrapped")).await;
        assert_eq!(full_name(&agency, &claimant).await, "Testa Specimen");
    }

    async fn free_text_opens_in_its_own_place_and_nowhere_else(app: TestApp) {
        let agency = app.as_agency();
        let draft = agency.creates(json!({ "summary": "A cook." })).await;
        let other = agency.creates(json!({ "summary": "A baker." })).await;
        assert_eq!(agency.sees(&draft, "summary").await["summary"], "A cook.");
        // Each gets the text of the other, with its key.
        run(&app, "UPDATE referral SET summary = other.summary, text_key = other.text_key
            FROM (SELECT * FROM referral) other WHERE other.id <> referral.id").await;
        for referral in [&draft, &other] {
            let answer = agency.ask("query($id: ID!) { referral(id: $id) { summary } }", json!({ "id": referral.id })).await;
            assert_eq!(answer.error_code(), "INTERNAL");
            assert_eq!(agency.sees(referral, "status").await["status"], "DRAFT", "the rest is answered");
            assert!(!answer.text.contains("A cook.") && !answer.text.contains("A baker."));
        }
    }

    async fn under_a_wrong_or_missing_master_key_nothing_opens_and_nothing_is_told(app: TestApp) {
        let app = app.sealed_by(ring("a", &[("a", 1)]), Ring::default());
        let claimant = app.as_agency().registers("Testa").await;
        let app = app.sealed_by(ring("a", &[("a", 2)]), Ring::default());
        broken(&app.as_agency(), &claimant).await;
        let app = app.sealed_by(Ring::default(), Ring::default());
        broken(&app.as_agency(), &claimant).await;
        let app = app.sealed_by(ring("a", &[("a", 1)]), Ring::default());
        assert_eq!(full_name(&app.as_agency(), &claimant).await, "Testa Specimen");
    }

    async fn master_keys_rotate_while_requests_read_and_write(app: TestApp) {
        let agency = app.as_agency();
        let mut people = Vec::new();
        for _ in 0..20 {
            people.push(agency.registers("Testa").await);
        }
        let draft = agency.creates(json!({ "summary": "A cook." })).await;
        let said = app.as_provider().does("referralClaim", &agency.asks_openly().await, Value::Null).await;
        agency.done("messageSend", json!({ "referralId": said.id, "body": "A baker." }), "referral { id }").await;
        let sought = json!({ "identity": { "givenName": "Sought" } });
        agency.done("claimantMatch", sought, "__typename").await;
        // Some keys follow from the secret; one is configured beside them.
        let app = app.sealed_by(ring("b", &[("b", 2)]), Ring::default());
        let agency = app.as_agency();
        let before = app.store.unscoped_key_status().await.expect("the status");
        assert_eq!((before.waiting(), before.claimants["derived"], before.requests["derived"]), (23, 20, 1));
        let working = async {
            for (place, claimant) in people.iter().enumerate() {
                assert_eq!(full_name(&agency, claimant).await, "Testa Specimen");
                let name = format!("Name{place}");
                let update = json!({ "id": claimant, "expectedVersion": 1, "identity": { "givenName": name } });
                agency.done("claimantUpdate", update, "claimant { id }").await;
                agency.registers("New").await;
            }
        };
        let mut told = Vec::new();
        let mut progress = |rotated: Rotated| told.push(rotated);
        let (rotated, ()) = tokio::join!(app.store.unscoped_rewrap(&mut progress), working);
        assert_eq!(rotated.expect("a rotation"), Rotated { done: 23, failed: 0 });
        assert_eq!(told.last().map(|rotated| rotated.done), Some(23));
        let after = app.store.unscoped_key_status().await.expect("the status");
        assert_eq!((after.waiting(), after.claimants["b"], after.requests["b"]), (0, 40, 1));
        // Everything opens under the new key, and a second run finds nothing to do.
        for (place, claimant) in people.iter().enumerate() {
            assert_eq!(full_name(&agency, claimant).await, format!("Name{place}"));
        }
        assert_eq!(agency.sees(&draft, "summary").await["summary"], "A cook.");
        let seen = agency.sees(&said, "messages { edges { node { body } } }").await;
        assert_eq!(seen["messages"]["edges"][0]["node"]["body"], "A baker.");
        let again = app.store.unscoped_rewrap(&mut |_| {}).await.expect("a rotation");
        assert_eq!(again, Rotated::default());
    }

    async fn a_rotation_leaves_what_it_cannot_open_and_says_so(app: TestApp) {
        let app = app.sealed_by(ring("a", &[("a", 1)]), Ring::default());
        let claimant = app.as_agency().registers("Testa").await;
        let app = app.sealed_by(ring("b", &[("b", 2)]), Ring::default());
        let rotated = app.store.unscoped_rewrap(&mut |_| {}).await.expect("a rotation");
        assert_eq!(rotated, Rotated { done: 0, failed: 1 });
        let app = app.sealed_by(ring("b", &[("a", 1), ("b", 2)]), Ring::default());
        let rotated = app.store.unscoped_rewrap(&mut |_| {}).await.expect("a rotation");
        assert_eq!(rotated, Rotated { done: 1, failed: 0 });
        assert_eq!(full_name(&app.as_agency(), &claimant).await, "Testa Specimen");
    }

    async fn tokens_rotate_while_people_are_searched_for(app: TestApp) {
        let agency = app.as_agency();
        let mut people = Vec::new();
        for _ in 0..10 {
            people.push(agency.registers("Testa").await);
        }
        let app = app.sealed_by(Ring::default(), ring("t", &[("t", 7)]));
        let agency = app.as_agency();
        // One is renamed before its turn comes: its tokens are the new key's, and are seen to all the same.
        let renamed = json!({ "id": people[0], "expectedVersion": 1, "identity": { "givenName": "Newname" } });
        agency.done("claimantUpdate", renamed, "claimant { id }").await;
        assert_eq!((found(&agency, "testa").await, found(&agency, "newname").await), (9, 1));
        let status = app.store.unscoped_key_status().await.expect("the status");
        assert_eq!((status.waiting_tokens(), status.tokens[&None]), (10, 1));
        let searching = async {
            for _ in 0..10 {
                assert_eq!(found(&agency, "testa").await, 9);
            }
        };
        let mut progress = |_| {};
        let (rotated, ()) = tokio::join!(app.store.unscoped_retoken(&mut progress), searching);
        assert_eq!(rotated.expect("a rotation"), Rotated { done: 10, failed: 0 });
        let status = app.store.unscoped_key_status().await.expect("the status");
        assert_eq!(status.waiting_tokens(), 0);
        assert_eq!((found(&agency, "testa").await, found(&agency, "newname").await), (9, 1));
        // Under the new key alone: the old one finds nobody.
        let app = app.sealed_by(Ring::default(), Ring::default());
        assert_eq!(found(&app.as_agency(), "testa").await, 0);
    }

    async fn what_is_erased_cannot_be_had_again(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut story = Story::accepted(&app, Plot::open("Qwert")).await;
        story.act(&provider, "referralStart", json!({ "note": "NoteQwert" })).await;
        let said = json!({ "referralId": story.referral, "body": "SaidQwert" });
        agency.done("messageSend", said, "referral { id }").await;
        let keys = {
            let connection = app.database.connect().await;
            let of_claimant = rows(&connection, "SELECT wrapped AS bytes FROM claimant_key").await;
            let of_referral = rows(&connection, "SELECT text_key AS bytes FROM referral").await;
            connection.close().await.expect("the connection closes");
            of_claimant.iter().chain(&of_referral)
                .map(|row| row.try_get::<Vec<u8>>("", "bytes").expect("a key"))
                .collect::<Vec<_>>()
        };
        let copy = copy_of(&app).await;
        assert!(keys.len() == 2 && keys.iter().all(|key| holds(&copy, key)), "the keys are there, wrapped");
        let key = json!({ "idempotencyKey": "0197a1b0-0000-7000-8000-000000000001" });
        let erase = merged(json!({ "id": story.claimant, "expectedVersion": 1 }), key);
        let selection = "claimant { id version erasedAt municipality language region { code } ageBand identityAccess
            identity { fullName } contact { points { value } } identifiers { last4 } claimStatus { stage } }";
        let erased = agency.done("claimantErase", erase.clone(), selection).await;
        assert_eq!(erased["claimant"], json!({
            "id": story.claimant, "version": 2, "erasedAt": "2026-06-01T14:00:00Z", "municipality": null, "language": null,
            "region": null, "ageBand": null, "identityAccess": "GRANTED", "identity": null, "contact": null,
            "identifiers": null, "claimStatus": null,
        }));
        assert_eq!(agency.done("claimantErase", erase, selection).await, erased, "once more with the same key");
        // Neither the file nor its log holds the keys any more, so no copy made from here on does.
        let copy = copy_of(&app).await;
        for secret in keys.iter().map(Vec::as_slice).chain([b"Qwert".as_slice()]) {
            assert!(!holds(&copy, secret));
        }
        app.settle().await;
        let of_agency = everything(&agency, &story).await;
        assert_eq!(of_agency["referral"]["summary"], Value::Null);
        assert!(!of_agency.to_string().contains("Qwert"), "{of_agency}");
        assert_eq!(found(&agency, "given").await, 0);
        let of_provider = provider.query("{ changes(first: 100) { edges { node { kind note } } } }").await;
        let last = of_provider.data()["changes"]["edges"].as_array().expect("edges").iter().rev().take(1)
            .map(|edge| edge["node"]["kind"].clone()).collect::<Vec<_>>();
        assert_eq!(last, ["ACCESS_ENDED"]);
        let seen = provider.ask("query($id: ID!) { claimant(id: $id) { id } }", json!({ "id": story.claimant })).await;
        assert_eq!(seen.data()["claimant"], Value::Null);
    }

    async fn what_stays_of_who_was_erased_is_what_happened_and_no_fact_about_the_person(app: TestApp) {
        const FACTS: [&str; 4] = [
            "SELECT COUNT(*) AS n FROM referral WHERE language IS NOT NULL AND interpreter_needed IS NOT NULL
                AND age_band IS NOT NULL",
            "SELECT COUNT(*) AS n FROM referral WHERE party_size IS NOT NULL AND assignee IS NOT NULL",
            "SELECT COUNT(*) AS n FROM consent WHERE language IS NOT NULL OR interpreter <> 'NONE'",
            "SELECT COUNT(*) AS n FROM need WHERE wanted_from IS NOT NULL",
        ];
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut story = Story::begin(&app, Plot::open("Plain")).await;
        let input = json!({ "claimantId": story.claimant, "category": "EMPLOYMENT", "serviceId": app.service(),
            "partySize": 3, "send": true });
        let created = agency.done("referralCreate", input, "referral { id version }").await;
        story.take(&created["referral"]);
        story.act(&provider, "referralAccept", json!({})).await;
        story.act(&provider, "referralAssign", json!({ "assignee": "worker-7" })).await;
        agency.consents(&story.claimant, json!({ "language": "spa", "interpreter": "FAMILY" })).await;
        let wanted = json!({ "claimantId": story.claimant, "category": "HOUSING", "wantedFrom": "2026-07-01" });
        agency.done("needRecord", wanted, "claimant { id }").await;
        // The person has a consent with a language and a need with a day already.
        for (query, there) in FACTS.into_iter().zip([1, 1, 2, 2]) {
            assert_eq!(count(&app, query).await, there, "{query}");
        }
        let erase = json!({ "id": story.claimant, "expectedVersion": 1 });
        agency.done("claimantErase", erase, "claimant { id }").await;
        for query in FACTS {
            assert_eq!(count(&app, query).await, 0, "{query}");
        }
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM referral WHERE language IS NULL AND interpreter_needed IS NULL
            AND age_band IS NULL AND party_size IS NULL AND assignee IS NULL").await, 1);
        assert_eq!(count(&app, "SELECT COUNT(*) AS n FROM need").await, 2, "what was needed stays");
    }

    async fn nothing_is_written_any_more_of_who_was_erased(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mut story = Story::accepted(&app, Plot::open("Qwert")).await;
        let outcomes = json!([{ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01" }]);
        story.act(&provider, "referralStart", json!({})).await;
        story.act(&provider, "referralComplete", json!({ "outcomes": outcomes })).await;
        let draft = agency.creates(json!({ "claimantId": story.claimant })).await;
        let erase = json!({ "id": story.claimant, "expectedVersion": 1 });
        agency.done("claimantErase", erase.clone(), "claimant { id }").await;
        let id = &story.claimant;
        for (mutation, input) in [
            ("claimantErase", erase),
            ("claimantHold", json!({ "id": id, "held": true, "note": "Asked for." })),
            ("claimantUpdate", json!({ "id": id, "expectedVersion": 2, "language": "ukr" })),
            ("needRecord", json!({ "claimantId": id, "category": "HOUSING" })),
            ("consentRecord", json!({ "claimantId": id, "purposes": ["EMPLOYMENT"], "fieldGroups": [], "anyParty": true,
                "method": "VERBAL" })),
            ("referralCreate", json!({ "claimantId": id, "category": "EMPLOYMENT" })),
        ] {
            assert_eq!(agency.refused(mutation, input).await, "CLAIMANT_ERASED", "{mutation}");
        }
        let outcome = |note: Option<&str>| json!({ "referralId": story.referral,
            "outcome": { "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01", "note": note } });
        for note in [Some("Told."), None] {
            assert_eq!(provider.refused("outcomeRecord", outcome(note)).await, "NOT_FOUND", "as of whoever excludes it");
        }
        let seen = provider.ask("query($id: ID!) { referral(id: $id) { id } }", json!({ "id": story.referral })).await;
        assert_eq!(seen.data()["referral"], Value::Null);
        assert_eq!(agency.sees_id(&story.referral, "status outcomes { kind }").await,
            json!({ "status": "COMPLETED", "outcomes": [{ "kind": "EMPLOYED_FULL_TIME" }] }), "its keeper knows what became of it");
        let seen = provider.ask("query($id: ID!) { claimant(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(seen.data()["claimant"], Value::Null);
        let gone = agency.ask("query($id: ID!) { referral(id: $id) { id } }", json!({ "id": draft.id })).await;
        assert_eq!(gone.data()["referral"], Value::Null, "a draft goes with its claimant");
        let listed = agency.query("{ claimants { edges { node { id } } } }").await;
        assert_eq!(listed.data()["claimants"]["edges"], json!([]));
    }

    async fn a_legal_hold_postpones_erasure_until_it_is_lifted(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers("Testa").await;
        let selection = "claimant { version heldSince erasureRequestedAt erasedAt identity { givenName } }";
        let hold = |held: bool| json!({ "id": claimant, "held": held, "note": "An inquiry." });
        let held = agency.done("claimantHold", hold(true), selection).await;
        assert_eq!(held["claimant"]["heldSince"], "2026-06-01T14:00:00Z");
        app.clock.advance(chrono::TimeDelta::hours(1));
        let erase = |version: i32| json!({ "id": claimant, "expectedVersion": version });
        assert_eq!(agency.refused("claimantErase", erase(1)).await, "STALE_VERSION");
        let requested = agency.done("claimantErase", erase(2), selection).await;
        assert_eq!(requested["claimant"], json!({ "version": 3, "heldSince": "2026-06-01T14:00:00Z",
            "erasureRequestedAt": "2026-06-01T15:00:00Z", "erasedAt": null, "identity": { "givenName": "Testa" } }));
        let lifted = agency.done("claimantHold", hold(false), selection).await;
        assert_eq!(lifted["claimant"], json!({ "version": 5, "heldSince": null, "erasureRequestedAt": null,
            "erasedAt": "2026-06-01T15:00:00Z", "identity": null }));
        app.settle().await;
        let changes = agency.query("{ changes(first: 100) { edges { node { kind note } } } }").await;
        let kinds: Vec<_> = changes.data()["changes"]["edges"].as_array().expect("edges").iter()
            .map(|edge| (edge["node"]["kind"].as_str().expect("a kind"), edge["node"]["note"].clone())).collect();
        assert_eq!(kinds, [
            ("CLAIMANT_REGISTERED", Value::Null), ("CLAIMANT_HELD", Value::Null), ("CLAIMANT_ERASURE_REQUESTED", Value::Null),
            ("CLAIMANT_HOLD_LIFTED", Value::Null), ("CLAIMANT_ERASED", Value::Null),
        ]);
    }

    async fn only_the_registering_organization_erases_or_holds_a_person(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let missing = app.missing(NodeType::Claimant);
        let erase = |id: &Value| json!({ "id": id, "expectedVersion": 1 });
        let hold = |id: &Value| json!({ "id": id, "held": true, "note": "Asked for." });
        for who in ["provider", "other-agency", "ministry", ""] {
            let client = if who.is_empty() { app.anonymous() } else { app.client(who) };
            for (mutation, there, none) in [
                ("claimantErase", erase(&claimant), erase(&missing)), ("claimantHold", hold(&claimant), hold(&missing)),
            ] {
                let there = client.mutate(mutation, there, "claimant { id }").await;
                let none = client.mutate(mutation, none, "claimant { id }").await;
                assert_same_answer(&there, &none, &format!("{mutation} by {who}"));
            }
        }
        let sent = agency.sends(&claimant, &app.service()).await;
        let provider = app.as_provider();
        provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(provider.refused("claimantErase", erase(&claimant)).await, "ROLE_NOT_ALLOWED");
        assert_eq!(provider.refused("claimantHold", hold(&claimant)).await, "ROLE_NOT_ALLOWED");
        // A hold is the registering organization's to know.
        agency.done("claimantHold", hold(&claimant), "claimant { id }").await;
        let selection = "heldSince erasureRequestedAt erasedAt";
        assert_eq!(provider.sees_claimant(&claimant, selection).await,
            json!({ "heldSince": null, "erasureRequestedAt": null, "erasedAt": null }));
        assert_eq!(full_name(&agency, &claimant).await, "Testa Specimen");
    }
}
