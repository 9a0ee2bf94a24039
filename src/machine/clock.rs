//! The clock of this machine, behind [`Clock`].

use std::time::{Duration, Instant, SystemTime};

use domain::base::clock::{Clock, UnixTime};
use nix::time::{ClockId, clock_gettime};

/// Returns the time of day with milliseconds, for the lines of the log only.
#[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
pub fn time_of_line() -> SystemTime {
    SystemTime::now()
}

/// Returns `CLOCK_MONOTONIC`, which other programs read, too; zero if the
/// machine does not have it.
pub fn monotonic_of_the_machine() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}

/// The clock of this machine.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Creates a clock whose `monotonic` is the time since this call.
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
        // CLOCK_BOOTTIME includes the time of a suspend.
        let since = clock_gettime(ClockId::CLOCK_BOOTTIME);
        since.ok().map(Duration::from)
    }
}
