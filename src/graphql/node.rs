//! Relay nodes: whatever has a public id, found by it under the caller's rules.
use async_graphql::{Context, ID, Interface, Result};
use sea_orm::prelude::Uuid;

use super::{
    claimant::{Claimant, Need},
    consent::{Consent, Exclusion},
    context::{OrAnswer, Resolver},
    directory::{Catchment, Organization, Region, Service},
    disclosure::Disclosure,
    duplicate::DuplicateCandidate,
    message::{Appointment, Message},
    referral::{Outcome, Referral},
};
use crate::{auth::scope, opaque::NodeType};

/// Anything with an id of its own.
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    desc = "Opaque; it tells nothing of the thing it names."
))]
pub enum Node {
    Organization(Organization),
    Region(Region),
    Catchment(Catchment),
    Service(Service),
    Claimant(Claimant),
    Need(Need),
    Consent(Consent),
    Exclusion(Exclusion),
    Referral(Referral),
    Outcome(Outcome),
    Disclosure(Disclosure),
    DuplicateCandidate(DuplicateCandidate),
    Message(Message),
    Appointment(Appointment),
}

/// The type of a node as the table of scopes names it.
const fn type_name(node: NodeType) -> &'static str {
    match node {
        NodeType::Organization => "Organization",
        NodeType::Region => "Region",
        NodeType::Catchment => "Catchment",
        NodeType::Service => "Service",
        NodeType::Location => "Location",
        NodeType::Claimant => "Claimant",
        NodeType::Need => "Need",
        NodeType::Consent => "Consent",
        NodeType::Referral => "Referral",
        NodeType::Outcome => "Outcome",
        NodeType::Qualification => "Qualification",
        NodeType::Exclusion => "Exclusion",
        NodeType::Disclosure => "Disclosure",
        NodeType::DuplicateCandidate => "DuplicateCandidate",
        NodeType::Message => "Message",
        NodeType::Appointment => "Appointment",
        NodeType::EligibilityRule => "EligibilityRule",
    }
}

/// What a public id names, as far as the caller may see it.
pub(super) async fn node(context: &Context<'_>, id: &ID) -> Result<Option<Node>> {
    match context.session().keys().node(id) {
        Some((node, uuid)) => node_by_uuid(context, node, uuid).await,
        None => Ok(None),
    }
}

/// Whether the caller's scopes let it read what is of this type, wherever it meets it.
pub(super) fn may_read(context: &Context<'_>, node: NodeType) -> bool {
    let scopes = context.session().caller().scopes;
    scope::missing(type_name(node), scope::OBJECT, scopes).is_none()
}

pub(super) async fn node_by_uuid(
    context: &Context<'_>,
    node: NodeType,
    uuid: Uuid,
) -> Result<Option<Node>> {
    if !may_read(context, node) {
        return Ok(None);
    }
    let loaders = context.loaders();
    let found = match node {
        NodeType::Organization => loaders
            .one(entity::OrganizationId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(Organization(row)))),
        NodeType::Region => loaders
            .one(entity::RegionId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(Region(row)))),
        NodeType::Catchment => loaders
            .one(entity::CatchmentId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(Catchment(row)))),
        NodeType::Service => loaders
            .one(entity::ServiceId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(Service(row)))),
        NodeType::Claimant => loaders
            .one(entity::ClaimantId(uuid))
            .await
            .map(|found| found.map(|seen| Node::from(Claimant::from(seen)))),
        NodeType::Need => loaders
            .one(entity::NeedId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(Need(row)))),
        NodeType::Consent => loaders
            .one(entity::ConsentId(uuid))
            .await
            .map(|found| found.map(|whole| Node::from(Consent(whole)))),
        NodeType::Referral => loaders
            .one(entity::ReferralId(uuid))
            .await
            .map(|found| found.map(|seen| Node::from(Referral::from(seen)))),
        NodeType::Outcome => loaders
            .one(entity::OutcomeId(uuid))
            .await
            .map(|found| found.map(|seen| Node::from(Outcome(seen)))),
        NodeType::Exclusion => loaders
            .one(entity::ExclusionId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(Exclusion(row)))),
        NodeType::Disclosure => loaders
            .one(entity::DisclosureId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(Disclosure(row)))),
        NodeType::DuplicateCandidate => loaders
            .one(entity::DuplicateCandidateId(uuid))
            .await
            .map(|found| found.map(|row| Node::from(DuplicateCandidate(row)))),
        NodeType::Message => loaders
            .one(entity::MessageId(uuid))
            .await
            .map(|found| found.map(|seen| Node::from(Message(seen)))),
        NodeType::Appointment => loaders
            .one(entity::AppointmentId(uuid))
            .await
            .map(|found| found.map(|seen| Node::from(Appointment(seen)))),
        // Locations have no type in the API yet; a qualification is a part of its claimant, a rule of its service.
        NodeType::Location | NodeType::Qualification | NodeType::EligibilityRule => Ok(None),
    };
    found.or_answer(context)
}
