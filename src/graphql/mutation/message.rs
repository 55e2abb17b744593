//! What the parties of a referral say to each other, and when the claimant is to come.
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use entity::AppointmentStatus;
use sea_orm::prelude::Uuid;

use super::{
    super::{context::Resolver, scalar::DateTime},
    ReferralPayload,
    referral::payload,
    update,
};
use crate::store::referral::{appointment, message};

/// A message about a referral, to its other parties. No claimant is sent anything.
#[derive(InputObject)]
pub struct MessageSendInput {
    referral_id: ID,
    /// At most 4,000 characters. Refused where it holds a social insurance number; where it tells a name, contact, birth
    /// date or identifier of somebody in the referral that the caller may know (TEXT_IDENTIFIES); and where it tells the
    /// address, postal code or municipality of a confidential location of the caller's organization, or the municipality
    /// of somebody whom it registered and whose location is protected (PLACE_CONFIDENTIAL). Nothing else is compared.
    body: String,
    idempotency_key: Option<Uuid>,
}

/// An appointment: a new one, or a change of one. In a change, what is absent stays and null clears.
#[derive(InputObject)]
pub struct AppointmentSaveInput {
    referral_id: ID,
    id: Option<ID>,
    /// New ones are PROPOSED or BOOKED. FULFILLED: it was kept.
    status: AppointmentStatus,
    /// While it is proposed or booked, ahead, by 366 days at most; after that it cannot be moved.
    starts_at: DateTime,
    /// After startsAt, within 24 hours.
    ends_at: MaybeUndefined<DateTime>,
    /// Where the owner receives the person; at most 300 characters. Refused as the body of a message is, and where the
    /// service of the referral is given at confidential locations only (PLACE_CONFIDENTIAL): say it in person.
    place: MaybeUndefined<String>,
    /// At most 4,000 characters; refused as the body of a message is.
    note: MaybeUndefined<String>,
    idempotency_key: Option<Uuid>,
}

#[derive(Default)]
pub struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Writes to the other parties of a referral that is owned and not closed: its source, its owner, and the
    /// organization that registered the claimant. A message of the source answers NEEDS_INFORMATION: the sub-status goes
    /// back to what it was before. The journal tells that it was sent, and not what it says.
    async fn message_send(
        &self,
        context: &Context<'_>,
        input: MessageSendInput,
    ) -> Result<ReferralPayload> {
        let change = message::Send {
            referral: context.row(&input.referral_id),
            body: input.body,
        };
        payload(context, &change, input.idempotency_key).await
    }

    /// Proposes, books or changes an appointment, or says what became of it. The owner does all of that; the source, and
    /// the organization that registered the claimant, confirm what was proposed and cancel. The sub-status follows:
    /// PROPOSED gives APPOINTMENT_OFFERED, BOOKED APPOINTMENT_CONFIRMED, NO_SHOW NO_SHOW; once it was kept or cancelled,
    /// what the other appointments give, or none. Before acceptance nothing can be kept or missed.
    async fn appointment_save(
        &self,
        context: &Context<'_>,
        input: AppointmentSaveInput,
    ) -> Result<ReferralPayload> {
        let change = appointment::Save {
            referral: context.row(&input.referral_id),
            id: input.id.map(|id| context.row(&id)),
            status: input.status,
            starts_at: input.starts_at.0,
            ends_at: update(input.ends_at).map(|time| time.0),
            place: update(input.place),
            note: update(input.note),
        };
        payload(context, &change, input.idempotency_key).await
    }
}
