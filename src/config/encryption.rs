//! The keys that seal what is known of people: master keys, which wrap the data keys, and token keys, by which names
//! are found. Several of each at once, so that one can take over from another. Where none is configured, the gateway
//! derives one of each from its secret.
use std::{collections::BTreeMap, path::PathBuf, process::Stdio, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, Serializer};
use tokio::{fs, process::Command, time::timeout};

use super::{REDACTED, Secret, Whole};

/// The id of the key that follows from the gateway's secret.
pub const DERIVED: &str = "derived";

/// The keys, and which of them are used for what is new.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Encryption {
    /// The id of the master key that wraps new data keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,
    pub keys: Vec<NamedKey>,
    /// The id of the key of new tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_token_key: Option<String>,
    pub token_keys: Vec<NamedKey>,
    /// How long a command may take to print a key.
    pub command_seconds: Whole<1, 300>,
}

impl Default for Encryption {
    fn default() -> Self {
        Self {
            current: None,
            keys: Vec::new(),
            current_token_key: None,
            token_keys: Vec::new(),
            command_seconds: Whole::of::<30>(),
        }
    }
}

/// One key: 32 random bytes in base64, given here, in a file, or on the standard output of a command (of a key
/// management service, for one).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedKey {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The program and its arguments; no shell is between. Arguments may hold what opens a key, and are not shown.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "program_alone"
    )]
    pub key_command: Option<Vec<Secret>>,
}

/// The program of a command, and of its arguments no more than that they are there.
fn program_alone<S: Serializer>(
    command: &Option<Vec<Secret>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let words = command.iter().flatten().enumerate();
    serializer.collect_seq(words.map(|(place, word)| match place {
        0 => word.reveal(),
        _ => REDACTED,
    }))
}

/// The configured keys of one purpose, by their ids.
#[derive(Clone)]
pub struct Ring {
    pub current: String,
    pub keys: BTreeMap<String, [u8; 32]>,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            current: DERIVED.to_owned(),
            keys: BTreeMap::new(),
        }
    }
}

/// Why there are no keys to work with.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionError {
    #[error(
        "encryption.{0} is set and encryption.{1} is not: say which of the keys is used for what is new"
    )]
    NoCurrent(&'static str, &'static str),
    #[error("encryption.{0} names `{1}`, and no key with this id is configured")]
    UnknownCurrent(&'static str, String),
    #[error("encryption.{0} has two keys with the id `{1}`")]
    Twice(&'static str, String),
    #[error(
        "`{0}` is no id of a key: 1 to 64 letters, digits, dots, hyphens and underscores are, but for `{DERIVED}`, which \
         is the key that follows from the gateway's secret"
    )]
    Id(String),
    #[error("the key `{0}` needs exactly one of key, key_file and key_command")]
    Source(String),
    #[error("the file of the key `{id}` cannot be read")]
    File {
        id: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the command of the key `{id}` cannot be run")]
    Command {
        id: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the command of the key `{id}` failed ({status})")]
    CommandFailed {
        id: String,
        status: std::process::ExitStatus,
    },
    #[error("the command of the key `{0}` did not end in the time of encryption.command_seconds")]
    CommandSlow(String),
    #[error(
        "the key `{0}` is not allowed: exactly 32 random bytes in base64 are (openssl rand -base64 32)"
    )]
    Form(String),
}

impl Encryption {
    /// The master keys.
    pub async fn master_ring(&self) -> Result<Ring, EncryptionError> {
        self.ring("keys", &self.keys, "current", self.current.as_ref())
            .await
    }

    /// The keys of tokens.
    pub async fn token_ring(&self) -> Result<Ring, EncryptionError> {
        let current = self.current_token_key.as_ref();
        self.ring("token_keys", &self.token_keys, "current_token_key", current)
            .await
    }

    async fn ring(
        &self,
        setting: &'static str,
        named: &[NamedKey],
        current_setting: &'static str,
        current: Option<&String>,
    ) -> Result<Ring, EncryptionError> {
        let mut keys = BTreeMap::new();
        for key in named {
            let bytes = key.read(Duration::from_secs(self.command_seconds.get().into()));
            if keys.insert(key.id.clone(), bytes.await?).is_some() {
                return Err(EncryptionError::Twice(setting, key.id.clone()));
            }
        }
        let current = match current {
            None if keys.is_empty() => DERIVED.to_owned(),
            None => return Err(EncryptionError::NoCurrent(setting, current_setting)),
            Some(id) if id == DERIVED || keys.contains_key(id) => id.clone(),
            Some(id) => return Err(EncryptionError::UnknownCurrent(current_setting, id.clone())),
        };
        Ok(Ring { current, keys })
    }
}

impl NamedKey {
    async fn read(&self, patience: Duration) -> Result<[u8; 32], EncryptionError> {
        let id = || self.id.clone();
        let allowed = |letter: u8| letter.is_ascii_alphanumeric() || b".-_".contains(&letter);
        if !(1..=64).contains(&self.id.len()) || !self.id.bytes().all(allowed) || self.id == DERIVED
        {
            return Err(EncryptionError::Id(id()));
        }
        let text = match (&self.key, &self.key_file, &self.key_command) {
            (Some(key), None, None) => key.reveal().to_owned(),
            (None, Some(path), None) => {
                let text = fs::read_to_string(path).await;
                text.map_err(|source| EncryptionError::File { id: id(), source })?
            }
            (None, None, Some(command)) => self.run(command, patience).await?,
            _ => return Err(EncryptionError::Source(id())),
        };
        let bytes = STANDARD.decode(text.trim()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| EncryptionError::Form(id()))
    }

