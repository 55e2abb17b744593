//! The Claimant Gateway: one GraphQL API over a shared claimant-services schema.
//!
//! Arrows point down only. [`command`] starts what runs; [`http`] speaks the protocols; [`graphql`] turns arguments into
//! calls of a [`store`] session and rows into types; [`store`] is the only door to the database; [`domain`] holds the
//! rules, pure. [`auth`] makes a caller of a token. [`exchange`] reads and writes formats. [`work`] runs behind requests. [`message`] holds every
//! text. [`demo`] makes
//! synthetic data. [`lock`] says that every lock is on.
pub mod auth;
pub mod clock;
pub mod command;
pub mod config;
pub mod demo;
pub mod domain;
pub mod error;
pub mod exchange;
pub mod gateway;
pub mod graphql;
pub mod http;
pub mod lock;
pub mod message;
pub mod opaque;
pub mod private_file;
pub mod store;
pub mod viewer;
pub mod work;
