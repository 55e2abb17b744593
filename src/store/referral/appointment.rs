//! `appointmentSave` and the appointments of a referral, as each party reads them: those of its own tenure, while that
//! lasts. The gateway tells a claimant nothing of them.
use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use entity::{
    AppointmentId, AppointmentStatus, ClaimantId, JournalKind, ReferralId, Sealed, appointment,
    referral,
};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, prelude::Uuid};
use serde::Serialize;

use super::{
    super::{
        Applied, Change, Session, Unit,
        claimant::check_text,
        seal::{Place, Wrapped},
        update::Update,
    },
    Seen, check_free_text,
    message::{Between, text_key, waiting_of},
};
use crate::{
    domain::appointment::{self as rules, May, Time, WrongTime},
    error::{Problem, Refusal, Result},
};

/// The longest name of a place.
const LONGEST_PLACE: usize = 300;

/// `appointmentSave`.
#[derive(Clone, Debug, Serialize)]
pub struct Save {
    pub referral: ReferralId,
    /// Absent: a new one.
    pub id: Option<AppointmentId>,
    pub status: AppointmentStatus,
    pub starts_at: DateTime<Utc>,
    pub ends_at: Update<DateTime<Utc>>,
    pub place: Update<String>,
    pub note: Update<String>,
}

impl Change for Save {
    const MUTATION: &'static str = "appointmentSave";

    async fn apply(&self, unit: &mut Unit<'_>) -> Result<Applied> {
        check_text(self.place.value(), LONGEST_PLACE, "place")?;
        check_free_text(self.note.value(), "note")?;
        let between = unit.between(self.referral).await?;
        let referral = &between.referral;
        between.demand_under_way()?;
        let kept = match self.id {
            Some(id) => Some(unit.appointment(referral.id, id).await?),
            None => None,
        };
        let from = kept.as_ref().map(|kept| standing(kept, referral));
        let time = self.time(kept.as_ref());
        let may = self.allowed(&between, from)?;
        self.check_time(kept.as_ref().zip(from), time, unit.session.now)?;
        let texts = unit.texts(self, referral, kept.as_ref(), may).await?;
        let others = unit.other_appointments(referral, self.id).await?;
        let mut waiting = waiting_of(referral);
        if from != Some(self.status) {
            waiting = rules::waiting_after(waiting, self.status, &others);
        }
        let kind = told_as(from, self.status);
        let after = unit.wait_for(between.referral, waiting, kind).await?;
        unit.put_appointment(self, &after, kept, time, texts)
            .await?;
        Ok(Applied::new(after.id, after.version))
    }
}

impl Save {
    fn time(&self, kept: Option<&appointment::Model>) -> Time {
        let mut ends_at = kept.and_then(|kept| kept.ends_at);
        self.ends_at.clone().apply(&mut ends_at);
        Time {
            starts_at: self.starts_at,
            ends_at,
        }
    }

    /// How much of it the caller may change on the way to the new status.
    fn allowed(&self, between: &Between, from: Option<AppointmentStatus>) -> Result<May> {
        let may = between
            .relations
            .iter()
            .filter_map(|by| rules::next(from, self.status, *by))
            .max();
        may.filter(|_| rules::goes_with(self.status, between.referral.status))
            .ok_or_else(|| Refusal::at(Problem::AppointmentNotAllowed, "status").into())
    }

    fn check_time(
        &self,
        kept: Option<(&appointment::Model, AppointmentStatus)>,
        time: Time,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let kept = kept.map(|(row, from)| (from, time_of(row)));
        let days = rules::DAYS_AHEAD;
        let (problem, path) = match rules::check_time(kept, self.status, time, now) {
            Ok(()) => return Ok(()),
            Err(WrongTime::InPast) => (Problem::InPast, "startsAt"),
            Err(WrongTime::TooFarAhead) => (Problem::TooFarAhead { days }, "startsAt"),
            Err(WrongTime::NotYet) => (Problem::InFuture, "startsAt"),
            Err(WrongTime::Fixed) => {
                let moved = kept.is_some_and(|(_, kept)| kept.starts_at != time.starts_at);
                let path = if moved { "startsAt" } else { "endsAt" };
                (Problem::AppointmentFixed, path)
            }
            Err(WrongTime::EndOutOfRange) => (Problem::EndOutOfRange, "endsAt"),
        };
        Err(Refusal::at(problem, path).into())
    }
}

const fn time_of(row: &appointment::Model) -> Time {
    Time {
        starts_at: row.starts_at,
        ends_at: row.ends_at,
    }
}

