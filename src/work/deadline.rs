//! Looks again and again for what has come due. Every gateway process does; one at a time fires.
use uuid::Uuid;

use crate::store::Store;

/// Fires what comes due, until `stop` is done.
pub async fn run_until(store: &Store, stop: impl Future<Output = ()>) {
    let holder = Uuid::now_v7().to_string();
    let mut turn = tokio::time::interval(store.timer_period());
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = turn.tick() => {}
        }
        while tokio::select! {
            () = &mut stop => return,
            more = more_to_fire(store, &holder) => more,
        } {}
    }
}

async fn more_to_fire(store: &Store, holder: &str) -> bool {
    match store.unscoped_fire(holder).await {
        Ok(fired) => {
            if fired.told + fired.expired > 0 {
                tracing::info!(
                    told = fired.told,
                    expired = fired.expired,
                    "deadlines fired"
                );
            }
            fired.more
        }
        Err(error) => {
            tracing::warn!(%error, "what has come due could not be told");
            false
        }
    }
}
