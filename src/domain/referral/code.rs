//! Which codes go with which action and status of a referral, and what they mean for it. What a person might sensibly
//! say is allowed; only nonsense and what the system alone may say is not.
use entity::{
    DecidedBy, NeedStatus, OutcomeKind, ReferralAction, ReferralStatus, ReferralStatusReason,
    ReferralSubStatus,
};

use super::{Action, Relation};

use ReferralStatusReason as Reason;

/// What a person may give as the reason for an ending: everything but what the system alone may say.
const ANY_REASON: &[Reason] = &[
    Reason::AtCapacity,
    Reason::NotEligible,
    Reason::OutOfArea,
    Reason::LanguageUnavailable,
    Reason::MissingDocument,
    Reason::NoWorkAuthorization,
    Reason::Duplicate,
    Reason::WrongService,
    Reason::CannotContact,
    Reason::ClaimantDeclined,
    Reason::ClaimantMoved,
    Reason::ReferredElsewhere,
    Reason::ProviderClosed,
    Reason::Other,
];

/// Another service takes over: a duplicate would be cancelled instead.
const REROUTE_REASONS: &[Reason] = &[
    Reason::AtCapacity,
    Reason::NotEligible,
    Reason::OutOfArea,
    Reason::LanguageUnavailable,
    Reason::MissingDocument,
    Reason::NoWorkAuthorization,
    Reason::WrongService,
    Reason::CannotContact,
    Reason::ClaimantDeclined,
    Reason::ClaimantMoved,
    Reason::ReferredElsewhere,
    Reason::ProviderClosed,
    Reason::Other,
];

/// What may pass with time: who is in the wrong place, or there twice, has nothing to wait for.
const HOLD_REASONS: &[Reason] = &[
    Reason::AtCapacity,
    Reason::NotEligible,
    Reason::LanguageUnavailable,
    Reason::MissingDocument,
    Reason::NoWorkAuthorization,
    Reason::CannotContact,
    Reason::ClaimantDeclined,
    Reason::ClaimantMoved,
    Reason::ReferredElsewhere,
    Reason::ProviderClosed,
    Reason::Other,
];

/// The referral should never have been: what only its recipient can lack does not make it a mistake.
const VOID_REASONS: &[Reason] = &[
    Reason::NotEligible,
    Reason::OutOfArea,
    Reason::MissingDocument,
    Reason::NoWorkAuthorization,
    Reason::Duplicate,
    Reason::WrongService,
    Reason::ClaimantDeclined,
    Reason::ClaimantMoved,
    Reason::ReferredElsewhere,
    Reason::ProviderClosed,
    Reason::Other,
];

/// The reasons that go with an action; none where the action takes none.
pub const fn allowed_reasons(action: Action) -> &'static [Reason] {
    use ReferralAction as Api;
    match action {
        // A completed referral needs no reason, and may have one: its input is that of a failed one.
        Action::Api(Api::Decline | Api::Cancel | Api::Fail | Api::Complete) => ANY_REASON,
        Action::Api(Api::Reroute) => REROUTE_REASONS,
        Action::Api(Api::Hold) => HOLD_REASONS,
        Action::Api(Api::Void) => VOID_REASONS,
        Action::Expire => &[Reason::ReferralExpired],
        Action::Withdraw => &[Reason::ConsentWithdrawn],
        Action::Close => &[Reason::ProviderClosed],
        Action::Create
        | Action::Discard
        | Action::Api(
            Api::Update
            | Api::LinkClaimant
            | Api::SetPriority
            | Api::Assign
            | Api::Send
            | Api::Claim
            | Api::Accept
            | Api::Start
            | Api::Resume
            | Api::Resubmit
            | Api::Split
            | Api::SetSubStatus
            | Api::RecordOutcome,
        ) => &[],
    }
}

/// Whether an action is refused without a reason.
pub const fn needs_reason(action: Action) -> bool {
    !allowed_reasons(action).is_empty() && !matches!(action, Action::Api(ReferralAction::Complete))
}

/// What a referral in this status may be said to wait for. A draft waits for its source alone, a closed one for nothing.
pub const fn allowed_sub_statuses(status: ReferralStatus) -> &'static [ReferralSubStatus] {
    match status {
        // Before acceptance nobody attends or begins anything.
        ReferralStatus::Requested => &[
            ReferralSubStatus::AwaitingReview,
            ReferralSubStatus::NeedsInformation,
            ReferralSubStatus::NeedsClaimantAction,
            ReferralSubStatus::ContactAttempted,
            ReferralSubStatus::AppointmentOffered,
            ReferralSubStatus::AppointmentConfirmed,
            ReferralSubStatus::Waitlisted,
            ReferralSubStatus::AssessmentBooked,
        ],
        ReferralStatus::Accepted | ReferralStatus::InProgress | ReferralStatus::OnHold => {
            ReferralSubStatus::ALL
        }
        ReferralStatus::Draft
        | ReferralStatus::Rejected
        | ReferralStatus::Completed
        | ReferralStatus::Failed
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => &[],
    }
}

