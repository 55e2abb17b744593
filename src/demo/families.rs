//! Families: people of one organization who came about the same time, linked in a household, and some of them referred
//! together. Nobody is meant: who is of a family has the made-up name of its first grown-up.
use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AgeBand, ClaimantId, JournalKind, NeedCategory, OrganizationId, ReferralId, SubjectType,
    household, household_member, referral, referral_also_for,
};

use super::{
    arrivals,
    draw::Draw,
    names::{CLIENT, WORKERS},
};
use crate::store::seed::{Actor, Event, Person, Seed};

/// With whom somebody is linked.
struct Linked {
    since: DateTime<Utc>,
    with: Vec<ClaimantId>,
    /// Whether it is one of those families that are referred for a home together.
    together: bool,
}

/// Each member of a family.
type Kin = HashMap<ClaimantId, Linked>;

pub(super) fn write(draw: &mut Draw, seed: &mut Seed) {
    let mut of_organization: BTreeMap<OrganizationId, Vec<usize>> = BTreeMap::new();
    let everybody = seed.claimants.iter().enumerate();
    for (index, person) in everybody.filter(|(index, _)| arrivals::member(*index).is_none()) {
        let organization = person.claimant.registering_organization_id;
        of_organization.entry(organization).or_default().push(index);
    }
    let mut kin = Kin::new();
    for family in arrivals::families() {
        let members: Vec<usize> = family.collect();
        let first = members.first().and_then(|index| seed.claimants.get(*index));
        let organization = first.map(|person| person.claimant.registering_organization_id);
        if let Some(organization) = organization {
            link(draw, seed, &mut kin, (organization, &members));
        }
    }
    for (organization, people) in of_organization {
        let mut left = people.as_slice();
        while left.len() > 1 {
            let size = usize::try_from(draw.between(2, 6)).unwrap_or(2);
            let (family, others) = left.split_at(size.min(left.len()));
            link(draw, seed, &mut kin, (organization, family));
            let single = usize::try_from(draw.between(2, 9)).unwrap_or_default();
            left = &others[single.min(others.len())..];
        }
    }
    refer_together(draw, seed, &kin);
}

fn is_grown_up(person: &Person) -> bool {
    person.claimant.age_band >= Some(AgeBand::From19To24)
}

fn link(
    draw: &mut Draw,
    seed: &mut Seed,
    kin: &mut Kin,
    (organization, family): (OrganizationId, &[usize]),
) {
    let people = || family.iter().map(|index| &seed.claimants[*index]);
    let last = people().map(|person| person.claimant.created_at).max();
    let Some(at) = last.map(|last| last + TimeDelta::minutes(30)) else {
        return;
    };
    let Some(first) = people().find(|person| is_grown_up(person)) else {
        return;
    };
    if family.len() < 2 || at >= draw.now {
        return;
    }
    let name = first.sealed.identity.as_ref();
    let name = name.and_then(|identity| identity.family_name.clone());
    let household = household::Model {
        id: draw.id(at),
        organization_id: organization,
        created_at: at,
    };
    let worker = draw.pick(WORKERS);
    let ids: Vec<ClaimantId> = people().map(|person| person.claimant.id).collect();
    for index in family {
        let person = &mut seed.claimants[*index];
        if let Some(identity) = &mut person.sealed.identity
            && identity.family_name.is_some()
            && name.is_some()
        {
            identity.family_name.clone_from(&name);
        }
        let row = &person.claimant;
        let linked = Linked {
            since: at,
            with: ids.clone(),
            together: arrivals::member(*index).is_some(),
        };
        kin.insert(row.id, linked);
        seed.household_members.push(household_member::Model {
            id: draw.id(at),
            household_id: household.id,
            claimant_id: row.id,
            linked_by: worker.to_owned(),
            linked_at: at,
            left_at: None,
        });
        seed.events.push(Event {
            at,
            by: Actor {
                subject: worker,
                client: CLIENT,
                organization: Some(organization),
            },
            kind: JournalKind::HouseholdJoined,
            subject_type: SubjectType::Claimant,
            subject: row.id.0,
            version: 1,
            reason: None,
            told: vec![organization],
        });
    }
    seed.households.push(household);
}

/// Some referrals of a family's member are for the others also; one sent again is for the same people.
fn refer_together(draw: &mut Draw, seed: &mut Seed, kin: &Kin) {
    let mut together: HashMap<ReferralId, Vec<ClaimantId>> = HashMap::new();
    let mut rows = Vec::new();
    for row in seed.referrals() {
        let others = match row.replaces_id {
            Some(old) => together.get(&old).cloned().unwrap_or_default(),
            None => others(draw, row, kin),
        };
        rows.extend(others.iter().map(|other| referral_also_for::Model {
            referral_id: row.id,
            claimant_id: *other,
        }));
        together.insert(row.id, others);
    }
    seed.also_for = rows;
}

fn others(draw: &mut Draw, row: &referral::Model, kin: &Kin) -> Vec<ClaimantId> {
    let family = row.claimant_id.and_then(|claimant| kin.get(&claimant));
    let by_registering = row.registering_organization_id == Some(row.source_id);
    match family {
        Some(linked)
            if linked.since < row.created_at
                && by_registering
                && row.part_of_id.is_none()
                && (linked.together && row.category == NeedCategory::Housing
                    || draw.chance(40)) =>
        {
            let others = linked.with.iter().copied();
            others
                .filter(|other| Some(*other) != row.claimant_id)
                .collect()
        }
        _ => Vec::new(),
    }
}
