//! Needs follow their referrals: what all of them did, in the order of time, gives where each need stands.
use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use entity::{JournalKind, NeedId, NeedStatus, ReferralId, ReferralStatus, SubjectType};

use super::{
    course::NeedStep,
    draw::Draw,
    names::{CLIENT, WORKERS},
    people::Known,
};
use crate::{
    domain::{
        business_days::toronto_date,
        referral::{is_terminal, need_after},
    },
    store::seed::{Actor, Event, Seed},
};

/// Sets where each need stands, and writes them all down.
pub(super) fn write(
    draw: &mut Draw,
    known: &mut [Known],
    mut steps: Vec<NeedStep>,
    seed: &mut Seed,
) {
    steps.sort_by_key(|step| step.at);
    let mut open: HashMap<NeedId, HashSet<ReferralId>> = HashMap::new();
    let mut stands = HashMap::new();
    for step in steps {
        let others = open.entry(step.need).or_default();
        others.remove(&step.referral);
        let status = need_after(step.status, &step.outcomes);
        // Another referral may serve it still.
        if let Some(status) =
            status.filter(|status| *status != NeedStatus::Open || others.is_empty())
        {
            stands.insert(step.need, (status, step.at));
        }
        if !is_terminal(step.status) && step.status != ReferralStatus::Draft {
            others.insert(step.referral);
        }
    }
    for claimant in known {
        for mut need in claimant.needs.drain(..) {
            if let Some((status, at)) = stands.get(&need.id) {
                (need.status, need.updated_at) = (*status, *at);
            } else if need.wanted_from <= Some(toronto_date(draw.now)) && draw.chance(40) {
                // The registering organization says what became of a need without a referral.
                let from = need.created_at + TimeDelta::hours(3);
                let at = draw.moment(from, draw.now - TimeDelta::hours(2));
                need.status = draw.pick([NeedStatus::Unmet, NeedStatus::Met]);
                need.updated_at = at;
                let registering = claimant.row.registering_organization_id;
                let updated = claimant.row.version > 1 && claimant.row.updated_at <= at;
                seed.events.push(Event {
                    at,
                    by: Actor {
                        subject: draw.pick(WORKERS),
                        client: CLIENT,
                        organization: Some(registering),
                    },
                    kind: JournalKind::NeedRecorded,
                    subject_type: SubjectType::Claimant,
                    subject: claimant.row.id.0,
                    version: if updated { claimant.row.version } else { 1 },
                    reason: None,
                    told: vec![registering],
                });
            }
            seed.needs.push(need);
        }
    }
}
