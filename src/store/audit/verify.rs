//! Walks the audit chain from its beginning, batch by batch, and names the first thing that is not as it was. It changes
//! nothing and reads no sealed content. The chain may grow meanwhile: what is checked is what stood when it began.
use std::collections::HashMap;

use aws_lc_rs::signature::KeyPair;
use chrono::{DateTime, Utc};
use entity::{AuditStream, audit_checkpoint, audit_head, audit_link, disclosure, journal_entry};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
};
use serde::Serialize;

use super::{super::Store, beginning};
use crate::{
    domain::audit_chain::{self, BEGINNING, FORMAT, checkpoint_text, hex},
    error::{Error, Result},
};

/// How many links are in memory at once.
const BATCH: u64 = 1_000;

/// What a fault was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Place {
    JournalEntry,
    Disclosure,
    Link,
    Checkpoint,
    /// A checkpoint that was kept elsewhere.
    PinnedCheckpoint,
}

/// What is wrong there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fault {
    /// It does not hold what it held when it was linked.
    Altered,
    /// It was there when it was linked.
    Missing,
    /// It stands at another position than it did.
    Reordered,
    /// It was never linked.
    Added,
    /// It is not signed by a key that is trusted.
    NotSigned,
}

/// The first thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub place: Place,
    pub fault: Fault,
    /// Where in the chain.
    pub position: i64,
    /// The row's own id, where it has one.
    pub id: Option<Uuid>,
    /// What differs.
    pub differs: &'static str,
}

/// What was checked, and the first fault if there was one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub links: u64,
    pub journal_entries: u64,
    pub disclosures: u64,
    pub checkpoints: u64,
    pub finding: Option<Finding>,
}

/// A checkpoint that somebody kept.
#[derive(Clone, Debug)]
pub struct Pinned {
    pub position: i64,
    pub at: DateTime<Utc>,
    pub link: String,
    pub public_key: Vec<u8>,
    pub signature: Vec<u8>,
}

/// By what the chain is judged, beside itself.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Public keys with which checkpoints were signed before the gateway's present one.
    pub earlier_keys: Vec<Vec<u8>>,
    pub pinned: Option<Pinned>,
}

/// How the walk stops: at a fault, or because the database failed.
enum Stop {
    Found(Finding),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

fn found<T>(
    place: Place,
    fault: Fault,
    position: i64,
    id: Option<Uuid>,
    differs: &'static str,
) -> std::result::Result<T, Stop> {
    Err(Stop::Found(Finding {
        place,
        fault,
        position,
        id,
        differs,
    }))
}

type Checked = std::result::Result<(), Stop>;

impl Store {
    /// Checks the whole chain, telling `observer` how far it is: links checked, and links in all.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database fails. A fault in the chain is no error: it is in the report.
    pub async fn unscoped_verify_audit(
        &self,
        trust: &Trust,
        observer: &mut (dyn FnMut(i64, i64) + Send),
    ) -> Result<Report> {
        let own = self.keys.checkpoint_key().map_err(Error::internal)?;
        let mut keys = trust.earlier_keys.clone();
        keys.push(own.public_key().as_ref().to_vec());
        let mut walk = Walk {
            database: &self.database.unscoped,
            keys,
            pinned: trust.pinned.as_ref(),
            position: 0,
            journal_position: 0,
            link: BEGINNING.to_vec(),
            report: Report::default(),
        };
        match walk.run(observer).await {
            Ok(()) => {}
            Err(Stop::Found(finding)) => walk.report.finding = Some(finding),
            Err(Stop::Failed(error)) => return Err(error),
        }
        Ok(walk.report)
    }
}

struct Walk<'a> {
    database: &'a DatabaseConnection,
    keys: Vec<Vec<u8>>,
    pinned: Option<&'a Pinned>,
    /// The last position that was found right, and the place of the journal there.
    position: i64,
    journal_position: i64,
    link: Vec<u8>,
    report: Report,
}

/// The rows of a batch of links.
struct Batch {
    entries: HashMap<Uuid, journal_entry::Model>,
    disclosures: HashMap<i64, disclosure::Model>,
    checkpoints: HashMap<i64, audit_checkpoint::Model>,
}

