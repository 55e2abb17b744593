//! Follows the journal for those who are told of changes as they happen. One reader in each process reads what was
//! numbered, as long as anybody listens, and keeps the last of it; each subscriber looks there, from its own position,
//! for what may concern its organization. Nothing is queued for anybody: a subscriber that is slow has an older
//! position, and one that is too far behind reads pages of the database until it has caught up.
//!
//! What stands here are positions, subjects and names of audiences. Whether an entry is told, and what of it, each
//! subscriber asks the database in a session of that moment ([`Session::change_at`]); where an entry is told to nobody
//! of an organization, its subscribers run no statement.
use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, PoisonError, RwLock, RwLockWriteGuard, Weak},
    time::{Duration, Instant},
};

use entity::{
    Audience, OrganizationId, ReferralId, ServiceId, SubjectType, journal_audience, journal_entry,
    journal_head, service,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, prelude::Uuid};
use tokio::sync::{Mutex, Notify, watch};

use super::{super::Session, super::Store, Seen, untold_to_excluded};
use crate::error::Result;

/// How many entries are kept for those who have nearly caught up.
const KEPT: usize = 4_096;
/// How many entries one statement of the reader reads.
const READ: u64 = 1_000;
/// How many positions a subscriber that is behind reads at once.
const PAGE: u64 = 100;
/// What is numbered closer together than this is read together.
const TOGETHER: Duration = Duration::from_millis(20);
/// After how long the names under which an organization is told are read anew, whatever the journal says: regions come
/// without an entry.
const LONGEST: Duration = Duration::from_secs(60);

/// What the reader of this process has read, and who listens.
#[derive(Default)]
pub(in crate::store) struct Changes {
    board: RwLock<Board>,
    numbered: Notify,
}

impl Changes {
    /// Says that entries were numbered. The poll of the reader is the truth; this only makes it sooner.
    pub(in crate::store) fn wake(&self) {
        self.numbered.notify_one();
    }

    /// Nothing can panic while it is held; a poisoned board would still hold whole entries.
    fn write(&self) -> RwLockWriteGuard<'_, Board> {
        self.board.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what was read, and wakes whom it may concern; each finds it there.
    fn tell(&self, entries: Vec<Told>, read_to: i64, moved: &HashSet<OrganizationId>) {
        let mut board = self.write();
        let mut concerned = Vec::new();
        for (organization, group) in board.groups() {
            if moved.contains(&organization) {
                group.set(None);
            }
            if group.is_concerned(&entries) {
                concerned.push(group);
            }
        }
        board.add(entries, read_to);
        for group in concerned {
            group.wake.send_replace(());
        }
    }
}

#[derive(Default)]
struct Board {
    /// Whether somebody reads.
    followed: bool,
    /// Every entry after the first of these positions and up to the second is here. Nothing, before the journal was read.
    range: Option<(i64, i64)>,
    entries: VecDeque<Told>,
    groups: HashMap<OrganizationId, Weak<Group>>,
}

/// One numbered entry: about what, and under which names it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    position: i64,
    subject: Uuid,
    audience: Box<[Uuid]>,
}

/// The subscribers of one organization.
struct Group {
    names: RwLock<Option<Names>>,
    /// So that one of them reads the names for all.
    learning: Mutex<()>,
    wake: watch::Sender<()>,
}

/// The names under which an organization is told of changes.
struct Names {
    names: Arc<HashSet<Uuid>>,
    since: Instant,
}

impl Group {
    fn new() -> Self {
        Self {
            names: RwLock::default(),
            learning: Mutex::default(),
            wake: watch::Sender::new(()),
        }
    }

    /// Nothing, where they have to be read anew.
    fn names(&self) -> Option<Arc<HashSet<Uuid>>> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names
            .as_ref()
            .filter(|names| names.since.elapsed() < LONGEST)
            .map(|names| Arc::clone(&names.names))
    }

    fn set(&self, names: Option<Names>) {
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = names;
    }

    /// The names, read under the session's rules where they are not known.
    async fn learn(&self, session: &Session) -> Result<Arc<HashSet<Uuid>>> {
        if let Some(names) = self.names() {
            return Ok(names);
        }
        let _one_at_a_time = self.learning.lock().await;
        if let Some(names) = self.names() {
            return Ok(names);
        }
        let since = Instant::now();
        let names: Arc<HashSet<Uuid>> = Arc::new(session.audiences().await?.into_iter().collect());
        self.set(Some(Names {
            names: Arc::clone(&names),
            since,
        }));
        Ok(names)
    }

    /// Whether one of these entries may be told to this organization.
    fn is_concerned(&self, entries: &[Told]) -> bool {
        self.names()
            .is_none_or(|names| entries.iter().any(|told| told.is_under(&names)))
    }
}

impl Told {
    fn is_under(&self, names: &HashSet<Uuid>) -> bool {
        self.audience.iter().any(|name| names.contains(name))
    }
}

