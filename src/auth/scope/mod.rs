//! Scopes: what a token allows, which role may use which, and which fields need what. `table` is the one place that
//! says so; the check, the directive in the SDL and the sentence in a field's description are read from it. Scopes are
//! the coarse lock: which rows and which facts a caller sees is decided by relation and consent, not here.
use std::{collections::HashMap, fmt, sync::LazyLock};

use entity::Role;

mod schema;
mod table;

pub use schema::{register, uncovered_root_fields, unknown_rows};
pub use table::{ANY_TOKEN, OBJECT, TABLE};

/// Scopes that are needed: outer list any of, inner list all of.
pub type Requirement = &'static [&'static [Scope]];

/// Declares the scopes once: their order, their spelling.
macro_rules! scopes {
    ($($variant:ident = $text:literal,)+) => {
        /// What a token may be used for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Scope { $($variant,)+ }

        impl Scope {
            /// Every scope, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The one spelling of this scope.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The scope that is spelled so.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

scopes! {
    DirectoryRead = "directory:read",
    DirectoryWrite = "directory:write",
    ClaimantRead = "claimant:read",
    ClaimantWrite = "claimant:write",
    ReferralRead = "referral:read",
    ReferralWrite = "referral:write",
    ReferralOversight = "referral:oversight",
    ReportRead = "report:read",
    NoticeWrite = "notice:write",
    FeedbackRead = "feedback:read",
    FeedbackWrite = "feedback:write",
    OutreachWrite = "outreach:write",
    IntegrationManage = "integration:manage",
    AuditRead = "audit:read",
}

impl Scope {
    /// Whether organizations of this role may use the scope at all, whatever their token says. The ministry never
    /// learns who the people are: it has no claimants, no disclosures about them, and sees referrals under
    /// `referral:oversight`, which is its alone.
    pub const fn usable_by(self, role: Role) -> bool {
        match self {
            Self::DirectoryRead
            | Self::DirectoryWrite
            | Self::ReportRead
            | Self::FeedbackRead
            | Self::FeedbackWrite
            | Self::OutreachWrite
            | Self::IntegrationManage => true,
            Self::ClaimantRead
            | Self::ClaimantWrite
            | Self::ReferralRead
            | Self::ReferralWrite
            | Self::AuditRead => match role {
                Role::Provider | Role::SettlementAgency => true,
                Role::Ministry => false,
            },
            Self::ReferralOversight | Self::NoticeWrite => match role {
                Role::Ministry => true,
                Role::Provider | Role::SettlementAgency => false,
            },
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(u16);

impl ScopeSet {
    /// No scope.
    pub const EMPTY: Self = Self(0);

    /// Every scope that organizations of this role may use.
    pub fn of_role(role: Role) -> Self {
        Scope::ALL
            .iter()
            .copied()
            .filter(|scope| scope.usable_by(role))
            .collect()
    }

    /// The scopes named in a text, separated by spaces (RFC 6749, section 3.3). Names unknown here are for others.
    pub fn parse(text: &str) -> Self {
        Self::parse_each(text.split(' '))
    }

    /// The scopes named one by one. Names unknown here are for others.
    pub fn parse_each<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().filter_map(Scope::parse).collect()
    }

    /// Whether the scope is in the set.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Puts the scope into the set.
    pub const fn insert(&mut self, scope: Scope) {
        self.0 |= scope.bit();
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes of the set, in the order of the contract.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL
            .iter()
            .copied()
            .filter(move |scope| self.contains(*scope))
    }

    /// Whether the set has all scopes of one of the alternatives.
    pub fn satisfies(self, requirement: Requirement) -> bool {
        requirement
            .iter()
            .any(|all| all.iter().all(|scope| self.contains(*scope)))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let mut set = Self::EMPTY;
        for scope in scopes {
            set.insert(scope);
        }
        set
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for ScopeSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ScopeSet({self})")
    }
}

/// The scopes that a field needs: its own row, else that of its type; nothing where any token will do. A row of a field
/// always implies the row of its type. `__typename` says nothing about anybody.
pub fn required(type_name: &str, field: &str) -> Option<Requirement> {
    if field.starts_with("__") {
        return None;
    }
    row(type_name, field).or_else(|| row(type_name, OBJECT))
}

/// The scopes that are needed for a field and that this set lacks; nothing when the field may be read.
pub fn missing(type_name: &str, field: &str, scopes: ScopeSet) -> Option<Requirement> {
    required(type_name, field).filter(|requirement| !scopes.satisfies(requirement))
}

/// The public sentence about a field, or about a type under the name [`OBJECT`], that has a row of its own.
pub fn sentence(type_name: &str, field: &str) -> Option<String> {
    row(type_name, field).map(say)
}

/// A public sentence about what is needed.
pub fn say(requirement: Requirement) -> String {
    let alternatives: Vec<String> = requirement
        .iter()
        .map(|all| {
            let names: Vec<String> = all.iter().map(|scope| format!("`{scope}`")).collect();
            names.join(" and ")
        })
        .collect();
    let several_at_once = requirement.iter().any(|all| all.len() > 1);
    let noun = if several_at_once { "scopes" } else { "scope" };
    let separator = if several_at_once { ", or " } else { " or " };
    format!("Needs the {noun} {}.", alternatives.join(separator))
}

/// The rows of the table by type and field: each is asked for several times in every request.
static ROWS: LazyLock<HashMap<(&str, &str), Requirement>> = LazyLock::new(|| {
    TABLE
        .iter()
        .map(|(row_type, row_field, requirement)| ((*row_type, *row_field), *requirement))
        .collect()
});

fn row(type_name: &str, field: &str) -> Option<Requirement> {
    ROWS.get(&(type_name, field)).copied()
}

#[cfg(test)]
mod tests;
