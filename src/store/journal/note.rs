//! What people write beside an entry: sealed under the key of the referral or the claimant that the entry is about, and
//! opened for whom the entry is shown to.
use std::collections::HashMap;

use entity::{
    ClaimantId, JournalEntryId, JournalKind, OrganizationId, ReferralId, Sealed, SubjectType,
    claimant, claimant_key, journal_entry, referral,
};
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
use crate::error::Result;

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
        // A refusal would tell of the erasure whoever could have written.
        let Some(key) = key else {
            return Ok((None, None));
        };
        let sealed = seal.seal_text(&key, Place::journal_note(entry), &text)?;
        Ok((Some(sealed), claimant))
    }
}

/// A claimant of whom a text speaks, and the referral in which it stands.
pub(super) type About = (Option<ClaimantId>, Option<ReferralId>);

/// Whether the note of an entry is free text about a claimant. That of an assignment names a worker.
fn speaks_of_a_person(entry: &journal_entry::Model) -> bool {
    entry.note.is_some() && entry.kind != JournalKind::ReferralAssigned
}

impl Seen {
    /// With what a referral tells of whom its notes speak.
    pub(super) fn about(mut self, referral: &referral::Model) -> Self {
        if speaks_of_a_person(&self.entry) {
            self.about = (referral.claimant_id, Some(referral.id));
        }
        self
    }
}

impl Session {
    /// Finds the claimants of whom told notes of referrals speak and that are not known yet, for the ledger alone: they
    /// may be out of the caller's sight by now.
    pub(super) async fn find_whom_notes_speak_of(&self, seen: &mut [&mut Seen]) -> Result<()> {
        let unknown = |seen: &Seen| speaks_of_a_person(&seen.entry) && seen.about.0.is_none();
        let referrals: Vec<ReferralId> = seen
            .iter()
            .filter(|seen| seen.entry.subject_type == SubjectType::Referral && unknown(seen))
            .map(|seen| ReferralId(seen.entry.subject_id))
            .collect();
        if referrals.is_empty() {
            return Ok(());
        }
        let about: HashMap<ReferralId, Option<ClaimantId>> = referral::Entity::find()
            .select_only()
            .columns([referral::Column::Id, referral::Column::ClaimantId])
            .filter(referral::Column::Id.is_in(referrals))
            .into_tuple()
            .all(self.reader())
            .await?
            .into_iter()
            .collect();
        for seen in seen.iter_mut().filter(|seen| unknown(seen)) {
            let referral = ReferralId(seen.entry.subject_id);
            if let Some(claimant) = about.get(&referral) {
                seen.about = (*claimant, Some(referral));
            }
        }
        Ok(())
    }

    /// Entries with the key of the claimant that their note is sealed under, in one statement; a referral brings its own.
    /// What was written beside a claimant or a consent is read by the organization that registers the person now.
    pub(super) async fn entries_at(
        &self,
        positions: Vec<i64>,
    ) -> Result<(Vec<journal_entry::Model>, Vec<Option<Wrapped>>)> {
        #[derive(FromQueryResult)]
        struct Row {
            #[sea_orm(nested)]
            entry: journal_entry::Model,
            registering: Option<OrganizationId>,
            master_key: Option<String>,
            wrapped: Option<Vec<u8>>,
        }
        let key = journal_entry::Entity::belongs_to(claimant_key::Entity)
            .from(journal_entry::Column::NoteClaimantId)
            .to(claimant_key::Column::ClaimantId);
        let person = journal_entry::Entity::belongs_to(claimant::Entity)
            .from(journal_entry::Column::NoteClaimantId)
            .to(claimant::Column::Id);
        let rows = journal_entry::Entity::find()
            .filter(journal_entry::Column::Position.is_in(positions))
            .order_by_asc(journal_entry::Column::Position)
            .join(JoinType::LeftJoin, key.into())
            .join(JoinType::LeftJoin, person.into())
            .column_as(claimant::Column::RegisteringOrganizationId, "registering")
            .column(claimant_key::Column::MasterKey)
            .column(claimant_key::Column::Wrapped)
            .into_model::<Row>()
            .all(self.reader())
            .await?;
        let own = Some(self.viewer().organization());
        Ok(rows
            .into_iter()
            .map(|mut row| {
                if row.entry.note_claimant_id.is_some() && row.registering != own {
                    row.entry.note = None;
                }
                (row.entry, Wrapped::of_parts(row.master_key, row.wrapped))
            })
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
