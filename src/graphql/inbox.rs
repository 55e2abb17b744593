//! How much stands under each tab of the caller's inbox.
use async_graphql::{Context, Result, SimpleObject};

use super::context::{OrAnswer, Resolver};
use crate::store::referral::inbox::MOST_COUNTED;

/// How many referrals of the box INBOX stand under each tab, now. For the owning organization alone. No number is higher
/// than `countedTo`, which stands for itself and for every higher one.
#[derive(SimpleObject)]
pub struct InboxSummary {
    /// They wait for an answer. The list: `status: [REQUESTED]`.
    waiting: i32,
    /// They wait for an answer that was due. The list: `overdue: true`.
    overdue: i32,
    /// They are open and assigned to the caller: the worker named in `Acting-Subject`, or else the subject of the token.
    /// The list: that name as `assignee`, and `phase: [WAITING, ACTIVE, PAUSED]`.
    mine: i32,
    /// They are open and assigned to nobody. The list: `unassigned: true, phase: [WAITING, ACTIVE, PAUSED]`.
    unassigned: i32,
    /// They are on hold until there is a place. The list: `subStatus: [WAITLISTED]`.
    waitlisted: i32,
    /// An outcome is to be asked for again, today or since some day. The list: `followUpDue: true`.
    follow_up_due: i32,
    counted_to: i32,
}

pub(super) async fn inbox_summary(context: &Context<'_>) -> Result<InboxSummary> {
    let summary = context.session().inbox_summary().await.or_answer(context)?;
    Ok(InboxSummary {
        waiting: summary.waiting,
        overdue: summary.overdue,
        mine: summary.mine,
        unassigned: summary.unassigned,
        waitlisted: summary.waitlisted,
        follow_up_due: summary.follow_up_due,
        counted_to: MOST_COUNTED.into(),
    })
}
