//! Who sees what: every entity and field, by role and relation, in one golden that is reviewed like code; and that what
//! is not visible answers as if it had never been.
mod grid;
mod mutations;
mod scenario;

use claimant_gateway::opaque::NodeType;
use sea_orm::prelude::Uuid;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    golden::assert_golden,
    on_both_databases,
    story::{Plot, Story, service},
};

const HEADER: &str = "\
# Who sees what. Drawn from answers of the API; UPDATE_GOLDEN=1 draws it anew.
#
# Columns, by organization:
#   agency     a settlement agency in the Central region, which registered every claimant here, and keeps the file unless it went
#   provider   an employment service in the Central region
#   other      another provider in the Central region
#   far        a provider in the Northern region
#   outside    another settlement agency in the Central region
#   reports    the ministry, without referral:oversight
#   oversight  the ministry, with referral:oversight
#   central    the same, its token bound to the Central region
#   north      the same, its organization bound to the Northern region
#   closed     a provider in the Central region that is not active
#
# Cells:
#   seen       told, and the same as to the agency       other    told, and not the same as to the agency
#   -          null, empty, or not in the list           .        there is no object to have the field
#   sealed     SEALED_UNTIL_ACCEPTED                     consent  CONSENT_REQUIRED
#   expired    CONSENT_EXPIRED                           role     ROLE_FORBIDDEN
#   none       GRANTED, and there is nothing             SEEN?    told although the reason says that it is not
#   scope      the request is FORBIDDEN                  401      the token is refused
#   a number   how many entries of history or feed, or how many of them tell that field
#
# A line without a field is about the object itself. `node` is node(id:), `list` is whether a list holds it. `feed` counts
# the entries about the referral; `ended` those that are ACCESS_ENDED, `claimant` and `consent` those about these.
# `between` is what the parties say to each other: messages and appointments.
# Under each table: which texts that stand in the claimant's groups, the referral, its notes or messages each column was told.
";

async fn outcome_of(app: &TestApp, story: &Story) -> Value {
    let answer = app
        .as_agency()
        .ask(
            "query($id: ID!) { referral(id: $id) { outcomes { id } } }",
            json!({ "id": story.referral }),
        )
        .await;
    answer.data()["referral"]["outcomes"][0]["id"].clone()
}

/// An id like any other, of something that never was.
fn never(app: &TestApp, node: NodeType) -> Value {
    app.store.keys().id(node, Uuid::now_v7()).into()
}

pub async fn draw_all(app: &TestApp) -> String {
    let scenarios = scenario::all(app).await;
    app.settle().await;
    let columns = grid::columns(app);
    let (mut lists, mut directory) = (Vec::new(), Vec::new());
    for column in &columns {
        lists.push(grid::lists(&column.client).await);
        directory.push(grid::directory(&column.client).await);
    }
    let mut text = HEADER.to_owned();
    text.push_str(&grid::table("The directory", &columns, &directory));
    for scenario in &scenarios {
        let mut outcome = outcome_of(app, &scenario.story).await;
        if outcome.is_null() {
            outcome = never(app, NodeType::Outcome);
        }
        let mut told = Vec::new();
        for (column, lists) in columns.iter().zip(&lists) {
            told.push(grid::ask(scenario, &column.client, lists, &outcome).await);
        }
        text.push_str(&grid::draw(scenario, &columns, &told));
    }
    text
}

