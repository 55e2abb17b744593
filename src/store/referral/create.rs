//! Creating a referral and sending it: the same checks, whether it goes at once or has waited as a draft.
use chrono::{DateTime, Utc};
use entity::{
    AgeBand, ClaimantId, JournalKind, NeedCategory, NeedId, NeedStatus, ReferralAction, ReferralId,
    ReferralPriority, ReferralStatus, RegionId, ServiceId, claimant, need, referral, region,
};
use rand::Rng;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, IntoActiveModel, QueryOrder, prelude::Uuid,
};
use serde::Serialize;

use super::{
    super::{Applied, Change, Unit},
    check_free_text, check_note,
    guard::{Asked, Sending},
    step,
};
use crate::{
    domain::{
        business_days,
        referral::{Facts, Relation},
    },
    error::{Problem, Refusal, Result},
};

/// `referralCreate`.
#[derive(Clone, Debug, Serialize)]
pub struct Create {
    /// Absent: somebody not named yet, described by the five facts.
    pub claimant: Option<ClaimantId>,
    /// Who else it is for.
    pub also_for: Vec<ClaimantId>,
    pub category: NeedCategory,
    pub need: Option<NeedId>,
    /// Absent: open, a provider may claim it.
    pub service: Option<ServiceId>,
    pub priority: Option<ReferralPriority>,
    pub summary: Option<String>,
    pub due_at: Option<DateTime<Utc>>,
    pub region: Option<RegionId>,
    pub language: Option<String>,
    pub interpreter_needed: Option<bool>,
    pub age_band: Option<AgeBand>,
    pub party_size: Option<i32>,
    pub send: bool,
    pub acknowledge_duplicate: bool,
}

/// `referralSend`.
#[derive(Clone, Debug, Serialize)]
pub struct Send {
    pub id: ReferralId,
    pub expected_version: i32,
    pub acknowledge_duplicate: bool,
    pub note: Option<String>,
}

/// A reference that says nothing: 60 random bits in the letters that are not taken for one another.
pub(super) fn reference() -> String {
    reference_from(&mut rand::rng())
}

/// The same from a given source of chance.
pub fn reference_from(random: &mut impl Rng) -> String {
    const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut reference = String::with_capacity(14);
    for place in 0..12 {
        if place > 0 && place % 4 == 0 {
            reference.push('-');
        }
        reference.push(char::from(LETTERS[random.random_range(0..LETTERS.len())]));
    }
    reference
}

impl Create {
    async fn check(&self, unit: &Unit<'_>) -> Result<()> {
        check_free_text(self.summary.as_ref(), "summary")?;
        if self
            .party_size
            .is_some_and(|size| !(1..=100).contains(&size))
        {
            let problem = Problem::OutOfRange { from: 1, to: 100 };
            return Err(Refusal::at(problem, "partySize").into());
        }
        if self
            .language
            .as_ref()
            .is_some_and(|language| !super::super::claimant::is_language(language))
        {
            return Err(Refusal::at(Problem::Invalid, "language").into());
        }
        if self.due_at.is_some_and(|due| due <= unit.session.now) {
            return Err(Refusal::at(Problem::InPast, "dueAt").into());
        }
        if let Some(region) = self.region {
            unit.find::<region::Entity>()
                .filter(region::Column::Id.eq(region))
                .one()
                .await?
                .ok_or_else(|| Refusal::at(Problem::NotFound, "regionId"))?;
        }
        Ok(())
    }

    fn row(&self, unit: &Unit<'_>, claimant: Option<&claimant::Model>) -> referral::Model {
        let now = unit.session.now;
        referral::Model {
            id: ReferralId(Uuid::now_v7()),
            reference: reference(),
            status: ReferralStatus::Draft,
            sub_status: None,
            sub_status_before: None,
            status_reason: None,
            decided_by: None,
            priority: self.priority.unwrap_or(ReferralPriority::Routine),
            category: self.category,
            summary: None,
            source_id: unit.session.viewer().organization(),
            owner_id: None,
            owner_access: false,
            owner_since: None,
            claimant_id: self.claimant,
            linked_at: None,
            registering_organization_id: claimant.map(|row| row.registering_organization_id),
            need_id: None,
            service_id: self.service,
            region_id: self.region.or(claimant.and_then(|row| row.region_id)),
            language: self
                .language
                .clone()
                .or(claimant.and_then(|row| row.language.clone())),
            interpreter_needed: self
                .interpreter_needed
                .or(claimant.map(|row| row.interpreter_needed)),
            age_band: self.age_band.or(claimant.and_then(|row| row.age_band)),
            party_size: self.party_size,
            assignee: None,
            part_of_id: None,
            replaces_id: None,
            due_at: self.due_at,
            review_at: None,
            created_at: now,
            created_month: business_days::toronto_month(now),
            updated_at: now,
            sent_at: None,
            answered_at: None,
            contacted_at: None,
            closed_at: None,
            version: 1,
            text_master_key: None,
            text_key: None,
            told_due_at: None,
            told_review_at: None,
        }
    }
}

