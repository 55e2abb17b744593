//! Which sealed groups of one claimant were in an answer, to whom, when, for which referral and under which consent.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "disclosure")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: DisclosureId,
    /// Where it stands in the audit chain.
    pub position: i64,
    pub at: DateTimeUtc,
    pub organization_id: OrganizationId,
    pub client: String,
    pub subject: String,
    pub acting_subject: Option<String>,
    pub claimant_id: ClaimantId,
    pub field_groups: FieldGroups,
    pub referral_id: Option<ReferralId>,
    pub consent_id: Option<ConsentId>,
}

impl ActiveModelBehavior for ActiveModel {}
