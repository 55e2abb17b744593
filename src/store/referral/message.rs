//! `messageSend` and the messages of a referral, as each party reads them: those of its own tenure, while that lasts. A
//! message is for organizations: nothing here, or behind it, is ever sent to a claimant.
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use entity::{
    ClaimantId, JournalKind, MessageId, ReferralId, ReferralStatus, ReferralSubStatus, message,
    referral,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, QuerySelect,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, LockType},
};
use serde::Serialize;

use super::{
    super::{
        Applied, Change, Session, Unit,
        page::{self, Field, Key, Keyed, Order, Paged, Slice, SortValue},
        seal::{Place, Wrapped},
    },
    Seen, Tenure, check_free_text, relations,
    step::{Step, stale},
};
use crate::{
    domain::{
        message::{Waiting, may_write},
        referral::{Effect, Next, Relation},
    },
    error::{Problem, Refusal, Result},
};

/// `messageSend`.
#[derive(Clone, Debug, Serialize)]
pub struct Send {
    pub referral: ReferralId,
    pub body: String,
}

impl Change for Send {
    const MUTATION: &'static str = "messageSend";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_free_text(Some(&self.body), "body")?;
        if self.body.trim().is_empty() {
            return Err(Refusal::at(Problem::Required, "body").into());
        }
        let between = unit.between(self.referral).await?;
        between.demand_under_way()?;
        let Between {
            referral,
            relations,
        } = between;
        unit.check_told(&referral, &[("body", Some(&self.body))])
            .await?;
        let waiting = waiting_of(&referral).written(referral.status, &relations);
        let after = unit
            .wait_for(referral, waiting, JournalKind::MessageSent)
            .await?;
        let key = text_key(&after, "body")?;
        let id = MessageId(Uuid::now_v7());
        let seal = unit.session.seal();
        let row = message::Model {
            id,
            referral_id: after.id,
            referral_version: after.version,
            from_id: unit.session.viewer().organization(),
            body: seal.seal_text(&key, Place::message_body(id), &self.body)?,
            sent_at: unit.session.now,
        };
        message::Entity::insert(row.into_active_model())
            .exec_without_returning(&unit.work)
            .await?;
        Ok(Applied::new(after.id, after.version))
    }
}

/// A referral that cannot change until this transaction ends, and how the caller stands to it.
pub(super) struct Between {
    pub(super) referral: referral::Model,
    pub(super) relations: Vec<Relation>,
}

impl Between {
    /// Refuses where the parties have nothing to say to each other. Of what is over a party must not learn why: that
    /// somebody was erased, all of whose referrals are, is not said.
    pub(super) fn demand_under_way(&self) -> Result<()> {
        let owned = self.referral.owner_id.is_some();
        let may = |by: &Relation| may_write(self.referral.status, owned, *by);
        if !self.relations.iter().any(may) {
            return Err(not_under_way(&self.referral).into());
        }
        Ok(())
    }
}

/// The parties have nothing to say to each other in this status, or the caller is none of them.
fn not_under_way(referral: &referral::Model) -> Refusal {
    let status = referral.status;
    Refusal::at(Problem::ActionNotAllowed { status }, "referralId")
}

/// The key that seals what is written between the parties.
pub(super) fn text_key(referral: &referral::Model, path: &str) -> Result<Wrapped> {
    Wrapped::of(referral).ok_or_else(|| Refusal::at(Problem::ClaimantErased, path).into())
}

/// What a referral waits for.
pub(super) const fn waiting_of(row: &referral::Model) -> Waiting {
    Waiting {
        sub_status: row.sub_status,
        before: row.sub_status_before,
    }
}

/// The owner says what a referral waits for.
pub(super) fn set_sub_status(step: &mut Step, sub_status: Option<ReferralSubStatus>) {
    let waiting = waiting_of(&step.before).set(sub_status);
    step.row.sub_status = Set(waiting.sub_status);
    step.row.sub_status_before = Set(waiting.before);
}

impl Unit<'_> {
    /// A referral that the caller sees, kept from changing. Its claimant is locked first, as by whatever else changes it:
    /// two that meet wait for one another, and neither for ever.
    pub(super) async fn between(&self, id: ReferralId) -> Result<Between> {
        let found = || {
            self.find::<referral::Entity>()
                .filter(referral::Column::Id.eq(id))
        };
        let absent = || Refusal::at(Problem::NotFound, "referralId");
        let seen = found().one().await?.ok_or_else(absent)?;
        if let Some(claimant) = seen.claimant_id {
            self.lock_claimant(claimant).await?;
        }
        let referral = found()
            .select(|select| select.lock(LockType::NoKeyUpdate))
            .one()
            .await?
            .ok_or_else(absent)?;
        if referral.claimant_id != seen.claimant_id {
            return Err(stale(None).into());
        }
        let relations = relations(self.session.viewer(), &referral);
        Ok(Between {
            referral,
            relations,
        })
    }

    /// Tells the parties what happened between them, and moves what the referral waits for where that moves with it. A
    /// message that answers nothing leaves the referral at its version.
    pub(super) async fn wait_for(
        &mut self,
        before: referral::Model,
        waiting: Waiting,
        kind: JournalKind,
    ) -> Result<referral::Model> {
        if waiting_of(&before) == waiting {
            self.tell(kind, Some(&before), &before, None, None);
            return Ok(before);
        }
        let mut row = before.clone().into_active_model();
        row.sub_status = Set(waiting.sub_status);
        row.sub_status_before = Set(waiting.before);
        let next = Next {
            status: before.status,
            effect: Effect::Unchanged,
        };
        let step = Step {
            before: before.clone(),
            row,
            relation: Relation::None,
            next,
            keeps_access: false,
        };
        let after = self.write(step).await?;
        self.tell(kind, Some(&before), &after, None, None);
        if before.sub_status != after.sub_status {
            let kind = JournalKind::ReferralSubStatusChanged;
            self.tell(kind, Some(&before), &after, None, None);
        }
        Ok(after)
    }
}

