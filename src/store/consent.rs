//! Consents and refusals. Recording and withdrawing changes who may see what, in the same transaction.
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{
    Access, AccessGroup, ClaimantId, ConsentGiver, ConsentId, ConsentMethod, ConsentStatus,
    DatePrecision, FieldGroup, FieldGroups, InterpreterKind, JournalKind, NeedCategories,
    NeedCategory, OrganizationId, OrganizationKind, Sealed, SubjectType, claimant, consent,
    consent_recipient, organization,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, prelude::Uuid, sea_query::Expr,
};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit,
    claimant::{bound::check_in_force, check_text, erase::demand_known},
    grant::{in_force, kinds_among, wishes_among},
    journal::Entry,
    nothing,
    seal::{Place, Wrapped},
    sealed::registered_by,
};
use crate::{
    domain::access::{Recipient, Wishes, own_consent_from, youngest},
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

impl Readable for consent::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        let organization = viewer.organization();
        match viewer {
            Viewer::Ministry { .. } => nothing(),
            Viewer::Provider { .. } | Viewer::SettlementAgency { .. } => {
                let own = registered_by(consent::Column::ClaimantId, viewer);
                let named = consent_recipient::Entity::find()
                    .select_only()
                    .column(consent_recipient::Column::ConsentId)
                    .filter(is_of_recipient())
                    .filter(
                        Condition::any()
                            .add(consent_recipient::Column::OrganizationId.eq(organization))
                            .add(consent_recipient::Column::Kind.eq(viewer.kind())),
                    );
                // That a person refused or withdrew is a fact about the person.
                let covering = Condition::all()
                    .add(consent::Column::Refused.eq(false))
                    .add(consent::Column::WithdrawnAt.is_null())
                    .add(in_force(
                        consent::Column::ClaimantId,
                        viewer,
                        &[AccessGroup::Presence],
                        now,
                    ))
                    .add(
                        Condition::any()
                            .add(Expr::exists(named.into_query()))
                            .add(consent::Column::AnyParty.eq(true)),
                    );
                Condition::any().add(own).add(covering)
            }
        }
    }
}

impl Readable for consent_recipient::Entity {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition {
        let of = consent::Entity::find()
            .select_only()
            .column(consent::Column::Id)
            .filter(is_of_recipient())
            .filter(consent::Entity::visible_to(viewer, now));
        Condition::all().add(Expr::exists(of.into_query()))
    }
}

/// The condition that the recipient at hand is one of the consent at hand.
fn is_of_recipient() -> Expr {
    use sea_orm::sea_query::ExprTrait;

    Expr::col((
        consent_recipient::Entity,
        consent_recipient::Column::ConsentId,
    ))
    .equals((consent::Entity, consent::Column::Id))
}

/// When a consent ends: with its period, and one that somebody else gave on the birthday of the age of consent at the
/// latest.
pub(super) fn ends_at(consent: &consent::Model) -> Option<DateTime<Utc>> {
    [consent.expires_at, consent.guardian_ends_at]
        .into_iter()
        .flatten()
        .min()
}

/// A consent with those whom it names. To others than the registering organization, only the caller itself is named.
#[derive(Clone, Debug)]
pub struct Whole {
    pub consent: consent::Model,
    pub organizations: Vec<OrganizationId>,
    pub kinds: Vec<OrganizationKind>,
}

impl Whole {
    /// Whether the consent is in force at a moment.
    pub fn status(&self, now: DateTime<Utc>) -> ConsentStatus {
        if self.consent.withdrawn_at.is_some() {
            ConsentStatus::Withdrawn
        } else if self.consent.refused {
            ConsentStatus::Refused
        } else if ends_at(&self.consent).is_some_and(|end| end <= now) {
            ConsentStatus::Expired
        } else {
            ConsentStatus::Active
        }
    }
}

