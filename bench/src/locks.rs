//! `bench locks`: what each lock costs. A gateway that was built with the feature `unlocked` is driven with one lock left
//! off at a time, beside the same with all on. `bench indexes`: what indexes that serve only lists cost a write.
//! `bench row-security`: what it costs that PostgreSQL keeps the rows as well.
use std::path::PathBuf;

use clap::Args;
use tokio_postgres::Client;

use crate::{
    Failure,
    place::Place,
    run::{Arena, Gateway, load, median, workload::Contender, workload::Workload},
    sql::connect,
};

/// The locks, as `serve --without-lock` names them.
const LOCKS: [&str; 6] = [
    "token",
    "rows",
    "grants",
    "decryption",
    "disclosure",
    "journal",
];

/// What is to be measured.
#[derive(Args, Clone, Debug)]
pub struct Wanted {
    #[arg(long, default_value_t = 3)]
    pub rounds: u32,
    #[arg(long, default_value_t = 8)]
    pub seconds: u32,
    #[arg(long, default_value_t = 8)]
    pub connections: u32,
    /// The gateway's binary; for `locks` one with the feature, built with
    /// `cargo build --profile production --features unlocked --target-dir target/unlocked`.
    #[arg(long)]
    pub gateway: Option<PathBuf>,
}

/// Microseconds of one request: the gateway, PostgreSQL, and what both did behind requests afterwards.
#[derive(Clone, Copy, Debug)]
struct Cost([f64; 3]);

impl Cost {
    fn total(self) -> f64 {
        self.0.iter().sum()
    }
}

/// One way of running the gateway, in all its rounds.
struct Way {
    name: String,
    rounds: Vec<Vec<Cost>>,
}

/// Under which the locks are measured.
const WORKLOADS: [Workload; 2] = [Workload::W1, Workload::W3];
/// Under which row security is.
const READ_AND_WRITTEN: [Workload; 4] = [Workload::W1, Workload::W2, Workload::W3, Workload::W5];

/// Measures the locks.
///
/// # Errors
/// When the gateway cannot be started without one.
pub async fn run(place: &Place, wanted: &Wanted) -> Result<(), Failure> {
    let binary = wanted
        .gateway
        .clone()
        .unwrap_or_else(|| "target/unlocked/production/claimant-gateway".into());
    let mut ways: Vec<Way> = std::iter::once("")
        .chain(LOCKS)
        .map(|name| Way {
            name: name.to_owned(),
            rounds: Vec::new(),
        })
        .collect();
    for round in 1..=wanted.rounds {
        for way in &mut ways {
            let gateway = Gateway {
                binary: &binary,
                without_lock: Some(&way.name),
            };
            let mut arena = Arena::open(place, gateway, false).await?;
            way.rounds
                .push(costs(&mut arena, &WORKLOADS, wanted, round).await?);
        }
    }
    print(&ways, &WORKLOADS, "all on");
    Ok(())
}

async fn costs(
    arena: &mut Arena,
    workloads: &[Workload],
    wanted: &Wanted,
    round: u32,
) -> Result<Vec<Cost>, Failure> {
    let mut costs = vec![Cost([0.0; 3]); workloads.len()];
    for (cost, workload) in costs.iter_mut().zip(workloads.iter().copied()) {
        for seconds in [2, wanted.seconds] {
            let load = load(workload, wanted.connections, seconds, round);
            let measure = arena
                .measure(
                    Contender::Gateway,
                    workload,
                    (round * 100 + seconds, load),
                    true,
                )
                .await?;
            *cost = Cost([measure.server_us, measure.postgres_us, measure.behind_us]);
            if measure.bad > 1.0 {
                let text = format!("{:.0} wrong answers under {workload:?}", measure.bad);
                return Err(Failure::Text(text));
            }
        }
    }
    Ok(costs)
}

/// What each way costs, and how much less than the first that is, round by round.
fn print(ways: &[Way], workloads: &[Workload], first: &str) {
    for (place, workload) in workloads.iter().enumerate() {
        println!(
            "\n| {} | gateway µs | PostgreSQL µs | behind µs | saves µs |\n|---|---|---|---|---|",
            workload.name()
        );
        for way in ways {
            let of = |part: usize| {
                let rounds = way.rounds.iter();
                median(rounds.map(|costs| costs[place].0[part]).collect())
            };
            let saved = ways.first().map_or(0.0, |whole| {
                let rounds = whole.rounds.iter().zip(&way.rounds);
                median(
                    rounds
                        .map(|(whole, way)| whole[place].total() - way[place].total())
                        .collect(),
                )
            });
            let name = match way.name.as_str() {
                "" => first.to_owned(),
                name => format!("without {name}"),
            };
            println!(
                "| {name} | {:.0} | {:.0} | {:.0} | {saved:.0} |",
                of(0),
                of(1),
                of(2)
            );
        }
    }
}

/// The role as which a gateway is served whose rows PostgreSQL keeps as well.
pub const ROLE: &str = "claimant_gateway";

