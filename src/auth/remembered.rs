//! Tokens that were verified a moment ago, so that a busy client does not pay for a signature with each request. Kept is
//! a hash of the whole token and what it said, never the token. The number of entries is bounded.
use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest;

use super::token::VerifiedToken;

/// SHA-256 of a whole token, its signature included.
pub(super) type Fingerprint = [u8; digest::SHA256_OUTPUT_LEN];

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub token: Arc<VerifiedToken>,
    /// Which of the configured issuers, and the version of its key set that verified the token.
    pub issuer: usize,
    pub version: u64,
}

/// Two halves: when the young one is full it becomes the old one, and what was old and not asked for is forgotten. So the
/// memory is bounded without a list of who was used when.
#[derive(Debug)]
pub(super) struct Remembered {
    half: usize,
    halves: Mutex<Halves>,
}

#[derive(Debug, Default)]
struct Halves {
    young: HashMap<Fingerprint, Entry>,
    old: HashMap<Fingerprint, Entry>,
}

impl Remembered {
    pub fn new(most: usize) -> Self {
        Self {
            half: most / 2,
            halves: Mutex::default(),
        }
    }

    pub fn fingerprint(token: &str) -> Fingerprint {
        let mut fingerprint = [0; digest::SHA256_OUTPUT_LEN];
        let hash = digest::digest(&digest::SHA256, token.as_bytes());
        for (to, from) in fingerprint.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        fingerprint
    }

    pub fn get(&self, fingerprint: &Fingerprint) -> Option<Entry> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = halves.young.get(fingerprint) {
            return Some(entry.clone());
        }
        let entry = halves.old.remove(fingerprint)?;
        halves.insert(*fingerprint, entry.clone(), self.half);
        Some(entry)
    }

    pub fn insert(&self, fingerprint: Fingerprint, entry: Entry) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        halves.insert(fingerprint, entry, self.half);
    }

    pub fn remove(&self, fingerprint: &Fingerprint) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        halves.young.remove(fingerprint);
        halves.old.remove(fingerprint);
    }
}

impl Halves {
    fn insert(&mut self, fingerprint: Fingerprint, entry: Entry, half: usize) {
        if half == 0 {
            return;
        }
        if self.young.len() >= half {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(fingerprint, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::scope::ScopeSet, clock::Clock};

    fn entry() -> Entry {
        Entry {
            token: Arc::new(VerifiedToken {
                issuer: "issuer".to_owned(),
                subject: "subject".to_owned(),
                client: "client".to_owned(),
                organization: "organization".to_owned(),
                scopes: ScopeSet::EMPTY,
                region: None,
                expires_at: Clock::system().now(),
            }),
            issuer: 0,
            version: 1,
        }
    }

    fn fingerprint(number: u32) -> Fingerprint {
        Remembered::fingerprint(&number.to_string())
    }

    #[test]
    fn no_more_is_remembered_than_allowed() {
        let remembered = Remembered::new(10);
        for number in 0..1_000 {
            remembered.insert(fingerprint(number), entry());
        }
        let kept = (0..1_000).filter(|number| remembered.get(&fingerprint(*number)).is_some());
        assert!((5..=10).contains(&kept.count()));
    }

    #[test]
    fn what_is_asked_for_again_and_again_stays() {
        let remembered = Remembered::new(10);
        remembered.insert(fingerprint(0), entry());
        for number in 1..1_000 {
            remembered.insert(fingerprint(number), entry());
            assert!(remembered.get(&fingerprint(0)).is_some(), "after {number}");
        }
    }

    #[test]
    fn what_is_removed_is_gone_and_nothing_is_kept_where_nothing_is_allowed() {
        let remembered = Remembered::new(10);
        remembered.insert(fingerprint(0), entry());
        remembered.remove(&fingerprint(0));
        assert!(remembered.get(&fingerprint(0)).is_none());
        let none = Remembered::new(0);
        none.insert(fingerprint(0), entry());
        assert!(none.get(&fingerprint(0)).is_none());
    }
}
