//! Fills an empty database in one transaction, for the demo and for measuring. What is sealed, granted, tokenized and
//! journalled is made here by the same functions as in a change of a caller; a [`Seed`] brings none of it along.
//! It checks no rule of the workflow: whoever makes a seed asks the domain.
use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccessGrantId, ClaimantId, JournalEntryId, JournalKind, OrganizationId, ReferralId,
    ReferralStatusReason, Sealed, SubjectType, access_grant, catchment, claimant,
    claimant_claim_status, claimant_contact, claimant_identifiers, claimant_identity, claimant_key,
    claimant_language_abilities, claimant_link, claimant_match_token, claimant_name_token,
    claimant_qualifications, consent, consent_recipient, eligibility_rule, exclusion, household,
    household_member, journal_audience, journal_entry, journal_head, location, need, organization,
    organization_catchment, outcome, referral, referral_also_for, region, reroute_request, service,
    service_at_location, service_capacity, service_category, service_language, service_region,
};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, Iterable, PaginatorTrait,
    QueryFilter, TransactionOptions, TransactionTrait, prelude::Uuid, sea_query::Expr,
};

use super::{
    Store,
    claimant::{
        register::SealedPart,
        token::{match_tokens, name_tokens, waiting},
    },
    grant::{row_of, wanted},
    journal::{Author, Entry},
    matching::Described,
    referral::{put_new_summary, told},
    seal::{DataKey, Place, Seal, Wrapped},
    sealed::{LanguageAbility, Qualification, key_row, sealed_row},
};
use crate::{
    domain::business_days,
    error::{Error, Result},
};

/// SQLite takes 32,766 parameters in one statement, PostgreSQL twice as many.
const MOST_PARAMETERS: usize = 30_000;

/// Everything that an empty database is to hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seed {
    pub regions: Vec<region::Model>,
    pub organizations: Vec<organization::Model>,
    pub catchments: Vec<catchment::Model>,
    pub organization_catchments: Vec<organization_catchment::Model>,
    pub services: Vec<service::Model>,
    pub service_categories: Vec<service_category::Model>,
    pub service_languages: Vec<service_language::Model>,
    pub service_regions: Vec<service_region::Model>,
    pub service_capacities: Vec<service_capacity::Model>,
    pub eligibility_rules: Vec<eligibility_rule::Model>,
    pub locations: Vec<location::Model>,
    pub services_at_locations: Vec<service_at_location::Model>,
    pub claimants: Vec<Person>,
    pub needs: Vec<need::Model>,
    pub consents: Vec<consent::Model>,
    pub consent_recipients: Vec<consent_recipient::Model>,
    pub exclusions: Vec<exclusion::Model>,
    pub households: Vec<household::Model>,
    pub household_members: Vec<household_member::Model>,
    /// A referral that comes from another stands after it.
    pub courses: Vec<Course>,
    pub also_for: Vec<referral_also_for::Model>,
    pub outcomes: Vec<outcome::Model>,
    /// Free text by the row that it belongs to: the summary of a referral, the note of an outcome, the authority
    /// behind a consent. The rows themselves come without; it is sealed as they are written.
    pub texts: HashMap<Uuid, String>,
    pub reroute_requests: Vec<reroute_request::Model>,
    /// What happened beside the steps of referrals.
    pub events: Vec<Event>,
}

/// A claimant with the sealed groups, as a form gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    pub claimant: claimant::Model,
    pub sealed: SealedPart,
    pub qualifications: Vec<Qualification>,
    pub language_abilities: Vec<LanguageAbility>,
}

/// A referral with everything that was done to it, oldest first. It is what its last step left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    pub steps: Vec<Step>,
}

/// One thing done to a referral.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub at: DateTime<Utc>,
    pub by: Actor,
    pub kind: JournalKind,
    pub reason: Option<ReferralStatusReason>,
    pub note: Option<String>,
    pub after: referral::Model,
}

/// Something that happened, and who is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub at: DateTime<Utc>,
    pub by: Actor,
    pub kind: JournalKind,
    pub subject_type: SubjectType,
    pub subject: Uuid,
    pub version: i32,
    pub reason: Option<ReferralStatusReason>,
    pub told: Vec<OrganizationId>,
}

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    pub subject: &'static str,
    pub client: &'static str,
    /// None for a timer.
    pub organization: Option<OrganizationId>,
}

impl Seed {
    /// The referrals, as their courses left them.
    pub fn referrals(&self) -> impl Iterator<Item = &referral::Model> {
        self.courses
            .iter()
            .filter_map(|course| course.steps.last())
            .map(|step| &step.after)
    }
}

