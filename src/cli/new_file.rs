//! A file for what a command writes at the user's request.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A new file that only its owner can read. It is empty until its content is
/// complete, and removed if that fails.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    file: File,
    is_written: bool,
}

impl NewFile {
    /// Creates the file; `what` names it in the error. Called before root
    /// becomes another user, who may not be able to write to its directory, not
    /// even to rename a file there.
    pub(super) fn create(path: &Path, what: &str) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        let created = options.write(true).create_new(true).mode(0o600).open(path);
        let file = created.with_context(|| {
            let path = path.display();
            format!("cannot create the {what} {path}: name a new file, in a directory that exists")
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            is_written: false,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the whole content.
    pub(super) fn write(mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        self.is_written = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_written {
            // In a directory of root, it stays, and is empty.
            let _ = self.file.set_len(0);
            let _ = fs::remove_file(&self.path);
        }
    }
}
