//! The text of a statement that is asked again and again, made once for each role and kind of organization. It holds the
//! rule of its rows as any other does: it is made by the same code, for an organization, a moment and a row that stand in
//! for all of them, and these alone are put in anew. Where that would not give what is made for the first who asks, nothing
//! is kept.
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, PoisonError, RwLock},
};

use chrono::{DateTime, Utc};
use entity::{OrganizationId, OrganizationKind, Role};
use sea_orm::{DbBackend, Statement, Value, prelude::Uuid, sea_query::Values};

use super::Session;
use crate::viewer::{Caller, Viewer};

/// What stands in while a text is made. No other value of a statement is any of these.
const ORGANIZATION: Uuid = Uuid::from_u128(u128::MAX - 1);
const ROW: Uuid = Uuid::from_u128(u128::MAX - 2);
const NOW: DateTime<Utc> = DateTime::from_timestamp_nanos(5_432_109_876_543_210_000);

/// A value of a statement.
enum Slot {
    Same(Value),
    Organization,
    Now,
    Row,
}

impl Slot {
    fn of(value: Value) -> Self {
        match value {
            Value::Uuid(Some(ORGANIZATION)) => Self::Organization,
            Value::Uuid(Some(ROW)) => Self::Row,
            Value::ChronoDateTimeUtc(Some(at)) if at == NOW => Self::Now,
            same => Self::Same(same),
        }
    }
}

struct Text {
    sql: String,
    slots: Vec<Slot>,
}

impl Text {
    fn of(statement: Statement) -> Self {
        let values = statement.values.map(|values| values.0).unwrap_or_default();
        Self {
            sql: statement.sql,
            slots: values.into_iter().map(Slot::of).collect(),
        }
    }

    fn statement(&self, session: &Session, row: Uuid) -> Statement {
        let value = |slot: &Slot| match slot {
            Slot::Same(value) => value.clone(),
            Slot::Organization => session.viewer().organization().into(),
            Slot::Now => session.now.into(),
            Slot::Row => row.into(),
        };
        Statement {
            sql: self.sql.clone(),
            values: Some(Values(self.slots.iter().map(value).collect())),
            db_backend: session.backend(),
        }
    }
}

/// By database, role and kind; a text that cannot be kept is none.
type Texts = HashMap<(bool, Role, OrganizationKind), Option<Arc<Text>>>;

/// A statement about one row whose text is kept.
pub(super) struct Kept(LazyLock<RwLock<Texts>>);

impl Kept {
    pub(super) const fn new() -> Self {
        Self(LazyLock::new(RwLock::default))
    }

    /// The statement for the caller of a session and a row. `make` must depend on nothing else.
    pub(super) fn statement(
        &self,
        session: &Session,
        row: Uuid,
        make: impl Fn(&Session, Uuid) -> Statement,
    ) -> Statement {
        let viewer = session.viewer();
        let Some(standing_in) = standing_in(viewer) else {
            return make(session, row);
        };
        let is_postgres = session.backend() == DbBackend::Postgres;
        let key = (is_postgres, viewer.role(), viewer.kind());
        let kept = {
            let texts = self.0.read().unwrap_or_else(PoisonError::into_inner);
            texts.get(&key).cloned()
        };
        match kept {
            Some(Some(text)) => text.statement(session, row),
            Some(None) => make(session, row),
            None => {
                let made = make(session, row);
                let text = Text::of(make(&session.as_if(standing_in), ROW));
                let is_whole = text.statement(session, row) == made;
                debug_assert!(is_whole, "it depends on more: {made}");
                let mut texts = self.0.write().unwrap_or_else(PoisonError::into_inner);
                texts.insert(key, is_whole.then(|| Arc::new(text)));
                made
            }
        }
    }
}

/// A viewer of the same role and kind; none for the ministry, whose rules depend on more.
fn standing_in(viewer: &Viewer) -> Option<Viewer> {
    let organization = OrganizationId(ORGANIZATION);
    match *viewer {
        Viewer::Provider { kind, .. } => Some(Viewer::Provider { organization, kind }),
        Viewer::SettlementAgency { .. } => Some(Viewer::SettlementAgency { organization }),
        Viewer::Ministry { .. } => None,
    }
}

impl Session {
    /// A session to make a text with, and for nothing else.
    fn as_if(&self, viewer: Viewer) -> Self {
        let caller = Caller {
            viewer,
            ..Caller::clone(&self.caller)
        };
        Self {
            caller: Arc::new(caller),
            now: NOW,
            ..self.clone()
        }
    }
}
