//! `organization`: what the operator does when an organization is no more. It never shows whose files are handed on.
use std::io::{self, Write};

use super::{
    Failure, OrganizationOrder,
    open::{demand_database, open_store},
};
use crate::{
    config::Config,
    store::custody::{HandedOn, Progress},
};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
#[error(
    "this would end the part of {0} for good and cancel the open referrals that it owns; nothing was done. Repeat with \
     --yes"
)]
struct NotConfirmed(String);

pub async fn run(order: OrganizationOrder, config: Config) -> Result<(), Failure> {
    carry_out(order, &config, &mut io::stdout()).await
}

/// A line after each batch, so that a long order is seen to move.
fn tell(progress: Progress) {
    let Progress { done, left } = progress;
    if left > 0 {
        eprintln!("{done} done, going on");
    }
}

async fn carry_out(
    order: OrganizationOrder,
    config: &Config,
    out: &mut impl Write,
) -> Result<(), Failure> {
    demand_database(config)?;
    match order {
        OrganizationOrder::Disable { code, yes: false } => Err(NotConfirmed(code).into()),
        OrganizationOrder::Disable { code, yes: true } => {
            let store = open_store(config).await?;
            let given_back = store.unscoped_disable_organization(&code, tell).await?;
            writeln!(
                out,
                "{code} is disabled; referrals given back: {given_back}"
            )?;
            Ok(store.close().await?)
        }
        OrganizationOrder::Transfer { from, to } => {
            let store = open_store(config).await?;
            let HandedOn { done, stay } =
                store.unscoped_transfer_claimants(&from, &to, tell).await?;
            writeln!(out, "claimants handed from {from} to {to}: {done}")?;
            if stay > 0 {
                writeln!(out, "claimants who exclude {to} and stay: {stay}")?;
            }
            Ok(store.close().await?)
        }
    }
}
