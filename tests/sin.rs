//! A social insurance number is refused wherever text can be written. The fields are those that the schema itself names,
//! so that a new one is tested before anybody thinks of it.
use claimant_gateway::opaque::NodeType;
use serde_json::{Map, Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{because, merged, outcome},
    on_both_databases,
};

/// The number that the standard examples use; it passes the check.
const SIN: &str = "046 454 286";

/// Codes of a fixed form, which no number of nine digits has: refused as not valid.
const CODES: [&str; 8] = [
    "claimantMatch.language",
    "claimantRegister.language",
    "claimantUpdate.language",
    "consentRecord.language",
    "eligibilityRuleSave.language",
    "languageAbilitySave.language",
    "qualificationSave.nocCode",
    "referralCreate.language",
];

/// Texts of a fixed form in lists.
const LISTED_CODES: [&str; 2] = ["eligibilityRuleSave.languages.0", "serviceSave.languages.0"];

const INTROSPECTION: &str =
    "{ __schema { mutationType { fields { name args { name type { ...type } } } }
    types { name kind enumValues { name } inputFields { name defaultValue type { ...type } } } } }
    fragment type on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// The input types of the schema.
struct Inputs(Map<String, Value>);

/// A type without its wrappers: its name, and whether it is required and a list.
fn unwrapped(mut of: &Value) -> (&str, bool, bool) {
    let required = of["kind"] == "NON_NULL";
    let mut list = false;
    while !of["ofType"].is_null() {
        list |= of["kind"] == "LIST";
        of = &of["ofType"];
    }
    (of["name"].as_str().expect("a name"), required, list)
}

impl Inputs {
    fn fields(&self, name: &str) -> &[Value] {
        let fields = self.0[name]["inputFields"].as_array();
        fields.map(Vec::as_slice).unwrap_or_default()
    }

    /// The least that a type takes; ids stand for nothing.
    fn least(&self, name: &str) -> Value {
        let of = &self.0[name];
        match (of["kind"].as_str().expect("a kind"), name) {
            ("ENUM", _) => of["enumValues"][0]["name"].clone(),
            ("INPUT_OBJECT", _) => {
                let required = self
                    .fields(name)
                    .iter()
                    .filter(|field| unwrapped(&field["type"]).1);
                let members = required.map(|field| {
                    let (inner, _, list) = unwrapped(&field["type"]);
                    let least = self.least(inner);
                    let least = if list { json!([least]) } else { least };
                    (field["name"].as_str().expect("a name").to_owned(), least)
                });
                Value::Object(members.collect())
            }
            (_, "Int") => json!(1),
            (_, "Boolean") => json!(false),
            (_, "Date") => json!("2026-06-01"),
            (_, "DateTime") => json!("2026-07-01T00:00:00Z"),
            (_, _) => json!("Text"),
        }
    }

    /// Every text below a type: its path, and the object that has it there, whole but for ids.
    fn texts(&self, name: &str) -> Vec<(String, Value)> {
        let mut texts = Vec::new();
        for field in self.fields(name) {
            let at = field["name"].as_str().expect("a name");
            let (inner, _, list) = unwrapped(&field["type"]);
            let below = match self.0[inner]["kind"].as_str() {
                Some("INPUT_OBJECT") => self
                    .texts(inner)
                    .into_iter()
                    .map(|(path, value)| (path, merged(self.least(inner), value)))
                    .collect(),
                _ if inner == "String" => vec![(String::new(), json!(SIN))],
                _ => Vec::new(),
            };
            for (path, value) in below {
                let steps = [at, if list { "0" } else { "" }, &path];
                let steps: Vec<&str> = steps.into_iter().filter(|step| !step.is_empty()).collect();
                let value = if list { json!([value]) } else { value };
                texts.push((steps.join("."), json!({ at: value })));
            }
        }
        texts
    }
}

