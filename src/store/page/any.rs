//! A list whose rows come from several others, each of which an index has in order: the first rows of each are enough to
//! know the first of all. Asked for at once, the database would read every row of every one, and sort them.
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, Iterable, PrimaryKeyToColumn, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Alias, Query, SelectStatement, UnionType},
};

use super::{Keyed, Order, Paged, Slice, fetch};
use crate::error::{Error, Result};

/// How one of the others is called in the statement.
pub(in crate::store) const FIRST: &str = "first";

/// The ids of the first rows of a list, of those within the slice.
pub(in crate::store) fn first_ids<E: EntityTrait>(
    rows: Select<E>,
    order: &Order,
    slice: &Slice,
) -> SelectStatement {
    let mut rows = slice.narrow(rows, order).select_only();
    for key in E::PrimaryKey::iter() {
        rows = rows.column(key.into_column());
    }
    for column in order.columns() {
        rows = rows.order_by(column, slice.direction(order));
    }
    rows.limit(slice.size + 1).into_query()
}

/// The part of a list of the rows whose ids any of these statements gives. Each holds the rule of its rows.
pub(in crate::store) async fn fetch_any<E, C>(
    id: E::Column,
    others: impl IntoIterator<Item = SelectStatement>,
    order: &Order,
    slice: &Slice,
    connection: &C,
) -> Result<Paged<E::Model>>
where
    E: EntityTrait,
    E::Model: Keyed,
    C: ConnectionTrait,
{
    let first = Alias::new(FIRST);
    let ids = others.into_iter().map(|other| {
        Query::select()
            .column((first.clone(), id))
            .from_subquery(other, first.clone())
            .to_owned()
    });
    let ids = ids.reduce(|mut all, other| {
        all.union(UnionType::Distinct, other);
        all
    });
    let ids = ids.ok_or_else(|| Error::internal("a list of no others"))?;
    fetch(
        E::find().filter(id.in_subquery(ids)),
        order,
        slice,
        connection,
    )
    .await
}
