//! Who may see what, in small.
use sea_orm::prelude::Uuid;

use super::*;

fn at(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(day)
}

fn party(number: u128, kind: OrganizationKind) -> Recipient {
    Recipient {
        organization: OrganizationId(Uuid::from_u128(number)),
        kind,
    }
}

fn agency() -> Recipient {
    party(1, OrganizationKind::SettlementAgency)
}

fn provider() -> Recipient {
    party(2, OrganizationKind::EmploymentService)
}

fn consent(given: i64) -> Consent {
    Consent {
        id: ConsentId(Uuid::from_u128(given.unsigned_abs().into())),
        purposes: vec![NeedCategory::Employment],
        groups: vec![FieldGroup::Identity],
        organizations: vec![provider().organization],
        kinds: vec![],
        any_party: false,
        refused: false,
        withdrawn: false,
        given_at: at(given),
        expires_at: None,
    }
}

fn referral(status: ReferralStatus) -> Referral {
    Referral {
        id: ReferralId(Uuid::from_u128(9)),
        category: NeedCategory::Employment,
        status,
        source: agency(),
        owner: Some(provider()),
        owner_access: true,
        also_for: false,
        opened_at: at(5),
        closed_at: None,
    }
}

fn wishes(consents: &[Consent]) -> Wishes {
    Wishes {
        consents: consents.to_vec(),
        excluded: Vec::new(),
    }
}

fn groups(referral: &Referral, consents: &[Consent]) -> Vec<AccessGroup> {
    grants(
        ClaimantId(Uuid::from_u128(7)),
        agency().organization,
        std::slice::from_ref(referral),
        &wishes(consents),
        TimeDelta::days(90),
    )
    .into_iter()
    .map(|grant| grant.group)
    .collect()
}

#[test]
fn before_acceptance_a_party_sees_no_sealed_group() {
    assert_eq!(
        groups(&referral(ReferralStatus::Requested), &[consent(1)]),
        [AccessGroup::Presence, AccessGroup::LanguageLevels]
    );
}

#[test]
fn after_acceptance_consent_opens_the_groups_it_names() {
    assert_eq!(
        groups(&referral(ReferralStatus::Accepted), &[consent(1)]),
        [
            AccessGroup::Presence,
            AccessGroup::OpenPart,
            AccessGroup::Needs,
            AccessGroup::Identity
        ]
    );
}

#[test]
fn a_draft_or_a_declined_referral_opens_nothing() {
    for status in [
        ReferralStatus::Draft,
        ReferralStatus::Rejected,
        ReferralStatus::Cancelled,
        ReferralStatus::EnteredInError,
    ] {
        assert_eq!(groups(&referral(status), &[consent(1)]), []);
    }
}

#[test]
fn a_withdrawn_consent_and_a_later_refusal_open_nothing_sealed() {
    let withdrawn = Consent {
        withdrawn: true,
        ..consent(1)
    };
    let refusal = Consent {
        refused: true,
        ..consent(2)
    };
    let accepted = referral(ReferralStatus::Accepted);
    let unsealed = [AccessGroup::Presence, AccessGroup::OpenPart];
    assert_eq!(groups(&accepted, &[withdrawn]), unsealed);
    assert_eq!(groups(&accepted, &[consent(1), refusal.clone()]), unsealed);
    assert_eq!(
        wishes(&[refusal, consent(3)]).consent_for(provider(), NeedCategory::Employment, at(4)),
        Access::Granted
    );
}

#[test]
fn of_whom_a_referral_is_for_also_nothing_is_open_without_own_consent() {
    for status in [ReferralStatus::Requested, ReferralStatus::Accepted] {
        let referral = Referral {
            also_for: true,
            ..referral(status)
        };
        assert_eq!(groups(&referral, &[]), []);
        let open = grants(
            ClaimantId(Uuid::from_u128(7)),
            agency().organization,
            std::slice::from_ref(&referral),
            &wishes(&[Consent {
                expires_at: Some(at(20)),
                ..consent(1)
            }]),
            TimeDelta::days(90),
        );
        let presence = open
            .iter()
            .find(|grant| grant.group == AccessGroup::Presence);
        let presence = presence.expect("the person is known by consent");
        assert_eq!(presence.consent, Some(consent(1).id));
        assert_eq!((presence.opens_at, presence.closes_at), (at(5), at(20)));
    }
}

