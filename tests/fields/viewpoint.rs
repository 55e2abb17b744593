//! From where a claimant and a referral are looked at: each way in which an organization can stand to them, under each
//! state of consent that makes a difference.
use chrono::TimeDelta;
use claimant_gateway::{
    auth::{
        demo::TokenRequest,
        scope::{Scope, ScopeSet},
    },
    opaque::NodeType,
};
use sea_orm::prelude::Uuid;
use serde_json::{Value, json};

use super::{reach::Path, schema::Field};
use crate::common::{
    app::{Answer, Client, TestApp},
    story::{Plot, Story, service},
};

/// Somebody who looks at one story.
pub struct Viewpoint<'a> {
    pub name: &'static str,
    client: Client<'a>,
    ids: Value,
}

impl Viewpoint<'_> {
    /// Asks for these fields of the objects at the end of a path.
    pub async fn ask(&self, path: &Path, fields: &[Field]) -> Answer {
        let selections: Vec<&str> = fields
            .iter()
            .map(|field| field.selection.as_str())
            .collect();
        let query = path.query(&selections.join(" "));
        self.client.ask(&query, self.ids.clone()).await
    }
}

async fn ids(app: &TestApp, story: &Story) -> Value {
    let answer = app
        .as_agency()
        .ask(
            "query($id: ID!) { referral(id: $id) { outcomes { id } } }",
            json!({ "id": story.referral }),
        )
        .await;
    let outcome = &answer.data()["referral"]["outcomes"][0]["id"];
    let outcome = if outcome.is_null() {
        app.store
            .keys()
            .id(NodeType::Outcome, Uuid::now_v7())
            .into()
    } else {
        outcome.clone()
    };
    json!({ "claimant": story.claimant, "need": story.need, "consent": story.consent,
        "referral": story.referral, "outcome": outcome, "service": service(app, app.world.service) })
}

async fn completed(app: &TestApp, label: &'static str) -> Story {
    let mut story = Story::accepted(app, Plot::open(label))
        .await
        .spoken(app, "provider")
        .await;
    let outcomes =
        json!([{ "kind": "HOUSED", "date": "2026-06-01", "note": format!("Became{label}") }]);
    let input = json!({ "outcomes": outcomes, "note": format!("Finished{label}") });
    story
        .act(&app.as_provider(), "referralComplete", input)
        .await;
    story
}

/// The stories, each once.
struct Stories {
    expired: Story,
    long_ago: Story,
    requested: Story,
    open: Story,
    accepted: Story,
    sealed: Story,
    withdrawn: Story,
    declined: Story,
    completed: Story,
    voided: Story,
    child: Story,
    excluding: Story,
}

async fn excluding(app: &TestApp) -> Story {
    let story = Story::accepted(app, Plot::open("Excluding"))
        .await
        .spoken(app, "provider")
        .await;
    let provider = app.public_id(NodeType::Organization, app.world.provider);
    story.exclude(app, &provider).await;
    story
}

/// With a household, of which one consents to be known.
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
    accepted
        .act(&app.as_provider(), "referralAccept", json!({}))
        .await;
    let accepted = accepted.spoken(app, "provider").await;
    let far = app.public_id(NodeType::Organization, app.world.far_provider);
    accepted.exclude(app, &far).await;
    accepted
}

