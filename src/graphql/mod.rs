//! The GraphQL side of the gateway: the schema, its features, and the limits that every document passes before the
//! schema sees it. It holds no HTTP and no SQL.
pub mod limits;
