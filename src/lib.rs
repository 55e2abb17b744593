//! Map.
pub mod domain;
pub mod message;
