//! Whose word counts: the input's, what was said here, or what the operator assumes.
use super::*;

#[tokio::test]
async fn what_the_input_is_silent_about_stays_as_it_is() {
    let here = here().await;
    here.import(&mut fixture("json/service.json"), &Options::default())
        .await;
    let rows = here.rows().await;
    let stub = r#"{"id": "service-1", "name": "Test Service One", "status": "temporarily closed",
        "organization": {"id": "organization-1", "name": "Test Organization One"}}"#;
    let (counts, _) = here.files(&[("service.json", stub)]).await;
    assert_eq!(
        (counts.organizations, counts.services),
        (count(0, 0, 1), count(0, 0, 1))
    );
    let other = services("s-2,organization-1,Two,active\n");
    let (counts, _) = here.files(&[("services.csv", &other)]).await;
    assert_eq!(
        counts.services,
        count(1, 0, 0),
        "of an organization that only the database knows"
    );
    let mut more = rows;
    more[1] += 1;
    more[7] += 1;
    assert_eq!(here.rows().await, more, "the other service is left alone");
}

#[tokio::test]
async fn what_was_said_here_is_not_lost_by_an_import() {
    let here = here().await;
    here.import(&mut fixture("json/service.json"), &Options::default())
        .await;
    let mut service = here.service("service-1").await.into_active_model();
    service.name_fr = Set("Service d’essai un".to_owned());
    service.search = Set("a d essai for made one service test tests un up".to_owned());
    here.save(service).await;
    let mut location = here
        .all::<location::Entity>()
        .await
        .remove(0)
        .into_active_model();
    location.confidential = Set(true);
    here.save(location).await;
    let mut capacity = here
        .all::<service_capacity::Entity>()
        .await
        .remove(0)
        .into_active_model();
    capacity.status = Set(CapacityStatus::Waitlist);
    capacity.available = Set(Some(0));
    capacity.updated_at = Set(start());
    here.save(capacity).await;

    let counts = here
        .import(&mut fixture("json/service.json"), &Options::default())
        .await;
    assert_eq!(
        (
            counts.services.changed,
            counts.locations.changed,
            counts.capacities.changed
        ),
        (0, 0, 0)
    );
    assert_eq!(
        here.service("service-1").await.name_fr,
        "Service d’essai un"
    );
    assert!(here.all::<location::Entity>().await.remove(0).confidential);
    let capacity = here.all::<service_capacity::Entity>().await.remove(0);
    assert_eq!(capacity.status, CapacityStatus::Waitlist);
}

#[tokio::test]
async fn a_capacity_counts_when_it_is_later_than_what_is_known() {
    let here = here().await;
    let service = services("s-1,o-1,One,active\n");
    let at = |hours: i64| (start() + TimeDelta::hours(hours)).to_rfc3339();
    let mut outcomes = Vec::new();
    for (available, updated) in [
        (5, String::new()), // now, since nothing is known: hour 1
        (4, at(0)),
        (3, String::new()),
        (0, at(2)),
        (0, at(2)),
        (7, at(9_999)),
    ] {
        let capacity = format!("id,service_id,available,updated\nc-1,s-1,{available},{updated}\n");
        let files = [
            ("organizations.csv", ORGANIZATIONS),
            ("services.csv", &service),
            ("service_capacity.csv", &capacity),
        ];
        let (counts, _) = here.files(&files).await;
        let known = here.all::<service_capacity::Entity>().await.remove(0);
        outcomes.push((
            counts.capacities.new + counts.capacities.changed,
            known.available,
        ));
    }
    assert_eq!(
        outcomes,
        [
            (1, Some(5)),
            (0, Some(5)),
            (0, Some(5)),
            (1, Some(0)),
            (0, Some(0)),
            (0, Some(0))
        ]
    );
    let known = here.all::<service_capacity::Entity>().await.remove(0);
    assert_eq!(known.status, CapacityStatus::NoCapacity);
    let told = here.told(0).await;
    let capacities = told
        .iter()
        .filter(|(kind, _)| *kind == JournalKind::CapacityChanged);
    assert_eq!(capacities.count(), 2);
}

