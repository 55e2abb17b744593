//! The floor: what a good programmer writes by hand for exactly three requests with axum and tokio-postgres. The same rule
//! stands in its SQL, and the same record of disclosures where that is asked for; there is no token, nothing is sealed, and
//! no other request is served.
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use claimant_gateway::{
    clock::Clock,
    domain::disclosure::{Basis, Disclosed, encode},
};
use entity::{ClaimantId, ConsentId, FieldGroup, ReferralId};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Client, Row, Statement};
use uuid::Uuid;

use crate::{Failure, place::Place, sql::connect};

mod disclosure;
mod sql;

use disclosure::Writer;

/// As many as the gateway has.
const CONNECTIONS: usize = 16;

struct Connection {
    client: Client,
    inbox: Statement,
    inbox_after: Statement,
    one: Statement,
    history: Statement,
    write: Statement,
}

impl Connection {
    async fn open(url: &str) -> Result<Self, Failure> {
        let client = connect(url).await?;
        Ok(Self {
            inbox: client.prepare(&sql::inbox(false)).await?,
            inbox_after: client.prepare(&sql::inbox(true)).await?,
            one: client.prepare(sql::ONE).await?,
            history: client.prepare(sql::HISTORY).await?,
            write: client.prepare(sql::WRITE).await?,
            client,
        })
    }
}

#[derive(Clone)]
struct Floor {
    connections: Arc<Vec<Connection>>,
    turn: Arc<AtomicUsize>,
    clock: Clock,
    disclosures: Writer,
}

impl Floor {
    fn connection(&self) -> &Connection {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        &self.connections[turn % self.connections.len()]
    }

    fn now(&self) -> DateTime<Utc> {
        self.clock.now().trunc_subsecs(6)
    }
}

/// Serves until it is killed.
///
/// # Errors
/// When PostgreSQL or the address is not to be had.
pub async fn serve(place: &Place, listen: SocketAddr) -> Result<(), Failure> {
    let mut connections = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(place.url()).await?);
    }
    let floor = Floor {
        connections: Arc::new(connections),
        turn: Arc::default(),
        clock: Clock::system(),
        disclosures: Writer::start(connect(place.url()).await?).await?,
    };
    let router = Router::new()
        .route("/w1", post(|state, body| w1(state, body, false)))
        .route("/w1/disclosed", post(|state, body| w1(state, body, true)))
        .route("/w2", post(|state, body| w2(state, body, false)))
        .route("/w2/disclosed", post(|state, body| w2(state, body, true)))
        .route("/w3", post(w3))
        .route("/health/live", get(|| async { "ok" }))
        .with_state(floor);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        // Without it a small answer waits; where it cannot be had, it waits.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

#[derive(Deserialize)]
struct Inbox {
    organization: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
}

#[derive(Deserialize)]
struct One {
    organization: Uuid,
    id: Uuid,
}

#[derive(Deserialize)]
struct Write {
    organization: Uuid,
    id: Uuid,
    version: i32,
    from: String,
    to: String,
    kind: String,
    reason: Option<String>,
}

#[derive(Serialize)]
struct Named<'r> {
    id: Uuid,
    name: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Organization<'r> {
    id: Uuid,
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'r str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'r> {
    given_name: Option<&'r str>,
    family_name: Option<&'r str>,
    birth_date: Option<NaiveDate>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Claimant<'r> {
    id: Uuid,
    language: Option<&'r str>,
    age_band: Option<&'r str>,
    interpreter_needed: bool,
    region: Option<&'r str>,
    identity: Option<Identity<'r>>,
}

#[derive(Serialize)]
struct Service<'r> {
    id: Uuid,
    name: &'r str,
    categories: Vec<&'r str>,
    organization: Named<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Referral<'r> {
    id: Uuid,
    reference: &'r str,
    status: &'r str,
    priority: &'r str,
    created_at: DateTime<Utc>,
    claimant: Option<Claimant<'r>>,
    service: Option<Service<'r>>,
    source: Organization<'r>,
}

