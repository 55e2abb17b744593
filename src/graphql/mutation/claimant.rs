//! Claimants and needs: inputs and mutations.
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::{
    AgeBand, ClaimStage, ClaimantId, ContactKind, ContactPermission, DatePrecision, IdentifierKind,
    Language, NeedCategory, NeedStatus, Safety,
};
use sea_orm::prelude::Uuid;

use super::{
    super::{
        claimant::Claimant,
        context::{OrAnswer, Resolver},
        scalar::Date,
    },
    ClaimantPayload, apply, given, update,
};
use crate::store::{
    Change,
    claimant::{
        erase::{EraseClaimant, HoldClaimant},
        register::{Cleared, OpenPart, Register, SealedPart, UpdateClaimant},
    },
    custody::Transfer,
    household, need,
    sealed::{ClaimStatus, Contact, ContactPoint, Identifier, Identity},
};

/// Names and birth date. The group given replaces the one there was.
#[derive(InputObject)]
pub struct ClaimantIdentityInput {
    given_name: Option<String>,
    family_name: Option<String>,
    preferred_name: Option<String>,
    birth_date: Option<Date>,
    birth_date_precision: Option<DatePrecision>,
    gender: Option<String>,
}

impl From<ClaimantIdentityInput> for Identity {
    fn from(input: ClaimantIdentityInput) -> Self {
        Self {
            given_name: input.given_name,
            family_name: input.family_name,
            preferred_name: input.preferred_name,
            birth_date_precision: input
                .birth_date_precision
                .or(input.birth_date.as_ref().map(|_| DatePrecision::Day)),
            birth_date: input.birth_date.map(|date| date.0),
            gender: input.gender,
        }
    }
}

/// One way to reach a claimant.
#[derive(InputObject)]
pub struct ContactPointInput {
    kind: ContactKind,
    value: String,
    safety: Safety,
    shared: Option<bool>,
    may_leave_message: Option<bool>,
    note: Option<String>,
}

/// How a claimant may be reached. The group given replaces the one there was.
#[derive(InputObject)]
pub struct ClaimantContactInput {
    /// Only through the registering organization unless said otherwise.
    permission: Option<ContactPermission>,
    points: Option<Vec<ContactPointInput>>,
}

impl From<ClaimantContactInput> for Contact {
    fn from(input: ClaimantContactInput) -> Self {
        Self {
            permission: input.permission.unwrap_or(ContactPermission::ViaAgencyOnly),
            points: input
                .points
                .unwrap_or_default()
                .into_iter()
                .map(|point| ContactPoint {
                    kind: point.kind,
                    value: point.value,
                    safety: point.safety,
                    shared: point.shared.unwrap_or(false),
                    may_leave_message: point.may_leave_message.unwrap_or(false),
                    note: point.note,
                })
                .collect(),
        }
    }
}

/// An identifier. A UCI is written 0000-0000 or 00-0000-0000.
#[derive(InputObject)]
pub struct ClaimantIdentifierInput {
    kind: IdentifierKind,
    value: String,
    expires_on: Option<Date>,
}

impl From<ClaimantIdentifierInput> for Identifier {
    fn from(input: ClaimantIdentifierInput) -> Self {
        Self {
            kind: input.kind,
            value: input.value,
            expires_on: input.expires_on.map(|date| date.0),
        }
    }
}

/// Where the claim stands. The group given replaces the one there was. A social insurance number is never taken.
#[derive(InputObject)]
pub struct ClaimStatusInput {
    stage: ClaimStage,
    since: Option<Date>,
    rpcd_expires_on: Option<Date>,
    work_permit_expires_on: Option<Date>,
    #[graphql(name = "sinSeries9")]
    sin_series_9: Option<bool>,
    sin_expires_on: Option<Date>,
    ifhp_proof: Option<bool>,
}

impl From<ClaimStatusInput> for ClaimStatus {
    fn from(input: ClaimStatusInput) -> Self {
        let day = |date: Option<Date>| date.map(|date| date.0);
        Self {
            stage: input.stage,
            since: day(input.since),
            rpcd_expires_on: day(input.rpcd_expires_on),
            work_permit_expires_on: day(input.work_permit_expires_on),
            sin_series_9: input.sin_series_9,
            sin_expires_on: day(input.sin_expires_on),
            ifhp_proof: input.ifhp_proof,
        }
    }
}

