//! Compares a directory with what the database holds of it, and says which rows are to be written and which entries
//! the journal gets. Pure: it reads no database and no clock.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{
    CapacityStatus, JournalKind, Languages, LocationId, NeedCategory, OrganizationId,
    OrganizationKind, ServiceAtLocationId, ServiceId, SubjectType, location, organization, service,
    service_at_location, service_capacity,
};
use sea_orm::prelude::Uuid;

use super::{
    super::{journal::Entry, organization::search_words, service as service_store},
    Counts, Options, Outcome,
    existing::{Existing, Held},
};
use crate::{
    error::{Error, Result},
    exchange::hsds::{
        CapacityRecord, Directory, Kind, LocationRecord, OrganizationRecord, ServiceRecord,
        Warning, WarningReason,
    },
};

/// What is written, in the order of the tables.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) organizations: Vec<organization::Model>,
    pub(super) services: Vec<service::Model>,
    /// Of services whose categories change: all that they have from now on.
    pub(super) categories: Vec<(ServiceId, BTreeSet<NeedCategory>)>,
    /// Of services whose languages change: all that they have from now on.
    pub(super) languages: Vec<(ServiceId, BTreeSet<String>)>,
    pub(super) capacities: Vec<service_capacity::Model>,
    pub(super) locations: Vec<location::Model>,
    pub(super) services_at_locations: Vec<service_at_location::Model>,
    /// Rows of services at locations that go, or come back changed.
    pub(super) places_left: Vec<ServiceAtLocationId>,
    pub(super) entries: Vec<Entry>,
    pub(super) counts: Counts,
}

/// A plan in the making.
pub(super) struct Planner<'a> {
    pub(super) existing: &'a Existing,
    options: &'a Options,
    now: DateTime<Utc>,
    pub(super) plan: Plan,
    pub(super) warnings: Vec<Warning>,
    /// Organizations by HSDS id, with their version from now on.
    organizations: HashMap<String, (OrganizationId, i32)>,
    pub(super) services: HashMap<String, (ServiceId, OrganizationId)>,
    pub(super) locations: HashMap<String, LocationId>,
    /// Organizations of which something changed that has no entry of its own: their row, locations, places of services.
    pub(super) touched: HashSet<OrganizationId>,
    /// Locations of no organization that changed.
    pub(super) common_ground: HashSet<LocationId>,
}

impl Plan {
    /// The plan for a directory whose references were checked. Doubts are added to its warnings.
    pub(super) fn make(
        directory: &mut Directory,
        existing: &Existing,
        options: &Options,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut planner = Planner::new(existing, options, now);
        let kinds = planner.kinds(&directory.services);
        for record in &directory.organizations {
            planner.organization(record, kinds.get(record.hsds_id.as_str()).copied());
        }
        for record in &directory.services {
            planner.service(record)?;
        }
        for record in &directory.locations {
            planner.location(record)?;
        }
        planner.places(&directory.services_at_locations)?;
        planner.tell_organizations();
        directory.warnings.append(&mut planner.warnings);
        Ok(planner.plan)
    }

    /// How many rows are written.
    pub(super) fn rows(&self) -> usize {
        let categories = self.categories.iter().map(|(_, all)| all.len());
        let languages = self.languages.iter().map(|(_, all)| all.len());
        self.organizations.len()
            + self.services.len()
            + categories.chain(languages).sum::<usize>()
            + self.capacities.len()
            + self.locations.len()
            + self.services_at_locations.len()
    }
}

/// A reference that the check of references let through.
pub(super) fn resolved<T: Copy>(found: Option<&T>) -> Result<T> {
    found
        .copied()
        .ok_or_else(|| Error::internal("a record of an import names one that is not there"))
}

/// The input has one language of its own and does not say which: its text stands in both, until somebody translates.
fn in_both<T: Clone + PartialEq>(english: &mut T, french: &mut T, text: T) {
    if english == french {
        *french = text.clone();
    }
    *english = text;
}

