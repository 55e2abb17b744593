//! A family of four at a settlement agency: one of them sixteen, one who wants to be known to nobody else, no common
//! language, a telephone that somebody dangerous answers; a home is wanted today and work later.
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use super::{knows_nobody, learns_nothing, nobody_else_learns};
use crate::common::{
    app::TestApp,
    journey::{LEFT, Referral, assert_same_answer, merged},
    on_both_databases,
    software::{Software, told},
};

/// What nobody but the agency may ever be told.
const SECRETS: [&str; 4] = ["555 0177", "Testville", "dangerous", "Testb"];
const PARTIES: [&str; 2] = ["agency", "other-provider"];

struct Family {
    mother: Value,
    grandmother: Value,
    sixteen: Value,
    child: Value,
    home: Value,
    work: Value,
}

impl Family {
    fn all(&self) -> [&Value; 4] {
        [&self.mother, &self.grandmother, &self.sixteen, &self.child]
    }
}

/// Registers four people in one sitting, with what they need.
async fn registers(app: &TestApp, agency: &mut Software<'_>) -> Family {
    let person = |name: &str, born: &str, with: Option<&Value>| {
        json!({
            "regionId": app.central(), "municipality": "Testville", "locationProtected": true, "language": "tir",
            "officialLanguage": "EN", "interpreterNeeded": true, "householdOf": with,
            "identity": { "givenName": name, "familyName": "Specimen", "birthDate": born },
            "contact": { "permission": "VIA_AGENCY_ONLY", "points": [{ "kind": "PHONE", "value": "+1 555 0177",
                "safety": "UNSAFE", "shared": true, "mayLeaveMessage": false, "note": "Somebody dangerous answers it." }] },
        })
    };
    let mother = agency.registers(person("Testa", "1988-01-01", None)).await;
    let grandmother = agency
        .registers(person("Testb", "1960-01-01", Some(&mother)))
        .await;
    let sixteen = agency
        .registers(person("Testc", "2010-05-01", Some(&mother)))
        .await;
    let child = agency
        .registers(person("Testd", "2018-01-01", Some(&mother)))
        .await;
    let home = agency
        .needs(&mother, "HOUSING", json!({ "priority": 1 }))
        .await;
    let work = agency
        .needs(&mother, "EMPLOYMENT", json!({ "wantedFrom": "2026-07-31" }))
        .await;
    Family {
        mother,
        grandmother,
        sixteen,
        child,
        home,
        work,
    }
}

/// Each says for oneself who may know: three to housing services, the mother also to employment services.
async fn consents(agency: &mut Software<'_>, family: &Family) {
    let heard =
        json!({ "recipientKinds": ["HOUSING"], "language": "tir", "interpreter": "PROFESSIONAL" });
    let both = json!({ "purposes": ["HOUSING", "EMPLOYMENT"], "fieldGroups": ["IDENTITY", "CONTACT"],
        "recipientKinds": ["HOUSING", "EMPLOYMENT_SERVICE"] });
    agency
        .consents(&family.mother, merged(heard.clone(), both))
        .await;
    let refused = json!({ "refused": true, "fieldGroups": [] });
    agency
        .consents(&family.grandmother, merged(heard.clone(), refused))
        .await;
    let guardian = json!({ "givenBy": "GUARDIAN", "authority": "Parent" });
    let of_sixteen = json!({ "claimantId": family.sixteen, "purposes": ["HOUSING"], "fieldGroups": [], "method": "VERBAL" });
    let by_parent = merged(merged(of_sixteen, heard.clone()), guardian.clone());
    assert_eq!(
        agency.refused("consentRecord", by_parent).await,
        "CONSENT_OWN_REQUIRED"
    );
    agency
        .consents(
            &family.sixteen,
            merged(heard.clone(), json!({ "fieldGroups": [] })),
        )
        .await;
    agency
        .consents(&family.child, merged(heard, guardian))
        .await;
}

async fn refers(app: &TestApp, agency: &mut Software<'_>, family: &Family) -> Referral {
    let others = [&family.grandmother, &family.sixteen, &family.child];
    let home = json!({ "claimantId": family.mother, "alsoForClaimantIds": others, "category": "HOUSING",
        "needId": family.home, "serviceId": app.other_service(), "priority": "URGENT", "partySize": 4,
        "summary": "Four people without a place for tonight; an interpreter for Tigrinya is needed." });
    let naming = merged(
        home.clone(),
        json!({ "summary": "Testb cannot climb stairs.", "send": true }),
    );
    assert_eq!(
        agency.refused("referralCreate", naming).await,
        "SUMMARY_IDENTIFIES"
    );
    agency.refers(home).await
}

