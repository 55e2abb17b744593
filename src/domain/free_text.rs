//! What free text must not say: a social insurance number, or a fact that names the claimant. Pure.
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

/// Whether nine digits stand alone in `text` (in a row, or in threes parted by one space, dot or dash) and pass the
/// check of a social insurance number (the Luhn formula).
pub fn has_sin(text: &str) -> bool {
    let letters: Vec<char> = text.nfkc().collect();
    (0..letters.len()).any(|start| sin_at(&letters, start))
}

/// The value of a decimal digit of the scripts in which claimants and their helpers write numbers.
fn digit(letter: char) -> Option<u32> {
    let zero = match letter {
        // Latin; Arabic-Indic, also as Persian and Urdu write it; Devanagari; Bengali.
        '0'..='9' => '0',
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '०'..='९' => '०',
        '০'..='৯' => '০',
        _ => return None,
    };
    Some(u32::from(letter) - u32::from(zero))
}

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
        let parted = digits.len() % 3 == 0 && digits.len() < 9;
        if parted
            && matches!(
                letters.get(at),
                Some(' ' | '-' | '.' | '\u{2011}' | '\u{2013}')
            )
        {
            at += 1;
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

/// Whether `text` tells one of the facts: a name or value as whole words, or a birth date in a usual spelling.
pub fn identifies(text: &str, known: &Known) -> bool {
    let said = words(text);
    let compact = |words: &[String]| words.concat();
    let told = |fact: &str| {
        let fact = words(fact);
        let length: usize = fact.iter().map(|word| word.chars().count()).sum();
        if length < 2 {
            return false;
        }
        let whole = compact(&fact);
        // The words may be parted differently: a telephone number, a hyphenated name.
        (0..said.len()).any(|start| {
            let mut run = String::new();
            for word in &said[start..] {
                run.push_str(word);
                if run == whole {
                    return true;
                }
                if run.len() >= whole.len() {
                    return false;
                }
            }
            false
        })
    };
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
        .any(|spelling| told(&date.format(spelling).to_string()))
    });
    dated || known.texts.iter().any(|fact| told(fact))
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
}
