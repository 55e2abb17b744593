//! The fast way of filling an empty database: it holds what a caller's own changes would have left, and PostgreSQL has
//! every index and constraint again.
use claimant_gateway::{
    clock::Clock,
    demo,
    opaque::Keys,
    store::{Settings, Store, audit::verify::Trust, seed::Past},
};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::common::{
    Engine,
    app::{MIGRATED, SECRET, monday, open},
    database::TestDatabase,
};

const LAID: &str = "SELECT coalesce(string_agg(line, E'\\n' ORDER BY line), '') FROM ( \
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
    UNION ALL SELECT conrelid::regclass || conname || pg_get_constraintdef(oid) FROM pg_constraint \
        WHERE connamespace = 'public'::regnamespace) AS laid (line)";

async fn laid(database: &TestDatabase) -> String {
    let connection = database.connect().await;
    let asked = Statement::from_string(DbBackend::Postgres, LAID);
    let row = connection.query_one_raw(asked).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn filled(engine: Engine) {
    let Some(database) = TestDatabase::fresh(engine, &MIGRATED).await else {
        return;
    };
    let before = match engine {
        Engine::Postgres => laid(&database).await,
        Engine::Sqlite => String::new(),
    };
    let (clock, _) = Clock::fixed(monday());
    let keys = Keys::derive(SECRET);
    let store = Store::new(open(&database.url).await, clock, keys, Settings::default());
    let mut seeding = store.unscoped_begin_bulk_seed().await.unwrap();
    assert_eq!(seeding.copies(), engine == Engine::Postgres);
    let mut maker = store.unscoped_maker(Past::Settled);
    let seed = demo::generate(demo::SEED, monday());
    seeding.write(maker.make(&seed).unwrap()).await.unwrap();
    seeding.finish(maker).await.unwrap();
    store.analyze().await.unwrap();
    if engine == Engine::Postgres {
        assert_eq!(laid(&database).await, before);
    }
    let mut after = None;
    let mut claimants = 0;
    loop {
        let batch = store.unscoped_verify_grants(after, false).await.unwrap();
        assert_eq!(batch.differences, Vec::new());
        claimants += batch.claimants;
        after = batch.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(claimants, seed.claimants.len());
    // Nothing is left to be numbered, and the whole journal is in the chain.
    assert_eq!(store.unscoped_number_entries("test").await.unwrap(), 0);
    assert!(!store.unscoped_chain("test").await.unwrap());
    let report = store
        .unscoped_verify_audit(&Trust::default(), &mut |_, _| {})
        .await
        .unwrap();
    assert_eq!(report.finding, None);
    assert!(report.journal_entries > 1_000 && report.journal_entries == report.links);
    assert!(
        store.unscoped_begin_bulk_seed().await.is_err(),
        "it is full"
    );
}

#[tokio::test]
async fn a_database_filled_at_once_is_whole_on_sqlite() {
    Box::pin(filled(Engine::Sqlite)).await;
}

#[tokio::test]
async fn a_database_filled_at_once_is_whole_on_postgresql() {
    Box::pin(filled(Engine::Postgres)).await;
}
