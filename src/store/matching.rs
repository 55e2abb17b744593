//! Finding a person again. An organization is answered with its own claimants alone. What it asked waits, sealed, for the
//! gateway to look among everybody's, whoever is there: nothing that the organization can see depends on it. Who keeps
//! the file of somebody who was sought is told that it was asked for, and not by whom; claimants who are one person with
//! several organizations are linked for counting, which no organization reads.
use std::collections::HashMap;

use chrono::TimeDelta;
use entity::{
    ClaimantId, DuplicateCandidateId, DuplicateStatus, FieldGroup, JournalKind, Likeness,
    MatchEvidence, MatchRequestId, OrganizationId, SubjectType, claimant, claimant_link,
    claimant_match_token, duplicate_candidate, match_request,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::Serialize;

use super::{
    Applied, Change, Session, Store, Unit,
    claimant::{
        Seen,
        register::SealedPart,
        token::{description, sought_tokens},
    },
    journal::{Author, Entry, write_entries},
    seal::{Place, Wrapped},
    sealed::{Particulars, unscoped_particulars},
};
use crate::{
    domain::{
        business_days::toronto_date,
        matching::{self, Comparison, Description},
    },
    error::{Error, Result},
};

/// How many claimants one description is compared with at most, those that share most with it first.
const MOST_COMPARED: u64 = 100;
/// How many are answered at most.
const MOST_ANSWERED: usize = 10;
/// How many descriptions are looked for in one transaction.
const BATCH: u64 = 10;
const LEASE: TimeDelta = TimeDelta::seconds(30);

/// `claimantMatch`: who may this be?
#[derive(Clone, Debug, Serialize)]
pub struct Ask {
    pub particulars: Particulars,
    /// ISO 639-3.
    pub language: Option<String>,
}

/// One of the caller's own claimants who is like somebody.
#[derive(Clone, Debug)]
pub struct Alike {
    pub seen: Seen,
    pub bits: f64,
    pub likeness: Likeness,
    pub evidence: Vec<MatchEvidence>,
}

/// Who is to be looked for.
pub(super) enum Described<'d> {
    /// A claimant whose particulars were written.
    Claimant(ClaimantId),
    Ask(&'d Ask),
}

impl Ask {
    /// Brought into the form in which particulars are kept.
    fn checked(&self, session: &Session) -> Result<Self> {
        let given = SealedPart {
            identity: Some(self.particulars.identity.clone()),
            identifiers: Some(self.particulars.identifiers.clone()),
            ..SealedPart::default()
        };
        let checked = given.checked(toronto_date(session.now()))?;
        Ok(Self {
            particulars: Particulars {
                identity: checked.identity.unwrap_or_default(),
                identifiers: checked.identifiers.unwrap_or_default(),
            },
            language: self.language.clone(),
        })
    }

    fn description(&self) -> Description {
        description(&self.particulars, self.language.clone())
    }
}

impl Change for Ask {
    const MUTATION: &'static str = "claimantMatch";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let asked = self.checked(unit.session)?;
        let organization = unit.session.viewer().organization();
        let request = unit.ask_for_match(Described::Ask(&asked)).await?;
        let (kind, subject) = (JournalKind::MatchAsked, SubjectType::Organization);
        unit.record(Entry::new(kind, subject, organization, 0).told_to_nobody());
        Ok(Applied::new(request, 1))
    }
}

