//! What is shown of a person is written down before it is shown, and told to whoever may ask.
use claimant_gateway::{
    auth::scope::{Scope, ScopeSet},
    command::{BreachExportArguments, BreachFormat, BreachWhich, DatabaseArgument, breach},
    opaque::NodeType,
};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::ids,
    on_both_databases,
    story::{Plot, Story},
};

const LIST: &str =
    "query($claimantId: ID) { disclosures(claimantId: $claimantId, first: 100) { edges { node {
    id at organization { name } client groups referral { id } consent { id } sentence } } } }";

const IDENTITY: &str = "identityAccess identity { fullName }";

/// What a caller is told of a claimant's disclosures, once they are in the chain.
async fn told(app: &TestApp, client: &Client<'_>, claimant: &Value) -> Vec<Value> {
    app.settle().await;
    let answer = client.ask(LIST, json!({ "claimantId": claimant })).await;
    let edges = answer.data()["disclosures"]["edges"].as_array().cloned();
    let edges = edges.expect("edges").into_iter();
    edges.map(|edge| edge["node"].clone()).collect()
}

/// The groups of each disclosure, as the agency is told them.
async fn groups(app: &TestApp, story: &Story, of: &str) -> Vec<Value> {
    let told = told(app, &app.as_agency(), &story.claimant).await;
    let told = told.into_iter();
    told.filter(|each| each["organization"]["name"] == of)
        .map(|each| each["groups"].clone())
        .collect()
}

