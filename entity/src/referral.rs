//! A referral of a claimant, or of somebody not named yet, to a service or to whoever can help.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "referral")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ReferralId,
    pub reference: String,
    pub status: ReferralStatus,
    pub sub_status: Option<ReferralSubStatus>,
    /// What the sub-status was when the owner asked something, to go back to.
    pub sub_status_before: Option<ReferralSubStatus>,
    pub status_reason: Option<ReferralStatusReason>,
    pub decided_by: Option<DecidedBy>,
    pub priority: ReferralPriority,
    pub category: NeedCategory,
    pub summary: Option<Sealed>,
    pub source_id: OrganizationId,
    pub owner_id: Option<OrganizationId>,
    /// Whether the owner is a party still.
    pub owner_access: bool,
    /// The version with which the tenure of the owner began.
    pub owner_since: Option<i32>,
    pub claimant_id: Option<ClaimantId>,
    /// When the claimant of one sent without a name was named.
    pub linked_at: Option<DateTimeUtc>,
    /// The organization that registered the claimant.
    pub registering_organization_id: Option<OrganizationId>,
    pub need_id: Option<NeedId>,
    pub service_id: Option<ServiceId>,
    pub region_id: Option<RegionId>,
    pub language: Option<String>,
    pub interpreter_needed: Option<bool>,
    pub age_band: Option<AgeBand>,
    pub party_size: Option<i32>,
    pub assignee: Option<String>,
    pub part_of_id: Option<ReferralId>,
    pub replaces_id: Option<ReferralId>,
    pub due_at: Option<DateTimeUtc>,
    pub review_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    /// The first day of the month of creation, in America/Toronto.
    pub created_month: Date,
    pub updated_at: DateTimeUtc,
    pub sent_at: Option<DateTimeUtc>,
    pub answered_at: Option<DateTimeUtc>,
    pub contacted_at: Option<DateTimeUtc>,
    pub closed_at: Option<DateTimeUtc>,
    pub version: i32,
    /// The id of the key that unwraps the next.
    pub text_master_key: Option<String>,
    /// The data key of this referral's free text, wrapped; none once its claimant is erased.
    pub text_key: Option<Vec<u8>>,
    /// The due date whose passing the journal has told.
    pub told_due_at: Option<DateTimeUtc>,
    /// The review whose coming due the journal has told.
    pub told_review_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
