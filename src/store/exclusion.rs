//! Exclusions: organizations that a person never wants to be known to. The registering organization records and ends
//! them and sees them; to the excluded one everything about the person is as if it had never been. Where it knew of a
//! referral it is told that its access ended, as at any other end of access: what it was told before stays in its feed,
//! without a subject, so that nothing there says by what its access ended. An exclusion beats every consent.
use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, ExclusionId, JournalKind, OrganizationId, OrganizationKind, SubjectType, claimant,
    consent, exclusion, journal_audience, journal_entry, need, organization, referral,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, IntoColumnRef, JoinType, Query, SelectStatement},
};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit, claimant::bound::check_in_force, journal::Entry,
    nothing, referral::OPEN_STATUSES, sealed::registered_by,
};
use crate::{
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

impl Readable for exclusion::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                Condition::all().add(registered_by(exclusion::Column::ClaimantId, viewer))
            }
        }
    }
}

/// An exclusion in force of an organization by the claimant that a column of the query at hand names.
pub(super) fn excluding(
    organization: OrganizationId,
    claimant: impl IntoColumnRef,
) -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(exclusion::Entity)
        .and_where(Expr::col((exclusion::Entity, exclusion::Column::ClaimantId)).equals(claimant))
        .and_where(exclusion::Column::OrganizationId.eq(organization))
        .and_where(exclusion::Column::EndedAt.is_null())
        .to_owned()
}

/// The condition that the claimant of a referral does not exclude an organization.
pub(super) fn not_excluded(organization: OrganizationId) -> Expr {
    Expr::exists(excluding(
        organization,
        (referral::Entity, referral::Column::ClaimantId),
    ))
    .not()
}

/// The condition that an entry of the journal that an organization was told of is about nobody who excluded it by then,
/// or tells it that its access ended. Of somebody who was named later, it is about nobody before.
pub(super) fn untold_to_excluded(organization: OrganizationId) -> Expr {
    use journal_audience::Column;
    let position = (journal_audience::Entity, Column::Position);
    let by_its_name = Expr::col(Column::Audience.as_column_ref()).eq(organization.0);
    told_at(organization, position, by_its_name)
}

/// The same of the entry at the position in a column, of which the organization was told by its own name or not.
pub(super) fn told_at(
    organization: OrganizationId,
    position: impl IntoColumnRef,
    by_its_name: Expr,
) -> Expr {
    use journal_entry::Column as Entry;
    let entry = |column| Expr::col((journal_entry::Entity, column));
    // Whom an entry is about: the claimant itself, or that of the referral, the consent or the need.
    let subject = (journal_entry::Entity, Entry::SubjectId);
    let of_referral = Query::select()
        .column((referral::Entity, referral::Column::ClaimantId))
        .from(referral::Entity)
        .and_where(Expr::col((referral::Entity, referral::Column::Id)).equals(subject))
        .cond_where(
            Condition::any()
                .add(Expr::col((referral::Entity, referral::Column::LinkedAt)).is_null())
                .add(
                    Expr::col((referral::Entity, referral::Column::LinkedAt)).lte(entry(Entry::At)),
                ),
        )
        .to_owned();
    let of_consent = Query::select()
        .column((consent::Entity, consent::Column::ClaimantId))
        .from(consent::Entity)
        .and_where(Expr::col((consent::Entity, consent::Column::Id)).equals(subject))
        .to_owned();
    let of_need = Query::select()
        .column((need::Entity, need::Column::ClaimantId))
        .from(need::Entity)
        .and_where(Expr::col((need::Entity, need::Column::Id)).equals(subject))
        .to_owned();
    let person = [
        Expr::col(subject),
        Expr::from(of_referral),
        Expr::from(of_consent),
        Expr::from(of_need),
    ];
    let ended = Condition::all()
        .add(entry(Entry::Kind).eq(JournalKind::AccessEnded))
        .add(by_its_name);
    let untold = Query::select()
        .expr(Expr::value(1))
        .from(exclusion::Entity)
        .join(
            JoinType::InnerJoin,
            journal_entry::Entity,
            entry(Entry::Position).equals(position),
        )
        .and_where(exclusion::Column::OrganizationId.eq(organization))
        .and_where(exclusion::Column::EndedAt.is_null())
        .and_where(
            Expr::col((exclusion::Entity, exclusion::Column::RecordedAt)).lte(entry(Entry::At)),
        )
        .and_where(Expr::col((exclusion::Entity, exclusion::Column::ClaimantId)).is_in(person))
        .cond_where(ended.not())
        .to_owned();
    Expr::exists(untold).not()
}

