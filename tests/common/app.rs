//! The gateway as its callers meet it: the whole router, on a fresh database, at a fixed time, with the organizations of
//! [`World`]. A test speaks to it as one of them, and never past the API.
use std::{
    ops::Deref,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::{
    auth::{
        demo::{DemoIssuer, TokenRequest},
        scope::{Scope, ScopeSet},
    },
    clock::{Clock, ClockHandle},
    config::{Config, Ring, Secret},
    gateway, http,
    opaque::{Keys, NodeType},
    store::{Database, Seal, Settings, Store},
};
use http_body_util::BodyExt;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{
    Engine, Fresh,
    database::{Template, TestDatabase},
    world::World,
};

pub static MIGRATED: Template = Template::new("migrated", |url: String| {
    Box::pin(async move {
        let database = open(&url).await;
        database.migrate_up().await.expect("the chain applies");
        database.close().await.expect("the database closes");
    })
});

/// Monday, the first of June 2026, ten in the morning in Toronto.
pub fn monday() -> DateTime<Utc> {
    "2026-06-01T14:00:00Z".parse().expect("a time")
}

pub async fn open(url: &str) -> Database {
    let config = claimant_gateway::config::Database {
        url: url.parse().expect("a database URL"),
        ..Default::default()
    };
    Database::open(&config).await.expect("the database opens")
}

/// Opens a database that is to refuse rows itself.
pub async fn open_secured(url: &str) -> Database {
    let config = claimant_gateway::config::Database {
        url: url.parse().expect("a database URL"),
        row_security: true,
        ..Default::default()
    };
    Database::open(&config).await.expect("the database opens")
}
/// The master key of every test.
pub const SECRET: &[u8] = b"a secret of the tests, 32 bytes.";

/// The gateway on a fresh database.
pub struct TestApp {
    pub world: World,
    pub clock: ClockHandle,
    pub store: Store,
    router: Router,
    issuer: DemoIssuer,
    statements: Arc<AtomicUsize>,
    watched: Arc<Mutex<Vec<String>>>,
    time: Clock,
    /// For what no caller is told: a look past the gateway.
    pub database: TestDatabase,
}

impl Fresh for TestApp {
    async fn fresh(engine: Engine) -> Option<Self> {
        Self::fresh_with(engine, |store| store).await
    }
}

impl TestApp {
    /// The gateway on a fresh database, its store changed by `with`.
    pub async fn fresh_with(engine: Engine, with: impl FnOnce(Store) -> Store) -> Option<Self> {
        let fresh = TestDatabase::fresh(engine, &MIGRATED).await?;
        let world = World::create(&fresh.connect().await).await;
        let database = open(&fresh.url).await;
        Some(Self::on(fresh, world, database, with))
    }

    /// The gateway on PostgreSQL with row security, connected as a role that is bound by it.
    pub async fn secured(with: impl FnOnce(Store) -> Store) -> Option<Self> {
        let fresh = TestDatabase::fresh(Engine::Postgres, &MIGRATED).await?;
        let world = World::create(&fresh.connect().await).await;
        let owner = open_secured(&fresh.url).await;
        owner.migrate_up().await.expect("the policies are laid");
        owner.close().await.expect("the database closes");
        let database = open_secured(&fresh.bound_url().await).await;
        Some(Self::on(fresh, world, database, with))
    }

    fn on(
        fresh: TestDatabase,
        world: World,
        mut database: Database,
        with: impl FnOnce(Store) -> Store,
    ) -> Self {
        let statements = Arc::new(AtomicUsize::new(0));
        let watched = Arc::new(Mutex::new(Vec::new()));
        let (counter, log) = (statements.clone(), watched.clone());
        database.observe_statements(move |sql| {
            counter.fetch_add(1, Ordering::Relaxed);
            log.lock()
                .expect("no test panics here")
                .push(sql.to_owned());
        });
        let (time, clock) = Clock::fixed(monday());
        let keys = Keys::derive(SECRET);
        let config = Config::default();
        let store = Store::new(database, time.clone(), keys, Settings::from(&config));
        let store = with(store);
        let issuer =
            DemoIssuer::for_listen(([127, 0, 0, 1], 0).into()).expect("a loopback address");
        let router = gateway::router(&config, &store, &time, Some(&issuer), Router::new())
            .expect("the gateway is put together");
        Self {
            world,
            clock,
            store,
            router,
            issuer,
            statements,
            watched,
            time,
            database: fresh,
        }
    }
}

/// An answer over HTTP.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as it was sent.
    pub text: String,
    /// The body as JSON; null where it is none.
    pub body: Value,
}

impl Deref for Answer {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.body
    }
}

impl Answer {
    /// The data, of an answer without errors.
    pub fn data(&self) -> &Value {
        assert!(self.body.get("errors").is_none(), "{}", self.body);
        &self.body["data"]
    }

