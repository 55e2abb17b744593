//! Numbers committed journal entries, writes who is told of each, and has them linked into the audit chain. One process holds the lease; any may take it
//! over. Cursors use these positions and nothing else, so that a reader meets no gap and no repeat, whatever was
//! committed late.
use std::{collections::HashMap, time::Duration};

use chrono::TimeDelta;
use entity::{JournalEntryId, idempotency, journal_audience, journal_entry, journal_head, lease};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, OnConflict},
};

use super::{Store, rows};
use crate::error::Result;

/// How long a wake-up waits for others: a batch costs the same for one entry as for many.
const GATHER: Duration = Duration::from_millis(50);
/// How often idempotency keys whose time is over are forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3_600);

impl Store {
    /// Numbers what is committed, until `stop` is done. The poll is the truth; a wake-up after a commit only makes it
    /// sooner.
    pub async fn sequence_until(&self, stop: impl Future<Output = ()>) {
        let holder = Uuid::now_v7().to_string();
        let poll = Duration::from_millis(self.settings.sequencer.poll_milliseconds.get().into());
        let mut forget = tokio::time::interval(FORGET_EVERY);
        tokio::pin!(stop);
        loop {
            // A full batch means that there is more; anything else waits for the next commit or the poll.
            match self.sequence_batch(&holder).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "the journal could not be sequenced"),
            }
            let mut gather = false;
            tokio::select! {
                () = &mut stop => return,
                () = self.wake.notified() => gather = true,
                _ = forget.tick() => {
                    if let Err(error) = self.unscoped_forget_keys().await {
                        tracing::warn!(%error, "idempotency keys could not be forgotten");
                    }
                }
                () = tokio::time::sleep(poll) => {}
            }
            if gather {
                tokio::select! {
                    () = &mut stop => return,
                    () = tokio::time::sleep(GATHER) => {}
                }
            }
        }
    }

    /// Numbers a batch of entries, and links a batch of what is numbered and of disclosures. Returns whether there may
    /// be more.
    async fn sequence_batch(&self, holder: &str) -> Result<bool> {
        let numbered = self.unscoped_number_entries(holder).await?;
        let more = self.unscoped_chain(holder).await?;
        Ok(more || numbered == self.batch())
    }

    pub(super) fn batch(&self) -> u64 {
        self.settings.sequencer.batch.get().into()
    }

    /// Forgets the idempotency keys whose time is over.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn unscoped_forget_keys(&self) -> Result<()> {
        let kept = TimeDelta::days(self.settings.idempotency.retention_days.get().into());
        idempotency::Entity::delete_many()
            .filter(idempotency::Column::CreatedAt.lt(self.clock.now() - kept))
            .exec(&self.database.writer)
            .await?;
        Ok(())
    }

    /// Numbers one batch of committed entries, if this process holds the lease or can take it. Returns how many.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails; nothing is numbered then.
    pub async fn unscoped_number_entries(&self, holder: &str) -> Result<u64> {
        let waiting = journal_entry::Entity::find()
            .select_only()
            .column(journal_entry::Column::Id)
            .filter(journal_entry::Column::Position.is_null())
            .limit(1)
            .into_tuple::<entity::JournalEntryId>()
            .one(&self.database.unscoped)
            .await?;
        if waiting.is_none() {
            return Ok(0);
        }
        let transaction = self.database.begin().await?;
        if !self.hold_sequencer(&transaction, holder).await? {
            return Ok(0);
        }
        let entries = journal_entry::Entity::find()
            .filter(journal_entry::Column::Position.is_null())
            .order_by_asc(journal_entry::Column::Id)
            .limit(self.batch())
            .all(&transaction)
            .await?;
        let count = entries.len() as u64;
        number(&transaction, in_order(entries)).await?;
        transaction.commit().await?;
        self.changes.wake();
        Ok(count)
    }

    /// Takes or keeps the lease of whoever numbers and chains.
    pub(super) async fn hold_sequencer(
        &self,
        transaction: &DatabaseTransaction,
        holder: &str,
    ) -> Result<bool> {
        let lease = TimeDelta::seconds(self.settings.sequencer.lease_seconds.get().into());
        self.hold_lease(transaction, "sequencer", holder, lease)
            .await
    }

    /// Takes or keeps the lease of some work. `lease` is how long this process may be silent before another takes the
    /// work over. On PostgreSQL the row also keeps any other holder waiting until this transaction
    /// ends; on SQLite the transaction itself does.
    pub(super) async fn hold_lease(
        &self,
        transaction: &impl ConnectionTrait,
        work: &str,
        holder: &str,
        lease: TimeDelta,
    ) -> Result<bool> {
        let now = self.clock.now();
        let row = lease::ActiveModel {
            name: Set(work.to_owned()),
            holder: Set(holder.to_owned()),
            expires_at: Set(now + lease),
        };
        let taken = lease::Entity::insert(row)
            .on_conflict(
                OnConflict::column(lease::Column::Name)
                    .update_columns([lease::Column::Holder, lease::Column::ExpiresAt])
                    .action_cond_where(
                        Condition::any()
                            .add(Expr::col((lease::Entity, lease::Column::Holder)).eq(holder))
                            .add(Expr::col((lease::Entity, lease::Column::ExpiresAt)).lt(now)),
                    )
                    .to_owned(),
            )
            .exec_without_returning(transaction)
            .await?;
        Ok(taken == 1)
    }
}

