//! Opening a database, and bringing it to the newest migration. SQLite is read by many connections and written by
//! one; PostgreSQL has one pool for both, unless it keeps the rows itself: then what reads for a viewer has a pool of
//! its own, whose connections see nothing before they have said for whom.
use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Utc};
use entity::{JournalEntryId, NeedCategory, journal_entry};
use migration::{
    Migrator, MigratorTrait,
    row_security::{self, State},
};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, QuerySelect, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
    sqlx::{ConnectOptions as _, postgres::PgConnectOptions},
};

use super::{
    line::{self, Lines},
    reading::{Reading, Single},
};
use crate::{
    config,
    error::{Error, Result},
    private_file,
    viewer::Viewer,
};

/// An open database. Its connections are for the store alone.
#[derive(Clone)]
pub struct Database {
    /// For what reads for a viewer.
    pub(super) reader: DatabaseConnection,
    pub(super) writer: DatabaseConnection,
    /// For what reads for nobody: the gateway's own work, counts, guards before there is a viewer.
    pub(super) unscoped: DatabaseConnection,
    /// For single statements on PostgreSQL, with all that the gateway itself may do.
    lines: Option<Lines>,
    row_security: bool,
}

/// Whether row security is what the configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowSecurity {
    AsConfigured,
    /// It is configured, and some table is without it.
    Incomplete,
    /// It is configured, and does not bind the role that connects.
    Bypassed,
    /// It is not configured, and some table has it: nothing would be read.
    LeftOn,
}

/// One migration, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationState {
    pub name: String,
    pub applied: bool,
}

/// No statement of the gateway runs long enough to be worth compiling, which by default PostgreSQL does with whatever it
/// takes for expensive.
fn uncompiled(postgres: PgConnectOptions) -> PgConnectOptions {
    postgres.options([("jit", "off")])
}

