//! Reads the power schedule: from DSM's own file where we may read it, else
//! over DSM's web API, in the session that reads the users. If both fail, the
//! last known schedule stays in use.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::LastText;
use crate::app::{AppState, CurrentState};
use crate::clients::dsm::{DsmSession, ScheduleFileError, read_schedule_file};
use crate::config::Power;
use crate::logging::error_chain;
use domain::model::power::{KnownSchedule, PowerSchedule, Reading, Source};

/// Reads and saves the power schedule. [`AppState::power`] is the only copy in
/// memory.
#[derive(Debug)]
pub struct ScheduleJob {
    current: Arc<CurrentState>,
    /// Whether the schedule in memory is on disk.
    is_saved: AtomicBool,
    file_error: LastText,
    api_error: LastText,
    store_error: LastText,
    warnings: LastText,
}

impl ScheduleJob {
    /// The schedule in `current`, if any, is the one on disk.
    pub(super) fn new(current: Arc<CurrentState>) -> Self {
        let is_saved = current.load().power.load().is_some();
        Self {
            current,
            is_saved: is_saved.into(),
            file_error: LastText::default(),
            api_error: LastText::default(),
            store_error: LastText::default(),
            warnings: LastText::default(),
        }
    }

    /// Reads DSM's file, and uses its schedule. Returns why DSM is to be asked
    /// instead.
    pub(super) async fn refresh_by_file(&self, power: &Power) -> Option<ScheduleFileError> {
        self.use_file(read_schedule_file(power).await).await
    }

    /// As `refresh_by_file`, with what was read from the file.
    pub async fn use_file(
        &self,
        file: Option<Result<Reading, ScheduleFileError>>,
    ) -> Option<ScheduleFileError> {
        let error = match file? {
            Ok(reading) => {
                self.file_error.clear();
                self.use_schedule(reading, Source::File).await;
                return None;
            }
            Err(error) => error,
        };
        if error.is_foreseen() {
            self.file_error.clear();
        } else if self.file_error.is_new(&error_chain(&error)) {
            let error: &dyn Error = &error;
            tracing::warn!(error, "asking DSM's web API for the power schedule");
        }
        Some(error)
    }

    /// Asks DSM, since reading its file failed with `file_error`.
    pub(super) async fn refresh_by_api(
        &self,
        session: &DsmSession<'_>,
        file_error: &ScheduleFileError,
    ) {
        let error = match session.power_schedule().await {
            Ok(reading) => return self.use_schedule(reading, Source::Api).await,
            Err(error) => error,
        };
        if !self.api_error.is_new(&error_chain(&error)) {
            return;
        }
        let instead = match self.current.load().power.load().as_deref() {
            Some(_) => "using the last known one",
            None => "planning as if the NAS were always on",
        };
        let error: &dyn Error = &error;
        let no_file = error_chain(file_error);
        tracing::warn!(error, no_file, "cannot read the power schedule: {instead}");
    }

    /// Returns why DSM's web API did not tell the schedule when it was last
    /// asked.
    pub fn error(&self) -> Option<String> {
        self.api_error.get()
    }

    async fn use_schedule(&self, reading: Reading, source: Source) {
        let had_failed = self.api_error.clear();
        self.log_unexpected(&reading.unexpected, source);
        let app = self.current.load();
        let known = Arc::new(KnownSchedule {
            schedule: reading.schedule,
            source,
        });
        let previous = app.power.swap(Some(Arc::clone(&known)));
        match previous {
            None => log_outlook(&app, "power schedule", source),
            Some(previous) if previous.schedule != known.schedule => {
                self.is_saved.store(false, Ordering::Relaxed);
                log_outlook(&app, "power schedule changed", source);
            }
            Some(_) if had_failed => log_outlook(&app, "power schedule read again", source),
            Some(_) => {}
        }
        self.save_schedule(&app, &known.schedule).await;
    }

    fn log_unexpected(&self, tasks: &[String], source: Source) {
        if tasks.is_empty() {
            self.warnings.clear();
            return;
        }
        let tasks = tasks.join(", ");
        if self.warnings.is_new(&tasks) {
            tracing::warn!(
                tasks,
                source = source.name(),
                "unexpected tasks in the power schedule; those not understood are ignored: check \
                 them in Control Panel > Hardware & Power > Power Schedule"
            );
        }
    }

    /// Saves the schedule for the next start, unless it is on disk.
    async fn save_schedule(&self, app: &AppState, schedule: &PowerSchedule) {
        if self.is_saved.load(Ordering::Relaxed) {
            return;
        }
        match app.store.save_power_schedule(schedule).await {
            Ok(()) => {
                self.store_error.clear();
                self.is_saved.store(true, Ordering::Relaxed);
            }
            Err(error) if self.store_error.is_new(&error_chain(&error)) => {
                let error: &dyn Error = &error;
                tracing::error!(error, "cannot save the power schedule");
            }
            Err(_) => {}
        }
    }
}

/// Logs in words when the NAS goes off and comes on.
fn log_outlook(app: &AppState, what: &str, source: Source) {
    let source = source.name();
    let now = app.clock.now();
    if let Some(outlook) = app.power_outlook() {
        let words = outlook.in_words(&app.time_zone, now);
        tracing::info!(source, "{what}: {words}");
    }
}
