//! Comparing claimants behind requests. Whoever was looked for is compared with the claimants of other organizations,
//! and each organization that holds a likely record is told that one of its claimants was sought, not by whom. Whoever
//! was registered or described anew is compared with all others: of the same organization for duplicates, of all for
//! the count of people. One process at a time holds the lease.
use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use entity::{
    ClaimantId, DuplicateStatus, JournalKind, MatchBand, OrganizationId, SubjectType, claimant,
    claimant_link, claimant_match_token, exclusion, journal_entry, match_request,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, LockType},
};

use super::{
    super::{
        Store, duplicate,
        journal::{Author, Entry, write_entries},
        seal::{Place, Wrapped},
        sealed::unscoped_described,
    },
    Alike, Described, MOST_MATCHES, ranked, sharing,
};
use crate::error::{Error, Result};

/// How many requests, and how many claimants, are looked through in one turn.
const BATCH: u64 = 100;
/// How long a process may be silent in a turn before another takes the work over.
const LEASE: TimeDelta = TimeDelta::minutes(5);
/// An organization is told once in this time that the same claimant was sought.
const TOLD_ONCE_IN: TimeDelta = TimeDelta::days(1);

/// Claimants who are there still, kept from changing until the transaction ends.
async fn locked(
    transaction: &impl ConnectionTrait,
    claimants: impl IntoIterator<Item = ClaimantId>,
) -> Result<HashMap<ClaimantId, claimant::Model>> {
    let rows = claimant::Entity::find()
        .filter(claimant::Column::Id.is_in(claimants))
        .filter(claimant::Column::ErasedAt.is_null())
        .order_by_asc(claimant::Column::Id)
        .lock(LockType::NoKeyUpdate)
        .all(transaction)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The organizations that any record of the person keeps out. Nobody is told anything where the one that asked is among
/// them, since a holder that asks around or makes contact would lead it to the person; and no holder that is.
async fn excluded_by(
    transaction: &impl ConnectionTrait,
    records: &[ClaimantId],
) -> Result<HashSet<OrganizationId>> {
    let excluded: Vec<OrganizationId> = exclusion::Entity::find()
        .select_only()
        .column(exclusion::Column::OrganizationId)
        .filter(exclusion::Column::ClaimantId.is_in(records.iter().copied()))
        .filter(exclusion::Column::EndedAt.is_null())
        .into_tuple()
        .all(transaction)
        .await?;
    Ok(excluded.into_iter().collect())
}

impl Store {
    /// Looks through one batch of requests and of claimants, if this process holds the lease or can take it. Says whether
    /// there may be more requests; claimants have time.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database fails. What was looked through before stays so.
    pub async fn unscoped_match(&self, holder: &str) -> Result<bool> {
        let transaction = self.database.begin().await?;
        let lease = self.hold_lease(&transaction, "matching", holder, LEASE);
        if !lease.await? {
            return Ok(false);
        }
        transaction.commit().await?;
        let requests = match_request::Entity::find()
            .order_by_asc(match_request::Column::Id)
            .limit(BATCH)
            .all(&self.database.unscoped)
            .await?;
        let more = requests.len() as u64 == BATCH;
        for request in requests {
            if let Err(error) = Box::pin(self.tell_holders(&request)).await {
                tracing::warn!(%error, "nobody could be told of somebody who was sought");
                // What was asked is kept no longer for that.
                match_request::Entity::delete_by_id(request.id)
                    .exec(&self.database.writer)
                    .await?;
            }
        }
        let waiting: Vec<ClaimantId> = claimant_link::Entity::find()
            .select_only()
            .column(claimant_link::Column::ClaimantId)
            .filter(claimant_link::Column::Waiting.eq(true))
            .order_by_asc(claimant_link::Column::ClaimantId)
            .limit(BATCH)
            .into_tuple()
            .all(&self.database.unscoped)
            .await?;
        for claimant in waiting {
            if let Err(error) = Box::pin(self.compare_with_all(claimant)).await {
                tracing::warn!(%error, "a claimant could not be compared with others");
                // Nobody waits behind one whose facts do not open; the next change of them tries again.
                settle(&self.database.writer, claimant).await?;
            }
        }
        self.wake.notify_one();
        Ok(more)
    }

    /// Tells the organizations that hold a likely record, and forgets the request.
    async fn tell_holders(&self, request: &match_request::Model) -> Result<()> {
        let wrapped = Wrapped {
            master_key: request.master_key.clone(),
            bytes: request.wrapped.clone(),
        };
        let place = Place::match_request(request.id);
        let content = self
            .seal
            .open_key(&wrapped)?
            .open(place, &request.content)?;
        // What went wrong inside must not be told with a piece of it.
        let sought: Described = serde_json::from_slice(&content)
            .map_err(|_| Error::internal("a request is not the description it should be"))?;
        let transaction = self.database.begin().await?;
        let (asking, of) = (
            request.organization_id,
            claimant_match_token::Column::OrganizationId,
        );
        let mut alike = self
            .alike(&transaction, &sought, of.ne(asking).into())
            .await?;
        alike.retain(|one| one.band == MatchBand::Likely);
        alike.truncate(MOST_MATCHES);
        // The same person may have said to the one that asks whom to keep out.
        let own = self
            .alike(&transaction, &sought, of.eq(asking).into())
            .await?;
        let own = own.iter().filter(|one| one.band == MatchBand::Likely);
        let everywhere: Vec<ClaimantId> = alike.iter().chain(own).map(|one| one.claimant).collect();
        let excluded = excluded_by(&transaction, &everywhere).await?;
        let told = self.told_lately(&transaction, &alike).await?;
        let held = locked(&transaction, alike.iter().map(|one| one.claimant)).await?;
        let mut entries = Vec::new();
        for row in held.values() {
            let holder = row.registering_organization_id;
            if told.contains(&row.id) || excluded.contains(&asking) || excluded.contains(&holder) {
                continue;
            }
            let entry = Entry::new(
                JournalKind::ClaimantSought,
                SubjectType::Claimant,
                row.id,
                0,
            );
            entries.push(entry.told([holder]));
        }
        self.write_as_system(&transaction, entries).await?;
        match_request::Entity::delete_by_id(request.id)
            .exec(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// Of whom the holder was told already.
    async fn told_lately(
        &self,
        transaction: &impl ConnectionTrait,
        alike: &[Alike],
    ) -> Result<HashSet<ClaimantId>> {
        let ids = alike.iter().map(|one| one.claimant.0);
        let told: Vec<Uuid> = journal_entry::Entity::find()
            .select_only()
            .column(journal_entry::Column::SubjectId)
            .filter(journal_entry::Column::SubjectId.is_in(ids))
            .filter(journal_entry::Column::Kind.eq(JournalKind::ClaimantSought))
            .filter(journal_entry::Column::At.gt(self.clock.now() - TOLD_ONCE_IN))
            .into_tuple()
            .all(transaction)
            .await?;
        Ok(told.into_iter().map(ClaimantId).collect())
    }

    /// Those among the claimants that a condition on their tokens leaves who may be the person described.
    async fn alike(
        &self,
        transaction: &impl ConnectionTrait,
        sought: &Described,
        among: Condition,
    ) -> Result<Vec<Alike>> {
        let select = claimant_match_token::Entity::find().filter(among);
        let ids: Vec<ClaimantId> = sharing(select, sought.tokens(&self.seal))
            .into_tuple()
            .all(transaction)
            .await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut described = unscoped_described(&self.seal, transaction, &ids).await?;
        let languages: Vec<(ClaimantId, Option<String>)> = claimant::Entity::find()
            .select_only()
            .columns([claimant::Column::Id, claimant::Column::Language])
            .filter(claimant::Column::Id.is_in(ids))
            .into_tuple()
            .all(transaction)
            .await?;
        for (id, language) in languages {
            if let Some(described) = described.get_mut(&id) {
                described.language = language;
            }
        }
        Ok(ranked(sought, &described))
    }

    /// Compares one claimant with all others.
    async fn compare_with_all(&self, claimant: ClaimantId) -> Result<()> {
        let transaction = self.database.begin().await?;
        // First of all, so that no change is missed that comes in between.
        let found = locked(&transaction, [claimant]).await?.remove(&claimant);
        if let Some(row) = found {
            let mut described = unscoped_described(&self.seal, &transaction, &[claimant]).await?;
            let mut sought = described.remove(&claimant).unwrap_or_default();
            sought.language = row.language;
            let others = || claimant_match_token::Column::ClaimantId.ne(claimant);
            let alike = self.alike(&transaction, &sought, others().into()).await?;
            // By themselves: whom others hold must not push one's own out of the candidates.
            let organization = row.registering_organization_id;
            let own = claimant_match_token::Column::OrganizationId.eq(organization);
            let own = Condition::all().add(others()).add(own);
            let own = self.alike(&transaction, &sought, own).await?;
            let both = alike.iter().chain(&own).map(|one| one.claimant);
            let held = locked(&transaction, both).await?;
            let own: Vec<&Alike> = own
                .iter()
                .filter(|one| {
                    held.get(&one.claimant)
                        .is_some_and(|row| row.registering_organization_id == organization)
                })
                .take(MOST_MATCHES)
                .collect();
            let entries = self
                .note_duplicates(&transaction, organization, claimant, &own)
                .await?;
            self.write_as_system(&transaction, entries).await?;
            let likely = alike.iter().filter(|one| one.band == MatchBand::Likely);
            let likely = likely.map(|one| one.claimant);
            let likely = likely.filter(|id| held.contains_key(id)).collect();
            self.link(&transaction, claimant, likely).await?;
        }
        settle(&transaction, claimant).await?;
        Ok(transaction.commit().await?)
    }

    async fn note_duplicates(
        &self,
        transaction: &impl ConnectionTrait,
        organization: OrganizationId,
        claimant: ClaimantId,
        own: &[&Alike],
    ) -> Result<Vec<Entry>> {
        let known = duplicate::pairs_of(transaction, claimant).await?;
        let known: HashSet<ClaimantId> = known
            .iter()
            .map(|pair| duplicate::besides(pair, claimant))
            .collect();
        let mut entries = Vec::new();
        for one in own.iter().filter(|one| !known.contains(&one.claimant)) {
            let pair = duplicate::Pair {
                organization,
                claimants: [claimant, one.claimant],
                score: one.score(),
                band: one.band,
            };
            entries.push(pair.write(transaction, self.clock.now()).await?);
        }
        Ok(entries)
    }

    /// Gives all who are most probably one person the same link, whichever organizations registered them. What an
    /// organization decided of its own beats what they look like.
    async fn link(
        &self,
        transaction: &impl ConnectionTrait,
        claimant: ClaimantId,
        mut same: HashSet<ClaimantId>,
    ) -> Result<()> {
        for pair in duplicate::pairs_of(transaction, claimant).await? {
            let other = duplicate::besides(&pair, claimant);
            match pair.status {
                DuplicateStatus::Same => drop(same.insert(other)),
                DuplicateStatus::Different => drop(same.remove(&other)),
                DuplicateStatus::Open => {}
            }
        }
        let of_others: Vec<Uuid> = claimant_link::Entity::find()
            .select_only()
            .column(claimant_link::Column::LinkId)
            .filter(claimant_link::Column::ClaimantId.is_in(same.iter().copied()))
            .filter(claimant_link::Column::LinkId.is_not_null())
            .order_by_asc(claimant_link::Column::LinkId)
            .distinct()
            .into_tuple()
            .all(transaction)
            .await?;
        let link = match (same.is_empty(), of_others.first()) {
            (true, _) => None,
            (false, Some(link)) => Some(*link),
            (false, None) => Some(self.link_id(claimant)),
        };
        same.insert(claimant);
        let unlike = match link {
            Some(link) => Condition::any()
                .add(claimant_link::Column::LinkId.is_null())
                .add(claimant_link::Column::LinkId.ne(link)),
            None => claimant_link::Column::LinkId.is_not_null().into(),
        };
        let theirs = Condition::any()
            .add(claimant_link::Column::ClaimantId.is_in(same))
            .add(claimant_link::Column::LinkId.is_in(of_others));
        claimant_link::Entity::update_many()
            .col_expr(claimant_link::Column::LinkId, Expr::value(link))
            .col_expr(
                claimant_link::Column::LinkedAt,
                Expr::value(self.clock.now()),
            )
            .filter(theirs)
            .filter(unlike)
            .exec(transaction)
            .await?;
        Ok(())
    }

    /// A link that does not tell after whom it is named.
    fn link_id(&self, claimant: ClaimantId) -> Uuid {
        let hash = self
            .keys
            .hash(&[b"link".as_slice(), claimant.0.as_bytes()].concat());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Uuid::from_bytes(bytes)
    }

    async fn write_as_system(
        &self,
        transaction: &impl ConnectionTrait,
        entries: Vec<Entry>,
    ) -> Result<()> {
        let now = self.clock.now();
        write_entries(transaction, &self.seal, Author::SYSTEM, now, entries).await
    }
}

/// A claimant waits no longer.
async fn settle(connection: &impl sea_orm::ConnectionTrait, claimant: ClaimantId) -> Result<()> {
    claimant_link::Entity::update_many()
        .col_expr(claimant_link::Column::Waiting, Expr::value(false))
        .filter(claimant_link::Column::ClaimantId.eq(claimant))
        .exec(connection)
        .await?;
    Ok(())
}
