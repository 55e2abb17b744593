//! The four records as they are read row by row, before everything about them is known, and how two sightings of the
//! same id become one. What hangs on a record (phones, addresses, languages …) is attached elsewhere.
use std::collections::HashMap;

use entity::ServiceStatus;

use super::{
    codes,
    fields::Fields,
    record::{LocationRecord, OrganizationRecord, ServiceAtLocationRecord, ServiceRecord},
    report::{RejectReason, WarningReason},
};

/// Ages that a service may ask for.
const AGES: std::ops::RangeInclusive<i32> = 0..=150;
/// Years in which an organization may have been founded.
const YEARS: std::ops::RangeInclusive<i32> = 1000..=2999;

/// Something that may be seen in several places under one id.
pub(super) trait Sighting: Sized {
    fn id(&self) -> &str;

    /// Takes over what another sighting knows. Where both know something else, the stronger one counts, and the field
    /// is in the answer.
    fn absorb(&mut self, other: Self, stronger: bool) -> Vec<&'static str>;
}

/// What was seen of one kind, in the order of the first sightings.
pub(super) struct Table<T> {
    rows: Vec<(usize, T)>,
    index: HashMap<String, usize>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            index: HashMap::new(),
        }
    }
}

impl<T: Sighting> Table<T> {
    /// Puts a sighting in: the weight is how much it says. The answer is in which fields it differs from earlier ones.
    pub(super) fn put(&mut self, sighting: T, weight: usize) -> Vec<&'static str> {
        let known = self
            .index
            .get(sighting.id())
            .and_then(|index| self.rows.get_mut(*index));
        if let Some((known_weight, known)) = known {
            let stronger = weight > *known_weight;
            *known_weight = weight.max(*known_weight);
            return known.absorb(sighting, stronger);
        }
        self.index.insert(sighting.id().to_owned(), self.rows.len());
        self.rows.push((weight, sighting));
        Vec::new()
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let index = self.index.get(id)?;
        self.rows.get_mut(*index).map(|(_, row)| row)
    }

    pub(super) fn into_rows(self) -> impl Iterator<Item = T> {
        self.rows.into_iter().map(|(_, row)| row)
    }
}

/// Takes over one field. Answers whether the two differ.
fn absorb<T: PartialEq>(mine: &mut Option<T>, other: Option<T>, stronger: bool) -> bool {
    let Some(other) = other else {
        return false;
    };
    let differs = mine.as_ref().is_some_and(|mine| *mine != other);
    if mine.is_none() || (differs && stronger) {
        *mine = Some(other);
    }
    differs
}

/// Takes over a field that is always there. Answers whether the two differ.
fn absorb_required<T: PartialEq>(mine: &mut T, other: T, stronger: bool) -> bool {
    let differs = *mine != other;
    if differs && stronger {
        *mine = other;
    }
    differs
}

/// Takes over the listed optional fields, and notes the name of each that differs.
macro_rules! absorb_fields {
    ($mine:expr, $other:expr, $stronger:expr, $conflicts:ident, [$($field:ident),+ $(,)?]) => {$(
        if absorb(&mut $mine.$field, $other.$field, $stronger) {
            $conflicts.push(stringify!($field));
        }
    )+};
}

impl Sighting for OrganizationRecord {
    fn id(&self) -> &str {
        &self.hsds_id
    }

    fn absorb(&mut self, other: Self, stronger: bool) -> Vec<&'static str> {
        let mut conflicts = Vec::new();
        if absorb_required(&mut self.name, other.name, stronger) {
            conflicts.push("name");
        }
        if absorb(&mut self.parent, other.parent, stronger) {
            conflicts.push("parent_organization_id");
        }
        absorb_fields!(
            self,
            other,
            stronger,
            conflicts,
            [
                alternate_name,
                description,
                email,
                website,
                uri,
                year_incorporated,
                legal_status,
            ]
        );
        if stronger {
            self.place = other.place;
        }
        conflicts
    }
}

