//! What is done with referrals.
use async_graphql::{Context, Object, Result};
use sea_orm::prelude::Uuid;

use super::{
    super::{
        context::{OrAnswer, Resolver, answer},
        direct::Direct,
        referral::{Referral, read_ahead_in},
    },
    ReferralBulkPayload, ReferralPayload, ReferralUserError, apply,
    referral_input::{
        OutcomeRecordInput, ReferralActionInput, ReferralAssignInput, ReferralBulkActInput,
        ReferralCompleteInput, ReferralCreateInput, ReferralLinkClaimantInput, ReferralReasonInput,
        ReferralRerouteInput, ReferralResubmitInput, ReferralSetPriorityInput, ReferralSplitInput,
        ReferralSubStatusInput, ReferralUpdateInput,
    },
    update,
};
use crate::{
    error::Error,
    store::{
        Change,
        referral::{act, change, child, create, finish},
    },
};

pub(super) async fn payload(
    context: &Context<'_>,
    change: &impl Change,
    key: Option<Uuid>,
) -> Result<ReferralPayload> {
    match apply(context, change, key).await {
        Err(error) => ReferralPayload::refused(context, error),
        Ok(applied) => {
            let seen = context.session().referral_after(&applied).await;
            let referral = read_ahead_in(context, "referral", seen.or_answer(context)?).await;
            Ok(ReferralPayload::done(referral))
        }
    }
}

#[derive(Default)]
pub struct ReferralMutation;