    async fn run(&self, command: &[Secret], patience: Duration) -> Result<String, EncryptionError> {
        let id = || self.id.clone();
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| EncryptionError::Source(id()))?;
        let running = Command::new(program.reveal())
            .args(arguments.iter().map(Secret::reveal))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output();
        let output = timeout(patience, running)
            .await
            .map_err(|_| EncryptionError::CommandSlow(id()))?
            .map_err(|source| EncryptionError::Command { id: id(), source })?;
        if !output.status.success() {
            let status = output.status;
            return Err(EncryptionError::CommandFailed { id: id(), status });
        }
        String::from_utf8(output.stdout).map_err(|_| EncryptionError::Form(id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        STANDARD.encode([byte; 32])
    }

    fn named(id: &str, byte: u8) -> NamedKey {
        NamedKey {
            id: id.to_owned(),
            key: Some(Secret::new(key(byte))),
            ..NamedKey::default()
        }
    }

    fn commanded(command: &[&str]) -> NamedKey {
        NamedKey {
            id: "a".to_owned(),
            key_command: Some(command.iter().map(|&word| Secret::new(word)).collect()),
            ..NamedKey::default()
        }
    }

    async fn refusal(current: Option<&str>, keys: Vec<NamedKey>) -> String {
        let encryption = Encryption {
            current: current.map(str::to_owned),
            keys,
            ..Encryption::default()
        };
        match encryption.master_ring().await {
            Ok(_) => panic!("the keys were taken"),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn nothing_configured_is_the_derived_key() {
        let ring = Encryption::default().master_ring().await.unwrap();
        assert_eq!((ring.current.as_str(), ring.keys.len()), (DERIVED, 0));
    }

    #[tokio::test]
    async fn a_key_comes_from_the_configuration_a_file_or_a_command() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("b.key");
        std::fs::write(&file, format!("{}\n", key(2))).unwrap();
        let in_file = NamedKey {
            id: "b".to_owned(),
            key_file: Some(file),
            ..NamedKey::default()
        };
        let mut printed = commanded(&["printf", "%s", &key(3)]);
        printed.id = "c".to_owned();
        let encryption = Encryption {
            current: Some("c".to_owned()),
            keys: vec![named("a", 1), in_file, printed],
            ..Encryption::default()
        };
        let ring = encryption.master_ring().await.unwrap();
        assert_eq!(ring.current, "c");
        for (id, byte) in [("a", 1), ("b", 2), ("c", 3)] {
            assert_eq!(ring.keys[id], [byte; 32]);
        }
    }

    #[tokio::test]
    async fn every_wrong_configuration_is_told_by_its_name_and_shows_no_key() {
        let none = NamedKey {
            id: "a".to_owned(),
            ..NamedKey::default()
        };
        let both = NamedKey {
            key_file: Some("a.key".into()),
            ..named("a", 1)
        };
        let missing = NamedKey {
            key_file: Some("/nowhere/a.key".into()),
            ..none.clone()
        };
        let short = NamedKey {
            key: Some(Secret::new("c2hvcnQ=")),
            ..none.clone()
        };
        for (current, keys, expected) in [
            (None, vec![named("a", 1)], "encryption.current is not"),
            (Some("b"), vec![named("a", 1)], "names `b`"),
            (
                Some("a"),
                vec![named("a", 1), named("a", 2)],
                "two keys with the id `a`",
            ),
            (Some("a"), vec![named(DERIVED, 1)], "`derived` is no id"),
            (Some("a"), vec![named("a b", 1)], "`a b` is no id"),
            (Some("a"), vec![none], "exactly one of"),
            (Some("a"), vec![both], "exactly one of"),
            (Some("a"), vec![missing], "cannot be read"),
            (Some("a"), vec![short], "exactly 32 random bytes"),
            (Some("a"), vec![commanded(&[])], "exactly one of"),
            (
                Some("a"),
                vec![commanded(&["/nowhere/kms"])],
                "cannot be run",
            ),
            (
                Some("a"),
                vec![commanded(&["false"])],
                "failed (exit status: 1)",
            ),
            (
                Some("a"),
                vec![commanded(&["printf", "no key"])],
                "exactly 32 random bytes",
            ),
        ] {
            let refusal = refusal(current, keys).await;
            assert!(refusal.contains(expected), "{refusal}");
            assert!(!refusal.contains(&key(1)), "{refusal}");
        }
    }

    #[tokio::test]
    async fn a_command_that_does_not_end_is_stopped() {
        let encryption = Encryption {
            current: Some("a".to_owned()),
            keys: vec![commanded(&["sleep", "60"])],
            command_seconds: Whole::of::<1>(),
            ..Encryption::default()
        };
        let refusal = encryption.master_ring().await.err().unwrap().to_string();
        assert!(refusal.contains("did not end"), "{refusal}");
    }
}
