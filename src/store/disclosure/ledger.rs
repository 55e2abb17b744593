//! The ledger of one answer: what of whom it carries, and on what basis. An open group gives its content up only by
//! noting it here, so that no resolver can forget to; what was read and then withheld leaves no note.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, Utc};
use entity::{AccessGroup, ClaimantId, FieldGroup, ReferralId};

use super::super::Session;
use crate::{
    domain::{
        access::Grant,
        disclosure::{Basis, Disclosed},
    },
    viewer::Viewer,
};

/// What one answer has disclosed so far.
#[derive(Debug, Default)]
pub(in crate::store) struct Ledger(Mutex<Notes>);

#[derive(Debug, Default)]
struct Notes {
    /// What the grants open that this answer has read, each with the time since when.
    bases: HashMap<(ClaimantId, FieldGroup), (DateTime<Utc>, Basis)>,
    disclosed: BTreeMap<(ClaimantId, Basis), BTreeSet<FieldGroup>>,
}

impl Ledger {
    /// Nothing can panic while it is held; a poisoned one would still hold whole notes.
    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns on what basis a grant in force opens its group. Of several, the latest speaks for all.
    pub(in crate::store) fn learn(&self, grant: &Grant) {
        let group = match grant.group {
            AccessGroup::Identity => FieldGroup::Identity,
            AccessGroup::Contact => FieldGroup::Contact,
            AccessGroup::ClaimStatus => FieldGroup::ClaimStatus,
            AccessGroup::WorkAuthorizationState | AccessGroup::WorkAuthorization => {
                FieldGroup::WorkAuthorization
            }
            AccessGroup::LanguageLevels | AccessGroup::Qualifications => FieldGroup::Qualifications,
            AccessGroup::Presence | AccessGroup::OpenPart | AccessGroup::Needs => return,
        };
        let basis = Basis {
            referral: Some(grant.referral),
            consent: grant.consent,
        };
        let since = (grant.opens_at, basis);
        self.notes()
            .bases
            .entry((grant.claimant, group))
            .and_modify(|known| *known = since.max(*known))
            .or_insert(since);
    }

    fn note(&self, claimant: ClaimantId, group: FieldGroup) {
        let mut notes = self.notes();
        let basis = notes.bases.get(&(claimant, group)).map(|(_, basis)| *basis);
        notes
            .disclosed
            .entry((claimant, basis.unwrap_or_default()))
            .or_default()
            .insert(group);
    }

    fn note_text(&self, claimant: ClaimantId, referral: Option<ReferralId>) {
        let basis = Basis {
            referral,
            consent: None,
        };
        self.notes()
            .disclosed
            .entry((claimant, basis))
            .or_default()
            .insert(FieldGroup::FreeText);
    }

    /// What was disclosed since this was last asked. Text that stands in a referral goes with what a consent opens for
    /// that referral, where there is such.
    pub(super) fn take(&self) -> Vec<Disclosed> {
        let mut disclosed = std::mem::take(&mut self.notes().disclosed);
        let texts: Vec<(ClaimantId, Basis)> = disclosed
            .keys()
            .filter(|(_, basis)| basis.referral.is_some() && basis.consent.is_none())
            .copied()
            .collect();
        for key in texts {
            let next = (Bound::Excluded(key), Bound::Unbounded);
            let with_consent = disclosed
                .range(next)
                .next()
                .map(|(other, _)| *other)
                .filter(|other| other.0 == key.0 && other.1.referral == key.1.referral);
            if let Some(other) = with_consent {
                let groups = disclosed.remove(&key).unwrap_or_default();
                disclosed.entry(other).or_default().extend(groups);
            }
        }
        disclosed
            .into_iter()
            .map(|((claimant, basis), groups)| Disclosed {
                claimant,
                basis,
                groups: groups.into_iter().collect(),
            })
            .collect()
    }
}

/// A sealed group that is open to the caller.
#[derive(Clone, Debug)]
pub struct Opened<T> {
    pub(in crate::store) content: T,
    claimant: ClaimantId,
    ledger: Arc<Ledger>,
}

impl<T> Opened<T> {
    /// What is in it, for an answer, which from here on carries `group` of this claimant.
    pub fn disclose(self, group: FieldGroup) -> T {
        self.ledger.note(self.claimant, group);
        self.content
    }
}

