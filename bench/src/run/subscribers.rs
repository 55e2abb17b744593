//! W5, the other half: many subscribers, each on a WebSocket of its own (`graphql-transport-ws`), and one change at a time.
//! The organizations that may be told of an open referral listen, or all there are, each with the same share of the
//! subscribers. A referral that is open to them, and a step that is told to the parties of one referral alone, are measured
//! apart; that nobody else is told anything is checked.
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use claimant_gateway::opaque::NodeType;
use clap::ValueEnum;
use futures_util::{SinkExt, StreamExt, stream};
use serde_json::{Value, json};
use tokio::{net::TcpStream, sync::mpsc, task::JoinHandle};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        self, Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig,
    },
};
use uuid::Uuid;

use super::{
    Arena, GATEWAY, Wanted, process,
    table::{Measure, median},
    verify,
    workload::{Contender, Material, Owned},
    wrk::Request,
};
use crate::Failure;

/// How long everybody may take to be told.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it must have been quiet for nothing more to be expected.
const QUIET: Duration = Duration::from_millis(250);
/// How many sockets are opened at one time.
const AT_ONCE: usize = 32;

const CHANGES: &str = "subscription { changes { cursor at kind subjectId fromStatus toStatus reason version \
    organization { id name } } }";
const OPEN: &str = "mutation Open($input: ReferralCreateInput!) { referralCreate(input: $input) \
    { referral { id version } userErrors { code message } } }";

/// The need and the region of which most organizations would be told, and those.
const AUDIENCE: &str = "SELECT c.category, r.id, array_agg(DISTINCT s.organization_id ORDER BY s.organization_id) \
    FROM region r CROSS JOIN service s JOIN service_category c ON c.service_id = s.id \
    WHERE s.status = 'ACTIVE' AND (EXISTS (SELECT 1 FROM service_region x WHERE x.service_id = s.id AND x.region_id = r.id) \
        OR NOT EXISTS (SELECT 1 FROM service_region x WHERE x.service_id = s.id)) \
    GROUP BY 1, 2 ORDER BY count(DISTINCT s.organization_id) DESC, 1, 2 LIMIT 1";
const SOURCE: &str =
    "SELECT id FROM organization WHERE kind = 'SETTLEMENT_AGENCY' ORDER BY id LIMIT 1";
const EVERY: &str = "SELECT id FROM organization WHERE kind <> 'MINISTRY' ORDER BY id";
const PARTIES: &str =
    "SELECT source_id, owner_id, registering_organization_id FROM referral WHERE id = $1";

/// Whose subscribers listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Over {
    /// The organizations to which the open referral is told.
    Told,
    /// Every organization.
    Every,
}

/// One event, as a subscriber received it.
struct Event {
    by: usize,
    subject: String,
    at: Instant,
    bytes: usize,
}

/// A change to be told, and what it is told about.
struct Change {
    request: Request,
    /// To which organizations.
    to: HashSet<Uuid>,
}