#[test]
fn access_after_completion_ends_by_the_clock() {
    let completed = Referral {
        closed_at: Some(at(10)),
        ..referral(ReferralStatus::Completed)
    };
    let all = grants(
        ClaimantId(Uuid::from_u128(7)),
        agency().organization,
        &[completed],
        &wishes(&[Consent {
            expires_at: Some(at(20)),
            ..consent(1)
        }]),
        TimeDelta::days(90),
    );
    for grant in all {
        let end = if grant.consent.is_some() { 20 } else { 100 };
        assert_eq!(grant.closes_at, at(end), "{:?}", grant.group);
    }
}

#[test]
fn an_expired_consent_is_told_apart_from_none() {
    let expired = Consent {
        expires_at: Some(at(3)),
        ..consent(1)
    };
    let access = |consents: &[Consent]| {
        wishes(consents).consent_for(provider(), NeedCategory::Employment, at(4))
    };
    assert_eq!(access(&[expired]), Access::ConsentExpired);
    assert_eq!(access(&[]), Access::ConsentRequired);
    assert_eq!(access(&[consent(1)]), Access::Granted);
}

#[test]
fn an_exclusion_beats_every_consent() {
    let excluding = Wishes {
        consents: vec![consent(1)],
        excluded: vec![provider().organization],
    };
    let needed = NeedCategory::Employment;
    let asked = |wishes: &Wishes| wishes.consent_for(provider(), needed, at(6));
    assert_eq!(asked(&wishes(&[consent(1)])), Access::Granted);
    assert_eq!(asked(&excluding), asked(&wishes(&[])));
    assert_eq!(
        excluding.consent_for_open(needed, at(6)),
        Access::ConsentRequired,
        "nobody is named that may know"
    );
    let all = grants(
        ClaimantId(Uuid::from_u128(7)),
        agency().organization,
        &[referral(ReferralStatus::Accepted)],
        &excluding,
        TimeDelta::days(90),
    );
    assert_eq!(all, []);
}

#[test]
fn each_field_group_opens_to_whom_the_table_says() {
    let everything = Consent {
        groups: FieldGroup::ALL.to_vec(),
        ..consent(1)
    };
    assert_eq!(
        groups(
            &referral(ReferralStatus::Requested),
            std::slice::from_ref(&everything)
        ),
        [
            AccessGroup::Presence,
            AccessGroup::WorkAuthorizationState,
            AccessGroup::LanguageLevels,
        ]
    );
    let accepted = [
        AccessGroup::Presence,
        AccessGroup::OpenPart,
        AccessGroup::Needs,
        AccessGroup::Identity,
        AccessGroup::Contact,
        AccessGroup::WorkAuthorization,
        AccessGroup::Qualifications,
    ];
    let at_provider = referral(ReferralStatus::Accepted);
    assert_eq!(
        groups(&at_provider, std::slice::from_ref(&everything)),
        accepted
    );
    let other_agency = party(2, OrganizationKind::SettlementAgency);
    let at_agency = Referral {
        owner: Some(other_agency),
        ..at_provider
    };
    let mut with_status = accepted.to_vec();
    with_status.push(AccessGroup::ClaimStatus);
    with_status.sort_unstable();
    assert_eq!(groups(&at_agency, &[everything]), with_status);
}

#[test]
fn a_guardians_word_ends_on_the_earliest_birthday_that_the_date_may_mean() {
    let born = |month, day| NaiveDate::from_ymd_opt(2010, month, day).expect("a date");
    for (date, precision, ends) in [
        (born(7, 20), DatePrecision::Day, "2026-07-20T04:00:00Z"),
        (born(7, 20), DatePrecision::Month, "2026-07-01T04:00:00Z"),
        (born(7, 20), DatePrecision::Year, "2026-01-01T05:00:00Z"),
    ] {
        let ends: DateTime<Utc> = ends.parse().expect("a time");
        assert_eq!(own_consent_from(date, precision, 16), Some(ends));
    }
}
