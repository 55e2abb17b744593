//! From a bearer token to the caller: issuers and their keys, verification, scopes, and the demo issuer. It reads the
//! caller's organization through a trait, so that it holds no database; what a caller may see is not decided here.
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName, header::AUTHORIZATION};
use chrono::{DateTime, Utc};
use entity::{Language, OrganizationId, OrganizationKind, RegionId, Role};
use futures_util::future::BoxFuture;

use crate::{
    domain::free_text,
    viewer::{Caller, Viewer},
};

pub mod demo;
mod issuer;
mod key_set;
mod remembered;
pub mod scope;
mod token;

pub use issuer::http_client;
pub use token::{TokenRefused, VerifiedToken, Verifier};

use scope::{Scope, ScopeSet};

/// Names the worker for whom a machine client acts.
pub const ACTING_SUBJECT: HeaderName = HeaderName::from_static("acting-subject");
const MOST_ACTING_SUBJECT: usize = 200;

/// What must be known of an organization to let its people in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerOrganization {
    pub id: OrganizationId,
    pub kind: OrganizationKind,
    pub active: bool,
    /// The only region whose referrals its staff may oversee; nothing for all. Matters for the ministry alone.
    pub region: Option<RegionId>,
}

/// Why a directory gave no answer.
pub type DirectoryError = Box<dyn std::error::Error + Send + Sync>;

/// Finds organizations and regions by the codes that tokens carry. It is asked with every request.
pub trait OrganizationDirectory: Send + Sync {
    fn organization_by_code<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<CallerOrganization>, DirectoryError>>;

    fn region_by_code<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<RegionId>, DirectoryError>>;
}

/// Why a request has no caller.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// There is no bearer token.
    #[error("no bearer token")]
    Missing,
    /// There is one, and it is no good.
    #[error("the token is refused: {0}")]
    Refused(#[from] TokenRefused),
    /// `Acting-Subject` is too long, not printable, or a social insurance number: a fault in the request, not in the
    /// token.
    #[error(
        "Acting-Subject is not allowed: up to {MOST_ACTING_SUBJECT} printable ASCII characters, and no social insurance number"
    )]
    ActingSubject,
    /// It could not be found out who asks.
    #[error("the directory of organizations gave no answer")]
    Directory(#[source] DirectoryError),
}

impl AuthenticationError {
    /// The value of `WWW-Authenticate` that goes with a 401 (RFC 6750, section 3); nothing where the answer is no 401.
    pub const fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some(r#"Bearer realm="claimant-gateway""#),
            Self::Refused(_) => Some(r#"Bearer realm="claimant-gateway", error="invalid_token""#),
            Self::ActingSubject | Self::Directory(_) => None,
        }
    }
}

/// A caller, and until when the token lets it stay.
#[derive(Clone, Debug)]
pub struct Authenticated {
    pub caller: Caller,
    /// When the token expires. A connection that outlives the request must end then.
    pub expires_at: DateTime<Utc>,
}

/// Turns credentials into callers.
#[derive(Clone)]
pub struct Authenticator {
    verifier: Arc<Verifier>,
    directory: Arc<dyn OrganizationDirectory>,
}

impl Authenticator {
    pub fn new(verifier: Arc<Verifier>, directory: Arc<dyn OrganizationDirectory>) -> Self {
        Self {
            verifier,
            directory,
        }
    }

    /// The caller that the headers of a request name.
    pub async fn authenticate(
        &self,
        headers: &HeaderMap,
        language: Language,
    ) -> Result<Authenticated, AuthenticationError> {
        let bearer = bearer(headers)?;
        let acting_subject = match only(headers, &ACTING_SUBJECT) {
            Ok(None) => None,
            Ok(Some(text)) => Some(text),
            Err(NotOne) => return Err(AuthenticationError::ActingSubject),
        };
        self.authenticate_token(bearer, acting_subject, language)
            .await
    }

    /// The caller that a token names: for a WebSocket, whose token comes in a message, and to look again later whether
    /// its organization is still active.
    pub async fn authenticate_token(
        &self,
        bearer: &str,
        acting_subject: Option<&str>,
        language: Language,
    ) -> Result<Authenticated, AuthenticationError> {
        let token = self.verifier.verify(bearer).await?;
        if acting_subject.is_some_and(|text| !is_acting_subject(text)) {
            return Err(AuthenticationError::ActingSubject);
        }
        let organization = self
            .directory
            .organization_by_code(&token.organization)
            .await
            .map_err(AuthenticationError::Directory)?
            .ok_or(TokenRefused::OrganizationUnknown)?;
        if !organization.active {
            return Err(TokenRefused::OrganizationDisabled.into());
        }
        let role = crate::store::organization::role_of(organization.kind);
        let scopes = token.scopes.intersection(ScopeSet::of_role(role));
        let viewer = match role {
            Role::Provider => Viewer::Provider {
                organization: organization.id,
                kind: organization.kind,
            },
            Role::SettlementAgency => Viewer::SettlementAgency {
                organization: organization.id,
            },
            Role::Ministry => Viewer::Ministry {
                organization: organization.id,
                region: self.region(&token, organization.region).await?,
                oversight: scopes.contains(Scope::ReferralOversight),
            },
        };
        Ok(Authenticated {
            caller: Caller {
                viewer,
                subject: token.subject.clone(),
                client: token.client.clone(),
                acting_subject: acting_subject.map(str::to_owned),
                scopes,
                language,
            },
            expires_at: token.expires_at,
        })
    }

    /// The region to which a member of the ministry's staff is bound. A token may narrow what the organization's own row
    /// says, never widen or move it.
    async fn region(
        &self,
        token: &VerifiedToken,
        own: Option<RegionId>,
    ) -> Result<Option<RegionId>, AuthenticationError> {
        let Some(code) = &token.region else {
            return Ok(own);
        };
        let named = self
            .directory
            .region_by_code(code)
            .await
            .map_err(AuthenticationError::Directory)?
            .ok_or(TokenRefused::Region)?;
        match own {
            Some(own) if own != named => Err(TokenRefused::Region.into()),
            Some(_) | None => Ok(Some(named)),
        }
    }
}

/// A header that stands there twice, or is no text.
struct NotOne;

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, NotOne> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| NotOne),
        (Some(_), Some(_)) => Err(NotOne),
    }
}

/// The token of the only `Authorization` header (RFC 6750, section 2.1). Two headers are refused: who stands between
/// might have looked at the other one.
fn bearer(headers: &HeaderMap) -> Result<&str, AuthenticationError> {
    let value = only(headers, &AUTHORIZATION)
        .map_err(|NotOne| TokenRefused::Malformed)?
        .ok_or(AuthenticationError::Missing)?;
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        Some(_) | None => Err(AuthenticationError::Missing),
    }
}

fn is_acting_subject(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MOST_ACTING_SUBJECT
        && text
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        // It is written down with everything that is done in this name.
        && !free_text::has_sin(text)
}

#[cfg(test)]
mod tests;