/// A person met for the first time. Everything may be absent.
#[derive(InputObject)]
pub struct ClaimantRegisterInput {
    region_id: Option<ID>,
    municipality: Option<String>,
    /// Whether the place where the person lives must not be told.
    location_protected: Option<bool>,
    /// ISO 639-3.
    language: Option<String>,
    official_language: Option<Language>,
    interpreter_needed: Option<bool>,
    age_band: Option<AgeBand>,
    identity: Option<ClaimantIdentityInput>,
    contact: Option<ClaimantContactInput>,
    claim_status: Option<ClaimStatusInput>,
    identifiers: Option<Vec<ClaimantIdentifierInput>>,
    /// A claimant of the caller's organization with whom the person lives.
    household_of: Option<ID>,
    idempotency_key: Option<Uuid>,
}

/// A change of a claimant: what is absent stays, null clears.
#[derive(InputObject)]
pub struct ClaimantUpdateInput {
    id: ID,
    expected_version: i32,
    region_id: MaybeUndefined<ID>,
    municipality: MaybeUndefined<String>,
    location_protected: Option<bool>,
    language: MaybeUndefined<String>,
    official_language: MaybeUndefined<Language>,
    interpreter_needed: Option<bool>,
    age_band: MaybeUndefined<AgeBand>,
    identity: MaybeUndefined<ClaimantIdentityInput>,
    contact: MaybeUndefined<ClaimantContactInput>,
    claim_status: MaybeUndefined<ClaimStatusInput>,
    identifiers: MaybeUndefined<Vec<ClaimantIdentifierInput>>,
    /// A claimant of the caller's organization with whom the person lives. Both then belong to one household; where each
    /// has another, one has to leave first (`ALREADY_IN_HOUSEHOLD`). Null: the person leaves.
    household_of: MaybeUndefined<ID>,
    idempotency_key: Option<Uuid>,
}

/// A person to be forgotten.
#[derive(InputObject)]
pub struct ClaimantEraseInput {
    id: ID,
    expected_version: i32,
    idempotency_key: Option<Uuid>,
}

/// A legal hold, or its end.
#[derive(InputObject)]
pub struct ClaimantHoldInput {
    id: ID,
    held: bool,
    /// Why; it is sealed as everything of the person is.
    note: String,
    idempotency_key: Option<Uuid>,
}

/// Something a claimant needs; with an id, a change of one recorded before.
#[derive(InputObject)]
pub struct NeedRecordInput {
    claimant_id: ID,
    id: Option<ID>,
    category: NeedCategory,
    /// From 1, the most urgent, to 9; housing, health and food come first when nothing is said.
    priority: Option<i32>,
    status: Option<NeedStatus>,
    /// The day from which the person wants help with this.
    wanted_from: MaybeUndefined<Date>,
    idempotency_key: Option<Uuid>,
}

/// Somebody who leaves a household.
#[derive(InputObject)]
pub struct HouseholdLeaveInput {
    claimant_id: ID,
    idempotency_key: Option<Uuid>,
}

/// The hand-over of a claimant's file.
#[derive(InputObject)]
pub struct ClaimantTransferInput {
    id: ID,
    expected_version: i32,
    /// The organization that is to keep the file. The person's consent must name it, and open identity and contact.
    organization_id: ID,
    note: Option<String>,
    idempotency_key: Option<Uuid>,
}

pub(super) async fn claimant_payload(
    context: &Context<'_>,
    change: &impl Change,
    key: Option<Uuid>,
) -> Result<ClaimantPayload> {
    match apply(context, change, key).await {
        Err(error) => ClaimantPayload::refused(context, error),
        Ok(applied) => {
            let id = ClaimantId(applied.subject());
            let seen = context.session().claimant_list_by_id(&[id]).await;
            let claimant = seen
                .or_answer(context)?
                .into_iter()
                .next()
                .map(Claimant::from);
            Ok(ClaimantPayload::done(claimant))
        }
    }
}

fn sealed_part(
    identity: Option<ClaimantIdentityInput>,
    contact: Option<ClaimantContactInput>,
    claim_status: Option<ClaimStatusInput>,
    identifiers: Option<Vec<ClaimantIdentifierInput>>,
) -> SealedPart {
    SealedPart {
        identity: identity.map(Identity::from),
        contact: contact.map(Contact::from),
        claim_status: claim_status.map(ClaimStatus::from),
        identifiers: identifiers.map(|each| each.into_iter().map(Identifier::from).collect()),
    }
}

