//! Referrals that come of others: split off while one is worked on, or sent again after an ending.
use chrono::{DateTime, Utc};
use entity::{JournalKind, NeedCategory, OrganizationId, ReferralStatus, SubjectType, referral};

use super::{
    course::Run,
    names::{CLIENT, WORKERS},
    play::{Ending, Plan, Stage, Triage, World},
};
use crate::store::seed::{Actor, Event};

impl World<'_> {
    /// The owner may refer the same person on for another need; until that is closed, it cannot complete.
    pub(super) fn split(&mut self, plan: &Plan, run: &mut Run) {
        let (Some(claimant), Some(owner)) = (run.row.claimant_id, run.row.owner_id) else {
            return;
        };
        let Some(index) = plan.claimant else { return };
        let fertile = plan.fertile && self.begun < self.total && !self.known[index].careful;
        let categories: Vec<NeedCategory> = self.known[index]
            .needs
            .iter()
            .map(|need| need.category)
            .filter(|category| *category != plan.category)
            .collect();
        let source = self.directory.party(owner);
        let (Some(category), Some(source)) = (self.draw.one_of(&categories), source) else {
            return;
        };
        if !fertile || !self.draw.chance(7) || run.wait(self.draw, (1, 30)).is_none() {
            return;
        }
        let without = [owner, plan.source.id];
        let to = self.choose(category, &plan.triage, &without);
        let open = self.draw.chance(15);
        let child = Plan {
            source,
            category,
            need: None,
            to,
            first_to: None,
            open,
            start: run.clock,
            via_draft: false,
            stage: Stage::Started,
            ending: self.draw.weighted([
                (55, Ending::Completed),
                (15, Ending::Failed),
                (30, Ending::Stays),
            ]),
            part_of: Some(run.row.id),
            replaces: None,
            fertile: false,
            ..plan.clone()
        };
        debug_assert_eq!(
            claimant, self.known[index].row.id,
            "a child has its parent's claimant"
        );
        let parent = run.row.clone();
        let (row, clock) = self.play(&child);
        self.note(
            JournalKind::ReferralSplit,
            (&parent, row.created_at),
            owner,
            [Some(parent.source_id), Some(owner)],
        );
        run.open_child = row.closed_at.is_none();
        if !run.open_child {
            run.clock = run.clock.max(clock);
        }
    }

    /// The source may send it again after an ending, to somebody else.
    pub(super) fn resubmit(&mut self, plan: &Plan, row: &referral::Model, clock: DateTime<Utc>) {
        let ended = matches!(
            row.status,
            ReferralStatus::Rejected | ReferralStatus::Cancelled | ReferralStatus::Failed
        );
        let careful = plan.claimant.is_some_and(|index| self.known[index].careful);
        if !ended || careful || !plan.fertile || self.begun >= self.total || !self.draw.chance(30) {
            return;
        }
        let start = self.draw.later(clock, (2, 150));
        if start >= self.draw.now {
            return;
        }
        let without: Vec<_> = [Some(plan.source.id), row.owner_id]
            .into_iter()
            .flatten()
            .chain(row.registering_organization_id)
            .collect();
        let to = self.choose(plan.category, &plan.triage, &without);
        if to.is_none() {
            return;
        }
        let again = Plan {
            to,
            first_to: None,
            // By now it names whom it is for.
            claimant: plan.claimant.or(plan.link),
            link: None,
            open: self.draw.chance(20),
            start,
            via_draft: false,
            stage: Stage::Started,
            ending: self
                .draw
                .weighted([(70, Ending::Completed), (30, Ending::Stays)]),
            replaces: Some(row.id),
            fertile: false,
            ..plan.clone()
        };
        let source = plan.source.id;
        let (new, _) = self.play(&again);
        self.note(
            JournalKind::ReferralReplaced,
            (row, new.created_at),
            source,
            [Some(source), None],
        );
    }

    /// A service for a need, of none of these organizations.
    pub(super) fn choose(
        &mut self,
        category: NeedCategory,
        triage: &Triage,
        without: &[OrganizationId],
    ) -> Option<usize> {
        let provider = self.full.then_some(self.directory.provider);
        let without: Vec<_> = without.iter().copied().chain(provider).collect();
        let interpreted = triage.interpreter_needed == Some(true);
        let language = triage.language.as_deref().filter(|_| !interpreted);
        let offers = self
            .directory
            .offers_for(category, (triage.region, language), &without);
        self.draw.one_of(&offers)
    }

    /// Notes what a referral has to do with another one, at the version that it has.
    fn note(
        &mut self,
        kind: JournalKind,
        (row, at): (&referral::Model, DateTime<Utc>),
        by: OrganizationId,
        told: [Option<OrganizationId>; 2],
    ) {
        self.seed.events.push(Event {
            at,
            by: Actor {
                subject: self.draw.pick(WORKERS),
                client: CLIENT,
                organization: Some(by),
            },
            kind,
            subject_type: SubjectType::Referral,
            subject: row.id.0,
            version: row.version,
            reason: None,
            told: told.into_iter().flatten().collect(),
        });
    }
}
