//! What decides about access, read from the database or given, and what `domain::access` makes of it.
use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use entity::{
    ClaimantId, ConsentId, OrganizationId, OrganizationKind, ReferralId, ReferralStatus, claimant,
    consent, consent_recipient, exclusion, organization, referral, referral_also_for,
};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    domain::access::{self, Grant, Recipient, Wishes},
    error::Result,
};

/// What claimants have said about who may know, whole: for guards and grants, never for the caller. Who has said nothing
/// is not in it.
pub(in crate::store) async fn wishes_among(
    connection: &impl ConnectionTrait,
    claimants: &[ClaimantId],
) -> Result<HashMap<ClaimantId, Wishes>> {
    let consents = consent::Entity::find()
        .filter(consent::Column::ClaimantId.is_in(claimants.iter().copied()))
        // What was withdrawn says nothing any more.
        .filter(consent::Column::WithdrawnAt.is_null())
        .all(connection)
        .await?;
    let mut recipients = Vec::new();
    if !consents.is_empty() {
        recipients = consent_recipient::Entity::find()
            .filter(consent_recipient::Column::ConsentId.is_in(consents.iter().map(|row| row.id)))
            .all(connection)
            .await?;
    }
    let excluded = exclusion::Entity::find()
        .filter(exclusion::Column::ClaimantId.is_in(claimants.iter().copied()))
        .filter(exclusion::Column::EndedAt.is_null())
        .all(connection)
        .await?;
    Ok(wishes_of(consents, recipients, excluded))
}

/// What rows say about who may know; of exclusions, those in force.
pub(in crate::store) fn wishes_of(
    consents: impl IntoIterator<Item = consent::Model>,
    recipients: impl IntoIterator<Item = consent_recipient::Model>,
    excluded: impl IntoIterator<Item = exclusion::Model>,
) -> HashMap<ClaimantId, Wishes> {
    let mut named: HashMap<ConsentId, Vec<consent_recipient::Model>> = HashMap::new();
    for row in recipients {
        named.entry(row.consent_id).or_default().push(row);
    }
    let mut wishes: HashMap<ClaimantId, Wishes> = HashMap::new();
    for row in consents {
        let named = named.remove(&row.id).unwrap_or_default();
        let of_claimant = wishes.entry(row.claimant_id).or_default();
        of_claimant.consents.push(consent_facts(row, &named));
    }
    for row in excluded {
        let of_claimant = wishes.entry(row.claimant_id).or_default();
        of_claimant.excluded.push(row.organization_id);
    }
    wishes
}

pub(in crate::store) async fn kinds_among(
    connection: &impl ConnectionTrait,
    organizations: HashSet<OrganizationId>,
) -> Result<HashMap<OrganizationId, OrganizationKind>> {
    Ok(organization::Entity::find()
        .filter(organization::Column::Id.is_in(organizations))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| (row.id, row.kind))
        .collect())
}

/// The organization that registered each of `claimants`, but for those who were erased: nothing follows any more from
/// what they once consented to.
async fn registering_among(
    connection: &impl ConnectionTrait,
    claimants: &[ClaimantId],
) -> Result<HashMap<ClaimantId, OrganizationId>> {
    Ok(claimant::Entity::find()
        .select_only()
        .column(claimant::Column::Id)
        .column(claimant::Column::RegisteringOrganizationId)
        .filter(claimant::Column::Id.is_in(claimants.iter().copied()))
        .filter(claimant::Column::ErasedAt.is_null())
        .into_tuple::<(ClaimantId, OrganizationId)>()
        .all(connection)
        .await?
        .into_iter()
        .collect())
}

/// The referrals in which each of `claimants` is beside the one whom they are about.
async fn also_for_among(
    connection: &impl ConnectionTrait,
    claimants: &[ClaimantId],
) -> Result<HashMap<ReferralId, Vec<ClaimantId>>> {
    let rows = referral_also_for::Entity::find()
        .filter(referral_also_for::Column::ClaimantId.is_in(claimants.iter().copied()))
        .all(connection)
        .await?;
    let mut people: HashMap<ReferralId, Vec<ClaimantId>> = HashMap::new();
    for row in rows {
        people
            .entry(row.referral_id)
            .or_default()
            .push(row.claimant_id);
    }
    Ok(people)
}

