//! Access grants: what `domain::access` decides, kept as rows, so that every read goes by the same truth. Recomputed
//! in the transaction of every change of consent or referral.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccessGrantId, AccessGroup, ClaimantId, OrganizationId, OrganizationKind, ReferralStatus,
    access_grant, claimant, consent, consent_recipient, organization, referral,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{LockType, SelectStatement},
};

use super::{Readable, Session, Unit};
use crate::{
    domain::access::{self, Grant, Recipient},
    error::Result,
    viewer::Viewer,
};

impl Readable for access_grant::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        access_grant::Column::OrganizationId
            .eq(viewer.organization())
            .into()
    }
}

/// The condition under which a grant counts at a moment.
pub(super) fn open_at(now: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(access_grant::Column::OpensAt.lte(now))
        .add(access_grant::Column::ClosesAt.gt(now))
}

/// The claimants of whom a group is open to the viewer.
pub(super) fn in_force(viewer: &Viewer, group: AccessGroup, now: DateTime<Utc>) -> SelectStatement {
    access_grant::Entity::find()
        .select_only()
        .column(access_grant::Column::ClaimantId)
        .filter(access_grant::Column::OrganizationId.eq(viewer.organization()))
        .filter(access_grant::Column::AccessGroup.eq(group))
        .filter(open_at(now))
        .into_query()
}

/// What the caller's organization holds of each claimant: groups open now, and groups that were open once.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    pub(super) open: HashSet<AccessGroup>,
    pub(super) lapsed: HashSet<AccessGroup>,
}

impl Session {
    pub(super) async fn held_grants(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Held>> {
        if claimants.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = self
            .find::<access_grant::Entity>()
            .filter(access_grant::Column::ClaimantId.is_in(claimants.iter().copied()))
            .all()
            .await?;
        let mut held: HashMap<ClaimantId, Held> = HashMap::new();
        for row in rows {
            let held = held.entry(row.claimant_id).or_default();
            if row.opens_at > self.now {
                continue;
            }
            if row.closes_at > self.now {
                self.ledger.learn(&row);
                held.open.insert(row.access_group);
            } else {
                held.lapsed.insert(row.access_group);
            }
        }
        Ok(held)
    }
}

impl Unit<'_> {
    /// Every consent and refusal of a claimant, for guards; none of it is returned to the caller.
    pub(super) async fn consents_of(&self, claimant: ClaimantId) -> Result<Vec<access::Consent>> {
        let consents = consent::Entity::find()
            .filter(consent::Column::ClaimantId.eq(claimant))
            .all(&self.transaction)
            .await?;
        if consents.is_empty() {
            return Ok(Vec::new());
        }
        let recipients = consent_recipient::Entity::find()
            .filter(consent_recipient::Column::ConsentId.is_in(consents.iter().map(|row| row.id)))
            .all(&self.transaction)
            .await?;
        Ok(consent_facts(consents, &recipients))
    }

    /// The kind of each of `organizations`.
    pub(super) async fn kinds_of(
        &self,
        organizations: Vec<OrganizationId>,
    ) -> Result<HashMap<OrganizationId, OrganizationKind>> {
        Ok(organization::Entity::find()
            .filter(organization::Column::Id.is_in(organizations))
            .all(&self.transaction)
            .await?
            .into_iter()
            .map(|row| (row.id, row.kind))
            .collect())
    }

    /// Keeps any other transaction from changing the access to a claimant until this one ends. On SQLite there is
    /// only one writer. Whoever locks a claimant does so before it writes any row of the claimant's, so that no two
    /// transactions wait for each other. The lock lets foreign keys refer to the row meanwhile.
    pub(super) async fn lock_claimant(&self, claimant: ClaimantId) -> Result<()> {
        claimant::Entity::find_by_id(claimant)
            .select_only()
            .column(claimant::Column::Id)
            .lock(LockType::NoKeyUpdate)
            .into_tuple::<ClaimantId>()
            .one(&self.transaction)
            .await?;
        Ok(())
    }

