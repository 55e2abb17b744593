//! Answers in the shape of GraphQL, whatever went wrong: refusals, and what async-graphql returns. It decides statuses
//! and replaces async-graphql's texts, which repeat the request, by fixed ones; it runs nothing.
use std::collections::BTreeMap;

use async_graphql::{ServerError, Value};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use entity::Language;

use super::RequestId;
use super::negotiate::MediaType;
use super::text;
use crate::graphql::{
    limits::{Code, Limit, Refusal, Text},
    write_value,
};

/// What every answer to one request is made with.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) media_type: MediaType,
    pub(super) language: Language,
    pub(super) request_id: RequestId,
    pub(super) most_errors: usize,
    /// Whether names of the schema may be suggested.
    pub(super) suggestions: bool,
}

/// A refusal with its own status, whatever the media type: what is wrong is the HTTP request, not the document.
#[derive(Clone, Debug)]
pub(super) struct Rejection {
    pub(super) status: StatusCode,
    pub(super) refusal: Refusal,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Rejection {
    pub(super) const fn new(status: StatusCode, code: Code, message: Text) -> Self {
        Self {
            status,
            refusal: Refusal::new(code, message),
            headers: Vec::new(),
        }
    }

    pub(super) const fn bad_request(message: Text) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadUserInput, message)
    }

    pub(super) fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.push((name, HeaderValue::from_static(value)));
        self
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            refusal,
            headers: Vec::new(),
        }
    }
}

/// An answer in the shape of GraphQL. One without `data` tells that nothing ran.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) errors: Vec<ServerError>,
    pub(super) data: Option<Value>,
    pub(super) extensions: BTreeMap<String, Value>,
}

impl Payload {
    /// The payload as JSON, with what the schema has written straight in its place.
    fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(4_096);
        out.push(b'{');
        if !self.errors.is_empty() {
            out.extend_from_slice(b"\"errors\":");
            serde_json::to_writer(&mut out, &self.errors)?;
        }
        if let Some(data) = &self.data {
            begin(&mut out, "data")?;
            write_value(&mut out, data)?;
        }
        if !self.extensions.is_empty() {
            begin(&mut out, "extensions")?;
            out.push(b'{');
            for (name, value) in &self.extensions {
                begin(&mut out, name)?;
                write_value(&mut out, value)?;
            }
            out.push(b'}');
        }
        out.push(b'}');
        Ok(out)
    }
}

/// Begins a member of an object, after those that are there.
fn begin(out: &mut Vec<u8>, name: &str) -> serde_json::Result<()> {
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    serde_json::to_writer(&mut *out, name)?;
    out.push(b':');
    Ok(())
}

impl Voice {
    /// The answer to a request that is wrong as HTTP.
    pub(super) fn reject(&self, rejection: Rejection) -> Response {
        let payload = self.refusals(vec![rejection.refusal]);
        let mut response = self.write(rejection.status, &payload);
        response.headers_mut().extend(rejection.headers);
        response
    }

    /// The answer to a request whose document, variables or scopes are wrong. It has no `data`.
    pub(super) fn refuse(&self, refusals: Vec<Refusal>) -> Response {
        self.write_request_errors(&self.refusals(refusals))
    }

    /// What is said when the fault is ours: the request id and nothing else.
    pub(super) fn internal(&self) -> Response {
        self.refuse(vec![self.internal_refusal()])
    }

    /// The answer to an operation that ran, or that async-graphql refused to run.
    pub(super) fn answer(&self, mut answer: async_graphql::Response) -> Response {
        let headers = std::mem::take(&mut answer.http_headers);
        let payload = self.retell_all(answer);
        let mut response = if payload.data.is_some() {
            self.write(StatusCode::OK, &payload)
        } else {
            self.write_request_errors(&payload)
        };
        response.headers_mut().extend(headers);
        response
    }

    /// Refusals as a payload, for any transport.
    pub(super) fn refusals(&self, refusals: Vec<Refusal>) -> Payload {
        let errors = refusals
            .into_iter()
            .take(self.most_errors)
            .map(|refusal| refusal.into_error(self.language));
        Payload {
            errors: errors.collect(),
            data: None,
            extensions: BTreeMap::new(),
        }
    }

    /// What async-graphql answers, in our words, for any transport.
    pub(super) fn retell_all(&self, mut answer: async_graphql::Response) -> Payload {
        // async-graphql writes `data: null` for both kinds of failure; an error of a request has no path.
        let refused = answer.data == Value::Null && !answer.errors.is_empty();
        let is_request_error = refused
            && answer
                .errors
                .iter()
                .all(|error| error.path.is_empty() || is_unfit(error));
        if is_request_error {
            // The order of its maps is random, and the fault of a fragment is found once for each of its uses.
            let place = |error: &ServerError| (error.locations.clone(), error.message.clone());
            answer.errors.sort_by_cached_key(place);
            answer.errors.dedup();
            answer
                .errors
                .iter_mut()
                .for_each(|error| error.path.clear());
        }
        answer.errors.truncate(self.most_errors);
        let errors = answer
            .errors
            .into_iter()
            .map(|error| self.retell(error, is_request_error));
        Payload {
            errors: errors.collect(),
            data: (!is_request_error).then_some(answer.data),
            extensions: answer.extensions,
        }
    }

