//! The families that came of late, and the Monday at the provider's desk.
use std::collections::HashMap;

use chrono::{Days, TimeDelta};
use entity::{
    AgeBand, ContactPermission, NeedCategory, NeedStatus, ReferralPriority,
    ReferralStatus as Status, Safety, referral,
};

use super::{AGENCY, HOUSING, PROVIDER, each, organization};
use crate::{demo::arrivals, domain::business_days::toronto_date};

#[test]
fn families_of_four_came_of_late_with_one_of_sixteen_and_a_dangerous_telephone() {
    each(|made, now| {
        let mut households: HashMap<_, Vec<_>> = HashMap::new();
        for member in &made.household_members {
            households
                .entry(member.household_id)
                .or_default()
                .push(member.claimant_id);
        }
        for family in arrivals::families() {
            let people = &made.claimants[family];
            let ids: Vec<_> = people.iter().map(|person| person.claimant.id).collect();
            assert!(households.values().any(|members| *members == ids));
            let first = &people[0].claimant;
            assert!(now - first.created_at < TimeDelta::days(60));
            assert_eq!(
                people
                    .iter()
                    .map(|person| person.claimant.age_band)
                    .collect::<Vec<_>>(),
                [
                    Some(AgeBand::From25To54),
                    Some(AgeBand::From55To64),
                    Some(AgeBand::From16To17),
                    Some(AgeBand::Under12)
                ]
            );
            for (turn, person) in (0..).zip(people) {
                let row = &person.claimant;
                assert_eq!(row.registering_organization_id, organization(made, AGENCY));
                assert_eq!(
                    row.created_at - first.created_at,
                    TimeDelta::minutes(12 * turn)
                );
                assert_eq!(row.language, first.language);
                assert!(!matches!(
                    row.language.as_deref(),
                    None | Some("eng" | "fra")
                ));
                assert!(row.interpreter_needed && row.location_protected);
                assert!(person.sealed.identity.is_some());
                let contact = person.sealed.contact.as_ref().unwrap();
                assert_eq!(contact.permission, ContactPermission::ViaAgencyOnly);
                let safe = |point: &crate::store::sealed::ContactPoint| {
                    point.safety != Safety::Unsafe || !point.shared
                };
                assert!(!contact.points.iter().any(safe));
            }
        }
        organization(made, HOUSING);
    });
}

#[test]
fn a_family_that_came_of_late_wants_a_home_together_now_and_work_later() {
    each(|made, now| {
        for family in arrivals::families() {
            let people = &made.claimants[family];
            let ids: Vec<_> = people.iter().map(|person| person.claimant.id).collect();
            let first = &people[0].claimant;
            let needs: Vec<_> = made
                .needs
                .iter()
                .filter(|need| need.claimant_id == first.id)
                .collect();
            assert_eq!(needs.len(), 2);
            assert_eq!(
                (needs[0].category, needs[0].wanted_from),
                (NeedCategory::Housing, None)
            );
            let later = toronto_date(first.created_at).checked_add_days(Days::new(60));
            assert_eq!(
                (needs[1].category, needs[1].wanted_from),
                (NeedCategory::Employment, later)
            );
            assert!(later > Some(toronto_date(now)) && needs[1].status == NeedStatus::Open);
            let for_a_home = |row: &&referral::Model| {
                row.claimant_id == Some(first.id) && row.category == NeedCategory::Housing
            };
            let home = made.referrals().find(for_a_home).unwrap();
            let mut together: Vec<_> = made
                .also_for
                .iter()
                .filter(|also| also.referral_id == home.id)
                .map(|also| also.claimant_id)
                .collect();
            together.sort_unstable();
            assert_eq!(together, ids[1..]);
        }
    });
}

#[test]
fn sixty_wait_at_the_providers_desk_and_some_are_urgent_and_overdue() {
    each(|made, now| {
        let provider = organization(made, PROVIDER);
        let waiting: Vec<&referral::Model> = made
            .referrals()
            .filter(|row| row.status == Status::Requested && row.owner_id == Some(provider))
            .collect();
        assert_eq!(waiting.len(), 60);
        let urgent = |row: &&&referral::Model| row.priority == ReferralPriority::Urgent;
        let overdue = |row: &&&referral::Model| row.due_at < Some(now);
        assert!(waiting.iter().filter(urgent).filter(overdue).count() >= 5);
        assert!(
            waiting
                .iter()
                .filter(|row| !urgent(row) && overdue(row))
                .count()
                >= 3
        );
        assert!(waiting.iter().filter(|row| !overdue(row)).count() >= 15);
        assert!(waiting.iter().all(|row| row.owner_access));
    });
}
