//! Wakes the jobs every minute. The only file that names the scheduler.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;

/// At second 0 of every minute, in UTC, which has no summer time.
const EVERY_MINUTE: &str = "0 * * * * *";

/// The scheduler waits for a time of day: when the clock has gone back by an
/// hour, it is silent for one. It is started anew when it misses its minute.
const SILENCE: Duration = Duration::from_secs(90);

/// Wakes the jobs that wait for the next minute.
#[derive(Debug, Default)]
pub struct Minutes(Notify);

impl Minutes {
    /// Wakes the jobs: each checks whether it is due.
    pub fn passed(&self) {
        self.0.notify_waiters();
    }

    pub(super) async fn next(&self) {
        self.0.notified().await;
    }

    /// Wakes the jobs every minute until `stop`.
    pub(super) async fn run_minutes_loop(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.schedule(&stop).await {
                tracing::error!(%error, "the scheduler failed");
                return;
            }
        }
    }

    /// Runs one scheduler until `stop`, or until it misses a minute.
    async fn schedule(self: &Arc<Self>, stop: &CancellationToken) -> Result<(), JobSchedulerError> {
        let mut scheduler = JobScheduler::new().await?;
        let minutes = Arc::clone(self);
        let job = Job::new_async(EVERY_MINUTE, move |_, _| {
            let minutes = Arc::clone(&minutes);
            Box::pin(async move { minutes.passed() })
        })?;
        scheduler.add(job).await?;
        scheduler.start().await?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.silence() => self.passed(),
        }
        scheduler.shutdown().await
    }

    /// Returns when no minute has passed for longer than a minute.
    async fn silence(&self) {
        while tokio::time::timeout(SILENCE, self.next()).await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn pass(minutes: &Minutes, times: usize) {
        for _ in 0..times {
            tokio::time::sleep(Duration::from_mins(1)).await;
            minutes.passed();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_scheduler_that_misses_its_minute_is_noticed() {
        let minutes = Minutes::default();
        tokio::select! {
            biased;
            () = minutes.silence() => panic!("no minute was missed"),
            () = pass(&minutes, 600) => {}
        }
        minutes.silence().await;
    }
}
