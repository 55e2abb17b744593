//! Access grants: what `domain::access` decides, kept as rows, so that every read goes by the same truth. Recomputed
//! in the transaction of every change of consent, exclusion or referral; `verify` compares them with a recomputation.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccessGrantId, AccessGroup, ClaimantId, ConsentId, OrganizationId, OrganizationKind,
    ReferralId, ReferralStatus, access_grant, claimant, consent, consent_recipient, exclusion,
    organization, referral, referral_also_for,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, JoinType, LockType, Query, UnionType},
};

use super::{Readable, Session, Settings, Unit, padded};
use crate::{
    domain::access::{self, Grant, Held, Recipient, Wishes},
    error::Result,
    viewer::Viewer,
};

pub mod verify;

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

/// The condition that one of these groups of the claimant in a column is open to the viewer. It is asked row by row:
/// what an organization holds of everybody it knows may be much more than one answer shows.
pub(super) fn in_force(
    claimant: impl ColumnTrait,
    viewer: &Viewer,
    groups: &[AccessGroup],
    now: DateTime<Utc>,
) -> Expr {
    let held = access_grant::Entity::find()
        .select_only()
        .column(access_grant::Column::ClaimantId)
        .filter(access_grant::Column::OrganizationId.eq(viewer.organization()))
        .filter(access_grant::Column::AccessGroup.is_in(groups.iter().copied()))
        .filter(
            Expr::col((access_grant::Entity, access_grant::Column::ClaimantId))
                .equals(claimant.as_column_ref()),
        )
        .filter(open_at(now));
    Expr::exists(held.into_query())
}

