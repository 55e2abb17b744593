//! What media type and language an answer takes, and what a body may be (RFC 9110, section 12.5; GraphQL over HTTP).
//! Pure functions over headers.
use axum::http::{HeaderMap, HeaderName, header};
use entity::Language;

/// The media type of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MediaType {
    /// `application/graphql-response+json`: the status tells request errors.
    GraphqlResponse,
    /// `application/json`: request errors are 200 as well, for clients that came before the specification.
    Json,
}

impl MediaType {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// One element of a list with weights; `quality` is in thousandths.
struct Weighted<'a> {
    value: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: u16,
}

/// The media type a client asks for, or none when it takes neither. A client that does not say takes
/// `application/json`.
pub(super) fn media_type(headers: &HeaderMap) -> Option<MediaType> {
    let accept = joined(headers, &header::ACCEPT)?;
    if accept.trim().is_empty() {
        return Some(MediaType::Json);
    }
    let ranges = weighted(&accept);
    let graphql = preference(&ranges, "application/graphql-response+json");
    let json = preference(&ranges, "application/json");
    match (graphql, json) {
        (None, None) => None,
        (Some(_), None) => Some(MediaType::GraphqlResponse),
        (None, Some(_)) => Some(MediaType::Json),
        // Named both alike, the newer one; by a wildcard alone, the older one.
        (Some(graphql), Some(json))
            if graphql > json || (graphql == json && graphql.1 == EXACT) =>
        {
            Some(MediaType::GraphqlResponse)
        }
        (Some(_), Some(_)) => Some(MediaType::Json),
    }
}

/// Whether a client takes events. One that does not say takes anything.
pub(super) fn takes_events(headers: &HeaderMap) -> bool {
    joined(headers, &header::ACCEPT).is_none_or(|accept| {
        let ranges = weighted(&accept);
        accept.trim().is_empty()
            || ranges
                .iter()
                .filter(|range| {
                    ["text/event-stream", "text/*", "*/*"]
                        .iter()
                        .any(|known| range.value.eq_ignore_ascii_case(known))
                })
                .any(|range| range.quality > 0)
    })
}

const EXACT: u8 = 2;

/// (quality, how exactly it was named) of a media type; none when it is not acceptable.
fn preference(ranges: &[Weighted<'_>], media_type: &str) -> Option<(u16, u8)> {
    ranges
        .iter()
        .filter_map(|range| {
            let exactness = if range.value.eq_ignore_ascii_case(media_type) {
                EXACT
            } else if range.value.eq_ignore_ascii_case("application/*") {
                1
            } else if range.value == "*/*" {
                0
            } else {
                return None;
            };
            // A range with another character set than the one we have does not fit.
            is_utf8(&range.parameters).then_some((exactness, range.quality))
        })
        .max()
        .filter(|(_, quality)| *quality > 0)
        .map(|(exactness, quality)| (quality, exactness))
}

fn is_utf8(parameters: &[(&str, &str)]) -> bool {
    parameters
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("charset"))
        .all(|(_, value)| value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8"))
}

/// The language of an answer: English unless the client prefers French.
pub(super) fn language(headers: &HeaderMap) -> Language {
    let Some(accept) = joined(headers, &header::ACCEPT_LANGUAGE) else {
        return Language::En;
    };
    let ranges = weighted(&accept);
    // (quality, whether named) of a language: the quality of its own range counts, else that of `*`.
    let quality = |wanted: &str| {
        let named = ranges
            .iter()
            .filter(|range| {
                let primary = range.value.split('-').next().unwrap_or_default();
                primary.eq_ignore_ascii_case(wanted)
            })
            .map(|range| range.quality)
            .max();
        let any = ranges.iter().find(|range| range.value == "*");
        named.or(any.map(|range| range.quality)).unwrap_or(0)
    };
    if quality("fr") > quality("en") {
        Language::Fr
    } else {
        Language::En
    }
}

/// Whether a body is what `POST /graphql` takes: `application/json` in UTF-8 without content encoding.
pub(super) fn body_is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return false;
    };
    let Ok(content_type) = content_type.to_str() else {
        return false;
    };
    let (media_type, parameters) = parts(content_type);
    let encoded = headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    media_type.eq_ignore_ascii_case("application/json") && is_utf8(&parameters) && !encoded
}

