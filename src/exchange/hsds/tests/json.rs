//! The shapes of JSON, merging, and what is refused of them.
use super::*;

#[test]
fn a_full_service_becomes_records_of_all_four_kinds() {
    let directory = read_fixture("json/service.json");
    assert_eq!(counts(&directory), [1, 1, 1, 1]);
    assert!(directory.rejected.is_empty());
    let service = &directory.services[0];
    assert_eq!(service.organization_id, "organization-1");
    assert_eq!(service.status, ServiceStatus::TemporarilyClosed);
    assert_eq!(
        (service.minimum_age, service.maximum_age),
        (Some(16), Some(65))
    );
    assert_eq!(service.fees_description.as_deref(), Some("None"));
    assert_eq!(service.program, Some(Program::Bjo));
    assert_eq!(service.languages, ["fra", "urd"]);
    assert_eq!(service.service_areas, ["Test Area"]);
    assert_eq!(
        service.categories,
        [
            NeedCategory::Housing,
            NeedCategory::Employment,
            NeedCategory::Training
        ]
    );
    let modified = service.last_modified.map(|moment| moment.to_rfc3339());
    assert_eq!(
        modified.as_deref(),
        Some("2026-01-02T08:04:05.123456+00:00")
    );
    let capacity = service.capacity.as_ref().expect("a capacity");
    assert_eq!(capacity.unit.as_deref(), Some("bed"), "the latest counts");
    assert_eq!((capacity.available, capacity.maximum), (4, Some(8)));
    let at = &directory.services_at_locations[0];
    assert_eq!(
        (at.service_id.as_str(), at.location_id.as_str()),
        ("service-1", "location-1")
    );
    assert_eq!(at.place.pointer.as_deref(), Some("/service_at_locations/0"));
}

#[test]
fn what_hangs_on_an_organization_and_a_location_is_attached_to_it() {
    let directory = read_fixture("json/service.json");
    let organization = &directory.organizations[0];
    assert_eq!(
        organization.phone.as_deref(),
        Some("555-0102 x7"),
        "a voice line before a fax"
    );
    assert_eq!(
        organization.identifiers,
        [("TEST".to_owned(), "0001".to_owned())]
    );
    assert_eq!(organization.year_incorporated, Some(1999));
    let location = &directory.locations[0];
    assert_eq!(
        (location.latitude, location.longitude),
        (Some(45.5), Some(-75.5))
    );
    assert!(!location.confidential);
    let address = location.address.as_ref().expect("an address");
    assert_eq!(
        address.line1.as_deref(),
        Some("1 Test Street"),
        "a physical address before a postal one"
    );
    assert_eq!(address.province.as_deref(), Some("ON"));
}

#[test]
fn a_full_organization_owns_its_services_and_locations_and_loses_only_those_that_are_wrong() {
    let directory = read_fixture("json/organization.json");
    assert_eq!(
        ids(directory.services.iter().map(|service| &service.hsds_id)),
        ["service-2", "service-5"]
    );
    assert!(
        directory
            .services
            .iter()
            .all(|service| service.organization_id == "organization-2")
    );
    let location = &directory.locations[0];
    assert_eq!(location.organization_id.as_deref(), Some("organization-2"));
    assert_eq!(location.name, "Test Annex");
    assert_eq!((location.latitude, location.longitude), (None, None));
    assert_eq!(
        rejections(&directory),
        [
            "organization.json, at /services/1: service service-3: “name” is absent or blank",
            "organization.json, at /services/2: service service-4: “status” has a value that is not allowed",
            "organization.json, at /services/3/phones: phone: “phones” is of the wrong type",
        ]
    );
    assert_eq!(
        warnings(&directory),
        [
            "organization.json, at /locations/0: location location-2: “latitude” is left out: the value is out of range",
            "organization.json, at /locations/0: location location-2: “longitude” is left out: without the other \
             coordinate it is no point",
        ]
    );
}

#[test]
fn each_element_of_a_page_is_taken_or_refused_at_its_place() {
    let directory = read_fixture("json/services_page.json");
    assert_eq!(
        ids(directory.services.iter().map(|service| &service.hsds_id)),
        ["service-1"]
    );
    assert!(
        directory.organizations.is_empty(),
        "an object with nothing but an id is a reference"
    );
    assert_eq!(
        rejections(&directory),
        [
            "services_page.json, at /contents/2: service: “id” is absent or blank",
            "services_page.json, at /contents/3: this is no HSDS object that can be recognized",
            "services_page.json, at /contents/4: service service-9: “name” is of the wrong type",
            "services_page.json, at /contents/1: service service-6: the service has no organization",
        ]
    );
}

#[test]
fn a_service_at_location_brings_both_its_ends() {
    let directory = read_fixture("json/service_at_location.json");
    assert_eq!(counts(&directory), [1, 1, 1, 1]);
    let at = &directory.services_at_locations[0];
    assert_eq!(
        (at.service_id.as_str(), at.location_id.as_str()),
        ("service-10", "location-3")
    );
}

#[test]
fn a_location_without_a_name_is_called_by_its_address_and_may_have_a_number_for_an_id() {
    let directory = read_fixture("json/location.json");
    assert_eq!(directory.locations[0].name, "17 Test Street");
    assert_eq!(directory.locations[0].hsds_id, "17");
}

