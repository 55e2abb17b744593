//! The people and referrals that are looked at: one story for each state of relation and consent that makes a difference.
use chrono::{NaiveDate, TimeDelta};
use claimant_gateway::opaque::NodeType;
use entity::OrganizationId;
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    story::{Plot, Story, service},
};

const EVERY_GROUP: &[&str] = &[
    "IDENTITY",
    "CONTACT",
    "IDENTIFIERS",
    "CLAIM_STATUS",
    "WORK_AUTHORIZATION",
    "QUALIFICATIONS",
    "FREE_TEXT",
];

/// Every story, each once, in no order.
pub struct Stories(Vec<Story>);

impl Stories {
    /// The one of this label.
    pub fn of(&self, label: &str) -> &Story {
        let mut stories = self.0.iter();
        let found = stories.find(|story| story.label == label);
        found.unwrap_or_else(|| panic!("there is no story of {label}"))
    }

    /// Those that the clock changes come first, and then the clock moves.
    pub async fn tell(app: &TestApp) -> Self {
        directory(app).await;
        let mut stories = passed(app).await;
        app.clock.advance(TimeDelta::days(100));
        stories.push(accepted(app).await);
        stories.push(completed(app, "Completed").await);
        merge(app, &stories).await;
        stories.extend(asked(app).await);
        stories.extend(consenting(app).await);
        stories.extend(ended(app).await);
        stories.extend(kept(app).await);
        stories.push(split_off(app).await);
        stories.push(anew(app).await);
        Self(stories)
    }
}

/// What services ask and can take, and where catchments are and were.
async fn directory(app: &TestApp) {
    rules(app).await;
    for (organization, of) in [
        ("provider", app.world.service),
        ("other-provider", app.world.other_service),
    ] {
        let input = json!({ "serviceId": service(app, of), "status": "CAPACITY", "unit": "beds", "available": 3,
            "maximum": 10 });
        app.client(organization)
            .done("capacitySave", input, "service { id }")
            .await;
    }
    let db = app.database.connect().await;
    app.world.catchment(&db, "TEST-1", None).await;
    let ended = NaiveDate::from_ymd_opt(2025, 12, 31);
    app.world.catchment(&db, "TEST-2", ended).await;
}

/// The provider's service asks about every fact, so that a preview has something to tell.
async fn rules(app: &TestApp) {
    let region = app.public_id(NodeType::Region, app.world.northern);
    for asked in [
        json!({ "fact": "STAGE", "stages": ["REJECTED"], "validTo": "2099-12-31" }),
        json!({ "fact": "WORK_AUTHORIZATION", "validForDays": 30 }),
        json!({ "fact": "AGE", "ageFrom": 60, "ageTo": 99 }),
        json!({ "fact": "LANGUAGE_LEVEL", "language": "eng", "languageLevel": 4 }),
        // Nobody says how well anybody speaks it.
        json!({ "fact": "LANGUAGE_LEVEL", "language": "fra", "languageLevel": 4 }),
        json!({ "fact": "AGE_BAND", "ageBands": ["FROM_65"] }),
        json!({ "fact": "REGION", "regionIds": [region] }),
        json!({ "fact": "LANGUAGE", "languages": ["spa"] }),
    ] {
        let mut rule = json!({ "serviceId": service(app, app.world.service), "reasonEn": "Why.",
            "reasonFr": "Pourquoi.", "sourceUrl": "https://www.example.org/why" });
        if let (Value::Object(rule), Value::Object(asked)) = (&mut rule, asked) {
            rule.extend(asked);
        }
        app.as_ministry()
            .done("eligibilityRuleSave", rule, "service { id }")
            .await;
    }
}

async fn spoken(app: &TestApp, plot: Plot) -> Story {
    Story::accepted(app, plot)
        .await
        .spoken(app, "provider")
        .await
}

