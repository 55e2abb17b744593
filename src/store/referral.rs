//! Referrals, as each caller may see them. What is done with them stands beside: `create`, `act`, `change`, `child`, and
//! to many at once `many`, `bulk`; what its parties say to each other in `message`, `appointment`, and what no text may tell
//! in `unsaid`; what stands against sending one in `guard`, and told beforehand in `preview`; how the inbox is sorted and
//! counted in `inbox`; how long it is read in `tenure`.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{
    Access, CatchmentId, ClaimantId, NeedCategory, OrganizationId, ReferralAction, ReferralBox,
    ReferralId, ReferralOrderField, ReferralPriority, ReferralStatus, ReferralStatusReason,
    ReferralSubStatus, RegionId, ServiceId, organization_catchment, outcome, referral,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryResult,
    QuerySelect, QueryTrait, Statement,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement},
};

use super::{
    Reading, Session, Visible,
    columns::{self, Columns},
    literal, oversight,
    page::{Field, Key, Keyed, NEVER, Order, Paged, Slice, SortValue, fetch_any, fetch_each},
};
use crate::{
    domain::{
        free_text,
        referral::{self as workflow, Facts, Relation},
    },
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

pub mod act;
pub mod also_for;
pub mod appointment;
pub mod bulk;
pub mod change;
pub mod child;
pub mod create;
mod ending;
pub mod finish;
pub(super) mod guard;
pub mod inbox;
mod left;
pub mod many;
pub mod message;
pub mod preview;
mod rule;
mod step;
mod tenure;
mod text;
mod unsaid;

use rule::Part;
pub(super) use rule::{party, told_openly_to};
pub(super) use tenure::Tenure;

pub(super) use step::{parties, told};
pub use text::SeenOutcome;
pub(super) use text::put_new_summary;

impl Keyed for referral::Model {
    fn key(&self, field: Field) -> Key {
        let value = match field {
            Field::CreatedAt => SortValue::Time(self.created_at),
            Field::UpdatedAt => SortValue::Time(self.updated_at),
            Field::DueAt => SortValue::Time(self.due_at.unwrap_or(NEVER)),
            Field::Urgency => inbox::urgency_of(self),
            Field::Id | Field::Name | Field::Position | Field::Version => SortValue::Nothing,
        };
        Key {
            value,
            id: self.id.0,
        }
    }

    fn read(row: &QueryResult) -> std::result::Result<Self, DbErr> {
        columns::referral(&mut Columns::of::<referral::Entity>(row))
    }
}

/// Which referrals.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub statuses: Option<Vec<ReferralStatus>>,
    pub sub_statuses: Option<Vec<ReferralSubStatus>>,
    pub priority: Option<ReferralPriority>,
    pub categories: Option<Vec<NeedCategory>>,
    pub region: Option<RegionId>,
    pub catchment: Option<CatchmentId>,
    pub service: Option<ServiceId>,
    pub assignee: Option<String>,
    pub unassigned: Option<bool>,
    pub overdue: Option<bool>,
    pub follow_up_due: Option<bool>,
    pub updated_since: Option<DateTime<Utc>>,
}

/// A referral as the caller may see it: what is withheld is not in here.
#[derive(Clone, Debug)]
pub struct Seen {
    pub referral: referral::Model,
    pub relations: Vec<Relation>,
    /// Why the claimant is not told, where that is so whatever the consents say.
    pub claimant_withheld: Option<Access>,
    /// Whether the caller may read what was written about the person.
    pub(super) tenure: Tenure,
    /// The times by which lists are in order, where the caller is told their days alone.
    moments: Option<Moments>,
}

#[derive(Clone, Copy, Debug)]
struct Moments {
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
}

