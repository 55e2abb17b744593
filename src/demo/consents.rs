//! Consents and refusals of claimants. Before a referral goes out, the domain is asked whether a consent covers it, and
//! if none does, one is given.
use chrono::{DateTime, Days, TimeDelta, Utc};
use entity::{
    Access, ConsentGiver, ConsentId, ConsentMethod, FieldGroup, FieldGroups, InterpreterKind,
    JournalKind, NeedCategories, NeedCategory, OrganizationId, OrganizationKind, SubjectType,
    consent, consent_recipient,
};

use super::{
    directory::Directory,
    draw::Draw,
    names::{CLIENT, WORKERS, served_by},
    people::{Known, is_child},
};
use crate::{
    config,
    domain::access::{self, Recipient, Wishes},
    store::seed::{Actor, Event, Seed},
};

/// A draft waits before it is sent, and an open referral before it is claimed: consent must be in force until then.
const IN_FORCE: TimeDelta = TimeDelta::days(30);

/// A consent, and what access needs to know of it.
pub(super) struct Given {
    pub(super) row: consent::Model,
    pub(super) facts: access::Consent,
}

/// To whom a consent is given.
#[derive(Clone)]
enum To {
    Organizations(Vec<OrganizationId>),
    Kinds(Vec<OrganizationKind>),
    AnyParty,
}

/// What most people agree to on the day of their registration.
pub(super) fn give_first(draw: &mut Draw, known: &mut Known, directory: &Directory) {
    if known.careful || draw.chance(30) {
        return;
    }
    let purposes: Vec<NeedCategory> = known.needs.iter().map(|need| need.category).collect();
    let to = match draw.between(0, 3) {
        0 => To::AnyParty,
        1 | 2 => To::Kinds(
            OrganizationKind::ALL
                .iter()
                .copied()
                .filter(|kind| served_by(*kind).iter().any(|need| purposes.contains(need)))
                .collect(),
        ),
        _ => To::Organizations(
            directory
                .offers
                .iter()
                .filter(|offer| purposes.iter().any(|need| offer.categories.contains(need)))
                .map(|offer| offer.by.organization)
                .filter(|organization| *organization != known.row.registering_organization_id)
                .take(2)
                .collect(),
        ),
    };
    let at = known.row.created_at + TimeDelta::minutes(draw.between(25, 55));
    give(draw, known, to, purposes, at);
}

/// The consent by which a referral for a need may go to a recipient at a moment; given shortly before, unless there is
/// one. None for the registering organization itself, which needs none.
pub(super) fn ensure(
    draw: &mut Draw,
    known: &mut Known,
    recipient: Recipient,
    category: NeedCategory,
    before: DateTime<Utc>,
) -> Option<usize> {
    if recipient.organization == known.row.registering_organization_id {
        return None;
    }
    let so_far = given_before(known, before);
    if so_far.consent_for(recipient, category, before + IN_FORCE) == Access::Granted {
        return None;
    }
    let to = match draw.between(0, 3) {
        _ if known.careful => To::Organizations(vec![recipient.organization]),
        0 => To::Kinds(vec![recipient.kind]),
        1 => To::AnyParty,
        _ => To::Organizations(vec![recipient.organization]),
    };
    let at = shortly(draw, before);
    Some(give(draw, known, to, vec![category], at))
}

/// Lets a referral for a need be offered to whoever can help.
pub(super) fn ensure_open(
    draw: &mut Draw,
    known: &mut Known,
    category: NeedCategory,
    before: DateTime<Utc>,
) {
    let so_far = given_before(known, before);
    if so_far.consent_for_open(category, before + IN_FORCE) != Access::Granted {
        let at = shortly(draw, before);
        give(draw, known, To::AnyParty, vec![category], at);
    }
}

fn given_before(known: &Known, moment: DateTime<Utc>) -> Wishes {
    let given = known.consents.iter().map(|given| &given.facts);
    Wishes {
        consents: given
            .filter(|facts| facts.given_at < moment)
            .cloned()
            .collect(),
        excluded: Vec::new(),
    }
}

fn shortly(draw: &mut Draw, before: DateTime<Utc>) -> DateTime<Utc> {
    before - TimeDelta::seconds(draw.between(120, 2_400))
}

fn give(
    draw: &mut Draw,
    known: &mut Known,
    to: To,
    purposes: Vec<NeedCategory>,
    at: DateTime<Utc>,
) -> usize {
    use FieldGroup::{Contact, Identity, Qualifications, WorkAuthorization};
    let groups = match draw.between(0, 9) {
        0..=4 => vec![Identity, Contact],
        5 | 6 => vec![Identity, Contact, WorkAuthorization, Qualifications],
        7 => vec![Identity],
        8 => vec![Contact, WorkAuthorization],
        _ => Vec::new(),
    };
    let expires_at = draw
        .weighted([
            (45, None),
            (30, Some(365)),
            (15, Some(730)),
            (10, Some(120)),
        ])
        .map(|days| at + Days::new(days));
    let id: ConsentId = draw.id(at);
    let given_by = giver(draw, known);
    let interpreter = interpreter(draw, known);
    let row = consent::Model {
        id,
        claimant_id: known.row.id,
        recorded_by_id: known.row.registering_organization_id,
        purposes: NeedCategories(purposes.clone()),
        field_groups: FieldGroups(groups.clone()),
        any_party: matches!(to, To::AnyParty),
        method: draw
            .one_of(ConsentMethod::ALL)
            .unwrap_or(ConsentMethod::Verbal),
        language: known.row.language.clone(),
        interpreter,
        given_by,
        authority: None,
        refused: false,
        given_at: at,
        expires_at,
        guardian_ends_at: own_consent(known).filter(|_| given_by != ConsentGiver::Oneself),
        withdrawn_at: None,
    };
    let (organizations, kinds) = match to {
        To::Organizations(organizations) => (organizations, Vec::new()),
        To::Kinds(kinds) => (Vec::new(), kinds),
        To::AnyParty => (Vec::new(), Vec::new()),
    };
    let facts = access::Consent {
        id,
        purposes,
        groups,
        organizations,
        kinds,
        any_party: row.any_party,
        refused: false,
        withdrawn: false,
        given_at: at,
        expires_at,
    };
    known.consents.push(Given { row, facts });
    known.consents.len() - 1
}

