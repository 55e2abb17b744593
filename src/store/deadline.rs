//! Timers: what has come due is told in the journal, once, and what nobody answered ends. Each deadline is told in one
//! transaction with the lease of whoever fires and with the mark that it was told, so that of many processes exactly
//! one does so, whenever one of them dies. What is told of is marked with the moment that was told: a deadline that
//! moves is armed again by moving. When something comes due, and in which order it fires, is `domain::deadline`'s.
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{
    ClaimantId, NeedId, OrganizationId, OutcomeId, ReferralId, SubjectType, claimant, need,
    outcome, referral,
};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    Select,
    prelude::Uuid,
    sea_query::{Expr, LockBehavior, LockType},
};
use serde::Serialize;

use super::{
    Applied, Change, Store, Unit,
    journal::{Author, Entry, write_entries},
    referral::{answered, parties},
};
use crate::{
    domain::deadline::{Deadline, Reached, Timer, awaits_follow_up, expires_at, first},
    error::{Error, Problem, Refusal, Result},
};

type Due = Deadline<Uuid>;

/// What one turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// How many deadlines the journal was told of.
    pub told: usize,
    /// How many requests expired.
    pub expired: usize,
    /// Whether there may be more.
    pub more: bool,
}

/// What is armed, word for word as the index of each timer has it: SQLite does not see that a parameter would say the
/// same.
mod armed {
    pub(super) const OVERDUE: &str =
        "status = 'REQUESTED' AND (told_due_at IS NULL OR told_due_at <> due_at)";
    pub(super) const REVIEW: &str =
        "status = 'ON_HOLD' AND (told_review_at IS NULL OR told_review_at <> review_at)";
    pub(super) const FOLLOW_UP: &str = "follow_up_on IS NOT NULL AND \
        (told_follow_up_on IS NULL OR told_follow_up_on <> follow_up_on)";
    pub(super) const NEED: &str = "status = 'OPEN' AND wanted_from IS NOT NULL AND \
        (told_wanted_from IS NULL OR told_wanted_from <> wanted_from)";
    pub(super) const EXPIRY: &str = "status = 'REQUESTED'";
}

fn overdue(reached: &Reached) -> Select<referral::Entity> {
    // As `Referral.overdue` has it: at the very moment it is not late yet.
    referral::Entity::find()
        .filter(Expr::cust(armed::OVERDUE))
        .filter(referral::Column::DueAt.lt(reached.now))
}

fn to_review(reached: &Reached) -> Select<referral::Entity> {
    referral::Entity::find()
        .filter(Expr::cust(armed::REVIEW))
        .filter(referral::Column::ReviewAt.lte(reached.now))
}

fn to_follow_up(reached: &Reached) -> Select<outcome::Entity> {
    outcome::Entity::find()
        .filter(Expr::cust(armed::FOLLOW_UP))
        .filter(outcome::Column::FollowUpOn.lte(reached.today))
}

fn wanted(reached: &Reached) -> Select<need::Entity> {
    need::Entity::find()
        .filter(Expr::cust(armed::NEED))
        .filter(need::Column::WantedFrom.lte(reached.today))
}

fn unanswered(until: DateTime<Utc>) -> Select<referral::Entity> {
    referral::Entity::find()
        .filter(Expr::cust(armed::EXPIRY))
        .filter(referral::Column::DueAt.lte(until))
}

impl Store {
    /// How often it is to be looked for what has come due.
    pub fn timer_period(&self) -> Duration {
        Duration::from_secs(self.settings.timers.interval_seconds.get().into())
    }