/// What a housing service sees of the people: for whom it is, with names, and how to reach them.
const PEOPLE: &str = "claimant { id identityAccess identity { givenName } contactAccess contact { points { value } }
    contactVia { name } municipality household { id } } alsoFor { id identity { givenName } contact { points { value } } }";

on_both_databases! {
    async fn a_family_of_four_finds_a_home_and_its_work_comes_due_in_sixty_days(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let mut housing = Software::of(app.client("other-provider"));
        let family = registers(&app, &mut agency).await;
        consents(&mut agency, &family).await;
        assert_eq!(housing.reads().await, [], "a registration is told to nobody");
        for organization in ["other-agency", "provider", "other-provider", "far-provider"] {
            knows_nobody(&app.client(organization), &family.all()).await;
        }

        let sent = refers(&app, &mut agency, &family).await;
        assert_eq!(housing.reads().await, [told("REFERRAL_CREATED", &sent.id)]);
        let asked = housing.sees(&sent, &format!("priority dueAt language interpreterNeeded partySize {PEOPLE}")).await;
        let sealed = json!({ "id": family.mother, "identityAccess": "SEALED_UNTIL_ACCEPTED", "identity": null,
            "contactAccess": "SEALED_UNTIL_ACCEPTED", "contact": null, "contactVia": null,
            "municipality": null, "household": null });
        let unnamed = |person: &Value| json!({ "id": person, "identity": null, "contact": null });
        assert_eq!(asked, json!({ "priority": "URGENT", "dueAt": "2026-06-02T14:00:00Z", "language": "tir",
            "interpreterNeeded": true, "partySize": 4, "claimant": sealed,
            "alsoFor": [unnamed(&family.sixteen), unnamed(&family.child)] }), "the grandmother is not told");
        nobody_else_learns(&app, &PARTIES, &sent, &family.all()).await;

        let answered = ask_and_answer(&mut agency, &mut housing, &sent).await;
        let accepted = housing.does("referralAccept", &answered, Value::Null).await;
        let seen = housing.sees(&sent, PEOPLE).await;
        let open = json!({ "id": family.mother, "identityAccess": "GRANTED", "identity": { "givenName": "Testa" },
            "contactAccess": "CONSENT_REQUIRED", "contact": null, "contactVia": { "name": "Test agency" },
            "municipality": null, "household": null });
        assert_eq!(seen["claimant"], open);
        let named = |person: &Value, name: Value| json!({ "id": person, "identity": name, "contact": null });
        assert_eq!(seen["alsoFor"], json!([named(&family.sixteen, Value::Null),
            named(&family.child, json!({ "givenName": "Testd" }))]), "each as far as own consent goes");
        knows_nobody(housing.client(), &[&family.grandmother]).await;

        // It may not telephone: the agency does, and that is the first contact.
        let started = housing.does("referralStart", &accepted, json!({ "contactedAt": "2026-06-01T14:00:00Z" })).await;
        assert_eq!(started.status, "IN_PROGRESS");
        let started = shows_the_place(&mut agency, &mut housing, &started).await;
        let housed = |of: &Value| json!({ "kind": "HOUSED", "date": "2026-06-01", "claimantId": of });
        let of_nobody = started.step(json!({ "outcomes": [housed(&app.missing(NodeType::Claimant))] }));
        let of_grandmother = started.step(json!({ "outcomes": [housed(&family.grandmother)] }));
        let unknown = housing.client().mutate("referralComplete", of_grandmother, "referral { id }").await;
        let never = housing.client().mutate("referralComplete", of_nobody, "referral { id }").await;
        assert_same_answer(&unknown, &never, "an outcome of somebody who is not told");
        let outcomes = json!({ "outcomes": [merged(housed(&family.mother), json!({ "followUpOn": "2026-07-02" })), housed(&family.sixteen)] });
        let done = housing.does("referralComplete", &started, outcomes).await;
        assert_eq!(done.status, "COMPLETED");
        let needs = agency.sees_claimant(&family.mother, "needs { id status wantedFrom }").await;
        assert_eq!(needs["needs"], json!([{ "id": family.home, "status": "MET", "wantedFrom": null },
            { "id": family.work, "status": "OPEN", "wantedFrom": "2026-07-31" }]));
        agency.reads().await;
        housing.reads().await;
        assert_eq!(app.fires().await, (0, 0), "nothing is due yet");

        app.clock.set("2026-07-02T04:00:00Z".parse().expect("a time"));
        assert_eq!(app.fires().await, (1, 0));
        assert_eq!(agency.reads().await, [told("FOLLOW_UP_DUE", &sent.id)]);
        assert_eq!(housing.reads().await, [told("FOLLOW_UP_DUE", &sent.id)]);
        app.clock.set("2026-07-31T03:59:59Z".parse().expect("a time"));
        assert_eq!(app.fires().await, (0, 0), "it is the day before in Toronto");
        app.clock.set("2026-07-31T04:00:00Z".parse().expect("a time"));
        assert_eq!(app.fires().await, (1, 0));
        assert_eq!(agency.reads().await, [told("NEED_DUE", &family.work)], "sixty days later");
        assert_eq!(housing.reads().await, []);

        work_follows(&app, &mut agency, &family).await;
        learns_nothing(&app.as_provider(), &sent, &[&family.grandmother, &family.sixteen, &family.child]).await;
        nobody_else_learns(&app, &["agency", "other-provider", "provider"], &sent, &family.all()[1..]).await;
        housing.never_heard(&SECRETS);
    }

    async fn a_telephone_that_becomes_safe_is_told_and_the_shared_one_never_is(app: TestApp) {
        let mut agency = Software::of(app.as_agency());
        let mut housing = Software::of(app.client("other-provider"));
        let family = registers(&app, &mut agency).await;
        consents(&mut agency, &family).await;
        let sent = refers(&app, &mut agency, &family).await;
        housing.does("referralAccept", &sent, Value::Null).await;
        let phones = async |housing: &mut Software<'_>| {
            let seen = housing.sees(&sent, "claimant { contact { points { value } } contactVia { name } }").await;
            seen["claimant"].clone()
        };
        let via_agency = json!({ "contact": null, "contactVia": { "name": "Test agency" } });
        assert_eq!(phones(&mut housing).await, via_agency);
        let points = json!([{ "kind": "PHONE", "value": "+1 555 0177", "safety": "UNSAFE", "shared": true },
            { "kind": "PHONE", "value": "+1 555 0188", "safety": "SAFE" }]);
        let known = json!({ "id": family.mother, "expectedVersion": 1, "contact": { "permission": "VIA_AGENCY_ONLY", "points": points } });
        agency.done("claimantUpdate", known.clone(), "claimant { version }").await;
        assert_eq!(phones(&mut housing).await, via_agency, "that it is safe is no permission");
        let allowed = json!({ "expectedVersion": 2, "contact": { "permission": "ANY", "points": points } });
        agency.done("claimantUpdate", merged(known, allowed), "claimant { version }").await;
        assert_eq!(phones(&mut housing).await["contact"], json!({ "points": [{ "value": "+1 555 0188" }] }));
        housing.never_heard(&SECRETS);
    }
}

