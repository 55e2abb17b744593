//! A fresh database for each test, copied from a template that is migrated once per process. It must not know the
//! tables: whoever owns a [`Template`] fills it.
use std::path::Path;

use futures_util::future::BoxFuture;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{Engine, postgres};

/// What every copy starts from. Keep it in a `static`: migrations run once for each engine, however many tests there
/// are.
pub struct Template {
    name: &'static str,
    fill: fn(String) -> BoxFuture<'static, ()>,
    sqlite: OnceCell<Vec<u8>>,
    postgres: OnceCell<()>,
}

impl Template {
    /// `fill` is given the URL of an empty database, and closes every connection that it opens. `name` is lower-case
    /// ASCII and unique in the process.
    pub const fn new(name: &'static str, fill: fn(String) -> BoxFuture<'static, ()>) -> Self {
        Self {
            name,
            fill,
            sqlite: OnceCell::const_new(),
            postgres: OnceCell::const_new(),
        }
    }

    /// The bytes of a filled SQLite file. Kept in memory, so that no file outlives the process.
    async fn sqlite(&self) -> &[u8] {
        self.sqlite
            .get_or_init(|| async {
                let directory = temporary_directory();
                let filled = directory.path().join("filled.sqlite");
                (self.fill)(sqlite_url(&filled)).await;
                // One whole file, whatever still stands in a write-ahead log beside the original.
                let whole = directory.path().join("whole.sqlite");
                let connection = connect(&sqlite_url(&filled)).await;
                run(
                    &connection,
                    &format!(
                        "VACUUM INTO '{}'",
                        whole.display().to_string().replace('\'', "''")
                    ),
                )
                .await;
                connection.close().await.expect("the template closes");
                std::fs::read(&whole).expect("the template can be read")
            })
            .await
    }

    /// The name of a filled PostgreSQL database, to which nobody is connected.
    async fn postgres(&self, server: &postgres::Server) -> String {
        let name = format!("template_{}", self.name);
        self.postgres
            .get_or_init(|| async {
                // An attempt that failed half-way in another test leaves its database behind.
                server.drop_database(&name).await;
                server.create_database(&name).await;
                (self.fill)(server.url(&name)).await;
                server.disconnect_all(&name).await;
            })
            .await;
        name
    }
}

/// One test's own database, gone when this is dropped.
pub struct TestDatabase {
    pub engine: Engine,
    /// What the gateway takes as `--database`.
    pub url: String,
    _guard: Guard,
}

#[expect(dead_code, reason = "held for what dropping it does")]
enum Guard {
    File(TempDir),
    Database(postgres::DroppedDatabase),
}

impl TestDatabase {
    /// A copy of the template that no other test sees; `None` where this machine lacks the engine.
    pub async fn fresh(engine: Engine, template: &Template) -> Option<Self> {
        let (url, guard) = match engine {
            Engine::Sqlite => {
                let directory = temporary_directory();
                let file = directory.path().join("gateway.sqlite");
                std::fs::write(&file, template.sqlite().await).expect("the template can be copied");
                (sqlite_url(&file), Guard::File(directory))
            }
            Engine::Postgres => {
                let server = postgres::server().await?;
                let template = template.postgres(server).await;
                let database = server.create_from_template(&template).await;
                (server.url(database.name()), Guard::Database(database))
            }
        };
        Some(Self {
            engine,
            url,
            _guard: guard,
        })
    }

    /// The URL for a role that is bound by every policy and may change rows, not tables; PostgreSQL only.
    pub async fn bound_url(&self) -> String {
        let server = postgres::server().await.expect("this database runs on it");
        let name = self
            .url
            .split(['/', '?'])
            .nth(3)
            .expect("a database's name");
        let bound = server.bound_url(name).await;
        let owner = self.connect().await;
        run(
            &owner,
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO bound",
        )
        .await;
        owner.close().await.expect("the connection closes");
        bound
    }

    /// One connection of the test's own, past the gateway.
    pub async fn connect(&self) -> DatabaseConnection {
        connect(&self.url).await
    }
}

/// One connection, so that whoever closes it knows that nothing stays open.
pub async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options)
        .await
        .expect("the database answers")
}

async fn run(connection: &DatabaseConnection, statement: &str) {
    connection
        .execute_unprepared(statement)
        .await
        .expect("the statement runs");
}

/// In memory where the machine offers it: what the databases of tests write need not survive a power cut, and waiting for
/// a disk is most of what a test would do.
fn temporary_directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let mut builder = tempfile::Builder::new();
    builder.prefix("claimant-gateway-test-");
    if memory.is_dir() {
        builder.tempdir_in(memory)
    } else {
        builder.tempdir()
    }
    .expect("a temporary directory can be made")
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}