    /// Fires one batch of what has come due, in order, if this process holds the lease or can take it.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database fails. What fired before stays fired.
    pub async fn unscoped_fire(&self, holder: &str) -> Result<Fired> {
        let timers = &self.settings.timers;
        let reached = Reached::at(self.clock.now(), timers.expire_after_days.get());
        let batch = usize::try_from(timers.batch.get()).unwrap_or(usize::MAX);
        let next = first(self.unscoped_due(&reached).await?, batch);
        let tells = |due: &Due| due.timer.tells().is_some();
        let mut fired = Fired::default();
        for run in next.chunk_by(|one, other| tells(one) == tells(other)) {
            let settled = if run.iter().all(tells) {
                let (settled, told) = self.tell(holder, &reached, run).await?;
                fired.told += told;
                settled
            } else {
                let expired = self.expire(holder, &reached, run).await?;
                fired.expired += expired;
                expired
            };
            // Somebody else is at it, and goes on in order.
            if settled == 0 {
                return Ok(fired);
            }
        }
        fired.more = next.len() == batch;
        Ok(fired)
    }

    /// The first batch of each timer.
    async fn unscoped_due(&self, reached: &Reached) -> Result<Vec<Due>> {
        use referral::Column::{DueAt, Id, ReviewAt};
        let mut found = Vec::new();
        for (timer, select, at) in [
            (Timer::Overdue, Some(overdue(reached)), DueAt),
            (Timer::Review, Some(to_review(reached)), ReviewAt),
            (Timer::Expiry, reached.expired.map(unanswered), DueAt),
        ] {
            let Some(select) = select else { continue };
            let due: Vec<(Uuid, DateTime<Utc>)> = self.earliest(select, Id, at).await?;
            let kept = self.settings.timers.expire_after_days.get();
            found.extend(due.into_iter().map(|(subject, at)| Deadline {
                at: if timer == Timer::Expiry {
                    expires_at(at, kept)
                } else {
                    at
                },
                timer,
                subject,
            }));
        }
        let (id, on) = (outcome::Column::Id, outcome::Column::FollowUpOn);
        let due: Vec<(Uuid, NaiveDate)> = self.earliest(to_follow_up(reached), id, on).await?;
        found.extend(
            due.into_iter()
                .map(|(id, on)| Deadline::on(on, Timer::FollowUp, id)),
        );
        let (id, on) = (need::Column::Id, need::Column::WantedFrom);
        let due: Vec<(Uuid, NaiveDate)> = self.earliest(wanted(reached), id, on).await?;
        found.extend(
            due.into_iter()
                .map(|(id, on)| Deadline::on(on, Timer::Need, id)),
        );
        Ok(found)
    }

    async fn earliest<E: EntityTrait, T: sea_orm::TryGetable + Send + Sync>(
        &self,
        select: Select<E>,
        id: E::Column,
        at: E::Column,
    ) -> Result<Vec<(Uuid, T)>> {
        Ok(select
            .select_only()
            .columns([id, at])
            .order_by_asc(at)
            .order_by_asc(id)
            .limit(u64::from(self.settings.timers.batch.get()))
            .into_tuple()
            .all(&self.database.unscoped)
            .await?)
    }

    fn timer_lease(&self) -> TimeDelta {
        TimeDelta::seconds(self.settings.timers.lease_seconds.get().into())
    }

    /// Tells of what is still due among `run`, all at once. Returns how many deadlines are settled, and of how many the
    /// journal tells: not of those that nobody waits for any more.
    async fn tell(&self, holder: &str, reached: &Reached, run: &[Due]) -> Result<(usize, usize)> {
        let transaction = self.database.begin().await?;
        if !self
            .hold_lease(&transaction, LEASE, holder, self.timer_lease())
            .await?
        {
            return Ok((0, 0));
        }
        let mut settled = HashMap::new();
        for (timer, select) in [
            (Timer::Overdue, overdue(reached)),
            (Timer::Review, to_review(reached)),
        ] {
            settle_referrals(&transaction, timer, select, run, &mut settled).await?;
        }
        settle_follow_ups(&transaction, reached, run, &mut settled).await?;
        settle_needs(&transaction, reached, run, &mut settled).await?;
        let count = settled.len();
        let entries: Vec<Entry> = run
            .iter()
            .filter_map(|due| settled.remove(&(due.timer, due.subject)).flatten())
            .collect();
        let told = entries.len();
        write_entries(
            &transaction,
            &self.seal,
            Author::SYSTEM,
            reached.now,
            entries,
        )
        .await?;
        transaction.commit().await?;
        self.wake.notify_one();
        Ok((count, told))
    }

