//! Entries on their way into the journal: what a change says of itself, who made it, and who is told.
use chrono::{DateTime, Utc};
use entity::{
    Audience, ClaimantId, JournalEntryId, JournalKind, NeedCategory, OrganizationId,
    ReferralStatus, ReferralStatusReason, RegionId, SubjectType, claimant_key, journal_entry,
};
use sea_orm::{ConnectionTrait, EntityTrait, IntoActiveModel, prelude::Uuid};

use super::{
    super::{
        Session, Unit,
        directory::is_directory,
        seal::{Seal, Wrapped},
    },
    note::Note,
};
use crate::{error::Result, lock::Lock};

/// A journal entry on its way into the journal.
#[derive(Clone, Debug)]
pub(in crate::store) struct Entry {
    subject_type: SubjectType,
    subject_id: Uuid,
    subject_version: i32,
    kind: JournalKind,
    from_status: Option<ReferralStatus>,
    to_status: Option<ReferralStatus>,
    reason: Option<ReferralStatusReason>,
    note: Option<Note>,
    private_to: Option<OrganizationId>,
    audience: Vec<Uuid>,
}

impl Entry {
    pub(in crate::store) fn new(
        kind: JournalKind,
        subject_type: SubjectType,
        subject_id: impl Into<Uuid>,
        version: i32,
    ) -> Self {
        Self {
            subject_type,
            subject_id: subject_id.into(),
            subject_version: version,
            kind,
            from_status: None,
            to_status: None,
            reason: None,
            note: None,
            private_to: None,
            audience: Vec::new(),
        }
    }

    pub(in crate::store) fn statuses(
        mut self,
        from: Option<ReferralStatus>,
        to: ReferralStatus,
    ) -> Self {
        self.from_status = from;
        self.to_status = Some(to);
        self
    }

    pub(in crate::store) fn reason(mut self, reason: Option<ReferralStatusReason>) -> Self {
        self.reason = reason;
        self
    }

    /// What somebody wrote beside it, sealed under the key of the referral that the entry is about.
    pub(in crate::store) fn note(mut self, note: Option<String>, key: Option<Wrapped>) -> Self {
        self.note = note.map(|text| Note::new(text, key, None));
        self
    }

    /// What somebody wrote beside it, sealed under the key of a claimant.
    pub(in crate::store) fn note_of_claimant(
        mut self,
        note: Option<String>,
        claimant: ClaimantId,
        key: Option<&claimant_key::Model>,
    ) -> Self {
        let key = key.map(Wrapped::of_claimant);
        self.note = note.map(|text| Note::new(text, key, Some(claimant)));
        self
    }

    pub(in crate::store) fn private_to(mut self, organization: OrganizationId) -> Self {
        self.private_to = Some(organization);
        self.audience = vec![organization.0];
        self
    }

    /// Stands in the journal and in nobody's feed.
    pub(in crate::store) fn told_to_nobody(mut self) -> Self {
        self.audience.clear();
        self
    }

    pub(in crate::store) fn told(
        mut self,
        organizations: impl IntoIterator<Item = OrganizationId>,
    ) -> Self {
        for organization in organizations {
            if !self.audience.contains(&organization.0) {
                self.audience.push(organization.0);
            }
        }
        self
    }

    /// The entry as it is written, not numbered yet.
    pub(in crate::store) fn into_row(
        self,
        id: JournalEntryId,
        at: DateTime<Utc>,
        author: &Author<'_>,
        seal: &Seal,
    ) -> Result<journal_entry::Model> {
        let (note, note_claimant_id) = Note::sealed(self.note, seal, id)?;
        Ok(journal_entry::Model {
            id,
            position: None,
            at,
            actor: author.subject.to_owned(),
            client: author.client.to_owned(),
            acting_subject: author.acting_subject.map(str::to_owned),
            organization_id: author.organization,
            subject_type: self.subject_type,
            subject_id: self.subject_id,
            subject_version: self.subject_version,
            kind: self.kind,
            from_status: self.from_status,
            to_status: self.to_status,
            reason: self.reason,
            note,
            note_claimant_id,
            private_to_id: self.private_to,
            audience: Audience(self.audience),
        })
    }

