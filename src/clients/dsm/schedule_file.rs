//! Reads DSM's own file with the power schedule.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::fcntl::OFlag;
use tokio::task::{JoinError, spawn_blocking};

use crate::config::{Power, ScheduleUse};
use domain::model::power::{PowerSchedule, Reading, Unreadable};

/// Ten times what DSM can write: two tables of 200 lines with ten bytes each.
const MAX_FILE_BYTES: u64 = 40_000;

/// Why no schedule was read from the file.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleFileError {
    /// It is missing, or we may not read it.
    #[error("cannot read the file that power.file names")]
    Io(#[from] io::Error),
    /// It is not a regular file, so reading it might never end.
    #[error("power.file does not name a regular file")]
    NoFile,
    /// It is larger than any schedule.
    #[error("the file that power.file names is larger than {MAX_FILE_BYTES} bytes")]
    TooLong,
    /// It is not in the form of DSM's file.
    #[error("the file that power.file names has neither of the sections of DSM's own")]
    Unreadable(#[from] Unreadable),
    /// The task that read it was cancelled or panicked.
    #[error("reading the file that power.file names was aborted")]
    Abandoned(#[from] JoinError),
}

/// Reads the file that `power` names; `None` if the config turns the schedule
/// off. On a thread of its own, since a disk may have to wake up first.
pub async fn read_schedule_file(power: &Power) -> Option<Result<Reading, ScheduleFileError>> {
    if power.schedule == ScheduleUse::Off {
        return None;
    }
    let path = power.file.clone();
    let read = spawn_blocking(move || read(&path)).await;
    Some(read.unwrap_or_else(|error| Err(error.into())))
}

fn read(path: &Path) -> Result<Reading, ScheduleFileError> {
    // Does not wait at a pipe without another end. The open file is checked,
    // since another one can take its place meanwhile.
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(ScheduleFileError::NoFile);
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(ScheduleFileError::TooLong);
    }
    Ok(PowerSchedule::from_packed(&bytes)?)
}

impl ScheduleFileError {
    /// Whether this is normal: on most machines we may not read the file, and
    /// on others there is none.
    pub fn is_foreseen(&self) -> bool {
        let Self::Io(error) = self else {
            return false;
        };
        let kind = error.kind();
        matches!(
            kind,
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied
        )
    }
}
