//! What the parties do with a referral that has been sent: claim, accept, decline, start, hold, resume, cancel, void. How
//! one ends with what became of it is in `finish`.
use chrono::{DateTime, Utc};
use entity::{
    Access, CapacityStatus, DecidedBy, JournalKind, OutcomeKind, ReferralAction, ReferralId,
    ReferralStatus, ReferralStatusReason, ReferralSubStatus, ServiceId, referral, service,
    service_category,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use serde::Serialize;

use super::{
    super::{
        Applied, Change, Unit,
        service::{SaveCapacity, in_language, in_region},
    },
    check_note,
    step::Step,
};
use crate::{
    domain::referral as workflow,
    error::{Error, Problem, Refusal, Result},
};

/// Declares the changes that share a form of input; each checks its note and acts.
macro_rules! acts {
    ($input:ident: $($(#[$meta:meta])* $name:ident is $mutation:literal;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Serialize)]
        pub struct $name(pub $input);

        impl Change for $name {
            const MUTATION: &'static str = $mutation;

            async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
                check_note(self.0.note.as_ref())?;
                self.act(unit).await
            }
        }
    )+};
}

/// The input of an action that needs no reason.
#[derive(Clone, Debug, Serialize)]
pub struct Plain {
    pub id: ReferralId,
    pub expected_version: i32,
    /// When claiming, which of the caller's services.
    pub service: Option<ServiceId>,
    /// When starting, the first contact; now if absent.
    pub contacted_at: Option<DateTime<Utc>>,
    pub note: Option<String>,
}

/// The input of an action that says why.
#[derive(Clone, Debug, Serialize)]
pub struct Reasoned {
    pub id: ReferralId,
    pub expected_version: i32,
    pub reason: ReferralStatusReason,
    pub decided_by: Option<DecidedBy>,
    pub sub_status: Option<ReferralSubStatus>,
    pub capacity: Option<CapacityStatus>,
    pub note: Option<String>,
    pub review_at: Option<DateTime<Utc>>,
}

acts! {
    Plain:
    /// `referralClaim`: an eligible provider takes an open referral on; exactly one wins.
    Claim is "referralClaim";
    /// `referralAccept`.
    Accept is "referralAccept";
    /// `referralStart`: the first contact with the claimant.
    Start is "referralStart";
    /// `referralResume`.
    Resume is "referralResume";
}

acts! {
    Reasoned:
    /// `referralDecline`.
    Decline is "referralDecline";
    /// `referralCancel`.
    Cancel is "referralCancel";
    /// `referralHold`.
    Hold is "referralHold";
    /// `referralVoid`: it should never have been; its content is masked, its history kept.
    Void is "referralVoid";
}

impl Claim {
    /// Absent, not visible, taken, or without consent for this organization: the answer is the same.
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let too_late = || Error::from(Refusal::at(Problem::ClaimTooLate, "id"));
        let step = unit
            .step(self.0.id, None, ReferralAction::Claim)
            .await
            .map_err(|error| error.or_refused(|_| too_late()))?;
        if step.before.version != self.0.expected_version {
            return Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                .with_current_version(step.before.version)
                .into());
        }
        let organization = unit.session.viewer().organization();
        let service = unit.claiming_service(&step, self.0.service).await?;
        if let Some(claimant) = step.before.claimant_id {
            let access = unit
                .consent_for(claimant, organization, step.before.category)
                .await?;
            if access != Access::Granted {
                return Err(too_late());
            }
        }
        let mut step = step;
        step.row.owner_id = Set(Some(organization));
        step.row.owner_access = Set(true);
        step.row.owner_since = Set(Some(step.before.version + 1));
        step.row.service_id = Set(Some(service));
        unit.finish(
            step,
            JournalKind::ReferralClaimed,
            None,
            self.0.note.as_ref(),
        )
        .await
        .map_err(|error| {
            // Another organization was first, between our reading and our writing.
            error.or_refused(|refusal| match refusal.problem == Problem::StaleVersion {
                true => too_late(),
                false => refusal.into(),
            })
        })
    }
}

