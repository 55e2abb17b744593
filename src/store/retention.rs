//! What the passing of time takes away: drafts that nobody touches any more, and people of whom nothing was written for
//! years. Each goes in a transaction of its own, with the system as the author in the journal.
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    ClaimantId, JournalKind, OrganizationId, ReferralId, claimant, consent, journal_entry,
    referral, referral_also_for,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, TransactionOptions,
    TransactionTrait,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use serde::Serialize;

use super::{Applied, Change, Store, Unit};
use crate::error::{Error, Problem, Refusal, Result};

/// How many go in one turn; a turn that was full is followed by another.
const BATCH: u64 = 100;
/// How long a process may be silent in a turn before another takes the work over.
const LEASE: TimeDelta = TimeDelta::minutes(5);

impl Store {
    /// How often it is to be looked for what must go.
    pub fn retention_period(&self) -> std::time::Duration {
        let minutes: u64 = self.settings.retention.every_minutes.get().into();
        std::time::Duration::from_secs(minutes * 60)
    }

    /// Takes away one batch of each kind, if this process holds the lease or can take it. Says whether there may be
    /// more.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database fails. What went before stays gone.
    pub async fn unscoped_retain(&self, holder: &str) -> Result<bool> {
        let transaction = self
            .database
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?;
        if !self
            .hold_lease(&transaction, "retention", holder, LEASE)
            .await?
        {
            return Ok(false);
        }
        transaction.commit().await?;
        let drafts = self.unscoped_discard_drafts().await?;
        let claimants = self.unscoped_erase_unused().await?;
        Ok(drafts == BATCH || claimants == BATCH)
    }

    /// The moment before which nothing may have been untouched; none where nothing ever goes.
    fn days_ago(&self, days: u32) -> Option<DateTime<Utc>> {
        (days > 0).then(|| self.clock.now() - TimeDelta::days(days.into()))
    }

    async fn unscoped_discard_drafts(&self) -> Result<u64> {
        let Some(before) = self.days_ago(self.settings.retention.draft_days.get()) else {
            return Ok(0);
        };
        let drafts: Vec<(ReferralId, OrganizationId)> = referral::Entity::find()
            .select_only()
            .columns([referral::Column::Id, referral::Column::SourceId])
            // As the index has it: SQLite does not see that a parameter would say the same.
            .filter(Expr::cust("status = 'DRAFT'"))
            .filter(referral::Column::UpdatedAt.lt(before))
            .order_by_asc(referral::Column::UpdatedAt)
            .limit(BATCH)
            .into_tuple()
            .all(&self.database.unscoped)
            .await?;
        let mut discarded = 0;
        for (id, source) in drafts {
            discarded += self.carried_out(source, &Discard { id, before }).await?;
        }
        Ok(discarded)
    }

    async fn unscoped_erase_unused(&self) -> Result<u64> {
        let Some(before) = self.days_ago(self.settings.retention.claimant_days.get()) else {
            return Ok(0);
        };
        let unused: Vec<(ClaimantId, OrganizationId)> = claimant::Entity::find()
            .select_only()
            .columns([
                claimant::Column::Id,
                claimant::Column::RegisteringOrganizationId,
            ])
            .filter(unused_since(before))
            .order_by_asc(claimant::Column::UpdatedAt)
            .limit(BATCH)
            .into_tuple()
            .all(&self.database.unscoped)
            .await?;
        let mut erased = 0;
        for (id, registering) in unused {
            let change = EraseUnused { id, before };
            erased += self.carried_out(registering, &change).await?;
        }
        Ok(erased)
    }

    /// Carries a change out as the system. Who was quicker has saved what should have gone: that counts for nothing.
    pub(super) async fn carried_out(
        &self,
        organization: OrganizationId,
        change: &impl Change,
    ) -> Result<u64> {
        let session = self.unscoped_system_session(organization);
        match session.apply(change, None).await {
            Ok(_) => Ok(1),
            Err(Error::Refused(_)) => Ok(0),
            Err(error) => Err(error),
        }
    }
}