/// The columns that both statements begin with.
fn referral(row: &Row) -> Referral<'_> {
    let claimant: Option<Uuid> = row.get(5);
    let service: Option<Uuid> = row.get(13);
    let opened: Option<Uuid> = row.get(20);
    Referral {
        id: row.get(0),
        reference: row.get(1),
        status: row.get(2),
        priority: row.get(3),
        created_at: row.get(4),
        claimant: claimant.map(|id| Claimant {
            id,
            language: row.get(6),
            age_band: row.get(7),
            interpreter_needed: row.get(8),
            region: row.get(9),
            identity: opened.map(|_| Identity {
                given_name: row.get(10),
                family_name: row.get(11),
                birth_date: row.get(12),
            }),
        }),
        service: service.map(|id| Service {
            id,
            name: row.get(14),
            categories: row.get(15),
            organization: Named {
                id: row.get(16),
                name: row.get(17),
            },
        }),
        source: Organization {
            id: row.get(18),
            name: row.get(19),
            kind: None,
        },
    }
}

/// What an answer tells of the claimant in a row.
fn disclosed(row: &Row, groups: &[FieldGroup]) -> Option<Disclosed> {
    let claimant: Uuid = row.get::<_, Option<Uuid>>(5)?;
    let referral: Option<Uuid> = row.get(20);
    let consent: Option<Uuid> = row.get(21);
    let opened = referral.is_some();
    let groups: Vec<FieldGroup> = groups
        .iter()
        .copied()
        .filter(|group| opened || *group != FieldGroup::Identity)
        .collect();
    (!groups.is_empty()).then(|| Disclosed {
        claimant: ClaimantId(claimant),
        basis: Basis {
            referral: referral.map(ReferralId),
            consent: consent.map(ConsentId),
        },
        groups,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InboxAnswer<'r> {
    nodes: Vec<Referral<'r>>,
    has_next_page: bool,
    end: Option<(DateTime<Utc>, Uuid)>,
}

/// Why a request has no answer: the status alone.
struct Refused(StatusCode);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        eprintln!("{error:?}");
        Self(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<serde_json::Error> for Refused {
    fn from(_: serde_json::Error) -> Self {
        Self(StatusCode::BAD_REQUEST)
    }
}

fn json(answer: &impl Serialize, size: usize) -> Result<Response, Refused> {
    let mut body = Vec::with_capacity(size);
    serde_json::to_writer(&mut body, answer)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

impl Floor {
    /// Writes down what was disclosed, before the answer leaves.
    async fn disclose(
        &self,
        organization: Uuid,
        at: DateTime<Utc>,
        disclosed: Vec<Disclosed>,
    ) -> Result<(), Refused> {
        if disclosed.is_empty() {
            return Ok(());
        }
        let row = disclosure::Row {
            at,
            organization,
            content: encode(&disclosed),
        };
        if self.disclosures.write(row).await {
            Ok(())
        } else {
            Err(Refused(StatusCode::INTERNAL_SERVER_ERROR))
        }
    }
}

async fn w1(
    State(floor): State<Floor>,
    body: Bytes,
    with_disclosure: bool,
) -> Result<Response, Refused> {
    let Inbox {
        organization,
        after,
    } = serde_json::from_slice(&body)?;
    let connection = floor.connection();
    let now = floor.now();
    let rows = match &after {
        None => {
            let statement = &connection.inbox;
            connection
                .client
                .query(statement, &[&organization, &now])
                .await?
        }
        Some((at, id)) => {
            let statement = &connection.inbox_after;
            connection
                .client
                .query(statement, &[&organization, &now, at, id])
                .await?
        }
    };
    let page = &rows[..rows.len().min(50)];
    if with_disclosure {
        let told = page.iter();
        let told = told.filter_map(|row| disclosed(row, &[FieldGroup::Identity]));
        floor.disclose(organization, now, told.collect()).await?;
    }
    let nodes: Vec<Referral<'_>> = page.iter().map(referral).collect();
    let end = nodes.last().map(|node| (node.created_at, node.id));
    let answer = InboxAnswer {
        nodes,
        has_next_page: rows.len() > page.len(),
        end,
    };
    json(&answer, 24_000)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'r> {
    at: DateTime<Utc>,
    kind: &'r str,
    from_status: Option<&'r str>,
    to_status: Option<&'r str>,
    reason: Option<&'r str>,
    organization: Option<Named<'r>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneAnswer<'r> {
    #[serde(flatten)]
    referral: Referral<'r>,
    category: &'r str,
    summary: Option<&'r str>,
    updated_at: DateTime<Utc>,
    version: i32,
    owner: Organization<'r>,
    history: Vec<Entry<'r>>,
}

/// An entry from before the reader's tenure tells neither who nor why.
fn entry(row: &Row, since: i32) -> Entry<'_> {
    let in_tenure = row.get::<_, i32>(7) >= since;
    let by: Option<Uuid> = row.get(5);
    Entry {
        at: row.get(0),
        kind: row.get(1),
        from_status: row.get(2),
        to_status: row.get(3),
        reason: row.get::<_, Option<&str>>(4).filter(|_| in_tenure),
        organization: by.filter(|_| in_tenure).map(|id| Named {
            id,
            name: row.get(6),
        }),
    }
}

async fn w2(
    State(floor): State<Floor>,
    body: Bytes,
    with_disclosure: bool,
) -> Result<Response, Refused> {
    let One { organization, id } = serde_json::from_slice(&body)?;
    let Connection {
        client,
        one,
        history,
        ..
    } = floor.connection();
    let now = floor.now();
    let (of_one, of_history): ([&(dyn tokio_postgres::types::ToSql + Sync); 3], _) = (
        [&organization, &now, &id],
        [
            &organization as &(dyn tokio_postgres::types::ToSql + Sync),
            &id,
        ],
    );
    // Both travel in one round trip.
    let (row, entries) = tokio::join!(
        client.query_opt(one, &of_one),
        client.query(history, &of_history)
    );
    let Some(row) = row? else {
        return Err(Refused(StatusCode::NOT_FOUND));
    };
    let entries = entries?;
    let summary: Option<&str> = row.get(23);
    if with_disclosure {
        let text = summary.map(|_| FieldGroup::FreeText);
        let groups: Vec<FieldGroup> = [Some(FieldGroup::Identity), text]
            .into_iter()
            .flatten()
            .collect();
        let told = disclosed(&row, &groups).into_iter().collect();
        floor.disclose(organization, now, told).await?;
    }
    let mut referral = referral(&row);
    referral.source.kind = row.get(27);
    let since: i32 = row.get::<_, Option<i32>>(26).unwrap_or(i32::MAX);
    let answer = OneAnswer {
        category: row.get(22),
        summary,
        updated_at: row.get(24),
        version: row.get(25),
        owner: Organization {
            id: row.get(28),
            name: row.get(29),
            kind: row.get(30),
        },
        history: entries.iter().rev().map(|row| entry(row, since)).collect(),
        referral,
    };
    json(&answer, 6_000)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'r> {
    id: Uuid,
    reference: &'r str,
    status: &'r str,
    version: i32,
    updated_at: DateTime<Utc>,
}

async fn w3(State(floor): State<Floor>, body: Bytes) -> Result<Response, Refused> {
    let write: Write = serde_json::from_slice(&body)?;
    let connection = floor.connection();
    let row = connection
        .client
        .query_opt(
            &connection.write,
            &[
                &write.organization,
                &floor.now(),
                &write.id,
                &write.version,
                &write.from,
                &write.to,
                &write.kind,
                &write.reason,
                &Uuid::now_v7(),
            ],
        )
        .await?
        .ok_or(Refused(StatusCode::CONFLICT))?;
    let written = Written {
        id: row.get(0),
        reference: row.get(1),
        status: row.get(2),
        version: row.get(3),
        updated_at: row.get(4),
    };
    json(&written, 256)
}
