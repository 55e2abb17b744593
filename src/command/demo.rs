//! `demo`: the API with demo data, and tokens for it. Everything in it is invented, and it is served on this machine
//! alone.
use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
};

use axum::{Router, http::header, routing::get};
use chrono::{SubsecRound, TimeDelta};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{DemoArguments, DemoFormat, DemoJourney, Failure, log, open::open_store, serve::serve};
use crate::{
    auth::{
        demo::{DemoIssuer, TokenRequest},
        scope::Scope,
    },
    clock::Clock,
    config::{Config, LogLevel, Whole},
    demo::{self, AGENCY, HOUSING, MINISTRY, PROVIDER},
    gateway,
};

mod journey;

/// Tokens for the three organizations that the demo speaks for.
#[derive(Clone, Debug)]
struct Tokens {
    agency: String,
    provider: String,
    ministry: String,
}

pub async fn run(arguments: DemoArguments, mut config: Config) -> Result<(), Failure> {
    if arguments.journey.is_some() {
        // The steps are what is read; a line for each request would stand between them.
        config.log.level = LogLevel::Warn;
        // Nobody waits half a minute for what came due in the sixty days that a journey skips.
        config.timers.interval_seconds = Whole::of::<1>();
    }
    log::start(&config.log);
    let issuer = DemoIssuer::for_listen(config.server.listen.0)?;
    config.auth.demo_issuer = true;
    // A folder of its own, so that each demo is fresh; it goes when the demo ends.
    let folder = match arguments.database.database {
        Some(_) => None,
        None => Some(TempDir::with_prefix("claimant-gateway-demo-")?),
    };
    if let Some(folder) = &folder {
        let file = folder.path().join("demo.sqlite");
        config.database.url = format!("sqlite://{}?mode=rwc", file.display()).parse()?;
    }
    // A journey moves its own time; a demo that is served goes by the machine's.
    let (standing, hands) = Clock::fixed(Clock::system().now().trunc_subsecs(0));
    let clock = match arguments.journey {
        Some(_) => standing,
        None => Clock::system(),
    };
    let store = open_store(&config).await?.timed_by(clock.clone());
    tell("Making demo data: organizations, services, claimants, referrals …");
    store
        .unscoped_seed(&demo::generate(demo::SEED, clock.now()))
        .await?;
    let listener = TcpListener::bind(config.server.listen.0).await?;
    let address = listener.local_addr()?;
    let tokens = mint(&issuer, &clock)?;
    let page_data = page_data(&tokens);
    let json = [(header::CONTENT_TYPE, "application/json")];
    let extra = Router::new().route("/graphiql/demo.json", get(async move || (json, page_data)));
    let router = gateway::router(&config, &store, &clock, Some(&issuer), extra)?;
    match arguments.journey {
        None => {
            print(arguments.format, address, &tokens)?;
            serve(&config, listener, router, store).await
        }
        Some(name) => {
            let scene = journey::Scene {
                address,
                agency: token(&issuer, &clock, AGENCY)?,
                provider: token(&issuer, &clock, PROVIDER)?,
                housing: token(&issuer, &clock, HOUSING)?,
                ministry: token(&issuer, &clock, MINISTRY)?,
                clock,
                hands,
            };
            let serving = serve(&config, listener, router, store);
            tokio::select! {
                ended = serving => ended,
                walked = journey::walk(name, scene) => walked,
            }
        }
    }
}

/// Progress is for people: it never mixes with what programs read.
fn tell(text: &str) {
    if io::stderr().is_terminal() {
        // Nobody is left to tell where standard error is closed.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// A token of a worker of an organization, for as long as a journey may take.
fn token(issuer: &DemoIssuer, clock: &Clock, organization: &str) -> Result<String, Failure> {
    minted(issuer, clock, organization, TimeDelta::days(90))
}

fn minted(
    issuer: &DemoIssuer,
    clock: &Clock,
    organization: &str,
    lifetime: TimeDelta,
) -> Result<String, Failure> {
    let request = TokenRequest {
        organization: organization.to_owned(),
        scopes: Scope::ALL.iter().copied().collect(),
        subject: format!("{organization}-worker"),
        region: None,
        lifetime,
    };
    Ok(issuer.mint(&request, clock.now())?)
}

fn mint(issuer: &DemoIssuer, clock: &Clock) -> Result<Tokens, Failure> {
    let token = |organization: &str| minted(issuer, clock, organization, TimeDelta::hours(12));
    Ok(Tokens {
        agency: token(AGENCY)?,
        provider: token(PROVIDER)?,
        ministry: token(MINISTRY)?,
    })
}

impl Tokens {
    fn as_json(&self) -> Value {
        json!({ "agency": self.agency, "provider": self.provider, "ministry": self.ministry })
    }
}

/// What the GraphiQL page of the demo fills in.
fn page_data(tokens: &Tokens) -> String {
    let operations: Vec<Value> = demo::operations()
        .iter()
        .map(|operation| {
            json!({
                "title_en": operation.title_en,
                "title_fr": operation.title_fr,
                "query": operation.query,
            })
        })
        .collect();
    json!({ "tokens": tokens.as_json(), "operations": operations }).to_string()
}

fn print(format: DemoFormat, address: SocketAddr, tokens: &Tokens) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match format {
        DemoFormat::Json => {
            let line = json!({
                "endpoint": format!("http://{address}/graphql"),
                "tokens": tokens.as_json(),
            });
            writeln!(out, "{line}")?;
        }
        DemoFormat::Text => {
            writeln!(
                out,
                "The Claimant Gateway answers at http://{address}/graphql"
            )?;
            writeln!(
                out,
                "Try it in a browser:            http://{address}/graphiql\n"
            )?;
            let three = [
                (
                    "agency",
                    "Settlement agency",
                    &tokens.agency,
                    demo::AGENCY_OUTBOX,
                ),
                (
                    "provider",
                    "Provider",
                    &tokens.provider,
                    demo::PROVIDER_INBOX,
                ),
                (
                    "ministry",
                    "Ministry",
                    &tokens.ministry,
                    demo::MINISTRY_REPORT,
                ),
            ];
            for (_, who, token, _) in three {
                writeln!(out, "{who} token:\n{token}\n")?;
            }
            for (name, who, _, query) in three {
                let body = json!({ "query": query });
                writeln!(
                    out,
                    "# {who}: paste its token for ${}_TOKEN",
                    name.to_uppercase()
                )?;
                writeln!(
                    out,
                    "curl -s http://{address}/graphql -H 'content-type: application/json' \\\n  \
                     -H \"authorization: Bearer ${}_TOKEN\" \\\n  -d '{body}'\n",
                    name.to_uppercase()
                )?;
            }
            writeln!(
                out,
                "Everything in it is invented. Stop it with Ctrl-C; nothing is kept."
            )?;
        }
    }
    out.flush()?;
    Ok(())
}