/// Reads an organization.
pub(super) fn organization(fields: &mut Fields) -> Result<OrganizationRecord, RejectReason> {
    Ok(OrganizationRecord {
        place: fields.place.clone(),
        hsds_id: fields.own_id()?,
        name: fields
            .name("name")?
            .ok_or(RejectReason::Missing { field: "name" })?,
        alternate_name: fields.name("alternate_name")?,
        description: fields.description("description")?,
        email: fields.email("email")?,
        // HSDS 2 and some exporters of 3 call it `url`.
        website: match fields.page("website")? {
            Some(website) => Some(website),
            None => fields.page("url")?,
        },
        phone: None,
        uri: fields.uri("uri")?,
        year_incorporated: fields.whole("year_incorporated", YEARS)?,
        legal_status: fields.name("legal_status")?,
        identifiers: Vec::new(),
        parent: fields.reference("parent_organization_id")?,
    })
}

/// A service of which some sighting may yet tell more.
pub(super) struct ServiceDraft {
    pub(super) record: ServiceRecord,
    /// In the record once it is known to exist.
    pub(super) organization_id: Option<String>,
    /// In the record once it is known, or assumed.
    pub(super) status: Option<ServiceStatus>,
    pub(super) program_id: Option<String>,
}

impl Sighting for ServiceDraft {
    fn id(&self) -> &str {
        &self.record.hsds_id
    }

    fn absorb(&mut self, other: Self, stronger: bool) -> Vec<&'static str> {
        let mut conflicts = Vec::new();
        if absorb_required(&mut self.record.name, other.record.name, stronger) {
            conflicts.push("name");
        }
        absorb_fields!(
            self,
            other,
            stronger,
            conflicts,
            [organization_id, status, program_id]
        );
        absorb_fields!(
            self.record,
            other.record,
            stronger,
            conflicts,
            [
                alternate_name,
                description,
                url,
                email,
                interpretation_services,
                application_process,
                fees_description,
                eligibility_description,
                minimum_age,
                maximum_age,
                alert,
                last_modified,
            ]
        );
        if stronger {
            self.record.place = other.record.place;
        }
        conflicts
    }
}

/// Reads a service.
pub(super) fn service(fields: &mut Fields) -> Result<ServiceDraft, RejectReason> {
    let hsds_id = fields.own_id()?;
    let name = fields
        .name("name")?
        .ok_or(RejectReason::Missing { field: "name" })?;
    let status = match fields.name("status")? {
        Some(text) => Some(codes::status(&text).ok_or(RejectReason::Invalid { field: "status" })?),
        None => None,
    };
    let (minimum_age, maximum_age) = ages(fields)?;
    Ok(ServiceDraft {
        organization_id: fields.reference("organization_id")?,
        status,
        program_id: fields.reference("program_id")?,
        record: ServiceRecord {
            place: fields.place.clone(),
            hsds_id,
            organization_id: String::new(),
            name,
            alternate_name: fields.name("alternate_name")?,
            description: fields.description("description")?,
            url: fields.page("url")?,
            email: fields.email("email")?,
            phone: None,
            status: ServiceStatus::Active,
            interpretation_services: fields.description("interpretation_services")?,
            application_process: fields.description("application_process")?,
            // `fees` is what HSDS 2 called it, and 3 still carries it.
            fees_description: match fields.description("fees_description")? {
                Some(fees) => Some(fees),
                None => fields.description("fees")?,
            },
            eligibility_description: fields.description("eligibility_description")?,
            minimum_age,
            maximum_age,
            alert: fields.description("alert")?,
            languages: Vec::new(),
            service_areas: Vec::new(),
            capacity: None,
            categories: Vec::new(),
            last_modified: fields.moment("last_modified")?,
            program: None,
        },
    })
}

/// The ages a service is for. A range that nobody falls into is left out as a whole.
fn ages(fields: &mut Fields) -> Result<(Option<i32>, Option<i32>), RejectReason> {
    let minimum = fields.whole("minimum_age", AGES)?;
    let maximum = fields.whole("maximum_age", AGES)?;
    if let (Some(minimum), Some(maximum)) = (minimum, maximum)
        && minimum > maximum
    {
        fields.warn("minimum_age", WarningReason::OutOfRange);
        fields.warn("maximum_age", WarningReason::OutOfRange);
        return Ok((None, None));
    }
    Ok((minimum, maximum))
}

