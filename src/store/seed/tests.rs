//! The demo's seed in a real SQLite file, read back through sessions.
use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    ClaimantId, Language, ReferralBox, ReferralId, ReferralOrderField, ReferralPriority,
    ReferralStatus, Role, access_grant, journal_audience, journal_entry, journal_head,
};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, QueryOrder};
use tokio::sync::OnceCell;

use super::*;
use crate::{
    auth::scope::ScopeSet,
    clock::Clock,
    config, demo,
    opaque::Keys,
    store::{
        Database, Session, Settings,
        page::Slice,
        referral::Filter,
        seal::{Place, Wrapped},
    },
    viewer::{Caller, Viewer},
};

fn now() -> DateTime<Utc> {
    "2025-06-11T15:20:00Z".parse().unwrap()
}

struct Filled {
    store: Store,
    seed: &'static Seed,
    _directory: tempfile::TempDir,
}

async fn opened(directory: &tempfile::TempDir) -> Store {
    let path = directory.path().join("demo.db");
    let config = config::Database {
        url: format!("sqlite://{}?mode=rwc", path.display())
            .parse()
            .unwrap(),
        ..Default::default()
    };
    let database = Database::open(&config).await.unwrap();
    let keys = Keys::derive(b"a secret for tests only, 32 byte");
    let (clock, _) = Clock::fixed(now());
    Store::new(database, clock, keys, Settings::default())
}

/// The seed, and the file that it filled: made once, and copied for each test.
async fn made() -> &'static (Seed, Vec<u8>) {
    static MADE: OnceCell<(Seed, Vec<u8>)> = OnceCell::const_new();
    MADE.get_or_init(|| async {
        let directory = tempfile::tempdir().unwrap();
        let store = opened(&directory).await;
        store.database.migrate_up().await.unwrap();
        let seed = demo::generate(demo::SEED, now());
        store.unscoped_seed(&seed).await.unwrap();
        store.database.close().await.unwrap();
        let file = std::fs::read(directory.path().join("demo.db")).unwrap();
        (seed, file)
    })
    .await
}

async fn filled() -> Filled {
    let (seed, file) = made().await;
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("demo.db"), file).unwrap();
    Filled {
        store: opened(&directory).await,
        seed,
        _directory: directory,
    }
}

impl Filled {
    async fn session(&self, code: &str) -> Session {
        let found = self.store.unscoped_organization_by_code(code).await;
        let organization = found.unwrap().unwrap();
        let viewer = match super::super::organization::role_of(organization.kind) {
            Role::Provider => Viewer::Provider {
                organization: organization.id,
                kind: organization.kind,
            },
            Role::SettlementAgency => Viewer::SettlementAgency {
                organization: organization.id,
            },
            Role::Ministry => Viewer::Ministry {
                organization: organization.id,
                region: None,
                oversight: false,
            },
        };
        self.store.session(Caller {
            viewer,
            subject: "test".to_owned(),
            client: "test".to_owned(),
            acting_subject: None,
            scopes: ScopeSet::of_role(viewer.role()),
            language: Language::En,
        })
    }
}

async fn boxed(session: &Session, which: ReferralBox, filter: Filter) -> Vec<referral::Model> {
    let order = (ReferralOrderField::CreatedAt, true);
    let page = session
        .referral_list(which, filter, order, &Slice::first(1_000))
        .await
        .unwrap();
    page.items.into_iter().map(|seen| seen.referral).collect()
}

#[tokio::test]
async fn the_database_holds_what_the_seed_says_and_takes_no_second_one() {
    let filled = filled().await;
    let reader = &filled.store.database.unscoped;
    let backend = reader.get_database_backend();
    let problems = reader
        .query_all_raw(sea_orm::Statement::from_string(
            backend,
            "PRAGMA foreign_key_check",
        ))
        .await
        .unwrap();
    assert!(problems.is_empty());
    let referrals = referral::Entity::find().all(reader).await.unwrap();
    let by_id: HashMap<ReferralId, referral::Model> = referrals
        .into_iter()
        .map(|mut row| {
            let (key, place) = (Wrapped::of(&row), Place::summary(row.id));
            let seal = &filled.store.seal;
            let summary = seal.open_text(key.as_ref(), place, row.summary.as_ref());
            assert_eq!(
                summary.unwrap().as_ref(),
                filled.seed.texts.get(&row.id.0),
                "what is sealed is the text of the seed"
            );
            (row.summary, row.text_key, row.text_master_key) = (None, None, None);
            (row.id, row)
        })
        .collect();
    assert_eq!(by_id.len(), filled.seed.referrals().count());
    assert!(
        filled
            .seed
            .referrals()
            .all(|row| by_id.get(&row.id) == Some(row))
    );
    assert!(filled.store.unscoped_seed(filled.seed).await.is_err());
    let organizations = organization::Entity::find().count(reader).await.unwrap();
    assert_eq!(organizations, 60);
}

#[tokio::test]
async fn the_journal_is_numbered_and_every_history_ends_in_the_status_of_its_referral() {
    let filled = filled().await;
    let reader = &filled.store.database.unscoped;
    let entries = journal_entry::Entity::find()
        .order_by_asc(journal_entry::Column::Position)
        .all(reader)
        .await
        .unwrap();
    let mut last = HashMap::new();
    let mut versions = HashMap::new();
    for (position, entry) in (1..).zip(&entries) {
        assert_eq!(entry.position, Some(position));
        assert!(entry.at <= now());
        if let Some(status) = entry.to_status {
            last.insert(entry.subject_id, status);
        }
        if entry.subject_type == SubjectType::Referral {
            let before = versions.insert(entry.subject_id, entry.subject_version);
            assert!(before.is_none_or(|before| before <= entry.subject_version));
        }
    }
    assert!(entries.is_sorted_by_key(|entry| entry.id));
    for referral in filled.seed.referrals() {
        assert_eq!(last.get(&referral.id.0), Some(&referral.status));
        assert_eq!(versions.get(&referral.id.0), Some(&referral.version));
    }
    let head = journal_head::Entity::find_by_id(1).one(reader).await;
    let head = head.unwrap().unwrap().position;
    assert_eq!(usize::try_from(head).unwrap(), entries.len());
    let left = filled.store.unscoped_number_entries("test").await.unwrap();
    assert_eq!(left, 0, "nothing is left for the sequencer");
    let told: u64 = entries
        .iter()
        .map(|entry| entry.audience.0.len() as u64)
        .sum();
    let audiences = journal_audience::Entity::find().count(reader).await;
    assert_eq!(audiences.unwrap(), told);
}

