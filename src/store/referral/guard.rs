//! What stands for and against sending a referral: looked at by the same code, whether a change refuses by it or a preview
//! tells it. It writes nothing and locks nothing; a change locks first.
use entity::{
    Access, ClaimantId, NeedCategory, OrganizationId, ReferralId, ServiceId, ServiceStatus,
    claimant, organization, referral, service,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use super::{
    super::{
        Readable, Reading, Session, Unit, Visible, claimant::erase::demand_known,
        consent::ConsentsFor, grant::wishes_among, work::Work,
    },
    OPEN_STATUSES,
};
use crate::error::{Error, Problem, Refusal, Result};

/// How many duplicates are told.
const MOST_DUPLICATES: u64 = 20;

/// Where guards read: inside a change as its transaction sees it, or for an answer.
pub(in crate::store) trait Reads: Sync {
    type Connection: ConnectionTrait;

    fn session(&self) -> &Session;
    fn connection(&self) -> &Self::Connection;
    /// The rows of an entity that the caller may see.
    fn rows<E: Readable>(&self) -> Visible<'_, E, Self::Connection>;
}

impl Reads for Unit<'_> {
    type Connection = Work;

    fn session(&self) -> &Session {
        self.session
    }

    fn connection(&self) -> &Work {
        &self.work
    }

    fn rows<E: Readable>(&self) -> Visible<'_, E, Work> {
        self.find()
    }
}

impl Reads for Session {
    type Connection = Reading;

    fn session(&self) -> &Session {
        self
    }

    fn connection(&self) -> &Reading {
        self.reader()
    }

    fn rows<E: Readable>(&self) -> Visible<'_, E, Reading> {
        self.find()
    }
}

/// A claimant that the caller's own organization registered. Any other is as good as none.
pub(in crate::store) async fn own_claimant(
    reads: &impl Reads,
    id: ClaimantId,
    path: &str,
) -> Result<claimant::Model> {
    let own = reads.session().viewer().organization();
    let claimant = reads
        .rows::<claimant::Entity>()
        .filter(claimant::Column::Id.eq(id))
        .filter(claimant::Column::RegisteringOrganizationId.eq(own))
        .one()
        .await?
        .ok_or_else(|| Refusal::at(Problem::NotFound, path))?;
    demand_known(&claimant, path)?;
    Ok(claimant)
}

