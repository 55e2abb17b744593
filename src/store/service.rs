//! Services with their categories, languages, regions and capacity: public directory data, saved by their own
//! organization.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{
    CapacityStatus, CatchmentId, JournalKind, NeedCategory, OrganizationId, RegionId, ServiceId,
    ServiceStatus, SubjectType, organization_catchment, region, service, service_capacity,
    service_category, service_language, service_region,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::Serialize;

use super::{
    Applied, Change, Readable, Session, Unit, everything,
    journal::Entry,
    organization::{contains_words, searchable},
    page::{Field, Key, Keyed, Order, Paged, Slice, SortValue},
    update::Update,
};
use crate::{
    error::{Problem, Refusal, Result},
    viewer::Viewer,
};

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

/// A service with what stands in tables of its own.
#[derive(Clone, Debug)]
pub struct Whole {
    pub service: service::Model,
    pub categories: Vec<NeedCategory>,
    pub languages: Vec<String>,
    pub capacity: Option<service_capacity::Model>,
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
    /// When the database fails.
    pub async fn service_list(
        &self,
        filter: Filter,
        slice: &Slice,
    ) -> Result<Paged<service::Model>> {
        use service::Column;
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

    /// The services among `ids`, each with its categories, languages and capacity.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn service_list_by_id(&self, ids: &[ServiceId]) -> Result<Vec<service::Model>> {
        self.find::<service::Entity>()
            .filter(service::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await
    }

    /// The categories of each of `services`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn service_categories(
        &self,
        services: &[ServiceId],
    ) -> Result<HashMap<ServiceId, Vec<NeedCategory>>> {
        let rows = self
            .find::<service_category::Entity>()
            .filter(service_category::Column::ServiceId.is_in(services.iter().copied()))
            .all()
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(row.service_id).or_default().push(row.category);
        }
        found.values_mut().for_each(|codes| codes.sort_unstable());
        Ok(found)
    }

    /// The languages of each of `services`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn service_languages(
        &self,
        services: &[ServiceId],
    ) -> Result<HashMap<ServiceId, Vec<String>>> {
        let rows = self
            .find::<service_language::Entity>()
            .filter(service_language::Column::ServiceId.is_in(services.iter().copied()))
            .all()
            .await?;
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            found.entry(row.service_id).or_default().push(row.language);
        }
        found.values_mut().for_each(|codes| codes.sort_unstable());
        Ok(found)
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
        let everywhere: Vec<RegionId> = self
            .find::<region::Entity>()
            .all()
            .await?
            .into_iter()
            .map(|region| region.id)
            .collect();
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
pub(super) fn in_region(region: RegionId) -> Condition {
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

/// Services given in a language, or of which no language is known.
pub(super) fn in_language(language: String) -> Condition {
    Condition::any()
        .add(
            service::Column::Id.in_subquery(service_ids_where::<service_language::Entity>(
                service_language::Column::ServiceId,
                service_language::Column::Language.eq(language),
            )),
        )
        .add(
            service::Column::Id.not_in_subquery(service_ids_where::<service_language::Entity>(
                service_language::Column::ServiceId,
                Condition::all(),
            )),
        )
}

/// `serviceSave`: a new service of the caller's organization, or a change of one.
#[derive(Clone, Debug, Serialize)]
pub struct Save {
    pub id: Option<ServiceId>,
    pub expected_version: Option<i32>,
    pub name_en: Option<String>,
    pub name_fr: Option<String>,
    pub description_en: Update<String>,
    pub description_fr: Update<String>,
    pub categories: Option<Vec<NeedCategory>>,
    pub status: Option<ServiceStatus>,
    pub languages: Option<Vec<String>>,
    pub offered_in_french: Option<bool>,
}

/// A service of which nothing is known yet; its first version is to come.
pub(super) fn blank(organization: OrganizationId, now: DateTime<Utc>) -> service::Model {
    service::Model {
        id: ServiceId(Uuid::now_v7()),
        organization_id: organization,
        name_en: String::new(),
        name_fr: String::new(),
        description_en: None,
        description_fr: None,
        status: ServiceStatus::Active,
        program: None,
        delivery_mode: None,
        offered_in_french: false,
        url: None,
        email: None,
        phone: None,
        eligibility_description: None,
        application_process: None,
        fees_description: None,
        minimum_age: None,
        maximum_age: None,
        search: String::new(),
        hsds_id: None,
        created_at: now,
        updated_at: now,
        version: 0,
    }
}

/// The words by which a service is found.
pub(crate) fn search_words(service: &service::Model) -> String {
    let texts = [
        Some(&service.name_en),
        Some(&service.name_fr),
        service.description_en.as_ref(),
        service.description_fr.as_ref(),
    ];
    searchable(texts.into_iter().flatten().map(String::as_str))
}

impl Save {
    fn check(&self) -> Result<()> {
        let texts: [(&str, Option<&String>, usize); 4] = [
            ("nameEn", self.name_en.as_ref(), 300),
            ("nameFr", self.name_fr.as_ref(), 300),
            ("descriptionEn", self.description_en.value(), 20_000),
            ("descriptionFr", self.description_fr.value(), 20_000),
        ];
        for (field, text, limit) in texts {
            let Some(text) = text else { continue };
            if text.trim().is_empty() {
                return Err(Refusal::at(Problem::Required, field).into());
            }
            if text.chars().count() > limit {
                return Err(Refusal::at(Problem::TooLong { limit }, field).into());
            }
        }
        let languages = self.languages.as_deref().unwrap_or_default();
        if !languages
            .iter()
            .all(|code| super::claimant::is_language(code))
        {
            return Err(Refusal::at(Problem::Invalid, "languages").into());
        }
        if self.id.is_none() && self.name_en.is_none() && self.name_fr.is_none() {
            return Err(Refusal::at(Problem::Required, "nameEn").into());
        }
        Ok(())
    }

    fn fresh(&self, unit: &Unit<'_>) -> service::Model {
        let name = |first: &Option<String>, second: &Option<String>| {
            first.clone().or_else(|| second.clone()).unwrap_or_default()
        };
        service::Model {
            name_en: name(&self.name_en, &self.name_fr),
            name_fr: name(&self.name_fr, &self.name_en),
            ..blank(unit.session.viewer().organization(), unit.session.now)
        }
    }

    async fn current(&self, unit: &Unit<'_>) -> Result<service::Model> {
        let Some(id) = self.id else {
            return Ok(self.fresh(unit));
        };
        let service = unit
            .find::<service::Entity>()
            .filter(service::Column::Id.eq(id))
            .filter(service::Column::OrganizationId.eq(unit.session.viewer().organization()))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        match self.expected_version {
            Some(version) if version != service.version => {
                Err(Refusal::at(Problem::StaleVersion, "expectedVersion")
                    .with_current_version(service.version)
                    .into())
            }
            _ => Ok(service),
        }
    }
}

impl Change for Save {
    const MUTATION: &'static str = "serviceSave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        self.check()?;
        let mut service = self.current(unit).await?;
        let is_new = service.version == 0;
        let (name_en, name_fr) = (service.name_en.clone(), service.name_fr.clone());
        service.name_en = self.name_en.clone().unwrap_or(name_en);
        service.name_fr = self.name_fr.clone().unwrap_or(name_fr);
        self.description_en
            .clone()
            .apply(&mut service.description_en);
        self.description_fr
            .clone()
            .apply(&mut service.description_fr);
        service.status = self.status.unwrap_or(service.status);
        service.offered_in_french = self.offered_in_french.unwrap_or(service.offered_in_french);
        service.search = search_words(&service);
        service.updated_at = unit.session.now;
        let read = service.version;
        service.version += 1;
        let (id, version) = (service.id, service.version);
        let row = service.into_active_model().reset_all();
        if is_new {
            row.insert(&unit.transaction).await?;
        } else {
            let changed = service::Entity::update_many()
                .set(row)
                .filter(service::Column::Id.eq(id))
                .filter(service::Column::Version.eq(read))
                .exec(&unit.transaction)
                .await?;
            if changed.rows_affected != 1 {
                return Err(Refusal::at(Problem::StaleVersion, "expectedVersion").into());
            }
        }
        if let Some(categories) = &self.categories {
            replace_categories(&unit.transaction, id, categories).await?;
        }
        if let Some(languages) = &self.languages {
            replace_languages(&unit.transaction, id, languages).await?;
        }
        let organization = unit.session.viewer().organization();
        unit.record(
            Entry::new(
                JournalKind::ServiceChanged,
                SubjectType::Service,
                id,
                version,
            )
            .told([organization]),
        );
        Ok(Applied::new(id, version))
    }
}

