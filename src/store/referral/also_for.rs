//! The people for whom a referral is beside its claimant. Each opens by that person's own consent alone: to whom it does
//! not, the person is not there, and nothing that a party reads of the referral counts or names the person.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{
    AccessGroup, ClaimantId, JournalKind, OrganizationId, ReferralId, SubjectType, access_grant,
    claimant, outcome, referral, referral_also_for,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr, UnionType},
};

use super::{
    super::{
        Readable, Session, Unit, claimant::Seen, claimant::erase::demand_known, grant::open_at,
        journal::Entry, nothing, sealed::registered_by,
    },
    rule::party,
};
use crate::{
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

const MOST_PEOPLE: usize = 20;
const PATH: &str = "alsoForClaimantIds";

impl Readable for referral_also_for::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { organization, .. } | Viewer::SettlementAgency { organization } => {
                let of_party = Query::select()
                    .expr(Expr::value(1))
                    .from(referral::Entity)
                    .and_where(Expr::col((referral::Entity, referral::Column::Id)).equals((
                        referral_also_for::Entity,
                        referral_also_for::Column::ReferralId,
                    )))
                    .cond_where(party(*organization))
                    .to_owned();
                Condition::all()
                    .add(Expr::exists(of_party))
                    .add(known_in_it(viewer, now))
            }
        }
    }
}

/// The condition that a party of the referral at hand knows the person in it: it registered the person, or consent for
/// this very referral tells it. What it knows by another referral says nothing of this one.
pub(super) fn known_in_it(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
    use referral_also_for::Column;
    let grant = |column| Expr::col((access_grant::Entity, column));
    let granted = Query::select()
        .expr(Expr::value(1))
        .from(access_grant::Entity)
        .and_where(
            grant(access_grant::Column::ClaimantId)
                .equals((referral_also_for::Entity, Column::ClaimantId)),
        )
        .and_where(
            grant(access_grant::Column::ReferralId)
                .equals((referral_also_for::Entity, Column::ReferralId)),
        )
        .and_where(access_grant::Column::OrganizationId.eq(viewer.organization()))
        .and_where(access_grant::Column::AccessGroup.eq(AccessGroup::Presence))
        .cond_where(open_at(now))
        .to_owned();
    Condition::any()
        .add(registered_by(Column::ClaimantId, viewer))
        .add(Expr::exists(granted))
}

fn of(claimant: ClaimantId) -> SelectStatement {
    referral_also_for::Entity::find()
        .select_only()
        .column(referral_also_for::Column::ReferralId)
        .filter(referral_also_for::Column::ClaimantId.eq(claimant))
        .into_query()
}

impl Session {
    /// The people for whom each of `referrals` is beside its claimant, as far as the caller knows them in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn also_for(
        &self,
        referrals: &[ReferralId],
    ) -> Result<HashMap<ReferralId, Vec<Seen>>> {
        let rows = self
            .find::<referral_also_for::Entity>()
            .filter(referral_also_for::Column::ReferralId.is_in(referrals.iter().copied()))
            .select(|select| select.order_by_asc(referral_also_for::Column::ClaimantId))
            .all()
            .await?;
        if rows.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: HashSet<ClaimantId> = rows.iter().map(|row| row.claimant_id).collect();
        let ids: Vec<ClaimantId> = ids.into_iter().collect();
        let seen: HashMap<ClaimantId, Seen> = self
            .claimant_list_by_id(&ids)
            .await?
            .into_iter()
            .map(|seen| (seen.claimant.id, seen))
            .collect();
        let mut people: HashMap<ReferralId, Vec<Seen>> = HashMap::new();
        for row in rows {
            if let Some(seen) = seen.get(&row.claimant_id) {
                people
                    .entry(row.referral_id)
                    .or_default()
                    .push(seen.clone());
            }
        }
        Ok(people)
    }

    /// The referrals that are for a claimant, and those for the person beside another, as far as the caller knows the
    /// person in them. As one list, so that the database finds each half by its index.
    pub(super) fn for_person(&self, claimant: SimpleExpr) -> SelectStatement {
        use referral_also_for::Column;
        let beside = self
            .find::<referral_also_for::Entity>()
            .filter(Expr::col((referral_also_for::Entity, Column::ClaimantId)).eq(claimant.clone()))
            .select(|select| select.select_only().column(Column::ReferralId))
            .into_subquery();
        Query::select()
            .column((referral::Entity, referral::Column::Id))
            .from(referral::Entity)
            .and_where(Expr::col((referral::Entity, referral::Column::ClaimantId)).eq(claimant))
            .union(UnionType::All, beside)
            .to_owned()
    }
}

