//! The commands: their arguments, and one file for the work of each. Configuration is loaded here, once; a command that
//! fails says why on standard error, cause after cause, and the process ends with 1 (with 2 for a wrong command line).
use std::{convert::Infallible, error::Error, path::PathBuf, process::ExitCode};

use chrono::{DateTime, Utc};
use clap::{
    Args, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use entity::{NeedCategory, OrganizationKind};

use crate::config::{self, ConfigError, Flags, Loaded, Secret, Sources};

pub mod audit;
pub mod breach;
pub mod config_print;
pub mod demo;
pub mod grants;
pub mod import;
pub mod keys;
pub mod log;
pub mod migrate;
pub mod open;
pub mod organization;
pub mod schema;
pub mod serve;
pub mod token;

pub use open::open_store;

/// Whatever made a command fail.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The part of a command that is not there yet.
#[derive(Debug, thiserror::Error)]
#[error("`claimant-gateway {0}` is not available in this build")]
pub struct NotAvailable(pub &'static str);

const EXAMPLES: &str = "\
Examples:
  Try it out, with demo data and tokens printed:
    claimant-gateway demo
  Create or update the tables, then serve:
    claimant-gateway migrate up --database postgres://gateway@localhost/gateway
    claimant-gateway serve --database postgres://gateway@localhost/gateway --listen 0.0.0.0:8080
  See which settings are in force and who set them:
    claimant-gateway config

Settings come from a TOML file, then environment variables (CLAIMANT_GATEWAY_SERVER__LISTEN sets \
server.listen), then flags; each over the one before.";

/// One GraphQL API for referrals between the organizations that receive people seeking asylum in Ontario.
#[derive(Debug, Parser)]
#[command(name = "claimant-gateway", version, about, after_long_help = EXAMPLES)]
pub struct Arguments {
    /// The configuration file (also CLAIMANT_GATEWAY_CONFIG); without it ./claimant-gateway.toml, if it is there.
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the API.
    #[command(after_long_help = SERVE_EXAMPLE)]
    Serve(ServeArguments),
    /// Serve the API with demo data and print tokens for it. Everything in it is invented.
    #[command(after_long_help = DEMO_EXAMPLE)]
    Demo(DemoArguments),
    /// Create, update, show or remove the tables.
    Migrate(MigrateArguments),
    /// Print the GraphQL schema.
    Schema,
    /// Import data from a file.
    Import(ImportArguments),
    /// End the part of an organization, and hand on what it kept.
    Organization(OrganizationArguments),
    /// Show the keys that seal the database, or rotate them.
    Keys(KeysArguments),
    /// Check who may see what of whom.
    Grants(GrantsArguments),
    /// Check that the journal and the disclosures are as they were written.
    Audit(AuditArguments),
    /// Find out, after a breach, what was told to whom.
    Breach(BreachArguments),
    /// Mint a token of the demo issuer.
    #[command(after_long_help = TOKEN_EXAMPLE)]
    Token(TokenArguments),
    /// Print the settings in force as TOML, with who set each; secrets are not shown.
    Config(ConfigArguments),
}

const SERVE_EXAMPLE: &str = "\
Example:
  claimant-gateway serve --database sqlite://gateway.db?mode=rwc --listen 127.0.0.1:8080";

const DEMO_EXAMPLE: &str = "\
Examples:
  claimant-gateway demo
  claimant-gateway demo --format json --listen 127.0.0.1:0
  claimant-gateway demo --journey
  claimant-gateway demo --journey family";

const TOKEN_EXAMPLE: &str = "\
The key of the demo issuer must be in a file that `serve` uses too:
  export CLAIMANT_GATEWAY_AUTH__DEMO_ISSUER=true CLAIMANT_GATEWAY_AUTH__DEMO_KEY_FILE=demo.key
  claimant-gateway serve &
  claimant-gateway token --organization demo-agency --scope 'claimant:read referral:read' --hours 8";

/// Which database.
#[derive(Debug, Default, Args)]
pub struct DatabaseArgument {
    /// Where the data are: sqlite://FILE?mode=rwc or postgres://USER:PASSWORD@HOST/DATABASE.
    #[arg(long, value_name = "URL", value_parser = secret)]
    pub database: Option<Secret>,
}

/// Where to listen.
#[derive(Debug, Default, Args)]
pub struct ListenArgument {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    pub database: DatabaseArgument,
    #[command(flatten)]
    pub listen: ListenArgument,
    /// The locks to leave off, each named, to measure what it costs. This build serves nobody.
    #[cfg(feature = "unlocked")]
    #[arg(long, required = true, num_args = 0.., value_delimiter = ',')]
    pub without_lock: Vec<crate::lock::Lock>,
}

#[derive(Debug, Args)]
pub struct DemoArguments {
    #[command(flatten)]
    pub database: DatabaseArgument,
    #[command(flatten)]
    pub listen: ListenArgument,
    /// How to print the endpoint and the tokens: for people, or as one line of JSON.
    #[arg(long, value_enum, default_value_t = DemoFormat::Text)]
    pub format: DemoFormat,
    /// Walk through a journey of made-up people over HTTP, show each step in English and French, and exit; without a
    /// name: referral.
    #[arg(long, value_name = "NAME", value_enum, num_args = 0..=1, default_missing_value = "referral")]
    pub journey: Option<DemoJourney>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DemoJourney {
    /// One referral from registration to outcome, and what each of three callers sees of it.
    Referral,
    /// A family of four, one of them sixteen: a home at once, and work when it comes due in sixty days.
    Family,
    /// A Monday at a provider's intake desk, where sixty requests wait.
    Monday,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DemoFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct MigrateArguments {
    #[command(subcommand)]
    pub direction: MigrateDirection,
}

#[derive(Debug, Subcommand)]
pub enum MigrateDirection {
    /// Bring the tables up to this version of the program.
    Up(DatabaseArgument),
    /// Show which migrations were applied and which are pending.
    Status(DatabaseArgument),
    /// Take back the last migration, with the data that only it knew.
    #[command(after_long_help = "Example:\n  claimant-gateway migrate down --steps 1 --yes")]
    Down(MigrateDownArguments),
}

#[derive(Debug, Args)]
pub struct MigrateDownArguments {
    /// How many migrations to take back, the last first.
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: u32,
    /// Do it: the data in the tables that go are deleted for good.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub database: DatabaseArgument,
}

#[derive(Debug, Args)]
pub struct KeysArguments {
    #[command(subcommand)]
    pub action: KeysAction,
}

#[derive(Debug, Subcommand)]
pub enum KeysAction {
    /// Show which keys are in use, and how much hangs on each.
    Status(DatabaseArgument),
    /// Wrap every data key anew by the current master key, or make the tokens anew. Gateways go on serving.
    #[command(after_long_help = ROTATE_HELP)]
    Rotate(KeysRotateArguments),
}

const ROTATE_HELP: &str = "\
To retire a master key:
  1. Add the new key under [[encryption.keys]] beside the old one, on every gateway, and restart them in turn.
  2. Set encryption.current to the id of the new key, on every gateway, and restart them in turn.
  3. claimant-gateway keys rotate
  4. When `claimant-gateway keys status` names the new key alone, remove the old one and destroy it.

The same with [[encryption.token_keys]], encryption.current_token_key and `keys rotate --tokens`. A rotation that was \
broken off is simply run again.";

#[derive(Debug, Args)]
pub struct KeysRotateArguments {
    /// Make the tokens by which people are found anew, under the current token key.
    #[arg(long)]
    pub tokens: bool,
    #[command(flatten)]
    pub database: DatabaseArgument,
}

impl KeysAction {
    const fn database(&self) -> &DatabaseArgument {
        match self {
            Self::Status(database) => database,
            Self::Rotate(arguments) => &arguments.database,
        }
    }
}

#[derive(Debug, Args)]
pub struct ImportArguments {
    #[command(subcommand)]
    pub format: ImportFormat,
}

#[derive(Debug, Subcommand)]
pub enum ImportFormat {
    /// Import organizations, services and locations from files in the format HSDS 3.
    #[command(after_long_help = IMPORT_HSDS_HELP)]
    Hsds(ImportHsdsArguments),
}

const IMPORT_HSDS_HELP: &str = "\
Records are recognized by their HSDS ids, so that a file can be imported again: what is the same is counted as \
unchanged and not touched. A run is written whole or not at all. What the input no longer names is left alone: a \
service that is not in it stays, and so does what a record does not say.

  - A new organization gets its HSDS id as its code, by which tokens name it, and is active.
  - Names and descriptions stand in both languages as in the input. A French one that was changed here since stays.
  - A capacity counts if it is later than what is known here; without a date, if nothing is known here.
  - Locations are public, but for those that are marked as confidential here: these stay so.
  - --kind, --region and --category fill gaps only; they never replace what is there.

An embedded database (SQLite) that is not there yet is created, with its tables; any other must be up to date \
(`claimant-gateway migrate up`).

Counts go to standard output. Every record that was rejected is told on standard error, with its place and the reason \
(with --format json: in the JSON), and the import goes on.

Exit status: 0 when the import was carried out, also when records were rejected; 1 when nothing was written: with \
--strict at the first rejected record, or because of an error; 2 for a wrong command line.

Examples:
  claimant-gateway import hsds services.zip --dry-run
  claimant-gateway import hsds services.json --category HOUSING --region EAST --strict";

/// How to tell what became of an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub struct ImportHsdsArguments {
    /// A JSON or CSV file, a folder of such files, or a ZIP archive of them.
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Write nothing, and stop at the first record that is rejected.
    #[arg(long)]
    pub strict: bool,
    /// Say what would be imported, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// The kind of new organizations, unless the needs that their services meet point to another.
    #[arg(long, value_name = "KIND", default_value = OrganizationKind::EmploymentService.as_str(), value_parser = kind())]
    pub kind: OrganizationKind,
    /// The code of the region of organizations that have none.
    #[arg(long, value_name = "CODE")]
    pub region: Option<String>,
    /// The category of services that have none; may be repeated.
    #[arg(long, value_name = "CATEGORY", value_parser = category())]
    pub category: Vec<NeedCategory>,
    /// How to tell what became of it: for people, or as one line of JSON.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub database: DatabaseArgument,
}

#[derive(Debug, Args)]
pub struct GrantsArguments {
    #[command(subcommand)]
    pub work: GrantsWork,
}

#[derive(Debug, Subcommand)]
pub enum GrantsWork {
    /// Recompute every access grant and name each that is missing or surplus.
    #[command(after_long_help = GRANTS_HELP)]
    Verify(GrantsVerifyArguments),
}

const GRANTS_HELP: &str = "\
Claimants and referrals are named by their opaque ids, organizations by their codes. It may run while the gateway \
serves.

Exit status: 0 when every grant is as it should be; 3 when something differs, also when --repair has mended it; 1 when \
that could not be found out; 2 for a wrong command line.

Example:
  claimant-gateway grants verify --format json --database postgres://gateway@localhost/gateway";

#[derive(Debug, Args)]
pub struct GrantsVerifyArguments {
    /// Make what differs what it should be; each repair stands in the journal.
    #[arg(long)]
    pub repair: bool,
    /// How to tell what differs: for people, or as one line of JSON.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub database: DatabaseArgument,
}

/// No file makes a ministry: its token would open what the ministry alone sees.
fn kind() -> impl TypedValueParser<Value = OrganizationKind> {
    let kinds = OrganizationKind::ALL
        .iter()
        .filter(|kind| **kind != OrganizationKind::Ministry);
    PossibleValuesParser::new(kinds.map(|kind| kind.as_str())).try_map(|text| text.parse())
}

fn category() -> impl TypedValueParser<Value = NeedCategory> {
    PossibleValuesParser::new(NeedCategory::ALL.iter().map(|category| category.as_str()))
        .try_map(|text| text.parse())
}

#[derive(Debug, Args)]
pub struct OrganizationArguments {
    #[command(subcommand)]
    pub order: OrganizationOrder,
    #[command(flatten)]
    pub database: DatabaseArgument,
}

#[derive(Debug, Subcommand)]
pub enum OrganizationOrder {
    /// Disable an organization: its tokens are refused from then on, and every open referral that it owns is cancelled as
    /// PROVIDER_CLOSED, so that its source can send it elsewhere. Interrupted, it goes on when it is called again.
    #[command(
        after_long_help = "Example:\n  claimant-gateway organization disable shelter-12 --yes"
    )]
    Disable {
        /// The code of the organization.
        #[arg(value_name = "CODE")]
        code: String,
        /// Do it: nothing enables the organization again, and its referrals are cancelled.
        #[arg(long)]
        yes: bool,
    },
    /// Hand every claimant that a disabled organization registered to another, with what is still open of its referrals.
    #[command(
        after_long_help = "Example:\n  claimant-gateway organization transfer --from shelter-12 --to agency-3"
    )]
    Transfer {
        /// The code of the organization that is no more.
        #[arg(long, value_name = "CODE")]
        from: String,
        /// The code of the organization that is to keep the files.
        #[arg(long, value_name = "CODE")]
        to: String,
    },
}

