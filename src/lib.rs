//! Map.
pub mod auth;
pub mod clock;
pub mod command;
pub mod config;
pub mod viewer;
