//! The only door to the database. A request gets a [`Session`]: the store bound to one caller and one moment; every
//! read of it starts from the rule of the entity for that viewer. Changes go through a [`Unit`] of work, which cannot
//! be committed without its journal entries.
//!
//! What skips a viewer's rule says so in its name and is listed here:
//! - `unscoped_organization_by_code`: the token names an organization before there is a viewer.
//! - `unscoped_region_by_code`: a token of the ministry may name a region.
//! - `unscoped_number_entries`: the sequencer numbers committed journal entries.
//! - `unscoped_chain`: the sequencer links journal entries and disclosures into the audit chain.
//! - `unscoped_verify_audit`: the operator's own command line checks that chain.
//! - `unscoped_disclosures`: the operator's own command line exports who was told what, after a breach.
//! - `unscoped_follow_directory`: which organizations and services the journal says have changed; of public rows.
//! - `unscoped_read_changes`: one reader of the journal tells subscribers where to look; what they see they read themselves.
//! - `unscoped_forget_keys`: idempotency keys are forgotten when their time is over.
//! - `unscoped_disable_organization`, `unscoped_transfer_claimants`: the operator acts in the stead of an organization
//!   that is no more.
//! - `unscoped_import`: the operator's own command line imports a directory.
//! - `unscoped_rewrap`, `unscoped_retoken`, `unscoped_key_status`: the operator rotates keys; no opened fact is returned.
//! - `unscoped_retain` with `unscoped_discard_drafts`, `unscoped_erase_unused` and `unscoped_system_session`: retention,
//!   which returns nothing.
//! - `unscoped_fire` with `unscoped_due` and `unscoped_system_session`: the timers, which say how much was done.
//! - `unscoped_qualifications`: what an outcome says of the recognition of a qualification follows, whoever recorded it.
//! - `unscoped_described`: tokens are made of it, and claimants compared; none of it is returned.
//! - `unscoped_match`: claimants of all organizations are compared; each organization is told of its own alone.
//! - `unscoped_seed`, `unscoped_maker`, `unscoped_begin_seed`, `unscoped_begin_bulk_seed`: the demo and the benches fill
//!   an empty database.
//! - `unscoped_verify_grants`: the operator compares all grants with what they should be.
//! - `unscoped` of the database: what a change has just left is shown once to its author, masked; reports count rows that
//!   their reader may not see one by one.
//! - inside a change: facts that guard it (consents, exclusions, grants, children) are read whole, and never returned; in
//!   a preview the consents and exclusions of a claimant that the caller registered.
#![expect(
    clippy::disallowed_methods,
    reason = "the rules that everything else must start from are applied here"
)]
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{Language, OrganizationId};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    QueryTrait, Select,
    sea_query::{Expr, IntoCondition, SimpleExpr},
};

use crate::{
    clock::Clock,
    config::{self, Ring},
    domain::business_days::Closures,
    error::{Error, Result},
    lock::Lock,
    opaque::Keys,
    viewer::{Caller, Viewer},
};

pub mod audit;
pub mod claimant;
mod columns;
mod connect;
pub mod consent;
pub mod custody;
mod deadline;
mod directory;
pub mod disclosure;
pub mod duplicate;
pub mod eligibility;
pub mod exclusion;
pub mod grant;
pub mod household;
pub mod import;
pub mod journal;
mod kept;
pub mod line;
pub mod matching;
pub mod need;
pub mod organization;
mod oversight;
pub mod page;
pub mod qualification;
mod reading;
pub mod referral;
pub mod region;
pub mod report;
mod retention;
pub mod rotate;
mod rows;
mod seal;
pub mod sealed;
pub mod seed;
pub mod sequencer;
pub mod service;
pub mod unit;
pub mod update;
mod work;

use reading::Reading;

pub use connect::{Database, MigrationState, RowSecurity};
pub use seal::Seal;
pub use unit::{Applied, Change, Each, Unit};
use unit::{Row, one};

/// Who acts where the system itself does.
const SYSTEM: &str = "system";

