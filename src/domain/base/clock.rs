//! Where time enters. Everything that decides takes `now` as an argument; only
//! the outermost callers hold a [`Clock`].

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time: whole seconds since 1970-01-01T00:00:00Z.
///
/// Seconds, since that is what tokens, cookies and the database carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// From seconds since the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This time and `span` later, without overflow.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add_unsigned(span.as_secs()))
    }

    /// This time and `span` earlier, without overflow.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub_unsigned(span.as_secs()))
    }

    /// How long ago `earlier` was; zero when it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Seconds from `other` to this time; negative when `other` is later.
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

/// A span in its largest unit and the next: "3 h 12 min".
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

/// The two clocks of a machine. Tests bring one that they move.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time of day, which a person or NTP may set forward or back.
    fn now(&self) -> UnixTime;

    /// Time since some fixed moment; never goes back.
    fn monotonic(&self) -> Duration;

    /// Since when the machine is on; `None`: not known.
    fn machine_on_for(&self) -> Option<Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit_and_the_next() {
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
