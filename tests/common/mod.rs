//! What tests share: a fresh database of either engine for each test. It must not know what any one feature does.
//!
//! A test states its body once and runs on both engines:
//!
//! ```ignore
//! on_both_databases! {
//!     async fn a_referral_is_seen_by_its_owner(app: TestApp) { … }
//! }
//! ```
//!
//! The type of the argument says how it is made, by [`Fresh`].
pub mod app;
pub mod database;
pub mod events;
pub mod golden;
pub mod journey;
pub mod postgres;
pub mod process;
pub mod socket;
pub mod software;
pub mod story;
pub mod world;

use std::future::Future;

/// The two engines that the gateway runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// What a test of both engines is given, made anew for every run.
pub trait Fresh: Sized {
    /// `None` where this machine lacks the engine; the run has been told so, and in CI it has failed.
    fn fresh(engine: Engine) -> impl Future<Output = Option<Self>>;
}

/// Turns one test body into a test for each engine: `name::sqlite` and `name::postgres`.
macro_rules! on_both_databases {
    ($($(#[$attribute:meta])* async fn $name:ident($argument:ident: $kind:ty) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn body($argument: $kind) $body

            #[tokio::test]
            async fn sqlite() {
                let given = Box::pin(<$kind as $crate::common::Fresh>::fresh($crate::common::Engine::Sqlite)).await;
                if let Some(given) = given {
                    // On the heap: unoptimized, some bodies are larger than the stack of a test's thread.
                    Box::pin(body(given)).await;
                }
            }

            #[tokio::test]
            async fn postgres() {
                let given = Box::pin(<$kind as $crate::common::Fresh>::fresh($crate::common::Engine::Postgres)).await;
                if let Some(given) = given {
                    // On the heap: unoptimized, some bodies are larger than the stack of a test's thread.
                    Box::pin(body(given)).await;
                }
            }
        }
    )+};
}
pub(crate) use on_both_databases;
