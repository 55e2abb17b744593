//! Qualifications and language abilities: inputs and mutations.
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::RecognitionStatus;
use sea_orm::prelude::Uuid;

use super::{
    super::{context::Resolver, scalar::Date},
    ClaimantPayload,
    claimant::claimant_payload,
    update,
};
use crate::store::qualification::{SaveLanguageAbility, SaveQualification};

/// What a claimant has learned or done for a living; with an id, a change of one. What is absent stays, null clears.
#[derive(InputObject)]
pub struct QualificationSaveInput {
    claimant_id: ID,
    id: Option<ID>,
    /// A unit group of the National Occupational Classification 2021: five digits, in a major group that there is.
    noc_code: MaybeUndefined<String>,
    title: String,
    years: MaybeUndefined<i32>,
    country: MaybeUndefined<String>,
    level: MaybeUndefined<String>,
    /// Not started when nothing is said.
    recognition: Option<RecognitionStatus>,
    regulator: MaybeUndefined<String>,
    idempotency_key: Option<Uuid>,
}

/// How well a claimant knows a language; levels from 1 to 12. What is absent stays, null clears.
#[derive(InputObject)]
pub struct LanguageAbilitySaveInput {
    claimant_id: ID,
    /// ISO 639-3.
    language: String,
    listening: MaybeUndefined<i32>,
    speaking: MaybeUndefined<i32>,
    reading: MaybeUndefined<i32>,
    writing: MaybeUndefined<i32>,
    assessed_on: MaybeUndefined<Date>,
    idempotency_key: Option<Uuid>,
}

#[derive(Default)]
pub struct QualificationMutation;

#[Object]
impl QualificationMutation {
    /// Saves a qualification of a claimant that the caller's organization registered.
    async fn qualification_save(
        &self,
        context: &Context<'_>,
        input: QualificationSaveInput,
    ) -> Result<ClaimantPayload> {
        let change = SaveQualification {
            claimant: context.row(&input.claimant_id),
            id: input.id.map(|id| context.row(&id)),
            noc_code: update(input.noc_code),
            title: input.title,
            years: update(input.years),
            country: update(input.country),
            level: update(input.level),
            recognition: input.recognition,
            regulator: update(input.regulator),
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }

    /// Saves how well a claimant that the caller's organization registered knows a language.
    async fn language_ability_save(
        &self,
        context: &Context<'_>,
        input: LanguageAbilitySaveInput,
    ) -> Result<ClaimantPayload> {
        let change = SaveLanguageAbility {
            claimant: context.row(&input.claimant_id),
            language: input.language,
            listening: update(input.listening),
            speaking: update(input.speaking),
            reading: update(input.reading),
            writing: update(input.writing),
            assessed_on: update(input.assessed_on).map(|date| date.0),
        };
        claimant_payload(context, &change, input.idempotency_key).await
    }
}
