//! What the demo data promise, each promise checked by other means than it was kept: here the directory, the people and
//! the whole; what is referred in `referrals`.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::LazyLock,
};

use chrono::TimeDelta;
use entity::{
    AgeBand, CapacityStatus, ClaimStage, ConsentGiver, ContactPermission, NeedCategory,
    OrganizationId, OrganizationKind, ReferralPriority, Safety, ServiceStatus,
};
use sea_orm::prelude::Uuid;

use super::*;
use crate::domain::{
    business_days::toronto_date,
    eligibility::{fact, in_force, is_sealed},
};

mod arrivals;
mod referrals;

/// Provinces as they stand at different moments: on a working day, on a Sunday night when the clocks change, on a
/// holiday, and at the end of a leap day.
static MADE: LazyLock<Vec<(Seed, DateTime<Utc>)>> = LazyLock::new(|| {
    [
        (SEED, "2025-06-11T15:20:00.123456Z"),
        (SEED, "2023-03-12T07:30:00Z"),
        (7, "2031-12-26T04:00:00Z"),
        (8, "2024-02-29T23:59:59Z"),
    ]
    .map(|(seed, moment)| {
        let now = moment.parse().unwrap();
        (generate(seed, now), now)
    })
    .into()
});

/// What is promised holds at every moment.
fn each(check: impl Fn(&Seed, DateTime<Utc>)) {
    for (made, now) in MADE.iter() {
        check(made, *now);
    }
}

fn organization(made: &Seed, code: &str) -> OrganizationId {
    let found = made.organizations.iter().find(|row| row.code == code);
    found.unwrap().id
}

#[test]
fn the_same_seed_and_moment_give_the_same_province() {
    let (made, now) = &MADE[0];
    assert!(generate(SEED, *now) == *made);
    assert!(generate(SEED + 1, *now) != *made);
}

#[test]
fn there_is_as_much_of_everything_as_promised() {
    each(|made, _| {
        assert_eq!(made.regions.len(), 4);
        assert_eq!(made.catchments.len(), 15);
        assert_eq!(made.organizations.len(), 60);
        assert_eq!(made.services.len(), 200);
        assert_eq!(made.claimants.len(), 1_000);
        assert_eq!(made.courses.len(), 4_000);
        assert!(made.catchments.iter().all(|row| row.manager_id.is_some()));
        assert_eq!(
            made.organizations.iter().filter(|row| !row.active).count(),
            1
        );
        assert!(made.locations.iter().any(|row| row.confidential));
        assert!(!made.reroute_requests.is_empty());
    });
}

/// Every value of an enumeration is found.
fn all_of<T: PartialEq + std::fmt::Debug>(all: &[T], found: impl Fn(&T) -> bool) {
    for value in all {
        assert!(found(value), "{value:?}");
    }
}

#[test]
fn every_code_of_the_directory_occurs() {
    each(|made, _| {
        all_of(OrganizationKind::ALL, |kind| {
            made.organizations.iter().any(|row| row.kind == *kind)
        });
        all_of(ServiceStatus::ALL, |status| {
            made.services.iter().any(|row| row.status == *status)
        });
        all_of(CapacityStatus::ALL, |status| {
            made.service_capacities
                .iter()
                .any(|row| row.status == *status)
        });
        let active: HashSet<_> = made
            .services
            .iter()
            .filter(|row| row.status == ServiceStatus::Active)
            .map(|row| row.id)
            .collect();
        all_of(NeedCategory::ALL, |category| {
            made.service_categories
                .iter()
                .any(|row| row.category == *category && active.contains(&row.service_id))
        });
        assert!(active.len() > 150 && active.len() < 200);
    });
}

#[test]
fn every_kind_of_sealed_fact_occurs_and_is_absent_somewhere() {
    each(|made, now| {
        let people = || made.claimants.iter().map(|person| &person.sealed);
        assert!(people().any(|sealed| sealed.identity.is_none()));
        assert!(people().any(|sealed| sealed.contact.is_none()));
        assert!(people().any(|sealed| sealed.identifiers.is_none()));
        assert!(people().any(|sealed| sealed.claim_status.is_none()));
        let identities = || people().filter_map(|sealed| sealed.identity.as_ref());
        assert!(identities().any(|identity| identity.given_name.is_none()));
        assert!(identities().any(|identity| identity.family_name.is_none()));
        assert!(identities().all(|identity| !identity.full_name().is_empty()));
        let contacts = || people().filter_map(|sealed| sealed.contact.as_ref());
        all_of(ContactPermission::ALL, |permission| {
            contacts().any(|contact| contact.permission == *permission)
        });
        all_of(Safety::ALL, |safety| {
            contacts().any(|contact| contact.points.iter().any(|point| point.safety == *safety))
        });
        all_of(ClaimStage::ALL, |stage| {
            people().any(|sealed| {
                sealed
                    .claim_status
                    .as_ref()
                    .is_some_and(|status| status.stage == *stage)
            })
        });
        assert!(
            made.claimants
                .iter()
                .any(|person| person.claimant.location_protected)
        );
        let consents = || made.consents.iter();
        assert!(consents().any(|row| row.refused));
        assert!(consents().any(|row| row.withdrawn_at.is_some()));
        assert!(consents().any(|row| row.expires_at < Some(now) && row.expires_at.is_some()));
        assert!(consents().any(|row| row.any_party));
        assert!(made.consent_recipients.iter().any(|row| row.kind.is_some()));
        assert!(
            made.consent_recipients
                .iter()
                .any(|row| row.organization_id.is_some())
        );
    });
}

