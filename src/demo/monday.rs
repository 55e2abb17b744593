//! A Monday at the intake desk of the demo's provider: sixty requests wait for an answer, the oldest for more than a week,
//! some of them urgent and some of these overdue.
use chrono::TimeDelta;
use entity::{OrganizationId, ReferralStatus, referral};

use super::play::{Ending, Stage, World};

/// How many wait.
pub(super) const WAITING: usize = 60;

fn waits(row: &referral::Model, provider: OrganizationId) -> bool {
    row.status == ReferralStatus::Requested && row.owner_id == Some(provider)
}

impl World<'_> {
    /// Sends requests to the provider until as many wait there; from then on it is sent no more.
    pub(super) fn fill_monday(&mut self) {
        let provider = self.directory.provider;
        let so_far = self.seed.referrals().filter(|row| waits(row, provider));
        let mut waiting = so_far.count();
        let (people, services) = (self.in_central(false), self.of_the_provider());
        for turn in 0..WAITING {
            if waiting >= WAITING || self.begun >= self.total {
                break;
            }
            let index = self.draw.one_of(&people);
            let (Some(index), Some((to, category))) = (index, self.draw.one_of(&services)) else {
                break;
            };
            // Most since Friday, some since the week before.
            let days = if turn % 4 == 0 { (6, 12) } else { (0, 4) };
            let start = self.draw.days_ago(days);
            let start = start.min(self.draw.now - TimeDelta::hours(1));
            let mut plan = self.plan(index, category, start);
            plan.to = Some(to);
            plan.urgent = turn % 5 == 0;
            plan.fertile = false;
            (plan.stage, plan.ending) = (Stage::Requested, Ending::Stays);
            let (row, _) = self.play(&plan);
            waiting += usize::from(waits(&row, provider));
        }
        self.full = true;
    }
}
