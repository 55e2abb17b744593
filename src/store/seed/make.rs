//! Makes the rows of a [`Seed`]: seals, tokens, grants, the numbered journal and its chain. It touches no database, so
//! that rows can be made beside the writing of others.
use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccessGrantId, ClaimantId, JournalEntryId, JournalKind, OrganizationId, OrganizationKind,
    ReferralId, Sealed, SubjectType, access_grant, audit_link, catchment, claimant,
    claimant_claim_status, claimant_contact, claimant_identifiers, claimant_identity, claimant_key,
    claimant_language_abilities, claimant_link, claimant_match_token, claimant_name_token,
    claimant_qualifications, consent, consent_recipient, exclusion, household, household_member,
    journal_audience, journal_entry, location, need, organization, organization_catchment, outcome,
    referral, referral_also_for, region, reroute_request, service, service_at_location,
    service_capacity, service_category, service_language, service_region,
};
use sea_orm::{EntityTrait, IntoActiveModel, prelude::Uuid};

use super::{
    Actor, Person, Seed, Step, id_at,
    write::{Rows, Table},
};
use crate::{
    domain::business_days,
    error::{Error, Result},
    store::{
        Store,
        audit::Chain,
        claimant::token::{match_tokens, name_tokens, waiting},
        grant::{Basis, row_of, wishes_of},
        journal::{Author, Entry},
        matching::Described,
        referral::{put_new_summary, told},
        seal::{DataKey, Place, Seal, Wrapped},
        sealed::{key_row, sealed_row},
    },
};

/// What has become of the past that is seeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// It is left to what runs behind requests to compare the claimants and to chain the journal.
    Recent,
    /// That was done: nobody is like anybody else, and every entry of the journal is in the chain.
    Settled,
}

/// Makes rows of one seed after another. The directory comes with the first; whatever belongs to one claimant, or to
/// one referral, comes in one seed.
pub struct Maker {
    seal: Arc<Seal>,
    after_completion: TimeDelta,
    past: Past,
    kinds: HashMap<OrganizationId, OrganizationKind>,
    grants: u64,
    pub(super) position: i64,
    pub(super) chain: Option<Chain>,
}

/// Rows of one seed, in an order in which they can be written.
pub struct Made(pub(super) Vec<Box<dyn Table>>);

impl Made {
    fn put<E>(&mut self, models: impl IntoIterator<Item = E::Model>)
    where
        E: EntityTrait,
        E::Model: IntoActiveModel<E::ActiveModel>,
        E::ActiveModel: Send + Sync + 'static,
    {
        self.put_active::<E>(
            models
                .into_iter()
                .map(IntoActiveModel::into_active_model)
                .collect(),
        );
    }

    fn put_active<E>(&mut self, rows: Vec<E::ActiveModel>)
    where
        E: EntityTrait,
        E::ActiveModel: Send + Sync + 'static,
    {
        if !rows.is_empty() {
            self.0.push(Box::new(Rows::<E>(rows)));
        }
    }
}

/// The sealed groups of some claimants.
#[derive(Default)]
struct Groups {
    keys: Vec<claimant_key::Model>,
    identities: Vec<claimant_identity::ActiveModel>,
    contacts: Vec<claimant_contact::ActiveModel>,
    identifiers: Vec<claimant_identifiers::ActiveModel>,
    statuses: Vec<claimant_claim_status::ActiveModel>,
    qualifications: Vec<claimant_qualifications::ActiveModel>,
    abilities: Vec<claimant_language_abilities::ActiveModel>,
    names: Vec<claimant_name_token::Model>,
}

impl Groups {
    /// Seals what is known of somebody, and gives the key.
    fn seal(&mut self, seal: &Seal, person: &Person) -> Result<DataKey> {
        let Person {
            claimant, sealed, ..
        } = person;
        let id = claimant.id;
        let (key, row) = key_row(seal, id, claimant.created_at)?;
        self.keys.push(row);
        if !person.qualifications.is_empty() {
            let of_person = &person.qualifications;
            self.qualifications
                .push(sealed_row::<claimant_qualifications::Entity>(
                    &key, id, of_person,
                )?);
        }
        if !person.language_abilities.is_empty() {
            let of_person = &person.language_abilities;
            self.abilities
                .push(sealed_row::<claimant_language_abilities::Entity>(
                    &key, id, of_person,
                )?);
        }
        let sealed = sealed.checked(business_days::toronto_date(claimant.created_at))?;
        if let Some(identity) = &sealed.identity {
            self.identities
                .push(sealed_row::<claimant_identity::Entity>(&key, id, identity)?);
            let organization = claimant.registering_organization_id;
            self.names
                .extend(name_tokens(seal, organization, id, identity));
        }
        if let Some(contact) = &sealed.contact {
            self.contacts
                .push(sealed_row::<claimant_contact::Entity>(&key, id, contact)?);
        }
        if let Some(given) = &sealed.identifiers {
            self.identifiers
                .push(sealed_row::<claimant_identifiers::Entity>(&key, id, given)?);
        }
        if let Some(status) = &sealed.claim_status {
            self.statuses
                .push(sealed_row::<claimant_claim_status::Entity>(
                    &key, id, status,
                )?);
        }
        Ok(key)
    }