/// For each mutation somebody who may do it, with an input that would be carried out.
#[expect(clippy::too_many_lines, reason = "a table: one line for each mutation")]
async fn possible(app: &TestApp) -> Vec<(&'static str, Client<'_>, Value)> {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let claimant = agency.registers_with_consent("Testa").await;
    let exclusion = json!({ "claimantId": claimant, "organizationId": app.public_id(NodeType::Organization, app.world.far_provider) });
    let ended = agency
        .done("exclusionRecord", exclusion, "exclusion { id }")
        .await["exclusion"]["id"]
        .clone();
    let other = app.public_id(NodeType::Organization, app.world.other_agency);
    let consent = agency.consents(&claimant, Value::Null).await;
    let acknowledged = json!({ "claimantId": claimant, "serviceId": app.service(), "send": true, "acknowledgeDuplicate": true });
    let sent = async || agency.creates(acknowledged.clone()).await;
    let accepted = async || {
        provider
            .does("referralAccept", &sent().await, Value::Null)
            .await
    };
    let held = provider
        .does("referralHold", &accepted().await, because("AT_CAPACITY"))
        .await;
    let completed = provider
        .does("referralComplete", &accepted().await, outcome("HOUSED"))
        .await;
    let declined = provider
        .does("referralDecline", &sent().await, because("NOT_ELIGIBLE"))
        .await;
    let draft = agency
        .creates(json!({ "claimantId": claimant, "serviceId": app.service() }))
        .await;
    let anonymous = agency.asks_openly().await;
    let (sent, accepted) = (sent().await, accepted().await);
    let capacity = json!({ "serviceId": app.service(), "status": "CAPACITY" });
    let here = json!({ "claimantId": claimant });
    let with = |more: Value| merged(here.clone(), more);
    let about =
        json!({ "purposes": ["FOOD"], "fieldGroups": [], "anyParty": true, "method": "VERBAL" });
    vec![
        (
            "claimantRegister",
            app.as_agency(),
            json!({ "identity": { "givenName": "Testb" } }),
        ),
        (
            "claimantUpdate",
            app.as_agency(),
            json!({ "id": claimant, "expectedVersion": 1, "identity": { "givenName": "Testa" } }),
        ),
        (
            "claimantMatch",
            app.as_agency(),
            json!({ "identity": { "givenName": "Testa" } }),
        ),
        (
            "duplicateDecide",
            app.as_agency(),
            json!({ "id": app.missing(NodeType::DuplicateCandidate), "expectedVersion": 1, "decision": "SAME" }),
        ),
        (
            "duplicateReverse",
            app.as_agency(),
            json!({ "id": app.missing(NodeType::DuplicateCandidate), "expectedVersion": 1 }),
        ),
        (
            "claimantTransfer",
            app.as_agency(),
            json!({ "id": claimant, "expectedVersion": 1, "organizationId": other }),
        ),
        (
            "claimantErase",
            app.as_agency(),
            json!({ "id": claimant, "expectedVersion": 1 }),
        ),
        (
            "claimantHold",
            app.as_agency(),
            json!({ "id": claimant, "held": true }),
        ),
        ("householdLeave", app.as_agency(), here.clone()),
        (
            "needRecord",
            app.as_agency(),
            with(json!({ "category": "FOOD" })),
        ),
        (
            "qualificationSave",
            app.as_agency(),
            with(json!({ "title": "Cook" })),
        ),
        (
            "languageAbilitySave",
            app.as_agency(),
            with(json!({ "language": "eng" })),
        ),
        ("consentRecord", app.as_agency(), with(about)),
        ("consentWithdraw", app.as_agency(), json!({ "id": consent })),
        (
            "exclusionRecord",
            app.as_agency(),
            with(json!({ "organizationId": other })),
        ),
        ("exclusionEnd", app.as_agency(), json!({ "id": ended })),
        (
            "referralCreate",
            app.as_agency(),
            with(json!({ "category": "HOUSING" })),
        ),
        ("referralUpdate", app.as_agency(), draft.step(Value::Null)),
        (
            "referralLinkClaimant",
            app.as_agency(),
            anonymous.step(here.clone()),
        ),
        (
            "referralSend",
            app.as_agency(),
            draft.step(json!({ "acknowledgeDuplicate": true })),
        ),
        (
            "referralClaim",
            app.as_provider(),
            anonymous.step(Value::Null),
        ),
        (
            "referralReroute",
            app.as_agency(),
            sent.step(because("WRONG_SERVICE")),
        ),
        (
            "referralSetPriority",
            app.as_agency(),
            sent.step(json!({ "priority": "URGENT" })),
        ),
        (
            "referralAssign",
            app.as_provider(),
            accepted.step(Value::Null),
        ),
        (
            "referralSetSubStatus",
            app.as_provider(),
            accepted.step(Value::Null),
        ),
        (
            "referralBulkAct",
            app.as_provider(),
            json!({ "action": "ACCEPT", "items": [sent.step(Value::Null)] }),
        ),
        ("referralAccept", app.as_provider(), sent.step(Value::Null)),
        (
            "referralDecline",
            app.as_provider(),
            sent.step(because("NOT_ELIGIBLE")),
        ),
        (
            "referralCancel",
            app.as_agency(),
            sent.step(because("OTHER")),
        ),
        (
            "referralStart",
            app.as_provider(),
            accepted.step(Value::Null),
        ),
        (
            "referralHold",
            app.as_provider(),
            accepted.step(because("AT_CAPACITY")),
        ),
        ("referralResume", app.as_provider(), held.step(Value::Null)),
        (
            "referralComplete",
            app.as_provider(),
            accepted.step(outcome("HOUSED")),
        ),
        (
            "referralFail",
            app.as_provider(),
            accepted.step(merged(
                outcome("UNRESOLVED_CONTACT"),
                because("CANNOT_CONTACT"),
            )),
        ),
        ("referralVoid", app.as_agency(), sent.step(because("OTHER"))),
        (
            "referralResubmit",
            app.as_agency(),
            json!({ "id": declined.id, "acknowledgeDuplicate": true }),
        ),
        (
            "referralSplit",
            app.as_provider(),
            accepted.step(json!({ "category": "HOUSING" })),
        ),
        (
            "outcomeRecord",
            app.as_provider(),
            json!({ "referralId": completed.id, "outcome": { "kind": "HOUSED", "date": "2026-06-01" } }),
        ),
        (
            "messageSend",
            app.as_provider(),
            json!({ "referralId": accepted.id, "body": "Told." }),
        ),
        (
            "appointmentSave",
            app.as_provider(),
            json!({ "referralId": accepted.id, "status": "BOOKED", "startsAt": "2026-07-01T15:00:00Z" }),
        ),
        (
            "serviceSave",
            app.as_provider(),
            json!({ "id": app.service() }),
        ),
        ("capacitySave", app.as_provider(), capacity),
        (
            "eligibilityRuleSave",
            app.as_ministry(),
            json!({ "serviceId": app.service(), "fact": "LANGUAGE_LEVEL", "language": "eng", "languageLevel": 4,
                "reasonEn": "Why.", "reasonFr": "Pourquoi." }),
        ),
    ]
}

