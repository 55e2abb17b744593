//! The rows of the table as sentences, and what holds for every row.
use entity::{ReferralAction as Do, ReferralPhase, ReferralStatus};
use proptest::{prelude::*, sample::subsequence};

use super::{
    Action, Effect, Facts, Next, Refusal, Relation, available,
    golden::{COMBINATIONS, facts, statuses},
    is_terminal, next, phase, statuses_of,
};
use ReferralStatus::{
    Accepted, Cancelled, Completed, Draft, EnteredInError, Failed, InProgress, OnHold, Rejected,
    Requested,
};

/// A referral with an owner and a claimant, and nothing in the way.
const fn owned(status: ReferralStatus) -> Facts {
    Facts {
        status: Some(status),
        has_owner: true,
        anonymous: false,
        open_children: false,
        replaced: false,
        estranged: false,
    }
}

const fn open(status: ReferralStatus) -> Facts {
    Facts {
        has_owner: false,
        ..owned(status)
    }
}

const fn becomes(status: ReferralStatus) -> Result<Next, Refusal> {
    Ok(Next {
        status,
        effect: Effect::Transition,
    })
}

const fn stays(status: ReferralStatus, effect: Effect) -> Result<Next, Refusal> {
    Ok(Next { status, effect })
}

/// Demands one answer for these relations in these statuses, and a refusal for everybody else and everywhere else.
#[track_caller]
fn only(action: impl Into<Action>, allowed: &[(ReferralStatus, Relation, Result<Next, Refusal>)]) {
    let action = action.into();
    for status in ReferralStatus::ALL {
        for by in Relation::ALL {
            let answer = next(&owned(*status), action, *by);
            match allowed
                .iter()
                .find(|(at, who, _)| at == status && who == by)
            {
                Some((_, _, expected)) => {
                    assert_eq!(answer, *expected, "{action:?} of {status} by {by:?}")
                }
                None if allowed.iter().any(|(at, ..)| at == status) => {
                    assert_eq!(
                        answer,
                        Err(Refusal::WrongRelation),
                        "{action:?} of {status} by {by:?}"
                    );
                }
                None => assert_eq!(
                    answer,
                    Err(Refusal::WrongStatus),
                    "{action:?} of {status} by {by:?}"
                ),
            }
        }
    }
}

/// The same relation and answer in several statuses.
fn rows(
    statuses: &[ReferralStatus],
    by: Relation,
    answer: impl Fn(ReferralStatus) -> Result<Next, Refusal>,
) -> Vec<(ReferralStatus, Relation, Result<Next, Refusal>)> {
    statuses
        .iter()
        .map(|status| (*status, by, answer(*status)))
        .collect()
}

#[test]
fn the_source_creates_a_draft_or_a_request() {
    assert_eq!(
        next(&Facts::of_new(), Action::Create, Relation::Source),
        becomes(Draft)
    );
    assert_eq!(
        next(&Facts::of_new(), Do::Send.into(), Relation::Source),
        becomes(Requested)
    );
    assert_eq!(
        next(&Facts::of_new(), Do::Send.into(), Relation::Ministry),
        Err(Refusal::WrongRelation)
    );
    assert_eq!(
        next(&Facts::of_new(), Do::Accept.into(), Relation::Owner),
        Err(Refusal::WrongStatus)
    );
    only(Action::Create, &[]);
}

#[test]
fn the_source_sends_a_draft_once() {
    only(Do::Send, &[(Draft, Relation::Source, becomes(Requested))]);
}

#[test]
fn an_eligible_provider_claims_an_open_request() {
    let claim = |facts: &Facts, by| next(facts, Do::Claim.into(), by);
    assert_eq!(
        claim(&open(Requested), Relation::EligibleProvider),
        stays(Requested, Effect::OwnerTaken)
    );
    assert_eq!(
        claim(&owned(Requested), Relation::EligibleProvider),
        Err(Refusal::AlreadyOwned)
    );
    assert_eq!(
        claim(&open(Requested), Relation::Source),
        Err(Refusal::WrongRelation)
    );
    only(
        Do::Claim,
        &[(
            Requested,
            Relation::EligibleProvider,
            Err(Refusal::AlreadyOwned),
        )],
    );
}

#[test]
fn the_source_addresses_a_request_anew_and_the_ministry_asks_it_to() {
    only(
        Do::Reroute,
        &[
            (
                Requested,
                Relation::Source,
                stays(Requested, Effect::TargetChanged),
            ),
            (
                Requested,
                Relation::Ministry,
                stays(Requested, Effect::RequestToSource),
            ),
        ],
    );
}

#[test]
fn the_owner_accepts_or_declines_a_request() {
    only(
        Do::Accept,
        &[(Requested, Relation::Owner, becomes(Accepted))],
    );
    only(
        Do::Decline,
        &[(Requested, Relation::Owner, becomes(Rejected))],
    );
}

