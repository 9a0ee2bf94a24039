//! The file system of the state. Writes nothing.

use std::path::Path;
use std::time::SystemTime;

use nix::sys::statvfs::{FsFlags, Statvfs, statvfs};

use crate::config::{Config, directory_of};
use crate::doctor::{DaemonAccess, Finding};
use crate::store;
use domain::base::clock::{Clock, UnixTime, span_in_words};

const NAME: &str = "machine.disk";

/// Below this, a write of the state or of the log may fail soon.
const LITTLE_SPACE: u64 = 64 << 20;

/// Returns whether nothing can be written to the file system of the state.
pub fn is_read_only(config: &Config) -> bool {
    statvfs(directory_of(&config.storage)).is_ok_and(|found| read_only(&found))
}

fn read_only(found: &Statvfs) -> bool {
    found.flags().contains(FsFlags::ST_RDONLY)
}

pub(in crate::doctor) fn check(
    config: &Config,
    daemon: &dyn DaemonAccess,
    clock: &dyn Clock,
) -> Finding {
    let directory = directory_of(&config.storage);
    let found = match statvfs(directory) {
        Ok(found) => found,
        Err(error) => {
            let directory = directory.display();
            let message = format!("cannot read the free space of {directory}: {error}");
            return Finding::warn(NAME, message);
        }
    };
    let directory = directory.display();
    if read_only(&found) {
        return Finding::fail(
            NAME,
            format!(
                "the file system of {directory} is read-only, so no sign-in can be saved: look at \
                 the volume in Storage Manager, repair it there, and restart the NAS"
            ),
        );
    }
    let free = found.blocks_available() * found.fragment_size();
    let megabytes = free >> 20;
    if free < LITTLE_SPACE {
        return Finding::fail(
            NAME,
            format!(
                "{megabytes} MB free at {directory}: too little to save sign-ins; delete files on \
                 this volume, also in its recycle bins"
            ),
        );
    }
    // Some file systems, such as Btrfs, have no limit of files and report 0.
    if found.files() > 0 && found.files_available() == 0 {
        return Finding::fail(
            NAME,
            format!("no more files can be created at {directory}: delete files on this volume"),
        );
    }
    let copy = match daemon.absence() {
        None => copy(&config.storage, clock.now()),
        Some(_) => String::new(),
    };
    Finding::ok(NAME, format!("{megabytes} MB free at {directory}{copy}"))
}

/// The copy is renewed once a day if the state has changed.
fn copy(state: &Path, now: UnixTime) -> String {
    let written = store::copy_of(state).metadata();
    match written.and_then(|file| file.modified()) {
        Ok(time) => {
            let age = now.since(<SystemTime as Into<UnixTime>>::into(time));
            format!("; last copy of the state {} ago", span_in_words(age))
        }
        Err(_) => "; no copy of the state yet".to_owned(),
    }
}
