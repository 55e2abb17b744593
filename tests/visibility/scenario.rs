//! The referrals over which the grid is drawn: one for each state and each way in which an organization can stand to it.
use chrono::TimeDelta;
use claimant_gateway::opaque::NodeType;
use serde_json::{Value, json};

use crate::common::{
    app::TestApp,
    story::{Plot, Story, service},
};

/// A referral, and who is what to it.
pub struct Scenario {
    pub title: &'static str,
    pub relations: &'static str,
    pub story: Story,
}

const ADDRESSED: &str = "agency: source and registering; provider: owner";
const LEFT: &str = "agency: source and registering; provider: owner until then";

/// Every scenario. Those that the clock changes come first, and then the clock moves.
pub async fn all(app: &TestApp) -> Vec<Scenario> {
    rule(app).await;
    let db = app.database.connect().await;
    app.world.catchment(&db, "TEST-1", None).await;
    let mut scenarios = passed(app).await;
    scenarios.extend(waiting(app).await);
    scenarios.extend(accepted(app).await);
    scenarios.extend(closed(app).await);
    scenarios.extend(split(app).await);
    scenarios.extend(every_group(app).await);
    scenarios.extend(excluded(app).await);
    scenarios.extend(together(app).await);
    scenarios.extend(moved(app).await);
    scenarios
}

/// The provider's service asks something that is sealed; it moves nothing that anybody is told of a claimant.
async fn rule(app: &TestApp) {
    let rule = json!({ "serviceId": service(app, app.world.service), "fact": "STAGE", "stages": ["REJECTED"],
        "reasonEn": "Why.", "reasonFr": "Pourquoi." });
    app.as_ministry()
        .done("eligibilityRuleSave", rule, "service { id }")
        .await;
}

const EVERY_GROUP: &[&str] = &[
    "IDENTITY",
    "CONTACT",
    "IDENTIFIERS",
    "CLAIM_STATUS",
    "WORK_AUTHORIZATION",
    "QUALIFICATIONS",
    "FREE_TEXT",
];

/// The person consents to everything there is.
async fn every_group(app: &TestApp) -> Vec<Scenario> {
    let plot = |label| Plot {
        field_groups: EVERY_GROUP,
        ..Plot::open(label)
    };
    let outside = app.client("other-agency");
    // Of another category, so that it fits no open referral here.
    let input = json!({ "nameEn": "Intake", "categories": ["LEGAL"], "languages": ["eng"] });
    let intake = outside.done("serviceSave", input, "service { id }").await;
    let mut at_agency = Story::begin(app, plot("Everything")).await;
    at_agency
        .create(app, Some(intake["service"]["id"].clone()), true)
        .await;
    at_agency.act(&outside, "referralAccept", json!({})).await;
    vec![
        Scenario {
            title: "REQUESTED of the provider, with consent for every field group",
            relations: ADDRESSED,
            story: Story::sent(app, plot("Asked")).await,
        },
        Scenario {
            title: "ACCEPTED, with consent for every field group",
            relations: ADDRESSED,
            story: Story::accepted(app, plot("All")).await,
        },
        Scenario {
            title: "ACCEPTED by another settlement agency, with consent for every field group",
            relations: "agency: source and registering; outside: owner",
            story: at_agency,
        },
    ]
}

/// The person never wants to be known to somebody who knew of them, or could have.
async fn excluded(app: &TestApp) -> Vec<Scenario> {
    let [provider, other] = [app.world.provider, app.world.other_provider]
        .map(|id| app.public_id(NodeType::Organization, id));
    let accepted = Story::accepted(app, Plot::open("Shunned")).await;
    accepted.exclude(app, &provider).await;
    let completed = completed(app, "Past").await;
    completed.exclude(app, &provider).await;
    let mut open = Story::begin(app, Plot::open("Unseen")).await;
    open.exclude(app, &other).await;
    open.create(app, None, true).await;
    let mut child = child(app, "Parted").await;
    let other_client = app.client("other-provider");
    child.act(&other_client, "referralAccept", json!({})).await;
    child.exclude(app, &provider).await;
    vec![
        Scenario {
            title: "ACCEPTED, and then the provider was excluded",
            relations: "agency: source and registering; provider: owner until then, excluded",
            story: accepted,
        },
        Scenario {
            title: "COMPLETED, and then the provider was excluded",
            relations: "agency: source and registering; provider: owner until then, excluded",
            story: completed,
        },
        Scenario {
            title: "REQUESTED of whoever can help, but another provider is excluded",
            relations: "agency: source and registering; provider: eligible; other: excluded",
            story: open,
        },
        Scenario {
            title: "ACCEPTED, split off by the provider, which was excluded then",
            relations: "agency: registering; provider: source until then, excluded; other: owner",
            story: child,
        },
    ]
}