/// All values of a header as one list; none when it is absent. What is no text counts as a value nobody knows.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .map(|value| value.to_str().unwrap_or("?"))
        .collect();
    match values.is_empty() {
        true if *name == header::ACCEPT => Some(String::new()),
        true => None,
        false => Some(values.join(",")),
    }
}

fn weighted(list: &str) -> Vec<Weighted<'_>> {
    list.split(',')
        .filter_map(|element| {
            let (value, mut parameters) = parts(element);
            let quality = match parameters
                .iter()
                .position(|(name, _)| name.eq_ignore_ascii_case("q"))
            {
                Some(index) => thousandths(parameters.remove(index).1)?,
                None => 1_000,
            };
            (!value.is_empty()).then_some(Weighted {
                value,
                parameters,
                quality,
            })
        })
        .collect()
}

fn parts(element: &str) -> (&str, Vec<(&str, &str)>) {
    let mut pieces = element.split(';');
    let value = pieces.next().unwrap_or_default().trim();
    let parameters = pieces
        .filter_map(|piece| piece.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
        .collect();
    (value, parameters)
}

/// A weight as RFC 9110, section 12.4.2 writes it; none for anything else.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn accept_is_negotiated_by_weight() {
        let graphql = Some(MediaType::GraphqlResponse);
        let json = Some(MediaType::Json);
        for (accept, expected) in [
            ("", json),
            ("*/*", json),
            ("application/*", json),
            ("application/json", json),
            ("application/graphql-response+json", graphql),
            ("Application/GraphQL-Response+JSON; charset=UTF-8", graphql),
            (
                "application/graphql-response+json, application/json;q=0.9",
                graphql,
            ),
            (
                "application/json, application/graphql-response+json",
                graphql,
            ),
            (
                "application/graphql-response+json;q=0.1, application/json",
                json,
            ),
            ("application/json, */*", json),
            ("application/graphql-response+json, */*", graphql),
            ("application/json;q=0, */*", graphql),
            ("application/json;q=0.5, */*;q=0.8", graphql),
            ("text/html, */*;q=0.1", json),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=2", None),
            ("application/json; charset=iso-8859-1", None),
            ("text/event-stream", None),
        ] {
            assert_eq!(
                media_type(&with(header::ACCEPT, accept)),
                expected,
                "{accept}"
            );
        }
        assert_eq!(media_type(&HeaderMap::new()), json);
    }

    #[test]
    fn the_language_is_french_only_when_it_is_preferred() {
        for (accept, expected) in [
            ("fr", Language::Fr),
            ("fr-CA, en;q=0.8", Language::Fr),
            ("FR-ca;q=0.9, en-CA;q=0.8", Language::Fr),
            ("en, fr", Language::En),
            ("de, fr;q=0.1", Language::Fr),
            ("fr;q=0.5, *", Language::En),
            ("fr;q=0", Language::En),
            ("*", Language::En),
            ("so", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(
                language(&with(header::ACCEPT_LANGUAGE, accept)),
                expected,
                "{accept}"
            );
        }
        assert_eq!(language(&HeaderMap::new()), Language::En);
    }

    #[test]
    fn a_body_is_json_in_utf8_and_nothing_else() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=\"UTF-8\"", true),
            ("application/json; charset=utf-16", false),
            ("application/graphql", false),
            ("application/json+x", false),
            ("text/plain", false),
            ("multipart/form-data; boundary=x", false),
            ("application/x-www-form-urlencoded", false),
        ] {
            let headers = with(header::CONTENT_TYPE, content_type);
            assert_eq!(body_is_json(&headers), expected, "{content_type}");
        }
        assert!(!body_is_json(&HeaderMap::new()));
        let mut encoded = with(header::CONTENT_TYPE, "application/json");
        encoded.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert!(!body_is_json(&encoded));
        let mut twice = with(header::CONTENT_TYPE, "application/json");
        twice.append(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        assert!(!body_is_json(&twice));
    }
}
