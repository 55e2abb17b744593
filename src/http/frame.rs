//! What surrounds every request: its id, its place in a trace, its language, the headers of its answer, the list of
//! origins that may read it, and one line of log. The line tells method, route, status, time and id; never a query
//! string, a body, a token or a variable.
use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::Response,
};
use entity::Language;
use futures_util::FutureExt;
use tracing::{Instrument, Span, field};
use uuid::Uuid;

use super::answer::Voice;
use super::negotiate::{self, MediaType};
use super::settings::Settings;

/// The id of a request, as `x-request-id` tells it: the caller's own where it is sane, else a new UUIDv7.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(Arc<str>);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 64;

impl RequestId {
    pub(super) fn new() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(headers: &HeaderMap) -> Self {
        headers
            .get(REQUEST_ID)
            .and_then(|id| id.to_str().ok())
            .filter(|id| (1..=LONGEST_REQUEST_ID).contains(&id.len()))
            .filter(|id| {
                id.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
            })
            .map_or_else(Self::new, |id| Self(id.into()))
    }
}

/// The middleware around all routes.
pub(super) async fn frame(
    State(settings): State<Arc<Settings>>,
    mut request: Request,
    next: Next,
) -> Response {
    let started = Instant::now();
    let request_id = RequestId::of(request.headers());
    let language = negotiate::language(request.headers());
    let origin = allowed_origin(request.headers(), &settings);
    let span = span(&request_id, request.headers());
    let method = known_method(request.method());
    // The route, not the path: what nobody serves may hold anything.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |path| path.as_str().to_owned());
    let preflight = origin.is_some() && is_preflight(&request);
    request.extensions_mut().insert(request_id.clone());
    request.extensions_mut().insert(language);
    let mut response = if preflight {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        let voice = Voice {
            media_type: MediaType::Json,
            language,
            request_id: request_id.clone(),
            most_errors: settings.limits.errors,
            suggestions: false,
        };
        let run = AssertUnwindSafe(next.run(request)).catch_unwind();
        run.instrument(span.clone())
            .await
            .unwrap_or_else(|_| voice.internal())
    };
    set_headers(response.headers_mut(), &request_id, language, &settings);
    if let Some(origin) = origin {
        share(response.headers_mut(), origin, preflight);
    }
    tracing::info!(
        parent: &span,
        method,
        path = route,
        status = response.status().as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        request_id = request_id.as_str(),
        "request"
    );
    response
}

fn known_method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}

fn span(request_id: &RequestId, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        "request",
        request_id = request_id.as_str(),
        trace_id = field::Empty,
        parent_id = field::Empty
    );
    if let Some((trace, parent)) = headers.get("traceparent").and_then(trace_parent) {
        span.record("trace_id", trace);
        span.record("parent_id", parent);
    }
    span
}

/// The trace and the parent that a caller names (W3C Trace Context, section 3.2); none is invented.
fn trace_parent(value: &HeaderValue) -> Option<(&str, &str)> {
    let mut pieces = value.to_str().ok()?.split('-');
    let (version, trace, parent, flags) = (
        pieces.next()?,
        pieces.next()?,
        pieces.next()?,
        pieces.next()?,
    );
    let is_hex = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let known_end = version != "00" || pieces.next().is_none();
    let sane = is_hex(version, 2)
        && version != "ff"
        && is_hex(trace, 32)
        && is_hex(parent, 16)
        && is_hex(flags, 2)
        && known_end;
    let zero = |text: &str| text.bytes().all(|byte| byte == b'0');
    (sane && !zero(trace) && !zero(parent)).then_some((trace, parent))
}

fn set_headers(
    headers: &mut HeaderMap,
    request_id: &RequestId,
    language: Language,
    settings: &Settings,
) {
    if let Ok(id) = HeaderValue::from_str(request_id.as_str()) {
        headers.insert(REQUEST_ID, id);
    }
    let language = match language {
        Language::En => "en",
        Language::Fr => "fr",
    };
    headers
        .entry(header::CONTENT_LANGUAGE)
        .or_insert(HeaderValue::from_static(language));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.append(
        header::VARY,
        HeaderValue::from_static("accept, accept-language, origin"),
    );
    if settings.strict_transport {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

/// The origin of a request, when it may read the answer.
fn allowed_origin(headers: &HeaderMap, settings: &Settings) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let known = settings
        .allowed_origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes());
    known.then(|| origin.clone())
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Lets an origin read an answer. Tokens travel in a header that scripts set, so credentials are never allowed.
fn share(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let exposed = HeaderValue::from_static(
        "content-language, ratelimit, ratelimit-policy, retry-after, x-request-id",
    );
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    if preflight {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST"),
        );
        let allowed = HeaderValue::from_static(
            "accept, accept-language, acting-subject, authorization, content-type, traceparent, tracestate, x-request-id",
        );
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("600"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_parent_is_taken_only_when_it_is_well_formed() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let expected = Some(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"));
        assert_eq!(trace_parent(&HeaderValue::from_static(good)), expected);
        for bad in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            assert_eq!(trace_parent(&HeaderValue::from_static(bad)), None, "{bad}");
        }
    }
}
