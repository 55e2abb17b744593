//! What became of a referral.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "outcome")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: OutcomeId,
    pub referral_id: ReferralId,
    pub claimant_id: Option<ClaimantId>,
    pub recorded_by_id: OrganizationId,
    pub kind: OutcomeKind,
    pub date: Date,
    pub note: Option<Sealed>,
    pub follow_up_on: Option<Date>,
    pub created_at: DateTimeUtc,
    /// The follow-up whose coming due the journal has told.
    pub told_follow_up_on: Option<Date>,
}

impl ActiveModelBehavior for ActiveModel {}
