//! Logs once that the state cannot be written or is damaged, and what to do;
//! and once that it can be written again.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::damage::is_damage;

/// A problem that an administrator can solve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    DiskFull,
    Unwritable,
    Damaged,
}

#[derive(Debug)]
pub(super) struct Health {
    state: PathBuf,
    logged: Option<Trouble>,
}

impl Health {
    pub(super) fn of(state: &Path) -> Self {
        Self {
            state: state.to_owned(),
            logged: None,
        }
    }

    /// Logs the cause of `error`, unless it was logged last.
    pub(super) fn failed(&mut self, error: &rusqlite::Error) {
        let Some(trouble) = trouble(error) else {
            return;
        };
        if self.logged == Some(trouble) {
            return;
        }
        let state = self.state.display();
        match trouble {
            Trouble::DiskFull => tracing::error!(
                %error, %state,
                "the disk is full: every sign-in fails until there is space on the volume of the state"
            ),
            Trouble::Unwritable => tracing::error!(
                %error, %state,
                "cannot write the state: every sign-in fails until it can be written. Its volume may be \
                 read-only or failing, or the file may belong to another user"
            ),
            Trouble::Damaged => tracing::error!(
                %error, %state,
                "the state is damaged: sign-ins may fail. Restart the daemon, which replaces the state by \
                 its copy"
            ),
        }
        self.logged = Some(trouble);
    }

    /// Logs that the state can be written again.
    pub(super) fn succeeded(&mut self) {
        // A damaged state can be written, too.
        if matches!(self.logged, None | Some(Trouble::Damaged)) {
            return;
        }
        self.logged = None;
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
    fn each_problem_and_its_end_are_logged_once() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let log = tracing_subscriber::fmt().with_writer(Arc::clone(&file));
        let _logging = tracing::subscriber::set_default(log.finish());
        let error = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        let mut health = Health::of(Path::new("state.sqlite3"));
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_READONLY, ffi::SQLITE_CORRUPT] {
            health.failed(&error(code));
            health.failed(&error(code));
            // A bug, which an administrator cannot solve.
            health.failed(&error(ffi::SQLITE_CONSTRAINT));
        }
        // A successful write does not end the damage.
        health.succeeded();
        health.failed(&error(ffi::SQLITE_CORRUPT));
        health.failed(&error(ffi::SQLITE_IOERR));
        health.succeeded();
        health.succeeded();

        let mut log = String::new();
        (&*file).rewind().unwrap();
        (&*file).read_to_string(&mut log).unwrap();
        for (words, times) in [
            ("the disk is full", 1),
            ("cannot write the state: every", 2),
            ("is damaged: sign-ins", 1),
            ("can be written again", 1),
        ] {
            assert_eq!(log.matches(words).count(), times, "{words}: {log}");
        }
    }
}
