//! Fills an empty database in one transaction, for the demo and for measuring. What is sealed, granted, tokenized and
//! journalled is made here by the same functions as in a change of a caller; a [`Seed`] brings none of it along.
//! It checks no rule of the workflow: whoever makes a seed asks the domain.
//!
//! What is too big for one [`Seed`] comes in several: a [`Maker`] makes rows of each, on a thread of its own if so
//! wished, and a [`Seeding`] writes them. `make` makes rows, `write` writes them, `copy` does so the fast way of
//! PostgreSQL.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    JournalKind, OrganizationId, ReferralStatusReason, SubjectType, catchment, claimant, consent,
    consent_recipient, eligibility_rule, exclusion, household, household_member, location, need, organization,
    organization_catchment, outcome, referral, referral_also_for, region, reroute_request, service,
    service_at_location, service_capacity, service_category, service_language, service_region,
};
use sea_orm::prelude::Uuid;

use super::{
    Store,
    claimant::register::SealedPart,
    sealed::{LanguageAbility, Qualification},
};
use crate::error::Result;

mod copy;
mod make;
mod write;

pub use copy::Copied;
pub use make::{Made, Maker, Past};
pub use write::Seeding;

/// Everything that an empty database is to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seed {
    pub regions: Vec<region::Model>,
    pub organizations: Vec<organization::Model>,
    pub catchments: Vec<catchment::Model>,
    pub organization_catchments: Vec<organization_catchment::Model>,
    pub services: Vec<service::Model>,
    pub service_categories: Vec<service_category::Model>,
    pub service_languages: Vec<service_language::Model>,
    pub service_regions: Vec<service_region::Model>,
    pub service_capacities: Vec<service_capacity::Model>,
    pub eligibility_rules: Vec<eligibility_rule::Model>,
    pub locations: Vec<location::Model>,
    pub services_at_locations: Vec<service_at_location::Model>,
    pub claimants: Vec<Person>,
    pub needs: Vec<need::Model>,
    pub consents: Vec<consent::Model>,
    pub consent_recipients: Vec<consent_recipient::Model>,
    pub exclusions: Vec<exclusion::Model>,
    pub households: Vec<household::Model>,
    pub household_members: Vec<household_member::Model>,
    /// A referral that comes from another stands after it.
    pub courses: Vec<Course>,
    pub also_for: Vec<referral_also_for::Model>,
    pub outcomes: Vec<outcome::Model>,
    /// Free text by the row that it belongs to: the summary of a referral, the note of an outcome, the authority
    /// behind a consent. The rows themselves come without; it is sealed as they are written.
    pub texts: HashMap<Uuid, String>,
    pub reroute_requests: Vec<reroute_request::Model>,
    /// What happened beside the steps of referrals.
    pub events: Vec<Event>,
}

/// A claimant with the sealed groups, as a form gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub claimant: claimant::Model,
    pub sealed: SealedPart,
    pub qualifications: Vec<Qualification>,
    pub language_abilities: Vec<LanguageAbility>,
}

/// A referral with everything that was done to it, oldest first. It is what its last step left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    pub steps: Vec<Step>,
}

/// One thing done to a referral.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub at: DateTime<Utc>,
    pub by: Actor,
    pub kind: JournalKind,
    pub reason: Option<ReferralStatusReason>,
    pub note: Option<String>,
    pub after: referral::Model,
}

/// Something that happened, and who is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: DateTime<Utc>,
    pub by: Actor,
    pub kind: JournalKind,
    pub subject_type: SubjectType,
    pub subject: Uuid,
    pub version: i32,
    pub reason: Option<ReferralStatusReason>,
    pub told: Vec<OrganizationId>,
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    pub subject: &'static str,
    pub client: &'static str,
    /// None for a timer.
    pub organization: Option<OrganizationId>,
}

impl Seed {
    /// The referrals, as their courses left them.
    pub fn referrals(&self) -> impl Iterator<Item = &referral::Model> {
        self.courses
            .iter()
            .filter_map(|course| course.steps.last())
            .map(|step| &step.after)
    }
}

/// A UUIDv7 (RFC 9562 §5.7) that is always the same for a moment and a number below 2^42, and grows with both.
pub fn id_at(at: DateTime<Utc>, number: u64) -> Uuid {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    let high = (milliseconds << 16) | 0x7000 | ((number >> 30) & 0x0fff);
    // SplitMix64 spreads the number, so that ids of neighbours differ in more than one place.
    let mut spread = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    spread = (spread ^ (spread >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    spread = (spread ^ (spread >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let low = (0b10 << 62) | ((number & 0x3fff_ffff) << 32) | (spread >> 32);
    Uuid::from_u64_pair(high, low)
}

impl Store {
    /// Fills an empty database.
    ///
    /// # Errors
    /// When the database holds an organization already, or when it fails; nothing is written then.
    pub async fn unscoped_seed(&self, seed: &Seed) -> Result<()> {
        let mut maker = self.unscoped_maker(Past::Recent);
        let mut seeding = self.unscoped_begin_seed().await?;
        seeding.write(maker.make(seed)?).await?;
        seeding.finish(maker).await
    }
}

#[cfg(test)]
mod tests;