#[tokio::test]
async fn an_organization_cannot_take_the_code_of_another() {
    let here = here().await;
    here.files(&[("organizations.csv", ORGANIZATIONS)]).await;
    let mut made_here = here.organization("o-1").await.into_active_model();
    made_here.hsds_id = Set(None);
    here.save(made_here).await;
    let service = services("s-1,o-1,One,active\n");
    let (counts, directory) = here
        .files(&[
            (
                "organizations.csv",
                "id,name\no-1,Impostor\no-2,Test Organization Two\n",
            ),
            ("services.csv", &service),
        ])
        .await;
    assert_eq!(
        (counts.organizations, counts.services),
        (count(1, 0, 0), count(0, 0, 0))
    );
    let rejected: Vec<_> = directory.rejected.iter().map(ToString::to_string).collect();
    assert_eq!(
        rejected,
        [
            "organizations.csv, line 2: organization o-1: its id is the code of another organization",
            "services.csv, line 2: service s-1: “organization_id” names an unknown organization, o-1",
        ]
    );
    assert_eq!(here.organization("o-1").await.name_en, "Test Organization");
}

#[tokio::test]
async fn the_kind_of_a_new_organization_follows_from_its_services_where_they_are_plain() {
    let here = here().await;
    let organizations = "id,name\no-1,One\no-2,Two\no-3,Three\n";
    let services =
        services("s-1,o-1,A,active\ns-2,o-1,B,active\ns-3,o-2,C,active\ns-4,o-2,D,active\n");
    let terms = "id,code,name\nt-1,HOUSING,Test\nt-2,FOOD,Test\nt-3,LEGAL,Test\n";
    let attributes = "id,link_id,link_entity,taxonomy_term_id\n\
        1,s-1,service,t-1\n2,s-2,service,t-2\n3,s-3,service,t-1\n4,s-4,service,t-3\n";
    let mut directory = read(&[
        ("organizations.csv", organizations),
        ("services.csv", &services),
        ("taxonomy_terms.csv", terms),
        ("attributes.csv", attributes),
    ]);
    let options = Options {
        kind: OrganizationKind::SettlementAgency,
        ..Options::default()
    };
    here.import(&mut directory, &options).await;
    let mut kinds = Vec::new();
    for id in ["o-1", "o-2", "o-3"] {
        kinds.push(here.organization(id).await.kind);
    }
    let agency = OrganizationKind::SettlementAgency;
    assert_eq!(kinds, [OrganizationKind::Housing, agency, agency]);
}

#[tokio::test]
async fn assumptions_fill_gaps_and_replace_nothing() {
    let here = here().await;
    let mut regions = Vec::new();
    for code in ["EAST", "WEST"] {
        let id = RegionId(Uuid::now_v7());
        let row = region::ActiveModel {
            id: Set(id),
            code: Set(code.to_owned()),
            name_en: Set("Test".to_owned()),
            name_fr: Set("Test".to_owned()),
            ..Default::default()
        };
        row.insert(&here.store.database.writer).await.unwrap();
        regions.push(id);
    }
    let files = [
        ("organizations.csv", ORGANIZATIONS),
        ("services.csv", &services("s-1,o-1,One,active\n")),
    ];
    let (_, directory) = here.files(&files).await;
    let warnings: Vec<_> = directory.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "services.csv, line 2: service s-1: has no need category: a search by category does not find it"
        ]
    );
    for (region, category, changed) in [
        (regions[0], NeedCategory::Food, 1),
        (regions[1], NeedCategory::Legal, 0),
    ] {
        let options = Options {
            region: Some(region),
            categories: vec![category],
            ..Options::default()
        };
        let mut directory = read(&files);
        let counts = here.import(&mut directory, &options).await;
        assert_eq!(
            (counts.organizations.changed, counts.services.changed),
            (changed, changed)
        );
        assert!(directory.warnings.is_empty());
        assert_eq!(here.organization("o-1").await.region_id, Some(regions[0]));
        let categories = here.all::<service_category::Entity>().await;
        assert_eq!(
            categories
                .iter()
                .map(|row| row.category)
                .collect::<Vec<_>>(),
            [NeedCategory::Food]
        );
    }
}
