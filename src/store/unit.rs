//! A change of data: one transaction, its journal entries, and the memory of its idempotency key. A [`Change`] is a
//! value (the input of a mutation); [`Session::apply`] carries it out once, whatever is retried or runs beside it.
use std::future::Future;

use entity::{idempotency, journal_entry, referral};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbBackend, DbErr, EntityTrait, QueryFilter, QueryTrait,
    RuntimeErr, SqlErr,
    prelude::Uuid,
    sea_query::{CommonTableExpression, UpdateStatement},
};
use serde::{Deserialize, Serialize};

use super::{
    Readable, Session, Visible,
    journal::{Entry, MOST_ROWS},
    work::{Whole, Work},
};
use crate::{
    error::{Error, Problem, Refusal, Result},
    lock::Lock,
};

/// What a mutation does, with its input. The whole of it is hashed for the idempotency key.
pub trait Change: Serialize + Send + Sync {
    /// The name of the mutation; an idempotency key is for one mutation only.
    const MUTATION: &'static str;

    /// Whether it reads, and then writes one referral under the version that it read, and nothing else but the journal:
    /// then no transaction has to hold the two together.
    fn is_light(&self) -> bool {
        false
    }

    /// Makes the change inside `unit`, or refuses and leaves nothing.
    fn apply(&self, unit: &mut Unit<'_>) -> impl Future<Output = Result<Applied>> + Send;
}

/// What becomes of each of several, in their order; a refusal of one changes nothing for the others.
pub type Each<T> = Vec<std::result::Result<T, Refusal>>;

/// What became of the only one.
pub(super) fn one<T>(each: Each<T>) -> Result<T> {
    match each.into_iter().next() {
        Some(row) => Ok(row?),
        None => Err(Error::internal("nothing became of the only one")),
    }
}

/// What was changed. The answer to the caller is read anew, under the caller's rights.
#[derive(Clone, Debug)]
pub struct Applied {
    pub(super) subject: Uuid,
    pub(super) version: i32,
    /// Whether this very call made the change; a replay tells no more than today's rights allow.
    fresh: bool,
    /// What became of each row, where the change is one of many.
    rows: Vec<Row>,
    /// The referral as this very call left it, where its rights to it are what they were when it was read.
    left: Option<Box<referral::Model>>,
}

/// What became of one row of a change of many; kept under its idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) subject: Uuid,
    /// The version that the change left, or why there was none.
    pub(super) left: std::result::Result<i32, Refusal>,
}

impl Applied {
    pub(super) fn new(subject: impl Into<Uuid>, version: i32) -> Self {
        Self {
            subject: subject.into(),
            version,
            fresh: true,
            rows: Vec::new(),
            left: None,
        }
    }

    /// A step that left a referral so, and nobody's access to it otherwise than it was.
    pub(super) fn leaving(self, referral: referral::Model) -> Self {
        Self {
            left: Some(Box::new(referral)),
            ..self
        }
    }

    pub(super) fn left(&self) -> Option<&referral::Model> {
        self.left.as_deref()
    }

    /// A change of many rows, of which none or some may have been refused.
    pub(super) fn of_rows(rows: Vec<Row>) -> Self {
        let done = rows
            .iter()
            .find_map(|row| Some((row.subject, *row.left.as_ref().ok()?)));
        let (subject, version) = done.unwrap_or_default();
        Self {
            rows,
            ..Self::new(subject, version)
        }
    }

    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether every row was refused: nothing was changed.
    fn is_refused(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.left.is_err())
    }

    /// What was changed, or came to be.
    pub const fn subject(&self) -> Uuid {
        self.subject
    }

    /// The version that the change left.
    pub const fn version(&self) -> i32 {
        self.version
    }

    /// Whether this very call made the change.
    pub const fn is_fresh(&self) -> bool {
        self.fresh
    }
}

/// The work of one change of one caller, a transaction unless the change is light. It ends with [`Session::apply`]; dropped before, it leaves nothing.
pub struct Unit<'s> {
    pub(super) session: &'s Session,
    pub(super) work: Work,
    pub(super) entries: Vec<Entry>,
    /// Whether a person was erased: then the log of the database must not keep what its tables forgot.
    pub(super) erased: bool,
}

