//! Every way in which a token can be wrong, and the few in which it is right.
use std::sync::LazyLock;

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PSS_SHA256,
    },
};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::*;
use crate::{
    auth::{key_set::KeySet, scope::Scope},
    clock::ClockHandle,
};

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "claimant-gateway";
const NOW: i64 = 1_800_000_000;

/// One key of each kind, made once: RSA keys are slow to make.
struct Keys {
    rsa: rsa::KeyPair,
    p256: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
    rsa: rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap(),
    p256: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap(),
    ed25519: Ed25519KeyPair::generate().unwrap(),
});

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa_key() -> Value {
    let public = KEYS.rsa.public_key();
    json!({
        "kty": "RSA",
        "n": encode(public.modulus().big_endian_without_leading_zero()),
        "e": encode(public.exponent().big_endian_without_leading_zero()),
    })
}

fn p256_key() -> Value {
    let point = KEYS.p256.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..]) })
}

fn ed25519_key() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(KEYS.ed25519.public_key().as_ref()) })
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object
        .as_object_mut()
        .unwrap()
        .insert(name.to_owned(), value);
    object
}

fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

/// The three keys, each under the name of its kind.
fn all_keys() -> Vec<Value> {
    vec![
        with(rsa_key(), "kid", json!("rsa")),
        with(p256_key(), "kid", json!("p256")),
        with(ed25519_key(), "kid", json!("ed25519")),
    ]
}

fn verifier(keys: &[Value]) -> (Verifier, ClockHandle) {
    verifier_of(keys, None)
}

/// The same of an issuer that may name these organizations alone.
fn verifier_of(keys: &[Value], organizations: Option<Vec<String>>) -> (Verifier, ClockHandle) {
    let (clock, handle) = Clock::fixed(DateTime::from_timestamp(NOW, 0).unwrap());
    let expected = Expected {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        organization_claim: "organization".to_owned(),
        region_claim: "region".to_owned(),
        organizations,
        most: Some(TimeDelta::hours(24)),
    };
    let set = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
    let verifier = Verifier {
        issuers: vec![Issuer::own(expected, set, clock.clone())],
        leeway: TimeDelta::seconds(30),
        remembered: Remembered::new(100),
        clock,
    };
    (verifier, handle)
}

fn claims() -> Value {
    json!({
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "worker-1",
        "exp": NOW + 600,
        "organization": "demo-agency",
        "scope": "claimant:read referral:read openid",
    })
}

fn header(algorithm: &str, key: &str) -> Value {
    json!({ "typ": "at+jwt", "alg": algorithm, "kid": key })
}

/// Signs with the key and the algorithm named here, whatever the header says.
fn token(header: &Value, claims: &Value, algorithm: &str) -> String {
    let message = format!(
        "{}.{}",
        encode(header.to_string().as_bytes()),
        encode(claims.to_string().as_bytes())
    );
    let random = SystemRandom::new();
    let bytes = message.as_bytes();
    let signature = match algorithm {
        "RS256" | "PS256" => {
            let mut signature = vec![0; KEYS.rsa.public_modulus_len()];
            let padding: &'static dyn aws_lc_rs::signature::RsaEncoding = if algorithm == "RS256" {
                &RSA_PKCS1_SHA256
            } else {
                &RSA_PSS_SHA256
            };
            KEYS.rsa
                .sign(padding, &random, bytes, &mut signature)
                .unwrap();
            signature
        }
        "ES256" => KEYS.p256.sign(&random, bytes).unwrap().as_ref().to_vec(),
        "EdDSA" => KEYS.ed25519.sign(bytes).as_ref().to_vec(),
        "none" => Vec::new(),
        other => panic!("no key for {other}"),
    };
    format!("{message}.{}", encode(&signature))
}

fn ed25519_token(claims: &Value) -> String {
    token(&header("EdDSA", "ed25519"), claims, "EdDSA")
}

async fn refusal(verifier: &Verifier, token: &str) -> TokenRefused {
    verifier
        .verify(token)
        .await
        .expect_err("a token was accepted")
}

/// What is said to a token with these claims, good in everything else.
async fn refusal_of_claims(claims: &Value) -> TokenRefused {
    refusal(&verifier(&all_keys()).0, &ed25519_token(claims)).await
}

