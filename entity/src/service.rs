//! A service of an organization.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "service")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ServiceId,
    pub organization_id: OrganizationId,
    pub name_en: String,
    pub name_fr: String,
    pub description_en: Option<String>,
    pub description_fr: Option<String>,
    pub status: ServiceStatus,
    pub program: Option<Program>,
    pub delivery_mode: Option<DeliveryMode>,
    pub offered_in_french: bool,
    pub url: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub eligibility_description: Option<String>,
    pub application_process: Option<String>,
    pub fees_description: Option<String>,
    pub minimum_age: Option<i32>,
    pub maximum_age: Option<i32>,
    /// The words of its names and descriptions, without case and accents.
    pub search: String,
    pub hsds_id: Option<String>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