/// The place in a list, which nobody is told but in a sealed cursor.
impl Keyed for Seen {
    fn key(&self, field: Field) -> Key {
        let Key { value, id } = self.referral.key(field);
        let Some(moments) = self.moments else {
            return Key { value, id };
        };
        let value = match value {
            SortValue::Urgency(rank, _) => SortValue::Urgency(rank, moments.due_at),
            SortValue::Time(_) if field == Field::UpdatedAt => SortValue::Time(moments.updated_at),
            SortValue::Time(_) if field == Field::DueAt => SortValue::Time(moments.due_at),
            SortValue::Time(_) => SortValue::Time(moments.created_at),
            value @ (SortValue::Nothing
            | SortValue::Text(_)
            | SortValue::Number(_)
            | SortValue::Position(_)) => value,
        };
        Key { value, id }
    }
}

/// How a viewer stands to a referral that it has been shown.
pub(super) fn relations(viewer: &Viewer, row: &referral::Model) -> Vec<Relation> {
    let organization = viewer.organization();
    match viewer {
        Viewer::Ministry { .. } => return vec![Relation::Ministry],
        Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {}
    }
    let mut relations = Vec::new();
    if row.source_id == organization {
        relations.push(Relation::Source);
    }
    if row.owner_id == Some(organization) && row.owner_access {
        relations.push(Relation::Owner);
    }
    if row.registering_organization_id == Some(organization) {
        relations.push(Relation::Registering);
    }
    if relations.is_empty() {
        // Shown for no other reason than that a service of the viewer fits.
        relations.push(Relation::EligibleProvider);
    }
    relations
}

impl Seen {
    fn of(mut row: referral::Model, relations: Vec<Relation>, tenure: Tenure) -> Self {
        let has = |relation| relations.contains(&relation);
        let mut claimant_withheld = row.claimant_id.is_none().then_some(Access::Anonymous);
        if has(Relation::Ministry) || has(Relation::EligibleProvider) {
            claimant_withheld = Some(if has(Relation::Ministry) {
                Access::RoleForbidden
            } else {
                Access::SealedUntilAccepted
            });
            row.claimant_id = None;
            row.need_id = None;
            row.summary = None;
            row.sub_status = None;
            row.part_of_id = None;
            row.replaces_id = None;
        }
        let mut moments = None;
        if has(Relation::Ministry) {
            moments = Some(Moments {
                created_at: row.created_at,
                updated_at: row.updated_at,
                due_at: row.due_at.unwrap_or(NEVER),
            });
            oversight::withhold(&mut row);
        }
        if !has(Relation::Owner) {
            row.assignee = None;
        }
        // Withdrawal is a fact about the person: it is told to the registering organization alone.
        if row.status_reason == Some(ReferralStatusReason::ConsentWithdrawn)
            && !has(Relation::Registering)
        {
            row.status_reason = None;
            row.decided_by = None;
        }
        if tenure == Tenure::Over {
            row.summary = None;
            row.language = None;
            row.interpreter_needed = None;
            row.age_band = None;
            row.party_size = None;
        }
        if row.status == ReferralStatus::EnteredInError {
            row.summary = None;
            row.sub_status = None;
            if tenure == Tenure::Over {
                row.status_reason = None;
                row.decided_by = None;
            }
            if !has(Relation::Source) && row.claimant_id.is_some() {
                row.claimant_id = None;
                claimant_withheld = Some(Access::ConsentRequired);
            }
        }
        Self {
            referral: row,
            relations,
            claimant_withheld,
            tenure,
            moments,
        }
    }

    fn facts(&self, children: &Children) -> Facts {
        let anonymous = self.claimant_withheld == Some(Access::Anonymous);
        let own = self.referral.registering_organization_id == Some(self.referral.source_id);
        let of_held = children.of_held.contains(&self.referral.id);
        Facts {
            status: Some(self.referral.status),
            has_owner: self.referral.owner_id.is_some(),
            anonymous,
            open_children: children.open.contains(&self.referral.id),
            replaced: children.replaced.contains(&self.referral.id),
            estranged: !anonymous && !own && !of_held,
        }
    }
}

/// The condition that a referral tells an organization for whom it is, as far as [`Seen`] goes: one that should never have
/// been tells it to its source alone.
fn tells_its_people(organization: OrganizationId) -> Condition {
    Condition::any()
        .add(referral::Column::Status.ne(ReferralStatus::EnteredInError))
        .add(referral::Column::SourceId.eq(organization))
}

