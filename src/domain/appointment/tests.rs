use super::{super::referral::allowed_sub_statuses, *};

const ALL: &[AppointmentStatus] = AppointmentStatus::ALL;

fn time(starts: i64, ends: Option<i64>) -> Time {
    let at = |hour| DateTime::UNIX_EPOCH + TimeDelta::hours(hour);
    Time {
        starts_at: at(starts),
        ends_at: ends.map(at),
    }
}

#[test]
fn the_whole_table_is_this() {
    let mut table = String::new();
    for by in Relation::ALL {
        for from in std::iter::once(None).chain(ALL.iter().copied().map(Some)) {
            let from_name = from.map_or("-", AppointmentStatus::as_str);
            let to: Vec<String> = ALL
                .iter()
                .filter_map(|to| {
                    let may = next(from, *to, *by)?;
                    let only = if may == May::Status { " (status)" } else { "" };
                    Some(format!("{to}{only}"))
                })
                .collect();
            if !to.is_empty() {
                table.push_str(&format!("{by:?}: {from_name} -> {}\n", to.join(", ")));
            }
        }
    }
    assert_eq!(
        table,
        "\
Source: PROPOSED -> BOOKED (status), CANCELLED (status)
Source: BOOKED -> CANCELLED (status)
Owner: - -> PROPOSED, BOOKED
Owner: PROPOSED -> PROPOSED, BOOKED, FULFILLED, CANCELLED
Owner: BOOKED -> PROPOSED, BOOKED, FULFILLED, NO_SHOW, CANCELLED
Owner: NO_SHOW -> FULFILLED
Registering: PROPOSED -> BOOKED (status), CANCELLED (status)
Registering: BOOKED -> CANCELLED (status)
"
    );
}

#[test]
fn what_an_appointment_says_goes_with_the_status_of_its_referral() {
    for referral in ReferralStatus::ALL {
        for to in ALL {
            let said = said_of(*to);
            if goes_with(*to, *referral) {
                let allowed = allowed_sub_statuses(*referral);
                assert!(
                    said.is_none_or(|said| allowed.contains(&said)),
                    "{referral} {to}"
                );
            }
            let closed = allowed_sub_statuses(*referral).is_empty();
            assert!(!(closed && goes_with(*to, *referral)), "{referral} {to}");
        }
    }
}

#[test]
fn what_is_to_come_lies_ahead_and_what_became_of_it_behind() {
    let now = time(0, None).starts_at;
    let (ahead, behind) = (time(2, Some(3)), time(-2, None));
    for to in [Proposed, Booked] {
        assert_eq!(check_time(None, to, ahead, now), Ok(()));
        assert_eq!(check_time(None, to, behind, now), Err(WrongTime::InPast));
        let far = time(24 * DAYS_AHEAD + 1, None);
        assert_eq!(check_time(None, to, far, now), Err(WrongTime::TooFarAhead));
        assert_eq!(
            check_time(Some((to, behind)), to, behind, now),
            Ok(()),
            "its note can be written"
        );
    }
    assert_eq!(
        check_time(Some((Proposed, behind)), Booked, behind, now),
        Err(WrongTime::InPast)
    );
    for to in [Fulfilled, NoShow] {
        assert_eq!(check_time(Some((Booked, behind)), to, behind, now), Ok(()));
        assert_eq!(
            check_time(Some((Booked, ahead)), to, ahead, now),
            Err(WrongTime::NotYet)
        );
        assert_eq!(
            check_time(Some((Booked, behind)), to, time(-1, None), now),
            Err(WrongTime::Fixed)
        );
    }
    assert_eq!(
        check_time(Some((Booked, ahead)), Cancelled, ahead, now),
        Ok(())
    );
    assert_eq!(
        check_time(Some((Booked, ahead)), Cancelled, time(5, None), now),
        Err(WrongTime::Fixed)
    );
}

#[test]
fn an_appointment_ends_after_its_start_and_within_a_day() {
    let now = time(0, None).starts_at;
    let at = |ends| check_time(None, Booked, time(1, Some(ends)), now);
    for wrong in [0, 1, 26] {
        assert_eq!(at(wrong), Err(WrongTime::EndOutOfRange), "{wrong}");
    }
    for right in [2, 25] {
        assert_eq!(at(right), Ok(()), "{right}");
    }
    let never = Time {
        starts_at: DateTime::<Utc>::MAX_UTC,
        ends_at: Some(DateTime::<Utc>::MAX_UTC),
    };
    assert_eq!(
        check_time(None, Booked, never, now),
        Err(WrongTime::EndOutOfRange)
    );
}

#[test]
fn a_referral_waits_for_what_its_appointments_say() {
    use ReferralSubStatus as Sub;
    let waiting = |sub_status| Waiting {
        sub_status,
        before: None,
    };
    for (to, said) in [
        (Proposed, Sub::AppointmentOffered),
        (Booked, Sub::AppointmentConfirmed),
        (NoShow, Sub::NoShow),
    ] {
        let after = waiting_after(waiting(Some(Sub::Waitlisted)), to, &[Booked]);
        assert_eq!(after, waiting(Some(said)), "{to}");
    }
    for to in [Fulfilled, Cancelled] {
        for said in [
            Sub::AppointmentOffered,
            Sub::AppointmentConfirmed,
            Sub::NoShow,
        ] {
            let after = |others: &[_]| waiting_after(waiting(Some(said)), to, others).sub_status;
            assert_eq!(after(&[]), None);
            assert_eq!(after(&[Fulfilled, NoShow, Cancelled]), None);
            assert_eq!(after(&[Proposed]), Some(Sub::AppointmentOffered));
            assert_eq!(after(&[Proposed, Booked]), Some(Sub::AppointmentConfirmed));
        }
        for other in [Some(Sub::Enrolled), Some(Sub::Waitlisted), None] {
            assert_eq!(
                waiting_after(waiting(other), to, &[Booked]),
                waiting(other),
                "what no appointment said stays"
            );
        }
    }
    let asked = waiting(Some(Sub::AppointmentOffered)).set(Some(Sub::NeedsInformation));
    let booked = waiting_after(asked, Booked, &[]);
    assert_eq!(booked.sub_status, Some(Sub::NeedsInformation));
    assert_eq!(booked.before, Some(Sub::AppointmentConfirmed));
    assert_eq!(waiting_after(booked, Cancelled, &[]).before, None);
}

#[test]
fn what_was_still_to_come_does_not_take_place_once_its_referral_is_over() {
    let [start, earlier, later] = [10, 5, 20].map(|hour| time(hour, None).starts_at);
    for status in ALL {
        let to_come = matches!(status, Proposed | Booked);
        let gone = if to_come { Cancelled } else { *status };
        assert_eq!(standing(*status, start, true, None), *status);
        assert_eq!(standing(*status, start, true, Some(later)), *status);
        assert_eq!(standing(*status, start, true, Some(earlier)), gone);
        assert_eq!(standing(*status, start, false, None), gone);
    }
}
