//! One link of the audit chain, over a journal entry or a disclosure.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    pub stream: AuditStream,
    pub subject_id: Uuid,
    /// How the content was written down to be hashed.
    pub format: i32,
    /// Gone once the content was removed.
    pub salt: Option<Vec<u8>>,
    pub commitment: Vec<u8>,
    pub link: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
