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
use serde_json::{Value, json};

use super::{reach::Path, schema::Field, stories::Stories};
use crate::common::{
    app::{Answer, Client, TestApp},
    story::{Story, service},
};

/// Somebody who looks at one story.
pub struct Viewpoint<'a> {
    pub name: &'static str,
    client: Client<'a>,
    ids: Value,
}

/// Viewpoints that have much in common.
pub struct Block<'a> {
    pub name: &'static str,
    pub viewpoints: Vec<Viewpoint<'a>>,
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
        app.missing(NodeType::Outcome)
    } else {
        outcome.clone()
    };
    json!({ "claimant": story.claimant, "need": story.need, "consent": story.consent,
        "referral": story.referral, "outcome": outcome, "service": service(app, app.world.service) })
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

/// A viewpoint: its name, who looks, and at which story.
type Row = (&'static str, Who, &'static str);

const AGENCY: Who = Who::Of("agency");
const PROVIDER: Who = Who::Of("provider");

/// The block of those who are to be told nothing of anybody.
pub const STRANGERS: &str = "Strangers";

/// The columns, from left to right.
const BLOCKS: &[(&str, &[Row])] = &[
    (
        "The organization that registered the person",
        &[
            ("source, referral accepted", AGENCY, "Accepted"),
            ("source, referral completed", AGENCY, "Completed"),
            ("source, sent anew and on hold", AGENCY, "Anew"),
            ("source, consent withdrawn", AGENCY, "Withdrawn"),
            ("source, entered in error", AGENCY, "Voided"),
            ("not source, a part split off", AGENCY, "Child"),
            ("erasure postponed by a legal hold", AGENCY, "Held"),
            ("the person erased", AGENCY, "Erased"),
            (
                "since the file came, referral accepted",
                Who::Of("next-agency"),
                "Moving",
            ),
            (
                "since the file came, referral completed before",
                Who::Of("next-agency"),
                "Moved",
            ),
        ],
    ),
    (
        "The organization that registered the person once, and whose file went to another",
        &[
            ("referral accepted when it went", AGENCY, "Moving"),
            ("source of one completed before", AGENCY, "Moved"),
        ],
    ),
    (
        "The source, which registered nobody",
        &[("of a part split off", PROVIDER, "Child")],
    ),
    (
        "The owner",
        &[
            (
                "before acceptance, consent to identity and contact",
                PROVIDER,
                "Requested",
            ),
            (
                "before acceptance, consent to every group",
                PROVIDER,
                "Asked",
            ),
            (
                "after it, consent to those, to qualifications and work authorization",
                PROVIDER,
                "Accepted",
            ),
            ("after it, consent to identity alone", PROVIDER, "Identity"),
            ("after it, consent to contact alone", PROVIDER, "Contact"),
            (
                "after it, consent to both, contact through the agency only, location protected",
                PROVIDER,
                "Via",
            ),
            ("after it, consent to every group", PROVIDER, "Everything"),
            (
                "after it, consent to every group, a settlement agency",
                Who::Of("other-agency"),
                "Settled",
            ),
            ("after it, consent to no group", PROVIDER, "Sealed"),
            ("after it, consent expired", PROVIDER, "Expired"),
            ("of one sent anew, on hold", PROVIDER, "Anew"),
            ("of a part split off", Who::Of("other-provider"), "Child"),
        ],
    ),
    (
        "The owner of what is closed",
        &[
            ("completed", PROVIDER, "Completed"),
            ("completed a hundred days ago", PROVIDER, "Longago"),
            (
                "completed, erasure postponed by a legal hold",
                PROVIDER,
                "Held",
            ),
            ("completed, the person erased", PROVIDER, "Erased"),
            (
                "completed, the file gone to another organization",
                PROVIDER,
                "Moved",
            ),
            ("entered in error", PROVIDER, "Voided"),
        ],
    ),
    (
        "The owner until its access ended",
        &[
            ("by withdrawal of consent", PROVIDER, "Withdrawn"),
            ("by an exclusion", PROVIDER, "Excluding"),
            ("by its own refusal", PROVIDER, "Declined"),
        ],
    ),
    (
        "No party",
        &[("eligible for an open referral", PROVIDER, "Open")],
    ),
    (
        STRANGERS,
        &[
            (
                "a provider in the region, excluded once",
                Who::Of("other-provider"),
                "Accepted",
            ),
            ("a provider elsewhere", Who::Of("far-provider"), "Open"),
            ("a settlement agency", Who::Of("other-agency"), "Accepted"),
        ],
    ),
    (
        "The ministry",
        &[
            ("reports only", Who::Reports, "Accepted"),
            ("with oversight", Who::Of("ministry"), "Accepted"),
            ("oversight elsewhere", Who::Of("ministry-north"), "Accepted"),
        ],
    ),
    ("Nobody", &[("without a token", Who::Nobody, "Accepted")]),
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

/// Every viewpoint, in the order of the columns.
pub async fn all(app: &TestApp) -> Vec<Block<'_>> {
    let stories = Stories::tell(app).await;
    // So that there is something to be told of what was disclosed.
    let look = "query($id: ID!) { claimant(id: $id) { identity { fullName } } }";
    for (_, who, story) in BLOCKS.iter().flat_map(|(_, rows)| *rows) {
        let id = json!({ "id": stories.of(story).claimant });
        client(app, who).ask(look, id).await;
    }
    let mut blocks = Vec::new();
    for (name, rows) in BLOCKS {
        let mut viewpoints = Vec::new();
        for (name, who, story) in *rows {
            viewpoints.push(Viewpoint {
                name,
                client: client(app, who),
                ids: ids(app, stories.of(story)).await,
            });
        }
        blocks.push(Block { name, viewpoints });
    }
    blocks
}
