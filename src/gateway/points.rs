//! Points: what each client's operations cost, over time. A client that has spent its points waits until enough have
//! come back. Each process counts for itself; nothing is written down.
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use entity::OrganizationId;

/// More clients than this at once are counted anew: a bound, not a limit on anybody.
const MOST_CLIENTS: usize = 10_000;

/// The points of every client.
pub(super) struct Points {
    per_minute: u64,
    spent: Mutex<HashMap<(OrganizationId, String), Spent>>,
}

#[derive(Clone, Copy)]
struct Spent {
    points: f64,
    at: DateTime<Utc>,
}

impl Points {
    /// Zero: no limit.
    pub(super) fn new(per_minute: u64) -> Self {
        Self {
            per_minute,
            spent: Mutex::default(),
        }
    }

    /// Takes the cost of an operation.
    ///
    /// # Errors
    /// How long to wait, when the client has not that many left.
    pub(super) fn take(
        &self,
        client: (OrganizationId, String),
        cost: u64,
        now: DateTime<Utc>,
    ) -> Result<(), TimeDelta> {
        if self.per_minute == 0 {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "points are counted roughly")]
        let (limit, cost) = (self.per_minute as f64, cost.max(1) as f64);
        // Nothing can panic while it is held; a poisoned map would still hold numbers.
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if spent.len() >= MOST_CLIENTS && !spent.contains_key(&client) {
            spent.retain(|_, entry| now - entry.at < TimeDelta::minutes(1));
            if spent.len() >= MOST_CLIENTS {
                spent.clear();
            }
        }
        let entry = spent.entry(client).or_insert(Spent {
            points: 0.0,
            at: now,
        });
        let back = limit / 60_000.0;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of minutes")]
        let passed = (now - entry.at).num_milliseconds().max(0) as f64;
        let left_over = (entry.points - passed * back).max(0.0);
        // Whoever has spent nothing may ask for anything that the other limits allow.
        if left_over > 0.0 && left_over + cost > limit {
            #[expect(clippy::cast_possible_truncation, reason = "at most a few minutes")]
            let wait = ((left_over + cost - limit) / back).ceil() as i64;
            return Err(TimeDelta::milliseconds(wait.max(1)));
        }
        *entry = Spent {
            points: left_over + cost,
            at: now,
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::prelude::Uuid;

    use super::*;

    fn client(name: &str) -> (OrganizationId, String) {
        (OrganizationId(Uuid::nil()), name.to_owned())
    }

    #[test]
    fn a_client_that_has_spent_its_points_waits_until_enough_have_come_back() {
        let points = Points::new(600);
        let start = DateTime::UNIX_EPOCH;
        assert_eq!(points.take(client("one"), 500, start), Ok(()));
        let wait = points.take(client("one"), 200, start);
        assert_eq!(wait, Err(TimeDelta::seconds(10)));
        assert_eq!(points.take(client("two"), 200, start), Ok(()));
        let later = start + TimeDelta::seconds(10);
        assert_eq!(points.take(client("one"), 200, later), Ok(()));
    }

    #[test]
    fn an_operation_dearer_than_a_minute_passes_when_nothing_was_spent() {
        let points = Points::new(10);
        assert_eq!(
            points.take(client("one"), 500, DateTime::UNIX_EPOCH),
            Ok(())
        );
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let points = Points::new(0);
        for _ in 0..100 {
            let taken = points.take(client("one"), 1_000, DateTime::UNIX_EPOCH);
            assert_eq!(taken, Ok(()));
        }
    }
}