/// A location of which some sighting may yet tell more.
pub(super) struct LocationDraft {
    pub(super) record: LocationRecord,
    /// In the record once it is known, or taken from elsewhere.
    pub(super) name: Option<String>,
    /// The kind of the address it has, the best first.
    pub(super) address_rank: Option<u8>,
}

impl Sighting for LocationDraft {
    fn id(&self) -> &str {
        &self.record.hsds_id
    }

    fn absorb(&mut self, other: Self, stronger: bool) -> Vec<&'static str> {
        let mut conflicts = Vec::new();
        if absorb(&mut self.name, other.name, stronger) {
            conflicts.push("name");
        }
        absorb_fields!(
            self.record,
            other.record,
            stronger,
            conflicts,
            [
                organization_id,
                alternate_name,
                description,
                transportation,
                latitude,
                longitude,
                location_type,
            ]
        );
        if stronger {
            self.record.place = other.record.place;
        }
        conflicts
    }
}

/// Reads a location.
pub(super) fn location(fields: &mut Fields) -> Result<LocationDraft, RejectReason> {
    let hsds_id = fields.own_id()?;
    let name = fields.name("name")?;
    let point = point(fields)?;
    Ok(LocationDraft {
        name,
        address_rank: None,
        record: LocationRecord {
            place: fields.place.clone(),
            hsds_id,
            organization_id: fields.reference("organization_id")?,
            name: String::new(),
            alternate_name: fields.name("alternate_name")?,
            description: fields.description("description")?,
            transportation: fields.description("transportation")?,
            latitude: point.map(|(latitude, _)| latitude),
            longitude: point.map(|(_, longitude)| longitude),
            location_type: fields.name("location_type")?,
            address: None,
            confidential: false,
        },
    })
}

/// Where a location is. One coordinate without the other is no point, nor is one that is not on the globe.
fn point(fields: &mut Fields) -> Result<Option<(f64, f64)>, RejectReason> {
    let latitude = coordinate(fields, "latitude", 90.0)?;
    let longitude = coordinate(fields, "longitude", 180.0)?;
    match (latitude, longitude) {
        (Some(latitude), Some(longitude)) => return Ok(Some((latitude, longitude))),
        (Some(_), None) => fields.warn("latitude", WarningReason::Incomplete),
        (None, Some(_)) => fields.warn("longitude", WarningReason::Incomplete),
        (None, None) => {}
    }
    Ok(None)
}

fn coordinate(
    fields: &mut Fields,
    field: &'static str,
    most: f64,
) -> Result<Option<f64>, RejectReason> {
    let degrees = fields.number(field)?;
    if degrees.is_some_and(|degrees| degrees.abs() > most) {
        fields.warn(field, WarningReason::OutOfRange);
        return Ok(None);
    }
    Ok(degrees)
}

impl Sighting for ServiceAtLocationRecord {
    fn id(&self) -> &str {
        &self.hsds_id
    }

    fn absorb(&mut self, other: Self, stronger: bool) -> Vec<&'static str> {
        let mut conflicts = Vec::new();
        if absorb_required(&mut self.service_id, other.service_id, stronger) {
            conflicts.push("service_id");
        }
        if absorb_required(&mut self.location_id, other.location_id, stronger) {
            conflicts.push("location_id");
        }
        absorb_fields!(self, other, stronger, conflicts, [description]);
        if stronger {
            self.place = other.place;
        }
        conflicts
    }
}

/// Reads that a service is delivered at a location.
pub(super) fn service_at_location(
    fields: &mut Fields,
) -> Result<ServiceAtLocationRecord, RejectReason> {
    Ok(ServiceAtLocationRecord {
        place: fields.place.clone(),
        hsds_id: fields.own_id()?,
        service_id: fields
            .reference("service_id")?
            .ok_or(RejectReason::Missing {
                field: "service_id",
            })?,
        location_id: fields
            .reference("location_id")?
            .ok_or(RejectReason::Missing {
                field: "location_id",
            })?,
        description: fields.description("description")?,
    })
}
