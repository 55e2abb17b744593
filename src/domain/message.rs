//! Who may write to whom about a referral, and what a message does to what the referral waits for. Pure; what may stand
//! in a text is asked elsewhere.
use entity::{ReferralStatus, ReferralSubStatus};

use super::referral::{Relation, allowed_sub_statuses};

/// Whether somebody in this relation may write to the others of a referral. There is nobody to write to before it has an
/// owner, and nothing to write about once it is closed.
pub const fn may_write(status: ReferralStatus, has_owner: bool, by: Relation) -> bool {
    let under_way = match status {
        ReferralStatus::Requested
        | ReferralStatus::Accepted
        | ReferralStatus::InProgress
        | ReferralStatus::OnHold => has_owner,
        ReferralStatus::Draft
        | ReferralStatus::Rejected
        | ReferralStatus::Completed
        | ReferralStatus::Failed
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => false,
    };
    match by {
        // The organization that registered the claimant reaches the person, whoever sent the referral.
        Relation::Source | Relation::Owner | Relation::Registering => under_way,
        Relation::EligibleProvider | Relation::Ministry | Relation::System | Relation::None => {
            false
        }
    }
}

/// What a referral waits for, and what it waited for when its owner asked something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    pub sub_status: Option<ReferralSubStatus>,
    pub before: Option<ReferralSubStatus>,
}

impl Waiting {
    /// Whether the owner has asked something that is not answered.
    const fn asked(self) -> bool {
        matches!(self.sub_status, Some(ReferralSubStatus::NeedsInformation))
    }

    /// The owner says what it waits for. To ask is to come back to what was there; to ask once more changes nothing.
    pub const fn set(self, sub_status: Option<ReferralSubStatus>) -> Self {
        let before = match sub_status {
            Some(ReferralSubStatus::NeedsInformation) if self.asked() => self.before,
            Some(ReferralSubStatus::NeedsInformation) => self.sub_status,
            _ => None,
        };
        Self { sub_status, before }
    }

    /// Something else that happens sets it. An open question stays open, and is answered into what was set.
    pub const fn moved(self, sub_status: Option<ReferralSubStatus>) -> Self {
        if self.asked() {
            Self {
                before: sub_status,
                ..self
            }
        } else {
            Self {
                sub_status,
                before: None,
            }
        }
    }

    /// What [`Waiting::moved`] sets.
    pub const fn beneath(self) -> Option<ReferralSubStatus> {
        if self.asked() {
            self.before
        } else {
            self.sub_status
        }
    }

    /// Somebody in these relations has written. A message of the source answers what the owner asked: the sub-status goes
    /// back to what it was, as far as that still goes with the status.
    #[must_use]
    pub fn written(self, status: ReferralStatus, by: &[Relation]) -> Self {
        if !self.asked() || !by.contains(&Relation::Source) {
            return self;
        }
        let allowed = allowed_sub_statuses(status);
        Self {
            sub_status: self.before.filter(|before| allowed.contains(before)),
            before: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::referral::is_terminal, *};

    fn every_sub_status() -> impl Iterator<Item = Option<ReferralSubStatus>> + Clone {
        ReferralSubStatus::ALL
            .iter()
            .copied()
            .map(Some)
            .chain([None])
    }

    fn every_waiting() -> impl Iterator<Item = Waiting> {
        every_sub_status().flat_map(|sub_status| {
            every_sub_status().map(move |before| Waiting { sub_status, before })
        })
    }

    const ASKED: Option<ReferralSubStatus> = Some(ReferralSubStatus::NeedsInformation);

    #[test]
    fn the_parties_write_while_a_referral_is_owned_and_open_and_nobody_else_ever_does() {
        let mut may = 0;
        for status in ReferralStatus::ALL {
            for has_owner in [false, true] {
                for by in Relation::ALL {
                    let party = matches!(
                        by,
                        Relation::Source | Relation::Owner | Relation::Registering
                    );
                    let open = !is_terminal(*status) && *status != ReferralStatus::Draft;
                    let expected = party && open && has_owner;
                    assert_eq!(
                        may_write(*status, has_owner, *by),
                        expected,
                        "{status} {by:?}"
                    );
                    may += usize::from(expected);
                }
            }
        }
        assert_eq!(may, 12, "three relations in four states");
    }

    #[test]
    fn a_message_of_the_source_alone_answers_and_only_what_was_asked() {
        for status in ReferralStatus::ALL {
            for by in Relation::ALL {
                for waiting in every_waiting() {
                    let after = waiting.written(*status, &[*by]);
                    if *by != Relation::Source || waiting.sub_status != ASKED {
                        assert_eq!(after, waiting, "{status} {by:?}");
                        continue;
                    }
                    let back = waiting
                        .before
                        .filter(|before| allowed_sub_statuses(*status).contains(before));
                    assert_eq!(
                        after,
                        Waiting {
                            sub_status: back,
                            before: None
                        }
                    );
                }
            }
        }
    }

    #[test]
    fn whoever_is_source_and_owner_answers_itself() {
        let waiting = Waiting::default().set(ASKED);
        let both = [Relation::Source, Relation::Owner];
        assert_eq!(
            waiting.written(ReferralStatus::Accepted, &both),
            Waiting::default()
        );
    }

    #[test]
    fn what_was_there_before_the_first_question_comes_back_whatever_was_set_between() {
        for first in every_sub_status().filter(|first| *first != ASKED) {
            let start = Waiting {
                sub_status: first,
                before: None,
            };
            let asked = start.set(ASKED);
            assert_eq!(asked.set(ASKED), asked, "asked twice");
            let answered = asked.written(ReferralStatus::Accepted, &[Relation::Source]);
            assert_eq!(answered, start);
            for other in every_sub_status().filter(|other| *other != ASKED) {
                assert_eq!(
                    asked.set(other).before,
                    None,
                    "the owner let its question go"
                );
                let moved = asked.moved(other);
                assert_eq!((moved.sub_status, moved.beneath()), (ASKED, other));
                let answered = moved.written(ReferralStatus::Accepted, &[Relation::Source]);
                assert_eq!(answered.sub_status, other);
                assert_eq!(start.moved(other).sub_status, other);
            }
        }
    }
}
