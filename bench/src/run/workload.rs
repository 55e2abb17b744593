//! What callers do, as requests: of the gateway with the caller's own token, of the floor with the caller's organization.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use claimant_gateway::{
    auth::demo::DemoIssuer,
    clock::Clock,
    opaque::{Keys, NodeType},
};
use clap::ValueEnum;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::wrk::Request;
use crate::{
    Failure,
    load::directory::MINISTRY,
    place::{Place, token},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Workload {
    /// The first 50 of an inbox.
    W1,
    /// The next 50, by cursor.
    W1b,
    /// One referral by its id.
    W2,
    /// One transition.
    W3,
    /// 100 changes after a cursor, five times.
    W5,
    /// Many subscribers, and one change at a time.
    W5s,
    /// 70 % W1, 20 % W2, 9 % W3, 1 % W4.
    W6,
}

impl Workload {
    pub const fn name(self) -> &'static str {
        match self {
            Self::W1 => "W1 inbox",
            Self::W1b => "W1 page 2",
            Self::W2 => "W2 one",
            Self::W3 => "W3 write",
            Self::W5 => "W5 feed (100)",
            Self::W5s => "W5 subscribers",
            Self::W6 => "W6 mix",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum Contender {
    Gateway,
    /// The floor, which writes down what it disclosed.
    Floor,
    /// The floor without that record.
    FloorBare,
    /// PostGraphile on the same tables, with no lock.
    Postgraphile,
}

impl Contender {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Floor => "floor",
            Self::FloorBare => "floor, no disclosure row",
            Self::Postgraphile => "PostGraphile, no lock",
        }
    }

    pub const fn plays(self, workload: Workload) -> bool {
        match self {
            Self::Gateway => true,
            Self::Floor => !matches!(workload, Workload::W5 | Workload::W5s | Workload::W6),
            Self::FloorBare => matches!(workload, Workload::W1 | Workload::W1b | Workload::W2),
            Self::Postgraphile => matches!(workload, Workload::W1 | Workload::W2 | Workload::W3),
        }
    }
}

const REFERRAL: &str = "id reference status priority createdAt \
    claimant { id language ageBand interpreterNeeded region { name } identity { givenName familyName birthDate } } \
    service { id name categories organization { id name } }";

fn inbox() -> String {
    format!(
        "query Inbox($after: String) {{ referrals(box: INBOX, filter: {{status: [REQUESTED, ACCEPTED, IN_PROGRESS]}}, \
         orderBy: {{field: CREATED_AT, direction: DESC}}, first: 50, after: $after) \
         {{ edges {{ node {{ {REFERRAL} source {{ id name }} }} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    )
}

fn one() -> String {
    format!(
        "query One($id: ID!) {{ referral(id: $id) {{ {REFERRAL} category summary updatedAt version \
         source {{ id name kind }} owner {{ id name kind }} \
         history(last: 20) {{ edges {{ node {{ at kind fromStatus toStatus reason organization {{ id name }} }} }} }} }} }}"
    )
}

const HOLD: &str = "mutation Hold($input: ReferralReasonInput!) { referralHold(input: $input) \
    { referral { id reference status version updatedAt } userErrors { code message } } }";
const RESUME: &str = "mutation Resume($input: ReferralActionInput!) { referralResume(input: $input) \
    { referral { id reference status version updatedAt } userErrors { code message } } }";
const CHANGES: &str = "query Feed($after: Cursor) { changes(after: $after, first: 100) \
    { edges { node { cursor at kind subjectId fromStatus toStatus reason version organization { id name } } } \
    pageInfo { hasNextPage endCursor } } }";
const REPORT: &str = "query Report($input: ReferralReportInput!) { referralReport(input: $input) \
    { asOf rows { keys { dimension value } count } suppressed total } }";

/// The same of PostGraphile, which names things by the tables.
mod postgraphile {
    pub const REFERRAL: &str = "rowId reference status priority createdAt claimantByClaimantId { rowId language ageBand \
        interpreterNeeded regionByRegionId { nameEn } benchPersonByClaimantId { givenName familyName birthDate } } \
        serviceByServiceId { rowId nameEn serviceCategoriesByServiceId { nodes { category } } \
        organizationByOrganizationId { rowId nameEn } }";
    pub const WRITE: &str = "mutation Write($id: UUID!, $patch: ReferralPatch!, $entry: BenchJournalEntryInput!) { \
        updateReferralByRowId(input: {rowId: $id, referralPatch: $patch}) { referral { rowId reference status version updatedAt } } \
        createBenchJournalEntry(input: {benchJournalEntry: $entry}) { benchJournalEntry { rowId } } }";

    pub fn inbox() -> String {
        format!(
            "query Inbox($organization: UUID!) {{ allReferrals(filter: {{ownerId: {{equalTo: $organization}}, \
             ownerAccess: {{equalTo: true}}, status: {{in: [\"REQUESTED\", \"ACCEPTED\", \"IN_PROGRESS\"]}}}}, \
             orderBy: [CREATED_AT_DESC, ROW_ID_DESC], first: 50) \
             {{ nodes {{ {REFERRAL} organizationBySourceId {{ rowId nameEn }} }} pageInfo {{ hasNextPage }} }} }}"
        )
    }

    pub fn one() -> String {
        format!(
            "query One($id: UUID!) {{ referralByRowId(rowId: $id) {{ {REFERRAL} category updatedAt version \
             benchSummaryByReferralId {{ summary }} organizationBySourceId {{ rowId nameEn kind }} \
             organizationByOwnerId {{ rowId nameEn kind }} }} \
             allJournalEntries(filter: {{subjectId: {{equalTo: $id}}, privateToId: {{isNull: true}}, \
             kind: {{notIn: [\"ACCESS_ENDED\", \"OVERSIGHT_READ\", \"REROUTE_REQUESTED\"]}}}}, \
             orderBy: [SUBJECT_VERSION_DESC, ROW_ID_DESC], first: 20) {{ nodes {{ at kind fromStatus toStatus reason \
             organizationByOrganizationId {{ rowId nameEn }} }} }} }}"
        )
    }
}

/// One referral, and whoever owns it.
#[derive(Clone, Debug)]
pub struct Owned {
    pub id: Uuid,
    pub owner: Uuid,
    pub version: i32,
    pub held: bool,
}

/// What is done to a referral.
struct Step {
    from: &'static str,
    to: &'static str,
    kind: &'static str,
    reason: Option<&'static str>,
}

impl Owned {
    const fn step(&self) -> Step {
        if self.held {
            Step {
                from: "ON_HOLD",
                to: "IN_PROGRESS",
                kind: "REFERRAL_RESUMED",
                reason: None,
            }
        } else {
            Step {
                from: "IN_PROGRESS",
                to: "ON_HOLD",
                kind: "REFERRAL_HELD",
                reason: Some("AT_CAPACITY"),
            }
        }
    }

    /// The step as a patch of the row and an entry in a journal; nothing asks for the version that was read.
    fn patch(&self) -> Value {
        let Step {
            from,
            to,
            kind,
            reason,
        } = self.step();
        let now = Clock::system().now();
        json!({
            "id": self.id,
            "patch": { "status": to, "statusReason": reason, "version": self.version + 1, "updatedAt": now },
            "entry": {
                "rowId": Uuid::now_v7(), "at": now, "actor": "bench-caller", "client": "bench-caller",
                "organizationId": self.owner, "subjectType": "REFERRAL", "subjectId": self.id,
                "subjectVersion": self.version + 1, "kind": kind, "fromStatus": from, "toStatus": to,
                "reason": reason, "audience": json!([self.owner]),
            },
        })
    }
}

/// Where the second page begins.
#[derive(Clone, Debug)]
pub struct Second {
    pub cursor: String,
    pub after: (DateTime<Utc>, Uuid),
}

/// What requests are made of.
pub struct Material {
    pub(super) keys: Keys,
    pub tokens: HashMap<Uuid, String>,
    ministry: String,
    /// Each as often as it asks.
    pub askers: Vec<Uuid>,
    pub seconds: HashMap<Uuid, Second>,
    pub owned: Vec<Owned>,
    pub cursors: Vec<(Uuid, String)>,
}

/// Organizations with more than two pages that wait or are worked on; the busy ones ask more.
const ASKERS: &str = "SELECT o.id, o.code, (SELECT count(*) FROM (SELECT 1 FROM referral r WHERE r.owner_id = o.id \
        AND r.owner_access AND r.status IN ('REQUESTED', 'ACCEPTED', 'IN_PROGRESS') LIMIT 5000) waiting) \
    FROM organization o ORDER BY o.id";

/// Referrals that are open, in no order that anything else has.
const OWNED: &str = "SELECT id, owner_id, version FROM referral r WHERE owner_access \
        AND status IN ('REQUESTED', 'ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') \
        AND NOT EXISTS (SELECT 1 FROM exclusion x WHERE x.organization_id = r.owner_id AND x.claimant_id = r.claimant_id) \
    ORDER BY md5(id::text || $1) LIMIT $2";

/// Referrals that can be held or resumed.
const MOVABLE: &str = "SELECT id, owner_id, version, status = 'ON_HOLD' FROM referral r WHERE owner_access \
        AND status IN ('IN_PROGRESS', 'ON_HOLD') \
        AND NOT EXISTS (SELECT 1 FROM exclusion x WHERE x.organization_id = r.owner_id AND x.claimant_id = r.claimant_id) \
    ORDER BY md5(id::text || $1) LIMIT $2";

impl Material {
    pub async fn gather(
        place: &Place,
        client: &Client,
        issuer: &DemoIssuer,
        verified: bool,
    ) -> Result<Self, Failure> {
        let (mut tokens, mut askers) = (HashMap::new(), Vec::new());
        for row in client.query(ASKERS, &[]).await? {
            let (id, code, waiting): (Uuid, String, i64) = (row.get(0), row.get(1), row.get(2));
            // A gateway that does not verify takes the code alone.
            let bearer = if verified {
                token(issuer, &code)?
            } else {
                code
            };
            tokens.insert(id, bearer);
            if waiting > 100 {
                let turns = usize::try_from(waiting / 100).unwrap_or(1);
                askers.extend(std::iter::repeat_n(id, turns.min(50)));
            }
        }
        if askers.is_empty() {
            return Err(Failure::Text("no organization has a full inbox".to_owned()));
        }
        // Neighbours in the list are one organization; far apart they are many.
        let askers = (0..askers.len() * 7)
            .map(|turn| askers[turn * 7_919 % askers.len()])
            .collect();
        let rows = client.query(OWNED, &[&"read", &20_000_i64]).await?;
        let owned = rows
            .iter()
            .map(|row| Owned {
                id: row.get(0),
                owner: row.get(1),
                version: row.get(2),
                held: false,
            })
            .collect();
        Ok(Self {
            keys: place.keys(),
            tokens,
            ministry: token(issuer, MINISTRY)?,
            askers,
            seconds: HashMap::new(),
            owned,
            cursors: Vec::new(),
        })
    }

    /// Referrals to hold or resume, as they stand now.
    pub async fn movable(client: &Client, salt: &str, count: usize) -> Result<Vec<Owned>, Failure> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let rows = client.query(MOVABLE, &[&salt, &count]).await?;
        Ok(rows
            .iter()
            .map(|row| Owned {
                id: row.get(0),
                owner: row.get(1),
                version: row.get(2),
                held: row.get(3),
            })
            .collect())
    }

    pub(super) fn graphql(&self, organization: Uuid, query: &str, variables: Value) -> Request {
        Request {
            path: "/graphql".to_owned(),
            token: self.tokens.get(&organization).cloned().unwrap_or_default(),
            body: json!({ "query": query, "variables": variables }).to_string(),
        }
    }

    fn postgraphile(query: &str, variables: Value) -> Request {
        Request {
            path: "/graphql".to_owned(),
            token: String::new(),
            body: json!({ "query": query, "variables": variables }).to_string(),
        }
    }

    fn floor(path: &str, contender: Contender, body: Value) -> Request {
        let disclosed = if contender == Contender::Floor {
            "/disclosed"
        } else {
            ""
        };
        Request {
            path: format!("{path}{disclosed}"),
            token: String::new(),
            body: body.to_string(),
        }
    }

    pub fn inbox(&self, contender: Contender, organization: Uuid) -> Request {
        match contender {
            Contender::Gateway => self.graphql(organization, &inbox(), json!({})),
            Contender::Floor | Contender::FloorBare => Self::floor(
                "/w1",
                contender,
                json!({ "organization": organization, "after": null }),
            ),
            Contender::Postgraphile => {
                let variables = json!({ "organization": organization });
                Self::postgraphile(&postgraphile::inbox(), variables)
            }
        }
    }

    /// The second page; none where it is not known where it begins.
    pub fn second(&self, contender: Contender, organization: Uuid) -> Option<Request> {
        let second = self.seconds.get(&organization)?;
        Some(match contender {
            Contender::Gateway => {
                self.graphql(organization, &inbox(), json!({ "after": second.cursor }))
            }
            Contender::Floor | Contender::FloorBare => Self::floor(
                "/w1",
                contender,
                json!({ "organization": organization, "after": second.after }),
            ),
            Contender::Postgraphile => return None,
        })
    }

    pub fn one(&self, contender: Contender, owned: &Owned) -> Request {
        match contender {
            Contender::Gateway => {
                let id = self.keys.id(NodeType::Referral, owned.id);
                self.graphql(owned.owner, &one(), json!({ "id": id }))
            }
            Contender::Floor | Contender::FloorBare => Self::floor(
                "/w2",
                contender,
                json!({ "organization": owned.owner, "id": owned.id }),
            ),
            Contender::Postgraphile => {
                Self::postgraphile(&postgraphile::one(), json!({ "id": owned.id }))
            }
        }
    }

    pub fn write(&self, contender: Contender, owned: &Owned) -> Request {
        match contender {
            Contender::Gateway => {
                let id = self.keys.id(NodeType::Referral, owned.id);
                let mut input = json!({ "id": id, "expectedVersion": owned.version });
                if owned.held {
                    return self.graphql(owned.owner, RESUME, json!({ "input": input }));
                }
                input["reason"] = "AT_CAPACITY".into();
                self.graphql(owned.owner, HOLD, json!({ "input": input }))
            }
            Contender::Floor | Contender::FloorBare => {
                let Step {
                    from,
                    to,
                    kind,
                    reason,
                } = owned.step();
                Request {
                    path: "/w3".to_owned(),
                    token: String::new(),
                    body: json!({
                        "organization": owned.owner, "id": owned.id, "version": owned.version,
                        "from": from, "to": to, "kind": kind, "reason": reason,
                    })
                    .to_string(),
                }
            }
            Contender::Postgraphile => Self::postgraphile(postgraphile::WRITE, owned.patch()),
        }
    }

    pub fn changes(&self, organization: Uuid, after: Option<&str>) -> Request {
        self.graphql(organization, CHANGES, json!({ "after": after }))
    }

    fn report(&self) -> Request {
        let input = json!({
            "period": { "from": "2025-01-01", "to": "2027-01-01" },
            "groupBy": ["STATUS", "MONTH", "REGION"],
        });
        Request {
            path: "/graphql".to_owned(),
            token: self.ministry.clone(),
            body: json!({ "query": REPORT, "variables": { "input": input } }).to_string(),
        }
    }

    /// Many requests of a workload; those of [`Workload::W3`] are made of `movable`.
    pub fn requests(
        &self,
        contender: Contender,
        workload: Workload,
        movable: &[Owned],
        with_report: bool,
    ) -> Vec<Request> {
        match workload {
            Workload::W1 => {
                let askers = self.askers.iter();
                askers.map(|id| self.inbox(contender, *id)).collect()
            }
            Workload::W1b => {
                let askers = self.askers.iter();
                askers
                    .filter_map(|id| self.second(contender, *id))
                    .collect()
            }
            Workload::W2 => {
                let owned = self.owned.iter();
                owned.map(|owned| self.one(contender, owned)).collect()
            }
            Workload::W3 => {
                let movable = movable.iter();
                movable.map(|owned| self.write(contender, owned)).collect()
            }
            Workload::W5 => {
                let cursors = self.cursors.iter();
                cursors
                    .map(|(id, cursor)| self.changes(*id, Some(cursor)))
                    .collect()
            }
            // They are driven by `subscribers`, on sockets.
            Workload::W5s => Vec::new(),
            Workload::W6 => self.mix(contender, movable, with_report),
        }
    }

    /// As many as there are referrals to move, each of which is moved once.
    fn mix(&self, contender: Contender, movable: &[Owned], with_report: bool) -> Vec<Request> {
        let mut mix = Vec::with_capacity(movable.len() * 11);
        let mut reads = 0_usize;
        for hundred in movable.chunks_exact(9) {
            let mut writes = hundred.iter();
            for turn in 0..100_usize {
                reads += 1;
                // Eleven apart, so that the nine writes of a hundred do not meet.
                mix.push(match turn {
                    5 | 16 | 27 | 38 | 49 | 60 | 71 | 82 | 93 => match writes.next() {
                        Some(owned) => self.write(contender, owned),
                        None => continue,
                    },
                    99 if with_report => self.report(),
                    turn if turn % 5 == 0 => {
                        self.one(contender, &self.owned[reads % self.owned.len()])
                    }
                    _ => self.inbox(contender, self.askers[reads % self.askers.len()]),
                });
            }
        }
        mix
    }
}
