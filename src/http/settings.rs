//! What the HTTP front can be told. Configuration only.
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::graphql::limits::Limits;

/// How the front behaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What one request may ask for.
    pub limits: Limits,
    /// Origins whose scripts may read answers, each as a browser writes it: `https://host` or `https://host:port`.
    /// None by default.
    pub allowed_origins: Vec<String>,
    /// Whether answers carry `Strict-Transport-Security`: only where TLS ends in this process or right before it.
    pub strict_transport: bool,
    /// Subscriptions, over WebSocket and server-sent events.
    pub subscriptions: Subscriptions,
}

/// What a connection that outlives a request may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscriptions {
    /// WebSockets and streams of events at one time; further ones are refused.
    pub connections: usize,
    /// Seconds in which a WebSocket must have begun to say who it is.
    pub init_seconds: u64,
    /// Bytes of one frame, and of one message, that a client sends.
    pub frame_bytes: usize,
    /// Subscriptions on one WebSocket at one time.
    pub subscriptions: usize,
    /// Queries and mutations on one WebSocket at one time.
    pub at_once: usize,
    /// Seconds after which it is looked again whether a caller may stay, when nothing else made that happen: 60 at most.
    pub look_again_seconds: u64,
    /// Seconds after which a quiet connection is tried; a WebSocket that has not answered by the next time is gone.
    pub keep_alive_seconds: u64,
    /// Seconds that a client may take to receive one message; after that it is gone.
    pub send_seconds: u64,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Self {
            connections: 5_000,
            init_seconds: 3,
            frame_bytes: 256_000,
            subscriptions: 20,
            at_once: 20,
            look_again_seconds: 20,
            keep_alive_seconds: 15,
            send_seconds: 30,
        }
    }
}

impl Subscriptions {
    pub(super) const fn init(&self) -> Duration {
        Duration::from_secs(self.init_seconds)
    }

    /// Never zero, and never longer than what callers are promised.
    pub(super) fn look_again(&self) -> Duration {
        Duration::from_secs(self.look_again_seconds.clamp(1, 60))
    }

    pub(super) fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_seconds.max(1))
    }

    pub(super) const fn send(&self) -> Duration {
        Duration::from_secs(self.send_seconds)
    }
}

/// How connections are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeSettings {
    /// Seconds in which the head of a request must have arrived, also on a connection that is kept alive.
    pub header_seconds: u64,
    /// Seconds that requests under way are given when the process is told to stop.
    pub grace_seconds: u64,
    /// Connections at one time; further ones wait to be accepted.
    pub connections: usize,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            header_seconds: 8,
            grace_seconds: 20,
            connections: 10_000,
        }
    }
}

impl ServeSettings {
    pub(super) const fn header_time(&self) -> Duration {
        Duration::from_secs(self.header_seconds)
    }

    pub(super) const fn grace(&self) -> Duration {
        Duration::from_secs(self.grace_seconds)
    }
}
