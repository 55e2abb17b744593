//! The front around a toy gateway, driven as a client would: whole answers, with their headers.
mod connections;
mod documents;
mod frame;
mod requests;
mod socket;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_graphql::{
    Context, Error, ErrorExtensions, InputObject, Object, Response as Answer, Schema, SimpleObject,
    Subscription,
};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use bytes::Bytes;
use entity::Language;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot};
use tower::ServiceExt;

use super::*;
use crate::graphql::limits::{MissingScopes, Prepared, SchemaIndex};

#[derive(SimpleObject)]
struct Shelf {
    name: String,
    shelves: Vec<Shelf>,
}

#[derive(InputObject)]
struct Measure {
    width: i32,
}

struct Query;

#[Object]
impl Query {
    async fn hello(&self, context: &Context<'_>, name: Option<String>) -> String {
        let greeting = match context.data_unchecked::<Language>() {
            Language::En => "Hello",
            Language::Fr => "Bonjour",
        };
        format!("{greeting}, {}", name.unwrap_or_default())
    }

    async fn shelf(&self, #[graphql(default = 1)] number: i32, measure: Option<Measure>) -> Shelf {
        let name = format!("{number} {}", measure.map_or(0, |measure| measure.width));
        Shelf {
            name,
            shelves: Vec::new(),
        }
    }

    async fn shelves(&self, #[graphql(validator(max_items = 3))] ids: Vec<i32>) -> Vec<Shelf> {
        ids.into_iter()
            .map(|id| Shelf {
                name: id.to_string(),
                shelves: Vec::new(),
            })
            .collect()
    }

    async fn when(&self, at: chrono::NaiveDate) -> Option<String> {
        Some(at.to_string())
    }

    async fn secret(&self) -> String {
        "secret".to_owned()
    }

    async fn broken(&self) -> Option<Result<String, Error>> {
        Some(Err(Error::new("the row of a person named in the message")))
    }

    async fn busy(&self) -> Option<Result<String, Error>> {
        Some(Err(
            Error::new("Slow down.").extend_with(|_, values| values.set("code", "RATE_LIMITED"))
        ))
    }

    async fn panics(&self, #[graphql(default)] spared: bool) -> bool {
        assert!(spared, "a resolver panics");
        spared
    }

    async fn endless(&self) -> String {
        std::future::pending().await
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn rename(&self, name: String) -> String {
        name
    }
}

struct Changes;

#[Subscription]
impl Changes {
    async fn changes(&self) -> impl futures_util::Stream<Item = i32> {
        stream::iter([1])
    }
}

struct Toy {
    schema: Schema<Query, Mutation, Changes>,
    index: SchemaIndex,
    introspection: bool,
    ready: bool,
    /// Whether nobody may stay any more.
    left: AtomicBool,
}

impl Gateway for Toy {
    type Caller = ();

    async fn authenticate(&self, headers: &HeaderMap) -> Result<(), AuthRefusal> {
        match headers
            .get(header::AUTHORIZATION)
            .map(|value| value.as_bytes())
        {
            None => Err(AuthRefusal::NoToken),
            Some(b"Bearer good") => Ok(()),
            Some(b"Bearer later") => Err(AuthRefusal::Unavailable),
            Some(_) => Err(AuthRefusal::InvalidToken),
        }
    }

    fn missing_scopes(&self, (): &(), type_name: &str, field_name: &str) -> Option<MissingScopes> {
        ((type_name, field_name) == ("Query", "secret"))
            .then(|| MissingScopes(vec!["audit:read".to_owned()]))
    }

    fn introspection_is_open(&self, (): &()) -> bool {
        self.introspection
    }

    async fn execute(&self, (): (), prepared: Prepared) -> Answer {
        self.schema.execute(prepared.request).await
    }

    fn time_left(&self, (): &()) -> Duration {
        Duration::MAX
    }

    async fn look_again(&self, headers: &HeaderMap, (): &()) -> Result<(), AuthRefusal> {
        if self.left.load(Ordering::SeqCst) {
            return Err(AuthRefusal::InvalidToken);
        }
        self.authenticate(headers).await
    }

    async fn subscribe(
        self: Arc<Self>,
        _: Arc<HeaderMap>,
        (): (),
        prepared: Prepared,
    ) -> BoxStream<'static, Result<Answer, AuthRefusal>> {
        self.schema.execute_stream(prepared.request).map(Ok).boxed()
    }

    fn schema_index(&self) -> &SchemaIndex {
        &self.index
    }

    fn sdl(&self) -> Arc<str> {
        "type Query { hello: String }".into()
    }

    async fn ready(&self) -> Result<(), NotReady> {
        if self.ready { Ok(()) } else { Err(NotReady) }
    }
}

fn toy() -> Toy {
    let schema = Schema::new(Query, Mutation, Changes);
    let index = SchemaIndex::from_sdl(&schema.sdl()).unwrap();
    Toy {
        schema,
        index,
        introspection: true,
        ready: true,
        left: AtomicBool::new(false),
    }
}

const PAGES: &[pages::Asset] = &[
    pages::Asset {
        path: "/graphiql",
        content_type: "text/html; charset=utf-8",
        bytes: b"<!doctype html>",
    },
    pages::Asset {
        path: "/graphiql/main.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: b"'use strict'",
    },
];

fn front_of(toy: Toy, settings: Settings) -> Router {
    router(Arc::new(toy), settings, PAGES, Router::new())
}

fn front() -> Router {
    front_of(toy(), Settings::default())
}

const GRAPHQL: &str = "application/graphql-response+json";

fn post(body: impl Into<Body>) -> Request<Body> {
    Request::post("/graphql")
        .header(header::AUTHORIZATION, "Bearer good")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, GRAPHQL)
        .body(body.into())
        .unwrap()
}

fn query(text: &str) -> Request<Body> {
    post(json!({ "query": text }).to_string())
}

fn get_graphql(parameters: &[(&str, &str)]) -> Request<Body> {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    let mut request = query_request(&format!("/graphql?{}", query.finish()));
    request
        .headers_mut()
        .insert(header::ACCEPT, GRAPHQL.parse().unwrap());
    request
}

fn query_request(uri: &str) -> Request<Body> {
    Request::get(uri)
        .header(header::AUTHORIZATION, "Bearer good")
        .body(Body::empty())
        .unwrap()
}

fn with(mut request: Request<Body>, name: header::HeaderName, value: &str) -> Request<Body> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

struct Told {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: impl header::AsHeaderName) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn ask(front: Router, request: Request<Body>) -> Told {
    let response = front.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Told {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}

async fn tell(request: Request<Body>) -> (u16, Value) {
    let told = ask(front(), request).await;
    (told.status.as_u16(), told.json())
}

fn error(code: &str, message: &str) -> Value {
    json!({"errors": [{"message": message, "extensions": {"code": code}}]})
}

fn error_at(code: &str, message: &str, line: u32, column: u32) -> Value {
    let mut error = error(code, message);
    error["errors"][0]["locations"] = json!([{"line": line, "column": column}]);
    error
}

fn over(limit: &str, message: &str, value: u64, actual: u64) -> Value {
    let mut error = error("LIMIT_EXCEEDED", message);
    let extensions = &mut error["errors"][0]["extensions"];
    extensions["limit"] = json!(limit);
    extensions["value"] = json!(value);
    extensions["actual"] = json!(actual);
    error
}
