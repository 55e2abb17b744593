//! Claimants who may be one person: the caller's own who are like somebody, and pairs that may be duplicates.
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entity::{ClaimantId, DuplicateStatus, Likeness, MatchEvidence, duplicate_candidate};

use super::{
    claimant::Claimant,
    context::{OrAnswer, Resolver, answer},
    page::{Connection, List, Page},
    scalar::DateTime,
};
use crate::{
    error::Error,
    store::{matching::Alike, page::Field},
};

/// One of the caller's own claimants who may be whom it asked for.
#[derive(SimpleObject)]
pub struct ClaimantMatch {
    claimant: Claimant,
    /// The weight of all evidence, in bits: each doubles the odds. From 7 on somebody should look, from 12 on it is most
    /// probably one person.
    score: f64,
    likeness: Likeness,
    /// What speaks for it.
    evidence: Vec<MatchEvidence>,
}

impl From<Alike> for ClaimantMatch {
    fn from(alike: Alike) -> Self {
        Self {
            claimant: Claimant(alike.seen),
            score: alike.bits,
            likeness: alike.likeness,
            evidence: alike.evidence,
        }
    }
}

/// Two claimants of the caller's own organization who may be one person. Seen by that organization alone.
pub struct DuplicateCandidate(pub(super) duplicate_candidate::Model);

#[Object]
impl DuplicateCandidate {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    /// The one registered first.
    async fn first(&self, context: &Context<'_>) -> Result<Claimant> {
        known_claimant(context, self.0.first_id).await
    }

    async fn second(&self, context: &Context<'_>) -> Result<Claimant> {
        known_claimant(context, self.0.second_id).await
    }

    async fn likeness(&self) -> Likeness {
        self.0.likeness
    }

    async fn status(&self) -> DuplicateStatus {
        self.0.status
    }

    async fn found_at(&self) -> DateTime {
        DateTime(self.0.found_at)
    }

    /// Null while nobody has decided.
    async fn decided_at(&self) -> Option<DateTime> {
        self.0.decided_at.map(DateTime)
    }

    /// Who decided.
    async fn decided_by(&self) -> Option<&str> {
        self.0.decided_by.as_deref()
    }

    /// The version to name in a decision.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// A claimant of the caller's own organization: the row that names it is gone when the claimant goes.
async fn known_claimant(context: &Context<'_>, id: ClaimantId) -> Result<Claimant> {
    let found = context.loaders().one(id).await.or_answer(context)?;
    found.map(Claimant).ok_or_else(|| {
        let error = "a claimant of a pair is not there";
        answer(context, Error::internal(error))
    })
}

pub(super) async fn duplicate_connection(
    context: &Context<'_>,
    status: Option<DuplicateStatus>,
    page: Page,
) -> Result<Connection<DuplicateCandidate>> {
    let of = status.map_or("", DuplicateStatus::as_str);
    let list = List::new(format!("duplicateCandidates {of}"), Field::Id);
    let slice = list.slice(context, page).or_answer(context)?;
    let paged = context.session().duplicate_list(status, &slice).await;
    let paged = paged.or_answer(context)?;
    Ok(list.connection(context, paged, |row| row, DuplicateCandidate))
}
