//! Fields that share a response name must be the same field (GraphQL, September 2025, section 5.3.2). async-graphql
//! compares fields only where they stand under the same written type, so a conflict through a fragment passes it.
//!
//! Instead of every pair, every field is compared with the first of its group: sameness is transitive. What the groups
//! cost is counted, and an operation that takes too many steps is refused.
use std::collections::{BTreeMap, HashSet};

use async_graphql::{
    Name, Positioned,
    parser::types::{
        BaseType, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet, Type,
    },
};

use super::index::{SchemaIndex, TypeEntry};
use super::refusal::{Code, Limit, Refusal};
use super::text;

type On<'a> = Option<&'a TypeEntry>;
type Sets<'a> = Vec<(On<'a>, &'a SelectionSet)>;
type Fields<'a> = Vec<(On<'a>, &'a Positioned<Field>)>;

/// Refuses an operation in which two different fields would share a response name.
pub(super) fn check_merging(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    schema: &SchemaIndex,
    steps: usize,
) -> Result<(), Refusal> {
    let mut merging = Merging {
        document,
        schema,
        limit: steps,
        steps: 0,
    };
    let root = || vec![(schema.root(operation.ty), &operation.selection_set.node)];
    merging.same_fields(root())?;
    merging.same_shapes(root())
}

struct Merging<'a> {
    document: &'a ExecutableDocument,
    schema: &'a SchemaIndex,
    limit: usize,
    steps: usize,
}

impl<'a> Merging<'a> {
    fn step(&mut self) -> Result<(), Refusal> {
        self.steps += 1;
        Refusal::unless_within(Limit::Comparisons, self.limit, self.steps)
    }

    /// The fields of some selection sets that answer one object, by response name, fragments written out.
    fn collect(&mut self, mut sets: Sets<'a>) -> Result<BTreeMap<&'a str, Fields<'a>>, Refusal> {
        let mut fields: BTreeMap<&str, Fields> = BTreeMap::new();
        let mut spread_before: HashSet<&Name> = HashSet::new();
        sets.reverse();
        while let Some((on, set)) = sets.pop() {
            for selection in &set.items {
                self.step()?;
                match &selection.node {
                    Selection::Field(field) => {
                        let name = field.node.response_key().node.as_str();
                        fields.entry(name).or_default().push((on, field));
                    }
                    Selection::InlineFragment(inline) => {
                        let on = match &inline.node.type_condition {
                            Some(condition) => self.schema.get(&condition.node.on.node),
                            None => on,
                        };
                        sets.push((on, &inline.node.selection_set.node));
                    }
                    Selection::FragmentSpread(spread) => {
                        let name = &spread.node.fragment_name.node;
                        if spread_before.insert(name)
                            && let Some(fragment) = self.document.fragments.get(name)
                        {
                            let on = &fragment.node.type_condition.node.on.node;
                            sets.push((self.schema.get(on), &fragment.node.selection_set.node));
                        }
                    }
                }
            }
        }
        Ok(fields)
    }

    /// The selections below some fields that answer under one name.
    fn below(&self, fields: &Fields<'a>) -> Sets<'a> {
        fields
            .iter()
            .filter(|(_, field)| !field.node.selection_set.node.items.is_empty())
            .map(|(on, field)| {
                let entry = self.schema.field(*on, &field.node.name.node);
                let target = entry.and_then(|entry| self.schema.target(entry));
                (target, &field.node.selection_set.node)
            })
            .collect()
    }

    /// Fields that can answer for the same object have the same name and arguments. Two object types are never the same
    /// object; an interface or a union may be any.
    fn same_fields(&mut self, sets: Sets<'a>) -> Result<(), Refusal> {
        for fields in self.collect(sets)?.into_values() {
            let mut anywhere = Fields::new();
            let mut by_object: BTreeMap<&str, Fields> = BTreeMap::new();
            for (on, field) in fields {
                self.step()?;
                match on {
                    Some(entry) if !entry.is_abstract() => {
                        by_object.entry(&entry.name).or_default().push((on, field));
                    }
                    Some(_) | None => anywhere.push((on, field)),
                }
            }
            let mut groups: Vec<Fields> = by_object.into_values().collect();
            if groups.is_empty() {
                groups.push(Fields::new());
            }
            for mut group in groups {
                group.extend(anywhere.iter().copied());
                self.all_same(&group)?;
                let below = self.below(&group);
                if !below.is_empty() {
                    self.same_fields(below)?;
                }
            }
        }
        Ok(())
    }

    fn all_same(&mut self, group: &Fields<'a>) -> Result<(), Refusal> {
        let Some((_, first)) = group.first() else {
            return Ok(());
        };
        for (_, field) in group.iter().skip(1) {
            self.step()?;
            let same = first.node.name.node == field.node.name.node
                && first.node.arguments.len() == field.node.arguments.len()
                && first
                    .node
                    .arguments
                    .iter()
                    .all(|(name, value)| field.node.get_argument(&name.node) == Some(value));
            if !same {
                return Err(conflict(first, field));
            }
        }
        Ok(())
    }

    /// Fields that answer under one name have types of one shape, also where they are of different objects.
    fn same_shapes(&mut self, sets: Sets<'a>) -> Result<(), Refusal> {
        for fields in self.collect(sets)?.into_values() {
            let typed: Vec<(&Type, &Positioned<Field>)> = fields
                .iter()
                .filter_map(|(on, field)| {
                    let entry = self.schema.field(*on, &field.node.name.node)?;
                    Some((&entry.ty, *field))
                })
                .collect();
            if let Some((first_type, first)) = typed.first() {
                for (ty, field) in typed.iter().skip(1) {
                    self.step()?;
                    if !self.same_shape(first_type, ty) {
                        return Err(conflict(first, field));
                    }
                }
            }
            let below = self.below(&fields);
            if !below.is_empty() {
                self.same_shapes(below)?;
            }
        }
        Ok(())
    }

    fn same_shape(&self, one: &Type, other: &Type) -> bool {
        one.nullable == other.nullable
            && match (&one.base, &other.base) {
                (BaseType::List(one), BaseType::List(other)) => self.same_shape(one, other),
                (BaseType::Named(one), BaseType::Named(other)) => {
                    one == other || (self.is_composite(one) && self.is_composite(other))
                }
                (BaseType::Named(_), BaseType::List(_))
                | (BaseType::List(_), BaseType::Named(_)) => false,
            }
    }

    fn is_composite(&self, name: &str) -> bool {
        self.schema.get(name).is_some_and(TypeEntry::is_composite)
    }
}

fn conflict(one: &Positioned<Field>, other: &Positioned<Field>) -> Refusal {
    let refusal = Refusal::new(Code::GraphqlValidationFailed, text::FIELDS_CONFLICT);
    refusal
        .at(one.pos.min(other.pos))
        .at(one.pos.max(other.pos))
}
