//! Claimants with their sealed groups and needs. Nobody is meant: names, numbers and addresses are plainly made up.
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use entity::{
    AgeBand, ClaimStage, ContactKind, ContactPermission, DatePrecision, IdentifierKind,
    JournalKind, Language, NeedCategory, NeedStatus, OrganizationKind, Safety, SubjectType,
    claimant, need,
};

use super::{
    arrivals,
    consents::Given,
    directory::{Directory, PLACES, Party, telephone},
    draw::Draw,
    names::{CLIENT, FAMILY_NAMES, GIVEN_NAMES, LANGUAGES, WORKERS},
};
use crate::{
    domain::business_days::toronto_date,
    store::{
        claimant::register::SealedPart,
        need::usual_priority,
        sealed::{ClaimStatus, Contact, ContactPoint, Identifier, Identity},
        seed::{Actor, Event, Seed},
    },
};

const CLAIMANTS: usize = 1_000;
/// Eighteen months.
const DAYS: i64 = 545;

/// A claimant, as the making of referrals knows the person.
pub(super) struct Known {
    pub(super) row: claimant::Model,
    pub(super) sealed: SealedPart,
    pub(super) registered_by: Party,
    pub(super) needs: Vec<need::Model>,
    pub(super) consents: Vec<Given>,
    /// Consents to each thing apart, so that withdrawing one leaves the others as they are.
    pub(super) careful: bool,
    /// Nothing is referred.
    pub(super) quiet: bool,
    /// The needs that were referred.
    pub(super) referred: Vec<NeedCategory>,
}

pub(super) fn build(draw: &mut Draw, seed: &mut Seed, directory: &Directory) -> Vec<Known> {
    let of_kind = |wanted: &dyn Fn(OrganizationKind) -> bool| -> Vec<Party> {
        directory
            .parties
            .iter()
            .copied()
            .filter(|party| party.active && wanted(party.kind))
            .filter(|party| party.id != directory.agency && party.id != directory.provider)
            .collect()
    };
    let agencies = of_kind(&|kind| kind == OrganizationKind::SettlementAgency);
    let providers = of_kind(&|kind| {
        matches!(
            kind,
            OrganizationKind::EmploymentService
                | OrganizationKind::Housing
                | OrganizationKind::Health
                | OrganizationKind::ServiceSystemManager
                | OrganizationKind::LanguageTraining
        )
    });
    let mut moments: Vec<_> = (0..CLAIMANTS).map(|_| draw.days_ago((1, DAYS))).collect();
    moments.sort_unstable();
    arrivals::gather(&mut moments);
    moments
        .into_iter()
        .enumerate()
        .filter_map(|(number, at)| {
            let by = match number {
                _ if arrivals::member(number).is_some() => directory.party(directory.agency),
                _ if number % 12 == 0 => directory.party(directory.agency),
                _ if number % 100 == 50 => directory.party(directory.provider),
                _ if number % 7 == 3 => draw.one_of(&providers),
                _ => draw.one_of(&agencies),
            }?;
            Some(register(draw, seed, directory, (number, by, at)))
        })
        .collect()
}

