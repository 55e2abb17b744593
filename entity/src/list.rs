//! Short lists kept in one column as JSON.
use sea_orm::{FromJsonQueryResult, prelude::Uuid};
use serde::{Deserialize, Serialize};

use crate::{FieldGroup, NeedCategory};

macro_rules! lists {
    ($($(#[$meta:meta])* $name:ident($item:ty))+) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize, FromJsonQueryResult)]
        pub struct $name(pub Vec<$item>);
    )+};
}

lists! {
    /// Which needs a consent is for.
    NeedCategories(NeedCategory)
    /// Which groups a consent opens.
    FieldGroups(FieldGroup)
    /// Languages, ISO 639-3.
    Languages(String)
    /// Who is told of a journal entry.
    Audience(Uuid)
}
