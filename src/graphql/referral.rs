//! Referrals and their outcomes, as the caller may see them.
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};
use entity::{
    Access, AgeBand, ClaimantId, DecidedBy, NeedCategory, OutcomeKind, ReferralAction, ReferralBox,
    ReferralId, ReferralOrderField, ReferralPhase, ReferralPriority, ReferralStatus,
    ReferralStatusReason, ReferralSubStatus,
};

use super::{
    ahead::{Place, Wanted, read_ahead},
    claimant::{Claimant, Need},
    context::{OrAnswer, Resolver},
    direct::Direct,
    directory::{Organization, Region, Service, known_organization, organization_of, region_of},
    journal::JournalEntry,
    loader::{ActionsOf, AlsoForOf, AppointmentsOf, HistoryOf, OutcomesOf, ReferralsOf},
    message::{Appointment, Message, message_connection},
    page::{Connection, List, Page},
    scalar::{Date, DateTime},
};
use crate::{
    domain::referral as workflow,
    store::{
        page::{Field, Paged},
        referral,
    },
};

/// A referral: somebody is sent to a service, or described to whoever can help. Seen by its source, its owner while it
/// is a party, the organization that registered its claimant, providers that could claim it (without claimant and
/// summary), and the ministry under oversight (without any fact about a person). A draft is its source's alone.
pub struct Referral(pub(super) Arc<referral::Seen>);

impl From<referral::Seen> for Referral {
    fn from(seen: referral::Seen) -> Self {
        Self(Arc::new(seen))
    }
}

impl Referral {
    async fn by_id(&self, context: &Context<'_>, id: Option<ReferralId>) -> Result<Option<Self>> {
        let Some(id) = id else { return Ok(None) };
        let found = context.loaders().one(id).await.or_answer(context)?;
        Ok(found.map(Self::from))
    }

    async fn person(&self, context: &Context<'_>) -> Result<Option<Claimant>> {
        claimant_of(context, self.0.referral.claimant_id).await
    }
}

async fn claimant_of(context: &Context<'_>, id: Option<ClaimantId>) -> Result<Option<Claimant>> {
    let Some(id) = id else { return Ok(None) };
    let found = context.loaders().claimant(id).await.or_answer(context)?;
    Ok(found.map(Claimant))
}

/// A referral that a field gives, with what the field asks for of it read ahead.
pub(super) async fn read_ahead_of(context: &Context<'_>, seen: referral::Seen) -> Direct<Referral> {
    read_ahead_under(context, &[], seen).await
}

/// The same where the referral stands in a payload.
pub(super) async fn read_ahead_in(
    context: &Context<'_>,
    payload: &str,
    seen: Option<referral::Seen>,
) -> Option<Direct<Referral>> {
    Some(read_ahead_under(context, &[payload], seen?).await)
}

async fn read_ahead_under(
    context: &Context<'_>,
    under: &[&str],
    seen: referral::Seen,
) -> Direct<Referral> {
    let seen = Arc::new(seen);
    read_ahead(context, under, std::slice::from_ref(&seen)).await;
    Direct(Referral(seen))
}

/// The list that is the history of a referral.
pub(super) fn history_list(of: ReferralId) -> List {
    List::new(format!("history {}", of.0), Field::Version)
}

/// A page of what happened to a referral that the caller has been shown.
async fn history_of(
    context: &Context<'_>,
    shown: &Arc<referral::Seen>,
    page: Page,
) -> Result<Connection<JournalEntry>> {
    let list = history_list(shown.referral.id);
    let slice = list.slice(context, page).or_answer(context)?;
    let loaders = context.loaders();
    let key = HistoryOf(shown.clone(), slice, loaders.changes());
    let paged = loaders.one(key).await.or_answer(context)?;
    let paged = paged.unwrap_or_else(Paged::empty);
    Ok(list.connection(context, paged, |seen| &seen.entry, JournalEntry))
}