impl Unit<'_> {
    /// Has somebody looked for among everybody's claimants.
    pub(super) async fn ask_for_match(&self, described: Described<'_>) -> Result<MatchRequestId> {
        let id = MatchRequestId(Uuid::now_v7());
        let mut row = match_request::Model {
            id,
            organization_id: self.session.viewer().organization(),
            at: self.session.now,
            claimant_id: None,
            master_key: None,
            wrapped: None,
            content: None,
        };
        match described {
            Described::Claimant(claimant) => row.claimant_id = Some(claimant),
            Described::Ask(ask) => {
                let content = serde_json::to_vec(&(&ask.particulars, &ask.language));
                let (key, wrapped) = self.session.seal().new_key()?;
                let place = Place::match_request(id);
                row.content = Some(key.seal(place, &content.map_err(Error::internal)?)?);
                row.master_key = Some(wrapped.master_key);
                row.wrapped = Some(wrapped.bytes);
            }
        }
        row.into_active_model().insert(&self.transaction).await?;
        Ok(id)
    }

    /// Forgets what links an erased person to others, and that it was to be looked for.
    pub(super) async fn forget_matching(&self, claimant: ClaimantId) -> Result<()> {
        claimant_link::Entity::delete_by_id(claimant)
            .exec(&self.transaction)
            .await?;
        match_request::Entity::delete_many()
            .filter(match_request::Column::ClaimantId.eq(claimant))
            .exec(&self.transaction)
            .await?;
        Ok(())
    }
}

/// The claimants under these tokens, those first that share most of them.
fn sharing(
    select: Select<claimant_match_token::Entity>,
    tokens: Vec<Vec<u8>>,
) -> Select<claimant_match_token::Entity> {
    use claimant_match_token::Column;
    select
        .select_only()
        .column(Column::ClaimantId)
        .filter(Column::Token.is_in(tokens))
        .group_by(Column::ClaimantId)
        .order_by_desc(Expr::col(Column::Token).count())
        .order_by_asc(Column::ClaimantId)
        .limit(MOST_COMPARED)
}

impl Session {
    /// The caller's own claimants who may be whom it asks for, the likeliest first.
    ///
    /// # Errors
    /// When what is asked cannot be kept as particulars, or the database fails.
    pub async fn alike(&self, ask: &Ask) -> Result<Vec<Alike>> {
        let sought = ask.checked(self)?.description();
        let tokens = sought_tokens(self.seal(), &sought);
        let ids: Vec<ClaimantId> = {
            let own = self.find::<claimant_match_token::Entity>();
            let sharing = sharing(own.select, tokens);
            sharing.into_tuple().all(own.connection).await?
        };
        let organization = self.viewer().organization();
        let own: Vec<Seen> = self
            .claimant_list_by_id(&ids)
            .await?
            .into_iter()
            .filter(|seen| seen.claimant.registering_organization_id == organization)
            .filter(|seen| seen.claimant.merged_into_id.is_none())
            .collect();
        let mut identities = self.identities(&ids).await?;
        let mut identifiers = self.identifiers(&ids).await?;
        let mut alike: Vec<Alike> = own
            .into_iter()
            .filter_map(|seen| {
                let id = seen.claimant.id;
                let identity = identities.get(&id).map(|opened| opened.content.clone());
                let identifiers = identifiers.get(&id).map(|opened| opened.content.clone());
                let particulars = Particulars {
                    identity: identity.unwrap_or_default(),
                    identifiers: identifiers.unwrap_or_default(),
                };
                let found = description(&particulars, seen.claimant.language.clone());
                let Comparison { bits, reasons } = matching::compare(&sought, &found);
                let likeness = matching::likeness(bits)?;
                Some(Alike {
                    seen,
                    bits,
                    likeness,
                    evidence: reasons,
                })
            })
            .collect();
        alike.sort_by(|one, other| {
            let by_bits = other.bits.total_cmp(&one.bits);
            by_bits.then(one.seen.claimant.id.cmp(&other.seen.claimant.id))
        });
        alike.truncate(MOST_ANSWERED);
        for found in &alike {
            // That somebody is like a description is a fact of what is sealed.
            let id = found.seen.claimant.id;
            identities
                .remove(&id)
                .map(|opened| opened.disclose(FieldGroup::Identity));
            identifiers
                .remove(&id)
                .map(|opened| opened.disclose(FieldGroup::Identifiers));
        }
        Ok(alike)
    }
}

/// Somebody to be looked for, with whom it is about.
struct Sought {
    description: Description,
    /// The claimant itself, where it is one.
    claimant: Option<claimant::Model>,
    organization: OrganizationId,
}

