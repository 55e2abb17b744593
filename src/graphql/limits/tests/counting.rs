//! What is counted: each limit passes at its value and is refused one above it.
use super::*;

#[test]
fn a_list_nested_1335_deep_is_refused_before_the_parser() {
    let text = format!("{{find(items:{}{})}}", "[".repeat(1_335), "]".repeat(1_335));
    assert_limit(attempt(&text), Limit::Nesting, 32, 1_337);
}

#[test]
fn fragments_that_spread_one_another_twice_are_refused_at_once() {
    // Some 560 bytes, and 2 to the power of 25 selections once written out.
    let fragments = repeated(25, |at| {
        format!("fragment f{at} on Query{{...f{0} ...f{0}}}", at + 1)
    });
    let text = format!("{{...f0}}{fragments}fragment f25 on Query{{__typename}}");
    let started = Instant::now();
    assert_limit(attempt(&text), Limit::RootFields, 20, 1 << 25);
    let below = text
        .replace("{...f0}", "{viewer{...f0}}")
        .replace("on Query", "on Organization");
    assert_limit(attempt(&below), Limit::Selections, 2_000, 3 << 25);
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn fragments_that_spread_one_another_through_fields_are_refused_at_once() {
    let fragments = repeated(40, |at| {
        format!(
            "fragment f{at} on Service{{owner{{services{{nodes{{...f{0} ...f{0}}}}}}}}}",
            at + 1
        )
    });
    let text = format!("{{services{{nodes{{...f0}}}}}}{fragments}fragment f40 on Service{{id}}");
    assert_limit(attempt(&text), Limit::Depth, 12, 123);
}

#[test]
fn definitions_are_counted() {
    let operations = |count| repeated(count, |at| format!("query q{at}{{__typename}}"));
    let run = |text: &str| {
        read(text, Some("q0"), &Limits::default(), &Documents::default())
            .map(|reading| reading.operation_type())
    };
    assert_eq!(run(&operations(5)), Ok(OperationType::Query));
    assert_eq!(
        run(&operations(6)),
        Err(vec![Refusal::limit(Limit::Operations, 5, 6)])
    );

    let fragments = |count| repeated(count, |at| format!("fragment f{at} on Query{{__typename}}"));
    assert!(attempt(&format!("{{...f0}}{}", fragments(50))).is_ok());
    assert_limit(
        attempt(&format!("{{...f0}}{}", fragments(51))),
        Limit::Fragments,
        50,
        51,
    );

    let variables = |count| {
        format!(
            "query({}){{__typename}}",
            repeated(count, |at| format!("$v{at}:Int "))
        )
    };
    assert!(attempt(&variables(100)).is_ok());
    assert_limit(attempt(&variables(101)), Limit::Variables, 100, 101);
}

#[test]
fn directives_are_counted_in_all_and_in_one_place() {
    let in_all = |count| {
        format!(
            "{{viewer{{{}}}}}",
            repeated(count, |_| "id@skip(if:false)".to_owned())
        )
    };
    assert!(attempt(&in_all(20)).is_ok());
    assert_limit(attempt(&in_all(21)), Limit::Directives, 20, 21);
    let in_place = |count| format!("{{viewer{{id{}}}}}", "@x".repeat(count));
    assert!(attempt(&in_place(5)).is_ok());
    assert_limit(attempt(&in_place(6)), Limit::DirectivesPerField, 5, 6);
}

#[test]
fn depth_is_that_of_the_fields_with_fragments_written_out() {
    let deep = |count: usize| format!("{}id{}", "owner{".repeat(count), "}".repeat(count));
    assert!(attempt(&format!("{{find{{{}}}}}", deep(10))).is_ok());
    assert_limit(
        attempt(&format!("{{find{{{}}}}}", deep(11))),
        Limit::Depth,
        12,
        13,
    );
    let spread = format!(
        "{{find{{...f}}}} fragment f on Service{{...{{{}}}}}",
        deep(11)
    );
    assert_limit(attempt(&spread), Limit::Depth, 12, 13);
}

#[test]
fn aliases_and_root_fields_are_counted_where_fragments_are_spread() {
    let aliased = |count| {
        format!(
            "{{viewer{{{}}}}}",
            repeated(count, |at| format!("a{at}:id "))
        )
    };
    assert!(attempt(&aliased(30)).is_ok());
    assert_limit(attempt(&aliased(31)), Limit::Aliases, 30, 31);
    let roots = |count| {
        format!(
            "{{...f ...f}} fragment f on Query{{{}}}",
            "viewer{id}".repeat(count)
        )
    };
    assert!(attempt(&roots(10)).is_ok());
    assert_limit(attempt(&roots(11)), Limit::RootFields, 20, 22);
}

#[test]
fn objects_are_counted_and_scalars_are_free() {
    assert_eq!(cost("{__typename}"), 0);
    assert_eq!(cost("{viewer{id name}}"), 1);
    assert_eq!(cost("{find{owner{id}}}"), 2);
    // A page of 20 by default, however it is wrapped, and what is below it as often.
    assert_eq!(cost("{services{totalCount}}"), 20);
    assert_eq!(
        cost("{services(first:50){edges{node{id}}pageInfo{hasNextPage}}}"),
        50
    );
    assert_eq!(cost("{services(first:50){nodes{owner{id}}}}"), 100);
    assert_eq!(
        cost("{services(last:10){edges{node{owner{services(first:2){totalCount}}}}}}"),
        40
    );
    // A list without paging is taken for five, or for as many as the keys it is asked by.
    assert_eq!(cost("{regions{id}}"), 5);
    assert_eq!(cost("{nodes(ids:[1,2,3]){id}}"), 3);
    assert_eq!(
        cost(
            "{...f} fragment f on Query{services(first:2){...g}} fragment g on ServiceConnection{nodes{owner{id}}}"
        ),
        4
    );
}

#[test]
fn a_bulk_mutation_is_counted_by_the_length_of_its_list() {
    let act = |count| {
        let items = repeated(count, |at| format!("{{id:{at}}}"));
        cost(&format!(
            "mutation{{referralBulkAct(items:[{items}]){{owner{{id}}}}}}"
        ))
    };
    // What is below is counted for five already.
    assert_eq!((act(1), act(5), act(6), act(100)), (2, 2, 4, 40));
}

#[test]
fn of_the_types_an_object_may_have_only_the_dearest_counts() {
    let text = "{node(id:1){id ...on Service{owner{id}} ...on Organization{services(first:3){totalCount}}}}";
    assert_eq!(cost(text), 4);
}

#[test]
fn the_page_of_a_variable_counts() {
    let text = "query($n:Int=7){services(first:$n){nodes{owner{id}}}}";
    let run = |variables| try_with(text, variables, &Limits::default());
    assert_eq!(run(json!({})).unwrap().cost, 14);
    assert_eq!(run(json!({"n": 100})).unwrap().cost, 200);
    assert_eq!(run(json!({"n": null})).unwrap().cost, 40);
    assert_limit(run(json!({"n": 101})), Limit::Page, 100, 101);
    assert_limit(
        attempt("{services(first:101){totalCount}}"),
        Limit::Page,
        100,
        101,
    );
}

#[test]
fn too_many_objects_are_refused() {
    let text = |first| {
        format!(
            "{{services(first:100){{nodes{{owner{{services(first:{first}){{totalCount}}}}}}}}}}"
        )
    };
    assert_eq!(cost(&text(8)), 1_000);
    assert_limit(attempt(&text(9)), Limit::Cost, 1_000, 1_100);
}

#[test]
fn lists_in_the_input_are_bounded_and_bulk_mutations_may_send_more() {
    let items = |count| repeated(count, |at| format!("{{id:{at}}}"));
    let literal = |field: &str, count| {
        let limits = Limits {
            characters: 100_000,
            tokens: 10_000,
            ..Limits::default()
        };
        try_with(
            &format!("mutation{{{field}(items:[{}]){{id}}}}", items(count)),
            json!({}),
            &limits,
        )
    };
    assert!(literal("save", 250).is_ok());
    assert_limit(literal("save", 251), Limit::InputList, 250, 251);
    assert!(literal("referralBulkAct", 500).is_ok());
    assert_limit(literal("referralBulkAct", 501), Limit::InputList, 500, 501);

    let variable = |field: &str, count: usize| {
        let items: Vec<_> = (0..count).map(|at| json!({"id": at})).collect();
        let text = format!("mutation($i:[Item!]!){{{field}(items:$i){{id}}}}");
        try_with(&text, json!({"i": items}), &Limits::default())
    };
    assert!(variable("save", 250).is_ok());
    assert_limit(variable("save", 251), Limit::InputList, 250, 251);
    assert!(variable("referralBulkAct", 500).is_ok());
    assert_limit(variable("referralBulkAct", 501), Limit::InputList, 500, 501);
}

#[test]
fn variables_are_bounded_in_depth() {
    let nested = |depth: usize| {
        let mut item = json!({"id": 1});
        // Each turn adds a list and an object; the variables' own object is the first level.
        for _ in 0..depth {
            item = json!({"id": 1, "items": [item]});
        }
        try_with(
            "query($i:Item){find(item:$i){id}}",
            json!({"i": item}),
            &Limits::default(),
        )
    };
    assert!(nested(15).is_ok());
    assert_limit(nested(16), Limit::VariablesNesting, 32, 33);
}

#[test]
fn the_defaults_are_those_of_the_contract_and_unknown_keys_are_refused() {
    let read = |text: &str| serde_json::from_str::<Limits>(text).ok();
    assert_eq!(read("{}"), Some(Limits::default()));
    assert_eq!(
        read(r#"{"depth": 9}"#),
        Some(Limits {
            depth: 9,
            ..Limits::default()
        })
    );
    assert_eq!(read(r#"{"deepness": 9}"#), None);
}
