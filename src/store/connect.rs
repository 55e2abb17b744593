//! Opening a database, and bringing it to the newest migration. SQLite is read by many connections and written by
//! one; PostgreSQL has one pool for both.
use std::time::Duration;

use entity::{JournalEntryId, journal_entry};
use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ConnectOptions, DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, QuerySelect,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};

use crate::{
    config,
    error::{Error, Result},
};

/// An open database. Its connections are for the store alone.
#[derive(Clone)]
pub struct Database {
    pub(super) reader: DatabaseConnection,
    pub(super) writer: DatabaseConnection,
}

/// One migration, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    pub name: String,
    pub applied: bool,
}

impl Database {
    /// Opens the database of `config`. A SQLite file that is not there is created.
    ///
    /// # Errors
    /// When the URL is for another database, or nothing answers there.
    pub async fn open(config: &config::Database) -> Result<Self> {
        let url = config.url.reveal();
        if url.starts_with("sqlite:") {
            Self::open_sqlite(url, config).await
        } else {
            Self::open_postgres(url, config).await
        }
    }

    async fn open_sqlite(url: &str, config: &config::Database) -> Result<Self> {
        use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
        let options = |connections: u32, read_only: bool| {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(connections)
                .acquire_timeout(Duration::from_secs(config.acquire_seconds.get().into()))
                .sqlx_logging(false)
                .map_sqlx_sqlite_opts(move |sqlite| {
                    sqlite
                        .create_if_missing(!read_only)
                        .journal_mode(SqliteJournalMode::Wal)
                        .synchronous(SqliteSynchronous::Full)
                        .foreign_keys(true)
                        .busy_timeout(Duration::from_secs(10))
                        .pragma("query_only", if read_only { "ON" } else { "OFF" })
                });
            options
        };
        // The writer first: it makes the file and turns the write-ahead log on.
        let writer = sea_orm::Database::connect(options(1, false)).await?;
        let reader =
            sea_orm::Database::connect(options(config.max_connections.get(), true)).await?;
        Ok(Self { reader, writer })
    }

    async fn open_postgres(url: &str, config: &config::Database) -> Result<Self> {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(config.max_connections.get())
            .acquire_timeout(Duration::from_secs(config.acquire_seconds.get().into()))
            .sqlx_logging(false)
            .set_application_name("claimant-gateway");
        let pool = sea_orm::Database::connect(options).await?;
        Ok(Self {
            reader: pool.clone(),
            writer: pool,
        })
    }

    /// Calls `observer` once for every statement that is run; for tests that hold a budget.
    pub fn observe_statements(&mut self, observer: impl Fn(&str) + Send + Sync + 'static) {
        let observer = std::sync::Arc::new(observer);
        let again = observer.clone();
        self.reader
            .set_metric_callback(move |info| again(&info.statement.sql));
        self.writer
            .set_metric_callback(move |info| observer(&info.statement.sql));
    }

    /// Begins a transaction that may write.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Brings the database to the newest migration.
    ///
    /// # Errors
    /// When a migration fails; it is then not applied.
    pub async fn migrate_up(&self) -> Result<()> {
        Ok(Migrator::up(&self.writer, None).await?)
    }

    /// Takes the last `steps` migrations back, with all that they hold.
    ///
    /// # Errors
    /// When a migration fails; it then stays applied.
    pub async fn migrate_down(&self, steps: u32) -> Result<()> {
        Ok(Migrator::down(&self.writer, Some(steps)).await?)
    }

    /// Every migration, oldest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn migrations(&self) -> Result<Vec<MigrationState>> {
        Ok(Migrator::get_migration_with_status(&self.writer)
            .await?
            .into_iter()
            .map(|migration| MigrationState {
                name: migration.name().to_owned(),
                applied: migration.status() == migration::MigrationStatus::Applied,
            })
            .collect())
    }

    /// Whether anything has ever happened in this database.
    ///
    /// # Errors
    /// When the database does not answer, or its tables are not there.
    pub async fn has_journal(&self) -> Result<bool> {
        Ok(journal_entry::Entity::find()
            .select_only()
            .column(journal_entry::Column::Id)
            .limit(1)
            .into_tuple::<JournalEntryId>()
            .one(&self.reader)
            .await?
            .is_some())
    }

    /// Waits until every connection is closed, so that the file can be copied or removed.
    ///
    /// # Errors
    /// When a connection cannot be closed.
    pub async fn close(self) -> Result<()> {
        let closed: std::result::Result<(), DbErr> = self.reader.close().await;
        closed.map_err(Error::from)?;
        // On PostgreSQL the writer is the same pool; closing it again does nothing.
        Ok(self.writer.close().await?)
    }
}
