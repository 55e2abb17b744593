//! The whole gateway as HTTP meets it: documents that would kill a parser, every limit, methods, languages, pages, health,
//! and the schema as a file. What the front does by itself is tested beside it.
use std::{fs, process::Command, time::Instant};

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use claimant_gateway::{auth::scope::Scope, graphql::Api};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::common::{
    Engine, Fresh,
    app::{Answer, Client, TestApp},
    golden::assert_golden,
    on_both_databases,
};

/// What is tested here does not reach the database: one engine says it all.
async fn app() -> TestApp {
    TestApp::fresh(Engine::Sqlite)
        .await
        .expect("SQLite is built in")
}

fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path).header(header::ACCEPT, "application/graphql-response+json")
}

/// A document by GET.
async fn by_get(app: &TestApp, client: &Client<'_>, document: &str) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("query", document)
        .finish();
    let request = get(&format!("/graphql?{query}"))
        .header(header::AUTHORIZATION, format!("Bearer {}", client.token()))
        .body(Body::empty());
    app.send(request.expect("a request")).await
}

/// Any body by POST.
async fn by_post(app: &TestApp, client: &Client<'_>, body: String) -> Answer {
    let request = Request::post("/graphql")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/graphql-response+json")
        .header(header::AUTHORIZATION, format!("Bearer {}", client.token()))
        .body(Body::from(body));
    app.send(request.expect("a request")).await
}

/// The limit that an answer names, with its value.
fn limit(answer: &Answer) -> (String, u64) {
    assert_eq!(answer.error_code(), "LIMIT_EXCEEDED", "{}", answer.text);
    assert!(
        answer.body.get("data").is_none(),
        "nothing ran: {}",
        answer.text
    );
    let told = &answer["errors"][0]["extensions"];
    let (value, actual) = (told["value"].as_u64(), told["actual"].as_u64());
    assert!(actual > value, "{}", answer.text);
    (
        told["limit"].as_str().expect("a name").to_owned(),
        value.expect("a value"),
    )
}

