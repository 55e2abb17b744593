//! Lists in statements. PostgreSQL takes a list as one parameter, so that one text serves every length: it is parsed and
//! planned once, and a connection need not remember a statement for each. SQLite has no such parameter; it gets the
//! values one by one, as few lengths of them as can be.
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, ExecResult, Statement, Value,
    prelude::Uuid,
    sea_query::{ArrayType, Expr, ExprTrait, extension::postgres::PgFunc},
};

use super::padded;
use crate::error::Result;

/// The condition that a column holds one of these ids.
pub(super) fn among<I: Copy + Into<Uuid> + Into<Value>>(
    backend: DbBackend,
    column: impl ColumnTrait,
    ids: &[I],
) -> Expr {
    if backend == DbBackend::Postgres {
        let ids: Vec<Uuid> = ids.iter().map(|id| (*id).into()).collect();
        return Expr::col(column.as_column_ref()).eq(PgFunc::any(uuids(ids)));
    }
    column.is_in(padded(ids))
}

fn list<T>(kind: ArrayType, of: impl IntoIterator<Item = T>, value: impl Fn(T) -> Value) -> Value {
    Value::Array(kind, Some(Box::new(of.into_iter().map(value).collect())))
}

pub(super) fn uuids(of: impl IntoIterator<Item = Uuid>) -> Value {
    list(ArrayType::Uuid, of, |uuid| Value::Uuid(Some(uuid)))
}

/// An id that is not there is [`Uuid::nil`], which no row has: a list holds no nulls. The statement makes one of it.
pub(super) fn optional_uuids(of: impl IntoIterator<Item = Option<Uuid>>) -> Value {
    uuids(of.into_iter().map(Option::unwrap_or_default))
}

pub(super) fn numbers(of: impl IntoIterator<Item = i64>) -> Value {
    list(ArrayType::BigInt, of, |number| Value::BigInt(Some(number)))
}

pub(super) fn texts(of: impl IntoIterator<Item = String>) -> Value {
    list(ArrayType::String, of, |text| Value::String(Some(text)))
}

pub(super) fn bytes(of: impl IntoIterator<Item = Vec<u8>>) -> Value {
    list(ArrayType::Bytes, of, |bytes| Value::Bytes(Some(bytes)))
}

pub(super) fn times(of: impl IntoIterator<Item = DateTime<Utc>>) -> Value {
    let value = |time| Value::ChronoDateTimeUtc(Some(time));
    list(ArrayType::ChronoDateTimeUtc, of, value)
}

/// Runs a statement of PostgreSQL that takes lists.
pub(super) async fn run(
    transaction: &impl ConnectionTrait,
    sql: &str,
    lists: impl IntoIterator<Item = Value>,
) -> Result<ExecResult> {
    let statement = Statement::from_sql_and_values(DbBackend::Postgres, sql, lists);
    Ok(transaction.execute_raw(statement).await?)
}