/// Puts these categories in place of those that a service had.
pub(super) async fn replace_categories(
    transaction: &DatabaseTransaction,
    service: ServiceId,
    categories: &[NeedCategory],
) -> Result<()> {
    service_category::Entity::delete_many()
        .filter(service_category::Column::ServiceId.eq(service))
        .exec(transaction)
        .await?;
    let rows: Vec<_> = BTreeSet::from_iter(categories)
        .into_iter()
        .map(|category| service_category::ActiveModel {
            service_id: Set(service),
            category: Set(*category),
        })
        .collect();
    if !rows.is_empty() {
        service_category::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// Puts these languages in place of those that a service had.
pub(super) async fn replace_languages(
    transaction: &DatabaseTransaction,
    service: ServiceId,
    languages: &[String],
) -> Result<()> {
    service_language::Entity::delete_many()
        .filter(service_language::Column::ServiceId.eq(service))
        .exec(transaction)
        .await?;
    let rows: Vec<_> = BTreeSet::from_iter(languages)
        .into_iter()
        .map(|language| service_language::ActiveModel {
            service_id: Set(service),
            language: Set(language.clone()),
        })
        .collect();
    if !rows.is_empty() {
        service_language::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
}

/// `capacitySave`: whether a service of the caller's organization can take one more person.
#[derive(Clone, Debug, Serialize)]
pub struct SaveCapacity {
    pub service: ServiceId,
    pub status: CapacityStatus,
    pub unit: Option<String>,
    pub available: Option<i32>,
    pub maximum: Option<i32>,
}

impl Change for SaveCapacity {
    const MUTATION: &'static str = "capacitySave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        for (field, number) in [("available", self.available), ("maximum", self.maximum)] {
            if number.is_some_and(|number| !(0..=100_000).contains(&number)) {
                let problem = Problem::OutOfRange {
                    from: 0,
                    to: 100_000,
                };
                return Err(Refusal::at(problem, field).into());
            }
        }
        if self
            .unit
            .as_ref()
            .is_some_and(|unit| unit.chars().count() > 100)
        {
            return Err(Refusal::at(Problem::TooLong { limit: 100 }, "unit").into());
        }
        let service = unit
            .find::<service::Entity>()
            .filter(service::Column::Id.eq(self.service))
            .filter(service::Column::OrganizationId.eq(unit.session.viewer().organization()))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "serviceId"))?;
        unit.write_capacity(self).await?;
        Ok(Applied::new(service.id, service.version))
    }
}