impl Accept {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let mut step = unit
            .step(
                self.0.id,
                Some(self.0.expected_version),
                ReferralAction::Accept,
            )
            .await?;
        step.row.answered_at = Set(Some(unit.session.now));
        step.row.sub_status = Set(None);
        unit.finish(
            step,
            JournalKind::ReferralAccepted,
            None,
            self.0.note.as_ref(),
        )
        .await
    }
}

impl Start {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        if self.0.contacted_at.is_some_and(|at| at > unit.session.now) {
            return Err(Refusal::at(Problem::InFuture, "contactedAt").into());
        }
        let mut step = unit
            .step(
                self.0.id,
                Some(self.0.expected_version),
                ReferralAction::Start,
            )
            .await?;
        step.row.contacted_at = Set(Some(self.0.contacted_at.unwrap_or(unit.session.now)));
        step.row.sub_status = Set(None);
        unit.finish(
            step,
            JournalKind::ReferralStarted,
            None,
            self.0.note.as_ref(),
        )
        .await
    }
}

impl Resume {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let mut step = unit
            .step(
                self.0.id,
                Some(self.0.expected_version),
                ReferralAction::Resume,
            )
            .await?;
        step.row.sub_status = Set(None);
        step.row.status_reason = Set(None);
        step.row.review_at = Set(None);
        unit.finish(
            step,
            JournalKind::ReferralResumed,
            None,
            self.0.note.as_ref(),
        )
        .await
    }
}

impl Decline {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let action = ReferralAction::Decline;
        let mut step = unit.reasoned_step(&self.0, action).await?;
        step.row.answered_at = Set(Some(unit.session.now));
        step.row.owner_access = Set(false);
        unit.close(&mut step);
        if self.0.reason == ReferralStatusReason::AtCapacity {
            let status = self.0.capacity.unwrap_or(CapacityStatus::NoCapacity);
            unit.note_capacity(&step.before, Some(status)).await?;
        }
        let reason = Some(self.0.reason);
        unit.finish(
            step,
            JournalKind::ReferralDeclined,
            reason,
            self.0.note.as_ref(),
        )
        .await
    }
}

impl Cancel {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let mut step = unit.reasoned_step(&self.0, ReferralAction::Cancel).await?;
        step.row.owner_access = Set(false);
        unit.close(&mut step);
        let reason = Some(self.0.reason);
        unit.finish(
            step,
            JournalKind::ReferralCancelled,
            reason,
            self.0.note.as_ref(),
        )
        .await
    }
}

impl Hold {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        if self.0.review_at.is_some_and(|at| at <= unit.session.now) {
            return Err(Refusal::at(Problem::InPast, "reviewAt").into());
        }
        let mut step = unit.reasoned_step(&self.0, ReferralAction::Hold).await?;
        let waitlisted = self.0.reason == ReferralStatusReason::AtCapacity;
        let sub_status = self
            .0
            .sub_status
            .or(waitlisted.then_some(ReferralSubStatus::Waitlisted));
        step.row.sub_status = Set(check_sub_status(step.next.status, sub_status)?);
        step.row.review_at = Set(self.0.review_at);
        unit.note_capacity(&step.before, self.0.capacity).await?;
        let reason = Some(self.0.reason);
        unit.finish(
            step,
            JournalKind::ReferralHeld,
            reason,
            self.0.note.as_ref(),
        )
        .await
    }
}

impl Void {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let mut step = unit.reasoned_step(&self.0, ReferralAction::Void).await?;
        unit.close(&mut step);
        let reason = Some(self.0.reason);
        unit.finish(
            step,
            JournalKind::ReferralVoided,
            reason,
            self.0.note.as_ref(),
        )
        .await
    }
}

/// A sub-status must go with the status that the referral comes to.
pub(super) fn check_sub_status(
    status: ReferralStatus,
    sub_status: Option<ReferralSubStatus>,
) -> Result<Option<ReferralSubStatus>> {
    match sub_status {
        Some(sub_status) if !workflow::allowed_sub_statuses(status).contains(&sub_status) => {
            Err(Refusal::at(Problem::SubStatusNotAllowed, "subStatus").into())
        }
        allowed => Ok(allowed),
    }
}

