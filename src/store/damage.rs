//! What is wrong with a state that cannot be used.

use std::fmt;

use rusqlite::ErrorCode;

use super::{StoreError, failed};

/// Why the file at `storage.path` is not used as the state.
#[derive(Clone, Debug)]
pub(super) enum Damage {
    /// We or SQLite found this.
    Broken(String),
    /// The file is missing.
    Missing,
    /// The file has no bytes, or no tables.
    Empty,
    /// It is another program's database.
    Foreign,
}

impl Damage {
    /// Joins the lines of `what`, which may be a text of SQLite.
    pub(super) fn found(what: &str) -> Self {
        Self::Broken(what.lines().collect::<Vec<_>>().join(", "))
    }

    /// Part of the new name of the file. Old damaged states are deleted,
    /// databases of other programs are not.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Broken(_) | Self::Missing | Self::Empty => "damaged",
            Self::Foreign => "foreign",
        }
    }

    pub(super) fn advice(&self) -> &'static str {
        match self {
            Self::Broken(_) => "The disk may be failing: check it (Storage Manager > HDD/SSD)",
            Self::Missing | Self::Empty => "Find out what deleted it",
            Self::Foreign => "Find out which program uses the path of storage.path",
        }
    }
}

impl From<&rusqlite::Error> for Damage {
    fn from(error: &rusqlite::Error) -> Self {
        Self::found(&error.to_string())
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(what) => write!(f, "damaged ({what})"),
            Self::Missing => f.write_str("missing"),
            Self::Empty => f.write_str("empty"),
            Self::Foreign => f.write_str("another program's database"),
        }
    }
}

/// Why a file cannot be opened as the state.
#[derive(Debug)]
pub(super) enum Unusable {
    /// The file is not a state, or is damaged.
    Damaged(Damage),
    /// The file may be a good state.
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

/// Whether the cause is the file, not the disk, the memory or permissions.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}
