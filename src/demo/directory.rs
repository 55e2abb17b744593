//! Regions, catchments, organizations, services and places. The names of regions and catchments are real; everything
//! else is synthetic.
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    CatchmentId, Languages, NeedCategory, OrganizationId, OrganizationKind, RegionId, ServiceId,
    catchment, organization, organization_catchment, region,
};

use super::{
    draw::Draw,
    names::{KINDS, Kind},
};
use crate::{
    domain::access::Recipient,
    store::{organization::search_words, seed::Seed},
};

/// What tokens of the demo name.
pub(super) const AGENCY: &str = "demo-agency";
pub(super) const PROVIDER: &str = "demo-provider";
pub(super) const MINISTRY: &str = "demo-ministry";
/// The first of the housing services.
pub(super) const HOUSING: &str = "demo-housing-01";

const REGIONS: [(&str, &str, &str); 4] = [
    ("CENTRAL", "Central Region", "Région du Centre"),
    ("EASTERN", "Eastern Region", "Région de l'Est"),
    ("NORTHERN", "Northern Region", "Région du Nord"),
    ("WESTERN", "Western Region", "Région de l'Ouest"),
];
pub(super) const CENTRAL: usize = 0;

/// A catchment: code, English and French name, whether a source confirms both, its region, the month in which
/// Integrated Employment Services began there, a city in it and where that is.
pub(super) struct Place {
    code: &'static str,
    english: &'static str,
    french: &'static str,
    sourced: bool,
    pub(super) region: usize,
    since: (i32, u32),
    pub(super) city: &'static str,
    pub(super) latitude: f64,
    pub(super) longitude: f64,
}

macro_rules! places {
    ($($code:literal $english:literal $french:literal $sourced:literal in $region:literal
       since $year:literal-$month:literal: $city:literal $latitude:literal $longitude:literal;)+) => {
        &[$(Place {
            code: $code,
            english: $english,
            french: $french,
            sourced: $sourced,
            region: $region,
            since: ($year, $month),
            city: $city,
            latitude: $latitude,
            longitude: $longitude,
        },)+]
    };
}

/// The 15 catchments. Names and months are those of the Employment Ontario Partners' Gateway, "Province-wide Rollout"
/// (eopg.labour.gov.on.ca), in both languages; it leaves two names in English on its French page, and gives no month
/// for Toronto and the North, so that theirs is made up. Which region a catchment lies in is ours.
pub(super) const PLACES: &[Place] = places! {
    "TORONTO" "Toronto" "Toronto" true in 0 since 2024-1: "Toronto" 43.65 -79.38;
    "PEEL" "Peel" "Peel" true in 0 since 2021-1: "Brampton" 43.69 -79.76;
    "HALTON" "Halton" "Halton" true in 0 since 2023-4: "Oakville" 43.45 -79.69;
    "YORK" "York" "York" true in 0 since 2023-4: "Newmarket" 44.05 -79.46;
    "DURHAM" "Durham" "Durham" true in 0 since 2024-1: "Oshawa" 43.90 -78.86;
    "OTTAWA" "Ottawa" "Ottawa" true in 1 since 2024-1: "Ottawa" 45.42 -75.70;
    "KINGSTON_PEMBROKE" "Kingston–Pembroke" "Kingston–Pembroke" true in 1 since 2023-10: "Kingston" 44.23 -76.48;
    "MUSKOKA_KAWARTHAS" "Muskoka–Kawarthas" "Muskoka–Kawarthas" true in 1 since 2021-1: "Peterborough" 44.30 -78.32;
    "NORTHEAST" "Northeast" "Nord-Est" true in 2 since 2024-1: "Sudbury" 46.49 -81.01;
    "NORTHWEST" "Northwest" "Nord-Ouest" true in 2 since 2024-1: "Thunder Bay" 48.38 -89.25;
    "HAMILTON_NIAGARA" "Hamilton–Niagara Peninsula" "Hamilton–Péninsule du Niagara" false in 3 since 2021-1: "Hamilton" 43.25 -79.87;
    "LONDON" "London" "London" true in 3 since 2024-1: "London" 42.98 -81.25;
    "WINDSOR_SARNIA" "Windsor–Sarnia" "Windsor–Sarnia" true in 3 since 2024-1: "Windsor" 42.31 -83.04;
    "STRATFORD_BRUCE" "Stratford–Bruce Peninsula" "Stratford–Péninsule Bruce" false in 3 since 2023-4: "Stratford" 43.37 -80.98;
    "KITCHENER_WATERLOO_BARRIE" "Kitchener–Waterloo–Barrie" "Kitchener–Waterloo–Barrie" true in 3 since 2024-1: "Kitchener" 43.45 -80.49;
};

