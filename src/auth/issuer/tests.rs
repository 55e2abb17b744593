//! Discovery and the keeping of key sets, against a small server on this machine.
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use axum::{Router, extract::State as Given, http::StatusCode, routing::get};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

use super::*;
use crate::{clock::ClockHandle, config::IssuerUrl};

/// What the server says; a test changes it while it runs.
#[derive(Default)]
struct Said {
    status: Mutex<StatusCode>,
    document: Mutex<String>,
    keys: Mutex<String>,
    fetched: AtomicUsize,
}

struct Server {
    address: String,
    said: Arc<Said>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let said = Arc::new(Said::default());
        let router =
            Router::new()
                .route(
                    "/.well-known/openid-configuration",
                    get(|Given(said): Given<Arc<Said>>| async move {
                        said.fetched.fetch_add(1, Ordering::SeqCst);
                        (
                            *said.status.lock().unwrap(),
                            said.document.lock().unwrap().clone(),
                        )
                    }),
                )
                .route(
                    "/keys",
                    get(|Given(said): Given<Arc<Said>>| async move {
                        said.keys.lock().unwrap().clone()
                    }),
                )
                .with_state(Arc::clone(&said));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let server = Self {
            address,
            said,
            task,
        };
        server.publish(&server.address, &format!("{}/keys", server.address));
        server.turn(&["one"]);
        server
    }

    fn publish(&self, issuer: &str, keys: &str) {
        *self.said.document.lock().unwrap() =
            json!({ "issuer": issuer, "jwks_uri": keys }).to_string();
    }

    /// From here on the server publishes new keys under these names.
    fn turn(&self, ids: &[&str]) {
        let keys: Vec<_> = ids
            .iter()
            .map(|id| {
                let pair = Ed25519KeyPair::generate().unwrap();
                let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
                json!({ "kty": "OKP", "crv": "Ed25519", "kid": id, "x": x })
            })
            .collect();
        *self.said.keys.lock().unwrap() = json!({ "keys": keys }).to_string();
    }

    fn answer(&self, status: StatusCode) {
        *self.said.status.lock().unwrap() = status;
    }

    fn fetched(&self) -> usize {
        self.said.fetched.load(Ordering::SeqCst)
    }

    fn issuer(&self) -> (Issuer, ClockHandle) {
        let (clock, handle) = Clock::fixed(DateTime::from_timestamp(1_800_000_000, 0).unwrap());
        let auth = config::Auth::default();
        let settings = config::Issuer {
            issuer: self.address.parse::<IssuerUrl>().unwrap(),
            audience: "claimant-gateway".to_owned(),
            organization_claim: "organization".to_owned(),
            region_claim: "region".to_owned(),
            organizations: None,
        };
        let client = http_client(&auth).unwrap();
        (Issuer::discovered(&settings, &auth, client, clock), handle)
    }
}

async fn ask(issuer: &Issuer, id: &str) -> Result<u64, TokenRefused> {
    let (_, version) = issuer.key(Some(id), Signature::EdDsa).await?;
    Ok(version)
}

#[tokio::test]
async fn a_key_set_is_found_once_and_kept() {
    let server = Server::start().await;
    let (issuer, _) = server.issuer();
    assert_eq!(issuer.version(), None);
    for _ in 0..5 {
        assert_eq!(ask(&issuer, "one").await, Ok(1));
    }
    assert_eq!(server.fetched(), 1);
    assert_eq!(issuer.version(), Some(1));
}

#[tokio::test]
async fn requests_that_come_together_share_one_fetch() {
    let server = Server::start().await;
    let (issuer, _) = server.issuer();
    let answers = futures_util::future::join_all((0..50).map(|_| ask(&issuer, "one"))).await;
    assert!(answers.iter().all(|answer| *answer == Ok(1)), "{answers:?}");
    assert_eq!(server.fetched(), 1);
}

#[tokio::test]
async fn an_unknown_key_makes_the_set_be_fetched_again_but_not_more_often_than_allowed() {
    let server = Server::start().await;
    let (issuer, clock) = server.issuer();
    assert_eq!(ask(&issuer, "one").await, Ok(1));
    server.turn(&["two"]);
    // Too soon: whoever invents key ids must not make us ask the issuer without end.
    for _ in 0..20 {
        assert_eq!(ask(&issuer, "two").await, Err(TokenRefused::KeyUnknown));
    }
    assert_eq!(server.fetched(), 1);
    clock.advance(TimeDelta::seconds(30));
    assert_eq!(ask(&issuer, "two").await, Ok(2));
    assert_eq!(ask(&issuer, "one").await, Err(TokenRefused::KeyUnknown));
    assert_eq!(server.fetched(), 2);
}

