//! An answer in few words: no braces, no quotes, a dash for what is null; without what only software needs.
use serde_json::Value;

/// What only software needs.
const LEFT_OUT: [&str; 4] = ["id", "version", "cursor", "__typename"];
const NOTHING: &str = "—";

/// The lines of an answer.
pub(super) fn lines(value: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    put(&mut lines, "", value);
    lines
}

fn put(lines: &mut Vec<String>, indent: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let empty = name == "userErrors" && value.as_array().is_some_and(Vec::is_empty);
                if !empty && !LEFT_OUT.contains(&name.as_str()) {
                    put_field(lines, indent, name, value);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| put_item(lines, indent, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            lines.push(format!("{indent}{}", scalar(value)));
        }
    }
}

fn put_field(lines: &mut Vec<String>, indent: &str, name: &str, value: &Value) {
    // A connection is the list of what it holds.
    if let Some(edges) = value["edges"].as_array() {
        let nodes = edges.iter().map(|edge| edge["node"].clone()).collect();
        return put_field(lines, indent, name, &Value::Array(nodes));
    }
    let simple = |items: &Vec<Value>| items.iter().all(|item| !item.is_object());
    match value {
        Value::Array(items) if simple(items) => {
            let texts: Vec<String> = items.iter().map(scalar).collect();
            let text = if texts.is_empty() {
                NOTHING.to_owned()
            } else {
                texts.join(", ")
            };
            lines.push(format!("{indent}{name}: {text}"));
        }
        Value::Object(_) | Value::Array(_) => {
            lines.push(format!("{indent}{name}:"));
            put(lines, &format!("{indent}  "), value);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            lines.push(format!("{indent}{name}: {}", scalar(value)));
        }
    }
}

/// An item of a list begins with a dash, and goes on beneath it.
fn put_item(lines: &mut Vec<String>, indent: &str, item: &Value) {
    let from = lines.len();
    put(lines, "", item);
    for (place, text) in lines.iter_mut().skip(from).enumerate() {
        let mark = if place == 0 { "- " } else { "  " };
        *text = format!("{indent}{mark}{text}");
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_told_in_few_words() {
        let answer = json!({
            "referral": { "id": "x", "version": 3, "status": "REQUESTED", "overdue": false, "identity": null,
                "alsoFor": [{ "id": "y", "name": "Testa", "needs": ["HOUSING", "HEALTH"] }, { "name": "Testb", "needs": [] }],
                "messages": { "edges": [{ "cursor": "z", "node": { "body": "A lift would do." } }] } },
            "userErrors": [],
        });
        assert_eq!(
            lines(&answer),
            [
                "referral:",
                "  alsoFor:",
                "    - name: Testa",
                "      needs: HOUSING, HEALTH",
                "    - name: Testb",
                "      needs: —",
                "  identity: —",
                "  messages:",
                "    - body: A lift would do.",
                "  overdue: no",
                "  status: REQUESTED",
            ]
        );
    }
}
