//! What a schedule means for a moment.
//!
//! # Local time
//!
//! A task runs once on each of its days, at its time by the clock on the
//! wall. Where a change of summer time leaves that time out, it runs as long
//! after the change as it would have been after it (02:30 becomes 03:30);
//! where it comes twice, the first counts. What DSM does in these two nights
//! is not known; half an hour of error costs one refresh.
//!
//! # On and off
//!
//! The NAS is meant to be what the last task made of it; of two tasks in the
//! same minute, power-on wins. Only a schedule with tasks of both kinds in
//! force makes hours in which it is meant to be off: without a power-on,
//! somebody presses the button, nobody knows when; without a power-off, it
//! is always on.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{PowerSchedule, Task};
use crate::base::clock::UnixTime;

/// A task of every week comes within seven days either way, one more for a
/// change of the clock at midnight or for a day that a zone has left out.
const DAYS: i64 = 8;

/// The two times that a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// When the NAS next switches itself off.
    pub next_off: Option<UnixTime>,
    /// When it then comes on again; while it is meant to be off, when it comes
    /// on, which is earlier than `next_off`.
    pub next_on: Option<UnixTime>,
}

/// A refresh that is to be made before the NAS switches itself off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BeforeOff {
    /// From when on.
    pub due: UnixTime,
    /// Before which power-off.
    pub off: UnixTime,
}

impl PowerSchedule {
    /// The next power-off, later than `now`.
    pub fn next_off(&self, zone: &TimeZone, now: UnixTime) -> Option<UnixTime> {
        next(&self.off, zone, now)
    }

    /// The next power-on, later than `now`.
    pub fn next_on(&self, zone: &TimeZone, now: UnixTime) -> Option<UnixTime> {
        next(&self.on, zone, now)
    }

    /// Whether the NAS is meant to be on at `time`.
    pub fn is_on(&self, zone: &TimeZone, time: UnixTime) -> bool {
        let on = last(&self.on, zone, time);
        let off = last(&self.off, zone, time);
        match (on, off) {
            (Some(on), Some(off)) => on >= off,
            (_, _) => true,
        }
    }

    /// `time`, or the next power-on when the NAS is meant to be off then:
    /// what is planned is planned for when the NAS is on.
    pub fn when_on(&self, zone: &TimeZone, time: UnixTime) -> UnixTime {
        if self.is_on(zone, time) {
            return time;
        }
        self.next_on(zone, time).unwrap_or(time)
    }

    /// The next two times as a person asks for them: of a NAS that is off, it
    /// is the next power-off that finds it on.
    pub fn outlook(&self, zone: &TimeZone, now: UnixTime) -> Outlook {
        if !self.is_on(zone, now) {
            let next_on = self.next_on(zone, now);
            let next_off = self.next_off(zone, next_on.unwrap_or(now));
            return Outlook { next_off, next_on };
        }
        let next_off = self.next_off(zone, now);
        // What comes on in the minute of its power-off is on.
        let before = next_off.map(|off| off.minus(Duration::from_secs(1)));
        let next_on = self.next_on(zone, before.unwrap_or(now));
        Outlook { next_off, next_on }
    }

    /// The refresh that is to be made next before a power-off, `lead` earlier,
    /// when the last one was `made` at that time. It is overdue when `due` is
    /// not later than `now`; a NAS that is not on for as long as `lead` makes
    /// it when it comes on. A power-off of a NAS that is meant to be off
    /// anyway needs none.
    pub fn refresh_before_off(
        &self,
        zone: &TimeZone,
        lead: Duration,
        made: Option<UnixTime>,
        now: UnixTime,
    ) -> Option<BeforeOff> {
        // The clock was set back since: it has to be made again by this one.
        let made = made.filter(|made| *made <= now);
        let mut after = now;
        // Another one lies behind a power-off for which it was made.
        for _ in 0..self.off.len().saturating_mul(7).saturating_add(1) {
            let off = self.next_off(zone, after)?;
            let due = self.when_on(zone, off.minus(lead));
            if due < off && made.is_none_or(|made| made < due) {
                return Some(BeforeOff { due, off });
            }
            // Until it comes on, it is meant to be off anyway.
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

/// When `tasks` run in the days around `now`, in no order. None for a time
/// that no calendar has.
fn around(tasks: &[Task], zone: &TimeZone, now: UnixTime) -> impl Iterator<Item = UnixTime> {
    let instant = Timestamp::from_second(now.seconds()).ok();
    let today = instant.map(|instant| zone.to_datetime(instant).date());
    let days = today.into_iter().flat_map(days_around);
    days.flat_map(move |day| tasks.iter().filter_map(move |task| run(*task, day, zone)))
}

fn days_around(today: Date) -> impl Iterator<Item = Date> {
    (-DAYS..=DAYS).filter_map(move |days| {
        let span = jiff::SignedDuration::from_hours(24 * days);
        today.checked_add(span).ok()
    })
}

/// When `task` runs on `day`, if it does.
fn run(task: Task, day: Date, zone: &TimeZone) -> Option<UnixTime> {
    if !task.enabled || !task.weekdays.contains(day.weekday()) {
        return None;
    }
    // The rules above are jiff's "compatible", that of RFC 5545.
    let instant = zone.to_timestamp(day.to_datetime(task.time)).ok()?;
    Some(UnixTime::from_seconds(instant.as_second()))
}

#[cfg(test)]
mod tests;
