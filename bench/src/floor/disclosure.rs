//! The record of what answers disclosed, as the gateway keeps it: one row for an answer, committed before the answer
//! leaves, and many answers in one statement.
use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Client;
use uuid::Uuid;

use super::sql;
use crate::Failure;

const MOST_AT_ONCE: usize = 256;

/// What one answer discloses.
pub struct Row {
    pub at: DateTime<Utc>,
    pub organization: Uuid,
    pub content: Vec<u8>,
}

type Waiting = (Row, oneshot::Sender<()>);

/// The way to the one task that writes.
#[derive(Clone)]
pub struct Writer(mpsc::Sender<Waiting>);

impl Writer {
    pub async fn start(client: Client) -> Result<Self, Failure> {
        let statement = client.prepare(sql::DISCLOSE).await?;
        let (line, mut waiting) = mpsc::channel::<Waiting>(MOST_AT_ONCE);
        tokio::spawn(async move {
            let mut batch = Vec::with_capacity(MOST_AT_ONCE);
            while waiting.recv_many(&mut batch, MOST_AT_ONCE).await > 0 {
                let (rows, answers): (Vec<Row>, Vec<_>) = batch.drain(..).unzip();
                let ids: Vec<Uuid> = rows.iter().map(|_| Uuid::now_v7()).collect();
                let at: Vec<DateTime<Utc>> = rows.iter().map(|row| row.at).collect();
                let organizations: Vec<Uuid> = rows.iter().map(|row| row.organization).collect();
                let contents: Vec<&[u8]> = rows.iter().map(|row| row.content.as_slice()).collect();
                let written = client
                    .execute(&statement, &[&ids, &at, &organizations, &contents])
                    .await;
                match written {
                    Ok(_) => answers.into_iter().for_each(|answer| {
                        let _ = answer.send(());
                    }),
                    Err(error) => eprintln!("disclosures could not be written: {error}"),
                }
            }
        });
        Ok(Self(line))
    }

    /// Whether the row was written.
    pub async fn write(&self, row: Row) -> bool {
        let (written, done) = oneshot::channel();
        self.0.send((row, written)).await.is_ok() && done.await.is_ok()
    }
}
