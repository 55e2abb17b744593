//! The rows of all files put together: each row is read as what it is, sightings of one id are merged, and when all
//! are in, the parts are attached and the records given out. References between records are checked later, by whoever
//! knows what exists besides the input.
use std::collections::HashMap;

use entity::{Program, ServiceStatus};
use serde_json::{Map, Value};

use super::{
    Directory, Kind, Place, codes,
    drafts::{self, LocationDraft, ServiceDraft, Table},
    fields::{Fields, id_of},
    notes::Notes,
    parts::{Owners, Part, Parts},
    record::{
        CapacityRecord, LocationRecord, OrganizationRecord, ServiceAtLocationRecord, ServiceRecord,
    },
    report::{ReferenceKind, RejectReason, SkipReason, Warning, WarningReason},
};

/// How many areas a service, or identifiers an organization, may have.
const MAXIMUM_PARTS: usize = 1_000;

/// What has been read until now.
#[derive(Default)]
pub(super) struct Assembly {
    pub(super) notes: Notes,
    organizations: Table<OrganizationRecord>,
    services: Table<ServiceDraft>,
    locations: Table<LocationDraft>,
    services_at_locations: Table<ServiceAtLocationRecord>,
    parts: Parts,
}

impl Assembly {
    /// Reads a row. The weight is how much its object says, nested ones included.
    pub(super) fn row(&mut self, kind: Kind, place: Place, weight: usize, row: Map<String, Value>) {
        let id = id_of(&row);
        let mut fields = Fields::new(kind, place, row);
        match self.read(weight, &mut fields) {
            Ok(conflicts) => {
                for field in conflicts {
                    fields.warn(field, WarningReason::Conflict);
                }
                self.notes.take_over(fields);
            }
            Err(reason) => self.notes.reject(fields.place, kind, id, reason),
        }
    }

