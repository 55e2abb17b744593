//! Opens the store for a command: the database, its tables, its keys. It makes what an embedded database needs
//! to begin with, and refuses whatever would begin anew in silence: a database whose tables are behind, a lost key.
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use aws_lc_rs::rand;
use base64::{Engine, engine::general_purpose::STANDARD};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;

use super::Failure;
use crate::{
    clock::Clock,
    config::{Config, DatabaseUrl, SecretKey},
    opaque::Keys,
    private_file,
    store::{Database, RowSecurity, Seal, Settings, Store},
};

/// Why the store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no database at {0}; `claimant-gateway migrate up` creates it")]
    NoDatabase(PathBuf),
    #[error(
        "the tables of the database are behind this version of the program ({0} pending); run `claimant-gateway migrate \
         up` first"
    )]
    Pending(String),
    #[error(
        "row security is configured, and the database does not have it on every table; run `claimant-gateway migrate up` \
         as the owner of the tables"
    )]
    RowSecurityIncomplete,
    #[error(
        "row security is configured, and the role that connects is a superuser or has BYPASSRLS: it would bind nobody; \
         connect as another role"
    )]
    RowSecurityBypassed,
    #[error(
        "the database has row security on, and database.row_security is false: nothing would be found; set it to true, \
         or take it off with `claimant-gateway migrate up`"
    )]
    RowSecurityLeftOn,
    #[error(
        "no secret is configured, and a PostgreSQL database needs one: make it with `openssl rand -base64 32 > \
         gateway.key && chmod 600 gateway.key`, name the file in secret.key_file (or \
         CLAIMANT_GATEWAY_SECRET__KEY_FILE), and keep a copy where the backups are"
    )]
    NoKey,
    #[error("the key file of the embedded database, {path}, cannot be used")]
    KeyFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "the key file of the embedded database, {0}, can be read by others; allow it to its owner alone (mode 600)"
    )]
    KeyExposed(PathBuf),
    #[error(
        "the database holds data and its key file, {0}, is gone: with a new key nothing would be found again; put the \
         file back from where the backups are, or name the key in secret.key_file"
    )]
    KeyLost(PathBuf),
    #[error("the machine gives no random numbers to make a key of")]
    Random,
}

/// Opens the database of `config` as it is, for commands that bring its tables up or take them down.
///
/// # Errors
/// When nothing answers there.
pub async fn open_database(config: &Config) -> Result<Database, Failure> {
    Ok(Database::open(&config.database).await?)
}

/// Opens the store of `config`. An embedded database that is not there yet is created with its tables and a key file
/// beside it (`<database>.key`, for its owner alone), unless a secret is configured.
///
/// # Errors
/// [`OpenError`] with what to do about it; any other error when the database fails or a key cannot be read.
pub async fn open_store(config: &Config) -> Result<Store, Failure> {
    let secret = config.secret.read()?;
    let file = sqlite_file(&config.database.url)?;
    if secret.is_none() && !config.database.url.is_sqlite() {
        return Err(OpenError::NoKey.into());
    }
    let is_new = is_missing(config)?;
    if let Some(file) = file
        .as_ref()
        .filter(|_| is_new && !creates(&config.database.url))
    {
        return Err(OpenError::NoDatabase(file.clone()).into());
    }
    let database = open_database(config).await?;
    if is_new {
        database.migrate_up().await?;
    }
    demand_tables(&database).await?;
    let secret = match (secret, file) {
        (Some(secret), _) => secret,
        (None, Some(file)) => secret_beside(&file, &database).await?,
        // In memory: the key goes when the data go.
        (None, None) => random()?.to_vec(),
    };
    store(database, config, &secret).await
}

/// Opens the store of `config` for a command that writes nothing; none where an embedded database is not there yet.
/// Its keys are good for nothing, since nothing that they would make goes out.
///
/// # Errors
/// As [`open_store`].
pub async fn open_store_to_look(config: &Config) -> Result<Option<Store>, Failure> {
    if is_missing(config)? {
        return Ok(None);
    }
    let database = open_database(config).await?;
    demand_tables(&database).await?;
    Ok(Some(store(database, config, &random()?).await?))
}

/// Refuses to go on without an embedded database that a command would otherwise create by looking at it.
///
/// # Errors
/// [`OpenError::NoDatabase`].
pub fn demand_database(config: &Config) -> Result<(), Failure> {
    match sqlite_file(&config.database.url)? {
        Some(file) if is_missing(config)? => Err(OpenError::NoDatabase(file).into()),
        Some(_) | None => Ok(()),
    }
}

