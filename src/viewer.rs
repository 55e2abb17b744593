//! Who is asking. Built once per request from a verified token and our own row of the organization; read by every
//! rule. It holds no request data and decides nothing.
use entity::{Language, OrganizationId, OrganizationKind, RegionId, Role};

use crate::auth::scope::ScopeSet;

/// What a request may do follows from this and nothing else. Each role carries its own organization, so that no rule
/// can be written without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewer {
    /// An organization that provides services: it receives referrals, and may register and send as well.
    Provider {
        organization: OrganizationId,
        kind: OrganizationKind,
    },
    /// An organization that receives people first.
    SettlementAgency { organization: OrganizationId },
    /// The ministry, bound to one region or to none.
    Ministry {
        organization: OrganizationId,
        region: Option<RegionId>,
        oversight: bool,
    },
}

impl Viewer {
    /// The organization for which the caller acts.
    pub const fn organization(&self) -> OrganizationId {
        match *self {
            Self::Provider { organization, .. }
            | Self::SettlementAgency { organization }
            | Self::Ministry { organization, .. } => organization,
        }
    }

    /// The role of that organization.
    pub const fn role(&self) -> Role {
        match self {
            Self::Provider { .. } => Role::Provider,
            Self::SettlementAgency { .. } => Role::SettlementAgency,
            Self::Ministry { .. } => Role::Ministry,
        }
    }

    /// The kind of that organization.
    pub const fn kind(&self) -> OrganizationKind {
        match self {
            Self::Provider { kind, .. } => *kind,
            Self::SettlementAgency { .. } => OrganizationKind::SettlementAgency,
            Self::Ministry { .. } => OrganizationKind::Ministry,
        }
    }
}

/// A verified request: the viewer, and what is written down about who acted.
#[derive(Clone, Debug)]
pub struct Caller {
    pub viewer: Viewer,
    /// The token's subject: a worker or a machine client.
    pub subject: String,
    /// The OAuth client, where the token names one; else the subject.
    pub client: String,
    /// The worker for whom a machine client says it acts; opaque.
    pub acting_subject: Option<String>,
    pub scopes: ScopeSet,
    pub language: Language,
}
