//! What claimants have learned, and how well they know which languages.
use chrono::Days;
use entity::RecognitionStatus;

use super::{
    draw::Draw,
    people::{Known, is_child},
};
use crate::{
    domain::business_days::toronto_date,
    store::sealed::{LanguageAbility, Qualification},
};

/// An occupation of the National Occupational Classification 2021, with the body that regulates it in Ontario.
type Occupation = (&'static str, &'static str, Option<&'static str>);

const OCCUPATIONS: [Occupation; 6] = [
    (
        "31301",
        "Registered nurse",
        Some("College of Nurses of Ontario"),
    ),
    ("72310", "Carpenter", None),
    (
        "42202",
        "Early childhood educator",
        Some("College of Early Childhood Educators"),
    ),
    ("63200", "Cook", None),
    ("21231", "Software engineer", None),
    ("73300", "Transport truck driver", None),
];

pub(super) fn qualifications(draw: &mut Draw, known: &Known) -> Vec<Qualification> {
    if is_child(&known.row) || draw.chance(40) {
        return Vec::new();
    }
    let (noc_code, title, regulator) = draw.pick(OCCUPATIONS);
    let years = i32::try_from(draw.between(1, 15)).ok();
    vec![Qualification {
        id: draw.id(known.row.created_at),
        noc_code: Some(noc_code.to_owned()),
        title: title.to_owned(),
        years,
        country: None,
        level: None,
        recognition: draw
            .one_of(RecognitionStatus::ALL)
            .unwrap_or(RecognitionStatus::NotStarted),
        regulator: regulator.map(str::to_owned),
    }]
}

pub(super) fn language_abilities(draw: &mut Draw, known: &Known) -> Vec<LanguageAbility> {
    if is_child(&known.row) {
        return Vec::new();
    }
    let level = |draw: &mut Draw| i32::try_from(draw.between(1, 9)).ok();
    ["eng", "fra"]
        .into_iter()
        .filter(|language| *language == "eng" || draw.chance(30))
        .collect::<Vec<_>>()
        .into_iter()
        .map(|language| LanguageAbility {
            language: language.to_owned(),
            listening: level(draw),
            speaking: level(draw),
            reading: level(draw),
            writing: level(draw),
            assessed_on: toronto_date(known.row.created_at).checked_sub_days(Days::new(7)),
        })
        .collect()
}
