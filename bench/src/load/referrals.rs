//! Referrals on their way. The domain's workflow is asked before each step, so that no course holds one that the API
//! would refuse; what a step changes beside the status is what the store changes with it.
use chrono::{DateTime, TimeDelta, Utc};
use claimant_gateway::{
    domain::{
        business_days::{Closures, due_at, toronto_date, toronto_month},
        referral::{Action, Facts, Relation, next},
    },
    store::seed::{Actor, Course, Seed, Step},
};
use entity::{
    AgeBand, DecidedBy, JournalKind, NeedCategory, OrganizationId, OutcomeKind,
    ReferralAction as Do, ReferralPriority, ReferralStatus, ReferralStatusReason as Reason,
    outcome, referral,
};

use super::{
    CLIENT, WORKER,
    directory::{Directory, Offer},
    draw::Draw,
    people::Known,
};

/// Where a referral comes to, of a hundred.
const ENDS: [(u32, End); 10] = [
    (3, End::Draft),
    (3, End::Open),
    (13, End::Requested),
    (10, End::Accepted),
    (13, End::Started),
    (4, End::Held),
    (13, End::Declined),
    (15, End::Cancelled),
    (24, End::Completed),
    (2, End::Failed),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Draft,
    Open,
    Requested,
    Accepted,
    Started,
    Held,
    Declined,
    Cancelled,
    Completed,
    Failed,
}

const SUMMARIES: [&str; 4] = [
    "Arrived lately and asks for a first appointment this month.",
    "Arrivée récente; demande un premier rendez-vous ce mois-ci.",
    "Needs help with forms and with the way to the office.",
    "Peut se déplacer; préfère le matin.",
];

/// A referral on its way.
struct Run<'d> {
    draw: &'d mut Draw,
    row: referral::Model,
    course: Course,
    clock: DateTime<Utc>,
    now: DateTime<Utc>,
}

/// Makes one referral of a claimant, or of somebody not named yet.
pub fn refer(
    draw: &mut Draw,
    seed: &mut Seed,
    directory: &Directory,
    known: &Known,
    (turn, now): (usize, DateTime<Utc>),
) {
    let category = match turn {
        0 => NeedCategory::ALL
            .iter()
            .position(|each| *each == known.category),
        _ => Some(draw.below(NeedCategory::ALL.len())),
    };
    let category = category.unwrap_or_default();
    let Some(offer) = offer(draw, directory, known, category) else {
        return;
    };
    let end = draw.weighted(&ENDS).unwrap_or(End::Requested);
    let anonymous = draw.chance(2);
    let begins = draw.later(known.row.created_at, (1, 24 * 60));
    // What came lately is still on its way.
    let start = begins.min(now - TimeDelta::minutes(5));
    let mut row = created(draw, known, (category, offer), start);
    if turn > 0 || anonymous {
        row.need_id = None;
    }
    if anonymous {
        row.claimant_id = None;
        row.registering_organization_id = None;
    }
    if end == End::Open {
        row.owner_id = None;
        row.service_id = None;
    }
    if end != End::Draft {
        address(&mut row, start);
    }
    let mut run = Run {
        draw: &mut *draw,
        row,
        course: Course::default(),
        clock: start,
        now,
    };
    run.push(known.by.id, JournalKind::ReferralCreated, None);
    run.go(end, offer.by);
    run.settle();
    let (row, course) = (run.row, run.course);
    if draw.chance(80) {
        let text = SUMMARIES[draw.below(SUMMARIES.len())];
        seed.texts.insert(row.id.0, text.to_owned());
    }
    put_outcome(draw, seed, &row);
    seed.courses.push(course);
}

/// A service for the need, of somebody else than the source, to whom the person may be known.
fn offer(draw: &mut Draw, directory: &Directory, known: &Known, category: usize) -> Option<Offer> {
    let (offers, busy) = (
        &directory.offers[category],
        &directory.busy_offers[category],
    );
    (0..8)
        .filter_map(|_| offers.get(draw.place(busy)).copied())
        .find(|offer| Some(offer.by) != known.excluded && offer.by != known.by.id)
}

