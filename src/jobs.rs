//! What runs by itself, and when: the users are listed at start and every
//! `refresh`, Google's documents are kept. The only file that knows the
//! scheduler.
//!
//! Each job is a plain function; the scheduler only says that a minute has
//! passed, and our own due logic does the rest. So a clock that jumps or a
//! machine that slept makes a job run once, not never and not many times.

mod users;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

use crate::clock::UnixTime;
use crate::dsm::{DsmClient, Reaction};
use crate::flow::Bridge;
use crate::store::StoreError;

pub use users::{Refreshed, UsersError};

/// At second 0 of every minute, in UTC: a change of summer time means nothing
/// to it.
const EVERY_MINUTE: &str = "0 * * * * *";

/// Between two tries. As much again may come on top by chance, hence a minute
/// at most.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_jitter()
    .with_factor(2.0)
    .with_min_delay(Duration::from_secs(1))
    .with_max_delay(LONGEST_WAIT)
    .without_max_times();

/// After a refused sign-in DSM is left alone for so long, or it blocks this
/// address (reference: DSM 2.3).
const FIRST_HOLD: Duration = Duration::from_mins(15);

/// Each further refusal doubles the hold up to this.
const LONGEST_HOLD: Duration = Duration::from_hours(6);

/// What the jobs work with.
#[derive(Debug)]
pub struct Jobs {
    bridge: Arc<Bridge>,
    dsm: DsmClient,
    minute: Notify,
    /// Held during a refresh: of two at once the slower would bring back the
    /// older users.
    refreshing: tokio::sync::Mutex<()>,
    /// When it was last written down that the users are fresh.
    noted: Mutex<Option<UnixTime>>,
}

impl Jobs {
    /// Nothing runs yet. `noted`: when the users on disk were fresh.
    pub fn new(bridge: Arc<Bridge>, dsm: DsmClient, noted: Option<UnixTime>) -> Self {
        Self {
            bridge,
            dsm,
            minute: Notify::new(),
            refreshing: tokio::sync::Mutex::new(()),
            noted: Mutex::new(noted),
        }
    }

    /// Wakes the jobs that wait for their time, every minute until `stop`.
    pub async fn tell_minutes(
        self: Arc<Self>,
        stop: CancellationToken,
    ) -> Result<(), JobSchedulerError> {
        let mut scheduler = JobScheduler::new().await?;
        let jobs = Arc::clone(&self);
        let tick = Job::new_async(EVERY_MINUTE, move |_, _| {
            let jobs = Arc::clone(&jobs);
            Box::pin(async move { jobs.minute_passed() })
        })?;
        scheduler.add(tick).await?;
        scheduler.start().await?;
        stop.cancelled().await;
        scheduler.shutdown().await
    }

    /// A minute has passed: jobs look whether they are due.
    pub fn minute_passed(&self) {
        self.minute.notify_waiters();
    }

    /// Lists the users at start and then every `refresh`; after a failure
    /// again and again. Never returns.
    pub async fn keep_users(&self) {
        let mut waits = BACKOFF.build();
        let mut hold = FIRST_HOLD;
        loop {
            let wait = match self.refresh_users().await {
                Ok(done) => {
                    tracing::debug!(
                        users = done.users,
                        changed = done.changed,
                        "users refreshed"
                    );
                    waits = BACKOFF.build();
                    hold = FIRST_HOLD;
                    self.until_due(self.bridge.clock.now()).await;
                    continue;
                }
                Err(error) if error.reaction() == Reaction::HoldSignIns => {
                    let wait = hold;
                    hold = (hold * 2).min(LONGEST_HOLD);
                    say_next_try("the users cannot be refreshed", &error, wait);
                    wait
                }
                Err(error) => {
                    let wait = waits.next().unwrap_or(LONGEST_WAIT);
                    say_next_try("the users cannot be refreshed", &error, wait);
                    wait
                }
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Returns when `refresh` has passed since `last`, or the clock has gone
    /// back behind it.
    async fn until_due(&self, last: UnixTime) {
        let refresh = self.bridge.config.dsm.refresh;
        loop {
            self.minute.notified().await;
            let now = self.bridge.clock.now();
            if now.since(last) >= refresh || now < last {
                return;
            }
        }
    }

    /// Fetches Google's documents at start, until it works; then those that a
    /// login finds too old. Never returns.
    pub async fn keep_documents_fresh(&self) {
        let upstream = &self.bridge.upstream;
        let mut waits = BACKOFF.build();
        while let Err(error) = upstream.refresh().await {
            let wait = waits.next().unwrap_or(LONGEST_WAIT);
            say_next_try("Google's documents cannot be fetched", &error, wait);
            tokio::time::sleep(wait).await;
        }
        upstream.refresh_when_asked().await;
    }

    /// Writes Google's documents to disk whenever one has changed. Never
    /// returns.
    pub async fn keep_documents(&self) {
        let mut changes = self.bridge.upstream.changes();
        while changes.changed().await.is_ok() {
            changes.borrow_and_update();
            let documents = self.bridge.upstream.to_keep();
            if let Err(error) = self.bridge.store.keep_documents(documents).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "Google's documents cannot be kept");
            }
        }
    }

    /// Writes down how fresh everything is, for the next start.
    pub async fn keep_freshness(&self) -> Result<(), StoreError> {
        let bridge = &self.bridge;
        bridge
            .store
            .keep_documents(bridge.upstream.to_keep())
            .await?;
        let snapshot = bridge.snapshot.load_full();
        let Some(snapshot) = snapshot else {
            return Ok(());
        };
        let refreshed = snapshot.refreshed();
        bridge.store.keep_directory_freshness(refreshed).await
    }
}

fn say_next_try(what: &str, error: &(dyn std::error::Error + 'static), wait: Duration) {
    let next_try = humantime::format_duration(whole_seconds(wait));
    tracing::warn!(error, %next_try, "{what}");
}

fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_millis().div_ceil(1000).try_into().unwrap_or(60))
}
