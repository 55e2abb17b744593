//! A description by which somebody was looked for, sealed under a key of its own, until other organizations' claimants
//! were compared with it.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "match_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MatchRequestId,
    pub organization_id: OrganizationId,
    pub requested_at: DateTimeUtc,
    /// The id of the key that unwraps this one.
    pub master_key: String,
    pub wrapped: Vec<u8>,
    pub content: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
