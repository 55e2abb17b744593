//! `breach`: who was told what of whom, written to a file for its owner alone. It reads and writes page by page, however
//! much there is, and holds no sealed content.
use std::{
    fs::File,
    io::{self, BufWriter, Write},
};

use super::{
    BreachExportArguments, BreachFormat, Failure,
    open::{demand_database, open_store},
};
use crate::{
    config::Config,
    opaque::NodeType,
    private_file,
    store::{
        Store,
        disclosure::export::{Exported, Scope},
    },
};

/// Why nothing was exported.
#[derive(Debug, thiserror::Error)]
enum BreachError {
    #[error("--claimant is no id of a claimant")]
    Claimant,
    #[error("--organization names no organization of this database")]
    Organization,
}

pub async fn export(arguments: BreachExportArguments, config: Config) -> Result<(), Failure> {
    demand_database(&config)?;
    let store = open_store(&config).await?;
    let scope = scope(&arguments, &store).await?;
    // What was shown in the last second may not be in the chain yet; a gateway that runs has it there soon.
    while store.unscoped_chain("breach export").await? {}
    let file = BufWriter::new(private_file::create_new(&arguments.output)?);
    let mut rows = match arguments.format {
        BreachFormat::Csv => Rows::Csv(Box::new(csv::Writer::from_writer(file))),
        BreachFormat::Json => Rows::Json(file),
    };
    let (mut after, mut count) = (0, 0_u64);
    loop {
        let page = store.unscoped_disclosures(&scope, after).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        for row in &page {
            rows.write(row, count == 0)?;
            count += 1;
        }
    }
    rows.finish(count == 0)?;
    store.close().await?;
    let path = arguments.output.display();
    // Not println!, which panics when whoever reads has had enough.
    writeln!(io::stdout(), "{count} disclosures written to {path}")?;
    Ok(())
}

async fn scope(arguments: &BreachExportArguments, store: &Store) -> Result<Scope, Failure> {
    let claimant = match &arguments.which.claimant {
        Some(id) => Some(
            store
                .keys()
                .uuid(NodeType::Claimant, id)
                .ok_or(BreachError::Claimant)?
                .into(),
        ),
        None => None,
    };
    let organization = match &arguments.organization {
        Some(code) => Some(
            store
                .unscoped_organization_by_code(code)
                .await?
                .ok_or(BreachError::Organization)?
                .id,
        ),
        None => None,
    };
    Ok(Scope {
        claimant,
        client: arguments.which.client.clone(),
        organization,
        from: arguments.which.from,
        to: arguments.which.to,
    })
}

/// The file, in one of its two forms.
enum Rows {
    Csv(Box<csv::Writer<BufWriter<File>>>),
    /// One array, a row on each line.
    Json(BufWriter<File>),
}

impl Rows {
    fn write(&mut self, row: &Exported, first: bool) -> Result<(), Failure> {
        match self {
            Self::Csv(writer) => writer.serialize(row)?,
            Self::Json(file) => {
                file.write_all(if first { b"[\n" } else { b",\n" })?;
                serde_json::to_writer(file, row)?;
            }
        }
        Ok(())
    }

    /// Whole on the disk, or an error.
    fn finish(self, empty: bool) -> Result<(), Failure> {
        let mut file = match self {
            Self::Csv(writer) => writer.into_inner().map_err(|error| error.into_error())?,
            Self::Json(mut file) => {
                file.write_all(if empty { b"[]\n" } else { b"\n]\n" })?;
                file
            }
        };
        file.flush()?;
        Ok(file.get_ref().sync_all()?)
    }
}
