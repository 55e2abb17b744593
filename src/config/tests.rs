//! What is read, from where, and what is said about what is wrong.
use std::os::unix::fs::PermissionsExt;

use super::*;

fn file(text: &str) -> Sources {
    Sources {
        file: Some(("gateway.toml".to_owned(), text.to_owned())),
        ..Sources::default()
    }
}

fn variable(name: &str, value: &str) -> Sources {
    Sources {
        environment: vec![(name.to_owned(), value.to_owned())],
        ..Sources::default()
    }
}

fn refusal(sources: &Sources) -> String {
    load(sources)
        .expect_err("the configuration was accepted")
        .to_string()
}

#[test]
fn without_any_source_the_defaults_are_in_force() {
    let config = load(&Sources::default()).unwrap().config;
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.referral.answer_business_days_urgent.get(), 1);
    assert_eq!(config.referral.answer_business_days_routine.get(), 5);
    assert_eq!(config.referral.consent_age.get(), 16);
    assert_eq!(config.idempotency.retention_days.get(), 7);
    assert!(config.database.url.is_sqlite());
    assert!(!config.auth.demo_issuer);
}

#[test]
fn closures_are_read_from_the_file_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("closures.txt");
    let mut referral = Referral::default();
    assert_eq!(referral.closures().unwrap(), Closures::default());
    referral.closures_file = Some(path.clone());
    assert!(matches!(referral.closures(), Err(ClosuresError::File(_))));
    fs::write(&path, "2026-12-24 # the office moves\n").unwrap();
    assert_eq!(referral.closures().unwrap(), "2026-12-24".parse().unwrap());
    fs::write(&path, "2026-12-24\nChristmas\n").unwrap();
    assert!(matches!(referral.closures(), Err(ClosuresError::Form(_))));
}

#[test]
fn each_source_stands_over_the_one_before() {
    let mut sources = file(
        "server.listen = '127.0.0.1:1'\nreferral.access_after_completion_days = 2\nlog.level = 'debug'",
    );
    let listen = |sources: &Sources| load(sources).unwrap().config.server.listen.0.port();
    assert_eq!(listen(&sources), 1);
    sources.environment = vec![
        (
            "CLAIMANT_GATEWAY_REFERRAL__ACCESS_AFTER_COMPLETION_DAYS".to_owned(),
            "3".to_owned(),
        ),
        (
            "CLAIMANT_GATEWAY_SERVER__LISTEN".to_owned(),
            "127.0.0.1:2".to_owned(),
        ),
    ];
    assert_eq!(listen(&sources), 2);
    sources.flags.listen = Some("127.0.0.1:3".to_owned());
    assert_eq!(listen(&sources), 3);
    let config = load(&sources).unwrap().config;
    assert_eq!(config.referral.access_after_completion_days.get(), 3);
    assert_eq!(config.log.level, LogLevel::Debug);
}

#[test]
fn a_key_that_is_no_setting_is_refused_by_name_with_who_set_it() {
    assert_eq!(
        refusal(&file("[server]\nlisten = '127.0.0.1:1'\nlisten_on = 1")),
        "`server.listen_on` is no setting (from gateway.toml); allowed here: listen, shutdown_seconds"
    );
    assert_eq!(
        refusal(&variable("CLAIMANT_GATEWAY_LOG__COLOUR", "red")),
        "`log.colour` is no setting (from CLAIMANT_GATEWAY_LOG__COLOUR); allowed here: format, level"
    );
    let top = refusal(&variable("CLAIMANT_GATEWAY_SERVR__LISTEN", "127.0.0.1:1"));
    assert!(
        top.starts_with("`servr` is no setting (from CLAIMANT_GATEWAY_SERVR__LISTEN)"),
        "{top}"
    );
    let issuer =
        "auth.issuers = [{ issuer = 'https://issuer.example', audience = 'a', kind = 'x' }]";
    assert_eq!(
        refusal(&file(issuer)),
        "`auth.issuers.0.kind` is no setting (from gateway.toml); allowed here: issuer, audience, organization_claim, \
         region_claim, organizations"
    );
}

