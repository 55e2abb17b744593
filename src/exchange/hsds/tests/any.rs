//! Input put together at random.
use proptest::prelude::*;

use super::*;

/// JSON built of the keys and shapes that HSDS has, put together at random.
fn any_object() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        any::<f64>().prop_map(|number| json!(number)),
        "[a-z \\u{0}é\"0-9-]{0,12}".prop_map(Value::String),
    ];
    let key = prop::sample::select(vec![
        "id",
        "name",
        "status",
        "contents",
        "organization",
        "services",
        "services.csv",
        "locations",
        "location",
        "service",
        "service_at_locations",
        "addresses",
        "phones",
        "number",
        "languages",
        "code",
        "capacities",
        "unit",
        "available",
        "attributes",
        "taxonomy_term",
        "latitude",
        "longitude",
        "last_modified",
        "minimum_age",
        "website",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::hash_map(key.clone(), inner, 0..8).prop_map(|map| map
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_json_makes_the_reader_panic_and_every_reference_leads_somewhere_after_the_check(value in any_object()) {
        let mut directory = read_text("a.json", format!("[{value}]"));
        directory.check_references(&|_, _| false);
        for service in &directory.services {
            prop_assert!(directory.organizations.iter().any(|one| one.hsds_id == service.organization_id));
        }
        for at in &directory.services_at_locations {
            prop_assert!(directory.services.iter().any(|one| one.hsds_id == at.service_id));
            prop_assert!(directory.locations.iter().any(|one| one.hsds_id == at.location_id));
        }
    }

    #[test]
    fn no_csv_makes_the_reader_panic(lines in prop::collection::vec("[a-z,;\"\r\n é0-9]{0,20}", 0..8)) {
        let directory = read_text("services.csv", format!("id,name,status\n{}", lines.join("\n")));
        prop_assert!(directory.services.is_empty(), "no line says whose service it is");
    }
}