/// Whether an outcome says that the need is still there.
pub const fn is_unresolved(kind: OutcomeKind) -> bool {
    match kind {
        OutcomeKind::UnresolvedCapacity
        | OutcomeKind::UnresolvedEligibility
        | OutcomeKind::UnresolvedContact
        | OutcomeKind::UnresolvedOther => true,
        OutcomeKind::EmployedFullTime
        | OutcomeKind::EmployedPartTime
        | OutcomeKind::TrainingEnrolled
        | OutcomeKind::LanguageEnrolled
        | OutcomeKind::CredentialStarted
        | OutcomeKind::CredentialRecognized
        | OutcomeKind::EmployerConnected
        | OutcomeKind::Housed
        | OutcomeKind::HealthConnected
        | OutcomeKind::InformationOnly => false,
    }
}

/// Whether these outcomes are enough for an action: to complete takes one, to fail an unresolved one.
pub fn outcomes_suffice(action: ReferralAction, outcomes: &[OutcomeKind]) -> bool {
    match action {
        ReferralAction::Complete | ReferralAction::RecordOutcome => !outcomes.is_empty(),
        ReferralAction::Fail => outcomes.iter().any(|kind| is_unresolved(*kind)),
        ReferralAction::Update
        | ReferralAction::LinkClaimant
        | ReferralAction::SetPriority
        | ReferralAction::Assign
        | ReferralAction::Send
        | ReferralAction::Claim
        | ReferralAction::Reroute
        | ReferralAction::Accept
        | ReferralAction::Decline
        | ReferralAction::Cancel
        | ReferralAction::Start
        | ReferralAction::Hold
        | ReferralAction::Resume
        | ReferralAction::Void
        | ReferralAction::Resubmit
        | ReferralAction::Split
        | ReferralAction::SetSubStatus => true,
    }
}

/// Where the need of a referral stands once the referral is in this status, as far as this referral is concerned: another
/// one for the same need may still be under way. None where a draft says nothing about it. Only a successful outcome of
/// a completed referral meets a need; any other ending opens it again.
pub fn need_after(status: ReferralStatus, outcomes: &[OutcomeKind]) -> Option<NeedStatus> {
    match status {
        ReferralStatus::Draft => None,
        ReferralStatus::Requested
        | ReferralStatus::Accepted
        | ReferralStatus::InProgress
        | ReferralStatus::OnHold => Some(NeedStatus::Referred),
        ReferralStatus::Completed if outcomes.iter().any(|kind| !is_unresolved(*kind)) => {
            Some(NeedStatus::Met)
        }
        ReferralStatus::Completed
        | ReferralStatus::Rejected
        | ReferralStatus::Failed
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => Some(NeedStatus::Open),
    }
}

