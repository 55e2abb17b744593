//! The keyed tokens by which an organization finds the people whom it registered, and the gateway a person again. Every table of tokens is written and
//! emptied here, under the key of `claimant_key.token_key`, so that a rotation makes all of a claimant's anew at once.
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, DatePrecision, IdentifierKind, OrganizationId, claimant_key, claimant_match_token,
    claimant_name_token,
};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Expr, SelectStatement},
};

use super::super::{
    Readable,
    seal::Seal,
    sealed::{Identity, Particulars, unscoped_particulars},
};
use crate::{
    domain::{
        free_text,
        matching::{self, Birth, Description, Name},
    },
    error::Result,
    viewer::Viewer,
};

impl Readable for claimant_match_token::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        claimant_match_token::Column::OrganizationId
            .eq(viewer.organization())
            .into()
    }
}

impl Readable for claimant_name_token::Entity {
    fn visible_to(viewer: &Viewer, _: DateTime<Utc>) -> Condition {
        claimant_name_token::Column::OrganizationId
            .eq(viewer.organization())
            .into()
    }
}

/// The claimants of an organization who have a name, or the beginning of one, that is `word`. A token may be of any of
/// the keys: rotation makes them anew one claimant at a time.
pub(super) fn with_name(seal: &Seal, organization: OrganizationId, word: &str) -> SelectStatement {
    let tokens = seal.name_tokens(organization.0, word);
    claimant_name_token::Entity::find()
        .select_only()
        .column(claimant_name_token::Column::ClaimantId)
        .filter(claimant_name_token::Column::OrganizationId.eq(organization))
        .filter(claimant_name_token::Column::Token.is_in(tokens))
        .into_query()
}

/// Takes a claimant's tokens away.
pub(in crate::store) async fn drop(
    transaction: &DatabaseTransaction,
    claimant: ClaimantId,
) -> Result<()> {
    claimant_name_token::Entity::delete_many()
        .filter(claimant_name_token::Column::ClaimantId.eq(claimant))
        .exec(transaction)
        .await?;
    claimant_match_token::Entity::delete_many()
        .filter(claimant_match_token::Column::ClaimantId.eq(claimant))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Makes a claimant's tokens what the sealed groups say now, under the current key.
pub(in crate::store) async fn renew(
    transaction: &DatabaseTransaction,
    seal: &Seal,
    organization: OrganizationId,
    claimant: ClaimantId,
) -> Result<()> {
    drop(transaction, claimant).await?;
    let found = unscoped_particulars(seal, transaction, &[claimant]).await?;
    let Some(particulars) = found.get(&claimant) else {
        return Ok(());
    };
    let names = name_tokens(seal, organization, claimant, &particulars.identity);
    if !names.is_empty() {
        claimant_name_token::Entity::insert_many(
            names.into_iter().map(|row| row.into_active_model()),
        )
        .exec_without_returning(transaction)
        .await?;
    }
    let matches = match_tokens(seal, organization, claimant, particulars);
    if !matches.is_empty() {
        claimant_match_token::Entity::insert_many(
            matches.into_iter().map(|row| row.into_active_model()),
        )
        .exec_without_returning(transaction)
        .await?;
    }
    Ok(())
}

/// A claimant's description, as far as it tells one person from others. An agency's own number is nobody else's.
pub(in crate::store) fn description(
    particulars: &Particulars,
    language: Option<String>,
) -> Description {
    let identity = &particulars.identity;
    let names = [
        &identity.given_name,
        &identity.family_name,
        &identity.preferred_name,
    ];
    Description {
        names: names
            .into_iter()
            .flatten()
            .map(|name| Name::new(name))
            .collect(),
        birth: identity.birth_date.map(|date| Birth {
            date,
            precision: identity.birth_date_precision.unwrap_or(DatePrecision::Day),
        }),
        identifiers: particulars
            .identifiers
            .iter()
            .filter(|identifier| identifier.kind != IdentifierKind::AgencyId)
            .map(|identifier| (identifier.kind.as_str(), identifier.value.clone()))
            .collect(),
        gender: identity.gender.clone(),
        language,
    }
}

/// The tokens of what a description shares with another of the same person. They are the same in every organization, so
/// that the gateway itself can find a person again; an organization asks for its own alone.
pub(in crate::store) fn match_tokens(
    seal: &Seal,
    organization: OrganizationId,
    claimant: ClaimantId,
    particulars: &Particulars,
) -> Vec<claimant_match_token::Model> {
    matching::keys(&description(particulars, None))
        .iter()
        .map(|key| claimant_match_token::Model {
            token: seal.name_token(Uuid::nil(), key),
            organization_id: organization,
            claimant_id: claimant,
        })
        .collect()
}

/// The tokens under which somebody of this description may be found, of every key that may have made them.
pub(in crate::store) fn sought_tokens(seal: &Seal, description: &Description) -> Vec<Vec<u8>> {
    matching::keys(description)
        .iter()
        .flat_map(|key| seal.name_tokens(Uuid::nil(), key))
        .collect()
}

/// Tokens about to be written may be of another key than those that stay: then a rotation has to see to them.
pub(in crate::store) async fn note_key(
    transaction: &DatabaseTransaction,
    seal: &Seal,
    key: &claimant_key::Model,
) -> Result<()> {
    if key.token_key.as_deref() == Some(seal.current_token_key()) {
        return Ok(());
    }
    claimant_key::Entity::update_many()
        .col_expr(claimant_key::Column::TokenKey, Expr::value(None::<String>))
        .filter(claimant_key::Column::ClaimantId.eq(key.claimant_id))
        .exec(transaction)
        .await?;
    Ok(())
}

/// The tokens by which an organization finds a claimant that it registered.
pub(in crate::store) fn name_tokens(
    seal: &Seal,
    organization: OrganizationId,
    claimant: ClaimantId,
    identity: &Identity,
) -> Vec<claimant_name_token::Model> {
    let names: Vec<&str> = [
        &identity.given_name,
        &identity.family_name,
        &identity.preferred_name,
    ]
    .into_iter()
    .flatten()
    .map(String::as_str)
    .collect();
    name_beginnings(&names)
        .iter()
        .map(|part| claimant_name_token::Model {
            organization_id: organization,
            token: seal.name_token(organization.0, part),
            claimant_id: claimant,
        })
        .collect()
}

/// The tokens of a name: of each of its words, and of the words' beginnings of three letters and more.
fn name_beginnings(names: &[&str]) -> BTreeSet<String> {
    let mut beginnings = BTreeSet::new();
    for word in names.iter().flat_map(|name| free_text::words(name)) {
        let letters: Vec<char> = word.chars().collect();
        for length in 3..letters.len().min(20) {
            beginnings.insert(letters[..length].iter().collect());
        }
        beginnings.insert(word);
    }
    beginnings
}
