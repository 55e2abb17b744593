//! What the database says of a statement. PostgreSQL runs it (in a transaction that is taken back) and tells what each part
//! of the plan did; SQLite tells how it would go about it.
use std::collections::HashMap;

use claimant_gateway::{opaque::NodeType, store::line::PLANNING};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, FromQueryResult,
    Statement, TransactionTrait,
    prelude::Uuid,
    sea_query::{self, ArrayType},
};
use serde_json::Value;

use super::{asked::Known, public};
use crate::{Failure, place::Place};

/// A table is big from so many rows on.
const BIG: f64 = 10_000.0;
/// What a list reads for one page at most, and one more to know whether there is another.
const PAGE: f64 = 101.0;

/// What was found of one statement.
pub struct Judged {
    /// For whoever reads along.
    pub told: String,
    pub faults: Vec<String>,
}

/// Whether a statement has a plan.
pub fn is_explainable(sql: &str) -> bool {
    ["SELECT", "UPDATE", "DELETE", "WITH"]
        .iter()
        .any(|word| sql.starts_with(word))
}

/// Whether a statement tells PostgreSQL for whom those after it read, where it keeps the rows as well.
pub fn names_viewer(statement: &Statement) -> bool {
    statement.sql.starts_with("SELECT set_config(")
}

/// For the gateway's own work.
const AS_WORK: &str = "SET LOCAL claimant_gateway.viewer = 'work'";

/// Asks the database.
pub struct Explainer {
    connection: DatabaseConnection,
    rows: HashMap<String, f64>,
}

#[derive(FromQueryResult)]
struct Size {
    name: String,
    size: f64,
}

#[derive(FromQueryResult)]
struct Busy {
    id: Uuid,
    code: String,
}
#[derive(FromQueryResult)]
struct OfReferral {
    id: Uuid,
    reference: String,
    claimant_id: Uuid,
    service_id: Uuid,
    region_id: Uuid,
}
#[derive(FromQueryResult)]
struct Plain {
    id: Uuid,
}
#[derive(FromQueryResult)]
struct Movable {
    id: Uuid,
    version: i32,
}
impl Explainer {
    pub async fn open(place: &Place) -> Result<Self, Failure> {
        let mut options = ConnectOptions::new(place.url());
        options.max_connections(1).sqlx_logging(false);
        let connection = Database::connect(options).await.map_err(failed)?;
        let sizes = if connection.get_database_backend() == DbBackend::Postgres {
            "SELECT relname::text AS name, reltuples::float8 AS size FROM pg_class WHERE relkind = 'r'"
        } else {
            "SELECT tbl AS name, max(CAST(CAST(stat AS INTEGER) AS REAL)) AS size FROM sqlite_stat1 GROUP BY tbl"
        };
        let backend = connection.get_database_backend();
        let sizes = Size::find_by_statement(Statement::from_string(backend, sizes))
            .all(&connection)
            .await
            .map_err(failed)?;
        Ok(Self {
            connection,
            rows: sizes.into_iter().map(|row| (row.name, row.size)).collect(),
        })
    }

    fn is_postgres(&self) -> bool {
        self.connection.get_database_backend() == DbBackend::Postgres
    }

    fn is_big(&self, table: &str) -> bool {
        self.rows.get(table).is_some_and(|rows| *rows > BIG)
    }

    async fn row<T: FromQueryResult>(&self, sql: String) -> Result<T, Failure> {
        let backend = self.connection.get_database_backend();
        T::find_by_statement(Statement::from_string(backend, sql.clone()))
            .one(&self.connection)
            .await
            .map_err(failed)?
            .ok_or_else(|| Failure::Text(format!("nothing found by {sql}")))
    }

    /// Rows for requests to name.
    pub async fn known(&self, place: &Place) -> Result<Known, Failure> {
        let busy = |column: &str| {
            format!(
                "SELECT o.id, o.code FROM organization o JOIN (SELECT {column} AS by, count(*) AS many FROM referral \
                 WHERE {column} IS NOT NULL GROUP BY {column}) r ON r.by = o.id ORDER BY r.many DESC LIMIT 1"
            )
        };
        let provider: Busy = self.row(busy("owner_id")).await?;
        let agency: Busy = self.row(busy("source_id")).await?;
        let literal = |id: Uuid| match self.is_postgres() {
            true => format!("'{id}'"),
            false => format!("x'{}'", id.simple()),
        };
        let owned = |status: &str| {
            format!(
                "FROM referral WHERE owner_id = {} AND owner_access AND status = '{status}' AND claimant_id IS NOT NULL \
                 AND service_id IS NOT NULL ORDER BY id LIMIT 1",
                literal(provider.id)
            )
        };
        let referral: OfReferral = self
            .row(format!(
                "SELECT id, reference, claimant_id, service_id, region_id {}",
                owned("ACCEPTED")
            ))
            .await?;
        let movable: Movable = self
            .row(format!("SELECT id, version {}", owned("IN_PROGRESS")))
            .await?;
        let own: Plain = self
            .row(format!(
                "SELECT id FROM claimant WHERE registering_organization_id = {} ORDER BY id LIMIT 1",
                literal(agency.id)
            ))
            .await?;
        let catchment: Plain = self
            .row("SELECT id FROM catchment ORDER BY code LIMIT 1".to_owned())
            .await?;
        Ok(Known {
            referral: public(place, NodeType::Referral, referral.id),
            reference: referral.reference,
            claimant: public(place, NodeType::Claimant, referral.claimant_id),
            own_claimant: public(place, NodeType::Claimant, own.id),
            region: public(place, NodeType::Region, referral.region_id),
            catchment: public(place, NodeType::Catchment, catchment.id),
            service: public(place, NodeType::Service, referral.service_id),
            movable: (
                public(place, NodeType::Referral, movable.id),
                movable.version,
            ),
            provider: (provider.id, provider.code),
            agency: (agency.id, agency.code),
        })
    }

