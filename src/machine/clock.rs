//! The clock of this machine, behind [`Clock`].

use std::time::{Duration, Instant, SystemTime};

use domain::base::clock::{Clock, UnixTime};
use nix::time::{ClockId, clock_gettime};

/// The time of day for the log's lines, which tell milliseconds: nothing is
/// decided by it.
#[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
pub fn time_of_line() -> SystemTime {
    SystemTime::now()
}

/// `CLOCK_MONOTONIC`, to be compared with what other programs read off it.
/// Zero, which is long ago, if the machine has none.
pub fn monotonic_of_the_machine() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

/// The clock of this machine.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// The machine's clock; `monotonic` counts from this call.
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
    fn now(&self) -> UnixTime {
        SystemTime::now().into()
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    fn machine_on_for(&self) -> Option<Duration> {
        // With the time in which it slept.
        let since = clock_gettime(ClockId::CLOCK_BOOTTIME);
        since.ok().map(Duration::from)
    }
}
