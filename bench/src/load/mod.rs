//! `bench load`: a synthetic province in an empty database, the same for the same seed, moment and secret but for what is
//! random in every sealing (data keys, nonces, the salts of the audit chain). `directory`, `people` and `referrals` make
//! it, `draw` is the only source of chance, `plain` fills what the floor alone reads.
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::store::{
    Store,
    seed::{Actor, Copied, Event, Made, Maker, Past, Seed, Seeding},
};
use entity::{JournalKind, NeedCategory, OrganizationId, SubjectType};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{
    Failure,
    place::{Loaded, Place},
};

pub mod directory;
mod draw;
mod people;
mod plain;
mod referrals;

use directory::Directory;
use draw::Draw;
use plain::Plain;

/// Everybody's worker and software.
pub const WORKER: &str = "bench-worker";
pub const CLIENT: &str = "bench-case-management";

/// The days over which claimants arrived.
const DAYS: i64 = 540;
/// How many claimants are made at once.
const BATCH: usize = 1_000;

/// How much there is of everything, by the number of referrals.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub referrals: usize,
    pub claimants: usize,
    pub organizations: usize,
    pub services: usize,
}

impl Scale {
    pub fn of(referrals: usize) -> Self {
        let part =
            |of_million: usize, least: usize| (referrals * of_million / 1_000_000).max(least);
        Self {
            referrals,
            claimants: part(200_000, 1),
            organizations: part(300, 20),
            services: part(1_500, NeedCategory::ALL.len() * 3),
        }
    }
}

/// Something that happened to a claimant, a service or a consent, told to its organization.
fn event(
    (kind, subject_type, subject): (JournalKind, SubjectType, Uuid),
    by: OrganizationId,
    at: DateTime<Utc>,
) -> Event {
    Event {
        at,
        by: Actor {
            subject: WORKER,
            client: CLIENT,
            organization: Some(by),
        },
        kind,
        subject_type,
        subject,
        version: 1,
        reason: None,
        told: vec![by],
    }
}

/// Makes one seed after another.
struct Province {
    draw: Draw,
    scale: Scale,
    now: DateTime<Utc>,
    directory: Option<Directory>,
    claimants: usize,
    referrals: usize,
}

impl Province {
    fn new(seed: u64, scale: Scale, now: DateTime<Utc>) -> Self {
        Self {
            draw: Draw::new(seed),
            scale,
            now,
            directory: None,
            claimants: 0,
            referrals: 0,
        }
    }

    fn begin(&self) -> DateTime<Utc> {
        self.now - TimeDelta::days(DAYS)
    }

    /// How many referrals there should be once so many claimants are there.
    fn target(&self, claimants: usize) -> usize {
        self.scale.referrals * claimants / self.scale.claimants
    }

    fn refer_all(&mut self, seed: &mut Seed, directory: &Directory, known: &people::Known) {
        let last = self.claimants == self.scale.claimants;
        // Some are referred often, some never.
        let jitter = if last { 4 } else { self.draw.below(9) };
        let wanted = self.target(self.claimants) + jitter;
        let count = wanted.saturating_sub(4 + self.referrals);
        for turn in 0..count {
            referrals::refer(&mut self.draw, seed, directory, known, (turn, self.now));
        }
        self.referrals += count;
    }
}

impl Iterator for Province {
    type Item = Seed;

    fn next(&mut self) -> Option<Seed> {
        if self.claimants == self.scale.claimants {
            return None;
        }
        let mut seed = Seed::default();
        let begin = self.begin();
        let directory = match self.directory.take() {
            Some(directory) => directory,
            None => directory::build(&mut self.draw, &mut seed, &self.scale, begin),
        };
        let end = (self.claimants + BATCH).min(self.scale.claimants);
        let span = (self.now - begin - TimeDelta::hours(12)).num_seconds();
        while self.claimants < end {
            let passed = i128::from(span) * self.claimants as i128 / self.scale.claimants as i128;
            let passed = i64::try_from(passed).unwrap_or_default();
            let at = begin + TimeDelta::hours(1) + TimeDelta::seconds(passed);
            let number = self.claimants;
            let known = people::register(&mut self.draw, &mut seed, &directory, (number, at));
            self.claimants += 1;
            self.refer_all(&mut seed, &directory, &known);
        }
        self.directory = Some(directory);
        Some(seed)
    }
}

