//! The values of variables against their declared types (GraphQL, September 2025, section 6.1.2), before anything
//! runs. async-graphql would find a missing or ill-typed variable only in the field that uses it, half way through.
//! Defaults are filled in here, because it forgets them for `@skip` and `@include`.
use async_graphql::{
    Name, Value, Variables,
    parser::types::{BaseType, OperationDefinition, Type},
};

use super::index::{Kind, SchemaIndex, TypeEntry};
use super::refusal::{Code, Limit, Refusal};
use super::settings::Limits;
use super::text;
use super::values::scalar_fits;

/// Refuses variables that are nested too deep or hold too long a list.
pub(super) fn bound(variables: &Variables, longest: usize, limits: &Limits) -> Result<(), Refusal> {
    for value in variables.values() {
        // The object that holds the variables is the first level.
        bound_value(value, 2, longest, limits.variables_nesting)?;
    }
    Ok(())
}

fn bound_value(value: &Value, level: usize, longest: usize, deepest: usize) -> Result<(), Refusal> {
    match value {
        Value::List(items) => {
            Refusal::unless_within(Limit::VariablesNesting, deepest, level)?;
            Refusal::unless_within(Limit::InputList, longest, items.len())?;
            items
                .iter()
                .try_for_each(|item| bound_value(item, level + 1, longest, deepest))
        }
        Value::Object(members) => {
            Refusal::unless_within(Limit::VariablesNesting, deepest, level)?;
            members
                .values()
                .try_for_each(|item| bound_value(item, level + 1, longest, deepest))
        }
        Value::Null
        | Value::Number(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_) => Ok(()),
    }
}

/// The variables that an operation declares, with their defaults; what it does not declare is dropped.
pub(super) fn coerce(
    operation: &OperationDefinition,
    mut given: Variables,
    schema: &SchemaIndex,
) -> Result<Variables, Vec<Refusal>> {
    let mut coerced = Variables::default();
    let mut refusals = Vec::new();
    for definition in &operation.variable_definitions {
        let name = &definition.node.name.node;
        let ty = &definition.node.var_type.node;
        let Some(value) = given.remove(name) else {
            if let Some(default) = &definition.node.default_value {
                coerced.insert(name.clone(), default.node.clone());
            } else if !ty.nullable {
                refusals.push(
                    Refusal::new(Code::BadUserInput, text::VARIABLE_MISSING).at(definition.pos),
                );
            }
            continue;
        };
        let mut path = Vec::new();
        match coerce_value(value, ty, schema, &mut path) {
            Ok(value) => {
                coerced.insert(name.clone(), value);
            }
            Err(Unfit) => {
                let refusal =
                    Refusal::new(Code::BadUserInput, text::VARIABLE_VALUE_UNFIT).at(definition.pos);
                refusals.push(if path.is_empty() {
                    refusal
                } else {
                    refusal.with("at", path.join("."))
                });
            }
        }
    }
    if refusals.is_empty() {
        Ok(coerced)
    } else {
        Err(refusals)
    }
}

/// A value that is none of its type.
struct Unfit;

/// `path` is left at the place that does not fit: names of the schema's input fields and indexes of lists, so that
/// nothing of the caller's is repeated.
fn coerce_value(
    value: Value,
    ty: &Type,
    schema: &SchemaIndex,
    path: &mut Vec<String>,
) -> Result<Value, Unfit> {
    if value == Value::Null {
        return if ty.nullable {
            Ok(Value::Null)
        } else {
            Err(Unfit)
        };
    }
    match &ty.base {
        BaseType::List(inner) => {
            let Value::List(items) = value else {
                return Ok(Value::List(vec![coerce_value(value, inner, schema, path)?]));
            };
            let mut coerced = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                path.push(index.to_string());
                coerced.push(coerce_value(item, inner, schema, path)?);
                path.pop();
            }
            Ok(Value::List(coerced))
        }
        BaseType::Named(name) => match schema.get(name) {
            Some(entry) => coerce_named(value, entry, schema, path),
            // An unknown type is for the validation to refuse.
            None => Ok(value),
        },
    }
}

fn coerce_named(
    value: Value,
    entry: &TypeEntry,
    schema: &SchemaIndex,
    path: &mut Vec<String>,
) -> Result<Value, Unfit> {
    match &entry.kind {
        Kind::Scalar => {
            let value = if entry.name == "Int" {
                whole(value)
            } else {
                value
            };
            if scalar_fits(&entry.name, &value, schema) {
                Ok(value)
            } else {
                Err(Unfit)
            }
        }
        Kind::Enum(values) => match value {
            Value::String(text) if values.contains(&text) => Ok(Value::Enum(Name::new(text))),
            Value::Enum(name) if values.contains(name.as_str()) => Ok(Value::Enum(name)),
            Value::Null
            | Value::Number(_)
            | Value::String(_)
            | Value::Boolean(_)
            | Value::Binary(_)
            | Value::Enum(_)
            | Value::List(_)
            | Value::Object(_) => Err(Unfit),
        },
        Kind::Input { one_of } => coerce_object(value, entry, *one_of, schema, path),
        // A variable of an output type is for the validation to refuse.
        Kind::Object | Kind::Abstract => Ok(value),
    }
}

fn coerce_object(
    value: Value,
    entry: &TypeEntry,
    one_of: bool,
    schema: &SchemaIndex,
    path: &mut Vec<String>,
) -> Result<Value, Unfit> {
    let Value::Object(mut members) = value else {
        return Err(Unfit);
    };
    if one_of && (members.len() != 1 || members.values().any(|member| *member == Value::Null)) {
        return Err(Unfit);
    }
    for (name, member) in &mut members {
        let Some(input) = entry.input(name) else {
            return Err(Unfit);
        };
        path.push(name.to_string());
        *member = coerce_value(std::mem::take(member), &input.ty, schema, path)?;
        path.pop();
    }
    for (name, input) in entry.inputs() {
        if input.is_required() && !members.contains_key(name.as_str()) {
            path.push(name.clone());
            return Err(Unfit);
        }
    }
    Ok(Value::Object(members))
}

/// JSON does not tell `1` from `1.0`, so `Int` takes both.
fn whole(value: Value) -> Value {
    if let Value::Number(number) = &value
        && !number.is_i64()
        && let Some(float) = number.as_f64()
        && float.fract() == 0.0
        && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&float)
        && let Ok(integer) = format!("{float:.0}").parse::<i64>()
    {
        return Value::from(integer);
    }
    value
}
