//! Reads secrets from files that only their owner can read.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use domain::base::secret::Secret;
use nix::fcntl::OFlag;
use zeroize::Zeroizing;

/// Longer than any password, client secret or token.
const MAX_SECRET_BYTES: u64 = 4096;

/// Why a secret file cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts explain the variants")]
pub enum SecretFileError {
    #[error("{0}")]
    Unreadable(#[source] io::Error),
    #[error("group or others can read it (mode {0:04o}): run chmod 600 on it")]
    ReadableByOthers(u32),
    #[error("it is empty; the secret belongs on its one line")]
    Empty,
    #[error("it has more than one line; a secret file holds the secret and nothing else")]
    SeveralLines,
    #[error("it is larger than {0} bytes, so it is not a secret file")]
    TooLong(u64),
    #[error("it is not UTF-8 text")]
    NotText,
}

/// Reads the secret in `path`: one line, in a file that only its owner can
/// read. The line break is not part of the secret.
pub fn read_secret_file(path: &Path) -> Result<Secret<String>, SecretFileError> {
    let bytes = read_private_file(path, MAX_SECRET_BYTES)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| SecretFileError::NotText)?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains(['\n', '\r']) {
        return Err(SecretFileError::SeveralLines);
    }
    if line.trim().is_empty() {
        return Err(SecretFileError::Empty);
    }
    Ok(Secret::new(line.to_owned()))
}

/// Opens `path` for reading; an error if it is a pipe or a device, which might
/// never end.
pub fn open_regular_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Does not wait for the other end of a pipe.
    let options = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    Ok(file)
}

/// Reads the bytes of `path`, a file that only its owner can read, such as a
/// private key; `max_bytes` at most.
pub fn read_private_file(
    path: &Path,
    max_bytes: u64,
) -> Result<Zeroizing<Vec<u8>>, SecretFileError> {
    let file = open_regular_file(path).map_err(SecretFileError::Unreadable)?;
    let metadata = file.metadata().map_err(SecretFileError::Unreadable)?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretFileError::ReadableByOthers(mode));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(max_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(SecretFileError::Unreadable)?;
    if bytes.len() as u64 > max_bytes {
        return Err(SecretFileError::TooLong(max_bytes));
    }
    Ok(bytes)
}