/// The order of ids, but for entries of one subject, which follow its versions: clocks of processes may differ.
fn in_order(mut entries: Vec<journal_entry::Model>) -> Vec<journal_entry::Model> {
    let mut of_subject: HashMap<Uuid, Vec<journal_entry::Model>> = HashMap::new();
    let places: Vec<Uuid> = entries.iter().map(|entry| entry.subject_id).collect();
    for entry in entries.drain(..) {
        of_subject.entry(entry.subject_id).or_default().push(entry);
    }
    for versions in of_subject.values_mut() {
        versions.sort_by_key(|entry| std::cmp::Reverse((entry.subject_version, entry.id)));
    }
    places
        .into_iter()
        .filter_map(|subject| of_subject.get_mut(&subject).and_then(Vec::pop))
        .collect()
}

async fn number(
    transaction: &DatabaseTransaction,
    entries: Vec<journal_entry::Model>,
) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let head = journal_head::Entity::find_by_id(1)
        .one(transaction)
        .await?
        .map_or(0, |head| head.position);
    let mut position = head;
    let mut places = Vec::with_capacity(entries.len());
    let mut told = Vec::new();
    for entry in entries {
        position += 1;
        places.push((entry.id, position));
        told.extend(entry.audience.0.into_iter().map(|whom| (whom, position)));
    }
    if transaction.get_database_backend() == DbBackend::Postgres {
        place_in_lists(transaction, &places, &told).await?;
    } else {
        place(transaction, &places, &told).await?;
    }
    journal_head::Entity::update_many()
        .col_expr(journal_head::Column::Position, Expr::value(position))
        .filter(journal_head::Column::Id.eq(1))
        .exec(transaction)
        .await?;
    Ok(())
}

/// An entry and its position.
type Place = (JournalEntryId, i64);
/// Who is told of the entry at a position.
type Told = (Uuid, i64);

async fn place_in_lists(
    transaction: &DatabaseTransaction,
    places: &[Place],
    told: &[Told],
) -> Result<()> {
    const NUMBER: &str = "UPDATE journal_entry SET position = given.position \
        FROM UNNEST($1::uuid[], $2::bigint[]) AS given (id, position) WHERE journal_entry.id = given.id";
    const TELL: &str = "INSERT INTO journal_audience (audience, position) \
        SELECT audience, position FROM UNNEST($1::uuid[], $2::bigint[]) AS told (audience, position)";
    let ids = rows::uuids(places.iter().map(|(id, _)| id.0));
    let positions = rows::numbers(places.iter().map(|(_, position)| *position));
    rows::run(transaction, NUMBER, [ids, positions]).await?;
    let audiences = rows::uuids(told.iter().map(|(audience, _)| *audience));
    let positions = rows::numbers(told.iter().map(|(_, position)| *position));
    rows::run(transaction, TELL, [audiences, positions]).await?;
    Ok(())
}

/// The same where a statement takes no lists; its parameters are bounded.
async fn place(transaction: &DatabaseTransaction, places: &[Place], told: &[Told]) -> Result<()> {
    use journal_entry::Column;
    let mut numbers = Expr::case(Expr::value(false), Expr::val(None::<i64>));
    for (id, position) in places {
        numbers = numbers.case(Expr::col(Column::Id).eq(*id), Expr::val(*position));
    }
    journal_entry::Entity::update_many()
        .col_expr(Column::Position, numbers.into())
        .filter(Column::Id.is_in(places.iter().map(|(id, _)| *id)))
        .exec(transaction)
        .await?;
    for told in told.chunks(1_000) {
        let told = told
            .iter()
            .map(|(audience, position)| journal_audience::ActiveModel {
                audience: Set(*audience),
                position: Set(*position),
            });
        journal_audience::Entity::insert_many(told)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
