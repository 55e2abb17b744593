//! The reading half of the HSDS import: Open Referral's Human Services Data Specification 3.x, as JSON or as a tabular
//! package of CSV files, becomes a [`Directory`] in memory. It reads files and nothing else: no database, no network;
//! `store` writes what comes out.
//!
//! The way of a record: `source` lists and bounds the files → `json` and `csv` find the objects → `intake` takes
//! nested objects apart, so that both forms arrive as rows of the same tables → `assembly` reads each row by its
//! `fields`, merges what is seen twice, and attaches the `parts` → [`Directory`]. `codes` knows the words of HSDS,
//! `kind` its shapes, `report` what is said about the rest.
//!
//! Nothing stops the run but an input that cannot be opened or is too large: a record that cannot be taken is reported
//! with its place, and the next one is read.
mod assembly;
mod codes;
mod csv;
mod directory;
mod drafts;
mod fields;
mod intake;
mod json;
mod kind;
mod notes;
mod parts;
mod place;
mod record;
mod report;
mod source;
#[cfg(test)]
mod tests;

use std::{io, path::Path};

use entity::Language;

pub use self::{
    directory::Directory,
    kind::Kind,
    place::Place,
    record::{
        AddressRecord, CapacityRecord, LocationRecord, OrganizationRecord, ServiceAtLocationRecord,
        ServiceRecord,
    },
    report::{ReferenceKind, RejectReason, Rejected, SkipReason, Skipped, Warning, WarningReason},
    source::Limits,
};
use self::{
    intake::Intake,
    source::{Format, Source},
};

/// How far a run has come. It is told when a file is opened, every thousand objects, and once at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file being read.
    pub file: &'a str,
    pub files_read: usize,
    pub files_total: usize,
    /// Objects and lines seen until now, of every kind.
    pub objects: u64,
}

/// Why an input could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("the path cannot be read")]
    Path(#[source] io::Error),
    #[error("the archive cannot be read")]
    Archive(#[source] zip::result::ZipError),
    #[error("the archive has several files of the same name")]
    AmbiguousArchive,
    #[error("the input has more than {bytes} bytes")]
    TooLarge { bytes: u64 },
    #[error("the input has more than {entries} files")]
    TooManyFiles { entries: usize },
    #[error("the file is neither JSON nor CSV nor a ZIP archive")]
    UnknownFormat,
    #[error("there is no JSON and no CSV file")]
    NoData,
}

impl ReadError {
    /// The error in words.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::En => self.to_string(),
            Language::Fr => match self {
                Self::Path(_) => "le chemin est illisible".into(),
                Self::Archive(_) => "l’archive est illisible".into(),
                Self::AmbiguousArchive => {
                    "l’archive contient plusieurs fichiers du même nom".into()
                }
                Self::TooLarge { bytes } => format!("les données dépassent {bytes} octets"),
                Self::TooManyFiles { entries } => format!("il y a plus de {entries} fichiers"),
                Self::UnknownFormat => {
                    "le fichier n’est ni du JSON, ni du CSV, ni une archive ZIP".into()
                }
                Self::NoData => "il n’y a aucun fichier JSON ou CSV".into(),
            },
        }
    }
}

/// Reads a file, a folder or a ZIP archive.
pub fn read(path: &Path, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Directory, ReadError> {
    read_within(path, Limits::default(), progress)
}

/// Reads a file, a folder or a ZIP archive, no more of it than the limits allow.
pub fn read_within(
    path: &Path,
    limits: Limits,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Directory, ReadError> {
    let mut source = Source::open(path, limits)?;
    let mut intake = Intake::new(source.len(), progress);
    for (name, reason) in source.skipped.drain(..) {
        intake.skip(&Place::file(&name), Kind::Unknown, reason, 1);
    }
    let mut tables = csv::TableNames::default();
    for index in 0..source.len() {
        let Some(document) = source.read(index)? else {
            break;
        };
        let place = Place::file(&document.name);
        intake.open(index, &document.name);
        match (document.bytes, document.format) {
            (Err(_), _) => intake.reject(place, Kind::Unknown, None, RejectReason::UnreadableFile),
            (Ok(bytes), Format::Csv) => csv::read(&mut intake, &place, &tables, &bytes),
            (Ok(bytes), Format::Json) if document.name.ends_with("datapackage.json") => {
                // Its names are a convenience: a package without it, or with a broken one, is read all the same.
                tables.learn(&bytes);
                intake.skip(&place, Kind::DataPackage, SkipReason::NotImported, 1);
            }
            (Ok(bytes), Format::Json) => json::read(&mut intake, &place, &bytes),
        }
    }
    Ok(intake.finish())
}