/// The settings that the store needs of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    pub referral: config::Referral,
    pub idempotency: config::Idempotency,
    pub sequencer: config::Sequencer,
    pub retention: config::Retention,
    pub timers: config::Timers,
    pub audit: config::Audit,
    /// Days besides the public holidays on which nobody answers.
    pub closures: Closures,
}

/// The database with the clock and the keys; it can do nothing for a request until it is bound to a caller.
#[derive(Clone)]
pub struct Store {
    database: Database,
    clock: Clock,
    keys: Arc<Keys>,
    seal: Arc<Seal>,
    settings: Arc<Settings>,
    wake: Arc<tokio::sync::Notify>,
    disclosures: disclosure::Writer,
    directory: Arc<directory::Directory>,
    changes: Arc<journal::follow::Changes>,
    #[cfg(debug_assertions)]
    rules_left_out: bool,
}

/// All but the closures, which stand in a file of their own.
impl From<&config::Config> for Settings {
    fn from(config: &config::Config) -> Self {
        Self {
            referral: config.referral.clone(),
            idempotency: config.idempotency.clone(),
            sequencer: config.sequencer.clone(),
            retention: config.retention.clone(),
            timers: config.timers.clone(),
            audit: config.audit.clone(),
            closures: Closures::default(),
        }
    }
}

impl Store {
    /// With the keys of seals that follow from the gateway's secret.
    pub fn new(database: Database, clock: Clock, keys: Keys, settings: Settings) -> Self {
        Self {
            seal: Arc::new(Seal::new(&keys, Ring::default(), Ring::default())),
            database,
            clock,
            keys: Arc::new(keys),
            settings: Arc::new(settings),
            wake: Arc::default(),
            disclosures: disclosure::Writer::default(),
            directory: Arc::default(),
            changes: Arc::default(),
            #[cfg(debug_assertions)]
            rules_left_out: false,
        }
    }

    /// Lets requests read without the rules of the store, to show what the database refuses by itself. Changes keep
    /// theirs. No release build has this.
    #[cfg(debug_assertions)]
    #[must_use]
    pub fn leaving_rules_to_the_database(mut self) -> Self {
        self.rules_left_out = true;
        self
    }

    /// With other keys of seals.
    #[must_use]
    pub fn sealed_by(mut self, seal: Seal) -> Self {
        self.seal = Arc::new(seal);
        self
    }

