//! The audit chain: what whoever can write to the database changes is found out, as far as somebody kept a checkpoint.
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use claimant_gateway::{
    command::{AuditVerifyArguments, DatabaseArgument, ReportFormat, audit},
    config::{Config, Secret},
    store::audit::verify::{Fault, Finding, Place, Report, Trust},
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::common::{
    Engine,
    app::TestApp,
    on_both_databases,
    story::{Plot, Story},
};

/// A short history: journal entries, and four disclosures after them.
async fn live(app: &TestApp) -> Story {
    let story = Story::accepted(app, Plot::open("Chain")).await;
    for _ in 0..4 {
        let identity = "identity { fullName }";
        app.as_provider()
            .sees_claimant(&story.claimant, identity)
            .await;
    }
    app.settle().await;
    story
}

async fn report(app: &TestApp) -> Report {
    let trust = Trust::default();
    let report = app
        .store
        .unscoped_verify_audit(&trust, &mut |_, _| {})
        .await;
    report.expect("the chain can be read")
}

async fn finding(app: &TestApp) -> Finding {
    report(app).await.finding.expect("something is found")
}

/// The whole numbers that a query gives.
async fn numbers(app: &TestApp, query: &str) -> Vec<i64> {
    let connection = app.database.connect().await;
    let backend = connection.get_database_backend();
    let rows = connection
        .query_all_raw(Statement::from_string(backend, query))
        .await
        .expect("the query runs");
    connection.close().await.expect("the connection closes");
    let number = |row: &sea_orm::QueryResult| row.try_get::<i64>("", "n").expect("a number");
    rows.iter().map(number).collect()
}

/// The positions of the disclosures.
async fn disclosures(app: &TestApp) -> Vec<i64> {
    numbers(
        app,
        "SELECT position AS n FROM disclosure ORDER BY position",
    )
    .await
}

/// The command's own verdict.
async fn verdict(app: &TestApp, checkpoint: Option<&Value>) -> Result<(), String> {
    verdict_of(app.config(), checkpoint, Vec::new()).await
}

/// The same of a gateway with another configuration, which also trusts these keys.
async fn verdict_of(
    config: Config,
    checkpoint: Option<&Value>,
    trusted_key: Vec<String>,
) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("checkpoint.json");
    if let Some(checkpoint) = checkpoint {
        std::fs::write(&file, checkpoint.to_string()).expect("a file");
    }
    let arguments = AuditVerifyArguments {
        checkpoint: checkpoint.map(|_| file),
        trusted_key,
        format: ReportFormat::Json,
        quiet: true,
        database: DatabaseArgument::default(),
    };
    let verified = Box::pin(audit::verify(arguments, config)).await;
    verified.map_err(|failure| failure.to_string())
}

async fn checkpoint(app: &TestApp) -> Value {
    let answer = app
        .as_agency()
        .query("{ auditCheckpoint { position at link signature keyId publicKey } }")
        .await;
    answer.data()["auditCheckpoint"].clone()
}

