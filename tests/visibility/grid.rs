//! Asks as everybody and draws what came back: for each scenario one table, its columns the organizations, its lines
//! the fields that everybody sees alike. It judges nothing; whoever reviews the golden does.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use chrono::TimeDelta;
use claimant_gateway::auth::{
    demo::TokenRequest,
    scope::{Scope, ScopeSet},
};
use serde_json::{Value, json};

use super::scenario::Scenario;
use crate::common::app::{Answer, Client, TestApp};

const REFERRAL: &str = "query($id: ID!) { it: referral(id: $id) { id reference status phase subStatus statusReason decidedBy
    priority category summary need { status } claimantAccess claimant { id } alsoFor { identity { fullName } } region { code } language
    interpreterNeeded ageBand partySize service { name } source { name } owner { name } assignee partOf { id }
    replaces { id } outcomes { id kind note claimant { id } } dueAt reviewAt overdue createdAt updatedAt version
    availableActions } }";

/// The ministry's request for it is refused as a whole.
const BETWEEN: &str =
    "query($id: ID!) { it: referral(id: $id) { messages(first: 20) { edges { node { body
    from { name } } } } appointments { status startsAt endsAt place note } } }";

const HISTORY: &str =
    "query($id: ID!) { it: referral(id: $id) { history(first: 50) { edges { node {
    kind fromStatus toStatus at version organization { name } reason note subject { id } } } } } }";

const CLAIMANT: &str = "query($id: ID!) { it: claimant(id: $id) { id region { code } municipality language
    officialLanguage interpreterNeeded ageBand locationProtected needs { category status }
    identity { fullName givenName familyName birthDate gender } identityAccess
    contact { permission points { kind value note } } contactAccess contactVia { name }
    identifiers { kind last4 } identifiersAccess claimStatus { stage workPermitExpiresOn } claimStatusAccess
    workAuthorization { state expiresOn } workAuthorizationAccess
    qualifications { title nocCode } languageAbilities { language speaking assessedOn } qualificationsAccess
    exclusions { organization { name } } household { identity { fullName } }
    consents { status purposes fieldGroups anyParty recipients { name } } referrals(first: 10) { edges { node { id } } }
    version } }";

const NODES: &str = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }";

const BOXES: &str = "{ INBOX: referrals(box: INBOX, first: 100) { edges { node { id } } }
    OUTBOX: referrals(box: OUTBOX, first: 100) { edges { node { id } } }
    OPEN: referrals(box: OPEN, first: 100) { edges { node { id } } }
    ALL: referrals(box: ALL, first: 100) { edges { node { id } } } }";

const CLAIMANTS: &str = "{ claimants(first: 100) { edges { node { id } } } }";

const FEED: &str = "query($after: Cursor) { changes(first: 100, after: $after) { pageInfo { endCursor hasNextPage }
    edges { node { kind subjectId subject { id } organization { name } reason note } } } }";

const DIRECTORY: &str = "{ organizations(first: 50) { edges { node { name kind role active region { code } email
    languages } } } services(first: 50) { edges { node { name status categories languages offeredInFrench
    organization { name } capacity { status } eligibilityRules { id fact stages sealed reason writtenBy { name } version } } } } regions { code name office { email } } catchments { code name }
    codes(set: NEED_CATEGORY) { value label } }";

const ENTITIES: [&str; 8] = [
    "directory",
    "referral",
    "between",
    "history",
    "claimant",
    "node",
    "list",
    "feed",
];

/// With what the texts of a story begin.
const WORDS: [&str; 18] = [
    "Given",
    "Family",
    "Gender",
    "Town",
    "Safe",
    "Unsafe",
    "Aside",
    "Number",
    "Trade",
    "Told",
    "Worker",
    "Became",
    "Because",
    "Finished",
    "Withdrawn",
    "Said",
    "Place",
    "Bring",
];

/// A column: somebody who asks.
pub struct Column<'a> {
    pub name: &'static str,
    pub client: Client<'a>,
}

pub fn columns(app: &TestApp) -> Vec<Column<'_>> {
    let everything: ScopeSet = Scope::ALL.iter().copied().collect();
    let plain: ScopeSet = [Scope::DirectoryRead, Scope::ReportRead]
        .into_iter()
        .collect();
    let column = |name, organization: &str, scopes, region: Option<&str>| Column {
        name,
        client: app.client_by(&TokenRequest {
            organization: organization.to_owned(),
            scopes,
            subject: "worker".to_owned(),
            region: region.map(str::to_owned),
            lifetime: TimeDelta::days(400),
        }),
    };
    vec![
        column("agency", "agency", everything, None),
        column("provider", "provider", everything, None),
        column("other", "other-provider", everything, None),
        column("far", "far-provider", everything, None),
        column("outside", "other-agency", everything, None),
        column("reports", "ministry", plain, None),
        column("oversight", "ministry", everything, None),
        column("central", "ministry", everything, Some("CENTRAL")),
        column("north", "ministry-north", everything, None),
        column("closed", "closed", everything, None),
    ]
}

