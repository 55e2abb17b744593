//! What is wrong with the form, the algorithm, the key or the signature of a token.
use super::*;

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    let (verifier, _) = verifier(&all_keys());
    for algorithm in ["none", "None", "NONE"] {
        let token = token(&header(algorithm, "rsa"), &claims(), "none");
        assert_eq!(refusal(&verifier, &token).await, TokenRefused::Algorithm);
    }
}

#[tokio::test]
async fn a_token_signed_with_a_public_key_as_shared_secret_is_refused() {
    let (verifier, _) = verifier(&all_keys());
    let message = format!(
        "{}.{}",
        encode(header("HS256", "ed25519").to_string().as_bytes()),
        encode(claims().to_string().as_bytes())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEYS.ed25519.public_key().as_ref());
    let signature = hmac::sign(&key, message.as_bytes());
    let token = format!("{message}.{}", encode(signature.as_ref()));
    assert_eq!(refusal(&verifier, &token).await, TokenRefused::Algorithm);
}

#[tokio::test]
async fn no_algorithm_is_accepted_but_the_four() {
    for algorithm in [
        "RS384", "RS512", "PS384", "PS512", "ES384", "ES512", "HS384", "HS512", "Ed25519", "eddsa",
        "",
    ] {
        let refused = refusal_of_header(&header(algorithm, "ed25519")).await;
        assert_eq!(refused, TokenRefused::Algorithm, "{algorithm}");
    }
    let refused = refusal_of_header(&without(header("EdDSA", "ed25519"), "alg")).await;
    assert_eq!(refused, TokenRefused::Algorithm);
}

#[tokio::test]
async fn a_key_serves_no_algorithm_but_the_one_it_is_meant_for() {
    let unfit = [
        // The same RSA key, with a good signature in the other padding.
        (with(rsa_key(), "alg", json!("RS256")), "PS256"),
        (with(rsa_key(), "alg", json!("PS256")), "RS256"),
        (with(rsa_key(), "alg", json!("RSA-OAEP")), "RS256"),
        (p256_key(), "RS256"),
        (rsa_key(), "ES256"),
        (ed25519_key(), "ES256"),
        (p256_key(), "EdDSA"),
    ];
    for (key, algorithm) in unfit {
        let (verifier, _) = verifier(&[with(key.clone(), "kid", json!("key"))]);
        let token = token(&header(algorithm, "key"), &claims(), algorithm);
        assert_eq!(
            refusal(&verifier, &token).await,
            TokenRefused::KeyUnfit,
            "{algorithm} with {key}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_not_for_signatures_or_of_an_unknown_kind_is_no_key_and_spoils_no_other() {
    let not_for_signatures = [
        with(rsa_key(), "use", json!("enc")),
        with(rsa_key(), "key_ops", json!(["encrypt"])),
        json!({ "kty": "oct", "k": encode(b"a secret that is shared") }),
        json!({ "kty": "EC", "crv": "P-384", "x": "AA", "y": "AA" }),
        json!({ "kty": "AKP", "pub": "AA" }),
        json!("no key at all"),
    ];
    for key in not_for_signatures {
        let named = if key.is_object() {
            with(key, "kid", json!("rsa"))
        } else {
            key
        };
        let (alone, _) = verifier(std::slice::from_ref(&named));
        let token = token(&header("RS256", "rsa"), &claims(), "RS256");
        assert_eq!(
            refusal(&alone, &token).await,
            TokenRefused::KeyUnknown,
            "{named}"
        );
        let (beside, _) = verifier(&[named, with(rsa_key(), "kid", json!("rsa"))]);
        assert!(beside.verify(&token).await.is_ok());
    }
}

#[tokio::test]
async fn a_key_that_is_not_published_is_refused() {
    let refused = refusal_of_header(&header("EdDSA", "another")).await;
    assert_eq!(refused, TokenRefused::KeyUnknown);
    let refused = refusal_of_header(&with(header("EdDSA", "ed25519"), "kid", json!(7))).await;
    assert_eq!(refused, TokenRefused::Malformed);
}

#[tokio::test]
async fn without_a_key_id_only_the_one_key_that_fits_will_do() {
    let unnamed = without(header("EdDSA", ""), "kid");
    let token = token(&unnamed, &claims(), "EdDSA");
    let (one_of_each, _) = verifier(&all_keys());
    assert!(one_of_each.verify(&token).await.is_ok());
    let mut keys = all_keys();
    keys.push(with(ed25519_key(), "kid", json!("second")));
    let (two, _) = verifier(&keys);
    assert_eq!(refusal(&two, &token).await, TokenRefused::KeyAmbiguous);
    let (none, _) = verifier(&[rsa_key()]);
    assert_eq!(refusal(&none, &token).await, TokenRefused::KeyUnfit);
}

#[tokio::test]
async fn a_token_that_is_too_long_is_refused() {
    let (verifier, _) = verifier(&all_keys());
    let long = ed25519_token(&with(claims(), "padding", json!("x".repeat(8 * 1024))));
    assert_eq!(refusal(&verifier, &long).await, TokenRefused::TooLong);
}

#[tokio::test]
async fn critical_headers_are_refused_whatever_they_hold() {
    for critical in [json!(["exp"]), json!(["b64"]), json!([]), json!(null)] {
        let refused = refusal_of_header(&with(header("EdDSA", "ed25519"), "crit", critical)).await;
        assert_eq!(refused, TokenRefused::CriticalHeader);
    }
}

#[tokio::test]
async fn a_token_of_another_kind_is_refused() {
    for kind in [
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!(""),
        json!(null),
    ] {
        let refused =
            refusal_of_header(&with(header("EdDSA", "ed25519"), "typ", kind.clone())).await;
        assert_eq!(refused, TokenRefused::Kind, "{kind}");
    }
    let (verifier, _) = verifier(&all_keys());
    for kind in ["JWT", "jwt", "application/at+JWT"] {
        let header = with(header("EdDSA", "ed25519"), "typ", json!(kind));
        assert!(
            verifier
                .verify(&token(&header, &claims(), "EdDSA"))
                .await
                .is_ok(),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn a_token_that_was_changed_is_refused() {
    let (verifier, _) = verifier(&all_keys());
    let good = ed25519_token(&claims());
    let other = ed25519_token(&with(claims(), "organization", json!("demo-ministry")));
    let (message, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = good.rsplit_once('.').unwrap();
    assert!(verifier.verify(&good).await.is_ok());
    assert!(verifier.verify(&other).await.is_ok());
    for changed in [
        format!("{message}.{signature}"),
        format!("{message}."),
        format!("{message}.{}", encode(&[0; 64])),
    ] {
        assert_eq!(refusal(&verifier, &changed).await, TokenRefused::Signature);
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let (verifier, _) = verifier(&all_keys());
    let good = ed25519_token(&claims());
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "e30.e30",
        &format!("{good}."),
        &format!("{good}="),
        "bm9wZQ.e30.",
        "W10.W10.",
    ] {
        let refused = refusal(&verifier, text).await;
        assert!(
            matches!(
                refused,
                TokenRefused::Malformed | TokenRefused::Algorithm | TokenRefused::Signature
            ),
            "{text}: {refused}"
        );
    }
}
