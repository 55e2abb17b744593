//! What stands between a text and the schema. A document is scanned before it is parsed, counted before it is
//! validated, and its variables and scopes are settled before it runs, in this one place for HTTP, WebSocket and SSE.
//! It must not execute anything, and it is no async-graphql extension: one of those would put every field on a slow
//! path.
//!
//! The order matters. async-graphql's parser overflows the stack on deeply nested values, and its own recursion check
//! takes exponential time on fragments that spread fragments; both happen before any limit of its own.
mod cost;
mod document;
mod index;
mod merge;
mod refusal;
mod remembered;
mod scan;
mod scopes;
mod settings;
mod subscription;
#[cfg(test)]
mod tests;
mod text;
mod typename;
mod values;
mod variables;

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    Name, Request, Variables,
    parser::{
        self, parse_query,
        types::{
            DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection,
        },
    },
};

pub use self::index::{ScalarRule, SchemaIndex};
pub use self::refusal::{Code, Limit, Refusal};
use self::remembered::{Document, operation_of};
pub use self::remembered::{Documents, Validity};
pub use self::scan::{scan, scan_json, scan_json_body};
pub use self::scopes::{MissingScopes, ScopeCheck};
pub use self::settings::Limits;
pub use self::text::Text;

/// A document that has been parsed and is within every limit that does not depend on variables.
#[derive(Debug)]
pub struct Reading<'d> {
    text: &'d str,
    document: Arc<Document>,
    /// What is wrong with its `__typename`; only told once it is known that the operation may run at all.
    refusals: Vec<Refusal>,
    /// Whether it was held against the schema before.
    known: bool,
    documents: &'d Documents,
    operation_name: Option<Name>,
    operation_type: OperationType,
}

/// What a document is held against once it has been read.
pub struct Rules<'a> {
    pub limits: &'a Limits,
    pub schema: &'a SchemaIndex,
    pub scopes: &'a dyn ScopeCheck,
    /// Whether this caller may read `__schema` and `__type`.
    pub introspection: bool,
}

/// A request that is ready for `schema.execute`: parsed, counted, its variables coerced.
#[derive(Debug)]
pub struct Prepared {
    pub request: Request,
    pub operation_type: OperationType,
    /// The objects it may fetch, for `extensions.cost` and the points per minute.
    pub cost: u64,
    /// Whether async-graphql must still validate it.
    pub validity: Validity,
}

/// Reads and prepares a document in one go.
///
/// # Errors
/// All that is wrong with it, as far as one look tells.
pub fn prepare(
    text: &str,
    operation_name: Option<&str>,
    variables: Variables,
    rules: &Rules<'_>,
) -> Result<Prepared, Vec<Refusal>> {
    let documents = Documents::default();
    read(text, operation_name, rules.limits, &documents)?.prepare(variables, rules)
}

/// Scans, parses and counts a document, unless it is remembered, and finds the operation that is to run.
///
/// # Errors
/// `LIMIT_EXCEEDED`, `GRAPHQL_PARSE_FAILED`, `GRAPHQL_VALIDATION_FAILED` for a cycle of fragments, or
/// `OPERATION_RESOLUTION_FAILURE`.
pub fn read<'d>(
    text: &'d str,
    operation_name: Option<&str>,
    limits: &Limits,
    documents: &'d Documents,
) -> Result<Reading<'d>, Vec<Refusal>> {
    let remembered = documents.get(text);
    let known = remembered.is_some();
    let read = || -> Result<Reading<'d>, Refusal> {
        let (document, refusals) = match remembered {
            Some(document) => (document, Vec::new()),
            None => parse(text, limits)?,
        };
        let (operation_name, operation_type) = choose(&document.parsed.operations, operation_name)?;
        Ok(Reading {
            text,
            document,
            refusals,
            known,
            documents,
            operation_name,
            operation_type,
        })
    };
    read().map_err(one)
}

/// Scans, parses and counts a document. What is wrong with its `__typename` comes with it.
fn parse(text: &str, limits: &Limits) -> Result<(Arc<Document>, Vec<Refusal>), Refusal> {
    scan(text, limits)?;
    let mut parsed = parse_query(text).map_err(|error| not_parsed(&error))?;
    document::count_definitions(&parsed, limits)?;
    let order = document::order_fragments(&parsed)?;
    document::count_extents(&parsed, &order, limits)?;
    let refusals = typename::settle(&mut parsed);
    Ok((Arc::new(Document::new(parsed, order)), refusals))
}

/// The parser's own message quotes the line it stumbled over; only its position is told.
fn not_parsed(error: &parser::Error) -> Refusal {
    let mut refusal = Refusal::new(Code::GraphqlParseFailed, text::NOT_PARSED);
    refusal.locations = error.positions().collect();
    refusal
}

/// GraphQL, September 2025, section 6.1: GetOperation.
fn choose(
    operations: &DocumentOperations,
    wanted: Option<&str>,
) -> Result<(Option<Name>, OperationType), Refusal> {
    let fail = |message| Refusal::new(Code::OperationResolutionFailure, message);
    match (operations, wanted) {
        (DocumentOperations::Single(operation), None) => Ok((None, operation.node.ty)),
        (DocumentOperations::Multiple(named), None) => {
            let mut named = named.iter();
            match (named.next(), named.next()) {
                (Some((name, operation)), None) => Ok((Some(name.clone()), operation.node.ty)),
                _ => Err(fail(text::OPERATION_UNCHOSEN)),
            }
        }
        (DocumentOperations::Multiple(named), Some(wanted)) => named
            .get_key_value(wanted)
            .map(|(name, operation)| (Some(name.clone()), operation.node.ty))
            .ok_or_else(|| fail(text::OPERATION_UNKNOWN)),
        (DocumentOperations::Single(_), Some(_)) => Err(fail(text::OPERATION_UNKNOWN)),
    }
}

