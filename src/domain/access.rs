//! What follows from relations and consents: who may see which group of facts about a claimant, and until when. Pure.
//! Its result is kept as grants, and every read goes by those; nothing else decides about a sealed group.
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccessGroup, ClaimantId, ConsentId, FieldGroup, NeedCategory, OrganizationId, OrganizationKind,
    ReferralId, ReferralStatus,
};

/// What access needs to know of a consent or a refusal.
#[derive(Clone, Debug)]
pub struct Consent {
    pub id: ConsentId,
    pub purposes: Vec<NeedCategory>,
    pub groups: Vec<FieldGroup>,
    pub organizations: Vec<OrganizationId>,
    pub kinds: Vec<OrganizationKind>,
    pub any_party: bool,
    pub refused: bool,
    pub withdrawn: bool,
    pub given_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// An organization that is to receive something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient {
    pub organization: OrganizationId,
    pub kind: OrganizationKind,
}

/// What access needs to know of a referral that names the claimant.
#[derive(Clone, Debug)]
pub struct Referral {
    pub id: ReferralId,
    pub category: NeedCategory,
    pub status: ReferralStatus,
    pub source: Recipient,
    pub owner: Option<Recipient>,
    /// Whether the owner is a party still.
    pub owner_access: bool,
    pub opened_at: DateTime<Utc>,
    pub closed_at: Option<DateTime<Utc>>,
}

/// One thing that an organization may see, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    pub claimant: ClaimantId,
    pub organization: OrganizationId,
    pub group: AccessGroup,
    /// For needs: which ones.
    pub category: Option<NeedCategory>,
    pub referral: ReferralId,
    pub consent: Option<ConsentId>,
    pub opens_at: DateTime<Utc>,
    pub closes_at: DateTime<Utc>,
}

/// The end of what has no end.
pub const NEVER: DateTime<Utc> = DateTime::<Utc>::from_timestamp_nanos(7_258_118_400_000_000_000);

impl Consent {
    /// Whether it names this recipient for this need, whatever its period.
    fn names(&self, recipient: Recipient, category: NeedCategory) -> bool {
        self.purposes.contains(&category)
            && (self.any_party
                || self.organizations.contains(&recipient.organization)
                || self.kinds.contains(&recipient.kind))
    }

