//! A few people who never want to be known to some organization: one with which nothing of theirs ever had to do.
use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use entity::{ClaimantId, JournalKind, OrganizationId, OrganizationKind, SubjectType, exclusion};

use super::{
    directory::Directory,
    draw::Draw,
    names::{CLIENT, WORKERS},
};
use crate::store::seed::{Actor, Event, Seed};

/// One claimant in so many.
const ONE_IN: usize = 60;

pub(super) fn write(draw: &mut Draw, directory: &Directory, seed: &mut Seed) {
    let known_to = known_to(seed);
    for person in seed.claimants.iter().skip(ONE_IN / 2).step_by(ONE_IN) {
        let row = &person.claimant;
        let strangers: Vec<OrganizationId> = directory
            .parties
            .iter()
            .filter(|party| party.kind != OrganizationKind::Ministry)
            .map(|party| party.id)
            .filter(|id| *id != row.registering_organization_id)
            .filter(|id| {
                known_to
                    .get(&row.id)
                    .is_none_or(|parties| !parties.contains(id))
            })
            .collect();
        let Some(organization) = draw.one_of(&strangers) else {
            continue;
        };
        let at = draw.moment(row.created_at + TimeDelta::hours(1), draw.now);
        let staff = Actor {
            subject: draw.pick(WORKERS),
            client: CLIENT,
            organization: Some(row.registering_organization_id),
        };
        seed.events.push(Event {
            at,
            by: staff,
            kind: JournalKind::ExclusionRecorded,
            subject_type: SubjectType::Claimant,
            subject: row.id.0,
            version: row.version,
            reason: None,
            told: vec![row.registering_organization_id],
        });
        seed.exclusions.push(exclusion::Model {
            id: draw.id(at),
            claimant_id: row.id,
            organization_id: organization,
            recorded_at: at,
            ended_at: None,
        });
    }
}

/// The organizations that ever sent or owned a referral of each claimant.
fn known_to(seed: &Seed) -> HashMap<ClaimantId, HashSet<OrganizationId>> {
    let mut known: HashMap<ClaimantId, HashSet<OrganizationId>> = HashMap::new();
    for step in seed.courses.iter().flat_map(|course| &course.steps) {
        let row = &step.after;
        if let Some(claimant) = row.claimant_id {
            let parties = [Some(row.source_id), row.owner_id];
            known
                .entry(claimant)
                .or_default()
                .extend(parties.into_iter().flatten());
        }
    }
    known
}
