//! Where a DSM package keeps what it writes.

use std::path::{Path, PathBuf};

/// The log, for the config of a package: what goes to standard error is hard
/// to find on a NAS. `None`: `config` is of no package.
pub(super) fn log(config: &Path) -> Option<PathBuf> {
    if !config.ends_with("google-to-synology-sso/home/config.toml") {
        return None;
    }
    // By its name: `home` is a link to another place.
    let package = std::path::absolute(config).ok()?;
    let directory = package.parent()?.parent()?.join("var");
    directory
        .is_dir()
        .then(|| directory.join("google-to-synology-sso.log"))
}
