//! An issuer inside the gateway, for trying it out: whoever reaches the machine may be anybody, so it exists only while
//! the gateway listens on a loopback address. It signs with Ed25519 and publishes its key to the verifier directly,
//! without a network.
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{
        AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyAlgorithm,
        OctetKeyPairParameters, OctetKeyPairType, PublicKeyUse,
    },
};
use serde::Serialize;

use super::{
    issuer::{Expected, Issuer},
    key_set::KeySet,
    scope::ScopeSet,
};
use crate::{clock::Clock, config::Config, private_file};

/// What the demo issuer's tokens say in `iss`. It is no address: nothing is fetched from it.
pub const ISSUER: &str = "urn:claimant-gateway:demo";
const AUDIENCE: &str = "claimant-gateway";
const KEY_ID: &str = "demo";

/// Why there is no demo issuer.
#[derive(Debug, thiserror::Error)]
pub enum DemoIssuerError {
    #[error(
        "the demo issuer lets anybody be anybody, so it works only while the gateway listens on a loopback address; \
         {0} is none: listen on 127.0.0.1, or set auth.demo_issuer to false and configure auth.issuers"
    )]
    NotLoopback(SocketAddr),
    #[error("the key file of the demo issuer, {path}, cannot be used")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "the key file of the demo issuer, {0}, can be read by others; allow it to its owner alone (mode 600)"
    )]
    Exposed(PathBuf),
    #[error("the key file of the demo issuer, {0}, holds no Ed25519 key in PKCS#8")]
    NoKey(PathBuf),
    #[error("no key could be made for the demo issuer")]
    Generate,
    #[error("no token could be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// What a demo token is to say.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The code of the organization.
    pub organization: String,
    pub scopes: ScopeSet,
    pub subject: String,
    /// The code of the region to which a member of the ministry's staff is bound.
    pub region: Option<String>,
    pub lifetime: TimeDelta,
}

/// Mints tokens for anybody, on this machine.
pub struct DemoIssuer {
    signing: EncodingKey,
    public: Vec<u8>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    organization: &'a str,
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<&'a str>,
}

impl DemoIssuer {
    /// An issuer whose key lives and dies with this process.
    pub fn for_listen(listen: SocketAddr) -> Result<Self, DemoIssuerError> {
        allow(listen)?;
        let document = generate()?;
        Self::of_key(&document).ok_or(DemoIssuerError::Generate)
    }

    /// An issuer whose key is in a file, made when it is missing, so that another process can mint too.
    pub fn for_listen_with_key_file(
        listen: SocketAddr,
        path: &Path,
    ) -> Result<Self, DemoIssuerError> {
        allow(listen)?;
        let file_error = |source| DemoIssuerError::File {
            path: path.to_owned(),
            source,
        };
        let document = match fs::read(path) {
            Ok(document) => document,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                private_file::create(path, &generate()?).map_err(file_error)?;
                fs::read(path).map_err(file_error)?
            }
            Err(error) => return Err(file_error(error)),
        };
        if private_file::is_exposed(path).map_err(file_error)? {
            return Err(DemoIssuerError::Exposed(path.to_owned()));
        }
        Self::of_key(&document).ok_or_else(|| DemoIssuerError::NoKey(path.to_owned()))
    }

    fn of_key(document: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(document).ok()?;
        Some(Self {
            signing: EncodingKey::from_ed_der(document),
            public: pair.public_key().as_ref().to_vec(),
        })
    }

    /// A token, good from now on for as long as was asked.
    pub fn mint(
        &self,
        request: &TokenRequest,
        now: DateTime<Utc>,
    ) -> Result<String, DemoIssuerError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(KEY_ID.to_owned());
        let claims = Claims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: &request.subject,
            iat: now.timestamp(),
            exp: now
                .timestamp()
                .saturating_add(request.lifetime.num_seconds()),
            organization: &request.organization,
            scope: request.scopes.to_string(),
            region: request.region.as_deref(),
        };
        jsonwebtoken::encode(&header, &claims, &self.signing).map_err(DemoIssuerError::Sign)
    }

    pub(super) fn as_issuer(&self, clock: Clock) -> Issuer {
        let key = Jwk {
            common: CommonParameters {
                public_key_use: Some(PublicKeyUse::Signature),
                key_algorithm: Some(KeyAlgorithm::EdDSA),
                key_id: Some(KEY_ID.to_owned()),
                ..CommonParameters::default()
            },
            algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                key_type: OctetKeyPairType::OctetKeyPair,
                curve: EllipticCurve::Ed25519,
                x: URL_SAFE_NO_PAD.encode(&self.public),
            }),
        };
        let expected = Expected {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            organization_claim: "organization".to_owned(),
            region_claim: "region".to_owned(),
            organizations: None,
            most: None,
        };
        Issuer::own(expected, KeySet::from_iter([key]), clock)
    }
}

