//! A limit for the lines that an attacker can cause.
//!
//! Without it, 24,000 junk requests, a few seconds' work, rotate everything
//! else out of the log. A limit for each client address does not help: an
//! attacker has many.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use domain::base::clock::Clock;

/// A family with a wrong client secret needs fewer.
const LINES: u32 = 30;

/// A line can be ten times as long as usual: an attacker chooses some of its
/// values. The log keeps 6 MiB, which is half a day at this rate.
const BYTES: usize = 8 * 1024;

const SPAN: Duration = Duration::from_mins(1);

tokio::task_local! {
    /// The budget of the work in progress; `None`: it has no limit.
    static CURRENT: Option<Arc<Budget>>;
}

/// Counts the lines that are logged by the work [around] which it is.
///
/// Every line of that work counts, so that no new line can be forgotten; the
/// few that an attacker cannot cause are logged in [`unlimited`].
///
/// [around]: Budget::around
#[derive(Debug)]
pub struct Budget {
    clock: Arc<dyn Clock>,
    count: Mutex<Count>,
    exceeded: Notify,
}

#[derive(Debug, Default)]
struct Count {
    began: Option<Duration>,
    lines: u32,
    bytes: usize,
    skipped: u64,
}

/// What happens to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is written, after a line that says how many were not, unless none.
    Write { skipped: u64 },
    /// It is not written, but counted.
    Skip,
}

impl Budget {
    /// A budget of 30 lines for each minute of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            count: Mutex::default(),
            exceeded: Notify::new(),
        }
    }

    /// Runs `work`, whose lines count. Tasks that it spawns are not part of it.
    pub async fn around<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(Some(Arc::clone(self)), work).await
    }

    /// Logs how many lines were not written, a minute after the first of them:
    /// a flood may be the last that happens for hours. Never returns.
    pub async fn report_when_exceeded(&self) {
        loop {
            self.exceeded.notified().await;
            tokio::time::sleep(SPAN).await;
            self.report();
        }
    }

    /// Logs how many lines were not written since the last report, unless none.
    pub fn report(&self) {
        let skipped = std::mem::take(&mut self.count().skipped);
        if skipped > 0 {
            tracing::warn!("{}", message(skipped));
        }
    }

    /// The budget of the work in progress.
    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Clone::clone).ok().flatten()
    }

    /// What happens to the next line.
    pub(super) fn next(&self) -> Verdict {
        let now = self.clock.monotonic();
        let mut count = self.count();
        let is_over = |began| now.saturating_sub(began) >= SPAN;
        if count.began.is_none_or(is_over) {
            *count = Count {
                began: Some(now),
                skipped: count.skipped,
                ..Count::default()
            };
        }
        if count.lines >= LINES || count.bytes >= BYTES {
            if count.skipped == 0 {
                self.exceeded.notify_one();
            }
            count.skipped += 1;
            return Verdict::Skip;
        }
        count.lines += 1;
        Verdict::Write {
            skipped: std::mem::take(&mut count.skipped),
        }
    }

    /// A line of so many bytes was written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.count().bytes += bytes;
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does `work` without a limit for its lines: for those that need a verified
/// Google identity, or that are written once until something changes.
pub fn unlimited<T>(work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(None, work)
}

/// Says that lines are missing.
pub(super) fn message(skipped: u64) -> String {
    format!(
        "{skipped} more were not written: requests without a verified Google account may cause \
         {LINES} lines a minute"
    )
}
