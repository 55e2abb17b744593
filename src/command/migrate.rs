//! `migrate`: the tables. It creates, shows and removes them; it never looks at what is in them.
use std::io::{self, Write};

use super::{
    Failure, MigrateDirection, MigrateDownArguments,
    open::{demand_database, open_database},
};
use crate::{config::Config, store::MigrationState};

/// Why no migration was taken back.
#[derive(Debug, thiserror::Error)]
enum DownError {
    #[error("there is nothing to take back: no migration is applied")]
    Nothing,
    #[error("only {0} of the migrations can be taken back")]
    TooMany(usize),
    #[error(
        "this would delete the tables of {0}, with all data in them; nothing was done. Make a backup, and repeat with \
         --yes"
    )]
    NotConfirmed(String),
}

pub async fn run(direction: MigrateDirection, config: Config) -> Result<(), Failure> {
    let mut out = Vec::new();
    let done = migrate(direction, &config, &mut out).await;
    // Not print!, which panics when whoever reads has had enough.
    io::stdout().write_all(&out)?;
    done
}

async fn migrate(
    direction: MigrateDirection,
    config: &Config,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    match direction {
        MigrateDirection::Up(_) => up(config, out).await,
        MigrateDirection::Status(_) => status(config, out).await,
        MigrateDirection::Down(arguments) => down(&arguments, config, out).await,
    }
}

async fn up(config: &Config, out: &mut Vec<u8>) -> Result<(), Failure> {
    let database = open_database(config).await?;
    let pending = names(database.migrations().await?, false);
    database.migrate_up().await?;
    for name in &pending {
        writeln!(out, "applied {name}")?;
    }
    if pending.is_empty() {
        writeln!(out, "the tables are up to date")?;
    }
    Ok(database.close().await?)
}

async fn status(config: &Config, out: &mut Vec<u8>) -> Result<(), Failure> {
    demand_database(config)?;
    let database = open_database(config).await?;
    for MigrationState { name, applied } in database.migrations().await? {
        let state = if applied { "applied" } else { "pending" };
        writeln!(out, "{state} {name}")?;
    }
    Ok(database.close().await?)
}

async fn down(
    arguments: &MigrateDownArguments,
    config: &Config,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    demand_database(config)?;
    let database = open_database(config).await?;
    let mut applied = names(database.migrations().await?, true);
    let steps = arguments.steps.try_into().unwrap_or(usize::MAX);
    if applied.is_empty() {
        return Err(DownError::Nothing.into());
    }
    if steps > applied.len() {
        return Err(DownError::TooMany(applied.len()).into());
    }
    let mut going = applied.split_off(applied.len() - steps);
    going.reverse();
    if !arguments.yes {
        return Err(DownError::NotConfirmed(going.join(", ")).into());
    }
    database.migrate_down(arguments.steps).await?;
    for name in going {
        writeln!(out, "took back {name}")?;
    }
    Ok(database.close().await?)
}

fn names(migrations: Vec<MigrationState>, applied: bool) -> Vec<String> {
    migrations
        .into_iter()
        .filter(|migration| migration.applied == applied)
        .map(|migration| migration.name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::DatabaseArgument;

    async fn said(direction: MigrateDirection, config: &Config) -> String {
        let mut out = Vec::new();
        match migrate(direction, config, &mut out).await {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(failure) => format!("refused: {failure}"),
        }
    }

    fn down(steps: u32, yes: bool) -> MigrateDirection {
        MigrateDirection::Down(MigrateDownArguments {
            steps,
            yes,
            database: DatabaseArgument::default(),
        })
    }

    #[tokio::test]
    async fn tables_go_up_and_down_and_nothing_is_deleted_unconfirmed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let mut config = Config::default();
        config.database.url = format!("sqlite://{}", file.display()).parse().unwrap();
        let up = || MigrateDirection::Up(DatabaseArgument::default());
        let status = || MigrateDirection::Status(DatabaseArgument::default());

        let missing = said(status(), &config).await;
        assert!(
            missing.starts_with("refused: there is no database"),
            "{missing}"
        );
        assert!(!file.exists());
        let applied = said(up(), &config).await;
        let names: Vec<&str> = applied
            .lines()
            .filter_map(|line| line.strip_prefix("applied "))
            .collect();
        assert_eq!(names.first(), Some(&"m0001_core"), "{applied}");
        let (all, last) = (u32::try_from(names.len()).unwrap(), names.last().unwrap());
        let each = |word: &str| -> String {
            let lines = names.iter().map(|name| format!("{word} {name}\n"));
            lines.collect()
        };
        assert_eq!(applied, each("applied"));
        assert_eq!(said(up(), &config).await, "the tables are up to date\n");
        let unconfirmed = said(down(all, false), &config).await;
        assert!(
            unconfirmed.contains(last) && unconfirmed.contains("--yes"),
            "{unconfirmed}"
        );
        assert_eq!(said(status(), &config).await, each("applied"));
        let too_many = said(down(all + 1, true), &config).await;
        assert!(
            too_many.starts_with(&format!("refused: only {all}")),
            "{too_many}"
        );
        let taken = said(down(all, true), &config).await;
        assert!(
            names
                .iter()
                .all(|name| taken.contains(&format!("took back {name}\n"))),
            "{taken}"
        );
        assert_eq!(said(status(), &config).await, each("pending"));
        let nothing = said(down(1, true), &config).await;
        assert!(nothing.contains("nothing to take back"), "{nothing}");
    }
}
