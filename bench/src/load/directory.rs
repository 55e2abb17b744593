//! Regions, organizations and services: plainly synthetic, and in number as the scale has it.
use chrono::{DateTime, Utc};
use claimant_gateway::store::{organization, seed::Seed, service};
use entity::{
    CapacityStatus, DeliveryMode, JournalKind, Languages, NeedCategory, OrganizationId,
    OrganizationKind, Program, RegionId, ServiceId, ServiceStatus, SubjectType, catchment,
    organization as organization_row, organization_catchment, region, service as service_row,
    service_capacity, service_category, service_language, service_region,
};

use super::{
    Scale,
    draw::{Draw, skewed},
    event,
};

pub const REGIONS: usize = 5;

/// An organization that is referred to, or refers.
#[derive(Clone, Copy)]
pub struct Party {
    pub id: OrganizationId,
    pub region: RegionId,
}

/// An active service.
#[derive(Clone, Copy)]
pub struct Offer {
    pub id: ServiceId,
    pub by: OrganizationId,
}

/// What referrals are made of.
pub struct Directory {
    pub agencies: Vec<Party>,
    pub providers: Vec<Party>,
    /// The services for each need, in the order of `NeedCategory::ALL`.
    pub offers: Vec<Vec<Offer>>,
    pub busy_agencies: Vec<f64>,
    /// How busy the services for each need are.
    pub busy_offers: Vec<Vec<f64>>,
}

/// The code of an organization, by its number.
pub fn code(number: usize) -> String {
    format!("bench-{number:03}")
}

/// The code of the ministry.
pub const MINISTRY: &str = "bench-ministry";

pub fn build(draw: &mut Draw, seed: &mut Seed, scale: &Scale, at: DateTime<Utc>) -> Directory {
    let regions = regions(draw, seed, at);
    let mut directory = Directory {
        agencies: Vec::new(),
        providers: Vec::new(),
        offers: vec![Vec::new(); NeedCategory::ALL.len()],
        busy_agencies: Vec::new(),
        busy_offers: Vec::new(),
    };
    for number in 0..scale.organizations {
        let region = regions[number % regions.len()];
        let kind = kind(number);
        let id = put_organization(draw, seed, (code(number), kind, Some(region)), at);
        let party = Party { id, region };
        if kind == OrganizationKind::SettlementAgency {
            directory.agencies.push(party);
        } else {
            directory.providers.push(party);
        }
    }
    put_organization(
        draw,
        seed,
        (MINISTRY.to_owned(), OrganizationKind::Ministry, None),
        at,
    );
    for number in 0..scale.services {
        put_service(draw, seed, &mut directory, number, at);
    }
    directory.busy_agencies = skewed(directory.agencies.len());
    directory.busy_offers = directory
        .offers
        .iter()
        .map(|offers| skewed(offers.len()))
        .collect();
    directory
}

/// Three of ten refer; the rest serve.
fn kind(number: usize) -> OrganizationKind {
    use OrganizationKind as Kind;
    match number % 10 {
        0 | 3 | 6 => Kind::SettlementAgency,
        1 | 4 | 7 => Kind::EmploymentService,
        2 => Kind::Housing,
        5 => Kind::Health,
        8 => Kind::LanguageTraining,
        _ => Kind::ServiceSystemManager,
    }
}

fn regions(draw: &mut Draw, seed: &mut Seed, at: DateTime<Utc>) -> Vec<RegionId> {
    (1..=REGIONS)
        .map(|number| {
            let id = draw.id(at);
            seed.regions.push(region::Model {
                id,
                code: format!("BENCH_{number}"),
                name_en: format!("Synthetic Region {number}"),
                name_fr: format!("Région synthétique {number}"),
                office_email: None,
                office_phone: None,
                office_hours_en: None,
                office_hours_fr: None,
            });
            seed.catchments.push(catchment::Model {
                id: draw.id(at),
                code: format!("BENCH_CATCHMENT_{number}"),
                name_en: format!("Synthetic Catchment {number}"),
                name_fr: format!("Circonscription synthétique {number}"),
                region_id: Some(id),
                manager_id: None,
                valid_from: at.date_naive(),
                valid_to: None,
                sourced: false,
            });
            id
        })
        .collect()
}

fn put_organization(
    draw: &mut Draw,
    seed: &mut Seed,
    (code, kind, region): (String, OrganizationKind, Option<RegionId>),
    at: DateTime<Utc>,
) -> OrganizationId {
    let id = draw.id(at);
    let (name_en, name_fr) = (
        format!("Synthetic Organization {code}"),
        format!("Organisme synthétique {code}"),
    );
    let catchments = seed
        .catchments
        .iter()
        .filter(|row| row.region_id.is_some() && row.region_id == region)
        .map(|row| organization_catchment::Model {
            organization_id: id,
            catchment_id: row.id,
        });
    seed.organization_catchments.extend(catchments);
    seed.organizations.push(organization_row::Model {
        id,
        search: organization::search_words(&name_en, &name_fr),
        email: Some(format!("{code}@example.org")),
        code,
        name_en,
        name_fr,
        kind,
        region_id: region,
        active: true,
        description_en: None,
        description_fr: None,
        phone: None,
        website: None,
        languages: Languages(vec!["eng".to_owned(), "fra".to_owned()]),
        hsds_id: None,
        created_at: at,
        updated_at: at,
        version: 1,
    });
    id
}

fn put_service(
    draw: &mut Draw,
    seed: &mut Seed,
    directory: &mut Directory,
    number: usize,
    at: DateTime<Utc>,
) {
    let party = directory.providers[number % directory.providers.len()];
    let category = number % NeedCategory::ALL.len();
    let id: ServiceId = draw.id(at);
    let row = service(id, party.id, number, at);
    seed.services.push(row);
    seed.service_categories.push(service_category::Model {
        service_id: id,
        category: NeedCategory::ALL[category],
    });
    for language in ["eng", "fra"] {
        seed.service_languages.push(service_language::Model {
            service_id: id,
            language: language.to_owned(),
        });
    }
    // Every fourth is for the whole province.
    if !number.is_multiple_of(4) {
        seed.service_regions.push(service_region::Model {
            service_id: id,
            region_id: party.region,
        });
    }
    seed.service_capacities.push(service_capacity::Model {
        service_id: id,
        status: CapacityStatus::Capacity,
        unit: "places".to_owned(),
        available: Some(10),
        maximum: Some(40),
        updated_at: at,
    });
    seed.events.push(event(
        (JournalKind::ServiceChanged, SubjectType::Service, id.0),
        party.id,
        at,
    ));
    directory.offers[category].push(Offer { id, by: party.id });
}

fn service(
    id: ServiceId,
    by: OrganizationId,
    number: usize,
    at: DateTime<Utc>,
) -> service_row::Model {
    let (name_en, name_fr) = (
        format!("Synthetic Service {number:04}"),
        format!("Service synthétique {number:04}"),
    );
    let mut row = service_row::Model {
        id,
        organization_id: by,
        search: String::new(),
        name_en,
        name_fr,
        description_en: None,
        description_fr: None,
        status: ServiceStatus::Active,
        program: Some(Program::Ies),
        delivery_mode: Some(DeliveryMode::InPerson),
        offered_in_french: true,
        url: None,
        email: None,
        phone: None,
        eligibility_description: None,
        application_process: None,
        fees_description: None,
        minimum_age: None,
        maximum_age: None,
        hsds_id: None,
        created_at: at,
        updated_at: at,
        version: 1,
    };
    row.search = service::search_words(&row);
    row
}
