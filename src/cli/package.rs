//! The paths and the account of the DSM package.

use std::path::{Path, PathBuf};

use crate::config::directory_of;

/// The start of every command line on a NAS. Root must not run the program
/// there, because the package's user can replace it.
pub(super) const PROGRAM: &str = "sudo -u google-to-synology-sso google-to-synology-sso";

/// Returns whether `config` is the one of the DSM package.
pub(super) fn owns(config: &Path) -> bool {
    config.ends_with("google-to-synology-sso/home/config.toml")
}

/// Returns the file in which Package Center has the package's version. `None`
/// if `config` does not belong to the package.
pub(super) fn info(config: &Path) -> Option<String> {
    if !owns(config) {
        return None;
    }
    let config = std::path::absolute(config).ok()?;
    std::fs::read_to_string(config.parent()?.parent()?.join("INFO")).ok()
}

/// Returns the log file of the package, because standard error is not visible
/// on a NAS. `None` if `config` does not belong to the package.
pub(super) fn log(config: &Path) -> Option<PathBuf> {
    if !owns(config) {
        return None;
    }
    // Without resolving links: `home` links to another directory.
    let package = std::path::absolute(config).ok()?;
    let directory = package.parent()?.parent()?.join("var");
    // Without a home, root has not switched to its owner, and would follow
    // links that the package's user may have made.
    let is_there = directory.is_dir() && directory_of(config).is_dir();
    is_there.then(|| directory.join("google-to-synology-sso.log"))
}
