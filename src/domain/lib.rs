//! Decides who may sign in.
//!
//! Functions take bytes, values and `now`, and return a value or a named
//! refusal. This crate has no access to a socket, a file, the log or a clock:
//! its `Cargo.toml` has no dependency that could open one.
//!
//! - [`signin`] has the four steps of a login. They never import each other;
//!   the daemon's `flow` calls them in order.
//! - [`model`] has the types that they pass on, and those that they decide by.
//! - [`base`] has basic values: addresses, URLs, times, secrets.

pub mod base;
pub mod model;
pub mod signin;
