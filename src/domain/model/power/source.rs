//! The schedule that is planned by, and where it comes from.

use super::PowerSchedule;

/// A schedule, and how it came here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownSchedule {
    /// The tasks.
    pub schedule: PowerSchedule,
    /// Where they were read.
    pub source: Source,
}

/// Where a schedule was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// In DSM's own file.
    File,
    /// Over DSM's web API.
    Api,
    /// In the state: it is the last one that was read, before this start.
    State,
}

impl Source {
    /// For whoever reads `status --json`, and for the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
            Self::State => "state",
        }
    }
}