/// What a subscriber finds on the board.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Something that may be told.
    At(i64),
    /// Nothing up to this position.
    Nothing(i64),
    /// The position lies before what is kept.
    Behind,
    /// Nothing was read yet.
    Unread,
}

impl Board {
    fn look(&self, after: i64, names: &HashSet<Uuid>, referral: Option<ReferralId>) -> Found {
        let Some((from, to)) = self.range else {
            return Found::Unread;
        };
        if after < from {
            return Found::Behind;
        }
        let begin = self.entries.partition_point(|told| told.position <= after);
        self.entries
            .range(begin..)
            .find(|told| referral.is_none_or(|id| id.0 == told.subject) && told.is_under(names))
            .map_or(Found::Nothing(to.max(after)), |told| {
                Found::At(told.position)
            })
    }

    fn is_behind(&self, after: i64) -> bool {
        self.range.is_some_and(|(from, _)| after < from)
    }

    /// Adds what was read up to a position, and keeps the last of it.
    fn add(&mut self, entries: Vec<Told>, read_to: i64) {
        let Some((from, to)) = &mut self.range else {
            return;
        };
        *to = read_to;
        self.entries.extend(entries);
        while self.entries.len() > KEPT {
            if let Some(told) = self.entries.pop_front() {
                *from = told.position;
            }
        }
    }

    /// Begins at a position, with nothing before it.
    fn begin(&mut self, head: i64) {
        self.entries.clear();
        self.range = Some((head, head));
    }

    fn groups(&self) -> impl Iterator<Item = (OrganizationId, Arc<Group>)> {
        self.groups
            .iter()
            .filter_map(|(organization, group)| Some((*organization, group.upgrade()?)))
    }

    /// Whether nobody listens any more; then nothing is kept.
    fn is_left(&mut self) -> bool {
        self.groups.retain(|_, group| group.strong_count() > 0);
        if !self.groups.is_empty() {
            return false;
        }
        *self = Self::default();
        true
    }
}

/// What a subscriber has to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read what may be told at this position.
    At(i64),
    /// [`Following::look`] into the database.
    Look,
}

/// One subscriber's place in the journal. Between two entries it holds no session and runs no statement.
pub struct Following {
    store: Store,
    group: Arc<Group>,
    woken: watch::Receiver<()>,
    referral: Option<ReferralId>,
    /// Up to here everything was given out.
    position: i64,
    /// Whether the database held nothing more when it was last read.
    caught_up: bool,
    /// Positions that were read and are still to be given out.
    page: VecDeque<i64>,
    /// Where it stands once the page is given out.
    after_page: Option<i64>,
}