#[derive(Debug, Args)]
pub struct AuditArguments {
    #[command(subcommand)]
    pub command: AuditCommand,
}

#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Walk the audit chain and name the first row that was altered, removed or put elsewhere.
    #[command(after_long_help = AUDIT_VERIFY_HELP)]
    Verify(AuditVerifyArguments),
}

const AUDIT_VERIFY_HELP: &str = "\
Every journal entry and every disclosure is linked to all before it; checkpoints of the chain are signed with a key that \
follows from the master key. Whoever can write to the database and has not that key can neither change a row nor cut \
off rows that a checkpoint covers without being found out here. Rows after the last checkpoint can be cut off together \
with the chain's end: a checkpoint that somebody else has kept (the query auditCheckpoint) shows how far it went.

Exit status: 0 when the chain holds; 1 when it does not, or could not be read; 2 for a wrong command line.

Examples:
  claimant-gateway audit verify --database postgres://gateway@localhost/gateway
  claimant-gateway audit verify --checkpoint kept.json --format json";

#[derive(Debug, Args)]
pub struct AuditVerifyArguments {
    /// A checkpoint that was kept: the object that the query auditCheckpoint gave, with all its fields, as JSON.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
    /// A public key with which checkpoints were signed under an earlier master key, in base64url; may be repeated.
    #[arg(long, value_name = "KEY")]
    pub trusted_key: Vec<String>,
    /// How to tell what was found: for people, or as one line of JSON.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
    /// Show no progress.
    #[arg(long)]
    pub quiet: bool,
    #[command(flatten)]
    pub database: DatabaseArgument,
}

