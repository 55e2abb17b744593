//! One chain of migrations for SQLite and PostgreSQL. Each step is written once, in the SQL that both understand; the
//! few words that differ are filled in by [`dialect`]. Nothing here reads or changes data of the domain.
use std::collections::BTreeSet;

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DatabaseConnection},
};

mod dialect;
mod m0001_core;
mod m0002_encryption;
mod m0003_access;
mod m0004_disclosure;
mod m0005_matching;
mod m0006_household;
mod m0008_deadline;
mod m0009_inbox;
mod m0010_message;
mod m0011_lists;
mod m0013_eligibility;
mod m0014_linked;
mod m0015_orders;
pub mod row_security;

/// The chain, oldest first. A migration that has been released is never edited.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_core::Migration),
            Box::new(m0002_encryption::Migration),
            Box::new(m0003_access::Migration),
            Box::new(m0004_disclosure::Migration),
            Box::new(m0005_matching::Migration),
            Box::new(m0006_household::Migration),
            Box::new(m0008_deadline::Migration),
            Box::new(m0009_inbox::Migration),
            Box::new(m0010_message::Migration),
            Box::new(m0011_lists::Migration),
            Box::new(m0013_eligibility::Migration),
            Box::new(m0014_linked::Migration),
            Box::new(m0015_orders::Migration),
        ]
    }
}

/// The names of the migrations that a database has. Unlike the migrator's own look it creates nothing, so that a role
/// that may not is able to look.
///
/// # Errors
/// When the database does not answer.
pub async fn applied(database: &DatabaseConnection) -> Result<BTreeSet<String>, DbErr> {
    if !SchemaManager::new(database)
        .has_table("seaql_migrations")
        .await?
    {
        return Ok(BTreeSet::new());
    }
    let names = Query::select()
        .column("version")
        .from("seaql_migrations")
        .to_owned();
    let rows = database.query_all(&names).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

pub use sea_orm_migration::{MigrationName, MigratorTrait};
