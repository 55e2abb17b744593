//! What runs behind requests. It stands on the store, and has no rules of its own.
use std::time::Duration;

pub mod matching;
pub mod retention;

/// Works a batch after each period, and at once again while there is more, until `stop` is done.
async fn in_turns<B: Future<Output = bool>>(
    period: Duration,
    stop: impl Future<Output = ()>,
    batch: impl Fn() -> B,
) {
    let mut turn = tokio::time::interval(period);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = turn.tick() => {}
        }
        while tokio::select! {
            () = &mut stop => return,
            more = batch() => more,
        } {}
    }
}
