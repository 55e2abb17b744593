//! The queries.
use async_graphql::{Context, ID, InputObject, Object, Result};
use entity::{
    CodeSet, DuplicateStatus, Language, NeedCategory, NeedStatus, OrderDirection, OrganizationKind,
    ReferralBox, ReferralOrderField, ReferralPhase, ReferralPriority, ReferralStatus,
    ReferralSubStatus, Role, ServiceStatus,
};

use super::{
    claimant::{Claimant, claimant_connection, claimant_of},
    context::{OrAnswer, Resolver, answer},
    direct::Direct,
    directory::{
        Catchment, Organization, Region, Service, known_organization, organization_connection,
        organization_of, service_connection,
    },
    disclosure::{AuditCheckpoint, Disclosure, disclosure_connection},
    duplicate::{DuplicateCandidate, duplicate_connection},
    eligibility::{ReferralPreview, ReferralPreviewInput, referral_preview},
    inbox::{InboxSummary, inbox_summary},
    journal::{self, JournalEntry},
    node::{self, Node},
    page::{Connection, Page},
    referral::{Listing, Referral, read_ahead_of, referral_connection},
    report::{self, ReferralReport, ReferralReportInput},
    scalar::{Cursor, DateTime},
};
use crate::{
    domain::referral as workflow,
    error::{BadInput, Error},
    message::code::{self, CodeEntry},
    store::{claimant, organization, referral, service},
};

/// Which organizations.
#[derive(InputObject, Default)]
pub struct OrganizationFilter {
    kind: Option<Vec<OrganizationKind>>,
    role: Option<Role>,
    region_id: Option<ID>,
    /// Words of the name, in either language; of 200 characters at most.
    text: Option<String>,
    active: Option<bool>,
}

/// Which services.
#[derive(InputObject, Default)]
pub struct ServiceFilter {
    /// Words of the name or the description, in either language; of 200 characters at most.
    text: Option<String>,
    category: Option<Vec<NeedCategory>>,
    /// Services for this region, or for every region.
    region_id: Option<ID>,
    catchment_id: Option<ID>,
    /// ISO 639-3.
    language: Option<String>,
    offered_in_french: Option<bool>,
    has_capacity: Option<bool>,
    status: Option<Vec<ServiceStatus>>,
    organization_id: Option<ID>,
}

/// Which claimants.
#[derive(InputObject, Default)]
pub struct ClaimantFilter {
    /// Words of a name, or their beginnings, of 200 characters at most; finds claimants that the caller's organization
    /// registered.
    text: Option<String>,
    region_id: Option<ID>,
    language: Option<String>,
    need_category: Option<NeedCategory>,
    need_status: Option<NeedStatus>,
    updated_since: Option<DateTime>,
}

/// Which referrals.
#[derive(InputObject, Default)]
pub struct ReferralFilter {
    status: Option<Vec<ReferralStatus>>,
    phase: Option<Vec<ReferralPhase>>,
    /// What it waits for within its state; finds referrals of which the caller's organization is a party, or whose
    /// claimant it registered.
    sub_status: Option<Vec<ReferralSubStatus>>,
    priority: Option<ReferralPriority>,
    category: Option<Vec<NeedCategory>>,
    region_id: Option<ID>,
    catchment_id: Option<ID>,
    service_id: Option<ID>,
    /// Who works on it; finds referrals that the caller's organization owns.
    assignee: Option<String>,
    unassigned: Option<bool>,
    /// Whether it still waits for an answer that was due.
    overdue: Option<bool>,
    /// Whether the day has come to ask again, in Toronto, and no later outcome says how it went.
    follow_up_due: Option<bool>,
    /// To the ministry, since the beginning of that day in America/Toronto.
    updated_since: Option<DateTime>,
}

/// In which order; newest first when nothing is said.
#[derive(InputObject)]
pub struct ReferralOrder {
    field: ReferralOrderField,
    direction: OrderDirection,
}

impl ReferralFilter {
    fn into_store(self, context: &Context<'_>) -> referral::Filter {
        let of_phases = self.phase.map(|phases| {
            phases
                .into_iter()
                .flat_map(workflow::statuses_of)
                .collect::<Vec<_>>()
        });
        let statuses = match (self.status, of_phases) {
            (Some(statuses), Some(of_phases)) => Some(
                statuses
                    .into_iter()
                    .filter(|status| of_phases.contains(status))
                    .collect(),
            ),
            (statuses, of_phases) => statuses.or(of_phases),
        };
        referral::Filter {
            statuses,
            sub_statuses: self.sub_status,
            priority: self.priority,
            categories: self.category,
            region: self.region_id.map(|id| context.row(&id)),
            catchment: self.catchment_id.map(|id| context.row(&id)),
            service: self.service_id.map(|id| context.row(&id)),
            assignee: self.assignee,
            unassigned: self.unassigned,
            overdue: self.overdue,
            follow_up_due: self.follow_up_due,
            updated_since: self.updated_since.map(|time| time.0),
        }
    }
}

