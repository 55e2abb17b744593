//! Whether two descriptions are of one person. Pure: it compares what it is given, and says which keys two descriptions of
//! one person are likely to share, so that not everybody has to be compared with everybody.
//!
//! Evidence is weighed in bits, as in record linkage after Fellegi and Sunter: how much more often two descriptions of one
//! person agree so than two of different people do. The weights were set by hand and measured on synthetic people
//! (`docs/matching.md`).
use chrono::{Datelike, NaiveDate};
use entity::{DatePrecision, MatchBand};

pub mod figures;
mod name;
#[cfg(test)]
mod tests;

pub use name::Name;

/// What is known of a person, as far as it can tell two apart.
#[derive(Clone, Debug, Default)]
pub struct Description {
    pub names: Vec<Name>,
    pub birth: Option<Birth>,
    /// Identifiers that an authority gives to one person, each with its kind.
    pub identifiers: Vec<(&'static str, String)>,
    pub gender: Option<String>,
    pub language: Option<String>,
}

/// A birth date, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Birth {
    pub date: NaiveDate,
    pub precision: DatePrecision,
}

/// From so many bits on, somebody should look.
pub const POSSIBLE: f64 = 7.0;
/// From so many bits on, it is most probably one person.
pub const LIKELY: f64 = 12.0;

/// What was found for or against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Evidence {
    Names,
    BirthDate,
    Identifier,
    Gender,
    Language,
}

/// The weight of all evidence, and what spoke for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub bits: f64,
    pub reasons: Vec<Evidence>,
}

impl Comparison {
    /// What the bits amount to; nothing where they do not suffice.
    pub fn band(&self) -> Option<MatchBand> {
        if self.bits >= LIKELY {
            Some(MatchBand::Likely)
        } else if self.bits >= POSSIBLE {
            Some(MatchBand::Possible)
        } else {
            None
        }
    }
}

/// The same identifier of one authority decides.
const SAME_IDENTIFIER: f64 = 20.0;
/// Two different ones of one kind: a wrong digit, or two people.
const OTHER_IDENTIFIER: f64 = -7.0;
const SAME_GENDER: f64 = 0.5;
const OTHER_GENDER: f64 = -2.0;
const SAME_LANGUAGE: f64 = 1.0;
/// People speak more than one.
const OTHER_LANGUAGE: f64 = -0.5;

/// Weighs whether two descriptions are of one person.
pub fn compare(one: &Description, other: &Description) -> Comparison {
    let weights = [
        (Evidence::Names, name::weight(&one.names, &other.names)),
        (Evidence::BirthDate, birth_weight(one.birth, other.birth)),
        (Evidence::Identifier, identifier_weight(one, other)),
        (
            Evidence::Gender,
            equality(&one.gender, &other.gender, SAME_GENDER, OTHER_GENDER),
        ),
        (
            Evidence::Language,
            equality(
                &one.language,
                &other.language,
                SAME_LANGUAGE,
                OTHER_LANGUAGE,
            ),
        ),
    ];
    Comparison {
        bits: weights.iter().map(|(_, bits)| bits).sum(),
        reasons: weights
            .into_iter()
            .filter(|(_, bits)| *bits > 0.0)
            .map(|(evidence, _)| evidence)
            .collect(),
    }
}

fn equality(one: &Option<String>, other: &Option<String>, same: f64, different: f64) -> f64 {
    match (one, other) {
        (Some(one), Some(other)) if one.eq_ignore_ascii_case(other) => same,
        (Some(_), Some(_)) => different,
        (None, _) | (_, None) => 0.0,
    }
}

fn identifier_weight(one: &Description, other: &Description) -> f64 {
    let mut different = false;
    for (kind, value) in &one.identifiers {
        for (_, found) in other.identifiers.iter().filter(|(of, _)| of == kind) {
            if value == found {
                return SAME_IDENTIFIER;
            }
            different = true;
        }
    }
    if different { OTHER_IDENTIFIER } else { 0.0 }
}

/// The first of January stands in many papers for a day that nobody knew.
fn is_placeholder(date: NaiveDate) -> bool {
    date.month0() == 0 && date.day0() == 0
}

fn birth_weight(one: Option<Birth>, other: Option<Birth>) -> f64 {
    let (Some(one), Some(other)) = (one, other) else {
        return 0.0;
    };
    let (a, b) = (one.date, other.date);
    let years = (a.year() - b.year()).abs();
    let to_the_day = one.precision == DatePrecision::Day && other.precision == DatePrecision::Day;
    let vague = is_placeholder(a) || is_placeholder(b) || !to_the_day;
    let swapped = a.year() == b.year() && a.month() == b.day() && a.day() == b.month();
    let same_month = a.month() == b.month();
    let year_alone = one.precision == DatePrecision::Year || other.precision == DatePrecision::Year;
    match years {
        0 if a == b && !vague => 9.0,
        0 if swapped => 6.0,
        0 if vague && same_month && !year_alone && !is_placeholder(a) => 5.0,
        0 if vague => 3.0,
        // One part written wrongly.
        0 if same_month || a.day() == b.day() => 2.5,
        0 => -1.0,
        1 if same_month && a.day() == b.day() => 4.0,
        1 | 2 if vague => 0.5,
        1..=10 if same_month && a.day() == b.day() && !vague => 0.5,
        1 => -2.0,
        2..=5 => -5.0,
        _ => -10.0,
    }
}

/// The keys of a description. Two descriptions of one person share at least one, as a rule; few others share one.
pub fn keys(description: &Description) -> Vec<String> {
    let mut keys: Vec<String> = description
        .identifiers
        .iter()
        .map(|(kind, value)| format!("i:{kind}:{value}"))
        .collect();
    let sounds = name::sounds(&description.names);
    for (place, one) in sounds.iter().enumerate() {
        // In whatever order they stand.
        for other in &sounds[place + 1..] {
            let (first, second) = if one <= other {
                (one, other)
            } else {
                (other, one)
            };
            keys.push(format!("n:{first}:{second}"));
        }
    }
    if let Some(birth) = description.birth {
        let year = birth.date.year();
        for sound in &sounds {
            keys.push(format!("y:{sound}:{year}"));
        }
        if birth.precision == DatePrecision::Day && !is_placeholder(birth.date) {
            let (month, day) = (birth.date.month(), birth.date.day());
            let (low, high) = (month.min(day), month.max(day));
            keys.push(format!("b:{year}:{low}:{high}"));
            for sound in &sounds {
                keys.push(format!("m:{sound}:{low}:{high}"));
            }
        }
    } else {
        keys.extend(sounds.iter().map(|sound| format!("s:{sound}")));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}