#[test]
fn a_malformed_line_is_reported_and_the_others_go_on() {
    let directory = read_fixture("json/lines.json");
    assert_eq!(
        ids(directory
            .organizations
            .iter()
            .map(|organization| &organization.hsds_id)),
        ["organization-3", "organization-5"]
    );
    assert_eq!(
        directory.organizations[1].place.to_string(),
        "lines.json, line 3"
    );
    let [rejected] = directory.rejected.as_slice() else {
        panic!("one line is malformed");
    };
    assert_eq!(rejected.place.line, Some(2));
    assert!(matches!(
        rejected.reason,
        RejectReason::MalformedJson { line: 2, .. }
    ));
}

#[test]
fn a_malformed_file_is_reported_and_gives_what_stands_before_the_fault() {
    let directory = read_fixture("json/broken.json");
    assert_eq!(
        ids(directory
            .organizations
            .iter()
            .map(|organization| &organization.hsds_id)),
        ["organization-6"]
    );
    assert_eq!(directory.rejected.len(), 1);
    assert!(matches!(
        directory.rejected[0].reason,
        RejectReason::MalformedJson { .. }
    ));
    assert_eq!(directory.first_problem(), directory.rejected.first());
}

#[test]
fn the_tabular_form_may_come_as_one_json_object() {
    let directory = read_fixture("json/tables.json");
    assert_eq!(counts(&directory), [1, 1, 0, 0]);
    assert_eq!(directory.services[0].status, ServiceStatus::Inactive);
    assert_eq!(
        rejections(&directory),
        ["tables.json, at /services.csv/1: service service-12: “name” is absent or blank"]
    );
    assert_eq!(
        skips(&directory),
        ["tables.json: schedule, not kept by the gateway, 2"]
    );
}

#[test]
fn a_folder_is_read_whole_and_what_is_of_no_use_is_counted_not_refused() {
    let directory = read_fixture("json");
    assert_eq!(counts(&directory), [6, 5, 4, 3]);
    assert_eq!(directory.rejected.len(), 10);
    assert_eq!(
        skips(&directory),
        [
            "notes.txt: input, neither JSON nor CSV, 1",
            "service.json: taxonomy term, read for the categories of services only, 3",
            "tables.json: schedule, not kept by the gateway, 2",
            "taxonomies.json: taxonomy, not kept by the gateway, 1",
            "version.json: version information, not kept by the gateway, 1",
        ]
    );
}

#[test]
fn the_fuller_of_two_sightings_wins_whatever_the_order_and_the_difference_is_a_warning() {
    let full = r#"{"id": "s", "name": "Full", "status": "active", "fees": "f", "organization": {"id": "o"}}"#;
    let summary = r#"{"id": "s", "name": "Summary", "status": "active", "alert": "a"}"#;
    for text in [format!("[{full},{summary}]"), format!("[{summary},{full}]")] {
        let directory = read_text("services.json", text);
        let [service] = directory.services.as_slice() else {
            panic!("one service");
        };
        assert_eq!(service.name, "Full");
        assert_eq!(
            service.alert.as_deref(),
            Some("a"),
            "what only the summary knows is kept"
        );
        assert_eq!(service.fees_description.as_deref(), Some("f"));
        assert_eq!(
            warnings(&directory),
            [
                "services.json, at /1: service s: “name” differs from another record with the same id: the fuller one \
              was kept"
            ]
        );
    }
}

#[test]
fn the_same_fault_of_the_same_object_is_warned_of_once() {
    let text =
        r#"[{"id": "o", "name": "N", "website": "no"}, {"id": "o", "name": "N", "website": "no"}]"#;
    let directory = read_text("a.json", text);
    assert_eq!(directory.warnings.len(), 1);
    assert_eq!(directory.warnings[0].place.pointer.as_deref(), Some("/0"));
}

#[test]
fn a_text_that_is_too_long_refuses_the_record() {
    let name = "n".repeat(301);
    let directory = read_text(
        "a.json",
        format!(r#"{{"id": "o", "name": "{name}", "website": null}}"#),
    );
    assert!(directory.organizations.is_empty());
    assert_eq!(
        rejections(&directory),
        ["a.json: organization o: “name” is longer than 300 characters"]
    );
    assert_eq!(
        directory.rejected[0].text(Language::Fr),
        "a.json : organisme o : « name » dépasse 300 caractères"
    );
}

#[test]
fn an_object_that_no_shape_and_no_name_tells_is_refused_not_guessed() {
    let directory = read_text(
        "a.json",
        r#"[{"id": "x", "name": "N", "description": "D"}]"#,
    );
    assert_eq!(
        rejections(&directory),
        ["a.json, at /0: input x: this is no HSDS object that can be recognized"]
    );
    let directory = read_text(
        "organization_list.json",
        r#"[{"id": "x", "name": "N", "description": "D"}]"#,
    );
    assert_eq!(counts(&directory), [1, 0, 0, 0]);
}

#[test]
fn parts_of_a_refused_record_are_not_reported_one_by_one() {
    let text = r#"{"id": "s", "name": "", "status": "active", "organization": {"id": "o"},
        "languages": [{"code": "fr"}], "service_areas": [{"name": "Test Area"}]}"#;
    let directory = read_text("a.json", text);
    assert_eq!(
        rejections(&directory),
        ["a.json: service s: “name” is absent or blank"]
    );
}
