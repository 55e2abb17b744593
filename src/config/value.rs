//! Types of single settings that check themselves, each with a text that says what is allowed.
use std::{fmt, net::SocketAddr, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};

/// A whole number between two bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Whole<LEAST, MOST> {
    /// A number of this range, checked when the program is built.
    pub const fn of<const NUMBER: u32>() -> Self {
        const { assert!(NUMBER >= LEAST && NUMBER <= MOST) };
        Self(NUMBER)
    }

    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const LEAST: u32, const MOST: u32> Serialize for Whole<LEAST, MOST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

impl<'de, const LEAST: u32, const MOST: u32> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let allowed = || de::Error::custom(format!("a whole number from {LEAST} to {MOST}"));
        // Wider than needed, so that a negative or large number is told what is allowed instead of what overflowed.
        let number = i64::deserialize(deserializer).map_err(|_| allowed())?;
        match u32::try_from(number) {
            Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Self(number)),
            Ok(_) | Err(_) => Err(allowed()),
        }
    }
}

/// An address and port to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

impl Listen {
    const ALLOWED: &'static str = "an address and a port, such as 127.0.0.1:8080 or [::]:8080";
}

impl FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numeric = text
            .strip_prefix("localhost:")
            .map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
        numeric.parse().map(Self).map_err(|_| Self::ALLOWED)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The identifier of an OpenID issuer: an https URL without query or fragment (OpenID Connect Discovery 1.0, section 3).
/// Without TLS only on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerUrl(String);

impl IssuerUrl {
    const ALLOWED: &'static str =
        "an https URL without query or fragment (http only for a loopback address)";

    /// As it was written: an issuer is compared letter by letter.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IssuerUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| Self::ALLOWED)?;
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        if plain && is_private_enough(&url) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Self::ALLOWED)
        }
    }
}

impl fmt::Display for IssuerUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Whether what is fetched from there cannot be changed on the way: https, or this very machine.
pub fn is_private_enough(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => loopback,
        _ => false,
    }
}

/// Reads and writes a type as the text that it displays.
macro_rules! as_text {
    ($($name:ident)+) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)
                    .map_err(|_| de::Error::custom(Self::ALLOWED))?
                    .parse()
                    .map_err(de::Error::custom)
            }
        }
    )+};
}

as_text! { Listen IssuerUrl }
