//! Writes the table of scopes into a schema: the directive that machines read and the sentence that people read. It
//! changes nothing else in a schema, and checks no request.
use async_graphql::{
    Name, Value,
    indexmap::IndexMap,
    registry::{
        __DirectiveLocation, MetaDirective, MetaDirectiveInvocation, MetaField, MetaInputValue,
        MetaType, Registry,
    },
};

use super::{ANY_TOKEN, OBJECT, Requirement, TABLE, say};

const DIRECTIVE: &str = "requiresScopes";
const ARGUMENT: &str = "scopes";
/// The root types, under the names that the table uses for them.
const ROOTS: &[&str] = &["Query", "Mutation", "Subscription"];

/// Writes every row of the table into the schema, as a directive and as a sentence, and declares the directive. Rows
/// for what the schema lacks are passed over; a second call changes nothing, so that each root type may call it.
pub fn register(registry: &mut Registry) {
    registry.add_directive(definition());
    for (type_name, field_name, requirement) in TABLE {
        let Some(meta_type) = registry.types.get_mut(*type_name) else {
            continue;
        };
        if *field_name == OBJECT {
            if let MetaType::Object {
                description,
                directive_invocations,
                ..
            } = meta_type
            {
                annotate(description, directive_invocations, requirement);
            }
        } else if let Some(field) = field_of(meta_type, field_name) {
            annotate(
                &mut field.description,
                &mut field.directive_invocations,
                requirement,
            );
        }
    }
}

/// The rows, as `Type.field`, for which the schema has no such type or field.
pub fn unknown_rows(registry: &Registry) -> Vec<String> {
    TABLE
        .iter()
        .map(|(type_name, field_name, _)| (*type_name, *field_name))
        .chain(ANY_TOKEN.iter().copied())
        .filter(
            |(type_name, field_name)| match registry.types.get(*type_name) {
                None => true,
                Some(meta_type) => {
                    *field_name != OBJECT && meta_type.field_by_name(field_name).is_none()
                }
            },
        )
        .map(|(type_name, field_name)| format!("{type_name}.{field_name}"))
        .collect()
}

/// The fields of the root types, as `Type.field`, that neither have a row nor stand among those open to any token.
pub fn uncovered_root_fields(registry: &Registry) -> Vec<String> {
    ROOTS
        .iter()
        .filter_map(|name| registry.types.get(*name))
        .flat_map(|root| {
            root.fields()
                .into_iter()
                .flat_map(IndexMap::keys)
                .map(|field| (root.name(), field.as_str()))
        })
        .filter(|(_, field)| !field.starts_with("__"))
        .filter(|(root, field)| super::required(root, field).is_none())
        .filter(|row| !ANY_TOKEN.contains(row))
        .map(|(root, field)| format!("{root}.{field}"))
        .collect()
}

fn field_of<'a>(meta_type: &'a mut MetaType, name: &str) -> Option<&'a mut MetaField> {
    match meta_type {
        MetaType::Object { fields, .. } | MetaType::Interface { fields, .. } => {
            fields.get_mut(name)
        }
        MetaType::Scalar { .. }
        | MetaType::Union { .. }
        | MetaType::Enum { .. }
        | MetaType::InputObject { .. } => None,
    }
}

fn annotate(
    description: &mut Option<String>,
    invocations: &mut Vec<MetaDirectiveInvocation>,
    requirement: Requirement,
) {
    if invocations
        .iter()
        .any(|invocation| invocation.name == DIRECTIVE)
    {
        return;
    }
    let sentence = say(requirement);
    *description = Some(match description.take() {
        Some(text) => format!("{text}\n\n{sentence}"),
        None => sentence,
    });
    let alternatives = requirement.iter().map(|all| {
        Value::List(
            all.iter()
                .map(|scope| Value::String(scope.as_str().to_owned()))
                .collect(),
        )
    });
    invocations.push(MetaDirectiveInvocation {
        name: DIRECTIVE.to_owned(),
        args: IndexMap::from([(
            Name::new(ARGUMENT).to_string(),
            Value::List(alternatives.collect()),
        )]),
    });
}

fn definition() -> MetaDirective {
    MetaDirective {
        name: DIRECTIVE.to_owned(),
        description: Some(
            "The scopes that a token needs here. Outer list: any of; inner list: all of."
                .to_owned(),
        ),
        locations: vec![
            __DirectiveLocation::FIELD_DEFINITION,
            __DirectiveLocation::OBJECT,
        ],
        args: IndexMap::from([(
            ARGUMENT.to_owned(),
            MetaInputValue::new(ARGUMENT, "[[String!]!]!"),
        )]),
        is_repeatable: false,
        visible: None,
        composable: None,
    }
}
