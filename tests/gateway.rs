//! Everything that is tested through the gateway's own doors, one module for each feature. It must not reach into the
//! store: what cannot be seen from outside is a unit test's business.
#![cfg(test)]

mod appointment;
mod audit;
mod bounds;
mod boxes;
mod budget;
mod bulk;
mod claimant;
mod common;
mod consent;
mod crash;
mod custody;
mod databases;
mod deadline;
mod direct;
mod directory;
mod disclosure;
mod eligibility;
mod encryption;
mod exclusion;
mod feed;
mod fields;
mod grants;
mod household;
mod http;
mod idempotency;
mod import;
mod inbox;
mod journey;
mod light;
mod matching;
mod message;
mod migration;
mod nested;
mod paging;
mod qualification;
mod quiet;
mod race;
mod referral;
mod remembered;
mod report;
mod retention;
mod row_security;
mod safe_contact;
mod seed;
mod sin;
mod subscription;
mod token;
mod visibility;

/// What needs another program than the gateway.
mod outside {
    mod graphiql;
    mod graphql_http;
    mod node;
    mod openid;
    mod served;
    mod subscriptions;
}
