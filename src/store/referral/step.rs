//! One step of a referral inside a unit of work, or the same step of many: load them under the caller's rule, ask the
//! workflow, write those that nobody else has written since, and tell those concerned. Each goes for itself, and all in
//! the same few statements.
use std::collections::HashMap;

use entity::{
    ClaimantId, JournalKind, NeedId, NeedStatus, OrganizationId, OutcomeKind, ReferralAction,
    ReferralId, ReferralStatus, ReferralStatusReason, SubjectType, referral,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{self, Set},
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QuerySelect, TryIntoModel, Value,
    sea_query::{CaseStatement, Expr, Query, SimpleExpr, UpdateStatement},
};

use super::{
    super::{Applied, Each, Unit, journal::Entry, one, seal::Wrapped},
    Children, OPEN_STATUSES, Seen, Tenure, child, one_row, open_children, relations, replacements,
    rule,
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
    /// Whether it leaves everybody's access as it is.
    pub(super) keeps_access: bool,
}

/// A referral before a step and after it.
pub(super) struct Written {
    pub(super) before: referral::Model,
    pub(super) after: referral::Model,
}

/// Which referral, and the version that the caller expects; absent: whichever it has.
pub(super) type Asked = (ReferralId, Option<i32>);

impl Unit<'_> {
    /// Begins an action: the referral, and what the workflow says of it.
    pub(super) async fn step(
        &self,
        id: ReferralId,
        expected_version: Option<i32>,
        action: ReferralAction,
    ) -> Result<Step> {
        one(self.steps(&[(id, expected_version)], action).await?)
    }

    /// Begins an action on each of some referrals, in the order in which they are asked for.
    pub(super) async fn steps(
        &self,
        asked: &[Asked],
        action: ReferralAction,
    ) -> Result<Each<Step>> {
        if changes_access(action) {
            self.lock_claimants_of(asked).await?;
        }
        // Only now: while we waited, a claimant's file may have gone to another organization.
        let rows = self.referrals_at(asked).await?;
        let found: Vec<&referral::Model> = rows.iter().flatten().collect();
        let children = self.children(&found, action).await?;
        Ok(rows
            .into_iter()
            .map(|row| self.allowed_step(row?, &children, action))
            .collect())
    }

    /// Keeps the access to the claimants of referrals that the caller sees as it is until this transaction ends.
    async fn lock_claimants_of(&self, asked: &[Asked]) -> Result<()> {
        let seen = self
            .find::<referral::Entity>()
            .filter(referral::Column::Id.is_in(asked.iter().map(|(id, _)| *id)))
            .filter(referral::Column::ClaimantId.is_not_null());
        let claimants: Vec<ClaimantId> = seen
            .select
            .select_only()
            .column(referral::Column::ClaimantId)
            .into_tuple()
            .all(seen.connection)
            .await?;
        self.lock_claimants(&claimants).await?;
        Ok(())
    }

    /// Loads referrals that the caller sees at the version it expects.
    async fn referrals_at(&self, asked: &[Asked]) -> Result<Each<referral::Model>> {
        let mut seen = HashMap::new();
        for row in self.seen_at(asked).await? {
            seen.insert(row.id, row);
        }
        let at_version = |(id, expected): &Asked| match (seen.get(id), expected) {
            (None, _) => Err(Refusal::at(Problem::NotFound, "id")),
            (Some(row), Some(version)) if *version != row.version => Err(stale(Some(row.version))),
            (Some(row), _) => Ok(row.clone()),
        };
        Ok(asked.iter().map(at_version).collect())
    }

    /// The rows that the caller sees; the only one by the text of a statement that is kept for it.
    async fn seen_at(&self, asked: &[Asked]) -> Result<Vec<referral::Model>> {
        if let [(id, _)] = asked {
            let row = one_row(&self.work, rule::by_id(self.session, *id)).await?;
            return Ok(row.into_iter().collect());
        }
        let ids = asked.iter().map(|(id, _)| *id);
        self.find::<referral::Entity>()
            .filter(referral::Column::Id.is_in(ids))
            .all()
            .await
    }

    fn allowed_step(
        &self,
        before: referral::Model,
        children: &Children,
        action: ReferralAction,
    ) -> std::result::Result<Step, Refusal> {
        let seen = Seen {
            claimant_withheld: before
                .claimant_id
                .is_none()
                .then_some(entity::Access::Anonymous),
            relations: relations(&self.session.caller.viewer, &before),
            tenure: Tenure::Open,
            referral: before,
        };
        let facts = seen.facts(children);
        let (relation, next) = allowed(&facts, action.into(), &seen.relations)?;
        let before = seen.referral;
        Ok(Step {
            row: before.clone().into_active_model(),
            before,
            relation,
            next,
            keeps_access: !changes_access(action),
        })
    }

    /// What the guards of an action need to know beyond the rows; asked for only where one does.
    async fn children(
        &self,
        rows: &[&referral::Model],
        action: ReferralAction,
    ) -> Result<Children> {
        let mut children = Children::default();
        if rows.is_empty() {
            return Ok(children);
        }
        let ids: Vec<ReferralId> = rows.iter().map(|row| row.id).collect();
        if action == ReferralAction::Complete {
            let open = open_children(&ids).all(&self.work).await?;
            children.open = open.into_iter().filter_map(|row| row.part_of_id).collect();
        }
        if action == ReferralAction::Resubmit {
            let newer = replacements(&ids).all(&self.work).await?;
            children.replaced = newer
                .into_iter()
                .filter_map(|row| row.replaces_id)
                .collect();
            let organization = self.session.viewer().organization();
            let rows = rows.iter().copied();
            children.of_held = child::of_held(&self.work, organization, rows).await?;
        }
        Ok(children)
    }

    /// Writes the step if the referral is still at the version that was read.
    pub(super) async fn write(&mut self, step: Step) -> Result<referral::Model> {
        Ok(one(self.write_each(vec![Ok(step)]).await?)?.after)
    }

    /// Writes each step whose referral is still at the version that was read. Whatever changes access has locked the
    /// claimants by now: two that meet wait for one another in that order, and neither for ever.
    pub(super) async fn write_each(&mut self, steps: Each<Step>) -> Result<Each<Written>> {
        let steps = steps.into_iter().map(|step| match step {
            Ok(mut step) => {
                step.row.version = Set(step.before.version + 1);
                step.row.updated_at = Set(self.session.now);
                Ok(step)
            }
            Err(refusal) => Err(refusal),
        });
        let steps: Each<Step> = steps.collect();
        let going: Vec<&Step> = steps.iter().flatten().collect();
        if going.is_empty() {
            return Ok(steps
                .into_iter()
                .filter_map(|step| step.err().map(Err))
                .collect());
        }
        let lost = self.update(&going).await?;
        // Somebody else was first: their version, as far as the caller may still see it.
        let current = self.versions_of(&lost).await?;
        steps
            .into_iter()
            .map(|step| match step {
                Ok(step) if lost.contains(&step.before.id) => {
                    Ok(Err(stale(current.get(&step.before.id).copied())))
                }
                Ok(step) => Ok(Ok(Written {
                    before: step.before,
                    after: step.row.try_into_model()?,
                })),
                Err(refusal) => Ok(Err(refusal)),
            })
            .collect()
    }

    /// Updates rows, now or with all else at the end. Returns those that were not at the version any more.
    async fn update(&mut self, steps: &[&Step]) -> Result<Vec<ReferralId>> {
        let statement = update_of(steps);
        if self.work.keep(&statement)? {
            return Ok(Vec::new());
        }
        let written: Vec<ReferralId> = self
            .work
            .query_all(&statement)
            .await?
            .iter()
            .map(|row| row.try_get("", "id"))
            .collect::<std::result::Result<_, _>>()?;
        let all = steps.iter().map(|step| step.before.id);
        Ok(all.filter(|id| !written.contains(id)).collect())
    }

    /// What is said when a light change found that somebody else was first.
    pub(in crate::store) async fn lost(&self, applied: &Applied) -> Result<Refusal> {
        let id = ReferralId(applied.subject());
        Ok(stale(self.versions_of(&[id]).await?.get(&id).copied()))
    }

    async fn versions_of(&self, ids: &[ReferralId]) -> Result<HashMap<ReferralId, i32>> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = self
            .find::<referral::Entity>()
            .filter(referral::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await?;
        Ok(rows.into_iter().map(|row| (row.id, row.version)).collect())
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
        self.needs_follow(&[row], outcomes).await
    }

    /// Lets the need of each of some referrals follow it, unless another referral still serves it.
    pub(super) async fn needs_follow(
        &self,
        rows: &[&referral::Model],
        outcomes: &[OutcomeKind],
    ) -> Result<()> {
        let mut becoming: HashMap<NeedStatus, Vec<NeedId>> = HashMap::new();
        for row in rows {
            if let (Some(need), Some(status)) =
                (row.need_id, workflow::need_after(row.status, outcomes))
            {
                becoming.entry(status).or_default().push(need);
            }
        }
        if let Some(open) = becoming.get_mut(&NeedStatus::Open) {
            let served: Vec<NeedId> = referral::Entity::find()
                .select_only()
                .column(referral::Column::NeedId)
                .filter(referral::Column::NeedId.is_in(open.iter().copied()))
                .filter(referral::Column::Id.is_not_in(rows.iter().map(|row| row.id)))
                .filter(referral::Column::Status.is_in(OPEN_STATUSES))
                .into_tuple()
                .all(&self.work)
                .await?;
            open.retain(|need| !served.contains(need));
        }
        for (status, needs) in becoming {
            self.set_needs_status(&needs, status).await?;
        }
        Ok(())
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

/// Whether an action may change who has access to the claimant. What only moves an accepted referral on, or says something
/// of it, opens and closes nothing; its version alone guards it.
const fn changes_access(action: ReferralAction) -> bool {
    match action {
        ReferralAction::Assign
        | ReferralAction::Hold
        | ReferralAction::Resume
        | ReferralAction::SetPriority
        | ReferralAction::SetSubStatus
        | ReferralAction::Start => false,
        ReferralAction::Accept
        | ReferralAction::Cancel
        | ReferralAction::Claim
        | ReferralAction::Complete
        | ReferralAction::Decline
        | ReferralAction::Fail
        | ReferralAction::LinkClaimant
        | ReferralAction::RecordOutcome
        | ReferralAction::Reroute
        | ReferralAction::Resubmit
        | ReferralAction::Send
        | ReferralAction::Split
        | ReferralAction::Update
        | ReferralAction::Void => true,
    }
}

/// Somebody else was first.
pub(super) fn stale(current: Option<i32>) -> Refusal {
    let refusal = Refusal::at(Problem::StaleVersion, "expectedVersion");
    match current {
        Some(version) => refusal.with_current_version(version),
        None => refusal,
    }
}

/// One statement for every step, each under the version that was read. It returns the ids of those it has written.
fn update_of(steps: &[&Step]) -> UpdateStatement {
    use referral::Column;
    let mut unchanged = Condition::any();
    for step in steps {
        let read = Condition::all()
            .add(Column::Id.eq(step.before.id))
            .add(Column::Version.eq(step.before.version));
        unchanged = unchanged.add(read);
    }
    let mut update = Query::update();
    update.table(referral::Entity).cond_where(unchanged);
    for column in Column::iter() {
        let is_set = |step: &&Step| matches!(step.row.get(column), ActiveValue::Set(_));
        if steps.iter().any(is_set) {
            update.value(column, value_of(steps, column));
        }
    }
    update.returning_col(Column::Id).to_owned()
}

/// The value of a column in every step, or, where it is not the same in all, by the row.
fn value_of(steps: &[&Step], column: referral::Column) -> SimpleExpr {
    let values: Vec<(ReferralId, Value)> = steps
        .iter()
        .filter_map(|step| Some((step.before.id, step.row.get(column).into_value()?)))
        .collect();
    let expression = |value: &Value| column.save_as(Expr::value(value.clone()));
    match values.split_first() {
        Some(((_, first), rest)) if rest.iter().all(|(_, value)| value == first) => {
            expression(first)
        }
        _ => values
            .iter()
            .fold(CaseStatement::new(), |case, (id, value)| {
                case.case(referral::Column::Id.eq(*id), expression(value))
            })
            .into(),
    }
}

/// The first relation in which the caller may do this, or why none may.
pub(super) fn allowed(
    facts: &Facts,
    action: Action,
    relations: &[Relation],
) -> std::result::Result<(Relation, Next), Refusal> {
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
            | workflow::Refusal::Anonymous
            | workflow::Refusal::Estranged,
        )
        | None => Problem::ActionNotAllowed {
            status: facts.status.unwrap_or(ReferralStatus::Draft),
        },
    };
    Err(Refusal::at(problem, "id"))
}

const fn is_about_relation(refusal: workflow::Refusal) -> bool {
    matches!(
        refusal,
        workflow::Refusal::WrongStatus | workflow::Refusal::WrongRelation
    )
}

/// Who is told what becomes of a referral that was sent: its source, whoever registered its claimant, and the owner as
/// long as its access lasts.
pub(in crate::store) fn parties(row: &referral::Model) -> impl Iterator<Item = OrganizationId> {
    [
        Some(row.source_id),
        row.registering_organization_id,
        row.owner_id.filter(|_| row.owner_access),
    ]
    .into_iter()
    .flatten()
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
        entry.told(parties(after))
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
