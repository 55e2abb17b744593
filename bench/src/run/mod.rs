//! `bench run`: starts the gateway and the floor, sees that they answer alike, drives them in turns, and tells what each
//! request cost both of them and PostgreSQL.
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::json;
use tokio_postgres::Client;

use crate::{Failure, place::Place, sql::connect};

mod compare;
mod process;
mod subscribers;
mod table;
mod verify;
pub mod workload;
mod wrk;

use process::Server;
use subscribers::Over;
use table::Measure;
pub use table::median;
use workload::{Contender, Material, Second, Workload};
use wrk::Load;

const GATEWAY: &str = "http://127.0.0.1:7101";
const FLOOR: &str = "http://127.0.0.1:7102";
const POSTGRAPHILE: &str = "http://127.0.0.1:7103";

/// What is to be measured.
#[derive(Args, Clone, Debug)]
pub struct Wanted {
    #[arg(long, value_delimiter = ',', default_value = "w1,w1b,w2,w3,w5")]
    pub workload: Vec<Workload>,
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "gateway,floor,floor-bare"
    )]
    pub contender: Vec<Contender>,
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    /// How long each contender is driven under each workload in a round.
    #[arg(long, default_value_t = 10)]
    pub seconds: u32,
    #[arg(long, default_value_t = 8)]
    pub connections: u32,
    #[arg(long, default_value_t = 3)]
    pub warm_up: u32,
    /// The gateway's binary, built with `cargo build --profile production`.
    #[arg(long, default_value = "target/production/claimant-gateway")]
    pub gateway: PathBuf,
    /// Where `npm ci` was run for PostGraphile.
    #[arg(long, default_value = "bench/postgraphile")]
    pub postgraphile: PathBuf,
    /// Leaves W4 out of the mix of W6.
    #[arg(long)]
    pub without_report: bool,
    /// How many subscribe in W5s.
    #[arg(long, default_value_t = 1_000, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=5_000))]
    pub subscribers: usize,
    /// Of which organizations.
    #[arg(long, default_value = "told")]
    pub over: Over,
}

/// Everything that runs.
pub struct Arena {
    place: PathBuf,
    postgres: u32,
    client: Client,
    http: reqwest::Client,
    gateway: Server,
    floor: Option<Server>,
    postgraphile: Option<Server>,
    material: Material,
}

/// Which gateway.
#[derive(Clone, Copy, Debug)]
pub struct Gateway<'a> {
    pub binary: &'a Path,
    /// Of a build that can leave locks off: which; empty for none.
    pub without_lock: Option<&'a str>,
}

/// A load; what can be done only once is done once.
pub fn load(workload: Workload, connections: u32, seconds: u32, round: u32) -> Load {
    Load {
        connections,
        seconds,
        offset: usize::try_from(round).unwrap_or_default() * 3_001,
        once: matches!(workload, Workload::W3 | Workload::W6),
    }
}

/// Measures.
///
/// # Errors
/// When something cannot be started, or the contenders do not answer alike.
pub async fn run(place: &Place, wanted: &Wanted) -> Result<(), Failure> {
    // Subscribers are no load of wrk, and nobody else's.
    let is_driven = |one: &Workload| *one != Workload::W5s;
    let driven = wanted.workload.iter().any(is_driven);
    if driven {
        wrk::demand()?;
    }
    let loaded = place.loaded()?;
    let gateway = Gateway {
        binary: &wanted.gateway,
        without_lock: None,
    };
    let mut arena = Arena::open(place, gateway, driven).await?;
    if driven {
        arena.find_second_pages().await?;
        arena.compare(place).await?;
    }
    if wanted.contender.contains(&Contender::Postgraphile) {
        arena
            .start_postgraphile(place, &wanted.postgraphile)
            .await?;
    }
    if wanted.workload.contains(&Workload::W5) {
        arena.find_cursors().await?;
    }
    let steady = wanted.workload.iter().copied();
    let steady: Vec<Workload> = steady
        .filter(|one| is_driven(one) && *one != Workload::W6)
        .collect();
    let mut measures = arena.rounds(wanted, &steady).await?;
    let mut text = machine(&arena.client).await?;
    if !steady.is_empty() {
        text.push_str(&table::table(&measures, &steady, &wanted.contender));
    }
    if wanted.workload.contains(&Workload::W5s) {
        text.push_str(&arena.tell_subscribers(wanted, &mut measures).await?);
    }
    if wanted.workload.contains(&Workload::W6) {
        text.push_str(&arena.rise(wanted, &mut measures).await?);
    }
    println!("{text}");
    let document =
        json!({ "loaded": loaded, "arguments": format!("{wanted:?}"), "measures": measures });
    save(place, &text, &document)
}

