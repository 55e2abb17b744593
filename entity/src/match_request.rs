//! A description that waits to be looked for. It is gone afterwards.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "match_request")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: MatchRequestId,
    /// Who asked, or registered the claimant.
    pub organization_id: OrganizationId,
    pub at: DateTimeUtc,
    /// Whose description was written; else the content is one.
    pub claimant_id: Option<ClaimantId>,
    /// The key of the content, wrapped by the master key of this id.
    pub master_key: Option<String>,
    pub wrapped: Option<Vec<u8>>,
    pub content: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
