//! What the limits know of the schema: for each type its fields, their types and arguments. It is built once from the
//! SDL that the schema prints, so that it fits any schema; it never asks the schema itself.
use std::collections::{HashMap, HashSet};

use async_graphql::{
    Value,
    parser::{
        self, parse_schema,
        types::{
            BaseType, FieldDefinition, InputValueDefinition, ObjectType, OperationType, Type,
            TypeDefinition, TypeKind, TypeSystemDefinition,
        },
    },
};

/// Tells whether a value can be one of a custom scalar.
pub type ScalarRule = fn(&Value) -> bool;

/// The types of a schema, by name.
#[derive(Debug)]
pub struct SchemaIndex {
    types: HashMap<String, TypeEntry>,
    directives: HashMap<String, HashMap<String, InputEntry>>,
    scalar_rules: HashMap<String, ScalarRule>,
    /// `__typename`, `__schema` and `__type`, which stand outside every type.
    introspection: HashMap<String, FieldEntry>,
    query: String,
    mutation: Option<String>,
    subscription: Option<String>,
}

/// What a type is, as far as the limits care.
#[derive(Debug)]
pub(super) enum Kind {
    Scalar,
    Enum(HashSet<String>),
    Object,
    /// An interface or a union.
    Abstract,
    /// An input object; `one_of` wants exactly one of its fields.
    Input {
        one_of: bool,
    },
}

/// The part a type plays in paging, where its objects are counted with the page and not one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paging {
    None,
    Connection,
    Edge,
}

#[derive(Debug)]
pub(super) struct TypeEntry {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) paging: Paging,
    fields: HashMap<String, FieldEntry>,
    inputs: HashMap<String, InputEntry>,
}

#[derive(Debug)]
pub(super) struct FieldEntry {
    pub(super) ty: Type,
    pub(super) arguments: HashMap<String, InputEntry>,
}

#[derive(Clone, Debug)]
pub(super) struct InputEntry {
    pub(super) ty: Type,
    pub(super) has_default: bool,
}

impl TypeEntry {
    pub(super) const fn is_composite(&self) -> bool {
        match self.kind {
            Kind::Object | Kind::Abstract => true,
            Kind::Scalar | Kind::Enum(_) | Kind::Input { .. } => false,
        }
    }

    pub(super) const fn is_abstract(&self) -> bool {
        match self.kind {
            Kind::Abstract => true,
            Kind::Object | Kind::Scalar | Kind::Enum(_) | Kind::Input { .. } => false,
        }
    }

    pub(super) fn input(&self, name: &str) -> Option<&InputEntry> {
        self.inputs.get(name)
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = (&String, &InputEntry)> {
        self.inputs.iter()
    }
}

impl InputEntry {
    /// Whether a value must be given.
    pub(super) const fn is_required(&self) -> bool {
        !self.ty.nullable && !self.has_default
    }
}

/// The name inside the wrappings of a type.
pub(super) fn named(ty: &Type) -> &str {
    let mut base = &ty.base;
    loop {
        match base {
            BaseType::Named(name) => return name,
            BaseType::List(inner) => base = &inner.base,
        }
    }
}

pub(super) const fn is_list(ty: &Type) -> bool {
    match ty.base {
        BaseType::List(_) => true,
        BaseType::Named(_) => false,
    }
}

impl SchemaIndex {
    /// Reads the SDL of a schema: `SchemaIndex::from_sdl(&schema.sdl())`.
    ///
    /// # Errors
    /// The SDL cannot be parsed.
    pub fn from_sdl(sdl: &str) -> Result<Self, parser::Error> {
        let mut index = Self {
            types: HashMap::new(),
            directives: HashMap::new(),
            scalar_rules: HashMap::new(),
            introspection: HashMap::new(),
            query: "Query".to_owned(),
            mutation: None,
            subscription: None,
        };
        for text in [INTROSPECTION_SDL, sdl] {
            for definition in parse_schema(text)?.definitions {
                index.add(definition);
            }
        }
        for name in ["Int", "Float", "String", "Boolean", "ID"] {
            index.insert(
                name.to_owned(),
                Kind::Scalar,
                HashMap::new(),
                HashMap::new(),
            );
        }
        index.mark_paging();
        if let Some(entry) = index.types.remove("__Introspection") {
            index.introspection = entry.fields;
        }
        Ok(index)
    }

    /// Adds a rule for the values of a custom scalar, so that a bad value is refused before anything runs. A scalar
    /// without a rule takes any value here.
    #[must_use]
    pub fn scalar_rule(mut self, scalar: &str, rule: ScalarRule) -> Self {
        self.scalar_rules.insert(scalar.to_owned(), rule);
        self
    }

    pub(super) fn get(&self, name: &str) -> Option<&TypeEntry> {
        self.types.get(name)
    }

