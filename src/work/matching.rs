//! Looks for whoever was described since the last time, so that no answer waits for it and none can show what was found.
//! One process does so at a time.
use uuid::Uuid;

use crate::store::Store;

/// Looks for who was described, until `stop` is done.
pub async fn run_until(store: &Store, stop: impl Future<Output = ()>) {
    let holder = Uuid::now_v7().to_string();
    let batch = || async {
        match store.unscoped_match(&holder).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, "who was described could not be looked for");
                false
            }
        }
    };
    super::in_turns(store.poll_period(), stop, batch).await;
}
