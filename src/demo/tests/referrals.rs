//! Referrals, and the consents, needs and outcomes that go with them.
use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{NaiveDate, TimeDelta};
use entity::{
    Access, ClaimantId, JournalKind, NeedCategory, NeedStatus, ReferralAction as Do,
    ReferralPriority, ReferralStatus as Status, ReferralStatusReason, referral,
};

use super::{AGENCY, PROVIDER, all_of, each, organization};
use crate::{
    domain::{
        access::{self, Recipient, Wishes},
        business_days::{toronto_date, toronto_month},
        free_text,
        referral::{Action, allowed_reasons, allowed_sub_statuses, is_terminal, is_unresolved},
    },
    store::seed::{Course, Seed},
};

#[test]
fn every_status_category_and_reason_of_a_referral_occurs() {
    each(|made, now| {
        let count = |status: Status| made.referrals().filter(|row| row.status == status).count();
        for status in Status::ALL {
            assert!(count(*status) >= 30, "{status}: {}", count(*status));
        }
        all_of(NeedCategory::ALL, |category| {
            made.referrals().any(|row| row.category == *category)
        });
        all_of(ReferralStatusReason::ALL, |reason| {
            made.referrals()
                .any(|row| row.status_reason == Some(*reason))
        });
        let has = |wanted: &dyn Fn(&referral::Model) -> bool| {
            made.referrals().filter(|row| wanted(row)).count()
        };
        assert!(has(&|row| row.claimant_id.is_none()) >= 100);
        assert!(has(&|row| row.part_of_id.is_some()) >= 50);
        assert!(has(&|row| row.replaces_id.is_some()) >= 50);
        assert!(has(&|row| row.status == Status::OnHold && row.review_at.is_some()) >= 50);
        assert!(has(&|row| row.status == Status::Requested && row.owner_id.is_none()) >= 20);
        assert!(has(&|row| row.status == Status::Requested && row.due_at < Some(now)) >= 20);
        let months: BTreeSet<NaiveDate> = made.referrals().map(|row| row.created_month).collect();
        assert!(months.len() >= 18, "{}", months.len());
    });
}

/// The status to which a step leads, by what the design says and not by asking the workflow.
fn leads_to(kind: JournalKind, from: Option<Status>) -> Option<Status> {
    use JournalKind as Kind;
    let taken_on = [Status::Accepted, Status::InProgress, Status::OnHold];
    let open = |from: Status| from == Status::Requested || taken_on.contains(&from);
    match (kind, from) {
        (Kind::ReferralSent, Some(Status::Draft)) => Some(Status::Requested),
        (Kind::ReferralAccepted, Some(Status::Requested)) => Some(Status::Accepted),
        (Kind::ReferralDeclined, Some(Status::Requested)) => Some(Status::Rejected),
        (Kind::ReferralStarted, Some(Status::Accepted))
        | (Kind::ReferralResumed, Some(Status::OnHold)) => Some(Status::InProgress),
        (Kind::ReferralHeld, Some(Status::Accepted | Status::InProgress)) => Some(Status::OnHold),
        (Kind::ReferralCompleted, Some(from)) if taken_on.contains(&from) => {
            Some(Status::Completed)
        }
        (Kind::ReferralFailed, Some(from)) if taken_on.contains(&from) => Some(Status::Failed),
        (Kind::ReferralCancelled, Some(from)) if open(from) => Some(Status::Cancelled),
        (Kind::ReferralVoided, Some(from)) if from != Status::EnteredInError => {
            Some(Status::EnteredInError)
        }
        (Kind::ReferralClaimed | Kind::ReferralRerouted, Some(Status::Requested)) => from,
        (Kind::ReferralUpdated, Some(Status::Draft | Status::Requested)) => from,
        (Kind::ReferralPriorityChanged | Kind::ReferralLinked, Some(status))
            if open(status) || status == Status::Draft =>
        {
            from
        }
        (Kind::ReferralAssigned | Kind::ReferralSubStatusChanged, Some(status)) if open(status) => {
            from
        }
        (Kind::OutcomeRecorded, Some(Status::Completed)) => from,
        _ => None,
    }
}