impl Store {
    /// Looks for a batch of those who were described. Returns whether there may be more.
    ///
    /// # Errors
    /// When the database fails; those of the batch wait on then.
    pub async fn unscoped_match(&self, holder: &str) -> Result<bool> {
        let oldest = || match_request::Entity::find().order_by_asc(match_request::Column::Id);
        let waiting = oldest()
            .select_only()
            .column(match_request::Column::Id)
            .limit(1)
            .into_tuple::<MatchRequestId>()
            .one(&self.database.unscoped)
            .await?;
        if waiting.is_none() {
            return Ok(false);
        }
        let transaction = self.database.begin().await?;
        if !self
            .hold_lease(&transaction, "matching", holder, LEASE)
            .await?
        {
            return Ok(false);
        }
        let requests = oldest().limit(BATCH).all(&transaction).await?;
        let full = requests.len() as u64 == BATCH;
        let mut entries = Vec::new();
        for request in requests {
            let id = request.id;
            if let Some(sought) = self.described(&transaction, request).await? {
                entries.extend(self.look_for(&transaction, &sought).await?);
            }
            match_request::Entity::delete_by_id(id)
                .exec(&transaction)
                .await?;
        }
        let now = self.clock.now();
        write_entries(&transaction, &self.seal, Author::SYSTEM, now, entries).await?;
        transaction.commit().await?;
        self.wake.notify_one();
        Ok(full)
    }

    /// Who is to be looked for; nobody where the person was erased, or the description does not open any more.
    async fn described(
        &self,
        transaction: &DatabaseTransaction,
        request: match_request::Model,
    ) -> Result<Option<Sought>> {
        let organization = request.organization_id;
        if let Some(id) = request.claimant_id {
            let found = claimant::Entity::find_by_id(id).one(transaction).await?;
            let Some(row) = found.filter(|row| row.erased_at.is_none()) else {
                return Ok(None);
            };
            let particulars = unscoped_particulars(&self.seal, transaction, &[id]).await?;
            return Ok(particulars.get(&id).map(|particulars| Sought {
                description: description(particulars, row.language.clone()),
                organization: row.registering_organization_id,
                claimant: Some(row),
            }));
        }
        let key = Wrapped::of_parts(request.master_key, request.wrapped);
        let (Some(key), Some(content)) = (key, request.content) else {
            return Ok(None);
        };
        let opened = self.seal.open_key(&key);
        let opened = opened.and_then(|key| key.open(Place::match_request(request.id), &content));
        let Ok(content) = opened else {
            tracing::warn!("a description that was to be looked for does not open any more");
            return Ok(None);
        };
        let (particulars, language): (Particulars, Option<String>) =
            serde_json::from_slice(&content)
                .map_err(|_| Error::internal("a description is not the document it should be"))?;
        Ok(Some(Sought {
            description: description(&particulars, language),
            claimant: None,
            organization,
        }))
    }

    /// Compares somebody with whoever shares a token, and gives what is to be told of it.
    async fn look_for(
        &self,
        transaction: &DatabaseTransaction,
        sought: &Sought,
    ) -> Result<Vec<Entry>> {
        let tokens = sought_tokens(&self.seal, &sought.description);
        let ids: Vec<ClaimantId> = sharing(claimant_match_token::Entity::find(), tokens)
            .into_tuple()
            .all(transaction)
            .await?;
        let rows = claimant::Entity::find()
            .filter(claimant::Column::Id.is_in(ids.iter().copied()))
            .filter(claimant::Column::ErasedAt.is_null())
            .order_by_asc(claimant::Column::Id)
            .all(transaction)
            .await?;
        let particulars = unscoped_particulars(&self.seal, transaction, &ids).await?;
        let mut entries = Vec::new();
        for row in rows {
            let Some(likeness) = likeness(sought, &row, &particulars) else {
                continue;
            };
            let elsewhere = row.registering_organization_id != sought.organization;
            match &sought.claimant {
                Some(claimant) if claimant.id == row.id => {}
                Some(claimant) if elsewhere => {
                    if likeness == Likeness::Likely {
                        self.link(transaction, claimant.id, row.id).await?;
                    }
                }
                Some(claimant) => {
                    let pair = (claimant, &row);
                    entries.extend(self.find_duplicate(transaction, pair, likeness).await?);
                }
                None if elsewhere && likeness == Likeness::Likely => {
                    let (kind, subject) = (JournalKind::ClaimantSought, SubjectType::Claimant);
                    let entry = Entry::new(kind, subject, row.id, row.version);
                    entries.push(entry.private_to(row.registering_organization_id));
                }
                None => {}
            }
        }
        Ok(entries)
    }