on_both_databases! {
    async fn what_was_not_touched_holds(app: TestApp) {
        let nothing = report(&app).await;
        assert_eq!(nothing, Report::default(), "an empty chain holds");
        live(&app).await;
        let report = report(&app).await;
        assert_eq!(report.finding, None);
        assert_eq!(report.disclosures, 4);
        assert_eq!(report.links, report.journal_entries + 4);
        assert_eq!(report.checkpoints, 1);
        assert_eq!(verdict(&app, None).await, Ok(()));
        let journal = numbers(&app, "SELECT position AS n FROM journal_entry ORDER BY position").await;
        assert_eq!(journal.len() as u64, report.journal_entries, "every entry is in it");
    }

    async fn a_field_that_was_altered_is_found(app: TestApp) {
        live(&app).await;
        let second = disclosures(&app).await[1];
        app.tamper(&format!("UPDATE disclosure SET client = 'another' WHERE position = {second}")).await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Disclosure, Fault::Altered, second));
        assert!(found.id.is_some());
        app.tamper(&format!("UPDATE disclosure SET client = 'worker-of-provider' WHERE position = {second}")).await;
        assert_eq!(report(&app).await.finding, None, "as it was, it holds");
        app.tamper("UPDATE journal_entry SET actor = 'another' WHERE position = 2").await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::JournalEntry, Fault::Altered, 2));
        assert_eq!(verdict(&app, None).await, Err("the audit chain does not hold".to_owned()));
    }

    async fn a_row_that_was_deleted_is_found(app: TestApp) {
        live(&app).await;
        let third = disclosures(&app).await[2];
        app.tamper(&format!("DELETE FROM disclosure WHERE position = {third}")).await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Disclosure, Fault::Missing, third));
        app.tamper(&format!("DELETE FROM audit_link WHERE position = {third}")).await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Link, Fault::Missing, third), "nor with its link");
        app.tamper("DELETE FROM journal_entry WHERE position = 2").await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::JournalEntry, Fault::Missing, 2));
    }

    async fn rows_that_changed_places_are_found(app: TestApp) {
        live(&app).await;
        let positions = disclosures(&app).await;
        let (first, second) = (positions[0], positions[1]);
        for (from, to) in [(first, -1), (second, first), (-1, second)] {
            app.tamper(&format!("UPDATE disclosure SET position = {to} WHERE position = {from}")).await;
        }
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Disclosure, Fault::Reordered, first));
        for (from, to) in [(2, -1), (3, 2), (-1, 3)] {
            app.tamper(&format!("UPDATE journal_entry SET position = {to} WHERE position = {from}")).await;
        }
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::JournalEntry, Fault::Reordered, 2));
    }

    async fn a_row_that_was_never_linked_is_found(app: TestApp) {
        live(&app).await;
        let id = if app.database.engine == Engine::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        let last = disclosures(&app).await[3];
        app.tamper(&format!(
            "INSERT INTO disclosure (id, position, at, organization_id, client, subject, claimant_id, field_groups)
             SELECT {id}, 1, at, organization_id, client, subject, claimant_id, field_groups FROM disclosure
             WHERE position = {last}"
        )).await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Disclosure, Fault::Added, 1));
        app.tamper("UPDATE disclosure SET position = 1000 WHERE position = 1").await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Disclosure, Fault::Added, 1000));
    }

    async fn a_chain_that_was_cut_off_is_found_by_its_end_and_by_a_kept_checkpoint(app: TestApp) {
        live(&app).await;
        let kept = checkpoint(&app).await;
        assert_eq!(verdict(&app, Some(&kept)).await, Ok(()));
        let last = disclosures(&app).await[3];
        assert_eq!(kept["position"], last.to_string());
        app.tamper(&format!("DELETE FROM disclosure WHERE position = {last}")).await;
        app.tamper(&format!("DELETE FROM audit_link WHERE position = {last}")).await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Link, Fault::Missing, last));
        // Whoever also sets the end back, and takes the checkpoint away, is found by who kept one.
        app.tamper("DELETE FROM audit_checkpoint").await;
        app.tamper(&format!(
            "UPDATE audit_head SET position = position - 1, checkpoint_position = 0,
             link = (SELECT link FROM audit_link WHERE position = {last} - 1)"
        )).await;
        assert_eq!(report(&app).await.finding, None, "nothing in the database tells any more");
        assert_eq!(verdict(&app, Some(&kept)).await, Err("the audit chain does not hold".to_owned()));
    }

    async fn a_chain_made_anew_does_not_meet_its_checkpoints(app: TestApp) {
        live(&app).await;
        let kept = checkpoint(&app).await;
        app.tamper("UPDATE journal_entry SET actor = 'another' WHERE position = 2").await;
        for table in ["audit_link", "audit_head", "disclosure"] {
            app.tamper(&format!("DELETE FROM {table}")).await;
        }
        app.tamper("UPDATE audit_checkpoint SET position = 1").await;
        let chained = app.store.unscoped_chain("test").await;
        assert!(chained.is_ok(), "it is made anew: {chained:?}");
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault), (Place::Checkpoint, Fault::Altered));
        assert!(verdict(&app, Some(&kept)).await.is_err());
    }

    async fn a_checkpoint_that_another_key_signed_is_not_taken(app: TestApp) {
        live(&app).await;
        let mut kept = checkpoint(&app).await;
        let bytes = if app.database.engine == Engine::Sqlite { "x'00'" } else { "'\\x00'" };
        app.tamper(&format!("UPDATE audit_checkpoint SET signature = {bytes}")).await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault), (Place::Checkpoint, Fault::NotSigned));
        app.tamper("DELETE FROM audit_checkpoint").await;
        app.tamper("UPDATE audit_head SET checkpoint_position = 0").await;
        assert_eq!(verdict(&app, Some(&kept)).await, Ok(()));
        kept["position"] = json!("1");
        assert!(verdict(&app, Some(&kept)).await.is_err(), "it is not what was signed");
    }

    async fn no_entry_of_the_journal_excuses_a_disclosure_that_is_gone(app: TestApp) {
        live(&app).await;
        let second = disclosures(&app).await[1];
        let id = if app.database.engine == Engine::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
        let entry = format!(
            "INSERT INTO journal_entry (id, at, actor, client, subject_type, subject_id, subject_version, kind, audience)
             SELECT {id}, at, 'operator', 'operator', 'DISCLOSURE', id, 1, 'DISCLOSURE_REMOVED', '[]' FROM disclosure
             WHERE position = {second}"
        );
        app.tamper(&entry).await;
        app.tamper(&format!("DELETE FROM disclosure WHERE position = {second}")).await;
        app.tamper(&format!("UPDATE audit_link SET salt = NULL WHERE position = {second}")).await;
        // Whoever writes to the database writes such an entry as well, and the gateway numbers and links it.
        app.settle().await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Disclosure, Fault::Missing, second));
        assert_eq!(verdict(&app, None).await, Err("the audit chain does not hold".to_owned()));
    }

    async fn who_is_erased_leaves_a_chain_that_holds(app: TestApp) {
        let story = live(&app).await;
        let (kept, rows) = (checkpoint(&app).await, disclosures(&app).await.len());
        assert_eq!(rows, 4, "the person was disclosed");
        let journal = "SELECT position AS n FROM journal_entry ORDER BY position";
        let entries = numbers(&app, journal).await.len();
        // What has not been numbered or linked yet when the person is erased is linked afterwards.
        app.as_provider().sees_claimant(&story.claimant, "identity { fullName }").await;
        let erase = json!({ "id": story.claimant, "expectedVersion": 1 });
        let erased = app.as_agency().done("claimantErase", erase, "claimant { erasedAt identity { fullName } }").await;
        assert!(erased["claimant"]["erasedAt"].is_string());
        assert_eq!(erased["claimant"]["identity"], Value::Null);
        for _ in 0..2 {
            assert_eq!(verdict(&app, None).await, Ok(()));
            assert_eq!(verdict(&app, Some(&kept)).await, Ok(()), "from before the erasure");
            app.settle().await;
        }
        let report = report(&app).await;
        assert_eq!((report.finding, report.disclosures), (None, 5), "history stays");
        assert!(report.journal_entries > entries as u64, "and goes on");
        app.clock.advance(chrono::TimeDelta::hours(1));
        app.as_agency().registers("Testa").await;
        app.settle().await;
        let later = checkpoint(&app).await;
        assert_ne!(later, kept);
        for kept in [&kept, &later] {
            assert_eq!(verdict(&app, Some(kept)).await, Ok(()));
        }
        // It is the person that is forgotten, not who was told of whom.
        let second = disclosures(&app).await[1];
        app.tamper(&format!("UPDATE disclosure SET client = 'another' WHERE position = {second}")).await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Disclosure, Fault::Altered, second));
    }

    async fn a_disclosure_is_in_the_chain_with_the_next_turn_of_the_sequencer(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Turn")).await;
        app.settle().await;
        let before = report(&app).await;
        assert_eq!(before.disclosures, 0);
        app.as_provider().sees_claimant(&story.claimant, "identity { fullName }").await;
        assert_eq!(disclosures(&app).await, [] as [i64; 0], "the answer does not wait for it");
        let numbered = app.store.unscoped_number_entries("test").await.expect("entries are numbered");
        let more = app.store.unscoped_chain("test").await.expect("the chain grows");
        assert_eq!((numbered, more), (0, false), "one turn is enough");
        assert_eq!(disclosures(&app).await, [i64::try_from(before.links).expect("few") + 1]);
        let after = report(&app).await;
        assert_eq!((after.disclosures, after.links, after.finding), (1, before.links + 1, None));
        assert!(Config::default().sequencer.poll_milliseconds.get() <= 1_000, "there is a turn each second at least");
    }

    async fn a_chain_signed_by_an_earlier_key_holds_for_who_trusts_that_key(app: TestApp) {
        live(&app).await;
        let kept = checkpoint(&app).await;
        let signer = kept["publicKey"].as_str().expect("a key").to_owned();
        let other = URL_SAFE_NO_PAD.encode([7; 32]);
        // The same database, of a gateway whose secret has changed.
        let renewed = || {
            let mut config = app.config();
            config.secret.key = Some(Secret::new(STANDARD.encode(b"another secret of tests, 32 byte")));
            config
        };
        let broken = Err("the audit chain does not hold".to_owned());
        for checkpoint in [None, Some(&kept)] {
            assert_eq!(verdict_of(renewed(), checkpoint, Vec::new()).await, broken, "signed by nobody known");
            assert_eq!(verdict_of(renewed(), checkpoint, vec![other.clone()]).await, broken);
            assert_eq!(verdict_of(renewed(), checkpoint, vec![other.clone(), signer.clone()]).await, Ok(()));
        }
        app.tamper("UPDATE journal_entry SET actor = 'another' WHERE position = 2").await;
        assert_eq!(verdict_of(renewed(), None, vec![signer.clone()]).await, broken, "trust in a key is not trust in rows");
        let refused = verdict_of(renewed(), None, vec!["no key".to_owned()]).await;
        assert_eq!(refused, Err("--trusted-key takes the 32 bytes of a public key in base64url".to_owned()));
    }

    async fn a_checkpoint_that_was_taken_away_is_found(app: TestApp) {
        live(&app).await;
        let at = checkpoint(&app).await["position"].as_str().and_then(|at| at.parse().ok()).expect("a position");
        app.tamper("DELETE FROM audit_checkpoint").await;
        let found = finding(&app).await;
        assert_eq!((found.place, found.fault, found.position), (Place::Checkpoint, Fault::Missing, at));
    }

    async fn only_who_reads_the_audit_gets_a_checkpoint(app: TestApp) {
        let question = "{ auditCheckpoint { position } }";
        assert_eq!(app.as_agency().query(question).await.data()["auditCheckpoint"], Value::Null, "there is none yet");
        live(&app).await;
        assert_eq!(app.as_ministry().query(question).await.error_code(), "FORBIDDEN");
        assert_eq!(app.anonymous().query(question).await.error_code(), "UNAUTHENTICATED");
        let kept = checkpoint(&app).await;
        assert_eq!(kept["link"].as_str().map(str::len), Some(64));
        app.clock.advance(chrono::TimeDelta::minutes(9));
        app.as_agency().registers("Testa").await;
        app.settle().await;
        assert_eq!(checkpoint(&app).await, kept, "not so soon");
        app.clock.advance(chrono::TimeDelta::minutes(1));
        app.settle().await;
        assert_ne!(checkpoint(&app).await, kept, "time has come");
    }
}
