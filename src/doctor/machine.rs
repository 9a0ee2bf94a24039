//! The checks of this machine.

use nix::sys::statvfs::statvfs;

use super::{Finding, Findings, send};
use crate::config::{Config, directory_of};

/// Below this, a write of the state or of the log may fail soon.
const LITTLE_SPACE: u64 = 64 << 20;

pub(super) fn check(config: &Config, findings: &Findings) {
    send(findings, disk(config));
}

fn disk(config: &Config) -> Finding {
    let directory = directory_of(&config.storage);
    let free = match statvfs(directory) {
        Ok(found) => found.blocks_available() * found.fragment_size(),
        Err(error) => {
            let directory = directory.display();
            let message = format!("cannot read the free space of {directory}: {error}");
            return Finding::warn("machine.disk", message);
        }
    };
    let message = format!("{} MB free at {}", free >> 20, directory.display());
    if free < LITTLE_SPACE {
        return Finding::fail(
            "machine.disk",
            format!("{message}: too little to save sign-ins; delete files on this volume"),
        );
    }
    Finding::ok("machine.disk", message)
}
