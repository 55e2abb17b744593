//! What is answered to documents: those that run, those that do not, and those that would have killed.
use super::*;

#[tokio::test]
async fn a_request_error_has_no_data_and_a_status_by_media_type() {
    for (text, expected) in [
        (
            "{hello",
            error_at(
                "GRAPHQL_PARSE_FAILED",
                "The document is not valid GraphQL syntax.",
                1,
                7,
            ),
        ),
        (
            "{nothing}",
            error_at(
                "GRAPHQL_VALIDATION_FAILED",
                "A field does not exist on its type.",
                1,
                2,
            ),
        ),
        (
            "query q($v:Int!){shelf(number:$v){name}}",
            error_at(
                "BAD_USER_INPUT",
                "A variable that must be given is missing.",
                1,
                9,
            ),
        ),
        (
            "{shelf(number:\"a person\"){name}}",
            error_at(
                "GRAPHQL_VALIDATION_FAILED",
                "A value does not fit the type of its argument.",
                1,
                15,
            ),
        ),
        (
            "{when(at:\"a person\")}",
            error_at(
                "BAD_USER_INPUT",
                "The value of an argument does not fit its type.",
                1,
                10,
            ),
        ),
    ] {
        assert_eq!(tell(query(text)).await, (400, expected), "{text}");
        let status = tell(with(query(text), header::ACCEPT, "application/json"))
            .await
            .0;
        assert_eq!(status, 200, "{text}");
    }
}

/// Documents that async-graphql finds fault with, and what is said of each.
const FAULTS: &[(&str, &str)] = &[
    ("{hello(secretName:1)}", "An argument does not exist."),
    ("{hello@secretName}", "A directive does not exist."),
    ("{...secretName}", "A fragment is not defined."),
    (
        "{...{__typename@secretName}}",
        "A directive does not exist.",
    ),
    (
        "{__typename@skip(if:true)@skip(if:true)}",
        "A directive stands twice in one place.",
    ),
    (
        "{__typename@skip}",
        "A directive lacks an argument that it requires.",
    ),
    (
        "{__typename@skip(if:1)}",
        "A value does not fit the type of its argument.",
    ),
    (
        "query@skip(if:true){hello}",
        "A directive stands where it may not.",
    ),
    ("{...on secretName{hello}}", "A type does not exist."),
    (
        "{...on Shelf{name}}",
        "A fragment can never apply where it is spread.",
    ),
    (
        "{...on Int{name}}",
        "A fragment needs an object, interface or union type.",
    ),
    (
        "{hello} fragment secretName on Query{hello}",
        "A fragment is never used.",
    ),
    (
        "query($secretName:Int){hello}",
        "A variable is declared and never used.",
    ),
    (
        "query($a:Int,$a:Int){shelf(number:$a){name}}",
        "A variable is declared twice.",
    ),
    (
        "query($a:Int=\"a\"){shelf(number:$a){name}}",
        "The default of a variable does not fit its type.",
    ),
    (
        "{hello(name:\"a\",name:\"a\")}",
        "An argument is given twice.",
    ),
    (
        "{hello{secretName}}",
        "A field has a selection although its type has no fields.",
    ),
    (
        "{shelf}",
        "A field lacks a selection of the fields of its type.",
    ),
    (
        "mutation{rename}",
        "A field lacks an argument that it requires.",
    ),
    (
        "{shelf(measure:{}){name}}",
        "An input object lacks a field that its type requires.",
    ),
];

