//! What is counted in a parsed document. Each fragment is looked at once, callees first, so that the work is linear in
//! the text however the fragments spread one another; and nothing recurses deeper than the brackets of one definition.
use std::collections::{HashMap, HashSet};

use async_graphql::{
    Name, Positioned,
    parser::types::{
        Directive, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
        SelectionSet,
    },
};

use super::refusal::{Code, Limit, Refusal};
use super::settings::Limits;
use super::text;

/// The fragments of a document, each after those it spreads.
pub(super) type FragmentOrder = Vec<Name>;

/// Sorts the fragments so that each comes after those it spreads; refuses a cycle.
pub(super) fn order_fragments(document: &ExecutableDocument) -> Result<FragmentOrder, Refusal> {
    let mut names: Vec<&Name> = document.fragments.keys().collect();
    // The parser keeps fragments in a map with a random order; the answer must not be random.
    names.sort_by_key(|name| document.fragments.get(*name).map(|fragment| fragment.pos));
    let spreads: HashMap<&Name, Vec<&Name>> = document
        .fragments
        .iter()
        .map(|(name, fragment)| (name, spreads_in(&fragment.node.selection_set.node)))
        .collect();
    let mut done = HashSet::new();
    let mut order = Vec::with_capacity(names.len());
    for name in names {
        // Depth first, with a stack of its own: (fragment, how many of its spreads are done).
        let mut path: Vec<(&Name, usize)> = vec![(name, 0)];
        let mut on_path = HashSet::from([name]);
        if done.contains(name) {
            continue;
        }
        while let Some((current, next)) = path.last_mut() {
            let spread = spreads.get(*current).and_then(|list| list.get(*next));
            *next += 1;
            match spread {
                Some(spread) if on_path.contains(spread) => return Err(cycle(document, spread)),
                Some(spread) if done.contains(spread) || !spreads.contains_key(spread) => {}
                Some(spread) => {
                    on_path.insert(spread);
                    path.push((spread, 0));
                }
                None => {
                    let finished = *current;
                    path.pop();
                    on_path.remove(finished);
                    done.insert(finished);
                    order.push(finished.clone());
                }
            }
        }
    }
    Ok(order)
}

fn cycle(document: &ExecutableDocument, fragment: &Name) -> Refusal {
    let refusal = Refusal::new(Code::GraphqlValidationFailed, text::FRAGMENT_CYCLE);
    match document.fragments.get(fragment) {
        Some(definition) => refusal.at(definition.pos),
        None => refusal,
    }
}

fn spreads_in(set: &SelectionSet) -> Vec<&Name> {
    let mut found = Vec::new();
    let mut sets = vec![set];
    while let Some(set) = sets.pop() {
        for selection in &set.items {
            match &selection.node {
                Selection::Field(field) => sets.push(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => sets.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(spread) => found.push(&spread.node.fragment_name.node),
            }
        }
    }
    found
}

/// The fragments that an operation reaches, each after those it spreads.
pub(super) fn reachable<'a>(
    document: &ExecutableDocument,
    order: &'a FragmentOrder,
    operation: &OperationDefinition,
) -> Vec<&'a Name> {
    let mut reached: HashSet<&Name> = spreads_in(&operation.selection_set.node)
        .into_iter()
        .collect();
    // Callers come after callees, so one pass from the end sees every caller first.
    for name in order.iter().rev() {
        if reached.contains(name)
            && let Some(fragment) = document.fragments.get(name)
        {
            reached.extend(spreads_in(&fragment.node.selection_set.node));
        }
    }
    order.iter().filter(|name| reached.contains(name)).collect()
}

/// Counts operations, fragments, variables and directives, which need no look inside a fragment's callees.
pub(super) fn count_definitions(
    document: &ExecutableDocument,
    limits: &Limits,
) -> Result<(), Refusal> {
    let operations = document.operations.iter();
    Refusal::unless_within(Limit::Operations, limits.operations, operations.len())?;
    Refusal::unless_within(Limit::Fragments, limits.fragments, document.fragments.len())?;
    let mut directives = Directives { all: 0, most: 0 };
    for (_, operation) in operations {
        let variables = &operation.node.variable_definitions;
        Refusal::unless_within(Limit::Variables, limits.variables, variables.len())?;
        directives.add(&operation.node.directives);
        for variable in variables {
            directives.add(&variable.node.directives);
        }
        directives.add_set(&operation.node.selection_set.node);
    }
    for fragment in document.fragments.values() {
        directives.add(&fragment.node.directives);
        directives.add_set(&fragment.node.selection_set.node);
    }
    Refusal::unless_within(
        Limit::DirectivesPerField,
        limits.directives_per_field,
        directives.most,
    )?;
    Refusal::unless_within(Limit::Directives, limits.directives, directives.all)
}