fn register(
    draw: &mut Draw,
    seed: &mut Seed,
    directory: &Directory,
    (number, by, at): (usize, Party, DateTime<Utc>),
) -> Known {
    let member = arrivals::member(number);
    let age = match member {
        Some(member) => member.age(draw),
        None => age(draw, draw.now - at),
    };
    let mut row = open_part(draw, directory, (number, &by, at), age);
    let mut sealed = sealed(draw, number, toronto_date(at), age);
    if let Some(member) = member {
        member.shape(&mut row, &mut sealed);
    }
    let staff = Actor {
        subject: draw.pick(WORKERS),
        client: CLIENT,
        organization: Some(by.id),
    };
    let event = |kind, at, version| Event {
        at,
        by: staff,
        kind,
        subject_type: SubjectType::Claimant,
        subject: row.id.0,
        version,
        reason: None,
        told: vec![by.id],
    };
    let registered = event(JournalKind::ClaimantRegistered, at, 1);
    seed.events.push(registered);
    let needs = member
        .and_then(|member| member.needs(draw, &row))
        .unwrap_or_else(|| needs(draw, &row));
    for need in &needs {
        let recorded = event(JournalKind::NeedRecorded, need.created_at, 1);
        seed.events.push(recorded);
    }
    if number % 11 == 7 {
        let updated_at = draw.moment(at + TimeDelta::hours(2), draw.now);
        let updated = event(JournalKind::ClaimantUpdated, updated_at, 2);
        seed.events.push(updated);
        row.updated_at = updated_at;
        (row.version, row.record_version) = (2, 2);
    }
    Known {
        row,
        sealed,
        registered_by: by,
        needs,
        consents: Vec::new(),
        careful: number % 10 == 8 && member.is_none(),
        quiet: number % 25 == 19 && member.is_none(),
        referred: Vec::new(),
    }
}

fn open_part(
    draw: &mut Draw,
    directory: &Directory,
    (number, by, at): (usize, &Party, DateTime<Utc>),
    age: Age,
) -> claimant::Model {
    let place = by.place.and_then(|place| PLACES.get(place));
    let location_known = number % 33 != 31;
    let language = match draw.between(0, 9) {
        0..=2 => "eng",
        3..=4 => "fra",
        _ => draw.pick(LANGUAGES),
    };
    let official = if language == "fra" || (language != "eng" && draw.chance(25)) {
        Language::Fr
    } else {
        Language::En
    };
    let interpreter_needed = !matches!(language, "eng" | "fra") && draw.chance(70);
    claimant::Model {
        id: draw.id(at),
        registering_organization_id: by.id,
        region_id: place
            .filter(|_| location_known)
            .map(|place| directory.regions[place.region]),
        municipality: place
            .filter(|_| location_known)
            .map(|place| place.city.to_owned()),
        location_protected: number % 17 == 5,
        language: Some(language.to_owned()),
        official_language: Some(official),
        interpreter_needed,
        age_band: Some(age.band),
        created_at: at,
        updated_at: at,
        version: 1,
        held_at: None,
        erasure_requested_at: None,
        erased_at: None,
        record_version: 1,
    }
}

/// The age of a claimant at registration, within its band then and now.
#[derive(Clone, Copy)]
pub(super) struct Age {
    pub(super) band: AgeBand,
    pub(super) years: i64,
    /// Since the last birthday.
    pub(super) days: i64,
}

fn age(draw: &mut Draw, since: TimeDelta) -> Age {
    let band = draw.weighted([
        (7, AgeBand::Under12),
        (4, AgeBand::From12To15),
        (4, AgeBand::From16To17),
        (4, AgeBand::Age18),
        (16, AgeBand::From19To24),
        (52, AgeBand::From25To54),
        (8, AgeBand::From55To64),
        (5, AgeBand::From65),
    ]);
    // Whoever turned 18 long ago is 19 by now.
    let band = if band == AgeBand::Age18 && since > TimeDelta::days(270) {
        AgeBand::From19To24
    } else {
        band
    };
    let (youngest, oldest, days) = match band {
        AgeBand::Under12 => (0, 9, 300),
        AgeBand::From12To15 => (12, 13, 300),
        AgeBand::From16To17 => (16, 16, 120),
        AgeBand::Age18 => (18, 18, 60),
        AgeBand::From19To24 => (19, 22, 300),
        AgeBand::From25To54 => (25, 52, 300),
        AgeBand::From55To64 => (55, 62, 300),
        AgeBand::From65 => (65, 84, 300),
    };
    Age {
        band,
        years: draw.between(youngest, oldest),
        days: draw.between(1, days),
    }
}