    /// Tells every provider that could claim: by one name for the category and region, not one for each provider.
    pub(in crate::store) fn told_openly(
        mut self,
        category: NeedCategory,
        region: Option<RegionId>,
    ) -> Self {
        self.audience.push(open_audience(category, region));
        self
    }
}

/// The name under which open referrals of a category and region are told: a UUIDv8 (RFC 9562 §5.8) that no row has.
pub(in crate::store) fn open_audience(category: NeedCategory, region: Option<RegionId>) -> Uuid {
    let mut bytes = region.map_or([0; 16], |region| region.0.into_bytes());
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    let place = NeedCategory::ALL
        .iter()
        .position(|each| *each == category)
        .unwrap_or_default();
    bytes[0] = u8::try_from(place).unwrap_or_default();
    Uuid::from_bytes(bytes)
}

/// Who made a change, as the journal keeps it.
#[derive(Clone, Copy)]
pub(in crate::store) struct Author<'a> {
    pub(in crate::store) subject: &'a str,
    pub(in crate::store) client: &'a str,
    pub(in crate::store) acting_subject: Option<&'a str>,
    pub(in crate::store) organization: Option<OrganizationId>,
}

impl<'a> Author<'a> {
    /// Whoever runs the gateway, on its own command line: of no organization.
    pub(in crate::store) const OPERATOR: Author<'static> = Author {
        subject: "operator",
        client: "operator",
        acting_subject: None,
        organization: None,
    };

    /// What runs behind requests, of no organization.
    pub(in crate::store) const SYSTEM: Author<'static> = Author {
        subject: super::super::SYSTEM,
        client: super::super::SYSTEM,
        acting_subject: None,
        organization: None,
    };

    fn of(session: &'a Session) -> Self {
        let caller = &session.caller;
        Self {
            subject: &caller.subject,
            client: &caller.client,
            acting_subject: caller.acting_subject.as_deref(),
            organization: (!session.system).then(|| caller.viewer.organization()),
        }
    }
}

impl Unit<'_> {
    /// What this unit says has changed in the directory.
    pub(in crate::store) fn directory_changes(&self) -> Vec<(SubjectType, Uuid)> {
        self.entries
            .iter()
            .filter(|entry| is_directory(entry.subject_type))
            .map(|entry| (entry.subject_type, entry.subject_id))
            .collect()
    }

    /// Writes the entries of this unit.
    pub(in crate::store) async fn write_entries(&mut self) -> Result<()> {
        let rows = self.entry_rows()?;
        write_rows(&self.work, rows).await
    }

    /// The entries of this unit, as they are to be written.
    pub(in crate::store) fn entry_rows(&mut self) -> Result<Vec<journal_entry::ActiveModel>> {
        let entries = std::mem::take(&mut self.entries);
        let author = Author::of(self.session);
        rows_of(self.session.seal(), author, self.session.now, entries)
    }
}

/// Writes entries in the transaction of the changes that they tell of.
pub(in crate::store) async fn write_entries(
    transaction: &impl ConnectionTrait,
    seal: &Seal,
    author: Author<'_>,
    at: DateTime<Utc>,
    entries: Vec<Entry>,
) -> Result<()> {
    write_rows(transaction, rows_of(seal, author, at, entries)?).await
}

fn rows_of(
    seal: &Seal,
    author: Author<'_>,
    at: DateTime<Utc>,
    entries: Vec<Entry>,
) -> Result<Vec<journal_entry::ActiveModel>> {
    entries
        .into_iter()
        .map(|entry| {
            let row = entry.into_row(JournalEntryId(Uuid::now_v7()), at, &author, seal)?;
            Ok(row.into_active_model())
        })
        .collect()
}

/// How many entries one statement writes: both databases bound its parameters.
pub(in crate::store) const MOST_ROWS: usize = 500;

async fn write_rows(
    transaction: &impl ConnectionTrait,
    rows: Vec<journal_entry::ActiveModel>,
) -> Result<()> {
    if Lock::Journal.is_off() {
        return Ok(());
    }
    for rows in rows.chunks(MOST_ROWS) {
        journal_entry::Entity::insert_many(rows.to_vec())
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}