impl Reading<'_> {
    /// What kind of operation is to run.
    pub const fn operation_type(&self) -> OperationType {
        self.operation_type
    }

    /// Validates what async-graphql does not, coerces the variables, counts the cost and asks for the scopes. Of a
    /// document that is remembered, only what depends on the caller or on variables is looked at.
    ///
    /// # Errors
    /// `GRAPHQL_VALIDATION_FAILED`, `BAD_USER_INPUT`, `LIMIT_EXCEEDED` or `FORBIDDEN`, in that order: what a caller may
    /// not do is only told once the document makes sense.
    pub fn prepare(
        self,
        variables: Variables,
        rules: &Rules<'_>,
    ) -> Result<Prepared, Vec<Refusal>> {
        if !self.refusals.is_empty() {
            return Err(self.refusals);
        }
        self.validate(rules)?;
        let name = self.operation_name.as_ref();
        let parsed = self.settled(name)?;
        let operation = operation_of(&parsed, name).ok_or_else(|| {
            one(Refusal::new(
                Code::OperationResolutionFailure,
                text::OPERATION_UNKNOWN,
            ))
        })?;
        let reachable = document::reachable(&parsed, &self.document.order, operation);
        let longest = if self.is_bulk(operation) {
            rules.limits.input_list_bulk
        } else {
            rules.limits.input_list
        };
        variables::bound(&variables, longest, rules.limits).map_err(one)?;
        let variables = variables::coerce(operation, variables, rules.schema)?;
        let (schema, limits) = (rules.schema, rules.limits);
        let cost = cost::count_cost(&parsed, &reachable, operation, &variables, schema, limits)
            .map_err(one)?;
        scopes::check_scopes(&parsed, &reachable, operation, schema, rules.scopes).map_err(one)?;
        if !self.known {
            self.documents.keep(self.text, self.document.clone());
        }
        // Nobody reads the text again: the document is parsed.
        let mut request = Request::new(String::new()).variables(variables);
        if let Some(name) = name {
            request = request.operation_name(name.as_str());
        }
        request.set_parsed_query(parsed.into_owned());
        Ok(Prepared {
            request,
            operation_type: self.operation_type,
            cost,
            validity: Validity::of(self.document.clone(), name),
        })
    }

    /// The document with the root field of a subscription in its place.
    fn settled(&self, name: Option<&Name>) -> Result<Cow<'_, ExecutableDocument>, Vec<Refusal>> {
        let parsed = &self.document.parsed;
        let subscribes =
            |operation: &OperationDefinition| operation.ty == OperationType::Subscription;
        if !parsed
            .operations
            .iter()
            .any(|(_, operation)| subscribes(&operation.node))
        {
            return Ok(Cow::Borrowed(parsed));
        }
        let mut parsed = parsed.clone();
        subscription::settle(&mut parsed, &self.document.order, name).map_err(one)?;
        Ok(Cow::Owned(parsed))
    }

    fn validate(&self, rules: &Rules<'_>) -> Result<(), Vec<Refusal>> {
        if !rules.introspection
            && let Some(position) = self.document.introspects_at
        {
            let refusal = Refusal::new(Code::GraphqlValidationFailed, text::INTROSPECTION_CLOSED);
            return Err(one(refusal.at(position)));
        }
        if self.known {
            return Ok(());
        }
        let parsed = &self.document.parsed;
        let mut operations: Vec<_> = parsed
            .operations
            .iter()
            .map(|(_, operation)| operation)
            .collect();
        operations.sort_by_key(|operation| operation.pos);
        for operation in &operations {
            merge::check_merging(
                parsed,
                &operation.node,
                rules.schema,
                rules.limits.comparisons,
            )
            .map_err(one)?;
        }
        let operations: Vec<_> = operations
            .into_iter()
            .map(|operation| {
                let order = &self.document.order;
                let reachable = document::reachable(parsed, order, &operation.node);
                (&operation.node, reachable)
            })
            .collect();
        let mut refusals = values::Values::check(parsed, &operations, rules.schema, rules.limits);
        if refusals.is_empty() {
            return Ok(());
        }
        refusals.sort_by(|one, other| one.locations.cmp(&other.locations));
        refusals.dedup();
        Err(refusals)
    }

    /// Whether an operation is a bulk mutation, whose input may be longer.
    fn is_bulk(&self, operation: &OperationDefinition) -> bool {
        if operation.ty != OperationType::Mutation {
            return false;
        }
        let fragments = &self.document.parsed.fragments;
        let mut sets = vec![&operation.selection_set.node];
        while let Some(set) = sets.pop() {
            for selection in &set.items {
                match &selection.node {
                    Selection::Field(field)
                        if field.node.name.node.starts_with(values::BULK_PREFIX) =>
                    {
                        return true;
                    }
                    Selection::Field(_) => {}
                    Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                    Selection::FragmentSpread(spread) => {
                        let fragment = fragments.get(&spread.node.fragment_name.node);
                        sets.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                    }
                }
            }
        }
        false
    }
}

fn one(refusal: Refusal) -> Vec<Refusal> {
    vec![refusal]
}
