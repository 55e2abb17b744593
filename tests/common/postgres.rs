//! A throwaway PostgreSQL, one for each test process, run from the binaries that this machine has. It owns finding,
//! starting and stopping the server and the making and dropping of databases; it must not know what is in them, and
//! never touches a server that it did not start.
//!
//! The server listens on a socket in its own folder and nowhere else, so that two test processes cannot meet and no
//! port is taken. A shell is its keeper: it holds the other end of a pipe from this process, and when that closes, by
//! whatever death, it stops the server and removes the folder.
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::{OnceCell, mpsc, oneshot};

use super::database::connect;

/// The oldest version that the gateway supports.
const OLDEST_MAJOR: u32 = 15;
const BIN_VARIABLE: &str = "CLAIMANT_GATEWAY_TEST_POSTGRES_BIN";

/// `$1` is the folder of the binaries, `$2` a folder of our own. A socket's path may have 107 bytes at most, hence the
/// short names. Nothing here survives a power cut, and nothing needs to. The collation is a linguistic one, as it is
/// on many servers, so that a query which leans on the default instead of stating its own order is found out.
const KEEPER: &str = r#"
bin=$1 dir=$2
start() {
    "$bin/initdb" --pgdata="$dir/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C \
        --locale-provider=icu --icu-locale=en-CA --no-sync --no-instructions || return 1
    cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$dir'
unix_socket_permissions = 0700
port = 5432
max_connections = 200
shared_buffers = 128MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
autovacuum = off
END
    "$bin/pg_ctl" start --wait --silent --timeout=60 --pgdata="$dir/data" --log="$dir/server.log"
}
# Whoever waits for the answer may be dead by now; that must not kill the keeper, which has still to clean up.
trap '' PIPE
if start >"$dir/start.log" 2>&1; then
    echo ready
