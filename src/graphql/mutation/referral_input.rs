//! The inputs of what is done with referrals.
use async_graphql::{Context, ID, InputObject, MaybeUndefined};
use entity::{
    AgeBand, CapacityStatus, DecidedBy, NeedCategory, OutcomeKind, ReferralAction,
    ReferralPriority, ReferralStatusReason, ReferralSubStatus,
};
use sea_orm::prelude::Uuid;

use super::super::{
    context::Resolver,
    scalar::{Date, DateTime},
};
use crate::store::referral::{
    act::{Plain, Reasoned},
    bulk::BulkAct,
    finish::{Finish, OutcomeInput as Outcome},
    many::Item,
};

/// A new referral. Without a claimant it is anonymous, and described by region, language, need of an interpreter, age
/// band and party size before it is sent. Without a service it is open, and a provider may claim it.
#[derive(InputObject)]
pub struct ReferralCreateInput {
    pub(super) claimant_id: Option<ID>,
    /// Who else it is for, at most 20, each registered by the caller's organization: a family is referred once. Each
    /// opens by that person's own consent; who has given none is not told, and is no reason to refuse.
    pub(super) also_for_claimant_ids: Option<Vec<ID>>,
    pub(super) category: NeedCategory,
    /// The need it is for; the claimant's most urgent one of the category when absent.
    pub(super) need_id: Option<ID>,
    pub(super) service_id: Option<ID>,
    pub(super) priority: Option<ReferralPriority>,
    /// What the recipient must know to begin; it must not tell who the person is, nor a hidden place, as far as the input
    /// of a message says.
    pub(super) summary: Option<String>,
    /// When a first answer is due; by business days when absent.
    pub(super) due_at: Option<DateTime>,
    pub(super) region_id: Option<ID>,
    /// ISO 639-3.
    pub(super) language: Option<String>,
    pub(super) interpreter_needed: Option<bool>,
    pub(super) age_band: Option<AgeBand>,
    pub(super) party_size: Option<i32>,
    /// Whether to send it at once; else it is a draft.
    pub(super) send: Option<bool>,
    /// Whether another open referral of this person for this need, by the caller's organization, is known.
    pub(super) acknowledge_duplicate: Option<bool>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// A change of a draft or a request: what is absent stays, null clears.
#[derive(InputObject)]
pub struct ReferralUpdateInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) category: Option<NeedCategory>,
    pub(super) priority: Option<ReferralPriority>,
    pub(super) summary: MaybeUndefined<String>,
    pub(super) due_at: MaybeUndefined<DateTime>,
    /// While it is a draft.
    pub(super) service_id: MaybeUndefined<ID>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// An action that needs no reason.
#[derive(InputObject)]
pub struct ReferralActionInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    /// When claiming: which of the caller's services.
    pub(super) service_id: Option<ID>,
    /// When starting: the first contact, through the registering organization as well; now if absent.
    pub(super) contacted_at: Option<DateTime>,
    /// When sending: whether a duplicate is known.
    pub(super) acknowledge_duplicate: Option<bool>,
    pub(super) note: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

impl ReferralActionInput {
    pub(super) fn plain(self, context: &Context<'_>) -> Plain {
        Plain {
            id: context.row(&self.id),
            expected_version: self.expected_version,
            service: self.service_id.map(|id| context.row(&id)),
            contacted_at: self.contacted_at.map(|time| time.0),
            note: self.note,
        }
    }
}

/// An action that says why.
#[derive(InputObject)]
pub struct ReferralReasonInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) reason: ReferralStatusReason,
    pub(super) decided_by: Option<DecidedBy>,
    /// When holding: what it waits for.
    pub(super) sub_status: Option<ReferralSubStatus>,
    /// When declining or holding: the capacity of the service from now on.
    pub(super) capacity: Option<CapacityStatus>,
    pub(super) note: Option<String>,
    /// When holding: when to look at it again; in the future.
    pub(super) review_at: Option<DateTime>,
    pub(super) idempotency_key: Option<Uuid>,
}

impl ReferralReasonInput {
    pub(super) fn reasoned(self, context: &Context<'_>) -> Reasoned {
        Reasoned {
            id: context.row(&self.id),
            expected_version: self.expected_version,
            reason: self.reason,
            decided_by: self.decided_by,
            sub_status: self.sub_status,
            capacity: self.capacity,
            note: self.note,
            review_at: self.review_at.map(|time| time.0),
        }
    }
}

/// A new address of a request. Without a service it becomes open.
#[derive(InputObject)]
pub struct ReferralRerouteInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) service_id: Option<ID>,
    pub(super) reason: ReferralStatusReason,
    pub(super) note: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// Whom an anonymous referral is for.
