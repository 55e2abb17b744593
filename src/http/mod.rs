//! The HTTP front: routes, GraphQL over HTTP, WebSocket and server-sent events, health, pages, and what surrounds every request. It knows media types,
//! statuses and headers; who is calling and what is answered it asks of a [`Gateway`]. It must not know tokens,
//! database rows or types of the schema.
mod answer;
mod frame;
mod gateway;
mod graphql;
mod health;
mod negotiate;
mod operation;
pub mod pages;
mod parameters;
mod serve;
mod settings;
mod socket;
mod stream;
#[cfg(test)]
mod tests;
mod text;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get},
};
use tokio::sync::Semaphore;

use self::answer::Rejection;
pub use self::frame::RequestId;
pub use self::gateway::{AuthRefusal, Gateway, NotReady};
pub use self::serve::serve;
pub use self::settings::{ServeSettings, Settings, Subscriptions};
use crate::graphql::limits::{Code, Documents, Limits};

/// What the handlers share.
struct Front<G> {
    gateway: Arc<G>,
    limits: Limits,
    /// What was read before, under these limits and this schema.
    documents: Documents,
    subscriptions: Subscriptions,
    allowed_origins: Vec<String>,
    /// One for each connection that outlives a request.
    places: Arc<Semaphore>,
}

/// All routes of the front, around one gateway; `assets` are the embedded pages. Routes that are merged with `extra`
/// stand inside the same frame (request id, headers, log).
pub fn router<G: Gateway>(
    gateway: Arc<G>,
    settings: Settings,
    assets: &'static [pages::Asset],
    extra: Router,
) -> Router {
    let front = Arc::new(Front {
        gateway,
        limits: settings.limits.clone(),
        documents: Documents::default(),
        subscriptions: settings.subscriptions.clone(),
        allowed_origins: settings.allowed_origins.clone(),
        places: Arc::new(Semaphore::new(
            settings
                .subscriptions
                .connections
                .min(Semaphore::MAX_PERMITS),
        )),
    });
    Router::new()
        .route("/graphql", any(graphql::handle::<G>))
        .route("/graphql/stream", any(stream::handle::<G>))
        .route("/schema.graphql", get(schema::<G>))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready::<G>))
        .merge(pages::routes(assets))
        .fallback(not_found::<G>)
        .method_not_allowed_fallback(method_not_allowed::<G>)
        .with_state(front)
        .merge(extra)
        .layer(middleware::from_fn_with_state(
            Arc::new(settings),
            frame::frame,
        ))
}

async fn schema<G: Gateway>(State(front): State<Arc<Front<G>>>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, front.gateway.sdl().to_string()).into_response()
}

async fn not_found<G: Gateway>(State(front): State<Arc<Front<G>>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let rejection = Rejection::new(StatusCode::NOT_FOUND, Code::BadUserInput, text::NOT_FOUND);
    graphql::voice(&parts, &front.limits).reject(rejection)
}

async fn method_not_allowed<G: Gateway>(
    State(front): State<Arc<Front<G>>>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    graphql::voice(&parts, &front.limits).reject(graphql::method_not_allowed("GET, HEAD"))
}
