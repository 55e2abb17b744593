//! Relay paging: arguments in, connections out. A cursor is bound to its list, its order and its caller's organization.
use std::sync::Arc;

use async_graphql::{
    Context, OutputType,
    connection::{
        Connection as RelayConnection, CursorType, DefaultConnectionName, DefaultEdgeName,
        DisableNodesField, Edge, EmptyFields, PageInfo,
    },
};

use super::{
    context::Resolver,
    direct::{Later, Plain, Told, Writer},
};
use crate::{
    error::{BadInput, Error, Result},
    store::{
        Session,
        page::{Field, Key, Keyed, Paged, Slice},
    },
};

/// A page of a list, in the shape of the Relay specification.
pub(super) type Connection<T> = RelayConnection<
    RowCursor,
    T,
    EmptyFields,
    EmptyFields,
    DefaultConnectionName,
    DefaultEdgeName,
    DisableNodesField,
>;

/// The cursor of a row. Most are never asked for, so each is sealed only when it is.
pub(super) enum RowCursor {
    Made(String),
    OfKey(Key, Arc<Binding>),
}

/// The list that cursors are bound to, and what seals them.
pub(super) struct Binding {
    session: Session,
    bytes: Vec<u8>,
}

impl CursorType for RowCursor {
    type Error = Error;

    fn decode_cursor(_: &str) -> Result<Self> {
        // A cursor opens only under its binding: see `List::slice`.
        Err(Error::BadCursor)
    }

    fn encode_cursor(&self) -> String {
        match self {
            Self::Made(cursor) => cursor.clone(),
            Self::OfKey(key, binding) => {
                let content = serde_json::to_vec(key).unwrap_or_default();
                binding.session.keys().cursor(&binding.bytes, &content)
            }
        }
    }
}

/// The page size when neither `first` nor `last` is given.
const USUAL: i32 = 20;
/// The largest page.
const LARGEST: i32 = 100;

/// The paging arguments of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
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

    fn binding(&self, session: &Session) -> Vec<u8> {
        let organization = session.caller().viewer.organization();
        [
            self.name.as_bytes(),
            format!("|{:?}|", self.field).as_bytes(),
            organization.0.as_bytes(),
        ]
        .concat()
    }

    /// Which part of the list the arguments ask for.
    pub(super) fn slice(&self, context: &Context<'_>, page: Page) -> Result<Slice> {
        self.slice_in(context.session(), page)
    }

    /// [`List::slice`], before a field is reached.
    pub(super) fn slice_in(&self, session: &Session, page: Page) -> Result<Slice> {
        let backwards = page.last.is_some();
        if backwards && page.first.is_some() {
            return Err(Error::BadInput(BadInput::PageDirection));
        }
        let size = page.first.or(page.last).unwrap_or(USUAL);
        if !(1..=LARGEST).contains(&size) {
            return Err(Error::BadInput(BadInput::PageSize));
        }
        let binding = self.binding(session);
        let key = |cursor: Option<String>| -> Result<Option<Key>> {
            let Some(cursor) = cursor else {
                return Ok(None);
            };
            let content = session
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

    /// The page as a connection; `row` says which part of an item has the sort key.
    pub(super) fn connection<S, R: Keyed, T: OutputType>(
        &self,
        context: &Context<'_>,
        paged: Paged<S>,
        row: impl Fn(&S) -> &R,
        node: impl Fn(S) -> T,
    ) -> Connection<T> {
        self.connection_in(context.session(), paged, row, node)
    }

    /// [`List::connection`], before a field is reached.
    pub(super) fn connection_in<S, R: Keyed, T: OutputType>(
        &self,
        session: &Session,
        paged: Paged<S>,
        row: impl Fn(&S) -> &R,
        node: impl Fn(S) -> T,
    ) -> Connection<T> {
        let binding = Arc::new(Binding {
            session: session.clone(),
            bytes: self.binding(session),
        });
        let mut connection = Connection::new(paged.has_previous, paged.has_next);
        connection.edges.extend(paged.items.into_iter().map(|item| {
            let key = row(&item).key(self.field);
            Edge::new(RowCursor::OfKey(key, binding.clone()), node(item))
        }));
        connection
    }
}

impl<T: Plain> Plain for Connection<T> {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        match field {
            "edges" => to.list(&self.edges, |to, edge| to.object(edge)),
            "pageInfo" => to.object(&PageInfo {
                has_previous_page: self.has_previous_page,
                has_next_page: self.has_next_page,
                start_cursor: self.edges.first().map(|edge| edge.cursor.encode_cursor()),
                end_cursor: self.edges.last().map(|edge| edge.cursor.encode_cursor()),
            }),
            _ => Err(Later),
        }
    }
}

impl<T: Plain> Plain for Edge<RowCursor, T, EmptyFields> {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        match field {
            "cursor" => to.text(&self.cursor.encode_cursor()),
            "node" => to.object(&self.node),
            _ => Err(Later),
        }
    }
}

impl Plain for PageInfo {
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told {
        match field {
            "hasPreviousPage" => to.flag(self.has_previous_page),
            "hasNextPage" => to.flag(self.has_next_page),
            "startCursor" => to.optional(self.start_cursor.as_deref(), Writer::text),
            "endCursor" => to.optional(self.end_cursor.as_deref(), Writer::text),
            _ => Err(Later),
        }
    }
}
