//! The daemon as others see it: each module tells one side of it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

/// What every command has in common: arguments, exit codes, where its output
/// goes.
mod command_line;

/// What an administrator reads who wrote the config and asks `check`.
mod config;

/// One person signs in: the whole way.
mod login;

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

// Apache signs in through us, with strangers all around.
mod interop;
// The sources keep their shape.
mod tidy;
