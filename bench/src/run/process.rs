//! Processes as the operating system accounts for them: what a tree of them has spent, and what it holds in memory.
use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::Failure;

/// One line of /proc/PID/stat, as proc(5) has it.
#[derive(Clone, Copy)]
struct Stat {
    parent: u32,
    own: u64,
    of_children: u64,
}

/// Linux counts in hundredths of a second (USER_HZ) wherever it is Linux.
const MICROSECONDS_OF_TICK: f64 = 10_000.0;

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name may hold anything, parentheses as well.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: number(11)? + number(12)?,
        of_children: number(13)? + number(14)?,
    })
}

fn all() -> HashMap<u32, Stat> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|process| Some((process, stat(process)?)))
        .collect()
}

fn tree(root: u32) -> Vec<(u32, Stat)> {
    let all = all();
    let (mut found, mut todo) = (Vec::new(), vec![root]);
    while let Some(process) = todo.pop() {
        if let Some(stat) = all.get(&process) {
            found.push((process, *stat));
            let children = all.iter().filter(|(_, stat)| stat.parent == process);
            todo.extend(children.map(|(child, _)| *child));
        }
    }
    found
}

/// What a process and all that came of it have spent, in microseconds, those that have ended included.
#[expect(clippy::cast_precision_loss, reason = "ticks are few")]
pub fn spent(root: u32) -> f64 {
    let ticks: u64 = tree(root)
        .iter()
        .map(|(process, stat)| match *process == root {
            true => stat.own + stat.of_children,
            false => stat.own,
        })
        .sum();
    ticks as f64 * MICROSECONDS_OF_TICK
}

/// MiB that a process and its children hold in memory.
pub fn resident(root: u32) -> f64 {
    tree(root)
        .iter()
        .filter_map(|(process, _)| fs::read_to_string(format!("/proc/{process}/status")).ok())
        .filter_map(|text| {
            let line = text.lines().find(|line| line.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse::<f64>().ok()
        })
        .sum::<f64>()
        / 1_024.0
}

/// The parent of a process.
pub fn parent(process: u32) -> Option<u32> {
    stat(process).map(|stat| stat.parent)
}

/// A server that is stopped when this is dropped.
pub struct Server {
    child: Child,
}

impl Server {
    /// Starts a program and waits until it answers at a path of its own.
    pub async fn start(mut command: Command, log: &Path, address: &str) -> Result<Self, Failure> {
        let program = command.get_program().to_string_lossy().into_owned();
        let log_file = fs::File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log_file.try_clone()?)
            .stderr(log_file)
            .spawn()
            .map_err(|error| Failure::Program {
                program: program.clone(),
                said: error.to_string(),
            })?;
        let mut server = Self { child };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(60) {
            if server.child.try_wait()?.is_some() {
                break;
            }
            if reqwest::get(address)
                .await
                .is_ok_and(|answer| answer.status().as_u16() < 500)
            {
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(Failure::Program {
            program,
            said: fs::read_to_string(log).unwrap_or_default(),
        })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