#[derive(Default)]
pub struct ClaimantMutation;

#[Object]
impl ClaimantMutation {
    /// Registers a person with the caller's organization.
    async fn claimant_register(
        &self,
        context: &Context<'_>,
        input: ClaimantRegisterInput,
    ) -> Result<ClaimantPayload> {
        let change = Register {
            open: OpenPart {
                region: given(input.region_id).map(|id| context.row(&id)),
                municipality: given(input.municipality),
                location_protected: input.location_protected,
                language: given(input.language),
                official_language: given(input.official_language),
                interpreter_needed: input.interpreter_needed,
                age_band: given(input.age_band),
            },
            sealed: sealed_part(
                input.identity,
                input.contact,
                input.claim_status,
                input.identifiers,
            ),
            household_of: given(input.household_of).map(|id| context.row(&id)),
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }

    /// Erases a person whom the caller's organization registered, for good: names, contact, identifiers, claim status and
    /// free text cannot be had again, open referrals are cancelled, and every access ends. Under a legal hold it is
    /// remembered (`erasureRequestedAt`) and done when the hold is lifted. Afterwards `CLAIMANT_ERASED` refuses every
    /// change.
    async fn claimant_erase(
        &self,
        context: &Context<'_>,
        input: ClaimantEraseInput,
    ) -> Result<ClaimantPayload> {
        let change = EraseClaimant {
            id: context.row(&input.id),
            expected_version: input.expected_version,
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }

    /// Puts a person whom the caller's organization registered under a legal hold, which postpones erasure, or lifts it.
    async fn claimant_hold(
        &self,
        context: &Context<'_>,
        input: ClaimantHoldInput,
    ) -> Result<ClaimantPayload> {
        let change = HoldClaimant {
            id: context.row(&input.id),
            held: input.held,
            note: input.note,
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }

    /// Changes a claimant that the caller's organization registered.
    async fn claimant_update(
        &self,
        context: &Context<'_>,
        input: ClaimantUpdateInput,
    ) -> Result<ClaimantPayload> {
        let cleared = Cleared {
            identity: input.identity.is_null(),
            contact: input.contact.is_null(),
            claim_status: input.claim_status.is_null(),
            identifiers: input.identifiers.is_null(),
        };
        let change = UpdateClaimant {
            cleared,
            id: context.row(&input.id),
            expected_version: input.expected_version,
            open: OpenPart {
                region: update(input.region_id).map(|id: ID| context.row(&id)),
                municipality: update(input.municipality),
                location_protected: input.location_protected,
                language: update(input.language),
                official_language: update(input.official_language),
                interpreter_needed: input.interpreter_needed,
                age_band: update(input.age_band),
            },
            sealed: sealed_part(
                input.identity.take(),
                input.contact.take(),
                input.claim_status.take(),
                input.identifiers.take(),
            ),
            household_of: update(input.household_of).map(|id: ID| context.row(&id)),
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }

    /// Hands a claimant's file to another organization, when the person moves: it then is the registering organization,
    /// and the source of what is still open. The former one keeps what it sent and is closed, as any source does; the
    /// answer shows it the claimant only as far as that goes.
    async fn claimant_transfer(
        &self,
        context: &Context<'_>,
        input: ClaimantTransferInput,
    ) -> Result<ClaimantPayload> {
        let change = Transfer {
            id: context.row(&input.id),
            expected_version: input.expected_version,
            to: context.row(&input.organization_id),
            note: input.note,
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }

    /// Takes a person whom the caller's organization registered out of the household; one who would be left alone in it
    /// leaves too. `NOT_IN_HOUSEHOLD` where there is none.
    async fn household_leave(
        &self,
        context: &Context<'_>,
        input: HouseholdLeaveInput,
    ) -> Result<ClaimantPayload> {
        let change = household::Leave {
            claimant: context.row(&input.claimant_id),
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }

    /// Records a need; a person has at most 200. A party may record that one is met, and no more.
    async fn need_record(
        &self,
        context: &Context<'_>,
        input: NeedRecordInput,
    ) -> Result<ClaimantPayload> {
        let change = need::Record {
            claimant: context.row(&input.claimant_id),
            id: input.id.map(|id| context.row(&id)),
            category: input.category,
            priority: input.priority,
            status: input.status,
            wanted_from: update(input.wanted_from).map(|date| date.0),
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }
}
