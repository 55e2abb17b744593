//! Keyset paging: a list goes on after the sort key of a row, never after a number of rows. The sort key of every list
//! ends with the id, so that no two rows are equal, on either database.
use chrono::{DateTime, Utc};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait, Select, Statement, Value,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, SimpleExpr, Values},
};
use serde::{Deserialize, Serialize};

use crate::error::Result;

mod any;
mod each;

pub(super) use any::{FIRST, fetch_any, first_ids};
pub(super) use each::fetch_each;

/// How a list is ordered. The variant says what the sort key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// By the id alone, which is the order of creation.
    Id,
    CreatedAt,
    UpdatedAt,
    DueAt,
    Urgency,
    Name,
    Position,
    Version,
}

/// An order of a list, with the expressions of its columns.
#[derive(Clone, Debug)]
pub struct Order {
    pub field: Field,
    pub descending: bool,
    /// Several columns are a tuple.
    pub(super) sort: Option<SimpleExpr>,
    pub(super) id: SimpleExpr,
}

/// The value by which a row is sorted, in the order of both databases: texts by their bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SortValue {
    Nothing,
    Time(DateTime<Utc>),
    /// A rank, and a time in it.
    Urgency(i32, DateTime<Utc>),
    Text(String),
    Number(i32),
    Position(i64),
}

/// The place of a row in its list; what a cursor holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    pub value: SortValue,
    pub id: Uuid,
}

/// Which part of a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    pub size: u64,
    /// Counted from the end.
    pub backwards: bool,
    pub after: Option<Key>,
    pub before: Option<Key>,
}

impl Slice {
    /// The first rows of a list.
    pub const fn first(size: u64) -> Self {
        Self {
            size,
            backwards: false,
            after: None,
            before: None,
        }
    }

    fn narrow<E: EntityTrait>(&self, mut select: Select<E>, order: &Order) -> Select<E> {
        if let Some(key) = &self.after {
            select = select.filter(order.beyond(key, true));
        }
        if let Some(key) = &self.before {
            select = select.filter(order.beyond(key, false));
        }
        select
    }

    /// In which direction a list is read.
    fn direction(&self, order: &Order) -> sea_orm::Order {
        if order.descending == self.backwards {
            sea_orm::Order::Asc
        } else {
            sea_orm::Order::Desc
        }
    }

    /// The part, of rows as they were read: one more where there is more.
    fn cut<T>(&self, mut items: Vec<T>) -> Paged<T> {
        let more = items.len() as u64 > self.size;
        if more {
            items.pop();
        }
        if self.backwards {
            items.reverse();
        }
        Paged {
            items,
            has_next: if self.backwards {
                self.before.is_some()
            } else {
                more
            },
            has_previous: if self.backwards {
                more
            } else {
                self.after.is_some()
            },
        }
    }
}

/// A part of a list, in the list's order.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    pub items: Vec<T>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<T> Paged<T> {
    /// The same part of the list, each row as something else.
    pub fn map<U>(self, with: impl FnMut(T) -> U) -> Paged<U> {
        Paged {
            items: self.items.into_iter().map(with).collect(),
            has_next: self.has_next,
            has_previous: self.has_previous,
        }
    }

    /// A part with nothing in it.
    pub const fn empty() -> Self {
        Self {
            items: Vec::new(),
            has_next: false,
            has_previous: false,
        }
    }
}

/// A row that knows its place in a list.
pub trait Keyed {
    fn key(&self, field: Field) -> Key;

    /// The row, of one that begins with all columns of its table.
    ///
    /// # Errors
    /// When a column holds what it cannot.
    fn read(row: &QueryResult) -> std::result::Result<Self, DbErr>
    where
        Self: FromQueryResult,
    {
        Self::from_query_result(row, "")
    }
}

/// A due date that is not there sorts after every other.
pub(super) const NEVER: DateTime<Utc> =
    DateTime::<Utc>::from_timestamp_nanos(7_258_118_400_000_000_000);

impl SortValue {
    fn expressions(&self) -> Vec<SimpleExpr> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Time(time) => vec![Expr::value(*time)],
            Self::Urgency(rank, time) => vec![Expr::value(*rank), Expr::value(*time)],
            Self::Text(text) => vec![Expr::value(text.clone())],
            Self::Number(number) => vec![Expr::value(*number)],
            Self::Position(position) => vec![Expr::value(*position)],
        }
    }
}

impl Order {
    fn columns(&self) -> Vec<SimpleExpr> {
        let mut columns: Vec<SimpleExpr> = self.sort.clone().into_iter().collect();
        if let Some(SimpleExpr::Tuple(several)) = &self.sort {
            columns.clone_from(several);
        }
        columns.push(self.id.clone());
        columns
    }

    fn beyond(&self, key: &Key, forwards: bool) -> SimpleExpr {
        let greater = forwards != self.descending;
        let mut place = key.value.expressions();
        place.push(Expr::value(key.id));
        let (row, place) = match (self.columns(), place) {
            (row, place) if row.len() == place.len() && row.len() > 1 => {
                (Expr::tuple(row), Expr::tuple(place))
            }
            _ => (self.id.clone(), Expr::value(key.id)),
        };
        if greater {
            row.gt(place)
        } else {
            row.lt(place)
        }
    }
}

/// The statement with its limits written out: planned for a number that it does not know, PostgreSQL takes any list for a
/// long one, and would rather sort the whole than follow the index that has it in order.
pub(super) fn with_literal_limit<E: EntityTrait>(
    backend: DbBackend,
    select: &Select<E>,
) -> Statement {
    let mut statement = select.build(backend);
    let Some(Values(values)) = &mut statement.values else {
        return statement;
    };
    // The parameters of inner limits stay, and are asked by nothing: all others are known by their number.
    if backend == DbBackend::Postgres {
        for (place, value) in (1..).zip(values.iter()) {
            if let Value::BigUnsigned(Some(limit)) = value {
                let inner = format!(" LIMIT ${place})");
                statement.sql = statement.sql.replace(&inner, &format!(" LIMIT {limit})"));
            }
        }
    }
    let place = format!(" LIMIT ${}", values.len());
    if let Some(Value::BigUnsigned(Some(limit))) = values.last()
        && let Some(text) = statement
            .sql
            .strip_suffix(&place)
            .or_else(|| statement.sql.strip_suffix(" LIMIT ?"))
    {
        statement.sql = format!("{text} LIMIT {limit}");
        values.pop();
    }
    statement
}

/// Reads one row more than the slice holds, to know whether there is a next.
pub(super) async fn fetch<E, C>(
    select: Select<E>,
    order: &Order,
    slice: &Slice,
    connection: &C,
) -> Result<Paged<E::Model>>
where
    E: EntityTrait,
    E::Model: Keyed,
    C: ConnectionTrait,
{
    let mut select = slice.narrow(select, order);
    for column in order.columns() {
        select = select.order_by(column, slice.direction(order));
    }
    let select = select.limit(slice.size + 1);
    let rows = connection
        .query_all_raw(with_literal_limit(
            connection.get_database_backend(),
            &select,
        ))
        .await?;
    let items = rows
        .iter()
        .map(E::Model::read)
        .collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(slice.cut(items))
}
