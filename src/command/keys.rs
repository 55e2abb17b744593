//! `keys`: which keys seal the database, and their rotation beside gateways that go on serving.
use std::io::{self, IsTerminal, Write};

use super::{Failure, KeysAction, log, open::open_store};
use crate::{
    config::Config,
    store::{
        Store,
        rotate::{KeyStatus, Rotated},
    },
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
        KeysAction::Status(_) => {
            println!("{}", told(&store.unscoped_key_status().await?));
            Ok(())
        }
        KeysAction::Rotate(arguments) => rotate(&store, arguments.tokens).await,
    }
}

/// What hangs on which key, and what is left to do.
fn told(status: &KeyStatus) -> String {
    let mut lines = vec![format!("master key in use: {}", status.current)];
    for (what, counts) in [
        ("claimants", &status.claimants),
        ("referrals", &status.referrals),
        ("descriptions looked for", &status.requests),
    ] {
        for (id, count) in counts {
            lines.push(format!("  {count} {what} under {id}"));
        }
    }
    lines.push(format!("token key in use: {}", status.current_token));
    for (id, count) in &status.tokens {
        let id = id.as_deref().unwrap_or("more than one key");
        lines.push(format!("  {count} claimants under {id}"));
    }
    let (keys, tokens) = (status.waiting(), status.waiting_tokens());
    if keys > 0 {
        lines.push(format!(
            "{keys} data keys wait for `claimant-gateway keys rotate`"
        ));
    }
    if tokens > 0 {
        lines.push(format!(
            "{tokens} claimants wait for `claimant-gateway keys rotate --tokens`"
        ));
    }
    if keys == 0 && tokens == 0 {
        lines.push("Everything is under the keys in use; others can be retired.".to_owned());
    }
    lines.join("\n")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_what_hangs_on_which_key_and_what_is_left_to_do() {
        let mut status = KeyStatus {
            current: "new".to_owned(),
            claimants: [("new".to_owned(), 3), ("old".to_owned(), 2)].into(),
            referrals: [("old".to_owned(), 4)].into(),
            requests: [("old".to_owned(), 1)].into(),
            current_token: "derived".to_owned(),
            tokens: [(Some("derived".to_owned()), 4), (None, 1)].into(),
        };
        assert_eq!(
            told(&status),
            "master key in use: new\n  3 claimants under new\n  2 claimants under old\n  4 referrals under old\n  \
             1 descriptions looked for under old\n\
             token key in use: derived\n  1 claimants under more than one key\n  4 claimants under derived\n\
             7 data keys wait for `claimant-gateway keys rotate`\n\
             1 claimants wait for `claimant-gateway keys rotate --tokens`"
        );
        status.claimants.remove("old");
        status.referrals.clear();
        status.requests.clear();
        status.tokens.remove(&None);
        assert!(told(&status).ends_with("others can be retired."));
    }
}
