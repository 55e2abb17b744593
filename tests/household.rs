//! Families: linked by the organization that registered them and by nobody else seen, referred once, and each person
//! open by that person's own consent alone.
use claimant_gateway::opaque::NodeType;
use sea_orm::prelude::Uuid;
use serde_json::{Value, json};

use crate::common::{
    app::{Client, TestApp},
    journey::{Referral, assert_same_answer, because, merged},
    on_both_databases,
};

/// Registers somebody born on a day, perhaps of a household.
async fn registers(agency: &Client<'_>, name: &str, born: &str, with: Option<&Value>) -> Value {
    let input = json!({
        "regionId": agency.app().central(), "language": "spa", "interpreterNeeded": true, "householdOf": with,
        "identity": { "givenName": name, "familyName": "Specimen", "birthDate": born },
    });
    agency
        .done("claimantRegister", input, "claimant { id }")
        .await["claimant"]["id"]
        .clone()
}

/// A mother, a father, one of sixteen and a child, in the order of their registration.
async fn family(agency: &Client<'_>) -> [Value; 4] {
    let mother = registers(agency, "Testa", "1988-01-01", None).await;
    let father = registers(agency, "Testb", "1986-01-01", Some(&mother)).await;
    let sixteen = registers(agency, "Testc", "2010-05-01", Some(&father)).await;
    let child = registers(agency, "Testd", "2018-01-01", Some(&mother)).await;
    [mother, father, sixteen, child]
}

async fn household(client: &Client<'_>, of: &Value) -> Value {
    let seen = client.sees_claimant(of, "household { id }").await;
    seen["household"]
        .as_array()
        .map(|people| people.iter().map(|person| person["id"].clone()).collect())
        .unwrap_or(Value::Null)
}

/// The people of a referral beside its claimant, as somebody sees them, with their names.
async fn also_for(client: &Client<'_>, referral: &Referral) -> Vec<(Value, Value)> {
    let seen = client
        .sees(referral, "alsoFor { id identity { givenName } }")
        .await;
    seen["alsoFor"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|person| {
            (
                person["id"].clone(),
                person["identity"]["givenName"].clone(),
            )
        })
        .collect()
}

fn names(people: &[(Value, Value)]) -> Vec<&Value> {
    people.iter().map(|(_, name)| name).collect()
}

/// Refers the first of them for employment, and the others also.
async fn refers(agency: &Client<'_>, people: &[Value], service: &Value) -> Referral {
    let input = json!({ "claimantId": people[0], "alsoForClaimantIds": people[1..], "serviceId": service, "send": true });
    agency.creates(input).await
}

async fn exclude(app: &TestApp, claimant: &Value) -> Value {
    let provider = app.public_id(NodeType::Organization, app.world.provider);
    let input = json!({ "claimantId": claimant, "organizationId": provider });
    app.as_agency()
        .done("exclusionRecord", input, "exclusion { id }")
        .await["exclusion"]["id"]
        .clone()
}

async fn assert_grants_are_right(app: &TestApp) {
    let batch = app.store.unscoped_verify_grants(None, false).await;
    assert_eq!(batch.expect("grants are compared").differences, []);
}

/// The kinds that the feed tells of a subject.
async fn told(client: &Client<'_>, subject: &Value) -> Vec<Value> {
    client.app().settle().await;
    let feed = "{ changes(first: 100) { edges { node { kind subjectId } } } }";
    let answer = client.query(feed).await;
    let edges = answer.data()["changes"]["edges"].as_array().expect("edges");
    edges
        .iter()
        .filter(|edge| edge["node"]["subjectId"] == *subject)
        .map(|edge| edge["node"]["kind"].clone())
        .collect()
}