#[tokio::test]
async fn the_stored_grants_of_each_claimant_are_what_the_domain_says() {
    let filled = filled().await;
    let held = access_grant::Entity::find()
        .count(&filled.store.database.unscoped)
        .await
        .unwrap();
    assert!(held > 1_000, "{held}");
    let mut after = None;
    loop {
        let batch = filled
            .store
            .unscoped_verify_grants(after, false)
            .await
            .unwrap();
        assert_eq!(batch.differences, []);
        after = batch.next;
        if after.is_none() {
            break;
        }
    }
}

#[tokio::test]
async fn each_organization_of_the_demo_finds_something_in_its_boxes() {
    let filled = filled().await;
    let provider = filled.session(demo::PROVIDER).await;
    let inbox = boxed(&provider, ReferralBox::Inbox, Filter::default()).await;
    assert!(inbox.len() >= 60, "{}", inbox.len());
    for status in [
        ReferralStatus::Requested,
        ReferralStatus::Accepted,
        ReferralStatus::InProgress,
        ReferralStatus::OnHold,
        ReferralStatus::Completed,
        ReferralStatus::Failed,
    ] {
        assert!(inbox.iter().any(|row| row.status == status), "{status}");
    }
    let urgent_and_overdue = Filter {
        priority: Some(ReferralPriority::Urgent),
        overdue: Some(true),
        ..Filter::default()
    };
    let overdue = boxed(&provider, ReferralBox::Inbox, urgent_and_overdue).await;
    assert!(overdue.len() >= 3, "{}", overdue.len());
    let open = boxed(&provider, ReferralBox::Open, Filter::default()).await;
    assert!(open.len() >= 15, "{}", open.len());
    assert!(open.iter().all(|row| row.claimant_id.is_none()));

    let agency = filled.session(demo::AGENCY).await;
    let outbox = boxed(&agency, ReferralBox::Outbox, Filter::default()).await;
    assert!(outbox.len() >= 100, "{}", outbox.len());
    for session in [&provider, &agency] {
        let (changes, more) = session.change_list(0, 100).await.unwrap();
        assert!(changes.len() == 100 && more);
    }
    let ministry = filled.session(demo::MINISTRY).await;
    let overseen = boxed(&ministry, ReferralBox::All, Filter::default()).await;
    assert!(overseen.is_empty());
}

#[tokio::test]
async fn sealed_groups_open_and_names_are_found_as_if_they_had_been_registered() {
    let filled = filled().await;
    let agency = filled.session(demo::AGENCY).await;
    let own: Vec<&Person> = filled
        .seed
        .claimants
        .iter()
        .filter(|person| {
            person.claimant.registering_organization_id == agency.caller().viewer.organization()
        })
        .collect();
    assert!(own.len() >= 60);
    let ids: Vec<ClaimantId> = own.iter().map(|person| person.claimant.id).collect();
    let identities = agency.identities(&ids).await.unwrap();
    let contacts = agency.contacts(&ids).await.unwrap();
    let identifiers = agency.identifiers(&ids).await.unwrap();
    let statuses = agency.claim_statuses(&ids).await.unwrap();
    for Person {
        claimant, sealed, ..
    } in &own
    {
        assert_eq!(
            identities.get(&claimant.id).map(|opened| &opened.content),
            sealed.identity.as_ref()
        );
        assert_eq!(
            contacts.get(&claimant.id).map(|opened| &opened.content),
            sealed.contact.as_ref()
        );
        assert_eq!(
            identifiers.get(&claimant.id).map(|opened| &opened.content),
            sealed.identifiers.as_ref()
        );
        assert_eq!(
            statuses.get(&claimant.id).map(|opened| &opened.content),
            sealed.claim_status.as_ref()
        );
    }
    let name_of = |person: &Person| person.sealed.identity.as_ref()?.family_name.clone();
    let family_name = own.iter().find_map(|person| name_of(person)).unwrap();
    let family = own
        .iter()
        .filter(|person| name_of(person).as_ref() == Some(&family_name))
        .count();
    let named = super::super::claimant::Filter {
        text: Some(family_name),
        ..Default::default()
    };
    let found = agency
        .claimant_list(named, &Slice::first(10))
        .await
        .unwrap();
    assert_eq!(found.items.len(), family);

    let provider = filled.session(demo::PROVIDER).await;
    let open_to_provider = provider.identities(&ids).await.unwrap();
    assert!(!open_to_provider.is_empty() && open_to_provider.len() < identities.len());
}

#[test]
fn made_ids_are_version_seven_and_grow_with_time_and_number() {
    let at = now();
    let later = at + TimeDelta::milliseconds(1);
    let ids = [
        id_at(at, 0),
        id_at(at, 1),
        id_at(at, 1 << 31),
        id_at(later, 0),
    ];
    assert!(ids.is_sorted());
    for id in ids {
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(
            id.get_variant(),
            sea_orm::sqlx::types::uuid::Variant::RFC4122
        );
    }
}