    /// Explains a statement, as it is read for a viewer, if one was named.
    pub async fn explain(
        &self,
        statement: &Statement,
        viewer: Option<&Statement>,
    ) -> Result<Judged, Failure> {
        if self.is_postgres() {
            self.explain_postgres(statement, viewer).await
        } else {
            self.explain_sqlite(statement).await
        }
    }

    async fn explain_postgres(
        &self,
        statement: &Statement,
        viewer: Option<&Statement>,
    ) -> Result<Judged, Failure> {
        let transaction = self.connection.begin().await.map_err(failed)?;
        let named = match viewer {
            Some(viewer) => transaction.query_one_raw(viewer.clone()).await.map(drop),
            None => transaction.execute_unprepared(AS_WORK).await.map(drop),
        };
        named.map_err(failed)?;
        let prepare = planned_once(statement, viewer);
        let row = match &prepare {
            Some(prepare) => {
                let planning = PLANNING.replace("SET ", "SET LOCAL ");
                transaction
                    .execute_unprepared(&format!("{planning}; {prepare}"))
                    .await
                    .map_err(|error| said_of(&error, statement))?;
                transaction.query_one_raw(executed(statement)).await
            }
            None => {
                // With its values bound, for which PostgreSQL plans as it does the first runs of a prepared statement.
                let mut asked = statement.clone();
                asked.sql = format!("{EXPLAIN} {}", asked.sql);
                transaction.query_one_raw(asked).await
            }
        };
        let row = row
            .map_err(|error| said_of(&error, statement))?
            .ok_or_else(|| Failure::Text("EXPLAIN said nothing".to_owned()))?;
        let plan: Value = row.try_get_by_index(0).map_err(failed)?;
        transaction.rollback().await.map_err(failed)?;
        if prepare.is_some() {
            // It outlives the transaction.
            let forget = self.connection.execute_unprepared("DEALLOCATE asked");
            forget.await.map_err(failed)?;
        }
        let root = &plan[0]["Plan"];
        let mut faults = Vec::new();
        self.judge(root, &mut faults);
        let pages = number(root, "Shared Hit Blocks") + number(root, "Shared Read Blocks");
        Ok(Judged {
            told: format!(
                "{:6.2} + {:8.2} ms {pages:7.0} pages  {}",
                plan[0]["Planning Time"].as_f64().unwrap_or_default(),
                plan[0]["Execution Time"].as_f64().unwrap_or_default(),
                first_words(&statement.sql)
            ),
            faults,
        })
    }

    fn judge(&self, node: &Value, faults: &mut Vec<String>) {
        let kind = node["Node Type"].as_str().unwrap_or_default();
        let table = node["Relation Name"].as_str().unwrap_or_default();
        // A part that was never needed was never run.
        let ran = number(node, "Actual Loops") > 0.0;
        if kind == "Seq Scan" && ran && self.is_big(table) {
            faults.push(format!("a sequential scan of {table}"));
        }
        let parts = node["Plans"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        if kind.contains("Sort") && ran {
            // What an incremental sort reads in order it does not sort as a whole.
            let sorted = parts
                .first()
                .map(|part| number(part, "Actual Rows"))
                .unwrap_or_default();
            // A list of several lists sorts what each gives, which is a page of each.
            let of_pages = parts.iter().any(is_limited);
            if kind == "Sort" && sorted > PAGE && !of_pages {
                faults.push(format!(
                    "a sort of {sorted:.0} rows by {}",
                    node["Sort Key"]
                ));
            }
        }
        for part in parts {
            self.judge(part, faults);
        }
    }

    async fn explain_sqlite(&self, statement: &Statement) -> Result<Judged, Failure> {
        #[derive(FromQueryResult)]
        struct Line {
            detail: String,
        }
        let mut asked = statement.clone();
        asked.sql = format!("EXPLAIN QUERY PLAN {}", asked.sql);
        let lines = Line::find_by_statement(asked)
            .all(&self.connection)
            .await
            .map_err(failed)?;
        let mut faults = Vec::new();
        // A condition that nothing fulfils is known before anything is read.
        let lines = lines
            .iter()
            .filter(|_| !statement.to_string().contains("AND 1 = 2"));
        for Line { detail } in lines {
            let table = detail
                .strip_prefix("SCAN ")
                .and_then(|rest| rest.split_whitespace().next());
            if let Some(table) = table
                && self.is_big(table)
                && !detail.contains("USING")
            {
                faults.push(detail.clone());
            }
            // How much it sorts it does not say: a list that is read in order sorts nothing.
            let sorts = detail.contains("TEMP B-TREE FOR ORDER BY");
            if sorts && self.is_big(first_table(&statement.sql)) && !sorts_little(&statement.sql) {
                faults.push(detail.clone());
            }
        }
        Ok(Judged {
            told: first_words(&statement.sql),
            faults,
        })
    }
}

const EXPLAIN: &str = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON)";

