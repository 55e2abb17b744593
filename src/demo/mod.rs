//! Demo data: a synthetic province, the same for the same seed and moment. It makes rows and asks the domain what may
//! happen to them; the store writes them. Nothing here touches a database, a clock or a person.
//!
//! `directory`, `services` and `eligibility` hold what is public; `people`, `skills`, `consents`, `exclusions` and
//! `families` the claimants, `arrivals` some families that came of late; `referrals` plans what is referred, `monday` what
//! waits at one intake desk, `play` with `steps` and `kin` plays each plan on a `course`, and `needs` follow. `draw` is the
//! only source of chance, `names` of words.
use chrono::{DateTime, SubsecRound, Utc};

use crate::store::seed::{Person, Seed};

mod arrivals;
mod consents;
mod course;
mod directory;
mod draw;
mod eligibility;
mod exclusions;
mod families;
mod kin;
mod monday;
mod names;
mod needs;
mod operations;
mod people;
mod play;
mod referrals;
mod services;
mod skills;
mod steps;
#[cfg(test)]
mod tests;

pub use operations::{AGENCY_OUTBOX, MINISTRY_REPORT, Operation, PROVIDER_INBOX, operations};

/// The seed with which `demo` starts.
pub const SEED: u64 = 20_231_127;

/// The code of the housing service of the demo's journeys.
pub const HOUSING: &str = directory::HOUSING;

/// The codes of the three organizations that `demo` gives tokens for.
pub const AGENCY: &str = directory::AGENCY;
pub const PROVIDER: &str = directory::PROVIDER;
pub const MINISTRY: &str = directory::MINISTRY;

/// A province of organizations, services, claimants and referrals, as it stands at `now`.
pub fn generate(seed: u64, now: DateTime<Utc>) -> Seed {
    let mut draw = draw::Draw::new(seed, now.trunc_subsecs(0));
    let mut made = Seed::default();
    let directory = directory::build(&mut draw, &mut made);
    let mut known = people::build(&mut draw, &mut made, &directory);
    for claimant in &mut known {
        consents::give_first(&mut draw, claimant, &directory);
    }
    let mut world = play::World {
        draw: &mut draw,
        seed: &mut made,
        directory: &directory,
        known,
        of_needs: Vec::new(),
        begun: 0,
        full: false,
        total: referrals::REFERRALS,
    };
    world.fill();
    let (mut known, of_needs) = (world.known, world.of_needs);
    for claimant in &mut known {
        consents::give_apart(&mut draw, claimant, &directory);
    }
    consents::write(&mut draw, &mut known, &mut made);
    needs::write(&mut draw, &mut known, of_needs, &mut made);
    // What comes of another referral stands after it.
    made.courses
        .sort_by_key(|course| course.steps.first().map(|step| step.at));
    made.claimants = known
        .into_iter()
        .map(|claimant| Person {
            qualifications: skills::qualifications(&mut draw, &claimant),
            language_abilities: skills::language_abilities(&mut draw, &claimant),
            claimant: claimant.row,
            sealed: claimant.sealed,
        })
        .collect();
    exclusions::write(&mut draw, &directory, &mut made);
    families::write(&mut draw, &mut made);
    eligibility::write(&mut draw, &directory, &mut made);
    made
}
