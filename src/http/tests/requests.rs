//! What a request may look like: media types, methods, parameters, bodies.
use super::*;

#[tokio::test]
async fn a_query_is_answered_by_post_and_by_get() {
    let expected = (200, json!({"data": {"hello": "Hello, all"}}));
    let body = json!({"query": "query q($n:String){hello(name:$n)}", "variables": {"n": "all"}, "operationName": "q"});
    assert_eq!(tell(post(body.to_string())).await, expected);
    let get = get_graphql(&[
        ("query", "query q($n:String){hello(name:$n)} query r{hello}"),
        ("variables", "{\"n\":\"all\"}"),
        ("operationName", "q"),
        ("extensions", "{}"),
    ]);
    assert_eq!(tell(get).await, expected);
}

#[tokio::test]
async fn the_media_type_is_negotiated() {
    let told = ask(front(), query("{hello}")).await;
    assert_eq!(
        told.header(header::CONTENT_TYPE),
        "application/graphql-response+json; charset=utf-8"
    );
    let told = ask(front(), with(query("{hello}"), header::ACCEPT, "*/*")).await;
    assert_eq!(
        told.header(header::CONTENT_TYPE),
        "application/json; charset=utf-8"
    );
    let told = ask(front(), with(query("{hello}"), header::ACCEPT, "text/html")).await;
    assert_eq!(told.status, 406);
    assert_eq!(
        told.header(header::CONTENT_TYPE),
        "application/json; charset=utf-8"
    );
    let said = "Answers are application/graphql-response+json or application/json.";
    assert_eq!(told.json(), error("BAD_USER_INPUT", said));
}

#[tokio::test]
async fn bodies_that_another_site_could_send_are_refused() {
    let said = "A body is application/json in UTF-8, without content encoding.";
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
    ] {
        let refused = tell(with(query("{hello}"), header::CONTENT_TYPE, content_type)).await;
        assert_eq!(
            refused,
            (415, error("BAD_USER_INPUT", said)),
            "{content_type}"
        );
    }
    let refused = tell(with(query("{hello}"), header::CONTENT_ENCODING, "gzip")).await;
    assert_eq!(refused, (415, error("BAD_USER_INPUT", said)));
}

#[tokio::test]
async fn parameters_are_checked() {
    let refused = |message| (400, error("BAD_USER_INPUT", message));
    let missing = refused("The parameter query must be a string.");
    for body in [
        json!({}),
        json!({"query": 1}),
        json!({"query": null}),
        json!({"query": ["{hello}"]}),
    ] {
        assert_eq!(tell(post(body.to_string())).await, missing, "{body}");
    }
    for (parameter, said) in [
        (
            "operationName",
            "The parameter operationName must be a string or null.",
        ),
        (
            "variables",
            "The parameter variables must be a JSON object or null.",
        ),
        (
            "extensions",
            "The parameter extensions must be a JSON object or null.",
        ),
    ] {
        for bad in [json!(1), json!([1]), json!(false)] {
            let body = json!({"query": "{hello}", parameter: bad});
            assert_eq!(tell(post(body.to_string())).await, refused(said), "{body}");
        }
        let body = json!({"query": "{hello}", parameter: null});
        assert_eq!(tell(post(body.to_string())).await.0, 200, "{body}");
    }
    assert_eq!(tell(post("")).await, refused("The body is missing."));
    for body in [
        "{",
        "1",
        "null",
        "\"{hello}\"",
        "{\"query\":\"\u{fffd}",
        "{\"query\":\"{hello}\"}}",
    ] {
        assert_eq!(
            tell(post(body)).await,
            refused("The body is not a JSON object."),
            "{body}"
        );
    }
    assert_eq!(
        tell(post(vec![b'"', 0xff, b'"'])).await,
        refused("The body is not a JSON object.")
    );
    assert_eq!(tell(get_graphql(&[])).await, missing);
    let twice = [("query", "{hello}"), ("query", "{hello}")];
    assert_eq!(
        tell(get_graphql(&twice)).await,
        refused("A parameter is given twice.")
    );
    let variables = refused("The parameter variables must be a JSON object or null.");
    for bad in ["{", "[]", "1"] {
        assert_eq!(
            tell(get_graphql(&[("query", "{hello}"), ("variables", bad)])).await,
            variables,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn batches_and_persisted_queries_are_refused() {
    let body = json!([{"query": "{hello}"}, {"query": "{hello}"}]);
    let said = "A request carries one operation; batches are refused.";
    assert_eq!(
        tell(post(body.to_string())).await,
        (400, over("batch", said, 1, 2))
    );
    let body = json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}});
    let said = "Persisted queries are not kept here; send the document.";
    assert_eq!(
        tell(post(body.to_string())).await,
        (400, error("PERSISTED_QUERY_NOT_FOUND", said))
    );
}

