//! Looks now and then for what must go: drafts that nobody touches any more, people whose time here is over. One
//! process does so at a time.
use uuid::Uuid;

use crate::store::Store;

/// Takes away what must go, until `stop` is done.
pub async fn run_until(store: &Store, stop: impl Future<Output = ()>) {
    let holder = Uuid::now_v7().to_string();
    let mut turn = tokio::time::interval(store.retention_period());
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = turn.tick() => {}
        }
        while tokio::select! {
            () = &mut stop => return,
            more = more_to_go(store, &holder) => more,
        } {}
    }
}

async fn more_to_go(store: &Store, holder: &str) -> bool {
    match store.unscoped_retain(holder).await {
        Ok(more) => more,
        Err(error) => {
            tracing::warn!(%error, "what is past its retention could not be taken away");
            false
        }
    }
}
