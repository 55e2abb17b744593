//! `/graphql/stream`: GraphQL over server-sent events, in distinct connections mode. One request is one operation; what is
//! wrong with it is told by status and body as at `/graphql`; otherwise each answer is an event `next`, and the end is
//! an event `complete`. A stream that ends without one was cut: the process stops, or the network failed.
use std::{convert::Infallible, panic::AssertUnwindSafe, sync::Arc};

use async_graphql::parser::types::OperationType;
use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::Response,
};
use futures_util::{
    FutureExt, Stream, StreamExt,
    stream::{self, BoxStream},
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, Interval, MissedTickBehavior},
};
use tracing::Span;

use super::{
    Front,
    answer::{Payload, Rejection, Voice},
    gateway::{AuthRefusal, Gateway},
    graphql::{self, Verb},
    negotiate::{self, MediaType},
    operation::{self, Word},
    serve::Stopping,
    text,
};
use crate::graphql::limits::{Code, Prepared};

/// Answers whatever arrives at `/graphql/stream`.
pub(super) async fn handle<G: Gateway>(
    State(front): State<Arc<Front<G>>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut voice = graphql::voice(&parts, &front.limits);
    // Whoever takes events and is told otherwise learns it by the status.
    voice.media_type = MediaType::GraphqlResponse;
    let answer = AssertUnwindSafe(answer(&front, &parts, body, voice.clone())).catch_unwind();
    match answer.await {
        Ok(Ok(response)) => response,
        Ok(Err(rejection)) => voice.reject(rejection),
        Err(_) => {
            tracing::error!(request_id = voice.request_id.as_str(), "a request panicked");
            voice.internal()
        }
    }
}

async fn answer<G: Gateway>(
    front: &Arc<Front<G>>,
    parts: &Parts,
    body: Body,
    mut voice: Voice,
) -> Result<Response, Rejection> {
    let verb = graphql::verb_of(parts)?;
    if !negotiate::takes_events(&parts.headers) {
        let status = StatusCode::NOT_ACCEPTABLE;
        return Err(Rejection::new(
            status,
            Code::BadUserInput,
            text::ONLY_EVENTS,
        ));
    }
    graphql::check_body(verb, parts)?;
    let caller = graphql::authenticate(front, parts, &voice).await?;
    voice.suggestions = front.gateway.introspection_is_open(&caller);
    let parameters = graphql::read_parameters(verb, parts, body, &front.limits).await?;
    let allowed = |operation| match (verb, operation) {
        (Verb::Get, OperationType::Mutation) => Err(graphql::no_mutation_by_get()),
        (Verb::Get | Verb::Post, OperationType::Query | OperationType::Subscription)
        | (Verb::Post, OperationType::Mutation) => Ok(()),
    };
    let prepared = match graphql::prepare(front, &caller, parameters, &voice, allowed)? {
        Ok(prepared) => prepared,
        Err(refusals) => return Ok(voice.refuse(refusals)),
    };
    let place = operation::place(front)?;
    let events = Events::begin(front, parts, voice, caller, prepared, place).await;
    let mut response = Response::new(Body::from_stream(events.into_stream()));
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static("text/event-stream; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, content_type);
    // Proxies that gather an answer before they pass it on are asked not to.
    let unbuffered = HeaderValue::from_static("no");
    headers.insert("x-accel-buffering", unbuffered);
    Ok(response)
}

/// The events of one operation, as they go out.
struct Events<G: Gateway> {
    front: Arc<Front<G>>,
    voice: Voice,
    headers: Arc<HeaderMap>,
    caller: G::Caller,
    words: BoxStream<'static, Word>,
    stopping: Option<Stopping>,
    keep_alive: Interval,
    look_again_at: Instant,
    over: bool,
    _place: OwnedSemaphorePermit,
}

impl<G: Gateway> Events<G> {
    async fn begin(
        front: &Arc<Front<G>>,
        parts: &Parts,
        voice: Voice,
        caller: G::Caller,
        prepared: Prepared,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let headers = Arc::new(parts.headers.clone());
        let words = operation::begin(
            Arc::clone(front),
            voice.clone(),
            Arc::clone(&headers),
            caller.clone(),
            prepared,
        )
        .await;
        let period = front.subscriptions.keep_alive();
        // The first at once: whoever waits for a first byte has it.
        let mut keep_alive = tokio::time::interval(period);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            look_again_at: Instant::now() + operation::until_next_look(front, &caller),
            front: Arc::clone(front),
            voice,
            headers,
            caller,
            words,
            stopping: operation::stopping(parts),
            keep_alive,
            over: false,
            _place: place,
        }
    }

    fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        let span = Span::current();
        stream::unfold(self, move |mut events| {
            let span = span.clone();
            async move {
                if events.over {
                    return None;
                }
                let bytes = tracing::Instrument::instrument(events.next(), span).await?;
                Some((Ok(bytes), events))
            }
        })
    }

    /// The next bytes; none when the stream is cut.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            tokio::select! {
                () = operation::stopped(&mut self.stopping) => return None,
                word = self.words.next() => return Some(self.say(word.unwrap_or(Word::Complete))),
                _ = self.keep_alive.tick() => return Some(Bytes::from_static(b":\n\n")),
                () = tokio::time::sleep_until(self.look_again_at) => {
                    if let Err(refusal) = self.look_again().await {
                        return Some(self.say(Word::Refused(refusal)));
                    }
                }
            }
        }
    }

    async fn look_again(&mut self) -> Result<(), AuthRefusal> {
        let found = operation::look_again(&self.front, &self.headers, &self.caller).await;
        self.look_again_at = Instant::now() + found?;
        Ok(())
    }

    fn say(&mut self, word: Word) -> Bytes {
        match word {
            Word::Next(payload) => event(&payload).into(),
            // There is no event for errors in this mode: an answer without data, and the end.
            Word::Error(payload) => self.last(&payload),
            Word::Refused(refusal) => {
                let rejection = graphql::unauthenticated(refusal, &self.voice);
                self.last(&self.voice.refusals(vec![rejection.refusal]))
            }
            Word::Complete => {
                self.over = true;
                Bytes::from_static(COMPLETE)
            }
        }
    }

    fn last(&mut self, payload: &Payload) -> Bytes {
        self.over = true;
        let mut bytes = event(payload);
        bytes.extend_from_slice(COMPLETE);
        bytes.into()
    }
}

/// The line without data is for those who read by the specification of HTML, which passes over an event without any.
const COMPLETE: &[u8] = b"event: complete\ndata: \n\n";

/// One event `next`. JSON has no line breaks of its own.
fn event(payload: &Payload) -> Vec<u8> {
    let mut bytes = b"event: next\ndata: ".to_vec();
    bytes.extend(super::answer::to_json(payload));
    bytes.extend_from_slice(b"\n\n");
    bytes
}