/// Which referrals have an open child, which were replaced, and which their source may send again because it owns the open
/// one that they were split from.
#[derive(Clone, Debug, Default)]
pub(super) struct Children {
    pub(super) open: HashSet<ReferralId>,
    pub(super) replaced: HashSet<ReferralId>,
    pub(super) of_held: HashSet<ReferralId>,
}

/// What makes a request still open.
pub(super) const OPEN_STATUSES: [ReferralStatus; 4] = [
    ReferralStatus::Requested,
    ReferralStatus::Accepted,
    ReferralStatus::InProgress,
    ReferralStatus::OnHold,
];

pub(super) fn open_children(of: &[ReferralId]) -> sea_orm::Select<referral::Entity> {
    referral::Entity::find()
        .filter(referral::Column::PartOfId.is_in(of.iter().copied()))
        .filter(referral::Column::Status.is_in(OPEN_STATUSES))
}

pub(super) fn replacements(of: &[ReferralId]) -> sea_orm::Select<referral::Entity> {
    referral::Entity::find().filter(referral::Column::ReplacesId.is_in(of.iter().copied()))
}

/// Whether a later outcome of the same person in the same referral says what became of the one at hand.
pub(super) fn answered() -> Expr {
    let later = Alias::new("later");
    let at = |column| Expr::col((outcome::Entity, column));
    let of_later = |column| Expr::col((later.clone(), column));
    let same = (outcome::Entity, outcome::Column::ReferralId);
    let answers = Query::select()
        .expr(Expr::value(1))
        .from_as(outcome::Entity, later.clone())
        .and_where(of_later(outcome::Column::ReferralId).equals(same))
        .and_where(of_later(outcome::Column::CreatedAt).gt(at(outcome::Column::CreatedAt)))
        .cond_where(
            Condition::any()
                .add(of_later(outcome::Column::ClaimantId).is_null())
                .add(at(outcome::Column::ClaimantId).is_null())
                .add(
                    of_later(outcome::Column::ClaimantId)
                        .equals((outcome::Entity, outcome::Column::ClaimantId)),
                ),
        )
        .to_owned();
    Expr::exists(answers)
}

fn order(field: ReferralOrderField, descending: bool) -> Order {
    let column = |column| Expr::col((referral::Entity, column));
    let (field, sort) = match field {
        ReferralOrderField::CreatedAt => (Field::CreatedAt, column(referral::Column::CreatedAt)),
        ReferralOrderField::UpdatedAt => (Field::UpdatedAt, column(referral::Column::UpdatedAt)),
        ReferralOrderField::DueAt => (Field::DueAt, inbox::due_at()),
        ReferralOrderField::Urgency => (Field::Urgency, inbox::urgency()),
    };
    Order {
        field,
        descending,
        sort: Some(sort),
        id: column(referral::Column::Id),
    }
}

/// The one row of a statement that reads whole referrals.
pub(super) async fn one_row(
    connection: &impl ConnectionTrait,
    statement: Statement,
) -> Result<Option<referral::Model>> {
    let row = connection.query_one_raw(statement).await?;
    let row = row.map(|row| referral::Model::read(&row));
    Ok(row.transpose()?)
}

impl Session {
    /// Referrals of a box.
    ///
    /// # Errors
    /// When the database fails, or the ministry's reading cannot be journalled.
    pub async fn referral_list(
        &self,
        which: ReferralBox,
        filter: Filter,
        (field, descending): (ReferralOrderField, bool),
        slice: &Slice,
    ) -> Result<Paged<Seen>> {
        let order = order(field, descending);
        let parts = self.parts_of_box(which).await?;
        let narrowed = |part: &Part| {
            let visible = Visible::new(part.rule().clone(), self.reader());
            self.narrowed(visible, filter.clone())
        };
        let paged = match &parts[..] {
            [part @ Part::Whole(_)] => narrowed(part).page(&order, slice).await?,
            parts => {
                let id = referral::Column::Id;
                let ids = parts.iter().map(|part| {
                    let rows = narrowed(part).select;
                    part.first_ids(rows, (&order, slice), self.backend())
                });
                fetch_any::<referral::Entity, _>(id, ids, &order, slice, self.reader()).await?
            }
        };
        self.journal_oversight(&paged.items).await?;
        Ok(paged.map(|row| self.seen_referral(row)))
    }

