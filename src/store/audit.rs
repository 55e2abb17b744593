//! The audit chain: every numbered journal entry and every disclosure in one order, each linked to all before it, and
//! from time to time a signed checkpoint. The holder of the sequencer's lease makes it; `verify` walks it.
use aws_lc_rs::{rand, signature::KeyPair};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AuditStream, DisclosureId, FieldGroups, audit_checkpoint, audit_head, audit_link, disclosure,
    disclosure_answer, journal_entry, journal_head,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbBackend,
    EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid,
    sea_query::OnConflict,
};

use super::{Readable, Session, Store, nothing, rows};
use crate::{
    config,
    domain::{audit_chain, disclosure::decode},
    error::{Error, Result},
    opaque::Keys,
    viewer::Viewer,
};

pub mod verify;

/// How many answers are taken into the chain at once; each may name as many claimants as an answer holds.
const ANSWERS_AT_ONCE: u64 = 100;

/// Any organization that may read the audit may pin a checkpoint; it tells of no claimant.
impl Readable for audit_checkpoint::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => super::everything(),
        }
    }
}

impl Session {
    /// The latest checkpoint of the audit chain.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn audit_checkpoint(&self) -> Result<Option<audit_checkpoint::Model>> {
        self.find::<audit_checkpoint::Entity>()
            .select(|select| {
                select
                    .order_by_desc(audit_checkpoint::Column::Position)
                    .limit(1)
            })
            .one()
            .await
    }
}

impl Store {
    /// Takes into the chain what is not in it yet, a batch of it, if this process holds the lease or can take it.
    /// Returns whether there may be more.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database fails; the chain is then as it was.
    pub async fn unscoped_chain(&self, holder: &str) -> Result<bool> {
        if !self.chain_is_behind().await? {
            return Ok(false);
        }
        let transaction = self.database.begin().await?;
        if !self.hold_sequencer(&transaction, holder).await? {
            return Ok(false);
        }
        let entries = self.batch();
        let mut chain = Chain::read(&transaction).await?;
        let linked = chain.link_entries(&transaction, entries).await?;
        let answers = chain.link_answers(&transaction).await?;
        chain.write_links(&transaction).await?;
        if checkpoint_due(&chain.head, &self.settings.audit, self.clock.now()) {
            chain
                .sign(&transaction, self.clock.now(), &self.keys)
                .await?;
        }
        chain.write_head(&transaction).await?;
        transaction.commit().await?;
        Ok(linked == entries || answers == ANSWERS_AT_ONCE)
    }

    async fn chain_is_behind(&self) -> Result<bool> {
        let reader = &self.database.unscoped;
        let head = audit_head::Entity::find_by_id(1).one(reader).await?;
        let head = head.unwrap_or_else(beginning);
        let journal = journal_head::Entity::find_by_id(1).one(reader).await?;
        if journal.is_some_and(|journal| journal.position > head.journal_position)
            || checkpoint_due(&head, &self.settings.audit, self.clock.now())
        {
            return Ok(true);
        }
        let answer = disclosure_answer::Entity::find()
            .select_only()
            .column(disclosure_answer::Column::Id)
            .limit(1)
            .into_tuple::<Uuid>()
            .one(reader)
            .await?;
        Ok(answer.is_some())
    }
}

fn beginning() -> audit_head::Model {
    audit_head::Model {
        id: 1,
        position: 0,
        link: audit_chain::BEGINNING.to_vec(),
        journal_position: 0,
        checkpoint_position: 0,
        checkpoint_at: None,
    }
}

fn checkpoint_due(head: &audit_head::Model, settings: &config::Audit, now: DateTime<Utc>) -> bool {
    let new = head.position - head.checkpoint_position;
    let age = TimeDelta::minutes(settings.checkpoint_minutes.get().into());
    new >= i64::from(settings.checkpoint_links.get())
        || (new > 0 && head.checkpoint_at.is_none_or(|at| at + age <= now))
}

fn salt() -> Result<[u8; 32]> {
    let mut salt = [0; 32];
    rand::fill(&mut salt).map_err(|_| Error::internal("the machine gives no random numbers"))?;
    Ok(salt)
}

/// The chain as one transaction makes it longer.
pub(super) struct Chain {
    head: audit_head::Model,
    links: Vec<audit_link::Model>,
}

impl Chain {
    /// The chain of an empty database.
    pub(super) fn new() -> Self {
        Self {
            head: beginning(),
            links: Vec::new(),
        }
    }

    async fn read(transaction: &DatabaseTransaction) -> Result<Self> {
        let head = audit_head::Entity::find_by_id(1).one(transaction).await?;
        Ok(Self {
            head: head.unwrap_or_else(beginning),
            links: Vec::new(),
        })
    }

