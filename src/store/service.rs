//! Services with their categories, languages, regions and capacity: public directory data, saved by their own
//! organization.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use entity::{
    CapacityStatus, CatchmentId, NeedCategory, OrganizationId, RegionId, ServiceId, ServiceStatus,
    organization_catchment, service, service_capacity, service_category, service_language,
    service_region,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait},
};

use super::{
    Readable, Session,
    directory::{Categories, Languages},
    everything,
    organization::{check_search, contains_words},
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue, fetch_each},
};
use crate::{error::Result, viewer::Viewer};

mod save;

pub(super) use save::blank;
pub use save::search_words;
pub use save::{Places, Save, SaveCapacity};

macro_rules! public {
    ($($entity:ident)+) => {$(
        impl Readable for $entity::Entity {
            fn visible_to(_: &Viewer, _: DateTime<Utc>) -> Condition {
                everything()
            }
        }
    )+};
}

public!(service service_category service_language service_region service_capacity);

impl Keyed for service::Model {
    fn key(&self, _: Field) -> Key {
        Key {
            value: SortValue::Text(self.name_en.clone()),
            id: self.id.0,
        }
    }
}

/// Which services.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub text: Option<String>,
    pub categories: Option<Vec<NeedCategory>>,
    pub region: Option<RegionId>,
    pub catchment: Option<CatchmentId>,
    pub language: Option<String>,
    pub offered_in_french: Option<bool>,
    pub has_capacity: Option<bool>,
    pub statuses: Option<Vec<ServiceStatus>>,
    pub organization: Option<OrganizationId>,
}

/// A need that an organization's active services meet, and in which regions.
#[derive(Clone, Debug)]
pub(super) struct Coverage {
    pub(super) category: NeedCategory,
    pub(super) regions: Vec<RegionId>,
}

fn service_ids_where<E: EntityTrait>(
    column: impl ColumnTrait,
    condition: impl sea_orm::sea_query::IntoCondition,
) -> sea_orm::sea_query::SelectStatement {
    E::find()
        .select_only()
        .column(column)
        .filter(condition)
        .into_query()
}

impl Session {
    /// Services by name.
    ///
    /// # Errors
    /// When the text to look for is too long, or the database fails.
    pub async fn service_list(
        &self,
        filter: Filter,
        slice: &Slice,
    ) -> Result<Paged<service::Model>> {
        use service::Column;
        check_search(filter.text.as_ref())?;
        self.find::<service::Entity>()
            .filter_some(filter.text, |text| {
                contains_words(Expr::col(Column::Search), &text)
            })
            .filter_some(filter.categories, |categories| {
                Column::Id
                    .in_subquery(service_ids_where::<service_category::Entity>(
                        service_category::Column::ServiceId,
                        service_category::Column::Category.is_in(categories),
                    ))
                    .into()
            })
            .filter_some(filter.region, in_region)
            .filter_some(filter.catchment, |catchment| {
                Column::OrganizationId
                    .in_subquery(service_ids_where::<organization_catchment::Entity>(
                        organization_catchment::Column::OrganizationId,
                        organization_catchment::Column::CatchmentId.eq(catchment),
                    ))
                    .into()
            })
            .filter_some(filter.language, |language| {
                Column::Id
                    .in_subquery(service_ids_where::<service_language::Entity>(
                        service_language::Column::ServiceId,
                        service_language::Column::Language.eq(language),
                    ))
                    .into()
            })
            .filter_some(filter.offered_in_french, |french| {
                Column::OfferedInFrench.eq(french).into()
            })
            .filter_some(filter.has_capacity, |wanted| {
                let with = Column::Id.in_subquery(service_ids_where::<service_capacity::Entity>(
                    service_capacity::Column::ServiceId,
                    service_capacity::Column::Status.eq(CapacityStatus::Capacity),
                ));
                Condition::all().add(if wanted { with } else { with.not() })
            })
            .filter_some(filter.statuses, |statuses| {
                Column::Status.is_in(statuses).into()
            })
            .filter_some(filter.organization, |organization| {
                Column::OrganizationId.eq(organization).into()
            })
            .page(&by_name(), slice)
            .await
    }

