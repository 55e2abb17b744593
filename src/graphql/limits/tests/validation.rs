//! What is validated here because async-graphql does not, and what is settled before anything runs.
use super::*;

#[test]
fn a_fragment_that_spreads_itself_is_refused_wherever_the_cycle_is() {
    let cycle = "{...a} fragment a on Query{...b} fragment b on Query{...c viewer{id}} fragment c on Query{...b}";
    assert_invalid(cycle, text::FRAGMENT_CYCLE, &[(1, 34)]);
    assert_invalid(
        "{viewer{id}} fragment a on Query{...a}",
        text::FRAGMENT_CYCLE,
        &[(1, 14)],
    );
}

#[test]
fn the_standard_introspection_query_passes() {
    let prepared = attempt(include_str!("introspection.graphql")).unwrap();
    assert_eq!(
        (prepared.operation_type, prepared.cost),
        (OperationType::Query, 0)
    );
}

#[test]
fn introspection_can_be_closed() {
    let rules = |text: &str| {
        let rules = Rules {
            limits: &Limits::default(),
            schema: &schema(),
            scopes: &open,
            introspection: false,
        };
        prepare(text, None, Variables::default(), &rules)
    };
    let closed = Refusal::new(Code::GraphqlValidationFailed, text::INTROSPECTION_CLOSED);
    assert_eq!(
        rules("{__schema{types{name}}}").unwrap_err(),
        [closed.clone().at(Pos { line: 1, column: 2 })]
    );
    let spread = "{...f} fragment f on Query{__type(name:\"Query\"){name}}";
    assert_eq!(
        rules(spread).unwrap_err(),
        [closed.at(Pos {
            line: 1,
            column: 28
        })]
    );
    assert!(rules("{__typename viewer{__typename}}").is_ok());
}

#[test]
fn typename_takes_neither_arguments_nor_fields() {
    assert_invalid("{__typename(a:1)}", text::TYPENAME_ARGUMENTS, &[(1, 2)]);
    assert_invalid(
        "{viewer{x:__typename{id}}}",
        text::TYPENAME_SELECTION,
        &[(1, 9)],
    );
    assert_invalid(
        "{...f} fragment f on Query{...{__typename(a:1)}}",
        text::TYPENAME_ARGUMENTS,
        &[(1, 32)],
    );
}

#[test]
fn variables_stand_only_where_their_type_fits() {
    let unfit = text::VARIABLE_UNFIT;
    assert_invalid(
        "query($v:String){viewer{id@include(if:$v)}}",
        unfit,
        &[(1, 39)],
    );
    assert_invalid(
        "query($v:Boolean){viewer{id@skip(if:$v)}}",
        unfit,
        &[(1, 37)],
    );
    assert_invalid(
        "query($v:String!){__typename@skip(if:$v)}",
        unfit,
        &[(1, 38)],
    );
    assert_invalid("query($v:Int){node(id:$v){id}}", unfit, &[(1, 23)]);
    assert_invalid("query($v:[Item]){find(items:$v){id}}", unfit, &[(1, 29)]);
    assert_invalid("query($v:Item!){find(items:$v){id}}", unfit, &[(1, 28)]);
    assert_invalid(
        "query($v:String){find(item:{id:1,count:$v}){id}}",
        unfit,
        &[(1, 28)],
    );
    assert_invalid(
        "query($v:String){...f} fragment f on Query{node(id:$v){id}}",
        unfit,
        &[(1, 52)],
    );
    assert_invalid(
        "{__typename@include(if:$v)}",
        text::VARIABLE_UNDECLARED,
        &[(1, 24)],
    );
    assert_invalid(
        "{...f} fragment f on Query{node(id:$v){id}}",
        text::VARIABLE_UNDECLARED,
        &[(1, 36)],
    );
    let run = |text: &str, variables| try_with(text, variables, &Limits::default()).is_ok();
    assert!(run(
        "query($v:Boolean=true){viewer{id@include(if:$v)}}",
        json!({})
    ));
    assert!(run(
        "query($v:Int){services(first:$v){totalCount}}",
        json!({})
    ));
    assert!(run("query($v:ID!){nodes(ids:[$v]){id}}", json!({"v": "1"})));
    assert!(run(
        "query($v:[Item!]!){find(items:$v){id}}",
        json!({"v": []})
    ));
}

