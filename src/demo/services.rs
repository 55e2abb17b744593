//! Services with their capacity, and the places where they are given.
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    CapacityStatus, DeliveryMode, JournalKind, LocationId, NeedCategory, OrganizationId,
    OrganizationKind, Program, ServiceId, ServiceStatus, SubjectType, location, service,
    service_at_location, service_capacity, service_category, service_language, service_region,
};

use super::{
    directory::{Directory, Offer, PLACES, Party, opening, telephone},
    draw::Draw,
    names::{CLIENT, LANGUAGES, WORKERS, served_by, service_name},
};
use crate::store::{
    seed::{Actor, Event, Seed},
    service::search_words,
};

const SERVICES: usize = 200;

/// What the provider of the demo offers, all of it active.
const OF_THE_PROVIDER: [NeedCategory; 8] = [
    NeedCategory::Employment,
    NeedCategory::Training,
    NeedCategory::Housing,
    NeedCategory::EmployerConnection,
    NeedCategory::Language,
    NeedCategory::Health,
    NeedCategory::DigitalAccess,
    NeedCategory::CredentialRecognition,
];

pub(super) fn build(draw: &mut Draw, seed: &mut Seed, directory: &mut Directory) {
    let provider = directory.provider;
    let parties: Vec<Party> = directory
        .parties
        .iter()
        .copied()
        .filter(|party| party.id != provider && !served_by(party.kind).is_empty())
        .collect();
    let places: Vec<(OrganizationId, Vec<LocationId>)> = directory
        .parties
        .iter()
        .enumerate()
        .map(|(number, party)| (party.id, put_locations(draw, seed, number, party)))
        .collect();
    let of_provider = directory
        .party(provider)
        .into_iter()
        .flat_map(|party| OF_THE_PROVIDER.map(|category| (party, category)));
    let of_others = (0..).flat_map(|round: usize| {
        parties.iter().enumerate().map(move |(turn, party)| {
            let served = served_by(party.kind);
            (*party, served[(round + turn) % served.len()])
        })
    });
    let planned: Vec<(Party, NeedCategory)> = of_provider.chain(of_others).take(SERVICES).collect();
    for (number, (party, category)) in planned.into_iter().enumerate() {
        let here = places.iter().find(|(owner, _)| *owner == party.id);
        let here = here.map(|(_, locations)| locations.as_slice());
        let here = here.unwrap_or_default();
        put_service(draw, seed, directory, (number, party, category), here);
    }
}

fn put_service(
    draw: &mut Draw,
    seed: &mut Seed,
    directory: &mut Directory,
    (number, party, category): (usize, Party, NeedCategory),
    places: &[LocationId],
) {
    let at = opening(draw.now);
    let of_provider = party.id == directory.provider;
    let row = service(draw, number, &party, category, of_provider);
    let mut offer = Offer {
        service: row.id,
        by: party.recipient(),
        categories: vec![category],
        regions: Vec::new(),
        languages: languages(draw, &row, of_provider),
    };
    if number % 5 == 4 && !of_provider {
        offer.categories.extend(
            served_by(party.kind)
                .iter()
                .copied()
                .filter(|other| *other != category)
                .take(1),
        );
    }
    // Every tenth is for the whole province.
    let local = party.place.filter(|_| number % 10 != 9 || of_provider);
    let region = local.map(|place| directory.regions[PLACES[place].region]);
    offer.regions.extend(region);
    put_facts(seed, &offer);
    for place in places.iter().take(1 + number % 2) {
        seed.services_at_locations.push(service_at_location::Model {
            id: draw.id(at),
            service_id: row.id,
            location_id: *place,
            description: None,
            hsds_id: None,
        });
    }
    let told = |kind, at, version| Event {
        at,
        by: Actor {
            subject: WORKERS[0],
            client: CLIENT,
            organization: Some(party.id),
        },
        kind,
        subject_type: SubjectType::Service,
        subject: row.id.0,
        version,
        reason: None,
        told: vec![party.id],
    };
    seed.events.push(told(JournalKind::ServiceChanged, at, 1));
    if let Some(capacity) = capacity(draw, row.id, number) {
        let event = told(JournalKind::CapacityChanged, capacity.updated_at, 0);
        seed.events.push(event);
        seed.service_capacities.push(capacity);
    }
    if row.status == ServiceStatus::Active {
        directory.offers.push(offer);
    }
    seed.services.push(row);
}

/// What stands of a service in tables of its own.
fn put_facts(seed: &mut Seed, offer: &Offer) {
    for category in &offer.categories {
        seed.service_categories.push(service_category::Model {
            service_id: offer.service,
            category: *category,
        });
    }
    for language in &offer.languages {
        seed.service_languages.push(service_language::Model {
            service_id: offer.service,
            language: (*language).to_owned(),
        });
    }
    for region in &offer.regions {
        seed.service_regions.push(service_region::Model {
            service_id: offer.service,
            region_id: *region,
        });
    }
}

