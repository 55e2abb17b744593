//! What is said without being said: counts, ends of pages, versions, wordings, logs. Where another test holds a channel,
//! it is not held here again: errors and statements in `visibility`, cursors in `paging`, keys in `idempotency`, the feed
//! in `feed`, cells of reports in `report`.
use claimant_gateway::{
    auth::{
        demo::TokenRequest,
        scope::{Scope, ScopeSet},
    },
    opaque::NodeType,
};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{because, merged},
    on_both_databases,
    process::Ground,
    story::{Plot, Story},
};

const EVERY_LIST: &str = "{ referrals(box: ALL, first: 1) { pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor } }
    inbox: referrals(box: INBOX, last: 1) { pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor } }
    claimants(first: 1) { pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor } }
    changes(first: 1) { pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor } } }";

on_both_databases! {
    async fn a_page_does_not_tell_that_hidden_rows_follow(app: TestApp) {
        let callers = ["far-provider", "other-agency", "ministry-north"];
        let lists = async || {
            let mut lists = Vec::new();
            for caller in callers {
                lists.push(app.client(caller).query(EVERY_LIST).await.text);
            }
            lists
        };
        let before = lists().await;
        for label in ["Hidden", "Hiddener"] {
            Story::accepted(&app, Plot::open(label)).await;
        }
        app.settle().await;
        assert_eq!(lists().await, before);
    }

    async fn a_token_that_is_not_good_for_people_reads_no_note_about_them(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Testa").await;
        let exclusion = json!({ "claimantId": claimant, "note": "Told in confidence",
            "organizationId": app.public_id(NodeType::Organization, app.world.provider) });
        agency.done("exclusionRecord", exclusion, "exclusion { id }").await;
        app.settle().await;
        let feed = "{ changes(first: 100) { edges { node { kind note } } } }";
        assert!(agency.query(feed).await.text.contains("Told in confidence"));
        let scopes: ScopeSet = [Scope::ReferralRead, Scope::DirectoryRead].into_iter().collect();
        let read = app.client_with("agency", scopes).query(feed).await;
        assert!(read.text.contains("EXCLUSION_RECORDED") && !read.text.contains("Told in confidence"), "{}", read.text);
    }

    async fn what_the_ministry_did_elsewhere_is_not_told_to_staff_of_a_region(app: TestApp) {
        let sent = app.as_agency().refers().await;
        app.as_ministry().done("referralReroute", sent.step(because("AT_CAPACITY")), "referral { version }").await;
        app.settle().await;
        let told = async |region: &str| {
            let bound = app.client_by(&TokenRequest {
                organization: "ministry".to_owned(),
                scopes: Scope::ALL.iter().copied().collect(),
                subject: "regional-worker".to_owned(),
                region: Some(region.to_owned()),
                lifetime: chrono::TimeDelta::hours(1),
            });
            let feed = bound.query("{ changes(first: 100) { edges { node { kind subjectId } } } }").await;
            feed.data()["changes"]["edges"].to_string().contains(sent.id.as_str().expect("an id"))
        };
        assert!(told("CENTRAL").await);
        assert!(!told("NORTHERN").await);
    }

    async fn a_subscription_does_not_tell_that_something_hidden_happened(app: TestApp) {
        let query = "subscription($referralId: ID) { changes(referralId: $referralId) { cursor version kind } }";
        let router = app.router_with(|http| http.subscriptions.look_again_seconds = 1);
        let mut story = Story::accepted(&app, Plot::open("Hidden")).await;
        app.settle().await;
        let mut silent = Vec::new();
        for caller in ["far-provider", "other-agency", "ministry-north"] {
            for id in [&Value::Null, &story.referral, &app.missing(NodeType::Referral)] {
                let client = app.client(caller);
                let events = client.subscribes_at(router.clone(), query, json!({ "referralId": id })).await;
                silent.push(tokio::spawn(events.end()));
            }
        }
        let mut party = app.as_provider().subscribes(query, json!({})).await;
        for (step, more, kind) in [("referralStart", json!({}), "REFERRAL_STARTED"),
            ("referralSetSubStatus", json!({ "subStatus": "CONTACT_ATTEMPTED" }), "REFERRAL_SUB_STATUS_CHANGED")] {
            story.act(&app.as_provider(), step, more).await;
            app.settle().await;
            let told = party.entry().await;
            assert_eq!((&told["kind"], &told["version"]), (&json!(kind), &json!(story.version)));
        }
        // Were anything told, it would have come before the end.
        app.clock.advance(chrono::TimeDelta::days(500));
        for end in silent {
            assert_eq!(end.await.expect("nothing was told"), "UNAUTHENTICATED");
        }
    }

    async fn two_open_referrals_of_one_person_have_nothing_in_common(app: TestApp) {
        let agency = app.as_agency();
        let claimant = agency.registers_with_consent("Twice").await;
        agency.needs(&claimant, "EMPLOYMENT").await;
        let open = |category: &str| json!({ "claimantId": claimant, "category": category, "send": true, "acknowledgeDuplicate": true });
        let of_one = [agency.creates(open("EMPLOYMENT")).await, agency.creates(open("HOUSING")).await];
        let other = agency.registers_with_consent("Other").await;
        agency.needs(&other, "EMPLOYMENT").await;
        let of_another = agency.creates(json!({ "claimantId": other, "category": "EMPLOYMENT", "send": true })).await;
        let every = "status subStatus statusReason summary need { id } claimant { id } claimantAccess language interpreterNeeded
            ageBand partySize partOf { id } replaces { id } outcomes { id } assignee source { id } priority overdue version
            history { edges { node { kind note reason organization { name } version } } }";
        let provider = app.as_provider();
        let (one, two) = (provider.sees(&of_one[0], every).await, provider.sees(&of_one[1], every).await);
        assert_eq!(one, provider.sees(&of_another, every).await, "nothing tells whose it is");
        assert_eq!(one, two);
        assert_eq!((&one["claimant"], &one["need"]), (&Value::Null, &Value::Null));
    }

    async fn what_the_ministry_asks_of_a_source_moves_nothing_that_the_owner_sees(app: TestApp) {
        let sent = app.as_agency().refers().await;
        app.settle().await;
        let everything = "version updatedAt status statusReason history { edges { cursor node { kind version } } }";
        let look = async || {
            app.settle().await;
            let feed = app.as_provider().query("{ changes { edges { node { kind subjectId version } } } }").await;
            (app.as_provider().sees(&sent, everything).await, feed.text)
        };
        let before = look().await;
        app.clock.advance(chrono::TimeDelta::hours(1));
        app.as_ministry().done("referralReroute", sent.step(because("AT_CAPACITY")), "referral { version }").await;
        assert_eq!(look().await, before);
    }

    async fn what_is_wrong_with_a_request_is_said_without_repeating_it(app: TestApp) {
        let secret = "Xanthippe";
        let agency = app.as_agency();
        let register = "mutation($input: ClaimantRegisterInput!) { claimantRegister(input: $input) { userErrors { code message field } } }";
        let answers = [
            agency.ask(register, json!({ "input": { "ageBand": secret } })).await,
            agency.ask(register, json!({ "input": { "identity": { "givenName": [secret] , "birthDate": secret } } })).await,
            agency.ask(register, json!({ "input": { secret: 1 } })).await,
            agency.ask(register, json!({ "input": { "language": secret } })).await,
            agency.ask(register, json!({ "input": { "identity": { "givenName": format!("{secret} 046 454 286") } } })).await,
            agency.ask("query($id: ID!) { claimant(id: $id) { id } }", json!({ "id": { "name": secret } })).await,
            agency.query(&format!("{{ claimants(filter: {{ text: [\"{secret}\"] }}) {{ edges {{ cursor }} }} }}")).await,
            agency.query(&format!("{{ claimants(after: \"{secret}\") {{ edges {{ cursor }} }} }}")).await,
        ];
        for answer in answers {
            assert!(!answer.text.contains(secret), "{}", answer.text);
            let refused = answer.body["errors"][0]["message"].is_string()
                || answer.body["data"]["claimantRegister"]["userErrors"][0]["code"].is_string();
            assert!(refused, "{}", answer.text);
        }
    }

    async fn no_list_is_filtered_or_ordered_by_what_is_sealed(app: TestApp) {
        let inputs = "{ __schema { types { name kind inputFields { name } enumValues { name } } } }";
        let answer = app.as_agency().query(inputs).await;
        let types = answer.data()["__schema"]["types"].as_array().expect("types").clone();
        let names = |of: &str, part: &str| -> Vec<String> {
            let found = types.iter().find(|each| each["name"] == of).expect("a type");
            let parts = found[part].as_array().expect("its parts");
            parts.iter().map(|each| each["name"].as_str().expect("a name").to_owned()).collect()
        };
        // `text` goes over keyed tokens of the caller's own claimants.
        assert_eq!(names("ClaimantFilter", "inputFields"), ["text", "regionId", "language", "needCategory", "needStatus", "updatedSince"]);
        assert_eq!(names("ReferralOrderField", "enumValues"), ["CREATED_AT", "UPDATED_AT", "DUE_AT", "URGENCY"]);
        let listed = ["status", "phase", "subStatus", "priority", "category", "regionId", "catchmentId", "serviceId", "assignee", "unassigned", "overdue", "followUpDue", "updatedSince"];
        assert_eq!(names("ReferralFilter", "inputFields"), listed);
    }

    async fn a_key_used_before_a_withdrawal_tells_nothing_after_it(app: TestApp) {
        let story = Story::sent(&app, Plot::open("Replayed")).await;
        let accept = json!({ "id": story.referral, "expectedVersion": story.version,
            "idempotencyKey": "00000000-0000-4000-8000-000000000002" });
        let left = "referral { status claimant { identity { givenName } } }";
        let first = app.as_provider().done("referralAccept", accept.clone(), left).await;
        assert_eq!(first["referral"]["claimant"]["identity"]["givenName"], "GivenReplayed");
        story.withdraw(&app).await;
        let again = app.as_provider().done("referralAccept", accept, left).await;
        assert_eq!(again["referral"], Value::Null);
    }

    async fn matches_and_duplicates_of_others_move_nothing_that_is_answered(app: TestApp) {
        let other = app.client("other-agency");
        let person = json!({ "identity": { "givenName": "Testamira", "familyName": "Specimenova", "birthDate": "1985-07-23" } });
        let register = async |client: &Client<'_>| {
            let payload = client.done("claimantRegister", person.clone(), "claimant { id version }").await;
            payload["claimant"]["id"].clone()
        };
        let own = register(&other).await;
        app.compares().await;
        let look = async || {
            let lists = other.query(EVERY_LIST).await.text;
            app.statements();
            let found = other.mutate("claimantMatch", person.clone(), "matches { claimant { id version } score band }").await;
            let pairs = "{ duplicateCandidates(first: 1) { pageInfo { hasNextPage endCursor } edges { node { score } } } }";
            let pairs = other.query(pairs).await.text;
            let statements = app.statement_texts();
            let record = other.sees_claimant(&own, "version mergedInto { id } merged { id } referrals { edges { cursor } }").await;
            (lists, found.text, pairs, statements, record)
        };
        let before = look().await;
        assert!(before.1.contains("LIKELY"), "{}", before.1);
        let agency = app.as_agency();
        let (_, later) = (register(&agency).await, register(&agency).await);
        app.compares().await;
        assert_eq!(look().await, before, "another organization has the person twice");
        let pair = agency.query("{ duplicateCandidates { edges { node { id } } } }").await;
        let pair = &pair.data()["duplicateCandidates"]["edges"][0]["node"]["id"];
        let same = json!({ "id": pair, "expectedVersion": 1, "decision": "SAME" });
        agency.done("duplicateDecide", same, "duplicateCandidate { id }").await;
        let sent = agency.consents(&later, Value::Null).await;
        assert!(sent.is_string());
        app.compares().await;
        assert_eq!(look().await, before, "another organization has decided");
    }

    async fn the_log_of_the_lowest_level_tells_of_nobody(ground: Ground) {
        let gateway = ground.start("trace");
        let http = reqwest::Client::new();
        let post = async |token: &str, query: &str, input: Value| -> Value {
            let body = json!({ "query": query, "variables": { "input": input } });
            let answer = http.post(&gateway.endpoint).bearer_auth(token).json(&body).send().await.expect("an answer");
            answer.json().await.expect("JSON")
        };
        let token = ground.token("agency");
        let register = "mutation($input: ClaimantRegisterInput!) { claimantRegister(input: $input) { claimant { id identity { fullName } } userErrors { code } } }";
        let person = json!({ "municipality": "Quietville", "identity": { "givenName": "Quietgiven", "familyName": "Quietfamily", "birthDate": "1971-03-04" },
            "contact": { "points": [{ "kind": "PHONE", "value": "416-555-0142", "safety": "SAFE", "note": "Quietaside" }] },
            "identifiers": [{ "kind": "UCI", "value": "11-2233-4455" }] });
        let registered = post(&token, register, person.clone()).await;
        let claimant = registered["data"]["claimantRegister"]["claimant"]["id"].clone();
        assert!(claimant.is_string(), "{registered}");
        let refused = post(&token, register, merged(person, json!({ "municipality": "Quietville 046 454 286" }))).await;
        assert_eq!(refused["data"]["claimantRegister"]["userErrors"][0]["code"], "SIN_NOT_STORED");
        let create = "mutation($input: ReferralCreateInput!) { referralCreate(input: $input) { referral { summary } userErrors { code } } }";
        let summary = json!({ "claimantId": claimant, "category": "HOUSING", "summary": "Quiettold of a move." });
        assert_eq!(post(&token, create, summary).await["data"]["referralCreate"]["referral"]["summary"], "Quiettold of a move.");
        let matched = "mutation($input: ClaimantMatchInput!) { claimantMatch(input: $input) { matches { band } userErrors { code } } }";
        let sought = json!({ "identity": { "givenName": "Quietsister", "familyName": "Quietfamily", "birthDate": "1971-03-04" } });
        assert!(post(&token, matched, sought).await["data"]["claimantMatch"]["matches"].is_array());
        let hold = "mutation($input: ClaimantHoldInput!) { claimantHold(input: $input) { userErrors { code } } }";
        let held = json!({ "id": claimant, "held": true, "note": "Quietnote of an inquiry." });
        assert_eq!(post(&token, hold, held).await["data"]["claimantHold"]["userErrors"], json!([]));
        // A token that is refused: cut off, and one that nobody here signed.
        let (cut, foreign) = (&token[..token.len() - 8], token.replace('.', ".Quiettoken"));
        for refused in [cut, foreign.as_str()] {
            let answer = post(refused, "{ viewer { role } }", Value::Null).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
        }
        let broken = post(&token, "{ claimants(filter: { text: \"Quietsought\" ) { edges { cursor } } }", Value::Null).await;
        assert!(broken["errors"].is_array());
        // What is written comes through a pipe.
        while gateway.log().lines().count() < 8 {
            tokio::task::yield_now().await;
        }
        let log = gateway.log();
        for told in ["Quiet", "416-555-0142", "1971-03-04", "2233", "046 454 286", token.as_str(), &token[token.len() - 24..token.len() - 8]] {
            assert!(!log.contains(told), "{told} stands in the log:\n{log}");
        }
    }
}
