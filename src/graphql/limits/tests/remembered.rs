//! What is remembered of documents, and what is not.
use super::*;

/// Who asks for a remembered document.
struct Asking {
    introspection: bool,
    scopes: fn(&str, &str) -> Option<MissingScopes>,
}

const ANYBODY: Asking = Asking {
    introspection: true,
    scopes: open,
};

fn ask(
    documents: &Documents,
    text: &str,
    operation: Option<&str>,
    variables: serde_json::Value,
    asking: &Asking,
) -> Result<Prepared, Vec<Refusal>> {
    let (limits, schema) = (Limits::default(), schema());
    let rules = Rules {
        limits: &limits,
        schema: &schema,
        scopes: &asking.scopes,
        introspection: asking.introspection,
    };
    read(text, operation, &limits, documents)?.prepare(Variables::from_json(variables), &rules)
}

const PAGE: &str = "query($first: Int, $items: [Item!]) { services(first: $first) { nodes { name } } find(items: $items) { id } }";

#[test]
fn a_remembered_document_with_other_variables_is_still_limited() {
    let documents = Documents::default();
    let with = |variables| ask(&documents, PAGE, None, variables, &ANYBODY);
    let few = with(json!({ "first": 2 })).unwrap();
    assert_eq!(documents.count(), 1);
    let many = with(json!({ "first": 100 })).unwrap();
    assert_eq!(
        (few.cost, many.cost),
        (3, 101),
        "the cost is counted each time"
    );
    assert_limit(with(json!({ "first": 101 })), Limit::Page, 100, 101);
    let items: Vec<_> = (0..251).map(|id| json!({ "id": id.to_string() })).collect();
    assert_limit(with(json!({ "items": items })), Limit::InputList, 250, 251);
    assert_eq!(
        with(json!({ "first": "two" })).unwrap_err()[0].code,
        Code::BadUserInput
    );
    assert_eq!(
        with(json!({ "items": [{ "kind": "NONE" }] })).unwrap_err()[0].code,
        Code::BadUserInput
    );
    assert_eq!(documents.count(), 1);
}

#[test]
fn a_remembered_document_is_held_against_each_caller() {
    let documents = Documents::default();
    let schema = "{ __schema { queryType { name } } }";
    let closed = Asking {
        introspection: false,
        ..ANYBODY
    };
    assert!(ask(&documents, schema, None, json!({}), &ANYBODY).is_ok());
    let refusals = ask(&documents, schema, None, json!({}), &closed).unwrap_err();
    assert_eq!(refusals[0].code, Code::GraphqlValidationFailed);
    assert_eq!(refusals[0].locations, [Pos { line: 1, column: 3 }]);
    let missing = |_: &str, field: &str| {
        (field == "services").then(|| MissingScopes(vec!["directory:read".to_owned()]))
    };
    let without = Asking {
        scopes: missing,
        ..ANYBODY
    };
    assert!(ask(&documents, PAGE, None, json!({}), &ANYBODY).is_ok());
    let refusals = ask(&documents, PAGE, None, json!({}), &without).unwrap_err();
    assert_eq!(refusals[0].code, Code::Forbidden);
    assert_eq!(documents.count(), 2);
}

#[test]
fn nothing_is_remembered_of_a_document_that_was_refused() {
    let documents = Documents::default();
    for text in [
        "{",
        "{ find(number: \"text\") { id } }",
        "{ viewer { id } viewer { id: name } }",
        "{ __typename(never: 1) }",
        "query($number: Int) { find(item: $number) { id } }",
    ] {
        let first = ask(&documents, text, None, json!({}), &ANYBODY).unwrap_err();
        let again = ask(&documents, text, None, json!({}), &ANYBODY).unwrap_err();
        assert_eq!(first, again, "{text}");
    }
    assert_eq!(documents.count(), 0);
}

#[test]
fn the_whole_text_is_the_name_of_a_document() {
    let documents = Documents::default();
    for text in [
        "{ viewer { id } }",
        "{ viewer { id  } }",
        "{ viewer { name } }",
    ] {
        assert!(ask(&documents, text, None, json!({}), &ANYBODY).is_ok());
    }
    assert_eq!(documents.count(), 3);
}

#[test]
fn each_operation_of_a_document_is_validated_for_itself() {
    let documents = Documents::default();
    let text = "query A { viewer { id } } query B { viewer { name } }";
    let validity = |name| {
        ask(&documents, text, Some(name), json!({}), &ANYBODY)
            .unwrap()
            .validity
    };
    assert!(!validity("A").is_known());
    validity("A").learn();
    assert!(validity("A").is_known());
    assert!(!validity("B").is_known(), "only the one that was looked at");
    let unknown = ask(&documents, text, Some("C"), json!({}), &ANYBODY).unwrap_err();
    assert_eq!(unknown[0].code, Code::OperationResolutionFailure);
}

#[test]
fn the_memory_is_bounded_in_documents_and_in_bytes() {
    let documents = Documents::default();
    let field = "viewer { id name services { nodes { name } } } ";
    for number in 0..6_000 {
        let text = format!("query Q{number} {{ {field} }}");
        documents.keep(&text, parse(&text, &Limits::default()).unwrap().0);
    }
    assert!(documents.count() <= 4_096, "{}", documents.count());
    assert!(documents.weight() <= 16 * 1_024 * 1_024);
    assert!(documents.count() > 100);
}
