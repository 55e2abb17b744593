//! Whole inputs, from the path to the directory: each shape of JSON, the tabular package, archives, and what is wrong
//! with each at its exact place.
mod any;
mod json;
mod package;
mod sources;

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use entity::{Language, NeedCategory, Program, ServiceStatus};
use tempfile::TempDir;
use zip::{ZipWriter, write::SimpleFileOptions};

use super::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/hsds")
        .join(name)
}

fn read_path(path: &Path) -> Directory {
    read(path, &mut |_| {}).expect("an input that can be opened")
}

fn read_fixture(name: &str) -> Directory {
    read_path(&fixture(name))
}

/// Reads one file that says this.
fn read_text(name: &str, text: impl AsRef<[u8]>) -> Directory {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join(name);
    fs::write(&path, text).expect("written");
    read_path(&path)
}

/// An archive of these entries.
fn archive(entries: &[(&str, &[u8])]) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("input.bin");
    let mut writer = ZipWriter::new(File::create(&path).expect("created"));
    for (name, bytes) in entries {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .expect("an entry");
        writer.write_all(bytes).expect("written");
    }
    writer.finish().expect("finished");
    (folder, path)
}

fn rejections(directory: &Directory) -> Vec<String> {
    directory.rejected.iter().map(ToString::to_string).collect()
}

fn warnings(directory: &Directory) -> Vec<String> {
    directory.warnings.iter().map(ToString::to_string).collect()
}

fn skips(directory: &Directory) -> Vec<String> {
    let line = |skipped: &Skipped| {
        format!(
            "{}: {}, {}, {}",
            skipped.place, skipped.kind, skipped.reason, skipped.count
        )
    };
    directory.skipped.iter().map(line).collect()
}

fn ids<'a>(ids: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    ids.map(String::as_str).collect()
}

fn counts(directory: &Directory) -> [usize; 4] {
    [
        directory.organizations.len(),
        directory.services.len(),
        directory.locations.len(),
        directory.services_at_locations.len(),
    ]
}