/// An organization, as far as others need to know it.
#[derive(Clone, Copy)]
pub(super) struct Party {
    pub(super) id: OrganizationId,
    pub(super) kind: OrganizationKind,
    /// Which of [`PLACES`]; none for the ministry.
    pub(super) place: Option<usize>,
    pub(super) active: bool,
}

impl Party {
    pub(super) const fn recipient(&self) -> Recipient {
        Recipient {
            organization: self.id,
            kind: self.kind,
        }
    }
}

/// An active service, as far as a referral to it needs to know it.
#[derive(Clone)]
pub(super) struct Offer {
    pub(super) service: ServiceId,
    pub(super) by: Recipient,
    pub(super) categories: Vec<NeedCategory>,
    /// None: every region.
    pub(super) regions: Vec<RegionId>,
    /// None: any language.
    pub(super) languages: Vec<&'static str>,
}

/// What the rest of the data is built upon.
pub(super) struct Directory {
    pub(super) regions: Vec<RegionId>,
    pub(super) parties: Vec<Party>,
    pub(super) offers: Vec<Offer>,
    pub(super) agency: OrganizationId,
    pub(super) provider: OrganizationId,
    pub(super) ministry: OrganizationId,
}

impl Directory {
    /// The services for a need that fit a region and a language, those of some organizations left out; where there is
    /// none, those that fit the need alone.
    pub(super) fn offers_for(
        &self,
        category: NeedCategory,
        (region, language): (Option<RegionId>, Option<&str>),
        without: &[OrganizationId],
    ) -> Vec<usize> {
        let all: Vec<usize> = self
            .offers
            .iter()
            .enumerate()
            .filter(|(_, offer)| {
                offer.categories.contains(&category) && !without.contains(&offer.by.organization)
            })
            .map(|(index, _)| index)
            .collect();
        let fitting: Vec<usize> = all
            .iter()
            .copied()
            .filter(|index| self.offers[*index].fits(region, language))
            .collect();
        if fitting.is_empty() { all } else { fitting }
    }

    pub(super) fn party(&self, id: OrganizationId) -> Option<Party> {
        self.parties.iter().find(|party| party.id == id).copied()
    }
}

impl Offer {
    fn fits(&self, region: Option<RegionId>, language: Option<&str>) -> bool {
        region.is_none_or(|region| self.regions.is_empty() || self.regions.contains(&region))
            && language.is_none_or(|language| {
                self.languages.is_empty() || self.languages.contains(&language)
            })
    }
}

/// When everything that was there before the first claimant came to be.
pub(super) fn opening(now: DateTime<Utc>) -> DateTime<Utc> {
    now - TimeDelta::days(600)
}

/// A telephone number of the kind that is nobody's.
pub(super) fn telephone(number: usize) -> String {
    format!("+1 416-555-{:04}", 100 + number % 100)
}

pub(super) fn build(draw: &mut Draw, seed: &mut Seed) -> Directory {
    let at = opening(draw.now);
    let regions = put_regions(draw, seed, at);
    let parties = put_organizations(draw, seed, &regions, at);
    put_catchments(draw, seed, (&regions, &parties), at);
    let by_code = |code: &str| {
        seed.organizations
            .iter()
            .find(|organization| organization.code == code)
            .map_or(OrganizationId(sea_orm::prelude::Uuid::nil()), |found| {
                found.id
            })
    };
    let mut directory = Directory {
        agency: by_code(AGENCY),
        provider: by_code(PROVIDER),
        ministry: by_code(MINISTRY),
        regions,
        parties,
        offers: Vec::new(),
    };
    super::services::build(draw, seed, &mut directory);
    directory
}

fn put_regions(draw: &mut Draw, seed: &mut Seed, at: DateTime<Utc>) -> Vec<RegionId> {
    for (number, (code, english, french)) in REGIONS.into_iter().enumerate() {
        seed.regions.push(region::Model {
            id: draw.id(at),
            code: code.to_owned(),
            name_en: english.to_owned(),
            name_fr: french.to_owned(),
            office_email: Some(format!("{}@example.org", code.to_lowercase())),
            office_phone: Some(telephone(number)),
            office_hours_en: Some("Monday to Friday, 9 a.m. to 5 p.m.".to_owned()),
            office_hours_fr: Some("Du lundi au vendredi, de 9 h à 17 h".to_owned()),
        });
    }
    seed.regions.iter().map(|region| region.id).collect()
}

