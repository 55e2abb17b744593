//! The appointments of a referral: who may bring one from where to where, when one can be, and what the referral waits
//! for afterwards. Pure. The gateway tells a claimant nothing of any of it: an organization does.
use AppointmentStatus::{Booked, Cancelled, Fulfilled, NoShow, Proposed};
use chrono::{DateTime, TimeDelta, Utc};
use entity::{AppointmentStatus, ReferralStatus, ReferralSubStatus};

use super::{message::Waiting, referral::Relation};

/// How many appointments a referral can have.
pub const MOST: usize = 50;
/// How far ahead one can be.
pub const DAYS_AHEAD: i64 = 366;
/// How long one can last.
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// How much of an appointment may change with its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum May {
    /// The status and nothing else.
    Status,
    /// Time, place and note as well.
    Whole,
}

/// The table: whether somebody in this relation may bring an appointment from one status to another. The owner offers,
/// books and says what became of it. The source, and the organization that registered the claimant, speak with the person:
/// they confirm what was proposed, and cancel.
pub const fn next(
    from: Option<AppointmentStatus>,
    to: AppointmentStatus,
    by: Relation,
) -> Option<May> {
    match (from, to, by) {
        (None, Proposed | Booked, Relation::Owner)
        | (Some(Proposed), Proposed | Booked | Fulfilled | Cancelled, Relation::Owner)
        | (Some(Booked), Proposed | Booked | Fulfilled | NoShow | Cancelled, Relation::Owner)
        // Who came late did come.
        | (Some(NoShow), Fulfilled, Relation::Owner) => Some(May::Whole),
        (Some(Proposed), Booked | Cancelled, Relation::Source | Relation::Registering)
        | (Some(Booked), Cancelled, Relation::Source | Relation::Registering) => Some(May::Status),
        _ => None,
    }
}

/// Whether an appointment can come to a status while its referral is in this one. Before acceptance nobody attends.
pub const fn goes_with(to: AppointmentStatus, referral: ReferralStatus) -> bool {
    match referral {
        ReferralStatus::Requested => matches!(to, Proposed | Booked | Cancelled),
        ReferralStatus::Accepted | ReferralStatus::InProgress | ReferralStatus::OnHold => true,
        ReferralStatus::Draft
        | ReferralStatus::Rejected
        | ReferralStatus::Completed
        | ReferralStatus::Failed
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => false,
    }
}

/// When an appointment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    pub starts_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
}

/// What is wrong with the time of an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongTime {
    /// What is to come cannot begin in the past.
    InPast,
    TooFarAhead,
    /// Nobody has kept or missed what has not begun.
    NotYet,
    /// What is over, or does not take place, stays when it was.
    Fixed,
    EndOutOfRange,
}

/// Whether an appointment can be at this time; `kept` is where and when it stood before.
pub fn check_time(
    kept: Option<(AppointmentStatus, Time)>,
    to: AppointmentStatus,
    time: Time,
    now: DateTime<Utc>,
) -> Result<(), WrongTime> {
    let longest = time.starts_at.checked_add_signed(LONGEST);
    if time
        .ends_at
        .is_some_and(|ends| ends <= time.starts_at || longest.is_none_or(|longest| ends > longest))
    {
        return Err(WrongTime::EndOutOfRange);
    }
    let unmoved = kept.is_some_and(|(_, kept)| kept == time);
    match to {
        // Of one that has begun the note can still be written.
        Proposed | Booked if unmoved && kept.is_some_and(|(from, _)| from == to) => Ok(()),
        Proposed | Booked if time.starts_at <= now => Err(WrongTime::InPast),
        Proposed | Booked if time.starts_at - now > TimeDelta::days(DAYS_AHEAD) => {
            Err(WrongTime::TooFarAhead)
        }
        Proposed | Booked => Ok(()),
        Fulfilled | NoShow | Cancelled if !unmoved => Err(WrongTime::Fixed),
        Fulfilled | NoShow if time.starts_at > now => Err(WrongTime::NotYet),
        Fulfilled | NoShow | Cancelled => Ok(()),
    }
}

const fn said_of(status: AppointmentStatus) -> Option<ReferralSubStatus> {
    match status {
        Proposed => Some(ReferralSubStatus::AppointmentOffered),
        Booked => Some(ReferralSubStatus::AppointmentConfirmed),
        NoShow => Some(ReferralSubStatus::NoShow),
        Fulfilled | Cancelled => None,
    }
}

/// What a referral waits for once an appointment has come to a status. One that was kept or cancelled leaves what its
/// other appointments say, and nothing else of what an appointment said; whatever else was said stays.
pub fn waiting_after(
    waiting: Waiting,
    to: AppointmentStatus,
    others: &[AppointmentStatus],
) -> Waiting {
    let said = said_of(to);
    if said.is_some() {
        return waiting.moved(said);
    }
    let of_appointment = [Proposed, Booked, NoShow].map(said_of);
    if waiting.beneath().is_none() || !of_appointment.contains(&waiting.beneath()) {
        return waiting;
    }
    let to_come = [Booked, Proposed]
        .into_iter()
        .find(|status| others.contains(status));
    waiting.moved(to_come.and_then(said_of))
}

/// Where an appointment stands when its referral closes, or goes to another owner: what was still to come does not take
/// place.
pub fn standing(
    status: AppointmentStatus,
    starts_at: DateTime<Utc>,
    of_owner: bool,
    closed_at: Option<DateTime<Utc>>,
) -> AppointmentStatus {
    let given_up = !of_owner || closed_at.is_some_and(|closed| starts_at > closed);
    match status {
        Proposed | Booked if given_up => Cancelled,
        Proposed | Booked | Fulfilled | NoShow | Cancelled => status,
    }
}

#[cfg(test)]
mod tests;
