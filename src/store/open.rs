//! Opens one file as the state: locks it, and checks that it is ours and whole.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::copy::{self, beside};
use super::damage::{Damage, Unusable};
use super::whose::{self, Owner};
use super::{MIGRATIONS, OWNER_ALONE, StoreError};

/// A larger state is not compared with its indexes: with 100,000 users this
/// would double the time of a start. For a family it takes 0.1 ms.
const SMALL: i64 = 4 << 20;

/// More than the statements of this program. With rusqlite's default of 16, a
/// login compiles half of its statements again.
const STATEMENTS: usize = 64;

/// The only connection.
#[derive(Debug)]
pub(super) struct OpenState {
    path: PathBuf,
    connection: Connection,
    locking: Locking,
}

/// Whether other connections can open the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locking {
    /// They can, such as the one that makes the copy.
    Shared,
    /// They cannot. The index of the journal is in memory, so that a state on a
    /// full disk can be read.
    Exclusive,
}

impl OpenState {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Opens an exclusive state again as a shared one, after a successful
    /// write. Returns `None` if that fails.
    pub(super) fn shared(self) -> Option<Self> {
        if self.locking == Locking::Shared {
            return Some(self);
        }
        let path = self.path.clone();
        self.close();
        open_state(&path)
            .inspect_err(|error| tracing::error!(?error, "cannot open the state again"))
            .ok()
    }

    /// SQLite then writes the journal back and removes it.
    pub(super) fn close(self) {
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "cannot close the state; its journal stays");
        }
    }
}

/// Opens the state at `path`, or creates it.
pub(super) fn open_state(path: &Path) -> Result<OpenState, Unusable> {
    let with = |locking| {
        let connection = connect(path, locking)?;
        Ok(OpenState {
            path: path.to_owned(),
            connection,
            locking,
        })
    };
    match with(Locking::Shared) {
        Err(Unusable::Refused(StoreError::Sqlite { source, .. })) if is_of_the_disk(&source) => {
            let state = with(Locking::Exclusive)?;
            tracing::error!(
                error = %source, state = %path.display(),
                "the state can be read, but may not be writable: the disk may be full. Then every sign-in \
                 fails until there is space"
            );
            Ok(state)
        }
        state => state,
    }
}

/// For example, the disk has no space for the index of the journal.
fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
    )
}

/// Returns the files that are opened or created with the state at `path`.
pub(crate) fn files(path: &Path) -> [PathBuf; 4] {
    [
        lock_of(path),
        path.to_owned(),
        beside(path, "-wal"),
        beside(path, "-shm"),
    ]
}

fn lock_of(path: &Path) -> PathBuf {
    beside(path, ".lock")
}

pub(super) fn lock(path: &Path) -> Result<File, StoreError> {
    let name = lock_of(path);
    let file = private_file(&name)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(path.to_owned())),
        Err(TryLockError::Error(source)) => Err(StoreError::Open { path: name, source }),
    }
}

fn private_file(path: &Path) -> Result<File, StoreError> {
    let opened = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(OWNER_ALONE)
        .open(path);
    opened
        .and_then(|file| close_to_others(&file).map(|()| file))
        .map_err(|source| cannot_open(path, source))
}

fn cannot_open(path: &Path, source: io::Error) -> StoreError {
    let path = path.to_owned();
    let is_closed_to_us = matches!(
        source.kind(),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
    );
    if is_closed_to_us {
        return StoreError::NotWritable { path, source };
    }
    StoreError::Open { path, source }
}

/// A restored file may have another mode, and it contains the signing keys.
fn close_to_others(file: &File) -> io::Result<()> {
    let mode = file.metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(OWNER_ALONE))?;
    }
    Ok(())
}

