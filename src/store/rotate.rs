//! Rotation of keys, beside gateways that go on serving: data keys are wrapped anew by the current master key, tokens are
//! made anew under the current token key. Each batch is a transaction of its own; a rotation that was broken off is
//! simply run again. Nothing known of anybody changes, so nothing is journalled.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity::{ClaimantId, OrganizationId, claimant, claimant_key, match_request, referral};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionOptions, TransactionTrait,
    prelude::Uuid,
    sea_query::{Expr, LockType},
};

use super::{Store, claimant::token, seal::Wrapped, sealed::unscoped_described};
use crate::error::Result;

const BATCH: u64 = 200;

/// What became of a rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rotated {
    pub done: u64,
    /// What did not open, and stays as it is.
    pub failed: u64,
}

/// How much hangs on each key, by its id. Tokens of more than one key are counted under none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyStatus {
    pub current: String,
    pub claimants: BTreeMap<String, i64>,
    pub referrals: BTreeMap<String, i64>,
    /// Descriptions by which somebody is looked for, which stay for seconds.
    pub requests: BTreeMap<String, i64>,
    pub current_token: String,
    pub tokens: BTreeMap<Option<String>, i64>,
}

impl KeyStatus {
    /// How many data keys another master key than the current one still wraps.
    pub fn waiting(&self) -> i64 {
        let others = |counts: &BTreeMap<String, i64>| -> i64 {
            let others = counts.iter().filter(|(id, _)| **id != self.current);
            others.map(|(_, count)| count).sum()
        };
        others(&self.claimants) + others(&self.referrals) + others(&self.requests)
    }

    /// How many claimants have tokens of another key than the current one.
    pub fn waiting_tokens(&self) -> i64 {
        let others = self
            .tokens
            .iter()
            .filter(|(id, _)| id.as_ref() != Some(&self.current_token));
        others.map(|(_, count)| count).sum()
    }
}

