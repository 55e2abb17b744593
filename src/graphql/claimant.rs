//! Claimants, each sealed group one nullable object with its reason beside it; needs and consents.
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use entity::{
    Access, AgeBand, ClaimStage, ConsentGiver, ConsentMethod, ConsentStatus, ContactKind,
    ContactPermission, DatePrecision, FieldGroup, IdentifierKind, InterpreterKind, Language,
    NeedCategory, NeedStatus, OrganizationKind, RecognitionStatus, Safety, YesNoUnknown, exclusion,
    need,
};

use super::{
    context::{OrAnswer, Resolver},
    directory::{Organization, Region, known_organization, organization_of, region_of},
    loader::{
        ClaimStatusOf, ConsentsOf, ContactOf, ExclusionsOf, IdentifiersOf, IdentityOf,
        LanguageAbilitiesOf, NeedsOf, QualificationsOf, WorkAuthorizationOf,
    },
    page::{Connection, List, Page},
    referral::{Referral, referral_connection_of},
    scalar::{Date, DateTime},
};
use crate::store::{
    claimant::{self, View},
    consent,
    disclosure::Opened,
    page::Field,
    sealed,
};

/// A person who seeks asylum. Seen by the organization that registered the person, and by a party of a referral while
/// its access lasts; never by the ministry. Before it accepts, a party sees region, language, need of an interpreter
/// and age band, and nothing else.
pub struct Claimant(pub(super) claimant::Seen);

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
        let key = IdentityOf(self.0.claimant.id);
        let identity = context.loaders().one(key).await.or_answer(context)?;
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

    /// Through whom to reach the person where the contact is not open.
    async fn contact_via(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        if self.is_registering() || self.usable_contact(context).await?.is_some() {
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
            WorkAuthorization {
                state: YesNoUnknown::Unknown,
                expires_on: None,
            },
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
    ) -> Result<Connection<Referral>> {
        let page = Page {
            first,
            after,
            last,
            before,
        };
        referral_connection_of(context, self.0.claimant.id, page).await
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
    Ok(list.connection(context, paged, |seen| &seen.claimant, Claimant))
}

/// Names and birth date.
#[derive(SimpleObject)]
pub struct ClaimantIdentity {
    /// Given and family name, whichever there are; else the preferred name.
    full_name: String,
    given_name: Option<String>,
    family_name: Option<String>,
    preferred_name: Option<String>,
    birth_date: Option<Date>,
    /// How much of the birth date is known.
    birth_date_precision: Option<DatePrecision>,
    gender: Option<String>,
}

impl From<sealed::Identity> for ClaimantIdentity {
    fn from(identity: sealed::Identity) -> Self {
        Self {
            full_name: identity.full_name(),
            given_name: identity.given_name,
            family_name: identity.family_name,
            preferred_name: identity.preferred_name,
            birth_date: identity.birth_date.map(Date),
            birth_date_precision: identity.birth_date_precision,
            gender: identity.gender,
        }
    }
}

/// How a claimant may be reached.
#[derive(SimpleObject)]
pub struct ClaimantContact {
    permission: ContactPermission,
    points: Vec<ContactPoint>,
}

/// One way to reach a claimant.
#[derive(SimpleObject)]
pub struct ContactPoint {
    kind: ContactKind,
    value: String,
    safety: Safety,
    /// Whether others use it as well.
    shared: bool,
    may_leave_message: bool,
    /// Seen by the registering organization alone.
    note: Option<String>,
}

impl From<sealed::Contact> for ClaimantContact {
    fn from(contact: sealed::Contact) -> Self {
        Self {
            permission: contact.permission,
            points: contact
                .points
                .into_iter()
                .map(|point| ContactPoint {
                    kind: point.kind,
                    value: point.value,
                    safety: point.safety,
                    shared: point.shared,
                    may_leave_message: point.may_leave_message,
                    note: point.note,
                })
                .collect(),
        }
    }
}

/// An identifier, of which the last characters are shown and no more.
#[derive(SimpleObject)]
pub struct ClaimantIdentifier {
    kind: IdentifierKind,
    last4: String,
    expires_on: Option<Date>,
}

impl From<sealed::Identifier> for ClaimantIdentifier {
    fn from(identifier: sealed::Identifier) -> Self {
        let letters: Vec<char> = identifier.value.chars().collect();
        // Of a short one, four characters would be most of it.
        let shown = letters.len().min(4).min(letters.len() / 2);
        Self {
            kind: identifier.kind,
            last4: letters[letters.len() - shown..].iter().collect(),
            expires_on: identifier.expires_on.map(Date),
        }
    }
}

/// Where the claim for refugee protection stands.
#[derive(SimpleObject)]
pub struct ClaimStatus {
    stage: ClaimStage,
    since: Option<Date>,
    /// When the refugee protection claimant document ends.
    rpcd_expires_on: Option<Date>,
    work_permit_expires_on: Option<Date>,
    /// Whether the social insurance number is of the 900 series. The number itself is never stored.
    #[graphql(name = "sinSeries9")]
    sin_series_9: Option<bool>,
    sin_expires_on: Option<Date>,
    /// Whether there is proof of Interim Federal Health Program coverage.
    ifhp_proof: Option<bool>,
}

impl From<sealed::ClaimStatus> for ClaimStatus {
    fn from(status: sealed::ClaimStatus) -> Self {
        Self {
            stage: status.stage,
            since: status.since.map(Date),
            rpcd_expires_on: status.rpcd_expires_on.map(Date),
            work_permit_expires_on: status.work_permit_expires_on.map(Date),
            sin_series_9: status.sin_series_9,
            sin_expires_on: status.sin_expires_on.map(Date),
            ifhp_proof: status.ifhp_proof,
        }
    }
}

/// Whether a claimant may work.
#[derive(SimpleObject)]
pub struct WorkAuthorization {
    state: YesNoUnknown,
    expires_on: Option<Date>,
}

impl From<sealed::WorkAuthorization> for WorkAuthorization {
    fn from(authorization: sealed::WorkAuthorization) -> Self {
        Self {
            state: authorization.state,
            expires_on: authorization.expires_on.map(Date),
        }
    }
}

/// What a claimant has learned, or done for a living.
pub struct Qualification(sealed::Qualification);

#[Object]
impl Qualification {
    async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.id)
    }

    /// The unit group of the National Occupational Classification 2021.
    async fn noc_code(&self) -> Option<&str> {
        self.0.noc_code.as_deref()
    }

    async fn title(&self) -> &str {
        &self.0.title
    }

    /// Of experience.
    async fn years(&self) -> Option<i32> {
        self.0.years
    }

    /// Where it was acquired.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }

    async fn level(&self) -> Option<&str> {
        self.0.level.as_deref()
    }

    /// How far its recognition in Ontario has come.
    async fn recognition(&self) -> RecognitionStatus {
        self.0.recognition
    }

    /// The body that recognizes it.
    async fn regulator(&self) -> Option<&str> {
        self.0.regulator.as_deref()
    }
}

/// How well a claimant knows a language, in levels from 1 to 12 of the Canadian Language Benchmarks or the Niveaux de
/// compétence linguistique canadiens.
#[derive(SimpleObject)]
pub struct LanguageAbility {
    /// ISO 639-3.
    language: String,
    listening: Option<i32>,
    speaking: Option<i32>,
    reading: Option<i32>,
    writing: Option<i32>,
    /// Null for a party that sees the levels alone.
    assessed_on: Option<Date>,
}

impl From<sealed::LanguageAbility> for LanguageAbility {
    fn from(ability: sealed::LanguageAbility) -> Self {
        Self {
            language: ability.language,
            listening: ability.listening,
            speaking: ability.speaking,
            reading: ability.reading,
            writing: ability.writing,
            assessed_on: ability.assessed_on.map(Date),
        }
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
        let mut recipients = Vec::new();
        for id in &self.0.organizations {
            recipients.extend(organization_of(context, Some(*id)).await?);
        }
        Ok(recipients)
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
