//! The reports about the checks of `doctor` that the daemon runs, and about a
//! refresh that an administrator requests.

use serde::{Deserialize, Serialize};

use super::Time;
use crate::doctor::Finding;
use crate::doctor::dsm::Compared;

/// What the checks of `doctor` found when the daemon last ran them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Examination {
    /// When the run ended.
    pub(crate) at: Time,
    /// At least one for each check, in the order of `doctor`.
    pub(crate) findings: Vec<Finding>,
    /// DSM's settings beside ours, as far as they were read.
    pub(crate) compared: Vec<Compared>,
}

/// The report of `findings` and `examine`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Examined {
    pub(crate) freshness: Freshness,
    /// `None`: the checks have not run since the start of the daemon.
    pub(crate) last: Option<Examination>,
}

/// How the last examination relates to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Freshness {
    /// The request did not ask for another one.
    Kept,
    /// It ended after the request.
    New,
    /// Its run was requested less than 30 s before.
    TooSoon,
    /// Another one has begun, and has not ended yet.
    Running,
}

/// The report of `refresh`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReadAgain {
    pub(crate) outcome: ReadOutcome,
    /// The number of users; `None` before DSM's first response.
    pub(crate) users: Option<usize>,
    /// Why the last try failed, if it did.
    pub(crate) error: Option<String>,
}

/// What became of the request to read DSM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ReadOutcome {
    /// A refresh has ended, with or without success.
    Ended,
    /// DSM was not asked: a refresh began less than 10 s before, or 60 in the
    /// last hour.
    TooOften,
    /// DSM was not asked: sign-ins to it are paused.
    Paused,
    /// The refresh takes longer, and continues.
    TakesLonger,
}
