//! The keyed tokens by which an organization finds the people whom it registered. Every table of tokens is written and
//! emptied here, under the key of `claimant_key.token_key`, so that a rotation makes all of a claimant's anew at once.
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use entity::{ClaimantId, OrganizationId, claimant_key, claimant_name_token};
use sea_orm::{
    ColumnTrait, Condition, DatabaseTransaction, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect, QueryTrait,
    sea_query::{Expr, SelectStatement},
};

use super::super::{Readable, seal::Seal, sealed::Identity};
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

/// Takes a claimant's tokens away.
pub(in crate::store) async fn drop(
    transaction: &DatabaseTransaction,
    claimant: ClaimantId,
) -> Result<()> {
    claimant_name_token::Entity::delete_many()
        .filter(claimant_name_token::Column::ClaimantId.eq(claimant))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Makes a claimant's tokens what the sealed groups say, under the current key.
pub(in crate::store) async fn write(
    transaction: &DatabaseTransaction,
    seal: &Seal,
    organization: OrganizationId,
    claimant: ClaimantId,
    identity: &Identity,
) -> Result<()> {
    drop(transaction, claimant).await?;
    let rows: Vec<_> = name_tokens(seal, organization, claimant, identity)
        .into_iter()
        .map(IntoActiveModel::into_active_model)
        .collect();
    if !rows.is_empty() {
        claimant_name_token::Entity::insert_many(rows)
            .exec_without_returning(transaction)
            .await?;
    }
    Ok(())
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
