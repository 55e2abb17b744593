//! A change, written in the transaction that made it, and never altered but for its position.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: JournalEntryId,
    pub position: Option<i64>,
    pub at: DateTimeUtc,
    pub actor: String,
    pub client: String,
    pub acting_subject: Option<String>,
    pub organization_id: Option<OrganizationId>,
    pub subject_type: SubjectType,
    pub subject_id: Uuid,
    pub subject_version: i32,
    pub kind: JournalKind,
    pub from_status: Option<ReferralStatus>,
    pub to_status: Option<ReferralStatus>,
    pub reason: Option<ReferralStatusReason>,
    /// Sealed under the key of the referral or the claimant that the entry is about.
    pub note: Option<Sealed>,
    /// The claimant whose key seals the note, where it is no referral's.
    pub note_claimant_id: Option<ClaimantId>,
    /// Seen inside this organization only.
    pub private_to_id: Option<OrganizationId>,
    /// Who is told: organizations, and names of categories in regions.
    pub audience: Audience,
}

impl ActiveModelBehavior for ActiveModel {}
