//! Plays a referral from its creation to where its plan says, or to now. Consents come before it, children and
//! replacements out of it.
use chrono::{DateTime, Utc};
use entity::{
    AgeBand, JournalKind, NeedCategory, NeedId, ReferralAction as Do, ReferralId, ReferralPriority,
    ReferralStatus, RegionId, referral,
};

use super::{
    consents,
    course::{Doing, NeedStep, Run},
    directory::{Directory, Offer, Party},
    draw::Draw,
    names::summaries,
    people::Known,
};
use crate::{
    config,
    domain::{
        business_days::{Closures, due_at, toronto_month},
        referral::Relation,
    },
    store::seed::Seed,
};

/// How far a referral comes before it ends or stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Draft,
    Requested,
    Accepted,
    Started,
    Held,
}

/// How it ends then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It does not; if nobody answers it, the timer ends it.
    Stays,
    Declined,
    CancelledBySource,
    CancelledByOwner,
    Completed,
    Failed,
    Withdrawn,
    Voided,
}

/// What triage is told of somebody.
#[derive(Clone, Default)]
pub(super) struct Triage {
    pub(super) region: Option<RegionId>,
    pub(super) language: Option<String>,
    pub(super) interpreter_needed: Option<bool>,
    pub(super) age_band: Option<AgeBand>,
    pub(super) party_size: Option<i32>,
}

/// What is to become of a referral.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) source: Party,
    /// Which of the claimants; none: anonymous.
    pub(super) claimant: Option<usize>,
    /// Whom an anonymous one names later.
    pub(super) link: Option<usize>,
    pub(super) category: NeedCategory,
    pub(super) need: Option<NeedId>,
    /// The service that takes it on in the end; none: nobody does.
    pub(super) to: Option<usize>,
    /// The service to which it was sent at first.
    pub(super) first_to: Option<usize>,
    /// Sent to nobody, for an eligible provider to claim.
    pub(super) open: bool,
    pub(super) urgent: bool,
    pub(super) start: DateTime<Utc>,
    pub(super) via_draft: bool,
    pub(super) stage: Stage,
    pub(super) ending: Ending,
    pub(super) triage: Triage,
    pub(super) part_of: Option<ReferralId>,
    pub(super) replaces: Option<ReferralId>,
    /// Whether other referrals may come of it.
    pub(super) fertile: bool,
}

/// Everything that there is so far.
pub(super) struct World<'s> {
    pub(super) draw: &'s mut Draw,
    pub(super) seed: &'s mut Seed,
    pub(super) directory: &'s Directory,
    pub(super) known: Vec<Known>,
    pub(super) of_needs: Vec<NeedStep>,
    /// How many referrals have begun, and how many there are to be.
    pub(super) begun: usize,
    pub(super) total: usize,
    /// Whether the demo's provider has as much in its inbox as it should.
    pub(super) full: bool,
}

