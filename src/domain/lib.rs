//! What decides who may sign in, and the values that it decides about.
//!
//! Bytes, values and `now` go in; a value or a named refusal comes out. This
//! crate has no access to a socket, a file, the log or a clock: its
//! `Cargo.toml` lists nothing that could open one.
//!
//! - [`signin`] has the four steps of a login. They never import each other;
//!   the daemon's `flow` calls them in order.
//! - [`model`] has what flows between them, and what they are decided by.
//! - [`base`] has the values that everything is made of.

pub mod base;
pub mod model;
pub mod signin;