impl Unit<'_> {
    /// The rows of an entity that the caller may see, as this unit sees them.
    pub(super) fn find<E: Readable>(&self) -> Visible<'_, E, Work> {
        Visible::new(
            E::visible_to(self.session.viewer(), self.session.now),
            &self.work,
        )
    }

    /// Notes that something happened. A unit without an entry cannot be committed.
    pub(super) fn record(&mut self, entry: Entry) {
        self.entries.push(entry);
    }
}

impl Session {
    /// Carries a change out once. With a key, a repeated call changes nothing and answers what the first one did; a
    /// refusal does not use the key up.
    ///
    /// # Errors
    /// [`Error::Refused`] with what the caller can mend; [`Error::Internal`] otherwise. Nothing was changed then.
    pub async fn apply<C: Change>(&self, change: &C, key: Option<Uuid>) -> Result<Applied> {
        let Some(key) = key else {
            return self.attempt(change, None).await;
        };
        let remembered = Remembered {
            key,
            mutation: C::MUTATION,
            input_hash: self.input_hash(change)?,
        };
        // Not asked before the attempt: nearly every call is the first with its key, and a later one is stopped by the
        // key itself, if by nothing else.
        match self.attempt(change, Some(&remembered)).await {
            Ok(applied) if !applied.is_refused() => Ok(applied),
            // The same call has come first, or comes first on another connection: then its result is the answer.
            refused => match self.replay(&remembered).await? {
                Some(applied) => Ok(applied),
                None => refused,
            },
        }
    }

    /// Tries again what the database stopped for the sake of another transaction; nothing was changed then.
    async fn attempt<C: Change>(
        &self,
        change: &C,
        remembered: Option<&Remembered>,
    ) -> Result<Applied> {
        for _ in 1..MOST_ATTEMPTS {
            match self.attempt_once(change, remembered).await {
                Err(error) if is_passing(&error) => {}
                settled => return settled,
            }
        }
        self.attempt_once(change, remembered).await
    }

    async fn attempt_once<C: Change>(
        &self,
        change: &C,
        remembered: Option<&Remembered>,
    ) -> Result<Applied> {
        let database = &self.store.database;
        let work = match database.line() {
            Some(line) if change.is_light() => Work::alone(line),
            _ => Work::Transaction(database.begin().await?),
        };
        let mut unit = Unit {
            session: self,
            work,
            entries: Vec::new(),
            erased: false,
        };
        // On the heap: what a change awaits is large, and the stack of a worker is not.
        let applied = Box::pin(change.apply(&mut unit)).await?;
        if applied.is_refused() {
            return Ok(applied);
        }
        if unit.entries.is_empty() {
            return Err(Error::internal("a change without a journal entry"));
        }
        let changed = unit.directory_changes();
        let erased = unit.erased;
        unit.commit(remembered, &applied).await?;
        self.store.directory.forget(&changed);
        if erased {
            self.store.database.forget_log().await;
        }
        self.store.wake.notify_one();
        Ok(applied)
    }

    /// A keyed hash of the mutation's name and input.
    fn input_hash<C: Change>(&self, change: &C) -> Result<Vec<u8>> {
        let input = serde_json::to_vec(&(C::MUTATION, change)).map_err(Error::internal)?;
        Ok(self.store.keys.hash(&input))
    }

    async fn replay(&self, remembered: &Remembered) -> Result<Option<Applied>> {
        let found = idempotency::Entity::find()
            .filter(idempotency::Column::OrganizationId.eq(self.viewer().organization()))
            .filter(idempotency::Column::Client.eq(&self.caller.client))
            .filter(idempotency::Column::Key.eq(remembered.key))
            .one(self.reader())
            .await?;
        match found {
            None => Ok(None),
            Some(found)
                if found.mutation == remembered.mutation
                    && found.input_hash == remembered.input_hash =>
            {
                Ok(Some(Applied {
                    subject: found.subject_id,
                    version: found.subject_version,
                    fresh: false,
                    left: None,
                    rows: match found.rows {
                        Some(rows) => serde_json::from_value(rows).map_err(Error::internal)?,
                        None => Vec::new(),
                    },
                }))
            }
            Some(_) => Err(Refusal::at(Problem::IdempotencyKeyReused, "idempotencyKey").into()),
        }
    }
}

