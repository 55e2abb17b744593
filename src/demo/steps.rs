//! What the parties do with a referral once it is out, as a plan has it: each step waits for its time, and none is taken
//! that has not come.
use chrono::TimeDelta;
use entity::{
    JournalKind, NeedCategory, OutcomeId, OutcomeKind, ReferralAction as Do, ReferralStatus,
    ReferralStatusReason, ReferralSubStatus, outcome,
};

use super::{
    consents,
    course::{Doing, Run, sub_status},
    names::{OUTCOME_NOTES, WORKERS},
    play::{Ending, Plan, Stage, World},
};
use crate::domain::{
    business_days::toronto_date,
    referral::{Action, Relation},
};

impl World<'_> {
    /// The owner may note who works on a referral, and what it waits for.
    pub(super) fn look_at(&mut self, run: &mut Run, (assigned, waiting): (u32, u32)) -> Option<()> {
        if self.draw.chance(assigned) {
            run.wait(self.draw, (0, 8))?;
            let worker = self.draw.pick(WORKERS);
            let assign = Doing::new(Do::Assign, Relation::Owner, JournalKind::ReferralAssigned);
            run.act(self.draw, assign, |row| {
                row.assignee = Some(worker.to_owned())
            });
        }
        if self.draw.chance(waiting) {
            run.wait(self.draw, (0, 16))?;
            let waits_for = sub_status(self.draw, run.row.status);
            let set = Doing::new(
                Do::SetSubStatus,
                Relation::Owner,
                JournalKind::ReferralSubStatusChanged,
            );
            run.act(self.draw, set, |row| row.sub_status = waits_for);
        }
        Some(())
    }

    pub(super) fn take_on(&mut self, plan: &Plan, run: &mut Run) -> Option<()> {
        self.answer(plan, run)?;
        let at = run.clock;
        let accept = Doing::new(Do::Accept, Relation::Owner, JournalKind::ReferralAccepted);
        run.act(self.draw, accept, |row| {
            row.answered_at = Some(at);
            row.sub_status = None;
        });
        self.look_at(run, (45, 20))?;
        if plan.stage == Stage::Held && self.draw.chance(35) {
            return self.hold(run);
        }
        if plan.stage >= Stage::Started {
            run.wait(self.draw, (2, 60))?;
            let at = run.clock;
            let start = Doing::new(Do::Start, Relation::Owner, JournalKind::ReferralStarted);
            run.act(self.draw, start, |row| {
                row.contacted_at = Some(at - TimeDelta::minutes(15));
                row.sub_status = None;
            });
            self.look_at(run, (10, 35))?;
            if plan.stage == Stage::Started && self.draw.chance(15) {
                self.hold(run)?;
                run.wait(self.draw, (48, 400))?;
                let resume = Doing::new(Do::Resume, Relation::Owner, JournalKind::ReferralResumed);
                run.act(self.draw, resume, |row| {
                    row.sub_status = None;
                    row.status_reason = None;
                    row.review_at = None;
                });
            }
        }
        self.split(plan, run);
        if plan.stage == Stage::Held {
            self.hold(run)?;
        }
        Some(())
    }

    /// Waits for the first answer, which comes late at times.
    fn answer(&mut self, plan: &Plan, run: &mut Run) -> Option<()> {
        let hours = match (plan.urgent, self.draw.chance(12)) {
            (_, true) => (150, 400),
            (true, false) => (1, 20),
            (false, false) => (3, 100),
        };
        run.wait(self.draw, hours)
    }

    fn hold(&mut self, run: &mut Run) -> Option<()> {
        run.wait(self.draw, (8, 120))?;
        let mut hold = Doing::new(Do::Hold, Relation::Owner, JournalKind::ReferralHeld);
        hold = if self.draw.chance(55) {
            hold.because(ReferralStatusReason::AtCapacity)
        } else {
            hold.for_a_reason(self.draw)
        };
        let waitlisted = hold.reason == Some(ReferralStatusReason::AtCapacity);
        let waits_for = if waitlisted {
            Some(ReferralSubStatus::Waitlisted)
        } else {
            sub_status(self.draw, ReferralStatus::OnHold)
        };
        let review = self.draw.between(10, 60);
        let review_at =
            (waitlisted || self.draw.chance(40)).then(|| run.clock + TimeDelta::days(review));
        run.act(self.draw, hold, |row| {
            row.status_reason = hold.reason;
            row.decided_by = hold.decided_by();
            row.sub_status = waits_for;
            row.review_at = review_at;
        });
        Some(())
    }

    pub(super) fn end(
        &mut self,
        plan: &Plan,
        run: &mut Run,
        covering: Option<usize>,
    ) -> Option<()> {
        match plan.ending {
            Ending::Stays if plan.stage == Stage::Requested => self.expire(run),
            Ending::Stays => None,
            Ending::Declined => self.decline(plan, run),
            Ending::CancelledBySource => self.cancel(run, Relation::Source),
            Ending::CancelledByOwner => self.cancel(run, Relation::Owner),
            Ending::Completed => self.complete(run),
            Ending::Failed => self.fail(run),
            Ending::Withdrawn => self.withdraw(plan, run, covering),
            Ending::Voided => {
                run.wait(self.draw, (2, 90))?;
                let void = Doing::new(Do::Void, Relation::Source, JournalKind::ReferralVoided)
                    .for_a_reason(self.draw);
                run.close(self.draw, void, &[], |_| {}).then_some(())
            }
        }
    }

    pub(super) fn expire(&mut self, run: &mut Run) -> Option<()> {
        // An unanswered referral expires this long after it was due.
        const EXPIRY: TimeDelta = TimeDelta::days(30);
        let at = run.row.due_at? + EXPIRY + TimeDelta::seconds(self.draw.between(1, 60));
        run.until(self.draw, at)?;
        let expire = Doing::new(
            Action::Expire,
            Relation::System,
            JournalKind::ReferralCancelled,
        )
        .for_a_reason(self.draw);
        run.close(self.draw, expire, &[], |row| row.owner_access = false);
        Some(())
    }

    fn decline(&mut self, plan: &Plan, run: &mut Run) -> Option<()> {
        self.answer(plan, run)?;
        let at = run.clock;
        let mut decline = Doing::new(Do::Decline, Relation::Owner, JournalKind::ReferralDeclined);
        decline = if self.draw.chance(30) {
            decline.because(ReferralStatusReason::AtCapacity)
        } else {
            decline.for_a_reason(self.draw)
        };
        let declined = run.close(self.draw, decline, &[], |row| {
            row.answered_at = Some(at);
            row.owner_access = false;
        });
        declined.then_some(())
    }

    fn cancel(&mut self, run: &mut Run, by: Relation) -> Option<()> {
        run.wait(self.draw, (4, 200))?;
        let cancel =
            Doing::new(Do::Cancel, by, JournalKind::ReferralCancelled).for_a_reason(self.draw);
        run.close(self.draw, cancel, &[], |row| row.owner_access = false)
            .then_some(())
    }

    fn complete(&mut self, run: &mut Run) -> Option<()> {
        run.wait(self.draw, (24, 900))?;
        let mut complete = Doing::new(
            Do::Complete,
            Relation::Owner,
            JournalKind::ReferralCompleted,
        );
        if self.draw.chance(5) {
            complete = complete.for_a_reason(self.draw);
        }
        let mut outcomes = vec![self.draw.pick(outcomes_of(run.row.category))];
        if self.draw.chance(12) && outcomes != [OutcomeKind::InformationOnly] {
            outcomes.push(OutcomeKind::InformationOnly);
        }
        if run.close(self.draw, complete, &outcomes, |_| {}) {
            self.put_outcomes(run, &outcomes);
        }
        Some(())
    }

    fn fail(&mut self, run: &mut Run) -> Option<()> {
        run.wait(self.draw, (24, 500))?;
        let fail = Doing::new(Do::Fail, Relation::Owner, JournalKind::ReferralFailed)
            .for_a_reason(self.draw);
        let outcomes = [unresolved(fail.reason)];
        let failed = run.close(self.draw, fail, &outcomes, |_| {});
        if failed {
            self.put_outcomes(run, &outcomes);
        }
        failed.then_some(())
    }

    /// Takes back the consent that was given for this referral alone.
    fn withdraw(&mut self, plan: &Plan, run: &mut Run, covering: Option<usize>) -> Option<()> {
        run.wait(self.draw, (12, 200))?;
        let at = run.clock;
        let known = self.known.get_mut(plan.claimant?)?;
        consents::withdraw(known.consents.get_mut(covering?)?, at);
        let withdraw = Doing::new(
            Action::Withdraw,
            Relation::System,
            JournalKind::ReferralCancelled,
        )
        .for_a_reason(self.draw);
        run.close(self.draw, withdraw, &[], |row| row.owner_access = false);
        None
    }

    pub(super) fn follow_up(&mut self, run: &mut Run) -> Option<()> {
        if run.row.status == ReferralStatus::Completed && self.draw.chance(12) {
            run.wait(self.draw, (240, 1_200))?;
            let record = Doing::new(
                Do::RecordOutcome,
                Relation::Owner,
                JournalKind::OutcomeRecorded,
            );
            let outcomes = [self.draw.pick(outcomes_of(run.row.category))];
            if run.act_with(self.draw, record, &outcomes, |_| {}) {
                self.put_outcomes(run, &outcomes);
            }
        }
        Some(())
    }

    fn put_outcomes(&mut self, run: &Run, outcomes: &[OutcomeKind]) {
        let (at, row) = (run.clock, &run.row);
        let Some(owner) = row.owner_id else { return };
        for kind in outcomes {
            let draw = &mut *self.draw;
            let id: OutcomeId = draw.id(at);
            let days = TimeDelta::days(draw.between(20, 120));
            if draw.chance(30) {
                let note = draw.pick(OUTCOME_NOTES).to_owned();
                self.seed.texts.insert(id.0, note);
            }
            self.seed.outcomes.push(outcome::Model {
                id,
                referral_id: row.id,
                claimant_id: row.claimant_id,
                recorded_by_id: owner,
                kind: *kind,
                date: toronto_date(at),
                note: None,
                follow_up_on: draw.chance(30).then(|| toronto_date(at + days)),
                created_at: at,
                told_follow_up_on: None,
            });
        }
    }
}

