//! From headers to the caller, against a directory of demo organizations.
use axum::http::HeaderValue;
use chrono::TimeDelta;
use entity::{OrganizationId, RegionId};
use sea_orm::prelude::Uuid;

use super::{
    demo::{DemoIssuer, TokenRequest},
    *,
};
use crate::{clock::Clock, config};

const NORTH: RegionId = RegionId(Uuid::from_u128(1));
const SOUTH: RegionId = RegionId(Uuid::from_u128(2));

/// Organizations by their codes: what a store would find.
struct Directory;

impl Directory {
    fn organization(code: &str) -> Option<CallerOrganization> {
        let (kind, active, region) = match code {
            "demo-agency" => (OrganizationKind::SettlementAgency, true, Some(NORTH)),
            "demo-provider" => (OrganizationKind::Housing, true, None),
            "demo-ministry" => (OrganizationKind::Ministry, true, None),
            "demo-ministry-north" => (OrganizationKind::Ministry, true, Some(NORTH)),
            "demo-closed" => (OrganizationKind::SettlementAgency, false, None),
            _ => return None,
        };
        Some(CallerOrganization {
            id: OrganizationId(Uuid::from_u128(7)),
            kind,
            active,
            region,
        })
    }
}

impl OrganizationDirectory for Directory {
    fn organization_by_code<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<CallerOrganization>, DirectoryError>> {
        Box::pin(async move {
            if code == "demo-unreachable" {
                return Err("no answer".into());
            }
            Ok(Self::organization(code))
        })
    }

    fn region_by_code<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<RegionId>, DirectoryError>> {
        Box::pin(async move {
            Ok(match code {
                "demo-north" => Some(NORTH),
                "demo-south" => Some(SOUTH),
                _ => None,
            })
        })
    }
}

struct House {
    demo: DemoIssuer,
    authenticator: Authenticator,
}

impl House {
    fn new() -> Self {
        let demo = DemoIssuer::for_listen(([127, 0, 0, 1], 0).into()).unwrap();
        let settings = config::Auth::default();
        let verifier = Verifier::new(&settings, &reqwest::Client::new(), Clock::system());
        let verifier = Arc::new(verifier.with_demo(&demo));
        Self {
            demo,
            authenticator: Authenticator::new(verifier, Arc::new(Directory)),
        }
    }

    fn token(&self, organization: &str, region: Option<&str>) -> String {
        let request = TokenRequest {
            organization: organization.to_owned(),
            scopes: Scope::ALL.iter().copied().collect(),
            subject: "demo-worker".to_owned(),
            region: region.map(str::to_owned),
            lifetime: TimeDelta::hours(1),
        };
        self.demo.mint(&request, Clock::system().now()).unwrap()
    }

    async fn ask(
        &self,
        organization: &str,
        region: Option<&str>,
    ) -> Result<Authenticated, AuthenticationError> {
        let token = self.token(organization, region);
        self.authenticator
            .authenticate_token(&token, None, Language::Fr)
            .await
    }

    async fn ask_with(&self, headers: &HeaderMap) -> Result<Authenticated, AuthenticationError> {
        self.authenticator.authenticate(headers, Language::En).await
    }
}

#[tokio::test]
async fn an_agency_is_let_in_with_the_scopes_that_its_role_may_use() {
    let house = House::new();
    let caller = house.ask("demo-agency", None).await.unwrap().caller;
    assert_eq!(caller.viewer.role(), Role::SettlementAgency);
    assert_eq!(caller.language, Language::Fr);
    assert_eq!(caller.client, caller.subject);
    assert!(caller.scopes.contains(Scope::ClaimantWrite));
    assert!(!caller.scopes.contains(Scope::ReferralOversight));
    assert!(!caller.scopes.contains(Scope::NoticeWrite));
}

#[tokio::test]
async fn the_ministry_gets_no_scope_over_claimants_whatever_its_token_says() {
    let house = House::new();
    let caller = house.ask("demo-ministry", None).await.unwrap().caller;
    assert!(!caller.scopes.contains(Scope::ClaimantRead));
    assert!(!caller.scopes.contains(Scope::ReferralRead));
    let Viewer::Ministry {
        region, oversight, ..
    } = caller.viewer
    else {
        panic!("not the ministry: {:?}", caller.viewer);
    };
    assert_eq!((region, oversight), (None, true));
}

#[tokio::test]
async fn a_provider_keeps_the_kind_of_its_organization() {
    let house = House::new();
    let caller = house.ask("demo-provider", None).await.unwrap().caller;
    assert_eq!(caller.viewer.role(), Role::Provider);
    assert_eq!(caller.viewer.kind(), OrganizationKind::Housing);
}

