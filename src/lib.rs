//! Map.
pub mod exchange;
