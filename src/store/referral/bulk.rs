//! `referralBulkAct`: one thing done to many referrals, each with its own result. It must not know how any of it is
//! done; that is in `many`.
use std::collections::HashSet;

use entity::{ReferralAction, ReferralId, ReferralStatusReason};
use sea_orm::prelude::Uuid;
use serde::Serialize;

use super::{
    super::{Applied, Change, Each, Row, Session, Unit, claimant::check_text},
    Seen,
    act::check_reason,
    check_note,
    many::{Act, ClaimFor, Decline, Item},
};
use crate::error::{Problem, Refusal, Result};

/// `referralBulkAct`.
#[derive(Clone, Debug, Serialize)]
pub struct BulkAct {
    pub action: ReferralAction,
    pub items: Vec<Item>,
    /// When declining.
    pub reason: Option<ReferralStatusReason>,
    /// When assigning.
    pub assignee: Option<String>,
    pub note: Option<String>,
}

impl Change for BulkAct {
    const MUTATION: &'static str = "referralBulkAct";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let act = self.act()?;
        let limit = unit.session.settings().referral.most_at_once.get();
        self.check_length(usize::try_from(limit).unwrap_or(usize::MAX))?;
        let again = self.repeated();
        let first = self.items.iter().zip(&again).filter(|(_, again)| !**again);
        let first: Vec<Item> = first.map(|(item, _)| *item).collect();
        let done = unit.act_on_each(&first, &act, self.note.as_ref()).await?;
        let mut done = done.into_iter();
        let rows = self.items.iter().zip(again).enumerate();
        let rows = rows.map(|(place, (item, again))| {
            let done = if again { None } else { done.next() };
            let left = match done {
                Some(left) => left.map(|applied| applied.version()),
                None => Err(Refusal::at(Problem::Repeated, "id")),
            };
            Row {
                subject: item.id.0,
                left: left.map_err(|refusal| refusal.within("items", place)),
            }
        });
        Ok(Applied::of_rows(rows.collect()))
    }
}

impl BulkAct {
    /// What is to be done; what the input says beside it must go with it.
    fn act(&self) -> Result<Act> {
        check_note(self.note.as_ref())?;
        check_text(self.assignee.as_ref(), 200, "assignee")?;
        let act = match (self.action, self.reason) {
            (ReferralAction::Claim, _) => Act::Claim(ClaimFor::Only),
            (ReferralAction::Accept, _) => Act::Accept,
            (ReferralAction::Decline, Some(reason)) => Act::Decline(Decline {
                reason,
                decided_by: None,
                capacity: None,
            }),
            (ReferralAction::Decline, None) => {
                return Err(Refusal::at(Problem::ReasonRequired, "reason").into());
            }
            (ReferralAction::Assign, _) => Act::Assign(self.assignee.clone()),
            _ => return Err(Refusal::at(Problem::NotInBulk, "action").into()),
        };
        check_reason(self.action, self.reason)?;
        let unfit = match act {
            // The entry of an assignment holds whom it names.
            Act::Assign(_) => self.note.as_ref().map(|_| "note"),
            Act::Claim(_) | Act::Accept | Act::Decline(_) => {
                self.assignee.as_ref().map(|_| "assignee")
            }
        };
        match unfit {
            Some(field) => Err(Refusal::at(Problem::Invalid, field).into()),
            None => Ok(act),
        }
    }

    fn check_length(&self, limit: usize) -> Result<()> {
        if self.items.is_empty() {
            return Err(Refusal::at(Problem::Required, "items").into());
        }
        if self.items.len() > limit {
            return Err(Refusal::at(Problem::TooMany { limit }, "items").into());
        }
        Ok(())
    }

    /// Which items stand in the list further up. Ids that name nothing are each absent for themselves.
    fn repeated(&self) -> Vec<bool> {
        let mut seen = HashSet::new();
        let mut again = |id: ReferralId| id.0 != Uuid::nil() && !seen.insert(id);
        self.items.iter().map(|item| again(item.id)).collect()
    }
}

impl Session {
    /// What a change of many has left of each: the referral as [`Session::referral_after`] would give it, or why it was
    /// refused. A replay tells of a referral that is out of sight by now that there is none.
    ///
    /// # Errors
    /// As [`Session::referral`].
    pub async fn referrals_after(&self, applied: &Applied) -> Result<Each<Option<Seen>>> {
        let ids: Vec<ReferralId> = applied
            .rows()
            .iter()
            .map(|row| ReferralId(row.subject))
            .collect();
        let done = applied
            .rows()
            .iter()
            .filter_map(|row| Some((ReferralId(row.subject), *row.left.as_ref().ok()?)));
        let seen = self.left(&ids, done.collect(), applied.is_fresh()).await?;
        let today = |(place, row): (usize, &Row)| {
            let seen = seen.get(&ReferralId(row.subject));
            match &row.left {
                Ok(_) => Ok(seen.cloned()),
                Err(refusal) if applied.is_fresh() => Err(refusal.clone()),
                Err(refusal) => Err(refusal_today(refusal, seen, place)),
            }
        };
        Ok(applied.rows().iter().enumerate().map(today).collect())
    }
}

/// A refusal, told again: nothing more than may be known now.
fn refusal_today(refusal: &Refusal, seen: Option<&Seen>, place: usize) -> Refusal {
    match seen {
        Some(seen) if refusal.current_version.is_some() => {
            refusal.clone().with_current_version(seen.referral.version)
        }
        Some(_) => refusal.clone(),
        None if matches!(refusal.problem, Problem::ClaimTooLate | Problem::Repeated) => {
            refusal.clone()
        }
        None => Refusal::at(Problem::NotFound, "id").within("items", place),
    }
}
