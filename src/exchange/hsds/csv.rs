//! The tabular form: CSV files, one table each, as spreadsheets and exporters write them. It finds the table, the
//! columns and the lines; what a value means is read elsewhere.
use std::collections::HashMap;

use ::csv::{ByteRecord, ReaderBuilder};
use serde_json::{Map, Value};

use super::{
    Kind, Place,
    intake::Intake,
    report::{RejectReason, SkipReason, Warning, WarningReason},
};

/// The tables that a package's own description names.
#[derive(Default)]
pub(super) struct TableNames(HashMap<String, Kind>);

impl TableNames {
    /// Learns the names of `resources` in a `datapackage.json`; from anything else, nothing.
    pub(super) fn learn(&mut self, bytes: &[u8]) {
        let description: Value = serde_json::from_slice(without_mark(bytes)).unwrap_or_default();
        let resources = description.get("resources").and_then(Value::as_array);
        for resource in resources.into_iter().flatten() {
            let text = |key| resource.get(key).and_then(Value::as_str);
            if let (Some(kind), Some(path)) = (text("name").and_then(Kind::of_file), text("path")) {
                self.0.insert(last(path), kind);
            }
        }
    }

    fn kind(&self, file: &str) -> Option<Kind> {
        self.0
            .get(&last(file))
            .copied()
            .or_else(|| Kind::of_file(file))
    }
}

/// Reads one table.
pub(super) fn read(intake: &mut Intake<'_>, file: &Place, tables: &TableNames, bytes: &[u8]) {
    let bytes = without_mark(bytes);
    let kind = tables.kind(&file.file);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let Some(kind) = kind.filter(|kind| kind.is_read()) else {
        let lines = reader.byte_records().skip(1).filter(Result::is_ok).count();
        let (kind, reason) = match kind {
            Some(kind) => (kind, SkipReason::NotImported),
            None => (Kind::Unknown, SkipReason::UnknownTable),
        };
        intake.skip(file, kind, reason, u64::try_from(lines).unwrap_or(u64::MAX));
        return;
    };
    let mut record = ByteRecord::new();
    let columns = match reader.read_byte_record(&mut record) {
        Ok(true) => columns(&record),
        Ok(false) => Some(Vec::new()),
        Err(_) => None,
    };
    let Some(columns) = columns else {
        intake.reject(file.clone(), kind, None, RejectReason::NotText);
        return;
    };
    if !kind.is_part() && !columns.iter().any(|column| column == "id") {
        intake.reject(
            file.clone(),
            kind,
            None,
            RejectReason::Missing { field: "id" },
        );
        return;
    }
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {
                let place = Place::line(&file.file, line_number(bytes, &record));
                if is_cut_off(bytes, &record, reader.position()) {
                    intake.reject(place, kind, None, RejectReason::MalformedCsv);
                    return;
                }
                line(intake, kind, place, &columns, &record);
            }
            Ok(false) => return,
            Err(_) => {
                intake.reject(file.clone(), kind, None, RejectReason::MalformedCsv);
                return;
            }
        }
    }
}

/// The line on which a record begins. After a CRLF the parser stands before the line feed, and before any blank lines.
fn line_number(bytes: &[u8], record: &ByteRecord) -> u64 {
    let (line, rest) = start(bytes, record);
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    let skipped = blank.filter(|byte| **byte == b'\n').count();
    line + u64::try_from(skipped).unwrap_or(0)
}

/// Whether a quotation mark was opened in the record and never closed, so that it has swallowed the lines after it.
fn is_cut_off(bytes: &[u8], record: &ByteRecord, end: &::csv::Position) -> bool {
    let is_last = usize::try_from(end.byte()).is_ok_and(|end| end >= bytes.len());
    let (_, rest) = start(bytes, record);
    let rest = rest.trim_ascii();
    is_last && rest.contains(&b'\n') && rest.iter().filter(|byte| **byte == b'"').count() % 2 == 1
}

/// Where the parser stood before the record: its line, and what came from there on.
fn start<'a>(bytes: &'a [u8], record: &ByteRecord) -> (u64, &'a [u8]) {
    let Some(position) = record.position() else {
        return (0, &[]);
    };
    let rest = usize::try_from(position.byte())
        .ok()
        .and_then(|byte| bytes.get(byte..));
    (position.line(), rest.unwrap_or_default())
}

fn line(
    intake: &mut Intake<'_>,
    kind: Kind,
    place: Place,
    columns: &[String],
    record: &ByteRecord,
) {
    let mut row = Map::new();
    for (index, bytes) in record.iter().enumerate() {
        let Ok(value) = std::str::from_utf8(bytes) else {
            intake.reject(place, kind, None, RejectReason::NotText);
            return;
        };
        if value.trim().is_empty() {
            continue;
        }
        let Some(column) = columns.get(index) else {
            let reason = RejectReason::TooManyValues {
                columns: columns.len(),
            };
            intake.reject(place, kind, super::fields::id_of(&row), reason);
            return;
        };
        // Of two columns with one name the first counts.
        row.entry(column.clone())
            .or_insert_with(|| Value::String(value.to_owned()));
    }
    if row.is_empty() {
        return;
    }
    if record.len() < columns.len() {
        intake.warn(Warning {
            place: place.clone(),
            kind,
            id: super::fields::id_of(&row),
            field: None,
            reason: WarningReason::ShortLine,
        });
    }
    let weight = row.len();
    intake.row(kind, place, weight, row);
}

/// The names of the columns, in the spelling of HSDS; nothing when they are not UTF-8.
fn columns(header: &ByteRecord) -> Option<Vec<String>> {
    header
        .iter()
        .map(|name| {
            let name = std::str::from_utf8(name)
                .ok()
                .filter(|name| !name.contains('\0'))?;
            Some(name.trim().to_lowercase())
        })
        .collect()
}

/// The delimiter that the first line has most of. Spreadsheets in French write semicolons.
fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |delimiter: u8| header.iter().filter(|byte| **byte == delimiter).count();
    let commas = count(b',');
    [b';', b'\t']
        .into_iter()
        .filter(|delimiter| count(*delimiter) > commas)
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

/// Without the byte order mark that spreadsheets put before UTF-8.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}

fn last(path: &str) -> String {
    path.rsplit(['/', '\\'])
        .next()
        .unwrap_or(path)
        .to_lowercase()
}
