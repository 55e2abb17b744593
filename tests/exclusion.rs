//! Exclusions: to an organization that a person never wants to be known to, everything is as if the person had never
//! been; only the registering organization knows why.
use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{LEFT, Referral, assert_same_answer, outcome},
    on_both_databases,
    story::{Plot, Story},
};

fn organization(app: &TestApp, id: entity::OrganizationId) -> Value {
    app.public_id(NodeType::Organization, id)
}

async fn exclude(app: &TestApp, claimant: &Value, organization: &Value) -> Value {
    let input = json!({ "claimantId": claimant, "organizationId": organization });
    app.as_agency()
        .done("exclusionRecord", input, "exclusion { id }")
        .await["exclusion"]["id"]
        .clone()
}

/// The kinds of some entries and the versions that they tell, in their order.
fn kinds_and_versions(entries: &Value) -> Vec<String> {
    let entries = entries.as_array().expect("entries");
    let told = |entry: &Value| {
        let kind = entry["node"]["kind"].as_str().expect("a kind");
        format!("{kind} {}", entry["node"]["version"])
    };
    entries.iter().map(told).collect()
}

/// The kinds of some entries, in their order.
fn kinds(entries: &Value) -> Vec<String> {
    let entries = entries.as_array().expect("entries");
    let kind = |entry: &Value| entry["node"]["kind"].as_str().expect("a kind").to_owned();
    entries.iter().map(kind).collect()
}

/// The feed, without what differs between two runs.
async fn told(client: &Client<'_>) -> Value {
    client.app().settle().await;
    let query = "{ changes(first: 100) { edges { node { kind version subject { id } reason note organization { name } } } } }";
    client.query(query).await.data()["changes"]["edges"].clone()
}

