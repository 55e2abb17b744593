//! Finding a person again. The caller is answered with its own claimants alone. Whether another organization knows the
//! person moves nothing in the request: it leaves the same rows in every case, and the work behind requests (`look`)
//! compares and tells the organization that holds the record.
//!
//! Candidates are found by keyed tokens, opened, and weighed by `domain::matching`.
use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, DatePrecision, FieldGroup, IdentifierKind, JournalKind, MatchBand, MatchRequestId,
    SubjectType, claimant, claimant_match_token, match_request,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    Select, prelude::Uuid,
};
use serde::{Deserialize, Serialize};

use super::{
    Applied, Change, Readable, Session, Unit,
    claimant::{Seen, is_language, register::SealedPart},
    journal::Entry,
    seal::{Place, Seal},
    sealed::{Identifier, Identity},
};
use crate::{
    domain::{
        business_days::toronto_date,
        matching::{Birth, Description, Evidence, Name, compare, keys},
    },
    error::{Error, Problem, Refusal, Result},
    viewer::Viewer,
};

mod look;

/// So many are opened and weighed at most: those who share most tokens.
const MOST_CANDIDATES: u64 = 100;
/// So many are answered at most.
const MOST_MATCHES: usize = 10;

impl Readable for claimant_match_token::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        claimant_match_token::Column::OrganizationId
            .eq(viewer.organization())
            .into()
    }
}

/// What a person is known by, or looked for by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Described {
    pub identity: Option<Identity>,
    pub identifiers: Vec<Identifier>,
    /// ISO 639-3.
    pub language: Option<String>,
}

impl Described {
    /// Checks what a form gives, and brings it into the form in which it is compared.
    fn checked(&self, session: &Session) -> Result<Self> {
        let sealed = SealedPart {
            identity: self.identity.clone(),
            identifiers: Some(self.identifiers.clone()),
            ..SealedPart::default()
        };
        let sealed = sealed.checked(toronto_date(session.now))?;
        if self
            .language
            .as_ref()
            .is_some_and(|code| !is_language(code))
        {
            return Err(Refusal::at(Problem::Invalid, "language").into());
        }
        let described = Self {
            identity: sealed.identity,
            identifiers: sealed.identifiers.unwrap_or_default(),
            language: self.language.clone(),
        };
        if described.keys().is_empty() {
            return Err(Refusal::at(Problem::Required, "identity").into());
        }
        Ok(described)
    }

    fn description(&self) -> Description {
        let identity = self.identity.as_ref();
        let names = identity.into_iter().flat_map(|identity| {
            [
                &identity.given_name,
                &identity.family_name,
                &identity.preferred_name,
            ]
        });
        let birth = identity.and_then(|identity| {
            Some(Birth {
                date: identity.birth_date?,
                precision: identity.birth_date_precision.unwrap_or(DatePrecision::Day),
            })
        });
        Description {
            names: names.flatten().map(|name| Name::new(name)).collect(),
            birth,
            identifiers: self.identifiers.iter().filter_map(authority).collect(),
            gender: identity.and_then(|identity| identity.gender.clone()),
            language: self.language.clone(),
        }
    }

    /// The keys of matching, before they are made tokens.
    pub(super) fn keys(&self) -> Vec<String> {
        keys(&self.description())
    }

    /// The tokens to look by: under every key, since a claimant's may wait for their rotation.
    fn tokens(&self, seal: &Seal) -> Vec<Vec<u8>> {
        let keys = self.keys();
        keys.iter().flat_map(|key| seal.match_tokens(key)).collect()
    }
}

/// An identifier that an authority gives to one person. What an agency gives, another agency may give to somebody else.
fn authority(identifier: &Identifier) -> Option<(&'static str, String)> {
    match identifier.kind {
        IdentifierKind::AgencyId => None,
        IdentifierKind::Uci
        | IdentifierKind::Rpcd
        | IdentifierKind::WorkPermit
        | IdentifierKind::CamsCase => {
            let value = identifier.value.chars().filter(char::is_ascii_alphanumeric);
            let value: String = value.map(|letter| letter.to_ascii_uppercase()).collect();
            (!value.is_empty()).then_some((identifier.kind.as_str(), value))
        }
    }
}

/// Those who share most of some tokens.
fn sharing(
    select: Select<claimant_match_token::Entity>,
    tokens: Vec<Vec<u8>>,
) -> Select<claimant_match_token::Entity> {
    select
        .filter(claimant_match_token::Column::Token.is_in(tokens))
        .select_only()
        .column(claimant_match_token::Column::ClaimantId)
        .group_by(claimant_match_token::Column::ClaimantId)
        .order_by_desc(claimant_match_token::Column::Token.count())
        .order_by_asc(claimant_match_token::Column::ClaimantId)
        .limit(MOST_CANDIDATES)
}

/// Somebody who may be the person looked for.
#[derive(Clone, Copy, Debug)]
struct Alike {
    claimant: ClaimantId,
    bits: f64,
    band: MatchBand,
    /// Whether an identifier spoke for it.
    by_identifier: bool,
}