    /// Notes that two claimants of one organization may be one person, unless that was noted before.
    async fn find_duplicate(
        &self,
        transaction: &DatabaseTransaction,
        (one, other): (&claimant::Model, &claimant::Model),
        likeness: Likeness,
    ) -> Result<Option<Entry>> {
        let (first, second) = if one.id < other.id {
            (one, other)
        } else {
            (other, one)
        };
        let row = duplicate_candidate::Model {
            id: DuplicateCandidateId(Uuid::now_v7()),
            organization_id: first.registering_organization_id,
            first_id: first.id,
            second_id: second.id,
            likeness,
            status: DuplicateStatus::Open,
            found_at: self.clock.now(),
            decided_at: None,
            decided_by: None,
            version: 1,
        };
        let pair = [
            duplicate_candidate::Column::FirstId,
            duplicate_candidate::Column::SecondId,
        ];
        let inserted = duplicate_candidate::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::columns(pair).do_nothing().to_owned())
            .exec_without_returning(transaction)
            .await?;
        let (kind, subject) = (JournalKind::DuplicateFound, SubjectType::Claimant);
        Ok((inserted == 1).then(|| {
            Entry::new(kind, subject, second.id, second.version)
                .private_to(second.registering_organization_id)
        }))
    }

    /// Makes two claimants one person for counting.
    async fn link(
        &self,
        transaction: &DatabaseTransaction,
        one: ClaimantId,
        other: ClaimantId,
    ) -> Result<()> {
        link(transaction, self.clock.now(), one, other).await
    }
}

/// Makes two claimants one person for counting, with all to whom either was linked before.
pub(super) async fn link(
    connection: &impl ConnectionTrait,
    now: chrono::DateTime<chrono::Utc>,
    one: ClaimantId,
    other: ClaimantId,
) -> Result<()> {
    let known: HashMap<ClaimantId, Uuid> = claimant_link::Entity::find()
        .filter(claimant_link::Column::ClaimantId.is_in([one, other]))
        .all(connection)
        .await?
        .into_iter()
        .map(|row| (row.claimant_id, row.person_id))
        .collect();
    let persons = (known.get(&one).copied(), known.get(&other).copied());
    let person = persons.0.or(persons.1).unwrap_or_else(Uuid::now_v7);
    if let (Some(kept), Some(given_up)) = persons {
        if kept != given_up {
            claimant_link::Entity::update_many()
                .col_expr(claimant_link::Column::PersonId, Expr::value(kept))
                .col_expr(claimant_link::Column::LinkedAt, Expr::value(now))
                .filter(claimant_link::Column::PersonId.eq(given_up))
                .exec(connection)
                .await?;
        }
        return Ok(());
    }
    for claimant in [one, other]
        .into_iter()
        .filter(|id| !known.contains_key(id))
    {
        let row = claimant_link::ActiveModel {
            claimant_id: Set(claimant),
            person_id: Set(person),
            linked_at: Set(now),
        };
        claimant_link::Entity::insert(row)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}

fn likeness(
    sought: &Sought,
    row: &claimant::Model,
    particulars: &HashMap<ClaimantId, Particulars>,
) -> Option<Likeness> {
    let found = description(particulars.get(&row.id)?, row.language.clone());
    matching::compare(&sought.description, &found).likeness()
}
