use super::*;

fn person(name: &str, birth: &str) -> Description {
    Description {
        names: vec![Name::new(name)],
        birth: birth.parse().ok().map(|date| Birth {
            date,
            precision: DatePrecision::Day,
        }),
        ..Description::default()
    }
}

fn likeness(one: &Description, other: &Description) -> Option<MatchBand> {
    compare(one, other).band()
}

#[test]
fn one_name_in_several_scripts_and_orders_is_one_name() {
    let known = person("Testamira Specimenova", "1985-07-23");
    for name in [
        "Specimenova Testamira",
        "Тестамира Спесименова",
        "TESTAMIRA SPECIMENOVA",
        "Testamira bint Specimenova",
        "Testamyra Spesimenova",
        "Téstamira Špecimenova",
        "Testamira Specimenowa",
    ] {
        assert_eq!(
            likeness(&known, &person(name, "1985-07-23")),
            Some(MatchBand::Likely),
            "{name}"
        );
    }
}

#[test]
fn what_one_script_or_clerk_writes_otherwise_is_one_sound() {
    for (one, other) in [
        ("Shamira Zalimo", "Chamira Zalimo"),
        ("Wasila Zafina", "Vasila Zafina"),
        ("Zafina Valimo", "ज़फ़िन वलिमु"),
    ] {
        let (one, other) = (person(one, "1985-07-23"), person(other, "1985-07-23"));
        assert_eq!(likeness(&one, &other), Some(MatchBand::Likely), "{other:?}");
        let shared = keys(&one)
            .iter()
            .filter(|key| keys(&other).contains(key))
            .count();
        assert!(shared > 1, "{other:?}");
    }
}

#[test]
fn a_birth_date_may_be_vague_or_its_day_and_month_exchanged() {
    let known = person("Testamira Specimenova", "1985-07-03");
    assert_eq!(
        likeness(&known, &person("Testamira Specimenova", "1985-03-07")),
        Some(MatchBand::Likely)
    );
    for vague in ["1985-01-01", "1986-07-03", ""] {
        let found = likeness(&known, &person("Testamira Specimenova", vague));
        assert!(found.is_some(), "{vague}");
    }
}

#[test]
fn relatives_are_not_one_person() {
    let known = person("Testamira Specimenova", "1985-07-23");
    for (name, birth) in [
        ("Exemplina Specimenova", "1985-07-23"),
        ("Exemplina Specimenova", "1988-02-11"),
        ("Testamira Specimenova", "1957-07-23"),
        ("Testamira Probandi", "1991-04-30"),
    ] {
        assert_eq!(
            likeness(&known, &person(name, birth)),
            None,
            "{name}, {birth}"
        );
    }
}

#[test]
fn an_identifier_decides_and_different_ones_speak_against() {
    let with = |name: &str, value: &str| Description {
        identifiers: vec![("UCI", value.to_owned())],
        ..person(name, "1985-07-23")
    };
    let known = with("Testamira Specimenova", "1122-3344");
    assert_eq!(
        likeness(&known, &with("Another Nameonly", "1122-3344")),
        Some(MatchBand::Likely)
    );
    let other = with("Testamira Specimenova", "9988-7766");
    assert!(compare(&known, &other).bits < LIKELY);
}

#[test]
fn a_single_name_alone_says_little() {
    let single = person("Testamira", "");
    assert_eq!(likeness(&single, &person("Testamira", "")), None);
    assert_eq!(
        likeness(
            &person("Testamira", "1985-07-23"),
            &person("Testamira", "1985-07-23")
        ),
        Some(MatchBand::Likely)
    );
}

#[test]
fn a_name_as_long_as_a_text_is_compared_by_its_beginning() {
    // Without spaces, each sign some letters.
    assert_eq!(Name::new(&"京".repeat(200)), Name::new(&"京".repeat(40)));
    let long = person(&format!("{} Sample", "京".repeat(150)), "1985-07-23");
    assert_eq!(likeness(&long, &long), Some(MatchBand::Likely));
}

#[test]
fn descriptions_of_nobody_are_alike_to_nothing() {
    let nobody = Description::default();
    assert_eq!(likeness(&nobody, &nobody), None);
    assert_eq!(keys(&nobody), Vec::<String>::new());
    let odd = person("ʻ' — 2 ", "1985-07-23");
    assert!(compare(&odd, &odd).bits.is_finite());
}

#[test]
fn people_are_found_again_and_others_are_not_taken_for_them() {
    let figures = figures::measure(3_000, 7);
    let (precision, recall) = (figures.precision(), figures.recall());
    assert!(precision.0 > 0.98 && recall.1 > 0.88, "{figures:?}");
    for (variation, (people, _, some)) in &figures.found {
        let found = *some as f64 / *people as f64;
        let name = figures::VARIATIONS[*variation];
        assert!(found > 0.5, "{name}: {found}");
    }
    let (compared, all) = figures.compared;
    assert!(
        compared * 100 < all,
        "one pair in a hundred at most is compared"
    );
}
