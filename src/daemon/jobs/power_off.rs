//! Before each power-off: reads once more everything that tomorrow begins
//! with, saves it, and removes what has expired.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::minutes::Minutes;
use super::retry;
use super::users::{UsersError, UsersJob};
use crate::app::CurrentState;
use crate::clients::dsm::Reaction;
use crate::store::{JobName, JobRun, StoreError};
use domain::base::clock::UnixTime;
use domain::model::power::BeforeOff;

/// Tries end so long before the power-off: one may wait for a DSM that hangs,
/// and the state has to be on disk by then.
const LAST_MINUTES: Duration = Duration::from_mins(3);

/// Prepares for each power-off.
#[derive(Debug)]
pub struct PowerOffJob {
    pub(super) current: Arc<CurrentState>,
    pub(super) minutes: Arc<Minutes>,
    pub(super) users: Arc<UsersJob>,
    /// When it last began.
    pub(super) last_run: Mutex<Option<UnixTime>>,
}

impl PowerOffJob {
    /// Prepares for each power-off, `refresh-before-power-off` earlier. Never
    /// returns.
    pub(super) async fn run_power_off_loop(self: Arc<Self>) {
        loop {
            self.minutes.next().await;
            let now = self.current.load().clock.now();
            let Some(next) = self.next().filter(|next| next.due <= now) else {
                continue;
            };
            // Before it runs: one that fails has its own tries.
            *self.last_run.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
            self.prepare(next.off).await;
        }
    }

    pub(super) fn next_run(&self) -> Option<UnixTime> {
        self.next().map(|next| next.due)
    }

    fn next(&self) -> Option<BeforeOff> {
        let app = self.current.load();
        let known = app.power_schedule()?;
        let last_run = *self.last_run.lock().unwrap_or_else(PoisonError::into_inner);
        let lead = app.config.power.refresh_before_power_off;
        let now = app.clock.now();
        known
            .schedule
            .refresh_before_off(&app.time_zone, lead, last_run, now)
    }

    /// Reads users, schedule and Google's documents until that succeeds or the
    /// power-off at `off` is near; then saves the state.
    pub async fn prepare(&self, off: UnixTime) {
        let end = off.minus(LAST_MINUTES);
        let is_in_time = || self.current.load().clock.now() < end;
        let users = retry(
            "cannot refresh the users before the power-off",
            || self.users.refresh(),
            // A pause was logged when it began.
            |error: &UsersError| error.reaction() != Reaction::PauseSignIns && is_in_time(),
        );
        let documents = retry(
            "cannot fetch Google's documents before the power-off",
            || async { self.current.load().upstream.refresh().await },
            |_| is_in_time(),
        );
        tokio::join!(users, documents);
        if let Err(error) = self.save().await {
            let error = &error as &dyn Error;
            tracing::error!(error, "cannot save the state before the power-off");
            return;
        }
        let off = self.current.load().local_time(off);
        tracing::debug!(off, "ready for the power-off");
    }

    async fn save(&self) -> Result<(), StoreError> {
        let app = self.current.load();
        app.store.history().note_job(JobRun {
            at: app.clock.now(),
            job: JobName::BeforePowerOff,
            failed: false,
        });
        app.store.forget_expired(app.clock.now()).await?;
        // Last, since it copies the state.
        self.users.save_state().await
    }
}
