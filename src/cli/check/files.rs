//! Checks whether `run` can open its log, state, lock and control socket.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, geteuid};

use crate::config::{Config, Problem, directory_of};
use crate::store;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Socket,
}

/// Returns why `run` could not open its log, state, lock or control socket: the
/// first reason for each key. Creates and changes nothing.
pub(super) fn problems(config: &Config) -> Vec<Problem> {
    let state = store::files(&config.storage).map(|path| ("storage.path", path, Kind::File));
    let log = config.log.file.clone();
    let log = log.map(|path| ("log.file", path, Kind::File));
    let socket = (
        "control.socket",
        config.control_socket.clone(),
        Kind::Socket,
    );
    let all = state.into_iter().chain(log).chain([socket]);
    let mut problems: Vec<Problem> = all.filter_map(problem).collect();
    if store::is_of_another(&config.storage) {
        let reason = "it is another program's database; choose another path";
        problems.insert(0, cannot_open("storage.path", &config.storage, reason));
    }
    problems.dedup_by(|second, first| second.key == first.key);
    problems
}

fn problem((key, path, kind): (&str, PathBuf, Kind)) -> Option<Problem> {
    let reason = try_opening(&path, kind).err()?;
    Some(cannot_open(key, &path, &reason))
}

fn cannot_open(key: &str, path: &Path, reason: &str) -> Problem {
    let message = format!("cannot open {}: {reason}", path.display());
    Problem::at(key, message)
}

fn try_opening(path: &Path, kind: Kind) -> Result<(), String> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return try_making(path),
        Err(error) => return Err(error.to_string()),
    };
    let file_type = found.file_type();
    let is_right = match kind {
        Kind::File => file_type.is_file(),
        Kind::Socket => file_type.is_socket(),
    };
    if !is_right {
        let expected = match kind {
            Kind::File => "regular file",
            Kind::Socket => "socket",
        };
        return Err(format!(
            "it is not a {expected}; remove it, or choose another path"
        ));
    }
    let ours = geteuid();
    if !ours.is_root() && found.uid() != ours.as_raw() {
        return Err(format!(
            "it belongs to another user (uid {}) than this process (uid {ours}); run chown \
             {ours} on it",
            found.uid()
        ));
    }
    if kind == Kind::Socket {
        // The daemon replaces it.
        return try_making(path);
    }
    let opened = OpenOptions::new().read(true).write(true).open(path);
    opened.map(drop).map_err(|error| error.to_string())
}

fn try_making(path: &Path) -> Result<(), String> {
    let directory = directory_of(path);
    let flags = AccessFlags::W_OK | AccessFlags::X_OK;
    access(directory, flags).map_err(|error| {
        let error = io::Error::from(error);
        format!("cannot create files in {}: {error}", directory.display())
    })
}
