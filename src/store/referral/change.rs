//! What changes in a referral while its state stays: content, claimant, priority, assignee, sub-status, recipient.
use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, JournalKind, NeedCategory, ReferralAction, ReferralId, ReferralPriority,
    ReferralStatus, ReferralStatusReason, ReferralSubStatus, ServiceId, SubjectType,
    reroute_request,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel, prelude::Uuid};
use serde::Serialize;

use super::{
    super::{
        Applied, Change, Unit, claimant::check_text, journal::Entry, seal::Wrapped, update::Update,
    },
    act::{check_reason, check_sub_status},
    check_free_text, check_note,
    many::{Act, Item},
    message::set_sub_status,
};
use crate::{
    domain::referral::Effect,
    error::{Problem, Refusal, Result},
};

/// `referralUpdate`: the source changes a draft or a request.
#[derive(Clone, Debug, Serialize)]
pub struct UpdateReferral {
    pub id: ReferralId,
    pub expected_version: i32,
    pub category: Option<NeedCategory>,
    pub priority: Option<ReferralPriority>,
    pub summary: Update<String>,
    pub due_at: Update<DateTime<Utc>>,
    pub service: Update<ServiceId>,
}

impl Change for UpdateReferral {
    const MUTATION: &'static str = "referralUpdate";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_free_text(self.summary.value(), "summary")?;
        if self
            .due_at
            .value()
            .is_some_and(|due| *due <= unit.session.now)
        {
            return Err(Refusal::at(Problem::InPast, "dueAt").into());
        }
        let step = unit
            .step(self.id, Some(self.expected_version), ReferralAction::Update)
            .await?;
        let mut row = step.before.clone();
        row.category = self.category.unwrap_or(row.category);
        row.priority = self.priority.unwrap_or(row.priority);
        self.due_at.clone().apply(&mut row.due_at);
        self.service.clone().apply(&mut row.service_id);
        let summary = match &self.summary {
            Update::Keep => unit.summary_of(&row)?,
            Update::Clear => None,
            Update::Set(summary) => Some(summary.clone()),
        };
        unit.check_summary(&unit.known_people_of(&row).await?, summary.as_deref())
            .await?;
        match &self.summary {
            Update::Keep => {}
            Update::Clear => row.summary = None,
            Update::Set(summary) => unit.put_summary(&mut row, summary)?,
        }
        if row.status == ReferralStatus::Draft {
            row.owner_id = match row.service_id {
                Some(service) => Some(unit.service(service, "serviceId").await?.organization_id),
                None => None,
            };
        } else if row.service_id != step.before.service_id {
            return Err(Refusal::at(Problem::RecipientFixed, "serviceId").into());
        } else if let Some(claimant) = row
            .claimant_id
            .filter(|_| row.category != step.before.category)
        {
            unit.demand_consent(claimant, row.owner_id, row.category)
                .await?;
        }
        let mut step = step;
        if row.category != step.before.category {
            row.need_id = unit.need_for(&row, None).await?;
            if row.status == ReferralStatus::Requested {
                unit.release_need(&step.before).await?;
                unit.need_follows(&row, &[]).await?;
            }
        }
        step.row = step.before.clone().into_active_model();
        step.row.need_id = Set(row.need_id);
        step.row.category = Set(row.category);
        step.row.priority = Set(row.priority);
        step.row.summary = Set(row.summary);
        step.row.due_at = Set(row.due_at);
        step.row.service_id = Set(row.service_id);
        step.row.owner_id = Set(row.owner_id);
        unit.finish(step, JournalKind::ReferralUpdated, None, None)
            .await
    }
}

/// `referralLinkClaimant`: says whom an anonymous referral is for.
#[derive(Clone, Debug, Serialize)]
pub struct LinkClaimant {
    pub id: ReferralId,
    pub expected_version: i32,
    pub claimant: ClaimantId,
}

impl Change for LinkClaimant {
    const MUTATION: &'static str = "referralLinkClaimant";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let action = ReferralAction::LinkClaimant;
        let mut step = unit
            .step(self.id, Some(self.expected_version), action)
            .await?;
        let claimant = unit
            .locked_own_claimant(self.claimant, "claimantId")
            .await?;
        let mut row = step.before.clone();
        row.claimant_id = Some(claimant.id);
        let summary = unit.summary_of(&row)?;
        unit.check_summary(&[claimant.id], summary.as_deref())
            .await?;
        if row.status != ReferralStatus::Draft {
            unit.demand_consent(claimant.id, row.owner_id, row.category)
                .await?;
        }
        step.row.claimant_id = Set(Some(claimant.id));
        step.row.linked_at = Set(Some(unit.session.now));
        step.row.need_id = Set(unit.need_for(&row, None).await?);
        step.row.registering_organization_id = Set(Some(claimant.registering_organization_id));
        let before = step.before.clone();
        step.row.status = Set(step.next.status);
        let after = unit.write(step).await?;
        unit.tell(
            JournalKind::ReferralLinked,
            Some(&before),
            &after,
            None,
            None,
        );
        unit.tell_excluded_of_link(&after).await?;
        unit.need_follows(&after, &[]).await?;
        unit.regrant_for(&after).await?;
        Ok(Applied::new(after.id, after.version))
    }
}