#[test]
fn every_course_is_one_that_the_parties_could_have_taken() {
    each(|made, now| {
        for Course { steps } in &made.courses {
            let mut before: Option<&referral::Model> = None;
            for (version, step) in (1..).zip(steps) {
                assert_eq!(step.after.version, version);
                assert_eq!(step.after.updated_at, step.at);
                assert!(step.at < now);
                match before {
                    None => {
                        assert_eq!(step.kind, JournalKind::ReferralCreated);
                        assert!(matches!(
                            step.after.status,
                            Status::Draft | Status::Requested
                        ));
                    }
                    Some(before) => {
                        assert!(before.updated_at < step.at, "{:?}", step.kind);
                        let expected = leads_to(step.kind, Some(before.status));
                        assert_eq!(expected, Some(step.after.status), "{:?}", step.kind);
                    }
                }
                let owner = step.after.owner_id;
                let by_the_owner = matches!(
                    step.kind,
                    JournalKind::ReferralAccepted
                        | JournalKind::ReferralStarted
                        | JournalKind::ReferralHeld
                        | JournalKind::ReferralResumed
                        | JournalKind::ReferralCompleted
                        | JournalKind::ReferralFailed
                        | JournalKind::ReferralDeclined
                        | JournalKind::ReferralAssigned
                        | JournalKind::ReferralSubStatusChanged
                );
                if by_the_owner {
                    assert!(
                        owner.is_some() && step.by.organization == owner,
                        "{:?}",
                        step.kind
                    );
                }
                before = Some(&step.after);
            }
        }
    });
}

#[test]
fn the_columns_of_each_referral_agree() {
    each(|made, now| {
        for row in made.referrals() {
            assert_eq!(row.created_month, toronto_month(row.created_at));
            assert_eq!(
                row.closed_at.is_some(),
                is_terminal(row.status),
                "{}",
                row.status
            );
            let was_sent = row.sent_at.is_some();
            assert!(was_sent || matches!(row.status, Status::Draft | Status::EnteredInError));
            assert_eq!(row.due_at.is_some(), was_sent);
            assert_eq!(
                row.claimant_id.is_some(),
                row.registering_organization_id.is_some()
            );
            assert!(row.need_id.is_none() || row.claimant_id.is_some());
            let ended = matches!(
                row.status,
                Status::Rejected | Status::Cancelled | Status::Draft
            );
            if row.owner_access {
                assert!(!ended && row.owner_id.is_some() && row.owner_since.is_some());
            } else {
                assert!(ended || row.owner_id.is_none() || !was_sent);
            }
            assert!(
            row.sub_status
                .is_none_or(|sub_status| allowed_sub_statuses(row.status).contains(&sub_status))
        );
            let actions: &[Action] = match row.status {
                Status::Rejected => &[Action::Api(Do::Decline)],
                Status::Cancelled => &[Action::Api(Do::Cancel), Action::Expire, Action::Withdraw],
                Status::Failed => &[Action::Api(Do::Fail)],
                Status::Completed => &[Action::Api(Do::Complete)],
                Status::OnHold => &[Action::Api(Do::Hold)],
                Status::EnteredInError => &[Action::Api(Do::Void)],
                Status::Draft | Status::Requested | Status::Accepted | Status::InProgress => &[],
            };
            match row.status_reason {
                Some(reason) => assert!(
                    actions
                        .iter()
                        .any(|action| allowed_reasons(*action).contains(&reason)),
                    "{} {reason}",
                    row.status
                ),
                None => assert!(actions.is_empty() || row.status == Status::Completed),
            }
            assert_ne!(row.owner_id, Some(row.source_id));
            if row.status == Status::Draft {
                assert!(now - row.updated_at < TimeDelta::days(14));
            }
            // Nobody waits longer than the timer allows.
            if row.status == Status::Requested {
                assert!(now - row.due_at.unwrap() <= TimeDelta::days(30));
            }
        }
    });
}

