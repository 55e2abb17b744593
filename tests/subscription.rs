//! The subscription: what the feed tells, as it happens, each event under the rights of its moment.
use chrono::TimeDelta;
use claimant_gateway::{
    auth::{
        demo::TokenRequest,
        scope::{Scope, ScopeSet},
    },
    opaque::NodeType,
};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    events::Events,
    journey::because,
    on_both_databases,
    socket::{Served, Told},
    story::{Plot, Story, service},
};

const CHANGES: &str = "subscription($after: Cursor, $referralId: ID) { changes(after: $after, referralId: $referralId) {
    cursor at kind subjectId subject { __typename ... on Referral { claimantAccess claimant { identity { givenName } } } }
    organization { name } fromStatus toStatus reason version } }";
const FEED: &str = "query($after: Cursor) { changes(after: $after, first: 100) { pageInfo { hasNextPage endCursor }
    edges { node { cursor at kind subjectId subject { __typename ... on Referral { claimantAccess claimant { identity { givenName } } } }
    organization { name } fromStatus toStatus reason version } } } }";

async fn subscribes(client: &Client<'_>, after: &Value) -> Events {
    client.subscribes(CHANGES, json!({ "after": after })).await
}

/// Subscribes where it is looked each second whether the caller may stay.
async fn subscribes_watched(client: &Client<'_>, variables: Value) -> Events {
    let router = client
        .app()
        .router_with(|http| http.subscriptions.look_again_seconds = 1);
    client.subscribes_at(router, CHANGES, variables).await
}

