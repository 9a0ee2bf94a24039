//! A file that an argument names, opened before root switches to the owner of
//! the config, who may not be able to open it.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use zeroize::Zeroizing;

/// All these files have a few kilobytes.
const MAX_BYTES: u64 = 256 << 10;

/// An open file.
pub(super) struct Input {
    path: PathBuf,
    file: File,
}

impl Input {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Passes the content to `work`; an error names the file.
    pub(super) fn read<T>(self, work: impl FnOnce(&str) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let read = || {
            let mut text = Zeroizing::new(String::new());
            self.file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
            if text.len() as u64 > MAX_BYTES {
                bail!("it is larger than {MAX_BYTES} bytes");
            }
            work(&text)
        };
        read().with_context(|| format!("cannot use {}", self.path.display()))
    }
}
