//! `/graphql` by WebSocket, with the subprotocol `graphql-transport-ws` to the letter
//! (<https://github.com/graphql/graphql-over-http>, `rfcs`; `PROTOCOL.md` of npm `graphql-ws`). Here stand the upgrade and
//! the conversation: who is calling, which operations run, when it ends and with which code. What an operation is and
//! may, `graphql` and `operation` know, as for every transport.
//!
//! One task carries a socket. Nothing waits in line for it: an operation is asked for its next answer once the one before
//! has been taken, so that a slow client makes its operations slow, and one that takes nothing is gone.
use std::{collections::HashMap, sync::Arc, time::Duration};

use async_graphql::parser::types::OperationType;
use axum::{
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::Response,
};
use futures_util::{
    StreamExt,
    future::{AbortHandle, BoxFuture},
    stream::{self, BoxStream, SelectAll},
};
use serde_json::{Map, Value};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, MissedTickBehavior},
};
use tracing::{Instrument, Span};

use self::message::{Malformed, Said, Told};
use super::{
    Front,
    answer::{Rejection, Voice},
    gateway::{AuthRefusal, Gateway},
    graphql, negotiate,
    operation::{self, Word},
    parameters::Parameters,
    serve::Stopping,
    text,
};
use crate::graphql::limits::{Code, Limit, Refusal};

mod message;

const PROTOCOL: &str = "graphql-transport-ws";

/// Whether a request wants to become a WebSocket.
pub(super) fn is_wanted(parts: &Parts) -> bool {
    let upgrade = parts.headers.get(header::UPGRADE);
    parts.method == Method::GET
        && upgrade.is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Takes a connection over. Who is calling is asked on the socket.
pub(super) async fn upgrade<G: Gateway>(
    front: Arc<Front<G>>,
    mut parts: Parts,
    voice: Voice,
) -> Result<Response, Rejection> {
    if !is_from_here(&parts.headers, &front.allowed_origins) {
        let status = StatusCode::FORBIDDEN;
        return Err(Rejection::new(status, Code::Forbidden, text::ORIGIN));
    }
    let place = operation::place(&front)?;
    let stopping = operation::stopping(&parts);
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| Rejection::bad_request(text::HANDSHAKE))?;
    let most = front.subscriptions.frame_bytes;
    let conversation = Conversation {
        until: Instant::now() + front.subscriptions.init(),
        front,
        voice,
        upgrade: parts.headers,
        phase: Phase::Unknown,
        operations: Operations::default(),
        _place: place,
    };
    // A thousand sockets should not hold a thousand large buffers that are empty.
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(most)
        .max_frame_size(most)
        .read_buffer_size(4_096)
        .write_buffer_size(0);
    let span = Span::current();
    Ok(upgrade.on_upgrade(move |socket| conversation.hold(socket, stopping).instrument(span)))
}

/// Whether the page that opens the socket, if it is one, is of the gateway's own host or of an origin on the list. No
/// cookie speaks for anybody here; a page of another origin would still have to bring a token.
fn is_from_here(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (origin, more) = (origins.next(), origins.next());
    let Some(origin) = origin else {
        return true;
    };
    let Some(origin) = origin.to_str().ok().filter(|_| more.is_none()) else {
        return false;
    };
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    allowed.iter().any(|known| known == origin)
        || (authority.is_some()
            && authority.map(str::to_ascii_lowercase) == host.map(str::to_ascii_lowercase))
}

/// How a conversation ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The client has gone, or takes nothing any more.
    Gone,
    /// We close, and say why.
    Close(u16, String),
}

impl End {
    fn close(code: u16, reason: &str) -> Self {
        Self::Close(code, reason.to_owned())
    }

    fn malformed() -> Self {
        Self::close(4400, "Invalid message")
    }

    /// One that is not known, or no longer.
    fn refused(refusal: AuthRefusal) -> Self {
        match refusal {
            AuthRefusal::NoToken | AuthRefusal::InvalidToken => Self::close(4403, "Forbidden"),
            AuthRefusal::BadActingSubject => Self::close(4400, "Invalid Acting-Subject"),
            AuthRefusal::Unavailable => Self::close(close_code::AGAIN, "Try again later"),
        }
    }
}