fn describe(english: &mut Option<String>, french: &mut Option<String>, said: &Option<String>) {
    if said.is_some() {
        in_both(english, french, said.clone());
    }
}

/// What a record does not say stays as it is: lists of services name their organizations with little more than an id.
fn hear<T: Clone>(known: &mut Option<T>, said: &Option<T>) {
    if said.is_some() {
        known.clone_from(said);
    }
}

/// The kind of an organization that meets such a need, where there is one.
const fn kind_for(category: NeedCategory) -> Option<OrganizationKind> {
    match category {
        NeedCategory::Housing => Some(OrganizationKind::Housing),
        NeedCategory::Health => Some(OrganizationKind::Health),
        NeedCategory::Legal => Some(OrganizationKind::Legal),
        NeedCategory::Language => Some(OrganizationKind::LanguageTraining),
        NeedCategory::Employment | NeedCategory::Training => {
            Some(OrganizationKind::EmploymentService)
        }
        NeedCategory::CredentialRecognition => Some(OrganizationKind::CredentialAssessment),
        NeedCategory::EmployerConnection => Some(OrganizationKind::EmployerNetwork),
        NeedCategory::Food
        | NeedCategory::Income
        | NeedCategory::Childcare
        | NeedCategory::Transport
        | NeedCategory::DigitalAccess
        | NeedCategory::Social => None,
    }
}

impl<'a> Planner<'a> {
    fn new(existing: &'a Existing, options: &'a Options, now: DateTime<Utc>) -> Self {
        let organizations = existing.organizations.iter();
        let services = existing.services.iter();
        let locations = existing.locations.iter();
        Self {
            existing,
            options,
            now,
            plan: Plan::default(),
            warnings: Vec::new(),
            organizations: organizations
                .map(|(id, row)| (id.clone(), (row.id, row.version)))
                .collect(),
            services: services
                .map(|(id, held)| (id.clone(), (held.service.id, held.service.organization_id)))
                .collect(),
            locations: locations.map(|(id, row)| (id.clone(), row.id)).collect(),
            touched: HashSet::new(),
            common_ground: HashSet::new(),
        }
    }

