//! The kinds of object that HSDS 3 knows, how files, columns and shapes name them, and which of them hang under which.
//! It reads no values.
use std::fmt;

use entity::Language;
use serde_json::{Map, Value};

/// Declares each kind once: its label in both languages, and the names under which a table or a list may stand.
macro_rules! kinds {
    ($($(#[$meta:meta])* $name:ident = $en:literal, $fr:literal, [$($table:literal),*];)+) => {
        /// A kind of object in the input.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$meta])* $name,)+ }

        impl Kind {
            /// What to call it.
            pub const fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::En) => $en, (Self::$name, Language::Fr) => $fr,)+
                }
            }

            /// The kind whose rows a table of this name holds, singular or plural.
            pub(super) fn of_table(name: &str) -> Option<Self> {
                TABLES.iter().find(|(_, names)| names.contains(&name)).map(|(kind, _)| *kind)
            }
        }

        const TABLES: &[(Kind, &[&str])] = &[$((Kind::$name, &[$($table),*]),)+];
    };
}

kinds! {
    Organization = "organization", "organisme", ["organization", "organizations"];
    Service = "service", "service", ["service", "services"];
    Location = "location", "emplacement", ["location", "locations"];
    ServiceAtLocation = "service at location", "service à un emplacement",
        ["service_at_location", "service_at_locations", "services_at_location", "services_at_locations"];
    Address = "address", "adresse",
        ["address", "addresses", "physical_address", "physical_addresses", "postal_address", "postal_addresses"];
    Phone = "phone", "téléphone", ["phone", "phones"];
    Language = "language", "langue", ["language", "languages"];
    ServiceArea = "service area", "territoire desservi", ["service_area", "service_areas"];
    ServiceCapacity = "service capacity", "capacité d’accueil",
        ["service_capacity", "service_capacities", "capacity", "capacities"];
    Unit = "unit", "unité", ["unit", "units"];
    Attribute = "attribute", "attribut", ["attribute", "attributes"];
    TaxonomyTerm = "taxonomy term", "terme de taxonomie", ["taxonomy_term", "taxonomy_terms"];
    Program = "program", "programme", ["program", "programs"];
    OrganizationIdentifier = "organization identifier", "identifiant d’organisme",
        ["organization_identifier", "organization_identifiers"];
    Taxonomy = "taxonomy", "taxonomie", ["taxonomy", "taxonomies"];
    Contact = "contact", "personne-ressource", ["contact", "contacts"];
    Schedule = "schedule", "horaire",
        ["schedule", "schedules", "regular_schedule", "regular_schedules", "holiday_schedule", "holiday_schedules"];
    Accessibility = "accessibility", "accessibilité", ["accessibility", "accessibilities"];
    CostOption = "cost option", "tarif", ["cost_option", "cost_options"];
    Funding = "funding", "financement", ["funding", "fundings"];
    RequiredDocument = "required document", "document exigé", ["required_document", "required_documents"];
    Url = "web address", "adresse Web", ["url", "urls", "additional_url", "additional_urls"];
    Metadata = "metadata", "métadonnées", ["metadata"];
    TableDescription = "table description", "description de table",
        ["meta_table_description", "meta_table_descriptions"];
    /// The answer of the root of an HSDS API: its version and profile.
    Version = "version information", "version de l’interface", [];
    /// The description of a tabular package.
    DataPackage = "data package description", "description du paquet", ["datapackage"];
    /// A file as a whole, or an object that is none of the others.
    Unknown = "input", "donnée", [];
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text(Language::En))
    }
}