/// A UUIDv7 (RFC 9562 §5.7) that is always the same for a moment and a number below 2^42, and grows with both.
pub fn id_at(at: DateTime<Utc>, number: u64) -> Uuid {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    let high = (milliseconds << 16) | 0x7000 | ((number >> 30) & 0x0fff);
    // SplitMix64 spreads the number, so that ids of neighbours differ in more than one place.
    let mut spread = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    spread = (spread ^ (spread >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    spread = (spread ^ (spread >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let low = (0b10 << 62) | ((number & 0x3fff_ffff) << 32) | (spread >> 32);
    Uuid::from_u64_pair(high, low)
}

impl Store {
    /// Fills an empty database.
    ///
    /// # Errors
    /// When the database holds an organization already, or when it fails; nothing is written then.
    pub async fn unscoped_seed(&self, seed: &Seed) -> Result<()> {
        let transaction = self
            .database
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?;
        if organization::Entity::find().count(&transaction).await? > 0 {
            return Err(Error::internal(
                "only a database without organizations can be seeded",
            ));
        }
        insert_directory(&transaction, seed).await?;
        self.insert_people(&transaction, seed).await?;
        self.insert_match_tokens(&transaction, seed).await?;
        let keys = self.insert_referrals(&transaction, seed).await?;
        insert_grants(&transaction, seed, self.settings.after_completion()).await?;
        insert_journal(&transaction, seed, &self.seal, &keys).await?;
        Ok(transaction.commit().await?)
    }

    async fn insert_people(&self, transaction: &DatabaseTransaction, seed: &Seed) -> Result<()> {
        let mut tokens = Vec::new();
        let (mut keys, mut opened) = (Vec::new(), HashMap::new());
        let (mut identities, mut contacts) = (Vec::new(), Vec::new());
        let (mut identifiers, mut statuses) = (Vec::new(), Vec::new());
        let (mut qualifications, mut abilities) = (Vec::new(), Vec::new());
        for person in &seed.claimants {
            let Person {
                claimant, sealed, ..
            } = person;
            let id = claimant.id;
            let (key, row) = key_row(&self.seal, id, claimant.created_at)?;
            if !person.qualifications.is_empty() {
                let of_person = &person.qualifications;
                qualifications.push(sealed_row::<claimant_qualifications::Entity>(
                    &key, id, of_person,
                )?);
            }
            if !person.language_abilities.is_empty() {
                let of_person = &person.language_abilities;
                abilities.push(sealed_row::<claimant_language_abilities::Entity>(
                    &key, id, of_person,
                )?);
            }
            let sealed = sealed.checked(business_days::toronto_date(claimant.created_at))?;
            if let Some(identity) = &sealed.identity {
                identities.push(sealed_row::<claimant_identity::Entity>(&key, id, identity)?);
                let organization = claimant.registering_organization_id;
                tokens.extend(name_tokens(&self.seal, organization, id, identity));
            }
            if let Some(contact) = &sealed.contact {
                contacts.push(sealed_row::<claimant_contact::Entity>(&key, id, contact)?);
            }
            if let Some(given) = &sealed.identifiers {
                identifiers.push(sealed_row::<claimant_identifiers::Entity>(&key, id, given)?);
            }
            if let Some(status) = &sealed.claim_status {
                statuses.push(sealed_row::<claimant_claim_status::Entity>(
                    &key, id, status,
                )?);
            }
            keys.push(row);
            opened.insert(id, key);
        }
        let claimants = seed.claimants.iter().map(|person| person.claimant.clone());
        insert::<claimant::Entity>(transaction, claimants).await?;
        insert::<claimant_key::Entity>(transaction, keys).await?;
        insert_active::<claimant_identity::Entity>(transaction, identities).await?;
        insert_active::<claimant_contact::Entity>(transaction, contacts).await?;
        insert_active::<claimant_identifiers::Entity>(transaction, identifiers).await?;
        insert_active::<claimant_claim_status::Entity>(transaction, statuses).await?;
        insert_active::<claimant_qualifications::Entity>(transaction, qualifications).await?;
        insert_active::<claimant_language_abilities::Entity>(transaction, abilities).await?;
        insert::<claimant_name_token::Entity>(transaction, tokens).await?;
        insert::<need::Entity>(transaction, seed.needs.iter().cloned()).await?;
        let mut consents = seed.consents.clone();
        for consent in &mut consents {
            let place = Place::authority(consent.id);
            let key = opened.get(&consent.claimant_id);
            consent.authority = text_of(seed, consent.id, key, place)?;
        }
        insert::<consent::Entity>(transaction, consents).await?;
        let recipients = seed.consent_recipients.iter().cloned();
        insert::<consent_recipient::Entity>(transaction, recipients).await?;
        insert::<exclusion::Entity>(transaction, seed.exclusions.iter().cloned()).await?;
        insert::<household::Entity>(transaction, seed.households.iter().cloned()).await?;
        let members = seed.household_members.iter().cloned();
        insert::<household_member::Entity>(transaction, members).await
    }

    /// Has everybody found by a description, and compared with all others once the gateway runs.
    async fn insert_match_tokens(
        &self,
        transaction: &DatabaseTransaction,
        seed: &Seed,
    ) -> Result<()> {
        let mut tokens = Vec::new();
        for Person {
            claimant, sealed, ..
        } in &seed.claimants
        {
            let described = Described {
                identity: sealed.identity.clone(),
                identifiers: sealed.identifiers.clone().unwrap_or_default(),
                language: None,
            };
            let organization = claimant.registering_organization_id;
            let of_person = match_tokens(&self.seal, organization, claimant.id, &described);
            tokens.extend(of_person);
        }
        insert::<claimant_match_token::Entity>(transaction, tokens).await?;
        let links = seed.claimants.iter();
        let links = links.map(|person| waiting(person.claimant.id));
        insert::<claimant_link::Entity>(transaction, links).await
    }

    /// Writes the referrals, and gives the keys of their free text for the journal's.
    async fn insert_referrals(
        &self,
        transaction: &DatabaseTransaction,
        seed: &Seed,
    ) -> Result<HashMap<ReferralId, Wrapped>> {
        let mut keys = HashMap::new();
        let mut rows: Vec<referral::Model> = seed.referrals().cloned().collect();
        for row in &mut rows {
            let summary = seed.texts.get(&row.id.0).map(String::as_str);
            put_new_summary(&self.seal, row, summary)?;
            keys.extend(Wrapped::of(row).map(|key| (row.id, key)));
        }
        let mut outcomes = seed.outcomes.clone();
        for outcome in &mut outcomes {
            let key = keys.get(&outcome.referral_id);
            let key = key.map(|key| self.seal.open_key(key)).transpose()?;
            let place = Place::outcome_note(outcome.id);
            outcome.note = text_of(seed, outcome.id, key.as_ref(), place)?;
        }
        insert::<referral::Entity>(transaction, rows).await?;
        insert::<referral_also_for::Entity>(transaction, seed.also_for.iter().cloned()).await?;
        insert::<outcome::Entity>(transaction, outcomes).await?;
        let requests = seed.reroute_requests.iter().cloned();
        insert::<reroute_request::Entity>(transaction, requests).await?;
        Ok(keys)
    }
}

/// The free text of a row, sealed.
fn text_of(
    seed: &Seed,
    row: impl Into<Uuid>,
    key: Option<&DataKey>,
    place: Place,
) -> Result<Option<Sealed>> {
    match (seed.texts.get(&row.into()), key) {
        (Some(text), Some(key)) => Ok(Some(Sealed(key.seal(place, text.as_bytes())?))),
        (None, _) => Ok(None),
        (Some(_), None) => Err(Error::internal("a text of nobody")),
    }
}

async fn insert_directory(transaction: &DatabaseTransaction, seed: &Seed) -> Result<()> {
    insert::<region::Entity>(transaction, seed.regions.iter().cloned()).await?;
    insert::<organization::Entity>(transaction, seed.organizations.iter().cloned()).await?;
    insert::<catchment::Entity>(transaction, seed.catchments.iter().cloned()).await?;
    let catchments = seed.organization_catchments.iter().cloned();
    insert::<organization_catchment::Entity>(transaction, catchments).await?;
    insert::<service::Entity>(transaction, seed.services.iter().cloned()).await?;
    let categories = seed.service_categories.iter().cloned();
    insert::<service_category::Entity>(transaction, categories).await?;
    let languages = seed.service_languages.iter().cloned();
    insert::<service_language::Entity>(transaction, languages).await?;
    let regions = seed.service_regions.iter().cloned();
    insert::<service_region::Entity>(transaction, regions).await?;
    let capacities = seed.service_capacities.iter().cloned();
    insert::<service_capacity::Entity>(transaction, capacities).await?;
    let rules = seed.eligibility_rules.iter().cloned();
    insert::<eligibility_rule::Entity>(transaction, rules).await?;
    insert::<location::Entity>(transaction, seed.locations.iter().cloned()).await?;
    let places = seed.services_at_locations.iter().cloned();
    insert::<service_at_location::Entity>(transaction, places).await
}

async fn insert_journal(
    transaction: &DatabaseTransaction,
    seed: &Seed,
    seal: &Seal,
    keys: &HashMap<ReferralId, Wrapped>,
) -> Result<()> {
    let entries = numbered(entries(seed, keys), seal)?;
    let last = entries.last().and_then(|entry| entry.position);
    let audiences: Vec<_> = entries
        .iter()
        .filter_map(|entry| entry.position.map(|position| (position, &entry.audience.0)))
        .flat_map(|(position, audience)| {
            audience
                .iter()
                .map(move |audience| journal_audience::Model {
                    audience: *audience,
                    position,
                })
        })
        .collect();
    insert::<journal_entry::Entity>(transaction, entries).await?;
    insert::<journal_audience::Entity>(transaction, audiences).await?;
    journal_head::Entity::update_many()
        .col_expr(
            journal_head::Column::Position,
            Expr::value(last.unwrap_or_default()),
        )
        .filter(journal_head::Column::Id.eq(1))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn insert<E>(
    transaction: &DatabaseTransaction,
    models: impl IntoIterator<Item = E::Model>,
) -> Result<()>
where
    E: EntityTrait,
    E::Model: IntoActiveModel<E::ActiveModel>,
    E::ActiveModel: Send,
{
    let rows = models
        .into_iter()
        .map(IntoActiveModel::into_active_model)
        .collect();
    insert_active::<E>(transaction, rows).await
}

async fn insert_active<E>(
    transaction: &DatabaseTransaction,
    rows: Vec<E::ActiveModel>,
) -> Result<()>
where
    E: EntityTrait,
    E::ActiveModel: Send,
{
    let size = (MOST_PARAMETERS / E::Column::iter().count().max(1)).max(1);
    let mut rows = rows.into_iter();
    loop {
        let batch: Vec<_> = rows.by_ref().take(size).collect();
        if batch.is_empty() {
            return Ok(());
        }
        E::insert_many(batch)
            .exec_without_returning(transaction)
            .await?;
    }
}

/// Writes what `domain::access` says of every claimant.
async fn insert_grants(
    transaction: &DatabaseTransaction,
    seed: &Seed,
    after_completion: TimeDelta,
) -> Result<()> {
    let mut rows = Vec::new();
    for people in seed.claimants.chunks(500) {
        let ids: Vec<ClaimantId> = people.iter().map(|person| person.claimant.id).collect();
        let mut wanted = wanted(transaction, &ids, after_completion).await?;
        for grant in ids.iter().flat_map(|id| wanted.remove(id)).flatten() {
            let id = AccessGrantId(id_at(grant.opens_at, rows.len() as u64));
            rows.push(row_of(id, grant));
        }
    }
    insert::<access_grant::Entity>(transaction, rows).await
}

/// Every entry of the journal with its moment and author, oldest first.
fn entries(seed: &Seed, keys: &HashMap<ReferralId, Wrapped>) -> Vec<(DateTime<Utc>, Actor, Entry)> {
    let mut entries = Vec::new();
    for event in &seed.events {
        let entry = Entry::new(event.kind, event.subject_type, event.subject, event.version)
            .reason(event.reason)
            .told(event.told.iter().copied());
        entries.push((event.at, event.by, entry));
    }
    for course in &seed.courses {
        let mut before = None;
        for step in &course.steps {
            for entry in entries_of(step, before, keys) {
                entries.push((step.at, step.by, entry));
            }
            before = Some(&step.after);
        }
    }
    // Stable: what happened at one moment keeps the order in which it was told.
    entries.sort_by_key(|(at, _, _)| *at);
    entries
}

fn entries_of(
    step: &Step,
    before: Option<&referral::Model>,
    keys: &HashMap<ReferralId, Wrapped>,
) -> Vec<Entry> {
    let mut after = step.after.clone();
    if let Some(key) = keys.get(&after.id) {
        key.clone().put_into(&mut after);
    }
    let after = &after;
    match after.owner_id {
        // Who works on a referral is seen inside the owning organization only.
        Some(owner) if step.kind == JournalKind::ReferralAssigned => {
            let subject = SubjectType::Referral;
            vec![
                Entry::new(step.kind, subject, after.id, after.version)
                    .note(after.assignee.clone(), Wrapped::of(after))
                    .private_to(owner),
            ]
        }
        _ => told(step.kind, before, after, step.reason, step.note.as_ref()),
    }
}

fn numbered(
    entries: Vec<(DateTime<Utc>, Actor, Entry)>,
    seal: &Seal,
) -> Result<Vec<journal_entry::Model>> {
    entries
        .into_iter()
        .zip(1_u32..)
        .map(|((at, by, entry), position)| {
            let author = Author {
                subject: by.subject,
                client: by.client,
                acting_subject: None,
                organization: by.organization,
            };
            let id = JournalEntryId(id_at(at, position.into()));
            let mut row = entry.into_row(id, at, &author, seal)?;
            row.position = Some(position.into());
            Ok(row)
        })
        .collect()
}

#[cfg(test)]
mod tests;