fn connect(path: &Path, locking: Locking) -> Result<Connection, Unusable> {
    // SQLite gives its journal files the mode of the database.
    private_file(path)?;
    let doing = "open the state";
    let cannot = |error| Unusable::sqlite(doing, error);
    let connection = Connection::open(path).map_err(cannot)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    if locking == Locking::Exclusive {
        let alone = connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;");
        alone.map_err(cannot)?;
    }
    // First, because another program's database, and the state of a later
    // release, must not be changed.
    is_ours(&connection, path)?;
    let version = version(&connection, path)?;
    check(&connection).map_err(cannot)??;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA cache_size = -1024;
             PRAGMA secure_delete = ON;",
        )
        .map_err(cannot)?;
    migrate(&connection, path, version)?;
    has_all_tables(&connection).map_err(cannot)??;
    Ok(connection)
}

/// A database without a signing key is new, unless there is a copy: then its
/// contents are lost.
fn is_ours(connection: &Connection, path: &Path) -> Result<(), Unusable> {
    let cannot = |error| Unusable::sqlite("read the application ID of the state", error);
    if whose::owner(connection).map_err(cannot)? == Owner::Another {
        return Err(Unusable::Damaged(Damage::Foreign));
    }
    if copy::path(path).exists() && !has_a_key(connection).map_err(cannot)? {
        return Err(Unusable::Damaged(Damage::Empty));
    }
    Ok(())
}

/// Whether there is a signing key: every state after a first start has one.
pub(super) fn has_a_key(connection: &Connection) -> rusqlite::Result<bool> {
    let yes = |query: &str| connection.query_row(query, [], |row| row.get::<_, bool>(0));
    let table = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'signing_keys')";
    Ok(yes(table)? && yes("SELECT EXISTS (SELECT 1 FROM signing_keys)")?)
}

/// Returns the number of migrations that the state has.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<usize, Unusable> {
    let found: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(|error| Unusable::sqlite("read the state's version", error))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(Unusable::Refused(StoreError::Newer {
            path: path.to_owned(),
            found,
            known,
        }));
    }
    Ok(usize::try_from(found).unwrap_or(0))
}

/// Lets SQLite check the pages and rows.
pub(super) fn check(connection: &Connection) -> rusqlite::Result<Result<(), Unusable>> {
    let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let size: i64 = connection.query_row(size, [], |row| row.get(0))?;
    let check = if size <= SMALL {
        "PRAGMA integrity_check(1)"
    } else {
        "PRAGMA quick_check(1)"
    };
    let found: String = connection.query_row(check, [], |row| row.get(0))?;
    if found == "ok" {
        return Ok(Ok(()));
    }
    Ok(Err(Unusable::Damaged(Damage::found(&found))))
}

fn migrate(connection: &Connection, path: &Path, done: usize) -> Result<(), Unusable> {
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let version = index + 1;
        connection
            .execute_batch(&format!(
                "BEGIN IMMEDIATE; {migration} PRAGMA user_version = {version}; COMMIT;"
            ))
            .map_err(|error| not_migrated(path, error))?;
    }
    Ok(())
}

/// A table that exists already, or is missing: the version of the state is
/// wrong. Without a copy, the state is the only one, and stays where it is.
fn not_migrated(path: &Path, error: rusqlite::Error) -> Unusable {
    let is_wrong_sql = matches!(error, rusqlite::Error::SqlInputError { .. })
        || error.sqlite_error_code() == Some(ErrorCode::Unknown);
    if is_wrong_sql && copy::path(path).exists() {
        return Unusable::Damaged(Damage::found("its version is wrong"));
    }
    Unusable::sqlite("update the tables of the state", error)
}

/// For SQLite, a page of zeros is a valid schema without tables.
fn has_all_tables(connection: &Connection) -> rusqlite::Result<Result<(), Unusable>> {
    let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = names.query_map([], |row| row.get(0))?;
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    let missing = tables().find(|table| !names.iter().any(|name| name == table));
    Ok(match missing {
        Some(table) => Err(Unusable::Damaged(Damage::found(&format!(
            "it has no table {table}"
        )))),
        None => Ok(()),
    })
}

/// Returns the names of the tables that the migrations create. Read from their
/// text: to let SQLite run them took 1 ms of each start.
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let lines = MIGRATIONS.iter().flat_map(|migration| migration.lines());
    lines.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split(' ').next())
}