impl Session {
    /// The consents of `claimants` that the caller may see, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consents_of(&self, claimants: &[ClaimantId]) -> Result<Vec<Whole>> {
        let rows = self
            .find::<consent::Entity>()
            .filter(consent::Column::ClaimantId.is_in(claimants.iter().copied()))
            .select(|select| {
                select
                    .order_by_asc(consent::Column::GivenAt)
                    .order_by_asc(consent::Column::Id)
            })
            .all()
            .await?;
        self.whole_consents(rows).await
    }

    /// The consents among `ids` that the caller may see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn consent_list_by_id(&self, ids: &[ConsentId]) -> Result<Vec<Whole>> {
        let rows = self
            .find::<consent::Entity>()
            .filter(consent::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await?;
        self.whole_consents(rows).await
    }

    async fn whole_consents(&self, rows: Vec<consent::Model>) -> Result<Vec<Whole>> {
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let recipients = self
            .find::<consent_recipient::Entity>()
            .filter(consent_recipient::Column::ConsentId.is_in(rows.iter().map(|row| row.id)))
            .select(|select| select.order_by_asc(consent_recipient::Column::Id))
            .all()
            .await?;
        let claimants: Vec<ClaimantId> = rows.iter().map(|row| row.claimant_id).collect();
        let organization = self.viewer().organization();
        let own = self.registered_among(&claimants).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let all = own.contains(&row.claimant_id);
                let named = || recipients.iter().filter(|named| named.consent_id == row.id);
                Whole {
                    organizations: named()
                        .filter_map(|named| named.organization_id)
                        .filter(|named| all || *named == organization)
                        .collect(),
                    kinds: named()
                        .filter_map(|named| named.kind)
                        .filter(|kind| all || *kind == self.viewer().kind())
                        .collect(),
                    consent: row,
                }
            })
            .collect())
    }
}

/// `consentRecord`: a consent, or a refusal.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    pub claimant: ClaimantId,
    pub purposes: Vec<NeedCategory>,
    pub field_groups: Vec<FieldGroup>,
    pub organizations: Vec<OrganizationId>,
    pub kinds: Vec<OrganizationKind>,
    pub any_party: bool,
    pub method: ConsentMethod,
    pub language: Option<String>,
    pub interpreter: InterpreterKind,
    pub given_by: ConsentGiver,
    pub authority: Option<String>,
    pub refused: bool,
    pub given_at: Option<DateTime<Utc>>,
    pub expires_at: Option<DateTime<Utc>>,
}

impl Record {
    fn names_nobody(&self) -> bool {
        self.organizations.is_empty() && self.kinds.is_empty() && !self.any_party
    }

    fn check(&self, now: DateTime<Utc>) -> Result<()> {
        const MOST_RECIPIENTS: usize = 100;
        if self.purposes.is_empty() || (self.names_nobody() && !self.refused) {
            return Err(Refusal::at(Problem::NothingConsented, "purposes").into());
        }
        if self.organizations.len() > MOST_RECIPIENTS {
            let limit = MOST_RECIPIENTS;
            return Err(Refusal::at(Problem::TooMany { limit }, "recipientIds").into());
        }
        if self.given_at.is_some_and(|given| given > now) {
            return Err(Refusal::at(Problem::InFuture, "givenAt").into());
        }
        let given = self.given_at.unwrap_or(now);
        if self.expires_at.is_some_and(|end| end <= given) {
            return Err(Refusal::at(Problem::InPast, "expiresAt").into());
        }
        if self
            .language
            .as_ref()
            .is_some_and(|language| !super::claimant::is_language(language))
        {
            return Err(Refusal::at(Problem::Invalid, "language").into());
        }
        check_text(self.authority.as_ref(), 500, "authority")?;
        if self.given_by == ConsentGiver::Representative && self.authority.is_none() {
            return Err(Refusal::at(Problem::AuthorityRequired, "authority").into());
        }
        Ok(())
    }

    async fn check_recipients(&self, unit: &Unit<'_>) -> Result<()> {
        if self.organizations.is_empty() {
            return Ok(());
        }
        let found = unit
            .find::<organization::Entity>()
            .filter(organization::Column::Id.is_in(self.organizations.iter().copied()))
            .all()
            .await?;
        if self
            .organizations
            .iter()
            .all(|wanted| found.iter().any(|row| row.id == *wanted))
        {
            Ok(())
        } else {
            Err(Refusal::at(Problem::NotFound, "recipientIds").into())
        }
    }

    /// Each organization has its own room, so that nobody takes anybody else's.
    async fn check_room(&self, unit: &Unit<'_>) -> Result<()> {
        let withdrawn: Vec<Option<DateTime<Utc>>> = consent::Entity::find()
            .select_only()
            .column(consent::Column::WithdrawnAt)
            .filter(consent::Column::ClaimantId.eq(self.claimant))
            .filter(consent::Column::RecordedById.eq(unit.session.viewer().organization()))
            .into_tuple()
            .all(&unit.work)
            .await?;
        check_in_force(&withdrawn, "claimantId")
    }

