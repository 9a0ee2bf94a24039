//! Opening the state: nobody else has it, it is ours, and it is whole.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};

use super::copy::{self, beside};
use super::damage::{self, Damage, Loss};
use super::whose::{self, Owner};
use super::{MIGRATIONS, OWNER_ALONE, StoreError, failed};
use domain::base::clock::UnixTime;

/// A larger state is not compared with its indexes: with 100,000 users that
/// would double the time that a start takes. A family's takes 0.1 ms.
const SMALL: i64 = 4 << 20;

/// The state, and the lock that goes with it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) lock: File,
    pub(super) state: OpenState,
    /// Whether the run before was cut off.
    pub(super) was_left_open: bool,
    pub(super) loss: Loss,
}

/// The one connection, and how it was made.
#[derive(Debug)]
pub(super) struct OpenState {
    path: PathBuf,
    connection: Connection,
    locking: Locking,
}

/// Who may look at the state beside us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Locking {
    /// Other connections, such as the copy's.
    Shared,
    /// Nobody. The index of the journal is in memory then, so that a state on
    /// a full disk can be read, and serves until there is room.
    Exclusive,
}

impl OpenState {
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The state can be written: whoever opened it for himself shares it
    /// again. `None` when that fails, and so does the way back.
    pub(super) fn shared(self) -> Option<Self> {
        if self.locking == Locking::Shared {
            return Some(self);
        }
        let path = self.path.clone();
        self.close();
        open_state(&path)
            .inspect_err(|error| tracing::error!(?error, "the state cannot be opened again"))
            .ok()
    }

    /// Closing the last connection writes the journal back and removes it.
    pub(super) fn close(self) {
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "the state was not closed cleanly; its journal is kept");
        }
    }
}

/// Why there is no connection yet.
#[derive(Debug)]
pub(super) enum Unusable {
    /// What is there is no state, or no longer.
    Damaged(Damage),
    /// It may be well; but not here and now.
    Refused(StoreError),
}

impl From<StoreError> for Unusable {
    fn from(error: StoreError) -> Self {
        Self::Refused(error)
    }
}

impl Unusable {
    pub(super) fn sqlite(doing: &'static str, error: rusqlite::Error) -> Self {
        if is_damage(&error) {
            return Self::Damaged(Damage::from(&error));
        }
        Self::Refused(failed(doing, error))
    }
}

/// Whether the file is to blame, and not the disk, the memory or its owner.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

pub(super) fn open(path: &Path, now: UnixTime) -> Result<Opened, StoreError> {
    if path.is_dir() {
        return Err(StoreError::Directory(path.to_owned()));
    }
    let lock = lock(path)?;
    // SQLite removes its journal when it closes the database: one that is
    // there is of a run that did not.
    let was_left_open = beside(path, "-wal").exists();
    let (state, loss) = match whole(path, now) {
        Ok(opened) => opened,
        Err(Unusable::Refused(error)) => return Err(error),
        Err(Unusable::Damaged(damage)) => damage::mend(path, &damage, now)?,
    };
    Ok(Opened {
        lock,
        state,
        was_left_open,
        loss,
    })
}

fn whole(path: &Path, now: UnixTime) -> Result<(OpenState, Loss), Unusable> {
    if let Some(damage) = damage::lost(path) {
        return Err(Unusable::Damaged(damage));
    }
    if whose::is_of_another(path) {
        return Err(Unusable::Damaged(Damage::Foreign));
    }
    let journal_was_lost = damage::set_journal_aside(path, now)?;
    let state = open_state(path)?;
    if !journal_was_lost {
        return Ok((state, Loss::Nothing));
    }
    damage::forget_grants(state.connection())?;
    Ok((state, Loss::Some))
}

/// The state at `path`, which is made when it is not there.
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
                "the state can be read, but perhaps not written: the disk may be full. Nobody can \
                 sign in then until there is room"
            );
            Ok(state)
        }
        state => state,
    }
}

/// There is no room for the index of the journal, for one.
fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen)
    )
}

/// The files that opening the state at `path` opens or makes.
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

fn lock(path: &Path) -> Result<File, StoreError> {
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

/// A file that somebody else has made, such as a restored one, need not have
/// the mode that we give; and it holds the key that signs.
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
    if locking == Locking::Exclusive {
        let alone = connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;");
        alone.map_err(cannot)?;
    }
    // Before anything else: another program's database, and the state of a
    // later release, are not changed.
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
    migrate(&connection, version)?;
    has_all_tables(&connection).map_err(cannot)??;
    Ok(connection)
}

/// A database without tables is the first start's; with a copy beside it, the
/// tables are lost.
fn is_ours(connection: &Connection, path: &Path) -> Result<(), Unusable> {
    let owner = whose::owner(connection);
    match owner.map_err(|error| Unusable::sqlite("read whose the state is", error))? {
        Owner::New if copy::path(path).exists() => Err(Unusable::Damaged(Damage::Empty)),
        Owner::Us | Owner::New => Ok(()),
        Owner::Another => Err(Unusable::Damaged(Damage::Foreign)),
    }
}

/// How many migrations the state has seen; all of them are ours.
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

/// Whether every page and row is as SQLite left it, as far as that shows.
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

fn migrate(connection: &Connection, done: usize) -> Result<(), Unusable> {
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(done) {
        let version = index + 1;
        connection
            .execute_batch(&format!(
                "BEGIN IMMEDIATE; {migration} PRAGMA user_version = {version}; COMMIT;"
            ))
            .map_err(not_migrated)?;
    }
    Ok(())
}

/// A table that is there already, or is not: what says that it is of an
/// earlier version is not.
fn not_migrated(error: rusqlite::Error) -> Unusable {
    if error.sqlite_error_code() == Some(ErrorCode::Unknown) {
        return Unusable::Damaged(Damage::from(&error));
    }
    Unusable::sqlite("bring the state's tables up to date", error)
}

/// A page of zeros is a schema without tables, and no damage to SQLite.
fn has_all_tables(connection: &Connection) -> rusqlite::Result<Result<(), Unusable>> {
    let model = Connection::open_in_memory()?;
    for migration in MIGRATIONS {
        model.execute_batch(migration)?;
    }
    let mut names = model.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?;
    for name in names {
        let name = name?;
        let found = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?1)";
        if !connection.query_row(found, [&name], |row| row.get(0))? {
            let damage = Damage::found(&format!("it has no table {name}"));
            return Ok(Err(Unusable::Damaged(damage)));
        }
    }
    Ok(Ok(()))
}
