//! Objects written straight as JSON. async-graphql makes a future and a value of every field of every row; where all that
//! is asked for of an object is at hand already, none of that is needed. What this writes is what the resolvers would
//! have told, from the same rows and by the same decisions; it reads nothing and decides nothing, and leaves to the
//! resolvers whatever waits for the database, takes an argument, or may fail.
use std::{borrow::Cow, collections::HashMap};

use async_graphql::{
    ContextSelectionSet, Name, OutputType, Positioned, QueryEnv, ServerResult, Value,
    parser::types::{Field, FragmentDefinition, Selection, SelectionSet},
    registry::Registry,
};
use chrono::SecondsFormat;
use entity::Language;

use super::{
    context::NodeId,
    loader::Loaders,
    scalar::{Date, DateTime},
};
use crate::store::Session;

/// Says of a request that its answer is written by [`write_value`], which knows what was written here.
pub struct Spliced;

/// An object that is written at once where it can be, and resolved field by field where not.
pub(super) struct Direct<T>(pub(super) T);

/// It cannot be told without waiting; nothing that was written counts.
pub(super) struct Later;

pub(super) type Told = Result<(), Later>;

/// An object whose fields, or some of them, can be told at once.
pub(super) trait Plain: OutputType {
    /// Tells a field, or leaves it to its resolver. A field that was read ahead alone may look at its arguments.
    fn tell(&self, field: &str, to: &mut Writer<'_>) -> Told;

    /// Whether a field may be told though it has arguments.
    fn minds_arguments(_: &str) -> bool {
        false
    }
}

impl<T: Plain> OutputType for Direct<T> {
    fn type_name() -> Cow<'static, str> {
        T::type_name()
    }

    fn qualified_type_name() -> String {
        T::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        T::create_type_info(registry)
    }

    async fn resolve(
        &self,
        context: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        if context.data_opt::<Spliced>().is_some() {
            let mut writer = Writer::new(context);
            if writer.object_of(&self.0, &context.item.node).is_ok() {
                return Ok(Value::Binary(writer.text.into()));
            }
        }
        self.0.resolve(context, field).await
    }
}

/// Where an object is told.
pub(super) struct Writer<'c> {
    text: Vec<u8>,
    session: &'c Session,
    loaders: &'c Loaders,
    fragments: &'c HashMap<Name, Positioned<FragmentDefinition>>,
    /// The field that is being told.
    field: Option<&'c Positioned<Field>>,
}

impl<'c> Writer<'c> {
    fn new(context: &ContextSelectionSet<'c>) -> Self {
        let environment: &'c QueryEnv = context.query_env;
        Self {
            text: Vec::with_capacity(1_024),
            session: context.data_unchecked::<Session>(),
            loaders: context.data_unchecked::<Loaders>(),
            fragments: &environment.fragments,
            field: None,
        }
    }

