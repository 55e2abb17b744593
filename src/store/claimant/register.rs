//! `claimantRegister` and `claimantUpdate`: the registering organization writes the open part and each sealed group.
use chrono::{Datelike, NaiveDate};
use entity::{
    AgeBand, ClaimantId, IdentifierKind, JournalKind, Language, RegionId, SubjectType, claimant,
    region,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, prelude::Uuid,
};
use serde::Serialize;

use super::{
    super::{
        Applied, Change, Unit,
        journal::Entry,
        matching::Described,
        seal::{DataKey, Wrapped},
        sealed::{ClaimStatus, Contact, Identifier, Identity},
        update::Update,
    },
    erase::demand_known,
    is_language, token,
};
use crate::{
    domain::free_text,
    error::{Problem, Refusal, Result},
};

/// The open part, as a form gives it.
#[derive(Clone, Debug, Serialize)]
pub struct OpenPart {
    pub region: Update<RegionId>,
    pub municipality: Update<String>,
    pub location_protected: Option<bool>,
    pub language: Update<String>,
    pub official_language: Update<Language>,
    pub interpreter_needed: Option<bool>,
    pub age_band: Update<AgeBand>,
}

/// The sealed groups, as a form gives them. A group given replaces the one there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SealedPart {
    pub identity: Option<Identity>,
    pub contact: Option<Contact>,
    pub claim_status: Option<ClaimStatus>,
    pub identifiers: Option<Vec<Identifier>>,
}

/// The sealed groups that an update empties.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Cleared {
    pub identity: bool,
    pub contact: bool,
    pub claim_status: bool,
    pub identifiers: bool,
}

/// `claimantRegister`.
#[derive(Clone, Debug, Serialize)]
pub struct Register {
    pub open: OpenPart,
    pub sealed: SealedPart,
    /// With whom the person lives.
    pub household_of: Update<ClaimantId>,
}

/// `claimantUpdate`.
#[derive(Clone, Debug, Serialize)]
pub struct UpdateClaimant {
    pub id: ClaimantId,
    pub expected_version: i32,
    pub open: OpenPart,
    pub sealed: SealedPart,
    pub cleared: Cleared,
    /// With whom the person lives.
    pub household_of: Update<ClaimantId>,
}

const MOST_POINTS: usize = 20;
const MOST_IDENTIFIERS: usize = 20;

pub(in crate::store) fn check_text(text: Option<&String>, limit: usize, path: &str) -> Result<()> {
    let Some(text) = text else { return Ok(()) };
    if text.trim().is_empty() {
        return Err(Refusal::at(Problem::Required, path).into());
    }
    if free_text::is_longer_than(text, limit) {
        return Err(Refusal::at(Problem::TooLong { limit }, path).into());
    }
    if free_text::has_sin(text) {
        return Err(Refusal::at(Problem::SinNotStored, path).into());
    }
    Ok(())
}

impl OpenPart {
    async fn check(&self, unit: &Unit<'_>) -> Result<()> {
        check_text(self.municipality.value(), 200, "municipality")?;
        if self
            .language
            .value()
            .is_some_and(|language| !is_language(language))
        {
            return Err(Refusal::at(Problem::Invalid, "language").into());
        }
        if let Some(region) = self.region.value() {
            let found = unit
                .find::<region::Entity>()
                .filter(region::Column::Id.eq(*region))
                .one()
                .await?;
            if found.is_none() {
                return Err(Refusal::at(Problem::NotFound, "regionId").into());
            }
        }
        Ok(())
    }

    fn apply(&self, claimant: &mut claimant::Model) {
        self.region.clone().apply(&mut claimant.region_id);
        self.municipality.clone().apply(&mut claimant.municipality);
        self.language.clone().apply(&mut claimant.language);
        self.official_language
            .clone()
            .apply(&mut claimant.official_language);
        self.age_band.clone().apply(&mut claimant.age_band);
        claimant.location_protected = self
            .location_protected
            .unwrap_or(claimant.location_protected);
        claimant.interpreter_needed = self
            .interpreter_needed
            .unwrap_or(claimant.interpreter_needed);
    }
}

/// A UCI as it is written: `0000-0000` or `00-0000-0000`.
fn uci(value: &str) -> Option<String> {
    let digits: String = value
        .chars()
        .filter(|letter| !matches!(letter, '-' | ' '))
        .collect();
    if !digits.bytes().all(|letter| letter.is_ascii_digit()) {
        return None;
    }
    match digits.len() {
        8 => Some(format!("{}-{}", &digits[..4], &digits[4..])),
        10 => Some(format!(
            "{}-{}-{}",
            &digits[..2],
            &digits[2..6],
            &digits[6..]
        )),
        _ => None,
    }
}

