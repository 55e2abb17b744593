//! Formats in and out: how the outside world's files become records, and records become files. Nothing here holds a
//! connection or decides who may see what; what is read here is written by `store`.
pub mod hsds;
