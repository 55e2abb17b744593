//! Two claimants of one organization who may be one person.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "duplicate_candidate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DuplicateCandidateId,
    pub organization_id: OrganizationId,
    /// The one registered first.
    pub first_id: ClaimantId,
    pub second_id: ClaimantId,
    pub likeness: Likeness,
    pub status: DuplicateStatus,
    pub found_at: DateTimeUtc,
    pub decided_at: Option<DateTimeUtc>,
    pub decided_by: Option<String>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
