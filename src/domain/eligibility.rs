//! Whether somebody meets what a service asks. Three-valued: a fact that is not known speaks neither for nor against
//! anybody. Pure; days are those of Toronto.
use chrono::{Datelike, Days, Months, NaiveDate};
use entity::{
    AgeBand, ClaimStage, DatePrecision, EligibilityCondition, EligibilityFact, RegionId,
    YesNoUnknown, eligibility_rule,
};

/// What is known of somebody. A default knows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub stage: Option<ClaimStage>,
    pub work_authorized: YesNoUnknown,
    pub work_authorization_expires_on: Option<NaiveDate>,
    /// Whether the social insurance number is of the 900 series, which alone expires.
    pub sin_series_9: Option<bool>,
    pub sin_expires_on: Option<NaiveDate>,
    pub age: Option<Years>,
    pub age_band: Option<AgeBand>,
    pub region: Option<RegionId>,
    pub language: Option<String>,
    pub levels: Vec<Level>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            stage: None,
            work_authorized: YesNoUnknown::Unknown,
            work_authorization_expires_on: None,
            sin_series_9: None,
            sin_expires_on: None,
            age: None,
            age_band: None,
            region: None,
            language: None,
            levels: Vec::new(),
        }
    }
}

/// The least and the most years that somebody may have lived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Years {
    pub least: i32,
    pub most: i32,
}

/// How well somebody listens, speaks, reads and writes in a language, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    pub language: String,
    pub skills: [Option<i32>; 4],
}

/// Each band with its first and its last year of age.
const BANDS: [(AgeBand, Years); 8] = [
    (AgeBand::Under12, Years { least: 0, most: 11 }),
    (
        AgeBand::From12To15,
        Years {
            least: 12,
            most: 15,
        },
    ),
    (
        AgeBand::From16To17,
        Years {
            least: 16,
            most: 17,
        },
    ),
    (
        AgeBand::Age18,
        Years {
            least: 18,
            most: 18,
        },
    ),
    (
        AgeBand::From19To24,
        Years {
            least: 19,
            most: 24,
        },
    ),
    (
        AgeBand::From25To54,
        Years {
            least: 25,
            most: 54,
        },
    ),
    (
        AgeBand::From55To64,
        Years {
            least: 55,
            most: 64,
        },
    ),
    (
        AgeBand::From65,
        Years {
            least: 65,
            most: i32::MAX,
        },
    ),
];

impl Years {
    /// Exactly so many.
    pub const fn exactly(years: i32) -> Self {
        Self {
            least: years,
            most: years,
        }
    }

    /// Those of an age band.
    pub fn of(band: AgeBand) -> Self {
        let found = BANDS.iter().find(|(known, _)| *known == band);
        found.map_or(
            Self {
                least: 0,
                most: i32::MAX,
            },
            |(_, years)| *years,
        )
    }

    /// Those on a day of somebody born on a date that may be known to the month or the year only.
    pub fn since(born: NaiveDate, precision: DatePrecision, today: NaiveDate) -> Self {
        let (earliest, latest) = match precision {
            DatePrecision::Day => (Some(born), Some(born)),
            DatePrecision::Month => {
                let first = born.with_day(1);
                let next = first.and_then(|first| first.checked_add_months(Months::new(1)));
                (first, next.and_then(|next| next.pred_opt()))
            }
            DatePrecision::Year => (
                NaiveDate::from_ymd_opt(born.year(), 1, 1),
                NaiveDate::from_ymd_opt(born.year(), 12, 31),
            ),
        };
        Self {
            least: age(latest.unwrap_or(born), today),
            most: age(earliest.unwrap_or(born), today),
        }
    }

    /// The band in which all of these years lie, if there is one.
    pub fn band(self) -> Option<AgeBand> {
        let within = |band: &&(AgeBand, Self)| {
            (band.1.least..=band.1.most).contains(&self.least) && self.most <= band.1.most
        };
        BANDS.iter().find(within).map(|(band, _)| *band)
    }
}

/// The age in years. Who was born on the 29th of February has a birthday on the 28th where there is no 29th, as for the
/// age of consent.
fn age(born: NaiveDate, today: NaiveDate) -> i32 {
    let years = today.year() - born.year();
    let birthday = u32::try_from(years)
        .ok()
        .and_then(|years| born.checked_add_months(Months::new(years * 12)));
    match birthday {
        Some(birthday) if birthday <= today => years,
        Some(_) => years - 1,
        None => 0,
    }
}

/// What a condition is about.
pub const fn fact(condition: &EligibilityCondition) -> EligibilityFact {
    match condition {
        EligibilityCondition::Stage { .. } => EligibilityFact::Stage,
        EligibilityCondition::WorkAuthorization { .. } => EligibilityFact::WorkAuthorization,
        EligibilityCondition::SocialInsurance { .. } => EligibilityFact::SocialInsurance,
        EligibilityCondition::Age { .. } => EligibilityFact::Age,
        EligibilityCondition::LanguageLevel { .. } => EligibilityFact::LanguageLevel,
        EligibilityCondition::AgeBand { .. } => EligibilityFact::AgeBand,
        EligibilityCondition::Region { .. } => EligibilityFact::Region,
        EligibilityCondition::Language { .. } => EligibilityFact::Language,
    }
}

/// Whether a fact stands in a sealed group. A rule about such a fact, written by whoever receives the referrals, would be
/// a question about a person: that somebody was sent would be its answer.
pub const fn is_sealed(fact: EligibilityFact) -> bool {
    match fact {
        EligibilityFact::Stage
        | EligibilityFact::WorkAuthorization
        | EligibilityFact::SocialInsurance
        | EligibilityFact::Age
        | EligibilityFact::LanguageLevel => true,
        EligibilityFact::AgeBand | EligibilityFact::Region | EligibilityFact::Language => false,
    }
}

