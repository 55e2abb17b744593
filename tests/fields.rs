//! Every field of every object of the schema, asked for by everybody: one golden, drawn from real queries, in which a
//! field that is new has no row and fails the test, as does one that nobody is told: such a row would catch nothing. What is told in a cell, whether it is right, and whether another may
//! be told something else, is for `visibility` and for whoever reviews the golden.
mod reach;
mod schema;
mod stories;
mod viewpoint;

use std::{collections::BTreeSet, fmt::Write};

use self::{
    reach::{PATHS, Path},
    schema::{Field, Schema},
    viewpoint::{Block, STRANGERS, Viewpoint},
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
# refused. The columns are the viewpoints below, from left to right, in blocks that begin at their letter.
";

const EXEMPT_HEADER: &str = "\
# Object types without rows in fields.txt, and why. This list only shrinks.
";

/// The fields that nobody can be told yet, and why. This list only shrinks: once one is told, it must go.
const UNTOLD: [(&str, &str); 1] = [(
    "ServiceCapacity.waitlisted",
    "null where it is not counted, and nothing counts it yet",
)];

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

/// The rows of one type: every field with its cells, block by block.
struct Table {
    path: &'static Path,
    fields: Vec<Field>,
    /// By block and viewpoint, one cell for each field.
    blocks: Vec<Vec<Vec<char>>>,
}

impl Table {
    async fn draw(path: &'static Path, schema: &Schema, blocks: &[Block<'_>]) -> Self {
        let fields = schema.fields(path.of);
        let mut drawn = Vec::new();
        for block in blocks {
            let mut columns = Vec::new();
            for viewpoint in &block.viewpoints {
                columns.push(column(viewpoint, path, &fields).await);
            }
            drawn.push(columns);
        }
        Self {
            path,
            fields,
            blocks: drawn,
        }
    }

    /// The cells of one field.
    fn row(&self, field: usize) -> String {
        let block = |columns: &Vec<Vec<char>>| columns.iter().map(|column| column[field]).collect();
        self.blocks
            .iter()
            .map(block)
            .collect::<Vec<String>>()
            .join(" ")
    }

    /// The fields of which nobody is told anything.
    fn untold(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let fields = self.fields.iter().enumerate();
        let untold = fields.filter(|(place, _)| !self.row(*place).contains('T'));
        untold.map(|(_, field)| (self.path.of, field.name.as_str()))
    }

    fn write(&self, text: &mut String) {
        let mut ruler = String::new();
        for (letter, columns) in ('A'..).zip(&self.blocks) {
            write!(ruler, "{letter:<width$}", width = columns.len() + 1).expect("a string grows");
        }
        writeln!(text, "\n{ruler} {}", self.path.of).expect("a string grows");
        for (place, field) in self.fields.iter().enumerate() {
            writeln!(text, "{}  {}", self.row(place), field.name).expect("a string grows");
        }
    }
}

fn header(blocks: &[Block<'_>]) -> String {
    let mut text = HEADER.to_owned();
    for (letter, block) in ('A'..).zip(blocks) {
        writeln!(text, "#\n# {letter}  {}", block.name).expect("a string grows");
        for (place, viewpoint) in block.viewpoints.iter().enumerate() {
            writeln!(text, "#   {:>2} {}", place + 1, viewpoint.name).expect("a string grows");
        }
    }
    text
}

/// No cell of a stranger tells that there is a claimant or a referral.
fn assert_strangers_are_told_nothing(table: &Table, blocks: &[Block<'_>]) {
    if !table.path.is_about_a_person() {
        return;
    }
    for (block, columns) in blocks.iter().zip(&table.blocks) {
        for (viewpoint, cells) in block.viewpoints.iter().zip(columns) {
            let told = cells.contains(&'T') || cells.contains(&'-');
            assert!(
                !(block.name == STRANGERS && told),
                "{} of {}: {cells:?}",
                viewpoint.name,
                table.path.of
            );
        }
    }
}

/// The whole golden, and the fields of which nobody is told anything.
pub async fn draw(app: &TestApp) -> (String, Vec<String>) {
    let blocks = viewpoint::all(app).await;
    app.settle().await;
    let schema = Schema::of(&app.as_agency()).await;
    let (mut text, mut untold) = (header(&blocks), Vec::new());
    for path in PATHS {
        let table = Table::draw(path, &schema, &blocks).await;
        assert_strangers_are_told_nothing(&table, &blocks);
        untold.extend(table.untold().map(|(of, field)| format!("{of}.{field}")));
        table.write(&mut text);
    }
    (text, untold)
}

on_both_databases! {
    async fn every_field_is_told_to_those_alone_whom_the_golden_names(app: TestApp) {
        let (text, untold) = draw(&app).await;
        assert_eq!(untold, UNTOLD.map(|(field, _)| field), "give the stories what is to be told, rather than an exemption");
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
}
