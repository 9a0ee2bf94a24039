//! What was read of a schedule, and what was odd about it.

use std::fmt;

use super::{MAX_TASKS, PowerSchedule, Task};

/// Whoever has more than these has one problem, not many.
const MAX_REMARKS: usize = 10;

/// A schedule, as far as it could be understood. What could not is left out,
/// since one odd line must not take the night from us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The tasks that could be understood.
    pub schedule: PowerSchedule,
    /// What could not, for the log; the first few.
    pub remarks: Vec<Remark>,
}

/// Something odd in a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Where.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// Where something is odd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a line of the file, counted from 1.
    Line(usize),
    /// In a table as a whole.
    Table(Table),
    /// In a row of a table, counted from 1.
    Row(Table, usize),
}

/// One half of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// What switches the NAS on.
    PowerOn,
    /// What switches it off.
    PowerOff,
}

/// What is odd. No variant repeats the text: it may be any file at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A section that is neither of the two; its lines are left out.
    UnknownSection,
    /// A line before any section; it is left out.
    NoSection,
    /// A line that is no task; it is left out.
    NotATask,
    /// A task at a time that no day has; it is left out.
    NoSuchTime,
    /// A task that says more than we know of; the rest of it counts.
    Unknown,
    /// A task on no day of the week: it never runs.
    NoWeekday,
    /// A day that is none from 0, Sunday, to 6; the other days count.
    NoSuchWeekday,
    /// More tasks than DSM can have; the rest is left out.
    TooMany,
}

/// Nothing in it looks like a schedule. That is not the same as an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no power schedule")]
pub struct Unreadable;

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Table(table) => write!(f, "{table} tasks"),
            Self::Row(table, row) => write!(f, "{table} task {row}"),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerOn => "power-on",
            Self::PowerOff => "power-off",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownSection => "an unknown section, left out",
            Self::NoSection => "belongs to no section, left out",
            Self::NotATask => "is no task, left out",
            Self::NoSuchTime => "no day has such a time, left out",
            Self::Unknown => "says more than we know of; the rest counts",
            Self::NoWeekday => "has no day of the week and never runs",
            Self::NoSuchWeekday => "has a day that is none from 0 to 6; the others count",
            Self::TooMany => "more than DSM can have; the rest is left out",
        })
    }
}

/// Both tables as they fill.
#[derive(Default)]
pub(super) struct Tables {
    on: Vec<Task>,
    off: Vec<Task>,
    remarks: Vec<Remark>,
}

impl Tables {
    /// Takes a task; one that never runs is kept all the same, as DSM does.
    pub(super) fn push(&mut self, table: Table, place: Place, task: Task) {
        let tasks = match table {
            Table::PowerOn => &mut self.on,
            Table::PowerOff => &mut self.off,
        };
        match tasks.len() {
            MAX_TASKS.. => self.remark_once(Place::Table(table), Fault::TooMany),
            _ => tasks.push(task),
        }
        if task.enabled && task.weekdays.is_empty() {
            self.remark(place, Fault::NoWeekday);
        }
    }

    pub(super) fn remark(&mut self, place: Place, fault: Fault) {
        if self.remarks.len() < MAX_REMARKS {
            self.remarks.push(Remark { place, fault });
        }
    }

    fn remark_once(&mut self, place: Place, fault: Fault) {
        if !self.remarks.contains(&Remark { place, fault }) {
            self.remark(place, fault);
        }
    }

    pub(super) fn finish(self) -> Reading {
        Reading {
            schedule: PowerSchedule::new(self.on, self.off),
            remarks: self.remarks,
        }
    }
}
