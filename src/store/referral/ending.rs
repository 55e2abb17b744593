//! What ends without anybody's wish: every referral that no remaining consent covers, that goes to an organization now
//! excluded, or whose owner is no more; all of a person's who is erased; requests that nobody answers; and drafts that
//! nobody touches any more.
use entity::{
    Access, DecidedBy, JournalKind, OrganizationId, ReferralId, ReferralStatus,
    ReferralStatusReason, SubjectType, appointment, claimant, message, outcome, referral,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::Expr,
};

use super::{
    super::{Applied, Unit, journal::Entry},
    OPEN_STATUSES,
    step::{Step, allowed},
};
use crate::{
    domain::{
        access::Recipient,
        referral::{Action, Effect, Facts, Next, Relation},
    },
    error::{Problem, Refusal, Result},
};

/// What the guards of the system's own actions ask for; none of them is about children, replacements or who may name the
/// claimant.
fn facts_of(row: &referral::Model) -> Facts {
    Facts {
        status: Some(row.status),
        has_owner: row.owner_id.is_some(),
        anonymous: row.claimant_id.is_none(),
        open_children: false,
        replaced: false,
        estranged: false,
    }
}

impl Unit<'_> {
    /// Cancels what depended on a consent that is gone, or goes to an organization that is now excluded. The parties
    /// learn that it was cancelled, and not why. An organization that is excluded is told in the same order of everything
    /// that is still open of what it `knew`, as if that had ended.
    pub(in crate::store) async fn end_uncovered_referrals(
        &mut self,
        claimant: &claimant::Model,
        excluded: Option<(OrganizationId, &[referral::Model])>,
    ) -> Result<()> {
        let wishes = self.wishes_of(claimant.id).await?;
        let rows = referral::Entity::find()
            .filter(referral::Column::ClaimantId.eq(claimant.id))
            .filter(referral::Column::Status.is_in(OPEN_STATUSES))
            .order_by_desc(referral::Column::CreatedAt)
            .order_by_desc(referral::Column::Id)
            .all(&self.work)
            .await?;
        let kinds = self
            .kinds_of(rows.iter().filter_map(|row| row.owner_id).collect())
            .await?;
        for row in rows {
            let access = match row.owner_id {
                Some(owner) if owner == claimant.registering_organization_id => Access::Granted,
                Some(organization) => {
                    kinds
                        .get(&organization)
                        .map_or(Access::ConsentRequired, |kind| {
                            let recipient = Recipient {
                                organization,
                                kind: *kind,
                            };
                            wishes.consent_for(recipient, row.category, self.session.now)
                        })
                }
                None => wishes.consent_for_open(row.category, self.session.now),
            };
            // A consent that has only expired ends by the clock what it opened, not the referral.
            let ends = access == Access::ConsentRequired;
            if ends {
                self.cancel_by_system(row.clone(), ReferralStatusReason::ConsentWithdrawn)
                    .await?;
            }
            if let Some((organization, knew)) = excluded {
                // The end of a referral tells its owner by name, and whoever could claim it by another.
                let is_told = ends && row.owner_access && row.owner_id == Some(organization);
                if !is_told && knew.iter().any(|known| known.id == row.id) {
                    self.tell_access_ended_by_exclusion(&row, [organization]);
                }
            }
        }
        Ok(())
    }

    /// Ends what names a claimant who is being erased: open referrals as by withdrawal, drafts for good. Whoever was a
    /// party is told to delete its copy, and nothing that was written beside any of them can be read again.
    pub(in crate::store) async fn end_referrals_of(
        &mut self,
        claimant: &claimant::Model,
    ) -> Result<()> {
        let of_claimant = || referral::Column::ClaimantId.eq(claimant.id);
        let rows = referral::Entity::find()
            .filter(of_claimant())
            .all(&self.work)
            .await?;
        let ids: Vec<ReferralId> = rows.iter().map(|row| row.id).collect();
        for row in rows {
            if row.status == ReferralStatus::Draft {
                self.discard(&row).await?;
            } else if OPEN_STATUSES.contains(&row.status) {
                self.cancel_by_system(row, ReferralStatusReason::ConsentWithdrawn)
                    .await?;
            } else {
                self.tell_access_ended(claimant, &row);
            }
        }
        // Both databases bound the parameters of one statement.
        for ids in ids.chunks(500) {
            outcome::Entity::update_many()
                .col_expr(outcome::Column::Note, Expr::value(None::<Vec<u8>>))
                .filter(outcome::Column::ReferralId.is_in(ids.iter().copied()))
                .exec(&self.work)
                .await?;
            message::Entity::delete_many()
                .filter(message::Column::ReferralId.is_in(ids.iter().copied()))
                .exec(&self.work)
                .await?;
            appointment::Entity::delete_many()
                .filter(appointment::Column::ReferralId.is_in(ids.iter().copied()))
                .exec(&self.work)
                .await?;
        }
        // To an owner erasure looks as an exclusion does.
        referral::Entity::update_many()
            .col_expr(referral::Column::OwnerAccess, Expr::value(false))
            .filter(of_claimant())
            .filter(referral::Column::OwnerId.ne(claimant.registering_organization_id))
            .exec(&self.work)
            .await?;
        referral::Entity::update_many()
            .col_expr(referral::Column::Summary, Expr::value(None::<Vec<u8>>))
            .col_expr(referral::Column::TextKey, Expr::value(None::<Vec<u8>>))
            .col_expr(referral::Column::TextMasterKey, Expr::value(None::<String>))
            .filter(of_claimant())
            .exec(&self.work)
            .await?;
        Ok(())
    }

    fn tell_access_ended(&mut self, claimant: &claimant::Model, row: &referral::Model) {
        let parties: Vec<_> = [
            Some(row.source_id),
            row.owner_id.filter(|_| row.owner_access),
        ]
        .into_iter()
        .flatten()
        .filter(|party| *party != claimant.registering_organization_id)
        .collect();
        if !parties.is_empty() {
            let kind = JournalKind::AccessEnded;
            let entry = Entry::new(kind, SubjectType::Referral, row.id, row.version);
            self.record(entry.told(parties));
        }
    }

    /// Cancels a request that nobody answered, and closes what it opened.
    pub(in crate::store) async fn expire(&mut self, row: referral::Model) -> Result<Applied> {
        allowed(&facts_of(&row), Action::Expire, &[Relation::System])?;
        let applied = Applied::new(row.id, row.version + 1);
        self.cancel_by_system(row.clone(), ReferralStatusReason::ReferralExpired)
            .await?;
        self.regrant_for(&row).await?;
        Ok(applied)
    }

    /// Drops a draft for good. Nobody but its source has ever seen it.
    pub(in crate::store) async fn discard(&mut self, draft: &referral::Model) -> Result<()> {
        allowed(&facts_of(draft), Action::Discard, &[Relation::System])?;
        self.drop_also_for(draft.id).await?;
        let gone = referral::Entity::delete_many()
            .filter(referral::Column::Id.eq(draft.id))
            .filter(referral::Column::Version.eq(draft.version))
            .exec(&self.work)
            .await?;
        if gone.rows_affected != 1 {
            return Err(Refusal::at(Problem::StaleVersion, "id").into());
        }
        let kind = JournalKind::ReferralDiscarded;
        self.record(
            Entry::new(kind, SubjectType::Referral, draft.id, draft.version + 1)
                .told([draft.source_id]),
        );
        Ok(())
    }

    /// Cancels a referral for the system's own reason.
    pub(in crate::store) async fn cancel_by_system(
        &mut self,
        before: referral::Model,
        reason: ReferralStatusReason,
    ) -> Result<()> {
        self.lock_claimants(before.claimant_id.as_slice()).await?;
        let mut row = before.clone().into_active_model();
        row.status = Set(ReferralStatus::Cancelled);
        row.status_reason = Set(Some(reason));
        row.decided_by = Set(Some(DecidedBy::System));
        row.sub_status = Set(None);
        row.review_at = Set(None);
        row.owner_access = Set(false);
        row.closed_at = Set(Some(self.session.now));
        let after = self
            .write(Step {
                before: before.clone(),
                row,
                relation: Relation::System,
                next: Next {
                    status: ReferralStatus::Cancelled,
                    effect: Effect::Transition,
                },
                keeps_access: false,
            })
            .await?;
        self.tell(
            JournalKind::ReferralCancelled,
            Some(&before),
            &after,
            Some(reason),
            None,
        );
        // Whoever cancels brings the grants of the claimant up to date.
        self.regrant_all(&self.people_beside(&[after.id]).await?)
            .await?;
        self.need_follows(&after, &[]).await
    }
}
