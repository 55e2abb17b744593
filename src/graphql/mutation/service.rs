//! Services and their capacity, saved by their own organization.
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::{CapacityStatus, NeedCategory, ServiceId, ServiceStatus};
use sea_orm::prelude::Uuid;

use super::{
    super::{
        context::{OrAnswer, Resolver},
        directory::Service,
    },
    ServicePayload, apply, update,
};
use crate::store::{
    Change,
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
}
