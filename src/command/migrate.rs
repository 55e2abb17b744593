//! `migrate`: the tables.
use super::{Failure, MigrateDirection, NotAvailable};
use crate::config::Config;

pub async fn run(direction: MigrateDirection, _config: Config) -> Result<(), Failure> {
    let name = match direction {
        MigrateDirection::Up(_) => "migrate up",
        MigrateDirection::Status(_) => "migrate status",
        MigrateDirection::Down(_) => "migrate down",
    };
    Err(NotAvailable(name).into())
}
