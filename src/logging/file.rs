//! A log file that is rotated, and that only its owner can read.
//!
//! Not by the crate file-rotate: that one drops lines silently when its file
//! cannot be opened, and panics, in the middle of a sign-in, when the disk is
//! full during a rotation.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::LogError;

/// The size of a file, and the number of old ones: enough for months of a
/// family's sign-ins, and 6 MiB at most.
const LIMITS: Limits = Limits {
    bytes: 1024 * 1024,
    old: 5,
};

const OWNER_ONLY: u32 = 0o600;

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: u64,
    pub(super) old: u32,
}

/// `path`, and its older parts `path.1` (the newest) to `path.5`.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    limits: Limits,
    open: Open,
}

#[derive(Debug)]
struct Open {
    file: File,
    /// The bytes of whole lines.
    length: u64,
    identity: (u64, u64),
}

impl LogFile {
    pub(super) fn open(path: &Path) -> Result<Self, LogError> {
        Self::limited(path, LIMITS).map_err(|source| LogError::Open {
            path: path.to_owned(),
            source,
        })
    }

    pub(super) fn limited(path: &Path, limits: Limits) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
            limits,
            open: Open::at(path)?,
        })
    }

    /// Writes a whole line or, if that fails, nothing of it.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        if !self.is_in_place() {
            // It was moved or deleted.
            self.open = Open::at(&self.path)?;
        }
        let length = line.len() as u64;
        let is_full = self.open.length.saturating_add(length) > self.limits.bytes;
        if is_full && self.open.length > 0 {
            self.rotate()?;
        }
        self.open.write(line)
    }

    fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| identity(&found) == self.open.identity)
    }

    /// Creates the new file first: if the disk is full, nothing changes, and
    /// the next line tries again.
    fn rotate(&mut self) -> io::Result<()> {
        let new = self.beside("new");
        let open = Open::at(&new)?;
        for number in (1..self.limits.old).rev() {
            let older = self.beside(&(number + 1).to_string());
            if_there(fs::rename(self.beside(&number.to_string()), older))?;
        }
        if_there(fs::rename(&self.path, self.beside("1")))?;
        fs::rename(&new, &self.path)?;
        self.open = open;
        Ok(())
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.clone().into_os_string();
        path.push(".");
        path.push(suffix);
        path.into()
    }
}

impl Open {
    fn at(path: &Path) -> io::Result<Self> {
        // Does not rename /dev/null, or wait for the reader of a pipe.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("not a regular file"));
        }
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .mode(OWNER_ONLY)
            .open(path)?;
        let found = file.metadata()?;
        if found.mode() & 0o777 != OWNER_ONLY {
            file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
        }
        let mut open = Self {
            length: found.len(),
            identity: identity(&found),
            file,
        };
        open.end_torn_line()?;
        Ok(open)
    }

    /// A power cut may have left a part of a line.
    fn end_torn_line(&mut self) -> io::Result<()> {
        let Some(last) = self.length.checked_sub(1) else {
            return Ok(());
        };
        let mut end = [0];
        self.file.read_exact_at(&mut end, last)?;
        if end == *b"\n" {
            return Ok(());
        }
        self.write("\n")
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        if let Err(error) = self.file.write_all(line.as_bytes()) {
            // Removes the part of the line that was written.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length = self.length.saturating_add(line.len() as u64);
        Ok(())
    }
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// The older files do not exist at first.
fn if_there(renamed: io::Result<()>) -> io::Result<()> {
    match renamed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
