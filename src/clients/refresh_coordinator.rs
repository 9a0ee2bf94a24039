//! Where logins ask for newer users, and wait for them together.
//!
//! Whoever was refused a moment after somebody mended it in DSM is let in
//! after one refresh. A stranger who is refused again and again must not keep
//! DSM busy with it: hence the limits. `jobs` makes the refreshes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use domain::base::clock::Clock;
use domain::model::signin_pause::SigninPause;

/// Between the starts of two refreshes that logins asked for.
const LEAST_GAP: Duration = Duration::from_secs(10);

/// So many refreshes start in an hour because a login asked.
const MOST_IN_AN_HOUR: usize = 60;

const HOUR: Duration = Duration::from_hours(1);

/// What became of a login's wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// A refresh has ended, well or not: it is worth judging again.
    Ended,
    /// Too many were asked for lately; nothing was waited for.
    TooOften,
    /// Sign-ins to DSM are paused; nothing was waited for.
    Paused,
    /// It takes longer than the caller waits. It goes on all the same.
    TakesLonger,
}

/// Joins those who ask, and limits how often they are heard.
#[derive(Debug)]
pub struct RefreshCoordinator {
    clock: Arc<dyn Clock>,
    ledger: Mutex<RateLimit>,
    wanted: Notify,
    /// How many refreshes have ended.
    ended: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct RateLimit {
    /// What no refresh has taken up yet.
    wish: Option<RefreshRequest>,
    running: bool,
    /// The last pause, over or not, unless DSM has accepted a sign-in since.
    pause: Option<Arc<SigninPause>>,
    /// When logins had refreshes started, in the last hour.
    starts: VecDeque<Duration>,
}

impl RefreshCoordinator {
    /// Nobody has asked yet. The limits are by the monotonic time of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            ledger: Mutex::default(),
            wanted: Notify::new(),
            ended: watch::Sender::new(0),
        }
    }

    /// Joins the refresh that runs, or has one started, and waits for its end
    /// for as long as `patience`. Whoever goes away meanwhile disturbs nobody.
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

    /// Wants a refresh now, whatever the limits; it ends a pause first.
    pub fn demand(&self) {
        self.ledger().wish = Some(RefreshRequest::OfAPerson);
        self.wanted.notify_one();
    }

    /// As [`RefreshCoordinator::demand`], and waits for the end of that refresh
    /// for as long as `patience`: of one that begins now, not of one that runs.
    pub async fn demand_and_wait(&self, patience: Duration) -> RefreshOutcome {
        let mut ended = self.ended.subscribe();
        let needed = {
            // All at once: a refresh that began or ended in between would be
            // taken for the one that is wanted, or waited for twice.
            let mut ledger = self.ledger();
            ledger.wish = Some(RefreshRequest::OfAPerson);
            *self.ended.borrow() + u64::from(ledger.running) + 1
        };
        self.wanted.notify_one();
        match timeout(patience, ended.wait_for(|ended| *ended >= needed)).await {
            Ok(_) => RefreshOutcome::Ended,
            Err(_) => RefreshOutcome::TakesLonger,
        }
    }

    /// Returns when somebody wants a refresh that has not begun.
    pub async fn wanted(&self) {
        loop {
            let rings = self.wanted.notified();
            if self.ledger().wish.is_some() {
                return;
            }
            rings.await;
        }
    }

    /// A refresh begins, for all who want one. They learn of its end when the
    /// answer is dropped.
    pub fn begin(&self) -> Running<'_> {
        let mut ledger = self.ledger();
        ledger.running = true;
        Running {
            desk: self,
            was_demanded: ledger.wish.take() == Some(RefreshRequest::OfAPerson),
        }
    }

    /// The last pause of sign-ins to DSM, over or not; `None` if DSM has
    /// accepted a sign-in since.
    pub fn signin_pause(&self) -> Option<Arc<SigninPause>> {
        self.ledger().pause.clone()
    }

    /// Replaces the last pause, and returns it. While a pause lasts, logins
    /// start no refresh.
    pub fn set_signin_pause(&self, pause: Option<SigninPause>) -> Option<Arc<SigninPause>> {
        std::mem::replace(&mut self.ledger().pause, pause.map(Arc::new))
    }

    fn join_or_start(&self) -> Result<watch::Receiver<u64>, RefreshOutcome> {
        let mut ledger = self.ledger();
        if !ledger.is_under_way() {
            let now = self.clock.now();
            let pause = ledger.pause.as_ref();
            if pause.is_some_and(|pause| pause.end(now).is_some()) {
                return Err(RefreshOutcome::Paused);
            }
            ledger.start(self.clock.monotonic())?;
            self.wanted.notify_one();
        }
        // Before the ledger is free: no end can slip in between.
        Ok(self.ended.subscribe())
    }

    fn ledger(&self) -> MutexGuard<'_, RateLimit> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// Which no limit or pause stops.
    OfAPerson,
}

/// A refresh under way, until this is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it tells those who wait that it is over"]
pub struct Running<'a> {
    desk: &'a RefreshCoordinator,
    was_demanded: bool,
}

impl Running<'_> {
    /// Whether a person wanted it, who also wants a pause to end.
    pub fn was_demanded(&self) -> bool {
        self.was_demanded
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let mut ledger = self.desk.ledger();
        ledger.running = false;
        self.desk.ended.send_modify(|ended| *ended += 1);
    }
}

#[cfg(test)]
mod tests;