/// Keeps what was measured, as a table and as figures.
fn save(place: &Place, text: &str, document: &serde_json::Value) -> Result<(), Failure> {
    let results = place.folder().join("results");
    std::fs::create_dir_all(&results)?;
    let stamp = claimant_gateway::clock::Clock::system()
        .now()
        .format("%Y%m%dT%H%M%SZ");
    std::fs::write(results.join(format!("run-{stamp}.md")), text)?;
    std::fs::write(
        results.join(format!("run-{stamp}.json")),
        serde_json::to_string_pretty(document)?,
    )?;
    println!("saved as {}/run-{stamp}.md and .json", results.display());
    Ok(())
}

/// On what it was measured.
async fn machine(client: &Client) -> Result<String, Failure> {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |line| line.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let version: String = client.query_one("SELECT version()", &[]).await?.get(0);
    Ok(format!("{cores} cores of {model}; {version}\n\n"))
}

async fn start_floor(place: &Place) -> Result<Server, Failure> {
    let mut floor = Command::new(std::env::current_exe()?);
    floor.arg("--folder").arg(place.folder()).args([
        "floor",
        "--listen",
        "127.0.0.1:7102",
        "--database",
        place.url(),
    ]);
    let log = place.folder().join("floor.log");
    Server::start(floor, &log, &format!("{FLOOR}/health/live")).await
}

impl Arena {
    /// Starts everything.
    pub async fn open(
        place: &Place,
        gateway: Gateway<'_>,
        with_floor: bool,
    ) -> Result<Self, Failure> {
        let Gateway {
            binary,
            without_lock,
        } = gateway;
        if !binary.is_file() {
            let text = format!("{} is not there; build it first", binary.display());
            return Err(Failure::Text(text));
        }
        // As whoever owns the tables, whom no policy binds.
        let client = connect(&place.url_of_owner()).await?;
        let backend: i32 = client
            .query_one("SELECT pg_backend_pid()", &[])
            .await?
            .get(0);
        let postgres = process::parent(backend.unsigned_abs()).ok_or_else(|| {
            Failure::Text("PostgreSQL does not run on this machine: its CPU cannot be read".into())
        })?;
        let issuer = place.issuer()?;
        let verified = without_lock != Some("token");
        let material = Material::gather(place, &client, &issuer, verified).await?;
        let config = place.gateway_config()?;
        let mut serve = Command::new(binary.canonicalize()?);
        serve
            .arg("--config")
            .arg(config)
            .args(["serve", "--listen", "127.0.0.1:7101"])
            .current_dir(place.folder());
        if let Some(lock) = without_lock {
            serve.arg("--without-lock");
            serve.args((!lock.is_empty()).then_some(lock));
        }
        let log = place.folder().join("gateway.log");
        let gateway = Server::start(serve, &log, &format!("{GATEWAY}/health/ready")).await?;
        let floor = match with_floor {
            true => Some(start_floor(place).await?),
            false => None,
        };
        Ok(Self {
            place: place.folder().to_owned(),
            postgres,
            client,
            http: reqwest::Client::new(),
            gateway,
            floor,
            postgraphile: None,
            material,
        })
    }

