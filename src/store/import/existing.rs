//! What the database holds of an input, loaded in bounded lookups. It reads and changes nothing.
use std::collections::{BTreeSet, HashMap, HashSet};

use entity::{
    NeedCategory, ServiceId, location, organization, service, service_at_location,
    service_capacity, service_category, service_language,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{LockType, Value},
};

use crate::{
    error::Result,
    exchange::hsds::{Directory, Kind, RejectReason, Rejected},
};

/// Both databases bound the parameters of one statement.
const LOOKUP: usize = 1_000;

/// A service with what stands in tables of its own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) service: service::Model,
    pub(super) categories: BTreeSet<NeedCategory>,
    pub(super) languages: BTreeSet<String>,
    pub(super) capacity: Option<service_capacity::Model>,
}

/// What is there already, by HSDS id.
#[derive(Default)]
pub(super) struct Existing {
    pub(super) organizations: HashMap<String, organization::Model>,
    /// The ids of the input that are codes of organizations, with the HSDS id of each.
    codes: HashMap<String, Option<String>>,
    pub(super) services: HashMap<String, Held>,
    pub(super) locations: HashMap<String, location::Model>,
    /// Those of the input, and all others of its services.
    pub(super) services_at_locations: Vec<service_at_location::Model>,
}

impl Existing {
    /// Loads what `directory` names. The rows stay locked until the transaction ends: nothing is lost that somebody
    /// else changes meanwhile.
    pub(super) async fn load(
        transaction: &DatabaseTransaction,
        directory: &Directory,
    ) -> Result<Self> {
        let mut existing = Self::default();
        existing.load_organizations(transaction, directory).await?;
        existing.load_services(transaction, directory).await?;
        let named = directory
            .locations
            .iter()
            .map(|location| &location.hsds_id)
            .chain(
                directory
                    .services_at_locations
                    .iter()
                    .map(|at| &at.location_id),
            );
        let rows =
            rows_of::<location::Entity>(transaction, location::Column::HsdsId, each_once(named))
                .await?;
        for row in rows {
            if let Some(id) = row.hsds_id.clone() {
                existing.locations.insert(id, row);
            }
        }
        existing.load_places(transaction, directory).await?;
        Ok(existing)
    }

    async fn load_organizations(
        &mut self,
        transaction: &DatabaseTransaction,
        directory: &Directory,
    ) -> Result<()> {
        use organization::{Column, Entity};
        let own = || directory.organizations.iter().map(|one| &one.hsds_id);
        let parents = directory.organizations.iter().flat_map(|one| &one.parent);
        let of_services = directory.services.iter().map(|one| &one.organization_id);
        let of_locations = directory
            .locations
            .iter()
            .flat_map(|one| &one.organization_id);
        let named = each_once(own().chain(parents).chain(of_services).chain(of_locations));
        for row in rows_of::<Entity>(transaction, Column::HsdsId, named).await? {
            if let Some(id) = row.hsds_id.clone() {
                self.organizations.insert(id, row);
            }
        }
        for row in rows_of::<Entity>(transaction, Column::Code, each_once(own())).await? {
            self.codes.insert(row.code, row.hsds_id);
        }
        Ok(())
    }

    async fn load_services(
        &mut self,
        transaction: &DatabaseTransaction,
        directory: &Directory,
    ) -> Result<()> {
        let named = directory.services.iter().map(|one| &one.hsds_id).chain(
            directory
                .services_at_locations
                .iter()
                .map(|at| &at.service_id),
        );
        let rows =
            rows_of::<service::Entity>(transaction, service::Column::HsdsId, each_once(named))
                .await?;
        let ids: Vec<ServiceId> = rows.iter().map(|row| row.id).collect();
        let mut categories: HashMap<ServiceId, BTreeSet<NeedCategory>> = HashMap::new();
        let column = service_category::Column::ServiceId;
        for row in rows_of::<service_category::Entity>(transaction, column, ids.clone()).await? {
            categories
                .entry(row.service_id)
                .or_default()
                .insert(row.category);
        }
        let mut languages: HashMap<ServiceId, BTreeSet<String>> = HashMap::new();
        let column = service_language::Column::ServiceId;
        for row in rows_of::<service_language::Entity>(transaction, column, ids.clone()).await? {
            languages
                .entry(row.service_id)
                .or_default()
                .insert(row.language);
        }
        let mut capacities = HashMap::new();
        let column = service_capacity::Column::ServiceId;
        for row in rows_of::<service_capacity::Entity>(transaction, column, ids).await? {
            capacities.insert(row.service_id, row);
        }
        for service in rows {
            if let Some(hsds_id) = service.hsds_id.clone() {
                let held = Held {
                    categories: categories.remove(&service.id).unwrap_or_default(),
                    languages: languages.remove(&service.id).unwrap_or_default(),
                    capacity: capacities.remove(&service.id),
                    service,
                };
                self.services.insert(hsds_id, held);
            }
        }
        Ok(())
    }

    async fn load_places(
        &mut self,
        transaction: &DatabaseTransaction,
        directory: &Directory,
    ) -> Result<()> {
        use service_at_location::{Column, Entity};
        let at = &directory.services_at_locations;
        let own = each_once(at.iter().map(|at| &at.hsds_id));
        let services: BTreeSet<ServiceId> = at
            .iter()
            .filter_map(|at| self.services.get(&at.service_id))
            .map(|held| held.service.id)
            .collect();
        let services = services.into_iter().collect();
        let mut rows = rows_of::<Entity>(transaction, Column::HsdsId, own).await?;
        let known: HashSet<_> = rows.iter().map(|row| row.id).collect();
        let others = rows_of::<Entity>(transaction, Column::ServiceId, services).await?;
        rows.extend(others.into_iter().filter(|row| !known.contains(&row.id)));
        self.services_at_locations = rows;
        Ok(())
    }

    /// Takes out each new organization whose id is the code of another one: under that code, tokens speak for the
    /// other, and no file takes its place.
    pub(super) fn take_out_taken_codes(&self, directory: &mut Directory) {
        let rejected = &mut directory.rejected;
        directory.organizations.retain(|organization| {
            let id = &organization.hsds_id;
            let is_taken = !self.organizations.contains_key(id)
                && self
                    .codes
                    .get(id)
                    .is_some_and(|holder| holder.as_ref() != Some(id));
            if is_taken {
                rejected.push(Rejected {
                    place: organization.place.clone(),
                    kind: Kind::Organization,
                    id: Some(id.clone()),
                    reason: RejectReason::CodeTaken,
                });
            }
            !is_taken
        });
    }
}

/// In one order everywhere, so that two runs that lock the same rows wait for one another instead of for ever.
fn each_once<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<String> {
    let ids: BTreeSet<&String> = ids.collect();
    ids.into_iter().cloned().collect()
}

/// The rows whose `column` is one of `values`. They are locked against change and not against being referred to: a
/// referral to an organization need not wait for an import.
async fn rows_of<E: EntityTrait>(
    transaction: &DatabaseTransaction,
    column: E::Column,
    values: Vec<impl Into<Value> + Clone>,
) -> Result<Vec<E::Model>> {
    let mut rows = Vec::new();
    for values in values.chunks(LOOKUP) {
        let found = E::find()
            .filter(column.is_in(values.iter().cloned()))
            .lock(LockType::NoKeyUpdate)
            .all(transaction)
            .await?;
        rows.extend(found);
    }
    Ok(rows)
}