#[Object]
impl Referral {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.referral.id)
    }

    /// A random reference for people; it tells nothing.
    async fn reference(&self) -> &str {
        &self.0.referral.reference
    }

    async fn status(&self) -> ReferralStatus {
        self.0.referral.status
    }

    async fn phase(&self) -> ReferralPhase {
        workflow::phase(self.0.referral.status)
    }

    async fn sub_status(&self) -> Option<ReferralSubStatus> {
        self.0.referral.sub_status
    }

    /// Why it came to its state. Null where the reason is not for the caller to know.
    async fn status_reason(&self) -> Option<ReferralStatusReason> {
        self.0.referral.status_reason
    }

    async fn decided_by(&self) -> Option<DecidedBy> {
        self.0.referral.decided_by
    }

    async fn priority(&self) -> ReferralPriority {
        self.0.referral.priority
    }

    async fn category(&self) -> NeedCategory {
        self.0.referral.category
    }

    /// What the recipient must know to begin; it names nobody. For the parties.
    async fn summary(&self, context: &Context<'_>) -> Result<Option<String>> {
        let summary = context.session().summary(&self.0).or_answer(context)?;
        if summary.is_some() {
            let (claimant, referral) = (self.0.referral.claimant_id, self.0.referral.id);
            context.session().disclose_text(claimant, Some(referral));
        }
        Ok(summary)
    }

    /// The need it is for. For the parties.
    async fn need(&self, context: &Context<'_>) -> Result<Option<Need>> {
        let Some(id) = self.0.referral.need_id else {
            return Ok(None);
        };
        let found = context.loaders().one(id).await.or_answer(context)?;
        Ok(found.map(Need))
    }

    /// Null in OPEN, for the ministry, when anonymous, and once the caller's access has ended.
    async fn claimant(&self, context: &Context<'_>) -> Result<Option<Claimant>> {
        self.person(context).await
    }

    async fn claimant_access(&self, context: &Context<'_>) -> Result<Access> {
        if let Some(withheld) = self.0.claimant_withheld {
            return Ok(withheld);
        }
        let person = self.person(context).await?;
        Ok(person.map_or(Access::ConsentRequired, |_| Access::Granted))
    }

    /// For whom it is beside its claimant, at most 20. Each person opens by that person's own consent: to a party that it
    /// does not cover, the person is not in this list. The registering organization sees all whom it registered.
    async fn also_for(&self, context: &Context<'_>) -> Result<Vec<Claimant>> {
        if self.0.claimant_withheld.is_some() {
            return Ok(Vec::new());
        }
        let key = AlsoForOf(self.0.referral.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        let found = found.unwrap_or_default();
        Ok(found.into_iter().map(Claimant::from).collect())
    }

    async fn region(&self, context: &Context<'_>) -> Result<Option<Region>> {
        region_of(context, self.0.referral.region_id).await
    }

    /// The language in which to speak with the person, ISO 639-3.
    async fn language(&self) -> Option<&str> {
        self.0.referral.language.as_deref()
    }

    async fn interpreter_needed(&self) -> Option<bool> {
        self.0.referral.interpreter_needed
    }

    async fn age_band(&self) -> Option<AgeBand> {
        self.0.referral.age_band
    }

    /// How many people come together.
    async fn party_size(&self) -> Option<i32> {
        self.0.referral.party_size
    }

    async fn service(&self, context: &Context<'_>) -> Result<Option<Service>> {
        let Some(id) = self.0.referral.service_id else {
            return Ok(None);
        };
        if let Some(remembered) = context.session().service_remembered(id) {
            return Ok(Some(Service(remembered)));
        }
        let found = context.loaders().one(id).await.or_answer(context)?;
        Ok(found.map(Service))
    }

    /// The organization that sends it.
    async fn source(&self, context: &Context<'_>) -> Result<Organization> {
        known_organization(context, self.0.referral.source_id).await
    }

    /// The organization to which it is addressed; null while it is open to be claimed.
    async fn owner(&self, context: &Context<'_>) -> Result<Option<Organization>> {
        organization_of(context, self.0.referral.owner_id).await
    }

    /// Who works on it; seen inside the owning organization only.
    async fn assignee(&self) -> Option<&str> {
        self.0.referral.assignee.as_deref()
    }

    /// The referral from which it was split.
    async fn part_of(&self, context: &Context<'_>) -> Result<Option<Referral>> {
        self.by_id(context, self.0.referral.part_of_id).await
    }

    /// The referral in whose place it was sent.
    async fn replaces(&self, context: &Context<'_>) -> Result<Option<Referral>> {
        self.by_id(context, self.0.referral.replaces_id).await
    }

    /// What became of it, oldest first. For the parties and the registering organization; that of a person in `alsoFor`
    /// for those to whom that person is told.
    async fn outcomes(&self, context: &Context<'_>) -> Result<Vec<Outcome>> {
        let key = OutcomesOf(self.0.referral.id);
        let found = context.loaders().one(key).await.or_answer(context)?;
        Ok(found.unwrap_or_default().into_iter().map(Outcome).collect())
    }

    /// What its parties and the organization that registered the claimant wrote to each other, oldest first. Each reads
    /// what was written in its own tenure: an owner nothing of those before it. Empty for everybody else.
    async fn messages(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Connection<Message>> {
        let page = Page {
            first,
            after,
            last,
            before,
        };
        Box::pin(message_connection(context, &self.0, page)).await
    }

    /// When the claimant is to come to the owner, by time; at most 50. For those who read its messages, each of its own
    /// tenure. Nothing of it is ever sent to a claimant.
    async fn appointments(&self, context: &Context<'_>) -> Result<Vec<Appointment>> {
        let found = context.loaders().one(AppointmentsOf(self.0.clone())).await;
        let found = found.or_answer(context)?.unwrap_or_default();
        Ok(found.into_iter().map(Appointment).collect())
    }

    /// What happened, oldest first. Entries before the caller's own tenure tell no reason and no note.
    async fn history(
        &self,
        context: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Arc<Connection<JournalEntry>>> {
        let place = Place::of(&context.item.node.name.node);
        let ahead = context.loaders().ahead();
        if let Some(history) = ahead.history(self.0.referral.id, place) {
            return Ok(history);
        }
        let page = Page {
            first,
            after,
            last,
            before,
        };
        // On the heap, or each field of each referral would be as large as this one.
        Ok(Arc::new(
            Box::pin(history_of(context, &self.0, page)).await?,
        ))
    }

    /// What the caller's organization may do with it now.
    async fn available_actions(&self, context: &Context<'_>) -> Result<Vec<ReferralAction>> {
        if let Some(known) = context.loaders().ahead().actions(self.0.referral.id) {
            return Ok(known);
        }
        let found = context.loaders().one(ActionsOf(self.0.clone())).await;
        Ok(found.or_answer(context)?.unwrap_or_default())
    }

    /// When a first answer is due. To the ministry, as every time of a referral, its day: the first moment of that in
    /// America/Toronto.
    async fn due_at(&self) -> Option<DateTime> {
        self.0.referral.due_at.map(DateTime)
    }

    /// When a referral that is on hold should be looked at again.
    async fn review_at(&self) -> Option<DateTime> {
        self.0.referral.review_at.map(DateTime)
    }

    /// Whether it still waits for an answer that was due; to the ministry, on an earlier day.
    async fn overdue(&self, context: &Context<'_>) -> bool {
        self.0.is_overdue(context.session().now())
    }

    /// When it was created; to the ministry, its day.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.referral.created_at)
    }

    /// When it changed last; to the ministry, the day.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.0.referral.updated_at)
    }

    /// The version to name in the next action.
    async fn version(&self) -> i32 {
        self.0.referral.version
    }
}

