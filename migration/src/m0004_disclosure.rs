//! What was disclosed to whom, and the chain that shows whether the journal or the disclosures were altered since.
use sea_orm_migration::prelude::*;

use crate::dialect;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for script in [DISCLOSURE, AUDIT] {
            dialect::run(manager, script).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in TABLES.iter().rev() {
            dialect::run(manager, &format!("DROP TABLE {table};")).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

const TABLES: [&str; 5] = [
    "disclosure_answer",
    "disclosure",
    "audit_link",
    "audit_head",
    "audit_checkpoint",
];

const DISCLOSURE: &str = r"
CREATE TABLE disclosure_answer ( -- until the sequencer has made disclosures of it
    id {uuid} PRIMARY KEY,
    at {time} NOT NULL,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    client TEXT NOT NULL,
    subject TEXT NOT NULL,
    acting_subject TEXT,
    content {bytes} NOT NULL
) {strict};

CREATE TABLE disclosure ( -- what it names may be removed before it: no reference holds that back
    id {uuid} PRIMARY KEY,
    position {bigint} NOT NULL UNIQUE,
    at {time} NOT NULL,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    client TEXT NOT NULL,
    subject TEXT NOT NULL,
    acting_subject TEXT,
    claimant_id {uuid} NOT NULL,
    field_groups {json} NOT NULL,
    referral_id {uuid},
    consent_id {uuid}
) {strict};
CREATE INDEX disclosure_by_organization ON disclosure (organization_id, position);
CREATE INDEX disclosure_by_claimant ON disclosure (claimant_id, position);
";

const AUDIT: &str = r"
CREATE TABLE audit_link (
    position {bigint} PRIMARY KEY,
    stream TEXT NOT NULL,
    subject_id {uuid} NOT NULL,
    format INTEGER NOT NULL,
    salt {bytes}, -- goes with the content, if that is ever removed
    commitment {bytes} NOT NULL,
    link {bytes} NOT NULL
) {strict};

CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    position {bigint} NOT NULL,
    link {bytes} NOT NULL,
    journal_position {bigint} NOT NULL, -- the last entry of the journal that is in the chain
    checkpoint_position {bigint} NOT NULL,
    checkpoint_at {time}
) {strict};

CREATE TABLE audit_checkpoint (
    position {bigint} PRIMARY KEY,
    at {time} NOT NULL,
    link {bytes} NOT NULL,
    key_id TEXT NOT NULL,
    public_key {bytes} NOT NULL,
    signature {bytes} NOT NULL
) {strict};
";
