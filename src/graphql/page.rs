//! Relay paging: arguments in, connections out. A cursor is bound to its list, its order and its caller's organization.
use async_graphql::{
    Context, OutputType,
    connection::{
        Connection as RelayConnection, DefaultConnectionName, DefaultEdgeName, DisableNodesField,
        Edge, EmptyFields,
    },
};

use super::context::Resolver;
use crate::{
    error::{BadInput, Error, Result},
    store::page::{Field, Key, Keyed, Paged, Slice},
};

/// A page of a list, in the shape of the Relay specification.
pub(super) type Connection<T> = RelayConnection<
    String,
    T,
    EmptyFields,
    EmptyFields,
    DefaultConnectionName,
    DefaultEdgeName,
    DisableNodesField,
>;

/// The page size when neither `first` nor `last` is given.
const USUAL: i32 = 20;
/// The largest page.
const LARGEST: i32 = 100;

/// The paging arguments of a list.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

/// Which list a cursor belongs to.
#[derive(Clone, Debug)]
pub(super) struct List {
    name: String,
    field: Field,
}

impl List {
    pub(super) fn new(name: impl Into<String>, field: Field) -> Self {
        Self {
            name: name.into(),
            field,
        }
    }

    fn binding(&self, context: &Context<'_>) -> Vec<u8> {
        let organization = context.session().caller().viewer.organization();
        [
            self.name.as_bytes(),
            format!("|{:?}|", self.field).as_bytes(),
            organization.0.as_bytes(),
        ]
        .concat()
    }

    /// Which part of the list the arguments ask for.
    pub(super) fn slice(&self, context: &Context<'_>, page: Page) -> Result<Slice> {
        let backwards = page.last.is_some();
        if backwards && page.first.is_some() {
            return Err(Error::BadInput(BadInput::PageDirection));
        }
        let size = page.first.or(page.last).unwrap_or(USUAL);
        if !(1..=LARGEST).contains(&size) {
            return Err(Error::BadInput(BadInput::PageSize));
        }
        let binding = self.binding(context);
        let key = |cursor: Option<String>| -> Result<Option<Key>> {
            let Some(cursor) = cursor else {
                return Ok(None);
            };
            let content = context
                .session()
                .keys()
                .open_cursor(&binding, &cursor)
                .ok_or(Error::BadCursor)?;
            serde_json::from_slice(&content)
                .map(Some)
                .map_err(|_| Error::BadCursor)
        };
        Ok(Slice {
            size: size.unsigned_abs().into(),
            backwards,
            after: key(page.after)?,
            before: key(page.before)?,
        })
    }

    /// The cursor of a row.
    pub(super) fn cursor(&self, context: &Context<'_>, row: &impl Keyed) -> String {
        let content = serde_json::to_vec(&row.key(self.field)).unwrap_or_default();
        context
            .session()
            .keys()
            .cursor(&self.binding(context), &content)
    }

    /// The page as a connection; `row` says which part of an item has the sort key.
    pub(super) fn connection<S, R: Keyed, T: OutputType>(
        &self,
        context: &Context<'_>,
        paged: Paged<S>,
        row: impl Fn(&S) -> &R,
        node: impl Fn(S) -> T,
    ) -> Connection<T> {
        let mut connection = Connection::new(paged.has_previous, paged.has_next);
        connection.edges.extend(
            paged
                .items
                .into_iter()
                .map(|item| Edge::new(self.cursor(context, row(&item)), node(item))),
        );
        connection
    }
}