/// How far a client has said who it is.
enum Phase<C> {
    /// It has said nothing yet.
    Unknown,
    /// It has, and it is being looked up.
    Asked(BoxFuture<'static, Result<C, AuthRefusal>>, Arc<HeaderMap>),
    Known(C, Arc<HeaderMap>),
}

impl<C> Phase<C> {
    /// Done when it is known who is calling.
    async fn answered(&mut self) -> Result<C, AuthRefusal> {
        match self {
            Self::Asked(asked, _) => asked.await,
            Self::Unknown | Self::Known(..) => std::future::pending().await,
        }
    }
}

/// The operations that run on a socket, by the ids that the client gave them.
#[derive(Default)]
struct Operations {
    running: HashMap<String, Running>,
    words: SelectAll<BoxStream<'static, (String, Word)>>,
}

struct Running {
    is_subscription: bool,
    abort: AbortHandle,
}

impl Operations {
    fn add(&mut self, id: String, is_subscription: bool, words: BoxStream<'static, Word>) {
        let of = id.clone();
        let (words, abort) = stream::abortable(words.map(move |word| (of.clone(), word)));
        self.words.push(words.boxed());
        let running = Running {
            is_subscription,
            abort,
        };
        self.running.insert(id, running);
    }

    /// Ends an operation, if it still runs. It says nothing more.
    fn end(&mut self, id: &str) {
        if let Some(running) = self.running.remove(id) {
            running.abort.abort();
        }
    }

    fn count(&self, subscriptions: bool) -> usize {
        self.running
            .values()
            .filter(|running| running.is_subscription == subscriptions)
            .count()
    }

    /// What is said next; waits as long as nothing runs.
    async fn next(&mut self) -> (String, Word) {
        match self.words.next().await {
            Some(said) => said,
            None => std::future::pending().await,
        }
    }
}

/// What happens next on a socket.
enum Turn<C> {
    Stop,
    Received(Option<Result<Message, axum::Error>>),
    Answered(Result<C, AuthRefusal>),
    Said(String, Word),
    Time,
    KeepAlive,
}

/// One socket.
struct Conversation<G: Gateway> {
    front: Arc<Front<G>>,
    voice: Voice,
    /// The headers of the upgrade.
    upgrade: HeaderMap,
    phase: Phase<G::Caller>,
    /// Until when it must be known who is calling, or when to look again.
    until: Instant,
    operations: Operations,
    _place: OwnedSemaphorePermit,
}

impl<G: Gateway> Conversation<G> {
    /// Holds it to its end.
    async fn hold(mut self, mut socket: WebSocket, mut stopping: Option<Stopping>) {
        let end = if socket.protocol().is_none() {
            End::close(4406, "Subprotocol not acceptable")
        } else {
            self.converse(&mut socket, &mut stopping).await
        };
        // Whatever still runs ends here, before the farewell.
        self.operations = Operations::default();
        let farewell = async {
            if let End::Close(code, reason) = end {
                let reason = reason.into();
                let close = Message::Close(Some(CloseFrame { code, reason }));
                socket.send(close).await?;
            }
            // Until the client has answered in kind, or has been answered (RFC 6455, section 7.1.1).
            while let Some(received) = socket.recv().await {
                received?;
            }
            Ok::<(), axum::Error>(())
        };
        // A client that does not answer is left all the same.
        let _ = tokio::time::timeout(Duration::from_secs(2), farewell).await;
    }

