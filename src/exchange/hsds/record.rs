//! What the reader hands out: the directory as records of plain values, already checked and bounded, each with its
//! place in the input. No HSDS spelling is left in here, and nothing of our database either.
use chrono::{DateTime, Utc};
use entity::{NeedCategory, Program, ServiceStatus};

use super::place::Place;

/// An organization of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct OrganizationRecord {
    pub place: Place,
    pub hsds_id: String,
    pub name: String,
    pub alternate_name: Option<String>,
    pub description: Option<String>,
    pub email: Option<String>,
    pub website: Option<String>,
    pub phone: Option<String>,
    pub uri: Option<String>,
    pub year_incorporated: Option<i32>,
    pub legal_status: Option<String>,
    /// Scheme and value, in the order of the input, each pair once.
    pub identifiers: Vec<(String, String)>,
    /// The id of the organization that this one is part of.
    pub parent: Option<String>,
}

/// A service of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRecord {
    pub place: Place,
    pub hsds_id: String,
    /// The id, in the input, of the organization that provides it.
    pub organization_id: String,
    pub name: String,
    pub alternate_name: Option<String>,
    pub description: Option<String>,
    pub url: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub status: ServiceStatus,
    pub interpretation_services: Option<String>,
    pub application_process: Option<String>,
    pub fees_description: Option<String>,
    pub eligibility_description: Option<String>,
    /// In whole years.
    pub minimum_age: Option<i32>,
    /// In whole years.
    pub maximum_age: Option<i32>,
    pub alert: Option<String>,
    /// ISO 639-3, each once, in alphabetical order.
    pub languages: Vec<String>,
    /// The names of the areas served, each once, in the order of the input.
    pub service_areas: Vec<String>,
    pub capacity: Option<CapacityRecord>,
    /// What the taxonomy terms of the service stand for here, each once, in the order of the codes.
    pub categories: Vec<NeedCategory>,
    pub last_modified: Option<DateTime<Utc>>,
    pub program: Option<Program>,
}

/// How many more a service can take, when it last said so.
#[derive(Clone, Debug, PartialEq)]
pub struct CapacityRecord {
    /// What is counted: beds, seats, people.
    pub unit: Option<String>,
    pub available: i32,
    pub maximum: Option<i32>,
    pub updated: Option<DateTime<Utc>>,
}

/// A location of the input.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationRecord {
    pub place: Place,
    pub hsds_id: String,
    pub organization_id: Option<String>,
    /// HSDS does not require one: else the alternate name, else the first line of the address.
    pub name: String,
    pub alternate_name: Option<String>,
    pub description: Option<String>,
    pub transportation: Option<String>,
    /// In degrees; present exactly when the longitude is.
    pub latitude: Option<f64>,
    /// In degrees; present exactly when the latitude is.
    pub longitude: Option<f64>,
    pub location_type: Option<String>,
    pub address: Option<AddressRecord>,
    /// HSDS has no such field: false. Who imports decides, never a file.
    pub confidential: bool,
}

/// Where a location is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AddressRecord {
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub city: Option<String>,
    pub province: Option<String>,
    pub postal_code: Option<String>,
    pub country: Option<String>,
}

/// That a service is delivered at a location.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceAtLocationRecord {
    pub place: Place,
    pub hsds_id: String,
    /// The id of the service in the input.
    pub service_id: String,
    /// The id of the location in the input.
    pub location_id: String,
    pub description: Option<String>,
}
