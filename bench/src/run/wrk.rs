//! The generator of load: wrk with a script that sends prepared requests.
use std::{fmt::Write, fs, path::Path, process::Command};

use crate::Failure;

/// One request, as any contender takes it.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub token: String,
    pub body: String,
}

/// How hard, how long.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    pub connections: u32,
    pub seconds: u32,
    /// Where in the requests to begin.
    pub offset: usize,
    /// Each request once: what it does cannot be done twice.
    pub once: bool,
}

/// What wrk saw.
#[derive(Clone, Debug)]
pub struct Seen {
    pub requests: f64,
    pub seconds: f64,
    pub bytes: f64,
    pub p50: f64,
    pub p99: f64,
    pub bad: f64,
    /// The first wrong answer.
    pub sample: String,
}

const SCRIPT: &str = include_str!("drive.lua");

/// Whether wrk is here.
pub fn demand() -> Result<(), Failure> {
    match Command::new("wrk").arg("-v").output() {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::NoWrk),
    }
}

/// Drives a server.
pub fn drive(
    folder: &Path,
    address: &str,
    requests: &[Request],
    load: Load,
) -> Result<Seen, Failure> {
    let (script, file) = (folder.join("drive.lua"), folder.join("requests.tsv"));
    fs::write(&script, SCRIPT)?;
    let mut text = String::new();
    for request in requests {
        // Writing into a string does not fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{}",
            request.path, request.token, request.body
        );
    }
    fs::write(&file, text)?;
    let output = Command::new("wrk")
        .arg("--threads=1")
        .arg(format!("--connections={}", load.connections))
        .arg(format!("--duration={}s", load.seconds))
        .args(["--timeout=20s", "--script"])
        .arg(&script)
        .arg(address)
        .env("BENCH_REQUESTS", &file)
        .env("BENCH_OFFSET", load.offset.to_string())
        .env("BENCH_ONCE", if load.once { "1" } else { "0" })
        .output()
        .map_err(|_| Failure::NoWrk)?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let result = said.lines().find_map(|line| line.strip_prefix("RESULT\t"));
    let failed = || Failure::Program {
        program: "wrk".to_owned(),
        said: format!("{said}{}", String::from_utf8_lossy(&output.stderr)),
    };
    let fields: Vec<&str> = result.ok_or_else(failed)?.split('\t').collect();
    let number = |place: usize| -> Result<f64, Failure> {
        let field = fields.get(place).and_then(|field| field.parse().ok());
        field.ok_or_else(failed)
    };
    Ok(Seen {
        requests: number(0)?,
        seconds: number(1)? / 1e6,
        bytes: number(2)?,
        p50: number(3)? / 1e3,
        p99: number(4)? / 1e3,
        bad: number(5)? + number(6)?,
        sample: fields
            .get(7)
            .map(|text| (*text).to_owned())
            .unwrap_or_default(),
    })
}
