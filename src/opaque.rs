//! What outsiders see instead of our keys and positions: public ids, cursors, keyed hashes, signatures. All follow from one
//! secret; none can be made or read without it. Nothing here knows what an id is for.
use aes::{
    Aes128,
    cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};
use aes_siv::siv::Aes128Siv;
use aws_lc_rs::{error::KeyRejected, hkdf, hmac, signature::Ed25519KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

/// The type of a thing that has a public id. The numbers are part of every id ever given out: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeType {
    Organization = 1,
    Region = 2,
    Catchment = 3,
    Service = 4,
    Location = 5,
    Claimant = 6,
    Need = 7,
    Consent = 8,
    Referral = 9,
    Outcome = 10,
    Qualification = 11,
    Exclusion = 12,
    Disclosure = 13,
    DuplicateCandidate = 14,
    Message = 15,
    Appointment = 16,
    EligibilityRule = 24,
}

impl NodeType {
    const ALL: [Self; 17] = [
        Self::Organization,
        Self::Region,
        Self::Catchment,
        Self::Service,
        Self::Location,
        Self::Claimant,
        Self::Need,
        Self::Consent,
        Self::Referral,
        Self::Outcome,
        Self::Qualification,
        Self::Exclusion,
        Self::Disclosure,
        Self::DuplicateCandidate,
        Self::Message,
        Self::Appointment,
        Self::EligibilityRule,
    ];
}

/// The keys derived from the gateway's secret, one for each purpose.
#[derive(Clone)]
pub struct Keys {
    id: Aes128,
    cursor: [u8; 32],
    hash: hmac::Key,
    master: [u8; 32],
    token: [u8; 32],
    checkpoint: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Keys([redacted])")
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// RFC 5869, with the purpose as info.
fn derive<const N: usize>(secret: &hkdf::Prk, purpose: &str) -> [u8; N] {
    let mut key = [0; N];
    let info = [purpose.as_bytes()];
    // Expanding fails only past 255 blocks of the hash; every N here is at most two.
    if let Ok(output) = secret.expand(&info, Length(N)) {
        let filled = output.fill(&mut key);
        debug_assert!(filled.is_ok(), "the length is the one asked for");
    }
    key
}

impl Keys {
    /// Derives every key from `secret`, which should hold 32 random bytes.
    pub fn derive(secret: &[u8]) -> Self {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"claimant-gateway").extract(secret);
        Self {
            id: Aes128::new(&derive::<16>(&secret, "public id").into()),
            cursor: derive(&secret, "cursor"),
            hash: hmac::Key::new(hmac::HMAC_SHA256, &derive::<32>(&secret, "input hash")),
            master: derive(&secret, "master key"),
            token: derive(&secret, "name token"),
            checkpoint: derive(&secret, "audit checkpoint"),
        }
    }

    /// The public id: one block of AES over the UUIDv7, whose six fixed bits (RFC 9562 §5.7) make room for the type.
    pub fn id(&self, node: NodeType, uuid: impl Into<Uuid>) -> String {
        let mut block = uuid.into().into_bytes();
        debug_assert!(
            block[6] >> 4 == 7 && block[8] >> 6 == 0b10,
            "ids are UUIDv7"
        );
        let number = node as u8;
        block[6] = (block[6] & 0x0f) | (number >> 2) << 4;
        block[8] = (block[8] & 0x3f) | number << 6;
        let mut block = block.into();
        self.id.encrypt_block(&mut block);
        URL_SAFE_NO_PAD.encode(block)
    }

    /// The type and UUID of a public id. A text that never was one gives nothing, or a UUID that no row has.
    pub fn node(&self, id: &str) -> Option<(NodeType, Uuid)> {
        let mut block = [0_u8; 16];
        let length = URL_SAFE_NO_PAD.decode_slice(id, &mut block).ok()?;
        if length != block.len() {
            return None;
        }
        let mut block = block.into();
        self.id.decrypt_block(&mut block);
        let mut block: [u8; 16] = block.into();
        let number = (block[6] >> 4) << 2 | block[8] >> 6;
        let node = NodeType::ALL
            .into_iter()
            .find(|node| *node as u8 == number)?;
        block[6] = (block[6] & 0x0f) | 0x70;
        block[8] = (block[8] & 0x3f) | 0x80;
        Some((node, Uuid::from_bytes(block)))
    }

    /// The UUID of a public id of this type; another type is as good as nothing.
    pub fn uuid(&self, node: NodeType, id: &str) -> Option<Uuid> {
        self.node(id)
            .and_then(|(found, uuid)| (found == node).then_some(uuid))
    }

    /// A cursor that reveals nothing and opens only under the same `binding` (RFC 5297).
    pub fn cursor(&self, binding: &[u8], content: &[u8]) -> String {
        // Sealing fails only for more headers than the standard allows; there is one.
        let sealed = Aes128Siv::new(&self.cursor.into())
            .encrypt([binding], content)
            .unwrap_or_default();
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// What a cursor says, unless it is foreign or broken.
    pub fn open_cursor(&self, binding: &[u8], cursor: &str) -> Option<Vec<u8>> {
        const LONGEST: usize = 1_000;
        if cursor.len() > LONGEST {
            return None;
        }
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        Aes128Siv::new(&self.cursor.into())
            .decrypt([binding], &sealed)
            .ok()
    }

    /// A keyed hash, by which an input can be recognised and not read.
    pub fn hash(&self, data: &[u8]) -> Vec<u8> {
        hmac::sign(&self.hash, data).as_ref().to_vec()
    }

    /// The master key of a gateway that has none of its own.
    pub(crate) const fn master_key(&self) -> &[u8; 32] {
        &self.master
    }

    /// The token key of a gateway that has none of its own.
    pub(crate) const fn token_key(&self) -> &[u8; 32] {
        &self.token
    }

    /// The key that signs checkpoints of the audit chain (RFC 8032).
    ///
    /// # Errors
    /// Never, for 32 bytes are what such a key is made of.
    pub fn checkpoint_key(&self) -> Result<Ed25519KeyPair, KeyRejected> {
        Ed25519KeyPair::from_seed_unchecked(&self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::derive(b"a secret for tests only, 32 byte")
    }

    #[test]
    fn a_public_id_comes_back_as_what_it_was() {
        for node in NodeType::ALL {
            let uuid = Uuid::now_v7();
            assert_eq!(keys().node(&keys().id(node, uuid)), Some((node, uuid)));
        }
    }

    #[test]
    fn a_public_id_of_another_type_is_none() {
        let id = keys().id(NodeType::Referral, Uuid::now_v7());
        assert_eq!(keys().uuid(NodeType::Claimant, &id), None);
        assert_eq!(keys().node("not an id"), None);
        assert_eq!(keys().node(""), None);
    }

    #[test]
    fn public_ids_of_neighbours_share_nothing() {
        let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
        let (one, two) = (
            keys().id(NodeType::Need, one),
            keys().id(NodeType::Need, two),
        );
        let alike = one.chars().zip(two.chars()).filter(|(a, b)| a == b).count();
        assert!(alike < 8, "{one} {two}");
    }

    #[test]
    fn a_cursor_opens_only_under_its_binding() {
        let cursor = keys().cursor(b"referrals", b"content");
        assert_eq!(
            keys().open_cursor(b"referrals", &cursor).as_deref(),
            Some(&b"content"[..])
        );
        assert_eq!(keys().open_cursor(b"claimants", &cursor), None);
        assert_eq!(keys().open_cursor(b"referrals", &cursor[1..]), None);
    }
}
