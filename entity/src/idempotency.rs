//! The keys of mutations that were carried out, and what they changed; never an answer.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: OrganizationId,
    #[sea_orm(primary_key, auto_increment = false)]
    pub client: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: Uuid,
    pub mutation: String,
    pub input_hash: Vec<u8>,
    pub subject_id: Uuid,
    pub subject_version: i32,
    /// Of a change of many: what became of each row.
    pub rows: Option<Json>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
