//! What the reader has to say about an input besides its records: what it refused, what it doubted, what it left
//! aside, each with its place and in both languages. It decides nothing.
use std::fmt;

use entity::Language;

use super::{Kind, Place};

/// A kind of record that others refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReferenceKind {
    Organization,
    Service,
    Location,
}

impl ReferenceKind {
    /// The same as a kind of object.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Organization => Kind::Organization,
            Self::Service => Kind::Service,
            Self::Location => Kind::Location,
        }
    }

    /// The column in which others name one.
    pub(super) const fn field(self) -> &'static str {
        match self {
            Self::Organization => "organization_id",
            Self::Service => "service_id",
            Self::Location => "location_id",
        }
    }
}

/// A record that was not taken, or a file that could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    pub place: Place,
    pub kind: Kind,
    /// The id in the input, where it has one.
    pub id: Option<String>,
    pub reason: RejectReason,
}

impl Rejected {
    /// The whole in one line: place, record, reason.
    pub fn text(&self, language: Language) -> String {
        line(
            &self.place,
            self.kind,
            self.id.as_deref(),
            &self.reason.text(language),
            language,
        )
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text(Language::En))
    }
}

/// Why a record was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RejectReason {
    /// The file could not be read from the disk or out of the archive.
    UnreadableFile,
    /// The file, or this line of it, is not UTF-8 text.
    NotText,
    /// The file, or this line of it, stops being JSON here; what stood before was taken.
    MalformedJson { line: usize, column: usize },
    /// The file stops being CSV here; what stood before was taken.
    MalformedCsv,
    /// The line has more values than the table has columns: nobody can tell which belongs where.
    TooManyValues { columns: usize },
    /// A JSON object of no kind that HSDS knows.
    UnknownShape,
    /// A required field is absent or blank.
    Missing { field: &'static str },
    /// A field holds a list, an object or a truth value where a text or a number belongs, or the other way round.
    WrongType { field: &'static str },
    /// A field holds a value that it cannot have.
    Invalid { field: &'static str },
    /// A text is longer than is taken.
    TooLong { field: &'static str, maximum: usize },
    /// No sighting of the service says whose it is.
    NoOrganization,
    /// The record names another that is neither in the input nor known.
    Unresolved {
        field: &'static str,
        reference: ReferenceKind,
        id: String,
    },
    /// The id of a new organization becomes its code, and another organization has that code already.
    CodeTaken,
}

impl RejectReason {
    /// The reason in words.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fr => self.french(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::UnreadableFile => "the file cannot be read".into(),
            Self::NotText => "this is not UTF-8 text".into(),
            Self::MalformedJson { line, column } => {
                format!("this is not JSON from line {line}, column {column} on")
            }
            Self::MalformedCsv => {
                "this stops being CSV here: a quotation mark is never closed".into()
            }
            Self::TooManyValues { columns } => {
                format!("there are more values than the {columns} columns")
            }
            Self::UnknownShape => "this is no HSDS object that can be recognized".into(),
            Self::Missing { field } => format!("“{field}” is absent or blank"),
            Self::WrongType { field } => format!("“{field}” is of the wrong type"),
            Self::Invalid { field } => format!("“{field}” has a value that is not allowed"),
            Self::TooLong { field, maximum } => {
                format!("“{field}” is longer than {maximum} characters")
            }
            Self::NoOrganization => "the service has no organization".into(),
            Self::Unresolved {
                field,
                reference,
                id,
            } => {
                format!(
                    "“{field}” names an unknown {}, {id}",
                    reference.kind().text(Language::En)
                )
            }
            Self::CodeTaken => "its id is the code of another organization".into(),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::UnreadableFile => "le fichier est illisible".into(),
            Self::NotText => "ce n’est pas du texte UTF-8".into(),
            Self::MalformedJson { line, column } => {
                format!("ce n’est plus du JSON à partir de la ligne {line}, colonne {column}")
            }
            Self::MalformedCsv => {
                "ce n’est plus du CSV à partir d’ici : un guillemet n’est jamais fermé".into()
            }
            Self::TooManyValues { columns } => {
                format!("il y a plus de valeurs que les {columns} colonnes")
            }
            Self::UnknownShape => "aucun objet HSDS n’est reconnaissable".into(),
            Self::Missing { field } => format!("« {field} » est absent ou vide"),
            Self::WrongType { field } => format!("« {field} » n’est pas du bon type"),
            Self::Invalid { field } => format!("« {field} » a une valeur qui n’est pas permise"),
            Self::TooLong { field, maximum } => format!("« {field} » dépasse {maximum} caractères"),
            Self::NoOrganization => "le service n’a pas d’organisme".into(),
            Self::Unresolved {
                field,
                reference,
                id,
            } => {
                format!(
                    "« {field} » renvoie à un objet inconnu : {} {id}",
                    reference.kind().text(Language::Fr)
                )
            }
            Self::CodeTaken => "son identifiant est le code d’un autre organisme".into(),
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.english())
    }
}

/// Something that was taken otherwise than it stood: a field left out, or one of two values chosen. Each is said
/// once, at the first place, however often the same object recurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub place: Place,
    pub kind: Kind,
    /// The id in the input, where it has one.
    pub id: Option<String>,
    /// The field in question; a whole line has none.
    pub field: Option<&'static str>,
    pub reason: WarningReason,
}

impl Warning {
    /// The whole in one line: place, record, field, what was done.
    pub fn text(&self, language: Language) -> String {
        let reason = self.reason.text(language);
        let what = match (self.field, language) {
            (None, _) => reason.to_owned(),
            (Some(field), Language::En) => format!("“{field}” {reason}"),
            (Some(field), Language::Fr) => format!("« {field} » {reason}"),
        };
        line(&self.place, self.kind, self.id.as_deref(), &what, language)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text(Language::En))
    }
}

