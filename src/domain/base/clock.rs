//! Points in time, and the [`Clock`] that only the outermost callers read; all
//! other code takes `now` as an argument.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time in whole seconds since 1970-01-01T00:00:00Z, as tokens,
/// cookies and the database have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// Returns the time that is `seconds` after the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Returns the seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Adds `span`, without overflow.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(span.as_secs()))
    }

    /// Subtracts `span`, without overflow.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(span.as_secs()))
    }

    /// Returns the time since `earlier`; zero if `earlier` is in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Returns the seconds from `other` to this time; negative if it is later.
    pub const fn seconds_after(self, other: Self) -> i64 {
        self.0.saturating_sub(other.0)
    }
}

impl From<SystemTime> for UnixTime {
    fn from(time: SystemTime) -> Self {
        let seconds = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()),
            Err(before) => i64::try_from(before.duration().as_secs()).map(|s| -s),
        };
        Self(seconds.unwrap_or(i64::MAX))
    }
}

/// Formats `span` in its two largest units: "3 h 12 min".
pub fn span_in_words(span: Duration) -> String {
    let seconds = span.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (_, _, _) => format!("{days} d {} h", hours % 24),
    }
}

/// The clocks of a machine; tests replace them.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Returns the time of day, which an administrator or NTP may set back.
    fn now(&self) -> UnixTime;

    /// Returns the time since a fixed moment; it never decreases.
    fn monotonic(&self) -> Duration;

    /// Returns how long the machine has been on, if known.
    fn machine_on_for(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_written_in_its_two_largest_units() {
        let check = |seconds, expected| {
            assert_eq!(span_in_words(Duration::from_secs(seconds)), expected);
        };
        check(0, "0 s");
        check(59, "59 s");
        check(60, "1 min");
        check(3599, "59 min");
        check(3 * 3600 + 12 * 60, "3 h 12 min");
        check(86_399, "23 h 59 min");
        check(2 * 86_400 + 3 * 3600, "2 d 3 h");
    }
}
