//! Two claimants of one organization who may be one person. The organization decides; until then, and whatever it
//! decides, both stay what they are: each id answers what it answered, and whoever is a party of one learns nothing of
//! the other. SAME adds a link that the organization sees, by which one stands for both; it can be taken back.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, DuplicateCandidateId, DuplicateDecision, DuplicateStatus, JournalKind, MatchBand,
    OrganizationId, SubjectType, duplicate_candidate,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QuerySelect, prelude::Uuid, sea_query::Expr,
};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit,
    claimant::token::await_comparison,
    journal::Entry,
    nothing,
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue},
};
use crate::{
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

impl Readable for duplicate_candidate::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                duplicate_candidate::Column::OrganizationId
                    .eq(*organization)
                    .into()
            }
        }
    }
}

impl Keyed for duplicate_candidate::Model {
    fn key(&self, _: Field) -> Key {
        Key {
            value: SortValue::Nothing,
            id: self.id.0,
        }
    }
}

fn newest_first() -> Order {
    Order {
        field: Field::Id,
        descending: true,
        sort: None,
        id: Expr::col((duplicate_candidate::Entity, duplicate_candidate::Column::Id)),
    }
}

/// The pairs of which a claimant is one.
fn with(claimants: &[ClaimantId]) -> Condition {
    let either = |column: duplicate_candidate::Column| column.is_in(claimants.iter().copied());
    Condition::any()
        .add(either(duplicate_candidate::Column::ClaimantId))
        .add(either(duplicate_candidate::Column::OtherId))
}

/// Every pair of which a claimant is one.
pub(super) async fn pairs_of(
    transaction: &impl ConnectionTrait,
    claimant: ClaimantId,
) -> Result<Vec<duplicate_candidate::Model>> {
    Ok(duplicate_candidate::Entity::find()
        .filter(with(&[claimant]))
        .all(transaction)
        .await?)
}

/// Who the other one of a pair is.
pub(super) fn besides(pair: &duplicate_candidate::Model, claimant: ClaimantId) -> ClaimantId {
    if pair.claimant_id == claimant {
        pair.other_id
    } else {
        pair.claimant_id
    }
}

/// Forgets whom a claimant was like, when the person is erased or leaves the organization. Who was merged stands alone
/// again.
pub(super) async fn forget(transaction: &impl ConnectionTrait, claimant: ClaimantId) -> Result<()> {
    duplicate_candidate::Entity::delete_many()
        .filter(with(&[claimant]))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Two claimants who were found to be alike.
pub(super) struct Pair {
    pub(super) organization: OrganizationId,
    pub(super) claimants: [ClaimantId; 2],
    pub(super) score: i32,
    pub(super) band: MatchBand,
}

impl Pair {
    /// Writes the pair down, and gives the entry that tells of it.
    pub(super) async fn write(
        self,
        transaction: &impl ConnectionTrait,
        now: DateTime<Utc>,
    ) -> Result<Entry> {
        let id = DuplicateCandidateId(Uuid::now_v7());
        let [one, other] = self.claimants;
        let row = duplicate_candidate::Model {
            id,
            organization_id: self.organization,
            // Ids grow with time.
            claimant_id: one.min(other),
            other_id: one.max(other),
            score: self.score,
            band: self.band,
            status: DuplicateStatus::Open,
            survivor_id: None,
            merged_id: None,
            found_at: now,
            decided_at: None,
            version: 1,
        };
        duplicate_candidate::Entity::insert(row.into_active_model())
            .exec_without_returning(transaction)
            .await?;
        let (kind, subject) = (JournalKind::DuplicateFound, SubjectType::DuplicateCandidate);
        Ok(Entry::new(kind, subject, id, 1).told([self.organization]))
    }
}

/// A claimant who was merged, and the one that stands for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    pub survivor: ClaimantId,
    pub merged: ClaimantId,
}

impl Session {
    /// Pairs of the caller's own claimants, last found first. While a claimant is merged, nothing is asked of it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn duplicate_list(
        &self,
        status: Option<DuplicateStatus>,
        slice: &Slice,
    ) -> Result<Paged<duplicate_candidate::Model>> {
        use duplicate_candidate::Column;
        let settled = || {
            let merged = self.find::<duplicate_candidate::Entity>();
            let merged = merged.filter(Column::MergedId.is_not_null());
            merged.select(|select| select.select_only().column(Column::MergedId))
        };
        let open = Condition::all()
            .add(Column::ClaimantId.not_in_subquery(settled().into_subquery()))
            .add(Column::OtherId.not_in_subquery(settled().into_subquery()));
        self.find::<duplicate_candidate::Entity>()
            .filter_some(status, |status| {
                let of_status = Condition::all().add(Column::Status.eq(status));
                match status {
                    DuplicateStatus::Open => of_status.add(open),
                    DuplicateStatus::Same | DuplicateStatus::Different => of_status,
                }
            })
            .page(&newest_first(), slice)
            .await
    }

    /// The pairs among `ids` that the caller may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn duplicate_list_by_id(
        &self,
        ids: &[DuplicateCandidateId],
    ) -> Result<Vec<duplicate_candidate::Model>> {
        self.find::<duplicate_candidate::Entity>()
            .filter(duplicate_candidate::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await
    }

    /// The merges in which the caller's own claimants take part.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merges_of(&self, claimants: &[ClaimantId]) -> Result<Vec<Merge>> {
        let rows = self
            .find::<duplicate_candidate::Entity>()
            .filter(duplicate_candidate::Column::Status.eq(DuplicateStatus::Same))
            .filter(with(claimants))
            .all()
            .await?;
        let merge = |row: duplicate_candidate::Model| {
            Some(Merge {
                survivor: row.survivor_id?,
                merged: row.merged_id?,
            })
        };
        Ok(rows.into_iter().filter_map(merge).collect())
    }

    /// Who stands for each of the caller's own claimants that were merged.
    pub(super) async fn standing_for(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, ClaimantId>> {
        let merges = self.merges_of(claimants).await?.into_iter();
        Ok(merges.map(|merge| (merge.merged, merge.survivor)).collect())
    }
}

