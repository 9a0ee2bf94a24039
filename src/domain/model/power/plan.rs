//! What a schedule means at a given time.
//!
//! # Local time
//!
//! A task runs once on each of its days, by local time. When a change to
//! summer time skips that time, the task runs an hour later (02:30 becomes
//! 03:30); when a time occurs twice, the task runs at the first. What DSM does
//! in these two nights is not known; an error costs one refresh.
//!
//! # On and off
//!
//! The last task decides whether the NAS is expected to be on; of two tasks in
//! the same minute, power-on wins. Only a schedule with enabled tasks of both
//! kinds has hours in which the NAS is expected to be off: without a power-on,
//! the button may be pressed at any time; without a power-off, the NAS is
//! always on.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{PowerSchedule, Task};
use crate::base::clock::UnixTime;

/// A weekly task runs within seven days before and after any time. One more day
/// is for a clock change at midnight, or for a day that a zone has skipped.
const DAYS: i64 = 8;

/// The next power-off and the next power-on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// When the NAS next switches itself off.
    pub next_off: Option<UnixTime>,
    /// When it then comes on again. While the NAS is expected to be off, this
    /// is the next power-on, which is earlier than `next_off`.
    pub next_on: Option<UnixTime>,
}

/// A refresh to be made before the NAS switches itself off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeforeOff {
    /// The earliest time for the refresh.
    pub due: UnixTime,
    /// The power-off that follows it.
    pub off: UnixTime,
}

impl PowerSchedule {
    /// Returns the next power-off later than `now`.
    pub fn next_off(&self, zone: &TimeZone, now: UnixTime) -> Option<UnixTime> {
        next(&self.off, zone, now)
    }

    /// Returns the next power-on later than `now`.
    pub fn next_on(&self, zone: &TimeZone, now: UnixTime) -> Option<UnixTime> {
        next(&self.on, zone, now)
    }

    /// Returns whether the NAS is expected to be on at `time`.
    pub fn is_on(&self, zone: &TimeZone, time: UnixTime) -> bool {
        let on = last(&self.on, zone, time);
        let off = last(&self.off, zone, time);
        match (on, off) {
            (Some(on), Some(off)) => on >= off,
            (_, _) => true,
        }
    }

    /// Returns the times between `from` and `until` in which the NAS is
    /// expected to be on, in their order, each from its begin to its end.
    pub fn times_on(
        &self,
        zone: &TimeZone,
        from: UnixTime,
        until: UnixTime,
    ) -> Vec<(UnixTime, UnixTime)> {
        let is_always_on =
            last(&self.on, zone, from).is_none() || last(&self.off, zone, from).is_none();
        if is_always_on {
            return vec![(from, until)];
        }
        let within = |tasks, is_on| {
            let runs = runs_between(tasks, zone, from, until);
            runs.map(move |at| (at, is_on))
        };
        let changes = within(&self.off, false).chain(within(&self.on, true));
        let mut changes: Vec<(UnixTime, bool)> = changes.collect();
        // Of two at the same time, the power-on comes last.
        changes.sort_unstable();
        let mut times = Vec::new();
        let mut on_since = self.is_on(zone, from).then_some(from);
        for (at, is_on) in changes {
            match on_since {
                Some(begin) if !is_on => {
                    times.push((begin, at));
                    on_since = None;
                }
                None if is_on => on_since = Some(at),
                Some(_) | None => {}
            }
        }
        times.extend(on_since.map(|begin| (begin, until)));
        // Off and on again in the same minute.
        times.dedup_by(|next, previous| {
            let is_continued = previous.1 == next.0;
            if is_continued {
                previous.1 = next.1;
            }
            is_continued
        });
        times.retain(|(begin, end)| begin < end);
        times
    }

    /// Returns `time`, or the next power-on if the NAS is expected to be off at
    /// `time`.
    pub fn when_on(&self, zone: &TimeZone, time: UnixTime) -> UnixTime {
        if self.is_on(zone, time) {
            return time;
        }
        self.next_on(zone, time).unwrap_or(time)
    }

