//! What the HTTP front needs from the gateway behind it: who is calling, what that caller may ask, and the answer. The
//! front knows no token, no database and no schema type; this is the whole of the seam.
use std::{future::Future, sync::Arc, time::Duration};

use async_graphql::Response;
use axum::http::HeaderMap;
use futures_util::stream::BoxStream;

use crate::graphql::limits::{MissingScopes, Prepared, SchemaIndex};

/// The gateway, as HTTP sees it.
pub trait Gateway: Send + Sync + 'static {
    /// A verified caller.
    type Caller: Clone + Send + Sync + 'static;

    /// Who sends these headers.
    fn authenticate(
        &self,
        headers: &HeaderMap,
    ) -> impl Future<Output = Result<Self::Caller, AuthRefusal>> + Send;

    /// The scopes that this caller lacks for a field, or none when it is open. It is asked for the fields of an
    /// operation before anything runs, never for introspection.
    fn missing_scopes(
        &self,
        caller: &Self::Caller,
        type_name: &str,
        field_name: &str,
    ) -> Option<MissingScopes>;

    /// Whether this caller may read `__schema` and `__type`; suggestions are given under the same condition.
    fn introspection_is_open(&self, caller: &Self::Caller) -> bool;

    /// Runs a prepared operation. Its data already holds the `entity::Language` of the answer and the
    /// `crate::http::RequestId`. Errors carry a `code` in their extensions; one without is answered as `INTERNAL`.
    fn execute(
        &self,
        caller: Self::Caller,
        prepared: Prepared,
    ) -> impl Future<Output = Response> + Send;

    /// How long the caller of a connection may stay, from now.
    fn time_left(&self, caller: &Self::Caller) -> Duration;

    /// Who sends these headers now, on a connection that began with `before`. Refused when the token has ended, or no
    /// longer allows what it did.
    fn look_again(
        &self,
        headers: &HeaderMap,
        before: &Self::Caller,
    ) -> impl Future<Output = Result<Self::Caller, AuthRefusal>> + Send;

    /// Begins a prepared subscription, with what happens from this moment on: an answer for each event, each under the rights of its moment, each told only once
    /// what it discloses is recorded. An answer without data is the last. It ends with a refusal when the caller may not
    /// stay. Of the request's data it has what [`Gateway::execute`] has.
    fn subscribe(
        self: Arc<Self>,
        headers: Arc<HeaderMap>,
        caller: Self::Caller,
        prepared: Prepared,
    ) -> impl Future<Output = BoxStream<'static, Result<Response, AuthRefusal>>> + Send;

    /// The types of the schema, built once.
    fn schema_index(&self) -> &SchemaIndex;

    /// The schema as text, for `/schema.graphql`.
    fn sdl(&self) -> Arc<str>;

    /// Whether the gateway can serve now.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send;
}

/// Why a caller is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthRefusal {
    /// No token was sent.
    NoToken,
    /// The token is malformed, expired, revoked, of an unknown issuer, or of an organization that is not active.
    InvalidToken,
    /// The token may be good; the header that names the worker behind it is not.
    BadActingSubject,
    /// It cannot be told now; the caller may try again.
    Unavailable,
}

/// The gateway cannot serve now; why is for the log of whoever found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotReady;