    fn append(
        &mut self,
        subject: (AuditStream, Uuid),
        salt: [u8; 32],
        commitment: audit_chain::Digest,
    ) {
        self.head.position += 1;
        let link =
            audit_chain::link(&self.head.link, self.head.position, subject, &commitment).to_vec();
        self.links.push(audit_link::Model {
            position: self.head.position,
            stream: subject.0,
            subject_id: subject.1,
            format: audit_chain::FORMAT,
            salt: Some(salt.to_vec()),
            commitment: commitment.to_vec(),
            link: link.clone(),
        });
        self.head.link = link;
    }

    /// Entries in the order of the journal. Returns how many.
    async fn link_entries(&mut self, transaction: &DatabaseTransaction, most: u64) -> Result<u64> {
        let entries = journal_entry::Entity::find()
            .filter(journal_entry::Column::Position.gt(self.head.journal_position))
            .order_by_asc(journal_entry::Column::Position)
            .limit(most)
            .all(transaction)
            .await?;
        self.link_all(&entries)?;
        Ok(entries.len() as u64)
    }

    /// Links entries, which come in the order of the journal.
    pub(super) fn link_all(&mut self, entries: &[journal_entry::Model]) -> Result<()> {
        for entry in entries {
            let salt = salt()?;
            let commitment = audit_chain::of_journal_entry(entry, &salt);
            self.append((AuditStream::Journal, entry.id.0), salt, commitment);
            self.head.journal_position = entry.position.unwrap_or(self.head.journal_position);
        }
        Ok(())
    }

    /// The links that were made and are not written yet.
    pub(super) fn take_links(&mut self) -> Vec<audit_link::Model> {
        std::mem::take(&mut self.links)
    }

    pub(super) fn into_head(self) -> audit_head::Model {
        self.head
    }

    /// Makes a disclosure for each claimant of each answer, and forgets the answers. Returns how many there were.
    async fn link_answers(&mut self, transaction: &DatabaseTransaction) -> Result<u64> {
        let answers = disclosure_answer::Entity::find()
            .order_by_asc(disclosure_answer::Column::Id)
            .limit(ANSWERS_AT_ONCE)
            .all(transaction)
            .await?;
        if answers.is_empty() {
            return Ok(0);
        }
        let mut rows = Vec::new();
        for answer in &answers {
            for mut row in disclosures_of(answer)? {
                row.position = self.head.position + 1;
                let salt = salt()?;
                let commitment = audit_chain::of_disclosure(&row, &salt);
                self.append((AuditStream::Disclosure, row.id.0), salt, commitment);
                rows.push(row);
            }
        }
        insert_disclosures(transaction, rows).await?;
        let made = answers.iter().map(|answer| answer.id);
        disclosure_answer::Entity::delete_many()
            .filter(disclosure_answer::Column::Id.is_in(made))
            .exec(transaction)
            .await?;
        Ok(answers.len() as u64)
    }

    async fn write_links(&mut self, transaction: &DatabaseTransaction) -> Result<()> {
        let links = self.take_links();
        insert_links(transaction, links).await
    }

    async fn sign(
        &mut self,
        transaction: &DatabaseTransaction,
        at: DateTime<Utc>,
        keys: &Keys,
    ) -> Result<()> {
        let key = keys.checkpoint_key().map_err(Error::internal)?;
        let text = audit_chain::checkpoint_text(
            self.head.position,
            at,
            &audit_chain::hex(&self.head.link),
        );
        let public_key = key.public_key().as_ref().to_vec();
        let row = audit_checkpoint::ActiveModel {
            position: Set(self.head.position),
            at: Set(at),
            link: Set(self.head.link.clone()),
            key_id: Set(audit_chain::key_id(&public_key)),
            public_key: Set(public_key),
            signature: Set(key.sign(text.as_bytes()).as_ref().to_vec()),
        };
        audit_checkpoint::Entity::insert(row)
            .exec_without_returning(transaction)
            .await?;
        self.head.checkpoint_position = self.head.position;
        self.head.checkpoint_at = Some(at);
        Ok(())
    }

    async fn write_head(self, transaction: &DatabaseTransaction) -> Result<()> {
        use audit_head::Column;
        audit_head::Entity::insert(self.head.into_active_model())
            .on_conflict(
                OnConflict::column(Column::Id)
                    .update_columns([
                        Column::Position,
                        Column::Link,
                        Column::JournalPosition,
                        Column::CheckpointPosition,
                        Column::CheckpointAt,
                    ])
                    .to_owned(),
            )
            .exec_without_returning(transaction)
            .await?;
        Ok(())
    }
}

