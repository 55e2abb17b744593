//! What a change has just left of a referral, as its author may see it.
use std::collections::HashMap;

use entity::{Access, ReferralId, referral};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{
    super::{Applied, Session},
    Seen, Tenure,
};
use crate::{domain::referral::Relation, error::Result};

impl Session {
    /// The referral that a change of the caller has just left: as the caller may see it, or, where that very change
    /// ended the caller's access, without any fact about the person.
    ///
    /// # Errors
    /// As [`Session::referral`].
    pub async fn referral_after(&self, applied: &Applied) -> Result<Option<Seen>> {
        if let Some(row) = applied.left() {
            self.journal_oversight(std::slice::from_ref(row)).await?;
            return Ok(Some(self.seen_referral(row.clone())));
        }
        let id = ReferralId(applied.subject());
        let done = HashMap::from([(id, applied.version())]);
        let mut seen = self.left(&[id], done, applied.is_fresh()).await?;
        Ok(seen.remove(&id))
    }

    /// The referrals among `ids` that the caller may see, and those that were `done` just now, at the version that was
    /// left.
    pub(super) async fn left(
        &self,
        ids: &[ReferralId],
        mut done: HashMap<ReferralId, i32>,
        fresh: bool,
    ) -> Result<HashMap<ReferralId, Seen>> {
        let seen = self.referrals_by_id(ids).await?.into_iter();
        let mut seen: HashMap<ReferralId, Seen> =
            seen.map(|seen| (seen.referral.id, seen)).collect();
        done.retain(|id, _| !seen.contains_key(id));
        if !fresh || done.is_empty() {
            return Ok(seen);
        }
        let rows = referral::Entity::find()
            .filter(referral::Column::Id.is_in(done.keys().copied()))
            .all(&self.store.database.unscoped)
            .await?;
        let as_left = rows
            .into_iter()
            .filter(|row| done.get(&row.id) == Some(&row.version));
        seen.extend(as_left.map(|row| (row.id, masked(row))));
        Ok(seen)
    }
}

/// Without any fact about the person.
fn masked(mut row: referral::Model) -> Seen {
    row.claimant_id = None;
    row.need_id = None;
    row.summary = None;
    row.assignee = None;
    row.part_of_id = None;
    row.replaces_id = None;
    Seen {
        referral: row,
        relations: vec![Relation::None],
        claimant_withheld: Some(Access::ConsentRequired),
        tenure: Tenure::Over,
    }
}
