//! The tables of the Claimant Gateway, one per file, with typed ids and codes kept as text. No behaviour lives here.
pub mod code;
pub mod id;

pub use code::*;
pub use id::*;
