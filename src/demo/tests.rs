//! What the demo data promise, each promise checked by other means than it was kept.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::LazyLock,
};

use chrono::{Datelike, NaiveDate};
use entity::{
    Access, AgeBand, CapacityStatus, ClaimStage, ClaimantId, ConsentGiver, ContactPermission,
    JournalKind, NeedCategory, NeedStatus, OrganizationId, OrganizationKind, ReferralAction as Do,
    ReferralPriority, ReferralStatus as Status, ReferralStatusReason, Safety, ServiceStatus,
    referral,
};
use sea_orm::prelude::Uuid;

use super::*;
use crate::{
    domain::{
        access::{self, Recipient},
        business_days::{toronto_date, toronto_month},
        free_text,
        referral::{Action, allowed_reasons, allowed_sub_statuses, is_terminal, is_unresolved},
    },
    store::seed::Course,
};

fn now() -> DateTime<Utc> {
    "2025-06-11T15:20:00.123456Z".parse().unwrap()
}

static MADE: LazyLock<Seed> = LazyLock::new(|| generate(SEED, now()));

fn organization(code: &str) -> OrganizationId {
    let found = MADE.organizations.iter().find(|row| row.code == code);
    found.unwrap().id
}

#[test]
fn the_same_seed_and_moment_give_the_same_province() {
    assert!(generate(SEED, now()) == *MADE);
    assert!(generate(SEED + 1, now()) != *MADE);
}

#[test]
fn there_is_as_much_of_everything_as_promised() {
    assert_eq!(MADE.regions.len(), 4);
    assert_eq!(MADE.catchments.len(), 15);
    assert_eq!(MADE.organizations.len(), 60);
    assert_eq!(MADE.services.len(), 200);
    assert_eq!(MADE.claimants.len(), 1_000);
    assert_eq!(MADE.courses.len(), 4_000);
    assert!(MADE.catchments.iter().all(|row| row.manager_id.is_some()));
    assert_eq!(
        MADE.organizations.iter().filter(|row| !row.active).count(),
        1
    );
    assert!(MADE.locations.iter().any(|row| row.confidential));
    assert!(!MADE.reroute_requests.is_empty());
}

/// Every value of an enumeration is found.
fn all_of<T: PartialEq + std::fmt::Debug>(all: &[T], found: impl Fn(&T) -> bool) {
    for value in all {
        assert!(found(value), "{value:?}");
    }
}

#[test]
fn every_code_of_the_directory_occurs() {
    all_of(OrganizationKind::ALL, |kind| {
        MADE.organizations.iter().any(|row| row.kind == *kind)
    });
    all_of(ServiceStatus::ALL, |status| {
        MADE.services.iter().any(|row| row.status == *status)
    });
    all_of(CapacityStatus::ALL, |status| {
        MADE.service_capacities
            .iter()
            .any(|row| row.status == *status)
    });
    let active: HashSet<_> = MADE
        .services
        .iter()
        .filter(|row| row.status == ServiceStatus::Active)
        .map(|row| row.id)
        .collect();
    all_of(NeedCategory::ALL, |category| {
        MADE.service_categories
            .iter()
            .any(|row| row.category == *category && active.contains(&row.service_id))
    });
    assert!(active.len() > 150 && active.len() < 200);
}

#[test]
fn every_status_category_and_reason_of_a_referral_occurs() {
    let count = |status: Status| MADE.referrals().filter(|row| row.status == status).count();
    for status in Status::ALL {
        assert!(count(*status) >= 30, "{status}: {}", count(*status));
    }
    all_of(NeedCategory::ALL, |category| {
        MADE.referrals().any(|row| row.category == *category)
    });
    all_of(ReferralStatusReason::ALL, |reason| {
        MADE.referrals()
            .any(|row| row.status_reason == Some(*reason))
    });
    let has = |wanted: &dyn Fn(&referral::Model) -> bool| {
        MADE.referrals().filter(|row| wanted(row)).count()
    };
    assert!(has(&|row| row.claimant_id.is_none()) >= 100);
    assert!(has(&|row| row.part_of_id.is_some()) >= 50);
    assert!(has(&|row| row.replaces_id.is_some()) >= 50);
    assert!(has(&|row| row.status == Status::OnHold && row.review_at.is_some()) >= 50);
    assert!(has(&|row| row.status == Status::Requested && row.owner_id.is_none()) >= 20);
    assert!(has(&|row| row.status == Status::Requested && row.due_at < Some(now())) >= 20);
    let months: BTreeSet<NaiveDate> = MADE.referrals().map(|row| row.created_month).collect();
    assert!(months.len() >= 18, "{}", months.len());
}