impl Change for Create {
    const MUTATION: &'static str = "referralCreate";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        let action = if self.send {
            ReferralAction::Send.into()
        } else {
            crate::domain::referral::Action::Create
        };
        step::allowed(&Facts::of_new(), action, &[Relation::Source])?;
        self.check(unit).await?;
        let claimant = unit.lock_own_people(self.claimant, &self.also_for).await?;
        let mut row = self.row(unit, claimant.as_ref());
        row.need_id = unit.need_for(&row, self.need).await?;
        if let Some(service) = self.service {
            row.owner_id = Some(unit.service(service, "serviceId").await?.organization_id);
        }
        if self.send {
            unit.prepare_sending(&mut row, self.acknowledge_duplicate)
                .await?;
        }
        let people: Vec<ClaimantId> = row.claimant_id.into_iter().collect();
        unit.check_summary(
            &[people, self.also_for.clone()].concat(),
            self.summary.as_deref(),
        )
        .await?;
        unit.put_new_summary(&mut row, self.summary.as_deref())?;
        row.clone().into_active_model().insert(&unit.work).await?;
        unit.put_also_for(row.id, &self.also_for).await?;
        unit.tell(JournalKind::ReferralCreated, None, &row, None, None);
        if self.send {
            unit.sent(&row).await?;
        }
        Ok(Applied::new(row.id, row.version))
    }
}

impl Change for Send {
    const MUTATION: &'static str = "referralSend";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_note(self.note.as_ref())?;
        let mut step = unit
            .step(self.id, Some(self.expected_version), ReferralAction::Send)
            .await?;
        let mut row = step.before.clone();
        row.version += 1;
        unit.prepare_sending(&mut row, self.acknowledge_duplicate)
            .await?;
        // More may be known of the claimant than when the draft was written.
        let summary = unit.summary_of(&row)?;
        unit.check_summary(&unit.known_people_of(&row).await?, summary.as_deref())
            .await?;
        step.row.status = Set(row.status);
        step.row.owner_id = Set(row.owner_id);
        step.row.owner_access = Set(row.owner_access);
        step.row.owner_since = Set(row.owner_since);
        step.row.due_at = Set(row.due_at);
        step.row.sent_at = Set(row.sent_at);
        let before = step.before.clone();
        let after = unit.write(step).await?;
        unit.tell(
            JournalKind::ReferralSent,
            Some(&before),
            &after,
            None,
            self.note.as_ref(),
        );
        unit.sent(&after).await?;
        Ok(Applied::new(after.id, after.version))
    }
}

impl Unit<'_> {
    /// The need that a referral is for: the one named, or the claimant's most urgent one of the category.
    pub(super) async fn need_for(
        &self,
        row: &referral::Model,
        named: Option<NeedId>,
    ) -> Result<Option<NeedId>> {
        let Some(claimant) = row.claimant_id else {
            return match named {
                Some(_) => Err(Refusal::at(Problem::NotFound, "needId").into()),
                None => Ok(None),
            };
        };
        let found = self
            .find::<need::Entity>()
            .filter(need::Column::ClaimantId.eq(claimant))
            .filter(need::Column::Category.eq(row.category))
            .filter_some(named, |id| need::Column::Id.eq(id).into())
            .filter_some(named.is_none().then_some(()), |()| {
                need::Column::Status
                    .is_in([NeedStatus::Open, NeedStatus::Unmet, NeedStatus::Referred])
                    .into()
            })
            .select(|select| {
                select
                    .order_by_asc(need::Column::Priority)
                    .order_by_asc(need::Column::Id)
            })
            .one()
            .await?;
        match (found, named) {
            (Some(need), _) => Ok(Some(need.id)),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Refusal::at(Problem::NotFound, "needId").into()),
        }
    }

    /// Checks that a referral may go out, and addresses it.
    pub(super) async fn prepare_sending(
        &self,
        row: &mut referral::Model,
        acknowledge_duplicate: bool,
    ) -> Result<()> {
        if let Some(claimant) = row.claimant_id {
            self.lock_claimant(claimant).await?;
        }
        let asked = Asked {
            claimant: row.claimant_id,
            category: row.category,
            service: row.service_id,
            itself: Some(row.id),
        };
        let sending = Sending::look(self, asked, !acknowledge_duplicate).await?;
        row.owner_id = sending.recipient;
        match sending.refusal(acknowledge_duplicate) {
            Some(refusal) => return Err(refusal.into()),
            None if row.claimant_id.is_none() => refuse_undescribed(row)?,
            None => {}
        }
        row.status = ReferralStatus::Requested;
        row.sent_at = Some(self.session.now);
        row.due_at = row.due_at.or_else(|| Some(self.due_at(row.priority)));
        row.owner_access = row.owner_id.is_some();
        row.owner_since = row.owner_id.map(|_| row.version);
        Ok(())
    }

    /// When a first answer is due, counted from now.
    pub(super) fn due_at(&self, priority: ReferralPriority) -> DateTime<Utc> {
        let settings = self.session.settings();
        let days = match priority {
            ReferralPriority::Urgent => settings.referral.answer_business_days_urgent.get(),
            ReferralPriority::Routine => settings.referral.answer_business_days_routine.get(),
        };
        business_days::due_at(self.session.now, days, &settings.closures)
    }

    /// What follows once a referral is out: its need is referred, and the recipient sees what it may.
    pub(super) async fn sent(&mut self, row: &referral::Model) -> Result<()> {
        self.need_follows(row, &[]).await?;
        self.regrant_for(row).await
    }
}

/// A referral without a claimant carries what triage needs.
fn refuse_undescribed(row: &referral::Model) -> Result<()> {
    let missing = [
        ("regionId", row.region_id.is_none()),
        ("language", row.language.is_none()),
        ("interpreterNeeded", row.interpreter_needed.is_none()),
        ("ageBand", row.age_band.is_none()),
        ("partySize", row.party_size.is_none()),
    ];
    match missing.into_iter().find(|(_, missing)| *missing) {
        Some((field, _)) => Err(Refusal::at(Problem::FactsRequired, field).into()),
        None => Ok(()),
    }
}
