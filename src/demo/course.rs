//! One referral on its way. The domain's workflow is asked before each step, so that no course can hold one that the
//! API would refuse; what a step changes beside the status is what the store changes with it.
use chrono::{DateTime, Utc};
use entity::{
    DecidedBy, JournalKind, NeedId, OutcomeKind, ReferralId, ReferralStatus, ReferralStatusReason,
    ReferralSubStatus, referral,
};

use super::{
    draw::Draw,
    names::{CLIENT, NOTES, SYSTEM, WORKERS},
};
use crate::{
    domain::referral::{self as workflow, Action, Facts, Relation},
    store::seed::{Actor, Course, Step},
};

/// A referral, its course so far, and the moment of its last step.
pub(super) struct Run {
    pub(super) row: referral::Model,
    pub(super) course: Course,
    pub(super) clock: DateTime<Utc>,
    pub(super) open_child: bool,
    pub(super) of_needs: Vec<NeedStep>,
}

/// What a need learns of a referral for it.
pub(super) struct NeedStep {
    pub(super) at: DateTime<Utc>,
    pub(super) need: NeedId,
    pub(super) referral: ReferralId,
    pub(super) status: ReferralStatus,
    pub(super) outcomes: Vec<OutcomeKind>,
}

/// What is done, by whom, and why.
#[derive(Clone, Copy)]
pub(super) struct Doing {
    pub(super) action: Action,
    pub(super) by: Relation,
    pub(super) kind: JournalKind,
    pub(super) reason: Option<ReferralStatusReason>,
}

impl Doing {
    pub(super) fn new(action: impl Into<Action>, by: Relation, kind: JournalKind) -> Self {
        Self {
            action: action.into(),
            by,
            kind,
            reason: None,
        }
    }

    /// With one of the reasons that the action takes.
    pub(super) fn for_a_reason(mut self, draw: &mut Draw) -> Self {
        self.reason = draw.one_of(workflow::allowed_reasons(self.action));
        self
    }

    pub(super) fn because(mut self, reason: ReferralStatusReason) -> Self {
        self.reason = Some(reason);
        self
    }

    pub(super) fn decided_by(&self) -> Option<DecidedBy> {
        workflow::default_decided_by(self.action, self.by, self.reason)
    }
}

impl Run {
    /// A referral that was created, and sent at once unless it is a draft.
    pub(super) fn begin(draw: &mut Draw, row: referral::Model) -> Self {
        let clock = row.created_at;
        let mut run = Self {
            row,
            course: Course::default(),
            clock,
            open_child: false,
            of_needs: Vec::new(),
        };
        let by = run.actor(draw, Relation::Source);
        run.push(by, JournalKind::ReferralCreated, None, None);
        if run.row.status != ReferralStatus::Draft {
            run.tell_need(&[]);
        }
        run
    }

    /// The moment of the next step, unless it has not come yet.
    pub(super) fn wait(&mut self, draw: &mut Draw, hours: (i64, i64)) -> Option<()> {
        let at = draw.later(self.clock, hours);
        self.until(draw, at)
    }

    /// Waits for a moment that may not have come yet.
    pub(super) fn until(&mut self, draw: &Draw, at: DateTime<Utc>) -> Option<()> {
        (at < draw.now).then(|| self.clock = at)
    }

    /// Does something, if the workflow allows it, and says whether it did.
    pub(super) fn act(
        &mut self,
        draw: &mut Draw,
        doing: Doing,
        change: impl FnOnce(&mut referral::Model),
    ) -> bool {
        self.act_with(draw, doing, &[], change)
    }

    pub(super) fn act_with(
        &mut self,
        draw: &mut Draw,
        doing: Doing,
        outcomes: &[OutcomeKind],
        change: impl FnOnce(&mut referral::Model),
    ) -> bool {
        let facts = Facts {
            status: Some(self.row.status),
            has_owner: self.row.owner_id.is_some(),
            anonymous: self.row.claimant_id.is_none(),
            open_children: self.open_child,
            replaced: false,
            estranged: false,
        };
        let Ok(next) = workflow::next(&facts, doing.action, doing.by) else {
            return false;
        };
        let before = self.row.status;
        self.row.status = next.status;
        self.row.version += 1;
        self.row.updated_at = self.clock;
        change(&mut self.row);
        let by = match doing.action {
            // Whoever records a withdrawal ends what depended on the consent.
            Action::Withdraw => self.actor(draw, Relation::Registering),
            Action::Create | Action::Api(_) | Action::Expire | Action::Close | Action::Discard => {
                self.actor(draw, doing.by)
            }
        };
        let may_note = !matches!(
            doing.action,
            Action::Expire | Action::Withdraw | Action::Close
        );
        let note = (may_note && draw.chance(10)).then(|| draw.pick(NOTES).to_owned());
        self.push(by, doing.kind, doing.reason, note);
        let sent = before == ReferralStatus::Draft && self.row.status == ReferralStatus::Requested;
        if sent || (workflow::is_terminal(self.row.status) && before != ReferralStatus::Draft) {
            self.tell_need(outcomes);
        }
        true
    }

    /// Ends the referral: what it waited for is over.
    pub(super) fn close(
        &mut self,
        draw: &mut Draw,
        doing: Doing,
        outcomes: &[OutcomeKind],
        change: impl FnOnce(&mut referral::Model),
    ) -> bool {
        let at = self.clock;
        self.act_with(draw, doing, outcomes, |row| {
            row.status_reason = doing.reason;
            row.decided_by = doing.decided_by();
            row.closed_at = Some(at);
            row.sub_status = None;
            row.review_at = None;
            change(row);
        })
    }

    fn tell_need(&mut self, outcomes: &[OutcomeKind]) {
        if let Some(need) = self.row.need_id {
            self.of_needs.push(NeedStep {
                at: self.clock,
                need,
                referral: self.row.id,
                status: self.row.status,
                outcomes: outcomes.to_vec(),
            });
        }
    }

    fn push(
        &mut self,
        by: Actor,
        kind: JournalKind,
        reason: Option<ReferralStatusReason>,
        note: Option<String>,
    ) {
        self.course.steps.push(Step {
            at: self.clock,
            by,
            kind,
            reason,
            note,
            after: self.row.clone(),
        });
    }

    /// Who stands in a relation to this referral.
    fn actor(&self, draw: &mut Draw, by: Relation) -> Actor {
        let organization = match by {
            Relation::Source => Some(self.row.source_id),
            Relation::Owner | Relation::EligibleProvider => self.row.owner_id,
            Relation::Registering => self.row.registering_organization_id,
            Relation::Ministry | Relation::System | Relation::None => None,
        };
        match organization {
            Some(_) => Actor {
                subject: draw.pick(WORKERS),
                client: CLIENT,
                organization,
            },
            None => Actor {
                subject: SYSTEM,
                client: SYSTEM,
                organization,
            },
        }
    }
}

/// A sub-status that goes with a status, but for one that only a hold gives.
pub(super) fn sub_status(draw: &mut Draw, status: ReferralStatus) -> Option<ReferralSubStatus> {
    draw.one_of(workflow::allowed_sub_statuses(status))
        .filter(|sub_status| *sub_status != ReferralSubStatus::Waitlisted)
}