    pub(super) const fn session(&self) -> &'c Session {
        self.session
    }

    pub(super) const fn loaders(&self) -> &'c Loaders {
        self.loaders
    }

    pub(super) fn language(&self) -> Language {
        self.session.caller().language
    }

    /// The field that is being told.
    pub(super) const fn field(&self) -> Option<&'c Positioned<Field>> {
        self.field
    }

    fn object_of<T: Plain>(&mut self, of: &T, set: &'c SelectionSet) -> Told {
        self.text.push(b'{');
        let mut keys = Vec::with_capacity(set.items.len());
        self.fields_of(of, set, &mut keys)?;
        self.text.push(b'}');
        Ok(())
    }

    fn fields_of<T: Plain>(
        &mut self,
        of: &T,
        set: &'c SelectionSet,
        keys: &mut Vec<&'c str>,
    ) -> Told {
        for selection in &set.items {
            // Those that decide whether a field is there have done so before.
            if !selection.node.directives().is_empty() {
                return Err(Later);
            }
            match &selection.node {
                Selection::Field(field) => self.field_of(of, field, keys)?,
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref();
                    if on.is_some_and(|on| on.node.on.node.as_str() != T::type_name()) {
                        return Err(Later);
                    }
                    self.fields_of(of, &inline.node.selection_set.node, keys)?;
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.fragments.get(&spread.node.fragment_name.node);
                    let fragment = &fragment.ok_or(Later)?.node;
                    if fragment.type_condition.node.on.node.as_str() != T::type_name() {
                        return Err(Later);
                    }
                    self.fields_of(of, &fragment.selection_set.node, keys)?;
                }
            }
        }
        Ok(())
    }

    fn field_of<T: Plain>(
        &mut self,
        of: &T,
        field: &'c Positioned<Field>,
        keys: &mut Vec<&'c str>,
    ) -> Told {
        let (name, key) = (&field.node.name.node, &field.node.response_key().node);
        // Two fields under one key are one, with the selections of both.
        if keys.contains(&key.as_str()) {
            return Err(Later);
        }
        if !field.node.arguments.is_empty() && !T::minds_arguments(name) {
            return Err(Later);
        }
        if !keys.is_empty() {
            self.text.push(b',');
        }
        keys.push(key);
        self.text.push(b'"');
        // A name of GraphQL has nothing in it that JSON would escape.
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"\":");
        if name == "__typename" {
            return self.text(&T::type_name());
        }
        let outer = self.field.replace(field);
        let told = of.tell(name, self);
        self.field = outer;
        told
    }

    /// An object, as the field that is being told asks for it.
    pub(super) fn object<T: Plain>(&mut self, of: &T) -> Told {
        let field = self.field.ok_or(Later)?;
        self.object_of(of, &field.node.selection_set.node)
    }

    pub(super) fn text(&mut self, text: &str) -> Told {
        serde_json::to_writer(&mut self.text, text).map_err(|_| Later)
    }

    /// The name of an enum's value.
    pub(super) fn code(&mut self, code: &'static str) -> Told {
        self.text.push(b'"');
        self.text.extend_from_slice(code.as_bytes());
        self.text.push(b'"');
        Ok(())
    }

    pub(super) fn id<I: NodeId>(&mut self, id: I) -> Told {
        let id = self.session.keys().id(I::NODE, id);
        self.text(&id)
    }

    pub(super) fn number(&mut self, number: i32) -> Told {
        serde_json::to_writer(&mut self.text, &number).map_err(|_| Later)
    }

    pub(super) fn flag(&mut self, flag: bool) -> Told {
        let flag: &[u8] = if flag { b"true" } else { b"false" };
        self.text.extend_from_slice(flag);
        Ok(())
    }

    pub(super) fn time(&mut self, time: DateTime) -> Told {
        self.text(&time.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    pub(super) fn date(&mut self, date: Date) -> Told {
        self.text(&date.0.format("%Y-%m-%d").to_string())
    }

    pub(super) fn null(&mut self) -> Told {
        self.text.extend_from_slice(b"null");
        Ok(())
    }

    pub(super) fn optional<T>(
        &mut self,
        value: Option<T>,
        with: impl FnOnce(&mut Self, T) -> Told,
    ) -> Told {
        match value {
            Some(value) => with(self, value),
            None => self.null(),
        }
    }

    pub(super) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut with: impl FnMut(&mut Self, T) -> Told,
    ) -> Told {
        self.text.push(b'[');
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.text.push(b',');
            }
            with(self, item)?;
        }
        self.text.push(b']');
        Ok(())
    }
}

/// Writes a value as JSON, with what was written straight in its place.
///
/// # Errors
/// When it cannot be written as JSON, which no value of GraphQL should be able to cause.
pub fn write_value(out: &mut Vec<u8>, value: &Value) -> serde_json::Result<()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(flag) => out.extend_from_slice(if *flag { b"true" } else { b"false" }),
        Value::Number(number) => serde_json::to_writer(out, number)?,
        Value::String(text) => serde_json::to_writer(out, text)?,
        Value::Enum(name) => serde_json::to_writer(out, name.as_str())?,
        // No scalar of the schema is binary: it is an object that was written straight.
        Value::Binary(written) => out.extend_from_slice(written),
        Value::List(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_value(out, item)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            for (place, (name, member)) in members.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name.as_str())?;
                out.push(b':');
                write_value(out, member)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}