impl SealedPart {
    /// Checks every group and brings it into the form in which it is kept.
    pub(in crate::store) fn checked(&self, today: NaiveDate) -> Result<Self> {
        let mut sealed = self.clone();
        if let Some(identity) = &sealed.identity {
            check_identity(identity, today)?;
        }
        if let Some(contact) = &sealed.contact {
            check_contact(contact)?;
        }
        if let Some(identifiers) = &mut sealed.identifiers {
            if identifiers.len() > MOST_IDENTIFIERS {
                let limit = MOST_IDENTIFIERS;
                return Err(Refusal::at(Problem::TooMany { limit }, "identifiers").into());
            }
            for (place, identifier) in identifiers.iter_mut().enumerate() {
                check_identifier(identifier, &format!("identifiers.{place}.value"))?;
            }
        }
        if let Some(status) = &sealed.claim_status
            && status.since.is_some_and(|since| since > today)
        {
            return Err(Refusal::at(Problem::InFuture, "claimStatus.since").into());
        }
        Ok(sealed)
    }
}

fn check_identity(identity: &Identity, today: NaiveDate) -> Result<()> {
    let names = [
        ("identity.givenName", &identity.given_name),
        ("identity.familyName", &identity.family_name),
        ("identity.preferredName", &identity.preferred_name),
    ];
    for (path, name) in names {
        check_text(name.as_ref(), 200, path)?;
    }
    if names.iter().all(|(_, name)| name.is_none()) {
        return Err(Refusal::at(Problem::Required, "identity.givenName").into());
    }
    check_text(identity.gender.as_ref(), 50, "identity.gender")?;
    match identity.birth_date {
        Some(date) if date > today => {
            Err(Refusal::at(Problem::InFuture, "identity.birthDate").into())
        }
        Some(date) if date.year() < today.year() - 130 => {
            Err(Refusal::at(Problem::Invalid, "identity.birthDate").into())
        }
        _ => Ok(()),
    }
}

fn check_contact(contact: &Contact) -> Result<()> {
    if contact.points.len() > MOST_POINTS {
        let limit = MOST_POINTS;
        return Err(Refusal::at(Problem::TooMany { limit }, "contact.points").into());
    }
    for (place, point) in contact.points.iter().enumerate() {
        let path = |field: &str| format!("contact.points.{place}.{field}");
        check_text(Some(&point.value), 300, &path("value"))?;
        check_text(point.note.as_ref(), 500, &path("note"))?;
    }
    Ok(())
}

fn check_identifier(identifier: &mut Identifier, path: &str) -> Result<()> {
    match identifier.kind {
        // An agency's own number may look like anything.
        IdentifierKind::AgencyId => {
            if identifier.value.trim().is_empty() {
                return Err(Refusal::at(Problem::Required, path).into());
            }
            if free_text::is_longer_than(&identifier.value, 100) {
                return Err(Refusal::at(Problem::TooLong { limit: 100 }, path).into());
            }
        }
        IdentifierKind::Uci => {
            // No UCI has nine digits; whoever writes one is told why it is not taken.
            if free_text::has_sin(&identifier.value) {
                return Err(Refusal::at(Problem::SinNotStored, path).into());
            }
            identifier.value =
                uci(&identifier.value).ok_or_else(|| Refusal::at(Problem::Invalid, path))?;
        }
        IdentifierKind::Rpcd | IdentifierKind::WorkPermit | IdentifierKind::CamsCase => {
            check_text(Some(&identifier.value), 100, path)?;
        }
    }
    Ok(())
}

impl Change for Register {
    const MUTATION: &'static str = "claimantRegister";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let today = crate::domain::business_days::toronto_date(unit.session.now);
        let sealed = self.sealed.checked(today)?;
        self.open.check(unit).await?;
        unit.check_household(None, &self.household_of).await?;
        let organization = unit.session.viewer().organization();
        let mut claimant = claimant::Model {
            id: ClaimantId(Uuid::now_v7()),
            registering_organization_id: organization,
            region_id: None,
            municipality: None,
            location_protected: false,
            language: None,
            official_language: None,
            interpreter_needed: false,
            age_band: None,
            created_at: unit.session.now,
            updated_at: unit.session.now,
            version: 1,
            record_version: 1,
            held_at: None,
            erasure_requested_at: None,
            erased_at: None,
        };
        self.open.apply(&mut claimant);
        let id = claimant.id;
        claimant.into_active_model().insert(&unit.work).await?;
        let key = unit.make_claimant_key(id).await?;
        unit.put_sealed(&key, id, &sealed).await?;
        let described = Described {
            identity: sealed.identity,
            identifiers: sealed.identifiers.unwrap_or_default(),
            language: None,
        };
        let seal = unit.session.seal();
        token::write(&unit.work, seal, organization, id, &described).await?;
        unit.record(
            Entry::new(
                JournalKind::ClaimantRegistered,
                SubjectType::Claimant,
                id,
                1,
            )
            .told([organization]),
        );
        unit.follow_household(id, &self.household_of).await?;
        Ok(Applied::new(id, 1))
    }
}

