//! The words of HSDS files turned into our codes: status, language, need category, program. Small tables, read
//! leniently and answered with nothing rather than a guess.
use std::str::FromStr;

use entity::{NeedCategory, Program, ServiceStatus};

/// The status of a service; HSDS 3 writes `active`, `inactive`, `defunct`, `temporarily closed`.
pub(super) fn status(text: &str) -> Option<ServiceStatus> {
    ServiceStatus::from_str(&spelled_as_code(text)).ok()
}

/// The ISO 639-3 code of a language given as ISO 639-1, 639-2 or 639-3, with or without a region.
pub(super) fn language_of_code(code: &str) -> Option<&'static str> {
    let tag = code.split(['-', '_']).next()?.trim().to_lowercase();
    if !tag.is_ascii() {
        return None;
    }
    let known = match tag.len() {
        2 => isolang::Language::from_639_1(&tag),
        3 => isolang::Language::from_639_3(terminological(&tag)),
        _ => None,
    };
    known.map(|language| language.to_639_3())
}

/// The ISO 639-3 code of a language given by name: in English, in French, or in itself.
pub(super) fn language_of_name(name: &str) -> Option<&'static str> {
    let folded = folded(name);
    let common = COMMON_NAMES
        .iter()
        .find(|(_, names)| names.contains(&folded.as_str()))
        .map(|(code, _)| *code);
    common.or_else(|| {
        isolang::Language::from_name_lowercase(&name.trim().to_lowercase())
            .or_else(|| isolang::Language::from_autonym(name.trim()))
            .map(|language| language.to_639_3())
    })
}

/// ISO 639-2 has two codes for some languages; ISO 639-3 knows the terminological one only.
fn terminological(code: &str) -> &str {
    match code {
        "alb" => "sqi",
        "arm" => "hye",
        "baq" => "eus",
        "bur" => "mya",
        "chi" => "zho",
        "cze" => "ces",
        "dut" => "nld",
        "fre" => "fra",
        "geo" => "kat",
        "ger" => "deu",
        "gre" => "ell",
        "ice" => "isl",
        "mac" => "mkd",
        "mao" => "mri",
        "may" => "msa",
        "per" => "fas",
        "rum" => "ron",
        "slo" => "slk",
        "tib" => "bod",
        "wel" => "cym",
        other => other,
    }
}

/// The names under which Ontario directories list languages, where ISO calls them otherwise, and the French ones.
const COMMON_NAMES: &[(&str, &[&str])] = &[
    ("amh", &["amharique"]),
    ("ara", &["arabe"]),
    ("ase", &["asl", "langue des signes americaine"]),
    ("ben", &["bangla"]),
    ("cmn", &["mandarin"]),
    ("deu", &["allemand"]),
    ("ell", &["greek", "grec"]),
    ("eng", &["anglais"]),
    ("fas", &["farsi", "persan"]),
    ("fra", &["francais"]),
    ("fsl", &["langue des signes francaise"]),
    ("fcs", &["lsq", "langue des signes quebecoise"]),
    ("hat", &["haitian creole", "creole haitien"]),
    ("heb", &["hebreu"]),
    ("hun", &["hongrois"]),
    ("ita", &["italien"]),
    ("jpn", &["japonais"]),
    ("kin", &["rwanda"]),
    ("kor", &["coreen"]),
    ("kur", &["kurde"]),
    ("lin", &["lingala"]),
    ("nep", &["nepali", "nepalais"]),
    ("pan", &["punjabi", "pendjabi", "panjabi"]),
    ("pol", &["polonais"]),
    ("por", &["portugais"]),
    ("prs", &["dari"]),
    ("pus", &["pashto", "pachto"]),
    ("ron", &["roumain"]),
    ("run", &["kirundi"]),
    ("rus", &["russe"]),
    ("slk", &["slovaque"]),
    ("som", &["somalien"]),
    ("spa", &["espagnol", "castilian"]),
    ("swa", &["swahili", "kiswahili"]),
    ("tam", &["tamoul"]),
    ("tgl", &["filipino"]),
    ("tir", &["tigrigna", "tigrinya"]),
    ("tur", &["turc"]),
    ("ukr", &["ukrainien"]),
    ("urd", &["ourdou"]),
    ("vie", &["vietnamien"]),
    ("yor", &["yoruba"]),
    ("yue", &["cantonese", "cantonais"]),
    ("zho", &["chinois"]),
];

/// The program of a service by the name, or the code, of its HSDS program. An organization may call its own programs
/// what it likes: a name that is none of Ontario's gives nothing.
pub(super) fn program(text: &str) -> Option<Program> {
    if let Ok(program) = Program::from_str(&spelled_as_code(text)) {
        return Some(program);
    }
    let text = folded(text);
    PROGRAM_NAMES
        .iter()
        .find(|(name, _)| contains_words(&text, name))
        .map(|(_, program)| *program)
}

