//! One object of the input, read field by field: lenient about spelling (numbers as text and the reverse, blanks for
//! absent), strict about type and length. What the object lacks it says as a refusal, what it doubts as a warning.
use chrono::{DateTime, NaiveDate, NaiveDateTime, SubsecRound, Utc};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::{
    Kind, Place,
    report::{RejectReason, Warning, WarningReason},
};

/// The longest id taken. HSDS asks for UUIDs; directories in use have others.
pub(super) const MAXIMUM_ID: usize = 200;
/// The longest name, address line or other short text taken.
pub(super) const MAXIMUM_NAME: usize = 300;
/// The longest description taken.
pub(super) const MAXIMUM_DESCRIPTION: usize = 20_000;
/// The longest address of a page taken.
const MAXIMUM_URL: usize = 2_000;
/// RFC 5321, section 4.5.3.1: a path of 256 octets with its angle brackets.
const MAXIMUM_EMAIL: usize = 254;

type Read<T> = Result<Option<T>, RejectReason>;

/// The fields of one object. What is read is taken out; what remains at the end nobody asked for.
pub(super) struct Fields {
    pub(super) kind: Kind,
    pub(super) place: Place,
    /// The id, once it has been read.
    pub(super) id: Option<String>,
    values: Map<String, Value>,
    pub(super) warnings: Vec<Warning>,
}

impl Fields {
    pub(super) fn new(kind: Kind, place: Place, values: Map<String, Value>) -> Self {
        Self {
            kind,
            place,
            id: None,
            values,
            warnings: Vec::new(),
        }
    }

    /// The names of what was not read and is not blank.
    pub(super) fn unread(&self) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .filter(|(_, value)| !is_blank(value))
            .map(|(name, _)| name.as_str())
    }

    /// Says that a field is taken otherwise than it stands.
    pub(super) fn warn(&mut self, field: &'static str, reason: WarningReason) {
        self.warnings.push(Warning {
            place: self.place.clone(),
            kind: self.kind,
            id: self.id.clone(),
            field: Some(field),
            reason,
        });
    }

    /// The object's own id.
    pub(super) fn own_id(&mut self) -> Result<String, RejectReason> {
        let id = self
            .reference("id")?
            .ok_or(RejectReason::Missing { field: "id" })?;
        self.id = Some(id.clone());
        Ok(id)
    }

    /// The id of another object.
    pub(super) fn reference(&mut self, field: &'static str) -> Read<String> {
        let Some(text) = self.raw(field)? else {
            return Ok(None);
        };
        let text = text.trim();
        if text.chars().any(char::is_control) {
            return Err(RejectReason::Invalid { field });
        }
        bounded(text.to_owned(), field, MAXIMUM_ID).map(|id| Some(canonical(id)))
    }

    /// A short text.
    pub(super) fn name(&mut self, field: &'static str) -> Read<String> {
        self.text(field, MAXIMUM_NAME)
    }

    /// A long text.
    pub(super) fn description(&mut self, field: &'static str) -> Read<String> {
        self.text(field, MAXIMUM_DESCRIPTION)
    }

    fn text(&mut self, field: &'static str, maximum: usize) -> Read<String> {
        let Some(text) = self.raw(field)? else {
            return Ok(None);
        };
        let text = cleaned(&text);
        if text.is_empty() {
            return Ok(None);
        }
        bounded(text, field, maximum).map(Some)
    }

    /// A number.
    pub(super) fn number(&mut self, field: &'static str) -> Read<f64> {
        let Some(text) = self.raw(field)? else {
            return Ok(None);
        };
        let number = text
            .trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite());
        if number.is_none() {
            self.warn(field, WarningReason::Invalid);
        }
        Ok(number)
    }

    /// A whole number within a range.
    pub(super) fn whole(
        &mut self,
        field: &'static str,
        range: std::ops::RangeInclusive<i32>,
    ) -> Read<i32> {
        let Some(number) = self.number(field)? else {
            return Ok(None);
        };
        if number.fract() != 0.0 {
            self.warn(field, WarningReason::Invalid);
            return Ok(None);
        }
        if number < f64::from(*range.start()) || number > f64::from(*range.end()) {
            self.warn(field, WarningReason::OutOfRange);
            return Ok(None);
        }
        // Whole and within the range of an i32, so that nothing is cut off.
        Ok(Some(number as i32))
    }

    /// A whole number within a range, without which the object says nothing.
    pub(super) fn required_whole(
        &mut self,
        field: &'static str,
        range: std::ops::RangeInclusive<i32>,
    ) -> Result<i32, RejectReason> {
        let doubts = self.warnings.len();
        self.whole(field, range)?
            .ok_or(if self.warnings.len() > doubts {
                RejectReason::Invalid { field }
            } else {
                RejectReason::Missing { field }
            })
    }

    /// A time. Without an offset it is taken for UTC, a date alone for its first moment.
    pub(super) fn moment(&mut self, field: &'static str) -> Read<DateTime<Utc>> {
        let Some(text) = self.raw(field)? else {
            return Ok(None);
        };
        let moment = moment(text.trim());
        if moment.is_none() {
            self.warn(field, WarningReason::Invalid);
        }
        Ok(moment)
    }

    /// An e-mail address.
    pub(super) fn email(&mut self, field: &'static str) -> Read<String> {
        self.checked(field, is_email)
    }

    /// The address of a page.
    pub(super) fn page(&mut self, field: &'static str) -> Read<String> {
        self.checked(field, |text| has_scheme(text, &["http", "https"]))
    }

    /// An identifier in the form of a URI.
    pub(super) fn uri(&mut self, field: &'static str) -> Read<String> {
        self.checked(field, |text| has_scheme(text, &["http", "https", "urn"]))
    }

    /// A text that is left out when it is not what it should be.
    fn checked(&mut self, field: &'static str, is_valid: impl Fn(&str) -> bool) -> Read<String> {
        let Some(text) = self.raw(field)? else {
            return Ok(None);
        };
        let text = text.trim();
        if is_valid(text) {
            return Ok(Some(text.to_owned()));
        }
        self.warn(field, WarningReason::Invalid);
        Ok(None)
    }

    /// The value as text; nothing when it is absent, null or blank.
    fn raw(&mut self, field: &'static str) -> Read<String> {
        match self.values.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Err(RejectReason::WrongType { field })
            }
        }
    }
}

