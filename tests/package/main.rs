//! Tests of the built package.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

/// Finds the built package, and checks that it was built from these sources.
mod built;

/// The package on a NAS, from installation to removal.
mod lifecycle;

/// The contents of the package file, checked before a NAS reads it.
mod validator;

/// systemd runs the daemon with the unit of the guide, and with that of the
/// package.
mod systemd;

/// Separate namespaces for each test.
mod machine;

/// The fakes of Google and DSM around an installed daemon.
mod neighbours;