    /// Asks every organization for its first page, to know where the second begins.
    async fn find_second_pages(&mut self) -> Result<(), Failure> {
        let mut organizations = self.material.askers.clone();
        organizations.sort_unstable();
        organizations.dedup();
        for id in organizations {
            let request = self.material.inbox(Contender::Gateway, id);
            let answer = verify::ask(&self.http, GATEWAY, &request).await?;
            let cursor = answer["data"]["referrals"]["pageInfo"]["endCursor"].as_str();
            let request = self.material.inbox(Contender::FloorBare, id);
            let floor = verify::ask(&self.http, FLOOR, &request).await?;
            if let (Some(cursor), Ok(after)) =
                (cursor, serde_json::from_value(floor["end"].clone()))
            {
                let cursor = cursor.to_owned();
                self.material.seconds.insert(id, Second { cursor, after });
            }
        }
        Ok(())
    }

    /// Walks the feeds of some organizations, to know where requests for changes can begin.
    pub async fn find_cursors(&mut self) -> Result<(), Failure> {
        for id in self
            .material
            .askers
            .iter()
            .copied()
            .take(20)
            .collect::<Vec<_>>()
        {
            let mut after = None;
            for _ in 0..10 {
                let request = self.material.changes(id, after.as_deref());
                let answer = verify::ask(&self.http, GATEWAY, &request).await?;
                let page = &answer["data"]["changes"]["pageInfo"];
                let Some(cursor) = page["endCursor"].as_str() else {
                    break;
                };
                after = Some(cursor.to_owned());
                if page["hasNextPage"] != true {
                    break;
                }
                self.material.cursors.push((id, cursor.to_owned()));
            }
        }
        Ok(())
    }

    /// Every contender under every workload, in turns, as often as is wanted; and once before, to warm up.
    async fn rounds(
        &mut self,
        wanted: &Wanted,
        steady: &[Workload],
    ) -> Result<Vec<Measure>, Failure> {
        let mut measures = Vec::new();
        for round in 0..=wanted.rounds {
            for workload in steady {
                for contender in &wanted.contender {
                    if !contender.plays(*workload) {
                        continue;
                    }
                    let seconds = if round == 0 {
                        wanted.warm_up
                    } else {
                        wanted.seconds
                    };
                    let load = load(*workload, wanted.connections, seconds, round);
                    let measure = self
                        .measure(*contender, *workload, (round, load), true)
                        .await?;
                    if round > 0 {
                        eprintln!(
                            "round {round}: {}, {}: {:.0} + {:.0} µs, {:.0} req/s",
                            measure.workload,
                            measure.contender,
                            measure.server_us,
                            measure.postgres_us,
                            measure.per_second
                        );
                        measures.push(measure);
                    }
                }
            }
        }
        Ok(measures)
    }

    fn of(&self, contender: Contender) -> Result<(&'static str, u32), Failure> {
        let of = |server: &Option<Server>| server.as_ref().map(Server::id);
        let (address, server) = match contender {
            Contender::Gateway => (GATEWAY, Some(self.gateway.id())),
            Contender::Floor | Contender::FloorBare => (FLOOR, of(&self.floor)),
            Contender::Postgraphile => (POSTGRAPHILE, of(&self.postgraphile)),
        };
        let missing = || Failure::Text(format!("{} does not run", contender.name()));
        Ok((address, server.ok_or_else(missing)?))
    }

