//! Which referrals there are: some so that every box of the demo's three organizations has something to show, the rest
//! as they come.
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AgeBand, JournalKind, NeedCategory, NeedId, OrganizationKind, ReferralAction as Do,
    ReferralStatus, SubjectType, reroute_request,
};

use super::{
    directory::{CENTRAL, PLACES, Party},
    monday::WAITING,
    names::{CLIENT, LANGUAGES, WORKERS},
    people::{Known, is_child},
    play::{Ending, Plan, Stage, Triage, World},
};
use crate::{
    domain::{business_days::toronto_date, referral::allowed_reasons},
    store::seed::{Actor, Event},
};

pub(super) const REFERRALS: usize = 4_000;
const OPEN_IN_CENTRAL: usize = 32;
const TO_THE_PROVIDER: usize = 120;
const DRAFTS: usize = 70;
const ANONYMOUS: usize = 200;
const REROUTE_REQUESTS: usize = 12;

impl World<'_> {
    /// Plays referrals until there are as many as there should be.
    pub(super) fn fill(&mut self) {
        self.refer_arrivals();
        self.offer_openly();
        self.send_to_the_provider();
        self.draft();
        self.refer_anonymously();
        let turn = self.refer_as_it_comes(0, self.total.saturating_sub(WAITING));
        self.fill_monday();
        self.refer_as_it_comes(turn, self.total);
        self.ask_for_rerouting();
    }

    /// Goes from person to person and from need to need until so many referrals have begun; the turn that comes next.
    fn refer_as_it_comes(&mut self, from: usize, until: usize) -> usize {
        let people = self.known.len();
        for turn in from..people * 40 {
            if self.begun >= until {
                return turn;
            }
            let (index, round) = (turn % people, turn / people);
            if let Some(plan) = self.plan_as_it_comes(index, round) {
                self.play(&plan);
            }
        }
        people * 40
    }

    /// Grown-up people of the Central region whom an English or French service can help, each with a place in turn.
    pub(super) fn in_central(&self, of_the_agency: bool) -> Vec<usize> {
        let long_ago = self.draw.now - TimeDelta::days(100);
        let central = self.directory.regions.get(CENTRAL).copied();
        let fits = |known: &Known| {
            let speaks = matches!(known.row.language.as_deref(), Some("eng" | "fra"));
            known.row.region_id == central
                && (speaks || known.row.interpreter_needed)
                && !(known.careful || known.quiet || is_child(&known.row))
                && known.row.created_at < long_ago
                && known.registered_by.id != self.directory.provider
                && (!of_the_agency || known.registered_by.id == self.directory.agency)
        };
        (0..self.known.len())
            .filter(|index| fits(&self.known[*index]))
            .collect()
    }

    /// The services of the demo's provider with the need that each is for.
    pub(super) fn of_the_provider(&self) -> Vec<(usize, NeedCategory)> {
        let own = self.directory.provider;
        let offers = self.directory.offers.iter().enumerate();
        offers
            .filter(|(_, offer)| offer.by.organization == own)
            .filter_map(|(index, offer)| Some((index, *offer.categories.first()?)))
            .collect()
    }

    fn offer_openly(&mut self) {
        let (people, services) = (self.in_central(false), self.of_the_provider());
        for turn in 0..OPEN_IN_CENTRAL {
            let index = self.draw.one_of(&people);
            let (Some(index), Some((_, category))) =
                (index, services.get(turn % services.len().max(1)))
            else {
                return;
            };
            let start = self
                .draw
                .days_ago((0, 9))
                .min(self.draw.now - TimeDelta::hours(2));
            let mut plan = self.plan(index, *category, start);
            plan.open = true;
            plan.urgent = turn % 4 == 1;
            plan.fertile = false;
            if turn % 5 == 3 {
                plan.claimant = None;
                plan.need = None;
                plan.triage.party_size = Some(1);
                plan.triage.age_band = plan.triage.age_band.or(Some(AgeBand::From25To54));
            }
            self.play(&plan);
        }
    }

    fn send_to_the_provider(&mut self) {
        use Ending::{CancelledBySource, Completed, Declined, Failed, Stays};
        use Stage::{Accepted, Held, Requested, Started};
        const COURSES: [(Stage, Ending, bool, (i64, i64)); 12] = [
            (Requested, Stays, true, (4, 14)),
            (Requested, Stays, false, (0, 2)),
            (Accepted, Stays, false, (9, 20)),
            (Started, Stays, false, (25, 90)),
            (Held, Stays, false, (30, 90)),
            (Started, Completed, false, (60, 95)),
            (Requested, Stays, false, (12, 25)),
            (Started, Completed, true, (60, 95)),
            (Started, Failed, false, (60, 95)),
            (Requested, Declined, false, (20, 90)),
            (Accepted, CancelledBySource, false, (20, 90)),
            (Started, Stays, true, (20, 60)),
        ];
        let (own, others) = (self.in_central(true), self.in_central(false));
        let services = self.of_the_provider();
        for turn in 0..TO_THE_PROVIDER {
            let people = if turn % 3 == 0 { &others } else { &own };
            let index = self.draw.one_of(people);
            let (Some(index), Some((to, category))) = (index, self.draw.one_of(&services)) else {
                return;
            };
            let (stage, ending, urgent, days) = COURSES[turn % COURSES.len()];
            let start = self
                .draw
                .days_ago(days)
                .min(self.draw.now - TimeDelta::hours(1));
            let mut plan = self.plan(index, category, start);
            plan.to = Some(to);
            plan.urgent = urgent;
            (plan.stage, plan.ending) = (stage, ending);
            plan.open = ending == Completed && turn % 2 == 1;
            self.play(&plan);
        }
    }

    fn draft(&mut self) {
        let people: Vec<usize> = (0..self.known.len())
            .filter(|index| !self.known[*index].careful && !self.known[*index].quiet)
            .collect();
        for turn in 0..DRAFTS {
            let Some(index) = self.draw.one_of(&people) else {
                return;
            };
            let known = &self.known[index];
            let category = known
                .needs
                .first()
                .map_or(NeedCategory::Social, |need| need.category);
            // A draft that nobody touches for 14 days is discarded.
            let from = (known.row.created_at + TimeDelta::hours(2))
                .max(self.draw.now - TimeDelta::days(13));
            let start = self.draw.moment(from, self.draw.now - TimeDelta::hours(1));
            let mut plan = self.plan(index, category, start);
            let without = [plan.source.id];
            if turn % 4 != 0 {
                plan.to = self.choose(category, &plan.triage, &without);
            }
            plan.stage = Stage::Draft;
            plan.ending = if turn % 10 == 9 {
                Ending::Voided
            } else {
                Ending::Stays
            };
            if turn % 6 == 5 {
                plan.claimant = None;
                plan.need = None;
                plan.triage = Triage::default();
            }
            self.play(&plan);
        }
    }

    fn refer_anonymously(&mut self) {
        let sources: Vec<Party> = self
            .directory
            .parties
            .iter()
            .copied()
            .filter(|party| {
                party.active
                    && matches!(
                        party.kind,
                        OrganizationKind::SettlementAgency | OrganizationKind::EmploymentService
                    )
            })
            .collect();
        for turn in 0..ANONYMOUS {
            let Some(source) = self.draw.one_of(&sources) else {
                return;
            };
            let start = self
                .draw
                .days_ago((0, 530))
                .min(self.draw.now - TimeDelta::hours(1));
            let Some(category) = self.draw.one_of(NeedCategory::ALL) else {
                return;
            };
            let triage = self.somebody(source);
            let to = self.choose(category, &triage, &[source.id]);
            let mut plan = Plan {
                claimant: None,
                need: None,
                to,
                triage,
                ..self.blank(source, category, start)
            };
            (plan.stage, plan.ending) = self.course();
            plan.open = to.is_none() || self.draw.chance(25);
            if turn % 4 == 2 {
                plan.link = (0..self.known.len()).find(|index| {
                    let known = &self.known[*index];
                    known.registered_by.id == source.id
                        && known.row.created_at + TimeDelta::hours(2) < start
                        && !(known.careful || known.quiet)
                        && plan.triage.age_band == known.row.age_band
                });
            }
            self.play(&plan);
        }
    }

    fn somebody(&mut self, source: Party) -> Triage {
        let region = source
            .place
            .and_then(|place| self.directory.regions.get(PLACES[place].region));
        let language = if self.draw.chance(40) {
            "fra"
        } else {
            self.draw.pick(LANGUAGES)
        };
        Triage {
            region: region.copied(),
            language: Some(language.to_owned()),
            interpreter_needed: Some(language != "fra"),
            age_band: Some(self.draw.weighted([
                (60, AgeBand::From25To54),
                (30, AgeBand::From19To24),
                (10, AgeBand::From65),
            ])),
            party_size: i32::try_from(self.draw.between(1, 6)).ok(),
        }
    }

    fn plan_as_it_comes(&mut self, index: usize, round: usize) -> Option<Plan> {
        let known = self.known.get(index)?;
        let need = known.needs.get(round % known.needs.len().max(1))?;
        // What is wanted later waits until then.
        if need.wanted_from > Some(toronto_date(self.draw.now)) {
            return None;
        }
        let category = need.category;
        let careful = known.careful;
        if known.quiet || (careful && known.referred.contains(&category)) {
            return None;
        }
        let registered = known.row.created_at;
        let (stage, mut ending) = self.course();
        let mut stage = stage;
        if careful && round == 0 {
            ending = Ending::Withdrawn;
            stage = self
                .draw
                .pick([Stage::Requested, Stage::Accepted, Stage::Started]);
        }
        let mut from = registered + TimeDelta::hours(2);
        let mut to = self.draw.now - TimeDelta::hours(1);
        if ending == Ending::Stays {
            let days = match stage {
                Stage::Draft | Stage::Requested => 40,
                Stage::Accepted => 21,
                Stage::Started | Stage::Held => 150,
            };
            from = from.max(self.draw.now - TimeDelta::days(days));
        } else if self.draw.chance(55) {
            to = to.min(from + TimeDelta::days(60));
        }
        if from >= to {
            return None;
        }
        let start = self.draw.moment(from, to);
        let mut plan = self.plan(index, category, start);
        (plan.stage, plan.ending) = (stage, ending);
        plan.to = self.choose(category, &plan.triage, &[plan.source.id]);
        let target = self.offer(plan.to)?.by.organization;
        plan.via_draft = self.draw.chance(18);
        plan.open = !careful && self.draw.chance(12);
        if plan.open && ending == Ending::Stays && stage == Stage::Requested {
            plan.to = None;
        } else if !careful && !plan.open && self.draw.chance(5) {
            plan.first_to = self.choose(category, &plan.triage, &[plan.source.id, target]);
        }
        Some(plan)
    }

    /// How far a referral comes, and how it ends.
    fn course(&mut self) -> (Stage, Ending) {
        use Stage::{Accepted, Held, Requested, Started};
        let ending = self.draw.weighted([
            (42, Ending::Completed),
            (7, Ending::Failed),
            (10, Ending::Declined),
            (6, Ending::CancelledBySource),
            (3, Ending::CancelledByOwner),
            (2, Ending::Voided),
            (30, Ending::Stays),
        ]);
        let stage = match ending {
            Ending::Completed | Ending::Failed => {
                self.draw
                    .weighted([(8, Accepted), (80, Started), (12, Held)])
            }
            Ending::Declined => Requested,
            Ending::CancelledBySource => self.draw.pick([Requested, Requested, Accepted, Started]),
            Ending::CancelledByOwner => self.draw.pick([Accepted, Started, Held]),
            Ending::Voided | Ending::Withdrawn => self.draw.pick([Requested, Accepted, Started]),
            Ending::Stays => {
                self.draw
                    .weighted([(25, Requested), (12, Accepted), (38, Started), (25, Held)])
            }
        };
        (stage, ending)
    }

    /// A request for one of the claimants, to nobody yet.
    pub(super) fn plan(
        &mut self,
        index: usize,
        category: NeedCategory,
        start: DateTime<Utc>,
    ) -> Plan {
        let known = &self.known[index];
        let source = known.registered_by;
        let need: Option<NeedId> = known
            .needs
            .iter()
            .find(|need| need.category == category)
            .map(|need| need.id);
        let facts = Triage {
            region: known.row.region_id,
            language: known.row.language.clone(),
            interpreter_needed: Some(known.row.interpreter_needed),
            age_band: known.row.age_band,
            party_size: None,
        };
        let mut plan = self.blank(source, category, start);
        plan.triage = Triage {
            party_size: plan.triage.party_size,
            ..facts
        };
        plan.claimant = Some(index);
        plan.need = need;
        plan
    }

    fn blank(&mut self, source: Party, category: NeedCategory, start: DateTime<Utc>) -> Plan {
        let party_size = i32::try_from(self.draw.between(1, 5)).ok();
        Plan {
            source,
            claimant: None,
            link: None,
            category,
            need: None,
            to: None,
            first_to: None,
            open: false,
            urgent: self.draw.chance(18),
            start,
            via_draft: false,
            stage: Stage::Requested,
            ending: Ending::Stays,
            triage: Triage {
                party_size,
                ..Triage::default()
            },
            part_of: None,
            replaces: None,
            fertile: true,
        }
    }

    /// The ministry asks some sources to address a request anew.
    fn ask_for_rerouting(&mut self) {
        let ministry = self.directory.ministry;
        let waiting: Vec<_> = self
            .seed
            .referrals()
            .filter(|row| row.status == ReferralStatus::Requested && row.region_id.is_some())
            .filter(|row| row.updated_at < self.draw.now - TimeDelta::days(3))
            .take(REROUTE_REQUESTS)
            .map(|row| (row.id, row.source_id, row.version, row.updated_at))
            .collect();
        for (referral, source, version, since) in waiting {
            let at = self.draw.moment(
                since + TimeDelta::hours(4),
                self.draw.now - TimeDelta::hours(1),
            );
            let Some(reason) = self.draw.one_of(allowed_reasons(Do::Reroute.into())) else {
                return;
            };
            self.seed.reroute_requests.push(reroute_request::Model {
                id: self.draw.id(at),
                referral_id: referral,
                requested_by_id: ministry,
                service_id: None,
                reason,
                created_at: at,
            });
            self.seed.events.push(Event {
                at,
                by: Actor {
                    subject: WORKERS[0],
                    client: CLIENT,
                    organization: Some(ministry),
                },
                kind: JournalKind::RerouteRequested,
                subject_type: SubjectType::Referral,
                subject: referral.0,
                version,
                reason: Some(reason),
                told: vec![source, ministry],
            });
        }
    }
}
