//! `schema`: the contract, as the code has it.
use super::{Failure, NotAvailable};

pub fn run() -> Result<(), Failure> {
    Err(NotAvailable("schema").into())
}
