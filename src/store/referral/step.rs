//! One step of a referral inside a unit of work: load it under the caller's rule, ask the workflow, write it if nobody
//! else has, and tell those concerned.
use entity::{
    JournalKind, NeedStatus, OutcomeKind, ReferralAction, ReferralId, ReferralStatus,
    ReferralStatusReason, SubjectType, referral,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
};

use super::{
    super::{Unit, journal::Entry, seal::Wrapped},
    Children, OPEN_STATUSES, Seen, Tenure, open_children, relations, replacements,
};
use crate::{
    domain::referral::{self as workflow, Action, Facts, Next, Relation},
    error::{Problem, Refusal, Result},
};

/// A referral that an action may be done to, and what follows.
pub(super) struct Step {
    pub(super) before: referral::Model,
    pub(super) row: referral::ActiveModel,
    pub(super) relation: Relation,
    pub(super) next: Next,
}

impl Unit<'_> {
    /// Loads a referral that the caller sees at the version it expects.
    pub(super) async fn referral_at(
        &self,
        id: ReferralId,
        expected_version: Option<i32>,
    ) -> Result<referral::Model> {
        let row = self
            .find::<referral::Entity>()
            .filter(referral::Column::Id.eq(id))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        match expected_version {
            Some(version) if version != row.version => {
                Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                    .with_current_version(row.version)
                    .into())
            }
            _ => Ok(row),
        }
    }

    /// Begins an action: the referral, and what the workflow says of it.
    pub(super) async fn step(
        &self,
        id: ReferralId,
        expected_version: Option<i32>,
        action: ReferralAction,
    ) -> Result<Step> {
        let before = self.referral_at(id, expected_version).await?;
        if let Some(claimant) = before.claimant_id {
            self.lock_claimant(claimant).await?;
        }
        let facts = self.facts(&before, action).await?;
        let relations = relations(&self.session.caller.viewer, &before);
        let (relation, next) = allowed(&facts, action.into(), &relations)?;
        Ok(Step {
            row: before.clone().into_active_model(),
            before,
            relation,
            next,
        })
    }

    /// What the guards of an action need to know; children are asked for only where one does.
    async fn facts(&self, row: &referral::Model, action: ReferralAction) -> Result<Facts> {
        let mut children = Children::default();
        if action == ReferralAction::Complete
            && open_children(&[row.id]).count(&self.transaction).await? > 0
        {
            children.open.insert(row.id);
        }
        if action == ReferralAction::Resubmit
            && replacements(&[row.id]).count(&self.transaction).await? > 0
        {
            children.replaced.insert(row.id);
        }
        let seen = Seen {
            claimant_withheld: row
                .claimant_id
                .is_none()
                .then_some(entity::Access::Anonymous),
            relations: Vec::new(),
            tenure: Tenure::Open,
            referral: row.clone(),
        };
        Ok(seen.facts(&children))
    }

    /// Writes the step if the referral is still at the version that was read.
    pub(super) async fn write(&self, step: Step) -> Result<referral::Model> {
        let Step {
            before, mut row, ..
        } = step;
        // Whatever changes access takes the claimant first and the referral then: two that meet wait for one another
        // in that order, and neither for ever.
        let touches_access = row.owner_id.is_set()
            || row.owner_access.is_set()
            || row.closed_at.is_set()
            || row.claimant_id.is_set()
            || before.status == ReferralStatus::Requested;
        if let Some(claimant) = before.claimant_id.filter(|_| touches_access) {
            self.lock_claimant(claimant).await?;
        }
        let version = before.version + 1;
        row.version = Set(version);
        row.updated_at = Set(self.session.now);
        let changed = referral::Entity::update_many()
            .set(row.clone())
            .filter(referral::Column::Id.eq(before.id))
            .filter(referral::Column::Version.eq(before.version))
            .exec(&self.transaction)
            .await?;
        if changed.rows_affected != 1 {
            return Err(self.stale(before.id).await?.into());
        }
        use sea_orm::TryIntoModel;
        Ok(row.try_into_model()?)
    }

    /// Somebody else was first: their version, as far as the caller may still see it.
    async fn stale(&self, id: ReferralId) -> Result<Refusal> {
        let current = self
            .find::<referral::Entity>()
            .filter(referral::Column::Id.eq(id))
            .one()
            .await?;
        let refusal = Refusal::at(Problem::StaleVersion, "expectedVersion");
        Ok(match current {
            Some(row) => refusal.with_current_version(row.version),
            None => refusal,
        })
    }

    /// Tells everybody concerned what happened to a referral.
    pub(super) fn tell(
        &mut self,
        kind: JournalKind,
        before: Option<&referral::Model>,
        after: &referral::Model,
        reason: Option<ReferralStatusReason>,
        note: Option<&String>,
    ) {
        for entry in told(kind, before, after, reason, note) {
            self.record(entry);
        }
    }

    /// Lets the need follow the referral, unless another referral still serves it.
    pub(super) async fn need_follows(
        &self,
        row: &referral::Model,
        outcomes: &[OutcomeKind],
    ) -> Result<()> {
        let (Some(need), Some(status)) = (row.need_id, workflow::need_after(row.status, outcomes))
        else {
            return Ok(());
        };
        if status == NeedStatus::Open {
            let others = referral::Entity::find()
                .filter(referral::Column::NeedId.eq(need))
                .filter(referral::Column::Id.ne(row.id))
                .filter(referral::Column::Status.is_in(OPEN_STATUSES))
                .count(&self.transaction)
                .await?;
            if others > 0 {
                return Ok(());
            }
        }
        self.set_need_status(need, status).await
    }

    /// Lets go of the need that a referral was for.
    pub(super) async fn release_need(&self, row: &referral::Model) -> Result<()> {
        let released = referral::Model {
            status: ReferralStatus::Cancelled,
            ..row.clone()
        };
        self.need_follows(&released, &[]).await
    }

    /// Brings the grants of everybody for whom the referral is up to date.
    pub(super) async fn regrant_for(&self, row: &referral::Model) -> Result<()> {
        self.regrant_all(&self.people_of(row).await?).await
    }
}

