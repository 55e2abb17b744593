//! The tabular package, its lines, and the references between its records.
use super::*;

#[test]
fn a_tabular_package_is_read_with_its_marks_orders_and_delimiters() {
    let directory = read_fixture("package");
    assert_eq!(counts(&directory), [2, 4, 2, 3]);
    let organization = &directory.organizations[1];
    assert_eq!(organization.name, "Test, Organization\nTwo");
    assert_eq!(
        organization.place.line,
        Some(4),
        "after a blank line, and before its own line break"
    );
    let service = &directory.services[0];
    assert_eq!(service.languages, ["fra", "tir"]);
    assert_eq!(
        service.service_areas,
        ["Test Area"],
        "a table that only the package's description names"
    );
    assert_eq!(service.categories, [NeedCategory::Food]);
    let capacity = service.capacity.as_ref().expect("a capacity");
    assert_eq!(
        (capacity.available, capacity.unit.as_deref()),
        (5, Some("seat"))
    );
    let address = directory.locations[0].address.as_ref().expect("an address");
    assert_eq!(address.city.as_deref(), Some("Testville"));
    assert_eq!(
        directory
            .unread_fields
            .get(&(Kind::Organization, "shoe_size".into())),
        Some(&1)
    );
    assert_eq!(
        skips(&directory),
        [
            "budget.csv: input, not a table of HSDS, 1",
            "contacts.csv: contact, not kept by the gateway, 1",
            "datapackage.json: data package description, not kept by the gateway, 1",
            "taxonomy_terms.csv: taxonomy term, read for the categories of services only, 1",
        ]
    );
}

#[test]
fn each_line_of_a_package_that_is_refused_is_named() {
    assert_eq!(
        rejections(&read_fixture("package")),
        [
            "addresses.csv, line 4: address: “address_1” is absent or blank",
            "organizations.csv, line 6: organization organization-3: “name” is absent or blank",
            "service.csv, line 7: service service-6: there are more values than the 6 columns",
            "service.csv, line 8: service: this is not UTF-8 text",
            "service_at_location.csv, line 5: service at location at-4: “location_id” is absent or blank",
            "service_capacity.csv, line 5: service capacity capacity-4: “available” has a value that is not allowed",
            "addresses.csv, line 3: address: “location_id” names an unknown location, location-9",
            "service_capacity.csv, line 4: service capacity capacity-3: “service_id” names an unknown service, service-9",
            "service.csv, line 4: service service-3: the service has no organization",
            "locations.csv, line 4: location location-3: “name” is absent or blank",
        ]
    );
}

#[test]
fn each_doubt_about_a_package_is_named() {
    assert_eq!(
        warnings(&read_fixture("package")),
        [
            "languages.csv, line 5: language language-4: “code” is left out: the language is not known",
            "locations.csv, line 3: location location-2: “longitude” is left out: without the other coordinate it is no point",
            "organizations.csv, line 2: organization organization-1: “year_incorporated” is left out: the value is not valid",
            "organizations.csv, line 4: organization organization-2: “email” is left out: the value is not valid",
            "service.csv, line 5: service service-4: “minimum_age” is left out: the value is out of range",
            "service.csv, line 5: service service-4: “maximum_age” is left out: the value is out of range",
            "service.csv, line 6: service service-5: has fewer values than columns: the last ones were taken as blank",
            "service_capacity.csv, line 3: service capacity capacity-2: “maximum” is left out: the value is out of range",
            "service_capacity.csv, line 3: service capacity capacity-2: “unit_id” is left out: what it names is not known",
            "service.csv, line 6: service service-5: “status” is absent: the usual value was assumed",
        ]
    );
}

#[test]
fn references_that_lead_nowhere_take_their_records_out() {
    let mut directory = read_fixture("package");
    let before = directory.rejected.len();
    let rejected = directory.check_references(&|_, _| false);
    assert_eq!(counts(&directory), [2, 3, 2, 1]);
    let lines: Vec<_> = rejected.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "service.csv, line 3: service service-2: “organization_id” names an unknown organization, organization-9",
            "service_at_location.csv, line 3: service at location at-2: “service_id” names an unknown service, service-2",
            "service_at_location.csv, line 4: service at location at-3: “location_id” names an unknown location, location-9",
        ]
    );
    assert_eq!(directory.rejected.get(before..), Some(rejected.as_slice()));
    assert_eq!(
        directory.locations[1].organization_id, None,
        "a location needs no organization"
    );
    let last = directory.warnings.last().map(ToString::to_string);
    assert_eq!(
        last.as_deref(),
        Some(
            "locations.csv, line 3: location location-2: “organization_id” is left out: what it names is not known"
        )
    );
}

#[test]
fn references_to_what_exists_besides_the_input_are_kept() {
    let mut directory = read_fixture("package");
    let known = [
        (ReferenceKind::Organization, "organization-9"),
        (ReferenceKind::Location, "location-9"),
    ];
    let rejected = directory.check_references(&|kind, id| known.contains(&(kind, id)));
    assert!(rejected.is_empty());
    assert_eq!(counts(&directory), [2, 4, 2, 3]);
    assert_eq!(
        directory.locations[1].organization_id.as_deref(),
        Some("organization-9")
    );
}

#[test]
fn a_quotation_mark_that_is_never_closed_does_not_swallow_lines_in_silence() {
    let directory = read_text(
        "organizations.csv",
        "id,name\no-1,One\no-2,\"Two\no-3,Three\n",
    );
    assert_eq!(
        ids(directory
            .organizations
            .iter()
            .map(|organization| &organization.hsds_id)),
        ["o-1"]
    );
    assert_eq!(
        rejections(&directory),
        [
            "organizations.csv, line 3: organization: this stops being CSV here: a quotation mark is never closed"
        ]
    );
}

#[test]
fn a_table_without_ids_and_one_that_is_not_text_are_refused_once() {
    let directory = read_text("services.csv", "name,status\nOne,active\nTwo,active\n");
    assert_eq!(
        rejections(&directory),
        ["services.csv: service: “id” is absent or blank"]
    );
    let utf16: Vec<u8> = "id,name\n1,One\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let directory = read_text("services.csv", [b"\xFF\xFE".as_slice(), &utf16].concat());
    assert_eq!(
        rejections(&directory),
        ["services.csv: service: this is not UTF-8 text"]
    );
}

#[test]
fn a_service_has_no_more_areas_than_are_taken() {
    let rows: String = (0..1_002)
        .map(|row| format!("{row},s,Test Area {row}\n"))
        .collect();
    let folder = TempDir::new().expect("a folder");
    let write =
        |name: &str, text: String| fs::write(folder.path().join(name), text).expect("written");
    write("service_areas.csv", format!("id,service_id,name\n{rows}"));
    write(
        "services.csv",
        "id,name,status,organization_id\ns,Test Service,active,o\n".to_owned(),
    );
    let directory = read_path(folder.path());
    assert_eq!(directory.services[0].service_areas.len(), 1_000);
    assert_eq!(
        warnings(&directory),
        [
            "service_areas.csv, line 1002: service area 1000: “name” is left out: there are more than are taken",
            "service_areas.csv, line 1003: service area 1001: “name” is left out: there are more than are taken",
        ]
    );
}
