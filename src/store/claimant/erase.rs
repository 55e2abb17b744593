//! `claimantErase` and `claimantHold`: the registering organization has a person forgotten, and keeps that from happening
//! while the law says so. Erasure forgets the key: what remains of the person is an id that names nobody.
use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, InterpreterKind, JournalKind, SubjectType, access_grant, claimant, consent, need,
    referral,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, prelude::Date,
    sea_query::Expr,
};
use serde::Serialize;

use super::{
    super::{Applied, Change, Unit, duplicate, journal::Entry, sealed},
    token,
};
use crate::error::{Problem, Refusal, Result};

/// `claimantErase`. There is no note: whatever it said of the person could not be erased.
#[derive(Clone, Debug, Serialize)]
pub struct EraseClaimant {
    pub id: ClaimantId,
    pub expected_version: i32,
}

/// `claimantHold`.
#[derive(Clone, Debug, Serialize)]
pub struct HoldClaimant {
    pub id: ClaimantId,
    pub held: bool,
    pub note: String,
}

/// Refuses to write anything of a person who was erased.
pub(in crate::store) fn demand_known(claimant: &claimant::Model, path: &str) -> Result<()> {
    match claimant.erased_at {
        Some(_) => Err(Refusal::at(Problem::ClaimantErased, path).into()),
        None => Ok(()),
    }
}

impl Change for EraseClaimant {
    const MUTATION: &'static str = "claimantErase";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let claimant = unit.locked_registered_claimant(self.id, "id").await?;
        if claimant.record_version != self.expected_version {
            return Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                .with_current_version(claimant.record_version)
                .into());
        }
        if claimant.held_at.is_some() {
            let mut row = claimant.clone().into_active_model();
            let since = claimant.erasure_requested_at.unwrap_or(unit.session.now);
            row.erasure_requested_at = Set(Some(since));
            let kind = JournalKind::ClaimantErasureRequested;
            return unit.write_claimant(&claimant, row, kind, None).await;
        }
        unit.erase(&claimant).await
    }
}

impl Change for HoldClaimant {
    const MUTATION: &'static str = "claimantHold";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        super::super::referral::check_note(Some(&self.note))?;
        if self.note.trim().is_empty() {
            return Err(Refusal::at(Problem::Required, "note").into());
        }
        let claimant = unit.locked_registered_claimant(self.id, "id").await?;
        let (kind, held_at) = if self.held {
            let since = claimant.held_at.unwrap_or(unit.session.now);
            (JournalKind::ClaimantHeld, Some(since))
        } else {
            (JournalKind::ClaimantHoldLifted, None)
        };
        let mut row = claimant.clone().into_active_model();
        row.held_at = Set(held_at);
        let applied = unit
            .write_claimant(&claimant, row, kind, Some(&self.note))
            .await?;
        if self.held || claimant.erasure_requested_at.is_none() {
            return Ok(applied);
        }
        let claimant = claimant::Model {
            held_at,
            record_version: applied.version(),
            ..claimant
        };
        unit.erase(&claimant).await
    }
}

