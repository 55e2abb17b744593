//! The sealed groups of a claimant, as they are shown once they are open. They decide nothing.
use async_graphql::{Context, ID, Object, SimpleObject};
use entity::{
    ClaimStage, ContactKind, ContactPermission, DatePrecision, IdentifierKind, RecognitionStatus,
    Safety, YesNoUnknown,
};

use super::super::{
    context::Resolver,
    direct::{Later, Plain, Told, Writer},
    scalar::Date,
};
use crate::store::sealed;

/// Names and birth date.
#[derive(SimpleObject)]
pub struct ClaimantIdentity {
    /// Given and family name, whichever there are; else the preferred name.
    full_name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    preferred_name: Option<String>,
    birth_date: Option<Date>,
    /// How much of the birth date is known.
    birth_date_precision: Option<DatePrecision>,
    gender: Option<String>,
}

impl From<sealed::Identity> for ClaimantIdentity {
    fn from(identity: sealed::Identity) -> Self {
        Self {
            full_name: identity.full_name(),
            given_name: identity.given_name,
            family_name: identity.family_name,
            preferred_name: identity.preferred_name,
            birth_date: identity.birth_date.map(Date),
            birth_date_precision: identity.birth_date_precision,
            gender: identity.gender,
        }
    }
}

impl Plain for ClaimantIdentity {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        match field {
            "fullName" => to.text(&self.full_name),
            "givenName" => to.optional(self.given_name.as_deref(), Writer::text),
            "familyName" => to.optional(self.family_name.as_deref(), Writer::text),
            "preferredName" => to.optional(self.preferred_name.as_deref(), Writer::text),
            "birthDate" => to.optional(self.birth_date, Writer::date),
            "birthDatePrecision" => {
                to.optional(self.birth_date_precision, |to, code| to.code(code.as_str()))
            }
            "gender" => to.optional(self.gender.as_deref(), Writer::text),
            _ => Err(Later),
        }
    }
}

/// How a claimant may be reached.
#[derive(SimpleObject)]
pub struct ClaimantContact {
    permission: ContactPermission,
    points: Vec<ContactPoint>,
}

/// One way to reach a claimant.
#[derive(SimpleObject)]
pub struct ContactPoint {
    kind: ContactKind,
    value: String,
    safety: Safety,
    /// Whether others use it as well.
    shared: bool,
    may_leave_message: bool,
    /// Seen by the registering organization alone.
    note: Option<String>,
}

impl From<sealed::Contact> for ClaimantContact {
    fn from(contact: sealed::Contact) -> Self {
        Self {
            permission: contact.permission,
            points: contact
                .points
                .into_iter()
                .map(|point| ContactPoint {
                    kind: point.kind,
                    value: point.value,
                    safety: point.safety,
                    shared: point.shared,
                    may_leave_message: point.may_leave_message,
                    note: point.note,
                })
                .collect(),
        }
    }
}

/// An identifier, of which the last characters are shown and no more.
#[derive(SimpleObject)]
pub struct ClaimantIdentifier {
    kind: IdentifierKind,
    last4: String,
    expires_on: Option<Date>,
}

impl From<sealed::Identifier> for ClaimantIdentifier {
    fn from(identifier: sealed::Identifier) -> Self {
        let letters: Vec<char> = identifier.value.chars().collect();
        // Of a short one, four characters would be most of it.
        let shown = letters.len().min(4).min(letters.len() / 2);
        Self {
            kind: identifier.kind,
            last4: letters[letters.len() - shown..].iter().collect(),
            expires_on: identifier.expires_on.map(Date),
        }
    }
}

/// Where the claim for refugee protection stands.
#[derive(SimpleObject)]
pub struct ClaimStatus {
    stage: ClaimStage,
    since: Option<Date>,
    /// When the refugee protection claimant document ends.
    rpcd_expires_on: Option<Date>,
    work_permit_expires_on: Option<Date>,
    /// Whether the social insurance number is of the 900 series. The number itself is never stored.
    #[graphql(name = "sinSeries9")]
    sin_series_9: Option<bool>,
    sin_expires_on: Option<Date>,
    /// Whether there is proof of Interim Federal Health Program coverage.
    ifhp_proof: Option<bool>,
}

impl From<sealed::ClaimStatus> for ClaimStatus {
    fn from(status: sealed::ClaimStatus) -> Self {
        Self {
            stage: status.stage,
            since: status.since.map(Date),
            rpcd_expires_on: status.rpcd_expires_on.map(Date),
            work_permit_expires_on: status.work_permit_expires_on.map(Date),
            sin_series_9: status.sin_series_9,
            sin_expires_on: status.sin_expires_on.map(Date),
            ifhp_proof: status.ifhp_proof,
        }
    }
}

/// Whether a claimant may work.
#[derive(SimpleObject)]
pub struct WorkAuthorization {
    state: YesNoUnknown,
    expires_on: Option<Date>,
}

impl WorkAuthorization {
    /// Of somebody whose claim status was never recorded.
    pub(super) const UNKNOWN: Self = Self {
        state: YesNoUnknown::Unknown,
        expires_on: None,
    };
}

impl From<sealed::WorkAuthorization> for WorkAuthorization {
    fn from(authorization: sealed::WorkAuthorization) -> Self {
        Self {
            state: authorization.state,
            expires_on: authorization.expires_on.map(Date),
        }
    }
}

/// What a claimant has learned, or done for a living.
pub struct Qualification(pub(super) sealed::Qualification);

#[Object]
impl Qualification {
    async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    /// The unit group of the National Occupational Classification 2021.
    async fn noc_code(&self) -> Option<&str> {
        self.0.noc_code.as_deref()
    }

    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Of experience.
    async fn years(&self) -> Option<i32> {
        self.0.years
    }

    /// Where it was acquired.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }

    async fn level(&self) -> Option<&str> {
        self.0.level.as_deref()
    }

    /// How far its recognition in Ontario has come.
    async fn recognition(&self) -> RecognitionStatus {
        self.0.recognition
    }

    /// The body that recognizes it.
    async fn regulator(&self) -> Option<&str> {
        self.0.regulator.as_deref()
    }
}

/// How well a claimant knows a language, in levels from 1 to 12 of the Canadian Language Benchmarks or the Niveaux de
/// compétence linguistique canadiens.
#[derive(SimpleObject)]
pub struct LanguageAbility {
    /// ISO 639-3.
    language: String,
    listening: Option<i32>,
    speaking: Option<i32>,
    reading: Option<i32>,
    writing: Option<i32>,
    /// Null for a party that sees the levels alone.
    assessed_on: Option<Date>,
}

impl From<sealed::LanguageAbility> for LanguageAbility {
    fn from(ability: sealed::LanguageAbility) -> Self {
        Self {
            language: ability.language,
            listening: ability.listening,
            speaking: ability.speaking,
            reading: ability.reading,
            writing: ability.writing,
            assessed_on: ability.assessed_on.map(Date),
        }
    }
}
