//! Synthetic people who are registered twice, and how many of them matching finds. The names are syllables that mean
//! nothing, written as several scripts and several clerks would write them.
use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{Datelike, Days, NaiveDate};
use entity::{DatePrecision, MatchBand};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::{Birth, Description, Name, compare, keys};

/// A syllable as it is written: in Latin letters by one clerk and by another, in Cyrillic, in Arabic (which leaves short
/// vowels out), in Ge'ez, in Devanagari.
type Syllable = [&'static str; 6];

const SYLLABLES: [Syllable; 24] = [
    ["ba", "ba", "ба", "ب", "በ", "ब"],
    ["bi", "bee", "би", "بي", "ቢ", "बि"],
    ["da", "da", "да", "د", "ደ", "द"],
    ["di", "dy", "ди", "دي", "ዲ", "दि"],
    ["fa", "fah", "фа", "ف", "ፈ", "फ़"],
    ["ga", "gha", "га", "غ", "ገ", "ग"],
    ["ka", "ca", "ка", "ك", "ከ", "क"],
    ["ku", "koo", "ку", "كو", "ኩ", "कु"],
    ["la", "la", "ла", "ل", "ለ", "ल"],
    ["li", "lee", "ли", "لي", "ሊ", "लि"],
    ["lu", "loo", "лу", "لو", "ሉ", "लु"],
    ["ma", "mah", "ма", "م", "መ", "म"],
    ["mi", "mee", "ми", "مي", "ሚ", "मि"],
    ["mu", "mo", "му", "مو", "ሙ", "मु"],
    ["na", "na", "на", "ن", "ነ", "न"],
    ["ni", "ny", "ни", "ني", "ኒ", "नि"],
    ["ra", "ra", "ра", "ر", "ረ", "र"],
    ["ri", "ree", "ри", "ري", "ሪ", "रि"],
    ["sa", "sa", "са", "س", "ሰ", "स"],
    ["sha", "cha", "ша", "ش", "ሸ", "श"],
    ["ta", "ta", "та", "ت", "ተ", "त"],
    ["ti", "tee", "ти", "تي", "ቲ", "ति"],
    ["wa", "va", "ва", "و", "ወ", "व"],
    ["za", "za", "за", "ز", "ዘ", "ज़"],
];

/// How a second registration differs from the first.
pub const VARIATIONS: [&str; 12] = [
    "none",
    "another clerk's spelling",
    "Cyrillic",
    "Arabic",
    "Ge'ez",
    "Devanagari",
    "order exchanged",
    "one name left out",
    "a typing error",
    "day and month exchanged",
    "the year alone is known",
    "spelling, order and day",
];

/// One person: syllables of each name, and a birth date.
#[derive(Clone)]
struct Person {
    given: Vec<usize>,
    family: Vec<usize>,
    birth: NaiveDate,
    gender: &'static str,
}

fn word(random: &mut impl Rng, from: usize) -> Vec<usize> {
    let length = random.random_range(2..=3);
    (0..length).map(|_| random.random_range(0..from)).collect()
}

fn person(random: &mut impl Rng) -> Person {
    let first = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap_or_default();
    let birth = first
        .checked_add_days(Days::new(random.random_range(0..27_000)))
        .unwrap_or(first);
    // Papers give the first of January to whoever's day nobody knew.
    let birth = if random.random_ratio(1, 10) {
        birth.with_ordinal(1).unwrap_or(birth)
    } else {
        birth
    };
    Person {
        given: word(random, SYLLABLES.len()),
        family: word(random, SYLLABLES.len()),
        birth,
        gender: if random.random() { "female" } else { "male" },
    }
}

/// A brother or sister: the family's name, another given name, a birth date some years off.
fn sibling(of: &Person, random: &mut impl Rng) -> Person {
    let years = random.random_range(1..=6);
    Person {
        family: of.family.clone(),
        birth: of
            .birth
            .checked_add_days(Days::new(years * 365 + random.random_range(0..300)))
            .unwrap_or(of.birth),
        ..person(random)
    }
}

fn written(word: &[usize], column: usize) -> String {
    word.iter()
        .map(|syllable| SYLLABLES[*syllable][column])
        .collect()
}

fn describe(given: &str, family: &str, birth: Option<Birth>, gender: &str) -> Description {
    Description {
        names: vec![Name::new(given), Name::new(family)],
        birth,
        gender: Some(gender.to_owned()),
        ..Description::default()
    }
}

const fn to_the_day(date: NaiveDate) -> Birth {
    Birth {
        date,
        precision: DatePrecision::Day,
    }
}

fn typing_error(word: &str, random: &mut impl Rng) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    let place = random.random_range(0..letters.len());
    match random.random_range(0..3) {
        0 if letters.len() > 3 => drop(letters.remove(place)),
        1 if place + 1 < letters.len() => letters.swap(place, place + 1),
        _ => letters.insert(place, letters[place]),
    }
    letters.into_iter().collect()
}

