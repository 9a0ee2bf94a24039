//! The days by the clocks of the NAS, of 23, 24 or 25 hours.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::control::Time;
use crate::control::week::{ClockChange, Day, Span};
use domain::base::clock::UnixTime;

/// The days before and after today.
const DAYS: i32 = 7;

/// The seconds of a day without a change of the clocks.
const DAY: i64 = 24 * 3600;

/// Returns the seven days before that of `now`, that one, and the seven after
/// it; nothing outside the calendar.
pub(crate) fn around(zone: &TimeZone, now: UnixTime) -> Vec<Day> {
    let Ok(instant) = Timestamp::from_second(now.seconds()) else {
        return Vec::new();
    };
    let today = zone.to_datetime(instant).date();
    let days = (-DAYS..=DAYS).filter_map(|days| {
        let date = today.checked_add(days.days()).ok()?;
        day(zone, date)
    });
    days.collect()
}

fn day(zone: &TimeZone, date: Date) -> Option<Day> {
    let begin = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp());
    let (from, until) = (begin(date)?, begin(date.tomorrow().ok()?)?);
    let offset = |at: Timestamp| i64::from(zone.to_offset(at).seconds());
    let mut changes = zone
        .following(from)
        .take_while(|change| change.timestamp() < until);
    // A change of the name alone is not a change of the clocks.
    let change = changes.find_map(|change| {
        let at = change.timestamp();
        let before = at.checked_sub(1.second()).ok()?;
        let by = offset(at) - offset(before);
        (by != 0).then(|| ClockChange { at: time(at), by })
    });
    Some(Day {
        date: date.to_string(),
        span: Span {
            from: time(from),
            until: time(until),
        },
        offset: offset(from),
        change,
    })
}

fn time(instant: Timestamp) -> Time {
    Time(UnixTime::from_seconds(instant.as_second()))
}

impl Day {
    /// Returns where `at` is on the clock of this day, from 0 to 1.
    pub(super) fn share(&self, at: Time) -> f64 {
        let (clock, is_changed) = self.read(at);
        let seconds = f64_of(clock) + self.shift(clock, is_changed);
        (seconds / f64_of(DAY)).clamp(0.0, 1.0)
    }

    /// Returns by how many seconds a time within an hour that occurs twice is
    /// moved: the first of them is the left half of its place.
    fn shift(&self, clock: i64, is_changed: bool) -> f64 {
        let change = self.change.filter(|change| change.by < 0);
        let twice = change.map(|change| self.changed_hour(change));
        match twice.filter(|(first, end)| (*first..*end).contains(&clock)) {
            Some((_, end)) if is_changed => f64_of(end - clock) / 2.0,
            Some((first, _)) => f64_of(first - clock) / 2.0,
            None => 0.0,
        }
    }

    /// Returns the time of day in seconds, and whether it is after the change
    /// of the clocks.
    fn read(&self, at: Time) -> (i64, bool) {
        let changed = self.change.filter(|change| change.at.0 <= at.0);
        let by = changed.map_or(0, |change| change.by);
        let clock = self.clock_at_begin() + at.0.seconds_after(self.span.from.0) + by;
        (clock, changed.is_some())
    }

    /// Returns the time of day at which the day begins: 0, unless midnight does
    /// not exist.
    fn clock_at_begin(&self) -> i64 {
        (self.span.from.0.seconds().saturating_add(self.offset)).rem_euclid(DAY)
    }

    /// Returns `at` by the clocks of this day, such as `23:05`.
    pub(super) fn clock(&self, at: Time) -> String {
        if at == self.span.until {
            return "24:00".to_owned();
        }
        let (clock, _) = self.read(at);
        format!("{:02}:{:02}", clock / 3600, clock / 60 % 60)
    }

    /// Returns the time of day from and to which the clocks are set, the
    /// earlier one first.
    pub(super) fn changed_hour(&self, change: ClockChange) -> (i64, i64) {
        let (after, _) = self.read(change.at);
        let before = after - change.by;
        (before.min(after), before.max(after))
    }

    /// Returns the part of `span` that is on this day.
    pub(super) fn part(&self, span: Span) -> Option<Span> {
        let later = |one: Time, other: Time| if one.0 < other.0 { other } else { one };
        let earlier = |one: Time, other: Time| if one.0 < other.0 { one } else { other };
        let part = Span {
            from: later(self.span.from, span.from),
            until: earlier(self.span.until, span.until),
        };
        (part.from.0 < part.until.0).then_some(part)
    }

    /// Returns whether `at` is on this day.
    pub(super) fn has(&self, at: Time) -> bool {
        (self.span.from.0..self.span.until.0).contains(&at.0)
    }
}

/// A number of seconds within some days, which a float has exactly.
fn f64_of(seconds: i64) -> f64 {
    i32::try_from(seconds).map_or(0.0, f64::from)
}
