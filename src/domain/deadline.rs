//! What comes due by the passing of time alone, when it does, and in which order it is told. Pure: whoever fires a
//! timer brings the time, and what it found. Business days are counted in `business_days`.
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use entity::{JournalKind, ReferralStatus};

use super::business_days::{toronto_date, toronto_midnight};

/// The timers; of two that come due at the same moment, the earlier here fires first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A request was to be answered and was not.
    Overdue,
    /// A referral on hold is to be looked at again.
    Review,
    /// It is time to ask what became of somebody after an outcome.
    FollowUp,
    /// A need that was wanted later is wanted from now on.
    Need,
    /// Nobody answered a request for so long that it ends.
    Expiry,
}

impl Timer {
    /// What the journal calls a deadline of which it only tells; none where something is done about it.
    pub const fn tells(self) -> Option<JournalKind> {
        match self {
            Self::Overdue => Some(JournalKind::ReferralOverdue),
            Self::Review => Some(JournalKind::ReviewDue),
            Self::FollowUp => Some(JournalKind::FollowUpDue),
            Self::Need => Some(JournalKind::NeedDue),
            Self::Expiry => None,
        }
    }
}

/// One thing that has come due. Ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline<Id> {
    pub at: DateTime<Utc>,
    pub timer: Timer,
    pub subject: Id,
}

impl<Id> Deadline<Id> {
    /// Of a day: it comes with that day in Toronto.
    pub fn on(day: NaiveDate, timer: Timer, subject: Id) -> Self {
        Self {
            at: toronto_midnight(day),
            timer,
            subject,
        }
    }
}

/// How far each timer has come at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    pub now: DateTime<Utc>,
    /// Days that have begun in Toronto end with this one.
    pub today: NaiveDate,
    /// What was due then or before expires; none where nothing ever does.
    pub expired: Option<DateTime<Utc>>,
}

impl Reached {
    /// With how many days a request is kept after it was due; 0: for ever.
    pub fn at(now: DateTime<Utc>, expire_after_days: u32) -> Self {
        Self {
            now,
            today: toronto_date(now),
            expired: (expire_after_days > 0)
                .then(|| now.checked_sub_signed(kept(expire_after_days)))
                .flatten(),
        }
    }
}

fn kept(days: u32) -> TimeDelta {
    TimeDelta::days(days.into())
}

/// When a request that was due at a moment expires.
pub fn expires_at(due_at: DateTime<Utc>, expire_after_days: u32) -> DateTime<Utc> {
    due_at
        .checked_add_signed(kept(expire_after_days))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// What fires next, in order: the first `batch` of all, where each timer has brought at least its own first `batch`.
pub fn first<Id: Ord>(mut found: Vec<Deadline<Id>>, batch: usize) -> Vec<Deadline<Id>> {
    found.sort();
    found.truncate(batch);
    found
}

/// Whether anybody is still to ask what became of a claimant: not where a later outcome has said so, where the referral
/// should never have been, or where the person is erased.
pub const fn awaits_follow_up(status: ReferralStatus, answered: bool, erased: bool) -> bool {
    !answered && !erased && !matches!(status, ReferralStatus::EnteredInError)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn days_begin_in_toronto() {
        let reached = |text| Reached::at(moment(text), 30).today.to_string();
        assert_eq!(reached("2026-06-03T03:59:59Z"), "2026-06-02");
        assert_eq!(reached("2026-06-03T04:00:00Z"), "2026-06-03");
        let day = "2026-12-01".parse().expect("a date");
        let at = Deadline::on(day, Timer::Need, 1).at;
        assert_eq!(at, moment("2026-12-01T05:00:00Z"), "in winter");
    }

    #[test]
    fn a_request_expires_as_many_days_after_it_was_due_as_is_set() {
        let due = moment("2026-06-08T14:00:00Z");
        let expires = expires_at(due, 30);
        assert_eq!(expires, moment("2026-07-08T14:00:00Z"));
        assert_eq!(Reached::at(expires, 30).expired, Some(due));
        assert_eq!(Reached::at(expires, 0).expired, None, "never");
        assert_eq!(
            expires_at(DateTime::<Utc>::MAX_UTC, 1),
            DateTime::<Utc>::MAX_UTC
        );
    }

    #[test]
    fn the_earliest_fire_first_and_one_after_the_other() {
        let day = |day: u32| moment(&format!("2026-06-{day:02}T14:00:00Z"));
        let of = |at, timer, subject| Deadline { at, timer, subject };
        let found = vec![
            of(day(9), Timer::Overdue, 1),
            of(day(8), Timer::Expiry, 2),
            of(day(8), Timer::Overdue, 4),
            of(day(8), Timer::Overdue, 3),
            of(day(2), Timer::Need, 5),
        ];
        let order: Vec<u32> = first(found, 4).iter().map(|next| next.subject).collect();
        assert_eq!(order, [5, 3, 4, 2]);
    }

    #[test]
    fn nobody_follows_up_what_is_answered_void_or_erased() {
        let completed = ReferralStatus::Completed;
        assert!(awaits_follow_up(completed, false, false));
        assert!(!awaits_follow_up(completed, true, false));
        assert!(!awaits_follow_up(completed, false, true));
        assert!(!awaits_follow_up(
            ReferralStatus::EnteredInError,
            false,
            false
        ));
    }
}
