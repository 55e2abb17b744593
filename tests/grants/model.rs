//! What should be seen of a person, written from the rules and not from the code: relations, wishes, and the clock. It
//! must not ask the gateway.
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::doing::{CATEGORIES, PARTIES, PROVIDERS, Recipient, Word};

/// The first moment of the claimant's sixteenth birthday in Toronto.
pub fn birthday() -> DateTime<Utc> {
    "2026-07-01T04:00:00Z".parse().expect("a time")
}

/// What a person said, once it was recorded.
#[derive(Debug)]
pub struct Said {
    pub id: Value,
    pub word: Word,
    pub at: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
    pub withdrawn: bool,
}

impl Said {
    fn names(&self, who: &str, category: usize) -> bool {
        let named = match self.word.to {
            Recipient::Party(party) => PARTIES[party] == who,
            Recipient::EmploymentServices => matches!(who, "provider" | "far-provider"),
            Recipient::AnyParty => true,
        };
        named && self.word.category == category
    }

    fn in_force(&self, now: DateTime<Utc>) -> bool {
        let ended = self.until.is_some_and(|until| until <= now)
            || (self.word.by_guardian && birthday() <= now);
        !(self.withdrawn || self.word.refused || ended)
    }
}

/// An organization that a person never wants to be known to.
#[derive(Debug)]
pub struct Excluded {
    pub id: Value,
    pub from: usize,
    pub ended: bool,
}

/// A person, and what became of the file.
#[derive(Debug)]
pub struct Person {
    pub id: Value,
    /// Who registered the person, or was given the file.
    pub keeper: &'static str,
    pub minor: bool,
    pub said: Vec<Said>,
    pub excluded: Vec<Excluded>,
    pub held: bool,
    /// Erasure was asked for while it was postponed.
    pub to_be_erased: bool,
    pub erased: bool,
}

impl Person {
    pub fn excludes(&self, who: &str) -> bool {
        let mut excluded = self.excluded.iter();
        excluded.any(|each| !each.ended && PARTIES[each.from] == who)
    }

    /// Whether something in force says that an organization may know, for a need: of `enough`. What was refused later
    /// about the same beats it, and a refusal has no end but its own withdrawal.
    fn opens(
        &self,
        who: &str,
        category: usize,
        now: DateTime<Utc>,
        enough: impl Fn(&Said) -> bool,
    ) -> bool {
        let about = || self.said.iter().filter(|said| said.names(who, category));
        let refused = about()
            .filter(|said| said.word.refused && !said.withdrawn)
            .map(|said| said.at)
            .max();
        about().any(|said| {
            said.in_force(now) && enough(said) && refused.is_none_or(|refused| said.at > refused)
        })
    }

    /// Whether the file may go to another agency: it is named itself, for who the person is and how the person is reached.
    pub fn lets_keep(&self, who: &str, now: DateTime<Utc>) -> bool {
        let all = |said: &Said| {
            said.word.identity
                && matches!(said.word.to, Recipient::Party(party) if party >= PROVIDERS)
        };
        let some = (0..CATEGORIES.len()).any(|category| self.opens(who, category, now, all));
        some && !self.erased && !self.excludes(who)
    }
}

/// A referral as it stands, of one person; and the claimant's may be for the sibling also.
#[derive(Debug)]
pub struct Tie {
    pub id: String,
    pub of: usize,
    pub category: usize,
    pub status: String,
    pub owner: Option<String>,
    pub source: String,
}

/// All that is known to have happened.
#[derive(Debug)]
pub struct Model {
    pub people: [Person; 2],
    /// The referrals that are for both.
    pub together: BTreeSet<String>,
    pub completed: BTreeMap<String, DateTime<Utc>>,
    /// Whether the keeper of both has linked them.
    pub at_home: bool,
    /// Whether the first agency is no more.
    pub closed: bool,
    pub now: DateTime<Utc>,
}

impl Model {
    /// What another organization than the keeper sees of a person: nothing, or else whether it sees who the person is.
    pub fn told(&self, who: &str, of: usize, ties: &[Tie]) -> Option<bool> {
        let person = &self.people[of];
        if person.erased || person.excludes(who) {
            return None;
        }
        let parts = ties.iter().filter_map(|tie| self.told_by(who, of, tie));
        parts.reduce(|one, other| one || other)
    }

    /// The same, by one referral.
    fn told_by(&self, who: &str, of: usize, tie: &Tie) -> Option<bool> {
        let person = &self.people[of];
        let beside = tie.of != of;
        if beside && !self.together.contains(&tie.id) {
            return None;
        }
        let taken_on = match tie.status.as_str() {
            "REQUESTED" => false,
            "ACCEPTED" => true,
            // A party keeps what it saw for so long.
            "COMPLETED" if self.now < self.completed[&tie.id] + TimeDelta::days(90) => true,
            _ => return None,
        };
        let owns = tie.owner.as_deref() == Some(who);
        if !owns && tie.source != who {
            return None;
        }
        // Of who is referred beside somebody, nothing is seen but by that person's own consent.
        if beside && !person.opens(who, tie.category, self.now, |_| true) {
            return None;
        }
        let identity = |said: &Said| said.word.identity;
        Some(owns && taken_on && person.opens(who, tie.category, self.now, identity))
    }

    /// A person's file has another keeper: the link to others stays behind.
    pub fn moved(&mut self, of: usize, to: &'static str) {
        self.people[of].keeper = to;
        self.at_home = false;
    }

    pub fn erased(&mut self, of: usize) {
        let person = &mut self.people[of];
        (person.erased, person.to_be_erased) = (true, false);
        self.at_home = false;
    }
}
