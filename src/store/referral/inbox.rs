//! How the inbox of an organization is sorted, and how much stands under each of its tabs.
use chrono::{DateTime, Utc};
use entity::{ReferralBox, ReferralPriority, ReferralStatus, ReferralSubStatus, referral};
use sea_orm::{
    ConnectionTrait, QuerySelect,
    sea_query::{Alias, Asterisk, Expr, Func, Query, SelectStatement, SimpleExpr},
};

use super::{
    super::{
        Session,
        page::{NEVER, SortValue},
    },
    Filter, OPEN_STATUSES,
};
use crate::error::{Error, Result};

/// What waits for an answer, then what is worked on or on hold, then the rest; of what is open the urgent first. Written
/// out as in the index that serves it: with a parameter in it neither database would know it again.
const RANK: &str = "CASE WHEN status = 'REQUESTED' THEN CASE priority WHEN 'URGENT' THEN 0 ELSE 1 END \
    WHEN status IN ('ACCEPTED', 'IN_PROGRESS', 'ON_HOLD') THEN CASE priority WHEN 'URGENT' THEN 2 ELSE 3 END \
    ELSE 4 END";
/// When the answer is due, and [`NEVER`] where nothing is said; as in the index.
const DUE_AT: &str = "COALESCE(due_at, '2200-01-01T00:00:00+00:00')";

/// When the answer is due, as lists are ordered by it.
pub(super) fn due_at() -> SimpleExpr {
    Expr::cust(DUE_AT)
}

/// The columns of the order, but for the id.
pub(super) fn urgency() -> SimpleExpr {
    Expr::tuple([Expr::cust(RANK), Expr::cust(DUE_AT)])
}

/// The place of a referral in that order.
pub(super) fn urgency_of(row: &referral::Model) -> SortValue {
    let urgent_or_not = |urgent, routine| match row.priority {
        ReferralPriority::Urgent => urgent,
        ReferralPriority::Routine => routine,
    };
    let rank = match row.status {
        ReferralStatus::Requested => urgent_or_not(0, 1),
        ReferralStatus::Accepted | ReferralStatus::InProgress | ReferralStatus::OnHold => {
            urgent_or_not(2, 3)
        }
        ReferralStatus::Draft
        | ReferralStatus::Rejected
        | ReferralStatus::Completed
        | ReferralStatus::Failed
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => 4,
    };
    let due_at: DateTime<Utc> = row.due_at.unwrap_or(NEVER);
    SortValue::Urgency(rank, due_at)
}

/// The highest number that is told; it stands for itself and for every higher one.
pub const MOST_COUNTED: u16 = 10_000;

/// How many referrals stand under each tab, up to [`MOST_COUNTED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    pub waiting: i32,
    pub overdue: i32,
    pub mine: i32,
    pub unassigned: i32,
    pub waitlisted: i32,
    pub follow_up_due: i32,
}

impl Session {
    /// The counts of the caller's inbox, each of the very list that its filter gives; in one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn inbox_summary(&self) -> Result<Summary> {
        let open = || Some(OPEN_STATUSES.to_vec());
        let tabs = [
            Filter {
                statuses: Some(vec![ReferralStatus::Requested]),
                ..Filter::default()
            },
            Filter {
                overdue: Some(true),
                ..Filter::default()
            },
            Filter {
                statuses: open(),
                assignee: Some(self.worker().to_owned()),
                ..Filter::default()
            },
            Filter {
                statuses: open(),
                unassigned: Some(true),
                ..Filter::default()
            },
            Filter {
                sub_statuses: Some(vec![ReferralSubStatus::Waitlisted]),
                ..Filter::default()
            },
            Filter {
                follow_up_due: Some(true),
                ..Filter::default()
            },
        ];
        let mut query = Query::select();
        for tab in tabs {
            query.expr(Expr::from(sea_orm::sea_query::SubQueryStatement::from(
                self.count_of(tab),
            )));
        }
        let counts = self
            .reader()
            .query_one(&query)
            .await?
            .ok_or_else(|| Error::internal("counts without a row"))?;
        let count = |place: usize| -> Result<i32> {
            let counted: i64 = counts.try_get_by_index(place)?;
            i32::try_from(counted).map_err(Error::internal)
        };
        Ok(Summary {
            waiting: count(0)?,
            overdue: count(1)?,
            mine: count(2)?,
            unassigned: count(3)?,
            waitlisted: count(4)?,
            follow_up_due: count(5)?,
        })
    }

    /// The worker who asks: the one for whom a machine client acts, or else the token's subject.
    fn worker(&self) -> &str {
        let caller = self.caller();
        caller.acting_subject.as_deref().unwrap_or(&caller.subject)
    }

    fn count_of(&self, filter: Filter) -> SelectStatement {
        let rows = self
            .narrowed(self.in_box(ReferralBox::Inbox), filter)
            .select(|select| {
                select
                    .select_only()
                    .column(referral::Column::Id)
                    .limit(u64::from(MOST_COUNTED))
            })
            .into_subquery();
        Query::select()
            .expr(Func::count(Expr::col(Asterisk)))
            .from_subquery(rows, Alias::new("tab"))
            .to_owned()
    }
}