    fn put_into(self, made: &mut Made) {
        made.put::<claimant_key::Entity>(self.keys);
        made.put_active::<claimant_identity::Entity>(self.identities);
        made.put_active::<claimant_contact::Entity>(self.contacts);
        made.put_active::<claimant_identifiers::Entity>(self.identifiers);
        made.put_active::<claimant_claim_status::Entity>(self.statuses);
        made.put_active::<claimant_qualifications::Entity>(self.qualifications);
        made.put_active::<claimant_language_abilities::Entity>(self.abilities);
        made.put::<claimant_name_token::Entity>(self.names);
    }
}

impl Store {
    /// Makes rows for an empty database under the keys of this store.
    pub fn unscoped_maker(&self, past: Past) -> Maker {
        Maker {
            seal: self.seal.clone(),
            after_completion: self.settings.after_completion(),
            past,
            kinds: HashMap::new(),
            grants: 0,
            position: 0,
            chain: match past {
                Past::Recent => None,
                Past::Settled => Some(Chain::new()),
            },
        }
    }
}

impl Maker {
    /// The rows of a seed.
    ///
    /// # Errors
    /// When something cannot be sealed.
    pub fn make(&mut self, seed: &Seed) -> Result<Made> {
        let kinds = seed.organizations.iter().map(|row| (row.id, row.kind));
        self.kinds.extend(kinds);
        let mut made = Made(Vec::new());
        put_directory(&mut made, seed);
        self.put_people(&mut made, seed)?;
        self.put_match_tokens(&mut made, seed);
        let keys = self.put_referrals(&mut made, seed)?;
        self.put_grants(&mut made, seed);
        self.put_journal(&mut made, seed, &keys)?;
        Ok(made)
    }

    fn put_people(&self, made: &mut Made, seed: &Seed) -> Result<()> {
        let (mut groups, mut opened) = (Groups::default(), HashMap::new());
        for person in &seed.claimants {
            let key = groups.seal(&self.seal, person)?;
            opened.insert(person.claimant.id, key);
        }
        let claimants = seed.claimants.iter().map(|person| person.claimant.clone());
        made.put::<claimant::Entity>(claimants);
        groups.put_into(made);
        made.put::<need::Entity>(seed.needs.iter().cloned());
        let mut consents = seed.consents.clone();
        for consent in &mut consents {
            let place = Place::authority(consent.id);
            let key = opened.get(&consent.claimant_id);
            consent.authority = text_of(seed, consent.id, key, place)?;
        }
        made.put::<consent::Entity>(consents);
        made.put::<consent_recipient::Entity>(seed.consent_recipients.iter().cloned());
        made.put::<exclusion::Entity>(seed.exclusions.iter().cloned());
        made.put::<household::Entity>(seed.households.iter().cloned());
        made.put::<household_member::Entity>(seed.household_members.iter().cloned());
        Ok(())
    }

    /// Has everybody found by a description, and, unless that was done, compared with all others once the gateway runs.
    fn put_match_tokens(&self, made: &mut Made, seed: &Seed) {
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
        made.put::<claimant_match_token::Entity>(tokens);
        let links = seed.claimants.iter();
        let links = links.map(|person| claimant_link::Model {
            waiting: self.past == Past::Recent,
            ..waiting(person.claimant.id)
        });
        made.put::<claimant_link::Entity>(links);
    }

