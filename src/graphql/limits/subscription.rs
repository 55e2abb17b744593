//! The one root field of a subscription (GraphQL, September 2025, section 5.2.3.1), counted in `document`. async-graphql
//! looks for it in the operation itself only, so that one in a fragment would end at once and say nothing; it also lets
//! through what the section forbids there: introspection, `@skip` and `@include`.
use async_graphql::{
    Name, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType,
        Selection,
    },
};

use super::{
    document::{self, FragmentOrder},
    refusal::{Code, Refusal},
    text,
};

/// Refuses a root field that no subscription may have, and moves the one of the operation that is to run out of the
/// fragments it stands in.
pub(super) fn settle(
    document: &mut ExecutableDocument,
    order: &FragmentOrder,
    chosen: Option<&Name>,
) -> Result<(), Refusal> {
    let mut moved = None;
    for (name, operation) in document.operations.iter() {
        if operation.node.ty != OperationType::Subscription {
            continue;
        }
        let root = root_of(document, &operation.node)
            .ok_or_else(|| refused(text::SUBSCRIPTION_ROOT, operation))?;
        if root.node.name.node.starts_with("__") {
            return Err(refused(text::SUBSCRIPTION_ROOT, operation));
        }
        if name == chosen {
            moved = Some(root);
        }
    }
    let Some(root) = moved else { return Ok(()) };
    let before = reached(document, order);
    let operation = match (&mut document.operations, chosen) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(named), Some(name)) => named.get_mut(name),
        (DocumentOperations::Multiple(_), None) => None,
    };
    if let Some(operation) = operation {
        let position = root.pos;
        operation.node.selection_set.node.items =
            vec![Positioned::new(Selection::Field(root), position)];
    }
    // What only led to the root field is used by nobody now.
    let after = reached(document, order);
    for name in before.into_iter().filter(|name| !after.contains(name)) {
        document.fragments.remove(&name);
    }
    Ok(())
}

fn refused(message: text::Text, operation: &Positioned<OperationDefinition>) -> Refusal {
    Refusal::new(Code::GraphqlValidationFailed, message).at(operation.pos)
}

/// The root field, wherever it stands; none where `@skip` or `@include` stand on the way.
fn root_of(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
) -> Option<Positioned<Field>> {
    let mut sets = vec![&operation.selection_set.node];
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            let conditional = |directive: &Positioned<_>| is_conditional(directive);
            if selection.node.directives().iter().any(conditional) {
                return None;
            }
            match &selection.node {
                Selection::Field(field) => return Some(field.clone()),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = document.fragments.get(name);
                    sets.extend(fragment.map(|fragment| &fragment.node.selection_set.node));
                }
            }
        }
    }
    None
}

fn is_conditional(directive: &Positioned<async_graphql::parser::types::Directive>) -> bool {
    matches!(directive.node.name.node.as_str(), "skip" | "include")
}

fn reached(document: &ExecutableDocument, order: &FragmentOrder) -> Vec<Name> {
    let operations = document.operations.iter();
    operations
        .flat_map(|(_, operation)| document::reachable(document, order, &operation.node))
        .cloned()
        .collect()
}
