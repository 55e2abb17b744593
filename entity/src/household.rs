//! People who live together, as one organization has linked them. Seen by that organization alone.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "household")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: HouseholdId,
    /// That made the link.
    pub organization_id: OrganizationId,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
