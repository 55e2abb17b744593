//! The same person with several organizations, for counting: no organization reads it.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claimant_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub claimant_id: ClaimantId,
    pub person_id: Uuid,
    pub linked_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