on_both_databases! {
    async fn an_answer_with_sealed_groups_is_told_with_referral_consent_and_groups(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Shown")).await;
        let provider = app.as_provider();
        let seen = provider.sees_claimant(&story.claimant, &format!("{IDENTITY} contact {{ permission }}")).await;
        assert_eq!(seen["identity"]["fullName"], "GivenShown FamilyShown");
        let mut told = told(&app, &provider, &story.claimant).await;
        assert_eq!(told.len(), 1, "{told:?}");
        let it = told.remove(0);
        assert_eq!(it["groups"], json!(["IDENTITY", "CONTACT"]));
        assert_eq!(it["referral"]["id"], story.referral);
        assert_eq!(it["consent"]["id"], story.consent);
        assert_eq!(it["at"], "2026-06-01T14:00:00Z");
        assert_eq!(it["organization"]["name"], "Test provider");
        assert_eq!(it["client"], "worker-of-provider", "its own");
    }

    async fn what_is_withheld_or_only_asked_about_is_not_told_as_shown(app: TestApp) {
        let sent = Story::sent(&app, Plot::open("Sent")).await;
        let shut = Story::accepted(&app, Plot { permission: "VIA_AGENCY_ONLY", ..Plot::open("Shut") }).await;
        let open = Story::accepted(&app, Plot::open("Open")).await;
        let provider = app.as_provider();
        let everything = "identityAccess identity { fullName } contact { permission } contactAccess contactVia { name }
            identifiers { last4 } claimStatus { stage } workAuthorization { state }";
        let seen = provider.sees_claimant(&sent.claimant, everything).await;
        assert_eq!(seen["identityAccess"], "SEALED_UNTIL_ACCEPTED");
        let seen = provider.sees_claimant(&shut.claimant, "contact { permission } contactAccess contactVia { name }").await;
        assert_eq!(seen["contactVia"]["name"], "Test agency");
        let seen = provider.sees_claimant(&open.claimant, "identityAccess contactAccess contactVia { name }").await;
        assert_eq!(seen["contactAccess"], "GRANTED");
        for story in [&sent, &shut, &open] {
            assert_eq!(groups(&app, story, "Test provider").await, [] as [Value; 0], "{}", story.label);
        }
        provider.sees_claimant(&open.claimant, "contactAccess contact { permission }").await;
        assert_eq!(groups(&app, &open, "Test provider").await, [json!(["CONTACT"])]);
    }

    async fn every_group_that_the_registering_organization_reads_is_told(app: TestApp) {
        let story = Story::begin(&app, Plot::open("Own")).await;
        for (selection, group) in [
            ("identity { gender }", "IDENTITY"),
            ("contact { permission }", "CONTACT"),
            ("identifiers { last4 }", "IDENTIFIERS"),
            ("claimStatus { stage }", "CLAIM_STATUS"),
            ("workAuthorization { state }", "WORK_AUTHORIZATION"),
        ] {
            app.as_agency().sees_claimant(&story.claimant, selection).await;
            let told = told(&app, &app.as_agency(), &story.claimant).await;
            let last = told.last().expect("a disclosure");
            assert_eq!(last["groups"], json!([group]));
            assert_eq!((&last["referral"], &last["consent"]), (&Value::Null, &Value::Null));
        }
        app.as_agency().sees_claimant(&story.claimant, "region { code } needs { category } version").await;
        assert_eq!(told(&app, &app.as_agency(), &story.claimant).await.len(), 5, "what is not sealed is not told");
    }

    async fn free_text_is_told_wherever_it_is_read(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Text")).await;
        let provider = app.as_provider();
        let note = json!({ "subStatus": "CONTACT_ATTEMPTED", "note": "Called twice." });
        story.act(&provider, "referralSetSubStatus", note).await;
        story.act(&provider, "referralStart", json!({})).await;
        let done = json!({ "outcomes": [{ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01", "note": "Works." }] });
        story.act(&provider, "referralComplete", done).await;
        app.settle().await;
        assert_eq!(groups(&app, &story, "Test provider").await, [] as [Value; 0], "nothing was read yet");
        let id = json!({ "id": story.referral });
        let mut count = 0;
        for question in [
            "query($id: ID!) { referral(id: $id) { summary } }",
            "query($id: ID!) { referral(id: $id) { outcomes { note } } }",
            "query($id: ID!) { referral(id: $id) { history { edges { node { note } } } } }",
            "query($id: ID!) { referral(id: $id) { id } changes(first: 100) { edges { node { note } } } }",
        ] {
            let answer = provider.ask(question, id.clone()).await;
            assert!(answer.text.contains("Told") || answer.text.contains("Works.") || answer.text.contains("Called"));
            count += 1;
            assert_eq!(groups(&app, &story, "Test provider").await, vec![json!(["FREE_TEXT"]); count], "{question}");
        }
        let told = told(&app, &provider, &story.claimant).await;
        assert!(told.iter().all(|each| each["referral"]["id"] == story.referral));
        provider.ask("query($id: ID!) { referral(id: $id) { history { edges { node { kind } } } } }", id).await;
        assert_eq!(groups(&app, &story, "Test provider").await.len(), count, "entries without their notes");
    }

    async fn whoever_is_found_by_a_name_is_told_as_shown(app: TestApp) {
        let found = Story::begin(&app, Plot::open("Sought")).await;
        let other = Story::begin(&app, Plot::open("Beside")).await;
        let agency = app.as_agency();
        let sought = async |text: &str| {
            let question = "query($text: String) { claimants(filter: { text: $text }) { edges { node { id } } } }";
            ids(&agency.ask(question, json!({ "text": text })).await.data()["claimants"]).len()
        };
        assert_eq!(sought("givensought").await, 1);
        assert_eq!(groups(&app, &found, "Test agency").await, [json!(["IDENTITY"])]);
        assert_eq!((sought("nobody").await, sought(" ").await), (0, 2));
        assert_eq!(ids(&agency.query("{ claimants { edges { node { id } } } }").await.data()["claimants"]).len(), 2);
        assert_eq!(groups(&app, &found, "Test agency").await.len(), 1, "without a name nothing is told of it");
        assert_eq!(groups(&app, &other, "Test agency").await, [] as [Value; 0]);
    }

    async fn a_guess_that_a_refusal_answers_is_told_as_shown(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Guessed")).await;
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let says = |body: &str| json!({ "referralId": story.referral, "body": body });
        agency.done("messageSend", says("Is it NumberGuessed-7789?"), "referral { id }").await;
        assert_eq!(groups(&app, &story, "Test agency").await, [] as [Value; 0], "a wrong guess shows nothing");
        assert_eq!(agency.refused("messageSend", says("Is it NumberGuessed-7788?")).await, "TEXT_IDENTIFIES");
        let every = json!(["IDENTITY", "CONTACT", "IDENTIFIERS"]);
        assert_eq!(groups(&app, &story, "Test agency").await, [every.clone()]);
        let draft = json!({ "claimantId": story.claimant, "category": "HOUSING", "summary": "Is NumberGuessed-7788." });
        assert_eq!(agency.refused("referralCreate", draft).await, "SUMMARY_IDENTIFIES");
        assert_eq!(groups(&app, &story, "Test agency").await, [every.clone(), every]);
        // A party is compared with what is open to it, and on that basis.
        provider.done("messageSend", says("It is NumberGuessed-7788."), "referral { id }").await;
        assert_eq!(provider.refused("messageSend", says("It is GivenGuessed.")).await, "TEXT_IDENTIFIES");
        let told = told(&app, &provider, &story.claimant).await;
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["groups"], json!(["IDENTITY", "CONTACT"]));
        assert_eq!((&told[0]["referral"]["id"], &told[0]["consent"]["id"]), (&story.referral, &story.consent));
    }

    async fn the_answer_of_a_mutation_is_told_as_well(app: TestApp) {
        let mut story = Story::sent(&app, Plot::open("Mutation")).await;
        let input = json!({ "id": story.referral, "expectedVersion": story.version });
        let selection = "referral { id version claimant { identity { fullName } } }";
        let done = app.as_provider().done("referralAccept", input, selection).await;
        story.take(&done["referral"]);
        assert_eq!(groups(&app, &story, "Test provider").await, [json!(["IDENTITY"])]);
    }

    async fn an_answer_whose_disclosure_cannot_be_written_is_not_given(app: TestApp) {
        let story = Story::sent(&app, Plot::open("Closed")).await;
        let provider = app.as_provider();
        let open = "query($id: ID!) { claimant(id: $id) { language } }";
        app.tamper("ALTER TABLE disclosure_answer RENAME TO disclosure_answer_away").await;
        let input = json!({ "id": story.referral, "expectedVersion": story.version });
        let selection = "referral { id claimant { identity { fullName } } }";
        let accepted = provider.mutate("referralAccept", input, selection).await;
        let id = json!({ "id": story.claimant });
        let asked = provider.ask("query($id: ID!) { claimant(id: $id) { language identity { fullName } } }", id.clone()).await;
        for answer in [&accepted, &asked] {
            assert_eq!(answer.error_code(), "INTERNAL");
            assert_eq!(answer.status, 500);
            assert!(answer.body.get("data").is_none(), "{}", answer.text);
            assert!(!answer.text.contains("Closed") && !answer.text.contains("spa"), "{}", answer.text);
        }
        let unsealed = provider.ask(open, id.clone()).await;
        assert_eq!(unsealed.data()["claimant"]["language"], "spa", "what is not sealed needs no record");
        app.tamper("ALTER TABLE disclosure_answer_away RENAME TO disclosure_answer").await;
        let seen = provider.sees_claimant(&story.claimant, IDENTITY).await;
        assert_eq!(seen["identity"]["fullName"], "GivenClosed FamilyClosed", "the change itself was made");
        assert_eq!(groups(&app, &story, "Test provider").await.len(), 1, "what was not given is not told as shown");
    }

    async fn one_statement_records_whatever_an_answer_shows(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Once")).await;
        Story::accepted(&app, Plot::open("Twice")).await;
        let provider = app.as_provider();
        let records = |app: &TestApp| {
            let texts = app.statement_texts();
            texts.iter().filter(|text| text.contains("disclosure")).count()
        };
        let inbox = "{ referrals(box: INBOX) { edges { node { summary claimant { identity { fullName } contact { permission } } } } } }";
        app.statements();
        provider.query(inbox).await;
        assert_eq!(records(&app), 1);
        app.statements();
        provider.sees_claimant(&story.claimant, "language identityAccess contactAccess").await;
        assert_eq!(records(&app), 0);
    }

    async fn answers_that_end_together_are_each_recorded(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Many")).await;
        let provider = app.as_provider();
        let asked = (0..40).map(|_| provider.sees_claimant(&story.claimant, IDENTITY));
        futures_util::future::join_all(asked).await;
        assert_eq!(groups(&app, &story, "Test provider").await.len(), 40);
    }

    async fn an_organization_sees_its_own_and_of_its_claimants_everything(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Whose")).await;
        app.as_provider().sees_claimant(&story.claimant, IDENTITY).await;
        app.as_agency().sees_claimant(&story.claimant, IDENTITY).await;
        let own = told(&app, &app.as_provider(), &story.claimant).await;
        assert_eq!(own.len(), 1);
        assert_eq!(own[0]["organization"]["name"], "Test provider");
        let all = told(&app, &app.as_agency(), &story.claimant).await;
        let names: Vec<&Value> = all.iter().map(|each| &each["organization"]["name"]).collect();
        assert_eq!(names, ["Test provider", "Test agency"]);
        assert_eq!(all[0]["client"], Value::Null, "who works elsewhere is not told");
        for stranger in ["other-agency", "other-provider", "far-provider"] {
            let stranger = app.client(stranger);
            let there = stranger.ask(LIST, json!({ "claimantId": story.claimant })).await;
            let missing = stranger.ask(LIST, json!({ "claimantId": app.missing(NodeType::Claimant) })).await;
            assert_eq!(there.text, missing.text);
            assert_eq!(there.data()["disclosures"]["edges"], json!([]));
            let node = "query($id: ID!) { node(id: $id) { id } }";
            let there = stranger.ask(node, json!({ "id": own[0]["id"] })).await;
            let missing = stranger.ask(node, json!({ "id": app.missing(NodeType::Disclosure) })).await;
            assert_eq!(there.text, missing.text);
        }
        let node = "query($id: ID!) { node(id: $id) { ... on Disclosure { groups } } }";
        let answer = app.as_agency().ask(node, json!({ "id": own[0]["id"] })).await;
        assert_eq!(answer.data()["node"]["groups"], json!(["IDENTITY"]));
        assert_eq!(app.as_ministry().query("{ disclosures { edges { node { id } } } }").await.error_code(), "FORBIDDEN");
        let others: ScopeSet = Scope::ALL.iter().copied().filter(|scope| *scope != Scope::AuditRead).collect();
        let unscoped = app.client_with("agency", others);
        assert_eq!(unscoped.query("{ disclosures { edges { node { id } } } }").await.error_code(), "FORBIDDEN");
        let anonymous = app.anonymous().query("{ disclosures { edges { node { id } } } }").await;
        assert_eq!(anonymous.error_code(), "UNAUTHENTICATED");
    }

    async fn the_sentence_can_be_shown_to_the_person_and_names_nobody(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Said")).await;
        app.as_provider().acting_for("worker-seven").sees_claimant(&story.claimant, IDENTITY).await;
        app.as_agency().sees_claimant(&story.claimant, "contact { permission }").await;
        app.settle().await;
        let question = "query($claimantId: ID) { disclosures(claimantId: $claimantId) { edges { node {
            EN: sentence(language: EN) FR: sentence(language: FR) sentence } } } }";
        let answer = app.as_agency().in_french().ask(question, json!({ "claimantId": story.claimant })).await;
        assert!(!answer.text.contains("worker"), "{}", answer.text);
        let told = ids_of(&answer.data()["disclosures"], &["EN", "FR"]);
        assert_eq!(
            told,
            [
                "On June 1, 2026, Test provider was shown your name and birth date, for the referral made for you \
                 (employment), under the consent given on June 1, 2026.",
                "Le 1er juin 2026, les renseignements suivants ont été montrés à Essai provider : votre nom et votre date \
                 de naissance, pour l'aiguillage fait pour vous (emploi), selon le consentement donné le 1er juin 2026.",
                "On June 1, 2026, Test agency was shown how to reach you, as the organization that registered you.",
                "Le 1er juin 2026, les renseignements suivants ont été montrés à Essai agency : la façon de vous joindre, à \
                 titre d'organisme qui a fait votre inscription.",
            ]
        );
        assert_eq!(answer.data()["disclosures"]["edges"][0]["node"]["sentence"], told[1], "in the language of the answer");
    }

    async fn the_list_reads_the_same_in_pages_in_both_directions(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Page")).await;
        for _ in 0..5 {
            app.as_provider().sees_claimant(&story.claimant, IDENTITY).await;
        }
        app.settle().await;
        let agency = app.as_agency();
        let page = "query($first: Int, $after: String, $last: Int, $before: String) { disclosures(first: $first,
            after: $after, last: $last, before: $before) { edges { node { id } } pageInfo { endCursor startCursor hasNextPage
            hasPreviousPage } } }";
        let whole = ids(&agency.ask(page, json!({ "first": 100 })).await.data()["disclosures"]);
        assert_eq!(whole.len(), 5);
        let (mut forwards, mut after) = (Vec::new(), Value::Null);
        loop {
            let answer = agency.ask(page, json!({ "first": 2, "after": after })).await;
            forwards.extend(ids(&answer.data()["disclosures"]));
            let info = &answer.data()["disclosures"]["pageInfo"];
            after = info["endCursor"].clone();
            if info["hasNextPage"] == false { break; }
        }
        assert_eq!(forwards, whole);
        let answer = agency.ask(page, json!({ "last": 2 })).await;
        assert_eq!(ids(&answer.data()["disclosures"]), whole[3..]);
        let foreign = app.as_provider().ask(page, json!({ "first": 2, "after": after })).await;
        assert_eq!(foreign.error_code(), "BAD_CURSOR");
    }

    async fn a_breach_is_exported_for_its_owner_alone_and_without_sealed_content(app: TestApp) {
        let (one, two) = (
            Story::accepted(&app, Plot::open("One")).await,
            Story::accepted(&app, Plot::open("Two")).await,
        );
        let provider = app.as_provider();
        for story in [&one, &two] {
            provider.sees_claimant(&story.claimant, "identity { fullName } contact { permission }").await;
            app.as_agency().sees_claimant(&story.claimant, IDENTITY).await;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let export = |name: &str, format, which: BreachWhich, organization: Option<&str>| {
            let output = folder.path().join(name);
            let arguments = BreachExportArguments {
                which,
                organization: organization.map(str::to_owned),
                format,
                output: output.clone(),
                database: DatabaseArgument::default(),
            };
            let config = app.config();
            async move {
                breach::export(arguments, config).await.expect("it is exported");
                let mode = std::os::unix::fs::PermissionsExt::mode(&output.metadata().expect("a file").permissions());
                assert_eq!(mode & 0o777, 0o600);
                std::fs::read_to_string(&output).expect("a text")
            }
        };
        let nothing = || BreachWhich { claimant: None, client: None, from: None, to: None };
        let claimant = one.claimant.as_str().map(str::to_owned);
        let of_one = export("one.csv", BreachFormat::Csv, BreachWhich { claimant, ..nothing() }, None).await;
        let lines: Vec<&str> = of_one.lines().collect();
        assert_eq!(lines.len(), 3, "{of_one}");
        assert!(lines[0].starts_with("position,at,claimant,registeringOrganization,organization,client"));
        assert!(lines[1].contains("IDENTITY CONTACT") && lines[1].contains(",agency,provider,worker-of-provider,"));
        assert!(!of_one.contains(two.claimant.as_str().expect("an id")));
        let client = Some("worker-of-provider".to_owned());
        let by_client = export("client.json", BreachFormat::Json, BreachWhich { client, ..nothing() }, None).await;
        let rows: Value = serde_json::from_str(&by_client).expect("JSON");
        assert_eq!(rows.as_array().map(Vec::len), Some(2));
        let from = Some(crate::common::app::monday());
        let all = export("all.json", BreachFormat::Json, BreachWhich { from, ..nothing() }, Some("agency")).await;
        let rows: Value = serde_json::from_str(&all).expect("JSON");
        assert_eq!(rows.as_array().map(Vec::len), Some(2));
        assert!([&of_one, &by_client, &all].iter().all(|text| !text.contains("Given") && !text.contains("Safe")));
        let to = Some(crate::common::app::monday());
        let before = export("before.json", BreachFormat::Json, BreachWhich { to, ..nothing() }, None).await;
        assert_eq!(before, "[]\n", "that was earlier");
    }
}

/// The values under these names of every node, in order.
fn ids_of(connection: &Value, names: &[&str]) -> Vec<Value> {
    let edges = connection["edges"].as_array().expect("edges");
    edges
        .iter()
        .flat_map(|edge| names.iter().map(|name| edge["node"][*name].clone()))
        .collect()
}