fn sealed(draw: &mut Draw, number: usize, today: NaiveDate, age: Age) -> SealedPart {
    let listed = arrivals::member(number).is_some();
    SealedPart {
        identity: (number % 29 != 13 || listed).then(|| identity(draw, number, today, age)),
        contact: (number % 13 != 6).then(|| contact(draw, number)),
        identifiers: (number % 8 != 5).then(|| identifiers(draw, number, today)),
        claim_status: (number % 9 != 4).then(|| claim_status(draw, number, today)),
    }
}

fn identity(draw: &mut Draw, number: usize, today: NaiveDate, age: Age) -> Identity {
    let family = draw.pick(FAMILY_NAMES);
    let birthday = u32::try_from(age.years * 12)
        .ok()
        .and_then(|months| today.checked_sub_months(Months::new(months)))
        .and_then(|date| date.checked_sub_days(Days::new(age.days.unsigned_abs())));
    let precision = match age.band {
        AgeBand::From25To54 if number % 20 == 9 => DatePrecision::Month,
        AgeBand::Under12
        | AgeBand::From12To15
        | AgeBand::From16To17
        | AgeBand::Age18
        | AgeBand::From19To24
        | AgeBand::From25To54
        | AgeBand::From55To64
        | AgeBand::From65 => DatePrecision::Day,
    };
    let birth_date = birthday.and_then(|date| match precision {
        DatePrecision::Day => Some(date),
        DatePrecision::Month | DatePrecision::Year => date.with_day(1),
    });
    let known = number % 31 != 17;
    Identity {
        given_name: (number % 41 != 11).then(|| draw.pick(GIVEN_NAMES).to_owned()),
        family_name: (number % 43 != 23 || number % 41 == 11)
            .then(|| format!("{family}-{:04}", number + 1)),
        preferred_name: (number % 15 == 2).then(|| draw.pick(GIVEN_NAMES).to_owned()),
        birth_date: birth_date.filter(|_| known),
        birth_date_precision: known.then_some(precision),
        gender: match draw.between(0, 9) {
            0..=3 => Some("F".to_owned()),
            4..=7 => Some("M".to_owned()),
            8 => Some("X".to_owned()),
            _ => None,
        },
    }
}

fn contact(draw: &mut Draw, number: usize) -> Contact {
    let mut points = Vec::new();
    for (turn, kind) in [
        ContactKind::Phone,
        ContactKind::Email,
        ContactKind::Messaging,
        ContactKind::Postal,
    ]
    .into_iter()
    .enumerate()
    {
        if turn > 0 && !draw.chance(45) {
            continue;
        }
        let shared = draw.chance(20);
        let safety = draw.weighted([
            (65, Safety::Safe),
            (15, Safety::Unsafe),
            (20, Safety::Unknown),
        ]);
        points.push(ContactPoint {
            kind,
            value: match kind {
                ContactKind::Phone => telephone(number),
                ContactKind::Email => format!("claimant-{:04}@example.org", number + 1),
                ContactKind::Messaging => format!("@demo-claimant-{:04}", number + 1),
                ContactKind::Postal => format!("{} Example Street, unit 1", 100 + number),
            },
            safety,
            shared,
            may_leave_message: !shared && safety == Safety::Safe && draw.chance(70),
            note: shared.then(|| "Shared telephone. / Téléphone partagé.".to_owned()),
        });
    }
    Contact {
        permission: draw.weighted([
            (50, ContactPermission::Any),
            (40, ContactPermission::ViaAgencyOnly),
            (10, ContactPermission::Prohibited),
        ]),
        points,
    }
}

