//! Writes a directory that was read from files: organizations, services with what belongs to them, locations. One run
//! is one transaction with its journal entries, all of it or nothing. What is there is recognized by its HSDS id; what
//! the input no longer names is left alone. Nobody's rule applies: this is the operator's own command line.
//!
//! `existing` loads what the database holds of the input, `plan` compares (pure), `place` does so for services at
//! locations, `write` carries the plan out. No step runs one query per row.
mod existing;
mod place;
mod plan;
#[cfg(test)]
mod tests;
mod write;

use chrono::{DateTime, Utc};
use entity::{NeedCategory, OrganizationKind, RegionId, lease};
use sea_orm::{
    ActiveValue::Set, DatabaseTransaction, EntityTrait, TransactionOptions, TransactionTrait,
    sea_query::OnConflict,
};

use self::{existing::Existing, plan::Plan};
use super::{
    Store,
    journal::{self, Author},
};
use crate::{
    error::Result,
    exchange::hsds::{Directory, ReferenceKind},
};

/// What an import assumes where the input is silent, and how strict it is. An assumption never replaces what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The kind of a new organization, where the needs that its services meet do not plainly tell.
    pub kind: OrganizationKind,
    /// The region of organizations that have none.
    pub region: Option<RegionId>,
    /// The categories of services that have none.
    pub categories: Vec<NeedCategory>,
    /// Write nothing when any record is rejected.
    pub strict: bool,
    /// Write nothing in any case.
    pub dry_run: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kind: OrganizationKind::EmploymentService,
            region: None,
            categories: Vec::new(),
            strict: false,
            dry_run: false,
        }
    }
}

/// What became of the records of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
}

impl Count {
    const fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::New => self.new += 1,
            Outcome::Changed => self.changed += 1,
            Outcome::Unchanged => self.unchanged += 1,
        }
    }
}

/// What becomes of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    New,
    Changed,
    Unchanged,
}

impl Outcome {
    /// Compares what is to be with what is.
    fn of<T: PartialEq>(next: &T, held: Option<&T>) -> Self {
        match held {
            None => Self::New,
            Some(held) if held == next => Self::Unchanged,
            Some(_) => Self::Changed,
        }
    }

    fn is_written(self) -> bool {
        self != Self::Unchanged
    }
}

/// What became of the records that were taken. What was not taken stands in the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub organizations: Count,
    pub services: Count,
    pub capacities: Count,
    pub locations: Count,
    pub services_at_locations: Count,
}

/// How many rows were written, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub done: usize,
    pub total: usize,
}

impl Store {
    /// Writes `directory`, and answers what became of its records. References are checked against it and the database;
    /// records that cannot be written are taken out of it and added to its `rejected`, doubts to its `warnings`. When
    /// [`Options::strict`] is set and any record was rejected, nothing is written and every count is zero.
    ///
    /// # Errors
    /// [`crate::error::Error::Internal`] when the database fails; nothing was written then.
    pub async fn unscoped_import(
        &self,
        directory: &mut Directory,
        options: &Options,
        progress: &mut (dyn FnMut(Written) + Send),
    ) -> Result<Counts> {
        let now = self.clock.now();
        let transaction = self
            .database
            .writer
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(sea_orm::SqliteTransactionMode::Immediate),
                ..Default::default()
            })
            .await?;
        wait_for_turn(&transaction, now).await?;
        let existing = Existing::load(&transaction, directory).await?;
        check(directory, &existing);
        if options.strict && directory.first_problem().is_some() {
            return Ok(Counts::default());
        }
        let mut plan = Plan::make(directory, &existing, options, now)?;
        let counts = plan.counts;
        if options.dry_run {
            return Ok(counts);
        }
        let entries = std::mem::take(&mut plan.entries);
        plan.write(&transaction, progress).await?;
        journal::write_entries(&transaction, &self.seal, Author::OPERATOR, now, entries).await?;
        transaction.commit().await?;
        self.directory.forget_all();
        self.wake.notify_one();
        Ok(counts)
    }
}

/// Two runs at once would both find nothing and both write the same: this row keeps the second one waiting until the
/// first has ended. On SQLite the transaction itself does.
async fn wait_for_turn(transaction: &DatabaseTransaction, now: DateTime<Utc>) -> Result<()> {
    let row = lease::ActiveModel {
        name: Set("import".to_owned()),
        holder: Set("operator".to_owned()),
        expires_at: Set(now),
    };
    lease::Entity::insert(row)
        .on_conflict(
            OnConflict::column(lease::Column::Name)
                .update_column(lease::Column::ExpiresAt)
                .to_owned(),
        )
        .exec_without_returning(transaction)
        .await?;
    Ok(())
}

/// What [`Store::unscoped_import`] would do to an empty database.
///
/// # Errors
/// Never for a directory that the reader made.
pub fn rehearse(
    directory: &mut Directory,
    options: &Options,
    now: DateTime<Utc>,
) -> Result<Counts> {
    let existing = Existing::default();
    check(directory, &existing);
    if options.strict && directory.first_problem().is_some() {
        return Ok(Counts::default());
    }
    Ok(Plan::make(directory, &existing, options, now)?.counts)
}

/// Takes out what cannot be written, and what refers to it.
fn check(directory: &mut Directory, existing: &Existing) {
    existing.take_out_taken_codes(directory);
    directory.check_references(&|reference, id| match reference {
        ReferenceKind::Organization => existing.organizations.contains_key(id),
        ReferenceKind::Service => existing.services.contains_key(id),
        ReferenceKind::Location => existing.locations.contains_key(id),
    });
}
