//! Days on which organizations in Ontario answer, and the calendar of America/Toronto by which months and due dates are
//! counted. It owns the list of holidays and must not read a clock or a file.
//!
//! A business day is a Monday to Friday that is not one of the nine public holidays of the Employment Standards Act,
//! 2000, s. 1. The Civic Holiday, Easter Monday, Remembrance Day and the National Day for Truth and Reconciliation are
//! not among them. The four holidays of a fixed date (New Year's Day, Canada Day, Christmas Day, Boxing Day) that fall
//! on a Saturday or Sunday are observed on the next weekday that is not a holiday itself, as offices in Ontario do and
//! O. Reg. 175/15, s. 1 writes down; so a Christmas on a Saturday closes the Monday and the Tuesday.
use std::{collections::BTreeSet, str::FromStr};

use chrono::{
    DateTime, Datelike, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset,
    TimeZone, Timelike, Utc, Weekday,
};
use chrono_tz::{America::Toronto, Tz};

/// No answer is awaited longer than this; it bounds the walk whatever a configuration says.
const MOST_DAYS: u32 = 2_600;

/// Days besides the public holidays on which nobody answers: one date a line, with a note after a `#` where one is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closures(BTreeSet<NaiveDate>);

/// A line of closures that is no date.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no date such as 2026-12-24")]
pub struct BadClosure {
    pub line: usize,
}

impl FromStr for Closures {
    type Err = BadClosure;

    fn from_str(text: &str) -> Result<Self, BadClosure> {
        let mut days = BTreeSet::new();
        for (place, line) in text.lines().enumerate() {
            let date = line.split('#').next().unwrap_or_default().trim();
            if !date.is_empty() {
                days.insert(date.parse().map_err(|_| BadClosure { line: place + 1 })?);
            }
        }
        Ok(Self(days))
    }
}

/// The moment that lies `days` business days after `sent_at`, at the same time of day in Toronto.
///
/// The day of sending never counts, nor does a day that is no business day: what is sent on a Saturday with one day to
/// answer is due on Monday at that time.
pub fn due_at(sent_at: DateTime<Utc>, days: u32, closures: &Closures) -> DateTime<Utc> {
    let sent = toronto_time(sent_at);
    let mut date = sent.date();
    for _ in 0..days.min(MOST_DAYS) {
        date = next_business_day(date, closures);
    }
    if date == sent.date() {
        return sent_at;
    }
    instant(Toronto, date.and_time(sent.time()))
}

/// Whether organizations answer on this day.
pub fn is_business_day(date: NaiveDate) -> bool {
    is_weekday(date) && !observed_holidays(date.year()).contains(&Some(date))
}

/// The date in Toronto at this moment.
pub fn toronto_date(at: DateTime<Utc>) -> NaiveDate {
    toronto_time(at).date()
}

/// The first day of the month that it is in Toronto at this moment.
pub fn toronto_month(at: DateTime<Utc>) -> NaiveDate {
    let date = toronto_date(at);
    date.with_day(1).unwrap_or(date)
}

/// The first moment of a day in Toronto.
pub fn toronto_midnight(day: NaiveDate) -> DateTime<Utc> {
    instant(Toronto, day.and_time(NaiveTime::MIN))
}

/// The local time in Toronto, without chrono's panic at the two ends of its calendar.
fn toronto_time(at: DateTime<Utc>) -> NaiveDateTime {
    let utc = at.naive_utc();
    let offset = Toronto.offset_from_utc_datetime(&utc).fix();
    utc.checked_add_offset(offset).unwrap_or(utc)
}

/// The moment at which clocks in a zone show this time: the earlier one where they show it twice; where they skip it,
/// the first minute after the gap.
fn instant(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.to_utc(),
        LocalResult::None => (1..=180)
            .filter_map(|minutes| {
                local
                    .with_second(0)?
                    .with_nanosecond(0)?
                    .checked_add_signed(Duration::minutes(minutes))
            })
            .find_map(|later| zone.from_local_datetime(&later).earliest())
            .map_or_else(|| local.and_utc(), |at| at.to_utc()),
    }
}

/// Ends at the end of chrono's calendar, where there is no next day.
fn next_business_day(after: NaiveDate, closures: &Closures) -> NaiveDate {
    let mut date = after;
    while let Some(next) = date.succ_opt() {
        date = next;
        if is_business_day(date) && !closures.0.contains(&date) {
            break;
        }
    }
    date
}