    /// By what authority somebody else consents may name people.
    async fn sealed_authority(&self, unit: &Unit<'_>, id: ConsentId) -> Result<Option<Sealed>> {
        let Some(authority) = &self.authority else {
            return Ok(None);
        };
        let key = unit.claimant_key(self.claimant).await?;
        let key = key.ok_or_else(|| Refusal::at(Problem::ClaimantErased, "claimantId"))?;
        let (key, place) = (Wrapped::of_claimant(&key), Place::authority(id));
        Ok(Some(unit.session.seal().seal_text(&key, place, authority)?))
    }

    async fn insert(
        &self,
        unit: &Unit<'_>,
        guardian_ends_at: Option<DateTime<Utc>>,
    ) -> Result<ConsentId> {
        let id = ConsentId(Uuid::now_v7());
        let authority = self.sealed_authority(unit, id).await?;
        consent::ActiveModel {
            id: Set(id),
            claimant_id: Set(self.claimant),
            recorded_by_id: Set(unit.session.viewer().organization()),
            purposes: Set(NeedCategories(self.purposes.clone())),
            field_groups: Set(FieldGroups(self.field_groups.clone())),
            // A refusal that names nobody is meant for everybody.
            any_party: Set(self.any_party || (self.refused && self.names_nobody())),
            method: Set(self.method),
            language: Set(self.language.clone()),
            interpreter: Set(self.interpreter),
            given_by: Set(self.given_by),
            authority: Set(authority),
            refused: Set(self.refused),
            given_at: Set(self.given_at.unwrap_or(unit.session.now)),
            expires_at: Set(self.expires_at),
            guardian_ends_at: Set(guardian_ends_at),
            withdrawn_at: Set(None),
        }
        .insert(&unit.work)
        .await?;
        let named = |organization, kind| consent_recipient::ActiveModel {
            id: Set(Uuid::now_v7()),
            consent_id: Set(id),
            organization_id: Set(organization),
            kind: Set(kind),
        };
        let rows: Vec<_> = self
            .organizations
            .iter()
            .map(|organization| named(Some(*organization), None))
            .chain(self.kinds.iter().map(|kind| named(None, Some(*kind))))
            .collect();
        if !rows.is_empty() {
            consent_recipient::Entity::insert_many(rows)
                .exec_without_returning(&unit.work)
                .await?;
        }
        Ok(id)
    }
}

impl Change for Record {
    const MUTATION: &'static str = "consentRecord";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        self.check(unit.session.now)?;
        let claimant = unit.locked_claimant(self.claimant, "claimantId").await?;
        demand_known(&claimant, "claimantId")?;
        let organization = unit.session.viewer().organization();
        let registered = claimant.registering_organization_id == organization;
        // Only the registering organization records what widens access; anybody who deals with the person may
        // record that the person refuses.
        if !registered && !self.refused {
            return Err(Refusal::new(Problem::ConsentWidensSelf).into());
        }
        let guardian_ends_at = match self.given_by {
            ConsentGiver::Guardian | ConsentGiver::Representative => {
                unit.own_consent_from(&claimant).await?
            }
            ConsentGiver::Oneself => None,
        };
        // From the age of consent only the person's own word counts: whether a text names an authority that the law
        // knows is not for the gateway to judge.
        if guardian_ends_at.is_some_and(|from| from <= unit.session.now) {
            return Err(Refusal::at(Problem::ConsentOwnRequired, "givenBy").into());
        }
        self.check_recipients(unit).await?;
        self.check_room(unit).await?;
        let id = self.insert(unit, guardian_ends_at).await?;
        unit.record(
            Entry::new(JournalKind::ConsentRecorded, SubjectType::Consent, id, 1)
                .told([claimant.registering_organization_id, organization]),
        );
        if self.refused {
            unit.end_uncovered_referrals(&claimant, None).await?;
        }
        unit.regrant_and_tell(&claimant).await?;
        Ok(Applied::new(id, 1))
    }
}

/// `consentWithdraw`.
#[derive(Clone, Debug, Serialize)]
pub struct Withdraw {
    pub id: ConsentId,
    pub note: Option<String>,
}