impl Unit<'_> {
    /// Locks a claimant, unless the person was erased since the row was read.
    pub(in crate::store) async fn lock_known_claimant(
        &self,
        claimant: ClaimantId,
        path: &str,
    ) -> Result<()> {
        match self.lock_claimant(claimant).await? {
            true => Err(Refusal::at(Problem::ClaimantErased, path).into()),
            false => Ok(()),
        }
    }

    /// A claimant whom the caller sees, kept from changing until this transaction ends. The person is read again under the
    /// lock: until then the file may have gone to another organization, and the caller may see it no more.
    pub(in crate::store) async fn locked_claimant(
        &self,
        id: ClaimantId,
        path: &str,
    ) -> Result<claimant::Model> {
        // Nobody waits for the lock of a person whom it does not see.
        self.visible_claimant(id, path).await?;
        self.lock_claimant(id).await?;
        self.visible_claimant(id, path).await
    }

    /// The same of a claimant whom the caller's organization registered, and who was not erased. Any other is as good as
    /// none.
    pub(in crate::store) async fn locked_own_claimant(
        &self,
        id: ClaimantId,
        path: &str,
    ) -> Result<claimant::Model> {
        self.own_claimant(id, path).await?;
        self.lock_claimant(id).await?;
        self.own_claimant(id, path).await
    }

    /// The same, where whoever sees the person without having registered it is told so.
    pub(in crate::store) async fn locked_registered_claimant(
        &self,
        id: ClaimantId,
        path: &str,
    ) -> Result<claimant::Model> {
        let claimant = self.locked_claimant(id, path).await?;
        if claimant.registering_organization_id != self.session.viewer().organization() {
            return Err(Refusal::new(Problem::RoleNotAllowed).into());
        }
        demand_known(&claimant, path)?;
        Ok(claimant)
    }

    async fn visible_claimant(&self, id: ClaimantId, path: &str) -> Result<claimant::Model> {
        self.find::<claimant::Entity>()
            .filter(claimant::Column::Id.eq(id))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, path).into())
    }

    /// Writes a claimant's row if it is still as it was read, and tells the registering organization.
    async fn write_claimant(
        &mut self,
        before: &claimant::Model,
        mut row: claimant::ActiveModel,
        kind: JournalKind,
        note: Option<&String>,
    ) -> Result<Applied> {
        let version = before.record_version + 1;
        row.record_version = Set(version);
        let changed = claimant::Entity::update_many()
            .set(row)
            .filter(claimant::Column::Id.eq(before.id))
            .filter(claimant::Column::RecordVersion.eq(before.record_version))
            .exec(&self.work)
            .await?;
        if changed.rows_affected != 1 {
            return Err(Refusal::at(Problem::StaleVersion, "expectedVersion").into());
        }
        let key = match note {
            Some(_) => self.claimant_key(before.id).await?,
            None => None,
        };
        self.record(
            Entry::new(kind, SubjectType::Claimant, before.id, version)
                .note_of_claimant(note.cloned(), before.id, key.as_ref())
                .told([before.registering_organization_id]),
        );
        Ok(Applied::new(before.id, version))
    }

    /// Erases a person: the keys, everything sealed, the tokens, the facts of the open part and those that were copied
    /// from it. Consents and referrals stay as what happened to an id; none of them opens anything any more.
    pub(in crate::store) async fn erase(&mut self, claimant: &claimant::Model) -> Result<Applied> {
        let id = claimant.id;
        let now = self.session.now;
        self.end_referrals_of(claimant).await?;
        self.leave_referrals_of_others(claimant).await?;
        self.forget_households(id).await?;
        self.forget_exclusions(id).await?;
        self.empty_consents(id).await?;
        self.empty_referrals_and_needs(id).await?;
        access_grant::Entity::delete_many()
            .filter(access_grant::Column::ClaimantId.eq(id))
            .exec(&self.work)
            .await?;
        token::drop(&self.work, id).await?;
        duplicate::forget(&self.work, id).await?;
        sealed::forget(&self.work, id).await?;
        self.erased = true;
        let row = claimant::ActiveModel {
            region_id: Set(None),
            municipality: Set(None),
            location_protected: Set(false),
            language: Set(None),
            official_language: Set(None),
            interpreter_needed: Set(false),
            age_band: Set(None),
            updated_at: Set(now),
            version: Set(claimant.version + 1),
            erasure_requested_at: Set(None),
            erased_at: Set(Some(now)),
            ..claimant.clone().into_active_model()
        };
        self.write_claimant(claimant, row, JournalKind::ClaimantErased, None)
            .await
    }

    /// Ends the consents of a person, and leaves of each what was allowed or refused, to whom, when and how.
    async fn empty_consents(&self, claimant: ClaimantId) -> Result<()> {
        use consent::Column;
        consent::Entity::update_many()
            .col_expr(Column::WithdrawnAt, Expr::value(self.session.now))
            .filter(Column::ClaimantId.eq(claimant))
            .filter(Column::WithdrawnAt.is_null())
            .exec(&self.work)
            .await?;
        consent::Entity::update_many()
            .col_expr(Column::Authority, Expr::value(None::<Vec<u8>>))
            // A guardian's word ends on the child's birthday.
            .col_expr(Column::GuardianEndsAt, Expr::value(None::<DateTime<Utc>>))
            .col_expr(Column::Language, Expr::value(None::<String>))
            .col_expr(Column::Interpreter, Expr::value(InterpreterKind::None))
            .filter(Column::ClaimantId.eq(claimant))
            .exec(&self.work)
            .await?;
        Ok(())
    }

    /// Takes the facts about a person out of the person's referrals, who worked on them as well, and the days out of the
    /// needs.
    async fn empty_referrals_and_needs(&self, claimant: ClaimantId) -> Result<()> {
        use referral::Column;
        referral::Entity::update_many()
            .col_expr(Column::Language, Expr::value(None::<String>))
            .col_expr(Column::InterpreterNeeded, Expr::value(None::<bool>))
            .col_expr(Column::AgeBand, Expr::value(None::<String>))
            .col_expr(Column::PartySize, Expr::value(None::<i32>))
            .col_expr(Column::Assignee, Expr::value(None::<String>))
            .filter(Column::ClaimantId.eq(claimant))
            .exec(&self.work)
            .await?;
        need::Entity::update_many()
            .col_expr(need::Column::WantedFrom, Expr::value(None::<Date>))
            .col_expr(need::Column::ToldWantedFrom, Expr::value(None::<Date>))
            .filter(need::Column::ClaimantId.eq(claimant))
            .exec(&self.work)
            .await?;
        Ok(())
    }
}
