//! Imports into an embedded database: what is written, what is left alone, and what the journal is told.
mod precedence;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    CapacityStatus, JournalKind, ServiceStatus, journal_entry, location, organization, region,
    service, service_at_location, service_capacity, service_category, service_language,
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectionTrait, EntityTrait, IntoActiveModel,
    PaginatorTrait, QueryOrder, prelude::Uuid,
};
use tempfile::TempDir;

use super::*;
use crate::{
    clock::{Clock, ClockHandle},
    config::Config,
    exchange::hsds,
    opaque::Keys,
    store::{Database, Settings},
};

struct Here {
    store: Store,
    clock: ClockHandle,
    _folder: TempDir,
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

async fn here() -> Here {
    observed(|_| {}).await
}

async fn observed(observer: impl Fn(&str) + Send + Sync + 'static) -> Here {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::default().database;
    config.url = format!("sqlite://{}/a.db", folder.path().display())
        .parse()
        .unwrap();
    let mut database = Database::open(&config).await.unwrap();
    database.migrate_up().await.unwrap();
    database.observe_statements(observer);
    let (clock, handle) = Clock::fixed(start());
    let keys = Keys::derive(b"a secret for tests only, 32 byte");
    Here {
        store: Store::new(database, clock, keys, Settings::default()),
        clock: handle,
        _folder: folder,
    }
}

impl Here {
    async fn import(&self, directory: &mut Directory, options: &Options) -> Counts {
        let counts = self
            .store
            .unscoped_import(directory, options, &mut |_| {})
            .await;
        counts.unwrap()
    }

    /// Imports files of these names and texts an hour after the last.
    async fn files(&self, files: &[(&str, &str)]) -> (Counts, Directory) {
        self.clock.advance(TimeDelta::hours(1));
        let mut directory = read(files);
        let counts = self.import(&mut directory, &Options::default()).await;
        (counts, directory)
    }

    async fn all<E: EntityTrait>(&self) -> Vec<E::Model> {
        E::find().all(&self.store.database.unscoped).await.unwrap()
    }

    /// How many rows there are in every table that an import writes.
    async fn rows(&self) -> [u64; 8] {
        let reader = &self.store.database.unscoped;
        [
            organization::Entity::find().count(reader).await.unwrap(),
            service::Entity::find().count(reader).await.unwrap(),
            service_category::Entity::find()
                .count(reader)
                .await
                .unwrap(),
            service_language::Entity::find()
                .count(reader)
                .await
                .unwrap(),
            service_capacity::Entity::find()
                .count(reader)
                .await
                .unwrap(),
            location::Entity::find().count(reader).await.unwrap(),
            service_at_location::Entity::find()
                .count(reader)
                .await
                .unwrap(),
            journal_entry::Entity::find().count(reader).await.unwrap(),
        ]
    }

    async fn organization(&self, id: &str) -> organization::Model {
        let all = self.all::<organization::Entity>().await;
        all.into_iter().find(|row| row.code == id).unwrap()
    }

    async fn service(&self, id: &str) -> service::Model {
        let all = self.all::<service::Entity>().await;
        all.into_iter()
            .find(|row| row.hsds_id.as_deref() == Some(id))
            .unwrap()
    }

    /// The kinds of the journal's entries from `start` on, each with the version of its subject.
    async fn told(&self, start: usize) -> Vec<(JournalKind, i32)> {
        let entries = journal_entry::Entity::find()
            .order_by_asc(journal_entry::Column::Id)
            .all(&self.store.database.unscoped)
            .await
            .unwrap();
        entries
            .iter()
            .skip(start)
            .map(|entry| (entry.kind, entry.subject_version))
            .collect()
    }

    async fn save<A>(&self, row: A)
    where
        A: ActiveModelTrait + sea_orm::ActiveModelBehavior + Send,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        row.reset_all()
            .update(&self.store.database.writer)
            .await
            .unwrap();
    }
}

fn fixture(name: &str) -> Directory {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hsds");
    hsds::read(&path.join(name), &mut |_| {}).unwrap()
}

fn read(files: &[(&str, &str)]) -> Directory {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    hsds::read(folder.path(), &mut |_| {}).unwrap()
}

const ORGANIZATIONS: &str = "id,name\no-1,Test Organization\n";

fn services(rows: &str) -> String {
    format!("id,organization_id,name,status\n{rows}")
}

const fn count(new: u64, changed: u64, unchanged: u64) -> Count {
    Count {
        new,
        changed,
        unchanged,
    }
}