const PROGRAM_NAMES: &[(&str, Program)] = &[
    ("integrated employment services", Program::Ies),
    ("services d emploi integres", Program::Ies),
    ("better jobs ontario", Program::Bjo),
    ("meilleurs emplois ontario", Program::Bjo),
    ("literacy and basic skills", Program::Lbs),
    ("alphabetisation et formation de base", Program::Lbs),
    ("ontario bridge training", Program::Obtp),
    ("formation relais", Program::Obtp),
    ("skillsadvance ontario", Program::Sao),
    ("skills advance ontario", Program::Sao),
    ("apprenticeship", Program::Apprenticeship),
    ("apprentissage", Program::Apprenticeship),
    ("newcomer settlement program", Program::Nsp),
    ("etablissement des nouveaux arrivants", Program::Nsp),
    ("english as a second language", Program::EslFsl),
    ("french as a second language", Program::EslFsl),
    ("anglais langue seconde", Program::EslFsl),
    ("francais langue seconde", Program::EslFsl),
];

/// The need categories that a taxonomy term stands for, by its code or a word of its name.
pub(super) fn categories(text: &str) -> Vec<NeedCategory> {
    if let Ok(category) = NeedCategory::from_str(&spelled_as_code(text)) {
        return vec![category];
    }
    if let Some(section) = section_of_211(text) {
        return SECTIONS_OF_211
            .iter()
            .find(|(prefix, _)| section.starts_with(prefix))
            .map(|(_, category)| vec![*category])
            .unwrap_or_default();
    }
    let text = folded(text);
    CATEGORY_WORDS
        .iter()
        .filter(|(_, words)| words.iter().any(|word| contains_words(&text, word)))
        .map(|(category, _)| *category)
        .collect()
}

/// The section of a code of the 211 Human Services Indexing System, `BH-1800.8500` for one: `BH`.
fn section_of_211(text: &str) -> Option<&str> {
    let (section, rest) = text.trim().split_once('-')?;
    let is_code = section.len() == 2
        && section.bytes().all(|byte| byte.is_ascii_uppercase())
        && rest.len() >= 4
        && rest.bytes().take(4).all(|byte| byte.is_ascii_digit());
    is_code.then_some(section)
}

/// Whether a code belongs to the facet of target populations: it says for whom a service is, not what it does.
pub(super) fn is_population_code(text: &str) -> bool {
    section_of_211(text).is_some_and(|section| section.starts_with('Y'))
}

/// The sections of the 211 Human Services Indexing System that stand for one category as a whole.
const SECTIONS_OF_211: &[(&str, NeedCategory)] = &[
    ("BD", NeedCategory::Food),
    ("BH", NeedCategory::Housing),
    ("BT", NeedCategory::Transport),
    ("FT", NeedCategory::Legal),
    ("L", NeedCategory::Health),
    ("ND", NeedCategory::Employment),
    ("NL", NeedCategory::Income),
    ("NT", NeedCategory::Income),
    ("R", NeedCategory::Health),
];

/// Words, or several in a row, that give a category away. They are sought in the folded name of a term.
const CATEGORY_WORDS: &[(NeedCategory, &[&str])] = &[
    (
        NeedCategory::Housing,
        &[
            "housing",
            "shelter",
            "shelters",
            "rent",
            "homeless",
            "logement",
            "hebergement",
            "refuge",
        ],
    ),
    (
        NeedCategory::Health,
        &[
            "health", "medical", "dental", "sante", "medecin", "dentaire",
        ],
    ),
    (
        NeedCategory::Food,
        &[
            "food",
            "meal",
            "meals",
            "groceries",
            "alimentaire",
            "alimentaires",
            "repas",
        ],
    ),
    (
        NeedCategory::Income,
        &[
            "income",
            "financial assistance",
            "social assistance",
            "public assistance",
            "revenu",
            "aide sociale",
            "aide financiere",
        ],
    ),
    (
        NeedCategory::Legal,
        &[
            "legal",
            "immigration law",
            "lawyer",
            "juridique",
            "juridiques",
            "avocat",
        ],
    ),
    (
        NeedCategory::Language,
        &[
            "english as a second language",
            "french as a second language",
            "esl",
            "fsl",
            "linc",
            "language training",
            "language instruction",
            "language classes",
            "cours de langue",
            "formation linguistique",
            "langue seconde",
        ],
    ),
    (
        NeedCategory::Employment,
        &[
            "employment",
            "job",
            "jobs",
            "job search",
            "emploi",
            "emplois",
        ],
    ),
    (
        NeedCategory::Training,
        &[
            "job training",
            "skills training",
            "vocational",
            "apprenticeship",
            "literacy",
            "formation professionnelle",
            "apprentissage",
            "alphabetisation",
        ],
    ),
    (
        NeedCategory::CredentialRecognition,
        &[
            "credential",
            "credentials",
            "qualification recognition",
            "reconnaissance des titres",
            "reconnaissance des acquis",
            "evaluation des diplomes",
        ],
    ),
    (
        NeedCategory::EmployerConnection,
        &[
            "employer",
            "employers",
            "job fair",
            "job fairs",
            "employeur",
            "employeurs",
        ],
    ),
    (
        NeedCategory::Childcare,
        &[
            "childcare",
            "child care",
            "day care",
            "daycare",
            "garderie",
            "service de garde",
            "services de garde",
        ],
    ),
    (
        NeedCategory::Transport,
        &["transportation", "transport", "transit"],
    ),
    (
        NeedCategory::DigitalAccess,
        &[
            "digital",
            "internet",
            "computer",
            "computers",
            "numerique",
            "informatique",
        ],
    ),
    (
        NeedCategory::Social,
        &[
            "social support",
            "social inclusion",
            "recreation",
            "friendship",
            "community connections",
            "loisirs",
            "inclusion sociale",
        ],
    ),
];

