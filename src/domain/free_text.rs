//! What free text must not say: a social insurance number, or a fact that names the claimant. Pure.
use std::collections::HashSet;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The letters and digits of a text, without case and accents, in words.
pub fn words(text: &str) -> Vec<String> {
    text.nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a text is longer than it may be. Letters that stand for many (a ligature, a whole phrase in one sign) are
/// taken apart to be looked at, so that counting them as one would bound nothing.
pub fn is_longer_than(text: &str, limit: usize) -> bool {
    text.chars().count() > limit || text.nfkc().take(2 * limit + 1).count() > 2 * limit
}

/// The most that may part the threes of a number.
const WIDEST_PART: usize = 3;

/// Whether nine digits stand alone in `text` (in a row, or in threes parted by spaces, dots, slashes or dashes of any
/// kind) and pass the check of a social insurance number (the Luhn formula).
pub fn has_sin(text: &str) -> bool {
    let letters: Vec<char> = text
        .nfkc()
        .filter(|letter| !is_invisible(*letter))
        .collect();
    (0..letters.len()).any(|start| sin_at(&letters, start))
}

/// The zeros of the scripts that write numbers with ten digits in a row; forms of Latin ones are brought to these by
/// compatibility (Unicode, general category Nd).
const ZEROS: [char; 30] = [
    '0', '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '෦', '๐', '໐', '༠', '၀', '႐',
    '០', '᠐', '᥆', '᧐', '᭐', '᮰', '᱀', '᱐', '꘠', '꣐', '꯰',
];

/// The value of a decimal digit.
fn digit(letter: char) -> Option<u32> {
    ZEROS
        .iter()
        .filter_map(|zero| u32::from(letter).checked_sub(u32::from(*zero)))
        .find(|value| *value < 10)
}

/// What is written and not seen: soft hyphens, joiners, marks of direction.
const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// What stands between the threes of a number beside spaces: points, slashes, and dashes (Unicode, general category Pd, with
/// the signs that look like one).
const PARTS: &str = ".,/\\_'·•⁄∕~-‐‑‒–—―−⁃֊־᐀᠆¯⸗⸚⸺⸻〜〰ー─━︱︲";

fn sin_at(letters: &[char], start: usize) -> bool {
    let joins = |letter: char| letter.is_alphanumeric();
    if start > 0 && letters.get(start - 1).is_some_and(|before| joins(*before)) {
        return false;
    }
    let mut digits = Vec::with_capacity(9);
    let mut at = start;
    while digits.len() < 9 {
        match letters.get(at).copied().and_then(digit) {
            Some(digit) => digits.push(digit),
            None => return false,
        }
        at += 1;
        if digits.len() % 3 == 0 && digits.len() < 9 {
            let rest = letters[at..].iter().take(WIDEST_PART);
            let parts = |letter: &&char| letter.is_whitespace() || PARTS.contains(**letter);
            at += rest.take_while(parts).count();
        }
    }
    if letters.get(at).is_some_and(|after| joins(*after)) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// The facts about a claimant that no summary may tell.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Names, contact points and identifiers, as they were given.
    pub texts: Vec<String>,
    pub birth_date: Option<chrono::NaiveDate>,
}

/// The words of a text without what parts them, and where each begins and ends: a telephone number and a hyphenated name
/// are parted in many ways.
struct Said {
    letters: String,
    bounds: HashSet<usize>,
}

impl Said {
    fn of(text: &str) -> Self {
        let mut said = Self {
            letters: String::new(),
            bounds: HashSet::from([0]),
        };
        for word in words(text) {
            said.letters.push_str(&word);
            said.bounds.insert(said.letters.len());
        }
        said
    }

    /// Whether a fact stands there as whole words. In one go over the text (after Knuth, Morris and Pratt), whatever the
    /// two have in common.
    fn tells(&self, fact: &str) -> bool {
        let fact = words(fact).concat();
        if fact.chars().nth(1).is_none() || fact.len() > self.letters.len() {
            return false;
        }
        let (fact, letters) = (fact.as_bytes(), self.letters.as_bytes());
        let again = repeats(fact);
        let mut same = 0;
        for (place, letter) in letters.iter().enumerate() {
            while same > 0 && fact.get(same) != Some(letter) {
                same = again[same - 1];
            }
            if fact.get(same) == Some(letter) {
                same += 1;
            }
            let end = place + 1;
            if same == fact.len()
                && self.bounds.contains(&end)
                && self.bounds.contains(&(end - same))
            {
                return true;
            }
        }
        false
    }
}

/// For each beginning of a text, the length of the longest shorter beginning that it ends with.
fn repeats(text: &[u8]) -> Vec<usize> {
    let mut repeats = vec![0; text.len()];
    let mut same = 0;
    for (place, letter) in text.iter().enumerate().skip(1) {
        while same > 0 && text[same] != *letter {
            same = repeats[same - 1];
        }
        if text[same] == *letter {
            same += 1;
        }
        repeats[place] = same;
    }
    repeats
}

/// Whether `text` tells one of the facts: a name or value as whole words, or a birth date in a usual spelling.
pub fn identifies(text: &str, known: &Known) -> bool {
    let said = Said::of(text);
    let dated = known.birth_date.is_some_and(|date| {
        [
            "%Y-%m-%d",
            "%d/%m/%Y",
            "%m/%d/%Y",
            "%B %-d %Y",
            "%-d %B %Y",
            "%-d/%-m/%Y",
            "%-m/%-d/%Y",
        ]
        .iter()
        .any(|spelling| said.tells(&date.format(spelling).to_string()))
    });
    dated || known.texts.iter().any(|fact| said.tells(fact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_passes_the_sin_check_is_found_standing_alone() {
        // 046 454 286 is the number that the standard examples use.
        for text in [
            "046454286",
            "SIN: 046-454-286.",
            "his 046 454 286, see",
            "０４６４５４２８６",
            "٠٤٦ ٤٥٤ ٢٨٦",
            "046\u{a0}454\u{a0}286",
            "046\u{2010}454\u{2010}286",
            "046\u{2011}454\u{2011}286",
            "046\u{2013}454\u{2014}286",
            "046\u{2212}454\u{2212}286",
            "046\t454\t286",
            "046\n454\r\n286",
            "046/454/286",
            "046 - 454 - 286",
            "046,454,286",
            "046\u{2009}454\u{202f}286",
            "046\u{ff0d}454\u{fe58}286",
            "04\u{200b}64\u{ad}54286",
            "೦೪೬ ೪೫೪ ೨೮೬",
            "๐๔๖-๔๕๔-๒๘๖",
        ] {
            assert!(has_sin(text), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "046454287",
            "1046454286",
            "046454286a",
            "416 555 0100",
            "046 454 2860",
            "0 464 542 86",
            "000000000",
            "",
        ] {
            assert!(!has_sin(text), "{text}");
        }
    }

    fn known() -> Known {
        Known {
            texts: vec!["Testa-Lina".into(), "Specimen".into(), "+1 555-0100".into()],
            birth_date: chrono::NaiveDate::from_ymd_opt(1990, 2, 3),
        }
    }

    #[test]
    fn a_summary_that_tells_a_name_contact_or_birth_date_is_found() {
        for text in [
            "Ms SPECIMEN needs a bed",
            "ask for testa lina",
            "call 1 555 0100 today",
            "born 1990-02-03",
            "born 3 February 1990",
            "née Spécimen",
        ] {
            assert!(identifies(text, &known()), "{text}");
        }
    }

    #[test]
    fn a_summary_that_tells_none_of_them_passes() {
        for text in ["A family of four needs a bed", "specimens", "1990", ""] {
            assert!(!identifies(text, &known()), "{text}");
        }
    }

    #[test]
    fn words_parted_otherwise_are_found_wherever_they_stand() {
        let known = |text: &str| Known {
            texts: vec![text.into()],
            birth_date: None,
        };
        for (fact, text) in [
            ("aab", "a aab"),
            ("aab", "aa aab b"),
            ("abab", "ab ab ab"),
            ("aa", "a aa aaa"),
            ("a b", "xab ab"),
        ] {
            assert!(identifies(text, &known(fact)), "{fact} in {text}");
        }
        for (fact, text) in [
            ("aab", "aaab"),
            ("aa", "aaaa a"),
            ("ab", "xab abx"),
            ("ab", "a"),
        ] {
            assert!(!identifies(text, &known(fact)), "{fact} in {text}");
        }
    }

    #[test]
    fn a_text_made_to_be_long_to_look_at_is_looked_at_soon() {
        // One letter that stands for eighteen, in four words.
        let phrase = "\u{fdfa}";
        let known = Known {
            texts: vec![phrase.repeat(299) + "x"; 420],
            birth_date: None,
        };
        let began = std::time::Instant::now();
        assert!(!identifies(&phrase.repeat(4_000), &known));
        // A tenth of this as it is; a thousand times as much where every word begins the comparison anew.
        assert!(began.elapsed() < std::time::Duration::from_secs(60));
    }

    #[test]
    fn letters_that_stand_for_many_count_as_many() {
        assert!(!is_longer_than(&"…".repeat(6), 10));
        assert!(!is_longer_than(&"한".repeat(10), 10));
        assert!(is_longer_than(&"a".repeat(11), 10));
        assert!(is_longer_than(&"\u{fdfa}".repeat(2), 10));
    }
}
