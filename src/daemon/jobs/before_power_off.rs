//! Before each power-off: everything that tomorrow begins with is read once
//! more and written down, and what has expired is forgotten.

use std::error::Error;
use std::time::Duration;

use super::{Jobs, UsersError, persist};
use crate::clients::dsm::Reaction;
use crate::store::StoreError;
use domain::base::clock::UnixTime;

/// The next try may be a minute away and wait for a DSM that hangs: what is
/// known has to be on disk by the time the power goes.
const LAST_MINUTES: Duration = Duration::from_mins(3);

impl Jobs {
    /// Makes ready for each power-off, `refresh-before-power-off` earlier.
    /// Never returns.
    pub async fn run_before_power_off_loop(&self) {
        loop {
            self.minute.notified().await;
            let now = self.app().clock.now();
            let next = self.before_power_off().filter(|next| next.due <= now);
            let Some(next) = next else {
                continue;
            };
            // Before it is made: one that fails has its own tries.
            self.plan.times().made_ready = Some(now);
            self.make_ready_for_power_off(next.off).await;
        }
    }

    /// Reads users, schedule and Google's keys, again and again until it works
    /// or the power-off at `off` is near; and writes down what is known.
    pub async fn make_ready_for_power_off(&self, off: UnixTime) {
        let end = off.minus(LAST_MINUTES);
        tokio::join!(
            self.refresh_users_until(end),
            self.fetch_documents_until(end)
        );
        if let Err(error) = self.save_before_power_off().await {
            let error = &error as &dyn Error;
            tracing::error!(error, "the state cannot be made ready for the power-off");
            return;
        }
        let off = self.app().local_time(off);
        tracing::debug!(off, "ready for the power-off");
    }

    async fn refresh_users_until(&self, end: UnixTime) {
        let what = "the users cannot be refreshed before the power-off";
        // On hold: that was said when it began.
        let is_on_hold = |error: &UsersError| error.reaction() == Reaction::HoldSignIns;
        let worth = |error: &UsersError| !is_on_hold(error) && !self.is_past(end);
        persist(what, || self.refresh_users(), worth).await;
    }

    async fn fetch_documents_until(&self, end: UnixTime) {
        let what = "Google's documents cannot be fetched before the power-off";
        let fetch = || async { self.app().upstream.refresh().await };
        persist(what, fetch, |_| !self.is_past(end)).await;
    }

    fn is_past(&self, end: UnixTime) -> bool {
        self.app().clock.now() >= end
    }

    async fn save_before_power_off(&self) -> Result<(), StoreError> {
        let app = self.app();
        app.store.forget_expired(app.clock.now()).await?;
        // Last, since it copies the state.
        self.save_freshness().await
    }
}
