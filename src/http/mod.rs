//! Front.