impl Alike {
    /// The weight of the evidence in whole bits.
    #[expect(clippy::cast_possible_truncation, reason = "a few dozen bits")]
    fn score(&self) -> i32 {
        self.bits.round() as i32
    }
}

/// Those who may be the person described, the likeliest first.
fn ranked(sought: &Described, among: &HashMap<ClaimantId, Described>) -> Vec<Alike> {
    let sought = sought.description();
    let mut alike: Vec<Alike> = among
        .iter()
        .filter_map(|(claimant, described)| {
            let comparison = compare(&sought, &described.description());
            Some(Alike {
                claimant: *claimant,
                bits: comparison.bits,
                band: comparison.band()?,
                by_identifier: comparison.reasons.contains(&Evidence::Identifier),
            })
        })
        .collect();
    alike.sort_by(|one, other| {
        let by_weight = other.bits.total_cmp(&one.bits);
        by_weight.then(one.claimant.cmp(&other.claimant))
    });
    alike
}

/// `claimantMatch`: leaves the description, sealed, for the work behind requests.
#[derive(Clone, Debug, Serialize)]
pub struct Seek {
    pub described: Described,
}

impl Change for Seek {
    const MUTATION: &'static str = "claimantMatch";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let described = self.described.checked(unit.session)?;
        let organization = unit.session.viewer().organization();
        let id = MatchRequestId(Uuid::now_v7());
        let content = serde_json::to_vec(&described).map_err(Error::internal)?;
        let (key, wrapped) = unit.session.seal().new_key()?;
        let row = match_request::Model {
            id,
            organization_id: organization,
            requested_at: unit.session.now,
            master_key: wrapped.master_key,
            wrapped: wrapped.bytes,
            content: key.seal(Place::match_request(id), &content)?,
        };
        match_request::Entity::insert(row.into_active_model())
            .exec_without_returning(&unit.work)
            .await?;
        let (kind, subject) = (JournalKind::MatchRequested, SubjectType::Organization);
        unit.record(Entry::new(kind, subject, organization, 0).told_to_nobody());
        Ok(Applied::new(id, 1))
    }
}

/// One of the caller's own claimants who may be the person looked for.
#[derive(Clone, Debug)]
pub struct Found {
    /// Who stands for the person, where several claimants were merged.
    pub seen: Seen,
    pub score: i32,
    pub band: MatchBand,
}

impl Session {
    /// The caller's own claimants who may be the person described, the likeliest first. That somebody is like the
    /// description tells what is sealed of them, and is noted as such.
    ///
    /// # Errors
    /// [`Error::Refused`] for a description by which nobody can be looked for; [`Error::Internal`] when the database
    /// fails.
    pub async fn claimant_matches(&self, sought: &Described) -> Result<Vec<Found>> {
        let sought = sought.checked(self)?;
        let tokens = sought.tokens(self.seal());
        let ids: Vec<ClaimantId> = self
            .find::<claimant_match_token::Entity>()
            .select(|select| sharing(select, tokens))
            .select
            .into_tuple()
            .all(self.reader())
            .await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut identities = self.identities(&ids).await?;
        let mut identifiers = self.identifiers(&ids).await?;
        let rows = self.find::<claimant::Entity>();
        let rows = rows.filter(claimant::Column::Id.is_in(ids.iter().copied()));
        let mut among = HashMap::new();
        for row in rows.all().await? {
            let described = Described {
                identity: identities.get(&row.id).map(|opened| opened.content.clone()),
                identifiers: identifiers
                    .get(&row.id)
                    .map(|opened| opened.content.clone())
                    .unwrap_or_default(),
                language: row.language,
            };
            among.insert(row.id, described);
        }
        let alike = ranked(&sought, &among);
        let standing = self.standing_for(&ids).await?;
        let mut told: Vec<(ClaimantId, Alike)> = Vec::new();
        for one in alike {
            let stands = standing.get(&one.claimant).copied();
            let stands = stands.unwrap_or(one.claimant);
            if told.len() < MOST_MATCHES && told.iter().all(|(known, _)| *known != stands) {
                told.push((stands, one));
            }
        }
        for (_, one) in &told {
            if let Some(opened) = identities.remove(&one.claimant) {
                opened.disclose(FieldGroup::Identity);
            }
            if one.by_identifier
                && let Some(opened) = identifiers.remove(&one.claimant)
            {
                opened.disclose(FieldGroup::Identifiers);
            }
        }
        self.found(told).await
    }

    async fn found(&self, told: Vec<(ClaimantId, Alike)>) -> Result<Vec<Found>> {
        let ids: Vec<ClaimantId> = told.iter().map(|(id, _)| *id).collect();
        let seen = self.claimant_list_by_id(&ids).await?.into_iter();
        let mut seen: HashMap<_, _> = seen.map(|seen| (seen.claimant.id, seen)).collect();
        let found = told.into_iter().filter_map(|(id, alike)| {
            Some(Found {
                seen: seen.remove(&id)?,
                score: alike.score(),
                band: alike.band,
            })
        });
        Ok(found.collect())
    }
}
