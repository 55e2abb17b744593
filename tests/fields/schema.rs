//! The schema as it says of itself: its object types and their fields, and how to select each.
use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::app::Client;

const INTROSPECTION: &str =
    "{ __schema { mutationType { name } types { name kind interfaces { name }
    fields(includeDeprecated: true) { name args { name type { kind } }
    type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }";

/// A field, and what selects it with all that is needed to see whether it is told.
#[derive(Clone)]
pub struct Field {
    pub name: String,
    pub selection: String,
}

pub struct Schema {
    types: BTreeMap<String, Value>,
}

impl Schema {
    pub async fn of(client: &Client<'_>) -> Self {
        let answer = client.query(INTROSPECTION).await;
        let types = answer.data()["__schema"]["types"]
            .as_array()
            .expect("types")
            .iter()
            .map(|each| (text(&each["name"]), each.clone()))
            .collect();
        Self { types }
    }

    /// The names of the object types that hold data.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.types
            .iter()
            .filter(|(name, each)| each["kind"] == "OBJECT" && !name.starts_with("__"))
            .map(|(name, _)| name.as_str())
    }

    /// The fields of an object type, in the order of their names.
    pub fn fields(&self, of: &str) -> Vec<Field> {
        let listed = self
            .types
            .get(of)
            .unwrap_or_else(|| panic!("{of} is no type of the schema"));
        let mut fields: Vec<Field> = listed["fields"]
            .as_array()
            .expect("fields")
            .iter()
            .map(|field| self.field(field))
            .collect();
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        fields
    }

    fn field(&self, field: &Value) -> Field {
        let name = text(&field["name"]);
        let mut of = &field["type"];
        while of["name"].is_null() {
            of = &of["ofType"];
        }
        let of = text(&of["name"]);
        let selection = match text(&self.types[&of]["kind"]).as_str() {
            "OBJECT" if of.ends_with("Connection") => {
                format!("{name}(first: 5) {{ edges {{ cursor }} }}")
            }
            "OBJECT" | "INTERFACE" | "UNION" => format!("{name} {{ __typename }}"),
            _ => name.clone(),
        };
        Field { name, selection }
    }

    /// The object types that tell nothing of their own, and why.
    pub fn without_facts(&self) -> Vec<(String, &'static str)> {
        self.objects()
            .filter_map(|name| Some((name.to_owned(), self.why_without_facts(name)?)))
            .collect()
    }

    fn why_without_facts(&self, name: &str) -> Option<&'static str> {
        let fields = self.fields(name);
        let has = |wanted: &str| fields.iter().any(|field| field.name == wanted);
        let interfaces = &self.types[name]["interfaces"];
        let is_error = interfaces
            .as_array()
            .is_some_and(|all| all.iter().any(|each| each["name"] == "UserError"));
        match name {
            "Query" | "Mutation" | "Subscription" => {
                Some("a root; what its fields give is drawn by type")
            }
            "ConsentWarning" => Some("what a caller should mind, in words that `message` holds"),
            "PageInfo" => Some("whether there is more; `paging` and `visibility` hold it"),
            _ if is_error => Some("what a caller did wrong, in words that `message` holds"),
            _ if name.ends_with("Payload") && has("userErrors") => {
                Some("what a mutation left, of a type that is drawn")
            }
            _ if name.ends_with("Connection") && has("edges") => {
                Some("a list of a type that is drawn")
            }
            _ if name.ends_with("Edge") && has("node") && fields.len() == 2 => {
                Some("a place in a list of a type that is drawn")
            }
            _ => None,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a name").to_owned()
}