/// How a nested object names its parent, or is named by it.
#[derive(Clone, Copy)]
pub(super) enum Link {
    /// The children are a list; each gets the parent's id in this column.
    Children(&'static str),
    /// There is one, and the parent gets its id in this column.
    One(&'static str),
}

/// What is read of the objects nested in one: the key, the kind, the column of the tabular form that says the same.
/// What is not listed is not read, contact persons above all: they are people, and no directory of ours names them.
const NESTED: &[(Kind, &str, Kind, Link)] = &[
    (
        Kind::Organization,
        "services",
        Kind::Service,
        Link::Children("organization_id"),
    ),
    (
        Kind::Organization,
        "locations",
        Kind::Location,
        Link::Children("organization_id"),
    ),
    (
        Kind::Organization,
        "programs",
        Kind::Program,
        Link::Children("organization_id"),
    ),
    (
        Kind::Organization,
        "phones",
        Kind::Phone,
        Link::Children("organization_id"),
    ),
    (
        Kind::Organization,
        "organization_identifiers",
        Kind::OrganizationIdentifier,
        Link::Children("organization_id"),
    ),
    (
        Kind::Service,
        "organization",
        Kind::Organization,
        Link::One("organization_id"),
    ),
    (
        Kind::Service,
        "program",
        Kind::Program,
        Link::One("program_id"),
    ),
    (
        Kind::Service,
        "phones",
        Kind::Phone,
        Link::Children("service_id"),
    ),
    (
        Kind::Service,
        "languages",
        Kind::Language,
        Link::Children("service_id"),
    ),
    (
        Kind::Service,
        "service_areas",
        Kind::ServiceArea,
        Link::Children("service_id"),
    ),
    (
        Kind::Service,
        "service_at_locations",
        Kind::ServiceAtLocation,
        Link::Children("service_id"),
    ),
    (
        Kind::Service,
        "capacities",
        Kind::ServiceCapacity,
        Link::Children("service_id"),
    ),
    (
        Kind::Service,
        "attributes",
        Kind::Attribute,
        Link::Children("link_id"),
    ),
    (
        Kind::ServiceAtLocation,
        "service",
        Kind::Service,
        Link::One("service_id"),
    ),
    (
        Kind::ServiceAtLocation,
        "location",
        Kind::Location,
        Link::One("location_id"),
    ),
    (
        Kind::Location,
        "addresses",
        Kind::Address,
        Link::Children("location_id"),
    ),
    (
        Kind::ServiceCapacity,
        "unit",
        Kind::Unit,
        Link::One("unit_id"),
    ),
    (
        Kind::Attribute,
        "taxonomy_term",
        Kind::TaxonomyTerm,
        Link::One("taxonomy_term_id"),
    ),
];

impl Kind {
    /// What is read of the objects nested in one of this kind.
    pub(super) fn nested(self) -> impl Iterator<Item = (&'static str, Kind, Link)> {
        NESTED
            .iter()
            .filter(move |(parent, ..)| *parent == self)
            .map(|(_, key, kind, link)| (*key, *kind, *link))
    }

    /// Whether it only serves to say something about another, so that a parent that is refused takes it along.
    pub(super) const fn is_part(self) -> bool {
        !matches!(
            self,
            Self::Organization | Self::Service | Self::Location | Self::ServiceAtLocation
        )
    }

    /// Whether anything is read of it.
    pub(super) const fn is_read(self) -> bool {
        match self {
            Self::Organization
            | Self::Service
            | Self::Location
            | Self::ServiceAtLocation
            | Self::Address
            | Self::Phone
            | Self::Language
            | Self::ServiceArea
            | Self::ServiceCapacity
            | Self::Unit
            | Self::Attribute
            | Self::TaxonomyTerm
            | Self::Program
            | Self::OrganizationIdentifier => true,
            Self::Taxonomy
            | Self::Contact
            | Self::Schedule
            | Self::Accessibility
            | Self::CostOption
            | Self::Funding
            | Self::RequiredDocument
            | Self::Url
            | Self::Metadata
            | Self::TableDescription
            | Self::Version
            | Self::DataPackage
            | Self::Unknown => false,
        }
    }

    /// The kind of a table by the name of its file: folders and extension do not count, nor does case.
    pub(super) fn of_file(file: &str) -> Option<Self> {
        Self::of_table(&stem(file))
    }

    /// The kind of an object by the keys it has, whatever its file is called. Keys that only one kind has come first;
    /// an organization or a taxonomy with nothing but the required fields look alike, and are told apart by nothing.
    pub(super) fn of_shape(object: &Map<String, Value>) -> Option<Self> {
        let is_object = |key| object.get(key).is_some_and(Value::is_object);
        let has = |key: &&str| object.contains_key(*key);
        if is_object("location")
            || (object.contains_key("location_id") && object.contains_key("service_id"))
        {
            return Some(Self::ServiceAtLocation);
        }
        if is_object("service") {
            return Some(Self::ServiceAtLocation);
        }
        SHAPES
            .iter()
            .find(|(_, keys)| keys.iter().any(has))
            .map(|(kind, _)| *kind)
    }

    /// The kind that the name of a JSON file speaks of, for objects whose shape does not tell.
    pub(super) fn hinted_by(file: &str) -> Option<Self> {
        let stem = stem(file);
        [
            ("taxonomy_term", Self::TaxonomyTerm),
            ("taxonom", Self::Taxonomy),
            ("service_at_location", Self::ServiceAtLocation),
            ("organization", Self::Organization),
            ("service", Self::Service),
            ("location", Self::Location),
        ]
        .into_iter()
        .find(|(word, _)| stem.contains(word))
        .map(|(_, kind)| kind)
    }
}

/// Keys that give a kind away, in the order in which they are looked for.
const SHAPES: &[(Kind, &[&str])] = &[
    (Kind::Metadata, &["resource_type", "last_action_type"]),
    (
        Kind::TaxonomyTerm,
        &["taxonomy_detail", "term_uri", "taxonomy", "taxonomy_id"],
    ),
    (
        Kind::Organization,
        &[
            "website",
            "additional_websites",
            "legal_status",
            "tax_status",
            "tax_id",
            "year_incorporated",
            "parent_organization_id",
            "organization_identifiers",
            "services",
            "locations",
            "programs",
            "logo",
        ],
    ),
    (
        Kind::Location,
        &[
            "location_type",
            "latitude",
            "longitude",
            "addresses",
            "accessibility",
            "transportation",
            "external_identifier",
        ],
    ),
    (
        Kind::Service,
        &[
            "status",
            "organization",
            "organization_id",
            "program",
            "program_id",
            "service_areas",
            "service_at_locations",
            "capacities",
            "cost_options",
            "required_documents",
            "interpretation_services",
            "application_process",
            "fees_description",
            "fees",
            "eligibility_description",
            "minimum_age",
            "maximum_age",
            "assured_date",
            "last_modified",
            "wait_time",
        ],
    ),
    (Kind::Version, &["openapi_url", "profile"]),
    (Kind::DataPackage, &["resources"]),
    (Kind::Taxonomy, &["version"]),
    (Kind::TaxonomyTerm, &["parent_id", "code"]),
    (Kind::Organization, &["uri"]),
];

/// The name of a file without folders and extension, in the spelling of the tables.
fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    stem.to_lowercase().replace(['-', ' '], "_")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_known_by_its_file_name_singular_or_plural_in_any_folder() {
        assert_eq!(
            Kind::of_file("package/Service_At_Location.csv"),
            Some(Kind::ServiceAtLocation)
        );
        assert_eq!(Kind::of_file("service-areas.csv"), Some(Kind::ServiceArea));
        assert_eq!(Kind::of_file("a\\addresses.CSV"), Some(Kind::Address));
        assert_eq!(Kind::of_file("budget.csv"), None);
    }

    #[test]
    fn an_object_is_known_by_its_shape() {
        let shape = |value: Value| Kind::of_shape(value.as_object().expect("an object"));
        assert_eq!(
            shape(json!({"id": "1", "status": "active"})),
            Some(Kind::Service)
        );
        assert_eq!(
            shape(json!({"id": "1", "website": null})),
            Some(Kind::Organization)
        );
        assert_eq!(
            shape(json!({"id": "1", "organization_id": "2", "latitude": 1})),
            Some(Kind::Location)
        );
        assert_eq!(
            shape(json!({"id": "1", "location": {}})),
            Some(Kind::ServiceAtLocation)
        );
        assert_eq!(
            shape(json!({"version": "3.0", "openapi_url": "x"})),
            Some(Kind::Version)
        );
        assert_eq!(
            shape(json!({"id": "1", "name": "N", "version": "1"})),
            Some(Kind::Taxonomy)
        );
        assert_eq!(shape(json!({"id": "1", "name": "N"})), None);
    }
}
