//! The limits against a small schema of their own: what passes at a limit, what is refused one above it, and the two
//! documents that killed a process or a core before there were limits.
mod counting;
mod remembered;
mod validation;

use std::time::{Duration, Instant};

use async_graphql::{Pos, Value, Variables, parser::types::OperationType};
use serde_json::json;

use super::*;

const SDL: &str = r#"
directive @requiresScopes(scopes: [[String!]!]!) on FIELD_DEFINITION | OBJECT
scalar Date
enum Kind { HOUSING HEALTH }
interface Node { id: ID! }
type PageInfo { hasNextPage: Boolean! }
type Service implements Node { id: ID! name(language: String): String! owner: Organization organizations: [Organization!]! kind: Kind }
type Organization implements Node { id: ID! name(language: String): String services(first: Int, last: Int): ServiceConnection! }
type ServiceConnection { edges: [ServiceEdge!]! nodes: [Service!]! pageInfo: PageInfo! totalCount: Int! }
type ServiceEdge { cursor: String! node: Service! }
input Item { id: ID! count: Int = 1 kind: Kind items: [Item!] }
input Choice @oneOf { id: ID name: String }
type Query {
  viewer: Organization!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  services(first: Int = 20, last: Int): ServiceConnection!
  regions: [Organization!]!
  find(item: Item, items: [Item!], date: Date, number: Int, choice: Choice): Service
}
type Mutation { save(items: [Item!]!): Service referralBulkAct(items: [Item!]!): Service }
schema { query: Query mutation: Mutation }
"#;

fn schema() -> SchemaIndex {
    SchemaIndex::from_sdl(SDL)
        .unwrap()
        .scalar_rule("Date", |value| *value == Value::from("2024-02-29"))
}

fn open(_: &str, _: &str) -> Option<MissingScopes> {
    None
}

fn try_with(
    text: &str,
    variables: serde_json::Value,
    limits: &Limits,
) -> Result<Prepared, Vec<Refusal>> {
    let rules = Rules {
        limits,
        schema: &schema(),
        scopes: &open,
        introspection: true,
    };
    prepare(text, None, Variables::from_json(variables), &rules)
}

fn attempt(text: &str) -> Result<Prepared, Vec<Refusal>> {
    try_with(text, json!({}), &Limits::default())
}

fn cost(text: &str) -> u64 {
    attempt(text).unwrap().cost
}

#[track_caller]
fn assert_limit(result: Result<Prepared, Vec<Refusal>>, limit: Limit, value: u64, actual: u64) {
    let mut refusals = result.unwrap_err();
    for refusal in &mut refusals {
        refusal.locations.clear();
    }
    assert_eq!(refusals, [Refusal::limit(limit, value, actual)]);
}

#[track_caller]
fn assert_refused(text: &str, code: Code, message: Text, line_and_column: &[(usize, usize)]) {
    let mut expected = Refusal::new(code, message);
    expected.locations = line_and_column
        .iter()
        .map(|&(line, column)| Pos { line, column })
        .collect();
    assert_eq!(attempt(text).unwrap_err(), [expected], "{text}");
}

#[track_caller]
fn assert_invalid(text: &str, message: Text, line_and_column: &[(usize, usize)]) {
    assert_refused(
        text,
        Code::GraphqlValidationFailed,
        message,
        line_and_column,
    );
}

fn repeated(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}