/// What can be asked about a thing by its id; each takes a variable `id`.
const QUESTIONS: [&str; 13] = [
    "query($id: ID!) { referral(id: $id) { id status claimant { id } } }",
    "query($id: ID!) { claimant(id: $id) { id identityAccess identity { fullName } } }",
    "query($id: ID!) { node(id: $id) { id __typename ... on Referral { status } } }",
    "query($id: ID!) { nodes(ids: [$id, $id]) { id } }",
    "query($id: ID!) { referralPreview(input: { claimantId: $id, category: HOUSING, serviceId: $id }) { canSend consent eligibility { eligible } duplicates { id } } }",
    "query($id: ID!) { referrals(box: ALL, filter: { serviceId: $id }) { edges { node { id } } } }",
    "mutation($id: ID!) { referralAccept(input: { id: $id, expectedVersion: 1 }) { referral { id } userErrors { code message field } } }",
    "mutation($id: ID!) { referralClaim(input: { id: $id, expectedVersion: 1 }) { referral { id } userErrors { code message field } } }",
    "mutation($id: ID!) { referralResubmit(input: { id: $id }) { referral { id } userErrors { code message field } } }",
    "mutation($id: ID!) { referralCreate(input: { claimantId: $id, category: HOUSING }) { referral { id } userErrors { code message field } } }",
    "mutation($id: ID!) { needRecord(input: { claimantId: $id, category: HOUSING }) { claimant { id } userErrors { code message field } } }",
    "mutation($id: ID!) { consentRecord(input: { claimantId: $id, purposes: [HOUSING], fieldGroups: [], refused: true, method: VERBAL }) { consent { id } userErrors { code message field } } }",
    "mutation($id: ID!) { consentWithdraw(input: { id: $id }) { consent { id } userErrors { code message field } } }",
];

/// Asks the same of two things, and wants the same bytes from the same statements.
async fn assert_alike(
    app: &TestApp,
    client: &Client<'_>,
    who: &str,
    question: &str,
    [one, other]: [&Value; 2],
) {
    let mut runs = Vec::new();
    for it in [one, other] {
        app.statements();
        let answer = client.ask(question, json!({ "id": it })).await;
        let texts = app.statement_texts();
        runs.push((answer.status, answer.text, texts, app.statements()));
    }
    assert_eq!(runs[0], runs[1], "{who} asks {question}");
    assert!(
        runs[0].3 > 0 || runs[0].1.contains("FORBIDDEN"),
        "{who} asks {question}: nothing was looked up"
    );
}

