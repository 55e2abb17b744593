//! JSON in the shapes of an HSDS API and of what people make of its answers: one object, a page of a list, a bare
//! list, the tabular form as one object, one value per line. Lists are read element by element, so that a fault at
//! the end costs nothing of what stands before it. Shapes are told apart by their keys, not by the file's name.
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    Kind, Place,
    csv::without_mark,
    intake::Intake,
    report::{RejectReason, SkipReason},
};

/// Reads one file.
pub(super) fn read(intake: &mut Intake<'_>, file: &Place, bytes: &[u8]) {
    let bytes = without_mark(bytes);
    let mut elements = Elements {
        intake,
        likely: Kind::hinted_by(&file.file),
    };
    if is_one_value_per_line(&file.file, bytes) {
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if !line.trim_ascii().is_empty() {
                let place = Place::line(&file.file, number);
                elements.value(&place, line, Some(number));
            }
        }
    } else {
        elements.value(file, bytes, None);
    }
}

/// Whether each line is a value of its own: by the name, or because the first two both begin an object.
fn is_one_value_per_line(file: &str, bytes: &[u8]) -> bool {
    let file = file.to_lowercase();
    if file.ends_with(".ndjson") || file.ends_with(".jsonl") {
        return true;
    }
    let mut lines = bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty());
    let mut next_begins_object = || lines.next().is_some_and(|line| line.first() == Some(&b'{'));
    next_begins_object() && next_begins_object()
}

/// The elements found in one file.
struct Elements<'a, 'b> {
    intake: &'a mut Intake<'b>,
    /// The kind of the element before, or what the file's name says: for elements whose own shape does not tell.
    likely: Option<Kind>,
}

impl Elements<'_, '_> {
    /// Reads one JSON text: a file, or a line of it.
    fn value(&mut self, place: &Place, bytes: &[u8], line: Option<u64>) {
        let Ok(text) = std::str::from_utf8(bytes) else {
            self.intake
                .reject(place.clone(), Kind::Unknown, None, RejectReason::NotText);
            return;
        };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let top = Top {
            elements: self,
            place,
        };
        let result = top
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        if let Err(error) = result {
            let line = line
                .and_then(|line| usize::try_from(line).ok())
                .unwrap_or(error.line());
            let reason = RejectReason::MalformedJson {
                line,
                column: error.column(),
            };
            self.intake
                .reject(place.clone(), Kind::Unknown, None, reason);
        }
    }

    /// An element of a list, or the one object of a file.
    fn element(&mut self, place: Place, value: Value) {
        let Value::Object(object) = value else {
            self.intake
                .reject(place, Kind::Unknown, None, RejectReason::UnknownShape);
            return;
        };
        if is_tabular(&object) {
            self.tables(&place, object);
            return;
        }
        let shape = Kind::of_shape(&object);
        let Some(kind) = shape.or(self.likely) else {
            let id = super::fields::id_of(&object);
            self.intake
                .reject(place, Kind::Unknown, id, RejectReason::UnknownShape);
            return;
        };
        self.likely = Some(kind);
        if kind.is_read() {
            self.intake.object(kind, place, object);
        } else {
            self.intake.skip(&place, kind, SkipReason::NotImported, 1);
        }
    }

    /// The tabular form as one object: the name of each table, and its rows.
    fn tables(&mut self, place: &Place, tables: Map<String, Value>) {
        for (name, rows) in tables {
            let place = place.under(&name);
            let (Some(kind), Value::Array(rows)) = (Kind::of_file(&name), rows) else {
                continue;
            };
            if !kind.is_read() {
                let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
                self.intake
                    .skip(&place, kind, SkipReason::NotImported, count);
                continue;
            }
            for (index, row) in rows.into_iter().enumerate() {
                let place = place.under(index);
                match row {
                    Value::Object(row) => self.intake.object(kind, place, row),
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_) => {
                        self.intake
                            .reject(place, kind, None, RejectReason::UnknownShape);
                    }
                }
            }
        }
    }
}

/// Whether every key names a table and holds its rows.
fn is_tabular(object: &Map<String, Value>) -> bool {
    !object.is_empty()
        && object
            .iter()
            .all(|(name, rows)| rows.is_array() && Kind::of_file(name).is_some())
}

/// The outermost value: a list, a page of one, or an object.
struct Top<'a, 'b, 'c> {
    elements: &'a mut Elements<'b, 'c>,
    place: &'a Place,
}

impl<'de> DeserializeSeed<'de> for Top<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object or a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        List {
            elements: self.elements,
            place: self.place.clone(),
        }
        .visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut object = Map::new();
        let mut is_page = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "contents" {
                map.next_value_seed(List {
                    elements: &mut *self.elements,
                    place: self.place.under(&key),
                })?;
                is_page = true;
            } else {
                object.insert(key, map.next_value()?);
            }
        }
        if !is_page {
            self.elements
                .element(self.place.clone(), Value::Object(object));
        }
        Ok(())
    }
}

/// A list whose elements are handed on one by one. Anything else in its place is nothing.
struct List<'a, 'b, 'c> {
    elements: &'a mut Elements<'b, 'c>,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for List<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut index = 0_u64;
        while let Some(value) = list.next_element::<Value>()? {
            self.elements.element(self.place.under(index), value);
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        self.elements
            .intake
            .reject(self.place, Kind::Unknown, None, RejectReason::UnknownShape);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
