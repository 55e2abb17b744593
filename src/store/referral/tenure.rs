//! How long a party reads what was written about a person: while its tenure lasts and for a while after completion, by
//! the clock.
use std::collections::HashSet;

use entity::{ReferralId, ReferralStatus, referral};

use super::{super::Session, Seen, SeenOutcome, relations};
use crate::{
    domain::{access::tenure_ends, referral::Relation},
    error::Result,
};

/// Whether what was written of a referral is open to a viewer: its outcomes, the notes of its history, the summary, and
/// how its claimant was described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Tenure {
    Open,
    /// The referral was closed long ago, or should never have been.
    Over,
}

impl Session {
    /// The tenure of the caller in a referral that it has been shown. The organization that registered the person, and
    /// whoever sent somebody not named, keep what they know.
    pub(in crate::store) fn tenure(&self, row: &referral::Model, relations: &[Relation]) -> Tenure {
        let has = |relation| relations.contains(&relation);
        let keeps = has(Relation::Registering)
            || (has(Relation::Source) && row.registering_organization_id.is_none());
        let ends = tenure_ends(row.closed_at, self.settings().after_completion());
        let voided = row.status == ReferralStatus::EnteredInError && !has(Relation::Source);
        if !keeps && (voided || ends <= self.now) {
            Tenure::Over
        } else {
            Tenure::Open
        }
    }

    /// A referral as the caller may see it.
    pub(in crate::store) fn seen_referral(&self, row: referral::Model) -> Seen {
        let relations = relations(self.viewer(), &row);
        let tenure = self.tenure(&row, &relations);
        Seen::of(row, relations, tenure)
    }

    /// The outcomes within the caller's tenure; of a referral that should never have been, nobody reads any.
    pub(super) async fn within_tenure(
        &self,
        mut rows: Vec<SeenOutcome>,
    ) -> Result<Vec<SeenOutcome>> {
        if rows.is_empty() {
            return Ok(rows);
        }
        let ids: Vec<ReferralId> = rows.iter().map(|row| row.outcome.referral_id).collect();
        let open: HashSet<ReferralId> = self
            .referral_list_by_id(&ids)
            .await?
            .into_iter()
            .filter(|row| row.status != ReferralStatus::EnteredInError)
            .map(|row| self.seen_referral(row))
            .filter(|seen| seen.tenure == Tenure::Open)
            .map(|seen| seen.referral.id)
            .collect();
        rows.retain(|row| open.contains(&row.outcome.referral_id));
        Ok(rows)
    }
}