#[test]
fn nobody_answers_a_request_that_nobody_owns() {
    for action in [Do::Accept, Do::Decline, Do::Assign, Do::SetSubStatus] {
        assert_eq!(
            next(&open(Requested), action.into(), Relation::Owner),
            Err(Refusal::NoOwner)
        );
    }
}

#[test]
fn the_source_cancels_until_it_is_closed_and_the_owner_from_acceptance() {
    let mut allowed = rows(
        &[Requested, Accepted, InProgress, OnHold],
        Relation::Source,
        |_| becomes(Cancelled),
    );
    allowed.extend(rows(
        &[Accepted, InProgress, OnHold],
        Relation::Owner,
        |_| becomes(Cancelled),
    ));
    only(Do::Cancel, &allowed);
}

#[test]
fn the_owner_starts_holds_and_resumes() {
    only(
        Do::Start,
        &[(Accepted, Relation::Owner, becomes(InProgress))],
    );
    only(
        Do::Hold,
        &rows(&[Accepted, InProgress], Relation::Owner, |_| {
            becomes(OnHold)
        }),
    );
    only(
        Do::Resume,
        &[(OnHold, Relation::Owner, becomes(InProgress))],
    );
}

#[test]
fn the_owner_completes_or_fails_what_it_accepted() {
    only(
        Do::Complete,
        &rows(&[Accepted, InProgress, OnHold], Relation::Owner, |_| {
            becomes(Completed)
        }),
    );
    only(
        Do::Fail,
        &rows(&[Accepted, InProgress, OnHold], Relation::Owner, |_| {
            becomes(Failed)
        }),
    );
}

#[test]
fn an_open_child_hinders_completion_and_nothing_else() {
    let with_child = Facts {
        open_children: true,
        ..owned(InProgress)
    };
    assert_eq!(
        next(&with_child, Do::Complete.into(), Relation::Owner),
        Err(Refusal::OpenChildren)
    );
    let (before, with) = (
        available(&owned(InProgress), &[Relation::Owner]),
        available(&with_child, &[Relation::Owner]),
    );
    assert_eq!(
        before
            .iter()
            .filter(|action| !with.contains(action))
            .collect::<Vec<_>>(),
        [&Do::Complete]
    );
}

#[test]
fn the_source_voids_whatever_is_not_void() {
    let all = [
        Draft, Requested, Accepted, Rejected, InProgress, OnHold, Completed, Failed, Cancelled,
    ];
    only(
        Do::Void,
        &rows(&all, Relation::Source, |_| becomes(EnteredInError)),
    );
}

#[test]
fn the_source_replaces_once_what_did_not_succeed() {
    only(
        Do::Resubmit,
        &rows(&[Rejected, Cancelled, Failed], Relation::Source, |status| {
            stays(status, Effect::ReplacementCreated)
        }),
    );
    let replaced = Facts {
        replaced: true,
        ..owned(Rejected)
    };
    assert_eq!(
        next(&replaced, Do::Resubmit.into(), Relation::Source),
        Err(Refusal::AlreadyReplaced)
    );
    let estranged = Facts {
        estranged: true,
        ..owned(Rejected)
    };
    assert_eq!(
        next(&estranged, Do::Resubmit.into(), Relation::Source),
        Err(Refusal::Estranged)
    );
}

#[test]
fn the_owner_splits_what_it_works_on_with_or_without_a_claimant() {
    only(
        Do::Split,
        &rows(&[Accepted, InProgress], Relation::Owner, |status| {
            stays(status, Effect::ChildCreated)
        }),
    );
    only(
        Action::Close,
        &rows(
            &[Requested, Accepted, InProgress, OnHold],
            Relation::System,
            |_| becomes(Cancelled),
        ),
    );
    let anonymous = Facts {
        anonymous: true,
        ..owned(Accepted)
    };
    assert_eq!(
        next(&anonymous, Do::Split.into(), Relation::Owner),
        stays(Accepted, Effect::ChildCreated)
    );
}

#[test]
fn the_source_updates_until_somebody_accepts() {
    only(
        Do::Update,
        &rows(&[Draft, Requested], Relation::Source, |status| {
            stays(status, Effect::Unchanged)
        }),
    );
}

#[test]
fn the_source_names_the_claimant_of_an_anonymous_referral_once() {
    let not_closed = [Draft, Requested, Accepted, InProgress, OnHold];
    only(
        Do::LinkClaimant,
        &rows(&not_closed, Relation::Source, |_| {
            Err(Refusal::NotAnonymous)
        }),
    );
    for status in not_closed {
        let anonymous = Facts {
            anonymous: true,
            ..owned(status)
        };
        assert_eq!(
            next(&anonymous, Do::LinkClaimant.into(), Relation::Source),
            stays(status, Effect::Unchanged)
        );
    }
}

