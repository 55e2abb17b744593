//! The journal: every change, written in its own transaction. History and feed are read from here, each entry as the
//! reader may see it. The numbering of entries is the sequencer's.
use std::collections::HashMap;

use entity::{
    JournalKind, ReferralId, ReferralStatusReason, SubjectType, journal_audience, journal_entry,
    journal_head, referral,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

use super::{
    Session,
    exclusion::untold_to_excluded,
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue, fetch_each},
    referral::{self as referral_store, Tenure, relations},
    rows::among,
    seal::Wrapped,
};
use crate::{domain::referral::Relation, error::Result, viewer::Viewer};

mod entry;
pub mod follow;
mod note;
mod told;

pub(super) use entry::{Author, Entry, MOST_ROWS, open_audience, write_entries};
use note::About;

/// One entry, as the reader may see it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub entry: journal_entry::Model,
    /// Where the feed goes on after this entry.
    pub position: i64,
    /// Opens the note.
    key: Option<Wrapped>,
    /// Of whom its note speaks, and in which referral.
    pub about: About,
}

impl Seen {
    /// Entries before the reader's tenure tell neither who, nor why, nor any note; nor, once it is over, does any tell
    /// a note. Withdrawal is told to those alone who may know.
    fn of(
        mut entry: journal_entry::Model,
        position: i64,
        reader: Reader,
        referral: Option<&referral::Model>,
    ) -> Self {
        let Reader {
            in_tenure,
            after,
            registering,
            party,
        } = reader;
        // Whether somebody is named is between the parties; that something changed is not.
        if entry.kind == JournalKind::ReferralLinked && !party {
            entry.kind = JournalKind::ReferralUpdated;
        }
        if after == Tenure::Over {
            entry.note = None;
            if entry.kind == JournalKind::ReferralVoided {
                entry.reason = None;
            }
        }
        if !in_tenure {
            entry.organization_id = None;
            entry.reason = None;
            entry.note = None;
        }
        if entry.reason == Some(ReferralStatusReason::ConsentWithdrawn) && !registering {
            entry.organization_id = None;
            entry.reason = None;
        }
        let about = (entry.note_claimant_id, None);
        Self {
            entry,
            position,
            key: referral.and_then(Wrapped::of),
            about,
        }
    }
}

/// How a reader stands to the referral of an entry.
#[derive(Clone, Copy)]
struct Reader {
    /// Whether the entry was written in its tenure.
    in_tenure: bool,
    /// Whether that tenure is over.
    after: Tenure,
    registering: bool,
    /// Whether it is told more than that the referral is open, or how it ended.
    party: bool,
}

