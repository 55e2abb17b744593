//! Where a bench keeps what outlives a command: its PostgreSQL, the secret under which the data are sealed, the key of the
//! issuer of tokens, what was loaded, and results. And how to open and to ask what was loaded.
use std::{
    fs, io,
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::{
    auth::{
        demo::{DemoIssuer, TokenRequest},
        scope::Scope,
    },
    clock::Clock,
    config::{self, Config},
    opaque::Keys,
    store::{Database, Settings, Store},
};
use serde::{Deserialize, Serialize};

use crate::{Failure, load::directory::code, postgres};

/// The secret of every bench, so that tokens and public ids are the same wherever one is loaded. What it seals is
/// synthetic.
const SECRET: &[u8; 32] = b"synthetic data need no secrecy..";
/// The same in base64.
const SECRET_TEXT: &str = "c3ludGhldGljIGRhdGEgbmVlZCBubyBzZWNyZWN5Li4=";

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Place {
    folder: PathBuf,
    url: String,
    row_security: bool,
}

/// What was loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Loaded {
    pub referrals: usize,
    pub claimants: usize,
    pub organizations: usize,
    pub services: usize,
    pub seed: u64,
    pub now: DateTime<Utc>,
    pub seconds: f64,
}

impl Place {
    /// A folder, made if it is not there, and a database: its own PostgreSQL unless another is named.
    pub fn new(folder: &Path, url: Option<String>) -> Result<Self, Failure> {
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let url = url.unwrap_or_else(|| postgres::url(&folder));
        Ok(Self {
            folder,
            url,
            row_security: false,
        })
    }

    /// The same, as a role sees it that no superuser's rights help past the database's own rules, which are on or not.
    pub fn as_role(&self, role: &str, row_security: bool) -> Self {
        Self {
            url: self.url.replacen("://postgres@", &format!("://{role}@"), 1),
            row_security,
            ..self.clone()
        }
    }

    /// The same, of whoever owns the tables, to lay the database's own rules or to take them away.
    pub fn with_row_security(&self, row_security: bool) -> Self {
        Self {
            row_security,
            ..self.clone()
        }
    }

    pub const fn has_row_security(&self) -> bool {
        self.row_security
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The URL of whoever owns the tables.
    pub fn url_of_owner(&self) -> String {
        let served = format!("://{}@", crate::locks::ROLE);
        self.url.replacen(&served, "://postgres@", 1)
    }

    pub fn is_postgres(&self) -> bool {
        !self.url.starts_with("sqlite:")
    }

    pub fn keys(&self) -> Keys {
        Keys::derive(SECRET)
    }

    fn database(&self) -> Result<config::Database, Failure> {
        Ok(config::Database {
            url: self
                .url
                .parse()
                .map_err(|error| Failure::Text(format!("the database's URL: {error}")))?,
            row_security: self.row_security,
            ..config::Database::default()
        })
    }

    /// The database with its newest tables, and its own rules as they are wanted here.
    pub async fn open_database(&self) -> Result<Database, Failure> {
        let database = self.open_as_it_is().await?;
        database.migrate_up().await?;
        Ok(database)
    }

    /// The database as it is.
    pub async fn open_as_it_is(&self) -> Result<Database, Failure> {
        Ok(Database::open(&self.database()?).await?)
    }

    pub async fn open_to_load(&self) -> Result<Store, Failure> {
        Ok(self.store(self.open_database().await?))
    }

    pub fn store(&self, database: Database) -> Store {
        Store::new(database, Clock::system(), self.keys(), Settings::default())
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Failure> {
        let path = self.folder.join(name);
        fs::write(&path, text)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(path)
    }

    /// Notes what was loaded.
    pub fn note(&self, loaded: &Loaded) -> Result<(), Failure> {
        self.write("loaded.json", &serde_json::to_string_pretty(loaded)?)?;
        Ok(())
    }

    /// What was loaded.
    pub fn loaded(&self) -> Result<Loaded, Failure> {
        match fs::read(self.folder.join("loaded.json")) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Failure::NotLoaded),
            Err(error) => Err(error.into()),
        }
    }

    /// The configuration of a gateway over this database. Every lock is on. What would make it do beside requests what
    /// was not asked of it is off: no points, no line of the log for each request, no drafts discarded, no requests that
    /// expire by the hundred because the data are of one moment.
    pub fn gateway_config(&self) -> Result<PathBuf, Failure> {
        let secret = self.write("gateway.key", SECRET_TEXT)?;
        let text = format!(
            "[database]\nurl = {url:?}\nrow_security = {row_security}\n\
             [secret]\nkey_file = {secret:?}\n\
             [auth]\ndemo_issuer = true\ndemo_key_file = {issuer:?}\n\
             [log]\nlevel = \"warn\"\n\
             [http.limits]\npoints_per_minute = 0\ncost = 5000\n\
             [retention]\ndraft_days = 0\n\
             [timers]\nexpire_after_days = 0\ninterval_seconds = 3600\n",
            url = self.url,
            row_security = self.row_security,
            issuer = self.folder.join("issuer.key"),
        );
        self.write("gateway.toml", &text)
    }

    /// The issuer whose tokens that gateway accepts.
    pub fn issuer(&self) -> Result<DemoIssuer, Failure> {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(DemoIssuer::for_listen_with_key_file(
            loopback,
            &self.folder.join("issuer.key"),
        )?)
    }

    /// Another configuration in terms of the library, for a gateway in this process.
    pub fn config(&self) -> Result<Config, Failure> {
        let mut config = Config {
            database: self.database()?,
            ..Config::default()
        };
        config.auth.demo_issuer = true;
        config.auth.demo_key_file = Some(self.folder.join("issuer.key"));
        config.http.limits.points_per_minute = 0;
        config.http.limits.cost = 5_000;
        Ok(config)
    }

    /// How a person asks what was loaded.
    pub fn how_to_ask(&self) -> Result<String, Failure> {
        let config = self.gateway_config()?;
        let token = token(&self.issuer()?, &code(1))?;
        Ok(format!(
            "claimant-gateway --config {} serve\ntoken of {}: {token}",
            config.display(),
            code(1)
        ))
    }
}

/// A token of an organization, with every scope.
pub fn token(issuer: &DemoIssuer, organization: &str) -> Result<String, Failure> {
    let request = TokenRequest {
        organization: organization.to_owned(),
        scopes: Scope::ALL.iter().copied().collect(),
        subject: "bench-caller".to_owned(),
        region: None,
        lifetime: TimeDelta::days(2),
    };
    Ok(issuer.mint(&request, Clock::system().now())?)
}
