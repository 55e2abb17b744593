//! A directory in memory, as it came out of a run, with everything that is to be said about the input. It checks its
//! references when told what exists besides; it writes nothing.
use std::collections::{BTreeMap, HashSet};

use super::{
    Kind, Place,
    record::{LocationRecord, OrganizationRecord, ServiceAtLocationRecord, ServiceRecord},
    report::{ReferenceKind, RejectReason, Rejected, Skipped, Warning, WarningReason},
};

/// What an input holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    pub organizations: Vec<OrganizationRecord>,
    pub services: Vec<ServiceRecord>,
    pub locations: Vec<LocationRecord>,
    pub services_at_locations: Vec<ServiceAtLocationRecord>,
    /// Every record that was not taken.
    pub rejected: Vec<Rejected>,
    /// What was taken otherwise than it stood.
    pub warnings: Vec<Warning>,
    /// What is in order, and of no use here.
    pub skipped: Vec<Skipped>,
    /// The fields and columns that nobody asked for, and on how many objects they stood with a value.
    pub unread_fields: BTreeMap<(Kind, String), u64>,
}

/// What is in the directory itself.
struct Known<'a> {
    here: HashSet<(ReferenceKind, String)>,
    exists: &'a dyn Fn(ReferenceKind, &str) -> bool,
}

impl Known<'_> {
    fn has(&self, kind: ReferenceKind, id: &str) -> bool {
        self.here.contains(&(kind, id.to_owned())) || (self.exists)(kind, id)
    }

    /// The refusal of a record that names something unknown.
    fn check(&self, reference: ReferenceKind, id: &str) -> Result<(), RejectReason> {
        if self.has(reference, id) {
            return Ok(());
        }
        Err(RejectReason::Unresolved {
            field: reference.field(),
            reference,
            id: id.to_owned(),
        })
    }
}

impl Directory {
    /// Whether every reference leads somewhere: into this directory, or to what `exists` besides, by its id in the
    /// input. A service of an unknown organization, and a service at location of which either end is unknown, are
    /// taken out, added to `rejected`, and returned. Where the reference may be absent (the organization of a
    /// location, the parent of an organization) it is left out instead, with a warning.
    pub fn check_references(
        &mut self,
        exists: &dyn Fn(ReferenceKind, &str) -> bool,
    ) -> Vec<Rejected> {
        let mut known = Known {
            here: HashSet::new(),
            exists,
        };
        let before = self.rejected.len();
        for organization in &self.organizations {
            known
                .here
                .insert((ReferenceKind::Organization, organization.hsds_id.clone()));
        }
        self.check_optional(&known);
        let rejected = &mut self.rejected;
        self.services.retain(|service| {
            let check = known.check(ReferenceKind::Organization, &service.organization_id);
            keep(
                check,
                &service.place,
                Kind::Service,
                &service.hsds_id,
                rejected,
            )
        });
        for service in &self.services {
            known
                .here
                .insert((ReferenceKind::Service, service.hsds_id.clone()));
        }
        for location in &self.locations {
            known
                .here
                .insert((ReferenceKind::Location, location.hsds_id.clone()));
        }
        self.services_at_locations.retain(|at| {
            let check = known
                .check(ReferenceKind::Service, &at.service_id)
                .and_then(|()| known.check(ReferenceKind::Location, &at.location_id));
            keep(
                check,
                &at.place,
                Kind::ServiceAtLocation,
                &at.hsds_id,
                rejected,
            )
        });
        self.rejected.get(before..).unwrap_or_default().to_vec()
    }

    /// The first record that was not taken: where an import must be whole or not be at all, the reason to stop.
    /// Warnings, and what is skipped, are none.
    pub fn first_problem(&self) -> Option<&Rejected> {
        self.rejected.first()
    }

    fn check_optional(&mut self, known: &Known<'_>) {
        let is_unknown = |id: &mut String| !known.has(ReferenceKind::Organization, id);
        for location in &mut self.locations {
            if location.organization_id.take_if(is_unknown).is_some() {
                let (place, id) = (location.place.clone(), location.hsds_id.clone());
                self.warnings
                    .push(unresolved(place, Kind::Location, id, "organization_id"));
            }
        }
        for organization in &mut self.organizations {
            if organization.parent.take_if(is_unknown).is_some() {
                let (place, id) = (organization.place.clone(), organization.hsds_id.clone());
                self.warnings.push(unresolved(
                    place,
                    Kind::Organization,
                    id,
                    "parent_organization_id",
                ));
            }
        }
    }
}

fn unresolved(place: Place, kind: Kind, id: String, field: &'static str) -> Warning {
    Warning {
        place,
        kind,
        id: Some(id),
        field: Some(field),
        reason: WarningReason::Unresolved,
    }
}

fn keep(
    check: Result<(), RejectReason>,
    place: &Place,
    kind: Kind,
    id: &str,
    rejected: &mut Vec<Rejected>,
) -> bool {
    let Err(reason) = check else {
        return true;
    };
    rejected.push(Rejected {
        place: place.clone(),
        kind,
        id: Some(id.to_owned()),
        reason,
    });
    false
}
