//! The journal: every change, written in its own transaction. History and feed are read from here, each entry as the
//! reader may see it. The numbering of entries is the sequencer's.
use std::collections::HashMap;

use entity::{
    Audience, JournalEntryId, JournalKind, NeedCategory, OrganizationId, ReferralId,
    ReferralStatus, ReferralStatusReason, RegionId, SubjectType, journal_audience, journal_entry,
    journal_head, referral,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid, sea_query::Expr,
};

use super::{
    Session, Unit,
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue},
    service::Coverage,
};
use crate::{error::Result, viewer::Viewer};

/// A journal entry on its way into the journal.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    subject_type: SubjectType,
    subject_id: Uuid,
    subject_version: i32,
    kind: JournalKind,
    from_status: Option<ReferralStatus>,
    to_status: Option<ReferralStatus>,
    reason: Option<ReferralStatusReason>,
    note: Option<String>,
    private_to: Option<OrganizationId>,
    audience: Vec<Uuid>,
}

impl Entry {
    pub(super) fn new(
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

    pub(super) fn statuses(mut self, from: Option<ReferralStatus>, to: ReferralStatus) -> Self {
        self.from_status = from;
        self.to_status = Some(to);
        self
    }

    pub(super) fn reason(mut self, reason: Option<ReferralStatusReason>) -> Self {
        self.reason = reason;
        self
    }

    pub(super) fn note(mut self, note: Option<String>) -> Self {
        self.note = note;
        self
    }

    pub(super) fn private_to(mut self, organization: OrganizationId) -> Self {
        self.private_to = Some(organization);
        self.audience = vec![organization.0];
        self
    }

    /// Stands in the journal and in nobody's feed.
    pub(super) fn told_to_nobody(mut self) -> Self {
        self.audience.clear();
        self
    }

    pub(super) fn told(mut self, organizations: impl IntoIterator<Item = OrganizationId>) -> Self {
        for organization in organizations {
            if !self.audience.contains(&organization.0) {
                self.audience.push(organization.0);
            }
        }
        self
    }

    /// Tells every provider that could claim: by one name for the category and region, not one for each provider.
    pub(super) fn told_openly(mut self, category: NeedCategory, region: Option<RegionId>) -> Self {
        self.audience.push(open_audience(category, region));
        self
    }
}

/// The name under which open referrals of a category and region are told: a UUIDv8 (RFC 9562 §5.8) that no row has.
pub(super) fn open_audience(category: NeedCategory, region: Option<RegionId>) -> Uuid {
    let mut bytes = region.map_or([0; 16], |region| region.0.into_bytes());
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    let place = NeedCategory::ALL
        .iter()
        .position(|each| *each == category)
        .unwrap_or_default();
    bytes[0] = u8::try_from(place).unwrap_or_default();
    Uuid::from_bytes(bytes)
}

impl Unit<'_> {
    /// Writes the entries of this unit.
    pub(super) async fn write_entries(&mut self) -> Result<()> {
        let caller = &self.session.caller;
        let rows: Vec<_> = std::mem::take(&mut self.entries)
            .into_iter()
            .map(|entry| journal_entry::ActiveModel {
                id: Set(JournalEntryId(Uuid::now_v7())),
                position: Set(None),
                at: Set(self.session.now),
                actor: Set(caller.subject.clone()),
                client: Set(caller.client.clone()),
                acting_subject: Set(caller.acting_subject.clone()),
                organization_id: Set(Some(caller.viewer.organization())),
                subject_type: Set(entry.subject_type),
                subject_id: Set(entry.subject_id),
                subject_version: Set(entry.subject_version),
                kind: Set(entry.kind),
                from_status: Set(entry.from_status),
                to_status: Set(entry.to_status),
                reason: Set(entry.reason),
                note: Set(entry.note),
                private_to_id: Set(entry.private_to),
                audience: Set(Audience(entry.audience)),
            })
            .collect();
        journal_entry::Entity::insert_many(rows)
            .exec_without_returning(&self.transaction)
            .await?;
        Ok(())
    }
}

/// One entry, as the reader may see it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub entry: journal_entry::Model,
    /// Where the feed goes on after this entry.
    pub position: i64,
}

impl Seen {
    /// Entries before the reader's tenure tell neither who, nor why, nor any note; withdrawal is told to those alone
    /// who may know.
    fn of(
        mut entry: journal_entry::Model,
        position: i64,
        in_tenure: bool,
        registering: bool,
    ) -> Self {
        if !in_tenure {
            entry.organization_id = None;
            entry.reason = None;
            entry.note = None;
        }
        if entry.reason == Some(ReferralStatusReason::ConsentWithdrawn) && !registering {
            entry.organization_id = None;
            entry.reason = None;
        }
        Self { entry, position }
    }
}

impl Keyed for journal_entry::Model {
    fn key(&self, _: Field) -> Key {
        Key {
            value: SortValue::Number(self.subject_version),
            id: self.id.0,
        }
    }
}

fn history_order() -> Order {
    Order {
        field: Field::Version,
        descending: false,
        sort: Some(Expr::col(journal_entry::Column::SubjectVersion)),
        id: Expr::col(journal_entry::Column::Id),
    }
}

