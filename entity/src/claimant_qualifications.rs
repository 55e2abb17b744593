//! The sealed group of qualifications. Its content is read and written by the store alone.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claimant_qualifications")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub claimant_id: ClaimantId,
    pub version: i32,
    pub content: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
