//! A WebSocket to the gateway on a port of its own.
use std::{net::SocketAddr, time::Duration};

use axum::Router;
use claimant_gateway::http::{ServeSettings, serve};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

const PATIENCE: Duration = Duration::from_secs(30);

/// The gateway on a port.
pub struct Served {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<std::io::Result<()>>,
}

/// What comes over a socket.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Message(Value),
    Closed(u16, String),
}

pub struct Socket(WebSocketStream<TcpStream>);

impl Served {
    pub async fn start(router: Router) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, router, ServeSettings::default(), async {
            // Sent or dropped: either way it is over.
            let _ = stopped.await;
        }));
        Self {
            address,
            stop: Some(stop),
            served,
        }
    }

    /// Tells the gateway to stop.
    pub fn stop(&mut self) {
        self.stop.take();
    }

    /// Waits until it has stopped.
    pub async fn stopped(self) {
        let served = tokio::time::timeout(PATIENCE, self.served).await;
        served
            .expect("it stops in time")
            .expect("it does not panic")
            .expect("it stops well");
    }

    /// A socket on which nothing has been said.
    pub async fn connect(&self) -> Socket {
        let stream = TcpStream::connect(self.address).await.expect("it listens");
        let mut request = format!("ws://{}/graphql", self.address)
            .into_client_request()
            .expect("a request");
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (socket, _) = client_async(request, stream).await.expect("it upgrades");
        Socket(socket)
    }

    /// A socket of whoever holds this token.
    pub async fn connect_as(&self, token: &str) -> Socket {
        let mut socket = self.connect().await;
        let payload = json!({ "authorization": format!("Bearer {token}") });
        socket
            .say(json!({ "type": "connection_init", "payload": payload }))
            .await;
        let ack = Told::Message(json!({ "type": "connection_ack" }));
        assert_eq!(socket.told().await, ack);
        socket
    }
}

impl Socket {
    pub async fn say(&mut self, message: Value) {
        let message = Message::text(message.to_string());
        self.0.send(message).await.expect("it is open");
    }

    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "id": id, "type": "subscribe", "payload": payload }))
            .await;
    }

    /// What comes next.
    pub async fn told(&mut self) -> Told {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("something comes in time")
                .expect("it was closed before it ended")
                .expect("it is whole");
            match message {
                Message::Text(text) => {
                    return Told::Message(serde_json::from_str(&text).expect("JSON"));
                }
                Message::Close(Some(frame)) => {
                    return Told::Closed(frame.code.into(), frame.reason.to_string());
                }
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(None) | Message::Frame(_)) => {
                    panic!("{other:?}")
                }
            }
        }
    }

    /// The next answer of an operation.
    pub async fn next(&mut self, id: &str) -> Value {
        match self.told().await {
            Told::Message(message) => {
                assert_eq!(
                    (&message["type"], &message["id"]),
                    (&json!("next"), &json!(id)),
                    "{message}"
                );
                message["payload"].clone()
            }
            closed @ Told::Closed(..) => panic!("{closed:?}"),
        }
    }
}
