//! Claim, accept, decline, assign: what may be done to many referrals at once. Each is done to for itself, under its own
//! version, and all in the same few statements; one referral is a list of one.
use std::collections::{BTreeSet, HashMap};

use entity::{
    Access, CapacityStatus, ClaimantId, DecidedBy, JournalKind, ReferralAction, ReferralId,
    ReferralStatusReason, ServiceId, referral, service,
};
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait,
    sea_query::{Expr, ExprTrait},
};
use serde::Serialize;

use super::{
    super::{Applied, Each, Unit, one, service::Places},
    act::{Telling, check_reason},
    rule::fitting_services,
    step::{Asked, Step, stale},
};
use crate::{
    domain::referral as workflow,
    error::{Problem, Refusal, Result},
};

/// A referral that something is to be done to, and the version at which the caller saw it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Item {
    pub id: ReferralId,
    pub expected_version: i32,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Claim(ClaimFor),
    Accept,
    Decline(Decline),
    /// To somebody, or to nobody.
    Assign(Option<String>),
}

/// For which of the caller's fitting services an open referral is claimed.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClaimFor {
    Named(ServiceId),
    First,
    Only,
}

/// Why, by whom, and what it says of the services.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decline {
    pub(super) reason: ReferralStatusReason,
    pub(super) decided_by: Option<DecidedBy>,
    pub(super) capacity: Option<CapacityStatus>,
}

impl ClaimFor {
    fn among(self, fitting: &[ServiceId]) -> std::result::Result<ServiceId, Refusal> {
        let (service, field) = match self {
            Self::Named(named) => (fitting.contains(&named).then_some(named), "serviceId"),
            Self::First => (fitting.first().copied(), "serviceId"),
            // In a list there is no place to say which.
            Self::Only => match fitting {
                [only] => (Some(*only), "id"),
                _ => (None, "id"),
            },
        };
        service.ok_or_else(|| Refusal::at(Problem::ServiceRequired, field))
    }
}

impl Act {
    const fn action(&self) -> ReferralAction {
        match self {
            Self::Claim(_) => ReferralAction::Claim,
            Self::Accept => ReferralAction::Accept,
            Self::Decline(_) => ReferralAction::Decline,
            Self::Assign(_) => ReferralAction::Assign,
        }
    }

    fn telling<'t>(&'t self, note: Option<&'t String>) -> Telling<'t> {
        let telling = Telling::of(match self {
            Self::Claim(_) => JournalKind::ReferralClaimed,
            Self::Accept => JournalKind::ReferralAccepted,
            Self::Decline(_) => JournalKind::ReferralDeclined,
            Self::Assign(_) => JournalKind::ReferralAssigned,
        });
        match self {
            Self::Claim(_) | Self::Accept => telling.note(note),
            Self::Decline(decline) => telling.reason(Some(decline.reason)).note(note),
            Self::Assign(assignee) => telling.note(assignee.as_ref()).inside(),
        }
    }

    /// What it changes in a referral; what a claim changes depends on the service.
    fn set(&self, mut step: Step, unit: &Unit<'_>) -> std::result::Result<Step, Refusal> {
        match self {
            Self::Claim(_) => {}
            Self::Accept => {
                step.row.answered_at = Set(Some(unit.session.now));
                step.row.sub_status = Set(None);
            }
            Self::Decline(decline) => {
                let action = ReferralAction::Decline;
                let reason = Some(decline.reason);
                check_reason(action, reason)?;
                step.row.status_reason = Set(reason);
                step.row.decided_by = Set(decline.decided_by.or_else(|| {
                    workflow::default_decided_by(action.into(), step.relation, reason)
                }));
                step.row.answered_at = Set(Some(unit.session.now));
                step.row.owner_access = Set(false);
                unit.close(&mut step);
            }
            Self::Assign(assignee) => step.row.assignee = Set(assignee.clone()),
        }
        Ok(step)
    }
}

