//! What is kept encrypted. A text cannot be put where this is expected, so that none is written in the clear.

/// An encrypted text, as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, sea_orm::DeriveValueType)]
pub struct Sealed(pub Vec<u8>);