/// What is said about the value of a key in a file.
fn refusal_of_value(text: &str) -> (String, String) {
    let said = refusal(&file(text));
    let (key, rest) = said.split_once(" (from gateway.toml) ").unwrap();
    let allowed = rest.strip_prefix("has a value that is not allowed; allowed: ");
    (
        key.trim_matches('`').to_owned(),
        allowed.unwrap().to_owned(),
    )
}

#[test]
fn a_wrong_number_is_refused_with_its_key_and_what_is_allowed() {
    for value in [
        "0",
        "-1",
        "1001",
        "'many'",
        "1.5",
        "true",
        "99999999999999999999.0",
    ] {
        assert_eq!(
            refusal_of_value(&format!("database.max_connections = {value}")),
            (
                "database.max_connections".to_owned(),
                "a whole number from 1 to 1000".to_owned()
            ),
            "{value}"
        );
    }
}

#[test]
fn a_wrong_value_of_any_kind_is_refused_with_its_key_and_what_is_allowed() {
    let listen = "an address and a port, such as 127.0.0.1:8080 or [::]:8080";
    let issuer = "an https URL without query or fragment (http only for a loopback address)";
    #[rustfmt::skip]
    let expected = [
        ("log.format = 'xml'", "log.format", "text, json"),
        ("log.level = 'loud'", "log.level", "off, error, warn, info, debug, trace"),
        ("auth.demo_issuer = 'perhaps'", "auth.demo_issuer", "a boolean"),
        ("auth.demo_key_file = 1", "auth.demo_key_file", "the path of a file"),
        ("server = 1", "server", "a table of settings"),
        ("auth.issuers = 1", "auth.issuers", "a list"),
        ("server.listen = 'everywhere'", "server.listen", listen),
        ("server.listen = 8080", "server.listen", listen),
        ("database.url = 'mysql://host/gateway'", "database.url", "a URL that begins with sqlite:, postgres:// or postgresql://"),
        ("auth.issuers = [{ issuer = 'http://issuer.example', audience = 'a' }]", "auth.issuers.0.issuer", issuer),
        ("auth.issuers = [{ issuer = 'https://issuer.example?x', audience = 'a' }]", "auth.issuers.0.issuer", issuer),
        ("auth.issuers = [{ issuer = 'issuer', audience = 'a' }]", "auth.issuers.0.issuer", issuer),
        ("auth.issuers = [{ issuer = 'https://issuer.example', audience = '' }]", "auth.issuers.0.audience", "a text that is not empty"),
    ];
    for (text, key, allowed) in expected {
        assert_eq!(
            refusal_of_value(text),
            (key.to_owned(), allowed.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn a_wrong_value_is_refused_with_the_name_of_who_set_it() {
    let said = refusal(&variable("CLAIMANT_GATEWAY_SERVER__LISTEN", "8080"));
    assert!(
        said.starts_with("`server.listen` (from CLAIMANT_GATEWAY_SERVER__LISTEN) has"),
        "{said}"
    );
    let mut sources = file("database.url = 'sqlite://a.db'");
    sources.flags.database = Some(Secret::new("gateway.db"));
    let said = refusal(&sources);
    assert!(
        said.starts_with("`database.url` (from --database) has"),
        "{said}"
    );
}

#[test]
fn two_entries_for_one_issuer_are_refused() {
    let twice = "[[auth.issuers]]\nissuer = 'https://issuer.example'\naudience = 'a'\n\
                 [[auth.issuers]]\nissuer = 'https://issuer.example'\naudience = 'b'";
    assert!(refusal(&file(twice)).starts_with("`auth.issuers.1.issuer` (from gateway.toml)"));
}

#[test]
fn what_must_be_there_and_is_not_is_named() {
    assert_eq!(
        refusal(&file(
            "auth.issuers = [{ issuer = 'https://issuer.example' }]"
        )),
        "`auth.issuers.0.audience` is missing (from gateway.toml)"
    );
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_the_line() {
    let refused = refusal(&file("[server]\nlisten = '127.0.0.1:1'\nlisten again\n"));
    assert!(
        refused.starts_with("gateway.toml, line 3: not TOML: "),
        "{refused}"
    );
}

#[test]
fn a_variable_holds_a_list_of_issuers_in_brackets() {
    let issuers = r#"[{issuer = "https://issuer.example", audience = "claimant-gateway"}]"#;
    let config = load(&variable("CLAIMANT_GATEWAY_AUTH__ISSUERS", issuers))
        .unwrap()
        .config;
    assert_eq!(
        config.auth.issuers[0].issuer.as_str(),
        "https://issuer.example"
    );
    assert_eq!(config.auth.issuers[0].organization_claim, "organization");
}

#[test]
fn a_variable_is_a_number_or_a_boolean_only_where_one_is_expected() {
    let secret = load(&variable(
        "CLAIMANT_GATEWAY_SECRET__KEY",
        "0012345678901234567890",
    ))
    .unwrap();
    assert_eq!(
        secret.config.secret.key.unwrap().reveal(),
        "0012345678901234567890"
    );
    let demo = load(&variable("CLAIMANT_GATEWAY_AUTH__DEMO_ISSUER", "true")).unwrap();
    assert!(demo.config.auth.demo_issuer);
}

#[test]
fn variables_that_name_the_file_or_come_from_kubernetes_are_no_settings() {
    for name in [
        "CLAIMANT_GATEWAY_CONFIG",
        "CLAIMANT_GATEWAY_SERVICE_HOST",
        "CLAIMANT_GATEWAY_SERVICE_PORT_HTTP",
        "CLAIMANT_GATEWAY_PORT",
        "CLAIMANT_GATEWAY_PORT_8080_TCP_ADDR",
    ] {
        assert!(load(&variable(name, "x")).is_ok(), "{name}");
    }
    assert!(load(&variable("CLAIMANT_GATEWAY_PORTS", "x")).is_err());
    assert!(load(&variable("CLAIMANT_GATEWAY_PORT__TCP", "x")).is_err());
}

#[test]
fn no_text_shows_a_secret() {
    let mut sources = file(
        "secret.key = 'very-secret'\ndatabase.url = 'postgres://gateway:hunter2@db.example/gateway?sslmode=require&sslpassword=hunter3'",
    );
    let loaded = load(&sources).unwrap();
    let printed = loaded.to_toml().unwrap();
    for text in [
        printed.as_str(),
        &format!("{:?} {}", loaded.config, loaded.config.database.url),
    ] {
        for secret in ["very-secret", "hunter2", "hunter3"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
        assert!(
            text.contains(REDACTED)
                && text.contains("db.example")
                && text.contains("sslmode=require"),
            "{text}"
        );
    }
    assert_eq!(
        loaded.config.database.url.reveal(),
        "postgres://gateway:hunter2@db.example/gateway?sslmode=require&sslpassword=hunter3"
    );
    sources = file("database.url = 'mysql://gateway:hunter2@db.example/gateway'");
    assert!(!refusal(&sources).contains("hunter2"));
    sources = file("secret.key = ['hunter2']");
    assert!(!refusal(&sources).contains("hunter2"));
    sources = file("secret.key = 'hunter2");
    assert!(!refusal(&sources).contains("hunter2"));
    sources = Sources::default();
    sources.flags.database = Some(Secret::new("mysql://hunter2@db.example"));
    assert!(refusal(&sources).contains("(from --database)"));
    assert!(!format!("{sources:?} {}", refusal(&sources)).contains("hunter2"));
}

#[test]
fn of_a_command_that_gives_a_key_the_program_alone_is_shown() {
    let command =
        "encryption.keys = [{ id = 'a', key_command = ['kms-decrypt', '--token', 'hunter2'] }]";
    let loaded = load(&file(command)).unwrap();
    let printed = loaded.to_toml().unwrap();
    assert!(
        printed.contains("kms-decrypt") && printed.contains(REDACTED),
        "{printed}"
    );
    for text in [&printed, &format!("{:?}", loaded.config)] {
        assert!(
            !text.contains("hunter2") && !text.contains("--token"),
            "{text}"
        );
    }
}

#[test]
fn key_files_that_others_can_use_are_named_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str, mode: u32| {
        let path = folder.path().join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    };
    let named = |path: &PathBuf| NamedKey {
        key_file: Some(path.clone()),
        ..NamedKey::default()
    };
    let (own, of_group, of_all) = (made("own", 0o600), made("group", 0o640), made("all", 0o604));
    let mut config = Config::default();
    assert_eq!(config.exposed_key_files(), [] as [&Path; 0]);
    config.encryption.keys = vec![named(&own), named(&of_group)];
    config.encryption.token_keys = vec![named(&folder.path().join("missing"))];
    config.secret.key_file = Some(of_all.clone());
    assert_eq!(
        config.exposed_key_files(),
        [of_all.as_path(), of_group.as_path()]
    );
}

#[test]
fn an_issuer_that_may_name_no_organization_is_refused() {
    let issuer = "auth.issuers = [{ issuer = 'https://issuer.example', audience = 'a', organizations = [] }]";
    let said = refusal(&file(issuer));
    assert!(said.starts_with("`auth.issuers.0.organizations`"), "{said}");
}

#[test]
fn the_printed_configuration_says_who_set_what_and_can_be_read_in_again() {
    let mut sources = file(
        "referral.access_after_completion_days = 2\nauth.issuers = [{ issuer = 'https://issuer.example', audience = 'a' }]",
    );
    sources.environment = vec![("CLAIMANT_GATEWAY_LOG__LEVEL".to_owned(), "warn".to_owned())];
    sources.flags.database = Some(Secret::new("sqlite://demo.db"));
    let printed = load(&sources).unwrap().to_toml().unwrap();
    for line in [
        "url = \"sqlite://demo.db\" # --database",
        "max_connections = 16 # default",
        "access_after_completion_days = 2 # gateway.toml",
        "level = \"warn\" # CLAIMANT_GATEWAY_LOG__LEVEL",
    ] {
        assert!(
            printed.lines().any(|printed| printed == line),
            "{line} is not in\n{printed}"
        );
    }
    let again = load(&file(&printed)).unwrap();
    assert_eq!(again.config.auth.issuers[0].audience, "a");
    assert_eq!(again.config.referral.access_after_completion_days.get(), 2);
    let without_sources = |text: &str| -> Vec<String> {
        text.lines()
            .map(|line| line.split(" # ").next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(
        without_sources(&again.to_toml().unwrap()),
        without_sources(&printed)
    );
}

#[test]
fn the_master_key_is_read_from_one_place_and_must_be_long_enough() {
    let long = STANDARD.encode([7; 32]);
    let short = STANDARD.encode([7; 31]);
    let read = |key: Option<&str>, key_file: Option<PathBuf>| {
        let key = key.map(Secret::new);
        SecretKey { key, key_file }.read()
    };
    assert_eq!(read(None, None).unwrap(), None);
    assert_eq!(read(Some(&long), None).unwrap(), Some(vec![7; 32]));
    assert!(matches!(
        read(Some(&short), None),
        Err(SecretKeyError::Form)
    ));
    assert!(matches!(
        read(Some("not base64!"), None),
        Err(SecretKeyError::Form)
    ));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    assert!(matches!(
        read(None, Some(path.clone())),
        Err(SecretKeyError::File(_))
    ));
    fs::write(&path, format!("{long}\n")).unwrap();
    assert_eq!(read(None, Some(path.clone())).unwrap(), Some(vec![7; 32]));
    assert!(matches!(
        read(Some(&long), Some(path)),
        Err(SecretKeyError::Both)
    ));
}