impl Session {
    /// What the caller's organization holds of each claimant.
    pub(super) async fn held_grants(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Held>> {
        if claimants.is_empty() {
            return Ok(HashMap::new());
        }
        let visible = self
            .find::<access_grant::Entity>()
            .filter(access_grant::Column::ClaimantId.is_in(padded(claimants)))
            // Which needs are open is asked of the needs themselves.
            .filter(access_grant::Column::AccessGroup.ne(AccessGroup::Needs));
        let rows: Vec<(ClaimantId, AccessGroup, ReferralId, Option<ConsentId>, _, _)> = visible
            .select
            .select_only()
            .column(access_grant::Column::ClaimantId)
            .column(access_grant::Column::AccessGroup)
            .column(access_grant::Column::ReferralId)
            .column(access_grant::Column::ConsentId)
            .column(access_grant::Column::OpensAt)
            .column(access_grant::Column::ClosesAt)
            .into_tuple()
            .all(visible.connection)
            .await?;
        let mut held: HashMap<ClaimantId, Held> = HashMap::new();
        for (claimant, group, referral, consent, opens_at, closes_at) in rows {
            let grant = Grant {
                claimant,
                organization: self.viewer().organization(),
                group,
                category: None,
                referral,
                consent,
                opens_at,
                closes_at,
            };
            if grant.opens_at <= self.now && grant.closes_at > self.now {
                self.ledger.learn(&grant);
            }
            held.entry(claimant).or_default().take(&grant, self.now);
        }
        Ok(held)
    }
}

impl Settings {
    pub(super) fn after_completion(&self) -> TimeDelta {
        TimeDelta::days(self.referral.access_after_completion_days.get().into())
    }
}

/// What claimants have said about who may know, whole: for guards and grants, never for the caller.
async fn wishes_among(
    connection: &impl ConnectionTrait,
    claimants: &[ClaimantId],
) -> Result<HashMap<ClaimantId, Wishes>> {
    let consents = consent::Entity::find()
        .filter(consent::Column::ClaimantId.is_in(claimants.iter().copied()))
        // What was withdrawn says nothing any more.
        .filter(consent::Column::WithdrawnAt.is_null())
        .all(connection)
        .await?;
    let mut recipients: HashMap<ConsentId, Vec<consent_recipient::Model>> = HashMap::new();
    if !consents.is_empty() {
        let rows = consent_recipient::Entity::find()
            .filter(consent_recipient::Column::ConsentId.is_in(consents.iter().map(|row| row.id)))
            .all(connection)
            .await?;
        for row in rows {
            recipients.entry(row.consent_id).or_default().push(row);
        }
    }
    let mut wishes: HashMap<ClaimantId, Wishes> = HashMap::new();
    for row in consents {
        let named = recipients.remove(&row.id).unwrap_or_default();
        let of_claimant = wishes.entry(row.claimant_id).or_default();
        of_claimant.consents.push(consent_facts(row, &named));
    }
    let excluded = exclusion::Entity::find()
        .filter(exclusion::Column::ClaimantId.is_in(claimants.iter().copied()))
        .filter(exclusion::Column::EndedAt.is_null())
        .all(connection)
        .await?;
    for row in excluded {
        let of_claimant = wishes.entry(row.claimant_id).or_default();
        of_claimant.excluded.push(row.organization_id);
    }
    Ok(wishes)
}

async fn kinds_among(
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

/// The grants that there should be of each of `claimants`.
pub(super) async fn wanted(
    connection: &impl ConnectionTrait,
    claimants: &[ClaimantId],
    after_completion: TimeDelta,
) -> Result<HashMap<ClaimantId, Vec<Grant>>> {
    let also_for = also_for_among(connection, claimants).await?;
    let rows = referral::Entity::find()
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
    if rows.is_empty() {
        return Ok(HashMap::new());
    }
    let registering = registering_among(connection, claimants).await?;
    let parties = rows
        .iter()
        .flat_map(|row| [Some(row.source_id), row.owner_id]);
    let kinds = kinds_among(connection, parties.flatten().collect()).await?;
    let mut wishes = wishes_among(connection, claimants).await?;
    let mut of_claimant: HashMap<ClaimantId, Vec<access::Referral>> = HashMap::new();
    for row in rows {
        let beside = also_for.get(&row.id).into_iter().flatten();
        let people = beside
            .map(|claimant| (*claimant, true))
            .chain(row.claimant_id.map(|claimant| (claimant, false)));
        for (claimant, also_for) in people {
            if let Some(facts) = referral_facts(&row, &kinds, also_for) {
                of_claimant.entry(claimant).or_default().push(facts);
            }
        }
    }
    Ok(registering
        .into_iter()
        .filter_map(|(claimant, registering)| {
            let referrals = of_claimant.remove(&claimant)?;
            let wishes = wishes.remove(&claimant).unwrap_or_default();
            let grants =
                access::grants(claimant, registering, &referrals, &wishes, after_completion);
            Some((claimant, grants))
        })
        .collect())
}

/// What is missing from the grants of claimants, and what is there without a reason.
struct Gap {
    missing: HashSet<Grant>,
    surplus: Vec<access_grant::Model>,
}

impl Gap {
    fn between(wanted: Vec<Grant>, kept: Vec<access_grant::Model>) -> Self {
        let mut missing: HashSet<Grant> = wanted.into_iter().collect();
        let surplus = kept
            .into_iter()
            .filter(|row| !missing.remove(&grant_of(row)))
            .collect();
        Self { missing, surplus }
    }

    /// Of all `claimants` together.
    async fn of(
        connection: &impl ConnectionTrait,
        claimants: &[ClaimantId],
        after_completion: TimeDelta,
    ) -> Result<Self> {
        let wanted = wanted(connection, claimants, after_completion).await?;
        let kept = access_grant::Entity::find()
            .filter(access_grant::Column::ClaimantId.is_in(claimants.iter().copied()))
            .all(connection)
            .await?;
        Ok(Self::between(
            wanted.into_values().flatten().collect(),
            kept,
        ))
    }

    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty()
    }

    /// Makes the grants what they should be.
    async fn close(&self, transaction: &DatabaseTransaction) -> Result<()> {
        // Both databases bound the parameters of one statement.
        const MOST_ROWS: usize = 3_000;
        for surplus in self.surplus.chunks(MOST_ROWS) {
            access_grant::Entity::delete_many()
                .filter(access_grant::Column::Id.is_in(surplus.iter().map(|row| row.id)))
                .exec(transaction)
                .await?;
        }
        let missing: Vec<access_grant::Model> = self
            .missing
            .iter()
            .map(|grant| row_of(AccessGrantId(Uuid::now_v7()), *grant))
            .collect();
        for missing in missing.chunks(MOST_ROWS) {
            let rows = missing
                .iter()
                .cloned()
                .map(IntoActiveModel::into_active_model);
            access_grant::Entity::insert_many(rows)
                .exec_without_returning(transaction)
                .await?;
        }
        Ok(())
    }
}

/// Keeps any other transaction from changing the access to claimants until this one ends, and to whoever else is in their
/// referrals: what becomes of those changes it too. On SQLite there is only one writer. Whoever locks claimants does so
/// before it writes any row of theirs, and all in the order of their ids, so that no two transactions wait for each
/// other. The lock lets foreign keys refer to the rows meanwhile. Returns those of them who were erased.
async fn lock_claimants(
    transaction: &DatabaseTransaction,
    claimants: &[ClaimantId],
) -> Result<HashSet<ClaimantId>> {
    if claimants.is_empty() {
        return Ok(HashSet::new());
    }
    let also_for = |column| (referral_also_for::Entity, column);
    let beside = Query::select()
        .column(also_for(referral_also_for::Column::ClaimantId))
        .from(referral_also_for::Entity)
        .join(
            JoinType::InnerJoin,
            referral::Entity,
            Expr::col((referral::Entity, referral::Column::Id))
                .equals(also_for(referral_also_for::Column::ReferralId)),
        )
        .and_where(referral::Column::ClaimantId.is_in(claimants.iter().copied()))
        .to_owned();
    let all = claimant::Entity::find()
        .select_only()
        .column(claimant::Column::Id)
        .filter(claimant::Column::Id.is_in(claimants.iter().copied()))
        .into_query()
        .union(UnionType::All, beside)
        .to_owned();
    let rows = claimant::Entity::find()
        .select_only()
        .columns([claimant::Column::Id, claimant::Column::ErasedAt])
        .filter(claimant::Column::Id.in_subquery(all))
        .order_by_asc(claimant::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .into_tuple::<(ClaimantId, Option<DateTime<Utc>>)>()
        .all(transaction)
        .await?;
    let erased = rows
        .into_iter()
        .filter(|(id, erased)| erased.is_some() && claimants.contains(id));
    Ok(erased.map(|(id, _)| id).collect())
}

impl Unit<'_> {
    /// What a claimant has said about who may know, for guards; none of it is returned to the caller.
    pub(super) async fn wishes_of(&self, claimant: ClaimantId) -> Result<Wishes> {
        let mut wishes = self.wishes_of_each(&[claimant]).await?;
        Ok(wishes.remove(&claimant).unwrap_or_default())
    }

    /// What claimants have said about who may know, for guards; who has said nothing is not in it.
    pub(super) async fn wishes_of_each(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Wishes>> {
        wishes_among(&self.transaction, claimants).await
    }

    /// The kind of each of `organizations`.
    pub(super) async fn kinds_of(
        &self,
        organizations: Vec<OrganizationId>,
    ) -> Result<HashMap<OrganizationId, OrganizationKind>> {
        kinds_among(&self.transaction, organizations.into_iter().collect()).await
    }

    /// Keeps the access to a claimant as it is until this transaction ends. Says whether the person was erased.
    pub(super) async fn lock_claimant(&self, claimant: ClaimantId) -> Result<bool> {
        Ok(self.lock_claimants(&[claimant]).await?.contains(&claimant))
    }

    /// Keeps the access to claimants as it is until this transaction ends. Returns those who were erased.
    pub(super) async fn lock_claimants(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashSet<ClaimantId>> {
        lock_claimants(&self.transaction, claimants).await
    }

    /// Makes the grants of a claimant what they should be.
    pub(super) async fn regrant(&self, claimant: ClaimantId) -> Result<()> {
        self.regrant_all(&[claimant]).await
    }

    /// Makes the grants of claimants what they should be.
    pub(super) async fn regrant_all(&self, claimants: &[ClaimantId]) -> Result<()> {
        if claimants.is_empty() {
            return Ok(());
        }
        self.lock_claimants(claimants).await?;
        let after_completion = self.session.settings().after_completion();
        Gap::of(&self.transaction, claimants, after_completion)
            .await?
            .close(&self.transaction)
            .await
    }
}

/// What access needs to know of a consent or a refusal.
fn consent_facts(row: consent::Model, recipients: &[consent_recipient::Model]) -> access::Consent {
    let ends_at = super::consent::ends_at(&row);
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

fn grant_of(row: &access_grant::Model) -> Grant {
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
