//! Documents that were read before. What is remembered of one depends on nothing but its text: it was parsed, counted,
//! and held against the schema, and found good. What depends on the caller (scopes, introspection) or on variables
//! (their values, the cost) is asked each time. Nothing is remembered of a document that was refused.
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use async_graphql::{
    Name, Pos,
    parser::types::{
        DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
    },
};
use quick_cache::{Weighter, sync::Cache};

use super::document::FragmentOrder;

/// A document that is within the limits and makes sense under the schema, as far as can be told without its variables.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) parsed: ExecutableDocument,
    pub(super) order: FragmentOrder,
    /// Where it first asks for `__schema` or `__type`.
    pub(super) introspects_at: Option<Pos>,
    /// One bit for each operation that async-graphql has validated as well.
    validated: AtomicU32,
}

impl Document {
    pub(super) fn new(parsed: ExecutableDocument, order: FragmentOrder) -> Self {
        Self {
            introspects_at: introspection(&parsed),
            parsed,
            order,
            validated: AtomicU32::new(0),
        }
    }

    /// The operation of this name; the only one has none here.
    pub(super) fn operation(&self, name: Option<&Name>) -> Option<&OperationDefinition> {
        match (&self.parsed.operations, name) {
            (DocumentOperations::Single(operation), _) => Some(&operation.node),
            (DocumentOperations::Multiple(named), Some(name)) => {
                named.get(name).map(|operation| &operation.node)
            }
            (DocumentOperations::Multiple(_), None) => None,
        }
    }

    /// The bit of an operation. There are far fewer than 32: the limit of operations comes first; one beyond it is
    /// validated every time.
    fn bit(&self, name: Option<&Name>) -> u32 {
        let place = self
            .parsed
            .operations
            .iter()
            .position(|(each, _)| name.is_none() || each == name);
        let place = place.and_then(|place| u32::try_from(place).ok());
        place
            .and_then(|place| 1_u32.checked_shl(place))
            .unwrap_or(0)
    }
}

/// Whether an operation of a document needs no validation by async-graphql any more.
#[derive(Clone, Debug)]
pub struct Validity {
    document: Arc<Document>,
    bit: u32,
}

impl Validity {
    pub(super) fn of(document: Arc<Document>, operation: Option<&Name>) -> Self {
        let bit = document.bit(operation);
        Self { document, bit }
    }

    /// Whether it was validated before.
    pub fn is_known(&self) -> bool {
        self.document.validated.load(Ordering::Acquire) & self.bit != 0
    }

    /// It has just been validated, and was found good.
    pub fn learn(&self) {
        self.document
            .validated
            .fetch_or(self.bit, Ordering::Release);
    }
}

/// The first place where a document asks for the schema; of several, whichever is met first.
fn introspection(document: &ExecutableDocument) -> Option<Pos> {
    let mut sets: Vec<&SelectionSet> = sets_of(document);
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field)
                    if matches!(field.node.name.node.as_str(), "__schema" | "__type") =>
                {
                    return Some(field.pos);
                }
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    None
}

fn sets_of(document: &ExecutableDocument) -> Vec<&SelectionSet> {
    let operations = document.operations.iter();
    let fragments = document.fragments.values();
    operations
        .map(|(_, operation)| &operation.node.selection_set.node)
        .chain(fragments.map(|fragment| &fragment.node.selection_set.node))
        .collect()
}

/// How much a document weighs in memory, about: its text, and every selection with its parts.
fn weight_of(text: &str, document: &Document) -> u64 {
    /// Of a selection with its names, arguments and their allocations.
    const SELECTION: usize = 600;
    /// Also the least that any weighs, so that the number of documents is bounded as well.
    const DOCUMENT: usize = 4_096;
    let mut sets = sets_of(&document.parsed);
    let mut selections = 0_usize;
    while let Some(set) = sets.pop() {
        selections += set.items.len();
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    // Literals are in the text once and in the parsed arguments a few times over.
    let bytes = DOCUMENT + 4 * text.len() + SELECTION * selections;
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[derive(Clone, Debug)]
struct Weight;

impl Weighter<Arc<str>, Arc<Document>> for Weight {
    fn weight(&self, text: &Arc<str>, document: &Arc<Document>) -> u64 {
        weight_of(text, document)
    }
}

/// The documents that were asked for lately, by their whole text.
#[derive(Debug)]
pub struct Documents(Cache<Arc<str>, Arc<Document>, Weight>);

impl Default for Documents {
    fn default() -> Self {
        /// Bytes of all that is remembered, about.
        const MOST: u64 = 16 * 1_024 * 1_024;
        /// How many documents that is, usually.
        const USUALLY: usize = 500;
        Self(Cache::with_weighter(USUALLY, MOST, Weight))
    }
}

impl Documents {
    pub(super) fn get(&self, text: &str) -> Option<Arc<Document>> {
        self.0.get(text)
    }

    pub(super) fn keep(&self, text: &str, document: Arc<Document>) {
        self.0.insert(text.into(), document);
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// How much they weigh.
    #[cfg(test)]
    pub(super) fn weight(&self) -> u64 {
        self.0.weight()
    }
}
