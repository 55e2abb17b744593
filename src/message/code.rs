//! The label of every code, and a description where a label alone would leave a worker guessing. Each enumeration has
//! one exhaustive table with both languages side by side: a new value does not compile without both. Machine codes stay
//! in `entity` and never change with the language.
//!
//! French words are those of Ontario: *aiguillage*, *demandeur d'asile*, *fournisseur de services*, *organisme
//! d'établissement*.
use entity::{
    Access, AgeBand, CapacityStatus, ClaimStage, CodeSet, FeedbackTopic, Language, NeedCategory,
    OrganizationKind, OutcomeKind, ReferralPhase, ReferralStatus, ReferralStatusReason,
    ReferralSubStatus, ServiceStatus,
};

mod claimant;
mod directory;
mod referral;
mod report;

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bilingual {
    pub en: &'static str,
    pub fr: &'static str,
}

impl Bilingual {
    /// The text in one language.
    pub const fn get(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Fr => self.fr,
        }
    }
}

/// A code that people read.
pub trait Labelled: Copy {
    /// The words for it in both languages.
    fn words(self) -> Words;

    /// What it is called.
    fn label(self, language: Language) -> &'static str {
        self.words().label.get(language)
    }

    /// What it means, where the label does not say all.
    fn description(self, language: Language) -> Option<&'static str> {
        self.words()
            .description
            .map(|description| description.get(language))
    }
}

/// What there is to read about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    pub label: Bilingual,
    pub description: Option<Bilingual>,
}

/// Gives every value of an enumeration its label, English then French, and its description after an arrow.
macro_rules! labels {
    ($($code:ident { $($value:ident: $en:literal, $fr:literal $(=> $about_en:literal, $about_fr:literal)?;)+ })+) => {$(
        impl $crate::message::code::Labelled for entity::$code {
            fn words(self) -> $crate::message::code::Words {
                match self {$(
                    Self::$value => $crate::message::code::Words {
                        label: $crate::message::code::Bilingual { en: $en, fr: $fr },
                        description: $crate::message::code::labels!(@about $($about_en, $about_fr)?),
                    },
                )+}
            }
        }
    )+};
    (@about) => { None };
    (@about $en:literal, $fr:literal) => { Some($crate::message::code::Bilingual { en: $en, fr: $fr }) };
}
use labels;

/// One row of a set of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeEntry {
    pub value: &'static str,
    pub label_en: &'static str,
    pub label_fr: &'static str,
    pub description_en: Option<&'static str>,
    pub description_fr: Option<&'static str>,
}

impl CodeEntry {
    /// What it is called.
    pub const fn label(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.label_en,
            Language::Fr => self.label_fr,
        }
    }

    /// What it means, where the label does not say all.
    pub const fn description(&self, language: Language) -> Option<&'static str> {
        match language {
            Language::En => self.description_en,
            Language::Fr => self.description_fr,
        }
    }
}

/// Every value of a set, in the order of the contract.
pub fn codes(set: CodeSet) -> Vec<CodeEntry> {
    match set {
        CodeSet::NeedCategory => entries(NeedCategory::ALL, NeedCategory::as_str),
        CodeSet::OrganizationKind => entries(OrganizationKind::ALL, OrganizationKind::as_str),
        CodeSet::ReferralStatus => entries(ReferralStatus::ALL, ReferralStatus::as_str),
        CodeSet::ReferralPhase => entries(ReferralPhase::ALL, ReferralPhase::as_str),
        CodeSet::ReferralSubStatus => entries(ReferralSubStatus::ALL, ReferralSubStatus::as_str),
        CodeSet::ReferralStatusReason => {
            entries(ReferralStatusReason::ALL, ReferralStatusReason::as_str)
        }
        CodeSet::OutcomeKind => entries(OutcomeKind::ALL, OutcomeKind::as_str),
        CodeSet::ClaimStage => entries(ClaimStage::ALL, ClaimStage::as_str),
        CodeSet::ServiceStatus => entries(ServiceStatus::ALL, ServiceStatus::as_str),
        CodeSet::CapacityStatus => entries(CapacityStatus::ALL, CapacityStatus::as_str),
        CodeSet::AgeBand => entries(AgeBand::ALL, AgeBand::as_str),
        CodeSet::FeedbackTopic => entries(FeedbackTopic::ALL, FeedbackTopic::as_str),
        CodeSet::Access => entries(Access::ALL, Access::as_str),
    }
}