#[tokio::test]
async fn get_runs_queries_only() {
    let told = ask(
        front(),
        get_graphql(&[("query", "mutation{rename(name:\"a\")}")]),
    )
    .await;
    assert_eq!(
        (told.status.as_u16(), told.header(header::ALLOW)),
        (405, "POST")
    );
    assert_eq!(
        told.json(),
        error(
            "BAD_USER_INPUT",
            "GET runs queries only; send this operation by POST."
        )
    );
    // The operation that would run decides, not what else the document holds.
    let both = "query q{hello} mutation m{rename(name:\"a\")}";
    assert_eq!(
        tell(get_graphql(&[("query", both), ("operationName", "q")]))
            .await
            .0,
        200
    );
    assert_eq!(
        tell(get_graphql(&[("query", both), ("operationName", "m")]))
            .await
            .0,
        405
    );
    assert_eq!(
        tell(query("mutation{rename(name:\"a\")}")).await,
        (200, json!({"data": {"rename": "a"}}))
    );
}

#[tokio::test]
async fn other_methods_are_refused_with_what_is_allowed() {
    for method in [
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ] {
        let mut request = query("{hello}");
        *request.method_mut() = method.clone();
        let told = ask(front(), request).await;
        assert_eq!(
            (told.status.as_u16(), told.header(header::ALLOW)),
            (405, "GET, POST"),
            "{method}"
        );
    }
    let request = Request::post("/schema.graphql")
        .body(Body::empty())
        .unwrap();
    let told = ask(front(), request).await;
    assert_eq!(
        (
            told.status.as_u16(),
            told.headers.get_all(header::ALLOW).iter().count()
        ),
        (405, 1)
    );
    assert_eq!(
        told.json(),
        error("BAD_USER_INPUT", "This path does not take this method.")
    );
}

#[tokio::test]
async fn subscriptions_are_sent_elsewhere() {
    let said = "Subscriptions run over WebSocket or server-sent events.";
    let expected = (400, error("OPERATION_RESOLUTION_FAILURE", said));
    assert_eq!(tell(query("subscription{changes}")).await, expected);
}

#[tokio::test]
async fn json_that_nests_too_deep_is_refused_before_it_is_parsed() {
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!("{{\"query\":\"{{hello}}\",\"variables\":{{\"a\":{nested}}}}}");
    let said = "The variables are nested too deep.";
    assert_eq!(
        tell(post(body)).await,
        (400, over("variablesNesting", said, 32, 100_001))
    );
    let nested = format!("{{\"a\":{}{}}}", "[".repeat(32), "]".repeat(32));
    let get = get_graphql(&[("query", "{hello}"), ("variables", &nested)]);
    assert_eq!(
        tell(get).await,
        (400, over("variablesNesting", said, 32, 33))
    );
}

#[tokio::test]
async fn a_body_is_bounded_whether_its_length_is_announced_or_not() {
    let limits = Limits {
        body_bytes: 30,
        ..Limits::default()
    };
    let small = || {
        front_of(
            toy(),
            Settings {
                limits: limits.clone(),
                ..Settings::default()
            },
        )
    };
    let body = "{\"query\":\"{hello}\"           }";
    assert_eq!(ask(small(), post(body)).await.status, 200);
    let expected = |actual| over("body", "The body has too many bytes.", 30, actual);
    let announced = with(post(Body::empty()), header::CONTENT_LENGTH, "1000");
    let told = ask(small(), announced).await;
    assert_eq!((told.status.as_u16(), told.json()), (413, expected(1_000)));
    let pieces = stream::iter([body, " ", "never read"]).map(Ok::<_, Infallible>);
    let told = ask(small(), post(Body::from_stream(pieces))).await;
    assert_eq!((told.status.as_u16(), told.json()), (413, expected(31)));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_arrive_ends_the_wait() {
    let first = stream::iter([Ok::<_, Infallible>("{\"query\":")]);
    let told = ask(
        front(),
        post(Body::from_stream(first.chain(stream::pending()))),
    )
    .await;
    let expected = error("TIMEOUT", "The body took too long to arrive.");
    assert_eq!((told.status.as_u16(), told.json()), (408, expected));
}
