//! The data key of a claimant, wrapped by a master key. Without it nothing sealed of the person can be had again.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claimant_key")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub claimant_id: ClaimantId,
    /// The id of the key that unwraps this one.
    pub master_key: String,
    pub wrapped: Vec<u8>,
    /// The id of the key of all tokens of the claimant, in whatever table; none while they are of more than one.
    pub token_key: Option<String>,
    pub created_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
