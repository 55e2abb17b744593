//! Looks now and then for what must go: drafts that nobody touches any more, people whose time here is over. One
//! process does so at a time.
use uuid::Uuid;

use crate::store::Store;

/// Takes away what must go, until `stop` is done.
pub async fn run_until(store: &Store, stop: impl Future<Output = ()>) {
    let holder = Uuid::now_v7().to_string();
    let batch = || async {
        match store.unscoped_retain(&holder).await {
            Ok(more) => more,
            Err(error) => {
                tracing::warn!(%error, "what is past its retention could not be taken away");
                false
            }
        }
    };
    super::in_turns(store.retention_period(), stop, batch).await;
}
