//! Finding a person again, and deciding whether two are one: inputs and mutations.
use async_graphql::{Context, ID, InputObject, Object, Result};
use entity::{DuplicateCandidateId, DuplicateStatus};
use sea_orm::prelude::Uuid;

use super::{
    super::{
        context::{OrAnswer, Resolver},
        duplicate::{ClaimantMatch, DuplicateCandidate},
    },
    ClaimantMatchPayload, DuplicateCandidatePayload, apply,
    claimant::{ClaimantIdentifierInput, ClaimantIdentityInput},
};
use crate::store::{
    duplicate::Decide,
    matching::Ask,
    sealed::{Identifier, Identity, Particulars},
};

/// Who is asked for. Nothing of it is kept once it was looked for.
#[derive(InputObject)]
pub struct ClaimantMatchInput {
    identity: ClaimantIdentityInput,
    identifiers: Option<Vec<ClaimantIdentifierInput>>,
    /// ISO 639-3.
    language: Option<String>,
    idempotency_key: Option<Uuid>,
}

/// What somebody has decided about two claimants. Open takes a decision back.
#[derive(InputObject)]
pub struct DuplicateDecideInput {
    id: ID,
    expected_version: i32,
    decision: DuplicateStatus,
    /// As whom the person is kept, one of the two; the one registered first when nobody is named.
    survivor_id: Option<ID>,
    idempotency_key: Option<Uuid>,
}

#[derive(Default)]
pub struct DuplicateMutation;

#[Object]
impl DuplicateMutation {
    /// Which of the caller's own claimants somebody may be, the likeliest first, ten at most. Names are compared in any
    /// script, spelling and order. Whether another organization knows the person is not told; if one does, it learns
    /// that the person was asked for, and not by whom.
    async fn claimant_match(
        &self,
        context: &Context<'_>,
        input: ClaimantMatchInput,
    ) -> Result<ClaimantMatchPayload> {
        let identifiers = input.identifiers.unwrap_or_default();
        let ask = Ask {
            particulars: Particulars {
                identity: Identity::from(input.identity),
                identifiers: identifiers.into_iter().map(Identifier::from).collect(),
            },
            language: input.language,
        };
        if let Err(error) = apply(context, &ask, input.idempotency_key).await {
            return ClaimantMatchPayload::refused(context, error);
        }
        let alike = context.session().alike(&ask).await.or_answer(context)?;
        let matches = alike.into_iter().map(ClaimantMatch::from).collect();
        Ok(ClaimantMatchPayload::done(Some(matches)))
    }

    /// Decides whether two claimants of the caller's own organization are one person. The same: the one stands for both,
    /// both ids go on naming a claimant, and nobody's consents or access change. It can be taken back.
    async fn duplicate_decide(
        &self,
        context: &Context<'_>,
        input: DuplicateDecideInput,
    ) -> Result<DuplicateCandidatePayload> {
        let change = Decide {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            decision: input.decision,
            survivor: input.survivor_id.map(|id| context.row(&id)),
        };
        let applied = match apply(context, &change, input.idempotency_key).await {
            Err(error) => return DuplicateCandidatePayload::refused(context, error),
            Ok(applied) => applied,
        };
        let id = DuplicateCandidateId(applied.subject());
        let found = context.session().duplicate_list_by_id(&[id]).await;
        let found = found.or_answer(context)?.into_iter().next();
        Ok(DuplicateCandidatePayload::done(
            found.map(DuplicateCandidate),
        ))
    }
}
