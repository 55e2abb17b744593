//! The keyed tokens by which an organization finds the people whom it registered, by the beginning of a name or by what a
//! whole description sounds like. Every table of tokens is written and emptied here, under the key of
//! `claimant_key.token_key`, so that a rotation makes all of a claimant's anew at once.
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{
    ClaimantId, OrganizationId, claimant_key, claimant_link, claimant_match_token,
    claimant_name_token,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, QueryTrait,
    sea_query::{Expr, OnConflict, SelectStatement},
};

use super::super::{Readable, matching::Described, seal::Seal, sealed::Identity};
use crate::{domain::free_text, error::Result, viewer::Viewer};

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

/// Takes a claimant's tokens away, and what followed from them.
pub(in crate::store) async fn drop(
    transaction: &impl ConnectionTrait,
    claimant: ClaimantId,
) -> Result<()> {
    drop_tokens(transaction, claimant).await?;
    claimant_link::Entity::delete_by_id(claimant)
        .exec(transaction)
        .await?;
    Ok(())
}

async fn drop_tokens(transaction: &impl ConnectionTrait, claimant: ClaimantId) -> Result<()> {
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

/// Makes a claimant's tokens what the sealed groups say, under the current key, and has the claimant compared with
/// others anew.
pub(in crate::store) async fn write(
    transaction: &impl ConnectionTrait,
    seal: &Seal,
    organization: OrganizationId,
    claimant: ClaimantId,
    described: &Described,
) -> Result<()> {
    drop_tokens(transaction, claimant).await?;
    let names = described.identity.iter();
    let names = names.flat_map(|identity| name_tokens(seal, organization, claimant, identity));
    let names: Vec<_> = names.map(IntoActiveModel::into_active_model).collect();
    if !names.is_empty() {
        claimant_name_token::Entity::insert_many(names)
            .exec_without_returning(transaction)
            .await?;
    }
    let tokens = match_tokens(seal, organization, claimant, described);
    let tokens: Vec<_> = tokens
        .into_iter()
        .map(IntoActiveModel::into_active_model)
        .collect();
    if !tokens.is_empty() {
        claimant_match_token::Entity::insert_many(tokens)
            .exec_without_returning(transaction)
            .await?;
    }
    await_comparison(transaction, [claimant]).await
}

/// Has claimants compared with others in the background.
pub(in crate::store) async fn await_comparison(
    transaction: &impl ConnectionTrait,
    claimants: impl IntoIterator<Item = ClaimantId>,
) -> Result<()> {
    let rows = claimants
        .into_iter()
        .map(|id| waiting(id).into_active_model());
    claimant_link::Entity::insert_many(rows)
        .on_conflict(
            OnConflict::column(claimant_link::Column::ClaimantId)
                .update_column(claimant_link::Column::Waiting)
                .to_owned(),
        )
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// A claimant who was compared with nobody yet.
pub(in crate::store) const fn waiting(claimant: ClaimantId) -> claimant_link::Model {
    claimant_link::Model {
        claimant_id: claimant,
        link_id: None,
        linked_at: None,
        waiting: true,
    }
}

/// The tokens by which a claimant is found as somebody described.
pub(in crate::store) fn match_tokens(
    seal: &Seal,
    organization: OrganizationId,
    claimant: ClaimantId,
    described: &Described,
) -> Vec<claimant_match_token::Model> {
    let keys = described.keys();
    let keys = keys.iter().map(|key| claimant_match_token::Model {
        token: seal.match_token(key),
        organization_id: organization,
        claimant_id: claimant,
    });
    keys.collect()
}

/// Tokens about to be written may be of another key than those that stay: then a rotation has to see to them.
pub(in crate::store) async fn note_key(
    transaction: &impl ConnectionTrait,
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