#[test]
fn what_comes_of_another_referral_goes_with_it() {
    each(|made, _| {
        let by_id: HashMap<_, _> = made.referrals().map(|row| (row.id, row)).collect();
        let mut replaced = HashSet::new();
        for row in made.referrals() {
            if let Some(parent) = row.part_of_id {
                let parent = by_id[&parent];
                assert_eq!(row.claimant_id, parent.claimant_id);
                assert_eq!(Some(row.source_id), parent.owner_id);
                assert!(parent.answered_at < Some(row.created_at));
                let closed_first = row.closed_at.is_some() && row.closed_at <= parent.closed_at;
                assert!(parent.status != Status::Completed || closed_first);
            }
            if let Some(old) = row.replaces_id {
                let old = by_id[&old];
                assert!(replaced.insert(old.id), "replaced once");
                assert!(matches!(
                    old.status,
                    Status::Rejected | Status::Cancelled | Status::Failed
                ));
                assert!(old.closed_at < Some(row.created_at));
                assert_eq!(
                    (old.source_id, old.claimant_id),
                    (row.source_id, row.claimant_id)
                );
            }
        }
    });
}

#[test]
fn endings_have_the_outcomes_that_they_take() {
    each(|made, now| {
        let mut kinds: HashMap<_, Vec<_>> = HashMap::new();
        for outcome in &made.outcomes {
            kinds
                .entry(outcome.referral_id)
                .or_default()
                .push(outcome.kind);
            assert!(outcome.date <= toronto_date(now));
            assert!(outcome.follow_up_on.is_none_or(|date| date > outcome.date));
        }
        for row in made.referrals() {
            let recorded = kinds.get(&row.id).map(Vec::as_slice).unwrap_or_default();
            match row.status {
                Status::Completed => assert!(!recorded.is_empty()),
                Status::Failed => assert!(recorded.iter().any(|kind| is_unresolved(*kind))),
                Status::EnteredInError => {}
                Status::Draft
                | Status::Requested
                | Status::Accepted
                | Status::Rejected
                | Status::InProgress
                | Status::OnHold
                | Status::Cancelled => assert_eq!(recorded, []),
            }
        }
        let today = toronto_date(now);
        let due =
            |outcome: &&entity::outcome::Model| outcome.follow_up_on.is_some_and(|on| on <= today);
        assert!(made.outcomes.iter().filter(due).count() > 20);
    });
}

fn consents_by_claimant(made: &Seed) -> HashMap<ClaimantId, Vec<access::Consent>> {
    let mut found: HashMap<_, Vec<_>> = HashMap::new();
    for row in &made.consents {
        let named = || {
            made.consent_recipients
                .iter()
                .filter(|named| named.consent_id == row.id)
        };
        found
            .entry(row.claimant_id)
            .or_default()
            .push(access::Consent {
                id: row.id,
                purposes: row.purposes.0.clone(),
                groups: row.field_groups.0.clone(),
                organizations: named().filter_map(|named| named.organization_id).collect(),
                kinds: named().filter_map(|named| named.kind).collect(),
                any_party: row.any_party,
                refused: row.refused,
                withdrawn: row.withdrawn_at.is_some(),
                given_at: row.given_at,
                expires_at: row.expires_at,
            });
    }
    found
}

#[test]
fn what_was_sent_about_somebody_was_consented_to_before() {
    each(|made, _| {
        let consents = consents_by_claimant(made);
        let kinds: HashMap<_, _> = made
            .organizations
            .iter()
            .map(|row| (row.id, row.kind))
            .collect();
        let (mut covered, mut withdrawn) = (0, 0);
        for row in made.referrals() {
            let (Some(claimant), Some(sent_at)) = (row.claimant_id, row.sent_at) else {
                continue;
            };
            if row.owner_id == row.registering_organization_id {
                continue;
            }
            let given = consents
                .get(&claimant)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let answer = |given: &[access::Consent]| {
                let wishes = Wishes {
                    consents: given.to_vec(),
                    excluded: Vec::new(),
                };
                match row.owner_id {
                    Some(organization) => {
                        let kind = kinds[&organization];
                        let recipient = Recipient { organization, kind };
                        wishes.consent_for(recipient, row.category, sent_at)
                    }
                    None => wishes.consent_for_open(row.category, sent_at),
                }
            };
            let mut before: Vec<_> = given
                .iter()
                .filter(|consent| consent.given_at < sent_at)
                .cloned()
                .collect();
            if row.status_reason == Some(ReferralStatusReason::ConsentWithdrawn) {
                assert_eq!(row.status, Status::Cancelled);
                assert_eq!(answer(&before), Access::ConsentRequired, "it is gone");
                before
                    .iter_mut()
                    .for_each(|consent| consent.withdrawn = false);
                withdrawn += 1;
            }
            assert_eq!(answer(&before), Access::Granted, "{row:?}");
            covered += 1;
        }
        assert!(covered > 3_000 && withdrawn > 30, "{covered} {withdrawn}");
    });
}

