//! Map.
pub mod domain;
