//! `grants`: whether every grant is what relations, consents and exclusions say it should be. It lets the store compare
//! and mend, and tells what differs: findings on standard output, progress on standard error.
use std::{
    io::{self, Write},
    process::ExitCode,
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Failure, GrantsVerifyArguments, ReportFormat, open};
use crate::{
    config::Config,
    store::{
        Store,
        grant::verify::{Difference, Fault},
    },
};

/// The exit status where something differed, mended or not.
const DIFFERENT: u8 = 3;

/// What a run found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    claimants: usize,
    differences: Vec<Difference>,
}

pub async fn verify(arguments: GrantsVerifyArguments, config: Config) -> Result<ExitCode, Failure> {
    open::demand_database(&config)?;
    let store = open::open_store(&config).await?;
    let found = compare(&store, arguments.repair, arguments.quiet).await?;
    store.close().await?;
    let text = match arguments.format {
        ReportFormat::Text => found.text(arguments.repair),
        ReportFormat::Json => found.json(arguments.repair),
    };
    // Not print!, which panics when whoever reads has had enough.
    io::stdout().write_all(text.as_bytes())?;
    Ok(match found.differences.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(DIFFERENT),
    })
}

async fn compare(store: &Store, repair: bool, quiet: bool) -> Result<Found, Failure> {
    let progress = if quiet {
        ProgressBar::hidden()
    } else {
        // It draws nothing where standard error is no terminal.
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template(
            "{spinner} {human_pos} claimants compared {msg}",
        )?)
    };
    let (mut found, mut after) = (Found::default(), None);
    loop {
        let batch = store.unscoped_verify_grants(after, repair).await?;
        found.claimants += batch.claimants;
        found.differences.extend(batch.differences);
        progress.set_position(found.claimants as u64);
        after = batch.next;
        if after.is_none() {
            progress.finish_and_clear();
            return Ok(found);
        }
    }
}

/// What a fault is called.
const fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Missing => "missing",
        Fault::Surplus => "surplus",
    }
}

impl Found {
    fn text(&self, repaired: bool) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        for difference in &self.differences {
            let category = difference
                .category
                .map(|category| format!(" {category}"))
                .unwrap_or_default();
            // Writing to a string does not fail.
            let _ = writeln!(
                text,
                "{} grant of {}{category}: claimant {}, organization {}, referral {}",
                fault(difference.fault),
                difference.group,
                difference.claimant,
                difference.organization,
                difference.referral
            );
        }
        let (claimants, differences) = (self.claimants, self.differences.len());
        let end = match (differences, repaired) {
            (0, _) => "every grant is as it should be".to_owned(),
            (count, true) => format!("{count} differences, all repaired"),
            (count, false) => format!("{count} differences; repeat with --repair to mend them"),
        };
        let _ = writeln!(text, "{claimants} claimants compared: {end}");
        text
    }

    fn json(&self, repaired: bool) -> String {
        let differences: Vec<_> = self
            .differences
            .iter()
            .map(|difference| {
                json!({
                    "fault": fault(difference.fault),
                    "claimant": difference.claimant,
                    "organization": difference.organization,
                    "group": difference.group,
                    "category": difference.category,
                    "referral": difference.referral,
                })
            })
            .collect();
        let repaired = repaired && !differences.is_empty();
        format!(
            "{}\n",
            json!({ "claimants": self.claimants, "repaired": repaired, "differences": differences })
        )
    }
}
