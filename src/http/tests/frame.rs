//! Who may ask, what surrounds every answer, and the routes beside GraphQL.
use super::*;

#[tokio::test]
async fn callers_are_known_by_their_token() {
    let mut anonymous = query("{hello}");
    anonymous.headers_mut().remove(header::AUTHORIZATION);
    let told = ask(front(), anonymous).await;
    assert_eq!(told.status, 401);
    assert_eq!(
        told.header(header::WWW_AUTHENTICATE),
        "Bearer realm=\"claimant-gateway\""
    );
    assert_eq!(
        told.json(),
        error("UNAUTHENTICATED", "This needs a bearer token.")
    );
    let told = ask(
        front(),
        with(query("{hello}"), header::AUTHORIZATION, "Bearer bad"),
    )
    .await;
    assert_eq!(told.status, 401);
    assert_eq!(
        told.header(header::WWW_AUTHENTICATE),
        "Bearer realm=\"claimant-gateway\", error=\"invalid_token\""
    );
    assert_eq!(
        told.json(),
        error("UNAUTHENTICATED", "The token is not valid.")
    );
    let request = with(query("{hello}"), header::AUTHORIZATION, "Bearer later");
    let told = ask(
        front(),
        with(
            request,
            header::HeaderName::from_static("x-request-id"),
            "r.1",
        ),
    )
    .await;
    assert_eq!(
        (told.status.as_u16(), told.header(header::RETRY_AFTER)),
        (503, "5")
    );
    let mut expected = error("INTERNAL", "Something went wrong on our side.");
    expected["errors"][0]["extensions"]["requestId"] = json!("r.1");
    assert_eq!(told.json(), expected);
}

