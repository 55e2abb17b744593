//! `serve`: the API, until it is told to stop.
use super::{Failure, NotAvailable};
use crate::{auth::demo, config::Config};

pub async fn run(config: Config) -> Result<(), Failure> {
    // Before anything is opened: a gateway that would let anybody be anybody does not start.
    let _demo_issuer = demo::configured(&config)?;
    Err(NotAvailable("serve").into())
}