/// Where an appointment stands, now that its referral is as it is.
fn standing(row: &appointment::Model, referral: &referral::Model) -> AppointmentStatus {
    rules::standing(
        row.status,
        row.starts_at,
        is_of_owner(row, referral),
        referral.closed_at,
    )
}

/// Whether it was made in the tenure of the present owner.
fn is_of_owner(row: &appointment::Model, referral: &referral::Model) -> bool {
    referral
        .owner_since
        .is_some_and(|since| row.referral_version >= since)
}

fn told_as(from: Option<AppointmentStatus>, to: AppointmentStatus) -> JournalKind {
    if from == Some(to) {
        return JournalKind::AppointmentChanged;
    }
    match to {
        AppointmentStatus::Proposed => JournalKind::AppointmentProposed,
        AppointmentStatus::Booked => JournalKind::AppointmentBooked,
        AppointmentStatus::Fulfilled => JournalKind::AppointmentFulfilled,
        AppointmentStatus::NoShow => JournalKind::AppointmentNoShow,
        AppointmentStatus::Cancelled => JournalKind::AppointmentCancelled,
    }
}

/// The texts of an appointment, opened.
#[derive(Clone, Debug, Default, PartialEq)]
struct Texts {
    place: Option<String>,
    note: Option<String>,
}

impl Unit<'_> {
    async fn appointment(
        &self,
        referral: ReferralId,
        id: AppointmentId,
    ) -> Result<appointment::Model> {
        self.find::<appointment::Entity>()
            .filter(appointment::Column::Id.eq(id))
            .filter(appointment::Column::ReferralId.eq(referral))
            .one()
            .await?
            .ok_or_else(|| Refusal::at(Problem::NotFound, "id").into())
    }

    /// The texts as they are to be. Whoever may change the status alone may send what is there, and nothing else.
    async fn texts(
        &self,
        input: &Save,
        referral: &referral::Model,
        kept: Option<&appointment::Model>,
        may: May,
    ) -> Result<Texts> {
        let seal = self.session.seal();
        let kept_texts = match kept {
            Some(kept) => opened(seal, Wrapped::of(referral).as_ref(), kept)?,
            None => Texts::default(),
        };
        let mut texts = kept_texts.clone();
        input.place.clone().apply(&mut texts.place);
        input.note.clone().apply(&mut texts.note);
        if may == May::Status {
            let ends_at = input.time(kept).ends_at;
            let kept = kept.map(time_of);
            let fixed = [
                (
                    "startsAt",
                    kept.map(|kept| kept.starts_at) == Some(input.starts_at),
                ),
                ("endsAt", ends_at == kept.and_then(|kept| kept.ends_at)),
                ("place", texts.place == kept_texts.place),
                ("note", texts.note == kept_texts.note),
            ];
            return match fixed.into_iter().find(|(_, same)| !same) {
                Some((path, _)) => Err(Refusal::at(Problem::AppointmentFixed, path).into()),
                None => Ok(texts),
            };
        }
        let written = |new: &Option<String>, old: &Option<String>| new != old;
        let place = texts.place.as_ref();
        let place = place.filter(|_| written(&texts.place, &kept_texts.place));
        let note = texts.note.as_ref();
        let note = note.filter(|_| written(&texts.note, &kept_texts.note));
        self.check_place(referral, place).await?;
        self.check_told(referral, &[("place", place), ("note", note)])
            .await?;
        Ok(texts)
    }

    /// Where the other appointments of the owner stand. A referral has room for so many.
    async fn other_appointments(
        &self,
        referral: &referral::Model,
        but: Option<AppointmentId>,
    ) -> Result<Vec<AppointmentStatus>> {
        let rows = appointment::Entity::find()
            .filter(appointment::Column::ReferralId.eq(referral.id))
            .all(&self.work)
            .await?;
        if but.is_none() && rows.len() >= rules::MOST {
            let limit = rules::MOST;
            return Err(Refusal::at(Problem::TooMany { limit }, "referralId").into());
        }
        Ok(rows
            .iter()
            .filter(|row| Some(row.id) != but)
            .map(|row| standing(row, referral))
            .collect())
    }

    async fn put_appointment(
        &self,
        input: &Save,
        referral: &referral::Model,
        kept: Option<appointment::Model>,
        time: Time,
        texts: Texts,
    ) -> Result<()> {
        let now = self.session.now;
        let id = kept.as_ref().map(|kept| kept.id);
        let id = id.unwrap_or_else(|| AppointmentId(Uuid::now_v7()));
        let seal = |text: Option<&String>, place, path: &str| -> Result<Option<Sealed>> {
            let Some(text) = text else { return Ok(None) };
            let key = text_key(referral, path)?;
            Ok(Some(self.session.seal().seal_text(&key, place, text)?))
        };
        let mut row = appointment::ActiveModel {
            id: Set(id),
            status: Set(input.status),
            starts_at: Set(time.starts_at),
            ends_at: Set(time.ends_at),
            place: Set(seal(
                texts.place.as_ref(),
                Place::appointment_place(id),
                "place",
            )?),
            note: Set(seal(
                texts.note.as_ref(),
                Place::appointment_note(id),
                "note",
            )?),
            updated_at: Set(now),
            ..Default::default()
        };
        if kept.is_some() {
            appointment::Entity::update(row).exec(&self.work).await?;
            return Ok(());
        }
        row.referral_id = Set(referral.id);
        row.referral_version = Set(referral.version);
        row.created_at = Set(now);
        appointment::Entity::insert(row)
            .exec_without_returning(&self.work)
            .await?;
        Ok(())
    }
}

