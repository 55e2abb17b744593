//! Seals what is known of people, and is the only place that holds keys. Each claimant has a data key, and so has the
//! free text of each referral; a master key wraps them (AES key wrap, RFC 3394). Contents are sealed with AES-256-GCM
//! under a random nonce, bound to their place: moved elsewhere they do not open. No opened data key is kept beyond the
//! read or write it was opened for, so that one that was deleted is gone at once. It runs no query.
use std::collections::BTreeMap;

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    hmac,
    key_wrap::{AES_256, AesKek, KeyWrap},
    rand,
};
use entity::{ClaimantId, Sealed, claimant_key, referral};
use sea_orm::prelude::Uuid;

use crate::{
    config::{DERIVED, Ring},
    error::{Error, Result},
    lock::Lock,
    opaque::Keys,
};

/// What a sealed content begins with: how it is to be read.
const FORMAT: u8 = 1;
const NONCE: usize = 12;

/// The master keys and the token keys.
pub struct Seal {
    masters: Ring,
    token_current: String,
    tokens: BTreeMap<String, hmac::Key>,
}

/// A data key as it is kept, with the id of the master key that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    pub(super) master_key: String,
    pub(super) bytes: Vec<u8>,
}

/// An opened data key; it lives as long as one read or write.
pub(super) struct DataKey(RandomizedNonceKey);

/// Where a content belongs: what it is, and of which row.
#[derive(Clone, Copy)]
pub(super) struct Place {
    what: &'static str,
    row: Uuid,
}

impl Place {
    pub(super) fn new(what: &'static str, row: impl Into<Uuid>) -> Self {
        Self {
            what,
            row: row.into(),
        }
    }

    fn associated_data(self) -> Aad<Vec<u8>> {
        Aad::from([&[FORMAT], self.what.as_bytes(), &[0], self.row.as_bytes()].concat())
    }
}

#[derive(Debug, thiserror::Error)]
enum SealError {
    #[error("no master key `{0}` is configured, and a data key is wrapped by it")]
    UnknownMaster(String),
    #[error("a data key does not open under the master key `{0}`")]
    Wrapping(String),
    #[error("a sealed {0} does not open under its data key")]
    Content(&'static str),
    #[error("the machine could not seal anything")]
    Machine,
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        Self::internal(error)
    }
}

impl Seal {
    /// The configured keys, and beside them those that follow from the gateway's secret.
    pub fn new(keys: &Keys, mut masters: Ring, mut tokens: Ring) -> Self {
        masters.keys.insert(DERIVED.to_owned(), *keys.master_key());
        tokens.keys.insert(DERIVED.to_owned(), *keys.token_key());
        Self {
            masters,
            token_current: tokens.current,
            tokens: tokens
                .keys
                .into_iter()
                .map(|(id, key)| (id, hmac::Key::new(hmac::HMAC_SHA256, &key)))
                .collect(),
        }
    }

    /// The id of the master key that wraps new data keys.
    pub(super) fn current_master(&self) -> &str {
        &self.masters.current
    }

    /// The id of the key of new tokens.
    pub(super) fn current_token_key(&self) -> &str {
        &self.token_current
    }

    fn master(&self, id: &str) -> Result<AesKek> {
        let key = self.masters.keys.get(id);
        let key = key.ok_or_else(|| SealError::UnknownMaster(id.to_owned()))?;
        Ok(AesKek::new(&AES_256, key).map_err(|_| SealError::Machine)?)
    }