/// The first refusal of an input, or nothing where it was carried out.
async fn refusal(client: &Client<'_>, mutation: &str, type_name: &str, input: Value) -> Value {
    let query = format!(
        "mutation($input: {type_name}!) {{ it: {mutation}(input: $input) {{ userErrors {{ code field message }} }} }}"
    );
    let answer = client.ask(&query, json!({ "input": input })).await;
    answer.data()["it"]["userErrors"][0].clone()
}

on_both_databases! {
    async fn no_text_of_any_mutation_takes_a_social_insurance_number(app: TestApp) {
        let schema = app.as_agency().query(INTROSPECTION).await;
        let schema = &schema.data()["__schema"];
        let types = schema["types"].as_array().expect("types").iter();
        let inputs = Inputs(types.map(|of| (of["name"].as_str().expect("a name").to_owned(), of.clone())).collect());
        let possible = possible(&app).await;
        let mut texts = 0;
        for field in schema["mutationType"]["fields"].as_array().expect("mutations") {
            let mutation = field["name"].as_str().expect("a name");
            let (type_name, ..) = unwrapped(&field["args"][0]["type"]);
            let (_, client, input) = possible
                .iter()
                .find(|(name, ..)| *name == mutation)
                .unwrap_or_else(|| panic!("{mutation}: say here who may do it, and with what"));
            for (path, value) in inputs.texts(type_name) {
                let mut input = input.clone();
                // Beside the text stands whatever the mutation needs there anyway.
                for (name, value) in value.as_object().expect("an object") {
                    let whole = match (input[name].clone(), value) {
                        (Value::Array(there), Value::Array(least)) => json!([merged(least[0].clone(), there[0].clone())]),
                        (there @ Value::Object(_), least) => merged(least.clone(), there),
                        (_, least) => least.clone(),
                    };
                    input[name] = whole;
                }
                let place = format!("/{}", path.replace('.', "/"));
                *input.pointer_mut(&place).expect("the text") = json!(SIN);
                let refused = refusal(client, mutation, type_name, input).await;
                let name = format!("{mutation}.{path}");
                let is_code = CODES.contains(&name.as_str()) || LISTED_CODES.contains(&name.as_str());
                let code = if is_code { "INVALID" } else { "SIN_NOT_STORED" };
                assert_eq!(refused["code"], code, "{name}: {refused}");
                let mut at = vec!["input"];
                at.extend(path.split('.'));
                if !LISTED_CODES.contains(&name.as_str()) {
                    assert_eq!(refused["field"], json!(at), "{name}");
                }
                texts += 1;
            }
        }
        assert!(texts > 50, "{texts}");
    }

    async fn a_number_that_an_agency_gave_may_look_like_one(app: TestApp) {
        let agency = app.as_agency();
        let with = |kind: &str| json!({ "identifiers": [{ "kind": kind, "value": SIN }] });
        for kind in ["UCI", "RPCD", "WORK_PERMIT", "CAMS_CASE"] {
            let refused = agency.user_error("claimantRegister", with(kind)).await;
            assert_eq!(refused["code"], "SIN_NOT_STORED", "{kind}");
            assert_eq!(refused["field"], json!(["input", "identifiers", "0", "value"]));
        }
        agency.done("claimantRegister", with("AGENCY_ID"), "claimant { id }").await;
    }

    async fn however_it_is_parted_it_is_none_of_our_texts(app: TestApp) {
        let agency = app.as_agency();
        let parted = ["\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2212}", "\t", "/", "\u{2009}", "\u{ff0f}", " - ", ", "];
        for part in parted {
            let text = ["046", "454", "286"].join(part);
            let refused = agency.refused("claimantRegister", json!({ "municipality": text })).await;
            assert_eq!(refused, "SIN_NOT_STORED", "{text:?}");
        }
    }

    async fn nobody_acts_in_the_name_of_such_a_number(app: TestApp) {
        for subject in ["046454286", "046-454-286", "worker 046 454 286"] {
            let answer = app.as_agency().acting_for(subject).query("{ viewer { role } }").await;
            assert_eq!((answer.status.as_u16(), answer.error_code()), (400, "BAD_USER_INPUT"), "{subject}");
        }
        let answer = app.as_agency().acting_for("worker 046-454-287").query("{ viewer { role } }").await;
        assert_eq!(answer.data()["viewer"]["role"], "SETTLEMENT_AGENCY");
    }

    async fn numbers_that_are_none_are_taken(app: TestApp) {
        let agency = app.as_agency();
        let phone = json!({ "points": [{ "kind": "PHONE", "value": "416 555 0100", "safety": "SAFE" }] });
        let input = json!({ "municipality": "Ward 046 454 287", "contact": phone });
        agency.done("claimantRegister", input, "claimant { id }").await;
    }
}
