//! Which deadlines the journal has told of already. Each column holds the very moment or day that was told, so that a
//! deadline that moves is armed again by moving; each index holds what is armed, and nothing else.
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
ALTER TABLE referral ADD COLUMN told_due_at {time};
ALTER TABLE referral ADD COLUMN told_review_at {time};
ALTER TABLE outcome ADD COLUMN told_follow_up_on {date};
ALTER TABLE need ADD COLUMN told_wanted_from {date};
CREATE INDEX referral_unanswered ON referral (due_at, id) WHERE status = 'REQUESTED';
-- After the one before: of two that cost it the same, SQLite takes the younger.
CREATE INDEX referral_overdue ON referral (due_at, id)
    WHERE status = 'REQUESTED' AND (told_due_at IS NULL OR told_due_at <> due_at);
CREATE INDEX referral_review ON referral (review_at, id)
    WHERE status = 'ON_HOLD' AND (told_review_at IS NULL OR told_review_at <> review_at);
CREATE INDEX outcome_follow_up ON outcome (follow_up_on, id)
    WHERE follow_up_on IS NOT NULL AND (told_follow_up_on IS NULL OR told_follow_up_on <> follow_up_on);
CREATE INDEX need_wanted ON need (wanted_from, id)
    WHERE status = 'OPEN' AND wanted_from IS NOT NULL AND (told_wanted_from IS NULL OR told_wanted_from <> wanted_from);
";

const DOWN: &str = r"
DROP INDEX need_wanted;
DROP INDEX outcome_follow_up;
DROP INDEX referral_review;
DROP INDEX referral_unanswered;
DROP INDEX referral_overdue;
ALTER TABLE need DROP COLUMN told_wanted_from;
ALTER TABLE outcome DROP COLUMN told_follow_up_on;
ALTER TABLE referral DROP COLUMN told_review_at;
ALTER TABLE referral DROP COLUMN told_due_at;
";