#[derive(InputObject)]
pub struct ReferralLinkClaimantInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) claimant_id: ID,
    pub(super) idempotency_key: Option<Uuid>,
}

/// How soon an answer is wanted.
#[derive(InputObject)]
pub struct ReferralSetPriorityInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) priority: ReferralPriority,
    pub(super) note: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// Who works on it; null: nobody.
#[derive(InputObject)]
pub struct ReferralAssignInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) assignee: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// What it waits for; null: nothing.
#[derive(InputObject)]
pub struct ReferralSubStatusInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) sub_status: Option<ReferralSubStatus>,
    pub(super) note: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// What became of a referral.
#[derive(InputObject)]
pub struct OutcomeInput {
    kind: OutcomeKind,
    /// Not in the future.
    date: Date,
    /// Of whom: the referral's claimant when absent, or somebody of `alsoFor`.
    claimant_id: Option<ID>,
    note: Option<String>,
    /// The day on which to ask again; the parties are told when it comes, unless a later outcome was recorded.
    follow_up_on: Option<Date>,
}

impl OutcomeInput {
    pub(super) fn outcome(self, context: &Context<'_>) -> Outcome {
        Outcome {
            kind: self.kind,
            date: self.date.0,
            claimant: self.claimant_id.map(|id| context.row(&id)),
            note: self.note,
            follow_up_on: self.follow_up_on.map(|date| date.0),
        }
    }
}

/// An outcome recorded after completion.
#[derive(InputObject)]
pub struct OutcomeRecordInput {
    pub(super) referral_id: ID,
    pub(super) outcome: OutcomeInput,
    pub(super) idempotency_key: Option<Uuid>,
}

/// The end of the work, with what became of it.
#[derive(InputObject)]
pub struct ReferralCompleteInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    /// At least one; to fail, one that says why the need stays unresolved.
    pub(super) outcomes: Vec<OutcomeInput>,
    /// Needed to fail.
    pub(super) reason: Option<ReferralStatusReason>,
    pub(super) decided_by: Option<DecidedBy>,
    pub(super) note: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

impl ReferralCompleteInput {
    pub(super) fn finish(self, context: &Context<'_>) -> Finish {
        Finish {
            id: context.row(&self.id),
            expected_version: self.expected_version,
            outcomes: self
                .outcomes
                .into_iter()
                .map(|outcome| outcome.outcome(context))
                .collect(),
            reason: self.reason,
            decided_by: self.decided_by,
            note: self.note,
        }
    }
}

/// A new referral in place of one that ended without success.
#[derive(InputObject)]
pub struct ReferralResubmitInput {
    pub(super) id: ID,
    /// The same service when absent.
    pub(super) service_id: Option<ID>,
    pub(super) summary: Option<String>,
    pub(super) acknowledge_duplicate: Option<bool>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// A referral of the same person for another need, while one is worked on.
#[derive(InputObject)]
pub struct ReferralSplitInput {
    pub(super) id: ID,
    pub(super) expected_version: i32,
    pub(super) category: NeedCategory,
    /// Without a service it is open.
    pub(super) service_id: Option<ID>,
    pub(super) priority: Option<ReferralPriority>,
    pub(super) summary: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

/// One of many referrals, and the version at which it was seen.
#[derive(InputObject)]
pub struct ReferralBulkItem {
    id: ID,
    expected_version: i32,
}

/// One thing to do to many referrals.
#[derive(InputObject)]
pub struct ReferralBulkActInput {
    /// ACCEPT, DECLINE, CLAIM or ASSIGN.
    pub(super) action: ReferralAction,
    /// At most 100, unless the gateway is set up otherwise; each once.
    pub(super) items: Vec<ReferralBulkItem>,
    /// Needed to decline. AT_CAPACITY says so of the services as well.
    pub(super) reason: Option<ReferralStatusReason>,
    /// When assigning: who works on them; nobody when absent.
    pub(super) assignee: Option<String>,
    /// Beside each of them. Not when assigning.
    pub(super) note: Option<String>,
    pub(super) idempotency_key: Option<Uuid>,
}

impl ReferralBulkActInput {
    pub(super) fn act(self, context: &Context<'_>) -> BulkAct {
        let item = |item: ReferralBulkItem| Item {
            id: context.row(&item.id),
            expected_version: item.expected_version,
        };
        BulkAct {
            action: self.action,
            items: self.items.into_iter().map(item).collect(),
            reason: self.reason,
            assignee: self.assignee,
            note: self.note,
        }
    }
}
