//! A small province in SQLite, looked at as an operator would.
use super::*;

fn wanted() -> Wanted {
    Wanted {
        referrals: 400,
        seed: 7,
        now: "2026-11-01T12:00:00Z".parse().unwrap(),
    }
}

#[test]
fn the_same_seed_makes_the_same_province() {
    let made = || -> Vec<Seed> { Province::new(7, Scale::of(400), wanted().now).collect() };
    assert_eq!(made(), made());
    let referrals: usize = made().iter().map(|seed| seed.courses.len()).sum();
    assert!((380..=400).contains(&referrals), "{referrals}");
}

#[tokio::test]
async fn what_is_loaded_has_its_grants_and_its_chain() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/bench.sqlite?mode=rwc", folder.path().display());
    let place = Place::new(folder.path(), Some(url)).unwrap();
    run(&place, wanted()).await.unwrap();
    let store = place.open_to_load().await.unwrap();
    let batch = store.unscoped_verify_grants(None, false).await.unwrap();
    assert_eq!((batch.claimants, batch.differences), (80, Vec::new()));
}
