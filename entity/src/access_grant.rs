//! What an organization may see of a claimant, and until when. Follows from relations and consents.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "access_grant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: AccessGrantId,
    pub claimant_id: ClaimantId,
    pub organization_id: OrganizationId,
    pub access_group: AccessGroup,
    /// For needs: which ones.
    pub category: Option<NeedCategory>,
    pub referral_id: ReferralId,
    pub consent_id: Option<ConsentId>,
    pub opens_at: DateTimeUtc,
    pub closes_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