on_both_databases! {
    async fn a_household_is_seen_by_the_organization_that_linked_it_and_by_nobody_else(app: TestApp) {
        let agency = app.as_agency();
        let [mother, father, sixteen, child] = family(&agency).await;
        assert_eq!(household(&agency, &mother).await, json!([father, sixteen, child]));
        assert_eq!(household(&agency, &child).await, json!([mother, father, sixteen]));
        let alone = agency.registers("Testz").await;
        assert_eq!(household(&agency, &alone).await, json!([]));
        for person in [&mother, &father] {
            agency.consents(person, Value::Null).await;
        }
        let sent = agency.sends(&mother, &app.service()).await;
        let provider = app.as_provider();
        provider.does("referralAccept", &sent, Value::Null).await;
        let seen = provider.sees_claimant(&mother, "household { id } identity { givenName }").await;
        assert_eq!(seen, json!({ "household": null, "identity": { "givenName": "Testa" } }));
        assert!(provider.sees_claimant(&father, "id").await.is_null(), "one names no other");
        assert_eq!(told(&agency, &sixteen).await, ["CLAIMANT_REGISTERED", "HOUSEHOLD_JOINED"]);
        assert_eq!(told(&agency, &mother).await.last(), Some(&json!("HOUSEHOLD_JOINED")));
        assert_eq!(told(&provider, &mother).await, [] as [Value; 0]);
    }

    async fn a_household_costs_the_same_for_one_family_and_for_many(app: TestApp) {
        let agency = app.as_agency();
        let ask = "{ claimants(first: 50) { edges { node { household { id } } } } }";
        let mut runs = Vec::new();
        for _ in 0..2 {
            family(&agency).await;
            app.statements();
            agency.query(ask).await;
            runs.push(app.statements());
        }
        assert_eq!(runs[0], runs[1]);
    }

    async fn whoever_is_not_ones_own_is_linked_as_little_as_whoever_is_not_there(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let own = agency.registers("Testa").await;
        let foreign = other.registers("Testb").await;
        let missing = app.missing(NodeType::Claimant);
        for (mutation, rest) in [
            ("claimantRegister", json!({})),
            ("claimantUpdate", json!({ "id": own, "expectedVersion": 1 })),
        ] {
            let ask = async |id: &Value| agency.mutate(mutation, merged(rest.clone(), json!({ "householdOf": id })), "claimant { id }").await;
            let (there, never) = (ask(&foreign).await, ask(&missing).await);
            assert_eq!(there.data()[mutation]["userErrors"][0]["code"], "NOT_FOUND");
            assert_same_answer(&there, &never, mutation);
        }
        let leave = async |id: &Value| agency.mutate("householdLeave", json!({ "claimantId": id }), "claimant { id }").await;
        assert_same_answer(&leave(&foreign).await, &leave(&missing).await, "leave");
        assert_eq!(agency.refused("householdLeave", json!({ "claimantId": own })).await, "NOT_IN_HOUSEHOLD");
        let itself = json!({ "id": own, "expectedVersion": 1, "householdOf": own });
        assert_eq!(agency.refused("claimantUpdate", itself).await, "INVALID");
        let known = other.sees_claimant(&foreign, "household { id } version").await;
        assert_eq!(known, json!({ "household": [], "version": 1 }), "nothing was changed");
    }

    async fn a_party_takes_nobody_out_of_a_household(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let [mother, father, ..] = family(&agency).await;
        agency.consents(&mother, Value::Null).await;
        agency.sends(&mother, &app.service()).await;
        assert_eq!(provider.refused("householdLeave", json!({ "claimantId": mother })).await, "ROLE_NOT_ALLOWED");
        assert_eq!(provider.refused("householdLeave", json!({ "claimantId": father })).await, "NOT_FOUND");
        assert_eq!(household(&agency, &mother).await.as_array().map(Vec::len), Some(3));
    }

    async fn somebody_leaves_and_whoever_is_left_alone_leaves_too(app: TestApp) {
        let agency = app.as_agency();
        let [mother, father, sixteen, child] = family(&agency).await;
        let leaves = async |person: &Value| agency.done("householdLeave", json!({ "claimantId": person }), "claimant { household { id } }").await;
        assert_eq!(leaves(&father).await["claimant"]["household"], json!([]));
        assert_eq!(household(&agency, &mother).await, json!([sixteen, child]));
        assert_eq!(agency.refused("householdLeave", json!({ "claimantId": father })).await, "NOT_IN_HOUSEHOLD");
        let cleared = json!({ "id": sixteen, "expectedVersion": 1, "householdOf": null });
        agency.done("claimantUpdate", cleared, "claimant { id }").await;
        leaves(&child).await;
        assert_eq!(household(&agency, &mother).await, json!([]));
        assert_eq!(told(&agency, &mother).await.last(), Some(&json!("HOUSEHOLD_LEFT")));
        // So that both can belong elsewhere.
        registers(&agency, "Teste", "1990-01-01", Some(&mother)).await;
        assert_eq!(household(&agency, &mother).await.as_array().map(Vec::len), Some(1));
    }

    async fn nobody_is_taken_from_one_family_into_another(app: TestApp) {
        let agency = app.as_agency();
        let [mother, ..] = family(&agency).await;
        let [other, ..] = family(&agency).await;
        let input = json!({ "id": mother, "expectedVersion": 1, "householdOf": other });
        assert_eq!(agency.refused("claimantUpdate", input.clone()).await, "ALREADY_IN_HOUSEHOLD");
        let stale = merged(input.clone(), json!({ "expectedVersion": 2 }));
        assert_eq!(agency.refused("claimantUpdate", stale).await, "STALE_VERSION");
        assert_eq!(agency.sees_claimant(&mother, "version").await["version"], 1, "nothing was changed");
        agency.done("householdLeave", json!({ "claimantId": mother }), "claimant { id }").await;
        agency.done("claimantUpdate", input, "claimant { id }").await;
        assert_eq!(household(&agency, &mother).await.as_array().map(Vec::len), Some(4));
        for _ in 0..15 {
            registers(&agency, "Testy", "1990-01-01", Some(&mother)).await;
        }
        let one_more = json!({ "householdOf": mother });
        assert_eq!(agency.refused("claimantRegister", one_more).await, "TOO_MANY");
    }

    async fn what_is_asked_twice_with_one_key_is_done_once(app: TestApp) {
        let agency = app.as_agency();
        let [mother, father, sixteen, child] = family(&agency).await;
        let key = || json!({ "idempotencyKey": Uuid::now_v7() });
        let register = merged(json!({ "householdOf": mother }), key());
        let first = agency.done("claimantRegister", register.clone(), "claimant { id }").await;
        let again = agency.done("claimantRegister", register, "claimant { id }").await;
        assert_eq!(first, again);
        assert_eq!(household(&agency, &mother).await, json!([father, sixteen, child, first["claimant"]["id"]]));
        let leave = merged(json!({ "claimantId": child }), key());
        for _ in 0..2 {
            agency.done("householdLeave", leave.clone(), "claimant { id }").await;
        }
        assert_eq!(told(&agency, &child).await.iter().filter(|kind| **kind == "HOUSEHOLD_LEFT").count(), 1);
        agency.consents(&mother, Value::Null).await;
        let create = json!({ "claimantId": mother, "alsoForClaimantIds": [father], "category": "EMPLOYMENT", "serviceId": app.service(), "send": true });
        let create = merged(create, key());
        let sent = agency.done("referralCreate", create.clone(), "referral { id alsoFor { id } }").await;
        assert_eq!(agency.done("referralCreate", create.clone(), "referral { id alsoFor { id } }").await, sent);
        let other = merged(create, json!({ "alsoForClaimantIds": [sixteen] }));
        assert_eq!(agency.refused("referralCreate", other).await, "IDEMPOTENCY_KEY_REUSED");
    }

    async fn a_family_is_referred_once_and_each_opens_by_own_consent(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        let [mother, father, sixteen, child] = &people;
        agency.consents(mother, Value::Null).await;
        // The father refuses; a parent's word does not count for the one of sixteen, and counts for the child.
        agency.consents(father, json!({ "refused": true, "anyParty": false, "fieldGroups": [] })).await;
        let by_guardian = json!({ "claimantId": sixteen, "purposes": ["EMPLOYMENT"], "fieldGroups": [], "anyParty": true,
            "method": "VERBAL", "givenBy": "GUARDIAN" });
        assert_eq!(agency.refused("consentRecord", by_guardian).await, "CONSENT_OWN_REQUIRED");
        agency.consents(sixteen, json!({ "fieldGroups": [] })).await;
        agency.consents(child, json!({ "givenBy": "GUARDIAN", "authority": "Parent" })).await;
        let sent = refers(&agency, &people, &app.service()).await;

        let ids = |seen: &[(Value, Value)]| -> Vec<Value> { seen.iter().map(|(id, _)| id.clone()).collect() };
        assert_eq!(ids(&also_for(&agency, &sent).await), [father.clone(), sixteen.clone(), child.clone()]);
        assert_eq!(ids(&also_for(&provider, &sent).await), [sixteen.clone(), child.clone()], "before it accepts");
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let seen = also_for(&provider, &sent).await;
        assert_eq!(ids(&seen), [sixteen.clone(), child.clone()]);
        assert_eq!(names(&seen), [&Value::Null, &json!("Testd")], "each as far as own consent goes");
        assert_eq!(provider.sees(&sent, "claimant { identity { givenName } } partySize").await,
            json!({ "claimant": { "identity": { "givenName": "Testa" } }, "partySize": null }));
        // Of whom nothing is told, the provider knows as much as of nobody.
        let everything = "query($id: ID!) { claimant(id: $id) { id } node(id: $id) { id } disclosures(claimantId: $id) { edges { node { id } } } }";
        let missing = app.missing(NodeType::Claimant);
        let ask = async |id: &Value| provider.ask(everything, json!({ "id": id })).await;
        assert_same_answer(&ask(father).await, &ask(&missing).await, "the father");
        for stranger in ["other-provider", "other-agency"] {
            let client = app.client(stranger);
            assert!(client.sees(&sent, "alsoFor { id }").await.is_null());
            assert!(client.sees_claimant(sixteen, "id").await.is_null());
        }
        let own = agency.sees_claimant(sixteen, "referrals { edges { node { id } } }").await;
        assert_eq!(own["referrals"]["edges"][0]["node"]["id"], sent.id);
        assert_grants_are_right(&app).await;
        agency.does("referralCancel", &accepted, because("CLAIMANT_MOVED")).await;
        assert!(provider.sees_claimant(child, "id").await.is_null());
        assert_grants_are_right(&app).await;
    }

    async fn who_excludes_the_provider_is_left_out_and_nobody_else(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        for person in &people[..3] {
            agency.consents(person, Value::Null).await;
        }
        let exclusion = exclude(&app, &people[1]).await;
        let sent = refers(&agency, &people, &app.service()).await;
        assert_eq!(sent.status, "REQUESTED");
        provider.does("referralAccept", &sent, Value::Null).await;
        assert_eq!(names(&also_for(&provider, &sent).await), [&json!("Testc")]);
        assert_eq!(told(&provider, &people[1]).await, [] as [Value; 0], "it never knew");
        agency.done("exclusionEnd", json!({ "id": exclusion }), "exclusion { id }").await;
        assert_eq!(names(&also_for(&provider, &sent).await), [&json!("Testb"), &json!("Testc")]);
        exclude(&app, &people[2]).await;
        assert_eq!(names(&also_for(&provider, &sent).await), [&json!("Testb")]);
        assert_eq!(told(&provider, &people[2]).await, ["ACCESS_ENDED"]);
        assert_eq!(agency.rereads(&sent).await.status, "ACCEPTED");
        assert_grants_are_right(&app).await;
        // Whoever the referral is about takes all of it away.
        exclude(&app, &people[0]).await;
        assert!(provider.sees(&sent, "id").await.is_null());
        assert!(provider.sees_claimant(&people[1], "id").await.is_null());
        assert_grants_are_right(&app).await;
    }

    async fn who_withdraws_is_closed_and_the_referral_goes_on(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        let mut consents = Vec::new();
        for person in &people[..3] {
            consents.push(agency.consents(person, Value::Null).await);
        }
        let sent = refers(&agency, &people, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        agency.done("consentWithdraw", json!({ "id": consents[1] }), "consent { id }").await;
        assert_eq!(names(&also_for(&provider, &sent).await), [&json!("Testc")]);
        assert!(provider.sees_claimant(&people[1], "id").await.is_null());
        assert_eq!(told(&provider, &people[1]).await, ["ACCESS_ENDED"]);
        assert_eq!(agency.rereads(&sent).await.status, "ACCEPTED");
        agency.done("consentWithdraw", json!({ "id": consents[0] }), "consent { id }").await;
        assert_eq!(agency.rereads(&sent).await.status, "CANCELLED");
        assert!(provider.sees_claimant(&people[2], "id").await.is_null());
        assert_grants_are_right(&app).await;
    }

    async fn a_text_does_not_tell_who_else_is_in_a_referral_of_whom_its_writer_knows_otherwise(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        agency.consents(&people[0], Value::Null).await;
        agency.consents(&people[1], json!({ "purposes": ["HOUSING"] })).await;
        let known = json!({ "claimantId": people[1], "category": "HOUSING", "serviceId": app.service(), "send": true });
        let known = agency.creates(known).await;
        provider.does("referralAccept", &known, Value::Null).await;
        assert_eq!(provider.sees_claimant(&people[1], "identity { givenName }").await["identity"]["givenName"], "Testb");
        let with = refers(&agency, &people[..2], &app.service()).await;
        let alone = agency.creates(json!({ "claimantId": people[0], "serviceId": app.service(), "send": true, "acknowledgeDuplicate": true })).await;
        assert_eq!(also_for(&provider, &with).await, []);
        for referral in [&with, &alone] {
            let asked = json!({ "referralId": referral.id, "body": "Is Testb with them?" });
            provider.done("messageSend", asked, "referral { id }").await;
        }
        let told = json!({ "referralId": with.id, "body": "Testb comes too." });
        assert_eq!(agency.refused("messageSend", told).await, "TEXT_IDENTIFIES", "its source knows whom it sent");
    }

    async fn what_a_guardian_consented_to_ends_on_the_birthday(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let mother = registers(&agency, "Testa", "1988-01-01", None).await;
        let child = registers(&agency, "Testb", "2010-06-15", Some(&mother)).await;
        agency.consents(&mother, Value::Null).await;
        agency.consents(&child, json!({ "givenBy": "GUARDIAN", "authority": "Parent" })).await;
        let sent = refers(&agency, &[mother.clone(), child.clone()], &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        app.clock.set("2026-06-15T03:59:59Z".parse().expect("a time"));
        assert_eq!(names(&also_for(&provider, &sent).await), [&json!("Testb")]);
        app.clock.set("2026-06-15T04:00:00Z".parse().expect("a time"));
        assert_eq!(also_for(&provider, &sent).await, [], "the existence is sealed again");
        assert_eq!(provider.sees(&sent, "status claimant { id }").await["claimant"]["id"], mother);
        agency.consents(&child, Value::Null).await;
        assert_eq!(names(&also_for(&provider, &sent).await), [&json!("Testb")]);
        assert_grants_are_right(&app).await;
    }

    async fn only_people_of_ones_own_are_referred_together(app: TestApp) {
        let agency = app.as_agency();
        let own = agency.registers_with_consent("Testa").await;
        let sister = agency.registers("Testb").await;
        let foreign = app.client("other-agency").registers("Testc").await;
        let missing = app.missing(NodeType::Claimant);
        let base = json!({ "claimantId": own, "category": "EMPLOYMENT", "serviceId": app.service(), "send": true });
        let with = |people: Value| merged(base.clone(), json!({ "alsoForClaimantIds": people }));
        let ask = async |id: &Value| agency.mutate("referralCreate", with(json!([sister, id])), "referral { id }").await;
        let there = ask(&foreign).await;
        assert_eq!(there.data()["referralCreate"]["userErrors"][0]["code"], "NOT_FOUND");
        assert_same_answer(&there, &ask(&missing).await, "a stranger");
        for people in [json!([own]), json!([sister, sister])] {
            assert_eq!(agency.refused("referralCreate", with(people)).await, "INVALID");
        }
        assert_eq!(agency.refused("referralCreate", with(json!(vec![&sister; 21]))).await, "TOO_MANY");
        let anonymous = merged(app.five_facts(), json!({ "category": "EMPLOYMENT", "alsoForClaimantIds": [sister] }));
        let refusal = agency.user_error("referralCreate", anonymous).await;
        assert_eq!((&refusal["code"], &refusal["field"]), (&json!("REQUIRED"), &json!(["input", "claimantId"])));
        let naming = merged(with(json!([sister])), json!({ "summary": "She comes with Testb." }));
        assert_eq!(agency.refused("referralCreate", naming).await, "SUMMARY_IDENTIFIES");
        assert_eq!(agency.box_of("OUTBOX").await, [] as [Value; 0]);
    }

    async fn an_open_referral_tells_of_nobody_and_whoever_claims_it_what_consent_opens(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        for person in &people[..2] {
            agency.consents(person, Value::Null).await;
        }
        let sent = refers(&agency, &people, &Value::Null).await;
        assert_eq!(also_for(&provider, &sent).await, []);
        let claimed = provider.does("referralClaim", &sent, Value::Null).await;
        assert_eq!(also_for(&provider, &sent).await.len(), 1);
        // To another recipient it goes with its people; who had it sees nobody any more.
        let other = app.client("other-provider");
        let reroute = merged(because("WRONG_SERVICE"), json!({ "serviceId": app.other_service() }));
        agency.does("referralReroute", &claimed, reroute).await;
        assert!(provider.sees_claimant(&people[1], "id").await.is_null());
        assert_eq!(also_for(&other, &sent).await.len(), 1);
        let declined = other.does("referralDecline", &other.rereads(&sent).await, because("NOT_ELIGIBLE")).await;
        assert!(other.sees_claimant(&people[1], "id").await.is_null());
        assert_grants_are_right(&app).await;
        // Sent again, it is for the same people.
        let again = json!({ "id": declined.id, "serviceId": app.service() });
        let again = agency.done("referralResubmit", again, "referral { id version status }").await;
        let again = provider.does("referralAccept", &Referral::of(&again), Value::Null).await;
        assert_eq!(names(&also_for(&provider, &again).await), [&json!("Testb")]);
        // What is split off is about the claimant alone.
        let split = json!({ "id": again.id, "expectedVersion": again.version, "category": "HOUSING", "serviceId": app.other_service() });
        let split = provider.done("referralSplit", split, "referral { id version status }").await;
        assert_eq!(also_for(&agency, &Referral::of(&split)).await, []);
        assert!(other.sees_claimant(&people[1], "id").await.is_null());
        assert_grants_are_right(&app).await;
    }

    async fn an_outcome_of_somebody_is_seen_by_whom_that_person_is(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        let need = agency.needs(&people[0], "EMPLOYMENT").await;
        agency.consents(&people[0], Value::Null).await;
        let consent = agency.consents(&people[1], Value::Null).await;
        let sent = refers(&agency, &people, &app.service()).await;
        let accepted = provider.does("referralAccept", &sent, Value::Null).await;
        let outcome = |of: &Value, kind: &str| json!({ "kind": kind, "date": "2026-06-01", "claimantId": of });
        // Of whom the provider is not told, it records nothing either.
        let complete = async |of: &Value| {
            let input = accepted.step(json!({ "outcomes": [outcome(of, "EMPLOYED_FULL_TIME")] }));
            provider.mutate("referralComplete", input, "referral { id }").await
        };
        let unseen = complete(&people[2]).await;
        assert_eq!(unseen.data()["referralComplete"]["userErrors"][0]["code"], "NOT_FOUND");
        assert_same_answer(&unseen, &complete(&app.missing(NodeType::Claimant)).await, "an outcome");
        let both = json!({ "outcomes": [outcome(&people[0], "UNRESOLVED_CAPACITY"), outcome(&people[1], "EMPLOYED_FULL_TIME")] });
        provider.does("referralComplete", &accepted, both).await;
        let seen = async |client: &Client<'_>| {
            let seen = client.sees(&sent, "outcomes { kind claimant { id } }").await;
            seen["outcomes"].as_array().expect("outcomes").iter().map(|each| each["claimant"]["id"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(seen(&provider).await, people[..2]);
        assert_eq!(seen(&agency).await, people[..2]);
        let needs = agency.sees_claimant(&people[0], "needs { id status }").await;
        assert_eq!(needs["needs"], json!([{ "id": need, "status": "OPEN" }]), "another's success is not the claimant's");
        agency.done("consentWithdraw", json!({ "id": consent }), "consent { id }").await;
        assert_eq!(seen(&provider).await, people[..1]);
        assert_eq!(seen(&agency).await, people[..2]);
    }

    async fn every_person_of_whom_something_was_read_is_in_a_disclosure(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        for person in &people[..2] {
            agency.consents(person, Value::Null).await;
        }
        let sent = refers(&agency, &people, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        also_for(&provider, &sent).await;
        app.settle().await;
        let ask = "query($id: ID!) { disclosures(claimantId: $id) { edges { node { groups referral { id } consent { id } organization { name } } } } }";
        let told = async |id: &Value| agency.ask(ask, json!({ "id": id })).await.data()["disclosures"]["edges"].clone();
        let of_father = told(&people[1]).await;
        assert_eq!(of_father.as_array().map(Vec::len), Some(1));
        let node = &of_father[0]["node"];
        assert_eq!((&node["groups"], &node["referral"]["id"]), (&json!(["IDENTITY"]), &sent.id));
        assert!(!node["consent"].is_null(), "by the father's own");
        for unread in [&people[0], &people[2], &people[3]] {
            assert_eq!(told(unread).await, json!([]));
        }
    }

    async fn a_file_that_is_handed_over_leaves_the_household_and_opens_by_consent(app: TestApp) {
        let (agency, other) = (app.as_agency(), app.client("other-agency"));
        let people = family(&agency).await;
        let keeper = app.public_id(NodeType::Organization, app.world.other_agency);
        let named = json!({ "anyParty": false, "recipientIds": [keeper], "fieldGroups": ["IDENTITY", "CONTACT"] });
        for person in &people[..2] {
            agency.consents(person, Value::Null).await;
        }
        agency.consents(&people[0], named).await;
        let sent = refers(&agency, &people, &app.service()).await;
        let transfer = json!({ "id": people[0], "expectedVersion": 1, "organizationId": keeper });
        agency.done("claimantTransfer", transfer, "claimant { id }").await;
        assert_eq!(household(&other, &people[0]).await, json!([]));
        assert_eq!(household(&agency, &people[1]).await, json!([people[2], people[3]]));
        // The new source knows of the others what each one's own consent opens to it.
        let seen = other.sees(&sent, "alsoFor { id household { id } identity { givenName } }").await;
        assert_eq!(seen["alsoFor"], json!([{ "id": people[1], "household": null, "identity": null }]));
        assert!(other.sees_claimant(&people[2], "id").await.is_null());
        assert_grants_are_right(&app).await;
    }

    async fn who_is_erased_leaves_household_and_referrals_of_others(app: TestApp) {
        let (agency, provider) = (app.as_agency(), app.as_provider());
        let people = family(&agency).await;
        for person in &people[..2] {
            agency.consents(person, Value::Null).await;
        }
        let sent = refers(&agency, &people, &app.service()).await;
        provider.does("referralAccept", &sent, Value::Null).await;
        let draft = agency.creates(json!({ "claimantId": people[2], "alsoForClaimantIds": [people[1]] })).await;
        agency.done("claimantErase", json!({ "id": people[1], "expectedVersion": 1 }), "claimant { id }").await;
        assert_eq!(household(&agency, &people[0]).await, json!([people[2], people[3]]));
        assert_eq!(also_for(&provider, &sent).await, []);
        assert_eq!(also_for(&agency, &sent).await.len(), 2);
        assert_eq!(also_for(&agency, &draft).await, []);
        assert_eq!(told(&provider, &people[1]).await, ["ACCESS_ENDED"]);
        assert_eq!(agency.rereads(&sent).await.status, "ACCEPTED");
        let erased = json!({ "claimantId": people[0], "category": "EMPLOYMENT", "alsoForClaimantIds": [people[1]] });
        assert_eq!(agency.refused("referralCreate", erased).await, "CLAIMANT_ERASED");
        let erased = json!({ "id": people[0], "expectedVersion": 1, "householdOf": people[1] });
        assert_eq!(agency.refused("claimantUpdate", erased).await, "CLAIMANT_ERASED");
        // With whom a draft goes that is dropped.
        agency.done("claimantErase", json!({ "id": people[2], "expectedVersion": 1 }), "claimant { id }").await;
        assert_grants_are_right(&app).await;
    }
}

#[tokio::test]
async fn the_database_alone_keeps_households_and_the_people_of_referrals() {
    let secured = TestApp::secured(claimant_gateway::store::Store::leaving_rules_to_the_database);
    let Some(app) = secured.await else {
        return;
    };
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let people = family(&agency).await;
    for person in &people[..2] {
        agency.consents(person, Value::Null).await;
    }
    let sent = refers(&agency, &people, &app.service()).await;
    let accepted = provider.does("referralAccept", &sent, Value::Null).await;
    assert_eq!(also_for(&agency, &sent).await.len(), 3);
    assert_eq!(
        household(&agency, &people[0])
            .await
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    assert_eq!(names(&also_for(&provider, &sent).await), [&json!("Testb")]);
    let outcome = |of: usize| json!({ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01", "claimantId": people[of] });
    let done = json!({ "outcomes": [outcome(0), outcome(1)] });
    provider.does("referralComplete", &accepted, done).await;
    let outcomes = async || {
        provider.sees(&sent, "outcomes { id }").await["outcomes"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(outcomes().await, Some(2));
    exclude(&app, &people[1]).await;
    assert_eq!(also_for(&provider, &sent).await, []);
    assert_eq!(outcomes().await, Some(1));
    let stranger = app.client("far-provider");
    assert!(stranger.sees(&sent, "alsoFor { id }").await.is_null());
}
