//! Loaders: within one answer, what many fields ask for one by one is read at once, under the caller's rules. They are
//! made for one answer and never outlive it.
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_graphql::{
    dataloader::{DataLoader, HashMapCache, Loader},
    runtime::{TokioSpawner, TokioTimer},
};
use entity::{
    CatchmentId, ClaimantId, ConsentId, DisclosureId, DuplicateCandidateId, NeedCategory, NeedId,
    OrganizationId, ReferralAction, ReferralId, RegionId, ServiceId, catchment, disclosure,
    duplicate_candidate, eligibility_rule, exclusion, need, organization, region, service,
    service_capacity,
};

use super::{
    journal::JournalEntry,
    page::Connection,
    plain::{Histories, Place},
};
use crate::{
    error::Error,
    store::{
        Session, claimant, consent,
        disclosure::Opened,
        duplicate::Merge,
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
    ahead: Mutex<Ahead>,
}

/// What one answer was seen to ask for before its fields were reached: nothing where the caller may see nothing.
#[derive(Default)]
struct Ahead {
    claimants: HashMap<ClaimantId, Option<Arc<claimant::Seen>>>,
    identities: HashMap<ClaimantId, Option<Opened<Identity>>>,
    actions: HashMap<ReferralId, Vec<ReferralAction>>,
    histories: Histories,
}

pub(super) struct Reader(Session);

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

/// One statement for all referrals of which the same part is asked for.
async fn messages(
    session: &Session,
    keys: &[MessagesOf],
) -> Result<HashMap<MessagesOf, Paged<SeenMessage>>, Error> {
    let mut found = HashMap::new();
    let mut slices: Vec<&Slice> = Vec::new();
    for MessagesOf(_, slice) in keys {
        if !slices.contains(&slice) {
            slices.push(slice);
        }
    }
    for slice in slices {
        let of_slice = keys.iter().filter(|key| key.1 == *slice);
        let shown: Vec<_> = of_slice.clone().map(|key| key.0.clone()).collect();
        let mut pages = session.messages_of(&shown, slice).await?;
        found.extend(of_slice.filter_map(|key| {
            let page = pages.remove(&key.0.referral.id)?;
            Some((key.clone(), page))
        }));
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
                let $session = &self.0;
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
    MessagesOf => Paged<SeenMessage>: |session, keys| messages(session, keys).await;
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

fn ids<K, I>(keys: &[K], id: impl Fn(&K) -> I) -> Vec<I> {
    keys.iter().map(id).collect()
}

impl Loaders {
    pub(super) fn new(session: Session) -> Self {
        let loader = DataLoader::with_cache(
            Reader(session),
            TokioSpawner::current(),
            TokioTimer::default(),
            HashMapCache::default(),
        );
        Self {
            loader,
            ahead: Mutex::default(),
        }
    }

    /// Nothing can panic while it is held; a poisoned one would still hold whole rows.
    fn ahead(&self) -> MutexGuard<'_, Ahead> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads claimants, and with them their identities where those are asked for, before their fields are reached. What
    /// fails here is read again there, and fails in its place.
    pub(super) async fn read_people_ahead(
        &self,
        ids: impl Iterator<Item = ClaimantId>,
        identified: bool,
    ) {
        let mut wanted: Vec<ClaimantId> = {
            let ahead = self.ahead();
            ids.filter(|id| !ahead.claimants.contains_key(id)).collect()
        };
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return;
        }
        let session = &self.loader.loader().0;
        let Ok(people) = Box::pin(session.people(&wanted, identified)).await else {
            return;
        };
        let mut ahead = self.ahead();
        for id in wanted {
            ahead.claimants.insert(id, None);
            if identified {
                ahead.identities.insert(id, None);
            }
        }
        let seen = people.seen.into_iter();
        ahead
            .claimants
            .extend(seen.map(|seen| (seen.claimant.id, Some(Arc::new(seen)))));
        let identities = people.identities.into_iter();
        ahead
            .identities
            .extend(identities.map(|(id, identity)| (id, Some(identity))));
    }

    /// Reads what may be done with referrals before their fields are reached.
    pub(super) async fn read_actions_ahead(&self, referrals: &[referral::Seen]) {
        if referrals.is_empty() {
            return;
        }
        let session = &self.loader.loader().0;
        if let Ok(found) = Box::pin(session.available_actions(referrals)).await {
            self.ahead().actions.extend(found);
        }
    }

    /// What may be done with a referral, read ahead.
    pub(super) fn actions_ahead(&self, id: ReferralId) -> Option<Vec<ReferralAction>> {
        self.ahead().actions.get(&id).cloned()
    }

    /// A claimant that was read ahead: the inner nothing where the caller may not see the person.
    pub(super) fn claimant_ahead(&self, id: ClaimantId) -> Option<Option<Arc<claimant::Seen>>> {
        self.ahead().claimants.get(&id).cloned()
    }

    /// A claimant, read ahead or now.
    pub(super) async fn claimant(
        &self,
        id: ClaimantId,
    ) -> Result<Option<Arc<claimant::Seen>>, Error> {
        match self.claimant_ahead(id) {
            Some(known) => Ok(known),
            None => Ok(self.one(id).await?.map(Arc::new)),
        }
    }

    /// An identity that was read ahead: the inner nothing where it is not open to the caller.
    pub(super) fn identity_ahead(&self, id: ClaimantId) -> Option<Option<Opened<Identity>>> {
        self.ahead().identities.get(&id).cloned()
    }

    pub(super) fn keep_history(
        &self,
        of: ReferralId,
        place: Place,
        history: Arc<Connection<JournalEntry>>,
    ) {
        self.ahead().histories.insert((of, place), history);
    }

    /// A history that was read ahead.
    pub(super) fn history_ahead(
        &self,
        of: ReferralId,
        place: Place,
    ) -> Option<Arc<Connection<JournalEntry>>> {
        self.ahead().histories.get(&(of, place)).cloned()
    }

    /// An identity that is open to the caller, read ahead or now.
    pub(super) async fn identity(&self, id: ClaimantId) -> Result<Option<Opened<Identity>>, Error> {
        match self.identity_ahead(id) {
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
