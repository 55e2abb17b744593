//! What one answer disclosed, written before it left, until the sequencer has made disclosures of it.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "disclosure_answer")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub at: DateTimeUtc,
    pub organization_id: OrganizationId,
    pub client: String,
    pub subject: String,
    pub acting_subject: Option<String>,
    pub content: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
