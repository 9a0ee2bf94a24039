//! The report of `Week`: what the picture of the week shows. Only times: no
//! name and no address gets into the picture.
//!
//! It is not public: the picture is.

use serde::{Deserialize, Serialize};

use super::Time;

/// Seven days back and seven ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Week {
    pub(crate) now: Time,
    /// The days in the time zone of the NAS, in their order.
    pub(crate) days: Vec<Day>,
    /// Where the schedule was read, as in `status`; `off`: the config turns it
    /// off; `None`: none is known.
    pub(crate) schedule: Option<String>,
    /// When the NAS is meant to be on.
    pub(crate) meant_on: Vec<Span>,
    /// When the daemon was running.
    pub(crate) runs: Vec<Run>,
    pub(crate) jobs: Vec<JobRun>,
    pub(crate) planned: Vec<Planned>,
    pub(crate) sign_ins: Vec<Time>,
    pub(crate) refusals: Vec<Time>,
}

/// A day by the clocks of the NAS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Day {
    /// The local date, such as `2026-03-29`.
    pub(crate) date: String,
    pub(crate) span: Span,
    /// How many seconds the local time is ahead of UTC when the day begins.
    pub(crate) offset: i64,
    /// The change to or from summer time on this day.
    pub(crate) change: Option<ClockChange>,
}

/// A change of the difference between local time and UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClockChange {
    pub(crate) at: Time,
    /// By how many seconds clocks are set forward; negative: back.
    pub(crate) by: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) from: Time,
    pub(crate) until: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// From the start to when the daemon was last known to run.
    pub(crate) span: Span,
    /// The next start after a run that was interrupted some time before.
    pub(crate) interrupted_before: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JobRun {
    pub(crate) at: Time,
    /// The name that `status` has.
    pub(crate) name: String,
    pub(crate) failed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Planned {
    pub(crate) at: Time,
    /// The name that `status` has.
    pub(crate) name: String,
}