    fn expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// The consents that cover a recipient for a need, expired ones included: neither refused nor withdrawn, and with no
/// later refusal that speaks of the same.
fn covering(
    consents: &[Consent],
    recipient: Recipient,
    category: NeedCategory,
) -> impl Iterator<Item = &Consent> {
    let refused_at = consents
        .iter()
        .filter(|refusal| {
            refusal.refused && !refusal.withdrawn && refusal.names(recipient, category)
        })
        .map(|refusal| refusal.given_at)
        .max();
    consents.iter().filter(move |consent| {
        !consent.refused
            && !consent.withdrawn
            && consent.names(recipient, category)
            && refused_at.is_none_or(|refused| consent.given_at > refused)
    })
}

/// Whether a referral for this need may go to this recipient now.
pub fn consent_for(
    consents: &[Consent],
    recipient: Recipient,
    category: NeedCategory,
    now: DateTime<Utc>,
) -> entity::Access {
    let mut expired = false;
    for consent in covering(consents, recipient, category) {
        if !consent.expired(now) {
            return entity::Access::Granted;
        }
        expired = true;
    }
    if expired {
        entity::Access::ConsentExpired
    } else {
        entity::Access::ConsentRequired
    }
}

/// Whether a referral for this need may be offered to whoever can help: some consent for it names somebody.
pub fn consent_for_open(
    consents: &[Consent],
    category: NeedCategory,
    now: DateTime<Utc>,
) -> entity::Access {
    let mut expired = false;
    // Whoever could claim it is refused, whatever an earlier consent says.
    let refused_at = consents
        .iter()
        .filter(|refusal| refusal.refused && !refusal.withdrawn && refusal.any_party)
        .filter(|refusal| refusal.purposes.contains(&category))
        .map(|refusal| refusal.given_at)
        .max();
    for consent in consents {
        if consent.refused
            || consent.withdrawn
            || !consent.purposes.contains(&category)
            || refused_at.is_some_and(|refused| consent.given_at <= refused)
        {
            continue;
        }
        if !consent.expired(now) {
            return entity::Access::Granted;
        }
        expired = true;
    }
    if expired {
        entity::Access::ConsentExpired
    } else {
        entity::Access::ConsentRequired
    }
}

/// Whether a claimant's whole file may go to another organization: a consent that names it itself and opens who the person
/// is and how the person is reached, and no later refusal.
pub fn consent_to_transfer(
    consents: &[Consent],
    recipient: Recipient,
    now: DateTime<Utc>,
) -> entity::Access {
    let names_it = |consent: &&Consent| {
        consent.organizations.contains(&recipient.organization)
            && consent.groups.contains(&FieldGroup::Identity)
            && consent.groups.contains(&FieldGroup::Contact)
            && consent.purposes.iter().any(|purpose| {
                covering(consents, recipient, *purpose).any(|other| other.id == consent.id)
            })
    };
    let mut named = consents.iter().filter(names_it).peekable();
    if named.peek().is_none() {
        entity::Access::ConsentRequired
    } else if named.all(|consent| consent.expired(now)) {
        entity::Access::ConsentExpired
    } else {
        entity::Access::Granted
    }
}

/// Whether the owner has taken the referral on, so that what consent allows is open.
const fn taken_on(status: ReferralStatus) -> Option<bool> {
    match status {
        ReferralStatus::Requested => Some(false),
        ReferralStatus::Accepted
        | ReferralStatus::InProgress
        | ReferralStatus::OnHold
        | ReferralStatus::Completed
        | ReferralStatus::Failed => Some(true),
        ReferralStatus::Draft
        | ReferralStatus::Rejected
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => None,
    }
}

/// Everything that organizations other than the registering one may see of a claimant.
pub fn grants(
    claimant: ClaimantId,
    registering: OrganizationId,
    referrals: &[Referral],
    consents: &[Consent],
    after_completion: TimeDelta,
) -> Vec<Grant> {
    let mut grants = Vec::new();
    for referral in referrals {
        let Some(taken_on) = taken_on(referral.status) else {
            continue;
        };
        let owner = referral.owner.filter(|_| referral.owner_access);
        let ends = referral
            .closed_at
            .map_or(NEVER, |closed| closed + after_completion);
        // A source that did not register the claimant is the owner of the parent it split from.
        for (party, open) in [(owner, taken_on), (Some(referral.source), false)] {
            let Some(party) = party.filter(|party| party.organization != registering) else {
                continue;
            };
            let grant = |group, category, consent: Option<&Consent>| Grant {
                claimant,
                organization: party.organization,
                group,
                category,
                referral: referral.id,
                consent: consent.map(|consent| consent.id),
                opens_at: consent.map_or(referral.opened_at, |consent| consent.given_at),
                closes_at: consent
                    .and_then(|consent| consent.expires_at)
                    .map_or(ends, |expires| expires.min(ends)),
            };
            grants.push(grant(AccessGroup::Presence, None, None));
            if !open {
                continue;
            }
            grants.push(grant(AccessGroup::OpenPart, None, None));
            for consent in covering(consents, party, referral.category) {
                for purpose in &consent.purposes {
                    grants.push(grant(AccessGroup::Needs, Some(*purpose), Some(consent)));
                }
                for (field_group, group) in [
                    (FieldGroup::Identity, AccessGroup::Identity),
                    (FieldGroup::Contact, AccessGroup::Contact),
                ] {
                    if consent.groups.contains(&field_group) {
                        grants.push(grant(group, None, Some(consent)));
                    }
                }
            }
        }
    }
    grants.sort_unstable();
    grants.dedup();
    grants
}

#[cfg(test)]
mod tests {
    use sea_orm::prelude::Uuid;

    use super::*;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn party(number: u128, kind: OrganizationKind) -> Recipient {
        Recipient {
            organization: OrganizationId(Uuid::from_u128(number)),
            kind,
        }
    }