#[test]
fn every_kind_of_sealed_fact_occurs_and_is_absent_somewhere() {
    let people = || MADE.claimants.iter().map(|person| &person.sealed);
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
        MADE.claimants
            .iter()
            .any(|person| person.claimant.location_protected)
    );
    let consents = || MADE.consents.iter();
    assert!(consents().any(|row| row.refused));
    assert!(consents().any(|row| row.withdrawn_at.is_some()));
    assert!(consents().any(|row| row.expires_at < Some(now()) && row.expires_at.is_some()));
    assert!(consents().any(|row| row.any_party));
    assert!(MADE.consent_recipients.iter().any(|row| row.kind.is_some()));
    assert!(
        MADE.consent_recipients
            .iter()
            .any(|row| row.organization_id.is_some())
    );
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
    let mut bands = BTreeSet::new();
    let mut of_claimant = HashMap::new();
    for person in &MADE.claimants {
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
        for day in [
            toronto_date(person.claimant.created_at),
            toronto_date(now()),
        ] {
            let age = day.years_since(born).unwrap();
            assert!((least..=most).contains(&age), "{band}: {born} at {day}");
        }
    }
    assert_eq!(bands.len(), AgeBand::ALL.len());
    for consent in &MADE.consents {
        let child = years(of_claimant[&consent.claimant_id]).1 < 16;
        assert_eq!(consent.given_by == ConsentGiver::Guardian, child);
    }
}

#[test]
fn every_id_is_a_version_seven_of_its_own() {
    let mut ids: Vec<Uuid> = Vec::new();
    ids.extend(MADE.regions.iter().map(|row| row.id.0));
    ids.extend(MADE.organizations.iter().map(|row| row.id.0));
    ids.extend(MADE.catchments.iter().map(|row| row.id.0));
    ids.extend(MADE.services.iter().map(|row| row.id.0));
    ids.extend(MADE.locations.iter().map(|row| row.id.0));
    ids.extend(MADE.services_at_locations.iter().map(|row| row.id.0));
    ids.extend(MADE.claimants.iter().map(|row| row.claimant.id.0));
    ids.extend(MADE.needs.iter().map(|row| row.id.0));
    ids.extend(MADE.consents.iter().map(|row| row.id.0));
    ids.extend(MADE.consent_recipients.iter().map(|row| row.id));
    ids.extend(MADE.referrals().map(|row| row.id.0));
    ids.extend(MADE.outcomes.iter().map(|row| row.id.0));
    ids.extend(MADE.reroute_requests.iter().map(|row| row.id));
    for id in &ids {
        let bytes = id.as_bytes();
        assert!(bytes[6] >> 4 == 7 && bytes[8] >> 6 == 0b10, "{id}");
    }
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    let references: HashSet<_> = MADE.referrals().map(|row| &row.reference).collect();
    assert_eq!(references.len(), MADE.courses.len());
}

/// The status to which a step leads, by what the design says and not by asking the workflow.
fn leads_to(kind: JournalKind, from: Option<Status>) -> Option<Status> {
    use JournalKind as Kind;
    let taken_on = [Status::Accepted, Status::InProgress, Status::OnHold];
    let open = |from: Status| from == Status::Requested || taken_on.contains(&from);
    match (kind, from) {
        (Kind::ReferralSent, Some(Status::Draft)) => Some(Status::Requested),
        (Kind::ReferralAccepted, Some(Status::Requested)) => Some(Status::Accepted),
        (Kind::ReferralDeclined, Some(Status::Requested)) => Some(Status::Rejected),
        (Kind::ReferralStarted, Some(Status::Accepted))
        | (Kind::ReferralResumed, Some(Status::OnHold)) => Some(Status::InProgress),
        (Kind::ReferralHeld, Some(Status::Accepted | Status::InProgress)) => Some(Status::OnHold),
        (Kind::ReferralCompleted, Some(from)) if taken_on.contains(&from) => {
            Some(Status::Completed)
        }
        (Kind::ReferralFailed, Some(from)) if taken_on.contains(&from) => Some(Status::Failed),
        (Kind::ReferralCancelled, Some(from)) if open(from) => Some(Status::Cancelled),
        (Kind::ReferralVoided, Some(from)) if from != Status::EnteredInError => {
            Some(Status::EnteredInError)
        }
        (Kind::ReferralClaimed | Kind::ReferralRerouted, Some(Status::Requested)) => from,
        (Kind::ReferralUpdated, Some(Status::Draft | Status::Requested)) => from,
        (Kind::ReferralPriorityChanged | Kind::ReferralLinked, Some(status))
            if open(status) || status == Status::Draft =>
        {
            from
        }
        (Kind::ReferralAssigned | Kind::ReferralSubStatusChanged, Some(status)) if open(status) => {
            from
        }
        (Kind::OutcomeRecorded, Some(Status::Completed)) => from,
        _ => None,
    }
}

