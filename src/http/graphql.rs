//! `/graphql` by POST and GET, as the specification of GraphQL over HTTP and the project's contract have it.
//!
//! The order of refusals: method (405), Accept (406) and content type (415) need no token and come first; then who is
//! calling (401), before one byte of the body is read; then the body (408, 413) and its parameters (400); then the
//! document.
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use async_graphql::parser::types::OperationType;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode, header, request::Parts},
    response::Response,
};
use entity::Language;
use futures_util::FutureExt;

use super::answer::{Rejection, Voice};
use super::gateway::{AuthRefusal, Gateway};
use super::negotiate::{self, MediaType};
use super::parameters::{self, Parameters};
use super::{Front, RequestId, socket, text};
use crate::graphql::Spliced;
use crate::graphql::limits::{self, Code, Limits, MissingScopes, Prepared, Refusal, Rules};

/// What a method asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
}

/// Answers whatever arrives at `/graphql`.
pub(super) async fn handle<G: Gateway>(
    State(front): State<Arc<Front<G>>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let voice = voice(&parts, &front.limits);
    if socket::is_wanted(&parts) {
        let upgraded = socket::upgrade(front, parts, voice.clone()).await;
        return upgraded.unwrap_or_else(|rejection| voice.reject(rejection));
    }
    // A panic of a resolver is an answer like any other: the connection carries other requests.
    let answer = AssertUnwindSafe(answer(&front, &parts, body, voice.clone())).catch_unwind();
    match answer.await {
        Ok(Ok(response)) => response,
        Ok(Err(rejection)) => voice.reject(rejection),
        Err(_) => {
            tracing::error!(request_id = voice.request_id.as_str(), "a request panicked");
            voice.internal()
        }
    }
}

/// How refusals are worded until more is known about the request.
pub(super) fn voice(parts: &Parts, limits: &Limits) -> Voice {
    Voice {
        media_type: negotiate::media_type(&parts.headers).unwrap_or(MediaType::Json),
        language: parts.extensions.get().copied().unwrap_or(Language::En),
        request_id: parts
            .extensions
            .get()
            .cloned()
            .unwrap_or_else(RequestId::new),
        most_errors: limits.errors,
        suggestions: false,
    }
}

async fn answer<G: Gateway>(
    front: &Front<G>,
    parts: &Parts,
    body: Body,
    mut voice: Voice,
) -> Result<Response, Rejection> {
    let verb = check_head(parts)?;
    let caller = authenticate(front, parts, &voice).await?;
    voice.suggestions = front.gateway.introspection_is_open(&caller);
    let parameters = read_parameters(verb, parts, body, &front.limits).await?;
    let allowed = |operation| check_operation(verb, operation);
    let mut prepared = match prepare(front, &caller, parameters, &voice, allowed)? {
        Ok(prepared) => prepared,
        Err(refusals) => return Ok(voice.refuse(refusals)),
    };
    prepared.request = prepared.request.data(Spliced);
    match execute(front, caller, prepared).await {
        Ok(answer) => Ok(voice.answer(answer)),
        Err(late) => Ok(voice.refuse(vec![late])),
    }
}

/// Who sends a request.
pub(super) async fn authenticate<G: Gateway>(
    front: &Front<G>,
    parts: &Parts,
    voice: &Voice,
) -> Result<G::Caller, Rejection> {
    let run = Duration::from_secs(front.limits.run_seconds);
    match tokio::time::timeout(run, front.gateway.authenticate(&parts.headers)).await {
        Ok(Ok(caller)) => Ok(caller),
        Ok(Err(refusal)) => Err(unauthenticated(refusal, voice)),
        Err(_) => Err(unauthenticated(AuthRefusal::Unavailable, voice)),
    }
}

pub(super) async fn read_parameters(
    verb: Verb,
    parts: &Parts,
    body: Body,
    limits: &Limits,
) -> Result<Parameters, Rejection> {
    match verb {
        Verb::Post => {
            let body = parameters::read_body(&parts.headers, body, limits).await?;
            parameters::from_body(&body, limits)
        }
        Verb::Get => parameters::from_query_string(parts.uri.query().unwrap_or_default(), limits),
    }
}

/// Runs a query or a mutation for as long as one may run.
pub(super) async fn execute<G: Gateway>(
    front: &Front<G>,
    caller: G::Caller,
    prepared: Prepared,
) -> Result<async_graphql::Response, Refusal> {
    let run = Duration::from_secs(front.limits.run_seconds);
    tokio::time::timeout(run, front.gateway.execute(caller, prepared))
        .await
        .map_err(|_| Refusal::new(Code::Timeout, text::RUN_LATE))
}