#[tokio::test]
async fn what_async_graphql_says_about_a_document_is_said_in_fixed_words() {
    for (text, said) in FAULTS {
        let (status, told) = tell(query(text)).await;
        let messages: Vec<_> = told["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| &error["message"])
            .collect();
        assert!(messages.contains(&&json!(said)), "{text}: {told}");
        assert_eq!((status, told.get("data")), (400, None), "{text}");
        assert!(!told.to_string().contains("secretName"), "{told}");
    }
}

#[tokio::test]
async fn names_are_suggested_only_where_introspection_is_open() {
    let mut expected = error_at(
        "GRAPHQL_VALIDATION_FAILED",
        "A field does not exist on its type.",
        1,
        2,
    );
    let closed = Toy {
        introspection: false,
        ..toy()
    };
    assert_eq!(
        ask(front_of(closed, Settings::default()), query("{hellp}"))
            .await
            .json(),
        expected
    );
    expected["errors"][0]["extensions"]["suggestions"] = json!(["hello"]);
    assert_eq!(tell(query("{hellp}")).await, (400, expected));
}

#[tokio::test]
async fn at_most_ten_errors_are_told() {
    let fields: String = (0..15).map(|at| format!("x{at} ")).collect();
    let (_, told) = tell(query(&format!("{{{fields}}}"))).await;
    assert_eq!(told["errors"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn the_operation_is_found_by_name_or_refused() {
    let ask = |name: Value| {
        let body = json!({"query": "query a{hello} query b{hello}", "operationName": name});
        tell(post(body.to_string()))
    };
    assert_eq!(ask(json!("b")).await.0, 200);
    let unknown = error(
        "OPERATION_RESOLUTION_FAILURE",
        "The document has no operation of that name.",
    );
    assert_eq!(ask(json!("c")).await, (400, unknown));
    let unchosen = "The document has several operations: operationName must choose one.";
    assert_eq!(
        ask(json!(null)).await,
        (400, error("OPERATION_RESOLUTION_FAILURE", unchosen))
    );
}

#[tokio::test]
async fn a_missing_scope_refuses_everything_before_it_runs() {
    let told = ask(front(), query("{hello secret}")).await;
    let mut expected = error(
        "FORBIDDEN",
        "The token lacks a scope that this request needs.",
    );
    expected["errors"][0]["extensions"]["missingScopes"] = json!(["audit:read"]);
    assert_eq!((told.status.as_u16(), told.json()), (403, expected.clone()));
    assert_eq!(
        told.header(header::WWW_AUTHENTICATE),
        "Bearer error=\"insufficient_scope\""
    );
    assert_eq!(
        tell(with(query("{secret}"), header::ACCEPT, "application/json")).await,
        (200, expected)
    );
}

#[tokio::test]
async fn the_two_documents_that_killed_are_refused_by_every_method() {
    let nested = format!(
        "{{shelves(ids:{}{})}}",
        "[".repeat(1_335),
        "]".repeat(1_335)
    );
    let nested_refused = (
        400,
        over(
            "nesting",
            "The document nests its brackets too deep.",
            32,
            1_337,
        ),
    );
    let fragments: String = (0..25)
        .map(|at| format!("fragment f{at} on Shelf{{...f{0} ...f{0}}}", at + 1))
        .collect();
    let spread = format!("{{shelf{{...f0}}}}{fragments}fragment f25 on Shelf{{name}}");
    let said = "The operation selects too much once its fragments are written out.";
    let spread_refused = (400, over("selections", said, 2_000, 3 << 25));
    for (text, expected) in [(nested, nested_refused), (spread, spread_refused)] {
        assert_eq!(tell(query(&text)).await, expected);
        assert_eq!(tell(get_graphql(&[("query", &text)])).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_does_not_end_is_stopped() {
    let expected = error("TIMEOUT", "The operation took too long and was stopped.");
    assert_eq!(tell(query("{endless}")).await, (504, expected));
}

#[tokio::test]
async fn our_own_faults_are_internal_and_tell_the_request_id() {
    let request_id = header::HeaderName::from_static("x-request-id");
    let mut internal = error("INTERNAL", "Something went wrong on our side.");
    internal["errors"][0]["extensions"]["requestId"] = json!("r-1");
    assert_eq!(
        tell(with(query("{panics}"), request_id.clone(), "r-1")).await,
        (500, internal.clone())
    );
    internal["errors"][0]["locations"] = json!([{"line": 1, "column": 2}]);
    internal["errors"][0]["path"] = json!(["broken"]);
    internal["data"] = json!({"broken": null});
    assert_eq!(
        tell(with(query("{broken}"), request_id, "r-1")).await,
        (200, internal)
    );
}

#[tokio::test]
async fn an_error_with_a_code_is_the_gateways_own() {
    let expected = json!({
        "errors": [{
            "message": "Slow down.",
            "locations": [{"line": 1, "column": 2}],
            "path": ["busy"],
            "extensions": {"code": "RATE_LIMITED"},
        }],
        "data": {"busy": null},
    });
    assert_eq!(tell(query("{busy}")).await, (200, expected));
}

#[tokio::test]
async fn the_standard_introspection_query_is_answered() {
    let text = include_str!("../../graphql/limits/tests/introspection.graphql");
    let (status, told) = tell(query(text)).await;
    assert_eq!((status, told.get("errors")), (200, None));
    assert_eq!(
        told["data"]["__schema"]["queryType"],
        json!({"name": "Query", "kind": "OBJECT"})
    );
}

#[tokio::test]
async fn the_default_of_a_variable_counts_for_skip_and_include() {
    let text = "query($b:Boolean=true){hello@include(if:$b) __typename@skip(if:$b)}";
    assert_eq!(
        tell(query(text)).await,
        (200, json!({"data": {"hello": "Hello, "}}))
    );
    let body = json!({"query": text, "variables": {"b": false}});
    assert_eq!(
        tell(post(body.to_string())).await,
        (200, json!({"data": {"__typename": "Query"}}))
    );
}
