//! The conversation of `graphql-transport-ws` with the toy gateway: messages, and the codes with which it ends.
use axum::http::HeaderValue;
use futures_util::SinkExt;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest},
};

use super::*;
use crate::http::serve;

struct Served {
    address: std::net::SocketAddr,
    toy: Arc<Toy>,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn start(subscriptions: Subscriptions) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let settings = Settings {
        subscriptions,
        allowed_origins: vec!["https://partner.example".to_owned()],
        ..Settings::default()
    };
    let toy = Arc::new(toy());
    let front = router(Arc::clone(&toy), settings, PAGES, Router::new());
    let served = tokio::spawn(serve(listener, front, ServeSettings::default(), async {
        let _ = stopped.await;
    }));
    Served {
        address,
        toy,
        stop,
        served,
    }
}

async fn start_usual() -> Served {
    start(Subscriptions::default()).await
}

type Shaken = Result<WebSocketStream<TcpStream>, Box<tungstenite::Error>>;

impl Served {
    async fn shake(&self, headers: &[(&'static str, &'static str)]) -> Shaken {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let url = format!("ws://{}/graphql", self.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let value = HeaderValue::from_static(value);
            request.headers_mut().insert(*name, value);
        }
        let shaken = client_async(request, stream).await;
        shaken.map(|(socket, _)| socket).map_err(Box::new)
    }

    async fn connect(&self) -> WebSocketStream<TcpStream> {
        self.shake(&[("sec-websocket-protocol", "graphql-transport-ws")])
            .await
            .unwrap()
    }

    async fn connect_known(&self) -> WebSocketStream<TcpStream> {
        let mut socket = self.connect().await;
        say(&mut socket, init("Bearer good")).await;
        assert_eq!(told(&mut socket).await, r#"{"type":"connection_ack"}"#);
        socket
    }
}

fn init(authorization: &str) -> Value {
    json!({ "type": "connection_init", "payload": { "authorization": authorization } })
}

fn subscribe(id: &str, query: &str) -> Value {
    json!({ "type": "subscribe", "id": id, "payload": { "query": query } })
}

async fn say(socket: &mut WebSocketStream<TcpStream>, message: Value) {
    socket
        .send(Message::text(message.to_string()))
        .await
        .unwrap();
}

/// What comes next: a text, or the code and reason of the end.
async fn told(socket: &mut WebSocketStream<TcpStream>) -> String {
    loop {
        let message = tokio::time::timeout(Duration::from_secs(30), socket.next());
        match message.await.unwrap().unwrap().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Close(Some(close)) => {
                return format!("{} {}", u16::from(close.code), close.reason);
            }
            Message::Ping(_) | Message::Pong(_) => {}
            other @ (Message::Binary(_) | Message::Close(None) | Message::Frame(_)) => {
                panic!("{other:?}")
            }
        }
    }
}

#[tokio::test]
async fn whoever_says_nothing_in_time_is_left() {
    let soon = Subscriptions {
        init_seconds: 0,
        ..Subscriptions::default()
    };
    let served = start(soon).await;
    let mut socket = served.connect().await;
    assert_eq!(
        told(&mut socket).await,
        "4408 Connection initialisation timeout"
    );
}

#[tokio::test]
async fn a_token_that_is_refused_ends_it_and_so_does_none() {
    let served = start_usual().await;
    for (message, end) in [
        (init("Bearer bad"), "4403 Forbidden"),
        (json!({ "type": "connection_init" }), "4403 Forbidden"),
        (init("Bearer later"), "1013 Try again later"),
    ] {
        let mut socket = served.connect().await;
        say(&mut socket, message).await;
        assert_eq!(told(&mut socket).await, end);
    }
}