/// What one caller was told of one scenario, field by field, and every text of it.
#[derive(Default)]
pub struct Told {
    cells: BTreeMap<String, String>,
    values: BTreeMap<String, Value>,
    texts: String,
}

/// What one caller is told of everything at once.
pub struct Lists {
    boxes: Answer,
    claimants: Answer,
    feed: Vec<Value>,
    feed_refused: Option<String>,
}

/// Why a whole request was refused, in a word.
fn refused(answer: &Answer) -> Option<String> {
    answer.body.get("errors")?;
    Some(match answer.error_code() {
        "FORBIDDEN" => "scope".to_owned(),
        "UNAUTHENTICATED" => "401".to_owned(),
        other => other.to_owned(),
    })
}

pub async fn lists(client: &Client<'_>) -> Lists {
    let (mut feed, mut after) = (Vec::new(), Value::Null);
    let feed_refused = loop {
        let answer = client.ask(FEED, json!({ "after": after })).await;
        let page = &answer["data"]["changes"];
        if let Some(edges) = page["edges"].as_array() {
            feed.extend(edges.iter().map(|edge| edge["node"].clone()));
        }
        if page["pageInfo"]["hasNextPage"] != true {
            break refused(&answer);
        }
        after = page["pageInfo"]["endCursor"].clone();
    };
    Lists {
        boxes: client.query(BOXES).await,
        claimants: client.query(CLAIMANTS).await,
        feed,
        feed_refused,
    }
}

/// Asks for what is public to every token.
pub async fn directory(client: &Client<'_>) -> Told {
    let (answer, mut told) = (client.query(DIRECTORY).await, Told::default());
    told.object("directory", &answer, &answer["data"]);
    told
}

/// Asks for everything about one scenario.
pub async fn ask(scenario: &Scenario, client: &Client<'_>, lists: &Lists, outcome: &Value) -> Told {
    let (story, mut told) = (&scenario.story, Told::default());
    let id = json!({ "id": story.referral });
    let referral = client.ask(REFERRAL, id.clone()).await;
    told.object("referral", &referral, &referral["data"]["it"]);
    let between = client.ask(BETWEEN, id.clone()).await;
    told.object("between", &between, &between["data"]["it"]);
    told.history(&client.ask(HISTORY, id).await);
    let person = client.ask(CLAIMANT, json!({ "id": story.claimant })).await;
    told.object("claimant", &person, &person["data"]["it"]);
    let ids = json!([
        story.referral,
        story.claimant,
        story.need,
        story.consent,
        outcome
    ]);
    let nodes = client.ask(NODES, json!({ "ids": ids })).await;
    let names = ["referral", "claimant", "need", "consent", "outcome"];
    for (place, name) in names.into_iter().enumerate() {
        let cell =
            refused(&nodes).unwrap_or_else(|| seen(!nodes["data"]["nodes"][place].is_null()));
        told.put("node", name, cell);
    }
    told.lists(scenario, lists);
    told
}

fn seen(visible: bool) -> String {
    (if visible { "seen" } else { "-" }).to_owned()
}

fn edges_hold(connection: &Value, id: &Value) -> bool {
    let edges = connection["edges"].as_array();
    edges.is_some_and(|edges| edges.iter().any(|edge| edge["node"]["id"] == *id))
}

fn access(code: &Value) -> &'static str {
    match code.as_str() {
        Some("SEALED_UNTIL_ACCEPTED") => "sealed",
        Some("CONSENT_REQUIRED") => "consent",
        Some("CONSENT_EXPIRED") => "expired",
        Some("ROLE_FORBIDDEN") => "role",
        Some("ANONYMOUS") => "anonymous",
        Some("GRANTED") => "none",
        _ => "?",
    }
}

impl Told {
    fn put(&mut self, entity: &str, field: &str, cell: String) {
        self.cells.insert(format!("{entity}.{field}"), cell);
    }

    /// One object with its fields. A sealed group's reason stands in its own place.
    fn object(&mut self, entity: &str, answer: &Answer, object: &Value) {
        self.texts.push_str(&answer.text);
        let whole = refused(answer).unwrap_or_else(|| seen(object.is_object()));
        self.put(entity, "", whole);
        let Some(fields) = object.as_object() else {
            return;
        };
        for (field, value) in fields {
            if field.ends_with("Access") {
                continue;
            }
            let empty = value.is_null()
                || value.as_array().is_some_and(Vec::is_empty)
                || value["edges"].as_array().is_some_and(Vec::is_empty);
            let cell = match (fields.get(&format!("{field}Access")), empty) {
                (None, _) => seen(!empty),
                (Some(code), true) => access(code).to_owned(),
                (Some(code), false) if code == "GRANTED" => "seen".to_owned(),
                (Some(_), false) => "SEEN?".to_owned(),
            };
            self.put(entity, field, cell);
            self.values
                .insert(format!("{entity}.{field}"), value.clone());
        }
    }

