//! Services and their capacity, saved by their own organization; and what they ask, saved by the ministry as well.
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::{
    AgeBand, CapacityStatus, ClaimStage, EligibilityFact, NeedCategory, ServiceId, ServiceStatus,
};
use sea_orm::prelude::Uuid;

use super::{
    super::{
        context::{OrAnswer, Resolver},
        directory::Service,
        scalar::Date,
    },
    ServicePayload, apply, update,
};
use crate::store::{
    Change,
    eligibility::{Asked, SaveRule},
    service::{Places, Save, SaveCapacity},
};

/// A service of the caller's organization; with an id, a change of one: what is absent stays, null clears.
#[derive(InputObject)]
pub struct ServiceSaveInput {
    id: Option<ID>,
    expected_version: Option<i32>,
    name_en: Option<String>,
    name_fr: Option<String>,
    description_en: MaybeUndefined<String>,
    description_fr: MaybeUndefined<String>,
    categories: Option<Vec<NeedCategory>>,
    status: Option<ServiceStatus>,
    /// ISO 639-3.
    languages: Option<Vec<String>>,
    offered_in_french: Option<bool>,
    idempotency_key: Option<Uuid>,
}

/// Whether a service can take one more person.
#[derive(InputObject)]
pub struct CapacitySaveInput {
    service_id: ID,
    status: CapacityStatus,
    /// What is counted: beds, places, appointments.
    unit: Option<String>,
    available: Option<i32>,
    maximum: Option<i32>,
    idempotency_key: Option<Uuid>,
}

/// One thing that a service asks of whoever is referred to it; with an id, a change of a rule: what is absent stays, null
/// clears. Each fact takes its own parts and no others.
#[derive(InputObject)]
pub struct EligibilityRuleSaveInput {
    service_id: ID,
    id: Option<ID>,
    expected_version: Option<i32>,
    /// What it asks about; with its parts it replaces what the rule asked. Needed for a new rule. The ministry alone writes
    /// about `STAGE`, `WORK_AUTHORIZATION`, `SOCIAL_INSURANCE`, `AGE` and `LANGUAGE_LEVEL`.
    fact: Option<EligibilityFact>,
    /// STAGE: one of these.
    stages: Option<Vec<ClaimStage>>,
    /// `WORK_AUTHORIZATION`, `SOCIAL_INSURANCE`: for at least so many days from today; 0 when absent.
    valid_for_days: Option<i32>,
    /// AGE: in years, included.
    age_from: Option<i32>,
    /// AGE: in years, included.
    age_to: Option<i32>,
    /// `LANGUAGE_LEVEL`: of which language, ISO 639-3.
    language: Option<String>,
    /// `LANGUAGE_LEVEL`: at least this in each skill, CLB or NCLC 1 to 12.
    language_level: Option<i32>,
    /// `AGE_BAND`: one of these.
    age_bands: Option<Vec<AgeBand>>,
    /// REGION: one of these.
    region_ids: Option<Vec<ID>>,
    /// LANGUAGE: one of these, ISO 639-3.
    languages: Option<Vec<String>>,
    /// Why, in English, for the worker who reads it; it names nobody.
    reason_en: Option<String>,
    /// The same in French.
    reason_fr: Option<String>,
    /// The public page that says so, where there is one.
    source_url: MaybeUndefined<String>,
    /// The first day, in Toronto; today when absent.
    valid_from: Option<Date>,
    /// The last day; null while there is none.
    valid_to: MaybeUndefined<Date>,
    idempotency_key: Option<Uuid>,
}

async fn payload(
    context: &Context<'_>,
    change: &impl Change,
    key: Option<Uuid>,
) -> Result<ServicePayload> {
    match apply(context, change, key).await {
        Err(error) => ServicePayload::refused(context, error),
        Ok(applied) => {
            let id = ServiceId(applied.subject());
            let found = context.session().service_list_by_id(&[id]).await;
            let service = found.or_answer(context)?.into_iter().next().map(Service);
            Ok(ServicePayload::done(service))
        }
    }
}

#[derive(Default)]
pub struct ServiceMutation;

#[Object]
impl ServiceMutation {
    /// Saves a service of the caller's organization.
    async fn service_save(
        &self,
        context: &Context<'_>,
        input: ServiceSaveInput,
    ) -> Result<ServicePayload> {
        let change = Save {
            id: input.id.map(|id| context.row(&id)),
            expected_version: input.expected_version,
            name_en: input.name_en,
            name_fr: input.name_fr,
            description_en: update(input.description_en),
            description_fr: update(input.description_fr),
            categories: input.categories,
            status: input.status,
            languages: input.languages,
            offered_in_french: input.offered_in_french,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Says whether a service of the caller's organization can take one more person.
    async fn capacity_save(
        &self,
        context: &Context<'_>,
        input: CapacitySaveInput,
    ) -> Result<ServicePayload> {
        let change = SaveCapacity {
            service: context.row(&input.service_id),
            places: Places {
                status: input.status,
                unit: input.unit,
                available: input.available,
                maximum: input.maximum,
            },
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Saves one thing that a service asks of whoever is referred to it: of the caller's organization, about its age bands,
    /// regions and languages; or of the ministry, for any service and about any fact.
    async fn eligibility_rule_save(
        &self,
        context: &Context<'_>,
        input: EligibilityRuleSaveInput,
    ) -> Result<ServicePayload> {
        let regions = input.region_ids.as_deref();
        let change = SaveRule {
            service: context.row(&input.service_id),
            id: input.id.map(|id| context.row(&id)),
            expected_version: input.expected_version,
            asked: Asked {
                fact: input.fact,
                regions: regions.map(|ids| context.rows(ids)),
                stages: input.stages,
                valid_for_days: input.valid_for_days,
                age_from: input.age_from,
                age_to: input.age_to,
                language: input.language,
                level: input.language_level,
                age_bands: input.age_bands,
                languages: input.languages,
            },
            reason_en: input.reason_en,
            reason_fr: input.reason_fr,
            source_url: update(input.source_url),
            valid_from: input.valid_from.map(|date| date.0),
            valid_to: update(input.valid_to).map(|date| date.0),
        };
        payload(context, &change, input.idempotency_key).await
    }
}