impl Session {
    /// Groups that are open to the caller, so that they are noted when an answer carries them.
    pub(in crate::store) fn opened<T>(
        &self,
        groups: HashMap<ClaimantId, T>,
    ) -> HashMap<ClaimantId, Opened<T>> {
        groups
            .into_iter()
            .map(|(claimant, content)| {
                let opened = Opened {
                    content,
                    claimant,
                    ledger: self.ledger.clone(),
                };
                (claimant, opened)
            })
            .collect()
    }

    /// Notes that this answer tells something of a group, though it carries nothing of it: what was found or refused by
    /// comparing with it.
    pub(in crate::store) fn disclose_compared(
        &self,
        claimants: impl IntoIterator<Item = ClaimantId>,
        groups: &[FieldGroup],
    ) {
        for claimant in claimants {
            for group in groups {
                self.ledger.note(claimant, *group);
            }
        }
    }

    /// Notes that this answer carries free text about a claimant, as it stands in a referral where it does. The ministry
    /// reads no text but its own.
    pub fn disclose_text(&self, claimant: Option<ClaimantId>, referral: Option<ReferralId>) {
        match (self.viewer(), claimant) {
            (Viewer::Ministry { .. }, _)
            | (Viewer::Provider { .. } | Viewer::SettlementAgency { .. }, None) => {}
            (Viewer::Provider { .. } | Viewer::SettlementAgency { .. }, Some(claimant)) => {
                self.ledger.note_text(claimant, referral);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use entity::{ConsentId, OrganizationId};
    use sea_orm::prelude::Uuid;

    use super::*;

    fn grant(group: AccessGroup, referral: u128, opens_at: i64) -> Grant {
        Grant {
            claimant: ClaimantId(Uuid::nil()),
            organization: OrganizationId(Uuid::nil()),
            group,
            category: None,
            referral: ReferralId(Uuid::from_u128(referral)),
            consent: Some(ConsentId(Uuid::from_u128(referral))),
            opens_at: DateTime::from_timestamp(opens_at, 0).unwrap(),
            closes_at: DateTime::from_timestamp(100, 0).unwrap(),
        }
    }

    #[test]
    fn a_group_is_noted_on_the_basis_of_the_latest_grant_that_opens_it() {
        let (ledger, claimant) = (Ledger::default(), ClaimantId(Uuid::nil()));
        ledger.learn(&grant(AccessGroup::Identity, 1, 10));
        ledger.learn(&grant(AccessGroup::Identity, 2, 20));
        ledger.learn(&grant(AccessGroup::Identity, 3, 15));
        ledger.learn(&grant(AccessGroup::Presence, 4, 30));
        ledger.note(claimant, FieldGroup::Identity);
        ledger.note(claimant, FieldGroup::Identity);
        let disclosed = ledger.take();
        assert_eq!(disclosed.len(), 1);
        assert_eq!(disclosed[0].groups, [FieldGroup::Identity]);
        let referral = disclosed[0].basis.referral;
        assert_eq!(referral, Some(ReferralId(Uuid::from_u128(2))));
        assert_eq!(ledger.take(), [], "what was taken is not written twice");
    }

    #[test]
    fn text_of_a_referral_goes_with_what_consent_opens_for_it_and_with_nothing_else() {
        let (ledger, claimant) = (Ledger::default(), ClaimantId(Uuid::nil()));
        ledger.learn(&grant(AccessGroup::Identity, 1, 10));
        ledger.note(claimant, FieldGroup::Identity);
        for referral in [1, 2] {
            ledger.note_text(claimant, Some(ReferralId(Uuid::from_u128(referral))));
        }
        let disclosed = ledger.take();
        let groups: Vec<_> = disclosed.iter().map(|each| &each.groups[..]).collect();
        let both = [FieldGroup::Identity, FieldGroup::FreeText];
        assert_eq!(groups, [&both[..], &[FieldGroup::FreeText]]);
        assert_eq!(disclosed[1].basis.consent, None);
    }

    #[test]
    fn what_is_known_of_grants_is_not_yet_disclosed() {
        let ledger = Ledger::default();
        ledger.learn(&grant(AccessGroup::Contact, 1, 10));
        assert_eq!(ledger.take(), []);
    }
}
