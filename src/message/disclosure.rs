//! What was shown of a person, told to that person: one sentence, in plain words, that names nobody.
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use entity::{FieldGroup, Language, NeedCategory};

use super::code::Labelled;
use crate::domain::business_days::toronto_date;

/// What there is to tell.
#[derive(Clone, Debug)]
pub struct Shown<'a> {
    pub organization: &'a str,
    pub at: DateTime<Utc>,
    pub groups: &'a [FieldGroup],
    /// What the person was referred for.
    pub need: Option<NeedCategory>,
    pub consent_given_at: Option<DateTime<Utc>>,
    /// Whether it was shown to the organization that registered the person.
    pub registering: bool,
}

/// The sentence, spoken to the person.
pub fn sentence(shown: &Shown<'_>, language: Language) -> String {
    let on = day(toronto_date(shown.at), language);
    let things: Vec<&str> = shown
        .groups
        .iter()
        .map(|group| thing(*group, language))
        .collect();
    let need = shown.need.map(|need| need.label(language).to_lowercase());
    let consent = shown
        .consent_given_at
        .map(|at| day(toronto_date(at), language));
    let organization = shown.organization;
    let mut text = match language {
        Language::En => format!(
            "On {on}, {organization} was shown {}",
            listed(&things, "and")
        ),
        Language::Fr => format!(
            "Le {on}, les renseignements suivants ont été montrés à {organization} : {}",
            listed(&things, "et")
        ),
    };
    if let Some(need) = need {
        text.push_str(&match language {
            Language::En => format!(", for the referral made for you ({need})"),
            Language::Fr => format!(", pour l'aiguillage fait pour vous ({need})"),
        });
    }
    if let Some(consent) = consent {
        text.push_str(&match language {
            Language::En => format!(", under the consent given on {consent}"),
            Language::Fr => format!(", selon le consentement donné le {consent}"),
        });
    }
    if shown.registering {
        text.push_str(match language {
            Language::En => ", as the organization that registered you",
            Language::Fr => ", à titre d'organisme qui a fait votre inscription",
        });
    }
    text.push('.');
    text
}

const fn thing(group: FieldGroup, language: Language) -> &'static str {
    let (en, fr) = match group {
        FieldGroup::Identity => (
            "your name and birth date",
            "votre nom et votre date de naissance",
        ),
        FieldGroup::Contact => ("how to reach you", "la façon de vous joindre"),
        FieldGroup::Identifiers => (
            "the last characters of your document numbers",
            "les derniers caractères de vos numéros de documents",
        ),
        FieldGroup::ClaimStatus => (
            "the stage of your refugee claim",
            "l'étape de votre demande d'asile",
        ),
        FieldGroup::WorkAuthorization => (
            "whether you may work in Canada",
            "si vous avez le droit de travailler au Canada",
        ),
        FieldGroup::Qualifications => (
            "your qualifications and languages",
            "vos qualifications et vos langues",
        ),
        FieldGroup::FreeText => (
            "what was written about you",
            "ce qui a été écrit à votre sujet",
        ),
    };
    match language {
        Language::En => en,
        Language::Fr => fr,
    }
}

fn listed(things: &[&str], and: &str) -> String {
    match things {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {and} {last}", first.join(", ")),
    }
}

const MONTHS: [(&str, &str); 12] = [
    ("January", "janvier"),
    ("February", "février"),
    ("March", "mars"),
    ("April", "avril"),
    ("May", "mai"),
    ("June", "juin"),
    ("July", "juillet"),
    ("August", "août"),
    ("September", "septembre"),
    ("October", "octobre"),
    ("November", "novembre"),
    ("December", "décembre"),
];

fn day(date: NaiveDate, language: Language) -> String {
    let (en, fr) = MONTHS[date.month0() as usize];
    let (day, year) = (date.day(), date.year());
    match (language, day) {
        (Language::En, _) => format!("{en} {day}, {year}"),
        (Language::Fr, 1) => format!("1er {fr} {year}"),
        (Language::Fr, _) => format!("{day} {fr} {year}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(groups: &[FieldGroup]) -> Shown<'_> {
        Shown {
            organization: "Test provider",
            at: "2026-06-02T02:00:00Z".parse().unwrap(),
            groups,
            need: Some(NeedCategory::Employment),
            consent_given_at: Some("2026-05-20T12:00:00Z".parse().unwrap()),
            registering: false,
        }
    }

    #[test]
    fn the_sentence_says_who_when_what_why_and_under_which_consent() {
        let groups = [
            FieldGroup::Identity,
            FieldGroup::Contact,
            FieldGroup::FreeText,
        ];
        assert_eq!(
            sentence(&shown(&groups), Language::En),
            "On June 1, 2026, Test provider was shown your name and birth date, how to reach you and what was written \
             about you, for the referral made for you (employment), under the consent given on May 20, 2026."
        );
        assert_eq!(
            sentence(&shown(&groups), Language::Fr),
            "Le 1er juin 2026, les renseignements suivants ont été montrés à Test provider : votre nom et votre date de \
             naissance, la façon de vous joindre et ce qui a été écrit à votre sujet, pour l'aiguillage fait pour vous \
             (emploi), selon le consentement donné le 20 mai 2026."
        );
    }

    #[test]
    fn without_a_referral_it_says_that_the_organization_registered_the_person() {
        let groups = [FieldGroup::WorkAuthorization];
        let own = Shown {
            need: None,
            consent_given_at: None,
            registering: true,
            ..shown(&groups)
        };
        assert_eq!(
            sentence(&own, Language::En),
            "On June 1, 2026, Test provider was shown whether you may work in Canada, as the organization that \
             registered you."
        );
    }
}
