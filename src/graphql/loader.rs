//! Loaders: within one answer, what many fields ask for one by one is read at once, under the caller's rules. They are
//! made for one answer and never outlive it.
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_graphql::{
    dataloader::{DataLoader, HashMapCache, Loader},
    runtime::{TokioSpawner, TokioTimer},
};
use entity::{
    AppointmentId, CatchmentId, ClaimantId, ConsentId, DisclosureId, DuplicateCandidateId,
    ExclusionId, MessageId, NeedCategory, NeedId, OrganizationId, OutcomeId, ReferralAction,
    ReferralId, RegionId, ServiceId, catchment, disclosure, duplicate_candidate, eligibility_rule,
    exclusion, need, organization, region, service, service_capacity,
};

use super::ahead::{Ahead, Wanted};
use crate::{
    error::Error,
    store::{
        Session, claimant, consent,
        disclosure::Opened,
        duplicate::Merge,
        journal,
        page::{Paged, Slice},
        referral::{self, SeenOutcome, appointment::SeenAppointment, message::SeenMessage},
        sealed::{
            ClaimStatus, Contact, Identifier, Identity, LanguageAbility, Qualification,
            WorkAuthorization,
        },
    },
};

/// The loaders of one answer, and what was read ahead of them.
pub(super) struct Loaders {
    loader: DataLoader<Reader, HashMapCache>,
    /// How many changes this answer has made: what is read before one is not what is read after it.
    changes: AtomicUsize,
}

pub(super) struct Reader {
    session: Session,
    ahead: Ahead,
}

/// Every loaded thing that belongs to a row: the key is the row's id, and the type says what of it.
macro_rules! parts {
    ($($(#[$meta:meta])* $name:ident($id:ty))+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) struct $name(pub(super) $id);
    )+};
}

parts! {
    IdentityOf(ClaimantId)
    ContactOf(ClaimantId)
    IdentifiersOf(ClaimantId)
    ClaimStatusOf(ClaimantId)
    NeedsOf(ClaimantId)
    WorkAuthorizationOf(ClaimantId)
    QualificationsOf(ClaimantId)
    LanguageAbilitiesOf(ClaimantId)
    ConsentsOf(ClaimantId)
    ExclusionsOf(ClaimantId)
    MergesOf(ClaimantId)
    HouseholdOf(ClaimantId)
    CategoriesOf(ServiceId)
    LanguagesOf(ServiceId)
    CapacityOf(ServiceId)
    EligibilityRulesOf(ServiceId)
    OutcomesOf(ReferralId)
    AlsoForOf(ReferralId)
}

/// The actions open to the caller; the referral as it was shown says the rest.
#[derive(Clone)]
pub(super) struct ActionsOf(pub(super) Arc<referral::Seen>);

impl PartialEq for ActionsOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.referral.id == other.0.referral.id
    }
}

impl Eq for ActionsOf {}

impl Hash for ActionsOf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.referral.id.hash(state);
    }
}

/// A part of the messages of a referral as it was shown.
#[derive(Clone)]
pub(super) struct MessagesOf(pub(super) Arc<referral::Seen>, pub(super) Slice);

/// The appointments of a referral as it was shown.
#[derive(Clone)]
pub(super) struct AppointmentsOf(pub(super) Arc<referral::Seen>);

impl PartialEq for MessagesOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.referral.id == other.0.referral.id && self.1 == other.1
    }
}

impl Eq for MessagesOf {}

impl Hash for MessagesOf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.referral.id.hash(state);
    }
}

impl PartialEq for AppointmentsOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.referral.id == other.0.referral.id
    }
}

impl Eq for AppointmentsOf {}

impl Hash for AppointmentsOf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.referral.id.hash(state);
    }
}

/// A part of the history of a referral as it was shown, after so many changes.
#[derive(Clone)]
pub(super) struct HistoryOf(
    pub(super) Arc<referral::Seen>,
    pub(super) Slice,
    pub(super) usize,
);

impl PartialEq for HistoryOf {
    fn eq(&self, other: &Self) -> bool {
        let id = |key: &Self| key.0.referral.id;
        id(self) == id(other) && self.1 == other.1 && self.2 == other.2
    }
}

impl Eq for HistoryOf {}

impl Hash for HistoryOf {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.referral.id.hash(state);
    }
}

/// A part of the referrals of a claimant, after so many changes, with what is read ahead of each.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ReferralsOf {
    pub(super) claimant: ClaimantId,
    pub(super) slice: Slice,
    pub(super) wanted: Arc<Wanted>,
    pub(super) changes: usize,
}

