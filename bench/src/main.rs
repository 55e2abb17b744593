//! Fills a database with a synthetic province and measures the gateway beside a hand-written floor; `docs/performance.md`
//! says how and with what result. `load` fills, `run` measures, `explain` looks at plans, `locks` takes one lock off at a
//! time, `floor` is what a good programmer writes by hand for exactly three requests.
use std::{path::PathBuf, process::ExitCode};

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};

mod explain;
mod floor;
mod load;
mod locks;
mod place;
mod postgres;
mod run;
mod sql;

use place::Place;

/// As in the gateway, so that neither has the better one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Text(String),
    #[error("nothing is loaded here: `bench load` comes first")]
    NotLoaded,
    #[error("PostgreSQL is not on this machine (Debian and Ubuntu: apt-get install postgresql)")]
    NoPostgres,
    #[error("wrk is not on this machine (Debian and Ubuntu: apt-get install wrk)")]
    NoWrk,
    #[error("{program} failed:\n{said}")]
    Program { program: String, said: String },
    #[error("the thread that makes rows failed")]
    Thread,
    #[error(transparent)]
    Store(#[from] claimant_gateway::error::Error),
    #[error(transparent)]
    Issuer(#[from] claimant_gateway::auth::demo::DemoIssuerError),
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    File(#[from] std::io::Error),
}

#[derive(Parser)]
#[command(
    version,
    about = "Measures the Claimant Gateway beside a hand-written floor"
)]
struct Arguments {
    /// Where the bench keeps its PostgreSQL, its keys and its results.
    #[arg(long, global = true, default_value = "target/bench")]
    folder: PathBuf,
    #[command(subcommand)]
    command: Command,
}

/// Which database.
#[derive(Args)]
struct Where {
    /// PostgreSQL or SQLite; the bench's own PostgreSQL unless another is named.
    #[arg(long)]
    database: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// A PostgreSQL of the bench's own.
    Postgres {
        #[command(subcommand)]
        order: Order,
    },
    /// Fills an empty database.
    Load {
        #[command(flatten)]
        at: Where,
        /// How many referrals; everything else is in proportion.
        #[arg(long, default_value_t = 1_000_000)]
        scale: usize,
        #[arg(long, default_value_t = 20_231_127)]
        seed: u64,
        /// The moment at which the data stand.
        #[arg(long, default_value = "2026-11-01T12:00:00Z")]
        now: DateTime<Utc>,
    },
    /// Measures.
    Run {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        wanted: run::Wanted,
    },
    /// Measures what each lock costs, by leaving it off.
    Locks {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        wanted: locks::Wanted,
    },
    /// Measures what indexes that serve only lists cost a write.
    Indexes {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        wanted: locks::Wanted,
    },
    /// Measures what it costs that PostgreSQL keeps the rows as well.
    RowSecurity {
        #[command(flatten)]
        at: Where,
        #[command(flatten)]
        wanted: locks::Wanted,
    },
    /// Looks at the plan of every statement that lists and hot requests run.
    Explain {
        #[command(flatten)]
        at: Where,
        /// As PostgreSQL plans them where it keeps the rows as well; nothing fails then.
        #[arg(long)]
        row_security: bool,
    },
    /// Serves three requests, written by hand.
    Floor {
        #[command(flatten)]
        at: Where,
        #[arg(long, default_value = "127.0.0.1:7102")]
        listen: std::net::SocketAddr,
    },
}

#[derive(Clone, Copy, Subcommand)]
enum Order {
    /// Starts it, made when it is not there.
    Start,
    Stop,
}

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            let mut cause = std::error::Error::source(&failure);
            while let Some(error) = cause {
                eprintln!("  {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { folder, command } = arguments;
    let place = |at: Where| Place::new(&folder, at.database);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match command {
        Command::Postgres { order } => {
            let place = place(Where { database: None })?;
            match order {
                Order::Start => postgres::start(place.folder()),
                Order::Stop => postgres::stop(place.folder()),
            }
        }
        Command::Load {
            at,
            scale,
            seed,
            now,
        } => {
            let wanted = load::Wanted {
                referrals: scale,
                seed,
                now,
            };
            runtime.block_on(load::run(&place(at)?, wanted))
        }
        Command::Run { at, wanted } => runtime.block_on(run::run(&place(at)?, &wanted)),
        Command::Locks { at, wanted } => runtime.block_on(locks::run(&place(at)?, &wanted)),
        Command::Indexes { at, wanted } => runtime.block_on(locks::indexes(&place(at)?, &wanted)),
        Command::RowSecurity { at, wanted } => {
            runtime.block_on(locks::row_security(&place(at)?, &wanted))
        }
        Command::Explain { at, row_security } => {
            runtime.block_on(explain::run(&place(at)?, row_security))
        }
        Command::Floor { at, listen } => runtime.block_on(floor::serve(&place(at)?, listen)),
    }
}
