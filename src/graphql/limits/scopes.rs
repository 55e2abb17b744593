//! Scopes against the fields of an operation, before it runs. Which field needs which scope is not known here: the
//! caller brings the table. A missing scope refuses the whole request, and says which, since scopes are no secret.
use std::collections::{BTreeSet, HashSet};

use async_graphql::{
    Name, Value,
    parser::types::{ExecutableDocument, OperationDefinition, Selection, SelectionSet},
};

use super::index::{SchemaIndex, TypeEntry};
use super::refusal::{Code, Refusal};
use super::text;

/// The scopes that a caller lacks for a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingScopes(pub Vec<String>);

/// Answers for a caller whether a field of a type is open to its scopes. A field that is read through an interface is
/// asked for under the interface's name.
pub trait ScopeCheck {
    /// The scopes that are missing, or none when the field is open.
    fn missing(&self, type_name: &str, field_name: &str) -> Option<MissingScopes>;
}

impl<F: Fn(&str, &str) -> Option<MissingScopes>> ScopeCheck for F {
    fn missing(&self, type_name: &str, field_name: &str) -> Option<MissingScopes> {
        self(type_name, field_name)
    }
}

/// Asks for every field of an operation, also one that `@skip` would leave out. Introspection needs no scope.
pub(super) fn check_scopes(
    document: &ExecutableDocument,
    reachable: &[&Name],
    operation: &OperationDefinition,
    schema: &SchemaIndex,
    scopes: &dyn ScopeCheck,
) -> Result<(), Refusal> {
    let mut asked = HashSet::new();
    ask(
        &operation.selection_set.node,
        schema.root(operation.ty),
        schema,
        &mut asked,
    );
    for fragment in reachable
        .iter()
        .filter_map(|name| document.fragments.get(*name))
    {
        let on = schema.get(&fragment.node.type_condition.node.on.node);
        ask(&fragment.node.selection_set.node, on, schema, &mut asked);
    }
    let missing: BTreeSet<String> = asked
        .into_iter()
        .filter_map(|(type_name, field_name)| scopes.missing(type_name, field_name))
        .flat_map(|missing| missing.0)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<Value> = missing.into_iter().map(Value::from).collect();
    Err(Refusal::new(Code::Forbidden, text::SCOPE_MISSING)
        .with("missingScopes", Value::List(missing)))
}

fn ask<'a>(
    set: &'a SelectionSet,
    on: Option<&'a TypeEntry>,
    schema: &'a SchemaIndex,
    asked: &mut HashSet<(&'a str, &'a str)>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                if name.starts_with("__") {
                    continue;
                }
                let (Some(on), Some(entry)) = (on, schema.field(on, name)) else {
                    continue;
                };
                asked.insert((&on.name, name));
                ask(
                    &field.node.selection_set.node,
                    schema.target(entry),
                    schema,
                    asked,
                );
            }
            Selection::InlineFragment(inline) => {
                let on = match &inline.node.type_condition {
                    Some(condition) => schema.get(&condition.node.on.node),
                    None => on,
                };
                ask(&inline.node.selection_set.node, on, schema, asked);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}