fn exchanged(date: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(date.year(), date.day(), date.month()).unwrap_or(date)
}

fn again(person: &Person, variation: usize, random: &mut impl Rng) -> Description {
    let (given, family) = (written(&person.given, 0), written(&person.family, 0));
    let spelled = |column| {
        (
            written(&person.given, column),
            written(&person.family, column),
        )
    };
    let birth = Some(to_the_day(person.birth));
    let described =
        |(given, family): (String, String), birth| describe(&given, &family, birth, person.gender);
    match variation {
        1..=5 => described(spelled(variation), birth),
        6 => described((family, given), birth),
        7 if random.random() => described((given, String::new()), birth),
        7 => described((String::new(), family), birth),
        8 => described((typing_error(&given, random), family), birth),
        9 => described((given, family), Some(to_the_day(exchanged(person.birth)))),
        10 => {
            let year = Birth {
                date: person.birth.with_ordinal(1).unwrap_or(person.birth),
                precision: DatePrecision::Year,
            };
            described((given, family), Some(year))
        }
        11 => {
            let (given, family) = spelled(1);
            described((family, given), Some(to_the_day(exchanged(person.birth))))
        }
        _ => described((given, family), birth),
    }
}

/// What matching found among so many people.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Of each variation: how many were registered again so, how many were found as likely, and how many at least as
    /// possible.
    pub found: BTreeMap<usize, (usize, usize, usize)>,
    /// Pairs of different people that were called likely, and those that were called possible.
    pub wrong: (usize, usize),
    /// Pairs that shared a key and were compared, of all that there are.
    pub compared: (usize, usize),
}

impl Figures {
    /// The sums over all variations.
    pub fn all(&self) -> (usize, usize, usize) {
        self.found.values().fold((0, 0, 0), |sum, one| {
            (sum.0 + one.0, sum.1 + one.1, sum.2 + one.2)
        })
    }

    /// Of those called likely, and of those called anything, how many are.
    pub fn precision(&self) -> (f64, f64) {
        let (_, likely, some) = self.all();
        let share = |right: usize, wrong: usize| right as f64 / (right + wrong).max(1) as f64;
        (
            share(likely, self.wrong.0),
            share(some, self.wrong.0 + self.wrong.1),
        )
    }

    /// Of those who are, how many were called likely, and how many anything.
    pub fn recall(&self) -> (f64, f64) {
        let (registered, likely, some) = self.all();
        let share = |part: usize| part as f64 / registered.max(1) as f64;
        (share(likely), share(some))
    }
}

/// Registers so many people, a third of them with a brother or sister, and half of them again with a variation; then looks
/// for each second registration among the first ones, by keys and comparison.
pub fn measure(people: usize, seed: u64) -> Figures {
    let mut random = StdRng::seed_from_u64(seed);
    let mut registered: Vec<Person> = Vec::with_capacity(people);
    while registered.len() < people {
        let next = match registered.last() {
            Some(last) if random.random_ratio(1, 3) => sibling(&last.clone(), &mut random),
            Some(_) | None => person(&mut random),
        };
        registered.push(next);
    }
    let firsts: Vec<Description> = registered
        .iter()
        .map(|person| again(person, 0, &mut random))
        .collect();
    let mut by_key: HashMap<String, Vec<usize>> = HashMap::new();
    for (place, description) in firsts.iter().enumerate() {
        for key in keys(description) {
            by_key.entry(key).or_default().push(place);
        }
    }
    let mut figures = Figures::default();
    let seconds = people / 2;
    figures.compared.1 = seconds * people;
    for (place, person) in registered.iter().enumerate().take(seconds) {
        let variation = place % VARIATIONS.len();
        let second = again(person, variation, &mut random);
        let candidates: HashSet<usize> = keys(&second)
            .iter()
            .filter_map(|key| by_key.get(key))
            .flatten()
            .copied()
            .collect();
        figures.compared.0 += candidates.len();
        let found = figures.found.entry(variation).or_default();
        found.0 += 1;
        for candidate in candidates {
            match (
                compare(&firsts[candidate], &second).band(),
                candidate == place,
            ) {
                (Some(MatchBand::Likely), true) => {
                    found.1 += 1;
                    found.2 += 1;
                }
                (Some(MatchBand::Possible), true) => found.2 += 1,
                (Some(MatchBand::Likely), false) => figures.wrong.0 += 1,
                (Some(MatchBand::Possible), false) => figures.wrong.1 += 1,
                (None, _) => {}
            }
        }
    }
    figures
}
