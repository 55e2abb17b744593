//! Needs. The registering organization records them; a party sees that of its referral and those its consent covers,
//! and may record that one is met.
use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    AccessGroup, ClaimantId, JournalKind, NeedCategory, NeedId, NeedStatus, OrganizationId,
    SubjectType, access_grant, need, referral,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit,
    claimant::{bound::check_kept, erase::demand_known},
    grant::{in_force, open_at},
    journal::Entry,
    nothing,
    sealed::registered_by,
    update::Update,
};
use crate::{
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

impl Readable for need::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        let organization = viewer.organization();
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => Condition::any()
                .add(registered_by(need::Column::ClaimantId, viewer))
                .add(
                    // The referral stays when the access to its claimant ends; what becomes of the need does not.
                    Condition::all()
                        .add(in_force(
                            need::Column::ClaimantId,
                            viewer,
                            &[AccessGroup::Presence],
                            now,
                        ))
                        .add(Expr::exists(referred(organization))),
                )
                .add(Expr::exists(granted_category(viewer, now))),
        }
    }
}

/// A referral of the need at hand to which the organization is a party. It is looked for among those of its claimant:
/// those of an organization are too many.
fn referred(organization: OrganizationId) -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(referral::Entity)
        .and_where(
            Expr::col((referral::Entity, referral::Column::ClaimantId))
                .equals((need::Entity, need::Column::ClaimantId)),
        )
        .and_where(
            Expr::col((referral::Entity, referral::Column::NeedId))
                .equals((need::Entity, need::Column::Id)),
        )
        .cond_where(super::referral::party(organization))
        .to_owned()
}

/// A grant for the category of the need at hand.
fn granted_category(viewer: &Viewer, now: DateTime<Utc>) -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(access_grant::Entity)
        .and_where(
            Expr::col((access_grant::Entity, access_grant::Column::ClaimantId))
                .equals((need::Entity, need::Column::ClaimantId)),
        )
        .and_where(
            Expr::col((access_grant::Entity, access_grant::Column::Category))
                .equals((need::Entity, need::Column::Category)),
        )
        .and_where(access_grant::Column::OrganizationId.eq(viewer.organization()))
        .and_where(access_grant::Column::AccessGroup.eq(AccessGroup::Needs))
        .cond_where(open_at(now))
        .to_owned()
}

impl Session {
    /// The needs of `claimants` that the caller may see, most urgent first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn needs_of(&self, claimants: &[ClaimantId]) -> Result<Vec<need::Model>> {
        self.find::<need::Entity>()
            .filter(need::Column::ClaimantId.is_in(claimants.iter().copied()))
            .select(|select| {
                select
                    .order_by_asc(need::Column::Priority)
                    .order_by_asc(need::Column::Id)
            })
            .all()
            .await
    }

    /// The needs among `ids` that the caller may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn need_list_by_id(&self, ids: &[NeedId]) -> Result<Vec<need::Model>> {
        self.find::<need::Entity>()
            .filter(need::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await
    }
}

/// The order in which needs come first where nothing else is said: 1 is the most urgent.
pub const fn usual_priority(category: NeedCategory) -> i32 {
    match category {
        NeedCategory::Housing | NeedCategory::Health | NeedCategory::Food => 1,
        NeedCategory::Income | NeedCategory::Legal | NeedCategory::Childcare => 2,
        NeedCategory::Language
        | NeedCategory::Employment
        | NeedCategory::Training
        | NeedCategory::CredentialRecognition
        | NeedCategory::EmployerConnection
        | NeedCategory::Transport
        | NeedCategory::DigitalAccess
        | NeedCategory::Social => 3,
    }
}

/// `needRecord`: a new need, or what became of one.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub claimant: ClaimantId,
    pub id: Option<NeedId>,
    pub category: NeedCategory,
    pub priority: Option<i32>,
    pub status: Option<NeedStatus>,
    pub wanted_from: Update<NaiveDate>,
}

impl Change for Record {
    const MUTATION: &'static str = "needRecord";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        if self
            .priority
            .is_some_and(|priority| !(1..=9).contains(&priority))
        {
            return Err(Refusal::at(Problem::OutOfRange { from: 1, to: 9 }, "priority").into());
        }
        let claimant = unit.locked_claimant(self.claimant, "claimantId").await?;
        demand_known(&claimant, "claimantId")?;
        let organization = unit.session.viewer().organization();
        let registered = claimant.registering_organization_id == organization;
        match self.id {
            None if registered => {
                self.insert(unit).await?;
            }
            None => return Err(Refusal::new(Problem::RoleNotAllowed).into()),
            Some(id) => self.update(unit, id, registered).await?,
        }
        unit.record(
            Entry::new(
                JournalKind::NeedRecorded,
                SubjectType::Claimant,
                claimant.id,
                claimant.version,
            )
            .told([organization, claimant.registering_organization_id]),
        );
        Ok(Applied::new(claimant.id, claimant.version))
    }
}

impl Record {
    async fn insert(&self, unit: &Unit<'_>) -> Result<()> {
        let kept = need::Entity::find()
            .filter(need::Column::ClaimantId.eq(self.claimant))
            .count(&unit.work)
            .await?;
        check_kept(kept, "category")?;
        let mut wanted_from = None;
        self.wanted_from.clone().apply(&mut wanted_from);
        need::ActiveModel {
            id: Set(NeedId(Uuid::now_v7())),
            claimant_id: Set(self.claimant),
            category: Set(self.category),
            priority: Set(self.priority.unwrap_or(usual_priority(self.category))),
            status: Set(self.status.unwrap_or(NeedStatus::Open)),
            wanted_from: Set(wanted_from),
            created_at: Set(unit.session.now),
            updated_at: Set(unit.session.now),
            told_wanted_from: Set(None),
        }
        .insert(&unit.work)
        .await?;
        Ok(())
    }

    async fn update(&self, unit: &Unit<'_>, id: NeedId, registered: bool) -> Result<()> {
        let mut need = unit
            .find::<need::Entity>()
            .filter(need::Column::Id.eq(id))
            .filter(need::Column::ClaimantId.eq(self.claimant))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        if !registered {
            // A party may say that a need is met, and nothing else of it.
            let only_met = self.status == Some(NeedStatus::Met)
                && self.category == need.category
                && self.priority.is_none()
                && self.wanted_from == Update::Keep;
            if !only_met {
                return Err(Refusal::new(Problem::RoleNotAllowed).into());
            }
        }
        need.category = self.category;
        need.priority = self.priority.unwrap_or(need.priority);
        need.status = self.status.unwrap_or(need.status);
        self.wanted_from.clone().apply(&mut need.wanted_from);
        need.updated_at = unit.session.now;
        need.into_active_model()
            .reset_all()
            .update(&unit.work)
            .await?;
        Ok(())
    }
}

impl Unit<'_> {
    /// Sets what became of needs with the course of their referrals.
    pub(super) async fn set_needs_status(
        &self,
        needs: &[NeedId],
        status: NeedStatus,
    ) -> Result<()> {
        if needs.is_empty() {
            return Ok(());
        }
        need::Entity::update_many()
            .col_expr(need::Column::Status, Expr::value(status))
            .col_expr(need::Column::UpdatedAt, Expr::value(self.session.now))
            .filter(need::Column::Id.is_in(needs.iter().copied()))
            .exec(&self.work)
            .await?;
        Ok(())
    }
}