/// A list nested 1,335 deep, and about 560 bytes of fragments that spread fragments.
fn killers() -> [(String, &'static str); 2] {
    let nested = format!(
        "{{ nodes(ids: {}{}) {{ id }} }}",
        "[".repeat(1_335),
        "]".repeat(1_335)
    );
    let fragments: String = (0..20)
        .map(|at| format!("fragment f{at} on Viewer{{...f{0} ...f{0}}}", at + 1))
        .collect();
    let spreading = format!("{{viewer{{...f0}}}}{fragments}fragment f20 on Viewer{{role}}");
    [(nested, "nesting"), (spreading, "selections")]
}

#[tokio::test]
async fn the_documents_that_killed_are_refused_at_once_by_post_and_by_get() {
    let app = app().await;
    let client = app.as_agency();
    for (document, expected) in killers() {
        let started = Instant::now();
        let posted = client.query(&document).await;
        let got = by_get(&app, &client, &document).await;
        // Seconds of a core, or the end of the process, is what they cost without the limits.
        assert!(started.elapsed().as_secs() < 2, "{expected}");
        for answer in [posted, got] {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
            assert_eq!(limit(&answer).0, expected);
        }
    }
    let variables = format!(
        r#"{{"query":"{{viewer{{role}}}}","variables":{{"a":{}1{}}}}}"#,
        "[".repeat(1_335),
        "]".repeat(1_335)
    );
    assert_eq!(
        limit(&by_post(&app, &client, variables).await).0,
        "variablesNesting"
    );
    assert_eq!(
        client.query("{ viewer { role } }").await.status,
        StatusCode::OK
    );
}

/// A document just past each limit: its name, its value, the document, its variables. Comparisons are not among them:
/// with this schema the other limits are met first.
fn past_each_limit() -> Vec<(&'static str, u64, String, Value)> {
    let many =
        |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<String>();
    let nothing = || json!({});
    let referrals = "referrals(first: 1) { edges { node { claimant {";
    let deep = format!(
        "{{ referrals(box: ALL, first: 1) {{ edges {{ node {{ claimant {{ {} id {} }} }} }} }} }}",
        referrals.repeat(3),
        "} } } }".repeat(3)
    );
    let operations = many(6, &|at| format!("query q{at} {{ viewer {{ role }} }} "));
    let declared = many(101, &|at| format!("$v{at}: ID "));
    vec![
        ("characters", 20_000, format!("{{ viewer {{ role }} }} #{}", "é".repeat(20_000)), nothing()),
        ("tokens", 2_000, format!("{{ viewer {{ {} }} }}", "role ".repeat(2_000)), nothing()),
        ("nesting", 32, format!("{{ nodes(ids: {}{}) {{ id }} }}", "[".repeat(33), "]".repeat(33)), nothing()),
        ("variablesNesting", 32, "{ viewer { role } }".to_owned(), deep_json(33)),
        ("operations", 5, operations, nothing()),
        ("fragments", 50, format!("{{ viewer {{ ...f0 }} }} {}", many(51, &|at| format!("fragment f{at} on Viewer {{ role }} "))), nothing()),
        ("variables", 100, format!("query({declared}) {{ viewer {{ role }} }}"), nothing()),
        ("directives", 20, format!("{{ viewer {{ {} }} }}", "role @include(if: true) ".repeat(21)), nothing()),
        ("directivesPerField", 5, format!("{{ viewer {{ role {} }} }}", "@include(if: true) ".repeat(6)), nothing()),
        ("depth", 12, deep, nothing()),
        ("cost", 1_000, "{ organizations(first: 100) { edges { node { services(first: 10) { edges { node { id } } } } } } }".to_owned(), nothing()),
        ("aliases", 30, format!("{{ viewer {{ {} }} }}", many(31, &|at| format!("a{at}: role "))), nothing()),
        ("rootFields", 20, format!("{{ {} }}", "viewer { role } ".repeat(21)), nothing()),
        ("inputList", 250, "query($ids: [ID!]!) { nodes(ids: $ids) { id } }".to_owned(), json!({ "ids": vec!["x"; 251] })),
        ("page", 100, "{ services(first: 101) { edges { node { id } } } }".to_owned(), nothing()),
        ("selections", 2_000, spreading(), nothing()),
    ]
}

fn deep_json(levels: usize) -> Value {
    (1..levels).fold(json!(1), |inner, _| json!([inner]))
}

/// More selections than are allowed, from fewer tokens.
fn spreading() -> String {
    format!(
        "{{ viewer {{ {} }} }} fragment f on Viewer {{ {} }}",
        "...f ".repeat(50),
        "role ".repeat(50)
    )
}

#[tokio::test]
async fn each_limit_is_named_when_it_is_passed() {
    let app = app().await;
    let client = app.as_agency();
    let mut tested = Vec::new();
    for (name, value, document, variables) in past_each_limit() {
        let variables = if name == "variablesNesting" {
            json!({ "a": variables })
        } else {
            variables
        };
        let answer = client.ask(&document, variables).await;
        assert_eq!(limit(&answer), (name.to_owned(), value));
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        tested.push(name);
    }
    let batch = by_post(
        &app,
        &client,
        json!([{ "query": "{ viewer { role } }" }, {}]).to_string(),
    )
    .await;
    assert_eq!(limit(&batch), ("batch".to_owned(), 1));
    let large = by_post(
        &app,
        &client,
        format!("{{\"query\":\"{}\"}}", "x".repeat(1_000_000)),
    )
    .await;
    assert_eq!(
        (limit(&large), large.status),
        (
            ("body".to_owned(), 1_000_000),
            StatusCode::PAYLOAD_TOO_LARGE
        )
    );
    tested.dedup();
    assert_eq!(tested.len(), 16);
}

#[tokio::test]
async fn the_standard_introspection_query_is_within_every_limit() {
    let app = app().await;
    let query = include_str!("../src/graphql/limits/tests/introspection.graphql");
    let answer = app.as_agency().query(query).await;
    let types = answer.data()["__schema"]["types"].as_array();
    assert!(types.is_some_and(|types| types.len() > 100));
}

on_both_databases! {
    async fn get_runs_queries_and_refuses_mutations(app: TestApp) {
        let client = app.as_agency();
        let read = by_get(&app, &client, "{ viewer { role } }").await;
        assert_eq!(read.data()["viewer"]["role"], "SETTLEMENT_AGENCY");
        let written = by_get(&app, &client, "mutation { claimantRegister(input: {}) { claimant { id } } }").await;
        assert_eq!(written.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(written.headers[header::ALLOW], "POST");
        let none = client.query("{ claimants { edges { node { id } } } }").await;
        assert_eq!(none.data()["claimants"]["edges"], json!([]));
    }

    async fn an_answer_tells_its_cost(app: TestApp) {
        let answer = app.as_agency().query("{ services(first: 7) { edges { node { organization { name } } } } }").await;
        assert_eq!(answer["extensions"], json!({ "cost": { "requested": 14, "limit": 1_000 } }));
    }

    async fn an_answer_speaks_the_language_that_was_asked_for(app: TestApp) {
        let query = "{ codes(set: NEED_CATEGORY) { value label } organizations(filter: { text: \"agency\" }, first: 1) \
                     { edges { node { name inEnglish: name(language: EN) } } } }";
        let french = app.as_agency().in_french().query(query).await;
        assert_eq!(french.headers[header::CONTENT_LANGUAGE], "fr");
        assert_eq!(french.data()["codes"][0], json!({ "value": "HOUSING", "label": "Logement" }));
        let name = &french.data()["organizations"]["edges"][0]["node"];
        assert_eq!(name, &json!({ "name": "Essai agency", "inEnglish": "Test agency" }));
        let english = app.as_agency().query(query).await;
        assert_eq!(english.data()["codes"][0], json!({ "value": "HOUSING", "label": "Housing" }));
    }

    async fn errors_are_in_french_with_the_same_codes(app: TestApp) {
        let client = app.as_agency().in_french();
        let page = client.query("{ claimants(first: 0) { edges { cursor } } }").await;
        let unknown = client.query("{ nothing }").await;
        let reader = app.client_with("agency", [Scope::DirectoryRead].into_iter().collect()).in_french();
        let scope = reader.query("{ claimants { edges { cursor } } }").await;
        let refused = client
            .mutate("referralCreate", json!({ "claimantId": "x", "category": "HOUSING" }), "")
            .await;
        let told: Vec<Value> = [page, unknown, scope].iter().map(|answer| answer["errors"][0].clone()).collect();
        insta::assert_json_snapshot!("errors_in_french", json!([told, refused["data"]["referralCreate"]["userErrors"]]));
    }

    async fn health_tells_that_the_gateway_lives_and_can_serve(app: TestApp) {
        for path in ["/health/live", "/health/ready"] {
            let answer = app.send(get(path).body(Body::empty()).expect("a request")).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn the_request_id_goes_in_and_comes_out() {
    let app = app().await;
    let with = |id: &str| {
        get("/health/live")
            .header("x-request-id", id)
            .body(Body::empty())
            .expect("a request")
    };
    let kept = app.send(with("from-the-caller.7")).await;
    assert_eq!(kept.headers["x-request-id"], "from-the-caller.7");
    let replaced = app.send(with("not sane")).await;
    let id = replaced.headers["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(id.parse::<sea_orm::prelude::Uuid>().is_ok(), "{id}");
    let refused = app.anonymous().query("{ viewer { role } }").await;
    assert!(refused.headers.contains_key("x-request-id"));
}

/// The committed file is the contract; the program serves it and prints it.
#[tokio::test]
async fn the_schema_is_the_committed_file_wherever_it_is_read() {
    let api = Api::new().expect("the schema is built");
    assert_golden("schema.graphql", &api.sdl());
    let kept = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql"))
        .expect("the schema");
    let app = app().await;
    let served = app
        .send(
            get("/schema.graphql")
                .body(Body::empty())
                .expect("a request"),
        )
        .await;
    assert_eq!(served.status, StatusCode::OK);
    assert!(served.text == kept, "what is served differs from the file");
    let printed = Command::new(env!("CARGO_BIN_EXE_claimant-gateway"))
        .arg("schema")
        .output()
        .expect("the program runs");
    assert!(printed.status.success());
    assert!(
        printed.stdout == kept.as_bytes(),
        "what is printed differs from the file"
    );
}

#[tokio::test]
async fn the_page_and_all_it_loads_come_under_its_policy() {
    let app = app().await;
    let page = app
        .send(get("/graphiql").body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    let mut loaded: Vec<String> = page
        .text
        .split(['"', '\''])
        .filter(|piece| piece.starts_with("graphiql/"))
        .map(|piece| format!("/{piece}"))
        .collect();
    assert!(loaded.len() >= 6, "{loaded:?}");
    loaded.push("/graphiql".to_owned());
    for path in loaded {
        let asset = app
            .send(get(&path).body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(asset.status, StatusCode::OK, "{path}");
        let policy = asset.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .expect("text")
            .to_owned();
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "connect-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert_eq!(asset.headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn there_is_nothing_else() {
    let app = app().await;
    for path in [
        "/",
        "/graphql/",
        "/metrics",
        "/graphiql/demo.json",
        "/.env",
        "/graphiql/../Cargo.toml",
    ] {
        let answer = app
            .send(get(path).body(Body::empty()).expect("a request"))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.error_code(), "BAD_USER_INPUT");
    }
}
