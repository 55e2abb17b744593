//! What the directory says, remembered: organizations, regions, catchments and services stand in nearly every answer,
//! are public, and change seldom. What was read once is answered from memory until the journal tells that it changed.
//!
//! Nothing is remembered unless somebody follows the journal ([`Store::follow_directory_until`]): a process whose
//! follower has stopped, or cannot reach the database, reads everything again after [`TRUST`]. A change made by this
//! process is forgotten with its commit; one made by another within two polls of the sequencer. What changed without an
//! entry, as regions do when the tables are migrated, is forgotten after [`LONGEST`].
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use entity::{
    CatchmentId, NeedCategory, OrganizationId, RegionId, ServiceId, SubjectType, catchment,
    eligibility_rule, journal_entry, journal_head, organization, region, service,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid};

use super::{Session, Store};
use crate::error::Result;

/// How long what is remembered is believed after the journal was last read.
const TRUST: Duration = Duration::from_secs(15);
/// After how long everything is read anew, whatever the journal says.
const LONGEST: Duration = Duration::from_secs(60);
/// How many rows of one kind are remembered at most.
const MOST: usize = 20_000;
/// More changes of the directory than this at once, and everything is forgotten.
const MOST_CHANGES: u64 = 1_000;

/// The directory as this process remembers it.
#[derive(Default)]
pub(super) struct Directory(RwLock<Remembered>);

#[derive(Default)]
pub(super) struct Remembered {
    /// Until when the journal is known not to say otherwise.
    trusted_until: Option<Instant>,
    emptied_at: Option<Instant>,
    /// Moves with everything that is forgotten, so that what was read before is not remembered after.
    generation: u64,
    organizations: HashMap<OrganizationId, Arc<organization::Model>>,
    organization_codes: HashMap<String, Arc<organization::Model>>,
    regions: HashMap<RegionId, Arc<region::Model>>,
    catchments: HashMap<CatchmentId, Arc<catchment::Model>>,
    services: HashMap<ServiceId, Arc<service::Model>>,
    categories: HashMap<Categories, Vec<NeedCategory>>,
    languages: HashMap<Languages, Vec<String>>,
    eligibility_rules: HashMap<EligibilityRules, Vec<eligibility_rule::Model>>,
    every_region: HashMap<EveryRegion, Arc<[Arc<region::Model>]>>,
    every_catchment: HashMap<EveryCatchment, Arc<[Arc<catchment::Model>]>>,
}

/// The key of what is remembered of a kind.
pub(super) trait Kept: Clone + Eq + Hash {
    type Row: Clone;
    fn shelf(remembered: &Remembered) -> &HashMap<Self, Self::Row>;
    fn shelf_mut(remembered: &mut Remembered) -> &mut HashMap<Self, Self::Row>;
}

/// The categories of a service.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Categories(pub(super) ServiceId);

/// The languages of a service.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Languages(pub(super) ServiceId);

/// What a service asks, but for what has ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EligibilityRules(pub(super) ServiceId);

/// All regions, by code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EveryRegion;

/// All catchments, by code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EveryCatchment;

macro_rules! kept {
    ($($key:ty => $shelf:ident: $row:ty;)+) => {$(
        impl Kept for $key {
            type Row = $row;

            fn shelf(remembered: &Remembered) -> &HashMap<Self, $row> {
                &remembered.$shelf
            }

            fn shelf_mut(remembered: &mut Remembered) -> &mut HashMap<Self, $row> {
                &mut remembered.$shelf
            }
        }
    )+

    impl Remembered {
        fn empty(&mut self) {
            $(self.$shelf.clear();)+
            self.generation += 1;
        }
    }};
}

kept! {
    OrganizationId => organizations: Arc<organization::Model>;
    String => organization_codes: Arc<organization::Model>;
    RegionId => regions: Arc<region::Model>;
    CatchmentId => catchments: Arc<catchment::Model>;
    ServiceId => services: Arc<service::Model>;
    Categories => categories: Vec<NeedCategory>;
    Languages => languages: Vec<String>;
    EligibilityRules => eligibility_rules: Vec<eligibility_rule::Model>;
    EveryRegion => every_region: Arc<[Arc<region::Model>]>;
    EveryCatchment => every_catchment: Arc<[Arc<catchment::Model>]>;
}

