//! A log file that stays small and its owner's alone.
//!
//! Our own, since file-rotate, the crate for this, drops lines in silence
//! when its file cannot be opened and panics when the disk fills up in the
//! middle of a rotation: inside of somebody's login.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::LogError;

/// What a file may hold, and how many full ones are kept beside it: months of
/// a family's logins, and 6 MiB at most.
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
    /// Whole lines.
    length: u64,
    place: (u64, u64),
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

    /// Writes a whole line or, with an error, nothing of it.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        if !self.is_in_place() {
            // Somebody has moved or deleted it, and wants a new one.
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
        fs::metadata(&self.path).is_ok_and(|found| place(&found) == self.open.place)
    }

    /// The new file first: when there is no room for one, nothing has
    /// changed, and the next line tries again.
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
        // To rename /dev/null, or to wait for the reader of a pipe, is not
        // what anybody means.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("it is no regular file"));
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
            place: place(&found),
            file,
        };
        open.end_torn_line()?;
        Ok(open)
    }

    /// The power may have gone in the middle of one.
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
            // The part of a line that still fitted would stand before the
            // next one.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length = self.length.saturating_add(line.len() as u64);
        Ok(())
    }
}

fn place(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// There are no older parts at first.
fn if_there(renamed: io::Result<()>) -> io::Result<()> {
    match renamed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests;
