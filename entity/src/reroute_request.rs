//! What the ministry asked the source of a referral to do.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "reroute_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub referral_id: ReferralId,
    pub requested_by_id: OrganizationId,
    pub service_id: Option<ServiceId>,
    pub reason: ReferralStatusReason,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