#[tokio::test]
async fn a_token_binds_ministry_staff_to_a_region_but_not_to_another_than_their_organizations_own()
{
    let house = House::new();
    let bound = [
        ("demo-ministry", Some("demo-south"), Some(SOUTH)),
        ("demo-ministry-north", None, Some(NORTH)),
        ("demo-ministry-north", Some("demo-north"), Some(NORTH)),
    ];
    for (organization, region, expected) in bound {
        let caller = house.ask(organization, region).await.unwrap().caller;
        let Viewer::Ministry { region: found, .. } = caller.viewer else {
            panic!("not the ministry: {:?}", caller.viewer);
        };
        assert_eq!(found, expected, "{organization} {region:?}");
    }
    for (organization, region) in [
        ("demo-ministry", "demo-nowhere"),
        ("demo-ministry-north", "demo-south"),
    ] {
        let refused = house.ask(organization, Some(region)).await.unwrap_err();
        assert!(
            matches!(refused, AuthenticationError::Refused(TokenRefused::Region)),
            "{organization} {region}: {refused}"
        );
    }
}

#[tokio::test]
async fn an_unknown_and_a_disabled_organization_are_refused_like_a_bad_token() {
    let house = House::new();
    let bad_token = house
        .authenticator
        .authenticate_token("no token", None, Language::En)
        .await
        .unwrap_err();
    for organization in ["demo-unknown", "demo-closed"] {
        let refused = house.ask(organization, None).await.unwrap_err();
        assert!(
            matches!(refused, AuthenticationError::Refused(_)),
            "{refused}"
        );
        assert_eq!(refused.challenge(), bad_token.challenge());
    }
}

#[tokio::test]
async fn a_directory_that_gives_no_answer_is_not_the_tokens_fault() {
    let house = House::new();
    let failed = house.ask("demo-unreachable", None).await.unwrap_err();
    assert!(matches!(failed, AuthenticationError::Directory(_)));
    assert_eq!(failed.challenge(), None);
}

#[tokio::test]
async fn the_bearer_is_found_in_the_only_authorization_header() {
    let house = House::new();
    let token = house.token("demo-agency", None);
    let header = |text: String| HeaderValue::from_str(&text).unwrap();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, header(format!("{scheme} {token}")))]);
        assert!(house.ask_with(&headers).await.is_ok(), "{scheme}");
    }
    let missing = [
        HeaderMap::new(),
        HeaderMap::from_iter([(AUTHORIZATION, header(format!("Basic {token}")))]),
        HeaderMap::from_iter([(AUTHORIZATION, header("Bearer".to_owned()))]),
    ];
    for headers in missing {
        let refused = house.ask_with(&headers).await.unwrap_err();
        assert!(matches!(refused, AuthenticationError::Missing), "{refused}");
        assert_eq!(
            refused.challenge(),
            Some(r#"Bearer realm="claimant-gateway""#)
        );
    }
    let mut twice = HeaderMap::new();
    twice.append(AUTHORIZATION, header(format!("Bearer {token}")));
    twice.append(AUTHORIZATION, header(format!("Bearer {token}")));
    let refused = house.ask_with(&twice).await.unwrap_err();
    assert!(matches!(
        refused,
        AuthenticationError::Refused(TokenRefused::Malformed)
    ));
}

#[tokio::test]
async fn a_machine_client_may_name_the_worker_for_whom_it_acts() {
    let house = House::new();
    let token = house.token("demo-agency", None);
    let headers = |acting_subject: &[u8]| {
        HeaderMap::from_iter([
            (
                AUTHORIZATION,
                HeaderValue::from_str(&format!("Bearer {token}")).unwrap(),
            ),
            (
                ACTING_SUBJECT,
                HeaderValue::from_bytes(acting_subject).unwrap(),
            ),
        ])
    };
    let caller = house
        .ask_with(&headers(b"worker 12/b"))
        .await
        .unwrap()
        .caller;
    assert_eq!(caller.acting_subject.as_deref(), Some("worker 12/b"));
    assert!(house.ask_with(&headers(&[b'x'; 200])).await.is_ok());
    for wrong in [&[b'x'; 201][..], b"", b"a\tb", "émigré".as_bytes(), b"\xff"] {
        let refused = house.ask_with(&headers(wrong)).await.unwrap_err();
        assert!(
            matches!(refused, AuthenticationError::ActingSubject),
            "{wrong:?}"
        );
    }
    let mut twice = headers(b"one");
    twice.append(ACTING_SUBJECT, HeaderValue::from_static("two"));
    assert!(house.ask_with(&twice).await.is_err());
}

#[test]
fn why_a_token_is_refused_is_not_told_to_who_sent_it() {
    let all = [
        TokenRefused::Expired,
        TokenRefused::Issuer,
        TokenRefused::OrganizationUnknown,
        TokenRefused::Signature,
    ];
    for refused in all {
        let challenge = AuthenticationError::from(refused).challenge();
        assert_eq!(
            challenge,
            Some(r#"Bearer realm="claimant-gateway", error="invalid_token""#)
        );
    }
}
