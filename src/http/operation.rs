//! Operations on connections that outlive a request, WebSocket and events alike: how one runs, how long its caller may
//! stay, how many there may be. What is said is the transport's business.
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::parser::types::OperationType;
use axum::http::{HeaderMap, StatusCode, header, request::Parts};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Front,
    answer::{Payload, Rejection, Voice},
    gateway::{AuthRefusal, Gateway},
    graphql,
    serve::Stopping,
    text,
};
use crate::graphql::limits::{Code, Prepared};

/// What one operation says.
#[derive(Debug)]
pub(super) enum Word {
    /// An answer.
    Next(Payload),
    /// Why there is no answer, or no further one. The last.
    Error(Payload),
    /// Its caller may not stay. The last.
    Refused(AuthRefusal),
    /// The last.
    Complete,
}

/// Begins a prepared operation of any kind; each of its answers is read under the caller as it is then.
pub(super) async fn begin<G: Gateway>(
    front: Arc<Front<G>>,
    voice: Voice,
    headers: Arc<HeaderMap>,
    caller: G::Caller,
    prepared: Prepared,
) -> BoxStream<'static, Word> {
    let said = voice.clone();
    let words = match prepared.operation_type {
        OperationType::Subscription => Arc::clone(&front.gateway)
            .subscribe(headers, caller, prepared)
            .await
            .map(move |answer| match answer {
                Ok(response) => word(said.retell_all(response)),
                Err(refusal) => Word::Refused(refusal),
            })
            .left_stream(),
        OperationType::Query | OperationType::Mutation => stream::once(async move {
            let caller = match front.gateway.look_again(&headers, &caller).await {
                Ok(caller) => caller,
                Err(refusal) => return Word::Refused(refusal),
            };
            match graphql::execute(&front, caller, prepared).await {
                Ok(response) => word(said.retell_all(response)),
                Err(late) => Word::Error(said.refusals(vec![late])),
            }
        })
        .right_stream(),
    };
    // A panic of a resolver ends its operation: the connection carries others.
    AssertUnwindSafe(words)
        .catch_unwind()
        .map(move |word| {
            word.unwrap_or_else(|_| {
                tracing::error!("an operation panicked");
                Word::Error(voice.refusals(vec![voice.internal_refusal()]))
            })
        })
        .chain(stream::once(std::future::ready(Word::Complete)))
        .boxed()
}

fn word(payload: Payload) -> Word {
    if payload.data.is_some() {
        Word::Next(payload)
    } else {
        Word::Error(payload)
    }
}

/// A place among the connections.
pub(super) fn place<G>(front: &Front<G>) -> Result<OwnedSemaphorePermit, Rejection> {
    let place = Arc::clone(&front.places).try_acquire_owned();
    place.map_err(|_| {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Rejection::new(status, Code::RateLimited, text::FULL).header(header::RETRY_AFTER, "10")
    })
}

/// Looks whether a caller may stay; how long until the next look.
pub(super) async fn look_again<G: Gateway>(
    front: &Front<G>,
    headers: &HeaderMap,
    caller: &G::Caller,
) -> Result<Duration, AuthRefusal> {
    let run = Duration::from_secs(front.limits.run_seconds);
    let look = front.gateway.look_again(headers, caller);
    let now = tokio::time::timeout(run, look).await;
    let now = now.unwrap_or(Err(AuthRefusal::Unavailable))?;
    Ok(until_next_look(front, &now))
}

/// When the token ends, or sooner.
pub(super) fn until_next_look<G: Gateway>(front: &Front<G>, caller: &G::Caller) -> Duration {
    let left = front.gateway.time_left(caller);
    left.min(front.subscriptions.look_again())
}

/// How a request learns that the process is to stop, where it was served by one.
pub(super) fn stopping(parts: &Parts) -> Option<Stopping> {
    let stopping = parts.extensions.get::<Arc<Stopping>>();
    stopping.map(|stopping| Stopping::clone(stopping))
}

/// Done when the process is to stop.
pub(super) async fn stopped(stopping: &mut Option<Stopping>) {
    match stopping {
        Some(stopping) => stopping.begun().await,
        None => std::future::pending().await,
    }
}