else
    cat "$dir"/*.log
fi
exec >/dev/null 2>&1
cat
"$bin/pg_ctl" stop --mode=immediate --pgdata="$dir/data"
rm -rf "$dir"
"#;

/// The server of this test process, started at the first call; `None` where this machine has no PostgreSQL, which
/// standard error is told once. In CI that is a failure: a test that did not run must not look as if it had passed.
pub async fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER
        .get_or_init(|| match find_binaries() {
            Some(binaries) => Some(Server::start(&binaries)),
            None => {
                report_missing();
                None
            }
        })
        .as_ref()
}

/// A running server, as whose superuser the tests connect.
pub struct Server {
    folder: PathBuf,
    statements: mpsc::UnboundedSender<Statement>,
    names: AtomicU32,
    bound_role: OnceCell<()>,
    /// Its standard input is the pipe that the keeper waits on: dropping it would stop the server.
    _keeper: Child,
}

/// What the administrator is asked to run, and whom to tell. Nobody waits for a drop.
struct Statement {
    text: String,
    done: Option<oneshot::Sender<Result<u64, DbErr>>>,
}

impl Server {
    /// The URL of one database. The socket stands in the query, because a URL's host cannot hold a path.
    pub fn url(&self, database: &str) -> String {
        url(&self.folder, database)
    }

    /// The URL of one database for a role that owns nothing and is bound by every policy. It is made at the first call.
    pub async fn bound_url(&self, database: &str) -> String {
        self.bound_role
            .get_or_init(|| async {
                self.run("CREATE ROLE bound LOGIN NOSUPERUSER NOBYPASSRLS".to_owned())
                    .await;
            })
            .await;
        self.url(database).replace("//postgres@", "//bound@")
    }

    /// An empty database of a role that is no superuser, and the URL for that role. `granted` says whether it may set the
    /// parameter by which policies know the viewer. It goes with the server.
    pub async fn create_owned_database(&self, granted: bool) -> String {
        let name = format!("owner_{}", self.names.fetch_add(1, Ordering::Relaxed));
        self.run(format!("CREATE ROLE {name} LOGIN NOSUPERUSER NOBYPASSRLS"))
            .await;
        if granted {
            self.run(format!(
                "GRANT SET ON PARAMETER claimant_gateway.viewer TO {name}"
            ))
            .await;
        }
        self.run(format!(
            "CREATE DATABASE {name} TEMPLATE template0 OWNER {name}"
        ))
        .await;
        self.url(&name)
            .replace("//postgres@", &format!("//{name}@"))
    }

    /// An empty database.
    pub async fn create_database(&self, name: &str) {
        self.run(format!("CREATE DATABASE {name} TEMPLATE template0"))
            .await;
    }

    /// A copy of a database to which nobody is connected, under a name of its own.
    pub async fn create_from_template(&self, template: &str) -> DroppedDatabase {
        let name = format!("test_{}", self.names.fetch_add(1, Ordering::Relaxed));
        self.run(format!("CREATE DATABASE {name} TEMPLATE {template}"))
            .await;
        DroppedDatabase {
            name,
            statements: self.statements.clone(),
        }
    }

    pub async fn drop_database(&self, name: &str) {
        self.run(drop_statement(name)).await;
    }

    /// Ends every connection to a database, and waits until they have ended.
    pub async fn disconnect_all(&self, name: &str) {
        self.run(format!(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{name}'"
        ))
        .await;
    }

    /// Whether the database is there, once everything asked for so far has been done.
    pub async fn has_database(&self, name: &str) -> bool {
        self.run(format!(
            "SELECT 1 FROM pg_database WHERE datname = '{name}'"
        ))
        .await
            > 0
    }

    /// The number of rows that the statement found or touched.
    async fn run(&self, text: String) -> u64 {
        let (done, answer) = oneshot::channel();
        let statement = Statement {
            text: text.clone(),
            done: Some(done),
        };
        assert!(
            self.statements.send(statement).is_ok(),
            "the administrator runs"
        );
        match answer.await.expect("the administrator answers") {
            Ok(rows) => rows,
            Err(error) => panic!("{text}: {error}"),
        }
    }

    fn start(binaries: &Path) -> Self {
        let folder = own_folder();
        let mut keeper = keeper(binaries, &folder)
            .spawn()
            .expect("a shell can be started");
        let output = keeper.stdout.take().expect("its output is a pipe");
        wait_until_ready(output, binaries);
        Self {
            statements: administrator(url(&folder, "postgres")),
            folder,
            names: AtomicU32::new(0),
            bound_role: OnceCell::const_new(),
            _keeper: keeper,
        }
    }
}

/// A database that its owner drops. The statement only queues, so that no test waits for it.
pub struct DroppedDatabase {
    name: String,
    statements: mpsc::UnboundedSender<Statement>,
}

impl DroppedDatabase {
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for DroppedDatabase {
    fn drop(&mut self) {
        // Where the administrator has gone, the process is ending, and the whole server with it.
        let _ = self.statements.send(Statement {
            text: drop_statement(&self.name),
            done: None,
        });
    }
}

fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")
}

fn url(folder: &Path, database: &str) -> String {
    format!(
        "postgres://postgres@localhost:5432/{database}?host={}",
        folder.display()
    )
}

/// One connection on a thread of its own. Every test has its own runtime, and a connection dies with the runtime that
/// opened it; and copies of one template have to be made one after another anyway.
fn administrator(url: String) -> mpsc::UnboundedSender<Statement> {
    let (sender, mut receiver) = mpsc::unbounded_channel::<Statement>();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    std::thread::spawn(move || {
        runtime.block_on(async {
            let connection = connect(&url).await;
            while let Some(Statement { text, done }) = receiver.recv().await {
                let result = connection.execute_unprepared(&text).await;
                if let Some(done) = done {
                    // A test that was given up no longer listens.
                    let _ = done.send(result.map(|result| result.rows_affected()));
                }
            }
        });
    });
    sender
}

/// A folder that only the server's user can enter. Below `/tmp`, whatever `TMPDIR` says: the path has to be short, and
/// open to a user who is not the one that runs the tests.
fn own_folder() -> PathBuf {
    tempfile::Builder::new()
        .prefix("claimant-gateway-postgres-")
        .tempdir_in("/tmp")
        .expect("a folder can be made below /tmp")
        // The keeper removes it, after it has stopped the server.
        .keep()
}

fn keeper(binaries: &Path, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", KEEPER, "keeper"])
        .arg(binaries)
        .arg(folder)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        // An interrupt at the terminal is for the tests; the keeper has its work to do after them.
        .process_group(0);
    // A developer's own settings must not lead these commands to another server.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    // Who owns what we have just made is who we are. PostgreSQL refuses to run as root.
    let runs_as_root = std::fs::metadata(folder)
        .expect("the folder is there")
        .uid()
        == 0;
    if runs_as_root {
        let (user, group) = unprivileged_user();
        chown(folder, Some(user), Some(group)).expect("root can give a folder away");
        command.uid(user).gid(group);
    }
    command
}

/// The user and group under which a server started by root runs.
fn unprivileged_user() -> (u32, u32) {
    let users = std::fs::read_to_string("/etc/passwd").expect("the list of users can be read");
    ["postgres", "nobody"]
        .iter()
        .find_map(|wanted| {
            users.lines().find_map(|line| {
                let fields: Vec<&str> = line.split(':').collect();
                match fields.as_slice() {
                    [name, _, user, group, ..] if name == wanted => {
                        Some((user.parse().ok()?, group.parse().ok()?))
                    }
                    _ => None,
                }
            })
        })
        .expect("there is a user postgres or nobody")
}

fn wait_until_ready(output: impl Read, binaries: &Path) {
    let mut output = BufReader::new(output);
    let mut said = String::new();
    output
        .read_line(&mut said)
        .expect("the keeper says how it went");
    if said != "ready\n" {
        output
            .read_to_string(&mut said)
            .expect("the keeper says why");
        panic!(
            "PostgreSQL in {} did not start:\n{said}",
            binaries.display()
        );
    }
}

fn report_missing() {
    let message = format!(
        "PostgreSQL {OLDEST_MAJOR} or later was not found. Install it (Debian and Ubuntu: apt-get install postgresql), \
         or name the folder of its programs in {BIN_VARIABLE}."
    );
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        panic!("{message}");
    }
    // Straight to the stream: what goes through eprintln! is kept back for tests that pass.
    let _ = writeln!(
        std::io::stderr(),
        "\n*** LEFT OUT: every test on PostgreSQL. Only SQLite is tested in this run. ***\n*** {message} ***\n"
    );
}

/// The folder of the newest PostgreSQL on this machine that is new enough.
fn find_binaries() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(BIN_VARIABLE) {
        let named = PathBuf::from(named);
        assert!(
            major_version(&named).is_some_and(|major| major >= OLDEST_MAJOR),
            "{BIN_VARIABLE} does not name a folder with PostgreSQL {OLDEST_MAJOR} or later"
        );
        return Some(named);
    }
    let mut candidates = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        candidates.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        candidates.extend(versions.flatten().map(|version| version.path().join("bin")));
    }
    if let Some(path) = std::env::var_os("PATH") {
        candidates.extend(std::env::split_paths(&path));
    }
    candidates
        .into_iter()
        .filter_map(|folder| Some((major_version(&folder)?, folder)))
        .filter(|(major, _)| *major >= OLDEST_MAJOR)
        .max_by_key(|(major, _)| *major)
        .map(|(_, folder)| folder)
}

/// The version of the server in a folder that holds all that we run.
fn major_version(folder: &Path) -> Option<u32> {
    if !["initdb", "pg_ctl"]
        .iter()
        .all(|program| folder.join(program).is_file())
    {
        return None;
    }
    let output = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    // "postgres (PostgreSQL) 17.2 (Debian 17.2-1)", "postgres (PostgreSQL) 18beta1"
    let text = String::from_utf8(output.stdout).ok()?;
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits = version.find(|character: char| !character.is_ascii_digit())?;
    version[..digits].parse().ok()
}