#[test]
fn every_course_is_one_that_the_parties_could_have_taken() {
    for Course { steps } in &MADE.courses {
        let mut before: Option<&referral::Model> = None;
        for (version, step) in (1..).zip(steps) {
            assert_eq!(step.after.version, version);
            assert_eq!(step.after.updated_at, step.at);
            assert!(step.at < now());
            match before {
                None => {
                    assert_eq!(step.kind, JournalKind::ReferralCreated);
                    assert!(matches!(
                        step.after.status,
                        Status::Draft | Status::Requested
                    ));
                }
                Some(before) => {
                    assert!(before.updated_at < step.at, "{:?}", step.kind);
                    let expected = leads_to(step.kind, Some(before.status));
                    assert_eq!(expected, Some(step.after.status), "{:?}", step.kind);
                }
            }
            let owner = step.after.owner_id;
            match step.kind {
                JournalKind::ReferralAccepted
                | JournalKind::ReferralStarted
                | JournalKind::ReferralHeld
                | JournalKind::ReferralResumed
                | JournalKind::ReferralCompleted
                | JournalKind::ReferralFailed
                | JournalKind::ReferralDeclined
                | JournalKind::ReferralAssigned
                | JournalKind::ReferralSubStatusChanged => {
                    assert!(
                        owner.is_some() && step.by.organization == owner,
                        "{:?}",
                        step.kind
                    );
                }
                _ => {}
            }
            before = Some(&step.after);
        }
    }
}

#[test]
fn the_columns_of_each_referral_agree() {
    for row in MADE.referrals() {
        assert_eq!(row.created_month, toronto_month(row.created_at));
        assert_eq!(
            row.closed_at.is_some(),
            is_terminal(row.status),
            "{}",
            row.status
        );
        let was_sent = row.sent_at.is_some();
        assert!(was_sent || matches!(row.status, Status::Draft | Status::EnteredInError));
        assert_eq!(row.due_at.is_some(), was_sent);
        assert_eq!(
            row.claimant_id.is_some(),
            row.registering_organization_id.is_some()
        );
        assert!(row.need_id.is_none() || row.claimant_id.is_some());
        let ended = matches!(
            row.status,
            Status::Rejected | Status::Cancelled | Status::Draft
        );
        if row.owner_access {
            assert!(!ended && row.owner_id.is_some() && row.owner_since.is_some());
        } else {
            assert!(ended || row.owner_id.is_none() || !was_sent);
        }
        assert!(
            row.sub_status
                .is_none_or(|sub_status| allowed_sub_statuses(row.status).contains(&sub_status))
        );
        let actions: &[Action] = match row.status {
            Status::Rejected => &[Action::Api(Do::Decline)],
            Status::Cancelled => &[Action::Api(Do::Cancel), Action::Expire, Action::Withdraw],
            Status::Failed => &[Action::Api(Do::Fail)],
            Status::Completed => &[Action::Api(Do::Complete)],
            Status::OnHold => &[Action::Api(Do::Hold)],
            Status::EnteredInError => &[Action::Api(Do::Void)],
            Status::Draft | Status::Requested | Status::Accepted | Status::InProgress => &[],
        };
        match row.status_reason {
            Some(reason) => assert!(
                actions
                    .iter()
                    .any(|action| allowed_reasons(*action).contains(&reason)),
                "{} {reason}",
                row.status
            ),
            None => assert!(actions.is_empty() || row.status == Status::Completed),
        }
        assert_ne!(row.owner_id, Some(row.source_id));
        if row.status == Status::Draft {
            assert!(now() - row.updated_at < chrono::TimeDelta::days(14));
        }
        // Nobody waits longer than the timer allows.
        if row.status == Status::Requested {
            assert!(now() - row.due_at.unwrap() <= chrono::TimeDelta::days(30));
        }
    }
}

