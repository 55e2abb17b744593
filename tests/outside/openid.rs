//! Access tokens of a real OpenID provider (npm `oidc-provider`, run by Node beside this file) are verified through
//! discovery, in every algorithm that is accepted, also after the provider has turned its keys.
use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use chrono::TimeDelta;
use claimant_gateway::{
    auth::{TokenRefused, Verifier, http_client},
    clock::Clock,
    config,
};
use serde_json::Value;
use url::form_urlencoded;

use super::node;

const ALGORITHMS: [&str; 4] = ["RS256", "PS256", "ES256", "EdDSA"];

/// The provider's process. It ends with this value.
struct Provider {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    fn start(directory: &PathBuf) -> Self {
        let mut process = Command::new("node")
            .arg("provider.mjs")
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node runs");
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        let mut provider = Self {
            process,
            orders,
            answers,
            issuer: String::new(),
        };
        provider.issuer = provider.answer()["issuer"].as_str().unwrap().to_owned();
        provider
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the provider answers in JSON")
    }

    /// New keys; the old ones are forgotten.
    fn turn(&mut self) {
        writeln!(self.orders, "turn").unwrap();
        assert_eq!(self.answer()["turned"], true);
    }

    async fn token(&self, algorithm: &str) -> String {
        let resource = format!("https://gateway.example/{algorithm}");
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .append_pair("scope", "claimant:read referral:read")
            .append_pair("resource", &resource)
            .finish();
        let answer = reqwest::Client::new()
            .post(format!("{}/token", self.issuer))
            .basic_auth("demo-client", Some("demo-client-secret"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        let answer: Value = answer.json().await.unwrap();
        match answer["access_token"].as_str() {
            Some(token) => token.to_owned(),
            None => panic!("no {algorithm} token: {answer}"),
        }
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // The test is over either way; a provider that is already gone is no failure.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn settings(issuer: &str, audience: &str) -> config::Auth {
    config::Auth {
        issuers: vec![config::Issuer {
            issuer: issuer.parse().unwrap(),
            audience: audience.to_owned(),
            organization_claim: "organization".to_owned(),
            region_claim: "region".to_owned(),
            organizations: None,
        }],
        ..config::Auth::default()
    }
}

#[tokio::test]
async fn tokens_of_a_real_provider_are_verified_before_and_after_it_turns_its_keys() {
    let what = "tokens of a real OpenID provider";
    let Some(directory) = node::folder("openid", "oidc-provider", what) else {
        return;
    };
    let mut provider = Provider::start(&directory);
    // The provider's clock is the machine's. Ours starts there and moves only when told to.
    let (clock, handle) = Clock::fixed(Clock::system().now() + TimeDelta::seconds(1));
    let auth = settings(&provider.issuer, "claimant-gateway");
    let client = http_client(&auth).unwrap();
    let verifier = Verifier::new(&auth, &client, clock.clone());

    let mut before = Vec::new();
    for algorithm in ALGORITHMS {
        let token = provider.token(algorithm).await;
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(format!("{:?}", header.alg), algorithm);
        let verified = verifier.verify(&token).await.unwrap();
        assert_eq!(verified.issuer, provider.issuer);
        assert_eq!(verified.subject, "demo-client");
        assert_eq!(verified.client, "demo-client");
        assert_eq!(verified.organization, "demo-agency");
        assert_eq!(verified.scopes.to_string(), "claimant:read referral:read");
        before.push(token);
    }

    let other = Verifier::new(&settings(&provider.issuer, "another-api"), &client, clock);
    assert_eq!(
        other.verify(&before[0]).await.unwrap_err(),
        TokenRefused::Audience
    );

    provider.turn();
    let after = provider.token("ES256").await;
    // The key set was fetched this very moment by our clock: an unknown key is no reason to fetch it again yet.
    assert_eq!(
        verifier.verify(&after).await.unwrap_err(),
        TokenRefused::KeyUnknown
    );
    handle.advance(TimeDelta::seconds(30));
    assert!(verifier.verify(&after).await.is_ok());
    for algorithm in ALGORITHMS {
        let token = provider.token(algorithm).await;
        assert!(verifier.verify(&token).await.is_ok(), "{algorithm}");
    }
    // Remembered or not, a token ends with the key that signed it.
    for token in &before {
        assert_eq!(
            verifier.verify(token).await.unwrap_err(),
            TokenRefused::KeyUnknown
        );
    }
}
