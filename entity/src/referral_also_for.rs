//! Somebody for whom a referral is, beside its claimant.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "referral_also_for")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub referral_id: ReferralId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub claimant_id: ClaimantId,
}

impl ActiveModelBehavior for ActiveModel {}
