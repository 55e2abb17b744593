//! The messages of `graphql-transport-ws`, as text: what a client says, and what it is told. Nothing here keeps state.
use axum::http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::{
    answer::{Payload, Rejection, to_json},
    parameters::{self, Parameters},
};
use crate::{
    auth::ACTING_SUBJECT,
    graphql::limits::{Code, Refusal, scan_json_body},
};

/// The longest id of an operation; a UUID fits several times.
const LONGEST_ID: usize = 128;

/// What a client says.
#[derive(Debug)]
pub(super) enum Said {
    Init(Map<String, Value>),
    Ping,
    Pong,
    Subscribe(String, Box<Result<Parameters, Refusal>>),
    Complete(String),
}

/// A message that is none of the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads a message.
pub(super) fn read(text: &str, variables_nesting: usize) -> Result<Said, Malformed> {
    // The parser of JSON recurses, so this comes before it. The parameters stand one level down.
    scan_json_body(text.as_bytes(), variables_nesting.saturating_add(1)).map_err(|_| Malformed)?;
    let Ok(Value::Object(mut members)) = serde_json::from_str(text) else {
        return Err(Malformed);
    };
    let Some(Value::String(kind)) = members.remove("type") else {
        return Err(Malformed);
    };
    let payload = members.remove("payload");
    match kind.as_str() {
        "connection_init" => Ok(Said::Init(optional(payload)?.unwrap_or_default())),
        "ping" => optional(payload).map(|_| Said::Ping),
        "pong" => optional(payload).map(|_| Said::Pong),
        "complete" => Ok(Said::Complete(id(&mut members)?)),
        "subscribe" => {
            let payload = optional(payload)?.ok_or(Malformed)?;
            let id = id(&mut members)?;
            match parameters::from_members(payload) {
                Ok(parameters) => Ok(Said::Subscribe(id, Box::new(Ok(parameters)))),
                Err(rejection) => {
                    let refusal = refusal_of_operation(rejection)?;
                    Ok(Said::Subscribe(id, Box::new(Err(refusal))))
                }
            }
        }
        _ => Err(Malformed),
    }
}

/// A member of the wrong type makes the message a bad one; a document that is not kept here is the operation's affair.
fn refusal_of_operation(rejection: Rejection) -> Result<Refusal, Malformed> {
    if rejection.refusal.code == Code::PersistedQueryNotFound {
        Ok(rejection.refusal)
    } else {
        Err(Malformed)
    }
}

fn optional(payload: Option<Value>) -> Result<Option<Map<String, Value>>, Malformed> {
    match payload {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(payload)) => Ok(Some(payload)),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Malformed)
        }
    }
}

fn id(members: &mut Map<String, Value>) -> Result<String, Malformed> {
    match members.remove("id") {
        Some(Value::String(id)) if (1..=LONGEST_ID).contains(&id.len()) => Ok(id),
        _ => Err(Malformed),
    }
}

