//! The free text of a referral: its summary and the notes of its outcomes, sealed under the referral's own data key,
//! which stands wrapped in its row. Opened only for whom it is returned to: what a view masks is never opened.
use entity::{OutcomeId, ReferralId, outcome, referral};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryOrder, QuerySelect, sea_query::Expr,
};

use super::{
    super::{
        Session, Unit,
        seal::{Place, Seal, Wrapped},
    },
    Seen,
};
use crate::error::{Problem, Refusal, Result};

/// An outcome with the key of its note.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SeenOutcome {
    #[sea_orm(nested)]
    pub outcome: outcome::Model,
    text_master_key: Option<String>,
    text_key: Option<Vec<u8>>,
}

impl Session {
    /// The outcomes of `referrals`, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outcomes_of(&self, referrals: &[ReferralId]) -> Result<Vec<SeenOutcome>> {
        let which = outcome::Column::ReferralId.is_in(referrals.iter().copied());
        let rows = self.outcomes(which).await?;
        self.within_tenure(rows).await
    }

    /// The outcomes among `ids`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outcome_list_by_id(&self, ids: &[OutcomeId]) -> Result<Vec<SeenOutcome>> {
        let which = outcome::Column::Id.is_in(ids.iter().copied());
        let rows = self.outcomes(which).await?;
        self.within_tenure(rows).await
    }

    /// Outcomes with the keys of their notes, in one statement.
    async fn outcomes(&self, which: Expr) -> Result<Vec<SeenOutcome>> {
        let key = outcome::Entity::belongs_to(referral::Entity)
            .from(outcome::Column::ReferralId)
            .to(referral::Column::Id);
        let outcomes = self.find::<outcome::Entity>().filter(which);
        Ok(outcomes
            .select
            .join(JoinType::InnerJoin, key.into())
            .column(referral::Column::TextMasterKey)
            .column(referral::Column::TextKey)
            .order_by_asc(outcome::Column::CreatedAt)
            .order_by_asc(outcome::Column::Id)
            .into_model::<SeenOutcome>()
            .all(outcomes.connection)
            .await?)
    }

    /// The summary of a referral, as far as it was shown.
    ///
    /// # Errors
    /// When it does not open.
    pub fn summary(&self, seen: &Seen) -> Result<Option<String>> {
        summary_of(self.seal(), &seen.referral)
    }

    /// The note of an outcome.
    ///
    /// # Errors
    /// When it does not open.
    pub fn outcome_note(&self, seen: &SeenOutcome) -> Result<Option<String>> {
        let key = Wrapped::of_parts(seen.text_master_key.clone(), seen.text_key.clone());
        let place = Place::outcome_note(seen.outcome.id);
        self.seal()
            .open_text(key.as_ref(), place, seen.outcome.note.as_ref())
    }
}

impl Unit<'_> {
    /// The summary of a referral, for a guard.
    pub(super) fn summary_of(&self, row: &referral::Model) -> Result<Option<String>> {
        summary_of(self.session.seal(), row)
    }

    /// Gives a new referral its key and its summary.
    pub(super) fn put_new_summary(
        &self,
        row: &mut referral::Model,
        summary: Option<&str>,
    ) -> Result<()> {
        put_new_summary(self.session.seal(), row, summary)
    }

    /// Replaces the summary of a referral.
    pub(super) fn put_summary(&self, row: &mut referral::Model, summary: &str) -> Result<()> {
        let key =
            Wrapped::of(row).ok_or_else(|| Refusal::at(Problem::ClaimantErased, "summary"))?;
        let place = Place::summary(row.id);
        row.summary = Some(self.session.seal().seal_text(&key, place, summary)?);
        Ok(())
    }

    /// The note of an outcome, as it is kept.
    pub(super) fn sealed_outcome_note(
        &self,
        referral: &referral::Model,
        outcome: OutcomeId,
        note: Option<&String>,
        path: &str,
    ) -> Result<Option<entity::Sealed>> {
        let Some(note) = note else { return Ok(None) };
        let key = Wrapped::of(referral);
        let key = key.ok_or_else(|| Refusal::at(Problem::ClaimantErased, path))?;
        let place = Place::outcome_note(outcome);
        Ok(Some(self.session.seal().seal_text(&key, place, note)?))
    }
}

fn summary_of(seal: &Seal, row: &referral::Model) -> Result<Option<String>> {
    let key = Wrapped::of(row);
    seal.open_text(key.as_ref(), Place::summary(row.id), row.summary.as_ref())
}

/// Gives a new referral its key and its summary.
pub(in crate::store) fn put_new_summary(
    seal: &Seal,
    row: &mut referral::Model,
    summary: Option<&str>,
) -> Result<()> {
    let (key, wrapped) = seal.new_key()?;
    row.summary = match summary {
        Some(summary) => Some(entity::Sealed(
            key.seal(Place::summary(row.id), summary.as_bytes())?,
        )),
        None => None,
    };
    wrapped.put_into(row);
    Ok(())
}