/// What may well come of a referral for a need.
const fn outcomes_of(category: NeedCategory) -> [OutcomeKind; 3] {
    use OutcomeKind as Kind;
    match category {
        NeedCategory::Housing => [Kind::Housed, Kind::Housed, Kind::InformationOnly],
        NeedCategory::Health => [
            Kind::HealthConnected,
            Kind::HealthConnected,
            Kind::InformationOnly,
        ],
        NeedCategory::Language => [
            Kind::LanguageEnrolled,
            Kind::LanguageEnrolled,
            Kind::InformationOnly,
        ],
        NeedCategory::Employment => [
            Kind::EmployedFullTime,
            Kind::EmployedPartTime,
            Kind::InformationOnly,
        ],
        NeedCategory::Training => [
            Kind::TrainingEnrolled,
            Kind::TrainingEnrolled,
            Kind::EmployedPartTime,
        ],
        NeedCategory::CredentialRecognition => [
            Kind::CredentialStarted,
            Kind::CredentialRecognized,
            Kind::InformationOnly,
        ],
        NeedCategory::EmployerConnection => [
            Kind::EmployerConnected,
            Kind::EmployerConnected,
            Kind::EmployedFullTime,
        ],
        NeedCategory::Food
        | NeedCategory::Income
        | NeedCategory::Legal
        | NeedCategory::Childcare
        | NeedCategory::Transport
        | NeedCategory::DigitalAccess
        | NeedCategory::Social => [Kind::InformationOnly; 3],
    }
}

const fn unresolved(reason: Option<ReferralStatusReason>) -> OutcomeKind {
    use ReferralStatusReason as Reason;
    match reason {
        Some(Reason::AtCapacity | Reason::ProviderClosed) => OutcomeKind::UnresolvedCapacity,
        Some(
            Reason::NotEligible
            | Reason::OutOfArea
            | Reason::LanguageUnavailable
            | Reason::MissingDocument
            | Reason::NoWorkAuthorization,
        ) => OutcomeKind::UnresolvedEligibility,
        Some(Reason::CannotContact | Reason::ClaimantMoved) => OutcomeKind::UnresolvedContact,
        Some(
            Reason::Duplicate
            | Reason::WrongService
            | Reason::ClaimantDeclined
            | Reason::ConsentWithdrawn
            | Reason::ReferredElsewhere
            | Reason::ReferralExpired
            | Reason::Other,
        )
        | None => OutcomeKind::UnresolvedOther,
    }
}