#[test]
fn literals_fit_their_types() {
    let unfit = text::VALUE_UNFIT;
    assert_invalid("{find(number:2147483648){id}}", unfit, &[(1, 14)]);
    assert_invalid("{find(date:\"2024-02-30\"){id}}", unfit, &[(1, 12)]);
    assert_invalid("{find(item:{id:1,kind:FOOD}){id}}", unfit, &[(1, 12)]);
    assert_invalid(
        "{find(item:{id:1,id2:2}){id}}",
        text::INPUT_FIELD_UNKNOWN,
        &[(1, 12)],
    );
    assert_invalid(
        "query($v:Int){find(item:{count:$v}){id}}",
        text::INPUT_FIELD_MISSING,
        &[(1, 25)],
    );
    assert_invalid(
        "{find(choice:{id:1,name:\"a\"}){id}}",
        text::ONE_OF,
        &[(1, 14)],
    );
    assert!(attempt("{find(number:2147483647,date:\"2024-02-29\",item:{id:1,kind:HEALTH},choice:{id:1}){id}}").is_ok());
}

#[test]
fn fields_that_share_a_response_name_are_the_same_field() {
    let conflict = text::FIELDS_CONFLICT;
    assert_invalid("{viewer{a:id a:name}}", conflict, &[(1, 9), (1, 14)]);
    assert_invalid(
        "{viewer{a:id ...f}} fragment f on Organization{a:name}",
        conflict,
        &[(1, 9), (1, 48)],
    );
    assert_invalid(
        "{viewer{name(language:\"en\") ...{name(language:\"fr\")}}}",
        conflict,
        &[(1, 9), (1, 33)],
    );
    // Deeper down, through two fragments that meet under one name.
    let deep = "{...a ...b} fragment a on Query{viewer{x:id}} fragment b on Query{viewer{x:name}}";
    assert_invalid(deep, conflict, &[(1, 40), (1, 74)]);
    // An interface may be any of its types.
    assert_invalid(
        "{node(id:1){a:id ...on Service{a:name}}}",
        conflict,
        &[(1, 13), (1, 32)],
    );
    // Different types never meet, but what they answer has one shape.
    assert!(
        attempt(
            "{node(id:1){...on Service{a:owner{id}} ...on Organization{a:services{totalCount}}}}"
        )
        .is_err()
    );
    assert!(attempt("{node(id:1){...on Service{a:id} ...on Organization{a:id}}}").is_ok());
    assert_invalid(
        "{node(id:1){...on Service{a:name} ...on Organization{a:name}}}",
        conflict,
        &[(1, 27), (1, 54)],
    );
    assert!(attempt("{viewer{id id name ...f ...f}} fragment f on Organization{id name}").is_ok());
}

#[test]
fn comparing_fields_takes_a_bounded_number_of_steps() {
    let limits = Limits {
        comparisons: 5,
        ..Limits::default()
    };
    assert_limit(
        try_with("{viewer{id id id id}}", json!({}), &limits),
        Limit::Comparisons,
        5,
        6,
    );
}

#[test]
fn variables_are_coerced_before_anything_runs() {
    let text = "query($n:Int!,$k:Kind=HEALTH,$i:Item,$b:Boolean=true){find(number:$n,item:$i){id kind@include(if:$b)}}";
    let run = |variables| {
        let prepared = try_with(text, variables, &Limits::default())?;
        Ok(serde_json::to_value(prepared.request.variables).unwrap())
    };
    assert_eq!(
        run(json!({"n": 1.0, "other": 1})),
        Ok(json!({"n": 1, "k": "HEALTH", "b": true}))
    );
    assert_eq!(
        run(json!({"n": 2, "i": {"id": 3, "items": {"id": "4"}}})),
        Ok(json!({"n": 2, "k": "HEALTH", "b": true, "i": {"id": 3, "items": [{"id": "4"}]}}))
    );
    let at = |refusal: Refusal, column| vec![refusal.at(Pos { line: 1, column })];
    let missing = Refusal::new(Code::BadUserInput, text::VARIABLE_MISSING);
    assert_eq!(run(json!({})), Err(at(missing, 7)));
    let unfit = || Refusal::new(Code::BadUserInput, text::VARIABLE_VALUE_UNFIT);
    assert_eq!(run(json!({"n": null})), Err(at(unfit(), 7)));
    for bad in [
        json!("1"),
        json!(1.5),
        json!(2_147_483_648_u64),
        json!(true),
        json!([1, 2]),
    ] {
        assert_eq!(run(json!({"n": bad})), Err(at(unfit(), 7)), "{bad}");
    }
    assert_eq!(run(json!({"n": 1, "k": "FOOD"})), Err(at(unfit(), 15)));
    let inside = |path: &str| at(unfit().with("at", path), 30);
    assert_eq!(
        run(json!({"n": 1, "i": {"id": 1, "secret": 1}})),
        Err(at(unfit(), 30))
    );
    assert_eq!(run(json!({"n": 1, "i": {"items": []}})), Err(inside("id")));
    assert_eq!(
        run(json!({"n": 1, "i": {"id": 1, "items": [{"id": 1}, {"id": 1, "kind": 5}]}})),
        Err(inside("items.1.kind"))
    );
}

