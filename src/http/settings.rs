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