fn opened(
    seal: &super::super::Seal,
    key: Option<&Wrapped>,
    row: &appointment::Model,
) -> Result<Texts> {
    Ok(Texts {
        place: seal.open_text(key, Place::appointment_place(row.id), row.place.as_ref())?,
        note: seal.open_text(key, Place::appointment_note(row.id), row.note.as_ref())?,
    })
}

/// An appointment, where it stands now, with the key of its texts.
#[derive(Clone, Debug)]
pub struct SeenAppointment {
    pub appointment: appointment::Model,
    key: Option<Wrapped>,
    /// Who is to come.
    pub claimant: Option<ClaimantId>,
}

impl SeenAppointment {
    fn of(mut appointment: appointment::Model, shown: &Seen) -> Self {
        appointment.status = standing(&appointment, &shown.referral);
        Self {
            appointment,
            key: Wrapped::of(&shown.referral),
            claimant: shown.referral.claimant_id,
        }
    }
}

impl Session {
    /// The appointments of each referral that the caller has been shown, by their time, in one statement. One has a
    /// bounded number of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn appointments_of(
        &self,
        shown: &[Arc<Seen>],
    ) -> Result<HashMap<ReferralId, Vec<SeenAppointment>>> {
        let open: HashMap<ReferralId, &Seen> = shown
            .iter()
            .filter(|seen| seen.opens_between())
            .map(|seen| (seen.referral.id, seen.as_ref()))
            .collect();
        let mut found: HashMap<ReferralId, Vec<SeenAppointment>> = HashMap::new();
        if open.is_empty() {
            return Ok(found);
        }
        let rows = self
            .find::<appointment::Entity>()
            .filter(appointment::Column::ReferralId.is_in(open.keys().copied()))
            .select(|select| {
                select
                    .order_by_asc(appointment::Column::StartsAt)
                    .order_by_asc(appointment::Column::Id)
            })
            .all()
            .await?;
        for row in rows {
            if let Some(shown) = open.get(&row.referral_id) {
                let seen = SeenAppointment::of(row, shown);
                found.entry(shown.referral.id).or_default().push(seen);
            }
        }
        Ok(found)
    }

    /// The appointments among `ids` that the caller may read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn appointment_list_by_id(
        &self,
        ids: &[AppointmentId],
    ) -> Result<Vec<SeenAppointment>> {
        let rows = self
            .find::<appointment::Entity>()
            .filter(appointment::Column::Id.is_in(ids.iter().copied()))
            .all()
            .await?;
        let shown = self
            .shown_of(rows.iter().map(|row| row.referral_id))
            .await?;
        let seen = rows.into_iter().filter_map(|row| {
            let shown = shown.get(&row.referral_id)?;
            Some(SeenAppointment::of(row, shown))
        });
        Ok(seen.collect())
    }

    /// Where an appointment is.
    ///
    /// # Errors
    /// When it does not open.
    pub fn appointment_place(&self, seen: &SeenAppointment) -> Result<Option<String>> {
        let row = &seen.appointment;
        let place = Place::appointment_place(row.id);
        self.seal()
            .open_text(seen.key.as_ref(), place, row.place.as_ref())
    }

    /// The note of an appointment.
    ///
    /// # Errors
    /// When it does not open.
    pub fn appointment_note(&self, seen: &SeenAppointment) -> Result<Option<String>> {
        let row = &seen.appointment;
        let place = Place::appointment_note(row.id);
        self.seal()
            .open_text(seen.key.as_ref(), place, row.note.as_ref())
    }
}
