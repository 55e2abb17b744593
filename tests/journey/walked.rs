//! The journeys that `demo --journey` walks for people to read: each is walked to its end by the program itself.
use std::{
    process::{Command, Stdio},
    thread,
};

/// What the program prints when it walks a journey; without a name, the first of them.
fn walks(name: &str) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_claimant-gateway"));
    program.args(["demo", "--listen", "127.0.0.1:0", "--journey"]);
    if !name.is_empty() {
        program.arg(name);
    }
    let walked = program
        .stdin(Stdio::null())
        .output()
        .expect("the program runs");
    let printed = String::from_utf8_lossy(&walked.stdout).into_owned();
    let said = String::from_utf8_lossy(&walked.stderr);
    assert!(walked.status.success(), "{name}: {printed}\n{said}");
    printed
}

/// The steps of somebody, each with all that stands under it.
fn steps_of<'p>(printed: &'p str, who: &str) -> Vec<&'p str> {
    let steps = printed.split("\n\n");
    let who = format!(". [{who}] ");
    steps.filter(|step| step.contains(&who)).collect()
}

#[test]
fn the_demo_walks_each_of_its_journeys_to_the_end() {
    let names = ["", "family", "monday"];
    let walking = names.map(|name| thread::spawn(move || walks(name)));
    let printed = walking.map(|walk| walk.join().expect("it is walked"));
    for text in &printed {
        assert_eq!(text.lines().last(), Some("COMPLETED"), "{text}");
        for step in text
            .trim()
            .split("\n\n")
            .filter(|step| step.contains(". ["))
        {
            assert!(step.lines().count() >= 2, "in both languages: {step}");
        }
    }
    let [_, family, monday] = &printed;
    for who in ["housing service", "provider", "ministry"] {
        let seen = steps_of(family, who);
        assert!(!seen.is_empty(), "{who}");
        for step in seen {
            for secret in ["Proba", "Sampla", "555 0177", "birthDate"] {
                assert!(
                    !step.contains(secret),
                    "{secret} is told to the {who}: {step}"
                );
            }
        }
    }
    assert!(family.contains("refused: CONSENT_OWN_REQUIRED") && family.contains("kind: NEED_DUE"));
    for said in [
        "waiting: 60",
        "waiting: 3",
        "overdue: 0",
        "ACCEPT: 20 in one call",
        "DECLINE NOT_ELIGIBLE: 4",
    ] {
        assert!(monday.contains(said), "{said}: {monday}");
    }
    assert!(
        steps_of(monday, "agency")
            .iter()
            .all(|step| !step.contains("demo-colleague"))
    );
}
