//! Looks every few seconds for what was asked and registered since, and has it compared with all claimants. One process
//! does so at a time.
use std::time::Duration;

use uuid::Uuid;

use crate::store::Store;

/// How soon an organization is told that its claimant was sought.
const EVERY: Duration = Duration::from_secs(5);

/// Has claimants compared, until `stop` is done.
pub async fn run_until(store: &Store, stop: impl Future<Output = ()>) {
    let holder = Uuid::now_v7().to_string();
    let mut turn = tokio::time::interval(EVERY);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = turn.tick() => {}
        }
        while tokio::select! {
            () = &mut stop => return,
            more = more_to_compare(store, &holder) => more,
        } {}
    }
}

async fn more_to_compare(store: &Store, holder: &str) -> bool {
    match store.unscoped_match(holder).await {
        Ok(more) => more,
        Err(error) => {
            tracing::warn!(%error, "claimants could not be compared");
            false
        }
    }
}