fn is_weekday(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The nine public holidays of a year, each on the day on which it is observed.
fn observed_holidays(year: i32) -> [Option<NaiveDate>; 9] {
    let mut holidays = [
        NaiveDate::from_weekday_of_month_opt(year, 2, Weekday::Mon, 3), // Family Day
        easter(year).and_then(|sunday| sunday.checked_sub_days(Days::new(2))), // Good Friday
        // Victoria Day: the Monday before 25 May.
        NaiveDate::from_ymd_opt(year, 5, 24).and_then(|last| {
            last.checked_sub_days(Days::new(last.weekday().num_days_from_monday().into()))
        }),
        NaiveDate::from_weekday_of_month_opt(year, 9, Weekday::Mon, 1), // Labour Day
        NaiveDate::from_weekday_of_month_opt(year, 10, Weekday::Mon, 2), // Thanksgiving
        NaiveDate::from_ymd_opt(year, 1, 1),                            // New Year's Day
        NaiveDate::from_ymd_opt(year, 7, 1),                            // Canada Day
        NaiveDate::from_ymd_opt(year, 12, 25),                          // Christmas Day
        NaiveDate::from_ymd_opt(year, 12, 26),                          // Boxing Day
    ];
    for index in 0..holidays.len() {
        let mut observed = holidays[index];
        while let Some(date) = observed
            && (!is_weekday(date) || (observed != holidays[index] && holidays.contains(&observed)))
        {
            observed = date.succ_opt();
        }
        holidays[index] = observed;
    }
    holidays
}

/// Easter Sunday in the Gregorian calendar, by the anonymous algorithm (J. Meeus, Astronomical Algorithms, ch. 8).
fn easter(year: i32) -> Option<NaiveDate> {
    let golden = year.rem_euclid(19);
    let (century, rest) = (year.div_euclid(100), year.rem_euclid(100));
    let moon_correction = (8 * century + 13) / 25;
    let epact = (19 * golden + century - century / 4 - moon_correction + 15).rem_euclid(30);
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4).rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(
        year,
        u32::try_from(days / 31).ok()?,
        u32::try_from(days % 31 + 1).ok()?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toronto(text: &str) -> DateTime<Utc> {
        let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time");
        Toronto
            .from_local_datetime(&local)
            .single()
            .expect("a time that clocks show once")
            .to_utc()
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    #[track_caller]
    fn due(sent: &str, days: u32, expected: &str) {
        assert_eq!(
            due_at(toronto(sent), days, &Closures::default()),
            toronto(expected),
            "{days} business days after {sent}"
        );
    }

    #[test]
    fn an_answer_within_the_week_is_due_at_the_same_time_of_day() {
        due("2025-06-03 09:30", 1, "2025-06-04 09:30");
        due("2025-06-02 16:45", 4, "2025-06-06 16:45");
    }

    #[test]
    fn no_days_leave_the_moment_as_it_is() {
        due("2025-06-07 11:00", 0, "2025-06-07 11:00");
    }

    #[test]
    fn weekends_do_not_count() {
        due("2025-06-06 17:00", 1, "2025-06-09 17:00");
        due("2025-06-03 10:00", 5, "2025-06-10 10:00");
        due("2025-06-07 23:59", 1, "2025-06-09 23:59");
        due("2025-06-08 00:00", 1, "2025-06-09 00:00");
    }

    #[test]
    fn the_day_of_sending_is_the_one_in_toronto_not_in_utc() {
        // 21:00 on Thursday in Toronto is Friday in UTC: one day later it is Friday there, not Monday.
        due("2025-06-05 21:00", 1, "2025-06-06 21:00");
    }

    #[test]
    fn long_weekends_do_not_count() {
        due("2025-02-14 12:00", 1, "2025-02-18 12:00"); // Family Day
        due("2025-04-17 12:00", 1, "2025-04-21 12:00"); // Good Friday; Easter Monday is a business day
        due("2025-05-16 12:00", 1, "2025-05-20 12:00"); // Victoria Day
        due("2025-06-30 12:00", 1, "2025-07-02 12:00"); // Canada Day
        due("2025-08-29 12:00", 5, "2025-09-08 12:00"); // Labour Day
        due("2025-10-10 12:00", 1, "2025-10-14 12:00"); // Thanksgiving
        due("2025-12-24 12:00", 5, "2026-01-05 12:00"); // Christmas, Boxing Day, a weekend, New Year's Day
    }

    #[test]
    fn a_fixed_holiday_on_a_weekend_is_observed_on_the_next_free_weekday() {
        let closed = |year: i32| {
            let mut days: Vec<_> = observed_holidays(year)
                .into_iter()
                .flatten()
                .map(|day| day.to_string())
                .collect();
            days.sort();
            days
        };
        // Christmas on a Saturday, on a Sunday, on a Friday; New Year's Day and Canada Day on weekends.
        assert!(closed(2021).ends_with(&["2021-12-27".into(), "2021-12-28".into()]));
        assert!(closed(2022).ends_with(&["2022-12-26".into(), "2022-12-27".into()]));
        assert!(closed(2020).ends_with(&["2020-12-25".into(), "2020-12-28".into()]));
        assert!(closed(2022).contains(&"2022-01-03".into()));
        assert!(closed(2028).contains(&"2028-07-03".into()));
        due("2021-12-24 08:00", 1, "2021-12-29 08:00");
    }

    #[test]
    fn closures_are_read_line_by_line_and_do_not_count() {
        let text = "# A storm, and an inventory.\n2025-06-04\n\n  2025-06-05 # Thursday\n";
        let closures: Closures = text.parse().expect("closures");
        assert_eq!(
            due_at(toronto("2025-06-03 09:30"), 1, &closures),
            toronto("2025-06-06 09:30")
        );
        assert_eq!(
            "2025-06-04\nnext Friday".parse::<Closures>(),
            Err(BadClosure { line: 2 })
        );
    }

    #[test]
    fn every_year_has_nine_holidays_on_nine_weekdays() {
        for year in 1900..2200 {
            let mut days: Vec<_> = observed_holidays(year).into_iter().flatten().collect();
            days.sort();
            days.dedup();
            assert_eq!(days.len(), 9, "{year}");
            assert!(
                days.iter()
                    .all(|day| is_weekday(*day) && day.year() == year),
                "{year}"
            );
        }
    }

    #[test]
    fn easter_falls_where_the_almanac_says() {
        for known in [
            "1961-04-02",
            "2000-04-23",
            "2008-03-23",
            "2024-03-31",
            "2025-04-20",
            "2038-04-25",
            "2285-03-22",
        ] {
            assert_eq!(easter(date(known).year()), Some(date(known)));
        }
    }

    #[test]
    fn the_time_of_day_stays_the_same_when_the_clocks_change() {
        due("2025-03-07 09:00", 1, "2025-03-10 09:00");
        due("2025-10-31 09:00", 1, "2025-11-03 09:00");
        assert_eq!(
            due_at(toronto("2025-03-07 09:00"), 1, &Closures::default())
                - toronto("2025-03-07 09:00"),
            Duration::hours(71)
        );
        assert_eq!(
            due_at(toronto("2025-10-31 09:00"), 1, &Closures::default())
                - toronto("2025-10-31 09:00"),
            Duration::hours(73)
        );
    }

    #[test]
    fn a_time_that_the_clocks_skip_becomes_the_first_minute_after_the_gap() {
        let skipped = NaiveDateTime::parse_from_str("2025-03-09 02:30:15", "%Y-%m-%d %H:%M:%S")
            .expect("a time");
        assert_eq!(instant(Toronto, skipped), toronto("2025-03-09 03:00"));
    }

    #[test]
    fn a_time_that_the_clocks_show_twice_is_the_earlier_one() {
        let twice =
            NaiveDateTime::parse_from_str("2025-11-02 01:30", "%Y-%m-%d %H:%M").expect("a time");
        assert_eq!(
            instant(Toronto, twice),
            toronto("2025-11-02 00:30") + Duration::hours(1)
        );
    }

    #[test]
    fn months_and_dates_are_those_of_toronto() {
        let late_on_the_last_day = toronto("2025-01-31 23:30");
        assert_eq!(
            late_on_the_last_day.date_naive(),
            date("2025-02-01"),
            "already February in UTC"
        );
        assert_eq!(toronto_date(late_on_the_last_day), date("2025-01-31"));
        assert_eq!(toronto_month(late_on_the_last_day), date("2025-01-01"));
        assert_eq!(
            toronto_month(toronto("2025-02-01 00:00")),
            date("2025-02-01")
        );
    }

    #[test]
    fn no_moment_and_no_number_of_days_panics() {
        for at in [
            DateTime::<Utc>::MIN_UTC,
            DateTime::<Utc>::MAX_UTC,
            DateTime::UNIX_EPOCH,
        ] {
            for days in [0, 1, u32::MAX] {
                let due = due_at(at, days, &Closures::default());
                assert!(
                    due >= at || at == DateTime::<Utc>::MAX_UTC,
                    "{due} lies before {at}"
                );
            }
            assert_eq!(toronto_month(at).day(), 1);
        }
    }
}