/// Whether the words stand in the text one after the other. Both are folded.
fn contains_words(text: &str, words: &str) -> bool {
    text == words
        || text.starts_with(&format!("{words} "))
        || text.ends_with(&format!(" {words}"))
        || text.contains(&format!(" {words} "))
}

/// `temporarily closed` as `TEMPORARILY_CLOSED`.
fn spelled_as_code(text: &str) -> String {
    folded(text).replace(' ', "_").to_uppercase()
}

/// In lower case, without accents, every run of other characters a single space.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            'à' | 'â' | 'ä' | 'á' => folded.push('a'),
            'ç' => folded.push('c'),
            'é' | 'è' | 'ê' | 'ë' => folded.push('e'),
            'î' | 'ï' | 'í' => folded.push('i'),
            'ô' | 'ö' | 'ó' => folded.push('o'),
            'ù' | 'û' | 'ü' | 'ú' => folded.push('u'),
            'ñ' => folded.push('n'),
            'œ' => folded.push_str("oe"),
            other if other.is_alphanumeric() => folded.push(other),
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_in_every_spelling_in_use() {
        assert_eq!(
            status("temporarily closed"),
            Some(ServiceStatus::TemporarilyClosed)
        );
        assert_eq!(
            status("Temporarily_Closed"),
            Some(ServiceStatus::TemporarilyClosed)
        );
        assert_eq!(status(" ACTIVE "), Some(ServiceStatus::Active));
        assert_eq!(status("open"), None);
    }

    #[test]
    fn a_language_code_of_any_part_of_iso_639_becomes_639_3() {
        assert_eq!(language_of_code("ur"), Some("urd"));
        assert_eq!(language_of_code("FR-ca"), Some("fra"));
        assert_eq!(language_of_code("fre"), Some("fra"));
        assert_eq!(language_of_code("tir"), Some("tir"));
        assert_eq!(language_of_code("zz"), None);
        assert_eq!(language_of_code("urdu"), None);
        assert_eq!(language_of_code("é"), None);
    }

    #[test]
    fn every_common_name_stands_for_a_code_that_exists() {
        for (code, names) in COMMON_NAMES {
            assert_eq!(language_of_code(code), Some(*code));
            for name in *names {
                assert_eq!(
                    *name,
                    folded(name),
                    "a name that is not folded is never found"
                );
            }
        }
    }

    #[test]
    fn a_language_is_known_by_its_name_in_english_french_or_itself() {
        assert_eq!(language_of_name("Urdu"), Some("urd"));
        assert_eq!(language_of_name("Français"), Some("fra"));
        assert_eq!(language_of_name("Créole haïtien"), Some("hat"));
        assert_eq!(language_of_name("Farsi"), Some("fas"));
        assert_eq!(language_of_name("Somali"), Some("som"));
        assert_eq!(language_of_name("Any, through a phone line"), None);
    }

    #[test]
    fn a_term_gives_its_categories_by_code_section_or_word() {
        assert_eq!(
            categories("CREDENTIAL_RECOGNITION"),
            [NeedCategory::CredentialRecognition]
        );
        assert_eq!(categories("BH-1800.8500"), [NeedCategory::Housing]);
        assert_eq!(categories("LN-1500"), [NeedCategory::Health]);
        assert_eq!(categories("Homeless Shelter"), [NeedCategory::Housing]);
        assert_eq!(
            categories("Évaluation des diplômes"),
            [NeedCategory::CredentialRecognition]
        );
        assert_eq!(
            categories("Job training"),
            [NeedCategory::Employment, NeedCategory::Training]
        );
        assert_eq!(categories("Social assistance"), [NeedCategory::Income]);
        assert!(categories("HD-0100").is_empty());
        assert!(categories("name").is_empty());
    }

    #[test]
    fn a_word_within_another_gives_no_category() {
        assert!(
            categories("Parental leave").is_empty(),
            "rent is within parental"
        );
    }

    #[test]
    fn a_program_is_known_by_its_name_in_both_languages() {
        assert_eq!(program("Better Jobs Ontario"), Some(Program::Bjo));
        assert_eq!(
            program("Programme de formation relais de l’Ontario"),
            Some(Program::Obtp)
        );
        assert_eq!(program("esl_fsl"), Some(Program::EslFsl));
        assert_eq!(program("Community Mental Health Support"), None);
    }
}