/// The feed as the query tells it.
async fn feed(client: &Client<'_>) -> Vec<Value> {
    client.app().settle().await;
    let (mut entries, mut after) = (Vec::new(), Value::Null);
    loop {
        let answer = client.ask(FEED, json!({ "after": after })).await;
        let page = &answer.data()["changes"];
        let edges = page["edges"].as_array().expect("edges");
        entries.extend(edges.iter().map(|edge| edge["node"].clone()));
        if page["pageInfo"]["hasNextPage"] == false {
            return entries;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

async fn count(app: &TestApp, table: &str) -> i64 {
    let connection = app.database.connect().await;
    let sql = format!("SELECT COUNT(*) AS count FROM {table}");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection
        .query_one_raw(statement)
        .await
        .expect("it is counted");
    let count = row.expect("a row").try_get("", "count").expect("a number");
    connection.close().await.expect("the connection closes");
    count
}

fn expiring(app: &TestApp, organization: &str) -> String {
    let request = TokenRequest {
        organization: organization.to_owned(),
        scopes: Scope::ALL.iter().copied().collect(),
        subject: format!("worker-of-{organization}"),
        region: None,
        lifetime: TimeDelta::minutes(5),
    };
    app.client_by(&request).token().to_owned()
}

on_both_databases! {
    async fn it_tells_what_the_query_tells_from_any_cursor_without_gap_or_repeat(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Told")).await;
        let provider = app.as_provider();
        let before = feed(&provider).await;
        let mut live = subscribes(&provider, &Value::Null).await;
        let mut late = subscribes(&provider, &before[0]["cursor"]).await;
        for entry in &before[1..] {
            assert_eq!(late.entry().await, *entry);
        }
        story.act(&provider, "referralStart", json!({})).await;
        story.act(&provider, "referralHold", because("CANNOT_CONTACT")).await;
        let after = feed(&provider).await;
        let news = &after[before.len()..];
        assert_eq!(news.len(), 2);
        for events in [&mut live, &mut late] {
            for entry in news {
                assert_eq!(events.entry().await, *entry);
            }
        }
        // Who comes later, from anywhere, is told the same.
        for (place, entry) in after.iter().enumerate() {
            let mut again = subscribes(&provider, &entry["cursor"]).await;
            for entry in &after[place + 1..] {
                assert_eq!(again.entry().await, *entry);
            }
        }
    }

    async fn whoever_was_away_long_catches_up_by_pages(app: TestApp) {
        let agency = app.as_agency();
        agency.registers("First").await;
        let first = feed(&agency).await[0]["cursor"].clone();
        for _ in 0..205 {
            agency.registers("Later").await;
        }
        let expected = feed(&agency).await;
        let mut events = subscribes(&agency, &first).await;
        for entry in &expected[1..] {
            assert_eq!(events.entry().await["cursor"], entry["cursor"]);
        }
        agency.registers("Last").await;
        app.settle().await;
        assert_eq!(events.kinds(1).await, ["CLAIMANT_REGISTERED"]);
    }

    async fn to_another_organization_nothing_is_told_of_a_referral_that_is_not_its_own(app: TestApp) {
        let mut others = Vec::new();
        for code in ["far-provider", "other-agency"] {
            let other = app.client(code);
            let mut events = subscribes(&other, &Value::Null).await;
            other.registers("Before").await;
            app.settle().await;
            assert_eq!(events.kinds(1).await, ["CLAIMANT_REGISTERED"]);
            // From here on it waits.
            others.push((other, tokio::spawn(async move { events.kinds(1).await })));
        }
        let mut told = subscribes(&app.as_provider(), &Value::Null).await;
        let mut story = Story::accepted(&app, Plot::open("Foreign")).await;
        app.settle().await;
        assert_eq!(told.kinds(2).await, ["REFERRAL_CREATED", "REFERRAL_ACCEPTED"]);
        story.act(&app.as_provider(), "referralStart", json!({})).await;
        app.settle().await;
        assert_eq!(told.kinds(1).await, ["REFERRAL_STARTED"]);
        for (other, waits) in others {
            other.registers("After").await;
            app.settle().await;
            let first = waits.await.expect("something was told");
            assert_eq!(first, ["CLAIMANT_REGISTERED"]);
        }
    }

    async fn the_ministry_is_told_what_it_asked_for_and_nothing_else(app: TestApp) {
        let mut events = subscribes(&app.as_ministry(), &Value::Null).await;
        let mut story = Story::sent(&app, Plot::open("Overseen")).await;
        app.settle().await;
        story.act(&app.as_ministry(), "referralReroute", because("AT_CAPACITY")).await;
        app.settle().await;
        assert_eq!(events.kinds(1).await, ["REROUTE_REQUESTED"]);
    }

    async fn of_a_referral_that_is_absent_foreign_or_of_another_type_there_is_the_same_silence(app: TestApp) {
        let mut foreign = Story::accepted(&app, Plot::open("Foreign")).await;
        let (other, source) = (app.client("other-provider"), app.client("other-agency"));
        let mut own = source.refers().await;
        app.settle().await;
        let ids = [foreign.referral.clone(), app.missing(NodeType::Referral), foreign.claimant.clone(), json!("broken"),
            service(&app, app.world.other_service)];
        let mut silent = Vec::new();
        for id in &ids {
            let events = subscribes_watched(&other, json!({ "referralId": id })).await;
            silent.push(tokio::spawn(events.end()));
        }
        let mut all = subscribes(&other, &Value::Null).await;
        foreign.act(&app.as_provider(), "referralStart", json!({})).await;
        for expected in ["REFERRAL_REROUTED", "ACCESS_ENDED"] {
            let to = if expected == "ACCESS_ENDED" { app.service() } else { app.other_service() };
            own = source.does("referralReroute", &own, json!({ "serviceId": to, "reason": "WRONG_SERVICE" })).await;
            app.settle().await;
            assert_eq!(all.kinds(1).await, [expected]);
        }
        // Whatever had been told would have come before the end.
        app.clock.advance(TimeDelta::days(500));
        for (end, id) in silent.into_iter().zip(&ids) {
            assert_eq!(end.await.expect("nothing was told"), "UNAUTHENTICATED", "{id}");
        }
    }

    async fn one_referral_alone_is_told_to_whoever_names_it(app: TestApp) {
        let mut one = Story::accepted(&app, Plot::open("One")).await;
        let provider = app.as_provider();
        app.settle().await;
        let mut events = provider.subscribes(CHANGES, json!({ "referralId": one.referral })).await;
        let mut other = Story::accepted(&app, Plot::open("Other")).await;
        other.act(&provider, "referralStart", json!({})).await;
        one.act(&provider, "referralStart", json!({})).await;
        app.settle().await;
        let entry = events.entry().await;
        assert_eq!((&entry["kind"], &entry["subjectId"]), (&json!("REFERRAL_STARTED"), &one.referral));
        let first = feed(&provider).await[0]["cursor"].clone();
        let mut late = provider.subscribes(CHANGES, json!({ "referralId": other.referral, "after": first })).await;
        assert_eq!(late.kinds(3).await, ["REFERRAL_CREATED", "REFERRAL_ACCEPTED", "REFERRAL_STARTED"]);
    }

    async fn consent_withdrawn_between_two_events_hides_the_claimant_in_the_second(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Hidden")).await;
        let provider = app.as_provider();
        app.settle().await;
        let mut events = subscribes(&provider, &Value::Null).await;
        story.act(&provider, "referralStart", json!({})).await;
        story.act(&provider, "referralHold", because("CANNOT_CONTACT")).await;
        app.settle().await;
        let shown = events.entry().await;
        assert_eq!(shown["kind"], "REFERRAL_STARTED");
        assert_eq!(shown["subject"]["claimant"]["identity"]["givenName"], "GivenHidden");
        story.withdraw(&app).await;
        app.settle().await;
        // What happened before the withdrawal and is told after it, is told under the rights of after.
        let hidden = events.entry().await;
        assert_eq!((&hidden["kind"], &hidden["subject"]), (&json!("REFERRAL_HELD"), &Value::Null));
        let ended = events.entry().await;
        assert_eq!((&ended["kind"], &ended["subject"], &ended["reason"]), (&json!("ACCESS_ENDED"), &Value::Null, &Value::Null));
    }

    async fn whoever_loses_access_is_told_so(app: TestApp) {
        let mut story = Story::sent(&app, Plot::open("Lost")).await;
        app.settle().await;
        let mut events = subscribes(&app.as_provider(), &Value::Null).await;
        story.act(&app.as_provider(), "referralDecline", because("NOT_ELIGIBLE")).await;
        app.settle().await;
        let entry = events.entry().await;
        assert_eq!((&entry["kind"], &entry["subject"]), (&json!("ACCESS_ENDED"), &Value::Null));
    }

    async fn an_excluded_organization_is_told_that_its_access_ended_and_nothing_more(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Excluded")).await;
        let provider = app.as_provider();
        app.settle().await;
        let mut events = subscribes(&provider, &Value::Null).await;
        story.act(&provider, "referralStart", json!({})).await;
        let organization = app.public_id(NodeType::Organization, app.world.provider);
        story.exclude(&app, &organization).await;
        let mut marker = Story::accepted(&app, Plot::open("Marker")).await;
        marker.act(&provider, "referralStart", json!({})).await;
        app.settle().await;
        // As of any other end: what came before is told without its subject.
        let before = events.entry().await;
        assert_eq!((&before["kind"], &before["subject"]), (&json!("REFERRAL_STARTED"), &Value::Null));
        assert_eq!(events.kinds(4).await, ["ACCESS_ENDED", "REFERRAL_CREATED", "REFERRAL_ACCEPTED", "REFERRAL_STARTED"]);
    }

    async fn an_open_referral_is_told_to_those_who_could_claim_it_when_they_read(app: TestApp) {
        let (provider, other) = (app.as_provider(), app.client("other-agency"));
        let mut eligible = subscribes(&provider, &Value::Null).await;
        let mut later = subscribes(&other, &Value::Null).await;
        let first = app.as_agency().asks_openly().await;
        app.settle().await;
        assert_eq!(eligible.kinds(1).await, ["REFERRAL_CREATED"]);
        let save = json!({ "nameEn": "Work only", "nameFr": "Emploi seulement", "categories": ["EMPLOYMENT"], "languages": ["spa"] });
        other.done("serviceSave", save, "service { id }").await;
        app.settle().await;
        let second = app.as_agency().asks_openly().await;
        app.settle().await;
        // It reads now, and could claim both now.
        for referral in [first, second] {
            let mut told = later.entry().await;
            while told["kind"] != "REFERRAL_CREATED" {
                assert_eq!(told["subject"]["__typename"], "Service", "{told}");
                told = later.entry().await;
            }
            assert_eq!(told["subjectId"], referral.id);
        }
    }

    async fn each_event_that_shows_a_person_has_its_own_disclosure_before_it_is_told(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Shown")).await;
        let provider = app.as_provider();
        app.settle().await;
        let before = count(&app, "disclosure_answer").await;
        let mut events = subscribes(&provider, &Value::Null).await;
        story.act(&provider, "referralStart", json!({})).await;
        story.act(&provider, "referralHold", because("CANNOT_CONTACT")).await;
        // Only numbered: what is chained leaves this table.
        while app.store.unscoped_number_entries("test").await.expect("numbered") > 0 {}
        for told in 1..=2 {
            assert_eq!(events.entry().await["subject"]["claimant"]["identity"]["givenName"], "GivenShown");
            assert_eq!(count(&app, "disclosure_answer").await, before + told);
        }
    }

    async fn an_event_whose_disclosure_cannot_be_written_is_not_told_and_nothing_is_passed_over(app: TestApp) {
        let mut story = Story::accepted(&app, Plot::open("Withheld")).await;
        let provider = app.as_provider();
        let last = feed(&provider).await.last().expect("an entry")["cursor"].clone();
        let events = subscribes(&provider, &last).await;
        story.act(&provider, "referralStart", json!({})).await;
        app.settle().await;
        app.tamper("ALTER TABLE disclosure_answer RENAME TO disclosure_answer_gone").await;
        assert_eq!(events.end().await, "INTERNAL");
        app.tamper("ALTER TABLE disclosure_answer_gone RENAME TO disclosure_answer").await;
        let mut again = subscribes(&provider, &last).await;
        assert_eq!(again.entry().await["subject"]["claimant"]["identity"]["givenName"], "GivenWithheld");
    }

    async fn it_ends_when_the_organization_is_disabled_before_anything_more_is_told(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Disabled")).await;
        app.settle().await;
        let served = Served::start(app.router()).await;
        let watched = Served::start(app.router_with(|http| http.subscriptions.look_again_seconds = 1)).await;
        let provider = app.as_provider();
        let mut socket = served.connect_as(provider.token()).await;
        socket.subscribe("a", CHANGES, json!({})).await;
        socket.subscribe("b", "{ viewer { role } }", Value::Null).await;
        assert_eq!(socket.next("b").await["data"]["viewer"]["role"], "PROVIDER");
        let mut idle = watched.connect_as(provider.token()).await;
        let mut events = subscribes(&provider, &Value::Null).await;
        // What happens to the referral with it is told to the provider as well, were it still there.
        app.store.unscoped_disable_organization("provider", |_| {}).await.expect("it is disabled");
        app.settle().await;
        let complete = Told::Message(json!({ "type": "complete", "id": "b" }));
        assert_eq!(socket.told().await, complete);
        assert_eq!(socket.told().await, Told::Closed(4403, "Forbidden".to_owned()));
        assert_eq!(idle.told().await, Told::Closed(4403, "Forbidden".to_owned()));
        let last = events.answer().await;
        assert_eq!(last["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{last}");
        assert!(last.get("data").is_none(), "{} {last}", story.label);
    }

    async fn it_ends_when_the_token_does(app: TestApp) {
        let served = Served::start(app.router_with(|http| http.subscriptions.look_again_seconds = 1)).await;
        let token = expiring(&app, "agency");
        let mut idle = served.connect_as(&token).await;
        let unwatched = Served::start(app.router()).await;
        let mut asking = unwatched.connect_as(&token).await;
        let agency = app.client_with_token(token.clone());
        let events = subscribes(&agency, &Value::Null).await;
        app.as_agency().registers("Later").await;
        app.clock.advance(TimeDelta::minutes(5));
        app.settle().await;
        // By its own word, though the leeway for clocks that differ would let it ask anew.
        assert!(agency.query("{ viewer { role } }").await.data().is_object());
        assert_eq!(idle.told().await, Told::Closed(4403, "Forbidden".to_owned()));
        asking.subscribe("a", "{ viewer { role } }", Value::Null).await;
        assert_eq!(asking.told().await, Told::Closed(4403, "Forbidden".to_owned()));
        assert_eq!(events.end().await, "UNAUTHENTICATED");
        let mut late = served.connect().await;
        app.clock.advance(TimeDelta::minutes(5));
        late.say(json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } })).await;
        assert_eq!(late.told().await, Told::Closed(4403, "Forbidden".to_owned()));
    }

    async fn a_stop_of_the_process_closes_sockets_and_whoever_comes_back_misses_nothing(app: TestApp) {
        let agency = app.as_agency();
        agency.registers("First").await;
        let first = feed(&agency).await[0]["cursor"].clone();
        let mut served = Served::start(app.router()).await;
        let mut socket = served.connect_as(agency.token()).await;
        socket.subscribe("a", CHANGES, json!({ "after": first })).await;
        agency.registers("Second").await;
        app.settle().await;
        let second = socket.next("a").await["data"]["changes"]["cursor"].clone();
        served.stop();
        assert_eq!(socket.told().await, Told::Closed(1001, "Going away".to_owned()));
        drop(socket);
        served.stopped().await;
        agency.registers("Third").await;
        let feed = feed(&agency).await;
        let again = Served::start(app.router()).await;
        let mut socket = again.connect_as(agency.token()).await;
        socket.subscribe("a", CHANGES, json!({ "after": second })).await;
        assert_eq!(socket.next("a").await["data"]["changes"]["cursor"], feed[2]["cursor"]);
    }

    async fn what_is_wrong_is_said_before_anything_begins(app: TestApp) {
        let agency = app.as_agency();
        let own = { app.as_agency().registers("Own").await; feed(&agency).await[0]["cursor"].clone() };
        let few: ScopeSet = [Scope::DirectoryRead].into_iter().collect();
        let refused = async |client: &Client<'_>, query: &str, variables: Value| {
            let answer = app.send(client.subscription(query, variables)).await;
            (answer.status.as_u16(), answer.error_code().to_owned())
        };
        assert_eq!(refused(&app.client_with("agency", few), CHANGES, json!({})).await, (403, "FORBIDDEN".to_owned()));
        let two = "subscription { a: changes { kind } b: changes { kind } }";
        assert_eq!(refused(&agency, two, json!({})).await, (400, "GRAPHQL_VALIDATION_FAILED".to_owned()));
        let dear = "subscription { changes { subject { ... on Claimant { referrals(first: 100) { edges { node { history(first: 100) { edges { node { kind } } } } } } } } } }";
        assert_eq!(refused(&agency, dear, json!({})).await, (400, "LIMIT_EXCEEDED".to_owned()));
        let plain = app.as_agency().query("subscription { changes { kind } }").await;
        assert_eq!((plain.status.as_u16(), plain.error_code()), (400, "OPERATION_RESOLUTION_FAILURE"));
        // A cursor is read by the field itself: the stream begins, and ends with the error of the request.
        for (client, cursor) in [(&app.as_provider(), &own), (&agency, &json!("broken"))] {
            let events = subscribes(client, cursor).await;
            assert_eq!(events.end().await, "BAD_CURSOR");
        }
        let served = Served::start(app.router()).await;
        let mut socket = served.connect_as(agency.token()).await;
        for (query, variables, code) in [(CHANGES, json!({ "after": "broken" }), "BAD_CURSOR"),
            (two, json!({}), "GRAPHQL_VALIDATION_FAILED"), (dear, json!({}), "LIMIT_EXCEEDED"),
            ("{ broken", json!({}), "GRAPHQL_PARSE_FAILED")] {
            socket.subscribe("a", query, variables).await;
            let Told::Message(told) = socket.told().await else { panic!("closed") };
            assert_eq!((&told["type"], &told["id"]), (&json!("error"), &json!("a")), "{told}");
            assert_eq!(told["payload"][0]["extensions"]["code"], code, "{told}");
        }
    }

    async fn queries_and_mutations_run_over_a_socket_and_are_recorded_as_any(app: TestApp) {
        let story = Story::accepted(&app, Plot::open("Socket")).await;
        app.settle().await;
        let served = Served::start(app.router()).await;
        let mut socket = served.connect_as(app.as_provider().token()).await;
        let before = count(&app, "disclosure_answer").await;
        let query = "query($id: ID!) { claimant(id: $id) { identity { givenName } } }";
        socket.subscribe("q", query, json!({ "id": story.claimant })).await;
        let answer = socket.next("q").await;
        assert_eq!(answer["data"]["claimant"]["identity"]["givenName"], "GivenSocket");
        assert!(answer["extensions"]["cost"]["requested"].is_u64());
        assert_eq!(count(&app, "disclosure_answer").await, before + 1);
        assert_eq!(socket.told().await, Told::Message(json!({ "type": "complete", "id": "q" })));
        let start = "mutation($input: ReferralActionInput!) { referralStart(input: $input) { referral { status } userErrors { code } } }";
        let input = json!({ "id": story.referral, "expectedVersion": story.version });
        socket.subscribe("q", start, json!({ "input": input })).await;
        assert_eq!(socket.next("q").await["data"]["referralStart"]["referral"]["status"], "IN_PROGRESS");
    }

    async fn those_who_may_know_nothing_of_a_change_cost_no_statement(app: TestApp) {
        let far = app.client("far-provider");
        let mut crowd = Vec::new();
        for _ in 0..50 {
            crowd.push(subscribes(&far, &Value::Null).await);
        }
        // Each has begun, and waits.
        let mut waiting = tokio::task::JoinSet::new();
        for mut events in crowd {
            waiting.spawn(async move { events.entry().await });
        }
        let mut told = subscribes(&app.as_provider(), &Value::Null).await;
        let work = async |label: &'static str| {
            Story::accepted(&app, Plot::open(label)).await;
            app.settle().await;
        };
        work("First").await;
        told.kinds(2).await;
        app.statements();
        work("Second").await;
        told.kinds(2).await;
        let with_crowd = app.statements();
        waiting.abort_all();
        while waiting.join_next().await.is_some() {}
        work("Third").await;
        told.kinds(2).await;
        app.statements();
        work("Fourth").await;
        told.kinds(2).await;
        let without = app.statements();
        // The reader's own turns are a matter of time; fifty who read would be far more.
        assert!(with_crowd < without + 25, "{with_crowd} statements with fifty more subscribers, {without} without");
    }
}