/// A message, with the key of its body.
#[derive(Clone, Debug)]
pub struct SeenMessage {
    pub message: message::Model,
    key: Option<Wrapped>,
    /// Whom it may speak of.
    pub claimant: Option<ClaimantId>,
}

impl SeenMessage {
    fn of(message: message::Model, shown: &Seen) -> Self {
        Self {
            message,
            key: Wrapped::of(&shown.referral),
            claimant: shown.referral.claimant_id,
        }
    }
}

impl Keyed for message::Model {
    fn key(&self, _: Field) -> Key {
        Key {
            value: SortValue::Nothing,
            id: self.id.0,
        }
    }
}

/// In the order in which they were written.
fn oldest_first() -> Order {
    Order {
        field: Field::Id,
        descending: false,
        sort: None,
        id: Expr::col((message::Entity, message::Column::Id)),
    }
}

impl Seen {
    /// Whether what stands between the parties is open to the viewer at all. What of it is of the viewer's own tenure, the
    /// rules of messages and appointments say.
    pub(super) fn opens_between(&self) -> bool {
        self.tenure == Tenure::Open && self.referral.status != ReferralStatus::EnteredInError
    }
}

impl Session {
    /// The same part of the messages of each referral that the caller has been shown, oldest first, in one statement.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn messages_of(
        &self,
        shown: &[Arc<Seen>],
        slice: &Slice,
    ) -> Result<HashMap<ReferralId, Paged<SeenMessage>>> {
        let open: HashMap<ReferralId, &Seen> = shown
            .iter()
            .filter(|seen| seen.opens_between())
            .map(|seen| (seen.referral.id, seen.as_ref()))
            .collect();
        if open.is_empty() {
            return Ok(HashMap::new());
        }
        let of = |referral| {
            let written = Expr::col((message::Entity, message::Column::ReferralId));
            Condition::all()
                .add(self.rule::<message::Entity>())
                .add(written.eq(referral))
        };
        let ids: Vec<ReferralId> = open.keys().copied().collect();
        let (order, reader) = (oldest_first(), self.reader());
        let paged = page::fetch_each::<message::Entity, _, _>(&ids, of, &order, slice, reader);
        let paged = paged.await?;
        let seen = paged.into_iter().filter_map(|(id, paged)| {
            let shown = open.get(&id)?;
            Some((id, paged.map(|row| SeenMessage::of(row, shown))))
        });
        Ok(seen.collect())
    }

    /// The messages among `ids` that the caller may read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn message_list_by_id(&self, ids: &[MessageId]) -> Result<Vec<SeenMessage>> {
        let rows = self
            .find::<message::Entity>()
            .filter(message::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await?;
        let shown = self
            .shown_of(rows.iter().map(|row| row.referral_id))
            .await?;
        let seen = rows.into_iter().filter_map(|row| {
            let shown = shown.get(&row.referral_id)?;
            Some(SeenMessage::of(row, shown))
        });
        Ok(seen.collect())
    }

    /// The referrals of what stands between their parties, as the caller may see them, where it is open to the caller.
    pub(super) async fn shown_of(
        &self,
        referrals: impl Iterator<Item = ReferralId>,
    ) -> Result<HashMap<ReferralId, Seen>> {
        let ids: HashSet<ReferralId> = referrals.collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<ReferralId> = ids.into_iter().collect();
        let rows = self.referral_list_by_id(&ids).await?;
        let seen = rows.into_iter().map(|row| self.seen_referral(row));
        Ok(seen
            .filter(Seen::opens_between)
            .map(|seen| (seen.referral.id, seen))
            .collect())
    }

    /// What a message says.
    ///
    /// # Errors
    /// When it does not open.
    pub fn message_body(&self, seen: &SeenMessage) -> Result<String> {
        let place = Place::message_body(seen.message.id);
        let body = self
            .seal()
            .open_text(seen.key.as_ref(), place, Some(&seen.message.body))?;
        Ok(body.unwrap_or_default())
    }
}
