//! A region of the ministry, with the contact of its office.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "region")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: RegionId,
    pub code: String,
    pub name_en: String,
    pub name_fr: String,
    pub office_email: Option<String>,
    pub office_phone: Option<String>,
    pub office_hours_en: Option<String>,
    pub office_hours_fr: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
