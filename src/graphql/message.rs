//! What stands between the parties of a referral: messages and appointments, as the caller may read them.
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use entity::AppointmentStatus;

use super::{
    context::{OrAnswer, Resolver},
    directory::{Organization, known_organization},
    loader::MessagesOf,
    page::{Connection, List, Page},
    scalar::DateTime,
};
use crate::store::{
    page::{Field, Paged},
    referral::{self, appointment::SeenAppointment, message::SeenMessage},
};

/// A message, as the caller may read it.
pub struct Message(pub(super) SeenMessage);

/// What one party of a referral wrote to the others: its source, its owner, and the organization that registered the
/// claimant. Each reads what was written in its own tenure, while that lasts. No claimant is sent any of it.
#[Object]
impl Message {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.message.id)
    }

    /// The organization that wrote it.
    async fn from(&self, context: &Context<'_>) -> Result<Organization> {
        known_organization(context, self.0.message.from_id).await
    }

    async fn body(&self, context: &Context<'_>) -> Result<String> {
        let session = context.session();
        let body = session.message_body(&self.0).or_answer(context)?;
        session.disclose_text(self.0.claimant, Some(self.0.message.referral_id));
        Ok(body)
    }

    async fn sent_at(&self) -> DateTime {
        DateTime(self.0.message.sent_at)
    }
}

/// An appointment, as the caller may read it.
pub struct Appointment(pub(super) SeenAppointment);

impl Appointment {
    /// Notes that an answer carries a text of it.
    fn disclosed(&self, context: &Context<'_>, text: Option<String>) -> Option<String> {
        if text.is_some() {
            let referral = self.0.appointment.referral_id;
            let session = context.session();
            session.disclose_text(self.0.claimant, Some(referral));
        }
        text
    }
}

/// When a claimant is to come to the owner of a referral. For those who read the messages of the referral. The gateway
/// sends a claimant nothing of it: an organization tells the person.
#[Object]
impl Appointment {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.appointment.id)
    }

    /// What was still to come when the referral closed, or went to another owner, is CANCELLED.
    async fn status(&self) -> AppointmentStatus {
        self.0.appointment.status
    }

    async fn starts_at(&self) -> DateTime {
        DateTime(self.0.appointment.starts_at)
    }

    async fn ends_at(&self) -> Option<DateTime> {
        self.0.appointment.ends_at.map(DateTime)
    }

    /// Where the owner receives the person. What would tell a hidden place is refused, as far as appointmentSave says.
    async fn place(&self, context: &Context<'_>) -> Result<Option<String>> {
        let place = context.session().appointment_place(&self.0);
        Ok(self.disclosed(context, place.or_answer(context)?))
    }

    async fn note(&self, context: &Context<'_>) -> Result<Option<String>> {
        let note = context.session().appointment_note(&self.0);
        Ok(self.disclosed(context, note.or_answer(context)?))
    }
}

pub(super) async fn message_connection(
    context: &Context<'_>,
    shown: &Arc<referral::Seen>,
    page: Page,
) -> Result<Connection<Message>> {
    let list = List::new(format!("messages {}", shown.referral.id.0), Field::Id);
    let slice = list.slice(context, page).or_answer(context)?;
    let key = MessagesOf(shown.clone(), slice);
    let paged = context.loaders().one(key).await.or_answer(context)?;
    let paged = paged.unwrap_or_else(Paged::empty);
    Ok(list.connection(context, paged, |seen| &seen.message, Message))
}
