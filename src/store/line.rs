//! Single statements on PostgreSQL, without the price of a pool. The pool of sqlx asks the server whether a connection
//! is alive after each use, which costs as much as a small statement. What stands alone, outside any transaction, goes
//! over a line instead: a connection that is put back only after its statement has come to its end, and is closed
//! otherwise; nothing needs to be asked of it then.
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr,
    Statement,
    sea_query::Values,
    sqlx::{
        self, AssertSqlSafe, Connection, Executor, Postgres,
        postgres::{PgConnectOptions, PgConnection, PgQueryResult, PgRow},
        query::Query,
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::{Semaphore, SemaphorePermit};

/// A line that nobody used for so long is asked whether it is alive, as the pool's connections are.
pub(super) const QUIET: Duration = Duration::from_secs(30);
/// After so long a line is closed, so that the server can give back what it keeps for it.
const OLD: Duration = Duration::from_secs(30 * 60);

type Observer = Arc<dyn Fn(&Statement) + Send + Sync>;

/// The lines to one database.
#[derive(Clone)]
pub(super) struct Lines(Arc<Exchange>);

struct Exchange {
    options: PgConnectOptions,
    places: Semaphore,
    patience: Duration,
    idle: Mutex<Vec<Line>>,
    observer: OnceLock<Observer>,
}

struct Line {
    connection: PgConnection,
    opened_at: Instant,
    used_at: Instant,
}

/// A line in use. Dropped before its statement has ended, it is closed.
struct Call<'l> {
    line: Line,
    /// Whether it was used before: then the server may have gone away meanwhile.
    kept: bool,
    place: SemaphorePermit<'l>,
}

impl Lines {
    /// At most `most` at once; whoever comes when all are in use waits for `patience` at most. None is opened yet.
    pub(super) fn new(options: PgConnectOptions, most: u32, patience: Duration) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self(Arc::new(Exchange {
            options,
            places: Semaphore::new(most.min(Semaphore::MAX_PERMITS)),
            patience,
            idle: Mutex::default(),
            observer: OnceLock::new(),
        }))
    }

    /// Calls `observer` with every statement; the first one to say so is heard.
    pub(super) fn observe(&self, observer: Observer) {
        // A second observer of the same lines would be told twice of each.
        let _ = self.0.observer.set(observer);
    }

    /// Closes what is idle, and opens nothing any more.
    pub(super) async fn close(&self) {
        self.0.places.close();
        for line in self.0.take_idle() {
            // The server notices also what was not said.
            let _ = line.connection.close().await;
        }
    }
}

impl Exchange {
    /// Nothing can panic while it is held; a poisoned list would still hold whole lines.
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_idle(&self) -> Vec<Line> {
        std::mem::take(&mut *self.idle())
    }

    async fn call(&self) -> Result<Call<'_>, DbErr> {
        let place = tokio::time::timeout(self.patience, self.places.acquire()).await;
        let place = place
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        // Before the condition: the list must not be held while somebody waits for the server.
        let kept = self.idle().pop();
        if let Some(mut line) = kept
            && (line.used_at.elapsed() < QUIET || line.connection.ping().await.is_ok())
        {
            return Ok(Call {
                line,
                kept: true,
                place,
            });
        }
        self.open(place).await
    }

    async fn open<'l>(&self, place: SemaphorePermit<'l>) -> Result<Call<'l>, DbErr> {
        let connecting = connect(&self.options);
        let connection = tokio::time::timeout(self.patience, connecting)
            .await
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?
            .map_err(|error| DbErr::Conn(RuntimeErr::SqlxError(error.into())))?;
        let now = Instant::now();
        let line = Line {
            connection,
            opened_at: now,
            used_at: now,
        };
        Ok(Call {
            line,
            kept: false,
            place,
        })
    }

    /// The rows of a statement that reads. Where the server went away since the line was last used, it is said once more
    /// on a new line.
    async fn rows(&self, statement: &Statement) -> Result<Vec<PgRow>, DbErr> {
        let mut call = self.call().await?;
        let mut rows = query(statement).fetch_all(&mut call.line.connection).await;
        if call.kept && rows.as_ref().is_err_and(is_broken) {
            call = self.open(call.place).await?;
            rows = query(statement).fetch_all(&mut call.line.connection).await;
        }
        self.ended(call.line, statement, rows.as_ref().err());
        rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }

    /// Runs a statement that may change something, and therefore never twice.
    async fn execute(&self, statement: &Statement) -> Result<PgQueryResult, DbErr> {
        let mut call = self.call().await?;
        let done = query(statement).execute(&mut call.line.connection).await;
        self.ended(call.line, statement, done.as_ref().err());
        done.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))
    }

    fn ended(&self, mut line: Line, statement: &Statement, error: Option<&sqlx::Error>) {
        if let Some(observer) = self.observer.get() {
            observer(statement);
        }
        let now = Instant::now();
        let old = now.duration_since(line.opened_at) >= OLD;
        if !old && !error.is_some_and(is_broken) && !self.places.is_closed() {
            line.used_at = now;
            self.idle().push(line);
        }
    }
}

/// How PostgreSQL plans what goes over a line. It is found by its keys, in an order that an index has, and planned once
/// for all values: left to itself PostgreSQL would plan a page of the inbox anew each time, which takes longer than
/// reading it; and, not knowing how much a filter leaves, it would now and then read and sort all that an organization
/// has instead of following the index until a page is full. What must be sorted is all the same, at a cost so high by name
/// that PostgreSQL would compile it first.
pub const PLANNING: &str =
    "SET plan_cache_mode = force_generic_plan; SET enable_sort = off; SET jit = off";

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    connection.execute(PLANNING).await?;
    Ok(connection)
}

/// Whether an error says that the connection cannot be used any more. What the database itself refuses leaves it whole.
fn is_broken(error: &sqlx::Error) -> bool {
    // A server that is told to stop, or to end the session, says so and hangs up (SQLSTATE class 57P).
    let ended = error
        .as_database_error()
        .and_then(|error| error.code())
        .is_some_and(|code| code.starts_with("57P"));
    ended || error.as_database_error().is_none()
}

fn query(statement: &Statement) -> Query<'_, Postgres, SqlxValues> {
    let values = statement
        .values
        .clone()
        .unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql.as_str()), SqlxValues(values))
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Lines {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.0.execute(&statement).await?.into())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(DbBackend::Postgres, sql);
        Ok(self.0.execute(&statement).await?.into())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let rows = self.0.rows(&statement).await?;
        Ok(rows.into_iter().next().map(QueryResult::from))
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let rows = self.0.rows(&statement).await?;
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}