#[tokio::test]
async fn a_token_may_come_with_the_upgrade() {
    let served = start_usual().await;
    let headers = [
        ("sec-websocket-protocol", "graphql-transport-ws"),
        ("authorization", "Bearer good"),
        ("accept-language", "fr"),
    ];
    let mut socket = served.shake(&headers).await.unwrap();
    say(&mut socket, json!({ "type": "connection_init" })).await;
    assert_eq!(told(&mut socket).await, r#"{"type":"connection_ack"}"#);
    say(&mut socket, subscribe("1", "{ hello(name: \"a\") }")).await;
    assert_eq!(
        told(&mut socket).await,
        r#"{"type":"next","id":"1","payload":{"data":{"hello":"Bonjour, a"}}}"#
    );
}

#[tokio::test]
async fn messages_that_break_the_protocol_end_it_with_its_codes() {
    let served = start_usual().await;
    let mut early = served.connect().await;
    say(&mut early, subscribe("1", "{ hello }")).await;
    assert_eq!(told(&mut early).await, "4401 Unauthorized");

    let mut twice = served.connect_known().await;
    say(&mut twice, init("Bearer good")).await;
    assert_eq!(
        told(&mut twice).await,
        "4429 Too many initialisation requests"
    );

    let mut same = served.connect_known().await;
    for _ in 0..2 {
        say(&mut same, subscribe("1", "{ endless }")).await;
    }
    assert_eq!(
        told(&mut same).await,
        "4409 Subscriber for 1 already exists"
    );

    for bad in ["no JSON", "{}", r#"{"type":"next","id":"1"}"#] {
        let mut socket = served.connect_known().await;
        socket.send(Message::text(bad)).await.unwrap();
        assert_eq!(told(&mut socket).await, "4400 Invalid message", "{bad}");
    }
    let mut binary = served.connect_known().await;
    binary.send(Message::binary("x")).await.unwrap();
    assert_eq!(told(&mut binary).await, "4400 Invalid message");

    let mut large = served.connect_known().await;
    let payload = json!({ "type": "ping", "payload": { "a": "x".repeat(256_000) } });
    say(&mut large, payload).await;
    assert_eq!(told(&mut large).await, "1009 Message too big");

    let mut other = served.shake(&[]).await.unwrap();
    assert_eq!(told(&mut other).await, "4406 Subprotocol not acceptable");
}

#[tokio::test]
async fn pages_of_other_origins_open_no_socket() {
    let served = start_usual().await;
    let with = |origin| {
        [
            ("sec-websocket-protocol", "graphql-transport-ws"),
            ("origin", origin),
        ]
    };
    let refused = *served
        .shake(&with("https://evil.example"))
        .await
        .unwrap_err();
    let tungstenite::Error::Http(response) = refused else {
        panic!("{refused}");
    };
    assert_eq!(response.status().as_u16(), 403);
    assert!(served.shake(&with("https://partner.example")).await.is_ok());
}

#[tokio::test]
async fn pings_are_answered_also_before_the_first_message() {
    let served = start_usual().await;
    let mut socket = served.connect().await;
    say(
        &mut socket,
        json!({ "type": "ping", "payload": { "a": 1 } }),
    )
    .await;
    assert_eq!(told(&mut socket).await, r#"{"type":"pong"}"#);
    say(&mut socket, json!({ "type": "pong" })).await;
    say(&mut socket, init("Bearer good")).await;
    assert_eq!(told(&mut socket).await, r#"{"type":"connection_ack"}"#);
}

#[tokio::test]
async fn a_client_that_closes_is_answered_in_kind() {
    let served = start_usual().await;
    let mut socket = served.connect_known().await;
    socket.close(None).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    assert!(matches!(answer, Message::Close(_)), "{answer:?}");
    assert!(socket.next().await.is_none());
}

#[tokio::test]
async fn operations_run_side_by_side_and_an_id_is_free_again_when_its_own_has_ended() {
    let served = start_usual().await;
    let mut socket = served.connect_known().await;
    say(&mut socket, subscribe("endless", "{ endless }")).await;
    for _ in 0..2 {
        say(&mut socket, subscribe("1", "subscription { changes }")).await;
        assert_eq!(
            told(&mut socket).await,
            r#"{"type":"next","id":"1","payload":{"data":{"changes":1}}}"#
        );
        assert_eq!(told(&mut socket).await, r#"{"type":"complete","id":"1"}"#);
    }
    say(&mut socket, json!({ "type": "complete", "id": "endless" })).await;
    say(&mut socket, json!({ "type": "complete", "id": "unknown" })).await;
    say(
        &mut socket,
        subscribe("endless", "mutation { rename(name: \"b\") }"),
    )
    .await;
    assert_eq!(
        told(&mut socket).await,
        r#"{"type":"next","id":"endless","payload":{"data":{"rename":"b"}}}"#
    );
    assert_eq!(
        told(&mut socket).await,
        r#"{"type":"complete","id":"endless"}"#
    );
}

#[tokio::test]
async fn the_field_of_a_subscription_may_stand_in_a_fragment_and_may_not_be_left_out() {
    let served = start_usual().await;
    let mut socket = served.connect_known().await;
    let spread = "subscription { ...A } fragment A on Changes { ... on Changes { b: changes } }";
    say(&mut socket, subscribe("1", spread)).await;
    assert_eq!(
        told(&mut socket).await,
        r#"{"type":"next","id":"1","payload":{"data":{"b":1}}}"#
    );
    assert_eq!(told(&mut socket).await, r#"{"type":"complete","id":"1"}"#);
    for refused in [
        "subscription { changes @skip(if: false) }",
        "subscription { ... @include(if: true) { changes } }",
        "subscription { __typename }",
        "subscription { changes two: changes }",
    ] {
        say(&mut socket, subscribe("1", refused)).await;
        let told: Value = serde_json::from_str(&told(&mut socket).await).unwrap();
        assert_eq!(told["type"], "error", "{refused}: {told}");
        let message = &told["payload"][0]["message"];
        assert_eq!(
            message, "A subscription has exactly one root field.",
            "{refused}"
        );
    }
}

#[tokio::test]
async fn errors_of_a_request_are_told_as_such_and_a_panic_ends_its_own_operation() {
    let served = start_usual().await;
    let mut socket = served.connect_known().await;
    for (query, code) in [
        ("{ secret }", "FORBIDDEN"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ panics }", "INTERNAL"),
    ] {
        say(&mut socket, subscribe("1", query)).await;
        let told: Value = serde_json::from_str(&told(&mut socket).await).unwrap();
        assert_eq!(
            (&told["type"], &told["id"]),
            (&json!("error"), &json!("1")),
            "{told}"
        );
        assert_eq!(told["payload"][0]["extensions"]["code"], code);
    }
    say(&mut socket, subscribe("1", "{ broken }")).await;
    let told: Value = serde_json::from_str(&told(&mut socket).await).unwrap();
    assert_eq!(
        told["type"], "next",
        "an error of a field is part of an answer"
    );
}

#[tokio::test]
async fn a_socket_carries_so_many_operations_and_no_more() {
    let few = Subscriptions {
        at_once: 1,
        subscriptions: 0,
        ..Subscriptions::default()
    };
    let served = start(few).await;
    let mut socket = served.connect_known().await;
    say(&mut socket, subscribe("1", "{ endless }")).await;
    for (query, limit, value) in [
        ("{ hello }", "atOnce", 1),
        ("subscription { changes }", "subscriptions", 0),
    ] {
        say(&mut socket, subscribe("2", query)).await;
        let told: Value = serde_json::from_str(&told(&mut socket).await).unwrap();
        let extensions = &told["payload"][0]["extensions"];
        assert_eq!(
            (&extensions["limit"], &extensions["value"]),
            (&json!(limit), &json!(value))
        );
    }
}

#[tokio::test]
async fn there_are_so_many_connections_and_no_more() {
    let one = Subscriptions {
        connections: 1,
        ..Subscriptions::default()
    };
    let served = start(one).await;
    let _first = served.connect().await;
    let second = served
        .shake(&[("sec-websocket-protocol", "graphql-transport-ws")])
        .await;
    let tungstenite::Error::Http(response) = *second.unwrap_err() else {
        panic!("it was taken");
    };
    assert_eq!(response.status().as_u16(), 503);
    assert_eq!(response.headers()["retry-after"], "10");
}

#[tokio::test]
async fn whoever_may_not_stay_is_told_so_at_the_next_look_or_operation() {
    let served = start(Subscriptions {
        look_again_seconds: 1,
        ..Subscriptions::default()
    })
    .await;
    let mut idle = served.connect_known().await;
    served.toy.left.store(true, Ordering::SeqCst);
    assert_eq!(told(&mut idle).await, "4403 Forbidden");
    served.toy.left.store(false, Ordering::SeqCst);
    let mut asking = served.connect_known().await;
    served.toy.left.store(true, Ordering::SeqCst);
    say(&mut asking, subscribe("1", "{ hello }")).await;
    assert_eq!(told(&mut asking).await, "4403 Forbidden");
}

#[tokio::test]
async fn sockets_are_closed_politely_when_the_process_stops_and_it_waits_for_them() {
    let served = start_usual().await;
    let mut socket = served.connect_known().await;
    say(&mut socket, subscribe("1", "{ endless }")).await;
    served.stop.send(()).unwrap();
    assert_eq!(told(&mut socket).await, "1001 Going away");
    drop(socket);
    served.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn events_of_any_operation_come_as_a_stream() {
    let stream = |accept: &str, query: &str| {
        let mut request = with(self::query(query), header::ACCEPT, accept);
        *request.uri_mut() = "/graphql/stream".parse().unwrap();
        request
    };
    let told = ask(
        front(),
        stream("text/event-stream", "subscription { changes }"),
    )
    .await;
    assert_eq!(told.status, StatusCode::OK);
    assert_eq!(
        told.header(header::CONTENT_TYPE),
        "text/event-stream; charset=utf-8"
    );
    assert_eq!(told.header(header::CACHE_CONTROL), "no-store");
    let text = String::from_utf8(told.body.to_vec())
        .unwrap()
        .replace(":\n\n", "");
    assert_eq!(
        text,
        "event: next\ndata: {\"data\":{\"changes\":1}}\n\nevent: complete\ndata: \n\n"
    );
    let told = ask(front(), stream("*/*", "mutation { rename(name: \"a\") }")).await;
    let text = String::from_utf8(told.body.to_vec()).unwrap();
    assert!(text.contains("{\"data\":{\"rename\":\"a\"}}"), "{text}");
    for (accept, query, status) in [
        ("application/json", "{ hello }", 406),
        ("text/event-stream", "{ nothing }", 200),
        ("text/event-stream", "{ secret }", 403),
        ("text/event-stream", "{", 400),
    ] {
        let told = ask(front(), stream(accept, query)).await;
        assert_eq!(told.status.as_u16(), status, "{query}");
    }
    let get = query_request("/graphql/stream?query=mutation%7Brename(name%3A%22a%22)%7D");
    assert_eq!(
        ask(front(), get).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    let mut put = stream("*/*", "{ hello }");
    *put.method_mut() = Method::PUT;
    assert_eq!(
        ask(front(), put).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}