/// What was remembered of what was asked for, and what is still to be read.
struct Glance<K: Kept> {
    found: HashMap<K, K::Row>,
    missing: Vec<K>,
    generation: Option<u64>,
}

impl Remembered {
    fn is_trusted(&self) -> bool {
        self.trusted_until
            .is_some_and(|until| Instant::now() < until)
    }
}

impl Directory {
    /// One row. It is asked for many times in one answer.
    fn look_for<K: Kept>(&self, key: &K) -> Option<K::Row> {
        let remembered = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = K::shelf(&remembered).get(key);
        found.filter(|_| remembered.is_trusted()).cloned()
    }

    fn look<K: Kept>(&self, keys: &[K]) -> Glance<K> {
        let remembered = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if !remembered.is_trusted() {
            return Glance {
                found: HashMap::new(),
                missing: keys.to_vec(),
                generation: None,
            };
        }
        let shelf = K::shelf(&remembered);
        let mut glance = Glance {
            found: HashMap::with_capacity(keys.len()),
            missing: Vec::new(),
            generation: Some(remembered.generation),
        };
        for key in keys {
            match shelf.get(key) {
                Some(row) => drop(glance.found.insert(key.clone(), row.clone())),
                None => glance.missing.push(key.clone()),
            }
        }
        glance
    }

    /// Remembers what was read, unless something was forgotten since it was begun to be read.
    fn keep<K: Kept>(&self, generation: Option<u64>, rows: &HashMap<K, K::Row>) {
        let Some(generation) = generation else { return };
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if remembered.generation != generation {
            return;
        }
        let shelf = K::shelf_mut(&mut remembered);
        if shelf.len() + rows.len() > MOST {
            shelf.clear();
        }
        shelf.extend(rows.iter().map(|(key, row)| (key.clone(), row.clone())));
    }

    /// Forgets what entries of the journal say has changed.
    pub(super) fn forget(&self, changed: &[(SubjectType, Uuid)]) {
        if changed.is_empty() {
            return;
        }
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        remembered.generation += 1;
        for (subject, id) in changed {
            if *subject == SubjectType::Organization {
                let id = OrganizationId(*id);
                remembered.organizations.remove(&id);
                remembered.organization_codes.retain(|_, row| row.id != id);
            } else if *subject == SubjectType::Service {
                let id = ServiceId(*id);
                remembered.services.remove(&id);
                remembered.categories.remove(&Categories(id));
                remembered.languages.remove(&Languages(id));
                remembered.eligibility_rules.remove(&EligibilityRules(id));
            }
        }
    }

    /// Forgets everything.
    pub(super) fn forget_all(&self) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .empty();
    }

    /// The journal was read to its head at `at`, and everything it says has been forgotten.
    fn trust(&self, at: Instant) {
        let mut remembered = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let broken = remembered.trusted_until.is_none_or(|until| until < at);
        let old = remembered
            .emptied_at
            .is_none_or(|emptied| at.duration_since(emptied) > LONGEST);
        if broken || old {
            remembered.empty();
            remembered.emptied_at = Some(at);
        }
        remembered.trusted_until = Some(at + TRUST);
    }
}

/// What an entry is about that tells of the directory.
const OF_DIRECTORY: [SubjectType; 2] = [SubjectType::Organization, SubjectType::Service];

/// Whether an entry about this tells of the directory.
pub(super) fn is_directory(subject: SubjectType) -> bool {
    OF_DIRECTORY.contains(&subject)
}

impl Session {
    /// One row, if it is remembered.
    pub(super) fn remembered<K: Kept>(&self, key: K) -> Option<K::Row> {
        self.store.directory.look_for(&key)
    }

    /// Rows of the directory: from memory, and by `read` what is not remembered.
    pub(super) async fn remembered_or<K: Kept>(
        &self,
        keys: &[K],
        read: impl AsyncFnOnce(Vec<K>) -> Result<HashMap<K, K::Row>>,
    ) -> Result<HashMap<K, K::Row>> {
        self.store.remembered_or(keys, read).await
    }
}

impl Store {
    /// [`Session::remembered_or`], before there is a session.
    pub(super) async fn remembered_or<K: Kept>(
        &self,
        keys: &[K],
        read: impl AsyncFnOnce(Vec<K>) -> Result<HashMap<K, K::Row>>,
    ) -> Result<HashMap<K, K::Row>> {
        let Glance {
            mut found,
            missing,
            generation,
        } = self.directory.look(keys);
        if !missing.is_empty() {
            let rows = read(missing).await?;
            self.directory.keep(generation, &rows);
            found.extend(rows);
        }
        Ok(found)
    }