/// Whether a rule is over on a day.
pub fn has_ended(rule: &eligibility_rule::Model, today: NaiveDate) -> bool {
    rule.valid_to.is_some_and(|last| last < today)
}

/// Whether a rule holds on a day.
pub fn in_force(rule: &eligibility_rule::Model, today: NaiveDate) -> bool {
    rule.valid_from <= today && !has_ended(rule, today)
}

const fn decided(holds: bool) -> YesNoUnknown {
    match holds {
        true => YesNoUnknown::Yes,
        false => YesNoUnknown::No,
    }
}

fn one_of<T: PartialEq>(wanted: &[T], known: Option<&T>) -> YesNoUnknown {
    known.map_or(YesNoUnknown::Unknown, |known| {
        decided(wanted.contains(known))
    })
}

/// Whether what ends on a day lasts for so many more days; a day that is not known leaves it open.
fn lasts(end: Option<NaiveDate>, days: i32, today: NaiveDate) -> YesNoUnknown {
    let wanted = u64::try_from(days).ok().map(Days::new);
    let until = wanted.and_then(|days| today.checked_add_days(days));
    end.map_or(YesNoUnknown::Unknown, |end| {
        decided(end >= until.unwrap_or(NaiveDate::MAX))
    })
}

fn may_work(facts: &Facts, days: i32, today: NaiveDate) -> YesNoUnknown {
    use YesNoUnknown::{No, Unknown, Yes};
    let end = facts.work_authorization_expires_on;
    match (facts.work_authorized, lasts(end, days, today)) {
        (No, _) | (_, No) => No,
        (Yes, Yes) => Yes,
        // Whoever may work today, until a day that nobody has told.
        (Yes, Unknown) if days == 0 => Yes,
        (Yes | Unknown, Yes | Unknown) => Unknown,
    }
}

/// A number of the 900 series lasts as long as its holder's stay; any other does not expire.
fn has_number(facts: &Facts, days: i32, today: NaiveDate) -> YesNoUnknown {
    match facts.sin_series_9 {
        Some(true) => lasts(facts.sin_expires_on, days, today),
        Some(false) => YesNoUnknown::Yes,
        None => YesNoUnknown::Unknown,
    }
}

fn reaches(facts: &Facts, language: &str, level: i32) -> YesNoUnknown {
    let known = facts.levels.iter().find(|known| known.language == language);
    let Some(known) = known else {
        return YesNoUnknown::Unknown;
    };
    let below = known.skills.iter().flatten().any(|skill| *skill < level);
    match (below, known.skills.contains(&None)) {
        (true, _) => YesNoUnknown::No,
        (false, true) => YesNoUnknown::Unknown,
        (false, false) => YesNoUnknown::Yes,
    }
}

fn within(age: Option<Years>, from: Option<i32>, to: Option<i32>) -> YesNoUnknown {
    let (from, to) = (from.unwrap_or(0), to.unwrap_or(i32::MAX));
    match age {
        None => YesNoUnknown::Unknown,
        Some(age) if age.least >= from && age.most <= to => YesNoUnknown::Yes,
        Some(age) if age.most < from || age.least > to => YesNoUnknown::No,
        Some(_) => YesNoUnknown::Unknown,
    }
}

/// Whether the facts meet a condition on a day.
pub fn meets(condition: &EligibilityCondition, facts: &Facts, today: NaiveDate) -> YesNoUnknown {
    match condition {
        EligibilityCondition::Stage { stages } => {
            let known = facts.stage.filter(|stage| *stage != ClaimStage::Unknown);
            one_of(stages, known.as_ref())
        }
        EligibilityCondition::WorkAuthorization { valid_for_days } => {
            may_work(facts, *valid_for_days, today)
        }
        EligibilityCondition::SocialInsurance { valid_for_days } => {
            has_number(facts, *valid_for_days, today)
        }
        EligibilityCondition::Age { from, to } => within(facts.age, *from, *to),
        EligibilityCondition::LanguageLevel { language, level } => reaches(facts, language, *level),
        EligibilityCondition::AgeBand { bands } => one_of(bands, facts.age_band.as_ref()),
        EligibilityCondition::Region { regions } => one_of(regions, facts.region.as_ref()),
        EligibilityCondition::Language { languages } => one_of(languages, facts.language.as_ref()),
    }
}

/// What the rules of a service say of somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// NO where one rule is not met, UNKNOWN where one may not be, else YES: also where nothing is asked.
    pub eligible: YesNoUnknown,
    pub failed: Vec<eligibility_rule::Model>,
    pub unknown: Vec<eligibility_rule::Model>,
}

/// What the rules in force on a day say of somebody, each reason in the order of the rules.
pub fn judge(
    rules: impl IntoIterator<Item = eligibility_rule::Model>,
    facts: &Facts,
    today: NaiveDate,
) -> Verdict {
    let (mut failed, mut unknown) = (Vec::new(), Vec::new());
    for rule in rules.into_iter().filter(|rule| in_force(rule, today)) {
        match meets(&rule.condition, facts, today) {
            YesNoUnknown::Yes => {}
            YesNoUnknown::No => failed.push(rule),
            YesNoUnknown::Unknown => unknown.push(rule),
        }
    }
    Verdict {
        eligible: match (failed.is_empty(), unknown.is_empty()) {
            (false, _) => YesNoUnknown::No,
            (true, false) => YesNoUnknown::Unknown,
            (true, true) => YesNoUnknown::Yes,
        },
        failed,
        unknown,
    }
}

#[cfg(test)]
mod tests;
