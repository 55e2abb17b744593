//! The audit chain, pure: what a journal entry or a disclosure is committed to by, how each link follows from the one
//! before, and what a checkpoint signs. A commitment is salted, so that it tells nothing of its content, and stays when
//! the content is removed with the salt. It reads no database and holds no key.
use aws_lc_rs::{
    digest::{Context, SHA256},
    signature::{ED25519, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use entity::{AuditStream, disclosure, journal_entry};
use sea_orm::prelude::Uuid;

/// How content is written down to be hashed. A change of either entity's columns makes a new number; links that have
/// an old one are checked as they were made.
pub const FORMAT: i32 = 1;

/// A SHA-256 hash.
pub type Digest = [u8; 32];

/// What the first link follows on.
pub const BEGINNING: Digest = [0; 32];

/// A canonical writing: each field with its length before it, one that is not there apart from an empty one, after the
/// purpose, so that no two contents and no two purposes write the same.
struct Writing(Context);

impl Writing {
    fn new(purpose: &str) -> Self {
        Self(Context::new(&SHA256)).field(format!("claimant-gateway {purpose} {FORMAT}"))
    }

    fn field(mut self, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.0.update(&[1]);
        self.0.update(&(value.len() as u64).to_be_bytes());
        self.0.update(value);
        self
    }

    fn optional(mut self, value: Option<impl AsRef<[u8]>>) -> Self {
        if let Some(value) = value {
            return self.field(value);
        }
        self.0.update(&[0]);
        self
    }

    fn number(self, value: i64) -> Self {
        self.field(value.to_be_bytes())
    }

    fn time(self, value: DateTime<Utc>) -> Self {
        self.number(value.timestamp_micros())
    }

    fn uuids<'a>(self, values: impl IntoIterator<Item = &'a Uuid>) -> Self {
        let bytes: Vec<u8> = values
            .into_iter()
            .flat_map(|uuid| uuid.as_bytes().iter().copied())
            .collect();
        self.field(bytes)
    }

    fn finish(self) -> Digest {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.0.finish().as_ref());
        digest
    }
}

/// What a journal entry is committed to by: its bytes as they are kept, those of a sealed note still sealed.
pub fn of_journal_entry(entry: &journal_entry::Model, salt: &[u8]) -> Digest {
    let journal_entry::Model {
        id,
        position,
        at,
        actor,
        client,
        acting_subject,
        organization_id,
        subject_type,
        subject_id,
        subject_version,
        kind,
        from_status,
        to_status,
        reason,
        note,
        note_claimant_id,
        private_to_id,
        audience,
    } = entry;
    Writing::new("journal entry")
        .field(salt)
        .field(id.0)
        .optional(position.map(i64::to_be_bytes))
        .time(*at)
        .field(actor)
        .field(client)
        .optional(acting_subject.as_ref())
        .optional(organization_id.map(|id| id.0))
        .field(subject_type.as_str())
        .field(subject_id)
        .number(i64::from(*subject_version))
        .field(kind.as_str())
        .optional(from_status.map(entity::ReferralStatus::as_str))
        .optional(to_status.map(entity::ReferralStatus::as_str))
        .optional(reason.map(entity::ReferralStatusReason::as_str))
        .optional(note.as_ref().map(|sealed| &sealed.0))
        .optional(note_claimant_id.map(|id| id.0))
        .optional(private_to_id.map(|id| id.0))
        .uuids(&audience.0)
        .finish()
}

/// What a disclosure is committed to by.
pub fn of_disclosure(disclosure: &disclosure::Model, salt: &[u8]) -> Digest {
    let disclosure::Model {
        id,
        position,
        at,
        organization_id,
        client,
        subject,
        acting_subject,
        claimant_id,
        field_groups,
        referral_id,
        consent_id,
    } = disclosure;
    let groups: Vec<&str> = field_groups.0.iter().map(|group| group.as_str()).collect();
    Writing::new("disclosure")
        .field(salt)
        .field(id.0)
        .number(*position)
        .time(*at)
        .field(organization_id.0)
        .field(client)
        .field(subject)
        .optional(acting_subject.as_ref())
        .field(claimant_id.0)
        .field(groups.join(" "))
        .optional(referral_id.map(|id| id.0))
        .optional(consent_id.map(|id| id.0))
        .finish()
}

/// The link of a position: it follows from every link before.
pub fn link(
    previous: &[u8],
    position: i64,
    (stream, subject): (AuditStream, Uuid),
    commitment: &[u8],
) -> Digest {
    Writing::new("audit link")
        .field(previous)
        .number(position)
        .field(stream.as_str())
        .field(subject)
        .field(commitment)
        .finish()
}