/// The first relation in which the caller may do this, or why none may.
pub(super) fn allowed(
    facts: &Facts,
    action: Action,
    relations: &[Relation],
) -> Result<(Relation, Next)> {
    let mut refused = None;
    for relation in relations {
        match workflow::next(facts, action, *relation) {
            Ok(next) => return Ok((*relation, next)),
            // A guard says more than that the relation is wrong.
            Err(refusal) if refused.is_none_or(is_about_relation) => refused = Some(refusal),
            Err(_) => {}
        }
    }
    let problem = match refused {
        Some(workflow::Refusal::OpenChildren) => Problem::OpenChildren,
        Some(workflow::Refusal::AlreadyReplaced) => Problem::AlreadyReplaced,
        Some(workflow::Refusal::NotAnonymous) => Problem::NotAnonymous,
        Some(workflow::Refusal::AlreadyOwned) => Problem::ClaimTooLate,
        Some(
            workflow::Refusal::WrongStatus
            | workflow::Refusal::WrongRelation
            | workflow::Refusal::NoOwner
            | workflow::Refusal::Anonymous,
        )
        | None => Problem::ActionNotAllowed {
            status: facts.status.unwrap_or(ReferralStatus::Draft),
        },
    };
    Err(Refusal::at(problem, "id").into())
}

const fn is_about_relation(refusal: workflow::Refusal) -> bool {
    matches!(
        refusal,
        workflow::Refusal::WrongStatus | workflow::Refusal::WrongRelation
    )
}

/// What everybody concerned is told of a step of a referral.
pub(in crate::store) fn told(
    kind: JournalKind,
    before: Option<&referral::Model>,
    after: &referral::Model,
    reason: Option<ReferralStatusReason>,
    note: Option<&String>,
) -> Vec<Entry> {
    let mut entry = Entry::new(kind, SubjectType::Referral, after.id, after.version)
        .statuses(before.map(|row| row.status), after.status)
        .reason(reason)
        .note(note.cloned(), Wrapped::of(after));
    entry = if after.status == ReferralStatus::Draft {
        entry.told([after.source_id])
    } else {
        entry
            .told(
                [Some(after.source_id), after.registering_organization_id]
                    .into_iter()
                    .flatten(),
            )
            .told(after.owner_id.filter(|_| after.owner_access))
    };
    let open = |row: &referral::Model| {
        (row.owner_id.is_none() && row.status == ReferralStatus::Requested)
            .then_some((row.category, row.region_id))
    };
    let (was_open, is_open) = (before.and_then(open), open(after));
    let access_ended = || {
        Entry::new(
            JournalKind::AccessEnded,
            SubjectType::Referral,
            after.id,
            after.version,
        )
    };
    // Endings come first: whoever may still see it keeps the copy that the entry itself is about.
    let mut entries = Vec::with_capacity(1);
    let lost = before
        .filter(|before| before.owner_access)
        .and_then(|before| before.owner_id)
        .filter(|owner| after.owner_id != Some(*owner) || !after.owner_access)
        .filter(|owner| {
            *owner != after.source_id && after.registering_organization_id != Some(*owner)
        });
    // So that the software of an organization that is no party any more deletes its copy.
    if let Some(owner) = lost {
        entries.push(access_ended().told([owner]));
    }
    if let Some((category, region)) = was_open.filter(|_| was_open != is_open) {
        entries.push(access_ended().told_openly(category, region));
    }
    if let Some((category, region)) = is_open {
        entry = entry.told_openly(category, region);
    }
    entries.push(entry);
    entries
}
