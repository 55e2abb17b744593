//! How far an import is: a bar on a terminal, plain lines elsewhere, nothing when that was asked for. All of it goes
//! to standard error, and none of it matters: a line that cannot be written is left out.
use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::report::shown;
use crate::{exchange::hsds::Progress, store::import::Written};

/// Tells how far it is.
pub(super) struct Teller {
    way: Way,
    /// The last line, or tenth, that was told.
    told: Option<(String, usize)>,
}

enum Way {
    Quiet,
    Lines,
    Bar(ProgressBar),
}

impl Teller {
    pub(super) fn new(quiet: bool) -> Self {
        let way = if quiet {
            Way::Quiet
        } else if io::stderr().is_terminal() {
            Way::Bar(bar())
        } else {
            Way::Lines
        };
        Self { way, told: None }
    }

    pub(super) fn reading(&mut self, progress: Progress<'_>) {
        let file = shown(progress.file);
        match &self.way {
            Way::Quiet => {}
            Way::Bar(bar) => {
                bar.set_length(progress.files_total as u64);
                bar.set_position(progress.files_read as u64);
                bar.set_message(format!("reading {file}, {} objects", progress.objects));
            }
            Way::Lines => {
                let place = progress.files_read + 1;
                let line = format!("reading {file} ({place} of {})", progress.files_total);
                if place <= progress.files_total {
                    self.line(line, 0);
                }
            }
        }
    }

    pub(super) fn writing(&mut self, written: Written) {
        match &self.way {
            Way::Quiet => {}
            Way::Bar(bar) => {
                bar.set_length(written.total as u64);
                bar.set_position(written.done as u64);
                bar.set_message("writing rows");
            }
            Way::Lines => {
                let tenth = written.done * 10 / written.total.max(1);
                self.line(format!("writing: {} %", tenth * 10), tenth);
            }
        }
    }

    /// Clears the terminal for what comes after.
    pub(super) fn finish(&self) {
        match &self.way {
            Way::Bar(bar) => bar.finish_and_clear(),
            Way::Quiet | Way::Lines => {}
        }
    }

    fn line(&mut self, line: String, tenth: usize) {
        let line = (line, tenth);
        if self.told.as_ref() != Some(&line) {
            let _ = writeln!(io::stderr(), "{}", line.0);
            self.told = Some(line);
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    // A template with a fault would be found by whoever tries it; the plain bar does as well.
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}