    /// Makes the grants of a claimant what they should be.
    pub(super) async fn regrant(&self, claimant: ClaimantId) -> Result<()> {
        self.lock_claimant(claimant).await?;
        let consents = self.consents_of(claimant).await?;
        let wanted = self.wanted_grants(claimant, &consents).await?;
        let kept = access_grant::Entity::find()
            .filter(access_grant::Column::ClaimantId.eq(claimant))
            .all(&self.transaction)
            .await?;
        let mut missing: HashSet<Grant> = wanted.into_iter().collect();
        let surplus: Vec<AccessGrantId> = kept
            .into_iter()
            .filter_map(|row| (!missing.remove(&grant_of(&row))).then_some(row.id))
            .collect();
        if !surplus.is_empty() {
            access_grant::Entity::delete_many()
                .filter(access_grant::Column::Id.is_in(surplus))
                .exec(&self.transaction)
                .await?;
        }
        if !missing.is_empty() {
            access_grant::Entity::insert_many(
                missing
                    .into_iter()
                    .map(|grant| row_of(AccessGrantId(Uuid::now_v7()), grant).into_active_model()),
            )
            .exec_without_returning(&self.transaction)
            .await?;
        }
        Ok(())
    }

    pub(super) async fn wanted_grants(
        &self,
        claimant: ClaimantId,
        consents: &[access::Consent],
    ) -> Result<Vec<Grant>> {
        let rows = referral::Entity::find()
            .filter(referral::Column::ClaimantId.eq(claimant))
            .filter(referral::Column::Status.is_not_in([
                ReferralStatus::Draft,
                ReferralStatus::Rejected,
                ReferralStatus::Cancelled,
                ReferralStatus::EnteredInError,
            ]))
            .all(&self.transaction)
            .await?;
        let Some(registering) = rows.first().and_then(|row| row.registering_organization_id) else {
            return Ok(Vec::new());
        };
        let kinds = self
            .kinds_of(
                rows.iter()
                    .flat_map(|row| [Some(row.source_id), row.owner_id])
                    .flatten()
                    .collect(),
            )
            .await?;
        let referrals = referral_facts(&rows, &kinds);
        let days = self
            .session
            .settings()
            .referral
            .access_after_completion_days
            .get();
        Ok(access::grants(
            claimant,
            registering,
            &referrals,
            consents,
            TimeDelta::days(days.into()),
        ))
    }
}

/// What access needs to know of consents and refusals.
pub(super) fn consent_facts(
    consents: Vec<consent::Model>,
    recipients: &[consent_recipient::Model],
) -> Vec<access::Consent> {
    consents
        .into_iter()
        .map(|row| {
            let named = || recipients.iter().filter(|named| named.consent_id == row.id);
            access::Consent {
                id: row.id,
                organizations: named().filter_map(|named| named.organization_id).collect(),
                kinds: named().filter_map(|named| named.kind).collect(),
                purposes: row.purposes.0,
                groups: row.field_groups.0,
                any_party: row.any_party,
                refused: row.refused,
                withdrawn: row.withdrawn_at.is_some(),
                given_at: row.given_at,
                expires_at: row.expires_at,
            }
        })
        .collect()
}

/// What access needs to know of referrals, given the kinds of their organizations.
pub(super) fn referral_facts(
    rows: &[referral::Model],
    kinds: &HashMap<OrganizationId, OrganizationKind>,
) -> Vec<access::Referral> {
    let recipient = |organization: OrganizationId| {
        kinds.get(&organization).map(|kind| Recipient {
            organization,
            kind: *kind,
        })
    };
    rows.iter()
        .filter_map(|row| {
            Some(access::Referral {
                id: row.id,
                category: row.category,
                status: row.status,
                source: recipient(row.source_id)?,
                owner: row.owner_id.and_then(recipient),
                owner_access: row.owner_access,
                opened_at: row.sent_at.unwrap_or(row.created_at),
                closed_at: row.closed_at,
            })
        })
        .collect()
}

pub(super) fn grant_of(row: &access_grant::Model) -> Grant {
    Grant {
        claimant: row.claimant_id,
        organization: row.organization_id,
        group: row.access_group,
        category: row.category,
        referral: row.referral_id,
        consent: row.consent_id,
        opens_at: row.opens_at,
        closes_at: row.closes_at,
    }
}

pub(super) fn row_of(id: AccessGrantId, grant: Grant) -> access_grant::Model {
    access_grant::Model {
        id,
        claimant_id: grant.claimant,
        organization_id: grant.organization,
        access_group: grant.group,
        category: grant.category,
        referral_id: grant.referral,
        consent_id: grant.consent,
        opens_at: grant.opens_at,
        closes_at: grant.closes_at,
    }
}
