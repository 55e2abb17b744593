//! The end of the work, with what became of it: complete, fail, and the outcomes recorded afterwards.
use chrono::NaiveDate;
use entity::{
    ClaimantId, DecidedBy, JournalKind, OutcomeId, OutcomeKind, ReferralAction, ReferralId,
    ReferralStatusReason, outcome, referral,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, prelude::Uuid,
};
use serde::Serialize;

use super::{
    super::{Applied, Change, Unit, claimant::bound::check_kept},
    act::check_reason,
    check_free_text, check_note,
};
use crate::{
    domain::{business_days, referral as workflow},
    error::{Problem, Refusal, Result},
};

/// What became of a referral.
#[derive(Clone, Debug, Serialize)]
pub struct OutcomeInput {
    pub kind: OutcomeKind,
    pub date: NaiveDate,
    pub claimant: Option<ClaimantId>,
    pub note: Option<String>,
    pub follow_up_on: Option<NaiveDate>,
}

/// `referralComplete` and `referralFail`.
#[derive(Clone, Debug, Serialize)]
pub struct Finish {
    pub id: ReferralId,
    pub expected_version: i32,
    pub outcomes: Vec<OutcomeInput>,
    pub reason: Option<ReferralStatusReason>,
    pub decided_by: Option<DecidedBy>,
    pub note: Option<String>,
}

/// `referralComplete`.
#[derive(Clone, Debug, Serialize)]
pub struct Complete(pub Finish);

/// `referralFail`.
#[derive(Clone, Debug, Serialize)]
pub struct Fail(pub Finish);

impl Change for Complete {
    const MUTATION: &'static str = "referralComplete";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let action = ReferralAction::Complete;
        self.0
            .act(unit, action, JournalKind::ReferralCompleted)
            .await
    }
}

impl Change for Fail {
    const MUTATION: &'static str = "referralFail";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let action = ReferralAction::Fail;
        self.0.act(unit, action, JournalKind::ReferralFailed).await
    }
}

impl Finish {
    async fn act(
        &self,
        unit: &mut Unit<'_>,
        action: ReferralAction,
        kind: JournalKind,
    ) -> Result<Applied> {
        const MOST_OUTCOMES: usize = 20;
        check_note(self.note.as_ref())?;
        let mut step = unit
            .step(self.id, Some(self.expected_version), action)
            .await?;
        check_reason(action, self.reason)?;
        if self.outcomes.is_empty() {
            return Err(Refusal::at(Problem::OutcomeRequired, "outcomes").into());
        }
        if self.outcomes.len() > MOST_OUTCOMES {
            let limit = MOST_OUTCOMES;
            return Err(Refusal::at(Problem::TooMany { limit }, "outcomes").into());
        }
        let kinds: Vec<OutcomeKind> = self.outcomes.iter().map(|outcome| outcome.kind).collect();
        if !workflow::outcomes_suffice(action, &kinds) {
            return Err(Refusal::at(Problem::UnresolvedOutcomeRequired, "outcomes").into());
        }
        let many = self.outcomes.len();
        unit.check_room_for_outcomes(&step.before, many, "outcomes")
            .await?;
        for (place, outcome) in self.outcomes.iter().enumerate() {
            unit.put_outcome(&step.before, outcome, &format!("outcomes.{place}"))
                .await?;
        }
        unit.recognition_follows(&step.before, &kinds).await?;
        step.row.status_reason = Set(self.reason);
        step.row.decided_by = Set(self
            .decided_by
            .or_else(|| workflow::default_decided_by(action.into(), step.relation, self.reason)));
        unit.close(&mut step);
        let kinds = of_claimant(&step.before, &self.outcomes);
        unit.finish_with(step, kind, self.reason, self.note.as_ref(), &kinds)
            .await
    }
}

/// `outcomeRecord`: a follow-up; it adds and never replaces.
#[derive(Clone, Debug, Serialize)]
pub struct RecordOutcome {
    pub referral: ReferralId,
    pub outcome: OutcomeInput,
}

impl Change for RecordOutcome {
    const MUTATION: &'static str = "outcomeRecord";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let step = unit
            .step(self.referral, None, ReferralAction::RecordOutcome)
            .await?;
        unit.check_room_for_outcomes(&step.before, 1, "outcome")
            .await?;
        unit.put_outcome(&step.before, &self.outcome, "outcome")
            .await?;
        let kinds = of_claimant(&step.before, std::slice::from_ref(&self.outcome));
        unit.recognition_follows(&step.before, &kinds).await?;
        unit.finish_with(step, JournalKind::OutcomeRecorded, None, None, &kinds)
            .await
    }
}

/// What became of the claimant whose need the referral is for.
fn of_claimant(referral: &referral::Model, outcomes: &[OutcomeInput]) -> Vec<OutcomeKind> {
    outcomes
        .iter()
        .filter(|outcome| outcome.claimant.is_none() || outcome.claimant == referral.claimant_id)
        .map(|outcome| outcome.kind)
        .collect()
}

impl Unit<'_> {
    async fn check_room_for_outcomes(
        &self,
        referral: &referral::Model,
        more: usize,
        path: &str,
    ) -> Result<()> {
        let kept = outcome::Entity::find()
            .filter(outcome::Column::ReferralId.eq(referral.id))
            .count(&self.work)
            .await?;
        check_kept(kept + more as u64 - 1, path)
    }

    async fn put_outcome(
        &self,
        referral: &referral::Model,
        input: &OutcomeInput,
        path: &str,
    ) -> Result<()> {
        let at = |field: &str| format!("{path}.{field}");
        let today = business_days::toronto_date(self.session.now);
        if input.date > today {
            return Err(Refusal::at(Problem::InFuture, &at("date")).into());
        }
        if input.follow_up_on.is_some_and(|date| date < input.date) {
            return Err(Refusal::at(Problem::InPast, &at("followUpOn")).into());
        }
        check_free_text(input.note.as_ref(), &at("note"))?;
        let about = self
            .person_in(referral, input.claimant, &at("claimantId"))
            .await?;
        let id = OutcomeId(Uuid::now_v7());
        let note = self.sealed_outcome_note(referral, id, input.note.as_ref(), &at("note"))?;
        outcome::Entity::insert(outcome::ActiveModel {
            id: Set(id),
            referral_id: Set(referral.id),
            claimant_id: Set(about),
            recorded_by_id: Set(self.session.viewer().organization()),
            kind: Set(input.kind),
            date: Set(input.date),
            note: Set(note),
            follow_up_on: Set(input.follow_up_on),
            created_at: Set(self.session.now),
            told_follow_up_on: Set(None),
        })
        .exec_without_returning(&self.work)
        .await?;
        Ok(())
    }
}