/// What every party reads of a claimant, before acceptance as well.
fn seen_by_every_party(
    row: &claimant::Model,
) -> (Option<RegionId>, Option<&str>, bool, Option<AgeBand>) {
    (
        row.region_id,
        row.language.as_deref(),
        row.interpreter_needed,
        row.age_band,
    )
}

impl Change for UpdateClaimant {
    const MUTATION: &'static str = "claimantUpdate";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let today = crate::domain::business_days::toronto_date(unit.session.now);
        let sealed = self.sealed.checked(today)?;
        let organization = unit.session.viewer().organization();
        let before = unit
            .find::<claimant::Entity>()
            .filter(claimant::Column::Id.eq(self.id))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id"))?;
        if before.registering_organization_id != organization {
            return Err(Refusal::new(Problem::RoleNotAllowed).into());
        }
        demand_known(&before, "id")?;
        let stale = |version| {
            Refusal::at(Problem::StaleVersion, "expectedVersion").with_current_version(version)
        };
        if before.record_version != self.expected_version {
            return Err(stale(before.record_version).into());
        }
        self.open.check(unit).await?;
        unit.check_household(Some(self.id), &self.household_of)
            .await?;
        let mut claimant = before.clone();
        self.open.apply(&mut claimant);
        // An edit of what some do not see moves nothing that they see.
        if seen_by_every_party(&claimant) != seen_by_every_party(&before) {
            claimant.version += 1;
            claimant.updated_at = unit.session.now;
        }
        claimant.record_version += 1;
        let version = claimant.record_version;
        let changed = claimant::Entity::update_many()
            .set(claimant.clone().into_active_model().reset_all())
            .filter(claimant::Column::Id.eq(self.id))
            .filter(claimant::Column::RecordVersion.eq(before.record_version))
            .exec(&unit.work)
            .await?;
        if changed.rows_affected != 1 {
            return Err(stale(before.record_version + 1).into());
        }
        if sealed != SealedPart::default() {
            let key = unit.claimant_key(self.id).await?;
            let key = key.ok_or_else(|| Refusal::at(Problem::ClaimantErased, "id"))?;
            let key = unit.session.seal().open_key(&Wrapped::of_claimant(&key))?;
            unit.put_sealed(&key, self.id, &sealed).await?;
        }
        unit.clear_sealed(self.id, self.cleared).await?;
        let described_anew = sealed.identity.is_some() || sealed.identifiers.is_some();
        if described_anew || self.cleared.identity || self.cleared.identifiers {
            unit.write_tokens(self.id).await?;
        }
        unit.follow_age(&claimant).await?;
        unit.record(
            Entry::new(
                JournalKind::ClaimantUpdated,
                SubjectType::Claimant,
                self.id,
                version,
            )
            .told([organization]),
        );
        unit.follow_household(self.id, &self.household_of).await?;
        Ok(Applied::new(self.id, version))
    }
}

impl Unit<'_> {
    async fn put_sealed(
        &self,
        key: &DataKey,
        claimant: ClaimantId,
        sealed: &SealedPart,
    ) -> Result<()> {
        if let Some(identity) = &sealed.identity {
            self.put_identity(key, claimant, identity).await?;
        }
        if let Some(contact) = &sealed.contact {
            self.put_contact(key, claimant, contact).await?;
        }
        if let Some(identifiers) = &sealed.identifiers {
            self.put_identifiers(key, claimant, identifiers).await?;
        }
        if let Some(status) = &sealed.claim_status {
            self.put_claim_status(key, claimant, status).await?;
        }
        Ok(())
    }

    /// Makes the tokens of a claimant of the caller's own organization what the sealed groups say now.
    async fn write_tokens(&self, claimant: ClaimantId) -> Result<()> {
        let seal = self.session.seal();
        if let Some(key) = self.claimant_key(claimant).await? {
            token::note_key(&self.work, seal, &key).await?;
        }
        let described = self.described(claimant).await?;
        let organization = self.session.viewer().organization();
        token::write(&self.work, seal, organization, claimant, &described).await
    }

    async fn clear_sealed(&self, claimant: ClaimantId, cleared: Cleared) -> Result<()> {
        if cleared.identity {
            self.drop_identity(claimant).await?;
        }
        if cleared.contact {
            self.drop_contact(claimant).await?;
        }
        if cleared.claim_status {
            self.drop_claim_status(claimant).await?;
        }
        if cleared.identifiers {
            self.drop_identifiers(claimant).await?;
        }
        Ok(())
    }
}