fn service(
    draw: &mut Draw,
    number: usize,
    party: &Party,
    category: NeedCategory,
    of_provider: bool,
) -> service::Model {
    let at = opening(draw.now);
    let (english, french) = service_name(category);
    let status = match number % 25 {
        _ if of_provider => ServiceStatus::Active,
        _ if !party.active => ServiceStatus::Inactive,
        11 => ServiceStatus::Inactive,
        17 => ServiceStatus::Defunct,
        23 => ServiceStatus::TemporarilyClosed,
        _ => ServiceStatus::Active,
    };
    let mode = [
        DeliveryMode::InPerson,
        DeliveryMode::Hybrid,
        DeliveryMode::Remote,
    ][number % 3];
    let for_adults = matches!(
        category,
        NeedCategory::Employment | NeedCategory::Training | NeedCategory::EmployerConnection
    );
    let mut row = service::Model {
        id: draw.id(at),
        organization_id: party.id,
        name_en: format!("{english} {:03} (demo)", number + 1),
        name_fr: format!("{french} {:03} (démo)", number + 1),
        description_en: Some(format!("{english}, made up for the demo.")),
        description_fr: Some(format!("{french}, service inventé pour la démo.")),
        status,
        program: program(category, number),
        delivery_mode: Some(mode),
        offered_in_french: of_provider || number % 5 < 2,
        url: Some(format!("https://service-{:03}.example.org", number + 1)),
        email: Some(format!("service-{:03}@example.org", number + 1)),
        phone: Some(telephone(number)),
        eligibility_description: None,
        application_process: Some("By referral. / Par aiguillage.".to_owned()),
        fees_description: Some("Free. / Gratuit.".to_owned()),
        minimum_age: for_adults.then_some(16),
        maximum_age: None,
        search: String::new(),
        hsds_id: None,
        created_at: at,
        updated_at: at,
        version: 1,
    };
    row.search = search_words(&row);
    row
}

const fn program(category: NeedCategory, number: usize) -> Option<Program> {
    match category {
        NeedCategory::Employment | NeedCategory::EmployerConnection => Some(Program::Ies),
        NeedCategory::Training => Some(match number % 5 {
            0 => Program::Bjo,
            1 => Program::Lbs,
            2 => Program::Sao,
            3 => Program::Apprenticeship,
            _ => Program::Obtp,
        }),
        NeedCategory::CredentialRecognition => Some(Program::Obtp),
        NeedCategory::Language => Some(Program::EslFsl),
        NeedCategory::Social | NeedCategory::Childcare => Some(Program::Nsp),
        NeedCategory::DigitalAccess => Some(Program::Other),
        NeedCategory::Housing
        | NeedCategory::Health
        | NeedCategory::Food
        | NeedCategory::Income
        | NeedCategory::Legal
        | NeedCategory::Transport => None,
    }
}

fn languages(draw: &mut Draw, row: &service::Model, of_provider: bool) -> Vec<&'static str> {
    if of_provider {
        return vec!["eng", "fra"];
    }
    // Some services say nothing of languages: they are for any.
    if draw.chance(8) {
        return Vec::new();
    }
    let mut languages = vec!["eng"];
    if row.offered_in_french {
        languages.push("fra");
    }
    if draw.chance(35) {
        languages.push(draw.pick(LANGUAGES));
    }
    languages
}

/// What is known of its room: of every ninth service nothing, of every seventh nothing new.
fn capacity(draw: &mut Draw, service: ServiceId, number: usize) -> Option<service_capacity::Model> {
    if number % 9 == 8 {
        return None;
    }
    let status = CapacityStatus::ALL[number % CapacityStatus::ALL.len()];
    let maximum = i32::try_from(draw.between(4, 60)).unwrap_or_default();
    let available = match status {
        CapacityStatus::Capacity => Some(1 + maximum / 4),
        CapacityStatus::NoCapacity | CapacityStatus::Waitlist => Some(0),
        CapacityStatus::AdditionalAssessmentRequired => None,
    };
    let days = if number % 7 == 6 { (60, 150) } else { (0, 12) };
    let updated_at: DateTime<Utc> = draw.days_ago(days).min(draw.now - TimeDelta::hours(1));
    Some(service_capacity::Model {
        service_id: service,
        status,
        unit: "places".to_owned(),
        available,
        maximum: Some(maximum),
        updated_at,
    })
}

/// One place for each organization, and for those of housing a shelter that nobody is told of.
fn put_locations(
    draw: &mut Draw,
    seed: &mut Seed,
    number: usize,
    party: &Party,
) -> Vec<LocationId> {
    let at = opening(draw.now);
    let mut ids = Vec::new();
    let Some(place) = party.place.and_then(|place| PLACES.get(place)) else {
        return ids;
    };
    let shelters = usize::from(party.kind == OrganizationKind::Housing);
    for shelter in 0..=shelters {
        let confidential = shelter > 0;
        let step = f64::from(u32::try_from(number % 9).unwrap_or_default()) * 0.004;
        let id: LocationId = draw.id(at);
        ids.push(id);
        seed.locations.push(location::Model {
            id,
            organization_id: Some(party.id),
            name: Some(if confidential {
                format!("Shelter {:02} (demo / démo)", number + 1)
            } else {
                format!(
                    "Office {:02} (demo) / Bureau {:02} (démo)",
                    number + 1,
                    number + 1
                )
            }),
            description: None,
            transportation: None,
            address_line_1: Some(format!("{} Example Street / rue Exemple", 100 + number)),
            address_line_2: None,
            city: Some(place.city.to_owned()),
            province: Some("ON".to_owned()),
            postal_code: Some("M0M 0M0".to_owned()),
            country: Some("CA".to_owned()),
            latitude: Some(place.latitude + step),
            longitude: Some(place.longitude - step),
            confidential,
            hsds_id: None,
            created_at: at,
            updated_at: at,
        });
    }
    ids
}
