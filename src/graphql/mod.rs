//! The API: types, queries, mutations and the subscription, one file for each feature. A resolver reads its arguments, calls the session
//! and converts; it decides nothing about who sees what.
use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContainerType, Context, ContextSelectionSet, ObjectType, OutputType, Positioned, Request,
    Response, Schema, ServerResult, ValidationMode, Value,
    parser::{self, types::Field},
    registry::Registry,
};
use futures_util::stream::BoxStream;

pub use self::direct::{Spliced, write_value};
use self::limits::{Prepared, SchemaIndex};
use crate::{auth::scope, store::Session};

mod ahead;
mod claimant;
mod consent;
mod context;
mod direct;
mod directory;
mod disclosure;
mod duplicate;
mod eligibility;
mod inbox;
mod journal;
pub mod limits;
mod loader;
mod message;
mod mutation;
mod node;
mod page;
mod plain;
mod query;
mod referral;
mod report;
mod scalar;
mod subscription;

pub use subscription::Renewal;

/// A root type whose fields carry what the table of scopes says of them.
struct Scoped<T>(T);

impl<T: OutputType> OutputType for Scoped<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        let name = T::create_type_info(registry);
        scope::register(registry);
        name
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        self.0.resolve(context, field).await
    }
}

impl<T: ContainerType> ContainerType for Scoped<T> {
    async fn resolve_field(&self, context: &Context<'_>) -> ServerResult<Option<Value>> {
        self.0.resolve_field(context).await
    }
}

impl<T: ObjectType> ObjectType for Scoped<T> {}

type ApiSchema =
    Schema<Scoped<query::Query>, Scoped<mutation::Mutation>, Scoped<subscription::Subscription>>;

/// The schema, ready to answer.
pub struct Api {
    schema: ApiSchema,
    /// The same schema, for what the first has validated before: it looks at a document no more than it must.
    validated: ApiSchema,
    index: SchemaIndex,
    sdl: Arc<str>,
}

impl Api {
    /// Builds the schema once.
    ///
    /// # Errors
    /// Never, while the schema prints what its own parser reads; a test holds it to that.
    pub fn new() -> Result<Self, parser::Error> {
        let build = |mode| {
            Schema::build(
                Scoped(query::Query),
                Scoped(mutation::Mutation::default()),
                Scoped(subscription::Subscription),
            )
            .register_output_type::<mutation::UserError>()
            .validation_mode(mode)
            .finish()
        };
        let schema: ApiSchema = build(ValidationMode::Strict);
        let sdl = schema.sdl();
        let index = SchemaIndex::from_sdl(&sdl)?
            .scalar_rule("DateTime", is_time)
            .scalar_rule("Date", is_date)
            .scalar_rule("UUID", is_uuid)
            .scalar_rule("Cursor", |value| matches!(value, Value::String(_)));
        Ok(Self {
            schema,
            validated: build(ValidationMode::Fast),
            index,
            sdl: sdl.into(),
        })
    }

    /// The schema as text.
    pub fn sdl(&self) -> Arc<str> {
        self.sdl.clone()
    }

    /// The types of the schema, for limits.
    pub const fn index(&self) -> &SchemaIndex {
        &self.index
    }

    /// Runs a prepared request under the rights of a session. What it discloses stands in the session's ledger then.
    pub async fn execute(&self, session: Session, prepared: Prepared) -> Response {
        let loaders = loader::Loaders::new(session.clone());
        let request = prepared.request.data(loaders).data(session);
        if prepared.validity.is_known() {
            return self.validated.execute(request).await;
        }
        let response = self.schema.execute(request).await;
        // What async-graphql refuses has no data. Variables are not part of what is learned: they were coerced to their
        // types before, and are each time.
        if response.data != Value::Null {
            prepared.validity.learn();
        }
        response
    }
}

impl Api {
    /// Runs a prepared subscription: an answer for each event, under the rights of its own moment. `session` reads its
    /// arguments and nothing else.
    pub fn subscribe(
        &self,
        session: Session,
        renewal: Renewal,
        request: Request,
    ) -> BoxStream<'static, Response> {
        let request = request.data(session).data(renewal);
        subscription::until_refused(self.schema.execute_stream(request))
    }
}

fn is_time(value: &Value) -> bool {
    matches!(value, Value::String(text) if scalar::time(text).is_some())
}

fn is_date(value: &Value) -> bool {
    matches!(value, Value::String(text) if scalar::date(text).is_some())
}

fn is_uuid(value: &Value) -> bool {
    matches!(value, Value::String(text) if text.parse::<uuid::Uuid>().is_ok())
}

#[cfg(test)]
mod tests {
    use async_graphql::SubscriptionType;

    use super::*;

    fn registry() -> Registry {
        let mut registry = Registry::default();
        Scoped::<query::Query>::create_type_info(&mut registry);
        Scoped::<mutation::Mutation>::create_type_info(&mut registry);
        <Scoped<subscription::Subscription> as SubscriptionType>::create_type_info(&mut registry);
        registry
    }

    #[test]
    fn every_root_field_stands_in_the_table_of_scopes() {
        assert_eq!(scope::uncovered_root_fields(&registry()), [""; 0]);
    }

    #[test]
    fn the_schema_reads_what_it_prints() {
        assert!(Api::new().is_ok());
    }
}
