//! `serviceSave` and `capacitySave`: what an organization says of its own services.
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{
    CapacityStatus, JournalKind, NeedCategory, OrganizationId, ServiceId, ServiceStatus,
    SubjectType, service, service_capacity, service_category, service_language,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, prelude::Uuid, sea_query::OnConflict,
};
use serde::Serialize;

use super::super::{
    Applied, Change, Unit,
    claimant::{check_text, is_language},
    journal::Entry,
    organization::searchable,
    update::Update,
};
use crate::error::{Problem, Refusal, Result};

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
pub(in crate::store) fn blank(organization: OrganizationId, now: DateTime<Utc>) -> service::Model {
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
pub fn search_words(service: &service::Model) -> String {
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
            check_text(text, limit, field)?;
        }
        let languages = self.languages.as_deref().unwrap_or_default();
        if !languages.iter().all(|code| is_language(code)) {
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
            row.insert(&unit.work).await?;
        } else {
            let changed = service::Entity::update_many()
                .set(row)
                .filter(service::Column::Id.eq(id))
                .filter(service::Column::Version.eq(read))
                .exec(&unit.work)
                .await?;
            if changed.rows_affected != 1 {
                return Err(Refusal::at(Problem::StaleVersion, "expectedVersion").into());
            }
        }
        if let Some(categories) = &self.categories {
            replace_categories(&unit.work, id, categories).await?;
        }
        if let Some(languages) = &self.languages {
            replace_languages(&unit.work, id, languages).await?;
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
async fn replace_categories(
    transaction: &impl ConnectionTrait,
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
async fn replace_languages(
    transaction: &impl ConnectionTrait,
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
    pub places: Places,
}

/// What is said of the places of a service.
#[derive(Clone, Debug, Serialize)]
pub struct Places {
    pub status: CapacityStatus,
    pub unit: Option<String>,
    pub available: Option<i32>,
    pub maximum: Option<i32>,
}

impl Places {
    /// Whether there are any, and nothing else.
    pub(in crate::store) const fn only(status: CapacityStatus) -> Self {
        Self {
            status,
            unit: None,
            available: None,
            maximum: None,
        }
    }
}

impl Change for SaveCapacity {
    const MUTATION: &'static str = "capacitySave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let Places {
            available, maximum, ..
        } = self.places;
        for (field, number) in [("available", available), ("maximum", maximum)] {
            if number.is_some_and(|number| !(0..=100_000).contains(&number)) {
                let problem = Problem::OutOfRange {
                    from: 0,
                    to: 100_000,
                };
                return Err(Refusal::at(problem, field).into());
            }
        }
        check_text(self.places.unit.as_ref(), 100, "unit")?;
        let service = unit
            .find::<service::Entity>()
            .filter(service::Column::Id.eq(self.service))
            .filter(service::Column::OrganizationId.eq(unit.session.viewer().organization()))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "serviceId"))?;
        unit.write_capacity([service.id], &self.places).await?;
        Ok(Applied::new(service.id, service.version))
    }
}

impl Unit<'_> {
    /// Writes what is known of the capacity of services now: the same of each.
    pub(in crate::store) async fn write_capacity(
        &mut self,
        services: impl IntoIterator<Item = ServiceId>,
        places: &Places,
    ) -> Result<()> {
        use service_capacity::Column;
        // How many places are free is said anew each time; what is counted, and out of how many, stays.
        let mut said = vec![Column::Status, Column::Available, Column::UpdatedAt];
        said.extend(places.unit.as_ref().map(|_| Column::Unit));
        said.extend(places.maximum.map(|_| Column::Maximum));
        let organization = self.session.viewer().organization();
        let mut rows = Vec::new();
        for service in services {
            rows.push(service_capacity::ActiveModel {
                service_id: Set(service),
                status: Set(places.status),
                unit: Set(places.unit.clone().unwrap_or_else(|| "places".to_owned())),
                available: Set(places.available),
                maximum: Set(places.maximum),
                updated_at: Set(self.session.now),
            });
            let kind = JournalKind::CapacityChanged;
            self.record(Entry::new(kind, SubjectType::Service, service, 0).told([organization]));
        }
        if rows.is_empty() {
            return Ok(());
        }
        service_capacity::Entity::insert_many(rows)
            .on_conflict(
                OnConflict::column(Column::ServiceId)
                    .update_columns(said)
                    .to_owned(),
            )
            .exec_without_returning(&self.work)
            .await?;
        Ok(())
    }
}