    /// Returns the next two times. While the NAS is off, `next_off` is the next
    /// power-off after it has come on.
    pub fn outlook(&self, zone: &TimeZone, now: UnixTime) -> Outlook {
        if !self.is_on(zone, now) {
            let next_on = self.next_on(zone, now);
            let next_off = self.next_off(zone, next_on.unwrap_or(now));
            return Outlook { next_off, next_on };
        }
        let next_off = self.next_off(zone, now);
        // A power-on in the same minute as the power-off wins.
        let before = next_off.map(|off| off.minus(Duration::from_secs(1)));
        let next_on = self.next_on(zone, before.unwrap_or(now));
        Outlook { next_off, next_on }
    }

    /// Returns the next refresh before a power-off, `lead` earlier; the last
    /// one was `made` at that time. It is overdue when `due` is not later than
    /// `now`. If the NAS is on for less than `lead`, the refresh is due when it
    /// comes on. A power-off while the NAS is expected to be off needs none.
    pub fn refresh_before_off(
        &self,
        zone: &TimeZone,
        lead: Duration,
        made: Option<UnixTime>,
        now: UnixTime,
    ) -> Option<BeforeOff> {
        // The clock was set back since then: the refresh is made again.
        let made = made.filter(|made| *made <= now);
        let mut after = now;
        // Skips the power-offs for which a refresh was made already.
        for _ in 0..self.off.len().saturating_mul(7).saturating_add(1) {
            let off = self.next_off(zone, after)?;
            let due = self.when_on(zone, off.minus(lead));
            if due < off && made.is_none_or(|made| made < due) {
                return Some(BeforeOff { due, off });
            }
            // Until the NAS comes on, further power-offs do not matter.
            after = off.max(due);
        }
        None
    }
}

fn next(tasks: &[Task], zone: &TimeZone, now: UnixTime) -> Option<UnixTime> {
    around(tasks, zone, now).filter(|at| *at > now).min()
}

fn last(tasks: &[Task], zone: &TimeZone, now: UnixTime) -> Option<UnixTime> {
    around(tasks, zone, now).filter(|at| *at <= now).max()
}

/// When `tasks` run in the days around `now`, unordered; nothing if `now` is
/// outside the calendar.
fn around(tasks: &[Task], zone: &TimeZone, now: UnixTime) -> impl Iterator<Item = UnixTime> {
    let instant = Timestamp::from_second(now.seconds()).ok();
    let today = instant.map(|instant| zone.to_datetime(instant).date());
    let days = today.into_iter().flat_map(days_around);
    days.flat_map(move |day| tasks.iter().filter_map(move |task| run(*task, day, zone)))
}

/// When `tasks` run later than `from` and earlier than `until`, unordered.
fn runs_between(
    tasks: &[Task],
    zone: &TimeZone,
    from: UnixTime,
    until: UnixTime,
) -> impl Iterator<Item = UnixTime> {
    let date = |time: UnixTime| {
        let instant = Timestamp::from_second(time.seconds()).ok()?;
        Some(zone.to_datetime(instant).date())
    };
    let days = date(from).zip(date(until)).into_iter();
    let days =
        days.flat_map(|(first, last)| first.series(1.day()).take_while(move |day| *day <= last));
    let runs = days.flat_map(move |day| tasks.iter().filter_map(move |task| run(*task, day, zone)));
    runs.filter(move |at| from < *at && *at < until)
}

fn days_around(today: Date) -> impl Iterator<Item = Date> {
    (-DAYS..=DAYS).filter_map(move |days| {
        let span = jiff::SignedDuration::from_hours(24 * days);
        today.checked_add(span).ok()
    })
}

fn run(task: Task, day: Date, zone: &TimeZone) -> Option<UnixTime> {
    if !task.enabled || !task.weekdays.contains(day.weekday()) {
        return None;
    }
    // jiff's "compatible" rule (RFC 5545) is the one described above.
    let instant = zone.to_timestamp(day.to_datetime(task.time)).ok()?;
    Some(UnixTime::from_seconds(instant.as_second()))
}

#[cfg(test)]
mod tests;