    /// Ends what nobody answered, each in a transaction of its own. Returns how many ended.
    async fn expire(&self, holder: &str, reached: &Reached, run: &[Due]) -> Result<usize> {
        let Some(due_before) = reached.expired else {
            return Ok(0);
        };
        let sources: HashMap<Uuid, OrganizationId> = referral::Entity::find()
            .select_only()
            .columns([referral::Column::Id, referral::Column::SourceId])
            .filter(referral::Column::Id.is_in(run.iter().map(|due| due.subject)))
            .into_tuple()
            .all(&self.database.unscoped)
            .await?
            .into_iter()
            .collect();
        let mut expired = 0;
        for due in run {
            let Some(source) = sources.get(&due.subject) else {
                continue;
            };
            let change = Expire {
                id: ReferralId(due.subject),
                due_before,
                holder,
            };
            expired += self.carried_out(*source, &change).await?;
        }
        Ok(usize::try_from(expired).unwrap_or(usize::MAX))
    }
}

/// The work that one process does at a time.
const LEASE: &str = "timers";

/// What was settled, with what the journal tells of it, if anything.
type Settled = HashMap<(Timer, Uuid), Option<Entry>>;

fn of(timer: Timer, run: &[Due]) -> Vec<Uuid> {
    run.iter()
        .filter(|due| due.timer == timer)
        .map(|due| due.subject)
        .collect()
}

/// The rows of `ids` that are still due, kept from changing until the transaction ends. What somebody else is changing
/// at this moment is left to the next turn, so that two who lock many rows never wait for one another.
async fn still_due<E: EntityTrait>(
    transaction: &DatabaseTransaction,
    select: Select<E>,
    id: E::Column,
    ids: Vec<Uuid>,
) -> Result<Vec<E::Model>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(select
        .filter(id.is_in(ids))
        .lock_with_behavior(LockType::NoKeyUpdate, LockBehavior::SkipLocked)
        .all(transaction)
        .await?)
}

/// Notes that what stands in one column was told, in the other.
async fn mark<E: EntityTrait>(
    transaction: &DatabaseTransaction,
    (id, ids): (E::Column, Vec<Uuid>),
    (told, at): (E::Column, E::Column),
) -> Result<()> {
    let count = ids.len() as u64;
    let marked = E::update_many()
        .col_expr(told, Expr::col(at))
        .filter(id.is_in(ids))
        .exec(transaction)
        .await?;
    if marked.rows_affected != count {
        return Err(Error::internal("a deadline was lost while it was told"));
    }
    Ok(())
}

async fn settle_referrals(
    transaction: &DatabaseTransaction,
    timer: Timer,
    select: Select<referral::Entity>,
    run: &[Due],
    settled: &mut Settled,
) -> Result<()> {
    use referral::Column::{DueAt, Id, ReviewAt, ToldDueAt, ToldReviewAt};
    let rows = still_due(transaction, select, Id, of(timer, run)).await?;
    let (Some(kind), false) = (timer.tells(), rows.is_empty()) else {
        return Ok(());
    };
    let columns = if timer == Timer::Review {
        (ToldReviewAt, ReviewAt)
    } else {
        (ToldDueAt, DueAt)
    };
    let ids = rows.iter().map(|row| row.id.0).collect();
    mark::<referral::Entity>(transaction, (Id, ids), columns).await?;
    settled.extend(rows.into_iter().map(|row| {
        let entry = Entry::new(kind, SubjectType::Referral, row.id, row.version);
        ((timer, row.id.0), Some(entry.told(parties(&row))))
    }));
    Ok(())
}

