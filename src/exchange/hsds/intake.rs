//! Where the objects of all files come in: nested objects are taken apart into rows of the tabular form, progress is
//! told, and the rows go on to the assembly. It reads no field but the ids that link rows.
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    Directory, Kind, Place, Progress,
    assembly::Assembly,
    fields::{id_of, is_blank},
    kind::Link,
    report::{RejectReason, SkipReason, Warning},
};

/// How many objects pass between two words about progress.
const PROGRESS_STEP: u64 = 1_000;

/// The intake of one run.
pub(super) struct Intake<'a> {
    assembly: Assembly,
    progress: &'a mut dyn FnMut(Progress<'_>),
    file: Arc<str>,
    files_read: usize,
    files_total: usize,
    objects: u64,
}

impl<'a> Intake<'a> {
    pub(super) fn new(files_total: usize, progress: &'a mut dyn FnMut(Progress<'_>)) -> Self {
        Self {
            assembly: Assembly::default(),
            progress,
            file: Arc::from(""),
            files_read: 0,
            files_total,
            objects: 0,
        }
    }

    /// Says which file comes next.
    pub(super) fn open(&mut self, files_read: usize, file: &Arc<str>) {
        self.files_read = files_read;
        self.file = Arc::clone(file);
        self.tell();
    }

    pub(super) fn reject(
        &mut self,
        place: Place,
        kind: Kind,
        id: Option<String>,
        reason: RejectReason,
    ) {
        self.assembly.notes.reject(place, kind, id, reason);
    }

    pub(super) fn skip(&mut self, place: &Place, kind: Kind, reason: SkipReason, count: u64) {
        self.assembly.notes.skip(place, kind, reason, count);
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        self.assembly.notes.warn(warning);
    }

    /// Takes an object in, with whatever is nested in it.
    pub(super) fn object(&mut self, kind: Kind, place: Place, mut object: Map<String, Value>) {
        let weight = object.values().filter(|value| !is_blank(value)).count();
        let id = id_of(&object);
        for (key, child, link) in kind.nested() {
            let Some(value) = object.remove(key).filter(|value| !is_blank(value)) else {
                continue;
            };
            let place = place.under(key);
            match (link, value) {
                (Link::One(column), Value::Object(nested)) => {
                    if let Some(reference) = self.one(child, place, nested) {
                        object.insert(column.to_owned(), Value::String(reference));
                    }
                }
                (Link::Children(column), Value::Array(children)) => {
                    for (index, value) in children.into_iter().enumerate() {
                        self.child(
                            child,
                            place.under(index),
                            value,
                            (key, column),
                            id.as_deref(),
                        );
                    }
                }
                (Link::One(_) | Link::Children(_), _) => {
                    self.reject(place, child, None, RejectReason::WrongType { field: key });
                }
            }
        }
        self.row(kind, place, weight, object);
    }

    /// Takes a row of the tabular form in.
    pub(super) fn row(&mut self, kind: Kind, place: Place, weight: usize, row: Map<String, Value>) {
        self.objects += 1;
        if self.objects.is_multiple_of(PROGRESS_STEP) {
            self.tell();
        }
        self.assembly.row(kind, place, weight, row);
    }

    pub(super) fn finish(mut self) -> Directory {
        self.files_read = self.files_total;
        self.tell();
        self.assembly.finish()
    }

    /// An object that its parent has one of. Answers the id under which the parent knows it.
    fn one(&mut self, kind: Kind, place: Place, mut object: Map<String, Value>) -> Option<String> {
        let said = object.values().filter(|value| !is_blank(value)).count();
        let mut id = id_of(&object);
        if said == 0 || (said == 1 && id.is_some()) {
            // Nothing but an id refers to an object that stands elsewhere, and is none itself.
            return id;
        }
        if id.is_none() && kind.is_part() {
            // A unit or a term that stands nowhere else needs no id of its own: its place tells it from the others.
            let own = place.to_string();
            object.insert("id".to_owned(), Value::String(own.clone()));
            id = Some(own);
        }
        self.object(kind, place, object);
        id
    }

    /// One of several objects that a parent has.
    fn child(
        &mut self,
        kind: Kind,
        place: Place,
        value: Value,
        (key, column): (&'static str, &'static str),
        parent: Option<&str>,
    ) {
        let Value::Object(mut object) = value else {
            self.reject(place, kind, None, RejectReason::WrongType { field: key });
            return;
        };
        match parent {
            Some(parent) => {
                object.insert(column.to_owned(), Value::String(parent.to_owned()));
            }
            // The parent is going to be refused, and its parts with it.
            None if kind.is_part() => return,
            None => {}
        }
        self.object(kind, place, object);
    }

    fn tell(&mut self) {
        (self.progress)(Progress {
            file: &self.file,
            files_read: self.files_read,
            files_total: self.files_total,
            objects: self.objects,
        });
    }
}
