//! Every argument of a document against the type it is for: where variables stand, and whether literals fit. It does
//! what async-graphql leaves out (variables of the wrong type in `@skip` and `@include`, integers beyond 32 bits,
//! literals it passes over because a variable stands inside) and bounds the lists.
use std::collections::HashMap;

use async_graphql::{
    Name, Pos, Positioned, Value as ConstValue,
    parser::types::{
        BaseType, Directive, ExecutableDocument, OperationDefinition, Selection, SelectionSet, Type,
    },
};
use async_graphql_value::Value;

use super::index::{InputEntry, Kind, SchemaIndex, TypeEntry, named};
use super::refusal::{Code, Limit, Refusal};
use super::settings::Limits;
use super::text::{self, Text};

/// The mutations whose input may hold more items begin so.
pub(super) const BULK_PREFIX: &str = "referralBulk";

/// A variable where it is used.
struct Usage<'a> {
    name: &'a Name,
    ty: &'a Type,
    has_default: bool,
    position: Pos,
}

/// The variables of each definition, and what is wrong with its literals.
pub(super) struct Values<'a> {
    schema: &'a SchemaIndex,
    limits: &'a Limits,
    fragments: HashMap<&'a Name, Vec<Usage<'a>>>,
    refusals: Vec<Refusal>,
}

impl<'a> Values<'a> {
    /// Looks at every argument of a document.
    pub(super) fn check(
        document: &'a ExecutableDocument,
        operations: &[(&'a OperationDefinition, Vec<&'a Name>)],
        schema: &'a SchemaIndex,
        limits: &'a Limits,
    ) -> Vec<Refusal> {
        let mut values = Self {
            schema,
            limits,
            fragments: HashMap::new(),
            refusals: Vec::new(),
        };
        for (name, fragment) in &document.fragments {
            let mut usages = Vec::new();
            values.directives(&fragment.node.directives, &mut usages);
            let on = schema.get(&fragment.node.type_condition.node.on.node);
            values.set(&fragment.node.selection_set.node, on, &mut usages);
            values.fragments.insert(name, usages);
        }
        for (operation, reachable) in operations {
            let mut usages = Vec::new();
            // No directive of ours is for variables, and async-graphql does not look there.
            for definition in &operation.variable_definitions {
                for directive in &definition.node.directives {
                    values.refuse(text::DIRECTIVE_PLACE, directive.pos);
                }
                // async-graphql looks whether the rest of it fits.
                if let Some(default) = &definition.node.default_value
                    && holds_nul(&default.node)
                {
                    values.refuse(text::VALUE_UNFIT, default.pos);
                }
            }
            values.directives(&operation.directives, &mut usages);
            values.set(
                &operation.selection_set.node,
                schema.root(operation.ty),
                &mut usages,
            );
            values.variables_fit(operation, &usages);
            for name in reachable {
                if let Some(usages) = values.fragments.remove(*name) {
                    values.variables_fit(operation, &usages);
                    values.fragments.insert(name, usages);
                }
            }
        }
        values.refusals
    }

    fn refuse(&mut self, message: Text, position: Pos) {
        let refusal = Refusal::new(Code::GraphqlValidationFailed, message).at(position);
        self.refusals.push(refusal);
    }

    fn set(
        &mut self,
        set: &'a SelectionSet,
        on: Option<&'a TypeEntry>,
        usages: &mut Vec<Usage<'a>>,
    ) {
        let schema = self.schema;
        for selection in &set.items {
            self.directives(selection.node.directives(), usages);
            match &selection.node {
                Selection::Field(field) => {
                    let Some(entry) = schema.field(on, &field.node.name.node) else {
                        continue;
                    };
                    let bulk = field.node.name.node.starts_with(BULK_PREFIX);
                    self.arguments(&field.node.arguments, &entry.arguments, bulk, usages);
                    self.set(&field.node.selection_set.node, schema.target(entry), usages);
                }
                Selection::InlineFragment(inline) => {
                    let on = match &inline.node.type_condition {
                        Some(condition) => schema.get(&condition.node.on.node),
                        None => on,
                    };
                    self.set(&inline.node.selection_set.node, on, usages);
                }
                Selection::FragmentSpread(_) => {}
            }
        }
    }

    fn directives(&mut self, directives: &'a [Positioned<Directive>], usages: &mut Vec<Usage<'a>>) {
        let schema = self.schema;
        for directive in directives {
            if let Some(arguments) = schema.directive(&directive.node.name.node) {
                self.arguments(&directive.node.arguments, arguments, false, usages);
            }
        }
    }

    fn arguments(
        &mut self,
        given: &'a [(Positioned<Name>, Positioned<Value>)],
        known: &'a HashMap<String, InputEntry>,
        bulk: bool,
        usages: &mut Vec<Usage<'a>>,
    ) {
        for (name, value) in given {
            if let Some(input) = known.get(name.node.as_str()) {
                let place = Place {
                    ty: &input.ty,
                    has_default: input.has_default,
                    position: value.pos,
                    longest: if bulk {
                        self.limits.input_list_bulk
                    } else {
                        self.limits.input_list
                    },
                };
                self.value(&value.node, place, usages);
            }
        }
    }

