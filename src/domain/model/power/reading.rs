//! What a source says about the schedule, as far as it was understood.

use std::fmt::Display;

use super::{MAX_TASKS, PowerSchedule, Task};

/// Limits the warning: a file of another kind may have any number of lines.
const MAX_UNEXPECTED: usize = 10;

/// The schedule of one source, as far as it was understood: one unexpected task
/// must not hide the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The tasks that were understood.
    pub schedule: PowerSchedule,
    /// The first ten places that were not understood, or not completely, or
    /// that have a task without a weekday: `line 5`, `power-off task 2`.
    pub unexpected: Vec<String>,
}

/// Nothing in it looks like a schedule, which is not the same as an empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a power schedule")]
pub struct Unreadable;

#[derive(Clone, Copy)]
pub(super) enum Table {
    PowerOn,
    PowerOff,
}

/// A task, and whether all that its source says about it was understood.
pub(super) type Understood = (Task, bool);

#[derive(Default)]
pub(super) struct Reader {
    on: Vec<Task>,
    off: Vec<Task>,
    unexpected: Vec<String>,
}

impl Reader {
    /// A task that never runs is not removed, because DSM does not remove it.
    pub(super) fn add(&mut self, table: Table, read: Option<Understood>, place: impl Display) {
        let tasks = match table {
            Table::PowerOn => &mut self.on,
            Table::PowerOff => &mut self.off,
        };
        let read = read.filter(|_| tasks.len() < MAX_TASKS);
        tasks.extend(read.map(|(task, _)| task));
        let never_runs = |task: Task| task.enabled && task.weekdays.is_empty();
        if !read.is_some_and(|(task, complete)| complete && !never_runs(task)) {
            self.unexpected(place);
        }
    }

    pub(super) fn unexpected(&mut self, place: impl Display) {
        if self.unexpected.len() < MAX_UNEXPECTED {
            self.unexpected.push(place.to_string());
        }
    }

    pub(super) fn finish(self) -> Reading {
        Reading {
            schedule: PowerSchedule::new(self.on, self.off),
            unexpected: self.unexpected,
        }
    }
}