/// Who decided that a referral ends, pauses or goes elsewhere, where the caller does not say so; none where nothing of the
/// kind is decided.
///
/// A withdrawal counts as the system's: that the claimant withdrew is a fact about the claimant.
pub const fn default_decided_by(
    action: Action,
    by: Relation,
    reason: Option<Reason>,
) -> Option<DecidedBy> {
    if matches!(action, Action::Expire | Action::Withdraw | Action::Close) {
        return Some(DecidedBy::System);
    }
    if allowed_reasons(action).is_empty() {
        return None;
    }
    if matches!(
        reason,
        Some(Reason::ClaimantDeclined | Reason::ClaimantMoved)
    ) {
        return Some(DecidedBy::Claimant);
    }
    match by {
        Relation::Source | Relation::Registering => Some(DecidedBy::Source),
        Relation::Owner | Relation::EligibleProvider => Some(DecidedBy::Provider),
        Relation::System => Some(DecidedBy::System),
        // DecidedBy knows no ministry: what it asks for, the source decides.
        Relation::Ministry | Relation::None => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use entity::ReferralAction as Do;

    use super::{
        super::{Facts, next},
        *,
    };

    #[test]
    fn only_the_system_says_that_a_referral_expired_or_consent_was_withdrawn() {
        for action in Do::ALL {
            let reasons = allowed_reasons((*action).into());
            assert!(!reasons.contains(&Reason::ReferralExpired), "{action}");
            assert!(!reasons.contains(&Reason::ConsentWithdrawn), "{action}");
        }
        assert_eq!(allowed_reasons(Action::Expire), [Reason::ReferralExpired]);
        assert_eq!(
            allowed_reasons(Action::Withdraw),
            [Reason::ConsentWithdrawn]
        );
    }

    #[test]
    fn whatever_needs_a_reason_takes_other_and_lists_each_once() {
        let needing: Vec<_> = Do::ALL
            .iter()
            .filter(|action| needs_reason((**action).into()))
            .collect();
        assert_eq!(
            needing,
            [
                &Do::Reroute,
                &Do::Decline,
                &Do::Cancel,
                &Do::Hold,
                &Do::Fail,
                &Do::Void
            ]
        );
        for action in needing {
            let reasons = allowed_reasons((*action).into());
            assert!(reasons.contains(&Reason::Other), "{action}");
            assert_eq!(
                reasons.iter().collect::<BTreeSet<_>>().len(),
                reasons.len(),
                "{action}"
            );
        }
        assert!(
            !needs_reason(Do::Complete.into())
                && allowed_reasons(Do::Complete.into()).contains(&Reason::Other)
        );
    }

    #[test]
    fn a_waitlisted_referral_is_held_for_capacity() {
        assert!(allowed_reasons(Do::Hold.into()).contains(&Reason::AtCapacity));
        assert!(
            allowed_sub_statuses(ReferralStatus::OnHold).contains(&ReferralSubStatus::Waitlisted)
        );
        assert!(
            !allowed_reasons(Do::Hold.into()).contains(&Reason::Duplicate),
            "a duplicate has nothing to wait for"
        );
    }

    #[test]
    fn a_sub_status_goes_with_a_referral_that_its_owner_may_touch() {
        for status in ReferralStatus::ALL {
            let owned = Facts {
                status: Some(*status),
                has_owner: true,
                ..Facts::of_new()
            };
            let may = next(&owned, Do::SetSubStatus.into(), Relation::Owner).is_ok();
            assert_eq!(may, !allowed_sub_statuses(*status).is_empty(), "{status}");
        }
    }

    #[test]
    fn outcomes_that_start_with_unresolved_are_unresolved() {
        for kind in OutcomeKind::ALL {
            assert_eq!(
                is_unresolved(*kind),
                kind.as_str().starts_with("UNRESOLVED"),
                "{kind}"
            );
        }
    }

    #[test]
    fn to_complete_takes_an_outcome_and_to_fail_an_unresolved_one() {
        use OutcomeKind::{Housed, UnresolvedContact};
        assert!(!outcomes_suffice(Do::Complete, &[]) && outcomes_suffice(Do::Complete, &[Housed]));
        assert!(
            !outcomes_suffice(Do::Fail, &[Housed])
                && outcomes_suffice(Do::Fail, &[Housed, UnresolvedContact])
        );
        assert!(!outcomes_suffice(Do::Fail, &[]) && outcomes_suffice(Do::Cancel, &[]));
    }

    #[test]
    fn a_need_is_met_by_success_and_opened_again_by_any_other_ending() {
        use OutcomeKind::{Housed, UnresolvedCapacity};
        assert_eq!(need_after(ReferralStatus::Draft, &[]), None);
        assert_eq!(
            need_after(ReferralStatus::Requested, &[]),
            Some(NeedStatus::Referred)
        );
        assert_eq!(
            need_after(ReferralStatus::Completed, &[UnresolvedCapacity, Housed]),
            Some(NeedStatus::Met)
        );
        assert_eq!(
            need_after(ReferralStatus::Completed, &[UnresolvedCapacity]),
            Some(NeedStatus::Open)
        );
        for ended in [
            ReferralStatus::Failed,
            ReferralStatus::Rejected,
            ReferralStatus::Cancelled,
            ReferralStatus::EnteredInError,
        ] {
            assert_eq!(
                need_after(ended, &[Housed]),
                Some(NeedStatus::Open),
                "{ended}"
            );
        }
    }

    #[test]
    fn who_decides_follows_from_who_acts_and_why() {
        let decided = |action: Do, by, reason| default_decided_by(action.into(), by, reason);
        assert_eq!(
            decided(Do::Decline, Relation::Owner, Some(Reason::AtCapacity)),
            Some(DecidedBy::Provider)
        );
        assert_eq!(
            decided(Do::Cancel, Relation::Source, Some(Reason::Other)),
            Some(DecidedBy::Source)
        );
        assert_eq!(
            decided(Do::Cancel, Relation::Owner, Some(Reason::ClaimantDeclined)),
            Some(DecidedBy::Claimant)
        );
        assert_eq!(
            decided(Do::Complete, Relation::Owner, None),
            Some(DecidedBy::Provider)
        );
        assert_eq!(decided(Do::Accept, Relation::Owner, None), None);
        let withdrawn = default_decided_by(
            Action::Withdraw,
            Relation::System,
            Some(Reason::ConsentWithdrawn),
        );
        assert_eq!(
            withdrawn,
            Some(DecidedBy::System),
            "that the claimant withdrew is a fact about the claimant"
        );
    }
}