#[tokio::test]
async fn an_old_set_is_fetched_again_and_keeps_its_version_when_it_is_the_same() {
    let server = Server::start().await;
    let (issuer, clock) = server.issuer();
    assert_eq!(ask(&issuer, "one").await, Ok(1));
    clock.advance(TimeDelta::seconds(2 * 3_600 + 1));
    assert_eq!(ask(&issuer, "one").await, Ok(1));
    assert_eq!(server.fetched(), 2);
    server.turn(&["one"]);
    clock.advance(TimeDelta::seconds(2 * 3_600 + 1));
    assert_eq!(ask(&issuer, "one").await, Ok(2));
}

#[tokio::test]
async fn a_set_that_is_a_little_old_serves_while_a_newer_one_is_fetched() {
    let server = Server::start().await;
    let (issuer, clock) = server.issuer();
    assert_eq!(ask(&issuer, "one").await, Ok(1));
    server.turn(&["one"]);
    clock.advance(TimeDelta::seconds(3_601));
    assert_eq!(issuer.version(), Some(1));
    let under_way = issuer.keys.lock().under_way.clone();
    assert!(under_way.is_some());
    Keys::wait(under_way).await;
    assert_eq!(issuer.version(), Some(2));
    assert_eq!(server.fetched(), 2);
}

#[tokio::test]
async fn an_old_set_is_used_on_while_the_issuer_is_down() {
    let server = Server::start().await;
    let (issuer, clock) = server.issuer();
    assert_eq!(ask(&issuer, "one").await, Ok(1));
    server.answer(StatusCode::SERVICE_UNAVAILABLE);
    clock.advance(TimeDelta::days(3));
    for _ in 0..5 {
        assert_eq!(ask(&issuer, "one").await, Ok(1));
    }
    assert_eq!(server.fetched(), 2);
    server.answer(StatusCode::OK);
    server.turn(&["one"]);
    clock.advance(TimeDelta::seconds(30));
    assert_eq!(ask(&issuer, "one").await, Ok(2));
}

#[tokio::test]
async fn nothing_is_taken_from_an_issuer_that_is_down_or_says_what_it_should_not() {
    let server = Server::start().await;
    let address = server.address.clone();
    let keys = format!("{address}/keys");
    let wrong: [(&str, &dyn Fn()); 7] = [
        ("down", &|| server.answer(StatusCode::BAD_GATEWAY)),
        ("redirected", &|| server.answer(StatusCode::FOUND)),
        ("another issuer", &|| {
            server.publish(&format!("{address}/"), &keys)
        }),
        ("keys in the open", &|| {
            server.publish(&address, "http://192.0.2.1/keys")
        }),
        ("keys nowhere", &|| server.publish(&address, "keys")),
        ("no key set", &|| {
            *server.said.keys.lock().unwrap() = "{}".to_owned()
        }),
        ("no end", &|| {
            *server.said.keys.lock().unwrap() = " ".repeat(MOST_BYTES + 1)
        }),
    ];
    for (name, make_wrong) in wrong {
        server.answer(StatusCode::OK);
        server.publish(&address, &keys);
        server.turn(&["one"]);
        make_wrong();
        let (issuer, _) = server.issuer();
        assert_eq!(
            ask(&issuer, "one").await,
            Err(TokenRefused::KeysUnavailable),
            "{name}"
        );
    }
    // The same server, when it says what it should, is believed: the refusals above were not for another reason.
    server.answer(StatusCode::OK);
    server.publish(&address, &keys);
    server.turn(&["one"]);
    let (issuer, _) = server.issuer();
    assert_eq!(ask(&issuer, "one").await, Ok(1));
}

#[tokio::test]
async fn an_issuer_that_cannot_be_reached_is_tried_again_later() {
    let server = Server::start().await;
    server.answer(StatusCode::BAD_GATEWAY);
    let (issuer, clock) = server.issuer();
    assert_eq!(
        ask(&issuer, "one").await,
        Err(TokenRefused::KeysUnavailable)
    );
    server.answer(StatusCode::OK);
    assert_eq!(
        ask(&issuer, "one").await,
        Err(TokenRefused::KeysUnavailable)
    );
    assert_eq!(server.fetched(), 1);
    clock.advance(TimeDelta::seconds(30));
    assert_eq!(ask(&issuer, "one").await, Ok(1));
}
