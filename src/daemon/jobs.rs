//! What runs by itself, and when: a job for each of the users, the power
//! schedule, the signing keys and Google's documents, and one that prepares for
//! each power-off.
//!
//! The scheduler only says that a minute has passed; each job decides whether
//! it is due. So a clock that jumps or a machine that slept makes a job run
//! once, not never and not many times. Nothing is planned for an hour in which
//! the NAS is meant to be off; what falls due while the daemon runs is done all
//! the same.

mod documents;
mod key_rotation;
mod minutes;
mod power_off;
mod presence;
mod schedule;
mod users;

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwapOption;

use crate::app::CurrentState;
use crate::clients::backoff::Backoff;
use crate::daemon::lifecycle::Lifecycle;
use crate::store::JobName;
use domain::base::clock::UnixTime;

pub use documents::DocumentsJob;
pub use key_rotation::{KeyRotationJob, RotationError};
pub use minutes::Minutes;
pub use power_off::PowerOffJob;
use presence::PresenceJob;
pub use schedule::ScheduleJob;
pub use users::{FingerprintKey, Refreshed, SettingsError, UsersError, UsersJob, UsersReport};

/// The list of what runs by itself.
#[derive(Clone, Debug)]
pub struct Jobs {
    /// Wakes the others every minute.
    pub minutes: Arc<Minutes>,
    /// Reads the users from DSM, and saves them.
    pub users: Arc<UsersJob>,
    /// Reads the power schedule, whenever the users are read.
    pub schedule: Arc<ScheduleJob>,
    /// Publishes the next signing key when it is due.
    pub key_rotation: Arc<KeyRotationJob>,
    /// Fetches and saves Google's documents.
    pub documents: Arc<DocumentsJob>,
    /// Prepares for each power-off.
    pub power_off: Arc<PowerOffJob>,
}

/// When a job runs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedJob {
    /// The public name of the job.
    pub name: &'static str,
    /// When it runs next; `None`: not planned.
    pub next: Option<UnixTime>,
}

impl Jobs {
    /// Creates the jobs; none runs yet. What `current` holds is what the state
    /// on disk holds.
    pub fn new(current: &Arc<CurrentState>, fingerprint_key: FingerprintKey) -> Self {
        let current = || Arc::clone(current);
        let minutes = Arc::new(Minutes::default());
        let schedule = Arc::new(ScheduleJob::new(current()));
        let users = Arc::new(UsersJob::new(
            current(),
            Arc::clone(&minutes),
            Arc::clone(&schedule),
            fingerprint_key,
        ));
        Self {
            key_rotation: Arc::new(KeyRotationJob {
                current: current(),
                minutes: Arc::clone(&minutes),
            }),
            documents: Arc::new(DocumentsJob { current: current() }),
            power_off: Arc::new(PowerOffJob {
                current: current(),
                minutes: Arc::clone(&minutes),
                users: Arc::clone(&users),
                last_run: Mutex::default(),
            }),
            minutes,
            users,
            schedule,
        }
    }

    /// Runs all jobs as tasks of `lifecycle`.
    pub fn spawn(&self, lifecycle: &Lifecycle) {
        let jobs = self.clone();
        let documents = Arc::clone(&jobs.documents);
        let presence = PresenceJob {
            current: Arc::clone(&jobs.documents.current),
            minutes: Arc::clone(&jobs.minutes),
        };
        let stop = lifecycle.stop().clone();
        lifecycle.spawn("presence", presence.run_presence_loop());
        lifecycle.spawn("users", jobs.users.run_users_loop());
        lifecycle.spawn("before-power-off", jobs.power_off.run_power_off_loop());
        lifecycle.spawn("key-rotation", jobs.key_rotation.run_key_rotation_loop());
        lifecycle.spawn("google", documents.run_fetch_loop());
        lifecycle.spawn("documents", jobs.documents.run_save_loop());
        lifecycle.spawn("minutes", jobs.minutes.run_minutes_loop(stop));
    }

    /// Returns when each job runs next, for `status`.
    pub fn planned(&self) -> [PlannedJob; 3] {
        let job = |name, next| PlannedJob { name, next };
        [
            job(JobName::Users.as_str(), self.users.next_refresh()),
            job(JobName::BeforePowerOff.as_str(), self.power_off.next_run()),
            job(
                JobName::KeyRotation.as_str(),
                self.key_rotation.next_rotation(),
            ),
        ]
    }
}

/// The last text of one kind that was logged: what may stay for months is
/// logged once, until it changes.
#[derive(Debug, Default)]
struct LastText(ArcSwapOption<String>);

impl LastText {
    /// Returns whether `text` differs from the last one.
    fn is_new(&self, text: &str) -> bool {
        let last = self.0.swap(Some(Arc::new(text.to_owned())));
        last.is_none_or(|last| *last != text)
    }

    /// Forgets the last text, and returns whether there was one.
    fn clear(&self) -> bool {
        self.0.swap(None).is_some()
    }

    fn get(&self) -> Option<String> {
        self.0.load().as_deref().cloned()
    }
}

/// Repeats `work` until it succeeds, or its error is not `worth` another try.
async fn retry<T, E, W>(what: &str, work: impl Fn() -> W, worth: impl Fn(&E) -> bool)
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
        log_next_try(what, &error, wait);
        tokio::time::sleep(wait).await;
    }
}

fn log_next_try(what: &str, error: &(dyn Error + 'static), wait: Duration) {
    // In whole seconds, rounded up.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let next_try = humantime::format_duration(Duration::from_secs(seconds));
    tracing::warn!(error, %next_try, "{what}");
}
