//! Who is most probably one person, whichever organizations registered it: for counting each person once, and for
//! nothing else. No organization sees it.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "claimant_link")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub claimant_id: ClaimantId,
    /// Keyed; the same for all who are one person. None for somebody who is like nobody else.
    pub link_id: Option<Uuid>,
    pub linked_at: Option<DateTimeUtc>,
    /// Whether something was written since this claimant was last compared with others.
    pub waiting: bool,
}

impl ActiveModelBehavior for ActiveModel {}
