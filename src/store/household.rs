//! Households: people who live together, as the organization that registered them has linked them. It alone sees the
//! link, and only while it keeps their files: whoever's file goes to another organization leaves, and the other one
//! learns of nobody. A household opens nothing to anybody.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, HouseholdId, JournalKind, SubjectType, claimant, household, household_member,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, LockType, SelectStatement},
};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit, claimant::Seen, journal::Entry, nothing,
    update::Update,
};
use crate::{
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

const MOST_MEMBERS: usize = 20;
const PATH: &str = "householdOf";

impl Readable for household::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                household::Column::OrganizationId.eq(*organization).into()
            }
        }
    }
}

impl Readable for household_member::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        let own = household::Entity::find()
            .select_only()
            .column(household::Column::Id)
            .filter(
                Expr::col((household::Entity, household::Column::Id)).equals((
                    household_member::Entity,
                    household_member::Column::HouseholdId,
                )),
            )
            .filter(household::Entity::visible_to(viewer, now));
        Condition::all().add(Expr::exists(own.into_query()))
    }
}

/// The households to which some claimants belong now.
fn of(claimants: &[ClaimantId]) -> SelectStatement {
    household_member::Entity::find()
        .select_only()
        .column(household_member::Column::HouseholdId)
        .filter(household_member::Column::ClaimantId.is_in(claimants.iter().copied()))
        .filter(household_member::Column::LeftAt.is_null())
        .into_query()
}

impl Session {
    /// With whom each of `claimants` lives, in the order in which they were linked; for the organization that linked
    /// them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn households_of(
        &self,
        claimants: &[ClaimantId],
    ) -> Result<HashMap<ClaimantId, Vec<Seen>>> {
        let members = self
            .find::<household_member::Entity>()
            .filter(household_member::Column::LeftAt.is_null())
            .filter(household_member::Column::HouseholdId.in_subquery(of(claimants)))
            .select(|select| select.order_by_asc(household_member::Column::Id))
            .all()
            .await?;
        if members.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<ClaimantId> = members.iter().map(|row| row.claimant_id).collect();
        let seen: HashMap<ClaimantId, Seen> = self
            .claimant_list_by_id(&ids)
            .await?
            .into_iter()
            .map(|seen| (seen.claimant.id, seen))
            .collect();
        let wanted: HashSet<ClaimantId> = claimants.iter().copied().collect();
        Ok(members
            .iter()
            .filter(|row| wanted.contains(&row.claimant_id))
            .map(|row| {
                let others = members
                    .iter()
                    .filter(|other| other.household_id == row.household_id)
                    .filter(|other| other.claimant_id != row.claimant_id)
                    .filter_map(|other| seen.get(&other.claimant_id).cloned());
                (row.claimant_id, others.collect())
            })
            .collect())
    }
}

/// `householdLeave`.
#[derive(Clone, Debug, Serialize)]
pub struct Leave {
    pub claimant: ClaimantId,
}

impl Change for Leave {
    const MUTATION: &'static str = "householdLeave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let claimant = unit.registered(self.claimant).await?;
        if !unit.leave_household(claimant.id).await? {
            return Err(Refusal::at(Problem::NotInHousehold, "claimantId").into());
        }
        Ok(Applied::new(claimant.id, claimant.record_version))
    }
}