#[test]
fn what_comes_of_another_referral_goes_with_it() {
    let by_id: HashMap<_, _> = MADE.referrals().map(|row| (row.id, row)).collect();
    let mut replaced = HashSet::new();
    for row in MADE.referrals() {
        if let Some(parent) = row.part_of_id {
            let parent = by_id[&parent];
            assert_eq!(row.claimant_id, parent.claimant_id);
            assert_eq!(Some(row.source_id), parent.owner_id);
            assert!(parent.answered_at < Some(row.created_at));
            let closed_first = row.closed_at.is_some() && row.closed_at <= parent.closed_at;
            assert!(parent.status != Status::Completed || closed_first);
        }
        if let Some(old) = row.replaces_id {
            let old = by_id[&old];
            assert!(replaced.insert(old.id), "replaced once");
            assert!(matches!(
                old.status,
                Status::Rejected | Status::Cancelled | Status::Failed
            ));
            assert!(old.closed_at < Some(row.created_at));
            assert_eq!(
                (old.source_id, old.claimant_id),
                (row.source_id, row.claimant_id)
            );
        }
    }
}

#[test]
fn endings_have_the_outcomes_that_they_take() {
    let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
    for outcome in &MADE.outcomes {
        kinds
            .entry(outcome.referral_id)
            .or_default()
            .push(outcome.kind);
        assert!(outcome.date <= toronto_date(now()));
        assert!(outcome.follow_up_on.is_none_or(|date| date > outcome.date));
    }
    for row in MADE.referrals() {
        let recorded = kinds.get(&row.id).map(Vec::as_slice).unwrap_or_default();
        match row.status {
            Status::Completed => assert!(!recorded.is_empty()),
            Status::Failed => assert!(recorded.iter().any(|kind| is_unresolved(*kind))),
            Status::EnteredInError => {}
            Status::Draft
            | Status::Requested
            | Status::Accepted
            | Status::Rejected
            | Status::InProgress
            | Status::OnHold
            | Status::Cancelled => assert_eq!(recorded, []),
        }
    }
    let today = toronto_date(now());
    let due =
        |outcome: &&entity::outcome::Model| outcome.follow_up_on.is_some_and(|on| on <= today);
    assert!(MADE.outcomes.iter().filter(due).count() > 20);
}

fn consents_by_claimant() -> HashMap<ClaimantId, Vec<access::Consent>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in &MADE.consents {
        let named = || {
            MADE.consent_recipients
                .iter()
                .filter(|named| named.consent_id == row.id)
        };
        found
            .entry(row.claimant_id)
            .or_default()
            .push(access::Consent {
                id: row.id,
                purposes: row.purposes.0.clone(),
                groups: row.field_groups.0.clone(),
                organizations: named().filter_map(|named| named.organization_id).collect(),
                kinds: named().filter_map(|named| named.kind).collect(),
                any_party: row.any_party,
                refused: row.refused,
                withdrawn: row.withdrawn_at.is_some(),
                given_at: row.given_at,
                expires_at: row.expires_at,
            });
    }
    found
}

#[test]
fn what_was_sent_about_somebody_was_consented_to_before() {
    let consents = consents_by_claimant();
    let kinds: HashMap<_, _> = MADE
        .organizations
        .iter()
        .map(|row| (row.id, row.kind))
        .collect();
    let (mut covered, mut withdrawn) = (0, 0);
    for row in MADE.referrals() {
        let (Some(claimant), Some(sent_at)) = (row.claimant_id, row.sent_at) else {
            continue;
        };
        if row.owner_id == row.registering_organization_id {
            continue;
        }
        let given = consents
            .get(&claimant)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let answer = |given: &[access::Consent]| match row.owner_id {
            Some(organization) => {
                let kind = kinds[&organization];
                let recipient = Recipient { organization, kind };
                access::consent_for(given, recipient, row.category, sent_at)
            }
            None => access::consent_for_open(given, row.category, sent_at),
        };
        let mut before: Vec<_> = given
            .iter()
            .filter(|consent| consent.given_at < sent_at)
            .cloned()
            .collect();
        if row.status_reason == Some(ReferralStatusReason::ConsentWithdrawn) {
            assert_eq!(row.status, Status::Cancelled);
            assert_eq!(answer(&before), Access::ConsentRequired, "it is gone");
            before
                .iter_mut()
                .for_each(|consent| consent.withdrawn = false);
            withdrawn += 1;
        }
        assert_eq!(answer(&before), Access::Granted, "{row:?}");
        covered += 1;
    }
    assert!(covered > 3_000 && withdrawn > 30, "{covered} {withdrawn}");
}

