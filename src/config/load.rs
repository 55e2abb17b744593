//! Lays the sources of configuration over one another and says, when something is wrong, which key it is, who set it and
//! what is allowed. A value never appears in such a text: it may be a secret.
use std::{env, ffi::OsString, fs, io, path::PathBuf};

use figment::{
    Figment, Metadata, Profile, Provider,
    error::Kind,
    value::{Dict, Map, Value},
};

use super::{Config, Secret};

const PREFIX: &str = "CLAIMANT_GATEWAY_";
/// The variable that names the file, as `--config` does.
const FILE_VARIABLE: &str = "CLAIMANT_GATEWAY_CONFIG";
const DEFAULT_FILE: &str = "claimant-gateway.toml";
/// Kubernetes sets these for a service named claimant-gateway, and means no setting by them.
const OF_KUBERNETES: &[&str] = &["SERVICE_HOST", "SERVICE_PORT", "PORT"];

/// What the command line says about configuration.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    pub config: Option<PathBuf>,
    pub database: Option<Secret>,
    pub listen: Option<String>,
}

/// All that configuration is read from, gathered but not yet judged.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file's name and text.
    pub file: Option<(String, String)>,
    /// Names and values of variables.
    pub environment: Vec<(String, String)>,
    pub flags: Flags,
}

/// Why the configuration is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {path} cannot be read")]
    File {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error("{path}, line {line}: not TOML: {reason}")]
    Syntax {
        path: String,
        line: usize,
        reason: String,
    },
    #[error("the environment variable {0} is not UTF-8")]
    Encoding(String),
    #[error("`{key}` is no setting (from {source_name}); allowed here: {allowed}")]
    UnknownKey {
        key: String,
        source_name: String,
        allowed: String,
    },
    #[error("`{key}` (from {source_name}) has a value that is not allowed; allowed: {allowed}")]
    Value {
        key: String,
        source_name: String,
        allowed: String,
    },
    #[error("`{key}` is missing (from {source_name})")]
    Missing { key: String, source_name: String },
}

/// A configuration, and who set what in it.
#[derive(Debug)]
pub struct Loaded {
    pub config: Config,
    pub(super) figment: Figment,
}