    /// A field of a type, introspection included.
    pub(super) fn field<'a>(
        &'a self,
        on: Option<&'a TypeEntry>,
        name: &str,
    ) -> Option<&'a FieldEntry> {
        self.introspection
            .get(name)
            .or_else(|| on?.fields.get(name))
    }

    pub(super) fn rule_of(&self, scalar: &str) -> Option<ScalarRule> {
        self.scalar_rules.get(scalar).copied()
    }

    /// The type that a field returns, without its wrappings.
    pub(super) fn target(&self, field: &FieldEntry) -> Option<&TypeEntry> {
        self.get(named(&field.ty))
    }

    pub(super) fn directive(&self, name: &str) -> Option<&HashMap<String, InputEntry>> {
        self.directives.get(name)
    }

    pub(super) fn root(&self, operation: OperationType) -> Option<&TypeEntry> {
        match operation {
            OperationType::Query => self.get(&self.query),
            OperationType::Mutation => self.get(self.mutation.as_deref()?),
            OperationType::Subscription => self.get(self.subscription.as_deref()?),
        }
    }

    fn add(&mut self, definition: TypeSystemDefinition) {
        match definition {
            TypeSystemDefinition::Schema(schema) => {
                let schema = schema.node;
                if let Some(query) = schema.query {
                    self.query = query.node.to_string();
                }
                self.mutation = schema.mutation.map(|name| name.node.to_string());
                self.subscription = schema.subscription.map(|name| name.node.to_string());
            }
            TypeSystemDefinition::Directive(directive) => {
                let arguments = input_entries(directive.node.arguments.iter().map(|a| &a.node));
                let name = directive.node.name.node.to_string();
                self.directives.insert(name, arguments);
            }
            TypeSystemDefinition::Type(definition) => self.add_type(definition.node),
        }
    }

    fn add_type(&mut self, definition: TypeDefinition) {
        let name = definition.name.node.to_string();
        let none = HashMap::new();
        match definition.kind {
            TypeKind::Scalar => self.insert(name, Kind::Scalar, none, HashMap::new()),
            TypeKind::Enum(values) => {
                let values = values.values.iter().map(|v| v.node.value.node.to_string());
                self.insert(name, Kind::Enum(values.collect()), none, HashMap::new());
            }
            TypeKind::Object(ObjectType { fields, .. }) => {
                let fields = field_entries(fields.iter().map(|field| &field.node));
                self.insert(name, Kind::Object, fields, HashMap::new());
            }
            TypeKind::Interface(interface) => {
                let fields = field_entries(interface.fields.iter().map(|field| &field.node));
                self.insert(name, Kind::Abstract, fields, HashMap::new());
            }
            TypeKind::Union(_) => self.insert(name, Kind::Abstract, none, HashMap::new()),
            TypeKind::InputObject(input) => {
                let one_of = definition
                    .directives
                    .iter()
                    .any(|directive| directive.node.name.node == "oneOf");
                let inputs = input_entries(input.fields.iter().map(|field| &field.node));
                self.insert(name, Kind::Input { one_of }, none, inputs);
            }
        }
    }

    /// Adds a type, or what an extension adds to one.
    fn insert(
        &mut self,
        name: String,
        kind: Kind,
        fields: HashMap<String, FieldEntry>,
        inputs: HashMap<String, InputEntry>,
    ) {
        let entry = self.types.entry(name.clone()).or_insert(TypeEntry {
            name,
            kind,
            paging: Paging::None,
            fields: HashMap::new(),
            inputs: HashMap::new(),
        });
        entry.fields.extend(fields);
        entry.inputs.extend(inputs);
    }

    /// Finds the connections (Relay's specification, section 2: `edges` and `pageInfo`) and their edges.
    fn mark_paging(&mut self) {
        let pairs: Vec<(String, String)> = self
            .types
            .values()
            .filter(|entry| {
                entry.name.ends_with("Connection") && entry.fields.contains_key("pageInfo")
            })
            .filter_map(|entry| {
                let edges = entry.fields.get("edges")?;
                Some((entry.name.clone(), named(&edges.ty).to_owned()))
            })
            .collect();
        for (connection, edge) in pairs {
            if let Some(entry) = self.types.get_mut(&connection) {
                entry.paging = Paging::Connection;
            }
            if let Some(entry) = self.types.get_mut(&edge) {
                entry.paging = Paging::Edge;
            }
        }
    }
}

fn field_entries<'a>(
    fields: impl Iterator<Item = &'a FieldDefinition>,
) -> HashMap<String, FieldEntry> {
    fields
        .map(|field| {
            let entry = FieldEntry {
                ty: field.ty.node.clone(),
                arguments: input_entries(field.arguments.iter().map(|argument| &argument.node)),
            };
            (field.name.node.to_string(), entry)
        })
        .collect()
}

fn input_entries<'a>(
    inputs: impl Iterator<Item = &'a InputValueDefinition>,
) -> HashMap<String, InputEntry> {
    inputs
        .map(|input| {
            let entry = InputEntry {
                ty: input.ty.node.clone(),
                has_default: input.default_value.is_some(),
            };
            (input.name.node.to_string(), entry)
        })
        .collect()
}

/// The types of introspection (GraphQL, September 2025, section 4.2), which no schema prints, and the two directives
/// that every schema has.
const INTROSPECTION_SDL: &str = "
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
type __Schema {
  description: String types: [__Type!]! queryType: __Type! mutationType: __Type subscriptionType: __Type
  directives(includeDeprecated: Boolean! = false): [__Directive!]!
}
type __Type {
  kind: __TypeKind! name: String description: String specifiedByURL: String
  fields(includeDeprecated: Boolean! = false): [__Field!] interfaces: [__Type!] possibleTypes: [__Type!]
  enumValues(includeDeprecated: Boolean! = false): [__EnumValue!]
  inputFields(includeDeprecated: Boolean! = false): [__InputValue!] ofType: __Type isOneOf: Boolean
}
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field {
  name: String! description: String args(includeDeprecated: Boolean! = false): [__InputValue!]! type: __Type!
  isDeprecated: Boolean! deprecationReason: String
}
type __InputValue {
  name: String! description: String type: __Type! defaultValue: String isDeprecated: Boolean! deprecationReason: String
}
type __EnumValue { name: String! description: String isDeprecated: Boolean! deprecationReason: String }
type __Directive {
  name: String! description: String isRepeatable: Boolean! locations: [__DirectiveLocation!]!
  args(includeDeprecated: Boolean! = false): [__InputValue!]!
}
enum __DirectiveLocation { QUERY }
type __Introspection { __typename: String! __schema: __Schema! __type(name: String!): __Type }
";