async fn passed(app: &TestApp) -> Vec<Scenario> {
    let expired = Plot {
        consent_expires_at: Some("2026-06-08T14:00:00Z"),
        ..Plot::open("Expired")
    };
    let expired = Story::accepted(app, expired).await;
    let long_ago = completed(app, "Longago").await;
    let grown = Plot {
        child: true,
        ..Plot::open("Grown")
    };
    let grown = Story::accepted(app, grown).await;
    app.clock.advance(TimeDelta::days(100));
    vec![
        Scenario {
            title: "ACCEPTED, and the consent for IDENTITY and CONTACT has expired",
            relations: ADDRESSED,
            story: expired,
        },
        Scenario {
            title: "COMPLETED a hundred days ago",
            relations: ADDRESSED,
            story: long_ago,
        },
        Scenario {
            title: "ACCEPTED, and the claimant for whom a guardian consented has turned sixteen",
            relations: ADDRESSED,
            story: grown,
        },
    ]
}

async fn completed(app: &TestApp, label: &'static str) -> Story {
    let mut story = Story::accepted(app, Plot::open(label)).await;
    story = story.spoken(app, "provider").await;
    let provider = app.as_provider();
    story.act(&provider, "referralStart", json!({})).await;
    let outcomes = json!([{ "kind": "EMPLOYED_FULL_TIME", "date": "2026-06-01", "note": format!("Became{label}") }]);
    let input = json!({ "outcomes": outcomes, "note": format!("Finished{label}") });
    story.act(&provider, "referralComplete", input).await;
    story
}

async fn waiting(app: &TestApp) -> Vec<Scenario> {
    let mut draft = Story::begin(app, Plot::open("Draft")).await;
    draft
        .create(app, Some(service(app, app.world.service)), false)
        .await;
    let requested = Story::sent(app, Plot::open("Requested")).await;
    let requested = requested.spoken(app, "provider").await;
    let mut open = Story::begin(app, Plot::open("Open")).await;
    open.create(app, None, true).await;
    let rerouted = Story::sent(app, Plot::open("Rerouted")).await;
    let mut rerouted = rerouted.spoken(app, "provider").await;
    let elsewhere = json!({ "serviceId": service(app, app.world.other_service), "reason": "WRONG_SERVICE",
        "note": format!("Because{}", rerouted.label) });
    rerouted
        .act(&app.as_agency(), "referralReroute", elsewhere)
        .await;
    vec![
        Scenario {
            title: "DRAFT, to be addressed to the provider",
            relations: "agency: source and registering",
            story: draft,
        },
        Scenario {
            title: "REQUESTED of the provider",
            relations: ADDRESSED,
            story: requested,
        },
        Scenario {
            title: "REQUESTED of whoever can help",
            relations: "agency: source and registering; provider, other: eligible; far: its services are elsewhere",
            story: open,
        },
        Scenario {
            title: "REQUESTED of the provider, then of another",
            relations: "agency: source and registering; provider: owner until then; other: owner",
            story: rerouted,
        },
    ]
}

async fn accepted(app: &TestApp) -> Vec<Scenario> {
    let open = Story::accepted(app, Plot::open("Accepted")).await;
    let mut open = open.spoken(app, "provider").await;
    let assignee = json!({ "assignee": format!("Worker{}", open.label) });
    let provider = app.as_provider();
    open.act(&provider, "referralAssign", assignee).await;
    let sub_status = json!({ "subStatus": "CONTACT_ATTEMPTED" });
    open.act(&provider, "referralSetSubStatus", sub_status)
        .await;
    let sealed = Plot {
        field_groups: &[],
        ..Plot::open("Sealed")
    };
    let via_agency = Plot {
        permission: "VIA_AGENCY_ONLY",
        location_protected: true,
        ..Plot::open("Via")
    };
    vec![
        Scenario {
            title: "ACCEPTED, with consent for IDENTITY and CONTACT",
            relations: ADDRESSED,
            story: open,
        },
        Scenario {
            title: "ACCEPTED, with consent to the referral and to no field group",
            relations: ADDRESSED,
            story: Story::accepted(app, sealed).await,
        },
        Scenario {
            title: "ACCEPTED, with consent for both, contact through the agency only, the location protected",
            relations: ADDRESSED,
            story: Story::accepted(app, via_agency).await,
        },
    ]
}

