//! Claimants of one organization who may be one person, and what somebody decided about it. A merge is a link from the
//! one to the other: both ids go on naming a claimant, nobody's consents or access become another's, and it can be taken
//! back.
use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, DuplicateCandidateId, DuplicateStatus, JournalKind, SubjectType, claimant,
    claimant_link, duplicate_candidate,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, sea_query::Expr};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit,
    claimant::{Seen, erase::demand_known},
    journal::Entry,
    matching, nothing,
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue},
};
use crate::{
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

/// How long a chain of merges may be.
const LONGEST_CHAIN: usize = 8;

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

/// `duplicateDecide`.
#[derive(Clone, Debug, Serialize)]
pub struct Decide {
    pub id: DuplicateCandidateId,
    pub expected_version: i32,
    pub decision: DuplicateStatus,
    /// As whom the person is kept; the one registered first when nobody is named.
    pub survivor: Option<ClaimantId>,
}

impl Decide {
    /// Who is kept, and who is merged into that one.
    fn pair(&self, candidate: &duplicate_candidate::Model) -> Result<(ClaimantId, ClaimantId)> {
        let (first, second) = (candidate.first_id, candidate.second_id);
        match self.survivor {
            None => Ok((first, second)),
            Some(survivor) if survivor == first => Ok((first, second)),
            Some(survivor) if survivor == second => Ok((second, first)),
            Some(_) => Err(Refusal::at(Problem::Invalid, "survivorId").into()),
        }
    }
}

impl Change for Decide {
    const MUTATION: &'static str = "duplicateDecide";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let candidate = unit
            .find::<duplicate_candidate::Entity>()
            .filter(duplicate_candidate::Column::Id.eq(self.id))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        let stale = |version| {
            Refusal::at(Problem::StaleVersion, "expectedVersion").with_current_version(version)
        };
        if candidate.version != self.expected_version {
            return Err(stale(candidate.version).into());
        }
        let (survivor, merged) = self.pair(&candidate)?;
        let decided = (self.decision != DuplicateStatus::Open)
            .then(|| (unit.session.now, unit.session.caller().subject.clone()));
        let (decided_at, decided_by) = decided.unzip();
        let changed = duplicate_candidate::Entity::update_many()
            .col_expr(
                duplicate_candidate::Column::Status,
                Expr::value(self.decision),
            )
            .col_expr(
                duplicate_candidate::Column::DecidedAt,
                Expr::value(decided_at),
            )
            .col_expr(
                duplicate_candidate::Column::DecidedBy,
                Expr::value(decided_by),
            )
            .col_expr(
                duplicate_candidate::Column::Version,
                Expr::value(candidate.version + 1),
            )
            .filter(duplicate_candidate::Column::Id.eq(self.id))
            .filter(duplicate_candidate::Column::Version.eq(candidate.version))
            .exec(&unit.transaction)
            .await?;
        if changed.rows_affected != 1 {
            return Err(stale(candidate.version + 1).into());
        }
        if candidate.status == DuplicateStatus::Same {
            unit.part(candidate.first_id, candidate.second_id).await?;
        }
        if self.decision == DuplicateStatus::Same {
            unit.merge(survivor, merged).await?;
        }
        let version = unit.kept_claimant(merged).await?.version;
        let (kind, subject) = (JournalKind::DuplicateDecided, SubjectType::Claimant);
        let entry = Entry::new(kind, subject, merged, version);
        unit.record(entry.private_to(candidate.organization_id));
        Ok(Applied::new(self.id, candidate.version + 1))
    }
}

