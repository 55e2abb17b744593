//! `config`: the settings in force.
use std::io::{self, Write};

use super::Failure;
use crate::config::Loaded;

pub fn run(loaded: &Loaded) -> Result<(), Failure> {
    // Not print!, which panics when whoever reads has had enough.
    io::stdout().write_all(loaded.to_toml()?.as_bytes())?;
    Ok(())
}