#[test]
fn the_operation_is_chosen_by_its_name() {
    let both = "query a{viewer{id}} mutation b{save(items:[]){id}}";
    let run = |text: &str, name| {
        read(text, name, &Limits::default(), &Documents::default())
            .map(|reading| reading.operation_type())
    };
    assert_eq!(run(both, Some("a")), Ok(OperationType::Query));
    assert_eq!(run(both, Some("b")), Ok(OperationType::Mutation));
    assert_eq!(run("query a{viewer{id}}", None), Ok(OperationType::Query));
    let unknown = Err(vec![Refusal::new(
        Code::OperationResolutionFailure,
        text::OPERATION_UNKNOWN,
    )]);
    assert_eq!(run(both, Some("c")), unknown);
    assert_eq!(run("{viewer{id}}", Some("a")), unknown);
    let unchosen = Refusal::new(Code::OperationResolutionFailure, text::OPERATION_UNCHOSEN);
    assert_eq!(run(both, None), Err(vec![unchosen]));
}

#[test]
fn a_parse_error_tells_where_and_repeats_nothing() {
    assert_refused(
        "{viewer{id}",
        Code::GraphqlParseFailed,
        text::NOT_PARSED,
        &[(1, 12)],
    );
    assert_refused(
        "{viewer(\"name of a person\")}",
        Code::GraphqlParseFailed,
        text::NOT_PARSED,
        &[(1, 9)],
    );
}

#[test]
fn a_missing_scope_refuses_the_whole_request_and_says_which() {
    let scopes = |type_name: &str, field_name: &str| match (type_name, field_name) {
        ("Service", "owner") => Some(MissingScopes(vec!["directory:read".to_owned()])),
        ("Query", "viewer") => Some(MissingScopes(vec!["audit:read".to_owned()])),
        _ => None,
    };
    let run = |text: &str| {
        let rules = Rules {
            limits: &Limits::default(),
            schema: &schema(),
            scopes: &scopes,
            introspection: true,
        };
        prepare(text, Some("q"), Variables::default(), &rules).map(|prepared| prepared.cost)
    };
    let refused = |missing: &[&str]| {
        let missing = missing.iter().map(|scope| Value::from(*scope)).collect();
        Err(vec![
            Refusal::new(Code::Forbidden, text::SCOPE_MISSING)
                .with("missingScopes", Value::List(missing)),
        ])
    };
    assert_eq!(run("query q{find{id} __schema{types{name}}}"), Ok(1));
    assert_eq!(
        run("query q{find{owner{id}}}"),
        refused(&["directory:read"])
    );
    assert_eq!(
        run("query q{viewer{id} services{...f}} fragment f on ServiceConnection{nodes{owner{id}}}"),
        refused(&["audit:read", "directory:read"])
    );
    // Another operation of the document asks for nothing while it does not run.
    assert_eq!(run("query q{find{id}} query r{viewer{id}}"), Ok(1));
}

#[test]
fn directives_on_variables_are_refused() {
    assert_invalid(
        "query($v:Int@skip(if:true)){shelf:find(number:$v){id}}",
        text::DIRECTIVE_PLACE,
        &[(1, 13)],
    );
}

#[test]
fn a_subscription_has_one_root_field() {
    let root = text::SUBSCRIPTION_ROOT;
    assert_invalid("subscription{a b}", root, &[(1, 1)]);
    assert_invalid(
        "subscription{...f} fragment f on Subscription{a b}",
        root,
        &[(1, 1)],
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_limits_panic(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "(", ")", "[", "]", ":", "$v", "@skip", "@include", "(if:$v)", "...", "on Service", "on Query",
                "fragment f", "query q", "mutation", "subscription", "viewer", "services", "node(id:1)", "nodes(ids:[1])",
                "edges", "id", "name", "__typename", "__schema", "...f", "\"a\"", "\"\"\"", "\"", "1", "-1.5e3", "#", "\n",
                "first:", "find", "item:", "é", ",", "|", "!", "=", "null", "true", "x:",
            ]),
            0..60,
        ),
    ) {
        let text = pieces.join(" ");
        // Whatever it is, it is prepared or refused.
        if let Err(refusals) = attempt(&text) {
            proptest::prop_assert!(!refusals.is_empty());
        }
    }
}
