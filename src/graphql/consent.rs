//! Consents and exclusions, as the caller may see them.
use async_graphql::{Context, ID, Object, Result};
use entity::{
    ConsentGiver, ConsentMethod, ConsentStatus, FieldGroup, InterpreterKind, NeedCategory,
    OrganizationKind, exclusion,
};
use futures_util::future::try_join_all;

use super::{
    context::Resolver,
    directory::{Organization, known_organization, organization_of},
    scalar::DateTime,
};
use crate::store::consent;

/// A consent of a claimant, or a refusal. The registering organization sees all; a party those in force that name or
/// cover it, and in them nobody but itself.
pub struct Consent(pub(super) consent::Whole);

#[Object]
impl Consent {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.consent.id)
    }

    /// Whether it is in force now.
    async fn status(&self, context: &Context<'_>) -> ConsentStatus {
        self.0.status(context.session().now())
    }

    /// Which needs it is for.
    async fn purposes(&self) -> &[NeedCategory] {
        &self.0.consent.purposes.0
    }

    /// Which sealed groups it opens.
    async fn field_groups(&self) -> &[FieldGroup] {
        &self.0.consent.field_groups.0
    }

    async fn recipients(&self, context: &Context<'_>) -> Result<Vec<Organization>> {
        // Asked for together, so that they are read once.
        let organizations = self.0.organizations.iter();
        let recipients = organizations.map(|id| organization_of(context, Some(*id)));
        let recipients = try_join_all(recipients).await?;
        Ok(recipients.into_iter().flatten().collect())
    }

    /// Every organization of these kinds is a recipient.
    async fn recipient_kinds(&self) -> &[OrganizationKind] {
        &self.0.kinds
    }

    /// Whether every party of a referral is a recipient.
    async fn any_party(&self) -> bool {
        self.0.consent.any_party
    }

    async fn method(&self) -> ConsentMethod {
        self.0.consent.method
    }

    /// The language in which it was given, ISO 639-3.
    async fn language(&self) -> Option<&str> {
        self.0.consent.language.as_deref()
    }

    async fn interpreter(&self) -> InterpreterKind {
        self.0.consent.interpreter
    }

    async fn given_by(&self) -> ConsentGiver {
        self.0.consent.given_by
    }

    async fn given_at(&self) -> DateTime {
        DateTime(self.0.consent.given_at)
    }

    async fn expires_at(&self) -> Option<DateTime> {
        self.0.consent.expires_at.map(DateTime)
    }

    async fn withdrawn_at(&self) -> Option<DateTime> {
        self.0.consent.withdrawn_at.map(DateTime)
    }
}

/// An organization that a claimant never wants to be known to. It beats every consent. Seen by the registering
/// organization alone.
pub struct Exclusion(pub(super) exclusion::Model);

#[Object]
impl Exclusion {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    async fn organization(&self, context: &Context<'_>) -> Result<Organization> {
        known_organization(context, self.0.organization_id).await
    }

    async fn recorded_at(&self) -> DateTime {
        DateTime(self.0.recorded_at)
    }

    /// Null while it is in force.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(DateTime)
    }
}