#[Object]
impl ReferralMutation {
    /// Creates a draft, or sends at once.
    async fn referral_create(
        &self,
        context: &Context<'_>,
        input: ReferralCreateInput,
    ) -> Result<ReferralPayload> {
        let change = create::Create {
            claimant: input.claimant_id.map(|id| context.row(&id)),
            also_for: context.rows(&input.also_for_claimant_ids.unwrap_or_default()),
            category: input.category,
            need: input.need_id.map(|id| context.row(&id)),
            service: input.service_id.map(|id| context.row(&id)),
            priority: input.priority,
            summary: input.summary,
            due_at: input.due_at.map(|time| time.0),
            region: input.region_id.map(|id| context.row(&id)),
            language: input.language,
            interpreter_needed: input.interpreter_needed,
            age_band: input.age_band,
            party_size: input.party_size,
            send: input.send.unwrap_or(false),
            acknowledge_duplicate: input.acknowledge_duplicate.unwrap_or(false),
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Changes a draft or a request that the caller's organization sends.
    async fn referral_update(
        &self,
        context: &Context<'_>,
        input: ReferralUpdateInput,
    ) -> Result<ReferralPayload> {
        let change = change::UpdateReferral {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            category: input.category,
            priority: input.priority,
            summary: update(input.summary),
            due_at: update(input.due_at).map(|time| time.0),
            service: update(input.service_id).map(|id| context.row(&id)),
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Says whom an anonymous referral is for: a claimant that the caller's organization registered.
    async fn referral_link_claimant(
        &self,
        context: &Context<'_>,
        input: ReferralLinkClaimantInput,
    ) -> Result<ReferralPayload> {
        let change = change::LinkClaimant {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            claimant: context.row(&input.claimant_id),
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Sends a draft.
    async fn referral_send(
        &self,
        context: &Context<'_>,
        input: ReferralActionInput,
    ) -> Result<ReferralPayload> {
        let change = create::Send {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            acknowledge_duplicate: input.acknowledge_duplicate.unwrap_or(false),
            note: input.note,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Addresses a request anew. From the ministry it becomes a request to the source, with the same answer.
    async fn referral_reroute(
        &self,
        context: &Context<'_>,
        input: ReferralRerouteInput,
    ) -> Result<ReferralPayload> {
        let change = change::Reroute {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            service: input.service_id.map(|id| context.row(&id)),
            reason: input.reason,
            note: input.note,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Says how soon an answer is wanted.
    async fn referral_set_priority(
        &self,
        context: &Context<'_>,
        input: ReferralSetPriorityInput,
    ) -> Result<ReferralPayload> {
        let change = change::SetPriority {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            priority: input.priority,
            note: input.note,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Says who in the owning organization works on it. It is seen there alone.
    async fn referral_assign(
        &self,
        context: &Context<'_>,
        input: ReferralAssignInput,
    ) -> Result<ReferralPayload> {
        let change = change::Assign {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            assignee: input.assignee,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Says what a referral waits for within its state.
    async fn referral_set_sub_status(
        &self,
        context: &Context<'_>,
        input: ReferralSubStatusInput,
    ) -> Result<ReferralPayload> {
        let change = change::SetSubStatus {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            sub_status: input.sub_status,
            note: input.note,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Takes an open referral on for one of the caller's services; of several organizations one wins.
    async fn referral_claim(
        &self,
        context: &Context<'_>,
        input: ReferralActionInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Claim(input.plain(context)), key).await
    }

    /// Accepts a referral addressed to the caller's organization. What consent allows unseals.
    async fn referral_accept(
        &self,
        context: &Context<'_>,
        input: ReferralActionInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Accept(input.plain(context)), key).await
    }

    /// Declines a referral, with the reason. The caller's access to it ends.
    async fn referral_decline(
        &self,
        context: &Context<'_>,
        input: ReferralReasonInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Decline(input.reasoned(context)), key).await
    }

    /// Cancels a referral, with the reason. The owner's access to it ends.
    async fn referral_cancel(
        &self,
        context: &Context<'_>,
        input: ReferralReasonInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Cancel(input.reasoned(context)), key).await
    }

    /// Begins the work: the first contact with the claimant, in person or through the organization that registered the
    /// person. It needs no permission to contact the person.
    async fn referral_start(
        &self,
        context: &Context<'_>,
        input: ReferralActionInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Start(input.plain(context)), key).await
    }

    /// Puts a referral on hold, with the reason; AT_CAPACITY waitlists it.
    async fn referral_hold(
        &self,
        context: &Context<'_>,
        input: ReferralReasonInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Hold(input.reasoned(context)), key).await
    }

    /// Takes the work up again.
    async fn referral_resume(
        &self,
        context: &Context<'_>,
        input: ReferralActionInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Resume(input.plain(context)), key).await
    }

    /// Completes a referral with at least one outcome; it has at most 200 in all.
    async fn referral_complete(
        &self,
        context: &Context<'_>,
        input: ReferralCompleteInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &finish::Complete(input.finish(context)), key).await
    }

    /// Ends a referral without success, with the reason and an outcome that says what stays unresolved.
    async fn referral_fail(
        &self,
        context: &Context<'_>,
        input: ReferralCompleteInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &finish::Fail(input.finish(context)), key).await
    }

    /// Marks a referral as entered in error: its content is masked, its history kept.
    async fn referral_void(
        &self,
        context: &Context<'_>,
        input: ReferralReasonInput,
    ) -> Result<ReferralPayload> {
        let key = input.idempotency_key;
        payload(context, &act::Void(input.reasoned(context)), key).await
    }

    /// Sends a new referral in place of one that was declined, cancelled or failed; once. Returns the new one. It names
    /// the claimant anew: for the organization that registered the person, or that still owns the open referral from which
    /// the old one was split.
    async fn referral_resubmit(
        &self,
        context: &Context<'_>,
        input: ReferralResubmitInput,
    ) -> Result<ReferralPayload> {
        let change = child::Resubmit {
            id: context.row(&input.id),
            service: input.service_id.map(|id| context.row(&id)),
            summary: input.summary,
            acknowledge_duplicate: input.acknowledge_duplicate.unwrap_or(false),
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Refers the same person on for another need, while the caller's organization works on this one. Returns the new
    /// one. Nobody refers a person to itself whom another organization registered (`RECIPIENT_IS_SELF`).
    async fn referral_split(
        &self,
        context: &Context<'_>,
        input: ReferralSplitInput,
    ) -> Result<ReferralPayload> {
        let change = child::Split {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            category: input.category,
            service: input.service_id.map(|id| context.row(&id)),
            priority: input.priority,
            summary: input.summary,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Claims, accepts, declines or assigns many referrals, each for itself and with its own result, in the order of the
    /// input. A claim is for the caller's only service that fits. With an idempotency key a repeated call does nothing
    /// again and tells what became of each, as far as the caller may know it by then.
    async fn referral_bulk_act(
        &self,
        context: &Context<'_>,
        input: ReferralBulkActInput,
    ) -> Result<ReferralBulkPayload> {
        let key = input.idempotency_key;
        let applied = match apply(context, &input.act(context), key).await {
            Ok(applied) => applied,
            Err(Error::Refused(refusal)) => {
                return Ok(ReferralBulkPayload {
                    results: Vec::new(),
                    user_errors: vec![ReferralUserError::of(context, refusal)],
                });
            }
            Err(other) => return Err(answer(context, other)),
        };
        let each = context.session().referrals_after(&applied).await;
        let result = |row| match row {
            Ok(seen) => Ok(ReferralPayload::done(
                Option::map(seen, Referral::from).map(Direct),
            )),
            Err(refusal) => ReferralPayload::refused(context, Error::Refused(refusal)),
        };
        Ok(ReferralBulkPayload {
            results: each
                .or_answer(context)?
                .into_iter()
                .map(result)
                .collect::<Result<_>>()?,
            user_errors: Vec::new(),
        })
    }

    /// Records what became of a completed referral later on. It adds, and never replaces.
    async fn outcome_record(
        &self,
        context: &Context<'_>,
        input: OutcomeRecordInput,
    ) -> Result<ReferralPayload> {
        let change = finish::RecordOutcome {
            referral: context.row(&input.referral_id),
            outcome: input.outcome.outcome(context),
        };
        payload(context, &change, input.idempotency_key).await
    }
}
