//! The log: lines on standard error, for people or as JSON. What may stand in one is decided where it is written.
use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::config::{Log, LogFormat};

/// Starts logging. A second call changes nothing.
pub fn start(log: &Log) {
    let filter = EnvFilter::new(log.level.as_str());
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    // Fails where a log was started before, as in tests.
    let _ = match log.format {
        LogFormat::Text => registry.with(lines).try_init(),
        LogFormat::Json => registry.with(lines.json()).try_init(),
    };
    std::panic::set_hook(Box::new(|info| {
        // The message of a panic may repeat data; where it happened does not.
        let place = info.location().map(ToString::to_string);
        tracing::error!(place, "a panic was caught");
    }));
}
