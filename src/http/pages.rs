//! The pages that the gateway serves to people. They own their files; they must not read data.
pub mod graphiql;
