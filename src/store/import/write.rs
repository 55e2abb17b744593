//! Carries a plan out, in bounded batches. It decides nothing.
use std::collections::BTreeSet;

use entity::{
    NeedCategory, ServiceId, location, organization, service, service_at_location,
    service_capacity, service_category, service_language,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, EntityTrait, IdenStatic, IntoActiveModel, Iterable,
    QueryFilter,
    sea_query::{OnConflict, Value},
};

use super::{Written, plan::Plan};
use crate::error::Result;

/// Both databases bound the parameters of one statement: SQLite to 32,766, and no table here has over 60 columns.
const BATCH: usize = 500;
/// What never changes in a row. PostgreSQL locks a row more widely where a unique column is set, even to what it was.
const FIXED: [&str; 4] = ["id", "code", "hsds_id", "created_at"];

/// Writes, and tells how far it is.
struct Pen<'a> {
    transaction: &'a DatabaseTransaction,
    progress: &'a mut (dyn FnMut(Written) + Send),
    written: Written,
}

impl Plan {
    /// Writes every row that is new or changed, each table after those to which it refers.
    pub(super) async fn write(
        self,
        transaction: &DatabaseTransaction,
        progress: &mut (dyn FnMut(Written) + Send),
    ) -> Result<()> {
        let total = self.rows();
        let mut pen = Pen {
            transaction,
            progress,
            written: Written { done: 0, total },
        };
        pen.upsert::<organization::Entity, _>(self.organizations, organization::Column::Id)
            .await?;
        pen.upsert::<service::Entity, _>(self.services, service::Column::Id)
            .await?;
        pen.categories(self.categories).await?;
        pen.languages(self.languages).await?;
        let key = service_capacity::Column::ServiceId;
        pen.upsert::<service_capacity::Entity, _>(self.capacities, key)
            .await?;
        pen.upsert::<location::Entity, _>(self.locations, location::Column::Id)
            .await?;
        // Out of the way first: two records may have changed places, and no place is taken twice.
        let column = service_at_location::Column::Id;
        pen.remove::<service_at_location::Entity>(column, self.places_left)
            .await?;
        pen.insert::<service_at_location::Entity, _>(
            self.services_at_locations
                .into_iter()
                .map(|row| row.into_active_model().reset_all())
                .collect(),
            None,
        )
        .await
    }
}

impl Pen<'_> {
    /// Inserts rows, or puts them in place of those with the same key.
    async fn upsert<E, A>(&mut self, rows: Vec<E::Model>, key: E::Column) -> Result<()>
    where
        E: EntityTrait<ActiveModel = A>,
        E::Model: IntoActiveModel<A>,
        A: ActiveModelTrait<Entity = E> + Send,
    {
        let changing = E::Column::iter()
            .filter(|column| column.as_str() != key.as_str() && !FIXED.contains(&column.as_str()));
        let on_conflict = OnConflict::column(key).update_columns(changing).to_owned();
        let rows = rows
            .into_iter()
            .map(|row| row.into_active_model().reset_all())
            .collect();
        self.insert::<E, A>(rows, Some(on_conflict)).await
    }

    async fn insert<E, A>(&mut self, rows: Vec<A>, on_conflict: Option<OnConflict>) -> Result<()>
    where
        E: EntityTrait<ActiveModel = A>,
        A: ActiveModelTrait<Entity = E> + Send,
    {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let batch: Vec<A> = rows.by_ref().take(BATCH).collect();
            let count = batch.len();
            let mut insert = E::insert_many(batch);
            if let Some(on_conflict) = &on_conflict {
                insert = insert.on_conflict(on_conflict.clone());
            }
            insert.exec_without_returning(self.transaction).await?;
            self.tell(count);
        }
        Ok(())
    }

    async fn remove<E: EntityTrait>(
        &mut self,
        column: E::Column,
        values: Vec<impl Into<Value> + Clone>,
    ) -> Result<()> {
        for values in values.chunks(BATCH) {
            E::delete_many()
                .filter(column.is_in(values.iter().cloned()))
                .exec(self.transaction)
                .await?;
        }
        Ok(())
    }

    async fn categories(
        &mut self,
        categories: Vec<(ServiceId, BTreeSet<NeedCategory>)>,
    ) -> Result<()> {
        let services = categories.iter().map(|(service, _)| *service).collect();
        self.remove::<service_category::Entity>(service_category::Column::ServiceId, services)
            .await?;
        let rows = categories
            .into_iter()
            .flat_map(|(service, categories)| {
                categories
                    .into_iter()
                    .map(move |category| service_category::ActiveModel {
                        service_id: Set(service),
                        category: Set(category),
                    })
            })
            .collect();
        self.insert::<service_category::Entity, _>(rows, None).await
    }

    async fn languages(&mut self, languages: Vec<(ServiceId, BTreeSet<String>)>) -> Result<()> {
        let services = languages.iter().map(|(service, _)| *service).collect();
        self.remove::<service_language::Entity>(service_language::Column::ServiceId, services)
            .await?;
        let rows = languages
            .into_iter()
            .flat_map(|(service, languages)| {
                languages
                    .into_iter()
                    .map(move |language| service_language::ActiveModel {
                        service_id: Set(service),
                        language: Set(language),
                    })
            })
            .collect();
        self.insert::<service_language::Entity, _>(rows, None).await
    }

    fn tell(&mut self, count: usize) {
        self.written.done += count;
        (self.progress)(self.written);
    }
}
