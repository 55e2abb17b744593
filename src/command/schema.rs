//! `schema`: the contract, as the code has it.
use std::io::{self, Write};

use super::Failure;
use crate::graphql::Api;

pub fn run() -> Result<(), Failure> {
    let api = Api::new()?;
    write!(io::stdout(), "{}", api.sdl())?;
    Ok(())
}