/// The demo issuer that the configuration asks for, if it asks for one.
pub fn configured(config: &Config) -> Result<Option<DemoIssuer>, DemoIssuerError> {
    if !config.auth.demo_issuer {
        return Ok(None);
    }
    let listen = config.server.listen.0;
    match &config.auth.demo_key_file {
        Some(path) => DemoIssuer::for_listen_with_key_file(listen, path).map(Some),
        None => DemoIssuer::for_listen(listen).map(Some),
    }
}

const fn is_loopback(listen: SocketAddr) -> bool {
    listen.ip().to_canonical().is_loopback()
}

fn allow(listen: SocketAddr) -> Result<(), DemoIssuerError> {
    if is_loopback(listen) {
        Ok(())
    } else {
        Err(DemoIssuerError::NotLoopback(listen))
    }
}

fn generate() -> Result<Vec<u8>, DemoIssuerError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| DemoIssuerError::Generate)?;
    let document = pair.to_pkcs8v1().map_err(|_| DemoIssuerError::Generate)?;
    Ok(document.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::{auth::Verifier, auth::scope::Scope, config};

    const LOOPBACK: &str = "127.0.0.1:8080";

    fn request() -> TokenRequest {
        TokenRequest {
            organization: "demo-agency".to_owned(),
            scopes: [Scope::ReferralRead, Scope::ClaimantRead]
                .into_iter()
                .collect(),
            subject: "demo-worker".to_owned(),
            region: None,
            lifetime: TimeDelta::hours(1),
        }
    }

    fn verifier(demo: &DemoIssuer) -> Verifier {
        Verifier::new(
            &config::Auth::default(),
            &reqwest::Client::new(),
            Clock::system(),
        )
        .with_demo(demo)
    }

    #[tokio::test]
    async fn what_the_demo_issuer_mints_is_verified() {
        let demo = DemoIssuer::for_listen(LOOPBACK.parse().unwrap()).unwrap();
        let token = demo.mint(&request(), Clock::system().now()).unwrap();
        let verified = verifier(&demo).verify(&token).await.unwrap();
        assert_eq!(verified.organization, "demo-agency");
        assert_eq!(verified.subject, "demo-worker");
        assert_eq!(verified.scopes, request().scopes);
    }

    #[tokio::test]
    async fn a_token_of_another_demo_issuer_is_refused() {
        let demo = DemoIssuer::for_listen(LOOPBACK.parse().unwrap()).unwrap();
        let other = DemoIssuer::for_listen(LOOPBACK.parse().unwrap()).unwrap();
        let token = other.mint(&request(), Clock::system().now()).unwrap();
        let refused = verifier(&demo).verify(&token).await.unwrap_err();
        assert_eq!(refused, crate::auth::TokenRefused::Signature);
    }

    #[test]
    fn there_is_no_demo_issuer_where_others_can_reach_the_gateway() {
        for listen in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
            let refused = DemoIssuer::for_listen(listen.parse().unwrap())
                .err()
                .unwrap();
            assert!(refused.to_string().contains(listen), "{refused}");
        }
        for listen in [
            LOOPBACK,
            "127.0.0.2:0",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:8080",
        ] {
            assert!(
                DemoIssuer::for_listen(listen.parse().unwrap()).is_ok(),
                "{listen}"
            );
        }
    }

    #[tokio::test]
    async fn two_processes_share_a_key_through_its_file_which_is_their_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo.key");
        let listen = LOOPBACK.parse().unwrap();
        let one = DemoIssuer::for_listen_with_key_file(listen, &path).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        let other = DemoIssuer::for_listen_with_key_file(listen, &path).unwrap();
        let token = other.mint(&request(), Clock::system().now()).unwrap();
        assert!(verifier(&one).verify(&token).await.is_ok());
    }

    #[test]
    fn a_key_file_that_others_can_read_or_that_holds_no_key_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo.key");
        let listen = LOOPBACK.parse().unwrap();
        DemoIssuer::for_listen_with_key_file(listen, &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = DemoIssuer::for_listen_with_key_file(listen, &path).err();
        assert!(matches!(refused, Some(DemoIssuerError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "no key").unwrap();
        let refused = DemoIssuer::for_listen_with_key_file(listen, &path).err();
        assert!(matches!(refused, Some(DemoIssuerError::NoKey(_))));
    }
}