    fn read(
        &mut self,
        weight: usize,
        fields: &mut Fields,
    ) -> Result<Vec<&'static str>, RejectReason> {
        let read = match fields.kind {
            Kind::Organization => {
                return Ok(self
                    .organizations
                    .put(drafts::organization(fields)?, weight));
            }
            Kind::Service => return Ok(self.services.put(drafts::service(fields)?, weight)),
            Kind::Location => return Ok(self.locations.put(drafts::location(fields)?, weight)),
            Kind::ServiceAtLocation => {
                return Ok(self
                    .services_at_locations
                    .put(drafts::service_at_location(fields)?, weight));
            }
            Kind::Address => self.parts.address(fields),
            Kind::Phone => self.parts.phone(fields),
            Kind::Language => self.parts.language(fields),
            Kind::ServiceArea => self.parts.area(fields),
            Kind::ServiceCapacity => self.parts.capacity(fields),
            Kind::OrganizationIdentifier => self.parts.identifier(fields),
            Kind::Attribute => self.parts.attribute(fields),
            Kind::Unit => self.parts.unit(fields),
            Kind::Program => self.parts.program(fields),
            Kind::TaxonomyTerm => {
                self.notes
                    .skip(&fields.place, fields.kind, SkipReason::ForCategories, 1);
                self.parts.term(fields)
            }
            Kind::Taxonomy
            | Kind::Contact
            | Kind::Schedule
            | Kind::Accessibility
            | Kind::CostOption
            | Kind::Funding
            | Kind::RequiredDocument
            | Kind::Url
            | Kind::Metadata
            | Kind::TableDescription
            | Kind::Version
            | Kind::DataPackage
            | Kind::Unknown => {
                self.notes
                    .skip(&fields.place, fields.kind, SkipReason::NotImported, 1);
                Ok(())
            }
        };
        read.map(|()| Vec::new())
    }

    /// Gives out what was read.
    pub(super) fn finish(mut self) -> Directory {
        self.attach_addresses();
        self.attach_phones();
        self.attach_service_parts();
        self.attach_capacities();
        self.attach_identifiers();
        self.attach_terms();
        let programs = self.parts.programs;
        let mut services = Vec::new();
        for draft in self.services.into_rows() {
            services.extend(finished_service(draft, &programs, &mut self.notes));
        }
        let mut locations = Vec::new();
        for draft in self.locations.into_rows() {
            locations.extend(finished_location(draft, &mut self.notes));
        }
        Directory {
            organizations: self.organizations.into_rows().collect(),
            services,
            locations,
            services_at_locations: self.services_at_locations.into_rows().collect(),
            skipped: self.notes.skipped(),
            rejected: self.notes.rejected,
            warnings: self.notes.warnings,
            unread_fields: self.notes.unread_fields,
        }
    }

    fn attach_addresses(&mut self) {
        for part in std::mem::take(&mut self.parts.addresses) {
            let location = part
                .owners
                .location
                .as_deref()
                .and_then(|id| self.locations.get_mut(id));
            let Some(location) = location else {
                orphan(&mut self.notes, Kind::Address, part);
                continue;
            };
            if location
                .address_rank
                .is_none_or(|rank| part.value.rank < rank)
            {
                location.address_rank = Some(part.value.rank);
                location.record.address = Some(part.value.record);
            }
        }
    }

    /// The first of the kind that suits best: a voice line before a cell phone, a fax only where there is nothing else.
    fn attach_phones(&mut self) {
        let mut phones = std::mem::take(&mut self.parts.phones);
        phones.sort_by_key(|part| part.value.rank);
        for part in phones {
            let organization = part.owners.organization.as_deref();
            let service = part.owners.service.as_deref();
            let organization = organization.and_then(|id| self.organizations.get_mut(id));
            let service = service.and_then(|id| self.services.get_mut(id));
            if organization.is_none() && service.is_none() {
                orphan(&mut self.notes, Kind::Phone, part);
                continue;
            }
            if let Some(organization) = organization {
                organization
                    .phone
                    .get_or_insert_with(|| part.value.number.clone());
            }
            if let Some(service) = service {
                service.record.phone.get_or_insert(part.value.number);
            }
        }
    }

    fn attach_service_parts(&mut self) {
        for part in std::mem::take(&mut self.parts.languages) {
            match service_of(&mut self.services, &part.owners) {
                Some(service) => service.record.languages.push(part.value.to_owned()),
                None => orphan(&mut self.notes, Kind::Language, part),
            }
        }
        for part in std::mem::take(&mut self.parts.areas) {
            match service_of(&mut self.services, &part.owners) {
                Some(service) => {
                    let areas = &mut service.record.service_areas;
                    push_once(areas, part, "name", Kind::ServiceArea, &mut self.notes);
                }
                None => orphan(&mut self.notes, Kind::ServiceArea, part),
            }
        }
    }

    /// A service may count several things; matching asks for one number, so the latest counts.
    fn attach_capacities(&mut self) {
        for part in std::mem::take(&mut self.parts.capacities) {
            let unit_id = part.value.unit_id.as_deref();
            let unit = unit_id.and_then(|id| self.parts.units.get(id)).cloned();
            let mut warnings = Vec::new();
            if unit.is_none() && unit_id.is_some() {
                warnings.push(("unit_id", WarningReason::Unresolved));
            }
            let Some(service) = service_of(&mut self.services, &part.owners) else {
                orphan(&mut self.notes, Kind::ServiceCapacity, part);
                continue;
            };
            let capacity = CapacityRecord {
                unit,
                available: part.value.available,
                maximum: part.value.maximum,
                updated: part.value.updated,
            };
            if service
                .record
                .capacity
                .as_ref()
                .is_some_and(|known| *known != capacity)
            {
                warnings.push(("updated", WarningReason::Several));
            }
            let known = service.record.capacity.as_ref();
            if known.is_none_or(|known| capacity.updated > known.updated) {
                service.record.capacity = Some(capacity);
            }
            for (field, reason) in warnings {
                self.notes.warn(Warning {
                    place: part.place.clone(),
                    kind: Kind::ServiceCapacity,
                    id: part.id.clone(),
                    field: Some(field),
                    reason,
                });
            }
        }
    }

    fn attach_identifiers(&mut self) {
        for part in std::mem::take(&mut self.parts.identifiers) {
            let organization = part.owners.organization.as_deref();
            match organization.and_then(|id| self.organizations.get_mut(id)) {
                Some(organization) => {
                    let identifiers = &mut organization.identifiers;
                    push_once(
                        identifiers,
                        part,
                        "identifier",
                        Kind::OrganizationIdentifier,
                        &mut self.notes,
                    );
                }
                None => orphan(&mut self.notes, Kind::OrganizationIdentifier, part),
            }
        }
    }

    /// A term may be put on anything; those on services tell what they are for.
    fn attach_terms(&mut self) {
        for attribute in std::mem::take(&mut self.parts.attributes) {
            let Some(service) = self.services.get_mut(&attribute.owner) else {
                continue;
            };
            let terms = attribute
                .term_id
                .as_ref()
                .and_then(|id| self.parts.terms.get(id));
            let texts: Vec<&String> = terms
                .into_iter()
                .flatten()
                .chain(attribute.value.iter())
                .collect();
            if texts.iter().any(|text| codes::is_population_code(text)) {
                continue;
            }
            for text in texts {
                service.record.categories.extend(codes::categories(text));
                service.record.program = service
                    .record
                    .program
                    .or_else(|| text.parse::<Program>().ok());
            }
        }
    }
}