#[test]
fn needs_stand_where_their_referrals_left_them() {
    let mut open = HashSet::new();
    let mut met = HashSet::new();
    for row in MADE.referrals() {
        let Some(need) = row.need_id else { continue };
        if row.sent_at.is_some() && !is_terminal(row.status) {
            open.insert(need);
        }
        if row.status == Status::Completed {
            met.insert(need);
        }
    }
    for need in &MADE.needs {
        match need.status {
            NeedStatus::Referred => assert!(open.contains(&need.id)),
            NeedStatus::Open | NeedStatus::Unmet => assert!(!open.contains(&need.id)),
            NeedStatus::Met => {}
        }
    }
    all_of(NeedStatus::ALL, |status| {
        MADE.needs.iter().any(|need| need.status == *status)
    });
    let met_by_referral =
        |need: &&entity::need::Model| need.status == NeedStatus::Met && met.contains(&need.id);
    assert!(MADE.needs.iter().filter(met_by_referral).count() > 300);
}

#[test]
fn no_text_tells_who_anybody_is() {
    let sealed: HashMap<_, _> = MADE
        .claimants
        .iter()
        .map(|person| (person.claimant.id, &person.sealed))
        .collect();
    for row in MADE.referrals() {
        let (Some(claimant), Some(summary)) = (row.claimant_id, &row.summary) else {
            continue;
        };
        let sealed = sealed[&claimant];
        let identity = sealed.identity.clone().unwrap_or_default();
        let contact = sealed.contact.clone().unwrap_or_default();
        let known = free_text::Known {
            birth_date: identity.birth_date,
            texts: [
                identity.given_name,
                identity.family_name,
                identity.preferred_name,
            ]
            .into_iter()
            .flatten()
            .chain(contact.points.into_iter().map(|point| point.value))
            .collect(),
        };
        assert!(!free_text::identifies(summary, &known), "{summary}");
        assert!(!free_text::has_sin(summary));
    }
    let french = MADE.referrals().filter_map(|row| row.summary.as_deref());
    assert!(french.filter(|text| !text.is_ascii()).count() > 500);
}

#[test]
fn the_three_organizations_have_people_and_services() {
    let registered = |by: OrganizationId| {
        MADE.claimants
            .iter()
            .filter(|person| person.claimant.registering_organization_id == by)
            .count()
    };
    assert!(registered(organization(AGENCY)) >= 60);
    assert!(registered(organization(PROVIDER)) >= 5);
    let central = MADE
        .regions
        .iter()
        .find(|row| row.code == "CENTRAL")
        .unwrap();
    for code in [AGENCY, PROVIDER] {
        let row = MADE
            .organizations
            .iter()
            .find(|row| row.code == code)
            .unwrap();
        assert_eq!(row.region_id, Some(central.id));
    }
    let provider = organization(PROVIDER);
    for wanted in [
        NeedCategory::Employment,
        NeedCategory::Training,
        NeedCategory::Housing,
    ] {
        let service = MADE
            .services
            .iter()
            .filter(|row| row.organization_id == provider && row.status == ServiceStatus::Active)
            .find(|service| {
                MADE.service_categories
                    .iter()
                    .any(|row| row.service_id == service.id && row.category == wanted)
            })
            .unwrap();
        let languages: Vec<_> = MADE
            .service_languages
            .iter()
            .filter(|row| row.service_id == service.id)
            .map(|row| row.language.as_str())
            .collect();
        assert_eq!(languages, ["eng", "fra"]);
        let regions: Vec<_> = MADE
            .service_regions
            .iter()
            .filter(|row| row.service_id == service.id)
            .map(|row| row.region_id)
            .collect();
        assert_eq!(regions, [central.id]);
    }
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
fn any_moment_gives_a_province() {
    for text in [
        "2023-03-12T07:30:00Z",
        "2024-02-29T23:59:59Z",
        "2031-12-26T04:00:00Z",
    ] {
        let at: DateTime<Utc> = text.parse().unwrap();
        let made = generate(7, at);
        assert_eq!(made.courses.len(), 4_000);
        assert!(
            made.referrals()
                .all(|row| row.updated_at < at && row.created_at.year() > 2020)
        );
        assert!(made.events.iter().all(|event| event.at <= at));
        let priorities: HashSet<ReferralPriority> =
            made.referrals().map(|row| row.priority).collect();
        assert_eq!(priorities.len(), 2);
    }
}