    /// The code of the first error.
    pub fn error_code(&self) -> &str {
        self.body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no error: {}", self.body))
    }
}

/// Somebody who calls the gateway.
pub struct Client<'a> {
    app: &'a TestApp,
    token: Option<String>,
    language: &'static str,
    acting_subject: Option<&'static str>,
}

impl TestApp {
    /// The gateway restarted with other keys of seals, on the same database.
    pub fn sealed_by(mut self, masters: Ring, tokens: Ring) -> Self {
        let keys = Keys::derive(SECRET);
        let store = self.store.clone();
        self.store = store.sealed_by(Seal::new(&keys, masters, tokens));
        let (config, issuer) = (Config::default(), Some(&self.issuer));
        self.router = gateway::router(&config, &self.store, &self.time, issuer, Router::new())
            .expect("the gateway is put together");
        self
    }

    /// A worker of an organization, with the scopes of its role.
    pub fn client(&self, organization: &str) -> Client<'_> {
        self.client_with(organization, Scope::ALL.iter().copied().collect())
    }

    /// A worker of an organization, with these scopes.
    pub fn client_with(&self, organization: &str, scopes: ScopeSet) -> Client<'_> {
        self.client_by(&TokenRequest {
            organization: organization.to_owned(),
            scopes,
            subject: format!("worker-of-{organization}"),
            region: None,
            lifetime: TimeDelta::days(400),
        })
    }

    /// Another worker of an organization, with the scopes of its role.
    pub fn client_as(&self, organization: &str, subject: &str) -> Client<'_> {
        self.client_by(&TokenRequest {
            organization: organization.to_owned(),
            scopes: Scope::ALL.iter().copied().collect(),
            subject: subject.to_owned(),
            region: None,
            lifetime: TimeDelta::days(400),
        })
    }

    /// Whoever holds the token of this request.
    pub fn client_by(&self, request: &TokenRequest) -> Client<'_> {
        let token = self.issuer.mint(request, self.time.now()).expect("a token");
        self.client_with_token(token)
    }

    /// Whoever sends this as a token.
    pub fn client_with_token(&self, token: String) -> Client<'_> {
        Client {
            app: self,
            token: Some(token),
            language: "en",
            acting_subject: None,
        }
    }

    pub fn as_agency(&self) -> Client<'_> {
        self.client("agency")
    }

    pub fn as_provider(&self) -> Client<'_> {
        self.client("provider")
    }

    pub fn as_ministry(&self) -> Client<'_> {
        self.client("ministry")
    }

    pub fn anonymous(&self) -> Client<'_> {
        Client {
            app: self,
            token: None,
            language: "en",
            acting_subject: None,
        }
    }

    /// The time that the gateway has.
    pub fn now(&self) -> DateTime<Utc> {
        self.time.now()
    }

    /// The public ids of the services of [`World`].
    pub fn world_services(&self) -> [String; 4] {
        let world = &self.world;
        [
            world.service,
            world.other_service,
            world.northern_service,
            world.closed_service,
        ]
        .map(|id| self.store.keys().id(NodeType::Service, id))
    }

    /// The configuration of a command that works on this gateway's database.
    pub fn config(&self) -> Config {
        let mut config = Config::default();
        config.database.url = self.database.url.parse().expect("a database URL");
        config.secret.key = Some(Secret::new(STANDARD.encode(SECRET)));
        config
    }

    /// Runs a statement past the gateway, as whoever can write to the database could.
    pub async fn tamper(&self, statement: &str) {
        let connection = self.database.connect().await;
        connection
            .execute_unprepared(statement)
            .await
            .expect("the statement runs");
        connection.close().await.expect("the connection closes");
    }

    /// The store of another process on the same database.
    pub async fn other_process(&self) -> Store {
        let database = open(&self.database.url).await;
        let settings = Settings::from(&Config::default());
        Store::new(database, self.time.clone(), Keys::derive(SECRET), settings)
    }

    /// The gateway restarted as one that bypasses row security, on the same database.
    pub async fn past_row_security(mut self) -> Self {
        self.store = self.other_process().await;
        let (config, issuer) = (Config::default(), Some(&self.issuer));
        self.router = gateway::router(&config, &self.store, &self.time, issuer, Router::new())
            .expect("the gateway is put together");
        self
    }

    /// Reads the journal as the follower of the directory does in the background.
    pub async fn follow(&self, position: Option<i64>) -> i64 {
        let followed = self.store.unscoped_follow_directory(position).await;
        followed.expect("the journal is read")
    }

    /// Numbers and links what has been committed, as the sequencer does in the background.
    pub async fn settle(&self) {
        while self
            .store
            .unscoped_number_entries("test")
            .await
            .expect("entries are numbered")
            > 0
        {}
        while self
            .store
            .unscoped_chain("test")
            .await
            .expect("the chain grows")
        {}
    }

    /// Compares who was sought and registered, as the work behind requests does, and settles.
    pub async fn compares(&self) {
        while self
            .store
            .unscoped_match("test")
            .await
            .expect("claimants are compared")
        {}
        self.settle().await;
    }

    /// Fires whatever has come due, turn by turn, as the timers do, and settles; how much the journal was told of, and
    /// how much expired.
    pub async fn fires(&self) -> (usize, usize) {
        let (mut told, mut expired) = (0, 0);
        loop {
            let fired = self.store.unscoped_fire("test").await.expect("timers fire");
            told += fired.told;
            expired += fired.expired;
            if !fired.more {
                self.settle().await;
                return (told, expired);
            }
        }
    }

    /// The statements run since the last call of this.
    pub fn statements(&self) -> usize {
        self.watched.lock().expect("no test panics here").clear();
        self.statements.swap(0, Ordering::Relaxed)
    }

    /// The text of each statement run since the last count.
    pub fn statement_texts(&self) -> Vec<String> {
        self.watched.lock().expect("no test panics here").clone()
    }

    /// The gateway's routes, to be served or asked.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// The gateway's routes with other settings of its front, in the same process.
    pub fn router_with(&self, change: impl FnOnce(&mut http::Settings)) -> Router {
        let mut config = Config::default();
        change(&mut config.http);
        gateway::router(
            &config,
            &self.store,
            &self.time,
            Some(&self.issuer),
            Router::new(),
        )
        .expect("the gateway is put together")
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router answers");
        let status = response.status();
        let headers = response.headers().clone();
        let bytes = response
            .into_body()
            .collect()
            .await
            .expect("the body arrives")
            .to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer {
            status,
            headers,
            text,
            body,
        }
    }
}