/// A platform may put keys into files that a group reads, so one that others can use is told and not refused.
fn warn_of_exposed_keys(config: &Config) {
    for path in config.exposed_key_files() {
        let path = path.display();
        tracing::warn!(%path, "a key file can be used by others than its owner");
        // Most commands keep no log. Nobody is left to tell where standard error is closed.
        let _ = writeln!(
            io::stderr(),
            "warning: the key file {path} can be used by others; allow it to its owner alone (mode 600)"
        );
    }
}

async fn store(database: Database, config: &Config, secret: &[u8]) -> Result<Store, Failure> {
    warn_of_exposed_keys(config);
    let keys = Keys::derive(secret);
    let masters = config.encryption.master_ring().await?;
    let tokens = config.encryption.token_ring().await?;
    let seal = Seal::new(&keys, masters, tokens);
    let settings = Settings {
        closures: config.referral.closures()?,
        ..Settings::from(config)
    };
    Ok(Store::new(database, Clock::system(), keys, settings).sealed_by(seal))
}

async fn demand_tables(database: &Database) -> Result<(), Failure> {
    let pending: Vec<String> = database
        .migrations()
        .await?
        .into_iter()
        .filter(|migration| !migration.applied)
        .map(|migration| migration.name)
        .collect();
    if !pending.is_empty() {
        return Err(OpenError::Pending(pending.join(", ")).into());
    }
    match database.row_security().await? {
        RowSecurity::AsConfigured => Ok(()),
        RowSecurity::Incomplete => Err(OpenError::RowSecurityIncomplete.into()),
        RowSecurity::Bypassed => Err(OpenError::RowSecurityBypassed.into()),
        RowSecurity::LeftOn => Err(OpenError::RowSecurityLeftOn.into()),
    }
}

/// The file of an embedded database; one in memory has none.
fn sqlite_file(url: &DatabaseUrl) -> Result<Option<PathBuf>, Failure> {
    let url = url.reveal();
    let in_memory = url.contains(":memory:") || mode(url).as_deref() == Some("memory");
    if !url.starts_with("sqlite:") || in_memory {
        return Ok(None);
    }
    let options = SqliteConnectOptions::from_str(url)?;
    Ok(Some(options.get_filename().to_owned()))
}

