//! The scalars of the contract. Times go out in UTC to the microsecond or less, as RFC 3339 says; dates as `YYYY-MM-DD`.
use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{NaiveDate, SecondsFormat, SubsecRound, Utc};

/// A time: RFC 3339, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime(pub chrono::DateTime<Utc>);

#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("expected a time as RFC 3339 says"));
        };
        let time = chrono::DateTime::parse_from_rfc3339(&text)
            .map_err(|_| InputValueError::custom("expected a time as RFC 3339 says"))?;
        Ok(Self(time.to_utc().trunc_subsecs(6)))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

/// A day of the calendar: YYYY-MM-DD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date(pub NaiveDate);

#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("expected a date as YYYY-MM-DD"));
        };
        match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
            // The parser takes shorter spellings as well.
            Ok(date) if text.len() == 10 => Ok(Self(date)),
            _ => Err(InputValueError::custom("expected a date as YYYY-MM-DD")),
        }
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
