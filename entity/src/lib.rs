//! The tables of the Claimant Gateway, one per file, with typed ids and codes kept as text. No behaviour lives here.
#![expect(
    clippy::disallowed_methods,
    reason = "what the entity macro writes calls the finders that only the store may use"
)]
pub mod access_grant;
pub mod appointment;
pub mod audit_checkpoint;
pub mod audit_head;
pub mod audit_link;
pub mod catchment;
pub mod claimant;
pub mod claimant_claim_status;
pub mod claimant_contact;
pub mod claimant_identifiers;
pub mod claimant_identity;
pub mod claimant_key;
pub mod claimant_language_abilities;
pub mod claimant_link;
pub mod claimant_match_token;
pub mod claimant_name_token;
pub mod claimant_qualifications;
pub mod code;
pub mod condition;
pub mod consent;
pub mod consent_recipient;
pub mod disclosure;
pub mod disclosure_answer;
pub mod duplicate_candidate;
pub mod eligibility_rule;
pub mod exclusion;
pub mod household;
pub mod household_member;
pub mod id;
pub mod idempotency;
pub mod journal_audience;
pub mod journal_entry;
pub mod journal_head;
pub mod lease;
pub mod list;
pub mod location;
pub mod match_request;
pub mod message;
pub mod need;
pub mod organization;
pub mod organization_catchment;
pub mod outcome;
pub mod referral;
pub mod referral_also_for;
pub mod region;
pub mod reroute_request;
pub mod sealed;
pub mod service;
pub mod service_at_location;
pub mod service_capacity;
pub mod service_category;
pub mod service_language;
pub mod service_region;

pub use code::*;
pub use condition::*;
pub use id::*;
pub use list::*;
pub use sealed::Sealed;
