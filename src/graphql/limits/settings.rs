//! The limits themselves, with their defaults in sight. They are configuration: nothing here measures anything.
use serde::{Deserialize, Serialize};

/// What one request may ask for. Every limit is the largest value that passes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of an HTTP body, counted while it is read.
    pub body_bytes: usize,
    /// Seconds in which a body must have arrived.
    pub read_seconds: u64,
    /// Seconds an operation may run.
    pub run_seconds: u64,
    /// Characters of a document.
    pub characters: usize,
    /// Lexical tokens of a document.
    pub tokens: usize,
    /// Levels of brackets of any kind in a document, and levels of selection sets once its fragments are written out.
    pub nesting: usize,
    /// Levels of brackets in the JSON of the variables.
    pub variables_nesting: usize,
    /// Operations in a document.
    pub operations: usize,
    /// Fragment definitions in a document.
    pub fragments: usize,
    /// Variables that one operation declares.
    pub variables: usize,
    /// Directives in a document, wherever they stand.
    pub directives: usize,
    /// Directives on one field, fragment, spread, variable or operation.
    pub directives_per_field: usize,
    /// Levels of fields of an operation; fields of introspection are not counted.
    pub depth: usize,
    /// Objects that an operation may ask for; scalars are free.
    pub cost: u64,
    /// Cost that one client may spend in a minute; 0: no limit.
    pub points_per_minute: u64,
    /// Aliases of an operation, each counted where its fragment is spread.
    pub aliases: usize,
    /// Root fields of an operation.
    pub root_fields: usize,
    /// Items of one list in the input.
    pub input_list: usize,
    /// Items of one list in the input of a mutation whose name begins with `referralBulk`.
    pub input_list_bulk: usize,
    /// Items of one page of a connection.
    pub page: usize,
    /// Items that a connection is taken to return when neither `first` nor `last` is given.
    pub page_default: usize,
    /// Objects that a list without paging is taken to return, unless an argument of the field is itself a list: then
    /// the length of that one counts.
    pub plain_list: usize,
    /// Selections of an operation once its fragments are written out; it bounds fragments that spread one another.
    pub selections: usize,
    /// Steps spent on comparing fields that share a response name.
    pub comparisons: usize,
    /// Errors in one answer; further ones are left out.
    pub errors: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1_000_000,
            read_seconds: 8,
            run_seconds: 10,
            characters: 20_000,
            tokens: 2_000,
            nesting: 32,
            variables_nesting: 32,
            operations: 5,
            fragments: 50,
            variables: 100,
            directives: 20,
            directives_per_field: 5,
            depth: 12,
            cost: 1_000,
            points_per_minute: 2_000_000,
            aliases: 30,
            root_fields: 20,
            input_list: 250,
            input_list_bulk: 500,
            page: 100,
            page_default: 20,
            plain_list: 5,
            selections: 2_000,
            comparisons: 100_000,
            errors: 10,
        }
    }
}
