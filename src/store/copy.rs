//! The copy beside the state, for the day on which that is damaged.
//!
//! It has no grants: a code that was redeemed since it was made must not be
//! good again.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{OWNER_ALONE, Store, StoreError, failed};

/// Where the copy is, and whether the state has changed since it was made.
#[derive(Debug)]
pub(super) struct Copy {
    state: PathBuf,
    /// How many commits have changed the state since it was opened.
    changes: AtomicU64,
    /// How many of them are in the copy; `None` before the first. Held while
    /// one is made: of two at once, the older must not come last.
    copied: Mutex<Option<u64>>,
}

impl Store {
    /// Copies the state, if it has changed since it was last copied. Failing
    /// is logged: the state itself is well.
    pub async fn save_copy(&self) {
        if let Err(error) = self.copy(Copy::renew).await {
            let error: &dyn Error = &error;
            tracing::warn!(error, "the state cannot be copied: the last copy stays");
        }
    }

    /// Copies the state now, for what must not come back from the copy of
    /// before. When that cannot be, there is none.
    pub(super) async fn replace_copy(&self) {
        let renewed = self.copy(Copy::renew).await;
        let Err(error) = renewed else {
            return;
        };
        say_old_copy_goes(&error);
        if let Err(error) = self.copy(Copy::discard).await {
            let error: &dyn Error = &error;
            tracing::error!(error, "the copy is older than it may be: delete it");
        }
    }

    /// On a thread of its own: whoever signs in meanwhile does not wait.
    async fn copy(
        &self,
        work: impl FnOnce(&Copy) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let copy = Arc::clone(&self.copy);
        tokio::task::spawn_blocking(move || work(&copy)).await?
    }
}

fn say_old_copy_goes(error: &StoreError) {
    let error: &dyn Error = error;
    tracing::warn!(error, "the state cannot be copied: the old copy goes");
}

impl Copy {
    pub(super) fn of(state: &Path) -> Self {
        Self {
            state: state.to_owned(),
            changes: AtomicU64::new(0),
            copied: Mutex::new(None),
        }
    }

    /// A commit changed something.
    pub(super) fn state_has_changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes the copy anew unless it is one of the state as it is.
    pub(super) fn renew(&self) -> Result<(), StoreError> {
        let mut copied = self.copied.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.changes.load(Ordering::Relaxed);
        if *copied == Some(changes) {
            return Ok(());
        }
        write(&self.state)?;
        *copied = Some(changes);
        Ok(())
    }

    fn discard(&self) -> Result<(), StoreError> {
        let mut copied = self.copied.lock().unwrap_or_else(PoisonError::into_inner);
        *copied = None;
        let path = path(&self.state);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StoreError::Copy {
                path,
                source: error,
            }),
            _ => Ok(()),
        }
    }
}

/// Where the copy of `state` is.
pub(super) fn path(state: &Path) -> PathBuf {
    beside(state, ".copy")
}

/// The file whose name is that of `state` with `suffix`.
pub(super) fn beside(state: &Path, suffix: &str) -> PathBuf {
    let mut path = state.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Makes the copy of `state` anew.
pub(super) fn write(state: &Path) -> Result<(), StoreError> {
    // One name, so that what a power cut leaves is found by the next copy.
    let unfinished = beside(state, ".copy-unfinished");
    let written = write_by_way_of(&unfinished, state);
    if written.is_err() {
        // It may not even have been made.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// By a connection of its own: what is committed meanwhile waits for nothing.
fn write_by_way_of(unfinished: &Path, state: &Path) -> Result<(), StoreError> {
    let path = path(state);
    let cannot = |source| StoreError::Copy {
        path: path.clone(),
        source,
    };
    let file = private_and_empty(unfinished).map_err(cannot)?;
    let doing = "copy the state";
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = Connection::open_with_flags(state, flags);
    let source = open.map_err(|error| failed(doing, error))?;
    write_database(&source, unfinished).map_err(|error| failed(doing, error))?;
    // SQLite leaves that to whoever wants the copy.
    file.sync_all().map_err(cannot)?;
    fs::rename(unfinished, &path).map_err(cannot)?;
    sync_directory(directory(&path)).map_err(cannot)?;
    // So that the state without its journal is never older than the copy.
    source
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(PASSIVE);")
        .map_err(|error| failed(doing, error))
}

fn private_and_empty(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(OWNER_ALONE);
    options.open(path)
}

fn write_database(source: &Connection, to: &Path) -> rusqlite::Result<()> {
    source.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    let copy = Connection::open(to)?;
    // No journal beside a file that nobody knows yet; and no bytes left of
    // what is deleted.
    copy.execute_batch(
        "PRAGMA journal_mode = MEMORY;
         PRAGMA secure_delete = ON;
         DELETE FROM grants;",
    )?;
    copy.close().map_err(|(_, error)| error)
}

pub(super) fn directory(path: &Path) -> &Path {
    let parent = path.parent();
    parent
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A new name outlives a power cut when its directory is on the disk.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