/// All who listen, and what is told to them.
struct Audience {
    category: String,
    region: Uuid,
    source: Uuid,
    /// Who is told of an open referral: those that could claim it, and the source.
    told: HashSet<Uuid>,
    /// The organization of each subscriber.
    subscribers: Vec<Uuid>,
    tasks: Vec<JoinHandle<()>>,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Drop for Audience {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// What happened in one turn.
#[derive(Default)]
struct Turn {
    /// From the request of the change to each event, in milliseconds.
    delays: Vec<f64>,
    last: f64,
    bytes: usize,
    astray: usize,
}

/// How a change is told.
#[derive(Clone, Copy)]
enum Told {
    Openly,
    Parties,
}

impl Told {
    const fn name(self) -> &'static str {
        match self {
            Self::Openly => "W5 subscribers, open referral",
            Self::Parties => "W5 subscribers, one transition",
        }
    }
}

fn failed(error: tungstenite::Error) -> Failure {
    Failure::Text(format!("a socket of a subscriber: {error}"))
}

/// Opens a socket as an organization and subscribes.
async fn subscribe(token: &str) -> Result<WebSocketStream<TcpStream>, Failure> {
    let address = GATEWAY.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!("ws://{address}/graphql").into_client_request();
    let mut request = request.map_err(failed)?;
    let protocol = HeaderValue::from_static("graphql-transport-ws");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    // As many as a thousand of these stand in this process.
    let config = WebSocketConfig::default().read_buffer_size(4_096);
    let opened = client_async_with_config(request, stream, Some(config)).await;
    let (mut socket, _) = opened.map_err(failed)?;
    let payload = json!({ "authorization": format!("Bearer {token}") });
    let init = json!({ "type": "connection_init", "payload": payload }).to_string();
    socket.send(Message::text(init)).await.map_err(failed)?;
    let answer = tokio::time::timeout(PATIENCE, socket.next()).await;
    match answer {
        Ok(Some(Ok(Message::Text(text)))) if text.contains("connection_ack") => {}
        other => return Err(Failure::Text(format!("a subscriber is refused: {other:?}"))),
    }
    let payload = json!({ "query": CHANGES });
    let ask = json!({ "id": "1", "type": "subscribe", "payload": payload }).to_string();
    socket.send(Message::text(ask)).await.map_err(failed)?;
    Ok(socket)
}

/// Passes on what one subscriber is told, until its socket ends.
async fn listen(
    by: usize,
    mut socket: WebSocketStream<TcpStream>,
    told: mpsc::UnboundedSender<Event>,
) {
    while let Some(Ok(message)) = socket.next().await {
        let at = Instant::now();
        let Message::Text(text) = message else {
            continue;
        };
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let subject = &value["payload"]["data"]["changes"]["subjectId"];
        let event = Event {
            by,
            // What is no event is nobody's subject, and told as gone astray.
            subject: subject.as_str().unwrap_or_default().to_owned(),
            at,
            bytes: text.len(),
        };
        if told.send(event).is_err() {
            return;
        }
    }
}

impl Audience {
    async fn gather(arena: &Arena, wanted: &Wanted) -> Result<Self, Failure> {
        let row = arena.client.query_opt(AUDIENCE, &[]).await?;
        let row = row.ok_or_else(|| Failure::Text("nobody offers anything".to_owned()))?;
        let (category, region): (String, Uuid) = (row.get(0), row.get(1));
        let mut organizations: Vec<Uuid> = row.get(2);
        let source: Uuid = arena.client.query_one(SOURCE, &[]).await?.get(0);
        let told = organizations.iter().copied().chain([source]).collect();
        if wanted.over == Over::Every {
            let rows = arena.client.query(EVERY, &[]).await?;
            organizations = rows.iter().map(|row| row.get(0)).collect();
        }
        let count = wanted.subscribers;
        let subscribers: Vec<Uuid> = (0..count)
            .map(|number| organizations[number % organizations.len()])
            .collect();
        let tokens = &arena.material.tokens;
        let opened: Vec<Result<_, Failure>> = stream::iter(&subscribers)
            .map(|id| async move {
                let token = tokens.get(id).map(String::as_str).unwrap_or_default();
                subscribe(token).await
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        let (sender, events) = mpsc::unbounded_channel();
        let mut tasks = Vec::with_capacity(count);
        for (by, socket) in opened.into_iter().enumerate() {
            tasks.push(tokio::spawn(listen(by, socket?, sender.clone())));
        }
        // A subscription is not acknowledged: it has begun, or says within this time why not.
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(Self {
            category,
            region,
            source,
            told,
            subscribers,
            tasks,
            events,
        })
    }

    fn organizations(&self) -> usize {
        self.subscribers.iter().collect::<HashSet<_>>().len()
    }

    /// A referral without an owner.
    fn opens(&self, material: &Material) -> Change {
        let region = material.keys.id(NodeType::Region, self.region);
        let input = json!({
            "category": self.category, "regionId": region, "language": "eng", "interpreterNeeded": true,
            "ageBand": "FROM_25_TO_54", "partySize": 1, "send": true,
        });
        Change {
            request: material.graphql(self.source, OPEN, json!({ "input": input })),
            to: self.told.clone(),
        }
    }

    /// Makes a change, and waits until each who may see it was told of it, and then until it is quiet.
    async fn tell(&mut self, http: &reqwest::Client, change: Change) -> Result<Turn, Failure> {
        let mut awaited: HashSet<usize> = (0..self.subscribers.len())
            .filter(|by| change.to.contains(&self.subscribers[*by]))
            .collect();
        let begun = Instant::now();
        let answer = verify::ask(http, GATEWAY, &change.request).await?;
        let payload = answer["data"]
            .as_object()
            .and_then(|data| data.values().next());
        let subject = payload.and_then(|payload| payload["referral"]["id"].as_str());
        let subject =
            subject.ok_or_else(|| Failure::Text(format!("no change was made: {answer}")))?;
        let mut turn = Turn::default();
        loop {
            let patience = if awaited.is_empty() { QUIET } else { PATIENCE };
            let event = match tokio::time::timeout(patience, self.events.recv()).await {
                Ok(Some(event)) => event,
                Ok(None) | Err(_) if awaited.is_empty() => return Ok(turn),
                Ok(None) | Err(_) => {
                    let missing = awaited.len();
                    return Err(Failure::Text(format!(
                        "{missing} subscribers were not told of a change in {PATIENCE:?}"
                    )));
                }
            };
            let told = change.to.contains(&self.subscribers[event.by]);
            if event.subject != subject || !told {
                turn.astray += 1;
                continue;
            }
            awaited.remove(&event.by);
            let delay = event.at.duration_since(begun).as_secs_f64() * 1_000.0;
            turn.last = turn.last.max(delay);
            turn.delays.push(delay);
            turn.bytes += event.bytes;
        }
    }
}

impl Arena {
    /// A transition of a referral whose owner listens.
    async fn moves(&self, audience: &Audience, salt: &str) -> Result<Change, Failure> {
        let listening: HashSet<&Uuid> = audience.subscribers.iter().collect();
        let movable: Vec<Owned> = Material::movable(&self.client, salt, 2_000).await?;
        let owned = movable.iter().find(|one| listening.contains(&one.owner));
        let owned = owned.ok_or_else(|| Failure::Text("nothing can be held".to_owned()))?;
        let row = self.client.query_one(PARTIES, &[&owned.id]).await?;
        let parties: [Option<Uuid>; 3] = [row.get(0), row.get(1), row.get(2)];
        Ok(Change {
            request: self.material.write(Contender::Gateway, owned),
            to: parties.into_iter().flatten().collect(),
        })
    }

    /// Changes one after another for some seconds, and what they cost the gateway and PostgreSQL.
    async fn tell_for(
        &self,
        audience: &mut Audience,
        told: Told,
        (round, seconds): (u32, u32),
    ) -> Result<(Measure, f64), Failure> {
        self.settle().await?;
        let statements = self.statements().await;
        let server = self.gateway.id();
        let before = (process::spent(server), process::spent(self.postgres));
        let (begun, mut turns, mut asked) = (Instant::now(), Vec::new(), 0.0);
        while turns.is_empty() || begun.elapsed() < Duration::from_secs(seconds.into()) {
            let change = match told {
                Told::Openly => audience.opens(&self.material),
                Told::Parties => {
                    asked += 2.0;
                    let salt = format!("told {round} {}", turns.len());
                    self.moves(audience, &salt).await?
                }
            };
            turns.push(audience.tell(&self.http, change).await?);
        }
        let after = (process::spent(server), process::spent(self.postgres));
        let spent = begun.elapsed().as_secs_f64();
        let counted = match (statements, self.statements().await) {
            (Some(before), Some(after)) => Some(after - before - asked - 1.0),
            _ => None,
        };
        let resident_mib = process::resident(server);
        let mut delays: Vec<f64> = turns.iter().flat_map(|turn| turn.delays.clone()).collect();
        delays.sort_by(f64::total_cmp);
        let delivered = count(delays.len()).max(1.0);
        let at = |part: usize| {
            delays.get((delays.len() * part / 100).min(delays.len().saturating_sub(1)))
        };
        let last = median(turns.iter().map(|turn| turn.last).collect());
        let measure = Measure {
            round,
            workload: told.name(),
            contender: Contender::Gateway.name(),
            connections: u32::try_from(audience.subscribers.len()).unwrap_or(u32::MAX),
            requests: delivered,
            per_second: delivered / spent,
            p50_ms: at(50).copied().unwrap_or(f64::NAN),
            p99_ms: at(99).copied().unwrap_or(f64::NAN),
            server_us: (after.0 - before.0) / delivered,
            postgres_us: (after.1 - before.1) / delivered,
            behind_us: 0.0,
            statements: counted.map(|counted| counted / count(turns.len())),
            resident_mib,
            bytes: count(turns.iter().map(|turn| turn.bytes).sum()) / delivered,
            bad: count(turns.iter().map(|turn| turn.astray).sum()),
        };
        Ok((measure, last))
    }

    /// Opens all subscriptions, and tells what one change costs while they are open.
    pub(super) async fn tell_subscribers(
        &self,
        wanted: &Wanted,
        measures: &mut Vec<Measure>,
    ) -> Result<String, Failure> {
        let empty = process::resident(self.gateway.id());
        let mut audience = Audience::gather(self, wanted).await?;
        let full = process::resident(self.gateway.id());
        let mut text = format!(
            "\nW5, {} subscribers of {} organizations, gateway; resident MiB without any {empty:.0}, with all {full:.0}:\n\n\
             | change | round | events | gateway µs/event | PostgreSQL µs/event | p50 ms | p99 ms | last ms | \
             statements/change | bytes/event | resident MiB | astray |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|\n",
            audience.subscribers.len(),
            audience.organizations(),
        );
        // The first of all learns what the gateway remembers from then on.
        let first = audience.opens(&self.material);
        audience.tell(&self.http, first).await?;
        for round in 1..=wanted.rounds {
            for told in [Told::Openly, Told::Parties] {
                let (measure, last) = self
                    .tell_for(&mut audience, told, (round, wanted.seconds))
                    .await?;
                text.push_str(&format!(
                    "| {} | {round} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {last:.1} | {} | {:.0} | {:.0} | {:.0} |\n",
                    measure.workload,
                    measure.requests,
                    measure.server_us,
                    measure.postgres_us,
                    measure.p50_ms,
                    measure.p99_ms,
                    measure
                        .statements
                        .map_or("–".to_owned(), |counted| format!("{counted:.1}")),
                    measure.bytes,
                    measure.resident_mib,
                    measure.bad,
                ));
                measures.push(measure);
            }
        }
        Ok(text)
    }
}

#[expect(clippy::cast_precision_loss, reason = "there are few of them")]
fn count(of: usize) -> f64 {
    of as f64
}
