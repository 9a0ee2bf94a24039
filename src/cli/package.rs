//! Where a DSM package keeps what it reads and writes.

use std::path::{Path, PathBuf};

use crate::config::directory_of;

/// The config of the package, on a NAS.
pub(super) const CONFIG: &str = "/var/packages/google-to-synology-sso/home/config.toml";

/// The account of the package, and of the service in
/// docs/guides/install-with-systemd.md.
pub(super) const USER: &str = "google-to-synology-sso";

/// What to type before a command on a NAS, where the package's user can replace
/// the program, so that root must not run it. The same after the steps of
/// docs/guides/install-with-systemd.md.
pub(super) const PROGRAM: &str = "sudo -u google-to-synology-sso google-to-synology-sso";

/// Whether DSM runs the daemon with this config, as one of a package.
pub(super) fn owns(config: &Path) -> bool {
    config.ends_with("google-to-synology-sso/home/config.toml")
}

/// The log, for the config of a package: what goes to standard error is hard
/// to find on a NAS. `None`: `config` is of no package.
pub(super) fn log(config: &Path) -> Option<PathBuf> {
    if !owns(config) {
        return None;
    }
    // By its name: `home` is a link to another place.
    let package = std::path::absolute(config).ok()?;
    let directory = package.parent()?.parent()?.join("var");
    // Without a home nobody became its owner: root would follow the links that
    // the package's user may have made.
    let is_there = directory.is_dir() && directory_of(config).is_dir();
    is_there.then(|| directory.join("google-to-synology-sso.log"))
}
