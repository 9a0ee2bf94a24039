//! The built package: each module looks at it from one side.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

/// Where the built package is, and whether it is the one of these sources.
mod built;

/// Its life on a NAS, from the installation to the end.
mod lifecycle;

/// What is in the file, line by line, before a NAS sees it.
mod validator;

/// systemd itself runs the daemon, by the guide's unit and the package's.
mod systemd;

/// A machine of its own for each story.
mod machine;

/// Google and DSM around an installed daemon.
mod neighbours;