/// What decides about the access to some claimants.
#[derive(Debug, Default)]
pub(in crate::store) struct Basis {
    pub(in crate::store) referrals: Vec<referral::Model>,
    pub(in crate::store) also_for: HashMap<ReferralId, Vec<ClaimantId>>,
    /// The organization that registered each claimant.
    pub(in crate::store) registering: HashMap<ClaimantId, OrganizationId>,
    pub(in crate::store) wishes: HashMap<ClaimantId, Wishes>,
}

impl Basis {
    /// The grants that there should be of each claimant, given the kinds of all organizations concerned.
    pub(in crate::store) fn grants(
        mut self,
        kinds: &HashMap<OrganizationId, OrganizationKind>,
        after_completion: TimeDelta,
    ) -> HashMap<ClaimantId, Vec<Grant>> {
        let mut of_claimant: HashMap<ClaimantId, Vec<access::Referral>> = HashMap::new();
        for row in &self.referrals {
            let beside = self.also_for.get(&row.id).into_iter().flatten();
            let people = beside
                .map(|claimant| (*claimant, true))
                .chain(row.claimant_id.map(|claimant| (claimant, false)));
            for (claimant, also_for) in people {
                if let Some(facts) = referral_facts(row, kinds, also_for) {
                    of_claimant.entry(claimant).or_default().push(facts);
                }
            }
        }
        self.registering
            .into_iter()
            .filter_map(|(claimant, registering)| {
                let referrals = of_claimant.remove(&claimant)?;
                let wishes = self.wishes.remove(&claimant).unwrap_or_default();
                let grants =
                    access::grants(claimant, registering, &referrals, &wishes, after_completion);
                Some((claimant, grants))
            })
            .collect()
    }
}

/// The grants that there should be of each of `claimants`.
pub(in crate::store) async fn wanted(
    connection: &impl ConnectionTrait,
    claimants: &[ClaimantId],
    after_completion: TimeDelta,
) -> Result<HashMap<ClaimantId, Vec<Grant>>> {
    let also_for = also_for_among(connection, claimants).await?;
    let referrals = referral::Entity::find()
        .filter(
            Condition::any()
                .add(referral::Column::ClaimantId.is_in(claimants.iter().copied()))
                .add(referral::Column::Id.is_in(also_for.keys().copied())),
        )
        .filter(referral::Column::Status.is_not_in([
            ReferralStatus::Draft,
            ReferralStatus::Rejected,
            ReferralStatus::Cancelled,
            ReferralStatus::EnteredInError,
        ]))
        .all(connection)
        .await?;
    if referrals.is_empty() {
        return Ok(HashMap::new());
    }
    let parties = referrals
        .iter()
        .flat_map(|row| [Some(row.source_id), row.owner_id]);
    let kinds = kinds_among(connection, parties.flatten().collect()).await?;
    let basis = Basis {
        referrals,
        also_for,
        registering: registering_among(connection, claimants).await?,
        wishes: wishes_among(connection, claimants).await?,
    };
    Ok(basis.grants(&kinds, after_completion))
}

/// What access needs to know of a consent or a refusal.
fn consent_facts(row: consent::Model, recipients: &[consent_recipient::Model]) -> access::Consent {
    let ends_at = crate::store::consent::ends_at(&row);
    access::Consent {
        id: row.id,
        organizations: recipients
            .iter()
            .filter_map(|named| named.organization_id)
            .collect(),
        kinds: recipients.iter().filter_map(|named| named.kind).collect(),
        purposes: row.purposes.0,
        groups: row.field_groups.0,
        any_party: row.any_party,
        refused: row.refused,
        withdrawn: row.withdrawn_at.is_some(),
        given_at: row.given_at,
        expires_at: ends_at,
    }
}

/// What access needs to know of a referral, given the kinds of its organizations.
fn referral_facts(
    row: &referral::Model,
    kinds: &HashMap<OrganizationId, OrganizationKind>,
    also_for: bool,
) -> Option<access::Referral> {
    let recipient = |organization: OrganizationId| {
        kinds.get(&organization).map(|kind| Recipient {
            organization,
            kind: *kind,
        })
    };
    Some(access::Referral {
        id: row.id,
        category: row.category,
        status: row.status,
        source: recipient(row.source_id)?,
        owner: row.owner_id.and_then(recipient),
        owner_access: row.owner_access,
        also_for,
        opened_at: row.sent_at.unwrap_or(row.created_at),
        closed_at: row.closed_at,
    })
}
