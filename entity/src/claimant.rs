//! The open part of a claimant: what triage needs, and no fact that names the person.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claimant")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: ClaimantId,
    pub registering_organization_id: OrganizationId,
    pub region_id: Option<RegionId>,
    pub municipality: Option<String>,
    pub location_protected: bool,
    pub language: Option<String>,
    pub official_language: Option<Language>,
    pub interpreter_needed: bool,
    pub age_band: Option<AgeBand>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    /// Of the open part.
    pub version: i32,
    /// Moves with every edit, of sealed groups as well; seen by the registering organization alone.
    pub record_version: i32,
    /// Since when a legal hold postpones erasure.
    pub held_at: Option<DateTimeUtc>,
    /// When erasure was asked for that a legal hold postponed.
    pub erasure_requested_at: Option<DateTimeUtc>,
    /// Since when this is an id that names nobody.
    pub erased_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