/// The provider's service asks about every fact, so that a preview has something to tell.
async fn rules(app: &TestApp) {
    let region = app.public_id(NodeType::Region, app.world.northern);
    for asked in [
        json!({ "fact": "STAGE", "stages": ["REJECTED"], "validTo": "2099-12-31" }),
        json!({ "fact": "WORK_AUTHORIZATION", "validForDays": 30 }),
        json!({ "fact": "AGE", "ageFrom": 60, "ageTo": 99 }),
        json!({ "fact": "LANGUAGE_LEVEL", "language": "eng", "languageLevel": 4 }),
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
    child
}

async fn stories(app: &TestApp) -> Stories {
    rules(app).await;
    let expired = Plot {
        consent_expires_at: Some("2026-06-08T14:00:00Z"),
        ..Plot::open("Expired")
    };
    let expired = Story::accepted(app, expired)
        .await
        .spoken(app, "provider")
        .await;
    let long_ago = completed(app, "Longago").await;
    app.clock.advance(TimeDelta::days(100));
    let requested = Story::sent(app, Plot::open("Requested"))
        .await
        .spoken(app, "provider")
        .await;
    let mut open = Story::begin(app, Plot::open("Open")).await;
    open.create(app, None, true).await;
    let accepted = accepted(app).await;
    let sealed = Plot {
        field_groups: &[],
        ..Plot::open("Sealed")
    };
    let sealed = Story::accepted(app, sealed)
        .await
        .spoken(app, "provider")
        .await;
    let withdrawn = Story::accepted(app, Plot::open("Withdrawn"))
        .await
        .spoken(app, "provider")
        .await;
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
    voided
        .act(
            &app.as_agency(),
            "referralVoid",
            json!({ "reason": "OTHER" }),
        )
        .await;
    Stories {
        expired,
        long_ago,
        requested,
        open,
        accepted,
        sealed,
        withdrawn,
        declined,
        completed: completed(app, "Completed").await,
        voided,
        child: split_off(app).await,
        excluding: excluding(app).await,
    }
}

/// Who looks.
enum Who {
    /// A worker of this organization, with every scope of its role.
    Of(&'static str),
    /// The ministry's, with the scope for reports alone.
    Reports,
    /// Somebody without a token.
    Nobody,
}

type Row = (&'static str, Who, fn(&Stories) -> &Story);

const AGENCY: Who = Who::Of("agency");
const PROVIDER: Who = Who::Of("provider");

const ROWS: [Row; 24] = [
    (
        "registering and source, referral accepted",
        AGENCY,
        |stories| &stories.accepted,
    ),
    (
        "registering and source, referral completed",
        AGENCY,
        |stories| &stories.completed,
    ),
    (
        "registering and source, consent withdrawn",
        AGENCY,
        |stories| &stories.withdrawn,
    ),
    (
        "registering and source, entered in error",
        AGENCY,
        |stories| &stories.voided,
    ),
    ("registering, not source", AGENCY, |stories| &stories.child),
    ("source, not registering", PROVIDER, |stories| {
        &stories.child
    }),
    (
        "owner before acceptance, with consent",
        PROVIDER,
        |stories| &stories.requested,
    ),
    (
        "owner after acceptance, with consent",
        PROVIDER,
        |stories| &stories.accepted,
    ),
    (
        "owner after acceptance, consent to no group",
        PROVIDER,
        |stories| &stories.sealed,
    ),
    (
        "owner after acceptance, consent expired",
        PROVIDER,
        |stories| &stories.expired,
    ),
    ("owner until consent was withdrawn", PROVIDER, |stories| {
        &stories.withdrawn
    }),
    ("owner until it was excluded", PROVIDER, |stories| {
        &stories.excluding
    }),
    ("owner until it declined", PROVIDER, |stories| {
        &stories.declined
    }),
    ("owner of a completed referral", PROVIDER, |stories| {
        &stories.completed
    }),
    (
        "owner of one completed a hundred days ago",
        PROVIDER,
        |stories| &stories.long_ago,
    ),
    ("owner of one entered in error", PROVIDER, |stories| {
        &stories.voided
    }),
    ("eligible for an open referral", PROVIDER, |stories| {
        &stories.open
    }),
    (
        "a stranger, a provider in the region",
        Who::Of("other-provider"),
        |stories| &stories.accepted,
    ),
    (
        "a stranger, a provider elsewhere",
        Who::Of("far-provider"),
        |stories| &stories.open,
    ),
    (
        "a stranger, a settlement agency",
        Who::Of("other-agency"),
        |stories| &stories.accepted,
    ),
    ("the ministry, reports only", Who::Reports, |stories| {
        &stories.accepted
    }),
    (
        "the ministry, with oversight",
        Who::Of("ministry"),
        |stories| &stories.accepted,
    ),
    (
        "the ministry, oversight elsewhere",
        Who::Of("ministry-north"),
        |stories| &stories.accepted,
    ),
    ("nobody, without a token", Who::Nobody, |stories| {
        &stories.accepted
    }),
];

fn client<'a>(app: &'a TestApp, who: &Who) -> Client<'a> {
    let (organization, scopes): (_, ScopeSet) = match who {
        Who::Nobody => return app.anonymous(),
        Who::Of(organization) => (*organization, Scope::ALL.iter().copied().collect()),
        Who::Reports => {
            let scopes = [Scope::DirectoryRead, Scope::ReportRead];
            ("ministry", scopes.into_iter().collect())
        }
    };
    app.client_by(&TokenRequest {
        organization: organization.to_owned(),
        scopes,
        subject: "worker".to_owned(),
        region: None,
        lifetime: TimeDelta::days(400),
    })
}

/// The agency decides that two of its claimants are the same.
async fn merge(app: &TestApp, stories: &Stories) {
    app.compares().await;
    let query = "{ duplicateCandidates(first: 100) { edges { node { id claimant { id } other { id } } } } }";
    let answer = app.as_agency().query(query).await;
    let edges = answer.data()["duplicateCandidates"]["edges"].as_array();
    let mut pairs = edges.expect("edges").iter().map(|edge| &edge["node"]);
    let (first, other) = (&stories.accepted.claimant, &stories.completed.claimant);
    let pair = pairs.find(|pair| pair["claimant"]["id"] == *first && pair["other"]["id"] == *other);
    let pair = &pair.expect("what tests call people is much alike")["id"];
    let same = json!({ "id": pair, "expectedVersion": 1, "decision": "SAME" });
    app.as_agency()
        .done("duplicateDecide", same, "duplicateCandidate { id }")
        .await;
}

/// Every viewpoint, in the order of the columns.
pub async fn all(app: &TestApp) -> Vec<Viewpoint<'_>> {
    let stories = stories(app).await;
    merge(app, &stories).await;
    // So that there is something to be told of what was disclosed.
    let look = "query($id: ID!) { claimant(id: $id) { identity { fullName } } }";
    for (_, who, story) in &ROWS {
        let id = json!({ "id": story(&stories).claimant });
        client(app, who).ask(look, id).await;
    }
    let mut viewpoints = Vec::new();
    for (name, who, story) in &ROWS {
        viewpoints.push(Viewpoint {
            name,
            client: client(app, who),
            ids: ids(app, story(&stories)).await,
        });
    }
    viewpoints
}