/// A referral's own version with which the reader's tenure began; entries before it say less.
fn tenure_of(viewer: &Viewer, referral: &referral::Model) -> i32 {
    let organization = viewer.organization();
    if referral.source_id == organization
        || referral.registering_organization_id == Some(organization)
    {
        return 0;
    }
    match viewer {
        Viewer::Ministry { .. } => i32::MAX,
        Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
            referral.owner_since.unwrap_or(i32::MAX)
        }
    }
}

impl Session {
    /// The history of a referral that the caller has been shown, oldest first.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn referral_history(
        &self,
        referral: &referral::Model,
        slice: &Slice,
    ) -> Result<Paged<Seen>> {
        let organization = self.viewer().organization();
        let select = journal_entry::Entity::find()
            .filter(journal_entry::Column::SubjectId.eq(referral.id.0))
            .filter(
                journal_entry::Column::Kind
                    .is_not_in([JournalKind::AccessEnded, JournalKind::OversightRead]),
            )
            .filter(
                Condition::any()
                    .add(journal_entry::Column::PrivateToId.is_null())
                    .add(journal_entry::Column::PrivateToId.eq(organization)),
            );
        let paged = super::page::fetch(select, &history_order(), slice, self.reader()).await?;
        let head = if paged.items.iter().any(|entry| entry.position.is_none()) {
            self.journal_head().await?
        } else {
            0
        };
        let tenure = tenure_of(self.viewer(), referral);
        let registering = referral.registering_organization_id == Some(organization);
        Ok(paged.map(|entry| {
            let position = entry.position.unwrap_or(head);
            let in_tenure = entry.subject_version >= tenure;
            Seen::of(entry, position, in_tenure, registering)
        }))
    }

    async fn journal_head(&self) -> Result<i64> {
        Ok(journal_head::Entity::find_by_id(1)
            .one(self.reader())
            .await?
            .map_or(0, |head| head.position))
    }

    /// What the caller's organization is told, after a position of the journal, in order. The second value says
    /// whether there is more.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn change_list(&self, after: i64, size: u64) -> Result<(Vec<Seen>, bool)> {
        let audiences = self.audiences().await?;
        let mut positions: Vec<i64> = journal_audience::Entity::find()
            .select_only()
            .column(journal_audience::Column::Position)
            .distinct()
            .filter(journal_audience::Column::Audience.is_in(audiences))
            .filter(journal_audience::Column::Position.gt(after))
            .order_by_asc(journal_audience::Column::Position)
            .limit(size + 1)
            .into_tuple()
            .all(self.reader())
            .await?;
        let more = positions.len() as u64 > size;
        positions.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let entries = journal_entry::Entity::find()
            .filter(journal_entry::Column::Position.is_in(positions))
            .order_by_asc(journal_entry::Column::Position)
            .all(self.reader())
            .await?;
        let referrals = self.subjects_in_feed(&entries).await?;
        let seen = entries
            .into_iter()
            .map(|entry| {
                let position = entry.position.unwrap_or(after);
                let in_tenure = self.in_tenure(&entry, &referrals);
                let registering = referrals.get(&entry.subject_id).is_some_and(|referral| {
                    referral.registering_organization_id == Some(self.viewer().organization())
                });
                Seen::of(entry, position, in_tenure, registering)
            })
            .collect();
        Ok((seen, more))
    }

    fn in_tenure(
        &self,
        entry: &journal_entry::Model,
        referrals: &HashMap<Uuid, referral::Model>,
    ) -> bool {
        if entry.organization_id == Some(self.viewer().organization()) {
            return true;
        }
        match entry.subject_type {
            SubjectType::Referral => referrals.get(&entry.subject_id).is_some_and(|referral| {
                entry.subject_version >= tenure_of(self.viewer(), referral)
            }),
            SubjectType::Claimant
            | SubjectType::Consent
            | SubjectType::Need
            | SubjectType::Organization
            | SubjectType::Service => true,
        }
    }

    async fn subjects_in_feed(
        &self,
        entries: &[journal_entry::Model],
    ) -> Result<HashMap<Uuid, referral::Model>> {
        let ids: Vec<ReferralId> = entries
            .iter()
            .filter(|entry| entry.subject_type == SubjectType::Referral)
            .map(|entry| ReferralId(entry.subject_id))
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(self
            .referral_list_by_id(&ids)
            .await?
            .into_iter()
            .map(|referral| (referral.id.0, referral))
            .collect())
    }

    /// The names under which the caller's organization is told of changes: its own, and those of open referrals
    /// that its active services could take.
    async fn audiences(&self) -> Result<Vec<Uuid>> {
        let mut audiences = vec![self.viewer().organization().0];
        match self.viewer() {
            Viewer::Ministry { .. } => {}
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                for Coverage { category, regions } in self.coverage().await? {
                    audiences.push(open_audience(category, None));
                    audiences.extend(
                        regions
                            .into_iter()
                            .map(|region| open_audience(category, Some(region))),
                    );
                }
            }
        }
        audiences.sort_unstable();
        audiences.dedup();
        Ok(audiences)
    }
}
