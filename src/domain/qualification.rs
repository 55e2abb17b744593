//! Qualifications: which occupations there are, and what an outcome says of the recognition of one. Pure.
use entity::{OutcomeKind, RecognitionStatus};

/// The major groups of the National Occupational Classification 2021, version 1.0 (Statistics Canada, catalogue
/// 12-583-X): the broad occupational category, then the TEER category.
const MAJOR_GROUPS: [&str; 45] = [
    "00", "10", "11", "12", "13", "14", "20", "21", "22", "30", "31", "32", "33", "40", "41", "42",
    "43", "44", "45", "50", "51", "52", "53", "54", "55", "60", "62", "63", "64", "65", "70", "72",
    "73", "74", "75", "80", "82", "83", "84", "85", "90", "92", "93", "94", "95",
];

/// Whether a code has the form of a unit group, five digits, in a major group that there is.
pub fn is_noc_code(code: &str) -> bool {
    code.len() == 5
        && code.bytes().all(|letter| letter.is_ascii_digit())
        && MAJOR_GROUPS.contains(&&code[..2])
}

/// Which of a person's qualifications an outcome is about, and how far its recognition has come. None where that is
/// not sure: where several could be meant, or none is left. No outcome takes back what is decided.
pub fn recognition_after(
    outcome: OutcomeKind,
    known: &[RecognitionStatus],
) -> Option<(usize, RecognitionStatus)> {
    use RecognitionStatus::{InAssessment, NotStarted, Recognized};
    let only = |status| {
        let mut places = known
            .iter()
            .enumerate()
            .filter(|(_, each)| **each == status);
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Some(place),
            (None | Some(_), _) => None,
        }
    };
    match outcome {
        OutcomeKind::CredentialStarted => only(NotStarted).map(|place| (place, InAssessment)),
        OutcomeKind::CredentialRecognized if known.contains(&InAssessment) => {
            only(InAssessment).map(|place| (place, Recognized))
        }
        OutcomeKind::CredentialRecognized => only(NotStarted).map(|place| (place, Recognized)),
        OutcomeKind::EmployedFullTime
        | OutcomeKind::EmployedPartTime
        | OutcomeKind::TrainingEnrolled
        | OutcomeKind::LanguageEnrolled
        | OutcomeKind::EmployerConnected
        | OutcomeKind::Housed
        | OutcomeKind::HealthConnected
        | OutcomeKind::InformationOnly
        | OutcomeKind::UnresolvedCapacity
        | OutcomeKind::UnresolvedEligibility
        | OutcomeKind::UnresolvedContact
        | OutcomeKind::UnresolvedOther => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occupation_has_five_digits_in_a_major_group_that_there_is() {
        for code in [
            "00010", "10010", "21231", "31102", "65329", "72310", "95109",
        ] {
            assert!(is_noc_code(code), "{code}");
        }
        for code in [
            "2123",
            "212311",
            "26231",
            "2123A",
            "٢١٢٣١",
            "",
            "01010",
            "15100",
            "23100",
            "34100",
            "61010",
            "71010",
            "81010",
            "91010",
        ] {
            assert!(!is_noc_code(code), "{code}");
        }
    }

    #[test]
    fn an_outcome_moves_the_one_qualification_that_it_can_mean() {
        use OutcomeKind::{CredentialRecognized as Done, CredentialStarted as Started, Housed};
        use RecognitionStatus::{
            InAssessment as Assessed, NotStarted as New, Partial, Recognized, Refused,
        };
        for (outcome, known, expected) in [
            (Started, vec![New], Some((0, Assessed))),
            (Started, vec![Recognized, New], Some((1, Assessed))),
            (Started, vec![New, New], None),
            (Started, vec![Assessed], None),
            (Done, vec![New, Assessed], Some((1, Recognized))),
            (Done, vec![Assessed, Assessed], None),
            (Done, vec![Refused, New], Some((1, Recognized))),
            (Done, vec![New, New], None),
            (Done, vec![Partial, Refused, Recognized], None),
            (Done, vec![], None),
            (Housed, vec![New], None),
        ] {
            assert_eq!(
                recognition_after(outcome, &known),
                expected,
                "{outcome} of {known:?}"
            );
        }
    }
}