/// From the age of consent on, a person's own word counts; before, that of whoever may speak for the person.
fn giver(draw: &mut Draw, known: &Known) -> ConsentGiver {
    if !is_child(&known.row) {
        ConsentGiver::Oneself
    } else if draw.chance(10) {
        ConsentGiver::Representative
    } else {
        ConsentGiver::Guardian
    }
}

/// When a person comes of the age of consent, as far as a birth date says.
fn own_consent(known: &Known) -> Option<DateTime<Utc>> {
    let consent_age = config::Referral::default().consent_age.get();
    let identity = known.sealed.identity.as_ref()?;
    access::own_consent_from(
        identity.birth_date?,
        identity.birth_date_precision?,
        consent_age,
    )
}

fn interpreter(draw: &mut Draw, known: &Known) -> InterpreterKind {
    if !known.row.interpreter_needed {
        return InterpreterKind::None;
    }
    draw.weighted([
        (55, InterpreterKind::Professional),
        (20, InterpreterKind::Staff),
        (15, InterpreterKind::Volunteer),
        (10, InterpreterKind::Family),
    ])
}

/// Takes a consent back.
pub(super) fn withdraw(given: &mut Given, at: DateTime<Utc>) {
    given.row.withdrawn_at = Some(at);
    given.facts.withdrawn = true;
}

/// What concerns no referral: refusals, and consents that were taken back before anything came of them.
pub(super) fn give_apart(draw: &mut Draw, known: &mut Known, directory: &Directory) {
    let unused = NeedCategory::ALL
        .iter()
        .copied()
        .filter(|category| !known.referred.contains(category))
        .collect::<Vec<_>>();
    let Some(category) = draw.one_of(&unused) else {
        return;
    };
    let from = known.row.created_at + TimeDelta::hours(2);
    match draw.between(0, 9) {
        0 => {
            let to = match draw.between(0, 2) {
                0 => To::AnyParty,
                1 => To::Kinds(vec![OrganizationKind::EmployerNetwork]),
                _ => To::Organizations(vec![directory.provider]),
            };
            let at = draw.moment(from, draw.now);
            let index = give(draw, known, to, vec![category], at);
            let given = &mut known.consents[index];
            given.row.refused = true;
            given.facts.refused = true;
            given.row.field_groups = FieldGroups::default();
            given.facts.groups = Vec::new();
            given.row.expires_at = None;
            given.facts.expires_at = None;
        }
        1 => {
            let at = draw.moment(from, draw.now);
            let index = give(draw, known, To::AnyParty, vec![category], at);
            let withdrawn_at = draw.moment(at + TimeDelta::minutes(5), draw.now);
            if withdrawn_at > at {
                withdraw(&mut known.consents[index], withdrawn_at);
            }
        }
        _ => {}
    }
}

/// Writes down what was given, and that it was.
pub(super) fn write(draw: &mut Draw, known: &mut [Known], seed: &mut Seed) {
    for claimant in known {
        let registering = claimant.row.registering_organization_id;
        claimant.consents.sort_by_key(|given| given.row.given_at);
        for Given { row, facts } in claimant.consents.drain(..) {
            let staff = Actor {
                subject: draw.pick(WORKERS),
                client: CLIENT,
                organization: Some(registering),
            };
            let event = |kind, at, version| Event {
                at,
                by: staff,
                kind,
                subject_type: SubjectType::Consent,
                subject: row.id.0,
                version,
                reason: None,
                told: vec![registering],
            };
            let recorded = event(JournalKind::ConsentRecorded, row.given_at, 1);
            seed.events.push(recorded);
            if let Some(at) = row.withdrawn_at {
                let withdrawn = event(JournalKind::ConsentWithdrawn, at, 2);
                seed.events.push(withdrawn);
            }
            let organizations = facts.organizations.iter().map(|id| (Some(*id), None));
            let kinds = facts.kinds.iter().map(|kind| (None, Some(*kind)));
            for (organization_id, kind) in organizations.chain(kinds) {
                let recipient = consent_recipient::Model {
                    id: draw.id(row.given_at),
                    consent_id: row.id,
                    organization_id,
                    kind,
                };
                seed.consent_recipients.push(recipient);
            }
            let authority = match row.given_by {
                ConsentGiver::Oneself => None,
                ConsentGiver::Guardian => Some("Parent (demo / démo)"),
                ConsentGiver::Representative => Some("Children's aid society (demo / démo)"),
            };
            let authority = authority.map(|text| (row.id.0, text.to_owned()));
            seed.texts.extend(authority);
            seed.consents.push(row);
        }
    }
}