async fn completed(app: &TestApp, label: &'static str) -> Story {
    let mut story = spoken(app, Plot::open(label)).await;
    let outcomes = json!([{ "kind": "HOUSED", "date": "2026-06-01", "note": format!("Became{label}"),
        "followUpOn": "2027-02-01" }]);
    let input = json!({ "outcomes": outcomes, "note": format!("Finished{label}") });
    story
        .act(&app.as_provider(), "referralComplete", input)
        .await;
    story
}

async fn passed(app: &TestApp) -> Vec<Story> {
    let expired = Plot {
        consent_expires_at: Some("2026-06-08T14:00:00Z"),
        ..Plot::open("Expired")
    };
    vec![spoken(app, expired).await, completed(app, "Longago").await]
}

/// With a household, of which one consents to be known. The far provider is excluded; the other one was once.
async fn accepted(app: &TestApp) -> Story {
    let accepted = Plot {
        field_groups: &[
            "IDENTITY",
            "CONTACT",
            "WORK_AUTHORIZATION",
            "QUALIFICATIONS",
        ],
        ..Plot::open("Accepted")
    };
    let mut accepted = Story::begin(app, accepted).await.with_kin(app).await;
    let provider = service(app, app.world.service);
    accepted.create(app, Some(provider), true).await;
    let owner = app.as_provider();
    accepted.act(&owner, "referralAccept", json!({})).await;
    let mut accepted = accepted.spoken(app, "provider").await;
    let worker = json!({ "assignee": "WorkerAccepted" });
    accepted.act(&owner, "referralAssign", worker).await;
    let [far, other] = [app.world.far_provider, app.world.other_provider]
        .map(|id| app.public_id(NodeType::Organization, id));
    accepted.exclude(app, &far).await;
    let ended = json!({ "id": accepted.exclude(app, &other).await });
    app.as_agency()
        .done("exclusionEnd", ended, "exclusion { id }")
        .await;
    accepted
}

/// The agency decides that two of its claimants are the same.
async fn merge(app: &TestApp, stories: &[Story]) {
    app.compares().await;
    let query = "{ duplicateCandidates(first: 100) { edges { node { id claimant { id } other { id } } } } }";
    let answer = app.as_agency().query(query).await;
    let edges = answer.data()["duplicateCandidates"]["edges"].as_array();
    let mut pairs = edges.expect("edges").iter().map(|edge| &edge["node"]);
    let claimant = |label| {
        let story = stories.iter().find(|story| story.label == label);
        &story.expect("the story was told").claimant
    };
    let (first, other) = (claimant("Accepted"), claimant("Completed"));
    let pair = pairs.find(|pair| pair["claimant"]["id"] == *first && pair["other"]["id"] == *other);
    let pair = &pair.expect("what tests call people is much alike")["id"];
    let same = json!({ "id": pair, "expectedVersion": 1, "decision": "SAME" });
    app.as_agency()
        .done("duplicateDecide", same, "duplicateCandidate { id }")
        .await;
}

/// Nobody has answered yet.
async fn asked(app: &TestApp) -> Vec<Story> {
    let requested = Story::sent(app, Plot::open("Requested"))
        .await
        .spoken(app, "provider")
        .await;
    let asked = Plot {
        field_groups: EVERY_GROUP,
        ..Plot::open("Asked")
    };
    let mut open = Story::begin(app, Plot::open("Open")).await;
    open.create(app, None, true).await;
    vec![requested, Story::sent(app, asked).await, open]
}

