//! The command line, nothing else.
use std::process::ExitCode;

/// Answers are made of many small allocations, for which the system's allocator is measurably slower.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    claimant_gateway::command::run()
}
