//! `keys`: which keys seal the database, and their rotation beside gateways that go on serving.
use std::io::{self, IsTerminal, Write};

use super::{Failure, KeysAction, log, open::open_store};
use crate::{
    config::Config,
    store::{Store, rotate::Rotated},
};

/// Why a rotation did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error(
        "{0} could not be opened and were left as they are: is every key that wrapped them still configured? \
         (`claimant-gateway keys status`)"
    )]
    Unopened(u64),
}

pub async fn run(action: KeysAction, config: Config) -> Result<(), Failure> {
    log::start(&config.log);
    super::open::demand_database(&config)?;
    let store = open_store(&config).await?;
    match action {
        KeysAction::Status(_) => status(&store).await,
        KeysAction::Rotate(arguments) => rotate(&store, arguments.tokens).await,
    }
}

async fn status(store: &Store) -> Result<(), Failure> {
    let status = store.unscoped_key_status().await?;
    let mut out = io::stdout().lock();
    writeln!(out, "master key in use: {}", status.current)?;
    for (id, count) in &status.claimants {
        writeln!(out, "  {count} claimants under {id}")?;
    }
    for (id, count) in &status.referrals {
        writeln!(out, "  {count} referrals under {id}")?;
    }
    writeln!(out, "token key in use: {}", status.current_token)?;
    for (id, count) in &status.tokens {
        let id = id.as_deref().unwrap_or("more than one key");
        writeln!(out, "  {count} claimants under {id}")?;
    }
    let (keys, tokens) = (status.waiting(), status.waiting_tokens());
    if keys > 0 {
        writeln!(
            out,
            "{keys} data keys wait for `claimant-gateway keys rotate`"
        )?;
    }
    if tokens > 0 {
        writeln!(
            out,
            "{tokens} claimants wait for `claimant-gateway keys rotate --tokens`"
        )?;
    }
    if keys == 0 && tokens == 0 {
        writeln!(
            out,
            "Everything is under the keys in use; others can be retired."
        )?;
    }
    Ok(())
}

async fn rotate(store: &Store, tokens: bool) -> Result<(), Failure> {
    let mut progress = |rotated: Rotated| {
        if io::stderr().is_terminal() {
            // Nobody is left to tell where standard error is closed.
            let _ = write!(io::stderr(), "\r{} done", rotated.done);
        }
    };
    let rotated = if tokens {
        store.unscoped_retoken(&mut progress).await?
    } else {
        store.unscoped_rewrap(&mut progress).await?
    };
    if io::stderr().is_terminal() && rotated != Rotated::default() {
        let _ = writeln!(io::stderr());
    }
    let what = if tokens {
        "claimants have new tokens"
    } else {
        "data keys were wrapped anew"
    };
    println!("{} {what}", rotated.done);
    match rotated.failed {
        0 => Ok(()),
        failed => Err(KeysError::Unopened(failed).into()),
    }
}
