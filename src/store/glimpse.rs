//! Reads a state that no daemon has open, without writing anything.

use std::fs;
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::copy::beside;
use super::{StoreError, failed, links, signin_pause};
use domain::model::signin_pause::SigninPause;
use domain::signin::directory::Link;

/// What a path has to escape in the URI of a database.
const IN_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// The parts of a state that `doctor` needs if no daemon is running.
#[derive(Debug, Default)]
pub struct Glimpse {
    /// The last sign-in pause, over or not.
    pub pause: Option<SigninPause>,
    /// All links.
    pub links: Vec<Link>,
}

/// Reads the state at `path`; a missing one is empty.
///
/// A state that was closed has no journal: SQLite then opens the file alone,
/// without locks or files beside it. After a kill the journal has the newest
/// data, and its index, which exists then, may be brought up to date.
pub fn glimpse(path: &Path) -> Result<Glimpse, StoreError> {
    if !path.exists() {
        return Ok(Glimpse::default());
    }
    let journal = fs::metadata(beside(path, "-wal"));
    let has_journal = journal.is_ok_and(|journal| journal.len() > 0);
    read(path, has_journal).map_err(|error| failed("read the state", error))
}

fn read(path: &Path, has_journal: bool) -> rusqlite::Result<Glimpse> {
    let name = path.to_string_lossy();
    let name = utf8_percent_encode(&name, IN_URI);
    let alone = if has_journal { "" } else { "&immutable=1" };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(format!("file:{name}?mode=ro{alone}"), flags)?;
    Ok(Glimpse {
        pause: signin_pause::last(&connection).optional()?,
        links: links::all(&connection)?,
    })
}