/// From parameters to what can run, for every transport; `allowed` knows the operations that this one takes. The outer
/// error is of the transport, the inner ones are of the document.
pub(super) fn prepare<G: Gateway>(
    front: &Front<G>,
    caller: &G::Caller,
    parameters: Parameters,
    voice: &Voice,
    allowed: impl FnOnce(OperationType) -> Result<(), Rejection>,
) -> Result<Result<Prepared, Vec<Refusal>>, Rejection> {
    let operation_name = parameters.operation_name.as_deref();
    let reading = match limits::read(
        &parameters.query,
        operation_name,
        &front.limits,
        &front.documents,
    ) {
        Ok(reading) => reading,
        Err(refusals) => return Ok(Err(refusals)),
    };
    allowed(reading.operation_type())?;
    let scopes = |type_name: &str, field_name: &str| -> Option<MissingScopes> {
        front.gateway.missing_scopes(caller, type_name, field_name)
    };
    let rules = Rules {
        limits: &front.limits,
        schema: front.gateway.schema_index(),
        scopes: &scopes,
        introspection: front.gateway.introspection_is_open(caller),
    };
    Ok(reading
        .prepare(parameters.variables, &rules)
        .map(|mut prepared| {
            prepared.request = prepared
                .request
                .data(voice.language)
                .data(voice.request_id.clone());
            prepared
        }))
}

/// What can be refused from the head of a request alone.
fn check_head(parts: &Parts) -> Result<Verb, Rejection> {
    let verb = verb_of(parts)?;
    if negotiate::media_type(&parts.headers).is_none() {
        return Err(Rejection::new(
            StatusCode::NOT_ACCEPTABLE,
            Code::BadUserInput,
            text::NOT_ACCEPTABLE,
        ));
    }
    check_body(verb, parts)?;
    Ok(verb)
}

pub(super) fn verb_of(parts: &Parts) -> Result<Verb, Rejection> {
    match parts.method {
        Method::GET => Ok(Verb::Get),
        Method::POST => Ok(Verb::Post),
        _ => Err(method_not_allowed("GET, POST")),
    }
}

pub(super) fn check_body(verb: Verb, parts: &Parts) -> Result<(), Rejection> {
    if verb == Verb::Post && !negotiate::body_is_json(&parts.headers) {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(
            Rejection::new(status, Code::BadUserInput, text::MEDIA_TYPE).header(
                header::HeaderName::from_static("accept-post"),
                "application/json",
            ),
        );
    }
    Ok(())
}

pub(super) fn method_not_allowed(allowed: &'static str) -> Rejection {
    Rejection::new(
        StatusCode::METHOD_NOT_ALLOWED,
        Code::BadUserInput,
        text::METHOD,
    )
    .header(header::ALLOW, allowed)
}

fn check_operation(verb: Verb, operation: OperationType) -> Result<(), Rejection> {
    match (verb, operation) {
        (Verb::Get | Verb::Post, OperationType::Query) | (Verb::Post, OperationType::Mutation) => {
            Ok(())
        }
        (Verb::Get, OperationType::Mutation) => Err(no_mutation_by_get()),
        (Verb::Get | Verb::Post, OperationType::Subscription) => Err(Rejection::new(
            StatusCode::BAD_REQUEST,
            Code::OperationResolutionFailure,
            text::SUBSCRIPTION,
        )),
    }
}

pub(super) fn no_mutation_by_get() -> Rejection {
    Rejection::new(
        StatusCode::METHOD_NOT_ALLOWED,
        Code::BadUserInput,
        text::ONLY_QUERIES_BY_GET,
    )
    .header(header::ALLOW, "POST")
}

/// RFC 6750, section 3: no error is named to those who sent no token.
pub(super) fn unauthenticated(refusal: AuthRefusal, voice: &Voice) -> Rejection {
    let status = StatusCode::UNAUTHORIZED;
    match refusal {
        AuthRefusal::NoToken => Rejection::new(status, Code::Unauthenticated, text::NO_TOKEN)
            .header(
                header::WWW_AUTHENTICATE,
                "Bearer realm=\"claimant-gateway\"",
            ),
        AuthRefusal::InvalidToken => Rejection::new(status, Code::Unauthenticated, text::BAD_TOKEN)
            .header(
                header::WWW_AUTHENTICATE,
                "Bearer realm=\"claimant-gateway\", error=\"invalid_token\"",
            ),
        AuthRefusal::BadActingSubject => Rejection::bad_request(text::BAD_ACTING_SUBJECT),
        AuthRefusal::Unavailable => {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let mut rejection = Rejection::new(status, Code::Internal, text::INTERNAL);
            rejection.refusal = rejection
                .refusal
                .with("requestId", voice.request_id.as_str());
            rejection.header(header::RETRY_AFTER, "5")
        }
    }
}
