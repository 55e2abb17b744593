//! A service as given at one location.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "service_at_location")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ServiceAtLocationId,
    pub service_id: ServiceId,
    pub location_id: LocationId,
    pub description: Option<String>,
    pub hsds_id: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