impl<'s> World<'s> {
    pub(super) fn offer(&self, index: Option<usize>) -> Option<&'s Offer> {
        index.and_then(|index| self.directory.offers.get(index))
    }

    /// Plays a plan, and tells what the referral became.
    pub(super) fn play(&mut self, plan: &Plan) -> (referral::Model, DateTime<Utc>) {
        self.begun += 1;
        let covering = self.consent_to(plan);
        let row = self.created(plan);
        let mut run = Run::begin(self.draw, row);
        let played = self.go(plan, &mut run, covering);
        let (row, clock) = (run.row, run.clock);
        self.seed.courses.push(run.course);
        self.of_needs.append(&mut run.of_needs);
        if played.is_some() {
            self.resubmit(plan, &row, clock);
        }
        (row, clock)
    }

    /// Sees to the consents that a plan takes, and tells which one was given for it alone.
    fn consent_to(&mut self, plan: &Plan) -> Option<usize> {
        let index = plan.claimant.or(plan.link)?;
        let recipients = [plan.to, plan.first_to].map(|to| self.offer(to).map(|offer| offer.by));
        let known = self.known.get_mut(index)?;
        known.referred.push(plan.category);
        if plan.stage == Stage::Draft {
            return None;
        }
        if plan.open {
            consents::ensure_open(self.draw, known, plan.category, plan.start);
        }
        let [to, first_to] = recipients.map(|recipient| {
            consents::ensure(self.draw, known, recipient?, plan.category, plan.start)
        });
        to.or(first_to)
    }

    fn created(&mut self, plan: &Plan) -> referral::Model {
        let at = plan.start;
        let draw = &mut *self.draw;
        let is_draft = plan.stage == Stage::Draft || plan.via_draft;
        let service = plan.first_to.or(plan.to).filter(|_| !plan.open);
        let service = service.and_then(|index| self.directory.offers.get(index));
        let claimant = plan.claimant.and_then(|index| self.known.get(index));
        let text = draw.pick(summaries(plan.category));
        let mut row = referral::Model {
            id: draw.id(at),
            reference: draw.reference(),
            status: ReferralStatus::Draft,
            sub_status: None,
            sub_status_before: None,
            status_reason: None,
            decided_by: None,
            priority: if plan.urgent {
                ReferralPriority::Urgent
            } else {
                ReferralPriority::Routine
            },
            category: plan.category,
            summary: None,
            source_id: plan.source.id,
            owner_id: service.map(|offer| offer.by.organization),
            owner_access: false,
            owner_since: None,
            claimant_id: claimant.map(|known| known.row.id),
            linked_at: None,
            registering_organization_id: claimant
                .map(|known| known.row.registering_organization_id),
            need_id: plan.need,
            service_id: service.map(|offer| offer.service),
            region_id: plan.triage.region,
            language: plan.triage.language.clone(),
            interpreter_needed: plan.triage.interpreter_needed,
            age_band: plan.triage.age_band,
            party_size: plan.triage.party_size,
            assignee: None,
            part_of_id: plan.part_of,
            replaces_id: plan.replaces,
            due_at: None,
            review_at: None,
            created_at: at,
            created_month: toronto_month(at),
            updated_at: at,
            sent_at: None,
            answered_at: None,
            contacted_at: None,
            closed_at: None,
            version: 1,
            text_master_key: None,
            text_key: None,
            told_due_at: None,
            told_review_at: None,
        };
        if draw.chance(85) {
            self.seed.texts.insert(row.id.0, text.to_owned());
        }
        if !is_draft {
            row.status = ReferralStatus::Requested;
            address(&mut row, at);
        }
        row
    }

    /// None once the next thing has not happened yet.
    fn go(&mut self, plan: &Plan, run: &mut Run, covering: Option<usize>) -> Option<()> {
        if plan.stage == Stage::Draft {
            return self.keep_draft(plan, run);
        }
        if plan.via_draft {
            run.wait(self.draw, (1, 50))?;
            let at = run.clock;
            let send = Doing::new(Do::Send, Relation::Source, JournalKind::ReferralSent);
            run.act(self.draw, send, |row| address(row, at));
        }
        self.before_answer(plan, run)?;
        if plan.stage > Stage::Requested {
            self.take_on(plan, run)?;
        }
        self.end(plan, run, covering)?;
        self.follow_up(run)
    }

    fn keep_draft(&mut self, plan: &Plan, run: &mut Run) -> Option<()> {
        if self.draw.chance(40) {
            run.wait(self.draw, (1, 60))?;
            let update = Doing::new(Do::Update, Relation::Source, JournalKind::ReferralUpdated);
            let text = self.draw.pick(summaries(plan.category));
            if run.act(self.draw, update, |_| {}) {
                self.seed.texts.insert(run.row.id.0, text.to_owned());
            }
        }
        self.end(plan, run, None)
    }

    fn before_answer(&mut self, plan: &Plan, run: &mut Run) -> Option<()> {
        if plan.first_to.is_some() && plan.first_to != plan.to && !plan.open {
            run.wait(self.draw, (4, 60))?;
            let (at, to) = (run.clock, self.offer(plan.to)?);
            let reroute = Doing::new(Do::Reroute, Relation::Source, JournalKind::ReferralRerouted)
                .for_a_reason(self.draw);
            run.act(self.draw, reroute, |row| {
                row.owner_id = Some(to.by.organization);
                row.service_id = Some(to.service);
                row.owner_access = true;
                row.owner_since = Some(row.version);
                row.due_at = Some(due_at(at, answer_days(row.priority), &Closures::default()));
            });
        }
        if let Some(known) = plan.link.and_then(|index| self.known.get(index)) {
            run.wait(self.draw, (1, 20))?;
            let claimant = &known.row;
            let link = Doing::new(
                Do::LinkClaimant,
                Relation::Source,
                JournalKind::ReferralLinked,
            );
            run.act(self.draw, link, |row| {
                row.linked_at = Some(row.updated_at);
                row.claimant_id = Some(claimant.id);
                row.registering_organization_id = Some(claimant.registering_organization_id);
            });
        }
        if plan.open {
            let Some(to) = self.offer(plan.to) else {
                return self.expire(run);
            };
            run.wait(self.draw, (1, 90))?;
            let claim = Doing::new(
                Do::Claim,
                Relation::EligibleProvider,
                JournalKind::ReferralClaimed,
            );
            run.act(self.draw, claim, |row| {
                row.owner_id = Some(to.by.organization);
                row.service_id = Some(to.service);
                row.owner_access = true;
                row.owner_since = Some(row.version);
            });
        }
        if self.draw.chance(4) && !plan.urgent {
            run.wait(self.draw, (1, 20))?;
            let at = run.clock;
            let raise = Doing::new(
                Do::SetPriority,
                Relation::Source,
                JournalKind::ReferralPriorityChanged,
            );
            run.act(self.draw, raise, |row| {
                row.priority = ReferralPriority::Urgent;
                let urgent = due_at(at, answer_days(row.priority), &Closures::default());
                row.due_at = Some(row.due_at.map_or(urgent, |due| due.min(urgent)));
            });
        }
        self.look_at(run, (12, 18))
    }
}

/// Sends a referral: its recipient becomes a party, and an answer is due.
fn address(row: &mut referral::Model, at: DateTime<Utc>) {
    row.sent_at = Some(at);
    row.due_at = Some(due_at(at, answer_days(row.priority), &Closures::default()));
    row.owner_access = row.owner_id.is_some();
    row.owner_since = row.owner_id.map(|_| row.version);
}

/// Business days until a first answer is due, as configured when nothing is configured.
fn answer_days(priority: ReferralPriority) -> u32 {
    let settings = config::Referral::default();
    match priority {
        ReferralPriority::Urgent => settings.answer_business_days_urgent.get(),
        ReferralPriority::Routine => settings.answer_business_days_routine.get(),
    }
}