fn identifiers(draw: &mut Draw, number: usize, today: NaiveDate) -> Vec<Identifier> {
    let serial = number + 1;
    let mut identifiers = vec![Identifier {
        kind: IdentifierKind::Uci,
        // Both lengths; so many zeros are nobody's.
        value: if number.is_multiple_of(2) {
            format!("00-0000-{serial:04}")
        } else {
            format!("0000-{serial:04}")
        },
        expires_on: None,
    }];
    for (percent, kind, prefix) in [
        (60, IdentifierKind::Rpcd, "DEMO-RPCD"),
        (35, IdentifierKind::WorkPermit, "DEMO-WP"),
        (30, IdentifierKind::CamsCase, "DEMO-CAMS"),
        (25, IdentifierKind::AgencyId, "DEMO-FILE"),
    ] {
        if draw.chance(percent) {
            let dated = matches!(kind, IdentifierKind::Rpcd | IdentifierKind::WorkPermit);
            identifiers.push(Identifier {
                kind,
                value: format!("{prefix}-{serial:04}"),
                expires_on: dated.then(|| expires_on(today, number)).flatten(),
            });
        }
    }
    identifiers
}

fn claim_status(draw: &mut Draw, number: usize, today: NaiveDate) -> ClaimStatus {
    let stage = match number % 4 {
        0 => ClaimStage::ALL[number / 4 % ClaimStage::ALL.len()],
        _ => draw.pick([
            ClaimStage::Acknowledged,
            ClaimStage::EligibilityPending,
            ClaimStage::ReferredToIrb,
            ClaimStage::ReferredToIrb,
            ClaimStage::AcceptedProtected,
        ]),
    };
    let has_permit = draw.chance(45);
    ClaimStatus {
        stage,
        since: today.checked_sub_days(Days::new(number as u64 % 90)),
        rpcd_expires_on: draw.chance(60).then(|| expires_on(today, number)).flatten(),
        work_permit_expires_on: has_permit.then(|| expires_on(today, number + 7)).flatten(),
        sin_series_9: Some(has_permit),
        sin_expires_on: has_permit.then(|| expires_on(today, number + 7)).flatten(),
        ifhp_proof: Some(draw.chance(75)),
    }
}

fn expires_on(today: NaiveDate, number: usize) -> Option<NaiveDate> {
    today.checked_add_days(Days::new(200 + number as u64 % 500))
}

const NEEDS_OF_CHILDREN: [NeedCategory; 7] = [
    NeedCategory::Housing,
    NeedCategory::Health,
    NeedCategory::Food,
    NeedCategory::Language,
    NeedCategory::Childcare,
    NeedCategory::Transport,
    NeedCategory::Social,
];

/// Whether somebody else consents for a claimant.
pub(super) fn is_child(claimant: &claimant::Model) -> bool {
    matches!(
        claimant.age_band,
        Some(AgeBand::Under12 | AgeBand::From12To15)
    )
}

/// Two to five needs; a place to live or health care comes first for most.
fn needs(draw: &mut Draw, claimant: &claimant::Model) -> Vec<need::Model> {
    let mut categories = Vec::new();
    if draw.chance(65) {
        categories.push(draw.pick([NeedCategory::Housing, NeedCategory::Health]));
    }
    let wanted = draw.between(2, 5);
    while i64::try_from(categories.len()).unwrap_or(wanted) < wanted {
        let category = if is_child(claimant) {
            draw.pick(NEEDS_OF_CHILDREN)
        } else if draw.chance(35) {
            draw.pick([
                NeedCategory::Employment,
                NeedCategory::Training,
                NeedCategory::Language,
            ])
        } else {
            draw.one_of(NeedCategory::ALL)
                .unwrap_or(NeedCategory::Social)
        };
        if !categories.contains(&category) {
            categories.push(category);
        }
    }
    let mut at = claimant.created_at;
    categories
        .into_iter()
        .map(|category| {
            at += TimeDelta::seconds(draw.between(60, 240));
            let soon = draw.chance(20);
            let later = Days::new(draw.between(10, 120).unsigned_abs());
            need::Model {
                id: draw.id(at),
                claimant_id: claimant.id,
                category,
                priority: if soon { 1 } else { usual_priority(category) },
                status: NeedStatus::Open,
                wanted_from: draw
                    .chance(15)
                    .then(|| toronto_date(at).checked_add_days(later))
                    .flatten(),
                created_at: at,
                updated_at: at,
                told_wanted_from: None,
            }
        })
        .collect()
}