/// Who is asking.
pub struct Viewer;

#[Object]
impl Viewer {
    async fn role(&self, context: &Context<'_>) -> Role {
        context.session().caller().viewer.role()
    }

    async fn organization(&self, context: &Context<'_>) -> Result<Organization> {
        let id = context.session().caller().viewer.organization();
        known_organization(context, id).await
    }

    /// The scopes of the token that the organization's role may use.
    async fn scopes(&self, context: &Context<'_>) -> Vec<&'static str> {
        let scopes = context.session().caller().scopes;
        scopes.iter().map(|scope| scope.as_str()).collect()
    }

    async fn subject(&self, context: &Context<'_>) -> String {
        context.session().caller().subject.clone()
    }

    /// The language of answers.
    async fn language(&self, context: &Context<'_>) -> Language {
        context.language()
    }
}

/// A code with its label in both languages.
pub struct Code(CodeEntry);

#[Object]
impl Code {
    /// The machine's spelling; it never changes with the language.
    async fn value(&self) -> &str {
        self.0.value
    }

    /// The label, in the language of the answer unless another is asked for.
    async fn label(&self, context: &Context<'_>, language: Option<Language>) -> &str {
        match language.unwrap_or(context.language()) {
            Language::En => self.0.label_en,
            Language::Fr => self.0.label_fr,
        }
    }

    /// What the code means, where the label does not say it all.
    async fn description(&self, context: &Context<'_>, language: Option<Language>) -> Option<&str> {
        match language.unwrap_or(context.language()) {
            Language::En => self.0.description_en,
            Language::Fr => self.0.description_fr,
        }
    }
}

/// What can be asked. Everything answered is what the caller may see at that moment; what is not visible is not there.
#[derive(Default)]
pub struct Query;

#[Object]
impl Query {
    /// Whatever has this id, if the caller may see it.
    async fn node(&self, context: &Context<'_>, id: ID) -> Result<Option<Node>> {
        node::node(context, &id).await
    }

    /// Whatever has these ids, in their order; null for each that the caller may not see. At most 100.
    async fn nodes(&self, context: &Context<'_>, ids: Vec<ID>) -> Result<Vec<Option<Node>>> {
        if ids.len() > 100 {
            return Err(answer(context, Error::BadInput(BadInput::TooManyIds)));
        }
        // Asked for together, so that each type is read once.
        let asked = ids.iter().map(|id| node::node(context, id));
        futures_util::future::try_join_all(asked).await
    }

    /// Who is asking: role, organization, scopes.
    async fn viewer(&self) -> Viewer {
        Viewer
    }

    async fn organization(&self, context: &Context<'_>, id: ID) -> Result<Option<Organization>> {
        organization_of(context, Some(context.row(&id))).await
    }

