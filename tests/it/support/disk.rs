//! The files that a daemon wrote.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

use fakes::house::House;
use rusqlite::Connection;
use rusqlite::types::FromSql;

use super::built::state;

/// The first value that `query` finds in the copy.
pub(crate) fn copied<T: FromSql>(house: &House, query: &str) -> T {
    let copy = Connection::open(state(house, ".copy")).unwrap();
    copy.query_row(query, [], |row| row.get(0)).unwrap()
}

/// Each file of the house with its content and its modification time in
/// nanoseconds. Reading a database changes neither.
pub(crate) fn disk(house: &House) -> BTreeMap<String, (Vec<u8>, i64, i64)> {
    let entries = fs::read_dir(house.home.path()).unwrap();
    let entries = entries.map(|entry| entry.unwrap());
    let is_index = |name: &str| name.ends_with("-shm");
    entries
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let metadata = entry.metadata().unwrap();
            let bytes = fs::read(entry.path()).unwrap();
            (name, (bytes, metadata.mtime(), metadata.mtime_nsec()))
        })
        // Shared memory, which is never synced.
        .filter(|(name, _)| !is_index(name))
        .collect()
}
