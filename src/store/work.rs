//! Where a unit of work reads and writes. Nearly always that is one transaction. A change that reads, and then writes one
//! row under the version that it read, needs none on PostgreSQL: what it writes, its journal entries and the memory of
//! its key are one statement, which is done as a whole or not at all.
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, ExecResult, Iterable, QueryResult, Statement,
    sea_query::{
        Alias, CommonTableExpression, Expr, InsertStatement, Query, SelectStatement,
        SubQueryStatement, UnionType, UpdateStatement, WithClause, WithQuery,
    },
};

use super::reading::Single;
use crate::error::{Error, Result};

/// The name by which the parts of the one statement know that the row was written.
const WRITTEN: &str = "written";

/// Where a unit of work reads and writes.
pub(super) enum Work {
    Transaction(DatabaseTransaction),
    /// What is read stands alone; what is to be written waits for the end.
    Alone {
        line: Single,
        update: Option<Box<UpdateStatement>>,
    },
}

impl Work {
    pub(super) const fn alone(line: Single) -> Self {
        Self::Alone { line, update: None }
    }

    /// Keeps the one update for the end, where there is no transaction to run it in. Whether it was kept.
    pub(super) fn keep(&mut self, statement: &UpdateStatement) -> Result<bool> {
        match self {
            Self::Transaction(_) => Ok(false),
            Self::Alone { update, .. } if update.is_none() => {
                *update = Some(Box::new(statement.clone()));
                Ok(true)
            }
            Self::Alone { .. } => Err(Error::internal("a light change writes two rows")),
        }
    }

    /// Makes what was written last. Without a transaction each statement has done so.
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::Transaction(transaction) => Ok(transaction.commit().await?),
            Self::Alone { .. } => Ok(()),
        }
    }

    /// What takes a statement. Without a transaction it must be one that reads.
    fn reads(&self, statement: &Statement) -> std::result::Result<&Single, DbErr> {
        match self {
            Self::Alone { line, .. } if statement.sql.starts_with("SELECT ") => Ok(line),
            Self::Alone { .. } | Self::Transaction(_) => Err(DbErr::Custom(
                "a light change writes beside its one statement".to_owned(),
            )),
        }
    }
}

/// The one statement of a light change: the update, and rows that are written where, and only where, it changed a row.
pub(super) struct Whole {
    update: UpdateStatement,
    beside: Vec<CommonTableExpression>,
}

impl Whole {
    /// The update returns what it has changed.
    pub(super) const fn of(update: UpdateStatement) -> Self {
        Self {
            update,
            beside: Vec::new(),
        }
    }

    /// Also writes a row, as a part of that name.
    pub(super) fn and<A: ActiveModelTrait>(mut self, name: &'static str, row: A) -> Result<Self> {
        let insert = insert_if_written(&[row])?;
        self.beside.push(part(name, insert));
        Ok(self)
    }

    /// Also writes these rows, and runs the whole. Whether the update changed its row.
    pub(super) async fn run<A: ActiveModelTrait>(
        self,
        line: &Single,
        rows: &[A],
    ) -> std::result::Result<bool, DbErr> {
        let mut parts = WithClause::new();
        parts.cte(part(WRITTEN, self.update));
        for beside in self.beside {
            parts.cte(beside);
        }
        let mut whole = WithQuery::new();
        whole.with_clause(parts).query(insert_if_written(rows)?);
        Ok(line.execute(&whole).await?.rows_affected() > 0)
    }

    /// Runs the update alone.
    pub(super) async fn run_bare(self, line: &Single) -> std::result::Result<bool, DbErr> {
        Ok(line.execute(&self.update).await?.rows_affected() > 0)
    }
}

fn part(name: &'static str, query: impl Into<SubQueryStatement>) -> CommonTableExpression {
    let mut part = CommonTableExpression::new();
    part.query(query).table_name(name);
    part
}

fn insert_if_written<A: ActiveModelTrait>(
    rows: &[A],
) -> std::result::Result<InsertStatement, DbErr> {
    type Column<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Column;
    let selects = rows.iter().map(|row| {
        let mut select = Query::select();
        for column in Column::<A>::iter() {
            let value = row.get(column).into_value();
            let value = value.ok_or_else(|| DbErr::AttrNotSet(format!("{column:?}")))?;
            select.expr(column.save_as(Expr::value(value)));
        }
        Ok(select.from(Alias::new(WRITTEN)).to_owned())
    });
    let mut selects = selects
        .collect::<std::result::Result<Vec<SelectStatement>, DbErr>>()?
        .into_iter();
    let mut all = selects
        .next()
        .ok_or_else(|| DbErr::Custom("a change without a journal entry".to_owned()))?;
    for select in selects {
        all.union(UnionType::All, select);
    }
    let mut insert = Query::insert();
    insert
        .into_table(A::Entity::default())
        .columns(Column::<A>::iter());
    insert
        .select_from(all)
        .map_err(|error| DbErr::Custom(error.to_string()))?;
    Ok(insert)
}

#[sea_orm::prelude::async_trait::async_trait]
impl ConnectionTrait for Work {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Transaction(transaction) => transaction.get_database_backend(),
            Self::Alone { line, .. } => line.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> std::result::Result<ExecResult, DbErr> {
        match self {
            Self::Transaction(transaction) => transaction.execute_raw(statement).await,
            Self::Alone { .. } => self.reads(&statement)?.execute_raw(statement).await,
        }
    }

    async fn execute_unprepared(&self, sql: &str) -> std::result::Result<ExecResult, DbErr> {
        match self {
            Self::Transaction(transaction) => transaction.execute_unprepared(sql).await,
            Self::Alone { .. } => {
                let statement = Statement::from_string(self.get_database_backend(), sql);
                self.reads(&statement)?.execute_unprepared(sql).await
            }
        }
    }

    async fn query_one_raw(
        &self,
        statement: Statement,
    ) -> std::result::Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Transaction(transaction) => transaction.query_one_raw(statement).await,
            Self::Alone { .. } => self.reads(&statement)?.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(
        &self,
        statement: Statement,
    ) -> std::result::Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Transaction(transaction) => transaction.query_all_raw(statement).await,
            Self::Alone { .. } => self.reads(&statement)?.query_all_raw(statement).await,
        }
    }
}