    /// With another clock.
    #[must_use]
    pub fn timed_by(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Binds the store to one caller and to this moment. There is no other way to a query.
    pub fn session(&self, caller: Caller) -> Session {
        let now = self.clock.now();
        Session {
            reading: Arc::new(self.database.reading(&caller.viewer, now)),
            now,
            caller: Arc::new(caller),
            store: self.clone(),
            ledger: Arc::default(),
            system: false,
        }
    }

    /// A session in which the system itself acts, under the rules of an organization, for what its timers do.
    fn unscoped_system_session(&self, organization: OrganizationId) -> Session {
        let caller = Caller {
            viewer: Viewer::SettlementAgency { organization },
            subject: SYSTEM.to_owned(),
            client: SYSTEM.to_owned(),
            acting_subject: None,
            scopes: std::iter::empty().collect(),
            language: Language::En,
        };
        Session {
            system: true,
            ..self.session(caller)
        }
    }

    /// The keys of public ids and cursors.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Waits until every connection is closed, so that the file can be copied or removed.
    ///
    /// # Errors
    /// When a connection cannot be closed.
    pub async fn close(self) -> Result<()> {
        self.database.close().await
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ready(&self) -> Result<()> {
        self.database.unscoped.ping().await.map_err(Error::from)
    }
}

/// The store bound to one caller at one moment, for one answer.
#[derive(Clone)]
pub struct Session {
    store: Store,
    caller: Arc<Caller>,
    now: DateTime<Utc>,
    reading: Arc<Reading>,
    /// Whether a timer acts, and no organization.
    system: bool,
    ledger: Arc<disclosure::Ledger>,
}

impl Session {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The moment under whose rights everything is read.
    pub const fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The keys of public ids and cursors.
    pub fn keys(&self) -> &Keys {
        &self.store.keys
    }

    fn viewer(&self) -> &Viewer {
        &self.caller.viewer
    }

    fn seal(&self) -> &Seal {
        &self.store.seal
    }

    fn settings(&self) -> &Settings {
        &self.store.settings
    }

    fn reader(&self) -> &Reading {
        &self.reading
    }

    fn backend(&self) -> DbBackend {
        self.reading.get_database_backend()
    }

    /// The rows of an entity that the caller may see.
    fn find<E: Readable>(&self) -> Visible<'_, E, Reading> {
        Visible::new(self.rule::<E>(), self.reader())
    }

    /// The rule of an entity for the caller.
    fn rule<E: Readable>(&self) -> Condition {
        if self.leaves_rules_out() {
            return everything();
        }
        E::visible_to(self.viewer(), self.now)
    }

    /// Whether this is a build that shows what the database refuses by itself, or what the rules cost.
    fn leaves_rules_out(&self) -> bool {
        #[cfg(debug_assertions)]
        if self.store.rules_left_out {
            return true;
        }
        Lock::Rows.is_off()
    }
}

/// The rows of an entity that a viewer may read at a moment. No default: an entity without a rule does not compile.
trait Readable: EntityTrait {
    fn visible_to(viewer: &Viewer, now: DateTime<Utc>) -> Condition;
}

/// The ids of a statement's list, filled up to the next power of two with the last of them: lists of any length make a
/// few statements, and the database keeps the plans of those.
fn padded<I: Copy>(ids: &[I]) -> impl Iterator<Item = I> {
    let length = ids.len().next_power_of_two() * usize::from(!ids.is_empty());
    let fill = ids.last().copied();
    ids.iter()
        .copied()
        .chain(fill.into_iter().cycle())
        .take(length)
}

/// A code as it stands in the text of a statement: there are few of them, and only a database that knows which one is
/// meant can use an index that is for some alone.
fn literal(code: &'static str) -> SimpleExpr {
    Expr::Constant(code.into())
}

/// The condition that holds for every row; for public directory data alone.
fn everything() -> Condition {
    Condition::all()
}

/// The condition that holds for no row.
fn nothing() -> Condition {
    Condition::any()
}

/// A select already narrowed by its entity's rule; it can only be narrowed further, and only inside the store: a
/// caller that could filter on any column could ask about a sealed one.
struct Visible<'c, E: EntityTrait, C> {
    select: Select<E>,
    connection: &'c C,
}

impl<'c, E: Readable, C: ConnectionTrait> Visible<'c, E, C> {
    fn new(rule: Condition, connection: &'c C) -> Self {
        Self {
            select: E::find().filter(rule),
            connection,
        }
    }

    fn filter(mut self, condition: impl IntoCondition) -> Self {
        self.select = self.select.filter(condition);
        self
    }

    fn filter_some<T>(self, value: Option<T>, condition: impl FnOnce(T) -> Condition) -> Self {
        match value {
            Some(value) => self.filter(condition(value)),
            None => self,
        }
    }

    fn select(self, with: impl FnOnce(Select<E>) -> Select<E>) -> Self {
        Self {
            select: with(self.select),
            connection: self.connection,
        }
    }

    async fn all(self) -> Result<Vec<E::Model>> {
        Ok(self.select.all(self.connection).await?)
    }

    async fn one(self) -> Result<Option<E::Model>> {
        let select = self.select.limit(1);
        let statement = page::with_literal_limit(self.connection.get_database_backend(), &select);
        let row = self.connection.query_one_raw(statement).await?;
        Ok(row
            .map(|row| E::Model::from_query_result(&row, ""))
            .transpose()?)
    }

    async fn page(self, order: &page::Order, slice: &page::Slice) -> Result<page::Paged<E::Model>>
    where
        E::Model: page::Keyed,
    {
        page::fetch(self.select, order, slice, self.connection).await
    }

    fn into_subquery(self) -> sea_orm::sea_query::SelectStatement {
        self.select.into_query()
    }
}