/// `duplicateDecide`: the first decision, or another.
#[derive(Clone, Debug, Serialize)]
pub struct Decide {
    pub id: DuplicateCandidateId,
    pub expected_version: i32,
    pub decision: DuplicateDecision,
}

/// `duplicateReverse`.
#[derive(Clone, Debug, Serialize)]
pub struct Reverse {
    pub id: DuplicateCandidateId,
    pub expected_version: i32,
}

impl Change for Decide {
    const MUTATION: &'static str = "duplicateDecide";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let pair = unit.pair(self.id, self.expected_version).await?;
        match self.decision {
            DuplicateDecision::Same => {
                let merge = unit.merge(&pair).await?;
                let kind = JournalKind::DuplicateDecidedSame;
                unit.settle(pair, DuplicateStatus::Same, Some(merge), kind)
                    .await
            }
            DuplicateDecision::Different => {
                let kind = JournalKind::DuplicateDecidedDifferent;
                unit.settle(pair, DuplicateStatus::Different, None, kind)
                    .await
            }
        }
    }
}

impl Change for Reverse {
    const MUTATION: &'static str = "duplicateReverse";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let pair = unit.pair(self.id, self.expected_version).await?;
        if pair.status == DuplicateStatus::Open {
            return Err(Refusal::at(Problem::NotDecided, "id").into());
        }
        let kind = JournalKind::DuplicateReversed;
        unit.settle(pair, DuplicateStatus::Open, None, kind).await
    }
}

impl Unit<'_> {
    /// A pair of the caller's own claimants, both kept from changing until this transaction ends.
    async fn pair(
        &self,
        id: DuplicateCandidateId,
        expected_version: i32,
    ) -> Result<duplicate_candidate::Model> {
        let find = || {
            self.find::<duplicate_candidate::Entity>()
                .filter(duplicate_candidate::Column::Id.eq(id))
                .one()
        };
        let not_found = || Refusal::at(Problem::NotFound, "id");
        let seen = find().await?.ok_or_else(not_found)?;
        self.lock_known_claimant(seen.claimant_id, "id").await?;
        self.lock_known_claimant(seen.other_id, "id").await?;
        let pair = find().await?.ok_or_else(not_found)?;
        if pair.version != expected_version {
            return Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                .with_current_version(pair.version)
                .into());
        }
        Ok(pair)
    }

    /// Who is to stand for both: whoever stands for somebody already, else who was registered first. Nobody is merged
    /// into one who is merged, so that one step always leads to who stands for a person.
    async fn merge(&self, pair: &duplicate_candidate::Model) -> Result<Merge> {
        let others = self
            .find::<duplicate_candidate::Entity>()
            .filter(duplicate_candidate::Column::Status.eq(DuplicateStatus::Same))
            .filter(duplicate_candidate::Column::Id.ne(pair.id))
            .filter(with(&[pair.claimant_id, pair.other_id]))
            .all()
            .await?;
        let is_merged = |id| others.iter().any(|row| row.merged_id == Some(id));
        let survives = |id| others.iter().any(|row| row.survivor_id == Some(id));
        let (first, second) = (pair.claimant_id, pair.other_id);
        if is_merged(first) || is_merged(second) || (survives(first) && survives(second)) {
            return Err(Refusal::at(Problem::AlreadyMerged, "id").into());
        }
        Ok(if survives(second) {
            Merge {
                survivor: second,
                merged: first,
            }
        } else {
            Merge {
                survivor: first,
                merged: second,
            }
        })
    }

    async fn settle(
        &mut self,
        pair: duplicate_candidate::Model,
        status: DuplicateStatus,
        merge: Option<Merge>,
        kind: JournalKind,
    ) -> Result<Applied> {
        let (id, organization, version) = (pair.id, pair.organization_id, pair.version + 1);
        let both = [pair.claimant_id, pair.other_id];
        let decided = status != DuplicateStatus::Open;
        let mut row = pair.into_active_model();
        row.status = Set(status);
        row.survivor_id = Set(merge.map(|merge| merge.survivor));
        row.merged_id = Set(merge.map(|merge| merge.merged));
        row.decided_at = Set(decided.then_some(self.session.now));
        row.version = Set(version);
        let changed = duplicate_candidate::Entity::update_many()
            .set(row)
            .filter(duplicate_candidate::Column::Id.eq(id))
            .filter(duplicate_candidate::Column::Version.eq(version - 1))
            .exec(&self.work)
            .await?;
        if changed.rows_affected != 1 {
            return Err(Refusal::at(Problem::StaleVersion, "expectedVersion").into());
        }
        // People are counted by what was decided.
        await_comparison(&self.work, both).await?;
        let subject = SubjectType::DuplicateCandidate;
        self.record(Entry::new(kind, subject, id, version).told([organization]));
        Ok(Applied::new(id, version))
    }
}