    fn agency() -> Recipient {
        party(1, OrganizationKind::SettlementAgency)
    }

    fn provider() -> Recipient {
        party(2, OrganizationKind::EmploymentService)
    }

    fn consent(given: i64) -> Consent {
        Consent {
            id: ConsentId(Uuid::from_u128(given.unsigned_abs().into())),
            purposes: vec![NeedCategory::Employment],
            groups: vec![FieldGroup::Identity],
            organizations: vec![provider().organization],
            kinds: vec![],
            any_party: false,
            refused: false,
            withdrawn: false,
            given_at: at(given),
            expires_at: None,
        }
    }

    fn referral(status: ReferralStatus) -> Referral {
        Referral {
            id: ReferralId(Uuid::from_u128(9)),
            category: NeedCategory::Employment,
            status,
            source: agency(),
            owner: Some(provider()),
            owner_access: true,
            opened_at: at(5),
            closed_at: None,
        }
    }

    fn groups(referral: &Referral, consents: &[Consent]) -> Vec<AccessGroup> {
        grants(
            ClaimantId(Uuid::from_u128(7)),
            agency().organization,
            std::slice::from_ref(referral),
            consents,
            TimeDelta::days(90),
        )
        .into_iter()
        .map(|grant| grant.group)
        .collect()
    }

    #[test]
    fn before_acceptance_a_party_sees_no_sealed_group() {
        assert_eq!(
            groups(&referral(ReferralStatus::Requested), &[consent(1)]),
            [AccessGroup::Presence]
        );
    }

    #[test]
    fn after_acceptance_consent_opens_the_groups_it_names() {
        assert_eq!(
            groups(&referral(ReferralStatus::Accepted), &[consent(1)]),
            [
                AccessGroup::Presence,
                AccessGroup::OpenPart,
                AccessGroup::Needs,
                AccessGroup::Identity
            ]
        );
    }

    #[test]
    fn a_draft_or_a_declined_referral_opens_nothing() {
        for status in [
            ReferralStatus::Draft,
            ReferralStatus::Rejected,
            ReferralStatus::Cancelled,
            ReferralStatus::EnteredInError,
        ] {
            assert_eq!(groups(&referral(status), &[consent(1)]), []);
        }
    }

    #[test]
    fn a_withdrawn_consent_and_a_later_refusal_open_nothing_sealed() {
        let withdrawn = Consent {
            withdrawn: true,
            ..consent(1)
        };
        let refusal = Consent {
            refused: true,
            ..consent(2)
        };
        let accepted = referral(ReferralStatus::Accepted);
        let unsealed = [AccessGroup::Presence, AccessGroup::OpenPart];
        assert_eq!(groups(&accepted, &[withdrawn]), unsealed);
        assert_eq!(groups(&accepted, &[consent(1), refusal.clone()]), unsealed);
        assert_eq!(
            consent_for(
                &[refusal, consent(3)],
                provider(),
                NeedCategory::Employment,
                at(4)
            ),
            entity::Access::Granted
        );
    }

    #[test]
    fn access_after_completion_ends_by_the_clock() {
        let completed = Referral {
            closed_at: Some(at(10)),
            ..referral(ReferralStatus::Completed)
        };
        let all = grants(
            ClaimantId(Uuid::from_u128(7)),
            agency().organization,
            &[completed],
            &[Consent {
                expires_at: Some(at(20)),
                ..consent(1)
            }],
            TimeDelta::days(90),
        );
        for grant in all {
            let end = if grant.consent.is_some() { 20 } else { 100 };
            assert_eq!(grant.closes_at, at(end), "{:?}", grant.group);
        }
    }

    #[test]
    fn an_expired_consent_is_told_apart_from_none() {
        let expired = Consent {
            expires_at: Some(at(3)),
            ..consent(1)
        };
        let access = |consents: &[Consent]| {
            consent_for(consents, provider(), NeedCategory::Employment, at(4))
        };
        assert_eq!(access(&[expired]), entity::Access::ConsentExpired);
        assert_eq!(access(&[]), entity::Access::ConsentRequired);
        assert_eq!(access(&[consent(1)]), entity::Access::Granted);
    }
}
