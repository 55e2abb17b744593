//! The public keys of an issuer (RFC 7517) and which of them may verify a token. Keys that cannot verify one of the four
//! algorithms accepted here are left out when a set is read. It fetches nothing.
use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;

use super::TokenRefused;

/// A signature algorithm that is accepted. There is no other: neither `none`, nor one with a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signature {
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Signature {
    /// The algorithm that a header names (RFC 7518, section 3.1; RFC 8037, section 3.1).
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "RS256" => Some(Self::Rs256),
            "PS256" => Some(Self::Ps256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }

    pub(super) const fn algorithm(self) -> Algorithm {
        match self {
            Self::Rs256 => Algorithm::RS256,
            Self::Ps256 => Algorithm::PS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    const fn key_algorithm(self) -> KeyAlgorithm {
        match self {
            Self::Rs256 => KeyAlgorithm::RS256,
            Self::Ps256 => KeyAlgorithm::PS256,
            Self::Es256 => KeyAlgorithm::ES256,
            Self::EdDsa => KeyAlgorithm::EdDSA,
        }
    }
}

/// What a key is made of, as far as it matters for which algorithm it can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Material {
    Rsa,
    P256,
    Ed25519,
}

impl Material {
    /// Nothing for a key of another type or curve, which can verify no token here.
    fn of(key: &Jwk) -> Option<Self> {
        if let AlgorithmParameters::RSA(_) = &key.algorithm {
            Some(Self::Rsa)
        } else if let AlgorithmParameters::EllipticCurve(key) = &key.algorithm
            && key.curve == EllipticCurve::P256
        {
            Some(Self::P256)
        } else if let AlgorithmParameters::OctetKeyPair(key) = &key.algorithm
            && key.curve == EllipticCurve::Ed25519
        {
            Some(Self::Ed25519)
        } else {
            None
        }
    }

    const fn serves(self, signature: Signature) -> bool {
        match signature {
            Signature::Rs256 | Signature::Ps256 => matches!(self, Self::Rsa),
            Signature::Es256 => matches!(self, Self::P256),
            Signature::EdDsa => matches!(self, Self::Ed25519),
        }
    }
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    material: Material,
    /// The one algorithm for which its issuer means it.
    only_for: Option<KeyAlgorithm>,
    key: DecodingKey,
    source: Jwk,
}

impl Key {
    fn read(source: Jwk) -> Option<Self> {
        let common = &source.common;
        let is_for_signatures = match &common.public_key_use {
            None | Some(PublicKeyUse::Signature) => true,
            Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)) => false,
        };
        let verifies = common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        if !is_for_signatures || !verifies {
            return None;
        }
        Some(Self {
            id: common.key_id.clone(),
            material: Material::of(&source)?,
            only_for: common.key_algorithm,
            key: DecodingKey::from_jwk(&source).ok()?,
            source,
        })
    }

    fn serves(&self, signature: Signature) -> bool {
        self.material.serves(signature)
            && self
                .only_for
                .is_none_or(|only| only == signature.key_algorithm())
    }
}

/// The keys of one issuer.
#[derive(Debug, Default)]
pub struct KeySet(Vec<Key>);

/// Keys are read one by one, so that one of a kind we do not know spoils no other.
#[derive(Deserialize)]
struct Published {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a JWK set; nothing when it is none.
    pub fn parse(json: &[u8]) -> Option<Self> {
        let published: Published = serde_json::from_slice(json).ok()?;
        Some(
            published
                .keys
                .into_iter()
                .filter_map(|key| serde_json::from_value(key).ok())
                .collect(),
        )
    }

    /// The key for a token: the one that its header names, or the only one that fits when it names none.
    pub fn select(
        &self,
        id: Option<&str>,
        signature: Signature,
    ) -> Result<&DecodingKey, TokenRefused> {
        let mut named = self
            .0
            .iter()
            .filter(|key| id.is_none() || key.id.as_deref() == id)
            .peekable();
        if named.peek().is_none() {
            return Err(TokenRefused::KeyUnknown);
        }
        let mut fitting = named.filter(|key| key.serves(signature));
        match (fitting.next(), fitting.next()) {
            (None, _) => Err(TokenRefused::KeyUnfit),
            (Some(key), None) => Ok(&key.key),
            (Some(_), Some(_)) => Err(TokenRefused::KeyAmbiguous),
        }
    }
}

impl FromIterator<Jwk> for KeySet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self(keys.into_iter().filter_map(Key::read).collect())
    }
}

impl PartialEq for KeySet {
    fn eq(&self, other: &Self) -> bool {
        self.0
            .iter()
            .map(|key| &key.source)
            .eq(other.0.iter().map(|key| &key.source))
    }
}
