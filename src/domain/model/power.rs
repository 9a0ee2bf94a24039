//! The weekly schedule by which DSM switches the NAS off and on.
//!
//! DSM has the schedule in a file and in its web API; both formats are read
//! into the same [`PowerSchedule`]. What it means at a given time follows from
//! the schedule, the time zone and that time.

mod api;
mod conf_file;
mod display;
mod plan;
mod reading;
mod source;

use jiff::civil::{Time, Weekday};

pub use self::plan::{BeforeOff, Outlook};
pub use self::reading::{Reading, Unreadable};
pub use self::source::{KnownSchedule, Source};

/// For each of the two tables; DSM's own dialog has the same limit.
const MAX_TASKS: usize = 200;

/// The tasks that switch a NAS on and off each week, in its local time. The
/// order in which a source lists them does not matter.
///
/// Without any task the NAS is always on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PowerSchedule {
    on: Vec<Task>,
    off: Vec<Task>,
}

/// One row of DSM's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The hour and minute of the NAS's local time.
    pub time: Time,
    /// The days on which the task runs.
    pub weekdays: Weekdays,
    /// Whether DSM runs the task at all.
    pub enabled: bool,
}

/// Days of the week; a task without any day never runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weekdays(u8);

impl PowerSchedule {
    /// Returns the schedule of these tasks.
    pub fn new(on: Vec<Task>, off: Vec<Task>) -> Self {
        let sorted = |mut tasks: Vec<Task>| {
            tasks.sort_unstable();
            tasks.dedup();
            tasks
        };
        Self {
            on: sorted(on),
            off: sorted(off),
        }
    }
}

impl Weekdays {
    /// All days of the week.
    pub const ALL: Self = Self(0b111_1111);

    /// Returns whether `day` is one of the days.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// Returns whether there is not any day.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// DSM counts from Sunday, in both formats.
fn bit(day: Weekday) -> u8 {
    1 << day.to_sunday_zero_offset()
}

fn time_of_day(hour: u8, minute: u8) -> Option<Time> {
    let (hour, minute) = (hour.try_into().ok()?, minute.try_into().ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests;
