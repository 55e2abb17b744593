//! The same part of the list of each of several parents, in one statement. PostgreSQL reads a short range for each, as it
//! would for one alone (LATERAL, with its limit written out); SQLite has no such join, and numbers the rows of each.
use std::{cmp::Ordering, collections::HashMap, hash::Hash};

use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, Iterable,
    QueryFilter, Statement,
    prelude::Uuid,
    sea_query::{
        Alias, Asterisk, Expr, ExprTrait, Query, SelectStatement, SimpleExpr, Values,
        WindowStatement,
    },
};

use super::{super::rows::uuids, Key, Keyed, Order, Paged, Slice, fetch};
use crate::error::Result;

/// The parent at hand, in a statement.
const ONE: &str = "one";
/// Whose row it is, in what a statement gives.
const OF_ONE: &str = "of_one";
/// How SQLite calls the column of a list of values.
const COLUMN: &str = "column1";

/// The part of the list of each parent. `rows_of` says which rows are in the list of a parent, with the rule of the
/// entity: it is all that narrows them.
pub(in crate::store) async fn fetch_each<E, P, C>(
    parents: &[P],
    rows_of: impl FnOnce(SimpleExpr) -> Condition,
    order: &Order,
    slice: &Slice,
    connection: &C,
) -> Result<HashMap<P, Paged<E::Model>>>
where
    E: EntityTrait,
    E::Model: Keyed + FromQueryResult,
    P: Copy + Ord + Hash + Into<Uuid> + From<Uuid>,
    C: ConnectionTrait,
{
    let mut parents = parents.to_vec();
    parents.sort_unstable();
    parents.dedup();
    let uuids: Vec<Uuid> = parents.iter().map(|parent| (*parent).into()).collect();
    if let ([only], [uuid]) = (&parents[..], &uuids[..]) {
        let rows = E::find().filter(rows_of(Expr::value(*uuid)));
        let paged = fetch(rows, order, slice, connection).await?;
        return Ok(HashMap::from([(*only, paged)]));
    }
    if parents.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = connection.get_database_backend();
    let statement = if backend == DbBackend::Postgres {
        by_lateral::<E>(rows_of, order, slice, uuids)
    } else {
        backend.build(&by_window::<E>(rows_of, order, slice, uuids))
    };
    // One without rows has a page all the same.
    let mut found: HashMap<P, Vec<E::Model>> = parents
        .into_iter()
        .map(|parent| (parent, Vec::new()))
        .collect();
    for row in connection.query_all_raw(statement).await? {
        let parent: Uuid = row.try_get("", OF_ONE)?;
        if let Some(items) = found.get_mut(&P::from(parent)) {
            items.push(E::Model::read(&row)?);
        }
    }
    let page = |(parent, mut items): (P, Vec<E::Model>)| {
        // What a join gives is in no order.
        items.sort_by_cached_key(|row| AsRead::new(row.key(order.field), order, slice));
        (parent, slice.cut(items))
    };
    Ok(found.into_iter().map(page).collect())
}

/// The place of a row, in the direction in which a slice is read.
#[derive(PartialEq, Eq)]
struct AsRead {
    key: Key,
    rising: bool,
}

impl AsRead {
    fn new(key: Key, order: &Order, slice: &Slice) -> Self {
        let rising = order.descending == slice.backwards;
        Self { key, rising }
    }
}

impl Ord for AsRead {
    fn cmp(&self, other: &Self) -> Ordering {
        let rising = self.key.cmp(&other.key);
        if self.rising {
            rising
        } else {
            rising.reverse()
        }
    }
}

impl PartialOrd for AsRead {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The columns of an entity, of the rows of a parent within the slice.
fn rows<E: EntityTrait>(of_parent: Condition, order: &Order, slice: &Slice) -> SelectStatement {
    let mut rows = Query::select();
    for column in E::Column::iter() {
        rows.column(column.as_column_ref());
    }
    rows.cond_where(of_parent);
    let after = slice.after.as_ref().map(|key| order.beyond(key, true));
    let before = slice.before.as_ref().map(|key| order.beyond(key, false));
    for bound in after.into_iter().chain(before) {
        rows.and_where(bound);
    }
    rows
}

fn by_lateral<E: EntityTrait>(
    rows_of: impl FnOnce(SimpleExpr) -> Condition,
    order: &Order,
    slice: &Slice,
    of: Vec<Uuid>,
) -> Statement {
    let one = Expr::col((Alias::new(ONE), Alias::new(ONE)));
    let mut rows = rows::<E>(rows_of(one), order, slice);
    rows.from(E::default().table_ref());
    for column in order.columns() {
        rows.order_by_expr(column, slice.direction(order));
    }
    let mut statement = DbBackend::Postgres.build(&rows);
    let Values(values) = statement.values.get_or_insert(Values(Vec::new()));
    values.push(uuids(of));
    statement.sql = format!(
        "SELECT \"of_each\".*, \"{ONE}\".\"{ONE}\" AS \"{OF_ONE}\" FROM UNNEST(${place}::uuid[]) AS \"{ONE}\"(\"{ONE}\") \
         CROSS JOIN LATERAL ({rows} LIMIT {limit}) AS \"of_each\"",
        place = values.len(),
        rows = statement.sql,
        limit = slice.size + 1,
    );
    statement
}

fn by_window<E: EntityTrait>(
    rows_of: impl FnOnce(SimpleExpr) -> Condition,
    order: &Order,
    slice: &Slice,
    mut of: Vec<Uuid>,
) -> SelectStatement {
    // Lists of any length make a few statements; no row has the nil UUID.
    of.resize(of.len().next_power_of_two(), Uuid::nil());
    let (one, place) = ((Alias::new(ONE), Alias::new(COLUMN)), Alias::new("place"));
    let mut window = WindowStatement::partition_by(one.clone());
    for column in order.columns() {
        window.order_by_expr(column, slice.direction(order));
    }
    let mut rows = rows::<E>(rows_of(Expr::col(one.clone())), order, slice);
    rows.expr_as(Expr::col(one), Alias::new(OF_ONE))
        .expr_window_as(Expr::cust("ROW_NUMBER()"), window, place.clone())
        .from_values(of, Alias::new(ONE))
        // SQLite makes a crossed join in the order in which it is written.
        .cross_join(E::default().table_ref());
    let most = i64::try_from(slice.size + 1).unwrap_or(i64::MAX);
    Query::select()
        .column(Asterisk)
        .from_subquery(rows, Alias::new("of_each"))
        .and_where(Expr::col(place).lte(most))
        .to_owned()
}
