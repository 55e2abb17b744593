//! Configuration: one struct per concern, with its defaults in sight. Sources, each over the one before: these defaults,
//! a TOML file, environment variables, flags of the command line. Nothing else in the gateway reads the environment.
//! A key that is no setting is refused, since a setting with a typing error in its name protects nobody.
use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    domain::business_days::{self, Closures},
    http, private_file,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

mod encryption;
mod load;
mod print;
mod secret;
mod value;

pub use encryption::{DERIVED, Encryption, EncryptionError, NamedKey, Ring};
pub use load::{ConfigError, Flags, Loaded, Sources, load};
pub use secret::{DatabaseUrl, REDACTED, Secret};
pub use value::{IssuerUrl, Listen, Whole, is_private_enough};

/// Every setting of the gateway.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    /// The HTTP front: limits of one request, origins whose pages may call.
    pub http: http::Settings,
    pub database: Database,
    pub encryption: Encryption,
    pub retention: Retention,
    pub auth: Auth,
    pub referral: Referral,
    pub idempotency: Idempotency,
    pub sequencer: Sequencer,
    pub timers: Timers,
    pub audit: Audit,
    pub log: Log,
    pub secret: SecretKey,
}

/// Where the gateway listens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port of the API.
    pub listen: Listen,
    /// How long requests under way may take to end when the gateway is told to stop.
    pub shutdown_seconds: Whole<0, 600>,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: Listen(std::net::SocketAddr::from(([127, 0, 0, 1], 8080))),
            shutdown_seconds: Whole::of::<10>(),
        }
    }
}

/// Where the data are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    pub url: DatabaseUrl,
    /// Connections to PostgreSQL for transactions, and as many again for statements that stand alone; or readers of
    /// SQLite (which has one writer besides).
    pub max_connections: Whole<1, 1_000>,
    /// How long a request waits for a connection.
    pub acquire_seconds: Whole<1, 60>,
    /// Whether PostgreSQL itself refuses the rows that a caller may not see, under the same grants.
    pub row_security: bool,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            url: DatabaseUrl::embedded(),
            max_connections: Whole::of::<16>(),
            acquire_seconds: Whole::of::<5>(),
            row_security: false,
        }
    }
}

/// Who may vouch for a caller.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// The OpenID issuers whose access tokens are accepted.
    pub issuers: Vec<Issuer>,
    /// An issuer inside the gateway, for trying it out: only while the gateway listens on a loopback address.
    pub demo_issuer: bool,
    /// Where the demo issuer keeps its key, so that `claimant-gateway token` can mint as well; absent: in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub demo_key_file: Option<PathBuf>,
    /// How far the clock of an issuer may differ from ours.
    pub leeway_seconds: Whole<0, 300>,
    /// The longest that a token of an issuer may be good for: nobody can take back one that was stolen.
    pub most_token_minutes: Whole<1, 525_600>,
    /// How long a key set is used before it is fetched again.
    pub key_set_seconds: Whole<60, 86_400>,
    /// The least time between two fetches from one issuer.
    pub key_set_interval_seconds: Whole<1, 3_600>,
    /// How long an issuer may take to answer.
    pub network_seconds: Whole<1, 60>,
    /// How many verified tokens are remembered.
    pub remembered_tokens: Whole<0, 1_000_000>,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            issuers: Vec::new(),
            demo_issuer: false,
            demo_key_file: None,
            leeway_seconds: Whole::of::<30>(),
            most_token_minutes: Whole::of::<1_440>(),
            key_set_seconds: Whole::of::<3_600>(),
            key_set_interval_seconds: Whole::of::<30>(),
            network_seconds: Whole::of::<5>(),
            remembered_tokens: Whole::of::<10_000>(),
        }
    }
}

/// One issuer of access tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Its identifier, exactly as in the claim `iss`.
    pub issuer: IssuerUrl,
    /// What the claim `aud` must contain.
    pub audience: String,
    /// The claim that holds the code of the caller's organization.
    #[serde(default = "organization_claim")]
    pub organization_claim: String,
    /// The claim that may bind ministry staff to one region, by its code.
    #[serde(default = "region_claim")]
    pub region_claim: String,
    /// The codes of the organizations that its tokens may name; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organizations: Option<Vec<String>>,
}

fn organization_claim() -> String {
    "organization".to_owned()
}

fn region_claim() -> String {
    "region".to_owned()
}

/// The times of referrals, and the age from which a person consents alone.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Referral {
    pub answer_business_days_urgent: Whole<1, 60>,
    pub answer_business_days_routine: Whole<1, 60>,
    /// How long a party keeps its access after a referral is completed.
    pub access_after_completion_days: Whole<0, 3_650>,
    pub consent_age: Whole<12, 21>,
    /// How many referrals one call may act on at once.
    pub most_at_once: Whole<1, 500>,
    /// Days besides the public holidays on which nobody answers: a file with one date a line (2026-12-24), and after
    /// a # whatever is to be noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closures_file: Option<PathBuf>,
}

impl Default for Referral {
    fn default() -> Self {
        Self {
            answer_business_days_urgent: Whole::of::<1>(),
            answer_business_days_routine: Whole::of::<5>(),
            access_after_completion_days: Whole::of::<90>(),
            consent_age: Whole::of::<16>(),
            most_at_once: Whole::of::<100>(),
            closures_file: None,
        }
    }
}

