//! The config file itself: who may write to it.

use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use nix::unistd::geteuid;

use super::{ConfigError, Problem, directory_of};
use crate::machine::secret_file::open_regular_file;

/// The mode bits that let group or others write.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Returns the bytes of the config in `path`.
///
/// The file is opened once, because another user of its directory could
/// replace it between the check and the read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut file = open_regular_file(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if geteuid().is_root() {
        admit_root(path, &metadata).map_err(unreadable)?;
    }
    if let Some(mode) = writable_by_others(&metadata) {
        return Err(ConfigError::Bad {
            path: path.to_owned(),
            problems: vec![Problem::of_file(format!(
                "group or others can write to {} (mode {mode:04o}): run chmod 600 on it",
                path.display()
            ))],
        });
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Rejects a config that another user can change, because root's daemon does
/// as root what the config says.
fn admit_root(path: &Path, file: &Metadata) -> io::Result<()> {
    let refuse = |message: String| Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    if file.uid() != 0 {
        return refuse(format!(
            "it belongs to another user (uid {}) than root, who runs this: give it and its \
             directory to the user that is to run the daemon",
            file.uid()
        ));
    }
    match shared_directory(path) {
        Some(mode) => refuse(format!(
            "group or others can write to its directory (mode {mode:04o}), and root reads no \
             config from there"
        )),
        None => Ok(()),
    }
}

/// Returns the mode of the directory of `config` if group or others can write
/// to it.
pub(crate) fn shared_directory(config: &Path) -> Option<u32> {
    config.file_name()?;
    writable_by_others(&fs::metadata(directory_of(config)).ok()?)
}

/// Returns the mode of a file or directory if group or others can write to it.
pub(crate) fn writable_by_others(metadata: &Metadata) -> Option<u32> {
    let mode = metadata.permissions().mode() & 0o7777;
    (mode & WRITABLE_BY_OTHERS != 0).then_some(mode)
}
