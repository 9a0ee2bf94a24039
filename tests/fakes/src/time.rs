//! A clock that the test moves.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use domain::base::clock::{Clock, UnixTime};

/// 2026-03-02T06:30:00Z: a Monday morning, shortly after the NAS was switched
/// on.
pub const MONDAY_MORNING: i64 = 1_772_433_000;

/// Stands still until [`MovedClock::advance`].
#[derive(Debug)]
pub struct MovedClock {
    now: AtomicI64,
    monotonic: AtomicI64,
    switched_on: AtomicI64,
}

impl MovedClock {
    /// Creates a clock that shows `seconds` since the epoch.
    pub fn at(seconds: i64) -> Self {
        Self {
            now: AtomicI64::new(seconds),
            monotonic: AtomicI64::new(0),
            switched_on: AtomicI64::new(0),
        }
    }

    /// Advances both clocks by `span`.
    pub fn advance(&self, span: Duration) {
        let seconds = i64::try_from(span.as_secs()).unwrap();
        self.now.fetch_add(seconds, Ordering::SeqCst);
        self.monotonic.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Sets the time of day; the monotonic clock does not advance.
    pub fn set(&self, seconds: i64) {
        self.now.store(seconds, Ordering::SeqCst);
    }
}

impl MovedClock {
    /// Switches the machine of this clock on now. Until then it counts as on
    /// since the clock was created.
    pub fn switch_on(&self) {
        let now = self.monotonic.load(Ordering::SeqCst);
        self.switched_on.store(now, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.now.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.monotonic.load(Ordering::SeqCst).unsigned_abs())
    }

    fn machine_on_for(&self) -> Option<Duration> {
        let on = self.switched_on.load(Ordering::SeqCst).unsigned_abs();
        Some(self.monotonic().saturating_sub(Duration::from_secs(on)))
    }
}
