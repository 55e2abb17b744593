//! What the parties do with a referral that has been sent: claim, accept, decline, start, hold, resume, cancel, void. How
//! one ends with what became of it is in `finish`; how claim, accept and decline are done, to one or many, in `many`.
use chrono::{DateTime, Utc};
use entity::{
    CapacityStatus, DecidedBy, JournalKind, OutcomeKind, ReferralAction, ReferralId,
    ReferralStatus, ReferralStatusReason, ReferralSubStatus, ServiceId, SubjectType, referral,
};
use sea_orm::ActiveValue::Set;
use serde::Serialize;

use super::{
    super::{Applied, Change, Each, Unit, journal::Entry, one, seal::Wrapped, service::Places},
    check_note,
    many::{self, Act, ClaimFor, Item},
    message::set_sub_status,
    step::{Step, Written},
};
use crate::{
    domain::referral as workflow,
    error::{Problem, Refusal, Result},
};

/// Declares the changes that share a form of input; each checks its note and acts.
macro_rules! acts {
    ($input:ident: $($(#[$meta:meta])* $name:ident is $mutation:literal $(, $light:ident)?;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Serialize)]
        pub struct $name(pub $input);

        impl Change for $name {
            const MUTATION: &'static str = $mutation;

            $(fn is_light(&self) -> bool {
                self.0.$light()
            })?

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
    Start is "referralStart", is_light;
    /// `referralResume`.
    Resume is "referralResume", is_light;
}

acts! {
    Reasoned:
    /// `referralDecline`.
    Decline is "referralDecline";
    /// `referralCancel`.
    Cancel is "referralCancel";
    /// `referralHold`.
    Hold is "referralHold", is_light;
    /// `referralVoid`: it should never have been; its content is masked, its history kept.
    Void is "referralVoid";
}

impl Plain {
    const fn is_light(&self) -> bool {
        true
    }

    const fn item(&self) -> Item {
        Item {
            id: self.id,
            expected_version: self.expected_version,
        }
    }
}

impl Reasoned {
    /// How many places a service has is a row of its own.
    const fn is_light(&self) -> bool {
        self.capacity.is_none()
    }
}

impl Claim {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let service = self.0.service.map_or(ClaimFor::First, ClaimFor::Named);
        let note = self.0.note.as_ref();
        unit.act_on(self.0.item(), &Act::Claim(service), note).await
    }
}

impl Accept {
    async fn act(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let note = self.0.note.as_ref();
        unit.act_on(self.0.item(), &Act::Accept, note).await
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
        let input = &self.0;
        let item = Item {
            id: input.id,
            expected_version: input.expected_version,
        };
        let decline = Act::Decline(many::Decline {
            reason: input.reason,
            decided_by: input.decided_by,
            capacity: input.capacity,
        });
        unit.act_on(item, &decline, input.note.as_ref()).await
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
        let sub_status = check_sub_status(step.next.status, sub_status)?;
        set_sub_status(&mut step, sub_status);
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
) -> std::result::Result<(), Refusal> {
    match reason {
        Some(reason) if !workflow::allowed_reasons(action.into()).contains(&reason) => {
            Err(Refusal::at(Problem::ReasonNotAllowed, "reason"))
        }
        None if workflow::needs_reason(action.into()) => {
            Err(Refusal::at(Problem::ReasonRequired, "reason"))
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
        step: Step,
        kind: JournalKind,
        reason: Option<ReferralStatusReason>,
        note: Option<&String>,
        outcomes: &[OutcomeKind],
    ) -> Result<Applied> {
        let telling = Telling::of(kind).reason(reason).note(note);
        let keeps_access = step.keeps_access;
        let after = one(self.finish_each(vec![Ok(step)], &telling, outcomes).await?)?;
        let applied = Applied::new(after.id, after.version);
        Ok(if keeps_access {
            applied.leaving(after)
        } else {
            applied
        })
    }

    /// The same of each of some referrals; as they are afterwards.
    pub(super) async fn finish_each(
        &mut self,
        mut steps: Each<Step>,
        telling: &Telling<'_>,
        outcomes: &[OutcomeKind],
    ) -> Result<Each<referral::Model>> {
        for step in steps.iter_mut().flatten() {
            step.row.status = Set(step.next.status);
        }
        let written = self.write_each(steps).await?;
        let (mut ended, mut opening, mut people) = (Vec::new(), Vec::new(), Vec::new());
        for Written { before, after } in written.iter().flatten() {
            telling.tell(self, before, after);
            let ends = workflow::is_terminal(after.status);
            if ends && before.status != ReferralStatus::Draft {
                ended.push(after);
            }
            if ends || opened_by(before) != opened_by(after) {
                opening.push(after.id);
                people.extend(after.claimant_id);
            }
        }
        self.needs_follow(&ended, outcomes).await?;
        people.extend(self.people_beside(&opening).await?);
        self.regrant_all(&people).await?;
        Ok(written
            .into_iter()
            .map(|row| row.map(|row| row.after))
            .collect())
    }

    async fn note_capacity(
        &mut self,
        referral: &referral::Model,
        status: Option<CapacityStatus>,
    ) -> Result<()> {
        match status {
            Some(status) => {
                let places = Places::only(status);
                self.write_capacity(referral.service_id, &places).await
            }
            None => Ok(()),
        }
    }
}

/// What of a referral opens something to somebody, or closes it, while it has not ended.
fn opened_by(row: &referral::Model) -> impl PartialEq + use<> {
    let waits = row.status == ReferralStatus::Requested;
    (waits, row.category, row.owner_id, row.owner_access)
}

/// How a step is told: what happened, why, and what somebody wrote beside it.
#[derive(Clone, Copy)]
pub(super) struct Telling<'t> {
    kind: JournalKind,
    reason: Option<ReferralStatusReason>,
    note: Option<&'t String>,
    /// Whether it stays inside the caller's organization.
    inside: bool,
}

impl<'t> Telling<'t> {
    pub(super) const fn of(kind: JournalKind) -> Self {
        Self {
            kind,
            reason: None,
            note: None,
            inside: false,
        }
    }

    pub(super) const fn reason(self, reason: Option<ReferralStatusReason>) -> Self {
        Self { reason, ..self }
    }

    pub(super) const fn note(self, note: Option<&'t String>) -> Self {
        Self { note, ..self }
    }

    pub(super) const fn inside(self) -> Self {
        Self {
            inside: true,
            ..self
        }
    }

    fn tell(self, unit: &mut Unit<'_>, before: &referral::Model, after: &referral::Model) {
        if self.inside {
            let entry = Entry::new(self.kind, SubjectType::Referral, after.id, after.version)
                .note(self.note.cloned(), Wrapped::of(after))
                .private_to(unit.session.viewer().organization());
            unit.record(entry);
        } else {
            unit.tell(self.kind, Some(before), after, self.reason, self.note);
        }
    }
}
