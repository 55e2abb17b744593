//! One chain of migrations for SQLite and PostgreSQL. Each step is written once, in the SQL that both understand; the
//! few words that differ are filled in by [`dialect`]. Nothing here reads or changes data of the domain.
use sea_orm_migration::prelude::*;

mod dialect;
mod m0001_core;
mod m0002_encryption;
mod m0003_access;
mod m0004_disclosure;
mod m0006_household;
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
            Box::new(m0006_household::Migration),
        ]
    }
}

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};
