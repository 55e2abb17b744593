//! What some services of the demo ask of whoever is referred to them. Every rule is made up: none has a source, and each
//! reason says so. Rules about sealed facts are the ministry's, as anywhere.
use chrono::TimeDelta;
use entity::{
    AgeBand, ClaimStage, EligibilityCondition, JournalKind, NeedCategory, OrganizationId,
    SubjectType, eligibility_rule,
};

use super::{
    directory::{Directory, Offer, opening},
    draw::Draw,
    names::{CLIENT, WORKERS},
};
use crate::{
    domain::business_days::toronto_date,
    store::seed::{Actor, Event, Seed},
};

/// A condition with its reason, English and French.
type Rule = (EligibilityCondition, &'static str, &'static str);

/// From every so many-th offer of its kind on, so that many services ask nothing.
const ONE_IN: usize = 3;

/// What the ministry asks for services that meet a need.
fn of_ministry(category: NeedCategory) -> Option<Rule> {
    match category {
        NeedCategory::Employment | NeedCategory::EmployerConnection => Some((
            EligibilityCondition::WorkAuthorization { valid_for_days: 30 },
            "For people who may work for at least another 30 days (a rule made up for the demo).",
            "Pour les personnes autorisées à travailler pendant au moins 30 jours encore (règle inventée pour la démo).",
        )),
        NeedCategory::Training => Some((
            EligibilityCondition::LanguageLevel {
                language: "eng".to_owned(),
                level: 4,
            },
            "Given in English: at least CLB 4 in each skill (a rule made up for the demo).",
            "Donné en anglais : au moins le NCLC 4 dans chaque compétence (règle inventée pour la démo).",
        )),
        NeedCategory::CredentialRecognition => Some((
            EligibilityCondition::Stage {
                stages: vec![
                    ClaimStage::EligibilityPending,
                    ClaimStage::ReferredToIrb,
                    ClaimStage::AcceptedProtected,
                ],
            },
            "For people whose claim is under way or accepted (a rule made up for the demo).",
            "Pour les personnes dont la demande est en cours ou acceptée (règle inventée pour la démo).",
        )),
        NeedCategory::Housing
        | NeedCategory::Health
        | NeedCategory::Food
        | NeedCategory::Income
        | NeedCategory::Legal
        | NeedCategory::Language
        | NeedCategory::Childcare
        | NeedCategory::Transport
        | NeedCategory::DigitalAccess
        | NeedCategory::Social => None,
    }
}

/// What an organization asks for its own services, about nothing that is sealed.
fn of_provider(offer: &Offer) -> Vec<Rule> {
    let mut rules = Vec::new();
    let for_adults = offer.categories.iter().any(|category| {
        matches!(
            category,
            NeedCategory::Employment | NeedCategory::Training | NeedCategory::EmployerConnection
        )
    });
    if for_adults {
        rules.push((
            EligibilityCondition::AgeBand {
                bands: AgeBand::ALL
                    .iter()
                    .copied()
                    .filter(|band| *band >= AgeBand::From16To17)
                    .collect(),
            },
            "From 16 years of age (a rule made up for the demo).",
            "À partir de 16 ans (règle inventée pour la démo).",
        ));
    }
    if !offer.regions.is_empty() {
        rules.push((
            EligibilityCondition::Region {
                regions: offer.regions.clone(),
            },
            "For people who live in the region (a rule made up for the demo).",
            "Pour les personnes qui habitent la région (règle inventée pour la démo).",
        ));
    }
    rules
}

pub(super) fn write(draw: &mut Draw, directory: &Directory, seed: &mut Seed) {
    for (number, offer) in directory.offers.iter().enumerate() {
        let own = offer.by.organization;
        if own != directory.provider && number % ONE_IN > 0 {
            continue;
        }
        for category in &offer.categories {
            if let Some(rule) = of_ministry(*category) {
                put(draw, seed, (offer, directory.ministry), rule);
            }
        }
        for rule in of_provider(offer) {
            put(draw, seed, (offer, own), rule);
        }
    }
}

fn put(
    draw: &mut Draw,
    seed: &mut Seed,
    (offer, by): (&Offer, OrganizationId),
    (condition, english, french): Rule,
) {
    let at = opening(draw.now) + TimeDelta::days(1);
    seed.events.push(Event {
        at,
        by: Actor {
            subject: WORKERS[0],
            client: CLIENT,
            organization: Some(by),
        },
        kind: JournalKind::EligibilityRuleSaved,
        subject_type: SubjectType::Service,
        subject: offer.service.0,
        version: 0,
        reason: None,
        told: vec![offer.by.organization, by],
    });
    seed.eligibility_rules.push(eligibility_rule::Model {
        id: draw.id(at),
        service_id: offer.service,
        organization_id: by,
        condition,
        reason_en: english.to_owned(),
        reason_fr: french.to_owned(),
        source_url: None,
        valid_from: toronto_date(at),
        valid_to: None,
        created_at: at,
        updated_at: at,
        version: 1,
    });
}
