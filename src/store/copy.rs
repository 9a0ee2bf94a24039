//! The copy of the state, which replaces a damaged state.
//!
//! It does not have the codes: one that was redeemed since then must not become
//! valid again.

use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{OWNER_ALONE, Store, StoreError, failed};

/// Makes the copy, if the state has changed.
#[derive(Debug)]
pub(super) struct Copy {
    state: PathBuf,
    /// The device and inode of the open state.
    file: Option<(u64, u64)>,
    /// The number of commits that have changed the state since it was opened.
    changes: AtomicU64,
    /// The number of them that are in the copy; `None` before the first copy.
    /// Locked while a copy is made, so that an older one does not replace it.
    copied: Mutex<Option<u64>>,
    /// Whether the journal has the bytes of a deleted key.
    erase_journal: AtomicBool,
}

impl Store {
    /// Copies the state, if it has changed since the last copy. Only logs an
    /// error: the state itself can still be used.
    pub async fn save_copy(&self) {
        if let Err(error) = self.copy(Copy::renew).await {
            let error: &dyn Error = &error;
            tracing::warn!(error, "cannot copy the state; the last copy stays");
        }
    }

    /// Copies the state after a change that an old copy must not undo. If that
    /// fails, deletes the old copy.
    pub(super) async fn replace_copy(&self) {
        let Err(error) = self.copy(Copy::renew).await else {
            return;
        };
        tracing::warn!(
            error = &error as &dyn Error,
            "cannot copy the state; deleting the old copy"
        );
        if let Err(error) = self.copy(Copy::discard).await {
            tracing::error!(
                error = &error as &dyn Error,
                "cannot delete the old copy of the state: delete it"
            );
        }
    }

    /// On a blocking thread, so that sign-ins do not wait.
    async fn copy(
        &self,
        work: impl FnOnce(&Copy) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let copy = Arc::clone(&self.copy);
        tokio::task::spawn_blocking(move || work(&copy)).await?
    }
}

impl Copy {
    pub(super) fn of(state: &Path) -> Self {
        Self {
            state: state.to_owned(),
            file: file_of(state),
            changes: AtomicU64::new(0),
            copied: Mutex::new(None),
            erase_journal: AtomicBool::new(false),
        }
    }

    /// Has the journal erased after the commit that is under way.
    pub(super) fn erase_journal(&self) {
        self.erase_journal.store(true, Ordering::Relaxed);
    }

    /// Erases the journal, if that is due. While another connection reads the
    /// state, it is still due after the next commit.
    pub(super) fn after_commit(&self, connection: &Connection) -> rusqlite::Result<()> {
        if self.erase_journal.swap(false, Ordering::Relaxed) {
            let erase = "PRAGMA wal_checkpoint(TRUNCATE)";
            let is_busy = connection.query_row(erase, [], |row| row.get(0))?;
            self.erase_journal.store(is_busy, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Returns an error if `storage.path` is not the file that is open: a
    /// change would be lost at the next start.
    pub(super) fn state_is_in_place(&self) -> Result<(), StoreError> {
        if file_of(&self.state) == self.file {
            return Ok(());
        }
        Err(StoreError::Gone(self.state.clone()))
    }

    pub(super) fn state_has_changed(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Makes a copy, unless the state has not changed.
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
        remove(&path).map_err(|source| StoreError::Copy { path, source })
    }
}

/// Returns the device and inode of the file at `path`.
fn file_of(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Returns the path of the copy of `state`.
pub(crate) fn path(state: &Path) -> PathBuf {
    beside(state, ".copy")
}

/// Returns the path of `state` with `suffix` appended.
pub(super) fn beside(state: &Path, suffix: &str) -> PathBuf {
    let mut path = state.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// Makes a copy of `state`.
pub(super) fn write(state: &Path) -> Result<(), StoreError> {
    // Always the same name, so that a file left by a power cut is replaced.
    let unfinished = beside(state, ".copy-unfinished");
    let written = write_by_way_of(&unfinished, state);
    if written.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    written
}

/// Uses its own connection, so that commits do not wait.
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
    // SQLite does not do this for a copy.
    file.sync_all().map_err(cannot)?;
    fs::rename(unfinished, &path).map_err(cannot)?;
    sync_directory(directory(&path)).map_err(cannot)?;
    // So that the state is not older than the copy, even without its journal.
    source
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(PASSIVE);")
        .map_err(|error| failed(doing, error))
}

fn private_and_empty(path: &Path) -> io::Result<File> {
    remove(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(OWNER_ALONE);
    options.open(path)
}

/// Removes the file at `path`, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn write_database(source: &Connection, to: &Path) -> rusqlite::Result<()> {
    source.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    let copy = Connection::open(to)?;
    // Without a journal file, and without leaving bytes of deleted rows.
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

/// A new name survives a power cut once its directory is on the disk.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}
