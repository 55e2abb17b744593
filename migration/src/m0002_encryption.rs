//! Sealed facts are encrypted from here on: a data key for each claimant and one for the free text of each referral,
//! kept wrapped beside the id of the master key that opens them. Erasure, legal hold, and what they need.
//!
//! Free text that was plain before is not taken over: a migration holds no keys.
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
CREATE TABLE claimant_key (
    claimant_id {uuid} PRIMARY KEY REFERENCES claimant (id),
    master_key TEXT NOT NULL, -- the id of the key that unwraps this one
    wrapped {bytes} NOT NULL,
    token_key TEXT, -- the id of the key of all tokens of the claimant; null while they are of more than one
    created_at {time} NOT NULL
) {strict};

ALTER TABLE claimant ADD COLUMN held_at {time};
ALTER TABLE claimant ADD COLUMN erasure_requested_at {time};
ALTER TABLE claimant ADD COLUMN erased_at {time};
CREATE INDEX claimant_by_age ON claimant (updated_at, id) WHERE erased_at IS NULL;

ALTER TABLE referral ADD COLUMN text_master_key TEXT;
ALTER TABLE referral ADD COLUMN text_key {bytes};
CREATE INDEX referral_draft ON referral (updated_at, id) WHERE status = 'DRAFT';

ALTER TABLE referral DROP COLUMN summary;
ALTER TABLE referral ADD COLUMN summary {bytes};
ALTER TABLE outcome DROP COLUMN note;
ALTER TABLE outcome ADD COLUMN note {bytes};
ALTER TABLE journal_entry DROP COLUMN note;
ALTER TABLE journal_entry ADD COLUMN note {bytes};
ALTER TABLE journal_entry ADD COLUMN note_claimant_id {uuid}; -- whose key seals the note, where it is no referral's
ALTER TABLE consent DROP COLUMN authority;
ALTER TABLE consent ADD COLUMN authority {bytes};
";

const DOWN: &str = r"
ALTER TABLE consent DROP COLUMN authority;
ALTER TABLE consent ADD COLUMN authority TEXT;
ALTER TABLE journal_entry DROP COLUMN note_claimant_id;
ALTER TABLE journal_entry DROP COLUMN note;
ALTER TABLE journal_entry ADD COLUMN note TEXT;
ALTER TABLE outcome DROP COLUMN note;
ALTER TABLE outcome ADD COLUMN note TEXT;
ALTER TABLE referral DROP COLUMN summary;
ALTER TABLE referral ADD COLUMN summary TEXT;

DROP INDEX referral_draft;
ALTER TABLE referral DROP COLUMN text_key;
ALTER TABLE referral DROP COLUMN text_master_key;

DROP INDEX claimant_by_age;
ALTER TABLE claimant DROP COLUMN erased_at;
ALTER TABLE claimant DROP COLUMN erasure_requested_at;
ALTER TABLE claimant DROP COLUMN held_at;
DROP TABLE claimant_key;
";