/// The headers that say who calls and in which language: those of the upgrade, and over them what the first message says,
/// since a page cannot send headers with a WebSocket.
pub(super) fn headers(upgrade: &HeaderMap, init: &Map<String, Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for name in [
        header::AUTHORIZATION,
        header::ACCEPT_LANGUAGE,
        ACTING_SUBJECT,
    ] {
        let said: Vec<&Value> = init
            .iter()
            .filter(|(said, _)| said.eq_ignore_ascii_case(name.as_str()))
            .map(|(_, value)| value)
            .collect();
        if said.is_empty() {
            for value in upgrade.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        for value in said {
            headers.append(name.clone(), header_value(value)?);
        }
    }
    Some(headers)
}

fn header_value(value: &Value) -> Option<HeaderValue> {
    HeaderValue::from_str(value.as_str()?).ok()
}

/// What a client is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told<'a> {
    ConnectionAck,
    Pong,
    /// Written by [`Told::text`]: a payload writes itself.
    #[serde(skip_serializing)]
    Next {
        id: &'a str,
        payload: &'a Payload,
    },
    Error {
        id: &'a str,
        payload: &'a [async_graphql::ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl Told<'_> {
    /// As text; nothing, where it cannot be written as JSON, which no value of GraphQL should be able to cause.
    pub(super) fn text(&self) -> Option<String> {
        let Self::Next { id, payload } = self else {
            return serde_json::to_string(self).ok();
        };
        let id = serde_json::to_string(id).ok()?;
        let payload = String::from_utf8(to_json(payload)).ok()?;
        Some(format!(
            r#"{{"type":"next","id":{id},"payload":{payload}}}"#
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_malformed(text: &str) -> bool {
        matches!(read(text, 32), Err(Malformed))
    }

    #[test]
    fn what_the_protocol_does_not_know_is_malformed() {
        for text in [
            "",
            "[]",
            "7",
            "{}",
            r#"{"type":7}"#,
            r#"{"type":"next"}"#,
            r#"{"type":"connection_init","payload":[]}"#,
            r#"{"type":"ping","payload":"x"}"#,
            r#"{"type":"complete"}"#,
            r#"{"type":"complete","id":""}"#,
            r#"{"type":"complete","id":7}"#,
            r#"{"type":"subscribe","id":"1"}"#,
            r#"{"type":"subscribe","id":"1","payload":{}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":7}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":[]}}"#,
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":1}}"#,
        ] {
            assert!(is_malformed(text), "{text}");
        }
        let long = "x".repeat(LONGEST_ID + 1);
        assert!(is_malformed(&format!(
            r#"{{"type":"complete","id":"{long}"}}"#
        )));
        let deep = format!(
            r#"{{"type":"ping","payload":{{"a":{}}}}}"#,
            "[".repeat(5_000)
        );
        assert!(is_malformed(&deep));
    }

    #[test]
    fn what_the_protocol_knows_is_read() {
        let read = |text: &str| read(text, 32).unwrap();
        assert!(matches!(read(r#"{"type":"ping"}"#), Said::Ping));
        assert!(matches!(
            read(r#"{"type":"pong","payload":{"a":1}}"#),
            Said::Pong
        ));
        assert!(
            matches!(read(r#"{"type":"connection_init","payload":null}"#), Said::Init(init) if init.is_empty())
        );
        assert!(matches!(read(r#"{"type":"complete","id":"a"}"#), Said::Complete(id) if id == "a"));
        let text =
            r#"{"type":"subscribe","id":"1","payload":{"query":"{a}","variables":{"a":[[1]]}}}"#;
        assert!(matches!(read(text), Said::Subscribe(id, said) if id == "1" && said.is_ok()));
        let text =
            r#"{"type":"subscribe","id":"1","payload":{"extensions":{"persistedQuery":{}}}}"#;
        assert!(matches!(read(text), Said::Subscribe(_, said) if said.is_err()));
    }

    #[test]
    fn the_first_message_says_more_than_the_headers_of_the_upgrade() {
        let mut upgrade = HeaderMap::new();
        upgrade.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        upgrade.insert(header::COOKIE, HeaderValue::from_static("b"));
        let init = serde_json::from_str(r#"{"Accept-Language":"fr"}"#).unwrap();
        let both = headers(&upgrade, &init).unwrap();
        assert_eq!(both.len(), 2);
        assert_eq!(both[header::AUTHORIZATION], "Bearer a");
        assert_eq!(both[header::ACCEPT_LANGUAGE], "fr");
        let init = serde_json::from_str(r#"{"authorization":"Bearer c"}"#).unwrap();
        assert_eq!(
            headers(&upgrade, &init).unwrap()[header::AUTHORIZATION],
            "Bearer c"
        );
        let twice = serde_json::from_str(r#"{"authorization":"c","Authorization":"d"}"#).unwrap();
        let both = headers(&upgrade, &twice).unwrap();
        assert_eq!(
            both.get_all(header::AUTHORIZATION).iter().count(),
            2,
            "which is refused later"
        );
        let no_text = serde_json::from_str(r#"{"authorization":7}"#).unwrap();
        assert!(headers(&upgrade, &no_text).is_none());
    }
}