/// Why the closures are not known.
#[derive(Debug, thiserror::Error)]
pub enum ClosuresError {
    #[error("the file named by referral.closures_file cannot be read")]
    File(#[source] std::io::Error),
    #[error("the file named by referral.closures_file is not as it should be")]
    Form(#[from] business_days::BadClosure),
}

impl Referral {
    /// The days of `closures_file`; none where no file is configured.
    pub fn closures(&self) -> Result<Closures, ClosuresError> {
        match &self.closures_file {
            None => Ok(Closures::default()),
            Some(path) => Ok(fs::read_to_string(path)
                .map_err(ClosuresError::File)?
                .parse()?),
        }
    }
}

/// How long a repeated request is recognized.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Idempotency {
    pub retention_days: Whole<7, 365>,
}

impl Default for Idempotency {
    fn default() -> Self {
        Self {
            retention_days: Whole::of::<7>(),
        }
    }
}

/// How long what is known of people is kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// A claimant of whom nothing was written for so long is erased, unless on hold; 0: never.
    pub claimant_days: Whole<0, 36_525>,
    /// A draft that nobody touched for so long is discarded; 0: never.
    pub draft_days: Whole<0, 3_650>,
    /// How often it is looked for what is to go.
    pub every_minutes: Whole<1, 1_440>,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            // Seven years.
            claimant_days: Whole::of::<2_557>(),
            draft_days: Whole::of::<14>(),
            every_minutes: Whole::of::<60>(),
        }
    }
}

/// The numbering of committed journal entries.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sequencer {
    /// How often it looks when nobody woke it.
    pub poll_milliseconds: Whole<10, 60_000>,
    /// How long its lease lasts when it is not renewed.
    pub lease_seconds: Whole<1, 300>,
    /// How many entries it numbers at once.
    pub batch: Whole<1, 10_000>,
}

impl Default for Sequencer {
    fn default() -> Self {
        Self {
            poll_milliseconds: Whole::of::<1_000>(),
            lease_seconds: Whole::of::<10>(),
            batch: Whole::of::<500>(),
        }
    }
}

/// What the passing of time does to referrals and needs.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timers {
    /// How often it is looked for what has come due.
    pub interval_seconds: Whole<1, 3_600>,
    /// How many deadlines fire in one turn; a turn that was full is followed by another.
    pub batch: Whole<1, 1_000>,
    /// How long a process may be silent in a turn before another takes the work over.
    pub lease_seconds: Whole<1, 3_600>,
    /// A request that nobody answered so long after it was due is cancelled; 0: never.
    pub expire_after_days: Whole<0, 3_650>,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            interval_seconds: Whole::of::<30>(),
            batch: Whole::of::<100>(),
            lease_seconds: Whole::of::<60>(),
            expire_after_days: Whole::of::<30>(),
        }
    }
}

/// The record of disclosures, and the chain over it and the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// How long the record of a disclosure may take to be written; after that the answer is not given.
    pub disclosure_seconds: Whole<1, 60>,
    /// A checkpoint is signed after this many links of the chain …
    pub checkpoint_links: Whole<1, 1_000_000>,
    /// … or, where there is anything new, after this time.
    pub checkpoint_minutes: Whole<1, 1_440>,
}

impl Default for Audit {
    fn default() -> Self {
        Self {
            disclosure_seconds: Whole::of::<5>(),
            checkpoint_links: Whole::of::<1_000>(),
            checkpoint_minutes: Whole::of::<10>(),
        }
    }
}

/// What is logged, and in which form.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
    pub level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: LogLevel::Info,
        }
    }
}

/// The form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// The least important event that is still logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The directive by which the log's filter knows this level.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The gateway's secret, from which the keys of ids, cursors and hashes follow, and those of seals where `encryption`
/// names none: at least 32 random bytes in base64, here or in a file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretKey {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

/// Why there is no secret to work with.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    #[error("secret.key and secret.key_file are both set; one of them is allowed")]
    Both,
    #[error("the file named by secret.key_file cannot be read")]
    File(#[source] std::io::Error),
    #[error("the gateway's secret is not allowed: at least 32 random bytes in base64 are")]
    Form,
}

impl SecretKey {
    /// The bytes of the secret, or nothing where none is configured.
    pub fn read(&self) -> Result<Option<Vec<u8>>, SecretKeyError> {
        let text = match (&self.key, &self.key_file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(SecretKeyError::Both),
            (Some(key), None) => key.reveal().to_owned(),
            (None, Some(path)) => fs::read_to_string(path).map_err(SecretKeyError::File)?,
        };
        match STANDARD.decode(text.trim()) {
            Ok(bytes) if bytes.len() >= 32 => Ok(Some(bytes)),
            Ok(_) | Err(_) => Err(SecretKeyError::Form),
        }
    }
}

impl Config {
    /// The configured files of keys that others than their owner can use. One that cannot be looked at is not told here:
    /// whoever reads it says so.
    pub fn exposed_key_files(&self) -> Vec<&Path> {
        let rings = [&self.encryption.keys, &self.encryption.token_keys];
        let named = rings
            .into_iter()
            .flatten()
            .filter_map(|key| key.key_file.as_deref());
        let secret = self.secret.key_file.as_deref();
        secret
            .into_iter()
            .chain(named)
            .filter(|path| private_file::is_exposed(path).unwrap_or(false))
            .collect()
    }
}

#[cfg(test)]
mod tests;