    /// The same part of the services of each organization, by name, in one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn services_of(
        &self,
        organizations: &[OrganizationId],
        slice: &Slice,
    ) -> Result<HashMap<OrganizationId, Paged<service::Model>>> {
        let of = |organization| {
            let owner = Expr::col((service::Entity, service::Column::OrganizationId));
            Condition::all()
                .add(self.rule::<service::Entity>())
                .add(owner.eq(organization))
        };
        let (order, reader) = (by_name(), self.reader());
        fetch_each::<service::Entity, _, _>(organizations, of, &order, slice, reader).await
    }

    /// The services among `ids`, each with its categories, languages and capacity.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn service_list_by_id(&self, ids: &[ServiceId]) -> Result<Vec<Arc<service::Model>>> {
        let read = async |missing: Vec<ServiceId>| {
            let rows = self
                .find::<service::Entity>()
                .filter(service::Column::Id.is_in(missing))
                .all()
                .await?;
            Ok(rows
                .into_iter()
                .map(|row| (row.id, Arc::new(row)))
                .collect())
        };
        Ok(self.remembered_or(ids, read).await?.into_values().collect())
    }

    /// A service, if it is remembered.
    pub fn service_remembered(&self, id: ServiceId) -> Option<Arc<service::Model>> {
        self.remembered(id)
    }

    /// The categories of a service, if they are remembered.
    pub fn service_categories_remembered(&self, id: ServiceId) -> Option<Vec<NeedCategory>> {
        self.remembered(Categories(id))
    }

    /// The categories of each of `services`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn service_categories(
        &self,
        services: &[ServiceId],
    ) -> Result<HashMap<ServiceId, Vec<NeedCategory>>> {
        let keys: Vec<Categories> = services.iter().copied().map(Categories).collect();
        let read = async |missing: Vec<Categories>| {
            let rows = self
                .find::<service_category::Entity>()
                .filter(
                    service_category::Column::ServiceId.is_in(missing.into_iter().map(|key| key.0)),
                )
                .all()
                .await?;
            let mut found: HashMap<_, Vec<_>> = HashMap::new();
            for row in rows {
                let of = Categories(row.service_id);
                found.entry(of).or_default().push(row.category);
            }
            found.values_mut().for_each(|codes| codes.sort_unstable());
            Ok(found)
        };
        let found = self.remembered_or(&keys, read).await?;
        Ok(found.into_iter().map(|(of, codes)| (of.0, codes)).collect())
    }

    /// The languages of each of `services`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn service_languages(
        &self,
        services: &[ServiceId],
    ) -> Result<HashMap<ServiceId, Vec<String>>> {
        let keys: Vec<Languages> = services.iter().copied().map(Languages).collect();
        let read = async |missing: Vec<Languages>| {
            let rows = self
                .find::<service_language::Entity>()
                .filter(
                    service_language::Column::ServiceId.is_in(missing.into_iter().map(|key| key.0)),
                )
                .all()
                .await?;
            let mut found: HashMap<_, Vec<_>> = HashMap::new();
            for row in rows {
                let of = Languages(row.service_id);
                found.entry(of).or_default().push(row.language);
            }
            found.values_mut().for_each(|codes| codes.sort_unstable());
            Ok(found)
        };
        let found = self.remembered_or(&keys, read).await?;
        Ok(found.into_iter().map(|(of, codes)| (of.0, codes)).collect())
    }

    /// The capacity of each of `services` that told it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn service_capacities(
        &self,
        services: &[ServiceId],
    ) -> Result<HashMap<ServiceId, service_capacity::Model>> {
        Ok(self
            .find::<service_capacity::Entity>()
            .filter(service_capacity::Column::ServiceId.is_in(services.iter().copied()))
            .all()
            .await?
            .into_iter()
            .map(|capacity| (capacity.service_id, capacity))
            .collect())
    }

    /// Which needs the caller's active services meet, and where.
    pub(super) async fn coverage(&self) -> Result<Vec<Coverage>> {
        let services: Vec<ServiceId> = self
            .find::<service::Entity>()
            .filter(service::Column::OrganizationId.eq(self.viewer().organization()))
            .filter(service::Column::Status.eq(ServiceStatus::Active))
            .all()
            .await?
            .into_iter()
            .map(|service| service.id)
            .collect();
        if services.is_empty() {
            return Ok(Vec::new());
        }
        let categories = self.service_categories(&services).await?;
        let rows = self
            .find::<service_region::Entity>()
            .filter(service_region::Column::ServiceId.is_in(services.iter().copied()))
            .all()
            .await?;
        let mut regions: HashMap<ServiceId, Vec<RegionId>> = HashMap::new();
        for row in rows {
            regions
                .entry(row.service_id)
                .or_default()
                .push(row.region_id);
        }
        let everywhere = self.region_list().await?;
        let everywhere: Vec<RegionId> = everywhere.iter().map(|region| region.id).collect();
        let mut coverage: BTreeMap<NeedCategory, BTreeSet<RegionId>> = BTreeMap::new();
        for (service, categories) in categories {
            let served = regions.get(&service).unwrap_or(&everywhere);
            for category in categories {
                coverage.entry(category).or_default().extend(served);
            }
        }
        Ok(coverage
            .into_iter()
            .map(|(category, regions)| Coverage {
                category,
                regions: regions.into_iter().collect(),
            })
            .collect())
    }
}

fn by_name() -> Order {
    Order {
        field: Field::Name,
        descending: false,
        sort: Some(Expr::col(service::Column::NameEn)),
        id: Expr::col(service::Column::Id),
    }
}

/// Services for a region, or for every region.
fn in_region(region: RegionId) -> Condition {
    Condition::any()
        .add(
            service::Column::Id.in_subquery(service_ids_where::<service_region::Entity>(
                service_region::Column::ServiceId,
                service_region::Column::RegionId.eq(region),
            )),
        )
        .add(
            service::Column::Id.not_in_subquery(service_ids_where::<service_region::Entity>(
                service_region::Column::ServiceId,
                Condition::all(),
            )),
        )
}