#[tokio::test]
async fn answers_and_refusals_take_the_callers_language() {
    let told = ask(
        front(),
        with(query("{hello}"), header::ACCEPT_LANGUAGE, "fr-CA"),
    )
    .await;
    assert_eq!(
        (told.header(header::CONTENT_LANGUAGE), told.json()),
        ("fr", json!({"data": {"hello": "Bonjour, "}}))
    );
    let told = ask(
        front(),
        with(query("{nothing}"), header::ACCEPT_LANGUAGE, "fr"),
    )
    .await;
    let expected = error_at(
        "GRAPHQL_VALIDATION_FAILED",
        "Un champ n'existe pas dans son type.",
        1,
        2,
    );
    assert_eq!(
        (told.header(header::CONTENT_LANGUAGE), told.json()),
        ("fr", expected)
    );
    assert_eq!(
        ask(front(), query("{hello}"))
            .await
            .header(header::CONTENT_LANGUAGE),
        "en"
    );
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_it() {
    for request in [
        query("{hello}"),
        query_request("/nothing"),
        query_request("/health/live"),
    ] {
        let told = ask(front(), request).await;
        assert_eq!(told.header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(told.header(header::REFERRER_POLICY), "no-referrer");
        assert_eq!(told.header(header::CACHE_CONTROL), "no-store");
        assert_eq!(told.header(header::STRICT_TRANSPORT_SECURITY), "");
        assert_eq!(told.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "");
    }
    let settings = Settings {
        strict_transport: true,
        ..Settings::default()
    };
    let told = ask(front_of(toy(), settings), query("{hello}")).await;
    assert_eq!(
        told.header(header::STRICT_TRANSPORT_SECURITY),
        "max-age=31536000; includeSubDomains"
    );
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_any_other_is_replaced() {
    let name = header::HeaderName::from_static("x-request-id");
    let longest = "a".repeat(64);
    for sane in ["1", "A-z_0.9", &longest] {
        assert_eq!(
            ask(front(), with(query("{hello}"), name.clone(), sane))
                .await
                .header(&name),
            sane
        );
    }
    let too_long = "a".repeat(65);
    for bad in ["", "a b", "a/b", "<a>", &too_long] {
        let told = ask(front(), with(query("{hello}"), name.clone(), bad)).await;
        let made = uuid::Uuid::parse_str(told.header(&name)).unwrap();
        assert_eq!(made.get_version_num(), 7, "{bad}");
    }
}

#[tokio::test]
async fn only_listed_origins_may_read_answers() {
    let settings = || Settings {
        allowed_origins: vec!["https://partner.example".to_owned()],
        ..Settings::default()
    };
    let told = ask(
        front_of(toy(), settings()),
        with(query("{hello}"), header::ORIGIN, "https://partner.example"),
    )
    .await;
    assert_eq!(
        told.header(header::ACCESS_CONTROL_ALLOW_ORIGIN),
        "https://partner.example"
    );
    let told = ask(
        front_of(toy(), settings()),
        with(query("{hello}"), header::ORIGIN, "https://other.example"),
    )
    .await;
    assert_eq!(told.header(header::ACCESS_CONTROL_ALLOW_ORIGIN), "");
    let preflight = |origin: &str| {
        Request::options("/graphql")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .body(Body::empty())
            .unwrap()
    };
    let told = ask(
        front_of(toy(), settings()),
        preflight("https://partner.example"),
    )
    .await;
    assert_eq!(
        (
            told.status.as_u16(),
            told.header(header::ACCESS_CONTROL_ALLOW_METHODS)
        ),
        (204, "GET, POST")
    );
    let told = ask(
        front_of(toy(), settings()),
        preflight("https://other.example"),
    )
    .await;
    assert_eq!(
        (
            told.status.as_u16(),
            told.header(header::ACCESS_CONTROL_ALLOW_METHODS)
        ),
        (405, "")
    );
}

#[tokio::test]
async fn health_tells_whether_the_gateway_can_serve() {
    assert_eq!(
        tell(query_request("/health/live")).await,
        (200, json!({"status": "live"}))
    );
    assert_eq!(
        tell(query_request("/health/ready")).await,
        (200, json!({"status": "ready"}))
    );
    let told = ask(
        front_of(
            Toy {
                ready: false,
                ..toy()
            },
            Settings::default(),
        ),
        query_request("/health/ready"),
    )
    .await;
    assert_eq!(
        (told.status.as_u16(), told.json()),
        (503, json!({"status": "notReady"}))
    );
}

#[tokio::test]
async fn the_schema_and_the_pages_are_served_and_nothing_else() {
    let told = ask(front(), query_request("/schema.graphql")).await;
    assert_eq!(
        (told.status.as_u16(), told.body.as_ref()),
        (200, b"type Query { hello: String }".as_slice())
    );
    assert_eq!(told.header(header::CACHE_CONTROL), "public, max-age=300");
    let told = ask(front(), query_request("/graphiql")).await;
    assert_eq!(
        (told.status.as_u16(), told.header(header::CACHE_CONTROL)),
        (200, "no-store")
    );
    assert!(
        told.header(header::CONTENT_SECURITY_POLICY)
            .contains("script-src 'self';")
    );
    let told = ask(front(), query_request("/graphiql/main.js")).await;
    assert_eq!(
        (told.status.as_u16(), told.header(header::CACHE_CONTROL)),
        (200, "public, max-age=3600")
    );
    let told = ask(front(), query_request("/graphiql/other.js?token=secret")).await;
    assert_eq!(
        (told.status.as_u16(), told.json()),
        (404, error("BAD_USER_INPUT", "There is nothing here."))
    );
}

#[tokio::test]
async fn the_log_of_a_request_is_one_line_that_holds_nothing_of_it() {
    let log = kept_log();
    let body =
        json!({"query": "{hello(name:\"Secret\") secretName}", "variables": {"secret": "Secret"}});
    let mut request = post(body.to_string());
    *request.uri_mut() = "/graphql?secret=Secret".parse().unwrap();
    let request = with(
        request,
        header::HeaderName::from_static("x-request-id"),
        "r-1",
    );
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = with(
        request,
        header::HeaderName::from_static("traceparent"),
        parent,
    );
    assert_eq!(ask(front(), request).await.status, 400);
    let elsewhere = with(
        query_request("/Secret/path"),
        header::HeaderName::from_static("x-request-id"),
        "r-2",
    );
    assert_eq!(ask(front(), elsewhere).await.status, 404);
    let text = log.text();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| {
            ["r-1", "r-2"]
                .map(Value::from)
                .contains(&line["fields"]["request_id"])
        })
        .collect();
    let told: Vec<_> = lines
        .iter()
        .map(|line| {
            let fields = &line["fields"];
            (
                fields["method"].as_str(),
                fields["path"].as_str(),
                fields["status"].as_u64(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("POST"), Some("/graphql"), Some(400)),
            (Some("GET"), Some("(none)"), Some(404))
        ]
    );
    assert_eq!(lines[0]["fields"]["request_id"], "r-1");
    assert_eq!(
        lines[0]["span"]["trace_id"],
        "0af7651916cd43dd8448eb211c80319c"
    );
    assert_eq!(lines[1]["span"].get("trace_id"), None);
    let told = Value::from(lines).to_string();
    assert!(
        !told.to_lowercase().contains("secret") && !told.contains("good"),
        "{told}"
    );
}

/// The log of this process. There is one for all tests: a subscriber of one thread alone would miss the lines of
/// places that another thread reached first.
fn kept_log() -> &'static Log {
    static KEPT: std::sync::OnceLock<Log> = std::sync::OnceLock::new();
    KEPT.get_or_init(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .without_time()
            .with_writer(log.clone())
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
        log
    })
}

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