/// A part of the services of an organization, after so many changes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ServicesOf(
    pub(super) OrganizationId,
    pub(super) Slice,
    pub(super) usize,
);

/// Keys that ask for the same, together.
fn alike<K, P: PartialEq>(keys: &[K], what: impl Fn(&K) -> &P) -> Vec<(&P, Vec<&K>)> {
    let mut groups: Vec<(&P, Vec<&K>)> = Vec::new();
    for key in keys {
        let of = what(key);
        match groups.iter_mut().find(|(known, _)| *known == of) {
            Some((_, group)) => group.push(key),
            None => groups.push((of, vec![key])),
        }
    }
    groups
}

/// Pages under their keys. One that nobody could read is not there.
fn paged<K: Clone + Eq + Hash, I: Eq + Hash, V: Clone>(
    keys: &[&K],
    id: impl Fn(&K) -> I,
    pages: &HashMap<I, V>,
) -> HashMap<K, V> {
    keys.iter()
        .filter_map(|key| Some(((*key).clone(), pages.get(&id(key))?.clone())))
        .collect()
}

/// One statement for all referrals of which the same part is asked for.
async fn messages(
    session: &Session,
    keys: &[MessagesOf],
) -> Result<HashMap<MessagesOf, Paged<SeenMessage>>, Error> {
    let mut found = HashMap::new();
    for (slice, keys) in alike(keys, |key| &key.1) {
        let shown: Vec<_> = keys.iter().map(|key| key.0.clone()).collect();
        let pages = session.messages_of(&shown, slice).await?;
        found.extend(paged(&keys, |key| key.0.referral.id, &pages));
    }
    Ok(found)
}

/// One statement for all referrals of whose histories the same part is asked for.
async fn histories(
    session: &Session,
    keys: &[HistoryOf],
) -> Result<HashMap<HistoryOf, Paged<journal::Seen>>, Error> {
    let mut found = HashMap::new();
    for (slice, keys) in alike(keys, |key| &key.1) {
        let shown: Vec<_> = keys.iter().map(|key| key.0.as_ref()).collect();
        let pages = session.histories_of(&shown, slice).await?;
        found.extend(paged(&keys, |key| key.0.referral.id, &pages));
    }
    Ok(found)
}

/// One statement for all claimants of whose referrals the same part is asked for; and what is asked for of each referral
/// is read for all of them.
async fn referrals(
    reader: &Reader,
    keys: &[ReferralsOf],
) -> Result<HashMap<ReferralsOf, Paged<Arc<referral::Seen>>>, Error> {
    let session = &reader.session;
    let mut found = HashMap::new();
    for (slice, keys) in alike(keys, |key| &key.slice) {
        let claimants: Vec<_> = keys.iter().map(|key| key.claimant).collect();
        let pages = session.referrals_of(&claimants, slice).await?.into_iter();
        let pages = pages.map(|(id, page)| (id, page.map(Arc::new))).collect();
        found.extend(paged(&keys, |key| key.claimant, &pages));
    }
    for (wanted, keys) in alike(keys, |key| &key.wanted) {
        let pages = keys.iter().filter_map(|key| found.get(*key));
        let shown: Vec<_> = pages.flat_map(|page| page.items.iter().cloned()).collect();
        reader.ahead.read(session, wanted, &shown).await;
    }
    Ok(found)
}

/// One statement for all organizations of whose services the same part is asked for.
async fn services(
    session: &Session,
    keys: &[ServicesOf],
) -> Result<HashMap<ServicesOf, Paged<Arc<service::Model>>>, Error> {
    let mut found = HashMap::new();
    for (slice, keys) in alike(keys, |key| &key.1) {
        let organizations: Vec<_> = keys.iter().map(|key| key.0).collect();
        let pages = session
            .services_of(&organizations, slice)
            .await?
            .into_iter();
        let pages = pages.map(|(id, page)| (id, page.map(Arc::new))).collect();
        found.extend(paged(&keys, |key| key.0, &pages));
    }
    Ok(found)
}

type Loaded<K, V> = Result<HashMap<K, V>, Arc<Error>>;

macro_rules! loaders {
    ($($key:ty => $value:ty: |$session:ident, $keys:ident| $load:expr;)+) => {$(
        impl Loader<$key> for Reader {
            type Value = $value;
            type Error = Arc<Error>;

            async fn load(&self, $keys: &[$key]) -> Loaded<$key, $value> {
                let $session = &self.session;
                let loaded: Result<HashMap<$key, $value>, Error> = $load;
                loaded.map_err(Arc::new)
            }
        }
    )+};
}

fn by<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, V> {
    rows.into_iter().map(|row| (key(&row), row)).collect()
}

