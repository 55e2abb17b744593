//! What was measured, as a table and as JSON. Every figure is the median of its rounds; a ratio is made in each round of
//! what that round measured, and its median is told.
use std::fmt::Write;

use serde::Serialize;

use super::workload::{Contender, Workload};

/// One contender under one workload in one round. Microseconds and statements are those of one request.
#[derive(Clone, Debug, Serialize)]
pub struct Measure {
    pub round: u32,
    pub workload: &'static str,
    pub contender: &'static str,
    pub connections: u32,
    pub requests: f64,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub server_us: f64,
    pub postgres_us: f64,
    /// What was spent after the last answer, until nothing was left to be done behind requests; of both.
    pub behind_us: f64,
    pub statements: Option<f64>,
    pub resident_mib: f64,
    pub bytes: f64,
    pub bad: f64,
}

impl Measure {
    pub fn total_us(&self) -> f64 {
        self.server_us + self.postgres_us
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The ratio of the totals of each round to those of the floor in the same round.
fn ratio(of: &[&Measure], floor: &[&Measure]) -> Option<f64> {
    let ratios: Vec<f64> = of
        .iter()
        .filter_map(|one| {
            let same = floor.iter().find(|other| other.round == one.round)?;
            Some(one.total_us() / same.total_us())
        })
        .collect();
    (!ratios.is_empty()).then(|| median(ratios))
}

/// One table of everything.
pub fn table(measures: &[Measure], workloads: &[Workload], contenders: &[Contender]) -> String {
    let mut text = String::from(
        "| workload | contender | server µs | PostgreSQL µs | total µs | of the floor's | behind µs | statements | \
         p50 ms | p99 ms | req/s | resident MiB | bytes | wrong | rounds |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for workload in workloads {
        let of = |contender: &Contender| -> Vec<&Measure> {
            measures
                .iter()
                .filter(|one| one.workload == workload.name() && one.contender == contender.name())
                .collect()
        };
        let floor = of(&Contender::Floor);
        for contender in contenders {
            let rounds = of(contender);
            if rounds.is_empty() {
                continue;
            }
            let middle =
                |value: fn(&Measure) -> f64| median(rounds.iter().map(|one| value(one)).collect());
            let or_dash =
                |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
            let counted: Vec<f64> = rounds.iter().filter_map(|one| one.statements).collect();
            let counted = (!counted.is_empty()).then(|| median(counted));
            // Writing into a string does not fail.
            let _ = writeln!(
                text,
                "| {} | {} | {:.0} | {:.0} | {:.0} | {} | {:.0} | {} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} | {:.0} | {} |",
                workload.name(),
                contender.name(),
                middle(|one| one.server_us),
                middle(|one| one.postgres_us),
                middle(Measure::total_us),
                or_dash(ratio(&rounds, &floor)),
                middle(|one| one.behind_us),
                or_dash(counted),
                middle(|one| one.p50_ms),
                middle(|one| one.p99_ms),
                middle(|one| one.per_second),
                middle(|one| one.resident_mib),
                middle(|one| one.bytes),
                rounds.iter().map(|one| one.bad).sum::<f64>(),
                rounds.len(),
            );
        }
    }
    text
}
