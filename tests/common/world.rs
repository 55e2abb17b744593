//! The organizations that tests act as, and their services. Plainly synthetic.
use chrono::{DateTime, NaiveDate, Utc};
use entity::{
    CatchmentId, Languages, NeedCategory, OrganizationId, OrganizationKind, RegionId, ServiceId,
    ServiceStatus, catchment, organization, organization_catchment, region, service,
    service_category, service_language, service_region,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseConnection, prelude::Uuid};

/// Two agencies, three providers, the ministry; two regions.
pub struct World {
    pub central: RegionId,
    pub northern: RegionId,
    /// The provider's: EMPLOYMENT and HOUSING, in the Central region, in English and French.
    pub service: ServiceId,
    /// The other provider's: the same.
    pub other_service: ServiceId,
    /// A provider's in the Northern region.
    pub northern_service: ServiceId,
    /// The provider's, not active.
    pub closed_service: ServiceId,
    pub provider: OrganizationId,
    pub agency: OrganizationId,
    pub other_provider: OrganizationId,
    pub far_provider: OrganizationId,
    pub other_agency: OrganizationId,
    pub ministry: OrganizationId,
}

fn start() -> DateTime<Utc> {
    "2025-01-01T12:00:00Z".parse().expect("a time")
}

async fn region(db: &DatabaseConnection, code: &str, name: &str) -> RegionId {
    let id = RegionId(Uuid::now_v7());
    region::ActiveModel {
        id: Set(id),
        code: Set(code.to_owned()),
        name_en: Set(name.to_owned()),
        name_fr: Set(format!("{name} (fr)")),
        office_email: Set(Some("office@example.org".to_owned())),
        office_phone: Set(Some("555-0100".to_owned())),
        office_hours_en: Set(Some("Monday to Friday".to_owned())),
        office_hours_fr: Set(Some("Du lundi au vendredi".to_owned())),
    }
    .insert(db)
    .await
    .expect("a region");
    id
}

async fn organization(
    db: &DatabaseConnection,
    code: &str,
    kind: OrganizationKind,
    region: Option<RegionId>,
    active: bool,
) -> OrganizationId {
    let id = OrganizationId(Uuid::now_v7());
    organization::ActiveModel {
        id: Set(id),
        code: Set(code.to_owned()),
        name_en: Set(format!("Test {code}")),
        name_fr: Set(format!("Essai {code}")),
        kind: Set(kind),
        region_id: Set(region),
        active: Set(active),
        description_en: Set(None),
        description_fr: Set(None),
        email: Set(Some(format!("{code}@example.org"))),
        phone: Set(Some("555-0101".to_owned())),
        website: Set(Some(format!("https://{code}.example.org"))),
        languages: Set(Languages(vec!["eng".to_owned()])),
        search: Set(format!("test essai {code}")),
        hsds_id: Set(None),
        created_at: Set(start()),
        updated_at: Set(start()),
        version: Set(1),
    }
    .insert(db)
    .await
    .expect("an organization");
    id
}

async fn service(
    db: &DatabaseConnection,
    owner: OrganizationId,
    name: &str,
    region: RegionId,
    status: ServiceStatus,
) -> ServiceId {
    let id = ServiceId(Uuid::now_v7());
    service::ActiveModel {
        id: Set(id),
        organization_id: Set(owner),
        name_en: Set(name.to_owned()),
        name_fr: Set(format!("{name} (fr)")),
        description_en: Set(Some(format!("What {name} does"))),
        description_fr: Set(Some(format!("Ce que fait {name}"))),
        status: Set(status),
        program: Set(None),
        delivery_mode: Set(None),
        offered_in_french: Set(true),
        url: Set(None),
        email: Set(None),
        phone: Set(None),
        eligibility_description: Set(None),
        application_process: Set(None),
        fees_description: Set(None),
        minimum_age: Set(None),
        maximum_age: Set(None),
        search: Set(name.to_lowercase()),
        hsds_id: Set(None),
        created_at: Set(start()),
        updated_at: Set(start()),
        version: Set(1),
    }
    .insert(db)
    .await
    .expect("a service");
    for category in [NeedCategory::Employment, NeedCategory::Housing] {
        service_category::ActiveModel {
            service_id: Set(id),
            category: Set(category),
        }
        .insert(db)
        .await
        .expect("a category");
    }
    for language in ["eng", "fra"] {
        service_language::ActiveModel {
            service_id: Set(id),
            language: Set(language.to_owned()),
        }
        .insert(db)
        .await
        .expect("a language");
    }
    service_region::ActiveModel {
        service_id: Set(id),
        region_id: Set(region),
    }
    .insert(db)
    .await
    .expect("a region of a service");
    id
}

impl World {
    /// Fills a migrated database.
    pub async fn create(db: &DatabaseConnection) -> Self {
        use OrganizationKind::{EmploymentService, Housing, Ministry, SettlementAgency};
        let central = region(db, "CENTRAL", "Central").await;
        let northern = region(db, "NORTHERN", "Northern").await;
        let agency = organization(db, "agency", SettlementAgency, Some(central), true).await;
        let other_agency =
            organization(db, "other-agency", SettlementAgency, Some(central), true).await;
        let provider = organization(db, "provider", EmploymentService, Some(central), true).await;
        let other = organization(db, "other-provider", Housing, Some(central), true).await;
        let far = organization(db, "far-provider", EmploymentService, Some(northern), true).await;
        organization(db, "closed", Housing, Some(central), false).await;
        let ministry = organization(db, "ministry", Ministry, None, true).await;
        organization(db, "ministry-north", Ministry, Some(northern), true).await;
        let active = ServiceStatus::Active;
        Self {
            service: service(db, provider, "Job search", central, active).await,
            other_service: service(db, other, "Rooms and jobs", central, active).await,
            northern_service: service(db, far, "Northern jobs", northern, active).await,
            closed_service: service(db, provider, "Closed", central, ServiceStatus::Defunct).await,
            central,
            northern,
            provider,
            agency,
            other_provider: other,
            far_provider: far,
            other_agency,
            ministry,
        }
    }
    /// Puts a catchment of the Central region into the directory, with the provider in it, who manages it.
    pub async fn catchment(
        &self,
        db: &DatabaseConnection,
        code: &str,
        valid_to: Option<NaiveDate>,
    ) -> CatchmentId {
        let id = CatchmentId(Uuid::now_v7());
        catchment::ActiveModel {
            id: Set(id),
            code: Set(code.to_owned()),
            name_en: Set("Test area".to_owned()),
            name_fr: Set("Zone d'essai".to_owned()),
            region_id: Set(Some(self.central)),
            manager_id: Set(Some(self.provider)),
            valid_from: Set(NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day")),
            valid_to: Set(valid_to),
            sourced: Set(false),
        }
        .insert(db)
        .await
        .expect("a catchment");
        organization_catchment::ActiveModel {
            organization_id: Set(self.provider),
            catchment_id: Set(id),
        }
        .insert(db)
        .await
        .expect("an organization in it");
        id
    }

    /// One more settlement agency, that knows nobody yet: `next-agency`.
    pub async fn next_agency(&self, db: &DatabaseConnection) -> OrganizationId {
        let kind = OrganizationKind::SettlementAgency;
        organization(db, "next-agency", kind, Some(self.central), true).await
    }
}