    fn value(&mut self, value: &'a Value, place: Place<'a>, usages: &mut Vec<Usage<'a>>) {
        match value {
            Value::Variable(name) => usages.push(Usage {
                name,
                ty: place.ty,
                has_default: place.has_default,
                position: place.position,
            }),
            Value::List(items) => {
                if let Err(refusal) =
                    Refusal::unless_within(Limit::InputList, place.longest, items.len())
                {
                    self.refusals.push(refusal.at(place.position));
                } else if let BaseType::List(inner) = &place.ty.base {
                    let place = Place {
                        ty: inner,
                        has_default: false,
                        ..place
                    };
                    for item in items {
                        self.value(item, place, usages);
                    }
                }
            }
            Value::Object(_) => self.object(value, place, usages),
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_) => {
                let scalar = named(place.ty);
                let fits = match value.clone().into_const() {
                    Some(ConstValue::Null) | None => true,
                    Some(constant) => scalar_fits(scalar, &constant, self.schema),
                };
                if !fits {
                    self.refuse(text::VALUE_UNFIT, place.position);
                }
            }
        }
    }

    fn object(&mut self, value: &'a Value, place: Place<'a>, usages: &mut Vec<Usage<'a>>) {
        let Value::Object(members) = value else {
            return;
        };
        let Some(input) = self.schema.get(named(place.ty)) else {
            return;
        };
        let one_of = match input.kind {
            Kind::Input { one_of } => one_of,
            // A custom scalar may be written as an object.
            Kind::Scalar | Kind::Enum(_) | Kind::Object | Kind::Abstract => return,
        };
        if one_of && members.len() != 1 {
            self.refuse(text::ONE_OF, place.position);
        }
        for (name, member) in members {
            match input.input(name) {
                Some(entry) => self.value(
                    member,
                    Place {
                        ty: &entry.ty,
                        has_default: entry.has_default,
                        ..place
                    },
                    usages,
                ),
                None => self.refuse(text::INPUT_FIELD_UNKNOWN, place.position),
            }
        }
        if input
            .inputs()
            .any(|(name, entry)| entry.is_required() && !members.contains_key(name.as_str()))
        {
            self.refuse(text::INPUT_FIELD_MISSING, place.position);
        }
    }

    /// GraphQL, September 2025, section 5.8.5: all variable usages are allowed.
    fn variables_fit(&mut self, operation: &OperationDefinition, usages: &[Usage<'a>]) {
        for usage in usages {
            let definition = operation
                .variable_definitions
                .iter()
                .find(|definition| definition.node.name.node == *usage.name);
            let Some(definition) = definition else {
                self.refuse(text::VARIABLE_UNDECLARED, usage.position);
                continue;
            };
            let default = definition
                .node
                .default_value
                .as_ref()
                .map(|value| &value.node);
            let has_default = default.is_some_and(|value| *value != ConstValue::Null);
            let given = &definition.node.var_type.node;
            let filled = usage.has_default || has_default;
            let fits = if !usage.ty.nullable && given.nullable {
                filled && bases_fit(&given.base, &usage.ty.base)
            } else {
                bases_fit(&given.base, &usage.ty.base)
            };
            if !fits {
                self.refuse(text::VARIABLE_UNFIT, usage.position);
            }
        }
    }
}

/// Where a value stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    ty: &'a Type,
    has_default: bool,
    position: Pos,
    longest: usize,
}

fn bases_fit(given: &BaseType, wanted: &BaseType) -> bool {
    match (given, wanted) {
        (BaseType::Named(given), BaseType::Named(wanted)) => given == wanted,
        (BaseType::List(given), BaseType::List(wanted)) => {
            (wanted.nullable || !given.nullable) && bases_fit(&given.base, &wanted.base)
        }
        (BaseType::Named(_), BaseType::List(_)) | (BaseType::List(_), BaseType::Named(_)) => false,
    }
}

/// Whether U+0000 stands in a text. PostgreSQL keeps none, SQLite would, and no text of ours needs it.
fn holds_nul(value: &ConstValue) -> bool {
    match value {
        ConstValue::String(text) => text.contains('\0'),
        ConstValue::List(items) => items.iter().any(holds_nul),
        ConstValue::Object(members) => members.values().any(holds_nul),
        ConstValue::Null
        | ConstValue::Number(_)
        | ConstValue::Boolean(_)
        | ConstValue::Binary(_)
        | ConstValue::Enum(_) => false,
    }
}

/// Whether a constant can be a value of a scalar, as far as the type rules alone tell. async-graphql lets an integer of
/// any size pass for `Int` until it runs.
pub(super) fn scalar_fits(scalar: &str, value: &ConstValue, schema: &SchemaIndex) -> bool {
    if holds_nul(value) {
        return false;
    }
    match scalar {
        "Int" => match value {
            ConstValue::Number(number) => number
                .as_i64()
                .is_some_and(|number| i32::try_from(number).is_ok()),
            ConstValue::Null
            | ConstValue::String(_)
            | ConstValue::Boolean(_)
            | ConstValue::Binary(_)
            | ConstValue::Enum(_)
            | ConstValue::List(_)
            | ConstValue::Object(_) => false,
        },
        "Float" => matches!(value, ConstValue::Number(_)),
        "String" => matches!(value, ConstValue::String(_)),
        "Boolean" => matches!(value, ConstValue::Boolean(_)),
        "ID" => match value {
            ConstValue::Number(number) => number.is_i64() || number.is_u64(),
            ConstValue::String(_) => true,
            ConstValue::Null
            | ConstValue::Boolean(_)
            | ConstValue::Binary(_)
            | ConstValue::Enum(_)
            | ConstValue::List(_)
            | ConstValue::Object(_) => false,
        },
        _ => match (
            schema.get(scalar).map(|entry| &entry.kind),
            schema.rule_of(scalar),
        ) {
            (Some(Kind::Enum(values)), _) => match value {
                ConstValue::Enum(name) => values.contains(name.as_str()),
                ConstValue::Null
                | ConstValue::Number(_)
                | ConstValue::String(_)
                | ConstValue::Boolean(_)
                | ConstValue::Binary(_)
                | ConstValue::List(_)
                | ConstValue::Object(_) => false,
            },
            (Some(Kind::Input { .. }), _) => false,
            (_, Some(rule)) => rule(value),
            (_, None) => true,
        },
    }
}
