//! Everything that is tested through the gateway's own doors, one module for each feature. It must not reach into the
//! store: what cannot be seen from outside is a unit test's business.
#![cfg(test)]

mod claimant;
mod common;
mod consent;
mod databases;
mod directory;
mod paging;
mod referral;

/// What needs another program than the gateway.
mod outside {
    mod openid;
}
