//! `demo`: the API with demo data, and tokens for it.
use super::{DemoArguments, Failure, NotAvailable};
use crate::{auth::demo::DemoIssuer, config::Config};

pub async fn run(_arguments: DemoArguments, config: Config) -> Result<(), Failure> {
    let _issuer = DemoIssuer::for_listen(config.server.listen.0)?;
    Err(NotAvailable("demo").into())
}