impl<'a> Client<'a> {
    pub fn app(&self) -> &'a TestApp {
        self.app
    }

    pub fn in_french(mut self) -> Self {
        self.language = "fr-CA";
        self
    }

    /// On behalf of a worker, as a machine client says it.
    pub fn acting_for(mut self, worker: &'static str) -> Self {
        self.acting_subject = Some(worker);
        self
    }

    /// The token of this caller.
    pub fn token(&self) -> &str {
        self.token.as_deref().expect("a caller with a token")
    }

    pub async fn ask(&self, query: &str, variables: Value) -> Answer {
        let mut request = Request::post("/graphql")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/graphql-response+json")
            .header(header::ACCEPT_LANGUAGE, self.language);
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(worker) = self.acting_subject {
            request = request.header("acting-subject", worker);
        }
        let body = json!({ "query": query, "variables": variables }).to_string();
        let request = request.body(Body::from(body)).expect("a request");
        self.app.send(request).await
    }

    /// A query without variables.
    pub async fn query(&self, query: &str) -> Answer {
        self.ask(query, json!({})).await
    }

    /// Runs a mutation that takes `input` and returns what `selection` says of its payload.
    pub async fn mutate(&self, mutation: &str, input: Value, selection: &str) -> Answer {
        let mut type_name = mutation_input(mutation);
        type_name.push('!');
        let query = format!(
            "mutation($input: {type_name}) {{ {mutation}(input: $input) {{ {selection} userErrors {{ code field message }} }} }}"
        );
        self.ask(&query, json!({ "input": input })).await
    }

    /// A mutation that must succeed; its payload.
    pub async fn done(&self, mutation: &str, input: Value, selection: &str) -> Value {
        let answer = self.mutate(mutation, input, selection).await;
        let payload = answer.data()[mutation].clone();
        assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload}");
        payload
    }

    /// A mutation that must be refused; the code.
    pub async fn refused(&self, mutation: &str, input: Value) -> String {
        let answer = self.mutate(mutation, input, "").await;
        let errors = &answer.data()[mutation]["userErrors"];
        errors[0]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("{mutation} was not refused: {}", answer.body))
            .to_owned()
    }
}

/// The input type of a mutation, as the contract names it.
fn mutation_input(mutation: &str) -> String {
    match mutation {
        "referralSend" | "referralClaim" | "referralAccept" | "referralStart"
        | "referralResume" => "ReferralActionInput".to_owned(),
        "referralDecline" | "referralCancel" | "referralHold" | "referralVoid" => {
            "ReferralReasonInput".to_owned()
        }
        "referralComplete" | "referralFail" => "ReferralCompleteInput".to_owned(),
        "referralSetSubStatus" => "ReferralSubStatusInput".to_owned(),
        _ => {
            let (first, rest) = mutation.split_at(1);
            format!("{}{rest}Input", first.to_uppercase())
        }
    }
}