/// The claimants of whom nothing was written since a moment, and whom no legal hold keeps.
fn unused_since(before: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(claimant::Column::ErasedAt.is_null())
        .add(claimant::Column::HeldAt.is_null())
        .add(claimant::Column::UpdatedAt.lt(before))
        .add(Expr::exists(journalled_since(before)).not())
        .add(Expr::exists(referred_since(before)).not())
        .add(Expr::exists(referred_beside_since(before)).not())
        .add(Expr::exists(consented_since(before)).not())
}

fn claimant_id() -> (claimant::Entity, claimant::Column) {
    (claimant::Entity, claimant::Column::Id)
}

/// Entries about the claimant at hand: of its registration, its updates, its needs. That somebody else looked for the
/// person keeps nothing.
fn journalled_since(before: DateTime<Utc>) -> SelectStatement {
    let column = |column| Expr::col((journal_entry::Entity, column));
    Query::select()
        .expr(Expr::value(1))
        .from(journal_entry::Entity)
        .and_where(column(journal_entry::Column::SubjectId).equals(claimant_id()))
        .and_where(column(journal_entry::Column::At).gte(before))
        .and_where(column(journal_entry::Column::Kind).ne(JournalKind::ClaimantSought))
        .to_owned()
}

fn referred_since(before: DateTime<Utc>) -> SelectStatement {
    let column = |column| Expr::col((referral::Entity, column));
    Query::select()
        .expr(Expr::value(1))
        .from(referral::Entity)
        .and_where(column(referral::Column::ClaimantId).equals(claimant_id()))
        .and_where(column(referral::Column::UpdatedAt).gte(before))
        .to_owned()
}

/// Referrals of others that are for the claimant at hand also.
fn referred_beside_since(before: DateTime<Utc>) -> SelectStatement {
    let column = |column| Expr::col((referral::Entity, column));
    let beside = |column| Expr::col((referral_also_for::Entity, column));
    Query::select()
        .expr(Expr::value(1))
        .from(referral_also_for::Entity)
        .inner_join(
            referral::Entity,
            beside(referral_also_for::Column::ReferralId)
                .equals((referral::Entity, referral::Column::Id)),
        )
        .and_where(beside(referral_also_for::Column::ClaimantId).equals(claimant_id()))
        .and_where(column(referral::Column::UpdatedAt).gte(before))
        .to_owned()
}

/// When a consent was given may be said afterwards: what counts is when it was recorded.
fn consented_since(before: DateTime<Utc>) -> SelectStatement {
    let entry = |column| Expr::col((journal_entry::Entity, column));
    Query::select()
        .expr(Expr::value(1))
        .from(consent::Entity)
        .inner_join(
            journal_entry::Entity,
            entry(journal_entry::Column::SubjectId).equals((consent::Entity, consent::Column::Id)),
        )
        .and_where(Expr::col((consent::Entity, consent::Column::ClaimantId)).equals(claimant_id()))
        .and_where(entry(journal_entry::Column::At).gte(before))
        .to_owned()
}

/// A timer drops a draft that nobody touched.
#[derive(Clone, Debug, Serialize)]
struct Discard {
    id: ReferralId,
    before: DateTime<Utc>,
}

impl Change for Discard {
    const MUTATION: &'static str = "discard";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let draft = unit
            .find::<referral::Entity>()
            .filter(referral::Column::Id.eq(self.id))
            .filter(referral::Column::UpdatedAt.lt(self.before))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        unit.discard(&draft).await?;
        Ok(Applied::new(draft.id, draft.version + 1))
    }
}

/// A timer erases a person of whom nothing was written for as long as is kept.
#[derive(Clone, Debug, Serialize)]
struct EraseUnused {
    id: ClaimantId,
    before: DateTime<Utc>,
}

impl Change for EraseUnused {
    const MUTATION: &'static str = "erase";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        unit.lock_claimant(self.id).await?;
        let claimant = unit
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.eq(self.id))
            .filter(unused_since(self.before))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        unit.erase(&claimant).await
    }
}
