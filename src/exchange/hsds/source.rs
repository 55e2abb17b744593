//! Files out of a path: one file, a folder, or an archive. It bounds how much is read, follows no link, writes
//! nothing, and uses the names within an archive as labels only. What the bytes mean is no business of this module.
use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use zip::ZipArchive;

use super::{ReadError, SkipReason};

/// How much of an input is read at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes, after decompression, over all files.
    pub bytes: u64,
    /// Files in a folder, entries in an archive.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 30,
            entries: 10_000,
        }
    }
}

/// How deep folders are walked.
const MAXIMUM_DEPTH: usize = 16;
/// How much of a name within an archive is kept as a label.
const MAXIMUM_LABEL: usize = 300;

/// What a file claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
}

/// The content of one file, or that it could not be had.
pub(super) struct Document {
    pub(super) name: Arc<str>,
    pub(super) format: Format,
    pub(super) bytes: io::Result<Vec<u8>>,
}

enum Handle {
    Path(PathBuf),
    Entry(usize),
}

struct Item {
    name: Arc<str>,
    format: Format,
    handle: Handle,
}

/// The files of an input, listed and not yet read.
pub(super) struct Source {
    items: Vec<Item>,
    archive: Option<ZipArchive<BufReader<File>>>,
    /// What is there and not read.
    pub(super) skipped: Vec<(Arc<str>, SkipReason)>,
    limits: Limits,
    bytes_left: u64,
}

impl Source {
    /// Lists the files under a path.
    pub(super) fn open(path: &Path, limits: Limits) -> Result<Self, ReadError> {
        let metadata = fs::metadata(path).map_err(ReadError::Path)?;
        let mut source = Self {
            items: Vec::new(),
            archive: None,
            skipped: Vec::new(),
            limits,
            bytes_left: limits.bytes,
        };
        if metadata.is_dir() {
            source.list_folder(path, "", 0)?;
        } else if metadata.is_file() {
            source.list_file(path)?;
        } else {
            return Err(ReadError::UnknownFormat);
        }
        // A package's description may name its tables, so it goes first; the rest in one order on every machine.
        let rank = |item: &Item| !item.name.ends_with("datapackage.json");
        if source.items.is_empty() {
            return Err(ReadError::NoData);
        }
        source
            .items
            .sort_by(|one, other| (rank(one), &one.name).cmp(&(rank(other), &other.name)));
        Ok(source)
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Reads one file. A file that cannot be read does not end the run; one too many bytes does.
    pub(super) fn read(&mut self, index: usize) -> Result<Option<Document>, ReadError> {
        let Some(item) = self.items.get(index) else {
            return Ok(None);
        };
        let (length, bytes) = match (&item.handle, &mut self.archive) {
            (Handle::Path(path), _) => match File::open(path) {
                Ok(file) => bounded(file, self.bytes_left),
                Err(error) => (0, Err(error)),
            },
            (Handle::Entry(entry), Some(archive)) => match archive.by_index(*entry) {
                Ok(file) => bounded(file, self.bytes_left),
                Err(error) => (0, Err(error.into())),
            },
            (Handle::Entry(_), None) => (0, Err(io::ErrorKind::NotFound.into())),
        };
        self.bytes_left = self
            .bytes_left
            .checked_sub(length)
            .ok_or(ReadError::TooLarge {
                bytes: self.limits.bytes,
            })?;
        Ok(Some(Document {
            name: Arc::clone(&item.name),
            format: item.format,
            bytes,
        }))
    }

    fn list_folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), ReadError> {
        for entry in fs::read_dir(folder).map_err(ReadError::Path)? {
            let entry = entry.map_err(ReadError::Path)?;
            let name = label(&format!("{prefix}{}", entry.file_name().to_string_lossy()));
            let kind = entry.file_type().map_err(ReadError::Path)?;
            if kind.is_symlink() {
                self.skip(name, SkipReason::SymbolicLink)?;
            } else if kind.is_dir() && depth == MAXIMUM_DEPTH {
                self.skip(name, SkipReason::TooDeep)?;
            } else if kind.is_dir() {
                self.list_folder(&entry.path(), &format!("{name}/"), depth + 1)?;
            } else if kind.is_file() {
                self.list(name, Handle::Path(entry.path()))?;
            } else {
                // A pipe or a device: opening one may wait for ever.
                self.skip(name, SkipReason::NotData)?;
            }
        }
        Ok(())
    }