/// Whether an embedded database is yet to be made. SQLite takes an empty file for an empty database.
fn is_missing(config: &Config) -> Result<bool, Failure> {
    let Some(file) = sqlite_file(&config.database.url)? else {
        return Ok(config.database.url.is_sqlite());
    };
    match fs::metadata(&file) {
        Ok(metadata) => Ok(metadata.len() == 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Whether the URL lets a missing file be created, as it does unless it says otherwise.
fn creates(url: &DatabaseUrl) -> bool {
    !matches!(mode(url.reveal()).as_deref(), Some("rw" | "ro"))
}

fn mode(url: &str) -> Option<String> {
    let (_, parameters) = url.split_once('?')?;
    url::form_urlencoded::parse(parameters.as_bytes())
        .find(|(name, _)| name == "mode")
        .map(|(_, value)| value.into_owned())
}

/// The secret in the file beside an embedded database, made when it is missing.
async fn secret_beside(database_file: &Path, database: &Database) -> Result<Vec<u8>, Failure> {
    let mut path = database_file.as_os_str().to_owned();
    path.push(".key");
    let path = PathBuf::from(path);
    let unusable = |source| OpenError::KeyFile {
        path: path.clone(),
        source,
    };
    if !path.try_exists().map_err(unusable)? {
        if database.has_journal().await? {
            return Err(OpenError::KeyLost(path).into());
        }
        let key = format!("{}\n", STANDARD.encode(random()?));
        private_file::create(&path, key.as_bytes()).map_err(unusable)?;
    }
    if private_file::is_exposed(&path).map_err(unusable)? {
        return Err(OpenError::KeyExposed(path).into());
    }
    let file = SecretKey {
        key: None,
        key_file: Some(path),
    };
    Ok(file.read()?.unwrap_or_default())
}

fn random() -> Result<[u8; 32], OpenError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| OpenError::Random)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    fn config(url: &str) -> Config {
        let mut config = Config::default();
        config.database.url = url.parse().unwrap();
        config
    }

    fn embedded() -> (TempDir, PathBuf, Config) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a b.db");
        let config = config(&format!("sqlite://{}/a%20b.db", folder.path().display()));
        (folder, file, config)
    }

    async fn refusal(config: &Config) -> String {
        match open_store(config).await {
            Ok(_) => panic!("the store was opened"),
            Err(failure) => failure.to_string(),
        }
    }

    #[tokio::test]
    async fn an_embedded_database_is_made_with_its_tables_and_a_key_for_its_owner_alone() {
        let (folder, file, config) = embedded();
        let store = open_store(&config).await.unwrap();
        store.ready().await.unwrap();
        assert!(file.exists());
        let key = folder.path().join("a b.db.key");
        assert_eq!(
            STANDARD
                .decode(fs::read_to_string(&key).unwrap().trim())
                .unwrap()
                .len(),
            32
        );
        assert_eq!(
            fs::metadata(&key).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[tokio::test]
    async fn the_key_is_the_same_when_the_store_is_opened_again() {
        let (_folder, _, config) = embedded();
        let first = open_store(&config).await.unwrap();
        let again = open_store(&config).await.unwrap();
        assert_eq!(first.keys().hash(b"a"), again.keys().hash(b"a"));
        let (_other_folder, _, other) = embedded();
        let other = open_store(&other).await.unwrap();
        assert_ne!(first.keys().hash(b"a"), other.keys().hash(b"a"));
    }

    #[tokio::test]
    async fn a_configured_key_is_used_and_no_key_file_is_made() {
        let (folder, _, mut config) = embedded();
        let secret = [7; 32];
        config.secret.key = Some(crate::config::Secret::new(STANDARD.encode(secret)));
        let store = open_store(&config).await.unwrap();
        assert_eq!(store.keys().hash(b"a"), Keys::derive(&secret).hash(b"a"));
        assert!(!folder.path().join("a b.db.key").exists());
    }

    #[tokio::test]
    async fn a_key_file_that_others_can_read_is_refused() {
        let (folder, _, config) = embedded();
        drop(open_store(&config).await.unwrap());
        let key = folder.path().join("a b.db.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refusal(&config).await.contains("mode 600"));
    }

    #[tokio::test]
    async fn a_lost_key_file_is_not_made_anew_once_the_database_holds_data() {
        let (folder, _, config) = embedded();
        let store = open_store(&config).await.unwrap();
        let key = folder.path().join("a b.db.key");
        fs::remove_file(&key).unwrap();
        drop(open_store(&config).await.unwrap());
        assert!(key.exists(), "nothing was lost yet");
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hsds/package");
        let mut directory = crate::exchange::hsds::read(&fixture, &mut |_| {}).unwrap();
        let options = crate::store::import::Options::default();
        store
            .unscoped_import(&mut directory, &options, &mut |_| {})
            .await
            .unwrap();
        fs::remove_file(&key).unwrap();
        assert!(refusal(&config).await.contains("is gone"));
        assert!(!key.exists());
    }

    #[tokio::test]
    async fn tables_that_are_behind_are_refused_by_name() {
        let (_folder, _, config) = embedded();
        let database = open_database(&config).await.unwrap();
        database.migrate_up().await.unwrap();
        let steps = database.migrations().await.unwrap().len();
        database
            .migrate_down(steps.try_into().unwrap())
            .await
            .unwrap();
        database.close().await.unwrap();
        let refusal = refusal(&config).await;
        assert!(
            refusal.contains("m0001_core") && refusal.contains("migrate up"),
            "{refusal}"
        );
    }

    #[tokio::test]
    async fn postgresql_without_a_master_key_is_refused_before_anything_is_opened() {
        let refusal = refusal(&config("postgres://gateway@127.0.0.1:1/gateway")).await;
        assert!(refusal.contains("openssl rand -base64 32"), "{refusal}");
    }

    #[tokio::test]
    async fn a_url_that_forbids_it_creates_no_file() {
        let (_folder, file, _) = embedded();
        let config = config(&format!("sqlite://{}?mode=rw", file.display()));
        assert!(refusal(&config).await.contains("there is no database"));
        assert!(!file.exists());
    }

    #[tokio::test]
    async fn looking_creates_nothing() {
        let (folder, _, config) = embedded();
        assert!(open_store_to_look(&config).await.unwrap().is_none());
        assert!(demand_database(&config).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
