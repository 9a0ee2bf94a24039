//! Keeping the users: at start, every `refresh`, after a failure again and
//! again, and when somebody asks.

use std::sync::Arc;

use super::{Jobs, say_next_try};
use crate::clients::backoff::Backoff;
use crate::clients::dsm::Reaction;
use domain::base::clock::UnixTime;

impl Jobs {
    /// Lists the users at start and then every `refresh`; after a failure
    /// again and again; when somebody asks, at once. Never returns.
    pub async fn run_users_loop(&self) {
        self.say_hold_of_before();
        let mut backoff = Backoff::new();
        loop {
            match self.refresh_users().await {
                Ok(_) => {
                    backoff = Backoff::new();
                    self.unless_wanted(self.until_due()).await;
                }
                Err(error) if error.reaction() == Reaction::HoldSignIns => {
                    let now = self.app().clock.now();
                    self.retry_at(self.on_hold_until().unwrap_or(now));
                    self.unless_wanted(self.minute.notified()).await;
                }
                Err(error) => {
                    let wait = backoff.next_wait();
                    say_next_try("the users cannot be refreshed", &error, wait);
                    self.retry_at(self.app().clock.now().plus(wait));
                    self.unless_wanted(tokio::time::sleep(wait)).await;
                }
            }
        }
    }

    fn retry_at(&self, time: UnixTime) {
        self.plan.times().retry = Some(time);
    }

    /// Waits for `time`, or less when somebody wants newer users now.
    async fn unless_wanted(&self, time: impl Future<Output = ()>) {
        let desk = Arc::clone(&self.app().refresh_desk);
        tokio::select! {
            () = time => {}
            () = desk.wanted() => {}
        }
    }

    /// Returns when `refresh` has passed since the users were last read, by
    /// whichever job, or the clock has gone back behind that.
    async fn until_due(&self) {
        loop {
            self.minute.notified().await;
            let Some(last) = self.plan.times().users_refreshed else {
                return;
            };
            let refresh = self.app().config.dsm.refresh;
            let now = self.app().clock.now();
            if now.since(last) >= refresh || now < last {
                return;
            }
        }
    }
}
