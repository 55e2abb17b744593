//! The chain of migrations, up and down, as an operator runs it.
use claimant_gateway::store::Database;
use sea_orm::{ConnectionTrait, Statement};

use crate::common::{
    Engine, Fresh,
    database::{Template, TestDatabase},
    on_both_databases,
};

static EMPTY: Template = Template::new("empty", |url| {
    Box::pin(async move {
        // Connecting is enough: SQLite makes its file.
        let connection = sea_orm::Database::connect(url)
            .await
            .expect("the template answers");
        connection.close().await.expect("the template closes");
    })
});

/// A database without a table.
struct Empty(TestDatabase);

impl Fresh for Empty {
    async fn fresh(engine: Engine) -> Option<Self> {
        TestDatabase::fresh(engine, &EMPTY).await.map(Self)
    }
}

impl Empty {
    async fn open(&self) -> Database {
        let config = claimant_gateway::config::Database {
            url: self.0.url.parse().expect("a database URL"),
            ..Default::default()
        };
        Database::open(&config).await.expect("the database opens")
    }

    /// The names of its tables, but those of the engine and the list of migrations.
    async fn tables(&self) -> Vec<String> {
        let connection = self.0.connect().await;
        let query = match self.0.engine {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
            Engine::Postgres => {
                "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
            }
        };
        let rows = connection
            .query_all_raw(Statement::from_string(
                connection.get_database_backend(),
                query,
            ))
            .await
            .expect("the catalogue can be read");
        connection.close().await.expect("the connection closes");
        rows.iter()
            .map(|row| row.try_get::<String>("", "name").expect("a name"))
            .filter(|name| name != "seaql_migrations" && !name.starts_with("sqlite_"))
            .collect()
    }
}

/// Which migrations are applied.
async fn applied(database: &Database) -> Vec<bool> {
    let states = database.migrations().await.expect("the state can be read");
    states.iter().map(|state| state.applied).collect()
}

on_both_databases! {
    async fn the_chain_goes_up_and_down_and_up_again(empty: Empty) {
        let database = empty.open().await;
        let states = database.migrations().await.expect("the state can be read");
        assert_eq!(states[0].name, "m0001_core");
        assert!(states.iter().all(|state| !state.applied), "nothing is applied yet");
        database.migrate_up().await.expect("the chain applies");
        assert!(applied(&database).await.iter().all(|applied| *applied));
        let tables = empty.tables().await;
        assert!(tables.contains(&"referral".to_owned()) && tables.contains(&"journal_entry".to_owned()), "{tables:?}");
        database.migrate_up().await.expect("a second time changes nothing");
        assert_eq!(empty.tables().await, tables);
        let steps = u32::try_from(states.len()).expect("a few");
        database.migrate_down(steps).await.expect("the chain goes back");
        assert!(applied(&database).await.iter().all(|applied| !applied));
        assert_eq!(empty.tables().await, [] as [String; 0], "nothing is left behind");
        database.migrate_up().await.expect("the chain applies again");
        assert_eq!(empty.tables().await, tables);
        assert!(!database.has_journal().await.expect("the journal can be read"));
        database.close().await.expect("the database closes");
    }
}
