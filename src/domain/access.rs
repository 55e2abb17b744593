//! What follows from relations and consents: who may see which group of facts about a claimant, and until when. Pure.
//! Its result is kept as grants, and every read goes by those; nothing else decides about a sealed group.

use chrono::{DateTime, Datelike, Months, NaiveDate, TimeDelta, Utc};
use entity::{
    Access, AccessGroup, AgeBand, ClaimantId, ConsentId, DatePrecision, FieldGroup, NeedCategory,
    OrganizationId, OrganizationKind, ReferralId, ReferralStatus, Role,
};

use super::business_days;

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
    /// Whether it is another person's, and for the claimant also. Then nothing of the claimant is seen without the
    /// claimant's own consent, not even that there is such a person.
    pub also_for: bool,
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

/// The purposes of a consent for which it covers a recipient: those that no later refusal speaks of.
fn not_refused<'c>(
    consents: &'c [Consent],
    recipient: Recipient,
    consent: &'c Consent,
) -> impl Iterator<Item = &'c NeedCategory> {
    let covers = move |purpose: &NeedCategory| {
        covering(consents, recipient, *purpose).any(|covering| covering.id == consent.id)
    };
    consent
        .purposes
        .iter()
        .filter(move |purpose| covers(purpose))
}

/// The consents that cover a recipient for whatever need.
fn covering_any(consents: &[Consent], recipient: Recipient) -> impl Iterator<Item = &Consent> {
    consents
        .iter()
        .filter(move |consent| not_refused(consents, recipient, consent).next().is_some())
}

/// What a person has said about who may know: consents and refusals, and organizations never to be known to.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    pub consents: Vec<Consent>,
    pub excluded: Vec<OrganizationId>,
}

/// What a party needs: consent in force, or else why there is none.
fn in_force<'c>(consents: impl Iterator<Item = &'c Consent>, now: DateTime<Utc>) -> Access {
    let mut expired = false;
    for consent in consents {
        if !consent.expired(now) {
            return Access::Granted;
        }
        expired = true;
    }
    if expired {
        Access::ConsentExpired
    } else {
        Access::ConsentRequired
    }
}

impl Wishes {
    /// Whether the person never wants to be known to this organization.
    pub fn exclude(&self, organization: OrganizationId) -> bool {
        self.excluded.contains(&organization)
    }

    /// Whether a referral for this need may go to this recipient now. An exclusion looks like a missing consent.
    pub fn consent_for(
        &self,
        recipient: Recipient,
        category: NeedCategory,
        now: DateTime<Utc>,
    ) -> Access {
        if self.exclude(recipient.organization) {
            return Access::ConsentRequired;
        }
        in_force(covering(&self.consents, recipient, category), now)
    }

    /// Whether a referral for this need may be offered to whoever can help: some consent for it names somebody.
    pub fn consent_for_open(&self, category: NeedCategory, now: DateTime<Utc>) -> Access {
        // Whoever could claim it is refused, whatever an earlier consent says.
        let refused_at = self
            .consents
            .iter()
            .filter(|refusal| refusal.refused && !refusal.withdrawn && refusal.any_party)
            .filter(|refusal| refusal.purposes.contains(&category))
            .map(|refusal| refusal.given_at)
            .max();
        let names_somebody = |consent: &Consent| {
            consent.any_party
                || !consent.kinds.is_empty()
                || consent
                    .organizations
                    .iter()
                    .any(|named| !self.exclude(*named))
        };
        let open = self.consents.iter().filter(|consent| {
            !consent.refused
                && !consent.withdrawn
                && consent.purposes.contains(&category)
                && names_somebody(consent)
                && refused_at.is_none_or(|refused| consent.given_at > refused)
        });
        in_force(open, now)
    }

    /// Whether the whole file may go to another organization: a consent that names it itself and opens who the person is
    /// and how the person is reached, and no later refusal.
    pub fn consent_to_transfer(&self, recipient: Recipient, now: DateTime<Utc>) -> Access {
        if self.exclude(recipient.organization) {
            return Access::ConsentRequired;
        }
        let named = self.consents.iter().filter(|consent| {
            consent.organizations.contains(&recipient.organization)
                && consent.groups.contains(&FieldGroup::Identity)
                && consent.groups.contains(&FieldGroup::Contact)
                && not_refused(&self.consents, recipient, consent)
                    .next()
                    .is_some()
        });
        in_force(named, now)
    }
}

