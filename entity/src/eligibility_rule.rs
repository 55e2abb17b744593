//! What a service asks of whoever is referred to it.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "eligibility_rule")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: EligibilityRuleId,
    pub service_id: ServiceId,
    /// Who wrote it last: the service's own organization, or the ministry.
    pub organization_id: OrganizationId,
    pub condition: EligibilityCondition,
    pub reason_en: String,
    pub reason_fr: String,
    pub source_url: Option<String>,
    pub valid_from: Date,
    /// The last day.
    pub valid_to: Option<Date>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub version: i32,
}

impl ActiveModelBehavior for ActiveModel {}
