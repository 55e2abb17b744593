//! `token`: a token of the demo issuer, for use against a gateway on this machine that shares its key file.
use chrono::TimeDelta;

use super::{Failure, TokenArguments};
use crate::{
    auth::{
        demo::{self, TokenRequest},
        scope::{Scope, ScopeSet},
    },
    clock::Clock,
    config::Config,
};

/// Why no token was minted.
#[derive(Debug, thiserror::Error)]
enum TokenError {
    #[error(
        "the demo issuer is off; set auth.demo_issuer to true and auth.demo_key_file to a path that `serve` uses too"
    )]
    Off,
    #[error(
        "the demo issuer keeps its key in memory, where another process cannot use it; set auth.demo_key_file to a path \
         that `serve` uses too"
    )]
    InMemory,
    #[error("--scope names something that is no scope; the scopes are: {0}")]
    Scope(ScopeSet),
}

pub fn run(arguments: TokenArguments, config: &Config) -> Result<(), Failure> {
    println!("{}", mint(arguments, config, &Clock::system())?);
    Ok(())
}

fn mint(arguments: TokenArguments, config: &Config, clock: &Clock) -> Result<String, Failure> {
    if config.auth.demo_issuer && config.auth.demo_key_file.is_none() {
        return Err(TokenError::InMemory.into());
    }
    let issuer = demo::configured(config)?.ok_or(TokenError::Off)?;
    let request = TokenRequest {
        organization: arguments.organization,
        scopes: scopes(arguments.scope.as_deref())?,
        subject: arguments.subject,
        region: arguments.region,
        lifetime: TimeDelta::hours(i64::from(arguments.hours)),
    };
    Ok(issuer.mint(&request, clock.now())?)
}

/// A gateway passes over a scope that it does not know; somebody who types one wants to hear of it.
fn scopes(text: Option<&str>) -> Result<ScopeSet, TokenError> {
    let Some(text) = text else {
        return Ok(Scope::ALL.iter().copied().collect());
    };
    text.split_whitespace()
        .map(Scope::parse)
        .collect::<Option<ScopeSet>>()
        .ok_or_else(|| TokenError::Scope(Scope::ALL.iter().copied().collect()))
}
