//! Journal entries, as the caller may see them: the history of a referral, and the feed.
use async_graphql::{Context, ID, Object, Result, connection::Edge};
use entity::{ReferralStatus, ReferralStatusReason, SubjectType};

use super::{
    context::{OrAnswer, Resolver},
    directory::{Organization, organization_of},
    node::{Node, may_read, node_by_uuid},
    page::{Connection, RowCursor},
    scalar::{Cursor, DateTime},
};
use crate::{
    error::{BadInput, Error},
    opaque::NodeType,
    store::{Session, journal::Seen},
};

/// One entry of the journal. Its subject is null where nothing may be seen of it now.
pub struct JournalEntry(pub(super) Seen);

impl JournalEntry {
    const fn node_type(&self) -> NodeType {
        match self.0.entry.subject_type {
            SubjectType::Claimant => NodeType::Claimant,
            SubjectType::Consent => NodeType::Consent,
            SubjectType::Disclosure => NodeType::Disclosure,
            SubjectType::DuplicateCandidate => NodeType::DuplicateCandidate,
            SubjectType::Need => NodeType::Need,
            SubjectType::Organization => NodeType::Organization,
            SubjectType::Referral => NodeType::Referral,
            SubjectType::Service => NodeType::Service,
        }
    }
}

#[Object]
impl JournalEntry {
    /// Where the feed goes on after this entry.
    async fn cursor(&self, context: &Context<'_>) -> Cursor {
        position_cursor(context, self.0.position)
    }

    /// When it happened. Of a referral the ministry is told the day: its first moment in America/Toronto.
    async fn at(&self) -> DateTime {
        DateTime(self.0.entry.at)
    }

    /// What happened: REFERRAL_ACCEPTED, CONSENT_RECORDED, ACCESS_ENDED and so on. More kinds may come.
    async fn kind(&self) -> &'static str {
        self.0.entry.kind.as_str()
    }

    async fn subject_id(&self, context: &Context<'_>) -> ID {
        ID(context
            .session()
            .keys()
            .id(self.node_type(), self.0.entry.subject_id))
    }

    async fn subject(&self, context: &Context<'_>) -> Result<Option<Node>> {
        let (of, id) = (self.node_type(), self.0.entry.subject_id);
        Box::pin(node_by_uuid(context, of, id)).await
    }

    /// The organization that acted; null before the caller's own tenure.
    async fn organization(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        organization_of(context, self.0.entry.organization_id).await
    }

    async fn from_status(&self) -> Option<ReferralStatus> {
        self.0.entry.from_status
    }

    async fn to_status(&self) -> Option<ReferralStatus> {
        self.0.entry.to_status
    }

    async fn reason(&self) -> Option<ReferralStatusReason> {
        self.0.entry.reason
    }

    /// What was noted, where the caller may read the subject.
    async fn note(&self, context: &Context<'_>) -> Result<Option<String>> {
        // A note about a person is for those whose token is good for people.
        if !may_read(context, self.node_type()) {
            return Ok(None);
        }
        let note = context.session().entry_note(&self.0).or_answer(context)?;
        if note.is_some() {
            let (claimant, referral) = self.0.about;
            context.session().disclose_text(claimant, referral);
        }
        Ok(note)
    }

    /// The version of the subject that the change left.
    async fn version(&self) -> Option<i32> {
        Some(self.0.entry.subject_version).filter(|version| *version > 0)
    }
}

const BINDING: &str = "journal|";

fn binding(session: &Session) -> Vec<u8> {
    let organization = session.caller().viewer.organization();
    [BINDING.as_bytes(), organization.0.as_bytes()].concat()
}

fn position_cursor(context: &Context<'_>, position: i64) -> Cursor {
    position_cursor_of(context.session(), position)
}

pub(super) fn position_cursor_of(session: &Session, position: i64) -> Cursor {
    let content = position.to_be_bytes();
    Cursor(session.keys().cursor(&binding(session), &content))
}

/// The position that a cursor of the feed names.
pub(super) fn position(context: &Context<'_>, cursor: &Cursor) -> Result<i64, Error> {
    let content = context
        .session()
        .keys()
        .open_cursor(&binding(context.session()), &cursor.0)
        .ok_or(Error::BadCursor)?;
    let bytes: [u8; 8] = content.try_into().map_err(|_| Error::BadCursor)?;
    Ok(i64::from_be_bytes(bytes))
}

/// Reads the feed on from a position.
pub(super) async fn changes(
    context: &Context<'_>,
    after: Option<Cursor>,
    first: Option<i32>,
) -> Result<Connection<JournalEntry>> {
    let size = first.unwrap_or(20);
    if !(1..=100).contains(&size) {
        return Err(super::context::answer(
            context,
            Error::BadInput(BadInput::PageSize),
        ));
    }
    let from = match &after {
        Some(cursor) => position(context, cursor).or_answer(context)?,
        None => 0,
    };
    let (entries, more) = context
        .session()
        .change_list(from, size.unsigned_abs().into())
        .await
        .or_answer(context)?;
    let mut connection = Connection::new(from > 0, more);
    connection.edges.extend(entries.into_iter().map(|seen| {
        let cursor = RowCursor::Made(position_cursor(context, seen.position).0);
        Edge::new(cursor, JournalEntry(seen))
    }));
    Ok(connection)
}