impl Following {
    /// Waits until there may be something to tell. What was given out is not given out again.
    pub async fn next(&mut self) -> Next {
        loop {
            if let Some(position) = self.page.pop_front() {
                self.position = position;
                return Next::At(position);
            }
            if let Some(position) = self.after_page.take() {
                self.position = self.position.max(position);
            }
            if !self.caught_up {
                return Next::Look;
            }
            // From here on, whatever is read wakes.
            self.woken.borrow_and_update();
            let Some(names) = self.group.names() else {
                return Next::Look;
            };
            match self.board(|board| board.look(self.position, &names, self.referral)) {
                Found::At(position) => {
                    self.position = position;
                    return Next::At(position);
                }
                Found::Behind => return Next::Look,
                Found::Nothing(to) => self.position = to,
                Found::Unread => {}
            }
            if self.woken.changed().await.is_err() {
                // The sender is in the group, which this holds.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Reads where to go on: the names under which the organization is told, and a page of positions where this place
    /// is behind.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn look(&mut self, session: &Session) -> Result<()> {
        let names = self.group.learn(session).await?;
        if self.caught_up && !self.board(|board| board.is_behind(self.position)) {
            return Ok(());
        }
        // Before the page: what is numbered while it is read comes after it.
        let head = session.journal_head().await?;
        let page = session
            .told_after(self.position, PAGE, names.iter().copied(), self.referral)
            .await?;
        self.caught_up = (page.len() as u64) < PAGE;
        self.after_page = Some(head).filter(|_| self.caught_up);
        self.page = page.into();
        Ok(())
    }

    fn board<T>(&self, ask: impl FnOnce(&Board) -> T) -> T {
        let changes = &self.store.changes;
        ask(&changes.board.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Session {
    /// A place in the journal for the caller, after a position: of one referral, or of everything that its organization is
    /// told. It outlives this session and keeps nothing of it.
    pub fn follow(&self, after: i64, referral: Option<ReferralId>) -> Following {
        self.store
            .follow(self.viewer().organization(), after, referral)
    }

    /// What is told at a position of the journal, if the caller is told of it at this moment.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails.
    pub async fn change_at(&self, position: i64) -> Result<Option<Seen>> {
        let own = vec![self.viewer().organization().0];
        // Most is told by name; only what is not asks which open referrals the organization could take now.
        if !self.is_told_at(position, own).await?
            && !self.is_told_at(position, self.audiences().await?).await?
        {
            return Ok(None);
        }
        Ok(self.seen_at(vec![position]).await?.pop())
    }

    async fn is_told_at(&self, position: i64, audiences: Vec<Uuid>) -> Result<bool> {
        let told = journal_audience::Entity::find()
            .select_only()
            .column(journal_audience::Column::Position)
            .filter(journal_audience::Column::Audience.is_in(audiences))
            .filter(journal_audience::Column::Position.eq(position))
            .filter(untold_to_excluded(self.viewer().organization()))
            .limit(1)
            .into_tuple::<i64>()
            .one(self.reader())
            .await?;
        Ok(told.is_some())
    }
}

impl Store {
    fn follow(
        &self,
        organization: OrganizationId,
        after: i64,
        referral: Option<ReferralId>,
    ) -> Following {
        let (group, begins) = {
            let mut board = self.changes.write();
            let known = board.groups.get(&organization).and_then(Weak::upgrade);
            let group = known.unwrap_or_else(|| {
                let group = Arc::new(Group::new());
                board.groups.insert(organization, Arc::downgrade(&group));
                group
            });
            (group, !std::mem::replace(&mut board.followed, true))
        };
        if begins {
            tokio::spawn(self.clone().read_changes());
        }
        Following {
            store: self.clone(),
            woken: group.wake.subscribe(),
            group,
            referral,
            position: after,
            caught_up: false,
            page: VecDeque::new(),
            after_page: None,
        }
    }

    /// Reads the journal on until nobody listens.
    async fn read_changes(self) {
        let poll = Duration::from_millis(self.settings.sequencer.poll_milliseconds.get().into());
        loop {
            if let Err(error) = self.unscoped_read_changes().await {
                tracing::warn!(%error, "the journal could not be followed");
            }
            if self.changes.write().is_left() {
                return;
            }
            tokio::time::sleep(TOGETHER.min(poll)).await;
            tokio::select! {
                () = self.changes.numbered.notified() => {}
                () = tokio::time::sleep(poll) => {}
            }
        }
    }

    /// Reads what was numbered since the last time, and wakes whom it may concern.
    async fn unscoped_read_changes(&self) -> Result<()> {
        let head = journal_head::Entity::find_by_id(1)
            .one(&self.database.unscoped)
            .await?
            .map_or(0, |head| head.position);
        let range = self.changes.write().range;
        let Some((_, mut read)) = range.filter(|(_, read)| *read <= head) else {
            // The first time; or the database is an older one than it was, and nothing that was read counts.
            let mut board = self.changes.write();
            board.begin(head);
            for (_, group) in board.groups() {
                group.wake.send_replace(());
            }
            return Ok(());
        };
        while read < head {
            let rows: Vec<(i64, SubjectType, Uuid, Audience)> = journal_entry::Entity::find()
                .select_only()
                .column(journal_entry::Column::Position)
                .column(journal_entry::Column::SubjectType)
                .column(journal_entry::Column::SubjectId)
                .column(journal_entry::Column::Audience)
                .filter(journal_entry::Column::Position.gt(read))
                .filter(journal_entry::Column::Position.lte(head))
                .order_by_asc(journal_entry::Column::Position)
                .limit(READ)
                .into_tuple()
                .all(&self.database.unscoped)
                .await?;
            let full = rows.len() as u64 == READ;
            let last = rows.last().map(|(position, ..)| *position);
            read = last.filter(|_| full).unwrap_or(head);
            let moved = self.owners_of_services(&rows).await?;
            let entries = rows
                .into_iter()
                .map(|(position, _, subject, audience)| Told {
                    position,
                    subject,
                    audience: audience.0.into(),
                })
                .collect();
            self.changes.tell(entries, read, &moved);
        }
        Ok(())
    }

    /// The organizations whose services have changed: they may be told of other open referrals from there on.
    async fn owners_of_services(
        &self,
        rows: &[(i64, SubjectType, Uuid, Audience)],
    ) -> Result<HashSet<OrganizationId>> {
        let services: HashSet<ServiceId> = rows
            .iter()
            .filter(|(_, subject, ..)| *subject == SubjectType::Service)
            .map(|(_, _, id, _)| ServiceId(*id))
            .collect();
        if services.is_empty() {
            return Ok(HashSet::new());
        }
        let owners: Vec<OrganizationId> = service::Entity::find()
            .select_only()
            .column(service::Column::OrganizationId)
            .distinct()
            .filter(service::Column::Id.is_in(services))
            .into_tuple()
            .all(&self.database.unscoped)
            .await?;
        Ok(owners.into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
