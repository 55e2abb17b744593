//! Regions and catchments: public directory data.
use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use entity::{CatchmentId, RegionId, catchment, organization_catchment, region};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};

use super::{
    Readable, Session, Store,
    directory::{EveryCatchment, EveryRegion},
    everything,
};
use crate::{error::Result, viewer::Viewer};

impl Readable for region::Entity {
    fn visible_to(_: &Viewer, _: DateTime<Utc>) -> Condition {
        everything()
    }
}

impl Readable for catchment::Entity {
    fn visible_to(_: &Viewer, _: DateTime<Utc>) -> Condition {
        everything()
    }
}

impl Readable for organization_catchment::Entity {
    fn visible_to(_: &Viewer, _: DateTime<Utc>) -> Condition {
        everything()
    }
}

impl Session {
    /// Every region, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn region_list(&self) -> Result<Arc<[Arc<region::Model>]>> {
        let read = async |_| {
            let rows = self
                .find::<region::Entity>()
                .select(|select| select.order_by_asc(region::Column::Code))
                .all()
                .await?;
            let rows = rows.into_iter().map(Arc::new).collect();
            Ok(HashMap::from([(EveryRegion, rows)]))
        };
        let found = self.remembered_or(&[EveryRegion], read).await?;
        Ok(found.into_values().next().unwrap_or_default())
    }

    /// The regions among `ids`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn region_list_by_id(&self, ids: &[RegionId]) -> Result<Vec<Arc<region::Model>>> {
        let read = async |missing: Vec<RegionId>| {
            let rows = self
                .find::<region::Entity>()
                .filter(region::Column::Id.is_in(missing))
                .all()
                .await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.id, Arc::new(row)))
                .collect())
        };
        Ok(self.remembered_or(ids, read).await?.into_values().collect())
    }

    /// A region, if it is remembered.
    pub fn region_remembered(&self, id: RegionId) -> Option<Arc<region::Model>> {
        self.remembered(id)
    }

    /// Every catchment, or those of one region, by code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catchment_list(
        &self,
        region: Option<RegionId>,
    ) -> Result<Vec<Arc<catchment::Model>>> {
        let read = async |_| {
            let rows = self
                .find::<catchment::Entity>()
                .select(|select| select.order_by_asc(catchment::Column::Code))
                .all()
                .await?;
            let rows = rows.into_iter().map(Arc::new).collect();
            Ok(HashMap::from([(EveryCatchment, rows)]))
        };
        let found = self.remembered_or(&[EveryCatchment], read).await?;
        let every: Arc<[Arc<catchment::Model>]> = found.into_values().next().unwrap_or_default();
        let asked =
            |row: &&Arc<catchment::Model>| region.is_none_or(|id| row.region_id == Some(id));
        Ok(every.iter().filter(asked).cloned().collect())
    }

    /// The catchments among `ids`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn catchment_list_by_id(
        &self,
        ids: &[CatchmentId],
    ) -> Result<Vec<Arc<catchment::Model>>> {
        let read = async |missing: Vec<CatchmentId>| {
            let rows = self
                .find::<catchment::Entity>()
                .filter(catchment::Column::Id.is_in(missing))
                .all()
                .await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.id, Arc::new(row)))
                .collect())
        };
        Ok(self.remembered_or(ids, read).await?.into_values().collect())
    }
}

impl Store {
    /// The region that a token of the ministry names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unscoped_region_by_code(&self, code: &str) -> Result<Option<RegionId>> {
        Ok(region::Entity::find()
            .filter(region::Column::Code.eq(code))
            .one(&self.database.unscoped)
            .await?
            .map(|region| region.id))
    }
}
