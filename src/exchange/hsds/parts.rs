//! What hangs on a record: addresses, phones, languages, areas, capacity, identifiers, taxonomy terms. Each is read
//! when its row comes, which may be before its owner's, and kept until all rows are in.
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{
    Place, codes,
    fields::Fields,
    record::AddressRecord,
    report::{ReferenceKind, RejectReason, WarningReason},
};

/// The most that a capacity may be.
const CAPACITY: std::ops::RangeInclusive<i32> = 0..=10_000_000;

/// To whom a part belongs. A tabular row may name several at once.
#[derive(Default)]
pub(super) struct Owners {
    pub(super) organization: Option<String>,
    pub(super) service: Option<String>,
    pub(super) location: Option<String>,
    /// Whether it also belongs to something of which such parts are not kept.
    pub(super) elsewhere: bool,
}

/// A part, its owners, and where it stood.
pub(super) struct Part<T> {
    pub(super) owners: Owners,
    pub(super) place: Place,
    pub(super) id: Option<String>,
    pub(super) value: T,
}

impl<T> Part<T> {
    fn new(fields: &Fields, owners: Owners, value: T) -> Self {
        Self {
            owners,
            place: fields.place.clone(),
            id: fields.id.clone(),
            value,
        }
    }
}

/// An address, and how well its kind suits: the smaller the better.
pub(super) struct Address {
    pub(super) rank: u8,
    pub(super) record: AddressRecord,
}

/// A phone number, and how well its kind suits: the smaller the better.
pub(super) struct Phone {
    pub(super) rank: u8,
    pub(super) number: String,
}

/// A capacity whose unit may stand elsewhere.
pub(super) struct Capacity {
    pub(super) unit_id: Option<String>,
    pub(super) available: i32,
    pub(super) maximum: Option<i32>,
    pub(super) updated: Option<DateTime<Utc>>,
}

/// A taxonomy term put on something.
pub(super) struct Attribute {
    pub(super) owner: String,
    pub(super) term_id: Option<String>,
    pub(super) value: Option<String>,
}

/// All parts of an input.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) addresses: Vec<Part<Address>>,
    pub(super) phones: Vec<Part<Phone>>,
    pub(super) languages: Vec<Part<&'static str>>,
    pub(super) areas: Vec<Part<String>>,
    pub(super) capacities: Vec<Part<Capacity>>,
    pub(super) identifiers: Vec<Part<(String, String)>>,
    pub(super) attributes: Vec<Attribute>,
    /// Id and name.
    pub(super) units: HashMap<String, String>,
    /// Id, and code and name.
    pub(super) terms: HashMap<String, Vec<String>>,
    /// Id and names.
    pub(super) programs: HashMap<String, Vec<String>>,
}

impl Parts {
    pub(super) fn address(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let owners = owner(fields, ReferenceKind::Location)?;
        let rank = match fields.name("address_type")?.as_deref() {
            Some("physical") => 0,
            Some("postal") => 2,
            Some("virtual") => 3,
            _ => 1,
        };
        let record = AddressRecord {
            line1: fields.name("address_1")?,
            line2: fields.name("address_2")?,
            city: fields.name("city")?,
            province: match fields.name("state_province")? {
                Some(province) => Some(province),
                None => fields.name("region")?,
            },
            postal_code: fields.name("postal_code")?,
            country: fields.name("country")?,
        };
        if record == AddressRecord::default() {
            return Err(RejectReason::Missing { field: "address_1" });
        }
        self.addresses
            .push(Part::new(fields, owners, Address { rank, record }));
        Ok(())
    }

    pub(super) fn phone(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        identify(fields)?;
        let others = [
            fields.reference("location_id")?,
            fields.reference("service_at_location_id")?,
            fields.reference("contact_id")?,
        ];
        let owners = Owners {
            organization: fields.reference("organization_id")?,
            service: fields.reference("service_id")?,
            location: None,
            elsewhere: others.iter().any(Option::is_some),
        };
        let rank = match fields
            .name("type")?
            .map(|kind| kind.to_lowercase())
            .as_deref()
        {
            Some("voice") => 0,
            None => 1,
            Some("cell") => 2,
            Some("fax" | "pager") => 9,
            Some(_) => 3,
        };
        let number = fields
            .name("number")?
            .ok_or(RejectReason::Missing { field: "number" })?;
        // Exporters quote numbers, so that a spreadsheet does not take the plus sign for a sum.
        let number = number.trim_matches(['"', '\'', ' ']);
        if number.chars().filter(char::is_ascii_digit).count() < 3 || number.len() > 60 {
            return Err(RejectReason::Invalid { field: "number" });
        }
        let number = match fields.name("extension")? {
            Some(extension) if extension.len() <= 20 => format!("{number} x{extension}"),
            Some(_) => {
                fields.warn("extension", WarningReason::Invalid);
                number.to_owned()
            }
            None => number.to_owned(),
        };
        if owners.organization.is_some() || owners.service.is_some() {
            self.phones
                .push(Part::new(fields, owners, Phone { rank, number }));
        } else if !owners.elsewhere {
            return Err(RejectReason::Missing {
                field: "organization_id",
            });
        }
        Ok(())
    }

