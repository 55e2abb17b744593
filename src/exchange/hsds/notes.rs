//! The notes of a run: refusals, warnings, what was left aside and how often. It only collects and counts.
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use super::{
    Kind, Place,
    fields::Fields,
    report::{RejectReason, Rejected, SkipReason, Skipped, Warning, WarningReason},
};

/// How many different names of unread fields are told apart; the rest are counted together.
const MAXIMUM_NAMES: usize = 500;
/// Under which name the rest are counted.
const OTHER_NAMES: &str = "…";
/// How much of such a name is kept.
const MAXIMUM_NAME: usize = 100;

/// The notes of a run.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) rejected: Vec<Rejected>,
    pub(super) warnings: Vec<Warning>,
    /// What was warned of already: the same object stands in many places, and its faults with it.
    warned: HashSet<(Kind, Option<String>, Option<&'static str>, WarningReason)>,
    /// Which ids were refused at some place, so that their parts are not reported one by one.
    refused: HashSet<(Kind, String)>,
    skipped: BTreeMap<(Arc<str>, Kind, SkipReason), u64>,
    pub(super) unread_fields: BTreeMap<(Kind, String), u64>,
}

impl Notes {
    pub(super) fn reject(
        &mut self,
        place: Place,
        kind: Kind,
        id: Option<String>,
        reason: RejectReason,
    ) {
        if let Some(id) = &id {
            self.refused.insert((kind, id.clone()));
        }
        self.rejected.push(Rejected {
            place,
            kind,
            id,
            reason,
        });
    }

    /// Whether an object of this id was refused at some place.
    pub(super) fn is_refused(&self, kind: Kind, id: &str) -> bool {
        self.refused.contains(&(kind, id.to_owned()))
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        let key = (
            warning.kind,
            warning.id.clone(),
            warning.field,
            warning.reason,
        );
        // Without an id nothing tells whether it is the same object: each is said.
        if warning.id.is_none() || self.warned.insert(key) {
            self.warnings.push(warning);
        }
    }

    pub(super) fn skip(&mut self, place: &Place, kind: Kind, reason: SkipReason, count: u64) {
        *self
            .skipped
            .entry((Arc::clone(&place.file), kind, reason))
            .or_default() += count;
    }

    /// Takes over what reading an object left: its warnings, and the names of what nobody asked for.
    pub(super) fn take_over(&mut self, fields: Fields) {
        for name in fields.unread() {
            let name: String = name
                .chars()
                .filter(|character| !character.is_control())
                .take(MAXIMUM_NAME)
                .collect();
            let mut key = (fields.kind, name);
            if self.unread_fields.len() >= MAXIMUM_NAMES && !self.unread_fields.contains_key(&key) {
                key.1 = OTHER_NAMES.to_owned();
            }
            *self.unread_fields.entry(key).or_default() += 1;
        }
        for warning in fields.warnings {
            self.warn(warning);
        }
    }

    pub(super) fn skipped(&self) -> Vec<Skipped> {
        self.skipped
            .iter()
            .map(|((file, kind, reason), count)| Skipped {
                place: Place::file(file),
                kind: *kind,
                reason: *reason,
                count: *count,
            })
            .collect()
    }
}
