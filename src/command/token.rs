//! `token`: a token of the demo issuer, for use against a gateway on this machine that shares its key file.
use std::io::{self, Write};

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
    let token = mint(arguments, config, &Clock::system())?;
    writeln!(io::stdout(), "{token}")?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::Verifier, config};

    fn arguments(scope: Option<&str>) -> TokenArguments {
        TokenArguments {
            organization: "demo-agency".to_owned(),
            scope: scope.map(str::to_owned),
            subject: "demo-worker".to_owned(),
            region: None,
            hours: 1,
        }
    }

    #[tokio::test]
    async fn a_token_is_good_for_a_gateway_that_shares_the_key_file() {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.auth.demo_issuer = true;
        config.auth.demo_key_file = Some(directory.path().join("demo.key"));
        let clock = Clock::system();
        let scope = "claimant:read referral:read";
        let token = mint(arguments(Some(scope)), &config, &clock).unwrap();
        let demo = demo::configured(&config).unwrap().unwrap();
        let client = reqwest::Client::new();
        let verifier = Verifier::new(&config::Auth::default(), &client, clock).with_demo(&demo);
        let verified = verifier.verify(&token).await.unwrap();
        assert_eq!(verified.scopes.to_string(), scope);
    }

    #[test]
    fn a_token_that_no_gateway_would_take_is_not_minted() {
        let refusal = |config: &Config, scope| {
            mint(arguments(scope), config, &Clock::system())
                .unwrap_err()
                .to_string()
        };
        let mut config = Config::default();
        assert!(refusal(&config, None).contains("the demo issuer is off"));
        config.auth.demo_issuer = true;
        assert!(refusal(&config, None).contains("auth.demo_key_file"));
        let directory = tempfile::tempdir().unwrap();
        config.auth.demo_key_file = Some(directory.path().join("demo.key"));
        assert!(refusal(&config, Some("claimant:raed")).contains("claimant:read"));
        config.server.listen = "0.0.0.0:8080".parse().unwrap();
        assert!(refusal(&config, None).contains("loopback"));
    }
}