/// When only the person's own consent counts from: the first moment of the birthday on which the age of consent is
/// reached, on the earliest day that the birth date may mean.
pub fn own_consent_from(
    birth_date: NaiveDate,
    precision: DatePrecision,
    consent_age: u32,
) -> Option<DateTime<Utc>> {
    let earliest = match precision {
        DatePrecision::Day => Some(birth_date),
        DatePrecision::Month => birth_date.with_day(1),
        DatePrecision::Year => NaiveDate::from_ymd_opt(birth_date.year(), 1, 1),
    }?;
    let birthday = earliest.checked_add_months(Months::new(consent_age * 12))?;
    Some(business_days::toronto_midnight(birthday))
}

/// The youngest that somebody of an age band can be.
pub const fn youngest(band: AgeBand) -> u32 {
    match band {
        AgeBand::Under12 => 0,
        AgeBand::From12To15 => 12,
        AgeBand::From16To17 => 16,
        AgeBand::Age18 => 18,
        AgeBand::From19To24 => 19,
        AgeBand::From25To54 => 25,
        AgeBand::From55To64 => 55,
        AgeBand::From65 => 65,
    }
}

/// When the access of a party to a referral that was closed ends.
pub fn tenure_ends(closed_at: Option<DateTime<Utc>>, after_completion: TimeDelta) -> DateTime<Utc> {
    closed_at.map_or(NEVER, |closed| closed + after_completion)
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

/// How a party stands to a referral that names the claimant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It sent the referral and did not register the claimant: it is the owner of the parent that it split.
    Source,
    /// It has been asked.
    Asked,
    /// It has accepted.
    Accepted,
}

/// What a party sees of the claimant whom a referral is about, whatever is consented to; a source, only while some consent
/// covers it.
const fn without_consent(standing: Standing) -> &'static [AccessGroup] {
    match standing {
        Standing::Source => &[AccessGroup::Presence],
        Standing::Asked => &[AccessGroup::Presence, AccessGroup::LanguageLevels],
        Standing::Accepted => &[AccessGroup::Presence, AccessGroup::OpenPart],
    }
}

/// What a field group that a consent names opens to a party.
const fn by_consent(
    standing: Standing,
    kind: OrganizationKind,
    group: FieldGroup,
) -> Option<AccessGroup> {
    match (standing, group) {
        (Standing::Asked, FieldGroup::WorkAuthorization) => {
            Some(AccessGroup::WorkAuthorizationState)
        }
        (Standing::Accepted, FieldGroup::Identity) => Some(AccessGroup::Identity),
        (Standing::Accepted, FieldGroup::Contact) => Some(AccessGroup::Contact),
        (Standing::Accepted, FieldGroup::WorkAuthorization) => Some(AccessGroup::WorkAuthorization),
        (Standing::Accepted, FieldGroup::Qualifications) => Some(AccessGroup::Qualifications),
        (Standing::Accepted, FieldGroup::ClaimStatus)
            if matches!(kind, OrganizationKind::SettlementAgency) =>
        {
            Some(AccessGroup::ClaimStatus)
        }
        // Identifiers are never opened, and free text goes by tenure.
        _ => None,
    }
}

