//! One issuer: its settings, and its key set, found by OpenID Connect Discovery 1.0 and kept. A set is fetched by one
//! task at a time, never more often than configured, and an old one is used on while the issuer does not answer. No lock
//! is held while anything is awaited.
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use tokio::sync::watch;
use url::Url;

use super::{
    TokenRefused,
    key_set::{KeySet, Signature},
};
use crate::{
    clock::Clock,
    config::{self, is_private_enough},
};

/// More than any discovery document or key set holds.
const MOST_BYTES: usize = 256 * 1024;

/// What of an issuer's tokens is looked at.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub issuer: String,
    pub audience: String,
    pub organization_claim: String,
    pub region_claim: String,
    /// The codes of the organizations that it may name; nothing for any.
    pub organizations: Option<Vec<String>>,
    /// The longest that a token may be good for; nothing for the issuer of this very process.
    pub most: Option<TimeDelta>,
}

/// An issuer whose tokens are accepted.
#[derive(Debug)]
pub(super) struct Issuer {
    pub expected: Expected,
    keys: Arc<Keys>,
}

/// A key set together with the number of its version, by which a remembered token knows whether its key may have gone.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub set: Arc<KeySet>,
    pub version: u64,
}

#[derive(Debug)]
struct Keys {
    source: Source,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug)]
enum Source {
    /// The issuer is this process: there is nothing to fetch.
    Own,
    Discovery {
        issuer: String,
        client: reqwest::Client,
        lifetime: TimeDelta,
        interval: TimeDelta,
    },
}

#[derive(Debug, Default)]
struct State {
    current: Option<Current>,
    fetched_at: Option<DateTime<Utc>>,
    attempted_at: Option<DateTime<Utc>>,
    /// Closes when the fetch under way ends, in whichever way.
    under_way: Option<watch::Receiver<()>>,
}

/// Why a key set could not be fetched: for the log.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("no answer")]
    Request(#[from] reqwest::Error),
    #[error("an answer with status {0}")]
    Status(u16),
    #[error("an answer of more than {MOST_BYTES} bytes")]
    TooLong,
    #[error("a discovery document that is none")]
    Document,
    #[error("a discovery document that names another issuer")]
    OtherIssuer,
    #[error("a jwks_uri that is neither https nor loopback")]
    KeySetAddress,
    #[error("a key set that is none")]
    KeySet,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub fn discovered(
        settings: &config::Issuer,
        auth: &config::Auth,
        client: reqwest::Client,
        clock: Clock,
    ) -> Self {
        let seconds = |number: u32| TimeDelta::seconds(i64::from(number));
        Self {
            expected: Expected {
                issuer: settings.issuer.as_str().to_owned(),
                audience: settings.audience.clone(),
                organization_claim: settings.organization_claim.clone(),
                region_claim: settings.region_claim.clone(),
                organizations: settings.organizations.clone(),
                most: Some(TimeDelta::minutes(i64::from(auth.most_token_minutes.get()))),
            },
            keys: Arc::new(Keys {
                source: Source::Discovery {
                    issuer: settings.issuer.as_str().to_owned(),
                    client,
                    lifetime: seconds(auth.key_set_seconds.get()),
                    interval: seconds(auth.key_set_interval_seconds.get()),
                },
                clock,
                state: Mutex::default(),
            }),
        }
    }

    pub fn own(expected: Expected, set: KeySet, clock: Clock) -> Self {
        let state = State {
            current: Some(Current {
                set: Arc::new(set),
                version: 1,
            }),
            ..State::default()
        };
        Self {
            expected,
            keys: Arc::new(Keys {
                source: Source::Own,
                clock,
                state: Mutex::new(state),
            }),
        }
    }

    /// The version of the key set in use. Starts fetching a newer one when it is old, without waiting for it.
    pub fn version(&self) -> Option<u64> {
        if self.keys.age().is_some_and(|age| age > Age::Fresh) {
            self.keys.refresh();
        }
        self.keys
            .lock()
            .current
            .as_ref()
            .map(|current| current.version)
    }

    /// The key for a token, and the version of the set that it comes from.
    pub async fn key(
        &self,
        id: Option<&str>,
        signature: Signature,
    ) -> Result<(DecodingKey, u64), TokenRefused> {
        match self.keys.age() {
            Some(Age::Fresh) => {}
            Some(Age::Old) => drop(self.keys.refresh()),
            Some(Age::TooOld) | None => Keys::wait(self.keys.refresh()).await,
        }
        match self.keys.select(id, signature) {
            // The issuer may have turned its keys since.
            Err(TokenRefused::KeyUnknown) => {
                Keys::wait(self.keys.refresh()).await;
                self.keys.select(id, signature)
            }
            answer => answer,
        }
    }
}

