//! Who keeps a claimant's file. It goes to another organization when the person moves, with consent; and when the
//! organization that kept it is no more, by whoever runs the gateway. What such an organization owned goes back to its
//! sources.
use std::sync::Arc;

use entity::{
    Access, ClaimantId, JournalKind, Language, OrganizationId, ReferralId, ReferralStatus,
    ReferralStatusReason, Role, SubjectType, claimant, organization, referral,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde::Serialize;

use super::{
    Applied, Change, Reading, Session, Store, Unit, Visible,
    claimant::token,
    duplicate,
    exclusion::excluding,
    journal::Entry,
    organization::role_of,
    referral::{OPEN_STATUSES, check_note},
};
use crate::{
    auth::scope::ScopeSet,
    domain::access::Recipient,
    error::{Error, Problem, Refusal, Result},
    viewer::{Caller, Viewer},
};

/// How many claimants or referrals one transaction of the operator takes.
const BATCH: u64 = 100;

/// `claimantTransfer`.
#[derive(Clone, Debug, Serialize)]
pub struct Transfer {
    pub id: ClaimantId,
    pub expected_version: i32,
    pub to: OrganizationId,
    pub note: Option<String>,
}

impl Change for Transfer {
    const MUTATION: &'static str = "claimantTransfer";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_note(self.note.as_ref())?;
        let claimant = unit.locked_registered_claimant(self.id, "id").await?;
        if claimant.record_version != self.expected_version {
            return Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                .with_current_version(claimant.record_version)
                .into());
        }
        let to = unit.keeper(self.to).await?;
        let wishes = unit.wishes_of(claimant.id).await?;
        let recipient = Recipient {
            organization: to.id,
            kind: to.kind,
        };
        let access = wishes.consent_to_transfer(recipient, unit.session.now);
        if access != Access::Granted {
            let problem = match wishes.exclude(to.id) {
                true => Problem::Excluded,
                false => Problem::ConsentRequired { access },
            };
            return Err(Refusal::at(problem, "organizationId").into());
        }
        let version = unit.hand_over(claimant, to.id, self.note.as_ref()).await?;
        Ok(Applied::new(self.id, version))
    }
}