impl Sources {
    /// Reads the file and the environment of this process.
    pub fn of_process(flags: Flags) -> Result<Self, ConfigError> {
        let environment = environment(env::vars_os())?;
        let named = flags.config.clone().or_else(|| {
            environment
                .iter()
                .find(|(name, _)| name == FILE_VARIABLE)
                .map(|(_, path)| PathBuf::from(path))
        });
        let is_named = named.is_some();
        let path = named.unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
        let shown = path.display().to_string();
        let file = match fs::read_to_string(&path) {
            Ok(text) => Some((shown, text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !is_named => None,
            Err(source) => {
                return Err(ConfigError::File {
                    path: shown,
                    source,
                });
            }
        };
        Ok(Self {
            file,
            environment,
            flags,
        })
    }
}

/// The variables that are ours. An empty one counts as not set, as compose files write it.
fn environment(
    all: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Vec<(String, String)>, ConfigError> {
    let mut ours = Vec::new();
    for (name, value) in all {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
            continue;
        };
        let value = value
            .into_string()
            .map_err(|_| ConfigError::Encoding(name.to_owned()))?;
        if !value.is_empty() {
            ours.push((name.to_owned(), value));
        }
    }
    ours.sort();
    Ok(ours)
}

/// Lays the sources over the defaults and judges the result.
pub fn load(sources: &Sources) -> Result<Loaded, ConfigError> {
    let mut figment = Figment::new();
    if let Some((path, text)) = &sources.file {
        figment = figment.merge(Layer::of_file(path, text)?);
    }
    for (name, value) in &sources.environment {
        if let Some(layer) = Layer::of_variable(name, value) {
            figment = figment.merge(layer);
        }
    }
    let flags = [
        (
            "--database",
            "database.url",
            sources.flags.database.as_ref().map(Secret::reveal),
        ),
        ("--listen", "server.listen", sources.flags.listen.as_deref()),
    ];
    for (flag, key, value) in flags {
        if let Some(value) = value {
            figment = figment.merge(Layer::nested(flag, key, Value::from(value)));
        }
    }
    let config: Config = figment
        .extract_lossy()
        .map_err(|error| explain(error, &figment))?;
    check_issuers(&config, &figment)?;
    Ok(Loaded { config, figment })
}

/// What no single value shows: an issuer is found by its name alone, so no two may share one.
fn check_issuers(config: &Config, figment: &Figment) -> Result<(), ConfigError> {
    let refuse = |index: usize, field: &str, allowed: &str| ConfigError::Value {
        key: format!("auth.issuers.{index}.{field}"),
        source_name: source_name(figment, "auth.issuers"),
        allowed: allowed.to_owned(),
    };
    for (index, issuer) in config.auth.issuers.iter().enumerate() {
        let mut before = config.auth.issuers.iter().take(index);
        if before.any(|other| other.issuer == issuer.issuer) {
            return Err(refuse(index, "issuer", "an issuer that no other entry has"));
        }
        let texts = [
            ("audience", &issuer.audience),
            ("organization_claim", &issuer.organization_claim),
            ("region_claim", &issuer.region_claim),
        ];
        if let Some((field, _)) = texts.into_iter().find(|(_, text)| text.is_empty()) {
            return Err(refuse(index, field, "a text that is not empty"));
        }
        if issuer.organizations.as_ref().is_some_and(Vec::is_empty) {
            let allowed =
                "at least one code of an organization; none at all where any may be named";
            return Err(refuse(index, "organizations", allowed));
        }
    }
    Ok(())
}

/// One source, under the name by which people know it.
struct Layer {
    name: String,
    dict: Dict,
}

impl Layer {
    fn of_file(path: &str, text: &str) -> Result<Self, ConfigError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| {
                1 + text
                    .bytes()
                    .take(span.start)
                    .filter(|byte| *byte == b'\n')
                    .count()
            }),
            reason: error.message().to_owned(),
        })?;
        let value = Value::serialize(table).map_err(|_| ConfigError::Syntax {
            path: path.to_owned(),
            line: 1,
            reason: "a value of a type that no setting has".to_owned(),
        })?;
        Ok(Self {
            name: path.to_owned(),
            dict: value.into_dict().unwrap_or_default(),
        })
    }

    /// `CLAIMANT_GATEWAY_A__B` sets `a.b`. Lists and tables are written in brackets and braces; anything else is a text,
    /// read as a number or a boolean only where one is expected, so that a secret of digits stays what it is.
    fn of_variable(name: &str, text: &str) -> Option<Self> {
        let key = name.strip_prefix(PREFIX)?;
        let of_kubernetes = OF_KUBERNETES.iter().any(|other| {
            key.strip_prefix(other).is_some_and(|rest| {
                rest.is_empty() || (rest.starts_with('_') && !rest.starts_with("__"))
            })
        });
        if name == FILE_VARIABLE || of_kubernetes {
            return None;
        }
        let value = if text.starts_with(['[', '{']) {
            text.parse()
                .unwrap_or_else(|never: std::convert::Infallible| match never {})
        } else {
            Value::from(text)
        };
        Some(Self::nested(
            name,
            &key.to_lowercase().replace("__", "."),
            value,
        ))
    }

    fn nested(name: &str, key: &str, value: Value) -> Self {
        let value = key.rsplit('.').fold(value, |inner, key| {
            Value::from(Dict::from([(key.to_owned(), inner)]))
        });
        Self {
            name: name.to_owned(),
            dict: value.into_dict().unwrap_or_default(),
        }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.dict.clone()))
    }
}

/// Who set a key, or the nearest table above it.
fn source_name(figment: &Figment, key: &str) -> String {
    let mut path = key;
    loop {
        if let Some(metadata) = figment.find_metadata(path) {
            return metadata.name.clone().into_owned();
        }
        match path.rsplit_once('.') {
            Some((above, _)) => path = above,
            None => return "default".to_owned(),
        }
    }
}

fn explain(error: figment::Error, figment: &Figment) -> ConfigError {
    let key = error.path.join(".");
    let source_name = match &error.metadata {
        Some(metadata) => metadata.name.clone().into_owned(),
        None => source_name(figment, &key),
    };
    let allowed = match error.kind {
        Kind::UnknownField(_, names) => {
            return ConfigError::UnknownKey {
                key,
                source_name,
                allowed: listed(names),
            };
        }
        Kind::MissingField(name) => {
            return ConfigError::Missing {
                key: format!("{key}.{name}"),
                source_name,
            };
        }
        Kind::Message(allowed) => allowed,
        Kind::InvalidType(_, expected)
        | Kind::InvalidValue(_, expected)
        | Kind::InvalidLength(_, expected) => {
            if expected.starts_with("struct ") {
                "a table of settings".to_owned()
            } else if expected == "a sequence" {
                "a list".to_owned()
            } else if expected == "path string" {
                "the path of a file".to_owned()
            } else {
                expected
            }
        }
        Kind::UnknownVariant(_, names) => listed(names),
        Kind::DuplicateField(_) => "the key once".to_owned(),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "a smaller number".to_owned(),
        Kind::Unsupported(_) | Kind::UnsupportedKey(_, _) => "a value of another type".to_owned(),
    };
    ConfigError::Value {
        key,
        source_name,
        allowed,
    }
}

fn listed(names: &[&str]) -> String {
    names.join(", ")
}