impl Walk<'_> {
    async fn run(&mut self, observer: &mut (dyn FnMut(i64, i64) + Send)) -> Checked {
        let head = self.head().await?;
        self.check_pinned_signature()?;
        while self.position < head.position {
            let links = audit_link::Entity::find()
                .filter(audit_link::Column::Position.gt(self.position))
                .filter(audit_link::Column::Position.lte(head.position))
                .order_by_asc(audit_link::Column::Position)
                .limit(BATCH)
                .all(self.database)
                .await?;
            if links.is_empty() {
                break;
            }
            let mut batch = self.read(&links).await?;
            for link in &links {
                self.check(link, &mut batch).await?;
            }
            if let Some(row) = batch
                .disclosures
                .into_values()
                .min_by_key(|row| row.position)
            {
                let (place, id) = (Place::Disclosure, Some(row.id.0));
                return found(place, Fault::Added, row.position, id, "no link of its own");
            }
            observer(self.position, head.position);
        }
        self.check_end(&head).await
    }

    async fn head(&self) -> std::result::Result<audit_head::Model, Stop> {
        let head = audit_head::Entity::find_by_id(1).one(self.database).await?;
        Ok(head.unwrap_or_else(beginning))
    }

    async fn read(&self, links: &[audit_link::Model]) -> std::result::Result<Batch, Stop> {
        let entries: Vec<Uuid> = links
            .iter()
            .filter(|link| link.stream == AuditStream::Journal)
            .map(|link| link.subject_id)
            .collect();
        let last = links.last().map_or(self.position, |link| link.position);
        let entries = journal_entry::Entity::find()
            .filter(journal_entry::Column::Id.is_in(entries))
            .all(self.database)
            .await?;
        let disclosures = disclosure::Entity::find()
            .filter(disclosure::Column::Position.gt(self.position))
            .filter(disclosure::Column::Position.lte(last))
            .limit(2 * BATCH)
            .all(self.database)
            .await?;
        let checkpoints = audit_checkpoint::Entity::find()
            .filter(audit_checkpoint::Column::Position.gt(self.position))
            .filter(audit_checkpoint::Column::Position.lte(last))
            .limit(BATCH)
            .all(self.database)
            .await?;
        Ok(Batch {
            entries: entries.into_iter().map(|row| (row.id.0, row)).collect(),
            disclosures: by_position(disclosures, |row| row.position),
            checkpoints: by_position(checkpoints, |row| row.position),
        })
    }

    async fn check(&mut self, link: &audit_link::Model, batch: &mut Batch) -> Checked {
        let expected = self.position + 1;
        if link.position != expected {
            return found(Place::Link, Fault::Missing, expected, None, "the link");
        }
        match link.stream {
            AuditStream::Journal => self.check_entry(link, batch)?,
            AuditStream::Disclosure => self.check_disclosure(link, batch).await?,
        }
        let subject = (link.stream, link.subject_id);
        let follows = audit_chain::link(&self.link, link.position, subject, &link.commitment);
        if link.link != follows {
            return found(Place::Link, Fault::Altered, link.position, None, "the link");
        }
        self.link.clone_from(&link.link);
        self.position = link.position;
        self.report.links += 1;
        if let Some(checkpoint) = batch.checkpoints.remove(&link.position) {
            self.check_checkpoint(&checkpoint)?;
        }
        match self.pinned {
            Some(pinned) if pinned.position == link.position && pinned.link != hex(&link.link) => {
                let place = Place::PinnedCheckpoint;
                found(place, Fault::Altered, link.position, None, "the link")
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_entry(&mut self, link: &audit_link::Model, batch: &mut Batch) -> Checked {
        let (place, id) = (Place::JournalEntry, Some(link.subject_id));
        let at = link.position;
        let Some(entry) = batch.entries.remove(&link.subject_id) else {
            return found(place, Fault::Missing, at, id, "the entry");
        };
        if entry.position != Some(self.journal_position + 1) {
            return found(
                place,
                Fault::Reordered,
                at,
                id,
                "its position in the journal",
            );
        }
        let Some(salt) = known(link) else {
            return found(
                Place::Link,
                Fault::Altered,
                at,
                id,
                "the salt or the format",
            );
        };
        if link.commitment != audit_chain::of_journal_entry(&entry, salt) {
            return found(place, Fault::Altered, at, id, "the content");
        }
        self.journal_position += 1;
        self.report.journal_entries += 1;
        Ok(())
    }

    async fn check_disclosure(&mut self, link: &audit_link::Model, batch: &mut Batch) -> Checked {
        let (place, id) = (Place::Disclosure, Some(link.subject_id));
        let at = link.position;
        let there = batch.disclosures.remove(&at);
        let Some(row) = there.filter(|row| row.id.0 == link.subject_id) else {
            let elsewhere = disclosure::Entity::find_by_id(link.subject_id)
                .one(self.database)
                .await?;
            if elsewhere.is_some() {
                return found(place, Fault::Reordered, at, id, "its position");
            }
            return found(place, Fault::Missing, at, id, "the disclosure");
        };
        let Some(salt) = known(link) else {
            return found(
                Place::Link,
                Fault::Altered,
                at,
                id,
                "the salt or the format",
            );
        };
        if link.commitment != audit_chain::of_disclosure(&row, salt) {
            return found(place, Fault::Altered, at, id, "the content");
        }
        self.report.disclosures += 1;
        Ok(())
    }

    fn check_checkpoint(&mut self, checkpoint: &audit_checkpoint::Model) -> Checked {
        let (place, at) = (Place::Checkpoint, checkpoint.position);
        if checkpoint.link != self.link {
            return found(place, Fault::Altered, at, None, "the link");
        }
        let text = checkpoint_text(at, checkpoint.at, &hex(&checkpoint.link));
        if !self.is_trusted(&text, &checkpoint.public_key, &checkpoint.signature) {
            return found(place, Fault::NotSigned, at, None, "the signature");
        }
        self.report.checkpoints += 1;
        Ok(())
    }

    fn check_pinned_signature(&self) -> Checked {
        let Some(pinned) = self.pinned else {
            return Ok(());
        };
        let place = Place::PinnedCheckpoint;
        let text = checkpoint_text(pinned.position, pinned.at, &pinned.link);
        if self.is_trusted(&text, &pinned.public_key, &pinned.signature) {
            Ok(())
        } else {
            found(
                place,
                Fault::NotSigned,
                pinned.position,
                None,
                "the signature",
            )
        }
    }

    fn is_trusted(&self, text: &str, public_key: &[u8], signature: &[u8]) -> bool {
        self.keys.iter().any(|key| key == public_key)
            && audit_chain::is_signed(text, public_key, signature)
    }

    /// That nothing was cut off: neither links that the head, a checkpoint or a disclosure knows of, nor those that a
    /// pinned checkpoint does.
    async fn check_end(&self, head: &audit_head::Model) -> Checked {
        let next = self.position + 1;
        if self.position < head.position {
            return found(Place::Link, Fault::Missing, next, None, "all from here on");
        }
        if self.link != head.link || self.journal_position != head.journal_position {
            return found(
                Place::Link,
                Fault::Missing,
                next,
                None,
                "what the chain ended with",
            );
        }
        if self
            .pinned
            .is_some_and(|pinned| pinned.position > self.position)
        {
            return found(Place::Link, Fault::Missing, next, None, "all from here on");
        }
        self.check_last_checkpoint(head).await?;
        self.check_beyond().await
    }

    /// That the checkpoint which the head names is there: those before it say nothing of what follows them.
    async fn check_last_checkpoint(&self, head: &audit_head::Model) -> Checked {
        let at = head.checkpoint_position;
        if at == 0 {
            return Ok(());
        }
        let checkpoint = audit_checkpoint::Entity::find_by_id(at)
            .one(self.database)
            .await?;
        match checkpoint {
            Some(_) => Ok(()),
            None => found(
                Place::Checkpoint,
                Fault::Missing,
                at,
                None,
                "the checkpoint",
            ),
        }
    }

    /// That no checkpoint and no disclosure stands beyond the end.
    async fn check_beyond(&self) -> Checked {
        let next = self.position + 1;
        // Read before the head is read again, which is never behind them.
        let checkpoint = audit_checkpoint::Entity::find()
            .order_by_desc(audit_checkpoint::Column::Position)
            .one(self.database)
            .await?;
        let disclosure = disclosure::Entity::find()
            .order_by_desc(disclosure::Column::Position)
            .one(self.database)
            .await?;
        let head = self.head().await?;
        if checkpoint.is_some_and(|row| row.position > head.position) {
            return found(Place::Link, Fault::Missing, next, None, "all from here on");
        }
        match disclosure.filter(|row| row.position > head.position) {
            Some(row) => {
                let (place, id) = (Place::Disclosure, Some(row.id.0));
                found(place, Fault::Added, row.position, id, "no link of its own")
            }
            None => Ok(()),
        }
    }
}

/// The salt of a link that this version of the program knows how to check.
fn known(link: &audit_link::Model) -> Option<&[u8]> {
    link.salt.as_deref().filter(|_| link.format == FORMAT)
}

fn by_position<T>(rows: Vec<T>, position: impl Fn(&T) -> i64) -> HashMap<i64, T> {
    rows.into_iter().map(|row| (position(&row), row)).collect()
}
