//! A subscription over server-sent events, on the in-process router: whoever reads it decides when it goes on.
use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::app::Client;

/// Longer than anything here takes: what does not come fails a test and does not hang it.
const PATIENCE: Duration = Duration::from_secs(30);

/// One subscription.
pub struct Events {
    body: Body,
    pending: String,
}

impl Client<'_> {
    /// Subscribes.
    pub async fn subscribes(&self, query: &str, variables: Value) -> Events {
        self.subscribes_at(self.app().router(), query, variables)
            .await
    }

    /// Subscribes at this router.
    pub async fn subscribes_at(&self, router: Router, query: &str, variables: Value) -> Events {
        let response = router
            .oneshot(self.subscription(query, variables))
            .await
            .expect("the router answers");
        let (parts, body) = response.into_parts();
        if parts.status != StatusCode::OK {
            let body = body.collect().await.expect("the body arrives").to_bytes();
            panic!("{}: {}", parts.status, String::from_utf8_lossy(&body));
        }
        assert_eq!(
            parts.headers[header::CONTENT_TYPE],
            "text/event-stream; charset=utf-8"
        );
        Events {
            body,
            pending: String::new(),
        }
    }

    /// The request that subscribes.
    pub fn subscription(&self, query: &str, variables: Value) -> Request<Body> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        Request::post("/graphql/stream")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token()))
            .body(Body::from(body))
            .expect("a request")
    }
}

impl Events {
    /// The next event: its name and its data. None when the stream has ended.
    pub async fn event(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((block, rest)) = self.pending.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.pending = rest;
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim_start().to_owned())
                };
                match field("event:") {
                    None => assert!(block.starts_with(':'), "no comment: {block}"),
                    Some(name) => {
                        let data = field("data:").unwrap_or_default();
                        let data = serde_json::from_str(&data).unwrap_or(Value::Null);
                        return Some((name, data));
                    }
                }
                continue;
            }
            let frame = tokio::time::timeout(PATIENCE, self.body.frame())
                .await
                .expect("something comes in time")?
                .expect("the stream is whole");
            let data = frame.into_data().expect("data");
            self.pending.push_str(&String::from_utf8_lossy(&data));
        }
    }

    /// The next answer, which must come.
    pub async fn answer(&mut self) -> Value {
        let (name, data) = self.event().await.expect("an event");
        assert_eq!(name, "next", "{data}");
        data
    }

    /// The next entry, told without an error.
    pub async fn entry(&mut self) -> Value {
        let answer = self.answer().await;
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"]["changes"].clone()
    }

    /// The kinds of the next entries, as many as are expected.
    pub async fn kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let entry = self.entry().await;
            kinds.push(entry["kind"].as_str().expect("a kind").to_owned());
        }
        kinds
    }

    /// The code of the error with which the subscription ends, at once and without anything before it.
    pub async fn end(mut self) -> String {
        let last = self.answer().await;
        assert!(last.get("data").is_none(), "{last}");
        let complete = self.event().await.expect("an event");
        assert_eq!(complete.0, "complete");
        assert_eq!(self.event().await, None);
        last["errors"][0]["extensions"]["code"]
            .as_str()
            .expect("a code")
            .to_owned()
    }
}
