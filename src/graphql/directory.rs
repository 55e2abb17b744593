//! Organizations, services, regions and catchments: what every token with `directory:read` sees.
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entity::{
    CapacityStatus, Language, NeedCategory, OrganizationKind, Role, ServiceStatus, catchment,
    organization, region, service, service_capacity,
};

use super::{
    context::{OrAnswer, Resolver},
    direct::{Later, Plain, Told, Writer},
    eligibility::EligibilityRule,
    loader::{CapacityOf, CategoriesOf, EligibilityRulesOf, LanguagesOf, ServicesOf},
    page::{Connection, List, Page},
    scalar::{Date, DateTime},
};
use crate::store::{
    organization::{self as organizations, role_of},
    page::{Field, Paged},
    service::{self as services},
};

/// The text of a language before the other.
const fn in_order<'t>(language: Language, english: &'t str, french: &'t str) -> (&'t str, &'t str) {
    match language {
        Language::En => (english, french),
        Language::Fr => (french, english),
    }
}

/// Either of two texts, by language; the other where one is missing.
fn in_language(language: Language, english: &str, french: &str) -> String {
    let (wanted, other) = in_order(language, english, french);
    if wanted.is_empty() { other } else { wanted }.to_owned()
}

fn optional_in_language(
    language: Language,
    english: Option<&String>,
    french: Option<&String>,
) -> Option<String> {
    match language {
        Language::En => english.or(french),
        Language::Fr => french.or(english),
    }
    .cloned()
}

/// A region of the ministry.
pub struct Region(pub(super) Arc<region::Model>);

#[Object]
impl Region {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    /// The code by which a ministry token is bound to the region.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The name, in the language of the answer unless another is asked for.
    async fn name(&self, context: &Context<'_>, language: Option<Language>) -> String {
        let language = language.unwrap_or(context.language());
        in_language(language, &self.0.name_en, &self.0.name_fr)
    }

    /// How to reach the ministry's office of the region.
    async fn office(&self) -> Option<RegionOffice> {
        let known = self.0.office_email.is_some() || self.0.office_phone.is_some();
        known.then(|| RegionOffice(self.0.clone()))
    }
}

/// The ministry's office of a region.
pub struct RegionOffice(Arc<region::Model>);

#[Object]
impl RegionOffice {
    async fn email(&self) -> Option<&str> {
        self.0.office_email.as_deref()
    }

    async fn phone(&self) -> Option<&str> {
        self.0.office_phone.as_deref()
    }

    /// When the office is open, in the language of the answer unless another is asked for.
    async fn hours(&self, context: &Context<'_>, language: Option<Language>) -> Option<String> {
        optional_in_language(
            language.unwrap_or(context.language()),
            self.0.office_hours_en.as_ref(),
            self.0.office_hours_fr.as_ref(),
        )
    }
}

/// An area of Integrated Employment Services.
pub struct Catchment(pub(super) Arc<catchment::Model>);

#[Object]
impl Catchment {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The name, in the language of the answer unless another is asked for.
    async fn name(&self, context: &Context<'_>, language: Option<Language>) -> String {
        let language = language.unwrap_or(context.language());
        in_language(language, &self.0.name_en, &self.0.name_fr)
    }

    async fn region(&self, context: &Context<'_>) -> Result<Option<Region>> {
        region_of(context, self.0.region_id).await
    }

    /// The service system manager of the catchment.
    async fn manager(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        organization_of(context, self.0.manager_id).await
    }

    /// The first day on which the catchment stands so.
    async fn valid_from(&self) -> Date {
        Date(self.0.valid_from)
    }

    /// The last day on which it did; null while it still does.
    async fn valid_to(&self) -> Option<Date> {
        self.0.valid_to.map(Date)
    }

    /// Whether a public source confirms the name.
    async fn sourced(&self) -> bool {
        self.0.sourced
    }
}

/// What the directory says and is remembered.
impl Writer<'_> {
    pub(super) fn region(&mut self, id: Option<entity::RegionId>) -> Told {
        self.optional(id, |to, id| {
            let remembered = to.session().region_remembered(id).ok_or(Later)?;
            to.object(&Region(remembered))
        })
    }

    pub(super) fn organization(&mut self, id: Option<entity::OrganizationId>) -> Told {
        self.optional(id, |to, id| {
            let remembered = to.session().organization_remembered(id).ok_or(Later)?;
            to.object(&Organization(remembered))
        })
    }

    pub(super) fn service(&mut self, id: Option<entity::ServiceId>) -> Told {
        self.optional(id, |to, id| {
            let remembered = to.session().service_remembered(id).ok_or(Later)?;
            to.object(&Service(remembered))
        })
    }

    fn text_in(&mut self, english: &str, french: &str) -> Told {
        let (wanted, other) = in_order(self.language(), english, french);
        self.text(if wanted.is_empty() { other } else { wanted })
    }
}

