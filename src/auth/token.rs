//! Verification of access tokens (RFC 7519, RFC 8725, RFC 9068). The issuer is found before any key is looked at, what is
//! cheap is checked before what is dear, and time is our clock's. What a token says about the caller leaves here only
//! verified; what it may do is decided elsewhere. Nothing of a token is ever logged.
use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::crypto;
use serde_json::{Map, Value};

use super::{
    demo::DemoIssuer,
    issuer::{Expected, Issuer},
    key_set::Signature,
    remembered::{Entry, Remembered},
    scope::{Scope, ScopeSet},
};
use crate::{clock::Clock, config, lock::Lock};

/// No honest token is longer.
const MOST_BYTES: usize = 8 * 1024;

/// What a token said, after its signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedToken {
    pub issuer: String,
    pub subject: String,
    /// The OAuth client, where the token names one; else the subject.
    pub client: String,
    /// The code of the organization for which the caller acts.
    pub organization: String,
    pub scopes: ScopeSet,
    /// The code of the region to which a member of the ministry's staff is bound.
    pub region: Option<String>,
    pub expires_at: DateTime<Utc>,
}

/// Why a token is refused: for the log. Whoever sent it learns `invalid_token` (RFC 6750, section 3.1) and no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    #[error("longer than {MOST_BYTES} bytes")]
    TooLong,
    #[error("not a signed token in compact form")]
    Malformed,
    #[error("an algorithm that is not accepted")]
    Algorithm,
    #[error("a header of another kind of token")]
    Kind,
    #[error("critical headers, none of which is known here")]
    CriticalHeader,
    #[error("an issuer that is not configured")]
    Issuer,
    #[error("meant for another audience")]
    Audience,
    #[error("expired")]
    Expired,
    #[error("not yet valid")]
    NotYetValid,
    #[error("good for longer than auth.most_token_minutes allows")]
    LivesTooLong,
    #[error("bound to a key that a bearer does not prove to hold")]
    Bound,
    #[error("the claim {0} is missing or of another type")]
    Claim(&'static str),
    #[error("a key that the issuer does not publish")]
    KeyUnknown,
    #[error("a key that is not meant for this algorithm")]
    KeyUnfit,
    #[error("no key is named and several would fit")]
    KeyAmbiguous,
    #[error("no key set of this issuer could be fetched yet")]
    KeysUnavailable,
    #[error("a signature that is not good")]
    Signature,
    #[error("an organization that this issuer may not name")]
    OrganizationForeign,
    #[error("an organization that is not registered here")]
    OrganizationUnknown,
    #[error("an organization that is disabled")]
    OrganizationDisabled,
    #[error("a region that does not exist, or not the organization's own")]
    Region,
}

/// Verifies access tokens of the configured issuers.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<Issuer>,
    leeway: TimeDelta,
    remembered: Remembered,
    clock: Clock,
}

impl Verifier {
    /// `client` should be [`super::http_client`], which follows no redirection and does not wait for ever.
    pub fn new(auth: &config::Auth, client: &reqwest::Client, clock: Clock) -> Self {
        Self {
            issuers: auth
                .issuers
                .iter()
                .map(|settings| Issuer::discovered(settings, auth, client.clone(), clock.clone()))
                .collect(),
            leeway: TimeDelta::seconds(i64::from(auth.leeway_seconds.get())),
            remembered: Remembered::new(auth.remembered_tokens.get() as usize),
            clock,
        }
    }

    /// Accepts the tokens of the demo issuer as well.
    #[must_use]
    pub fn with_demo(mut self, demo: &DemoIssuer) -> Self {
        self.issuers.push(demo.as_issuer(self.clock.clone()));
        self
    }

    /// The organization of that code, with every scope.
    fn unverified(&self, code: &str) -> Arc<VerifiedToken> {
        Arc::new(VerifiedToken {
            issuer: String::new(),
            subject: "unverified".to_owned(),
            client: "unverified".to_owned(),
            organization: code.to_owned(),
            scopes: Scope::ALL.iter().copied().collect(),
            region: None,
            expires_at: self.clock.now() + TimeDelta::hours(1),
        })
    }

    /// What the token says, if it is good now.
    pub async fn verify(&self, bearer: &str) -> Result<Arc<VerifiedToken>, TokenRefused> {
        if bearer.len() > MOST_BYTES {
            return Err(TokenRefused::TooLong);
        }
        if Lock::Token.is_off() {
            return Ok(self.unverified(bearer));
        }
        let fingerprint = Remembered::fingerprint(bearer);
        if let Some(entry) = self.remembered.get(&fingerprint) {
            let version = self.issuers.get(entry.issuer).and_then(Issuer::version);
            if version == Some(entry.version) && self.is_before(entry.token.expires_at) {
                return Ok(entry.token);
            }
            self.remembered.remove(&fingerprint);
        }
        let parts = Parts::of(bearer)?;
        let header = Header::read(&parts.header)?;
        let issuer_name = text(&parts.claims, "iss").ok_or(TokenRefused::Issuer)?;
        let index = self
            .issuers
            .iter()
            .position(|issuer| issuer.expected.issuer == issuer_name)
            .ok_or(TokenRefused::Issuer)?;
        let issuer = self.issuers.get(index).ok_or(TokenRefused::Issuer)?;
        let token = Arc::new(self.judge(&parts.claims, &issuer.expected)?);
        let (key, version) = issuer.key(header.key_id, header.signature).await?;
        let algorithm = header.signature.algorithm();
        if !crypto::verify(parts.signature, parts.message, &key, algorithm).is_ok_and(|good| good) {
            return Err(TokenRefused::Signature);
        }
        let entry = Entry {
            token: Arc::clone(&token),
            issuer: index,
            version,
        };
        self.remembered.insert(fingerprint, entry);
        Ok(token)
    }

