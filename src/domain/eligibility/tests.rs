use entity::{EligibilityRuleId, OrganizationId, ServiceId};
use proptest::prelude::*;
use sea_orm::prelude::Uuid;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn today() -> NaiveDate {
    day("2026-06-01")
}

fn rule(condition: EligibilityCondition) -> eligibility_rule::Model {
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    eligibility_rule::Model {
        id: EligibilityRuleId(Uuid::nil()),
        service_id: ServiceId(Uuid::nil()),
        organization_id: OrganizationId(Uuid::nil()),
        condition,
        reason_en: "Why.".to_owned(),
        reason_fr: "Pourquoi.".to_owned(),
        source_url: None,
        valid_from: day("2026-01-01"),
        valid_to: None,
        created_at: at,
        updated_at: at,
        version: 1,
    }
}

fn region(number: u128) -> RegionId {
    RegionId(Uuid::from_u128(number))
}

fn knowing(with: impl FnOnce(&mut Facts)) -> Facts {
    let mut facts = Facts::default();
    with(&mut facts);
    facts
}

fn may_work_until(state: YesNoUnknown, end: Option<&str>) -> Facts {
    knowing(|facts| {
        facts.work_authorized = state;
        facts.work_authorization_expires_on = end.map(day);
    })
}

fn speaking(skills: [Option<i32>; 4]) -> Facts {
    knowing(|facts| {
        facts.levels = vec![Level {
            language: "eng".to_owned(),
            skills,
        }];
    })
}

fn aged(least: i32, most: i32) -> Facts {
    knowing(|facts| facts.age = Some(Years { least, most }))
}

