//! The words in which SQLite and PostgreSQL differ.
use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, DbErr},
};

/// Runs the statements of `script`, which are parted by semicolons at line ends, with the words of this database.
pub(crate) async fn run(manager: &SchemaManager<'_>, script: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let backend = manager.get_database_backend();
    let script: String = script
        .lines()
        .map(|line| line.split("--").next().unwrap_or_default().trim_end())
        .collect::<Vec<_>>()
        .join("\n");
    for statement in script.split(";\n") {
        let statement = statement.trim().trim_end_matches(';');
        if !statement.is_empty() {
            connection
                .execute_unprepared(&translate(backend, statement))
                .await?;
        }
    }
    Ok(())
}

/// Fills in the types: `{uuid} {time} {date} {bigint} {real} {bytes} {json} {bool} {name} {strict}`.
fn translate(backend: DbBackend, statement: &str) -> String {
    let words: [(&str, &str); 10] = if backend == DbBackend::Postgres {
        [
            ("{uuid}", "UUID"),
            ("{time}", "TIMESTAMPTZ"),
            ("{date}", "DATE"),
            ("{bigint}", "BIGINT"),
            ("{real}", "DOUBLE PRECISION"),
            ("{bytes}", "BYTEA"),
            ("{json}", "JSONB"),
            ("{bool}", "BOOLEAN"),
            // Lists are ordered by names: by their bytes, so that both databases agree.
            ("{name}", "TEXT COLLATE \"C\""),
            ("{strict}", ""),
        ]
    } else {
        [
            ("{uuid}", "BLOB"),
            ("{time}", "TEXT"),
            ("{date}", "TEXT"),
            ("{bigint}", "INTEGER"),
            ("{real}", "REAL"),
            ("{bytes}", "BLOB"),
            ("{json}", "TEXT"),
            ("{bool}", "INTEGER"),
            ("{name}", "TEXT"),
            ("{strict}", "STRICT"),
        ]
    };
    words
        .iter()
        .fold(statement.to_owned(), |text, (word, meaning)| {
            text.replace(word, meaning)
        })
}
