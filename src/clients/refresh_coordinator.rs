//! Merges and limits the refreshes for which logins ask.
//!
//! A user who was corrected in DSM a moment ago can sign in after one refresh.
//! The limits are for strangers, whose refused logins must not keep DSM busy.
//! `daemon::jobs` makes the refreshes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use domain::base::clock::Clock;
use domain::model::signin_pause::SigninPause;

/// The least time between the starts of two refreshes for logins.
const LEAST_GAP: Duration = Duration::from_secs(10);

/// The most refreshes for logins in an hour.
const MOST_IN_AN_HOUR: usize = 60;

const HOUR: Duration = Duration::from_hours(1);

/// The result of waiting for a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// A refresh has ended, with or without success: evaluate the user again.
    Ended,
    /// Not waited: the limit is reached.
    TooOften,
    /// Not waited: sign-ins to DSM are paused.
    Paused,
    /// The refresh takes longer than the caller waits, and continues.
    TakesLonger,
}

/// Merges concurrent requests for a refresh, and limits their rate.
#[derive(Debug)]
pub struct RefreshCoordinator {
    clock: Arc<dyn Clock>,
    state: Mutex<RateLimit>,
    wanted: Notify,
    /// The number of refreshes that have ended.
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct RateLimit {
    /// The request for which no refresh has begun.
    wish: Option<RefreshRequest>,
    running: bool,
    /// The last pause, over or not, unless DSM has accepted a sign-in since.
    pause: Option<Arc<SigninPause>>,
    /// When refreshes for logins started, in the last hour.
    starts: VecDeque<Duration>,
}

impl RefreshCoordinator {
    /// The limits use the monotonic time of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Mutex::default(),
            wanted: Notify::new(),
            ended: watch::Sender::new(0),
        }
    }

    /// Joins the running refresh or requests one, and waits for its end, for
    /// `patience` at most. Can be cancelled without effect on other callers.
    pub async fn ask(&self, patience: Duration) -> RefreshOutcome {
        let mut ended = match self.join_or_start() {
            Ok(ended) => ended,
            Err(refused) => return refused,
        };
        match timeout(patience, ended.changed()).await {
            Ok(_) => RefreshOutcome::Ended,
            Err(_) => RefreshOutcome::TakesLonger,
        }
    }

    /// Requests a refresh regardless of the limits, which also ends a sign-in
    /// pause. Waits for the end of a refresh that begins now, for `patience` at
    /// most.
    pub async fn demand_and_wait(&self, patience: Duration) -> RefreshOutcome {
        let mut ended = self.ended.subscribe();
        let needed = {
            // Under the lock, so that no refresh begins or ends in between.
            let mut state = self.state();
            state.wish = Some(RefreshRequest::OfAPerson);
            *self.ended.borrow() + u64::from(state.running) + 1
        };
        self.wanted.notify_one();
        match timeout(patience, ended.wait_for(|ended| *ended >= needed)).await {
            Ok(_) => RefreshOutcome::Ended,
            Err(_) => RefreshOutcome::TakesLonger,
        }
    }

    /// Waits until a refresh has ended since the start.
    pub async fn first_ended(&self) {
        // Fails only without the sender, which this has.
        drop(self.ended.subscribe().wait_for(|ended| *ended > 0).await);
    }

    /// Waits until a refresh is requested that has not begun.
    pub async fn wanted(&self) {
        loop {
            let rings = self.wanted.notified();
            if self.state().wish.is_some() {
                return;
            }
            rings.await;
        }
    }

    /// Begins a refresh for all that requested one; it ends when the result is
    /// dropped.
    pub fn begin(&self) -> Running<'_> {
        let mut state = self.state();
        state.running = true;
        Running {
            coordinator: self,
            was_demanded: state.wish.take() == Some(RefreshRequest::OfAPerson),
        }
    }

    /// Returns the last sign-in pause, over or not; `None` if DSM has accepted
    /// a sign-in since.
    pub fn signin_pause(&self) -> Option<Arc<SigninPause>> {
        self.state().pause.clone()
    }

    /// Replaces the sign-in pause, and returns the previous one. During a
    /// pause, logins cannot start a refresh.
    pub fn set_signin_pause(&self, pause: Option<SigninPause>) -> Option<Arc<SigninPause>> {
        std::mem::replace(&mut self.state().pause, pause.map(Arc::new))
    }

    fn join_or_start(&self) -> Result<watch::Receiver<u64>, RefreshOutcome> {
        let mut state = self.state();
        if !state.is_under_way() {
            let now = self.clock.now();
            let pause = state.pause.as_ref();
            if pause.is_some_and(|pause| pause.end(now).is_some()) {
                return Err(RefreshOutcome::Paused);
            }
            state.start(self.clock.monotonic())?;
            self.wanted.notify_one();
        }
        // Under the lock, so that the refresh cannot end before.
        Ok(self.ended.subscribe())
    }

    fn state(&self) -> MutexGuard<'_, RateLimit> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RateLimit {
    fn is_under_way(&self) -> bool {
        self.running || self.wish.is_some()
    }

    fn start(&mut self, now: Duration) -> Result<(), RefreshOutcome> {
        while self
            .starts
            .front()
            .is_some_and(|start| now.saturating_sub(*start) >= HOUR)
        {
            self.starts.pop_front();
        }
        let too_soon = self
            .starts
            .back()
            .is_some_and(|last| now.saturating_sub(*last) < LEAST_GAP);
        if too_soon || self.starts.len() >= MOST_IN_AN_HOUR {
            return Err(RefreshOutcome::TooOften);
        }
        self.starts.push_back(now);
        self.wish = Some(RefreshRequest::OfALogin);
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RefreshRequest {
    OfALogin,
    /// Of an administrator: not limited.
    OfAPerson,
}

/// A running refresh, until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the refresh for all that wait"]
pub struct Running<'a> {
    coordinator: &'a RefreshCoordinator,
    /// Whether an administrator requested it, which ends a sign-in pause.
    pub was_demanded: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut state = self.coordinator.state();
        state.running = false;
        self.coordinator.ended.send_modify(|ended| *ended += 1);
    }
}

#[cfg(test)]
mod tests;