impl Unit<'_> {
    /// An organization that may keep claimants' files, other than the caller's own.
    async fn keeper(&self, id: OrganizationId) -> Result<organization::Model> {
        self.find::<organization::Entity>()
            .filter(organization::Column::Id.eq(id))
            .filter(organization::Column::Active.eq(true))
            .one()
            .await?
            .filter(|found| role_of(found.kind) != Role::Ministry)
            .filter(|found| found.id != self.session.viewer().organization())
            .ok_or_else(|| Refusal::at(Problem::NotFound, "organizationId").into())
    }

    /// Makes another organization the one that registered the claimant, and the source of what is still open. What is
    /// closed stays with whoever sent it, as with any other source. Who else is in those referrals stays in them, and the
    /// new source knows of them what each one's own consent opens to it.
    async fn hand_over(
        &mut self,
        mut claimant: claimant::Model,
        to: OrganizationId,
        note: Option<&String>,
    ) -> Result<i32> {
        let from = claimant.registering_organization_id;
        let id = claimant.id;
        self.lock_claimant(id).await?;
        // The link stays with whoever made it: it would name the others.
        self.leave_household(id).await?;
        claimant.registering_organization_id = to;
        claimant.version += 1;
        claimant.record_version += 1;
        claimant.updated_at = self.session.now;
        let version = claimant.record_version;
        // What is found by a name is found by the organization whose tokens they are.
        let described = self.described(id).await?;
        let changed = claimant::Entity::update_many()
            .set(claimant.into_active_model().reset_all())
            .filter(claimant::Column::Id.eq(id))
            .filter(claimant::Column::RecordVersion.eq(version - 1))
            .exec(&self.work)
            .await?;
        if changed.rows_affected != 1 {
            return Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                .with_current_version(version)
                .into());
        }
        let key = self.claimant_key(id).await?;
        let seal = self.session.seal();
        if let Some(key) = &key {
            token::note_key(&self.work, seal, key).await?;
        }
        token::write(&self.work, seal, to, id, &described).await?;
        duplicate::forget(&self.work, id).await?;
        let mut referrals = self.hand_over_referrals(id, from, to).await?;
        let moved = claimant::Entity::find_by_id(id).one(&self.work).await?;
        let moved =
            moved.ok_or_else(|| Error::internal("a claimant who is handed over is there"))?;
        // What went to the former keeper itself needed no consent while it was that.
        self.end_uncovered_referrals(&moved, None).await?;
        referrals.extend(self.end_uncovered_tenures(&moved, from).await?);
        let mut people = self.people_beside(&referrals).await?;
        people.push(id);
        self.regrant_all(&people).await?;
        let entry = |kind| Entry::new(kind, SubjectType::Claimant, id, version);
        self.record(entry(JournalKind::AccessEnded).told([from]));
        self.record(
            entry(JournalKind::ClaimantTransferred)
                .note_of_claimant(note.cloned(), id, key.as_ref())
                .told([from, to]),
        );
        Ok(version)
    }

    /// Of what it once took on itself, the former keeper keeps what a consent lets it keep. Returns what it does not.
    async fn end_uncovered_tenures(
        &mut self,
        claimant: &claimant::Model,
        from: OrganizationId,
    ) -> Result<Vec<ReferralId>> {
        let wishes = self.wishes_of(claimant.id).await?;
        let kinds = self.kinds_of(vec![from]).await?;
        let covered = |category| {
            kinds.get(&from).is_some_and(|kind| {
                let recipient = Recipient {
                    organization: from,
                    kind: *kind,
                };
                wishes.consent_for(recipient, category, self.session.now) == Access::Granted
            })
        };
        let owned = referral::Entity::find()
            .filter(referral::Column::ClaimantId.eq(claimant.id))
            .filter(referral::Column::OwnerId.eq(from))
            .filter(referral::Column::OwnerAccess.eq(true))
            .filter(referral::Column::Status.is_not_in(OPEN_STATUSES))
            .all(&self.work)
            .await?;
        let uncovered = owned.iter().filter(|row| !covered(row.category));
        let uncovered: Vec<ReferralId> = uncovered.map(|row| row.id).collect();
        referral::Entity::update_many()
            .col_expr(referral::Column::OwnerAccess, Expr::value(false))
            .filter(referral::Column::Id.is_in(uncovered.iter().copied()))
            .exec(&self.work)
            .await?;
        Ok(uncovered)
    }

    async fn hand_over_referrals(
        &mut self,
        claimant: ClaimantId,
        from: OrganizationId,
        to: OrganizationId,
    ) -> Result<Vec<ReferralId>> {
        referral::Entity::update_many()
            .col_expr(referral::Column::RegisteringOrganizationId, Expr::value(to))
            .filter(referral::Column::ClaimantId.eq(claimant))
            .exec(&self.work)
            .await?;
        let mut statuses = OPEN_STATUSES.to_vec();
        statuses.push(ReferralStatus::Draft);
        let open = || {
            referral::Entity::find()
                .filter(referral::Column::ClaimantId.eq(claimant))
                .filter(referral::Column::Status.is_in(statuses.iter().copied()))
        };
        let moved = open()
            .filter(referral::Column::SourceId.eq(from))
            .all(&self.work)
            .await?;
        referral::Entity::update_many()
            .col_expr(referral::Column::SourceId, Expr::value(to))
            .col_expr(
                referral::Column::Version,
                Expr::col(referral::Column::Version).add(1),
            )
            .col_expr(referral::Column::UpdatedAt, Expr::value(self.session.now))
            .filter(referral::Column::Id.is_in(moved.iter().map(|row| row.id)))
            .exec(&self.work)
            .await?;
        for row in &moved {
            let entry = |kind| Entry::new(kind, SubjectType::Referral, row.id, row.version + 1);
            if row.owner_id != Some(from) {
                self.record(entry(JournalKind::AccessEnded).told([from]));
            }
            self.record(
                entry(JournalKind::ReferralSourceChanged)
                    .told([to])
                    .told(row.owner_id.filter(|_| row.owner_access)),
            );
        }
        Ok(moved.into_iter().map(|row| row.id).collect())
    }
}

