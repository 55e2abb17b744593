//! Chance with a seed: the same draws for the same seed, however many batches there are.
use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::store::{referral::create::reference_from, seed::id_at};
use rand::{Rng, SeedableRng, rngs::StdRng};
use uuid::Uuid;

/// The source of everything that is drawn.
pub struct Draw {
    random: StdRng,
    ids: u64,
}

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
            ids: 0,
        }
    }

    /// An id of something that came to be at a moment.
    pub fn id<T: From<Uuid>>(&mut self, at: DateTime<Utc>) -> T {
        self.ids += 1;
        id_at(at, self.ids).into()
    }

    pub fn reference(&mut self) -> String {
        reference_from(&mut self.random)
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.random.random_range(0..100) < percent
    }

    /// A number below another.
    pub fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }

    /// One of some values; each with its weight.
    pub fn weighted<T: Copy>(&mut self, from: &[(u32, T)]) -> Option<T> {
        let total: u32 = from.iter().map(|(weight, _)| weight).sum();
        let mut left = self.random.random_range(0..total.max(1));
        for (weight, value) in from {
            if left < *weight {
                return Some(*value);
            }
            left -= weight;
        }
        None
    }

    /// A place in a list of weights that were added up.
    pub fn place(&mut self, sums: &[f64]) -> usize {
        let total = sums.last().copied().unwrap_or_default();
        let drawn = self.random.random::<f64>() * total;
        sums.partition_point(|sum| *sum <= drawn)
            .min(sums.len().saturating_sub(1))
    }

    /// A moment so many hours later, to the second.
    pub fn later(&mut self, at: DateTime<Utc>, hours: (u32, u32)) -> DateTime<Utc> {
        let seconds = self
            .random
            .random_range(hours.0 * 3_600..hours.1.max(hours.0 + 1) * 3_600);
        at + TimeDelta::seconds(seconds.into())
    }
}

/// Weights that fall with the place, added up: a few are busy, many are not.
pub fn skewed(count: usize) -> Vec<f64> {
    let mut sum = 0.0;
    (0..count)
        .map(|place| {
            let place = f64::from(u32::try_from(place).unwrap_or(u32::MAX));
            sum += 1.0 / (place + 1.0).powf(0.7);
            sum
        })
        .collect()
}