    /// The kind of each organization whose services plainly tell it: all needs that point to a kind point to one.
    fn kinds<'s>(&self, services: &'s [ServiceRecord]) -> HashMap<&'s str, OrganizationKind> {
        let mut told: HashMap<&str, BTreeSet<OrganizationKind>> = HashMap::new();
        for service in services {
            let held = self.existing.services.get(&service.hsds_id);
            let kinds = self.categories(service, held).into_iter();
            told.entry(&service.organization_id)
                .or_default()
                .extend(kinds.filter_map(kind_for));
        }
        told.into_iter()
            .filter(|(_, kinds)| kinds.len() == 1)
            .filter_map(|(organization, mut kinds)| Some((organization, kinds.pop_first()?)))
            .collect()
    }

    /// Those of the record; else those that are there; else those that the operator assumes.
    fn categories(&self, record: &ServiceRecord, held: Option<&Held>) -> BTreeSet<NeedCategory> {
        if !record.categories.is_empty() {
            return record.categories.iter().copied().collect();
        }
        match held {
            Some(held) if !held.categories.is_empty() => held.categories.clone(),
            Some(_) | None => self.options.categories.iter().copied().collect(),
        }
    }

    fn organization(&mut self, record: &OrganizationRecord, kind: Option<OrganizationKind>) {
        let held = self.existing.organizations.get(&record.hsds_id);
        let mut next = held.cloned().unwrap_or_else(|| organization::Model {
            id: OrganizationId(Uuid::now_v7()),
            code: record.hsds_id.clone(),
            name_en: String::new(),
            name_fr: String::new(),
            kind: kind.unwrap_or(self.options.kind),
            region_id: None,
            active: true,
            description_en: None,
            description_fr: None,
            email: None,
            phone: None,
            website: None,
            languages: Languages::default(),
            search: String::new(),
            hsds_id: Some(record.hsds_id.clone()),
            created_at: self.now,
            updated_at: self.now,
            version: 0,
        });
        in_both(&mut next.name_en, &mut next.name_fr, record.name.clone());
        describe(
            &mut next.description_en,
            &mut next.description_fr,
            &record.description,
        );
        next.region_id = next.region_id.or(self.options.region);
        hear(&mut next.email, &record.email);
        hear(&mut next.phone, &record.phone);
        hear(&mut next.website, &record.website);
        next.search = search_words(&next.name_en, &next.name_fr);
        let outcome = Outcome::of(&next, held);
        self.plan.counts.organizations.add(outcome);
        if outcome.is_written() {
            next.version += 1;
            next.updated_at = self.now;
            self.touched.insert(next.id);
        }
        self.organizations
            .insert(record.hsds_id.clone(), (next.id, next.version));
        if outcome.is_written() {
            self.plan.organizations.push(next);
        }
    }

    fn service(&mut self, record: &ServiceRecord) -> Result<()> {
        let held = self.existing.services.get(&record.hsds_id);
        let (organization_id, _) = resolved(self.organizations.get(&record.organization_id))?;
        let mut next = Held {
            service: service_of(record, held, organization_id, self.now),
            categories: self.categories(record, held),
            languages: record.languages.iter().cloned().collect(),
            capacity: held.and_then(|held| held.capacity.clone()),
        };
        if let Some(held) = held.filter(|_| next.languages.is_empty()) {
            next.languages.clone_from(&held.languages);
        }
        if next.categories.is_empty() {
            self.warnings.push(Warning {
                place: record.place.clone(),
                kind: Kind::Service,
                id: Some(record.hsds_id.clone()),
                field: None,
                reason: WarningReason::NoCategory,
            });
        }
        let service_id = next.service.id;
        self.services
            .insert(record.hsds_id.clone(), (service_id, organization_id));
        if let Some(capacity) = &record.capacity {
            self.capacity(capacity, service_id, organization_id, held);
        }
        let outcome = Outcome::of(&next, held);
        self.plan.counts.services.add(outcome);
        if !outcome.is_written() {
            return Ok(());
        }
        if held.is_none_or(|held| held.categories != next.categories) {
            self.plan.categories.push((service_id, next.categories));
        }
        if held.is_none_or(|held| held.languages != next.languages) {
            self.plan.languages.push((service_id, next.languages));
        }
        next.service.version += 1;
        next.service.updated_at = self.now;
        let before = held.map(|held| held.service.organization_id);
        self.plan.entries.push(
            Entry::new(
                JournalKind::ServiceChanged,
                SubjectType::Service,
                service_id,
                next.service.version,
            )
            .told(std::iter::once(organization_id).chain(before)),
        );
        self.plan.services.push(next.service);
        Ok(())
    }

    /// What a service said itself, here, counts until the input says something later. Without a date, or with one
    /// that has yet to come, the input only fills a gap.
    fn capacity(
        &mut self,
        record: &CapacityRecord,
        service_id: ServiceId,
        organization_id: OrganizationId,
        held: Option<&Held>,
    ) {
        let held = held.and_then(|held| held.capacity.as_ref());
        let updated = record.updated.filter(|updated| *updated <= self.now);
        let is_older = |held: &service_capacity::Model| {
            updated.is_none_or(|updated| updated < held.updated_at)
        };
        let next = match held {
            Some(held) if is_older(held) => held.clone(),
            Some(_) | None => service_capacity::Model {
                service_id,
                status: if record.available > 0 {
                    CapacityStatus::Capacity
                } else {
                    CapacityStatus::NoCapacity
                },
                unit: record.unit.clone().unwrap_or_else(|| "places".to_owned()),
                available: Some(record.available),
                maximum: record.maximum,
                updated_at: updated.unwrap_or(self.now),
            },
        };
        let outcome = Outcome::of(&next, held);
        self.plan.counts.capacities.add(outcome);
        if outcome.is_written() {
            let kind = JournalKind::CapacityChanged;
            self.plan.entries.push(
                Entry::new(kind, SubjectType::Service, service_id, 0).told([organization_id]),
            );
            self.plan.capacities.push(next);
        }
    }

    fn location(&mut self, record: &LocationRecord) -> Result<()> {
        let held = self.existing.locations.get(&record.hsds_id);
        let organization_id = match &record.organization_id {
            None => None,
            Some(id) => Some(resolved(self.organizations.get(id))?.0),
        };
        let mut next = location_of(record, held, organization_id, self.now);
        let outcome = Outcome::of(&next, held);
        self.plan.counts.locations.add(outcome);
        self.locations.insert(record.hsds_id.clone(), next.id);
        if outcome.is_written() {
            match next.organization_id {
                Some(organization) => self.touched.insert(organization),
                None => self.common_ground.insert(next.id),
            };
            next.updated_at = self.now;
            self.plan.locations.push(next);
        }
        Ok(())
    }

    /// One entry for each organization of which something changed.
    fn tell_organizations(&mut self) {
        let told = self
            .organizations
            .values()
            .filter(|(organization, _)| self.touched.contains(organization))
            .map(|(organization, version)| {
                let kind = JournalKind::DirectoryImported;
                Entry::new(kind, SubjectType::Organization, *organization, *version)
                    .told([*organization])
            });
        self.plan.entries.splice(0..0, told);
    }
}