/// What became of a referral.
pub struct Outcome(pub(super) referral::SeenOutcome);

#[Object]
impl Outcome {
    pub(super) async fn id(&self, context: &Context<'_>) -> ID {
        context.id(self.0.outcome.id)
    }

    async fn kind(&self) -> OutcomeKind {
        self.0.outcome.kind
    }

    async fn date(&self) -> Date {
        Date(self.0.outcome.date)
    }

    async fn claimant(&self, context: &Context<'_>) -> Result<Option<Claimant>> {
        claimant_of(context, self.0.outcome.claimant_id).await
    }

    async fn note(&self, context: &Context<'_>) -> Result<Option<String>> {
        let note = context.session().outcome_note(&self.0).or_answer(context)?;
        if note.is_some() {
            let (claimant, referral) = (self.0.outcome.claimant_id, self.0.outcome.referral_id);
            context.session().disclose_text(claimant, Some(referral));
        }
        Ok(note)
    }

    /// The day on which to ask again.
    async fn follow_up_on(&self) -> Option<Date> {
        self.0.outcome.follow_up_on.map(Date)
    }
}

/// Which list, in which order.
pub(super) struct Listing {
    pub(super) which: ReferralBox,
    pub(super) filter: referral::Filter,
    pub(super) order: (ReferralOrderField, bool),
}

pub(super) async fn referral_connection(
    context: &Context<'_>,
    listing: Listing,
    page: Page,
) -> Result<Direct<Connection<Referral>>> {
    let Listing {
        which,
        filter,
        order,
    } = listing;
    let field = match order.0 {
        ReferralOrderField::CreatedAt => Field::CreatedAt,
        ReferralOrderField::UpdatedAt => Field::UpdatedAt,
        ReferralOrderField::DueAt => Field::DueAt,
        ReferralOrderField::Urgency => Field::Urgency,
    };
    let direction = if order.1 { "descending" } else { "ascending" };
    let list = List::new(format!("referrals {} {direction}", which.as_str()), field);
    let slice = list.slice(context, page).or_answer(context)?;
    let paged = context
        .session()
        .referral_list(which, filter, order, &slice)
        .await
        .or_answer(context)?
        .map(Arc::new);
    read_ahead(context, &["edges", "node"], &paged.items).await;
    let connection = list.connection(context, paged, |seen| &seen.referral, Referral);
    Ok(Direct(connection))
}

pub(super) async fn referral_connection_of(
    context: &Context<'_>,
    claimant: ClaimantId,
    page: Page,
) -> Result<Direct<Connection<Referral>>> {
    let list = List::new(format!("referrals of {}", claimant.0), Field::CreatedAt);
    let slice = list.slice(context, page).or_answer(context)?;
    let loaders = context.loaders();
    let key = ReferralsOf {
        claimant,
        slice,
        wanted: Arc::new(Wanted::under(context, &["edges", "node"])),
        changes: loaders.changes(),
    };
    let paged = loaders.one(key).await.or_answer(context)?;
    let paged = paged.unwrap_or_else(Paged::empty);
    let connection = list.connection(context, paged, |seen| &seen.referral, Referral);
    Ok(Direct(connection))
}
