//! Files, folders and archives: limits, damage, progress.
use super::*;

#[test]
fn an_archive_gives_what_its_files_give_whatever_it_is_called() {
    let files = [
        "organizations.csv",
        "service.csv",
        "locations.csv",
        "service_at_location.csv",
    ];
    let files: Vec<_> = files
        .iter()
        .map(|name| {
            (
                *name,
                fs::read(fixture("package").join(name)).expect("a fixture"),
            )
        })
        .collect();
    let mut entries: Vec<(&str, &[u8])> = files
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    entries.push(("__MACOSX/organizations.csv", b"shadow"));
    entries.push((
        "../../outside.json",
        br#"{"id": "o", "name": "Test Organization", "logo": ""}"#,
    ));
    let (_folder, path) = archive(&entries);
    let directory = read_path(&path);
    assert_eq!(counts(&directory), [3, 4, 2, 3]);
    let outside = directory
        .organizations
        .iter()
        .find(|organization| organization.hsds_id == "o");
    assert_eq!(
        outside.map(|organization| &*organization.place.file),
        Some("../../outside.json")
    );
    assert_eq!(
        skips(&directory),
        ["__MACOSX/organizations.csv: input, neither JSON nor CSV, 1"]
    );
}

#[test]
fn an_archive_that_unpacks_to_more_than_the_limit_is_refused() {
    let zeros = vec![b' '; 1 << 20];
    let (_folder, path) = archive(&[("a.json", &zeros), ("b.json", &zeros)]);
    assert!(
        fs::metadata(&path).expect("a file").len() < 10_000,
        "small as it lies"
    );
    let limits = |bytes| Limits { bytes, entries: 2 };
    let refused = read_within(&path, limits((2 << 20) - 1), &mut |_| {});
    assert!(matches!(refused, Err(ReadError::TooLarge { .. })));
    let taken = read_within(&path, limits(2 << 20), &mut |_| {});
    assert_eq!(
        taken.expect("just within").rejected.len(),
        2,
        "blank files are no JSON"
    );
}

#[test]
fn an_input_of_more_files_than_the_limit_is_refused() {
    let (_folder, path) = archive(&[("a.json", b"[]"), ("b.txt", b""), ("c.json", b"[]")]);
    let limits = |entries| Limits {
        bytes: 1_000,
        entries,
    };
    assert!(matches!(
        read_within(&path, limits(2), &mut |_| {}),
        Err(ReadError::TooManyFiles { entries: 2 })
    ));
    assert!(read_within(&path, limits(3), &mut |_| {}).is_ok());
    assert!(matches!(
        read_within(&fixture("json"), limits(2), &mut |_| {}),
        Err(ReadError::TooManyFiles { entries: 2 })
    ));
}

#[test]
fn a_damaged_entry_is_reported_and_the_others_go_on() {
    let organization =
        |id: &str| format!(r#"{{"id": "{id}", "name": "Test Organization {id}", "uri": ""}}"#);
    let (one, two) = (organization("one"), organization("two"));
    let (_folder, path) = archive(&[("one.json", one.as_bytes()), ("two.json", two.as_bytes())]);
    let mut bytes = fs::read(&path).expect("the archive");
    // Within the compressed content of the first entry, behind its header of 30 bytes and its name.
    bytes[50] ^= 0xFF;
    fs::write(&path, bytes).expect("written");
    let directory = read_path(&path);
    assert_eq!(
        ids(directory
            .organizations
            .iter()
            .map(|organization| &organization.hsds_id)),
        ["two"]
    );
    assert_eq!(
        rejections(&directory),
        ["one.json: the file cannot be read"]
    );
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_in_a_folder_is_not_followed() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("a.json"), "[]").expect("written");
    std::os::unix::fs::symlink(fixture("json/service.json"), folder.path().join("b.json"))
        .expect("linked");
    let directory = read_path(folder.path());
    assert_eq!(counts(&directory), [0, 0, 0, 0]);
    assert_eq!(
        skips(&directory),
        ["b.json: input, symbolic links are not followed, 1"]
    );
}

#[test]
fn an_input_that_cannot_be_read_at_all_says_why_in_both_languages() {
    let folder = TempDir::new().expect("a folder");
    let error = |path: &Path| read(path, &mut |_| {}).expect_err("no input");
    assert!(matches!(
        error(&folder.path().join("none")),
        ReadError::Path(_)
    ));
    assert!(matches!(error(folder.path()), ReadError::NoData));
    let text = folder.path().join("a.txt");
    fs::write(&text, "text").expect("written");
    let unknown = error(&text);
    assert_eq!(
        unknown.to_string(),
        "the file is neither JSON nor CSV nor a ZIP archive"
    );
    assert_eq!(
        unknown.text(Language::Fr),
        "le fichier n’est ni du JSON, ni du CSV, ni une archive ZIP"
    );
    let archive = folder.path().join("a.zip");
    fs::write(&archive, "PK\u{3}\u{4} and no more").expect("written");
    assert!(matches!(error(&archive), ReadError::Archive(_)));
}

#[test]
fn progress_is_told_at_every_file_every_thousand_objects_and_at_the_end() {
    let rows: String = (0..1_500)
        .map(|row| format!("o-{row},Test Organization {row}\n"))
        .collect();
    let folder = TempDir::new().expect("a folder");
    fs::write(
        folder.path().join("organizations.csv"),
        format!("id,name\n{rows}"),
    )
    .expect("written");
    fs::write(folder.path().join("z.json"), "[]").expect("written");
    let mut told = Vec::new();
    read(folder.path(), &mut |progress| {
        told.push((
            progress.file.to_owned(),
            progress.files_read,
            progress.files_total,
            progress.objects,
        ));
    })
    .expect("an input");
    let told: Vec<_> = told
        .iter()
        .map(|(file, read, total, objects)| (file.as_str(), *read, *total, *objects))
        .collect();
    assert_eq!(
        told,
        [
            ("organizations.csv", 0, 2, 0),
            ("organizations.csv", 0, 2, 1_000),
            ("z.json", 1, 2, 1_500),
            ("z.json", 2, 2, 1_500),
        ]
    );
}