impl Unit<'_> {
    /// Checks with whom a claimant is to be linked, and keeps both as they are until this transaction ends. Whoever the
    /// caller did not register is as good as nobody.
    pub(super) async fn check_household(
        &self,
        claimant: Option<ClaimantId>,
        with: &Update<ClaimantId>,
    ) -> Result<()> {
        let Some(with) = with.value().copied() else {
            return Ok(());
        };
        if claimant == Some(with) {
            return Err(Refusal::at(Problem::Invalid, PATH).into());
        }
        self.own_claimant(with, PATH).await?;
        let both: Vec<ClaimantId> = claimant.into_iter().chain([with]).collect();
        self.lock_claimants(&both).await?;
        self.own_claimant(with, PATH).await?;
        Ok(())
    }

    /// Links a claimant with another in one household, or takes the claimant out of the one there is.
    pub(super) async fn follow_household(
        &mut self,
        claimant: ClaimantId,
        with: &Update<ClaimantId>,
    ) -> Result<()> {
        match with {
            Update::Keep => Ok(()),
            Update::Clear => self.leave_household(claimant).await.map(drop),
            Update::Set(with) => self.link(claimant, *with).await,
        }
    }

    async fn link(&mut self, claimant: ClaimantId, with: ClaimantId) -> Result<()> {
        let (own, theirs) = (
            self.household_of(claimant).await?,
            self.household_of(with).await?,
        );
        match (own, theirs) {
            (Some(own), Some(theirs)) if own == theirs => Ok(()),
            // One of them has to leave first, so that nobody is taken from a family unasked.
            (Some(_), Some(_)) => Err(Refusal::at(Problem::AlreadyInHousehold, PATH).into()),
            (Some(household), None) => self.join(household, &[with]).await,
            (None, Some(household)) => self.join(household, &[claimant]).await,
            (None, None) => {
                let household = HouseholdId(Uuid::now_v7());
                household::ActiveModel {
                    id: Set(household),
                    organization_id: Set(self.session.viewer().organization()),
                    created_at: Set(self.session.now),
                }
                .insert(&self.work)
                .await?;
                self.join(household, &[with, claimant]).await
            }
        }
    }

    /// The household of a claimant, kept as it is until this transaction ends.
    async fn household_of(&self, claimant: ClaimantId) -> Result<Option<HouseholdId>> {
        Ok(self
            .find::<household::Entity>()
            .filter(household::Column::Id.in_subquery(of(&[claimant])))
            .select(|select| select.lock(LockType::Update))
            .one()
            .await?
            .map(|row| row.id))
    }

    async fn members_of(&self, household: HouseholdId) -> Result<Vec<household_member::Model>> {
        self.find::<household_member::Entity>()
            .filter(household_member::Column::HouseholdId.eq(household))
            .filter(household_member::Column::LeftAt.is_null())
            .all()
            .await
    }

    async fn join(&mut self, household: HouseholdId, people: &[ClaimantId]) -> Result<()> {
        if self.members_of(household).await?.len() + people.len() > MOST_MEMBERS {
            let limit = MOST_MEMBERS;
            return Err(Refusal::at(Problem::TooMany { limit }, PATH).into());
        }
        let rows = people.iter().map(|claimant| {
            household_member::Model {
                id: Uuid::now_v7(),
                household_id: household,
                claimant_id: *claimant,
                linked_by: self.session.caller.subject.clone(),
                linked_at: self.session.now,
                left_at: None,
            }
            .into_active_model()
        });
        household_member::Entity::insert_many(rows)
            .exec_without_returning(&self.work)
            .await?;
        self.tell_household(JournalKind::HouseholdJoined, people)
            .await
    }

    /// Takes a claimant out of the household; who would be left alone in it leaves too. Says whether there was one.
    pub(super) async fn leave_household(&mut self, claimant: ClaimantId) -> Result<bool> {
        let Some(household) = self.household_of(claimant).await? else {
            return Ok(false);
        };
        let mut leaving = self.members_of(household).await?;
        if leaving.len() > 2 {
            leaving.retain(|row| row.claimant_id == claimant);
        }
        household_member::Entity::update_many()
            .col_expr(
                household_member::Column::LeftAt,
                Expr::value(self.session.now),
            )
            .filter(household_member::Column::Id.is_in(leaving.iter().map(|row| row.id)))
            .exec(&self.work)
            .await?;
        let people: Vec<ClaimantId> = leaving.iter().map(|row| row.claimant_id).collect();
        self.tell_household(JournalKind::HouseholdLeft, &people)
            .await?;
        Ok(true)
    }

    /// Takes a person who is being erased out of every household there ever was.
    pub(super) async fn forget_households(&mut self, claimant: ClaimantId) -> Result<()> {
        self.leave_household(claimant).await?;
        household_member::Entity::delete_many()
            .filter(household_member::Column::ClaimantId.eq(claimant))
            .exec(&self.work)
            .await?;
        Ok(())
    }

    /// A household is between the people and the organization that linked them. No entry names two of them.
    async fn tell_household(&mut self, kind: JournalKind, people: &[ClaimantId]) -> Result<()> {
        let organization = self.session.viewer().organization();
        let rows = self
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.is_in(people.iter().copied()))
            .select(|select| select.order_by_asc(claimant::Column::Id))
            .all()
            .await?;
        for row in rows {
            let version = row.record_version;
            let entry = Entry::new(kind, SubjectType::Claimant, row.id, version);
            self.record(entry.private_to(organization));
        }
        Ok(())
    }
}
