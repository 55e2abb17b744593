//! A PostgreSQL of the bench's own in its folder, started from the binaries that this machine has. It listens on a socket
//! in that folder and nowhere else, and never touches a server that it did not start.
use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use crate::Failure;

/// As a small server would be set for such a database: durable, and with what it holds in memory. `pg_stat_statements`
/// counts statements. Statistics are kept by autovacuum as usual.
const SETTINGS: &str = "
listen_addresses = ''
unix_socket_permissions = 0777
max_connections = 200
shared_buffers = 2GB
effective_cache_size = 8GB
work_mem = 16MB
maintenance_work_mem = 512MB
random_page_cost = 1.1
jit = off
max_wal_size = 8GB
checkpoint_timeout = 30min
shared_preload_libraries = 'pg_stat_statements'
";

/// The URL of the bench's database in a folder. The socket stands in the query, because a URL's host cannot hold a path.
pub fn url(folder: &Path) -> String {
    format!(
        "postgres://postgres@localhost:5432/bench?host={}",
        folder.join("postgres").display()
    )
}

/// Starts the server of a folder, made when it is not there.
pub fn start(folder: &Path) -> Result<(), Failure> {
    let binaries = find_binaries()?;
    let home = folder.join("postgres");
    let data = home.join("data");
    let is_new = !data.join("PG_VERSION").is_file();
    fs::create_dir_all(&home)?;
    if let Some((user, group)) = unprivileged(folder)? {
        chown(&home, Some(user), Some(group))?;
    }
    if is_new {
        let mut init = command(&binaries, "initdb", folder)?;
        init.args(["--username=postgres", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C", "--no-instructions"])
            .arg("--pgdata")
            .arg(&data);
        run(&mut init)?;
        let settings = data.join("postgresql.conf");
        let text = fs::read_to_string(&settings)?;
        let socket = format!("unix_socket_directories = '{}'", home.display());
        fs::write(&settings, format!("{text}\n{SETTINGS}{socket}\n"))?;
    }
    let mut serve = command(&binaries, "pg_ctl", folder)?;
    serve
        .args(["start", "--wait", "--silent", "--timeout=120", "--pgdata"])
        .arg(&data)
        .arg("--log")
        .arg(home.join("server.log"));
    run(&mut serve)?;
    if is_new {
        for statement in [
            "CREATE DATABASE bench",
            "CREATE EXTENSION pg_stat_statements",
        ] {
            let database = if statement.starts_with("CREATE DATABASE") {
                "postgres"
            } else {
                "bench"
            };
            let mut ask = command(&binaries, "psql", folder)?;
            ask.args(["--quiet", "--no-psqlrc", "--username=postgres", "--host"])
                .arg(&home)
                .args(["--dbname", database, "--command", statement]);
            run(&mut ask)?;
        }
    }
    println!("{}", url(folder));
    Ok(())
}

/// Stops the server of a folder.
pub fn stop(folder: &Path) -> Result<(), Failure> {
    let binaries = find_binaries()?;
    let mut stop = command(&binaries, "pg_ctl", folder)?;
    stop.args(["stop", "--wait", "--silent", "--mode=fast", "--pgdata"])
        .arg(folder.join("postgres/data"));
    run(&mut stop)
}

fn command(binaries: &Path, program: &str, folder: &Path) -> Result<Command, Failure> {
    let mut command = Command::new(binaries.join(program));
    command
        .env("LC_ALL", "C")
        .current_dir(folder.join("postgres"));
    if let Some((user, group)) = unprivileged(folder)? {
        command.uid(user).gid(group);
    }
    Ok(command)
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::Program {
        program: command.get_program().to_string_lossy().into_owned(),
        said: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
    })
}

/// The user and group of a server that root starts: PostgreSQL refuses to run as root. Who owns the folder is who we are.
fn unprivileged(folder: &Path) -> Result<Option<(u32, u32)>, Failure> {
    if fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd")?;
    let user = ["postgres", "nobody"].iter().find_map(|wanted| {
        users.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            match fields.as_slice() {
                [name, _, user, group, ..] if name == wanted => {
                    Some((user.parse().ok()?, group.parse().ok()?))
                }
                _ => None,
            }
        })
    });
    let missing = || Failure::Text(format!("no user to run PostgreSQL in {}", folder.display()));
    user.map(Some).ok_or_else(missing)
}

/// The folder of the newest PostgreSQL on this machine.
fn find_binaries() -> Result<PathBuf, Failure> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| {
            versions
                .flatten()
                .map(|version| version.path().join("bin"))
                .collect()
        })
        .unwrap_or_default();
    if let Some(path) = std::env::var_os("PATH") {
        folders.extend(std::env::split_paths(&path));
    }
    folders
        .into_iter()
        .filter(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
        .max_by_key(|folder| version(folder))
        .ok_or(Failure::NoPostgres)
}

fn version(folder: &Path) -> u32 {
    let name = folder.parent().and_then(Path::file_name);
    name.and_then(|name| name.to_str()?.parse().ok())
        .unwrap_or_default()
}