    fn write_request_errors(&self, payload: &Payload) -> Response {
        let status = status(self.media_type, payload.errors.first().and_then(code_of));
        let mut response = self.write(status, payload);
        if status == StatusCode::FORBIDDEN {
            // RFC 6750, section 3.1.
            let challenge = HeaderValue::from_static("Bearer error=\"insufficient_scope\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn write(&self, status: StatusCode, payload: &Payload) -> Response {
        let (status, body) = match payload.to_json() {
            Ok(body) => (status, body),
            Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, UNWRITABLE.to_vec()),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let content_type = HeaderValue::from_static(self.media_type.content_type());
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        response
    }

    /// An error in our words. One that has a known code was written by the gateway and stays, except for `INTERNAL`.
    fn retell(&self, error: ServerError, is_request_error: bool) -> ServerError {
        let code = code_of(&error);
        let refusal = match code {
            Some(Code::Internal) => self.internal_refusal(),
            Some(_) => return error,
            None if is_unfit(&error) => Refusal::new(Code::BadUserInput, text::ARGUMENT_UNFIT),
            None if is_request_error => self.retell_validation(&error.message),
            None => {
                tracing::error!(
                    request_id = self.request_id.as_str(),
                    "a resolver failed with an error that has no code"
                );
                self.internal_refusal()
            }
        };
        let mut retold = refusal.into_error(self.language);
        retold.locations = error.locations;
        retold.path = error.path;
        retold
    }

    pub(super) fn internal_refusal(&self) -> Refusal {
        Refusal::new(Code::Internal, text::INTERNAL).with("requestId", self.request_id.as_str())
    }

    fn retell_validation(&self, message: &str) -> Refusal {
        if message.starts_with("The recursion depth") {
            // Counted before; this is only reached when the limit was configured above that of async-graphql.
            return Refusal::limit(Limit::Nesting, 32, 33);
        }
        let said = text::VALIDATION
            .iter()
            .find(|(begins, contains, _)| message.starts_with(begins) && message.contains(contains))
            .map_or(text::INVALID, |(_, _, said)| *said);
        let refusal = Refusal::new(Code::GraphqlValidationFailed, said);
        let names = suggestions(message);
        if self.suggestions && !names.is_empty() {
            return refusal.with("suggestions", Value::List(names));
        }
        refusal
    }
}

/// A payload as JSON, for what is sent without a status.
pub(super) fn to_json(payload: &Payload) -> Vec<u8> {
    payload.to_json().unwrap_or_else(|_| UNWRITABLE.to_vec())
}

/// An answer that could not be written as JSON, which no value of GraphQL should be able to cause.
const UNWRITABLE: &[u8] = br#"{"errors":[{"message":"Something went wrong on our side.","extensions":{"code":"INTERNAL"}}]}"#;

/// The names of the schema that async-graphql suggests.
fn suggestions(message: &str) -> Vec<Value> {
    let Some((_, list)) = message.rsplit_once(" Did you mean ") else {
        return Vec::new();
    };
    list.trim_end_matches('?')
        .split(", ")
        .map(|name| Value::from(name.trim_matches('"')))
        .collect()
}

/// Whether an argument could not be read as its type, which async-graphql finds while it runs.
fn is_unfit(error: &ServerError) -> bool {
    code_of(error).is_none()
        && (error.message.starts_with("Failed to parse \"")
            || error.message.starts_with("Expected input type \""))
}

fn code_of(error: &ServerError) -> Option<Code> {
    let Some(Value::String(code)) = error
        .extensions
        .as_ref()
        .and_then(|values| values.get("code"))
    else {
        return None;
    };
    Code::from_text(code)
}

/// GraphQL over HTTP, section 6.4: the status of a request error.
const fn status(media_type: MediaType, code: Option<Code>) -> StatusCode {
    let Some(code) = code else {
        return match media_type {
            MediaType::GraphqlResponse => StatusCode::BAD_REQUEST,
            MediaType::Json => StatusCode::OK,
        };
    };
    match (code, media_type) {
        (Code::Internal, _) => StatusCode::INTERNAL_SERVER_ERROR,
        (Code::Timeout, _) => StatusCode::GATEWAY_TIMEOUT,
        (Code::RateLimited, _) => StatusCode::TOO_MANY_REQUESTS,
        (Code::Unauthenticated, _) => StatusCode::UNAUTHORIZED,
        (Code::Forbidden, MediaType::GraphqlResponse) => StatusCode::FORBIDDEN,
        (
            Code::BadUserInput
            | Code::BadCursor
            | Code::GraphqlParseFailed
            | Code::GraphqlValidationFailed
            | Code::OperationResolutionFailure
            | Code::PersistedQueryNotFound
            | Code::LimitExceeded,
            MediaType::GraphqlResponse,
        ) => StatusCode::BAD_REQUEST,
        (
            Code::Forbidden
            | Code::BadUserInput
            | Code::BadCursor
            | Code::GraphqlParseFailed
            | Code::GraphqlValidationFailed
            | Code::OperationResolutionFailure
            | Code::PersistedQueryNotFound
            | Code::LimitExceeded,
            MediaType::Json,
        ) => StatusCode::OK,
    }
}