/// Everything that organizations other than the registering one may see of a claimant.
pub fn grants(
    claimant: ClaimantId,
    registering: OrganizationId,
    referrals: &[Referral],
    wishes: &Wishes,
    after_completion: TimeDelta,
) -> Vec<Grant> {
    let mut grants = Vec::new();
    for referral in referrals {
        let Some(taken_on) = taken_on(referral.status) else {
            continue;
        };
        let owner = referral.owner.filter(|_| referral.owner_access);
        let as_owner = if taken_on {
            Standing::Accepted
        } else {
            Standing::Asked
        };
        let ends = tenure_ends(referral.closed_at, after_completion);
        for (party, standing) in [(owner, as_owner), (Some(referral.source), Standing::Source)] {
            let Some(party) = party.filter(|party| {
                party.organization != registering && !wishes.exclude(party.organization)
            }) else {
                continue;
            };
            let grant = |group, category, consent: Option<&Consent>| Grant {
                claimant,
                organization: party.organization,
                group,
                category,
                referral: referral.id,
                consent: consent.map(|consent| consent.id),
                opens_at: consent.map_or(referral.opened_at, |consent| {
                    consent.given_at.max(referral.opened_at)
                }),
                closes_at: consent
                    .and_then(|consent| consent.expires_at)
                    .map_or(ends, |expires| expires.min(ends)),
            };
            let at_least = without_consent(standing).iter();
            let by_consent_alone = referral.also_for || standing == Standing::Source;
            if !by_consent_alone {
                grants.extend(at_least.clone().map(|group| grant(*group, None, None)));
            }
            // Of what it passed on to another, for whatever else, it keeps what the person lets it keep.
            if standing == Standing::Source && !referral.also_for {
                for consent in covering_any(&wishes.consents, party) {
                    let group = |group: &AccessGroup| grant(*group, None, Some(consent));
                    grants.extend(at_least.clone().map(group));
                }
            }
            for consent in covering(&wishes.consents, party, referral.category) {
                if referral.also_for {
                    let group = |group: &AccessGroup| grant(*group, None, Some(consent));
                    grants.extend(at_least.clone().map(group));
                }
                if standing == Standing::Accepted {
                    for purpose in not_refused(&wishes.consents, party, consent) {
                        grants.push(grant(AccessGroup::Needs, Some(*purpose), Some(consent)));
                    }
                }
                grants.extend(
                    consent
                        .groups
                        .iter()
                        .filter_map(|group| by_consent(standing, party.kind, *group))
                        .map(|group| grant(group, None, Some(consent))),
                );
            }
        }
    }
    grants.sort_unstable();
    grants.dedup();
    grants
}

/// What an organization holds of a claimant: groups open now, and groups that were open once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    open: Groups,
    lapsed: Groups,
}

/// A set of groups: one bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Groups(u32);

impl Groups {
    const fn bit(group: AccessGroup) -> u32 {
        1 << group as u32
    }

    const fn insert(&mut self, group: AccessGroup) {
        self.0 |= Self::bit(group);
    }

    const fn contains(self, group: AccessGroup) -> bool {
        self.0 & Self::bit(group) != 0
    }
}

impl Held {
    /// Every group, open.
    pub fn everything() -> Self {
        Self {
            open: Groups(u32::MAX),
            lapsed: Groups::default(),
        }
    }

    /// Takes a grant into account, as it is at a moment.
    pub fn take(&mut self, grant: &Grant, now: DateTime<Utc>) {
        if grant.opens_at > now {
            return;
        }
        if grant.closes_at > now {
            self.open.insert(grant.group);
        } else {
            self.lapsed.insert(grant.group);
        }
    }

    pub fn opens(&self, group: AccessGroup) -> bool {
        self.open.contains(group)
    }

    /// Whether a field group is open to a party of this role, or why it is not.
    pub fn access(&self, group: FieldGroup, role: Role) -> Access {
        match group {
            FieldGroup::Identity => self.sealed(AccessGroup::Identity),
            FieldGroup::Contact => self.sealed(AccessGroup::Contact),
            FieldGroup::Qualifications => self.sealed(AccessGroup::Qualifications),
            FieldGroup::Identifiers => Access::RoleForbidden,
            FieldGroup::ClaimStatus => match role {
                Role::SettlementAgency => self.sealed(AccessGroup::ClaimStatus),
                Role::Provider | Role::Ministry => Access::RoleForbidden,
            },
            // Consent alone decides about it, before acceptance as well.
            FieldGroup::WorkAuthorization => self.consented(&[
                AccessGroup::WorkAuthorization,
                AccessGroup::WorkAuthorizationState,
            ]),
            FieldGroup::FreeText if self.opens(AccessGroup::OpenPart) => Access::Granted,
            FieldGroup::FreeText => Access::SealedUntilAccepted,
        }
    }

    fn sealed(&self, group: AccessGroup) -> Access {
        if self.opens(group) || self.opens(AccessGroup::OpenPart) {
            self.consented(&[group])
        } else {
            Access::SealedUntilAccepted
        }
    }

    fn consented(&self, groups: &[AccessGroup]) -> Access {
        let any = |held: Groups| groups.iter().any(|group| held.contains(*group));
        if any(self.open) {
            Access::Granted
        } else if any(self.lapsed) {
            Access::ConsentExpired
        } else {
            Access::ConsentRequired
        }
    }
}

#[cfg(test)]
mod tests;
