//! Pairs of claimants who may be one person, and matches of a description.
use async_graphql::{Context, ID, Object, Result};
use entity::{DuplicateStatus, MatchBand, duplicate_candidate};

use super::{
    claimant::{Claimant, claimant_of},
    context::{OrAnswer, Resolver},
    page::{Connection, List, Page},
    scalar::DateTime,
};
use crate::store::{matching, page::Field};

/// Two claimants of one organization who may be one person, and what it decided. Seen by that organization alone.
pub struct DuplicateCandidate(pub(super) duplicate_candidate::Model);

#[Object]
impl DuplicateCandidate {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    /// Who was registered first.
    async fn claimant(&self, context: &Context<'_>) -> Result<Option<Claimant>> {
        claimant_of(context, self.0.claimant_id).await
    }

    async fn other(&self, context: &Context<'_>) -> Result<Option<Claimant>> {
        claimant_of(context, self.0.other_id).await
    }

    /// How much speaks for one person, when they were found: in bits, 7 for POSSIBLE, 12 for LIKELY.
    async fn score(&self) -> i32 {
        self.0.score
    }

    async fn band(&self) -> MatchBand {
        self.0.band
    }

    /// SAME: they are one person, and one of them stands for both. Each keeps its id, its referrals, its consents and
    /// who may see them.
    async fn status(&self) -> DuplicateStatus {
        self.0.status
    }

    /// Of two who are the same, the one that stands for both.
    async fn survivor(&self, context: &Context<'_>) -> Result<Option<Claimant>> {
        match self.0.survivor_id {
            Some(id) => claimant_of(context, id).await,
            None => Ok(None),
        }
    }

    async fn found_at(&self) -> DateTime {
        DateTime(self.0.found_at)
    }

    /// Null while nothing is decided. Who decided stands in the journal.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime)
    }

    /// The version to name in a decision.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

pub(super) async fn duplicate_connection(
    context: &Context<'_>,
    status: Option<DuplicateStatus>,
    page: Page,
) -> Result<Connection<DuplicateCandidate>> {
    let of = status.map_or("", DuplicateStatus::as_str);
    let list = List::new(format!("duplicates {of}"), Field::Id);
    let slice = list.slice(context, page).or_answer(context)?;
    let paged = context.session().duplicate_list(status, &slice).await;
    let paged = paged.or_answer(context)?;
    Ok(list.connection(context, paged, |row| row, DuplicateCandidate))
}

/// One of the caller's own claimants who may be the person looked for.
pub struct ClaimantMatch(pub(super) matching::Found);

#[Object]
impl ClaimantMatch {
    /// Where several claimants were decided to be the same, the one that stands for them.
    async fn claimant(&self) -> Claimant {
        Claimant::from(self.0.seen.clone())
    }

    /// How much speaks for one person, in bits: 7 for POSSIBLE, 12 for LIKELY.
    async fn score(&self) -> i32 {
        self.0.score
    }

    async fn band(&self) -> MatchBand {
        self.0.band
    }
}