impl Unit<'_> {
    async fn kept_claimant(&self, id: ClaimantId) -> Result<claimant::Model> {
        let organization = self.session.viewer().organization();
        self.find::<claimant::Entity>()
            .filter(claimant::Column::Id.eq(id))
            .filter(claimant::Column::RegisteringOrganizationId.eq(organization))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id").into())
    }

    /// Makes one claimant stand for another, who must not stand for it already.
    async fn merge(&self, survivor: ClaimantId, merged: ClaimantId) -> Result<()> {
        for id in [survivor.min(merged), survivor.max(merged)] {
            self.lock_claimant(id).await?;
        }
        let gone = self.kept_claimant(merged).await?;
        demand_known(&gone, "id")?;
        if gone.merged_into_id.is_some() {
            return Err(Refusal::at(Problem::AlreadyMerged, "id").into());
        }
        let mut kept = self.kept_claimant(survivor).await?;
        demand_known(&kept, "id")?;
        for _ in 0..LONGEST_CHAIN {
            if kept.id == merged {
                return Err(Refusal::at(Problem::AlreadyMerged, "survivorId").into());
            }
            let Some(next) = kept.merged_into_id else {
                break;
            };
            kept = self.kept_claimant(next).await?;
        }
        self.point(&gone, Some(survivor)).await?;
        let now = self.session.now;
        matching::link(&self.transaction, now, survivor, merged).await
    }

    /// Takes a merge of two claimants back, whichever was merged into the other.
    async fn part(&self, first: ClaimantId, second: ClaimantId) -> Result<()> {
        for (id, into) in [(first, second), (second, first)] {
            let row = self.kept_claimant(id).await?;
            if row.merged_into_id == Some(into) {
                self.point(&row, None).await?;
                claimant_link::Entity::delete_by_id(id)
                    .exec(&self.transaction)
                    .await?;
            }
        }
        Ok(())
    }

    /// Parties see nothing of it: the version of the open part stays.
    async fn point(&self, row: &claimant::Model, into: Option<ClaimantId>) -> Result<()> {
        claimant::Entity::update_many()
            .col_expr(claimant::Column::MergedIntoId, Expr::value(into))
            .col_expr(
                claimant::Column::RecordVersion,
                Expr::value(row.record_version + 1),
            )
            .filter(claimant::Column::Id.eq(row.id))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }

    /// Forgets who may be, or was taken for, the same person as a claimant who is erased or goes to another organization.
    pub(super) async fn forget_duplicates(&self, id: ClaimantId) -> Result<()> {
        use duplicate_candidate::Column::{FirstId, SecondId};
        duplicate_candidate::Entity::delete_many()
            .filter(Condition::any().add(FirstId.eq(id)).add(SecondId.eq(id)))
            .exec(&self.transaction)
            .await?;
        claimant::Entity::update_many()
            .col_expr(
                claimant::Column::MergedIntoId,
                Expr::value(None::<ClaimantId>),
            )
            .filter(
                Condition::any()
                    .add(claimant::Column::Id.eq(id))
                    .add(claimant::Column::MergedIntoId.eq(id)),
            )
            .exec(&self.transaction)
            .await?;
        Ok(())
    }
}

impl Session {
    /// Pairs of the caller's own claimants who may be one person, last found first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn duplicate_list(
        &self,
        status: Option<DuplicateStatus>,
        slice: &Slice,
    ) -> Result<Paged<duplicate_candidate::Model>> {
        let order = Order {
            field: Field::Id,
            descending: true,
            sort: None,
            id: Expr::col((duplicate_candidate::Entity, duplicate_candidate::Column::Id)),
        };
        self.find::<duplicate_candidate::Entity>()
            .filter_some(status, |status| {
                duplicate_candidate::Column::Status.eq(status).into()
            })
            .page(&order, slice)
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

    /// The caller's own claimants who were merged into one of `claimants`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merged_into(&self, claimants: &[ClaimantId]) -> Result<Vec<(ClaimantId, Seen)>> {
        let organization = self.viewer().organization();
        let merged = self
            .find::<claimant::Entity>()
            .filter(claimant::Column::MergedIntoId.is_in(claimants.iter().copied()))
            .filter(claimant::Column::RegisteringOrganizationId.eq(organization))
            .select(|select| select.order_by_asc(claimant::Column::Id))
            .all()
            .await?;
        Ok(self
            .seen(merged)
            .await?
            .into_iter()
            .filter_map(|seen| Some((seen.claimant.merged_into_id?, seen)))
            .collect())
    }

    /// A claimant with whoever of the caller's own was merged into it, through others as well.
    pub(super) async fn with_merged(&self, claimant: ClaimantId) -> Result<Vec<ClaimantId>> {
        let mut all = vec![claimant];
        let mut last = vec![claimant];
        for _ in 0..LONGEST_CHAIN {
            let merged = self.merged_into(&last).await?;
            last = merged
                .into_iter()
                .map(|(_, seen)| seen.claimant.id)
                .collect();
            last.retain(|id| !all.contains(id));
            if last.is_empty() {
                break;
            }
            all.extend(&last);
        }
        Ok(all)
    }
}
