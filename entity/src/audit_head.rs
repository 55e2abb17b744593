//! Where the audit chain ends, and how far the journal and the checkpoints are in it.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_head")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i32,
    pub position: i64,
    pub link: Vec<u8>,
    pub journal_position: i64,
    pub checkpoint_position: i64,
    pub checkpoint_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