/// `exclusionRecord`.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub claimant: ClaimantId,
    pub organization: OrganizationId,
    pub note: Option<String>,
}

impl Record {
    async fn check_organization(&self, unit: &Unit<'_>) -> Result<()> {
        let found = unit
            .find::<organization::Entity>()
            .filter(organization::Column::Id.eq(self.organization))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "organizationId"))?;
        // The organization that keeps the record knows the person, and the ministry never does.
        if found.id == unit.session.viewer().organization()
            || found.kind == OrganizationKind::Ministry
        {
            return Err(Refusal::at(Problem::Invalid, "organizationId").into());
        }
        Ok(())
    }
}

impl Change for Record {
    const MUTATION: &'static str = "exclusionRecord";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        super::referral::check_note(self.note.as_ref())?;
        let claimant = unit.registered(self.claimant).await?;
        self.check_organization(unit).await?;
        if unit
            .wishes_of(claimant.id)
            .await?
            .exclude(self.organization)
        {
            return Err(Refusal::at(Problem::AlreadyExcluded, "organizationId").into());
        }
        unit.check_room_for_exclusion(claimant.id).await?;
        let known_to = unit
            .referrals_known_to(claimant.id, self.organization)
            .await?;
        let row = exclusion::Model {
            id: ExclusionId(Uuid::now_v7()),
            claimant_id: claimant.id,
            organization_id: self.organization,
            recorded_at: unit.session.now,
            ended_at: None,
        };
        row.clone().into_active_model().insert(&unit.work).await?;
        unit.tell_exclusion(
            JournalKind::ExclusionRecorded,
            &claimant,
            self.note.as_ref(),
        )
        .await?;
        let excluded = Some((self.organization, known_to.as_slice()));
        unit.end_uncovered_referrals(&claimant, excluded).await?;
        // Of what is closed it keeps copies too.
        let closed = |referral: &&referral::Model| !OPEN_STATUSES.contains(&referral.status);
        for referral in known_to.iter().filter(closed) {
            unit.tell_access_ended_by_exclusion(referral, [self.organization]);
        }
        unit.regrant_and_tell(&claimant).await?;
        Ok(Applied::new(row.id, 1))
    }
}

/// `exclusionEnd`.
#[derive(Clone, Debug, Serialize)]
pub struct End {
    pub id: ExclusionId,
    pub note: Option<String>,
}

impl Change for End {
    const MUTATION: &'static str = "exclusionEnd";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        super::referral::check_note(self.note.as_ref())?;
        let found = unit
            .find::<exclusion::Entity>()
            .filter(exclusion::Column::Id.eq(self.id))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        let claimant = unit.registered(found.claimant_id).await?;
        let changed = exclusion::Entity::update_many()
            .set(exclusion::ActiveModel {
                ended_at: Set(Some(unit.session.now)),
                ..Default::default()
            })
            .filter(exclusion::Column::Id.eq(self.id))
            .filter(exclusion::Column::EndedAt.is_null())
            .exec(&unit.work)
            .await?;
        if changed.rows_affected != 1 {
            return Err(Refusal::at(Problem::AlreadyEnded, "id").into());
        }
        unit.tell_exclusion(JournalKind::ExclusionEnded, &claimant, self.note.as_ref())
            .await?;
        unit.regrant(claimant.id).await?;
        Ok(Applied::new(self.id, 2))
    }
}