#[derive(Debug, Args)]
pub struct BreachArguments {
    #[command(subcommand)]
    pub command: BreachCommand,
}

#[derive(Debug, Subcommand)]
pub enum BreachCommand {
    /// Write every disclosure that a breach may concern to a file: who was shown which groups of whom, and when.
    #[command(after_long_help = BREACH_EXPORT_HELP)]
    Export(BreachExportArguments),
}

const BREACH_EXPORT_HELP: &str = "\
The file is new and for its owner alone (mode 600). It holds ids, codes and times, and nothing that is sealed. Claimants \
stand there by their ids in the API, beside the code of the organization that registered them and can reach them.

Examples:
  claimant-gateway breach export --client lost-laptop --from 2026-06-01T00:00:00-04:00 --output breach.csv
  claimant-gateway breach export --claimant AbCd… --format json --output breach.json";

#[derive(Debug, Args)]
pub struct BreachExportArguments {
    #[command(flatten)]
    pub which: BreachWhich,
    /// Only what was shown to the organization with this code.
    #[arg(long, value_name = "CODE")]
    pub organization: Option<String>,
    #[arg(long, value_enum, default_value_t = BreachFormat::Csv)]
    pub format: BreachFormat,
    /// The file to write; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    #[command(flatten)]
    pub database: DatabaseArgument,
}

