//! `import`: data from files of other systems.
use super::{Failure, ImportHsdsArguments, NotAvailable};
use crate::config::Config;

pub async fn run(_arguments: ImportHsdsArguments, _config: Config) -> Result<(), Failure> {
    Err(NotAvailable("import hsds").into())
}