impl Unit<'_> {
    /// It is between the person and the registering organization.
    async fn tell_exclusion(
        &mut self,
        kind: JournalKind,
        claimant: &claimant::Model,
        note: Option<&String>,
    ) -> Result<()> {
        let key = match note {
            Some(_) => self.claimant_key(claimant.id).await?,
            None => None,
        };
        let entry = Entry::new(kind, SubjectType::Claimant, claimant.id, claimant.version);
        self.record(
            entry
                .note_of_claimant(note.cloned(), claimant.id, key.as_ref())
                .private_to(claimant.registering_organization_id),
        );
        Ok(())
    }

    async fn check_room_for_exclusion(&self, claimant: ClaimantId) -> Result<()> {
        let ended: Vec<Option<DateTime<Utc>>> = exclusion::Entity::find()
            .select_only()
            .column(exclusion::Column::EndedAt)
            .filter(exclusion::Column::ClaimantId.eq(claimant))
            .into_tuple()
            .all(&self.work)
            .await?;
        check_in_force(&ended, "organizationId")
    }

    /// Forgets whom an erased person excluded. Where referrals of the person stay, so do the exclusions in force: without
    /// them the excluded organization would see again what they hid from it.
    pub(super) async fn forget_exclusions(&self, claimant: ClaimantId) -> Result<()> {
        let referrals = referral::Entity::find()
            .select_only()
            .column(referral::Column::Id)
            .filter(referral::Column::ClaimantId.eq(claimant))
            .limit(1)
            .into_tuple::<Uuid>()
            .one(&self.work)
            .await?;
        let mut forgotten = Condition::all().add(exclusion::Column::ClaimantId.eq(claimant));
        if referrals.is_some() {
            forgotten = forgotten.add(exclusion::Column::EndedAt.is_not_null());
        }
        exclusion::Entity::delete_many()
            .filter(forgotten)
            .exec(&self.work)
            .await?;
        Ok(())
    }

    /// The referrals of a claimant that another organization was told of: as a party, closed ones included, or because
    /// it could claim.
    async fn referrals_known_to(
        &self,
        claimant: ClaimantId,
        organization: OrganizationId,
    ) -> Result<Vec<referral::Model>> {
        let known = Condition::any()
            .add(super::referral::party(organization))
            .add(super::referral::told_openly_to(organization));
        Ok(referral::Entity::find()
            .filter(referral::Column::ClaimantId.eq(claimant))
            .filter(known)
            .all(&self.work)
            .await?)
    }

    /// Tells whoever the claimant of an open referral excludes, and who could see it until the claimant was linked.
    pub(super) async fn tell_excluded_of_link(&mut self, linked: &referral::Model) -> Result<()> {
        let excluded = exclusion::Entity::find()
            .filter(exclusion::Column::ClaimantId.is_in(linked.claimant_id))
            .filter(exclusion::Column::EndedAt.is_null())
            .all(&self.work)
            .await?;
        let mut lost = Vec::new();
        // A person excludes few.
        for row in excluded {
            let told = super::referral::told_openly_to(row.organization_id);
            let told = referral::Entity::find()
                .filter(referral::Column::Id.eq(linked.id))
                .filter(told)
                .one(&self.work)
                .await?;
            lost.extend(told.map(|_| row.organization_id));
        }
        if !lost.is_empty() {
            self.tell_access_ended_by_exclusion(linked, lost);
        }
        Ok(())
    }

    pub(super) fn tell_access_ended_by_exclusion(
        &mut self,
        row: &referral::Model,
        organizations: impl IntoIterator<Item = OrganizationId>,
    ) {
        let (kind, subject) = (JournalKind::AccessEnded, SubjectType::Referral);
        // What is open ends for others with the version that a claim or the end of it brings.
        let moves = i32::from(OPEN_STATUSES.contains(&row.status));
        self.record(Entry::new(kind, subject, row.id, row.version + moves).told(organizations));
    }
}

impl Session {
    /// The exclusions of `claimants`, oldest first; for the registering organization alone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exclusions_of(&self, claimants: &[ClaimantId]) -> Result<Vec<exclusion::Model>> {
        self.find::<exclusion::Entity>()
            .filter(exclusion::Column::ClaimantId.is_in(claimants.iter().copied()))
            .select(|select| select.order_by_asc(exclusion::Column::Id))
            .all()
            .await
    }

    /// The exclusions among `ids` that the caller may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn exclusion_list_by_id(&self, ids: &[ExclusionId]) -> Result<Vec<exclusion::Model>> {
        self.find::<exclusion::Entity>()
            .filter(exclusion::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await
    }
}