impl Unit<'_> {
    /// Writes what is known of a service's capacity now.
    pub(super) async fn write_capacity(&mut self, capacity: &SaveCapacity) -> Result<()> {
        use service_capacity::Column;
        // How many places are free is said anew each time; what is counted, and out of how many, stays.
        let mut said = vec![Column::Status, Column::Available, Column::UpdatedAt];
        said.extend(capacity.unit.as_ref().map(|_| Column::Unit));
        said.extend(capacity.maximum.map(|_| Column::Maximum));
        let row = service_capacity::ActiveModel {
            service_id: Set(capacity.service),
            status: Set(capacity.status),
            unit: Set(capacity.unit.clone().unwrap_or_else(|| "places".to_owned())),
            available: Set(capacity.available),
            maximum: Set(capacity.maximum),
            updated_at: Set(self.session.now),
        };
        service_capacity::Entity::insert(row)
            .on_conflict(
                OnConflict::column(Column::ServiceId)
                    .update_columns(said)
                    .to_owned(),
            )
            .exec_without_returning(&self.transaction)
            .await?;
        let organization = self.session.viewer().organization();
        self.record(
            Entry::new(
                JournalKind::CapacityChanged,
                SubjectType::Service,
                capacity.service,
                0,
            )
            .told([organization]),
        );
        Ok(())
    }
}