on_both_databases! {
    async fn everybody_sees_what_the_golden_says(app: TestApp) {
        assert_golden("tests/golden/visibility.txt", &draw_all(&app).await);
    }

    async fn what_is_not_visible_answers_as_what_never_was(app: TestApp) {
        let mut draft = Story::begin(&app, Plot::open("Draft")).await;
        draft.create(&app, Some(service(&app, app.world.service)), false).await;
        let requested = Story::sent(&app, Plot::open("Requested")).await;
        let mut declined = Story::sent(&app, Plot::open("Declined")).await;
        let why = json!({ "reason": "NOT_ELIGIBLE" });
        declined.act(&app.as_provider(), "referralDecline", why).await;
        let withdrawn = Story::accepted(&app, Plot::open("Withdrawn")).await;
        withdrawn.withdraw(&app).await;
        let strangers = ["other-provider", "far-provider", "other-agency", "ministry-north"];
        let cases = [
            (&draft, &["provider", "other-agency", "ministry"][..]),
            (&requested, &strangers[..]),
            (&declined, &["provider"][..]),
            (&withdrawn, &["provider"][..]),
        ];
        for (story, callers) in cases {
            for caller in callers {
                let client = app.client(caller);
                let who = format!("{caller}, of {},", story.label);
                for question in QUESTIONS {
                    for (id, node) in [
                        (&story.referral, NodeType::Referral),
                        (&story.claimant, NodeType::Claimant),
                        (&story.need, NodeType::Need),
                        (&story.consent, NodeType::Consent),
                    ] {
                        assert_alike(&app, &client, &who, question, [id, &never(&app, node)]).await;
                    }
                }
            }
        }
    }

    async fn a_reference_that_is_not_visible_answers_as_one_that_never_was(app: TestApp) {
        let story = Story::sent(&app, Plot::open("Reference")).await;
        let ask = "query($id: ID!) { referral(id: $id) { reference } }";
        let answer = app.as_agency().ask(ask, json!({ "id": story.referral })).await;
        let reference = &answer.data()["referral"]["reference"];
        let question = "query($id: String!) { referral(reference: $id) { id } }";
        for caller in ["other-provider", "other-agency", "ministry-north"] {
            let client = app.client(caller);
            assert_alike(&app, &client, caller, question, [reference, &json!("0000-0000-0000")]).await;
        }
        let found = app.as_provider().ask(question, json!({ "id": reference })).await;
        assert_eq!(found.data()["referral"]["id"], story.referral);
    }

    async fn an_edit_of_a_sealed_group_moves_nothing_that_a_party_sees(app: TestApp) {
        let story = Story::sent(&app, Plot::open("Edited")).await;
        let provider = app.as_provider();
        let look = "query($id: ID!, $since: DateTime!) { claimant(id: $id) { version } \
                    claimants(filter: { updatedSince: $since }) { edges { node { id } } } \
                    changes { edges { node { subjectId version } } } }";
        let later = app.clock.clone();
        app.settle().await;
        later.advance(chrono::TimeDelta::hours(1));
        let since = json!({ "id": story.claimant, "since": "2026-06-01T14:30:00Z" });
        let before = provider.ask(look, since.clone()).await;
        let input = json!({ "id": story.claimant, "expectedVersion": 1, "identity": { "givenName": "Another" } });
        app.as_agency().done("claimantUpdate", input, "claimant { version }").await;
        app.settle().await;
        assert_eq!(provider.ask(look, since).await.text, before.text);
        assert_eq!(before.data()["claimants"]["edges"], json!([]));
    }

    async fn a_name_is_searched_among_ones_own_claimants_only(app: TestApp) {
        Story::accepted(&app, Plot::open("Searched")).await;
        let search = |text: &str| json!({ "text": text });
        let query = "query($text: String) { claimants(filter: { text: $text }) { edges { node { id } } } }";
        let of = |answer: &crate::common::app::Answer| answer.data()["claimants"]["edges"].as_array().map(Vec::len);
        assert_eq!(of(&app.as_agency().ask(query, search("givensea")).await), Some(1));
        // The provider reads the name, and still cannot search for it: what it may read today is not kept for it.
        for caller in [app.as_provider(), app.client("other-agency")] {
            let (found, absent) = (caller.ask(query, search("givensearched")).await, caller.ask(query, search("nobody")).await);
            assert_eq!(found.text, absent.text);
            assert_eq!(of(&found), Some(0));
        }
    }

    async fn what_is_not_visible_cannot_be_acted_on(app: TestApp) {
        let story = Story::sent(&app, Plot::open("Acted")).await;
        let accept = json!({ "id": story.referral, "expectedVersion": story.version });
        for caller in ["other-provider", "far-provider", "other-agency"] {
            assert_eq!(app.client(caller).refused("referralAccept", accept.clone()).await, "NOT_FOUND");
        }
        app.as_provider().done("referralAccept", accept, "referral { status }").await;
    }

    async fn a_consent_names_to_a_party_nobody_but_itself(app: TestApp) {
        let story = Story::sent(&app, Plot::open("Named")).await;
        let ids = [app.world.provider, app.world.agency].map(|id| app.store.keys().id(NodeType::Organization, id));
        let consent = json!({ "claimantId": story.claimant, "purposes": ["EMPLOYMENT"], "fieldGroups": [],
            "recipientIds": ids, "recipientKinds": ["EMPLOYMENT_SERVICE", "HEALTH"], "method": "WRITTEN" });
        let recorded = app.as_agency().done("consentRecord", consent, "consent { id }").await;
        let query = "query($id: ID!) { node(id: $id) { ... on Consent { recipients { name } recipientKinds anyParty } } }";
        let id = json!({ "id": recorded["consent"]["id"] });
        let mut told = Vec::new();
        for client in [app.as_agency(), app.as_provider(), app.client("other-provider")] {
            told.push(client.ask(query, id.clone()).await.data()["node"].clone());
        }
        insta::assert_json_snapshot!("whom_a_consent_names", told);
    }

    async fn a_service_that_is_not_active_is_in_the_directory_and_says_so(app: TestApp) {
        let id = service(&app, app.world.closed_service);
        for caller in ["provider", "other-agency", "ministry"] {
            let answer = app.client(caller).ask("query($id: ID!) { service(id: $id) { status } }", json!({ "id": id })).await;
            assert_eq!(answer.data()["service"]["status"], "DEFUNCT");
        }
    }
}
