//! The schedule in use, and where it was read.

use super::PowerSchedule;

/// A schedule with its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSchedule {
    /// The tasks by which refreshes are planned.
    pub schedule: PowerSchedule,
    /// Where the tasks were read.
    pub source: Source,
}

/// Where a schedule was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// DSM's file, `/etc/power_sched.conf`.
    File,
    /// DSM's web API, for which the daemon signs in.
    Api,
    /// Our own state: the schedule that was read last before this start.
    State,
}

impl Source {
    /// Returns the name that `status --json` and the log show.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
            Self::State => "state",
        }
    }
}
