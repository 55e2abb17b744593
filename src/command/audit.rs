//! `audit`: whether the journal and the disclosures are as they were written. It changes nothing; what it finds goes to
//! standard output, how far it is to standard error.
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{
    AuditVerifyArguments, Failure, ReportFormat,
    open::{demand_database, open_store},
};
use crate::{
    config::Config,
    store::audit::verify::{Finding, Pinned, Report, Trust},
};

/// Why the audit did not pass, or could not begin.
#[derive(Debug, thiserror::Error)]
enum AuditError {
    #[error("the audit chain does not hold")]
    Broken,
    #[error("{0} holds no checkpoint as the query auditCheckpoint gives one")]
    Checkpoint(PathBuf),
    #[error("--trusted-key takes the 32 bytes of a public key in base64url")]
    Key,
}

/// A checkpoint as the API gives it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    position: String,
    at: DateTime<Utc>,
    link: String,
    signature: String,
    public_key: String,
}

pub async fn verify(arguments: AuditVerifyArguments, config: Config) -> Result<(), Failure> {
    let trust = Trust {
        earlier_keys: arguments
            .trusted_key
            .iter()
            .map(|text| bytes(text).ok_or(AuditError::Key))
            .collect::<Result<_, _>>()?,
        pinned: arguments.checkpoint.as_deref().map(read).transpose()?,
    };
    demand_database(&config)?;
    let store = open_store(&config).await?;
    let mut told = 0;
    let mut tell = |done: i64, all: i64| {
        let tenth = done * 10 / all.max(1);
        if tenth > told && !arguments.quiet {
            told = tenth;
            // Nothing hangs on it.
            let _ = writeln!(io::stderr(), "{} % of {all} links", tenth * 10);
        }
    };
    let report = store.unscoped_verify_audit(&trust, &mut tell).await?;
    store.close().await?;
    let text = match arguments.format {
        ReportFormat::Text => lines(&report),
        ReportFormat::Json => serde_json::to_string(&report)? + "\n",
    };
    // Not print!, which panics when whoever reads has had enough.
    io::stdout().write_all(text.as_bytes())?;
    match report.finding {
        Some(_) => Err(AuditError::Broken.into()),
        None => Ok(()),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim()).ok()
}

fn read(path: &Path) -> Result<Pinned, Failure> {
    let unfit = || AuditError::Checkpoint(path.to_owned());
    let kept: Kept = serde_json::from_slice(&fs::read(path)?).map_err(|_| unfit())?;
    Ok(Pinned {
        position: kept.position.parse().map_err(|_| unfit())?,
        at: kept.at,
        link: kept.link,
        public_key: bytes(&kept.public_key).ok_or_else(unfit)?,
        signature: bytes(&kept.signature).ok_or_else(unfit)?,
    })
}

fn lines(report: &Report) -> String {
    let Report {
        links,
        journal_entries,
        disclosures,
        checkpoints,
        finding,
    } = report;
    let mut text = format!(
        "{links} links hold: {journal_entries} journal entries, {disclosures} disclosures\n\
         {checkpoints} checkpoints are signed\n"
    );
    if let Some(finding) = finding {
        text.push_str(&line(finding));
    }
    text
}

fn line(finding: &Finding) -> String {
    let place = spelled(finding.place);
    let fault = spelled(finding.fault);
    let id = finding.id.map_or(String::new(), |id| format!(", id {id}"));
    format!(
        "{place} {fault} at position {}{id}: {}\n",
        finding.position, finding.differs
    )
}

/// The spelling that the report as JSON has as well.
fn spelled(code: impl serde::Serialize) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(_) | Err(_) => String::new(),
    }
}