    /// A single file is what it begins with, whatever it is called.
    fn list_file(&mut self, path: &Path) -> Result<(), ReadError> {
        let mut file = BufReader::new(File::open(path).map_err(ReadError::Path)?);
        let mut start = Vec::new();
        file.by_ref()
            .take(512)
            .read_to_end(&mut start)
            .map_err(ReadError::Path)?;
        if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
            return self.list_archive(path);
        }
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy())
            .unwrap_or_default();
        let name = label(&name);
        let begins_as_json = start
            .trim_ascii_start()
            .strip_prefix(b"\xEF\xBB\xBF".as_slice())
            .unwrap_or(&start)
            .trim_ascii_start()
            .first()
            .is_some_and(|byte| matches!(byte, b'{' | b'['));
        let format = if begins_as_json {
            Format::Json
        } else {
            format_of(&name).ok_or(ReadError::UnknownFormat)?
        };
        self.items.push(Item {
            name,
            format,
            handle: Handle::Path(path.to_owned()),
        });
        Ok(())
    }

    fn list_archive(&mut self, path: &Path) -> Result<(), ReadError> {
        let file = BufReader::new(File::open(path).map_err(ReadError::Path)?);
        let mut archive = ZipArchive::new(file).map_err(ReadError::Archive)?;
        if archive.has_duplicate_names() {
            return Err(ReadError::AmbiguousArchive);
        }
        if archive.len() > self.limits.entries {
            return Err(self.too_many());
        }
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(ReadError::Archive)?;
            let name = label(&entry.name().map_err(ReadError::Archive)?);
            if entry.is_dir() {
                continue;
            }
            if entry.is_symlink() {
                self.skip(name, SkipReason::SymbolicLink)?;
            } else {
                drop(entry);
                self.list(name, Handle::Entry(index))?;
            }
        }
        self.archive = Some(archive);
        Ok(())
    }

    fn list(&mut self, name: Arc<str>, handle: Handle) -> Result<(), ReadError> {
        // Archives made on a Mac have a shadow of each file, under its name and with its extension.
        let is_shadow = name.starts_with("__MACOSX/")
            || name
                .rsplit('/')
                .next()
                .is_some_and(|file| file.starts_with("._"));
        let Some(format) = format_of(&name).filter(|_| !is_shadow) else {
            return self.skip(name, SkipReason::NotData);
        };
        self.items.push(Item {
            name,
            format,
            handle,
        });
        self.check_entries()
    }

    fn skip(&mut self, name: Arc<str>, reason: SkipReason) -> Result<(), ReadError> {
        self.skipped.push((name, reason));
        self.check_entries()
    }

    fn check_entries(&self) -> Result<(), ReadError> {
        if self.items.len() + self.skipped.len() > self.limits.entries {
            return Err(self.too_many());
        }
        Ok(())
    }

    const fn too_many(&self) -> ReadError {
        ReadError::TooManyFiles {
            entries: self.limits.entries,
        }
    }
}

/// Reads to the end, or to one byte more than is left, and says how much that was, even where it failed: a thousand
/// entries that each fail at their end cost as much as a thousand good ones. What a header says about the size is not
/// believed.
fn bounded(reader: impl Read, bytes_left: u64) -> (u64, io::Result<Vec<u8>>) {
    let mut bytes = Vec::new();
    let result = reader
        .take(bytes_left.saturating_add(1))
        .read_to_end(&mut bytes);
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    (length, result.map(|_| bytes))
}

fn format_of(name: &str) -> Option<Format> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "json" | "ndjson" | "jsonl" => Some(Format::Json),
        "csv" | "tsv" => Some(Format::Csv),
        _ => None,
    }
}

/// A name as it is shown: no control characters, and no end in sight cut short from the left, where it says least.
fn label(name: &str) -> Arc<str> {
    let shown: Vec<char> = name
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    let start = shown.len().saturating_sub(MAXIMUM_LABEL);
    shown.iter().skip(start).collect::<String>().into()
}