/// Whether a viewer that stands so to a referral is a party, or registered its claimant.
fn is_party(relations: &[Relation]) -> bool {
    relations.iter().any(|relation| match relation {
        Relation::Source | Relation::Owner | Relation::Registering => true,
        Relation::EligibleProvider | Relation::Ministry | Relation::System | Relation::None => {
            false
        }
    })
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

/// What stands in the journal of a referral and not in the history that the reader sees. That the ministry asked for
/// something is between it and the source; what was sent in its place is the source's.
fn untold(viewer: &Viewer, referral: &referral::Model) -> Vec<JournalKind> {
    let mut untold = vec![JournalKind::AccessEnded, JournalKind::OversightRead];
    let relations = relations(viewer, referral);
    let has = |relation| relations.contains(&relation);
    if !has(Relation::Source) {
        untold.push(JournalKind::ReferralReplaced);
    }
    if !has(Relation::Source) && !has(Relation::Ministry) {
        untold.push(JournalKind::RerouteRequested);
    }
    untold
}

impl Session {
    /// The same part of the history of each referral that the caller has been shown, oldest first, in one statement.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn histories_of(
        &self,
        shown: &[&referral_store::Seen],
        slice: &Slice,
    ) -> Result<HashMap<ReferralId, Paged<Seen>>> {
        use journal_entry::Column;
        let shown: HashMap<ReferralId, &referral_store::Seen> =
            shown.iter().map(|seen| (seen.referral.id, *seen)).collect();
        let ids: Vec<ReferralId> = shown.keys().copied().collect();
        let organization = self.viewer().organization();
        let of = |referral| {
            Condition::all()
                .add(Expr::col((journal_entry::Entity, Column::SubjectId)).eq(referral))
                .add(self.told_in(shown.values().copied()))
                .add(
                    Condition::any()
                        .add(Column::PrivateToId.is_null())
                        .add(Column::PrivateToId.eq(organization)),
                )
        };
        let (order, reader) = (history_order(), self.reader());
        let paged = fetch_each::<journal_entry::Entity, _, _>(&ids, of, &order, slice, reader);
        let paged = paged.await?;
        let mut entries = paged.values().flat_map(|paged| &paged.items);
        let last_told = if entries.any(|entry| entry.position.is_none()) {
            self.last_told().await?
        } else {
            0
        };
        let mut seen: HashMap<ReferralId, Paged<Seen>> = HashMap::with_capacity(paged.len());
        for (id, paged) in paged {
            if let Some(shown) = shown.get(&id) {
                seen.insert(
                    id,
                    paged.map(|entry| self.in_history(entry, last_told, shown)),
                );
            }
        }
        let every = seen.values_mut().flat_map(|paged| &mut paged.items);
        self.find_whom_notes_speak_of(&mut every.collect::<Vec<_>>())
            .await?;
        Ok(seen)
    }

    /// The entries that stand in the histories of these referrals. Of some the reader is told more than of others.
    fn told_in<'s>(&self, shown: impl Iterator<Item = &'s referral_store::Seen>) -> Condition {
        use journal_entry::Column;
        let mut groups: Vec<(Vec<JournalKind>, Vec<ReferralId>)> = Vec::new();
        for seen in shown {
            let (kinds, id) = (untold(self.viewer(), &seen.referral), seen.referral.id);
            match groups.iter_mut().find(|(untold, _)| *untold == kinds) {
                Some((_, ids)) => ids.push(id),
                None => groups.push((kinds, vec![id])),
            }
        }
        if let [(kinds, _)] = &groups[..] {
            return Column::Kind.is_not_in(kinds.iter().copied()).into();
        }
        groups
            .into_iter()
            .fold(Condition::any(), |any, (kinds, ids)| {
                any.add(
                    Condition::all()
                        .add(among(self.backend(), Column::SubjectId, &ids))
                        .add(Column::Kind.is_not_in(kinds)),
                )
            })
    }

    /// An entry in the history of a referral that the caller has been shown.
    fn in_history(
        &self,
        entry: journal_entry::Model,
        last_told: i64,
        shown: &referral_store::Seen,
    ) -> Seen {
        let (entry, referral) = (self.timed(entry), &shown.referral);
        let position = entry.position.unwrap_or(last_told);
        let organization = self.viewer().organization();
        let reader = Reader {
            in_tenure: entry.subject_version >= tenure_of(self.viewer(), referral),
            after: shown.tenure,
            registering: referral.registering_organization_id == Some(organization),
            party: is_party(&shown.relations),
        };
        Seen::of(entry, position, reader, Some(referral)).about(referral)
    }

    /// The last position that was given out.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn journal_head(&self) -> Result<i64> {
        Ok(journal_head::Entity::find_by_id(1)
            .one(self.reader())
            .await?
            .map_or(0, |head| head.position))
    }

    /// The last position at which the caller's organization was told of something by its own name. Any later one would
    /// tell how much happens elsewhere.
    async fn last_told(&self) -> Result<i64> {
        let organization = self.viewer().organization();
        let last: Option<i64> = journal_audience::Entity::find()
            .select_only()
            .column(journal_audience::Column::Position)
            .filter(journal_audience::Column::Audience.eq(organization.0))
            .filter(untold_to_excluded(organization))
            .order_by_desc(journal_audience::Column::Position)
            .limit(1)
            .into_tuple()
            .one(self.reader())
            .await?;
        Ok(last.unwrap_or_default())
    }

    /// What the caller's organization is told, after a position of the journal, in order. The second value says
    /// whether there is more.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn change_list(&self, after: i64, size: u64) -> Result<(Vec<Seen>, bool)> {
        let audiences = self.audiences().await?;
        let mut positions = self.told_after(after, size + 1, audiences, None).await?;
        let more = positions.len() as u64 > size;
        positions.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        Ok((self.seen_at(positions).await?, more))
    }

    /// The entries at positions of which the caller's organization is told, each as it may be seen.
    async fn seen_at(&self, positions: Vec<i64>) -> Result<Vec<Seen>> {
        let (entries, keys): (Vec<_>, Vec<_>) = self.entries_at(positions).await?;
        let referrals = self.subjects_in_feed(&entries).await?;
        let mut seen: Vec<Seen> = entries
            .into_iter()
            .zip(keys)
            .filter(|(entry, _)| self.is_of_own_region(entry, &referrals))
            .map(|(entry, of_claimant)| {
                let entry = self.timed(entry);
                let position = entry.position.unwrap_or_default();
                let reader = self.reader_of(&entry, &referrals);
                let referral = referrals.get(&entry.subject_id);
                let mut seen = Seen::of(entry, position, reader, referral);
                seen.key = seen.key.or(of_claimant);
                referral.into_iter().fold(seen, Seen::about)
            })
            .collect();
        self.find_whom_notes_speak_of(&mut seen.iter_mut().collect::<Vec<_>>())
            .await?;
        Ok(seen)
    }

    /// What the ministry did with a referral is told to its staff of that region, and to those who are bound to none.
    fn is_of_own_region(
        &self,
        entry: &journal_entry::Model,
        referrals: &HashMap<Uuid, referral::Model>,
    ) -> bool {
        match self.viewer() {
            Viewer::Ministry {
                region: Some(_), ..
            } => {
                entry.subject_type != SubjectType::Referral
                    || referrals.contains_key(&entry.subject_id)
            }
            Viewer::Ministry { region: None, .. }
            | Viewer::Provider { .. }
            | Viewer::SettlementAgency { .. } => true,
        }
    }

    /// The entry with its time as the caller is told it.
    fn timed(&self, mut entry: journal_entry::Model) -> journal_entry::Model {
        if entry.subject_type == SubjectType::Referral {
            entry.at = self.moment(entry.at);
        }
        entry
    }

    fn reader_of(
        &self,
        entry: &journal_entry::Model,
        referrals: &HashMap<Uuid, referral::Model>,
    ) -> Reader {
        let organization = self.viewer().organization();
        let own = entry.organization_id == Some(organization);
        match (entry.subject_type, referrals.get(&entry.subject_id)) {
            (SubjectType::Referral, Some(referral)) => {
                let relations = relations(self.viewer(), referral);
                Reader {
                    in_tenure: own || entry.subject_version >= tenure_of(self.viewer(), referral),
                    after: self.tenure(referral, &relations),
                    registering: referral.registering_organization_id == Some(organization),
                    party: is_party(&relations),
                }
            }
            (SubjectType::Referral, None) => Reader {
                in_tenure: own,
                after: Tenure::Over,
                registering: false,
                party: own,
            },
            (
                SubjectType::Claimant
                | SubjectType::Consent
                | SubjectType::Disclosure
                | SubjectType::DuplicateCandidate
                | SubjectType::Need
                | SubjectType::Organization
                | SubjectType::Service,
                _,
            ) => Reader {
                in_tenure: true,
                after: Tenure::Open,
                registering: false,
                party: true,
            },
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
}