    /// Follows the journal, so that the directory may be remembered, until `stop` is done.
    pub async fn follow_directory_until(&self, stop: impl Future<Output = ()>) {
        let poll = Duration::from_millis(self.settings.sequencer.poll_milliseconds.get().into());
        let mut turn = tokio::time::interval(poll);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stop);
        let mut position = None;
        loop {
            tokio::select! {
                () = &mut stop => return,
                _ = turn.tick() => {}
            }
            match self.unscoped_follow_directory(position).await {
                Ok(read) => position = Some(read),
                Err(error) => tracing::warn!(%error, "the directory could not be followed"),
            }
        }
    }

    /// Forgets what the journal says has changed after `position`, and trusts the rest for a while. Returns to where it
    /// has read.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails; nothing is trusted longer than it was then.
    pub async fn unscoped_follow_directory(&self, position: Option<i64>) -> Result<i64> {
        let at = Instant::now();
        let head = journal_head::Entity::find_by_id(1)
            .one(&self.database.unscoped)
            .await?
            .map_or(0, |head| head.position);
        match position {
            None => self.directory.forget_all(),
            Some(position) if position < head => {
                // Of nothing else: where much is done with referrals, that must not make the directory forgotten.
                let changed: Vec<(SubjectType, Uuid)> = journal_entry::Entity::find()
                    .select_only()
                    .column(journal_entry::Column::SubjectType)
                    .column(journal_entry::Column::SubjectId)
                    .filter(journal_entry::Column::Position.gt(position))
                    .filter(journal_entry::Column::Position.lte(head))
                    .filter(journal_entry::Column::SubjectType.is_in(OF_DIRECTORY))
                    .order_by_asc(journal_entry::Column::Position)
                    .limit(MOST_CHANGES)
                    .into_tuple()
                    .all(&self.database.unscoped)
                    .await?;
                if changed.len() as u64 == MOST_CHANGES {
                    self.directory.forget_all();
                } else {
                    self.directory.forget(&changed);
                }
            }
            Some(_) => {}
        }
        self.directory.trust(at);
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Categories = Categories(ServiceId(Uuid::from_u128(7)));

    /// A directory that has read the journal this long ago, and remembers one thing.
    fn followed(ago: Duration) -> Directory {
        let directory = Directory::default();
        directory.trust(Instant::now());
        let generation = directory.look(&[KEY]).generation;
        directory.keep(
            generation,
            &HashMap::from([(KEY, vec![NeedCategory::Food])]),
        );
        let at = Instant::now().checked_sub(ago).unwrap();
        directory.0.write().unwrap().trusted_until = Some(at + TRUST);
        directory
    }

    #[test]
    fn what_was_read_is_remembered_while_the_journal_is_followed() {
        let directory = followed(Duration::ZERO);
        assert_eq!(directory.look(&[KEY]).found[&KEY], [NeedCategory::Food]);
    }

    #[test]
    fn nothing_is_believed_when_the_journal_was_not_read_for_long() {
        let directory = followed(TRUST);
        assert_eq!(directory.look(&[KEY]).missing.len(), 1);
        directory.trust(Instant::now());
        let glance = directory.look(&[KEY]);
        assert!(
            glance.found.is_empty(),
            "what changed meanwhile is not known"
        );
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let directory = followed(Duration::ZERO);
        let before = directory.look(&[KEY]).generation;
        directory.forget(&[(SubjectType::Service, KEY.0.0)]);
        directory.keep(before, &HashMap::from([(KEY, vec![NeedCategory::Food])]));
        assert!(directory.look(&[KEY]).found.is_empty());
    }

    #[test]
    fn a_shelf_holds_so_many_and_no_more() {
        let directory = followed(Duration::ZERO);
        let generation = directory.look(&[KEY]).generation;
        for number in 0..u128::try_from(MOST).unwrap() + 10 {
            let key = Languages(ServiceId(Uuid::from_u128(number)));
            directory.keep(generation, &HashMap::from([(key, Vec::new())]));
        }
        assert!(directory.0.read().unwrap().languages.len() <= MOST);
    }
}