const EVERYTHING: &str = "query($referral: ID!, $claimant: ID!) {
    referral(id: $referral) { id } claimant(id: $claimant) { id } nodes(ids: [$referral, $claimant]) { id }
    claimants { edges { node { id } } }
    INBOX: referrals(box: INBOX) { edges { node { id } } pageInfo { hasNextPage endCursor } }
    OUTBOX: referrals(box: OUTBOX) { edges { node { id } } }
    OPEN: referrals(box: OPEN) { edges { node { id } } }
    ALL: referrals(box: ALL) { edges { node { id } } }
    referralReport(input: { period: { from: \"2026-01-01\", to: \"2026-12-31\" }, groupBy: [STATUS] }) { total rows { count } } }";

on_both_databases! {
    async fn whom_an_erased_person_excluded_is_forgotten_where_it_hides_nothing(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let excluded = organization(&app, app.world.provider);
        let other = organization(&app, app.world.other_provider);
        let kept = async |story: &Story| {
            let seen = agency.sees_claimant(&story.claimant, "exclusions { id }").await;
            seen["exclusions"].as_array().map(Vec::len)
        };
        let erase = |story: &Story| json!({ "id": story.claimant, "expectedVersion": 1 });
        let nowhere = Story::begin(&app, Plot::open("Nowhere")).await;
        nowhere.exclude(&app, &excluded).await;
        assert_eq!(kept(&nowhere).await, Some(1));
        agency.done("claimantErase", erase(&nowhere), "claimant { id }").await;
        assert_eq!(kept(&nowhere).await, Some(0), "nothing was told of the person anywhere");
        // The provider splits a part off, and is its source.
        let mut story = Story::accepted(&app, Plot::open("Hidden")).await;
        let input = json!({ "id": story.referral, "expectedVersion": story.version, "category": "HOUSING",
            "serviceId": app.other_service() });
        let split = provider.done("referralSplit", input, "referral { id version }").await;
        story.take(&split["referral"]);
        let ended = story.exclude(&app, &other).await;
        agency.done("exclusionEnd", json!({ "id": ended }), "exclusion { id }").await;
        story.exclude(&app, &excluded).await;
        assert_eq!(kept(&story).await, Some(2));
        agency.done("claimantErase", erase(&story), "claimant { id }").await;
        assert_eq!(kept(&story).await, Some(1), "the one that was over is gone");
        let question = "query($id: ID!) { referral(id: $id) { id } }";
        let seen = provider.ask(question, json!({ "id": story.referral })).await;
        assert_eq!(seen.data()["referral"], Value::Null, "what was hidden from the source stays so");
    }

    async fn an_excluded_party_reads_nothing_any_more_and_is_told_that_its_access_ended(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let first = agency.sends(&claimant, &app.service()).await;
        let first = provider.does("referralAccept", &first, Value::Null).await;
        provider.does("referralComplete", &first, outcome("HOUSED")).await;
        let second = agency.sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &second, Value::Null).await;
        let before = kinds(&told(&provider).await);
        app.clock.advance(TimeDelta::minutes(1));
        exclude(&app, &claimant, &organization(&app, app.world.provider)).await;

        for referral in [&first, &second] {
            let ids = json!({ "referral": referral.id, "claimant": claimant });
            let never = json!({ "referral": app.missing(NodeType::Referral), "claimant": app.missing(NodeType::Claimant) });
            assert_same_answer(&provider.ask(EVERYTHING, ids).await, &provider.ask(EVERYTHING, never).await, "read");
        }
        let entries = told(&provider).await;
        let ended = ["ACCESS_ENDED".to_owned(), "ACCESS_ENDED".to_owned()];
        assert_eq!(kinds(&entries), [before, ended.into()].concat(), "what it was told stays, and nothing more comes");
        for entry in entries.as_array().expect("entries") {
            let left = (&entry["node"]["subject"], &entry["node"]["note"]);
            assert_eq!(left, (&Value::Null, &Value::Null), "and opens nothing");
        }
        let seen = agency.sees(&second, "status statusReason").await;
        assert_eq!(seen, json!({ "status": "CANCELLED", "statusReason": "CONSENT_WITHDRAWN" }));
        assert_eq!(agency.rereads(&first).await.status, "COMPLETED", "history stays");
        for mutation in ["referralStart", "referralCancel", "referralComplete"] {
            let more = match mutation {
                "referralCancel" => json!({ "reason": "OTHER" }),
                "referralComplete" => outcome("HOUSED"),
                _ => Value::Null,
            };
            assert_eq!(provider.may_not(mutation, &second, more).await, "NOT_FOUND");
        }
    }

    async fn nothing_is_sent_to_an_excluded_organization(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        exclude(&app, &claimant, &organization(&app, app.world.other_provider)).await;
        let to_other = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": app.other_service(), "send": true });
        assert_eq!(agency.refused("referralCreate", to_other.clone()).await, "ORGANIZATION_EXCLUDED");
        let sent = agency.sends(&claimant, &app.service()).await;
        let elsewhere = json!({ "serviceId": app.other_service(), "reason": "WRONG_SERVICE" });
        assert_eq!(agency.may_not("referralReroute", &sent, elsewhere).await, "ORGANIZATION_EXCLUDED");

        // To a source that did not register the person an exclusion looks like a consent that was never given.
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let split = |category: &str| accepted.step(json!({ "category": category, "serviceId": app.other_service() }));
        let excluded = provider.mutate("referralSplit", split("HOUSING"), LEFT).await;
        let without_consent = provider.mutate("referralSplit", split("HEALTH"), LEFT).await;
        assert_same_answer(&excluded, &without_consent, "split");
        assert_eq!(provider.refused("referralSplit", split("HOUSING")).await, "CONSENT_REQUIRED");
    }

    async fn an_open_referral_is_not_there_for_an_excluded_provider(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-provider"));
        let claimant = agency.registers_with_consent("Testa").await;
        exclude(&app, &claimant, &organization(&app, app.world.other_provider)).await;
        let before = told(&other).await;
        let open = agency.creates(json!({ "claimantId": claimant, "send": true })).await;
        assert_eq!(told(&other).await, before, "nor is it told");
        assert_eq!(other.box_of("OPEN").await, [] as [Value; 0]);
        assert_eq!(json!(app.as_provider().box_of("OPEN").await), json!([open.id]));
        let missing = Referral { id: app.missing(NodeType::Referral), ..open.clone() };
        let (claimed, never) = (open.step(Value::Null), missing.step(Value::Null));
        let claimed = other.mutate("referralClaim", claimed, LEFT).await;
        assert_same_answer(&claimed, &other.mutate("referralClaim", never, LEFT).await, "claim");
        app.as_provider().does("referralClaim", &open, Value::Null).await;
        assert_eq!(told(&other).await, before, "not even that it is gone");
    }

    async fn a_page_of_the_feed_goes_on_behind_whatever_number_of_changes_that_are_hidden(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-provider"));
        let hides = agency.registers_with_consent("Testa").await;
        exclude(&app, &hides, &organization(&app, app.world.other_provider)).await;
        let known = told(&other).await.as_array().map_or(0, Vec::len);
        let open = |claimant: &Value| json!({ "claimantId": claimant, "send": true, "acknowledgeDuplicate": true });
        for _ in 0..40 {
            agency.creates(open(&hides)).await;
        }
        let shown = agency.registers_with_consent("Specimen").await;
        let seen = agency.creates(open(&shown)).await;
        assert_eq!(told(&other).await[known]["node"]["subject"]["id"], seen.id);
        let start = "{ changes(first: 100) { pageInfo { endCursor } } }";
        let pages = "query($after: Cursor) { changes(first: 1, after: $after) { edges { node { subject { id } } } \
            pageInfo { hasNextPage endCursor } } }";
        let mut after = Value::Null;
        for page in 0..=known {
            let answer = other.ask(pages, json!({ "after": after })).await;
            let changes = answer.data()["changes"].clone();
            assert_eq!(changes["edges"].as_array().map(Vec::len), Some(1), "page {page}");
            assert_eq!(changes["pageInfo"]["hasNextPage"], page < known, "page {page}");
            after = changes["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(other.query(start).await.data()["changes"]["pageInfo"]["endCursor"], after);
    }

    async fn access_that_ends_by_an_exclusion_looks_in_the_feed_as_any_other_end(app: TestApp) {
        let (agency, provider, other) = (app.as_agency(), app.as_provider(), app.client("other-provider"));
        let ends = async |how: &str| {
            let (party, able) = (told(&provider).await, told(&other).await);
            let claimant = agency.registers("Testa").await;
            let consent = agency.consents(&claimant, Value::Null).await;
            let sent = agency.sends(&claimant, &app.service()).await;
            provider.does("referralAccept", &sent, Value::Null).await;
            let open = json!({ "claimantId": claimant, "send": true, "acknowledgeDuplicate": true });
            let open = agency.creates(open).await;
            app.clock.advance(TimeDelta::minutes(1));
            match how {
                "withdrawal" => drop(agency.done("consentWithdraw", json!({ "id": consent }), "consent { id }").await),
                _ => for out in [app.world.provider, app.world.other_provider] {
                    exclude(&app, &claimant, &organization(&app, out)).await;
                },
            }
            for client in [&provider, &other] {
                assert_eq!(client.sees(&open, "id").await, Value::Null, "{how}");
            }
            let later = |all: Value, known: Value| {
                let known = known.as_array().map_or(0, Vec::len);
                kinds_and_versions(&all).split_off(known)
            };
            (later(told(&provider).await, party), later(told(&other).await, able))
        };
        let (excluded, withdrawn) = (ends("exclusion").await, ends("withdrawal").await);
        assert_eq!(excluded, withdrawn);
        assert_eq!(excluded.1, ["REFERRAL_CREATED 1", "ACCESS_ENDED 2"], "of what it could have claimed");
    }

    async fn whom_alone_a_consent_names_is_told_that_what_it_could_claim_is_over(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-provider"));
        let claimant = agency.registers("Testa").await;
        let organization = organization(&app, app.world.other_provider);
        agency.consents(&claimant, json!({ "anyParty": false, "recipientIds": [organization] })).await;
        agency.creates(json!({ "claimantId": claimant, "send": true })).await;
        let before = kinds(&told(&other).await);
        app.clock.advance(TimeDelta::minutes(1));
        exclude(&app, &claimant, &organization).await;
        assert_eq!(kinds(&told(&other).await), [before, vec!["ACCESS_ENDED".to_owned()]].concat());
    }

    async fn whom_a_linked_person_excludes_is_told_that_access_ended(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-provider"));
        let open = agency.asks_openly().await;
        let claimant = agency.registers_with_consent("Testa").await;
        exclude(&app, &claimant, &organization(&app, app.world.other_provider)).await;
        let before = kinds(&told(&other).await);
        app.clock.advance(TimeDelta::minutes(1));
        agency.does("referralLinkClaimant", &open, json!({ "claimantId": claimant })).await;
        assert_eq!(kinds(&told(&other).await), [before, vec!["ACCESS_ENDED".to_owned()]].concat());
        assert_eq!(other.sees(&open, "id").await, Value::Null);
        let fits = kinds(&told(&app.as_provider()).await);
        assert!(!fits.contains(&"REFERRAL_LINKED".to_owned()), "whoever could claim does not learn that nobody was named");
        let history = app.as_provider().sees(&open, "history { edges { node { kind version } } }").await;
        assert_eq!(history["history"]["edges"][1], json!({ "node": { "kind": "REFERRAL_UPDATED", "version": 2 } }));
    }

    async fn only_the_registering_organization_records_ends_and_sees_exclusions(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let far = organization(&app, app.world.far_provider);
        let input = |claimant: &Value, organization: &Value| json!({ "claimantId": claimant, "organizationId": organization });
        assert_eq!(provider.refused("exclusionRecord", input(&claimant, &far)).await, "ROLE_NOT_ALLOWED");
        let stranger = app.client("other-agency");
        let (theirs, never) = (input(&claimant, &far), input(&app.missing(NodeType::Claimant), &far));
        let theirs = stranger.mutate("exclusionRecord", theirs, "exclusion { id }").await;
        let never = stranger.mutate("exclusionRecord", never, "exclusion { id }").await;
        assert_same_answer(&theirs, &never, "record");
        for (wrong, code) in [
            (organization(&app, app.world.agency), "INVALID"),
            (organization(&app, app.world.ministry), "INVALID"),
            (app.missing(NodeType::Organization), "NOT_FOUND"),
        ] {
            assert_eq!(agency.refused("exclusionRecord", input(&claimant, &wrong)).await, code);
        }
        let id = exclude(&app, &claimant, &far).await;
        assert_eq!(agency.refused("exclusionRecord", input(&claimant, &far)).await, "ALREADY_EXCLUDED");
        let selection = "exclusions { organization { name } recordedAt endedAt }";
        let seen = agency.sees_claimant(&claimant, selection).await;
        let expected = json!({ "organization": { "name": "Test far-provider" }, "recordedAt": "2026-06-01T14:00:00Z", "endedAt": null });
        assert_eq!(seen["exclusions"], json!([expected]));
        assert_eq!(provider.sees_claimant(&claimant, selection).await["exclusions"], Value::Null);
        for client in [&provider, &app.client("far-provider"), &stranger] {
            let node = "query($id: ID!) { node(id: $id) { id } }";
            let theirs = client.ask(node, json!({ "id": id })).await;
            assert_same_answer(&theirs, &client.ask(node, json!({ "id": app.missing(NodeType::Exclusion) })).await, "node");
            let end = |id: &Value| json!({ "id": id });
            let theirs = client.mutate("exclusionEnd", end(&id), "exclusion { id }").await;
            let never = client.mutate("exclusionEnd", end(&app.missing(NodeType::Exclusion)), "exclusion { id }").await;
            assert_same_answer(&theirs, &never, "end");
        }
    }

    async fn after_its_end_the_organization_can_be_asked_again(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers_with_consent("Testa").await;
        let sent = agency.sends(&claimant, &app.service()).await;
        let id = exclude(&app, &claimant, &organization(&app, app.world.provider)).await;
        let ended = agency.done("exclusionEnd", json!({ "id": id }), "exclusion { endedAt }").await;
        assert_eq!(ended["exclusion"]["endedAt"], "2026-06-01T14:00:00Z");
        assert_eq!(agency.refused("exclusionEnd", json!({ "id": id })).await, "ALREADY_ENDED");
        assert_eq!(agency.rereads(&sent).await.status, "CANCELLED", "what was cancelled stays so");
        let again = agency.sends(&claimant, &app.service()).await;
        assert_eq!(provider.sees(&again, "status").await["status"], "REQUESTED");
    }

    async fn an_exclusion_beats_a_consent_that_names_the_organization(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let claimant = agency.registers("Testa").await;
        let id = organization(&app, app.world.provider);
        exclude(&app, &claimant, &id).await;
        agency.consents(&claimant, json!({ "anyParty": false, "recipientIds": [id] })).await;
        let sent = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "serviceId": app.service(), "send": true });
        assert_eq!(agency.refused("referralCreate", sent).await, "ORGANIZATION_EXCLUDED");
        let open = json!({ "claimantId": claimant, "category": "EMPLOYMENT", "send": true });
        assert_eq!(agency.refused("referralCreate", open).await, "CONSENT_REQUIRED", "it names nobody else");
        assert_eq!(provider.sees_claimant(&claimant, "consents { id }").await, Value::Null);
    }
}
