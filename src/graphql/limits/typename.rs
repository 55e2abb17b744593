//! `__typename`, which async-graphql does not validate at all: its visitor passes over the field, and with it over the
//! directives, arguments and variables that stand there. (Sections 5.4, 5.7 and 5.8 of GraphQL, September 2025.)
use async_graphql::{
    Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, InlineFragment, Selection, SelectionSet,
    },
};

use super::refusal::{Code, Refusal};
use super::text;

/// Refuses arguments and selections on `__typename`, and moves its directives to an inline fragment around it, where
/// async-graphql validates and counts them like any other. The answer is the same.
pub(super) fn settle(document: &mut ExecutableDocument) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    match &mut document.operations {
        DocumentOperations::Single(operation) => {
            settle_set(&mut operation.node.selection_set.node, &mut refusals);
        }
        DocumentOperations::Multiple(operations) => {
            for operation in operations.values_mut() {
                settle_set(&mut operation.node.selection_set.node, &mut refusals);
            }
        }
    }
    for fragment in document.fragments.values_mut() {
        settle_set(&mut fragment.node.selection_set.node, &mut refusals);
    }
    refusals
}

fn settle_set(set: &mut SelectionSet, refusals: &mut Vec<Refusal>) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) if field.node.name.node == "__typename" => {
                check(field, refusals);
                if !field.node.directives.is_empty() {
                    let directives = std::mem::take(&mut field.node.directives);
                    let position = field.pos;
                    let inner = Positioned::new(Selection::Field(field.clone()), position);
                    let inline = InlineFragment {
                        type_condition: None,
                        directives,
                        selection_set: Positioned::new(
                            SelectionSet { items: vec![inner] },
                            position,
                        ),
                    };
                    selection.node = Selection::InlineFragment(Positioned::new(inline, position));
                }
            }
            Selection::Field(field) => settle_set(&mut field.node.selection_set.node, refusals),
            Selection::InlineFragment(inline) => {
                settle_set(&mut inline.node.selection_set.node, refusals);
            }
            Selection::FragmentSpread(_) => {}
        }
    }
}

fn check(field: &Positioned<Field>, refusals: &mut Vec<Refusal>) {
    let mut refuse = |message| {
        refusals.push(Refusal::new(Code::GraphqlValidationFailed, message).at(field.pos));
    };
    if !field.node.arguments.is_empty() {
        refuse(text::TYPENAME_ARGUMENTS);
    }
    if !field.node.selection_set.node.items.is_empty() {
        refuse(text::TYPENAME_SELECTION);
    }
}