/// The bytes in which people and programs read a hash.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the signature of a checkpoint is over; the link in hexadecimal.
pub fn checkpoint_text(position: i64, at: DateTime<Utc>, link: &str) -> String {
    format!(
        "claimant-gateway audit checkpoint 1\n{position}\n{}\n{link}\n",
        at.to_rfc3339_opts(SecondsFormat::Micros, true),
    )
}

/// The id of a public key: its thumbprint (RFC 7638) as an Ed25519 key (RFC 8037).
pub fn key_id(public_key: &[u8]) -> String {
    let key = URL_SAFE_NO_PAD.encode(public_key);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{key}"}}"#);
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&SHA256, members.as_bytes()))
}

/// Whether a checkpoint was signed with the key of this public key.
pub fn is_signed(text: &str, public_key: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key)
        .verify(text.as_bytes(), signature)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::KeyPair;
    use entity::{ClaimantId, DisclosureId, FieldGroup, FieldGroups, OrganizationId};

    use super::*;

    fn disclosure() -> disclosure::Model {
        disclosure::Model {
            id: DisclosureId(Uuid::from_u128(1)),
            position: 7,
            at: DateTime::UNIX_EPOCH,
            organization_id: OrganizationId(Uuid::from_u128(2)),
            client: "client".to_owned(),
            subject: "subject".to_owned(),
            acting_subject: None,
            claimant_id: ClaimantId(Uuid::from_u128(3)),
            field_groups: FieldGroups(vec![FieldGroup::Identity]),
            referral_id: None,
            consent_id: None,
        }
    }

    #[test]
    fn every_field_of_a_disclosure_and_its_salt_change_its_commitment() {
        let mut seen = vec![of_disclosure(&disclosure(), &[0; 32])];
        let mut also = |change: fn(&mut disclosure::Model)| {
            let mut changed = disclosure();
            change(&mut changed);
            seen.push(of_disclosure(&changed, &[0; 32]));
        };
        also(|row| row.id = DisclosureId(Uuid::nil()));
        also(|row| row.position = 8);
        also(|row| row.at += chrono::TimeDelta::microseconds(1));
        also(|row| row.organization_id = OrganizationId(Uuid::nil()));
        also(|row| row.client = "other".to_owned());
        also(|row| row.subject = "other".to_owned());
        also(|row| row.acting_subject = Some(String::new()));
        also(|row| row.acting_subject = Some("worker".to_owned()));
        also(|row| row.claimant_id = ClaimantId(Uuid::nil()));
        also(|row| row.field_groups = FieldGroups::default());
        also(|row| row.referral_id = Some(Uuid::nil().into()));
        also(|row| row.consent_id = Some(Uuid::nil().into()));
        seen.push(of_disclosure(&disclosure(), &[1; 32]));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn neighbouring_fields_do_not_run_into_each_other() {
        let with = |client: &str, subject: &str| {
            let mut row = disclosure();
            (row.client, row.subject) = (client.to_owned(), subject.to_owned());
            of_disclosure(&row, &[0; 32])
        };
        assert_ne!(with("ab", "c"), with("a", "bc"));
    }

    #[test]
    fn a_link_follows_from_the_one_before_its_place_and_its_content() {
        let subject = (AuditStream::Journal, Uuid::nil());
        let first = link(&BEGINNING, 1, subject, &[1; 32]);
        assert_ne!(first, link(&[1; 32], 1, subject, &[1; 32]));
        assert_ne!(first, link(&BEGINNING, 2, subject, &[1; 32]));
        assert_ne!(first, link(&BEGINNING, 1, subject, &[2; 32]));
        let elsewhere = (AuditStream::Disclosure, Uuid::nil());
        assert_ne!(first, link(&BEGINNING, 1, elsewhere, &[1; 32]));
    }

    #[test]
    fn a_checkpoint_is_known_by_its_key_alone() {
        let keys = crate::opaque::Keys::derive(b"a secret for tests only, 32 byte");
        let key = keys.checkpoint_key().unwrap();
        let text = checkpoint_text(12, DateTime::UNIX_EPOCH, &hex(&[1; 32]));
        let signature = key.sign(text.as_bytes());
        let public = key.public_key().as_ref();
        assert!(is_signed(&text, public, signature.as_ref()));
        let other = checkpoint_text(13, DateTime::UNIX_EPOCH, &hex(&[1; 32]));
        assert!(!is_signed(&other, public, signature.as_ref()));
        assert!(!is_signed(&text, &[7; 32], signature.as_ref()));
    }

    #[test]
    fn the_id_of_a_key_is_the_thumbprint_of_the_standards_example() {
        // RFC 8037, appendices A.2 and A.3.
        let public = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let public = URL_SAFE_NO_PAD.decode(public).unwrap();
        assert_eq!(
            key_id(&public),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }
}
