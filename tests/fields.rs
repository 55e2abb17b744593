//! Every field of every object of the schema, asked for by everybody: one golden, drawn from real queries, in which a
//! field that is new has no row and fails the test. What is told in a cell, whether it is right, and whether another may
//! be told something else, is for `visibility` and for whoever reviews the golden.
mod reach;
mod schema;
mod viewpoint;

use std::{collections::BTreeSet, fmt::Write};

use self::{
    reach::{PATHS, Path},
    schema::{Field, Schema},
    viewpoint::Viewpoint,
};
use crate::common::{
    app::{Answer, TestApp},
    golden::assert_golden,
    on_both_databases,
};

const HEADER: &str = "\
# Every field of every object type, and who is told it. Drawn from answers of the API; UPDATE_GOLDEN=1 draws it anew.
#
# Cells: T told, - null or empty, . there is no object that has the field, F the request is FORBIDDEN, U the token is
# refused. The columns are the viewpoints below, from left to right.
#
";

const EXEMPT_HEADER: &str = "\
# Object types without rows in fields.txt, and why. This list only shrinks.
";

/// What one caller was told of one field.
fn cell(answer: &Answer, field: &Field) -> char {
    if answer.body.get("errors").is_some() {
        return match answer.error_code() {
            "FORBIDDEN" => 'F',
            "UNAUTHENTICATED" => 'U',
            // A preview of somebody whom the caller did not register.
            "BAD_USER_INPUT" => '.',
            other => panic!("{}: {other}: {}", field.name, answer.text),
        };
    }
    let mut objects = Vec::new();
    reach::objects(&answer.body["data"], &mut objects);
    if objects.is_empty() {
        return '.';
    }
    let told = objects.iter().any(|object| {
        let value = &object[field.name.as_str()];
        let empty = value.is_null()
            || value.as_array().is_some_and(Vec::is_empty)
            || value["edges"].as_array().is_some_and(Vec::is_empty);
        !empty
    });
    if told { 'T' } else { '-' }
}

/// The cells of every field of a type, as one caller is told them.
async fn column(viewpoint: &Viewpoint<'_>, path: &Path, fields: &[Field]) -> Vec<char> {
    let whole = viewpoint.ask(path, fields).await;
    if whole.body.get("errors").is_none() {
        return fields.iter().map(|field| cell(&whole, field)).collect();
    }
    // One field without its scope refuses the request: each is asked for alone.
    let mut cells = Vec::new();
    for field in fields {
        let alone = viewpoint.ask(path, std::slice::from_ref(field)).await;
        cells.push(cell(&alone, field));
    }
    cells
}

pub async fn draw(app: &TestApp) -> (String, Schema) {
    let viewpoints = viewpoint::all(app).await;
    app.settle().await;
    let schema = Schema::of(&app.as_agency()).await;
    let mut text = HEADER.to_owned();
    for (place, viewpoint) in viewpoints.iter().enumerate() {
        writeln!(text, "# {:>2} {}", place + 1, viewpoint.name).expect("a string grows");
    }
    for path in PATHS {
        let fields = schema.fields(path.of);
        let mut columns = Vec::new();
        for viewpoint in &viewpoints {
            columns.push(column(viewpoint, path, &fields).await);
        }
        writeln!(text, "\n{}", path.of).expect("a string grows");
        for (place, field) in fields.iter().enumerate() {
            let row: String = columns.iter().map(|column| column[place]).collect();
            writeln!(text, "{row}  {}", field.name).expect("a string grows");
        }
    }
    (text, schema)
}

on_both_databases! {
    async fn every_field_is_told_to_those_alone_whom_the_golden_names(app: TestApp) {
        let (text, _) = draw(&app).await;
        assert_golden("tests/golden/fields.txt", &text);
    }

    async fn every_object_type_has_its_rows_or_a_reason_to_have_none(app: TestApp) {
        let schema = Schema::of(&app.as_agency()).await;
        let drawn: BTreeSet<&str> = PATHS.iter().map(|path| path.of).collect();
        assert_eq!(drawn.len(), PATHS.len(), "a type has one path");
        let mut text = EXEMPT_HEADER.to_owned();
        for (name, why) in schema.without_facts() {
            assert!(!drawn.contains(name.as_str()), "{name} is drawn and needs no exemption");
            writeln!(text, "{name}: {why}").expect("a string grows");
        }
        for name in schema.objects() {
            let known = drawn.contains(name) || schema.without_facts().iter().any(|(exempt, _)| exempt == name);
            assert!(known, "{name} is a new type: say in tests/fields/reach.rs how it is reached");
        }
        assert_golden("tests/golden/fields-exempt.txt", &text);
    }

    async fn no_field_tells_a_stranger_of_a_claimant_or_a_referral(app: TestApp) {
        let viewpoints = viewpoint::all(&app).await;
        let schema = Schema::of(&app.as_agency()).await;
        for viewpoint in viewpoints.iter().filter(|viewpoint| viewpoint.name.starts_with("a stranger")) {
            for path in PATHS.iter().filter(|path| path.is_about_a_person()) {
                let cells = column(viewpoint, path, &schema.fields(path.of)).await;
                assert!(!cells.contains(&'T') && !cells.contains(&'-'), "{} of {}: {cells:?}", viewpoint.name, path.of);
            }
        }
    }
}
