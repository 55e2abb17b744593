//! Copies rows into PostgreSQL in the binary form of COPY (PostgreSQL 15, "COPY", Binary Format), inside one transaction
//! that takes indexes and constraints away at its beginning and lays them again at its end: laid over what is there,
//! they cost a fraction of what they cost row by row.
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{
    ActiveModelTrait, EntityTrait, Iden, Iterable, Value,
    sqlx::{self, Executor, PgPool, Postgres, Row, Transaction},
};

use crate::error::{Error, Result};

/// Rows of one table, ready to be copied.
pub struct Copied {
    statement: String,
    bytes: Vec<u8>,
}

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: i16 = -1;

/// Days and microseconds are counted from here.
const EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(2000, 1, 1) {
    Some(date) => date,
    None => NaiveDate::MIN,
};
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;

/// Rows as they are copied.
pub(super) fn copied<E: EntityTrait>(rows: &[E::ActiveModel]) -> Result<Copied> {
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let names: Vec<String> = columns
        .iter()
        .map(|column| format!("\"{}\"", column.unquoted()))
        .collect();
    let mut bytes = HEADER.to_vec();
    let width = i16::try_from(columns.len()).map_err(Error::internal)?;
    for row in rows {
        bytes.extend(width.to_be_bytes());
        for column in &columns {
            let value = row
                .get(*column)
                .into_value()
                .ok_or_else(|| Error::internal("a column of a seeded row is not set"))?;
            put(&mut bytes, value)?;
        }
    }
    bytes.extend(TRAILER.to_be_bytes());
    Ok(Copied {
        statement: format!(
            "COPY \"{}\" ({}) FROM STDIN (FORMAT binary)",
            E::default().table_name(),
            names.join(", ")
        ),
        bytes,
    })
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "no table has a column of any other type"
)]
fn put(bytes: &mut Vec<u8>, value: Value) -> Result<()> {
    match value {
        Value::Bool(value) => field(bytes, value.map(|value| [u8::from(value)])),
        Value::Int(value) => field(bytes, value.map(i32::to_be_bytes)),
        Value::BigInt(value) => field(bytes, value.map(i64::to_be_bytes)),
        Value::Double(value) => field(bytes, value.map(f64::to_be_bytes)),
        Value::String(value) => field(bytes, value),
        Value::Bytes(value) => field(bytes, value),
        Value::Uuid(value) => field(bytes, value.map(uuid::Uuid::into_bytes)),
        Value::ChronoDate(value) => field(bytes, value.map(date)),
        Value::ChronoDateTimeUtc(value) => field(bytes, value.map(time)),
        // A version stands before a binary document.
        Value::Json(value) => field(bytes, value.map(|value| format!("\u{1}{value}"))),
        other => Err(Error::internal(format!("{other:?} is never copied"))),
    }
}

fn field(bytes: &mut Vec<u8>, value: Option<impl AsRef<[u8]>>) -> Result<()> {
    let Some(value) = value else {
        bytes.extend((-1_i32).to_be_bytes());
        return Ok(());
    };
    let value = value.as_ref();
    let length = i32::try_from(value.len()).map_err(Error::internal)?;
    bytes.extend(length.to_be_bytes());
    bytes.extend(value);
    Ok(())
}

fn date(date: NaiveDate) -> [u8; 4] {
    let days = (date - EPOCH).num_days();
    i32::try_from(days).unwrap_or(i32::MAX).to_be_bytes()
}

fn time(at: DateTime<Utc>) -> [u8; 8] {
    (at.timestamp_micros() - EPOCH_MICROSECONDS).to_be_bytes()
}

/// Constraints in the order in which they can go: what refers to others first. They come back the other way round.
const CONSTRAINTS: &str = "\
    SELECT format('%s: %I', conrelid::regclass, conname), \
        format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname), \
        format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) \
    FROM pg_constraint \
    WHERE connamespace = current_schema()::regnamespace AND contype IN ('f', 'p', 'u') AND conparentid = 0 \
        AND conrelid::regclass::text <> 'seaql_migrations' \
    ORDER BY contype = 'f' DESC, conrelid::regclass::text, conname";

/// Indexes that no constraint has brought.
const INDEXES: &str = "\
    SELECT indexrelid::regclass::text, format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid) \
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid \
    WHERE relnamespace = current_schema()::regnamespace \
        AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u')) \
    ORDER BY indrelid::regclass::text, indexrelid::regclass::text";

/// Something that is taken away and laid again.
struct Laid {
    name: String,
    drop: String,
    lay: String,
}

/// The transaction that copies.
pub(super) struct Copying {
    transaction: Transaction<'static, Postgres>,
    laid: Vec<Laid>,
}

impl Copying {
    pub(super) async fn begin(pool: &PgPool) -> Result<Self> {
        let mut transaction = pool.begin().await.map_err(Error::internal)?;
        let mut laid = laid(&mut transaction, CONSTRAINTS).await?;
        laid.extend(self::laid(&mut transaction, INDEXES).await?);
        for one in &laid {
            run(&mut transaction, &one.drop).await?;
        }
        Ok(Self { transaction, laid })
    }

    pub(super) async fn write(&mut self, rows: &Copied) -> Result<()> {
        let mut copy = self
            .transaction
            .copy_in_raw(&rows.statement)
            .await
            .map_err(Error::internal)?;
        copy.send(rows.bytes.as_slice())
            .await
            .map_err(Error::internal)?;
        copy.finish().await.map_err(Error::internal)?;
        Ok(())
    }

    pub(super) async fn finish(
        mut self,
        statements: &[String],
        mut told: impl FnMut(&str) + Send,
    ) -> Result<()> {
        run(
            &mut self.transaction,
            "SET LOCAL maintenance_work_mem = '512MB'",
        )
        .await?;
        for one in self.laid.iter().rev() {
            told(&one.name);
            run(&mut self.transaction, &one.lay).await?;
        }
        for statement in statements {
            run(&mut self.transaction, statement).await?;
        }
        self.transaction.commit().await.map_err(Error::internal)
    }
}

async fn laid(transaction: &mut Transaction<'static, Postgres>, query: &str) -> Result<Vec<Laid>> {
    let rows = transaction
        .fetch_all(sqlx::AssertSqlSafe(query))
        .await
        .map_err(Error::internal)?;
    rows.iter()
        .map(|row| {
            Ok(Laid {
                name: row.try_get(0).map_err(Error::internal)?,
                drop: row.try_get(1).map_err(Error::internal)?,
                lay: row.try_get(2).map_err(Error::internal)?,
            })
        })
        .collect()
}

async fn run(transaction: &mut Transaction<'static, Postgres>, statement: &str) -> Result<()> {
    transaction
        .execute(sqlx::AssertSqlSafe(statement))
        .await
        .map_err(Error::internal)?;
    Ok(())
}
