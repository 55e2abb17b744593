//! Two claimants of one organization who may be one person, and what the organization decided of them.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "duplicate_candidate")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DuplicateCandidateId,
    pub organization_id: OrganizationId,
    /// Who was registered first.
    pub claimant_id: ClaimantId,
    pub other_id: ClaimantId,
    /// The weight of the evidence when they were found, in whole bits.
    pub score: i32,
    pub band: MatchBand,
    pub status: DuplicateStatus,
    /// Of two who are the same, the one that stands for both.
    pub survivor_id: Option<ClaimantId>,
    pub merged_id: Option<ClaimantId>,
    pub found_at: DateTimeUtc,
    pub decided_at: Option<DateTimeUtc>,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