/// What the breach is about; at least one of these.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub struct BreachWhich {
    /// What was shown of this claimant, by the id in the API.
    #[arg(long, value_name = "ID")]
    pub claimant: Option<String>,
    /// What was shown through this client.
    #[arg(long, value_name = "NAME")]
    pub client: Option<String>,
    /// What was shown at this time or later (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub from: Option<DateTime<Utc>>,
    /// What was shown before this time (RFC 3339).
    #[arg(long, value_name = "TIME")]
    pub to: Option<DateTime<Utc>>,
}

/// The form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum BreachFormat {
    Csv,
    Json,
}

#[derive(Debug, Args)]
pub struct TokenArguments {
    /// The code of the organization.
    #[arg(long, value_name = "CODE")]
    pub organization: String,
    /// Scopes separated by spaces; without it, all. What the organization's role may not use has no effect.
    #[arg(long, value_name = "SCOPES")]
    pub scope: Option<String>,
    /// Who acts.
    #[arg(long, value_name = "NAME", default_value = "demo-worker")]
    pub subject: String,
    /// The code of the region to which a member of the ministry's staff is bound.
    #[arg(long, value_name = "CODE")]
    pub region: Option<String>,
    /// For how many hours the token is good.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=720))]
    pub hours: u16,
}

