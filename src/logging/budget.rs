//! Limits the lines that an attacker can cause.
//!
//! Without a limit, 24,000 invalid requests, in a few seconds, rotate all other
//! lines out of the log. A limit for each client address does not help: an
//! attacker has many.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use domain::base::clock::Clock;

/// For each [`SPAN`]. A family with a wrong client secret needs fewer.
const LINES: u32 = 30;

/// For each [`SPAN`], since an attacker can make a line ten times as long as
/// usual. The log has room for 6 MiB, which is half a day at this rate.
const BYTES: usize = 8 * 1024;

const SPAN: Duration = Duration::from_mins(1);

tokio::task_local! {
    /// The budget of the current task; `None`: no limit.
    static CURRENT: Option<Arc<Budget>>;
}

/// Counts and limits all lines that are logged inside [`Budget::around`],
/// except those inside [`unlimited`], which an attacker cannot cause.
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

impl Budget {
    /// Creates a budget of 30 lines for each minute of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            count: Mutex::default(),
            exceeded: Notify::new(),
        }
    }

    /// Runs `work` and limits its lines, without those of tasks that it spawns.
    pub async fn around<F: Future>(self: &Arc<Self>, work: F) -> F::Output {
        CURRENT.scope(Some(Arc::clone(self)), work).await
    }

    /// Logs how many lines were not written, a minute after the first of them,
    /// since the next line may come hours later. Never returns.
    pub async fn report_when_exceeded(&self) {
        loop {
            self.exceeded.notified().await;
            tokio::time::sleep(SPAN).await;
            self.report();
        }
    }

    /// Logs how many lines were not written since the last report, if any.
    pub fn report(&self) {
        let skipped = std::mem::take(&mut self.count().skipped);
        if skipped > 0 {
            tracing::warn!("{}", message(skipped));
        }
    }

    pub(super) fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Clone::clone).ok().flatten()
    }

    /// Counts the next line, and returns how many before it were not written;
    /// `None` if it must not be written either.
    pub(super) fn next(&self) -> Option<u64> {
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
            return None;
        }
        count.lines += 1;
        Some(std::mem::take(&mut count.skipped))
    }

    /// Counts the bytes of a line that was written.
    pub(super) fn wrote(&self, bytes: usize) {
        self.count().bytes += bytes;
    }

    fn count(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work` without a limit for its lines: for those that need a verified
/// Google identity, or that are logged once until something changes.
pub fn unlimited<T>(work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(None, work)
}

pub(super) fn message(skipped: u64) -> String {
    format!(
        "{skipped} more were not written: requests without a verified Google account may cause \
         {LINES} lines a minute"
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek};

    use super::*;
    use domain::base::clock::UnixTime;

    #[derive(Debug)]
    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> UnixTime {
            UnixTime::from_seconds(0)
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    #[tokio::test(start_paused = true)]
    async fn lines_that_were_not_written_are_reported_after_a_minute() {
        let file = Arc::new(tempfile::tempfile().unwrap());
        let log = tracing_subscriber::fmt().with_writer(Arc::clone(&file));
        let _logging = tracing::subscriber::set_default(log.finish());
        let budget = Budget::new(Arc::new(Stopped));
        let reports = || {
            let mut text = String::new();
            (&*file).rewind().unwrap();
            (&*file).read_to_string(&mut text).unwrap();
            let lines = text.lines().filter(|line| line.contains("not written"));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let story = async {
            let skipped = (0..LINES + 7).filter(|_| budget.next().is_none());
            assert_eq!(skipped.count(), 7);
            tokio::time::sleep(Duration::from_secs(59)).await;
            assert!(reports().is_empty(), "{:?}", reports());
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(reports().len(), 1);
            assert!(reports()[0].contains(" 7 more were not written"));
            // Nothing more to report.
            tokio::time::sleep(10 * SPAN).await;
            assert_eq!(reports().len(), 1);
            // The next flood is reported, too.
            budget.next();
            tokio::time::sleep(2 * SPAN).await;
            assert_eq!(reports().len(), 2);
        };
        tokio::select! {
            () = budget.report_when_exceeded() => unreachable!("it never returns"),
            () = story => {}
        }
    }
}