impl Unit<'_> {
    /// Does something to one referral.
    pub(super) async fn act_on(
        &mut self,
        item: Item,
        act: &Act,
        note: Option<&String>,
    ) -> Result<Applied> {
        one(self.act_on_each(&[item], act, note).await?)
    }

    /// Does the same to each of some referrals; none stands in the list twice.
    pub(super) async fn act_on_each(
        &mut self,
        items: &[Item],
        act: &Act,
        note: Option<&String>,
    ) -> Result<Each<Applied>> {
        let steps = match act {
            Act::Claim(service) => self.claims(items, *service).await?,
            Act::Accept | Act::Decline(_) | Act::Assign(_) => {
                let asked = items
                    .iter()
                    .map(|item| (item.id, Some(item.expected_version)));
                let asked: Vec<Asked> = asked.collect();
                self.steps(&asked, act.action()).await?
            }
        };
        let steps: Each<Step> = steps.into_iter().map(|step| act.set(step?, self)).collect();
        let going: Vec<bool> = steps.iter().map(|step| step.is_ok()).collect();
        let mut done = self.finish_each(steps, &act.telling(note), &[]).await?;
        if matches!(act, Act::Claim(_)) {
            // Another organization was first, between our reading and our writing.
            for (row, going) in done.iter_mut().zip(going) {
                if going && row.is_err() {
                    *row = Err(too_late());
                }
            }
        }
        if let Act::Decline(decline) = act {
            self.note_declined(done.iter().flatten(), decline).await?;
        }
        Ok(done
            .into_iter()
            .map(|row| row.map(|row| Applied::new(row.id, row.version)))
            .collect())
    }

    /// The steps of a claim. Absent, not visible, taken, or without consent for this organization: the answer is the
    /// same.
    async fn claims(&self, items: &[Item], service: ClaimFor) -> Result<Each<Step>> {
        let asked: Vec<Asked> = items.iter().map(|item| (item.id, None)).collect();
        let steps = self.steps(&asked, ReferralAction::Claim).await?;
        let open: Vec<&referral::Model> = steps.iter().flatten().map(|step| &step.before).collect();
        if open.is_empty() {
            return Ok(steps.into_iter().map(|_| Err(too_late())).collect());
        }
        let organization = self.session.viewer().organization();
        let fitting = self.fitting_services(&open).await?;
        let claimants: Vec<ClaimantId> = open.iter().filter_map(|row| row.claimant_id).collect();
        let consents = self.consents_for(organization, &claimants).await?;
        let claim = |(item, step): (&Item, std::result::Result<Step, Refusal>)| {
            let mut step = step.map_err(|_| too_late())?;
            let before = &step.before;
            if before.version != item.expected_version {
                return Err(stale(Some(before.version)));
            }
            let fitting = fitting.get(&before.id).map(Vec::as_slice);
            let service = service.among(fitting.unwrap_or_default())?;
            let access = before.claimant_id.map_or(Access::Granted, |claimant| {
                consents.access(claimant, before.category, self.session.now)
            });
            if access != Access::Granted {
                return Err(too_late());
            }
            step.row.owner_id = Set(Some(organization));
            step.row.owner_access = Set(true);
            step.row.owner_since = Set(Some(before.version + 1));
            step.row.service_id = Set(Some(service));
            Ok(step)
        };
        Ok(items.iter().zip(steps).map(claim).collect())
    }

    /// Which of the caller's active services fit each open referral, by need, region and language; in their order.
    async fn fitting_services(
        &self,
        open: &[&referral::Model],
    ) -> Result<HashMap<ReferralId, Vec<ServiceId>>> {
        let (open_id, service_id) = (referral::Column::Id, service::Column::Id);
        let those = Expr::col((referral::Entity, open_id)).is_in(open.iter().map(|row| row.id));
        let query = fitting_services(self.session.viewer().organization())
            .column((referral::Entity, open_id))
            .column((service::Entity, service_id))
            .inner_join(referral::Entity, those)
            .order_by((service::Entity, service_id), sea_orm::Order::Asc)
            .to_owned();
        let mut fitting: HashMap<ReferralId, Vec<ServiceId>> = HashMap::new();
        for row in self.work.query_all(&query).await? {
            let (open, service) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            fitting.entry(open).or_default().push(service);
        }
        Ok(fitting)
    }

    /// A decline for want of places says so of each service, once.
    async fn note_declined(
        &mut self,
        declined: impl Iterator<Item = &referral::Model> + Send,
        decline: &Decline,
    ) -> Result<()> {
        if decline.reason != ReferralStatusReason::AtCapacity {
            return Ok(());
        }
        let services: BTreeSet<ServiceId> = declined.filter_map(|row| row.service_id).collect();
        let status = decline.capacity.unwrap_or(CapacityStatus::NoCapacity);
        self.write_capacity(services, &Places::only(status)).await
    }
}

fn too_late() -> Refusal {
    Refusal::at(Problem::ClaimTooLate, "id")
}
