//! What runs behind requests. It stands on the store, and has no rules of its own.
pub mod deadline;
pub mod matching;
pub mod retention;