/// Accepted, each with consent to something else.
async fn consenting(app: &TestApp) -> Vec<Story> {
    let plot = |label, field_groups| Plot {
        field_groups,
        ..Plot::open(label)
    };
    let via_agency = Plot {
        permission: "VIA_AGENCY_ONLY",
        location_protected: true,
        ..Plot::open("Via")
    };
    let agency = app.client("other-agency");
    let input = json!({ "nameEn": "Intake", "categories": ["LEGAL"], "languages": ["eng"] });
    let intake = agency.done("serviceSave", input, "service { id }").await;
    let mut settled = Story::begin(app, plot("Settled", EVERY_GROUP)).await;
    settled
        .create(app, Some(intake["service"]["id"].clone()), true)
        .await;
    settled.act(&agency, "referralAccept", json!({})).await;
    vec![
        spoken(app, plot("Sealed", &[])).await,
        spoken(app, plot("Identity", &["IDENTITY"])).await,
        spoken(app, plot("Contact", &["CONTACT"])).await,
        spoken(app, via_agency).await,
        spoken(app, plot("Everything", EVERY_GROUP)).await,
        settled.spoken(app, "other-agency").await,
    ]
}

/// The owner's access ended, or what it owned was masked.
async fn ended(app: &TestApp) -> Vec<Story> {
    let withdrawn = spoken(app, Plot::open("Withdrawn")).await;
    withdrawn.withdraw(app).await;
    let mut declined = Story::sent(app, Plot::open("Declined"))
        .await
        .spoken(app, "provider")
        .await;
    let why = json!({ "reason": "NOT_ELIGIBLE" });
    declined
        .act(&app.as_provider(), "referralDecline", why)
        .await;
    let mut voided = completed(app, "Voided").await;
    let why = json!({ "reason": "OTHER" });
    voided.act(&app.as_agency(), "referralVoid", why).await;
    let excluding = spoken(app, Plot::open("Excluding")).await;
    let provider = app.public_id(NodeType::Organization, app.world.provider);
    excluding.exclude(app, &provider).await;
    vec![withdrawn, declined, voided, excluding]
}

/// Who keeps the file, and whether it is kept.
async fn kept(app: &TestApp) -> Vec<Story> {
    let held = completed(app, "Held").await;
    let hold = json!({ "id": held.claimant, "held": true, "note": "HeldHeld" });
    app.as_agency()
        .done("claimantHold", hold, "claimant { id }")
        .await;
    held.erase(app).await;
    let erased = completed(app, "Erased").await;
    erased.erase(app).await;
    let keeper: OrganizationId = app.world.next_agency(&app.database.connect().await).await;
    let open = spoken(app, Plot::open("Moving")).await;
    let closed = completed(app, "Moved").await;
    for story in [&open, &closed] {
        story.move_to(app, keeper).await;
    }
    vec![held, erased, open, closed]
}

/// A part that the provider split off for another one, which accepted it.
async fn split_off(app: &TestApp) -> Story {
    let mut child = Story::accepted(app, Plot::open("Child")).await;
    let input = json!({ "id": child.referral, "expectedVersion": child.version, "category": "HOUSING",
        "serviceId": service(app, app.world.other_service), "summary": "ToldChild" });
    let split = app
        .as_provider()
        .done("referralSplit", input, "referral { id version }")
        .await;
    child.take(&split["referral"]);
    child
        .act(&app.client("other-provider"), "referralAccept", json!({}))
        .await;
    child.spoken(app, "other-provider").await
}

/// What failed is sent anew; the provider accepts it, and has no room yet.
async fn anew(app: &TestApp) -> Story {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let mut story = Story::accepted(app, Plot::open("Anew")).await;
    let failed = json!({ "outcomes": [{ "kind": "UNRESOLVED_OTHER", "date": "2026-06-01" }], "reason": "OTHER" });
    story.act(&provider, "referralFail", failed).await;
    let again = json!({ "id": story.referral, "summary": "ToldAnew" });
    let sent = agency
        .done("referralResubmit", again, "referral { id version }")
        .await;
    story.take(&sent["referral"]);
    story.act(&provider, "referralAccept", json!({})).await;
    let mut story = story.spoken(app, "provider").await;
    let later = (app.now() + TimeDelta::days(30)).to_rfc3339();
    let full = json!({ "reason": "AT_CAPACITY", "subStatus": "WAITLISTED", "reviewAt": later });
    story.act(&provider, "referralHold", full).await;
    story
}
