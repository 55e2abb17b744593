//! Orders that a list may be asked for: of all that an organization may see, of what is open to it, and of regions.
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

// What is open, and what another refers of whom an organization registered, is little: these indexes are small.
const UP: &str = r"
DROP INDEX referral_open;
CREATE INDEX referral_open_by_creation ON referral (category, created_at DESC, id DESC) WHERE owner_id IS NULL AND status = 'REQUESTED';
CREATE INDEX referral_open_by_update ON referral (category, updated_at DESC, id DESC) WHERE owner_id IS NULL AND status = 'REQUESTED';
CREATE INDEX referral_open_by_due ON referral (category, (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id) WHERE owner_id IS NULL AND status = 'REQUESTED';
CREATE INDEX referral_open_by_urgency ON referral (category, (CASE WHEN status = 'REQUESTED' THEN CASE priority WHEN 'URGENT' THEN 0 ELSE 1 END WHEN status IN ('ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN CASE priority WHEN 'URGENT' THEN 2 ELSE 3 END ELSE 4 END), (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id) WHERE owner_id IS NULL AND status = 'REQUESTED';
CREATE INDEX referral_registered_by_creation ON referral (registering_organization_id, created_at DESC, id DESC) WHERE registering_organization_id <> source_id;
CREATE INDEX referral_registered_by_update ON referral (registering_organization_id, updated_at DESC, id DESC) WHERE registering_organization_id <> source_id;
CREATE INDEX referral_registered_by_due ON referral (registering_organization_id, (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id) WHERE registering_organization_id <> source_id;
CREATE INDEX referral_registered_by_urgency ON referral (registering_organization_id, (CASE WHEN status = 'REQUESTED' THEN CASE priority WHEN 'URGENT' THEN 0 ELSE 1 END WHEN status IN ('ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN CASE priority WHEN 'URGENT' THEN 2 ELSE 3 END ELSE 4 END), (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id) WHERE registering_organization_id <> source_id;
CREATE INDEX referral_by_region_and_update ON referral (region_id, updated_at DESC, id DESC);
CREATE INDEX referral_by_region_and_due ON referral (region_id, (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id);
CREATE INDEX referral_by_region_and_urgency ON referral (region_id, (CASE WHEN status = 'REQUESTED' THEN CASE priority WHEN 'URGENT' THEN 0 ELSE 1 END WHEN status IN ('ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN CASE priority WHEN 'URGENT' THEN 2 ELSE 3 END ELSE 4 END), (COALESCE(due_at, '2200-01-01T00:00:00+00:00')), id);
";

const DOWN: &str = r"
DROP INDEX referral_by_region_and_urgency;
DROP INDEX referral_by_region_and_due;
DROP INDEX referral_by_region_and_update;
DROP INDEX referral_registered_by_urgency;
DROP INDEX referral_registered_by_due;
DROP INDEX referral_registered_by_update;
DROP INDEX referral_registered_by_creation;
DROP INDEX referral_open_by_urgency;
DROP INDEX referral_open_by_due;
DROP INDEX referral_open_by_update;
DROP INDEX referral_open_by_creation;
CREATE INDEX referral_open ON referral (category, region_id, created_at DESC, id DESC) WHERE owner_id IS NULL AND status = 'REQUESTED';
";