    /// A data key that is used nowhere yet.
    pub(super) fn new_key(&self) -> Result<(DataKey, Wrapped)> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| SealError::Machine)?;
        Ok((DataKey::new(&bytes)?, self.wrap(&bytes)?))
    }

    fn wrap(&self, key: &[u8; 32]) -> Result<Wrapped> {
        let mut wrapped = [0; 40];
        let master = self.master(&self.masters.current)?;
        master
            .wrap(key, &mut wrapped)
            .map_err(|_| SealError::Machine)?;
        Ok(Wrapped {
            master_key: self.masters.current.clone(),
            bytes: wrapped.to_vec(),
        })
    }

    fn unwrap(&self, wrapped: &Wrapped) -> Result<[u8; 32]> {
        let mut key = [0; 32];
        let master = self.master(&wrapped.master_key)?;
        let opened = master.unwrap(&wrapped.bytes, &mut key);
        if opened.is_ok_and(|opened| opened.len() == 32) {
            Ok(key)
        } else {
            Err(SealError::Wrapping(wrapped.master_key.clone()).into())
        }
    }

    /// Opens a data key.
    pub(super) fn open_key(&self, wrapped: &Wrapped) -> Result<DataKey> {
        DataKey::new(&self.unwrap(wrapped)?)
    }

    /// The same data key, wrapped by the current master key.
    pub(super) fn rewrap(&self, wrapped: &Wrapped) -> Result<Wrapped> {
        self.wrap(&self.unwrap(wrapped)?)
    }

    /// The token of a part of a name, for one organization only, under the current key.
    pub(super) fn name_token(&self, organization: Uuid, part: &str) -> Vec<u8> {
        let key = self.tokens.get(&self.token_current);
        key.map(|key| token(key, organization, part))
            .unwrap_or_default()
    }

    /// The tokens of a part of a name under every key: a claimant's may wait for their rotation.
    pub(super) fn name_tokens(&self, organization: Uuid, part: &str) -> Vec<Vec<u8>> {
        let keys = self.tokens.values();
        keys.map(|key| token(key, organization, part)).collect()
    }

    /// The token of a key of matching, under the current key. It is the same for every organization, so that people can
    /// be counted once.
    pub(super) fn match_token(&self, key: &str) -> Vec<u8> {
        self.name_token(Uuid::nil(), key)
    }

    /// The tokens of a key of matching under every key.
    pub(super) fn match_tokens(&self, key: &str) -> Vec<Vec<u8>> {
        self.name_tokens(Uuid::nil(), key)
    }

    /// Seals a text under a wrapped key.
    pub(super) fn seal_text(&self, key: &Wrapped, place: Place, text: &str) -> Result<Sealed> {
        self.open_key(key)?.seal(place, text.as_bytes()).map(Sealed)
    }

    /// Opens a text. Without its key there is nothing to be read any more.
    pub(super) fn open_text(
        &self,
        key: Option<&Wrapped>,
        place: Place,
        text: Option<&Sealed>,
    ) -> Result<Option<String>> {
        let (Some(key), Some(text)) = (key, text) else {
            return Ok(None);
        };
        if Lock::Decryption.is_off() {
            return Ok(Some(String::new()));
        }
        let bytes = self.open_key(key)?.open(place, &text.0)?;
        let text = String::from_utf8(bytes).map_err(|_| SealError::Content(place.what))?;
        Ok(Some(text))
    }
}

fn token(key: &hmac::Key, organization: Uuid, part: &str) -> Vec<u8> {
    let mut context = hmac::Context::with_key(key);
    context.update(organization.as_bytes());
    context.update(part.as_bytes());
    context.sign().as_ref()[..16].to_vec()
}

