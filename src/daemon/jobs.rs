//! What runs by itself, and when: users and power schedule are read at start,
//! every `refresh` and before each power-off, the signing keys rotated,
//! Google's documents kept. The only file that knows the scheduler.
//!
//! Each job is a plain function; the scheduler only says that a minute has
//! passed, and our own due logic does the rest. So a clock that jumps or a
//! machine that slept makes a job run once, not never and not many times.

mod before_power_off;
mod documents;
mod key_rotation;
mod plan;
mod refresh;
mod schedule;
mod signin_pause;
mod users;

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::app::{AppState, CurrentState};
use crate::clients::backoff::Backoff;
use crate::store::{SavedDirectory, SavedPause, ShutdownMarker, StoreError};
use domain::base::clock::UnixTime;
use domain::model::power::PowerSchedule;

pub use key_rotation::RotationError;
use plan::Plan;
pub use plan::PlannedJob;
use schedule::ScheduleNews;
pub use schedule::{ScheduleFile, ScheduleFileError};
pub use signin_pause::FingerprintKey;
pub use users::{Refreshed, UsersError};

/// At second 0 of every minute, in UTC: a change of summer time means nothing
/// to it.
const EVERY_MINUTE: &str = "0 * * * * *";

/// The scheduler waits for a time of day: when the clock has gone back by an
/// hour it is silent for one. It begins anew when it misses its minute.
const SILENCE: Duration = Duration::from_secs(90);

/// What the jobs work with.
#[derive(Debug)]
pub struct Jobs {
    current: Arc<CurrentState>,
    minute: Notify,
    /// Held during a refresh: of two at once the slower would bring back the
    /// older users.
    refreshing: tokio::sync::Mutex<()>,
    /// What is on disk: when a write failed, not the users that serve.
    kept: Mutex<Option<SavedDirectory>>,
    /// Why the users are those of before.
    error: ArcSwapOption<String>,
    /// Why the administrators are those of before.
    administrators_error: ArcSwapOption<String>,
    /// The last warning about users whose `expired` cannot be parsed.
    expiry_warning: ArcSwapOption<String>,
    /// The last one, over or not, unless DSM has let us in since. Changed by
    /// whoever holds `refreshing`.
    hold: ArcSwapOption<SavedPause>,
    fingerprint_key: FingerprintKey,
    schedule: ScheduleNews,
    plan: Plan,
}

/// What the jobs begin with.
#[derive(Debug)]
pub struct Kept {
    /// The users on disk.
    pub users: Option<SavedDirectory>,
    /// That DSM is left alone.
    pub hold: Option<SavedPause>,
    /// Recognises what DSM refused.
    pub fingerprint_key: FingerprintKey,
    /// The power schedule on disk.
    pub schedule: Option<PowerSchedule>,
}

/// How it stands with the users, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsersReport {
    /// How many there are.
    pub users: usize,
    /// When DSM last confirmed them.
    pub refreshed: Option<UnixTime>,
    /// When DSM is asked next, never at an hour in which the NAS is meant to
    /// be off; `None` before it was asked at all.
    pub next_refresh: Option<UnixTime>,
    /// Until when DSM is left alone.
    pub on_hold_until: Option<UnixTime>,
    /// Why the last refresh failed.
    pub error: Option<String>,
    /// Why the administrators are older than the users.
    pub administrators_error: Option<String>,
}

impl Jobs {
    /// Nothing runs yet.
    pub fn new(current: Arc<CurrentState>, kept: Kept) -> Self {
        let app = current.load();
        let hold = kept.hold;
        let until = hold.as_ref().map(|hold| hold.until);
        let on_hold = until.is_some_and(|until| until > app.clock.now());
        app.refresh_desk.set_on_hold(on_hold);
        let reason = hold
            .as_ref()
            .filter(|_| on_hold)
            .map(|hold| hold.reason.clone());
        Self {
            current,
            minute: Notify::new(),
            refreshing: tokio::sync::Mutex::new(()),
            kept: Mutex::new(kept.users),
            error: ArcSwapOption::from_pointee(reason),
            administrators_error: ArcSwapOption::empty(),
            expiry_warning: ArcSwapOption::empty(),
            hold: ArcSwapOption::from_pointee(hold),
            fingerprint_key: kept.fingerprint_key,
            schedule: ScheduleNews::new(kept.schedule),
            plan: Plan::default(),
        }
    }

