//! What became of an import, for people and for programs. It decides nothing and hides nothing.
use std::{collections::BTreeMap, fmt::Write};

use entity::Language;
use serde_json::{Value, json};

use crate::{
    exchange::hsds::{Directory, Kind, Place},
    store::import::{Count, Counts},
};

/// What is said in the end.
pub(super) struct Report {
    pub(super) directory: Directory,
    pub(super) counts: Counts,
    pub(super) dry_run: bool,
}

/// One kind of record, counted.
#[derive(Clone, Copy, Default)]
struct Row {
    written: Count,
    rejected: u64,
    warnings: u64,
    skipped: u64,
}

impl Row {
    const NAMES: [&'static str; 6] = [
        "new",
        "changed",
        "unchanged",
        "rejected",
        "warnings",
        "skipped",
    ];

    const fn numbers(&self) -> [u64; 6] {
        [
            self.written.new,
            self.written.changed,
            self.written.unchanged,
            self.rejected,
            self.warnings,
            self.skipped,
        ]
    }
}

impl Report {
    /// Every kind of which there is something to say, and those that an import is about.
    fn rows(&self) -> BTreeMap<Kind, Row> {
        let mut rows: BTreeMap<Kind, Row> = BTreeMap::new();
        let counts = &self.counts;
        for (kind, count) in [
            (Kind::Organization, counts.organizations),
            (Kind::Service, counts.services),
            (Kind::ServiceCapacity, counts.capacities),
            (Kind::Location, counts.locations),
            (Kind::ServiceAtLocation, counts.services_at_locations),
        ] {
            rows.entry(kind).or_default().written = count;
        }
        for rejected in &self.directory.rejected {
            rows.entry(rejected.kind).or_default().rejected += 1;
        }
        for warning in &self.directory.warnings {
            rows.entry(warning.kind).or_default().warnings += 1;
        }
        for skipped in &self.directory.skipped {
            rows.entry(skipped.kind).or_default().skipped += skipped.count;
        }
        rows
    }

    /// Every record that was not taken or was doubted, a line each, with its place and the reason.
    pub(super) fn remarks(&self) -> String {
        let directory = &self.directory;
        let mut lines = Vec::new();
        for rejected in &directory.rejected {
            lines.push(format!("rejected: {rejected}"));
        }
        for warning in &directory.warnings {
            lines.push(format!("warning: {warning}"));
        }
        for skipped in &directory.skipped {
            lines.push(format!(
                "skipped: {}: {} ({}): {}",
                skipped.place, skipped.kind, skipped.count, skipped.reason
            ));
        }
        for ((kind, field), count) in &directory.unread_fields {
            lines.push(format!("not read: “{field}” of {kind} ({count})"));
        }
        lines.iter().fold(String::new(), |mut text, line| {
            text.push_str(&shown(line));
            text.push('\n');
            text
        })
    }

    /// The counts, as a table.
    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        // Writing into a String cannot fail.
        let _ = write!(text, "{:<28}", "");
        for name in Row::NAMES {
            let _ = write!(text, "{name:>11}");
        }
        text.push('\n');
        for (kind, row) in self.rows() {
            let _ = write!(text, "{:<28}", kind.text(Language::En));
            for number in row.numbers() {
                let _ = write!(text, "{number:>11}");
            }
            text.push('\n');
        }
        if self.dry_run {
            text.push_str("Nothing was written: this was a dry run.\n");
        }
        text
    }

    /// All of it, for programs.
    pub(super) fn json(&self) -> Value {
        let directory = &self.directory;
        let counts: serde_json::Map<String, Value> = self
            .rows()
            .into_iter()
            .map(|(kind, row)| {
                let names = Row::NAMES.into_iter().map(str::to_owned);
                let numbers = row.numbers().map(Value::from);
                (code(kind), Value::Object(names.zip(numbers).collect()))
            })
            .collect();
        let rejected = directory.rejected.iter().map(|rejected| {
            let reason = rejected.reason.text(Language::En);
            record(
                &rejected.place,
                rejected.kind,
                rejected.id.as_deref(),
                &reason,
            )
        });
        let warnings = directory.warnings.iter().map(|warning| {
            let reason = warning.reason.text(Language::En);
            let mut record = record(&warning.place, warning.kind, warning.id.as_deref(), reason);
            record["field"] = warning.field.into();
            record
        });
        let skipped = directory.skipped.iter().map(|skipped| {
            let reason = skipped.reason.text(Language::En);
            let mut record = record(&skipped.place, skipped.kind, None, reason);
            record["count"] = skipped.count.into();
            record
        });
        let unread = directory.unread_fields.iter().map(
            |((kind, field), count)| json!({"kind": code(*kind), "field": field, "count": count}),
        );
        json!({
            "dryRun": self.dry_run,
            "counts": counts,
            "rejected": rejected.collect::<Vec<_>>(),
            "warnings": warnings.collect::<Vec<_>>(),
            "skipped": skipped.collect::<Vec<_>>(),
            "unreadFields": unread.collect::<Vec<_>>(),
        })
    }
}

fn code(kind: Kind) -> String {
    kind.text(Language::En).replace(' ', "_")
}

fn record(place: &Place, kind: Kind, id: Option<&str>, reason: &str) -> Value {
    json!({
        "file": &*place.file,
        "line": place.line,
        "pointer": place.pointer,
        "kind": code(kind),
        "id": id,
        "reason": reason,
    })
}

/// A line that cannot steer the terminal: names of files and fields are whatever somebody made them.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}