    /// Drives one contender. What it leaves to be done behind requests is waited for, and counted apart.
    pub async fn measure(
        &mut self,
        contender: Contender,
        workload: Workload,
        (round, load): (u32, Load),
        with_report: bool,
    ) -> Result<Measure, Failure> {
        let movable = match workload {
            Workload::W3 | Workload::W6 => {
                let salt = format!("{round} {}", contender.name());
                let most = if workload == Workload::W3 {
                    60_000
                } else {
                    20_000
                };
                Material::movable(&self.client, &salt, most).await?
            }
            Workload::W1 | Workload::W1b | Workload::W2 | Workload::W5 | Workload::W5s => {
                Vec::new()
            }
        };
        let requests = self
            .material
            .requests(contender, workload, &movable, with_report);
        if requests.is_empty() {
            return Err(Failure::Text(format!("nothing to ask for {workload:?}")));
        }
        let (address, server) = self.of(contender)?;
        self.settle().await?;
        let statements = self.statements().await;
        let (server_before, postgres_before) =
            (process::spent(server), process::spent(self.postgres));
        let place = self.place.clone();
        let seen =
            tokio::task::spawn_blocking(move || wrk::drive(&place, address, &requests, load))
                .await
                .map_err(|error| Failure::Text(error.to_string()))??;
        let (server_after, postgres_after) =
            (process::spent(server), process::spent(self.postgres));
        let counted = match (statements, self.statements().await) {
            // One is the question itself.
            (Some(before), Some(after)) => Some((after - before - 1.0) / seen.requests),
            _ => None,
        };
        let resident_mib = process::resident(server);
        self.settle().await?;
        let behind =
            process::spent(server) - server_after + process::spent(self.postgres) - postgres_after;
        if seen.bad > 0.0 {
            eprintln!("{:.0} wrong answers, the first: {}", seen.bad, seen.sample);
        }
        Ok(Measure {
            round,
            workload: workload.name(),
            contender: contender.name(),
            connections: load.connections,
            requests: seen.requests,
            per_second: seen.requests / seen.seconds,
            p50_ms: seen.p50,
            p99_ms: seen.p99,
            server_us: (server_after - server_before) / seen.requests,
            postgres_us: (postgres_after - postgres_before) / seen.requests,
            behind_us: behind / seen.requests,
            statements: counted,
            resident_mib,
            bytes: seen.bytes / seen.requests,
            bad: seen.bad,
        })
    }

    /// How many statements PostgreSQL has run, where it counts them.
    async fn statements(&self) -> Option<f64> {
        let query = "SELECT sum(calls)::float8 FROM pg_stat_statements";
        let row = self.client.query_one(query, &[]).await.ok()?;
        row.get(0)
    }

    /// Waits until the journal is numbered and every disclosure is in the chain.
    async fn settle(&self) -> Result<(), Failure> {
        let query = "SELECT EXISTS (SELECT 1 FROM disclosure_answer) \
            OR EXISTS (SELECT 1 FROM journal_entry WHERE position IS NULL) \
            OR (SELECT journal_position FROM audit_head) < (SELECT position FROM journal_head)";
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(300) {
            let busy: Option<bool> = self.client.query_one(query, &[]).await?.get(0);
            if busy != Some(true) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Err(Failure::Text(
            "what runs behind requests did not catch up in five minutes".to_owned(),
        ))
    }

    /// The mix, under more and more connections.
    async fn rise(
        &mut self,
        wanted: &Wanted,
        measures: &mut Vec<Measure>,
    ) -> Result<String, Failure> {
        let mut text = String::from(
            "\nW6 mix, gateway:\n\n| connections | req/s | p50 ms | p99 ms | total µs | resident MiB | wrong |\n\
             |---|---|---|---|---|---|---|\n",
        );
        for (round, connections) in [1, 2, 4, 8, 16, 32, 64, 128].into_iter().enumerate() {
            let load = load(Workload::W6, connections, wanted.seconds, 0);
            let round = u32::try_from(round).unwrap_or_default() + 100;
            let measure = self
                .measure(
                    Contender::Gateway,
                    Workload::W6,
                    (round, load),
                    !wanted.without_report,
                )
                .await?;
            text.push_str(&format!(
                "| {connections} | {:.0} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} |\n",
                measure.per_second,
                measure.p50_ms,
                measure.p99_ms,
                measure.total_us(),
                measure.resident_mib,
                measure.bad
            ));
            measures.push(measure);
        }
        Ok(text)
    }
}