struct Directives {
    all: usize,
    most: usize,
}

impl Directives {
    fn add(&mut self, directives: &[Positioned<Directive>]) {
        self.all += directives.len();
        self.most = self.most.max(directives.len());
    }

    fn add_set(&mut self, set: &SelectionSet) {
        for selection in &set.items {
            self.add(selection.node.directives());
            match &selection.node {
                Selection::Field(field) => self.add_set(&field.node.selection_set.node),
                Selection::InlineFragment(inline) => self.add_set(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
}

/// What a selection set amounts to once its fragments are written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    depth: usize,
    levels: usize,
    selections: usize,
    aliases: usize,
    /// Fields at the top of the set.
    fields: usize,
}

/// Refuses an operation that is too deep, too wide or too long once its fragments are written out.
pub(super) fn count_extents(
    document: &ExecutableDocument,
    order: &FragmentOrder,
    limits: &Limits,
) -> Result<(), Refusal> {
    let mut fragments: HashMap<&Name, Extent> = HashMap::new();
    for name in order {
        if let Some(fragment) = document.fragments.get(name) {
            let extent = extent_of(&fragment.node.selection_set.node, &fragments);
            fragments.insert(name, extent);
        }
    }
    let mut operations: Vec<_> = document
        .operations
        .iter()
        .map(|(_, operation)| operation)
        .collect();
    operations.sort_by_key(|operation| operation.pos);
    for operation in operations {
        let extent = extent_of(&operation.node.selection_set.node, &fragments);
        Refusal::unless_within(Limit::RootFields, limits.root_fields, extent.fields)?;
        // GraphQL, September 2025, section 5.2.3.1; async-graphql would run several streams at once.
        if operation.node.ty == OperationType::Subscription && extent.fields != 1 {
            let refusal = Refusal::new(Code::GraphqlValidationFailed, text::SUBSCRIPTION_ROOT);
            return Err(refusal.at(operation.pos));
        }
        Refusal::unless_within(Limit::Aliases, limits.aliases, extent.aliases)?;
        Refusal::unless_within(Limit::Depth, limits.depth, extent.depth)?;
        Refusal::unless_within(Limit::Nesting, limits.nesting, extent.levels)?;
        Refusal::unless_within(Limit::Selections, limits.selections, extent.selections)?;
    }
    Ok(())
}

fn extent_of(set: &SelectionSet, fragments: &HashMap<&Name, Extent>) -> Extent {
    let mut extent = Extent {
        levels: 1,
        ..Extent::default()
    };
    for selection in &set.items {
        let inner = match &selection.node {
            Selection::Field(field) => extent_of_field(&field.node, fragments),
            Selection::InlineFragment(inline) => {
                extent_of(&inline.node.selection_set.node, fragments)
            }
            Selection::FragmentSpread(spread) => fragments
                .get(&spread.node.fragment_name.node)
                .copied()
                .unwrap_or_default(),
        };
        extent.depth = extent.depth.max(inner.depth);
        extent.levels = extent.levels.max(inner.levels.saturating_add(1));
        extent.selections = extent
            .selections
            .saturating_add(inner.selections)
            .saturating_add(1);
        extent.aliases = extent.aliases.saturating_add(inner.aliases);
        extent.fields = extent.fields.saturating_add(inner.fields);
    }
    extent
}

fn extent_of_field(field: &Field, fragments: &HashMap<&Name, Extent>) -> Extent {
    let inner = if field.selection_set.node.items.is_empty() {
        Extent::default()
    } else {
        extent_of(&field.selection_set.node, fragments)
    };
    Extent {
        // Introspection is as deep as its client likes: its size is that of the schema.
        depth: if field.name.node.starts_with("__") {
            0
        } else {
            inner.depth.saturating_add(1)
        },
        aliases: inner
            .aliases
            .saturating_add(usize::from(field.alias.is_some())),
        fields: 1,
        levels: inner.levels,
        selections: inner.selections,
    }
}
