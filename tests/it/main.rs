//! The daemon as others see it: each module tells one side of it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

/// One person signs in: the whole way.
mod login;

/// Google vouches, or lies: each lie by its name.
mod id_token;

/// Google's documents: kept, refreshed, and never waited for without need.
mod upstream;

/// What an administrator reads who wrote the config and asks `check`.
mod config;

/// What every command has in common: arguments, exit codes, where its output
/// goes.
mod command_line;

/// Software that is not ours signs in through us, with strangers all around.
mod interop;

/// The sources keep their shape.
mod tidy;