impl Store {
    /// Which keys are in use, and how much hangs on each.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn unscoped_key_status(&self) -> Result<KeyStatus> {
        use referral::Column::TextMasterKey;
        let reader = &self.database.unscoped;
        let claimants: Vec<(String, i64)> = claimant_key::Entity::find()
            .select_only()
            .column(claimant_key::Column::MasterKey)
            .column_as(claimant_key::Column::ClaimantId.count(), "count")
            .group_by(claimant_key::Column::MasterKey)
            .into_tuple()
            .all(reader)
            .await?;
        let referrals: Vec<(String, i64)> = referral::Entity::find()
            .select_only()
            .column(TextMasterKey)
            .column_as(referral::Column::Id.count(), "count")
            .filter(TextMasterKey.is_not_null())
            .group_by(TextMasterKey)
            .into_tuple()
            .all(reader)
            .await?;
        let requests: Vec<(String, i64)> = match_request::Entity::find()
            .select_only()
            .column(match_request::Column::MasterKey)
            .column_as(match_request::Column::Id.count(), "count")
            .group_by(match_request::Column::MasterKey)
            .into_tuple()
            .all(reader)
            .await?;
        let tokens: Vec<(Option<String>, i64)> = claimant_key::Entity::find()
            .select_only()
            .column(claimant_key::Column::TokenKey)
            .column_as(claimant_key::Column::ClaimantId.count(), "count")
            .group_by(claimant_key::Column::TokenKey)
            .into_tuple()
            .all(reader)
            .await?;
        Ok(KeyStatus {
            current: self.seal.current_master().to_owned(),
            claimants: claimants.into_iter().collect(),
            referrals: referrals.into_iter().collect(),
            requests: requests.into_iter().collect(),
            current_token: self.seal.current_token_key().to_owned(),
            tokens: tokens.into_iter().collect(),
        })
    }

    /// Wraps every data key anew by the current master key, and tells after each batch how many were done.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails; what was done before stays done.
    pub async fn unscoped_rewrap(&self, progress: &mut impl FnMut(Rotated)) -> Result<Rotated> {
        let mut rotated = Rotated::default();
        let of_claimants = Columns::<claimant_key::Entity> {
            id: claimant_key::Column::ClaimantId,
            master_key: claimant_key::Column::MasterKey,
            wrapped: claimant_key::Column::Wrapped,
        };
        self.rewrap_all(&of_claimants, &mut rotated, progress)
            .await?;
        let of_referrals = Columns::<referral::Entity> {
            id: referral::Column::Id,
            master_key: referral::Column::TextMasterKey,
            wrapped: referral::Column::TextKey,
        };
        self.rewrap_all(&of_referrals, &mut rotated, progress)
            .await?;
        let of_requests = Columns::<match_request::Entity> {
            id: match_request::Column::Id,
            master_key: match_request::Column::MasterKey,
            wrapped: match_request::Column::Wrapped,
        };
        self.rewrap_all(&of_requests, &mut rotated, progress)
            .await?;
        Ok(rotated)
    }

    async fn rewrap_all<E: EntityTrait>(
        &self,
        columns: &Columns<E>,
        rotated: &mut Rotated,
        progress: &mut impl FnMut(Rotated),
    ) -> Result<()> {
        let mut last = Uuid::nil();
        loop {
            // A row without a key has none to compare either.
            let rows: Vec<(Uuid, String, Vec<u8>)> = E::find()
                .select_only()
                .columns([columns.id, columns.master_key, columns.wrapped])
                .filter(columns.master_key.ne(self.seal.current_master()))
                .filter(columns.id.gt(last))
                .order_by_asc(columns.id)
                .limit(BATCH)
                .into_tuple()
                .all(&self.database.unscoped)
                .await?;
            let Some((id, _, _)) = rows.last() else {
                return Ok(());
            };
            last = *id;
            self.rewrap_batch(columns, rows, rotated).await?;
            progress(*rotated);
        }
    }

    async fn rewrap_batch<E: EntityTrait>(
        &self,
        columns: &Columns<E>,
        rows: Vec<(Uuid, String, Vec<u8>)>,
        rotated: &mut Rotated,
    ) -> Result<()> {
        let transaction = self.begin_rotation().await?;
        let mut batch = *rotated;
        for (id, master_key, bytes) in rows {
            let wrapped = Wrapped { master_key, bytes };
            let Ok(rewrapped) = self.seal.rewrap(&wrapped) else {
                batch.failed += 1;
                continue;
            };
            // Whoever was erased meanwhile has no row, or no key in it, any more.
            let changed = E::update_many()
                .col_expr(columns.master_key, Expr::value(rewrapped.master_key))
                .col_expr(columns.wrapped, Expr::value(rewrapped.bytes))
                .filter(columns.id.eq(id))
                .filter(columns.master_key.eq(wrapped.master_key))
                .exec(&transaction)
                .await?;
            batch.done += changed.rows_affected;
        }
        transaction.commit().await?;
        *rotated = batch;
        Ok(())
    }

    /// Makes the tokens of every claimant anew under the current token key, and tells after each batch how many were
    /// done.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails; what was done before stays done.
    pub async fn unscoped_retoken(&self, progress: &mut impl FnMut(Rotated)) -> Result<Rotated> {
        let mut rotated = Rotated::default();
        let mut last = ClaimantId(Uuid::nil());
        loop {
            let waiting: Vec<ClaimantId> = claimant_key::Entity::find()
                .select_only()
                .column(claimant_key::Column::ClaimantId)
                .filter(
                    Condition::any()
                        .add(claimant_key::Column::TokenKey.is_null())
                        .add(claimant_key::Column::TokenKey.ne(self.seal.current_token_key())),
                )
                .filter(claimant_key::Column::ClaimantId.gt(last))
                .order_by_asc(claimant_key::Column::ClaimantId)
                .limit(BATCH)
                .into_tuple()
                .all(&self.database.unscoped)
                .await?;
            let Some(claimant) = waiting.last() else {
                return Ok(rotated);
            };
            last = *claimant;
            for claimant in waiting {
                match self.retoken(claimant).await {
                    Ok(done) => rotated.done += u64::from(done),
                    Err(error) => {
                        tracing::warn!(%error, "tokens could not be made anew");
                        rotated.failed += 1;
                    }
                }
            }
            progress(rotated);
        }
    }

    /// Makes the tokens of one claimant anew. Says whether the person was there still.
    async fn retoken(&self, claimant: ClaimantId) -> Result<bool> {
        let transaction = self.begin_rotation().await?;
        let found: Option<(OrganizationId, Option<DateTime<Utc>>)> =
            claimant::Entity::find_by_id(claimant)
                .select_only()
                .columns([
                    claimant::Column::RegisteringOrganizationId,
                    claimant::Column::ErasedAt,
                ])
                .lock(LockType::NoKeyUpdate)
                .into_tuple()
                .one(&transaction)
                .await?;
        let Some((organization, None)) = found else {
            return Ok(false);
        };
        let described = unscoped_described(&self.seal, &transaction, &[claimant]).await?;
        if let Some(described) = described.get(&claimant) {
            token::write(&transaction, &self.seal, organization, claimant, described).await?;
        }
        let current = self.seal.current_token_key();
        claimant_key::Entity::update_many()
            .col_expr(claimant_key::Column::TokenKey, Expr::value(current))
            .filter(claimant_key::Column::ClaimantId.eq(claimant))
            .exec(&transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn begin_rotation(&self) -> Result<DatabaseTransaction> {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        Ok(self.database.writer.begin_with_options(options).await?)
    }
}

/// Where a table keeps its data keys.
struct Columns<E: EntityTrait> {
    id: E::Column,
    master_key: E::Column,
    wrapped: E::Column,
}