/// The disclosures of an answer, not placed yet.
fn disclosures_of(answer: &disclosure_answer::Model) -> Result<Vec<disclosure::Model>> {
    let disclosed = decode(&answer.content)
        .ok_or_else(|| Error::internal(format!("answer {} cannot be read", answer.id)))?;
    Ok(disclosed
        .into_iter()
        .map(|each| disclosure::Model {
            id: DisclosureId(Uuid::now_v7()),
            position: 0,
            at: answer.at,
            organization_id: answer.organization_id,
            client: answer.client.clone(),
            subject: answer.subject.clone(),
            acting_subject: answer.acting_subject.clone(),
            claimant_id: each.claimant,
            field_groups: FieldGroups(each.groups),
            referral_id: each.basis.referral,
            consent_id: each.basis.consent,
        })
        .collect())
}

/// What an inbox shows is a disclosure for each of its rows: there are many, and they are written as few lists.
async fn insert_disclosures(
    transaction: &DatabaseTransaction,
    made: Vec<disclosure::Model>,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO disclosure (id, position, at, organization_id, client, subject, \
        acting_subject, claimant_id, field_groups, referral_id, consent_id) \
        SELECT id, position, at, organization_id, client, subject, NULLIF(acting_subject, ''), claimant_id, \
        field_groups::jsonb, NULLIF(referral_id, uuid_nil), NULLIF(consent_id, uuid_nil) \
        FROM UNNEST($1::uuid[], $2::bigint[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::text[], \
        $8::uuid[], $9::text[], $10::uuid[], $11::uuid[]) AS made (id, position, at, organization_id, client, \
        subject, acting_subject, claimant_id, field_groups, referral_id, consent_id), \
        (VALUES ('00000000-0000-0000-0000-000000000000'::uuid)) AS nil (uuid_nil)";
    if made.is_empty() {
        return Ok(());
    }
    if transaction.get_database_backend() != DbBackend::Postgres {
        return insert_all::<disclosure::Entity>(transaction, made).await;
    }
    let each = || made.iter();
    let groups = each().map(|row| serde_json::to_string(&row.field_groups));
    let groups: Vec<String> = groups
        .collect::<std::result::Result<_, _>>()
        .map_err(Error::internal)?;
    let acting = |row: &disclosure::Model| row.acting_subject.clone().unwrap_or_default();
    let lists = [
        rows::uuids(each().map(|row| row.id.0)),
        rows::numbers(each().map(|row| row.position)),
        rows::times(each().map(|row| row.at)),
        rows::uuids(each().map(|row| row.organization_id.0)),
        rows::texts(each().map(|row| row.client.clone())),
        rows::texts(each().map(|row| row.subject.clone())),
        rows::texts(each().map(acting)),
        rows::uuids(each().map(|row| row.claimant_id.0)),
        rows::texts(groups),
        rows::optional_uuids(each().map(|row| row.referral_id.map(|id| id.0))),
        rows::optional_uuids(each().map(|row| row.consent_id.map(|id| id.0))),
    ];
    rows::run(transaction, INSERT, lists).await?;
    Ok(())
}

async fn insert_links(
    transaction: &DatabaseTransaction,
    links: Vec<audit_link::Model>,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO audit_link (position, stream, subject_id, format, salt, commitment, link) \
        SELECT position, stream, subject_id, format, NULLIF(salt, ''), commitment, link \
        FROM UNNEST($1::bigint[], $2::text[], $3::uuid[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[]) \
        AS made (position, stream, subject_id, format, salt, commitment, link)";
    if links.is_empty() {
        return Ok(());
    }
    if transaction.get_database_backend() != DbBackend::Postgres {
        return insert_all::<audit_link::Entity>(transaction, links).await;
    }
    let each = || links.iter();
    let lists = [
        rows::numbers(each().map(|row| row.position)),
        rows::texts(each().map(|row| row.stream.as_str().to_owned())),
        rows::uuids(each().map(|row| row.subject_id)),
        rows::numbers(each().map(|row| i64::from(row.format))),
        rows::bytes(each().map(|row| row.salt.clone().unwrap_or_default())),
        rows::bytes(each().map(|row| row.commitment.clone())),
        rows::bytes(each().map(|row| row.link.clone())),
    ];
    rows::run(transaction, INSERT, lists).await?;
    Ok(())
}

/// SQLite bounds the parameters of one statement.
async fn insert_all<E: EntityTrait>(
    transaction: &DatabaseTransaction,
    rows: Vec<E::Model>,
) -> Result<()>
where
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let mut rows = rows
        .into_iter()
        .map(IntoActiveModel::into_active_model)
        .peekable();
    while rows.peek().is_some() {
        let some: Vec<E::ActiveModel> = rows.by_ref().take(500).collect();
        E::insert_many(some)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
