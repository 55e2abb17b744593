//! What ends without anybody's wish: every referral that no remaining consent covers or that goes to an organization
//! now excluded, or whose owner is no more.
use entity::{
    Access, DecidedBy, JournalKind, ReferralId, ReferralStatus, ReferralStatusReason, claimant,
    referral,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

use super::{super::Unit, OPEN_STATUSES, step::Step};
use crate::{
    domain::{
        access::Recipient,
        referral::{Effect, Next, Relation},
    },
    error::Result,
};

impl Unit<'_> {
    /// Cancels what depended on a consent that is gone, or goes to an organization that is now excluded. The parties
    /// learn that it was cancelled, and not why. Returns which were.
    pub(in crate::store) async fn end_uncovered_referrals(
        &mut self,
        claimant: &claimant::Model,
    ) -> Result<Vec<ReferralId>> {
        let wishes = self.wishes_of(claimant.id).await?;
        let mut ended = Vec::new();
        let rows = referral::Entity::find()
            .filter(referral::Column::ClaimantId.eq(claimant.id))
            .filter(referral::Column::Status.is_in(OPEN_STATUSES))
            .all(&self.transaction)
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
            if access == Access::ConsentRequired {
                ended.push(row.id);
                self.cancel_by_system(row, ReferralStatusReason::ConsentWithdrawn)
                    .await?;
            }
        }
        Ok(ended)
    }

    /// Cancels a referral for the system's own reason.
    pub(in crate::store) async fn cancel_by_system(
        &mut self,
        before: referral::Model,
        reason: ReferralStatusReason,
    ) -> Result<()> {
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
            })
            .await?;
        self.tell(
            JournalKind::ReferralCancelled,
            Some(&before),
            &after,
            Some(reason),
            None,
        );
        self.need_follows(&after, &[]).await
    }
}
