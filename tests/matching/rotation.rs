//! Finding a person again, and being sought, while keys rotate.
use claimant_gateway::config::Ring;

use super::{count, finds, pairs, registers, testamira, told};
use crate::common::{app::TestApp, on_both_databases};

on_both_databases! {
    async fn tokens_that_rotate_go_on_finding_people(app: TestApp) {
        let claimant = registers(&app.as_agency(), testamira()).await;
        let ring = Ring { current: "t".to_owned(), keys: [("t".to_owned(), [7; 32])].into() };
        let app = app.sealed_by(Ring::default(), ring);
        let agency = app.as_agency();
        assert_eq!(finds(&agency, testamira()).await.len(), 1, "before its turn comes");
        app.store.unscoped_retoken(&mut |_| {}).await.expect("a rotation");
        assert_eq!(finds(&agency, testamira()).await, [(claimant.clone(), "LIKELY".to_owned())]);
        let later = registers(&agency, testamira()).await;
        app.compares().await;
        let open = pairs(&agency, Some("OPEN")).await;
        assert_eq!((&open[0]["claimant"]["id"], &open[0]["other"]["id"]), (&claimant, &later));
    }

    async fn who_is_sought_while_keys_rotate_is_told_of_afterwards(app: TestApp) {
        let claimant = registers(&app.as_agency(), testamira()).await;
        app.compares().await;
        finds(&app.client("other-agency"), testamira()).await;
        assert_eq!(count(&app, "match_request").await, 1, "it waits");
        let ring = |id: &str, byte: u8| Ring { current: id.to_owned(), keys: [(id.to_owned(), [byte; 32])].into() };
        let app = app.sealed_by(ring("m", 8), ring("t", 7));
        for rotated in [app.store.unscoped_rewrap(&mut |_| {}).await, app.store.unscoped_retoken(&mut |_| {}).await] {
            assert_eq!(rotated.expect("a rotation").failed, 0);
        }
        let status = app.store.unscoped_key_status().await.expect("the status");
        assert_eq!((status.waiting(), status.waiting_tokens(), status.requests["m"]), (0, 0, 1));
        app.compares().await;
        assert_eq!(count(&app, "match_request").await, 0);
        assert_eq!(told(&app.as_agency(), "CLAIMANT_SOUGHT").await, [claimant]);
    }
}
