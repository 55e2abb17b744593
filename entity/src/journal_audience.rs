//! Which numbered entries an organization is told of.
use sea_orm::entity::prelude::*;

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "journal_audience")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub audience: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
}

impl ActiveModelBehavior for ActiveModel {}
