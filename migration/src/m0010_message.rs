//! What the parties of a referral write to each other, the appointments that they agree on, and what a referral waited
//! for before its owner asked something.
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
ALTER TABLE referral ADD COLUMN sub_status_before TEXT;

CREATE TABLE message (
    id {uuid} PRIMARY KEY,
    referral_id {uuid} NOT NULL REFERENCES referral (id),
    referral_version INTEGER NOT NULL,
    from_id {uuid} NOT NULL REFERENCES organization (id),
    body {bytes} NOT NULL,
    sent_at {time} NOT NULL
) {strict};
CREATE INDEX message_by_referral ON message (referral_id, id);

CREATE TABLE appointment (
    id {uuid} PRIMARY KEY,
    referral_id {uuid} NOT NULL REFERENCES referral (id),
    referral_version INTEGER NOT NULL,
    status TEXT NOT NULL,
    starts_at {time} NOT NULL,
    ends_at {time},
    place {bytes},
    note {bytes},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};
CREATE INDEX appointment_by_referral ON appointment (referral_id, starts_at, id);
";

const DOWN: &str = r"
DROP TABLE appointment;
DROP TABLE message;
ALTER TABLE referral DROP COLUMN sub_status_before;
";
