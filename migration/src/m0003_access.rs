//! Qualifications and language abilities, exclusions, and when a guardian's word ends.
use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        dialect::run(manager, DOWN).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const UP: &str = r"
CREATE TABLE claimant_qualifications (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    version INTEGER NOT NULL,
    content {bytes} NOT NULL
) {strict};
CREATE TABLE claimant_language_abilities (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    version INTEGER NOT NULL,
    content {bytes} NOT NULL
) {strict};

-- The organizations that a person never wants to be known to.
CREATE TABLE exclusion (
    id {uuid} PRIMARY KEY,
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    recorded_at {time} NOT NULL,
    ended_at {time}
) {strict};
CREATE UNIQUE INDEX exclusion_in_force ON exclusion (organization_id, claimant_id) WHERE ended_at IS NULL;
CREATE INDEX exclusion_by_claimant ON exclusion (claimant_id, id);

-- The birthday of the age of consent, where a guardian gave the consent.
ALTER TABLE consent ADD COLUMN guardian_ends_at {time};
";

const DOWN: &str = r"
ALTER TABLE consent DROP COLUMN guardian_ends_at;
DROP TABLE exclusion;
DROP TABLE claimant_language_abilities;
DROP TABLE claimant_qualifications;
";
