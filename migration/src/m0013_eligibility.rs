//! What services ask of whoever is referred to them: public, as the services are.
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
CREATE TABLE eligibility_rule (
    id {uuid} PRIMARY KEY,
    service_id {uuid} NOT NULL REFERENCES service (id),
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    condition {json} NOT NULL,
    reason_en TEXT NOT NULL,
    reason_fr TEXT NOT NULL,
    source_url TEXT,
    valid_from {date} NOT NULL,
    valid_to {date},
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    version INTEGER NOT NULL
) {strict};
CREATE INDEX eligibility_rule_by_service ON eligibility_rule (service_id, id);
";

const DOWN: &str = r"
DROP TABLE eligibility_rule;
";
