//! That somebody belongs to a household, or did until then.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "household_member")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub household_id: HouseholdId,
    pub claimant_id: ClaimantId,
    /// The worker who said so.
    pub linked_by: String,
    pub linked_at: DateTimeUtc,
    pub left_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
