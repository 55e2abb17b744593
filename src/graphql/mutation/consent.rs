//! Consents and exclusions: inputs and mutations.
use async_graphql::{Context, ID, InputObject, Object, Result};
use entity::{
    ConsentGiver, ConsentId, ConsentMethod, ExclusionId, FieldGroup, InterpreterKind, NeedCategory,
    OrganizationKind,
};
use sea_orm::prelude::Uuid;

use super::{
    super::{
        consent::{Consent, Exclusion},
        context::{OrAnswer, Resolver},
        scalar::DateTime,
    },
    ConsentPayload, ConsentWarning, ExclusionPayload, apply,
};
use crate::{
    error::Caution,
    store::{Change, consent, exclusion},
};

/// A consent of one person, or a refusal.
#[derive(InputObject)]
pub struct ConsentRecordInput {
    claimant_id: ID,
    purposes: Vec<NeedCategory>,
    field_groups: Vec<FieldGroup>,
    recipient_ids: Option<Vec<ID>>,
    recipient_kinds: Option<Vec<OrganizationKind>>,
    any_party: Option<bool>,
    method: ConsentMethod,
    /// ISO 639-3.
    language: Option<String>,
    interpreter: Option<InterpreterKind>,
    given_by: Option<ConsentGiver>,
    /// By what authority somebody else gives it; a representative must say.
    authority: Option<String>,
    refused: Option<bool>,
    given_at: Option<DateTime>,
    expires_at: Option<DateTime>,
    idempotency_key: Option<Uuid>,
}

/// The end of a consent. What depended on it is cancelled at once.
#[derive(InputObject)]
pub struct ConsentWithdrawInput {
    id: ID,
    note: Option<String>,
    idempotency_key: Option<Uuid>,
}

/// An organization that a claimant never wants to be known to.
#[derive(InputObject)]
pub struct ExclusionRecordInput {
    claimant_id: ID,
    organization_id: ID,
    /// For the registering organization's own journal.
    note: Option<String>,
    idempotency_key: Option<Uuid>,
}

/// The end of an exclusion.
#[derive(InputObject)]
pub struct ExclusionEndInput {
    id: ID,
    note: Option<String>,
    idempotency_key: Option<Uuid>,
}

async fn consent_payload(
    context: &Context<'_>,
    change: &impl Change,
    key: Option<Uuid>,
) -> Result<ConsentPayload> {
    match apply(context, change, key).await {
        Err(error) => ConsentPayload::refused(context, error),
        Ok(applied) => {
            let id = ConsentId(applied.subject());
            let found = context.session().consent_list_by_id(&[id]).await;
            let consent = found.or_answer(context)?.into_iter().next().map(Consent);
            Ok(ConsentPayload::done(consent))
        }
    }
}

async fn exclusion_payload(
    context: &Context<'_>,
    change: &impl Change,
    key: Option<Uuid>,
) -> Result<ExclusionPayload> {
    match apply(context, change, key).await {
        Err(error) => ExclusionPayload::refused(context, error),
        Ok(applied) => {
            let id = ExclusionId(applied.subject());
            let found = context.session().exclusion_list_by_id(&[id]).await;
            let exclusion = found.or_answer(context)?.into_iter().next().map(Exclusion);
            Ok(ExclusionPayload::done(exclusion))
        }
    }
}

#[derive(Default)]
pub struct ConsentMutation;

#[Object]
impl ConsentMutation {
    /// Records a consent, or a refusal. What opens more is for the registering organization to record; nobody opens
    /// anything to itself. From the age of consent only the person's own word is taken, whatever authority is named
    /// (`CONSENT_OWN_REQUIRED`); what a guardian or representative said before ends on that birthday. Of one person one
    /// organization keeps at most 200 that are not withdrawn, and 1,000 ever (`TOO_MANY`).
    async fn consent_record(
        &self,
        context: &Context<'_>,
        input: ConsentRecordInput,
    ) -> Result<ConsentPayload> {
        let change = consent::Record {
            claimant: context.row(&input.claimant_id),
            purposes: input.purposes,
            field_groups: input.field_groups,
            organizations: context.rows(&input.recipient_ids.unwrap_or_default()),
            kinds: input.recipient_kinds.unwrap_or_default(),
            any_party: input.any_party.unwrap_or(false),
            method: input.method,
            language: input.language,
            interpreter: input.interpreter.unwrap_or(InterpreterKind::None),
            given_by: input.given_by.unwrap_or(ConsentGiver::Oneself),
            authority: input.authority,
            refused: input.refused.unwrap_or(false),
            given_at: input.given_at.map(|time| time.0),
            expires_at: input.expires_at.map(|time| time.0),
        };
        let mut payload = consent_payload(context, &change, input.idempotency_key).await?;
        if payload.user_errors.is_empty() && change.interpreter == InterpreterKind::Family {
            let warning = ConsentWarning::of(context, Caution::InterpreterIsFamily);
            payload.warnings.push(warning);
        }
        Ok(payload)
    }

    /// Withdraws a consent. It hides at once what it opened and cancels what depended on it; history stays.
    async fn consent_withdraw(
        &self,
        context: &Context<'_>,
        input: ConsentWithdrawInput,
    ) -> Result<ConsentPayload> {
        let change = consent::Withdraw {
            id: context.row(&input.id),
            note: input.note,
        };
        consent_payload(context, &change, input.idempotency_key).await
    }

    /// Records that a claimant never wants to be known to an organization, for the registering organization alone. It
    /// beats every consent: at once the organization sees nothing of the person, and what was open with it is
    /// cancelled. A person excludes at most 200 at once (`TOO_MANY`).
    async fn exclusion_record(
        &self,
        context: &Context<'_>,
        input: ExclusionRecordInput,
    ) -> Result<ExclusionPayload> {
        let change = exclusion::Record {
            claimant: context.row(&input.claimant_id),
            organization: context.row(&input.organization_id),
            note: input.note,
        };
        exclusion_payload(context, &change, input.idempotency_key).await
    }

    /// Ends an exclusion. What was cancelled because of it stays so.
    async fn exclusion_end(
        &self,
        context: &Context<'_>,
        input: ExclusionEndInput,
    ) -> Result<ExclusionPayload> {
        let change = exclusion::End {
            id: context.row(&input.id),
            note: input.note,
        };
        exclusion_payload(context, &change, input.idempotency_key).await
    }
}
