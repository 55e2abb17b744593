//! Access grants: what `domain::access` decides, kept as rows, so that every read goes by the same truth. Recomputed
//! in the transaction of every change of consent, exclusion or referral; `verify` compares them with a recomputation.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccessGrantId, AccessGroup, ClaimantId, ConsentId, OrganizationId, OrganizationKind,
    ReferralId, access_grant, claimant, referral, referral_also_for,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, JoinType, LockType, Query, UnionType},
};

use super::{Readable, Session, Settings, Unit, literal, rows::among};
use crate::{
    domain::access::{Grant, Held, Wishes},
    error::Result,
    lock::Lock,
    viewer::Viewer,
};

mod basis;
pub mod verify;

pub(super) use basis::{Basis, kinds_among, wanted, wishes_among, wishes_of};

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
    if Lock::Grants.is_off() {
        return Expr::value(true);
    }
    let held = access_grant::Entity::find()
        .select_only()
        .column(access_grant::Column::ClaimantId)
        .filter(access_grant::Column::OrganizationId.eq(viewer.organization()))
        .filter(
            Expr::col((access_grant::Entity, access_grant::Column::AccessGroup))
                .is_in(groups.iter().map(|group| literal(group.as_str()))),
        )
        .filter(
            Expr::col((access_grant::Entity, access_grant::Column::ClaimantId))
                .equals(claimant.as_column_ref()),
        )
        .filter(open_at(now));
    Expr::exists(held.into_query())
}

impl Session {
    /// The rule of what the caller's organization holds, but for needs: which of those are open is asked of the needs
    /// themselves.
    pub(super) fn held_rule(&self) -> Condition {
        let group = Expr::col((access_grant::Entity, access_grant::Column::AccessGroup));
        self.rule::<access_grant::Entity>()
            .add(group.ne(literal(AccessGroup::Needs.as_str())))
    }

    /// What the caller's organization holds of each claimant.
    pub(super) async fn held_grants(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Held>> {
        use access_grant::Column;
        if claimants.is_empty() {
            return Ok(HashMap::new());
        }
        if Lock::Grants.is_off() {
            return Ok(claimants
                .iter()
                .map(|id| (*id, Held::everything()))
                .collect());
        }
        let rows: Vec<(ClaimantId, AccessGroup, ReferralId, Option<ConsentId>, _, _)> =
            access_grant::Entity::find()
                .filter(self.held_rule())
                .filter(among(self.backend(), Column::ClaimantId, claimants))
                .select_only()
                .columns([Column::ClaimantId, Column::AccessGroup])
                .columns([Column::ReferralId, Column::ConsentId])
                .columns([Column::OpensAt, Column::ClosesAt])
                .into_tuple()
                .all(self.reader())
                .await?;
        let organization = self.viewer().organization();
        let grant = |(claimant, group, referral, consent, opens_at, closes_at)| Grant {
            claimant,
            organization,
            group,
            category: None,
            referral,
            consent,
            opens_at,
            closes_at,
        };
        let grants: Vec<Grant> = rows.into_iter().map(grant).collect();
        Ok(self.held_of(&grants))
    }

    /// What grants of the caller's organization amount to now, for the ledger as well.
    pub(super) fn held_of(&self, grants: &[Grant]) -> HashMap<ClaimantId, Held> {
        let mut held: HashMap<ClaimantId, Held> = HashMap::new();
        for grant in grants {
            if grant.opens_at <= self.now && grant.closes_at > self.now {
                self.ledger.learn(grant);
            }
            held.entry(grant.claimant)
                .or_default()
                .take(grant, self.now);
        }
        held
    }
}

impl Settings {
    pub(super) fn after_completion(&self) -> TimeDelta {
        TimeDelta::days(self.referral.access_after_completion_days.get().into())
    }
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
    async fn close(&self, transaction: &impl ConnectionTrait) -> Result<()> {
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
    transaction: &impl ConnectionTrait,
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
        let mut wishes = wishes_among(&self.work, &[claimant]).await?;
        Ok(wishes.remove(&claimant).unwrap_or_default())
    }

    /// The kind of each of `organizations`.
    pub(super) async fn kinds_of(
        &self,
        organizations: Vec<OrganizationId>,
    ) -> Result<HashMap<OrganizationId, OrganizationKind>> {
        kinds_among(&self.work, organizations.into_iter().collect()).await
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
        lock_claimants(&self.work, claimants).await
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
        Gap::of(&self.work, claimants, after_completion)
            .await?
            .close(&self.work)
            .await
    }
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