/// What one batch becomes.
struct Batch {
    rows: Ready,
    plain: Plain,
    referrals: u64,
}

enum Ready {
    Made(Made),
    Copied(Vec<Copied>),
}

/// What is to be loaded.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub referrals: usize,
    pub seed: u64,
    pub now: DateTime<Utc>,
}

/// Fills the database.
///
/// # Errors
/// When it holds an organization already, or fails.
pub async fn run(place: &Place, wanted: Wanted) -> Result<(), Failure> {
    let begun = std::time::Instant::now();
    let store = place.open_to_load().await?;
    let plain = plain::Tables::prepare(place).await?;
    let scale = Scale::of(wanted.referrals);
    let bar = bar(scale.referrals);
    let mut seeding = store.unscoped_begin_bulk_seed().await?;
    let maker = fill(&store, &mut seeding, plain.as_ref(), (wanted, scale), &bar).await?;
    let indexes = ProgressBar::new_spinner();
    indexes.enable_steady_tick(std::time::Duration::from_millis(200));
    seeding
        .finish_telling(maker, |name| indexes.set_message(format!("laying {name}")))
        .await?;
    indexes.set_message("analyzing");
    store.analyze().await?;
    if let Some(plain) = plain {
        plain.finish().await?;
    }
    indexes.finish_and_clear();
    store.close().await?;
    let seconds = begun.elapsed().as_secs_f64();
    place.note(&Loaded {
        referrals: scale.referrals,
        claimants: scale.claimants,
        organizations: scale.organizations,
        services: scale.services,
        seed: wanted.seed,
        now: wanted.now,
        seconds,
    })?;
    println!("{} referrals in {seconds:.0} s", scale.referrals);
    println!("{}", place.how_to_ask()?);
    Ok(())
}

/// Makes rows on a thread of its own while others are written.
async fn fill(
    store: &Store,
    seeding: &mut Seeding,
    plain: Option<&plain::Tables>,
    (wanted, scale): (Wanted, Scale),
    bar: &ProgressBar,
) -> Result<Maker, Failure> {
    let (line, mut batches) = mpsc::channel::<Batch>(2);
    let mut maker = store.unscoped_maker(Past::Settled);
    let copies = seeding.copies();
    let making = thread::spawn(move || -> claimant_gateway::error::Result<Maker> {
        for seed in Province::new(wanted.seed, scale, wanted.now) {
            let made = maker.make(&seed)?;
            let batch = Batch {
                plain: Plain::of(&seed),
                referrals: seed.courses.len() as u64,
                rows: if copies {
                    Ready::Copied(made.copied()?)
                } else {
                    Ready::Made(made)
                },
            };
            // Whoever no longer takes them has failed, and says so.
            if line.blocking_send(batch).is_err() {
                break;
            }
        }
        Ok(maker)
    });
    while let Some(batch) = batches.recv().await {
        match batch.rows {
            Ready::Made(made) => seeding.write(made).await?,
            Ready::Copied(copied) => seeding.copy(copied).await?,
        }
        if let Some(plain) = plain {
            plain.write(batch.plain).await?;
        }
        bar.inc(batch.referrals);
    }
    bar.finish_and_clear();
    let made = making.join().map_err(|_| Failure::Thread)?;
    Ok(made?)
}

fn bar(referrals: usize) -> ProgressBar {
    let bar = ProgressBar::new(referrals as u64);
    let style = "{bar:30} {human_pos}/{human_len} referrals, {per_sec}, {eta} to go";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests;
