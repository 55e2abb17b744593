//! Claimants, each sealed group one nullable object with its reason beside it; needs. The groups themselves are in
//! `group`.
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use entity::{Access, AgeBand, ClaimantId, FieldGroup, Language, NeedCategory, NeedStatus, need};
use futures_util::future::try_join_all;

use super::{
    consent::{Consent, Exclusion},
    context::{OrAnswer, Resolver},
    direct::Direct,
    directory::{Organization, Region, organization_of, region_of},
    loader::{
        ClaimStatusOf, ConsentsOf, ContactOf, ExclusionsOf, HouseholdOf, IdentifiersOf,
        LanguageAbilitiesOf, MergesOf, NeedsOf, QualificationsOf, WorkAuthorizationOf,
    },
    page::{Connection, List, Page},
    referral::{Referral, referral_connection_of},
    scalar::{Date, DateTime},
};
use crate::store::{
    claimant::{self, View},
    disclosure::Opened,
    duplicate::Merge,
    page::Field,
    sealed,
};

mod group;

pub(super) use group::ClaimantIdentity;
use group::{
    ClaimStatus, ClaimantContact, ClaimantIdentifier, LanguageAbility, Qualification,
    WorkAuthorization,
};

/// A person who seeks asylum. Seen by the organization that registered the person, and by a party of a referral while
/// its access lasts; never by the ministry. Before it accepts, a party sees region, language, need of an interpreter
/// and age band, and nothing else.
pub struct Claimant(pub(super) Arc<claimant::Seen>);

impl From<claimant::Seen> for Claimant {
    fn from(seen: claimant::Seen) -> Self {
        Self(Arc::new(seen))
    }
}

