//! Tells whether a database is our state, another program's, or new.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::copy::beside;
use super::damage::is_damage;
use domain::base::parameters::encode_bytes;

/// The `application_id` of our state ("G2SS"), set by the fourth migration.
pub(super) const APPLICATION_ID: i64 = 0x4732_5353;

/// Version 0.1.0 wrote states of these versions, without `application_id`.
const WITHOUT_ID: std::ops::RangeInclusive<i64> = 1..=3;

/// No config and no secret is longer, in bytes.
const LONGEST_TEXT: u64 = 1 << 20;

/// Whose database a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// Our state, whole or damaged.
    Us,
    /// A database without tables, such as an interrupted first start leaves.
    New,
    /// The database of another program.
    Another,
}

/// Returns the owner of an open database. Writes nothing.
pub(super) fn owner(connection: &Connection) -> rusqlite::Result<Owner> {
    let number = |query: &str| connection.query_row(query, [], |row| row.get::<_, i64>(0));
    let id = number("PRAGMA application_id")?;
    if id == APPLICATION_ID {
        return Ok(Owner::Us);
    }
    let version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    if id == 0 && version == 0 && tables == 0 {
        return Ok(Owner::New);
    }
    // Names that other programs are unlikely to use. Without any table, the
    // page with the schema is damaged.
    let ours = "SELECT count(*) FROM sqlite_schema WHERE name IN ('signing_keys', 'seal_key')";
    if id == 0 && WITHOUT_ID.contains(&version) && (tables == 0 || number(ours)? == 2) {
        return Ok(Owner::Us);
    }
    Ok(Owner::Another)
}

/// Returns whether the file at `path` is another program's database. Changes
/// neither the file nor its mode; a file that cannot be read is not one.
pub fn is_of_another(path: &Path) -> bool {
    is_text(path) || matches!(look(path), Ok(Owner::Another))
}

/// Whether the file is text, such as a config: a database has zero bytes, also
/// a damaged one.
fn is_text(path: &Path) -> bool {
    // Opening a pipe would wait for a writer.
    if !path.is_file() {
        return false;
    }
    let mut text = String::new();
    let opened = File::open(path);
    let read = opened.and_then(|file| file.take(LONGEST_TEXT).read_to_string(&mut text));
    read.is_ok() && !text.is_empty() && !text.contains('\0')
}

/// Opens the database at `path` without writing to it or creating other files.
pub(super) fn open_read_only(path: &Path) -> rusqlite::Result<Connection> {
    // The schema may still be in the journal. Without a journal, `immutable`
    // prevents that SQLite creates one.
    let journal = fs::metadata(beside(path, "-wal")).map_or(0, |metadata| metadata.len());
    let mode = if journal > 0 {
        "mode=ro"
    } else {
        "immutable=1"
    };
    let name = encode_bytes(path.as_os_str().as_encoded_bytes());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(format!("file:{name}?{mode}"), flags)
}

fn look(path: &Path) -> rusqlite::Result<Owner> {
    let connection = open_read_only(path)?;
    let owner = owner(&connection);
    // The header may be valid even if the rest is damaged.
    if owner.as_ref().is_err_and(is_damage) {
        let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if id != 0 && id != APPLICATION_ID {
            return Ok(Owner::Another);
        }
    }
    owner
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: Owner) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a?b#c%20.sqlite3");
        let made = Connection::open(&path).unwrap();
        made.execute_batch(sql).unwrap();
        drop(made);
        let before = fs::read(&path).unwrap();
        assert_eq!(look(&path), Ok(expected), "{sql}");
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}");
        let files = fs::read_dir(home.path()).unwrap().count();
        assert_eq!(files, 1, "{sql}");
    }

    #[test]
    fn a_database_is_ours_by_its_application_id() {
        check("PRAGMA application_id = 1194480467;", Owner::Us);
        check("PRAGMA journal_mode = WAL;", Owner::New);
        for foreign in [
            "CREATE TABLE invoices (a);",
            "PRAGMA journal_mode = WAL; CREATE TABLE invoices (a);",
            "CREATE TABLE users (a); PRAGMA user_version = 3;",
            "PRAGMA application_id = 1;",
            "PRAGMA user_version = 99;",
            "CREATE TABLE signing_keys (a);",
            "CREATE TABLE signing_keys (a); PRAGMA user_version = 3;",
        ] {
            check(foreign, Owner::Another);
        }
    }

    #[test]
    fn a_state_of_version_0_1_0_is_ours_without_one() {
        check(
            "CREATE TABLE seal_key (a); CREATE TABLE signing_keys (a); PRAGMA user_version = 3;",
            Owner::Us,
        );
        // The page with the schema was overwritten with zeros.
        check(
            "CREATE TABLE a (a); DROP TABLE a; PRAGMA user_version = 3;",
            Owner::Us,
        );
    }
}
