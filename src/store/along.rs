//! What is held in memory and saved with the next write of a request or job: a
//! disk must not wake up for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::{History, Observed, Refusals};

/// Everything that is saved with the next write.
#[derive(Debug)]
pub(super) struct Along {
    pub(super) observed: Observed,
    pub(super) refusals: Refusals,
    pub(super) history: History,
}

/// The changes that a transaction saves, by their numbers; `None` if nothing
/// has changed.
#[derive(Debug)]
pub(super) struct Changes {
    observed: Option<u64>,
    refusals: Option<u64>,
    history: Option<u64>,
}

impl Along {
    /// Loads what is saved. An error costs only the part that it is in.
    pub(super) fn load(connection: &Connection) -> Self {
        Self {
            observed: Observed::load(connection),
            refusals: Refusals::load(connection),
            history: History::load(connection),
        }
    }

    /// Writes what has changed in the open transaction.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<Changes> {
        Ok(Changes {
            observed: self.observed.write_along(connection)?,
            refusals: self.refusals.write_along(connection)?,
            history: self.history.write_along(connection)?,
        })
    }

    /// Notes that `changes` are on disk.
    pub(super) fn saved(&self, changes: &Changes) {
        if let Some(changes) = changes.observed {
            self.observed.saved(changes);
        }
        if let Some(changes) = changes.refusals {
            self.refusals.saved(changes);
        }
        if let Some(changes) = changes.history {
            self.history.saved(changes);
        }
    }
}

/// A value in memory, and whether it differs from what is saved of it.
#[derive(Debug)]
pub(super) struct Unsaved<T>(Mutex<Inner<T>>);

#[derive(Debug)]
struct Inner<T> {
    value: T,
    /// The number of changes in memory, and how many of them are on disk.
    changes: u64,
    saved: u64,
}

impl<T> Unsaved<T> {
    /// Wraps a value that was loaded.
    pub(super) fn loaded(value: T) -> Self {
        Self(Mutex::new(Inner {
            value,
            changes: 0,
            saved: 0,
        }))
    }

    /// Runs `work` on the value. What it changes is not saved.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        work(&mut self.lock().value)
    }

    /// Runs `change` on the value, which is then saved with the next write.
    pub(super) fn change(&self, change: impl FnOnce(&mut T)) {
        self.change_if(|value| {
            change(value);
            true
        });
    }

    /// Runs `change` on the value, which is then saved with the next write if
    /// `change` returns true.
    pub(super) fn change_if(&self, change: impl FnOnce(&mut T) -> bool) {
        let mut inner = self.lock();
        if change(&mut inner.value) {
            inner.changes += 1;
        }
    }

    /// Lets `write` save what `rows` returns, in the open transaction, if the
    /// value has changed; returns the number of changes that it saves. An error
    /// of `write` does not affect the rest of the transaction.
    pub(super) fn write_along<R>(
        &self,
        connection: &Connection,
        rows: impl FnOnce(&T) -> R,
        write: impl FnOnce(&Connection, R) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<Option<u64>> {
        let (rows, changes) = {
            let inner = self.lock();
            if inner.changes == inner.saved {
                return Ok(None);
            }
            (rows(&inner.value), inner.changes)
        };
        connection.prepare_cached("SAVEPOINT along")?.execute([])?;
        let written = write(connection, rows);
        if let Err(error) = &written {
            let what = std::any::type_name::<T>();
            tracing::debug!(%error, what, "cannot save with another write");
            connection.execute_batch("ROLLBACK TO along")?;
        }
        connection.prepare_cached("RELEASE along")?.execute([])?;
        Ok(written.is_ok().then_some(changes))
    }

    /// Notes that `changes` of them are on disk.
    pub(super) fn saved(&self, changes: u64) {
        self.lock().saved = changes;
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
