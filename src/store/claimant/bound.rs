//! How much of one kind is kept of one person. Every change of access weighs all of it while nobody else may change the
//! access to the person, and every list shows all of it.
use chrono::{DateTime, Utc};

use crate::error::{Problem, Refusal, Result};

/// How many needs one person has, how many outcomes one referral, and how many consents, refusals and exclusions are in
/// force at once.
const MOST: usize = 200;
/// How many consents, refusals and exclusions there ever were, those that ended included.
const MOST_EVER: usize = 1_000;

/// Refuses one more where so many are kept.
pub(in crate::store) fn check_kept(kept: u64, path: &str) -> Result<()> {
    match kept >= MOST as u64 {
        true => Err(Refusal::at(Problem::TooMany { limit: MOST }, path).into()),
        false => Ok(()),
    }
}

/// Refuses one more where there are so many, given when each of them ended. To end one makes room.
pub(in crate::store) fn check_in_force(ended: &[Option<DateTime<Utc>>], path: &str) -> Result<()> {
    if ended.len() >= MOST_EVER {
        return Err(Refusal::at(Problem::TooMany { limit: MOST_EVER }, path).into());
    }
    let in_force = ended.iter().filter(|ended| ended.is_none()).count();
    check_kept(in_force as u64, path)
}
