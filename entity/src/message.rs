//! What one party of a referral wrote to the other.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "message")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MessageId,
    pub referral_id: ReferralId,
    /// The version of the referral to which it was written: it tells in whose tenure.
    pub referral_version: i32,
    pub from_id: OrganizationId,
    pub body: Sealed,
    pub sent_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