fn put_organizations(
    draw: &mut Draw,
    seed: &mut Seed,
    regions: &[RegionId],
    at: DateTime<Utc>,
) -> Vec<Party> {
    let mut parties = Vec::new();
    for kind in &KINDS {
        for number in 1..=kind.count {
            let ministry = kind.kind == OrganizationKind::Ministry;
            // The first of each kind is in Toronto; the managers take the catchments in turn.
            let place = (!ministry).then_some((number - 1) * place_step(kind) % PLACES.len());
            let region = place.map(|place| regions[PLACES[place].region]);
            let row = organization(draw, kind, number, region, at);
            parties.push(Party {
                id: row.id,
                kind: row.kind,
                place,
                active: row.active,
            });
            seed.organizations.push(row);
        }
    }
    parties
}

/// Kinds with few organizations spread over the province, those with many over every catchment.
const fn place_step(kind: &Kind) -> usize {
    if kind.count > 10 {
        1
    } else if kind.count > 3 {
        4
    } else {
        7
    }
}

fn organization(
    draw: &mut Draw,
    kind: &Kind,
    number: usize,
    region: Option<RegionId>,
    at: DateTime<Utc>,
) -> organization::Model {
    let code = match kind.kind {
        OrganizationKind::SettlementAgency if number == 1 => AGENCY.to_owned(),
        OrganizationKind::EmploymentService if number == 1 => PROVIDER.to_owned(),
        OrganizationKind::Ministry if number == 1 => MINISTRY.to_owned(),
        OrganizationKind::SettlementAgency
        | OrganizationKind::EmploymentService
        | OrganizationKind::ServiceSystemManager
        | OrganizationKind::Housing
        | OrganizationKind::Health
        | OrganizationKind::LanguageTraining
        | OrganizationKind::CredentialAssessment
        | OrganizationKind::EmployerNetwork
        | OrganizationKind::Legal
        | OrganizationKind::Ministry => format!("demo-{}-{number:02}", kind.code),
    };
    let name_en = format!("{} {number:02} (demo)", kind.english);
    let name_fr = format!("{} {number:02} (démo)", kind.french);
    let mut languages = vec!["eng".to_owned(), "fra".to_owned()];
    languages.truncate(if number.is_multiple_of(3) { 1 } else { 2 });
    organization::Model {
        id: draw.id(at),
        search: search_words(&name_en, &name_fr),
        description_en: Some(format!(
            "A made-up organization of the demo: {}.",
            kind.english.to_lowercase()
        )),
        description_fr: Some(format!(
            "Un organisme inventé pour la démo : {}.",
            kind.french.to_lowercase()
        )),
        name_en,
        name_fr,
        kind: kind.kind,
        region_id: region,
        // One is closed: the last of the employment services.
        active: kind.kind != OrganizationKind::EmploymentService || number < kind.count,
        email: Some(format!("{code}@example.org")),
        phone: Some(telephone(number * 7)),
        website: Some(format!("https://{code}.example.org")),
        languages: Languages(languages),
        code,
        hsds_id: None,
        created_at: at,
        updated_at: at,
        version: 1,
    }
}

fn put_catchments(
    draw: &mut Draw,
    seed: &mut Seed,
    (regions, parties): (&[RegionId], &[Party]),
    at: DateTime<Utc>,
) {
    for (number, place) in PLACES.iter().enumerate() {
        let id: CatchmentId = draw.id(at);
        let there = |party: &&Party| party.place == Some(number);
        let manager = parties
            .iter()
            .filter(there)
            .find(|party| party.kind == OrganizationKind::ServiceSystemManager);
        seed.catchments.push(catchment::Model {
            id,
            code: place.code.to_owned(),
            name_en: place.english.to_owned(),
            name_fr: place.french.to_owned(),
            region_id: regions.get(place.region).copied(),
            manager_id: manager.map(|party| party.id),
            valid_from: NaiveDate::from_ymd_opt(place.since.0, place.since.1, 1)
                .unwrap_or_default(),
            valid_to: None,
            sourced: place.sourced,
        });
        for party in parties.iter().filter(there) {
            seed.organization_catchments
                .push(organization_catchment::Model {
                    organization_id: party.id,
                    catchment_id: id,
                });
        }
    }
}
