//! `config`: the settings in force.
use super::Failure;
use crate::config::Loaded;

pub fn run(loaded: &Loaded) -> Result<(), Failure> {
    print!("{}", loaded.to_toml()?);
    Ok(())
}