    /// Organizations by name.
    async fn organizations(
        &self,
        context: &Context<'_>,
        filter: Option<OrganizationFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Organization>> {
        let filter = filter.unwrap_or_default();
        let filter = organization::Filter {
            kinds: filter.kind,
            role: filter.role,
            region: filter.region_id.map(|id| context.row(&id)),
            text: filter.text,
            active: filter.active,
        };
        let page = Page {
            first,
            after,
            last,
            before,
        };
        organization_connection(context, filter, page).await
    }

    async fn service(&self, context: &Context<'_>, id: ID) -> Result<Option<Service>> {
        let id: entity::ServiceId = context.row(&id);
        let found = context.loaders().one(id).await.or_answer(context)?;
        Ok(found.map(Service))
    }

    /// Services by name.
    async fn services(
        &self,
        context: &Context<'_>,
        filter: Option<ServiceFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Service>> {
        let filter = filter.unwrap_or_default();
        let filter = service::Filter {
            text: filter.text,
            categories: filter.category,
            region: filter.region_id.map(|id| context.row(&id)),
            catchment: filter.catchment_id.map(|id| context.row(&id)),
            language: filter.language,
            offered_in_french: filter.offered_in_french,
            has_capacity: filter.has_capacity,
            statuses: filter.status,
            organization: filter.organization_id.map(|id| context.row(&id)),
        };
        let page = Page {
            first,
            after,
            last,
            before,
        };
        service_connection(context, filter, page).await
    }

    /// Every region, by code.
    async fn regions(&self, context: &Context<'_>) -> Result<Vec<Region>> {
        let rows = context.session().region_list().await.or_answer(context)?;
        Ok(rows.iter().cloned().map(Region).collect())
    }

    /// Every catchment, or those of one region, by code.
    async fn catchments(
        &self,
        context: &Context<'_>,
        region_id: Option<ID>,
    ) -> Result<Vec<Catchment>> {
        let region = region_id.map(|id| context.row(&id));
        let rows = context.session().catchment_list(region).await;
        Ok(rows
            .or_answer(context)?
            .into_iter()
            .map(Catchment)
            .collect())
    }

    async fn claimant(&self, context: &Context<'_>, id: ID) -> Result<Option<Claimant>> {
        claimant_of(context, context.row(&id)).await
    }

    /// Claimants, last registered first.
    async fn claimants(
        &self,
        context: &Context<'_>,
        filter: Option<ClaimantFilter>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Claimant>> {
        let filter = filter.unwrap_or_default();
        let filter = claimant::Filter {
            text: filter.text,
            region: filter.region_id.map(|id| context.row(&id)),
            language: filter.language,
            need_category: filter.need_category,
            need_status: filter.need_status,
            updated_since: filter.updated_since.map(|time| time.0),
        };
        let page = Page {
            first,
            after,
            last,
            before,
        };
        claimant_connection(context, filter, page).await
    }

    /// Pairs of claimants of the caller's own who may be one person, last found first. They are found within seconds after
    /// a claimant is registered or described anew; the journal tells of each (`DUPLICATE_FOUND`).
    async fn duplicate_candidates(
        &self,
        context: &Context<'_>,
        status: Option<DuplicateStatus>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<DuplicateCandidate>> {
        let page = Page {
            first,
            after,
            last,
            before,
        };
        duplicate_connection(context, status, page).await
    }

    /// One referral, by exactly one of `id` and `reference`.
    async fn referral(
        &self,
        context: &Context<'_>,
        id: Option<ID>,
        reference: Option<String>,
    ) -> Option<Result<Direct<Referral>>> {
        let found = match (id, reference) {
            (Some(id), None) => context.session().referral(context.row(&id)).await,
            (None, Some(reference)) => context.session().referral_by_reference(&reference).await,
            (Some(_), Some(_)) | (None, None) => Err(Error::BadInput(BadInput::IdOrReference)),
        };
        match found {
            Ok(found) => Some(Ok(read_ahead_of(context, found?).await)),
            Err(error) => Some(Err(answer(context, error))),
        }
    }

    /// The referrals of a box, closed ones included unless filtered.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the contract")]
    async fn referrals(
        &self,
        context: &Context<'_>,
        #[graphql(name = "box")] which: ReferralBox,
        filter: Option<ReferralFilter>,
        order_by: Option<ReferralOrder>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Direct<Connection<Referral>>> {
        let order = order_by.map_or((ReferralOrderField::CreatedAt, true), |order| {
            (order.field, order.direction == OrderDirection::Desc)
        });
        let listing = Listing {
            which,
            filter: filter.unwrap_or_default().into_store(context),
            order,
        };
        let page = Page {
            first,
            after,
            last,
            before,
        };
        referral_connection(context, listing, page).await
    }

    /// How much stands under each tab of the inbox of the caller's organization.
    async fn inbox_summary(&self, context: &Context<'_>) -> Result<InboxSummary> {
        inbox_summary(context).await
    }

    /// The feed: what the caller's organization may know, in order, without gap or repeat, from any position.
    async fn changes(
        &self,
        context: &Context<'_>,
        after: Option<Cursor>,
        first: Option<i32>,
    ) -> Result<Connection<JournalEntry>> {
        journal::changes(context, after, first).await
    }

    /// Eligibility, capacity, consent and the caller's own duplicates, without effect: of a claimant that the caller
    /// registered, or of facts that it states. Any other claimant answers as one that never was (`BAD_USER_INPUT`).
    async fn referral_preview(
        &self,
        context: &Context<'_>,
        input: ReferralPreviewInput,
    ) -> Result<ReferralPreview> {
        referral_preview(context, input).await
    }

    /// What was shown of claimants: to the caller's own organization, and of those that it registered to anybody. The
    /// oldest first; told a second after the answer at most.
    async fn disclosures(
        &self,
        context: &Context<'_>,
        claimant_id: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Disclosure>> {
        let page = Page {
            first,
            after,
            last,
            before,
        };
        let claimant = claimant_id.map(|id| context.row(&id));
        disclosure_connection(context, claimant, page).await
    }

    /// The latest signed place of the audit chain, for whoever wants to pin it and have the chain checked against it
    /// later; null before there is one.
    async fn audit_checkpoint(&self, context: &Context<'_>) -> Result<Option<AuditCheckpoint>> {
        let found = context.session().audit_checkpoint().await;
        Ok(found.or_answer(context)?.map(AuditCheckpoint))
    }

    /// Counts of referrals.
    async fn referral_report(
        &self,
        context: &Context<'_>,
        input: ReferralReportInput,
    ) -> Result<ReferralReport> {
        report::referral_report(context, input).await
    }

    /// Every code of a set, with its label in both languages.
    async fn codes(&self, set: CodeSet) -> Vec<Code> {
        code::codes(set).into_iter().map(Code).collect()
    }
}
