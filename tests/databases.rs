//! The tests' own ground: each test has a database to itself. Were that not so, no other test could be believed.
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::common::database::{Template, TestDatabase};
use crate::common::{Engine, Fresh, on_both_databases, postgres};

static ONE_TABLE: Template = Template::new("one_table", |url| {
    Box::pin(async move {
        let connection = sea_orm::Database::connect(url)
            .await
            .expect("the template answers");
        for statement in [
            "CREATE TABLE mark (name TEXT PRIMARY KEY)",
            "INSERT INTO mark VALUES ('template')",
        ] {
            connection
                .execute_unprepared(statement)
                .await
                .expect("the template can be filled");
        }
        connection.close().await.expect("the template closes");
    })
});

impl Fresh for TestDatabase {
    async fn fresh(engine: Engine) -> Option<Self> {
        Self::fresh(engine, &ONE_TABLE).await
    }
}

async fn write(database: &TestDatabase, name: &str) {
    let connection = database.connect().await;
    connection
        .execute_unprepared(&format!("INSERT INTO mark VALUES ('{name}')"))
        .await
        .expect("a test can write");
    connection.close().await.expect("the connection closes");
}

async fn marks(database: &TestDatabase) -> Vec<String> {
    let connection = database.connect().await;
    let backend = connection.get_database_backend();
    let rows = connection
        .query_all_raw(Statement::from_string(
            backend,
            "SELECT name FROM mark ORDER BY name",
        ))
        .await
        .expect("a test can read");
    connection.close().await.expect("the connection closes");
    rows.iter()
        .map(|row| row.try_get("", "name").expect("a mark has a name"))
        .collect()
}

on_both_databases! {
    async fn a_database_runs_on_the_engine_that_was_asked_for(database: TestDatabase) {
        let backend = database.connect().await.get_database_backend();
        let expected = match database.engine {
            Engine::Sqlite => DbBackend::Sqlite,
            Engine::Postgres => DbBackend::Postgres,
        };
        assert_eq!(backend, expected);
    }

    async fn what_one_test_writes_no_other_test_sees(database: TestDatabase) {
        let before = TestDatabase::fresh(database.engine, &ONE_TABLE).await.expect("a second database");
        write(&database, "own").await;
        let after = TestDatabase::fresh(database.engine, &ONE_TABLE).await.expect("a third database");
        assert_eq!(marks(&database).await, ["own", "template"]);
        assert_eq!(marks(&before).await, ["template"]);
        assert_eq!(marks(&after).await, ["template"]);
    }

    async fn many_tests_can_ask_for_a_database_at_once(database: TestDatabase) {
        let databases = futures_util::future::join_all(
            (0..12).map(|_| TestDatabase::fresh(database.engine, &ONE_TABLE)),
        )
        .await;
        let mut urls: Vec<String> = Vec::new();
        for database in databases {
            let database = database.expect("a database for everyone");
            assert_eq!(marks(&database).await, ["template"]);
            urls.push(database.url.clone());
        }
        urls.sort();
        urls.dedup();
        assert_eq!(urls.len(), 12);
    }
}

#[tokio::test]
async fn an_sqlite_file_is_gone_with_its_test() {
    let database = TestDatabase::fresh(Engine::Sqlite, &ONE_TABLE)
        .await
        .expect("SQLite is built in");
    let file = database
        .url
        .trim_start_matches("sqlite://")
        .trim_end_matches("?mode=rwc")
        .to_owned();
    write(&database, "own").await;
    assert!(std::path::Path::new(&file).exists());
    drop(database);
    assert!(!std::path::Path::new(&file).exists());
}

#[tokio::test]
async fn a_postgresql_database_is_dropped_with_its_test_though_a_connection_is_open() {
    let Some(database) = TestDatabase::fresh(Engine::Postgres, &ONE_TABLE).await else {
        return;
    };
    let server = postgres::server().await.expect("it served the database");
    let name = url::Url::parse(&database.url)
        .expect("the URL is one")
        .path()[1..]
        .to_owned();
    let open = database.connect().await;
    assert!(server.has_database(&name).await);
    drop(database);
    assert!(!server.has_database(&name).await);
    assert!(open.ping().await.is_err());
}