/// `referralSetPriority`.
#[derive(Clone, Debug, Serialize)]
pub struct SetPriority {
    pub id: ReferralId,
    pub expected_version: i32,
    pub priority: ReferralPriority,
    pub note: Option<String>,
}

impl Change for SetPriority {
    const MUTATION: &'static str = "referralSetPriority";

    fn is_light(&self) -> bool {
        true
    }

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_note(self.note.as_ref())?;
        let action = ReferralAction::SetPriority;
        let mut step = unit
            .step(self.id, Some(self.expected_version), action)
            .await?;
        step.row.priority = Set(self.priority);
        let raised = self.priority == ReferralPriority::Urgent
            && step.before.priority != ReferralPriority::Urgent;
        if step.before.status == ReferralStatus::Requested && raised {
            let urgent = unit.due_at(self.priority);
            step.row.due_at = Set(Some(
                step.before.due_at.map_or(urgent, |due| due.min(urgent)),
            ));
        }
        unit.finish(
            step,
            JournalKind::ReferralPriorityChanged,
            None,
            self.note.as_ref(),
        )
        .await
    }
}

/// `referralAssign`: who in the owning organization works on it; seen there alone.
#[derive(Clone, Debug, Serialize)]
pub struct Assign {
    pub id: ReferralId,
    pub expected_version: i32,
    pub assignee: Option<String>,
}

impl Change for Assign {
    const MUTATION: &'static str = "referralAssign";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_text(self.assignee.as_ref(), 200, "assignee")?;
        let item = Item {
            id: self.id,
            expected_version: self.expected_version,
        };
        unit.act_on(item, &Act::Assign(self.assignee.clone()), None)
            .await
    }
}

/// `referralSetSubStatus`.
#[derive(Clone, Debug, Serialize)]
pub struct SetSubStatus {
    pub id: ReferralId,
    pub expected_version: i32,
    pub sub_status: Option<ReferralSubStatus>,
    pub note: Option<String>,
}

impl Change for SetSubStatus {
    const MUTATION: &'static str = "referralSetSubStatus";

    fn is_light(&self) -> bool {
        true
    }

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_note(self.note.as_ref())?;
        let action = ReferralAction::SetSubStatus;
        let mut step = unit
            .step(self.id, Some(self.expected_version), action)
            .await?;
        let sub_status = check_sub_status(step.next.status, self.sub_status)?;
        set_sub_status(&mut step, sub_status);
        unit.finish(
            step,
            JournalKind::ReferralSubStatusChanged,
            None,
            self.note.as_ref(),
        )
        .await
    }
}

/// `referralReroute`: the source addresses it anew; the ministry asks the source to.
#[derive(Clone, Debug, Serialize)]
pub struct Reroute {
    pub id: ReferralId,
    pub expected_version: i32,
    /// Absent: open, a provider may claim it.
    pub service: Option<ServiceId>,
    pub reason: ReferralStatusReason,
    pub note: Option<String>,
}

impl Change for Reroute {
    const MUTATION: &'static str = "referralReroute";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_note(self.note.as_ref())?;
        let action = ReferralAction::Reroute;
        let mut step = unit
            .step(self.id, Some(self.expected_version), action)
            .await?;
        check_reason(action, Some(self.reason))?;
        let target = match self.service {
            Some(service) => Some(unit.active_service(service, "serviceId").await?),
            None => None,
        };
        if step.next.effect == Effect::RequestToSource {
            return self.request(unit, &step.before).await;
        }
        let owner = target.map(|service| service.organization_id);
        if let Some(claimant) = step.before.claimant_id {
            unit.demand_consent(claimant, owner, step.before.category)
                .await?;
        }
        let version = step.before.version + 1;
        step.row.service_id = Set(self.service);
        step.row.owner_id = Set(owner);
        step.row.owner_access = Set(owner.is_some());
        step.row.owner_since = Set(owner.map(|_| version));
        step.row.assignee = Set(None);
        step.row.sub_status = Set(None);
        step.row.due_at = Set(Some(unit.due_at(step.before.priority)));
        unit.finish(
            step,
            JournalKind::ReferralRerouted,
            Some(self.reason),
            self.note.as_ref(),
        )
        .await
    }
}

impl Reroute {
    /// The ministry learns nothing from the answer: neither consents nor what the source will do.
    async fn request(
        &self,
        unit: &mut Unit<'_>,
        referral: &entity::referral::Model,
    ) -> Result<Applied> {
        let organization = unit.session.viewer().organization();
        reroute_request::ActiveModel {
            id: Set(Uuid::now_v7()),
            referral_id: Set(referral.id),
            requested_by_id: Set(organization),
            service_id: Set(self.service),
            reason: Set(self.reason),
            created_at: Set(unit.session.now),
        }
        .insert(&unit.work)
        .await?;
        unit.record(
            Entry::new(
                JournalKind::RerouteRequested,
                SubjectType::Referral,
                referral.id,
                referral.version,
            )
            .reason(Some(self.reason))
            .note(self.note.clone(), Wrapped::of(referral))
            .told([referral.source_id, organization]),
        );
        Ok(Applied::new(referral.id, referral.version))
    }
}
