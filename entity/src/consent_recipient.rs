//! Whom a consent names: an organization, or every organization of a kind.
use sea_orm::entity::prelude::*;

use crate::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "consent_recipient")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub consent_id: ConsentId,
    pub organization_id: Option<OrganizationId>,
    pub kind: Option<OrganizationKind>,
}

impl ActiveModelBehavior for ActiveModel {}
