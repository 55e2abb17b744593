//! Finding a person again: tokens by which candidates are found, requests until other organizations were looked
//! through, pairs that may be one person, and links for counting each person once.
//!
//! A migration holds no keys: the tokens of claimants registered before are made by the next rotation of token keys,
//! which is told here that it has to.
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
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    PRIMARY KEY (token, organization_id, claimant_id)
) {strict};
CREATE INDEX claimant_match_token_by_claimant ON claimant_match_token (claimant_id);

CREATE TABLE claimant_link (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    link_id {uuid},
    linked_at {time},
    waiting {bool} NOT NULL
) {strict};
CREATE INDEX claimant_link_waiting ON claimant_link (claimant_id) WHERE waiting;
CREATE INDEX claimant_link_together ON claimant_link (link_id) WHERE link_id IS NOT NULL;

CREATE TABLE match_request (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    requested_at {time} NOT NULL,
    master_key TEXT NOT NULL,
    wrapped {bytes} NOT NULL,
    content {bytes} NOT NULL
) {strict};

CREATE TABLE duplicate_candidate (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    other_id {uuid} NOT NULL REFERENCES claimant (id),
    score INTEGER NOT NULL,
    band TEXT NOT NULL,
    status TEXT NOT NULL,
    survivor_id {uuid} REFERENCES claimant (id),
    merged_id {uuid} UNIQUE REFERENCES claimant (id), -- nobody is merged into two
    found_at {time} NOT NULL,
    decided_at {time},
    version INTEGER NOT NULL,
    UNIQUE (claimant_id, other_id)
) {strict};
CREATE INDEX duplicate_candidate_by_organization ON duplicate_candidate (organization_id, id);
CREATE INDEX duplicate_candidate_by_other ON duplicate_candidate (other_id);
CREATE INDEX duplicate_candidate_by_survivor ON duplicate_candidate (survivor_id) WHERE survivor_id IS NOT NULL;

UPDATE claimant_key SET token_key = NULL;
";

const DOWN: &str = r"
DROP TABLE duplicate_candidate;
DROP TABLE match_request;
DROP TABLE claimant_link;
DROP TABLE claimant_match_token;
";
