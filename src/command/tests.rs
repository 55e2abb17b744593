//! The command line: what it takes, and what it says in its help.
use clap::CommandFactory;

use super::*;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(line.split_whitespace())
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn every_documented_command_is_taken() {
    for line in [
        "claimant-gateway serve --database sqlite://a.db --listen 127.0.0.1:0",
        "claimant-gateway --config a.toml serve",
        "claimant-gateway serve --config a.toml",
        "claimant-gateway demo --format json --listen 127.0.0.1:0 --database sqlite::memory:",
        "claimant-gateway demo --journey",
        "claimant-gateway demo --journey family",
        "claimant-gateway demo --journey monday --listen 127.0.0.1:0",
        "claimant-gateway migrate up --database sqlite://a.db",
        "claimant-gateway migrate status --database sqlite://a.db",
        "claimant-gateway migrate down --database sqlite://a.db --steps 2 --yes",
        "claimant-gateway schema",
        "claimant-gateway import hsds data --strict --dry-run --database sqlite://a.db",
        "claimant-gateway import hsds a.zip --kind LEGAL --region EAST --category FOOD --category LEGAL --quiet --format json",
        "claimant-gateway grants verify --repair --format json --quiet --database sqlite://a.db",
        "claimant-gateway token --organization demo-agency",
        "claimant-gateway config",
    ] {
        assert!(parse(line).is_ok(), "{line}: {:?}", parse(line).err());
    }
    for line in [
        "claimant-gateway",
        "claimant-gateway demo --format xml",
        "claimant-gateway demo --journey holiday",
        "claimant-gateway token",
        "claimant-gateway token --organization demo-agency --hours 0",
        "claimant-gateway migrate sideways",
        "claimant-gateway migrate down --steps 0",
        "claimant-gateway import hsds",
        "claimant-gateway import hsds a.zip --kind MINISTRY",
        "claimant-gateway import hsds a.zip --category SHELTER",
    ] {
        assert!(parse(line).is_err(), "{line}");
    }
}

#[test]
fn a_journey_may_be_named_or_not() {
    let journey = |line| {
        let Command::Demo(demo) = parse(line).unwrap().command else {
            panic!("another command: {line}");
        };
        demo.journey
    };
    assert_eq!(journey("claimant-gateway demo"), None);
    for (line, named) in [
        ("claimant-gateway demo --journey", DemoJourney::Referral),
        (
            "claimant-gateway demo --journey referral",
            DemoJourney::Referral,
        ),
        (
            "claimant-gateway demo --journey family",
            DemoJourney::Family,
        ),
        (
            "claimant-gateway demo --journey monday",
            DemoJourney::Monday,
        ),
    ] {
        assert_eq!(journey(line), Some(named));
    }
}

#[test]
fn a_password_on_the_command_line_is_not_shown_by_who_prints_the_arguments() {
    let arguments =
        parse("claimant-gateway serve --database postgres://gateway:hunter2@db.example/gateway")
            .unwrap();
    let shown = format!("{arguments:?}");
    assert!(
        !shown.contains("hunter2") && shown.contains(config::REDACTED),
        "{shown}"
    );
}

#[test]
fn every_command_says_what_it_is_for() {
    for command in Arguments::command().get_subcommands() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{} {}",
                command.get_name(),
                argument.get_id()
            );
        }
    }
}