    async fn converse(&mut self, socket: &mut WebSocket, stopping: &mut Option<Stopping>) -> End {
        let mut keep_alive = tokio::time::interval(self.front.subscriptions.keep_alive());
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        keep_alive.reset();
        let mut heard = true;
        loop {
            let turn = tokio::select! {
                () = operation::stopped(stopping) => Turn::Stop,
                received = socket.recv() => Turn::Received(received),
                answered = self.phase.answered() => Turn::Answered(answered),
                (id, word) = self.operations.next() => Turn::Said(id, word),
                () = tokio::time::sleep_until(self.until) => Turn::Time,
                _ = keep_alive.tick() => Turn::KeepAlive,
            };
            let done = match turn {
                Turn::Stop => Err(End::close(close_code::AWAY, "Going away")),
                Turn::Received(received) => {
                    heard = true;
                    self.receive(socket, received).await
                }
                Turn::Answered(answered) => self.welcome(socket, answered).await,
                Turn::Said(id, word) => self.say(socket, &id, word).await,
                Turn::Time => self.look_again().await,
                Turn::KeepAlive if !heard => Err(End::Gone),
                Turn::KeepAlive => {
                    heard = false;
                    self.send(socket, Message::Ping(axum::body::Bytes::new()))
                        .await
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn receive(
        &mut self,
        socket: &mut WebSocket,
        received: Option<Result<Message, axum::Error>>,
    ) -> Result<(), End> {
        let text = match received {
            None | Some(Ok(Message::Close(_))) => return Err(End::Gone),
            Some(Err(error)) => return Err(broken(error)),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => return Err(End::malformed()),
            Some(Ok(Message::Text(text))) => text,
        };
        let nesting = self.front.limits.variables_nesting;
        let said = message::read(text.as_str(), nesting).map_err(|Malformed| End::malformed())?;
        match said {
            Said::Init(payload) => self.ask_who(&payload),
            Said::Ping => self.tell(socket, &Told::Pong).await,
            Said::Pong => Ok(()),
            Said::Complete(id) => {
                self.operations.end(&id);
                Ok(())
            }
            Said::Subscribe(id, said) => self.begin(socket, id, *said).await,
        }
    }

    fn ask_who(&mut self, payload: &Map<String, Value>) -> Result<(), End> {
        match self.phase {
            Phase::Unknown => {}
            Phase::Asked(..) | Phase::Known(..) => {
                return Err(End::close(4429, "Too many initialisation requests"));
            }
        }
        let headers = message::headers(&self.upgrade, payload).ok_or_else(End::malformed)?;
        self.voice.language = negotiate::language(&headers);
        self.upgrade.clear();
        let headers = Arc::new(headers);
        let run = Duration::from_secs(self.front.limits.run_seconds);
        let (front, sent) = (Arc::clone(&self.front), Arc::clone(&headers));
        let asked = async move {
            let asked = tokio::time::timeout(run, front.gateway.authenticate(&sent)).await;
            asked.unwrap_or(Err(AuthRefusal::Unavailable))
        };
        self.until = Instant::now() + run + run;
        self.phase = Phase::Asked(Box::pin(asked), headers);
        Ok(())
    }

    async fn welcome(
        &mut self,
        socket: &mut WebSocket,
        answered: Result<G::Caller, AuthRefusal>,
    ) -> Result<(), End> {
        let caller = answered.map_err(End::refused)?;
        let Phase::Asked(_, headers) = &self.phase else {
            return Ok(());
        };
        let headers = Arc::clone(headers);
        self.voice.suggestions = self.front.gateway.introspection_is_open(&caller);
        self.until = Instant::now() + operation::until_next_look(&self.front, &caller);
        self.phase = Phase::Known(caller, headers);
        self.tell(socket, &Told::ConnectionAck).await
    }

    /// The time is over in which a client must say who it is, or after which it is looked again.
    async fn look_again(&mut self) -> Result<(), End> {
        match &self.phase {
            Phase::Unknown => Err(End::close(4408, "Connection initialisation timeout")),
            Phase::Asked(..) => Err(End::refused(AuthRefusal::Unavailable)),
            Phase::Known(caller, headers) => {
                let (caller, headers) = (caller.clone(), Arc::clone(headers));
                let found = operation::look_again(&self.front, &headers, &caller).await;
                self.until = Instant::now() + found.map_err(End::refused)?;
                Ok(())
            }
        }
    }

    async fn begin(
        &mut self,
        socket: &mut WebSocket,
        id: String,
        said: Result<Parameters, Refusal>,
    ) -> Result<(), End> {
        let Phase::Known(caller, headers) = &self.phase else {
            return Err(End::close(4401, "Unauthorized"));
        };
        if self.operations.running.contains_key(&id) {
            return Err(End::close(4409, &already_exists(&id)));
        }
        let prepared = said
            .map_err(|refusal| vec![refusal])
            .and_then(|parameters| {
                graphql::prepare(&self.front, caller, parameters, &self.voice, |_| Ok(()))
                    .unwrap_or_else(|rejection| Err(vec![rejection.refusal]))
            });
        let prepared = prepared.and_then(|prepared| {
            let is_subscription = prepared.operation_type == OperationType::Subscription;
            self.check_place(is_subscription)
                .map_err(|refusal| vec![refusal])?;
            Ok((prepared, is_subscription))
        });
        match prepared {
            Ok((prepared, is_subscription)) => {
                let (front, voice) = (Arc::clone(&self.front), self.voice.clone());
                let (headers, caller) = (Arc::clone(headers), caller.clone());
                let words = operation::begin(front, voice, headers, caller, prepared);
                let words = stream::once(words).flatten().boxed();
                self.operations.add(id, is_subscription, words);
                Ok(())
            }
            Err(refusals) => {
                let payload = self.voice.refusals(refusals);
                let payload = &payload.errors[..];
                self.tell(socket, &Told::Error { id: &id, payload }).await
            }
        }
    }

    fn check_place(&self, is_subscription: bool) -> Result<(), Refusal> {
        let settings = &self.front.subscriptions;
        let (limit, most) = if is_subscription {
            (Limit::Subscriptions, settings.subscriptions)
        } else {
            (Limit::AtOnce, settings.at_once)
        };
        let count = self.operations.count(is_subscription).saturating_add(1);
        Refusal::unless_within(limit, most, count)
    }

    /// Passes on what an operation says.
    async fn say(&mut self, socket: &mut WebSocket, id: &str, word: Word) -> Result<(), End> {
        match word {
            Word::Next(payload) => {
                let payload = &payload;
                self.tell(socket, &Told::Next { id, payload }).await
            }
            Word::Error(payload) => {
                self.operations.end(id);
                let payload = &payload.errors[..];
                self.tell(socket, &Told::Error { id, payload }).await
            }
            Word::Refused(refusal) => Err(End::refused(refusal)),
            Word::Complete => {
                self.operations.end(id);
                self.tell(socket, &Told::Complete { id }).await
            }
        }
    }

    async fn tell(&mut self, socket: &mut WebSocket, told: &Told<'_>) -> Result<(), End> {
        let text = told
            .text()
            .ok_or_else(|| End::close(close_code::ERROR, "Internal error"))?;
        self.send(socket, Message::text(text)).await
    }

    /// Sends, for as long as a client may take. (Of `self` for itself alone: what it holds is not shared.)
    async fn send(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        let sending = socket.send(message);
        match tokio::time::timeout(self.front.subscriptions.send(), sending).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            // It could not be told why, either: what was sent before was not taken.
            Err(_) => Err(End::Gone),
        }
    }
}

/// What the protocol says of an id that is in use; one that is no plain word is not repeated.
fn already_exists(id: &str) -> String {
    let plain = id.len() <= 64
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    format!(
        "Subscriber for {} already exists",
        if plain { id } else { "this id" }
    )
}

/// A frame that is too large or breaks the protocol is answered; a network that failed is not.
fn broken(error: axum::Error) -> End {
    use tokio_tungstenite::tungstenite::Error as Broken;
    match error.into_inner().downcast_ref::<Broken>() {
        Some(Broken::Capacity(_)) => End::close(close_code::SIZE, "Message too big"),
        Some(Broken::Utf8(_)) => End::close(close_code::INVALID, "Invalid text"),
        _ => End::Gone,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn comes_from(origin: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::HOST,
            HeaderValue::from_static("gateway.example:8080"),
        );
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        is_from_here(&headers, &["https://partner.example".to_owned()])
    }

    #[test]
    fn pages_of_the_own_host_and_of_listed_origins_open_sockets_and_no_others() {
        assert!(is_from_here(&HeaderMap::new(), &[]), "no page at all");
        assert!(comes_from("http://gateway.example:8080"));
        assert!(comes_from("https://partner.example"));
        for other in [
            "null",
            "",
            "http://gateway.example",
            "http://partner.example",
            "https://partner.example.evil.example",
            "https://gateway.example:8080.evil.example",
        ] {
            assert!(!comes_from(other), "{other}");
        }
    }

    #[test]
    fn an_id_in_use_is_repeated_only_when_it_is_a_plain_word() {
        assert_eq!(already_exists("a-1"), "Subscriber for a-1 already exists");
        assert_eq!(
            already_exists("a\u{0}"),
            "Subscriber for this id already exists"
        );
        assert!(already_exists(&"x".repeat(128)).len() < 124);
    }
}