    pub(super) fn language(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let owners = service_or_elsewhere(fields, &["location_id", "phone_id"])?;
        let code = fields.name("code")?;
        let name = fields.name("name")?;
        let (field, text) = match (&code, &name) {
            (Some(code), _) => ("code", code),
            (None, Some(name)) => ("name", name),
            (None, None) => return Err(RejectReason::Missing { field: "code" }),
        };
        // Some directories write the name where the code belongs.
        let language = code
            .as_deref()
            .and_then(codes::language_of_code)
            .or_else(|| name.as_deref().and_then(codes::language_of_name))
            .or_else(|| codes::language_of_name(text));
        match language {
            Some(language) if owners.service.is_some() => {
                self.languages.push(Part::new(fields, owners, language))
            }
            Some(_) => {}
            None => fields.warn(field, WarningReason::UnknownLanguage),
        }
        Ok(())
    }

    pub(super) fn area(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let owners = service_or_elsewhere(fields, &["service_at_location_id"])?;
        let name = match fields.name("name")? {
            Some(name) => name,
            // A boundary is no name; a list of places that only the description has may be.
            None => fields
                .name("description")?
                .ok_or(RejectReason::Missing { field: "name" })?,
        };
        if owners.service.is_some() {
            self.areas.push(Part::new(fields, owners, name));
        }
        Ok(())
    }

    pub(super) fn capacity(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let owners = owner(fields, ReferenceKind::Service)?;
        let unit_id = fields.reference("unit_id")?;
        let available = fields.required_whole("available", CAPACITY)?;
        let mut maximum = fields.whole("maximum", CAPACITY)?;
        if maximum.is_some_and(|maximum| maximum < available) {
            fields.warn("maximum", WarningReason::OutOfRange);
            maximum = None;
        }
        let capacity = Capacity {
            unit_id,
            available,
            maximum,
            updated: fields.moment("updated")?,
        };
        self.capacities.push(Part::new(fields, owners, capacity));
        Ok(())
    }

    pub(super) fn identifier(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let owners = owner(fields, ReferenceKind::Organization)?;
        let kind = fields.name("identifier_type")?;
        let scheme = fields
            .name("identifier_scheme")?
            .or(kind)
            .ok_or(RejectReason::Missing {
                field: "identifier_scheme",
            })?;
        let value = fields.name("identifier")?.ok_or(RejectReason::Missing {
            field: "identifier",
        })?;
        self.identifiers
            .push(Part::new(fields, owners, (scheme, value)));
        Ok(())
    }

    pub(super) fn attribute(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        identify(fields)?;
        let owner = fields
            .reference("link_id")?
            .ok_or(RejectReason::Missing { field: "link_id" })?;
        let term_id = fields.reference("taxonomy_term_id")?;
        let value = fields.description("value")?;
        // Whom a service is for, or what it costs, is put on it in the same way as what it does.
        let link = fields.name("link_type")?.unwrap_or_default().to_lowercase();
        let is_about_need = !["eligib", "audience", "population", "cost"]
            .iter()
            .any(|word| link.contains(word));
        let denies = ["no", "non", "false", "0"];
        let is_denied = value
            .as_deref()
            .is_some_and(|value| denies.contains(&value.to_lowercase().as_str()));
        if is_about_need && !is_denied {
            self.attributes.push(Attribute {
                owner,
                term_id,
                value,
            });
        }
        Ok(())
    }

    pub(super) fn unit(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let id = fields.own_id()?;
        let name = match fields.name("name")? {
            Some(name) => name,
            None => fields
                .name("identifier")?
                .ok_or(RejectReason::Missing { field: "name" })?,
        };
        self.units.insert(id, name);
        Ok(())
    }

    pub(super) fn term(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let id = fields.own_id()?;
        let texts = [fields.name("code")?, fields.name("name")?];
        self.terms.insert(id, texts.into_iter().flatten().collect());
        Ok(())
    }

    pub(super) fn program(&mut self, fields: &mut Fields) -> Result<(), RejectReason> {
        let id = fields.own_id()?;
        let texts = [fields.name("name")?, fields.name("alternate_name")?];
        self.programs
            .insert(id, texts.into_iter().flatten().collect());
        Ok(())
    }
}

/// A part's own id serves to name it in reports only: it may be absent.
fn identify(fields: &mut Fields) -> Result<(), RejectReason> {
    fields.id = fields.reference("id")?;
    Ok(())
}

/// The one owner that a part of this kind has.
fn owner(fields: &mut Fields, kind: ReferenceKind) -> Result<Owners, RejectReason> {
    identify(fields)?;
    let field = kind.field();
    let id = fields
        .reference(field)?
        .ok_or(RejectReason::Missing { field })?;
    let mut owners = Owners::default();
    match kind {
        ReferenceKind::Organization => owners.organization = Some(id),
        ReferenceKind::Service => owners.service = Some(id),
        ReferenceKind::Location => owners.location = Some(id),
    }
    Ok(owners)
}

/// The service that has the part, unless only something else does.
fn service_or_elsewhere(
    fields: &mut Fields,
    others: &[&'static str],
) -> Result<Owners, RejectReason> {
    identify(fields)?;
    let mut owners = Owners {
        service: fields.reference("service_id")?,
        ..Owners::default()
    };
    for other in others {
        owners.elsewhere |= fields.reference(other)?.is_some();
    }
    if owners.service.is_none() && !owners.elsewhere {
        return Err(RejectReason::Missing {
            field: "service_id",
        });
    }
    Ok(owners)
}