    fn is_before(&self, expires_at: DateTime<Utc>) -> bool {
        self.clock.now() < expires_at + self.leeway
    }

    /// Whether these claims are what is expected of their issuer, now.
    fn judge(
        &self,
        claims: &Map<String, Value>,
        expected: &Expected,
    ) -> Result<VerifiedToken, TokenRefused> {
        if !names(claims.get("aud")).any(|audience| audience == expected.audience) {
            return Err(TokenRefused::Audience);
        }
        let expires_at = moment(claims, "exp")?.ok_or(TokenRefused::Claim("exp"))?;
        if !self.is_before(expires_at) {
            return Err(TokenRefused::Expired);
        }
        if let Some(not_before) = moment(claims, "nbf")?
            && self.clock.now() + self.leeway < not_before
        {
            return Err(TokenRefused::NotYetValid);
        }
        if let Some(most) = expected.most {
            let now = self.clock.now();
            // A token that does not say since when it is good is taken for new.
            let since = moment(claims, "iat")?.map_or(now, |issued_at| issued_at.min(now));
            if expires_at - since > most + self.leeway {
                return Err(TokenRefused::LivesTooLong);
            }
        }
        // RFC 7800: the sender would have to prove a key, which nobody asks of a bearer.
        if claims.contains_key("cnf") {
            return Err(TokenRefused::Bound);
        }
        let subject = text(claims, "sub").ok_or(TokenRefused::Claim("sub"))?;
        let client = text(claims, "azp").or_else(|| text(claims, "client_id"));
        let region = match claims.get(&expected.region_claim) {
            None | Some(Value::Null) => None,
            Some(Value::String(code)) => Some(code.clone()),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(TokenRefused::Claim("region"));
            }
        };
        let organization = text(claims, &expected.organization_claim)
            .ok_or(TokenRefused::Claim("organization"))?;
        let allowed = expected.organizations.as_ref();
        if allowed.is_some_and(|codes| codes.iter().all(|code| code != organization)) {
            return Err(TokenRefused::OrganizationForeign);
        }
        let scopes = claims.get("scope").or_else(|| claims.get("scp"));
        Ok(VerifiedToken {
            issuer: expected.issuer.clone(),
            subject: subject.to_owned(),
            client: client.unwrap_or(subject).to_owned(),
            organization: organization.to_owned(),
            scopes: ScopeSet::parse_each(names(scopes).flat_map(|name| name.split(' '))),
            region,
            expires_at,
        })
    }
}

/// A token taken apart, nothing of it believed yet.
struct Parts<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    message: &'a [u8],
    signature: &'a str,
}

impl<'a> Parts<'a> {
    fn of(token: &'a str) -> Result<Self, TokenRefused> {
        let (message, signature) = token.rsplit_once('.').ok_or(TokenRefused::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(TokenRefused::Malformed)?;
        Ok(Self {
            header: object(header)?,
            claims: object(claims)?,
            message: message.as_bytes(),
            signature,
        })
    }
}

struct Header<'a> {
    signature: Signature,
    key_id: Option<&'a str>,
}

impl<'a> Header<'a> {
    fn read(header: &'a Map<String, Value>) -> Result<Self, TokenRefused> {
        let signature = text(header, "alg")
            .and_then(Signature::parse)
            .ok_or(TokenRefused::Algorithm)?;
        if header.contains_key("crit") {
            return Err(TokenRefused::CriticalHeader);
        }
        // RFC 8725, section 3.11: a token made for another purpose by the same issuer is no access token.
        let is_access_token = match header.get("typ") {
            None => true,
            Some(kind) => kind.as_str().is_some_and(|kind| {
                ["JWT", "at+jwt", "application/at+jwt"]
                    .iter()
                    .any(|allowed| kind.eq_ignore_ascii_case(allowed))
            }),
        };
        if !is_access_token {
            return Err(TokenRefused::Kind);
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(id) => Some(id.as_str().ok_or(TokenRefused::Malformed)?),
        };
        Ok(Self { signature, key_id })
    }
}

fn object(encoded: &str) -> Result<Map<String, Value>, TokenRefused> {
    let json = URL_SAFE_NO_PAD
        .decode(encoded)
        .map_err(|_| TokenRefused::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| TokenRefused::Malformed)
}

/// A claim that is a text with something in it.
fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

/// A claim that is one text or a list of them.
fn names(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let one = claim.and_then(Value::as_str);
    let several = claim.and_then(Value::as_array);
    one.into_iter()
        .chain(several.into_iter().flatten().filter_map(Value::as_str))
}

/// A NumericDate (RFC 7519, section 2): seconds, which may have a fraction.
fn moment(
    claims: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<DateTime<Utc>>, TokenRefused> {
    let Some(claim) = claims.get(name) else {
        return Ok(None);
    };
    let whole_seconds = claim.as_i64().or_else(|| {
        // Cut down to a whole second; a number too large for a date fails below.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a float is cut to the nearest i64"
        )]
        claim.as_f64().map(|seconds| seconds.floor() as i64)
    });
    whole_seconds
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        // Far enough from the end of time that adding a leeway cannot overflow.
        .filter(|moment| moment.timestamp() < FARTHEST_SECOND)
        .map(Some)
        .ok_or(TokenRefused::Claim(name))
}

/// The year 9999.
const FARTHEST_SECOND: i64 = 253_370_764_800;

#[cfg(test)]
mod tests;