/// What was done with a doubtful field, as the end of a sentence that begins with the field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WarningReason {
    /// It was left out: not a value that the field can have.
    Invalid,
    /// It was left out: out of range.
    OutOfRange,
    /// It was left out: half of a point, of which the other half is absent or was left out.
    Incomplete,
    /// It was left out: no known language.
    UnknownLanguage,
    /// It was left out: it names nothing that is known.
    Unresolved,
    /// It was absent, and the usual value was assumed.
    Assumed,
    /// It differs between two sightings of the same id; the fuller one, else the first, was kept.
    Conflict,
    /// It was left out: there are more of them than are taken.
    TooMany,
    /// There were several; the latest was kept.
    Several,
    /// The line has fewer values than the table has columns; the last ones were taken as blank.
    ShortLine,
    /// A service that serves no known need: a search by category does not find it.
    NoCategory,
    /// It was left out: another record says already that the service is given at the location.
    SamePlace,
}

impl WarningReason {
    /// What was done, in words.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Invalid, Language::En) => "is left out: the value is not valid",
            (Self::Invalid, Language::Fr) => "est omis : la valeur n’est pas valide",
            (Self::OutOfRange, Language::En) => "is left out: the value is out of range",
            (Self::OutOfRange, Language::Fr) => "est omis : la valeur est hors limites",
            (Self::Incomplete, Language::En) => {
                "is left out: without the other coordinate it is no point"
            }
            (Self::Incomplete, Language::Fr) => {
                "est omis : sans l’autre coordonnée, ce n’est pas un point"
            }
            (Self::UnknownLanguage, Language::En) => "is left out: the language is not known",
            (Self::UnknownLanguage, Language::Fr) => "est omis : la langue est inconnue",
            (Self::Unresolved, Language::En) => "is left out: what it names is not known",
            (Self::Unresolved, Language::Fr) => "est omis : ce qu’il désigne est inconnu",
            (Self::Assumed, Language::En) => "is absent: the usual value was assumed",
            (Self::Assumed, Language::Fr) => "est absent : la valeur habituelle est présumée",
            (Self::Conflict, Language::En) => {
                "differs from another record with the same id: the fuller one was kept"
            }
            (Self::Conflict, Language::Fr) => {
                "diffère d’un autre objet qui porte le même identifiant : le plus complet est retenu"
            }
            (Self::TooMany, Language::En) => "is left out: there are more than are taken",
            (Self::TooMany, Language::Fr) => "est omis : il y en a plus que ce qui est pris",
            (Self::Several, Language::En) => "is there more than once: the latest was kept",
            (Self::Several, Language::Fr) => {
                "est présent plus d’une fois : le plus récent est retenu"
            }
            (Self::ShortLine, Language::En) => {
                "has fewer values than columns: the last ones were taken as blank"
            }
            (Self::ShortLine, Language::Fr) => {
                "a moins de valeurs que de colonnes : les dernières sont tenues pour vides"
            }
            (Self::NoCategory, Language::En) => {
                "has no need category: a search by category does not find it"
            }
            (Self::NoCategory, Language::Fr) => {
                "n’a aucune catégorie de besoin : une recherche par catégorie ne le trouve pas"
            }
            (Self::SamePlace, Language::En) => {
                "is left out: another record says the same service at the same location"
            }
            (Self::SamePlace, Language::Fr) => {
                "est omis : un autre objet dit le même service au même emplacement"
            }
        }
    }
}

/// Something that is in order, and of no use here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file, or the list within it.
    pub place: Place,
    pub kind: Kind,
    pub reason: SkipReason,
    /// How many objects or lines.
    pub count: u64,
}

/// Why something was left aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SkipReason {
    /// HSDS knows it, the gateway keeps none of it.
    NotImported,
    /// It only serves to tell the need categories of services.
    ForCategories,
    /// The file is neither JSON nor CSV.
    NotData,
    /// The file is CSV, and no table of HSDS.
    UnknownTable,
    /// A symbolic link in a folder or an archive: links are not followed.
    SymbolicLink,
    /// Folders are nested deeper than is read.
    TooDeep,
}

impl SkipReason {
    /// The reason in words.
    pub const fn text(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::NotImported, Language::En) => "not kept by the gateway",
            (Self::NotImported, Language::Fr) => "non conservé par la passerelle",
            (Self::ForCategories, Language::En) => "read for the categories of services only",
            (Self::ForCategories, Language::Fr) => "lu pour les seules catégories des services",
            (Self::NotData, Language::En) => "neither JSON nor CSV",
            (Self::NotData, Language::Fr) => "ni JSON ni CSV",
            (Self::UnknownTable, Language::En) => "not a table of HSDS",
            (Self::UnknownTable, Language::Fr) => "pas une table de HSDS",
            (Self::SymbolicLink, Language::En) => "symbolic links are not followed",
            (Self::SymbolicLink, Language::Fr) => "les liens symboliques ne sont pas suivis",
            (Self::TooDeep, Language::En) => "folders nested too deep",
            (Self::TooDeep, Language::Fr) => "dossiers trop imbriqués",
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text(Language::En))
    }
}

/// "services.csv, line 3: service 17: “name” is absent or blank"
fn line(place: &Place, kind: Kind, id: Option<&str>, what: &str, language: Language) -> String {
    let place = place.text(language);
    let colon = match language {
        Language::En => ": ",
        Language::Fr => " : ",
    };
    let subject = match (kind, id) {
        (Kind::Unknown, None) => String::new(),
        (kind, None) => format!("{}{colon}", kind.text(language)),
        (kind, Some(id)) => format!("{} {id}{colon}", kind.text(language)),
    };
    format!("{place}{colon}{subject}{what}")
}