/// A reason must go with the action; some are the system's alone.
pub(super) fn check_reason(
    action: ReferralAction,
    reason: Option<ReferralStatusReason>,
) -> Result<()> {
    match reason {
        Some(reason) if !workflow::allowed_reasons(action.into()).contains(&reason) => {
            Err(Refusal::at(Problem::ReasonNotAllowed, "reason").into())
        }
        None if workflow::needs_reason(action.into()) => {
            Err(Refusal::at(Problem::ReasonRequired, "reason").into())
        }
        _ => Ok(()),
    }
}

impl Unit<'_> {
    async fn reasoned_step(&self, input: &Reasoned, action: ReferralAction) -> Result<Step> {
        let mut step = self
            .step(input.id, Some(input.expected_version), action)
            .await?;
        check_reason(action, Some(input.reason))?;
        step.row.status_reason = Set(Some(input.reason));
        step.row.decided_by = Set(input.decided_by.or_else(|| {
            workflow::default_decided_by(action.into(), step.relation, Some(input.reason))
        }));
        Ok(step)
    }

    /// Marks a referral as ended; what it waited for is over.
    pub(super) fn close(&self, step: &mut Step) {
        step.row.closed_at = Set(Some(self.session.now));
        step.row.sub_status = Set(None);
        step.row.review_at = Set(None);
    }

    /// Writes a transition, lets grants and need follow, and tells everybody concerned.
    pub(super) async fn finish(
        &mut self,
        step: Step,
        kind: JournalKind,
        reason: Option<ReferralStatusReason>,
        note: Option<&String>,
    ) -> Result<Applied> {
        self.finish_with(step, kind, reason, note, &[]).await
    }

    pub(super) async fn finish_with(
        &mut self,
        mut step: Step,
        kind: JournalKind,
        reason: Option<ReferralStatusReason>,
        note: Option<&String>,
        outcomes: &[OutcomeKind],
    ) -> Result<Applied> {
        step.row.status = Set(step.next.status);
        let before = step.before.clone();
        let after = self.write(step).await?;
        self.tell(kind, Some(&before), &after, reason, note);
        let ended = workflow::is_terminal(after.status);
        if ended && before.status != ReferralStatus::Draft {
            self.need_follows(&after, outcomes).await?;
        }
        // Start, hold and resume open and close nothing.
        let opens = |row: &referral::Model| (row.owner_id, row.owner_access, row.closed_at);
        let same = opens(&before) == opens(&after) && before.status != ReferralStatus::Requested;
        if ended || !same {
            self.regrant_for(&after).await?;
        }
        Ok(Applied::new(after.id, after.version))
    }

    /// Which of the caller's services takes an open referral on: one that fits by need, region and language.
    async fn claiming_service(&self, step: &Step, named: Option<ServiceId>) -> Result<ServiceId> {
        let meets = service_category::Entity::find()
            .select_only()
            .column(service_category::Column::ServiceId)
            .filter(service_category::Column::Category.eq(step.before.category))
            .into_query();
        let organization = self.session.viewer().organization();
        // An interpreter bridges what the service does not speak.
        let spoken = step.before.language.clone();
        let spoken = spoken.filter(|_| step.before.interpreter_needed != Some(true));
        self.find::<service::Entity>()
            .filter(service::Column::OrganizationId.eq(organization))
            .filter(service::Column::Status.eq(entity::ServiceStatus::Active))
            .filter(service::Column::Id.in_subquery(meets))
            .filter_some(step.before.region_id, in_region)
            .filter_some(spoken, in_language)
            .filter_some(named, |id| service::Column::Id.eq(id).into())
            .select(|select| select.order_by_asc(service::Column::Id))
            .one()
            .await?
            .map(|service| service.id)
            .ok_or_else(|| Refusal::at(Problem::ServiceRequired, "serviceId").into())
    }

    async fn note_capacity(
        &mut self,
        referral: &referral::Model,
        status: Option<CapacityStatus>,
    ) -> Result<()> {
        let (Some(service), Some(status)) = (referral.service_id, status) else {
            return Ok(());
        };
        self.write_capacity(&SaveCapacity {
            service,
            status,
            unit: None,
            available: None,
            maximum: None,
        })
        .await
    }
}