#[test]
fn the_source_and_once_it_is_sent_the_ministry_set_the_priority() {
    let mut allowed = rows(
        &[Draft, Requested, Accepted, InProgress, OnHold],
        Relation::Source,
        same,
    );
    allowed.extend(rows(
        &[Requested, Accepted, InProgress, OnHold],
        Relation::Ministry,
        same,
    ));
    only(Do::SetPriority, &allowed);
}

#[test]
fn the_owner_assigns_and_says_what_it_waits_for_until_it_is_closed() {
    let allowed = rows(
        &[Requested, Accepted, InProgress, OnHold],
        Relation::Owner,
        same,
    );
    only(Do::Assign, &allowed);
    only(Do::SetSubStatus, &allowed);
}

#[test]
fn the_owner_adds_outcomes_to_what_it_completed() {
    only(
        Do::RecordOutcome,
        &[(
            Completed,
            Relation::Owner,
            stays(Completed, Effect::Unchanged),
        )],
    );
}

#[test]
fn timers_and_withdrawals_are_the_systems() {
    only(
        Action::Discard,
        &[(Draft, Relation::System, stays(Draft, Effect::Discarded))],
    );
    only(
        Action::Expire,
        &[(Requested, Relation::System, becomes(Cancelled))],
    );
    only(
        Action::Withdraw,
        &rows(
            &[Requested, Accepted, InProgress, OnHold],
            Relation::System,
            |_| becomes(Cancelled),
        ),
    );
    let anonymous = Facts {
        anonymous: true,
        ..owned(Accepted)
    };
    assert_eq!(
        next(&anonymous, Action::Withdraw, Relation::System),
        Err(Refusal::Anonymous)
    );
    let unowned = Facts {
        has_owner: false,
        ..owned(Requested)
    };
    assert_eq!(
        next(&unowned, Action::Close, Relation::System),
        Err(Refusal::NoOwner)
    );
}

#[test]
fn who_only_registered_the_claimant_or_is_a_stranger_may_do_nothing() {
    for status in statuses() {
        for bits in 0..COMBINATIONS {
            assert_eq!(
                available(
                    &facts(status, bits),
                    &[Relation::Registering, Relation::None]
                ),
                []
            );
        }
    }
}

#[test]
fn every_status_belongs_to_one_phase() {
    let grouped: Vec<_> = ReferralPhase::ALL
        .iter()
        .flat_map(|phase| statuses_of(*phase))
        .collect();
    assert_eq!(grouped.len(), ReferralStatus::ALL.len());
    assert_eq!(statuses_of(ReferralPhase::Active), [Accepted, InProgress]);
    let closed: Vec<_> = ReferralStatus::ALL
        .iter()
        .copied()
        .filter(|status| is_terminal(*status))
        .collect();
    assert_eq!(
        closed,
        [Rejected, Completed, Failed, Cancelled, EnteredInError]
    );
    assert_eq!(phase(Requested), ReferralPhase::Waiting);
}

fn same(status: ReferralStatus) -> Result<Next, Refusal> {
    stays(status, Effect::Unchanged)
}

fn any_facts() -> impl Strategy<Value = Facts> {
    (
        proptest::sample::select(statuses().collect::<Vec<_>>()),
        0..COMBINATIONS,
    )
        .prop_map(|(status, bits)| facts(status, bits))
}

fn any_relations() -> impl Strategy<Value = Vec<Relation>> {
    subsequence(Relation::ALL.to_vec(), 0..=Relation::ALL.len()).prop_shuffle()
}

proptest! {
    #[test]
    fn available_lists_what_next_allows_and_nothing_else(facts in any_facts(), relations in any_relations()) {
        let listed = available(&facts, &relations);
        for action in Do::ALL {
            let allowed = relations.iter().any(|by| next(&facts, (*action).into(), *by).is_ok());
            prop_assert_eq!(listed.contains(action), allowed, "{}", action);
        }
        prop_assert!(listed.is_sorted() && listed.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn one_more_relation_never_takes_an_action_away(facts in any_facts(), relations in any_relations()) {
        let all = available(&facts, &relations);
        for by in &relations {
            prop_assert!(available(&facts, &[*by]).iter().all(|action| all.contains(action)));
        }
    }

    #[test]
    fn no_life_of_a_referral_leads_out_of_an_ending(
        steps in proptest::collection::vec((0..24_usize, 0..7_usize, 0..COMBINATIONS), 1..60),
    ) {
        let actions: Vec<_> = Action::all().collect();
        let mut status = None;
        for (action, by, bits) in steps {
            let (action, by) = (actions[action], Relation::ALL[by]);
            if let Ok(step) = next(&facts(status, bits), action, by) {
                if let Some(ended) = status.filter(|status| is_terminal(*status)) {
                    prop_assert!(step.status == ended || step.status == EnteredInError);
                }
                prop_assert!(step.effect == Effect::Transition || status == Some(step.status));
                prop_assert!(step.effect != Effect::Transition || status != Some(step.status));
                status = Some(step.status);
            }
        }
    }
}
