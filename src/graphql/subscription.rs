//! The subscription: the feed as it happens. Each event is an answer of its own: a session of its moment, loaders of its
//! own, a ledger of its own that is written down before the event leaves. What is to be told and when is found by
//! [`Following`]; nothing of an event outlives it.
use std::{borrow::Cow, sync::Arc, time::Duration};

use async_graphql::{
    Context, ContextSelectionSet, Data, Error as Failure, ErrorExtensions, ID, OutputType,
    Positioned, Response, Result, ServerError, ServerResult, Subscription as GraphqlSubscription,
    SubscriptionType, Value, parser::types::Field, registry::Registry,
};
use entity::{Language, ReferralId};
use futures_util::{
    Stream, StreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};

use super::{
    Scoped,
    context::{OrAnswer, Resolver},
    journal::{JournalEntry, position},
    limits::{Code, Text},
    loader::Loaders,
    scalar::Cursor,
};
use crate::{
    auth::scope,
    error::Error,
    store::{
        Session,
        journal::follow::{Following, Next},
    },
};

const LATE: Text = Text::new(
    "The operation took too long and was stopped.",
    "L'opération a duré trop longtemps et a été arrêtée.",
);

/// Where the events of a subscription get their sessions from: each its own, under the rights of its moment.
#[derive(Clone)]
pub struct Renewal {
    session: Arc<SessionSource>,
    /// The last position when the subscription was asked for.
    now: i64,
    /// How long one event may take to be read.
    most: Duration,
}

type SessionSource = dyn Fn() -> BoxFuture<'static, Option<Session>> + Send + Sync;

impl Renewal {
    /// `now` is where a subscription without a cursor begins. `session` gives a session of its moment, or none when the
    /// caller may not stay: then the subscription ends.
    pub fn new(
        now: i64,
        most: Duration,
        session: impl Fn() -> BoxFuture<'static, Option<Session>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            session: Arc::new(session),
            now,
            most,
        }
    }
}

/// Root of the subscriptions.
pub(super) struct Subscription;

#[GraphqlSubscription]
impl Subscription {
    /// The feed as it happens: every entry that `changes` of Query tells the caller, in the same order, without gap or
    /// repeat. With `after`, it begins right after that cursor, of this feed or of the query, with whatever was missed;
    /// without, with what happens from now on. With `referralId`, only entries whose subject is that referral; of one
    /// that is not there or not the caller's to see, there are none. Each event is read under the rights of its moment:
    /// what was open before may be closed in the next. It ends with an error when an event cannot be read or its
    /// disclosure cannot be recorded; go on after the last cursor.
    async fn changes(
        &self,
        context: &Context<'_>,
        after: Option<Cursor>,
        referral_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Event>>> {
        let after = after.map(|cursor| position(context, &cursor));
        let after = after.transpose().or_answer(context)?;
        let referral = referral_id.map(|id| context.row::<ReferralId>(&id));
        let renewal = context.data_unchecked::<Renewal>().clone();
        let after = after.unwrap_or(renewal.now);
        let telling = Telling {
            following: context.session().follow(after, referral),
            renewal,
        };
        Ok(stream::unfold(Some(telling), |telling| async {
            let mut telling = telling?;
            match telling.next().await {
                Ok(Some(event)) => Some((Ok(event), Some(telling))),
                Ok(None) => None,
                Err(error) => Some((Err(failed(&error)), None)),
            }
        }))
    }
}

/// An error of ours, in the middle of a stream. It is logged here, once, and shows nothing.
fn failed(error: &Error) -> Failure {
    tracing::error!(%error, "an event could not be read");
    Failure::new("internal error")
        .extend_with(|_, extensions| extensions.set("code", Code::Internal.as_str()))
}

/// One subscriber.
struct Telling {
    following: Following,
    renewal: Renewal,
}

impl Telling {
    /// The next event; none when the caller may not stay.
    async fn next(&mut self) -> crate::error::Result<Option<Event>> {
        loop {
            let next = self.following.next().await;
            let Some(session) = (self.renewal.session)().await else {
                return Ok(None);
            };
            match next {
                Next::Look => self.following.look(&session).await?,
                Next::At(position) => {
                    if let Some(seen) = session.change_at(position).await? {
                        let most = self.renewal.most;
                        return Ok(Some(Event::new(JournalEntry(seen), session, most)));
                    }
                }
            }
        }
    }
}

/// An entry on its way to one subscriber, with all that it is resolved with.
struct Event {
    entry: JournalEntry,
    session: Session,
    /// The session and the loaders, which stand before those of the request.
    data: Data,
    most: Duration,
}

impl Event {
    fn new(entry: JournalEntry, session: Session, most: Duration) -> Self {
        let mut data = Data::default();
        data.insert(Loaders::new(session.clone()));
        data.insert(session.clone());
        Self {
            entry,
            session,
            data,
            most,
        }
    }

    async fn tell(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let mut context = context.clone();
        context.execute_data = Some(&self.data);
        let value = self.entry.resolve(&context, field).await?;
        // Nothing that was sealed leaves without a record of who was told.
        if let Err(error) = self.session.write_disclosures().await {
            tracing::error!(%error, "an event was withheld");
            return Err(withheld(&context, field, Code::Internal, "internal error"));
        }
        Ok(value)
    }
}

/// What is said in place of an event: none of its data, none of its errors.
fn withheld(
    context: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
    code: Code,
    text: &str,
) -> ServerError {
    if let Ok(mut errors) = context.query_env.errors.lock() {
        errors.clear();
    }
    Failure::new(text)
        .extend_with(|_, extensions| extensions.set("code", code.as_str()))
        .into_server_error(field.pos)
}

impl OutputType for Event {
    fn type_name() -> Cow<'static, str> {
        JournalEntry::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        JournalEntry::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        // On the heap: what an entry awaits is large, and a socket carries many subscriptions.
        let told = tokio::time::timeout(self.most, Box::pin(self.tell(context, field)));
        match told.await {
            Ok(told) => told,
            Err(_) => {
                let language: Language = self.session.caller().language;
                Err(withheld(
                    context,
                    field,
                    Code::Timeout,
                    LATE.within(language),
                ))
            }
        }
    }
}

/// What a subscription answers, to its end. An answer without data ends it: what could not be told must not be passed
/// over. Its errors are those of a request then.
pub(super) fn until_refused(
    responses: BoxStream<'static, Response>,
) -> BoxStream<'static, Response> {
    stream::unfold(Some(responses), |responses| async {
        let mut responses = responses?;
        let mut response = responses.next().await?;
        if response.data != Value::Null {
            return Some((response, Some(responses)));
        }
        for error in &mut response.errors {
            error.path.clear();
        }
        Some((response, None))
    })
    .boxed()
}

impl SubscriptionType for Scoped<Subscription> {
    fn type_name() -> Cow<'static, str> {
        Subscription::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = Subscription::create_type_info(registry);
        scope::register(registry);
        name
    }

    fn create_field_stream<'a>(
        &'a self,
        context: &'a Context<'_>,
    ) -> Option<std::pin::Pin<Box<dyn Stream<Item = Response> + Send + 'a>>> {
        self.0.create_field_stream(context)
    }
}
