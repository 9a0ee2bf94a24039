//! The state cannot be written, or no longer be read: said once, with what
//! helps, and once more when it is over.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::open::is_damage;

/// What an administrator can do something about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    DiskFull,
    Unwritable,
    Damaged,
}

/// What has been said.
#[derive(Debug)]
pub(super) struct Health {
    state: PathBuf,
    said: Option<Trouble>,
}

impl Health {
    pub(super) fn of(state: &Path) -> Self {
        Self {
            state: state.to_owned(),
            said: None,
        }
    }

    /// Says what `error` means, unless that was the last that was said.
    pub(super) fn have(&mut self, error: &rusqlite::Error) {
        let Some(trouble) = trouble(error) else {
            return;
        };
        if self.said == Some(trouble) {
            return;
        }
        let state = self.state.display();
        match trouble {
            Trouble::DiskFull => tracing::error!(
                %error, %state,
                "the disk is full: nobody can sign in until there is room where the state is"
            ),
            Trouble::Unwritable => tracing::error!(
                %error, %state,
                "the state cannot be written: nobody can sign in until it can. Its volume may be \
                 read-only or failing, or the file another user's"
            ),
            Trouble::Damaged => tracing::error!(
                %error, %state,
                "the state is damaged: who signs in may fail until the daemon is started again, \
                 which sets it aside and puts its copy in its place"
            ),
        }
        self.said = Some(trouble);
    }

    /// Something was written.
    pub(super) fn are_over(&mut self) {
        // What can be written may be damaged all the same.
        if matches!(self.said, None | Some(Trouble::Damaged)) {
            return;
        }
        self.said = None;
        tracing::info!("the state can be written again");
    }
}

fn trouble(error: &rusqlite::Error) -> Option<Trouble> {
    if is_damage(error) {
        return Some(Trouble::Damaged);
    }
    let code = error.sqlite_error_code()?;
    if code == ErrorCode::DiskFull {
        return Some(Trouble::DiskFull);
    }
    let is_unwritable = matches!(
        code,
        ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
    );
    is_unwritable.then_some(Trouble::Unwritable)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};
    use std::sync::Arc;

    use rusqlite::ffi;

    use super::*;

    #[test]
    fn each_trouble_is_said_once_and_that_it_is_over_too() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let log = tracing_subscriber::fmt().with_writer(Arc::clone(&file));
        let _logging = tracing::subscriber::set_default(log.finish());
        let error = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let mut troubles = Health::of(Path::new("state.sqlite3"));
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_READONLY, ffi::SQLITE_CORRUPT] {
            troubles.have(&error(code));
            troubles.have(&error(code));
            // Ours to mend: nobody who reads the log can do anything.
            troubles.have(&error(ffi::SQLITE_CONSTRAINT));
        }
        // Something else can be written: the damage is there all the same.
        troubles.are_over();
        troubles.have(&error(ffi::SQLITE_CORRUPT));
        troubles.have(&error(ffi::SQLITE_IOERR));
        troubles.are_over();
        troubles.are_over();

        let mut log = String::new();
        (&*file).rewind().unwrap();
        (&*file).read_to_string(&mut log).unwrap();
        for (words, times) in [
            ("the disk is full", 1),
            ("cannot be written: nobody", 2),
            ("is damaged: who signs in", 1),
            ("can be written again", 1),
        ] {
            assert_eq!(log.matches(words).count(), times, "{words}: {log}");
        }
    }
}
