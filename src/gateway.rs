//! The gateway behind the HTTP front: tokens become callers, callers get sessions, sessions answer. It joins the rooms
//! and has no rules of its own.
use std::{sync::Arc, time::Duration};

use async_graphql::{ErrorExtensionValues, Response, ServerError, Value};
use axum::{
    Router,
    http::{HeaderMap, header},
};
use chrono::TimeDelta;
use entity::Language;
use futures_util::{future::BoxFuture, stream::BoxStream};

use self::points::Points;
use crate::{
    auth::{
        self, Authenticated, AuthenticationError, Authenticator, CallerOrganization,
        DirectoryError, OrganizationDirectory, Verifier,
        demo::DemoIssuer,
        scope::{self, Scope},
    },
    clock::Clock,
    config::Config,
    graphql::{
        Api,
        limits::{Code, Limits, MissingScopes, Prepared, SchemaIndex},
    },
    http::{self, AuthRefusal, Gateway, NotReady, pages},
    message,
    store::Store,
};

mod points;
mod stay;

/// What serves requests.
pub struct ClaimantGateway {
    api: Api,
    authenticator: Authenticator,
    store: Store,
    limits: Limits,
    points: Points,
    clock: Clock,
}

/// The organizations of our own tables, for tokens that name one.
struct Directory(Store);

impl OrganizationDirectory for Directory {
    fn organization_by_code<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<CallerOrganization>, DirectoryError>> {
        Box::pin(async move {
            let found = self.0.unscoped_organization_by_code(code).await?;
            Ok(found.map(|row| CallerOrganization {
                id: row.id,
                kind: row.kind,
                active: row.active,
                region: row.region_id,
            }))
        })
    }

    fn region_by_code<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<entity::RegionId>, DirectoryError>> {
        Box::pin(async move { Ok(self.0.unscoped_region_by_code(code).await?) })
    }
}

impl ClaimantGateway {
    /// Joins the parts.
    pub fn new(
        api: Api,
        verifier: Arc<Verifier>,
        store: Store,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        Self {
            api,
            authenticator: Authenticator::new(verifier, Arc::new(Directory(store.clone()))),
            store,
            points: Points::new(limits.points_per_minute),
            limits,
            clock,
        }
    }
}

impl Gateway for ClaimantGateway {
    type Caller = Authenticated;

    async fn authenticate(&self, headers: &HeaderMap) -> Result<Authenticated, AuthRefusal> {
        let language = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        let language: Language = message::negotiate(language);
        self.authenticator
            .authenticate(headers, language)
            .await
            .map_err(|error| match error {
                AuthenticationError::Missing => AuthRefusal::NoToken,
                AuthenticationError::Refused(_) => AuthRefusal::InvalidToken,
                AuthenticationError::ActingSubject => AuthRefusal::BadActingSubject,
                AuthenticationError::Directory(_) => AuthRefusal::Unavailable,
            })
    }

    fn missing_scopes(
        &self,
        caller: &Authenticated,
        type_name: &str,
        field_name: &str,
    ) -> Option<MissingScopes> {
        let requirement = scope::missing(type_name, field_name, caller.caller.scopes)?;
        // Any of the alternatives would do; the first that the caller's role may use at all is the one to ask for.
        let role = caller.caller.viewer.role();
        let usable = |all: &&&[Scope]| all.iter().all(|scope| scope.usable_by(role));
        let wanted = requirement.iter().find(usable).or(requirement.first())?;
        Some(MissingScopes(
            wanted
                .iter()
                .filter(|scope| !caller.caller.scopes.contains(**scope))
                .map(|scope| scope.as_str().to_owned())
                .collect(),
        ))
    }

    fn introspection_is_open(&self, _: &Authenticated) -> bool {
        true
    }

    async fn execute(&self, caller: Authenticated, prepared: Prepared) -> Response {
        let client = (
            caller.caller.viewer.organization(),
            caller.caller.client.clone(),
        );
        if let Err(wait) = self.points.take(client, prepared.cost, self.clock.now()) {
            return slow_down(caller.caller.language, wait);
        }
        let session = self.store.session(caller.caller);
        let cost = Value::Object(
            [("requested", prepared.cost), ("limit", self.limits.cost)]
                .into_iter()
                .map(|(name, value)| (async_graphql::Name::new(name), Value::from(value)))
                .collect(),
        );
        let mut response = Box::pin(self.api.execute(session.clone(), prepared)).await;
        // Nothing that was sealed leaves without a record of who was told.
        if let Err(error) = session.write_disclosures().await {
            tracing::error!(%error, "an answer was withheld");
            response = withheld();
        }
        response.extensions.insert("cost".to_owned(), cost);
        response
    }

    fn time_left(&self, caller: &Authenticated) -> Duration {
        self.time_left(caller)
    }

    async fn look_again(
        &self,
        headers: &HeaderMap,
        before: &Authenticated,
    ) -> Result<Authenticated, AuthRefusal> {
        self.look_again(headers, before).await
    }

    async fn subscribe(
        self: Arc<Self>,
        headers: Arc<HeaderMap>,
        caller: Authenticated,
        prepared: Prepared,
    ) -> BoxStream<'static, Result<Response, AuthRefusal>> {
        self.tell(headers, caller, prepared).await
    }

    fn schema_index(&self) -> &SchemaIndex {
        self.api.index()
    }

    fn sdl(&self) -> Arc<str> {
        self.api.sdl()
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.store.ready().await.map_err(|error| {
            tracing::warn!(%error, "the database does not answer");
            NotReady
        })
    }
}

/// The answer in place of one whose disclosures could not be written down: none of its data, none of its errors.
fn withheld() -> Response {
    let mut error = ServerError::new("internal error", None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", Code::Internal.as_str());
    error.extensions = Some(extensions);
    Response::from_errors(vec![error])
}

/// The answer to a client that has spent its points, with when to come back.
fn slow_down(language: Language, wait: TimeDelta) -> Response {
    let text = match language {
        Language::En => "Too much was asked for in a short time. Wait, and try again.",
        Language::Fr => "Trop de demandes en peu de temps. Attendez, puis réessayez.",
    };
    let seconds = wait.num_seconds() + 1;
    let mut error = ServerError::new(text, None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", Code::RateLimited.as_str());
    extensions.set("limit", "pointsPerMinute");
    extensions.set("retryAfterSeconds", seconds);
    error.extensions = Some(extensions);
    let mut response = Response::from_errors(vec![error]);
    response
        .http_headers
        .insert(header::RETRY_AFTER, seconds.into());
    response
}

/// Why the gateway cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    #[error("the client for issuers of tokens cannot be made")]
    Client(#[from] reqwest::Error),
    #[error("the schema cannot be read")]
    Schema(#[from] async_graphql::parser::Error),
}

/// The whole gateway as one router.
///
/// # Errors
/// When the client for issuers cannot be made.
pub fn router(
    config: &Config,
    store: &Store,
    clock: &Clock,
    issuer: Option<&DemoIssuer>,
    extra: Router,
) -> Result<Router, SetUpError> {
    let client = auth::http_client(&config.auth)?;
    let mut verifier = Verifier::new(&config.auth, &client, clock.clone());
    if let Some(issuer) = issuer {
        verifier = verifier.with_demo(issuer);
    }
    let gateway = ClaimantGateway::new(
        Api::new()?,
        Arc::new(verifier),
        store.clone(),
        config.http.limits.clone(),
        clock.clone(),
    );
    Ok(http::router(
        Arc::new(gateway),
        config.http.clone(),
        pages::graphiql::ASSETS,
        extra,
    ))
}