impl Plain for Region {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        match field {
            "id" => to.id(self.0.id),
            "code" => to.text(&self.0.code),
            "name" => to.text_in(&self.0.name_en, &self.0.name_fr),
            _ => Err(Later),
        }
    }
}

impl Plain for Organization {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        match field {
            "id" => to.id(self.0.id),
            "name" => to.text_in(&self.0.name_en, &self.0.name_fr),
            "kind" => to.code(self.0.kind.as_str()),
            "role" => to.code(role_of(self.0.kind).as_str()),
            "active" => to.flag(self.0.active),
            "region" => to.region(self.0.region_id),
            _ => Err(Later),
        }
    }
}

impl Plain for Service {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        match field {
            "id" => to.id(self.0.id),
            "name" => to.text_in(&self.0.name_en, &self.0.name_fr),
            "organization" => to.organization(Some(self.0.organization_id)),
            "categories" => {
                let remembered = to.session().service_categories_remembered(self.0.id);
                to.list(remembered.ok_or(Later)?, |to, code| to.code(code.as_str()))
            }
            "status" => to.code(self.0.status.as_str()),
            "offeredInFrench" => to.flag(self.0.offered_in_french),
            "version" => to.number(self.0.version),
            _ => Err(Later),
        }
    }
}

pub(super) async fn region_of(
    context: &Context<'_>,
    id: Option<entity::RegionId>,
) -> Result<Option<Region>> {
    let Some(id) = id else { return Ok(None) };
    if let Some(remembered) = context.session().region_remembered(id) {
        return Ok(Some(Region(remembered)));
    }
    let found = context.loaders().one(id).await.or_answer(context)?;
    Ok(found.map(Region))
}

pub(super) async fn organization_of(
    context: &Context<'_>,
    id: Option<entity::OrganizationId>,
) -> Result<Option<Organization>> {
    let Some(id) = id else { return Ok(None) };
    if let Some(remembered) = context.session().organization_remembered(id) {
        return Ok(Some(Organization(remembered)));
    }
    let found = context.loaders().one(id).await.or_answer(context)?;
    Ok(found.map(Organization))
}

/// An organization that must be there: a foreign key says so.
pub(super) async fn known_organization(
    context: &Context<'_>,
    id: entity::OrganizationId,
) -> Result<Organization> {
    let found = organization_of(context, Some(id)).await?;
    found.ok_or_else(|| {
        super::context::answer(
            context,
            crate::error::Error::internal("an organization that is referred to is not there"),
        )
    })
}

/// An organization of the network.
pub struct Organization(pub(super) Arc<organization::Model>);

#[Object]
impl Organization {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    /// The name, in the language of the answer unless another is asked for.
    async fn name(&self, context: &Context<'_>, language: Option<Language>) -> String {
        let language = language.unwrap_or(context.language());
        in_language(language, &self.0.name_en, &self.0.name_fr)
    }

    async fn kind(&self) -> OrganizationKind {
        self.0.kind
    }

    /// What the organization may do here; it follows from its kind.
    async fn role(&self) -> Role {
        role_of(self.0.kind)
    }

    /// Tokens of an organization that is not active are refused.
    async fn active(&self) -> bool {
        self.0.active
    }

    async fn region(&self, context: &Context<'_>) -> Result<Option<Region>> {
        region_of(context, self.0.region_id).await
    }

    async fn email(&self) -> Option<&str> {
        self.0.email.as_deref()
    }

    async fn phone(&self) -> Option<&str> {
        self.0.phone.as_deref()
    }

    async fn website(&self) -> Option<&str> {
        self.0.website.as_deref()
    }

    /// Languages in which the organization serves people, ISO 639-3.
    async fn languages(&self) -> &[String] {
        &self.0.languages.0
    }

