//! An organization of the network. Its kind gives its role.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "organization")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OrganizationId,
    /// The value of the organization claim in tokens.
    pub code: String,
    pub name_en: String,
    pub name_fr: String,
    pub kind: OrganizationKind,
    pub region_id: Option<RegionId>,
    pub active: bool,
    pub description_en: Option<String>,
    pub description_fr: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub website: Option<String>,
    pub languages: Languages,
    /// The words of its names, without case and accents.
    pub search: String,
    pub hsds_id: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
