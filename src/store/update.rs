//! What an update says of one field.
use serde::Serialize;

/// Absent: unchanged. Null: cleared. Else: set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Update<T> {
    Keep,
    Clear,
    Set(T),
}

impl<T> Update<T> {
    /// Changes a column that may be empty.
    pub fn apply(self, current: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *current = None,
            Self::Set(value) => *current = Some(value),
        }
    }

    /// The value that is set, if one is.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    pub fn map<U>(self, with: impl FnOnce(T) -> U) -> Update<U> {
        match self {
            Self::Keep => Update::Keep,
            Self::Clear => Update::Clear,
            Self::Set(value) => Update::Set(with(value)),
        }
    }
}
