//! The connection from which one request reads. Where PostgreSQL keeps the rows itself, everything a request reads comes
//! from one read-only transaction that has told the database who asks; a connection that has told it nothing reads
//! nothing.
use chrono::{DateTime, Utc};
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    ExecResult, IsolationLevel, QueryResult, Statement, TransactionOptions, TransactionTrait,
    Value,
};
use tokio::sync::OnceCell;

use super::line::Lines;
use crate::viewer::Viewer;

/// What one request reads from. It begins no transaction before the first statement, and writes nothing.
pub(super) enum Reading {
    Plain(Single),
    Secured {
        pool: DatabaseConnection,
        secured: Box<Secured>,
    },
}

/// What takes a statement that stands alone.
pub(super) enum Single {
    Pool(DatabaseConnection),
    Line(Lines),
}

/// What row security asks for: who reads, and the one transaction that has said so.
pub(super) struct Secured {
    viewer: [Value; 5],
    transaction: OnceCell<DatabaseTransaction>,
}

/// Tells the policies who reads and when. The settings end with the transaction.
const READ_AS: &str = "SELECT set_config('claimant_gateway.viewer', $1, true), \
    set_config('claimant_gateway.organization', $2, true), \
    set_config('claimant_gateway.kind', $3, true), \
    set_config('claimant_gateway.region', $4, true), \
    set_config('claimant_gateway.now', $5, true)";

/// What the policies know of a viewer: role, organization, kind, the region to which it is bound, the moment.
fn told(viewer: &Viewer, now: DateTime<Utc>) -> [Value; 5] {
    let role = match viewer {
        Viewer::Provider { .. } => "provider",
        Viewer::SettlementAgency { .. } => "settlement agency",
        Viewer::Ministry {
            oversight: true, ..
        } => "oversight",
        Viewer::Ministry {
            oversight: false, ..
        } => "ministry",
    };
    let region = match viewer {
        Viewer::Ministry {
            region: Some(region),
            ..
        } => region.0.to_string(),
        Viewer::Ministry { region: None, .. }
        | Viewer::Provider { .. }
        | Viewer::SettlementAgency { .. } => String::new(),
    };
    let kind: Value = viewer.kind().into();
    [
        role.into(),
        viewer.organization().0.to_string().into(),
        kind,
        region.into(),
        now.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
            .into(),
    ]
}

impl Reading {
    /// Reads from the pool as it is; the rules of the store are the only lock.
    pub(super) const fn plain(single: Single) -> Self {
        Self::Plain(single)
    }

    /// Reads as a viewer, whose rows the database knows as well.
    pub(super) fn secured(pool: DatabaseConnection, viewer: &Viewer, now: DateTime<Utc>) -> Self {
        Self::Secured {
            pool,
            secured: Box::new(Secured {
                viewer: told(viewer, now),
                transaction: OnceCell::new(),
            }),
        }
    }
}

impl Secured {
    async fn transaction(&self, pool: &DatabaseConnection) -> Result<&DatabaseTransaction, DbErr> {
        self.transaction
            .get_or_try_init(|| async {
                let transaction = pool
                    .begin_with_options(TransactionOptions {
                        isolation_level: Some(IsolationLevel::ReadCommitted),
                        access_mode: Some(AccessMode::ReadOnly),
                        ..Default::default()
                    })
                    .await?;
                let read_as = Statement::from_sql_and_values(
                    DbBackend::Postgres,
                    READ_AS,
                    self.viewer.clone(),
                );
                transaction.query_one_raw(read_as).await?;
                Ok(transaction)
            })
            .await
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Reading {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Plain(single) => single.get_database_backend(),
            Self::Secured { pool, .. } => pool.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Plain(single) => single.execute_raw(statement).await,
            Self::Secured { pool, secured } => {
                let transaction = secured.transaction(pool).await?;
                transaction.execute_raw(statement).await
            }
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Plain(single) => single.execute_unprepared(sql).await,
            Self::Secured { pool, secured } => {
                let transaction = secured.transaction(pool).await?;
                transaction.execute_unprepared(sql).await
            }
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Plain(single) => single.query_one_raw(statement).await,
            Self::Secured { pool, secured } => {
                let transaction = secured.transaction(pool).await?;
                transaction.query_one_raw(statement).await
            }
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Plain(single) => single.query_all_raw(statement).await,
            Self::Secured { pool, secured } => {
                let transaction = secured.transaction(pool).await?;
                transaction.query_all_raw(statement).await
            }
        }
    }
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Single {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Pool(pool) => pool.get_database_backend(),
            Self::Line(lines) => lines.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => pool.execute_raw(statement).await,
            Self::Line(lines) => lines.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => pool.execute_unprepared(sql).await,
            Self::Line(lines) => lines.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_one_raw(statement).await,
            Self::Line(lines) => lines.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_all_raw(statement).await,
            Self::Line(lines) => lines.query_all_raw(statement).await,
        }
    }
}