/// What policies let through depends on who asks, and so does the plan that finds it: one for everybody reads all that
/// stands before what the viewer may see.
fn planned_anew(postgres: PgConnectOptions) -> PgConnectOptions {
    uncompiled(postgres).options([("plan_cache_mode", "force_custom_plan")])
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
        let patience = Duration::from_secs(config.acquire_seconds.get().into());
        let options = |connections: u32, read_only: bool| {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(connections)
                .acquire_timeout(patience)
                .test_before_acquire(false)
                .sqlx_logging(false)
                .map_sqlx_sqlite_opts(move |sqlite| {
                    sqlite
                        .create_if_missing(!read_only)
                        .journal_mode(SqliteJournalMode::Wal)
                        .synchronous(SqliteSynchronous::Full)
                        .foreign_keys(true)
                        .busy_timeout(Duration::from_secs(10))
                        // What is deleted is overwritten: a key that was forgotten is nowhere in the file.
                        .pragma("secure_delete", "ON")
                        .pragma("query_only", if read_only { "ON" } else { "OFF" })
                });
            options
        };
        make_private(url)?;
        // The writer first: it turns the write-ahead log on.
        let writer = sea_orm::Database::connect(options(1, false)).await?;
        let reader =
            sea_orm::Database::connect(options(config.max_connections.get(), true)).await?;
        Ok(Self {
            unscoped: reader.clone(),
            reader,
            writer,
            lines: None,
            row_security: false,
        })
    }

    async fn open_postgres(url: &str, config: &config::Database) -> Result<Self> {
        let patience = Duration::from_secs(config.acquire_seconds.get().into());
        let options = || {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(config.max_connections.get())
                .acquire_timeout(patience)
                .test_before_acquire_if_idle_for(line::QUIET)
                .sqlx_logging(false)
                .set_application_name("claimant-gateway");
            options
        };
        let as_work = |postgres: PgConnectOptions| {
            uncompiled(postgres).options([("claimant_gateway.viewer", "work")])
        };
        let mut work = options();
        work.map_sqlx_postgres_opts(uncompiled);
        let mut direct = PgConnectOptions::from_str(url)
            .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?
            .application_name("claimant-gateway")
            .disable_statement_logging();
        if config.row_security {
            work.map_sqlx_postgres_opts(as_work);
            direct = as_work(direct);
        }
        let writer = sea_orm::Database::connect(work).await?;
        let reader = if config.row_security {
            let mut reader = options();
            reader.map_sqlx_postgres_opts(planned_anew);
            sea_orm::Database::connect(reader).await?
        } else {
            writer.clone()
        };
        Ok(Self {
            reader,
            unscoped: writer.clone(),
            writer,
            lines: Some(Lines::new(direct, config.max_connections.get(), patience)),
            row_security: config.row_security,
        })
    }

    /// What a request of this viewer reads from.
    pub(super) fn reading(&self, viewer: &Viewer, now: DateTime<Utc>) -> Reading {
        if self.row_security {
            Reading::secured(self.reader.clone(), viewer, now)
        } else {
            Reading::plain(self.single())
        }
    }

    /// For statements that stand alone and read or write under no viewer's rule but what is in them.
    pub(super) fn single(&self) -> Single {
        match &self.lines {
            Some(lines) => Single::Line(lines.clone()),
            None => Single::Pool(self.reader.clone()),
        }
    }

    /// For a change that is one statement, where the database can take that.
    pub(super) fn line(&self) -> Option<Single> {
        self.lines.clone().map(Single::Line)
    }

    /// For statements that stand alone and write.
    pub(super) fn single_writer(&self) -> Single {
        match &self.lines {
            Some(lines) => Single::Line(lines.clone()),
            None => Single::Pool(self.writer.clone()),
        }
    }

    /// Empties the write-ahead log of SQLite into the file. PostgreSQL keeps its own for as long as it is told to.
    pub(super) async fn forget_log(&self) {
        if self.writer.get_database_backend() != DbBackend::Sqlite {
            return;
        }
        let done = self
            .writer
            .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
            .await;
        if let Err(error) = done {
            tracing::warn!(%error, "the write-ahead log could not be emptied after an erasure");
        }
    }

    /// Calls `observer` once for every statement that is run; for tests that hold a budget.
    pub fn observe_statements(&mut self, observer: impl Fn(&str) + Send + Sync + 'static) {
        self.observe_whole_statements(move |statement| observer(&statement.sql));
    }

    /// Calls `observer` with every statement that is run and its values; for whoever looks at plans.
    pub fn observe_whole_statements(
        &mut self,
        observer: impl Fn(&Statement) + Send + Sync + 'static,
    ) {
        let observer = std::sync::Arc::new(observer);
        for handle in [&mut self.reader, &mut self.writer, &mut self.unscoped] {
            let observer = observer.clone();
            handle.set_metric_callback(move |info| observer(info.statement));
        }
        if let Some(lines) = &self.lines {
            lines.observe(observer);
        }
    }

    pub(super) fn backend(&self) -> DbBackend {
        self.writer.get_database_backend()
    }

    /// The pool of what writes, of PostgreSQL alone.
    pub(super) fn postgres(&self) -> &sea_orm::sqlx::PgPool {
        self.writer.get_postgres_connection_pool()
    }

    /// Lets the database know what it holds, so that it plans well; PostgreSQL also notes which pages all may see, as its
    /// own upkeep does in time.
    pub(super) async fn analyze(&self) -> Result<()> {
        let statement = if self.backend() == DbBackend::Postgres {
            "VACUUM (ANALYZE)"
        } else {
            "ANALYZE"
        };
        self.writer.execute_unprepared(statement).await?;
        Ok(())
    }

    /// Begins a transaction that may write.
    pub(super) async fn begin(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.writer.begin_with_options(options).await?)
    }

    /// Brings the database to the newest migration, and its row security to what is configured.
    ///
    /// # Errors
    /// When a migration fails; it is then not applied.
    pub async fn migrate_up(&self) -> Result<()> {
        Migrator::up(&self.writer, None).await?;
        let categories: Vec<&str> = NeedCategory::ALL.iter().map(|each| each.as_str()).collect();
        Ok(row_security::lay(&self.writer, &categories, self.row_security).await?)
    }

    /// Whether the database refuses rows itself as far as is configured; otherwise, what is amiss.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn row_security(&self) -> Result<RowSecurity> {
        let state = row_security::state(&self.writer).await?;
        Ok(match (self.row_security, state) {
            (false, State { any: false, .. }) => RowSecurity::AsConfigured,
            (false, State { any: true, .. }) => RowSecurity::LeftOn,
            (true, State { bypassed: true, .. }) => RowSecurity::Bypassed,
            (
                true,
                State {
                    complete: false, ..
                },
            ) => RowSecurity::Incomplete,
            (true, State { complete: true, .. }) => RowSecurity::AsConfigured,
        })
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
        let applied = migration::applied(&self.writer).await?;
        Ok(Migrator::migrations()
            .iter()
            .map(|migration| MigrationState {
                name: migration.name().to_owned(),
                applied: applied.contains(migration.name()),
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
            .one(&self.unscoped)
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
        if let Some(lines) = &self.lines {
            lines.close().await;
        }
        // On PostgreSQL the writer is the same pool; closing it again does nothing.
        Ok(self.writer.close().await?)
    }
}

/// Makes the file of a new database for its owner alone; what SQLite keeps beside it is as the file is. Much of what is in
/// it is not sealed: who needs what, and whom a person excludes.
fn make_private(url: &str) -> Result<()> {
    use sea_orm::sqlx::sqlite::SqliteConnectOptions;
    let options: SqliteConnectOptions = url.parse().map_err(Error::internal)?;
    let file = options.get_filename();
    if url.contains(":memory:") || file.exists() {
        return Ok(());
    }
    match private_file::create_new(file) {
        Ok(_) => Ok(()),
        // SQLite says better what is wrong with the place.
        Err(error) => {
            tracing::debug!(%error, "the database file could not be made");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_a_new_database_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new.db");
        make_private(&format!("sqlite://{}?mode=rwc", path.display())).unwrap();
        assert!(path.is_file() && !private_file::is_exposed(&path).unwrap());
        make_private("sqlite::memory:").unwrap();
    }
}
