//! Something a claimant needs.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "need")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: NeedId,
    pub claimant_id: ClaimantId,
    pub category: NeedCategory,
    /// 1 is the most urgent.
    pub priority: i32,
    pub status: NeedStatus,
    pub wanted_from: Option<Date>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// The day whose coming the journal has told.
    pub told_wanted_from: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