#[tokio::test]
async fn a_directory_is_written_with_all_that_belongs_to_it() {
    let here = here().await;
    let counts = here
        .import(&mut fixture("json/service.json"), &Options::default())
        .await;
    let one = count(1, 0, 0);
    assert_eq!(
        counts,
        Counts {
            organizations: one,
            services: one,
            capacities: one,
            locations: one,
            services_at_locations: one
        }
    );
    let organization = here.organization("organization-1").await;
    assert_eq!(organization.name_fr, "Test Organization One");
    assert_eq!(organization.phone.as_deref(), Some("555-0102 x7"));
    assert_eq!(organization.search, "one organization test");
    assert!(organization.active);
    assert_eq!(
        (organization.version, organization.created_at),
        (1, start())
    );
    let service = here.service("service-1").await;
    assert_eq!(service.organization_id, organization.id);
    assert_eq!(service.status, ServiceStatus::TemporarilyClosed);
    assert_eq!(
        (service.minimum_age, service.maximum_age),
        (Some(16), Some(65))
    );
    assert!(service.offered_in_french && service.search.contains("tests"));
    let capacity = here.all::<service_capacity::Entity>().await.remove(0);
    assert_eq!(
        (capacity.status, capacity.available),
        (CapacityStatus::Capacity, Some(4))
    );
    let location = here.all::<location::Entity>().await.remove(0);
    assert_eq!(location.address_line_1.as_deref(), Some("1 Test Street"));
    assert_eq!(
        (location.latitude, location.longitude),
        (Some(45.5), Some(-75.5))
    );
    let at = here.all::<service_at_location::Entity>().await.remove(0);
    assert_eq!((at.service_id, at.location_id), (service.id, location.id));
}

#[tokio::test]
async fn the_same_input_twice_leaves_no_duplicate_no_version_and_no_word_in_the_journal() {
    for name in ["json", "package"] {
        let here = here().await;
        let first = here.import(&mut fixture(name), &Options::default()).await;
        let (rows, organizations) = (here.rows().await, here.all::<organization::Entity>().await);
        let services = here.all::<service::Entity>().await;
        here.clock.advance(TimeDelta::days(1));
        let second = here.import(&mut fixture(name), &Options::default()).await;
        let again = |first: Count| count(0, 0, first.new);
        assert_eq!(
            second,
            Counts {
                organizations: again(first.organizations),
                services: again(first.services),
                capacities: again(first.capacities),
                locations: again(first.locations),
                services_at_locations: again(first.services_at_locations),
            }
        );
        assert!(first.organizations.new > 1 && first.services.new > 1 && first.capacities.new > 0);
        assert_eq!(here.rows().await, rows);
        assert_eq!(here.all::<organization::Entity>().await, organizations);
        assert_eq!(here.all::<service::Entity>().await, services);
    }
}

#[tokio::test]
async fn a_change_moves_the_version_of_what_changed_and_the_journal_tells_of_nothing_else() {
    let here = here().await;
    let two = services("s-1,o-1,One,active\ns-2,o-1,Two,active\n");
    here.files(&[("organizations.csv", ORGANIZATIONS), ("services.csv", &two)])
        .await;
    let before = here.told(0).await.len();
    assert_eq!(before, 3);
    let changed = services("s-1,o-1,One,active\ns-2,o-1,Two Renamed,inactive\n");
    let (counts, _) = here
        .files(&[
            ("organizations.csv", ORGANIZATIONS),
            ("services.csv", &changed),
        ])
        .await;
    assert_eq!(counts.organizations, count(0, 0, 1));
    assert_eq!(counts.services, count(0, 1, 1));
    assert_eq!(here.told(before).await, [(JournalKind::ServiceChanged, 2)]);
    let service = here.service("s-2").await;
    assert_eq!(
        (service.name_en.as_str(), service.name_fr.as_str()),
        ("Two Renamed", "Two Renamed")
    );
    assert_eq!(
        (service.status, service.version),
        (ServiceStatus::Inactive, 2)
    );
    assert_eq!(service.search, "renamed two");
    assert_eq!(service.updated_at - service.created_at, TimeDelta::hours(1));
    let entry = here.all::<journal_entry::Entity>().await.pop().unwrap();
    assert_eq!(
        (entry.actor.as_str(), entry.organization_id),
        ("operator", None)
    );
    assert_eq!(entry.audience.0, [service.organization_id.0]);
}

#[tokio::test]
async fn a_changed_location_is_told_by_its_organization() {
    let here = here().await;
    let located = |city: &str| format!("location_id,address_1,city\nl-1,1 Test Street,{city}\n");
    let locations = "id,organization_id,name,location_type\nl-1,o-1,Test,physical\n";
    for (city, new) in [("Testville", true), ("Testburg", false)] {
        let before = here.told(0).await.len();
        let (counts, _) = here
            .files(&[
                ("organizations.csv", ORGANIZATIONS),
                ("locations.csv", locations),
                ("addresses.csv", &located(city)),
            ])
            .await;
        assert_eq!(
            counts.locations,
            if new { count(1, 0, 0) } else { count(0, 1, 0) }
        );
        assert_eq!(
            here.told(before).await,
            [(JournalKind::DirectoryImported, 1)]
        );
    }
}