/// The housing service asks the agency what it must know, which no text may say who is; the agency answers.
async fn ask_and_answer(
    agency: &mut Software<'_>,
    housing: &mut Software<'_>,
    sent: &Referral,
) -> Referral {
    let waits = json!({ "subStatus": "NEEDS_INFORMATION" });
    housing.does("referralSetSubStatus", sent, waits).await;
    let says = |body: &str| json!({ "referralId": sent.id, "body": body });
    housing
        .done(
            "messageSend",
            says("Are stairs a difficulty for anybody?"),
            LEFT,
        )
        .await;
    assert_eq!(
        agency.sees(sent, "subStatus").await["subStatus"],
        "NEEDS_INFORMATION"
    );
    for (body, code) in [
        ("Testb cannot climb them.", "TEXT_IDENTIFIES"),
        ("Call +1 555 0177 to ask.", "TEXT_IDENTIFIES"),
        ("They sleep in Testville.", "PLACE_CONFIDENTIAL"),
    ] {
        assert_eq!(
            agency.refused("messageSend", says(body)).await,
            code,
            "{body}"
        );
    }
    agency
        .done(
            "messageSend",
            says("For one of them; a lift would do."),
            LEFT,
        )
        .await;
    let seen = housing
        .sees(
            sent,
            "subStatus messages(first: 10) { edges { node { body from { name } } } }",
        )
        .await;
    let message =
        |body: &str, from: &str| json!({ "node": { "body": body, "from": { "name": from } } });
    assert_eq!(
        seen,
        json!({ "subStatus": null, "messages": { "edges": [
        message("Are stairs a difficulty for anybody?", "Test other-provider"),
        message("For one of them; a lift would do.", "Test agency")] } }),
        "answered, and set back"
    );
    let kinds: Vec<String> = agency
        .reads()
        .await
        .into_iter()
        .map(|(kind, _)| kind)
        .collect();
    assert!(kinds.contains(&"MESSAGE_SENT".to_owned()), "{kinds:?}");
    housing.reads().await;
    housing.rereads(sent).await
}

