//! The command as an operator meets it: what it says, what it leaves, how it ends.
use std::{fs, path::PathBuf};

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::command::{Arguments, Command, ImportArguments, ImportFormat};

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/hsds/{name}", env!("CARGO_MANIFEST_DIR"))
}

struct Here {
    config: Config,
    file: PathBuf,
    folder: TempDir,
}

impl Here {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let mut config = Config::default();
        config.database.url = format!("sqlite://{}", file.display()).parse().unwrap();
        Self {
            config,
            file,
            folder,
        }
    }

    async fn import(&self, arguments: &[&str]) -> Result<Report, Failure> {
        let words = ["claimant-gateway", "import", "hsds"];
        let Command::Import(ImportArguments {
            format: ImportFormat::Hsds(arguments),
        }) = Arguments::try_parse_from(words.iter().chain(arguments))?.command
        else {
            panic!("another command");
        };
        import(&arguments, &self.config, &mut Teller::new(true)).await
    }

    async fn refusal(&self, arguments: &[&str]) -> String {
        match self.import(arguments).await {
            Ok(_) => panic!("it was imported"),
            Err(failure) => failure.to_string(),
        }
    }
}

#[tokio::test]
async fn an_import_ends_with_counts_of_every_kind() {
    let here = Here::new();
    let package = fixture("package");
    let first = here.import(&[&package]).await.unwrap();
    insta::assert_snapshot!(first.table(), @r"
                                        new    changed  unchanged   rejected   warnings    skipped
    organization                          2          0          0          1          2          0
    service                               3          0          0          4          6          0
    location                              2          0          0          1          2          0
    service at location                   1          0          0          3          0          0
    address                               0          0          0          2          0          0
    language                              0          0          0          0          1          0
    service capacity                      2          0          0          2          2          0
    taxonomy term                         0          0          0          0          0          1
    contact                               0          0          0          0          0          1
    data package description              0          0          0          0          0          1
    input                                 0          0          0          0          0          1
    ");
    let second = here.import(&[&package]).await.unwrap();
    let line = |report: &Report, kind: &str| {
        let table = report.table();
        let line = table.lines().find(|line| line.starts_with(kind)).unwrap();
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        line(&first, "organization "),
        ["organization", "2", "0", "0", "1", "2", "0"]
    );
    assert_eq!(
        line(&second, "organization "),
        ["organization", "0", "0", "2", "1", "2", "0"]
    );
}

#[tokio::test]
async fn every_record_that_was_not_taken_is_told_with_its_place_and_reason() {
    let here = Here::new();
    let report = here.import(&[&fixture("package")]).await.unwrap();
    let remarks = report.remarks();
    for line in [
        "rejected: organizations.csv, line 6: organization organization-3: “name” is absent or blank",
        "rejected: service.csv, line 3: service service-2: “organization_id” names an unknown organization, organization-9",
        "warning: service.csv, line 5: service service-4: has no need category: a search by category does not find it",
        "skipped: contacts.csv: contact (1): not kept by the gateway",
        "not read: “shoe_size” of organization (1)",
    ] {
        assert!(
            remarks.lines().any(|remark| remark == line),
            "{line}\n{remarks}"
        );
    }
    assert_eq!(
        remarks
            .lines()
            .filter(|line| line.starts_with("rejected"))
            .count(),
        report.directory.rejected.len()
    );
}

#[tokio::test]
async fn the_same_is_told_as_json() {
    let here = Here::new();
    let report = here
        .import(&[&fixture("package"), "--dry-run"])
        .await
        .unwrap()
        .json();
    assert_eq!(report["dryRun"], json!(true));
    assert_eq!(
        report["counts"]["organization"],
        json!({"new": 2, "changed": 0, "unchanged": 0, "rejected": 1, "warnings": 2, "skipped": 0})
    );
    let rejected = report["rejected"].as_array().unwrap();
    assert!(rejected.contains(&json!({
        "file": "organizations.csv",
        "line": 6,
        "pointer": null,
        "kind": "organization",
        "id": "organization-3",
        "reason": "“name” is absent or blank"
    })));
}

#[tokio::test]
async fn a_strict_import_says_the_first_problem_and_makes_no_database() {
    let here = Here::new();
    let refusal = here.refusal(&[&fixture("package"), "--strict"]).await;
    assert_eq!(
        refusal,
        "nothing was imported, since --strict is set: addresses.csv, line 4: address: “address_1” is absent or blank"
    );
    assert!(!here.file.exists());
}

#[tokio::test]
async fn a_strict_import_stops_at_a_reference_that_only_the_database_could_resolve() {
    let here = Here::new();
    let input = here.folder.path().join("services.csv");
    let text = "id,organization_id,name,status\nservice-9,organization-1,Test Service,active\n";
    fs::write(&input, text).unwrap();
    let input = input.display().to_string();
    let refusal = here.refusal(&[&input, "--strict"]).await;
    assert!(
        refusal.contains("names an unknown organization, organization-1"),
        "{refusal}"
    );
    here.import(&[&fixture("json/service.json"), "--strict"])
        .await
        .unwrap();
    let report = here.import(&[&input, "--strict"]).await.unwrap();
    assert_eq!(report.counts.services.new, 1);
}

#[tokio::test]
async fn a_dry_run_makes_no_file_and_tells_what_the_real_one_would_do() {
    let here = Here::new();
    let package = fixture("package");
    let before = here.import(&[&package, "--dry-run"]).await.unwrap();
    assert_eq!(fs::read_dir(here.folder.path()).unwrap().count(), 0);
    assert!(
        before
            .table()
            .ends_with("Nothing was written: this was a dry run.\n")
    );
    let real = here.import(&[&package]).await.unwrap();
    assert_eq!(before.counts, real.counts);
    let after = here.import(&[&package, "--dry-run"]).await.unwrap();
    assert_eq!(
        (after.counts.services.new, after.counts.services.unchanged),
        (0, 3)
    );
}

#[tokio::test]
async fn an_input_that_is_not_there_and_a_region_that_is_none_are_refused() {
    let here = Here::new();
    assert_eq!(
        here.refusal(&["/nowhere/at/all"]).await,
        "the path cannot be read"
    );
    assert!(!here.file.exists());
    let refusal = here
        .refusal(&[&fixture("json/service.json"), "--region", "NOWHERE"])
        .await;
    assert_eq!(refusal, "--region names no region of this database");
}

#[test]
fn a_remark_cannot_steer_the_terminal() {
    assert_eq!(report::shown("a\u{1b}[2Jb\nc"), "a\u{fffd}[2Jb\u{fffd}c");
}