#[test]
fn needs_stand_where_their_referrals_left_them() {
    each(|made, _| {
        let mut open = HashSet::new();
        let mut met = HashSet::new();
        for row in made.referrals() {
            let Some(need) = row.need_id else { continue };
            if row.sent_at.is_some() && !is_terminal(row.status) {
                open.insert(need);
            }
            if row.status == Status::Completed {
                met.insert(need);
            }
        }
        for need in &made.needs {
            match need.status {
                NeedStatus::Referred => assert!(open.contains(&need.id)),
                NeedStatus::Open | NeedStatus::Unmet => assert!(!open.contains(&need.id)),
                NeedStatus::Met => {}
            }
        }
        all_of(NeedStatus::ALL, |status| {
            made.needs.iter().any(|need| need.status == *status)
        });
        let met_by_referral =
            |need: &&entity::need::Model| need.status == NeedStatus::Met && met.contains(&need.id);
        assert!(made.needs.iter().filter(met_by_referral).count() > 300);
    });
}

#[test]
fn no_text_tells_who_anybody_is() {
    each(|made, _| {
        let sealed: HashMap<_, _> = made
            .claimants
            .iter()
            .map(|person| (person.claimant.id, &person.sealed))
            .collect();
        for row in made.referrals() {
            let (Some(claimant), Some(summary)) = (row.claimant_id, made.texts.get(&row.id.0))
            else {
                continue;
            };
            let sealed = sealed[&claimant];
            let identity = sealed.identity.clone().unwrap_or_default();
            let contact = sealed.contact.clone().unwrap_or_default();
            let known = free_text::Known {
                birth_date: identity.birth_date,
                texts: [
                    identity.given_name,
                    identity.family_name,
                    identity.preferred_name,
                ]
                .into_iter()
                .flatten()
                .chain(contact.points.into_iter().map(|point| point.value))
                .collect(),
            };
            assert!(!free_text::identifies(summary, &known), "{summary}");
            assert!(!free_text::has_sin(summary));
        }
        let french = made.referrals().filter_map(|row| made.texts.get(&row.id.0));
        assert!(french.filter(|text| !text.is_ascii()).count() > 500);
    });
}

#[test]
fn the_boxes_of_the_demo_are_full_whenever_it_starts() {
    each(|made, now| {
        let agency = organization(made, AGENCY);
        let provider = organization(made, PROVIDER);
        let central = made.regions.iter().find(|row| row.code == "CENTRAL");
        let central = central.map(|row| row.id);
        let own: HashSet<_> = made
            .services
            .iter()
            .filter(|row| row.organization_id == provider)
            .map(|row| row.id)
            .collect();
        let served: HashSet<_> = made
            .service_categories
            .iter()
            .filter(|row| own.contains(&row.service_id))
            .map(|row| row.category)
            .collect();
        let count = |wanted: &dyn Fn(&referral::Model) -> bool| {
            made.referrals().filter(|row| wanted(row)).count()
        };
        assert!(count(&|row| row.source_id == agency) >= 100);
        let inbox = |row: &referral::Model| row.owner_id == Some(provider) && row.owner_access;
        assert!(count(&inbox) >= 60);
        let late = |row: &referral::Model| {
            inbox(row) && row.status == Status::Requested && row.due_at < Some(now)
        };
        assert!(count(&|row| late(row) && row.priority == ReferralPriority::Urgent) >= 3);
        let fits = |row: &referral::Model| {
            let speaks = matches!(row.language.as_deref(), Some("eng" | "fra"));
            row.status == Status::Requested
                && row.owner_id.is_none()
                && row.region_id == central
                && served.contains(&row.category)
                && (speaks || row.interpreter_needed == Some(true))
                && row.source_id != provider
        };
        assert!(count(&fits) >= 15, "{}", count(&fits));
    });
}
