//! What people write beside an entry: sealed under the key of the referral or the claimant that the entry is about, and
//! opened for whom the entry is shown to.
use entity::{ClaimantId, JournalEntryId, Sealed, claimant_key, journal_entry};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect,
};

use super::{
    super::{
        Session,
        seal::{Place, Seal, Wrapped},
    },
    Seen,
};
use crate::error::{Problem, Refusal, Result};

/// A note and the key that seals it.
#[derive(Clone, Debug)]
pub(super) struct Note {
    text: String,
    key: Option<Wrapped>,
    /// Whose key it is, where it is no referral's.
    claimant: Option<ClaimantId>,
}

impl Note {
    pub(super) const fn new(
        text: String,
        key: Option<Wrapped>,
        claimant: Option<ClaimantId>,
    ) -> Self {
        Self {
            text,
            key,
            claimant,
        }
    }

    /// As it is kept. Of who was erased nothing is written any more.
    pub(super) fn sealed(
        note: Option<Self>,
        seal: &Seal,
        entry: JournalEntryId,
    ) -> Result<(Option<Sealed>, Option<ClaimantId>)> {
        let Some(Self {
            text,
            key,
            claimant,
        }) = note
        else {
            return Ok((None, None));
        };
        let key = key.ok_or_else(|| Refusal::at(Problem::ClaimantErased, "note"))?;
        let sealed = seal.seal_text(&key, Place::journal_note(entry), &text)?;
        Ok((Some(sealed), claimant))
    }
}

impl Session {
    /// Entries with the key of the claimant that they are about, in one statement; a referral brings its own.
    pub(super) async fn entries_at(
        &self,
        positions: Vec<i64>,
    ) -> Result<(Vec<journal_entry::Model>, Vec<Option<Wrapped>>)> {
        #[derive(FromQueryResult)]
        struct Row {
            #[sea_orm(nested)]
            entry: journal_entry::Model,
            master_key: Option<String>,
            wrapped: Option<Vec<u8>>,
        }
        let key = journal_entry::Entity::belongs_to(claimant_key::Entity)
            .from(journal_entry::Column::NoteClaimantId)
            .to(claimant_key::Column::ClaimantId);
        let rows = journal_entry::Entity::find()
            .filter(journal_entry::Column::Position.is_in(positions))
            .order_by_asc(journal_entry::Column::Position)
            .join(JoinType::LeftJoin, key.into())
            .column(claimant_key::Column::MasterKey)
            .column(claimant_key::Column::Wrapped)
            .into_model::<Row>()
            .all(self.reader())
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.entry, Wrapped::of_parts(row.master_key, row.wrapped)))
            .unzip())
    }

    /// The note of an entry, as far as it was shown.
    ///
    /// # Errors
    /// When it does not open.
    pub fn entry_note(&self, seen: &Seen) -> Result<Option<String>> {
        let place = Place::journal_note(seen.entry.id);
        self.seal()
            .open_text(seen.key.as_ref(), place, seen.entry.note.as_ref())
    }
}
