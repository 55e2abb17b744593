//! Writes down what answers disclose, before they leave. Answers that end at the same time are written together: one
//! statement, one commit. What could not be written in time was not written, as far as the answer is concerned.
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use entity::disclosure_answer;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel, Statement, prelude::Uuid,
};
use tokio::sync::{mpsc, oneshot};

use super::super::{Session, connect::Database, reading::Single, rows as lists};
use crate::{
    domain::disclosure::encode,
    error::{Error, Result},
    lock::Lock,
};

/// How many answers one statement writes at most, and how many wait in line.
const MOST_AT_ONCE: usize = 256;

/// An answer that waits for its row to be committed.
struct Waiting {
    row: disclosure_answer::Model,
    written: oneshot::Sender<()>,
}

/// The way to the one task that writes.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Writer(Arc<OnceLock<mpsc::Sender<Waiting>>>);

/// Why an answer cannot leave.
#[derive(Debug, thiserror::Error)]
#[error("the record of a disclosure was not written")]
struct NotWritten;

impl Writer {
    async fn write(
        &self,
        database: &Database,
        row: disclosure_answer::Model,
    ) -> std::result::Result<(), NotWritten> {
        let line = self.0.get_or_init(|| {
            let (line, waiting) = mpsc::channel(MOST_AT_ONCE);
            tokio::spawn(write_in_turn(database.single_writer(), waiting));
            line
        });
        let (written, done) = oneshot::channel();
        let waiting = Waiting { row, written };
        line.send(waiting).await.map_err(|_| NotWritten)?;
        done.await.map_err(|_| NotWritten)
    }
}

/// Ends with the last store that could send anything.
async fn write_in_turn(database: Single, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(MOST_AT_ONCE);
    while waiting.recv_many(&mut batch, MOST_AT_ONCE).await > 0 {
        let (rows, answers): (Vec<_>, Vec<_>) = batch
            .drain(..)
            // Whoever has stopped waiting gives no answer that would have to be recorded.
            .filter(|waiting| !waiting.written.is_closed())
            .map(|waiting| (waiting.row, waiting.written))
            .unzip();
        if rows.is_empty() {
            continue;
        }
        match insert(&database, rows).await {
            Ok(()) => {
                for answer in answers {
                    // Gone meanwhile: recorded, and not given.
                    let _ = answer.send(());
                }
            }
            // Dropped senders tell every answer of the batch.
            Err(error) => tracing::error!(%error, "disclosures could not be written"),
        }
    }
}

/// One statement for however many there are.
async fn insert(
    database: &Single,
    rows: Vec<disclosure_answer::Model>,
) -> std::result::Result<(), DbErr> {
    const INSERT: &str = "INSERT INTO \"disclosure_answer\" (id, at, organization_id, client, subject, acting_subject, \
        content) SELECT id, at, organization_id, client, subject, NULLIF(acting_subject, ''), content \
        FROM UNNEST($1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[]) \
        AS ended (id, at, organization_id, client, subject, acting_subject, content)";
    if database.get_database_backend() != DbBackend::Postgres {
        let rows = rows.into_iter().map(IntoActiveModel::into_active_model);
        disclosure_answer::Entity::insert_many(rows)
            .exec_without_returning(database)
            .await?;
        return Ok(());
    }
    let each = || rows.iter();
    let acting = |row: &disclosure_answer::Model| row.acting_subject.clone().unwrap_or_default();
    let lists = [
        lists::uuids(each().map(|row| row.id)),
        lists::times(each().map(|row| row.at)),
        lists::uuids(each().map(|row| row.organization_id.0)),
        lists::texts(each().map(|row| row.client.clone())),
        lists::texts(each().map(|row| row.subject.clone())),
        lists::texts(each().map(acting)),
        lists::bytes(each().map(|row| row.content.clone())),
    ];
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, INSERT, lists);
    database.execute_raw(statement).await?;
    Ok(())
}

impl Session {
    /// Writes down what this answer discloses. Until this has succeeded, the answer must not leave.
    ///
    /// # Errors
    /// [`Error::Internal`] when that could not be committed in time.
    pub async fn write_disclosures(&self) -> Result<()> {
        let disclosed = self.ledger.take();
        if disclosed.is_empty() || Lock::Disclosure.is_off() {
            return Ok(());
        }
        let row = disclosure_answer::Model {
            id: Uuid::now_v7(),
            at: self.now,
            organization_id: self.viewer().organization(),
            client: self.caller.client.clone(),
            subject: self.caller.subject.clone(),
            acting_subject: self.caller.acting_subject.clone(),
            content: encode(&disclosed),
        };
        let seconds = self.settings().audit.disclosure_seconds.get();
        let limit = Duration::from_secs(seconds.into());
        let writing = self.store.disclosures.write(&self.store.database, row);
        match tokio::time::timeout(limit, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::internal(error)),
            Err(_) => Err(Error::internal(NotWritten)),
        }
    }
}