/// The years that a person of this band may have lived.
const fn years(band: AgeBand) -> (u32, u32) {
    match band {
        AgeBand::Under12 => (0, 11),
        AgeBand::From12To15 => (12, 15),
        AgeBand::From16To17 => (16, 17),
        AgeBand::Age18 => (18, 18),
        AgeBand::From19To24 => (19, 24),
        AgeBand::From25To54 => (25, 54),
        AgeBand::From55To64 => (55, 64),
        AgeBand::From65 => (65, 120),
    }
}

#[test]
fn birth_dates_and_consent_givers_go_with_age_bands() {
    each(|made, now| {
        let mut bands = BTreeSet::new();
        let mut of_claimant = HashMap::new();
        for person in &made.claimants {
            let band = person.claimant.age_band.unwrap();
            bands.insert(band);
            of_claimant.insert(person.claimant.id, band);
            let Some(born) = person
                .sealed
                .identity
                .as_ref()
                .and_then(|identity| identity.birth_date)
            else {
                continue;
            };
            let (least, most) = years(band);
            for day in [toronto_date(person.claimant.created_at), toronto_date(now)] {
                let age = day.years_since(born).unwrap();
                assert!((least..=most).contains(&age), "{band}: {born} at {day}");
            }
        }
        assert_eq!(bands.len(), AgeBand::ALL.len());
        for consent in &made.consents {
            let child = years(of_claimant[&consent.claimant_id]).1 < 16;
            assert_eq!(consent.given_by != ConsentGiver::Oneself, child);
        }
    });
}

#[test]
fn families_are_of_one_organization_and_referred_once() {
    each(|made, now| {
        let people: HashMap<_, _> = made
            .claimants
            .iter()
            .map(|person| (person.claimant.id, &person.claimant))
            .collect();
        let mut families: HashMap<_, Vec<_>> = HashMap::new();
        for member in &made.household_members {
            assert!(member.linked_at < now && member.left_at.is_none());
            let person = people[&member.claimant_id];
            families
                .entry(member.household_id)
                .or_default()
                .push(person);
        }
        assert_eq!(families.len(), made.households.len());
        for household in &made.households {
            let family = &families[&household.id];
            assert!((2..=6).contains(&family.len()));
            let keepers = family.iter().map(|row| row.registering_organization_id);
            assert!(
                keepers
                    .into_iter()
                    .all(|id| id == household.organization_id)
            );
            assert!(
                family
                    .iter()
                    .any(|row| row.age_band >= Some(AgeBand::From19To24))
            );
        }
        let sixteen = |row: &&&entity::claimant::Model| row.age_band == Some(AgeBand::From16To17);
        assert!(
            families
                .values()
                .any(|family| family.iter().any(|row| sixteen(&row)))
        );
        let referrals: HashMap<_, _> = made.referrals().map(|row| (row.id, row)).collect();
        for also in &made.also_for {
            let referral = referrals[&also.referral_id];
            let other = people[&also.claimant_id];
            assert_ne!(referral.claimant_id, Some(other.id));
            assert_eq!(referral.source_id, other.registering_organization_id);
            assert!(other.created_at < referral.created_at);
        }
        assert!(made.also_for.len() > 50, "{}", made.also_for.len());
    });
}

