//! Households, and the people for whom a referral is beside its claimant.
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
-- People who live together, as the organization that registered them has linked them.
CREATE TABLE household (
    id {uuid} PRIMARY KEY,
    organization_id {uuid} NOT NULL REFERENCES organization (id),
    created_at {time} NOT NULL
) {strict};

CREATE TABLE household_member (
    id {uuid} PRIMARY KEY,
    household_id {uuid} NOT NULL REFERENCES household (id),
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    linked_by TEXT NOT NULL,
    linked_at {time} NOT NULL,
    left_at {time}
) {strict};
CREATE UNIQUE INDEX household_member_now ON household_member (claimant_id) WHERE left_at IS NULL;
CREATE INDEX household_member_by_household ON household_member (household_id, id);
CREATE INDEX household_member_by_claimant ON household_member (claimant_id, id);

CREATE TABLE referral_also_for (
    referral_id {uuid} NOT NULL REFERENCES referral (id),
    claimant_id {uuid} NOT NULL REFERENCES claimant (id),
    PRIMARY KEY (referral_id, claimant_id)
) {strict};
CREATE INDEX referral_also_for_by_claimant ON referral_also_for (claimant_id, referral_id);
";

const DOWN: &str = r"
DROP TABLE referral_also_for;
DROP TABLE household_member;
DROP TABLE household;
";
