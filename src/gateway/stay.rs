//! Callers of connections that outlive a request: who may stay, and what they are told as it happens.
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_graphql::Response;
use axum::http::HeaderMap;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{ClaimantGateway, withheld};
use crate::{
    auth::Authenticated,
    graphql::{Renewal, limits::Prepared},
    http::{AuthRefusal, Gateway},
};

impl ClaimantGateway {
    /// How long the token lasts from now.
    pub(super) fn time_left(&self, caller: &Authenticated) -> Duration {
        let left = caller.expires_at - self.clock.now();
        left.to_std().unwrap_or_default()
    }

    /// Who sends these headers now; refused, when the token has ended by its own word, leeway or not, or when what it
    /// allows or whom it names is no longer what the connection began with.
    pub(super) async fn look_again(
        &self,
        headers: &HeaderMap,
        before: &Authenticated,
    ) -> Result<Authenticated, AuthRefusal> {
        let now = self.authenticate(headers).await?;
        let (was, is) = (&before.caller, &now.caller);
        let keeps_its_scopes = was.scopes.intersection(is.scopes) == was.scopes;
        if self.time_left(&now).is_zero() || is.viewer != was.viewer || !keeps_its_scopes {
            return Err(AuthRefusal::InvalidToken);
        }
        Ok(now)
    }

    /// A caller that may stay, once its client has points for another event: who is told much waits, and loses nothing.
    async fn next_caller(
        &self,
        headers: &HeaderMap,
        before: &Authenticated,
        cost: u64,
    ) -> Result<Authenticated, AuthRefusal> {
        loop {
            let now = self.look_again(headers, before).await?;
            let client = (now.caller.viewer.organization(), now.caller.client.clone());
            match self.points.take(client, cost, self.clock.now()) {
                Ok(()) => return Ok(now),
                Err(wait) => tokio::time::sleep(wait.to_std().unwrap_or_default()).await,
            }
        }
    }

    /// Begins to tell a caller what happens from this moment on.
    pub(super) async fn tell(
        self: Arc<Self>,
        headers: Arc<HeaderMap>,
        caller: Authenticated,
        prepared: Prepared,
    ) -> BoxStream<'static, Result<Response, AuthRefusal>> {
        let refused: Arc<OnceLock<AuthRefusal>> = Arc::default();
        let first = self.store.session(caller.caller.clone());
        // A session of its own, which is over when a subscription begins to wait.
        let now = self.store.session(caller.caller.clone());
        let now = match now.journal_head().await {
            Ok(now) => now,
            Err(error) => {
                tracing::error!(%error, "a subscription could not begin");
                return stream::once(std::future::ready(Ok(withheld()))).boxed();
            }
        };
        let most = Duration::from_secs(self.limits.run_seconds);
        let (gateway, refusal) = (Arc::clone(&self), Arc::clone(&refused));
        let (cost, caller) = (prepared.cost, Arc::new(caller));
        let renewal = Renewal::new(now, most, move || {
            let (gateway, refusal) = (Arc::clone(&gateway), Arc::clone(&refusal));
            let (headers, caller) = (Arc::clone(&headers), Arc::clone(&caller));
            Box::pin(async move {
                match gateway.next_caller(&headers, &caller, cost).await {
                    Ok(now) => Some(gateway.store.session(now.caller)),
                    Err(why) => {
                        // It is refused once: the stream ends with it.
                        let _ = refusal.set(why);
                        None
                    }
                }
            })
        });
        let responses = self.api.subscribe(first, renewal, prepared.request);
        let end = stream::once(async move { refused.get().copied().map(Err) });
        let end = end.filter_map(std::future::ready);
        responses.map(Ok).chain(end).boxed()
    }
}
