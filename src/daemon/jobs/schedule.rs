//! The power schedule → the one to plan by: from DSM's own file where we may
//! read it, else over DSM's web API, else the last one known stays.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use nix::fcntl::OFlag;
use tokio::task::{JoinError, spawn_blocking};

use super::Jobs;
use crate::app::AppState;
use crate::clients::dsm::DsmSession;
use crate::config::{Power, ScheduleUse};
use crate::logging::told;
use domain::model::power::{KnownSchedule, PowerSchedule, Reading, Remark, Source, Unreadable};

/// Ten times what DSM can write: two tables of 200 lines with ten bytes each.
const MAX_FILE_BYTES: u64 = 40_000;

/// What DSM's file says.
#[derive(Debug)]
pub enum ScheduleFile {
    /// The config says that there is no schedule: it was not looked at.
    NotWanted,
    /// A schedule.
    Read(Reading),
    /// Nothing.
    Useless(ScheduleFileError),
}

/// Why the file says nothing.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleFileError {
    /// It is not there, or not for us.
    #[error("read the file that power.file names")]
    Io(#[from] io::Error),
    /// Whatever it is, it might never end.
    #[error("power.file names something that is no file")]
    NoFile,
    /// It is larger than any schedule.
    #[error("the file that power.file names is larger than {MAX_FILE_BYTES} bytes")]
    TooLong,
    /// It is something else.
    #[error("the file that power.file names has neither of the sections of DSM's own")]
    Unreadable(#[from] Unreadable),
    /// We stopped, or have a bug, while we read it.
    #[error("the file that power.file names was not read to its end")]
    Abandoned(#[from] JoinError),
}

impl ScheduleFile {
    /// Reads the file that `power` names; on a thread of its own, since a disk
    /// may have to wake up first.
    pub async fn read(power: &Power) -> Self {
        if power.schedule == ScheduleUse::Off {
            return Self::NotWanted;
        }
        let path = power.file.clone();
        let read = spawn_blocking(move || read(&path)).await;
        match read.unwrap_or_else(|error| Err(error.into())) {
            Ok(reading) => Self::Read(reading),
            Err(error) => Self::Useless(error),
        }
    }

    /// The schedule that is in it.
    pub fn schedule(&self) -> Option<&PowerSchedule> {
        match self {
            Self::Read(reading) => Some(&reading.schedule),
            Self::NotWanted | Self::Useless(_) => None,
        }
    }
}

fn read(path: &Path) -> Result<Reading, ScheduleFileError> {
    // Nobody is waited for, as at a pipe without another end; and what is
    // looked at is what is read, whoever puts something else in its place.
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
    /// On most machines we may not read it, and on others there is none: that
    /// is foreseen.
    fn is_foreseen(&self) -> bool {
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

/// What is on disk, and what was said already: a schedule is read every hour.
#[derive(Debug)]
pub(super) struct ScheduleNews {
    kept: Mutex<Option<PowerSchedule>>,
    file_error: Said,
    api_error: Said,
    store_error: Said,
    remarks: Said,
}

impl ScheduleNews {
    pub(super) fn new(kept: Option<PowerSchedule>) -> Self {
        Self {
            kept: Mutex::new(kept),
            file_error: Said::default(),
            api_error: Said::default(),
            store_error: Said::default(),
            remarks: Said::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<PowerSchedule>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was last said of something, to say it once until it changes.
#[derive(Debug, Default)]
struct Said(ArcSwapOption<String>);

impl Said {
    /// Whether `text` has yet to be said.
    fn is_news(&self, text: String) -> bool {
        let text = Arc::new(text);
        let before = self.0.swap(Some(Arc::clone(&text)));
        before != Some(text)
    }

    /// It is over: whether anything was said.
    fn is_over(&self) -> bool {
        self.0.swap(None).is_some()
    }
}

impl Jobs {
    /// Plans by what DSM's file says. The error: why DSM itself is to be asked.
    pub async fn take_up_schedule(&self, file: ScheduleFile) -> Option<ScheduleFileError> {
        let news = &self.schedule;
        match file {
            ScheduleFile::NotWanted => None,
            ScheduleFile::Read(reading) => {
                news.file_error.is_over();
                self.plan_by(reading, Source::File).await;
                None
            }
            ScheduleFile::Useless(error) if error.is_foreseen() => {
                news.file_error.is_over();
                Some(error)
            }
            ScheduleFile::Useless(error) => {
                if news.file_error.is_news(told(&error)) {
                    let error: &dyn Error = &error;
                    tracing::warn!(error, "DSM's web API is asked for the power schedule");
                }
                Some(error)
            }
        }
    }

    pub(super) async fn refresh_schedule_by_file(
        &self,
        app: &AppState,
    ) -> Option<ScheduleFileError> {
        let file = ScheduleFile::read(&app.config.power).await;
        self.take_up_schedule(file).await
    }

    /// Asks DSM, since there is `no_file`.
    pub(super) async fn refresh_schedule_by_api(
        &self,
        visit: &DsmSession<'_>,
        no_file: &ScheduleFileError,
    ) {
        let error = match visit.power_schedule().await {
            Ok(reading) => return self.plan_by(reading, Source::Api).await,
            Err(error) => error,
        };
        if !self.schedule.api_error.is_news(told(&error)) {
            return;
        }
        let counts = match self.app().power.load().as_deref() {
            Some(_) => "the last one known counts",
            None => "the NAS counts as always on",
        };
        let error: &dyn Error = &error;
        let no_file = told(no_file);
        tracing::warn!(
            error,
            no_file,
            "the power schedule cannot be read: {counts}"
        );
    }

    async fn plan_by(&self, reading: Reading, source: Source) {
        let had_failed = self.schedule.api_error.is_over();
        self.say_remarks(&reading.remarks, source);
        let app = self.app();
        let schedule = reading.schedule;
        let known = KnownSchedule {
            schedule: schedule.clone(),
            source,
        };
        let before = app.power.swap(Some(Arc::new(known)));
        let is_same = |before: &KnownSchedule| before.schedule == schedule;
        match before.as_deref() {
            None => say(&app, "power schedule", source),
            Some(before) if !is_same(before) => say(&app, "power schedule changed", source),
            Some(_) if had_failed => say(&app, "power schedule read again", source),
            Some(_) => {}
        }
        self.save_schedule(&app, schedule).await;
    }

    /// They may stay for years.
    fn say_remarks(&self, remarks: &[Remark], source: Source) {
        if remarks.is_empty() {
            self.schedule.remarks.is_over();
            return;
        }
        let remarks: Vec<String> = remarks.iter().map(Remark::to_string).collect();
        let remarks = remarks.join("; ");
        if self.schedule.remarks.is_news(remarks.clone()) {
            let source = source.name();
            tracing::warn!(remarks, source, "the power schedule has odd tasks");
        }
    }

    /// For the next start.
    async fn save_schedule(&self, app: &AppState, schedule: PowerSchedule) {
        if self.schedule.kept().as_ref() == Some(&schedule) {
            return;
        }
        match app.store.save_power_schedule(&schedule).await {
            Ok(()) => {
                self.schedule.store_error.is_over();
                *self.schedule.kept() = Some(schedule);
            }
            Err(error) if self.schedule.store_error.is_news(told(&error)) => {
                let error: &dyn Error = &error;
                tracing::error!(error, "the power schedule cannot be kept");
            }
            Err(_) => {}
        }
    }
}

/// Tells what is new in words, since nobody reads a table of tasks in a log.
fn say(app: &AppState, what: &str, source: Source) {
    let source = source.name();
    let now = app.clock.now();
    if let Some(outlook) = app.power_outlook() {
        let words = outlook.in_words(&app.time_zone, now);
        tracing::info!(source, "{what}: {words}");
    }
}