fn grouped<K: Eq + Hash, V>(rows: Vec<V>, key: impl Fn(&V) -> K) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}

fn under<I: Copy, K: Eq + Hash, V>(found: HashMap<I, V>, key: impl Fn(I) -> K) -> HashMap<K, V> {
    found
        .into_iter()
        .map(|(id, value)| (key(id), value))
        .collect()
}

loaders! {
    OrganizationId => Arc<organization::Model>: |session, keys|
        session.organization_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    RegionId => Arc<region::Model>: |session, keys|
        session.region_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    CatchmentId => Arc<catchment::Model>: |session, keys|
        session.catchment_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    ServiceId => Arc<service::Model>: |session, keys|
        session.service_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    ClaimantId => claimant::Seen: |session, keys|
        session.claimant_list_by_id(keys).await.map(|rows| by(rows, |seen| seen.claimant.id));
    DisclosureId => disclosure::Model: |session, keys|
        session.disclosure_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    DuplicateCandidateId => duplicate_candidate::Model: |session, keys|
        session.duplicate_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    NeedId => need::Model: |session, keys|
        session.need_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    ConsentId => consent::Whole: |session, keys|
        session.consent_list_by_id(keys).await.map(|rows| by(rows, |whole| whole.consent.id));
    ReferralId => referral::Seen: |session, keys|
        session.referrals_by_id(keys).await.map(|rows| by(rows, |seen| seen.referral.id));
    IdentityOf => Opened<Identity>: |session, keys|
        session.identities(&ids(keys, |key| key.0)).await.map(|found| under(found, IdentityOf));
    ContactOf => Opened<Contact>: |session, keys|
        session.usable_contacts(&ids(keys, |key| key.0)).await.map(|found| under(found, ContactOf));
    IdentifiersOf => Opened<Vec<Identifier>>: |session, keys|
        session.identifiers(&ids(keys, |key| key.0)).await.map(|found| under(found, IdentifiersOf));
    ClaimStatusOf => Opened<ClaimStatus>: |session, keys|
        session.claim_statuses(&ids(keys, |key| key.0)).await.map(|found| under(found, ClaimStatusOf));
    WorkAuthorizationOf => Opened<WorkAuthorization>: |session, keys|
        session.known_work_authorizations(&ids(keys, |key| key.0)).await
            .map(|found| under(found, WorkAuthorizationOf));
    QualificationsOf => Opened<Vec<Qualification>>: |session, keys|
        session.qualifications(&ids(keys, |key| key.0)).await.map(|found| under(found, QualificationsOf));
    LanguageAbilitiesOf => Opened<Vec<LanguageAbility>>: |session, keys|
        session.known_language_abilities(&ids(keys, |key| key.0)).await
            .map(|found| under(found, LanguageAbilitiesOf));
    ExclusionsOf => Vec<exclusion::Model>: |session, keys|
        session.exclusions_of(&ids(keys, |key| key.0)).await
            .map(|rows| grouped(rows, |row| ExclusionsOf(row.claimant_id)));
    MergesOf => Vec<Merge>: |session, keys|
        session.merges_of(&ids(keys, |key| key.0)).await.map(|merges| {
            let both = merges.iter().flat_map(|merge| [(merge.survivor, *merge), (merge.merged, *merge)]);
            let grouped = grouped(both.collect(), |(claimant, _)| MergesOf(*claimant)).into_iter();
            grouped.map(|(key, of)| (key, of.into_iter().map(|(_, merge)| merge).collect())).collect()
        });
    HouseholdOf => Vec<claimant::Seen>: |session, keys|
        session.households_of(&ids(keys, |key| key.0)).await.map(|found| under(found, HouseholdOf));
    AlsoForOf => Vec<claimant::Seen>: |session, keys|
        session.also_for(&ids(keys, |key| key.0)).await.map(|found| under(found, AlsoForOf));
    NeedsOf => Vec<need::Model>: |session, keys|
        session.needs_of(&ids(keys, |key| key.0)).await
            .map(|rows| grouped(rows, |row| NeedsOf(row.claimant_id)));
    ConsentsOf => Vec<consent::Whole>: |session, keys|
        session.consents_of(&ids(keys, |key| key.0)).await
            .map(|rows| grouped(rows, |whole| ConsentsOf(whole.consent.claimant_id)));
    CategoriesOf => Vec<NeedCategory>: |session, keys|
        session.service_categories(&ids(keys, |key| key.0)).await.map(|found| under(found, CategoriesOf));
    LanguagesOf => Vec<String>: |session, keys|
        session.service_languages(&ids(keys, |key| key.0)).await.map(|found| under(found, LanguagesOf));
    CapacityOf => service_capacity::Model: |session, keys|
        session.service_capacities(&ids(keys, |key| key.0)).await.map(|found| under(found, CapacityOf));
    EligibilityRulesOf => Vec<eligibility_rule::Model>: |session, keys|
        session.eligibility_rules(&ids(keys, |key| key.0)).await.map(|found| under(found, EligibilityRulesOf));
    OutcomesOf => Vec<SeenOutcome>: |session, keys|
        session.outcomes_of(&ids(keys, |key| key.0)).await
            .map(|rows| grouped(rows, |seen| OutcomesOf(seen.outcome.referral_id)));
    OutcomeId => SeenOutcome: |session, keys|
        session.outcome_list_by_id(keys).await.map(|rows| by(rows, |seen| seen.outcome.id));
    ExclusionId => exclusion::Model: |session, keys|
        session.exclusion_list_by_id(keys).await.map(|rows| by(rows, |row| row.id));
    MessageId => SeenMessage: |session, keys|
        session.message_list_by_id(keys).await.map(|rows| by(rows, |seen| seen.message.id));
    AppointmentId => SeenAppointment: |session, keys|
        session.appointment_list_by_id(keys).await.map(|rows| by(rows, |seen| seen.appointment.id));
    MessagesOf => Paged<SeenMessage>: |session, keys| messages(session, keys).await;
    HistoryOf => Paged<journal::Seen>: |session, keys| histories(session, keys).await;
    ServicesOf => Paged<Arc<service::Model>>: |session, keys| services(session, keys).await;
    AppointmentsOf => Vec<SeenAppointment>: |session, keys| {
        let shown = ids(keys, |key| key.0.clone());
        session.appointments_of(&shown).await.map(|mut found| {
            keys.iter()
                .filter_map(|key| Some((key.clone(), found.remove(&key.0.referral.id)?)))
                .collect()
        })
    };
    ActionsOf => Vec<ReferralAction>: |session, keys| {
        let seen: Vec<referral::Seen> = keys.iter().map(|key| (*key.0).clone()).collect();
        session.available_actions(&seen).await.map(|mut found| {
            keys.iter()
                .map(|key| (key.clone(), found.remove(&key.0.referral.id).unwrap_or_default()))
                .collect()
        })
    };
}