    fn narrowed<'s>(
        &self,
        seen: Visible<'s, referral::Entity, Reading>,
        filter: Filter,
    ) -> Visible<'s, referral::Entity, Reading> {
        use referral::Column;
        let own = self.viewer().organization();
        let owned = || Condition::all().add(Column::OwnerId.eq(own));
        seen.filter_some(filter.statuses, |statuses| {
            let codes = BTreeSet::from_iter(statuses);
            let codes = codes.into_iter().map(|status| literal(status.as_str()));
            Condition::all().add(Expr::col((referral::Entity, Column::Status)).is_in(codes))
        })
        // What it waits for is told to its parties alone.
        .filter_some(filter.sub_statuses, |wanted| {
            party(own).add(Column::SubStatus.is_in(wanted))
        })
        .filter_some(filter.priority, |priority| {
            let code = literal(priority.as_str());
            Condition::all().add(Expr::col((referral::Entity, Column::Priority)).eq(code))
        })
        .filter_some(filter.categories, |wanted| {
            Column::Category.is_in(wanted).into()
        })
        .filter_some(filter.region, |region| Column::RegionId.eq(region).into())
        .filter_some(filter.service, |service| {
            Column::ServiceId.eq(service).into()
        })
        .filter_some(filter.catchment, |catchment| {
            let there = organization_catchment::Entity::find()
                .select_only()
                .column(organization_catchment::Column::OrganizationId)
                .filter(organization_catchment::Column::CatchmentId.eq(catchment))
                .into_query();
            Column::OwnerId.in_subquery(there).into()
        })
        // Who works on a referral is seen inside the owning organization only.
        .filter_some(filter.assignee, |who| owned().add(Column::Assignee.eq(who)))
        .filter_some(filter.unassigned, |free| {
            owned().add(if free {
                Column::Assignee.is_null()
            } else {
                Column::Assignee.is_not_null()
            })
        })
        .filter_some(filter.overdue, |overdue| {
            let late = Condition::all()
                .add(Column::Status.eq(ReferralStatus::Requested))
                .add(Column::DueAt.is_not_null())
                .add(Column::DueAt.lt(self.moment(self.now)));
            if overdue { late } else { late.not() }
        })
        .filter_some(filter.follow_up_due, |due| {
            let with_follow_up = Condition::all()
                .add(Column::Status.ne(ReferralStatus::EnteredInError))
                .add(Column::Id.in_subquery(self.with_follow_up_due()));
            if due {
                with_follow_up
            } else {
                with_follow_up.not()
            }
        })
        .filter_some(filter.updated_since, |since| {
            Column::UpdatedAt.gte(self.moment(since)).into()
        })
    }

    fn with_follow_up_due(&self) -> SelectStatement {
        let today = crate::domain::business_days::toronto_date(self.now);
        self.find::<outcome::Entity>()
            .filter(outcome::Column::FollowUpOn.lte(today))
            .filter(answered().not())
            .select(|select| select.select_only().column(outcome::Column::ReferralId))
            .into_subquery()
    }

    /// One referral, by id.
    ///
    /// # Errors
    /// When the database fails, or the ministry's reading cannot be journalled.
    pub async fn referral(&self, id: ReferralId) -> Result<Option<Seen>> {
        if self.leaves_rules_out() {
            return self.one_referral(referral::Column::Id.eq(id).into()).await;
        }
        let row = one_row(self.reader(), rule::by_id(self, id)).await?;
        self.journal_oversight(row.as_slice()).await?;
        Ok(row.map(|row| self.seen_referral(row)))
    }

    /// One referral, by reference.
    ///
    /// # Errors
    /// As [`Session::referral`].
    pub async fn referral_by_reference(&self, reference: &str) -> Result<Option<Seen>> {
        self.one_referral(referral::Column::Reference.eq(reference).into())
            .await
    }

    async fn one_referral(&self, condition: Condition) -> Result<Option<Seen>> {
        let row = self
            .find::<referral::Entity>()
            .filter(condition)
            .one()
            .await?;
        self.journal_oversight(row.as_slice()).await?;
        Ok(row.map(|row| self.seen_referral(row)))
    }

    /// The rows among `ids` that the caller may see, unmasked; for the store alone.
    pub(super) async fn referral_list_by_id(
        &self,
        ids: &[ReferralId],
    ) -> Result<Vec<referral::Model>> {
        self.find::<referral::Entity>()
            .filter(referral::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await
    }

    /// The referrals among `ids` that the caller may see.
    ///
    /// # Errors
    /// As [`Session::referral`].
    pub async fn referrals_by_id(&self, ids: &[ReferralId]) -> Result<Vec<Seen>> {
        let rows = self.referral_list_by_id(ids).await?;
        self.journal_oversight(&rows).await?;
        Ok(rows
            .into_iter()
            .map(|row| self.seen_referral(row))
            .collect())
    }

    /// The same part of the referrals for each claimant, or for the person also, of which the caller is a party, or whose
    /// claimant it registered; newest first. In one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn referrals_of(
        &self,
        claimants: &[ClaimantId],
        slice: &Slice,
    ) -> Result<HashMap<ClaimantId, Paged<Seen>>> {
        let own = self.viewer().organization();
        let of = |claimant| {
            Condition::all()
                .add(self.rule::<referral::Entity>())
                .add(referral::Column::Id.in_subquery(self.for_person(claimant)))
                // An open referral does not tell whose it is.
                .add(party(own))
                .add(tells_its_people(own))
        };
        let order = order(ReferralOrderField::CreatedAt, true);
        let paged =
            fetch_each::<referral::Entity, _, _>(claimants, of, &order, slice, self.reader());
        Ok(paged
            .await?
            .into_iter()
            .map(|(claimant, paged)| (claimant, paged.map(|row| self.seen_referral(row))))
            .collect())
    }

    /// What the caller may do now with each referral.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn available_actions(
        &self,
        referrals: &[Seen],
    ) -> Result<HashMap<ReferralId, Vec<ReferralAction>>> {
        let ids: Vec<ReferralId> = referrals.iter().map(|seen| seen.referral.id).collect();
        let children = Children {
            open: open_children(&ids)
                .all(self.reader())
                .await?
                .into_iter()
                .filter_map(|row| row.part_of_id)
                .collect(),
            replaced: replacements(&ids)
                .all(self.reader())
                .await?
                .into_iter()
                .filter_map(|row| row.replaces_id)
                .collect(),
            of_held: child::of_held(
                self.reader(),
                self.viewer().organization(),
                referrals.iter().map(|seen| &seen.referral),
            )
            .await?,
        };
        Ok(referrals
            .iter()
            .map(|seen| {
                let facts = seen.facts(&children);
                (
                    seen.referral.id,
                    workflow::available(&facts, &seen.relations),
                )
            })
            .collect())
    }
}

/// Checks a note of a change: free text that the parties read.
pub(super) fn check_note(note: Option<&String>) -> Result<()> {
    check_free_text(note, "note")
}

/// Checks free text: its length, and that it holds no social insurance number.
pub(super) fn check_free_text(text: Option<&String>, path: &str) -> Result<()> {
    const LONGEST: usize = 4_000;
    let Some(text) = text else { return Ok(()) };
    if free_text::is_longer_than(text, LONGEST) {
        return Err(Refusal::at(Problem::TooLong { limit: LONGEST }, path).into());
    }
    if free_text::has_sin(text) {
        return Err(Refusal::at(Problem::SinNotStored, path).into());
    }
    Ok(())
}