/// How long ago the set was fetched, against its lifetime: once, twice, or more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    Fresh,
    Old,
    TooOld,
}

impl Keys {
    /// Nothing under this lock can leave the state half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing when there is no set yet.
    fn age(&self) -> Option<Age> {
        let state = self.lock();
        state.current.as_ref()?;
        match (&self.source, state.fetched_at) {
            (Source::Own, _) => Some(Age::Fresh),
            (Source::Discovery { .. }, None) => None,
            (Source::Discovery { lifetime, .. }, Some(fetched_at)) => {
                let age = self.clock.now() - fetched_at;
                Some(if age <= *lifetime {
                    Age::Fresh
                } else if age <= *lifetime * 2 {
                    Age::Old
                } else {
                    Age::TooOld
                })
            }
        }
    }

    fn select(
        &self,
        id: Option<&str>,
        signature: Signature,
    ) -> Result<(DecodingKey, u64), TokenRefused> {
        let current = self.lock().current.clone();
        let current = current.ok_or(TokenRefused::KeysUnavailable)?;
        let key = current.set.select(id, signature)?;
        Ok((key.clone(), current.version))
    }

    /// Starts a fetch, or joins the one under way; nothing when the last one is too recent.
    fn refresh(self: &Arc<Self>) -> Option<watch::Receiver<()>> {
        let Source::Discovery {
            issuer,
            client,
            interval,
            ..
        } = &self.source
        else {
            return None;
        };
        let now = self.clock.now();
        let (ended, under_way) = {
            let mut state = self.lock();
            if let Some(under_way) = &state.under_way
                && under_way.has_changed().is_ok()
            {
                return Some(under_way.clone());
            }
            if state
                .attempted_at
                .is_some_and(|attempted_at| (now - attempted_at).abs() < *interval)
            {
                return None;
            }
            let (ended, under_way) = watch::channel(());
            state.attempted_at = Some(now);
            state.under_way = Some(under_way.clone());
            (ended, under_way)
        };
        let (keys, issuer, client) = (Arc::clone(self), issuer.clone(), client.clone());
        // A task of its own: the request that asked may be gone before the answer comes, and others wait for it too.
        tokio::spawn(async move {
            match fetch(&client, &issuer).await {
                Ok(set) => keys.keep(set),
                Err(error) => tracing::warn!(
                    issuer,
                    error = &error as &dyn std::error::Error,
                    "the key set of an issuer was not fetched; what was fetched before stays in use"
                ),
            }
            keys.lock().under_way = None;
            drop(ended);
        });
        Some(under_way)
    }

    async fn wait(under_way: Option<watch::Receiver<()>>) {
        if let Some(mut under_way) = under_way {
            // Nothing is ever sent: an error says that the sender is gone, and so the fetch has ended.
            while under_way.changed().await.is_ok() {}
        }
    }

    fn keep(&self, set: KeySet) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.fetched_at = Some(now);
        let (is_same, version) = match &state.current {
            Some(current) => (*current.set == set, current.version),
            None => (false, 0),
        };
        if !is_same {
            state.current = Some(Current {
                set: Arc::new(set),
                version: version + 1,
            });
        }
    }
}

/// A client for issuers: it follows no redirection, since that could lead away from what was configured.
pub fn http_client(auth: &config::Auth) -> Result<reqwest::Client, reqwest::Error> {
    let most = Duration::from_secs(u64::from(auth.network_seconds.get()));
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(most)
        .timeout(most)
        .build()
}

async fn fetch(client: &reqwest::Client, issuer: &str) -> Result<KeySet, FetchError> {
    let address = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let document = get(client, &address).await?;
    let discovered: Discovered =
        serde_json::from_slice(&document).map_err(|_| FetchError::Document)?;
    // OpenID Connect Discovery 1.0, section 4.3: the two must be the same, letter by letter.
    if discovered.issuer != issuer {
        return Err(FetchError::OtherIssuer);
    }
    if !Url::parse(&discovered.jwks_uri).is_ok_and(|url| is_private_enough(&url)) {
        return Err(FetchError::KeySetAddress);
    }
    let set = get(client, &discovered.jwks_uri).await?;
    KeySet::parse(&set).ok_or(FetchError::KeySet)
}

async fn get(client: &reqwest::Client, address: &str) -> Result<Vec<u8>, FetchError> {
    let mut response = client.get(address).send().await?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

#[cfg(test)]
mod tests;
