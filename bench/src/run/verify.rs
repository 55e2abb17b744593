//! Whether the contenders answer alike. What is compared is the data alone: public ids become the ids they stand for,
//! connections lists, and moments numbers.
use chrono::{DateTime, Utc};
use claimant_gateway::opaque::Keys;
use serde_json::{Map, Value, json};

use super::wrk::Request;
use crate::Failure;

/// Asks once.
pub async fn ask(
    client: &reqwest::Client,
    address: &str,
    request: &Request,
) -> Result<Value, Failure> {
    let mut asked = client
        .post(format!("{address}{}", request.path))
        .header("content-type", "application/json")
        .body(request.body.clone());
    if !request.token.is_empty() {
        asked = asked.bearer_auth(&request.token);
    }
    let answer = asked.send().await.map_err(unreachable)?;
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    let wrong = || Failure::Text(format!("{address}{} {status}: {text}", request.path));
    if !status.is_success() {
        return Err(wrong());
    }
    let value: Value = serde_json::from_str(&text).map_err(|_| wrong())?;
    if value.get("errors").is_some() || text.contains("\"userErrors\":[{") {
        return Err(wrong());
    }
    Ok(value)
}

fn unreachable(error: reqwest::Error) -> Failure {
    Failure::Text(error.to_string())
}

/// An answer of the gateway as the floor would give it: the only field of its data, plain.
pub fn of_gateway(keys: &Keys, answer: &Value) -> Value {
    let data = answer["data"].as_object();
    let Some((name, field)) = data.and_then(|data| data.iter().next()) else {
        return Value::Null;
    };
    if name == "referrals" {
        return json!({
            "nodes": plain(keys, field),
            "hasNextPage": field["pageInfo"]["hasNextPage"],
        });
    }
    // A mutation answers with what it changed.
    plain(keys, field.get("referral").unwrap_or(field))
}

/// An answer of the floor, without what only the floor tells.
pub fn of_floor(keys: &Keys, mut answer: Value) -> Value {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("end");
    }
    plain(keys, &answer)
}

/// An answer of PostGraphile as the floor would give it. It has no lock: who the person is it tells of everybody.
pub fn of_postgraphile(keys: &Keys, answer: &Value) -> Value {
    let data = &answer["data"];
    let inbox = &data["allReferrals"];
    if inbox.is_object() {
        let nodes = inbox["nodes"].as_array().into_iter().flatten();
        let nodes: Vec<Value> = nodes.map(renamed).collect();
        let answer = json!({ "nodes": nodes, "hasNextPage": inbox["pageInfo"]["hasNextPage"] });
        return plain(keys, &answer);
    }
    let mut one = renamed(&data["referralByRowId"]);
    let entries = data["allJournalEntries"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let mut history: Vec<Value> = entries.map(renamed).collect();
    history.reverse();
    one["history"] = history.into();
    plain(keys, &one)
}

fn renamed(value: &Value) -> Value {
    let Value::Object(fields) = value else {
        return value.clone();
    };
    let mut named = Map::new();
    for (name, value) in fields {
        let (name, value) = match name.as_str() {
            "rowId" => ("id", value.clone()),
            "nameEn" => ("name", value.clone()),
            "claimantByClaimantId" => ("claimant", renamed(value)),
            "regionByRegionId" => ("region", renamed(value)),
            "benchPersonByClaimantId" => ("identity", value.clone()),
            "serviceByServiceId" => ("service", renamed(value)),
            "organizationByOrganizationId" => ("organization", renamed(value)),
            "organizationBySourceId" => ("source", renamed(value)),
            "organizationByOwnerId" => ("owner", renamed(value)),
            "benchSummaryByReferralId" => ("summary", value["summary"].clone()),
            "serviceCategoriesByServiceId" => {
                let rows = value["nodes"].as_array().into_iter().flatten();
                let categories = rows.map(|row| row["category"].clone()).collect();
                ("categories", categories)
            }
            same => (same, value.clone()),
        };
        named.insert(name.to_owned(), value);
    }
    Value::Object(named)
}

/// The same answer without identities.
pub fn without_identity(mut answer: Value) -> Value {
    forget(&mut answer);
    answer
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("identity");
            fields.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn plain(keys: &Keys, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| plain(keys, item)).collect(),
        Value::Object(fields) => object(keys, fields),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn object(keys: &Keys, fields: &Map<String, Value>) -> Value {
    if let Some(edges) = fields.get("edges").and_then(Value::as_array) {
        return edges
            .iter()
            .map(|edge| plain(keys, &edge["node"]))
            .collect();
    }
    let mut plain_fields = Map::new();
    for (name, value) in fields {
        let plain_value = match (name.as_str(), value) {
            ("id", Value::String(id)) => match keys.node(id) {
                Some((_, id)) => json!(id),
                None => value.clone(),
            },
            ("at" | "createdAt" | "updatedAt", Value::String(at)) => {
                let at = at.parse::<DateTime<Utc>>();
                at.map_or_else(|_| value.clone(), |at| json!(at.timestamp_micros()))
            }
            ("region", Value::Object(region)) => region.get("name").cloned().unwrap_or_default(),
            _ => plain(keys, value),
        };
        plain_fields.insert(name.clone(), plain_value);
    }
    Value::Object(plain_fields)
}

/// The first place in which two answers differ.
pub fn difference(path: &str, one: &Value, other: &Value) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
            names.sort_unstable();
            names.dedup();
            names.into_iter().find_map(|name| {
                let of = |fields: &Map<String, Value>| fields.get(name).cloned();
                let (one, other) = (of(one), of(other));
                match (one, other) {
                    (Some(one), Some(other)) => difference(&format!("{path}.{name}"), &one, &other),
                    (one, other) => Some(format!("{path}.{name}: {one:?} and {other:?}")),
                }
            })
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => one
            .iter()
            .zip(other)
            .enumerate()
            .find_map(|(place, (one, other))| difference(&format!("{path}[{place}]"), one, other)),
        _ if one == other => None,
        _ => Some(format!("{path}: {one} and {other}")),
    }
}
