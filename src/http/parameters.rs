//! The parameters of a GraphQL request: read from a body within its limits of size and time, or from a query string.
//! Nothing here knows what a document means.
use std::time::Duration;

use async_graphql::Variables;
use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answer::Rejection;
use super::text;
use crate::graphql::limits::{Code, Limit, Limits, Refusal, scan_json, scan_json_body};

/// What a client may say about an operation (GraphQL over HTTP, section 5.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) query: String,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Variables,
}

/// Reads a body, not one byte further than allowed and not longer.
pub(super) async fn read_body(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Bytes, Rejection> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if let Some(announced) = announced {
        within(limits, announced)?;
    }
    let time = Duration::from_secs(limits.read_seconds);
    match tokio::time::timeout(time, collect(body, limits)).await {
        Ok(read) => read,
        Err(_) => Err(
            Rejection::new(StatusCode::REQUEST_TIMEOUT, Code::Timeout, text::BODY_LATE)
                .header(header::CONNECTION, "close"),
        ),
    }
}

async fn collect(mut body: Body, limits: &Limits) -> Result<Bytes, Rejection> {
    let mut read: Vec<u8> = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Rejection::bad_request(text::BODY_BROKEN))?;
        if let Ok(data) = frame.into_data() {
            within(limits, read.len().saturating_add(data.len()))?;
            read.extend_from_slice(&data);
        }
    }
    Ok(Bytes::from(read))
}

fn within(limits: &Limits, length: usize) -> Result<(), Rejection> {
    Refusal::unless_within(Limit::Body, limits.body_bytes, length).map_err(|refusal| {
        let mut rejection = Rejection::from(refusal).header(header::CONNECTION, "close");
        rejection.status = StatusCode::PAYLOAD_TOO_LARGE;
        rejection
    })
}

/// The parameters in the body of a POST.
pub(super) fn from_body(body: &[u8], limits: &Limits) -> Result<Parameters, Rejection> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(Rejection::bad_request(text::BODY_EMPTY));
    }
    // The parser of JSON recurses, so this comes before it.
    scan_json_body(body, limits.variables_nesting)?;
    let body: Value =
        serde_json::from_slice(body).map_err(|_| Rejection::bad_request(text::BODY_NOT_JSON))?;
    match body {
        Value::Object(members) => from_members(members),
        Value::Array(requests) => {
            Err(Refusal::limit(Limit::Batch, 1, requests.len() as u64).into())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(Rejection::bad_request(text::BODY_NOT_JSON))
        }
    }
}

/// The parameters in an object, however it came.
pub(super) fn from_members(mut members: Map<String, Value>) -> Result<Parameters, Rejection> {
    let extensions = members.remove("extensions");
    let persisted = check_extensions(extensions)?;
    let query = match members.remove("query") {
        Some(Value::String(query)) => query,
        None if persisted => return Err(persisted_query_not_found()),
        _ => return Err(Rejection::bad_request(text::QUERY_MISSING)),
    };
    let operation_name = match members.remove("operationName") {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(Rejection::bad_request(text::OPERATION_NAME_TYPE)),
    };
    Ok(Parameters {
        query,
        operation_name,
        variables: variables(members.remove("variables"))?,
    })
}

/// The parameters in the query string of a GET.
pub(super) fn from_query_string(text: &str, limits: &Limits) -> Result<Parameters, Rejection> {
    let (mut query, mut operation_name, mut variables_text, mut extensions) =
        (None, None, None, None);
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let place = match name.as_ref() {
            "query" => &mut query,
            "operationName" => &mut operation_name,
            "variables" => &mut variables_text,
            "extensions" => &mut extensions,
            _ => continue,
        };
        if place.replace(value.into_owned()).is_some() {
            return Err(Rejection::bad_request(text::PARAMETER_TWICE));
        }
    }
    let persisted = match extensions {
        Some(text) => check_extensions(json(&text, limits, text::EXTENSIONS_TYPE)?)?,
        None => false,
    };
    let variables_json = match variables_text {
        Some(text) => json(&text, limits, text::VARIABLES_TYPE)?,
        None => None,
    };
    let query = match query {
        Some(query) => query,
        None if persisted => return Err(persisted_query_not_found()),
        None => return Err(Rejection::bad_request(text::QUERY_MISSING)),
    };
    Ok(Parameters {
        query,
        // An empty value is how a form leaves a field out.
        operation_name: operation_name.filter(|name| !name.is_empty()),
        variables: variables(variables_json)?,
    })
}

fn json(
    text: &str,
    limits: &Limits,
    otherwise: crate::graphql::limits::Text,
) -> Result<Option<Value>, Rejection> {
    if text.is_empty() {
        return Ok(None);
    }
    scan_json(text.as_bytes(), limits.variables_nesting)?;
    serde_json::from_str(text)
        .map(Some)
        .map_err(|_| Rejection::bad_request(otherwise))
}

fn variables(value: Option<Value>) -> Result<Variables, Rejection> {
    match value {
        None | Some(Value::Null) => Ok(Variables::default()),
        Some(value @ Value::Object(_)) => Ok(Variables::from_json(value)),
        Some(_) => Err(Rejection::bad_request(text::VARIABLES_TYPE)),
    }
}

/// Refuses extensions that are no map; tells whether they ask for a persisted query.
fn check_extensions(extensions: Option<Value>) -> Result<bool, Rejection> {
    match extensions {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Object(members)) => Ok(members.contains_key("persistedQuery")),
        Some(_) => Err(Rejection::bad_request(text::EXTENSIONS_TYPE)),
    }
}

fn persisted_query_not_found() -> Rejection {
    Rejection::new(
        StatusCode::BAD_REQUEST,
        Code::PersistedQueryNotFound,
        text::PERSISTED_QUERY,
    )
}
