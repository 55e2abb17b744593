//! The inbox: its own order, the counts of its tabs, and what became of each row of a change of many.
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
ALTER TABLE idempotency ADD COLUMN rows {json};

-- The expressions are those of the order URGENCY, to the letter: only so does either database know them again.
CREATE INDEX referral_inbox_by_urgency ON referral (
    owner_id,
    (CASE WHEN status = 'REQUESTED' THEN CASE priority WHEN 'URGENT' THEN 0 ELSE 1 END WHEN status IN ('ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN CASE priority WHEN 'URGENT' THEN 2 ELSE 3 END ELSE 4 END),
    (COALESCE(due_at, '2200-01-01T00:00:00+00:00')),
    id
);
-- What a tab counts is open, and the open ones are few.
CREATE INDEX referral_inbox_by_status ON referral (owner_id, status, assignee);
CREATE INDEX outcome_by_follow_up ON outcome (follow_up_on, referral_id) WHERE follow_up_on IS NOT NULL;
";

const DOWN: &str = r"
DROP INDEX outcome_by_follow_up;
DROP INDEX referral_inbox_by_status;
DROP INDEX referral_inbox_by_urgency;
ALTER TABLE idempotency DROP COLUMN rows;
";
