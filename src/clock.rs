//! The time, from one place, so that a test can set it. Every moment is cut to microseconds before anybody sees it,
//! since that is what the databases keep. It measures nothing and knows no zone: days and months are the domain's.
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, TimeDelta, Utc};

/// Tells the time: the machine's, or one that was set.
#[derive(Clone, Debug, Default)]
pub struct Clock(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    /// Microseconds since 1970, shared by all clones.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The machine's own time.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until it is set or moved, together with the handle that does so.
    pub fn fixed(at: DateTime<Utc>) -> (Self, ClockHandle) {
        let microseconds = Arc::new(AtomicI64::new(at.timestamp_micros()));
        (
            Self(Source::Fixed(Arc::clone(&microseconds))),
            ClockHandle(microseconds),
        )
    }

    /// The time, in whole microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "this is the clock that everybody else asks"
                )]
                let now = Utc::now();
                from_microseconds(now.timestamp_micros())
            }
            Source::Fixed(microseconds) => from_microseconds(microseconds.load(Ordering::SeqCst)),
        }
    }
}

/// Sets and moves a fixed clock.
#[derive(Clone, Debug)]
pub struct ClockHandle(Arc<AtomicI64>);

impl ClockHandle {
    /// From here on it is `at`, cut to microseconds.
    pub fn set(&self, at: DateTime<Utc>) {
        self.0.store(at.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves the clock, forward or backward.
    pub fn advance(&self, by: TimeDelta) {
        self.0
            .fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::SeqCst);
    }
}

/// Every i64 of microseconds that a `DateTime` gave is one that a `DateTime` can take.
fn from_microseconds(microseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(microseconds).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_cut_to_microseconds() {
        let moment = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
        let (clock, _) = Clock::fixed(moment);
        assert_eq!(clock.now().timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[test]
    fn a_fixed_clock_stands_still_and_all_its_clones_move_together() {
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let (clock, handle) = Clock::fixed(start);
        let clone = clock.clone();
        assert_eq!(clock.now(), start);
        handle.advance(TimeDelta::seconds(90));
        assert_eq!(clone.now(), start + TimeDelta::seconds(90));
        handle.set(start);
        assert_eq!(clone.now(), clock.now());
    }
}