async fn settle_follow_ups(
    transaction: &DatabaseTransaction,
    reached: &Reached,
    run: &[Due],
    settled: &mut Settled,
) -> Result<()> {
    use outcome::Column::{FollowUpOn, Id, ToldFollowUpOn};
    let timer = Timer::FollowUp;
    let rows = still_due(transaction, to_follow_up(reached), Id, of(timer, run)).await?;
    let (Some(kind), false) = (timer.tells(), rows.is_empty()) else {
        return Ok(());
    };
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id.0).collect();
    let answered: HashSet<OutcomeId> = outcome::Entity::find()
        .select_only()
        .column(Id)
        .filter(Id.is_in(ids.iter().copied()))
        .filter(answered())
        .into_tuple()
        .all(transaction)
        .await?
        .into_iter()
        .collect();
    let referrals: HashMap<ReferralId, referral::Model> = referral::Entity::find()
        .filter(referral::Column::Id.is_in(rows.iter().map(|row| row.referral_id)))
        .all(transaction)
        .await?
        .into_iter()
        .map(|row| (row.id, row))
        .collect();
    let people = referrals.values().filter_map(|row| row.claimant_id);
    let known = registered_by(transaction, people.collect()).await?;
    mark::<outcome::Entity>(transaction, (Id, ids), (ToldFollowUpOn, FollowUpOn)).await?;
    settled.extend(rows.into_iter().map(|row| {
        let entry = referrals.get(&row.referral_id).and_then(|referral| {
            let erased = referral
                .claimant_id
                .is_some_and(|id| !known.contains_key(&id));
            awaits_follow_up(referral.status, answered.contains(&row.id), erased).then(|| {
                Entry::new(kind, SubjectType::Referral, referral.id, referral.version)
                    .told(parties(referral))
            })
        });
        ((timer, row.id.0), entry)
    }));
    Ok(())
}

async fn settle_needs(
    transaction: &DatabaseTransaction,
    reached: &Reached,
    run: &[Due],
    settled: &mut Settled,
) -> Result<()> {
    use need::Column::{Id, ToldWantedFrom, WantedFrom};
    let timer = Timer::Need;
    let rows = still_due(transaction, wanted(reached), Id, of(timer, run)).await?;
    let (Some(kind), false) = (timer.tells(), rows.is_empty()) else {
        return Ok(());
    };
    let people = rows.iter().map(|row| row.claimant_id).collect();
    let registered_by = registered_by(transaction, people).await?;
    let ids = rows.iter().map(|row: &need::Model| row.id.0).collect();
    mark::<need::Entity>(transaction, (Id, ids), (ToldWantedFrom, WantedFrom)).await?;
    settled.extend(rows.into_iter().map(|row| {
        let entry = registered_by.get(&row.claimant_id).map(|organization| {
            let NeedId(id) = row.id;
            Entry::new(kind, SubjectType::Need, id, 0).told([*organization])
        });
        ((timer, row.id.0), entry)
    }));
    Ok(())
}

/// Who registered each of `claimants`; nobody is named for a person who was erased.
async fn registered_by(
    transaction: &DatabaseTransaction,
    claimants: Vec<ClaimantId>,
) -> Result<HashMap<ClaimantId, OrganizationId>> {
    use claimant::Column::{ErasedAt, Id, RegisteringOrganizationId};
    Ok(claimant::Entity::find()
        .select_only()
        .columns([Id, RegisteringOrganizationId])
        .filter(
            Condition::all()
                .add(Id.is_in(claimants))
                .add(ErasedAt.is_null()),
        )
        .into_tuple()
        .all(transaction)
        .await?
        .into_iter()
        .collect())
}

/// A timer ends a request that nobody answered.
#[derive(Clone, Debug, Serialize)]
struct Expire<'h> {
    id: ReferralId,
    due_before: DateTime<Utc>,
    holder: &'h str,
}

impl Change for Expire<'_> {
    const MUTATION: &'static str = "expire";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let store = &unit.session.store;
        let gone = || Refusal::at(Problem::NotFound, "id");
        if !store
            .hold_lease(&unit.work, LEASE, self.holder, store.timer_lease())
            .await?
        {
            return Err(gone().into());
        }
        let row = unanswered(self.due_before)
            .filter(referral::Column::Id.eq(self.id))
            .one(&unit.work)
            .await?
            .ok_or_else(gone)?;
        unit.expire(row).await
    }
}