fn service_of<'a>(
    services: &'a mut Table<ServiceDraft>,
    owners: &Owners,
) -> Option<&'a mut ServiceDraft> {
    services.get_mut(owners.service.as_deref()?)
}

/// Reports a part whose owner is not in the input. What belongs to something refused was reported with it.
fn orphan<T>(notes: &mut Notes, kind: Kind, part: Part<T>) {
    let Owners {
        organization,
        service,
        location,
        elsewhere,
    } = part.owners;
    let owner = [
        (ReferenceKind::Service, service),
        (ReferenceKind::Organization, organization),
        (ReferenceKind::Location, location),
    ]
    .into_iter()
    .find_map(|(reference, id)| Some((reference, id?)));
    let Some((reference, id)) = owner else {
        return;
    };
    if elsewhere || notes.is_refused(reference.kind(), &id) {
        return;
    }
    let reason = RejectReason::Unresolved {
        field: reference.field(),
        reference,
        id,
    };
    notes.reject(part.place, kind, part.id, reason);
}

fn finished_service(
    draft: ServiceDraft,
    programs: &HashMap<String, Vec<String>>,
    notes: &mut Notes,
) -> Option<ServiceRecord> {
    let mut record = draft.record;
    let id = Some(record.hsds_id.clone());
    let Some(organization_id) = draft.organization_id else {
        notes.reject(
            record.place,
            Kind::Service,
            id,
            RejectReason::NoOrganization,
        );
        return None;
    };
    record.organization_id = organization_id;
    record.status = draft.status.unwrap_or_else(|| {
        notes.warn(Warning {
            place: record.place.clone(),
            kind: Kind::Service,
            id,
            field: Some("status"),
            reason: WarningReason::Assumed,
        });
        ServiceStatus::Active
    });
    let names = draft.program_id.and_then(|id| programs.get(&id));
    let named = names
        .into_iter()
        .flatten()
        .find_map(|name| codes::program(name));
    record.program = named.or(record.program);
    record.languages.sort_unstable();
    record.languages.dedup();
    record.categories.sort_unstable();
    record.categories.dedup();
    Some(record)
}

fn finished_location(draft: LocationDraft, notes: &mut Notes) -> Option<LocationRecord> {
    let mut record = draft.record;
    let line = record
        .address
        .as_ref()
        .and_then(|address| address.line1.clone());
    let Some(name) = draft
        .name
        .or_else(|| record.alternate_name.clone())
        .or(line)
    else {
        let reason = RejectReason::Missing { field: "name" };
        notes.reject(record.place, Kind::Location, Some(record.hsds_id), reason);
        return None;
    };
    record.name = name;
    Some(record)
}

/// Adds a value to the list of a record, once, as long as there is room; says so where there is none.
fn push_once<T: PartialEq>(
    values: &mut Vec<T>,
    part: Part<T>,
    field: &'static str,
    kind: Kind,
    notes: &mut Notes,
) {
    if values.contains(&part.value) {
        return;
    }
    if values.len() < MAXIMUM_PARTS {
        values.push(part.value);
        return;
    }
    notes.warn(Warning {
        place: part.place,
        kind,
        id: part.id,
        field: Some(field),
        reason: WarningReason::TooMany,
    });
}