/// Whether the caller's own organization registered a claimant who was not erased.
async fn is_own(reads: &impl Reads, claimant: ClaimantId) -> Result<bool> {
    match own_claimant(reads, claimant, "claimantId").await {
        Ok(_) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A service of the directory.
pub(in crate::store) async fn service(
    reads: &impl Reads,
    id: ServiceId,
    path: &str,
) -> Result<service::Model> {
    reads
        .rows::<service::Entity>()
        .filter(service::Column::Id.eq(id))
        .one()
        .await?
        .ok_or_else(|| Refusal::at(Problem::NotFound, path).into())
}

/// Whether a service can be sent to: it is active, and so is its organization.
async fn is_active(reads: &impl Reads, service: &service::Model) -> Result<bool> {
    if service.status != ServiceStatus::Active {
        return Ok(false);
    }
    Ok(reads
        .rows::<organization::Entity>()
        .filter(organization::Column::Id.eq(service.organization_id))
        .filter(organization::Column::Active.eq(true))
        .one()
        .await?
        .is_some())
}

/// What the claimant's consents say of sending to a recipient, or, for an open referral, to anybody.
async fn consent_to(
    reads: &impl Reads,
    claimant: ClaimantId,
    recipient: Option<OrganizationId>,
    category: NeedCategory,
) -> Result<Access> {
    let now = reads.session().now;
    match recipient {
        // What an organization does with its own claimant opens nothing to anybody.
        Some(own)
            if own == reads.session().viewer().organization()
                && is_own(reads, claimant).await? =>
        {
            Ok(Access::Granted)
        }
        Some(recipient) => {
            let consents = ConsentsFor::among(reads.connection(), recipient, &[claimant]).await?;
            Ok(consents.access(claimant, category, now))
        }
        None => {
            let mut wishes = wishes_among(reads.connection(), &[claimant]).await?;
            let wishes = wishes.remove(&claimant).unwrap_or_default();
            Ok(wishes.consent_for_open(category, now))
        }
    }
}

/// Why what a claimant's consents say is not enough, if it is not.
async fn unconsented(
    reads: &impl Reads,
    claimant: ClaimantId,
    recipient: Option<OrganizationId>,
    access: Access,
) -> Result<Option<Refusal>> {
    let own = reads.session().viewer().organization();
    let registered = is_own(reads, claimant).await?;
    // It would open more to itself, and for longer, than whoever sent the person to it meant to.
    if recipient == Some(own) && !registered {
        return Ok(Some(Refusal::at(Problem::RecipientIsSelf, "serviceId")));
    }
    if access == Access::Granted {
        return Ok(None);
    }
    // That an organization is excluded is told to the one that keeps the exclusion, and to nobody else.
    let excluded = match recipient {
        Some(recipient) => {
            let wishes = wishes_among(reads.connection(), &[claimant]).await?;
            wishes
                .get(&claimant)
                .is_some_and(|wishes| wishes.exclude(recipient))
        }
        None => false,
    };
    let problem = match excluded && registered {
        true => Problem::Excluded,
        // Whether there ever was a consent is told to the one that keeps it.
        false if !registered => Problem::ConsentRequired {
            access: Access::ConsentRequired,
        },
        false => Problem::ConsentRequired { access },
    };
    Ok(Some(Refusal::at(problem, "claimantId")))
}

/// The caller's own referrals of a person for a need that are still open; newest first.
async fn duplicates(
    reads: &impl Reads,
    claimant: ClaimantId,
    asked: &Asked,
) -> Result<Vec<ReferralId>> {
    let session = reads.session();
    Ok(referral::Entity::find()
        .select_only()
        .column(referral::Column::Id)
        .filter(referral::Column::SourceId.eq(session.viewer().organization()))
        .filter(referral::Column::Id.in_subquery(session.for_person(Expr::value(claimant))))
        .filter(referral::Column::Category.eq(asked.category))
        .filter(Condition::all().add_option(asked.itself.map(|id| referral::Column::Id.ne(id))))
        .filter(referral::Column::Status.is_in(OPEN_STATUSES))
        .order_by_desc(referral::Column::Id)
        .limit(MOST_DUPLICATES)
        .into_tuple()
        .all(reads.connection())
        .await?)
}

/// What is to be sent, and whereto.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) struct Asked {
    /// None: somebody not named.
    pub(in crate::store) claimant: Option<ClaimantId>,
    pub(in crate::store) category: NeedCategory,
    /// None: open, a provider may claim it.
    pub(in crate::store) service: Option<ServiceId>,
    /// The referral that is to be sent, where there is one: it duplicates nothing.
    pub(in crate::store) itself: Option<ReferralId>,
}

/// What stands for and against sending.
#[derive(Debug)]
pub(in crate::store) struct Sending {
    /// The organization of the service.
    pub(in crate::store) recipient: Option<OrganizationId>,
    /// What the consents say; ANONYMOUS where nobody is named.
    pub(in crate::store) consent: Access,
    /// The caller's own open referrals of the person for the need.
    pub(in crate::store) duplicates: Vec<ReferralId>,
    inactive: Option<Refusal>,
    unconsented: Option<Refusal>,
}

impl Sending {
    /// Looks at everything. A service that is not there is refused at once. A change does not look for duplicates that its
    /// caller acknowledges.
    pub(in crate::store) async fn look(
        reads: &impl Reads,
        asked: Asked,
        seek_duplicates: bool,
    ) -> Result<Self> {
        let mut sending = Self {
            recipient: None,
            consent: Access::Anonymous,
            duplicates: Vec::new(),
            inactive: None,
            unconsented: None,
        };
        if let Some(id) = asked.service {
            let service = service(reads, id, "serviceId").await?;
            sending.recipient = Some(service.organization_id);
            if !is_active(reads, &service).await? {
                sending.inactive = Some(Refusal::at(Problem::ServiceNotActive, "serviceId"));
            }
        }
        let Some(claimant) = asked.claimant else {
            return Ok(sending);
        };
        sending.consent = consent_to(reads, claimant, sending.recipient, asked.category).await?;
        sending.unconsented =
            unconsented(reads, claimant, sending.recipient, sending.consent).await?;
        if seek_duplicates {
            sending.duplicates = duplicates(reads, claimant, &asked).await?;
        }
        Ok(sending)
    }

    /// Why it may not be sent, if it may not.
    pub(in crate::store) fn refusal(&self, acknowledge_duplicate: bool) -> Option<Refusal> {
        let doubled = !acknowledge_duplicate && !self.duplicates.is_empty();
        let duplicate = doubled.then(|| Refusal::at(Problem::Duplicate, "acknowledgeDuplicate"));
        self.inactive
            .clone()
            .or_else(|| self.unconsented.clone())
            .or(duplicate)
    }
}

impl Unit<'_> {
    /// A claimant that the caller's own organization registered. Any other is as good as none.
    pub(in crate::store) async fn own_claimant(
        &self,
        id: ClaimantId,
        path: &str,
    ) -> Result<claimant::Model> {
        own_claimant(self, id, path).await
    }

    pub(super) async fn service(&self, id: ServiceId, path: &str) -> Result<service::Model> {
        service(self, id, path).await
    }

    pub(super) async fn active_service(&self, id: ServiceId, path: &str) -> Result<service::Model> {
        let service = self.service(id, path).await?;
        match is_active(self, &service).await? {
            true => Ok(service),
            false => Err(Refusal::at(Problem::ServiceNotActive, path).into()),
        }
    }

    /// What the claimant consented to must cover the recipient, or, for an open referral, somebody.
    pub(super) async fn demand_consent(
        &self,
        claimant: ClaimantId,
        recipient: Option<OrganizationId>,
        category: NeedCategory,
    ) -> Result<()> {
        self.lock_claimant(claimant).await?;
        let access = consent_to(self, claimant, recipient, category).await?;
        match unconsented(self, claimant, recipient, access).await? {
            Some(refusal) => Err(refusal.into()),
            None => Ok(()),
        }
    }
}