#[tokio::test]
async fn strictness_and_a_dry_run_write_nothing() {
    let here = here().await;
    let strict = Options {
        strict: true,
        ..Options::default()
    };
    let mut directory = fixture("package");
    directory.rejected.clear();
    let counts = here.import(&mut directory, &strict).await;
    assert_eq!(counts, Counts::default());
    assert!(
        directory.first_problem().is_some(),
        "a reference that leads nowhere"
    );
    assert_eq!(here.rows().await, [0; 8]);

    let dry = Options {
        dry_run: true,
        ..Options::default()
    };
    let counts = here.import(&mut fixture("package"), &dry).await;
    assert_eq!(here.rows().await, [0; 8]);
    assert_eq!(
        counts,
        rehearse(&mut fixture("package"), &dry, start()).unwrap()
    );
    let written = here
        .import(&mut fixture("package"), &Options::default())
        .await;
    assert_eq!(counts, written);
    assert_ne!(here.rows().await, [0; 8]);
}

#[tokio::test]
async fn a_run_that_fails_leaves_nothing() {
    let here = here().await;
    let trigger =
        "CREATE TRIGGER fail BEFORE INSERT ON journal_entry BEGIN SELECT RAISE(ABORT, 'no'); END";
    let writer = &here.store.database.writer;
    writer.execute_unprepared(trigger).await.unwrap();
    let mut directory = fixture("package");
    let options = Options::default();
    let failed = here
        .store
        .unscoped_import(&mut directory, &options, &mut |_| {})
        .await;
    assert!(failed.is_err());
    assert_eq!(here.rows().await, [0; 8]);
    writer
        .execute_unprepared("DROP TRIGGER fail")
        .await
        .unwrap();
    here.import(&mut directory, &options).await;
    assert_ne!(here.rows().await, [0; 8]);
}

#[tokio::test]
async fn services_may_change_places_and_none_is_at_a_place_twice() {
    let here = here().await;
    let services = services("s-1,o-1,One,active\ns-2,o-1,Two,active\n");
    let locations =
        "id,organization_id,name,location_type\nl-1,o-1,A,physical\nl-2,o-1,B,physical\n";
    let mut outcomes = Vec::new();
    for at in [
        "a-1,s-1,l-1\na-2,s-1,l-2\n",
        "a-1,s-1,l-2\na-2,s-1,l-1\n",
        "a-3,s-1,l-1\na-4,s-2,l-2\na-5,s-2,l-2\n",
        "a-2,s-1,l-2\n",
    ] {
        let at = format!("id,service_id,location_id\n{at}");
        let files = [
            ("organizations.csv", ORGANIZATIONS),
            ("services.csv", &services),
            ("locations.csv", locations),
            ("service_at_location.csv", &at),
        ];
        let (first, directory) = here.files(&files).await;
        let same_place = left_out(&directory);
        let (second, _) = here.files(&files).await;
        assert_eq!(
            (
                second.services_at_locations.new,
                second.services_at_locations.changed
            ),
            (0, 0)
        );
        let rows = here.all::<service_at_location::Entity>().await.len();
        outcomes.push((first.services_at_locations, same_place, rows));
    }
    assert_eq!(
        outcomes,
        [
            (count(2, 0, 0), 0, 2),
            (count(0, 2, 0), 0, 2),
            (count(1, 0, 1), 1, 3),
            (count(0, 1, 0), 1, 2),
        ]
    );
}

/// How many records were left out since another says the same place.
fn left_out(directory: &Directory) -> usize {
    let reason = hsds::WarningReason::SamePlace;
    let warnings = directory.warnings.iter();
    warnings.filter(|warning| warning.reason == reason).count()
}

#[tokio::test]
async fn more_rows_take_no_more_statements() {
    let mut statements = Vec::new();
    for rows in [10, 400] {
        let counter = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&counter);
        let here = observed(move |_| {
            counting.fetch_add(1, Ordering::SeqCst);
        })
        .await;
        let lines = |line: &dyn Fn(usize) -> String| (0..rows).map(line).collect::<String>();
        let services = services(&lines(&|row| format!("s-{row},o-1,Test {row},active\n")));
        let locations = lines(&|row| format!("l-{row},o-1,Test {row},physical\n"));
        let at = lines(&|row| format!("a-{row},s-{row},l-{row}\n"));
        let files = [
            ("organizations.csv", ORGANIZATIONS),
            ("services.csv", &services),
            (
                "locations.csv",
                &format!("id,organization_id,name,location_type\n{locations}"),
            ),
            (
                "service_at_location.csv",
                &format!("id,service_id,location_id\n{at}"),
            ),
        ];
        let mut directory = read(&files);
        let mut told = Vec::new();
        let counts = here
            .store
            .unscoped_import(&mut directory, &Options::default(), &mut |written| {
                told.push(written)
            })
            .await
            .unwrap();
        assert_eq!(counts.services.new, rows as u64);
        let last = told.last().unwrap();
        assert_eq!((last.done, last.total), (1 + 3 * rows, 1 + 3 * rows));
        statements.push(counter.load(Ordering::SeqCst));
    }
    assert!(statements[0] > 8, "statements are counted: {statements:?}");
    assert_eq!(statements[0], statements[1]);
}
