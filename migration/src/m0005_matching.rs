//! Finding a person again: keyed tokens of what two descriptions of one person share, descriptions that wait to be looked
//! for, pairs that may be one person, and links across organizations that are for counting alone.
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
CREATE TABLE claimant_match_token (
    token {bytes} NOT NULL,
    organization_id {uuid} NOT NULL REFERENCES organization (id), -- who registered the claimant
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    PRIMARY KEY (token, organization_id, claimant_id)
) {strict};
CREATE INDEX claimant_match_token_by_claimant ON claimant_match_token (claimant_id);

-- Gone as soon as it was looked for.
CREATE TABLE match_request (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    at {time} NOT NULL,
    claimant_id {uuid} REFERENCES claimant (id), -- whose description was written; else the content is one
    master_key TEXT,
    wrapped {bytes},
    content {bytes}
) {strict};

CREATE TABLE duplicate_candidate (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    first_id {uuid} NOT NULL REFERENCES claimant (id),
    second_id {uuid} NOT NULL REFERENCES claimant (id),
    likeness TEXT NOT NULL,
    status TEXT NOT NULL,
    found_at {time} NOT NULL,
    decided_at {time},
    decided_by TEXT,
    version INTEGER NOT NULL,
    UNIQUE (first_id, second_id)
) {strict};
CREATE INDEX duplicate_candidate_by_status ON duplicate_candidate (organization_id, status, id);
CREATE INDEX duplicate_candidate_by_second ON duplicate_candidate (second_id);

-- The same person with several organizations, for counting: no organization reads it.
CREATE TABLE claimant_link (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    person_id {uuid} NOT NULL,
    linked_at {time} NOT NULL
) {strict};

-- The claimant as whom this one is kept, where both are one person.
ALTER TABLE claimant ADD COLUMN merged_into_id {uuid};
CREATE INDEX claimant_by_merging ON claimant (merged_into_id) WHERE merged_into_id IS NOT NULL;
";

const DOWN: &str = r"
DROP INDEX claimant_by_merging;
ALTER TABLE claimant DROP COLUMN merged_into_id;
DROP TABLE claimant_link;
DROP TABLE duplicate_candidate;
DROP TABLE match_request;
DROP TABLE claimant_match_token;
";
