//! Whether the process lives, and whether it can serve. Neither answer tells anything else.
use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::Front;
use super::gateway::Gateway;

/// A gateway that does not say within this time whether it is ready is not.
const READY_TIME: Duration = Duration::from_secs(5);

pub(super) async fn live() -> Response {
    told(StatusCode::OK, r#"{"status":"live"}"#)
}

pub(super) async fn ready<G: Gateway>(State(front): State<Arc<Front<G>>>) -> Response {
    match tokio::time::timeout(READY_TIME, front.gateway.ready()).await {
        Ok(Ok(())) => told(StatusCode::OK, r#"{"status":"ready"}"#),
        Ok(Err(_)) | Err(_) => told(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"notReady"}"#),
    }
}

fn told(status: StatusCode, body: &'static str) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json; charset=utf-8")],
        body,
    )
        .into_response()
}
