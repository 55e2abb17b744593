//! Families of four who came of late to the demo's agency: one of them sixteen, no language in common, a telephone that
//! somebody dangerous answers, a home wanted at once and work in sixty days. Nobody is meant.
use std::ops::Range;

use chrono::{DateTime, Days, TimeDelta, Utc};
use entity::{
    AgeBand, ContactKind, ContactPermission, Language, NeedCategory, NeedStatus, Safety, claimant,
    need,
};

use super::{
    directory::telephone,
    draw::Draw,
    names::LANGUAGES,
    people::Age,
    play::{Ending, Stage, World},
};
use crate::{
    domain::business_days::toronto_date,
    store::{
        claimant::register::SealedPart,
        need::usual_priority,
        sealed::{Contact, ContactPoint},
    },
};

/// The first of them among the claimants, who are numbered by the day of their registration.
const FIRST: usize = 960;
const FAMILIES: usize = 6;
const PEOPLE: usize = 4;
/// From one registration to the next in one sitting.
const SITTING: TimeDelta = TimeDelta::minutes(12);
/// After how many days work is wanted.
const WORK_AFTER: Days = Days::new(60);

/// A place in one of the families.
#[derive(Clone, Copy)]
pub(super) struct Member {
    family: usize,
    place: usize,
}

/// Which place the claimant of this number has in one of them, if any.
pub(super) fn member(number: usize) -> Option<Member> {
    let place = number.checked_sub(FIRST)?;
    (place < FAMILIES * PEOPLE).then_some(Member {
        family: place / PEOPLE,
        place: place % PEOPLE,
    })
}

/// The numbers of each family's members, the mother's first.
pub(super) fn families() -> impl Iterator<Item = Range<usize>> {
    (0..FAMILIES).map(|family| {
        let mother = FIRST + family * PEOPLE;
        mother..mother + PEOPLE
    })
}

/// Has each family registered in one sitting, when its first was to be.
pub(super) fn gather(moments: &mut [DateTime<Utc>]) {
    for family in families() {
        let Some(sitting) = moments.get_mut(family) else {
            return;
        };
        let mut at = sitting.first().copied();
        for moment in sitting {
            *moment = at.unwrap_or(*moment);
            at = at.map(|at| at + SITTING);
        }
    }
}

impl Member {
    /// A mother, her own, one of sixteen, and a child.
    pub(super) fn age(self, draw: &mut Draw) -> Age {
        let (band, years) = match self.place {
            0 => (AgeBand::From25To54, 34),
            1 => (AgeBand::From55To64, 58),
            2 => (AgeBand::From16To17, 16),
            _ => (AgeBand::Under12, 6),
        };
        Age {
            band,
            years,
            days: draw.between(1, 100),
        }
    }

    /// What is known of all of a family.
    pub(super) fn shape(self, row: &mut claimant::Model, sealed: &mut SealedPart) {
        let language = LANGUAGES.get(self.family).map(|code| (*code).to_owned());
        row.language = language;
        row.official_language = Some(Language::En);
        row.interpreter_needed = true;
        row.location_protected = true;
        sealed.contact = Some(Contact {
            permission: ContactPermission::ViaAgencyOnly,
            points: vec![ContactPoint {
                kind: ContactKind::Phone,
                value: telephone(self.family),
                safety: Safety::Unsafe,
                shared: true,
                may_leave_message: false,
                note: Some(
                    "Somebody dangerous answers it. / Quelqu'un de dangereux y répond.".to_owned(),
                ),
            }],
        });
    }

    /// A home at once and work later, of whoever speaks for the family; none where the usual ones are drawn.
    pub(super) fn needs(self, draw: &mut Draw, row: &claimant::Model) -> Option<Vec<need::Model>> {
        if self.place > 0 {
            return None;
        }
        let at = row.created_at + TimeDelta::minutes(3);
        let later = toronto_date(at).checked_add_days(WORK_AFTER);
        let employment = NeedCategory::Employment;
        let needs = [
            (NeedCategory::Housing, 1, None),
            (employment, usual_priority(employment), later),
        ];
        let needs = needs.map(|(category, priority, wanted_from)| need::Model {
            id: draw.id(at),
            claimant_id: row.id,
            category,
            priority,
            status: NeedStatus::Open,
            wanted_from,
            created_at: at,
            updated_at: at,
            told_wanted_from: None,
        });
        Some(needs.into())
    }
}

impl World<'_> {
    /// Each family is referred for a home, and each stands elsewhere on the way to one.
    pub(super) fn refer_arrivals(&mut self) {
        use Ending::{Completed, Declined, Stays};
        use Stage::{Accepted, Held, Requested, Started};
        const COURSES: [(Stage, Ending); FAMILIES] = [
            (Requested, Stays),
            (Accepted, Stays),
            (Started, Stays),
            (Held, Stays),
            (Started, Completed),
            (Requested, Declined),
        ];
        for (family, course) in families().zip(COURSES) {
            let mother = self.known.get(family.start);
            let Some(registered) = mother.map(|known| known.row.created_at) else {
                return;
            };
            let start = registered + TimeDelta::hours(3);
            let mut plan = self.plan(family.start, NeedCategory::Housing, start);
            plan.triage.party_size = i32::try_from(PEOPLE).ok();
            plan.urgent = true;
            plan.fertile = false;
            (plan.stage, plan.ending) = course;
            let own = [plan.source.id, self.directory.provider];
            plan.to = self.choose(NeedCategory::Housing, &plan.triage, &own);
            self.play(&plan);
        }
    }
}