    /// What is in force now: a reload may come between two calls.
    fn app(&self) -> Arc<AppState> {
        self.current.load()
    }

    /// Wakes the jobs that wait for their time, every minute until `stop`.
    pub async fn tell_minutes(
        self: Arc<Self>,
        stop: CancellationToken,
    ) -> Result<(), JobSchedulerError> {
        while !stop.is_cancelled() {
            let mut scheduler = JobScheduler::new().await?;
            scheduler.add(self.each_minute()?).await?;
            scheduler.start().await?;
            tokio::select! {
                () = stop.cancelled() => {}
                () = silence(&self.minute) => self.minute_passed(),
            }
            scheduler.shutdown().await?;
        }
        Ok(())
    }

    fn each_minute(self: &Arc<Self>) -> Result<Job, JobSchedulerError> {
        let jobs = Arc::clone(self);
        Job::new_async(EVERY_MINUTE, move |_, _| {
            let jobs = Arc::clone(&jobs);
            Box::pin(async move { jobs.minute_passed() })
        })
    }

    /// A minute has passed: jobs look whether they are due.
    pub fn minute_passed(&self) {
        self.minute.notify_waiters();
    }

    /// Has the users read now, for somebody who has mended something: whatever
    /// was asked lately, and even if DSM was to be left alone. Returns at once.
    pub fn refresh_now(&self) {
        self.app().refresh_desk.demand();
    }

    /// How it stands with the users.
    pub fn users_report(&self) -> UsersReport {
        let snapshot = self.app().snapshot.load();
        let snapshot = snapshot.as_ref();
        let text = |error: &ArcSwapOption<String>| error.load_full().map(|text| (*text).clone());
        UsersReport {
            users: snapshot.map_or(0, |snapshot| snapshot.list().users.len()),
            refreshed: snapshot.map(|snapshot| snapshot.refreshed()),
            next_refresh: self.next_refresh(),
            on_hold_until: self.on_hold_until(),
            error: text(&self.error),
            administrators_error: text(&self.administrators_error),
        }
    }

    /// Writes down what is known and how fresh it is, for the next start; and
    /// copies the state, while the disk is awake.
    pub async fn save_freshness(&self) -> Result<(), StoreError> {
        let app = self.app();
        if let Some(snapshot) = app.snapshot.load_full() {
            self.save_users(SavedDirectory {
                list: Arc::clone(snapshot.list()),
                refreshed: snapshot.refreshed(),
            })
            .await?;
        }
        let documents = app.upstream.to_keep();
        app.store.save_documents(documents).await?;
        let now = app.clock.now();
        app.store
            .save_shutdown_marker(now, ShutdownMarker::Running)
            .await?;
        app.store.save_copy().await;
        Ok(())
    }
}

/// Returns when no minute was told for longer than a minute.
async fn silence(minute: &Notify) {
    while tokio::time::timeout(SILENCE, minute.notified())
        .await
        .is_ok()
    {}
}

/// Tries `work` until it goes well, or its error is not `worth` another try.
async fn persist<T, E, W>(what: &str, work: impl Fn() -> W, worth: impl Fn(&E) -> bool)
where
    E: Error + 'static,
    W: Future<Output = Result<T, E>>,
{
    let mut backoff = Backoff::new();
    while let Err(error) = work().await {
        if !worth(&error) {
            return;
        }
        let wait = backoff.next_wait();
        say_next_try(what, &error, wait);
        tokio::time::sleep(wait).await;
    }
}

fn say_next_try(what: &str, error: &(dyn Error + 'static), wait: Duration) {
    let next_try = humantime::format_duration(whole_seconds(wait));
    tracing::warn!(error, %next_try, "{what}");
}

fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_millis().div_ceil(1000).try_into().unwrap_or(60))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn tell(minute: &Notify, times: usize) {
        for _ in 0..times {
            tokio::time::sleep(Duration::from_mins(1)).await;
            minute.notify_waiters();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_scheduler_that_misses_its_minute_is_noticed() {
        let minute = Notify::new();
        tokio::select! {
            biased;
            () = silence(&minute) => panic!("every minute was told"),
            () = tell(&minute, 600) => {}
        }
        silence(&minute).await;
    }
}
