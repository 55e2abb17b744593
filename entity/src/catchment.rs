//! An area of Integrated Employment Services.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "catchment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: CatchmentId,
    pub code: String,
    pub name_en: String,
    pub name_fr: String,
    pub region_id: Option<RegionId>,
    pub manager_id: Option<OrganizationId>,
    pub valid_from: Date,
    pub valid_to: Option<Date>,
    /// Whether a public source confirms the name.
    pub sourced: bool,
}

impl ActiveModelBehavior for ActiveModel {}