#[derive(Debug, Args)]
pub struct ConfigArguments {
    #[command(flatten)]
    pub database: DatabaseArgument,
    #[command(flatten)]
    pub listen: ListenArgument,
}

/// Whether the URL is one is said where all settings are judged, in words that do not repeat its password.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

/// Reads the command line, does what it says, and tells how that went.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    match execute(arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("claimant-gateway: {failure}");
            let mut cause = failure.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let file = arguments.config;
    let done = match arguments.command {
        Command::Grants(GrantsArguments {
            work: GrantsWork::Verify(verify),
        }) => {
            let loaded = load(file, Some(&verify.database), None)?;
            return in_runtime(grants::verify(verify, loaded.config));
        }
        Command::Serve(serve) => {
            let loaded = load(file, Some(&serve.database), Some(&serve.listen))?;
            #[cfg(feature = "unlocked")]
            for lock in &serve.without_lock {
                lock.leave_off();
            }
            in_runtime(serve::run(loaded.config))
        }
        Command::Demo(demo) => {
            let loaded = load(file, Some(&demo.database), Some(&demo.listen))?;
            in_runtime(demo::run(demo, loaded.config))
        }
        Command::Migrate(migrate) => {
            let loaded = load(file, Some(migrate.direction.database()), None)?;
            in_runtime(migrate::run(migrate.direction, loaded.config))
        }
        Command::Schema => schema::run(),
        Command::Import(ImportArguments {
            format: ImportFormat::Hsds(hsds),
        }) => {
            let loaded = load(file, Some(&hsds.database), None)?;
            in_runtime(import::run(hsds, loaded.config))
        }
        Command::Organization(organization) => {
            let loaded = load(file, Some(&organization.database), None)?;
            in_runtime(organization::run(organization.order, loaded.config))
        }
        Command::Keys(KeysArguments { action }) => {
            let loaded = load(file, Some(action.database()), None)?;
            in_runtime(keys::run(action, loaded.config))
        }
        Command::Audit(AuditArguments {
            command: AuditCommand::Verify(verify),
        }) => {
            let loaded = load(file, Some(&verify.database), None)?;
            in_runtime(audit::verify(verify, loaded.config))
        }
        Command::Breach(BreachArguments {
            command: BreachCommand::Export(export),
        }) => {
            let loaded = load(file, Some(&export.database), None)?;
            in_runtime(breach::export(export, loaded.config))
        }
        Command::Token(token) => token::run(token, &load(file, None, None)?.config),
        Command::Config(config) => {
            config_print::run(&load(file, Some(&config.database), Some(&config.listen))?)
        }
    };
    done.map(|()| ExitCode::SUCCESS)
}

impl MigrateDirection {
    const fn database(&self) -> &DatabaseArgument {
        match self {
            Self::Up(database) | Self::Status(database) => database,
            Self::Down(arguments) => &arguments.database,
        }
    }
}

fn load(
    file: Option<PathBuf>,
    database: Option<&DatabaseArgument>,
    listen: Option<&ListenArgument>,
) -> Result<Loaded, ConfigError> {
    let flags = Flags {
        config: file,
        database: database.and_then(|argument| argument.database.clone()),
        listen: listen.and_then(|argument| argument.listen.clone()),
    };
    config::load(&Sources::of_process(flags)?)
}

fn in_runtime<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

#[cfg(test)]
mod tests;