/// The operator disables an organization: it may do nothing any more, and what it owned goes back.
#[derive(Serialize)]
struct Disable;

impl Change for Disable {
    const MUTATION: &'static str = "organization disable";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let id = unit.session.viewer().organization();
        let row = organization::Entity::find_by_id(id)
            .one(&unit.work)
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "organization"))?;
        let version = row.version + 1;
        let mut row = row.into_active_model();
        row.active = Set(false);
        row.version = Set(version);
        row.updated_at = Set(unit.session.now);
        row.update(&unit.work).await?;
        unit.record(
            Entry::new(
                JournalKind::OrganizationDisabled,
                SubjectType::Organization,
                id,
                version,
            )
            .told([id]),
        );
        Ok(Applied::new(id, version))
    }
}

/// Gives one referral that the organization owned back to its source.
#[derive(Serialize)]
struct GiveBack(ReferralId);

impl Change for GiveBack {
    const MUTATION: &'static str = "organization disable: referral";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let row = unit
            .find::<referral::Entity>()
            .filter(referral::Column::Id.eq(self.0))
            .filter(referral::Column::Status.is_in(OPEN_STATUSES))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        let version = row.version + 1;
        let claimant = row.claimant_id;
        unit.cancel_by_system(row, ReferralStatusReason::ProviderClosed)
            .await?;
        if let Some(claimant) = claimant {
            unit.regrant(claimant).await?;
        }
        Ok(Applied::new(self.0, version))
    }
}

/// Hands one claimant of an organization that is no more to another.
#[derive(Serialize)]
struct HandOver {
    claimant: ClaimantId,
    to: OrganizationId,
}

impl Change for HandOver {
    const MUTATION: &'static str = "organization transfer: claimant";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let claimant = unit
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.eq(self.claimant))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        let version = unit.hand_over(claimant, self.to, None).await?;
        Ok(Applied::new(self.claimant, version))
    }
}

/// Why the operator's order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    #[error("there is no organization with the code {0}")]
    Unknown(String),
    #[error("{0} is of the ministry, which keeps no claimant's file and owns no referral")]
    Ministry(String),
    #[error(
        "{0} is active: only the person's own consent moves a file then; `organization disable` comes first"
    )]
    Active(String),
    #[error("{0} is not active and can keep no file")]
    NotActive(String),
    #[error("both codes name the same organization")]
    Same,
    #[error(transparent)]
    Store(#[from] Error),
}

/// What became of the claimants of an organization that is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedOn {
    pub done: u64,
    /// Those who never want to be known to the organization that was to keep their files.
    pub stay: u64,
}

/// What of an operator's order was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub done: u64,
    pub left: u64,
}