    fn history(&mut self, answer: &Answer) {
        self.texts.push_str(&answer.text);
        let Some(edges) = answer["data"]["it"]["history"]["edges"].as_array() else {
            return;
        };
        let entries: Vec<&Value> = edges.iter().map(|edge| &edge["node"]).collect();
        self.put("history", "entries", entries.len().to_string());
        for field in ["organization", "reason", "note", "subject"] {
            self.put(
                "history",
                field,
                count(&entries, |entry| !entry[field].is_null()),
            );
        }
    }

    fn lists(&mut self, scenario: &Scenario, lists: &Lists) {
        let story = &scenario.story;
        for name in ["INBOX", "OUTBOX", "OPEN", "ALL"] {
            let cell = refused(&lists.boxes)
                .unwrap_or_else(|| seen(edges_hold(&lists.boxes["data"][name], &story.referral)));
            self.put("list", name, cell);
        }
        let cell = refused(&lists.claimants).unwrap_or_else(|| {
            seen(edges_hold(
                &lists.claimants["data"]["claimants"],
                &story.claimant,
            ))
        });
        self.put("list", "claimants", cell);
        if let Some(refused) = &lists.feed_refused {
            self.put("feed", "", refused.clone());
            return;
        }
        let about = |id: &Value| -> Vec<&Value> {
            lists
                .feed
                .iter()
                .filter(|entry| entry["subjectId"] == *id)
                .collect()
        };
        let entries = about(&story.referral);
        self.put("feed", "referral", count(&entries, |_| true));
        for field in ["subject", "organization", "reason", "note"] {
            self.put(
                "feed",
                field,
                count(&entries, |entry| !entry[field].is_null()),
            );
        }
        let ended = count(&entries, |entry| entry["kind"] == "ACCESS_ENDED");
        self.put("feed", "ended", ended);
        self.put("feed", "claimant", count(&about(&story.claimant), |_| true));
        self.put("feed", "consent", count(&about(&story.consent), |_| true));
        for entry in entries {
            self.texts.push_str(&entry.to_string());
        }
    }

    /// Which of the texts of the story this caller was told, in any answer.
    fn words(&self, label: &str) -> Vec<&'static str> {
        WORDS
            .into_iter()
            .filter(|word| self.texts.contains(&format!("{word}{label}")))
            .collect()
    }
}

fn count(entries: &[&Value], which: impl Fn(&Value) -> bool) -> String {
    match entries.iter().filter(|entry| which(entry)).count() {
        0 => "-".to_owned(),
        some => some.to_string(),
    }
}

/// The cell of a field that one caller sees: not what it holds, but whether it is what the first caller sees.
fn cell(field: &str, told: &Told, first: &Told) -> String {
    let Some(cell) = told.cells.get(field) else {
        return ".".to_owned();
    };
    match (told.values.get(field), first.values.get(field)) {
        (Some(value), Some(truth)) if cell == "seen" && !truth.is_null() && value != truth => {
            "other".to_owned()
        }
        _ => cell.clone(),
    }
}

/// One line of a table: the cells, and what they are about.
fn line(text: &mut String, cells: impl Iterator<Item = impl AsRef<str>>, about: &str) {
    const WIDTH: usize = 10;
    let mut line = String::new();
    for cell in cells {
        write!(line, "{:<WIDTH$}", cell.as_ref()).expect("a string grows");
    }
    line.push_str(about);
    writeln!(text, "{}", line.trim_end()).expect("a string grows");
}

/// A table: one line for each set of fields of an entity that everybody sees alike.
pub fn table(title: &str, columns: &[Column<'_>], told: &[Told]) -> String {
    let mut text = format!("\n## {title}\n");
    line(&mut text, columns.iter().map(|column| column.name), "");
    let fields: BTreeSet<&String> = told.iter().flat_map(|told| told.cells.keys()).collect();
    for entity in ENTITIES {
        let mut patterns: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
        for field in &fields {
            if let Some((of, name)) = field.split_once('.')
                && of == entity
            {
                let cells = told.iter().map(|each| cell(field, each, &told[0]));
                patterns.entry(cells.collect()).or_default().push(name);
            }
        }
        let mut patterns: Vec<_> = patterns.into_iter().collect();
        patterns.sort_by(|one, other| one.1.cmp(&other.1));
        for (cells, fields) in patterns {
            let about = format!("{entity}: {}", fields.join(" "));
            line(&mut text, cells.iter(), about.trim_end_matches([' ', ':']));
        }
    }
    text
}

/// The table of one scenario, and the texts that each was told.
pub fn draw(scenario: &Scenario, columns: &[Column<'_>], told: &[Told]) -> String {
    let title = format!("{}\n# {}", scenario.title, scenario.relations);
    let mut text = table(&title, columns, told);
    for (column, told) in columns.iter().zip(told) {
        let words = told.words(scenario.story.label);
        if !words.is_empty() {
            writeln!(text, "{} reads: {}", column.name, words.join(" ")).expect("a string grows");
        }
    }
    text
}
