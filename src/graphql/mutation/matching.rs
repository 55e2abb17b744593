//! Finding a person again, and deciding who is one person: inputs and mutations.
use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use entity::{DuplicateCandidateId, DuplicateDecision};
use sea_orm::prelude::Uuid;

use super::{
    super::{
        context::{OrAnswer, Resolver, answer},
        duplicate::{ClaimantMatch, DuplicateCandidate},
    },
    ClaimantMatchUserError, DuplicatePayload, apply,
    claimant::{ClaimantIdentifierInput, ClaimantIdentityInput},
};
use crate::{
    error::Error,
    store::{
        Change,
        duplicate::{Decide, Reverse},
        matching::{Described, Seek},
        sealed::{Identifier, Identity},
    },
};

/// Whom to look for: a name in any script and order, or an identifier, and whatever else is known.
#[derive(InputObject)]
pub struct ClaimantMatchInput {
    identity: Option<ClaimantIdentityInput>,
    /// At most 20. An agency's own number (`AGENCY_ID`) says nothing: another agency may give it to somebody else.
    identifiers: Option<Vec<ClaimantIdentifierInput>>,
    /// ISO 639-3.
    language: Option<String>,
    idempotency_key: Option<Uuid>,
}

/// A decision on two claimants who may be one person.
#[derive(InputObject)]
pub struct DuplicateDecideInput {
    id: ID,
    expected_version: i32,
    decision: DuplicateDecision,
    idempotency_key: Option<Uuid>,
}

/// A decision to be taken back.
#[derive(InputObject)]
pub struct DuplicateReverseInput {
    id: ID,
    expected_version: i32,
    idempotency_key: Option<Uuid>,
}

/// The caller's own claimants who may be the person, the likeliest first, at most 10.
#[derive(SimpleObject)]
pub struct ClaimantMatchPayload {
    matches: Vec<ClaimantMatch>,
    user_errors: Vec<ClaimantMatchUserError>,
}

async fn duplicate_payload(
    context: &Context<'_>,
    change: &impl Change,
    key: Option<Uuid>,
) -> Result<DuplicatePayload> {
    match apply(context, change, key).await {
        Err(error) => DuplicatePayload::refused(context, error),
        Ok(applied) => {
            let id = DuplicateCandidateId(applied.subject());
            let found = context.session().duplicate_list_by_id(&[id]).await;
            let found = found.or_answer(context)?.into_iter().next();
            Ok(DuplicatePayload::done(found.map(DuplicateCandidate)))
        }
    }
}

#[derive(Default)]
pub struct MatchingMutation;

#[Object]
impl MatchingMutation {
    /// Looks for a person among the caller's own claimants. Whether another organization knows the person changes nothing
    /// in the answer; an organization that most probably does is told in its feed (`CLAIMANT_SOUGHT`) that somebody
    /// looked for its claimant, not who, and may make contact with the person's consent. The description is kept, sealed,
    /// until then.
    async fn claimant_match(
        &self,
        context: &Context<'_>,
        input: ClaimantMatchInput,
    ) -> Result<ClaimantMatchPayload> {
        let identifiers = input.identifiers.unwrap_or_default().into_iter();
        let seek = Seek {
            described: Described {
                identity: input.identity.map(Identity::from),
                identifiers: identifiers.map(Identifier::from).collect(),
                language: input.language,
            },
        };
        match apply(context, &seek, input.idempotency_key).await {
            Err(Error::Refused(refusal)) => Ok(ClaimantMatchPayload {
                matches: Vec::new(),
                user_errors: vec![ClaimantMatchUserError::of(context, refusal)],
            }),
            Err(other) => Err(answer(context, other)),
            Ok(_) => {
                let found = context.session().claimant_matches(&seek.described).await;
                let found = found.or_answer(context)?.into_iter();
                Ok(ClaimantMatchPayload {
                    matches: found.map(ClaimantMatch).collect(),
                    user_errors: Vec::new(),
                })
            }
        }
    }

    /// Decides whether two claimants are one person; a decision may be followed by another. SAME makes one stand for
    /// both (`mergedInto`, `merged`): whoever stands for somebody already, else who was registered first.
    /// `ALREADY_MERGED` where one of them is merged with another claimant.
    async fn duplicate_decide(
        &self,
        context: &Context<'_>,
        input: DuplicateDecideInput,
    ) -> Result<DuplicatePayload> {
        let change = Decide {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            decision: input.decision,
        };
        duplicate_payload(context, &change, input.idempotency_key).await
    }

    /// Takes a decision back: the pair is open again, and each claimant stands for itself. `NOT_DECIDED` where there is
    /// nothing to take back.
    async fn duplicate_reverse(
        &self,
        context: &Context<'_>,
        input: DuplicateReverseInput,
    ) -> Result<DuplicatePayload> {
        let change = Reverse {
            id: context.row(&input.id),
            expected_version: input.expected_version,
        };
        duplicate_payload(context, &change, input.idempotency_key).await
    }
}