/// Makes that role, with the rights that serving needs.
///
/// # Errors
/// When PostgreSQL refuses.
pub async fn make_role(client: &Client) -> Result<(), Failure> {
    let there = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
    let there: bool = client.query_one(there, &[&ROLE]).await?.get(0);
    if !there {
        client
            .batch_execute(&format!("CREATE ROLE {ROLE} LOGIN"))
            .await?;
    }
    let grant = format!(
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE}; \
         GRANT SET ON PARAMETER claimant_gateway.viewer TO {ROLE}"
    );
    Ok(client.batch_execute(&grant).await?)
}

/// Measures row security.
///
/// # Errors
/// When the gateway or PostgreSQL fails. The policies are taken away again, whatever failed.
pub async fn row_security(place: &Place, wanted: &Wanted) -> Result<(), Failure> {
    let client = connect(place.url()).await?;
    make_role(&client).await?;
    let measured = with_row_security(place, wanted).await;
    place.with_row_security(false).open_database().await?;
    print(&measured?, &READ_AND_WRITTEN, "row security");
    Ok(())
}

async fn with_row_security(place: &Place, wanted: &Wanted) -> Result<Vec<Way>, Failure> {
    let binary = wanted
        .gateway
        .clone()
        .unwrap_or_else(|| "target/production/claimant-gateway".into());
    let mut ways = [("", true), ("it", false)].map(|(name, on)| {
        let rounds = Vec::new();
        let name = name.to_owned();
        (Way { name, rounds }, on)
    });
    for round in 1..=wanted.rounds {
        for (way, on) in &mut ways {
            place
                .with_row_security(*on)
                .open_database()
                .await?
                .close()
                .await?;
            let gateway = Gateway {
                binary: &binary,
                without_lock: None,
            };
            let mut arena = Arena::open(&place.as_role(ROLE, *on), gateway, false).await?;
            arena.find_cursors().await?;
            way.rounds
                .push(costs(&mut arena, &READ_AND_WRITTEN, wanted, round).await?);
        }
    }
    Ok(ways.into_iter().map(|(way, _)| way).collect())
}

/// Indexes that only lists of referrals read: nothing that is done to one looks at them.
const OF_LISTS: &str = "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = 'public' \
    AND tablename = 'referral' AND (indexname LIKE 'referral_inbox%' OR indexname LIKE 'referral_outbox%' \
    OR indexname LIKE 'referral_open_by_%' OR indexname LIKE 'referral_registered_by_%' \
    OR indexname LIKE 'referral_by_region_and_%' \
    OR indexname IN ('referral_by_registering', 'referral_by_region', 'referral_by_month', 'referral_open')) \
    ORDER BY indexname";

/// Measures the indexes.
///
/// # Errors
/// When the gateway or PostgreSQL fails. Indexes that were taken away are laid again, whatever failed.
pub async fn indexes(place: &Place, wanted: &Wanted) -> Result<(), Failure> {
    let client = connect(place.url()).await?;
    let rows = client.query(OF_LISTS, &[]).await?;
    let laid: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    println!(
        "without: {}",
        laid.iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    );
    let measured = with_and_without(place, wanted, &client, &laid).await;
    lay(&client, &laid).await?;
    let [with, without] = measured?;
    println!("\n| W3 | gateway µs | PostgreSQL µs | behind µs |\n|---|---|---|---|");
    for (name, costs) in [
        ("with all indexes", with),
        ("without those of lists", without),
    ] {
        let of = |part: usize| median(costs.iter().map(|cost| cost.0[part]).collect());
        println!("| {name} | {:.0} | {:.0} | {:.0} |", of(0), of(1), of(2));
    }
    Ok(())
}

async fn lay(client: &Client, laid: &[(String, String)]) -> Result<(), Failure> {
    for (_, definition) in laid {
        let again = definition.replacen("INDEX ", "INDEX IF NOT EXISTS ", 1);
        client.batch_execute(&again).await?;
    }
    Ok(())
}

async fn with_and_without(
    place: &Place,
    wanted: &Wanted,
    client: &Client,
    laid: &[(String, String)],
) -> Result<[Vec<Cost>; 2], Failure> {
    let binary = wanted
        .gateway
        .clone()
        .unwrap_or_else(|| "target/production/claimant-gateway".into());
    let mut costs = [Vec::new(), Vec::new()];
    for round in 1..=wanted.rounds {
        for (turn, of_turn) in costs.iter_mut().enumerate() {
            lay(client, laid).await?;
            // Who asks is found by the very indexes.
            let gateway = Gateway {
                binary: &binary,
                without_lock: None,
            };
            let mut arena = Arena::open(place, gateway, false).await?;
            if turn == 1 {
                for (name, _) in laid {
                    client.batch_execute(&format!("DROP INDEX {name}")).await?;
                }
            }
            for seconds in [2, wanted.seconds] {
                let load = load(Workload::W3, wanted.connections, seconds, round);
                let round = round * 100 + seconds + u32::try_from(turn).unwrap_or_default();
                let measure = arena
                    .measure(Contender::Gateway, Workload::W3, (round, load), true)
                    .await?;
                if seconds != 2 {
                    let cost = [measure.server_us, measure.postgres_us, measure.behind_us];
                    of_turn.push(Cost(cost));
                }
            }
        }
    }
    Ok(costs)
}