async fn closed(app: &TestApp) -> Vec<Scenario> {
    let (agency, provider) = (app.as_agency(), app.as_provider());
    let because = |label: &str, reason: &str| -> Value {
        json!({ "reason": reason, "note": format!("Because{label}") })
    };
    let mut rejected = Story::sent(app, Plot::open("Rejected")).await;
    let why = because(rejected.label, "NOT_ELIGIBLE");
    rejected.act(&provider, "referralDecline", why).await;
    let mut cancelled = Story::accepted(app, Plot::open("Cancelled")).await;
    let why = because(cancelled.label, "CLAIMANT_MOVED");
    cancelled.act(&agency, "referralCancel", why).await;
    let withdrawn = Story::accepted(app, Plot::open("Withdrawn")).await;
    let withdrawn = withdrawn.spoken(app, "provider").await;
    withdrawn.withdraw(app).await;
    let mut voided = completed(app, "Voided").await;
    let why = because(voided.label, "OTHER");
    voided.act(&agency, "referralVoid", why).await;
    vec![
        Scenario {
            title: "COMPLETED",
            relations: ADDRESSED,
            story: completed(app, "Completed").await,
        },
        Scenario {
            title: "REJECTED by the provider",
            relations: LEFT,
            story: rejected,
        },
        Scenario {
            title: "CANCELLED by the agency, after it had been accepted",
            relations: LEFT,
            story: cancelled,
        },
        Scenario {
            title: "CANCELLED because the consent was withdrawn",
            relations: LEFT,
            story: withdrawn,
        },
        Scenario {
            title: "ENTERED_IN_ERROR, after it had been completed",
            relations: ADDRESSED,
            story: voided,
        },
    ]
}

/// A family is referred once: one of the two others consents, and one does not.
async fn together(app: &TestApp) -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for (title, label, accepted) in [
        ("REQUESTED, for three of a household", "Family", false),
        ("ACCEPTED, for three of a household", "Household", true),
    ] {
        let mut story = Story::begin(app, Plot::open(label)).await;
        story = story.with_kin(app).await;
        let to = service(app, app.world.service);
        story.create(app, Some(to), true).await;
        if accepted {
            let provider = app.as_provider();
            story.act(&provider, "referralAccept", json!({})).await;
        }
        scenarios.push(Scenario {
            title,
            relations: ADDRESSED,
            story,
        });
    }
    scenarios
}

/// The provider refers the claimant of another organization on.
async fn split(app: &TestApp) -> Vec<Scenario> {
    let mut requested = child(app, "Child").await;
    let mut withdrawn = child(app, "Ended").await;
    let other = app.client("other-provider");
    for story in [&mut requested, &mut withdrawn] {
        story.act(&other, "referralAccept", json!({})).await;
    }
    requested = requested.spoken(app, "other-provider").await;
    withdrawn.withdraw(app).await;
    vec![
        Scenario {
            title: "ACCEPTED, split off a referral that the provider owns",
            relations: "agency: registering; provider: source, and owner of the parent; other: owner",
            story: requested,
        },
        Scenario {
            title: "The same, CANCELLED because the consent was withdrawn",
            relations: "agency: registering; provider: source; other: owner until then",
            story: withdrawn,
        },
    ]
}

async fn child(app: &TestApp, label: &'static str) -> Story {
    let mut story = Story::accepted(app, Plot::open(label)).await;
    let input = json!({ "id": story.referral, "expectedVersion": story.version, "category": "HOUSING",
        "serviceId": service(app, app.world.other_service), "summary": format!("Told{label}") });
    let split = app
        .as_provider()
        .done("referralSplit", input, "referral { id version }")
        .await;
    story.take(&split["referral"]);
    story
}

/// The file goes to another agency: what is open with it, and what is closed not.
async fn moved(app: &TestApp) -> Vec<Scenario> {
    let open = Story::accepted(app, Plot::open("Moving")).await;
    let open = open.spoken(app, "provider").await;
    let closed = completed(app, "Moved").await;
    for story in [&open, &closed] {
        story.move_to(app, app.world.other_agency).await;
    }
    vec![
        Scenario {
            title: "ACCEPTED, and then the file went to another agency",
            relations: "agency: source and registering until then; outside: since then; provider: owner",
            story: open,
        },
        Scenario {
            title: "COMPLETED, and then the file went to another agency",
            relations: "agency: source, and registering until then; outside: registering since; provider: owner",
            story: closed,
        },
    ]
}