impl Claimant {
    async fn usable_contact(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Opened<sealed::Contact>>> {
        if self.0.access(FieldGroup::Contact) != Access::Granted {
            return Ok(None);
        }
        let key = ContactOf(self.0.claimant.id);
        context.loaders().one(key).await.or_answer(context)
    }

    async fn merges(&self, context: &Context<'_>) -> Result<Vec<Merge>> {
        if !self.is_registering() {
            return Ok(Vec::new());
        }
        let key = MergesOf(self.0.claimant.id);
        let merges = context.loaders().one(key).await.or_answer(context)?;
        Ok(merges.unwrap_or_default())
    }

    fn is_registering(&self) -> bool {
        self.0.view == View::Registering
    }
}

#[Object]
impl Claimant {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.claimant.id)
    }

    async fn region(&self, context: &Context<'_>) -> Result<Option<Region>> {
        region_of(context, self.0.claimant.region_id).await
    }

    /// Seen by the registering organization, and by a party that has accepted unless the location is protected.
    async fn municipality(&self) -> Option<&str> {
        self.0.claimant.municipality.as_deref()
    }

    /// The language the person speaks best, ISO 639-3.
    async fn language(&self) -> Option<&str> {
        self.0.claimant.language.as_deref()
    }

    /// The official language the person prefers; sealed until a party accepts.
    async fn official_language(&self) -> Option<Language> {
        self.0.claimant.official_language
    }

    async fn interpreter_needed(&self) -> bool {
        self.0.claimant.interpreter_needed
    }

    async fn age_band(&self) -> Option<AgeBand> {
        self.0.claimant.age_band
    }

    /// Whether the place where the person lives must not be told; seen by the registering organization.
    async fn location_protected(&self) -> Option<bool> {
        self.is_registering()
            .then_some(self.0.claimant.location_protected)
    }

    /// Most urgent first. A party sees that of its referral, and after acceptance those that consent covers.
    async fn needs(&self, context: &Context<'_>) -> Result<Vec<Need>> {
        let key = NeedsOf(self.0.claimant.id);
        let needs = context.loaders().one(key).await.or_answer(context)?;
        Ok(needs.unwrap_or_default().into_iter().map(Need).collect())
    }

    /// Names and birth date: for the registering organization, and for a party after acceptance with consent.
    async fn identity(&self, context: &Context<'_>) -> Result<Option<ClaimantIdentity>> {
        if self.0.access(FieldGroup::Identity) != Access::Granted {
            return Ok(None);
        }
        let id = self.0.claimant.id;
        let identity = context.loaders().identity(id).await.or_answer(context)?;
        let identity = identity.map(|opened| opened.disclose(FieldGroup::Identity));
        Ok(identity.map(ClaimantIdentity::from))
    }

    async fn identity_access(&self) -> Access {
        self.0.access(FieldGroup::Identity)
    }

    /// How to reach the person: for the registering organization; for a party after acceptance with consent, and only
    /// with the person's permission, the safe points.
    async fn contact(&self, context: &Context<'_>) -> Result<Option<ClaimantContact>> {
        let contact = self.usable_contact(context).await?;
        let contact = contact.map(|opened| opened.disclose(FieldGroup::Contact));
        Ok(contact.map(ClaimantContact::from))
    }

    async fn contact_access(&self, context: &Context<'_>) -> Result<Access> {
        let access = self.0.access(FieldGroup::Contact);
        if access != Access::Granted || self.is_registering() {
            return Ok(access);
        }
        // Consent without the person's permission to be contacted opens nothing.
        let contact = self.usable_contact(context).await?;
        Ok(contact.map_or(Access::ConsentRequired, |_| Access::Granted))
    }

    /// Through whom a party that has accepted reaches the person where the contact is not open: the registering
    /// organization. A message to it counts as first contact.
    async fn contact_via(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        let asked = self.0.access(FieldGroup::Contact) == Access::SealedUntilAccepted;
        if self.is_registering() || asked || self.usable_contact(context).await?.is_some() {
            return Ok(None);
        }
        let registering = self.0.claimant.registering_organization_id;
        organization_of(context, Some(registering)).await
    }

    /// The last four characters of each, for the registering organization alone.
    async fn identifiers(&self, context: &Context<'_>) -> Result<Option<Vec<ClaimantIdentifier>>> {
        if !self.is_registering() {
            return Ok(None);
        }
        let key = IdentifiersOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.map(|opened| opened.disclose(FieldGroup::Identifiers));
        Ok(found.map(|found| found.into_iter().map(ClaimantIdentifier::from).collect()))
    }

    async fn identifiers_access(&self) -> Access {
        self.0.access(FieldGroup::Identifiers)
    }

    /// The stage of the claim: for the registering organization, and for a settlement agency after acceptance with
    /// consent to this group.
    async fn claim_status(&self, context: &Context<'_>) -> Result<Option<ClaimStatus>> {
        if self.0.access(FieldGroup::ClaimStatus) != Access::Granted {
            return Ok(None);
        }
        let key = ClaimStatusOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.map(|opened| opened.disclose(FieldGroup::ClaimStatus));
        Ok(found.map(ClaimStatus::from))
    }

    async fn claim_status_access(&self) -> Access {
        self.0.access(FieldGroup::ClaimStatus)
    }

    /// Whether the person may work; derived from the claim status, which stays sealed. For the registering
    /// organization; for a party with consent to this group, its end after acceptance alone.
    async fn work_authorization(&self, context: &Context<'_>) -> Result<Option<WorkAuthorization>> {
        if self.0.access(FieldGroup::WorkAuthorization) != Access::Granted {
            return Ok(None);
        }
        let key = WorkAuthorizationOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.map(|opened| opened.disclose(FieldGroup::WorkAuthorization));
        Ok(Some(found.map_or(
            WorkAuthorization::UNKNOWN,
            WorkAuthorization::from,
        )))
    }

    async fn work_authorization_access(&self) -> Access {
        self.0.access(FieldGroup::WorkAuthorization)
    }

    /// What the person has learned or done for a living: for the registering organization, and for a party after
    /// acceptance with consent.
    async fn qualifications(&self, context: &Context<'_>) -> Result<Option<Vec<Qualification>>> {
        if self.0.access(FieldGroup::Qualifications) != Access::Granted {
            return Ok(None);
        }
        let key = QualificationsOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.map(|opened| opened.disclose(FieldGroup::Qualifications));
        let found = found.unwrap_or_default().into_iter();
        Ok(Some(found.map(Qualification).collect()))
    }

    /// How well the person knows which languages. A party that has been asked sees the levels, so that it can answer;
    /// once it has accepted, this goes by consent with the qualifications.
    async fn language_abilities(
        &self,
        context: &Context<'_>,
    ) -> Result<Option<Vec<LanguageAbility>>> {
        if !self.0.opens_language_levels() {
            return Ok(None);
        }
        let key = LanguageAbilitiesOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.map(|opened| opened.disclose(FieldGroup::Qualifications));
        let found = found.unwrap_or_default().into_iter();
        Ok(Some(found.map(LanguageAbility::from).collect()))
    }

    /// Of qualifications and language abilities.
    async fn qualifications_access(&self) -> Access {
        self.0.access(FieldGroup::Qualifications)
    }

    /// The organizations that the person never wants to be known to, ended ones included; null but for the registering
    /// organization.
    async fn exclusions(&self, context: &Context<'_>) -> Result<Option<Vec<Exclusion>>> {
        if !self.is_registering() {
            return Ok(None);
        }
        let key = ExclusionsOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.unwrap_or_default();
        Ok(Some(found.into_iter().map(Exclusion).collect()))
    }

    /// Who stands for this person since the organization decided that they are the same; null where nobody does, and but
    /// for the registering organization. This claimant keeps its id and everything of its own: whoever is a party of it
    /// learns nothing of the other.
    async fn merged_into(&self, context: &Context<'_>) -> Result<Option<Claimant>> {
        let id = self.0.claimant.id;
        let survivor = self
            .merges(context)
            .await?
            .into_iter()
            .find(|merge| merge.merged == id);
        match survivor {
            Some(merge) => claimant_of(context, merge.survivor).await,
            None => Ok(None),
        }
    }

    /// Those for whom this claimant stands, with their own referrals and consents; null but for the registering
    /// organization.
    async fn merged(&self, context: &Context<'_>) -> Result<Option<Vec<Claimant>>> {
        if !self.is_registering() {
            return Ok(None);
        }
        let id = self.0.claimant.id;
        let merges = self.merges(context).await?.into_iter();
        // Asked for together, so that they are read once.
        let merged = merges
            .filter(|merge| merge.survivor == id)
            .map(|merge| claimant_of(context, merge.merged));
        let merged = try_join_all(merged).await?;
        Ok(Some(merged.into_iter().flatten().collect()))
    }

    /// With whom the person lives, as the registering organization has linked them, without the person; at most 19. Null
    /// but for the organization that made the link. Whoever's file goes to another organization leaves the household.
    async fn household(&self, context: &Context<'_>) -> Result<Option<Vec<Claimant>>> {
        if !self.is_registering() {
            return Ok(None);
        }
        let key = HouseholdOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.unwrap_or_default();
        Ok(Some(found.into_iter().map(Claimant::from).collect()))
    }

    /// Those that name or cover the caller; all for the registering organization.
    async fn consents(&self, context: &Context<'_>) -> Result<Vec<Consent>> {
        let key = ConsentsOf(self.0.claimant.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        Ok(found.unwrap_or_default().into_iter().map(Consent).collect())
    }

    /// The referrals of this person of which the caller may know, newest first.
    async fn referrals(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Direct<Connection<Referral>>> {
        let page = Page {
            first,
            after,
            last,
            before,
        };
        Box::pin(referral_connection_of(context, self.0.claimant.id, page)).await
    }

    /// Since when a legal hold postpones erasure; seen by the registering organization.
    async fn held_since(&self) -> Option<DateTime> {
        self.0.claimant.held_at.map(DateTime)
    }

    /// When erasure was asked for that a legal hold postpones; seen by the registering organization.
    async fn erasure_requested_at(&self) -> Option<DateTime> {
        self.0.claimant.erasure_requested_at.map(DateTime)
    }

    /// Since when nothing is known of this person any more; seen by the registering organization.
    async fn erased_at(&self) -> Option<DateTime> {
        self.0.claimant.erased_at.map(DateTime)
    }

    /// The version to name in an update. An edit of a sealed group moves it for the registering organization alone.
    async fn version(&self) -> i32 {
        self.0.claimant.version
    }
}

pub(super) async fn claimant_of(context: &Context<'_>, id: ClaimantId) -> Result<Option<Claimant>> {
    let found = context.loaders().claimant(id).await.or_answer(context)?;
    Ok(found.map(Claimant))
}

pub(super) async fn claimant_connection(
    context: &Context<'_>,
    filter: claimant::Filter,
    page: Page,
) -> Result<Connection<Claimant>> {
    let list = List::new("claimants", Field::Id);
    let slice = list.slice(context, page).or_answer(context)?;
    let paged = context
        .session()
        .claimant_list(filter, &slice)
        .await
        .or_answer(context)?;
    Ok(list.connection(context, paged, |seen| &seen.claimant, Claimant::from))
}

/// Something a claimant needs.
pub struct Need(pub(super) need::Model);

#[Object]
impl Need {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    async fn category(&self) -> NeedCategory {
        self.0.category
    }

    /// From 1, the most urgent, to 9.
    async fn priority(&self) -> i32 {
        self.0.priority
    }

    async fn status(&self) -> NeedStatus {
        self.0.status
    }

    /// The day from which the person wants help with this; null: now.
    async fn wanted_from(&self) -> Option<Date> {
        self.0.wanted_from.map(Date)
    }
}
