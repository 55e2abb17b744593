//! Where services are given, compared with what the database holds. A service is at a location once, under whatever
//! id: the pair counts, not the name of the pair.
use std::collections::{HashMap, HashSet};

use entity::{LocationId, ServiceAtLocationId, ServiceId, service_at_location};
use sea_orm::prelude::Uuid;

use super::{
    Outcome,
    plan::{Planner, resolved},
};
use crate::{
    error::Result,
    exchange::hsds::{Kind, ServiceAtLocationRecord, Warning, WarningReason},
};

type Model = service_at_location::Model;

/// Who has which place: a row that the input does not name, or a record of the input.
type Places<'a> = HashMap<(ServiceId, LocationId), Option<&'a Model>>;

impl<'a> Planner<'a> {
    /// Plans all services at locations.
    pub(super) fn places(&mut self, records: &[ServiceAtLocationRecord]) -> Result<()> {
        let named: HashSet<&str> = records.iter().map(|at| at.hsds_id.as_str()).collect();
        let existing = &self.existing.services_at_locations;
        let (own, others): (Vec<_>, Vec<_>) = existing.iter().partition(|row| {
            let id = row.hsds_id.as_deref();
            id.is_some_and(|id| named.contains(id))
        });
        let own: HashMap<&str, &Model> = own
            .into_iter()
            .filter_map(|row| Some((row.hsds_id.as_deref()?, row)))
            .collect();
        let mut places: Places<'_> = others
            .into_iter()
            .map(|row| ((row.service_id, row.location_id), Some(row)))
            .collect();
        for record in records {
            let held = own.get(record.hsds_id.as_str()).copied();
            self.place(record, held, &mut places)?;
        }
        Ok(())
    }

    fn place(
        &mut self,
        record: &ServiceAtLocationRecord,
        held: Option<&'a Model>,
        places: &mut Places<'a>,
    ) -> Result<()> {
        let (service_id, organization) = resolved(self.services.get(&record.service_id))?;
        let location_id = resolved(self.locations.get(&record.location_id))?;
        if self.common_ground.contains(&location_id) {
            self.touched.insert(organization);
        }
        let held = match places.insert((service_id, location_id), None) {
            None => held,
            // Somebody made it here, or an input that called it otherwise: it is this one.
            Some(Some(other)) if held.is_none() => Some(other),
            Some(_) => {
                self.warnings.push(Warning {
                    place: record.place.clone(),
                    kind: Kind::ServiceAtLocation,
                    id: Some(record.hsds_id.clone()),
                    field: None,
                    reason: WarningReason::SamePlace,
                });
                if let Some(held) = held {
                    self.plan.places_left.push(held.id);
                    self.plan.counts.services_at_locations.add(Outcome::Changed);
                    self.touched.insert(organization);
                }
                return Ok(());
            }
        };
        let next = Model {
            id: held.map_or_else(|| ServiceAtLocationId(Uuid::now_v7()), |held| held.id),
            service_id,
            location_id,
            description: (record.description.clone())
                .or_else(|| held.and_then(|held| held.description.clone())),
            hsds_id: held
                .and_then(|held| held.hsds_id.clone())
                .or_else(|| Some(record.hsds_id.clone())),
        };
        let outcome = Outcome::of(&next, held);
        self.plan.counts.services_at_locations.add(outcome);
        if outcome.is_written() {
            self.plan.places_left.extend(held.map(|held| held.id));
            self.plan.services_at_locations.push(next);
            self.touched.insert(organization);
        }
        Ok(())
    }
}
