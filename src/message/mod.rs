//! What the gateway says to people, in English and French side by side, and in which of the two it says it. It holds
//! texts and decides nothing else; no text here carries a fact about a person.
use entity::Language;

pub mod code;
pub mod disclosure;
mod problem;

/// More ranges than any browser sends; what follows them is not read.
const MOST_RANGES: usize = 32;

/// The language that an `Accept-Language` header prefers (RFC 9110, section 12.5.4): English where it prefers neither.
///
/// A range counts for a language with any region (`fr-CA`, `en-GB`). What cannot be read counts as not being there.
pub fn negotiate(accept_language: Option<&str>) -> Language {
    let mut english = Wish::default();
    let mut french = Wish::default();
    let mut anything = Wish::default();
    let ranges = accept_language
        .unwrap_or_default()
        .split(',')
        .take(MOST_RANGES);
    for (position, range) in ranges.enumerate() {
        let mut parts = range.split(';');
        let language = parts.next().unwrap_or_default().trim();
        let Some(quality) = quality(parts.next()) else {
            continue;
        };
        let primary = language.split('-').next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") {
            english.raise(quality, position);
        } else if primary.eq_ignore_ascii_case("fr") {
            french.raise(quality, position);
        } else if language == "*" {
            anything.raise(quality, position);
        }
    }
    // `*` speaks for the languages that no other range names.
    let english = english.or(anything);
    let french = french.or(anything);
    if french.quality > english.quality
        || (french.quality == english.quality && french.position < english.position)
    {
        Language::Fr
    } else {
        Language::En
    }
}

/// How much a language is wanted, in thousandths, and where the header says so first.
#[derive(Clone, Copy, Default)]
struct Wish {
    named: bool,
    quality: u16,
    position: usize,
}

impl Wish {
    fn raise(&mut self, quality: u16, position: usize) {
        if !self.named || quality > self.quality {
            *self = Self {
                named: true,
                quality,
                position,
            };
        }
    }

    fn or(self, other: Self) -> Self {
        if self.named { self } else { other }
    }
}

/// The thousandths of a `q` parameter, 1000 without one; none where it is no quality.
fn quality(parameter: Option<&str>) -> Option<u16> {
    let Some(parameter) = parameter else {
        return Some(1000);
    };
    let (name, value) = parameter.trim().split_once('=')?;
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if !name.trim().eq_ignore_ascii_case("q")
        || fraction.len() > 3
        || !fraction.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let thousandths = format!("{fraction:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_a_wish_the_language_is_english() {
        for header in [
            None,
            Some(""),
            Some("*"),
            Some("de, es;q=0.9"),
            Some("fr;q=0"),
            Some("en;q=0, fr;q=0"),
        ] {
            assert_eq!(negotiate(header), Language::En, "{header:?}");
        }
    }

    #[test]
    fn french_of_any_region_is_french() {
        for header in [
            "fr",
            "FR",
            "fr-CA",
            "fr-ca",
            " fr-FR ",
            "fr-CA,fr;q=0.9,en-CA;q=0.8,en;q=0.7",
            "de, fr;q=0.1",
        ] {
            assert_eq!(negotiate(Some(header)), Language::Fr, "{header}");
        }
    }

    #[test]
    fn the_higher_quality_wins_and_the_first_of_two_equal_ones() {
        assert_eq!(negotiate(Some("en;q=0.8, fr;q=0.9")), Language::Fr);
        assert_eq!(negotiate(Some("fr;q=0.899, en;q=0.9")), Language::En);
        assert_eq!(negotiate(Some("fr, en")), Language::Fr);
        assert_eq!(negotiate(Some("en, fr")), Language::En);
        assert_eq!(negotiate(Some("en ; q=0.5 , fr ; Q=1.000")), Language::Fr);
    }

    #[test]
    fn a_star_speaks_for_the_language_that_is_not_named() {
        assert_eq!(negotiate(Some("en;q=0, *")), Language::Fr);
        assert_eq!(negotiate(Some("fr;q=0.5, *;q=0.8")), Language::En);
        assert_eq!(negotiate(Some("en;q=0.2, *;q=0.1")), Language::En);
    }

    #[test]
    fn what_is_no_quality_counts_as_not_being_there() {
        for broken in [
            "fr;q=2",
            "fr;q=1.5",
            "fr;q=-1",
            "fr;q=NaN",
            "fr;q=0.9999",
            "fr;q=",
            "fr;q",
            "fr;x=1",
            "fr;q=0,9",
            "french",
        ] {
            assert_eq!(negotiate(Some(broken)), Language::En, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn no_header_panics(header in ".*", shaped in "((fr|en|\\*|[a-z-]{0,8})(;q=[0-9.]{0,6})?[, ;]{0,3}){0,40}") {
            negotiate(Some(&header));
            negotiate(Some(&shaped));
        }
    }
}
