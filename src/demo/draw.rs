//! Chance with a seed: the same draws, ids and moments for the same seed and the same now. It knows no entity.
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::America::Toronto;
use rand::{Rng, SeedableRng, rngs::StdRng};
use sea_orm::prelude::Uuid;

use crate::{
    domain::business_days::is_business_day,
    store::{referral::create::reference_from, seed::id_at},
};

const OPENING: u32 = 9;
const CLOSING: u32 = 17;

/// The source of everything that is drawn.
pub(super) struct Draw {
    random: StdRng,
    drawn_ids: u64,
    pub(super) now: DateTime<Utc>,
}

impl Draw {
    pub(super) fn new(seed: u64, now: DateTime<Utc>) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            drawn_ids: 0,
            now,
        }
    }

    /// An id of something that came to be at a moment.
    pub(super) fn id<T: From<Uuid>>(&mut self, at: DateTime<Utc>) -> T {
        self.drawn_ids += 1;
        id_at(at, self.drawn_ids).into()
    }

    pub(super) fn reference(&mut self) -> String {
        reference_from(&mut self.random)
    }

    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// A number between the two, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        self.random.random_range(least..=most.max(least))
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        self.random.random_range(0..length.max(1))
    }

    pub(super) fn one_of<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let index = self.index(from.len());
        from.get(index).copied()
    }

    pub(super) fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[self.index(N)]
    }

    /// The first of the values whose weights, added up, reach a draw of a hundred; else the last.
    pub(super) fn weighted<T: Copy, const N: usize>(&mut self, from: [(u32, T); N]) -> T {
        let mut left = self.random.random_range(0..100);
        for (weight, value) in from {
            if left < weight {
                return value;
            }
            left -= weight;
        }
        from[N - 1].1
    }

    /// A moment in office hours, so many hours later, or on the next business day.
    pub(super) fn later(&mut self, at: DateTime<Utc>, hours: (i64, i64)) -> DateTime<Utc> {
        let seconds = self.between(hours.0 * 3_600 + 60, hours.1 * 3_600 + 120);
        self.in_office_hours(at + TimeDelta::seconds(seconds))
    }

    /// A moment between the two, in office hours if there are any before the later one.
    pub(super) fn moment(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) -> DateTime<Utc> {
        let seconds = self.between(0, (to - from).num_seconds().max(0));
        let at = from + TimeDelta::seconds(seconds);
        let in_hours = self.in_office_hours(at);
        if in_hours <= to { in_hours } else { at }
    }

    pub(super) fn days_ago(&mut self, days: (i64, i64)) -> DateTime<Utc> {
        let now = self.now;
        self.moment(now - TimeDelta::days(days.1), now - TimeDelta::days(days.0))
    }

    fn in_office_hours(&mut self, at: DateTime<Utc>) -> DateTime<Utc> {
        let local = at.with_timezone(&Toronto);
        let open = is_business_day(local.date_naive());
        if open && (OPENING..CLOSING).contains(&local.hour()) {
            return at;
        }
        let today = open && local.hour() < OPENING;
        let mut date = local.date_naive();
        if !today {
            date = next(date);
        }
        while !is_business_day(date) {
            date = next(date);
        }
        let time = self
            .random
            .random_range(OPENING * 3_600..(OPENING + 4) * 3_600);
        let time = NaiveTime::from_num_seconds_from_midnight_opt(time, 0).unwrap_or_default();
        Toronto
            .from_local_datetime(&date.and_time(time))
            .earliest()
            .map_or(at, |local| local.to_utc())
    }
}

/// The calendar of chrono ends, on a business day.
fn next(date: NaiveDate) -> NaiveDate {
    date.succ_opt().unwrap_or(date)
}
