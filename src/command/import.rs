//! `import`: data from files of other systems. It reads, lets the store write, and tells the operator what became of
//! everything: counts on standard output, progress and whatever was not taken on standard error.
mod progress;
mod report;

use std::io::{self, Write};

use super::{Failure, ImportHsdsArguments, ReportFormat, open};
use crate::{
    clock::Clock,
    config::Config,
    exchange::hsds,
    store::{
        Store,
        import::{Counts, Options, rehearse},
    },
};
use progress::Teller;
use report::Report;

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("nothing was imported, since --strict is set: {0}")]
    Strict(String),
    #[error("--region names no region of this database")]
    Region,
}

pub async fn run(arguments: ImportHsdsArguments, config: Config) -> Result<(), Failure> {
    let format = arguments.format;
    let mut teller = Teller::new(arguments.quiet);
    let report = import(&arguments, &config, &mut teller).await;
    teller.finish();
    let report = report?;
    // Not print!, which panics when whoever reads has had enough.
    match format {
        ReportFormat::Text => {
            io::stderr().write_all(report.remarks().as_bytes())?;
            io::stdout().write_all(report.table().as_bytes())?;
        }
        ReportFormat::Json => {
            let mut json = serde_json::to_vec(&report.json())?;
            json.push(b'\n');
            io::stdout().write_all(&json)?;
        }
    }
    Ok(())
}

async fn import(
    arguments: &ImportHsdsArguments,
    config: &Config,
    teller: &mut Teller,
) -> Result<Report, Failure> {
    // Before a database is made for it.
    let mut directory = hsds::read(&arguments.path, &mut |progress| teller.reading(progress))?;
    let strict = |directory: &hsds::Directory| match directory.first_problem() {
        Some(problem) if arguments.strict => {
            Err(ImportError::Strict(report::shown(&problem.to_string())))
        }
        Some(_) | None => Ok(()),
    };
    strict(&directory)?;
    let store = if arguments.dry_run {
        open::open_store_to_look(config).await?
    } else {
        Some(open::open_store(config).await?)
    };
    let options = options(arguments, store.as_ref()).await?;
    let counts: Counts = match &store {
        Some(store) => {
            let progress = &mut |written| teller.writing(written);
            store
                .unscoped_import(&mut directory, &options, progress)
                .await?
        }
        None => rehearse(&mut directory, &options, Clock::system().now())?,
    };
    if let Some(store) = store {
        store.close().await?;
    }
    strict(&directory)?;
    Ok(Report {
        directory,
        counts,
        dry_run: arguments.dry_run,
    })
}

async fn options(
    arguments: &ImportHsdsArguments,
    store: Option<&Store>,
) -> Result<Options, Failure> {
    let region = match (&arguments.region, store) {
        (None, _) => None,
        (Some(_), None) => return Err(ImportError::Region.into()),
        (Some(code), Some(store)) => {
            let region = store.unscoped_region_by_code(code).await?;
            Some(region.ok_or(ImportError::Region)?)
        }
    };
    Ok(Options {
        kind: arguments.kind,
        region,
        categories: arguments.category.clone(),
        strict: arguments.strict,
        dry_run: arguments.dry_run,
    })
}

#[cfg(test)]
mod tests;
