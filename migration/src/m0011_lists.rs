//! Orders of referrals that no index served yet.
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

// The expressions are those of the orders DUE_AT and URGENCY, to the letter: only so does either database know them
// again.
const UP: &str = r"
CREATE INDEX referral_inbox_by_due ON referral (owner_id, (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id);
CREATE INDEX referral_outbox_by_due ON referral (source_id, (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id);
CREATE INDEX referral_outbox_by_urgency ON referral (
    source_id,
    (CASE WHEN status = 'REQUESTED' THEN CASE priority WHEN 'URGENT' THEN 0 ELSE 1 END WHEN status IN ('ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN CASE priority WHEN 'URGENT' THEN 2 ELSE 3 END ELSE 4 END),
    (COALESCE(due_at, '2200-01-01T00:00:00+00:00')),
    id
);
";

const DOWN: &str = r"
DROP INDEX referral_outbox_by_urgency;
DROP INDEX referral_outbox_by_due;
DROP INDEX referral_inbox_by_due;
";