fn entries<C: Labelled>(all: &[C], value: fn(C) -> &'static str) -> Vec<CodeEntry> {
    all.iter()
        .map(|code| {
            let Words { label, description } = code.words();
            CodeEntry {
                value: value(*code),
                label_en: label.en,
                label_fr: label.fr,
                description_en: description.map(|description| description.en),
                description_fr: description.map(|description| description.fr),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use entity::{ReportMeasure, Role};

    use super::*;

    fn every_entry() -> Vec<CodeEntry> {
        CodeSet::ALL
            .iter()
            .flat_map(|set| codes(*set))
            .chain(other_entries())
            .collect()
    }

    /// The enumerations that no set offers, and whose labels pages and sentences use.
    fn other_entries() -> Vec<CodeEntry> {
        macro_rules! all {
            ($($code:ident)+) => { [$(entries(entity::$code::ALL, entity::$code::as_str)),+].concat() };
        }
        all!(
            Language Role FieldGroup NeedStatus YesNoUnknown IdentifierKind ContactKind ContactPermission Safety
            ConsentStatus ConsentMethod ConsentGiver InterpreterKind ReferralPriority DecidedBy ReferralAction
            ReferralBox ReferralOrderField DatePrecision MatchBand DuplicateStatus ReportDimension ReportMeasure Program DeliveryMode
            EligibilityFact
        )
    }

    fn french_texts() -> impl Iterator<Item = &'static str> {
        every_entry()
            .into_iter()
            .flat_map(|entry| [Some(entry.label_fr), entry.description_fr])
            .flatten()
    }

    #[test]
    fn every_set_names_its_values_in_the_order_of_the_contract() {
        for set in CodeSet::ALL {
            assert!(!codes(*set).is_empty(), "{set}");
        }
        let values: Vec<_> = codes(CodeSet::ReferralPhase)
            .iter()
            .map(|entry| entry.value)
            .collect();
        assert_eq!(values, ["DRAFT", "WAITING", "ACTIVE", "PAUSED", "CLOSED"]);
    }

    #[test]
    fn no_two_values_of_a_set_have_the_same_label() {
        for set in CodeSet::ALL {
            for language in Language::ALL {
                let mut labels: Vec<_> = codes(*set)
                    .iter()
                    .map(|entry| entry.label(*language))
                    .collect();
                labels.sort_unstable();
                for pair in labels.windows(2) {
                    assert_ne!(pair[0], pair[1], "{set} in {language}");
                }
            }
        }
    }

    #[test]
    fn a_label_is_a_short_phrase_and_a_description_a_sentence() {
        for entry in every_entry() {
            for language in Language::ALL {
                let label = entry.label(*language);
                assert!(
                    !label.is_empty() && label.chars().count() <= 60 && !label.ends_with('.'),
                    "{label}"
                );
                assert_eq!(label, label.trim());
                assert!(
                    label.starts_with(|first: char| first.is_uppercase() || first.is_numeric()),
                    "{label}"
                );
                if let Some(description) = entry.description(*language) {
                    assert!(
                        description.ends_with('.') && description != label,
                        "{description}"
                    );
                    assert!(!description.contains("  "), "{description}");
                }
            }
        }
    }

    #[test]
    fn french_elides_and_keeps_to_one_apostrophe() {
        let vowels = "aeiouyàâéèêëîïôûœAEIOUYÀÂÉÈÊËÎÏÔÛŒ";
        for text in french_texts() {
            assert!(!text.contains(['’', '`']), "{text}");
            let words: Vec<&str> = text.split_whitespace().collect();
            for pair in words.windows(2) {
                let short = ["le", "la", "de", "que", "ne", "se", "je", "me"]
                    .contains(&pair[0].to_lowercase().as_str());
                assert!(
                    !(short && pair[1].starts_with(|first| vowels.contains(first))),
                    "{pair:?} in {text}"
                );
                assert!(
                    !["de le", "de les", "à le", "à les"].contains(&pair.join(" ").as_str()),
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn french_uses_the_words_of_ontario() {
        let french = |set, value: &str| {
            codes(set)
                .into_iter()
                .find(|entry| entry.value == value)
                .map(|entry| entry.label_fr)
        };
        assert_eq!(
            french(CodeSet::OrganizationKind, "SETTLEMENT_AGENCY"),
            Some("Organisme d'établissement")
        );
        assert_eq!(french(CodeSet::NeedCategory, "HOUSING"), Some("Logement"));
        assert_eq!(
            Role::Provider.label(Language::Fr),
            "Fournisseur de services"
        );
        assert_eq!(ReportMeasure::Referrals.label(Language::Fr), "Aiguillages");
        for text in french_texts() {
            let text = text.to_lowercase();
            for foreign in [
                "référence",
                "référer",
                "réclamant",
                "email",
                "e-mail",
                "agence d'établissement",
                "renvoi d'un client",
            ] {
                assert!(!text.contains(foreign), "{foreign} in {text}");
            }
        }
    }

    #[test]
    fn a_label_comes_in_the_language_that_is_asked_for() {
        assert_eq!(NeedCategory::Health.label(Language::En), "Health care");
        assert_eq!(NeedCategory::Health.label(Language::Fr), "Soins de santé");
        assert_eq!(NeedCategory::Health.description(Language::Fr), None);
        assert_eq!(
            Access::Anonymous.description(Language::En),
            Some("The referral names no claimant.")
        );
    }
}