impl Store {
    /// Ends an organization's part: it is not active any more, and every open referral that it owned is cancelled as
    /// PROVIDER_CLOSED, so that its source can send it elsewhere. Interrupted, it goes on where it stopped when it is
    /// called again. `told` is called after each batch.
    ///
    /// # Errors
    /// [`CustodyError`] when there is no such organization, or the database fails.
    pub async fn unscoped_disable_organization(
        &self,
        code: &str,
        mut told: impl FnMut(Progress),
    ) -> std::result::Result<u64, CustodyError> {
        let organization = self.by_code(code).await?;
        let session = self.in_stead_of(&organization)?;
        if organization.active {
            session.apply(&Disable, None).await?;
        }
        let mut done = 0;
        loop {
            let owned = session.owned_open().await?;
            if owned.is_empty() {
                return Ok(done);
            }
            for id in owned {
                match session.apply(&GiveBack(id), None).await {
                    Ok(_) => done += 1,
                    // Somebody else was first; what is still open is found again.
                    Err(Error::Refused(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            let left = session.owned_open().await?.len() as u64;
            told(Progress { done, left });
        }
    }

    /// Hands every claimant that an organization registered to another. The first must not be active any more; the
    /// second must be. Whoever excludes the second stays. Interrupted, it goes on where it stopped when it is called again.
    ///
    /// # Errors
    /// [`CustodyError`] when one of them cannot be what it is to be, or the database fails.
    pub async fn unscoped_transfer_claimants(
        &self,
        from: &str,
        to: &str,
        mut told: impl FnMut(Progress),
    ) -> std::result::Result<HandedOn, CustodyError> {
        let (source, target) = (self.by_code(from).await?, self.by_code(to).await?);
        if source.id == target.id {
            return Err(CustodyError::Same);
        }
        if source.active {
            return Err(CustodyError::Active(source.code.clone()));
        }
        if !target.active {
            return Err(CustodyError::NotActive(target.code.clone()));
        }
        self.in_stead_of(&target)?;
        let session = self.in_stead_of(&source)?;
        let mut done = 0;
        loop {
            let claimants = session.registered_but_for(target.id).await?;
            if claimants.is_empty() {
                let stay = session.registered_count().await?;
                return Ok(HandedOn { done, stay });
            }
            for claimant in claimants {
                let to = target.id;
                session.apply(&HandOver { claimant, to }, None).await?;
                done += 1;
            }
            let left = session.registered_count().await?;
            told(Progress { done, left });
        }
    }

    async fn by_code(
        &self,
        code: &str,
    ) -> std::result::Result<Arc<organization::Model>, CustodyError> {
        self.unscoped_organization_by_code(code)
            .await?
            .ok_or_else(|| CustodyError::Unknown(code.to_owned()))
    }

    /// A session in which the operator acts in the stead of an organization that is no more.
    fn in_stead_of(
        &self,
        organization: &organization::Model,
    ) -> std::result::Result<Session, CustodyError> {
        let viewer = match role_of(organization.kind) {
            Role::Provider => Viewer::Provider {
                organization: organization.id,
                kind: organization.kind,
            },
            Role::SettlementAgency => Viewer::SettlementAgency {
                organization: organization.id,
            },
            Role::Ministry => return Err(CustodyError::Ministry(organization.code.clone())),
        };
        Ok(self.session(Caller {
            viewer,
            subject: "operator".to_owned(),
            client: "operator".to_owned(),
            acting_subject: None,
            scopes: ScopeSet::EMPTY,
            language: Language::En,
        }))
    }
}

impl Session {
    async fn owned_open(&self) -> Result<Vec<ReferralId>> {
        Ok(self
            .find::<referral::Entity>()
            .filter(referral::Column::OwnerId.eq(self.viewer().organization()))
            .filter(referral::Column::Status.is_in(OPEN_STATUSES))
            .select(|select| select.order_by_asc(referral::Column::Id).limit(BATCH))
            .all()
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect())
    }

    /// Some of the claimants that the organization registered, but for those who exclude another.
    async fn registered_but_for(&self, other: OrganizationId) -> Result<Vec<ClaimantId>> {
        let excluding = excluding(other, (claimant::Entity, claimant::Column::Id));
        Ok(self
            .registered_here()
            .filter(Expr::exists(excluding).not())
            .select(|select| select.order_by_asc(claimant::Column::Id).limit(BATCH))
            .all()
            .await?
            .into_iter()
            .map(|row| row.id)
            .collect())
    }

    async fn registered_count(&self) -> Result<u64> {
        let registered = self.registered_here();
        let count: Option<i64> = registered
            .select
            .select_only()
            .expr(claimant::Column::Id.count())
            .into_tuple()
            .one(registered.connection)
            .await?;
        Ok(count.unwrap_or_default().unsigned_abs())
    }

    fn registered_here(&self) -> Visible<'_, claimant::Entity, Reading> {
        self.find::<claimant::Entity>()
            .filter(claimant::Column::RegisteringOrganizationId.eq(self.viewer().organization()))
    }
}
