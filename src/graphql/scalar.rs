//! The scalars of the contract. Times go out in UTC to the microsecond or less, as RFC 3339 says; dates as `YYYY-MM-DD`.
use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, NaiveDate, SecondsFormat, Utc};

/// The years that times and dates may lie in. Beyond them the two databases do not order alike, and no fact of this API
/// does lie there.
const YEARS: std::ops::RangeInclusive<i32> = 1850..=2199;

/// The time that a text names. A leap second is the first of the next minute: not every database knows one.
pub(super) fn time(text: &str) -> Option<chrono::DateTime<Utc>> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    chrono::DateTime::from_timestamp_micros(time.timestamp_micros())
        .filter(|time| YEARS.contains(&time.year()))
}

/// The day that a text names.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let bytes = text.as_bytes();
    // The parser takes signs, and shorter and longer spellings as well.
    let spelled = bytes.len() == 10
        && bytes.iter().enumerate().all(|(place, byte)| match place {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (spelled && YEARS.contains(&date.year())).then_some(date)
}

/// A time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub chrono::DateTime<Utc>);

/// A time: RFC 3339, in UTC, of the years 1850 to 2199.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("expected a time as RFC 3339 says"));
        };
        time(&text)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("expected a time as RFC 3339 says"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub NaiveDate);

/// A day of the calendar: YYYY-MM-DD, of the years 1850 to 2199.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("expected a date as YYYY-MM-DD"));
        };
        date(&text)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("expected a date as YYYY-MM-DD"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.format("%Y-%m-%d").to_string())
    }
}

/// A position in the journal; opaque, and good for the organization that got it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub String);

#[Scalar]
impl ScalarType for Cursor {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("expected a cursor"));
        };
        Ok(Self(text))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{date, time};

    #[test]
    fn a_day_has_one_spelling_and_lies_in_years_that_both_databases_order() {
        for text in ["1850-01-01", "2199-12-31", "2024-02-29"] {
            assert!(date(text).is_some(), "{text}");
        }
        for text in [
            "+99999-1-1",
            "+2026-01-1",
            "-001-01-01",
            "1849-12-31",
            "2200-01-01",
            "9999-12-31",
            "2026-1-001",
            "2026-1-1",
            " 2026-1-01",
            "2025-02-29",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_lies_in_years_that_both_databases_keep_and_is_cut_to_microseconds() {
        for text in [
            "9999-12-31T23:59:59-23:59",
            "2199-12-31T23:59:59-01:00",
            "1849-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
        let cut = time("2026-06-01T14:00:00.123456789Z").map(|time| time.to_rfc3339());
        assert_eq!(cut.as_deref(), Some("2026-06-01T14:00:00.123456+00:00"));
        let leap = time("2016-12-31T23:59:60Z").map(|time| time.to_rfc3339());
        assert_eq!(leap.as_deref(), Some("2017-01-01T00:00:00+00:00"));
    }
}
