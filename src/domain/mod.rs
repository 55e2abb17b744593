//! The rules of the domain, pure: each takes what it must know as arguments and answers at once. Nothing here reads a
//! clock, a database or a configuration, and nothing here knows of GraphQL or HTTP.
pub mod access;
pub mod appointment;
pub mod audit_chain;
pub mod business_days;
pub mod deadline;
pub mod disclosure;
pub mod disclosure_control;
pub mod eligibility;
pub mod free_text;
pub mod matching;
pub mod message;
pub mod qualification;
pub mod referral;