/// Whether a value says nothing.
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// The id that an object gives itself, without judging it; for naming it in a report and linking its parts.
pub(super) fn id_of(object: &Map<String, Value>) -> Option<String> {
    let id = match object.get("id")? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let fits =
        !id.is_empty() && id.chars().count() <= MAXIMUM_ID && !id.chars().any(char::is_control);
    fits.then(|| canonical(id))
}

/// The same UUID is the same id in either case; any other id is kept letter by letter.
fn canonical(id: String) -> String {
    if id.len() == 36 && Uuid::try_parse(&id).is_ok() {
        return id.to_ascii_lowercase();
    }
    id
}

fn bounded(text: String, field: &'static str, maximum: usize) -> Result<String, RejectReason> {
    if text.chars().nth(maximum).is_some() {
        return Err(RejectReason::TooLong { field, maximum });
    }
    Ok(text)
}

/// Without the blanks around it and the control characters in it: PostgreSQL refuses a NUL in a text.
fn cleaned(text: &str) -> String {
    text.trim()
        .replace("\r\n", "\n")
        .chars()
        .filter(|character| matches!(character, '\n' | '\t') || !character.is_control())
        .collect()
}

fn moment(text: &str) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(text)
        .map(|moment| moment.to_utc())
        .ok()
        .or_else(|| {
            ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"]
                .iter()
                .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
                .map(|moment| moment.and_utc())
        })
        .or_else(|| {
            let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(date.and_hms_opt(0, 0, 0)?.and_utc())
        })?;
    Some(moment.trunc_subsecs(6))
}

fn is_email(text: &str) -> bool {
    let is_plain = |character: char| !character.is_whitespace() && !character.is_control();
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    text.len() <= MAXIMUM_EMAIL
        && text.chars().all(is_plain)
        && !local.is_empty()
        && !local.contains(['@', '<', '>', ',', ';', ':'])
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
        && domain
            .chars()
            .all(|character| character.is_alphanumeric() || matches!(character, '.' | '-'))
}