fn numbered(series_9: Option<bool>, end: Option<&str>) -> Facts {
    knowing(|facts| {
        facts.sin_series_9 = series_9;
        facts.sin_expires_on = end.map(day);
    })
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table: each fact, known and not")]
fn each_condition_is_met_or_not_or_nobody_knows() {
    use EligibilityCondition::{
        Age, AgeBand as Band, Language, LanguageLevel, Region, SocialInsurance, Stage,
        WorkAuthorization,
    };
    use YesNoUnknown::{No, Unknown, Yes};
    let stages = || Stage {
        stages: vec![ClaimStage::ReferredToIrb, ClaimStage::AcceptedProtected],
    };
    let at = |stage| knowing(|facts| facts.stage = Some(stage));
    let work = |valid_for_days| WorkAuthorization { valid_for_days };
    let number = |valid_for_days| SocialInsurance { valid_for_days };
    let age = |from, to| Age { from, to };
    let level = || LanguageLevel {
        language: "eng".to_owned(),
        level: 4,
    };
    let bands = || Band {
        bands: vec![AgeBand::From16To17, AgeBand::Age18],
    };
    let of_band = |band| knowing(|facts| facts.age_band = Some(band));
    let here = || Region {
        regions: vec![region(1)],
    };
    let tongue = || Language {
        languages: vec!["eng".to_owned(), "fra".to_owned()],
    };
    let nothing = Facts::default;
    for (condition, facts, expected) in [
        (stages(), at(ClaimStage::ReferredToIrb), Yes),
        (stages(), at(ClaimStage::Rejected), No),
        (stages(), at(ClaimStage::Unknown), Unknown),
        (stages(), nothing(), Unknown),
        (work(0), may_work_until(Yes, Some("2026-06-01")), Yes),
        (work(0), may_work_until(Yes, Some("2026-05-31")), No),
        (work(0), may_work_until(Yes, None), Yes),
        (work(0), may_work_until(No, None), No),
        (work(0), may_work_until(Unknown, None), Unknown),
        (work(30), may_work_until(Yes, Some("2026-07-01")), Yes),
        (work(30), may_work_until(Yes, Some("2026-06-30")), No),
        (work(30), may_work_until(Yes, None), Unknown),
        (
            work(30),
            may_work_until(Unknown, Some("2026-12-31")),
            Unknown,
        ),
        (work(0), may_work_until(No, Some("2026-12-31")), No),
        (number(0), numbered(Some(false), None), Yes),
        (number(0), numbered(Some(true), Some("2026-06-01")), Yes),
        (number(0), numbered(Some(true), Some("2026-05-31")), No),
        (number(0), numbered(Some(true), None), Unknown),
        (number(60), numbered(Some(true), Some("2026-07-30")), No),
        (number(60), numbered(Some(true), Some("2026-07-31")), Yes),
        (number(0), numbered(None, Some("2027-01-01")), Unknown),
        (age(Some(16), Some(29)), aged(16, 16), Yes),
        (age(Some(16), Some(29)), aged(29, 29), Yes),
        (age(Some(16), Some(29)), aged(30, 30), No),
        (age(Some(16), Some(29)), aged(15, 15), No),
        (age(Some(16), Some(29)), aged(25, 54), Unknown),
        (age(Some(18), None), aged(65, i32::MAX), Yes),
        (age(None, Some(64)), aged(65, i32::MAX), No),
        (age(Some(18), None), nothing(), Unknown),
        (level(), speaking([Some(4); 4]), Yes),
        (
            level(),
            speaking([Some(4), Some(9), Some(5), None]),
            Unknown,
        ),
        (level(), speaking([Some(3), None, None, None]), No),
        (level(), speaking([None; 4]), Unknown),
        (level(), nothing(), Unknown),
        (bands(), of_band(AgeBand::Age18), Yes),
        (bands(), of_band(AgeBand::From65), No),
        (bands(), nothing(), Unknown),
        (here(), knowing(|facts| facts.region = Some(region(1))), Yes),
        (here(), knowing(|facts| facts.region = Some(region(2))), No),
        (here(), nothing(), Unknown),
        (
            tongue(),
            knowing(|facts| facts.language = Some("fra".to_owned())),
            Yes,
        ),
        (
            tongue(),
            knowing(|facts| facts.language = Some("spa".to_owned())),
            No,
        ),
        (tongue(), nothing(), Unknown),
    ] {
        let answer = meets(&condition, &facts, today());
        assert_eq!(answer, expected, "{condition:?} of {facts:?}");
    }
}

#[test]
fn a_rule_holds_from_its_first_day_to_its_last() {
    let mut held = rule(EligibilityCondition::Age {
        from: Some(18),
        to: None,
    });
    held.valid_from = day("2026-06-01");
    held.valid_to = Some(day("2026-06-30"));
    for (on, expected) in [
        ("2026-05-31", false),
        ("2026-06-01", true),
        ("2026-06-30", true),
        ("2026-07-01", false),
    ] {
        assert_eq!(in_force(&held, day(on)), expected, "{on}");
    }
    assert!(!has_ended(&held, day("2026-05-31")), "it is to come");
}

#[test]
fn an_age_is_as_exact_as_the_birth_date() {
    for (born, precision, on, least, most) in [
        ("2008-06-01", DatePrecision::Day, "2026-06-01", 18, 18),
        ("2008-06-02", DatePrecision::Day, "2026-06-01", 17, 17),
        ("2008-06-15", DatePrecision::Month, "2026-06-10", 17, 18),
        ("2008-06-15", DatePrecision::Month, "2026-07-01", 18, 18),
        ("2008-06-15", DatePrecision::Year, "2026-06-01", 17, 18),
        ("2008-06-15", DatePrecision::Year, "2026-12-31", 18, 18),
        ("2008-02-29", DatePrecision::Day, "2026-02-27", 17, 17),
        ("2008-02-29", DatePrecision::Day, "2026-02-28", 18, 18),
        ("2030-01-01", DatePrecision::Day, "2026-06-01", 0, 0),
    ] {
        let years = Years::since(day(born), precision, day(on));
        assert_eq!(
            years,
            Years { least, most },
            "{born} by {precision} on {on}"
        );
    }
}

#[test]
fn years_lie_in_the_band_that_holds_all_of_them() {
    for band in AgeBand::ALL {
        assert_eq!(Years::of(*band).band(), Some(*band));
    }
    let next = BANDS.iter().zip(&BANDS[1..]);
    for ((band, years), (_, after)) in next {
        assert_eq!(years.most + 1, after.least, "nothing lies after {band}");
    }
    assert_eq!(
        Years {
            least: 17,
            most: 18
        }
        .band(),
        None
    );
    assert_eq!(Years::exactly(18).band(), Some(AgeBand::Age18));
}

#[test]
fn a_verdict_names_each_rule_that_is_not_met_and_each_that_may_not_be() {
    let of_age = rule(EligibilityCondition::Age {
        from: Some(18),
        to: None,
    });
    let local = rule(EligibilityCondition::Region {
        regions: vec![region(1)],
    });
    let mut over = of_age.clone();
    over.valid_to = Some(day("2026-05-31"));
    let child = aged(12, 12);
    let verdict = judge([of_age.clone(), local.clone(), over], &child, today());
    assert_eq!(verdict.eligible, YesNoUnknown::No);
    assert_eq!(verdict.failed, [of_age.clone()]);
    assert_eq!(verdict.unknown, std::slice::from_ref(&local));
    let verdict = judge([of_age, local], &aged(30, 30), today());
    assert_eq!(verdict.eligible, YesNoUnknown::Unknown);
    let verdict = judge([], &Facts::default(), today());
    assert_eq!(verdict.eligible, YesNoUnknown::Yes, "nothing is asked");
}

#[test]
fn what_providers_may_ask_is_in_the_open_part() {
    let open: Vec<_> = EligibilityFact::ALL
        .iter()
        .copied()
        .filter(|fact| !is_sealed(*fact))
        .collect();
    assert_eq!(
        open,
        [
            EligibilityFact::AgeBand,
            EligibilityFact::Region,
            EligibilityFact::Language
        ]
    );
}

fn dates() -> impl Strategy<Value = NaiveDate> {
    (-400_i64..400).prop_map(|days| today() + chrono::TimeDelta::days(days))
}

fn conditions() -> impl Strategy<Value = EligibilityCondition> {
    let stage = prop::sample::select(ClaimStage::ALL);
    let band = prop::sample::select(AgeBand::ALL);
    let ages = prop::option::of(0..80);
    prop_oneof![
        prop::collection::vec(stage, 1..4)
            .prop_map(|stages| EligibilityCondition::Stage { stages }),
        (0..200)
            .prop_map(|valid_for_days| EligibilityCondition::WorkAuthorization { valid_for_days }),
        (0..200)
            .prop_map(|valid_for_days| EligibilityCondition::SocialInsurance { valid_for_days }),
        (ages.clone(), ages).prop_map(|(from, to)| EligibilityCondition::Age { from, to }),
        (1..=12).prop_map(|level| EligibilityCondition::LanguageLevel {
            language: "eng".to_owned(),
            level,
        }),
        prop::collection::vec(band, 1..4).prop_map(|bands| EligibilityCondition::AgeBand { bands }),
        (1_u128..4).prop_map(|number| EligibilityCondition::Region {
            regions: vec![region(number)],
        }),
        prop::sample::select(vec!["eng", "fra"]).prop_map(|language| {
            EligibilityCondition::Language {
                languages: vec![language.to_owned()],
            }
        }),
    ]
}

prop_compose! {
    fn people()(
        stage in prop::option::of(prop::sample::select(ClaimStage::ALL)),
        work_authorized in prop::sample::select(YesNoUnknown::ALL),
        work_authorization_expires_on in prop::option::of(dates()),
        sin_series_9 in prop::option::of(any::<bool>()),
        sin_expires_on in prop::option::of(dates()),
        age in prop::option::of((0..90, 0..20)),
        age_band in prop::option::of(prop::sample::select(AgeBand::ALL)),
        number in prop::option::of(1_u128..4),
        language in prop::option::of(prop::sample::select(vec!["eng", "fra", "spa"])),
        skills in prop::array::uniform4(prop::option::of(1..=12)),
    ) -> Facts {
        Facts {
            stage,
            work_authorized,
            work_authorization_expires_on,
            sin_series_9,
            sin_expires_on,
            age: age.map(|(least, more)| Years { least, most: least + more }),
            age_band,
            region: number.map(region),
            language: language.map(str::to_owned),
            levels: vec![Level { language: "eng".to_owned(), skills }],
        }
    }
}

/// What is known of somebody, and what more is found out.
fn learned(known: &Facts, more: Facts) -> Facts {
    let narrowed = |known: Option<Years>| match (known, more.age) {
        (Some(known), Some(found)) => {
            let least = found.least.clamp(known.least, known.most);
            Some(Years {
                least,
                most: found.most.clamp(least, known.most),
            })
        }
        (known, found) => known.or(found),
    };
    let stage = known.stage.filter(|stage| *stage != ClaimStage::Unknown);
    let skills = |language: &str| {
        let of = |facts: &Facts| {
            let level = facts.levels.iter().find(|level| level.language == language);
            level.map_or([None; 4], |level| level.skills)
        };
        let (known, found) = (of(known), of(&more));
        std::array::from_fn(|skill| known[skill].or(found[skill]))
    };
    Facts {
        stage: stage.or(more.stage),
        work_authorized: match known.work_authorized {
            YesNoUnknown::Unknown => more.work_authorized,
            state @ (YesNoUnknown::Yes | YesNoUnknown::No) => state,
        },
        work_authorization_expires_on: known
            .work_authorization_expires_on
            .or(more.work_authorization_expires_on),
        sin_series_9: known.sin_series_9.or(more.sin_series_9),
        sin_expires_on: known.sin_expires_on.or(more.sin_expires_on),
        age: narrowed(known.age),
        age_band: known.age_band.or(more.age_band),
        region: known.region.or(more.region),
        language: known.language.clone().or(more.language.clone()),
        levels: vec![Level {
            language: "eng".to_owned(),
            skills: skills("eng"),
        }],
    }
}

proptest! {
    /// But for one: that somebody may work today is enough until the day on which it ends is found out.
    #[test]
    fn what_is_decided_stays_so_whatever_else_becomes_known(
        condition in conditions(),
        known in people(),
        more in people(),
    ) {
        let until_when = matches!(
            (&condition, known.work_authorized, known.work_authorization_expires_on),
            (
                EligibilityCondition::WorkAuthorization { valid_for_days: 0 },
                YesNoUnknown::Yes,
                None
            )
        );
        let before = meets(&condition, &known, today());
        let after = meets(&condition, &learned(&known, more), today());
        let stands = before == YesNoUnknown::Unknown || before == after;
        prop_assert!(stands || until_when, "{before} became {after}");
    }

    #[test]
    fn one_more_rule_makes_nobody_eligible(
        conditions in prop::collection::vec(conditions(), 0..5),
        another in conditions(),
        facts in people(),
    ) {
        let judged = |conditions: &[EligibilityCondition]| {
            judge(conditions.iter().cloned().map(rule), &facts, today()).eligible
        };
        let rank = |eligible| match eligible {
            YesNoUnknown::No => 0,
            YesNoUnknown::Unknown => 1,
            YesNoUnknown::Yes => 2,
        };
        let before = judged(&conditions);
        let after = judged(&[conditions, vec![another]].concat());
        prop_assert!(rank(after) <= rank(before));
    }

    #[test]
    fn every_rule_in_force_is_met_or_named_once(
        conditions in prop::collection::vec(conditions(), 0..6),
        facts in people(),
    ) {
        let met = conditions
            .iter()
            .filter(|condition| meets(condition, &facts, today()) == YesNoUnknown::Yes)
            .count();
        let verdict = judge(conditions.iter().cloned().map(rule), &facts, today());
        prop_assert_eq!(met + verdict.failed.len() + verdict.unknown.len(), conditions.len());
    }
}