/// How often a change is tried that the database stopped for the sake of another.
const MOST_ATTEMPTS: u32 = 4;

/// Whether the database stopped a transaction only because another was in its way: a serialization failure or a
/// deadlock of PostgreSQL (SQLSTATE class 40), a busy SQLite.
fn is_passing(error: &Error) -> bool {
    let Error::Internal(source) = error else {
        return false;
    };
    let Some(
        DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error)),
    ) = source.downcast_ref::<DbErr>()
    else {
        return false;
    };
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01" | "5" | "517"))
}

/// What is kept of a mutation with a key; never its answer.
struct Remembered {
    key: Uuid,
    mutation: &'static str,
    input_hash: Vec<u8>,
}

impl Remembered {
    fn row(&self, unit: &Unit<'_>, applied: &Applied) -> Result<idempotency::ActiveModel> {
        let rows = match applied.rows() {
            [] => None,
            rows => Some(serde_json::to_value(rows).map_err(Error::internal)?),
        };
        Ok(idempotency::ActiveModel {
            organization_id: Set(unit.session.viewer().organization()),
            client: Set(unit.session.caller.client.clone()),
            key: Set(self.key),
            mutation: Set(self.mutation.to_owned()),
            input_hash: Set(self.input_hash.clone()),
            subject_id: Set(applied.subject),
            subject_version: Set(applied.version),
            rows: Set(rows),
            created_at: Set(unit.session.now),
        })
    }
}

impl Unit<'_> {
    /// Writes the entries, remembers the key, and makes all of it last.
    async fn commit(mut self, remembered: Option<&Remembered>, applied: &Applied) -> Result<()> {
        let key = remembered.map(|remembered| remembered.row(&self, applied));
        let key = key.transpose()?;
        if let Work::Alone { update, .. } = &mut self.work {
            let update = update.take();
            let update = update.ok_or_else(|| Error::internal("a light change wrote nothing"))?;
            return self.write_alone(update, key, applied).await;
        }
        match key {
            Some(key) => self.remember(key).await?,
            None => self.write_entries().await?,
        }
        self.work.commit().await
    }

    /// Does a light change: in one statement.
    async fn write_alone(
        mut self,
        update: UpdateStatement,
        key: Option<idempotency::ActiveModel>,
        applied: &Applied,
    ) -> Result<()> {
        let entries = self.entry_rows()?;
        let Work::Alone { line, .. } = &self.work else {
            return Err(Error::internal("a light change has a transaction"));
        };
        let mut whole = Whole::of(update);
        if let Some(key) = key {
            whole = whole.and("remembered", key)?;
        }
        let written = if Lock::Journal.is_off() {
            whole.run_bare(line).await
        } else {
            whole.run(line, &entries).await
        };
        if written.map_err(key_in_use)? {
            Ok(())
        } else {
            Err(self.lost(applied).await?.into())
        }
    }

    /// Remembers the key, and writes the entries: in one statement, where the database takes two in one.
    async fn remember(&mut self, key: idempotency::ActiveModel) -> Result<()> {
        let key = idempotency::Entity::insert(key);
        let few = self.entries.len() <= MOST_ROWS && !Lock::Journal.is_off();
        let written = if few && self.work.get_database_backend() == DbBackend::Postgres {
            let entries = journal_entry::Entity::insert_many(self.entry_rows()?).into_query();
            let key = CommonTableExpression::new()
                .query(key.into_query())
                .table_name("remembered")
                .to_owned();
            let both = entries.with(key.into());
            self.work.execute(&both).await.map(drop)
        } else {
            self.write_entries().await?;
            key.exec_without_returning(&self.work).await.map(drop)
        };
        written.map_err(key_in_use)
    }
}

/// Another call with this key has just been carried out.
fn key_in_use(error: DbErr) -> Error {
    if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) {
        Refusal::at(Problem::IdempotencyInProgress, "idempotencyKey").into()
    } else {
        error.into()
    }
}
