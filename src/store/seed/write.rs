//! Writes the rows of seeds: in statements of many rows each, or, into PostgreSQL, as copies (`copy`).
use entity::{audit_head, journal_head, organization};
use futures_util::future::BoxFuture;
use sea_orm::{
    ActiveValue, ColumnTrait, DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel,
    Iterable, PaginatorTrait, QueryFilter, sea_query::Expr,
};

use super::{
    copy::{Copied, Copying, copied},
    make::{Made, Maker},
};
use crate::{
    error::{Error, Result},
    store::Store,
};

/// SQLite takes 32,766 parameters in one statement, PostgreSQL twice as many.
const MOST_PARAMETERS: usize = 30_000;

/// Rows of one table.
pub(super) trait Table: Send + Sync {
    /// Writes them in statements of many rows each.
    fn insert<'a>(
        self: Box<Self>,
        transaction: &'a DatabaseTransaction,
    ) -> BoxFuture<'a, Result<()>>;

    /// The rows as PostgreSQL takes a copy.
    fn copied(&self) -> Result<Copied>;
}

/// Rows of one entity.
pub(super) struct Rows<E: EntityTrait>(pub(super) Vec<E::ActiveModel>);

impl<E> Table for Rows<E>
where
    E: EntityTrait,
    E::ActiveModel: Send + Sync + 'static,
{
    fn insert<'a>(
        self: Box<Self>,
        transaction: &'a DatabaseTransaction,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let size = (MOST_PARAMETERS / E::Column::iter().count().max(1)).max(1);
            let mut rows = self.0.into_iter();
            loop {
                let batch: Vec<_> = rows.by_ref().take(size).collect();
                if batch.is_empty() {
                    return Ok(());
                }
                E::insert_many(batch)
                    .exec_without_returning(transaction)
                    .await?;
            }
        })
    }

    fn copied(&self) -> Result<Copied> {
        copied::<E>(&self.0)
    }
}

impl Made {
    /// The rows as PostgreSQL takes them fastest; only a [`Seeding`] that copies takes them so.
    ///
    /// # Errors
    /// When a value has no such form.
    pub fn copied(&self) -> Result<Vec<Copied>> {
        self.0.iter().map(|table| table.copied()).collect()
    }
}

/// The filling of an empty database, all of it or nothing.
pub struct Seeding {
    way: Way,
    backend: DbBackend,
}

enum Way {
    Inserting(DatabaseTransaction),
    Copying(Copying),
}

impl Store {
    /// Begins to fill an empty database with statements, as any other transaction would.
    ///
    /// # Errors
    /// When the database holds an organization already, or when it fails.
    pub async fn unscoped_begin_seed(&self) -> Result<Seeding> {
        self.refuse_filled().await?;
        Ok(Seeding {
            way: Way::Inserting(self.database.begin().await?),
            backend: self.database.backend(),
        })
    }

    /// Begins to fill an empty database the fastest way that it knows. PostgreSQL lays its indexes and constraints anew
    /// over what was copied; until that is done, nobody else gets at the tables.
    ///
    /// # Errors
    /// As [`Store::unscoped_begin_seed`].
    pub async fn unscoped_begin_bulk_seed(&self) -> Result<Seeding> {
        let backend = self.database.backend();
        if backend != DbBackend::Postgres {
            return self.unscoped_begin_seed().await;
        }
        self.refuse_filled().await?;
        Ok(Seeding {
            way: Way::Copying(Copying::begin(self.database.postgres()).await?),
            backend,
        })
    }

    async fn refuse_filled(&self) -> Result<()> {
        if organization::Entity::find()
            .count(&self.database.unscoped)
            .await?
            > 0
        {
            return Err(Error::internal(
                "only a database without organizations can be seeded",
            ));
        }
        Ok(())
    }

    /// Lets the database know what it holds, so that it plans well.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn analyze(&self) -> Result<()> {
        self.database.analyze().await
    }
}

impl Seeding {
    /// Whether rows are best given as [`Seeding::copy`] takes them.
    pub const fn copies(&self) -> bool {
        matches!(self.way, Way::Copying(_))
    }

    /// Writes rows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&mut self, made: Made) -> Result<()> {
        match &mut self.way {
            Way::Inserting(transaction) => {
                for table in made.0 {
                    table.insert(transaction).await?;
                }
                Ok(())
            }
            Way::Copying(_) => {
                let copied = made.copied()?;
                self.copy(copied).await
            }
        }
    }

    /// Writes rows that were made ready to be copied.
    ///
    /// # Errors
    /// When this seeding does not copy, or the database fails.
    pub async fn copy(&mut self, rows: Vec<Copied>) -> Result<()> {
        match &mut self.way {
            Way::Inserting(_) => Err(Error::internal("only a bulk seeding of PostgreSQL copies")),
            Way::Copying(copying) => {
                for table in rows {
                    copying.write(&table).await?;
                }
                Ok(())
            }
        }
    }

    /// Ends the filling. `told` is called with the name of each index and constraint before it is laid again.
    ///
    /// # Errors
    /// When the database fails; nothing was written then.
    pub async fn finish(self, maker: Maker) -> Result<()> {
        self.finish_telling(maker, |_| {}).await
    }

    /// The same, telling of each index and constraint before it is laid again.
    ///
    /// # Errors
    /// When the database fails; nothing was written then.
    pub async fn finish_telling(self, maker: Maker, told: impl FnMut(&str) + Send) -> Result<()> {
        let numbered = journal_head::Entity::update_many()
            .col_expr(journal_head::Column::Position, Expr::value(maker.position))
            .filter(journal_head::Column::Id.eq(1));
        let head = maker.chain.map(|chain| {
            let head = chain.into_head();
            audit_head::Entity::insert(reset(head.into_active_model()))
        });
        match self.way {
            Way::Inserting(transaction) => {
                numbered.exec(&transaction).await?;
                if let Some(head) = head {
                    head.exec_without_returning(&transaction).await?;
                }
                Ok(transaction.commit().await?)
            }
            Way::Copying(copying) => {
                use sea_orm::QueryTrait;
                let mut statements = vec![numbered.build(self.backend).to_string()];
                statements.extend(head.map(|head| head.build(self.backend).to_string()));
                copying.finish(&statements, told).await
            }
        }
    }
}

/// Every column set, the key as well.
fn reset(mut row: audit_head::ActiveModel) -> audit_head::ActiveModel {
    if let ActiveValue::Unchanged(id) = row.id {
        row.id = ActiveValue::Set(id);
    }
    row
}
