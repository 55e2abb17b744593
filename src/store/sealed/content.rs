//! What the sealed groups of a claimant hold, and what follows from it without any other fact.
use chrono::NaiveDate;
use entity::{
    ClaimStage, ContactKind, ContactPermission, DatePrecision, IdentifierKind, QualificationId,
    RecognitionStatus, Safety, YesNoUnknown,
};
use serde::{Deserialize, Serialize};

/// Names and birth date.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub preferred_name: Option<String>,
    pub birth_date: Option<NaiveDate>,
    pub birth_date_precision: Option<DatePrecision>,
    pub gender: Option<String>,
}

impl Identity {
    /// Given and family name, whichever there are; else the preferred one.
    pub fn full_name(&self) -> String {
        let parts: Vec<&str> = [&self.given_name, &self.family_name]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        if parts.is_empty() {
            self.preferred_name.clone().unwrap_or_default()
        } else {
            parts.join(" ")
        }
    }
}

/// One way to reach a claimant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactPoint {
    pub kind: ContactKind,
    pub value: String,
    pub safety: Safety,
    pub shared: bool,
    pub may_leave_message: bool,
    pub note: Option<String>,
}

/// How a claimant may be reached, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub permission: ContactPermission,
    pub points: Vec<ContactPoint>,
}

impl Default for Contact {
    fn default() -> Self {
        Self {
            permission: ContactPermission::ViaAgencyOnly,
            points: Vec::new(),
        }
    }
}

impl Contact {
    /// Leaves what another organization than the registering one may use: with the person's permission the safe points,
    /// without what was noted beside them. Says whether there is any.
    pub(in crate::store) fn leave_usable(&mut self) -> bool {
        self.points.retain(|point| point.safety == Safety::Safe);
        self.points.iter_mut().for_each(|point| point.note = None);
        self.permission == ContactPermission::Any && !self.points.is_empty()
    }
}

/// An identifier that an authority or an agency gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identifier {
    pub kind: IdentifierKind,
    pub value: String,
    pub expires_on: Option<NaiveDate>,
}

/// Where the claim for refugee protection stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimStatus {
    pub stage: ClaimStage,
    pub since: Option<NaiveDate>,
    pub rpcd_expires_on: Option<NaiveDate>,
    pub work_permit_expires_on: Option<NaiveDate>,
    pub sin_series_9: Option<bool>,
    pub sin_expires_on: Option<NaiveDate>,
    pub ifhp_proof: Option<bool>,
}

impl ClaimStatus {
    /// Whether the person may work on a day. A protected person needs the permit as well.
    pub fn work_authorization(&self, today: NaiveDate) -> WorkAuthorization {
        WorkAuthorization {
            state: match self.work_permit_expires_on {
                Some(expires) if expires >= today => YesNoUnknown::Yes,
                Some(_) => YesNoUnknown::No,
                None => YesNoUnknown::Unknown,
            },
            expires_on: self.work_permit_expires_on,
        }
    }
}

/// Whether a claimant may work; derived from the claim status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkAuthorization {
    pub state: YesNoUnknown,
    pub expires_on: Option<NaiveDate>,
}

/// What a claimant has learned, or done for a living.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Qualification {
    pub id: QualificationId,
    /// National Occupational Classification 2021.
    pub noc_code: Option<String>,
    pub title: String,
    pub years: Option<i32>,
    pub country: Option<String>,
    pub level: Option<String>,
    pub recognition: RecognitionStatus,
    pub regulator: Option<String>,
}

/// How well a claimant knows a language: levels of the CLB, in French of the NCLC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageAbility {
    pub language: String,
    pub listening: Option<i32>,
    pub speaking: Option<i32>,
    pub reading: Option<i32>,
    pub writing: Option<i32>,
    pub assessed_on: Option<NaiveDate>,
}