/// What prepares a statement that the gateway has planned once for all values: one that reads, and for nobody whom
/// PostgreSQL must know. None for the others, and where a value is of a type that none of the statements has.
fn planned_once(statement: &Statement, viewer: Option<&Statement>) -> Option<String> {
    if viewer.is_some() || !statement.sql.starts_with("SELECT") {
        return None;
    }
    let types = values(statement)
        .iter()
        .map(type_of)
        .collect::<Option<Vec<_>>>()?;
    let types = match types.as_slice() {
        [] => String::new(),
        types => format!("({})", types.join(", ")),
    };
    Some(format!("PREPARE asked {types} AS {}", statement.sql))
}

fn executed(statement: &Statement) -> Statement {
    // How a value is written it is asked of a statement that is nothing else.
    let written = |value: &sea_query::Value| {
        let alone = Statement::from_sql_and_values(DbBackend::Postgres, "$1", [value.clone()]);
        format!("{alone}::{}", type_of(value).unwrap_or("text"))
    };
    let written: Vec<String> = values(statement).iter().map(written).collect();
    let values = match written.as_slice() {
        [] => String::new(),
        written => format!("({})", written.join(", ")),
    };
    Statement::from_string(
        DbBackend::Postgres,
        format!("{EXPLAIN} EXECUTE asked {values}"),
    )
}

fn values(statement: &Statement) -> &[sea_query::Value] {
    let values = statement.values.as_ref();
    values.map(|values| values.0.as_slice()).unwrap_or_default()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of a type that no statement has yet the plan for its value is looked at"
)]
fn type_of(value: &sea_query::Value) -> Option<&'static str> {
    use sea_query::Value;
    Some(match value {
        Value::Bool(_) => "boolean",
        Value::Int(_) => "integer",
        Value::BigInt(_) | Value::BigUnsigned(_) => "bigint",
        Value::Double(_) => "double precision",
        Value::String(_) => "text",
        Value::Bytes(_) => "bytea",
        Value::Uuid(_) => "uuid",
        Value::ChronoDate(_) => "date",
        Value::ChronoDateTimeUtc(_) => "timestamptz",
        Value::Array(ArrayType::Uuid, _) => "uuid[]",
        Value::Array(ArrayType::String, _) => "text[]",
        Value::Array(ArrayType::BigInt, _) => "bigint[]",
        Value::Array(ArrayType::Bytes, _) => "bytea[]",
        Value::Array(ArrayType::ChronoDateTimeUtc, _) => "timestamptz[]",
        _ => return None,
    })
}

/// Whether a statement of SQLite sorts only the first rows of several lists, those of the parents in a page, or what
/// stands under a few named rows and is read whole.
fn sorts_little(sql: &str) -> bool {
    sql.contains("IN (SELECT \"first\".\"id\"")
        || sql.contains("ROW_NUMBER() OVER")
        || !sql.contains(" LIMIT ")
}

/// Whether a limit stands somewhere below.
fn is_limited(node: &Value) -> bool {
    let below = node["Plans"].as_array().map(Vec::as_slice);
    node["Node Type"] == "Limit" || below.unwrap_or_default().iter().any(is_limited)
}

fn number(node: &Value, name: &str) -> f64 {
    node[name].as_f64().unwrap_or_default()
}

/// The table that stands first in a statement.
fn first_table(sql: &str) -> &str {
    let from = sql.split_once(" FROM \"").map_or("", |(_, from)| from);
    from.split('"').next().unwrap_or_default()
}

fn first_words(sql: &str) -> String {
    let from = sql.find(" FROM ").map_or(sql, |place| &sql[place..]);
    from.chars().take(60).collect()
}

fn said_of(error: &sea_orm::DbErr, statement: &Statement) -> Failure {
    Failure::Text(format!("{error}\n  {statement}"))
}

fn failed(error: sea_orm::DbErr) -> Failure {
    Failure::Text(error.to_string())
}