fn created(
    draw: &mut Draw,
    known: &Known,
    (category, offer): (usize, Offer),
    at: DateTime<Utc>,
) -> referral::Model {
    referral::Model {
        linked_at: None,
        sub_status_before: None,
        id: draw.id(at),
        reference: draw.reference(),
        status: ReferralStatus::Draft,
        sub_status: None,
        status_reason: None,
        decided_by: None,
        priority: if draw.chance(15) {
            ReferralPriority::Urgent
        } else {
            ReferralPriority::Routine
        },
        category: NeedCategory::ALL[category],
        summary: None,
        source_id: known.by.id,
        owner_id: Some(offer.by),
        owner_access: false,
        owner_since: None,
        claimant_id: Some(known.row.id),
        registering_organization_id: Some(known.by.id),
        need_id: Some(known.need),
        service_id: Some(offer.id),
        region_id: known.row.region_id,
        language: known.row.language.clone(),
        interpreter_needed: Some(known.row.interpreter_needed),
        age_band: Some(AgeBand::From25To54),
        party_size: Some(1),
        assignee: None,
        part_of_id: None,
        replaces_id: None,
        due_at: None,
        review_at: None,
        created_at: at,
        created_month: toronto_month(at),
        updated_at: at,
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

/// Sends a referral: its recipient becomes a party, and an answer is due.
fn address(row: &mut referral::Model, at: DateTime<Utc>) {
    let days = match row.priority {
        ReferralPriority::Urgent => 1,
        ReferralPriority::Routine => 5,
    };
    row.status = ReferralStatus::Requested;
    row.sent_at = Some(at);
    row.due_at = Some(due_at(at, days, &Closures::default()));
    row.owner_access = row.owner_id.is_some();
    row.owner_since = row.owner_id.map(|_| row.version);
}

impl Run<'_> {
    fn go(&mut self, end: End, owner: OrganizationId) -> Option<()> {
        use JournalKind as Kind;
        match end {
            End::Draft | End::Open | End::Requested => return None,
            End::Declined => {
                self.wait((2, 120))?;
                return self.close(
                    (Do::Decline, Relation::Owner, owner),
                    Kind::ReferralDeclined,
                    Reason::AtCapacity,
                );
            }
            End::Cancelled => {
                self.wait((2, 200))?;
                let source = self.row.source_id;
                return self.close(
                    (Do::Cancel, Relation::Source, source),
                    Kind::ReferralCancelled,
                    Reason::ReferredElsewhere,
                );
            }
            End::Accepted | End::Started | End::Held | End::Completed | End::Failed => {}
        }
        self.wait((2, 100))?;
        let at = self.clock;
        self.act((Do::Accept, owner), Kind::ReferralAccepted, None, |row| {
            row.answered_at = Some(at);
        })?;
        if end == End::Accepted {
            return None;
        }
        if matches!(end, End::Started | End::Held) {
            self.wait((2, 60))?;
            let at = self.clock;
            self.act((Do::Start, owner), Kind::ReferralStarted, None, |row| {
                row.contacted_at = Some(at);
            })?;
        }
        match end {
            End::Held => {
                self.wait((8, 120))?;
                let (reason, review) = (Some(Reason::AtCapacity), self.clock + TimeDelta::days(30));
                self.act((Do::Hold, owner), Kind::ReferralHeld, reason, |row| {
                    row.status_reason = reason;
                    row.decided_by = Some(DecidedBy::Provider);
                    row.review_at = Some(review);
                })
            }
            End::Completed => {
                self.wait((24, 900))?;
                let done = (Do::Complete, Relation::Owner, owner);
                self.end(done, Kind::ReferralCompleted, None)
            }
            End::Failed => {
                self.wait((24, 500))?;
                let done = (Do::Fail, Relation::Owner, owner);
                self.end(done, Kind::ReferralFailed, Some(Reason::CannotContact))
            }
            End::Draft
            | End::Open
            | End::Requested
            | End::Accepted
            | End::Started
            | End::Declined
            | End::Cancelled => None,
        }
    }

    /// The moment of the next step, unless it has not come yet.
    fn wait(&mut self, hours: (u32, u32)) -> Option<()> {
        let at = self.draw.later(self.clock, hours);
        (at < self.now).then(|| self.clock = at)
    }

    /// Something that the owner does.
    fn act(
        &mut self,
        (action, owner): (Do, OrganizationId),
        kind: JournalKind,
        reason: Option<Reason>,
        change: impl FnOnce(&mut referral::Model),
    ) -> Option<()> {
        self.step((action, Relation::Owner, owner), kind, reason, change)
    }

    /// Something that ends the access of the owner.
    fn close(
        &mut self,
        doing: (Do, Relation, OrganizationId),
        kind: JournalKind,
        reason: Reason,
    ) -> Option<()> {
        self.end(doing, kind, Some(reason))?;
        self.row.owner_access = false;
        self.course.steps.last_mut()?.after.owner_access = false;
        Some(())
    }

    fn end(
        &mut self,
        doing: (Do, Relation, OrganizationId),
        kind: JournalKind,
        reason: Option<Reason>,
    ) -> Option<()> {
        let at = self.clock;
        self.step(doing, kind, reason, |row| {
            row.status_reason = reason;
            row.closed_at = Some(at);
            row.answered_at = row.answered_at.or(Some(at));
        })
    }

    fn step(
        &mut self,
        (action, by, organization): (Do, Relation, OrganizationId),
        kind: JournalKind,
        reason: Option<Reason>,
        change: impl FnOnce(&mut referral::Model),
    ) -> Option<()> {
        let facts = Facts {
            estranged: false,
            status: Some(self.row.status),
            has_owner: self.row.owner_id.is_some(),
            anonymous: self.row.claimant_id.is_none(),
            open_children: false,
            replaced: false,
        };
        let next = next(&facts, Action::Api(action), by).ok()?;
        self.row.status = next.status;
        self.row.version += 1;
        self.row.updated_at = self.clock;
        change(&mut self.row);
        self.push(organization, kind, reason);
        Some(())
    }

    fn push(&mut self, by: OrganizationId, kind: JournalKind, reason: Option<Reason>) {
        self.course.steps.push(Step {
            at: self.clock,
            by: Actor {
                subject: WORKER,
                client: CLIENT,
                organization: Some(by),
            },
            kind,
            reason,
            note: None,
            after: self.row.clone(),
        });
    }

    /// What came due by now was told: the timers have caught up.
    fn settle(&mut self) {
        let row = &mut self.row;
        row.told_due_at = row.due_at.filter(|due| *due < self.now);
        row.told_review_at = row.review_at.filter(|due| *due <= self.now);
        if let Some(step) = self.course.steps.last_mut() {
            step.after = row.clone();
        }
    }
}

/// What became of it.
fn put_outcome(draw: &mut Draw, seed: &mut Seed, row: &referral::Model) {
    let kind = match row.status {
        ReferralStatus::Completed => OutcomeKind::InformationOnly,
        ReferralStatus::Failed => OutcomeKind::UnresolvedContact,
        ReferralStatus::Draft
        | ReferralStatus::Requested
        | ReferralStatus::Accepted
        | ReferralStatus::InProgress
        | ReferralStatus::OnHold
        | ReferralStatus::Rejected
        | ReferralStatus::Cancelled
        | ReferralStatus::EnteredInError => return,
    };
    let Some(owner) = row.owner_id else { return };
    let at = row.updated_at;
    seed.outcomes.push(outcome::Model {
        id: draw.id(at),
        referral_id: row.id,
        claimant_id: row.claimant_id,
        recorded_by_id: owner,
        kind,
        date: toronto_date(at),
        note: None,
        follow_up_on: None,
        created_at: at,
        told_follow_up_on: None,
    });
}
