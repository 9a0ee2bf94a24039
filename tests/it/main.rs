//! The daemon as others see it: each module tells one side of it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "../support/mod.rs"]
mod support;