impl Unit<'_> {
    /// Refuses whom the caller did not register, exactly as whoever is not there.
    async fn check_also_for(
        &self,
        claimant: Option<ClaimantId>,
        people: &[ClaimantId],
    ) -> Result<()> {
        if people.is_empty() {
            return Ok(());
        }
        let Some(claimant) = claimant else {
            return Err(Refusal::at(Problem::Required, "claimantId").into());
        };
        if people.len() > MOST_PEOPLE {
            let limit = MOST_PEOPLE;
            return Err(Refusal::at(Problem::TooMany { limit }, PATH).into());
        }
        let own = self.session.viewer().organization();
        let found = self
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.is_in(people.iter().copied()))
            .filter(claimant::Column::RegisteringOrganizationId.eq(own))
            .all()
            .await?;
        let found: HashMap<ClaimantId, claimant::Model> =
            found.into_iter().map(|row| (row.id, row)).collect();
        let mut named = HashSet::from([claimant]);
        for (place, person) in people.iter().enumerate() {
            let path = format!("{PATH}.{place}");
            let row = found.get(person);
            demand_known(
                row.ok_or_else(|| Refusal::at(Problem::NotFound, &path))?,
                &path,
            )?;
            if !named.insert(*person) {
                return Err(Refusal::at(Problem::Invalid, &path).into());
            }
        }
        Ok(())
    }

    /// The claimant whom a new referral names. This one and whoever is beside stay as they are until this transaction ends,
    /// and are looked at again under the lock: until then a file may have gone to another organization.
    pub(super) async fn lock_own_people(
        &self,
        claimant: Option<ClaimantId>,
        people: &[ClaimantId],
    ) -> Result<Option<claimant::Model>> {
        let Some(id) = claimant else {
            self.check_also_for(None, people).await?;
            return Ok(None);
        };
        self.own_claimant(id, "claimantId").await?;
        self.check_also_for(claimant, people).await?;
        self.lock_known_people(id, people).await?;
        let locked = self.own_claimant(id, "claimantId").await?;
        self.check_also_for(claimant, people).await?;
        Ok(Some(locked))
    }

    /// Locks the people of a new referral, unless one was erased since the rows were read.
    async fn lock_known_people(&self, claimant: ClaimantId, people: &[ClaimantId]) -> Result<()> {
        let all: Vec<ClaimantId> = people.iter().copied().chain([claimant]).collect();
        let erased = self.lock_claimants(&all).await?;
        if erased.is_empty() {
            return Ok(());
        }
        let path = match erased.contains(&claimant) {
            true => "claimantId",
            false => PATH,
        };
        Err(Refusal::at(Problem::ClaimantErased, path).into())
    }

    pub(super) async fn put_also_for(
        &self,
        referral: ReferralId,
        people: &[ClaimantId],
    ) -> Result<()> {
        if people.is_empty() {
            return Ok(());
        }
        let rows = people.iter().map(|person| {
            let row = referral_also_for::Model {
                referral_id: referral,
                claimant_id: *person,
            };
            row.into_active_model()
        });
        referral_also_for::Entity::insert_many(rows)
            .exec_without_returning(&self.work)
            .await?;
        Ok(())
    }

    /// The people for whom referrals are beside their claimants; for guards and grants, never for the caller.
    pub(in crate::store) async fn people_beside(
        &self,
        referrals: &[ReferralId],
    ) -> Result<Vec<ClaimantId>> {
        if referrals.is_empty() {
            return Ok(Vec::new());
        }
        Ok(referral_also_for::Entity::find()
            .select_only()
            .column(referral_also_for::Column::ClaimantId)
            .distinct()
            .filter(referral_also_for::Column::ReferralId.is_in(referrals.iter().copied()))
            .into_tuple()
            .all(&self.work)
            .await?)
    }

    /// Everybody for whom a referral is.
    pub(super) async fn people_of(&self, row: &referral::Model) -> Result<Vec<ClaimantId>> {
        let Some(claimant) = row.claimant_id else {
            return Ok(Vec::new());
        };
        let mut people = self.people_beside(&[row.id]).await?;
        people.push(claimant);
        Ok(people)
    }

    /// For whom a referral is, as far as the caller knows there: what it knows of a person by another referral must not
    /// show who is in this one.
    pub(super) async fn known_people_of(&self, row: &referral::Model) -> Result<Vec<ClaimantId>> {
        let Some(claimant) = row.claimant_id else {
            return Ok(Vec::new());
        };
        let beside = self
            .find::<referral_also_for::Entity>()
            .filter(referral_also_for::Column::ReferralId.eq(row.id))
            .all()
            .await?;
        let mut people: Vec<ClaimantId> = beside.into_iter().map(|row| row.claimant_id).collect();
        people.push(claimant);
        Ok(people)
    }

    /// Those beside the claimant of a referral whom the caller registered still.
    pub(super) async fn own_people_beside(&self, referral: ReferralId) -> Result<Vec<ClaimantId>> {
        let people = self.people_beside(&[referral]).await?;
        Ok(self
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.is_in(people))
            .filter(
                claimant::Column::RegisteringOrganizationId
                    .eq(self.session.viewer().organization()),
            )
            .filter(claimant::Column::ErasedAt.is_null())
            .all()
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect())
    }

    /// Whom an outcome is about: the referral's claimant, or somebody else in it whom the caller knows there.
    pub(super) async fn person_in(
        &self,
        referral: &referral::Model,
        named: Option<ClaimantId>,
        path: &str,
    ) -> Result<Option<ClaimantId>> {
        let Some(person) = named.filter(|named| Some(*named) != referral.claimant_id) else {
            return Ok(referral.claimant_id);
        };
        self.find::<referral_also_for::Entity>()
            .filter(referral_also_for::Column::ReferralId.eq(referral.id))
            .filter(referral_also_for::Column::ClaimantId.eq(person))
            .one()
            .await?
            .map(|row| Some(row.claimant_id))
            .ok_or_else(|| Refusal::at(Problem::NotFound, path).into())
    }

    /// Takes a referral's people out of it.
    pub(super) async fn drop_also_for(&self, referral: ReferralId) -> Result<()> {
        referral_also_for::Entity::delete_many()
            .filter(referral_also_for::Column::ReferralId.eq(referral))
            .exec(&self.work)
            .await?;
        Ok(())
    }

    /// Takes a person who is being erased out of every other person's referral, with what was written of the person
    /// there. Whoever knew of the person by one of them is told to delete its copy.
    pub(in crate::store) async fn leave_referrals_of_others(
        &mut self,
        claimant: &claimant::Model,
    ) -> Result<()> {
        let beside = self.knowing(claimant.id, true).await?;
        outcome::Entity::update_many()
            .col_expr(outcome::Column::Note, Expr::value(None::<Vec<u8>>))
            .filter(outcome::Column::ClaimantId.eq(claimant.id))
            .exec(&self.work)
            .await?;
        referral_also_for::Entity::delete_many()
            .filter(referral_also_for::Column::ClaimantId.eq(claimant.id))
            .exec(&self.work)
            .await?;
        self.regrant(claimant.id).await?;
        self.tell_access_ended_of(claimant, beside).await
    }

    /// Makes the grants of a claimant what they should be after the person wished for less. Whoever knew of the person by a referral that is another's, and
    /// goes on, is told that its access to this one ended, so that its software deletes its copy.
    pub(in crate::store) async fn regrant_and_tell(
        &mut self,
        claimant: &claimant::Model,
    ) -> Result<()> {
        let beside = self.knowing(claimant.id, true).await?;
        self.regrant(claimant.id).await?;
        self.tell_access_ended_of(claimant, beside).await
    }

    /// Tells those of `before` that know nothing of a claimant any more that their access ended.
    async fn tell_access_ended_of(
        &mut self,
        claimant: &claimant::Model,
        before: HashSet<OrganizationId>,
    ) -> Result<()> {
        if before.is_empty() {
            return Ok(());
        }
        let still = self.knowing(claimant.id, false).await?;
        let lost: Vec<_> = before.difference(&still).copied().collect();
        if !lost.is_empty() {
            let (kind, subject) = (JournalKind::AccessEnded, SubjectType::Claimant);
            self.record(Entry::new(kind, subject, claimant.id, claimant.version).told(lost));
        }
        Ok(())
    }

    /// The organizations that know of a claimant now; of those `beside` only who do by another person's referral.
    async fn knowing(&self, claimant: ClaimantId, beside: bool) -> Result<HashSet<OrganizationId>> {
        let mut grants = access_grant::Entity::find()
            .select_only()
            .column(access_grant::Column::OrganizationId)
            .filter(access_grant::Column::ClaimantId.eq(claimant))
            .filter(access_grant::Column::AccessGroup.eq(AccessGroup::Presence))
            .filter(open_at(self.session.now));
        if beside {
            grants = grants.filter(access_grant::Column::ReferralId.in_subquery(of(claimant)));
        }
        let organizations: Vec<OrganizationId> = grants.into_tuple().all(&self.work).await?;
        Ok(organizations.into_iter().collect())
    }
}