/// What is said to a token with this header, good in everything else.
async fn refusal_of_header(header: &Value) -> TokenRefused {
    let (verifier, _) = verifier(&all_keys());
    refusal(&verifier, &token(header, &claims(), "EdDSA")).await
}

mod signature;

#[tokio::test]
async fn a_good_token_of_each_algorithm_is_accepted_and_read() {
    let (verifier, _) = verifier(&all_keys());
    for (algorithm, key) in [
        ("RS256", "rsa"),
        ("PS256", "rsa"),
        ("ES256", "p256"),
        ("EdDSA", "ed25519"),
    ] {
        let token = token(&header(algorithm, key), &claims(), algorithm);
        let verified = verifier.verify(&token).await;
        let expected = VerifiedToken {
            issuer: ISSUER.to_owned(),
            subject: "worker-1".to_owned(),
            client: "worker-1".to_owned(),
            organization: "demo-agency".to_owned(),
            scopes: [Scope::ClaimantRead, Scope::ReferralRead]
                .into_iter()
                .collect(),
            region: None,
            expires_at: DateTime::from_timestamp(NOW + 600, 0).unwrap(),
        };
        assert_eq!(verified.as_deref(), Ok(&expected), "{algorithm}");
    }
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused_before_any_key_is_looked_at() {
    for issuer in [
        json!("https://issuer.example/"),
        json!("https://other.example"),
        json!([ISSUER]),
        json!(null),
    ] {
        let refused = refusal_of_claims(&with(claims(), "iss", issuer.clone())).await;
        assert_eq!(refused, TokenRefused::Issuer, "{issuer}");
    }
    assert_eq!(
        refusal_of_claims(&without(claims(), "iss")).await,
        TokenRefused::Issuer
    );
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    for audience in [
        json!("other"),
        json!(["other", "another"]),
        json!([]),
        json!(null),
        json!({ "claimant-gateway": 1 }),
    ] {
        let refused = refusal_of_claims(&with(claims(), "aud", audience.clone())).await;
        assert_eq!(refused, TokenRefused::Audience, "{audience}");
    }
    assert_eq!(
        refusal_of_claims(&without(claims(), "aud")).await,
        TokenRefused::Audience
    );
    let (verifier, _) = verifier(&all_keys());
    let several = ed25519_token(&with(claims(), "aud", json!(["other", AUDIENCE])));
    assert!(verifier.verify(&several).await.is_ok());
}

#[tokio::test]
async fn a_token_is_good_until_the_leeway_after_its_expiry_and_no_longer() {
    let (verifier, clock) = verifier(&all_keys());
    let token = ed25519_token(&with(claims(), "exp", json!(NOW)));
    assert!(verifier.verify(&token).await.is_ok());
    clock.advance(TimeDelta::milliseconds(29_999));
    assert!(verifier.verify(&token).await.is_ok());
    clock.advance(TimeDelta::milliseconds(1));
    assert_eq!(refusal(&verifier, &token).await, TokenRefused::Expired);
    let never_seen = ed25519_token(&with(claims(), "exp", json!(NOW - 1)));
    assert_eq!(refusal(&verifier, &never_seen).await, TokenRefused::Expired);
}

#[tokio::test]
async fn an_expiry_must_be_there_and_be_a_moment() {
    assert_eq!(
        refusal_of_claims(&without(claims(), "exp")).await,
        TokenRefused::Claim("exp")
    );
    for expiry in [
        json!("tomorrow"),
        json!(null),
        json!(1e300),
        json!(i64::MAX),
        json!(u64::MAX),
        json!([NOW]),
    ] {
        let refused = refusal_of_claims(&with(claims(), "exp", expiry.clone())).await;
        assert_eq!(refused, TokenRefused::Claim("exp"), "{expiry}");
    }
    let (verifier, _) = verifier(&all_keys());
    let with_a_fraction = ed25519_token(&with(claims(), "exp", json!(1_800_000_600.5)));
    assert!(verifier.verify(&with_a_fraction).await.is_ok());
}

#[tokio::test]
async fn a_token_is_not_good_before_its_time_but_for_the_leeway() {
    let (verifier, clock) = verifier(&all_keys());
    let early = ed25519_token(&with(claims(), "nbf", json!(NOW + 31)));
    assert_eq!(refusal(&verifier, &early).await, TokenRefused::NotYetValid);
    clock.advance(TimeDelta::seconds(1));
    assert!(verifier.verify(&early).await.is_ok());
    let refused = refusal_of_claims(&with(claims(), "nbf", json!("now"))).await;
    assert_eq!(refused, TokenRefused::Claim("nbf"));
}

#[tokio::test]
async fn a_token_that_is_good_for_long_is_refused_however_old_it_is() {
    let day = 24 * 60 * 60;
    for (issued_at, expiry) in [
        (None, NOW + day + 31),
        (Some(NOW), NOW + day + 31),
        // Of its days only minutes are left.
        (Some(NOW - 30 * day), NOW + 600),
        // Said to be good from another day on.
        (Some(NOW + 30 * day), NOW + 31 * day),
    ] {
        let claims = with(claims(), "exp", json!(expiry));
        let claims = match issued_at {
            Some(at) => with(claims, "iat", json!(at)),
            None => claims,
        };
        let refused = refusal_of_claims(&claims).await;
        assert_eq!(refused, TokenRefused::LivesTooLong, "{claims}");
    }
    let (verifier, _) = verifier(&all_keys());
    let whole_day = with(with(claims(), "iat", json!(NOW)), "exp", json!(NOW + day));
    assert!(verifier.verify(&ed25519_token(&whole_day)).await.is_ok());
}

#[tokio::test]
async fn an_issuer_names_the_organizations_that_it_may_and_no_other() {
    let (bound, _) = verifier_of(&all_keys(), Some(vec!["demo-agency".to_owned()]));
    assert!(bound.verify(&ed25519_token(&claims())).await.is_ok());
    for other in ["demo-provider", "demo-agency ", "Demo-Agency"] {
        let token = ed25519_token(&with(claims(), "organization", json!(other)));
        assert_eq!(
            refusal(&bound, &token).await,
            TokenRefused::OrganizationForeign,
            "{other}"
        );
    }
}

#[tokio::test]
async fn a_token_bound_to_a_key_is_refused_from_a_bearer() {
    let bound = with(claims(), "cnf", json!({ "jkt": "thumbprint" }));
    assert_eq!(refusal_of_claims(&bound).await, TokenRefused::Bound);
}

#[tokio::test]
async fn who_acts_for_whom_must_be_said() {
    for claim in ["sub", "organization"] {
        for wrong in [json!(""), json!(7), json!(null), json!(["demo-agency"])] {
            let refused = refusal_of_claims(&with(claims(), claim, wrong)).await;
            assert_eq!(refused, TokenRefused::Claim(claim));
        }
        assert_eq!(
            refusal_of_claims(&without(claims(), claim)).await,
            TokenRefused::Claim(claim)
        );
    }
    let refused = refusal_of_claims(&with(claims(), "region", json!(["demo-region"]))).await;
    assert_eq!(refused, TokenRefused::Claim("region"));
}

#[tokio::test]
async fn scopes_client_and_region_are_read_in_the_ways_that_issuers_write_them() {
    let (verifier, _) = verifier(&all_keys());
    let scopes = [
        (
            with(claims(), "scope", json!(["claimant:read", "referral:read"])),
            "claimant:read referral:read",
        ),
        (
            with(without(claims(), "scope"), "scp", json!("report:read")),
            "report:read",
        ),
        (
            with(
                without(claims(), "scope"),
                "scp",
                json!(["report:read", "x"]),
            ),
            "report:read",
        ),
        (
            with(claims(), "scp", json!("report:read")),
            "claimant:read referral:read",
        ),
        (without(claims(), "scope"), ""),
    ];
    for (claims, expected) in scopes {
        let verified = verifier.verify(&ed25519_token(&claims)).await.unwrap();
        assert_eq!(verified.scopes.to_string(), expected);
    }
    let clients = [
        (with(claims(), "client_id", json!("client")), "client"),
        (
            with(
                with(claims(), "client_id", json!("client")),
                "azp",
                json!("party"),
            ),
            "party",
        ),
    ];
    for (claims, expected) in clients {
        let verified = verifier.verify(&ed25519_token(&claims)).await.unwrap();
        assert_eq!(verified.client, expected);
    }
    let regional = ed25519_token(&with(claims(), "region", json!("demo-region")));
    let verified = verifier.verify(&regional).await.unwrap();
    assert_eq!(verified.region.as_deref(), Some("demo-region"));
}
