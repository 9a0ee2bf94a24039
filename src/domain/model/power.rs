//! When the NAS is on: the weekly schedule by which DSM switches it off and
//! on again, told apart from what any clock says.
//!
//! DSM keeps the schedule in a file and gives it out over its web API; both
//! forms are read here into the same [`PowerSchedule`]. What it means for a
//! moment is a function of the schedule, the time zone and that moment.

mod api;
mod conf_file;
mod display;
mod plan;
mod source;
mod warning;

use jiff::civil::{Time, Weekday};

pub use self::plan::{BeforeOff, Outlook};
pub use self::source::{KnownSchedule, Source};
pub use self::warning::{Fault, Place, Reading, Remark, Table, Unreadable};

/// More than anybody has: DSM's own dialog ends here.
const MAX_TASKS: usize = 200;

/// The tasks that switch a NAS on and off, week by week, in its local time.
/// Two schedules with the same tasks are equal, in whatever order and by
/// whatever way they came.
///
/// Without any task the NAS is always on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PowerSchedule {
    on: Vec<Task>,
    off: Vec<Task>,
}

/// One line of DSM's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The hour and minute of the NAS's local time.
    pub time: Time,
    /// On which days.
    pub weekdays: Weekdays,
    /// Whether it is in force.
    pub enabled: bool,
}

/// Days of the week; none is possible, and then a task never runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weekdays(u8);

impl PowerSchedule {
    /// The schedule of these tasks.
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

    /// The tasks that switch the NAS on.
    pub fn power_on(&self) -> &[Task] {
        &self.on
    }

    /// The tasks that switch it off.
    pub fn power_off(&self) -> &[Task] {
        &self.off
    }
}

impl Task {
    /// A task in force; `None` when there is no such time of day.
    pub fn new(hour: u8, minute: u8, weekdays: Weekdays) -> Option<Self> {
        let time = time_of_day(hour.into(), minute.into())?;
        Some(Self {
            time,
            weekdays,
            enabled: true,
        })
    }
}

impl Weekdays {
    /// Every day.
    pub const ALL: Self = Self(0b111_1111);

    /// These days.
    pub fn of(days: impl IntoIterator<Item = Weekday>) -> Self {
        let bits = days.into_iter().map(bit);
        Self(bits.fold(0, |all, bit| all | bit))
    }

    /// Whether `day` is one of them.
    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// DSM counts from Sunday, in both forms.
fn bit(day: Weekday) -> u8 {
    1 << day.to_sunday_zero_offset()
}

fn time_of_day(hour: u64, minute: u64) -> Option<Time> {
    let (hour, minute) = (hour.try_into().ok()?, minute.try_into().ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests;
