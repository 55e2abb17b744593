//! Values that must not be seen: they print as `[redacted]` wherever they are shown, and are given only to who asks for
//! them by name.
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[redacted]";

/// A text that nobody may print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// Where the database is. It may hold a password, which is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    whole: Secret,
    shown: String,
}

impl DatabaseUrl {
    const ALLOWED: &'static str = "a URL that begins with sqlite:, postgres:// or postgresql://";

    /// The embedded database beside the program, created when it is missing.
    pub fn embedded() -> Self {
        let url = "sqlite://claimant-gateway.db?mode=rwc";
        Self {
            whole: Secret::new(url),
            shown: url.to_owned(),
        }
    }

    /// The URL with its password, for who connects.
    pub fn reveal(&self) -> &str {
        self.whole.reveal()
    }

    /// Whether this is the embedded database.
    pub fn is_sqlite(&self) -> bool {
        self.shown.starts_with("sqlite:")
    }
}

impl std::str::FromStr for DatabaseUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = if text.starts_with("sqlite:") {
            // A path may hold what looks like a password to nobody; nothing in it is secret.
            text.to_owned()
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            without_password(text).ok_or(Self::ALLOWED)?
        } else {
            return Err(Self::ALLOWED);
        };
        Ok(Self {
            whole: Secret::new(text),
            shown,
        })
    }
}

/// PostgreSQL takes the password before the host and as a parameter.
fn without_password(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    if url.password().is_some() {
        // A placeholder with brackets would be percent-encoded, and so not be found by who searches a log for it.
        url.set_password(Some("redacted")).ok()?;
    }
    if url.query().is_some() {
        let parameters: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let shown = if name.contains("pass") {
                    "redacted".to_owned()
                } else {
                    value.into_owned()
                };
                (name.into_owned(), shown)
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(parameters);
    }
    Some(
        url.to_string()
            .replace(":redacted@", ":[redacted]@")
            .replace("=redacted", "=[redacted]"),
    )
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}