impl DataKey {
    fn new(bytes: &[u8; 32]) -> Result<Self> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes);
        Ok(Self(key.map_err(|_| SealError::Machine)?))
    }

    /// Format, nonce, ciphertext and tag.
    pub(super) fn seal(&self, place: Place, content: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = content.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(place.associated_data(), &mut sealed)
            .map_err(|_| SealError::Machine)?;
        Ok([&[FORMAT], nonce.as_ref().as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = || SealError::Content(place.what);
        let (head, content) = sealed.split_at_checked(1 + NONCE).ok_or_else(broken)?;
        if head[0] != FORMAT {
            return Err(broken().into());
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[1..]).map_err(|_| broken())?;
        let mut content = content.to_vec();
        let opened = self
            .0
            .open_in_place(nonce, place.associated_data(), &mut content)
            .map_err(|_| broken())?
            .len();
        content.truncate(opened);
        Ok(content)
    }
}

impl Wrapped {
    /// The key of a referral's free text; none once its claimant is erased.
    pub(super) fn of(row: &referral::Model) -> Option<Self> {
        Self::of_parts(row.text_master_key.clone(), row.text_key.clone())
    }

    pub(super) fn of_claimant(row: &claimant_key::Model) -> Self {
        Self {
            master_key: row.master_key.clone(),
            bytes: row.wrapped.clone(),
        }
    }

    pub(super) fn of_parts(master_key: Option<String>, bytes: Option<Vec<u8>>) -> Option<Self> {
        Some(Self {
            master_key: master_key?,
            bytes: bytes?,
        })
    }

    pub(super) fn put_into(self, row: &mut referral::Model) {
        row.text_master_key = Some(self.master_key);
        row.text_key = Some(self.bytes);
    }
}

/// The places of free text.
impl Place {
    pub(super) fn summary(referral: impl Into<Uuid>) -> Self {
        Self::new("referral.summary", referral)
    }

    pub(super) fn outcome_note(outcome: impl Into<Uuid>) -> Self {
        Self::new("outcome.note", outcome)
    }

    pub(super) fn message_body(message: impl Into<Uuid>) -> Self {
        Self::new("message.body", message)
    }

    pub(super) fn appointment_place(appointment: impl Into<Uuid>) -> Self {
        Self::new("appointment.place", appointment)
    }

    pub(super) fn appointment_note(appointment: impl Into<Uuid>) -> Self {
        Self::new("appointment.note", appointment)
    }

    pub(super) fn journal_note(entry: impl Into<Uuid>) -> Self {
        Self::new("journal_entry.note", entry)
    }

    pub(super) fn authority(consent: impl Into<Uuid>) -> Self {
        Self::new("consent.authority", consent)
    }

    /// What somebody was looked for by.
    pub(super) fn match_request(request: impl Into<Uuid>) -> Self {
        Self::new("match_request.content", request)
    }

    /// A sealed group of a claimant, by the name of its table.
    pub(super) fn group(table: &'static str, claimant: ClaimantId) -> Self {
        Self::new(table, claimant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(current: &str) -> Seal {
        let ring = |byte| Ring {
            current: current.to_owned(),
            keys: [("a", byte), ("b", byte + 1)]
                .map(|(id, byte)| (id.to_owned(), [byte; 32]))
                .into(),
        };
        let keys = Keys::derive(b"a secret for tests only, 32 byte");
        Seal::new(&keys, ring(1), ring(3))
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let (key, wrapped) = seal("a").new_key().unwrap();
        let [one, other] = [Uuid::now_v7(), Uuid::now_v7()];
        let sealed = key.seal(Place::summary(one), b"A cook.").unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"cook"));
        let key = seal("a").open_key(&wrapped).unwrap();
        assert_eq!(key.open(Place::summary(one), &sealed).unwrap(), b"A cook.");
        assert!(key.open(Place::summary(other), &sealed).is_err());
        assert!(key.open(Place::outcome_note(one), &sealed).is_err());
        let (stranger, _) = seal("a").new_key().unwrap();
        assert!(stranger.open(Place::summary(one), &sealed).is_err());
        for place in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[place] ^= 1;
            assert!(key.open(Place::summary(one), &altered).is_err(), "{place}");
            assert!(key.open(Place::summary(one), &sealed[..place]).is_err());
        }
    }

    #[test]
    fn the_same_text_is_never_sealed_to_the_same_bytes() {
        let (key, _) = seal("a").new_key().unwrap();
        let place = Place::summary(Uuid::now_v7());
        let sealed = || key.seal(place, b"A cook.").unwrap();
        assert_ne!(sealed(), sealed());
    }

    #[test]
    fn a_data_key_rewrapped_is_the_same_key_under_another_master() {
        let (key, wrapped) = seal("a").new_key().unwrap();
        let place = Place::summary(Uuid::now_v7());
        let sealed = key.seal(place, b"A cook.").unwrap();
        let rewrapped = seal("b").rewrap(&wrapped).unwrap();
        assert_eq!(rewrapped.master_key, "b");
        assert_ne!(rewrapped.bytes, wrapped.bytes);
        let key = seal("a").open_key(&rewrapped).unwrap();
        assert_eq!(key.open(place, &sealed).unwrap(), b"A cook.");
    }

    #[test]
    fn a_wrong_or_unknown_master_key_opens_nothing_and_says_which() {
        let (_, mut wrapped) = seal("a").new_key().unwrap();
        wrapped.master_key = "b".to_owned();
        let refused = |wrapped: &Wrapped| match seal("a").open_key(wrapped) {
            Ok(_) => panic!("it opened"),
            Err(error) => error.to_string(),
        };
        assert!(refused(&wrapped).contains("under the master key `b`"));
        wrapped.master_key = "c".to_owned();
        assert!(refused(&wrapped).contains("no master key `c`"));
    }

    #[test]
    fn a_token_says_which_key_and_which_organization_made_it() {
        let [one, other] = [Uuid::now_v7(), Uuid::now_v7()];
        let token = seal("a").name_token(one, "testa");
        assert_eq!(token, seal("a").name_token(one, "testa"));
        assert_ne!(token, seal("a").name_token(other, "testa"));
        assert_ne!(token, seal("b").name_token(one, "testa"));
        assert!(seal("b").name_tokens(one, "testa").contains(&token));
    }
}