fn has_scheme(text: &str, schemes: &[&str]) -> bool {
    text.len() <= MAXIMUM_URL
        && !text
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
        && Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn fields(value: Value) -> Fields {
        let values = value.as_object().expect("an object").clone();
        Fields::new(Kind::Service, Place::file(&Arc::from("a.json")), values)
    }

    #[test]
    fn numbers_are_read_as_text_and_text_as_numbers() {
        let mut fields = fields(json!({"name": 12, "minimum_age": "16", "maximum_age": 65.0}));
        assert_eq!(fields.name("name"), Ok(Some("12".into())));
        assert_eq!(fields.whole("minimum_age", 0..=150), Ok(Some(16)));
        assert_eq!(fields.whole("maximum_age", 0..=150), Ok(Some(65)));
        assert!(fields.warnings.is_empty());
    }

    #[test]
    fn a_number_that_is_none_or_out_of_range_is_left_out_with_a_warning() {
        let mut fields = fields(json!({"a": "18+", "b": 151, "c": 0.5, "d": "NaN", "e": 1e300}));
        for field in ["a", "b", "c", "d", "e"] {
            assert_eq!(fields.whole(field, 0..=150), Ok(None));
        }
        let reasons: Vec<_> = fields
            .warnings
            .iter()
            .map(|warning| warning.reason)
            .collect();
        assert_eq!(
            reasons,
            [
                WarningReason::Invalid,
                WarningReason::OutOfRange,
                WarningReason::Invalid,
                WarningReason::Invalid,
                WarningReason::OutOfRange
            ]
        );
    }

    #[test]
    fn a_list_or_a_truth_value_is_no_text() {
        let mut fields = fields(json!({"name": ["a"], "alert": true}));
        assert_eq!(
            fields.name("name"),
            Err(RejectReason::WrongType { field: "name" })
        );
        assert_eq!(
            fields.description("alert"),
            Err(RejectReason::WrongType { field: "alert" })
        );
    }

    #[test]
    fn a_text_is_bounded_in_characters_not_bytes() {
        let mut fields =
            fields(json!({"name": "é".repeat(300), "alternate_name": "é".repeat(301)}));
        assert_eq!(fields.name("name"), Ok(Some("é".repeat(300))));
        assert_eq!(
            fields.name("alternate_name"),
            Err(RejectReason::TooLong {
                field: "alternate_name",
                maximum: 300
            })
        );
    }

    #[test]
    fn control_characters_leave_a_text_and_disqualify_an_id() {
        let mut fields =
            fields(json!({"name": " a\u{0}b\r\nc ", "id": "a\u{0}b", "alert": "\u{0}"}));
        assert_eq!(fields.name("name"), Ok(Some("ab\nc".into())));
        assert_eq!(fields.description("alert"), Ok(None));
        assert_eq!(fields.own_id(), Err(RejectReason::Invalid { field: "id" }));
    }

    #[test]
    fn an_id_need_not_be_a_uuid_and_a_uuid_has_one_case() {
        let mut one = fields(json!({"id": "AB-17"}));
        assert_eq!(one.own_id(), Ok("AB-17".into()));
        let mut other = fields(json!({"id": "AAAAAAAA-0000-4000-8000-00000000000F"}));
        assert_eq!(
            other.own_id(),
            Ok("aaaaaaaa-0000-4000-8000-00000000000f".into())
        );
        let mut long = fields(json!({"id": "x".repeat(201)}));
        assert_eq!(
            long.own_id(),
            Err(RejectReason::TooLong {
                field: "id",
                maximum: 200
            })
        );
    }

    #[test]
    fn a_time_is_cut_to_microseconds_and_needs_no_offset() {
        let mut fields = fields(json!({
            "a": "2024-09-25T14:23:06.1234567+01:00", "b": "2024-09-25", "c": "2024-09-25T14:23:06", "d": "soon"
        }));
        let mut read = |field| {
            fields
                .moment(field)
                .expect("readable")
                .map(|moment| moment.to_rfc3339())
        };
        assert_eq!(
            read("a").as_deref(),
            Some("2024-09-25T13:23:06.123456+00:00")
        );
        assert_eq!(read("b").as_deref(), Some("2024-09-25T00:00:00+00:00"));
        assert_eq!(read("c").as_deref(), Some("2024-09-25T14:23:06+00:00"));
        assert_eq!(read("d"), None);
    }

    #[test]
    fn an_address_that_is_none_is_left_out_with_a_warning() {
        let mut fields = fields(json!({
            "a": "desk@example.org", "b": "desk at example", "c": "https://example.org/a", "d": "javascript:alert(1)",
            "e": "urn:example:1", "f": "a@b@example.org"
        }));
        assert_eq!(fields.email("a"), Ok(Some("desk@example.org".into())));
        assert_eq!(fields.email("b"), Ok(None));
        assert_eq!(fields.page("c"), Ok(Some("https://example.org/a".into())));
        assert_eq!(fields.page("d"), Ok(None));
        assert_eq!(fields.uri("e"), Ok(Some("urn:example:1".into())));
        assert_eq!(fields.email("f"), Ok(None));
        assert_eq!(fields.warnings.len(), 3);
    }
}
