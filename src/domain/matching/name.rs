//! Names across scripts and spellings: brought to Latin letters, taken apart, and compared in any order.
use std::collections::BTreeSet;

use rphonetic::{DoubleMetaphone, Encoder};

/// A name as its parts in Latin letters without case and accents. Which part is the family's is not asked: papers and
/// clerks do not agree on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    latin: String,
    /// As it sounds, in English ears (Double Metaphone).
    sound: String,
    /// Its consonants, with those alike that one transliteration takes for another: what is left of a name that was
    /// written without vowels.
    consonants: String,
}

/// What stands before or between names and is as often left out.
const PARTICLES: [&str; 26] = [
    "al", "el", "ul", "ed", "bin", "ibn", "ben", "bint", "bent", "abu", "abou", "umm", "um", "oum",
    "de", "da", "do", "dos", "del", "della", "van", "von", "der", "den", "la", "le",
];

/// No name has more parts that would tell anything.
const MOST_PARTS: usize = 8;
/// Nor a part more letters: a script without spaces makes one part of a whole text.
const MOST_LETTERS: usize = 40;

impl Name {
    /// A name in whatever script. Transliteration is by character, so it needs no language.
    pub fn new(text: &str) -> Self {
        let latin = any_ascii::any_ascii(&dotted(text)).to_lowercase();
        let words = latin
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '\'')
            .map(|word| word.replace('\'', ""))
            .map(|word| word.chars().take(MOST_LETTERS).collect::<String>())
            .filter(|word| !word.is_empty());
        let (particles, names): (Vec<String>, Vec<String>) =
            words.partition(|word| PARTICLES.contains(&word.as_str()));
        // Somebody may have such a word for a name.
        let names = if names.is_empty() { particles } else { names };
        Self {
            parts: names.into_iter().take(MOST_PARTS).map(Part::new).collect(),
        }
    }
}

/// Devanagari marks sounds of other languages by a dot below a letter (nukta), which transliteration by character leaves
/// out.
fn dotted(text: &str) -> String {
    [
        ("\u{915}\u{93c}", "q"),
        ("\u{958}", "q"),
        ("\u{916}\u{93c}", "kh"),
        ("\u{959}", "kh"),
        ("\u{917}\u{93c}", "gh"),
        ("\u{95a}", "gh"),
        ("\u{91c}\u{93c}", "z"),
        ("\u{95b}", "z"),
        ("\u{92b}\u{93c}", "f"),
        ("\u{95e}", "f"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (letter, sound)| {
        text.replace(letter, sound)
    })
}

impl Part {
    fn new(latin: String) -> Self {
        Self {
            sound: DoubleMetaphone::new(Some(6)).encode(&latin),
            consonants: consonants(&latin),
            latin,
        }
    }

    /// From 0 for nothing in common to 1 for the same.
    fn likeness(&self, other: &Self) -> f64 {
        if self.latin == other.latin {
            return 1.0;
        }
        if self.latin.len() == 1 || other.latin.len() == 1 {
            // An initial.
            let same = self.latin.as_bytes()[0] == other.latin.as_bytes()[0];
            return if same { 0.9 } else { 0.0 };
        }
        let spelled = strsim::jaro_winkler(&self.latin, &other.latin);
        let same_bones = self.consonants.len() >= 2 && self.consonants == other.consonants;
        let same_sound = self.sound.len() >= 2 && self.sound == other.sound;
        if same_bones && same_sound {
            spelled.max(0.97)
        } else if same_bones || same_sound {
            spelled.max(0.93)
        } else {
            spelled
        }
    }
}

/// The consonants of a word, each kind once in a row.
fn consonants(latin: &str) -> String {
    let mut word = latin.to_owned();
    for (written, alike) in [
        ("sch", "s"),
        ("sh", "s"),
        // As in French, and near enough to the English one.
        ("tch", "s"),
        ("ch", "s"),
        ("kh", "k"),
        ("gh", "g"),
        ("zh", "s"),
        ("th", "t"),
        ("dh", "d"),
        ("ph", "f"),
        ("ts", "s"),
        ("dj", "g"),
    ] {
        word = word.replace(written, alike);
    }
    let mut bones = String::new();
    for letter in word.chars() {
        let kind = match letter {
            // One script writes v where another writes w, and w where a third writes u.
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' | 'w' | 'v' | 'h' => continue,
            'q' | 'c' => 'k',
            'z' => 's',
            'j' => 'g',
            'p' => 'b',
            other => other,
        };
        if !bones.ends_with(kind) {
            bones.push(kind);
        }
    }
    bones
}

/// From here on two parts are one name.
const SAME: f64 = 0.86;

/// The best way to lay the parts of one beside those of the other: how many are one name, and how alike those are.
fn aligned(one: &[&Part], other: &[&Part]) -> (usize, f64) {
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (left, part) in one.iter().enumerate() {
        for (right, found) in other.iter().enumerate() {
            let likeness = part.likeness(found);
            if likeness >= SAME {
                pairs.push((likeness, left, right));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut lefts, mut rights) = (BTreeSet::new(), BTreeSet::new());
    let mut sum = 0.0;
    for (likeness, left, right) in pairs {
        if !lefts.contains(&left) && !rights.contains(&right) {
            lefts.insert(left);
            rights.insert(right);
            sum += likeness;
        }
    }
    let count = lefts.len();
    (count, if count == 0 { 0.0 } else { sum / count as f64 })
}

fn parts(names: &[Name]) -> Vec<&Part> {
    let mut parts: Vec<&Part> = Vec::new();
    for part in names.iter().flat_map(|name| &name.parts) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

/// How much names speak for one person, in bits.
pub(super) fn weight(one: &[Name], other: &[Name]) -> f64 {
    let (one, other) = (parts(one), parts(other));
    let fewest = one.len().min(other.len());
    if fewest == 0 {
        return 0.0;
    }
    let (same, likeness) = aligned(&one, &other);
    let spelled_alike = likeness >= 0.955;
    match (same, fewest - same) {
        (0, _) => -8.0,
        // A single name, or one that was left out.
        (1, 0) if spelled_alike => 4.0,
        (1, 0) => 2.5,
        // One of two is what siblings have in common.
        (1, _) => -3.0,
        (_, 0) if spelled_alike => 9.0,
        (_, 0) => 7.0,
        (_, 1) if spelled_alike => 5.0,
        (_, 1) => 3.0,
        (_, _) => 0.0,
    }
}

/// The sounds by which names are looked for: of each part, spoken and without its vowels.
pub(super) fn sounds(names: &[Name]) -> Vec<String> {
    let mut sounds: Vec<String> = parts(names)
        .into_iter()
        .flat_map(|part| {
            let bones = if part.consonants.len() >= 2 {
                &part.consonants
            } else {
                &part.latin
            };
            [bones.chars().take(4).collect()]
        })
        .collect();
    sounds.sort_unstable();
    sounds.dedup();
    sounds
}