    /// The organization's services, by name.
    async fn services(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Service>> {
        let page = Page {
            first,
            after,
            last,
            before,
        };
        Box::pin(service_connection_of(context, self.0.id, page)).await
    }
}

/// Services by name, whichever are meant.
fn service_list() -> List {
    List::new("services", Field::Name)
}

async fn service_connection_of(
    context: &Context<'_>,
    organization: entity::OrganizationId,
    page: Page,
) -> Result<Connection<Service>> {
    let list = service_list();
    let slice = list.slice(context, page).or_answer(context)?;
    let loaders = context.loaders();
    let key = ServicesOf(organization, slice, loaders.changes());
    let paged = loaders.one(key).await.or_answer(context)?;
    let paged = paged.unwrap_or_else(Paged::empty);
    Ok(list.connection(context, paged, |row| row.as_ref(), Service))
}

pub(super) async fn service_connection(
    context: &Context<'_>,
    filter: services::Filter,
    page: Page,
) -> Result<Connection<Service>> {
    let list = service_list();
    let slice = list.slice(context, page).or_answer(context)?;
    let paged = context
        .session()
        .service_list(filter, &slice)
        .await
        .or_answer(context)?;
    Ok(list.connection(context, paged, |row| row, |row| Service(Arc::new(row))))
}

pub(super) async fn organization_connection(
    context: &Context<'_>,
    filter: organizations::Filter,
    page: Page,
) -> Result<Connection<Organization>> {
    let list = List::new("organizations", Field::Name);
    let slice = list.slice(context, page).or_answer(context)?;
    let paged = context
        .session()
        .organization_list(filter, &slice)
        .await
        .or_answer(context)?;
    Ok(list.connection(context, paged, |row| row, |row| Organization(Arc::new(row))))
}

/// A service of an organization.
pub struct Service(pub(super) Arc<service::Model>);

#[Object]
impl Service {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    /// The name, in the language of the answer unless another is asked for.
    async fn name(&self, context: &Context<'_>, language: Option<Language>) -> String {
        let language = language.unwrap_or(context.language());
        in_language(language, &self.0.name_en, &self.0.name_fr)
    }

    /// The description, in the language of the answer unless another is asked for.
    async fn description(
        &self,
        context: &Context<'_>,
        language: Option<Language>,
    ) -> Option<String> {
        optional_in_language(
            language.unwrap_or(context.language()),
            self.0.description_en.as_ref(),
            self.0.description_fr.as_ref(),
        )
    }

    async fn organization(&self, context: &Context<'_>) -> Result<Organization> {
        known_organization(context, self.0.organization_id).await
    }

    /// Which needs the service meets.
    async fn categories(&self, context: &Context<'_>) -> Result<Vec<NeedCategory>> {
        if let Some(remembered) = context.session().service_categories_remembered(self.0.id) {
            return Ok(remembered);
        }
        let found = context.loaders().one(CategoriesOf(self.0.id)).await;
        Ok(found.or_answer(context)?.unwrap_or_default())
    }

    async fn status(&self) -> ServiceStatus {
        self.0.status
    }

    /// Languages in which the service is given, ISO 639-3.
    async fn languages(&self, context: &Context<'_>) -> Result<Vec<String>> {
        let found = context.loaders().one(LanguagesOf(self.0.id)).await;
        Ok(found.or_answer(context)?.unwrap_or_default())
    }

    async fn offered_in_french(&self) -> bool {
        self.0.offered_in_french
    }

    /// Whether the service can take one more person; null where that was never said.
    async fn capacity(&self, context: &Context<'_>) -> Result<Option<ServiceCapacity>> {
        let found = context.loaders().one(CapacityOf(self.0.id)).await;
        let now = context.session().now();
        Ok(found
            .or_answer(context)?
            .map(|row| ServiceCapacity::of(row, now)))
    }

    /// What the service asks of whoever is referred to it, now or soon: at most 50, in the order in which it was written.
    /// Not being eligible stops no referral; it is for the sender to know.
    async fn eligibility_rules(&self, context: &Context<'_>) -> Result<Vec<EligibilityRule>> {
        let rules = match context.session().eligibility_rules_remembered(self.0.id) {
            Some(remembered) => remembered,
            None => {
                let found = context.loaders().one(EligibilityRulesOf(self.0.id)).await;
                found.or_answer(context)?.unwrap_or_default()
            }
        };
        Ok(rules.into_iter().map(EligibilityRule::from).collect())
    }

    /// The version to name when the service is saved.
    async fn version(&self) -> i32 {
        self.0.version
    }
}

/// Whether a service can take one more person.
#[derive(SimpleObject)]
pub struct ServiceCapacity {
    status: CapacityStatus,
    /// What is counted: beds, places, appointments.
    unit: String,
    available: Option<i32>,
    maximum: Option<i32>,
    /// How many people wait; null where it is not counted.
    waitlisted: Option<i32>,
    updated_at: DateTime,
    /// Whether it was last said more than 14 days ago.
    stale: bool,
}

impl ServiceCapacity {
    pub(super) fn of(row: service_capacity::Model, now: chrono::DateTime<chrono::Utc>) -> Self {
        const FRESH: chrono::TimeDelta = chrono::TimeDelta::days(14);
        Self {
            status: row.status,
            unit: row.unit,
            available: row.available,
            maximum: row.maximum,
            waitlisted: None,
            updated_at: DateTime(row.updated_at),
            stale: now - row.updated_at > FRESH,
        }
    }
}
