//! Referrals that come from others: sent again after an ending, or split off while one is worked on.
use std::collections::HashSet;

use entity::{
    ClaimantId, JournalKind, NeedCategory, OrganizationId, ReferralAction, ReferralId,
    ReferralPriority, ReferralStatus, ServiceId, SubjectType, referral,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, SqlErr, prelude::Uuid,
};
use serde::Serialize;

use super::{
    super::{Applied, Change, Unit, journal::Entry},
    OPEN_STATUSES, check_free_text,
    create::reference,
};
use crate::{
    domain::{business_days, referral as workflow},
    error::{Problem, Refusal, Result},
};

/// `referralResubmit`: a new referral in place of one that was declined, cancelled or failed; once.
#[derive(Clone, Debug, Serialize)]
pub struct Resubmit {
    pub id: ReferralId,
    /// Absent: to the same service.
    pub service: Option<ServiceId>,
    pub summary: Option<String>,
    pub acknowledge_duplicate: bool,
}

/// `referralSplit`: the owner refers the same person on for another need.
#[derive(Clone, Debug, Serialize)]
pub struct Split {
    pub id: ReferralId,
    pub expected_version: i32,
    pub category: NeedCategory,
    /// Absent: open, a provider may claim it.
    pub service: Option<ServiceId>,
    pub priority: Option<ReferralPriority>,
    pub summary: Option<String>,
}

/// Which of some referrals an organization sent as the owner of another that is open still: what it split off it may send
/// again, though another organization registered the person.
pub(super) async fn of_held(
    connection: &impl ConnectionTrait,
    organization: OrganizationId,
    referrals: impl Iterator<Item = &referral::Model>,
) -> Result<HashSet<ReferralId>> {
    let split: Vec<(ReferralId, ReferralId)> = referrals
        .filter(|row| row.source_id == organization)
        .filter(|row| row.registering_organization_id != Some(organization))
        .filter(|row| workflow::is_terminal(row.status))
        .filter_map(|row| Some((row.id, row.part_of_id?)))
        .collect();
    if split.is_empty() {
        return Ok(HashSet::new());
    }
    let held: Vec<ReferralId> = referral::Entity::find()
        .select_only()
        .column(referral::Column::Id)
        .filter(referral::Column::Id.is_in(split.iter().map(|(_, parent)| *parent)))
        .filter(referral::Column::OwnerId.eq(organization))
        .filter(referral::Column::OwnerAccess.eq(true))
        .filter(referral::Column::Status.is_in(OPEN_STATUSES))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(split
        .into_iter()
        .filter(|(_, parent)| held.contains(parent))
        .map(|(id, _)| id)
        .collect())
}

impl Unit<'_> {
    /// A new referral with the claimant and the facts of another.
    fn successor_of(&self, other: &referral::Model) -> referral::Model {
        let now = self.session.now;
        referral::Model {
            id: ReferralId(Uuid::now_v7()),
            reference: reference(),
            status: ReferralStatus::Draft,
            sub_status: None,
            sub_status_before: None,
            status_reason: None,
            decided_by: None,
            source_id: self.session.viewer().organization(),
            owner_id: None,
            owner_access: false,
            owner_since: None,
            assignee: None,
            part_of_id: None,
            replaces_id: None,
            due_at: None,
            review_at: None,
            created_at: now,
            created_month: business_days::toronto_month(now),
            updated_at: now,
            sent_at: None,
            answered_at: None,
            contacted_at: None,
            closed_at: None,
            version: 1,
            told_due_at: None,
            told_review_at: None,
            linked_at: None,
            ..other.clone()
        }
    }

    async fn insert_sent(&mut self, row: &referral::Model, also_for: &[ClaimantId]) -> Result<()> {
        match row.clone().into_active_model().insert(&self.work).await {
            Ok(_) => {}
            // Only `replaces_id` can collide: somebody was first.
            Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                return Err(Refusal::at(Problem::AlreadyReplaced, "id").into());
            }
            Err(error) => return Err(error.into()),
        }
        self.put_also_for(row.id, also_for).await?;
        self.tell(JournalKind::ReferralCreated, None, row, None, None);
        self.sent(row).await
    }
}

impl Change for Resubmit {
    const MUTATION: &'static str = "referralResubmit";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_free_text(self.summary.as_ref(), "summary")?;
        let step = unit.step(self.id, None, ReferralAction::Resubmit).await?;
        let old = step.before;
        let mut row = unit.successor_of(&old);
        row.replaces_id = Some(old.id);
        row.service_id = self.service.or(old.service_id);
        let own = unit.session.viewer().organization();
        match row.claimant_id {
            Some(claimant) if old.registering_organization_id == Some(own) => {
                unit.own_claimant(claimant, "id").await?;
            }
            // It rests on the one that it was split from, as the old one did.
            Some(_) => row.part_of_id = old.part_of_id,
            None => {}
        }
        let summary = match &self.summary {
            Some(summary) => Some(summary.clone()),
            None => unit.summary_of(&old)?,
        };
        let also_for = unit.own_people_beside(old.id).await?;
        unit.prepare_sending(&mut row, self.acknowledge_duplicate)
            .await?;
        let people: Vec<ClaimantId> = row.claimant_id.into_iter().collect();
        unit.check_summary(&[people, also_for.clone()].concat(), summary.as_deref())
            .await?;
        unit.put_new_summary(&mut row, summary.as_deref())?;
        unit.insert_sent(&row, &also_for).await?;
        unit.record(
            Entry::new(
                JournalKind::ReferralReplaced,
                SubjectType::Referral,
                old.id,
                old.version,
            )
            .told([old.source_id]),
        );
        Ok(Applied::new(row.id, row.version))
    }
}

impl Change for Split {
    const MUTATION: &'static str = "referralSplit";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_free_text(self.summary.as_ref(), "summary")?;
        let step = unit
            .step(self.id, Some(self.expected_version), ReferralAction::Split)
            .await?;
        let parent = step.before.clone();
        let mut row = unit.successor_of(&parent);
        row.part_of_id = Some(parent.id);
        row.category = self.category;
        row.service_id = self.service;
        row.priority = self.priority.unwrap_or(parent.priority);
        row.need_id = unit.need_for(&row, None).await?;
        // A child is there because of its parent: it duplicates nothing.
        unit.prepare_sending(&mut row, true).await?;
        let people: Vec<ClaimantId> = row.claimant_id.into_iter().collect();
        unit.check_summary(&people, self.summary.as_deref()).await?;
        unit.put_new_summary(&mut row, self.summary.as_deref())?;
        // The parent moves on, so that a completion that runs beside this meets another version, and the child.
        let parent = unit.write(step).await?;
        // It names the parent's claimant and nobody else.
        unit.insert_sent(&row, &[]).await?;
        unit.record(
            Entry::new(
                JournalKind::ReferralSplit,
                SubjectType::Referral,
                parent.id,
                parent.version,
            )
            .told([parent.source_id])
            .told(parent.owner_id),
        );
        Ok(Applied::new(row.id, row.version))
    }
}