/// The row of a service as the input has it. What HSDS does not say stays as it is.
fn service_of(
    record: &ServiceRecord,
    held: Option<&Held>,
    organization_id: OrganizationId,
    now: DateTime<Utc>,
) -> service::Model {
    let mut next = held.map_or_else(
        || service::Model {
            hsds_id: Some(record.hsds_id.clone()),
            ..service_store::blank(organization_id, now)
        },
        |held| held.service.clone(),
    );
    next.organization_id = organization_id;
    in_both(&mut next.name_en, &mut next.name_fr, record.name.clone());
    describe(
        &mut next.description_en,
        &mut next.description_fr,
        &record.description,
    );
    next.status = record.status;
    hear(&mut next.program, &record.program);
    next.offered_in_french |= record.languages.iter().any(|language| language == "fra");
    hear(&mut next.url, &record.url);
    hear(&mut next.email, &record.email);
    hear(&mut next.phone, &record.phone);
    hear(
        &mut next.eligibility_description,
        &record.eligibility_description,
    );
    hear(&mut next.application_process, &record.application_process);
    hear(&mut next.fees_description, &record.fees_description);
    hear(&mut next.minimum_age, &record.minimum_age);
    hear(&mut next.maximum_age, &record.maximum_age);
    next.search = service_store::search_words(&next);
    next
}

/// The row of a location as the input has it. One that is confidential stays so, whatever a file says.
fn location_of(
    record: &LocationRecord,
    held: Option<&location::Model>,
    organization_id: Option<OrganizationId>,
    now: DateTime<Utc>,
) -> location::Model {
    let mut next = held.cloned().unwrap_or_else(|| location::Model {
        id: LocationId(Uuid::now_v7()),
        organization_id: None,
        name: None,
        description: None,
        transportation: None,
        address_line_1: None,
        address_line_2: None,
        city: None,
        province: None,
        postal_code: None,
        country: None,
        latitude: None,
        longitude: None,
        confidential: false,
        hsds_id: Some(record.hsds_id.clone()),
        created_at: now,
        updated_at: now,
    });
    hear(&mut next.organization_id, &organization_id);
    next.name = Some(record.name.clone());
    hear(&mut next.description, &record.description);
    hear(&mut next.transportation, &record.transportation);
    // An address is one: a second line of the old one under the first of the new one would lead nowhere.
    if let Some(address) = record.address.clone() {
        next.address_line_1 = address.line1;
        next.address_line_2 = address.line2;
        next.city = address.city;
        next.province = address.province;
        next.postal_code = address.postal_code;
        next.country = address.country;
    }
    hear(&mut next.latitude, &record.latitude);
    hear(&mut next.longitude, &record.longitude);
    next.confidential |= record.confidential;
    next
}