#[test]
fn every_id_is_a_version_seven_of_its_own() {
    each(|made, _| {
        let mut ids: Vec<Uuid> = Vec::new();
        ids.extend(made.regions.iter().map(|row| row.id.0));
        ids.extend(made.organizations.iter().map(|row| row.id.0));
        ids.extend(made.catchments.iter().map(|row| row.id.0));
        ids.extend(made.services.iter().map(|row| row.id.0));
        ids.extend(made.locations.iter().map(|row| row.id.0));
        ids.extend(made.services_at_locations.iter().map(|row| row.id.0));
        ids.extend(made.claimants.iter().map(|row| row.claimant.id.0));
        ids.extend(made.needs.iter().map(|row| row.id.0));
        ids.extend(made.consents.iter().map(|row| row.id.0));
        ids.extend(made.households.iter().map(|row| row.id.0));
        ids.extend(made.household_members.iter().map(|row| row.id));
        ids.extend(made.consent_recipients.iter().map(|row| row.id));
        ids.extend(made.referrals().map(|row| row.id.0));
        ids.extend(made.outcomes.iter().map(|row| row.id.0));
        ids.extend(made.reroute_requests.iter().map(|row| row.id));
        ids.extend(made.eligibility_rules.iter().map(|row| row.id.0));
        for id in &ids {
            let bytes = id.as_bytes();
            assert!(bytes[6] >> 4 == 7 && bytes[8] >> 6 == 0b10, "{id}");
        }
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        let references: HashSet<_> = made.referrals().map(|row| &row.reference).collect();
        assert_eq!(references.len(), made.courses.len());
    });
}

#[test]
fn the_three_organizations_have_people_and_services() {
    each(|made, _| {
        let registered = |by: OrganizationId| {
            made.claimants
                .iter()
                .filter(|person| person.claimant.registering_organization_id == by)
                .count()
        };
        assert!(registered(organization(made, AGENCY)) >= 60);
        assert!(registered(organization(made, PROVIDER)) >= 5);
        let central = made
            .regions
            .iter()
            .find(|row| row.code == "CENTRAL")
            .unwrap();
        for code in [AGENCY, PROVIDER] {
            let row = made
                .organizations
                .iter()
                .find(|row| row.code == code)
                .unwrap();
            assert_eq!(row.region_id, Some(central.id));
        }
        let provider = organization(made, PROVIDER);
        for wanted in [
            NeedCategory::Employment,
            NeedCategory::Training,
            NeedCategory::Housing,
        ] {
            let service = made
                .services
                .iter()
                .filter(|row| {
                    row.organization_id == provider && row.status == ServiceStatus::Active
                })
                .find(|service| {
                    made.service_categories
                        .iter()
                        .any(|row| row.service_id == service.id && row.category == wanted)
                })
                .unwrap();
            let languages: Vec<_> = made
                .service_languages
                .iter()
                .filter(|row| row.service_id == service.id)
                .map(|row| row.language.as_str())
                .collect();
            assert_eq!(languages, ["eng", "fra"]);
            let regions: Vec<_> = made
                .service_regions
                .iter()
                .filter(|row| row.service_id == service.id)
                .map(|row| row.region_id)
                .collect();
            assert_eq!(regions, [central.id]);
        }
    });
}

#[test]
fn rules_about_sealed_facts_are_the_ministrys_and_none_has_a_source() {
    each(|made, now| {
        let ministry = organization(made, MINISTRY);
        let mut facts = BTreeSet::new();
        for rule in &made.eligibility_rules {
            let of = made.services.iter().find(|row| row.id == rule.service_id);
            let own = of.unwrap().organization_id;
            let asked = fact(&rule.condition);
            let by = if is_sealed(asked) { ministry } else { own };
            assert_eq!(rule.organization_id, by, "{asked}");
            assert!(in_force(rule, toronto_date(now)));
            assert_eq!(rule.source_url, None);
            assert!(rule.reason_en.contains("demo") && rule.reason_fr.contains("démo"));
            facts.insert(asked);
        }
        assert!(facts.len() >= 5, "{facts:?}");
        let of_provider = made.eligibility_rules.iter().filter(|rule| {
            let of = made.services.iter().find(|row| row.id == rule.service_id);
            of.unwrap().organization_id == organization(made, PROVIDER)
        });
        assert!(
            of_provider.count() > 5,
            "the provider of the demo asks something"
        );
    });
}

#[test]
fn sample_operations_are_graphql_with_a_title_in_both_languages() {
    for operation in operations() {
        async_graphql::parser::parse_query(operation.query).unwrap();
        assert!(!operation.title_en.is_empty() && !operation.title_fr.is_empty());
        assert_ne!(operation.title_en, operation.title_fr);
    }
    let queries: Vec<_> = operations()
        .iter()
        .map(|operation| operation.query)
        .collect();
    assert_eq!(
        queries[..3],
        [AGENCY_OUTBOX, PROVIDER_INBOX, MINISTRY_REPORT]
    );
}

#[test]
fn nothing_lies_in_the_future_or_before_the_first_day() {
    each(|made, now| {
        let first = now - TimeDelta::days(550);
        assert!(made.events.iter().all(|event| event.at < now));
        for row in made.referrals() {
            assert!(row.created_at > first && row.updated_at < now);
        }
        let priorities: HashSet<_> = made.referrals().map(|row| row.priority).collect();
        assert_eq!(priorities.len(), ReferralPriority::ALL.len());
    });
}
