//! How many objects an operation may make the gateway fetch. Scalars are free, an object counts one, a connection
//! counts its page and multiplies what is below it; a list without paging counts a fixed, modest number. Connections,
//! edges and page information are the wrapping of a page and not counted apart. Introspection is not counted: its
//! size is that of the schema, and the limits on the text bound it.
use std::collections::HashMap;

use async_graphql::{
    Name, Positioned, Value as ConstValue, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
};
use async_graphql_value::Value;

use super::index::{Paging, SchemaIndex, TypeEntry, is_list};
use super::refusal::{Limit, Refusal};
use super::settings::Limits;
use super::values::BULK_PREFIX;

/// Counts the objects of an operation; refuses too large a page, or too many objects in all.
pub(super) fn count_cost(
    document: &ExecutableDocument,
    reachable: &[&Name],
    operation: &OperationDefinition,
    variables: &Variables,
    schema: &SchemaIndex,
    limits: &Limits,
) -> Result<u64, Refusal> {
    let mut count = Count {
        schema,
        limits,
        variables,
        fragments: HashMap::new(),
    };
    for name in reachable {
        if let Some(fragment) = document.fragments.get(*name) {
            let on = schema.get(&fragment.node.type_condition.node.on.node);
            let cost = count.set(&fragment.node.selection_set.node, on)?;
            count.fragments.insert(name, (on, cost));
        }
    }
    let cost = count.set(&operation.selection_set.node, schema.root(operation.ty))?;
    if cost > limits.cost {
        return Err(Refusal::limit(Limit::Cost, limits.cost, cost));
    }
    Ok(cost)
}

struct Count<'a> {
    schema: &'a SchemaIndex,
    limits: &'a Limits,
    variables: &'a Variables,
    fragments: HashMap<&'a Name, (Option<&'a TypeEntry>, u64)>,
}

impl<'a> Count<'a> {
    fn set(&self, set: &SelectionSet, on: Option<&'a TypeEntry>) -> Result<u64, Refusal> {
        let mut always = 0_u64;
        // An object has one type: of the parts that apply to one type each, only the dearest can be fetched.
        let mut by_type: HashMap<&str, u64> = HashMap::new();
        for selection in &set.items {
            let (part_on, cost) = match &selection.node {
                Selection::Field(field) => (on, self.field(field, on)?),
                Selection::InlineFragment(inline) => {
                    let part_on = match &inline.node.type_condition {
                        Some(condition) => self.schema.get(&condition.node.on.node),
                        None => on,
                    };
                    (part_on, self.set(&inline.node.selection_set.node, part_on)?)
                }
                Selection::FragmentSpread(spread) => self
                    .fragments
                    .get(&spread.node.fragment_name.node)
                    .copied()
                    .unwrap_or((on, 0)),
            };
            match (on, part_on) {
                (Some(whole), Some(part)) if whole.is_abstract() && !part.is_abstract() => {
                    let sum = by_type.entry(&part.name).or_default();
                    *sum = sum.saturating_add(cost);
                }
                _ => always = always.saturating_add(cost),
            }
        }
        Ok(always.saturating_add(by_type.into_values().max().unwrap_or(0)))
    }

    fn field(&self, field: &Positioned<Field>, on: Option<&'a TypeEntry>) -> Result<u64, Refusal> {
        let name = field.node.name.node.as_str();
        if name.starts_with("__") {
            return Ok(0);
        }
        let Some(entry) = self.schema.field(on, name) else {
            return Ok(0);
        };
        let Some(target) = self.schema.target(entry) else {
            return Ok(0);
        };
        // What was wrong with an input is not fetched.
        if !target.is_composite() || target.name.ends_with("UserError") {
            return Ok(0);
        }
        let below = self.set(&field.node.selection_set.node, Some(target))?;
        if target.paging == Paging::Connection {
            let page = self.page(field)?;
            return Ok(page.saturating_mul(below.saturating_add(1)));
        }
        let in_page = match on.map_or(Paging::None, |on| on.paging) {
            Paging::Connection => true,
            Paging::Edge => name == "node",
            Paging::None => false,
        };
        if in_page {
            return Ok(below);
        }
        let objects = if is_list(&entry.ty) {
            self.plain_list(&field.node)
        } else if name.starts_with(BULK_PREFIX) {
            self.times(&field.node)
        } else {
            1
        };
        Ok(objects.saturating_mul(below.saturating_add(1)))
    }

    /// The size of the page that a connection is asked for.
    fn page(&self, field: &Positioned<Field>) -> Result<u64, Refusal> {
        let asked = ["first", "last"]
            .into_iter()
            .filter_map(|argument| self.integer(&field.node.get_argument(argument)?.node))
            .max();
        let Some(asked) = asked else {
            return Ok(self.limits.page_default as u64);
        };
        let largest = self.limits.page as u64;
        if asked > largest {
            return Err(Refusal::limit(Limit::Page, largest, asked).at(field.pos));
        }
        // A page below one is for the resolver to refuse, which knows the words for it.
        Ok(asked.max(1))
    }

    /// The number of objects in a list that has no page: that of the keys it is asked by, or a modest guess.
    fn plain_list(&self, field: &Field) -> u64 {
        field
            .arguments
            .iter()
            .filter_map(|(_, value)| self.length(&value.node))
            .max()
            .unwrap_or(self.limits.plain_list) as u64
    }

    /// How often a bulk mutation gives what one plain list is taken to hold: it has a result for each item of its input.
    fn times(&self, field: &Field) -> u64 {
        let items = |value: &Value| {
            if let Value::Object(members) = value {
                members.values().filter_map(|list| self.length(list)).max()
            } else if let Value::Variable(name) = value
                && let Some(ConstValue::Object(members)) = self.variables.get(name)
            {
                let lists = members
                    .values()
                    .map(|member| self.length(&member.clone().into_value()));
                lists.flatten().max()
            } else {
                self.length(value)
            }
        };
        let arguments = field.arguments.iter();
        let items = arguments.filter_map(|(_, value)| items(&value.node)).max();
        let times = items.unwrap_or(0).div_ceil(self.limits.plain_list.max(1));
        times.max(1) as u64
    }

    fn integer(&self, value: &Value) -> Option<u64> {
        let number = if let Value::Number(number) = value {
            number
        } else if let Value::Variable(name) = value
            && let Some(ConstValue::Number(number)) = self.variables.get(name)
        {
            number
        } else {
            return None;
        };
        number
            .as_i64()
            .map(|number| u64::try_from(number).unwrap_or(0))
    }

    fn length(&self, value: &Value) -> Option<usize> {
        if let Value::List(items) = value {
            Some(items.len())
        } else if let Value::Variable(name) = value
            && let Some(ConstValue::List(items)) = self.variables.get(name)
        {
            Some(items.len())
        } else {
            None
        }
    }
}