impl Loader<ReferralsOf> for Reader {
    type Value = Paged<Arc<referral::Seen>>;
    type Error = Arc<Error>;

    async fn load(&self, keys: &[ReferralsOf]) -> Loaded<ReferralsOf, Self::Value> {
        referrals(self, keys).await.map_err(Arc::new)
    }
}

fn ids<K, I>(keys: &[K], id: impl Fn(&K) -> I) -> Vec<I> {
    keys.iter().map(id).collect()
}

impl Loaders {
    pub(super) fn new(session: Session) -> Self {
        let ahead = Ahead::default();
        let loader = DataLoader::with_cache(
            Reader { session, ahead },
            TokioSpawner::current(),
            TokioTimer::default(),
            HashMapCache::default(),
        );
        Self {
            loader,
            changes: AtomicUsize::new(0),
        }
    }

    /// What was read before fields were reached.
    pub(super) fn ahead(&self) -> &Ahead {
        &self.loader.loader().ahead
    }

    /// Notes that this answer has changed something.
    pub(super) fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// How many changes this answer has made.
    pub(super) fn changes(&self) -> usize {
        self.changes.load(Ordering::Relaxed)
    }

    /// A claimant, read ahead or now.
    pub(super) async fn claimant(
        &self,
        id: ClaimantId,
    ) -> Result<Option<Arc<claimant::Seen>>, Error> {
        match self.ahead().claimant(id) {
            Some(known) => Ok(known),
            None => Ok(self.one(id).await?.map(Arc::new)),
        }
    }

    /// An identity that is open to the caller, read ahead or now.
    pub(super) async fn identity(&self, id: ClaimantId) -> Result<Option<Opened<Identity>>, Error> {
        match self.ahead().identity(id) {
            Some(known) => Ok(known),
            None => self.one(IdentityOf(id)).await,
        }
    }

    /// Loads one value with whatever else this answer asks for at the same time.
    pub(super) async fn one<K>(&self, key: K) -> Result<Option<<Reader as Loader<K>>::Value>, Error>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Reader: Loader<K, Error = Arc<Error>>,
    {
        // On the heap: the loaders are large, and each field of each row would carry one.
        Box::pin(self.loader.load_one(key)).await.map_err(shared)
    }
}

/// An error that several fields wait for; its cause is logged with each.
fn shared(error: Arc<Error>) -> Error {
    Error::internal(Shared(error))
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Shared(Arc<Error>);