    /// The referrals, and the keys of their free text for the journal's.
    fn put_referrals(&self, made: &mut Made, seed: &Seed) -> Result<HashMap<ReferralId, Wrapped>> {
        let mut keys = HashMap::new();
        let mut rows: Vec<referral::Model> = seed.referrals().cloned().collect();
        for row in &mut rows {
            let summary = seed.texts.get(&row.id.0).map(String::as_str);
            put_new_summary(&self.seal, row, summary)?;
            keys.extend(Wrapped::of(row).map(|key| (row.id, key)));
        }
        let mut outcomes = seed.outcomes.clone();
        for outcome in &mut outcomes {
            if !seed.texts.contains_key(&outcome.id.0) {
                continue;
            }
            let key = keys.get(&outcome.referral_id);
            let key = key.map(|key| self.seal.open_key(key)).transpose()?;
            let place = Place::outcome_note(outcome.id);
            outcome.note = text_of(seed, outcome.id, key.as_ref(), place)?;
        }
        made.put::<referral::Entity>(rows);
        made.put::<referral_also_for::Entity>(seed.also_for.iter().cloned());
        made.put::<outcome::Entity>(outcomes);
        made.put::<reroute_request::Entity>(seed.reroute_requests.iter().cloned());
        Ok(keys)
    }

    /// What `domain::access` says of every claimant.
    fn put_grants(&mut self, made: &mut Made, seed: &Seed) {
        let mut also_for: HashMap<ReferralId, Vec<ClaimantId>> = HashMap::new();
        for row in &seed.also_for {
            also_for
                .entry(row.referral_id)
                .or_default()
                .push(row.claimant_id);
        }
        let excluded = seed.exclusions.iter().filter(|row| row.ended_at.is_none());
        let people = seed.claimants.iter().map(|person| &person.claimant);
        let basis = Basis {
            referrals: seed.referrals().cloned().collect(),
            also_for,
            registering: people
                .filter(|row| row.erased_at.is_none())
                .map(|row| (row.id, row.registering_organization_id))
                .collect(),
            wishes: wishes_of(
                seed.consents.iter().cloned(),
                seed.consent_recipients.iter().cloned(),
                excluded.cloned(),
            ),
        };
        let mut wanted = basis.grants(&self.kinds, self.after_completion);
        let mut rows = Vec::new();
        let of_person = |person: &Person| wanted.remove(&person.claimant.id);
        for grant in seed.claimants.iter().filter_map(of_person).flatten() {
            let id = AccessGrantId(id_at(grant.opens_at, self.grants));
            self.grants += 1;
            rows.push(row_of(id, grant));
        }
        made.put::<access_grant::Entity>(rows);
    }

    fn put_journal(
        &mut self,
        made: &mut Made,
        seed: &Seed,
        keys: &HashMap<ReferralId, Wrapped>,
    ) -> Result<()> {
        let entries = self.numbered(entries(seed, keys))?;
        let mut audiences = Vec::new();
        for entry in &entries {
            let Some(position) = entry.position else {
                continue;
            };
            audiences.extend(
                entry
                    .audience
                    .0
                    .iter()
                    .map(|audience| journal_audience::Model {
                        audience: *audience,
                        position,
                    }),
            );
        }
        let links = match &mut self.chain {
            Some(chain) => {
                chain.link_all(&entries)?;
                chain.take_links()
            }
            None => Vec::new(),
        };
        made.put::<journal_entry::Entity>(entries);
        made.put::<journal_audience::Entity>(audiences);
        made.put::<audit_link::Entity>(links);
        Ok(())
    }

    fn numbered(
        &mut self,
        entries: Vec<(DateTime<Utc>, Actor, Entry)>,
    ) -> Result<Vec<journal_entry::Model>> {
        entries
            .into_iter()
            .map(|(at, by, entry)| {
                let author = Author {
                    subject: by.subject,
                    client: by.client,
                    acting_subject: None,
                    organization: by.organization,
                };
                self.position += 1;
                let id = JournalEntryId(id_at(at, self.position.unsigned_abs()));
                let mut row = entry.into_row(id, at, &author, &self.seal)?;
                row.position = Some(self.position);
                Ok(row)
            })
            .collect()
    }
}

fn put_directory(made: &mut Made, seed: &Seed) {
    made.put::<region::Entity>(seed.regions.iter().cloned());
    made.put::<organization::Entity>(seed.organizations.iter().cloned());
    made.put::<catchment::Entity>(seed.catchments.iter().cloned());
    made.put::<organization_catchment::Entity>(seed.organization_catchments.iter().cloned());
    made.put::<service::Entity>(seed.services.iter().cloned());
    made.put::<service_category::Entity>(seed.service_categories.iter().cloned());
    made.put::<service_language::Entity>(seed.service_languages.iter().cloned());
    made.put::<service_region::Entity>(seed.service_regions.iter().cloned());
    made.put::<service_capacity::Entity>(seed.service_capacities.iter().cloned());
    made.put::<location::Entity>(seed.locations.iter().cloned());
    made.put::<service_at_location::Entity>(seed.services_at_locations.iter().cloned());
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