impl Change for Withdraw {
    const MUTATION: &'static str = "consentWithdraw";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        super::referral::check_note(self.note.as_ref())?;
        let found = unit.visible_consent(self.id).await?;
        let claimant = unit.locked_claimant(found.claimant_id, "id").await?;
        // Somebody may have withdrawn it while we waited: that is told to whoever keeps the record alone.
        let found = unit.visible_consent(self.id).await?;
        let organization = unit.session.viewer().organization();
        // To take a refusal back opens more.
        if found.refused && claimant.registering_organization_id != organization {
            return Err(Refusal::new(Problem::ConsentWidensSelf).into());
        }
        if found.withdrawn_at.is_some() {
            return Err(Refusal::at(Problem::AlreadyWithdrawn, "id").into());
        }
        let changed = consent::Entity::update_many()
            .col_expr(consent::Column::WithdrawnAt, Expr::value(unit.session.now))
            .filter(consent::Column::Id.eq(self.id))
            .filter(consent::Column::WithdrawnAt.is_null())
            .exec(&unit.work)
            .await?;
        if changed.rows_affected != 1 {
            return Err(Refusal::at(Problem::AlreadyWithdrawn, "id").into());
        }
        let key = match &self.note {
            Some(_) => unit.claimant_key(claimant.id).await?,
            None => None,
        };
        unit.record(
            Entry::new(
                JournalKind::ConsentWithdrawn,
                SubjectType::Consent,
                self.id,
                2,
            )
            .note_of_claimant(self.note.clone(), claimant.id, key.as_ref())
            .told([claimant.registering_organization_id, organization]),
        );
        unit.end_uncovered_referrals(&claimant, None).await?;
        unit.regrant_and_tell(&claimant).await?;
        Ok(Applied::new(self.id, 2))
    }
}

impl Unit<'_> {
    async fn visible_consent(&self, id: ConsentId) -> Result<consent::Model> {
        self.find::<consent::Entity>()
            .filter(consent::Column::Id.eq(id))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id").into())
    }

    /// From when only the person's own consent counts, as far as the caller knows: by the birth date; without one, now
    /// if the age band says so.
    async fn own_consent_from(&self, claimant: &claimant::Model) -> Result<Option<DateTime<Utc>>> {
        let consent_age = self.session.settings().referral.consent_age.get();
        let identity = self.identity(claimant.id).await?.unwrap_or_default();
        Ok(match identity.birth_date {
            Some(date) => {
                let precision = identity.birth_date_precision.unwrap_or(DatePrecision::Day);
                own_consent_from(date, precision, consent_age)
            }
            None => claimant
                .age_band
                .is_some_and(|band| youngest(band) >= consent_age)
                .then_some(self.session.now),
        })
    }

    /// Lets the consents that somebody else gave end when they should, now that more is known of the person's age.
    pub(super) async fn follow_age(&self, claimant: &claimant::Model) -> Result<()> {
        let given = consent::Entity::find()
            .filter(consent::Column::ClaimantId.eq(claimant.id))
            .filter(consent::Column::GivenBy.ne(ConsentGiver::Oneself))
            .all(&self.work)
            .await?;
        if given.is_empty() {
            return Ok(());
        }
        let own_from = self.own_consent_from(claimant).await?;
        for row in given {
            // What has ended by an age band ended then, not now.
            let ends_at = match (row.guardian_ends_at, own_from) {
                (Some(ended), Some(from)) if from == self.session.now => Some(ended.min(from)),
                (_, from) => from,
            };
            consent::Entity::update_many()
                .col_expr(consent::Column::GuardianEndsAt, Expr::value(ends_at))
                .filter(consent::Column::Id.eq(row.id))
                .exec(&self.work)
                .await?;
        }
        self.regrant(claimant.id).await
    }

    /// What claimants have consented to for an organization; it stays so until this transaction ends.
    pub(super) async fn consents_for(
        &self,
        organization: OrganizationId,
        claimants: &[ClaimantId],
    ) -> Result<ConsentsFor> {
        self.lock_claimants(claimants).await?;
        ConsentsFor::among(&self.work, organization, claimants).await
    }
}

/// What some claimants have consented to for one organization.
pub(super) struct ConsentsFor {
    recipient: Option<Recipient>,
    wishes: HashMap<ClaimantId, Wishes>,
}

impl ConsentsFor {
    /// What they have consented to as a connection reads it; for guards, never for the caller.
    pub(super) async fn among(
        connection: &impl ConnectionTrait,
        organization: OrganizationId,
        claimants: &[ClaimantId],
    ) -> Result<Self> {
        let kinds = kinds_among(connection, HashSet::from([organization])).await?;
        Ok(Self {
            recipient: kinds.get(&organization).map(|kind| Recipient {
                organization,
                kind: *kind,
            }),
            wishes: wishes_among(connection, claimants).await?,
        })
    }

    /// Whether a referral of a claimant for a need may go there at a moment.
    pub(super) fn access(
        &self,
        claimant: ClaimantId,
        category: NeedCategory,
        now: DateTime<Utc>,
    ) -> Access {
        match (self.recipient, self.wishes.get(&claimant)) {
            (Some(recipient), Some(wishes)) => wishes.consent_for(recipient, category, now),
            (None, _) | (_, None) => Access::ConsentRequired,
        }
    }
}
