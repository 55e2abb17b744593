//! Claimants with their sealed groups, a need, a consent, and now and then an exclusion. Nobody is meant.
use chrono::{DateTime, Datelike, Months, Utc};
use claimant_gateway::{
    domain::business_days::toronto_date,
    store::{
        claimant::register::SealedPart,
        need::usual_priority,
        sealed::{ClaimStatus, Contact, ContactPoint, Identifier, Identity},
        seed::{Person, Seed},
    },
};
use entity::{
    AgeBand, ClaimStage, ConsentGiver, ConsentMethod, ContactKind, ContactPermission,
    DatePrecision, FieldGroup, FieldGroups, IdentifierKind, InterpreterKind, JournalKind, Language,
    NeedCategories, NeedCategory, NeedId, NeedStatus, Safety, SubjectType, claimant, consent,
    exclusion, need,
};

use super::{
    directory::{Directory, Party},
    draw::Draw,
    event,
};

const GIVEN_NAMES: [&str; 8] = [
    "Testa", "Exemple", "Demoya", "Fictif", "Sampla", "Modela", "Proba", "Gabarit",
];
const FAMILY_NAMES: [&str; 4] = ["Specimen", "Mockup", "Fictive", "Maquette"];
const LANGUAGES: [&str; 10] = [
    "eng", "fra", "spa", "ara", "tir", "som", "urd", "tur", "swa", "hat",
];

/// A claimant, as the making of referrals knows the person.
pub struct Known {
    pub row: claimant::Model,
    pub by: Party,
    pub category: NeedCategory,
    pub need: NeedId,
    pub excluded: Option<entity::OrganizationId>,
}

/// Registers somebody.
pub fn register(
    draw: &mut Draw,
    seed: &mut Seed,
    directory: &Directory,
    (number, at): (usize, DateTime<Utc>),
) -> Known {
    let by = directory.agencies[draw.place(&directory.busy_agencies)];
    let language = LANGUAGES[draw.below(LANGUAGES.len())];
    let row = claimant::Model {
        id: draw.id(at),
        registering_organization_id: by.id,
        region_id: Some(by.region),
        municipality: Some("Synthetic Town".to_owned()),
        location_protected: number % 50 == 7,
        language: Some(language.to_owned()),
        official_language: Some(if language == "fra" {
            Language::Fr
        } else {
            Language::En
        }),
        interpreter_needed: !matches!(language, "eng" | "fra") && draw.chance(50),
        age_band: Some(AgeBand::From25To54),
        created_at: at,
        updated_at: at,
        version: 1,
        record_version: 1,
        held_at: None,
        erasure_requested_at: None,
        erased_at: None,
    };
    seed.events.push(event(
        (
            JournalKind::ClaimantRegistered,
            SubjectType::Claimant,
            row.id.0,
        ),
        by.id,
        at,
    ));
    let category = NeedCategory::ALL[draw.below(NeedCategory::ALL.len())];
    let need = put_need(draw, seed, &row, category);
    put_consent(draw, seed, &row, number);
    let excluded = (number % 50 == 23).then(|| put_exclusion(draw, seed, directory, &row));
    seed.claimants.push(Person {
        sealed: sealed(draw, number, at),
        claimant: row.clone(),
        qualifications: Vec::new(),
        language_abilities: Vec::new(),
    });
    Known {
        row,
        by,
        category,
        need,
        excluded,
    }
}

fn put_need(
    draw: &mut Draw,
    seed: &mut Seed,
    row: &claimant::Model,
    category: NeedCategory,
) -> NeedId {
    let at = row.created_at;
    let id: NeedId = draw.id(at);
    seed.needs.push(need::Model {
        id,
        claimant_id: row.id,
        category,
        priority: usual_priority(category),
        status: NeedStatus::Open,
        wanted_from: None,
        created_at: at,
        updated_at: at,
        told_wanted_from: None,
    });
    seed.events.push(event(
        (JournalKind::NeedRecorded, SubjectType::Claimant, row.id.0),
        row.registering_organization_id,
        at,
    ));
    id
}

/// Everybody consents to every party and need: what opens differs.
fn put_consent(draw: &mut Draw, seed: &mut Seed, row: &claimant::Model, number: usize) {
    use FieldGroup::{Contact, Identity, WorkAuthorization};
    let at = row.created_at;
    let groups = match number % 10 {
        0..=5 => vec![Identity, Contact],
        6 | 7 => vec![Identity, Contact, WorkAuthorization],
        8 => vec![Identity],
        _ => Vec::new(),
    };
    let consent = consent::Model {
        id: draw.id(at),
        claimant_id: row.id,
        recorded_by_id: row.registering_organization_id,
        purposes: NeedCategories(NeedCategory::ALL.to_vec()),
        field_groups: FieldGroups(groups),
        any_party: true,
        method: ConsentMethod::Verbal,
        language: row.language.clone(),
        interpreter: InterpreterKind::None,
        given_by: ConsentGiver::Oneself,
        authority: None,
        refused: false,
        given_at: at,
        expires_at: None,
        guardian_ends_at: None,
        withdrawn_at: None,
    };
    seed.events.push(event(
        (
            JournalKind::ConsentRecorded,
            SubjectType::Consent,
            consent.id.0,
        ),
        row.registering_organization_id,
        at,
    ));
    seed.consents.push(consent);
}

fn put_exclusion(
    draw: &mut Draw,
    seed: &mut Seed,
    directory: &Directory,
    row: &claimant::Model,
) -> entity::OrganizationId {
    let organization = directory.providers[draw.below(directory.providers.len())].id;
    let row = exclusion::Model {
        id: draw.id(row.created_at),
        claimant_id: row.id,
        organization_id: organization,
        recorded_at: row.created_at,
        ended_at: None,
    };
    seed.exclusions.push(row);
    organization
}

fn sealed(draw: &mut Draw, number: usize, at: DateTime<Utc>) -> SealedPart {
    let serial = number + 1;
    let today = toronto_date(at);
    let years = u32::try_from(26 + draw.below(25)).unwrap_or(30);
    let birth = today
        .checked_sub_months(Months::new(years * 12))
        .and_then(|date| date.with_day(1 + date.day() % 28));
    let family = FAMILY_NAMES[draw.below(FAMILY_NAMES.len())];
    SealedPart {
        identity: Some(Identity {
            given_name: Some(GIVEN_NAMES[draw.below(GIVEN_NAMES.len())].to_owned()),
            family_name: Some(format!("{family}-{serial:06}")),
            preferred_name: None,
            birth_date: birth,
            birth_date_precision: birth.map(|_| DatePrecision::Day),
            gender: None,
        }),
        contact: Some(Contact {
            permission: ContactPermission::Any,
            points: vec![ContactPoint {
                kind: ContactKind::Email,
                value: format!("claimant-{serial:06}@example.org"),
                safety: Safety::Safe,
                shared: false,
                may_leave_message: true,
                note: None,
            }],
        }),
        identifiers: Some(vec![Identifier {
            kind: IdentifierKind::Uci,
            value: format!("00-{:04}-{:04}", serial / 10_000, serial % 10_000),
            expires_on: None,
        }]),
        claim_status: Some(ClaimStatus {
            stage: ClaimStage::ReferredToIrb,
            since: Some(today),
            rpcd_expires_on: None,
            work_permit_expires_on: None,
            sin_series_9: None,
            sin_expires_on: None,
            ifhp_proof: Some(true),
        }),
    }
}