/// A visit is proposed; the agency speaks with the family and confirms; they come.
async fn shows_the_place(
    agency: &mut Software<'_>,
    housing: &mut Software<'_>,
    started: &Referral,
) -> Referral {
    const APPOINTMENT: &str = "referral { subStatus appointments { id status } }";
    let visit = |status: &str, id: &Value| json!({ "referralId": started.id, "id": id, "status": status, "startsAt": "2026-06-01T18:00:00Z" });
    let proposed = housing
        .done(
            "appointmentSave",
            visit("PROPOSED", &Value::Null),
            APPOINTMENT,
        )
        .await;
    assert_eq!(proposed["referral"]["subStatus"], "APPOINTMENT_OFFERED");
    let id = proposed["referral"]["appointments"][0]["id"].clone();
    let booked = agency
        .done("appointmentSave", visit("BOOKED", &id), APPOINTMENT)
        .await;
    assert_eq!(
        booked["referral"],
        json!({ "subStatus": "APPOINTMENT_CONFIRMED", "appointments": [{ "id": id, "status": "BOOKED" }] })
    );
    assert_eq!(
        agency
            .refused("appointmentSave", visit("FULFILLED", &id))
            .await,
        "APPOINTMENT_NOT_ALLOWED",
        "the owner says that"
    );
    let app = housing.client().app();
    app.clock
        .set("2026-06-01T19:00:00Z".parse().expect("a time"));
    let kept = housing
        .done("appointmentSave", visit("FULFILLED", &id), APPOINTMENT)
        .await;
    assert_eq!(kept["referral"]["subStatus"], Value::Null);
    housing.rereads(started).await
}

/// The need that has come due is referred in its turn, to somebody who learns nothing of the home.
async fn work_follows(app: &TestApp, agency: &mut Software<'_>, family: &Family) {
    let mut employment = Software::of(app.as_provider());
    let work = json!({ "claimantId": family.mother, "category": "EMPLOYMENT", "needId": family.work, "serviceId": app.service(),
        "summary": "Looks for work in a kitchen." });
    let sent = agency.refers(work).await;
    let need = "needs { id status }";
    let stands = |status: &str| json!({ "id": family.work, "status": status });
    assert_eq!(
        agency.sees_claimant(&family.mother, need).await["needs"][1],
        stands("REFERRED")
    );
    assert_eq!(
        employment.reads().await,
        [told("REFERRAL_CREATED", &sent.id)]
    );
    let accepted = employment.does("referralAccept", &sent, Value::Null).await;
    let outcome = json!({ "outcomes": [{ "kind": "EMPLOYED_PART_TIME", "date": "2026-07-31" }] });
    employment
        .does("referralComplete", &accepted, outcome)
        .await;
    assert_eq!(
        agency.sees_claimant(&family.mother, need).await["needs"][1],
        stands("MET")
    );
    let seen = employment.sees(&sent, "claimant { identity { givenName } household { id } referrals { edges { node { id } } } } alsoFor { id }").await;
    assert_eq!(
        seen,
        json!({ "claimant": { "identity": { "givenName": "Testa" }, "household": null,
        "referrals": { "edges": [{ "node": { "id": sent.id } }] } }, "alsoFor": [] })
    );
    employment.reads().await;
    employment.never_heard(&SECRETS);
    employment.never_heard(&["Testc", "Testd", "Tigrinya"]);
}
