//! When the NAS is switched off and on, by its own clock, and the forms in
//! which it shows this.

use std::time::Duration;

use domain::base::clock::UnixTime;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Hour, minute, and the days as DSM writes them: 0 is Sunday.
type Task = (u8, u8, &'static str);

const EVERY_DAY: &str = "0,1,2,3,4,5,6";
const WEEK: &str = "1,2,3,4,5";
const WEEKEND: &str = "0,6";

/// A timetable in DSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timetable {
    on: &'static [Task],
    off: &'static [Task],
}

/// A usual timetable.
pub(crate) const ORDINARY: Timetable = Timetable {
    on: &[(7, 0, WEEK), (8, 30, WEEKEND)],
    off: &[(23, 0, EVERY_DAY)],
};

/// Long nights on Friday and Saturday, the second into the hour of the clock
/// changes.
pub(crate) const PARTIES: Timetable = Timetable {
    on: &[(7, 0, WEEK), (8, 30, WEEKEND)],
    off: &[(23, 0, "0,1,2,3,4"), (0, 30, "6"), (2, 30, "0")],
};

/// Power-off after midnight.
pub(crate) const SUMMER: Timetable = Timetable {
    on: &[(7, 0, WEEK), (8, 30, WEEKEND)],
    off: &[(0, 30, EVERY_DAY)],
};

/// Off from one to four; and once on at Christmas.
pub(crate) const SCHOOL: Timetable = Timetable {
    on: &[(7, 0, WEEK), (16, 0, WEEK), (8, 30, WEEKEND), (4, 0, "")],
    off: &[(13, 0, WEEK), (23, 0, EVERY_DAY)],
};

/// A power-on or power-off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Switch {
    Off,
    On,
}

impl Timetable {
    /// Returns the next power-on.
    pub(crate) fn next_on(&self, now: UnixTime) -> UnixTime {
        self.next(Switch::On, now)
    }

    /// Returns the next power-off.
    pub(crate) fn next_off(&self, now: UnixTime) -> UnixTime {
        self.next(Switch::Off, now)
    }

    fn next(&self, switch: Switch, now: UnixTime) -> UnixTime {
        let mut switches = self.switches_around(now);
        let next = switches.find(|(time, kind)| *time > now && *kind == switch);
        next.unwrap().0
    }

    /// Whether it is scheduled to be on; if both are in one minute, it is.
    pub(crate) fn is_on(&self, time: UnixTime) -> bool {
        let switches = self.switches_around(time);
        let last = switches.filter(|(at, _)| *at <= time).last();
        last.unwrap().1 == Switch::On
    }

    /// The events in the week before and after `now`, in order.
    fn switches_around(&self, now: UnixTime) -> impl Iterator<Item = (UnixTime, Switch)> + use<> {
        let today = local(now).date();
        let mut switches = Vec::new();
        for days in -8..=8 {
            let day = today + SignedDuration::from_hours(24 * days);
            let of = |tasks, switch| times(tasks, day).map(move |time| (time, switch));
            switches.extend(of(self.on, Switch::On));
            switches.extend(of(self.off, Switch::Off));
        }
        switches.sort();
        switches.into_iter()
    }

    /// `/etc/power_sched.conf`
    pub(crate) fn file(&self) -> String {
        let lines = |tasks: &[Task]| tasks.iter().map(packed).collect::<String>();
        let (on, off) = (lines(self.on), lines(self.off));
        format!("[Power On schedule]\n{on}[Power Off schedule]\n{off}")
    }

    /// The response of DSM's web API.
    pub(crate) fn answer(&self) -> Value {
        let row = |&(hour, min, weekdays): &Task| json!({"enabled": true, "hour": hour, "min": min, "weekdays": weekdays});
        let rows = |tasks: &[Task]| tasks.iter().map(row).collect::<Vec<_>>();
        json!({"poweron_tasks": rows(self.on), "poweroff_tasks": rows(self.off)})
    }
}

fn packed(&(hour, minute, days): &Task) -> String {
    let days = days.split(',').filter_map(|day| day.parse::<u32>().ok());
    let days: u32 = days.map(|day| 1 << day).sum();
    let number = 1 << 24 | days << 16 | u32::from(hour) << 8 | u32::from(minute);
    format!("{number}\n")
}

fn times(tasks: &[Task], day: Date) -> impl Iterator<Item = UnixTime> {
    let weekday = day.weekday().to_sunday_zero_offset().to_string();
    let today = tasks
        .iter()
        .filter(move |(_, _, days)| days.split(',').any(|day| day == weekday));
    today.map(move |&(hour, minute, _)| {
        let (hour, minute) = (hour.try_into().unwrap(), minute.try_into().unwrap());
        at(day.at(hour, minute, 0, 0))
    })
}

pub(crate) fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

/// Local time.
pub(crate) fn local(time: UnixTime) -> DateTime {
    let instant = Timestamp::from_second(time.seconds()).unwrap();
    paris().to_datetime(instant)
}

/// The time at which the local clock shows `local`, or would without the clock
/// change.
pub(crate) fn at(local: DateTime) -> UnixTime {
    let instant = paris().to_timestamp(local).unwrap();
    UnixTime::from_seconds(instant.as_second())
}

/// The same, for a day of the almanac.
pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// The middle of two times, to the minute.
pub(crate) fn halfway(from: UnixTime, to: UnixTime) -> UnixTime {
    let minutes = to.since(from).as_secs() / 120;
    from.plus(Duration::from_mins(minutes))
}
